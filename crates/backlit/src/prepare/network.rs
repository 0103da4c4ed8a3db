//! The layers of a run, and the parameters they begin with.

use super::{Hidden, formulas, usage, warm_start};
use crate::embedding::{self, Embedding};
use crate::encoder::Encoder;
use crate::ensemble;
use crate::error::{Error, Kind};
use crate::layers::{self, Norm, Skip};
use crate::model_file::{LayerShape, Model, Precision};
use crate::numeric_embedding::{self, Numeric, NumericEmbedding};
use crate::recipe::plain;
use crate::run_file::{Bias, Freeze, Layer, Orientation, Rng, RunFile};
use backlit_engine::init::{Draws, Initializer};
use backlit_engine::network::Blocks;
use backlit_engine::ops;
use std::ops::Range;

/// What stands around the layers.
pub(super) struct Place<'a> {
    /// Names of the columns that go in.
    pub inputs: &'a [String],
    pub encoder: Option<&'a Encoder>,
    pub outputs: usize,
    pub loss: &'a str,
}

/// A network before training.
pub(super) struct Begun {
    pub layers: Vec<Layer>,
    pub numeric: Option<Numeric>,
    /// Parameters in graph order.
    pub initial: Vec<f64>,
    /// Places of those that are frozen.
    pub frozen: Vec<Range<usize>>,
}

/// The network of a run, with every choice of its layers made, or the one that training goes on from.
pub(super) fn begun(
    run: &RunFile,
    hidden: Option<&Hidden>,
    start: Option<&Model>,
    place: &Place<'_>,
    embedding: &mut Option<Embedding>,
    notes: &mut Vec<String>,
) -> Result<Begun, Error> {
    let Place { inputs, encoder, outputs, loss } = *place;
    let layers = with_dropout(run, layers(run, hidden, outputs, loss)?)?;
    let columns = numeric_embedding::columns(inputs, encoder, embedding.as_ref());
    let mut numeric = numeric(run, start, columns, notes)?;
    freeze(run, embedding, &mut numeric)?;
    let embedding = embedding.as_ref();
    let width = embedding::names(inputs, embedding).len() + numeric.as_ref().map_or(0, Numeric::width);
    let layers = layers::completed(run, layers, width, |key, message| usage(run, message).key(key))?;
    check_layers(run, &layers, width, outputs, embedding)?;
    let (mut initial, mut frozen) = parameters(run, &layers, width, embedding, numeric.as_ref())?;
    if let Some(model) = start {
        initial = warm_start::parameters(run, model, &layers, notes)?;
        if let Some(count) = warm_start::networks(model) {
            frozen.extend(ensemble::between(&model.metadata.network, count));
            notes.push(warm_start::together(count));
        }
    }
    Ok(Begun { layers, numeric, initial, frozen })
}

/// A layer as the model file has it.
pub(super) fn layer_shape(layer: &Layer) -> LayerShape {
    LayerShape {
        units: layer.units,
        activation: layer.activation.clone(),
        bias: layer.bias != Bias::None,
        freeze: layer.freeze.iter().map(Freeze::to_string).collect(),
        dropout: layer.dropout.unwrap_or(0.0),
        norm: layer.norm.flatten(),
        skip: if let Some(Skip::From(from)) = layer.skip { Some(from) } else { None },
        learning_rate: layer.learning_rate,
        groups: layer.groups,
    }
}

