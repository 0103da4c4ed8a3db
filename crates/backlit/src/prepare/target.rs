//! What is predicted, and by which loss.

use super::training::other_rows;
use super::{labels, usage};
use crate::data::Columns;
use crate::data::cells::excerpt;
use crate::encoder::Encoder;
use crate::error::{Error, Kind};
use crate::job::Rows;
use crate::metrics::Threshold;
use crate::model_file::Task;
use crate::predictor::loss_between;
use crate::run_file::{RunFile, Source};
use crate::scaler::Scaler;
use backlit_engine::ops;

/// A target of whole numbers with at most so many values is taken as classes.
const MOST_CLASSES_BY_SIGHT: usize = 20;
/// Most classes there can be.
const MOST_CLASSES: usize = 10_000;

/// What is predicted: as said, else as the loss implies, else as the target looks.
pub(super) fn task(
    run: &RunFile,
    columns: &Columns<'_>,
    targets: &[String],
    encoder: Option<&Encoder>,
    notes: &mut Vec<String>,
) -> Result<(Task, Vec<f64>), Error> {
    let table = columns.table;
    if matches!(run.data.source, Source::Inline { .. }) {
        return match run.network.task {
            None | Some(Task::Values | Task::Regression) => Ok((Task::Values, Vec::new())),
            Some(_) => Err(usage(run, "worked examples are numbers as they are; classes need a table").key("network.task")),
        };
    }
    if let Some(classes) = labels::told(run, columns, targets, encoder, notes)? {
        return Ok((Task::Labels, classes));
    }
    let words = encoder.is_some_and(|encoder| encoder.classes().is_some());
    let mut values = columns.take(&targets[0])?;
    values.sort_by(f64::total_cmp);
    values.dedup();
    let loss = run.network.loss.as_deref().unwrap_or("");
    let by_sight = run.network.task.is_none() && loss.is_empty();
    let looks_like_classes = targets.len() == 1 && looks_like_classes(&values, columns.rows);
    let takes_classes = loss == "cross_entropy" || loss == "binary_cross_entropy" && values.len() == 2;
    if words && run.network.task.is_none() && !loss.is_empty() && !takes_classes {
        let error = Error::new(Kind::Data, format!("the target holds words, not numbers as {loss} takes them")).file(&table.source);
        return Err(error.column(&targets[0]).hint("leave --loss out"));
    }
    let task = match (run.network.task, loss) {
        (None, "") if words && values.len() == 2 => Task::TwoClasses,
        (None, "") if words => Task::Classes,
        (Some(Task::Regression | Task::Values), _) if words => {
            let error = Error::new(Kind::Data, "the target holds words, not numbers").file(&table.source).column(&targets[0]);
            return Err(error.hint("--task classes"));
        }
        (Some(Task::Classes), "binary_cross_entropy") if values.len() == 2 => Task::TwoClasses,
        (Some(Task::Classes), "") if values.len() == 2 => Task::TwoClasses,
        (Some(task), _) => task,
        (None, "cross_entropy") => Task::Classes,
        (None, "binary_cross_entropy") if targets.len() == 1 && values.len() == 2 => Task::TwoClasses,
        (None, "binary_cross_entropy") => Task::Values,
        (None, "") if looks_like_classes && values.len() == 2 => Task::TwoClasses,
        (None, "") if looks_like_classes => Task::Classes,
        _ => Task::Regression,
    };
    match task {
        // These losses take targets as they are, between 0 and 1.
        Task::Regression if loss.ends_with("cross_entropy") => return Ok((Task::Values, Vec::new())),
        Task::Regression | Task::Values => return Ok((task, Vec::new())),
        Task::Classes | Task::TwoClasses | Task::Labels => {}
    }
    let target = &targets[0];
    let wrong = |message: String| Error::new(Kind::Data, message).file(&table.source).column(target);
    if targets.len() > 1 {
        let hint = if words { "--task labels, where each holds two values" } else { "--task regression, or --task labels" };
        return Err(wrong(format!("classes stand in one target column, came {}", targets.len())).hint(hint));
    }
    if values.len() < 2 || values.len() > MOST_CLASSES || (task == Task::TwoClasses && values.len() != 2) {
        let error = wrong(format!("expected 2 to {MOST_CLASSES} classes, came {}", values.len()));
        return Err(if words { error } else { error.hint("--task regression") });
    }
    if by_sight && !words {
        let target = excerpt(target);
        notes.push(format!("'{target}' holds {} whole numbers: taken as classes (--task regression takes them as numbers)", values.len()));
    }
    let fractions = values.iter().filter(|value| value.fract() != 0.0).count();
    if fractions > 0 && !words {
        let how =
            "each is a class of its own, near to none of the others (--task regression, without a loss of classes, takes them as numbers)";
        notes.push(format!("'{}' holds {} different numbers, {fractions} of them with fractions: {how}", excerpt(target), values.len()));
    }
    Ok((task, values))
}

