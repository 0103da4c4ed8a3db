//! e^x, its two-part form, and the scaling that closes every function with an exponential in it.
//!
//! Letters: x = k·ln 2 + r with k the nearest integer to x/ln 2 and |r| <= 0.3467; then
//! e^x = 2^k·(1 + r + tail), tail = r²/2 + r³·Q(r).
//!
//! Method: Cody and Waite's two-part reduction (Software Manual for the Elementary Functions,
//! 1980), a polynomial, and an error-free sum 1 + r whose rounding error joins the tail, so that
//! only the last addition rounds noticeably. A result in the subnormal range is rounded by adding
//! it to a power of two whose last place is the subnormal step, so it too is rounded once.

use super::bits::{ROUND, clamp, fast_two_sum, halves, poly, pow2, pow2_factors};
use std::f64::consts::LOG2_E;

/// ln 2 in two parts: the first has 21 trailing zero bits, so k·LN2_HI is exact for |k| < 2^20.
pub(super) const LN2_HI: f64 = 0.6931471803691238;
/// ln 2 - LN2_HI, to 1.2e-26.
pub(super) const LN2_LO: f64 = 1.9082149292705877e-10;

/// ln 2^-1022, rounded up: below it e^x is subnormal.
const LN_MIN_POSITIVE: f64 = -708.3964185322641;

/// e^x = 2^k·(1 + r + tail).
#[derive(Clone, Copy)]
pub(super) struct Reduced {
    pub(super) k: f64,
    pub(super) r: f64,
    pub(super) tail: f64,
}

impl Reduced {
    /// 1 + r + tail as a head and a small part, before the last rounding.
    #[inline(always)]
    fn head(&self) -> (f64, f64) {
        let (head, e) = fast_two_sum(1.0, self.r);
        (head, e + self.tail)
    }

    /// 1 + r + tail, rounded.
    #[inline(always)]
    pub(super) fn mantissa(&self) -> f64 {
        let (head, low) = self.head();
        head + low
    }
}

/// Reduces e^(hi + lo), |lo| at most a few units in the last place of hi, |hi| below 7e5.
#[inline(always)]
pub(super) fn reduce(hi: f64, lo: f64) -> Reduced {
    let k = hi.mul_add(LOG2_E, ROUND) - ROUND;
    // Exact: a multiple of both last places, below 0.4.
    let head = (-k).mul_add(LN2_HI, hi);
    let low = (-k).mul_add(LN2_LO, lo);
    let r = head + low;
    let r_lo = (head - r) + low;
    // (e^r - 1 - r - r²/2)/r³: Chebyshev interpolant of degree 9 on |r| <= 0.3467, computed with
    // 90 digits and rounded; times r³ it is within 7.0e-19 of the true value.
    let q = poly!(r;
        0.16666666666666669,
        0.041666666666666664,
        0.008333333333330055,
        0.0013888888888886548,
        0.00019841269863088255,
        2.4801587317169235e-05,
        2.7557268406190795e-06,
        2.7557282931125736e-07,
        2.51004110820149e-08,
        2.091125490208877e-09
    );
    // e^(r + r_lo) = e^r + r_lo·(1 + r) to well past the last place.
    let low = r_lo.mul_add(r, r_lo);
    let tail = (0.5 * r).mul_add(r, (r * r * r).mul_add(q, low));
    Reduced { k, r, tail }
}

/// e^x, within 0.56 units in the last place, rounded once also where the result is subnormal.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Outside these bounds the result is 0 or infinite, and so it is at the bounds.
    let x = clamp(x, -746.0, 711.0);
    let e = reduce(x, 0.0);
    let (head, low) = e.head();
    // A result below 2^-1022 is a multiple of 2^-1074: before scaling, of `grid`'s last place.
    let grid = pow2(-1022.0 - e.k);
    let grid = if x < LN_MIN_POSITIVE { grid } else { 0.0 };
    let (sum, err) = fast_two_sum(grid, head);
    let m = (sum + (err + low)) - grid;
    let (p, q) = halves(e.k);
    m * p * q
}

/// e^(hi + lo) = m·2^k as `(m, k)`, m in about 0.7 to 1.42 and k an integer.
///
/// `lo` is a correction to `hi` of at most a few of its last places. Beyond |hi| = 1.2e5 the
/// argument is held there: k is then far outside what [`scale`] can bring back.
#[inline(always)]
pub fn exp_parts(hi: f64, lo: f64) -> (f64, f64) {
    let e = reduce(clamp(hi, -1.2e5, 1.2e5), lo);
    (e.mantissa(), e.k)
}

/// m·2^k for an integer-valued `k`, rounded once, also into the subnormal range; 0 or infinite
/// beyond the range of `f64`. For |m| from 2^-480 to 2^20 (and 0, infinities and NaN).
#[inline(always)]
pub fn scale(m: f64, k: f64) -> f64 {
    let (p, q) = pow2_factors(k);
    m * p * q
}
