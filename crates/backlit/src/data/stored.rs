//! A table's numbers in a temporary file, for tables that are larger than the memory they may take. The file has no name: it
//! vanishes with the program, however that ends.

use super::Table;
use crate::encoder::{Encoder, Kind, Missing, of_day};
use crate::error::{Error, Kind as Wrong};
use crate::said::Targets;
use crate::scaler::Scaler;
use crate::terms::smoothed;
use crate::weighted::{BYTES_COUNTED, Sample};
use backlit_engine::Scalar;
use backlit_engine::step::{Rows, Source};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The memory that a table may take when nobody says, in bytes.
pub const MEMORY: u64 = 1_000_000_000;
/// What a table's number takes in memory while it is prepared: in the table, among the inputs, and among the rows trained on.
const BYTES_A_NUMBER: u64 = 24;
/// A number in the file.
const BYTES: usize = size_of::<f64>();
/// Read at a time, or one row if that is more.
const BUFFER: usize = 1 << 16;
/// Rows that lie no farther apart are read together.
const NEAR: usize = 8;

/// How large a table may be to stay in memory.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    /// Bytes it may take.
    pub memory: u64,
    /// Columns that stay in memory all the same.
    pub keep: Vec<String>,
}

impl Bound {
    /// Most rows of so many numbers, at least one.
    pub fn rows(&self, width: usize) -> usize {
        let rows = self.memory / (BYTES_A_NUMBER * width.max(1) as u64);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }
}

/// Bytes as people write them: `512MB`, `2GB`, `1000000`. `Err` says what to type.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected bytes such as 512MB or 2GB, came {}", text.escape_debug());
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = match text[digits.len()..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "KB" | "K" => 1e3,
        "MB" | "M" => 1e6,
        "GB" | "G" => 1e9,
        "TB" | "T" => 1e12,
        _ => return Err(wrong()),
    };
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok((number * unit) as u64),
        _ => Err(wrong()),
    }
}

/// A table on its way into the file.
pub(super) struct Storing {
    file: Arc<File>,
    folder: PathBuf,
    columns: Vec<String>,
    /// Places of the columns that stay in memory.
    kept: Vec<usize>,
    /// Their numbers, rows × kept.
    pub values: Vec<f64>,
    rows: usize,
    bytes: Vec<u8>,
}

impl Storing {
    pub fn new(columns: &[String], bound: &Bound) -> Result<Storing, Error> {
        let (file, folder) = nameless().map_err(|(folder, error)| refused(&folder, &error))?;
        let kept = (0..columns.len()).filter(|&place| bound.keep.contains(&columns[place])).collect();
        Ok(Storing { file: Arc::new(file), folder, columns: columns.to_vec(), kept, values: Vec::new(), rows: 0, bytes: Vec::new() })
    }

    /// Goes on where a file ends. `values`: of the columns that stay in memory
    fn again(stored: Stored, bound: &Bound, values: Vec<f64>) -> Result<Storing, Error> {
        let Stored { file, folder, columns, rows, .. } = stored;
        (&*file).seek(SeekFrom::End(0)).map_err(|error| refused(&folder, &error))?;
        let kept = (0..columns.len()).filter(|&place| bound.keep.contains(&columns[place])).collect();
        Ok(Storing { file, folder, columns, kept, values, rows, bytes: Vec::new() })
    }

    /// Puts rows behind those that are there. `values`: rows × columns
    pub fn add(&mut self, values: &[f64]) -> Result<(), Error> {
        for piece in values.chunks(BUFFER) {
            self.bytes.clear();
            self.bytes.extend(piece.iter().flat_map(|number| number.to_le_bytes()));
            (&*self.file).write_all(&self.bytes).map_err(|error| refused(&self.folder, &error))?;
        }
        for row in values.chunks_exact(self.columns.len()) {
            self.values.extend(self.kept.iter().map(|&place| row[place]));
        }
        self.rows += values.len() / self.columns.len();
        Ok(())
    }

