//! Brings columns to a common size, and back: to mean 0 and standard deviation 1, or, among outliers, by their quartiles.

use crate::weighted::Counted;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::ops::Range;

/// How columns are brought to a common size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// u = (x − mean) / standard deviation.
    #[default]
    Standard,
    /// u = (x − median) / (third quartile − first), then u/√(1 + (u/3)²), which stays between −3 and 3.
    /// Where the quartiles are the same number, half of what lies between the least and the largest takes their place.
    /// Source: Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024.
    Robust,
}

/// Where [`Scaling::Robust`] ends.
const BOUND: f64 = 3.0;
/// Beyond it nothing changes any more; its powers are finite.
const HUGE: f64 = 1e100;

impl Scaling {
    /// What is typed for each.
    pub const NAMES: [(&'static str, Scaling); 2] = [("standard", Scaling::Standard), ("robust", Scaling::Robust)];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Scaling::Standard => "standard",
            Scaling::Robust => "robust",
        }
    }

    /// What a network sees of a column that was moved and stretched to `u`.
    pub fn bent(self, u: f64) -> f64 {
        match self {
            Scaling::Standard => u,
            Scaling::Robust => {
                let v = (u / BOUND).clamp(-HUGE, HUGE);
                BOUND * v / (1.0 + v * v).sqrt()
            }
        }
    }

    /// The slope of [`Scaling::bent`] at `u`.
    pub fn slope(self, u: f64) -> f64 {
        match self {
            Scaling::Standard => 1.0,
            Scaling::Robust => {
                let v = (u / BOUND).clamp(-HUGE, HUGE);
                1.0 / ((1.0 + v * v) * (1.0 + v * v).sqrt())
            }
        }
    }

    fn is_standard(&self) -> bool {
        *self == Scaling::Standard
    }
}

