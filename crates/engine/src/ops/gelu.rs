//! Gaussian error linear unit, exact (not the tanh approximation).
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = z * normal_cdf(z)
pub struct Gelu;

impl Activation for Gelu {
    const ABOUT: About = About {
        name: "gelu",
        kind: Kind::Activation,
        summary: "Gaussian error linear unit, exact (not the tanh approximation).",
        formula: "z * normal_cdf(z)",
        partials: &[Partial { by: "z", formula: "normal_cdf(z) + z * normal_pdf(z)" }],
        kinks: &[],
        constants: &[],
        source: "Hendrycks and Gimpel, arXiv:1606.08415",
    };
    fn new(_constants: &[f64]) -> Self {
        Gelu
    }
}

impl Unary for Gelu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::gelu_at(z)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::gelu_at(z)
    }
}
