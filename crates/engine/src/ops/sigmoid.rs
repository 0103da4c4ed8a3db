//! The logistic function: any number to a share between 0 and 1.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = 1 / (1 + exp(-z))
pub struct Sigmoid;

impl Activation for Sigmoid {
    const ABOUT: About = About {
        name: "sigmoid",
        kind: Kind::Activation,
        summary: "The logistic function: any number to a share between 0 and 1.",
        formula: "1 / (1 + exp(-z))",
        partials: &[Partial { by: "z", formula: "a * (1 - a)" }],
        kinks: &[],
        constants: &[],
        source: "Verhulst 1845; the slope is computed as e / (1 + e)^2 with e = exp(-|z|), so it keeps its digits where a rounds to 1",
    };
    const FAR_OUT: &'static str = "sigmoid(z)";
    fn new(_constants: &[f64]) -> Self {
        Sigmoid
    }
}

impl Unary for Sigmoid {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::sigmoid_at(z)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::sigmoid_at(z)
    }
}
