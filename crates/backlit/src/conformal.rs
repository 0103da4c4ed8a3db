//! Intervals around predicted numbers, as wide as the errors on rows that were kept aside: split conformal prediction.
//!
//! The errors may also be those out of folds, around a network trained on all rows: the jackknife rule over folds, whose share inside
//! is near the level where training is stable. Source: Barber, Candès, Ramdas and Tibshirani, Annals of Statistics 49, 2021.
//!
//! Where new rows come as those kept aside came, an interval of level 0.9 holds at least 0.9 of the right numbers on average over
//! trainings, whatever the network and the distribution. Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World,
//! 2005; Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, JASA 113, 2018. Where these rows have chosen the best epoch their errors are a
//! little too small, and so are the intervals.

use crate::error::Error;
use crate::model_file::Training;
use crate::said::{Said, Targets, errors};
use crate::terms::is_false;
use serde::{Deserialize, Serialize};

/// Most errors kept of one target.
const MOST: usize = 10_000;

/// The absolute errors |y − a| of a trained network on rows that it was not trained on, in the targets' units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residuals {
    /// How many rows there were, n.
    pub rows: usize,
    /// For each target m sorted errors: all of them, or of many 10,000 (the i-th, from 1, is the ⌈i·n/m⌉-th smallest).
    pub errors: Vec<Vec<f64>>,
    /// Whether each row's error is that of another network than the one that is saved: of a fold's, or of one of an ensemble's.
    #[serde(default, skip_serializing_if = "is_false")]
    pub out_of_folds: bool,
}

impl Residuals {
    /// Of predictions wherever they are, one target at a time. None without rows, and where an error is not finite.
    pub fn of_said(outputs: usize, said: &Said, targets: Targets<'_>) -> Result<Option<Residuals>, Error> {
        let each = (0..outputs).map(|k| errors(said, targets, k, outputs).map(some_of));
        let residuals = Residuals { rows: said.rows(), errors: each.collect::<Result<_, _>>()?, out_of_folds: false };
        Ok(residuals.check(outputs).is_ok().then_some(residuals))
    }

    /// The same errors, of networks that were trained without the fold that a row is in.
    pub fn out_of_folds(self) -> Residuals {
        Residuals { out_of_folds: true, ..self }
    }

    /// Why intervals of a model that was trained so have no guarantee, one line each; none where they have.
    pub fn doubts(&self, training: &Training) -> Vec<String> {
        let of_rows = |why: String| format!("intervals go by the errors on the rows kept aside, and {why}: fewer new rows may lie inside");
        let split = training.split.as_deref().and_then(|split| match split {
            "time" if self.out_of_folds => Some("rows that come after those trained on: of rows from another time fewer may lie inside"),
            "time" => Some("the last rows: of rows from another time fewer may lie inside"),
            "grouped" => Some("whole groups: of a new group's rows fewer may lie inside"),
            _ => None,
        });
        let folds = "intervals go by errors out of folds: about as many new rows lie inside where training is stable, without a guarantee";
        let doubts = [
            training.flatters().map(of_rows).or_else(|| self.out_of_folds.then(|| folds.into())),
            split.map(|rows| format!("intervals go by the errors on {rows}")),
        ];
        doubts.into_iter().flatten().collect()
    }

    /// How far an interval of this level (0 < level < 1) reaches to either side, for each target: the ⌈(n + 1)·level⌉-th smallest
    /// error, or the next larger one that was kept. `Err`: the rows that it would take for a finite interval.
    pub fn half_widths(&self, level: f64) -> Result<Vec<f64>, usize> {
        let rank = up((self.rows as f64 + 1.0) * level) as usize;
        if rank > self.rows {
            return Err(up(level / (1.0 - level)) as usize);
        }
        let of_target = |errors: &Vec<f64>| {
            // The first i with ⌈i·n/m⌉ at or above the rank.
            let before = (rank.max(1) - 1) as u128 * errors.len() as u128 / self.rows as u128;
            errors[before as usize]
        };
        Ok(self.errors.iter().map(of_target).collect())
    }

    /// `Err` says what makes no sense for a model of so many targets.
    pub fn check(&self, targets: usize) -> Result<(), String> {
        let (rows, kept) = (self.rows, self.rows.min(MOST));
        if rows == 0 || self.errors.len() != targets || self.errors.iter().any(|errors| errors.len() != kept) {
            return Err(format!("expected {kept} errors of each of {targets} targets from {rows} rows, came others"));
        }
        let sound = |errors: &Vec<f64>| errors.is_sorted() && errors.iter().all(|error| error.is_finite() && *error >= 0.0);
        if self.errors.iter().all(sound) { Ok(()) } else { Err("expected errors that are finite, at least 0 and sorted".into()) }
    }
}

