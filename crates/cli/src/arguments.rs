//! What can be typed. Help, completions and the man page come from these definitions.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Trains feed-forward networks fast, and lets people see through them.
#[derive(Parser)]
#[command(name = "backlit", version, propagate_version = true, max_term_width = 110)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of every command.
#[derive(Args, Clone)]
pub struct Common {
    /// One JSON document on stdout; everything else on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Most threads to use; results have the same bits for any number [default: all cores]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Decides split, initial parameters and order of rows [default: 0]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Numbers of 4 or 8 bytes [default: f32]
    #[arg(long, global = true, value_name = "f32|f64")]
    pub precision: Option<Precision>,
    /// A table's first line names its columns [default: judged by what stands in it]
    #[arg(long, global = true)]
    pub header: bool,
    /// A table's first line is a row like the others; the columns are called c0, c1 and so on
    #[arg(long, global = true, conflicts_with = "header")]
    pub no_header: bool,
    /// When to use colour (NO_COLOR is honoured)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

impl Common {
    /// Whether a table's first line names its columns, if that is said.
    pub fn first_line(&self) -> Option<bool> {
        self.header.then_some(true).or(self.no_header.then_some(false))
    }
}

/// Numbers of 4 or 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 4 bytes
    F32,
    /// 8 bytes
    F64,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Train a network on a table; prints before and after, saves the model
    Train(Box<Train>),
    /// Predict rows of a table with a saved model
    Predict(Predict),
    /// Look at a table: what its columns hold, and what may go wrong with them
    Inspect(Inspect),
    /// Cost and metrics of a saved model on a table
    Evaluate(Evaluate),
    /// Open a gradient into the chain of partial derivatives that made it
    Explain(Explain),
    /// Print an exercise sheet with its key, of a given network or of a random one with friendly numbers
    Worksheet(Worksheet),
    /// Judge a derivation made by hand: what is right, what is wrong, and which slip made it so
    Audit(Audit),
    /// Compare every parameter's gradient with an independent derivative
    Check(Check),
    /// Replay the four notebooks through the engine
    Replay(Replay),
    /// The table of operations; one operation's formula, partials, kinks and values
    Operations(Operations),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the man page
    Man,
}

/// `backlit train`
#[derive(Args)]
pub struct Train {
    /// A table: CSV, Parquet, .npy or .npz, or a bundled set: houses, digits
    #[arg(required_unless_present_any = ["config", "resume"], conflicts_with = "config")]
    pub data: Option<String>,
    /// A run file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on with an interrupted run, alone: it ends as the unbroken one would have, to the bit
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "config", "out", "find_rate", "seed", "precision"])]
    pub resume: Option<PathBuf>,
    /// The run directory [default: runs/NAME-DATE]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The choices.
    #[command(flatten)]
    pub choices: Choices,
    /// Train nothing: try growing rates in a short training, print rate and smoothed cost, suggest one, save nothing
    #[arg(long, conflicts_with_all = ["out", "print_hash", "parameters", "checkpoint_every", "tensorboard", "png"])]
    pub find_rate: bool,
    /// Print the SHA-256 of the trained parameters (little-endian bytes, in graph order)
    #[arg(long)]
    pub print_hash: bool,
    /// With --json: the trained parameters too
    #[arg(long)]
    pub parameters: bool,
    /// Print the lines of metrics.jsonl to stderr as they come, in place of the progress bar
    #[arg(long, conflicts_with = "find_rate")]
    pub events: bool,
}

/// What a table's columns are.
#[derive(Args, Default, PartialEq)]
pub struct Columns {
    /// Column to predict; several: repeat, or separate by commas (a name that holds one: in quotes, as in a CSV)
    #[arg(long, value_name = "COLUMN")]
    pub target: Vec<String>,
    /// Columns taken as categories though they hold numbers
    #[arg(long, value_name = "COLUMN")]
    pub categories: Vec<String>,
    /// Columns that are not used
    #[arg(long, value_name = "COLUMN")]
    pub ignore: Vec<String>,
    /// Categories of more than 8 levels: auto (8 learned numbers a level), none (a column of 0 and 1 a level), or how many numbers [default: auto]
    #[arg(long, value_name = "auto|none|N")]
    pub embed: Option<String>,
    /// Where numbers may be read in two ways (1,234): whether their decimals stand behind a point or a comma [default: comma where no comma stands between cells]
    #[arg(long, value_name = "point|comma")]
    pub decimal: Option<String>,
}

