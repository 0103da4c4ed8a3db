//! `backlit train`: a network on a table, before and after, saved.

use super::folds::{self, Folds};
use super::resume::{self, Resumed};
use super::{MODEL, find_rate, threads};
use crate::arguments::{Choices, Common, Precision, Train};
use crate::output::{self, Screen, number};
use crate::progress::Bar;
use backlit::checkpoint::Checkpoints;
use backlit::data::{BUNDLED, bytes, shortened};
use backlit::engine::train::End;
use backlit::ensemble;
use backlit::error::{Error, Kind};
use backlit::event_file::EventFiles;
use backlit::files;
use backlit::history::{self, History, Line, Plan};
use backlit::job::{Job, Rows};
use backlit::layers::Norm;
use backlit::metrics::{Own, most_probable};
use backlit::model_file::{self, Model, Parameters, Task, weights_sha256};
use backlit::numeric_embedding::{self, NumericEmbedding};
use backlit::prepare::{self, Hidden, Part};
use backlit::recipe::Recipe;
use backlit::report;
use backlit::run_directory::{self, RunDirectory};
use backlit::run_file::{self, Batch, Judge, Keep, RunFile, Split};
use backlit::scaler::Scaling;
use backlit::session::{self, Outcome, Progress, Sample};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Set by Ctrl-C.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub fn run(arguments: &Train, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let resumed = arguments.resume.as_deref().map(|path| Resumed::open(path, &arguments.choices)).transpose()?;
    let (run, hidden) = match &resumed {
        Some(resumed) if resumed.say_finished(arguments.print_hash, screen)? => return Ok(0),
        Some(resumed) => (with_common(&resumed.begun.run, common), None),
        None => run_of(arguments, common)?,
    };
    let read = prepare::read(&run, hidden.as_ref())?;
    let for_folds = run.train.folds.map(|count| (count, read.clone()));
    let mut job = prepare::job_of(read, hidden.as_ref(), threads(common), Part::of(&run))?;
    job.notes.iter().for_each(|note| screen.note(note));
    if let Some(resumed) = &resumed {
        job.why = resumed.begun.why().to_vec();
    }
    if arguments.find_rate {
        let beside = [("folds", run.train.folds.is_some()), ("ensemble", run.train.ensemble.is_some_and(|count| count > 1))];
        if let Some((key, _)) = beside.into_iter().find(|(_, is_asked)| *is_asked) {
            let error = Error::new(Kind::Usage, "--find-rate searches with one network on the rows trained on");
            return Err(error.key(format!("train.{key}")).hint(format!("leave --{key} out")));
        }
        return find_rate::run(&job, screen);
    }
    if arguments.parameters && !common.json {
        screen.note("--parameters shows with --json only");
    }
    let (directory, begun) = match resumed {
        Some(Resumed { directory, begun }) => (directory, Some(begun)),
        None => (run_directory::create(arguments.out.as_deref(), &job.name)?, None),
    };
    if begun.is_none() {
        directory.check_nothing_is_lost()?;
    }
    if begun.is_none() && directory.path.join(MODEL).exists() {
        screen.note(&format!("the model in {} will be replaced", directory.path.display()));
    }
    let checkpoints = resume::checkpoints(begun, &directory, &run, hidden.is_some(), &job, screen);
    let mut checkpoints = checkpoints.inspect_err(|_| directory.discard())?;
    // Without a handler Ctrl-C still ends the program, only less politely.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
    screen.say(&introduction(&job, screen));
    let mut validated = None;
    if let Some((count, read)) = for_folds {
        let folds = Folds::train((&read, hidden.as_ref()), &job, count, checkpoints.as_ref(), screen);
        let Some(folds) = folds.inspect_err(|_| directory.discard())? else {
            return Ok(interrupted_in_folds(checkpoints.as_ref(), &directory, arguments, screen));
        };
        screen.say(&folds.report(&job));
        folds.give(&mut job, screen);
        validated = Some(folds);
    }
    let (outcome, history) = trained(&job, checkpoints.as_mut(), &directory, (arguments.events, run.train.tensorboard), screen)?;
    if let Some(error) = history.failed() {
        screen.note(&error.to_string());
    }
    let saved =
        Saved::new(&directory.path, &job, &outcome, validated.as_ref(), checkpoints.as_ref()).inspect_err(|_| directory.discard())?;
    // The model is saved: no training fails for want of its report.
    let validation = validated.as_ref().map(Folds::validation);
    let report = report::write(&directory.path, &job, &outcome, validation, &history.lines, &saved.sha256);
    if let Err(error) = &report {
        screen.note(&format!("there is no whole report: {error}"));
    }
    if let (Some(checkpoints), End::Finished | End::Patient(_)) = (checkpoints, &outcome.end) {
        checkpoints.finish()?;
    }
    screen.say(&told(&job, &outcome, &saved, report.is_ok(), (arguments, screen)));
    if screen.is_quiet() {
        screen.result(&one_line(&job, &outcome, &saved));
    }
    if arguments.print_hash {
        screen.result(&format!("{}\n", saved.sha256));
    }
    let mut document = document(&job, &outcome, &saved, arguments.parameters);
    if let Some(folds) = &validated {
        document["folds"] = folds.document(&directory.path);
    }
    match &outcome.end {
        End::Diverged(divergence) => {
            let message = format!("{divergence}; the model holds the parameters before that step");
            let error =
                Error::new(Kind::Diverged, message).file(saved.model.display()).hint("a smaller --learning-rate, or --standardize true");
            let mut whole = output::error_document(&error);
            let place =
                json!({ "step": divergence.step, "epoch": divergence.epoch + 1, "layer": divergence.layer, "place": divergence.place });
            whole["divergence"] = place;
            whole["model"] = document["model"].clone();
            whole["weights_sha256"] = document["weights_sha256"].clone();
            screen.failure(&error, &whole);
            Ok(error.kind.exit_code())
        }
        End::Stopped(_) => {
            screen.document(&document);
            Ok(130)
        }
        End::Finished | End::Patient(_) => {
            screen.document(&document);
            Ok(0)
        }
    }
}

