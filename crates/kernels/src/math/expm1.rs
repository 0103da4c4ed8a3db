//! e^x - 1.
//!
//! Letters as in `exp`: e^x = 2^k·(1 + r + tail). Then e^x - 1 = (2^k - 1) + 2^k·(r + tail), the
//! sum of two numbers known to more than double precision, of which the first is 0 for k = 0 and
//! the larger one otherwise. The sum is kept as a pair for the functions built on it.

use super::bits::{clamp, fast_two_sum, pow2, two_sum};
use super::exp::{Reduced, reduce};

/// (e^x - 1)/2^j as an unevaluated pair, with j = max(k - 1023, 0), which keeps it finite.
#[inline(always)]
pub(super) fn minus_one(e: &Reduced) -> (f64, f64) {
    // Below 2^-100 the term 2^k·(…) is lost beside -1 whatever its size.
    let s = pow2(clamp(e.k, -100.0, 1023.0));
    // Where s is large this loses part of -1, where it is small part of s: kept in `whole_lo`.
    let (whole, whole_lo) = two_sum(s, -1.0);
    let (p, p_lo) = fast_two_sum(e.r, e.tail);
    let (hi, err) = fast_two_sum(whole, s * p);
    (hi, err + s.mul_add(p_lo, whole_lo))
}

/// e^x - 1, within 0.7 units in the last place; exact for tiny arguments, signed zeros included.
#[inline(always)]
pub fn exp_m1(x: f64) -> f64 {
    let e = reduce(clamp(x, -100.0, 711.0), 0.0);
    let (hi, lo) = minus_one(&e);
    let beyond = if e.k > 1023.0 { e.k - 1023.0 } else { 0.0 };
    let y = (hi + lo) * pow2(beyond);
    if x == 0.0 { x } else { y }
}
