//! Like half the squared error near the target, like the absolute error far from it, and smooth.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Partial, PointwiseLoss};
use backlit_kernels::math;
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of log(cosh(a - y))
pub struct LogCosh;

impl PointwiseLoss for LogCosh {
    const ABOUT: About = About {
        name: "log_cosh",
        kind: Kind::PointwiseLoss,
        summary: "Like half the squared error near the target, like the absolute error far from it, and smooth.",
        formula: "log(cosh(a - y))",
        partials: &[Partial { by: "a", formula: "tanh(a - y)" }],
        kinks: &[],
        constants: &[],
        source: "Green, Journal of the Royal Statistical Society B 52, 1990; small errors by a polynomial in their square",
    };
    const FAR_OUT: &'static str = "where(abs(a - y) < 20, log(cosh(a - y)), abs(a - y) - log(2))";
    fn new(_constants: &[f64]) -> Self {
        LogCosh
    }
}

impl Binary for LogCosh {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        // d + lost = a - y exactly (Knuth's two-sum); the cost is steep enough to feel the lost part.
        let back = d - a;
        let lost = (a - (d - back)) + (-y - back);
        let lost = if lost.is_finite() { lost } else { 0.0 };
        let (value, slope) = math::log_cosh_at(d);
        (slope.mul_add(lost, value), slope)
    }
}
