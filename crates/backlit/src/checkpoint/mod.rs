//! Trainings that go on after an end that was not planned, and end with the bits of the unbroken one.
//!
//! A checkpoint is written whole or not at all, and the one before it is kept: `checkpoint.safetensors`, `checkpoint.previous.safetensors`.
//! Beside them stands what the run was asked for; see `run`.

mod file;
mod run;

pub use run::unresumable;
pub(crate) use run::{can_go_on, forget, is_in};

use crate::error::{Error, Kind};
use crate::files::Whole;
use crate::job::Job;
use crate::model_file::Precision;
use crate::run_file::RunFile;
use backlit_engine::Scalar;
use backlit_engine::train::Trainer;
use file::{About, Checkpoint, Reader, Writer};
use run::Pins;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

const CHECKPOINT: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint.previous.safetensors";

/// How often a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Every {
    /// After so many steps.
    Steps(u64),
    /// After so many seconds.
    Seconds(f64),
}

impl FromStr for Every {
    type Err = String;

    /// Reads `500`, `30s`, `5m`, `2h`. `Err` says what to type.
    fn from_str(text: &str) -> Result<Every, String> {
        let wrong = || format!("expected a number of steps of at least 1, or a time such as 30s, 5m or 2h, came {}", text.escape_debug());
        let text = text.trim();
        if let Ok(steps @ 1..) = text.parse() {
            return Ok(Every::Steps(steps));
        }
        let unit = match text.chars().last() {
            Some('s') => 1.0,
            Some('m') => 60.0,
            Some('h') => 3600.0,
            _ => return Err(wrong()),
        };
        match text[..text.len() - 1].trim().parse::<f64>() {
            Ok(number) if number > 0.0 && Duration::try_from_secs_f64(number * unit).is_ok() => Ok(Every::Seconds(number * unit)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Every::Steps(steps) => write!(f, "{steps}"),
            Every::Seconds(seconds) => write!(f, "{seconds:?}s"),
        }
    }
}

/// A run as its directory holds it.
pub struct Begun {
    /// What was asked for.
    pub run: RunFile,
    directory: PathBuf,
    pins: Pins,
}

/// The checkpoints of a training.
pub struct Checkpoints {
    directory: PathBuf,
    pins: Pins,
    every: Option<Every>,
    /// Whether the checkpoint that is there is one of this run, so that the next one makes it the previous one.
    is_good: bool,
    /// Whether what the run was asked for outlasts a power failure.
    is_synced: bool,
    /// Where the training goes on from.
    start: Option<Checkpoint>,
    /// Of the last one written.
    written: Instant,
}

/// What a directory holds of a run that was begun there. `Err` where there is none, and where the run file, the table or the model that
/// training begins with are not what they were.
pub fn open(directory: &Path) -> Result<Begun, Error> {
    let (run, pins) = run::read(directory)?;
    Ok(Begun { run, directory: directory.to_path_buf(), pins })
}

impl Begun {
    /// Whether the run has come to its end.
    pub fn is_finished(&self) -> bool {
        self.pins.finished
    }

    /// The last checkpoint that is whole, if there is one, and what a person should know of it.
    pub fn checkpoints(self) -> Result<(Checkpoints, String), Error> {
        let id = self.pins.id();
        let [last, previous] = [CHECKPOINT, PREVIOUS].map(|name| load(&self.directory.join(name), &id));
        let is_good = matches!(last, Ok(Some(_)));
        let (start, note) = match (last, previous) {
            (Ok(Some(checkpoint)), _) => {
                let note = format!("the training goes on after step {}", checkpoint.about.step);
                (Some(checkpoint), note)
            }
            (Ok(None), previous) => match previous? {
                Some(checkpoint) => {
                    let note = format!("the training goes on after step {}", checkpoint.about.step);
                    (Some(checkpoint), note)
                }
                None => (None, "there is no checkpoint yet: the training starts from the beginning".into()),
            },
            (Err(error), Ok(Some(checkpoint))) => {
                let note =
                    format!("{error}\nnote: the training goes on with the checkpoint before it, after step {}", checkpoint.about.step);
                (Some(checkpoint), note)
            }
            (Err(error), _) => {
                return Err(error.hint("there is no whole checkpoint before it; without both files --resume begins the training anew"));
            }
        };
        let every = self.run.train.checkpoint_every;
        Ok((Checkpoints { is_good, start, ..Checkpoints::new(self.directory, self.pins, every) }, note))
    }
}

/// A checkpoint of the run, if there is one.
fn load(path: &Path, id: &str) -> Result<Option<Checkpoint>, Error> {
    let refused = |message: String| Error::new(Kind::Model, message).file(path.display());
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| refused(format!("cannot be read: {error}")))?,
    };
    let checkpoint = Checkpoint::read(bytes).map_err(refused)?;
    Ok(Some(checkpoint).filter(|checkpoint| checkpoint.about.run == id))
}