/// Trains until the end or Ctrl-C, told as it goes.
fn trained(
    job: &Job,
    checkpoints: Option<&mut Checkpoints>,
    directory: &RunDirectory,
    (events, tensorboard): (bool, bool),
    screen: &Screen,
) -> Result<(Outcome, History), Error> {
    let begun: Vec<(u64, bool)> = match (checkpoints.as_deref(), &job.members) {
        (None, _) => vec![(0, false); networks(job)],
        (Some(checkpoints), None) => vec![(checkpoints.step(), false)],
        (Some(checkpoints), Some(_)) => (0..networks(job)).map(|network| checkpoints.step_of("network", network)).collect(),
    };
    let aside = |network: usize| job.members.as_ref().map_or(0, |members| members.fold_of.iter().filter(|fold| **fold == network).count());
    let rows = |network: usize| job.train.rows - aside(network);
    let plan = Plan {
        networks: begun.iter().enumerate().map(|(network, (step, _))| (*step, rows(network))).collect(),
        epochs: job.ends_after(),
        batch: job.batch,
        is_metric: job.course.judged_by_metric(),
    };
    let mut history = History::begin(&directory.path, &plan).inspect_err(|_| directory.discard())?;
    let mut event_files = EventFiles::begin(&directory.path, if tensorboard { begun.len() } else { 0 }, &history.lines)
        .inspect_err(|_| directory.discard())?;
    let mut bar = (!events).then(|| Bar::new(begun.len() as u64, job.ends_after(), rows(0), job.batch.unwrap_or(rows(0)), screen));
    if let Some(bar) = &mut bar {
        begun.iter().enumerate().filter(|(_, (_, ended))| *ended).for_each(|(network, _)| bar.has_ended(network));
    }
    let tell = |line: &Line| {
        if events {
            screen.event(&history::text(line));
        }
    };
    let trained = session::train_kept(job, checkpoints, &mut |progress: &Progress| {
        if let Some(line) = history.observe(progress) {
            event_files.add(&line);
            tell(&line);
        }
        if let Some(bar) = &mut bar {
            bar.observe(progress.network, progress);
        }
        go_on()
    });
    let outcome = trained.inspect_err(|_| directory.discard())?;
    if let Some(bar) = bar {
        bar.finish();
    }
    if !matches!(outcome.end, End::Stopped(_)) {
        for line in history.end() {
            event_files.add(&line);
            tell(&line);
        }
        history.put_in_order(&directory.path);
    }
    if let Some(error) = event_files.failed() {
        screen.note(&error.to_string());
    }
    Ok((outcome, history))
}

