//! One ReLU neuron, a layer of three, a batch, and the two classes.
//!
//! The gradient "from the next layer", dvalues, is given by hand in the notebook. Here it is the upstream
//! gradient of the engine's operations: the cost is Σ dvalues · outputs.

mod cells;
mod derivation;
mod layer;
mod neuron;
mod prints;

use super::record::{Agreement, Replay};
use super::study::{Model, matrix, transposed};
use crate::error::Error;
use backlit_engine::Network;
use backlit_engine::numpy_random::NumpyRandom;
use layer::Dense;
use neuron::{Neuron, Updated};
use serde_json::{Value, json};

const TITLE: &str = "Backpropagation through ReLU: one neuron, a layer, a batch, two classes";
/// The fraction of the gradient that is taken off.
const STEP: f64 = 0.001;
/// Three neurons × four inputs, as in the cells up to `In [61]`.
const WEIGHTS: [f64; 12] = [0.2, 0.8, -0.5, 1.0, 0.5, 10.91, 0.26, -0.5, -0.26, -0.27, 0.17, 0.87];
/// The same with -0.91 for 10.91, as in the cells from `In [71]` on.
const LATER_WEIGHTS: [f64; 12] = [0.2, 0.8, -0.5, 1.0, 0.5, -0.91, 0.26, -0.5, -0.26, -0.27, 0.17, 0.87];
const BIASES: [f64; 3] = [2.0, 3.0, 0.5];
/// Three samples × four features.
const SAMPLES: [f64; 12] = [1.0, 2.0, 3.0, 2.5, 2.0, 5.0, -1.0, 2.0, -1.5, 2.7, 3.3, -0.8];
/// Three samples × three neurons.
const DVALUES: [f64; 9] = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0];
const ONES: [f64; 3] = [1.0; 3];
const UNEQUAL: [f64; 3] = [1.0, 2.0, 3.0];
const NEURONS: usize = 3;
const FEATURES: usize = 4;

/// All that the notebook computes.
struct Work {
    neuron: Neuron,
    once: Updated,
    printed: Updated,
    thrice: Updated,
    /// The batch with relu outputs as the gradient that comes in, as the cell `In [71]` has it.
    combined: Dense,
    /// The batch with dvalues straight into the dense layer, as the cell `In [94]` has it.
    dense: Dense,
    /// The batch with dvalues through the ReLU and the dense layer.
    chain: Dense,
    combined_after: Vec<f64>,
    chain_after: Vec<f64>,
    /// Half the sum of squared relu outputs, and the sum of relu outputs: before and after the step.
    squares: [f64; 2],
    sums: [f64; 2],
}

pub(super) fn replay() -> Result<Replay, Error> {
    let neuron = Neuron::new()?;
    let later = [&LATER_WEIGHTS[..], &BIASES].concat();
    let combined = Dense::new(&later)?;
    let relu_outputs = combined.relu_outputs.clone();
    let combined = combined.through_relu(&relu_outputs)?;
    let dense = Dense::new(&later)?.into_layer(&DVALUES)?;
    let chain = Dense::new(&later)?.through_relu(&DVALUES)?;
    let (combined_after, chain_after) = (combined.updated(STEP)?, chain.updated(STEP)?);
    let squared = Model::new(Network::inputs(FEATURES).dense(NEURONS).relu().half_squared_error())?;
    let zeros = [0.0; 9];
    let rows = NEURONS as f64;
    let squares = [&later, &combined_after].map(|parameters| rows * squared.cost(parameters, &SAMPLES, &zeros));
    let sums = [Dense::new(&later)?.sum()?, Dense::new(&combined_after)?.sum()?];
    let of_squares: Vec<f64> = squared.gradient(&later, &SAMPLES, &zeros).1.iter().map(|g| rows * g).collect();
    let work = Work {
        once: neuron.updated(1, 1)?,
        printed: neuron.updated(3, 2)?,
        thrice: neuron.updated(3, 3)?,
        neuron,
        combined,
        dense,
        chain,
        combined_after,
        chain_after,
        squares,
        sums,
    };
    let layer = layer::Results::new()?;
    let cells = cells::cells(&work, &layer);
    let mut agreement = agreements(&work, &layer, &of_squares);
    let numbers = json!({
        "cells_as_printed": cells.iter().filter(|cell| !cell.printed.is_empty()).map(prints::as_json).collect::<Vec<_>>(),
        "cells_where_one_clean_run_differs": prints::clean_run(&work),
        "neuron": work.neuron.json(&[
            ("updated, cell run once (what the code says)", &work.once),
            ("updated, weight lines three times and bias line twice (what is printed)", &work.printed),
            ("updated, whole cell three times", &work.thrice),
        ]),
        "layer": layer.json(),
        "combined": combined_numbers(&work),
        "dense": dense_numbers(&work),
    });
    Ok(Replay {
        name: "relu".into(),
        title: TITLE.into(),
        source: "the notebook \"Backpropagation\" on a ReLU output layer".into(),
        credit: String::new(),
        document: derivation::page(&work, &layer, &cells, &mut agreement),
        cells,
        numbers,
        agreement,
    })
}

