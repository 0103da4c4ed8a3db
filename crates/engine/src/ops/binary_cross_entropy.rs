//! Minus the log-likelihood of independent yes/no targets, from logits: the sigmoid is inside.
//!
//! Letters: z the logit (the pre-activation of the last layer), y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Partial, PointwiseLoss};
use backlit_kernels::math;
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of (1 - y) * softplus(z) + y * softplus(-z)
pub struct BinaryCrossEntropy;

impl PointwiseLoss for BinaryCrossEntropy {
    const ABOUT: About = About {
        name: "binary_cross_entropy",
        kind: Kind::PointwiseLoss,
        summary: "Minus the log-likelihood of independent yes/no targets, from logits: the sigmoid is inside.",
        formula: "(1 - y) * softplus(z) + y * softplus(-z)",
        partials: &[Partial { by: "z", formula: "sigmoid(z) - y" }],
        kinks: &[],
        constants: &[],
        source: "Good 1952; from logits as (1 - y) softplus(z) + y softplus(-z), a sum of positive terms",
    };
    fn new(_constants: &[f64]) -> Self {
        BinaryCrossEntropy
    }
}

impl Binary for BinaryCrossEntropy {
    #[inline(always)]
    fn at(&self, z: f64, y: f64) -> (f64, f64) {
        let e = math::exp(-z.abs());
        // sigmoid of |z| and of -|z|: neither is a difference, so both keep their digits.
        let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
        let positive = z > 0.0;
        let (p, q) = if positive { (large, small) } else { (small, large) };
        let (size, share) = (z.abs(), if positive { 1.0 - y } else { y });
        // No cost for the side that the target does not name, be the logit infinite.
        let line = if share == 0.0 { 0.0 } else { size * share };
        (line + math::ln_1p(e), (1.0 - y) * p - y * q)
    }
}
