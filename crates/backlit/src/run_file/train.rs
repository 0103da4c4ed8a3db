//! Section `[train]`.

use super::values::{Table, Value};
use super::{Batch, Course, Judge, Keep, Network, Rng, Threshold, Train};
use crate::data::bytes;
use crate::ensemble;
use crate::error::Error;
use crate::metrics::Own;
use crate::recipe::Recipe;
use backlit_engine::optimizers;
use std::path::Path;

const KEYS: [&str; 18] = [
    "recipe",
    "ensemble",
    "calibrate",
    "optimizer",
    "learning_rate",
    "epochs",
    "batch",
    "shuffle",
    "seed",
    "threads",
    "from",
    "threshold",
    "metric",
    "folds",
    "memory",
    "checkpoint_every",
    "tensorboard",
    "png",
];

/// Every option that some optimizer takes.
fn known_options() -> Vec<&'static str> {
    let mut known = Vec::new();
    for (name, _) in optimizers::table::<f64>().iter().flat_map(|entry| entry.options) {
        if !known.contains(name) {
            known.push(*name);
        }
    }
    known
}

pub(super) fn read(section: Option<&Table<'_>>, network: &Network, folder: &Path) -> Result<Train, Error> {
    let mut train = Train::default();
    let Some(section) = section else { return Ok(train) };
    let known: Vec<&str> = KEYS.into_iter().chain(Course::KEYS).chain(known_options()).collect();
    section.only(&known)?;
    train.recipe = section.read("recipe", |value| value.choice(&Recipe::NAMES))?;
    train.ensemble = section.read("ensemble", |value| value.whole(1, ensemble::MOST as u64))?.map(|count| count as usize);
    train.calibrate = section.read("calibrate", Value::boolean)?;
    train.optimizer = section.read("optimizer", |value| value.checked(optimizers::find::<f64>))?;
    train.options = options(section, train.optimizer())?;
    train.learning_rate = section.read("learning_rate", |value| match value.number() {
        Ok(rate) if rate > 0.0 => Ok(rate),
        _ => Err(value.expected("a finite number above 0")),
    })?;
    train.epochs = section.read("epochs", |value| value.whole(0, u64::MAX))?;
    train.batch = section.read("batch", batch)?;
    train.shuffle = section.read("shuffle", Value::boolean)?;
    let most = if network.rng == Rng::Numpy { u64::from(u32::MAX) } else { u64::MAX };
    train.seed = section.read("seed", |value| value.whole(0, most))?.unwrap_or(0);
    train.threads = section.read("threads", |value| value.whole(1, 4096))?.map(|threads| threads as usize);
    train.course = course(section)?;
    train.from = section.read("from", |value| match value.string()? {
        path if path.is_empty() || path.contains('\0') => Err(value.expected("the path of a model or its run directory")),
        path => Ok(folder.join(path)),
    })?;
    train.threshold = section.read("threshold", threshold)?.unwrap_or_default();
    train.metric = section.read("metric", |value| value.checked(Own::read))?;
    train.folds = section.read("folds", |value| value.whole(2, 1 << 20))?.map(|folds| folds as usize);
    train.memory = section.read("memory", |value| bytes(&value.string()?).map_err(|message| value.error(message)))?;
    train.checkpoint_every = section.read("checkpoint_every", |value| {
        let text =
            value.as_string().map_or_else(|| value.whole(0, u64::MAX).map(|steps| steps.to_string()), |text| Ok(text.to_string()))?;
        text.parse().map_err(|message: String| value.error(message))
    })?;
    train.tensorboard = section.read("tensorboard", Value::boolean)?.unwrap_or(false);
    train.png = section.read("png", Value::boolean)?.unwrap_or(false);
    Ok(train)
}

fn threshold(value: &Value<'_>) -> Result<Threshold, Error> {
    let text = value.as_string().map_or_else(|| value.number().map(|number| number.to_string()), |text| Ok(text.to_string()))?;
    text.parse().map_err(|message: String| value.error(message))
}

fn course(section: &Table<'_>) -> Result<Course, Error> {
    let course = Course {
        schedule: section.read("schedule", Value::string)?,
        warmup: section.read("warmup", Value::number)?,
        clip_norm: section.read("clip_norm", Value::number)?,
        clip_value: section.read("clip_value", Value::number)?,
        patience: section.read("patience", |value| value.whole(1, u64::MAX))?,
        keep: section.read("keep", |value| value.choice(&Keep::NAMES))?,
        judge: section.read("judge", |value| value.choice(&Judge::NAMES))?,
    };
    match course.engine() {
        Ok(_) => Ok(course),
        Err((key, message)) => Err(section.get(key).map_or_else(|| section.error(&message), |value| value.error(&message))),
    }
}

fn batch(value: &Value<'_>) -> Result<Batch, Error> {
    if value.as_string() == Some("full") {
        return Ok(Batch::Full);
    }
    match value.whole(1, i64::MAX as u64) {
        Ok(rows) => Ok(Batch::Rows(usize::try_from(rows).unwrap_or(usize::MAX))),
        Err(_) => Err(value.expected("\"full\" or a number of rows of at least 1")),
    }
}

/// The options in the file, each one that this optimizer takes and in its range.
fn options(section: &Table<'_>, optimizer: &str) -> Result<Vec<(String, f64)>, Error> {
    let entry = optimizers::find::<f64>(optimizer).map_err(|message| section.error(message))?;
    let mut given = Vec::new();
    for name in known_options() {
        let Some(value) = section.get(name) else { continue };
        let number = match value.as_boolean() {
            Some(yes) => f64::from(u8::from(yes)),
            None => value.number()?,
        };
        if !entry.options.iter().any(|option| option.0 == name) {
            let known: Vec<&str> = entry.options.iter().map(|option| option.0).collect();
            return Err(value.error(format!("{optimizer} has no such option; it has {}", known.join(", "))));
        }
        given.push((name.to_string(), number));
    }
    match entry.create(&given, 1) {
        Ok(_) => Ok(given),
        // The message begins with the option it is about.
        Err(message) => match given.iter().find(|(name, _)| message.starts_with(name.as_str())).and_then(|(name, _)| section.get(name)) {
            Some(value) => Err(value.error(message)),
            None => Err(section.error(message)),
        },
    }
}
