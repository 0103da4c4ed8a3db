//! Formulas that lose their digits or overflow far out, and what to write instead.
//!
//! A table of patterns in the language itself; each letter of a pattern stands for any part, and sums and products
//! match in any order, also as a part of longer ones.

mod pattern;
mod tree;

use super::{Formula, parse, textbook};
use pattern::{Bound, Matcher};
use tree::Tree;

/// A part of a formula that is better written in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The part, as it is typed.
    pub part: String,
    /// What to type in its place: a formula, or the name of a loss.
    pub stable: String,
    /// What goes wrong.
    pub why: &'static str,
}

const OVERFLOWS: &str = "the exponential overflows where its argument is large, and the result is lost";
const ROUNDS_TO_1: &str = "the subtraction from 1 cancels where the other side is close to 1";
const CANCELS: &str = "the difference of two nearly equal numbers cancels where the argument is small";
const PROBABILITY: &str =
    "a probability that rounds to 0 or 1 has an infinite logarithm; let the loss take the logits (drop the last sigmoid) instead";

/// The loss that is asked for by name.
const LOSS: &str = "binary_cross_entropy";

/// What is bad, what is better, and why; the first that fits counts, so the longer patterns come first.
const ROWS: [(&str, &str, &str); 28] = [
    ("y * log(a) + (1 - y) * log(1 - a)", LOSS, PROBABILITY),
    ("y * log(a) + (1 - y) * log1p(-a)", LOSS, PROBABILITY),
    ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", "tanh(x)", OVERFLOWS),
    ("(exp(x) - 1) / (exp(x) + 1)", "tanh(x / 2)", OVERFLOWS),
    ("(1 - exp(x)) / (1 + exp(x))", "tanh(-x / 2)", OVERFLOWS),
    ("expm1(x) / (exp(x) + 1)", "tanh(x / 2)", OVERFLOWS),
    ("2 * sigmoid(x) - 1", "tanh(x / 2)", CANCELS),
    ("exp(x) / (1 + exp(x))", "sigmoid(x)", OVERFLOWS),
    (
        "1 / (1 + exp(x))",
        "sigmoid(-x)",
        "the exponential overflows: the result becomes 0 too early, and its derivative infinity / infinity",
    ),
    ("exp(x) / exp(y)", "exp(x - y)", OVERFLOWS),
    ("log(1 + exp(x))", "softplus(x)", OVERFLOWS),
    ("log1p(exp(x))", "softplus(x)", OVERFLOWS),
    ("log(exp(x) + exp(y))", "max(x, y) + softplus(-abs(x - y))", OVERFLOWS),
    ("log(exp(x) - 1)", "x + log(-expm1(-x))", OVERFLOWS),
    ("log(expm1(x))", "x + log(-expm1(-x))", OVERFLOWS),
    ("log(exp(x))", "x", OVERFLOWS),
    ("log(sigmoid(x))", "-softplus(-x)", "the sigmoid rounds to 0 where its argument is very negative, and to 1 where it is large"),
    ("log(1 - sigmoid(x))", "-softplus(x)", ROUNDS_TO_1),
    ("log(cosh(x))", "abs(x) + softplus(-2 * abs(x)) - log(2)", "the hyperbolic cosine overflows where its argument is large"),
    ("log(x + 1) - log(x)", "log1p(1 / x)", "the difference of two nearly equal logarithms cancels"),
    ("log(x^2)", "2 * log(abs(x))", "the square overflows or becomes 0 long before its logarithm does"),
    ("log(1 + x)", "log1p(x)", "the sum with 1 loses the digits of what is small beside it"),
    ("sqrt(x + 1) - sqrt(x)", "1 / (sqrt(x + 1) + sqrt(x))", "the difference of two nearly equal roots cancels"),
    ("sqrt(x^2)", "abs(x)", "the square overflows or becomes 0 long before its root does"),
    ("1 - sigmoid(x)", "sigmoid(-x)", ROUNDS_TO_1),
    ("1 - normal_cdf(x)", "normal_cdf(-x)", ROUNDS_TO_1),
    ("1 - tanh(x)^2", "1 / cosh(x)^2", ROUNDS_TO_1),
    ("exp(x) - 1", "expm1(x)", CANCELS),
];

/// A formula with more parts than this is not looked through.
const MOST_PARTS: usize = 20_000;

