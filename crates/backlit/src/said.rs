//! What a network says of the rows of a table, beside what is right: in memory, or in a temporary file where the table is in one.

use crate::compact::{has_label, stride};
use crate::data::{Inputs, nameless, read_at, refused, unreadable};
use crate::error::Error;
use backlit_engine::step::{Rows, Source};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

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

    /// Takes away what is in the file.
    #[cfg(test)]
    pub(crate) fn cut(&self) {
        if let Place::File { file, .. } = &self.place {
            file.set_len(0).expect("a file");
        }
    }

    /// Of no rows.
    pub fn none() -> Said {
        Said::new(1, Vec::new())
    }

    /// Puts outputs into a temporary file. `of` gives those of the rows from the first number to before the second, rows × width, which
    /// are f32 where `single`.
    pub(crate) fn stored(
        width: usize,
        rows: usize,
        single: bool,
        mut of: impl FnMut(usize, usize) -> Result<Vec<f64>, Error>,
    ) -> Result<Said, Error> {
        let (mut file, folder) = nameless().map_err(|(folder, error)| refused(&folder, &error))?;
        let bytes = if single { size_of::<f32>() } else { size_of::<f64>() };
        let mut block = Vec::with_capacity(BLOCK.min(rows) * width * bytes);
        for start in (0..rows).step_by(BLOCK) {
            let numbers = of(start, rows.min(start + BLOCK))?;
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
            self.block(start, *bytes, &mut raw, &mut numbers)?;
            each(start, &numbers);
        }
        Ok(())
    }

    /// A block of the file. `numbers`: rows × width afterwards
    fn block(&self, start: usize, bytes: usize, raw: &mut Vec<u8>, numbers: &mut Vec<f64>) -> Result<(), Error> {
        let rows = BLOCK.min(self.rows - start);
        raw.resize(rows * self.width * bytes, 0);
        self.read(start * self.width, raw)?;
        numbers.clear();
        numbers.extend((0..rows).flat_map(|r| (0..self.width).map(move |k| k * rows + r)).map(|at| read(&raw[at * bytes..][..bytes])));
        Ok(())
    }

    /// Up to a block of rows from a multiple of [`BLOCK`] on: rows × width.
    pub(crate) fn some(&self, start: usize) -> Result<Vec<f64>, Error> {
        let rows = BLOCK.min(self.rows.saturating_sub(start));
        let mut numbers = Vec::with_capacity(rows * self.width);
        match &self.place {
            Place::Memory(all) => numbers.extend_from_slice(&all[start * self.width..][..rows * self.width]),
            Place::File { bytes, .. } => self.block(start, *bytes, &mut Vec::new(), &mut numbers)?,
        }
        Ok(numbers)
    }

    /// Other numbers of the same rows, in the same kind of place. `of`: from a block's first row and its numbers, rows × width
    pub(crate) fn map(&self, mut of: impl FnMut(usize, &mut [f64])) -> Result<Said, Error> {
        if let Place::Memory(numbers) = &self.place {
            let mut numbers = numbers.clone();
            of(0, &mut numbers);
            return Ok(Said::new(self.width, numbers));
        }
        Said::stored(self.width, self.rows, false, |from, _| {
            let mut numbers = self.some(from)?;
            of(from, &mut numbers);
            Ok(numbers)
        })
    }

    /// What several networks say, each of rows of its own, as that of all rows in order. `of_row`: whose each row is, by its place among
    /// the `parts`, which have their rows in the same order
    pub(crate) fn merged(width: usize, of_row: &[u32], parts: &[Said]) -> Result<Said, Error> {
        let mut open: Vec<(usize, usize, Vec<f64>)> = vec![(0, 0, Vec::new()); parts.len()];
        let mut next = |from: usize, to: usize| {
            let mut all = Vec::with_capacity((to - from) * width);
            for &part in &of_row[from..to] {
                let (start, at, block) = &mut open[part as usize];
                if *at == block.len() {
                    (*block, *at) = (parts[part as usize].some(*start)?, 0);
                    *start += BLOCK;
                }
                all.extend_from_slice(&block[*at..][..width]);
                *at += width;
            }
            Ok::<_, Error>(all)
        };
        if parts.iter().all(|said| matches!(said.place, Place::Memory(_))) {
            return Ok(Said::new(width, next(0, of_row.len())?));
        }
        let is_single = |said: &Said| matches!(said.place, Place::File { bytes: 4, .. });
        Said::stored(width, of_row.len(), parts.iter().all(is_single), next)
    }

    /// Whether one of the numbers is none.
    pub(crate) fn has_nan(&self) -> Result<bool, Error> {
        let mut found = false;
        self.blocks(&mut |_, block| found |= block.iter().any(|number| number.is_nan()))?;
        Ok(found)
    }

    /// Hands on all rows in order, each with its place, what is said of it and what is right.
    #[allow(clippy::type_complexity)]
    pub fn beside_right(&self, targets: Targets<'_>, each: &mut dyn FnMut(usize, &[f64], &[f64])) -> Result<(), Error> {
        let width = self.width.max(1);
        beside_from(self, targets, &mut |first, a, y| {
            let lines = a.chunks_exact(width).zip(y.chunks_exact(width));
            lines.enumerate().for_each(|(r, (a, y))| each(first + r, a, y));
        })
    }

    /// Beside what is right, as data of a graph: the outputs first.
    pub(crate) fn beside<'a>(&'a self, targets: Targets<'a>) -> Beside<'a> {
        Beside { said: self, targets, fault: OnceLock::new() }
    }

    /// Output `k` of rows from `first` on, all of one block of the file.
    fn stretch(&self, first: usize, k: usize, into: &mut [f64]) -> Result<(), Error> {
        let Place::File { bytes, .. } = &self.place else {
            let Place::Memory(numbers) = &self.place else { return Ok(()) };
            into.iter_mut().enumerate().for_each(|(r, into)| *into = numbers[(first + r) * self.width + k]);
            return Ok(());
        };
        let start = first / BLOCK * BLOCK;
        let rows = BLOCK.min(self.rows - start);
        let mut at = start * self.width + k * rows + (first - start);
        let mut raw = [0; 64 * size_of::<f64>()];
        for into in into.chunks_mut(64) {
            let raw = &mut raw[..into.len() * bytes];
            self.read(at, raw)?;
            into.iter_mut().zip(raw.chunks_exact(*bytes)).for_each(|(into, raw)| *into = read(raw));
            at += into.len();
        }
        Ok(())
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
    /// Why outputs could not be read again, which then are NaN.
    fault: OnceLock<Error>,
}

