//! What a network says of the rows of a table, beside what is right: in memory, or in a temporary file and as class numbers where the
//! table has many rows and classes.

use crate::data::{nameless, read_at, refused, unreadable};
use crate::error::Error;
use backlit_engine::step::{Rows, Source};
use std::borrow::Cow;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows of a block in the file: a multiple of 64.
pub(crate) const BLOCK: usize = 4096;

/// Outputs of a network, rows × width.
#[derive(Clone, Debug)]
pub struct Said {
    width: usize,
    rows: usize,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Vec<f64>),
    /// Blocks of rows, each output of a block side by side; in f32 where the network computes in it.
    File {
        file: Arc<File>,
        folder: PathBuf,
        bytes: usize,
    },
}

/// A number in the file.
fn read(bytes: &[u8]) -> f64 {
    match bytes {
        &[a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        bytes => bytes.first_chunk().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes)),
    }
}

impl Said {
    /// `numbers`: rows × width
    pub fn new(width: usize, numbers: Vec<f64>) -> Said {
        Said { width, rows: numbers.len() / width.max(1), place: Place::Memory(numbers) }
    }

    /// Of no rows.
    pub fn none() -> Said {
        Said::new(1, Vec::new())
    }

    /// Puts outputs into a temporary file. `of` gives those of the rows from the first number to before the second, rows × width, which
    /// are f32 where `single`.
    pub(crate) fn stored(width: usize, rows: usize, single: bool, mut of: impl FnMut(usize, usize) -> Vec<f64>) -> Result<Said, Error> {
        let (mut file, folder) = nameless()?;
        let bytes = if single { size_of::<f32>() } else { size_of::<f64>() };
        let mut block = Vec::with_capacity(BLOCK.min(rows) * width * bytes);
        for start in (0..rows).step_by(BLOCK) {
            let numbers = of(start, rows.min(start + BLOCK));
            block.clear();
            for k in 0..width {
                for number in numbers.iter().skip(k).step_by(width) {
                    match single {
                        true => block.extend((*number as f32).to_le_bytes()),
                        false => block.extend(number.to_le_bytes()),
                    }
                }
            }
            file.write_all(&block).map_err(|error| refused(&folder, &error))?;
        }
        Ok(Said { width, rows, place: Place::File { file: Arc::new(file), folder, bytes } })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Hands on all rows in order, a block after the other: its first row, and its numbers, rows × width.
    pub fn blocks(&self, each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Error> {
        let Place::File { bytes, .. } = &self.place else {
            let Place::Memory(numbers) = &self.place else { return Ok(()) };
            each(0, numbers);
            return Ok(());
        };
        let (mut raw, mut numbers) = (Vec::new(), Vec::new());
        for start in (0..self.rows).step_by(BLOCK) {
            let rows = BLOCK.min(self.rows - start);
            raw.resize(rows * self.width * bytes, 0);
            self.read(start * self.width, &mut raw)?;
            numbers.clear();
            numbers.extend((0..rows).flat_map(|r| (0..self.width).map(move |k| k * rows + r)).map(|at| read(&raw[at * bytes..][..*bytes])));
            each(start, &numbers);
        }
        Ok(())
    }

    /// Beside what is right, as data of a graph: the outputs first.
    pub(crate) fn beside<'a>(&'a self, targets: Targets<'a>) -> Beside<'a> {
        Beside { said: self, targets }
    }

    /// Output `k` of rows from `first` on, all of one block of the file.
    fn stretch(&self, first: usize, k: usize, into: &mut [f64]) {
        let Place::File { bytes, .. } = &self.place else {
            let Place::Memory(numbers) = &self.place else { return };
            into.iter_mut().enumerate().for_each(|(r, into)| *into = numbers[(first + r) * self.width + k]);
            return;
        };
        let start = first / BLOCK * BLOCK;
        let rows = BLOCK.min(self.rows - start);
        let mut at = start * self.width + k * rows + (first - start);
        let mut raw = [0; 64 * size_of::<f64>()];
        for into in into.chunks_mut(64) {
            let raw = &mut raw[..into.len() * bytes];
            match self.read(at, raw) {
                Ok(()) => into.iter_mut().zip(raw.chunks_exact(*bytes)).for_each(|(into, raw)| *into = read(raw)),
                Err(_) => into.fill(f64::NAN),
            }
            at += into.len();
        }
    }

    /// One output of all rows.
    pub fn column(&self, k: usize) -> Result<Vec<f64>, Error> {
        let bytes = match &self.place {
            Place::Memory(numbers) => return Ok(numbers.iter().skip(k).step_by(self.width).copied().collect()),
            Place::File { bytes, .. } => *bytes,
        };
        let (mut raw, mut column) = (Vec::new(), Vec::with_capacity(self.rows));
        for start in (0..self.rows).step_by(BLOCK) {
            let rows = BLOCK.min(self.rows - start);
            raw.resize(rows * bytes, 0);
            self.read(start * self.width + k * rows, &mut raw)?;
            column.extend(raw.chunks_exact(bytes).map(read));
        }
        Ok(column)
    }

    /// All of them, rows × width.
    pub(crate) fn in_memory(&self) -> Result<Cow<'_, [f64]>, Error> {
        match &self.place {
            Place::Memory(numbers) => Ok(Cow::Borrowed(numbers)),
            Place::File { .. } => self.clone().numbers().map(Cow::Owned),
        }
    }

    /// All of them in memory, rows × width.
    pub fn numbers(self) -> Result<Vec<f64>, Error> {
        if let Place::Memory(numbers) = self.place {
            return Ok(numbers);
        }
        let mut all = Vec::with_capacity(self.rows * self.width);
        self.blocks(&mut |_, block| all.extend_from_slice(block))?;
        Ok(all)
    }

    /// Reads from the `first`-th number of the file on.
    fn read(&self, first: usize, raw: &mut [u8]) -> Result<(), Error> {
        let Place::File { file, folder, bytes } = &self.place else { return Ok(()) };
        read_at(file, raw, (first * bytes) as u64).map_err(|error| unreadable(folder, &error.to_string()))
    }
}

/// Outputs and what is right, as data of a graph.
pub(crate) struct Beside<'a> {
    said: &'a Said,
    targets: Targets<'a>,
}

