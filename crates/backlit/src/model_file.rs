//! A trained network and all that is needed to use it, in one file.
//!
//! The file is safetensors, so that other programs can read the weights. What Backlit needs besides stands in its
//! `__metadata__` as two strings: `backlit`, the JSON of [`Metadata`], and `sha256`, a hash over that JSON and all tensors.

mod bytes;
mod check;

pub use bytes::{from_bytes, to_bytes};

use crate::conformal::Residuals;
use crate::course::{self, Course};
use crate::embedding::Embedding;
use crate::encoder::{Encoder, class_names, label_names};
use crate::error::{Error, Kind};
use crate::files::shell_word;
use crate::layers::Norm;
use crate::metrics::HALF;
use crate::numeric_embedding::Numeric;
use crate::recipe::Recipe;
use crate::scaler::Scaler;
use crate::terms::{Terms, is_false, is_zero};
use backlit_engine::Network;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The version of the file format that this Backlit writes, and the only one it reads.
pub const FORMAT: u64 = 1;

/// The model's name in a run directory.
pub const MODEL: &str = "model.safetensors";

/// The file that is meant: in a run directory its model, else what was named.
pub fn file_of(path: &Path) -> PathBuf {
    let inside = path.join(MODEL);
    if inside.is_file() { inside } else { path.to_path_buf() }
}

/// A trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What the parameters mean.
    pub metadata: Metadata,
    /// The parameters, flat, in graph order: tables of embeddings, numeric embeddings, then layer after layer, weight (units × inputs)
    /// before bias (units) before those of a norm.
    pub parameters: Parameters,
}

/// Parameters in the precision they were trained in.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameters {
    /// Four bytes each.
    F32(Vec<f32>),
    /// Eight bytes each.
    F64(Vec<f64>),
}

/// Four or eight bytes a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// IEEE 754 binary32.
    #[default]
    F32,
    /// IEEE 754 binary64.
    F64,
}

/// What the outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Numbers in the units of the target columns.
    Regression,
    /// One probability for each class; the target column holds the class.
    Classes,
    /// The probability of the second of two classes; the target column holds the class.
    TwoClasses,
    /// For each target column the probability of the second of its two values.
    Labels,
    /// Numbers as they are, as in worked examples.
    Values,
}

/// All that is known about a model besides its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// [`FORMAT`]
    pub format: u64,
    /// The version of the Backlit that wrote it.
    pub version: String,
    /// What a person calls it.
    pub name: String,
    /// Whether it was trained on the bundled set of that name.
    pub bundled: bool,
    /// Of the parameters, and of the arithmetic.
    pub precision: Precision,
    /// The columns that go in, in order.
    pub inputs: Vec<String>,
    /// The columns that come out, in order.
    pub targets: Vec<String>,
    /// What the outputs are.
    pub task: Task,
    /// The values of the target column: one for each output of classes, both of two classes, both of each label, else none.
    pub classes: Vec<f64>,
    /// How the table's own columns become those that go in and come out; none: they are numbers and stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<Encoder>,
    /// Whether the table had no names for its columns, which are then found by their places.
    #[serde(default, skip_serializing_if = "is_false")]
    pub headless: bool,
    /// The layers.
    pub network: Shape,
    /// How input columns are standardized; none: they go in as they are.
    pub input_scaler: Option<Scaler>,
    /// How target columns were standardized; none: outputs are in the user's units.
    pub target_scaler: Option<Scaler>,
    /// Of two classes with one output, and of labels: the probability above which the second is predicted.
    #[serde(default = "half", skip_serializing_if = "is_half")]
    pub threshold: f64,
    /// A measure of its own, a formula in a and y, where one was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// The errors on the rows kept aside, or of a cross-validation those out of folds, where numbers are predicted and there were such
    /// rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residuals: Option<Residuals>,
    /// Of the run that made it.
    pub seed: u64,
    /// How it was trained.
    pub training: Training,
}

/// A network as it stands in the file; see [`Network`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// How many columns go in.
    pub inputs: usize,
    /// From the first hidden layer to the output.
    pub layers: Vec<LayerShape>,
    /// The loss by name, or as a formula in a and y.
    pub loss: String,
    /// What changes the cost besides.
    #[serde(default, skip_serializing_if = "Terms::is_empty")]
    pub terms: Terms,
    /// What becomes of the last columns, if they are codes of levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
    /// What is learned of single numeric columns, beside all that goes into the first layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric: Option<Numeric>,
}