/// Flags that say what a run file could say too; a flag wins over the file.
#[derive(Args, Default, PartialEq)]
pub struct Choices {
    /// What the columns are.
    #[command(flatten)]
    pub columns: Columns,
    /// What the target is [default: told from the target]
    #[arg(long, value_name = "regression|classes|labels")]
    pub task: Option<String>,
    /// Units of the hidden layers; "" for none [default: by recipe; plain: 64,32]
    #[arg(long, value_name = "64,32", allow_hyphen_values = true)]
    pub hidden: Option<String>,
    /// Activation of the hidden layers: a name, or a formula in z such as "z * sigmoid(z)" [default: by recipe; plain: relu]
    #[arg(long, value_name = "NAME|FORMULA", allow_hyphen_values = true)]
    pub activation: Option<String>,
    /// Loss: a name, or a formula in a and y such as "(a - y)^4" [default: by task]
    #[arg(long, value_name = "NAME|FORMULA", allow_hyphen_values = true)]
    pub loss: Option<String>,
    /// sgd, adagrad, rmsprop, adam, adamw, or lbfgs (a search over all rows in each step) [default: by recipe; plain: adam]
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<String>,
    /// Learning rate [default: by recipe or optimizer]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub learning_rate: Option<f64>,
    /// Passes over the rows [default: by recipe; plain: 200]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub epochs: Option<u64>,
    /// Rows in a batch, or "full" [default: by recipe; plain: 32]
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    pub batch: Option<String>,
    /// Rows kept aside, never trained on: a share of the table, or a file with the same columns [default: 0.2]
    #[arg(long, value_name = "SHARE|FILE", allow_negative_numbers = true)]
    pub validation: Option<String>,
    /// How these rows are chosen: random, stratified (keeps the shares of classes), grouped (cuts no group), time (the last rows) [default: random]
    #[arg(long, value_name = "HOW")]
    pub split: Option<String>,
    /// For --split grouped: the column whose value a group's rows share; of numbers it stays an input unless it is ignored, of words it is none
    #[arg(long, value_name = "COLUMN")]
    pub group: Option<String>,
    /// For --split time: the column that orders the rows; it stays an input unless it is ignored [default: the order of the table]
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// Cross-validate with so many folds first (of classes with equal shares; by time each from the rows before it), then train on all rows
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub folds: Option<usize>,
    /// Bring columns to mean 0 and deviation 1 [default: true]
    #[arg(long, value_name = "true|false")]
    pub standardize: Option<bool>,
    /// How columns are brought to a common size: standard (mean and deviation), robust (median and quartiles, outliers bounded) [default: by recipe; plain: standard]
    #[arg(long, value_name = "HOW")]
    pub scaling: Option<String>,
    /// Put the rows into a new order each epoch [default: true]
    #[arg(long, value_name = "true|false")]
    pub shuffle: Option<bool>,
    /// How the rate changes: constant, step(EPOCHS, FACTOR), exponential(FACTOR), cosine, one_cycle, coslog4, plateau(FACTOR, PATIENCE) [default: by recipe; plain: constant]
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub schedule: Option<String>,
    /// Share of the steps over which the rate rises from near 0 [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub warmup: Option<f64>,
    /// Shorten a gradient whose norm is larger
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    pub clip_norm: Option<f64>,
    /// Bound each number of a gradient
    #[arg(long, value_name = "SIZE", allow_negative_numbers = true)]
    pub clip_value: Option<f64>,
    /// Stop after so many epochs without a lower cost of the rows kept aside, and keep the best parameters
    #[arg(long, value_name = "EPOCHS", allow_negative_numbers = true)]
    pub patience: Option<u64>,
    /// A measure of your own: a formula in the prediction a and the target y such as "abs(a - y) / y", of which less is better; "max: …" where more is
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true)]
    pub metric: Option<String>,
    /// What --patience and --keep best listen to on the rows kept aside: cost or metric [default: cost]
    #[arg(long, value_name = "cost|metric")]
    pub judge: Option<String>,
    /// Which parameters are kept, by the rows kept aside: best or last [default: by recipe; plain: best with --patience, else last]
    #[arg(long, value_name = "best|last")]
    pub keep: Option<String>,
    /// What fills in what is not said: plain (the textbook's network) or tuned (what did best on many tables) [default: tuned; plain for worked examples, written layers and --from]
    #[arg(long, value_name = "plain|tuned")]
    pub recipe: Option<String>,
    /// Networks that are trained and averaged into one, each with another fold of the rows kept aside [default: by recipe; plain: 1]
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub ensemble: Option<usize>,
    /// Divide the logits by a temperature chosen on the rows kept aside, so that probabilities hold [default: by recipe; plain: false]
    #[arg(long, value_name = "true|false")]
    pub calibrate: Option<bool>,
    /// Go on from the parameters of a model file or run directory; its columns, scales, layers, task and loss are kept
    #[arg(long, value_name = "MODEL")]
    pub from: Option<PathBuf>,
    /// Memory that the table may take; a larger one is put into a temporary file and trained on from there [default: 1GB]
    #[arg(long, value_name = "512MB", allow_negative_numbers = true)]
    pub memory: Option<String>,
    /// Write a checkpoint after so many steps, or after a time: 30s, 5m, 2h [default: only when interrupted]
    #[arg(long, value_name = "STEPS|TIME", allow_negative_numbers = true)]
    pub checkpoint_every: Option<String>,
    /// Write event files for TensorBoard to tensorboard/ in the run directory
    #[arg(long)]
    pub tensorboard: bool,
    /// Write the plots as PNG pictures too, beside the SVG files in plots/
    #[arg(long)]
    pub png: bool,
    /// Of two classes, and of labels: the probability above which the second is predicted; f1, balanced: the best on the rows kept aside [default: 0.5]
    #[arg(long, value_name = "P|f1|balanced", allow_negative_numbers = true)]
    pub threshold: Option<String>,
    /// How weights start: he_normal, uniform(-1, 1), unit_variance(0.7) … [default: by activation; tuned: the last]
    #[arg(long, value_name = "NAME")]
    pub initializer: Option<String>,
    /// Normalize the hidden layers' weighted sums: layer, batch or none [default: none]
    #[arg(long, value_name = "layer|batch|none")]
    pub norm: Option<String>,
    /// Add to each hidden layer's activation what goes into it, where both are of one width
    #[arg(long)]
    pub skip: bool,
    /// What becomes of numeric columns: pbld (numbers learned of each, weighted sums of cosines, stand beside it) or none [default: by recipe; plain: none]
    #[arg(long, value_name = "pbld|none")]
    pub numeric_embedding: Option<String>,
    /// By what the learning rate of numeric embeddings is multiplied [default: 0.1]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub embedding_rate: Option<f64>,
    /// Deviation of the initial frequencies of numeric embeddings [default: 0.1]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub embedding_scale: Option<f64>,
    /// Embeddings that are not updated: embedding (of categories), numeric_embedding, both with a comma between, or none [default: as the model of --from has it, else none]
    #[arg(long, value_name = "PARTS")]
    pub freeze: Option<String>,
    /// What changes the cost.
    #[command(flatten)]
    pub terms: Terms,
    /// An optimizer's option: momentum=0.9, nesterov=1, weight_decay=0.01, beta1, beta2, epsilon …
    #[arg(long = "option", value_name = "NAME=VALUE", value_parser = option)]
    pub options: Vec<(String, f64)>,
}

