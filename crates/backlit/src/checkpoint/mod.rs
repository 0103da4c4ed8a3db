//! Trainings that go on after an end that was not planned, and end with the bits of the unbroken one.
//!
//! A checkpoint is written whole or not at all, and the one before it is kept: `checkpoint.safetensors`, `checkpoint.previous.safetensors`.
//! A network of an ensemble and a fold have their own, `checkpoint.network-3.safetensors`, the last of which tells that it came to its end.
//! Beside them stands what the run was asked for; see `run`.

mod file;
mod pair;
mod run;

pub use run::unresumable;
pub(crate) use run::{forget, is_begun, is_foreign, unfinished};

use crate::error::{Error, Kind};
use crate::files::{Whole, shell_word};
use crate::job::Job;
use crate::model_file::Precision;
use crate::run_file::RunFile;
use backlit_engine::Scalar;
use backlit_engine::train::Trainer;
use file::{About, Checkpoint, Reader, Writer};
use pair::{Found, Pair};
use run::Pins;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// A part that took less is not worth a file: trained again it has the same bits.
const WORTH: Duration = Duration::from_secs(1);

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

/// The checkpoints of a training, or of a part of one.
pub struct Checkpoints {
    directory: PathBuf,
    pins: Pins,
    every: Option<Every>,
    pair: Pair,
    /// Whether this is of a part.
    is_part: bool,
    /// The parts that there are checkpoints of.
    parts: Vec<Known>,
    /// Whether the checkpoint that is there is one of this run, so that the next one makes it the previous one.
    is_good: bool,
    /// Whether what the run was asked for outlasts a power failure.
    is_synced: bool,
    /// Where the training goes on from.
    start: Option<Checkpoint>,
    begun: Instant,
    /// Of the last one written.
    written: Instant,
}

/// A part of a training that was begun: `network-3`, `fold-1`.
struct Known {
    name: String,
    steps: u64,
    ended: bool,
}

/// What a directory holds of a run that was begun there. `Err` where there is none, and where the run file, the table or the model that
/// training begins with are not what they were.
pub fn open(directory: &Path) -> Result<Begun, Error> {
    let (run, pins) = run::read(directory)?;
    if pins.finished {
        // One that was killed while it took them away has left some.
        pair::clear(directory);
    }
    Ok(Begun { run, directory: directory.to_path_buf(), pins })
}

impl Begun {
    /// Whether the run has come to its end.
    pub fn is_finished(&self) -> bool {
        self.pins.finished
    }

    /// What the run's recipe chose and why.
    pub fn why(&self) -> &[String] {
        &self.pins.why
    }

    /// The last checkpoints that are whole, if there are any, and what a person should know of them.
    pub fn checkpoints(self) -> Result<(Checkpoints, String), Error> {
        let id = self.pins.id();
        let mut notes = Vec::new();
        let mut damaged = |found: &Found| {
            if let (Some(error), Some(start)) = (&found.damage, &found.start) {
                notes.push(format!("{error}"));
                notes.push(format!("the training goes on with the checkpoint before it, after step {}", start.about.step));
            }
        };
        let pair = Pair::whole(&self.directory, &id);
        let whole = pair.load()?;
        damaged(&whole);
        let mut parts = Vec::new();
        for name in pair::parts(&self.directory) {
            let found = Pair::part(&self.directory, &id, &name).load()?;
            damaged(&found);
            parts.extend(found.start.map(|start| Known { name, steps: start.about.step, ended: start.about.ended }));
        }
        if let (Some(start), None) = (&whole.start, &whole.damage) {
            notes.push(format!("the training goes on after step {}", start.about.step));
        } else if whole.start.is_none() {
            notes.push(match parts.is_empty() {
                true => "there is no checkpoint yet: the training starts from the beginning".into(),
                false => format!("the training goes on: {}", told(&parts)),
            });
        }
        let every = self.run.train.checkpoint_every;
        let Found { start, is_good, .. } = whole;
        Ok((Checkpoints { is_good, start, parts, ..Checkpoints::new(self.directory, self.pins, every, pair) }, notes.join("\nnote: ")))
    }
}

