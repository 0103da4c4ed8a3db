//! Pinball loss: its minimum is the tau-quantile of the target.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Constant, Kind, Kink, Partial, PointwiseLoss};
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of where(a > y, (1 - tau) * (a - y), tau * (y - a))
pub struct Quantile {
    tau: f64,
}

impl PointwiseLoss for Quantile {
    const ABOUT: About = About {
        name: "quantile",
        kind: Kind::PointwiseLoss,
        summary: "Pinball loss: its minimum is the tau-quantile of the target.",
        formula: "where(a > y, (1 - tau) * (a - y), tau * (y - a))",
        partials: &[Partial { by: "a", formula: "where(a > y, 1 - tau, where(a < y, -tau, 0))" }],
        kinks: &[Kink { at: "a = y", slope: "0: the minimum lies there" }],
        constants: &[Constant { name: "tau", default: 0.5, least: 0.0, most: 1.0, meaning: "the quantile to predict" }],
        source: "Koenker and Bassett, Econometrica 46, 1978",
    };
    fn new(constants: &[f64]) -> Self {
        Quantile { tau: constants[0] }
    }
    fn constants(&self) -> Vec<f64> {
        vec![self.tau]
    }
}

impl Binary for Quantile {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        let above = ((1.0 - self.tau) * d, 1.0 - self.tau);
        let below = (-(self.tau * d), -self.tau);
        let sided = if d > 0.0 { above } else { below };
        let sided = if d == 0.0 { (0.0, 0.0) } else { sided };
        if d.is_nan() { (d, d) } else { sided }
    }
}
