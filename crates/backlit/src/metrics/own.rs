//! A measure typed as a formula: `abs(a - y) / y`, `max: where(a > 0.5, y, 1 - y)`.
//!
//! Letters: a the prediction in the target's units, or the probability; y what is right (of classes and labels 1 or 0). Its value is the
//! mean over rows and outputs.

use crate::error::Error;
use crate::said::{Said, Targets, beside};
use backlit_engine::formula::{Formula, MOST_REGISTERS, Program, TooHard, Unbound, parse};

/// What stands before a measure of which more is better.
const MAXIMISED: &str = "max:";

/// A formula in a and y, ready to measure.
pub struct Own {
    /// As it was typed, with its white space made plain.
    pub text: String,
    /// Whether more is better.
    pub maximised: bool,
    program: Program,
}

impl Own {
    /// Reads a formula. `Err` says what to type.
    pub fn read(text: &str) -> Result<Own, String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (maximised, typed) = match text.strip_prefix(MAXIMISED) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("min:").unwrap_or(&text)),
        };
        let formula = parse(typed).map_err(|error| error.to_string())?;
        let program = Program::new(&["a", "y"], &[&formula]).map_err(|error| match error {
            TooHard::Unbound(Unbound(name)) => {
                format!("no letter '{name}' here; expected a formula in a and y, such as abs(a - y) / y")
            }
            TooHard::Large => format!("the formula is too large: it needs more than {MOST_REGISTERS} intermediate results at once"),
        })?;
        match has_prediction(&formula) {
            true => Ok(Own { maximised, program, text }),
            false => Err("there is no a in it, so it would be the same whatever is predicted".into()),
        }
    }

    /// The mean over rows and outputs, wherever they are; none without rows.
    pub fn of_said(&self, said: &Said, targets: Targets<'_>) -> Result<Option<f64>, Error> {
        let (mut sum, mut count) = (0.0, 0);
        beside(said, targets, &mut |predicted, targets| {
            self.add(predicted, targets, &mut sum);
            count += targets.len();
        })?;
        Ok((count > 0).then(|| sum / count as f64))
    }

    /// Adds those of rows. `predicted`, `targets`: rows × outputs
    pub(crate) fn add(&self, predicted: &[f64], targets: &[f64], sum: &mut f64) {
        self.program.run(&[predicted, targets], |_, count, [value]| value[..count].iter().for_each(|value| *sum += value));
    }

    /// A number that is the smaller the better the measure is.
    pub fn to_minimise(&self, value: f64) -> f64 {
        if self.maximised { -value } else { value }
    }
}

/// Whether a stands in it.
fn has_prediction(formula: &Formula) -> bool {
    match formula {
        Formula::Constant(_) => false,
        Formula::Variable(name) => name == "a",
        Formula::Negative(inner) | Formula::Apply(_, inner) => has_prediction(inner),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => {
            has_prediction(left) || has_prediction(right)
        }
        Formula::Where(condition, then, otherwise) => [&condition.left, &condition.right, then, otherwise].into_iter().any(has_prediction),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: &Own, predicted: &[f64], targets: &[f64]) -> Option<f64> {
        own.of_said(&Said::new(1, predicted.to_vec()), Targets::Numbers(targets)).expect("in memory")
    }

    #[test]
    fn the_mean_over_rows_and_outputs() {
        let own = Own::read(" abs(a  - y) / y ").unwrap();
        assert_eq!((own.text.as_str(), own.maximised), ("abs(a - y) / y", false));
        assert_eq!(of(&own, &[1.0, 2.0, 3.0, 4.0], &[2.0, 4.0, 2.0, 4.0]), Some((0.5 + 0.5 + 0.5) / 4.0));
        assert_eq!(of(&own, &[], &[]), None);
        // Over more rows than a block has.
        let a: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(of(&Own::read("a").unwrap(), &a, &a), Some(499.5));
        assert!(of(&own, &[0.0], &[0.0]).unwrap().is_nan());
        let own = Own::read("max: where(a > 0.5, y, 1 - y)").unwrap();
        assert_eq!((own.maximised, of(&own, &[0.9, 0.1, 0.2], &[1.0, 0.0, 1.0])), (true, Some(2.0 / 3.0)));
        assert_eq!((own.to_minimise(2.0), Own::read("min: a").unwrap().to_minimise(2.0)), (-2.0, 2.0));
        for (wrong, words) in [("abs(y)", "no a in it"), ("a - x", "no letter 'x'"), ("a -", "came the end"), ("best: a", "came ':'")] {
            let error = Own::read(wrong).err().unwrap();
            assert!(error.contains(words), "{wrong}: {error}");
        }
    }
}