    /// The names of the columns that stay in memory.
    pub fn kept(&self) -> Vec<String> {
        self.kept.iter().map(|&place| self.columns[place].clone()).collect()
    }

    pub fn finish(self) -> Stored {
        let Storing { file, folder, columns, rows, .. } = self;
        let (fills, buffers, fault) = (vec![f64::NAN; columns.len()], Mutex::default(), OnceLock::new());
        Stored { file, folder, columns, rows, fills, buffers, fault }
    }
}

/// Puts the rows of a table behind those of another one, in memory if both have room there. `places`: where each of the first one's
/// columns stands in the second; none: it has no such column, which nobody reads.
pub(crate) fn behind(
    (table, stored): (&mut Table, &mut Option<Stored>),
    (second, second_stored): (&Table, Option<&Stored>),
    places: &[Option<usize>],
    bound: Option<&Bound>,
) -> Result<(), Error> {
    let width = places.len();
    let take = |numbers: &[f64], more: &mut Vec<f64>| {
        let row = |row: &[f64], more: &mut Vec<f64>| more.extend(places.iter().map(|place| place.map_or(f64::NAN, |place| row[place])));
        numbers.chunks_exact(second.columns.len().max(1)).for_each(|numbers| row(numbers, more));
    };
    let rows = table.rows + second.rows;
    let in_memory = stored.is_none() && second_stored.is_none();
    match bound {
        Some(bound) if !in_memory || rows > bound.rows(width) => {
            let mut storing = match stored.take() {
                Some(stored) => Storing::again(stored, bound, std::mem::take(&mut table.values))?,
                None => {
                    let mut storing = Storing::new(&table.columns, bound)?;
                    storing.add(&std::mem::take(&mut table.values))?;
                    storing
                }
            };
            let mut more = Vec::with_capacity(BUFFER + width);
            match second_stored {
                None => {
                    for numbers in second.values.chunks((BUFFER / width.max(1)).max(1) * second.columns.len().max(1)) {
                        more.clear();
                        take(numbers, &mut more);
                        storing.add(&more)?;
                    }
                }
                Some(second) => {
                    let mut added = Ok(());
                    second.rows(|row| {
                        more.extend(places.iter().map(|place| place.map_or(f64::NAN, |place| number(row, place))));
                        if more.len() >= BUFFER && added.is_ok() {
                            added = storing.add(&more);
                            more.clear();
                        }
                    })?;
                    added?;
                    storing.add(&more)?;
                }
            }
            (table.columns, table.values) = (storing.kept(), std::mem::take(&mut storing.values));
            *stored = Some(storing.finish());
        }
        _ => take(&second.values, &mut table.values),
    }
    table.rows = rows;
    Ok(())
}

