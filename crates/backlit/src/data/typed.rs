//! Tables that are no text: Parquet, .npy and .npz. They are read row by row as the text that a CSV would hold, so that one table gives
//! one model whatever file it comes from.

#[cfg(any(feature = "parquet", feature = "numpy"))]
mod guarded;
#[cfg(feature = "numpy")]
mod half;
#[cfg(any(feature = "parquet", feature = "numpy"))]
mod lines;
#[cfg(feature = "numpy")]
mod numpy;
#[cfg(feature = "parquet")]
mod parquet;

use crate::error::{Error, Kind};
#[cfg(any(feature = "parquet", feature = "numpy"))]
use guarded::guarded;
use std::io::Read;
use std::path::Path;

/// A file that is no text, as text.
pub(super) struct Typed {
    pub text: Box<dyn Read>,
    /// For each column whether the file has numbers there: a point in them is one, however people write numbers elsewhere.
    pub numbers: Vec<bool>,
}

/// The text of a file that is none; nothing for every other file.
pub(super) fn open(path: &Path) -> Result<Option<Typed>, Error> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    let opened = match end.as_deref() {
        #[cfg(feature = "parquet")]
        Some("parquet" | "pq") => parquet::open(path),
        #[cfg(feature = "numpy")]
        Some("npy") => numpy::open(path),
        #[cfg(feature = "numpy")]
        Some("npz") => numpy::open_several(path),
        #[cfg(not(all(feature = "parquet", feature = "numpy")))]
        Some("parquet" | "pq" | "npy" | "npz") => Err("this build reads no such files: its features parquet and numpy are off".into()),
        _ => return Ok(None),
    };
    opened.map(Some).map_err(|message: String| Error::new(Kind::Data, message).file(path.display()))
}
