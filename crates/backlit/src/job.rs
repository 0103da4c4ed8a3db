//! A training with every choice made: data split and encoded, network drawn, settings filled in.

use crate::compact::{Compact, compacted};
use crate::conformal::Residuals;
use crate::course::{self, Course};
use crate::data::cells::excerpt;
use crate::data::{Bound, Columns, Fed, Inputs, Table, read_for_within};
use crate::encoder::{Encoder, class_names, label_names};
use crate::ensemble::Members;
use crate::error::{Error, Kind};
use crate::metrics::{HALF, Threshold, most_probable};
use crate::model_file::{self, FORMAT, Metadata, Model, Parameters, Precision, Task, Training};
use crate::predictor::Surroundings;
use crate::prepare::Beside;
use crate::recipe::Recipe;
use crate::said::{BLOCK, Targets, one_hot};
use crate::scaler::Scaler;
use crate::splits::Split;
use backlit_engine::optimizers;
use backlit_engine::random::{Purpose, Random};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// All that is needed to train.
#[derive(Clone, Debug)]
pub struct Job {
    /// What a person calls it: the file's or the bundled set's name.
    pub name: String,
    /// What a person types for the rows: a path or a bundled set; empty for worked examples.
    pub data: String,
    /// Whether that is a bundled set.
    pub bundled: bool,
    /// What is predicted.
    pub task: Task,
    /// The target's value for each output of classes, both of each label; else empty.
    pub classes: Vec<f64>,
    /// How the table's own columns become inputs and targets, if they are not plain numbers.
    pub encoder: Option<Encoder>,
    /// Whether the table has no names for its columns: they are called by their places.
    pub headless: bool,
    /// Input columns.
    pub inputs: Vec<String>,
    /// Target columns.
    pub targets: Vec<String>,
    /// What filled in the choices that were left open.
    pub recipe: Recipe,
    /// What it chose, and why; one line each.
    pub why: Vec<String>,
    /// What becomes of the probabilities after training.
    pub calibrate: Calibrate,
    /// Several networks of this shape, which are averaged; none: one.
    pub members: Option<Members>,
    /// Layers, loss, what is frozen.
    pub shape: model_file::Shape,
    /// Of the parameters and the arithmetic.
    pub precision: Precision,
    /// Initial parameters, flat, in graph order.
    pub initial: Vec<f64>,
    /// The SHA-256 of the model's parameters that these are; none: they were drawn.
    pub from: Option<String>,
    /// How many networks stand side by side in that model, where there are several.
    pub networks: Option<usize>,
    /// Places in them that are not updated.
    pub frozen: Vec<Range<usize>>,
    /// How rows are chosen to be kept aside.
    pub split: Split,
    /// The file that those come from, if not from the table.
    pub beside: Option<Beside>,
    /// Rows trained on.
    pub train: Rows,
    /// Rows kept aside.
    pub held: Rows,
    /// How inputs are standardized.
    pub input_scaler: Option<Scaler>,
    /// How targets are standardized.
    pub target_scaler: Option<Scaler>,
    /// Optimizer by name.
    pub optimizer: String,
    /// Its options as given.
    pub options: Vec<(String, f64)>,
    /// η
    pub learning_rate: f64,
    /// How the rate changes, and the like.
    pub course: Course,
    /// Passes over the rows.
    pub epochs: u64,
    /// After how many of them it ends; none: after all. A schedule goes by all.
    pub until: Option<u64>,
    /// Rows in a batch; none: all.
    pub batch: Option<usize>,
    /// Whether each epoch reorders the rows.
    pub shuffle: bool,
    /// Above which probability the second of two classes is predicted.
    pub threshold: Threshold,
    /// The errors out of folds, where numbers are predicted and there was a cross-validation.
    pub residuals: Option<Residuals>,
    /// A measure typed as a formula, if there is one; see [`Own`](crate::metrics::Own).
    pub metric: Option<String>,
    /// Decides split, initial parameters and order.
    pub seed: u64,
    /// Most threads to use.
    pub threads: usize,
    /// Bytes that a table may take, and so copies of its rows for trainings side by side.
    pub memory: u64,
    /// What a person should be told about the choices made.
    pub notes: Vec<String>,
    /// Set from outside to stop what comes behind the last step and takes long: the choice of a temperature. Shared by all clones.
    pub stop: Arc<AtomicBool>,
}

