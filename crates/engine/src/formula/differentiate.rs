//! The derivative of a formula by one of its letters, in a form that keeps its digits.
//!
//! Source: the rules of any calculus textbook; where two forms of a derivative are equal, the one without
//! cancellation: σ′ = σ(u) σ(−u) rather than σ(1 − σ), tanh′ = 1/cosh² rather than 1 − tanh². What a textbook
//! would print is made from it afterwards.

use super::{Comparison, Condition, Formula, Function, Sign};
use Formula::Constant;

/// ∂formula/∂letter. Where the derivative jumps it is that of the side whose value the formula takes, and that of
/// |u| is 0 at 0.
pub fn differentiate(formula: &Formula, letter: &str) -> Formula {
    let of = |inner: &Formula| differentiate(inner, letter);
    match formula {
        Constant(_) => Constant(0.0),
        Formula::Variable(name) => Constant(if name == letter { 1.0 } else { 0.0 }),
        Formula::Negative(inner) => negative(of(inner)),
        Formula::Arithmetic(sign, left, right) => {
            let (dl, dr) = (of(left), of(right));
            match sign {
                Sign::Plus => plus(dl, dr),
                Sign::Minus => minus(dl, dr),
                Sign::Times => plus(times(dl, *right.clone()), times(*left.clone(), dr)),
                // (l/r)′ = l′/r − (l/r) r′/r
                Sign::Over => minus(over(dl, *right.clone()), over(times(formula.clone(), dr), *right.clone())),
                Sign::Power => power_rule(formula, left, right, dl, dr),
            }
        }
        Formula::Apply(function, inner) => times(slope(*function, inner, formula), of(inner)),
        // At a tie the left side's value is taken.
        Formula::Max(left, right) => choose(left, Comparison::GreaterOrEqual, right, of(left), of(right)),
        Formula::Min(left, right) => choose(left, Comparison::LessOrEqual, right, of(left), of(right)),
        Formula::Where(condition, then, otherwise) => either(condition.as_ref().clone(), of(then), of(otherwise)),
    }
}

/// f′(u), where `value` is f(u) itself.
fn slope(function: Function, u: &Formula, value: &Formula) -> Formula {
    let apply = |function, inner: Formula| Formula::Apply(function, Box::new(inner));
    let u = || u.clone();
    match function {
        Function::Exp => value.clone(),
        Function::Log => over(Constant(1.0), u()),
        Function::Log1p => over(Constant(1.0), plus(Constant(1.0), u())),
        Function::Expm1 => apply(Function::Exp, u()),
        Function::Sqrt => over(Constant(1.0), times(Constant(2.0), value.clone())),
        Function::Abs => apply(Function::Sign, u()),
        Function::Sign => Constant(0.0),
        Function::Tanh => over(Constant(1.0), power(apply(Function::Cosh, u()), Constant(2.0))),
        // sinh u = (eᵘ − e⁻ᵘ)/2 = expm1(2u)/(2 eᵘ) = tanh(u) cosh(u), which keeps its digits near 0
        Function::Cosh => times(apply(Function::Tanh, u()), value.clone()),
        Function::Sigmoid => times(value.clone(), apply(Function::Sigmoid, negative(u()))),
        Function::Softplus => apply(Function::Sigmoid, u()),
        Function::NormalCdf => apply(Function::NormalPdf, u()),
        Function::NormalPdf => negative(times(u(), value.clone())),
    }
}

/// (uⁿ)′ = n uⁿ⁻¹ u′; where the exponent moves too, uᵛ (v′ log u + v u′/u).
fn power_rule(whole: &Formula, base: &Formula, exponent: &Formula, d_base: Formula, d_exponent: Formula) -> Formula {
    let lowered = match exponent {
        Constant(n) => Constant(n - 1.0),
        other => minus(other.clone(), Constant(1.0)),
    };
    let by_base = times(times(exponent.clone(), power(base.clone(), lowered)), d_base);
    let log = Formula::Apply(Function::Log, Box::new(base.clone()));
    plus(by_base, times(times(whole.clone(), log), d_exponent))
}

fn choose(left: &Formula, comparison: Comparison, right: &Formula, then: Formula, otherwise: Formula) -> Formula {
    either(Condition { left: left.clone(), comparison, right: right.clone() }, then, otherwise)
}

fn either(condition: Condition, then: Formula, otherwise: Formula) -> Formula {
    if then == otherwise { then } else { Formula::Where(Box::new(condition), Box::new(then), Box::new(otherwise)) }
}

