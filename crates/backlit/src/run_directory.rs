//! The directory that a training leaves behind: the model and a summary, and what it takes to go on after an end that was not planned.

use crate::checkpoint;
use crate::error::{Error, Kind};
use crate::event_file;
use crate::files;
use crate::history::METRICS;
use crate::model_file::MODEL;
use crate::report::{PLOTS, REPORT};
use crate::tensors;
use serde_json::Value;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Where a training leaves its files. As long as this lives, no other training is let in.
pub struct RunDirectory {
    /// The directory.
    pub path: PathBuf,
    /// Whether it was made for this training.
    made: bool,
    /// Locked, where the file system knows locks; the system takes the lock back however the program ends.
    _lock: Option<File>,
}

/// The file that is locked. It is never taken away from a directory that stays: another training may have it open.
const LOCK: &str = "lock";

/// What a training writes, and a person may have.
const NAMES: [&str; 8] = ["run.toml", "run.json", "summary.json", METRICS, REPORT, PLOTS, "oof.csv", MODEL];

/// Makes the directory `out`, or a new one `runs/NAME-DATE`, and makes sure that it can be written to, so that a
/// training that cannot be saved is refused before it starts; so is one where another is at work.
pub fn create(out: Option<&Path>, name: &str) -> Result<RunDirectory, Error> {
    let (path, made) = match out {
        Some(path) => {
            let made = !path.exists();
            std::fs::create_dir_all(path).map_err(|error| failed(path, error))?;
            (path.to_path_buf(), made)
        }
        None => {
            let runs = Path::new("runs");
            std::fs::create_dir_all(runs).map_err(|error| failed(runs, error))?;
            let first = runs.join(format!("{}-{}", plain(name), jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S")));
            (create_new(&first).map_err(|error| failed(&first, error))?, true)
        }
    };
    locked(path, made, "--out with another directory")
}

/// The directory of a training that is to go on.
pub fn open(path: &Path) -> Result<RunDirectory, Error> {
    match path.is_dir() {
        true => locked(path.to_path_buf(), false, "let it be written to, or copy it elsewhere and --resume the copy"),
        false => Err(Error::new(Kind::Usage, "there is no run directory here").file(path.display()).hint("the DIR of train --out DIR")),
    }
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::Failed, format!("the run directory cannot be made: {error}")).file(path.display()).hint("--out with another directory")
}

/// Lets nobody else in, and sees whether a file can be written. `elsewhere`: what to try where it cannot
fn locked(path: PathBuf, made: bool, elsewhere: &str) -> Result<RunDirectory, Error> {
    let unwritable = |error: std::io::Error| {
        let message = format!("the run directory cannot be written to: {error}");
        Error::new(Kind::Failed, message).file(path.display()).hint(elsewhere)
    };
    let file = File::options().create(true).append(true).open(path.join(LOCK)).map_err(unwritable)?;
    let lock = match file.try_lock() {
        Ok(()) => Some(file),
        Err(TryLockError::WouldBlock) => {
            let error = Error::new(Kind::Failed, "another training is at work in this directory").file(path.display());
            return Err(error.hint(format!("wait for its end; or {elsewhere}")));
        }
        // Some file systems know no locks.
        Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => None,
        Err(TryLockError::Error(error)) => return Err(unwritable(error)),
    };
    files::sweep(&path);
    tempfile::tempfile_in(&path).map_err(unwritable)?;
    Ok(RunDirectory { path, made, _lock: lock })
}

/// Makes a directory that was not there: this one, or with the first number behind it that is free. Another training
/// that asks at the same moment gets another one.
fn create_new(path: &Path) -> std::io::Result<PathBuf> {
    let mut directory = path.to_path_buf();
    for n in 2.. {
        match std::fs::create_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => directory = PathBuf::from(format!("{}-{n}", path.display())),
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    Ok(directory)
}

impl RunDirectory {
    /// Refuses a new training where it would take the place of one that can go on, or of files that no training left.
    pub fn check_nothing_is_lost(&self) -> Result<(), Error> {
        let path = self.path.display();
        if let Some(what) = checkpoint::unfinished(&self.path) {
            let error = Error::new(Kind::Usage, format!("this directory holds {what}")).file(&path);
            let path = files::shell_word(&path.to_string());
            let hint = format!("backlit train --resume {path}; to begin anew another --out, or remove {path}/checkpoint*.safetensors");
            return Err(error.hint(hint));
        }
        let foreign = match self.is_ours() {
            true => checkpoint::is_foreign(&self.path).then_some("run.toml"),
            false => NAMES.into_iter().find(|name| self.path.join(name).exists()),
        };
        match foreign {
            Some(name) => Err(Error::new(Kind::Usage, "no training left this file, and a training would write its own in its place")
                .file(self.path.join(name).display())
                .hint("another --out, or move the file away")),
            None => Ok(()),
        }
    }

    /// Whether a training left its files here.
    fn is_ours(&self) -> bool {
        let has = |file: &str, key: &str| {
            let text = std::fs::read_to_string(self.path.join(file)).unwrap_or_default();
            serde_json::from_str::<Value>(&text).is_ok_and(|document| document[key].is_string())
        };
        self.made
            || checkpoint::is_begun(&self.path)
            || has("run.json", "run_sha256")
            || has("summary.json", "weights_sha256")
            || tensors::is_ours(&self.path.join(MODEL))
    }

    /// Takes the directory away again after a training that left nothing; one that was there before, or holds a checkpoint or anything
    /// else, stays.
    pub fn discard(&self) {
        if self.made && !checkpoint::is_in(&self.path) {
            checkpoint::forget(&self.path);
            event_file::clear(&self.path);
            for name in [LOCK, METRICS] {
                let _ = std::fs::remove_file(self.path.join(name));
            }
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

/// A name that is a good directory name anywhere.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).take(60).collect();
    let plain = plain.trim_matches('.');
    if plain.is_empty() { "run".into() } else { plain.into() }
}