/// The run's layers, or hidden ones and an output.
fn layers(run: &RunFile, hidden: Option<&Hidden>, outputs: usize, loss: &str) -> Result<Vec<Layer>, Error> {
    if hidden.is_none() && !run.network.layers.is_empty() {
        return Ok(run.network.layers.clone());
    }
    let standard = Hidden::default();
    let hidden = hidden.unwrap_or(&standard);
    let activation = hidden.activation.as_deref().unwrap_or(plain::ACTIVATION);
    let units = hidden.units.as_deref().unwrap_or(&plain::UNITS);
    let layer = |units: usize, activation: &str| Layer {
        units,
        activation: ops::spelled(activation),
        weight: None,
        bias: Bias::Drawn,
        initializer: None,
        bias_initializer: None,
        freeze: Vec::new(),
        dropout: None,
        norm: None,
        skip: None,
        learning_rate: None,
        groups: 1,
    };
    ops::activation::<f64>(activation).map_err(|message| usage(run, message))?;
    if let Some(place) = units.iter().position(|&units| units == 0) {
        return Err(usage(run, format!("hidden layer {} has 0 units; expected at least 1", place + 1)));
    }
    // The mean of a Poisson distribution is positive, so the output must be.
    let last = if loss.starts_with("poisson") { "softplus" } else { "linear" };
    Ok(units.iter().map(|&units| layer(units, activation)).chain([layer(outputs, last)]).collect())
}

/// What is learned of single columns: of these if that was asked for, or what the model that training goes on from has.
fn numeric(run: &RunFile, start: Option<&Model>, columns: Vec<usize>, notes: &mut Vec<String>) -> Result<Option<Numeric>, Error> {
    let network = &run.network;
    let known = start.and_then(|model| model.metadata.network.numeric.clone());
    if known.is_none() && network.numeric_embedding.unwrap_or_default() == NumericEmbedding::None {
        let asked = [("embedding_rate", network.embedding_rate), ("embedding_scale", network.embedding_scale)];
        return match asked.into_iter().find(|(_, asked)| asked.is_some()) {
            Some((key, _)) => {
                let error = usage(run, "there are no numeric embeddings that this could be of").key(format!("network.{key}"));
                Err(error.hint("numeric_embedding = \"pbld\", or leave it out"))
            }
            None => Ok(None),
        };
    }
    if run.train.optimizer() == "lbfgs" && network.embedding_rate.is_some() {
        let message = "lbfgs searches one length for the whole step, so embeddings have no learning rate of their own";
        return Err(usage(run, message).key("network.embedding_rate").hint("leave it out, or another optimizer"));
    }
    if let Some(known) = known {
        return Ok(Some(Numeric { rate: network.embedding_rate.unwrap_or(known.rate), ..known }));
    }
    if columns.is_empty() {
        notes.push("no column holds numbers, so there are no numeric embeddings".into());
        return Ok(None);
    }
    let rate = network.embedding_rate.unwrap_or(numeric_embedding::RATE);
    Ok(Some(Numeric { columns, waves: numeric_embedding::WAVES, numbers: numeric_embedding::NUMBERS, rate, frozen: false }))
}

/// Marks the embeddings that the run does not update; without a word a model's stay as they are there.
fn freeze(run: &RunFile, embedding: &mut Option<Embedding>, numeric: &mut Option<Numeric>) -> Result<(), Error> {
    let Some(frozen) = run.network.freeze else { return Ok(()) };
    let there = [embedding.is_some(), numeric.is_some()];
    for ((name, is_frozen), is_there) in frozen.list().into_iter().zip(there) {
        if is_frozen && !is_there {
            let error = usage(run, format!("there is no {name} in this network that could be frozen")).key("network.freeze");
            return Err(error.hint("leave it out"));
        }
    }
    embedding.iter_mut().for_each(|embedding| embedding.frozen = frozen.levels);
    numeric.iter_mut().for_each(|numeric| numeric.frozen = frozen.numeric);
    Ok(())
}

/// The layers, each with its dropout: hidden ones that say nothing have the network's.
fn with_dropout(run: &RunFile, mut layers: Vec<Layer>) -> Result<Vec<Layer>, Error> {
    let hidden = layers.len() - 1;
    if layers[hidden].dropout.is_some_and(|rate| rate > 0.0) {
        let error = usage(run, "the last layer is the prediction, of which nothing is struck out");
        return Err(error.key(format!("network.layer[{}].dropout", hidden + 1)).hint("dropout in the layer before"));
    }
    layers[..hidden].iter_mut().for_each(|layer| layer.dropout = layer.dropout.or(run.network.dropout));
    Ok(layers)
}

