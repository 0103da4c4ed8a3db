//! `backlit train --folds`: the cross-validation before the training.

use super::go_on;
use crate::commands::predict::quoted;
use crate::output::{self, Screen, number};
use crate::progress::Bar;
use backlit::checkpoint::Checkpoints;
use backlit::course;
use backlit::error::Error;
use backlit::files::Whole;
use backlit::folds::{CrossValidation, cross_validate, trainings};
use backlit::job::Job;
use backlit::metrics::most_probable;
use backlit::model_file::Task;
use backlit::prepare::{Hidden, Read};
use backlit::splits::Split;
use serde_json::{Map, Value, json};
use std::path::Path;

/// What is not trained on a row says of it.
const PREDICTIONS: &str = "oof.csv";
/// Bytes that are written at a time.
const PIECE: usize = 1 << 20;

/// A cross-validation that was not interrupted.
pub struct Folds(CrossValidation);

impl Folds {
    /// Trains on the folds; none: Ctrl-C. `job`: the training on all rows that comes behind.
    pub fn train(
        read: (&Read, Option<&Hidden>),
        job: &Job,
        count: usize,
        checkpoints: Option<&Checkpoints>,
        screen: &Screen,
    ) -> Result<Option<Folds>, Error> {
        // Each leaves one part of the rows out; in the order of time half of them in the mean.
        let out = if is_ordered(job) { 2 } else { count };
        let rows = (job.train.rows - job.train.rows / out).max(1);
        let mut bar = Bar::new(trainings(read.0, count) as u64, job.epochs, rows, job.batch.unwrap_or(rows), screen);
        let ended = |fold: &usize| checkpoints.is_some_and(|checkpoints| checkpoints.step_of("fold", *fold).1);
        (0..count).filter(ended).for_each(|fold| bar.has_ended(fold));
        let again = |fold: &usize| checkpoints.is_some_and(|checkpoints| checkpoints.step_of("refit", *fold).1);
        (0..count).filter(again).for_each(|fold| bar.has_ended(count + fold));
        let validated = cross_validate(read, job, count, checkpoints, &mut |fold, progress| {
            bar.observe(fold, progress);
            go_on()
        });
        bar.finish();
        Ok(validated?.map(Folds))
    }

    /// What came of it.
    pub fn validation(&self) -> &CrossValidation {
        &self.0
    }

    /// What the training on all rows takes from them.
    pub fn give(&self, job: &mut Job, screen: &Screen) {
        self.0.give(job);
        if let Some(epochs) = job.until {
            let own = match is_ordered(job) {
                true => "each fold's network ended after the median of the earlier folds' epochs, the first one after all",
                false => "each fold's network ended after the median of the other folds' epochs",
            };
            screen
                .note(&format!("{own}; the training on all rows ends after {epochs} of {} epochs, the median over the folds", job.epochs));
        }
    }

    /// Mean and deviation of each measure.
    pub fn report(&self, job: &Job) -> String {
        let in_order = if is_ordered(job) { " in the order of time" } else { "" };
        let head = vec![format!("cross-validation, {} folds{in_order}", self.0.folds.len()), "mean".into(), "deviation".into()];
        let lines = self.0.spreads().into_iter().chain(self.0.own()).map(|(name, spread)| {
            let name = if name == "cost" { format!("cost ({})", job.shape.loss) } else { name.to_string() };
            vec![name, output::measure(spread.map(|spread| spread.mean)), output::measure(spread.map(|spread| spread.deviation))]
        });
        let mut text = output::table(&std::iter::once(head).chain(lines).collect::<Vec<_>>());
        if let Some(temperature) = self.0.temperature {
            text += &format!("  all of probabilities calibrated by a temperature of {}\n", number(temperature));
        }
        if job.threshold.is_found() {
            text += &format!("  the second class is predicted above a probability of {}\n", number(self.0.threshold));
        }
        if let Some(decided) = course::decided(&self.0.decided) {
            text += &format!("  {decided}: others may cost more\n");
        }
        text + "  now on all rows\n\n"
    }