impl Checkpoints {
    /// Writes down what a new run is asked for, in place of any run that was there. `has_hidden`: the run's layers are not those of the job
    pub fn begin(directory: &Path, run: &RunFile, job: &Job, has_hidden: bool) -> Result<Checkpoints, Error> {
        let pins = run::begin(directory, run, job, has_hidden)?;
        let every = run.train.checkpoint_every;
        let checkpoints = Checkpoints::new(directory.to_path_buf(), pins, every);
        checkpoints.clear();
        Ok(checkpoints)
    }

    fn new(directory: PathBuf, pins: Pins, every: Option<Every>) -> Checkpoints {
        Checkpoints { directory, pins, every, is_good: false, is_synced: false, start: None, written: Instant::now() }
    }

    /// Where the checkpoint is.
    pub fn path(&self) -> PathBuf {
        self.directory.join(CHECKPOINT)
    }

    /// Steps taken where the training goes on; 0: it begins.
    pub fn step(&self) -> u64 {
        self.start.as_ref().map_or(0, |checkpoint| checkpoint.about.step)
    }

    /// Brings a training to where it goes on; one that is new has its first checkpoint, if it is to have any before an interruption, so that
    /// want of room is found now.
    pub(crate) fn start<S: Scalar>(&mut self, precision: Precision, trainer: &mut Trainer<'_, S>) -> Result<(), Error> {
        let Some(checkpoint) = self.start.take() else {
            return if self.every.is_some() { self.save(precision, trainer) } else { Ok(()) };
        };
        let mut reader = Reader::new(checkpoint, precision);
        trainer.restore(&mut reader);
        reader.finish().map_err(|fault| {
            let message = format!("the checkpoint does not fit this run: {fault}");
            Error::new(Kind::Model, message).file(self.path().display()).hint("train anew")
        })
    }

    /// Whether a checkpoint is to be written after this step.
    pub(crate) fn is_due(&self, step: u64) -> bool {
        match self.every {
            None => false,
            Some(Every::Steps(steps)) => step.is_multiple_of(steps),
            Some(Every::Seconds(seconds)) => self.written.elapsed().as_secs_f64() >= seconds,
        }
    }

    /// Writes a checkpoint: then, whatever happens, there is either the one before or the new one.
    pub(crate) fn save<S: Scalar>(&mut self, precision: Precision, trainer: &mut Trainer<'_, S>) -> Result<(), Error> {
        let failed = |error: Error| {
            let hint = error.hint.as_deref().unwrap_or_default();
            let hint = format!("{hint}; then --resume {} goes on from the last checkpoint", self.directory.display());
            error.hint(hint)
        };
        if !self.is_synced {
            run::sync(&self.directory).map_err(failed)?;
        }
        let mut writer = Writer::new(precision);
        trainer.save(&mut writer);
        let about = About::new(&self.pins.id(), trainer.steps());
        let (header, tensors) = writer.finish(&about).map_err(|message| Error::new(Kind::Failed, message).file(self.path().display()))?;
        let previous = self.directory.join(PREVIOUS);
        let written = Whole::create(&self.path()).and_then(|mut file| {
            file.write(&header)?;
            file.write(&tensors)?;
            file.finish_keeping(self.is_good.then_some(&previous))
        });
        written.map_err(failed)?;
        (self.is_good, self.is_synced, self.written) = (true, true, Instant::now());
        Ok(())
    }

    /// The run has come to its end, and all it leaves is saved.
    pub fn finish(mut self) -> Result<(), Error> {
        self.pins.finished = true;
        self.pins.write(&self.directory)?;
        self.clear();
        Ok(())
    }

    /// Takes checkpoints away that nobody needs; what cannot be taken away does no harm, for it is known by its run.
    fn clear(&self) {
        for name in [CHECKPOINT, PREVIOUS] {
            let _ = std::fs::remove_file(self.directory.join(name));
        }
    }
}
