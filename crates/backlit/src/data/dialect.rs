//! Whether a file is text with delimiters at all, and what stands between its cells and its lines.

use super::FEW;
use crate::error::{Error, Kind};

/// Files that are no text, by their first bytes, of which there are so many that no name of a column begins with them.
const BINARY: [(&[u8], &str, &str); 12] = [
    (b"PK\x03\x04", "a zip file or a spreadsheet", "save the sheet as CSV"),
    (b"\xD0\xCF\x11\xE0", "an old spreadsheet (.xls)", "save the sheet as CSV"),
    (b"\x1F\x8B", "a gzip file", "unpack it first"),
    (b"\xFD7zXZ", "an xz file", "unpack it first"),
    (b"\x28\xB5\x2F\xFD", "a zstd file", "unpack it first"),
    (b"ARROW1\0\0", "an Arrow file", "save it as Parquet: pandas.read_feather(…).to_parquet(…)"),
    (b"\x93NUMPY", "a NumPy file", "let its name end in .npy"),
    (b"\x89HDF", "an HDF5 file", "save the table as CSV or Parquet"),
    (b"SQLite format 3", "an SQLite database", "save the table as CSV: sqlite3 -header -csv FILE \"SELECT * FROM …\""),
    (b"%PDF-", "a PDF file", "save the table itself as CSV"),
    (b"\xFF\xFE", "UTF-16 text", "save the file as UTF-8"),
    (b"\xFE\xFF", "UTF-16 text", "save the file as UTF-8"),
];

/// The same of files whose first letters alone might begin a name.
fn behind_letters(sample: &[u8]) -> Option<(&'static str, &'static str)> {
    match sample {
        [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..] if rest.starts_with(b"1AY&SY") => Some(("a bzip2 file", "unpack it first")),
        [b'P', b'A', b'R', b'1', no_text, ..] if no_text.is_ascii_control() && !no_text.is_ascii_whitespace() => {
            Some(("a Parquet file", "let its name end in .parquet"))
        }
        _ => None,
    }
}

/// Refuses a file that is no text, by its beginning.
pub(super) fn refuse_binary(sample: &[u8]) -> Result<(), Error> {
    if sample.is_empty() {
        return Err(Error::new(Kind::Data, "expected a table, came an empty file"));
    }
    let known = BINARY.iter().find(|(start, ..)| sample.starts_with(start)).map(|(_, what, hint)| (*what, *hint));
    if let Some((what, hint)) = known.or_else(|| behind_letters(sample)) {
        return Err(Error::new(Kind::Data, format!("expected text with delimiters, came {what}")).hint(hint));
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

/// Refuses text that is JSON, HTML, XML, Markdown or ARFF, by its beginning.
pub(super) fn refuse_markup(sample: &[u8]) -> Result<(), Error> {
    let start = sample.trim_ascii_start();
    let Some((what, hint)) = markup(&start[..start.len().min(LOOKED_AT)]) else { return Ok(()) };
    Err(Error::new(Kind::Data, format!("expected text with delimiters, came what looks like {what}")).hint(hint))
}

/// So many bytes tell what a text is.
const LOOKED_AT: usize = 1 << 12;

/// What a text is that is no table, and what to try.
fn markup(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let next = |at: usize| start[at.min(start.len())..].trim_ascii_start().first().copied();
    let begins = |word: &str| start.get(..word.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(word.as_bytes()));
    let mut lines = start.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    // A name in angle brackets is followed by a delimiter, a tag by another tag.
    let tag_upon_tag = || {
        let end = start.iter().position(|&byte| matches!(byte, b'>' | b',' | b';' | b'|' | b'\t'))?;
        let rest = start[end..].strip_prefix(b">")?;
        let text = rest.iter().position(|byte| !matches!(byte, b' ' | b'\r' | b'\n'))?;
        Some(rest[text] == b'<' && start[1].is_ascii_alphabetic())
    };
    // A tag of this name, and no name of a column, behind which stands a delimiter.
    let is_tag = |word: &str| {
        let rest = if begins(word) { &start[word.len()..] } else { return false };
        let end = rest.iter().position(|&byte| byte == b'>').unwrap_or(rest.len());
        let behind = rest.get(end + 1..).unwrap_or_default().iter().find(|byte| **byte != b' ');
        let ends = rest.first().is_none_or(|byte| matches!(byte, b'>' | b' ' | b'\r' | b'\n'));
        ends && !behind.is_some_and(|byte| DELIMITERS.contains(byte))
    };
    match next(0)? {
        b'{' if matches!(next(1), Some(b'"' | b'}')) => {
            let is_whole = lines.next().is_some_and(|line| line.ends_with(b"}"));
            let more = lines.next().is_some_and(|line| line.starts_with(b"{"));
            match is_whole && more {
                true => Some(("JSON Lines", "turn it into CSV: pandas.read_json(\"FILE\", lines=True).to_csv(\"table.csv\", index=False)")),
                false => Some(("JSON", FROM_JSON)),
            }
        }
        b'[' if matches!(next(1), Some(b'{' | b'[')) => Some(("JSON", FROM_JSON)),
        b'<' if begins("<!doctype html") || ["<html", "<head", "<body", "<table"].into_iter().any(is_tag) => {
            Some(("a page of HTML", "save the table itself as CSV; a page instead of a download may ask to log in: open it in a browser"))
        }
        b'<' if begins("<?xml") || begins("<!--") || tag_upon_tag() == Some(true) => {
            Some(("XML", "turn it into CSV: pandas.read_xml(\"FILE\").to_csv(\"table.csv\", index=False), or save the sheet as CSV"))
        }
        b'@' if begins("@relation") => {
            Some(("an ARFF file", "keep the lines below @data, under a line of the attributes' names with commas between them"))
        }
        b'|' if lines
            .nth(1)
            .is_some_and(|line| line.starts_with(b"|") && line.iter().all(|byte| b"|-: ".contains(byte)) && line.contains(&b'-')) =>
        {
            Some(("a table in Markdown", "take the line of dashes out, and the bars at both ends of each line"))
        }
        _ => None,
    }
}

const FROM_JSON: &str = "turn it into CSV: pandas.read_json(\"FILE\").to_csv(\"table.csv\", index=False)";

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

/// What a person should know of what stands between cells; nothing of commas.
pub(crate) fn between_cells(delimiter: char) -> Option<String> {
    let sign = match delimiter {
        ',' => return None,
        ';' => "semicolons".to_string(),
        '\t' => "tabs".to_string(),
        '|' => "vertical bars".to_string(),
        other => format!("the signs '{}'", other.escape_debug()),
    };
    Some(format!("{sign} stand between the cells"))
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