/// How many parts of each word are finished, and how many only begun.
fn told(parts: &[Known]) -> String {
    let mut words: Vec<&str> = parts.iter().filter_map(|part| part.name.split('-').next()).collect();
    words.dedup();
    let count = |word: &str, ended: bool| parts.iter().filter(|part| part.name.starts_with(word) && part.ended == ended).count();
    let of = |word: &&str| {
        let some = |n: usize| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        format!("{} finished, {} begun", some(count(word, true)), count(word, false))
    };
    words.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// Whether a directory holds a checkpoint; of one that cannot be looked into it must be thought.
pub(crate) fn is_in(directory: &Path) -> bool {
    pair::files(directory).map_or(true, |files| !files.is_empty())
}

impl Checkpoints {
    /// Writes down what a new run is asked for, in place of any run that was there. `has_hidden`: the run's layers are not those of the job
    pub fn begin(directory: &Path, run: &RunFile, job: &Job, has_hidden: bool) -> Result<Checkpoints, Error> {
        let pins = run::begin(directory, run, job, has_hidden)?;
        let (every, pair) = (run.train.checkpoint_every, Pair::whole(directory, &pins.id()));
        let checkpoints = Checkpoints::new(directory.to_path_buf(), pins, every, pair);
        checkpoints.clear();
        Ok(checkpoints)
    }

    fn new(directory: PathBuf, pins: Pins, every: Option<Every>, pair: Pair) -> Checkpoints {
        let now = Instant::now();
        Checkpoints {
            directory,
            pins,
            every,
            pair,
            is_part: false,
            parts: Vec::new(),
            is_good: false,
            is_synced: false,
            start: None,
            begun: now,
            written: now,
        }
    }

    /// Those of a part of this training.
    pub(crate) fn part(&self, word: &str, number: usize) -> Result<Checkpoints, Error> {
        let pair = Pair::part(&self.directory, &self.pins.id(), &format!("{word}-{}", number + 1));
        let Found { start, is_good, .. } = pair.load()?;
        Ok(Checkpoints { is_part: true, start, is_good, ..Checkpoints::new(self.directory.clone(), self.pins.clone(), self.every, pair) })
    }

    /// The directory of the run.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the checkpoint is.
    pub fn path(&self) -> PathBuf {
        self.pair.last.clone()
    }

    /// Steps taken where the training goes on; 0: it begins.
    pub fn step(&self) -> u64 {
        self.start.as_ref().map_or(0, |checkpoint| checkpoint.about.step)
    }

    /// The same of a part of it, a `network` or a `fold`, counted from 0, and whether that came to its end.
    pub fn step_of(&self, word: &str, number: usize) -> (u64, bool) {
        let name = format!("{word}-{}", number + 1);
        self.parts.iter().find(|part| part.name == name).map_or((0, false), |part| (part.steps, part.ended))
    }

    /// Brings a training to where it goes on; one that is new has its first checkpoint, if it is to have any before an interruption, so that
    /// want of room is found now.
    pub(crate) fn start<S: Scalar>(&mut self, precision: Precision, trainer: &mut Trainer<'_, S>) -> Result<(), Error> {
        let Some(checkpoint) = self.start.take() else {
            return if self.every.is_some() { self.save(precision, trainer) } else { Ok(()) };
        };
        // What has ended is not written again.
        self.is_part &= !checkpoint.about.ended;
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
        self.write(precision, trainer, false)
    }

    /// A part that came to its end is kept, so that it is not trained again.
    pub(crate) fn end<S: Scalar>(&mut self, precision: Precision, trainer: &mut Trainer<'_, S>) -> Result<(), Error> {
        let is_worth = self.every.is_some() || self.begun.elapsed() >= WORTH;
        if self.is_part && is_worth { self.write(precision, trainer, true) } else { Ok(()) }
    }

    fn write<S: Scalar>(&mut self, precision: Precision, trainer: &mut Trainer<'_, S>, ended: bool) -> Result<(), Error> {
        let failed = |error: Error| {
            let hint = error.hint.as_deref().unwrap_or_default();
            let directory = shell_word(&self.directory.display().to_string());
            let hint = format!("{hint}; then --resume {directory} goes on from the last checkpoint");
            error.hint(hint)
        };
        if !self.is_synced {
            run::sync(&self.directory).map_err(failed)?;
        }
        let mut writer = Writer::new(precision);
        trainer.save(&mut writer);
        let about = About::new(&self.pair.id, trainer.steps(), ended);
        let (header, tensors) = writer.finish(&about).map_err(|message| Error::new(Kind::Failed, message).file(self.path().display()))?;
        let written = Whole::create(&self.pair.last).and_then(|mut file| {
            file.write(&header)?;
            file.write(&tensors)?;
            file.finish_keeping(self.is_good.then_some(&self.pair.previous))
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

    /// The run will not go on and leaves no model: takes away its checkpoints, and what it was asked for, which would tell a wrong thing of
    /// a model that was there before.
    pub fn abandon(&self) {
        self.clear();
        forget(&self.directory);
    }

    /// Takes checkpoints away that nobody needs.
    pub fn clear(&self) {
        pair::clear(&self.directory);
    }
}
