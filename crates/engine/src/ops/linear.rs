//! The pre-activation as it is.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::pointwise::Unary;

/// a = z
pub struct Linear;

impl Activation for Linear {
    const ABOUT: About = About {
        name: "linear",
        kind: Kind::Activation,
        summary: "The pre-activation as it is.",
        formula: "z",
        partials: &[Partial { by: "z", formula: "1" }],
        kinks: &[],
        constants: &[],
        source: "identity",
    };
    const KEEPS_SLOPE: bool = false;
    fn new(_constants: &[f64]) -> Self {
        Linear
    }
}

impl Unary for Linear {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        (z, if z.is_nan() { z } else { 1.0 })
    }
}
