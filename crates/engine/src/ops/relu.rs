//! Rectified linear unit: the positive part.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Kink, Partial};
use backlit_kernels::pointwise::Unary;

/// a = max(0, z)
pub struct Relu;

impl Activation for Relu {
    const ABOUT: About = About {
        name: "relu",
        kind: Kind::Activation,
        summary: "Rectified linear unit: the positive part.",
        formula: "max(0, z)",
        partials: &[Partial { by: "z", formula: "where(z > 0, 1, 0)" }],
        kinks: &[Kink { at: "z = 0", slope: "0, as most tools and the textbooks have it" }],
        constants: &[],
        source: "Nair and Hinton, ICML 2010",
    };
    const KEEPS_SLOPE: bool = false;
    fn new(_constants: &[f64]) -> Self {
        Relu
    }
}

impl Unary for Relu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        let positive = if z > 0.0 { (z, 1.0) } else { (0.0, 0.0) };
        if z.is_nan() { (z, z) } else { positive }
    }
}