impl Source<f64> for Beside<'_> {
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [f64]) {
        let n = rows.len();
        let width = self.said.width;
        if node > 0 {
            for r in 0..n {
                (0..width).for_each(|k| panel[k * n + r] = self.targets.at(rows.number(r), width, k));
            }
            return;
        }
        let mut r = 0;
        while r < n {
            let first = rows.number(r);
            let follows = |next: usize| rows.number(r + next) == first + next && (first + next) / BLOCK == first / BLOCK;
            let count = (1..n - r).find(|&next| !follows(next)).unwrap_or(n - r);
            (0..width).for_each(|k| self.said.stretch(first, k, &mut panel[k * n + r..][..count]));
            r += count;
        }
    }
}

/// What is right for each row.
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a> {
    /// rows × outputs
    Numbers(&'a [f64]),
    /// rows: the place of the class.
    Classes(&'a [u16]),
}

impl Targets<'_> {
    /// How many rows there are, of so many outputs.
    pub fn rows(&self, width: usize) -> usize {
        match self {
            Targets::Numbers(y) => y.len() / width.max(1),
            Targets::Classes(classes) => classes.len(),
        }
    }

    /// Number `k` of a row; of classes 1 or 0.
    fn at(&self, row: usize, width: usize, k: usize) -> f64 {
        match self {
            Targets::Numbers(y) => y[row * width + k],
            Targets::Classes(classes) => f64::from(u8::from(usize::from(classes[row]) == k)),
        }
    }

    /// Whether a row is of class `k`.
    pub(crate) fn is(&self, row: usize, width: usize, k: usize) -> bool {
        match self {
            Targets::Numbers(y) => y[row * width + k] > 0.5,
            Targets::Classes(classes) => usize::from(classes[row]) == k,
        }
    }

    /// Those of `rows` rows from `first` on, rows × width; one-hot where they are classes. `room` is used for them.
    pub(crate) fn of<'r>(&'r self, first: usize, rows: usize, width: usize, room: &'r mut Vec<f64>) -> &'r [f64] {
        match self {
            Targets::Numbers(y) => &y[first * width..][..rows * width],
            Targets::Classes(classes) => {
                one_hot(&classes[first..][..rows], width, room);
                room
            }
        }
    }
}

/// 1 at each row's class, 0 elsewhere: rows × width.
pub(crate) fn one_hot(classes: &[u16], width: usize, y: &mut Vec<f64>) {
    y.clear();
    y.resize(classes.len() * width, 0.0);
    classes.iter().enumerate().for_each(|(r, &class)| y[r * width + usize::from(class)] = 1.0);
}

/// Hands on blocks of rows, outputs beside targets, rows × width each.
pub(crate) fn beside(said: &Said, targets: Targets<'_>, each: &mut dyn FnMut(&[f64], &[f64])) -> Result<(), Error> {
    beside_from(said, targets, &mut |_, outputs, y| each(outputs, y))
}

/// The same, each block with its first row.
pub(crate) fn beside_from(said: &Said, targets: Targets<'_>, each: &mut impl FnMut(usize, &[f64], &[f64])) -> Result<(), Error> {
    let mut room = Vec::new();
    let width = said.width;
    said.blocks(&mut |first, block| each(first, block, targets.of(first, block.len() / width.max(1), width, &mut room)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs come back from the file as they were put there, by rows and by columns, also across blocks.
    #[test]
    fn outputs_come_back() {
        for (width, rows, single) in [(3, 1, false), (1, BLOCK, true), (7, 3 * BLOCK + 5, false), (4, 2 * BLOCK - 1, true), (2, 0, true)] {
            let at = |r: usize, k: usize| if single { f64::from((r * width + k) as f32 / 3.0) } else { (r * width + k) as f64 / 3.0 };
            let all: Vec<f64> = (0..rows).flat_map(|r| (0..width).map(move |k| at(r, k))).collect();
            let stored = Said::stored(width, rows, single, |from, to| all[from * width..to * width].to_vec()).expect("a file");
            let held = Said::new(width, all.clone());
            for said in [&stored, &held] {
                assert_eq!((said.rows(), said.clone().numbers().expect("numbers")), (rows, all.clone()));
                (0..width).for_each(|k| assert_eq!(said.column(k).unwrap(), (0..rows).map(|r| at(r, k)).collect::<Vec<_>>(), "{k}"));
                for (first, count) in [(0, 1), (BLOCK - 70, 70), (BLOCK, 100), (rows.saturating_sub(3), 3)] {
                    if first + count > rows {
                        continue;
                    }
                    for k in 0..width {
                        let mut stretch = vec![0.0; count];
                        said.stretch(first, k, &mut stretch);
                        assert_eq!(stretch, (first..first + count).map(|r| at(r, k)).collect::<Vec<_>>(), "{first} {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn classes_become_one_hot() {
        let classes = [2, 0, 1, 1];
        let dense = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0];
        let mut room = Vec::new();
        for targets in [Targets::Classes(&classes), Targets::Numbers(&dense)] {
            assert_eq!((targets.of(1, 2, 3, &mut room), targets.rows(3)), (&dense[3..9], 4));
            assert!(targets.is(0, 3, 2) && !targets.is(0, 3, 0) && targets.is(3, 3, 1));
        }
    }
}
