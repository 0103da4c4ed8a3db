//! The 3-4-1 sigmoid net without biases, every partial derivative explicit, 60,000 passes over one example.
//!
//! The notebook stores weights inputs × units and calls them W0 and W1; the engine stores them
//! units × inputs, so they are turned on the way in and out.

mod cells;
mod derivation;

use super::record::{Agreement, Replay};
use super::study::{Factors, Model, factors, matrix, transposed};
use crate::error::Error;
use crate::replay::python_text::fixed;
use backlit_engine::Network;
use backlit_engine::numpy_random::NumpyRandom;
use serde_json::{Value, json};

const TITLE: &str = "A 3-4-1 net of sigmoids, with every partial derivative calculated explicitly";
const ALPHA: f64 = 10.0;
const PASSES: u64 = 60_000;
const SEED: u32 = 2;
const X: [f64; 3] = [0.0, 0.0, 1.0];
const Y: [f64; 1] = [0.0];
/// Numbers in W0; those of W1 follow.
const W0: usize = 12;
const HIDDEN: usize = 4;
/// Passes that are taken apart, counted from 0.
const TAKEN_APART: [u64; 4] = [0, 1, 1000, PASSES - 1];

/// One pass of the loop, before its update.
struct Pass {
    number: u64,
    parameters: Vec<f64>,
    factors: Factors,
    gradient: Vec<f64>,
    after: Vec<f64>,
    mean_abs: f64,
}

pub(super) fn replay() -> Result<Replay, Error> {
    let network = Network::inputs(3).dense(HIDDEN).without_bias().sigmoid().dense(1).without_bias().sigmoid();
    let model = Model::new(network.clone().half_squared_error())?;
    let shown_error = Model::new(network.loss("absolute_error"))?;
    let start = start();
    let mut stops: Vec<u64> = (0..PASSES).step_by(5000).chain(TAKEN_APART).collect();
    stops.sort_unstable();
    stops.dedup();
    let mut passes = Vec::new();
    let (mut parameters, mut done) = (start.clone(), 0);
    for number in stops {
        parameters = model.train(&parameters, &X, &Y, ALPHA, number - done, &[], &mut |_| ())?;
        done = number;
        passes.push(Pass {
            number,
            factors: factors(&model.network, &parameters, &X, &Y)?,
            gradient: model.gradient(&parameters, &X, &Y).1,
            after: model.train(&parameters, &X, &Y, ALPHA, 1, &[], &mut |_| ())?,
            mean_abs: shown_error.cost(&parameters, &X, &Y),
            parameters: parameters.clone(),
        });
    }
    let last = model.train(&parameters, &X, &Y, ALPHA, PASSES - done, &[], &mut |_| ())?;
    // Training in one go and in pieces must be the same training.
    let (mut curve, mut pass) = (Vec::new(), 0);
    let in_one_go = model.train(&start, &X, &Y, ALPHA, PASSES, &[], &mut |error| {
        pass += 1;
        if drawn(pass) {
            curve.push((pass as f64, error));
        }
    })?;
    let output = model.outputs(&last, &X);
    let mut agreement = vec![Agreement::numbers("60,000 passes in one go and in pieces", &in_one_go, &last, 0.0)];
    agreement.extend(passes.iter().filter(|pass| TAKEN_APART.contains(&pass.number)).flat_map(agreements));
    let cells = cells::cells(&start, &passes, &last, &output);
    Ok(Replay {
        name: "explicit".into(),
        title: TITLE.into(),
        source: "the notebook \"Detailing the Partial Derivative Calculations during Backpropagation\"".into(),
        credit: "Matt Mazur, step-by-step backpropagation example, \
                 http://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example"
            .into(),
        document: derivation::page(&passes, &curve, &cells, &mut agreement),
        cells,
        numbers: numbers(&start, &passes, &last, &output),
        agreement,
    })
}

/// Whether a pass has its point in the picture: fewer of them where the error changes slowly.
fn drawn(pass: u64) -> bool {
    pass.is_multiple_of(match pass {
        ..100 => 1,
        100..1000 => 10,
        1000..10_000 => 100,
        _ => 1000,
    })
}

/// The weights that `2*np.random.random(shape) - 1` draws, W0 and then W1, turned into the engine's layout.
fn start() -> Vec<f64> {
    let mut random = NumpyRandom::new(SEED);
    let mut draw = |count: usize| -> Vec<f64> { (0..count).map(|_| 2.0 * random.random_sample() - 1.0).collect() };
    let (w0, w1) = (draw(W0), draw(HIDDEN));
    [transposed(HIDDEN, &w0), w1].concat()
}

/// W0, inputs × units, from the flat parameters.
fn w0(parameters: &[f64]) -> Vec<f64> {
    transposed(X.len(), &parameters[..W0])
}

/// W1, inputs × 1, from the flat parameters.
fn w1(parameters: &[f64]) -> &[f64] {
    &parameters[W0..]
}

/// The line of the loop's `print`.
fn line(pass: &Pass) -> Option<String> {
    (pass.number.is_multiple_of(5000)).then(|| format!("Error: {}", fixed(pass.mean_abs, 6)))
}

