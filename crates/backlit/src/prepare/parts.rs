//! Which rows a job is trained on.

use super::usage;
use crate::data::Table;
use crate::data::cells::excerpt;
use crate::error::Error;
use crate::job::{Rows, split};
use crate::model_file::Task;
use crate::run_file::RunFile;
use crate::splits::{self, Split};

/// The part of the rows that is trained on; the others are kept aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// As the run says.
    AsAsked,
    /// All.
    All,
    /// All but one of so many folds, counted from 0.
    WithoutFold(usize, usize),
}

impl Part {
    /// What the training of a run is on in the end: after a cross-validation all rows.
    pub fn of(run: &RunFile) -> Part {
        if run.train.folds.is_some() { Part::All } else { Part::AsAsked }
    }

    /// (trained on, kept aside), both in order. `columns`: whose columns are all that there are; `rows`: with their targets
    pub(super) fn rows(
        self,
        run: &RunFile,
        (table, columns): (&Table, &Table),
        task: Task,
        outputs: usize,
        rows: &Rows,
    ) -> Result<(Vec<usize>, Vec<usize>), Error> {
        let is_class = matches!(task, Task::Classes | Task::TwoClasses);
        let classes = || (0..rows.rows).map(|row| rows.class(row, outputs)).collect::<Vec<usize>>();
        let (share, seed, how) = (run.data.validation, run.train.seed, &run.data.split);
        // A date stands in the table as its days.
        let days = |name: &str| Some(format!("{name} days")).filter(|days| table.columns.contains(days));
        let column = |name: &String| table.take(&[days(name).unwrap_or_else(|| name.clone())]);
        if let Some(name) = how.column().filter(|name| days(name).is_none()) {
            columns.index(name)?;
        }
        if *how == Split::Stratified && !is_class {
            let what = if task == Task::Labels { "labels" } else { "numbers" };
            return Err(usage(run, format!("a stratified split keeps the shares of classes, but {what} are predicted")).key("data.split"));
        }
        if let (Part::AsAsked, Split::Time(Some(name))) = (self, how)
            && let Some(row) = column(name)?.iter().position(|time| time.is_nan())
        {
            return Err(splits::wrong("a row without a time has no place in the order".into(), &table.source, name)
                .row(table.number(row))
                .hint("fill it in, or leave the row out"));
        }
        match (self, how) {
            (Part::All, _) => Ok(split(table.rows, 0.0, seed)),
            (Part::WithoutFold(fold, count), _) => {
                let class = |row: usize| rows.class(row, outputs);
                let fold_of = folds(run, table, count, if is_class { Some(&class) } else { None })?;
                Ok((0..table.rows).partition(|&row| fold_of[row] as usize != fold))
            }
            (Part::AsAsked, Split::Random) => Ok(split(table.rows, share, seed)),
            (Part::AsAsked, Split::Stratified) => Ok(splits::stratified(&classes(), share, seed)),
            (Part::AsAsked, Split::Grouped(name)) => {
                splits::grouped(&column(name)?, share, seed).map_err(|message| splits::wrong(message, &table.source, name))
            }
            (Part::AsAsked, Split::Time(None)) => Ok(splits::by_time(table.rows, None, share)),
            (Part::AsAsked, Split::Time(Some(name))) => Ok(splits::by_time(table.rows, Some(&column(name)?), share)),
        }
    }
}

/// What a person should know of the column that decides the split. `no_inputs`: columns that are not fed
pub(super) fn remarks(run: &RunFile, inputs: &[String], no_inputs: &[String]) -> Option<String> {
    let column = run.data.split.column()?;
    if inputs.iter().any(|input| input == column) {
        return Some(format!("'{}' decides the split and is an input too", excerpt(column)));
    }
    let holds_words = no_inputs.iter().any(|name| name == column) && !run.data.is_aside(column);
    holds_words.then(|| format!("'{}' holds words and decides the split: it is no input", excerpt(column)))
}

/// The fold of each row. `class`: of a row, where classes are predicted
pub(super) fn folds(run: &RunFile, table: &Table, count: usize, class: Option<&dyn Fn(usize) -> usize>) -> Result<Vec<u32>, Error> {
    // An ensemble's networks each keep one aside.
    let (key, without) = if run.train.folds.is_some() { ("train.folds", "without folds") } else { ("train.ensemble", "with --ensemble 1") };
    let wrong = |message: String| usage(run, message).key(key);
    if count < 2 || count > table.rows {
        return Err(wrong(format!("expected 2 to {} folds for {} rows, came {count}", table.rows, table.rows)));
    }
    match &run.data.split {
        Split::Random | Split::Stratified => Ok(splits::folds(table.rows, count, class, run.train.seed)),
        Split::Grouped(name) => {
            let groups = table.take(std::slice::from_ref(name))?;
            splits::grouped_folds(&groups, count, run.train.seed).map_err(|message| splits::wrong(message, &table.source, name))
        }
        Split::Time(_) => {
            Err(wrong("folds would be predicted from rows that come later; a split by time keeps the last rows aside".into())
                .hint(format!("the split by time {without}")))
        }
    }
}
