//! The flags of `backlit train`, put over the run file.

use super::terms;
use crate::arguments::{Choices, Common, Precision, Train};
use crate::commands::{columns, wrong};
use backlit::data::{BUNDLED, bytes, shortened};
use backlit::ensemble;
use backlit::error::{Error, Kind};
use backlit::layers::Norm;
use backlit::metrics::Own;
use backlit::model_file::{self, Task};
use backlit::numeric_embedding::{self, NumericEmbedding};
use backlit::prepare::{self, Hidden};
use backlit::recipe::Recipe;
use backlit::run_file::{self, Batch, Judge, Keep, RunFile, Split};
use backlit::scaler::Scaling;
use std::path::Path;

/// The run file with the flags put over it, or the flags alone.
pub fn run_of(arguments: &Train, common: &Common) -> Result<(RunFile, Option<Hidden>), Error> {
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

/// The choices put over a run. The hidden layers that were typed stand beside it.
fn put_over(choices: &Choices, run: &mut RunFile) -> Result<Option<Hidden>, Error> {
    columns::put_over(&choices.columns, &mut run.data)?;
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
    match choices.validation.as_deref().map(|given| (given, given.parse::<f64>())) {
        None => {}
        Some((_, Ok(share))) if (0.0..1.0).contains(&share) => run.keep_aside(share),
        Some((_, Ok(share))) => return Err(wrong("validation", format!("expected a share from 0 to below 1, came {share}"))),
        Some((given, Err(_))) if Path::new(given).exists() => run.keep_aside_file(given.into()),
        Some((given, Err(_))) => {
            let message =
                format!("expected a share from 0 to below 1, or a file of rows; '{}' is no share, and no file is there", shortened(given));
            return Err(wrong("validation", message).hint("check the path"));
        }
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
    run.train.png |= choices.png;
    course(choices, run)?;
    if let Some(metric) = &choices.metric {
        run.train.metric = Some(Own::read(metric).map_err(|message| wrong("metric", message))?.text);
    }
    if let Some(recipe) = &choices.recipe {
        run.train.recipe = Some(named("recipe", &Recipe::NAMES, recipe)?);
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
            return Err(wrong("scaling", "columns go in as they are: standardize is false; leave one of both out"));
        }
        run.data.scaling = Some(named("scaling", &Scaling::NAMES, scaling)?);
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
    terms::put_over(&choices.terms, run)?;
    layers(choices, run)?;
    hidden(choices, run)
}

/// What a flag's word stands for, of the few that there are.
fn named<T: Copy>(flag: &str, names: &[(&str, T)], word: &str) -> Result<T, Error> {
    let found = names.iter().find(|(name, _)| *name == word).map(|(_, of)| *of);
    found.ok_or_else(|| {
        let (last, others) = names.split_last().expect("there are some");
        let others: Vec<&str> = others.iter().map(|(name, _)| *name).collect();
        wrong(flag, format!("expected {} or {}, came {word}", others.join(", "), last.0))
    })
}

/// What the flags say of all hidden layers.
fn layers(choices: &Choices, run: &mut RunFile) -> Result<(), Error> {
    if let Some(norm) = &choices.norm {
        run.network.norm = named("norm", &Norm::NAMES, norm)?;
    }
    run.network.skip |= choices.skip;
    if let Some(embedding) = &choices.numeric_embedding {
        run.network.numeric_embedding = Some(named("numeric-embedding", &NumericEmbedding::NAMES, embedding)?);
    }
    if let Some(parts) = &choices.freeze {
        run.network.freeze = Some(parts.parse().map_err(|message| wrong("freeze", message))?);
    }
    for (flag, given, into) in [
        ("embedding-rate", choices.embedding_rate, &mut run.network.embedding_rate),
        ("embedding-scale", choices.embedding_scale, &mut run.network.embedding_scale),
    ] {
        let most = numeric_embedding::MOST;
        if let Some(came) = given.filter(|given| !(*given > 0.0 && *given <= most)) {
            return Err(wrong(flag, format!("expected a number above 0, at most {most}, came {came}")));
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
        course.keep = Some(named("keep", &Keep::NAMES, keep)?);
    }
    if let Some(judge) = &choices.judge {
        course.judge = Some(named("judge", &Judge::NAMES, judge)?);
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
        hidden.units = Some(units.map_err(|_| wrong("hidden", "expected numbers of units, such as 64,32"))?);
    }
    hidden.activation = choices.activation.clone();
    Ok(Some(hidden))
}
