//! An s-shape with slow tails.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::pointwise::Unary;

/// a = z / (1 + |z|); the card has it in two halves, which meet smoothly, where |z| would look like a kink.
pub struct Softsign;

impl Activation for Softsign {
    const ABOUT: About = About {
        name: "softsign",
        kind: Kind::Activation,
        summary: "An s-shape with slow tails.",
        formula: "where(z > 0, z / (1 + z), z / (1 - z))",
        partials: &[Partial { by: "z", formula: "1 / (1 + abs(z))^2" }],
        kinks: &[],
        constants: &[],
        source: "Turian, Bergstra and Bengio, 2009",
    };
    fn new(_constants: &[f64]) -> Self {
        Softsign
    }
}

impl Unary for Softsign {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        let near_one = 1.0_f64.copysign(z);
        let r = 1.0 / (1.0 + z.abs());
        // From 2^54 on the quotient rounds to 1, and at infinity it would be infinity / infinity.
        let value = if z.abs() > 1e17 { near_one } else { z / (1.0 + z.abs()) };
        (value, r * r)
    }
}
