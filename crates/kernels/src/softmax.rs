//! Softmax and its cross-entropy over the rows of a matrix.

use crate::Scalar;
use crate::dispatch::for_every_level;
use crate::math;

/// The row's largest number and its place; NaN if any is NaN.
#[inline(always)]
fn largest<S: Scalar>(z: &[S]) -> (f64, usize) {
    let (mut most, mut place) = (z[0].to_f64(), 0);
    for (k, z) in z.iter().enumerate().skip(1) {
        let z = z.to_f64();
        if z > most || z.is_nan() {
            (most, place) = (z, k);
        }
    }
    (most, place)
}

/// e^(z − most) with the digits that the rounded difference would lose: d + lost = z − most exactly (Knuth's
/// two-sum). Without them a logit 700 below the largest would cost 350 units in the last place.
#[inline(always)]
fn exp_below(z: f64, most: f64) -> f64 {
    let d = z - most;
    let back = d - z;
    let lost = (z - (d - back)) + (-most - back);
    let lost = if lost.is_finite() { lost } else { 0.0 };
    let (m, k) = math::exp_parts(d, lost);
    math::scale(m, k)
}

for_every_level! {
    /// `p[r,k]` = exp(`z[r,k]`) / Σⱼ exp(`z[r,j]`); `z`, `p`: rows × columns
    pub fn softmax[S: Scalar](columns: usize, z: &[S], p: &mut [S]) {
        for (z, p) in z.chunks_exact(columns).zip(p.chunks_exact_mut(columns)) {
            let (most, _) = largest(z);
            let mut sum = 0.0;
            for &z in z {
                sum += exp_below(z.to_f64(), most);
            }
            for (p, &z) in p.iter_mut().zip(z) {
                *p = S::from_f64(exp_below(z.to_f64(), most) / sum);
            }
        }
    }
}

for_every_level! {
    /// `cost[r]` = Σₖ `y[r,k]` · log Σⱼ exp(`z[r,j]` − `z[r,k]`), `slope[r,k]` = ∂cost/∂z
    /// `z`, `y`, `slope`: rows × columns; `cost`: rows; `slope` may be empty when not wanted.
    ///
    /// For a target on one class both are formed from the sum over the *other* classes, so a row that
    /// is classified almost surely keeps all digits of its small cost and gradient.
    pub fn cross_entropy[S: Scalar](columns: usize, z: &[S], y: &[S], cost: &mut [S], slope: &mut [S]) {
        for (r, cost) in cost.iter_mut().enumerate() {
            let (z, y) = (&z[r * columns..][..columns], &y[r * columns..][..columns]);
            let (most, place) = largest(z);
            let mut others = 0.0;
            let mut target = 0.0;
            for (k, (&z, &y)) in z.iter().zip(y).enumerate() {
                let e = exp_below(z.to_f64(), most);
                others += if k == place { 0.0 } else { e };
                target += y.to_f64();
            }
            let log = math::ln_1p(others);
            let mut sum = 0.0;
            for (&z, &y) in z.iter().zip(y) {
                let y = y.to_f64();
                let term = y * ((most - z.to_f64()) + log);
                sum += if y == 0.0 { 0.0 } else { term };
            }
            // A largest logit that is NaN or infinite must show, even when its class has no share in the target.
            let trouble = if most.is_finite() { 0.0 * others } else { f64::NAN };
            *cost = S::from_f64(sum + trouble);
            if slope.is_empty() {
                continue;
            }
            let total = 1.0 + others;
            for (k, slope) in slope[r * columns..][..columns].iter_mut().enumerate() {
                let e = exp_below(z[k].to_f64(), most);
                let y = y[k].to_f64();
                let rest = if k == place { others } else { total - e };
                let whole_target_here = -target * rest / total;
                let shared = target * e / total - y;
                *slope = S::from_f64(trouble + if y == target && y != 0.0 { whole_target_here } else { shared });
            }
        }
    }
}
