//! Adam: momentum over a running root mean square, both corrected for their start at zero.
//!
//! Letters: θ parameter, g gradient, η learning rate, m first and v second moment, β₁ β₂ their smoothing,
//! λ weight decay, t step from 1.
//! g ← g + λθ; m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²;
//! θ ← θ − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε). AMSGrad puts the largest v so far in place of v.
//! Source: Kingma and Ba, ICLR 2015; Reddi, Kale and Kumar, ICLR 2018 (AMSGrad).

use super::{Entry, Line, Optimizer, Recipe, made};
use crate::Scalar;
use backlit_kernels::update::Rule;

/// The rule above, line by line.
const LINES: &[Line] = &[
    Line::DECAYED_GRADIENT,
    Line::new("m", "beta1 * m0 + (1 - beta1) * g_decayed", "first moment"),
    Line::new("v", "beta2 * v0 + (1 - beta2) * g_decayed^2", "second moment"),
    LARGEST,
    FIRST_CORRECTED,
    SECOND_CORRECTED,
    Line::new("theta_new", "theta - eta * m_hat / (sqrt(v_hat) + epsilon)", "new parameter"),
];

pub(super) fn entry<S: Scalar>() -> Entry<S> {
    Entry {
        name: "adam",
        learning_rate: 0.001,
        options: &[("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("weight_decay", 0.0), ("amsgrad", 0.0)],
        make: |options, parameters| make(options, parameters, false),
        lines: LINES,
    }
}

/// AMSGrad.
pub(super) const LARGEST: Line =
    Line::new("v_max", "max(v_max0, v)", "largest second moment so far").when(|of| of("amsgrad") != 0.0).otherwise("v");
/// A mean of t numbers that began at 0, divided by the share of the numbers in it.
pub(super) const FIRST_CORRECTED: Line = Line::new("m_hat", "m / (1 - beta1^t)", "first moment, corrected for its start at 0");
pub(super) const SECOND_CORRECTED: Line = Line::new("v_hat", "v_max / (1 - beta2^t)", "second moment, corrected for its start at 0");

/// Adam, or AdamW when the weight decay is taken from the parameter itself (`decoupled`).
pub(super) fn make<S: Scalar>(options: &[f64], parameters: usize, decoupled: bool) -> Box<dyn Optimizer<S>> {
    let options: [f64; 5] = options.try_into().expect("five options");
    if options[4] == 0.0 {
        made(Adam { options, decoupled, steps: 0 }, parameters, 0.0)
    } else {
        made(AmsGrad(Adam { options, decoupled, steps: 0 }), parameters, 0.0)
    }
}

struct Adam {
    options: [f64; 5],
    decoupled: bool,
    steps: u64,
}

/// With the largest second moment so far.
struct AmsGrad(Adam);

struct Step<S> {
    beta1: S,
    rest1: S,
    beta2: S,
    rest2: S,
    /// ε √(1 − β₂ᵗ): both sides of the quotient times the root, which spares a division
    epsilon: S,
    /// λ, added to the gradient; 0 for AdamW
    decay_in_gradient: S,
    /// 1 − ηλ, times the parameter; 1 for Adam
    keep: S,
    /// η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    rate: S,
}

impl<S: Scalar> Step<S> {
    #[inline(always)]
    fn moments(&self, parameter: S, gradient: S, first: S, second: S) -> (S, S) {
        let gradient = gradient + self.decay_in_gradient * parameter;
        (self.beta1 * first + self.rest1 * gradient, self.beta2 * second + self.rest2 * gradient * gradient)
    }

    #[inline(always)]
    fn moved(&self, parameter: S, first: S, second: S) -> S {
        self.keep * parameter - self.rate * first / (second.sqrt() + self.epsilon)
    }
}

impl<S: Scalar> Rule<S, 2> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [first, second]: [S; 2]) -> (S, [S; 2]) {
        let (first, second) = self.moments(parameter, gradient, first, second);
        (self.moved(parameter, first, second), [first, second])
    }
}

impl<S: Scalar> Rule<S, 3> for Step<S> {
    #[inline(always)]
    fn step(&self, parameter: S, gradient: S, [first, second, largest]: [S; 3]) -> (S, [S; 3]) {
        let (first, second) = self.moments(parameter, gradient, first, second);
        let largest = largest.max_or_nan(second);
        (self.moved(parameter, first, largest), [first, second, largest])
    }
}

impl Adam {
    fn step<S: Scalar>(&self, learning_rate: f64) -> Step<S> {
        let [beta1, beta2, epsilon, weight_decay, _] = self.options;
        let t = self.steps as f64;
        let root = one_minus_power(beta2, t).sqrt();
        Step {
            beta1: S::from_f64(beta1),
            rest1: S::from_f64(1.0 - beta1),
            beta2: S::from_f64(beta2),
            rest2: S::from_f64(1.0 - beta2),
            epsilon: S::from_f64(epsilon * root),
            decay_in_gradient: S::from_f64(if self.decoupled { 0.0 } else { weight_decay }),
            keep: S::from_f64(if self.decoupled { 1.0 - learning_rate * weight_decay } else { 1.0 }),
            rate: S::from_f64(learning_rate * root / one_minus_power(beta1, t)),
        }
    }
}

impl<S: Scalar> Recipe<S, 2> for Adam {
    type Rule = Step<S>;
    fn steps(&mut self) -> Option<&mut u64> {
        Some(&mut self.steps)
    }
    fn rule(&self, learning_rate: f64) -> Step<S> {
        self.step(learning_rate)
    }
}

impl<S: Scalar> Recipe<S, 3> for AmsGrad {
    type Rule = Step<S>;
    fn steps(&mut self) -> Option<&mut u64> {
        Some(&mut self.0.steps)
    }
    fn rule(&self, learning_rate: f64) -> Step<S> {
        self.0.step(learning_rate)
    }
}

/// 1 − βᵗ = −expm1(t · ln β), with our own functions: the same bits everywhere.
fn one_minus_power(beta: f64, t: f64) -> f64 {
    if beta == 0.0 { 1.0 } else { -backlit_kernels::math::exp_m1(t * backlit_kernels::math::ln(beta)) }
}