/// What becomes of the probabilities after training.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Calibrate {
    /// Nothing.
    #[default]
    No,
    /// A temperature is chosen on the rows kept aside.
    OnHeld,
    /// This temperature is taken.
    By(f64),
}

/// Rows with their targets, in raw units; targets of classes are one-hot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// How many.
    pub rows: usize,
    /// Their numbers in the data, counted from 0.
    pub numbers: Vec<usize>,
    /// rows × inputs; empty where they are stored.
    pub x: Vec<f64>,
    /// rows × outputs; empty where it stands below.
    pub y: Vec<f64>,
    /// What is right, where a table does not fit into memory and this might not either.
    pub compact: Compact,
    /// The rows' weights, of mean 1 over those trained on; empty where all count alike.
    pub w: Vec<f64>,
    /// The inputs of a table that does not fit into memory.
    pub stored: Option<Inputs>,
}

impl Rows {
    /// The first so many rows, in memory.
    pub fn first(&self, count: usize, inputs: usize, outputs: usize) -> Result<Rows, Error> {
        let rows = self.rows.min(count);
        let first = |from: &[f64], width: usize| from[..(rows * width).min(from.len())].to_vec();
        let numbers = self.numbers[..rows].to_vec();
        let x = match &self.stored {
            Some(stored) => stored.of_rows(&numbers)?,
            None => first(&self.x, inputs),
        };
        let y = self.targets().of(0, rows, outputs, &mut Vec::new()).to_vec();
        Ok(Rows { rows, numbers, x, y, w: first(&self.w, 1), ..Rows::default() })
    }

