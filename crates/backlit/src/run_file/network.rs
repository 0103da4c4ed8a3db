//! Section `[network]`.

use super::values::{Table, Value};
use super::{Data, Network, Orientation, Precision, Rng, Source, Task, layers};
use crate::error::Error;
use backlit_engine::init::Initializer;
use backlit_engine::ops;

const KEYS: [&str; 8] = ["precision", "loss", "task", "rng", "initializer", "bias_initializer", "orientation", "layer"];

const TASKS: [(&str, Task); 4] =
    [("regression", Task::Regression), ("classes", Task::Classes), ("two_classes", Task::TwoClasses), ("values", Task::Values)];

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
    let bias_initializer = section.read("bias_initializer", initializer)?;
    let initializer = section.read("initializer", initializer)?;
    let orientation = section.read("orientation", |value| orientation(value, rng))?.unwrap_or_default();
    if precision == Precision::F32 && !data.standardize {
        fits_f32(section, &data.source)?;
    }
    let layers = section.read("layer", |value| layers::read(value, precision, &data.source))?.unwrap_or_default();
    Ok(Network { precision, loss, task, rng, initializer, bias_initializer, orientation, layers })
}

/// How weights or biases begin, by name.
pub(super) fn initializer(value: &Value<'_>) -> Result<String, Error> {
    value.checked(Initializer::parse)
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
