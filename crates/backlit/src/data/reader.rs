//! Reads a table some rows at a time, from text with delimiters or from a file of typed columns.

use super::above::{Above, above};
use super::bundled::bundled_text;
use super::cells::{self, Hints};
use super::dialect::{refuse_binary, refuse_markup, split};
use super::header::{Header, has_words, lines, looks_like_a_row, names};
use super::records::Records;
use super::rows::{Body, Encoded, Take};
use super::stored::{Bound, Stored, Storing};
use super::typed::{self, Typed};
use super::{Table, listed, pipe};
use crate::encoder::{Encoder, Profile};
use crate::error::{Error, Kind};
use crate::model_file::Metadata;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// A table, and how it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The numbers.
    pub table: Table,
    /// What stands between two cells: one of `,` `;` tab `|`, or what the file says.
    pub delimiter: char,
    /// Whether the first line names the columns; otherwise they are `c0`, `c1` and so on.
    pub header: bool,
    /// What a person should be told about this reading, one sentence each.
    pub notes: Vec<String>,
}

/// Reads a table of numbers: rows × columns. See [`read`].
pub fn read_csv(path: &Path) -> Result<Table, Error> {
    Ok(read(path)?.table)
}

/// Reads a table of numbers and says how it was understood.
///
/// The delimiter is the one of `,` `;` tab `|` that splits the first lines most evenly, or what a line `sep=;` above the table says. Lines
/// there that begin with `#` are skipped as comments, unless it is the header that does. The first line is a header if one of its cells is no number, unless it looks like the rows below it. A byte order mark, carriage returns, blanks around
/// cells and empty lines at the end are skipped; a cell may stand in quotes.
///
/// Every cell below the header must be a finite number. Errors ([`Kind::Data`]) name the file and, where there
/// is one, the row (counted from 0, without the header), the line and the column.
pub fn read(path: &Path) -> Result<Reading, Error> {
    Reader::open(path)?.whole()
}

/// Reads a table of numbers; nothing if it is none, which is known at the first cell that is none.
pub(crate) fn read_numbers(path: &Path, header: &Header, bound: Option<&Bound>) -> Option<(Reading, Option<Stored>)> {
    let mut reader = Reader::open_as(path, header).ok()?;
    reader.stops_at_a_fault = true;
    reader.within(bound).ok()
}

/// Reads a table in any words and numbers as an encoder tells; its columns are the encoder's [names](Encoder::names). Rows without a
/// target are left out, and said.
pub fn read_encoded(data: &str, encoder: &Encoder, header: &Header) -> Result<Reading, Error> {
    Reader::named(data, header)?.encoded(encoder)?.whole()
}

/// [`read_encoded`]; where the table is beyond the bound its numbers are put into a file.
pub(crate) fn read_within(
    data: &str,
    encoder: &Encoder,
    header: &Header,
    weights: Option<&String>,
    bound: Option<&Bound>,
) -> Result<(Reading, Option<Stored>), Error> {
    let hints = weights.map(|name| (name.clone(), cells::WEIGHT));
    Reader::named(data, header)?.hinting(hints.into_iter(), cells::INPUT).encoded(encoder)?.within(bound)
}

/// Reads a bundled table, by its name, or a file as a model takes it, with its targets or without.
/// `header`: whether its first line names the columns, if a person says so.
pub fn read_for(data: &str, metadata: &Metadata, targets: bool, header: Option<bool>) -> Result<Reading, Error> {
    Ok(read_for_within(data, metadata, targets, header, None)?.0)
}

/// The same; where the table is beyond the bound its numbers are put into a file.
pub(crate) fn read_for_within(
    data: &str,
    metadata: &Metadata,
    targets: bool,
    header: Option<bool>,
    bound: Option<&Bound>,
) -> Result<(Reading, Option<Stored>), Error> {
    let reader = Reader::named(data, &Header::for_model(metadata, header))?;
    let encoder = metadata.encoder(targets, |column| reader.cells.iter().any(|cell| cell == column));
    reader.for_model(metadata).encoded(&encoder)?.within(bound).map_err(cells::without_target)
}

