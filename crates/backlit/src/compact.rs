//! What is right for the rows of a table that does not fit into memory, in as few bytes a row as it takes.

use crate::data::{Columns, Inputs};
use crate::error::Error;
use crate::job::{encode_raw, places, unknown_label};
use crate::model_file::Task;
use crate::said::Targets;

/// Where it is, if it is not in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Compact {
    /// In numbers: rows × outputs.
    #[default]
    Nowhere,
    /// rows: the place of each one's class.
    Classes(Vec<u16>),
    /// rows × ⌈labels / 8⌉ bytes: label k is bit k % 8 of byte k / 8; of two classes whether it is the second.
    Labels(usize, Vec<u8>),
    /// In the file: numbers as they are predicted.
    Stored(Inputs),
}

/// The bytes of a row of so many labels.
pub(crate) fn stride(labels: usize) -> usize {
    labels.div_ceil(8)
}

/// Whether a row has label `k` of so many.
pub(crate) fn has_label(bits: &[u8], row: usize, labels: usize, k: usize) -> bool {
    bits[row * stride(labels) + k / 8] >> (k % 8) & 1 == 1
}

impl Compact {
    /// `y`: rows × outputs, where it is there; `numbers`: the rows' numbers in the data
    pub(crate) fn targets<'a>(&'a self, y: &'a [f64], numbers: &'a [usize]) -> Targets<'a> {
        match self {
            Compact::Nowhere => Targets::Numbers(y),
            Compact::Classes(classes) => Targets::Classes(classes),
            Compact::Labels(_, bits) => Targets::Labels(bits),
            Compact::Stored(columns) => Targets::Stored(columns, numbers),
        }
    }

    /// Of the rows in these places.
    pub(crate) fn pick(&self, places: &[usize]) -> Compact {
        match self {
            Compact::Classes(classes) => Compact::Classes(places.iter().map(|&r| classes[r]).collect()),
            Compact::Labels(labels, bits) => {
                let stride = stride(*labels);
                let mut some = Vec::with_capacity(places.len() * stride);
                places.iter().for_each(|&r| some.extend_from_slice(&bits[r * stride..][..stride]));
                Compact::Labels(*labels, some)
            }
            other => other.clone(),
        }
    }

    /// The same in the place where they are, of places in order.
    pub(crate) fn keep(self, places: &[usize]) -> Compact {
        match self {
            Compact::Classes(mut classes) => {
                places.iter().enumerate().for_each(|(place, &r)| classes[place] = classes[r]);
                classes.truncate(places.len());
                classes.shrink_to_fit();
                Compact::Classes(classes)
            }
            Compact::Labels(labels, mut bits) => {
                let stride = stride(labels);
                places.iter().enumerate().for_each(|(place, &r)| bits.copy_within(r * stride..(r + 1) * stride, place * stride));
                bits.truncate(places.len() * stride);
                bits.shrink_to_fit();
                Compact::Labels(labels, bits)
            }
            other => other,
        }
    }
}

/// The targets of a table in a file: in numbers, or compact, or, of numbers that are only in the file, neither.
/// `raw`: rows × targets, if they are in memory
pub(crate) fn compacted(
    task: Task,
    classes: &[f64],
    targets: &[String],
    raw: Option<Vec<f64>>,
    columns: &Columns<'_>,
) -> Result<(Vec<f64>, Compact), Error> {
    let table = columns.table;
    match task {
        Task::Regression | Task::Values => match raw {
            Some(raw) => Ok((encode_raw(task, classes, targets, raw, table)?, Compact::Nowhere)),
            None => Ok((Vec::new(), Compact::Nowhere)),
        },
        Task::Classes => {
            let raw = raw.map_or_else(|| columns.take(&targets[0]), Ok)?;
            Ok((Vec::new(), Compact::Classes(places(classes, &targets[0], &raw, table)?)))
        }
        Task::TwoClasses | Task::Labels => {
            let stride = stride(targets.len());
            let (mut bits, mut unknown) = (Vec::with_capacity(table.rows * stride), None);
            let mut add = |r: usize, row: &[f64]| {
                let start = bits.len();
                bits.resize(start + stride, 0u8);
                for (k, (y, pair)) in row.iter().zip(classes.chunks_exact(2)).enumerate() {
                    if !pair.contains(y) {
                        unknown.get_or_insert((r, k, *y));
                    }
                    bits[start + k / 8] |= u8::from(*y == pair[1]) << (k % 8);
                }
            };
            match raw {
                Some(raw) => raw.chunks_exact(targets.len()).enumerate().for_each(|(r, row)| add(r, row)),
                None => columns.rows(targets, add)?,
            }
            match unknown {
                Some((row, k, y)) => Err(unknown_label(table, (row, k), targets, classes, y)),
                None => Ok((Vec::new(), Compact::Labels(targets.len(), bits))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bits() {
        let (rows, labels) = (50, 11);
        let is = |r: usize, k: usize| (r * 7 + k * 3) % 5 < 2;
        let mut bits = vec![0; rows * stride(labels)];
        (0..rows)
            .flat_map(|r| (0..labels).map(move |k| (r, k)))
            .filter(|&(r, k)| is(r, k))
            .for_each(|(r, k)| bits[r * 2 + k / 8] |= 1 << (k % 8));
        let all = Compact::Labels(labels, bits);
        let some: Vec<usize> = (0..rows).step_by(3).collect();
        for compact in [all.pick(&some), all.clone().keep(&some)] {
            let targets = compact.targets(&[], &[]);
            assert_eq!(targets.rows(labels), some.len());
            let mut room = Vec::new();
            let dense = targets.of(0, some.len(), labels, &mut room).to_vec();
            for (place, &r) in some.iter().enumerate() {
                for k in 0..labels {
                    assert_eq!(
                        (targets.is(place, labels, k), dense[place * labels + k]),
                        (is(r, k), f64::from(u8::from(is(r, k)))),
                        "{r} {k}"
                    );
                }
            }
        }
    }
}
