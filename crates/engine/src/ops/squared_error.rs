//! The squared error, summed over outputs.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Partial, PointwiseLoss};
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of (y - a)^2
pub struct SquaredError;

impl PointwiseLoss for SquaredError {
    const ABOUT: About = About {
        name: "squared_error",
        kind: Kind::PointwiseLoss,
        summary: "The squared error, summed over outputs.",
        formula: "(y - a)^2",
        partials: &[Partial { by: "a", formula: "2 * (a - y)" }],
        kinks: &[],
        constants: &[],
        source: "Legendre 1805, Gauss 1809",
    };
    fn new(_constants: &[f64]) -> Self {
        SquaredError
    }
}

impl Binary for SquaredError {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        (d * d, 2.0 * d)
    }
}
