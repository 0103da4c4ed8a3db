//! RMSprop: the gradient divided by a running root mean square of itself.
//!
//! Letters: θ parameter, g gradient, η learning rate, s running mean of g², m running mean of g (centered),
//! v velocity, α smoothing, μ momentum, λ weight decay.
//! g ← g + λθ; s ← αs + (1 − α)g²; centered: m ← αm + (1 − α)g, r = √max(s − m², 0) + ε, else r = √s + ε;
//! v ← μv + g/r; θ ← θ − ηv.
//! Source: Tieleman and Hinton, Coursera lecture 6.5, 2012; Graves, arXiv:1308.0850 (centered).

use super::{Entry, Line, Recipe, made};
use crate::Scalar;
use backlit_kernels::update::Rule;

/// The rule above, line by line.
const LINES: &[Line] = &[
    Line::DECAYED_GRADIENT,
    Line::new("s", "alpha * s0 + (1 - alpha) * g_decayed^2", "running mean of squares"),
    Line::new("m", "alpha * m0 + (1 - alpha) * g_decayed", "running mean").when(|of| of("centered") != 0.0),
    Line::new("s_centered", "max(s - m^2, 0)", "running variance").when(|of| of("centered") != 0.0).otherwise("s"),
    Line::new("r", "sqrt(s_centered) + epsilon", "root mean square"),
    Line::new("v", "momentum * v0 + g_decayed / r", "velocity").when(|of| of("momentum") != 0.0),
    Line::new("v", "g_decayed / r", "direction").when(|of| of("momentum") == 0.0),
    Line::new("theta_new", "theta - eta * v", "new parameter"),
];

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "rmsprop",
        learning_rate: 0.01,
        options: &[("alpha", 0.99), ("epsilon", 1e-8), ("weight_decay", 0.0), ("momentum", 0.0), ("centered", 0.0)],
        make: |options, parameters| {
            let options: [f64; 5] = options.try_into().expect("five options");
            let [.., momentum, centered] = options;
            match (momentum, centered) {
                (0.0, 0.0) => made(RmsProp { options }, parameters, 0.0),
                _ => made(Velocity(RmsProp { options }), parameters, 0.0),
            }
        },
        lines: LINES,
    }
}

/// Remembers the mean of squares alone.
struct RmsProp {
    options: [f64; 5],
}

/// Remembers mean and velocity too.
struct Velocity(RmsProp);

struct Step<S> {
    rate: S,
    alpha: S,
    rest: S,
    epsilon: S,
    weight_decay: S,
    momentum: S,
    centered: bool,
}

impl<S: Scalar> Rule<S, 1> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [square]: [S; 1]) -> (S, [S; 1]) {
        let gradient = gradient + self.weight_decay * parameter;
        let square = self.alpha * square + self.rest * gradient * gradient;
        (parameter - self.rate * (gradient / (square.sqrt() + self.epsilon)), [square])
    }
}

impl<S: Scalar> Rule<S, 3> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [square, mean, velocity]: [S; 3]) -> (S, [S; 3]) {
        let gradient = gradient + self.weight_decay * parameter;
        let square = self.alpha * square + self.rest * gradient * gradient;
        let mean = self.alpha * mean + self.rest * gradient;
        let variance = if self.centered { square - mean * mean } else { square };
        // What is 0 or above may be rounded below it, and has a root.
        let variance = if variance < S::ZERO { S::ZERO } else { variance };
        let velocity = self.momentum * velocity + gradient / (variance.sqrt() + self.epsilon);
        (parameter - self.rate * velocity, [square, mean, velocity])
    }
}

impl RmsProp {
    fn step<S: Scalar>(&self, learning_rate: f64) -> Step<S> {
        let [alpha, epsilon, weight_decay, momentum, centered] = self.options;
        Step {
            rate: S::from_f64(learning_rate),
            alpha: S::from_f64(alpha),
            rest: S::from_f64(1.0 - alpha),
            epsilon: S::from_f64(epsilon),
            weight_decay: S::from_f64(weight_decay),
            momentum: S::from_f64(momentum),
            centered: centered != 0.0,
        }
    }
}

impl<S: Scalar> Recipe<S, 1> for RmsProp {
    type Rule = Step<S>;
    fn rule(&self, learning_rate: f64) -> Step<S> {
        self.step(learning_rate)
    }
}

impl<S: Scalar> Recipe<S, 3> for Velocity {
    type Rule = Step<S>;
    fn rule(&self, learning_rate: f64) -> Step<S> {
        self.0.step(learning_rate)
    }
}
