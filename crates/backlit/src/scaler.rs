//! Brings columns to mean 0 and standard deviation 1, and back.

use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::ops::Range;

/// How each column is moved and stretched: standardized = (x − mean) / scale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaler {
    /// One for each column.
    pub mean: Vec<f64>,
    /// One for each column, above 0: the population's standard deviation, or 1 where a column is constant.
    pub scale: Vec<f64>,
    /// The columns that are constant, in order.
    constant: Vec<usize>,
}

/// Hands on all rows, one block of them after the other.
pub(crate) type Pass<'a, E> = dyn FnMut(&mut dyn FnMut(&[f64])) -> Result<(), E> + 'a;

/// What is known of a column while it is measured.
#[derive(Clone, Default)]
struct Column {
    is_constant: bool,
    first: f64,
    /// The largest size, then the power of two below it.
    unit: f64,
    /// The mean in these units, rounded as it comes.
    rough: f64,
    off: f64,
    squares: f64,
}

impl Scaler {
    /// From known means and scales, one of each for each column.
    pub fn new(mean: Vec<f64>, scale: Vec<f64>) -> Scaler {
        Scaler { mean, scale, constant: Vec::new() }
    }

    /// Measures `values`: rows × columns, finite. Without rows every column gets mean 0 and scale 1.
    pub fn fit(rows: usize, columns: usize, values: &[f64]) -> Scaler {
        let measured = Scaler::measure(rows, columns, &mut |each| {
            each(values);
            Ok::<(), Infallible>(())
        });
        match measured {
            Ok(scaler) => scaler,
            Err(never) => match never {},
        }
    }

    /// The same for numbers that are not all at hand: `pass` hands on all rows, one block of them after the other.
    ///
    /// Three passes, each in the order of the rows. Columns are divided by a power of two, which changes
    /// no digit and keeps the squares of large numbers finite.
    pub(crate) fn measure<E>(rows: usize, columns: usize, pass: &mut Pass<'_, E>) -> Result<Scaler, E> {
        let mut scaler = Scaler { mean: vec![0.0; columns], scale: vec![1.0; columns], constant: Vec::new() };
        if rows == 0 || columns == 0 {
            return Ok(scaler);
        }
        let mut all = vec![Column { is_constant: true, ..Column::default() }; columns];
        let mut is_first = true;
        pass(&mut |values| {
            for row in values.chunks_exact(columns) {
                for (column, &x) in all.iter_mut().zip(row) {
                    if is_first {
                        column.first = x;
                    }
                    column.is_constant &= x == column.first;
                    column.unit = x.abs().max(column.unit);
                }
                is_first = false;
            }
        })?;
        let n = rows as f64;
        all.iter_mut().for_each(|column| column.unit = power_of_two(column.unit));
        pass(&mut |values| {
            for row in values.chunks_exact(columns) {
                all.iter_mut().zip(row).for_each(|(column, x)| column.rough += x / column.unit);
            }
        })?;
        all.iter_mut().for_each(|column| column.rough /= n);
        // Both sums of this pass also measure how far the rough mean is off.
        pass(&mut |values| {
            for row in values.chunks_exact(columns) {
                for (column, x) in all.iter_mut().zip(row) {
                    let d = x / column.unit - column.rough;
                    column.off += d;
                    column.squares += d * d;
                }
            }
        })?;
        for (c, Column { is_constant, first, unit, rough, off, squares }) in all.into_iter().enumerate() {
            if is_constant {
                scaler.mean[c] = first;
                scaler.constant.push(c);
                continue;
            }
            let scale = ((squares - off * off / n) / n).sqrt() * unit;
            scaler.mean[c] = (rough + off / n) * unit;
            scaler.scale[c] = if scale > 0.0 && scale.is_finite() { scale } else { 1.0 };
        }
        Ok(scaler)
    }

    /// How many columns.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// The columns, counted from 0, that were constant when measured; they become 0.
    pub fn constant(&self) -> &[usize] {
        &self.constant
    }

    /// Leaves these columns as they are.
    pub(crate) fn leave(&mut self, columns: Range<usize>) {
        self.mean[columns.clone()].fill(0.0);
        self.scale[columns.clone()].fill(1.0);
        self.constant.retain(|column| !columns.contains(column));
    }

    /// Standardizes rows × columns in place. A number far outside the measured ones may become infinite.
    pub fn apply(&self, values: &mut [f64]) {
        self.each(values, |x, mean, scale| (x - mean) / scale);
    }

