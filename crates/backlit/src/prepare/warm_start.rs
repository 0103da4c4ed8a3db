//! A training that goes on from the parameters of a saved model: its columns, classes, layers and scales are kept.

use super::usage;
use crate::data::{Bound, Header, Reader, Reading, Stored, Table, cells, indices, listed, profile};
use crate::encoder::Encoder;
use crate::ensemble;
use crate::error::Error;
use crate::layers::{Norm, Skip};
use crate::model_file::{self, LayerShape, Metadata, Model, Parameters, Precision, Task};
use crate::run_file::{self, Bias, Layer, RunFile, Source};

/// The model that a run begins with, if it names one.
pub(super) fn model(run: &RunFile) -> Result<Option<Model>, Error> {
    run.train.from.as_deref().map(model_file::load).transpose()
}

/// The run with what it leaves open taken from the model: target, task, loss, and the layers unless it has its own.
pub(super) fn completed(mut run: RunFile, model: Option<&Model>, has_layers: bool) -> Result<RunFile, Error> {
    let Some(Model { metadata, .. }) = model else { return Ok(run) };
    let network = &mut run.network;
    if !matches!(run.data.source, Source::Inline { .. }) {
        if run.data.target.is_empty() {
            run.data.target = metadata.targets.clone();
        }
        network.task = network.task.or((metadata.task != Task::Values).then_some(metadata.task));
    }
    run.train.metric = run.train.metric.take().or(metadata.metric.clone());
    network.loss = network.loss.take().or(Some(metadata.network.loss.clone()));
    if !has_layers {
        let layers: Result<Vec<Layer>, String> = metadata.network.layers.iter().map(layer).collect();
        let mut layers = layers.map_err(|message| wrong(&run, message))?;
        if run.network.dropout.is_some() {
            layers.iter_mut().for_each(|layer| layer.dropout = None);
        }
        run.network.layers = layers;
    }
    Ok(run)
}

/// A layer of this shape, as a run file has it.
pub(crate) fn layer(shape: &LayerShape) -> Result<Layer, String> {
    Ok(Layer {
        units: shape.units,
        activation: shape.activation.clone(),
        weight: None,
        bias: if shape.bias { Bias::Drawn } else { Bias::None },
        initializer: None,
        bias_initializer: None,
        dropout: Some(shape.dropout),
        norm: Some(shape.norm),
        skip: Some(shape.skip.map_or(Skip::No, Skip::From)),
        learning_rate: shape.learning_rate,
        groups: shape.groups,
        freeze: shape.freeze.iter().map(|text| text.parse()).collect::<Result<_, _>>()?,
    })
}

/// The table as the model takes it, with the run's own columns of weights and of what decides the split.
pub(super) fn read(run: &RunFile, model: &Model, data: &str, bound: Option<&Bound>) -> Result<(Reading, Option<Stored>), Error> {
    let mut encoder = model.metadata.encoder(true, |_| false);
    let header = Header::for_model(&model.metadata, run.data.header);
    let is_new = |encoder: &Encoder, name: &str| encoder.columns.iter().all(|column| column.name != name);
    if let Some(weights) = run.data.weights.iter().find(|name| is_new(&encoder, name)) {
        encoder.columns.extend(Encoder::plain(std::slice::from_ref(weights)).columns);
    }
    if let Some(split) = run.data.split.column().filter(|name| is_new(&encoder, name)) {
        let profile = profile(data, &header)?;
        let names: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
        indices(data, &names, &[split.to_string()])?;
        // Of all columns this one alone.
        let alone = run_file::Data { target: Vec::new(), ignore: names, weights: None, ..run.data.clone() };
        encoder.columns.extend(profile.encoder(&alone, &mut Vec::new()).map_err(|error| error.file(data))?.columns);
    }
    let weights = run.data.weights.iter().map(|name| (name.clone(), cells::WEIGHT));
    Reader::named(data, &header)?.hinting(weights, cells::MODEL_INPUT).encoded(&encoder)?.within(bound)
}

