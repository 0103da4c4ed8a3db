//! Whether a table's first line names its columns, and the names.

use super::cells::{excerpt, is_missing};
use super::listed;
use super::records::{Record, Records};
use crate::encoder::is_date;
use crate::error::{Error, Kind};
use crate::model_file::Metadata;
use std::collections::HashMap;

/// A longer name is a sign of a broken file.
const LONGEST_NAME: usize = 1 << 16;
/// So many lines below the first one are looked at.
const LOOKED_AT: usize = 200;

/// What is known of a table's first line before it is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// Whether it names the columns, as a person says; none: it is judged by what stands in it.
    pub said: Option<bool>,
    /// Columns that are to be found: a line that has them all names the columns.
    wanted: Vec<String>,
    /// What a line that has not is taken for, if that is known.
    otherwise: Option<bool>,
}

impl Header {
    /// As a person says.
    pub fn said(said: Option<bool>) -> Header {
        Header { said, ..Header::default() }
    }

    /// As a model needs it: of a table with its inputs' names in the first line these are the names. A model of a table without a header
    /// finds its columns by their places.
    pub fn for_model(metadata: &Metadata, said: Option<bool>) -> Header {
        let encoder = metadata.encoder(false, |_| false);
        let wanted = encoder.columns.into_iter().map(|column| column.name).collect();
        Header { said, wanted, otherwise: metadata.headless.then_some(false) }
    }

    /// As a table beside one of these columns needs it, which has names in its first line or not.
    pub(crate) fn beside(columns: Vec<String>, headless: bool, said: Option<bool>) -> Header {
        Header { said, wanted: columns, otherwise: headless.then_some(false) }
    }

    /// Whether these cells are known to name the columns, or not to.
    pub(super) fn known(&self, first: &[String]) -> Option<bool> {
        self.said.or_else(|| self.has_all(first).then_some(true)).or(self.otherwise)
    }

    /// Whether a person says that no line names the columns.
    pub(super) fn said_none(&self) -> bool {
        self.said == Some(false)
    }

    /// Whether all columns that are to be found are among these, if there are any.
    pub(super) fn has_all(&self, names: &[String]) -> bool {
        !self.wanted.is_empty() && self.wanted.iter().all(|name| names.contains(name))
    }
}

/// Whether some cell of a first line is no number at all. An empty cell among numbers is a missing number.
pub(super) fn has_words(first: &Record<'_>) -> bool {
    first.cells().any(|cell| !cell.trim().is_empty() && cell.trim().parse::<f64>().is_err())
}

/// The header's names, all different and none empty.
pub(super) fn names(header: &Record<'_>) -> Result<Vec<String>, Error> {
    let line = header.line;
    let names: Vec<String> = header.cells().map(|cell| cell.trim().to_string()).collect();
    if let Some(place) = names.iter().position(|name| name.contains('\0')) {
        let message = format!("line {line}: expected a column name, came '{}', which holds a zero byte", excerpt(&names[place]));
        return Err(Error::new(Kind::Data, message).hint("save the file as UTF-8 text"));
    }
    if let Some(long) = names.iter().find(|name| name.len() > LONGEST_NAME) {
        let message = format!("line {line}: expected column names of at most {LONGEST_NAME} bytes, came '{}'", excerpt(long));
        return Err(Error::new(Kind::Data, message).hint("look for a quote that is never closed"));
    }
    if let Some(place) = names.iter().position(String::is_empty) {
        let message = format!("line {line}: expected a name for column {} of {}, came nothing", place + 1, names.len());
        let hint = match place {
            _ if 2 * names.iter().filter(|name| name.is_empty()).count() > names.len() => {
                "take the line out if it is a title: the first line is to name the columns"
            }
            0 => "name the column; if it is only the row's number, leave it out (pandas: index=False)",
            _ if place + 1 == names.len() => "name the column, or take the delimiter from the end of each line",
            _ => "name the column",
        };
        return Err(Error::new(Kind::Data, message).column("").hint(hint));
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    let twice: Vec<&str> = names.iter().map(String::as_str).filter(|name| bump(&mut places, name) == 2).collect();
    if let Some(name) = twice.first() {
        let message = format!("line {line}: expected names that differ, came more than once: {}", listed(twice.iter().copied()));
        return Err(Error::new(Kind::Data, message).column(*name).hint("rename or drop the repeated columns"));
    }
    Ok(names)
}

/// Counts a name; says how often it has come.
fn bump<'a>(counts: &mut HashMap<&'a str, usize>, name: &'a str) -> usize {
    let count = counts.entry(name).or_insert(0);
    *count += 1;
    *count
}

