//! Half the squared error, summed over outputs.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Partial, PointwiseLoss};
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of (y - a)^2 / 2
pub struct HalfSquaredError;

impl PointwiseLoss for HalfSquaredError {
    const ABOUT: About = About {
        name: "half_squared_error",
        kind: Kind::PointwiseLoss,
        summary: "Half the squared error, summed over outputs.",
        formula: "(y - a)^2 / 2",
        partials: &[Partial { by: "a", formula: "a - y" }],
        kinks: &[],
        constants: &[],
        source: "Legendre 1805, Gauss 1809",
    };
    fn new(_constants: &[f64]) -> Self {
        HalfSquaredError
    }
}

impl Binary for HalfSquaredError {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        (0.5 * d * d, d)
    }
}
