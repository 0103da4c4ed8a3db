//! From what a person asked for to a job with every choice made.

mod formulas;
mod labels;
mod parts;
mod warm_start;

pub use formulas::formula_notes;
pub use parts::Part;
pub(crate) use warm_start::layer as layer_of_shape;

use crate::calibration;
use crate::data::{
    BUNDLED, Bound, Header, Inputs, MEMORY, Reading, Stored, Table, bundled, indices, note, profile, read_numbers, read_within,
};
use crate::encoder::{Column, Encoder, class_names};
use crate::ensemble::{self, Members};
use crate::error::{Error, Kind};
use crate::job::{Calibrate, Job, Rows, encode};
use crate::layers::{self, Norm, Skip};
use crate::metrics::{Own, Threshold};
use crate::model_file::{LayerShape, Model, Precision, Shape, Task, weights_sha256};
use crate::predictor::scaled;
use crate::recipe::{self, Filled, Recipe};
use crate::run_file::{self, Batch, Bias, Freeze, Layer, Orientation, Rng, RunFile, Source};
use crate::scaler::Scaler;
use crate::splits::{Split, classes_of};
use crate::terms;
use backlit_engine::init::{Draws, Initializer};
use backlit_engine::{ops, optimizers};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Hidden layers where the run file has none: units and their activation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hidden {
    /// Units of each, from the first; none: the recipe's.
    pub units: Option<Vec<usize>>,
    /// Of all of them; none: the recipe's.
    pub activation: Option<String>,
}

/// Units of the hidden layers when nobody says.
const UNITS: [usize; 2] = [64, 32];
/// Their activation when nobody says.
const ACTIVATION: &str = "relu";

/// Passes over the rows when nobody says.
const EPOCHS: u64 = 200;
/// Rows in a batch when nobody says.
const BATCH: usize = 32;
/// A target of whole numbers with at most so many values is taken as classes.
const MOST_CLASSES_BY_SIGHT: usize = 20;
/// Most classes there can be.
const MOST_CLASSES: usize = 10_000;

