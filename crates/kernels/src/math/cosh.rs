//! Hyperbolic cosine.
//!
//! Letters: e^|x| = m·2^k. cosh x = m·2^(k-1) + (1/m)·2^(-k-1), a sum of two positive numbers.

use super::bits::{clamp, pow2_factors};
use super::exp::reduce;

/// cosh x, within 1.6 units in the last place.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    // Beyond 711 the result is infinite.
    let e = reduce(clamp(x.abs(), 0.0, 800.0), 0.0);
    let m = e.mantissa();
    let ((p, q), (r, s)) = (pow2_factors(e.k - 1.0), pow2_factors(-e.k - 1.0));
    m * p * q + 1.0 / m * r * s
}
