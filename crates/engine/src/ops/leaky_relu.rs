//! Rectified linear unit with a small slope on the negative side.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Constant, Kind, Kink, Partial};
use backlit_kernels::pointwise::Unary;

/// a = where(z > 0, z, alpha * z)
pub struct LeakyRelu {
    alpha: f64,
}

impl Activation for LeakyRelu {
    const ABOUT: About = About {
        name: "leaky_relu",
        kind: Kind::Activation,
        summary: "Rectified linear unit with a small slope on the negative side.",
        formula: "where(z > 0, z, alpha * z)",
        partials: &[Partial { by: "z", formula: "where(z > 0, 1, alpha)" }],
        kinks: &[Kink { at: "z = 0", slope: "alpha, the slope of the left side" }],
        constants: &[Constant { name: "alpha", default: 0.01, least: 0.0, most: 1e6, meaning: "slope where z is negative" }],
        source: "Maas, Hannun and Ng, ICML 2013",
    };
    const KEEPS_SLOPE: bool = false;
    fn new(constants: &[f64]) -> Self {
        LeakyRelu { alpha: constants[0] }
    }
    fn constants(&self) -> Vec<f64> {
        vec![self.alpha]
    }
}

impl Unary for LeakyRelu {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        let leaky = if z > 0.0 { (z, 1.0) } else { (self.alpha * z, self.alpha) };
        if z.is_nan() { (z, z) } else { leaky }
    }
}
