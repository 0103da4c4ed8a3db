//! `backlit train`: a network on a table, before and after, saved.

mod find_rate;
mod flags;
mod folds;
mod resume;
mod telling;
mod terms;

pub use flags::with_common;

use super::threads;
use crate::arguments::{Common, Train};
use crate::output::{self, Screen};
use crate::progress::Bar;
use backlit::checkpoint::Checkpoints;
use backlit::engine::train::{Divergence, End};
use backlit::error::{Error, Kind};
use backlit::event_file::EventFiles;
use backlit::fallen;
use backlit::files;
use backlit::history::{self, History, Line, Plan};
use backlit::job::Job;
use backlit::model_file::{self, MODEL, weights_sha256};
use backlit::prepare::{self, Part};
use backlit::report;
use backlit::run_directory::{self, RunDirectory};
use backlit::session::{self, Outcome, Progress};
use folds::Folds;
use resume::Resumed;
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
        None => flags::run_of(arguments, common)?,
    };
    let read = prepare::read(&run, hidden.as_ref())?;
    let for_folds = run.train.folds.map(|count| (count, read.clone()));
    let mut job = prepare::job_of(read, hidden.as_ref(), threads(common), Part::of(&run))?;
    job.notes.iter().for_each(|note| screen.note(note));
    if let Some(resumed) = &resumed {
        job.why = resumed.begun.why().to_vec();
    }
    if arguments.find_rate {
        return find_rate::run(&run, &job, screen);
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
        if directory.path.join(MODEL).exists() {
            screen.note(&format!("the model in {} will be replaced", directory.path.display()));
        }
    }
    let checkpoints = resume::checkpoints(begun, &directory, &run, hidden.is_some(), &job, screen);
    let mut checkpoints = checkpoints.inspect_err(|_| directory.discard())?;
    // Without a handler Ctrl-C still ends the program, only less politely.
    let stop = job.stop.clone();
    let _ = ctrlc::set_handler(move || {
        stop.store(true, Ordering::Relaxed);
        // Not all that comes behind the last step looks at this: whoever asks twice does not wait for it.
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    screen.say(&telling::introduction(&job, screen));
    let mut validated = None;
    if let Some((count, read)) = for_folds {
        let folds = Folds::train((&read, hidden.as_ref()), &job, count, checkpoints.as_ref(), screen);
        let folds = folds.inspect_err(|error| {
            // A fold that diverges would do so again.
            if let (Kind::Diverged, Some(checkpoints)) = (error.kind, &checkpoints) {
                checkpoints.abandon();
                if directory.path.join(MODEL).exists() {
                    screen.note(&format!("{} holds the model of the training before, as it was", directory.path.display()));
                }
            }
            directory.discard();
        });
        let Some(folds) = folds? else {
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
    if !matches!(outcome.end, End::Diverged(_)) {
        outcome.fallen.iter().for_each(|fallen| screen.note(&format!("{fallen}; it is left out of the ensemble")));
    }
    if let End::Stalled(step) = outcome.end {
        screen.note(&format!(
            "{} found no step that changes anything any more: the training ended after step {step}, of {} epochs",
            job.optimizer,
            job.ends_after()
        ));
    }
    let saved =
        Saved::new(&directory.path, &job, &outcome, validated.as_ref(), checkpoints.as_ref()).inspect_err(|_| directory.discard())?;
    if let (Some(checkpoints), End::Diverged(_)) = (&checkpoints, &outcome.end) {
        // It would do so again.
        checkpoints.clear();
    }
    // The model is saved: no training fails for want of its report.
    let validation = validated.as_ref().map(Folds::validation);
    let report = report::write(&directory.path, &job, &outcome, validation, &history.lines, &saved.sha256, run.train.png);
    if let Err(error) = &report {
        screen.note(&format!("there is no whole report: {error}"));
    }
    if let (Some(checkpoints), End::Finished | End::Patient(_) | End::Stalled(_)) = (checkpoints, &outcome.end)
        && let Err(error) = checkpoints.finish()
    {
        screen.note(&format!("the model is saved, but not that the run is finished, so that --resume would go on: {error}"));
    }
    screen.say(&telling::told(&job, &outcome, &saved, report.is_ok(), (arguments, screen)));
    if screen.is_quiet() {
        screen.result(&telling::one_line(&job, &outcome, &saved));
    }
    if arguments.print_hash {
        screen.result(&format!("{}\n", saved.sha256));
    }
    let mut document = telling::document(&job, &outcome, &saved, arguments.parameters);
    if let Some(folds) = &validated {
        document["folds"] = folds.document(&directory.path);
    }
    match &outcome.end {
        End::Diverged(divergence) => Ok(diverged(divergence, &outcome, &saved, &document, screen)),
        End::Stopped(_) => {
            screen.document(&document);
            Ok(130)
        }
        End::Finished | End::Patient(_) | End::Stalled(_) => {
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
    let aside =
        |network: usize| job.members.as_ref().map_or(0, |members| members.fold_of.iter().filter(|fold| **fold as usize == network).count());
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

/// The exit code of a training whose cost was not finite, told with the model that is saved all the same.
fn diverged(divergence: &Divergence, outcome: &Outcome, saved: &Saved, document: &Value, screen: &Screen) -> u8 {
    let message = match outcome.fallen.first() {
        Some(first) => format!("every network diverged; {first}; the model holds each one's parameters before that step"),
        None => format!("{divergence}; the model holds the parameters before that step"),
    };
    let error =
        Error::new(Kind::Diverged, message).file(saved.model.display()).hint(fallen::hint(outcome.model.metadata.input_scaler.is_some()));
    let mut whole = output::error_document(&error);
    whole["divergence"] = outcome.fallen.first().map_or_else(|| output::divergence(divergence), output::fallen);
    for key in ["model", "weights_sha256"] {
        whole[key] = document[key].clone();
    }
    screen.failure(&error, &whole);
    error.kind.exit_code()
}

/// Unless Ctrl-C was pressed.
fn go_on() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// How many networks are trained.
fn networks(job: &Job) -> usize {
    job.members.as_ref().map_or(1, |members| members.initial.len())
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
        let mut summary = telling::document(job, outcome, &saved, false);
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