/// Counts what stands in the columns of a table in any words and numbers.
pub fn profile(data: &str, header: &Header) -> Result<Profile, Error> {
    let mut reader = Reader::named(data, header)?;
    let mut counted = Profile::new(&reader.cells, char::from(reader.delimiter));
    counted.columns.iter_mut().zip(&reader.typed).for_each(|(column, typed)| column.is_typed = *typed);
    reader.take = Take::Counted(counted);
    reader.next(usize::MAX, &mut Vec::new())?;
    match reader.take {
        Take::Counted(profile) => Ok(Profile { rows: reader.body.rows, header: reader.header, ..profile }),
        _ => unreachable!("it counts"),
    }
}

/// Reads a table from anything that gives bytes; `source` is its name in errors. See [`read`].
pub fn read_from(input: impl Read, source: &str) -> Result<Reading, Error> {
    Reader::new(input, source)?.whole()
}

/// A table that is read some rows at a time, in memory that does not grow with it. How it is understood, and what is refused,
/// see [`read`].
pub struct Reader<'a> {
    /// The name of what is read, as errors give it.
    pub source: String,
    /// Names of the columns that are read.
    pub columns: Vec<String>,
    /// See [`Reading`].
    pub notes: Vec<String>,
    /// Names of the file's columns.
    cells: Vec<String>,
    take: Take,
    delimiter: u8,
    header: bool,
    records: Records<Box<dyn Read + 'a>>,
    /// The file and how long it was at first.
    watched: Option<(Arc<File>, u64)>,
    body: Body,
    /// Whether nobody will read the error: it need not count all cells.
    stops_at_a_fault: bool,
    /// What to try about missing cells, for some columns and for the others.
    hints: Vec<(String, Hints)>,
    others: Hints,
    /// Whether it is read from text, whose lines a person can look at.
    is_text: bool,
    /// For each column of a file that is no text whether it has numbers there.
    typed: Vec<bool>,
}

