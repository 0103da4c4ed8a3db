//! Tables of numbers: where they come from and how their columns are found.

mod above;
mod bundled;
pub(crate) mod cells;
mod columns;
mod dialect;
mod header;
mod names;
pub(crate) mod near;
pub(crate) mod pipe;
mod reader;
mod records;
mod rows;
mod stored;
mod typed;
mod window;
mod words;

pub use bundled::{BUNDLED, bundled, note};
pub(crate) use columns::Columns;
pub(crate) use dialect::between_cells;
pub use header::Header;
pub use names::names_in;
pub use reader::{Reader, Reading, profile, read, read_csv, read_encoded, read_for, read_from};
pub(crate) use reader::{read_for_within, read_numbers, read_within};
pub(crate) use stored::{Bound, Fed, behind, nameless, number, read_at, refused, unreadable};
pub use stored::{Inputs, MEMORY, Stored, bytes};
pub(crate) use window::Window;
pub(crate) use words::read_words;

use crate::error::{Error, Kind};
use std::collections::HashMap;

/// A table of numbers with named columns. Every number is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The file it came from, or the name of the bundled set.
    pub source: String,
    /// Column names.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: usize,
    /// rows × columns, row after row.
    pub values: Vec<f64>,
    /// Rows of the file that are not among them, having no target: their numbers there, in order.
    pub left_out: Vec<usize>,
}

impl Table {
    /// The numbers of the rows in the file, counted from 0.
    pub fn numbers(&self) -> Vec<usize> {
        let mut left_out = self.left_out.iter().peekable();
        (0..self.rows + self.left_out.len()).filter(|row| left_out.next_if_eq(&row).is_none()).collect()
    }

    /// The number of a row in the file.
    pub fn number(&self, row: usize) -> usize {
        self.left_out.iter().fold(row, |number, left| if *left <= number { number + 1 } else { number })
    }

    /// [`Table::take`], leaving nothing behind where these are all columns that there are.
    pub(crate) fn give(&mut self, columns: &[String]) -> Result<Vec<f64>, Error> {
        if self.columns == columns { Ok(std::mem::take(&mut self.values)) } else { self.take(columns) }
    }

    /// Where a column stands, counted from 0. An unknown name is refused with names like it.
    pub fn index(&self, column: &str) -> Result<usize, Error> {
        match self.columns.iter().position(|name| name == column) {
            Some(index) => Ok(index),
            None => Err(missing(&self.source, &self.columns, &[column])),
        }
    }

    /// Where each of `columns` stands, in their order; the table's other columns do not matter.
    /// All the names that it lacks are refused at once.
    pub fn indices(&self, columns: &[String]) -> Result<Vec<usize>, Error> {
        indices(&self.source, &self.columns, columns)
    }

    /// The values of `columns` in their order: rows × columns. Errors as in [`Table::indices`].
    pub fn take(&self, columns: &[String]) -> Result<Vec<f64>, Error> {
        let places = self.indices(columns)?;
        if self.columns.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = Vec::with_capacity(self.rows * places.len());
        for row in self.values.chunks_exact(self.columns.len()) {
            values.extend(places.iter().map(|&place| row[place]));
        }
        Ok(values)
    }

    /// The names of all columns but these, in the table's order.
    pub fn without(&self, columns: &[String]) -> Vec<String> {
        self.columns.iter().filter(|name| !columns.contains(name)).cloned().collect()
    }
}

/// [`Table::indices`] among the columns `known`.
pub(crate) fn indices(source: &str, known: &[String], columns: &[String]) -> Result<Vec<usize>, Error> {
    let places: HashMap<&str, usize> = known.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
    let absent: Vec<&str> = columns.iter().map(String::as_str).filter(|name| !places.contains_key(name)).collect();
    if !absent.is_empty() {
        return Err(missing(source, known, &absent));
    }
    Ok(columns.iter().map(|name| places[name.as_str()]).collect())
}

/// Says which columns are not there, and what the person may have meant.
fn missing(source: &str, known: &[String], names: &[&str]) -> Error {
    let all = || known.iter().map(String::as_str);
    let like: Vec<&str> = names.iter().flat_map(|name| near::near(name, all())).collect();
    let message = match names {
        [name] => format!("there is no column '{}'", cells::excerpt(name)),
        _ => format!("{} columns are not there: {}", names.len(), listed(names.iter().copied())),
    };
    let hint = match like.as_slice() {
        [] if known.len() == 1 && known[0].contains(char::is_whitespace) => {
            format!("its only column is {}: put commas, semicolons or tabs between the cells", listed(all()))
        }
        [] => format!("one of its columns: {}", listed(all())),
        like if known.len() <= FEW => {
            format!("did you mean {}? Its columns are {}", listed(like.iter().copied()), listed(all()))
        }
        like => format!("did you mean {}?", listed(like.iter().copied())),
    };
    let error = Error::new(Kind::Data, message).file(source).hint(hint);
    match names {
        [name] => error.column(*name),
        _ => error,
    }
}

/// A name as it can be shown: control characters escaped, the end of a long one left out.
pub fn shortened(name: &str) -> String {
    cells::excerpt(name)
}

/// So many names are still pleasant to read.
const FEW: usize = 20;

/// Names in quotes; the first of them where they are many.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("'{}'", cells::excerpt(name))).collect();
    match names.len() {
        0..=FEW => names.join(", "),
        count => format!("{} and {} more", names[..FEW].join(", "), count - FEW),
    }
}
