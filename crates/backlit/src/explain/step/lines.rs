//! The equations of a step: what each number is a sum of, and what each derivative is.

use super::shown::Shown;
use crate::document::Equation;
use crate::explain::digits::{USUAL, number, with_minus};
use crate::explain::page::{chained, equation, whatever_stands_there};
use crate::explain::wording::with_numbers;
use crate::explain::{Subject, Wording};
use crate::scaler::{Scaler, Scaling};
use backlit_engine::NodeId;
use backlit_engine::explain::{Factor, Letter, Place, StandsFor, Term, Values, What};
use backlit_engine::formula::{Condition, Formula, Sign, parse};
use backlit_engine::typeset::Math;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Terms of a sum that are all written out; of longer ones the first two and the last.
const TERMS: usize = 4;

pub(super) struct Lines<'a> {
    subject: &'a Subject,
    wording: &'a Wording<'a>,
    values: &'a Values<'a>,
    gradients: &'a [Vec<f64>],
    shown: &'a Shown,
    /// Quantities with a name of their own, each with the number that was said of it last: every unit of a batch norm has an s.
    said: RefCell<BTreeMap<String, u64>>,
}

/// A term of a sum, and the line that says what it is made of, where it takes one.
struct Part {
    term: Term,
    before: Vec<Equation>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        wording: &'a Wording<'a>,
        values: &'a Values<'a>,
        gradients: &'a [Vec<f64>],
        shown: &'a Shown,
    ) -> Lines<'a> {
        Lines { subject, wording, values, gradients, shown, said: RefCell::default() }
    }

    /// What the shown numbers of a node are; none of parameters, which are given.
    pub(super) fn values_of(&self, node: NodeId) -> Vec<Equation> {
        let graph = &self.subject.built.graph;
        if graph.parameter_of(node).is_some() {
            return Vec::new();
        }
        match (graph.operation_at(node), graph.name(node)) {
            (Some(_), _) => self.shown.of(node).flat_map(|place| self.value(place)).collect(),
            (None, "x") => self.shown.of(node).map(|place| self.column(place)).collect(),
            (None, "y") => self.shown.of(node).map(|place| self.target(place)).collect(),
            (None, _) => self.shown.of(node).map(|place| Equation::new(self.name(place), self.drawn(place))).collect(),
        }
    }

    fn name(&self, place: Place) -> Math {
        self.wording.thing(self.wording.at(place))
    }

    fn drawn(&self, place: Place) -> Math {
        number(self.values.at(place), USUAL)
    }

    fn gradient(&self, place: Place) -> f64 {
        self.gradients[place.node.number()].get(place.index).copied().unwrap_or(0.0)
    }

    /// A column as the network sees it, from what stands in the table.
    fn column(&self, place: Place) -> Equation {
        let scaler = &self.subject.metadata.input_scaler;
        let numbers = self.subject.names.columns.len() - self.subject.built.tables.len();
        match scaler.as_ref().filter(|_| place.index < numbers) {
            Some(scaler) => self.scaled(place, scaler, self.subject.raw[place.index]),
            None => Equation::new(self.name(place), self.drawn(place)),
        }
    }

    fn target(&self, place: Place) -> Equation {
        match &self.subject.metadata.target_scaler {
            Some(scaler) => {
                let raw = self.values.at(place) * scaler.scale[place.index] + scaler.mean[place.index];
                self.scaled(place, scaler, raw)
            }
            None => Equation::new(self.name(place), self.drawn(place)),
        }
    }

    /// u = (v − mean) / scale, bent where the scaling bends; 0 of a column that was constant.
    fn scaled(&self, place: Place, scaler: &Scaler, raw: f64) -> Equation {
        let (mean, scale) = (scaler.mean[place.index], scaler.scale[place.index]);
        if scale == 0.0 {
            return Equation::new(self.name(place), self.drawn(place)).note(whatever_stands_there(mean));
        }
        let letters = [("v", raw), ("m", mean), ("s", scale)];
        let text = match scaler.scaling {
            Scaling::Standard => "(v - m) / s",
            Scaling::Robust => "(v - m) / s / sqrt(1 + ((v - m) / (3 * s))^2)",
        };
        let value = self.values.at(place);
        let worked = parse(text).ok().map(|formula| with_numbers(&formula, &letters, value, USUAL));
        chained(self.name(place), worked.into_iter().chain([number(value, USUAL)]).collect())
    }

    /// The number at a place from what goes into its operation.
    fn value(&self, place: Place) -> Vec<Equation> {
        let (terms, value) = (self.values.terms(place), self.values.at(place));
        if self.only_handed_on(place, &terms) {
            return Vec::new();
        }
        let mut equations = Vec::new();
        for inner in self.values.between(place) {
            if self.say(&inner.name, inner.value) {
                let left = self.wording.notation.named(&inner.name);
                equations.push(match inner.term {
                    Some(term) => self.sum(left, place, vec![term], None, inner.value),
                    None => Equation::new(left, number(inner.value, USUAL)),
                });
            }
        }
        let Some(first) = terms.first() else {
            let about = self.subject.built.graph.operation_at(place.node).map(|op| op.about());
            let words = about.map(|about| Math::text(format!("{} ({})", about.name, with_minus(about.formula))));
            equations.push(chained(self.name(place), words.into_iter().chain([number(value, USUAL)]).collect()));
            return equations;
        };
        if terms.len() > 1 || !matches!(first.formula, Formula::Variable(_)) {
            equations.extend(terms.iter().flat_map(|term| self.named(&term.letters)));
        }
        let drawn = |term: &Term| term.letters.iter().all(|letter| self.is_drawn(letter));
        let kept = chosen(terms.len(), |at| drawn(&terms[at]));
        let rest: Vec<f64> = terms.iter().enumerate().filter(|(at, _)| !kept.contains(at)).map(|(_, term)| term.value).collect();
        let others = (!rest.is_empty()).then(|| (rest.len(), rest.iter().sum()));
        let kept = terms.into_iter().enumerate().filter(|(at, _)| kept.contains(at)).map(|(_, term)| term).collect();
        equations.push(self.sum(self.name(place), place, kept, others, value));
        equations
    }

    /// Whether a place only hands on a number that has the same name.
    fn only_handed_on(&self, place: Place, terms: &[Term]) -> bool {
        let [Term { formula: Formula::Variable(_), letters, .. }] = terms else { return false };
        matches!(letters.as_slice(), [Letter { stands_for: StandsFor::Place(from), .. }] if self.wording.at(*from) == self.wording.at(place))
    }

    fn is_drawn(&self, letter: &Letter) -> bool {
        match letter.stands_for {
            StandsFor::Place(place) => self.subject.built.graph.parameter_of(place.node).is_some() || self.shown.has(place),
            _ => true,
        }
    }

    /// Whether a quantity is said for the first time, or another number was said of that name since.
    fn say(&self, name: &str, value: f64) -> bool {
        self.said.borrow_mut().insert(name.to_string(), value.to_bits()) != Some(value.to_bits())
    }

    /// The numbers of quantities with names of their own, where they do not stand there already.
    fn named(&self, letters: &[Letter]) -> Vec<Equation> {
        let mut equations = Vec::new();
        for letter in letters {
            if let StandsFor::Named(name) = &letter.stands_for
                && self.say(name, letter.value)
            {
                equations.push(Equation::new(self.wording.notation.named(name), number(letter.value, USUAL)));
            }
        }
        equations
    }

    /// ∂C/∂ the shown numbers of a node; none of data, by which nothing is differentiated.
    pub(super) fn derivatives_by(&self, node: NodeId) -> Vec<Equation> {
        let graph = &self.subject.built.graph;
        if node == self.subject.built.cost || graph.operation_at(node).is_none() && graph.parameter_of(node).is_none() {
            return Vec::new();
        }
        self.shown.of(node).flat_map(|place| self.derivative(place)).collect()
    }

    /// ∂C/∂ a place: the sum over what it acts on.
    fn derivative(&self, place: Place) -> Vec<Equation> {
        let edges = self.values.acts_on(place);
        if let [(to, wrt)] = edges.as_slice()
            && self.wording.at(*to) == self.wording.at(place)
            && self.values.local(to.node, *wrt, place.index, to.index) == 1.0
        {
            return Vec::new();
        }
        let kept = chosen(edges.len(), |at| self.shown.has(edges[at].0));
        let (mut parts, mut rest) = (Vec::new(), Vec::new());
        for (at, (to, wrt)) in edges.iter().enumerate() {
            match kept.contains(&at) {
                true => parts.push(self.through(place, *to, *wrt)),
                false => rest.push(self.gradient(*to) * self.values.local(to.node, *wrt, place.index, to.index)),
            }
        }
        let others = (!rest.is_empty()).then(|| (rest.len(), rest.iter().sum()));
        let mut equations: Vec<Equation> = parts.iter_mut().flat_map(|part| std::mem::take(&mut part.before)).collect();
        let left = self.wording.partial(crate::explain::notation::Thing::Cost, self.wording.at(place));
        let terms = parts.into_iter().map(|part| part.term).collect();
        let sum = self.sum(left, place, terms, others, self.gradient(place));
        let from_the_loss = matches!(edges.as_slice(), [(to, _)] if to.node == self.subject.built.loss);
        equations.push(if from_the_loss { sum.note("from the loss") } else { sum });
        equations
    }

    /// What one way adds: ∂C/∂to · ∂to/∂place, the second written out before where it is more than a number of the network.
    fn through(&self, place: Place, to: Place, wrt: usize) -> Part {
        let factor = self.values.factor(to.node, wrt, place, to.index);
        if to.node == self.subject.built.cost {
            let before = self.named(&factor.letters);
            let by_itself =
                Term { formula: Formula::Variable("slope".into()), letters: vec![slope(to, place, factor.value)], value: factor.value };
            let Factor { formula, letters, value, .. } = factor;
            return Part { term: formula.map_or(by_itself, |formula| Term { formula, letters, value }), before };
        }
        let delta = Letter { name: "delta".into(), stands_for: StandsFor::Derivative(to), value: self.gradient(to) };
        let value = delta.value * factor.value;
        match (&factor.formula, factor.letters.as_slice()) {
            (Some(Formula::Constant(1.0)), _) => {
                Part { term: Term { formula: Formula::Variable("delta".into()), letters: vec![delta], value }, before: Vec::new() }
            }
            (Some(Formula::Variable(name)), [only]) if matches!(only.stands_for, StandsFor::Place(_)) => {
                let formula = product("delta", name);
                Part { term: Term { formula, letters: vec![delta, only.clone()], value }, before: Vec::new() }
            }
            _ => {
                let mut before = self.named(&factor.letters);
                before.push(equation(&factor, self.wording));
                let letters = vec![delta, slope(to, place, factor.value)];
                Part { term: Term { formula: product("delta", "slope"), letters, value }, before }
            }
        }
    }

    /// left = the sum in symbols = the sum in numbers = value. `others`: how many more terms there are, and what they add.
    fn sum(&self, left: Math, place: Place, terms: Vec<Term>, others: Option<(usize, f64)>, value: f64) -> Equation {
        let (mut letters, mut formulas) = (Vec::new(), Vec::new());
        for (at, term) in terms.into_iter().enumerate() {
            let constants: Vec<String> =
                term.letters.iter().filter(|letter| letter.stands_for == StandsFor::Constant).map(|letter| letter.name.clone()).collect();
            // Each term has letters of its own; constants are printed as they are called.
            let own = |name: &str| match constants.iter().any(|constant| constant == name)
                || term.letters.iter().all(|letter| letter.name != name)
            {
                true => name.to_string(),
                false => format!("{name}_{at}"),
            };
            formulas.push(renamed(&term.formula, &own));
            letters.extend(term.letters.iter().map(|letter| Letter { name: own(&letter.name), ..letter.clone() }));
        }
        if let Some((count, rest)) = others {
            letters.push(Letter { name: "rest".into(), stands_for: StandsFor::Others(count), value: rest });
            formulas.push(Formula::Variable("rest".into()));
        }
        let plus = |left: Formula, right: Formula| match right {
            Formula::Negative(inner) => Formula::Arithmetic(Sign::Minus, Box::new(left), inner),
            right => Formula::Arithmetic(Sign::Plus, Box::new(left), Box::new(right)),
        };
        let Some(formula) = formulas.into_iter().reduce(plus) else { return Equation::new(left, number(value, USUAL)) };
        let factor = Factor { what: What::Local { of: place, by: place }, formula: Some(formula), letters, value };
        let steps = [self.wording.formula(&factor), self.wording.substituted(&factor), Some(number(value, USUAL))];
        chained(left, steps.into_iter().flatten().collect())
    }
}

