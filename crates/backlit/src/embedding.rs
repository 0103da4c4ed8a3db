//! Learned numbers in the place of categories with many levels.
//!
//! Such a column goes in as the code of its level. Code 0 is shared by levels that are seen only once, by those never seen and, where
//! cells are missing in too few rows to be a level, by missing cells; each other level has a code of its own.

use crate::data::cells::excerpt;
use crate::encoder::{Encoder, Kind};
use crate::error::Error;
use crate::job::{Job, Rows};
use crate::scaler::Scaler;
use crate::terms::is_false;
use backlit_engine::Scalar;
use backlit_engine::init::{Draws, Initializer};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Categories with more levels than this become learned numbers, unless a person says otherwise.
///
/// Source: Holzmüller, Grinsztajn and Steinwart, Better by Default (RealMLP), NeurIPS 2024, arXiv:2407.04491: one-hot up to 8 levels, else
/// an embedding of 8 numbers.
pub const LEVELS: usize = 8;
/// How many numbers stand for a level, unless a person says otherwise.
pub const NUMBERS: usize = 8;
/// A level that is seen less often has no numbers of its own.
pub const LEAST_SEEN: usize = 2;
/// Most numbers for a level.
pub const MOST: usize = 1000;

/// What becomes of categories with many levels, as a person says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Embed {
    /// Those with more than [`LEVELS`] become [`NUMBERS`] learned numbers.
    #[default]
    Auto,
    /// Each level is a column of 0 and 1.
    None,
    /// So many learned numbers where there are more than [`LEVELS`].
    Numbers(usize),
}

impl Embed {
    /// How many numbers stand for a level of a category that has so many levels of its own; none: a column of 0 and 1 each.
    pub fn numbers(self, levels: usize) -> Option<usize> {
        match self {
            Embed::Auto => (levels > LEVELS).then_some(NUMBERS),
            Embed::None => None,
            Embed::Numbers(numbers) => (levels > LEVELS).then_some(numbers),
        }
    }
}

impl fmt::Display for Embed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Embed::Auto => write!(f, "auto"),
            Embed::None => write!(f, "none"),
            Embed::Numbers(numbers) => write!(f, "{numbers}"),
        }
    }
}

impl FromStr for Embed {
    type Err = String;

    fn from_str(text: &str) -> Result<Embed, String> {
        match (text, text.parse::<usize>()) {
            ("auto", _) => Ok(Embed::Auto),
            ("none", _) => Ok(Embed::None),
            (_, Ok(numbers)) if (1..=MOST).contains(&numbers) => Ok(Embed::Numbers(numbers)),
            _ => Err(format!("expected auto, none or how many numbers stand for a level, from 1 to {MOST}, came {}", text.escape_debug())),
        }
    }
}

/// Which embeddings are not updated, as a person says it: `embedding`, `numeric_embedding`, both with a comma between, or `none`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// Those of categories.
    pub levels: bool,
    /// Those of numbers.
    pub numeric: bool,
}

impl Frozen {
    /// What is typed for each, and whether it is among them.
    pub fn list(self) -> [(&'static str, bool); 2] {
        [("embedding", self.levels), ("numeric_embedding", self.numeric)]
    }
}

impl FromStr for Frozen {
    type Err = String;

    fn from_str(text: &str) -> Result<Frozen, String> {
        let mut frozen = Frozen::default();
        if text.trim() == "none" {
            return Ok(frozen);
        }
        for part in text.split(',').map(str::trim) {
            match part {
                "embedding" => frozen.levels = true,
                "numeric_embedding" => frozen.numeric = true,
                "none" => return Err(format!("none stands alone, came '{}'", text.escape_debug())),
                _ => return Err(format!("expected embedding, numeric_embedding or none, came '{}'", part.escape_debug())),
            }
        }
        Ok(frozen)
    }
}

/// The embeddings of a network as they stand in a model file: of its last columns, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// For each of these columns how many codes there are, from 0 on.
    pub levels: Vec<usize>,
    /// How many numbers stand for a level.
    pub numbers: usize,
    /// Whether they are not updated.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
}

impl Embedding {
    /// The engine's.
    pub fn engine(&self) -> backlit_engine::network::Embedding {
        backlit_engine::network::Embedding { levels: self.levels.clone(), numbers: self.numbers }
    }

    /// Where each table lies in the flat parameters.
    pub fn tables(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut start = 0;
        self.levels.iter().map(move |levels| {
            let table = start..start + levels * self.numbers;
            start = table.end;
            table
        })
    }

    /// How many numbers all tables hold.
    pub fn size(&self) -> usize {
        self.levels.iter().sum::<usize>().saturating_mul(self.numbers)
    }

