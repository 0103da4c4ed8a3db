//! Measures of predicted numbers.

use crate::error::Error;
use crate::median::median;
use crate::said::{Said, Targets, beside, errors};
use serde::Serialize;

/// How far numbers are from what is right; none without rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// Root of the mean squared error, over all targets.
    pub rmse: Option<f64>,
    /// Mean absolute error, over all targets.
    pub mae: Option<f64>,
    /// Median of the absolute errors of a target, the mean over targets.
    pub median_absolute_error: Option<f64>,
    /// The largest absolute error of any target.
    pub max_error: Option<f64>,
    /// 1 − Σ(y − a)² / Σ(y − ȳ)², the mean over targets; none where a target does not vary.
    pub r2: Option<f64>,
}

impl Numbers {
    /// Of outputs, wherever they are.
    pub(super) fn over(said: &Said, targets: Targets<'_>, outputs: usize) -> Result<Numbers, Error> {
        let mut tally = Tally::new(outputs);
        beside(said, targets, &mut |a, y| tally.add(a, y))?;
        tally.means();
        beside(said, targets, &mut |_, y| tally.vary(y))?;
        let mut medians = Some(0.0);
        for k in 0..outputs {
            medians = medians.zip(median(&mut errors(said, targets, k, outputs)?)).map(|(sum, median)| sum + median);
        }
        Ok(tally.finish(medians))
    }
}

/// What is summed over rows, block after block.
struct Tally {
    outputs: usize,
    rows: usize,
    squares: f64,
    sizes: f64,
    most: f64,
    each: Vec<Target>,
}

/// The same of one target.
#[derive(Clone, Default)]
struct Target {
    first: Option<f64>,
    varies: bool,
    /// Σy, then ȳ.
    mean: f64,
    /// Σ(y − a)²
    left: f64,
    /// Σ(y − ȳ)²
    total: f64,
}

impl Tally {
    fn new(outputs: usize) -> Tally {
        Tally { outputs, rows: 0, squares: 0.0, sizes: 0.0, most: 0.0, each: vec![Target::default(); outputs] }
    }

    /// `predicted`, `targets`: rows × outputs
    fn add(&mut self, predicted: &[f64], targets: &[f64]) {
        for (a, y) in predicted.chunks_exact(self.outputs).zip(targets.chunks_exact(self.outputs)) {
            for ((a, &y), target) in a.iter().zip(y).zip(&mut self.each) {
                let e = a - y;
                self.squares += e * e;
                self.sizes += e.abs();
                self.most = if self.most >= e.abs() || self.most.is_nan() { self.most } else { e.abs() };
                target.left += e * e;
                target.mean += y;
                target.varies |= y != *target.first.get_or_insert(y);
            }
            self.rows += 1;
        }
    }

    /// After all rows.
    fn means(&mut self) {
        let rows = self.rows as f64;
        self.each.iter_mut().for_each(|target| target.mean /= rows);
    }

    /// All rows again. `targets`: rows × outputs
    fn vary(&mut self, targets: &[f64]) {
        for y in targets.chunks_exact(self.outputs) {
            y.iter().zip(&mut self.each).for_each(|(y, target)| target.total += (y - target.mean).powi(2));
        }
    }

    /// `medians`: summed over targets
    fn finish(self, medians: Option<f64>) -> Numbers {
        let n = (self.rows * self.outputs) as f64;
        let some = |value: f64| (n > 0.0).then_some(value);
        let r2 = |target: &Target| (target.varies && target.total > 0.0).then(|| 1.0 - target.left / target.total);
        let r2: Option<Vec<f64>> = self.each.iter().map(r2).collect();
        Numbers {
            rmse: some((self.squares / n).sqrt()),
            mae: some(self.sizes / n),
            median_absolute_error: medians.map(|sum| sum / self.outputs as f64),
            max_error: some(self.most),
            r2: r2.map(|r2| r2.iter().sum::<f64>() / self.outputs as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outputs: usize, predicted: &[f64], targets: &[f64]) -> Numbers {
        Numbers::over(&Said::new(outputs, predicted.to_vec()), Targets::Numbers(targets), outputs).expect("in memory")
    }

    #[test]
    fn by_hand() {
        let first = of(1, &[1.0, 2.0, 6.0], &[1.0, 3.0, 5.0]);
        assert!((first.rmse.unwrap() - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((first.mae.unwrap() - 2.0 / 3.0).abs() < 1e-15);
        assert!((first.r2.unwrap() - 0.75).abs() < 1e-15);
        assert_eq!((first.median_absolute_error, first.max_error), (Some(1.0), Some(1.0)));
        assert_eq!(of(1, &[1.0, 2.0, 3.0], &[0.1, 0.1, 0.1]).r2, None);
        let two = of(2, &[1.0, 0.0, 2.0, 4.0], &[1.0, 0.0, 3.0, 2.0]);
        assert!((two.r2.unwrap() - (0.5 + -1.0) / 2.0).abs() < 1e-15);
        assert_eq!((two.median_absolute_error, two.max_error), (Some(0.75), Some(2.0)));
    }
}
