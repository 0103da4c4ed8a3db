//! What stands above a table: the line `sep=;` that Excel reads, and comments.

use super::cells::excerpt;
use super::dialect::{split, terminator};
use super::header::{Header, lines, names_numbers};

/// Lines above a table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Above {
    /// How long they are, in bytes.
    pub bytes: usize,
    /// How many they are.
    pub lines: usize,
    /// What stands between cells, if they say so.
    pub delimiter: Option<u8>,
    /// What a person should be told.
    pub notes: Vec<String>,
}

/// Looks for them at the beginning of a file. A line that begins with `#` is a comment unless it names the columns.
pub(super) fn above(sample: &[u8], is_all: bool, header: &Header) -> Above {
    let mut above = Above::default();
    let end = terminator(sample);
    let line = |from: usize| sample[from..].iter().position(|&byte| byte == end).map_or(sample.len(), |at| from + at + 1);
    let first = sample[..line(0)].trim_ascii_start();
    if let Some(delimiter) = told(first) {
        above.bytes = line(0);
        above.delimiter = Some(delimiter);
        above.notes.push(format!("the first line, sep={}, says what stands between cells", char::from(delimiter).escape_debug()));
    }
    // Where each comment begins, and where the table does.
    let (mut comments, mut at) = (Vec::new(), above.bytes);
    while at < sample.len() {
        let text = sample[at..line(at)].trim_ascii();
        match text.first() {
            Some(b'#') => comments.push(at),
            Some(_) => break,
            None => {}
        }
        at = line(at);
    }
    if let Some(&last) = comments.last()
        && at < sample.len()
    {
        let (likely, terminator) = split(&sample[at..], is_all);
        let delimiter = above.delimiter.unwrap_or(likely);
        let cells = lines(&sample[last..], is_all, delimiter, terminator);
        if let Some((first, below)) = cells.split_first()
            && names_columns(first, below, header)
        {
            if header.said.is_none() && !header.has_all(first) {
                let taken = "is taken for the names of the columns (--no-header: it is a comment)";
                above.notes.push(format!("the line that begins with # {taken}"));
            }
            comments.pop();
            at = last;
        }
        if let Some(&first) = comments.first() {
            above.bytes = at;
            let (first, count) = (String::from_utf8_lossy(sample[first..line(first)].trim_ascii()), comments.len());
            let are = if count == 1 { "1 line above the table begins" } else { &format!("{count} lines above the table begin") };
            above.notes.push(format!("{are} with # and {} skipped: '{}'", if count == 1 { "is" } else { "are" }, excerpt(&first)));
        }
    }
    above.lines = sample[..above.bytes].iter().filter(|&&byte| byte == end).count();
    above
}

/// What a line `sep=;`, in quotes or not, says.
fn told(line: &[u8]) -> Option<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, rest) = line.split_at_checked(4)?;
    match rest {
        [delimiter] if name.eq_ignore_ascii_case(b"sep=") => {
            let is_part_of_numbers = delimiter.is_ascii_alphanumeric() || b".+-\"'\r\n".contains(delimiter);
            (delimiter.is_ascii() && !is_part_of_numbers).then_some(*delimiter)
        }
        _ => None,
    }
}

/// Whether a line that begins with `#` names the columns: it has as many cells as the line below it, which does not name them.
fn names_columns(first: &[String], below: &[Vec<String>], header: &Header) -> bool {
    let Some((next, rest)) = below.split_first() else { return false };
    if header.said_none() || first.len() != next.len() {
        return false;
    }
    // One cell may as well be a sentence.
    let is_word = || first.len() > 1 || !first[0].contains(char::is_whitespace) && next[0].parse::<f64>().is_ok();
    header.has_all(first) || !names_numbers(next, rest) && !header.has_all(next) && is_word()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_names() {
        for (text, bytes, lines, delimiter) in [
            ("a,b\n1,2\n", 0, 0, None),
            ("sep=;\r\na;b\n", 7, 1, Some(b';')),
            ("\"SEP=\t\"\na\tb\n", 8, 1, Some(b'\t')),
            ("sep=\ta\n", 0, 0, None),
            ("sep=1\n1\n", 0, 0, None),
            ("sep=\n1\n", 0, 0, None),
            ("# made today, by me\n\n#\n# in metres\na,b,c\n1,2,3\n", 35, 4, None),
            ("sep=;\n# x\na;b\n1;2\n", 10, 2, Some(b';')),
            // Of the first line the delimiter is not known before those below it are.
            ("# a; b; c\nx,y\n1,2\n3,4\n", 10, 1, None),
            ("#id,x\n1,2\n", 0, 0, None),
            ("# x,y\n1,2\n3,4\n", 0, 0, None),
            ("# units: m, s\nx,y\n1,2\n3,4\n", 14, 1, None),
            ("# text\n#id;x\n1;2\n", 7, 1, None),
            ("#x\n1\n2\n", 0, 0, None),
            ("# one word\n1\n2\n", 11, 1, None),
            ("#x\ny\n2\n", 3, 1, None),
            ("#1,a,b\n#2,c,d\n", 0, 0, None),
        ] {
            let found = above(text.as_bytes(), true, &Header::default());
            assert_eq!((found.bytes, found.lines, found.delimiter), (bytes, lines, delimiter), "{text:?}");
            // Names that are told by sight are said too; where all lines begin so the first of them is one.
            let is_told = bytes > 0 || text.starts_with('#') && !text.starts_with("#1");
            assert_eq!(!found.notes.is_empty(), is_told, "{text:?}");
        }
        assert_eq!(above(b"#id,x\n1,2\n", true, &Header::said(Some(false))).bytes, 6);
    }
}
