//! The tables that come with Backlit.

use super::{Table, read_from};
use crate::error::{Error, Kind};

/// The names that [`bundled`] knows.
pub const BUNDLED: [&str; 2] = ["houses", "digits"];

/// A table that comes with Backlit.
///
/// - `houses`, 506 × 14: the Boston housing table (Harrison and Rubinfeld 1978); `MEDV`, the last column, is
///   the median value of homes in thousands of dollars. scikit-learn withdrew it in version 1.2 because its
///   column `B` encodes race, an ethical fault. It is here only to replay the notebooks and as a first example;
///   draw no conclusion about houses or people from it.
/// - `digits`, 1797 × 65: handwritten digits, 8 × 8 pixels from 0 to 16, and the digit itself in the last column.
///
/// Any other name is a usage error that lists these.
pub fn bundled(name: &str) -> Result<Table, Error> {
    let Some(text) = bundled_text(name) else {
        let message = format!("no bundled data '{name}'; there are {}", BUNDLED.join(", "));
        return Err(Error::new(Kind::Usage, message));
    };
    Ok(read_from(text.as_bytes(), name)?.table)
}

/// The text of a bundled table.
pub(super) fn bundled_text(name: &str) -> Option<&'static str> {
    match name {
        "houses" => Some(include_str!("../../data/houses.csv")),
        "digits" => Some(include_str!("../../data/digits.csv")),
        _ => None,
    }
}

/// What a person who uses a bundled table should know about it, if anything.
pub fn note(name: &str) -> Option<&'static str> {
    match name {
        "houses" => Some(
            "houses is the Boston housing table, withdrawn from scikit-learn in 1.2 because its column B encodes race, \
             an ethical fault; it is here only to replay the notebooks and as a first example",
        ),
        _ => None,
    }
}
