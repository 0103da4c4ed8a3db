//! AdamW: Adam whose weight decay shrinks the parameter itself, θ ← (1 − ηλ)θ, not the gradient.
//!
//! Source: Loshchilov and Hutter, ICLR 2019. The rest is `adam`.

use super::{Entry, adam};
use crate::Scalar;

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "adamw",
        learning_rate: 0.001,
        options: &[("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("weight_decay", 0.01), ("amsgrad", 0.0)],
        make: |options, parameters| adam::make(options, parameters, true),
    }
}
