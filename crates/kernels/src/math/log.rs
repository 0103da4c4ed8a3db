//! Natural logarithms.
//!
//! Letters: x = 2^k·m with m in [√½, √2); F = m - 1 (exact); s = F/(1 + F/2), w = s²; then
//! ln m = 2·atanh(s/2) = s·(1 + T(w)), T(w) = w/12 + w²·Q(w), and ln x = k·ln 2 + ln m.
//!
//! Method: the atanh form of fdlibm's and Tang's (ACM TOMS 16, 1990) logarithms, with the
//! quotient s carried as a pair (its residual costs two fused multiply-adds), so that only the
//! last addition rounds noticeably.

use super::bits::{clamp, fast_two_sum, poly, pow2, two_sum};
use super::exp::{LN2_HI, LN2_LO};

/// Bits of √½.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
/// Bits of 1.
const ONE: u64 = 0x3ff0_0000_0000_0000;

/// x = 2^k·m, m in [√½, √2), for positive finite x; other arguments give some numbers.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let small = x < f64::MIN_POSITIVE;
    let x = if small { x * 18_014_398_509_481_984.0 } else { x };
    let lift = if small { -54.0 } else { 0.0 };
    // Moves the border between two values of k from powers of two to √2 times powers of two.
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let m = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
    // The exponent field as a float: set into the low bits of 2^52, which is then taken away.
    let field = f64::from_bits((shifted >> 52) | 0x4330_0000_0000_0000);
    let k = field - (4_503_599_627_370_496.0 + 1023.0);
    (k + lift, m)
}

/// s = F/(1 + F/2) as a pair, F = f + f_lo.
#[inline(always)]
fn quotient(f: f64, f_lo: f64) -> (f64, f64) {
    let (g, g_lo) = fast_two_sum(1.0, 0.5 * f);
    let inv = 1.0 / g;
    let s = f * inv;
    let rest = (-s).mul_add(g, f) + (-s).mul_add(0.5f64.mul_add(f_lo, g_lo), f_lo);
    (s, rest * inv)
}

/// Q(w) = (2·atanh(s/2)/s - 1 - w/12)/w²: Chebyshev interpolant of degree 7 on 0 <= w <= 0.1178,
/// computed with 90 digits and rounded; times w² it is within 1.0e-20 of the true value.
#[inline(always)]
fn atanh_rest(w: f64) -> f64 {
    poly!(w;
        0.0125,
        0.002232142857142919,
        0.00043402777776672323,
        8.877840984040618e-05,
        1.878002315772913e-05,
        4.069459302606532e-06,
        8.931158766872328e-07,
        2.2359947784514036e-07
    )
}

/// ln(1 + f + f_lo) as an unevaluated sum of a head and a much smaller part, for 1 + f in
/// [√½, √2].
#[inline(always)]
pub(super) fn log_near_one(f: f64, f_lo: f64) -> (f64, f64) {
    let (s, s_lo) = quotient(f, f_lo);
    let w = s * s;
    let t = w * w.mul_add(atanh_rest(w), 1.0 / 12.0);
    (s, s.mul_add(t, s_lo))
}

/// k·ln 2 + (head + low).
#[inline(always)]
fn add_log2(k: f64, head: f64, low: f64) -> f64 {
    let (h, e) = fast_two_sum(k * LN2_HI, head);
    h + (e + k.mul_add(LN2_LO, low))
}

/// `y` where x is positive and finite, otherwise the logarithm's limit (NaN for x < 0 or NaN).
#[inline(always)]
fn with_limits(x: f64, y: f64) -> f64 {
    let edge = if x > 0.0 { f64::INFINITY } else { f64::NAN };
    let edge = if x == 0.0 { f64::NEG_INFINITY } else { edge };
    let inside = (x > 0.0) & (x < f64::INFINITY);
    if inside { y } else { edge }
}

/// ln x, within 0.55 units in the last place; subnormal arguments included.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    let (k, m) = split(x);
    let (head, low) = log_near_one(m - 1.0, 0.0);
    with_limits(x, add_log2(k, head, low))
}

/// ln(1 + x), within 0.6 units in the last place; exact for tiny arguments, signed zeros included.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
    let (u, u_lo) = two_sum(1.0, x);
    let (k, m) = split(u);
    // For k = 0 the sum f + f_lo is x itself, so nothing is lost near 0.
    let (f, f_lo) = fast_two_sum(m - 1.0, u_lo * pow2(-clamp(k, -100.0, 1000.0)));
    let (head, low) = log_near_one(f, f_lo);
    let y = with_limits(u, add_log2(k, head, low));
    if x == 0.0 { x } else { y }
}

/// ln(1 + e) for e in [0, 1], the case e = e^-|z| that softplus needs.
#[inline(always)]
pub(super) fn ln_1p_unit(e: f64) -> f64 {
    // Above √2 - 1, 1 + e = 2·(1 + (e - 1)/2); e - 1 as a pair is exact.
    let (d, d_lo) = fast_two_sum(-1.0, e);
    let upper = e > 0.41421356237309503;
    let f = if upper { 0.5 * d } else { e };
    let f_lo = if upper { 0.5 * d_lo } else { 0.0 };
    let k = if upper { 1.0 } else { 0.0 };
    let (head, low) = log_near_one(f, f_lo);
    add_log2(k, head, low)
}

/// ln x as an unevaluated sum `(hi, lo)`, relative error below 2^-64 for normal positive x.
///
/// At 0, infinity, negative numbers and NaN `hi` is what [`ln`] gives and `lo` is 0.
#[inline(always)]
pub fn ln_parts(x: f64) -> (f64, f64) {
    /// 1/12 - (1.0 / 12.0).
    const TWELFTH_LO: f64 = 4.625929269271485e-18;
    let (k, m) = split(x);
    let (s, s_lo) = quotient(m - 1.0, 0.0);
    // w, T and s·T as pairs: T is up to 2^-6 of the result and must be good to 2^-59.
    let w = s * s;
    let w_lo = (2.0 * s).mul_add(s_lo, s.mul_add(s, -w));
    let q = atanh_rest(w);
    let v = w * q;
    let v_lo = w_lo.mul_add(q, w.mul_add(q, -v));
    let (c, c_lo) = fast_two_sum(1.0 / 12.0, v);
    let c_lo = c_lo + (v_lo + TWELFTH_LO);
    let t = w * c;
    let t_lo = w.mul_add(c, -t) + w.mul_add(c_lo, w_lo * c);
    let p = s * t;
    let p_lo = s.mul_add(t, -p) + s.mul_add(t_lo, s_lo * t);
    let (head, low) = fast_two_sum(s, p);
    let low = low + (p_lo + s_lo);
    let (h, e) = fast_two_sum(k * LN2_HI, head);
    let (hi, lo) = fast_two_sum(h, e + k.mul_add(LN2_LO, low));
    let inside = (x > 0.0) & (x < f64::INFINITY);
    (with_limits(x, hi), if inside { lo } else { 0.0 })
}
