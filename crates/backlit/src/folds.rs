//! Cross-validation: each row is predicted by a network that was not trained on it.

use crate::error::{Error, Kind};
use crate::metrics::{HALF, Metrics, Threshold};
use crate::model_file::Task;
use crate::prepare::{Hidden, Part, job_on};
use crate::run_file::RunFile;
use crate::session::{self, Progress};
use backlit_engine::train::End;
use std::ops::ControlFlow;

/// What came of a cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// One for each fold.
    pub folds: Vec<Fold>,
    /// The fold of each row.
    pub fold_of: Vec<usize>,
    /// rows × outputs: what the network that was not trained on the row says, in the target's units or as probabilities.
    pub outputs: Vec<f64>,
    /// Of two classes: the probability above which the second is predicted, chosen on these outputs if it was to be chosen.
    pub threshold: f64,
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

/// For each of `count` folds trains a network on the rows of the others, from the same initial parameters. `observe` is called after
/// each step with the fold, counted from 0; none: it was stopped.
pub fn cross_validate(
    run: &RunFile,
    hidden: Option<&Hidden>,
    threads: usize,
    count: usize,
    observe: &mut (dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send),
) -> Result<Option<CrossValidation>, Error> {
    let mut plain = run.clone();
    // Chosen below, on all rows.
    plain.train.threshold = Threshold::default();
    let (mut costs, mut parts, mut about) = (Vec::new(), Vec::new(), None);
    for fold in 0..count {
        let job = job_on(&plain, hidden, threads, Part::WithoutFold(fold, count))?;
        let outcome = session::train(&job, &mut |progress| observe(fold, progress))?;
        match outcome.end {
            End::Diverged(divergence) => {
                let message = format!("without fold {} of {count}: {divergence}", fold + 1);
                return Err(Error::new(Kind::Diverged, message).hint("a smaller --learning-rate, or --standardize true"));
            }
            End::Stopped(_) => return Ok(None),
            End::Finished | End::Patient(_) => {}
        }
        let own = job.metric.clone().zip(outcome.after.own.and_then(|(_, held)| held));
        costs.extend(outcome.after.held.map(|(cost, _)| (cost, own)));
        let of_job = (job.task, job.outputs(), job.train.rows + job.held.rows);
        if *about.get_or_insert(of_job) != of_job {
            return Err(Error::new(Kind::Data, "the table changed while its folds were trained on").file(job.data));
        }
        parts.push((job.held, outcome.held));
    }
    let (task, width, rows) = about.ok_or_else(|| Error::new(Kind::Usage, "a cross-validation without folds"))?;
    let (mut fold_of, mut outputs, mut y) = (vec![0; rows], vec![0.0; rows * width], vec![0.0; rows * width]);
    for (fold, (held, said)) in parts.iter().enumerate() {
        for (place, &row) in held.numbers.iter().enumerate() {
            fold_of[row] = fold;
            outputs[row * width..][..width].copy_from_slice(&said[place * width..][..width]);
            y[row * width..][..width].copy_from_slice(&held.y[place * width..][..width]);
        }
    }
    let threshold = if task == Task::TwoClasses { run.train.threshold.choose(&outputs, &y) } else { HALF };
    let fold = |((held, said), (cost, own)): (&(crate::job::Rows, Vec<f64>), (f64, Option<(String, f64)>))| Fold {
        metrics: Metrics::of(task, width, said, &held.y, cost, threshold),
        rows: held.numbers.clone(),
        cost,
        own,
    };
    let folds = parts.iter().zip(costs).map(fold).collect();
    Ok(Some(CrossValidation { folds, fold_of, outputs, threshold }))
}
