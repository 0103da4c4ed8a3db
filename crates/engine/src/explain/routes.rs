//! Three routes to one gradient, and whether they agree.

use super::Question;
use super::factors::agrees;
use super::record::{Explanation, Factor, Routes, Target, What};
use super::values::{Place, Values};
use crate::check;
use crate::plan::Plan;
use crate::step::Runner;

/// Before anything was compared.
pub(super) fn unknown(chain: f64) -> Routes {
    Routes {
        chain,
        backpropagation: f64::NAN,
        independent: f64::NAN,
        largest_relative_difference: f64::NAN,
        formulas_agree: false,
        kink: false,
        agrees: false,
    }
}

/// Takes the other routes and compares. The gradient and the size of the paths are known.
pub(super) fn routes(question: &Question<'_>, start: Place, explanation: &Explanation) -> Routes {
    let chain = explanation.routes.chain;
    let tangent = check::tangent(question.graph, question.cost, question.parameters, question.data, question.rows.len(), start);
    let backpropagation = Backpropagation::new(question, start);
    let found = backpropagation.at(question.parameters);
    let all = [chain, found, tangent.mean];
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let largest = pairs.iter().map(|&(a, b)| relative(all[a], all[b])).fold(0.0f64, |m, d| if d > m || d.is_nan() { d } else { m });
    let formulas_agree = every_factor(explanation).all(formula_agrees);
    let within = |noise: f64| {
        let close = |a: f64, b: f64| (a - b).abs() <= check::allowed(a.abs().max(b.abs()), explanation.size, noise);
        let independent = tangent.kink || (close(chain, tangent.mean) && close(found, tangent.mean));
        close(chain, found) && independent
    };
    // Only where plain rounding does not explain the difference is it measured how much rounding can do here.
    let numbers_agree = within(0.0) || within(check::rounding_of(question.parameters, found, &|shaken| backpropagation.at(shaken)));
    Routes {
        chain,
        backpropagation: found,
        independent: tangent.mean,
        largest_relative_difference: largest,
        formulas_agree,
        kink: tangent.kink,
        agrees: numbers_agree && formulas_agree,
    }
}

fn every_factor(explanation: &Explanation) -> impl Iterator<Item = &Factor> {
    explanation.chain.iter().chain(explanation.paths.iter().flat_map(|path| &path.factors))
}

/// Whether the printed formula with the printed numbers is the number that was multiplied.
fn formula_agrees(factor: &Factor) -> bool {
    let Some(formula) = &factor.formula else { return true };
    // A sum whose terms cancel is as exact as its terms.
    let terms = match factor.what {
        What::Total { .. } => factor.letters.iter().map(|letter| letter.value.abs()).fold(0.0, f64::max).max(1.0),
        _ => 0.0,
    };
    agrees(formula, &factor.letters, factor.value)
        || terms > 0.0 && {
            let letters: Vec<(&str, f64)> = factor.letters.iter().map(|letter| (letter.name.as_str(), letter.value)).collect();
            crate::formula::evaluate(formula, &letters).is_ok_and(|got: f64| (got - factor.value).abs() <= 1e-12 * terms * terms)
        }
}

fn relative(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) }
}

/// The gradient that training uses.
struct Backpropagation<'a> {
    question: &'a Question<'a>,
    start: Place,
    plan: Plan<f64>,
}

impl<'a> Backpropagation<'a> {
    fn new(question: &'a Question<'a>, start: Place) -> Self {
        Backpropagation { question, start, plan: Plan::gradient(question.graph, question.cost) }
    }

    fn at(&self, parameters: &[f64]) -> f64 {
        let question = self.question;
        let rows = question.rows.len();
        match question.target {
            Target::Parameter(index) => {
                let mut gradient = vec![0.0; parameters.len()];
                let mut runner = Runner::new(&self.plan, rows, 1);
                runner.gradient(&self.plan, parameters, question.data, rows, &mut gradient);
                gradient[index]
            }
            // Training takes no derivative by the data: the same partials, node by node.
            Target::Data { .. } => {
                let of = |row| {
                    let values = Values::new(question.graph, question.cost, parameters, question.data, row);
                    values.gradients()[self.start.node.0].get(self.start.index).copied().unwrap_or(0.0)
                };
                (0..rows).map(|row| of(row) / rows as f64).sum()
            }
        }
    }
}