/// A temporary file without a name, and where it is: in the folder that TMPDIR names, else in the current one, for the system's own is
/// often kept in memory; and there if nothing can be written here.
pub(crate) fn nameless() -> Result<(File, PathBuf), (PathBuf, std::io::Error)> {
    let named = std::env::var_os("TMPDIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from("."));
    match tempfile::tempfile_in(&folder) {
        Ok(file) => Ok((file, folder)),
        Err(error) => {
            let elsewhere = std::env::temp_dir();
            tempfile::tempfile_in(&elsewhere).map(|file| (file, elsewhere)).map_err(|_| (folder, error))
        }
    }
}

pub(crate) fn refused(folder: &Path, error: &std::io::Error) -> Error {
    Error::new(Wrong::Failed, format!("the table is larger than the memory it may take, and cannot be put into a temporary file: {error}"))
        .file(folder.display())
        .hint("make room there, name another directory in TMPDIR, or give it more --memory")
}

/// A table's numbers in a file: rows × columns, row after row. Every number is finite once those missing are filled.
#[derive(Debug)]
pub struct Stored {
    file: Arc<File>,
    folder: PathBuf,
    pub(crate) columns: Vec<String>,
    rows: usize,
    /// For each column what takes the place of a missing number.
    fills: Vec<f64>,
    /// Lent to whoever reads.
    buffers: Mutex<Vec<Vec<u8>>>,
    /// Why it could not be read.
    fault: OnceLock<String>,
}

/// The same file, with nothing lent yet.
impl Clone for Stored {
    fn clone(&self) -> Stored {
        Stored {
            file: self.file.clone(),
            folder: self.folder.clone(),
            columns: self.columns.clone(),
            rows: self.rows,
            fills: self.fills.clone(),
            buffers: Mutex::default(),
            fault: self.fault.clone(),
        }
    }
}

impl Stored {
    /// What a person should know of it.
    pub(crate) fn note(&self) -> String {
        let size = self.size() as f64 / 1e9;
        format!(
            "the table is larger than the memory it may take: its {} rows of {} numbers are in a temporary file of {size:.1} GB in {} \
             until this ends",
            self.rows,
            self.columns.len(),
            self.folder.display()
        )
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        (self.rows * self.columns.len() * BYTES) as u64
    }

    /// [`Encoder::fill`] for these numbers: as many columns at a time as take no more than so many bytes.
    pub(crate) fn fill(&mut self, encoder: &mut Encoder, rows: &[usize], weights: &[f64], memory: u64) -> Result<(), Error> {
        let filled = encoder.columns.iter_mut().filter_map(|column| {
            let first = column.kind.names(&column.name).into_iter().next()?;
            match &mut column.kind {
                Kind::Number { missing: Missing::Filled(fill), .. } => Some((first, None, fill)),
                Kind::Date { time, missing: Missing::Filled(fill), .. } => Some((first, Some(*time), fill)),
                _ => None,
            }
        });
        let place = |name: &String| self.columns.iter().position(|column| column == name);
        let mut filled: Vec<_> = filled.filter_map(|(first, time, fill)| Some((place(&first)?, time, fill))).collect();
        let together = match weights.is_empty() {
            true => together(memory, rows.len(), BYTES),
            // The weights stand beside the numbers, and those of one column at a time are added up.
            false => together(memory.saturating_sub((rows.len() * BYTES_COUNTED) as u64), rows.len(), 2 * BYTES),
        };
        for filled in filled.chunks_mut(together) {
            let mut known = vec![Sample::default(); filled.len()];
            self.each(
                rows.len(),
                |r| rows[r],
                |r, row| {
                    for (known, (place, ..)) in known.iter_mut().zip(&*filled) {
                        let number = number(row, *place);
                        if !number.is_nan() {
                            known.add(number, weights.get(r).copied());
                        }
                    }
                },
            )?;
            for ((place, time, fill), known) in filled.iter_mut().zip(known) {
                **fill = known.median().unwrap_or(0.0);
                let mut numbers = Vec::new();
                match time {
                    None => numbers.push(**fill),
                    Some(time) => of_day(**fill, *time, &mut numbers),
                }
                self.fills[*place..][..numbers.len()].copy_from_slice(&numbers);
            }
        }
        Ok(())
    }

    /// Hands on `count` rows, the r-th of which is the file's `which(r)`-th, as bytes.
    fn each(&self, count: usize, which: impl Fn(usize) -> usize, mut take: impl FnMut(usize, &[u8])) -> Result<(), Error> {
        let line = self.columns.len() * BYTES;
        let lent = self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut buffer = lent.unwrap_or_else(|| vec![0; BUFFER.max(line)]);
        let most = buffer.len() / line;
        let mut r = 0;
        while r < count {
            let first = which(r);
            let (mut last, mut next) = (first, r + 1);
            while next < count {
                let row = which(next);
                if row <= last || row - last > NEAR || row - first >= most {
                    break;
                }
                (last, next) = (row, next + 1);
            }
            let bytes = &mut buffer[..(last - first + 1) * line];
            if let Err(error) = read_at(&self.file, bytes, (first * line) as u64) {
                let error = self.fault.get_or_init(|| error.to_string());
                return Err(unreadable(&self.folder, error));
            }
            for place in r..next {
                take(place, &bytes[(which(place) - first) * line..][..line]);
            }
            r = next;
        }
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        Ok(())
    }

    /// Some columns as they stand, all rows of each.
    pub(crate) fn take(&self, places: &[usize]) -> Result<Vec<Vec<f64>>, Error> {
        let mut columns: Vec<Vec<f64>> = places.iter().map(|_| Vec::with_capacity(self.rows)).collect();
        self.rows(|row| {
            for (column, &place) in columns.iter_mut().zip(places) {
                column.push(number(row, place));
            }
        })?;
        Ok(columns)
    }

    /// Hands on all rows as bytes, in order.
    pub(crate) fn rows(&self, take: impl FnMut(&[u8])) -> Result<(), Error> {
        self.first(self.rows, take)
    }

    /// The same of so many rows alone.
    pub(crate) fn first(&self, rows: usize, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        self.each(rows, |r| r, |_, row| take(row))
    }

    /// What the file could not be read for, if there was anything.
    fn check(&self) -> Result<(), Error> {
        self.fault.get().map_or(Ok(()), |error| Err(unreadable(&self.folder, error)))
    }

    /// Makes room for so many to read at a time.
    fn lend(&mut self, readers: usize) {
        let size = BUFFER.max(self.columns.len() * BYTES);
        self.buffers = Mutex::new(vec![vec![0; size]; readers]);
    }

    fn value(&self, row: &[u8], place: usize) -> f64 {
        let number = number(row, place);
        if number.is_nan() { self.fills[place] } else { number }
    }
}

/// How many columns of so many rows fit into so many bytes, where a number takes `each` of them: at least one.
fn together(memory: u64, rows: usize, each: usize) -> usize {
    usize::try_from(memory / (rows * each).max(1) as u64).unwrap_or(usize::MAX).max(1)
}

pub(crate) fn unreadable(folder: &Path, error: &str) -> Error {
    Error::new(Wrong::Failed, format!("the temporary file that holds the table cannot be read: {error}")).file(folder.display())
}

/// A number of a row of the file.
pub(crate) fn number(row: &[u8], place: usize) -> f64 {
    row[place * BYTES..].first_chunk().map_or(f64::NAN, |bytes| f64::from_le_bytes(*bytes))
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => (bytes, at) = (&mut bytes[read..], at + read as u64),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Some columns of a stored table, in an order of their own: what a network takes.
#[derive(Clone, Debug)]
pub struct Inputs {
    table: Arc<Stored>,
    places: Vec<usize>,
    /// Rows of the data that are not in the file, by their numbers, in order.
    left_out: Arc<[usize]>,
    /// Where the first of them lies in the file.
    first: usize,
}

/// Those of the same file.
impl PartialEq for Inputs {
    fn eq(&self, other: &Inputs) -> bool {
        Arc::ptr_eq(&self.table, &other.table) && self.places == other.places && self.first == other.first
    }
}

impl Inputs {
    /// The columns of these names; up to so many threads read them at a time. `of`: the table that this is the file of
    pub(crate) fn new(mut table: Stored, of: &Table, names: &[String], readers: usize) -> Result<Inputs, Error> {
        let places = super::indices(&of.source, &table.columns, names)?;
        table.lend(readers);
        Ok(Inputs { table: Arc::new(table), places, left_out: of.left_out.as_slice().into(), first: 0 })
    }

    /// Other columns of the same file. `source`: the table's name
    pub(crate) fn beside(&self, source: &str, names: &[String]) -> Result<Inputs, Error> {
        let places = super::indices(source, &self.table.columns, names)?;
        Ok(Inputs { table: self.table.clone(), places, ..self.clone() })
    }

    /// Hands on each number of so many rows, the r-th of which is the data's `number(r)`-th: with r and the number's column.
    pub(crate) fn each(&self, rows: usize, number: impl Fn(usize) -> usize, mut each: impl FnMut(usize, usize, f64)) -> Result<(), Error> {
        self.table.each(
            rows,
            |r| self.row(number(r)),
            |r, row| self.places.iter().enumerate().for_each(|(i, &place)| each(r, i, self.table.value(row, place))),
        )
    }

    /// The same columns of the rows from `first` on, which are numbered anew, those left out among them.
    pub(crate) fn from(&self, first: usize, left_out: &[usize]) -> Inputs {
        Inputs { left_out: left_out.into(), first, ..self.clone() }
    }

    /// Where the row of this number lies in the file.
    fn row(&self, number: usize) -> usize {
        self.first + number - self.left_out.partition_point(|&left_out| left_out < number)
    }

    /// The inputs of these rows of the table, rows × inputs, a block after the other.
    pub(crate) fn blocks(&self, rows: &[usize], mut each: impl FnMut(usize, &[f64])) -> Result<(), Error> {
        let width = self.places.len();
        let most = (BUFFER / width.max(1)).max(1);
        let mut block = Vec::with_capacity(most * width);
        for (number, rows) in rows.chunks(most).enumerate() {
            block.clear();
            self.table.each(
                rows.len(),
                |r| self.row(rows[r]),
                |_, row| block.extend(self.places.iter().map(|&place| self.table.value(row, place))),
            )?;
            each(number * most, &block);
        }
        Ok(())
    }

    /// All numbers of each input of these rows, by its place: as many inputs at a time as take no more than so many bytes.
    pub(crate) fn columns(&self, rows: &[usize], memory: u64, each: &mut dyn FnMut(usize, &mut [f64])) -> Result<(), Error> {
        let together = together(memory, rows.len(), BYTES);
        for (group, places) in self.places.chunks(together).enumerate() {
            let mut numbers = vec![Vec::with_capacity(rows.len()); places.len()];
            self.table.each(
                rows.len(),
                |r| self.row(rows[r]),
                |_, row| numbers.iter_mut().zip(places).for_each(|(numbers, &place)| numbers.push(self.table.value(row, place))),
            )?;
            numbers.iter_mut().enumerate().for_each(|(i, numbers)| each(group * together + i, numbers));
        }
        Ok(())
    }

    /// All of them at once, rows × inputs.
    pub(crate) fn of_rows(&self, rows: &[usize]) -> Result<Vec<f64>, Error> {
        let mut all = Vec::with_capacity(rows.len() * self.places.len());
        self.blocks(rows, |_, block| all.extend_from_slice(block))?;
        Ok(all)
    }

    /// What the file could not be read for, if there was anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.table.check()
    }
}

/// Rows as a network sees them, its inputs from the file.
pub(crate) struct Fed<'a, S> {
    pub inputs: &'a Inputs,
    pub scaler: Option<&'a Scaler>,
    /// The rows' numbers in the data.
    pub rows: &'a [usize],
    /// What is right, in raw units.
    pub targets: Targets<'a>,
    pub target_scaler: Option<&'a Scaler>,
    /// The share of a label that is spread over classes, and over how many.
    pub smoothing: (f64, usize),
    /// What stands for a class that is not the row's and for the one that is.
    pub levels: [f64; 2],
    /// The rows' weights as the network sees them, rows × 1.
    pub w: &'a [S],
}

