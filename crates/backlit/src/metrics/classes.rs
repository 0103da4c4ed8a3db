//! Measures of predicted classes.

use crate::error::Error;
use crate::said::{Said, Targets, beside};
use backlit_engine::math;
use serde::Serialize;

/// A confusion matrix of more classes would be larger than all else that is said.
const MOST_CONFUSED: usize = 100;

/// How often classes are right, and how good their probabilities are; none where a measure is not defined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classes {
    /// Share of rows whose predicted class is the right one.
    pub accuracy: Option<f64>,
    /// Share of a class's rows that are predicted as it, the mean over the classes that have rows.
    pub balanced_accuracy: Option<f64>,
    /// 2·TP / (2·TP + FP + FN). Of two classes: of the second. Of several: the mean over those that some row is of or is taken for.
    pub f1: Option<f64>,
    /// Probability that a row of the class has a larger probability of it than a row of another, ties counting half. Of two
    /// classes: of the second. Of several: the mean over all. None unless each class has rows.
    pub auc: Option<f64>,
    /// Mean of −log of the probability given to the right class.
    pub log_loss: Option<f64>,
    /// Mean of (p − y)². Of two classes: of the second. Of several: the sum over classes. Source: Brier, Monthly Weather Review 78, 1950.
    pub brier: Option<f64>,
    /// classes × classes: rows of a class, by the class predicted. None where there are more than 100 classes.
    pub confusion: Option<Vec<Vec<u64>>>,
}

impl Classes {
    /// Of outputs, wherever they are. `threshold`: of two classes with one output, the second is predicted above it; none: one output for
    /// each class.
    pub(super) fn over(said: &Said, targets: Targets<'_>, outputs: usize, threshold: Option<f64>) -> Result<Classes, Error> {
        let mut tally = Tally::new(outputs, threshold);
        beside(said, targets, &mut |p, y| tally.add(p, y))?;
        let mut areas = Some(Vec::with_capacity(outputs));
        for k in 0..outputs {
            // Where one is not defined there is no mean.
            let Some(known) = &mut areas else { break };
            let column = said.column(k)?;
            match area_of(column.into_iter().enumerate().map(|(row, p)| (p, targets.is(row, outputs, k)))) {
                Some(area) => known.push(area),
                None => areas = None,
            }
        }
        Ok(tally.finish(areas))
    }
}

/// What is counted of rows, block after block.
struct Tally {
    outputs: usize,
    threshold: Option<f64>,
    rows: usize,
    right: Vec<u64>,
    actual: Vec<u64>,
    predicted: Vec<u64>,
    confusion: Option<Vec<Vec<u64>>>,
    /// Σ(p − y)²
    squares: f64,
    /// Σ −log of the probability given to the right class
    surprise: f64,
}

impl Tally {
    fn new(outputs: usize, threshold: Option<f64>) -> Tally {
        let count = if threshold.is_some() { 2 } else { outputs };
        let zeros = || vec![0u64; count];
        let confusion = (count <= MOST_CONFUSED).then(|| vec![zeros(); count]);
        Tally { outputs, threshold, rows: 0, right: zeros(), actual: zeros(), predicted: zeros(), confusion, squares: 0.0, surprise: 0.0 }
    }

    /// `p`, `y`: rows × outputs
    fn add(&mut self, p: &[f64], y: &[f64]) {
        let class = |line: &[f64], threshold: Option<f64>| threshold.map_or_else(|| most_probable(line), |t| usize::from(line[0] > t));
        for (p, y) in p.chunks_exact(self.outputs).zip(y.chunks_exact(self.outputs)) {
            let (said, is) = (class(p, self.threshold), class(y, self.threshold.map(|_| 0.5)));
            self.predicted[said] += 1;
            self.actual[is] += 1;
            self.right[is] += u64::from(said == is);
            self.surprise += if self.threshold.is_some() { surprise_of_two(p[0], is == 1) } else { surprise(p[is]) };
            if let Some(confusion) = &mut self.confusion {
                confusion[is][said] += 1;
            }
        }
        self.rows += y.len() / self.outputs;
        self.squares = p.iter().zip(y).fold(self.squares, |sum, (p, y)| sum + (p - y) * (p - y));
    }