    /// In words: which of these columns become how many numbers.
    pub fn said(&self, columns: &[String]) -> String {
        let own = columns.len() - self.levels.len();
        let each = columns[own..].iter().zip(&self.levels).map(|(name, levels)| format!("'{}' with {levels} codes", excerpt(name)));
        format!(
            "{} as {} {}numbers{}",
            each.collect::<Vec<_>>().join(", "),
            self.numbers,
            if self.frozen { "frozen " } else { "learned " },
            if self.levels.len() > 1 { " each" } else { "" }
        )
    }

    /// Whether it fits a network of so many columns. `Err` says what does not.
    pub fn check(&self, inputs: usize) -> Result<(), String> {
        let Embedding { levels, numbers, .. } = self;
        match levels.is_empty() || levels.len() > inputs || levels.contains(&0) || *numbers == 0 {
            true => Err(format!(
                "expected embeddings of 1 to {inputs} columns, came {} with {levels:?} levels of {numbers} numbers",
                levels.len()
            )),
            false => Ok(()),
        }
    }
}

/// Puts the columns that hold codes behind the others, and tells their levels; none: there is no such column.
pub(crate) fn of(inputs: &mut Vec<String>, encoder: Option<&Encoder>, numbers: usize) -> Option<Embedding> {
    let codes = |name: &String| {
        let column = encoder?.columns.iter().find(|column| column.name == *name)?;
        if let Kind::Embed { levels } = &column.kind { Some(levels.len() + 1) } else { None }
    };
    let (behind, before): (Vec<String>, Vec<String>) = inputs.drain(..).partition(|name| codes(name).is_some());
    let levels: Vec<usize> = behind.iter().filter_map(codes).collect();
    inputs.extend(before.into_iter().chain(behind));
    (!levels.is_empty()).then_some(Embedding { levels, numbers, frozen: false })
}

/// Names for what goes into the first layer: `COLUMN[0]` and so on in the place of a column of codes.
pub(crate) fn names(columns: &[String], embedding: Option<&Embedding>) -> Vec<String> {
    let Some(Embedding { levels, numbers, .. }) = embedding else { return columns.to_vec() };
    let (own, codes) = columns.split_at(columns.len() - levels.len());
    own.iter().cloned().chain(codes.iter().flat_map(|column| (0..*numbers).map(move |j| format!("{column}[{j}]")))).collect()
}

/// What the tables begin with: normal numbers whose squares have mean 1/d, so that a level's d numbers weigh as much as one
/// standardized column; the shared line begins at 0.
pub(crate) fn initial(embedding: &Embedding, draws: &mut Draws) -> Vec<f64> {
    let mut all = Vec::with_capacity(embedding.size());
    let deviation = 1.0 / (embedding.numbers as f64).sqrt();
    for &levels in &embedding.levels {
        all.resize(all.len() + embedding.numbers, 0.0);
        all.extend(Initializer::Normal(0.0, deviation).draw(draws, levels - 1, embedding.numbers));
    }
    all
}

/// Leaves codes as they are.
pub(crate) fn leave(embedding: Option<&Embedding>, scaler: &mut Scaler) {
    let columns = scaler.columns();
    scaler.leave(columns - embedding.map_or(0, |embedding| embedding.levels.len())..columns);
}

/// Gives levels that no row trained on has, the shared one too, the mean of the numbers that these rows have.
/// `rows`: those trained on are the ones in the places that it `takes`
pub(crate) fn settle<S: Scalar>(job: &Job, rows: &Rows, takes: &dyn Fn(usize) -> bool, parameters: &mut [S]) -> Result<(), Error> {
    let Some(embedding) = job.shape.embedding.as_ref().filter(|embedding| job.from.is_none() && !embedding.frozen) else { return Ok(()) };
    let (columns, numbers) = (job.inputs.len(), embedding.numbers);
    let own = columns - embedding.levels.len();
    let mut counts: Vec<Vec<f64>> = embedding.levels.iter().map(|&levels| vec![0.0; levels]).collect();
    let weights = job.shape.terms.counts(rows, job.outputs());
    let weight = |place: usize| weights.as_ref().map_or(1.0, |weights| weights[place]);
    rows.inputs(&mut |first, rows| {
        for (place, row) in (first..).zip(rows.chunks_exact(columns)).filter(|(place, _)| takes(*place)) {
            let weight = weight(place);
            for (count, &code) in counts.iter_mut().zip(&row[own..]) {
                count[code as usize] += weight;
            }
        }
    })?;
    let total: f64 = (0..rows.rows).filter(|&place| takes(place)).map(weight).sum();
    for (count, table) in counts.iter().zip(embedding.tables()) {
        let table = &mut parameters[table];
        for j in 0..numbers {
            let sum = count.iter().enumerate().fold(0.0, |sum, (level, &count)| sum + count * table[level * numbers + j].to_f64());
            let mean = S::from_f64(sum / total);
            for (level, _) in count.iter().enumerate().filter(|(_, count)| **count == 0.0) {
                table[level * numbers + j] = mean;
            }
        }
    }
    Ok(())
}