    /// What is right for each row.
    pub fn targets(&self) -> Targets<'_> {
        self.compact.targets(&self.y, &self.numbers)
    }

    /// The place of a row's class; `outputs`: 1 for two classes.
    pub(crate) fn class(&self, row: usize, outputs: usize) -> usize {
        match &self.compact {
            Compact::Classes(classes) => usize::from(classes[row]),
            Compact::Labels(1, _) => usize::from(self.targets().is(row, 1, 0)),
            _ if outputs == 1 => usize::from(self.y[row] > 0.5),
            _ => most_probable(&self.y[row * outputs..][..outputs]),
        }
    }

    /// The rows of these numbers, in their order.
    pub fn pick(&self, numbers: &[usize], inputs: usize, outputs: usize) -> Rows {
        let (x, w) = (lines(&self.x, inputs, numbers), lines(&self.w, 1, numbers));
        let (y, compact) = (lines(&self.y, outputs, numbers), self.compact.pick(numbers));
        Rows { rows: numbers.len(), numbers: numbers.to_vec(), x, y, compact, w, stored: self.stored.clone() }
    }

    /// What is right for the rows in these places, and their numbers; nothing else of them.
    pub(crate) fn right_of(&self, places: &[usize], outputs: usize) -> Rows {
        let (y, compact) = (lines(&self.y, outputs, places), self.compact.pick(places));
        Rows { rows: places.len(), numbers: places.iter().map(|&place| self.numbers[place]).collect(), y, compact, ..Rows::default() }
    }

    /// Hands on what is right, a block of rows after the other, each with the place of its first row. Numbers: rows × outputs
    pub(crate) fn right(&self, outputs: usize, each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Error> {
        let (targets, mut room) = (self.targets(), Vec::new());
        let rows = targets.rows(outputs);
        for first in (0..rows).step_by(BLOCK) {
            each(first, targets.of(first, BLOCK.min(rows - first), outputs, &mut room));
        }
        self.check()
    }

    /// The same in the place where they are, of numbers in order.
    pub(crate) fn keep(self, numbers: Vec<usize>, inputs: usize, outputs: usize) -> Rows {
        let lines = |mut from: Vec<f64>, width: usize| {
            if !from.is_empty() {
                numbers.iter().enumerate().for_each(|(place, &r)| from.copy_within(r * width..(r + 1) * width, place * width));
                from.truncate(numbers.len() * width);
                from.shrink_to_fit();
            }
            from
        };
        let (x, y, w) = (lines(self.x, inputs), lines(self.y, outputs), lines(self.w, 1));
        let compact = self.compact.keep(&numbers);
        Rows { rows: numbers.len(), numbers, x, y, compact, w, stored: self.stored }
    }

    /// Hands on the inputs, a block of rows after the other, each with the place of its first row.
    pub(crate) fn inputs(&self, each: &mut dyn FnMut(usize, &[f64])) -> Result<(), Error> {
        match &self.stored {
            Some(stored) => stored.blocks(&self.numbers, each),
            None => {
                each(0, &self.x);
                Ok(())
            }
        }
    }

    /// Hands on all numbers of each of so many inputs, by its place, with no more than so many bytes where they are stored.
    pub(crate) fn columns(&self, inputs: usize, memory: u64, each: &mut dyn FnMut(usize, &mut [f64])) -> Result<(), Error> {
        if let Some(stored) = &self.stored {
            return stored.columns(&self.numbers, memory, each);
        }
        for c in 0..inputs {
            each(c, &mut self.x.iter().copied().skip(c).step_by(inputs).collect::<Vec<f64>>());
        }
        Ok(())
    }

    /// As a network sees them, if they are stored. `target_scaler`: of the targets; `w`: as the network sees the weights, rows × 1
    pub(crate) fn fed<'a, S>(&'a self, scaler: Option<&'a Scaler>, target_scaler: Option<&'a Scaler>, w: &'a [S]) -> Option<Fed<'a, S>> {
        let (rows, targets) = (&self.numbers, self.targets());
        let (smoothing, levels) = ((0.0, 1), [0.0, 1.0]);
        self.stored.as_ref().map(|inputs| Fed { inputs, scaler, rows, targets, target_scaler, smoothing, levels, w })
    }

    /// The rows from `first` on, without targets and weights, as a network sees them, if they are stored.
    pub(crate) fn fed_from<'a, S>(&'a self, scaler: Option<&'a Scaler>, first: usize) -> Option<Fed<'a, S>> {
        let (rows, targets) = (&self.numbers[first..], Targets::Numbers(&[]));
        let (smoothing, levels) = ((0.0, 1), [0.0, 1.0]);
        self.stored.as_ref().map(|inputs| Fed { inputs, scaler, rows, targets, target_scaler: None, smoothing, levels, w: &[] })
    }

    /// What the stored rows could not be read for, if there was anything.
    pub fn check(&self) -> Result<(), Error> {
        self.stored.as_ref().map_or(Ok(()), Inputs::check)
    }
}

/// The rows in these places, of so many numbers each; of none nothing.
fn lines(from: &[f64], width: usize, places: &[usize]) -> Vec<f64> {
    let mut all = Vec::with_capacity(if from.is_empty() { 0 } else { places.len() * width });
    if !from.is_empty() {
        places.iter().for_each(|&r| all.extend_from_slice(&from[r * width..(r + 1) * width]));
    }
    all
}

/// Where the row of this number stands among rows of these numbers, in order.
pub fn place_of(numbers: &[usize], row: usize) -> Result<usize, Error> {
    match numbers.binary_search(&row) {
        Ok(place) => Ok(place),
        Err(place) if place < numbers.len() => {
            Err(Error::new(Kind::Usage, format!("row {row} has no target and is left out")).hint("a row that has one"))
        }
        Err(_) => {
            let rows = numbers.last().map_or(0, |last| last + 1);
            Err(Error::new(Kind::Usage, format!("there is no row {row}: the data have {rows} rows, counted from 0")))
        }
    }
}

