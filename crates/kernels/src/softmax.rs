//! Softmax and its cross-entropy over the columns of a block of rows: columns × rows, the rows side by side.

use crate::Scalar;
use crate::dispatch::for_every_level;
use crate::math;

/// Rows worked on side by side.
const LANES: usize = 8;

/// One number of up to [`LANES`] rows, widened; 0 where there is no row.
#[inline(always)]
fn load<S: Scalar>(numbers: &[S]) -> [f64; LANES] {
    let mut all = [0.0; LANES];
    for (place, number) in all.iter_mut().zip(numbers) {
        *place = number.to_f64();
    }
    all
}

/// The first numbers, rounded.
#[inline(always)]
fn store<S: Scalar>(numbers: &[f64; LANES], out: &mut [S]) {
    for (out, &number) in out.iter_mut().zip(numbers) {
        *out = S::from_f64(number);
    }
}

/// Each row's largest number and its place; NaN if any is NaN.
#[inline(always)]
fn largest<S: Scalar>(z: &[S], rows: usize, part: &std::ops::Range<usize>) -> ([f64; LANES], [f64; LANES]) {
    let (mut most, mut place) = ([f64::NEG_INFINITY; LANES], [0.0; LANES]);
    for (k, z) in z.chunks_exact(rows).enumerate() {
        let z = load(&z[part.clone()]);
        for l in 0..LANES {
            let later = (z[l] > most[l]) | z[l].is_nan() | (k == 0);
            most[l] = if later { z[l] } else { most[l] };
            place[l] = if later { k as f64 } else { place[l] };
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

/// The rows, a few at a time.
#[inline(always)]
fn parts(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..rows).step_by(LANES).map(move |start| start..rows.min(start + LANES))
}

for_every_level! {
    /// `p[k,r]` = exp(`z[k,r]`) / Σⱼ exp(`z[j,r]`); `z`, `p`: columns × rows
    pub fn softmax[S: Scalar](rows: usize, z: &[S], p: &mut [S]) {
        for part in parts(rows) {
            let (most, _) = largest(z, rows, &part);
            let mut sum = [0.0; LANES];
            for z in z.chunks_exact(rows) {
                let z = load(&z[part.clone()]);
                for l in 0..LANES {
                    sum[l] += exp_below(z[l], most[l]);
                }
            }
            for (z, p) in z.chunks_exact(rows).zip(p.chunks_exact_mut(rows)) {
                let z = load(&z[part.clone()]);
                let mut shares = [0.0; LANES];
                for l in 0..LANES {
                    shares[l] = exp_below(z[l], most[l]) / sum[l];
                }
                store(&shares, &mut p[part.clone()]);
            }
        }
    }
}

for_every_level! {
    /// `cost[r]` = Σₖ `y[k,r]` · log Σⱼ exp(`z[j,r]` − `z[k,r]`), `slope[k,r]` = ∂cost/∂z
    /// `z`, `y`, `slope`: columns × rows; `cost`: rows; `slope` may be empty when not wanted.
    ///
    /// For a target on one class both are formed from the sum over the *other* classes, so a row that
    /// is classified almost surely keeps all digits of its small cost and gradient.
    pub fn cross_entropy[S: Scalar](z: &[S], y: &[S], cost: &mut [S], slope: &mut [S]) {
        let rows = cost.len();
        for part in parts(rows) {
            let (most, place) = largest(z, rows, &part);
            let (mut others, mut target) = ([0.0; LANES], [0.0; LANES]);
            for (k, (z, y)) in z.chunks_exact(rows).zip(y.chunks_exact(rows)).enumerate() {
                let (z, y) = (load(&z[part.clone()]), load(&y[part.clone()]));
                for l in 0..LANES {
                    let e = exp_below(z[l], most[l]);
                    others[l] += if k as f64 == place[l] { 0.0 } else { e };
                    target[l] += y[l];
                }
            }
            let mut log = [0.0; LANES];
            for l in 0..LANES {
                log[l] = math::ln_1p(others[l]);
            }
            let mut sum = [0.0; LANES];
            for (z, y) in z.chunks_exact(rows).zip(y.chunks_exact(rows)) {
                let (z, y) = (load(&z[part.clone()]), load(&y[part.clone()]));
                for l in 0..LANES {
                    let term = y[l] * ((most[l] - z[l]) + log[l]);
                    sum[l] += if y[l] == 0.0 { 0.0 } else { term };
                }
            }
            // A largest logit that is NaN or infinite must show, even when its class has no share in the target.
            let mut trouble = [0.0; LANES];
            for l in 0..LANES {
                trouble[l] = if most[l].is_finite() { 0.0 * others[l] } else { f64::NAN };
                sum[l] += trouble[l];
            }
            store(&sum, &mut cost[part.clone()]);
            if slope.is_empty() {
                continue;
            }
            for (k, ((z, y), slope)) in z.chunks_exact(rows).zip(y.chunks_exact(rows)).zip(slope.chunks_exact_mut(rows)).enumerate() {
                let (z, y) = (load(&z[part.clone()]), load(&y[part.clone()]));
                let mut slopes = [0.0; LANES];
                for l in 0..LANES {
                    let total = 1.0 + others[l];
                    let e = exp_below(z[l], most[l]);
                    let rest = if k as f64 == place[l] { others[l] } else { total - e };
                    let whole_target_here = -target[l] * rest / total;
                    let shared = target[l] * e / total - y[l];
                    slopes[l] = trouble[l] + if y[l] == target[l] && y[l] != 0.0 { whole_target_here } else { shared };
                }
                store(&slopes, &mut slope[part.clone()]);
            }
        }
    }
}