/// Ctrl-C before the training on all rows: folds that were begun are kept, if the run can go on. The exit code.
fn interrupted_in_folds(checkpoints: Option<&Checkpoints>, directory: &RunDirectory, arguments: &Train, screen: &Screen) -> u8 {
    let mut document = json!({ "interrupted": true, "model": null });
    match checkpoints.map(Checkpoints::directory) {
        Some(directory) => {
            screen.say(&format!("  interrupted in the cross-validation; its folds are kept\n{}", resume::how(directory, arguments)));
            document["checkpoint"] = json!(directory.display().to_string());
        }
        None => {
            directory.discard();
            screen.say("  interrupted in the cross-validation; nothing is saved\n");
        }
    }
    screen.document(&document);
    130
}

/// Unless Ctrl-C was pressed.
pub(super) fn go_on() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// How many networks are trained.
fn networks(job: &Job) -> usize {
    job.members.as_ref().map_or(1, |members| members.initial.len())
}

/// With --quiet: the result and what reproduces it.
fn one_line(job: &Job, outcome: &Outcome, saved: &Saved) -> String {
    let cost = outcome.after.held.as_ref().map_or(outcome.after.cost, |held| held.0);
    format!("cost {} seed {} model {}\n", number(cost), job.seed, saved.model.display())
}

/// The run file with the flags put over it, or the flags alone.
fn run_of(arguments: &Train, common: &Common) -> Result<(RunFile, Option<Hidden>), Error> {
    let base = match (&arguments.config, &arguments.data) {
        (Some(path), _) => run_file::read(path)?,
        (None, Some(data)) => prepare::run_on(data),
        (None, None) => return Err(Error::new(Kind::Usage, "which data?").hint(format!("backlit train {}", BUNDLED[0]))),
    };
    let mut run = with_common(&base, common);
    let hidden = put_over(&arguments.choices, &mut run)?;
    Ok((run, hidden))
}

/// A run with the common flags put over it.
pub fn with_common(run: &RunFile, common: &Common) -> RunFile {
    let mut run = run.clone();
    run.train.seed = common.seed.unwrap_or(run.train.seed);
    run.data.header = common.first_line().or(run.data.header);
    run.train.threads = common.threads.map(usize::from).or(run.train.threads);
    run.network.precision = match common.precision {
        Some(Precision::F32) => model_file::Precision::F32,
        Some(Precision::F64) => model_file::Precision::F64,
        None => run.network.precision,
    };
    run
}

