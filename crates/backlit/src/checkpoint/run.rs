//! What a run was asked for, as it stands in its directory: `run.toml`, a run file with every choice in it, and `run.json`, which pins
//! down what the run file names: the hashes of the table, of the model that training begins with, and of the run file itself.

use crate::error::{Error, Kind};
use crate::files::{self, Whole};
use crate::job::Job;
use crate::model_file::{MODEL, file_of};
use crate::prepare::layer_of_shape;
use crate::recipe::Recipe;
use crate::run_file::{self, Batch, Layer, RunFile, Source};
use crate::tensors::{hexadecimal, hexadecimal_of};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

const RUN: &str = "run.toml";
/// The first line of it.
const HEAD: &str = "# What was asked for, with every choice made: by `backlit train`.";
const PINS: &str = "run.json";
/// The one that it began with, where it stood in the run's own directory.
const FROM: &str = "from.safetensors";

/// The version of `run.json` that this Backlit writes, and the only one it reads.
const FORMAT: u64 = 1;

/// `run.json`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pins {
    format: u64,
    /// Of the Backlit that began the run.
    version: String,
    /// SHA-256 of `run.toml`.
    run_sha256: String,
    /// The run file that was named; empty: none.
    run_file: String,
    /// The table, as it was named; none: it is bundled, or stands in the run file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    table: Option<Pin>,
    /// The file of the rows kept aside, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation: Option<Pin>,
    /// The model that training begins with, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Pin>,
    /// What the recipe chose and why, when it chose: of choices that stand in the run file it no longer knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Whether the run has come to its end.
    pub finished: bool,
}

/// What every version writes.
#[derive(Deserialize)]
struct Made {
    format: u64,
    version: String,
}

/// A file that must stay as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    path: String,
    sha256: String,
}

/// Why a run could not go on later, whatever is saved of it: its table can be read only once or has a name that a run file cannot
/// hold.
pub fn unresumable(run: &RunFile) -> Option<Error> {
    let wrong = |path: &Path, message: &str| Some(Error::new(Kind::Usage, message).file(path.display()));
    for path in [table_of(run), run.data.validation_file.as_deref(), run.train.from.as_deref()].into_iter().flatten() {
        if path.to_str().is_none() {
            return wrong(path, "a name that is not Unicode cannot be written down, so the run could not go on after an interruption");
        }
        if std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir()) {
            return wrong(path, "this is no file and cannot be read again, so the run could not go on after an interruption");
        }
    }
    None
}

fn table_of(run: &RunFile) -> Option<&Path> {
    match &run.data.source {
        Source::Path(path) => Some(path),
        Source::Bundled(_) | Source::Inline { .. } => None,
    }
}

/// The same model in a place where this run does not write another one.
fn kept(model: &Path, directory: &Path) -> Result<PathBuf, Error> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if real(model).is_none() || real(model) != real(&directory.join(MODEL)) {
        return Ok(model.to_path_buf());
    }
    let copy = directory.join(FROM);
    let bytes = std::fs::read(model).map_err(|error| Error::new(Kind::Model, format!("cannot be read: {error}")).file(model.display()))?;
    files::write(&copy, &bytes)?;
    Ok(copy)
}

fn pin(path: &Path) -> Result<Pin, Error> {
    let sha256 = hexadecimal_of(path).map_err(|error| Error::new(Kind::Data, format!("cannot be read: {error}")).file(path.display()))?;
    Ok(Pin { path: path.display().to_string(), sha256 })
}

/// Writes down what is asked for, with the choices that were made where nobody said.
pub(super) fn begin(directory: &Path, run: &RunFile, job: &Job, has_hidden: bool) -> Result<Pins, Error> {
    let mut whole = run.clone();
    if has_hidden || run.network.layers.is_empty() {
        let layers: Result<Vec<Layer>, String> = job.shape.layers.iter().map(layer_of_shape).collect();
        whole.network.layers = layers.map_err(|message| Error::new(Kind::Failed, message))?;
    }
    let train = &mut whole.train;
    train.from = train.from.as_deref().map(|path| kept(&file_of(path), directory)).transpose()?;
    (train.learning_rate, train.epochs, train.shuffle) = (Some(job.learning_rate), Some(job.epochs), Some(job.shuffle));
    train.batch = Some(job.batch.map_or(Batch::Full, Batch::Rows));
    if job.recipe != Recipe::Plain {
        train.recipe = Some(job.recipe);
        train.ensemble = Some(job.members.as_ref().map_or(1, |members| members.initial.len()));
    }
    let text = format!("{HEAD}\n{}", whole.to_toml()?);
    let pins = Pins {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_string(),
        run_sha256: hexadecimal(text.as_bytes()),
        run_file: run.file.clone(),
        table: table_of(run).map(pin).transpose()?,
        validation: run.data.validation_file.as_deref().map(pin).transpose()?,
        from: whole.train.from.as_deref().map(pin).transpose()?,
        why: job.why.clone(),
        finished: false,
    };
    // Where there is no room for them the run that was there stays as it is.
    let mut files = [Whole::create(&directory.join(RUN))?, Whole::create(&directory.join(PINS))?];
    files[0].write(text.as_bytes())?;
    files[1].write(pins.text()?.as_bytes())?;
    // Until the second is there the first is known by its first line.
    let _ = std::fs::remove_file(directory.join(PINS));
    files.into_iter().try_for_each(Whole::finish_unsynced)?;
    Ok(pins)
}

