//! Cross-validation: each row is predicted by a network that was not trained on it. Of folds in the order of time each is predicted by one
//! that was trained on the rows before it; the first rows of all have no prediction then.
//!
//! Where a fold would choose its own epoch, as early stopping does, its cost would flatter. So each fold's network ends after the median
//! of the epochs that the other folds chose, in the order of time the earlier ones; where that is another one, it is trained once more.

use crate::calibration;
use crate::checkpoint::Checkpoints;
use crate::conformal::Residuals;
use crate::course::{Course, Keep};
use crate::error::{Error, Kind};
use crate::fallen::Fallen;
use crate::job::{Calibrate, Job, Rows};
use crate::median::middle;
use crate::metrics::{HALF, Metrics, Own, Threshold};
use crate::model_file::Task;
use crate::prepare::{Hidden, Part, Read, job_of};
use crate::recipe::Recipe;
use crate::said::Said;
use crate::session::{self, Outcome, Progress};
use crate::several::{Observe, Several};
use crate::splits::{NO_FOLD, Split};
use backlit_engine::train::End;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

/// What came of a cross-validation.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// One for each fold.
    pub folds: Vec<Fold>,
    /// The fold of each row, in the order of the training on all rows; [`NO_FOLD`] of those before the first.
    pub fold_of: Vec<u32>,
    /// rows in folds × outputs: what the network that was not trained on the row says, in the target's units or as probabilities, calibrated where
    /// these are.
    pub outputs: Said,
    /// Of numbers: how far these outputs are from what is right.
    pub residuals: Option<Residuals>,
    /// The median over the folds of the epoch, counted from 1, after which each of them cost least, or ended, where something waited for
    /// that: the lower middle of an even number.
    pub epochs: Option<u64>,
    /// Of two classes and of labels: the probability above which the second is predicted, chosen on these outputs if it was to be chosen.
    pub threshold: f64,
    /// Where probabilities are calibrated: the temperature, chosen on these outputs, for the training on all rows.
    pub temperature: Option<f64>,
    /// What these outputs themselves have decided, so that costs and measures flatter.
    pub decided: Vec<&'static str>,
}

/// How good the network trained on the other folds is on this one.
#[derive(Clone, Debug)]
pub struct Fold {
    /// How many rows are in it.
    pub rows: usize,
    /// Mean cost of these rows, in the target's units.
    pub cost: f64,
    /// Measures on these rows.
    pub metrics: Metrics,
    /// The measure typed as a formula, and its value, if there is one.
    pub own: Option<(String, f64)>,
    /// After how many epochs its network ended, which the other folds have decided; none: after all.
    pub epochs: Option<u64>,
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

    /// How many rows are in no fold.
    pub fn unpredicted(&self) -> usize {
        self.fold_of.iter().filter(|fold| **fold == NO_FOLD).count()
    }

    /// Hands on all rows in the order of the data: the row's number there, what is right, and its fold with what is said of it, a number
    /// for each output; none of a row in no fold. `job`: the training on all rows
    #[allow(clippy::type_complexity)]
    pub fn rows(&self, job: &Job, each: &mut dyn FnMut(usize, &[f64], Option<(u32, &[f64])>)) -> Result<(), Error> {
        let (all, width, mut room) = (job.train.targets(), job.outputs(), Vec::new());
        let (mut row, numbers) = (0, &job.train.numbers);
        let judged = judged(&job.train, &self.fold_of, width);
        self.outputs.beside_right(judged.targets(), &mut |_, a, y| {
            while self.fold_of[row] == NO_FOLD {
                each(numbers[row], all.of(row, 1, width, &mut room), None);
                row += 1;
            }
            each(numbers[row], y, Some((self.fold_of[row], a)));
            row += 1;
        })?;
        (row..numbers.len()).for_each(|row| each(numbers[row], all.of(row, 1, width, &mut room), None));
        job.train.check()
    }

    /// The measure typed as a formula over the folds, if there is one: its text and its spread.
    pub fn own(&self) -> Option<(&str, Option<Spread>)> {
        let (text, _) = self.folds.first()?.own.as_ref()?;
        Some((text, Spread::of(self.folds.iter().map(|fold| fold.own.as_ref().map(|(_, value)| *value)))))
    }
}

/// A network trained without a fold.
struct Trained {
    /// Without the rows trained on.
    job: Job,
    calibrates: bool,
    outcome: Outcome,
}

impl Trained {
    /// The epochs after which this fold cost least, or ended, where something waited for that.
    fn chose(&self) -> Option<u64> {
        let Trained { job: Job { course, .. }, outcome, .. } = self;
        let waits = course.patience.is_some() || course.keeps_best();
        waits.then(|| outcome.best.filter(|_| course.keeps_best()).map_or(outcome.epochs, |best| best.epoch + 1))
    }
}

