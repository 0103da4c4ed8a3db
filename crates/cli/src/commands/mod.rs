//! One file a command.

mod audit;
mod check;
mod columns;
mod evaluate;
mod explain;
mod inspect;
mod operations;
mod predict;
mod replay;
mod train;
mod worksheet;

use crate::arguments::{Arguments, Command, Common};
use crate::output::Screen;
use backlit::data::{Table, read_for};
use backlit::error::{Error, Kind};
use backlit::job::{Job, Rows, rows_for};
use backlit::model_file::{self, Metadata, Model};
use backlit::{prepare, run_file};
use clap::CommandFactory;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Runs a command; gives the exit code.
pub fn run(command: Command, common: &Common, screen: &Screen) -> Result<u8, Error> {
    match command {
        Command::Train(arguments) => train::run(&arguments, common, screen),
        Command::Predict(arguments) => predict::run(&arguments, common, screen),
        Command::Inspect(arguments) => inspect::run(&arguments, common, screen),
        Command::Evaluate(arguments) => evaluate::run(&arguments, common, screen),
        Command::Explain(arguments) => explain::run(&arguments, common, screen),
        Command::Worksheet(arguments) => worksheet::run(&arguments, common, screen),
        Command::Audit(arguments) => audit::run(&arguments, common, screen),
        Command::Check(arguments) => check::run(&arguments, common, screen),
        Command::Replay(arguments) => replay::run(&arguments, screen),
        Command::Operations(arguments) => operations::run(&arguments, common, screen),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "backlit", &mut text);
            screen.result(&String::from_utf8_lossy(&text));
            Ok(0)
        }
        Command::Man => {
            let mut text = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut text).map_err(|error| Error::new(Kind::Failed, error.to_string()))?;
            screen.result(&String::from_utf8_lossy(&text));
            Ok(0)
        }
    }
}

/// The number of threads to use.
fn threads(common: &Common) -> usize {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    common.threads.map_or(all, usize::from)
}

/// A table, a bundled set by name or a file, as a model takes it.
fn table(data: &str, metadata: &Metadata, with_targets: bool, common: &Common, screen: &Screen) -> Result<Table, Error> {
    let reading = read_for(data, metadata, with_targets, common.first_line())?;
    reading.notes.iter().for_each(|note| screen.note(note));
    Ok(reading.table)
}

/// The file of a saved model; none of a run file.
fn saved(path: &Path) -> Option<PathBuf> {
    (!is_run_file(path)).then(|| model_file::file_of(path))
}

/// A model and rows for it: a saved model on a table, or a run file's network at its initial parameters on the file's
/// own rows or on a table.
fn model_and_rows(
    path: &Path,
    data: Option<&str>,
    with_targets: bool,
    common: &Common,
    screen: &Screen,
) -> Result<(Model, Rows, String), Error> {
    if is_run_file(path) {
        let job = job(path, common, screen)?;
        let model = job.initial_model();
        return match data {
            None => Ok((model, job.all_rows(), path.display().to_string())),
            Some(data) => {
                let table = table(data, &model.metadata, with_targets, common, screen)?;
                let rows = rows_for(&model.metadata, &table, with_targets)?;
                note_weights(&model, &rows, with_targets, screen);
                Ok((model, rows, table.source))
            }
        };
    }
    let model = model_file::load(path)?;
    let Some(data) = data else {
        return Err(
            Error::new(Kind::Usage, "which rows? A saved model has none of its own").hint("a CSV file, or a bundled set, behind the model")
        );
    };
    let table = table(data, &model.metadata, with_targets, common, screen)?;
    let rows = rows_for(&model.metadata, &table, with_targets)?;
    note_weights(&model, &rows, with_targets, screen);
    Ok((model, rows, table.source))
}

/// Says where the cost has weights in it that the rows have not.
fn note_weights(model: &Model, rows: &Rows, with_targets: bool, screen: &Screen) {
    model.metadata.network.terms.without_weights(rows).filter(|_| with_targets).iter().for_each(|note| screen.note(note));
}

/// A saved model, or a run file's network at its initial parameters.
fn initial_or_saved(path: &Path, common: &Common, screen: &Screen) -> Result<Model, Error> {
    if is_run_file(path) { Ok(job(path, common, screen)?.initial_model()) } else { model_file::load(path) }
}

/// What a run file asks for.
fn job(path: &Path, common: &Common, screen: &Screen) -> Result<Job, Error> {
    let run = train::with_common(&run_file::read(path)?, common);
    let job = prepare::job(&run, None, threads(common))?;
    job.notes.iter().for_each(|note| screen.note(note));
    Ok(job)
}

/// The data that was named; else the bundled set that a saved model was trained on, if it was one.
fn data_or_bundled(path: &Path, data: Option<&str>) -> Result<Option<String>, Error> {
    match data {
        Some(data) => Ok(Some(data.to_string())),
        None if is_run_file(path) => Ok(None),
        None => Ok(Some(model_file::load(path)?.metadata).filter(|metadata| metadata.bundled).map(|metadata| metadata.name)),
    }
}

/// Does a job on so many threads.
fn on_threads<R: Send>(common: &Common, job: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(threads(common)).build() {
        Ok(pool) => pool.install(job),
        Err(_) => job(),
    }
}

/// Something wrong with what was typed behind a flag.
fn wrong(flag: &str, message: impl Display) -> Error {
    Error::new(Kind::Usage, format!("--{flag}: {message}"))
}

/// Whether a path names a run file.
fn is_run_file(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "toml")
}
