//! From what a person asked for to a job with every choice made.

mod agreement;
mod formulas;
mod labels;
mod network;
mod parts;
mod table;
mod target;
mod warm_start;

pub use formulas::formula_notes;
pub use parts::Part;
pub(crate) use target::looks_like_classes;
pub(crate) use warm_start::layer as layer_of_shape;

use network::{check_layers, layers, parameters, remarks, with_dropout};
use table::{columns, decisive, table, with_header};
use target::{beyond, loss, suits, task, threshold};

use crate::calibration;
use crate::data::cells::excerpt;
use crate::data::{BUNDLED, Bound, Inputs, MEMORY, Stored, Table};
use crate::embedding;
use crate::encoder::{Column, Encoder, class_names};
use crate::ensemble::{self, Members};
use crate::error::{Error, Kind};
use crate::job::{Calibrate, Job, Rows, encode_raw, places};
use crate::layers::{self, Skip};
use crate::metrics::Own;
use crate::model_file::{LayerShape, Model, Precision, Shape, Task, weights_sha256};
use crate::numeric_embedding::{self, Numeric};
use crate::predictor::scaled;
use crate::recipe::{self, Filled, Recipe};
use crate::run_file::{self, Batch, Bias, Embed, Freeze, Judge, Layer, Rng, RunFile, Source};
use crate::said::BLOCK;
use crate::scaler::{Scaler, Scaling};
use crate::splits::{Split, classes_of};
use crate::terms;
use backlit_engine::{ops, optimizers};
use std::ops::Range;
use std::path::PathBuf;

/// Hidden layers where the run file has none: units and their activation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hidden {
    /// Units of each, from the first; none: the recipe's.
    pub units: Option<Vec<usize>>,
    /// Of all of them; none: the recipe's.
    pub activation: Option<String>,
}

