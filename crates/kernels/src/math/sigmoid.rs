//! The logistic function σ(z) = 1/(1 + e^-z), and softplus, its integral.
//!
//! Letters: e = e^-|z|, in (0, 1]. σ(|z|) = 1/(1 + e), σ(-|z|) = e/(1 + e),
//! σ'(z) = e/(1 + e)², softplus(z) = max(z, 0) + ln(1 + e). None of these subtracts.

use super::exp::{exp, exp_of_negative};
use super::log::ln_1p_unit;

/// σ(z) = 1/(1 + e^-z) and its derivative σ(z)(1 - σ(z)), both down to the smallest subnormal;
/// within 2 and 3 units in the last place.
#[inline(always)]
pub fn sigmoid_at(z: f64) -> (f64, f64) {
    let (y, rest, p, q) = exp_of_negative(-z.abs());
    let w = p * q;
    // 1 + w is exact down to the last place of 1, below which w(1 + y) does not show: the sum is 1 + e rounded once.
    let s = w.mul_add(y, 1.0 + w);
    let e = |y| p.mul_add(y, p) * q;
    (quotient(z, e(y), s), e(y + rest) / (s * s))
}

/// σ(z) from e = e^-|z| and s = 1 + e. For z >= 0 this is the plain 1/(1 + e^-z), two correctly rounded steps after the
/// exponential.
#[inline(always)]
fn quotient(z: f64, e: f64, s: f64) -> f64 {
    (if z < 0.0 { e } else { 1.0 }) / s
}

/// ln(1 + e^z) and its derivative σ(z), each within 1.5 units in the last place.
#[inline(always)]
pub fn softplus_at(z: f64) -> (f64, f64) {
    let e = exp(-z.abs());
    let above = if z < 0.0 { 0.0 } else { z };
    (above + ln_1p_unit(e), quotient(z, e, 1.0 + e))
}