/// Whether a target of these values, each once, is taken as classes where nobody says.
pub(crate) fn looks_like_classes(values: &[f64], rows: usize) -> bool {
    let whole = values.iter().all(|value| value.fract() == 0.0 && value.abs() < 1e6);
    whole && values.len() >= 2 && values.len() <= MOST_CLASSES_BY_SIGHT && values.len() * 5 <= rows
}

/// The loss, held against the task.
pub(super) fn loss(run: &RunFile, task: Task) -> Result<String, Error> {
    let needed = match task {
        Task::Regression | Task::Values => None,
        Task::Classes => Some("cross_entropy"),
        Task::TwoClasses | Task::Labels => Some("binary_cross_entropy"),
    };
    let loss = run.network.loss.clone().unwrap_or_else(|| needed.unwrap_or("half_squared_error").into());
    ops::loss::<f64>(&loss).map_err(|message| usage(run, message).key("network.loss"))?;
    match needed {
        Some(needed) if needed != loss => Err(usage(run, format!("expected {needed} for classes, came {loss}"))
            .key("network.loss")
            .hint("--task regression, or leave the loss out")),
        _ => Ok(loss),
    }
}

/// Whether a threshold that was asked for has a probability to stand above, and the rows to be found on.
pub(super) fn threshold(run: &RunFile, task: Task, held: &Rows) -> Result<(), Error> {
    let threshold = run.train.threshold;
    let wrong = |message: &str, hint: &str| Err(usage(run, message).key("train.threshold").hint(hint));
    match task {
        Task::TwoClasses => {}
        Task::Labels if threshold.is_found() => {
            return wrong("f1 and balanced choose it for two classes; labels share one number", "a number, or leave it out");
        }
        Task::Labels => return Ok(()),
        _ if threshold == Threshold::default() => return Ok(()),
        Task::Classes => return wrong("a threshold is for two classes with one probability, binary_cross_entropy", "leave it out"),
        Task::Regression | Task::Values => return wrong("a threshold is for two classes, but numbers are predicted", "leave it out"),
    }
    match (threshold.is_found(), (0..2).all(|class| (0..held.rows).any(|row| held.class(row, 1) == class))) {
        (true, false) => wrong(
            "the threshold is chosen on the rows kept aside, but these do not hold both classes",
            &format!("{}, or a number for the threshold", other_rows(run, "both classes among the")),
        ),
        _ => Ok(()),
    }
}

/// The first target whose cost, and so that of all rows, is beyond the largest number: its place, counting numbers. Predictions are up to
/// ten scales away from the mean. With the number
pub(super) fn beyond(loss: &str, scaler: &Scaler, rows: &Rows) -> Result<Option<(usize, f64)>, Error> {
    let outputs = scaler.mean.len();
    let mut farthest: Vec<Option<(usize, f64)>> = vec![None; outputs];
    rows.right(outputs, &mut |first, y| {
        for (place, &y) in y.iter().enumerate() {
            let k = place % outputs;
            let away = |y: f64| (y - scaler.mean[k]).abs();
            if farthest[k].is_none_or(|(_, known)| away(y).total_cmp(&away(known)).is_ge()) {
                farthest[k] = Some((first * outputs + place, y));
            }
        }
    })?;
    let all = rows.rows.max(1) as f64 * outputs as f64;
    let far = |(k, farthest): (usize, Option<(usize, f64)>)| {
        let (_, y) = farthest?;
        let side = if y < scaler.mean[k] { 10.0 } else { -10.0 };
        let cost = loss_between(loss, 1, &[scaler.mean[k] + side * scaler.scale[k]], &[y]);
        (!(all * cost).is_finite()).then_some(farthest).flatten()
    };
    Ok(farthest.into_iter().enumerate().find_map(far))
}

/// Whether a loss is defined for some targets alone.
pub(super) fn is_particular(loss: &str) -> bool {
    matches!(loss, "binary_cross_entropy" | "poisson" | "cross_entropy")
}

/// Targets that a loss is not defined for: where the first one stands, counting numbers, and what is wrong.
pub(super) fn suits(loss: &str, outputs: usize, y: &[f64]) -> Result<(), (usize, String)> {
    let first = |wrong: &dyn Fn(f64) -> bool, expected: &str| match y.iter().position(|&y| wrong(y)) {
        Some(place) => Err((place, format!("{loss} expects {expected}, came {}", y[place]))),
        None => Ok(()),
    };
    match loss {
        "binary_cross_entropy" => first(&|y| !(0.0..=1.0).contains(&y), "targets from 0 to 1"),
        "poisson" => first(&|y| y < 0.0, "targets of 0 or more"),
        "cross_entropy" if outputs < 2 => Err((0, "cross_entropy expects at least two outputs, one for each class, came 1".into())),
        "cross_entropy" => first(&|y| y < 0.0, "targets of 0 or more"),
        _ => Ok(()),
    }
}
