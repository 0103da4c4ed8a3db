//! The form a textbook would print: numbers and like terms taken together, what cancels cancelled, known parts by
//! their letters.
//!
//! Equal to the formula wherever both are finite; x / x becomes 1, also at 0.

mod algebra;
mod functions;
mod product;
mod ratio;
mod read;
mod search;

use super::Formula;
use algebra::Algebra;
use search::Search;

/// A formula with more parts than this is left as it is.
const MOST_PARTS: usize = 200_000;
/// Terms that may be written down in search of shorter forms.
const BUDGET: usize = 20_000;
/// Rounds until the form is one that gives itself.
const ROUNDS: usize = 12;

/// `formula` as a textbook would print it, each part that equals one of the `known` written as its letter: σ′ becomes
/// `a * (1 - a)` where `a` is known to be `sigmoid(z)`. The result of a result is itself.
pub fn textbook(formula: &Formula, known: &[(&str, Formula)]) -> Formula {
    if parts(formula) + known.iter().map(|(_, formula)| parts(formula)).sum::<usize>() > MOST_PARTS {
        return formula.clone();
    }
    let mut seen: Vec<(String, Formula)> = Vec::new();
    let mut form = simplified(formula, known);
    for _ in 0..ROUNDS {
        let text = form.to_string();
        if let Some(start) = seen.iter().position(|(before, _)| *before == text) {
            // Forms that lead to each other: the shortest stands for all of them.
            let shortest = seen.drain(start..).min_by_key(|(text, _)| (text.chars().count(), text.clone()));
            return shortest.map_or(form, |(_, form)| form);
        }
        let next = simplified(&form, known);
        seen.push((text, form));
        form = next;
    }
    form
}

/// One round.
fn simplified(formula: &Formula, known: &[(&str, Formula)]) -> Formula {
    let mut algebra = Algebra::new(BUDGET);
    let mut named = Vec::new();
    for (letter, formula) in known {
        let id = algebra.read(formula);
        named.push(id);
        algebra.name(id, letter);
    }
    let root = algebra.read(formula);
    let form = Search::run(&mut algebra, root, &named);
    algebra.write(form)
}

fn parts(formula: &Formula) -> usize {
    match formula {
        Formula::Constant(_) | Formula::Variable(_) => 1,
        Formula::Negative(inner) | Formula::Apply(_, inner) => 1 + parts(inner),
        Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => 1 + parts(left) + parts(right),
        Formula::Where(condition, then, otherwise) => 1 + parts(&condition.left) + parts(&condition.right) + parts(then) + parts(otherwise),
    }
}

#[cfg(test)]
mod tests;
