//! Dual numbers: a value and its derivative along one direction, carried forward together.
//!
//! Source: Clifford 1873; Griewank and Walther, Evaluating Derivatives, chapter 3. The rules here share
//! no line with the operations' partials, which is what makes them a second opinion.

use super::{Function, Number};
use std::cmp::Ordering;

/// value + tangent · ε, with ε² = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// f(x)
    pub value: f64,
    /// df along the direction
    pub tangent: f64,
    /// The derivative jumps here: some max, min, where or |x| met both its sides at once, with different tangents.
    pub kink: bool,
}

impl Dual {
    /// A number that does not move.
    #[inline(always)]
    pub fn fixed(value: f64) -> Dual {
        Dual { value, tangent: 0.0, kink: false }
    }

    /// The number that moves.
    pub fn moving(value: f64) -> Dual {
        Dual { value, tangent: 1.0, kink: false }
    }

    /// cos x
    pub fn cos(&self) -> Dual {
        Dual::follow(self.value.cos(), -self.value.sin(), self)
    }

    #[inline(always)]
    fn new(value: f64, tangent: f64, kink: bool) -> Dual {
        Dual { value, tangent, kink }
    }

    /// d · t, where a direction that does not move the input (t = 0) never becomes NaN through an infinite d.
    fn follow(value: f64, derivative: f64, from: &Dual) -> Dual {
        let tangent = if from.tangent == 0.0 { 0.0 } else { derivative * from.tangent };
        Dual::new(value, tangent, from.kink)
    }
}

impl Number for Dual {
    #[inline(always)]
    fn constant(value: f64) -> Dual {
        Dual::fixed(value)
    }
    #[inline(always)]
    fn add(&self, other: &Dual) -> Dual {
        Dual::new(self.value + other.value, self.tangent + other.tangent, self.kink || other.kink)
    }
    fn subtract(&self, other: &Dual) -> Dual {
        Dual::new(self.value - other.value, self.tangent - other.tangent, self.kink || other.kink)
    }
    #[inline(always)]
    fn multiply(&self, other: &Dual) -> Dual {
        Dual::new(self.value * other.value, self.tangent * other.value + self.value * other.tangent, self.kink || other.kink)
    }
    fn divide(&self, other: &Dual) -> Dual {
        let value = self.value / other.value;
        Dual::new(value, (self.tangent - value * other.tangent) / other.value, self.kink || other.kink)
    }
    fn power(&self, exponent: &Dual) -> Dual {
        let value = self.value.powf(exponent.value);
        let base = if self.tangent == 0.0 { 0.0 } else { exponent.value * self.value.powf(exponent.value - 1.0) * self.tangent };
        let top = if exponent.tangent == 0.0 { 0.0 } else { value * self.value.ln() * exponent.tangent };
        Dual::new(value, base + top, self.kink || exponent.kink)
    }
    fn apply(&self, function: Function) -> Dual {
        let x = self.value;
        let value = x.apply(function);
        let derivative = match function {
            Function::Exp => value,
            // dx / x, not (1 / x) · dx: 1 / x is infinite for the smallest x.
            Function::Log => return Dual::new(value, if self.tangent == 0.0 { 0.0 } else { self.tangent / x }, self.kink),
            Function::Log1p => 1.0 / (1.0 + x),
            Function::Expm1 => x.exp(),
            Function::Sqrt => 0.5 / value,
            Function::Abs => {
                let kink = self.kink || (x == 0.0 && self.tangent != 0.0);
                return Dual::new(value, x.apply(Function::Sign) * self.tangent, kink);
            }
            Function::Sign => {
                return Dual::new(value, 0.0, self.kink || (x == 0.0 && self.tangent != 0.0));
            }
            // 1 − tanh² = sech², without the subtraction
            Function::Tanh => {
                let e = (-x.abs()).exp();
                (2.0 * e / (1.0 + e * e)).powi(2)
            }
            Function::Cosh => x.sinh(),
            // σ(1 − σ) = e / (1 + e)² with e = exp(−|x|), without the subtraction
            Function::Sigmoid => {
                let e = (-x.abs()).exp();
                e / ((1.0 + e) * (1.0 + e))
            }
            Function::Softplus => x.apply(Function::Sigmoid),
            Function::NormalCdf => x.apply(Function::NormalPdf),
            Function::NormalPdf => -x * value,
        };
        Dual::follow(value, derivative, self)
    }
    fn order(&self, other: &Dual) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
    fn chosen(self, other: impl FnOnce() -> Dual, tie: bool) -> Dual {
        if !tie {
            return self;
        }
        let other = other();
        // The two sides meet here. Equal tangents: the derivative goes through (elu with alpha = 1 at 0).
        let scale = self.tangent.abs().max(other.tangent.abs());
        let jumps = (self.tangent - other.tangent).abs() > 1e-12 * scale;
        Dual { kink: self.kink || other.kink || jumps, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{evaluate, parse};

    fn at(text: &str, z: f64) -> Dual {
        evaluate(&parse(text).unwrap(), &[("z", Dual::moving(z))]).unwrap()
    }

    #[test]
    fn tangents_are_the_textbook_derivatives() {
        for (text, derivative, points) in [
            ("z^3 - 2*z", "3*z^2 - 2", &[-2.0, 0.5, 3.0][..]),
            ("exp(-z) / (1 + z)", "-exp(-z)/(1 + z) - exp(-z)/(1 + z)^2", &[0.1, 2.0]),
            ("tanh(z)", "1 / cosh(z)^2", &[-3.0, 0.2, 5.0]),
            ("sigmoid(z)", "exp(-z) / (1 + exp(-z))^2", &[-2.0, 0.0, 4.0]),
            ("softplus(z)", "1 / (1 + exp(-z))", &[-2.0, 0.0, 4.0]),
            ("log(z) + log1p(z) + sqrt(z)", "1/z + 1/(1+z) + 0.5/sqrt(z)", &[0.3, 7.0]),
            ("z * normal_cdf(z)", "normal_cdf(z) + z*normal_pdf(z)", &[-1.0, 0.4]),
            ("2^z", "2^z * log(2)", &[-1.0, 2.5]),
            ("expm1(z) * cosh(z)", "exp(z)*cosh(z) + expm1(z)*(exp(z) - exp(-z))/2", &[-1.0, 0.7]),
        ] {
            let derivative = parse(derivative).unwrap();
            for &z in points {
                let want: f64 = evaluate(&derivative, &[("z", z)]).unwrap();
                let got = at(text, z);
                assert!((got.tangent - want).abs() <= 4e-15 * want.abs().max(1e-3), "{text} at {z}: {} and {want}", got.tangent);
                assert!(!got.kink);
            }
        }
        assert_eq!(at("sigmoid(z)", 40.0).tangent, 4.248_354_255_291_589e-18);
    }

    #[test]
    fn kinks_are_seen_where_the_sides_disagree_and_only_there() {
        for (text, z, kink) in [
            ("max(0, z)", 0.0, true),
            ("max(0, z)", 1e-300, false),
            ("abs(z)", 0.0, true),
            ("where(z > 0, z, exp(z) - 1)", 0.0, false),
            ("where(z > 0, z, 2 * (exp(z) - 1))", 0.0, true),
            ("where(abs(z) <= 1, z^2 / 2, abs(z) - 0.5)", 1.0, false),
            ("min(1, max(0, z / 6 + 0.5))", 3.0, true),
            ("max(0, 0 * z)", 3.0, false),
        ] {
            assert_eq!(at(text, z).kink, kink, "{text} at {z}");
        }
    }
}
