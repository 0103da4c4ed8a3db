//! What a training leaves to be looked at: `report.html`, which needs nothing else, and its plots in `plots/`, as SVG files, and as PNG pictures
//! where they are asked for.
//!
//! No time and no number of threads stands there: the same run has the same report.

mod figures;

use crate::course;
use crate::document::{Block, Document, Inline, Table, html};
use crate::error::{Error, Kind};
use crate::files;
use crate::folds::CrossValidation;
use crate::history::Line;
use crate::job::Job;
use crate::metrics::HALF;
use crate::recipe::Recipe;
use crate::session::{Outcome, Scores};
use crate::splits::Split;
use backlit_engine::train::End;
use figures::figures;
use std::path::Path;

/// The page's file.
pub const REPORT: &str = "report.html";
/// The directory of the plots.
pub const PLOTS: &str = "plots";

/// Names that are listed of many.
const NAMED: usize = 30;

/// A plot with its words.
pub(crate) struct Figure {
    /// Of its file.
    pub name: String,
    pub svg: String,
    pub alternative: String,
    pub caption: String,
    /// The same in numbers, where they are few.
    pub table: Option<Table>,
}

/// Writes the page and its plots into the run directory, in place of those of a run before. `folds`: the cross-validation before it;
/// `lines`: the run's metrics; `png`: whether the plots are pictures too
pub fn write(
    directory: &Path,
    job: &Job,
    outcome: &Outcome,
    folds: Option<&CrossValidation>,
    lines: &[Line],
    sha256: &str,
    png: bool,
) -> Result<(), Error> {
    let figures = figures(job, outcome, lines)?;
    let plots = directory.join(PLOTS);
    let failed = |error: std::io::Error| Error::new(Kind::Failed, format!("cannot be made: {error}")).file(plots.display());
    std::fs::create_dir_all(&plots).map_err(failed)?;
    files::sweep(&plots);
    for entry in std::fs::read_dir(&plots).map_err(failed)?.flatten() {
        // A run before may have had others.
        let name = |file: &str| [".svg", ".png"].iter().find_map(|end| file.strip_suffix(end)).is_some_and(figures::is_name);
        if entry.file_name().to_str().is_some_and(name) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    for figure in &figures {
        files::write_unsynced(&plots.join(format!("{}.svg", figure.name)), figure.svg.as_bytes())?;
    }
    if png {
        for figure in &figures {
            files::write_unsynced(&plots.join(format!("{}.png", figure.name)), &picture(&figure.svg)?)?;
        }
    }
    files::write_unsynced(&directory.join(REPORT), html(&page(job, outcome, folds, figures, sha256)).as_bytes())
}

#[cfg(feature = "png")]
fn picture(svg: &str) -> Result<Vec<u8>, Error> {
    crate::drawing::png::of(svg).map_err(|message| Error::new(Kind::Failed, format!("no picture: {message}")))
}

#[cfg(not(feature = "png"))]
fn picture(_: &str) -> Result<Vec<u8>, Error> {
    Err(Error::new(Kind::Failed, "this Backlit was built without PNG pictures"))
}

/// The rows that a network is judged by which has not seen them.
fn unseen(job: &Job, outcome: &Outcome) -> String {
    let each = "of which each is predicted by a network not trained on it";
    rows(outcome.unseen(job).rows, if job.members.is_some() { each } else { "not trained on" })
}

/// The page.
fn page(job: &Job, outcome: &Outcome, folds: Option<&CrossValidation>, figures: Vec<Figure>, sha256: &str) -> Document {
    let mut page = Document::new(format!("{}: a training", job.name));
    page.say(ending(outcome));
    page.heading(2, "How good it is");
    if let (Some(before), Some(after)) = (&outcome.before.held, &outcome.after.held) {
        let own = |scores: &Scores| scores.own.and_then(|own| own.1);
        let caption = format!("On {}", unseen(job, outcome));
        let (before, after) = ((before.0, before.1.list(), own(&outcome.before)), (after.0, after.1.list(), own(&outcome.after)));
        page.blocks.push(Block::Table(measures(job, caption, before, after)));
        if let Some(warning) = job.warning() {
            page.say(format!("{}{}.", warning[..1].to_uppercase(), &warning[1..]));
        }
    }
    if let Some(folds) = folds {
        page.blocks.push(Block::Table(over_folds(job, folds)));
        if let Some(decided) = course::decided(&folds.decided) {
            page.say(format!("{}: others may cost more.", decided.replacen('t', "T", 1)));
        }
    }
    let of = |scores: &Scores| (scores.cost, scores.metrics.list(), scores.own.and_then(|own| own.0));
    let caption = format!("On {}", rows(job.train.rows, "trained on"));
    page.blocks.push(Block::Table(measures(job, caption, of(&outcome.before), of(&outcome.after))));
    if job.threshold.is_found() {
        page.say(format!("The second class is predicted above a probability of {}.", number(outcome.model.metadata.threshold)));
    }
    page.heading(2, "Plots");
    for figure in figures {
        let Figure { svg, alternative, caption, table, .. } = figure;
        page.blocks.push(Block::Figure { svg, alternative, caption });
        page.blocks.extend(table.map(Block::Table));
    }
    page.heading(2, "What was trained");
    page.blocks.push(Block::Table(asked(job, outcome, folds, sha256)));
    page
}

fn rows(count: usize, what: &str) -> String {
    format!("{count} {} {what}", if count == 1 { "row" } else { "rows" })
}

/// How the training ended, in a sentence or two.
fn ending(outcome: &Outcome) -> String {
    let done = format!("{} epochs and {} steps", outcome.epochs, outcome.steps);
    let end = match &outcome.end {
        End::Finished => format!("Finished after {done}."),
        End::Patient(_) => format!("Stopped early after {done}: the rows kept aside cost no less."),
        End::Stalled(_) => format!("Ended after {done}: the search found no step that changes anything."),
        End::Stopped(_) => format!("Interrupted after {done}: what was learned until then."),
        End::Diverged(divergence) => format!("Diverged: {divergence}. What follows is of the parameters before that step, after {done}."),
    };
    let left_out: String = match &outcome.end {
        End::Diverged(_) => String::new(),
        _ => outcome.fallen.iter().map(|fallen| format!(" Left out of the ensemble: {fallen}.")).collect(),
    };
    let best =
        outcome.model.metadata.training.best_epoch.map(|epoch| format!(" The parameters are those after epoch {epoch}, the best one."));
    end + &best.unwrap_or_default() + &left_out
}

fn text(words: impl Into<String>) -> Vec<Inline> {
    vec![Inline::Text(words.into())]
}

type Measured = (f64, Vec<(&'static str, Option<f64>)>, Option<f64>);

fn measures(job: &Job, caption: String, before: Measured, after: Measured) -> Table {
    let shown = |value: Option<f64>| text(value.map_or("-".into(), number));
    let line = |name: String, before: Option<f64>, after: Option<f64>| vec![text(name), shown(before), shown(after)];
    let mut lines = vec![line(format!("cost ({})", job.shape.loss), Some(before.0), Some(after.0))];
    lines.extend(before.1.iter().zip(&after.1).map(|((name, before), (_, after))| line(name.replace('_', " "), *before, *after)));
    lines.extend(job.metric.as_ref().map(|formula| line(formula.clone(), before.2, after.2)));
    let head = ["", "before", "after"].map(text).to_vec();
    Table { caption, head, rows: lines, numbers: vec![1, 2] }
}

/// The first of many names.
fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

/// Each measure over the folds of a cross-validation.
fn over_folds(job: &Job, folds: &CrossValidation) -> Table {
    let shown = |value: Option<f64>| text(value.map_or("-".into(), number));
    let lines = folds.spreads().into_iter().chain(folds.own()).map(|(name, spread)| {
        let name = if name == "cost" { format!("cost ({})", job.shape.loss) } else { name.replace('_', " ") };
        vec![text(name), shown(spread.map(|spread| spread.mean)), shown(spread.map(|spread| spread.deviation))]
    });
    let on = if matches!(job.split, Split::Time(_)) { "rows before it" } else { "others" };
    let caption = format!("On each of {} folds, by a network trained on the {on}", folds.folds.len());
    Table { caption, rows: lines.collect(), head: ["", "mean", "deviation"].map(text).to_vec(), numbers: vec![1, 2] }
}

/// What was asked for, with the choices that were made.
fn asked(job: &Job, outcome: &Outcome, folds: Option<&CrossValidation>, sha256: &str) -> Table {
    let metadata = &outcome.model.metadata;
    let layers: Vec<String> =
        job.shape.layers.iter().zip(job.shape.said()).map(|(layer, said)| format!("{} {said}", layer.units)).collect();
    let embedded = job.shape.embedding.as_ref().map_or(String::new(), |embedding| format!(" ({})", embedding.said(&job.inputs)));
    let learned = job.shape.numeric_said();
    let network = format!("{} inputs{embedded}{learned}, {}; {} parameters", job.inputs.len(), layers.join(", "), job.initial.len());
    let options: Vec<String> = metadata.training.options.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let optimizer = format!(
        "{} at rate {}{}",
        job.optimizer,
        job.learning_rate,
        options.iter().map(|option| format!(", {option}")).collect::<String>()
    );
    let batch = job.batch.map_or("all rows at once".to_string(), |rows| format!("batches of {rows}"));
    let order = if job.shuffle { "a new order of rows in each epoch" } else { "rows in their order" };
    let networks = job.members.as_ref().map_or(1, |members| members.initial.len());
    let ensemble = match metadata.training.ensemble.unwrap_or(networks) {
        _ if networks < 2 => String::new(),
        averaged if averaged < networks => format!("{averaged} of {networks} networks, averaged"),
        _ => format!("{networks} networks, averaged"),
    };
    let held = match (networks, folds) {
        (2.., _) => format!("each kept aside by one of {networks} networks"),
        (_, Some(folds)) if folds.unpredicted() > 0 => {
            format!("none kept aside, after {} folds of which each was, {} rows before them", folds.folds.len(), folds.unpredicted())
        }
        (_, Some(folds)) => format!("none kept aside, after {} folds of which each was", folds.folds.len()),
        _ if job.held.rows > 0 => job.kept_aside(),
        _ => "none kept aside".into(),
    };
    let split = match &job.split {
        Split::Random => String::new(),
        Split::Stratified => ", with the shares of classes".into(),
        Split::Grouped(column) => format!(", whole groups of {column}"),
        Split::Time(None) if folds.is_some() => ", in the order of the table".into(),
        Split::Time(Some(column)) if folds.is_some() => format!(", in the order of {column}"),
        Split::Time(None) => ", the last ones".into(),
        Split::Time(Some(column)) => format!(", the last ones by {column}"),
    };
    let until = job.until.map_or(String::new(), |until| format!(" of which {until} are trained, the median over the folds"));
    let threshold = metadata.threshold;
    let course = job.course.parts();
    let lines = [
        ("data", if job.data.is_empty() { job.name.clone() } else { job.data.clone() }),
        ("rows", format!("{} trained on, {held}{split}", job.train.rows)),
        ("inputs", listed(&job.inputs)),
        (if job.targets.len() == 1 { "target" } else { "targets" }, listed(&job.targets)),
        ("classes", listed(&job.class_names())),
        ("network", network),
        ("loss", job.shape.loss.clone()),
        ("besides", terms(job).join(", ")),
        ("recipe", if job.recipe == Recipe::Plain { String::new() } else { job.recipe.name().into() }),
        ("ensemble", ensemble),
        ("precision", job.precision.name().to_string()),
        ("optimizer", optimizer),
        ("epochs", format!("{}{until}, {batch}, {order}", job.epochs)),
        ("course", course.join(", ")),
        ("threshold", if threshold == HALF { String::new() } else { number(threshold) }),
        ("temperature", metadata.training.temperature.map_or(String::new(), number)),
        ("measure", job.metric.clone().unwrap_or_default()),
        ("begun with the model", job.from.clone().unwrap_or_default()),
        ("seed", job.seed.to_string()),
        ("Backlit", metadata.version.clone()),
        ("weights, SHA-256", sha256.to_string()),
    ];
    let lines = lines.into_iter().filter(|(_, said)| !said.is_empty());
    Table { rows: lines.map(|(name, said)| vec![text(name), text(said)]).collect(), ..Table::default() }
}

/// What the cost has in it beside the loss, what is struck out, and the layers' own rates.
fn terms(job: &Job) -> Vec<String> {
    let terms = &job.shape.terms;
    let mut said = Vec::new();
    if let Some(weights) = &terms.weights {
        said.extend(weights.column.as_ref().map(|column| format!("rows weighted by {column}")));
        let classes: Vec<String> =
            job.class_names().iter().zip(&weights.classes).map(|(class, weight)| format!("{class} {}", number(*weight))).collect();
        said.extend((!classes.is_empty()).then(|| format!("classes weighted {}", listed(&classes))));
    }
    let share = |name: &str, value: f64| (value > 0.0).then(|| format!("{name} {value}"));
    said.extend([share("l1", terms.l1), share("l2", terms.l2)].into_iter().flatten());
    said.extend(terms.penalize_biases.then(|| "biases penalized".to_string()));
    said.extend(share("label smoothing", terms.label_smoothing));
    let frozen = job.shape.embedding.as_ref().is_some_and(|embedding| embedding.frozen);
    said.extend(frozen.then(|| "embeddings of categories frozen".to_string()));
    let frozen = job.shape.numeric.as_ref().is_some_and(|numeric| numeric.frozen);
    said.extend(frozen.then(|| "numeric embeddings frozen".to_string()));
    for (l, layer) in job.shape.layers.iter().enumerate() {
        said.extend(share(&format!("layer {} dropout", l + 1), layer.dropout));
        said.extend(layer.learning_rate.map(|rate| format!("layer {} at rate {rate}", l + 1)));
        said.extend((!layer.freeze.is_empty()).then(|| format!("layer {} frozen: {}", l + 1, layer.freeze.join(" "))));
    }
    said
}

/// A number for reading: six significant digits, no noise.
pub fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".into()
    } else if !x.is_finite() {
        x.to_string()
    } else if (1e-4..1e9).contains(&size) {
        let digits = (5 - size.log10().floor() as i32).clamp(0, 9) as usize;
        let text = format!("{x:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
    } else {
        format!("{x:.5e}")
    }
}
