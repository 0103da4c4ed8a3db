//! Factors with their formulas: local derivatives, sums where ways part, the mean over rows.

use super::cone::{Ahead, Cone, Edge};
use super::extended::Extended;
use super::record::{Factor, Letter, StandsFor, Term, What};
use super::values::{Place, Values};
use super::{ExplainError, Question};
use crate::formula::{Formula, Sign, evaluate};
use crate::graph::NodeId;
use crate::op::{Local, Operand, Written};
use crate::worked::each_letter;

/// Terms of a sum that are written out; the others stand together.
const WRITTEN_OUT: usize = 8;

/// Relative difference up to which a formula's number is the kernel's: both round a few times.
pub(super) const SAME: f64 = 1e-9;

/// ∂C/∂C\[r\] = 1/n; nothing for a single row.
pub(super) fn mean(question: &Question<'_>, place: usize) -> Option<Factor> {
    let rows = question.rows.len();
    let letters = vec![letter("n", StandsFor::Named("rows".into()), rows as f64)];
    let formula = binary(Sign::Over, Formula::Constant(1.0), variable("n"));
    let what = What::Mean { row: question.rows[place], rows };
    (rows > 1).then(|| Factor { what, formula: Some(formula), letters, value: 1.0 / rows as f64 })
}

/// The factor of one step.
pub(super) fn local(values: &Values<'_>, edge: &Edge) -> Factor {
    let what = What::Local { of: edge.to, by: edge.from };
    let Some((op, inputs)) = values.operation(edge.to.node) else {
        return Factor { what, formula: None, letters: Vec::new(), value: edge.slope };
    };
    let (formula, letters) = match op.local(edge.wrt, edge.from.index, edge.to.index, &values.shapes(edge.to.node)) {
        Local::One => (Some(Formula::Constant(1.0)), Vec::new()),
        Local::Input { which, index } => {
            let place = Place { node: inputs[which], index };
            (Some(variable("x")), vec![letter("x", StandsFor::Place(place), edge.slope)])
        }
        // The letter tells which number decided.
        Local::Is { which, index, .. } => {
            let place = Place { node: inputs[which], index };
            (Some(Formula::Constant(edge.slope)), vec![letter("c", StandsFor::Place(place), values.at(place))])
        }
        Local::Other => written(values, edge),
    };
    Factor { what, formula, letters, value: edge.slope }
}

/// The operation's formula: the textbook's, unless it loses the digits that the stable one keeps.
fn written(values: &Values<'_>, edge: &Edge) -> (Option<Formula>, Vec<Letter>) {
    let Some(written) = values.written(edge.to.node, edge.wrt, edge.from.index, edge.to.index) else { return (None, Vec::new()) };
    let letters = letters(values, edge.to.node, written.letters);
    let keeps_digits = |formula: &Formula| agrees(formula, &letters, edge.slope);
    let formula = match written.stable {
        Some(stable) if !keeps_digits(&written.formula) && keeps_digits(&stable) => stable,
        _ => written.formula,
    };
    let letters = used(&formula, letters);
    (Some(formula), letters)
}

/// Without the names of an operation's own that the formula does without, as those of a stable form that was not taken.
fn used(formula: &Formula, mut letters: Vec<Letter>) -> Vec<Letter> {
    let mut names = Vec::new();
    each_letter(&mut formula.clone(), &mut |name| names.push(name.clone()));
    letters.retain(|letter| !matches!(letter.stands_for, StandsFor::Named(_)) || names.contains(&letter.name));
    letters
}

/// What the letters of a formula stand for at a node.
fn letters(values: &Values<'_>, node: NodeId, letters: Vec<(String, Operand)>) -> Vec<Letter> {
    let stand = |operand: Operand| match operand {
        Operand::Input(which, index) => {
            let place = values.stands_for(node, which, index);
            (StandsFor::Place(place), values.at(place))
        }
        Operand::Output(index) => {
            let place = Place { node, index };
            (StandsFor::Place(place), values.at(place))
        }
        Operand::Constant(value) => (StandsFor::Constant, value),
        Operand::Named(name, value) => (StandsFor::Named(name), value),
    };
    let letter = |(name, operand)| {
        let (stands_for, value) = stand(operand);
        Letter { name, stands_for, value }
    };
    letters.into_iter().map(letter).collect()
}

/// A formula of an operation with its numbers: the stable form where the textbook's loses digits that this one keeps.
pub(super) fn term(values: &Values<'_>, node: NodeId, written: Written) -> Term {
    let letters = letters(values, node, written.letters);
    let number = |formula: &Formula| {
        let numbers: Vec<(&str, f64)> = letters.iter().map(|letter| (letter.name.as_str(), letter.value)).collect();
        evaluate(formula, &numbers).unwrap_or(f64::NAN)
    };
    let textbook = number(&written.formula);
    let (formula, value) = match written.stable.map(|stable| (number(&stable), stable)) {
        Some((value, stable)) if !agrees(&written.formula, &letters, value) => (stable, value),
        _ => (written.formula, textbook),
    };
    let letters = used(&formula, letters);
    Term { formula, letters, value }
}