impl<S> Fed<'_, S> {
    /// Target `i` as the network sees it.
    fn target(&self, i: usize, y: f64) -> f64 {
        let (share, k) = self.smoothing;
        let y = if share == 0.0 { y } else { smoothed(share, k, y) };
        self.target_scaler.map_or(y, |scaler| scaler.one(i, y))
    }
}

impl<S: Scalar> Source<S> for Fed<'_, S> {
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [S]) {
        let n = rows.len();
        let Some(node) = node.checked_sub(1) else {
            let Inputs { table, places, .. } = self.inputs;
            let read = table.each(
                n,
                |r| self.inputs.row(self.rows[rows.number(r)]),
                |r, row| match self.scaler {
                    Some(scaler) => {
                        for (i, &place) in places.iter().enumerate() {
                            panel[i * n + r] = S::from_f64(scaler.one(i, table.value(row, place)));
                        }
                    }
                    None => places.iter().enumerate().for_each(|(i, &place)| panel[i * n + r] = S::from_f64(table.value(row, place))),
                },
            );
            if read.is_err() {
                panel.fill(S::from_f64(f64::NAN));
            }
            return;
        };
        let width = panel.len() / n;
        if node > 0 {
            panel.iter_mut().enumerate().for_each(|(r, panel)| *panel = self.w[rows.number(r)]);
            return;
        }
        match self.targets {
            Targets::Classes(classes) => {
                let [other, own] = self.levels.map(S::from_f64);
                panel.fill(other);
                (0..n).for_each(|r| panel[usize::from(classes[rows.number(r)]) * n + r] = own);
            }
            Targets::Stored(columns, numbers) => {
                let put = |r: usize, i: usize, y: f64| panel[i * n + r] = S::from_f64(self.target(i, y));
                if columns.each(n, |r| numbers[rows.number(r)], put).is_err() {
                    panel.fill(S::from_f64(f64::NAN));
                }
            }
            targets => {
                for r in 0..n {
                    let row = rows.number(r);
                    (0..width).for_each(|i| panel[i * n + r] = S::from_f64(self.target(i, targets.at(row, width, i))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        for (text, want) in [("512MB", 512_000_000), (" 1.5 gb", 1_500_000_000), ("0", 0), ("7k", 7000), ("12 B", 12)] {
            assert_eq!(bytes(text), Ok(want), "{text}");
        }
        for text in ["", "MB", "-1MB", "1 stone", "nan", "inf", "1e3MBMB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    /// Rows come back as they were put there, in any order, across blocks and several at once; the missing ones filled.
    #[test]
    fn rows_come_back() {
        let columns: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        let bound = Bound { memory: 0, keep: vec!["b".into()] };
        let mut storing = Storing::new(&columns, &bound).unwrap();
        let at = |r: usize, c: usize| if r % 5 == 1 && c == 2 { f64::NAN } else { (r * 3 + c) as f64 / 7.0 };
        let rows = 50_000;
        for start in [0, 7] {
            let end = if start == 0 { 7 } else { rows };
            storing.add(&(start..end).flat_map(|r| (0..3).map(move |c| at(r, c))).collect::<Vec<_>>()).unwrap();
        }
        assert_eq!((storing.kept(), storing.values[7]), (vec!["b".to_string()], at(7, 1)));
        let mut stored = storing.finish();
        assert_eq!((stored.rows, stored.size()), (rows, rows as u64 * 24));
        stored.fills[2] = 0.5;
        let table = Table { source: "t".into(), columns: columns.clone(), rows, values: Vec::new(), left_out: Vec::new() };
        let inputs = Inputs::new(stored, &table, &["c".into(), "a".into()], 1).unwrap();
        let numbers: Vec<usize> = (0..rows).map(|r| r * 7919 % rows).chain((0..rows).step_by(3)).chain([3, 3, 2]).collect();
        let want = |r: usize| [Some(at(r, 2)).filter(|x| !x.is_nan()).unwrap_or(0.5), at(r, 0)];
        assert_eq!(inputs.of_rows(&numbers).unwrap(), numbers.iter().flat_map(|&r| want(r)).collect::<Vec<_>>());
        assert!(Inputs::clone(&inputs) == inputs && inputs.check().is_ok());
    }
}
