//! Tables that are no text: Parquet, .npy and .npz. They are read row by row as the text that a CSV would hold, so that one table gives
//! one model whatever file it comes from.

#[cfg(feature = "numpy")]
mod numpy;
#[cfg(feature = "parquet")]
mod parquet;

use crate::error::{Error, Kind};
use std::io::{self, Read};
use std::path::Path;

/// The text of a file that is none; nothing for every other file.
pub(super) fn open(path: &Path) -> Result<Option<Box<dyn Read>>, Error> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let opened = match end.as_deref() {
        #[cfg(feature = "parquet")]
        Some("parquet" | "pq") => parquet::open(path),
        #[cfg(feature = "numpy")]
        Some("npy") => numpy::open(path),
        #[cfg(feature = "numpy")]
        Some("npz") => numpy::open_several(path),
        #[cfg(not(all(feature = "parquet", feature = "numpy")))]
        Some("parquet" | "pq" | "npy" | "npz") => Err("this build reads no such files: its features parquet and numpy are off".into()),
        _ => return Ok(None),
    };
    opened.map(Some).map_err(|message: String| Error::new(Kind::Data, message).file(path.display()))
}

/// Lines of text, made when they are wanted.
struct Lines<I> {
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
    fn new(head: Vec<u8>, next: I) -> Lines<I> {
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
fn line(cells: impl Iterator<Item = String>, text: &mut Vec<u8>) {
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
fn shortest(number: f64) -> String {
    match number {
        number if number.is_nan() => String::new(),
        number if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number}"),
        number => format!("{number:?}"),
    }
}

/// An f32 as the number its shortest digits say: 0.1 is 0.1.
fn widened(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::NAN)
}
