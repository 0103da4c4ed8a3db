//! What leads the training, and whether it makes sense for these rows.

use super::usage;
use crate::calibration;
use crate::data::shortened;
use crate::error::Error;
use crate::job::{Calibrate, Rows};
use crate::metrics::Own;
use crate::model_file::{Shape, Task};
use crate::recipe::plain;
use crate::run_file::{Batch, Judge, RunFile, Source};
use crate::splits::Split;
use std::ops::Range;

/// Rows of a step; none: all. `train_on`: the rows of each network
pub(super) fn batch(run: &RunFile, train_on: &[usize]) -> Result<Option<usize>, Error> {
    let searches = run.train.optimizer() == "lbfgs";
    match run.train.batch {
        Some(Batch::Full) => Ok(None),
        Some(Batch::Rows(rows)) if searches && train_on.iter().any(|&all| rows < all) => {
            Err(usage(run, format!("lbfgs takes all rows in a step, expected a full batch, came {rows} rows")).key("train.batch"))
        }
        Some(Batch::Rows(rows)) => Ok(Some(rows)),
        None if searches || matches!(run.data.source, Source::Inline { .. }) => Ok(None),
        None => Ok(Some(plain::BATCH)),
    }
}

/// What becomes of the probabilities after training.
pub(super) fn calibrates(run: &RunFile, task: Task, shape: &Shape, frozen: &[Range<usize>], held: usize) -> Result<Calibrate, Error> {
    let wrong = |message: &str, hint: &str| Err(usage(run, message).key("train.calibrate").hint(hint));
    match (run.train.calibrate, calibration::suits(task, shape, frozen)) {
        (Some(true), Err(message)) => wrong(&message, "leave it out"),
        (Some(true), Ok(())) if held > 0 => Ok(Calibrate::OnHeld),
        // The folds will tell.
        (Some(true), Ok(())) if run.train.folds.is_some() => Ok(Calibrate::No),
        (Some(true), Ok(())) => wrong("probabilities are calibrated on rows kept aside; there are none", "a validation share above 0"),
        _ => Ok(Calibrate::No),
    }
}

/// Whether the course makes sense, and has the rows it listens to.
pub(super) fn led(run: &RunFile, held: usize) -> Result<(), Error> {
    let course = &run.train.course;
    course.engine().map_err(|(key, message)| usage(run, message).key(format!("train.{key}")))?;
    let clips = course.clip_norm.map(|_| "clip_norm").or(course.clip_value.map(|_| "clip_value"));
    if let (Some(key), "lbfgs") = (clips, run.train.optimizer()) {
        let message = format!("{key} has no place in lbfgs, which searches along the whole gradient; leave it out");
        return Err(usage(run, message).key(format!("train.{key}")));
    }
    match course.needs_held() {
        Some(key) if held == 0 => {
            let needs = format!("{key} needs rows kept aside to tell better from worse");
            let (message, hint) = match run.train.folds {
                // All but the schedule waits only in the folds' own trainings, and leaves a number of epochs that the others can go by.
                Some(_) => (
                    format!("{needs}: a fold's would decide the rate that the fold is judged at, and all rows behind the folds have none"),
                    "a schedule that goes by the epoch alone, such as cosine or step(30, 0.1); or plateau without folds",
                ),
                None => (format!("{needs}; there are none"), "a validation share above 0"),
            };
            Err(usage(run, message).key(format!("train.{key}")).hint(hint))
        }
        _ => Ok(()),
    }
}

/// Whether the rows kept aside weigh anything, where something listens to them.
pub(super) fn counts(run: &RunFile, held: &Rows) -> Result<(), Error> {
    let listens = run.train.course.needs_held().is_some() || run.train.threshold.is_found() || run.train.calibrate == Some(true);
    match listens && !held.w.is_empty() && held.w.iter().all(|&w| w == 0.0) {
        true => Err(usage(run, "the rows kept aside all weigh 0, so they cannot tell better from worse")
            .key("data.weights")
            .hint(other_rows(run, "weights above 0 in some"))),
        false => Ok(()),
    }
}

/// What to try where the rows kept aside lack something; `some`: what rows of a file would need
pub(super) fn other_rows(run: &RunFile, some: &str) -> String {
    let larger = "a larger validation share";
    match (&run.data.validation_file, run.train.folds, &run.data.split) {
        (Some(file), ..) => format!("{some} rows of {}", shortened(&file.display().to_string())),
        (None, Some(_), _) => "fewer folds, or another seed".into(),
        (None, None, Split::Time(_)) => larger.into(),
        (None, None, _) => format!("{larger}, or another seed"),
    }
}

/// The measure that was typed, in plain white space, and whether it has a place.
pub(super) fn metric(run: &RunFile) -> Result<Option<String>, Error> {
    let metric = run.train.metric.as_deref().map(Own::read).transpose();
    let metric = metric.map_err(|message| usage(run, message).key("train.metric"))?.map(|own| own.text);
    if run.train.course.judge == Some(Judge::Cost) && run.train.course.needs_held().is_none() {
        return Err(usage(run, "nothing listens to the cost").key("train.judge").hint("--patience, or --keep best"));
    }
    if run.train.course.judged_by_metric() {
        let wrong = |message: &str, hint: &str| Err(usage(run, message).key("train.judge").hint(hint));
        match run.train.course.needs_held() {
            _ if metric.is_none() => return wrong("there is no metric to judge by", "--metric with a formula in a and y"),
            None => return wrong("nothing listens to the metric", "--patience, or --keep best"),
            _ if run.train.course.listens_to_cost() => {
                return wrong("the schedule plateau listens to the cost", "another schedule, or the cost as judge");
            }
            Some(_) => {}
        }
    }
    Ok(metric)
}