fn put_over(choices: &Choices, run: &mut RunFile) -> Result<Option<Hidden>, Error> {
    let wrong = |flag: &str, message: String| Error::new(Kind::Usage, format!("--{flag}: {message}"));
    super::columns::put_over(&choices.columns, &mut run.data)?;
    if let Some(task) = &choices.task {
        run.network.task = Some(match task.as_str() {
            "regression" => Task::Regression,
            "classes" | "classification" => Task::Classes,
            "labels" => Task::Labels,
            other => return Err(wrong("task", format!("expected regression, classes or labels, came {other}"))),
        });
    }
    if let Some(batch) = &choices.batch {
        run.train.batch = Some(match (batch.as_str(), batch.parse()) {
            ("full", _) => Batch::Full,
            (_, Ok(rows)) if rows > 0 => Batch::Rows(rows),
            _ => return Err(wrong("batch", format!("expected a number of rows or full, came {batch}"))),
        });
    }
    if let Some(share) = choices.validation {
        if !(0.0..1.0).contains(&share) {
            return Err(wrong("validation", format!("expected a share from 0 to below 1, came {share}")));
        }
        (run.data.validation, run.data.is_share_said) = (share, true);
        // A share is for one network.
        run.train.ensemble.get_or_insert(1);
    }
    if choices.split.is_some() || choices.group.is_some() || choices.time.is_some() {
        let split = Split::new(choices.split.as_deref(), choices.group.clone(), choices.time.clone());
        run.data.split = split.map_err(|(flag, message)| wrong(flag, message))?;
    }
    if let Some(folds) = choices.folds {
        if folds < 2 {
            return Err(wrong("folds", format!("expected at least 2 folds, came {folds}")));
        }
        run.train.folds = Some(folds);
    }
    if let Some(rate) = choices.learning_rate {
        if !(rate.is_finite() && rate > 0.0) {
            return Err(wrong("learning-rate", format!("expected a finite number above 0, came {rate}")));
        }
        run.train.learning_rate = Some(rate);
    }
    if let Some(memory) = &choices.memory {
        run.train.memory = Some(bytes(memory).map_err(|message| wrong("memory", message))?);
    }
    if let Some(every) = &choices.checkpoint_every {
        run.train.checkpoint_every = Some(every.parse().map_err(|message| wrong("checkpoint-every", message))?);
    }
    run.train.tensorboard |= choices.tensorboard;
    course(choices, run)?;
    if let Some(metric) = &choices.metric {
        run.train.metric = Some(Own::read(metric).map_err(|message| wrong("metric", message))?.text);
    }
    if let Some(recipe) = &choices.recipe {
        let found = Recipe::NAMES.iter().find(|(name, _)| name == recipe);
        run.train.recipe = Some(found.ok_or_else(|| wrong("recipe", format!("expected plain or tuned, came {recipe}")))?.1);
    }
    if let Some(count) = choices.ensemble {
        if !(1..=ensemble::MOST).contains(&count) {
            return Err(wrong("ensemble", format!("expected 1 to {} networks, came {count}", ensemble::MOST)));
        }
        run.train.ensemble = Some(count);
    }
    run.train.calibrate = choices.calibrate.or(run.train.calibrate);
    run.train.from = choices.from.clone().or(run.train.from.take());
    if let Some(threshold) = &choices.threshold {
        run.train.threshold = threshold.parse().map_err(|message| wrong("threshold", message))?;
    }
    run.network.loss = choices.loss.clone().or(run.network.loss.take());
    run.network.initializer = choices.initializer.clone().or(run.network.initializer.take());
    run.train.epochs = choices.epochs.or(run.train.epochs);
    run.train.shuffle = choices.shuffle.or(run.train.shuffle);
    run.data.standardize = choices.standardize.unwrap_or(run.data.standardize);
    if !run.data.standardize && choices.scaling.is_none() {
        run.data.scaling = None;
    }
    if let Some(scaling) = &choices.scaling {
        if !run.data.standardize {
            return Err(wrong("scaling", "columns go in as they are: standardize is false; leave one of both out".into()));
        }
        let found = Scaling::NAMES.iter().find(|(name, _)| name == scaling);
        run.data.scaling = Some(found.ok_or_else(|| wrong("scaling", format!("expected standard or robust, came {scaling}")))?.1);
    }
    if let Some(optimizer) = &choices.optimizer {
        if optimizer != run.train.optimizer() {
            // Options and rate of another optimizer would not fit this one.
            run.train.options.clear();
            run.train.learning_rate = choices.learning_rate;
        }
        run.train.optimizer = Some(optimizer.clone());
    }
    for (name, value) in &choices.options {
        run.train.options.retain(|(known, _)| known != name);
        run.train.options.push((name.clone(), *value));
    }
    super::terms::put_over(&choices.terms, run)?;
    layers(choices, run)?;
    hidden(choices, run)
}

