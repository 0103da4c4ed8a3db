//! What a replay is, and how it reads on a terminal.

use crate::document::{self, Document};
use serde::Serialize;
use serde_json::Value;

/// Columns of the plain rendering.
const WIDTH: usize = 100;

/// A notebook computed once more by the engine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The name it is called by: `mazur`.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// The notebook, by its own title.
    pub source: String,
    /// Whose work the notebook builds on, with a link; empty where nobody is named.
    pub credit: String,
    /// The steps in the order of the notebook.
    pub cells: Vec<Cell>,
    /// Every number with all its digits, under the notebook's own names.
    pub numbers: Value,
    /// What the replay compared with what.
    pub agreement: Vec<Agreement>,
    /// The notebook as a page: every formula in symbols and with its numbers, every print, every departure.
    #[serde(skip)]
    pub document: Document,
}

/// A step of the notebook.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cell {
    /// The notebook's number of the cell, `In [44]`; empty where the step has none.
    pub label: String,
    /// What the step does, in a few words.
    pub heading: String,
    /// What is computed and why.
    pub introduction: String,
    /// The lines that the notebook's code prints or displays.
    pub printed: Vec<String>,
    /// What the step computes without printing it, or what belongs beside its print: `name = value`, or `name =` with an
    /// array or a table on the lines below.
    pub computed: Vec<String>,
    /// Where the notebook departs from its own mathematics.
    pub footnotes: Vec<Footnote>,
}

/// A remark about a departure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Footnote {
    /// `D2.1`: the notebook, counted from 0, and the number of the departure.
    pub id: String,
    /// What the notebook has, and what is right.
    pub text: String,
}

/// Two ways to the same numbers, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// What was compared with what.
    pub name: String,
    /// Largest difference, relative to the largest of the numbers compared.
    pub difference: f64,
    /// Largest difference that passes.
    pub bound: f64,
    /// Whether the difference is within the bound.
    pub holds: bool,
}

impl Replay {
    /// Whether every comparison holds.
    pub fn agrees(&self) -> bool {
        self.agreement.iter().all(|agreement| agreement.holds)
    }

    /// All footnotes, in the order of the cells.
    pub fn footnotes(&self) -> impl Iterator<Item = &Footnote> {
        self.cells.iter().flat_map(|cell| &cell.footnotes)
    }

    /// The whole page as plain text for a terminal.
    pub fn text(&self) -> String {
        document::text(&self.document, WIDTH)
    }
}

impl Cell {
    /// A step that has no print yet.
    pub(super) fn new(label: &str, heading: &str, introduction: &str) -> Cell {
        Cell { label: label.into(), heading: heading.into(), introduction: introduction.into(), ..Cell::default() }
    }

    /// Adds what the notebook's code prints.
    pub(super) fn prints(mut self, lines: impl IntoIterator<Item = impl Into<String>>) -> Cell {
        // An array or a tuple may take several lines of the terminal.
        self.printed.extend(lines.into_iter().flat_map(|text| text.into().split('\n').map(String::from).collect::<Vec<_>>()));
        self
    }

    /// Adds a computed thing by name.
    pub(super) fn computes(mut self, name: &str, value: impl std::fmt::Display) -> Cell {
        let value = value.to_string();
        // Arrays and tables stand below their name, where their columns line up.
        let gap = if value.contains('\n') { '\n' } else { ' ' };
        self.computed.push(format!("{name} ={gap}{value}"));
        self
    }

    /// Adds a footnote.
    pub(super) fn note(mut self, id: &str, text: impl Into<String>) -> Cell {
        self.footnotes.push(Footnote { id: id.into(), text: text.into() });
        self
    }
}

impl Agreement {
    /// Compares numbers: the largest difference relative to the largest of `expected`.
    pub(super) fn numbers(name: impl Into<String>, computed: &[f64], expected: &[f64], bound: f64) -> Agreement {
        let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let apart = computed.iter().zip(expected).map(|(a, b)| (a - b).abs());
        // Unlike `f64::max`, this keeps a NaN.
        let apart = apart.fold(0.0f64, |most, one| if most.is_nan() || one <= most { most } else { one });
        let difference = if apart == 0.0 { 0.0 } else { apart / largest };
        let difference = if computed.len() == expected.len() { difference } else { f64::INFINITY };
        Agreement { name: name.into(), difference, bound, holds: difference <= bound }
    }

    /// In a word.
    pub(super) fn verdict(&self) -> &'static str {
        if self.holds { "holds" } else { "DIFFERS" }
    }

    /// How far apart the two are.
    pub(super) fn measured(&self) -> String {
        match self.bound {
            0.0 if self.holds => "the same".to_string(),
            0.0 => "not the same".to_string(),
            bound => format!("largest relative difference {:.1e}, bound {bound:.0e}", self.difference),
        }
    }

    /// Compares texts, line by line: the difference is 0 where they are the same and 1 where they are not.
    pub(super) fn lines(name: impl Into<String>, computed: &[String], expected: &[String]) -> Agreement {
        let difference = if computed == expected { 0.0 } else { 1.0 };
        Agreement { name: name.into(), difference, bound: 0.0, holds: difference == 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::Agreement;

    #[test]
    fn agreement_is_relative_to_the_largest_and_refuses_nan() {
        assert!(Agreement::numbers("", &[1.0, 100.0 + 1e-13], &[1.0, 100.0], 1e-15).holds);
        assert!(!Agreement::numbers("", &[1.0, 100.1], &[1.0, 100.0], 1e-4).holds);
        assert!(!Agreement::numbers("", &[f64::NAN], &[1.0], 1.0).holds);
        assert!(!Agreement::numbers("", &[f64::NAN, 0.0], &[1.0, 0.0], 1.0).holds);
        assert!(!Agreement::numbers("", &[1.0], &[0.0], 1.0).holds);
        assert!(!Agreement::numbers("", &[1.0], &[1.0, 1.0], 1.0).holds);
        assert!(Agreement::numbers("", &[0.0], &[-0.0], 0.0).holds);
    }
}
