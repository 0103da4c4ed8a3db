//! Factors in a notation: symbol, formula, the formula with numbers.

use super::Subject;
use super::digits::{USUAL, enough, number};
use super::notation::{Notation, Term, Thing, thing_at};
use backlit_engine::explain::{Factor, Letter, Place, StandsFor, What};
use backlit_engine::formula::Formula;
use backlit_engine::typeset::{Math, greek, typeset};

/// How things are called for one reader.
pub struct Wording<'a> {
    /// The network and its names.
    pub subject: &'a Subject,
    /// The reader's notation.
    pub notation: &'a dyn Notation,
}

impl Wording<'_> {
    /// A quantity.
    pub fn thing(&self, thing: Thing) -> Math {
        self.notation.thing(thing, &self.subject.names)
    }

    /// ∂of/∂by
    pub fn partial(&self, of: Thing, by: Thing) -> Math {
        self.notation.partial(of, by, &self.subject.names)
    }

    /// What stands at a place.
    pub fn at(&self, place: Place) -> Thing {
        thing_at(&self.subject.built, place.node, place.index)
    }

    /// ∂C/∂ the place.
    pub fn gradient(&self, place: Place) -> Math {
        match self.at(place) {
            Thing::Cost => self.partial(Thing::Cost, Thing::Term(Term::Penalty)),
            thing => self.partial(Thing::Cost, thing),
        }
    }

    /// ∂of/∂by through one operation. What a parameter moves of the cost by itself is the penalty.
    fn step(&self, of: Place, by: Place) -> Math {
        match (self.at(of), self.at(by)) {
            (Thing::Cost, by @ (Thing::Weight { .. } | Thing::Bias { .. } | Thing::Embedding { .. } | Thing::Numeric { .. })) => {
                self.partial(Thing::Term(Term::Penalty), by)
            }
            (of, by) => self.partial(of, by),
        }
    }

    /// The derivative that a factor is.
    pub fn symbol(&self, factor: &Factor) -> Math {
        match factor.what {
            What::Local { of, by } => self.step(of, by),
            What::Total { by } => self.gradient(by),
            What::Mean { row, .. } => Math::partial(self.thing(Thing::Cost), self.cost_of(row)),
        }
    }

    /// The cost of one row among several.
    fn cost_of(&self, row: usize) -> Math {
        self.thing(Thing::Cost).below(Math::text(format!("row {row}")))
    }

    /// A letter of a factor's formula as the notation has it.
    fn letter(&self, letter: &Letter, factor: &Factor) -> Math {
        match &letter.stands_for {
            StandsFor::Place(place) => self.thing(self.at(*place)),
            StandsFor::Derivative(place) => self.gradient(*place),
            StandsFor::Slope { of, by } => self.step(*of, *by),
            StandsFor::Constant => Math::letter(greek(&letter.name)),
            StandsFor::Named(name) if name == "rows" => Math::letter("n"),
            StandsFor::Named(name) => self.notation.named(name),
            StandsFor::OfRow(row) => match factor.what {
                What::Total { by } => Math::partial(self.cost_of(*row), self.thing(self.at(by))),
                _ => self.cost_of(*row),
            },
            StandsFor::Others(1) => Math::text("1 other".to_string()),
            StandsFor::Others(count) => Math::text(format!("{count} others")),
        }
    }

    /// The formula in the reader's letters.
    pub fn formula(&self, factor: &Factor) -> Option<Math> {
        let find = |name: &str| match factor.letters.iter().find(|letter| letter.name == name) {
            Some(letter) => self.letter(letter, factor),
            None => Math::letter(greek(name)),
        };
        factor.formula.as_ref().map(|formula| typeset(formula, &find))
    }

    /// The formula with its numbers, with enough digits to do the sum again.
    pub fn substituted(&self, factor: &Factor) -> Option<Math> {
        let letters: Vec<(&str, f64)> = factor.letters.iter().map(|letter| (letter.name.as_str(), letter.value)).collect();
        factor.formula.as_ref().map(|formula| with_numbers(formula, &letters, factor.value, USUAL))
    }
}

/// A formula with numbers in place of its letters, with enough digits to get `value` to so many digits from them.
pub fn with_numbers(formula: &Formula, letters: &[(&str, f64)], value: f64, digits: usize) -> Math {
    let digits = match formula {
        Formula::Variable(_) => digits,
        formula => enough(formula, letters, value, digits),
    };
    typeset(formula, &|name| match letters.iter().find(|(letter, _)| *letter == name) {
        Some((_, value)) => number(*value, digits),
        None => Math::letter(greek(name)),
    })
}