impl Beside<'_> {
    /// Whether all that was asked for could be read.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.fault.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}

impl Source<f64> for Beside<'_> {
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [f64]) {
        let n = rows.len();
        let width = self.said.width;
        if node > 0 {
            if let Targets::Stored(columns, numbers) = self.targets {
                if columns.each(n, |r| numbers[rows.number(r)], |r, k, y| panel[k * n + r] = y).is_err() {
                    panel.fill(f64::NAN);
                }
                return;
            }
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
            for k in 0..width {
                let into = &mut panel[k * n + r..][..count];
                if let Err(error) = self.said.stretch(first, k, into) {
                    into.fill(f64::NAN);
                    self.fault.get_or_init(|| error);
                }
            }
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
    /// rows × ⌈outputs / 8⌉ bytes, a bit for each label.
    Labels(&'a [u8]),
    /// Columns of the table's file, and the numbers of the rows. What cannot be read is NaN; the file knows why.
    Stored(&'a Inputs, &'a [usize]),
}

impl Targets<'_> {
    /// How many rows there are, of so many outputs.
    pub fn rows(&self, width: usize) -> usize {
        match self {
            Targets::Numbers(y) => y.len() / width.max(1),
            Targets::Classes(classes) => classes.len(),
            Targets::Labels(bits) => bits.len() / stride(width).max(1),
            Targets::Stored(_, numbers) => numbers.len(),
        }
    }

    /// Number `k` of a row; of classes 1 or 0.
    pub(crate) fn at(&self, row: usize, width: usize, k: usize) -> f64 {
        match self {
            Targets::Numbers(y) => y[row * width + k],
            Targets::Classes(_) | Targets::Labels(_) => f64::from(u8::from(self.is(row, width, k))),
            Targets::Stored(..) => self.of(row, 1, width, &mut Vec::new())[k],
        }
    }

    /// Whether a row is of class `k`.
    pub(crate) fn is(&self, row: usize, width: usize, k: usize) -> bool {
        match self {
            Targets::Numbers(y) => y[row * width + k] > 0.5,
            Targets::Classes(classes) => usize::from(classes[row]) == k,
            Targets::Labels(bits) => has_label(bits, row, width, k),
            Targets::Stored(..) => self.at(row, width, k) > 0.5,
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
            Targets::Labels(_) => {
                room.clear();
                room.extend((first..first + rows).flat_map(|row| (0..width).map(move |k| self.at(row, width, k))));
                room
            }
            Targets::Stored(columns, numbers) => {
                room.clear();
                room.resize(rows * width, f64::NAN);
                // Whoever wants to know asks the file.
                let _ = columns.each(rows, |r| numbers[first + r], |r, k, y| room[r * width + k] = y);
                room
            }
        }
    }
}

/// How far output `k` of each row is from what is right: |a − y|.
pub(crate) fn errors(said: &Said, targets: Targets<'_>, k: usize, width: usize) -> Result<Vec<f64>, Error> {
    let (mut errors, mut room) = (said.column(k)?, Vec::new());
    for (number, block) in errors.chunks_mut(BLOCK).enumerate() {
        let y = targets.of(number * BLOCK, block.len(), width, &mut room);
        block.iter_mut().zip(y.iter().skip(k).step_by(width)).for_each(|(a, y)| *a = (*a - y).abs());
    }
    Ok(errors)
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
            let stored = Said::stored(width, rows, single, |from, to| Ok(all[from * width..to * width].to_vec())).expect("a file");
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
                        said.stretch(first, k, &mut stretch).expect("a file");
                        assert_eq!(stretch, (first..first + count).map(|r| at(r, k)).collect::<Vec<_>>(), "{first} {k}");
                    }
                }
            }
        }
    }

    /// Rows of several networks in one order, from memory and from files, and what becomes of them.
    #[test]
    fn parts_become_one() {
        let (rows, width, count) = (3 * BLOCK + 77, 2, 3);
        let of_row: Vec<u32> = (0..rows).map(|r| (r * r % 7 % count) as u32).collect();
        let at = |r: usize, k: usize| f64::from((r * width + k) as f32 / 3.0);
        let all: Vec<f64> = (0..rows).flat_map(|r| (0..width).map(move |k| at(r, k))).collect();
        let own = |part: usize| -> Vec<f64> {
            (0..rows).filter(|&r| of_row[r] == part as u32).flat_map(|r| (0..width).map(move |k| at(r, k))).collect()
        };
        let held: Vec<Said> = (0..count).map(|part| Said::new(width, own(part))).collect();
        let stored = held.iter().map(|said| {
            let numbers = said.clone().numbers().unwrap();
            Said::stored(width, said.rows, true, |from, to| Ok(numbers[from * width..to * width].to_vec())).expect("a file")
        });
        for parts in [held.clone(), stored.collect()] {
            let merged = Said::merged(width, &of_row, &parts).expect("rows");
            assert_eq!((merged.clone().numbers().unwrap(), merged.has_nan().unwrap()), (all.clone(), false));
            assert_eq!(merged.some(2 * BLOCK).unwrap(), all[2 * BLOCK * width..3 * BLOCK * width]);
            let halves = merged.map(|first, block| block.iter_mut().enumerate().for_each(|(i, x)| *x += 0.1 * (first * width + i) as f64));
            let want: Vec<f64> = all.iter().enumerate().map(|(i, x)| x + 0.1 * i as f64).collect();
            assert_eq!(halves.unwrap().numbers().unwrap(), want);
            assert!(merged.map(|_, block| block[1] = f64::NAN).unwrap().has_nan().unwrap());
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
