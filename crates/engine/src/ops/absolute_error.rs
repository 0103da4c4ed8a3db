//! The absolute error, summed over outputs.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Kink, Partial, PointwiseLoss};
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of abs(a - y)
pub struct AbsoluteError;

impl PointwiseLoss for AbsoluteError {
    const ABOUT: About = About {
        name: "absolute_error",
        kind: Kind::PointwiseLoss,
        summary: "The absolute error, summed over outputs.",
        formula: "abs(a - y)",
        partials: &[Partial { by: "a", formula: "sign(a - y)" }],
        kinks: &[Kink { at: "a = y", slope: "0: the minimum lies there" }],
        constants: &[],
        source: "Boscovich 1757, Laplace 1774",
    };
    fn new(_constants: &[f64]) -> Self {
        AbsoluteError
    }
}

impl Binary for AbsoluteError {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        let sign = if d > 0.0 { 1.0 } else { -1.0 };
        let sign = if d == 0.0 { 0.0 } else { sign };
        (d.abs(), if d.is_nan() { d } else { sign })
    }
}