fn agreements(work: &Work, layer: &layer::Results, of_squares: &[f64]) -> Vec<Agreement> {
    let mut all = work.neuron.agreements();
    all.extend(layer.agreements());
    let runs = [("In [71]", &work.combined), ("In [94]", &work.dense), ("the full chain", &work.chain)];
    all.extend(runs.iter().flat_map(|(name, dense)| dense.agreements(name)));
    all.push(Agreement::numbers(
        "the gradient that In [71] uses, and that of half the sum of squared relu outputs",
        &[transposed(NEURONS, &work.combined.dweights), work.combined.dbiases.clone()].concat(),
        of_squares,
        1e-15,
    ));
    all
}

fn combined_numbers(work: &Work) -> Value {
    let c = &work.combined;
    let (before, after) = (&[&LATER_WEIGHTS[..], &BIASES].concat(), &work.combined_after);
    let chain = &work.chain;
    json!({
        "inputs": matrix(FEATURES, &SAMPLES),
        "weights_before": stored(before),
        "biases_before": [BIASES],
        "layer_outputs": matrix(NEURONS, &c.outputs),
        "relu_outputs": matrix(NEURONS, &c.relu_outputs),
        "drelu": matrix(NEURONS, &c.drelu),
        "dinputs (not printed)": matrix(FEATURES, &c.dinputs),
        "dweights (not printed)": matrix(NEURONS, &c.dweights),
        "dbiases (not printed)": [c.dbiases],
        "weights_after": stored(after),
        "biases_after": [biases(after)],
        "step": -STEP,
        "objective that this is the gradient of: half the sum of squared relu outputs":
            { "before": work.squares[0], "after": work.squares[1] },
        "sum_of_relu_outputs": { "before": work.sums[0], "after": work.sums[1] },
        "with the dvalues the cell sets but does not use": {
            "dvalues": matrix(NEURONS, &DVALUES),
            "drelu": matrix(NEURONS, &chain.drelu),
            "dinputs": matrix(FEATURES, &chain.dinputs),
            "dweights": matrix(NEURONS, &chain.dweights),
            "dbiases": [chain.dbiases],
            "weights_after": stored(&work.chain_after),
            "biases_after": [biases(&work.chain_after)],
        },
    })
}

fn dense_numbers(work: &Work) -> Value {
    let (dense, chain) = (&work.dense, &work.chain);
    let backward = |dense: &Dense| {
        json!({
            "dweights": matrix(NEURONS, &dense.dweights),
            "dbiases": [dense.dbiases],
            "dinputs": matrix(FEATURES, &dense.dinputs),
        })
    };
    let drawn = |features: usize| -> Value {
        let mut random = NumpyRandom::new(0);
        matrix(NEURONS, &(0..features * NEURONS).map(|_| 0.01 * random.randn()).collect::<Vec<_>>())
    };
    json!({
        "samples": matrix(FEATURES, &SAMPLES),
        "weights": matrix(NEURONS, &transposed(FEATURES, &LATER_WEIGHTS)),
        "biases": [BIASES],
        "outputs": matrix(NEURONS, &dense.outputs),
        "relu_outputs": matrix(NEURONS, &dense.relu_outputs),
        "dvalues": matrix(NEURONS, &DVALUES),
        "backward(dvalues), as printed": backward(dense),
        "relu.backward(dvalues) (never called in the seed)": { "dinputs": matrix(NEURONS, &chain.drelu) },
        "dense.backward(relu.dinputs), the chain in full (not in the seed)": backward(chain),
        "initialiser 0.01*randn (the seed sets no seed and then overwrites the weights); here np.random.seed(0)": {
            "Dense_Layer(3,3).weights": drawn(3),
            "Dense_Layer(4,3).weights": drawn(4),
            "biases": matrix(NEURONS, &[0.0; NEURONS]),
            "first_u32": [NumpyRandom::new(0).next_u32()],
        },
    })
}

/// Weights as the cells from `In [71]` on store them, features × neurons, from the engine's parameters.
fn stored(parameters: &[f64]) -> Value {
    matrix(NEURONS, &transposed(FEATURES, &parameters[..WEIGHTS.len()]))
}

/// Biases from the engine's parameters.
fn biases(parameters: &[f64]) -> &[f64] {
    &parameters[WEIGHTS.len()..]
}
