//! Random numbers that need no memory: each is a function of a seed and a place.
//!
//! Philox 4x32 with 10 rounds. Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as
//! 1, 2, 3, SC 2011. The key is the seed; the counter holds what the numbers are for, the epoch and the index,
//! so a resumed run draws what the unbroken one would have drawn.

use backlit_kernels::math;

/// What random numbers are drawn for; each purpose has its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial parameters; the place is the parameter's number.
    Initialize = 1,
    /// The order of rows; the place is the epoch.
    Shuffle = 2,
    /// The rows kept aside for validation.
    Split = 3,
    /// Points and directions of a check.
    Check = 4,
    /// Which units of a layer are struck out in a row; see [`Random::mask`].
    Dropout = 5,
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    key: [u32; 2],
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Random {
    /// The stream for one purpose at one place (an epoch, a parameter).
    pub fn new(seed: u64, purpose: Purpose, place: u64) -> Random {
        let key = [seed as u32, (seed >> 32) as u32];
        let counter = [0, purpose as u32, place as u32, (place >> 32) as u32];
        Random { key, counter, block: [0; 4], used: 4 }
    }

    /// The stream for the units of a layer in one row of the data: a function of these and nothing else.
    pub fn mask(seed: u64, epoch: u64, layer: u32, row: u32) -> Random {
        let key = [seed as u32, (seed >> 32) as u32];
        // Layers fill the upper bits of the purpose; epochs beyond 2³² begin anew.
        Random { key, counter: [0, (layer << 8) | Purpose::Dropout as u32, row, epoch as u32], block: [0; 4], used: 4 }
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox(self.counter, self.key);
            self.counter[0] = self.counter[0].checked_add(1).expect("fewer than 2^34 numbers in one stream");
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        let high = u64::from(self.next_u32());
        let bits = (high << 32) | u64::from(self.next_u32());
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Standard normal, by the polar method (Marsaglia and Bray, SIAM Review 6, 1964).
    pub fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * math::ln(s) / s).sqrt();
            }
        }
    }

    /// Uniform among 0 .. n, without bias (Lemire, ACM TOMACS 29, 2019).
    pub fn below(&mut self, n: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            let least = n.wrapping_neg() % n;
            while (product as u32) < least {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }

    /// Puts `order` into random order (Fisher and Yates).
    pub fn shuffle(&mut self, order: &mut [u32]) {
        for last in (1..order.len()).rev() {
            order.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(counter[0]) * 0xD251_1F53;
        let second = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [(second >> 32) as u32 ^ counter[1] ^ key[0], second as u32, (first >> 32) as u32 ^ counter[3] ^ key[1], first as u32];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_authors_known_answers() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox(counter, [0xa409_3822, 0x299f_31d0]), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn draws_have_the_moments_of_their_distributions() {
        let mut random = Random::new(7, Purpose::Check, 0);
        let n = 200_000;
        let (mut sum, mut squares, mut units) = (0.0, 0.0, 0.0);
        let mut counts = [0u32; 6];
        for _ in 0..n {
            let x = random.normal();
            sum += x;
            squares += x * x;
            units += random.unit();
            counts[random.below(6) as usize] += 1;
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 5.0 / n.sqrt());
        assert!((squares / n - 1.0).abs() < 5.0 * 2f64.sqrt() / n.sqrt());
        assert!((units / n - 0.5).abs() < 5.0 / (12.0 * n).sqrt());
        for count in counts {
            assert!((f64::from(count) - n / 6.0).abs() < 5.0 * (n * 5.0 / 36.0).sqrt());
        }
    }

    #[test]
    fn a_shuffle_keeps_every_row_and_depends_on_seed_and_epoch() {
        let order = |seed, epoch| {
            let mut order: Vec<u32> = (0..1000).collect();
            Random::new(seed, Purpose::Shuffle, epoch).shuffle(&mut order);
            order
        };
        let mut sorted = order(1, 0);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
        assert_eq!(order(1, 0), order(1, 0));
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
    }
}