/// The model's inputs in its order, each a column of the table; `Err` where a target is another.
pub(super) fn columns(run: &RunFile, model: &Model, table: &Table, targets: &[String]) -> Result<Vec<String>, Error> {
    let metadata = &model.metadata;
    if metadata.targets != targets {
        let [theirs, ours] = [&metadata.targets[..], targets].map(|names| listed(names.iter().map(String::as_str)));
        return Err(wrong(run, format!("the model predicts {theirs}, expected that target, came {ours}")));
    }
    table.indices(&metadata.inputs)?;
    Ok(metadata.inputs.clone())
}

/// The model's classes.
pub(super) fn classes(run: &RunFile, model: &Model, task: Task) -> Result<Vec<f64>, Error> {
    match model.metadata.task == task {
        true => Ok(model.metadata.classes.clone()),
        false => {
            let words = |task: Task| serde_json::to_string(&task).unwrap_or_default().replace('"', "");
            Err(wrong(
                run,
                format!("the model was trained for {}, expected the same task, came {}", words(model.metadata.task), words(task)),
            ))
        }
    }
}

/// The model's parameters for these layers, and what a person should know of them.
pub(super) fn parameters(run: &RunFile, model: &Model, layers: &[Layer], notes: &mut Vec<String>) -> Result<Vec<f64>, Error> {
    let theirs = &model.metadata.network.layers;
    let said = |units: usize, activation: &str, bias: bool, norm: Option<Norm>, skip: Option<usize>, groups: usize| {
        let groups = if groups == 1 { String::new() } else { format!(" in {groups} groups") };
        let norm = norm.map_or(String::new(), |norm| format!(" with {} norm", norm.name()));
        let skip = skip.map_or(String::new(), |from| format!(" with a skip from {from}"));
        format!("{units} {activation}{groups}{}{norm}{skip}", if bias { "" } else { " without bias" })
    };
    let from = |skip: Option<Skip>| if let Some(Skip::From(from)) = skip { Some(from) } else { None };
    let known =
        |layers: &[LayerShape]| layers.iter().map(|l| said(l.units, &l.activation, l.bias, l.norm, l.skip, l.groups)).collect::<Vec<_>>();
    let ours = |l: &Layer| said(l.units, &l.activation, l.bias != Bias::None, l.norm.flatten(), from(l.skip), l.groups);
    let wanted: Vec<String> = layers.iter().map(ours).collect();
    if known(theirs) != wanted {
        let message = format!("the model has the layers {}; expected the same, came {}", known(theirs).join(", "), wanted.join(", "));
        return Err(wrong(run, message).hint("leave the layers out, or train without a model to begin with"));
    }
    if let Some(l) = layers.iter().position(|layer| layer.weight.is_some() || matches!(layer.bias, Bias::Values(_))) {
        return Err(wrong(run, format!("layer {} has numbers of its own in the run file, and the model has others for it", l + 1)));
    }
    let (precision, numbers) = (
        run.network.precision,
        match &model.parameters {
            Parameters::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect::<Vec<f64>>(),
            Parameters::F64(numbers) => numbers.clone(),
        },
    );
    if (precision, model.metadata.precision) == (Precision::F32, Precision::F64) {
        if let Some(number) = numbers.iter().find(|number| !(**number as f32).is_finite()) {
            return Err(wrong(run, format!("a parameter of {number:e} is not finite in f32")).hint("--precision f64"));
        }
        notes.push("the model's parameters are rounded from f64 to f32 (--precision f64 keeps them)".into());
    }
    Ok(numbers)
}

/// How many networks stand side by side in the model; none: it is one.
pub(super) fn networks(model: &Model) -> Option<usize> {
    let Metadata { network, training, .. } = &model.metadata;
    training.ensemble.filter(|&count| ensemble::may_hold(network, count))
}

/// What a person should know of a model of so many networks that training goes on from.
pub(super) fn together(count: usize) -> String {
    format!(
        "the model that training goes on from is {count} networks side by side: they stay apart, but are now trained as one by the cost of their \
         mean, with no rows unseen by some of them, which may fit few rows too closely (--ensemble, without --from, trains each alone)"
    )
}

fn wrong(run: &RunFile, message: String) -> Error {
    usage(run, message).key("train.from")
}
