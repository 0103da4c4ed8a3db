//! The plots of a training: cost by epoch, and what is predicted beside what is right.

use super::{Figure, number, rows, text, unseen};
use crate::document::Table;
use crate::drawing::matrix;
use crate::drawing::plot::{Axis, Plot, Series};
use crate::error::Error;
use crate::history::Line;
use crate::job::{Job, Rows};
use crate::metrics::{Bin, Bins, Metrics, Roc, most_probable};
use crate::model_file::Task;
use crate::said::{Said, beside_from};
use crate::session::Outcome;
use backlit_engine::train::End;
use std::collections::BTreeMap;

/// Dots of a plot; of more rows every second one is drawn, or third ….
const DOTS: usize = 2000;
/// Curves of a plot: those of the first so many classes, or labels.
const CURVES: usize = 10;
/// Targets with plots of their own.
const TARGETS: usize = 6;
/// Classes of a confusion matrix that is drawn.
const CONFUSED: usize = 25;

/// The first words of a plot's name.
const NAMES: [&str; 6] = ["cost", "predicted", "residuals", "roc", "calibration", "confusion"];

/// Whether a plot could be called that.
pub fn is_name(name: &str) -> bool {
    let base = name.split_once('-').map_or(name, |(base, rest)| if rest.bytes().all(|byte| byte.is_ascii_digit()) { base } else { name });
    NAMES.contains(&base)
}

/// All plots that there is something to draw for.
pub fn figures(job: &Job, outcome: &Outcome, lines: &[Line]) -> Result<Vec<Figure>, Error> {
    let is_held = outcome.held.rows() > 0;
    let said = if is_held { &outcome.held } else { &outcome.trained };
    let shown = if is_held { outcome.unseen(job) } else { &job.train };
    let on = format!("On {}", if is_held { unseen(job, outcome) } else { rows(shown.rows, "trained on") });
    let mut figures: Vec<Figure> = costs(job, outcome, lines).into_iter().collect();
    if shown.rows == 0 || said.rows() != shown.rows {
        return Ok(figures);
    }
    match job.task {
        Task::Regression | Task::Values => {
            let drawn = drawn(job, shown, said)?;
            drawn.into_iter().enumerate().for_each(|(k, pairs)| figures.extend(numbers(job, shown, pairs, k, &on)));
        }
        Task::TwoClasses | Task::Classes | Task::Labels => {
            figures.extend(confusion(job, outcome, &on));
            figures.extend(roc(job, shown, said, &on)?);
            figures.push(calibration(job, shown, said, &on)?);
        }
    }
    Ok(figures)
}

fn axis(label: &str) -> Axis {
    Axis { label: label.into(), log: false }
}

fn series(name: impl Into<String>, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.into(), points }
}

/// A figure of lines alone.
fn lined(name: &str, plot: Plot, caption: String, table: Option<Table>) -> Figure {
    Figure { name: name.into(), svg: plot.svg(), alternative: plot.alternative(), caption, table }
}

/// The cost by epoch.
fn costs(job: &Job, outcome: &Outcome, lines: &[Line]) -> Option<Figure> {
    let is_left_out = |line: &&Line| outcome.fallen.iter().any(|fallen| line.network == Some(fallen.number + 1));
    // Where all diverged, none is left out.
    let every = matches!(outcome.end, End::Diverged(_));
    let lines: &[Line] = &lines.iter().filter(|line| every || !is_left_out(line)).copied().collect::<Vec<_>>();
    let mut all = vec![series("rows trained on", by_epoch(lines, |line| Some(line.cost)))];
    let held = by_epoch(lines, |line| line.validation_cost);
    let mut caption = vec!["The mean cost of an epoch's batches, each before its step, as trained.".to_string()];
    if let Some(members) = &job.members {
        caption.push(format!(
            "The mean over those of the {} networks that have the epoch.",
            outcome.model.metadata.training.ensemble.unwrap_or(members.initial.len())
        ));
    }
    if !held.is_empty() {
        caption.push("That of the rows kept aside is taken after the epoch.".into());
        all.push(series("rows kept aside", held));
        if let Some(best) = outcome.best {
            all.push(series(format!("best epoch: {}", best.epoch + 1), vec![(best.epoch as f64 + 1.0, best.judged)]));
        }
    } else if job.held.rows > 0 && outcome.best.is_none() {
        caption.push("The rows kept aside were not looked at in between; with --patience or --keep best they are.".into());
    } else if let Some(best) = outcome.best {
        caption.push(format!("Best epoch by the metric of the rows kept aside: {}.", best.epoch + 1));
    }
    let values = || all.iter().flat_map(|series| &series.points).map(|point| point.1).filter(|cost| cost.is_finite());
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let log = least > 0.0 && most > 20.0 * least;
    let y = Axis { label: format!("cost ({})", job.shape.loss), log };
    let plot = Plot { title: "Cost by epoch".into(), x: axis("epoch"), y, series: all };
    (!lines.is_empty()).then(|| lined("cost", plot, caption.join(" "), None))
}