fn check_layers(run: &RunFile, layers: &[Layer], inputs: usize, outputs: usize, embedding: Option<&Embedding>) -> Result<(), Error> {
    let last = layers.len();
    let key = |l: usize, name: &str| format!("network.layer[{l}].{name}");
    if layers[last - 1].units != outputs {
        let message = format!("the last layer has {} units, but the target needs {outputs}", layers[last - 1].units);
        return Err(usage(run, message).key(key(last, "units")));
    }
    let mut width = inputs;
    let mut total = embedding.map_or(0, Embedding::size);
    for (l, layer) in layers.iter().enumerate() {
        let l = l + 1;
        if !(Blocks { groups: layer.groups, inputs: width, units: layer.units }).fit() {
            let message = format!("expected groups that divide {width} inputs and {} units, came {}", layer.units, layer.groups);
            return Err(usage(run, message).key(key(l, "groups")).hint("layers whose units are multiples of the groups"));
        }
        width /= layer.groups;
        let rows = layer.weight.iter().flatten();
        if let Some(row) = rows.into_iter().find(|row| row.len() != width) {
            let message = format!("expected {} × {width} (units × inputs), came a row of {}", layer.units, row.len());
            return Err(usage(run, message).key(key(l, "weight")));
        }
        let norm = layer.norm.flatten().map_or(0, |norm| norm.parameters().len());
        total = total.saturating_add(layer.units.saturating_mul(width.saturating_add(1 + norm)));
        for freeze in &layer.freeze {
            let outside = match *freeze {
                Freeze::WeightElement(unit, input) => unit >= layer.units || input >= width,
                Freeze::BiasElement(unit) => unit >= layer.units || layer.bias == Bias::None,
                Freeze::Bias => layer.bias == Bias::None,
                Freeze::Gain | Freeze::Shift => layer.norm.flatten().is_none(),
                Freeze::Weight => false,
            };
            if outside {
                return Err(usage(run, format!("there is no {freeze} in this layer of {} × {width}", layer.units)).key(key(l, "freeze")));
            }
        }
        width = layer.units;
    }
    if total > 1 << 31 {
        return Err(usage(run, format!("{total} parameters are more than {}", 1u64 << 31)));
    }
    // Initial parameters, those now and before, gradients, an optimizer's memory: about ten numbers for each.
    match Vec::<u8>::new().try_reserve_exact(total * 80) {
        Ok(()) => Ok(()),
        Err(_) => Err(Error::new(Kind::Failed, format!("there is not enough memory to train {total} parameters")).hint("fewer units")),
    }
}

