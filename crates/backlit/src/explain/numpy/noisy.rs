//! Numbers with what rounding may have done to them: how far apart two correct ways of computing the same can end.
//!
//! Source: running error analysis (Wilkinson 1963; Higham, Accuracy and Stability of Numerical Algorithms, section 3.3).

use backlit_engine::formula::{Dual, Function, Number};
use std::cmp::Ordering;

/// What one operation rounds away, as a part of its result; named functions are within two of these.
const UNIT: f64 = f64::EPSILON;

/// A number and a bound of first order for its distance from the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Noisy {
    pub value: f64,
    pub noise: f64,
}

impl Noisy {
    /// A number that is what it is.
    pub fn exact(value: f64) -> Noisy {
        Noisy { value, noise: 0.0 }
    }

    /// 0
    pub const ZERO: Noisy = Noisy { value: 0.0, noise: 0.0 };

    /// With the noise of what went in, and this operation's own.
    fn rounded(value: f64, noise: f64) -> Noisy {
        Noisy { value, noise: noise + value.abs() * UNIT }
    }

    /// The sum of numbers.
    pub fn sum(terms: impl IntoIterator<Item = Noisy>) -> Noisy {
        terms.into_iter().fold(Noisy::ZERO, |sum, term| sum.add(&term))
    }
}

/// slope · noise, where nothing comes of nothing.
fn carried(slope: f64, noise: f64) -> f64 {
    if noise == 0.0 { 0.0 } else { slope.abs() * noise }
}

impl Number for Noisy {
    fn constant(value: f64) -> Noisy {
        Noisy::exact(value)
    }
    fn add(&self, other: &Noisy) -> Noisy {
        Noisy::rounded(self.value + other.value, self.noise + other.noise)
    }
    fn subtract(&self, other: &Noisy) -> Noisy {
        Noisy::rounded(self.value - other.value, self.noise + other.noise)
    }
    fn multiply(&self, other: &Noisy) -> Noisy {
        Noisy::rounded(self.value * other.value, carried(other.value, self.noise) + carried(self.value, other.noise))
    }
    fn divide(&self, other: &Noisy) -> Noisy {
        let value = self.value / other.value;
        Noisy::rounded(value, carried(1.0 / other.value, self.noise) + carried(value / other.value, other.noise))
    }
    fn power(&self, exponent: &Noisy) -> Noisy {
        let by_base = Dual::moving(self.value).power(&Dual::fixed(exponent.value));
        let by_exponent = Dual::fixed(self.value).power(&Dual::moving(exponent.value));
        let noise = carried(by_base.tangent, self.noise) + carried(by_exponent.tangent, exponent.noise);
        Noisy::rounded(by_base.value, noise)
    }
    fn apply(&self, function: Function) -> Noisy {
        let result = Dual::moving(self.value).apply(function);
        // The argument of a function far out is rounded once more inside it: x²/2, −x/√2.
        let inside = match function {
            Function::NormalCdf | Function::NormalPdf | Function::Cosh => carried(result.tangent * self.value, UNIT),
            _ => 0.0,
        };
        Noisy::rounded(result.value, carried(result.tangent, self.noise) + result.value.abs() * UNIT + inside)
    }
    fn order(&self, other: &Noisy) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::formula::{evaluate, parse};

    /// The noise covers what f64 loses against whole numbers, and is not much more.
    #[test]
    fn what_cancels_is_noisy() {
        let formula = parse("(z + y) - y").unwrap();
        let near = evaluate(&formula, &[("z", Noisy::exact(0.1)), ("y", Noisy::exact(1e6))]).unwrap();
        let lost = (near.value - 0.1).abs();
        assert!(lost > 0.0 && lost <= near.noise && near.noise < 1e-9, "{near:?}, lost {lost}");
        let product = parse("z * z * exp(z)").unwrap();
        let near = evaluate(&product, &[("z", Noisy::exact(0.3))]).unwrap();
        assert!(near.noise < 1e-15, "{near:?}");
        assert_eq!(Noisy::ZERO.multiply(&Noisy::exact(f64::MAX)).noise, 0.0);
    }
}
