//! Run files: what to train, how, and on which data, in TOML.
//!
//! What a run file leaves out and what depends on the data is `None` here; whoever runs it decides.

mod data;
mod layers;
mod network;
mod train;
mod values;
mod write;

pub use crate::checkpoint::Every;
pub use crate::course::{Course, Judge, Keep};
pub use crate::embedding::Embed;
pub use crate::metrics::Threshold;
pub use crate::model_file::{Precision, Task};
pub use crate::numeric_embedding::NumericEmbedding;
pub use crate::recipe::Recipe;
pub use crate::splits::Split;
pub use crate::terms::{ClassWeight, Terms};
pub use data::decimal_comma;

use crate::embedding::Frozen;
use crate::error::{Error, Kind};
use crate::layers::{Norm, Skip};
use crate::recipe::plain;
use crate::scaler::Scaling;
use std::fmt;
use std::path::{Path, PathBuf};
use values::{File, Table};

/// A run file, read and checked as far as it can be without its data.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
    /// The file's name, for errors.
    pub file: String,
    /// `[data]`
    pub data: Data,
    /// `[network]`
    pub network: Network,
    /// `[train]`
    pub train: Train,
}

impl RunFile {
    /// Keeps a share of the rows aside, as somebody asks. A share is for one network, unless more are asked for too.
    pub fn keep_aside(&mut self, share: f64) {
        (self.data.validation, self.data.is_share_said, self.data.validation_file) = (share, true, None);
        self.train.ensemble.get_or_insert(1);
    }

    /// Keeps the rows of a file aside, for one network, and no share of the table.
    pub fn keep_aside_file(&mut self, file: PathBuf) {
        (self.data.is_share_said, self.data.validation_file) = (true, Some(file));
        self.train.ensemble.get_or_insert(1);
    }
}

/// Section `[data]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Where the rows are.
    pub source: Source,
    /// The target columns by name; empty: none are named. For worked examples these are only names.
    pub target: Vec<String>,
    /// Columns taken as categories though they hold numbers.
    pub categories: Vec<String>,
    /// Columns that are not used.
    pub ignore: Vec<String>,
    /// What becomes of categories with many levels. Without a word: by their number.
    pub embed: Embed,
    /// Whether the decimals of numbers that may be read in two ways stand behind a comma; none: judged by what stands between cells.
    pub decimal_comma: Option<bool>,
    /// Whether the first line names the columns; none: judged by what stands in it.
    pub header: Option<bool>,
    /// Whether columns are brought to mean 0 and standard deviation 1. Without a word: true, and false for worked examples.
    pub standardize: bool,
    /// By what; none: the recipe's. There is none where columns are not standardized.
    pub scaling: Option<Scaling>,
    /// The share of the rows kept aside, 0 ≤ v < 1. Without a word: 0.2, and 0 for worked examples.
    pub validation: f64,
    /// Whether this share, or the file below, was asked for.
    pub is_share_said: bool,
    /// The file whose rows are kept aside; then none of the table is.
    pub validation_file: Option<PathBuf>,
    /// How they are chosen. Without a word: by chance.
    pub split: Split,
    /// The column of the rows' weights, which is no input; none: all count alike.
    pub weights: Option<String>,
    /// What each class weighs besides; none: all the same.
    pub class_weight: Option<ClassWeight>,
}

impl Data {
    /// Whether a column is no input and yet decides the split.
    pub fn is_aside(&self, column: &str) -> bool {
        self.split.column() == Some(column) && self.ignore.iter().any(|name| name == column)
    }
}

/// Where the rows of a run come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A file; a relative path in the run file starts at the run file's folder.
    Path(PathBuf),
    /// A table that comes with Backlit.
    Bundled(String),
    /// Rows written into the run file, at least one, all finite.
    Inline {
        /// rows × inputs
        inputs: Vec<Vec<f64>>,
        /// rows × outputs
        targets: Vec<Vec<f64>>,
    },
}

