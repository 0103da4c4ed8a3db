//! Small exact building blocks: powers of two made in the exponent field, rounding by a magic
//! number, error-free sums, selects that keep NaN, and polynomial evaluation.
//!
//! Letters: `k` an integer held as an `f64`, `s + e` an unevaluated sum (`e` is the rounding error
//! of `s`). The error-free sums are Dekker's (1971) and Knuth's (TAOCP vol. 2, 4.2.2).

/// 1.5·2^52: adding it leaves the nearest integer (ties to even) in the low bits of the sum, for
/// arguments below 2^51. Vector units without a float-to-i64 conversion can do this one.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;

/// Horner's rule from the constant term up, every step one fused multiply-add.
macro_rules! poly {
    ($x:expr; $c:expr) => { $c };
    ($x:expr; $c:expr, $($rest:expr),+) => {
        $x.mul_add(poly!($x; $($rest),+), $c)
    };
}
pub(super) use poly;

/// 2^k for an integer-valued `k` in -1022..=1023; another `k` (or NaN) gives some other number,
/// never a panic.
#[inline(always)]
pub(super) fn pow2(k: f64) -> f64 {
    // The sum's low mantissa bits hold k + 1023; the shift moves them into the exponent field
    // and drops everything above.
    f64::from_bits((k + (ROUND + 1023.0)).to_bits() << 52)
}

/// 2^k as two factors, for |k| up to 2040, so that multiplying by one after the other rounds at
/// most once (the first product stays normal). Beyond 2040 the product is 0 or infinite all the
/// same, for any number of ordinary size.
#[inline(always)]
pub(super) fn pow2_factors(k: f64) -> (f64, f64) {
    halves(clamp(k, -2040.0, 2040.0))
}

/// The same for a `k` known to lie in -2040..=2040.
#[inline(always)]
pub(super) fn halves(k: f64) -> (f64, f64) {
    let half = k.mul_add(0.5, ROUND) - ROUND;
    (pow2(half), pow2(k - half))
}

/// a·(hi + lo), `lo` at most a few last places of `hi`, with one rounding that counts.
#[inline(always)]
pub(super) fn mul_pair(a: f64, hi: f64, lo: f64) -> f64 {
    let p = a * hi;
    p + a.mul_add(lo, a.mul_add(hi, -p))
}

/// `x` moved into `low..=high`; NaN stays NaN (unlike `f64::max` and `f64::min`).
#[inline(always)]
pub(super) fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// `a + b` as `(s, e)`, exact when `|a| >= |b|` or `a` is 0.
#[inline(always)]
pub(super) fn fast_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// `a + b` as `(s, e)`, exact in any order.
#[inline(always)]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let bb = s - a;
    (s, (a - (s - bb)) + (b - bb))
}