/// Why a first line with words in it is a row like those below it, if it is: it has a word or a date that stands below it too, or a number
/// with a fraction above numbers. Not so where it has a word above numbers alone, which can only be their name.
pub(super) fn looks_like_a_row(first: &[String], below: &[Vec<String>]) -> Option<String> {
    if names_numbers(first, below) {
        return None;
    }
    let column = |place: usize| column(below, place);
    let words = || words(first);
    if let Some((_, word)) = words().find(|(place, word)| column(*place).any(|cell| cell == word.as_str())) {
        return Some(format!("'{}' stands there and below it", excerpt(word)));
    }
    let all_below = |place: usize, is: &dyn Fn(&str) -> bool| column(place).next().is_some() && column(place).all(is);
    let is_like = |(place, cell): &(usize, &String)| {
        let fraction = is_number(cell) && cell.contains(['.', '-', 'e', 'E']) && all_below(*place, &is_number);
        fraction || is_date(cell) && all_below(*place, &is_date)
    };
    first.iter().enumerate().find(is_like).map(|(_, cell)| format!("'{}' is no name", excerpt(cell)))
}

/// Whether a line has a word above numbers alone, which can only be their name.
pub(super) fn names_numbers(first: &[String], below: &[Vec<String>]) -> bool {
    words(first).any(|(place, _)| column(below, place).next().is_some() && column(below, place).all(is_number))
}

fn is_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok()
}

/// The cells of a column that are not missing.
fn column(rows: &[Vec<String>], place: usize) -> impl Iterator<Item = &str> {
    rows.iter().filter_map(move |row| row.get(place)).map(String::as_str).filter(|cell| !is_missing(cell))
}

/// The cells of a line that are neither numbers nor missing, with their places.
fn words(line: &[String]) -> impl Iterator<Item = (usize, &String)> {
    line.iter().enumerate().filter(|(_, cell)| !is_number(cell) && !is_missing(cell))
}

/// The cells of the first lines that have been read of a stream, without the one that may be cut.
pub(super) fn lines(sample: &[u8], is_all: bool, delimiter: u8, terminator: u8) -> Vec<Vec<String>> {
    let Ok(mut records) = Records::new(sample) else { return Vec::new() };
    records.split_at(delimiter, terminator);
    let mut lines = Vec::new();
    while let Ok(Some(record)) = records.next() {
        lines.push(record.cells().map(|cell| cell.trim().to_string()).collect());
        if lines.len() == LOOKED_AT {
            return lines;
        }
    }
    if !is_all {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_or_names() {
        let cells = |line: &str| line.split(',').map(str::to_string).collect::<Vec<_>>();
        let why = |first: &str, below: &[&str]| looks_like_a_row(&cells(first), &below.iter().map(|line| cells(line)).collect::<Vec<_>>());
        for (first, below) in [
            ("5.1,3.5,setosa", &["4.9,3.0,setosa", "7.0,3.2,versicolor"][..]),
            ("39,State-gov,?,Male", &["50,Private,5,Male"]),
            ("red,1", &["blue,2", "red,3"]),
            ("5.1,x1", &["4.9,x2", "3.9,x3"]),
            ("2024-01-01,5,a", &["2024-01-02,6,b"]),
            ("-1,one", &["2,two"]),
        ] {
            assert!(why(first, below).is_some(), "{first}");
        }
        for (first, below) in [
            ("sepal,petal,species", &["4.9,3.0,setosa", "7.0,3.2,versicolor"][..]),
            ("country,2019,2020", &["DE,5.5,6", "FR,7,8"]),
            ("country,2024-01-01,2024-01-02", &["DE,5,6", "FR,7,8"]),
            ("male,age", &["male,3", "female,4"]),
            ("name,colour", &["ann,red", "bob,blue"]),
            ("a,b", &[]),
            ("size,day", &[",2024-01-01", ",2024-01-02"]),
        ] {
            assert_eq!(why(first, below), None, "{first}");
        }
    }
}
