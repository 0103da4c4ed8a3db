//! Cells that are not numbers: what is wrong with each, and what to tell about them.

use crate::error::{Error, Kind};

/// The number in a cell; blanks around it are allowed.
pub(super) fn number(cell: &str) -> Result<f64, Fault> {
    // Nearly all cells have no blanks, and trimming costs as much as parsing.
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => trimmed(cell.trim()),
    }
}

/// What keeps a cell from being a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing, or a word for nothing.
    Missing,
    /// `nan`, `inf`.
    NotFinite,
    /// A literal beyond the largest f64.
    TooLarge,
    /// Anything else.
    Text,
}

/// What other programs write for a missing value. `nan` is not among them: it is a number's name.
const MISSING: [&str; 9] = ["", "na", "n/a", "#n/a", "null", "none", "?", "-", "."];
/// A longer cell is not a number a person or program writes.
const LONGEST: usize = 1 << 16;

fn trimmed(cell: &str) -> Result<f64, Fault> {
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) if cell.bytes().any(|byte| byte.is_ascii_digit()) => Err(Fault::TooLarge),
        Ok(_) => Err(Fault::NotFinite),
        Err(_) if MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word)) => Err(Fault::Missing),
        Err(_) => Err(Fault::Text),
    }
}

/// A cell as it can be shown in an error: control characters escaped, the middle of a long one left out.
pub(super) fn excerpt(cell: &str) -> String {
    let shown: String =
        cell.chars().take(40).flat_map(|letter| if letter.is_control() { letter.escape_debug().collect() } else { vec![letter] }).collect();
    let length = cell.chars().count();
    if length > 40 { format!("{shown}… ({length} characters)") } else { shown }
}

/// The faults of a table's cells, gathered while it is read to its end.
#[derive(Default)]
pub(super) struct Faults {
    /// The first fault of all, in the order of the file.
    first: Option<Place>,
    /// One for each column, empty before the first fault.
    columns: Vec<Column>,
}

#[derive(Clone, Default)]
struct Column {
    /// Cells that are missing, not finite or too large.
    unusable: usize,
    /// Cells that are text.
    text: usize,
    first_text: Option<Place>,
}

#[derive(Clone)]
struct Place {
    row: usize,
    line: usize,
    column: usize,
    /// The cell, or the beginning of a very long one.
    cell: String,
    /// As an error shows it.
    shown: String,
    fault: Fault,
}

impl Faults {
    /// Notes a faulty cell of `width` columns.
    pub fn add(&mut self, fault: Fault, cell: &str, row: usize, line: usize, column: usize, width: usize) {
        let place = || Place { row, line, column, cell: shorten(cell), shown: excerpt(cell.trim()), fault };
        self.columns.resize(width, Column::default());
        let of = &mut self.columns[column];
        match fault {
            Fault::Text => {
                of.text += 1;
                of.first_text.get_or_insert_with(place);
            }
            _ => of.unusable += 1,
        }
        self.first.get_or_insert_with(place);
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.first.is_some()
    }

    /// The error for all of them, if there are any, in a table of `rows` rows. It does not name the file.
    pub fn error(&self, names: &[String], rows: usize, delimiter: char) -> Option<Error> {
        let first = self.first.as_ref()?;
        if self.columns.iter().any(|column| column.text > 1) || (rows == 1 && self.columns.iter().any(|column| column.text == 1)) {
            return Some(self.text_columns(names, rows, delimiter));
        }
        let name = &names[first.column];
        let cell = &first.shown;
        let (message, hint) = match first.fault {
            Fault::Missing if first.cell.is_empty() => ("expected a number, came an empty cell".to_string(), MISSING_HINT),
            Fault::Missing => (format!("expected a number, came '{cell}': a missing value"), MISSING_HINT),
            Fault::NotFinite => (format!("expected a finite number, came '{cell}'"), MISSING_HINT),
            Fault::TooLarge => (format!("expected a number of at most {:e}, came '{cell}'", f64::MAX), "use a larger unit for this column"),
            Fault::Text => (format!("expected a number, came '{cell}'"), text_hint(&first.cell, delimiter)),
        };
        let others: usize = self.columns.iter().map(|column| column.unusable + column.text).sum::<usize>() - 1;
        let more = match others {
            0 => String::new(),
            1 => "; one more cell is not a finite number".to_string(),
            _ => format!("; {others} more cells are not finite numbers"),
        };
        Some(Error::new(Kind::Data, format!("line {}: {message}{more}", first.line)).row(first.row).column(name).hint(hint))
    }

