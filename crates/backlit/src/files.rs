//! Files that are written whole or not at all.

use crate::error::{Error, Kind};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes `bytes` so that `path` holds afterwards either what it held before or all of them: they go to a new
/// file in the same directory, which is synced and then takes the name. A link is followed; a device or a pipe is written
/// to as it is. Errors are [`Kind::Failed`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    try_write(path, bytes).map_err(|error| {
        let hint = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk, or write elsewhere",
            ErrorKind::NotFound => "make the directory first",
            _ => "write to another place",
        };
        // The name of our own temporary file says nothing to anybody.
        let words = match error.raw_os_error() {
            Some(_) => error.to_string(),
            None => error.kind().to_string(),
        };
        Error::new(Kind::Failed, format!("the file cannot be written: {words}")).file(path.display()).hint(hint)
    })
}

fn try_write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let mut device = std::fs::OpenOptions::new().write(true).open(path)?;
        return device.write_all(bytes).and_then(|()| device.flush());
    }
    let followed = std::fs::canonicalize(path);
    let path = followed.as_deref().unwrap_or(path);
    // A path without a directory stands in the current one.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".backlit-").suffix(".partial");
    #[cfg(unix)]
    {
        // Temporary files are private; this is a file like any other, minus the person's umask.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync(directory)
}

/// Makes the new name outlast a power failure. Some file systems cannot, which is no error.
fn sync(directory: &Path) -> std::io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match std::fs::File::open(directory)?.sync_all() {
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Err(error),
        _ => Ok(()),
    }
}