/// Reads what was asked for. `Err` where it is not there, was changed, or names a file that was.
pub(super) fn read(directory: &Path) -> Result<(RunFile, Pins), Error> {
    let place = directory.join(PINS);
    let wrong = |message: String| Error::new(Kind::Model, message).file(place.display());
    let text = match std::fs::read_to_string(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let error = Error::new(Kind::Usage, format!("no run was begun here: there is no {PINS}")).file(directory.display());
            return Err(error.hint("the run directory of an interrupted training, the DIR of train --out DIR"));
        }
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    };
    let unlike = |error| wrong(format!("this is not what Backlit wrote: {error}"));
    // Another version may have written other fields.
    let Made { format, version } = serde_json::from_str(&text).map_err(unlike)?;
    let ours = env!("CARGO_PKG_VERSION");
    if (format, version.as_str()) != (FORMAT, ours) {
        let message = format!("the run was begun by Backlit {version}, and this is {ours}, which may round otherwise");
        return Err(wrong(message).hint("go on with that version, or train anew"));
    }
    let pins: Pins = serde_json::from_str(&text).map_err(unlike)?;
    let place = directory.join(RUN);
    let changed = |error: Error| error.file(place.display()).hint("put it back as it was, or train anew: train --config");
    let text = std::fs::read(&place).map_err(|error| changed(wrong(format!("cannot be read: {error}"))))?;
    if hexadecimal(&text) != pins.run_sha256 {
        return Err(changed(wrong("the run file has changed since the run began".into())));
    }
    let mut run = run_file::read(&place)?;
    if !pins.finished {
        // As it was named, as long as that leads there; else where it was.
        if let (Source::Path(path), Some(pin)) = (&mut run.data.source, &pins.table) {
            *path = unchanged(pin, path, "the table")?;
        }
        if let (Some(path), Some(pin)) = (&mut run.data.validation_file, &pins.validation) {
            *path = unchanged(pin, path, "the file of the rows kept aside")?;
        }
        if let (Some(path), Some(pin)) = (&mut run.train.from, &pins.from) {
            *path = unchanged(pin, path, "the model that training begins with")?;
        }
    }
    run.file = pins.run_file.clone();
    Ok((run, pins))
}

/// Where the file is that must be as it was.
fn unchanged(pin: &Pin, absolute: &Path, what: &str) -> Result<PathBuf, Error> {
    let named = PathBuf::from(&pin.path);
    let mut came = None;
    for path in [named.as_path(), absolute] {
        match hexadecimal_of(path) {
            Ok(sha256) if sha256 == pin.sha256 => return Ok(path.to_path_buf()),
            Ok(sha256) => came = came.or(Some((path.to_path_buf(), sha256))),
            Err(_) => {}
        }
    }
    let short = |sha256: &str| sha256.chars().take(12).collect::<String>();
    Err(match came {
        Some((path, sha256)) => {
            let message =
                format!("{what} has changed since the run began: expected SHA-256 {}…, came {}…", short(&pin.sha256), short(&sha256));
            Error::new(Kind::Data, message).file(path.display()).hint("put it back as it was, or train anew")
        }
        None => {
            let message = format!("{what} is not there, or cannot be read");
            Error::new(Kind::Data, message).file(named.display()).hint("put it back, or train anew")
        }
    })
}

impl Pins {
    fn text(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::new(Kind::Failed, error.to_string()))?;
        Ok(format!("{text}\n"))
    }

    pub fn write(&self, directory: &Path) -> Result<(), Error> {
        files::write_unsynced(&directory.join(PINS), self.text()?.as_bytes())
    }

    /// What tells the run from every other.
    pub fn id(&self) -> String {
        let unfinished = Pins { finished: false, ..self.clone() };
        hexadecimal(serde_json::to_string(&unfinished).unwrap_or_default().as_bytes())
    }
}

/// Makes what was written down outlast a power failure, once the directory is synced.
pub(super) fn sync(directory: &Path) -> Result<(), Error> {
    [RUN, PINS].iter().try_for_each(|name| files::sync(&directory.join(name)))
}

/// What a new training would lose in a directory: a run with a checkpoint, of the whole or of a part, that has not come to its end, as far
/// as can be read.
pub(crate) fn unfinished(directory: &Path) -> Option<&'static str> {
    let text = match std::fs::read_to_string(directory.join(PINS)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        read => read.unwrap_or_default(),
    };
    match serde_json::from_str::<Value>(&text).unwrap_or_default()["finished"] {
        Value::Bool(true) => None,
        _ if !super::is_in(directory) => None,
        Value::Bool(false) => Some("a training that was interrupted and can go on"),
        _ => Some("checkpoints of a training whose run.json cannot be read"),
    }
}

/// Whether there is a run file that a training has just left, which had not come to its pins.
pub(crate) fn is_begun(directory: &Path) -> bool {
    let text = std::fs::read_to_string(directory.join(RUN)).unwrap_or_default();
    text.starts_with(HEAD) && !directory.join(PINS).exists()
}

/// Whether the run file in a directory is there and not what a training left.
pub(crate) fn is_foreign(directory: &Path) -> bool {
    let Ok(run) = std::fs::read(directory.join(RUN)) else { return false };
    if is_begun(directory) {
        return false;
    }
    let pins = std::fs::read_to_string(directory.join(PINS)).unwrap_or_default();
    serde_json::from_str::<Value>(&pins).unwrap_or_default()["run_sha256"].as_str() != Some(&hexadecimal(&run))
}

/// Takes away what was written down.
pub(crate) fn forget(directory: &Path) {
    for name in [RUN, PINS] {
        let _ = std::fs::remove_file(directory.join(name));
    }
}
