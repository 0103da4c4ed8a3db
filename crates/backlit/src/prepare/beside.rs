//! Rows kept aside that come from a file of their own: they are read as the table tells, and stand behind its rows.

use super::{usage, warm_start};
use crate::compact::Compact;
use crate::data::cells::without_target;
use crate::data::{Bound, Header, Inputs, Stored, Table, behind, indices, read_within, shortened};
use crate::encoder::Encoder;
use crate::error::Error;
use crate::job::Rows;
use crate::model_file::Model;
use crate::run_file::{RunFile, Source};
use crate::splits::Split;
use std::path::{Path, PathBuf};

/// Where the rows of that file are.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The file.
    pub file: PathBuf,
    /// Its first row among those of both, counted without the rows left out.
    first: usize,
    /// The same, with them.
    first_number: usize,
    /// Rows of the file that have no target, by their numbers, in order.
    left_out: Vec<usize>,
}

/// How the table was read.
pub(super) struct Place<'a> {
    pub run: &'a RunFile,
    pub start: Option<&'a Model>,
    pub encoder: Option<&'a Encoder>,
    pub headless: bool,
    pub bound: Option<&'a Bound>,
}

/// Refuses choices that have no place beside a file of rows to keep aside, and a file that is not there.
pub(super) fn agrees(run: &RunFile) -> Result<(), Error> {
    let Some(file) = &run.data.validation_file else { return Ok(()) };
    let wrong = |message: String, hint: &str| Err(usage(run, message).key("data.validation").hint(hint));
    if run.data.split != Split::Random {
        let message = "the rows kept aside are those of a file, so no split chooses them".into();
        return wrong(message, "leave the split (--split, --group, --time) out, or give --validation a share");
    }
    if matches!(run.data.source, Source::Inline { .. }) {
        return wrong("worked examples have no columns that a file could have too".into(), "a share of them, or a table");
    }
    match file.exists() {
        true => Ok(()),
        false => {
            let came = shortened(&file.display().to_string());
            wrong(
                format!("expected a share from 0 to below 1, or a file of rows; '{came}' is no share, and no file is there"),
                "0.2 for a fifth of the rows, or the path of a table that is there",
            )
        }
    }
}

/// Reads the rows that are kept aside, if they are in a file, by what is known of the table, and puts them behind its own.
pub(super) fn join(
    place: &Place<'_>,
    table: &mut Table,
    stored: &mut Option<Stored>,
    notes: &mut Vec<String>,
) -> Result<Option<Beside>, Error> {
    let Place { run, start, encoder, headless, bound } = *place;
    let Some(file) = &run.data.validation_file else { return Ok(None) };
    let name = file.display().to_string();
    let columns = stored.as_ref().map_or(&table.columns, |stored| &stored.columns).clone();
    let ((reading, second), is_model) = match start {
        Some(model) => (warm_start::read(run, model, &name, bound).map_err(without_target)?, true),
        None => {
            let used: Vec<String> = columns.iter().filter(|column| !run.data.ignore.contains(column)).cloned().collect();
            let encoder = encoder.cloned().unwrap_or_else(|| Encoder::plain(&used));
            let wanted = encoder.columns.iter().map(|column| column.name.clone()).collect();
            let header = Header::beside(wanted, headless, run.data.header);
            (read_within(&name, &encoder, &header, run.data.weights.as_ref(), bound).map_err(without_target)?, false)
        }
    };
    notes.extend(reading.notes.iter().map(|note| format!("{}: {note}", shortened(&name))));
    let second_table = &reading.table;
    let known = second.as_ref().map_or(&second_table.columns, |stored| &stored.columns);
    // Columns that are not used need not be there.
    let places: Vec<Option<usize>> = columns.iter().map(|column| known.iter().position(|name| name == column)).collect();
    let needed: Vec<String> = columns.iter().filter(|column| is_model || !run.data.ignore.contains(column)).cloned().collect();
    indices(&name, known, &needed)?;
    if is_same(&run.data.source, file) {
        notes.push("the rows kept aside are the table itself: nothing tells how the network does on rows it has not seen".into());
    }
    let left_out = second_table.left_out.clone();
    let beside = Beside { file: file.clone(), first: table.rows, first_number: table.rows + table.left_out.len(), left_out };
    let was_stored = stored.is_some();
    behind((table, stored), (second_table, second.as_ref()), &places, bound)?;
    table.left_out.extend(beside.left_out.iter().map(|number| beside.first_number + number));
    notes.extend(stored.as_ref().filter(|_| !was_stored).map(Stored::note));
    Ok(Some(beside))
}

fn is_same(source: &Source, file: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    matches!(source, Source::Path(path) if real(path).is_some() && real(path) == real(file))
}

impl Beside {
    /// The file's name without its folder.
    pub fn name(&self) -> String {
        self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy().into_owned()
    }

    /// How many rows the table itself has.
    pub(super) fn rows_before(&self) -> usize {
        self.first
    }

    /// (trained on, kept aside) of so many rows.
    pub(super) fn split(&self, rows: usize) -> (Vec<usize>, Vec<usize>) {
        ((0..self.first).collect(), (self.first..rows).collect())
    }

    /// An error of a row that stands in this file, and not in the table.
    pub(super) fn placed(&self, error: Error, table: &str) -> Error {
        match error.row {
            Some(row) if row >= self.first_number && error.file.as_deref() == Some(table) => {
                error.file(self.file.display()).row(row - self.first_number)
            }
            _ => error,
        }
    }

    /// Calls the rows kept aside by their numbers in this file.
    pub(super) fn give_own_numbers(&self, held: &mut Rows) {
        held.numbers.iter_mut().for_each(|number| *number -= self.first_number);
        let own = |stored: &Inputs| stored.from(self.first, &self.left_out);
        held.stored = held.stored.as_ref().map(own);
        if let Compact::Stored(targets) = &mut held.compact {
            *targets = own(targets);
        }
    }
}