/// What the flags say of all hidden layers.
fn layers(choices: &Choices, run: &mut RunFile) -> Result<(), Error> {
    if let Some(norm) = &choices.norm {
        let found = Norm::NAMES.iter().find(|(name, _)| name == norm);
        let wrong = || Error::new(Kind::Usage, format!("--norm: expected layer, batch or none, came {norm}"));
        run.network.norm = found.ok_or_else(wrong)?.1;
    }
    run.network.skip |= choices.skip;
    if let Some(embedding) = &choices.numeric_embedding {
        let found = NumericEmbedding::NAMES.iter().find(|(name, _)| name == embedding);
        let wrong = || Error::new(Kind::Usage, format!("--numeric-embedding: expected pbld or none, came {embedding}"));
        run.network.numeric_embedding = Some(found.ok_or_else(wrong)?.1);
    }
    if let Some(parts) = &choices.freeze {
        run.network.freeze = Some(parts.parse().map_err(|message| Error::new(Kind::Usage, format!("--freeze: {message}")))?);
    }
    for (flag, given, into) in [
        ("embedding-rate", choices.embedding_rate, &mut run.network.embedding_rate),
        ("embedding-scale", choices.embedding_scale, &mut run.network.embedding_scale),
    ] {
        if given.is_some_and(|given| !(given > 0.0 && given <= numeric_embedding::MOST)) {
            let most = numeric_embedding::MOST;
            let came = given.unwrap_or_default();
            return Err(Error::new(Kind::Usage, format!("--{flag}: expected a number above 0, at most {most}, came {came}")));
        }
        *into = given.or(*into);
    }
    Ok(())
}

/// What the flags say of the course of the training.
fn course(choices: &Choices, run: &mut RunFile) -> Result<(), Error> {
    let course = &mut run.train.course;
    course.schedule = choices.schedule.clone().or(course.schedule.take());
    course.warmup = choices.warmup.or(course.warmup);
    course.clip_norm = choices.clip_norm.or(course.clip_norm);
    course.clip_value = choices.clip_value.or(course.clip_value);
    course.patience = choices.patience.or(course.patience);
    if let Some(keep) = &choices.keep {
        let found = Keep::NAMES.iter().find(|(name, _)| name == keep);
        let wrong = || Error::new(Kind::Usage, format!("--keep: expected best or last, came {keep}"));
        course.keep = Some(found.ok_or_else(wrong)?.1);
    }
    if let Some(judge) = &choices.judge {
        let found = Judge::NAMES.iter().find(|(name, _)| name == judge);
        let wrong = || Error::new(Kind::Usage, format!("--judge: expected cost or metric, came {judge}"));
        course.judge = Some(found.ok_or_else(wrong)?.1);
    }
    Ok(())
}

/// Hidden layers, where the flags say something of them.
fn hidden(choices: &Choices, run: &RunFile) -> Result<Option<Hidden>, Error> {
    if choices.hidden.is_none() && (choices.activation.is_none() || !run.network.layers.is_empty()) {
        return match &choices.activation {
            Some(_) => Err(Error::new(Kind::Usage, "--activation says nothing here: the run file names each layer's").hint("add --hidden")),
            None => Ok(None),
        };
    }
    let mut hidden = Hidden::default();
    if let Some(units) = &choices.hidden {
        let parts = units.split(',').map(str::trim).filter(|_| !units.trim().is_empty());
        let units: Result<Vec<usize>, _> = parts.map(str::parse).collect();
        hidden.units = Some(units.map_err(|_| Error::new(Kind::Usage, "--hidden: expected numbers of units, such as 64,32"))?);
    }
    hidden.activation = choices.activation.clone();
    Ok(Some(hidden))
}

/// What was written, and where.
struct Saved {
    model: PathBuf,
    sha256: String,
    /// Of an interrupted run: where it can go on from.
    checkpoint: Option<PathBuf>,
}