/// Flags that change the cost.
#[derive(Args, Default, PartialEq)]
pub struct Terms {
    /// Column of the rows' weights (0 or more), which is no input; they are scaled to mean 1
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
    /// What each class weighs: balanced, or 0=1,1=2.5
    #[arg(long, value_name = "balanced|CLASS=WEIGHT,…")]
    pub class_weight: Option<String>,
    /// L1 penalty: X Σ |w| on top of the cost [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub l1: Option<f64>,
    /// L2 penalty: X/2 Σ w² on top of the cost [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub l2: Option<f64>,
    /// Let biases cost what weights do
    #[arg(long)]
    pub penalize_biases: bool,
    /// Share of the hidden layers' activations struck out in training [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub dropout: Option<f64>,
    /// Share of each label that is spread over all classes [default: 0]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub label_smoothing: Option<f64>,
}

/// `backlit predict`
#[derive(Args)]
pub struct Predict {
    /// A model file, the run directory that holds one, or a run file (its network before training)
    pub model: PathBuf,
    /// A CSV file or a bundled set [default: a run file's own rows]
    pub data: Option<String>,
    /// Of numbers: the interval around each that holds this share of what is right, from the errors on the rows kept aside
    #[arg(long, value_name = "0.9", allow_negative_numbers = true)]
    pub interval: Option<f64>,
    /// Write the predictions to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `backlit inspect`
#[derive(Args)]
pub struct Inspect {
    /// A table: CSV, Parquet, .npy or .npz, or a bundled set: houses, digits
    pub data: String,
    /// What its columns are.
    #[command(flatten)]
    pub columns: Columns,
}

/// `backlit evaluate`
#[derive(Args)]
pub struct Evaluate {
    /// A model file, the run directory that holds one, or a run file (its network before training)
    pub model: PathBuf,
    /// A CSV file or a bundled set, with the target columns [default: a run file's own rows]
    pub data: Option<String>,
}

/// `backlit explain`
#[derive(Args)]
pub struct Explain {
    /// A model file, a run directory, or a run file (its network before training)
    pub model: PathBuf,
    /// A CSV file or a bundled set [default: a run file's own rows, or the bundled set trained on]
    pub data: Option<String>,
    /// The row, counted from 0; several: 0-9,12. Without it the mean over all rows
    #[arg(long, value_name = "N", allow_hyphen_values = true, value_parser = rows)]
    pub row: Option<Ranges>,
    /// The parameter: layer1.weight[unit,input], layer1.bias[unit], or a column: x[RM]. Without it a whole step is worked
    #[arg(long, short, value_name = "NAME", conflicts_with = "layer")]
    pub parameter: Option<String>,
    /// One layer as matrices, counted from 1
    #[arg(long, value_name = "L")]
    pub layer: Option<usize>,
    /// Paths to list at most, the largest first [default: 32 as JSON, 12 on a page]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub paths: Option<u32>,
    /// How it is written: text, markdown, latex, html, json, numpy, ipynb or svg [default: by the name of the file, else text]
    #[arg(long, value_name = "FORM")]
    pub format: Option<String>,
    /// How things are called: za, net-out, explicit or dvalues
    #[arg(long, value_name = "NAME", default_value = "za")]
    pub notation: String,
    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `backlit worksheet`
#[derive(Args)]
pub struct Worksheet {
    /// A model file, a run directory, or a run file (its network before training) [default: a random network, by --seed]
    pub model: Option<PathBuf>,
    /// A CSV file or a bundled set [default: a run file's own rows, or the bundled set trained on]
    pub data: Option<String>,
    /// The row of the data, counted from 0
    #[arg(long, value_name = "N", allow_negative_numbers = true, requires = "model")]
    pub row: Option<usize>,
    /// The random network.
    #[command(flatten)]
    pub random: RandomNetwork,
    /// A weight whose gradient is opened: layer1.weight[unit,input]; repeat for several [default: two, by --seed]
    #[arg(long, short, value_name = "NAME")]
    pub parameter: Vec<String>,
    /// Significant digits of the answers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..=8))]
    pub digits: u16,
    /// How things are called: za, net-out, explicit or dvalues
    #[arg(long, value_name = "NAME", default_value = "za")]
    pub notation: String,
    /// Form and place of the sheet.
    #[command(flatten)]
    pub page: Page,
    /// Write the key to this file
    #[arg(long, value_name = "FILE", conflicts_with = "with_answers")]
    pub answers: Option<PathBuf>,
    /// Print the key behind the sheet
    #[arg(long)]
    pub with_answers: bool,
}

/// What random network a worksheet is of.
#[derive(Args)]
pub struct RandomNetwork {
    /// Inputs of the random network [default: 2]
    #[arg(long, value_name = "N", conflicts_with = "model", value_parser = clap::value_parser!(u16).range(1..=6))]
    pub inputs: Option<u16>,
    /// Units of its hidden layer [default: 2]
    #[arg(long, value_name = "N", conflicts_with = "model", value_parser = clap::value_parser!(u16).range(1..=6))]
    pub hidden: Option<u16>,
    /// Its outputs [default: 1]
    #[arg(long, value_name = "N", conflicts_with = "model", value_parser = clap::value_parser!(u16).range(1..=6))]
    pub outputs: Option<u16>,
    /// Activation of its hidden layer [default: sigmoid]
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    pub activation: Option<String>,
    /// Its loss [default: half_squared_error]
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    pub loss: Option<String>,
}

/// `backlit audit`
#[derive(Args)]
pub struct Audit {
    /// A CSV table of claims with the columns quantity and value: w5+,0.35891648 or E_total after 10000,0.0000351 (rounds from the model as it is)
    pub claims: PathBuf,
    /// A model file, a run directory, or a run file (its network before training)
    pub model: PathBuf,
    /// A CSV file or a bundled set [default: a run file's own rows, or the bundled set trained on]
    pub data: Option<String>,
    /// The row, counted from 0; training too is on this row alone. Without it on all rows
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub row: Option<usize>,
    /// How things are called in the answer, and what a name means that is used in several ways: za, net-out, explicit or dvalues
    #[arg(long, value_name = "NAME")]
    pub notation: Option<String>,
}

/// `backlit check`
#[derive(Args)]
pub struct Check {
    /// A model file, a run directory or a run file
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    pub model: Option<PathBuf>,
    /// A CSV file or a bundled set [default: the run file's data, or the bundled set trained on]
    pub data: Option<String>,
    /// A run file: the network at its initial parameters, the file's own rows
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One row, counted from 0, instead of the mean over all
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub row: Option<usize>,
    /// Compare every parameter, however long it takes [default: a random sample where there are many]
    #[arg(long)]
    pub all: bool,
}

/// `backlit replay`
#[derive(Args)]
pub struct Replay {
    /// explicit, houses, mazur, relu or all
    pub name: String,
    /// Form and place of the page.
    #[command(flatten)]
    pub page: Page,
}

/// Where a page goes, and as what.
#[derive(Args)]
pub struct Page {
    /// Form of the page [default: by the name of the file, else text]
    #[arg(long, value_name = "FORM")]
    pub format: Option<Format>,
    /// Write the page to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Forms of a page.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Text,
    /// For GitHub and other readers of Markdown
    Markdown,
    /// For LaTeX
    Latex,
    /// One file for a browser
    Html,
    /// A Jupyter notebook
    Ipynb,
}

/// `backlit operations`
#[derive(Args)]
pub struct Operations {
    /// An operation: sigmoid, leaky_relu(0.2), huber …; or a formula: "z * sigmoid(z)", "(a - y)^4"
    pub name: Option<String>,
    /// Points at which to compute value and partial
    #[arg(long, value_name = "X,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub at: Vec<f64>,
    /// For a loss: the target at those points
    #[arg(long, value_name = "Y", allow_negative_numbers = true)]
    pub target: Option<f64>,
}

/// Ranges of rows, each with its first and its last.
#[derive(Clone)]
pub struct Ranges(pub Vec<(usize, usize)>);

/// `3`, `0-9`, `0-9,12`
fn rows(text: &str) -> Result<Ranges, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| format!("'{}' is not a row number, counted from 0", text.trim()));
    let part = |part: &str| match part.split_once('-') {
        Some((first, last)) if !first.trim().is_empty() => Ok((number(first)?, number(last)?)),
        _ => number(part).map(|row| (row, row)),
    };
    let parts = text.split(',').map(part).collect::<Result<Vec<_>, String>>()?;
    match parts.iter().find(|(first, last)| first > last) {
        Some((first, last)) => Err(format!("{first}-{last} runs backwards")),
        None => Ok(Ranges(parts)),
    }
}

fn option(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let value = match value.trim() {
        "true" => 1.0,
        "false" => 0.0,
        number => number.parse().map_err(|_| format!("'{number}' is not a number"))?,
    };
    Ok((name.trim().replace('-', "_"), value))
}