/// One layer as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerShape {
    /// How many units.
    pub units: usize,
    /// The activation by name, or as a formula in z.
    pub activation: String,
    /// Whether there is a bias.
    pub bias: bool,
    /// What was not updated: `weight`, `bias`, `weight[0,1]`, `bias[1]`.
    pub freeze: Vec<String>,
    /// The share of activations struck out in training.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropout: f64,
    /// How the weighted sums are normalized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// The layer, counted from 1, whose output is added to the activation; 0 is the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<usize>,
    /// η of this layer; none: that of the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// How many groups the inputs and the units are cut into, each unit with weights from its own group alone.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
}

/// How a model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// By name.
    pub optimizer: String,
    /// Its options, those left at their defaults too.
    pub options: BTreeMap<String, f64>,
    /// η
    pub learning_rate: f64,
    /// Passes over the rows.
    pub epochs: u64,
    /// How many there were to be, where a schedule goes by that and it is another number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<u64>,
    /// Rows in a batch; none: all.
    pub batch: Option<usize>,
    /// Whether each epoch put the rows into a new order.
    pub shuffle: bool,
    /// Rows trained on.
    pub rows: usize,
    /// Rows kept aside.
    pub validation_rows: usize,
    /// The name of the file that they come from, where they are none of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// How the rate changed, and the like.
    #[serde(default, skip_serializing_if = "Course::is_plain")]
    pub course: Course,
    /// What filled in the choices that were left open.
    #[serde(default = "plain", skip_serializing_if = "is_plain")]
    pub recipe: Recipe,
    /// How many networks stand side by side in this one, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ensemble: Option<usize>,
    /// The temperature by which the last layer's parameters were divided after training, where probabilities were calibrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The epoch whose parameters these are, counted from 1, where they are not those of the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<u64>,
    /// How rows were kept aside, where neither by chance nor by class: `time` or `grouped`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The SHA-256 of the parameters it began with, where they were those of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Training {
    /// Why errors on the rows kept aside may be smaller than on new ones, if they may.
    pub fn flatters(&self) -> Option<String> {
        let goes_on = || self.from.as_ref().map(|_| "the model that training went on from may have been trained on these rows".into());
        course::decided(&self.course.decides(self.epochs)).or_else(goes_on)
    }
}

impl Metadata {
    /// How a table's own columns become those that go in and, with `targets`, come out; the column of weights too, if the table `has`
    /// it.
    pub fn encoder(&self, targets: bool, has: impl Fn(&str) -> bool) -> Encoder {
        let weights = self.network.terms.weights.iter().filter_map(|weights| weights.column.clone());
        let weights: Vec<String> = weights.filter(|column| targets && has(column)).collect();
        let outputs = if targets { &self.targets[..] } else { &[] };
        match &self.encoder {
            Some(encoder) => encoder.only(|column| {
                let goes_in = || column.kind.names(&column.name).iter().all(|name| self.inputs.contains(name));
                if self.targets.contains(&column.name) { targets } else { weights.contains(&column.name) || goes_in() }
            }),
            None => Encoder::plain(&[&self.inputs[..], outputs, &weights].concat()),
        }
    }

    /// What the classes are called; of labels two names for each target.
    pub fn class_names(&self) -> Vec<String> {
        match self.task {
            Task::Labels => label_names(self.encoder.as_ref(), &self.targets, &self.classes),
            _ => class_names(self.encoder.as_ref(), &self.classes),
        }
    }
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

fn half() -> f64 {
    HALF
}

fn plain() -> Recipe {
    Recipe::Plain
}

fn is_plain(recipe: &Recipe) -> bool {
    *recipe == Recipe::Plain
}

fn is_half(threshold: &f64) -> bool {
    *threshold == HALF
}

impl Shape {
    /// The engine's network of this shape.
    pub fn network(&self) -> Network {
        let layers = self.layers.iter().map(|layer| backlit_engine::network::Layer {
            units: layer.units,
            activation: layer.activation.clone(),
            bias: layer.bias,
            dropout: layer.dropout,
            norm: layer.norm.map(Norm::engine),
            skip: layer.skip,
            groups: layer.groups,
        });
        let embedding = self.embedding.as_ref().map(Embedding::engine);
        Network {
            inputs: self.inputs,
            layers: layers.collect(),
            loss: self.loss.clone(),
            terms: self.terms.network(),
            embedding,
            numeric: self.numeric.as_ref().map(Numeric::engine),
        }
    }

    /// How many numbers go into the first layer.
    pub fn width(&self) -> usize {
        let numeric = self.numeric.as_ref().map_or(0, Numeric::width);
        self.embedding.as_ref().map_or(self.inputs, |embedding| embedding.engine().width(self.inputs)).saturating_add(numeric)
    }

