//! Cells that are not numbers: what is wrong with each, and what to tell about them.

use crate::error::{Error, Kind};

/// The number in a cell; blanks around it are allowed.
pub(crate) fn number(cell: &str) -> Result<f64, Fault> {
    if let Some(value) = plain(cell.as_bytes()) {
        return Ok(value);
    }
    // Nearly all cells have no blanks, and trimming costs as much as parsing.
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => trimmed(cell.trim()),
    }
}

/// A decimal number of few digits without an exponent, as most are. Its digits as a whole number and the power of ten below
/// them are exact, so the quotient is rounded once and has the bits of any correct reader. Source: Clinger, PLDI 1990.
fn plain(cell: &[u8]) -> Option<f64> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // u64 holds 19 digits.
    if digits.len() > TENS.len() {
        return None;
    }
    let (mut whole, mut places, mut point) = (0u64, 0, 0);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            whole = 10 * whole + u64::from(digit);
            places += point;
        } else if byte == b'.' && point == 0 {
            point = 1;
        } else {
            return None;
        }
    }
    if digits.len() == point || whole > 1 << f64::MANTISSA_DIGITS {
        return None;
    }
    let value = whole as f64 / TENS[places];
    Some(if negative { -value } else { value })
}

/// Powers of ten.
const TENS: [f64; 18] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17];

/// What keeps a cell from being a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing, or a word for nothing.
    Missing,
    /// `nan`, `inf`.
    NotFinite,
    /// A literal beyond the largest f64.
    TooLarge,
    /// No date, in a column of dates.
    Date,
    /// A number with a decimal point, in a column whose numbers have decimal commas and points between thousands.
    Point,
    /// No class that a model knows.
    Class,
    /// Anything else.
    Text,
}

/// Whether a cell is empty or holds a word for nothing; `nan` too.
pub(crate) fn is_missing(cell: &str) -> bool {
    let cell = cell.trim();
    cell.eq_ignore_ascii_case("nan") || MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
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
pub(crate) fn excerpt(cell: &str) -> String {
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
    /// `hints`: for a column; `lines`: whether these are lines of a file that a person can look at.
    pub fn error(&self, names: &[String], rows: usize, delimiter: char, hints: &dyn Fn(&str) -> Hints, lines: bool) -> Option<Error> {
        let first = self.first.as_ref()?;
        let special = matches!(first.fault, Fault::Date | Fault::Point | Fault::Class);
        if !special
            && (self.columns.iter().any(|column| column.text > 1) || (rows == 1 && self.columns.iter().any(|column| column.text == 1)))
        {
            return Some(self.text_columns(names, rows, delimiter, hints));
        }
        let name = &names[first.column];
        let cell = &first.shown;
        let hints = hints(name);
        let (message, hint) = match first.fault {
            Fault::Missing if first.cell.is_empty() && !lines => {
                ("expected a number, came a missing one (NaN or null)".into(), hints.missing)
            }
            Fault::Missing if first.cell.is_empty() => ("expected a number, came an empty cell".to_string(), hints.missing),
            Fault::Missing => (format!("expected a number, came '{cell}': a missing value"), hints.missing),
            Fault::NotFinite if is_missing(&first.cell) => (format!("expected a finite number, came '{cell}'"), hints.missing),
            Fault::NotFinite => (format!("expected a finite number, came '{cell}'"), hints.not_finite),
            Fault::TooLarge => (format!("expected a number of at most {:e}, came '{cell}'", f64::MAX), "use a larger unit for this column"),
            Fault::Date => (format!("expected a date as in the table trained on, came '{cell}'"), "write all dates alike"),
            Fault::Point => (
                format!("expected a number with a decimal comma, as in the table trained on, came '{cell}', whose point is a decimal one"),
                "write all numbers as there; a point would be taken for one between thousands",
            ),
            Fault::Class => {
                (format!("expected one of the classes trained on, came '{cell}'"), "train again with a table that has all classes")
            }
            Fault::Text => (format!("expected a number, came '{cell}'"), text_hint(&first.cell, delimiter, hints.text)),
        };
        let others: usize = self.columns.iter().map(|column| column.unusable + column.text).sum::<usize>() - 1;
        let more = match others {
            0 => String::new(),
            1 => "; one more cell is not a finite number".to_string(),
            _ => format!("; {others} more cells are not finite numbers"),
        };
        let line = if lines { format!("line {}: ", first.line) } else { String::new() };
        Some(Error::new(Kind::Data, format!("{line}{message}{more}")).row(first.row).column(name).hint(hint))
    }

    /// The error for columns of text: all of them, each with its first cell that is no number.
    fn text_columns(&self, names: &[String], rows: usize, delimiter: char, hints: &dyn Fn(&str) -> Hints) -> Error {
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
        let others = columns().next().map_or(LEVELS, |(_, first)| hints(&names[first.column]).text);
        let error = error.hint(text_hint(example, delimiter, others));
        match columns().next() {
            Some((_, first)) if count == 1 => error.row(first.row).column(&names[first.column]),
            _ => error,
        }
    }
}

/// What to do about a cell that is missing, and about one that is not finite, where none may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hints {
    pub missing: &'static str,
    pub not_finite: &'static str,
    /// About words that look like nothing else.
    pub text: &'static str,
}

