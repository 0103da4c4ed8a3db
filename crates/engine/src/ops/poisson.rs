//! Poisson deviance for counts and rates, without its constant; the prediction is the mean and must be positive.
//!
//! Letters: a the prediction, y the target; one term of the sum over outputs.

use crate::op::{About, Kind, Partial, PointwiseLoss};
use backlit_kernels::math;
use backlit_kernels::pointwise::Binary;

/// C = Σ over outputs of a - y * log(a)
pub struct Poisson;

impl PointwiseLoss for Poisson {
    const ABOUT: About = About {
        name: "poisson",
        kind: Kind::PointwiseLoss,
        summary: "Poisson deviance for counts and rates, without its constant; the prediction is the mean and must be positive.",
        formula: "a - y * log(a)",
        partials: &[Partial { by: "a", formula: "(a - y) / a" }],
        kinks: &[],
        constants: &[],
        source: "McCullagh and Nelder, Generalized Linear Models, 1989",
    };
    fn new(_constants: &[f64]) -> Self {
        Poisson
    }
}

impl Binary for Poisson {
    #[inline(always)]
    fn at(&self, a: f64, y: f64) -> (f64, f64) {
        // log(a) in two parts and the product with its rounding error: a and y log(a) nearly cancel where the
        // cost crosses 0.
        let (log, log_rest) = math::ln_parts(a);
        let product = y * log;
        let product_rest = y.mul_add(log, -product) + y * log_rest;
        let high = a - product;
        let back = high - a;
        let lost = (a - (high - back)) + (-product - back);
        let value = high + (lost - product_rest);
        let value = if y == 0.0 { a } else { value };
        // There is no cost at a mean that is not positive.
        let domain = if a > 0.0 { 0.0 } else { f64::NAN };
        (value + domain, (a - y) / a + domain)
    }
}
