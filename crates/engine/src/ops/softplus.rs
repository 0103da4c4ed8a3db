//! A smooth relu.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = log(1 + exp(z))
pub struct Softplus;

impl Activation for Softplus {
    const ABOUT: About = About {
        name: "softplus",
        kind: Kind::Activation,
        summary: "A smooth relu.",
        formula: "log(1 + exp(z))",
        partials: &[Partial { by: "z", formula: "1 / (1 + exp(-z))" }],
        kinks: &[],
        constants: &[],
        source: "Dugas et al., NeurIPS 2001; computed as max(z, 0) + log1p(exp(-|z|))",
    };
    const FAR_OUT: &'static str = "softplus(z)";
    fn new(_constants: &[f64]) -> Self {
        Softplus
    }
}

impl Unary for Softplus {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::softplus_at(z)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::softplus_at(z)
    }
}