/// A run without a run file, on a bundled set or a file.
pub fn run_on(data: &str) -> RunFile {
    let mut run = RunFile {
        file: String::new(),
        data: run_file::Data {
            source: Source::Path(PathBuf::new()),
            target: Vec::new(),
            categories: Vec::new(),
            ignore: Vec::new(),
            header: None,
            standardize: true,
            validation: 0.2,
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
    notes: Vec<String>,
}

/// Reads the data of a run; the inputs of a table that is larger than the memory it may take are left in a file. `hidden` as in [`job`].
pub fn read(run: &RunFile, hidden: Option<&Hidden>) -> Result<Read, Error> {
    read_up_to(run, hidden, Some(run.train.memory.unwrap_or(MEMORY)))
}

fn read_up_to(run: &RunFile, hidden: Option<&Hidden>, memory: Option<u64>) -> Result<Read, Error> {
    let start = warm_start::model(run)?;
    let run = warm_start::completed(with_plain_names(run)?, start.as_ref(), hidden.is_some())?;
    let mut notes = Vec::new();
    let is_target = |name: &&str| run.data.target.iter().any(|target| target == name);
    let ignored = run.data.ignore.iter().map(String::as_str).find(is_target).map(|column| (column, "ignore"));
    if let Some((column, key)) = ignored.or(run.data.split.column().filter(is_target).map(|column| (column, "split"))) {
        return Err(usage(&run, format!("'{column}' is the target and has no other part to play")).key(format!("data.{key}")));
    }
    let bound = memory.map(|memory| Bound { memory, keep: decisive(&run) });
    let (table, stored, name, encoder, headless) = table(&run, start.as_ref(), bound.as_ref(), &mut notes)?;
    Ok(Read { run, start, table, stored, memory: memory.unwrap_or(MEMORY), name, encoder, headless, notes })
}

/// [`job`] on data that were read, trained on a part of the rows.
pub fn job_of(read: Read, hidden: Option<&Hidden>, threads: usize, part: Part) -> Result<Job, Error> {
    let Read { mut run, start, mut table, mut stored, memory, name, mut encoder, headless, mut notes } = read;
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
    let (mut inputs, targets) = columns(run, whole.as_ref().unwrap_or(&table), &no_inputs)?;
    if let Some(model) = &start {
        inputs = warm_start::columns(run, model, whole.as_ref().unwrap_or(&table), &targets)?;
    }
    let (task, mut classes) = task(run, &table, &targets, encoder.as_ref(), &mut notes)?;
    if let Some(model) = &start {
        classes = warm_start::classes(run, model, task)?;
    }
    let loss = loss(run, task)?;
    let y = encode(task, &classes, &targets, &table)?;
    let outputs = y.len() / table.rows;
    suits(&loss, outputs, &y).map_err(|(place, message)| {
        let column = targets.get(place % outputs).unwrap_or(&targets[0]);
        Error::new(Kind::Data, message).file(&table.source).row(table.number(place / outputs)).column(column)
    })?;
    let ensemble = ensemble_of(run, table.rows, part)?;
    let part = if ensemble > 1 { Part::All } else { part };
    let fold_of = match ensemble {
        1 => None,
        count => {
            let classes = matches!(task, Task::Classes | Task::TwoClasses).then(|| classes_of(outputs, &y));
            Some(parts::folds(run, &table, count, classes.as_deref())?)
        }
    };
    let (trained, aside) = part.rows(run, (&table, whole.as_ref().unwrap_or(&table)), task, outputs, &y)?;
    if let Some(encoder) = &mut encoder {
        // A model that training goes on from knows its medians already.
        if start.is_none() {
            match &mut stored {
                Some(stored) => stored.fill(encoder, &trained, memory / 4)?,
                None => encoder.fill(&trained, &mut table.values),
            }
        }
        encoder.columns.retain(|column| !is_aside(column));
    }
    let threads = run.train.threads.unwrap_or(threads);
    let (x, stored) = match stored {
        None => (table.take(&inputs)?, None),
        Some(stored) => (Vec::new(), Some(Inputs::new(stored, &table, &inputs, threads)?)),
    };
    let all = Rows { rows: table.rows, numbers: Vec::new(), x, y, w: Vec::new(), stored };
    let [mut train, mut held] = [trained, aside].map(|numbers| all.pick(&numbers, inputs.len(), outputs));
    drop(all);
    if part == Part::AsAsked && run.data.validation > 0.0 && held.rows == 0 {
        let why = if table.rows == 1 { "there is only one row" } else { "no class has two rows" };
        notes.push(format!("{why}: none is kept aside"));
    }
    if let Some(column) = run.data.split.column()
        && inputs.iter().any(|input| input == column)
    {
        notes.push(format!("'{}' decides the split and is an input too", column.escape_debug()));
    }
    let own_layers = hidden.is_none() && !run.network.layers.is_empty();
    let Filled { run: filled, hidden, why } = recipe::fill(run, hidden, task, (train.rows, held.rows), ensemble);
    let (run, hidden) = (&filled, (!own_layers).then_some(&hidden));
    threshold(run, task, if part == Part::All { &train } else { &held })?;

    let wrong = |key: &str, message: String| usage(run, message).key(key);
    let terms = terms::terms(run, task, &class_names(encoder.as_ref(), &classes), &table, &mut train, &mut held, wrong)?;
    notes.extend(terms.notes());
    if !table.left_out.is_empty() {
        let in_file = table.numbers();
        [&mut train, &mut held].into_iter().flat_map(|rows| &mut rows.numbers).for_each(|number| *number = in_file[*number]);
    }
    let layers = with_dropout(run, layers(run, hidden, outputs, &loss)?)?;
    let layers = layers::completed(run, layers, inputs.len(), |key, message| usage(run, message).key(key))?;
    check_layers(run, &layers, inputs.len(), outputs)?;
    let (mut initial, frozen) = parameters(run, &layers, inputs.len())?;
    if let Some(model) = &start {
        initial = warm_start::parameters(run, model, &layers, &mut notes)?;
    }
    let standardizes = run.data.standardize && start.is_none();
    let measured = || Scaler::measure(train.rows, inputs.len(), &mut |each| train.inputs(&mut |_, block| each(block)));
    let input_scaler = standardizes.then(measured).transpose()?;
    let scales_target = run.data.standardize && task == Task::Regression && !loss.starts_with("poisson");
    let target_scaler = scales_target.then(|| Scaler::fit(train.rows, outputs, &train.y));
    let (input_scaler, target_scaler) = match &start {
        Some(Model { metadata, .. }) => (metadata.input_scaler.clone(), metadata.target_scaler.clone()),
        None => (input_scaler, target_scaler),
    };
    for &column in input_scaler.iter().flat_map(Scaler::constant) {
        notes.push(format!("column '{}' is constant in the rows trained on, so it adds nothing", inputs[column].escape_debug()));
    }
    for &column in target_scaler.iter().flat_map(Scaler::constant) {
        notes.push(format!("target '{}' is constant in the rows trained on: there is nothing to learn", targets[column].escape_debug()));
    }
    notes.extend(remarks(&layers, &loss));
    notes.extend(formula_notes(layers.iter().map(|layer| layer.activation.as_str()), &loss));
    for rows in [&train, &held] {
        fits(run, &table.source, &inputs, inputs.len(), rows, &input_scaler, &mut |each| rows.inputs(each))?;
        fits(run, &table.source, &targets, outputs, rows, &target_scaler, &mut |each| {
            each(0, &rows.y);
            Ok(())
        })?;
    }
    let entry = optimizers::find::<f64>(run.train.optimizer()).map_err(|message| usage(run, message).key("train.optimizer"))?;
    entry.create(&run.train.options, 0).map_err(|message| usage(run, message).key("train"))?;
    let aside = if ensemble > 1 { train.rows } else { held.rows };
    led(run, aside)?;
    let inline = matches!(run.data.source, Source::Inline { .. });
    let searches = run.train.optimizer() == "lbfgs";
    let batch = match run.train.batch {
        Some(Batch::Full) => None,
        Some(Batch::Rows(rows)) if searches && rows < train.rows => {
            return Err(usage(run, format!("lbfgs takes all rows in a step, expected a full batch, came {rows} rows")).key("train.batch"));
        }
        Some(Batch::Rows(rows)) => Some(rows),
        None => (!inline && !searches).then_some(BATCH),
    };
    layers::suits(&layers, run.train.optimizer(), train.rows, batch, |key, message| usage(run, message).key(key))?;
    let layers_drawn = layers.clone();
    let layers = layers.iter().map(|layer| LayerShape {
        units: layer.units,
        activation: layer.activation.clone(),
        bias: layer.bias != Bias::None,
        freeze: layer.freeze.iter().map(Freeze::to_string).collect(),
        dropout: layer.dropout.unwrap_or(0.0),
        norm: layer.norm.flatten(),
        skip: if let Some(Skip::From(from)) = layer.skip { Some(from) } else { None },
        learning_rate: layer.learning_rate,
    });
    let shape = Shape { inputs: inputs.len(), layers: layers.collect(), loss, terms };
    let calibrate = calibrates(run, task, &shape, &frozen, aside)?;
    let members = fold_of.map(|fold_of| members(run, &layers_drawn, &shape, &initial, fold_of, ensemble)).transpose()?;
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
        frozen,
        train,
        held,
        input_scaler,
        target_scaler,
        optimizer: run.train.optimizer().to_string(),
        options: run.train.options.clone(),
        learning_rate: run.train.learning_rate.unwrap_or(entry.learning_rate),
        course: run.train.course.clone(),
        epochs: run.train.epochs.unwrap_or(EPOCHS),
        batch,
        shuffle: run.train.shuffle.unwrap_or(!inline && batch.is_some()),
        threshold: run.train.threshold,
        residuals: None,
        metric: metric(run)?,
        seed: run.train.seed,
        threads,
        notes,
    })
}

