//! tanh in f32 arithmetic, where a register holds twice the numbers that it holds in f64.
//!
//! Value within 1.07 and derivative within 2.53 units in the last place of the exact result; within 0.75 and 1.37 for |z| up to 0.75.

use super::bits::poly;
use std::f32::consts::{LN_2, LOG2_E};

/// The largest size of an argument of [`near_tanh_f32_at`].
pub const NEAR_TANH_F32: f32 = 0.75;

/// tanh z and its derivative; of NaN NaN.
#[inline(always)]
pub fn tanh_f32_at(z: f32) -> (f32, f32) {
    let size = z.abs();
    let (near, far) = (near_size_at(size), far_size_at(size));
    let (value, slope) = if size <= NEAR_TANH_F32 { near } else { far };
    (value.copysign(z), slope)
}

/// [`tanh_f32_at`] for |z| up to [`NEAR_TANH_F32`], to the bit; of NaN NaN. Beyond that bound the numbers mean nothing.
#[inline(always)]
pub fn near_tanh_f32_at(z: f32) -> (f32, f32) {
    let (value, slope) = near_size_at(z);
    // Of z = -0 the sum in it is 0.
    (value.copysign(z), slope)
}

/// tanh z = z - z³·R(z²), and its derivative is 1 - tanh²z, which is at least 0.59.
///
/// R: of degree 5 the polynomial whose largest error relative to tanh z is least, 1.7e-9, by Lawson's algorithm; each constant is rounded
/// to f32 before those behind it are fitted.
#[inline(always)]
fn near_size_at(z: f32) -> (f32, f32) {
    let square = z * z;
    let bend = poly!(square; 0.333_333_16, -0.133_327_2, 0.053_894_535, -0.021_457_793, 0.007_665_812_5, -0.001_741_756_7);
    let value = (z * square).mul_add(-bend, z);
    (value, (-value).mul_add(value, 1.0))
}

/// 1 - 2q and 4q(1 - q) for z > 0, which lose no digits where tanh z is near 1, with q = 1/(1 + e^(2z)).
///
/// e^(2z) = 2^k·(1 + p) with p = e^r - 1, r = 2z - k·ln 2. 1/q is kept 2^61 times as small, so that no number is too large, and q times
/// that is a normal number down to the smallest derivative there is.
#[inline(always)]
fn far_size_at(z: f32) -> (f32, f32) {
    /// 1.5·2^23: what is added to it is rounded to an integer, which stands in the sum's last bits.
    const ROUND: f32 = 12_582_912.0;
    /// The exponent field of 2^-61.
    const BIAS: f32 = ROUND + 127.0 - 61.0;
    const SMALL: f32 = 1.0 / (1u64 << 61) as f32;
    /// ln 2 - LN_2
    const LN_2_LO: f32 = -1.904_654_3e-9;

    // Beyond 53 the derivative is below half the smallest f32. NaN stays.
    let z = if z > 53.0 { 53.0 } else { z };
    let sum = z.mul_add(2.0 * LOG2_E, BIAS);
    let k = sum - BIAS;
    let r = k.mul_add(-LN_2_LO, k.mul_add(-LN_2, 2.0 * z));
    let p = (r * r).mul_add(poly!(r; 0.499_999_94, 0.166_665_21, 0.041_668_262, 0.008_368_671, 0.001_382_104_2), r);
    let power = f32::from_bits(sum.to_bits() << 23);
    // The sum in it is exact where it matters.
    let q = 1.0 / power.mul_add(p, power + SMALL);
    (q.mul_add(-2.0 * SMALL, 1.0), q * q.mul_add(-4.0 * SMALL * SMALL, 4.0 * SMALL))
}