/// Initial parameters in graph order, and the places that are frozen. `inputs`: how many numbers go into the first layer
pub(super) fn parameters(
    run: &RunFile,
    layers: &[Layer],
    inputs: usize,
    embedding: Option<&Embedding>,
    numeric: Option<&Numeric>,
) -> Result<(Vec<f64>, Vec<Range<usize>>), Error> {
    let network = &run.network;
    let mut draws = match network.rng {
        Rng::Own => Draws::own(run.train.seed),
        Rng::Numpy => {
            Draws::numpy(u32::try_from(run.train.seed).map_err(|_| usage(run, "NumPy's seed is at most 4294967295").key("train.seed"))?)
        }
    };
    let parse = |text: &str| Initializer::parse(text).map_err(|message| usage(run, message));
    let mut initial = embedding.map_or(Vec::new(), |embedding| embedding::initial(embedding, &mut draws));
    if let Some(numeric) = numeric {
        let scale = network.embedding_scale.unwrap_or(numeric_embedding::SCALE);
        initial.extend(numeric_embedding::initial(numeric, scale, &mut draws));
    }
    let levels = embedding.map_or(0, Embedding::size);
    let mut frozen = Vec::new();
    frozen.extend(embedding.filter(|embedding| embedding.frozen).map(|_| 0..levels));
    frozen.extend(numeric.filter(|numeric| numeric.frozen).map(|_| levels..initial.len()));
    let mut width = inputs;
    for layer in layers {
        let of_weight = layer.initializer.as_deref().or(network.initializer.as_deref());
        let weight_initializer = parse(of_weight.unwrap_or(formulas::usual_initializer(&layer.activation)))?;
        let start = initial.len();
        width /= layer.groups;
        let units = layer.units / layer.groups;
        match &layer.weight {
            Some(rows) => initial.extend(rows.iter().flatten()),
            None => (0..layer.groups).for_each(|_| match network.orientation {
                Orientation::UnitsByInputs => initial.extend(weight_initializer.draw(&mut draws, units, width)),
                Orientation::InputsByUnits => {
                    let drawn = weight_initializer.draw(&mut draws, width, units);
                    initial.extend((0..units * width).map(|i| drawn[i % width * units + i / width]));
                }
            }),
        }
        let bias_start = initial.len();
        // The notebooks draw biases as they draw weights; elsewhere they start at 0.
        let usual = match (network.rng, weight_initializer) {
            (Rng::Own, _) | (_, Initializer::UnitVariance(_)) => Initializer::Zeros,
            (Rng::Numpy, _) => weight_initializer,
        };
        let of_bias = layer.bias_initializer.as_deref().or(network.bias_initializer.as_deref());
        match &layer.bias {
            Bias::None => {}
            Bias::Values(values) => initial.extend(values),
            Bias::Drawn => initial.extend(of_bias.map_or(Ok(usual), parse)?.draw(&mut draws, 1, layer.units)),
        }
        let norm_start = initial.len();
        for parameter in layer.norm.flatten().map_or(&[][..], Norm::parameters) {
            initial.resize(initial.len() + layer.units, Norm::initial(parameter));
        }
        frozen.extend(layer.freeze.iter().map(|freeze| match *freeze {
            Freeze::Weight => start..bias_start,
            Freeze::Bias => bias_start..norm_start,
            Freeze::Gain => norm_start..norm_start + layer.units,
            Freeze::Shift => norm_start + layer.units..norm_start + 2 * layer.units,
            Freeze::WeightElement(unit, input) => start + unit * width + input..start + unit * width + input + 1,
            Freeze::BiasElement(unit) => bias_start + unit..bias_start + unit + 1,
        }));
        width = layer.units;
    }
    finite(run, &initial)?;
    Ok((initial, frozen))
}

/// Refuses parameters that are not finite in the run's precision.
pub(super) fn finite(run: &RunFile, initial: &[f64]) -> Result<(), Error> {
    let precision = run.network.precision;
    let finite = |x: f64| if precision == Precision::F32 { (x as f32).is_finite() } else { x.is_finite() };
    match initial.iter().find(|&&x| !finite(x)) {
        Some(x) => Err(usage(run, format!("an initial parameter of {x:e} is not finite in {}", precision.name())).key("initializer")),
        None => Ok(()),
    }
}

/// What looks like a slip but can be computed.
pub(super) fn remarks(layers: &[Layer], loss: &str) -> Vec<String> {
    let last = layers.last().map_or("", |layer| layer.activation.as_str());
    match (loss, last) {
        ("binary_cross_entropy" | "cross_entropy", last) if last != "linear" => {
            vec![format!(
                "{loss} takes logits and has its own sigmoid or softmax inside, but the last layer ends in {last}; usual is linear"
            )]
        }
        ("poisson", "linear") => vec!["poisson needs a positive prediction, but the last layer is linear; usual is softplus".into()],
        _ => Vec::new(),
    }
}
