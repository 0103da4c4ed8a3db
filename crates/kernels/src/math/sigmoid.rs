//! The logistic function σ(z) = 1/(1 + e^-z), and softplus, its integral.
//!
//! Letters: e = e^-|z|, in (0, 1]. σ(|z|) = 1/(1 + e), σ(-|z|) = e/(1 + e),
//! σ'(z) = e/(1 + e)², softplus(z) = max(z, 0) + ln(1 + e). None of these subtracts.

use super::bits::{fast_two_sum, mul_pair};
use super::exp::exp;
use super::log::ln_1p_unit;

/// 1/(1 + e) as a pair, for e in [0, 1].
#[inline(always)]
pub(super) fn reciprocal(e: f64) -> (f64, f64) {
    let (s, s_lo) = fast_two_sum(1.0, e);
    let inv = 1.0 / s;
    let rest = (-inv).mul_add(s_lo, (-inv).mul_add(s, 1.0));
    (inv, rest * inv)
}

/// σ(z) and σ'(z) from e = e^-|z|.
#[inline(always)]
fn from_exp(z: f64, e: f64) -> (f64, f64) {
    let (inv, inv_lo) = reciprocal(e);
    let lower = mul_pair(e, inv, inv_lo);
    let slope = mul_pair(lower, inv, inv_lo);
    // For z >= 0 the plain quotient, two correctly rounded steps after the exponential.
    (if z >= 0.0 { inv } else { lower }, slope)
}

/// σ(z) = 1/(1 + e^-z) and its derivative σ(z)(1 - σ(z)), both down to the smallest subnormal;
/// within 1.5 and 1.8 units in the last place.
#[inline(always)]
pub fn sigmoid_at(z: f64) -> (f64, f64) {
    from_exp(z, exp(-z.abs()))
}

/// ln(1 + e^z) and its derivative σ(z), each within 1.5 units in the last place.
#[inline(always)]
pub fn softplus_at(z: f64) -> (f64, f64) {
    let e = exp(-z.abs());
    let above = if z < 0.0 { 0.0 } else { z };
    (above + ln_1p_unit(e), from_exp(z, e).0)
}