/// Whether the formula with these numbers is this value.
pub(super) fn agrees(formula: &Formula, letters: &[Letter], value: f64) -> bool {
    let letters: Vec<(&str, f64)> = letters.iter().map(|letter| (letter.name.as_str(), letter.value)).collect();
    // Numbers below the smallest normal one have fewer digits than that.
    evaluate(formula, &letters).is_ok_and(|got: f64| got == value || (got - value).abs() <= SAME * value.abs() + f64::MIN_POSITIVE)
}

/// The chain from the cost to the start. Ways that part are one factor.
pub(super) fn chain(question: &Question<'_>, start: Place, sum: Extended, rows: &[(f64, Ahead)]) -> Result<Vec<Factor>, ExplainError> {
    if question.rows.len() > 1 {
        return Ok(vec![over_rows(question, start, sum, rows)]);
    }
    let values = question.values(0)?;
    let cone = Cone::new(&values, start);
    let mut chain = Vec::new();
    let mut at = start;
    // While there is one way only.
    while at.node != question.cost {
        let edges = cone.edges(at);
        let [edge] = edges.as_slice() else {
            chain.push(total(&cone, at, &edges));
            break;
        };
        chain.push(local(&values, edge));
        at = edge.to;
    }
    chain.reverse();
    Ok(chain)
}

/// ∂C/∂at = Σ over the numbers it acts on of ∂C/∂to · ∂to/∂at.
fn total(cone: &Cone<'_>, at: Place, edges: &[Edge]) -> Factor {
    let ahead = |edge: &Edge| cone.ahead(edge.to).map_or(Extended::ZERO, |ahead| ahead.sum);
    let mut terms: Vec<(Extended, &Edge)> = edges.iter().map(|edge| (ahead(edge).times(Extended::new(edge.slope)), edge)).collect();
    let value = terms.iter().fold(Extended::ZERO, |sum, (term, _)| sum.plus(*term)).to_f64();
    let mut letters = Vec::new();
    let mut written = Vec::new();
    if terms.len() > WRITTEN_OUT {
        terms.sort_by(|(a, _), (b, _)| b.abs().compare(a.abs()));
    }
    let (shown, others) = terms.split_at(if terms.len() > WRITTEN_OUT { WRITTEN_OUT - 1 } else { terms.len() });
    for (i, (_, edge)) in shown.iter().enumerate() {
        let (delta, slope) = (format!("d{i}"), format!("w{i}"));
        letters.push(letter(&delta, StandsFor::Derivative(edge.to), ahead(edge).to_f64()));
        let inner = local(cone.values, edge);
        // A number of the network stands for itself, 1 for nothing, everything else for its symbol.
        match (inner.formula, inner.letters.as_slice()) {
            (Some(Formula::Constant(1.0)), _) => written.push(variable(&delta)),
            (Some(Formula::Variable(_)), [only]) => {
                letters.push(Letter { name: slope.clone(), ..only.clone() });
                written.push(binary(Sign::Times, variable(&delta), variable(&slope)));
            }
            _ => {
                letters.push(letter(&slope, StandsFor::Slope { of: edge.to, by: edge.from }, edge.slope));
                written.push(binary(Sign::Times, variable(&delta), variable(&slope)));
            }
        }
    }
    if !others.is_empty() {
        let rest = others.iter().fold(Extended::ZERO, |sum, (term, _)| sum.plus(*term)).to_f64();
        letters.push(letter("rest", StandsFor::Others(others.len()), rest));
        written.push(variable("rest"));
    }
    Factor { what: What::Total { by: at }, formula: Some(added(written)), letters, value }
}

/// ∂C/∂target = Σ over rows of what each adds.
fn over_rows(question: &Question<'_>, start: Place, sum: Extended, rows: &[(f64, Ahead)]) -> Factor {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| rows[b].1.sum.abs().compare(rows[a].1.sum.abs()));
    let (shown, others) = order.split_at(if order.len() > WRITTEN_OUT { WRITTEN_OUT - 1 } else { order.len() });
    let n = rows.len() as f64;
    let mut letters = vec![letter("n", StandsFor::Named("rows".into()), n)];
    let mut terms = Vec::new();
    for (i, &place) in shown.iter().enumerate() {
        let name = format!("g{i}");
        let whole = rows[place].1.sum.times(Extended::new(n)).to_f64();
        letters.push(letter(&name, StandsFor::OfRow(question.rows[place]), whole));
        terms.push(variable(&name));
    }
    if !others.is_empty() {
        let rest = others.iter().fold(Extended::ZERO, |sum, &place| sum.plus(rows[place].1.sum)).times(Extended::new(n));
        letters.push(letter("rest", StandsFor::Others(others.len()), rest.to_f64()));
        terms.push(variable("rest"));
    }
    let formula = binary(Sign::Over, added(terms), variable("n"));
    Factor { what: What::Total { by: start }, formula: Some(formula), letters, value: sum.to_f64() }
}

fn added(terms: Vec<Formula>) -> Formula {
    terms.into_iter().reduce(|sum, term| binary(Sign::Plus, sum, term)).unwrap_or(Formula::Constant(0.0))
}

fn binary(sign: Sign, left: Formula, right: Formula) -> Formula {
    Formula::Arithmetic(sign, Box::new(left), Box::new(right))
}

fn variable(name: &str) -> Formula {
    Formula::Variable(name.to_string())
}

fn letter(name: &str, stands_for: StandsFor, value: f64) -> Letter {
    Letter { name: name.to_string(), stands_for, value }
}
