//! The table of a run, and which of its columns are for what.

use super::{usage, warm_start};
use crate::data::cells::excerpt;
use crate::data::pipe;
use crate::data::{
    Bound, Header, Reading, Stored, Table, between_cells, bundled, indices, listed, note, profile, read_numbers, read_within,
};
use crate::encoder::Encoder;
use crate::error::{Error, Kind};
use crate::model_file::Model;
use crate::run_file::{RunFile, Source};
use std::path::Path;

/// The rows, what a person calls them, how they came from a table of more than numbers, and whether its columns have no names.
#[allow(clippy::type_complexity)]
pub(super) fn table(
    run: &RunFile,
    start: Option<&Model>,
    bound: Option<&Bound>,
    notes: &mut Vec<String>,
) -> Result<(Table, Option<Stored>, String, Option<Encoder>, bool), Error> {
    let stem = |path: &Path| path.file_stem().map_or("data".to_string(), |stem| stem.to_string_lossy().into_owned());
    match &run.data.source {
        Source::Bundled(name) => {
            notes.extend(note(name).map(str::to_string));
            Ok((bundled(name)?, None, name.clone(), None, false))
        }
        Source::Path(path) => {
            pipe::keep(path)?;
            let header = Header::said(run.data.header);
            let plain = if run.data.categories.is_empty() && run.data.decimal_comma.is_none() && start.is_none() {
                read_numbers(path, &header, bound)
            } else {
                None
            };
            let ((reading, stored), encoder) = match (start, plain) {
                (Some(model), _) => (warm_start::read(run, model, &path.display().to_string(), bound)?, model.metadata.encoder.clone()),
                (None, Some(reading)) => {
                    let known = reading.1.as_ref().map_or(&reading.0.table.columns, |stored| &stored.columns);
                    let found = indices(&path.display().to_string(), known, &run.data.ignore);
                    found.map_err(|error| with_header(error, run, !reading.0.header, known))?;
                    (reading, None)
                }
                (None, None) => encoded(run, path, bound, notes)?,
            };
            notes.splice(0..0, between_cells(reading.delimiter));
            notes.extend(reading.notes);
            notes.extend(stored.as_ref().map(Stored::note));
            Ok((reading.table, stored, stem(path), encoder, !reading.header))
        }
        Source::Inline { inputs, targets } => {
            let (n, k) = (inputs[0].len(), targets[0].len());
            let names = if run.data.target.len() == k { run.data.target.clone() } else { (0..k).map(|i| format!("y{i}")).collect() };
            let columns = (0..n).map(|i| format!("x{i}")).chain(names).collect();
            let values = inputs.iter().zip(targets).flat_map(|(x, y)| x.iter().chain(y)).copied().collect();
            let table = Table { source: run.file.clone(), columns, rows: inputs.len(), values, left_out: Vec::new() };
            Ok((table, None, stem(Path::new(&run.file)), None, false))
        }
    }
}

/// A table that holds more than numbers, and how it is read.
#[allow(clippy::type_complexity)]
pub(super) fn encoded(
    run: &RunFile,
    path: &Path,
    bound: Option<&Bound>,
    notes: &mut Vec<String>,
) -> Result<((Reading, Option<Stored>), Option<Encoder>), Error> {
    let source = path.display().to_string();
    let header = Header::said(run.data.header);
    let profile = profile(&source, &header)?;
    let names: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
    if run.data.target.is_empty() {
        return Err(no_target(&source, &names));
    }
    let named = [&run.data.target[..], &run.data.categories, &run.data.ignore].concat();
    indices(&source, &names, &named).map_err(|error| with_header(error, run, !profile.header, &names))?;
    let encoder = profile.encoder(&run.data, notes).map_err(|error| error.file(&source))?;
    Ok((read_within(&source, &encoder, &header, run.data.weights.as_ref(), bound)?, Some(encoder)))
}

/// An error over a column that is not there, in a table whose first line was taken for a row where it may be the names, or whose names
/// may be a comment. `names`: of its columns
pub(super) fn with_header(error: Error, run: &RunFile, headless: bool, names: &[String]) -> Error {
    let other = match run.data.header {
        None if headless => "--header, if the first line names the columns: it was taken for a row",
        None if names.first().is_some_and(|name| name.starts_with('#')) => "--no-header, if the line that begins with # is a comment",
        _ => return error,
    };
    let hint = error.hint.clone().unwrap_or_default();
    error.hint(format!("{other}; else {hint}"))
}

pub(super) fn no_target(source: &str, columns: &[String]) -> Error {
    Error::new(Kind::Usage, "which column is to be predicted?")
        .file(source)
        .hint(format!("--target with one of {}", listed(columns.iter().map(String::as_str))))
}

/// Input and target columns.
/// `no_inputs`: columns that only tell rows apart.
pub(super) fn columns(run: &RunFile, table: &Table, no_inputs: &[String]) -> Result<(Vec<String>, Vec<String>), Error> {
    if let (Source::Inline { targets, .. }, named @ 1..) = (&run.data.source, run.data.target.len())
        && named != targets[0].len()
    {
        return Err(usage(run, format!("{named} targets are named, but the worked examples have {}", targets[0].len())).key("data.target"));
    }
    let targets = match (&run.data.source, run.data.target.as_slice()) {
        (Source::Inline { inputs, .. }, _) => table.columns[inputs[0].len()..].to_vec(),
        (Source::Bundled(_), []) => table.columns.last().cloned().into_iter().collect(),
        (_, []) => return Err(no_target(&table.source, &table.columns)),
        (_, targets) => targets.to_vec(),
    };
    table.indices(&targets)?;
    if let Some(twice) = targets.iter().enumerate().find(|(i, target)| targets[..*i].contains(target)) {
        return Err(usage(run, format!("the target '{}' is named twice", excerpt(twice.1))).key("data.target"));
    }
    if let Some(weights) = &run.data.weights {
        if matches!(run.data.source, Source::Inline { .. }) {
            let error = usage(run, "worked examples have no column of weights").key("data.weights");
            return Err(error.hint("repeat a row to let it count more"));
        }
        table.index(weights)?;
        if targets.contains(weights) {
            return Err(usage(run, format!("'{}' is the target and cannot be a weight", excerpt(weights))).key("data.weights"));
        }
    }
    let inputs = table.without(&[&targets[..], &run.data.ignore, run.data.weights.as_slice(), no_inputs].concat());
    if inputs.is_empty() {
        let error = Error::new(Kind::Data, "no column is left to predict from: all are targets, weights or left out").file(&table.source);
        return Err(error.hint("a table with more columns, or keep one that is left out: --categories NAME takes words of any kind"));
    }
    Ok((inputs, targets))
}

/// The columns that more is decided by than what goes into the network.
pub(super) fn decisive(run: &RunFile) -> Vec<String> {
    let split = run.data.split.column().map(|name| [name.to_string(), format!("{name} days")]);
    // Of several targets, or with folds, each with rows of its own, those in the file are enough.
    let is_one = run.data.target.len() == 1 && run.train.folds.is_none();
    let targets = if is_one { &run.data.target[..] } else { &[] };
    [targets, run.data.weights.as_slice(), split.as_ref().map_or(&[], |names| &names[..])].concat()
}
