//! Three straight lines in place of the sigmoid.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Kink, Partial};
use backlit_kernels::pointwise::Unary;

/// a = min(1, max(0, (z + 3) / 6))
pub struct HardSigmoid;

impl Activation for HardSigmoid {
    const ABOUT: About = About {
        name: "hard_sigmoid",
        kind: Kind::Activation,
        summary: "Three straight lines in place of the sigmoid.",
        formula: "min(1, max(0, (z + 3) / 6))",
        partials: &[Partial { by: "z", formula: "where(abs(z) < 3, 1 / 6, 0)" }],
        kinks: &[Kink { at: "z = -3, z = 3", slope: "0, the slope of the flat side" }],
        constants: &[],
        source: "Howard et al., ICCV 2019 (MobileNetV3)",
    };
    const KEEPS_SLOPE: bool = false;
    fn new(_constants: &[f64]) -> Self {
        HardSigmoid
    }
}

impl Unary for HardSigmoid {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        let line = (z + 3.0) / 6.0;
        let clipped = if z <= -3.0 { 0.0 } else { line };
        let clipped = if z >= 3.0 { 1.0 } else { clipped };
        let slope = if z.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 };
        (clipped, if z.is_nan() { z } else { slope })
    }
}