impl<'a> Reader<'a> {
    /// Opens a bundled table, by its name, or a file.
    pub fn named(data: &str, header: &Header) -> Result<Reader<'static>, Error> {
        match bundled_text(data) {
            Some(text) => Reader::new(text.as_bytes(), data),
            None => Reader::open_as(Path::new(data), header),
        }
    }

    /// Opens a file and reads its header, if it has one by the looks of it.
    pub fn open(path: &Path) -> Result<Reader<'static>, Error> {
        Reader::open_as(path, &Header::default())
    }

    /// Opens a file and reads its header, if it has one.
    pub fn open_as(path: &Path, header: &Header) -> Result<Reader<'static>, Error> {
        let source = path.display().to_string();
        let refused = |error: std::io::Error| {
            let refused = Error::new(Kind::Data, format!("cannot be read: {error}")).file(&source);
            match error.kind() {
                ErrorKind::NotFound => refused.hint(format!("check the path, or use a bundled set: {}", super::BUNDLED.join(", "))),
                _ => refused,
            }
        };
        if std::fs::metadata(path).map_err(refused)?.is_dir() {
            return Err(Error::new(Kind::Data, "expected a file, came a directory").file(&source));
        }
        if let Some(kept) = pipe::kept(path) {
            return Reader::read(Box::new(kept), &source, false, header);
        }
        if let Some(Typed { text, numbers }) = typed::open(path)? {
            return Ok(Reader { typed: numbers, ..Reader::read(text, &source, true, header)? });
        }
        let file = Arc::new(File::open(path).map_err(refused)?);
        let before = file.metadata().map_err(refused)?;
        let mut reader = Reader::read(Box::new(file.clone()), &source, false, header)?;
        reader.watched = before.is_file().then_some((file, before.len()));
        Ok(reader)
    }

    /// Reads the header; `source` is the table's name in errors.
    pub fn new(input: impl Read + 'a, source: &str) -> Result<Reader<'a>, Error> {
        Reader::read(Box::new(input), source, false, &Header::default())
    }

    /// The same; `is_plain`: whether it is known that commas stand between cells and names in the first line.
    fn read(input: Box<dyn Read + 'a>, source: &str, is_plain: bool, header: &Header) -> Result<Reader<'a>, Error> {
        let records = Records::new(input).map_err(|broken| broken.at(None, &[])).map_err(|error| error.file(source))?;
        Reader::of(records, source, is_plain, header).map_err(|error| error.file(source))
    }

    fn of(mut records: Records<Box<dyn Read + 'a>>, source: &str, is_plain: bool, known: &Header) -> Result<Reader<'a>, Error> {
        refuse_binary(records.sample())?;
        let mut notes = Vec::new();
        let (delimiter, terminator) = if is_plain {
            (b',', b'\n')
        } else {
            refuse_markup(records.sample())?;
            let Above { bytes, lines, delimiter, notes: above } = above(records.sample(), records.sample_is_all(), known);
            records.skip(bytes, lines);
            notes = above;
            let (likely, terminator) = split(records.sample(), records.sample_is_all());
            (delimiter.unwrap_or(likely), terminator)
        };
        records.split_at(delimiter, terminator);
        let first = loop {
            match records.next().map_err(|broken| broken.at(None, &[]))? {
                Some(record) if record.is_blank() => continue,
                first => break first,
            }
        };
        let Some(record) = first else {
            return Err(Error::new(Kind::Data, "expected a table, came a file without any text"));
        };
        let cells: Vec<String> = record.cells().map(|cell| cell.trim().to_string()).collect();
        let said = if is_plain { Some(true) } else { known.known(&cells) };
        let has_words = has_words(&record);
        let by_name = match said == Some(true) || said.is_none() && has_words {
            true => Some(names(&record)),
            false => None,
        };
        let why = match said {
            None if has_words => looks_like_a_row(&cells, &lines(records.sample(), records.sample_is_all(), delimiter, terminator)),
            _ => None,
        };
        let header = by_name.is_some() && why.is_none();
        let columns: Vec<String> = match by_name.filter(|_| header) {
            Some(names) => names?,
            None => (0..cells.len()).map(|column| format!("c{column}")).collect(),
        };
        if let Some(why) = &why {
            let called = "there is no header, the columns are called c0, c1 and so on (--header: it names them)";
            notes.push(format!("the first line looks like a row ({why}): {called}"));
            records.again();
        } else if let (Some(says), false) = (said, is_plain) {
            if !says {
                records.again();
            }
        } else if is_plain {
            // The names are the file's own.
        } else if header {
            let numbers: Vec<&str> = columns.iter().map(String::as_str).filter(|name| name.parse::<f64>().is_ok()).collect();
            if !numbers.is_empty() {
                let numbers = listed(numbers.into_iter());
                notes.push(format!("the first line is taken for the names of the columns, though {numbers} are numbers"));
            }
        } else {
            notes.push("the first line is all numbers: there is no header, the columns are called c0, c1 and so on".to_string());
            records.again();
        }
        let (source, cells, take, body) = (source.to_string(), columns.clone(), Take::Numbers, Body::default());
        let (hints, others, is_text) = (Vec::new(), cells::PLAIN, !is_plain);
        Ok(Reader {
            source,
            columns,
            notes,
            cells,
            take,
            delimiter,
            header,
            records,
            watched: None,
            body,
            stops_at_a_fault: false,
            hints,
            others,
            is_text,
            typed: Vec::new(),
        })
    }

    /// Names of all columns of the file.
    pub fn names(&self) -> &[String] {
        &self.cells
    }

    /// Takes the columns of an encoder, in the file's order, and lets the others be.
    pub fn encoded(mut self, encoder: &Encoder) -> Result<Self, Error> {
        let wanted: Vec<String> = encoder.columns.iter().map(|column| column.name.clone()).collect();
        super::indices(&self.source, &self.cells, &wanted)?;
        let typed = |name: &str| self.cells.iter().zip(&self.typed).any(|(cell, typed)| *typed && cell == name);
        let encoded = Encoded::new(encoder.typed(typed), &self.cells);
        self.columns = encoded.names();
        self.take = Take::Encoded(encoded);
        Ok(self)
    }

    /// What to try about missing cells: `some` columns of a kind, the others of another.
    pub(crate) fn hinting(mut self, some: impl Iterator<Item = (String, Hints)>, others: Hints) -> Self {
        self.hints = some.collect();
        self.others = others;
        self
    }

    /// The same where a model reads them.
    pub fn for_model(self, metadata: &Metadata) -> Self {
        let weights = metadata.network.terms.weights.iter().filter_map(|weights| weights.column.clone()).map(|name| (name, cells::WEIGHT));
        let targets = metadata.targets.iter().map(|name| (name.clone(), cells::MODEL_TARGET));
        self.hinting(targets.chain(weights), cells::MODEL_INPUT)
    }

    /// What a person should be told about the cells read so far.
    pub fn strange(&self) -> Vec<String> {
        if let Take::Encoded(encoded) = &self.take { encoded.notes().collect() } else { Vec::new() }
    }

    /// Where each of `columns` stands; see [`Table::indices`].
    pub fn indices(&self, columns: &[String]) -> Result<Vec<usize>, Error> {
        super::indices(&self.source, &self.columns, columns)
    }

    /// Reads the next rows, `most` or, before the end, fewer, to the end of `values`; gives how many. 0: the table is at its end.
    /// An error about cells counts those of the whole table: it comes when all of it is read. After an error nothing more can
    /// be read.
    pub fn next(&mut self, most: usize, values: &mut Vec<f64>) -> Result<usize, Error> {
        let rows = self.rows(most, values);
        match self.watched.as_ref().and_then(|(file, before)| Some((*before, file.metadata().ok()?.len()))) {
            Some((before, after)) if before != after => {
                let message = format!("the file changed while it was read: {before} bytes before, {after} after");
                Err(Error::new(Kind::Data, message).file(&self.source).hint("read it again when nothing writes to it"))
            }
            _ => rows.map_err(|error| error.file(&self.source)),
        }
    }

    fn rows(&mut self, most: usize, values: &mut Vec<f64>) -> Result<usize, Error> {
        let (already, width, before) = (self.body.rows, self.cells.len(), values.len());
        while self.body.rows - already < most || self.body.faults.any() {
            if self.body.faults.any() {
                if self.stops_at_a_fault {
                    return Err(Error::new(Kind::Data, "expected numbers"));
                }
                // Of no use any more, and there may be many.
                values.truncate(before);
            }
            let row = (self.header || self.body.rows > 0).then_some(self.body.rows);
            match self.records.next().map_err(|broken| broken.at(row, &self.cells))? {
                Some(record) => self.body.add(&record, width, &mut self.take, values)?,
                None if self.body.rows == 0 => {
                    return Err(Error::new(Kind::Data, "expected at least one row of numbers, came a header only"));
                }
                None => match self.body.faults.error(
                    &self.cells,
                    self.body.rows,
                    char::from(self.delimiter),
                    &|column| self.hints.iter().find(|(name, _)| name == column).map_or(self.others, |(_, hints)| *hints),
                    self.is_text,
                ) {
                    Some(error) => return Err(error),
                    None => break,
                },
            }
        }
        Ok(self.body.rows - already)
    }

    /// All rows that are left, as a table.
    fn whole(self) -> Result<Reading, Error> {
        Ok(self.within(None)?.0)
    }

    /// The same; where the table is beyond the bound all its numbers are put into a file, and only the columns that the bound keeps
    /// into the table.
    pub(crate) fn within(mut self, bound: Option<&Bound>) -> Result<(Reading, Option<Stored>), Error> {
        let Numbers { mut values, storing, left_out } = self.numbers(bound, true)?;
        self.notes.extend(self.strange());
        let rows = self.body.rows - left_out.len();
        if !left_out.is_empty() {
            self.notes.push(format!("{} rows without a target are left out; the others keep their numbers", left_out.len()));
        }
        if rows == 0 {
            return Err(Error::new(Kind::Data, "no row has a target").file(&self.source).hint(cells::NO_TARGET));
        }
        let mut columns = self.columns;
        let stored = storing.map(|mut storing| {
            (columns, values) = (storing.kept(), std::mem::take(&mut storing.values));
            storing.finish()
        });
        let table = Table { source: self.source, columns, rows, values, left_out };
        Ok((Reading { table, delimiter: char::from(self.delimiter), header: self.header, notes: self.notes }, stored))
    }

    /// All numbers that are left, rows × columns, and how many rows; those beyond the bound are in a file.
    pub(crate) fn all(mut self, bound: &Bound) -> Result<(usize, Vec<f64>, Option<Stored>), Error> {
        let Numbers { values, storing, .. } = self.numbers(Some(bound), false)?;
        Ok((self.body.rows, values, storing.map(Storing::finish)))
    }

    /// Reads to the end. `drops`: whether rows without a target are left out.
    fn numbers(&mut self, bound: Option<&Bound>, drops: bool) -> Result<Numbers, Error> {
        let most = bound.map_or(usize::MAX, |bound| bound.rows(self.columns.len()));
        let (mut values, mut more, mut storing) = (Vec::new(), Vec::new(), None);
        self.next(most, &mut values)?;
        let without = |reader: &Self, values: &mut Vec<f64>| if drops { reader.without_target(values) } else { Vec::new() };
        let mut left_out = without(self, &mut values);
        let Some(bound) = bound else { return Ok(Numbers { values, storing, left_out }) };
        let most = at_a_time(most, self.columns.len());
        while self.next(most, &mut more)? > 0 {
            let storing = match &mut storing {
                Some(storing) => storing,
                None => storing.insert(Storing::new(&self.columns, bound)?),
            };
            storing.add(&std::mem::take(&mut values))?;
            left_out.extend(without(self, &mut more));
            storing.add(&more)?;
            more.clear();
        }
        Ok(Numbers { values, storing, left_out })
    }

    /// Takes the rows out whose target is missing, of those read last; tells their numbers in the table.
    fn without_target(&self, values: &mut Vec<f64>) -> Vec<usize> {
        let Take::Encoded(encoded) = &self.take else { return Vec::new() };
        let first = self.body.rows - values.len() / self.columns.len().max(1);
        let left_out = encoded.drop_without_target(&self.columns, values);
        left_out.into_iter().map(|row| first + row).collect()
    }
}

/// The numbers of a table, in memory or on their way into a file, and how many rows were left out.
struct Numbers {
    values: Vec<f64>,
    storing: Option<Storing>,
    /// Rows that were left out, by their numbers in the table.
    left_out: Vec<usize>,
}

/// Numbers that are read at a time where they go to a file: no more than these, and, however little memory there is, these.
const BLOCK: usize = 1 << 18;
const PIECE: usize = 1 << 13;

/// Rows of so many columns that are read at a time on their way into a file. `most`: what may be in memory
fn at_a_time(most: usize, columns: usize) -> usize {
    let rows = |numbers: usize| (numbers / columns.max(1)).max(1);
    most.clamp(rows(PIECE), rows(BLOCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of its own for each write would take minutes.
    #[test]
    fn many_rows_are_read_at_a_time_whatever_the_memory() {
        for (memory, columns, want) in
            [(0, 4, 2048), (0, 100_000, 1), (1_000_000, 4, 10_416), (u64::MAX, 4, 65_536), (u64::MAX, 1 << 20, 1)]
        {
            assert_eq!(at_a_time(Bound { memory, keep: Vec::new() }.rows(columns), columns), want, "{memory} {columns}");
        }
    }
}
