//! Sums over slices in f64, always in one order: sixteen side by side, so that registers hold several, then these in turn.

use crate::Scalar;

/// Sums side by side.
const LANES: usize = 16;

/// Σ f(number)
#[inline]
pub fn sum<S: Scalar>(numbers: &[S], f: impl Fn(f64) -> f64) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, number)| *sum += f(number.to_f64()));
    }
    sums.iter_mut().zip(rest).for_each(|(sum, number)| *sum += f(number.to_f64()));
    sums.iter().sum()
}

/// aᵀb
#[inline]
pub fn dot<S: Scalar>(a: &[S], b: &[S]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a.to_f64() * b.to_f64());
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_every_number_once() {
        for count in [0, 1, 15, 16, 17, 40] {
            let numbers: Vec<f32> = (1..=count).map(|i| i as f32).collect();
            let n = f64::from(count);
            assert_eq!(sum(&numbers, |number| 2.0 * number), n * (n + 1.0));
            assert_eq!(dot(&numbers, &numbers), n * (n + 1.0) * (2.0 * n + 1.0) / 6.0);
        }
    }
}