/// Keeps a share of so many rows aside: (trained on, kept aside), both in the order of the data.
/// At least one row is trained on; a share above 0 keeps at least one aside where there are two.
pub fn split(rows: usize, share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    if share == 0.0 || rows < 2 {
        return ((0..rows).collect(), Vec::new());
    }
    let count = ((rows as f64 * share).round() as usize).clamp(1, rows - 1);
    let mut order: Vec<u32> = (0..rows as u32).collect();
    Random::new(seed, Purpose::Split, 0).shuffle(&mut order);
    let mut is_aside = vec![false; rows];
    order.drain(..).take(count).for_each(|row| is_aside[row as usize] = true);
    drop(order);
    let of = |aside: bool| {
        let mut numbers = Vec::with_capacity(if aside { count } else { rows - count });
        numbers.extend((0..rows).filter(|&row| is_aside[row] == aside));
        numbers
    };
    (of(false), of(true))
}

impl Job {
    /// How many outputs.
    pub fn outputs(&self) -> usize {
        self.shape.layers.last().map_or(0, |layer| layer.units)
    }

    /// Epochs after which the training ends.
    pub fn ends_after(&self) -> u64 {
        self.until.unwrap_or(self.epochs)
    }

    /// How many rows are kept aside, and the file that they come from, if they are none of the table.
    pub fn kept_aside(&self) -> String {
        let from = self.beside.as_ref().map_or(String::new(), |beside| format!(" ({})", excerpt(&beside.name())));
        format!("{} kept aside{from}", self.held.rows)
    }

    /// What the rows kept aside have decided: after them costs and measures flatter.
    pub fn decided(&self) -> Vec<&'static str> {
        if self.unseen().rows == 0 {
            return Vec::new();
        }
        let mut decided = self.course.decides(self.ends_after());
        decided.extend((self.calibrate == Calibrate::OnHeld).then_some("the temperature"));
        decided.extend(self.threshold.is_found().then_some("the threshold"));
        decided
    }

    /// Why costs and measures of the rows kept aside are not those of new rows, if they are not.
    pub fn warning(&self) -> Option<String> {
        let goes_on = || {
            let why = "the model that training went on from may have been trained on these rows";
            (self.from.is_some() && self.held.rows > 0).then(|| why.to_string())
        };
        Some(format!("{}: others may cost more", course::decided(&self.decided()).or_else(goes_on)?))
    }

    /// The rows that a network is judged by which has not seen them: of an ensemble all, each by the network that keeps it aside.
    pub fn unseen(&self) -> &Rows {
        if self.members.is_some() { &self.train } else { &self.held }
    }

    /// Where the parameters with a learning rate of their own lie, and these rates. A search has none.
    pub fn rates(&self) -> Vec<(Range<usize>, f64)> {
        if self.optimizer == "lbfgs" { Vec::new() } else { self.shape.rates(self.learning_rate) }
    }

    /// What the classes are called; of labels two names for each target.
    pub fn class_names(&self) -> Vec<String> {
        match self.task {
            Task::Labels => label_names(self.encoder.as_ref(), &self.targets, &self.classes),
            _ => class_names(self.encoder.as_ref(), &self.classes),
        }
    }

    /// All rows of the table in its order, in memory. What cannot be read is NaN.
    pub fn all_rows(&self) -> Rows {
        let (inputs, outputs) = (self.inputs.len(), self.outputs());
        let none = Rows::default();
        let held = if self.beside.is_some() { &none } else { &self.held };
        let dense = |rows: &Rows| rows.targets().of(0, rows.targets().rows(outputs), outputs, &mut Vec::new()).to_vec();
        let both = Rows {
            rows: self.train.rows + held.rows,
            numbers: [&self.train.numbers[..], &held.numbers].concat(),
            x: [&self.train.x[..], &held.x].concat(),
            y: [dense(&self.train), dense(held)].concat(),
            compact: Compact::default(),
            w: [&self.train.w[..], &held.w].concat(),
            stored: None,
        };
        let mut places: Vec<usize> = (0..both.rows).collect();
        places.sort_unstable_by_key(|&place| both.numbers[place]);
        let mut all = both.pick(&places, inputs, outputs);
        all.numbers = places.iter().map(|&place| both.numbers[place]).collect();
        if let Some(stored) = &self.train.stored {
            all.x = stored.of_rows(&all.numbers).unwrap_or_else(|_| vec![f64::NAN; all.rows * inputs]);
        }
        all
    }

    /// What stands between the network and its columns.
    pub fn surroundings(&self) -> Surroundings {
        Surroundings {
            input_scaler: self.input_scaler.clone(),
            target_scaler: self.target_scaler.clone(),
            task: self.task,
            loss: self.shape.loss.clone(),
        }
    }

    /// The model before the first step.
    pub fn initial_model(&self) -> Model {
        let parameters = match self.precision {
            Precision::F32 => Parameters::F32(self.initial.iter().map(|&number| number as f32).collect()),
            Precision::F64 => Parameters::F64(self.initial.clone()),
        };
        Model { metadata: self.metadata(0), parameters }
    }

    /// The description that goes into the model file.
    pub fn metadata(&self, epochs: u64) -> Metadata {
        let entry = optimizers::find::<f64>(&self.optimizer).ok();
        let defaults = entry.iter().flat_map(|entry| entry.options.iter().map(|(name, value)| (name.to_string(), *value)));
        let options = defaults.chain(self.options.iter().cloned()).collect();
        Metadata {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_string(),
            name: self.name.clone(),
            bundled: self.bundled,
            precision: self.precision,
            inputs: self.inputs.clone(),
            targets: self.targets.clone(),
            task: self.task,
            classes: self.classes.clone(),
            encoder: self.encoder.clone(),
            headless: self.headless,
            network: self.shape.clone(),
            input_scaler: self.input_scaler.clone(),
            target_scaler: self.target_scaler.clone(),
            threshold: if let Threshold::At(threshold) = self.threshold { threshold } else { HALF },
            metric: self.metric.clone(),
            residuals: self.residuals.clone(),
            seed: self.seed,
            training: Training {
                optimizer: self.optimizer.clone(),
                options,
                learning_rate: self.learning_rate,
                epochs,
                planned: Some(self.epochs).filter(|planned| *planned != epochs && self.course.leads()),
                batch: self.batch,
                shuffle: self.shuffle,
                rows: self.train.rows,
                validation_rows: self.held.rows,
                validation: self.beside.as_ref().map(|beside| beside.name()),
                course: self.course.spelled(),
                recipe: self.recipe,
                temperature: None,
                ensemble: self.networks,
                best_epoch: None,
                split: self.split.told().map(String::from),
                from: self.from.clone(),
            },
        }
    }
}

