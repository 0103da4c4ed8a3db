//! SiLU, z·σ(z) (Elfwing, Uchibe and Doya 2018; "swish"), and its derivative.
//!
//! Letters: e^-|z| = m·2^k, i = 1/(1 + e^-|z|). For z < 0 value and derivative are
//! z·m·i·2^k and m·i·(1 + z·i)·2^k, the power of two last: where e^z is subnormal and has lost
//! digits, z·e^z need not have. For z >= 0 they are z·i and i + z·e·i² with e = e^-z. The
//! derivative has a root r near -1.278, where 1 + z·i cancels: there it is (z - r)·P(z - r) with r
//! known to twice double precision.

use super::bits::{clamp, fast_two_sum, mul_pair, poly, pow2_factors};
use super::exp::reduce;

/// The derivative's root, -1.27846454276107379510935873902…, in two parts.
const ROOT_HI: f64 = -1.2784645427610737;
const ROOT_LO: f64 = -1.0946994183093437e-16;
/// Half the width of the stretch where the polynomial stands in: outside it 1 + z·i keeps at
/// least a fifth of its terms' size, inside it degree 12 suffices.
const NEAR_ROOT: f64 = 0.25;

/// 1/(1 + e) as a pair, for e in [0, 1].
#[inline(always)]
fn reciprocal(e: f64) -> (f64, f64) {
    let (s, s_lo) = fast_two_sum(1.0, e);
    let inv = 1.0 / s;
    let rest = (-inv).mul_add(s_lo, (-inv).mul_add(s, 1.0));
    (inv, rest * inv)
}

/// z·σ(z) and its derivative σ(z)(1 + z(1 - σ(z))), within 2.3 and 3.3 units in the last place
/// everywhere.
#[inline(always)]
pub fn silu_at(z: f64) -> (f64, f64) {
    // Held where both are 0 on the left and the exponential is 0 on the right: no ∞·0.
    let held = clamp(z, -800.0, 800.0);
    let e = reduce(-held.abs(), 0.0);
    let m = e.mantissa();
    let (p, q) = pow2_factors(e.k);
    let tail = m * p * q;
    let (inv, inv_lo) = reciprocal(tail);

    let lower = mul_pair(m, inv, inv_lo);
    let bend = held.mul_add(inv_lo, held.mul_add(inv, 1.0));
    let value_below = held * lower * p * q;
    let slope_below = lower * bend * p * q;
    let slope_above = (inv * inv).mul_add(held * tail, inv);

    let t = z - ROOT_HI;
    let slope_near = (t - ROOT_LO) * root_factor(t);

    let above = z >= 0.0;
    let value = if above { z * inv } else { value_below };
    let slope = if above { slope_above } else { slope_below };
    let near = t.abs() <= NEAR_ROOT;
    (value, if near { slope_near } else { slope })
}

/// derivative/(z - r) as a function of t = z - ROOT_HI: Chebyshev interpolant of degree 12 on
/// |t| <= 0.2501, computed with 90 digits and rounded; within 1.3e-17, of values about 0.2.
#[inline(always)]
fn root_factor(t: f64) -> f64 {
    poly!(t;
        0.2178117057198001,
        0.1466487969969469,
        0.018874814223782326,
        -0.015222655223190948,
        -0.006606589138364502,
        0.00012662741045258913,
        0.0007985218828383851,
        0.00018570722336451654,
        -4.090539713901819e-05,
        -2.9733008347210928e-05,
        -2.941171235303383e-06,
        2.3393541476539478e-06,
        8.412496259696306e-07
    )
}
