//! Hyperbolic tangent and its derivative.
//!
//! Letters: e = e^(-2|z|), S = e - 1 (a pair, from `expm1`), D = 2 + S = 1 + e.
//! tanh|z| = -S/D, and 1 - tanh²z = 4·e/D², which loses no digits where tanh z is near 1.

use super::bits::{clamp, fast_two_sum, mul_pair, pow2_factors};
use super::exp::{Reduced, reduce};
use super::expm1::minus_one;

/// tanh|z| and 1/(1 + e) from the reduced e = e^(-2|z|); the reciprocal as a pair.
#[inline(always)]
pub(super) fn from_reduced(e: &Reduced) -> (f64, f64, f64) {
    let (s, s_lo) = minus_one(e);
    let (d, d_lo) = fast_two_sum(2.0, s);
    let d_lo = d_lo + s_lo;
    let inv = 1.0 / d;
    let q = -s * inv;
    // What the quotient left over, so that one correction makes it good to the last place.
    let rest = (-q).mul_add(d, -s) - q.mul_add(d_lo, s_lo);
    let inv_lo = (-inv).mul_add(d_lo, (-inv).mul_add(d, 1.0)) * inv;
    (rest.mul_add(inv, q), inv, inv_lo)
}

/// e^(-2|z|), reduced.
#[inline(always)]
pub(super) fn reduce_at(z: f64) -> Reduced {
    // At -1500 e^x has long been 0.
    reduce(clamp(-2.0 * z.abs(), -1500.0, 0.0), 0.0)
}

/// tanh z, within 0.6 units in the last place; odd, exact for tiny arguments.
#[inline(always)]
pub fn tanh(z: f64) -> f64 {
    from_reduced(&reduce_at(z)).0.copysign(z)
}

/// tanh z and its derivative 1 - tanh²z, the latter within 2.2 units in the last place down to the
/// smallest subnormal.
#[inline(always)]
pub fn tanh_at(z: f64) -> (f64, f64) {
    let e = reduce_at(z);
    let (a, inv, inv_lo) = from_reduced(&e);
    let (p, q) = pow2_factors(e.k);
    // m·(inv + inv_lo)² with one scaling at the end.
    let m = 4.0 * e.mantissa();
    let slope = mul_pair(mul_pair(m, inv, inv_lo), inv, inv_lo);
    (a.copysign(z), slope * p * q)
}