/// Rows for a model that exists: its columns found by name, its targets encoded as it was trained.
/// Without `with_targets` the targets stay empty and need not be there.
pub fn rows_for(metadata: &Metadata, table: &Table, with_targets: bool) -> Result<Rows, Error> {
    let x = table.take(&metadata.inputs)?;
    let y = if with_targets { encode(metadata.task, &metadata.classes, &metadata.targets, table)? } else { Vec::new() };
    let mut rows = Rows { rows: table.rows, numbers: table.numbers(), x, y, ..Rows::default() };
    if with_targets {
        rows.w = metadata.network.terms.weights_of(table, &rows)?;
    }
    Ok(rows)
}

/// Rows with targets for a model that exists, from a bundled table, by its name, or a file; the inputs of a table that is larger than
/// `memory` bytes are left in a temporary file, from which up to so many threads read. With what the table is called, and what a person
/// should know of the reading.
pub fn read_rows(
    metadata: &Metadata,
    data: &str,
    header: Option<bool>,
    memory: u64,
    threads: usize,
) -> Result<(Rows, String, Vec<String>), Error> {
    let weights = metadata.network.terms.weights.iter().filter_map(|weights| weights.column.clone());
    // Of several targets the file's are enough.
    let kept = metadata.targets.iter().filter(|_| metadata.targets.len() == 1).cloned();
    let bound = Bound { memory, keep: kept.chain(weights).collect() };
    let (reading, stored) = read_for_within(data, metadata, true, header, Some(&bound))?;
    let mut table = reading.table;
    let Some(stored) = stored else { return Ok((rows_for(metadata, &table, true)?, table.source, reading.notes)) };
    let mut notes = reading.notes;
    notes.push(stored.note());
    let raw = (metadata.targets.len() == 1).then(|| table.give(&metadata.targets)).transpose()?;
    let is_far = raw.is_none() && matches!(metadata.task, Task::Regression | Task::Values);
    let columns = Columns { table: &table, stored: Some(&stored), rows: table.rows };
    let (y, mut compact) = compacted(metadata.task, &metadata.classes, &metadata.targets, raw, &columns)?;
    let inputs = Inputs::new(stored, &table, &metadata.inputs, threads)?;
    if is_far {
        compact = Compact::Stored(inputs.beside(&table.source, &metadata.targets)?);
    }
    let stored = Some(inputs);
    let mut rows = Rows { rows: table.rows, numbers: table.numbers(), y, compact, stored, ..Rows::default() };
    rows.w = metadata.network.terms.weights_of(&table, &rows)?;
    Ok((rows, table.source, notes))
}

