//! Formula and values to result, over any kind of [`Number`].

use super::{Comparison, Formula, Number, Sign};
use std::cmp::Ordering;

/// A letter in the formula that was given no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbound(pub String);

impl std::fmt::Display for Unbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "'{}' has no value", self.0)
    }
}

impl std::error::Error for Unbound {}

/// The value of `formula`, each letter standing for the number beside it. `pi` is known.
pub fn evaluate<N: Number>(formula: &Formula, letters: &[(&str, N)]) -> Result<N, Unbound> {
    let of = |formula: &Formula| evaluate(formula, letters);
    Ok(match formula {
        Formula::Constant(value) => N::constant(*value),
        Formula::Variable(name) => match letters.iter().find(|(letter, _)| letter == name) {
            Some((_, value)) => value.clone(),
            None if name == "pi" => N::constant(std::f64::consts::PI),
            None => return Err(Unbound(name.clone())),
        },
        Formula::Negative(inner) => N::constant(0.0).subtract(&of(inner)?),
        Formula::Arithmetic(sign, left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            match sign {
                Sign::Plus => left.add(&right),
                Sign::Minus => left.subtract(&right),
                Sign::Times => left.multiply(&right),
                Sign::Over => left.divide(&right),
                Sign::Power => left.power(&right),
            }
        }
        Formula::Apply(function, inner) => of(inner)?.apply(*function),
        Formula::Max(left, right) => decide(of(left)?, of(right)?, Ordering::Greater),
        Formula::Min(left, right) => decide(of(left)?, of(right)?, Ordering::Less),
        Formula::Where(condition, then, otherwise) => {
            let Some(order) = of(&condition.left)?.order(&of(&condition.right)?) else {
                return Ok(N::nan());
            };
            let holds = match condition.comparison {
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
            };
            let (taken, left_aside) = if holds { (then, otherwise) } else { (otherwise, then) };
            let (value, tie) = (of(taken)?, order.is_eq());
            if tie {
                let other = of(left_aside)?;
                value.chosen(|| other, true)
            } else {
                value
            }
        }
    })
}

/// max or min. At a tie the left one stands: `max(0, z)` has slope 0 at 0.
fn decide<N: Number>(left: N, right: N, wanted: Ordering) -> N {
    match left.order(&right) {
        None => N::nan(),
        Some(Ordering::Equal) => left.chosen(|| right, true),
        Some(order) if order == wanted => left,
        Some(_) => right,
    }
}
