//! A table from a pipe, which can be read but once: it goes to a nameless file where it must be read again.

use super::{nameless, read_at, refused};
use crate::error::{Error, Kind};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What came through the pipes that were read to their ends.
static KEPT: Mutex<Vec<(PathBuf, Kept)>> = Mutex::new(Vec::new());

/// The bytes that came, from the first on.
#[derive(Clone)]
pub(super) struct Kept {
    file: Arc<File>,
    length: u64,
    place: u64,
}

/// Reads a pipe to its end, if it is one that nobody has read yet: it can then be opened as often as a file.
pub(crate) fn keep(path: &Path) -> Result<(), Error> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir());
    if !is_pipe || kept(path).is_some() {
        return Ok(());
    }
    let unreadable = |error: std::io::Error| Error::new(Kind::Data, format!("cannot be read: {error}")).file(path.display());
    let mut pipe = File::open(path).map_err(unreadable)?;
    let (mut file, folder) = nameless()?;
    let length = std::io::copy(&mut pipe, &mut file).map_err(|error| refused(&folder, &error))?;
    let kept = Kept { file: Arc::new(file), length, place: 0 };
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push((path.to_path_buf(), kept));
    Ok(())
}

/// What came through this pipe, from its beginning.
pub(super) fn kept(path: &Path) -> Option<Kept> {
    let all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().find(|(known, _)| known == path).map(|(_, kept)| kept.clone())
}

impl Read for Kept {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let count = (self.length - self.place).min(bytes.len() as u64) as usize;
        read_at(&self.file, &mut bytes[..count], self.place)?;
        self.place += count as u64;
        Ok(count)
    }
}
