//! Questions put to the engine: what training does, and what each factor of a gradient is.

mod factors;
mod graph;
mod model;

pub(super) use factors::{Factors, factors};
pub(super) use graph::{Question, Study};
pub(super) use model::{Model, half_squared_error};

use crate::error::{Error, Kind};
use backlit_engine::optimizers::{self, Optimizer};
use serde_json::{Value, json};

/// What the engine refuses becomes an error of ours; the networks here are fixed, so it never should.
pub(super) fn refused(error: impl std::fmt::Display) -> Error {
    Error::new(Kind::Failed, format!("the engine refused a replay: {error}"))
}

/// Plain descent: θ ← θ − ηg.
pub(super) fn sgd(parameters: usize) -> Result<Box<dyn Optimizer<f64>>, Error> {
    optimizers::find("sgd").and_then(|entry| entry.create(&[], parameters)).map_err(refused)
}

/// One step of plain descent on the places in `trainable`.
pub(super) fn descend(parameters: &[f64], gradient: &[f64], rate: f64, trainable: &[std::ops::Range<usize>]) -> Result<Vec<f64>, Error> {
    let mut new = parameters.to_vec();
    sgd(parameters.len())?.update(rate, trainable, gradient, parameters, &mut new);
    Ok(new)
}

/// `values`: rows × columns, row after row, as a list of rows.
pub(super) fn matrix(columns: usize, values: &[f64]) -> Value {
    json!(values.chunks(columns).collect::<Vec<_>>())
}

/// `values`: rows × columns, row after row; returned columns × rows.
pub(super) fn transposed(columns: usize, values: &[f64]) -> Vec<f64> {
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns).copied()).collect()
}

/// A list of numbers of 1 at `place` and 0 elsewhere.
pub(super) fn one_hot(size: usize, place: usize) -> Vec<f64> {
    (0..size).map(|i| if i == place { 1.0 } else { 0.0 }).collect()
}