/// What is better written in another way: for each place the outermost part that a pattern fits.
pub fn advice(formula: &Formula) -> Vec<Advice> {
    let mut parts = 0;
    let tree = Tree::read(formula, &mut parts);
    if parts > MOST_PARTS {
        return Vec::new();
    }
    let rows = ROWS.iter().map(|(bad, stable, why)| Row { bad: tree_of(bad), stable: formula_of(stable), why });
    let mut adviser = Adviser { matcher: Matcher::new(), rows: rows.collect() };
    adviser.visit(&tree).advice.into_iter().map(|(_, advice)| advice).collect()
}

fn formula_of(text: &str) -> Formula {
    parse(text).expect("a test parses every row")
}

fn tree_of(text: &str) -> Tree<'static> {
    Tree::read(&formula_of(text), &mut 0).without_source()
}

struct Row {
    bad: Tree<'static>,
    stable: Formula,
    why: &'static str,
}

struct Adviser {
    matcher: Matcher,
    rows: Vec<Row>,
}

/// What came of a part: the part in its better form, and advice with the place it is for.
struct Visited<'a> {
    better: Tree<'a>,
    changed: bool,
    advice: Vec<(usize, Advice)>,
}

/// A row that fits.
struct Fit<'a> {
    row: usize,
    /// The part in its better form; none where a loss takes its place.
    stable: Option<Tree<'a>>,
    /// What the pattern left alone.
    untouched: Vec<usize>,
}

impl Adviser {
    fn visit<'a>(&mut self, tree: &Tree<'a>) -> Visited<'a> {
        let (mut advice, mut changed) = (Vec::new(), false);
        let better = tree.map(&mut |child| {
            let visited = self.visit(child);
            advice.extend(visited.advice);
            changed |= visited.changed;
            visited.better
        });
        // The part as it stands, or what becomes of it when its parts are better: the row further up.
        let plain = self.fit(tree);
        let inner = if changed { self.fit(&better) } else { None };
        let Some(fit) = plain.into_iter().chain(inner).min_by_key(|fit| fit.row) else { return Visited { better, changed, advice } };
        advice.retain(|(place, _)| fit.untouched.contains(place));
        let row = &self.rows[fit.row];
        let part = tree.source.map_or_else(|| tree.formula().to_string(), Formula::to_string);
        let stable = fit.stable.as_ref().map_or_else(|| row.stable.to_string(), |stable| stable.formula().to_string());
        advice.insert(0, (tree.place, Advice { part, stable, why: row.why }));
        let changed = changed || fit.stable.is_some();
        Visited { better: Tree { place: tree.place, ..fit.stable.unwrap_or(better) }, changed, advice }
    }

    /// The first row that fits.
    fn fit<'a>(&mut self, tree: &Tree<'a>) -> Option<Fit<'a>> {
        self.rows.iter().enumerate().find_map(|(k, row)| {
            let found = self.matcher.find(&row.bad, tree)?;
            let mut untouched = Vec::new();
            let parts = found.bound.iter().map(|(_, part)| part).chain(&found.rest);
            parts.for_each(|part| part.places(&mut untouched));
            let stable = (row.stable != Formula::Variable(LOSS.into())).then(|| {
                let formula = put(&row.stable, &found.bound);
                found.with(tree, Tree::read(&formula, &mut 0).without_source())
            });
            Some(Fit { row: k, stable, untouched })
        })
    }
}

/// The formula with the bound parts in place of its letters.
fn put(formula: &Formula, bound: &Bound<'_>) -> Formula {
    match formula {
        Formula::Variable(name) => match bound.iter().find(|(letter, _)| letter == name) {
            Some((_, part)) => part.formula(),
            None => formula.clone(),
        },
        Formula::Negative(inner) => Formula::Negative(Box::new(put(inner, bound))),
        Formula::Arithmetic(sign, left, right) => Formula::Arithmetic(*sign, Box::new(put(left, bound)), Box::new(put(right, bound))),
        Formula::Apply(function, inner) => {
            let argument = put(inner, bound);
            // −(−z) and 2 z / 2 are z; what was typed stays as it was typed.
            let plain = matches!(inner.as_ref(), Formula::Variable(_) | Formula::Apply(..));
            Formula::Apply(*function, Box::new(if plain { argument } else { textbook(&argument, &[]) }))
        }
        Formula::Max(left, right) => Formula::Max(Box::new(put(left, bound)), Box::new(put(right, bound))),
        Formula::Min(left, right) => Formula::Min(Box::new(put(left, bound)), Box::new(put(right, bound))),
        Formula::Constant(_) | Formula::Where(..) => formula.clone(),
    }
}

#[cfg(test)]
mod tests;