    /// The error for columns of text: all of them, each with its first cell that is no number.
    fn text_columns(&self, names: &[String], rows: usize, delimiter: char) -> Error {
        let columns = || self.columns.iter().filter_map(|column| column.first_text.as_ref().map(|first| (column.text, first)));
        let said: Vec<String> = columns()
            .take(super::FEW)
            .map(|(count, first)| {
                let share = if count == rows { "every row".to_string() } else { format!("{count} of {rows} rows") };
                let (name, cell) = (excerpt(&names[first.column]), &first.shown);
                format!("'{name}' ({share}, first '{cell}' in row {}, line {})", first.row, first.line)
            })
            .collect();
        let count = columns().count();
        let more = if count > said.len() { format!(" and {} more", count - said.len()) } else { String::new() };
        let noun = if count == 1 { "column holds" } else { "columns hold" };
        let example = columns().next().map_or("", |(_, first)| first.cell.as_str());
        let error = Error::new(Kind::Data, format!("expected numbers; {count} {noun} text: {}{more}", said.join(", ")));
        let error = error.hint(text_hint(example, delimiter));
        match columns().next() {
            Some((_, first)) if count == 1 => error.row(first.row).column(&names[first.column]),
            _ => error,
        }
    }
}

const MISSING_HINT: &str = "fill the missing values in or leave those rows out; Backlit does not guess them";

/// Keeps what an error needs of a cell that may be long.
fn shorten(cell: &str) -> String {
    cell.trim().chars().take(LONGEST).collect()
}

/// What to do about a cell like this one.
fn text_hint(cell: &str, delimiter: char) -> &'static str {
    let digits_and = |mark: char| cell.contains(mark) && cell.chars().all(|letter| letter.is_ascii_digit() || "+-eE., '".contains(letter));
    if cell.contains('\0') {
        "save the file as UTF-8 text: it holds zero bytes"
    } else if delimiter != ',' && digits_and(',') {
        "write a point for the decimal comma"
    } else if digits_and(',') || digits_and('\'') || digits_and(' ') {
        "write numbers without marks between thousands"
    } else {
        "drop the column, or turn its levels into numbers (one column of 0 and 1 for each level)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_or_one_fault() {
        for (cell, value) in
            [("1", 1.0), (" -2.5\r", -2.5), ("+.5", 0.5), ("1e3", 1000.0), ("\u{a0}7", 7.0), ("5e-324", 5e-324), ("1.", 1.0)]
        {
            assert_eq!(number(cell), Ok(value), "{cell:?}");
        }
        for cell in ["", "  ", "NA", "n/a", "NULL", "None", "?", "-"] {
            assert_eq!(number(cell), Err(Fault::Missing), "{cell:?}");
        }
        for cell in ["nan", "NaN", "inf", "-Infinity", " +inf "] {
            assert_eq!(number(cell), Err(Fault::NotFinite), "{cell:?}");
        }
        for cell in ["1e400", "-1e309", "9e999"] {
            assert_eq!(number(cell), Err(Fault::TooLarge), "{cell:?}");
        }
        for cell in ["abc", "1,5", "0x10", "1_000", "1 2", "--1", "1e", "\0"] {
            assert_eq!(number(cell), Err(Fault::Text), "{cell:?}");
        }
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt("a\nb\0"), "a\\nb\\0");
        assert!(excerpt(&"x".repeat(1000)).ends_with("… (1000 characters)"));
    }
}
