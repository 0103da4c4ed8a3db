//! Cross-validation: each row is predicted by a network that was not trained on it.

use crate::calibration;
use crate::checkpoint::Checkpoints;
use crate::conformal::Residuals;
use crate::error::{Error, Kind};
use crate::job::{Calibrate, Job, Rows};
use crate::median::middle;
use crate::metrics::{HALF, Metrics, Own, Threshold};
use crate::model_file::Task;
use crate::prepare::{Hidden, Part, Read, job_of};
use crate::session::{self, Progress};
use crate::several::Several;
use backlit_engine::train::End;
use std::ops::ControlFlow;

/// What came of a cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// One for each fold.
    pub folds: Vec<Fold>,
    /// The numbers of the rows in the data, counted from 0.
    pub rows: Vec<usize>,
    /// The fold of each row.
    pub fold_of: Vec<usize>,
    /// rows × outputs: what the network that was not trained on the row says, in the target's units or as probabilities, calibrated where
    /// these are.
    pub outputs: Vec<f64>,
    /// Of numbers: how far these outputs are from what is right.
    pub residuals: Option<Residuals>,
    /// The median over the folds of the epoch, counted from 1, whose parameters are kept, where something waited for the best one or ended
    /// a training early.
    pub epochs: Option<u64>,
    /// Of two classes and of labels: the probability above which the second is predicted, chosen on these outputs if it was to be chosen.
    pub threshold: f64,
    /// Where probabilities are calibrated: the temperature, chosen on these outputs, for the training on all rows.
    pub temperature: Option<f64>,
}

/// How good the network trained on the other folds is on this one.
#[derive(Clone, Debug)]
pub struct Fold {
    /// The rows of this fold, in order.
    pub rows: Vec<usize>,
    /// Mean cost of these rows, in the target's units.
    pub cost: f64,
    /// Measures on these rows.
    pub metrics: Metrics,
    /// The measure typed as a formula, and its value, if there is one.
    pub own: Option<(String, f64)>,
}

/// A number over folds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation, from n − 1.
    pub deviation: f64,
}

impl Spread {
    /// None where it is not defined for one of the folds.
    pub fn of(values: impl Iterator<Item = Option<f64>>) -> Option<Spread> {
        let values: Vec<f64> = values.collect::<Option<_>>()?;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        (values.len() > 1).then(|| Spread { mean, deviation: (squares / (n - 1.0)).sqrt() })
    }
}

impl CrossValidation {
    /// What the training on all rows takes from it: threshold, temperature, errors for intervals, and after which epoch to end.
    pub fn give(&self, job: &mut Job) {
        job.threshold = Threshold::At(self.threshold);
        job.residuals = self.residuals.clone();
        job.calibrate = self.temperature.map_or(job.calibrate, Calibrate::By);
        job.until = self.epochs;
    }

    /// The cost, then each measure, over the folds.
    pub fn spreads(&self) -> Vec<(&'static str, Option<Spread>)> {
        let lists: Vec<_> = self.folds.iter().map(|fold| fold.metrics.list()).collect();
        let cost = ("cost", Spread::of(self.folds.iter().map(|fold| Some(fold.cost))));
        let names = lists.first().into_iter().flatten().map(|(name, _)| *name).enumerate();
        std::iter::once(cost).chain(names.map(|(place, name)| (name, Spread::of(lists.iter().map(|list| list[place].1))))).collect()
    }

    /// The measure typed as a formula over the folds, if there is one: its text and its spread.
    pub fn own(&self) -> Option<(&str, Option<Spread>)> {
        let (text, _) = self.folds.first()?.own.as_ref()?;
        Some((text, Spread::of(self.folds.iter().map(|fold| fold.own.as_ref().map(|(_, value)| *value)))))
    }
}

