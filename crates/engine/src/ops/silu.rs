//! Sigmoid linear unit, also called swish.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = z * sigmoid(z)
pub struct Silu;

impl Activation for Silu {
    const ABOUT: About = About {
        name: "silu",
        kind: Kind::Activation,
        summary: "Sigmoid linear unit, also called swish.",
        formula: "z * sigmoid(z)",
        partials: &[Partial { by: "z", formula: "sigmoid(z) * (1 + z * (1 - sigmoid(z)))" }],
        kinks: &[],
        constants: &[],
        source: "Elfwing, Uchibe and Doya, Neural Networks 107, 2018",
    };
    fn new(_constants: &[f64]) -> Self {
        Silu
    }
}

impl Unary for Silu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::silu_at(z)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::silu_at(z)
    }
}
