//! `[[network.layer]]`

use super::network::{bias_initializer, initializer, share};
use super::values::{Table, Value};
use super::{Bias, Freeze, Layer, Precision, Source};
use crate::error::Error;
use crate::layers::{Norm, Skip};
use backlit_engine::ops;

const KEYS: [&str; 12] = [
    "units",
    "activation",
    "weight",
    "bias",
    "initializer",
    "bias_initializer",
    "freeze",
    "dropout",
    "norm",
    "skip",
    "learning_rate",
    "groups",
];

/// The most weights a network may have.
const MOST_WEIGHTS: u64 = 1 << 31;

/// All layers, each checked against the one before it, the last against the targets that stand in the file.
pub(super) fn read(value: &Value<'_>, precision: Precision, source: &Source) -> Result<Vec<Layer>, Error> {
    let tables = value.list("layers, each a section [[network.layer]]", 1)?;
    let (mut width, outputs) = match source {
        Source::Inline { inputs, targets } => (inputs.first().map(Vec::len), targets.first().map(Vec::len)),
        _ => (None, None),
    };
    let mut weights = 0u64;
    let mut layers = Vec::with_capacity(tables.len());
    for table in &tables {
        let section = table.table().map_err(|_| table.expected("a section [[network.layer]]"))?;
        let layer = layer(&section, precision, width)?;
        let inputs =
            width.map(|width| width / layer.groups).or(layer.weight.as_ref().and_then(|rows| rows.first()).map(Vec::len)).unwrap_or(1);
        weights = weights.saturating_add((layer.units as u64).saturating_mul(inputs as u64));
        if weights > MOST_WEIGHTS {
            let error = section.get("units").as_ref().unwrap_or(table).error(format!(
                "expected at most 2^31 weights in the network, came at least {weights} up to this layer ({} units × {inputs} inputs)",
                layer.units
            ));
            return Err(error.hint("fewer units"));
        }
        width = Some(layer.units);
        layers.push(layer);
    }
    if let (Some(last), Some(table), Some(outputs)) = (layers.last(), tables.last(), outputs)
        && last.units != outputs
    {
        let units = table.table()?.get("units").unwrap_or_else(|| table.clone());
        return Err(units.error(format!("the last layer needs {outputs} units, one for each target in a row, came {}", last.units)));
    }
    Ok(layers)
}

/// One layer with `width` inputs, where that is known.
fn layer(section: &Table<'_>, precision: Precision, width: Option<usize>) -> Result<Layer, Error> {
    section.only(&KEYS)?;
    let Some(units) = section.read("units", |value| value.whole(1, MOST_WEIGHTS))? else {
        return Err(section.error("expected units, came none").hint("units = 8"));
    };
    let units = units as usize;
    let groups = section.read("groups", |value| value.whole(1, units as u64))?.unwrap_or(1) as usize;
    let width = match width {
        Some(width) if width % groups != 0 || !units.is_multiple_of(groups) => {
            return Err(section.error(format!("expected groups that divide {width} inputs and {units} units, came {groups}")));
        }
        width => width.map(|width| width / groups),
    };
    let activation = section.read("activation", |value| value.checked(ops::activation::<f64>))?;
    let weight = section.read("weight", |value| weight(value, units, width, precision))?;
    let bias = section.read("bias", |value| bias(value, units, precision))?.unwrap_or_default();
    let weights_start = section.read("initializer", initializer)?;
    if let (Some(_), Some(value)) = (&weight, section.get("initializer")) {
        return Err(value.error("expected weight or initializer, came both"));
    }
    let biases_start = section.read("bias_initializer", bias_initializer)?;
    match (&bias, section.get("bias_initializer")) {
        (Bias::Values(_), Some(value)) => return Err(value.error("expected bias as a list or bias_initializer, came both")),
        (Bias::None, Some(value)) => return Err(value.error("a layer with bias = false has no bias to begin with")),
        _ => {}
    }
    let inputs = width.or(weight.as_ref().and_then(|rows| rows.first()).map(Vec::len));
    let freeze = section.read("freeze", |value| freeze(value, units, inputs, &bias))?.unwrap_or_default();
    let activation = activation.unwrap_or_else(|| "linear".to_string());
    Ok(Layer {
        units,
        activation,
        weight,
        bias,
        initializer: weights_start,
        bias_initializer: biases_start,
        freeze,
        dropout: section.read("dropout", share)?,
        norm: section.read("norm", |value| value.choice(&Norm::NAMES))?,
        skip: section.read("skip", skip)?,
        learning_rate: section.read("learning_rate", rate)?,
        groups,
    })
}

