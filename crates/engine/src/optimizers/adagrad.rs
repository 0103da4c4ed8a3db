//! Adagrad: each parameter's rate falls with the gradients it has seen.
//!
//! Letters: θ parameter, g gradient, η learning rate, s sum of squares, λ weight decay, t step from 1.
//! g ← g + λθ; s ← s + g²; θ ← θ − η/(1 + (t − 1)·lr_decay) · g/(√s + ε).
//! Source: Duchi, Hazan and Singer, JMLR 12, 2011.

use super::{Entry, Line, Recipe, made};
use crate::Scalar;
use backlit_kernels::update::Rule;

/// The rule above, line by line.
const LINES: &[Line] = &[
    Line::DECAYED_GRADIENT,
    Line::new("s", "initial_accumulator_value + g_decayed^2", "sum of squares")
        .when(|of| of("t") == 1.0 && of("initial_accumulator_value") != 0.0),
    Line::new("s", "s0 + g_decayed^2", "sum of squares").when(|of| of("t") > 1.0 || of("initial_accumulator_value") == 0.0),
    Line::new("eta_t", "eta / (1 + (t - 1) * lr_decay)", "learning rate of this step").when(|of| of("lr_decay") != 0.0).otherwise("eta"),
    Line::new("theta_new", "theta - eta_t * g_decayed / (sqrt(s) + epsilon)", "new parameter"),
];

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "adagrad",
        learning_rate: 0.01,
        options: &[("lr_decay", 0.0), ("weight_decay", 0.0), ("initial_accumulator_value", 0.0), ("epsilon", 1e-10)],
        make: |options, parameters| {
            let [lr_decay, weight_decay, start, epsilon] = options.try_into().expect("four options");
            made(Adagrad { lr_decay, weight_decay, epsilon, steps: 0 }, parameters, start)
        },
        lines: LINES,
    }
}

struct Adagrad {
    lr_decay: f64,
    weight_decay: f64,
    epsilon: f64,
    steps: u64,
}

struct Step<S> {
    rate: S,
    weight_decay: S,
    epsilon: S,
}

impl<S: Scalar> Rule<S, 1> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [sum]: [S; 1]) -> (S, [S; 1]) {
        let gradient = gradient + self.weight_decay * parameter;
        let sum = sum + gradient * gradient;
        (parameter - self.rate * gradient / (sum.sqrt() + self.epsilon), [sum])
    }
}

impl<S: Scalar> Recipe<S, 1> for Adagrad {
    type Rule = Step<S>;
    fn steps(&mut self) -> Option<&mut u64> {
        Some(&mut self.steps)
    }
    fn rule(&self, learning_rate: f64) -> Step<S> {
        let rate = learning_rate / (1.0 + self.steps.saturating_sub(1) as f64 * self.lr_decay);
        Step { rate: S::from_f64(rate), weight_decay: S::from_f64(self.weight_decay), epsilon: S::from_f64(self.epsilon) }
    }
}
