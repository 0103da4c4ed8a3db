//! The short forms against the full ones, over numbers that are f32.

use backlit_kernels::math;
use backlit_kernels::pointwise::{Unary, map, map_leaving_slope, map_with_slope};

/// A function of one number with its derivative, as a [`Unary`].
struct Of<F>(F);

impl<F: Fn(f64) -> (f64, f64)> Unary for Of<F> {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        (self.0)(z)
    }
}

/// Largest errors allowed of value and derivative, in units in the last place of the result as f32: far below the half that rounding costs.
const MOST: [f64; 2] = [4e-5; 2];
/// The same of what is computed in f32.
const MOST_IN_F32: [f64; 2] = [1.07, 2.53];
/// f32 with one exponent and one sign.
const BINADE: u64 = 1 << 23;

/// The unit in the last place of `x` as f32, 2^-149 at least.
fn unit(x: f64) -> f64 {
    let exponent = ((x.abs().to_bits() >> 52) as i64 - 1023).clamp(-126, 127);
    f64::from_bits(((exponent - 23 + 1023) as u64) << 52)
}

/// How far the two are apart in units of `full`; 0 where as f32 both are NaN or the same infinity.
fn error(short: f64, full: f64) -> f64 {
    let (as_short, as_full) = (short as f32, full as f32);
    if as_short.is_nan() && as_full.is_nan() || as_short.is_infinite() && as_short == as_full {
        0.0
    } else {
        let error = (short - full).abs() / unit(full);
        if error.is_nan() { f64::INFINITY } else { error }
    }
}

/// The largest errors of value and derivative over the f32 with these bits, in f32 units, and where.
fn worst<F, G>(full: F, short: G, bits: impl Iterator<Item = u32>) -> [(f64, f32); 2]
where
    F: Fn(f64) -> (f64, f64),
    G: Fn(f64) -> (f64, f64),
{
    let (full, short) = (Of(full), Of(short));
    let mut worst = [(0.0, 0.0); 2];
    let mut bits = bits.peekable();
    let (mut full_value, mut full_slope, mut value, mut slope) = ([0.0; 4096], [0.0; 4096], [0.0; 4096], [0.0; 4096]);
    while bits.peek().is_some() {
        let z: Vec<f64> = bits.by_ref().take(4096).map(|bits| f64::from(f32::from_bits(bits))).collect();
        map_with_slope(&full, &z, &mut full_value, &mut full_slope);
        map_with_slope(&short, &z, &mut value, &mut slope);
        for (i, &z) in z.iter().enumerate() {
            for (worst, error) in worst.iter_mut().zip([error(value[i], full_value[i]), error(slope[i], full_slope[i])]) {
                if error > worst.0 {
                    *worst = (error, z as f32);
                }
            }
        }
    }
    worst
}

