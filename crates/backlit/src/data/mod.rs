//! Tables of numbers.

use crate::error::{Error, Kind};

/// A table of numbers with named columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The file it came from, or the name of the bundled set.
    pub source: String,
    /// Column names.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: usize,
    /// rows × columns, row after row.
    pub values: Vec<f64>,
}

/// A table that comes with Backlit: `houses` or `digits`.
pub fn bundled(name: &str) -> Result<Table, Error> {
    let text = match name {
        "houses" => include_str!("../../data/houses.csv"),
        "digits" => include_str!("../../data/digits.csv"),
        _ => return Err(Error::new(Kind::Usage, format!("no bundled data '{name}'; there are houses, digits"))),
    };
    let mut lines = text.lines();
    let columns: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_string).collect();
    let values: Vec<f64> = lines.flat_map(|line| line.split(',')).filter_map(|cell| cell.trim().parse().ok()).collect();
    Ok(Table { source: name.to_string(), rows: values.len() / columns.len(), columns, values })
}
