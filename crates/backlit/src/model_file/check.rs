//! Whether the parts of a model fit together.

use super::{FORMAT, Metadata, Model, Task};
use crate::metrics::Own;
use crate::scaler::Scaling;
use backlit_engine::network::Blocks;
use backlit_engine::ops;

/// `Err` says what does not fit.
pub(super) fn check(model: &Model) -> Result<(), String> {
    check_metadata(&model.metadata)?;
    let expected = count(&model.metadata)?;
    let (parameters, precision) = (&model.parameters, model.metadata.precision);
    if parameters.precision() != precision {
        return Err(format!("expected parameters in {}, came {}", precision.name(), parameters.precision().name()));
    }
    if parameters.len() != expected {
        return Err(format!("the network has {expected} parameters, came {}", parameters.len()));
    }
    match parameters.first_not_finite() {
        Some((place, value)) => Err(format!("{} is {value}", element(&model.metadata, place))),
        None => Ok(()),
    }
}

/// How many parameters the network has.
pub(super) fn count(metadata: &Metadata) -> Result<usize, String> {
    let parameters = metadata.network.parameters().ok_or("the network is larger than any memory")?;
    Ok(parameters.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum())
}

/// Checks all that can be checked without the parameters.
pub(super) fn check_metadata(metadata: &Metadata) -> Result<(), String> {
    if metadata.format != FORMAT {
        return Err(format!("expected format {FORMAT}, came {}", metadata.format));
    }
    check_network(metadata)?;
    check_columns(metadata)?;
    if !(0.0..1.0).contains(&metadata.threshold) {
        return Err(format!("expected a threshold from 0 to below 1, came {}", metadata.threshold));
    }
    if let Some(metric) = &metadata.metric {
        Own::read(metric).map_err(|message| format!("metric: {message}"))?;
    }
    if let Some(residuals) = &metadata.residuals {
        residuals.check(metadata.targets.len()).map_err(|message| format!("residuals: {message}"))?;
    }
    let training = &metadata.training;
    let numbers = training.options.iter().map(|(name, &value)| (name.as_str(), value));
    for (name, value) in numbers.chain([("learning_rate", training.learning_rate)]) {
        if !value.is_finite() {
            return Err(format!("training.{name} is {value}"));
        }
    }
    training.course.engine().map(|_| ()).map_err(|(key, message)| format!("training.course.{key}: {message}"))
}

fn check_network(metadata: &Metadata) -> Result<(), String> {
    let network = &metadata.network;
    if network.inputs == 0 || network.layers.is_empty() {
        return Err("expected a network with at least one input and one layer".into());
    }
    if let Some(embedding) = &network.embedding {
        embedding.check(network.inputs)?;
    }
    if let Some(numeric) = &network.numeric {
        numeric.check(network.inputs - network.embedding.as_ref().map_or(0, |embedding| embedding.levels.len()))?;
    }
    for (l, layer) in network.layers.iter().enumerate() {
        if layer.units == 0 {
            return Err(format!("layer {} has no units", l + 1));
        }
        if !(0.0..1.0).contains(&layer.dropout) {
            return Err(format!("layer {}: expected a dropout from 0 to below 1, came {}", l + 1, layer.dropout));
        }
        if layer.learning_rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            return Err(format!("layer {}: expected a learning rate above 0, came {:?}", l + 1, layer.learning_rate));
        }
        ops::activation::<f64>(&layer.activation).map_err(|message| format!("layer {}: {message}", l + 1))?;
        let widths: Vec<usize> = std::iter::once(network.width()).chain(network.layers.iter().map(|layer| layer.units)).collect();
        let blocks = Blocks { groups: layer.groups, inputs: widths[l], units: layer.units };
        if !blocks.fit() {
            let (inputs, units) = (blocks.inputs, blocks.units);
            return Err(format!("layer {}: expected groups that divide {inputs} inputs and {units} units, came {}", l + 1, layer.groups));
        }
        if let Some(from) = layer.skip.filter(|&from| from > l || widths[from] != layer.units) {
            return Err(format!("layer {}: expected a skip from a layer before it with {} units, came {from}", l + 1, layer.units));
        }
    }
    network.terms.check(metadata.task, metadata.classes.len())?;
    ops::loss::<f64>(&network.loss).map(|_| ())
}

fn check_columns(metadata: &Metadata) -> Result<(), String> {
    let network = &metadata.network;
    if metadata.inputs.len() != network.inputs {
        return Err(format!("the network takes {} inputs, {} are named", network.inputs, metadata.inputs.len()));
    }
    for (what, names) in [("input", &metadata.inputs), ("target", &metadata.targets)] {
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("the {what} '{}' is named twice", pair[0]));
        }
    }
    let outputs = network.layers.last().map_or(0, |layer| layer.units);
    let expected = match metadata.task {
        Task::Classes if metadata.targets.len() == 1 => metadata.classes.len(),
        Task::Classes => return Err(format!("classes stand in one target column, came {}", metadata.targets.len())),
        _ => metadata.targets.len(),
    };
    if outputs != expected {
        return Err(format!("the network has {outputs} outputs, expected {expected} for its targets"));
    }
    let expected = match metadata.task {
        Task::Classes => metadata.classes.len(),
        Task::TwoClasses => 2,
        Task::Labels => 2 * metadata.targets.len(),
        Task::Regression | Task::Values => 0,
    };
    if metadata.classes.len() != expected {
        return Err(format!("expected {expected} classes for this task, came {}", metadata.classes.len()));
    }
    // Labels have two classes each.
    for classes in metadata.classes.chunks(if metadata.task == Task::Labels { 2 } else { metadata.classes.len().max(1) }) {
        let mut classes = classes.to_vec();
        classes.sort_by(f64::total_cmp);
        let twice = classes.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        if let Some(class) = classes.iter().copied().find(|class| !class.is_finite()).or(twice) {
            return Err(format!("expected classes that are finite and differ, came {class}"));
        }
    }
    if let Some(encoder) = &metadata.encoder {
        let embedded = network.embedding.as_ref().map_or(&[][..], |embedding| &embedding.levels);
        let classes = matches!(metadata.task, Task::Classes | Task::TwoClasses).then_some(metadata.classes.len());
        encoder.check(&metadata.inputs, embedded, &metadata.targets, classes).map_err(|message| format!("encoder: {message}"))?;
    }
    let scalers = [("input", &metadata.input_scaler, network.inputs), ("target", &metadata.target_scaler, metadata.targets.len())];
    for (what, scaler, columns) in scalers {
        if let Some(scaler) = scaler {
            scaler.check(columns).map_err(|message| format!("{what} scaler: {message}"))?;
            if let Some(c) = scaler.scale.iter().position(|scale| what == "target" && *scale == 0.0) {
                return Err(format!("target scaler: the scale of column {c} is 0"));
            }
            if what == "target" && scaler.scaling != Scaling::Standard {
                return Err("target scaler: expected mean and deviation, which can be undone".into());
            }
        }
    }
    Ok(())
}

/// The name of one of the flat parameters: `layer1.weight[0,2]`.
fn element(metadata: &Metadata, mut place: usize) -> String {
    for (name, shape) in metadata.network.parameters().unwrap_or_default() {
        let size: usize = shape.iter().product();
        if place < size {
            return match shape.as_slice() {
                &[_, columns] => format!("{name}[{},{}]", place / columns, place % columns),
                _ => format!("{name}[{place}]"),
            };
        }
        place -= size;
    }
    format!("parameter {place}")
}