/// The gradient as the notebook multiplies it: three factors for W1, five for W0, in the layout of the engine.
fn by_the_notebook(factors: &Factors) -> Vec<f64> {
    let (d_error, slope) = (-(Y[0] - factors.a[1][0]), factors.a[1][0] * (1.0 - factors.a[1][0]));
    let w1 = factors.a[0].iter().map(|out| d_error * slope * out);
    let hidden = factors.dz_da[1].iter().zip(&factors.a[0]);
    let w0 = hidden.flat_map(|(w, out)| X.map(|x| d_error * slope * w * (out * (1.0 - out)) * x));
    w0.chain(w1).collect()
}

fn agreements(pass: &Pass) -> [Agreement; 3] {
    let name = |what: &str| format!("pass {}: {what}", pass.number);
    let descended: Vec<f64> = pass.parameters.iter().zip(&pass.gradient).map(|(w, g)| w - ALPHA * g).collect();
    [
        Agreement::numbers(
            name("the notebook's products of three and of five factors, and the engine's gradient"),
            &by_the_notebook(&pass.factors),
            &pass.gradient,
            1e-15,
        ),
        pass.factors.agreement(&name("the engine's factors multiplied layer by layer, and its gradient"), &pass.gradient, 1e-15),
        Agreement::numbers(name("W -= alpha * gradient, and the engine's update"), &descended, &pass.after, 1e-15),
    ]
}

fn numbers(start: &[f64], passes: &[Pass], last: &[f64], output: &[f64]) -> Value {
    let mut words = NumpyRandom::new(SEED);
    let mut samples = NumpyRandom::new(SEED);
    let lines: Vec<String> = passes.iter().filter_map(line).collect();
    let wanted = |pass: &&Pass| pass.number.is_multiple_of(5000) || pass.number == PASSES - 1;
    let errors = passes
        .iter()
        .filter(wanted)
        .map(|pass| json!({ "iteration": pass.number, "mean_abs": pass.mean_abs, "ErrorT": pass.factors.cost, "line": line(pass) }));
    let snapshots = passes.iter().filter(|pass| TAKEN_APART.contains(&pass.number)).map(snapshot);
    json!({
        "alpha": ALPHA,
        "iterations": PASSES,
        "X": [X],
        "Y": [Y],
        "generator": {
            "first_u32": (0..8).map(|_| words.next_u32()).collect::<Vec<_>>(),
            "first_16_random_sample": (0..16).map(|_| samples.random_sample()).collect::<Vec<_>>(),
        },
        "init": { "W0": matrix(HIDDEN, &w0(start)), "W1": matrix(1, w1(start)) },
        "print_lines": lines,
        "errors": errors.collect::<Vec<_>>(),
        "snapshots": snapshots.collect::<Vec<_>>(),
        "final": {
            "W0": matrix(HIDDEN, &w0(last)),
            "W1": matrix(1, w1(last)),
            "output_after_last_update": [output],
            "W0_rows_0_and_1_never_change": w0(last)[..2 * HIDDEN] == w0(start)[..2 * HIDDEN],
        },
    })
}

/// Everything the body of the loop computes in one pass, by the notebook's names.
fn snapshot(pass: &Pass) -> Value {
    let factors = &pass.factors;
    let scaled = |gradient: Vec<f64>| -> Vec<f64> { gradient.iter().map(|g| ALPHA * g).collect() };
    let (g0, g1) = (w0(&pass.gradient), w1(&pass.gradient).to_vec());
    json!({
        "iteration": pass.number,
        "W0_before": matrix(HIDDEN, &w0(&pass.parameters)),
        "W1_before": matrix(1, w1(&pass.parameters)),
        "layer0": [X],
        "layer1_inputs": [factors.z[0]],
        "layer1_outputs": [factors.a[0]],
        "layer2_inputs": [factors.z[1]],
        "layer2_outputs": [factors.a[1]],
        "d_ErrorT_d_layer_2_outputs": [factors.dc_da[1]],
        "d_layer2_outputs_d_layer2_inputs": [factors.da_dz[1]],
        "d_layer2_inputs_d_layer1_weights": matrix(1, &factors.dz_dw[1]),
        "d_errorT_d_W1": matrix(1, &g1),
        "W1_deltas": matrix(1, &scaled(g1)),
        "d_layer2_inputs_d_layer1_outputs": [factors.dz_da[1]],
        "d_layer1_outputs_d_layer1_inputs": [factors.da_dz[0]],
        "d_layer1_inputs_d_W0": matrix(X.len(), &factors.dz_dw[0]),
        "d_errorT_d_W0": matrix(HIDDEN, &g0),
        "W0_deltas": matrix(HIDDEN, &scaled(g0)),
        "d_ErrorT_d_layer2_inputs (comment)": [factors.dc_dz[1]],
        "d_ErrorT_d_layer1_outputs (comment)": [factors.dc_da[0]],
        "d_ErrorT_d_layer1_inputs (comment)": [factors.dc_dz[0]],
        "ErrorT": factors.cost,
        "printed_error_quantity_mean_abs": pass.mean_abs,
        "W0_after": matrix(HIDDEN, &w0(&pass.after)),
        "W1_after": matrix(1, w1(&pass.after)),
    })
}
