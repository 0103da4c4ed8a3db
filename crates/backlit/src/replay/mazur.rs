//! The 2-2-2 worked example: one round by hand, then 10,000.

mod cells;
mod derivation;
mod numbers;
mod prose;
mod rounds;

use super::record::{Agreement, Replay};
use super::study::{Factors, Model, descend, factors};
use crate::error::Error;
use backlit_engine::Network;
use rounds::Run;

const TITLE: &str = "A 2-2-2 net of sigmoids, worked by hand";
const INPUTS: [f64; 2] = [0.05, 0.10];
const TARGETS: [f64; 2] = [0.01, 0.99];
const ETA: f64 = 0.5;
/// w1 .. w4, b1 for each hidden neuron, w5 .. w8, b2 for each output neuron: the engine's order.
const START: [f64; 12] = [0.15, 0.20, 0.25, 0.30, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.60, 0.60];
/// Where the biases lie. The notebook never updates them.
const BIASES: [std::ops::Range<usize>; 2] = [4..6, 10..12];
/// Where the weights lie.
const WEIGHTS: [std::ops::Range<usize>; 2] = [0..4, 6..10];
const NAMES: [&str; 8] = ["w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"];

/// Everything that the notebook computes, and what it leaves to the reader.
struct Example {
    factors: Factors,
    /// The example with one output neuron only, for each: E_o1 and E_o2 by themselves.
    alone: [Factors; 2],
    gradient: Vec<f64>,
    updated: Vec<f64>,
    /// delta_o1, delta_o2, multiplied from left to right as the notebook writes them.
    delta: [f64; 2],
    /// w5_contrib .. w8_contrib as the notebook writes them.
    contributions: [f64; 4],
    /// w5_updated .. w8_updated.
    shown_updated: Vec<f64>,
    /// delta_o times w_ho times slope times input, as the notebook's text has it: gradients of w1 .. w4.
    hidden: [f64; 4],
    runs: Vec<Run>,
}

pub(super) fn replay() -> Result<Replay, Error> {
    let (example, mut agreement) = compute()?;
    let cells = cells::cells(&example);
    Ok(Replay {
        name: "mazur".into(),
        title: TITLE.into(),
        source: "the notebook \"Backpropagation\"".into(),
        credit: "the numbers are those of Matt Mazur's step-by-step example, \
                 http://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example"
            .into(),
        document: derivation::page(&example, &cells, &mut agreement),
        cells,
        numbers: numbers::numbers(&example),
        agreement,
    })
}

fn compute() -> Result<(Example, Vec<Agreement>), Error> {
    let network = Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error();
    let model = Model::new(network.clone())?;
    let factors = factors(&network, &START, &INPUTS, &TARGETS)?;
    let gradient = model.gradient(&START, &INPUTS, &TARGETS).1;
    let updated = model.train(&START, &INPUTS, &TARGETS, ETA, 1, &BIASES, &mut |_| ())?;
    let (h, out) = (&factors.a[0], &factors.a[1]);
    // -(o1 - out_o1) * out_o1 * (1 - out_o1), in this order: another order has another last digit.
    let delta = [0, 1].map(|o| -(TARGETS[o] - out[o]) * out[o] * (1.0 - out[o]));
    let contributions = [delta[0] * h[0], delta[0] * h[1], delta[1] * h[0], delta[1] * h[1]];
    let mut shown = gradient.clone();
    shown[WEIGHTS[1].clone()].copy_from_slice(&contributions);
    let shown_updated = descend(&START, &shown, ETA, &WEIGHTS)?[WEIGHTS[1].clone()].to_vec();
    let w = &START[WEIGHTS[1].clone()];
    let through = [delta[0] * w[0] + delta[1] * w[2], delta[0] * w[1] + delta[1] * w[3]];
    let hidden = [0, 1, 2, 3].map(|i| through[i / 2] * (h[i / 2] * (1.0 - h[i / 2])) * INPUTS[i % 2]);
    let example = Example {
        alone: [alone(0)?, alone(1)?],
        delta,
        contributions,
        shown_updated,
        hidden,
        runs: rounds::all()?,
        gradient,
        updated,
        factors,
    };
    let agreement = agreements(&example, &model)?;
    Ok((example, agreement))
}

/// The example with output neuron `o` only.
fn alone(o: usize) -> Result<Factors, Error> {
    let network = Network::inputs(2).dense(2).sigmoid().dense(1).sigmoid().half_squared_error();
    let parameters = [&START[..6], &START[6 + 2 * o..8 + 2 * o], &START[10 + o..11 + o]].concat();
    factors(&network, &parameters, &INPUTS, &TARGETS[o..=o])
}

fn agreements(example: &Example, model: &Model) -> Result<Vec<Agreement>, Error> {
    let Example { factors, gradient, delta, contributions, .. } = example;
    let weights = [&gradient[WEIGHTS[0].clone()], &gradient[WEIGHTS[1].clone()]].concat();
    let errors: Vec<f64> = example.alone.iter().map(|factors| factors.cost).collect();
    let parts: Vec<f64> = (0..2).map(|h| example.alone.iter().map(|factors| factors.dc_da[0][h]).sum()).collect();
    let in_one_go = model.train(&START, &INPUTS, &TARGETS, ETA, 10_000, &BIASES, &mut |_| ())?;
    let by_rounds = example.runs[0].at(10_000).map(|point| point.parameters()).unwrap_or_default();
    let displayed: Vec<String> = cells::displays(example).map(|(_, _, text)| text).into();
    let shown: Vec<String> = cells::SHOWN.map(String::from).into();
    let mut all = vec![
        Agreement::lines("the nine displayed values, character by character", &displayed, &shown),
        Agreement::numbers("delta_o1, delta_o2 from left to right, and the engine's ∂E/∂net_o", delta, &factors.dc_dz[1], 1e-15),
        Agreement::numbers("w5_contrib .. w8_contrib, and the engine's gradient", contributions, &weights[4..], 1e-15),
        Agreement::numbers(
            "(Σ delta_o w_ho) out_h (1 - out_h) i, and the engine's gradient of w1 .. w4",
            &example.hidden,
            &weights[..4],
            // Eight roundings follow one another.
            4e-15,
        ),
        Agreement::numbers(
            "w5_updated .. w8_updated, and the engine's step",
            &example.shown_updated,
            &example.updated[WEIGHTS[1].clone()],
            1e-15,
        ),
        Agreement::numbers("E_o1 + E_o2, and the engine's cost", &[errors.iter().sum()], &[factors.cost], 1e-15),
        Agreement::numbers("∂E_o1/∂out_h + ∂E_o2/∂out_h, and ∂E_total/∂out_h", &parts, &factors.dc_da[0], 1e-15),
        factors.agreement("the engine's factors multiplied layer by layer, and its gradient", &weights, 1e-15),
        Agreement::numbers("10,000 rounds of the trainer, and of the rounds counted one by one", &in_one_go, &by_rounds, 1e-12),
    ];
    all.extend(prose::agreement(example));
    Ok(all)
}