/// Tries every function on the f32 that `bits` gives.
fn compare<I: Iterator<Item = u32>>(bits: impl Fn() -> I) {
    let mut broken = Vec::new();
    macro_rules! compare {
        ($($name:literal: $full:expr, $short:expr, $most:expr;)+) => {$(
            let errors = worst($full, $short, bits());
            println!("{}: value {:.1e} at {:e}, slope {:.1e} at {:e}", $name, errors[0].0, errors[0].1, errors[1].0, errors[1].1);
            broken.extend(errors.into_iter().zip($most).filter(|(error, most)| error.0 > *most).map(|(error, _)| ($name, error)));
        )+};
    }
    compare! {
        "tanh": math::tanh_at, tanh, MOST_IN_F32;
        "sigmoid": math::sigmoid_at, math::short::sigmoid_at, MOST;
        "softplus": math::softplus_at, math::short::softplus_at, MOST;
        "silu": math::silu_at, math::short::silu_at, MOST;
        "elu": |z| math::elu_at(z, 1.0), |z| math::short::elu_at(z, 1.0), MOST;
        "elu, alpha 1e6": |z| math::elu_at(z, 1e6), |z| math::short::elu_at(z, 1e6), MOST;
        "gelu": math::gelu_at, math::short::gelu_at, MOST;
        "cos": math::cos_at, math::short::cos_at, MOST;
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn short_forms_give_what_an_f32_can_tell() {
    let special = || [0.0f32, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, -1.278_464_6, -0.751_791_54].map(f32::to_bits);
    // In each binade of either sign its ends and 600 numbers between; every number near the roots of derivatives.
    let binades =
        || (0..512).flat_map(|binade| (0..BINADE).step_by(13_999).chain([1, BINADE - 1]).map(move |m| (binade * BINADE + m) as u32));
    let roots = || [-1.278_464_6f32, -0.751_791_54].into_iter().flat_map(|root| root.to_bits() - 3000..root.to_bits() + 3000);
    // Where exponentials fade and end.
    let ends = || (-20_000..20_000).map(|i| (i as f32 * 0.0071).to_bits());
    compare(|| special().into_iter().chain(binades()).chain(roots()).chain(ends()));
}

/// tanh in f32 of what was an f32
fn tanh(z: f64) -> (f64, f64) {
    let (value, slope) = math::tanh_f32_at(z as f32);
    (value.into(), slope.into())
}

/// tanh as training asks for it: with a form for numbers near 0.
struct Tanh;

impl Unary for Tanh {
    fn at(&self, z: f64) -> (f64, f64) {
        math::tanh_at(z)
    }
    fn short(&self, z: f64) -> (f64, f64) {
        tanh(z)
    }
    const MODEST: f64 = math::NEAR_TANH_F32 as f64;
    fn modest(&self, z: f64) -> (f64, f64) {
        let (value, slope) = math::near_tanh_f32_at(z as f32);
        (value.into(), slope.into())
    }
}

#[test]
fn a_number_beside_it_changes_no_bit() {
    let near = math::NEAR_TANH_F32;
    let modest = [0.0, -0.0, f32::MIN_POSITIVE, 1e-40, -1e-20, 0.1, near, -near, near.next_up(), -1.5, 3.3, -9.1, 45.0];
    // Every size beside numbers near 0 only, beside one that is modest, and beside one that is too large or no number; and in the rest of a
    // run.
    let beyond = [0.5, near.next_up(), -2.0, -5.0, 60.0, 1e30, f32::NEG_INFINITY, f32::NAN];
    for (n, z) in modest.into_iter().chain((0..4000).map(|i| (i as f32 - 2000.0) * 0.00213)).enumerate() {
        for beside in beyond {
            let mut run = vec![0.25; 64 + 17];
            (run[n % 64], run[(n + 31) % 64], run[70]) = (z, beside, z);
            let (mut slopes, mut values) = (run.clone(), run.clone());
            map_leaving_slope(&Tanh, &mut slopes, &mut values);
            let (mut alone, mut beside_slopes, mut of_slopes) = (run.clone(), run.clone(), run.clone());
            map(&Tanh, &run, &mut alone);
            map_with_slope(&Tanh, &run, &mut beside_slopes, &mut of_slopes);
            let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
            assert_eq!((bits(&alone), bits(&beside_slopes)), (bits(&values), bits(&values)), "tanh({z:e}) beside {beside:e}");
            assert_eq!(bits(&of_slopes), bits(&slopes), "slope of tanh({z:e}) beside {beside:e}");
            for i in 0..run.len() {
                let (value, slope) = tanh(f64::from(run[i]));
                assert_eq!(values[i].to_bits(), (value as f32).to_bits(), "tanh({:e}) beside {beside:e}", run[i]);
                assert_eq!(slopes[i].to_bits(), (slope as f32).to_bits(), "slope of tanh({:e}) beside {beside:e}", run[i]);
            }
        }
    }
}

#[test]
fn zero_keeps_its_sign() {
    for short in [tanh, |z| math::short::elu_at(z, 1.5), math::short::silu_at, math::short::gelu_at] {
        for z in [0.0, -0.0] {
            assert_eq!(short(z).0.to_bits(), f64::to_bits(z));
        }
    }
}

#[test]
#[ignore = "all 2^32 numbers, for minutes; by hand, with --release"]
fn short_forms_give_what_an_f32_can_tell_everywhere() {
    compare(|| 0..=u32::MAX);
}