/// How many networks are trained.
fn ensemble_of(run: &RunFile, rows: usize, part: Part) -> Result<usize, Error> {
    let count = match part {
        Part::AsAsked => run.train.ensemble.unwrap_or_else(|| recipe::ensemble(run, rows)),
        _ => run.train.ensemble.unwrap_or(1),
    };
    let wrong = |message: String, hint: &str| Err(usage(run, message).key("train.ensemble").hint(hint));
    match count {
        1 => Ok(1),
        _ if part != Part::AsAsked => {
            wrong("each network of an ensemble keeps a fold aside; no folds beside".into(), "leave one of both out")
        }
        _ if run.train.from.is_some() => {
            wrong("an ensemble begins with drawn parameters, not with a model's".into(), "leave one of both out")
        }
        _ if count > rows => wrong(format!("expected at most {rows} networks for {rows} rows, came {count}"), "fewer"),
        count => Ok(count),
    }
}

/// What the networks of an ensemble begin with: the first as one alone would.
fn members(run: &RunFile, layers: &[Layer], shape: &Shape, first: &[f64], fold_of: Vec<usize>, count: usize) -> Result<Members, Error> {
    ensemble::suits(shape).map_err(|message| usage(run, message).key("train.ensemble"))?;
    let drawn = |k: usize| {
        let mut run = run.clone();
        run.train.seed = ensemble::seed_of(run.train.seed, k);
        if run.network.rng == Rng::Numpy {
            run.train.seed %= 1 << 32;
        }
        Ok(parameters(&run, layers, shape.inputs)?.0)
    };
    let initial = std::iter::once(Ok(first.to_vec())).chain((1..count).map(drawn)).collect::<Result<_, Error>>()?;
    Ok(Members { fold_of, initial })
}