/// Section `[network]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Of the arithmetic. Without a word: f32.
    pub precision: Precision,
    /// The loss by name; none: the task's.
    pub loss: Option<String>,
    /// What the outputs are; none: judged by the data.
    pub task: Option<Task>,
    /// Where initial parameters are drawn from.
    pub rng: Rng,
    /// For weights of layers that say nothing; none: chosen by the activation.
    pub initializer: Option<String>,
    /// For biases of layers that say nothing; none: zeros.
    pub bias_initializer: Option<String>,
    /// In which order a weight is drawn from NumPy's stream.
    pub orientation: Orientation,
    /// Penalties and smoothing. The weights of rows stand in [`Data`].
    pub terms: Terms,
    /// The share of activations struck out in training, in hidden layers that say nothing.
    pub dropout: Option<f64>,
    /// Of hidden layers that say nothing.
    pub norm: Option<Norm>,
    /// Whether hidden layers that say nothing add what goes in to what comes out, where the widths are equal.
    pub skip: bool,
    /// What becomes of numeric columns; none: they go in as they are.
    pub numeric_embedding: Option<NumericEmbedding>,
    /// By what the learning rate of numeric embeddings is multiplied; none: [`crate::numeric_embedding::RATE`].
    pub embedding_rate: Option<f64>,
    /// The deviation of their initial frequencies; none: [`crate::numeric_embedding::SCALE`].
    pub embedding_scale: Option<f64>,
    /// Which embeddings are not updated; none: as the model has it that training goes on from, else no one.
    pub freeze: Option<Frozen>,
    /// From the first hidden layer to the output; empty: chosen by the data.
    pub layers: Vec<Layer>,
}

/// Where initial parameters are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rng {
    /// Backlit's own stream.
    #[default]
    Own,
    /// NumPy's legacy stream, `np.random.seed`. The seed is at most 2³² − 1.
    Numpy,
}

/// In which order the numbers of a weight are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Unit after unit: a notebook's `randn(units, inputs)`.
    #[default]
    UnitsByInputs,
    /// Input after input: a notebook's `randn(inputs, units)`.
    InputsByUnits,
}

/// One `[[network.layer]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// How many units, at least 1.
    pub units: usize,
    /// The activation by name, or as a formula in z. Without a word: linear.
    pub activation: String,
    /// The initial weight: units × inputs, of groups units × the inputs of one, finite in the run's precision; none: drawn. Whether the first layer's
    /// rows are as long as the data are wide is only known where the data stand in the run file.
    pub weight: Option<Vec<Vec<f64>>>,
    /// The initial bias.
    pub bias: Bias,
    /// For this layer's weight; none: as [`Network::initializer`] says.
    pub initializer: Option<String>,
    /// For this layer's bias; none: as [`Network::bias_initializer`] says.
    pub bias_initializer: Option<String>,
    /// What is not updated.
    pub freeze: Vec<Freeze>,
    /// The share of activations struck out in training; none: as [`Network::dropout`] says, and nothing in the last layer.
    pub dropout: Option<f64>,
    /// How the weighted sums are normalized, if at all; none: as [`Network::norm`] says, and not in the last layer.
    pub norm: Option<Option<Norm>>,
    /// What is added to the activation; none: as [`Network::skip`] says, and nothing in the last layer.
    pub skip: Option<Skip>,
    /// η of this layer; none: [`Train::learning_rate`].
    pub learning_rate: Option<f64>,
    /// How many groups the inputs and the units are cut into, each unit with weights from its own group alone; 1: from all inputs.
    pub groups: usize,
}

/// A layer's initial bias.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Bias {
    /// Drawn.
    #[default]
    Drawn,
    /// The layer has none.
    None,
    /// One number for each unit, finite in the run's precision.
    Values(Vec<f64>),
}

/// A part of a layer that is not updated. Written as in a run file: `weight`, `bias[1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// All weights.
    Weight,
    /// All biases.
    Bias,
    /// The gain of a norm.
    Gain,
    /// The shift of a norm.
    Shift,
    /// The weight of one unit for one input, counted from 0.
    WeightElement(usize, usize),
    /// The bias of one unit, counted from 0.
    BiasElement(usize),
}

/// Section `[train]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Train {
    /// What fills in the choices that are left open; none: [`Recipe::default`].
    pub recipe: Option<Recipe>,
    /// By name; none: the recipe's, or adam.
    pub optimizer: Option<String>,
    /// The optimizer's options that are given; a boolean is 1 or 0.
    pub options: Vec<(String, f64)>,
    /// η, finite and above 0; none: the optimizer's own.
    pub learning_rate: Option<f64>,
    /// Passes over the rows; none: chosen by the data.
    pub epochs: Option<u64>,
    /// Rows of one step; none: chosen by the data.
    pub batch: Option<Batch>,
    /// Whether each epoch puts the rows into a new order; none: chosen by the batch.
    pub shuffle: Option<bool>,
    /// Decides every draw. Without a word: 0.
    pub seed: u64,
    /// Most threads to use, at least 1; none: all there are.
    pub threads: Option<usize>,
    /// What leads the training besides.
    pub course: Course,
    /// A model whose parameters it begins with; a relative path in the run file starts at the run file's folder.
    pub from: Option<PathBuf>,
    /// Above which probability the second of two classes is predicted. Without a word: 0.5.
    pub threshold: Threshold,
    /// Networks that are trained and averaged, each with another fold kept aside; none: as the recipe says, else one.
    pub ensemble: Option<usize>,
    /// Whether probabilities are calibrated on the rows kept aside; none: as the recipe says, else not.
    pub calibrate: Option<bool>,
    /// A measure typed as a formula; see [`Own`](crate::metrics::Own).
    pub metric: Option<String>,
    /// Folds of a cross-validation before the training, which then is on all rows, whatever [`Data::validation`] says; none: no
    /// cross-validation.
    pub folds: Option<usize>,
    /// Bytes that the table may take in memory; a larger one goes to a temporary file. None: [`crate::data::MEMORY`].
    pub memory: Option<u64>,
    /// How often a checkpoint is written; none: only when the training is interrupted.
    pub checkpoint_every: Option<Every>,
    /// Whether event files are written, which TensorBoard reads.
    pub tensorboard: bool,
    /// Whether the plots are PNG pictures too.
    pub png: bool,
}

