//! Gradient clipping: each number of a gradient bounded, or the whole gradient made shorter.
//!
//! By value: g ← min(max(g, −c), c). By norm: g ← g · min(1, c / (‖g‖₂ + 10⁻⁶)), ‖g‖₂ over all parameters that are updated.
//! As PyTorch's `clip_grad_value_` and `clip_grad_norm_`. Source: Pascanu, Mikolov and Bengio, ICML 2013.

use crate::Scalar;
use std::ops::Range;

/// What a gradient is bounded by; by value before by norm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clip {
    /// Most size of the whole gradient.
    pub norm: Option<f64>,
    /// Most size of each of its numbers.
    pub value: Option<f64>,
}

/// Added to the norm before it divides.
const EPSILON: f64 = 1e-6;
/// Sums that are taken side by side.
const LANES: usize = 16;

impl Clip {
    /// Bounds each number of a stretch of a gradient. NaN stays NaN.
    pub fn by_value<S: Scalar>(&self, gradient: &mut [S]) {
        let Some(most) = self.value else { return };
        let (least, most) = (S::from_f64(-most), S::from_f64(most));
        for g in gradient {
            *g = if *g > most { most } else { *g };
            *g = if *g < least { least } else { *g };
        }
    }

    /// Bounds a whole gradient at the places in `trainable` and leaves what stands elsewhere. A number that is not finite stays in it
    /// as NaN.
    pub fn whole<S: Scalar>(&self, trainable: &[Range<usize>], gradient: &mut [S]) {
        trainable.iter().for_each(|range| self.by_value(&mut gradient[range.clone()]));
        let Some(most) = self.norm else { return };
        let share = most / (norm(trainable, gradient) + EPSILON);
        // A norm that is NaN must not vanish.
        if share < 1.0 || share.is_nan() {
            let share = S::from_f64(share);
            for range in trainable {
                gradient[range.clone()].iter_mut().for_each(|g| *g = *g * share);
            }
        }
    }
}

/// ‖g‖₂ over the places in `trainable`, summed in one order; finite wherever it can be.
pub fn norm<S: Scalar>(trainable: &[Range<usize>], gradient: &[S]) -> f64 {
    let size = sum_of_squares(trainable, gradient, 1.0).sqrt();
    if size.is_finite() && size > 1e-140 {
        return size;
    }
    // Squares beyond the range of an f64, or below it.
    let largest = trainable.iter().flat_map(|range| &gradient[range.clone()]).fold(0.0, |largest: f64, g| {
        let size = g.to_f64().abs();
        if size > largest || size.is_nan() { size } else { largest }
    });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * sum_of_squares(trainable, gradient, largest).sqrt()
}

/// Σ (g / unit)²
fn sum_of_squares<S: Scalar>(trainable: &[Range<usize>], gradient: &[S], unit: f64) -> f64 {
    let mut sums = [0.0; LANES];
    for range in trainable {
        for some in gradient[range.clone()].chunks(LANES) {
            for (sum, g) in sums.iter_mut().zip(some) {
                let g = g.to_f64() / unit;
                *sum += g * g;
            }
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_ends_of_the_range() {
        let clip = Clip { norm: Some(1.0), value: None };
        let mut large = [3e200_f64, -4e200, 9.0];
        clip.whole(&[0..1, 1..2], &mut large);
        assert!((large[0] - 0.6).abs() < 1e-15 && (large[1] + 0.8).abs() < 1e-15, "{large:?}");
        assert_eq!(large[2], 9.0, "what is frozen has no part in it");
        let mut small = [3e-200_f64, -4e-200];
        assert!((norm(&[0..1, 1..2], &small) - 5e-200).abs() < 1e-214);
        clip.whole(&[0..1, 1..2], &mut small);
        assert_eq!(small, [3e-200, -4e-200]);
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut gradient = [1.0_f64, bad, 2.0];
            Clip { norm: Some(1.0), value: None }.whole(&[0..1, 1..3], &mut gradient);
            assert!(gradient.iter().any(|g| g.is_nan()), "{gradient:?}");
        }
        let mut gradient = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        Clip { norm: None, value: Some(2.0) }.by_value(&mut gradient);
        assert!(gradient[0].is_nan());
        assert_eq!(gradient[1..], [2.0, -2.0]);
    }
}
