//! Stochastic gradient descent, with momentum and Nesterov's look-ahead.
//!
//! Letters: θ parameter, g gradient, η learning rate, v velocity, μ momentum, d dampening, λ weight decay.
//! g ← g + λθ; v ← μv + (1 − d)g (the first v is g); θ ← θ − ηv, with Nesterov θ ← θ − η(g + μv).
//! Source: Robbins and Monro 1951; Polyak 1964; Sutskever, Martens, Dahl and Hinton, ICML 2013.

use super::{Entry, Line, Memory, Optimizer};
use crate::Scalar;
use backlit_kernels::update::Rule;
use std::ops::Range;

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
        make: |options, parameters| match options[0] {
            0.0 => Box::new(Plain { weight_decay: options[3] }),
            _ => Box::new(Sgd { options: options.try_into().expect("four options"), first: true, memory: Memory::new(parameters) }),
        },
        lines: LINES,
    }
}

/// Without momentum nothing is remembered.
struct Plain {
    weight_decay: f64,
}

struct Sgd<S> {
    options: [f64; 4],
    first: bool,
    memory: Memory<S, 1>,
}

struct Step<S> {
    rate: S,
    weight_decay: S,
    momentum: S,
    share: S,
    nesterov: bool,
}

impl<S: Scalar> Rule<S, 0> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, _: [S; 0]) -> (S, [S; 0]) {
        (parameter - self.rate * gradient, [])
    }
}

/// Plain descent with weight decay.
struct Decayed<S>(Step<S>);

impl<S: Scalar> Rule<S, 0> for Decayed<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, none: [S; 0]) -> (S, [S; 0]) {
        self.0.step(parameter, gradient + self.0.weight_decay * parameter, none)
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

impl<S: Scalar> Optimizer<S> for Plain {
    fn update(&mut self, learning_rate: f64, trainable: &[Range<usize>], gradient: &[S], old: &[S], new: &mut [S]) -> bool {
        let weight_decay = S::from_f64(self.weight_decay);
        let step = Step { rate: S::from_f64(learning_rate), weight_decay, momentum: S::ZERO, share: S::ONE, nesterov: false };
        if self.weight_decay == 0.0 {
            Memory::<S, 0>([]).apply(&step, trainable, gradient, old, new)
        } else {
            Memory::<S, 0>([]).apply(&Decayed(step), trainable, gradient, old, new)
        }
    }
}

impl<S: Scalar> Optimizer<S> for Sgd<S> {
    fn update(&mut self, learning_rate: f64, trainable: &[Range<usize>], gradient: &[S], old: &[S], new: &mut [S]) -> bool {
        let [momentum, dampening, nesterov, weight_decay] = self.options;
        let step = Step {
            rate: S::from_f64(learning_rate),
            weight_decay: S::from_f64(weight_decay),
            momentum: S::from_f64(momentum),
            share: S::from_f64(if self.first { 1.0 } else { 1.0 - dampening }),
            nesterov: nesterov != 0.0,
        };
        self.first = false;
        self.memory.apply(&step, trainable, gradient, old, new)
    }
}