/// How each column is moved and stretched: u = (x − mean) / scale, which [`Scaling`] may bend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaler {
    /// One for each column: the mean, or the median.
    pub mean: Vec<f64>,
    /// One for each column, above 0: the population's standard deviation or what lies between the quartiles, or 1 where a column is
    /// constant. 0: whatever stands there becomes 0, so that no weight acts on it that had nothing to learn from.
    pub scale: Vec<f64>,
    /// What mean and scale are.
    #[serde(default, skip_serializing_if = "Scaling::is_standard")]
    pub scaling: Scaling,
    /// The columns that are constant, in order.
    constant: Vec<usize>,
    /// From this column on nothing is bent: they are codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    codes: Option<usize>,
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
        Scaler { mean, scale, ..Scaler::default() }
    }

    /// Measures `values`: rows × columns, finite. Without rows every column gets mean 0 and scale 1.
    pub fn fit(rows: usize, columns: usize, values: &[f64]) -> Scaler {
        Scaler::fit_weighted(rows, columns, values, &[])
    }

    /// The same of rows that count as their weights say: two as much as a row that stands there twice, 0 as one that does not.
    /// `weights`: rows; empty: all count alike
    pub fn fit_weighted(rows: usize, columns: usize, values: &[f64], weights: &[f64]) -> Scaler {
        let measured = Scaler::measure(rows, columns, weights, &mut |each| {
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
    pub(crate) fn measure<E>(rows: usize, columns: usize, weights: &[f64], pass: &mut Pass<'_, E>) -> Result<Scaler, E> {
        let mut scaler = Scaler::new(vec![0.0; columns], vec![1.0; columns]);
        // Divided by a power of two, which changes no digit, large weights have finite sums.
        let largest = power_of_two(weights.iter().copied().fold(0.0, f64::max));
        let weight = |row: usize| weights.get(row).map_or(1.0, |weight| weight / largest);
        let n = if weights.is_empty() { rows as f64 } else { (0..rows).map(weight).sum() };
        if n == 0.0 || columns == 0 {
            return Ok(scaler);
        }
        // Those that count, each with its weight.
        let mut pass = |each: &mut dyn FnMut(f64, &[f64])| {
            let mut next = 0;
            pass(&mut |values| {
                for row in values.chunks_exact(columns) {
                    let weight = weight(next);
                    if weight > 0.0 {
                        each(weight, row);
                    }
                    next += 1;
                }
            })
        };
        let mut all = vec![Column { is_constant: true, ..Column::default() }; columns];
        let mut is_first = true;
        pass(&mut |_, row| {
            for (column, &x) in all.iter_mut().zip(row) {
                if is_first {
                    column.first = x;
                }
                column.is_constant &= x == column.first;
                column.unit = x.abs().max(column.unit);
            }
            is_first = false;
        })?;
        all.iter_mut().for_each(|column| column.unit = power_of_two(column.unit));
        pass(&mut |weight, row| all.iter_mut().zip(row).for_each(|(column, x)| column.rough += weight * (x / column.unit)))?;
        all.iter_mut().for_each(|column| column.rough /= n);
        // Both sums of this pass also measure how far the rough mean is off.
        pass(&mut |weight, row| {
            for (column, x) in all.iter_mut().zip(row) {
                let d = x / column.unit - column.rough;
                column.off += weight * d;
                column.squares += weight * (d * d);
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

    /// Measures medians and quartiles. `pass` hands on all numbers of each column, by its place; they are finite. `weights` as in
    /// [`Scaler::fit_weighted`]
    pub(crate) fn robust<E>(
        columns: usize,
        weights: &[f64],
        pass: impl FnOnce(&mut dyn FnMut(usize, &mut [f64])) -> Result<(), E>,
    ) -> Result<Scaler, E> {
        let mut scaler = Scaler { scaling: Scaling::Robust, ..Scaler::new(vec![0.0; columns], vec![1.0; columns]) };
        pass(&mut |c, numbers| {
            let counted = if weights.is_empty() { None } else { Counted::new(numbers, weights) };
            if weights.is_empty() {
                numbers.sort_unstable_by(f64::total_cmp);
            }
            let ends = match &counted {
                Some(counted) => Some(counted.ends()),
                None if weights.is_empty() => numbers.first().copied().zip(numbers.last().copied()),
                None => None,
            };
            let Some((least, most)) = ends else { return };
            let quantile = |share: f64| counted.as_ref().map_or_else(|| quantile(numbers, share), |counted| counted.quantile(share));
            // Halves of huge numbers have a finite difference.
            let between = |low: f64, high: f64| 2.0 * (high / 2.0 - low / 2.0);
            let quartiles = between(quantile(0.25), quantile(0.75));
            let scale = if quartiles > 0.0 { quartiles } else { 0.5 * between(least, most) };
            scaler.mean[c] = quantile(0.5);
            if least == most {
                scaler.constant.push(c);
            } else if scale > 0.0 && scale.is_finite() {
                scaler.scale[c] = scale;
            }
        })?;
        scaler.constant.sort_unstable();
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

    /// Leaves these columns, the last ones, as they are.
    pub(crate) fn leave(&mut self, columns: Range<usize>) {
        self.mean[columns.clone()].fill(0.0);
        self.scale[columns.clone()].fill(1.0);
        self.codes = Some(columns.start).filter(|_| self.scaling == Scaling::Robust && !columns.is_empty());
        self.constant.retain(|column| !columns.contains(column));
    }

    /// Whatever stands in a column that was constant when measured becomes 0.
    pub(crate) fn silence(&mut self) {
        self.constant.iter().for_each(|&column| self.scale[column] = 0.0);
    }

    /// Standardizes rows × columns in place. A number far outside the measured ones may become infinite.
    pub fn apply(&self, values: &mut [f64]) {
        match self.scaling {
            Scaling::Standard if self.scale.contains(&0.0) => self.each(values, moved),
            Scaling::Standard => self.each(values, |x, mean, scale| (x - mean) / scale),
            Scaling::Robust if self.columns() > 0 => {
                for row in values.chunks_exact_mut(self.columns()) {
                    row.iter_mut().enumerate().for_each(|(c, x)| *x = self.one(c, *x));
                }
            }
            Scaling::Robust => {}
        }
    }

    /// What becomes of the number `x` of column `c`: [`Scaler::apply`] for one.
    pub(crate) fn one(&self, c: usize, x: f64) -> f64 {
        let u = moved(x, self.mean[c], self.scale[c]);
        if self.codes.is_some_and(|first| c >= first) { u } else { self.scaling.bent(u) }
    }

    /// Takes rows × columns back to the units they came in, in place; of [`Scaling::Standard`] alone.
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

    /// Whether it can be used for `columns` columns: one finite mean and one scale for each, positive or 0.
    /// `Err` says what is wrong.
    pub fn check(&self, columns: usize) -> Result<(), String> {
        if self.mean.len() != columns || self.scale.len() != columns {
            return Err(format!("expected {columns} means and scales, came {} and {}", self.mean.len(), self.scale.len()));
        }
        if let Some(c) = self.mean.iter().position(|mean| !mean.is_finite()) {
            return Err(format!("the mean of column {c} is {}", self.mean[c]));
        }
        if let Some(c) = self.scale.iter().position(|&scale| !(scale >= 0.0 && scale.is_finite())) {
            return Err(format!("the scale of column {c} is {}", self.scale[c]));
        }
        if self.codes.is_some_and(|first| first > columns) {
            return Err(format!("expected codes among {columns} columns"));
        }
        match self.constant.iter().find(|&&c| c >= columns) {
            Some(c) => Err(format!("there is no column {c} to be constant; there are {columns}")),
            None => Ok(()),
        }
    }
}

/// (x − mean) / scale; 0 where the scale is, but NaN stays what it is.
pub(crate) fn moved(x: f64, mean: f64, scale: f64) -> f64 {
    if scale == 0.0 { if x.is_finite() { 0.0 } else { f64::NAN } } else { (x - mean) / scale }
}

/// The number below which a share of `sorted` lies, on the line between its two neighbours: NumPy's and R's usual one (Hyndman and
/// Fan's seventh, The American Statistician 50, 1996).
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    if part == 0.0 { low } else { low * (1.0 - part) + high * part }
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

    /// NumPy's numbers: `tests/golden/make_scaling.py`.
    #[test]
    fn by_the_quartiles() {
        let columns = [[1.0, 2.0, 4.0, 8.0, 1000.0, 3.0], [5.0, 5.0, 5.0, 5.0, 5.0, 9.0], [-3.5, 0.25, 1e3, -0.125, 2.0, 2.5], [7.0; 6]];
        let scaler = robust(&columns);
        assert_eq!(scaler.mean, [3.5, 5.0, 1.125, 7.0]);
        assert_eq!(scaler.scale, [4.75, 2.0, 2.40625, 1.0]);
        assert_eq!(scaler.constant(), [3]);
        let seen = [
            [-0.5183984340243757, -0.31405435355412825, 0.10519842039913335, 0.903394103811292, 2.999693309883287, -0.10519842039913335],
            [0.0, 0.0, 0.0, 0.0, 0.0, 1.6641005886756874],
            [-1.6184021143010283, -0.36099410255771214, 2.9999216613715665, -0.5118632302177375, 0.36099410255771214, 0.5613363236699854],
            [0.0; 6],
        ];
        for (r, row) in (0..6).map(|r| (r, columns.map(|column| column[r]))) {
            let mut changed = row;
            scaler.apply(&mut changed);
            for (c, x) in changed.into_iter().enumerate() {
                assert!((x - seen[c][r]).abs() < 1e-15, "{x} {}", seen[c][r]);
                assert_eq!(x.to_bits(), scaler.one(c, row[c]).to_bits());
            }
        }
    }

    /// scikit-learn's numbers: `tests/golden/make_weights.py`; and those of the same rows, each as often as it weighs.
    #[test]
    fn rows_count_as_their_weights_say() {
        let rows = [[1.5, 3.0], [2.25, 3.0], [-4.0, 3.0], [1e3, 9.0], [0.125, 3.0], [7.5, 3.0]];
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} {b}");
        let whole = [2.0, 1.0, 3.0, 0.0, 4.0, 1.0];
        let scaler = Scaler::fit_weighted(6, 2, rows.as_flattened(), &whole);
        close(scaler.mean[0], 0.11363636363636363);
        close(scaler.scale[0], 3.215487444250441);
        assert_eq!((scaler.mean[1], scaler.scale[1], scaler.constant()), (3.0, 1.0, &[1][..]));
        let repeated: Vec<f64> = rows.iter().zip(whole).flat_map(|(row, w)| row.repeat(w as usize)).collect();
        let same = Scaler::fit(11, 2, &repeated);
        close(scaler.mean[0], same.mean[0]);
        close(scaler.scale[0], same.scale[0]);
        for factor in [1.0, 1e-300, 1e300] {
            let weights = [0.3, 1.7, 0.01, 2.5, 0.0, 0.9].map(|w| w * factor);
            let scaler = Scaler::fit_weighted(6, 2, rows.as_flattened(), &weights);
            for (c, (mean, scale)) in
                [(464.137707948244, 496.6835005834831), (5.77264325323475, 2.9913724124054366)].into_iter().enumerate()
            {
                close(scaler.mean[c], mean);
                close(scaler.scale[c], scale);
            }
        }
        assert_eq!(Scaler::fit_weighted(6, 2, rows.as_flattened(), &[1.0; 6]), Scaler::fit(6, 2, rows.as_flattened()));
    }

    /// One value in all rows says nothing of another one.
    #[test]
    fn silent_columns_are_0_whatever_stands_there() {
        for mut scaler in [Scaler::fit(3, 2, &[1.0, 5.0, 2.0, 5.0, 4.0, 5.0]), robust(&[[1.0, 2.0, 4.0], [5.0; 3]])] {
            let measured = scaler.clone();
            scaler.silence();
            assert_eq!((scaler.scale[1], scaler.check(2)), (0.0, Ok(())));
            for other in [5.0, -7.25, f64::MAX, -f64::MAX] {
                let (mut silent, mut heard) = ([3.0, other], [3.0, other]);
                scaler.apply(&mut silent);
                measured.apply(&mut heard);
                assert_eq!((silent[0].to_bits(), silent[1].to_bits()), (heard[0].to_bits(), 0));
                assert_eq!(scaler.one(1, other).to_bits(), 0);
            }
            assert!(scaler.one(1, f64::NAN).is_nan());
        }
    }

    #[test]
    fn codes_stay_as_they_are() {
        let mut scaler = robust(&[[1.0, 2.0, 4.0], [3.0, 7.0, 9.0]]);
        scaler.leave(1..2);
        let mut row = [100.0, 41.0];
        scaler.apply(&mut row);
        assert!(row[0] < 3.0 && row[1] == 41.0, "{row:?}");
        assert_eq!((scaler.one(1, 41.0), scaler.check(2)), (41.0, Ok(())));
    }

    /// The slope is that of the curve, by differences, and far out nothing overflows.
    #[test]
    fn bent_between_bounds() {
        for u in [-40.0, -2.0, -0.3, 0.0, 1.0, 7.0] {
            let difference = (Scaling::Robust.bent(u + 1e-5) - Scaling::Robust.bent(u - 1e-5)) / 2e-5;
            assert!((Scaling::Robust.slope(u) - difference).abs() < 1e-9, "{u}");
        }
        for huge in [1e150, f64::MAX, f64::INFINITY] {
            assert!((Scaling::Robust.bent(huge) - 3.0).abs() < 1e-15 && (Scaling::Robust.bent(-huge) + 3.0).abs() < 1e-15, "{huge:e}");
            assert!((0.0..1e-290).contains(&Scaling::Robust.slope(huge)), "{huge:e}");
        }
        assert!(Scaling::Robust.bent(f64::NAN).is_nan());
        let scaler = robust(&[[f64::MAX, -f64::MAX, 0.0, 1.0], [1e-320, 0.0, 0.0, 0.0]]);
        assert_eq!(scaler.check(2), Ok(()));
        let mut changed = [f64::MAX, 1e-320];
        scaler.apply(&mut changed);
        assert!(changed.iter().all(|x| x.is_finite()), "{changed:?}");
    }

    fn robust<const ROWS: usize>(columns: &[[f64; ROWS]]) -> Scaler {
        let pass = |each: &mut dyn FnMut(usize, &mut [f64])| {
            columns.iter().enumerate().for_each(|(c, column)| each(c, &mut column.to_vec()));
            Ok::<(), Infallible>(())
        };
        Scaler::robust(columns.len(), &[], pass).unwrap_or_else(|never| match never {})
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
        for (mean, scale) in [(vec![0.0], vec![-1.0]), (vec![f64::NAN], vec![1.0]), (vec![0.0; 2], vec![1.0; 2])] {
            assert!(Scaler::new(mean, scale).check(1).is_err());
        }
    }
}