fn slope(of: Place, by: Place, value: f64) -> Letter {
    Letter { name: "slope".into(), stands_for: StandsFor::Slope { of, by }, value }
}

fn product(left: &str, right: &str) -> Formula {
    let [left, right] = [left, right].map(|name| Box::new(Formula::Variable(name.into())));
    Formula::Arithmetic(Sign::Times, left, right)
}

/// Which of so many terms are written out: a few all, of more those whose numbers are, and of many of these the first two and the last.
fn chosen(count: usize, drawn: impl Fn(usize) -> bool) -> Vec<usize> {
    if count <= TERMS {
        return (0..count).collect();
    }
    let drawn: Vec<usize> = (0..count).filter(|&at| drawn(at)).collect();
    match drawn.as_slice() {
        [first, second, .., last] if drawn.len() > TERMS => vec![*first, *second, *last],
        _ => drawn,
    }
}

/// A formula with other letters.
fn renamed(formula: &Formula, name: &dyn Fn(&str) -> String) -> Formula {
    let of = |inner: &Formula| Box::new(renamed(inner, name));
    match formula {
        Formula::Constant(value) => Formula::Constant(*value),
        Formula::Variable(letter) => Formula::Variable(name(letter)),
        Formula::Negative(inner) => Formula::Negative(of(inner)),
        Formula::Arithmetic(sign, left, right) => Formula::Arithmetic(*sign, of(left), of(right)),
        Formula::Apply(function, inner) => Formula::Apply(*function, of(inner)),
        Formula::Max(left, right) => Formula::Max(of(left), of(right)),
        Formula::Min(left, right) => Formula::Min(of(left), of(right)),
        Formula::Where(condition, then, otherwise) => {
            let Condition { left, comparison, right } = condition.as_ref();
            let condition = Condition { left: *of(left), comparison: *comparison, right: *of(right) };
            Formula::Where(Box::new(condition), of(then), of(otherwise))
        }
    }
}
