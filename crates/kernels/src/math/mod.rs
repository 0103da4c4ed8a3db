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
mod elu;
mod exp;
mod expm1;
mod gelu;
mod log;
mod log_cosh;
mod normal;
mod sigmoid;
mod silu;
mod tanh;

pub use elu::elu_at;
pub use exp::{exp, exp_parts, scale};
pub use expm1::exp_m1;
pub use gelu::gelu_at;
pub use log::{ln, ln_1p, ln_parts};
pub use log_cosh::log_cosh_at;
pub use normal::{mills, normal_cdf};
pub use sigmoid::{sigmoid_at, softplus_at};
pub use silu::silu_at;
pub use tanh::{tanh, tanh_at};
