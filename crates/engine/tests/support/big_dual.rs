//! Derivatives of formulas over [`Big`] numbers: the rules are written here once more, apart from those of
//! the engine's own dual numbers.

use super::big::Big;
use backlit_engine::formula::{Function, Number};
use std::cmp::Ordering;

/// value + tangent · ε, with ε² = 0.
#[derive(Clone, Debug)]
pub struct BigDual {
    /// f(x)
    pub value: Big,
    /// f′(x)
    pub tangent: Big,
    /// A decision met both its sides at once, and their tangents differ.
    pub kink: bool,
}

impl BigDual {
    /// A number that does not move.
    pub fn fixed(value: f64) -> BigDual {
        BigDual { value: Big::of(value), tangent: Big::of(0.0), kink: false }
    }

    /// The number that moves.
    pub fn moving(value: f64) -> BigDual {
        BigDual { value: Big::of(value), tangent: Big::of(1.0), kink: false }
    }

    /// Whether it does not move.
    fn is_fixed(&self) -> bool {
        self.tangent.order(&Big::of(0.0)).is_some_and(Ordering::is_eq)
    }

    /// f′(x) for one function.
    fn derivative(&self, function: Function, value: &Big) -> Big {
        let x = &self.value;
        let one = Big::of(1.0);
        match function {
            Function::Exp => value.clone(),
            Function::Log => one.divide(x),
            Function::Log1p => one.divide(&one.add(x)),
            Function::Expm1 => x.apply(Function::Exp),
            Function::Sqrt => one.divide(&value.add(value)),
            Function::Abs => x.apply(Function::Sign),
            Function::Sign => Big::of(0.0),
            Function::Tanh => {
                let cosh = x.apply(Function::Cosh);
                one.divide(&cosh.multiply(&cosh))
            }
            Function::Cosh => x.apply(Function::Exp).subtract(&x.negate().apply(Function::Exp)).divide(&Big::of(2.0)),
            Function::Sigmoid => value.multiply(&x.negate().apply(Function::Sigmoid)),
            Function::Softplus => x.apply(Function::Sigmoid),
            Function::NormalCdf => x.apply(Function::NormalPdf),
            Function::NormalPdf => x.multiply(value).negate(),
        }
    }
}

impl Number for BigDual {
    fn constant(value: f64) -> BigDual {
        BigDual::fixed(value)
    }

    fn add(&self, other: &BigDual) -> BigDual {
        let (value, tangent) = (self.value.add(&other.value), self.tangent.add(&other.tangent));
        BigDual { value, tangent, kink: self.kink || other.kink }
    }

    fn subtract(&self, other: &BigDual) -> BigDual {
        let (value, tangent) = (self.value.subtract(&other.value), self.tangent.subtract(&other.tangent));
        BigDual { value, tangent, kink: self.kink || other.kink }
    }

    fn multiply(&self, other: &BigDual) -> BigDual {
        let tangent = self.tangent.multiply(&other.value).add(&self.value.multiply(&other.tangent));
        BigDual { value: self.value.multiply(&other.value), tangent, kink: self.kink || other.kink }
    }

    /// (u/v)′ = (u′v − uv′)/v²
    fn divide(&self, other: &BigDual) -> BigDual {
        let above = self.tangent.multiply(&other.value).subtract(&self.value.multiply(&other.tangent));
        let tangent = above.divide(&other.value).divide(&other.value);
        BigDual { value: self.value.divide(&other.value), tangent, kink: self.kink || other.kink }
    }

    fn power(&self, exponent: &BigDual) -> BigDual {
        assert!(exponent.is_fixed(), "only fixed exponents are differentiated here");
        let value = self.value.power(&exponent.value);
        let slope = exponent.value.multiply(&self.value.power(&exponent.value.subtract(&Big::of(1.0))));
        BigDual { value, tangent: slope.multiply(&self.tangent), kink: self.kink }
    }

    fn apply(&self, function: Function) -> BigDual {
        let value = self.value.apply(function);
        if self.is_fixed() {
            return BigDual { value, tangent: Big::of(0.0), kink: self.kink };
        }
        let tangent = self.derivative(function, &value).multiply(&self.tangent);
        let at_zero = self.value.order(&Big::of(0.0)).is_some_and(Ordering::is_eq);
        let corner = at_zero && matches!(function, Function::Abs | Function::Sign);
        BigDual { value, tangent, kink: self.kink || corner }
    }

    fn order(&self, other: &BigDual) -> Option<Ordering> {
        self.value.order(&other.value)
    }

    fn chosen(self, other: impl FnOnce() -> BigDual, tie: bool) -> BigDual {
        if !tie {
            return self;
        }
        let other = other();
        let jumps = !self.tangent.order(&other.tangent).is_some_and(Ordering::is_eq);
        BigDual { kink: self.kink || other.kink || jumps, ..self }
    }
}