/// Those that are kept of all errors of a target.
fn some_of(mut errors: Vec<f64>) -> Vec<f64> {
    errors.sort_unstable_by(f64::total_cmp);
    let (rows, kept) = (errors.len(), errors.len().min(MOST));
    (1..=kept).map(|i| errors[place(i, rows, kept)]).collect()
}

/// Where the i-th of `kept` errors stands among `rows` sorted ones, counted from 0.
fn place(i: usize, rows: usize, kept: usize) -> usize {
    (i as u128 * rows as u128).div_ceil(kept as u128) as usize - 1
}

/// ⌈x⌉; a level such as 0.57 is not exact in binary, so what is a whole number but for rounding stays that number.
fn up(x: f64) -> f64 {
    let near = x.round();
    if (x - near).abs() <= 1e-12 * x { near } else { x.ceil() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::random::{Purpose, Random};

    fn residuals(outputs: usize, predicted: &[f64], actual: &[f64]) -> Option<Residuals> {
        Residuals::of_said(outputs, &Said::new(outputs, predicted.to_vec()), Targets::Numbers(actual)).expect("in memory")
    }

    #[test]
    fn the_rank_is_that_of_the_theorem() {
        let errors: Vec<f64> = (1..=99).map(f64::from).collect();
        let found = residuals(1, &vec![0.0; 99], &errors).unwrap();
        for percent in 1..=99 {
            let level = f64::from(percent) / 100.0;
            assert_eq!(found.half_widths(level), Ok(vec![f64::from(percent)]), "{percent} %");
        }
        assert_eq!(found.half_widths(0.991), Err(111));
        assert_eq!(found.half_widths(0.995), Err(199));
        let nine = |rows: usize| residuals(1, &vec![0.0; rows], &errors[..rows]).unwrap().half_widths(0.9);
        assert_eq!((nine(8), nine(9)), (Err(9), Ok(vec![9.0])));
        assert_eq!(residuals(1, &[], &[]), None);
        assert_eq!(residuals(1, &[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn of_many_rows_the_next_larger_error_that_was_kept_is_taken() {
        for rows in [9_999usize, 10_000, 10_001, 25_000, 123_457] {
            let errors: Vec<f64> = (0..rows).rev().map(|error| error as f64 + 1.0).collect();
            let found = residuals(1, &vec![0.0; rows], &errors).unwrap();
            assert_eq!(found.errors[0].len(), rows.min(MOST));
            for level in [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999] {
                let exact = ((rows as f64 + 1.0) * level).ceil();
                let next = found.errors[0].iter().copied().find(|error| *error >= exact).unwrap();
                assert_eq!(found.half_widths(level), Ok(vec![next]), "{rows} rows, {level}");
                assert!(next < exact + (rows as f64 / MOST as f64).ceil(), "{rows} rows, {level}: {next}, {exact}");
            }
        }
    }

    /// The share of new rows inside is ⌈(n + 1)·level⌉ / (n + 1) whatever the distribution, where errors do not tie.
    #[test]
    fn coverage_is_what_is_promised() {
        let trials = 20_000u32;
        for (rows, level) in [(9, 0.9), (20, 0.8), (21, 0.5), (50, 0.97), (10_007, 0.3)] {
            let trials = if rows > 1000 { 200 } else { trials };
            let mut inside = [0u32; 2];
            for seed in 0..trials {
                let mut random = Random::new(u64::from(seed), Purpose::Check, rows as u64);
                // Predictions of 1 and 2; errors of heavy tails, and of several scales at once.
                let mut row = || [1.0 + random.normal() / random.normal(), 2.0 + random.uniform(-1.0, 1.0) * random.normal().exp2()];
                let actual: Vec<f64> = (0..rows).flat_map(|_| row()).collect();
                let half = residuals(2, &[1.0, 2.0].repeat(rows), &actual).unwrap().half_widths(level).unwrap();
                let fresh = row();
                inside[0] += u32::from((fresh[0] - 1.0).abs() <= half[0]);
                inside[1] += u32::from((fresh[1] - 2.0).abs() <= half[1]);
            }
            let expected = ((rows as f64 + 1.0) * level - 1e-9).ceil() / (rows as f64 + 1.0);
            let bound = 4.0 * (expected * (1.0 - expected) / f64::from(trials)).sqrt();
            for count in inside {
                let share = f64::from(count) / f64::from(trials);
                assert!((share - expected).abs() < bound, "{rows} rows, {level}: {share}, expected {expected} ± {bound}");
            }
        }
    }
}
