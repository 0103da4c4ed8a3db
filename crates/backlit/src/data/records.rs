//! Splits delimited text into records, line by line, with exact line numbers.
//!
//! The rules are RFC 4180's, with four more: the delimiter may be any one byte, blanks may stand around
//! a quoted cell, the last line need not end, and a quote inside an unquoted cell is a plain character.

use crate::error::{Error, Kind};
use std::io::{ErrorKind, Read};

/// What is read at first, and what the delimiter is judged by.
const FIRST_READ: usize = 1 << 18;
/// The most bytes one record may have; keeps a forgotten quote from swallowing the memory.
const MOST_BYTES: usize = 1 << 28;

/// Records of a stream of bytes.
pub(super) struct Records<R> {
    input: R,
    /// `buffer[start..end]` is read and not yet handed out.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    delimiter: u8,
    terminator: u8,
    /// Of the next record, counted from 1.
    line: usize,
    /// Bytes and lines of the record handed out last.
    last: (usize, usize),
    /// Bytes of the stream before `buffer[0]`.
    before: u64,
    /// The cells of a record with quotes, a delimiter after each.
    unquoted: Vec<u8>,
    ends: Vec<usize>,
}

/// One record, borrowed until the next is asked for.
pub(super) struct Record<'a> {
    /// The line it begins on, counted from 1.
    pub line: usize,
    text: &'a str,
    ends: &'a [usize],
}

/// A place where the text is not a table.
pub(super) struct Broken {
    /// Counted from 1.
    pub line: usize,
    /// The cell of the line, counted from 0.
    pub cell: Option<usize>,
    /// What was expected and what came.
    pub message: String,
    /// What to try.
    pub hint: Option<&'static str>,
}

impl Broken {
    /// The error, in a row of the data if it lies below the header.
    pub fn at(self, row: Option<usize>, columns: &[String]) -> Error {
        let name = self.cell.and_then(|cell| columns.get(cell));
        let cell = match self.cell {
            Some(cell) if name.is_none() => format!(", cell {} of the line", cell + 1),
            _ => String::new(),
        };
        let mut error = Error::new(Kind::Data, format!("line {}{cell}: {}", self.line, self.message));
        error.row = row;
        error.column = name.cloned();
        error.hint = self.hint.map(str::to_string);
        error
    }
}

/// Where a record ends, relative to its start.
struct Extent {
    /// Where the next record begins.
    next: usize,
    /// How many lines it spans.
    lines: usize,
    /// Bytes of cells, in the buffer or in `unquoted`.
    bytes: usize,
    quoted: bool,
}

impl<R: Read> Records<R> {
    /// Reads the beginning of a stream; a byte order mark is skipped.
    pub fn new(input: R) -> Result<Records<R>, Broken> {
        let mut records = Records {
            input,
            buffer: vec![0; FIRST_READ],
            start: 0,
            end: 0,
            at_end: false,
            delimiter: b',',
            terminator: b'\n',
            line: 1,
            last: (0, 0),
            before: 0,
            unquoted: Vec::new(),
            ends: Vec::new(),
        };
        while !records.at_end && records.end < FIRST_READ {
            records.fill()?;
        }
        if records.sample().starts_with(b"\xEF\xBB\xBF") {
            records.start = 3;
        }
        Ok(records)
    }

    /// The first bytes of the stream, as far as they are read.
    pub fn sample(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether the sample is all there is.
    pub fn sample_is_all(&self) -> bool {
        self.at_end
    }

    /// Sets the bytes that end a cell and a line.
    pub fn split_at(&mut self, delimiter: u8, terminator: u8) {
        (self.delimiter, self.terminator) = (delimiter, terminator);
    }

    /// Passes over the first so many bytes of the sample, which are so many lines.
    pub fn skip(&mut self, bytes: usize, lines: usize) {
        self.start += bytes;
        self.line += lines;
    }

    /// The next record, or none at the end. The error names the line, not the file.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Broken> {
        let extent = loop {
            let extent = match self.plain() {
                None => self.quoted()?,
                found => found,
            };
            if let Some(extent) = extent {
                break extent;
            }
            if self.at_end {
                return Ok(None);
            }
            self.fill()?;
        };
        let (start, line) = (self.start, self.line);
        self.last = (extent.next, extent.lines);
        self.start += extent.next;
        self.line += extent.lines;
        let bytes = if extent.quoted { &self.unquoted[..extent.bytes] } else { &self.buffer[start..][..extent.bytes] };
        let text = std::str::from_utf8(bytes).map_err(|wrong| {
            let at = wrong.valid_up_to();
            let cell = self.ends.iter().take_while(|&&end| end < at).count();
            let raw = std::str::from_utf8(&self.buffer[start..self.start]);
            let in_line = raw.err().map_or(at, |wrong| wrong.valid_up_to());
            let in_file = self.before + (start + in_line) as u64;
            let message =
                format!("expected UTF-8, came the byte 0x{:02X} at byte {in_line} of the line (byte {in_file} of the file)", bytes[at]);
            Broken { line, cell: Some(cell), message, hint: Some("save the file as UTF-8") }
        })?;
        Ok(Some(Record { line, text, ends: &self.ends }))
    }

