//! What leads the first step of a model's training besides its optimizer: the schedule's rate, clipping, and the rows it is taken on.

use super::Subject;
use super::digits::{USUAL, said};
use super::update::frozen;
use backlit_engine::clip::{Clip, norm};
use backlit_engine::optimizers::Lead;
use backlit_engine::plan::Plan;
use backlit_engine::schedule::{Place, Schedule};
use backlit_engine::step::Runner;

/// Significant digits of a share in per cent.
const PERCENT: usize = 4;

/// How the training of the model file begins, and what a reader should know of it. The gradient is that of the subject's rows.
pub(super) fn lead(subject: &Subject) -> (Lead, Vec<String>) {
    let training = &subject.metadata.training;
    // Training that went on from such a network moved all of it as one.
    if let Some(members) = subject.members().filter(|_| training.from.is_none()) {
        let more = if training.course.changes_updates() { ", at the base rate and without clipping" } else { "" };
        let says =
            format!("Training moved each of the {members} networks by itself, on rows of its own; this step moves all at once{more}.");
        return (Lead::default(), vec![says]);
    }
    let mut says = Vec::new();
    let course = training.course.engine().unwrap_or_default();
    let factor = course.schedule.as_ref().and_then(|schedule| factor(subject, schedule, &mut says));
    let size = course.clip.norm.map_or(0.0, |_| size(subject, course.clip));
    if course.clip.norm.is_some() {
        let after = if course.clip.value.is_some() { ", each of its numbers bounded before" } else { "" };
        says.push(format!(
            "Clipping by norm looks at the whole gradient of {}, by every parameter that is updated{after}: ‖g‖ = {}.",
            rows(subject),
            said(size, USUAL)
        ));
    }
    let batch = training.batch.unwrap_or(training.rows).min(training.rows);
    if batch != subject.rows.len() {
        let of = if batch == training.rows { format!("all its {batch} rows") } else { format!("{batch} of its {} rows", training.rows) };
        says.push(format!("Training takes {of} in a step; the gradient here is of {}.", rows(subject)));
    }
    (Lead { factor, clip: course.clip, size }, says)
}

/// What the gradient is of.
fn rows(subject: &Subject) -> String {
    match subject.rows.as_slice() {
        [row] => format!("row {row}"),
        rows => format!("the mean over {} rows", rows.len()),
    }
}

/// The schedule's factor in the first step; none where it depends on a number of epochs that the model file does not have.
fn factor(subject: &Subject, schedule: &Schedule, says: &mut Vec<String>) -> Option<f64> {
    let training = &subject.metadata.training;
    let (epochs, rows) = (training.planned.unwrap_or(training.epochs), training.rows.max(1));
    let per_epoch = rows.div_ceil(training.batch.unwrap_or(rows).clamp(1, rows)) as u64;
    let at = |epochs: u64| schedule.factor(Place { step: 0, steps: epochs.saturating_mul(per_epoch), per_epoch });
    let named = match (&training.course.schedule, training.course.warmup) {
        (Some(name), None) => name.clone(),
        (None, Some(share)) => format!("a warm-up over {} % of the steps", said(100.0 * share, PERCENT)),
        (Some(name), Some(share)) => format!("{name} with a warm-up over {} % of the steps", said(100.0 * share, PERCENT)),
        (None, None) => return None,
    };
    let depends = at(1) != at(1000) || at(1000) != at(1_000_000);
    if epochs == 0 && depends {
        says.push(format!(
            "The rate is shown without {named}: what that makes of the first step goes by the number of epochs, and the model file tells of a \
             training of none."
        ));
        return None;
    }
    let factor = at(epochs.max(1));
    let steps = epochs.saturating_mul(per_epoch);
    let of =
        if epochs == 0 { "the first step".to_string() } else { format!("the first of {steps} steps ({epochs} epochs of {per_epoch})") };
    says.push(format!("The rate is that of {of}: {named} multiplies it by {}.", said(factor, USUAL)));
    Some(factor)
}

/// ‖g‖₂ over the parameters that are updated, each number bounded before.
fn size(subject: &Subject, clip: Clip) -> f64 {
    let (graph, rows) = (&subject.built.graph, subject.rows.len());
    let plan = Plan::gradient(graph, subject.built.cost);
    let mut gradient = vec![0.0; subject.parameters.len()];
    Runner::new(&plan, rows, 1).gradient(&plan, &subject.parameters, &subject.data(), rows, &mut gradient);
    clip.by_value(&mut gradient);
    frozen(subject).into_iter().for_each(|range| gradient[range].fill(0.0));
    norm(std::slice::from_ref(&(0..gradient.len())), &gradient)
}

/// In a sentence, what dropout does in training and not here; none: there is none. `shares`: each with its layer, counted from 1.
pub fn dropout_said(shares: &[(usize, f64)]) -> Option<String> {
    let each: Vec<String> = shares.iter().map(|(layer, share)| format!("{share} of layer {layer}")).collect();
    let strikes = if each.len() == 1 { "strikes" } else { "strike" };
    (!each.is_empty()).then(|| format!("Dropout {} {strikes} out numbers in training; here nothing is struck out.", each.join(", ")))
}