/// What becomes of the probabilities after training.
fn calibrates(run: &RunFile, task: Task, shape: &Shape, frozen: &[Range<usize>], held: usize) -> Result<Calibrate, Error> {
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

/// Whether the course makes sense, and has the rows it listens to.
fn led(run: &RunFile, held: usize) -> Result<(), Error> {
    let course = &run.train.course;
    course.engine().map_err(|(key, message)| usage(run, message).key(format!("train.{key}")))?;
    let clips = course.clip_norm.map(|_| "clip_norm").or(course.clip_value.map(|_| "clip_value"));
    if let (Some(key), "lbfgs") = (clips, run.train.optimizer()) {
        let message = format!("{key} has no place in lbfgs, which searches along the whole gradient; leave it out");
        return Err(usage(run, message).key(format!("train.{key}")));
    }
    match course.needs_held() {
        Some(key) if held == 0 => {
            let message = format!("{key} needs rows kept aside to tell better from worse; there are none");
            Err(usage(run, message).key(format!("train.{key}")).hint("a validation share above 0"))
        }
        _ => Ok(()),
    }
}

/// The measure that was typed, in plain white space, and whether it has a place.
fn metric(run: &RunFile) -> Result<Option<String>, Error> {
    let metric = run.train.metric.as_deref().map(Own::read).transpose();
    let metric = metric.map_err(|message| usage(run, message).key("train.metric"))?.map(|own| own.text);
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

/// Something wrong with what was asked for; flags alone have no file.
fn usage(run: &RunFile, message: impl Into<String>) -> Error {
    let error = Error::new(Kind::Usage, message);
    if run.file.is_empty() { error } else { error.file(&run.file) }
}

/// The rows, what a person calls them, how they came from a table of more than numbers, and whether its columns have no names.
#[allow(clippy::type_complexity)]
fn table(
    run: &RunFile,
    start: Option<&Model>,
    bound: Option<&Bound>,
    notes: &mut Vec<String>,
) -> Result<(Table, Option<Stored>, String, Option<Encoder>, bool), Error> {
    let stem = |path: &Path| path.file_stem().map_or("data".to_string(), |stem| stem.to_string_lossy().into_owned());
    match &run.data.source {
        Source::Bundled(name) => {
            notes.extend(note(name).map(str::to_string));
            Ok((bundled(name)?, None, name.clone(), None, false))
        }
        Source::Path(path) => {
            let header = Header::said(run.data.header);
            let plain = if run.data.categories.is_empty() && start.is_none() { read_numbers(path, &header, bound) } else { None };
            let ((reading, stored), encoder) = match (start, plain) {
                (Some(model), _) => (warm_start::read(run, model, &path.display().to_string(), bound)?, model.metadata.encoder.clone()),
                (None, Some(reading)) => {
                    let known = reading.1.as_ref().map_or(&reading.0.table.columns, |stored| &stored.columns);
                    indices(&path.display().to_string(), known, &run.data.ignore)?;
                    (reading, None)
                }
                (None, None) => encoded(run, path, bound, notes)?,
            };
            notes.extend(reading.notes);
            notes.extend(stored.as_ref().map(Stored::note));
            Ok((reading.table, stored, stem(path), encoder, !reading.header))
        }
        Source::Inline { inputs, targets } => {
            let (n, k) = (inputs[0].len(), targets[0].len());
            let names = if run.data.target.len() == k { run.data.target.clone() } else { (0..k).map(|i| format!("y{i}")).collect() };
            let columns = (0..n).map(|i| format!("x{i}")).chain(names).collect();
            let values = inputs.iter().zip(targets).flat_map(|(x, y)| x.iter().chain(y)).copied().collect();
            let table = Table { source: run.file.clone(), columns, rows: inputs.len(), values, left_out: Vec::new() };
            Ok((table, None, stem(Path::new(&run.file)), None, false))
        }
    }
}

/// A table that holds more than numbers, and how it is read.
#[allow(clippy::type_complexity)]
fn encoded(
    run: &RunFile,
    path: &Path,
    bound: Option<&Bound>,
    notes: &mut Vec<String>,
) -> Result<((Reading, Option<Stored>), Option<Encoder>), Error> {
    let source = path.display().to_string();
    let header = Header::said(run.data.header);
    let profile = profile(&source, &header)?;
    let names: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
    if run.data.target.is_empty() {
        return Err(no_target(&source, &names));
    }
    let named = [&run.data.target[..], &run.data.categories, &run.data.ignore].concat();
    indices(&source, &names, &named)?;
    let encoder = profile.encoder(&run.data, notes).map_err(|error| error.file(&source))?;
    Ok((read_within(&source, &encoder, &header, bound)?, Some(encoder)))
}

fn no_target(source: &str, columns: &[String]) -> Error {
    Error::new(Kind::Usage, "which column is to be predicted?").file(source).hint(format!("--target with one of {}", columns.join(", ")))
}

/// Input and target columns.
/// `no_inputs`: columns that only tell rows apart.
fn columns(run: &RunFile, table: &Table, no_inputs: &[String]) -> Result<(Vec<String>, Vec<String>), Error> {
    if let (Source::Inline { targets, .. }, named @ 1..) = (&run.data.source, run.data.target.len())
        && named != targets[0].len()
    {
        return Err(usage(run, format!("{named} targets are named, but the worked examples have {}", targets[0].len())).key("data.target"));
    }
    let targets = match (&run.data.source, run.data.target.as_slice()) {
        (Source::Inline { inputs, .. }, _) => table.columns[inputs[0].len()..].to_vec(),
        (Source::Bundled(_), []) => table.columns.last().cloned().into_iter().collect(),
        (_, []) => return Err(no_target(&table.source, &table.columns)),
        (_, targets) => targets.to_vec(),
    };
    table.indices(&targets)?;
    if let Some(twice) = targets.iter().enumerate().find(|(i, target)| targets[..*i].contains(target)) {
        return Err(usage(run, format!("the target '{}' is named twice", twice.1)).key("data.target"));
    }
    if let Some(weights) = &run.data.weights {
        if matches!(run.data.source, Source::Inline { .. }) {
            let error = usage(run, "worked examples have no column of weights").key("data.weights");
            return Err(error.hint("repeat a row to let it count more"));
        }
        table.index(weights)?;
        if targets.contains(weights) {
            return Err(usage(run, format!("'{weights}' is the target and cannot be a weight")).key("data.weights"));
        }
    }
    let inputs = table.without(&[&targets[..], &run.data.ignore, run.data.weights.as_slice(), no_inputs].concat());
    if inputs.is_empty() {
        return Err(Error::new(Kind::Data, "no column is left to predict from: all are targets, weights or left out").file(&table.source));
    }
    Ok((inputs, targets))
}

/// What is predicted: as said, else as the loss implies, else as the target looks.
fn task(
    run: &RunFile,
    table: &Table,
    targets: &[String],
    encoder: Option<&Encoder>,
    notes: &mut Vec<String>,
) -> Result<(Task, Vec<f64>), Error> {
    if matches!(run.data.source, Source::Inline { .. }) {
        return match run.network.task {
            None | Some(Task::Values | Task::Regression) => Ok((Task::Values, Vec::new())),
            Some(_) => Err(usage(run, "worked examples are numbers as they are; classes need a table").key("network.task")),
        };
    }
    if let Some(classes) = labels::told(run, table, targets, encoder, notes)? {
        return Ok((Task::Labels, classes));
    }
    let words = encoder.is_some_and(|encoder| encoder.classes().is_some());
    let mut values = table.take(&targets[..1])?;
    values.sort_by(f64::total_cmp);
    values.dedup();
    let loss = run.network.loss.as_deref().unwrap_or("");
    let by_sight = run.network.task.is_none() && loss.is_empty();
    let whole = values.iter().all(|value| value.fract() == 0.0 && value.abs() < 1e6);
    let looks_like_classes =
        targets.len() == 1 && whole && values.len() >= 2 && values.len() <= MOST_CLASSES_BY_SIGHT && values.len() * 5 <= table.rows;
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
        let target = target.escape_debug();
        notes.push(format!("'{target}' holds {} whole numbers: taken as classes (--task regression takes them as numbers)", values.len()));
    }
    Ok((task, values))
}

/// The loss, held against the task.
fn loss(run: &RunFile, task: Task) -> Result<String, Error> {
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
fn threshold(run: &RunFile, task: Task, held: &Rows) -> Result<(), Error> {
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
    match (threshold.is_found(), held.y.contains(&0.0) && held.y.contains(&1.0)) {
        (true, false) => wrong(
            "the threshold is chosen on the rows kept aside, but these do not hold both classes",
            "a larger validation share, or a number for the threshold",
        ),
        _ => Ok(()),
    }
}

/// Targets that a loss is not defined for: where the first one stands, counting numbers, and what is wrong.
fn suits(loss: &str, outputs: usize, y: &[f64]) -> Result<(), (usize, String)> {
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

/// What looks like a slip but can be computed.
fn remarks(layers: &[Layer], loss: &str) -> Vec<String> {
    let last = layers.last().map_or("", |layer| layer.activation.as_str());
    match (loss, last) {
        ("binary_cross_entropy" | "cross_entropy", last) if last != "linear" => {
            vec![format!(
                "{loss} takes logits and has its own sigmoid or softmax inside, but the last layer ends in {last}; usual is linear"
            )]
        }
        ("poisson", "linear") => vec!["poisson needs a positive prediction, but the last layer is linear; usual is softplus".into()],
        _ => Vec::new(),
    }
}

/// The columns that more is decided by than what goes into the network.
fn decisive(run: &RunFile) -> Vec<String> {
    let split = run.data.split.column().map(|name| [name.to_string(), format!("{name} days")]);
    [&run.data.target[..], run.data.weights.as_slice(), split.as_ref().map_or(&[], |names| &names[..])].concat()
}

/// Refuses numbers that are not finite once standardized and rounded to the run's precision. `blocks` hands on those of the rows, of so
/// many columns, a block after the other, each with the place of its first row.
#[allow(clippy::type_complexity)]
fn fits(
    run: &RunFile,
    source: &str,
    names: &[String],
    width: usize,
    rows: &Rows,
    scaler: &Option<Scaler>,
    blocks: &mut dyn FnMut(&mut dyn FnMut(usize, &[f64])) -> Result<(), Error>,
) -> Result<(), Error> {
    let precision = run.network.precision;
    let finite = |x: f64| if precision == Precision::F32 { (x as f32).is_finite() } else { x.is_finite() };
    let mut found = None;
    blocks(&mut |first, raw| {
        if found.is_none() {
            let place = scaled::<f64>(scaler, raw).iter().position(|&x| !finite(x));
            found = place.map(|place| (first + place / width, place % width, raw[place]));
        }
    })?;
    let Some((row, column, number)) = found else { return Ok(()) };
    let message = format!("{number:e} is too large for {} arithmetic", precision.name());
    let error = Error::new(Kind::Data, message).file(source).row(rows.numbers[row]).hint("--precision f64, or other units for the column");
    Err(match names.get(column) {
        Some(name) => error.column(name),
        None => error,
    })
}

/// The run's layers, or hidden ones and an output.
fn layers(run: &RunFile, hidden: Option<&Hidden>, outputs: usize, loss: &str) -> Result<Vec<Layer>, Error> {
    if hidden.is_none() && !run.network.layers.is_empty() {
        return Ok(run.network.layers.clone());
    }
    let standard = Hidden::default();
    let hidden = hidden.unwrap_or(&standard);
    let activation = hidden.activation.as_deref().unwrap_or(ACTIVATION);
    let units = hidden.units.as_deref().unwrap_or(&UNITS);
    let layer = |units: usize, activation: &str| Layer {
        units,
        activation: ops::spelled(activation),
        weight: None,
        bias: Bias::Drawn,
        initializer: None,
        bias_initializer: None,
        freeze: Vec::new(),
        dropout: None,
        norm: None,
        skip: None,
        learning_rate: None,
    };
    ops::activation::<f64>(activation).map_err(|message| usage(run, message))?;
    if let Some(place) = units.iter().position(|&units| units == 0) {
        return Err(usage(run, format!("hidden layer {} has 0 units; expected at least 1", place + 1)));
    }
    // The mean of a Poisson distribution is positive, so the output must be.
    let last = if loss.starts_with("poisson") { "softplus" } else { "linear" };
    Ok(units.iter().map(|&units| layer(units, activation)).chain([layer(outputs, last)]).collect())
}

/// The layers, each with its dropout: hidden ones that say nothing have the network's.
fn with_dropout(run: &RunFile, mut layers: Vec<Layer>) -> Result<Vec<Layer>, Error> {
    let hidden = layers.len() - 1;
    if layers[hidden].dropout.is_some_and(|rate| rate > 0.0) {
        let error = usage(run, "the last layer is the prediction, of which nothing is struck out");
        return Err(error.key(format!("network.layer[{}].dropout", hidden + 1)).hint("dropout in the layer before"));
    }
    layers[..hidden].iter_mut().for_each(|layer| layer.dropout = layer.dropout.or(run.network.dropout));
    Ok(layers)
}

fn check_layers(run: &RunFile, layers: &[Layer], inputs: usize, outputs: usize) -> Result<(), Error> {
    let last = layers.len();
    let key = |l: usize, name: &str| format!("network.layer[{l}].{name}");
    if layers[last - 1].units != outputs {
        let message = format!("the last layer has {} units, but the target needs {outputs}", layers[last - 1].units);
        return Err(usage(run, message).key(key(last, "units")));
    }
    let mut width = inputs;
    let mut total = 0usize;
    for (l, layer) in layers.iter().enumerate() {
        let l = l + 1;
        let rows = layer.weight.iter().flatten();
        if let Some(row) = rows.into_iter().find(|row| row.len() != width) {
            let message = format!("expected {} × {width} (units × inputs), came a row of {}", layer.units, row.len());
            return Err(usage(run, message).key(key(l, "weight")));
        }
        let norm = layer.norm.flatten().map_or(0, |norm| norm.parameters().len());
        total = total.saturating_add(layer.units.saturating_mul(width.saturating_add(1 + norm)));
        for freeze in &layer.freeze {
            let outside = match *freeze {
                Freeze::WeightElement(unit, input) => unit >= layer.units || input >= width,
                Freeze::BiasElement(unit) => unit >= layer.units || layer.bias == Bias::None,
                Freeze::Bias => layer.bias == Bias::None,
                Freeze::Gain | Freeze::Shift => layer.norm.flatten().is_none(),
                Freeze::Weight => false,
            };
            if outside {
                return Err(usage(run, format!("there is no {freeze} in this layer of {} × {width}", layer.units)).key(key(l, "freeze")));
            }
        }
        width = layer.units;
    }
    if total > 1 << 31 {
        return Err(usage(run, format!("{total} parameters are more than {}", 1u64 << 31)));
    }
    // Initial parameters, those now and before, gradients, an optimizer's memory: about ten numbers for each.
    match Vec::<u8>::new().try_reserve_exact(total * 80) {
        Ok(()) => Ok(()),
        Err(_) => Err(Error::new(Kind::Failed, format!("there is not enough memory to train {total} parameters")).hint("fewer units")),
    }
}

/// Initial parameters in graph order, and the places that are frozen.
fn parameters(run: &RunFile, layers: &[Layer], inputs: usize) -> Result<(Vec<f64>, Vec<Range<usize>>), Error> {
    let network = &run.network;
    let mut draws = match network.rng {
        Rng::Own => Draws::own(run.train.seed),
        Rng::Numpy => {
            Draws::numpy(u32::try_from(run.train.seed).map_err(|_| usage(run, "NumPy's seed is at most 4294967295").key("train.seed"))?)
        }
    };
    let parse = |text: &str| Initializer::parse(text).map_err(|message| usage(run, message));
    let (mut initial, mut frozen) = (Vec::new(), Vec::new());
    let mut width = inputs;
    for layer in layers {
        let of_weight = layer.initializer.as_deref().or(network.initializer.as_deref());
        let weight_initializer = parse(of_weight.unwrap_or(formulas::usual_initializer(&layer.activation)))?;
        let start = initial.len();
        match &layer.weight {
            Some(rows) => initial.extend(rows.iter().flatten()),
            None => match network.orientation {
                Orientation::UnitsByInputs => initial.extend(weight_initializer.draw(&mut draws, layer.units, width)),
                Orientation::InputsByUnits => {
                    let drawn = weight_initializer.draw(&mut draws, width, layer.units);
                    initial.extend((0..layer.units * width).map(|i| drawn[i % width * layer.units + i / width]));
                }
            },
        }
        let bias_start = initial.len();
        // The notebooks draw biases as they draw weights; elsewhere they start at 0.
        let usual = if network.rng == Rng::Numpy { weight_initializer } else { Initializer::Zeros };
        let of_bias = layer.bias_initializer.as_deref().or(network.bias_initializer.as_deref());
        match &layer.bias {
            Bias::None => {}
            Bias::Values(values) => initial.extend(values),
            Bias::Drawn => initial.extend(of_bias.map_or(Ok(usual), parse)?.draw(&mut draws, 1, layer.units)),
        }
        let norm_start = initial.len();
        for parameter in layer.norm.flatten().map_or(&[][..], Norm::parameters) {
            initial.resize(initial.len() + layer.units, Norm::initial(parameter));
        }
        frozen.extend(layer.freeze.iter().map(|freeze| match *freeze {
            Freeze::Weight => start..bias_start,
            Freeze::Bias => bias_start..norm_start,
            Freeze::Gain => norm_start..norm_start + layer.units,
            Freeze::Shift => norm_start + layer.units..norm_start + 2 * layer.units,
            Freeze::WeightElement(unit, input) => start + unit * width + input..start + unit * width + input + 1,
            Freeze::BiasElement(unit) => bias_start + unit..bias_start + unit + 1,
        }));
        width = layer.units;
    }
    let finite = |x: f64| if network.precision == Precision::F32 { (x as f32).is_finite() } else { x.is_finite() };
    match initial.iter().find(|&&x| !finite(x)) {
        Some(x) => {
            Err(usage(run, format!("an initial parameter of {x:e} is not finite in {}", network.precision.name())).key("initializer"))
        }
        None => Ok((initial, frozen)),
    }
}
