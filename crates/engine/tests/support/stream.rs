//! Random numbers that are the same on every machine.

use backlit_engine::Scalar;

/// A fixed stream of numbers: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Stream {
        Stream(seed)
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly spread over `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// 2^-52 or 2^-23
pub fn unit<S: Scalar>() -> f64 {
    if S::NAME == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON }
}
