//! From what a person asked for to a job with every choice made.

mod agreement;
mod beside;
mod ensemble;
mod formulas;
mod labels;
mod network;
mod parts;
mod scales;
mod seen;
mod table;
mod target;
mod training;
mod unit_variance;
mod warm_start;

pub use beside::Beside;
pub use formulas::formula_notes;
pub use parts::Part;
pub(crate) use target::looks_like_classes;
pub(crate) use warm_start::layer as layer_of_shape;

use ensemble::{ensemble_of, members, networks_count};
use network::{Begun, Place, layer_shape, remarks};
use scales::Numbers;
use table::{columns, decisive, table, with_header};
use target::{is_particular, loss, suits, task, threshold};
use training::{batch, calibrates, counts, led, metric};

use crate::compact::{Compact, compacted};
use crate::data::{BUNDLED, Bound, Columns, Inputs, MEMORY, Stored, Table};
use crate::embedding;
use crate::encoder::{Column, Encoder, class_names};
use crate::error::{Error, Kind};
use crate::job::{Job, Rows, encode_raw};
use crate::layers;
use crate::model_file::{Model, Shape, Task, weights_sha256};
use crate::numeric_embedding;
use crate::recipe::{self, Filled, Recipe, plain};
use crate::run_file::{self, Embed, RunFile, Source};
use crate::splits::Split;
use crate::terms;
use backlit_engine::{ops, optimizers};
use std::path::PathBuf;
use std::sync::Arc;

/// Hidden layers where the run file has none: units and their activation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hidden {
    /// Units of each, from the first; none: the recipe's.
    pub units: Option<Vec<usize>>,
    /// Of all of them; none: the recipe's.
    pub activation: Option<String>,
}

/// A run without a run file, on a bundled set or a file.
pub fn run_on(data: &str) -> RunFile {
    let mut run = RunFile {
        file: String::new(),
        data: run_file::Data {
            source: Source::Path(PathBuf::new()),
            target: Vec::new(),
            categories: Vec::new(),
            ignore: Vec::new(),
            embed: Embed::default(),
            decimal_comma: None,
            header: None,
            standardize: true,
            scaling: None,
            validation: 0.2,
            is_share_said: false,
            validation_file: None,
            split: Split::Random,
            weights: None,
            class_weight: None,
        },
        network: run_file::Network::default(),
        train: run_file::Train::default(),
    };
    set_data(&mut run, data);
    run
}

/// Points a run at a bundled set, by name, or at a file.
pub fn set_data(run: &mut RunFile, data: &str) {
    run.data.source = if BUNDLED.contains(&data) { Source::Bundled(data.into()) } else { Source::Path(data.into()) };
}

/// Reads the data, all of it into memory, and makes every choice. `hidden` replaces the run's layers; without both there is a default.
/// After a cross-validation training is on all rows.
pub fn job(run: &RunFile, hidden: Option<&Hidden>, threads: usize) -> Result<Job, Error> {
    job_of(read_up_to(run, hidden, None)?, hidden, threads, Part::of(run))
}

/// A run with its data read, before any choice that depends on which rows are trained on.
#[derive(Clone)]
pub struct Read {
    /// What was asked for, completed by the model that training goes on from.
    pub run: RunFile,
    start: Option<Model>,
    table: Table,
    stored: Option<Stored>,
    /// Bytes that a table may take.
    memory: u64,
    name: String,
    encoder: Option<Encoder>,
    headless: bool,
    /// Where the rows of a file of their own are among those of the table.
    beside: Option<Beside>,
    notes: Vec<String>,
}

impl Read {
    /// Bytes that a table may take.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// The same data, for whose preparation there are so many bytes.
    pub(crate) fn within(self, memory: u64) -> Read {
        Read { memory, ..self }
    }
}

/// Reads the data of a run; the inputs of a table that is larger than the memory it may take are left in a file. `hidden` as in [`job`].
pub fn read(run: &RunFile, hidden: Option<&Hidden>) -> Result<Read, Error> {
    read_up_to(run, hidden, Some(run.train.memory.unwrap_or(MEMORY)))
}

fn read_up_to(run: &RunFile, hidden: Option<&Hidden>, memory: Option<u64>) -> Result<Read, Error> {
    let start = warm_start::model(run)?;
    let has_layers = hidden.is_some() || !run.network.layers.is_empty();
    agreement::agrees(run, start.as_ref(), has_layers)?;
    let run = warm_start::completed(with_plain_names(run)?, start.as_ref(), has_layers)?;
    let mut notes = Vec::new();
    let bound = memory.map(|memory| Bound { memory, keep: decisive(&run) });
    let (mut table, mut stored, name, encoder, headless) = table(&run, start.as_ref(), bound.as_ref(), &mut notes)?;
    let place = beside::Place { run: &run, start: start.as_ref(), encoder: encoder.as_ref(), headless, bound: bound.as_ref() };
    let beside = beside::join(&place, &mut table, &mut stored, &mut notes)?;
    Ok(Read { run, start, table, stored, memory: memory.unwrap_or(MEMORY), name, encoder, headless, beside, notes })
}