/// How many trainings a cross-validation has at most: of a fold two where it would choose its own epoch.
pub fn trainings(read: &Read, count: usize) -> usize {
    let course = &read.run.train.course;
    // The recipe has not filled it in yet.
    let filled = Recipe::of(&read.run) != Recipe::Plain && course.keep.is_none();
    if course.patience.is_some() || course.keeps_best() || filled { 2 * count } else { count }
}

/// For each of `count` folds of data that were read trains a network on the rows of the others, by time on those before, from the same initial parameters (but for
/// those that begin by its rows), as many at a time as there are threads. `job`: the training on all rows that comes behind, whose checkpoints each fold's stand beside.
/// `observe` is called after each step with the fold, counted from 0, or where a fold is trained once more with `count` and the fold;
/// none: it was stopped.
pub fn cross_validate(
    (read, hidden): (&Read, Option<&Hidden>),
    job: &Job,
    count: usize,
    checkpoints: Option<&Checkpoints>,
    observe: &mut (dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send),
) -> Result<Option<CrossValidation>, Error> {
    let several = Several::of(count, job);
    let (all, fold_of) = (job, Mutex::new(vec![NO_FOLD; job.train.rows]));
    let without = |fold: usize, threads: usize, until: Option<u64>, observe: &mut Observe<'_>| {
        let word = if until.is_some() { "refit" } else { "fold" };
        let mut part = checkpoints.map(|checkpoints| checkpoints.part(word, fold)).transpose()?;
        let mut plain = read.clone().within(several.share(read.memory()));
        // Chosen below, on all rows.
        plain.run.train.threshold = Threshold::default();
        if until.is_some() {
            // Where nothing is said the recipe would keep the best epoch.
            let course = &mut plain.run.train.course;
            *course = Course { keep: Some(Keep::Last), ..course.without_waiting() };
        }
        let mut job = job_of(plain, hidden, threads, Part::WithoutFold(fold, count))?;
        mark(&mut fold_of.lock().unwrap_or_else(PoisonError::into_inner), &all.train.numbers, &job.held.numbers, fold);
        let calibrates = job.calibrate != Calibrate::No;
        (job.calibrate, job.until) = (Calibrate::No, until);
        let outcome = session::train_kept(&job, part.as_mut(), observe)?;
        if let End::Diverged(divergence) = outcome.end {
            return Err(Fallen { word: "fold", number: fold, count, divergence }.error(job.input_scaler.is_some()));
        }
        // Its rows are of no use any more.
        let job = Job { train: Rows::default(), held: Rows::default(), ..job };
        Ok::<_, Error>(Trained { job, calibrates, outcome })
    };
    let came = several.train(observe, &|fold, threads, observe| without(fold, threads, None, observe))?;
    let is_whole = |trained: &Trained| !matches!(trained.outcome.end, End::Stopped(_));
    let Some(mut came) = came.into_iter().map(|one| one.filter(is_whole)).collect::<Option<Vec<Trained>>>() else { return Ok(None) };
    let chosen: Option<Vec<u64>> = came.iter().map(Trained::chose).collect();
    let first = came.first().map_or(0, |first| first.job.epochs);
    let is_ordered = matches!(all.split, Split::Time(_));
    let ends = chosen.as_deref().map(|chosen| if is_ordered { by_those_before(chosen, first) } else { by_the_others(chosen) });
    if let (Some(chosen), Some(ends)) = (&chosen, &ends) {
        let again = several.train(&mut |fold, progress| observe(count + fold, progress), &|fold, threads, observe| {
            (chosen[fold] != ends[fold]).then(|| without(fold, threads, Some(ends[fold]), observe)).transpose()
        })?;
        for (first, again) in came.iter_mut().zip(again) {
            match again {
                Some(Some(again)) if is_whole(&again) => *first = again,
                Some(None) => {}
                _ => return Ok(None),
            }
        }
    }
    let fold_of = fold_of.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (mut costs, mut parts, mut about) = (Vec::new(), Vec::new(), None);
    let (mut calibrates, mut metric) = (false, None);
    for Trained { job, calibrates: calibrated, outcome } in came {
        calibrates |= calibrated;
        costs.extend(outcome.after.held.map(|(cost, _)| cost));
        metric = job.metric.clone();
        about = Some((job.task, job.outputs()));
        parts.push(outcome.held);
    }
    let (task, width) = about.ok_or_else(|| Error::new(Kind::Usage, "a cross-validation without folds"))?;
    // Those of a fold's own training go by what the rows of the other folds weigh.
    let judged = judged(&job.train, &fold_of, width);
    let (targets, w) = (judged.targets(), &judged.w);
    let in_folds: Vec<u32> = fold_of.iter().copied().filter(|fold| *fold != NO_FOLD).collect();
    let mut outputs = Said::merged(width, &in_folds, &parts)?;
    drop(in_folds);
    let temperature = match calibrates {
        true => match calibration::temperature_of(task, width, &outputs, targets, w, &job.stop)? {
            None => return Ok(None),
            found => found,
        },
        false => None,
    };
    // What follows goes by the probabilities that the model will say.
    if let Some(temperature) = temperature {
        outputs = calibration::cool(task, width, &outputs, targets, temperature)?.0;
    }
    let residuals =
        if task == Task::Regression { Residuals::of_said(width, &outputs, targets)?.map(Residuals::out_of_folds) } else { None };
    let is_cut = matches!(task, Task::TwoClasses | Task::Labels);
    let threshold = match read.run.train.threshold {
        _ if !is_cut => HALF,
        Threshold::At(threshold) => threshold,
        found => found.choose_by(&outputs.column(0)?, |row| targets.is(row, width, 0), w),
    };
    let own = metric.as_deref().map(Own::read).transpose().map_err(|message| Error::new(Kind::Usage, message))?;
    let mut folds = Vec::with_capacity(parts.len());
    for (fold, (mut said, mut cost)) in parts.into_iter().zip(costs).enumerate() {
        let places: Vec<usize> = (0..fold_of.len()).filter(|&row| fold_of[row] as usize == fold).collect();
        let held = job.train.right_of(&places, width);
        if let Some(temperature) = temperature {
            let (cooled, summed) = calibration::cool(task, width, &said, held.targets(), temperature)?;
            (said, cost) = (cooled, summed / held.rows as f64);
        }
        let of_own = |own: &Own| Ok::<_, Error>(own.of_said(&said, held.targets())?.map(|value| (own.text.clone(), value)));
        folds.push(Fold {
            metrics: Metrics::of_said(task, width, &said, held.targets(), threshold)?,
            rows: held.rows,
            cost,
            own: own.as_ref().map(of_own).transpose()?.flatten(),
            epochs: ends.as_ref().map(|ends| ends[fold]),
        });
    }
    job.train.check()?;
    let epochs = chosen.and_then(lower_median);
    let decided = [(temperature.is_some(), "the temperature"), (is_cut && read.run.train.threshold.is_found(), "the threshold")];
    let decided = decided.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect();
    Ok(Some(CrossValidation { folds, fold_of, outputs, residuals, epochs, threshold, temperature, decided }))
}

