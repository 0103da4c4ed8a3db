//! Whether a file is text with delimiters at all, and what stands between its cells and its lines.

use super::FEW;
use crate::error::{Error, Kind};

/// Files that are no text, by their first bytes.
const BINARY: [(&[u8], &str, &str); 6] = [
    (b"PK\x03\x04", "a zip file or a spreadsheet", "save the sheet as CSV"),
    (b"\x1F\x8B", "a gzip file", "unpack it first"),
    (b"PAR1", "a Parquet file", "convert it to CSV"),
    (b"\x93NUMPY", "a NumPy file", "convert it to CSV: numpy.savetxt(…, delimiter=',')"),
    (b"\xFF\xFE", "UTF-16 text", "save the file as UTF-8"),
    (b"\xFE\xFF", "UTF-16 text", "save the file as UTF-8"),
];

/// Refuses a file that is no text, by its beginning.
pub(super) fn refuse_binary(sample: &[u8]) -> Result<(), Error> {
    if sample.is_empty() {
        return Err(Error::new(Kind::Data, "expected a table, came an empty file"));
    }
    for (start, what, hint) in BINARY {
        if sample.starts_with(start) {
            return Err(Error::new(Kind::Data, format!("expected text with delimiters, came {what}")).hint(hint));
        }
    }
    match sample.iter().position(|&byte| byte == 0) {
        Some(at) => {
            let line = sample[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let message = format!("line {line}: expected text with delimiters, came a zero byte (byte {at}): a binary file, or UTF-16");
            Err(Error::new(Kind::Data, message).hint("save the table as CSV in UTF-8"))
        }
        None => Ok(()),
    }
}

/// The candidates. Where several split all lines evenly the earliest wins: a comma is often a decimal
/// comma, the others are hardly ever part of a number.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// The delimiter and the line end that split a sample most evenly.
pub(super) fn split(sample: &[u8], is_all: bool) -> (u8, u8) {
    let terminator = terminator(sample);
    let counts = counts(sample, is_all, terminator);
    let even = |k: usize| counts.iter().filter(|line| line[k] == counts[0][k]).count();
    let best = (0..DELIMITERS.len())
        .filter(|&k| counts.first().is_some_and(|first| first[k] > 0))
        // `max_by_key` keeps the last of equals.
        .rev()
        .max_by_key(|&k| even(k));
    (best.map_or(b',', |k| DELIMITERS[k]), terminator)
}

/// The line end: `\n` unless there are only `\r`.
pub(super) fn terminator(sample: &[u8]) -> u8 {
    if sample.contains(&b'\n') || !sample.contains(&b'\r') { b'\n' } else { b'\r' }
}

/// How often each candidate stands outside quotes, for each of the first lines with text.
fn counts(sample: &[u8], is_all: bool, terminator: u8) -> Vec<[usize; 4]> {
    let mut lines = Vec::new();
    let (mut line, mut quoted, mut blank) = ([0; 4], false, true);
    // A quote opens only where a cell begins.
    let mut begins = true;
    for &byte in sample {
        if byte == b'"' && (quoted || begins) {
            (quoted, begins) = (!quoted, quoted);
        } else if byte == terminator && !quoted {
            if !blank {
                lines.push(line);
            }
            if lines.len() == FEW {
                return lines;
            }
            (line, blank, begins) = ([0; 4], true, true);
            continue;
        } else if let Some(k) = DELIMITERS.iter().position(|&delimiter| delimiter == byte && !quoted) {
            line[k] += 1;
            begins = true;
        } else if !byte.is_ascii_whitespace() {
            begins = false;
        }
        blank &= byte.is_ascii_whitespace();
    }
    // The last line of a part may be cut; the only line is judged all the same.
    if !blank && (is_all || lines.is_empty()) {
        lines.push(line);
    }
    lines
}
