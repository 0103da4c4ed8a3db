//! A page that is derived as it is written.
//!
//! A formula comes as text in the language of [`formula`](backlit_engine::formula). It is set in symbols, then with its
//! numbers, then evaluated from those numbers and held against the number that the engine found: a chain that does not
//! come out fails the replay, as any other comparison that does not hold.

mod grids;
pub(super) mod symbols;
#[cfg(test)]
mod tests;
mod words;

pub(super) use grids::Grid;

use super::record::{Agreement, Cell};
use crate::document::{Block, Document, Equation, Inline, Table};
use crate::drawing::network::Diagram;
use crate::drawing::plot::Plot;
use backlit_engine::formula::{Formula, evaluate, parse};
use backlit_engine::typeset::{Math, typeset};

/// Largest relative difference between a formula's value and the engine's. Sums of many terms cancel a little.
const BOUND: f64 = 1e-12;

/// How many digits a number is shown with.
#[derive(Clone, Copy)]
pub(super) enum Digits {
    /// As few as read back as the number.
    Shortest,
    /// So many after the point.
    Decimals(usize),
    /// So many after the point at most: zeros at the end are left out, as NumPy does.
    AtMost(usize),
}

/// A page under way.
pub(super) struct Page<'a> {
    document: Document,
    /// How the names in formulas are set.
    symbol: fn(&str) -> Math,
    known: Vec<Known>,
    cells: &'a [Cell],
    checked: usize,
    worst: f64,
    faults: Vec<String>,
}

/// A name that has a number.
struct Known {
    name: String,
    value: f64,
    shown: Math,
}

