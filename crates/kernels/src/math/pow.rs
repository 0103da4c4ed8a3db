//! x^y.
//!
//! Letters: ln|x| = l + l_lo, y·ln|x| = p + p_lo, both as pairs, since an error in the exponent counts up to 745 times.
//! Special values are those of IEEE 754-2019, 9.2.1, except that NaN comes out wherever NaN goes in (there 1^NaN and
//! NaN^0 are 1).

use super::exp::{exp_parts, scale};
use super::log::ln_parts;

/// Whether `y` is an integer; infinities are.
#[inline(always)]
fn is_integer(y: f64) -> bool {
    /// From here on every number is an integer, and adding it rounds smaller ones to integers.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let size = y.abs();
    (size >= WHOLE) | ((size + WHOLE) - WHOLE == size)
}

/// x^y, within 1.1 units in the last place where x and the result are normal; NaN for a negative x and a y that is no integer.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    let (l, l_lo) = ln_parts(x.abs());
    let p = y * l;
    let p_lo = y.mul_add(l_lo, y.mul_add(l, -p));
    // So far out, and where the product is not finite, the correction means nothing.
    let p_lo = if p.abs() < 1e5 { p_lo } else { 0.0 };
    let (m, k) = exp_parts(p, p_lo);
    let size = scale(m, k);
    let odd = is_integer(y) & !is_integer(0.5 * y);
    let negative = x.is_sign_negative();
    let signed = if negative & odd { -size } else { size };
    let real = if (x < 0.0) & (x > f64::NEG_INFINITY) & !is_integer(y) { f64::NAN } else { signed };
    // 0·∞ in the exponent: 1 to any power, any number to the power 0, and -1 to an infinite one.
    let one = (x == 1.0) | (y == 0.0) | ((x == -1.0) & (y.abs() == f64::INFINITY));
    let value = if one { 1.0 } else { real };
    if x.is_nan() | y.is_nan() { f64::NAN } else { value }
}
