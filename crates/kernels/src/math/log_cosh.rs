//! ln cosh d and its derivative tanh d.
//!
//! Letters: w = d², e = e^(-2|d|). For |d| <= 1, ln cosh d = w/2 + w²·Q(w); above,
//! |d| - ln 2 + ln(1 + e), with ln 2 in two parts of which the first leaves |d| exact.

use super::bits::{clamp, poly, pow2};
use super::exp::{LN2_HI, LN2_LO};
use super::log::log_near_one;
use super::tanh::{from_reduced, reduce_at};

/// ln cosh d and tanh d, each within 1 unit in the last place.
#[inline(always)]
pub fn log_cosh_at(d: f64) -> (f64, f64) {
    let size = d.abs();

    let w = d * d;
    // The error of w: half a unit in the last place of the result if it were dropped.
    let w_lo = d.mul_add(d, -w);
    let inner = 0.5f64.mul_add(w, (w * w).mul_add(inner_rest(w), 0.5 * w_lo));

    // At |d| = 1 e is 0.135; nearer 0, where k may be 0, this side is not used. Far out e is too
    // small to matter whatever it is.
    let reduced = reduce_at(d);
    let e = reduced.mantissa() * pow2(clamp(reduced.k, -1000.0, -1.0));
    let (head, low) = log_near_one(e, 0.0);
    let outer = (size - LN2_HI) + (head + (low - LN2_LO));

    let tanh = from_reduced(&reduced).0.copysign(d);
    (if size <= 1.0 { inner } else { outer }, tanh)
}

/// Q(w) = (ln cosh √w - w/2)/w²: Chebyshev interpolant of degree 15 on 0 <= w <= 1, computed with
/// 90 digits and rounded; times w it is within 3.2e-18 of the true value.
#[inline(always)]
fn inner_rest(w: f64) -> f64 {
    poly!(w;
        -0.08333333333333333,
        0.022222222222222143,
        -0.0067460317460251015,
        0.0021869488533907216,
        -0.0007386029568181031,
        0.0002565805306854294,
        -9.098933986887244e-05,
        3.2777768652544176e-05,
        -1.1950986882522365e-05,
        4.390901206628099e-06,
        -1.6085466140136853e-06,
        5.710687854864219e-07,
        -1.8486531042353275e-07,
        4.9209771651927516e-08,
        -9.156894369438902e-09,
        8.600593201457633e-10
    )
}