impl<'a> Page<'a> {
    /// An empty page over the notebook's cells.
    pub fn new(title: &str, cells: &'a [Cell], symbol: fn(&str) -> Math) -> Page<'a> {
        let document = Document::new(title);
        Page { document, symbol, known: Vec::new(), cells, checked: 0, worst: 0.0, faults: Vec::new() }
    }

    /// A heading: 2 for a section, 3 for a part of one.
    pub fn heading(&mut self, level: u8, words: &str) {
        self.document.heading(level, words);
    }

    /// A paragraph; see [`words`] for what stands in `$ $`, backticks and stars.
    pub fn say(&mut self, text: &str) {
        let parts = self.words(text);
        self.document.paragraph(parts);
    }

    /// Points, one below the other.
    pub fn list<T: AsRef<str>>(&mut self, points: impl IntoIterator<Item = T>) {
        let points = points.into_iter().map(|point| self.words(point.as_ref())).collect();
        self.document.blocks.push(Block::List(points));
    }

    /// A table. `numbers`: columns that are set to the right.
    pub fn table<T: AsRef<str>>(&mut self, caption: &str, head: &[&str], rows: impl IntoIterator<Item = Vec<T>>, numbers: &[usize]) {
        let head = head.iter().map(|cell| self.words(cell)).collect();
        let rows = rows.into_iter().map(|row| row.iter().map(|cell| self.words(cell.as_ref())).collect()).collect();
        self.document.blocks.push(Block::Table(Table { caption: caption.into(), head, rows, numbers: numbers.to_vec() }));
    }

    /// A picture with what it shows in words.
    fn figure(&mut self, (svg, alternative): (String, String), caption: &str) {
        self.document.blocks.push(Block::Figure { svg, alternative, caption: caption.into() });
    }

    /// A network or a path through one.
    pub fn diagram(&mut self, diagram: &Diagram, caption: &str) {
        self.figure((diagram.svg(), diagram.alternative()), caption);
    }

    /// Lines over an axis.
    pub fn plot(&mut self, plot: &Plot, caption: &str) {
        self.figure((plot.svg(), plot.alternative()), caption);
    }

    /// A name that stays a letter where numbers are put in: e.
    pub fn constant(&mut self, name: &str, value: f64) {
        let shown = (self.symbol)(name);
        self.known.push(Known { name: name.into(), value, shown });
    }

    /// Gives a name its number.
    pub fn give(&mut self, name: &str, value: f64, digits: impl Into<Digits>) {
        let shown = number(value, digits);
        self.known.retain(|known| known.name != name);
        self.known.push(Known { name: name.into(), value, shown });
    }

    /// Numbers with names that end in their places, counted from `first`: `w1`, `w2` … or, with a stroke at the end of
    /// `name`, `x_0`, `x_1` …
    pub fn give_all(&mut self, name: &str, first: usize, values: &[f64], digits: impl Into<Digits>) {
        let digits = digits.into();
        values.iter().enumerate().for_each(|(i, value)| self.give(&format!("{name}{}", first + i), *value, digits));
    }

    /// name = step = … = the last step with its numbers = value. Steps are parted by ` = `; the name then stands for
    /// the value.
    pub fn derive(&mut self, name: &str, steps: &str, value: f64, digits: impl Into<Digits>) {
        let digits = digits.into();
        let left = (self.symbol)(name);
        self.chain(left, Vec::new(), steps, value, digits);
        self.give(name, value, digits);
    }

    /// The same with a first step that no formula can say: a sum over all outputs, a case distinction.
    pub fn derive_from(&mut self, name: &str, first: Math, steps: &str, value: f64, digits: impl Into<Digits>) {
        let digits = digits.into();
        let left = (self.symbol)(name);
        self.chain(left, vec![first], steps, value, digits);
        self.give(name, value, digits);
    }

    /// The same for a left side of any kind.
    pub fn chain(&mut self, left: Math, before: Vec<Math>, steps: &str, value: f64, digits: impl Into<Digits>) {
        let mut all: Vec<Math> = before;
        let formulas: Vec<Formula> = steps.split(" = ").filter(|step| !step.is_empty()).filter_map(|step| self.formula(step)).collect();
        for formula in &formulas {
            all.push(self.in_symbols(formula));
            self.hold(formula, value);
        }
        if let Some(last) = formulas.last().filter(|last| !matches!(last, Formula::Variable(_))) {
            all.push(self.in_numbers(last));
        }
        all.push(number(value, digits));
        all.dedup();
        self.equation(Equation { left, steps: all.into_iter().map(|step| ("=", step)).collect(), note: Vec::new() });
    }

    /// name = step = …, in symbols only.
    pub fn state(&mut self, name: &str, steps: &str) {
        let left = (self.symbol)(name);
        let formulas: Vec<Formula> = steps.split(" = ").filter_map(|step| self.formula(step)).collect();
        let steps = formulas.iter().map(|formula| ("=", self.in_symbols(formula))).collect();
        self.equation(Equation { left, steps, note: Vec::new() });
    }

    /// An equation that no formula can say. It joins those directly above it.
    pub fn equation(&mut self, equation: Equation) {
        match self.document.blocks.last_mut() {
            Some(Block::Equations(group)) => group.push(equation),
            _ => self.document.equations([equation]),
        }
    }

    /// A note to the last equation.
    pub fn note(&mut self, text: &str) {
        let parts = self.words(text);
        if let Some(Block::Equations(group)) = self.document.blocks.last_mut()
            && let Some(last) = group.last_mut()
        {
            last.note.extend(parts);
        }
    }

    /// Mathematics from a formula, or from several with ` = ` between.
    pub fn math(&mut self, text: &str) -> Math {
        let formulas: Vec<Formula> = text.split(" = ").filter_map(|step| self.formula(step)).collect();
        let mut parts: Vec<Math> = formulas.iter().map(|formula| self.in_symbols(formula)).collect();
        if parts.len() == 1 { parts.remove(0) } else { Math::joined(parts, "=") }
    }

    /// A whole cell of the notebook: heading, what it does, what it prints, where it departs.
    pub fn cell(&mut self, label: &str) {
        self.open(label);
        self.close(label);
    }

    /// Heading and words of a cell; a derivation may follow.
    pub fn open(&mut self, label: &str) {
        let Some(cell) = self.find(label) else { return };
        let heading = if cell.label.is_empty() { cell.heading.clone() } else { format!("{}: {}", cell.label, cell.heading) };
        self.document.heading(3, heading);
        if !cell.introduction.is_empty() {
            self.document.say(cell.introduction.clone());
        }
    }

    /// What a cell prints and computes, and where it departs.
    pub fn close(&mut self, label: &str) {
        let Some(cell) = self.find(label) else { return };
        if !cell.printed.is_empty() {
            self.document.blocks.push(Block::Code { language: "text", text: cell.printed.join("\n") });
        }
        if !cell.computed.is_empty() {
            self.document.blocks.push(Block::Code { language: "text", text: cell.computed.join("\n") });
        }
        if !cell.footnotes.is_empty() {
            let note = |id: &str, text: &str| vec![Inline::Strong(format!("[{id}]")), Inline::Text(format!(" {text}"))];
            let notes = cell.footnotes.iter().map(|footnote| note(&footnote.id, &footnote.text)).collect();
            self.document.blocks.push(Block::List(notes));
        }
    }

    /// The page, with everything that was compared below it.
    pub fn finish(mut self, agreement: &mut Vec<Agreement>) -> Document {
        let name = match self.faults.as_slice() {
            [] => format!("{} formulas of this page evaluated from their numbers, and the engine's numbers", self.checked),
            faults => format!("formulas of this page: {}", faults.join("; ")),
        };
        let difference = if self.faults.is_empty() { self.worst } else { f64::INFINITY };
        agreement.push(Agreement { name, difference, bound: BOUND, holds: difference <= BOUND });
        self.heading(2, "What was compared");
        let row = |one: &Agreement| vec![one.verdict().to_string(), one.name.clone(), one.measured()];
        let rows = agreement.iter().map(row).map(|row| row.into_iter().map(|cell| vec![Inline::Text(cell)]).collect()).collect();
        let head = ["", "What", "Largest difference"].map(|cell| vec![Inline::Text(cell.into())]).to_vec();
        self.document.blocks.push(Block::Table(Table { caption: String::new(), head, rows, numbers: Vec::new() }));
        let held = agreement.iter().filter(|one| one.holds).count();
        self.document.say(format!("{held} of {} comparisons hold.", agreement.len()));
        self.document
    }

    fn find(&mut self, label: &str) -> Option<&'a Cell> {
        let cell = self.cells.iter().find(|cell| cell.label == label || cell.heading == label);
        if cell.is_none() {
            self.faults.push(format!("no cell '{label}'"));
        }
        cell
    }

