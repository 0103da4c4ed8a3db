//! Hyperbolic tangent: an s-shape from -1 to 1.
//!
//! Letters: z the pre-activation, a the activation.

use crate::op::{About, Activation, Kind, Partial};
use backlit_kernels::math;
use backlit_kernels::pointwise::Unary;

/// a = tanh(z)
pub struct Tanh;

impl Activation for Tanh {
    const ABOUT: About = About {
        name: "tanh",
        kind: Kind::Activation,
        summary: "Hyperbolic tangent: an s-shape from -1 to 1.",
        formula: "tanh(z)",
        partials: &[Partial { by: "z", formula: "1 - a^2" }],
        kinks: &[],
        constants: &[],
        source: "LeCun et al., Efficient BackProp, 1998; the slope is computed as 4e / (1 + e)^2 with e = exp(-2|z|), in f32 for |z| <= 3.28125 as 1 - tanh(z)^2 in f64",
    };
    fn new(_constants: &[f64]) -> Self {
        Tanh
    }
}

impl Unary for Tanh {
    #[inline(always)]
    fn at(&self, z: f64) -> (f64, f64) {
        math::tanh_at(z)
    }
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        math::short::tanh_at(z)
    }
    const MODEST: f64 = math::short::MODEST_TANH;
    #[inline(always)]
    fn modest(&self, z: f64) -> (f64, f64) {
        math::short::modest_tanh_at(z)
    }
    const NEAR: f64 = math::short::NEAR_TANH;
    #[inline(always)]
    fn near(&self, z: f64) -> (f64, f64) {
        math::short::near_tanh_at(z)
    }
}
