//! `backlit train --resume DIR`: a run that goes on, or has come to its end already.

use crate::arguments::{Choices, Train};
use crate::output::Screen;
use backlit::checkpoint::{self, Begun, Checkpoints};
use backlit::error::{Error, Kind};
use backlit::files::shell_word;
use backlit::job::Job;
use backlit::model_file::file_of;
use backlit::run_directory::{self, RunDirectory};
use backlit::run_file::RunFile;
use serde_json::Value;
use std::path::Path;

/// A run directory, locked, and what was begun there.
pub struct Resumed {
    pub directory: RunDirectory,
    pub begun: Begun,
}

impl Resumed {
    pub fn open(path: &Path, choices: &Choices) -> Result<Resumed, Error> {
        if *choices != Choices::default() {
            let error = Error::new(Kind::Usage, "--resume takes no choices: the run goes on as it was asked for").file(path.display());
            return Err(error.hint("--resume alone, or with --threads, --quiet, --json, --events, --print-hash, --parameters"));
        }
        let directory = run_directory::open(path)?;
        let begun = checkpoint::open(&directory.path)?;
        Ok(Resumed { directory, begun })
    }

    /// If the run has come to its end: says so, with its document.
    pub fn say_finished(&self, print_hash: bool, screen: &Screen) -> Result<bool, Error> {
        if !self.begun.is_finished() {
            return Ok(false);
        }
        if !file_of(&self.directory.path).is_file() {
            let error =
                Error::new(Kind::Model, "the run is finished, but its model is not there any more").file(self.directory.path.display());
            return Err(error.hint("train it once more into another directory: --config with this one's run.toml, and --out"));
        }
        let summary = self.directory.path.join("summary.json");
        let wrong = |message: String| Error::new(Kind::Model, message).file(summary.display());
        let text =
            std::fs::read_to_string(&summary).map_err(|error| wrong(format!("the run is finished, but this cannot be read: {error}")))?;
        let document: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("this is not what Backlit wrote: {error}")))?;
        let said = |key: &str| document[key].as_str().map_or(document[key].to_string(), str::to_string);
        screen.note(&format!(
            "this run is finished, after {} epochs ({} steps): there is nothing to go on with",
            said("epochs"),
            said("steps")
        ));
        screen.say(&format!("  model saved to {}\n", said("model")));
        if print_hash {
            screen.result(&format!("{}\n", said("weights_sha256")));
        }
        screen.document(&document);
        Ok(true)
    }
}

/// How an interrupted run goes on, with the flags that it does not remember.
pub fn how(directory: &Path, arguments: &Train) -> String {
    let flags = [("events", arguments.events), ("print-hash", arguments.print_hash), ("parameters", arguments.parameters)];
    let flags: String = flags.iter().filter(|(_, given)| *given).map(|(name, _)| format!(" --{name}")).collect();
    format!("  to go on: backlit train --resume {}{flags}\n", shell_word(&directory.display().to_string()))
}

/// The checkpoints of a run that goes on, or of a new one; none where it could not go on later.
pub fn checkpoints(
    resumed: Option<Begun>,
    directory: &RunDirectory,
    run: &RunFile,
    has_hidden: bool,
    job: &Job,
    screen: &Screen,
) -> Result<Option<Checkpoints>, Error> {
    if let Some(begun) = resumed {
        let (checkpoints, note) = begun.checkpoints()?;
        screen.note(&note);
        return Ok(Some(checkpoints));
    }
    match checkpoint::unresumable(run) {
        Some(error) if run.train.checkpoint_every.is_some() => Err(error),
        Some(_) => Ok(None),
        None => Checkpoints::begin(&directory.path, run, job, has_hidden).map(Some),
    }
}
