//! Numbers and words as the lines of a CSV.

use std::io::{self, Read};

/// Lines of text, made when they are wanted.
pub(super) struct Lines<I> {
    /// Each puts a line at the end.
    next: I,
    text: Vec<u8>,
    /// What of the text is handed out.
    read: usize,
}

/// As much text as is made at a time.
const MUCH: usize = 1 << 16;

impl<I: FnMut(&mut Vec<u8>) -> io::Result<bool>> Lines<I> {
    /// `next` puts a line, with its end, behind what it is given, or says that there are no more.
    pub fn new(head: Vec<u8>, next: I) -> Lines<I> {
        Lines { next, text: head, read: 0 }
    }
}

impl<I: FnMut(&mut Vec<u8>) -> io::Result<bool>> Read for Lines<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read == self.text.len() {
            self.text.clear();
            self.read = 0;
            while self.text.len() < MUCH && (self.next)(&mut self.text)? {}
        }
        let count = buffer.len().min(self.text.len() - self.read);
        buffer[..count].copy_from_slice(&self.text[self.read..][..count]);
        self.read += count;
        Ok(count)
    }
}

/// Puts a line of cells, each in quotes where it must be.
pub(super) fn line(cells: impl Iterator<Item = String>, text: &mut Vec<u8>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            text.push(b',');
        }
        match cell.contains(['"', ',', '\n', '\r']) || cell.trim() != cell {
            true => text.extend(format!("\"{}\"", cell.replace('"', "\"\"")).bytes()),
            false => text.extend(cell.bytes()),
        }
    }
    text.push(b'\n');
}

/// A number as text that reads back as the same, whole ones as a CSV has them; NaN is a missing cell.
pub(super) fn shortest(number: f64) -> String {
    match number {
        number if number.is_nan() => String::new(),
        number if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number}"),
        number => format!("{number:?}"),
    }
}

/// An f32 as the number its shortest digits say: 0.1 is 0.1.
pub(super) fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}