/// Passes over the rows when nobody says.
const EPOCHS: u64 = 200;
/// Rows in a batch when nobody says.
const BATCH: usize = 32;

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
    let has_layers = hidden.is_some() || !run.network.layers.is_empty();
    agreement::agrees(run, start.as_ref(), has_layers)?;
    let run = warm_start::completed(with_plain_names(run)?, start.as_ref(), has_layers)?;
    let mut notes = Vec::new();
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
    let (mut inputs, targets) = columns(run, whole.as_ref().unwrap_or(&table), &no_inputs)
        .map_err(|error| if error.kind == Kind::Data { with_header(error, run, headless) } else { error })?;
    if let Some(model) = &start {
        inputs = warm_start::columns(run, model, whole.as_ref().unwrap_or(&table), &targets)?;
    }
    let mut embedding = match &start {
        Some(model) => model.metadata.network.embedding.clone(),
        None => embedding::of(&mut inputs, encoder.as_ref(), run.data.embed.numbers(usize::MAX).unwrap_or(0)),
    };
    let (task, mut classes) = task(run, &table, &targets, encoder.as_ref(), &mut notes)?;
    if let Some(model) = &start {
        classes = warm_start::classes(run, model, task)?;
    }
    let loss = loss(run, task)?;
    let ensemble = ensemble_of(run, table.rows, part)?;
    // Each row's class instead of its one-hot target; folds and ensembles put their rows' outputs together in memory.
    let compact = stored.is_some() && task == Task::Classes && ensemble == 1 && run.train.folds.is_none();
    let raw = if stored.is_some() { table.give(&targets)? } else { table.take(&targets)? };
    let (y, places) = match compact {
        true => (Vec::new(), places(&classes, &targets[0], &raw, &table)?),
        false => (encode_raw(task, &classes, &targets, raw, &table)?, Vec::new()),
    };
    let outputs = if compact { classes.len() } else { y.len() / table.rows };
    suits(&loss, outputs, &y).map_err(|(place, message)| {
        let column = targets.get(place % outputs).unwrap_or(&targets[0]);
        Error::new(Kind::Data, message).file(&table.source).row(table.number(place / outputs)).column(column)
    })?;
    let part = if ensemble > 1 { Part::All } else { part };
    let fold_of = match ensemble {
        1 => None,
        count => {
            let classes = matches!(task, Task::Classes | Task::TwoClasses).then(|| classes_of(outputs, &y));
            Some(parts::folds(run, &table, count, classes.as_deref())?)
        }
    };
    let folds_ahead = match (part, run.train.folds) {
        (Part::All, Some(count)) => {
            let classes = matches!(task, Task::Classes | Task::TwoClasses).then(|| classes_of(outputs, &y));
            Some(parts::folds(run, &table, count, classes.as_deref())?)
        }
        _ => None,
    };
    let all = Rows { rows: table.rows, y, classes: places, ..Rows::default() };
    let (trained, aside) = part.rows(run, (&table, whole.as_ref().unwrap_or(&table)), task, outputs, &all)?;
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
    let all = Rows { x, stored, ..all };
    let mut held = all.pick(&aside, inputs.len(), outputs);
    let mut train = all.keep(trained, inputs.len(), outputs);
    if part == Part::AsAsked && run.data.validation > 0.0 && held.rows == 0 {
        let why = if table.rows == 1 { "there is only one row" } else { "no class has two rows" };
        notes.push(format!("{why}: none is kept aside"));
    }
    if let Some(column) = run.data.split.column()
        && inputs.iter().any(|input| input == column)
    {
        notes.push(format!("'{}' decides the split and is an input too", excerpt(column)));
    }
    if let Some(column) = run.data.split.column().filter(|column| no_inputs.iter().any(|name| name == column) && !run.data.is_aside(column))
    {
        notes.push(format!("'{}' holds words and decides the split: it is no input", excerpt(column)));
    }
    if start.is_some() && held.rows > 0 {
        notes.push("the model that training goes on from may have been trained on the rows kept aside now".into());
    }
    let own_layers = hidden.is_none() && !run.network.layers.is_empty();
    let has_numbers = !numeric_embedding::columns(&inputs, encoder.as_ref(), embedding.as_ref()).is_empty();
    let Filled { run: filled, hidden, why } = recipe::fill(run, hidden, task, (train.rows, held.rows), ensemble, has_numbers);
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
    let columns = numeric_embedding::columns(&inputs, encoder.as_ref(), embedding.as_ref());
    let mut numeric = network::numeric(run, start.as_ref(), columns, &mut notes)?;
    network::freeze(run, &mut embedding, &mut numeric)?;
    let width = embedding::names(&inputs, embedding.as_ref()).len() + numeric.as_ref().map_or(0, Numeric::width);
    let layers = layers::completed(run, layers, width, |key, message| usage(run, message).key(key))?;
    check_layers(run, &layers, width, outputs, embedding.as_ref())?;
    let (mut initial, frozen) = parameters(run, &layers, width, embedding.as_ref(), numeric.as_ref())?;
    if let Some(model) = &start {
        initial = warm_start::parameters(run, model, &layers, &mut notes)?;
    }
    let standardizes = run.data.standardize && start.is_none();
    let measured = || match run.data.scaling.unwrap_or_default() {
        Scaling::Standard => Scaler::measure(train.rows, inputs.len(), &mut |each| train.inputs(&mut |_, block| each(block))),
        Scaling::Robust => Scaler::robust(inputs.len(), |each| train.columns(inputs.len(), memory / 4, each)),
    };
    let input_scaler = standardizes.then(measured).transpose()?;
    let scales_target = run.data.standardize && task == Task::Regression && !loss.starts_with("poisson");
    let target_scaler = scales_target.then(|| Scaler::fit(train.rows, outputs, &train.y));
    let input_scaler = input_scaler.map(|mut scaler| {
        embedding::leave(embedding.as_ref(), &mut scaler);
        scaler
    });
    for rows in [&train, &held] {
        if let Some(place) = target_scaler.as_ref().and_then(|scaler| beyond(&loss, scaler, &rows.y)) {
            let message = format!("{:e} is so far from the other targets that its cost is beyond the largest number", rows.y[place]);
            let error =
                Error::new(Kind::Data, message).file(&table.source).row(rows.numbers[place / outputs]).column(&targets[place % outputs]);
            return Err(error.hint("other units for the column, or its logarithm; --loss absolute_error takes somewhat larger ones"));
        }
    }
    let (input_scaler, target_scaler) = match &start {
        Some(Model { metadata, .. }) => (metadata.input_scaler.clone(), metadata.target_scaler.clone()),
        None => (input_scaler, target_scaler),
    };
    for &column in input_scaler.iter().flat_map(Scaler::constant) {
        notes.push(format!("column '{}' is constant in the rows trained on, so it adds nothing", excerpt(&inputs[column])));
    }
    for &column in target_scaler.iter().flat_map(Scaler::constant) {
        notes.push(format!("target '{}' is constant in the rows trained on: there is nothing to learn", excerpt(&targets[column])));
    }
    notes.extend(remarks(&layers, &loss));
    notes.extend(formula_notes(layers.iter().map(|layer| layer.activation.as_str()), &loss));
    for rows in [&train, &held] {
        fits(run, &table.source, &inputs, inputs.len(), rows, &input_scaler, &mut |each| rows.inputs(each))?;
        fits(run, &table.source, &targets, outputs, rows, &target_scaler, &mut |each| {
            let blocks = rows.y.chunks(BLOCK * outputs).enumerate();
            blocks.for_each(|(number, block)| each(number * BLOCK, block));
            Ok(())
        })?;
    }
    let entry = optimizers::find::<f64>(run.train.optimizer()).map_err(|message| usage(run, message).key("train.optimizer"))?;
    entry.create(&run.train.options, 0).map_err(|message| usage(run, message).key("train"))?;
    let aside = if ensemble > 1 { train.rows } else { held.rows };
    led(run, aside)?;
    counts(run, &held)?;
    let inline = matches!(run.data.source, Source::Inline { .. });
    let searches = run.train.optimizer() == "lbfgs";
    // By each network, where there are several.
    let train_on: Vec<usize> = match &fold_of {
        Some(fold_of) => (0..ensemble).map(|k| fold_of.iter().filter(|fold| **fold != k).count()).collect(),
        None => vec![train.rows],
    };
    let batch = match run.train.batch {
        Some(Batch::Full) => None,
        Some(Batch::Rows(rows)) if searches && train_on.iter().any(|&all| rows < all) => {
            return Err(usage(run, format!("lbfgs takes all rows in a step, expected a full batch, came {rows} rows")).key("train.batch"));
        }
        Some(Batch::Rows(rows)) => Some(rows),
        None => (!inline && !searches).then_some(BATCH),
    };
    // Before a cross-validation the folds' own trainings too.
    let fewer = folds_ahead.iter().flat_map(|fold_of| sizes(fold_of)).map(|fold| train.rows - fold);
    for rows in train_on.iter().copied().chain(fewer) {
        layers::suits(&layers, run.train.optimizer(), rows, batch, |key, message| usage(run, message).key(key))?;
    }
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
    let shape = Shape { inputs: inputs.len(), layers: layers.collect(), loss, terms, embedding, numeric };
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
        split: run.data.split.clone(),
        train,
        held,
        input_scaler,
        target_scaler,
        optimizer: run.train.optimizer().to_string(),
        options: run.train.options.clone(),
        learning_rate: run.train.learning_rate.unwrap_or(entry.learning_rate),
        course: run.train.course.clone(),
        epochs: run.train.epochs.unwrap_or(EPOCHS),
        until: None,
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

