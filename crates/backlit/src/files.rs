//! Files that are written whole or not at all.

use crate::error::{Error, Kind};
use crate::model_file::MODEL;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, SpooledTempFile};

/// Refuses to write to one of the files that are read, by whatever name: of a run directory that is its model.
pub fn spares(output: Option<&Path>, read: &[Option<&Path>]) -> Result<(), Error> {
    let Some(output) = output else { return Ok(()) };
    let Ok(place) = std::fs::canonicalize(output) else { return Ok(()) };
    let model = |path: &Path| path.join(MODEL);
    let files = read.iter().flatten().flat_map(|path| [path.to_path_buf(), model(path)]);
    match files.filter_map(|path| std::fs::canonicalize(path).ok()).any(|file| file == place) {
        false => Ok(()),
        true => {
            let error = Error::new(Kind::Usage, "this is a file that is read here: what is written would take its place");
            Err(error.file(output.display()).hint("another name behind -o"))
        }
    }
}

/// Writes `bytes` so that `path` holds afterwards either what it held before or all of them: see [`Whole`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = Whole::create(path)?;
    file.write(bytes)?;
    file.finish()
}

/// The same, but not yet safe from a power failure: until [`sync`] a file may then be empty. That is not waited for.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = Whole::create(path)?;
    file.write(bytes)?;
    file.finish_unsynced()
}

/// Makes what a file holds outlast a power failure; its name does so when the directory is synced.
pub(crate) fn sync(path: &Path) -> Result<(), Error> {
    File::options().write(true).open(path).and_then(|file| file.sync_all()).map_err(|error| refused(path, &error))
}

/// A file that is written piece by piece and afterwards holds either what it held before or all of it: the pieces go to a new
/// file in the same directory, which at the end is synced and takes the name; dropped before, it vanishes. A link is
/// followed; a device or a pipe is written to as it is. Errors are [`Kind::Failed`].
pub struct Whole {
    path: PathBuf,
    to: To,
}

enum To {
    Device(File),
    /// The file's name, links followed, and its neighbour.
    New(PathBuf, NamedTempFile),
}

impl Whole {
    /// Makes the neighbour, or opens the device.
    pub fn create(path: &Path) -> Result<Whole, Error> {
        let to = create(path).map_err(|error| refused(path, &error))?;
        Ok(Whole { path: path.to_path_buf(), to })
    }

    /// Writes the next piece.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let file = match &mut self.to {
            To::Device(file) => file,
            To::New(_, file) => file.as_file_mut(),
        };
        file.write_all(bytes).map_err(|error| refused(&self.path, &error))
    }

    /// Where the pieces are until then, unless they go to a device: what is left if the program is ended from outside.
    pub fn unfinished(&self) -> Option<&Path> {
        match &self.to {
            To::Device(_) => None,
            To::New(_, file) => Some(file.path()),
        }
    }

    /// Gives it its name.
    pub fn finish(self) -> Result<(), Error> {
        self.finish_keeping(None)
    }

    /// Gives it its name, but see [`write_unsynced`].
    pub(crate) fn finish_unsynced(self) -> Result<(), Error> {
        match self.to {
            To::Device(_) => Ok(()),
            To::New(to, file) => file.persist(to).map(drop).map_err(|error| refused(&self.path, &error.error)),
        }
    }

    /// Gives it its name; what had that name is then called `previous`, if there is such a name.
    pub fn finish_keeping(self, previous: Option<&Path>) -> Result<(), Error> {
        let finished = match self.to {
            To::Device(mut file) => file.flush(),
            To::New(path, file) => name(&path, file, previous),
        };
        finished.map_err(|error| refused(&self.path, &error))
    }
}

/// A word as a shell takes it, in quotes where it must be. A name that begins with a dash would be taken for a flag.
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@%+=,".contains(c);
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_string() };
    if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// How the names of neighbours begin and end.
const PARTIAL: (&str, &str) = (".backlit-", ".partial");

/// Takes away what writers that were ended from outside left in a directory in which nobody writes now.
pub(crate) fn sweep(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_left = |name: &str| name.starts_with(PARTIAL.0) && name.ends_with(PARTIAL.1);
        if entry.file_name().to_str().is_some_and(is_left) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    // A link may lead nowhere, or the file may have been taken away meanwhile.
    let is_missing = error.kind() == ErrorKind::NotFound && !directory(path).exists();
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk, or write elsewhere",
        ErrorKind::NotFound if is_missing => "make the directory first",
        _ => "write to another place",
    };
    if is_missing {
        return Error::new(Kind::Failed, "the file cannot be written: there is no such directory").file(path.display()).hint(hint);
    }
    // The name of our own temporary file says nothing to anybody.
    let words = match error.raw_os_error() {
        Some(_) => error.to_string(),
        None => error.kind().to_string(),
    };
    Error::new(Kind::Failed, format!("the file cannot be written: {words}")).file(path.display()).hint(hint)
}

fn create(path: &Path) -> std::io::Result<To> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return Ok(To::Device(std::fs::OpenOptions::new().write(true).open(path)?));
    }
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut builder = tempfile::Builder::new();
    builder.prefix(PARTIAL.0).suffix(PARTIAL.1);
    #[cfg(unix)]
    {
        // Temporary files are private; this is a file like any other, minus the person's umask.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(directory(&path))?;
    Ok(To::New(path, file))
}

fn name(path: &Path, file: NamedTempFile, previous: Option<&Path>) -> std::io::Result<()> {
    file.as_file().sync_all()?;
    match previous.map_or(Ok(()), |previous| std::fs::rename(path, previous)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    file.persist(path).map_err(|error| error.error)?;
    sync_name(directory(path))
}

/// Where a file stands: without a directory in the current one.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Text of any length that is put aside: the beginning in memory, then in a temporary file. Errors are [`Kind::Failed`].
pub struct Aside(SpooledTempFile);

/// What is kept in memory of it.
const IN_MEMORY: usize = 1 << 20;

impl Aside {
    /// Nothing yet.
    pub fn new() -> Aside {
        Aside(SpooledTempFile::new(IN_MEMORY))
    }

    /// Puts more aside.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.write_all(bytes).map_err(|error| Aside::refused(&error))
    }

    /// Takes it all back, piece by piece.
    pub fn take(mut self, mut piece: impl FnMut(&[u8])) -> Result<(), Error> {
        self.0.rewind().map_err(|error| Aside::refused(&error))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => piece(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Aside::refused(&error)),
            }
        }
    }

    fn refused(error: &std::io::Error) -> Error {
        refused(&std::env::temp_dir(), error).hint("make room there, or name another directory in TMPDIR")
    }
}

impl Default for Aside {
    fn default() -> Self {
        Aside::new()
    }
}

/// Makes the new name outlast a power failure. Some file systems cannot, which is no error.
fn sync_name(directory: &Path) -> std::io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(directory)?.sync_all() {
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_shell() {
        for (word, typed) in [
            ("runs/a-1/model.safetensors", "runs/a-1/model.safetensors"),
            ("größe.csv", "größe.csv"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("<b>\"x\".csv", "'<b>\"x\".csv'"),
            ("", "''"),
            ("-h.csv", "./-h.csv"),
            ("-a b", "'./-a b'"),
        ] {
            assert_eq!(shell_word(word), typed);
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_said() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let error = write(&folder.path().join("none/x.csv"), b"x").expect_err("there is none");
        assert!(error.message.ends_with("there is no such directory"), "{error}");
        let error = sync(&folder.path().join("x.csv")).expect_err("there is no such file");
        assert!(!error.message.contains("there is no such directory"), "{error}");
    }
}