/// Targets as the network is trained on them: rows × outputs.
pub fn encode(task: Task, classes: &[f64], targets: &[String], table: &Table) -> Result<Vec<f64>, Error> {
    encode_raw(task, classes, targets, table.take(targets)?, table)
}

/// The same of targets that were taken from the table. `raw`: rows × targets
pub(crate) fn encode_raw(task: Task, classes: &[f64], targets: &[String], raw: Vec<f64>, table: &Table) -> Result<Vec<f64>, Error> {
    let unknown =
        |place: usize, known: &str| unknown_class(table, place / targets.len(), &targets[place % targets.len()], known, raw[place]);
    match task {
        Task::Regression | Task::Values => Ok(raw),
        Task::TwoClasses => match raw.iter().position(|y| !classes.contains(y)) {
            None => Ok(raw.into_iter().map(|y| f64::from(u8::from(y == classes[1]))).collect()),
            Some(row) => Err(unknown(row, &listed(classes))),
        },
        Task::Labels => {
            let pair = |place: usize| &classes[2 * (place % targets.len())..][..2];
            match raw.iter().enumerate().find(|(place, y)| !pair(*place).contains(y)) {
                None => Ok(raw.into_iter().enumerate().map(|(place, y)| f64::from(u8::from(y == pair(place)[1]))).collect()),
                Some((place, _)) => Err(unknown(place, &listed(pair(place)))),
            }
        }
        Task::Classes => {
            let mut y = Vec::new();
            one_hot(&places(classes, &targets[0], &raw, table)?, classes.len(), &mut y);
            Ok(y)
        }
    }
}

/// The place of each row's class, of at most 2¹⁶. `raw`: rows, the target as it stands in the table
pub(crate) fn places(classes: &[f64], target: &str, raw: &[f64], table: &Table) -> Result<Vec<u16>, Error> {
    let mut places = Vec::with_capacity(raw.len());
    for (row, &value) in raw.iter().enumerate() {
        // They are in order as a rule.
        let place = classes.binary_search_by(|class| class.total_cmp(&value)).ok();
        match place.or_else(|| classes.iter().position(|class| *class == value)) {
            Some(place) => places.push(place as u16),
            None => return Err(unknown_class(table, row, target, &listed(classes), value)),
        }
    }
    Ok(places)
}

/// The same of the target in place `k` of several, each with two classes.
pub(crate) fn unknown_label(table: &Table, (row, k): (usize, usize), targets: &[String], classes: &[f64], value: f64) -> Error {
    unknown_class(table, row, &targets[k], &listed(&classes[2 * k..][..2]), value)
}

fn unknown_class(table: &Table, row: usize, target: &str, known: &str, value: f64) -> Error {
    Error::new(Kind::Data, format!("expected one of the classes {known}, came {value}"))
        .file(&table.source)
        .row(table.number(row))
        .column(target)
        .hint("train again with a table that has all classes")
}

/// The classes; the first of them where they are many.
fn listed(classes: &[f64]) -> String {
    let names: Vec<String> = classes.iter().take(20).map(f64::to_string).collect();
    let more = if classes.len() > 20 { format!(" and {} more", classes.len() - 20) } else { String::new() };
    names.join(", ") + &more
}
