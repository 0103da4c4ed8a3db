//! Numbers that are learned of single numeric columns, beside the columns themselves: weighted sums of cosines with frequencies and
//! phases of their own.
//!
//! Source: PBLD, "periodic bias linear DenseNet", of Holzmüller, Grinsztajn and Steinwart, Better by Default (RealMLP), NeurIPS 2024,
//! arXiv:2407.04491, after Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features, NeurIPS 2022. Sizes, initial numbers,
//! the factor on the learning rate and that penalties hold for all these parameters are as in pytabkit 1.7.

use crate::embedding::Embedding;
use crate::encoder::{Encoder, Kind, Missing};
use crate::model_file::Shape;
use crate::terms::is_false;
use backlit_engine::init::{Draws, Initializer};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Cosines of a column.
pub const WAVES: usize = 16;
/// Weighted sums of these, so that four numbers stand for a column.
pub const NUMBERS: usize = 3;
/// The standard deviation of initial frequencies, unless a person says otherwise.
pub const SCALE: f64 = 0.1;
/// By what the learning rate of these parameters is multiplied, unless a person says otherwise.
pub const RATE: f64 = 0.1;
/// The largest of either.
pub const MOST: f64 = 1000.0;

/// What becomes of numeric columns, as a person says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumericEmbedding {
    /// They go in as they are.
    #[default]
    None,
    /// Numbers learned of each stand beside it.
    Pbld,
}

impl NumericEmbedding {
    /// As it is typed.
    pub const NAMES: [(&'static str, NumericEmbedding); 2] = [("pbld", NumericEmbedding::Pbld), ("none", NumericEmbedding::None)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            NumericEmbedding::None => "none",
            NumericEmbedding::Pbld => "pbld",
        }
    }
}

/// The numbers learned of single columns, as they stand in a model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numeric {
    /// The columns among those that go in, counted from 0; of networks side by side once for each.
    pub columns: Vec<usize>,
    /// Cosines of each.
    pub waves: usize,
    /// Weighted sums of these.
    pub numbers: usize,
    /// By what the learning rate of these parameters is multiplied.
    pub rate: f64,
    /// Whether they are not updated.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
}

impl Numeric {
    /// The engine's.
    pub fn engine(&self) -> backlit_engine::network::Numeric {
        backlit_engine::network::Numeric { columns: self.columns.clone(), waves: self.waves, numbers: self.numbers }
    }

    /// How many numbers come out.
    pub fn width(&self) -> usize {
        self.columns.len().saturating_mul(self.numbers)
    }

    /// The parameters in graph order, each with its name and its shape.
    pub fn parameters(&self) -> [(String, Vec<usize>); 4] {
        let (columns, sums) = (self.columns.len(), self.width());
        let shapes = [("frequency", vec![columns, self.waves]), ("phase", vec![columns, self.waves])];
        let [frequency, phase] = shapes.map(|(name, shape)| (format!("numeric.{name}"), shape));
        [frequency, phase, ("numeric.weight".into(), vec![sums, self.waves]), ("numeric.bias".into(), vec![sums])]
    }

    /// How many numbers the parameters hold.
    pub fn size(&self) -> usize {
        self.parameters()
            .iter()
            .map(|(_, shape)| shape.iter().fold(1usize, |size, extent| size.saturating_mul(*extent)))
            .fold(0, usize::saturating_add)
    }

    /// Whether it fits a network of so many columns, of which those from `codes` on are codes. `Err` says what does not.
    pub fn check(&self, codes: usize) -> Result<(), String> {
        let Numeric { columns, waves, numbers, rate, .. } = self;
        if columns.is_empty() || columns.iter().any(|&column| column >= codes) || *waves == 0 || *numbers == 0 {
            return Err(format!("expected numeric embeddings of columns below {codes}, came {columns:?} with {numbers} of {waves} waves"));
        }
        match rate.is_finite() && *rate > 0.0 {
            true => Ok(()),
            false => Err(format!("expected a factor above 0 on the rate of numeric embeddings, came {rate}")),
        }
    }
}

impl Shape {
    /// In words that follow the inputs, of how many columns there are numeric embeddings; empty: of none.
    pub fn numeric_said(&self) -> String {
        self.numeric.as_ref().map_or(String::new(), |numeric| {
            format!(" with {}numeric embeddings of {}", if numeric.frozen { "frozen " } else { "" }, numeric.columns.len())
        })
    }
}

/// The columns that are numbers, of those that go in: not codes, levels or marks of something missing.
pub(crate) fn columns(inputs: &[String], encoder: Option<&Encoder>, embedding: Option<&Embedding>) -> Vec<usize> {
    let codes = inputs.len() - embedding.map_or(0, |embedding| embedding.levels.len());
    let Some(encoder) = encoder else { return (0..codes).collect() };
    let numeric: Vec<String> = encoder
        .columns
        .iter()
        .flat_map(|column| {
            let mut names = column.kind.names(&column.name);
            match &column.kind {
                Kind::Number { .. } => names.truncate(1),
                Kind::Date { missing: Missing::Filled(_), .. } => names.truncate(names.len() - 1),
                Kind::Date { .. } => {}
                _ => names.clear(),
            }
            names
        })
        .collect();
    (0..codes).filter(|&place| numeric.contains(&inputs[place])).collect()
}

/// Names for what stands behind `names`, the inputs of a network: `COLUMN[0]` and so on.
pub(crate) fn names(columns: &[String], places: &[usize], numbers: usize) -> Vec<String> {
    places.iter().flat_map(|&place| (0..numbers).map(move |number| format!("{}[{number}]", columns[place]))).collect()
}

/// What the parameters begin with: frequencies normal with this deviation, phases uniform over a turn, weights and biases uniform between
/// ±1/√waves.
pub(crate) fn initial(numeric: &Numeric, scale: f64, draws: &mut Draws) -> Vec<f64> {
    let bound = 1.0 / (numeric.waves as f64).sqrt();
    let (columns, sums) = (numeric.columns.len(), numeric.width());
    let linear = Initializer::Uniform(-bound, bound);
    [
        Initializer::Normal(0.0, scale).draw(draws, columns, numeric.waves),
        Initializer::Uniform(-PI, PI).draw(draws, columns, numeric.waves),
        linear.draw(draws, sums, numeric.waves),
        linear.draw(draws, 1, sums),
    ]
    .concat()
}
