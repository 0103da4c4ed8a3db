//! GELU, z·Φ(z) (Hendrycks and Gimpel 2016), with the normal distribution function itself, and
//! its derivative Φ(z) + z·φ(z).
//!
//! Letters: t = |z|, e^(-t²/2) = m·2^k, c = 1/√(2π), φ(t) = c·m·2^k, ρ = R(t)·c with R the Mills
//! ratio (see `normal`). For z <= 0 value and derivative are z·m·ρ·2^k and m·(ρ - c·t)·2^k, the
//! power of two last; for z > 0 they are z·(1 - m·ρ·2^k) and 1 - m·(ρ - c·t)·2^k. The derivative
//! has a root r near -0.752, where ρ - c·t cancels: there it is (z - r)·P(z - r) with r known to
//! twice double precision.

use super::bits::{clamp, mul_pair, poly, pow2_factors};
use super::normal::{reduce_gauss, tail_ratio};

/// 1/√(2π).
const DENSITY: f64 = 0.3989422804014327;
/// 1/√(2π) - DENSITY.
const DENSITY_LO: f64 = -2.49232720227773e-17;
/// The derivative's root, -0.75179152469356445745790494678…, in two parts.
const ROOT_HI: f64 = -0.7517915246935645;
const ROOT_LO: f64 = 1.4956759177009883e-17;
/// Half the width of the stretch where the polynomial stands in.
const NEAR_ROOT: f64 = 0.25;

/// z·Φ(z) and its derivative Φ(z) + z·φ(z), within 2.7 and 3.2 units in the last place
/// everywhere.
#[inline(always)]
pub fn gelu_at(z: f64) -> (f64, f64) {
    // Beyond 40 the tails are 0.
    let held = clamp(z, -40.0, 40.0);
    let t = held.abs();
    let e = reduce_gauss(t);
    let m = e.mantissa();
    let (p, q) = pow2_factors(e.k);
    let (v, v_lo) = tail_ratio(t);
    let tail = mul_pair(m, v, v_lo);
    // z·m·ρ with both products' rounding errors taken along.
    let a = held * m;
    let a_lo = held.mul_add(m, -a);
    let product = a * v;
    let product = product + a.mul_add(v_lo, a_lo.mul_add(v, a.mul_add(v, -product)));
    let bend = m * ((-t).mul_add(DENSITY, v) + (-t).mul_add(DENSITY_LO, v_lo));

    let slope_below = bend * p * q;
    let u = z - ROOT_HI;
    let slope_near = (u - ROOT_LO) * root_factor(u);

    let above = z > 0.0;
    let value = if above { z * (1.0 - tail * p * q) } else { product * p * q };
    let slope = if above { 1.0 - slope_below } else { slope_below };
    let near = u.abs() <= NEAR_ROOT;
    (value, if near { slope_near } else { slope })
}

/// derivative/(z - r) as a function of u = z - ROOT_HI: Chebyshev interpolant of degree 13 on
/// |u| <= 0.2501, computed with 90 digits and rounded; within 2.8e-17, of values about 0.4.
#[inline(always)]
fn root_factor(u: f64) -> f64 {
    poly!(u;
        0.4314939923140469,
        0.388284982990552,
        -0.018199676398671486,
        -0.1140082332972217,
        -0.014771522148141212,
        0.019421679838188717,
        0.0045392283692290815,
        -0.002239538068040239,
        -0.0007448263863095204,
        0.00018633974472577824,
        8.61488578751348e-05,
        -1.1214345398349341e-05,
        -7.624639577463593e-06,
        4.324536033710148e-07
    )
}
