//! Exponential linear unit: smooth on the negative side, levels off at -alpha.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Constant, Kind, Kink, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = where(z > 0, z, alpha * expm1(z))
pub struct Elu {
    alpha: f64,
}

impl Activation for Elu {
    const ABOUT: About = About {
        name: "elu",
        kind: Kind::Activation,
        summary: "Exponential linear unit: smooth on the negative side, levels off at -alpha.",
        formula: "where(z > 0, z, alpha * expm1(z))",
        partials: &[Partial { by: "z", formula: "where(z > 0, 1, alpha * exp(z))" }],
        kinks: &[Kink { at: "z = 0, when alpha is not 1", slope: "alpha, the slope of the left side" }],
        constants: &[Constant { name: "alpha", default: 1.0, least: 0.0, most: 1e6, meaning: "how far below zero the curve levels off" }],
        source: "Clevert, Unterthiner and Hochreiter, ICLR 2016",
    };
    fn new(constants: &[f64]) -> Self {
        Elu { alpha: constants[0] }
    }
    fn constants(&self) -> Vec<f64> {
        vec![self.alpha]
    }
}

impl Unary for Elu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::elu_at(z, self.alpha)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::elu_at(z, self.alpha)
    }
}
