//! What becomes of the cells of a table's rows: numbers, what an encoder makes of them, or counts.

use super::cells::{Fault, Faults, excerpt, number};
use super::records::Record;
use crate::encoder::{self, Encoder, Profile, Strange};
use crate::error::{Error, Kind};

/// What becomes of the cells.
pub(super) enum Take {
    /// Each is a number.
    Numbers,
    /// They become numbers as an encoder tells.
    Encoded(Encoded),
    /// They are counted.
    Counted(Profile),
}

/// An encoder at work on a table.
pub(super) struct Encoded {
    encoder: Encoder,
    /// For each column of the table its place in the encoder, if it is used.
    places: Vec<Option<usize>>,
    /// For each column of the encoder how many cells were strange, and the first of them.
    strange: Vec<Option<(usize, String)>>,
}

impl Encoded {
    /// `cells`: names of the table's columns, among which those of the encoder are.
    pub fn new(encoder: Encoder, cells: &[String]) -> Encoded {
        let place = |cell: &String| encoder.columns.iter().position(|column| column.name == *cell);
        let (places, strange) = (cells.iter().map(place).collect(), vec![None; encoder.columns.len()]);
        Encoded { encoder, places, strange }
    }

    /// Names of the numbers that come of a row, in the table's order.
    pub fn names(&self) -> Vec<String> {
        let used = self.places.iter().flatten().map(|&place| &self.encoder.columns[place]);
        used.flat_map(|column| column.kind.names(&column.name)).collect()
    }

    fn cell(&mut self, column: usize, cell: &str, values: &mut Vec<f64>) -> Result<(), Fault> {
        let Some(place) = self.places[column] else { return Ok(()) };
        if self.encoder.columns[place].encode(cell, values)? == Strange(true) {
            self.strange[place].get_or_insert_with(|| (0, excerpt(cell.trim()))).0 += 1;
        }
        Ok(())
    }

    /// What a person should be told about the cells read so far.
    pub fn notes(&self) -> impl Iterator<Item = String> + '_ {
        let found = self.encoder.columns.iter().zip(&self.strange).filter_map(|(column, strange)| Some((column, strange.as_ref()?)));
        found.map(|(column, (count, first))| {
            let (cells, name) = (if *count == 1 { "cell" } else { "cells" }, excerpt(&column.name));
            match column.kind {
                encoder::Kind::Embed { .. } => {
                    format!("{count} {cells} of '{name}' hold a rare or unseen level ('{first}'): all of these share their learned numbers")
                }
                _ => format!("{count} {cells} of '{name}' hold what the model has not seen ('{first}'): taken as none of its levels"),
            }
        })
    }

    /// Takes the rows out whose target is missing; says which, in order.
    pub fn drop_without_target(&self, columns: &[String], values: &mut Vec<f64>) -> Vec<usize> {
        let is_target = |name: &String| self.encoder.columns.iter().any(|column| column.name == *name && column.kind.drops_rows());
        let targets: Vec<usize> = columns.iter().enumerate().filter(|(_, name)| is_target(name)).map(|(place, _)| place).collect();
        let (width, before) = (columns.len(), values.len());
        if targets.is_empty() {
            return Vec::new();
        }
        let (mut kept, mut left_out) = (0, Vec::new());
        for start in (0..before).step_by(width) {
            if targets.iter().all(|place| !values[start + place].is_nan()) {
                values.copy_within(start..start + width, kept);
                kept += width;
            } else {
                left_out.push(start / width);
            }
        }
        values.truncate(kept);
        left_out
    }
}

/// The rows below the header, while they are read.
#[derive(Default)]
pub(super) struct Body {
    pub rows: usize,
    pub faults: Faults,
    /// The line of the first empty line that nothing but empty lines has followed so far.
    empty_line: Option<usize>,
}

impl Body {
    /// Puts the numbers of a row of `width` cells at the end of `values`.
    pub fn add(&mut self, record: &Record<'_>, width: usize, take: &mut Take, values: &mut Vec<f64>) -> Result<(), Error> {
        if record.is_blank() {
            self.empty_line.get_or_insert(record.line);
            return Ok(());
        }
        if let Some(line) = self.empty_line {
            let message = format!("line {line}: expected a row of {}, came an empty line", cells_of(width));
            let hint = match self.rows {
                0 if record.len() > width => TITLE,
                _ => "take the empty line out; only at the end they do not matter",
            };
            return Err(Error::new(Kind::Data, message).row(self.rows).hint(hint));
        }
        if record.len() != width {
            let message = format!("line {}: expected {}, came {}", record.line, cells_of(width), record.len());
            let hint = match self.rows {
                0 if width == 1 => TITLE,
                _ => "put a cell that holds the delimiter into quotes, and give every row the same number of cells",
            };
            return Err(Error::new(Kind::Data, message).row(self.rows).hint(hint));
        }
        for (column, cell) in record.cells().enumerate() {
            let taken = match take {
                Take::Numbers => number(cell).map(|number| values.push(number)),
                Take::Encoded(encoded) => encoded.cell(column, cell, values),
                Take::Counted(profile) => {
                    profile.columns[column].add(cell, self.rows);
                    Ok(())
                }
            };
            if let Err(fault) = taken {
                self.faults.add(fault, cell, self.rows, record.line, column, width);
            }
        }
        self.rows += 1;
        Ok(())
    }
}

/// Of a first line that is narrower than what follows.
const TITLE: &str = "take out what stands above the line with the columns' names, or begin each such line with #";

fn cells_of(width: usize) -> String {
    format!("{width} {}", if width == 1 { "cell" } else { "cells" })
}