    fn formula(&mut self, text: &str) -> Option<Formula> {
        parse(text).map_err(|error| self.faults.push(format!("'{text}': {error}"))).ok()
    }

    fn in_symbols(&self, formula: &Formula) -> Math {
        typeset(formula, &self.symbol)
    }

    fn in_numbers(&self, formula: &Formula) -> Math {
        typeset(formula, &|name| {
            self.known.iter().find(|known| known.name == name).map_or((self.symbol)(name), |known| known.shown.clone())
        })
    }

    /// Compares a formula's value with the engine's.
    fn hold(&mut self, formula: &Formula, expected: f64) {
        let letters: Vec<(&str, f64)> = self.known.iter().map(|known| (known.name.as_str(), known.value)).collect();
        match evaluate(formula, &letters) {
            Err(unbound) => self.faults.push(unbound.to_string()),
            Ok(value) => {
                let apart = (value - expected).abs();
                let relative = if apart == 0.0 { 0.0 } else { apart / expected.abs() };
                self.measure(relative);
            }
        }
    }

    fn measure(&mut self, difference: f64) {
        // Unlike `f64::max`, this keeps a NaN.
        self.worst = if difference <= self.worst { self.worst } else { difference };
        self.checked += 1;
    }
}

impl From<usize> for Digits {
    fn from(decimals: usize) -> Digits {
        Digits::Decimals(decimals)
    }
}

/// A number as it is to be read.
pub(super) fn number(value: f64, digits: impl Into<Digits>) -> Math {
    // A zero has no sign on paper.
    let value = if value == 0.0 { 0.0 } else { value };
    Math::Number(match digits.into() {
        Digits::Decimals(decimals) => format!("{value:.decimals$}"),
        Digits::AtMost(decimals) => match format!("{value:.decimals$}") {
            text if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').into(),
            text => text,
        },
        Digits::Shortest if value != 0.0 && value.abs() < 1e-5 => format!("{value:e}"),
        Digits::Shortest => value.to_string(),
    })
}