    /// As it stands in the document.
    pub fn document(&self, directory: &Path) -> Value {
        let spread = |(name, spread): (&str, Option<backlit::folds::Spread>)| {
            (name.to_string(), spread.map_or(Value::Null, |spread| json!({ "mean": spread.mean, "deviation": spread.deviation })))
        };
        let mut measures: Map<String, Value> = self.0.spreads().into_iter().map(spread).collect();
        let cost = measures.remove("cost");
        let each = self.0.folds.iter().map(|fold| {
            let mut one = json!({ "rows": fold.rows, "cost": fold.cost, "metrics": fold.metrics });
            if let Some(epochs) = fold.epochs {
                one["epochs"] = json!(epochs);
            }
            one
        });
        let own = self
            .0
            .own()
            .map(|(formula, of)| json!({ "formula": formula, "mean": of.map(|of| of.mean), "deviation": of.map(|of| of.deviation) }));
        let mut document = json!({
            "count": self.0.folds.len(),
            "cost": cost,
            "metrics": measures,
            "each": each.collect::<Vec<_>>(),
            "predictions": directory.join(PREDICTIONS).display().to_string(),
        });
        if self.0.unpredicted() > 0 {
            document["unpredicted"] = json!(self.0.unpredicted());
        }
        if let Some(epochs) = self.0.epochs {
            document["epochs"] = json!(epochs);
        }
        if !self.0.decided.is_empty() {
            document["decided"] = json!(self.0.decided);
        }
        if let Some(own) = own {
            document["metric"] = own;
        }
        document
    }

    /// Writes a line for each row: its number, its fold, what is right and what is said of it; fold and what is said are empty of a row that
    /// is in no fold.
    pub fn save(&self, directory: &Path, job: &Job) -> Result<(), Error> {
        let target = &job.targets[0];
        let names = job.class_names();
        let said = |name: &String| format!("{name} predicted");
        let probable = match job.task {
            Task::Regression | Task::Values => Vec::new(),
            Task::Classes => names.iter().map(|class| format!("{target}={class}")).collect(),
            Task::TwoClasses => vec![format!("{target}={}", names[1])],
            Task::Labels => job.targets.iter().zip(names.chunks(2)).map(|(target, both)| format!("{target}={}", both[1])).collect(),
        };
        let columns = ["row".to_string(), "fold".into()].into_iter().chain(job.targets.clone()).chain(job.targets.iter().map(said));
        let mut file = Whole::create(&directory.join(PREDICTIONS))?;
        let mut text = columns.chain(probable.iter().cloned()).map(|name| quoted(&name)).collect::<Vec<_>>().join(",") + "\n";
        let words = |line: &[f64], threshold: f64| match job.task {
            Task::Regression | Task::Values => line.iter().map(|number| format!("{number:?}")).collect(),
            Task::Classes => vec![quoted(&names[most_probable(line)])],
            Task::TwoClasses | Task::Labels => {
                line.iter().zip(names.chunks(2)).map(|(p, both)| quoted(&both[usize::from(*p > threshold)])).collect::<Vec<_>>()
            }
        };
        let mut written = Ok(());
        self.0.rows(job, &mut |row, y, said| {
            let mut cells = vec![row.to_string(), said.map_or(String::new(), |(fold, _)| fold.to_string())];
            cells.extend(words(y, 0.5));
            match said {
                None => cells.resize(2 + 2 * job.targets.len() + probable.len(), String::new()),
                Some((_, a)) => {
                    cells.extend(words(a, self.0.threshold));
                    let numbers = if probable.is_empty() { &[] } else { a };
                    cells.extend(numbers.iter().map(|a| format!("{a:?}")));
                }
            }
            text += &(cells.join(",") + "\n");
            if text.len() > PIECE {
                if written.is_ok() {
                    written = file.write(text.as_bytes());
                }
                text.clear();
            }
        })?;
        written?;
        file.write(text.as_bytes())?;
        file.finish()
    }
}

/// Whether each fold is predicted from the rows before it.
fn is_ordered(job: &Job) -> bool {
    matches!(job.split, Split::Time(_))
}

/// Takes the lines of an earlier run away: they are not this model's.
pub fn forget(directory: &Path) {
    let _ = std::fs::remove_file(directory.join(PREDICTIONS));
}
