//! The normal distribution function Φ and the Mills ratio R(t) = (1 - Φ(t))/φ(t).
//!
//! Letters: φ the normal density, t = |z|, q = (t - 4)/(t + 4), which takes 0..∞ to -1..1.
//! Φ(-t) = φ(t)·R(t), and (t + 4)·R(t) is a smooth, slowly varying function of q on the whole of
//! [-1, 1], so one polynomial serves for every t: Shepherd and Laframboise (Math. Comp. 36, 1981)
//! did this for e^(x²)·erfc(x). The quotients are put right by their residuals, which fused
//! multiply-adds give almost for free, and the ratio is handed on as a pair.

use super::bits::{clamp, mul_pair, poly, pow2_factors, two_sum};
use super::exp::{Reduced, reduce};

/// √(2π).
const SQRT_TWO_PI: f64 = 2.5066282746310007;
/// √(2π)/SQRT_TWO_PI - 1.
const SQRT_TWO_PI_OFF: f64 = -7.312045493924426e-17;

/// R(t)/√(2π) for t >= 0, the factor that makes Φ(-t) out of e^(-t²/2), as a head and a part as
/// small as its rounding error.
#[inline(always)]
pub(super) fn tail_ratio(t: f64) -> (f64, f64) {
    let (d, d_lo) = two_sum(t, 4.0);
    let y = 1.0 / d;
    let y_lo = (-y).mul_add(d_lo, (-y).mul_add(d, 1.0)) * y;
    // 1 - 8·y, then put right by what q·(t + 4) misses of t - 4.
    let q = y.mul_add(-8.0, 1.0);
    let rest = (-q).mul_add(t, (q + 1.0).mul_add(-4.0, t));
    let q = y.mul_add(rest, q);
    // The last Horner step as a pair: its rounding would count in full.
    let s = ratio_polynomial(q);
    let p = q * s;
    let (h, e) = two_sum(RATIO_AT_FOUR, p);
    let h_lo = e + q.mul_add(s, -p);
    let v = h * y;
    (v, h.mul_add(y_lo, h_lo.mul_add(y, h.mul_add(y, -v))))
}

/// The value of (t + 4)·R(t)/√(2π) at q = 0, the polynomial's constant term.
const RATIO_AT_FOUR: f64 = 0.7552851304157515;

/// ((t + 4)·R(t)/√(2π) - RATIO_AT_FOUR)/q: the rest of the Chebyshev interpolant of
/// degree 25 on [-1, 1], computed with 90 digits, each coefficient rounded in turn and the next
/// ones refitted to make up for it; relative error of the whole 3.1e-17.
#[inline(always)]
fn ratio_polynomial(q: f64) -> f64 {
    poly!(q;
        -0.6078966419718921,
        0.3871374007422142,
        -0.186521857959657,
        0.06039657489092521,
        -0.007540188966770687,
        -0.003479692367085833,
        0.0016308184586603732,
        0.00013334430953852985,
        -0.0002310949474831091,
        -1.9082467064930524e-06,
        3.5144766562596305e-05,
        7.166596958182015e-07,
        -5.920495797772391e-06,
        -6.29838744452476e-07,
        1.022364187658748e-06,
        2.7246606412182787e-07,
        -1.5621478634623794e-07,
        -8.686963212649402e-08,
        1.4349113047409779e-08,
        2.1429632680949952e-08,
        1.6094460605342469e-09,
        -3.731385543516045e-09,
        -9.186169540114947e-10,
        3.404487131028199e-10,
        1.277505603295416e-10
    )
}

/// e^(-t²/2), reduced, with t² as an exact pair: its error would be multiplied by t²/2.
#[inline(always)]
pub(super) fn reduce_gauss(t: f64) -> Reduced {
    let square = t * t;
    let square_lo = t.mul_add(t, -square);
    reduce(-0.5 * square, -0.5 * square_lo)
}

/// The Mills ratio (1 - Φ(t))/φ(t) for t >= 0, within 2.3 units in the last place; NaN for t < 0.
#[inline(always)]
pub fn mills(t: f64) -> f64 {
    // So far out the ratio is 1/t to the last place, and (t + 4)'s reciprocal turns subnormal.
    let far = t > 1e17;
    let (v, v_lo) = tail_ratio(if far { 0.0 } else { t });
    let r = mul_pair(SQRT_TWO_PI, v, v.mul_add(SQRT_TWO_PI_OFF, v_lo));
    let r = if far { 1.0 / t } else { r };
    if t < 0.0 { f64::NAN } else { r }
}

/// The normal distribution function Φ(z), within 2.4 units in the last place down to the smallest
/// subnormal (z = -38.5).
#[inline(always)]
pub fn normal_cdf(z: f64) -> f64 {
    // Beyond 40 the tail is 0.
    let t = clamp(z.abs(), 0.0, 40.0);
    let e = reduce_gauss(t);
    let (p, q) = pow2_factors(e.k);
    let (v, v_lo) = tail_ratio(t);
    let tail = mul_pair(e.mantissa(), v, v_lo) * p * q;
    if z > 0.0 { 1.0 - tail } else { tail }
}

/// 1/√(2π), in two parts.
const DENSITY_AT_0: f64 = 0.3989422804014327;
const DENSITY_AT_0_LO: f64 = -2.49232720227773e-17;

/// The normal density φ(z), within 1.2 units in the last place down to the smallest subnormal.
#[inline(always)]
pub fn normal_pdf(z: f64) -> f64 {
    // Beyond 40 the density is 0.
    let e = reduce_gauss(clamp(z.abs(), 0.0, 40.0));
    let (p, q) = pow2_factors(e.k);
    mul_pair(e.mantissa(), DENSITY_AT_0, DENSITY_AT_0_LO) * p * q
}
