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
        source: "LeCun et al., Efficient BackProp, 1998; the slope is computed as 4e / (1 + e)^2 with e = exp(-2|z|), in f32 for |z| <= 0.75 as 1 - tanh(z)^2",
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
        widened(math::tanh_f32_at(z as f32))
    }
    const MODEST: f64 = math::NEAR_TANH_F32 as f64;
    #[inline(always)]
    fn modest(&self, z: f64) -> (f64, f64) {
        widened(math::near_tanh_f32_at(z as f32))
    }
}

#[inline(always)]
fn widened((value, slope): (f32, f32)) -> (f64, f64) {
    (value.into(), slope.into())
}
