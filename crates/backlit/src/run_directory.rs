//! The directory that a training leaves behind: the model and a summary.

use crate::error::{Error, Kind};
use std::path::{Path, PathBuf};

/// Makes the directory `out`, or a new one `runs/NAME-DATE`, and makes sure that it can be written to, so that a
/// training that cannot be saved is refused before it starts.
pub fn create(out: Option<&Path>, name: &str) -> Result<PathBuf, Error> {
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(Kind::Failed, format!("the run directory cannot be made: {error}"))
            .file(path.display())
            .hint("--out with another directory")
    };
    let directory = match out {
        Some(directory) => {
            std::fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
            directory.to_path_buf()
        }
        None => {
            let runs = Path::new("runs");
            std::fs::create_dir_all(runs).map_err(|error| failed(runs, error))?;
            let first = runs.join(format!("{}-{}", plain(name), jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S")));
            create_new(&first).map_err(|error| failed(&first, error))?
        }
    };
    tempfile::tempfile_in(&directory).map_err(|error| failed(&directory, error))?;
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

/// Takes the directory of a training that left nothing away again; one that holds something stays.
pub fn discard(directory: &Path) {
    let _ = std::fs::remove_dir(directory);
}

/// A name that is a good directory name anywhere.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).take(60).collect();
    let plain = plain.trim_matches('.');
    if plain.is_empty() { "run".into() } else { plain.into() }
}
