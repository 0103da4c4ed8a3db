//! Formula to text, in the language that [`parse`](super::parse()) reads, with the fewest brackets.

use super::{Comparison, Condition, Formula, Function, Sign};
use std::fmt::{self, Display, Formatter};

/// What may stand in a place without brackets, as in the grammar of the parser.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Sum,
    Product,
    Factor,
    Atom,
}

/// The shortest digits that read back as the same number; with an exponent where it is far from 1.
pub fn shortest(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-5..1e16).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

/// As it is typed. Reads back as the same formula, except that a minus before a product reads as one before its first
/// factor. What is not a finite number is written as a quotient that gives it.
impl Display for Formula {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(self, Level::Sum, f)
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
        };
        write!(f, "{} {sign} {}", self.left, self.right)
    }
}

impl Function {
    /// The name it is typed by.
    pub fn name(self) -> &'static str {
        let known = Function::NAMES.iter().find(|(_, function)| *function == self);
        known.map_or("", |(name, _)| name)
    }
}

fn level(formula: &Formula) -> Level {
    match formula {
        Formula::Constant(value) if !value.is_finite() => Level::Product,
        Formula::Constant(value) if value.is_sign_negative() => Level::Factor,
        Formula::Constant(_) | Formula::Variable(_) => Level::Atom,
        Formula::Apply(..) | Formula::Max(..) | Formula::Min(..) | Formula::Where(..) => Level::Atom,
        Formula::Negative(inner) if level(inner) == Level::Product => Level::Product,
        Formula::Negative(_) => Level::Factor,
        Formula::Arithmetic(Sign::Plus | Sign::Minus, ..) => Level::Sum,
        Formula::Arithmetic(Sign::Times | Sign::Over, ..) => Level::Product,
        Formula::Arithmetic(Sign::Power, ..) => Level::Factor,
    }
}

fn write(formula: &Formula, wanted: Level, f: &mut Formatter<'_>) -> fmt::Result {
    if level(formula) < wanted {
        f.write_str("(")?;
        write(formula, Level::Sum, f)?;
        return f.write_str(")");
    }
    match formula {
        Formula::Constant(value) if value.is_nan() => f.write_str("0 / 0"),
        Formula::Constant(value) if value.is_infinite() => f.write_str(if *value > 0.0 { "1 / 0" } else { "-1 / 0" }),
        Formula::Constant(value) => f.write_str(&shortest(*value)),
        Formula::Variable(name) => f.write_str(name),
        Formula::Negative(inner) => {
            f.write_str("-")?;
            // −(a · b) is (−a) · b, digit for digit.
            write(inner, Level::Product, f)
        }
        Formula::Arithmetic(sign, left, right) => {
            let (sign, before, behind) = match sign {
                Sign::Plus => (" + ", Level::Sum, Level::Product),
                Sign::Minus => (" - ", Level::Sum, Level::Product),
                Sign::Times => (" * ", Level::Product, Level::Factor),
                Sign::Over => (" / ", Level::Product, Level::Factor),
                Sign::Power => ("^", Level::Atom, Level::Factor),
            };
            write(left, before, f)?;
            f.write_str(sign)?;
            write(right, behind, f)
        }
        Formula::Apply(function, inner) => write!(f, "{}({inner})", function.name()),
        Formula::Max(left, right) => write!(f, "max({left}, {right})"),
        Formula::Min(left, right) => write!(f, "min({left}, {right})"),
        Formula::Where(condition, then, otherwise) => write!(f, "where({condition}, {then}, {otherwise})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::parse;

    #[test]
    fn brackets_stand_where_the_grammar_needs_them() {
        for text in [
            "z",
            "-z^2",
            "(-z)^2",
            "(z^2)^3",
            "z^2^3",
            "z^-y",
            "2 * (z + 1)",
            "a - (y - b)",
            "a - y - b",
            "a / (y * b)",
            "a / y * b",
            "a * -y",
            "a - -y",
            "-a * y",
            "-(a + y)",
            "1e-7 * z + 1e20",
            "where(z >= 0, max(z, 1), min(-z, 2 * z))",
            "normal_cdf(log1p(z)) + 0.1",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_finite_is_written_as_a_quotient() {
        let text = |value| Formula::Constant(value).to_string();
        assert_eq!((text(f64::NAN), text(f64::INFINITY), text(-f64::INFINITY)), ("0 / 0".into(), "1 / 0".into(), "-1 / 0".into()));
        let power = Formula::Arithmetic(Sign::Power, Box::new(Formula::Constant(f64::INFINITY)), Box::new(Formula::Constant(-2.0)));
        assert_eq!(power.to_string(), "(1 / 0)^-2");
    }
}
