//! AdamW: Adam whose weight decay shrinks the parameter itself, θ ← (1 − ηλ)θ, not the gradient.
//!
//! Source: Loshchilov and Hutter, ICLR 2019. The rest is `adam`.

use super::{Entry, Line, adam};
use crate::Scalar;

/// The rule, line by line.
const LINES: &[Line] = &[
    Line::new("theta_decayed", "(1 - eta * weight_decay) * theta", "parameter after weight decay")
        .when(|of| of("weight_decay") != 0.0)
        .otherwise("theta"),
    Line::new("m", "beta1 * m0 + (1 - beta1) * g", "first moment"),
    Line::new("v", "beta2 * v0 + (1 - beta2) * g^2", "second moment"),
    adam::LARGEST,
    adam::FIRST_CORRECTED,
    adam::SECOND_CORRECTED,
    Line::new("theta_new", "theta_decayed - eta * m_hat / (sqrt(v_hat) + epsilon)", "new parameter"),
];

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "adamw",
        learning_rate: 0.001,
        options: &[("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("weight_decay", 0.01), ("amsgrad", 0.0)],
        make: |options, parameters| adam::make(options, parameters, true),
        lines: LINES,
    }
}