    /// Takes rows × columns back to the units they came in, in place.
    pub fn undo(&self, values: &mut [f64]) {
        self.each(values, |x, mean, scale| x * scale + mean);
    }

    fn each(&self, values: &mut [f64], change: impl Fn(f64, f64, f64) -> f64) {
        if self.columns() == 0 {
            return;
        }
        for row in values.chunks_exact_mut(self.columns()) {
            for ((x, &mean), &scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *x = change(*x, mean, scale);
            }
        }
    }

    /// Whether it can be used for `columns` columns: one finite mean and one positive scale for each.
    /// `Err` says what is wrong.
    pub fn check(&self, columns: usize) -> Result<(), String> {
        if self.mean.len() != columns || self.scale.len() != columns {
            return Err(format!("expected {columns} means and scales, came {} and {}", self.mean.len(), self.scale.len()));
        }
        if let Some(c) = self.mean.iter().position(|mean| !mean.is_finite()) {
            return Err(format!("the mean of column {c} is {}", self.mean[c]));
        }
        if let Some(c) = self.scale.iter().position(|&scale| !(scale > 0.0 && scale.is_finite())) {
            return Err(format!("the scale of column {c} is {}", self.scale[c]));
        }
        match self.constant.iter().find(|&&c| c >= columns) {
            Some(c) => Err(format!("there is no column {c} to be constant; there are {columns}")),
            None => Ok(()),
        }
    }
}

/// The largest power of two not above a positive finite number, and never below the least normal one.
fn power_of_two(most: f64) -> f64 {
    const EXPONENT: u64 = 0x7FF << 52;
    f64::from_bits(most.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 5 and standard deviation 2: the textbook's eight numbers, beside a constant and a shifted column.
    #[test]
    fn by_hand() {
        let rows: Vec<f64> = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].iter().flat_map(|&x| [x, 3.5, 1e9 - x]).collect();
        let scaler = Scaler::fit(8, 3, &rows);
        assert_eq!(scaler.mean, [5.0, 3.5, 1e9 - 5.0]);
        assert_eq!(scaler.scale, [2.0, 1.0, 2.0]);
        assert_eq!(scaler.constant(), [1]);
        let mut changed = rows.clone();
        scaler.apply(&mut changed);
        assert_eq!(changed[..3], [-1.5, 0.0, 1.5]);
        assert_eq!(changed[21..], [2.0, 0.0, -2.0]);
        scaler.undo(&mut changed);
        assert_eq!(changed, rows);
    }

    #[test]
    fn huge_and_tiny_numbers_stay_finite() {
        for unit in [1e300, f64::MAX / 2.0, 1e-300, 1e-320] {
            let scaler = Scaler::fit(2, 1, &[unit, -unit]);
            assert_eq!((scaler.mean[0], scaler.scale[0]), (0.0, unit), "{unit:e}");
        }
        // 3, 1, 1, 1 has mean 1.5 and variance 0.75.
        let scaler = Scaler::fit(4, 1, &[3e300, 1e300, 1e300, 1e300]);
        assert!((scaler.mean[0] / 1.5e300 - 1.0).abs() < 1e-15);
        assert!((scaler.scale[0] / (0.75f64.sqrt() * 1e300) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn nearly_constant_is_not_constant() {
        let above = 1.0 + f64::EPSILON;
        let scaler = Scaler::fit(2, 1, &[1.0, above]);
        assert_eq!((scaler.constant(), scaler.scale[0]), (&[][..], f64::EPSILON / 2.0));
        let same = Scaler::fit(3, 1, &[0.1; 3]);
        assert_eq!((same.constant(), same.mean[0], same.scale[0]), (&[0][..], 0.1, 1.0));
    }

    #[test]
    fn empty_tables_and_wrong_scalers() {
        assert_eq!(Scaler::fit(0, 2, &[]), Scaler::new(vec![0.0; 2], vec![1.0; 2]));
        Scaler::fit(1, 0, &[]).apply(&mut []);
        assert!(Scaler::new(vec![0.0], vec![1.0]).check(1).is_ok());
        for (mean, scale) in [(vec![0.0], vec![0.0]), (vec![0.0], vec![-1.0]), (vec![f64::NAN], vec![1.0]), (vec![0.0; 2], vec![1.0; 2])] {
            assert!(Scaler::new(mean, scale).check(1).is_err());
        }
    }
}
