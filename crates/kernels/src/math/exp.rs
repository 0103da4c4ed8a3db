//! e^x, its two-part form, and the scaling that closes every function with an exponential in it.
//!
//! Letters: x = k·ln 2 + r with k the nearest integer to x/ln 2 and |r| <= 0.3467; then
//! e^x = 2^k·(1 + r + tail), tail = r²/2 + r³·Q(r).
//!
//! Method: Cody and Waite's two-part reduction (Software Manual for the Elementary Functions,
//! 1980), a polynomial, and an error-free sum 1 + r whose rounding error joins the tail, so that
//! only the last addition rounds noticeably.

use super::bits::{ROUND, clamp, fast_two_sum, halves, pow2_factors};
use std::f64::consts::LOG2_E;

/// ln 2 in two parts: the first has 21 trailing zero bits, so k·LN2_HI is exact for |k| < 2^20.
pub(super) const LN2_HI: f64 = 0.6931471803691238;
/// ln 2 - LN2_HI, to 1.2e-26.
pub(super) const LN2_LO: f64 = 1.9082149292705877e-10;

/// (e^r - 1 - r)/r²: 1/2, then the Chebyshev interpolant of degree 9 of (e^r - 1 - r - r²/2)/r³ on |r| <= 0.3467,
/// computed with 90 digits and rounded; times r³ it is within 7.0e-19 of the true value.
const QUADRATIC_AND_UP: [f64; 11] = [
    0.5,
    0.16666666666666669,
    0.041666666666666664,
    0.008333333333330055,
    0.0013888888888886548,
    0.00019841269863088255,
    2.4801587317169235e-05,
    2.7557268406190795e-06,
    2.7557282931125736e-07,
    2.51004110820149e-08,
    2.091125490208877e-09,
];

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
    // Estrin's scheme: pairs, then pairs of pairs; half the waiting of Horner's.
    let (r2, c) = (r * r, QUADRATIC_AND_UP);
    let r4 = r2 * r2;
    let pair = |k: usize| c[k + 1].mul_add(r, c[k]);
    let (low4, high4) = (pair(2).mul_add(r2, pair(0)), pair(6).mul_add(r2, pair(4)));
    let top = c[10].mul_add(r2, pair(8));
    let p = top.mul_add(r4 * r4, high4.mul_add(r4, low4));
    // e^(r + r_lo) = e^r + r_lo·(1 + r) to well past the last place.
    let tail = r2.mul_add(p, r_lo.mul_add(r, r_lo));
    Reduced { k, r, tail }
}

/// e^x, within 0.56 units in the last place; where the result is subnormal it is rounded once more, to
/// within 1.1.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    // Outside these bounds the result is 0 or infinite, and so it is at the bounds.
    let e = reduce(clamp(x, -746.0, 711.0), 0.0);
    let (p, q) = halves(e.k);
    e.mantissa() * p * q
}

/// e^x for x <= 0 as (y, rest, p, q) with e^x = p·q·(1 + y + rest) and powers of two p and q. Where 1 is much the larger y alone
/// will do, after half the waiting of [`exp`]: the rest is at most 2^-55.
#[inline(always)]
pub(super) fn exp_of_negative(x: f64) -> (f64, f64, f64, f64) {
    let k = x.mul_add(LOG2_E, ROUND) - ROUND;
    let (head, low) = ((-k).mul_add(LN2_HI, x), -k * LN2_LO);
    let r = head + low;
    let rest = (head - r) + low;
    let (r2, c) = (r * r, QUADRATIC_AND_UP);
    let (r4, pair) = (r2 * r2, |k: usize| c[k + 1].mul_add(r, c[k]));
    let near = r2.mul_add(pair(2).mul_add(r2, pair(0)), r);
    let far = c[10].mul_add(r2, pair(8)).mul_add(r4, pair(6).mul_add(r2, pair(4)));
    let y = (r4 * r2).mul_add(far, near);
    // Far out, where e^x is 0 and the reduction none, only the powers of two count.
    let (y, rest, k) = if x < -746.0 { (0.0, 0.0, -1077.0) } else { (y, rest, k) };
    let (p, q) = halves(k);
    (y, rest, p, q)
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
