//! A table from a pipe, which can be read but once: what comes is kept where it must be read again, in a nameless file unless it is little.

use super::dialect::refuse_binary;
use super::{nameless, read_at};
use crate::error::{Error, Kind};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What came through the pipes that were read to their ends, until the program ends.
static KEPT: Mutex<Vec<(PathBuf, Kept)>> = Mutex::new(Vec::new());

/// Bytes that are kept in memory.
const LITTLE: u64 = 1 << 20;

/// The bytes that came, from the first on.
#[derive(Clone)]
pub(super) struct Kept {
    bytes: Bytes,
    place: u64,
}

#[derive(Clone)]
enum Bytes {
    Memory(Arc<Vec<u8>>),
    File { file: Arc<File>, length: u64 },
}

fn is_pipe(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Reads a pipe to its end, if it is one that nobody has read yet: it can then be opened as often as a file.
pub(crate) fn keep(path: &Path) -> Result<(), Error> {
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if is_pipe(path) && all.iter().all(|(known, _)| known != path) {
        let bytes = bytes(path).map_err(|error| if error.file.is_some() { error } else { error.file(path.display()) })?;
        all.push((path.to_path_buf(), Kept { bytes, place: 0 }));
    }
    Ok(())
}

/// All that comes through a pipe, unless it begins as no table does.
fn bytes(path: &Path) -> Result<Bytes, Error> {
    let unreadable = |error: std::io::Error| Error::new(Kind::Data, format!("cannot be read: {error}"));
    let refused = |(folder, error): (PathBuf, std::io::Error)| {
        let message = format!("more than 1 MiB comes through the pipe, and cannot be put into a temporary file: {error}");
        let hint = "make room there, name another directory in TMPDIR, or give the table as a file";
        Error::new(Kind::Failed, message).file(folder.display()).hint(hint)
    };
    let mut pipe = File::open(path).map_err(unreadable)?;
    let mut block = Vec::new();
    (&mut pipe).take(LITTLE).read_to_end(&mut block).map_err(unreadable)?;
    refuse_binary(&block)?;
    if (block.len() as u64) < LITTLE {
        return Ok(Bytes::Memory(Arc::new(block)));
    }
    let (mut file, folder) = nameless().map_err(refused)?;
    let (mut length, mut count) = (0, block.len());
    while count > 0 {
        file.write_all(&block[..count]).map_err(|error| refused((folder.clone(), error)))?;
        length += count as u64;
        count = loop {
            match pipe.read(&mut block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(unreadable)?,
            }
        };
    }
    Ok(Bytes::File { file: Arc::new(file), length })
}

/// What came through this pipe, from its beginning.
pub(super) fn kept(path: &Path) -> Option<Kept> {
    let all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    all.iter().find(|(known, _)| known == path && is_pipe(path)).map(|(_, kept)| kept.clone())
}

impl Read for Kept {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let length = match &self.bytes {
            Bytes::Memory(all) => all.len() as u64,
            Bytes::File { length, .. } => *length,
        };
        let count = (length - self.place).min(bytes.len() as u64) as usize;
        match &self.bytes {
            Bytes::Memory(all) => bytes[..count].copy_from_slice(&all[self.place as usize..][..count]),
            Bytes::File { file, .. } => read_at(file, &mut bytes[..count], self.place)?,
        }
        self.place += count as u64;
        Ok(count)
    }
}