impl Saved {
    fn new(
        directory: &Path,
        job: &Job,
        outcome: &Outcome,
        folds: Option<&Folds>,
        checkpoints: Option<&Checkpoints>,
    ) -> Result<Saved, Error> {
        let model = directory.join(MODEL);
        model_file::save(&model, &outcome.model)?;
        let checkpoint = checkpoints
            .map(|of| if job.members.is_some() { directory.to_path_buf() } else { of.path() })
            .filter(|_| matches!(outcome.end, End::Stopped(_)));
        let saved = Saved { sha256: weights_sha256(&outcome.model.parameters), model, checkpoint };
        let mut summary = document(job, outcome, &saved, false);
        match folds {
            Some(folds) => {
                folds.save(directory, job)?;
                summary["folds"] = folds.document(directory);
            }
            None => folds::forget(directory),
        }
        let summary = format!("{summary:#}\n");
        files::write(&directory.join("summary.json"), summary.as_bytes())?;
        Ok(saved)
    }
}

fn introduction(job: &Job, screen: &Screen) -> String {
    let sizes: Vec<String> =
        std::iter::once(job.shape.width()).chain(job.shape.layers.iter().map(|layer| layer.units)).map(|n| n.to_string()).collect();
    let activations = job.shape.said();
    let batch = job.batch.map_or("full batch".to_string(), |rows| format!("batches of {rows}"));
    let text = format!(
        "{}: {} rows to train on, {}\n  network   {}{}{} ({}), {}, {} parameters, {}\n  training  {} epochs, {}, {} at rate {}, seed {}\n{}",
        screen.bold(&job.name),
        job.train.rows,
        match networks(job) {
            1 => format!("{} kept aside", job.held.rows),
            count => format!("each kept aside by one of {count} networks"),
        },
        if networks(job) > 1 { format!("{} of ", networks(job)) } else { String::new() },
        sizes.join("-"),
        job.shape.numeric_said(),
        activations.join(", "),
        job.shape.loss,
        job.initial.len(),
        job.precision.name(),
        job.epochs,
        batch,
        job.optimizer,
        job.learning_rate,
        job.seed,
        if job.course.is_plain() { String::new() } else { format!("  course    {}\n", job.course.parts().join(", ")) },
    );
    let embedded = job.shape.embedding.as_ref().map(|embedding| format!("  embedding {}\n", embedding.said(&job.inputs)));
    let text = text + &embedded.unwrap_or_default();
    let why = job.why.iter().enumerate().map(|(line, why)| format!("  {:<10}{why}\n", if line == 0 { job.recipe.name() } else { "" }));
    format!("{text}\n{}{}", why.collect::<String>(), if job.why.is_empty() { "" } else { "\n" })
}

