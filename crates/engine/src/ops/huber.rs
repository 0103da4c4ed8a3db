//! Squared near the target, straight beyond delta: outliers pull with bounded force.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Constant, Kind, Partial, PointwiseLoss};
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of where(abs(a - y) <= delta, (a - y)^2 / 2, delta * (abs(a - y) - delta / 2))
pub struct Huber {
    delta: f64,
}

impl PointwiseLoss for Huber {
    const ABOUT: About = About {
        name: "huber",
        kind: Kind::PointwiseLoss,
        summary: "Squared near the target, straight beyond delta: outliers pull with bounded force.",
        formula: "where(abs(a - y) <= delta, (a - y)^2 / 2, delta * (abs(a - y) - delta / 2))",
        partials: &[Partial { by: "a", formula: "where(abs(a - y) <= delta, a - y, delta * sign(a - y))" }],
        kinks: &[],
        constants: &[Constant {
            name: "delta",
            default: 1.0,
            least: 1e-12,
            most: 1e12,
            meaning: "error from which the cost grows straight",
        }],
        source: "Huber, Annals of Mathematical Statistics 35, 1964",
    };
    fn new(constants: &[f64]) -> Self {
        Huber { delta: constants[0] }
    }
    fn constants(&self) -> Vec<f64> {
        vec![self.delta]
    }
}

impl Binary for Huber {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        let d = a - y;
        let near = (0.5 * d * d, d);
        let far = (self.delta * (d.abs() - 0.5 * self.delta), self.delta.copysign(d));
        if d.abs() > self.delta { far } else { near }
    }
}
