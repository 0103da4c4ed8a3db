//! Stochastic gradient descent, with momentum and Nesterov's look-ahead.
//!
//! Letters: θ parameter, g gradient, η learning rate, v velocity, μ momentum, d dampening, λ weight decay.
//! g ← g + λθ; v ← μv + (1 − d)g (the first v is g); θ ← θ − ηv, with Nesterov θ ← θ − η(g + μv).
//! Source: Robbins and Monro 1951; Polyak 1964; Sutskever, Martens, Dahl and Hinton, ICML 2013.

use super::{Entry, Line, Recipe, made};
use crate::Scalar;
use backlit_kernels::update::Rule;

/// The rule above, line by line.
const LINES: &[Line] = &[
    Line::DECAYED_GRADIENT,
    Line::new("v", "momentum * v0 + g_decayed", "velocity")
        .when(|of| of("momentum") != 0.0 && of("dampening") == 0.0)
        .otherwise("g_decayed"),
    Line::new("v", "momentum * v0 + (1 - dampening) * g_decayed", "velocity")
        .when(|of| of("momentum") != 0.0 && of("dampening") != 0.0 && of("t") > 1.0),
    Line::new("v_ahead", "g_decayed + momentum * v", "velocity one step ahead").when(|of| of("nesterov") != 0.0).otherwise("v"),
    Line::new("theta_new", "theta - eta * v_ahead", "new parameter"),
];

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "sgd",
        learning_rate: 0.01,
        options: &[("momentum", 0.0), ("dampening", 0.0), ("nesterov", 0.0), ("weight_decay", 0.0)],
        make: |options, parameters| {
            let options: [f64; 4] = options.try_into().expect("four options");
            let [momentum, .., weight_decay] = options;
            // Without momentum nothing is remembered.
            match (momentum, weight_decay) {
                (0.0, 0.0) => made(Plain, parameters, 0.0),
                (0.0, _) => made(Decayed { weight_decay }, parameters, 0.0),
                _ => made(Sgd { options, steps: 0 }, parameters, 0.0),
            }
        },
        lines: LINES,
    }
}

struct Plain;

struct Decayed {
    weight_decay: f64,
}

struct Sgd {
    options: [f64; 4],
    steps: u64,
}

struct PlainStep<S> {
    rate: S,
}

struct DecayedStep<S> {
    rate: S,
    weight_decay: S,
}

struct Step<S> {
    rate: S,
    weight_decay: S,
    momentum: S,
    share: S,
    nesterov: bool,
}

impl<S: Scalar> Rule<S, 0> for PlainStep<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, _: [S; 0]) -> (S, [S; 0]) {
        (parameter - self.rate * gradient, [])
    }
}

impl<S: Scalar> Rule<S, 0> for DecayedStep<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, _: [S; 0]) -> (S, [S; 0]) {
        (parameter - self.rate * (gradient + self.weight_decay * parameter), [])
    }
}

impl<S: Scalar> Rule<S, 1> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [velocity]: [S; 1]) -> (S, [S; 1]) {
        let gradient = gradient + self.weight_decay * parameter;
        let velocity = self.momentum * velocity + self.share * gradient;
        let direction = if self.nesterov { gradient + self.momentum * velocity } else { velocity };
        (parameter - self.rate * direction, [velocity])
    }
}

impl<S: Scalar> Recipe<S, 0> for Plain {
    type Rule = PlainStep<S>;
    fn rule(&self, learning_rate: f64) -> PlainStep<S> {
        PlainStep { rate: S::from_f64(learning_rate) }
    }
}

impl<S: Scalar> Recipe<S, 0> for Decayed {
    type Rule = DecayedStep<S>;
    fn rule(&self, learning_rate: f64) -> DecayedStep<S> {
        DecayedStep { rate: S::from_f64(learning_rate), weight_decay: S::from_f64(self.weight_decay) }
    }
}

impl<S: Scalar> Recipe<S, 1> for Sgd {
    type Rule = Step<S>;
    fn steps(&mut self) -> Option<&mut u64> {
        Some(&mut self.steps)
    }
    fn rule(&self, learning_rate: f64) -> Step<S> {
        let [momentum, dampening, nesterov, weight_decay] = self.options;
        // The first velocity is the gradient.
        let share = if self.steps <= 1 { 1.0 } else { 1.0 - dampening };
        Step {
            rate: S::from_f64(learning_rate),
            weight_decay: S::from_f64(weight_decay),
            momentum: S::from_f64(momentum),
            share: S::from_f64(share),
            nesterov: nesterov != 0.0,
        }
    }
}
