//! Tables of words: text with delimiters, kept as it stands.

use super::dialect::{refuse_binary, terminator};
use super::records::Records;
use crate::error::{Error, Kind};
use std::fs::File;
use std::path::Path;

/// A table whose cells are text.
pub(crate) struct Words {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Each row with the line it stands in, counted from 1. Rows may be of any length.
    pub rows: Vec<(usize, Vec<String>)>,
}

/// Reads a table with a header. What stands between cells is a tab, `;` or `|` if the header has one, else a comma.
/// A delimiter inside brackets belongs to the cell: `W[0,1]`.
pub(crate) fn read_words(path: &Path) -> Result<Words, Error> {
    let refused = |message: String| Error::new(Kind::Data, message).file(path.display());
    if path.is_dir() {
        return Err(refused("expected a file, came a directory".into()));
    }
    let file = File::open(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    words(file).map_err(|error| error.file(path.display()))
}

fn words(input: impl std::io::Read) -> Result<Words, Error> {
    let broken = |broken: super::records::Broken| {
        let error = Error::new(Kind::Data, format!("line {}: {}", broken.line, broken.message));
        if let Some(hint) = broken.hint { error.hint(hint) } else { error }
    };
    let mut records = Records::new(input).map_err(broken)?;
    let sample = records.sample();
    refuse_binary(sample)?;
    let terminator = terminator(sample);
    let first = sample.split(|&byte| byte == terminator).find(|line| !line.trim_ascii().is_empty()).unwrap_or(b"");
    let delimiter = *b"\t;|".iter().find(|delimiter| first.contains(delimiter)).unwrap_or(&b',');
    records.split_at(delimiter, terminator);
    let mut words = Words { columns: Vec::new(), rows: Vec::new() };
    while let Some(record) = records.next().map_err(broken)? {
        if record.is_blank() {
            continue;
        }
        let cells = match !words.columns.is_empty() && record.len() > words.columns.len() {
            true => joined(record.cells(), char::from(delimiter)),
            false => record.cells().map(|cell| cell.trim().to_string()).collect(),
        };
        match words.columns.is_empty() {
            true => words.columns = cells,
            false => words.rows.push((record.line, cells)),
        }
    }
    Ok(words)
}

/// Puts cells together again that were cut inside brackets.
fn joined<'a>(cells: impl Iterator<Item = &'a str>, delimiter: char) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    let mut open = false;
    for cell in cells {
        match whole.last_mut() {
            Some(last) if open => {
                last.push(delimiter);
                last.push_str(cell);
            }
            _ => whole.push(cell.to_string()),
        }
        let count = |signs: &str| whole.last().map_or(0, |last| last.chars().filter(|&c| signs.contains(c)).count());
        open = count("[({") > count("])}");
    }
    whole.iter().map(|cell| cell.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_brackets_and_lines_their_numbers() {
        let words = words("\n quantity , value,note\r\nW[0,1],0.5,see p. 3\n\n\"a, b\",1e-3\n[0,1\n".as_bytes()).unwrap();
        assert_eq!(words.columns, ["quantity", "value", "note"]);
        let rows: Vec<(usize, Vec<&str>)> = words.rows.iter().map(|(l, cells)| (*l, cells.iter().map(String::as_str).collect())).collect();
        assert_eq!(rows, [(3, vec!["W[0,1]", "0.5", "see p. 3"]), (5, vec!["a, b", "1e-3"]), (6, vec!["[0", "1"])]);
        assert_eq!(super::words("a;b\n1,5;2\n".as_bytes()).unwrap().rows[0].1, ["1,5", "2"]);
    }
}