    /// The parameters in graph order, each with its name and its shape: levels × numbers, units × inputs (of one group), or units.
    /// None where their count is beyond any memory.
    pub fn parameters(&self) -> Option<Vec<(String, Vec<usize>)>> {
        let (mut inputs, mut total, mut parameters) = (self.width(), 0usize, Vec::new());
        if let Some(Embedding { levels, numbers, .. }) = &self.embedding {
            for (t, &levels) in levels.iter().enumerate() {
                total = total.checked_add(levels.checked_mul(*numbers)?)?;
                parameters.push((format!("embed{}.weight", t + 1), vec![levels, *numbers]));
            }
        }
        if let Some(numeric) = &self.numeric {
            total = total.checked_add(numeric.size())?;
            parameters.extend(numeric.parameters());
        }
        for (l, layer) in self.layers.iter().enumerate() {
            let width = inputs.checked_div(layer.groups)?;
            total = total.checked_add(layer.units.checked_mul(width.checked_add(1)?)?)?;
            parameters.push((format!("layer{}.weight", l + 1), vec![layer.units, width]));
            if layer.bias {
                parameters.push((format!("layer{}.bias", l + 1), vec![layer.units]));
            }
            for name in layer.norm.map_or(&[][..], Norm::parameters) {
                total = total.checked_add(layer.units)?;
                parameters.push((format!("layer{}.{name}", l + 1), vec![layer.units]));
            }
            inputs = layer.units;
        }
        (total <= isize::MAX as usize / 8).then_some(parameters)
    }
}

impl Parameters {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Parameters::F32(values) => values.len(),
            Parameters::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their precision.
    pub fn precision(&self) -> Precision {
        match self {
            Parameters::F32(_) => Precision::F32,
            Parameters::F64(_) => Precision::F64,
        }
    }

    /// Their bytes: little-endian, in graph order.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Parameters::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Parameters::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    /// From the bytes of whole numbers of `precision`.
    fn from_bytes(bytes: &[u8], precision: Precision) -> Parameters {
        match precision {
            Precision::F32 => Parameters::F32(bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect()),
            Precision::F64 => Parameters::F64(bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight)).collect()),
        }
    }

    /// The first that is not finite, and where it stands.
    fn first_not_finite(&self) -> Option<(usize, f64)> {
        match self {
            Parameters::F32(values) => values.iter().position(|value| !value.is_finite()).map(|place| (place, f64::from(values[place]))),
            Parameters::F64(values) => values.iter().position(|value| !value.is_finite()).map(|place| (place, values[place])),
        }
    }
}

impl Precision {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Precision::F32 => 4,
            Precision::F64 => 8,
        }
    }

    /// `f32` or `f64`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }
}

/// SHA-256 of the parameters' little-endian bytes in graph order, in hexadecimal.
pub fn weights_sha256(parameters: &Parameters) -> String {
    crate::tensors::hexadecimal(&parameters.to_bytes())
}

/// Writes a model. Whatever happens, `path` holds afterwards either what it held before or the whole new model:
/// the bytes go to a new file in the same directory, which then takes the name.
///
/// Errors are [`Kind::Failed`]: a full disk, a directory that is not there or may not be written, or a
/// model that [`load`] would refuse.
pub fn save(path: &Path, model: &Model) -> Result<(), Error> {
    let failed = |message: String| Error::new(Kind::Failed, message).file(path.display());
    let bytes = to_bytes(model).map_err(|message| failed(format!("this model cannot be saved: {message}")))?;
    crate::files::write(path, &bytes)
}

/// Reads a model. Every error is [`Kind::Model`] and names the file; a file that was cut, changed in any bit or
/// lengthened is refused, as is one whose tensors do not fit its network.
///
/// Never takes much more memory than the file has bytes.
pub fn load(path: &Path) -> Result<Model, Error> {
    let path = &file_of(path);
    let refused = |message: String| Error::new(Kind::Model, message).file(path.display());
    let unreadable = |error: std::io::Error| refused(format!("cannot be read: {error}"));
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if about.is_dir() && path.join("run.json").is_file() {
        let error = refused("this run has no model yet: it was interrupted, or is not at its end".into());
        return Err(error.hint(format!("backlit train --resume {}", shell_word(&path.display().to_string()))));
    }
    if about.is_dir() {
        return Err(refused("expected a model file, came a directory".into()).hint("a run directory holds its model as a file"));
    }
    if !about.is_file() {
        return Err(refused("expected a model file, came a device or a pipe".into()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(about.len() + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 != about.len() {
        return Err(refused(format!("the file changed while it was read: {} bytes before, {} read", about.len(), bytes.len())));
    }
    from_bytes(&bytes).map_err(|message| refused(message).hint("train or copy the model again"))
}