fn told(job: &Job, outcome: &Outcome, saved: &Saved, has_report: bool, (arguments, screen): (&Train, &Screen)) -> String {
    let mut text = samples(job, outcome);
    let place = |scores: &session::Scores| match &scores.held {
        Some((cost, metrics)) => (*cost, metrics.list()),
        None => (scores.cost, scores.metrics.list()),
    };
    let (before, after) = (place(&outcome.before), place(&outcome.after));
    let rows = match (&outcome.after.held, networks(job)) {
        (None, _) => "on the rows trained on".to_string(),
        (Some(_), 1) if job.from.is_none() && job.decided().is_empty() => format!("on {} rows it has not seen", job.held.rows),
        (Some(_), 1) => format!("on {} rows kept aside", job.held.rows),
        (Some(_), _) => format!("on {} rows, each by a network not trained on it", job.train.rows),
    };
    let mut lines = vec![vec![rows, "before".to_string(), "after".into()]];
    lines.push(vec![format!("cost ({})", job.shape.loss), number(before.0), number(after.0)]);
    for ((name, b), (_, a)) in before.1.iter().zip(&after.1) {
        lines.push(vec![name.to_string(), output::measure(*b), output::measure(*a)]);
    }
    if let Some(((before, after), formula)) = outcome.before.own.zip(outcome.after.own).zip(job.metric.as_ref()) {
        let shown =
            |(trained, held): (Option<f64>, Option<f64>)| output::measure(if outcome.after.held.is_some() { held } else { trained });
        lines.push(vec![formula.clone(), shown(before), shown(after)]);
    }
    text += &format!("\n{}", output::table(&lines));
    if let (Some(_), Some(warning)) = (&outcome.after.held, job.warning()) {
        text += &format!("  {warning}\n");
    }
    if job.threshold.is_found() {
        text += &format!("  the second class is predicted above a probability of {}\n", number(outcome.model.metadata.threshold));
    }
    let (b, a) = (number(outcome.before.cost), number(outcome.after.cost));
    text += &format!("\n  cost on the rows trained on: {b} before, {a} after {} epochs ({} steps)\n", outcome.epochs, outcome.steps);
    if outcome.best.is_none() && outcome.epochs > 0 && job.course.judged_by_metric() && job.members.is_none() {
        text += "  the metric of the rows kept aside was never a number: the last parameters are kept\n";
    }
    if let Some(best) = &outcome.best {
        let kept = if job.course.keeps_best() { "; its parameters are kept" } else { "" };
        let judge = if job.course.judged_by_metric() { "the metric of the rows kept aside" } else { "the rows kept aside" };
        text += &format!("  best epoch by {judge}: {} of {}{kept}\n", best.epoch + 1, outcome.epochs);
    }
    if let Some(temperature) = outcome.model.metadata.training.temperature {
        text += &format!("  probabilities calibrated: the last layer divided by a temperature of {}\n", number(temperature));
    }
    if let (End::Patient(_), Some(patience)) = (&outcome.end, job.course.patience) {
        text += &format!("  stopped early: no better epoch in the last {patience}\n");
    }
    if let End::Stopped(step) = outcome.end {
        text += &format!("  interrupted after step {step}, {} epochs finished; what was learned is saved\n", outcome.epochs);
    }
    if let Some(directory) = saved.checkpoint.as_ref().map(|_| saved.model.parent().unwrap_or(&saved.model)) {
        text += &resume::how(directory, arguments);
    }
    let data = if job.data.is_empty() { "DATA.csv" } else { &job.data };
    let model = saved.model.display();
    let report = saved.model.with_file_name(report::REPORT);
    let report = if has_report { format!("  report to look at: {}\n", report.display()) } else { String::new() };
    text += &format!(
        "\n  model saved to {}\n{report}  next: backlit predict {model} {data}\n        backlit evaluate {model} {data}\n        backlit check {model} {data}\n",
        screen.bold(&model.to_string()),
    );
    text
}

/// Predicted and actual, before and after.
fn samples(job: &Job, outcome: &Outcome) -> String {
    let classes: Vec<String> = job.class_names().iter().map(|name| shortened(name)).collect();
    let targets: Vec<String> = job.targets.iter().map(|name| shortened(name)).collect();
    let threshold = outcome.model.metadata.threshold;
    let label = |k: usize, yes: bool| classes[2 * k + usize::from(yes)].clone();
    let say = |numbers: &[f64]| match job.task {
        Task::Classes => format!("{} ({:.0} %)", classes[most_probable(numbers)], 100.0 * numbers[most_probable(numbers)]),
        Task::TwoClasses => {
            let class = usize::from(numbers[0] > threshold);
            let share = if class == 1 { numbers[0] } else { 1.0 - numbers[0] };
            format!("{} ({:.0} %)", classes[class], 100.0 * share)
        }
        Task::Labels => {
            let share = |yes: bool, p: f64| 100.0 * if yes { p } else { 1.0 - p };
            let one = |(k, &p): (usize, &f64)| format!("{} ({:.0} %)", label(k, p > threshold), share(p > threshold, p));
            numbers.iter().enumerate().map(one).collect::<Vec<_>>().join(", ")
        }
        Task::Regression | Task::Values => numbers.iter().map(|&x| number(x)).collect::<Vec<_>>().join(", "),
    };
    let actual = |sample: &Sample| match job.task {
        Task::Classes => classes[most_probable(&sample.actual)].clone(),
        Task::TwoClasses => classes[usize::from(sample.actual[0] > 0.5)].clone(),
        Task::Labels => sample.actual.iter().enumerate().map(|(k, &y)| label(k, y > 0.5)).collect::<Vec<_>>().join(", "),
        Task::Regression | Task::Values => say(&sample.actual),
    };
    let header = ["row".to_string(), "predicted before".into(), "predicted after".into(), format!("actual {}", targets.join(", "))];
    let lines = outcome.samples.iter().map(|s| vec![s.row.to_string(), say(&s.before), say(&s.after), actual(s)]);
    output::table(&std::iter::once(header.to_vec()).chain(lines).collect::<Vec<_>>())
}

