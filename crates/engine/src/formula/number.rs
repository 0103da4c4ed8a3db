//! What a formula can be evaluated over.

use super::Function;
use std::cmp::Ordering;

/// A kind of number: f64 here, [`Dual`](super::Dual) for derivatives, a tape or hundreds of bits in the tests.
pub trait Number: Clone {
    /// A literal.
    fn constant(value: f64) -> Self;
    /// self + other
    fn add(&self, other: &Self) -> Self;
    /// self − other
    fn subtract(&self, other: &Self) -> Self;
    /// self · other
    fn multiply(&self, other: &Self) -> Self;
    /// self / other
    fn divide(&self, other: &Self) -> Self;
    /// self ^ exponent
    fn power(&self, exponent: &Self) -> Self;
    /// A named function.
    fn apply(&self, function: Function) -> Self;
    /// Order by value; none where one is NaN.
    fn order(&self, other: &Self) -> Option<Ordering>;
    /// The value chosen by max, min or where; `other` was not chosen, and `tie` says that the two sides
    /// of the decision were equal, so that a derivative may differ from side to side.
    fn chosen(self, other: impl FnOnce() -> Self, tie: bool) -> Self {
        let _ = (other, tie);
        self
    }
    /// Not a number.
    fn nan() -> Self {
        Self::constant(f64::NAN)
    }
}

impl Number for f64 {
    fn constant(value: f64) -> f64 {
        value
    }
    fn add(&self, other: &f64) -> f64 {
        self + other
    }
    fn subtract(&self, other: &f64) -> f64 {
        self - other
    }
    fn multiply(&self, other: &f64) -> f64 {
        self * other
    }
    fn divide(&self, other: &f64) -> f64 {
        self / other
    }
    fn power(&self, exponent: &f64) -> f64 {
        self.powf(*exponent)
    }
    fn apply(&self, function: Function) -> f64 {
        let x = *self;
        match function {
            Function::Exp => x.exp(),
            Function::Log => x.ln(),
            Function::Log1p => x.ln_1p(),
            Function::Expm1 => x.exp_m1(),
            Function::Sqrt => x.sqrt(),
            Function::Abs => x.abs(),
            Function::Sign => {
                if x == 0.0 {
                    0.0
                } else {
                    x.signum()
                }
            }
            Function::Tanh => x.tanh(),
            Function::Cosh => x.cosh(),
            Function::Sigmoid => {
                let e = (-x.abs()).exp();
                if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
            }
            Function::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p() + if x.is_nan() { x } else { 0.0 },
            Function::NormalCdf => backlit_kernels::math::normal_cdf(x),
            Function::NormalPdf => (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt(),
        }
    }
    fn order(&self, other: &f64) -> Option<Ordering> {
        self.partial_cmp(other)
    }
}
