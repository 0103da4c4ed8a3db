//! The activations with the digits an f32 result needs, in a half to a third of the time.
//!
//! Each function gives what its namesake in the parent module gives, for numbers that were f32: value and derivative
//! within 4e-5 of an f32's unit in the last place, before they are rounded to it. Arguments are held where no f32 can tell
//! the result from its limit.
//!
//! Letters: c·z = k + f with k the nearest integer and |f| <= 1/2, s = 2^k. k is read off the last bits of c·z + ROUND,
//! where it also becomes the exponent of s. f loses up to 2^-45, the last place of c·z, which is what a single-part
//! reduction costs; for k = 0, where expm1-like results are small, it is relatively as good as z.
//!
//! 2^f = (A + f)/(A - f), with A = f/tanh(f·ln 2/2) even in f and nearly constant: numerator and denominator join those
//! of a quotient in e^z, so that one polynomial in f² of degree 3 and one division serve value and derivative.

use super::bits::{ROUND, clamp, poly};
use super::cos::{self, MODEST, PI_2_MIDDLE};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, LOG2_E};

/// (s, f) of c·z = k + f, for |c·z| up to 500.
#[inline(always)]
fn split(z: f64, c: f64) -> (f64, f64) {
    const BIAS: f64 = ROUND + 1023.0;
    let sum = z.mul_add(c, BIAS);
    (f64::from_bits(sum.to_bits() << 52), z.mul_add(c, -(sum - BIAS)))
}

/// A(f²) = f/tanh(f·ln 2/2): Chebyshev interpolant of degree 3 in f² on |f| <= 0.50001, computed with 90 digits and
/// rounded; relative error 1.4e-12.
#[inline(always)]
fn half_coth(square: f64) -> f64 {
    poly!(square; 2.885390081781783, 0.1155245295997095, -0.0009250586007944776, 1.0518897531695665e-05)
}

/// (2^f - 1)/f: Chebyshev interpolant of degree 8 on |f| <= 0.50001, computed with 90 digits and rounded; relative
/// error 9.0e-14.
#[inline(always)]
fn exp2_minus_one_over(f: f64) -> f64 {
    poly!(f;
        LN_2,
        0.24022650695812972,
        0.05550410866476042,
        0.009618129159408776,
        0.0013333558179047028,
        0.00015403455846485034,
        1.525268684250813e-05,
        1.3255226470378598e-06,
        1.0203122065960858e-07
    )
}

/// σ(z), 1 - σ(z), neither by subtraction, for |z| up to 300.
#[inline(always)]
fn sigmoid_and_rest(z: f64) -> (f64, f64) {
    let (s, f) = split(z, LOG2_E);
    let a = half_coth(f * f);
    let (up, down) = (a + f, a - f);
    let inv = 1.0 / s.mul_add(up, down);
    (s * up * inv, down * inv)
}

/// σ(z) = 1/(1 + e^-z) and its derivative σ(z)(1 - σ(z)).
#[inline(always)]
pub fn sigmoid_at(z: f64) -> (f64, f64) {
    let (a, rest) = sigmoid_and_rest(clamp(z, -128.0, 128.0));
    (a, a * rest)
}

/// ln(1 + e^z) and its derivative σ(z). With l = σ(-|z|), ln(1 + e^-|z|) = -ln(1 - l).
#[inline(always)]
pub fn softplus_at(z: f64) -> (f64, f64) {
    let (low, high) = sigmoid_and_rest(clamp(-z.abs(), -128.0, 0.0));
    let above = if z < 0.0 { 0.0 } else { z };
    (low.mul_add(log_rest(low), above), if z < 0.0 { low } else { high })
}

/// -ln(1 - l)/l: Chebyshev interpolant of degree 14 on 0 <= l <= 0.50001, computed with 50 digits and rounded; relative
/// error 4.2e-13.
#[inline(always)]
fn log_rest(l: f64) -> f64 {
    poly!(l;
        1.0000000000003022,
        0.4999999997284109,
        0.3333333736734725,
        0.2499976459151219,
        0.20007157920461954,
        0.16536350927579405,
        0.15823667543364386,
        0.001582830731260422,
        0.8034487198554153,
        -2.6490519561690165,
        7.80404937006917,
        -14.929096082877317,
        19.47279902521357,
        -15.04045945862075,
        5.574178383687481
    )
}

/// z·σ(z) and its derivative σ(z)(1 + z(1 - σ(z))); around the derivative's root as in `silu`.
#[inline(always)]
pub fn silu_at(z: f64) -> (f64, f64) {
    let held = clamp(z, -128.0, 128.0);
    let (a, rest) = sigmoid_and_rest(held);
    let t = z - SILU_ROOT;
    let near = t.abs() <= 0.25;
    let slope = if near { (t - SILU_ROOT_LO) * silu_root_factor(t) } else { a * held.mul_add(rest, 1.0) };
    // Held on the left alone, where z·0 would be NaN at -∞.
    (if z > 0.0 { z } else { held } * a, slope)
}

/// The root of silu's derivative, -1.27846454276107379510935873902…, in two parts.
const SILU_ROOT: f64 = -1.2784645427610737;
const SILU_ROOT_LO: f64 = -1.0946994183093437e-16;

