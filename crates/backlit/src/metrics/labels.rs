//! Measures of several labels, each of which a row has or has not.

use super::classes::{area_of, mean, surprise_of_two};
use crate::error::Error;
use crate::said::{Said, Targets, beside};
use serde::Serialize;

/// How often labels are right, and how good their probabilities are; none where a measure is not defined.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Labels {
    /// Share of labels that are right, over all rows.
    pub accuracy: Option<f64>,
    /// Share of rows whose labels are all right.
    pub subset_accuracy: Option<f64>,
    /// Share of labels that are wrong, over all rows.
    pub hamming_loss: Option<f64>,
    /// The mean of the labels' F1, over those that some row has or is taken to have.
    pub macro_f1: Option<f64>,
    /// F1 of all labels counted together.
    pub micro_f1: Option<f64>,
    /// The mean of the labels' areas; none unless each label has rows with it and without it.
    pub auc: Option<f64>,
    /// Mean of −log of the probability given to what is right, over labels and rows.
    pub log_loss: Option<f64>,
    /// Each label by itself, in the order of the targets.
    pub each: Vec<Label>,
}

/// How good one label is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// Share of rows that are right.
    pub accuracy: Option<f64>,
    /// 2·TP / (2·TP + FP + FN); none where no row has it and none is taken to have it.
    pub f1: Option<f64>,
    /// Probability that a row with it has a larger probability of it than a row without, ties counting half.
    pub auc: Option<f64>,
}

/// TP, FP and FN of a label, or of several together.
#[derive(Clone, Copy, Default)]
struct Counts {
    right: u64,
    too_many: u64,
    missed: u64,
}

impl Counts {
    fn f1(self) -> Option<f64> {
        let all = 2 * self.right + self.too_many + self.missed;
        (all > 0).then(|| 2.0 * self.right as f64 / all as f64)
    }
}

impl Labels {
    /// Of outputs, wherever they are. A label is predicted above the threshold.
    pub(super) fn over(said: &Said, targets: Targets<'_>, outputs: usize, threshold: f64) -> Result<Labels, Error> {
        let mut tally = Tally::new(outputs, threshold);
        beside(said, targets, &mut |p, y| tally.add(p, y))?;
        let area =
            |k: usize| Ok::<_, Error>(area_of(said.column(k)?.into_iter().enumerate().map(|(row, p)| (p, targets.is(row, outputs, k)))));
        Ok(tally.finish((0..outputs).map(area).collect::<Result<_, _>>()?))
    }
}

/// What is counted of rows, block after block.
struct Tally {
    threshold: f64,
    rows: usize,
    /// Rows whose labels are all right.
    whole: u64,
    counts: Vec<Counts>,
    /// Σ −log of the probability given to what is right
    surprise: f64,
}

impl Tally {
    fn new(outputs: usize, threshold: f64) -> Tally {
        Tally { threshold, rows: 0, whole: 0, counts: vec![Counts::default(); outputs], surprise: 0.0 }
    }

    /// `p`, `y`: rows × outputs
    fn add(&mut self, p: &[f64], y: &[f64]) {
        let outputs = self.counts.len();
        for (p, y) in p.chunks_exact(outputs).zip(y.chunks_exact(outputs)) {
            let mut all_right = true;
            for ((count, p), y) in self.counts.iter_mut().zip(p).zip(y) {
                let (said, is) = (*p > self.threshold, *y > 0.5);
                count.right += u64::from(said && is);
                count.too_many += u64::from(said && !is);
                count.missed += u64::from(is && !said);
                all_right &= said == is;
                self.surprise += surprise_of_two(*p, is);
            }
            self.whole += u64::from(all_right);
        }
        self.rows += y.len() / outputs;
    }

    /// `areas`: of each label.
    fn finish(self, areas: Vec<Option<f64>>) -> Labels {
        let Tally { rows, whole, counts, surprise, .. } = self;
        let total = counts.iter().fold(Counts::default(), |sum, count| Counts {
            right: sum.right + count.right,
            too_many: sum.too_many + count.too_many,
            missed: sum.missed + count.missed,
        });
        let wrong = |count: Counts| count.too_many + count.missed;
        let share = |some: u64, of: usize| (of > 0).then(|| some as f64 / of as f64);
        let label =
            |(&count, &auc): (&Counts, &Option<f64>)| Label { accuracy: share(rows as u64 - wrong(count), rows), f1: count.f1(), auc };
        let each: Vec<Label> = counts.iter().zip(&areas).map(label).collect();
        let areas: Option<Vec<f64>> = areas.into_iter().collect();
        let numbers = rows * each.len();
        Labels {
            accuracy: share(numbers as u64 - wrong(total), numbers),
            subset_accuracy: share(whole, rows),
            hamming_loss: share(wrong(total), numbers),
            macro_f1: mean(each.iter().filter_map(|label| label.f1)),
            micro_f1: total.f1(),
            auc: areas.and_then(|areas| mean(areas.into_iter())),
            log_loss: (rows > 0).then(|| surprise / numbers as f64),
            each,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(p: &[f64], y: &[f64], threshold: f64) -> Labels {
        Labels::over(&Said::new(2, p.to_vec()), Targets::Numbers(y), 2, threshold).expect("in memory")
    }

    #[test]
    fn by_hand() {
        // Said: 1 0, 1 1, 0 0; right: 1 0, 0 1, 0 1.
        let p = [0.9, 0.2, 0.7, 0.8, 0.1, 0.3];
        let y = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let of = measured(&p, &y, 0.5);
        assert_eq!((of.subset_accuracy, of.micro_f1), (Some(1.0 / 3.0), Some(4.0 / 6.0)));
        // −log(0.9 · 0.8 · 0.3 · 0.8 · 0.9 · 0.3) / 6
        assert!((of.log_loss.unwrap() - 0.510_825_623_765_990_7).abs() < 1e-15);
        assert_eq!((of.accuracy, of.hamming_loss), (Some(4.0 / 6.0), Some(2.0 / 6.0)));
        assert_eq!(of.each.iter().map(|label| label.f1).collect::<Vec<_>>(), [Some(2.0 / 3.0), Some(2.0 / 3.0)]);
        assert_eq!((of.each[0].auc, of.each[1].auc, of.auc), (Some(1.0), Some(1.0), Some(1.0)));
        // A larger threshold says fewer.
        assert_eq!(measured(&p, &y, 0.75).each[0].accuracy, Some(1.0));
        // Nobody has the second label: its area is not defined, its F1 is not counted.
        let of = measured(&[0.9, 0.1, 0.2, 0.3], &[1.0, 0.0, 0.0, 0.0], 0.5);
        assert_eq!((of.macro_f1, of.auc, of.each[1].f1), (Some(1.0), None, None));
    }
}