/// How many rows each fold has. `fold_of`: the fold of each row
fn sizes(fold_of: &[usize]) -> Vec<usize> {
    let mut sizes = vec![0; fold_of.iter().max().map_or(0, |last| last + 1)];
    fold_of.iter().for_each(|&fold| sizes[fold] += 1);
    sizes
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
        Ok(parameters(&run, layers, shape.width(), shape.embedding.as_ref(), shape.numeric.as_ref())?.0)
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
            let hint = if run.train.folds.is_some() { "no folds before it" } else { "a validation share above 0" };
            Err(usage(run, message).key(format!("train.{key}")).hint(hint))
        }
        _ => Ok(()),
    }
}

/// Whether the rows kept aside weigh anything, where something listens to them.
fn counts(run: &RunFile, held: &Rows) -> Result<(), Error> {
    let listens = run.train.course.needs_held().is_some() || run.train.threshold.is_found() || run.train.calibrate == Some(true);
    match listens && !held.w.is_empty() && held.w.iter().all(|&w| w == 0.0) {
        true => Err(usage(run, "the rows kept aside all weigh 0, so they cannot tell better from worse")
            .key("data.weights")
            .hint("a larger validation share, or another seed")),
        false => Ok(()),
    }
}

/// The measure that was typed, in plain white space, and whether it has a place.
fn metric(run: &RunFile) -> Result<Option<String>, Error> {
    let metric = run.train.metric.as_deref().map(Own::read).transpose();
    let metric = metric.map_err(|message| usage(run, message).key("train.metric"))?.map(|own| own.text);
    if run.train.course.judge == Some(Judge::Cost) && run.train.course.needs_held().is_none() {
        return Err(usage(run, "nothing listens to the cost").key("train.judge").hint("--patience, or --keep best"));
    }
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