fn join(sign: Sign, left: Formula, right: Formula) -> Formula {
    Formula::Arithmetic(sign, Box::new(left), Box::new(right))
}

/// −f, without a sign before a sign.
pub(super) fn negative(inner: Formula) -> Formula {
    match inner {
        Constant(value) => Constant(if value == 0.0 { 0.0 } else { -value }),
        Formula::Negative(inner) => *inner,
        inner => Formula::Negative(Box::new(inner)),
    }
}

fn plus(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        (Constant(0.0), other) | (other, Constant(0.0)) => other,
        (left, Formula::Negative(right)) => join(Sign::Minus, left, *right),
        (left, right) => join(Sign::Plus, left, right),
    }
}

fn minus(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        (left, Constant(0.0)) => left,
        (Constant(0.0), right) => negative(right),
        (left, Formula::Negative(right)) => join(Sign::Plus, left, *right),
        (left, right) => join(Sign::Minus, left, right),
    }
}

fn times(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        // A factor that does not move: nothing comes of it, be the other infinite.
        (Constant(0.0), _) | (_, Constant(0.0)) => Constant(0.0),
        (Constant(1.0), other) | (other, Constant(1.0)) => other,
        (Formula::Negative(left), right) => negative(times(*left, right)),
        (left, Formula::Negative(right)) => negative(times(left, *right)),
        (left, right) => join(Sign::Times, left, right),
    }
}

fn over(left: Formula, right: Formula) -> Formula {
    match (left, right) {
        (Constant(0.0), _) => Constant(0.0),
        (left, Constant(1.0)) => left,
        (Formula::Negative(left), right) => negative(over(*left, right)),
        (left, right) => join(Sign::Over, left, right),
    }
}

fn power(base: Formula, exponent: Formula) -> Formula {
    match exponent {
        Constant(0.0) => Constant(1.0),
        Constant(1.0) => base,
        exponent => join(Sign::Power, base, exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::{Dual, Number, evaluate, parse};

    #[test]
    fn derivatives_are_those_of_dual_numbers() {
        let formulas = [
            "z^3 - 2*z + 1/z",
            "exp(-z) / (1 + z^2)",
            "z * sigmoid(1.5 * z)",
            "tanh(z)^2 - cosh(z / 2)",
            "softplus(z) * log1p(z^2) + expm1(z) - log(z^2 + 1)",
            "z * normal_cdf(z) - normal_pdf(2 * z)",
            "sqrt(1 + z^2) - abs(z - 1)",
            "2^z + (1 + z^2)^z",
            "max(0, z) + min(z, 0.5) * z",
            "where(z > 0, z, 0.5 * (exp(z) - 1))",
            "-(z - 3)^2 / -z",
        ];
        for text in formulas {
            let formula = parse(text).unwrap();
            let derivative = differentiate(&formula, "z");
            for z in [-3.7, -1.25, -0.1, 0.3, 0.9, 2.6, 11.0] {
                let dual: Dual = evaluate(&formula, &[("z", Dual::moving(z))]).unwrap();
                let got: f64 = evaluate(&derivative, &[("z", z)]).unwrap();
                let close = (got - dual.tangent).abs() <= 1e-12 * dual.tangent.abs().max(1e-3);
                assert!(close, "{text} at {z}: {got} and {}", dual.tangent);
            }
        }
    }

    #[test]
    fn saturated_slopes_keep_their_digits() {
        for (text, z, want) in [("sigmoid(z)", 40.0, 4.248_354_255_291_589e-18), ("tanh(z)", 30.0, 3.502_604_305_078_608e-26)] {
            let got: f64 = evaluate(&differentiate(&parse(text).unwrap(), "z"), &[("z", z)]).unwrap();
            assert!((got - want).abs() < 1e-12 * want, "{text}: {got}");
        }
    }

    #[test]
    fn at_a_kink_the_side_that_is_taken_counts() {
        let slope = |text: &str, z: f64| -> f64 { evaluate(&differentiate(&parse(text).unwrap(), "z"), &[("z", z)]).unwrap() };
        assert_eq!(slope("max(0, z)", 0.0), 0.0);
        assert_eq!(slope("max(z, 0)", 0.0), 1.0);
        assert_eq!(slope("abs(z)", 0.0), 0.0);
        assert!(f64::nan().is_nan() && slope("max(0, z)", f64::NAN).is_nan());
    }

    #[test]
    fn other_letters_stand_still() {
        let derivative = differentiate(&parse("alpha * z + y^2").unwrap(), "z");
        assert_eq!(derivative, parse("alpha").unwrap());
    }
}
