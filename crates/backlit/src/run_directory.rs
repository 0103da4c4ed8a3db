//! The directory that a training leaves behind: the model and a summary.

use crate::error::{Error, Kind};
use std::path::{Path, PathBuf};

/// Where a training leaves its files.
pub struct RunDirectory {
    /// The directory.
    pub path: PathBuf,
    /// Whether it was made for this training.
    made: bool,
}

/// Makes the directory `out`, or a new one `runs/NAME-DATE`, and makes sure that it can be written to, so that a
/// training that cannot be saved is refused before it starts.
pub fn create(out: Option<&Path>, name: &str) -> Result<RunDirectory, Error> {
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(Kind::Failed, format!("the run directory cannot be made: {error}"))
            .file(path.display())
            .hint("--out with another directory")
    };
    let directory = match out {
        Some(path) => {
            let made = !path.exists();
            std::fs::create_dir_all(path).map_err(|error| failed(path, error))?;
            RunDirectory { path: path.to_path_buf(), made }
        }
        None => {
            let runs = Path::new("runs");
            std::fs::create_dir_all(runs).map_err(|error| failed(runs, error))?;
            let first = runs.join(format!("{}-{}", plain(name), jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S")));
            RunDirectory { path: create_new(&first).map_err(|error| failed(&first, error))?, made: true }
        }
    };
    tempfile::tempfile_in(&directory.path).map_err(|error| failed(&directory.path, error))?;
    Ok(directory)
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
    /// Takes the directory away again after a training that left nothing; one that was there before, or holds
    /// something, stays.
    pub fn discard(&self) {
        if self.made {
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