/// For each of `count` folds of data that were read trains a network on the rows of the others, from the same initial parameters, as many
/// at a time as there are threads. `job`: the training on all rows that comes behind, whose checkpoints each fold's stand beside.
/// `observe` is called after each step with the fold, counted from 0; none: it was stopped.
pub fn cross_validate(
    (read, hidden): (&Read, Option<&Hidden>),
    job: &Job,
    count: usize,
    checkpoints: Option<&Checkpoints>,
    observe: &mut (dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send),
) -> Result<Option<CrossValidation>, Error> {
    let came = Several::of(count, job).train(observe, &|fold, threads, observe| {
        let mut part = checkpoints.map(|checkpoints| checkpoints.part("fold", fold)).transpose()?;
        let mut plain = read.clone();
        // Chosen below, on all rows.
        plain.run.train.threshold = Threshold::default();
        let mut job = job_of(plain, hidden, threads, Part::WithoutFold(fold, count))?;
        let calibrates = job.calibrate != Calibrate::No;
        job.calibrate = Calibrate::No;
        let outcome = session::train_kept(&job, part.as_mut(), observe)?;
        if let End::Diverged(divergence) = outcome.end {
            let message = format!("without fold {} of {count}: {divergence}", fold + 1);
            return Err(Error::new(Kind::Diverged, message).hint("a smaller --learning-rate, or --standardize true"));
        }
        // The file of a large table is of no use any more.
        let job = Job { train: Rows::default(), held: Rows { stored: None, ..job.held }, ..job };
        Ok((job, calibrates, outcome))
    })?;
    let (mut costs, mut parts, mut about, mut epochs) = (Vec::new(), Vec::new(), None, Vec::new());
    let (mut calibrates, mut metric) = (false, None);
    for one in came {
        let Some((job, calibrated, outcome)) = one.filter(|(.., outcome)| !matches!(outcome.end, End::Stopped(_))) else { return Ok(None) };
        calibrates |= calibrated;
        costs.extend(outcome.after.held.map(|(cost, _)| cost));
        metric = job.metric.clone();
        about = Some((job.task, job.outputs()));
        if job.course.patience.is_some() || job.course.keeps_best() {
            epochs.push(outcome.best.filter(|_| job.course.keeps_best()).map_or(outcome.epochs, |best| best.epoch + 1));
        }
        parts.push((job.held, outcome.held.numbers()?));
    }
    let (task, width) = about.ok_or_else(|| Error::new(Kind::Usage, "a cross-validation without folds"))?;
    let mut numbers: Vec<usize> = parts.iter().flat_map(|(held, _)| held.numbers.clone()).collect();
    numbers.sort_unstable();
    let rows = numbers.len();
    let (mut fold_of, mut outputs, mut y, mut w) = (vec![0; rows], vec![0.0; rows * width], vec![0.0; rows * width], vec![1.0; rows]);
    for (fold, (held, said)) in parts.iter().enumerate() {
        for (place, number) in held.numbers.iter().enumerate() {
            let row = numbers.partition_point(|known| known < number);
            fold_of[row] = fold;
            outputs[row * width..][..width].copy_from_slice(&said[place * width..][..width]);
            y[row * width..][..width].copy_from_slice(&held.y[place * width..][..width]);
            w[row] = held.w.get(place).copied().unwrap_or(1.0);
        }
    }
    let temperature = calibrates.then(|| calibration::temperature_of(task, width, &outputs, &y, &w));
    // What follows goes by the probabilities that the model will say.
    if let Some(temperature) = temperature {
        calibration::cool(task, width, &mut outputs, &y, temperature);
        for ((held, said), cost) in parts.iter_mut().zip(&mut costs) {
            *cost = calibration::cool(task, width, said, &held.y, temperature) / held.rows as f64;
        }
    }
    let residuals = if task == Task::Regression { Residuals::of(width, &outputs, &y) } else { None };
    let is_cut = matches!(task, Task::TwoClasses | Task::Labels);
    let threshold = if is_cut { read.run.train.threshold.choose(&outputs, &y, &w) } else { HALF };
    let own = metric.as_deref().map(Own::read).transpose().map_err(|message| Error::new(Kind::Usage, message))?;
    let folds = parts.iter().zip(costs).map(|((held, said), cost)| Fold {
        metrics: Metrics::of(task, width, said, &held.y, cost, threshold),
        rows: held.numbers.clone(),
        cost,
        own: own.as_ref().and_then(|own| Some((own.text.clone(), own.of(said, &held.y)?))),
    });
    let folds = folds.collect();
    Ok(Some(CrossValidation { folds, rows: numbers, fold_of, outputs, residuals, epochs: median(epochs), threshold, temperature }))
}

/// The median, rounded up; none of none.
fn median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    middle(&numbers).map(|(a, b)| (a + b).div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_epoch() {
        assert_eq!([vec![], vec![3], vec![9, 1, 4], vec![5, 2], vec![8, 2, 4, 4]].map(median), [None, Some(3), Some(4), Some(4), Some(4)]);
    }
}
