//! One file a command.

mod check;
mod evaluate;
mod operations;
mod predict;
mod replay;
mod train;

use crate::arguments::{Arguments, Command, Common};
use crate::output::Screen;
use backlit::data::{BUNDLED, Table, bundled, read};
use backlit::error::{Error, Kind};
use backlit::model_file::{self, Model};
use clap::CommandFactory;
use std::path::Path;

/// Runs a command; gives the exit code.
pub fn run(command: Command, common: &Common, screen: &Screen) -> Result<u8, Error> {
    match command {
        Command::Train(arguments) => train::run(&arguments, common, screen),
        Command::Predict(arguments) => predict::run(&arguments, common, screen),
        Command::Evaluate(arguments) => evaluate::run(&arguments, common, screen),
        Command::Check(arguments) => check::run(&arguments, common, screen),
        Command::Replay(arguments) => replay::run(&arguments, screen),
        Command::Operations(arguments) => operations::run(&arguments, common, screen),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "backlit", &mut std::io::stdout());
            Ok(0)
        }
        Command::Man => {
            let page = clap_mangen::Man::new(Arguments::command());
            page.render(&mut std::io::stdout()).map_err(|error| Error::new(Kind::Failed, error.to_string()))?;
            Ok(0)
        }
    }
}

/// The number of threads to use.
fn threads(common: &Common) -> usize {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    common.threads.map_or(all, usize::from)
}

/// A table: a bundled set by name, else a file.
fn table(data: &str, screen: &Screen) -> Result<Table, Error> {
    if BUNDLED.contains(&data) {
        return bundled(data);
    }
    let reading = read(Path::new(data))?;
    reading.notes.iter().for_each(|note| screen.note(note));
    Ok(reading.table)
}

/// A model, from its file or from the run directory that holds it.
fn model(path: &Path) -> Result<Model, Error> {
    let inside = path.join(MODEL);
    model_file::load(if path.is_dir() && inside.is_file() { &inside } else { path })
}

/// The model's name in a run directory.
const MODEL: &str = "model.safetensors";