    /// `areas`: of each output, if all are defined.
    fn finish(self, areas: Option<Vec<f64>>) -> Classes {
        let Tally { threshold, rows, right, actual, predicted, confusion, squares, surprise, .. } = self;
        let count = right.len();
        let recall = (0..count).filter(|&k| actual[k] > 0).map(|k| right[k] as f64 / actual[k] as f64);
        let f1 = |k: usize| (actual[k] + predicted[k] > 0).then(|| 2.0 * right[k] as f64 / (actual[k] + predicted[k]) as f64);
        let some = |value: f64| (rows > 0).then_some(value);
        Classes {
            accuracy: some(right.iter().sum::<u64>() as f64 / rows as f64),
            balanced_accuracy: mean(recall),
            f1: if threshold.is_some() { f1(1) } else { mean((0..count).filter_map(f1)) },
            auc: areas.and_then(|areas| mean(areas.into_iter())),
            log_loss: some(surprise / rows as f64),
            brier: some(squares / rows as f64),
            confusion,
        }
    }
}

/// −log of a probability, which is taken to lie between ε and 1 − ε, ε = 2⁻⁵², as in scikit-learn's log_loss.
fn surprise(p: f64) -> f64 {
    -math::ln(p.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
}

/// The same of two classes. `p`: of the second; `is`: whether that is right
pub(super) fn surprise_of_two(p: f64, is: bool) -> f64 {
    surprise(if is { p } else { 1.0 - p })
}

/// The place of the largest number; the first of equals.
pub fn most_probable(p: &[f64]) -> usize {
    p.iter().enumerate().fold(0, |best, (k, value)| if *value > p[best] { k } else { best })
}

/// None without numbers.
pub(super) fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers.fold((0, 0.0), |(count, sum), number| (count + 1, sum + number));
    (count > 0).then(|| sum / count as f64)
}

/// The area under the ROC curve, counted in pairs of rows, each with its probability and whether it is of the class. None where all rows
/// are of one kind. Source: Mann and Whitney, Annals of Mathematical Statistics 18, 1947.
pub(super) fn area_of(rows: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    // The bits of numbers from 0 on are in the order of the numbers, and leave room for one more.
    let mut keys: Vec<u64> = rows.map(|(p, is)| (p.to_bits() << 1) | u64::from(is)).collect();
    keys.sort_unstable();
    let (mut halves, mut of_class, mut others) = (0u128, 0u128, 0u128);
    for tied in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
        let own = tied.iter().filter(|key| *key & 1 == 1).count() as u128;
        let other = tied.len() as u128 - own;
        halves += own * (2 * others + other);
        of_class += own;
        others += other;
    }
    let pairs = 2 * of_class * others;
    (pairs > 0).then(|| halves as f64 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(outputs: usize, p: &[f64], y: &[f64], threshold: Option<f64>) -> Classes {
        Classes::over(&Said::new(outputs, p.to_vec()), Targets::Numbers(y), outputs, threshold).expect("in memory")
    }

    #[test]
    fn by_hand() {
        let p = [0.7, 0.2, 0.1, 0.3, 0.3, 0.4];
        let y = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let of = measured(3, &p, &y, None);
        assert_eq!((of.accuracy, of.balanced_accuracy, of.auc), (Some(0.5), Some(0.5), None));
        // (log 10/7 + log 10/3) / 2
        assert!((of.log_loss.unwrap() - 0.780_323_874_132_334_3).abs() < 1e-15);
        assert_eq!(of.confusion.unwrap(), [[1, 0, 0], [0, 0, 1], [0, 0, 0]]);
        let of = measured(1, &[0.9, 0.2, 0.6], &[1.0, 0.0, 0.0], Some(0.5));
        assert!((of.accuracy.unwrap() - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!((of.auc, of.confusion.unwrap()), (Some(1.0), vec![vec![1, 1], vec![0, 1]]));
    }

    #[test]
    fn many_classes_have_no_matrix() {
        let y: Vec<f64> = (0..101 * 101).map(|place| f64::from(u8::from(place % 102 == 0))).collect();
        let of = measured(101, &y, &y, None);
        assert_eq!((of.accuracy, of.auc, of.confusion), (Some(1.0), Some(1.0), None));
    }
}
