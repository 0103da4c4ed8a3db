//! Double-precision elementary functions of our own, the same bits on every machine.
//!
//! Each function is branch-free and inlined, so that a loop over a slice inside a function with
//! the machine's vector features enabled becomes vector code. They use only `+ - * /`, fused
//! multiply-adds, comparisons with selects, and bit operations, all of which IEEE 754 fixes to
//! the bit: the vector build, the scalar build and the build without fused multiply-add hardware
//! (where the operation is done in software, slowly) all give the same results.
//!
//! Accuracy is stated per function in units in the last place of the exact result (2^-1074 in
//! the subnormal range). NaN in gives NaN out of every component; infinities give the limits.

mod bits;
mod cos;
mod cosh;
mod elu;
mod exp;
mod expm1;
mod gelu;
mod log;
mod log_cosh;
mod normal;
mod pow;
pub mod short;
mod sigmoid;
mod silu;
mod tanh;
mod tanh_f32;

pub use cos::{MODEST, cos_at, modest_cos_at};
pub use cosh::cosh;
pub use elu::elu_at;
pub use exp::{exp, exp_parts, scale};
pub use expm1::exp_m1;
pub use gelu::gelu_at;
pub use log::{ln, ln_1p, ln_parts};
pub use log_cosh::log_cosh_at;
pub use normal::{mills, normal_cdf, normal_pdf};
pub use pow::pow;
pub use sigmoid::{sigmoid_at, softplus_at};
pub use silu::silu_at;
pub use tanh::{tanh, tanh_at};
pub use tanh_f32::{NEAR_TANH_F32, near_tanh_f32_at, tanh_f32_at};

#[cfg(test)]
mod tests {
    /// Inputs of every kind: a dense stretch, the whole exponent range, and the special values.
    #[cfg(target_arch = "x86_64")]
    fn inputs() -> Vec<f64> {
        let mut x: Vec<f64> = (0..6000).map(|i| f64::from(i) * 0.253 - 760.0).collect();
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        while x.len() < 9994 {
            // xorshift64 (Marsaglia 2003): all bit patterns.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            x.push(f64::from_bits(state));
        }
        x.extend([0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324]);
        x
    }

    /// Runs `f` over the inputs in a loop compiled for AVX2 and in one that is not.
    #[cfg(target_arch = "x86_64")]
    macro_rules! same_bits {
        ($($name:literal: $f:expr),+ $(,)?) => {$({
            #[target_feature(enable = "avx2,fma")]
            fn vector(x: &[f64], y: &mut [f64]) {
                for (x, y) in x.iter().zip(y) {
                    *y = $f(*x);
                }
            }
            let x = inputs();
            let mut y = vec![0.0; x.len()];
            // SAFETY: the caller has checked that the machine has AVX2 and FMA.
            unsafe { vector(&x, &mut y) };
            for (x, y) in x.iter().zip(&y) {
                let plain: f64 = $f(*x);
                assert!(
                    plain.to_bits() == y.to_bits() || (plain.is_nan() && y.is_nan()),
                    "{}({x:?}): {plain:?} portable, {y:?} with vectors",
                    $name
                );
            }
        })+};
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vector_and_portable_builds_agree_to_the_bit() {
        if !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
            return;
        }
        same_bits! {
            "exp": super::exp,
            "exp_m1": super::exp_m1,
            "ln": super::ln,
            "ln_1p": super::ln_1p,
            "tanh": super::tanh,
            "sigmoid slope": |x| super::sigmoid_at(x).1,
            "softplus": |x| super::softplus_at(x).0,
            "silu slope": |x| super::silu_at(x).1,
            "gelu": |x| super::gelu_at(x).0,
            "gelu slope": |x| super::gelu_at(x).1,
            "normal density": super::normal_pdf,
            "cosh": super::cosh,
            "cosine": |x| super::cos_at(x).0,
            "cosine slope": |x| super::cos_at(x).1,
            "modest cosine": |x: f64| super::modest_cos_at(x.clamp(-1e6, 1e6)).0,
            "power": |x: f64| super::pow(x.abs(), 1.7),
            "odd power": |x: f64| super::pow(x, -3.0),
            "log cosh": |x| super::log_cosh_at(x).0,
            "tanh in f32": |x: f64| super::tanh_f32_at(x as f32).0.into(),
            "tanh slope in f32": |x: f64| super::tanh_f32_at(x as f32).1.into(),
            "short softplus": |x| super::short::softplus_at(x).0,
            "short silu slope": |x| super::short::silu_at(x).1,
            "short elu": |x| super::short::elu_at(x, 1.5).0,
            "short gelu slope": |x| super::short::gelu_at(x).1,
            "short cosine": |x: f64| super::short::modest_cos_at(x.clamp(-1e6, 1e6)).0,
            "short cosine slope": |x: f64| super::short::modest_cos_at(x.clamp(-1e6, 1e6)).1,
        }
    }
}
