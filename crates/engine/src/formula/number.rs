//! What a formula can be evaluated over.

use super::Function;
use std::cmp::Ordering;

/// A kind of number: f32 and f64 here, [`Dual`](super::Dual) for derivatives, a tape or hundreds of bits in the tests.
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

/// The two floating-point types, each operation rounded to the type.
macro_rules! floats {
    ($($float:ty),*) => {$(
        impl Number for $float {
            fn constant(value: f64) -> $float {
                value as $float
            }
            fn add(&self, other: &$float) -> $float {
                self + other
            }
            fn subtract(&self, other: &$float) -> $float {
                self - other
            }
            fn multiply(&self, other: &$float) -> $float {
                self * other
            }
            fn divide(&self, other: &$float) -> $float {
                self / other
            }
            fn power(&self, exponent: &$float) -> $float {
                self.powf(*exponent)
            }
            fn apply(&self, function: Function) -> $float {
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
                    Function::NormalCdf => normal_cdf(f64::from(x)) as $float,
                    Function::NormalPdf => (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI as $float).sqrt(),
                }
            }
            fn order(&self, other: &$float) -> Option<Ordering> {
                self.partial_cmp(other)
            }
        }
    )*};
}

floats!(f32, f64);

/// Φ(x), plainly, sharing nothing with the operations: near 0 the series Φ = ½ + φ Σ x²ᵏ⁺¹/(1·3·5···(2k+1)), further out
/// Φ(−x) = φ/(x + 1/(x + 2/(x + 3/…))). Source: Abramowitz and Stegun 26.2.11 and 26.2.14.
fn normal_cdf(x: f64) -> f64 {
    let density = x.apply(Function::NormalPdf);
    let size = x.abs();
    if size < 4.0 {
        let (mut term, mut sum, mut k) = (x, x, 1.0);
        while term.abs() > 1e-18 * sum.abs() {
            k += 2.0;
            term *= x * x / k;
            sum += term;
        }
        // Far left the half and the series cancel: the fraction below is better from −1 on.
        if x > -1.0 {
            return 0.5 + density * sum;
        }
    }
    let fraction = (1..=400).rev().fold(size, |fraction, k| size + f64::from(k) / fraction);
    let tail = density / fraction;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{evaluate, parse};

    #[test]
    fn f32_is_f64_rounded_at_each_step() {
        for text in
            ["z * sigmoid(z) + tanh(z)^2", "log1p(exp(-z)) / (1 + abs(z))", "z * normal_cdf(z) - max(0, z)", "softplus(z) + sqrt(1 + z^2)"]
        {
            let formula = parse(text).unwrap();
            for z in [-3.5f32, -0.25, 0.125, 2.0] {
                let narrow: f32 = evaluate(&formula, &[("z", z)]).unwrap();
                let wide: f64 = evaluate(&formula, &[("z", f64::from(z))]).unwrap();
                assert!((f64::from(narrow) - wide).abs() < 4e-7 * (1.0 + wide.abs()), "{text} at {z}: {narrow} and {wide}");
            }
        }
        // It is really computed in f32: there 1 + 1e-8 is 1.
        assert_eq!(evaluate::<f32>(&parse("(1 + z) - 1").unwrap(), &[("z", 1e-8)]), Ok(0.0));
    }

    #[test]
    fn the_plain_normal_distribution_is_right() {
        // 30 digits by mpmath
        for (x, want) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (3.5, 0.999_767_370_920_964_5),
            (-0.5, 0.308_537_538_725_986_9),
            (-1.5, 0.066_807_201_268_858_07),
            (-5.0, 2.866_515_718_791_939e-7),
            (-20.0, 2.753_624_118_606_233_7e-89),
        ] {
            let got: f64 = normal_cdf(x);
            assert!((got - want).abs() <= 2e-14 * want, "{x}: {got} and {want}");
        }
        assert!(normal_cdf(f64::NAN).is_nan());
    }
}
