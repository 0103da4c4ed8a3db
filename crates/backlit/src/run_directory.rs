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
        Some(directory) => directory.to_path_buf(),
        None => unused(&Path::new("runs").join(format!("{}-{}", plain(name), jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S")))),
    };
    std::fs::create_dir_all(&directory).map_err(|error| failed(&directory, error))?;
    tempfile::tempfile_in(&directory).map_err(|error| failed(&directory, error))?;
    Ok(directory)
}

/// The path, or the path with the first number behind it that is free.
fn unused(path: &Path) -> PathBuf {
    let numbered = (2..).map(|n| PathBuf::from(format!("{}-{n}", path.display())));
    std::iter::once(path.to_path_buf()).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| path.to_path_buf())
}

/// A name that is a good directory name anywhere.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).take(60).collect();
    let plain = plain.trim_matches('.');
    if plain.is_empty() { "run".into() } else { plain.into() }
}