/// `true`, `false`, or the number of a layer.
fn skip(value: &Value<'_>) -> Result<Skip, Error> {
    match value.as_boolean() {
        Some(true) => Ok(Skip::Input),
        Some(false) => Ok(Skip::No),
        None => match value.whole(0, MOST_WEIGHTS) {
            Ok(from) => Ok(Skip::From(from as usize)),
            Err(_) => Err(value.expected("true, false, or the number of a layer before this one, 0 for the inputs")),
        },
    }
}

/// η, above 0.
fn rate(value: &Value<'_>) -> Result<f64, Error> {
    match value.number() {
        Ok(rate) if rate > 0.0 => Ok(rate),
        _ => Err(value.expected("a finite number above 0")),
    }
}

/// units × inputs
fn weight(value: &Value<'_>, units: usize, width: Option<usize>, precision: Precision) -> Result<Vec<Vec<f64>>, Error> {
    let rows = value.rows()?;
    let inputs = rows.first().map_or(0, Vec::len);
    let turned = |error: Error| error.hint("a weight is units × inputs: one row for each unit, one number for each input");
    if rows.len() != units {
        return Err(turned(value.error(format!("expected {units} rows, one for each unit, came {}", rows.len()))));
    }
    if let Some(width) = width.filter(|&width| width != inputs) {
        return Err(turned(value.item(0).error(format!("expected {width} numbers, one for each input, came {inputs}"))));
    }
    for (unit, row) in rows.iter().enumerate() {
        fits(&value.item(unit), row, precision)?;
    }
    Ok(rows)
}

fn bias(value: &Value<'_>, units: usize, precision: Precision) -> Result<Bias, Error> {
    match value.as_boolean() {
        Some(true) => return Ok(Bias::Drawn),
        Some(false) => return Ok(Bias::None),
        None => {}
    }
    let items = value.list("a list of numbers, one for each unit, or true or false", 0)?;
    let numbers: Vec<f64> = items.iter().map(Value::number).collect::<Result<_, _>>()?;
    if numbers.len() != units {
        return Err(value.error(format!("expected {units} numbers, one for each unit, came {}", numbers.len())));
    }
    fits(value, &numbers, precision)?;
    Ok(Bias::Values(numbers))
}

/// Refuses numbers that are infinite in the run's precision.
fn fits(value: &Value<'_>, numbers: &[f64], precision: Precision) -> Result<(), Error> {
    let large = |number: &f64| precision == Precision::F32 && !(*number as f32).is_finite();
    match numbers.iter().position(large) {
        Some(place) => Err(value.item(place).expected("a number that is finite in f32").hint("precision = \"f64\" in [network]")),
        None => Ok(()),
    }
}

fn freeze(value: &Value<'_>, units: usize, inputs: Option<usize>, bias: &Bias) -> Result<Vec<Freeze>, Error> {
    let mut frozen = Vec::new();
    for item in value.list("a list such as [\"weight\", \"bias[1]\"]", 0)? {
        let part: Freeze = item.string()?.parse().map_err(|message: String| item.error(message))?;
        match part {
            Freeze::Bias | Freeze::BiasElement(_) if *bias == Bias::None => return Err(item.error("this layer has no bias to freeze")),
            Freeze::BiasElement(unit) | Freeze::WeightElement(unit, _) if unit >= units => {
                return Err(item.error(format!("there is no unit {unit}; units go from 0 to {}", units - 1)));
            }
            Freeze::WeightElement(_, input) if inputs.is_some_and(|inputs| input >= inputs) => {
                let last = inputs.unwrap_or(1) - 1;
                return Err(item.error(format!("there is no input {input}; inputs go from 0 to {last}")));
            }
            _ => {}
        }
        if !frozen.contains(&part) {
            frozen.push(part);
        }
    }
    Ok(frozen)
}