/// A number of the lines by epoch, of an ensemble the mean over the networks that have that epoch.
fn by_epoch(lines: &[Line], of: impl Fn(&Line) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (epoch, number) in lines.iter().filter_map(|line| Some((line.epoch, of(line)?))) {
        let (sum, count) = sums.entry(epoch).or_default();
        (*sum, *count) = (*sum + number, *count + 1.0);
    }
    sums.into_iter().map(|(epoch, (sum, count))| (epoch as f64, sum / count)).collect()
}

/// Every how many rows one is drawn.
fn every(shown: &Rows) -> usize {
    shown.rows.div_ceil(DOTS).max(1)
}

/// For each target that has plots what is right beside what is predicted, of the rows that are drawn.
fn drawn(job: &Job, shown: &Rows, said: &Said) -> Result<Vec<Vec<(f64, f64)>>, Error> {
    let (width, every) = (job.outputs(), every(shown));
    let mut drawn = vec![Vec::new(); width.min(TARGETS)];
    beside_from(said, shown.targets(), &mut |first, a, y| {
        let lines = a.chunks_exact(width).zip(y.chunks_exact(width)).enumerate();
        for (_, (a, y)) in lines.filter(|(r, _)| (first + r) % every == 0) {
            drawn.iter_mut().zip(y.iter().zip(a)).for_each(|(pairs, (y, a))| pairs.push((*y, *a)));
        }
    })?;
    Ok(drawn)
}

/// Predicted beside actual, and what is left, of target `k`. `pairs`: what is right beside what is predicted
fn numbers(job: &Job, shown: &Rows, pairs: Vec<(f64, f64)>, k: usize, on: &str) -> [Figure; 2] {
    let every = every(shown);
    let target = job.targets.get(k).cloned().unwrap_or_default();
    let thinned = if every > 1 { format!(" Every {every}th row is drawn, {} of them.", pairs.len()) } else { String::new() };
    let finite = || pairs.iter().flat_map(|&(y, a)| [y, a]).filter(|number| number.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let line = |points: Vec<(f64, f64)>| if low <= high { points } else { Vec::new() };
    let suffix = if k == 0 { String::new() } else { format!("-{}", k + 1) };
    let predicted = Plot {
        title: format!("{target}: predicted and actual"),
        x: axis(&format!("actual {target}")),
        y: axis(&format!("predicted {target}")),
        series: vec![series("rows", pairs.clone()), series("predicted as it is", line(vec![(low, low), (high, high)]))],
    };
    let residuals = Plot {
        title: format!("{target}: residuals"),
        x: axis(&format!("predicted {target}")),
        y: axis("actual − predicted"),
        series: vec![
            series("rows", pairs.iter().map(|&(y, a)| (a, y - a)).collect()),
            series("none", line(pairs.iter().map(|pair| (pair.1, 0.0)).filter(|point| point.0.is_finite()).fold(Vec::new(), ends))),
        ],
    };
    let dotted = |name: &str, plot: Plot, caption: String| Figure {
        name: format!("{name}{suffix}"),
        svg: plot.scatter(),
        alternative: plot.alternative(),
        caption,
        table: None,
    };
    [
        dotted("predicted", predicted, format!("{on}.{thinned}")),
        dotted("residuals", residuals, format!("{on}: what is left to explain.{thinned}")),
    ]
}

/// The leftmost and the rightmost point.
fn ends(mut ends: Vec<(f64, f64)>, point: (f64, f64)) -> Vec<(f64, f64)> {
    match ends.as_mut_slice() {
        [first, last] => {
            if point.0 < first.0 {
                *first = point;
            }
            if point.0 > last.0 {
                *last = point;
            }
            ends
        }
        _ => vec![point, point],
    }
}

/// Of classes that are not too many.
fn confusion(job: &Job, outcome: &Outcome, on: &str) -> Option<Figure> {
    let metrics = outcome.after.held.as_ref().map_or(&outcome.after.metrics, |held| &held.1);
    let Metrics::Classes(classes) = metrics else { return None };
    let counts = classes.confusion.as_ref().filter(|counts| counts.len() <= CONFUSED)?;
    let (names, title) = (job.class_names(), "Confusion");
    Some(Figure {
        name: "confusion".into(),
        svg: matrix::svg(title, &names, counts),
        alternative: matrix::alternative(title, &names, counts),
        caption: format!("{on}: how many of each class are taken for which. A shade is the share of the class's rows."),
        table: None,
    })
}

/// What each curve is of: a name and a column of the outputs.
fn curves(job: &Job) -> Vec<(String, usize)> {
    let names = job.class_names();
    match job.task {
        Task::TwoClasses => vec![(names.get(1).cloned().unwrap_or_default(), 0)],
        Task::Labels => job.targets.iter().cloned().zip(0..).collect(),
        _ => names.into_iter().zip(0..).collect(),
    }
}

/// Probability of column `k` and whether it is right, row after row.
fn column<'a>(job: &Job, shown: &'a Rows, said: &Said, k: usize) -> Result<impl Iterator<Item = (f64, bool)> + use<'a>, Error> {
    let (width, targets) = (job.outputs(), shown.targets());
    Ok(said.column(k)?.into_iter().enumerate().map(move |(row, p)| (p, targets.is(row, width, k))))
}