/// Puts the fold down for its rows. `numbers`: of all rows, in order; `held`: of the fold's
fn mark(fold_of: &mut [u32], numbers: &[usize], held: &[usize], fold: usize) {
    let mut places = numbers.iter().zip(fold_of);
    for number in held {
        if let Some((_, of)) = places.find(|(known, _)| *known == number) {
            *of = fold as u32;
        }
    }
}

/// What is right for the rows that are in a fold, and what they weigh. `train`: all rows
fn judged<'a>(train: &'a Rows, fold_of: &[u32], width: usize) -> Cow<'a, Rows> {
    if !fold_of.contains(&NO_FOLD) {
        return Cow::Borrowed(train);
    }
    let places: Vec<usize> = (0..fold_of.len()).filter(|&row| fold_of[row] != NO_FOLD).collect();
    let w = if train.w.is_empty() { Vec::new() } else { places.iter().map(|&place| train.w[place]).collect() };
    Cow::Owned(Rows { w, ..train.right_of(&places, width) })
}

/// For each number the median of those before it; for the first, which has none, `first`.
fn by_those_before(numbers: &[u64], first: u64) -> Vec<u64> {
    (0..numbers.len()).map(|k| lower_median(numbers[..k].to_vec()).unwrap_or(first)).collect()
}

/// For each number the median of the others.
fn by_the_others(numbers: &[u64]) -> Vec<u64> {
    let others = |k: usize| numbers[..k].iter().chain(&numbers[k + 1..]).copied().collect();
    (0..numbers.len()).map(|k| lower_median(others(k)).unwrap_or(numbers[k])).collect()
}

/// The median, of an even number the lower middle: an epoch that one of them chose. None of none.
fn lower_median(mut numbers: Vec<u64>) -> Option<u64> {
    numbers.sort_unstable();
    middle(&numbers).map(|(low, _)| low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_epoch_is_one_that_was_chosen() {
        let of = [vec![], vec![3], vec![9, 1, 4], vec![5, 2], vec![8, 2, 4, 7]];
        assert_eq!(of.map(lower_median), [None, Some(3), Some(4), Some(2), Some(4)]);
    }

    #[test]
    fn in_the_order_of_time_no_later_fold_decides_an_epoch() {
        assert_eq!(by_those_before(&[9, 1, 4, 6], 20), [20, 9, 1, 4]);
        for later in [[0, 5], [7, 1000]] {
            assert_eq!(by_those_before(&[3, 8, later[0], later[1]], 20)[..3], [20, 3, 3]);
        }
    }

    #[test]
    fn no_fold_decides_its_own_epoch() {
        assert_eq!(by_the_others(&[9, 1, 4, 6]), [4, 6, 6, 4]);
        assert_eq!(by_the_others(&[9, 1]), [1, 9]);
        for own in [0, 5, 1000] {
            assert_eq!(by_the_others(&[3, own, 8, 5])[1], 5);
        }
    }
}
