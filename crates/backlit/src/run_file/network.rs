//! Section `[network]`.

use super::values::{Table, Value};
use super::{Data, Network, Orientation, Precision, Rng, Source, Task, Terms, layers};
use crate::embedding::Frozen;
use crate::error::Error;
use crate::layers::Norm;
use crate::numeric_embedding::{self, NumericEmbedding};
use crate::terms::MOST_PENALTY;
use backlit_engine::init::Initializer;
use backlit_engine::ops;

const KEYS: [&str; 19] = [
    "precision",
    "loss",
    "task",
    "rng",
    "initializer",
    "bias_initializer",
    "orientation",
    "l1",
    "l2",
    "penalize_biases",
    "label_smoothing",
    "dropout",
    "norm",
    "skip",
    "numeric_embedding",
    "embedding_rate",
    "embedding_scale",
    "freeze",
    "layer",
];

const TASKS: [(&str, Task); 5] = [
    ("regression", Task::Regression),
    ("classes", Task::Classes),
    ("two_classes", Task::TwoClasses),
    ("labels", Task::Labels),
    ("values", Task::Values),
];

/// Both spellings of the times sign: not every keyboard has it.
const ORIENTATIONS: [(&str, Orientation); 4] = [
    ("units × inputs", Orientation::UnitsByInputs),
    ("inputs × units", Orientation::InputsByUnits),
    ("units x inputs", Orientation::UnitsByInputs),
    ("inputs x units", Orientation::InputsByUnits),
];

pub(super) fn read(section: &Table<'_>, data: &Data) -> Result<Network, Error> {
    section.only(&KEYS)?;
    let precision = section.read("precision", |value| value.choice(&[("f32", Precision::F32), ("f64", Precision::F64)]))?;
    let precision = precision.unwrap_or_default();
    let loss = section.read("loss", |value| value.checked(ops::loss::<f64>))?;
    let task = section.read("task", |value| value.choice(&TASKS))?;
    let rng = section.read("rng", |value| value.choice(&[("own", Rng::Own), ("numpy", Rng::Numpy)]))?.unwrap_or_default();
    let bias_initializer = section.read("bias_initializer", bias_initializer)?;
    let initializer = section.read("initializer", initializer)?;
    let orientation = section.read("orientation", |value| orientation(value, rng))?.unwrap_or_default();
    if precision == Precision::F32 && !data.standardize {
        fits_f32(section, &data.source)?;
    }
    let layers = section.read("layer", |value| layers::read(value, precision, &data.source))?.unwrap_or_default();
    let terms = terms(section)?;
    let dropout = section.read("dropout", share)?;
    let norm = section.read("norm", |value| value.choice(&Norm::NAMES))?.flatten();
    let skip = section.read("skip", Value::boolean)?.unwrap_or(false);
    let numeric_embedding = section.read("numeric_embedding", |value| value.choice(&NumericEmbedding::NAMES))?;
    let embedding_rate = section.read("embedding_rate", |value| positive(value, numeric_embedding::MOST))?;
    let embedding_scale = section.read("embedding_scale", |value| positive(value, numeric_embedding::MOST))?;
    Ok(Network {
        precision,
        loss,
        task,
        rng,
        initializer,
        bias_initializer,
        orientation,
        terms,
        dropout,
        norm,
        skip,
        numeric_embedding,
        embedding_rate,
        embedding_scale,
        freeze: section.read("freeze", freeze)?,
        layers,
    })
}

/// Penalties and smoothing.
fn terms(section: &Table<'_>) -> Result<Terms, Error> {
    let penalty = |value: &Value<'_>| match value.number() {
        Ok(penalty) if (0.0..=MOST_PENALTY).contains(&penalty) => Ok(penalty),
        _ => Err(value.expected(&format!("a number from 0 to {MOST_PENALTY}"))),
    };
    Ok(Terms {
        weights: None,
        l1: section.read("l1", penalty)?.unwrap_or(0.0),
        l2: section.read("l2", penalty)?.unwrap_or(0.0),
        penalize_biases: section.read("penalize_biases", Value::boolean)?.unwrap_or(false),
        label_smoothing: section.read("label_smoothing", share)?.unwrap_or(0.0),
    })
}

/// A list of the embeddings that are not updated.
fn freeze(value: &Value<'_>) -> Result<Frozen, Error> {
    let mut frozen = Frozen::default();
    for item in value.list("a list such as [\"embedding\"]", 0)? {
        match item.choice(&frozen.list().map(|(name, _)| (name, name)))? {
            "embedding" => frozen.levels = true,
            _ => frozen.numeric = true,
        }
    }
    Ok(frozen)
}

/// A number above 0, at most so large.
fn positive(value: &Value<'_>, most: f64) -> Result<f64, Error> {
    match value.number() {
        Ok(number) if number > 0.0 && number <= most => Ok(number),
        _ => Err(value.expected(&format!("a number above 0, at most {most}"))),
    }
}

/// A number from 0 to below 1.
pub(super) fn share(value: &Value<'_>) -> Result<f64, Error> {
    match value.number() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(value.expected("a number from 0 to below 1")),
    }
}

/// How weights or biases begin, by name.
pub(super) fn initializer(value: &Value<'_>) -> Result<String, Error> {
    value.checked(Initializer::parse)
}

pub(super) fn bias_initializer(value: &Value<'_>) -> Result<String, Error> {
    let text = initializer(value)?;
    match Initializer::parse(&text) {
        Ok(Initializer::UnitVariance(_)) => Err(value.error("expected an initializer for biases, came one by the sums of weighted inputs")),
        _ => Ok(text),
    }
}

fn orientation(value: &Value<'_>, rng: Rng) -> Result<Orientation, Error> {
    let orientation = value.choice(&ORIENTATIONS)?;
    if rng == Rng::Own && orientation != Orientation::default() {
        let error = value.error("expected rng = \"numpy\" beside this: the order of draws only matters there");
        return Err(error.hint("add rng = \"numpy\", or leave orientation out"));
    }
    Ok(orientation)
}

/// Worked examples that go in as they are must not become infinite on the way.
fn fits_f32(section: &Table<'_>, source: &Source) -> Result<(), Error> {
    let Source::Inline { inputs, targets } = source else { return Ok(()) };
    match inputs.iter().chain(targets).flatten().find(|number| !(**number as f32).is_finite()) {
        Some(number) => Err(section.error(format!("the number {number:e} in data is too large for f32")).hint("precision = \"f64\"")),
        None => Ok(()),
    }
}