/// silu's derivative/(z - r) as a function of t = z - r: Chebyshev interpolant of degree 9 on |t| <= 0.2501, computed
/// with 50 digits and rounded; relative error 3.5e-14.
#[inline(always)]
fn silu_root_factor(t: f64) -> f64 {
    poly!(t;
        0.21781170571979486,
        0.14664879699695127,
        0.018874814227983972,
        -0.015222655226687578,
        -0.00660658967680095,
        0.0001266278577068155,
        0.000798546090067303,
        0.000185687201887003,
        -4.1351951233287814e-05,
        -2.9367191714461843e-05
    )
}

/// (z, 1) for z > 0, otherwise (alpha·(e^z - 1), alpha·e^z).
#[inline(always)]
pub fn elu_at(z: f64, alpha: f64) -> (f64, f64) {
    let (s, f) = split(clamp(z, -128.0, 0.0), LOG2_E);
    let p = f * exp2_minus_one_over(f);
    let above = z > 0.0;
    let below = alpha * s.mul_add(p, -(1.0 - s));
    (if above { z } else { below }, if above { 1.0 } else { alpha * s.mul_add(p, s) })
}

/// z·Φ(z) and its derivative Φ(z) + z·φ(z); letters and the derivative's root as in `gelu`.
#[inline(always)]
pub fn gelu_at(z: f64) -> (f64, f64) {
    // Beyond 15 the tails are below every f32, at 16 by far. The square of what was an f32 is exact.
    let held = clamp(z, -16.0, 16.0);
    let t = held.abs();
    let (s, f) = split(held * held, -0.5 * LOG2_E);
    let gauss = s.mul_add(f * exp2_minus_one_over(f), s);
    let ratio = tail_ratio(t);
    let tail = gauss * ratio;
    let bend = gauss * (-t).mul_add(DENSITY, ratio);

    let above = z > 0.0;
    let value = if above { z * (1.0 - tail) } else { held * tail };
    let u = z - GELU_ROOT;
    let near = u.abs() <= 0.25;
    let slope = if above { 1.0 - bend } else { bend };
    (value, if near { (u - GELU_ROOT_LO) * gelu_root_factor(u) } else { slope })
}

/// 1/√(2π)
const DENSITY: f64 = 0.3989422804014327;
/// The root of gelu's derivative, -0.75179152469356445745790494678…, in two parts.
const GELU_ROOT: f64 = -0.7517915246935645;
const GELU_ROOT_LO: f64 = 1.4956759177009883e-17;

/// R(t)/√(2π) with R the Mills ratio, 0 <= t <= 15, as y·P(u): y = 1/(t + 5), u = 40/3·y - 5/3, which takes t to -1..1;
/// P the Chebyshev interpolant of degree 15, computed with 60 digits and rounded; relative error 2.5e-14.
#[inline(always)]
fn tail_ratio(t: f64) -> f64 {
    let y = 1.0 / (t + 5.0);
    let u = y.mul_add(13.333333333333334, -1.6666666666666667);
    y * poly!(u;
        0.9721115868445209,
        0.7377097647475798,
        0.45248123013388214,
        0.22300535083493428,
        0.08614599899080927,
        0.02450536995562778,
        0.0042535077370893706,
        1.803815940260392e-05,
        -0.00020394395324791877,
        -3.609726620916848e-05,
        6.719767930724751e-06,
        2.869465584939458e-06,
        -2.1758729671024056e-07,
        -1.9688030123799964e-07,
        8.05863179179214e-09,
        1.0991105448345072e-08
    )
}

/// gelu's derivative/(z - r) as a function of u = z - r: Chebyshev interpolant of degree 10 on |u| <= 0.2501, computed
/// with 50 digits and rounded; relative error 6.6e-15.
#[inline(always)]
fn gelu_root_factor(u: f64) -> f64 {
    poly!(u;
        0.4314939923140469,
        0.3882849829904374,
        -0.018199676398749906,
        -0.1140082332605806,
        -0.01477152212306501,
        0.019421676556746807,
        0.004539226124113999,
        -0.0022394180816105898,
        -0.0007447443455487907,
        0.00018441887947324433,
        8.483728673346483e-05
    )
}

/// cos z and its derivative -sin z for |z| up to [`MODEST`]; of an infinite z NaN. Beyond that bound the numbers mean
/// nothing.
///
/// Reduced by π/2 in two parts, as in the parent module. (sin r - r)/r³ and (cos r - 1 + r²/2)/r⁴: Chebyshev interpolants of degree 4
/// and 3 in r² on |r| <= 0.7854, computed with 90 digits and rounded; times r³ and r⁴ they are within 1.9e-14 of sin r and 1.3e-12
/// of cos r, relatively.
#[inline(always)]
pub fn modest_cos_at(z: f64) -> (f64, f64) {
    let sum = z.mul_add(FRAC_2_PI, ROUND);
    let k = sum - ROUND;
    let r = (-k).mul_add(PI_2_MIDDLE, (-k).mul_add(FRAC_PI_2, z));
    let square = r * r;
    let sine = poly!(square;
        -0.16666666666663885,
        0.008333333331079181,
        -0.00019841266916945032,
        2.755599091717984e-06,
        -2.4805635094610146e-08
    );
    let cosine = poly!(square; 1.0, -0.5, 0.04166666666432116, -0.0013888887671999754, 2.4800600367953404e-05, -2.7300958010517194e-07);
    cos::place((r * square).mul_add(sine, r), cosine, sum.to_bits())
}

/// cos z and its derivative -sin z; of an infinite z NaN. With branches.
#[inline(always)]
pub fn cos_at(z: f64) -> (f64, f64) {
    if z.abs() > MODEST { cos::cos_at(z) } else { modest_cos_at(z) }
}
