//! Which rows a job is trained on.

use super::usage;
use crate::data::Table;
use crate::data::cells::excerpt;
use crate::error::Error;
use crate::job::{Rows, split};
use crate::model_file::Task;
use crate::run_file::RunFile;
use crate::splits::{self, NO_FOLD, Split};

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

    /// (trained on, kept aside), both in order. `rows`: with their targets
    pub(super) fn rows(
        self,
        run: &RunFile,
        table: &Table,
        task: Task,
        outputs: usize,
        rows: &Rows,
    ) -> Result<(Vec<usize>, Vec<usize>), Error> {
        let is_class = matches!(task, Task::Classes | Task::TwoClasses);
        let classes = || (0..rows.rows).map(|row| rows.class(row, outputs)).collect::<Vec<usize>>();
        let (share, seed, how) = (run.data.validation, run.train.seed, &run.data.split);
        if *how == Split::Stratified && !is_class {
            let what = if task == Task::Labels { "labels" } else { "numbers" };
            return Err(usage(run, format!("a stratified split keeps the shares of classes, but {what} are predicted")).key("data.split"));
        }
        match (self, how) {
            (Part::All, _) => Ok(split(table.rows, 0.0, seed)),
            (Part::WithoutFold(fold, count), _) => {
                let class = |row: usize| rows.class(row, outputs);
                let fold_of = folds(run, table, count, if is_class { Some(&class) } else { None })?;
                let of = |is_one: &dyn Fn(u32) -> bool| (0..table.rows).filter(|&row| is_one(fold_of[row])).collect();
                Ok((of(&|of| how.trains_on(of, fold)), of(&|of| of as usize == fold)))
            }
            (Part::AsAsked, Split::Random) => Ok(split(table.rows, share, seed)),
            (Part::AsAsked, Split::Stratified) => Ok(splits::stratified(&classes(), share, seed)),
            (Part::AsAsked, Split::Grouped(name)) => {
                splits::grouped(&column(table, name)?, share, seed).map_err(|message| splits::wrong(message, &table.source, name))
            }
            (Part::AsAsked, Split::Time(name)) => Ok(splits::by_time(table.rows, times(table, name.as_deref())?.as_deref(), share)),
        }
    }
}

/// The column of a date in a table, where its days stand.
fn days(table: &Table, name: &str) -> Option<String> {
    Some(format!("{name} days")).filter(|days| table.columns.contains(days))
}

/// The numbers of a column that decides the split.
fn column(table: &Table, name: &str) -> Result<Vec<f64>, Error> {
    table.take(&[days(table, name).unwrap_or_else(|| name.to_string())])
}

/// The time of each row; without a column the rows stand in their order.
fn times(table: &Table, name: Option<&str>) -> Result<Option<Vec<f64>>, Error> {
    let Some(name) = name else { return Ok(None) };
    let times = column(table, name)?;
    match times.iter().position(|time| time.is_nan()) {
        None => Ok(Some(times)),
        Some(row) => Err(splits::wrong("a row without a time has no place in the order".into(), &table.source, name)
            .row(table.number(row))
            .hint("fill it in, or leave the row out")),
    }
}

/// Whether the column that decides the split is there. `columns`: whose columns are all that there are
pub(super) fn has_column(run: &RunFile, table: &Table, columns: &Table) -> Result<(), Error> {
    match run.data.split.column().filter(|name| days(table, name).is_none()) {
        Some(name) => columns.index(name).map(drop),
        None => Ok(()),
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
    let key = if run.train.folds.is_some() { "train.folds" } else { "train.ensemble" };
    let wrong = |message: String| usage(run, message).key(key);
    let is_by_time = matches!(run.data.split, Split::Time(_));
    if count < 2 || count > table.rows && !is_by_time {
        return Err(wrong(format!("expected 2 to {} folds for {} rows, came {count}", table.rows, table.rows)));
    }
    match &run.data.split {
        Split::Random | Split::Stratified => Ok(splits::folds(table.rows, count, class, run.train.seed)),
        Split::Grouped(name) => {
            let groups = column(table, name)?;
            splits::grouped_folds(&groups, count, run.train.seed).map_err(|message| splits::wrong(message, &table.source, name))
        }
        Split::Time(name) if run.train.folds.is_some() => {
            let times = times(table, name.as_deref())?;
            splits::time_folds(table.rows, times.as_deref(), count).map_err(wrong)
        }
        Split::Time(_) => {
            let why = "a network's fold would be predicted from rows that come later; a split by time keeps the last rows aside";
            Err(wrong(why.into()).hint("the split by time with --ensemble 1"))
        }
    }
}

/// How many rows the network is trained on that predicts each of the folds.
pub(super) fn trained_on(split: &Split, fold_of: &[u32], count: usize) -> Vec<usize> {
    let mut sizes = vec![0; count];
    fold_of.iter().filter_map(|&fold| sizes.get_mut(fold as usize).map(|size| *size += 1)).for_each(drop);
    let within: usize = sizes.iter().sum();
    let mut before = fold_of.len() - within;
    let mut all_before = |size: usize| {
        before += size;
        before - size
    };
    let is_ordered = matches!(split, Split::Time(_));
    sizes.into_iter().map(|size| if is_ordered { all_before(size) } else { fold_of.len() - size }).collect()
}

/// What a person should know of folds in the order of time.
pub(super) fn before_folds(fold_of: &[u32]) -> Option<String> {
    let before = fold_of.iter().filter(|fold| **fold == NO_FOLD).count();
    let why = "each fold is predicted from the rows before it";
    (before > 0).then(|| format!("{why}: the first {before} of {} rows have no prediction, and measures are of the others", fold_of.len()))
}
