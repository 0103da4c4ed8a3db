//! Scaled exponential linear unit: keeps mean 0 and variance 1 through deep nets.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Kink, Partial};
use backlit_kernels::math;

const LAMBDA: f64 = 1.0507009873554805;
const LAMBDA_ALPHA: f64 = 1.7580993408473766;
use backlit_kernels::pointwise::Unary;

/// a = where(z > 0, 1.0507009873554805 * z, 1.7580993408473766 * expm1(z))
pub struct Selu;

impl Activation for Selu {
    const ABOUT: About = About {
        name: "selu",
        kind: Kind::Activation,
        summary: "Scaled exponential linear unit: keeps mean 0 and variance 1 through deep nets.",
        formula: "where(z > 0, 1.0507009873554805 * z, 1.7580993408473766 * expm1(z))",
        partials: &[Partial { by: "z", formula: "where(z > 0, 1.0507009873554805, 1.7580993408473766 * exp(z))" }],
        kinks: &[Kink { at: "z = 0", slope: "lambda alpha = 1.758, the slope of the left side" }],
        constants: &[],
        source: "Klambauer, Unterthiner, Mayr and Hochreiter, NeurIPS 2017; lambda = 1.0507009873554805, lambda alpha = 1.7580993408473766",
    };
    fn new(_constants: &[f64]) -> Self {
        Selu
    }
}

impl Unary for Selu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        let (value, slope) = math::elu_at(z, LAMBDA_ALPHA);
        if z > 0.0 { (LAMBDA * z, LAMBDA) } else { (value, slope) }
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        let (value, slope) = math::short::elu_at(z, LAMBDA_ALPHA);
        if z > 0.0 { (LAMBDA * z, LAMBDA) } else { (value, slope) }
    }
}