    /// Takes the record handed out last back, to be handed out once more.
    pub fn again(&mut self) {
        let (bytes, lines) = std::mem::take(&mut self.last);
        self.start -= bytes;
        self.line -= lines;
    }

    /// The extent of a record without quotes, if there is one and it is wholly in the buffer.
    fn plain(&mut self) -> Option<Extent> {
        let (delimiter, terminator) = (self.delimiter, self.terminator);
        self.ends.clear();
        let bytes = &self.buffer[self.start..self.end];
        let wanted = [delimiter, terminator, b'"'].map(|byte| u64::from_ne_bytes([byte; 8]));
        let (words, rest) = bytes.as_chunks::<8>();
        // Filled up with bytes that end nothing.
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for (word, at) in words.iter().chain(std::iter::once(&last)).zip((0..).step_by(8)) {
            let word = u64::from_le_bytes(*word);
            let mut found = wanted.iter().fold(0, |found, wanted| found | zero_bytes(word ^ wanted));
            while found > 0 {
                let i = at + found.trailing_zeros() as usize / 8;
                found &= found - 1;
                match bytes[i] {
                    byte if byte == delimiter => self.ends.push(i),
                    b'"' => return None,
                    _ => return Some(self.finished(i, i + 1)),
                }
            }
        }
        let length = bytes.len();
        (self.at_end && length > 0).then(|| self.finished(length, length))
    }

    fn finished(&mut self, stop: usize, next: usize) -> Extent {
        let stop = if stop > 0 && self.buffer[self.start + stop - 1] == b'\r' { stop - 1 } else { stop };
        self.ends.push(stop);
        Extent { next, lines: 1, bytes: stop, quoted: false }
    }

    /// The extent of a record with quotes; its cells go to `unquoted`.
    fn quoted(&mut self) -> Result<Option<Extent>, Broken> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            Before,
            Plain,
            Quoted,
            After,
        }
        self.ends.clear();
        self.unquoted.clear();
        let bytes = &self.buffer[self.start..self.end];
        let (mut state, mut lines, mut opened, mut i) = (State::Before, 1, self.line, 0);
        while i < bytes.len() {
            let byte = bytes[i];
            i += 1;
            match state {
                State::Quoted => match byte {
                    b'"' if bytes.get(i) == Some(&b'"') => {
                        self.unquoted.push(b'"');
                        i += 1;
                    }
                    // Whether this quote is doubled is not known before the next byte is.
                    b'"' if i == bytes.len() && !self.at_end => return Ok(None),
                    b'"' => state = State::After,
                    _ => {
                        lines += usize::from(byte == self.terminator);
                        self.unquoted.push(byte);
                    }
                },
                _ if byte == self.delimiter || byte == self.terminator => {
                    self.ends.push(self.unquoted.len());
                    if byte == self.terminator {
                        return Ok(Some(Extent { next: i, lines, bytes: self.unquoted.len(), quoted: true }));
                    }
                    self.unquoted.push(byte);
                    state = State::Before;
                }
                State::Before if byte == b'"' => (state, opened) = (State::Quoted, self.line + lines - 1),
                State::Before | State::After if byte.is_ascii_whitespace() => {}
                State::Before | State::Plain => {
                    self.unquoted.push(byte);
                    state = State::Plain;
                }
                State::After => {
                    let message = "expected the delimiter after the closing quote, came more text".to_string();
                    let hint = Some("write a quote inside a quoted cell twice: \"\"");
                    return Err(Broken { line: self.line + lines - 1, cell: Some(self.ends.len()), message, hint });
                }
            }
        }
        if !self.at_end || bytes.is_empty() {
            return Ok(None);
        }
        if state == State::Quoted {
            let message = "the quote that opens here is never closed".to_string();
            return Err(Broken { line: opened, cell: Some(self.ends.len()), message, hint: None });
        }
        self.ends.push(self.unquoted.len());
        Ok(Some(Extent { next: bytes.len(), lines, bytes: self.unquoted.len(), quoted: true }))
    }

    /// Reads more behind what is there.
    fn fill(&mut self) -> Result<(), Broken> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.before += self.start as u64;
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= MOST_BYTES {
                let message = format!("expected a line of at most {MOST_BYTES} bytes, came more");
                let hint = Some("look for a quote that is never closed: it makes all that follows one cell");
                return Err(Broken { line: self.line, cell: None, message, hint });
            }
            self.buffer.resize(2 * self.end, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    let message = format!("cannot read on after byte {} of the file: {error}", self.before + self.end as u64);
                    return Err(Broken { line: self.line, cell: None, message, hint: None });
                }
            }
            return Ok(());
        }
    }
}

/// The highest bit of each byte that is 0.
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    !(((word & LOW) + LOW) | word | LOW)
}

impl<'a> Record<'a> {
    /// How many cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the line holds nothing at all.
    pub fn is_blank(&self) -> bool {
        self.len() == 1 && self.text.trim().is_empty()
    }

    /// The cells as they stand, blanks around them included.
    pub fn cells(&self) -> impl Iterator<Item = &'a str> + '_ {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.text[start..end];
            start = end + 1;
            cell
        })
    }
}