fn document(job: &Job, outcome: &Outcome, saved: &Saved, parameters: bool) -> Value {
    let held = |scores: &session::Scores| scores.held.as_ref().map(|(cost, metrics)| json!({ "cost": cost, "metrics": metrics }));
    let samples = outcome.samples.iter().map(|s| json!({ "row": s.row, "actual": s.actual, "before": s.before, "after": s.after }));
    let judged = if job.course.judged_by_metric() { "metric" } else { "cost" };
    let none = Rows::default();
    let unseen = if outcome.after.held.is_some() { job.unseen() } else { &none };
    let mut document = json!({
        "name": job.name,
        "task": job.task,
        "cost": { "before": outcome.before.cost, "after": outcome.after.cost },
        "metrics": { "before": outcome.before.metrics, "after": outcome.after.metrics },
        "validation": { "rows": unseen.rows, "numbers": unseen.numbers, "before": held(&outcome.before), "after": held(&outcome.after) },
        "samples": samples.collect::<Vec<_>>(),
        "rows": job.train.rows,
        "epochs": outcome.epochs,
        "steps": outcome.steps,
        "seed": job.seed,
        "threads": job.threads,
        "precision": job.precision.name(),
        "interrupted": matches!(outcome.end, End::Stopped(_)),
        "stopped_early": matches!(outcome.end, End::Patient(_)),
        "best": outcome.best.map(|best| json!({ "epoch": best.epoch + 1, (judged): best.cost })),
        "from": job.from,
        "weights_sha256": saved.sha256,
        "model": saved.model.display().to_string(),
    });
    if let Some(checkpoint) = &saved.checkpoint {
        document["checkpoint"] = json!(checkpoint.display().to_string());
    }
    if matches!(job.task, Task::TwoClasses | Task::Labels) {
        document["threshold"] = json!(outcome.model.metadata.threshold);
    }
    if let Some(((before, after), formula)) = outcome.before.own.zip(outcome.after.own).zip(job.metric.as_ref()) {
        document["metric"] = json!({
            "formula": formula, "before": before.0, "after": after.0, "validation": { "before": before.1, "after": after.1 },
        });
    }
    if !job.why.is_empty() {
        document["recipe"] = json!({ "name": job.recipe, "why": job.why });
    }
    if job.members.is_some() {
        document["ensemble"] = json!(outcome.model.metadata.training.ensemble);
    }
    if let Some(temperature) = outcome.model.metadata.training.temperature {
        document["temperature"] = json!(temperature);
    }
    if parameters {
        document["parameters"] = tensors(&outcome.model);
    }
    document
}

/// Every parameter by name: a weight as units × inputs, a bias as a list.
fn tensors(model: &Model) -> Value {
    // An f32 is printed with the shortest digits that read back as that f32.
    let numbers: Vec<Value> = match &model.parameters {
        Parameters::F32(numbers) => numbers.iter().map(|x| json!(x.to_string().parse::<f64>().ok())).collect(),
        Parameters::F64(numbers) => numbers.iter().map(|&x| json!(x)).collect(),
    };
    let mut start = 0;
    let named = model.metadata.network.parameters().into_iter().flatten().map(|(name, shape)| {
        let size = shape.iter().product::<usize>();
        let own = &numbers[start..start + size];
        start += size;
        let value = match shape.as_slice() {
            [_, columns] => own.chunks_exact(*columns).map(|row| Value::from(row.to_vec())).collect(),
            _ => Value::from(own.to_vec()),
        };
        (name, value)
    });
    Value::Object(named.collect())
}