const LEVELS: &str = "drop the column, or turn its levels into numbers (one column of 0 and 1 for each level)";
const ALIKE: &str = "write the column's cells as in the table that the model was trained on";

/// In a table of numbers that is read as it stands.
pub(crate) const PLAIN: Hints =
    Hints { missing: "fill the missing cells in, or leave those rows out", not_finite: "a finite number", text: LEVELS };
/// In an input, in training.
pub(crate) const INPUT: Hints = Hints {
    missing: "fill the missing cells in, or leave those rows out",
    not_finite: "leave the cell empty where the number is not known: it becomes the median and is marked",
    text: LEVELS,
};
/// In an input of a model.
pub(crate) const MODEL_INPUT: Hints = Hints {
    missing: "fill the cell in: no cell of this column was missing when the model was trained; trained again on rows where some are, it \
              takes missing ones",
    not_finite: "a finite number: the model knows no other",
    text: ALIKE,
};
/// In a target of a model.
pub(crate) const MODEL_TARGET: Hints = Hints {
    missing: "fill it in, or leave the row out: there is nothing to compare the prediction with (predict needs no targets)",
    not_finite: "a finite number, or leave the row out",
    text: ALIKE,
};
/// In a column of weights.
pub(crate) const WEIGHT: Hints = Hints {
    missing: "fill it in: every row needs a weight, and with 0 a row does not count",
    not_finite: "a finite number of 0 or more",
    text: "numbers of 0 or more",
};

/// Of a table none of whose rows has one.
pub(crate) const NO_TARGET: &str =
    "fill the target in where it is known: such rows are what is learned from; or name another column with --target";

/// The same where what is predicted is known already.
const NO_TARGET_OF_KNOWN: &str = "fill the target in where it is known: without it nothing tells how good a network is";

/// The error over a table without targets, where another target is no way out.
pub(crate) fn without_target(error: Error) -> Error {
    if error.hint.as_deref() == Some(NO_TARGET) { error.hint(NO_TARGET_OF_KNOWN) } else { error }
}

/// Keeps what an error needs of a cell that may be long.
fn shorten(cell: &str) -> String {
    cell.trim().chars().take(LONGEST).collect()
}

/// What to do about a cell like this one, and about `others`.
fn text_hint(cell: &str, delimiter: char, others: &'static str) -> &'static str {
    let digits_and = |mark: char| cell.contains(mark) && cell.chars().all(|letter| letter.is_ascii_digit() || "+-eE., '".contains(letter));
    if cell.contains('\0') {
        "save the file as UTF-8 text: it holds zero bytes"
    } else if delimiter != ',' && digits_and(',') {
        "write a point for the decimal comma"
    } else if digits_and(',') || digits_and('\'') || digits_and(' ') {
        "write numbers without marks between thousands"
    } else {
        others
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

    /// Against the standard library: the same bits, and nothing read that it refuses.
    #[test]
    fn plain_numbers_have_the_bits_of_the_standard_library() {
        let mut state = 1u64;
        let mut next = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let mut read = 0;
        for _ in 0..300_000 {
            let length = 1 + next(20);
            // Digits mostly, now and then something else.
            let sign = |n: u64| b"0123456789012345678901234567890.-+e"[n as usize] as char;
            let cell: String = (0..length).map(|_| sign(next(35))).collect();
            let Some(value) = plain(cell.as_bytes()) else { continue };
            assert_eq!(cell.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()), "{cell}");
            read += 1;
        }
        assert!(read > 50_000, "{read}");
        for cell in ["9007199254740993", "9007199254740992", "-0", "0.1", "-.5", "7.", "0.30000000000000004", "00000000000000001."] {
            assert_eq!(number(cell).map(f64::to_bits), Ok(cell.parse::<f64>().unwrap().to_bits()), "{cell}");
        }
        assert!(["", "-", ".", "-.", "1..2", "+1", "1e3", "9007199254740993"].iter().all(|cell| plain(cell.as_bytes()).is_none()));
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt("a\nb\0"), "a\\nb\\0");
        assert!(excerpt(&"x".repeat(1000)).ends_with("… (1000 characters)"));
    }
}