impl Train {
    /// The optimizer's name.
    pub fn optimizer(&self) -> &str {
        self.optimizer.as_deref().unwrap_or(plain::OPTIMIZER)
    }
}

/// Rows of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batch {
    /// All of them.
    Full,
    /// So many, at least 1.
    Rows(usize),
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Freeze::Weight => write!(f, "weight"),
            Freeze::Bias => write!(f, "bias"),
            Freeze::Gain => write!(f, "gain"),
            Freeze::Shift => write!(f, "shift"),
            Freeze::WeightElement(unit, input) => write!(f, "weight[{unit},{input}]"),
            Freeze::BiasElement(unit) => write!(f, "bias[{unit}]"),
        }
    }
}

impl std::str::FromStr for Freeze {
    type Err = String;

    /// Reads `weight`, `bias`, `weight[0,1]`, `bias[1]`, `gain`, `shift`. `Err` says what to type.
    fn from_str(text: &str) -> Result<Freeze, String> {
        let wrong = || {
            format!("expected weight, bias, weight[unit,input] or bias[unit] counted from 0, gain or shift, came '{}'", text.escape_debug())
        };
        let (name, places) = match text.split_once('[') {
            Some((name, rest)) => {
                let inside = rest.strip_suffix(']').ok_or_else(wrong)?;
                let places: Result<Vec<usize>, _> = inside.split(',').map(|place| place.trim().parse()).collect();
                (name, places.map_err(|_| wrong())?)
            }
            None => (text, Vec::new()),
        };
        match (name.trim(), places.as_slice()) {
            ("weight", []) => Ok(Freeze::Weight),
            ("bias", []) => Ok(Freeze::Bias),
            ("gain", []) => Ok(Freeze::Gain),
            ("shift", []) => Ok(Freeze::Shift),
            ("weight", &[unit, input]) => Ok(Freeze::WeightElement(unit, input)),
            ("bias", &[unit]) => Ok(Freeze::BiasElement(unit)),
            _ => Err(wrong()),
        }
    }
}

/// Reads a run file. A file that cannot be read or makes no sense is a [`Kind::Usage`] error that names the file and, where there
/// is one, the key (`network.layer[1].weight`, layers counted from 1) and the line.
pub fn read(path: &Path) -> Result<RunFile, Error> {
    let name = path.display().to_string();
    let refused = |message: String| Error::new(Kind::Usage, message).file(&name);
    let bytes = std::fs::read(path).map_err(|error| refused(format!("the run file cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        refused(format!("line {line}: expected UTF-8, came byte 0x{:02X}", error.as_bytes()[at]))
    })?;
    parse_in(&text, &name, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a run file called `file_name`. Errors as in [`read`].
pub fn parse(text: &str, file_name: &str) -> Result<RunFile, Error> {
    parse_in(text, file_name, Path::new(file_name).parent().unwrap_or(Path::new("")))
}

fn parse_in(text: &str, name: &str, folder: &Path) -> Result<RunFile, Error> {
    let file = File { text, name };
    let parsed = toml::de::DeTable::parse(text).map_err(|error| file.syntax(&error))?;
    let top = Table::top(file, &parsed);
    top.only(&["data", "network", "train"])?;
    let Some(section) = top.table("data")? else {
        return Err(file.error("the section [data] is missing").key("data").hint("add [data] with path, bundled, or inputs and targets"));
    };
    let data = data::read(&section, folder)?;
    let network = match top.table("network")? {
        Some(section) => network::read(&section, &data)?,
        None => Network::default(),
    };
    let train = train::read(top.table("train")?.as_ref(), &network, folder)?;
    let mut run = RunFile { file: name.to_string(), data, network, train };
    match run.data.validation_file.clone() {
        Some(file) => run.keep_aside_file(file),
        None if run.data.is_share_said => run.keep_aside(run.data.validation),
        None => {}
    }
    Ok(run)
}