/// [`job`] on data that were read, trained on a part of the rows.
pub fn job_of(read: Read, hidden: Option<&Hidden>, threads: usize, part: Part) -> Result<Job, Error> {
    let (beside, source) = (read.beside.clone(), read.table.source.clone());
    made(read, hidden, threads, part).map_err(|error| beside.iter().fold(error, |error, beside| beside.placed(error, &source)))
}

fn made(read: Read, hidden: Option<&Hidden>, threads: usize, part: Part) -> Result<Job, Error> {
    let Read { mut run, start, mut table, mut stored, memory, name, mut encoder, headless, beside, mut notes } = read;
    if part == Part::All && run.train.folds.is_some() {
        // There are no rows to listen to; the folds tell how many epochs it takes.
        run.train.course = run.train.course.without_waiting();
    }
    let run = &run;
    // Its columns are all that there are.
    let (source, rows) = (&table.source, table.rows);
    let whole = stored.as_ref().map(|stored| Table {
        source: source.clone(),
        columns: stored.columns.clone(),
        rows,
        values: Vec::new(),
        left_out: Vec::new(),
    });
    let is_aside = |column: &Column| column.kind.is_level() || run.data.is_aside(&column.name);
    let no_inputs = encoder.iter().flat_map(|encoder| &encoder.columns).filter(|column| is_aside(column));
    let no_inputs: Vec<String> = no_inputs.flat_map(|column| column.kind.names(&column.name)).collect();
    let known = whole.as_ref().unwrap_or(&table);
    let (mut inputs, targets) = columns(run, known, &no_inputs)
        .map_err(|error| if error.kind == Kind::Data { with_header(error, run, headless, &known.columns) } else { error })?;
    if let Some(model) = &start {
        inputs = warm_start::columns(run, model, known, &targets)?;
    }
    let mut embedding = match &start {
        Some(model) => model.metadata.network.embedding.clone(),
        None => embedding::of(&mut inputs, encoder.as_ref(), run.data.embed.numbers(usize::MAX).unwrap_or(0)),
    };
    let is_kept = targets.iter().all(|target| table.columns.contains(target));
    // What the targets are is told from what is trained on, wherever it is.
    let alone = beside.as_ref().map_or(rows, Beside::rows_before);
    let seen = Columns { table: &table, stored: stored.as_ref(), rows: alone };
    let (task, mut classes) = task(run, &seen, &targets, encoder.as_ref(), &mut notes)?;
    if let Some(model) = &start {
        classes = warm_start::classes(run, model, task)?;
    }
    let loss = loss(run, task)?;
    let ensemble = ensemble_of(run, table.rows, part)?;
    let raw = match &stored {
        None => Some(table.take(&targets)?),
        Some(_) => is_kept.then(|| table.give(&targets)).transpose()?,
    };
    let of_targets = Columns { table: &table, stored: stored.as_ref(), rows };
    let (y, compact) = match raw {
        Some(raw) if stored.is_none() => (encode_raw(task, &classes, &targets, raw, &table)?, Compact::default()),
        raw => compacted(task, &classes, &targets, raw, &of_targets)?,
    };
    // Numbers that stay in the file.
    let is_far = !is_kept && matches!(task, Task::Regression | Task::Values);
    let outputs = match &compact {
        Compact::Classes(_) => classes.len(),
        Compact::Labels(labels, _) => *labels,
        _ if is_far => targets.len(),
        _ => y.len() / table.rows,
    };
    let mut suited = suits(&loss, outputs, &y);
    if is_far && is_particular(&loss) {
        of_targets.rows(&targets, |row, y| {
            if suited.is_ok() {
                suited = suits(&loss, outputs, y).map_err(|(place, message)| (row * outputs + place, message));
            }
        })?;
    }
    suited.map_err(|(place, message)| {
        let column = targets.get(place % outputs).unwrap_or(&targets[0]);
        Error::new(Kind::Data, message).file(&table.source).row(table.number(place / outputs)).column(column)
    })?;
    let part = if ensemble > 1 { Part::All } else { part };
    let all = Rows { rows: table.rows, y, compact, ..Rows::default() };
    let is_class = matches!(task, Task::Classes | Task::TwoClasses);
    let folds = |count: usize| {
        let class = |row: usize| all.class(row, outputs);
        parts::folds(run, &table, count, if is_class { Some(&class) } else { None })
    };
    parts::has_column(run, &table, whole.as_ref().unwrap_or(&table))?;
    let weighed = terms::column(&table, run.data.weights.as_deref())?;
    // Where some rows weigh nothing each network has its share of the others.
    let dealt = |count: usize| match weighed.contains(&0.0) {
        false => folds(count),
        true => {
            let kind = |row: usize| 2 * if is_class { all.class(row, outputs) } else { 0 } + usize::from(weighed[row] > 0.0);
            parts::folds(run, &table, count, Some(&kind))
        }
    };
    let fold_of = (ensemble > 1).then(|| dealt(ensemble)).transpose()?;
    let ahead = run.train.folds.filter(|_| part == Part::All);
    let ahead = ahead.map(|count| Ok::<_, Error>((count, folds(count)?))).transpose()?;
    notes.extend(ahead.iter().filter_map(|(_, fold_of)| parts::before_folds(fold_of)));
    let (trained, aside) = match &beside {
        Some(beside) => beside.split(table.rows),
        None => part.rows(run, &table, task, outputs, &all)?,
    };
    if matches!(task, Task::Classes | Task::TwoClasses) {
        notes.extend(seen::notes(&class_names(encoder.as_ref(), &classes), (&all, outputs), (&trained, &aside)));
    }
    let weights: Vec<f64> = if weighed.is_empty() { weighed } else { trained.iter().map(|&row| weighed[row]).collect() };
    if let Some(encoder) = &mut encoder {
        // A model that training goes on from knows its medians already.
        if start.is_none() {
            match &mut stored {
                Some(stored) => stored.fill(encoder, &trained, &weights, memory / 4)?,
                None => encoder.fill(&trained, &weights, &mut table.values),
            }
        }
        encoder.columns.retain(|column| !is_aside(column));
    }
    let threads = run.train.threads.unwrap_or(threads);
    let (x, stored) = match stored {
        None => (table.take(&inputs)?, None),
        Some(stored) => (Vec::new(), Some(Inputs::new(stored, &table, &inputs, threads)?)),
    };
    let compact = match &stored {
        Some(inputs) if is_far => Compact::Stored(inputs.beside(&table.source, &targets)?),
        _ => all.compact,
    };
    let all = Rows { x, stored, compact, ..all };
    let mut held = all.pick(&aside, inputs.len(), outputs);
    let mut train = all.keep(trained, inputs.len(), outputs);
    if part == Part::AsAsked && run.data.validation > 0.0 && held.rows == 0 {
        let why = if table.rows == 1 { "there is only one row" } else { "no class has two rows" };
        notes.push(format!("{why}: none is kept aside"));
    }
    notes.extend(parts::remarks(run, &inputs, &no_inputs));
    if start.is_some() && held.rows > 0 {
        notes.push("the model that training goes on from may have been trained on the rows kept aside now".into());
    }
    let own_layers = hidden.is_none() && !run.network.layers.is_empty();
    let has_numbers = !numeric_embedding::columns(&inputs, encoder.as_ref(), embedding.as_ref()).is_empty();
    let Filled { run: filled, hidden, why } = recipe::fill(run, hidden, task, (train.rows, held.rows), ensemble, has_numbers);
    let (run, hidden) = (&filled, (!own_layers).then_some(&hidden));
    threshold(run, task, if part == Part::All { &train } else { &held })?;

    let wrong = |key: &str, message: String| usage(run, message).key(key);
    let terms = terms::terms(run, task, &class_names(encoder.as_ref(), &classes), &table, (&mut train, &mut held), &weights, wrong)?;
    notes.extend(terms.notes());
    if !table.left_out.is_empty() {
        let in_file = table.numbers();
        [&mut train, &mut held].into_iter().flat_map(|rows| &mut rows.numbers).for_each(|number| *number = in_file[*number]);
    }
    let place = Place { inputs: &inputs, encoder: encoder.as_ref(), outputs, loss: &loss };
    let Begun { layers, numeric, mut initial, frozen } = network::begun(run, hidden, start.as_ref(), &place, &mut embedding, &mut notes)?;
    let numbers =
        Numbers { source: &table.source, inputs: &inputs, targets: &targets, outputs, train: &train, held: &held, weights: &weights };
    let scalers = numbers.scalers(run, start.as_ref(), (task, &loss), embedding.as_ref(), memory)?;
    notes.extend(numbers.constant(start.as_ref(), &scalers));
    let inline = matches!(run.data.source, Source::Inline { .. });
    if scalers[0].is_none() && start.is_none() && !inline && train.rows > 1 {
        notes.extend(numbers.constant_as_they_are(embedding.as_ref())?);
    }
    notes.extend(remarks(&layers, &loss));
    notes.extend(formula_notes(layers.iter().map(|layer| layer.activation.as_str()), &loss));
    numbers.fit(run, &scalers)?;
    let [input_scaler, target_scaler] = scalers;
    let entry = optimizers::find::<f64>(run.train.optimizer()).map_err(|message| usage(run, message).key("train.optimizer"))?;
    entry.create(&run.train.options, 0).map_err(|message| usage(run, message).key("train"))?;
    let aside = if ensemble > 1 { train.rows } else { held.rows };
    led(run, aside)?;
    counts(run, &held)?;
    fold_of.iter().try_for_each(|fold_of| networks_count(run, fold_of, ensemble, &train.w))?;
    // By each network, where there are several.
    let train_on: Vec<usize> = match &fold_of {
        Some(fold_of) => (0..ensemble).map(|k| fold_of.iter().filter(|fold| **fold as usize != k).count()).collect(),
        None => vec![train.rows],
    };
    let batch = batch(run, &train_on)?;
    // Before a cross-validation the folds' own trainings too.
    let fewer = ahead.iter().flat_map(|(count, fold_of)| parts::trained_on(&run.data.split, fold_of, *count));
    let trained: Vec<usize> = train_on.iter().copied().chain(fewer).collect();
    layers::suits(&layers, run.train.optimizer(), &trained, batch, |key, message| usage(run, message).key(key))?;
    let shape = Shape { inputs: inputs.len(), layers: layers.iter().map(layer_shape).collect(), loss, terms, embedding, numeric };
    let calibrate = calibrates(run, task, &shape, &frozen, aside)?;
    if let Some(beside) = &beside {
        beside.give_own_numbers(&mut held);
    }
    let mut members = fold_of.map(|fold_of| members(run, &layers, &shape, &initial, fold_of, ensemble)).transpose()?;
    let by_rows = if start.is_none() { unit_variance::layers(run, &layers) } else { Vec::new() };
    if !by_rows.is_empty() {
        let x = unit_variance::sample(&train, &input_scaler, inputs.len())?;
        let all = members.as_mut().map_or(&mut [][..], |members| &mut members.initial);
        for initial in all.iter_mut().chain([&mut initial]) {
            unit_variance::scale(&shape, &by_rows, &x, initial)?;
            network::finite(run, initial)?;
        }
    }
    Ok(Job {
        bundled: matches!(run.data.source, Source::Bundled(_)),
        data: match &run.data.source {
            Source::Path(path) => path.display().to_string(),
            Source::Bundled(name) => name.clone(),
            Source::Inline { .. } => String::new(),
        },
        name,
        task,
        classes,
        encoder,
        headless,
        shape,
        recipe: Recipe::of(run),
        why,
        calibrate,
        members,
        inputs,
        targets,
        precision: run.network.precision,
        initial,
        from: start.as_ref().map(|model| weights_sha256(&model.parameters)),
        networks: start.as_ref().and_then(warm_start::networks),
        frozen,
        split: run.data.split.clone(),
        beside,
        train,
        held,
        input_scaler,
        target_scaler,
        optimizer: run.train.optimizer().to_string(),
        options: run.train.options.clone(),
        learning_rate: run.train.learning_rate.unwrap_or(entry.learning_rate),
        course: run.train.course.clone(),
        epochs: run.train.epochs.unwrap_or(plain::EPOCHS),
        until: None,
        batch,
        shuffle: run.train.shuffle.unwrap_or(!inline && batch.is_some()),
        threshold: run.train.threshold,
        residuals: None,
        metric: metric(run)?,
        seed: run.train.seed,
        threads,
        memory,
        notes,
        stop: Arc::default(),
    })
}

/// The run with its loss and activations written plainly: `poisson()` and ` poisson` are `poisson`.
fn with_plain_names(run: &RunFile) -> Result<RunFile, Error> {
    let mut run = run.clone();
    if let Some(loss) = &run.network.loss {
        ops::loss::<f64>(loss).map_err(|message| usage(&run, message).key("network.loss"))?;
        run.network.loss = Some(ops::spelled(loss));
    }
    for layer in &mut run.network.layers {
        layer.activation = ops::spelled(&layer.activation);
    }
    Ok(run)
}

/// Something wrong with what was asked for; flags alone have no file.
fn usage(run: &RunFile, message: impl Into<String>) -> Error {
    let error = Error::new(Kind::Usage, message);
    if run.file.is_empty() { error } else { error.file(&run.file) }
}