/// One curve for two classes; each against the rest for more; each label.
fn roc(job: &Job, shown: &Rows, said: &Said, on: &str) -> Result<Option<Figure>, Error> {
    let all = curves(job);
    let mut found: Vec<(String, Roc)> = Vec::new();
    for (name, k) in all.iter().take(CURVES) {
        found.extend(Roc::of(column(job, shown, said, *k)?).map(|roc| (name.clone(), roc)));
    }
    let mut caption = format!("{on}: for each threshold, the share of the rows that are it and of those that are not it, predicted as it.");
    if all.len() > CURVES {
        caption += &format!(" The first {CURVES} of {} are drawn.", all.len());
    }
    let left_out = all.len().min(CURVES) - found.len();
    if left_out > 0 {
        caption += &format!(" {left_out} without a curve: the rows are all of one kind.");
    }
    if found.is_empty() {
        return Ok(None);
    }
    let line = |name: String| vec![text(name)];
    let table = found.iter().map(|(name, roc)| [line(name.clone()), vec![text(number(roc.area))]].concat());
    let head = [if job.task == Task::Labels { "label" } else { "class" }, "area below the curve"].map(text).to_vec();
    let table = Table { caption: String::new(), head, rows: table.collect(), numbers: vec![1] };
    let mut drawn: Vec<Series> = found.into_iter().map(|(name, roc)| series(name, roc.points)).collect();
    drawn.push(series("by chance", vec![(0.0, 0.0), (1.0, 1.0)]));
    let plot = Plot { title: "ROC".into(), x: axis("false positive rate"), y: axis("true positive rate"), series: drawn };
    Ok(Some(lined("roc", plot, caption, Some(table))))
}

/// Whether probabilities mean what they say: of the second of two classes, of the class predicted, of all labels together.
fn calibration(job: &Job, shown: &Rows, said: &Said, on: &str) -> Result<Figure, Error> {
    let (width, targets) = (job.outputs(), shown.targets());
    let mut bins = Bins::default();
    said.blocks(&mut |first, block| {
        for (r, p) in block.chunks_exact(width).enumerate() {
            match job.task {
                Task::Classes => {
                    let k = most_probable(p);
                    bins.add(p[k], targets.is(first + r, width, k));
                }
                _ => p.iter().enumerate().for_each(|(k, p)| bins.add(*p, targets.is(first + r, width, k))),
            }
        }
    })?;
    let bins: Vec<Bin> = bins.finish();
    let what = match job.task {
        Task::Classes => "the class predicted is right".into(),
        Task::Labels => "a row has the label, over all labels".into(),
        _ => format!("the class is {}", curves(job)[0].0),
    };
    let line = |bin: &Bin| vec![text(number(bin.predicted)), text(number(bin.share)), text(bin.rows.to_string())];
    let table = Table {
        caption: String::new(),
        head: ["mean probability", "share", if job.task == Task::Labels { "labels" } else { "rows" }].map(text).to_vec(),
        rows: bins.iter().map(line).collect(),
        numbers: vec![0, 1, 2],
    };
    let points = bins.iter().map(|bin| (bin.predicted, bin.share)).collect();
    let plot = Plot {
        title: "Calibration".into(),
        x: axis("predicted probability"),
        y: axis("share"),
        series: vec![series("as it is", points), series("as it is said", vec![(0.0, 0.0), (1.0, 1.0)])],
    };
    let caption = format!("{on}: how often {what}, by the probability that is said, in ten bins of equal width.");
    Ok(lined("calibration", plot, caption, Some(table)))
}
