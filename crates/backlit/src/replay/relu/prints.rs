//! The lines that the notebook's code prints.

use super::layer::Results;
use super::neuron::{Forward, Neuron, Updated};
use super::{BIASES, DVALUES, FEATURES, LATER_WEIGHTS, NEURONS, ONES, SAMPLES, WEIGHTS, Work, biases};
use crate::replay::python_text::{array1, array2, float, int_array2, list};
use crate::replay::record::Cell;
use crate::replay::study::transposed;
use serde_json::{Value, json};

pub(super) fn products(forward: &Forward) -> [String; 1] {
    [list(&forward.input_weights)]
}

pub(super) fn outputs(forward: &Forward, labels: [&str; 2]) -> [String; 2] {
    [format!("{}{}", labels[0], float(forward.z)), format!("{}{}", labels[1], float(forward.y))]
}

pub(super) fn weights_and_bias(updated: &Updated) -> [String; 1] {
    [format!("{} {}", list(&updated.w), float(updated.b))]
}

pub(super) fn first_link(neuron: &Neuron) -> [String; 3] {
    [
        format!("the derivative of the next layer is:  {}", float(neuron.dvalue)),
        format!("the derivative of the current layer:  {}", neuron.slope),
        format!("the chain rule of the next layer with the current:  {}", float(neuron.drelu_dz)),
    ]
}

/// The slopes of the sum are integers in the notebook: they print without a point.
pub(super) fn sum_link(neuron: &Neuron) -> [String; 8] {
    let (sum, relu) = ("partial derivative of the sum function wrt", "partial derivative of the reLU function wrt the");
    [
        format!("{sum}. weighted inputs0:  {}", neuron.dsum_dxw[0]),
        format!("{sum}. the weighted inputs1 {}", neuron.dsum_dxw[1]),
        format!("{sum} the weighted inputs2:  {}", neuron.dsum_dxw[2]),
        format!("{sum} the bias:  {}", neuron.dsum_db),
        format!("{relu} weighted inputs0 {}", float(neuron.drelu_dwx[0])),
        format!("{relu} weighted inputs1 {}", float(neuron.drelu_dwx[1])),
        format!("{relu} weighted inputs2 {}", float(neuron.drelu_dwx[2])),
        format!("{relu} bias {}", float(neuron.drelu_db)),
    ]
}

/// Two of the prints end in a blank and an empty line.
pub(super) fn product_link(neuron: &Neuron) -> Vec<String> {
    let line = |letter: &str, value: f64| format!("partial derivative of the multiplication function wrt {letter}:  {}", float(value));
    let (x, w) = (&neuron.dmul_dx, &neuron.dmul_dw);
    let mut lines = vec![line("x0", x[0]), line("x1", x[1]), line("x2", x[2]) + " ", String::new()];
    lines.extend([line("w0", w[0]), line("w1", w[1]), line("x2", x[2]) + " ", String::new()]);
    for i in 0..3 {
        for (what, value) in [("input", neuron.drelu_dx[i]), ("weight", neuron.drelu_dw[i])] {
            lines.push(format!("partial derivative of the reLU function with resepct to the {what} {i}:  {}", float(value)));
        }
    }
    lines.push(format!("partial derivatve of the reLU function with respect to the bias:  {}", float(neuron.drelu_db)));
    lines
}

pub(super) fn layer_weights() -> Vec<String> {
    let turned = transposed(FEATURES, &WEIGHTS);
    vec![
        format!("this is the weights: \n {}", array2(NEURONS, FEATURES, &WEIGHTS)),
        "this is the weights shape (3, 4)".into(),
        format!("this is the weights transposed: \n {}", array2(FEATURES, NEURONS, &turned)),
        "this is now the weights shape:  (4, 3)".into(),
    ]
}

pub(super) fn dvalues() -> [String; 2] {
    [format!("gradients from the next layer:  {}", array1(&ONES)), "dvalue shape:  (3,)".into()]
}

pub(super) fn batch(layer: &Results) -> [String; 2] {
    ["(3, 3)".into(), array2(3, FEATURES, &layer.batch)]
}

pub(super) fn combined(work: &Work) -> Vec<String> {
    let c = &work.combined;
    let weights = transposed(FEATURES, &work.combined_after[..WEIGHTS.len()]);
    let grid = |values: &[f64]| array2(3, NEURONS, values);
    vec![
        "input shape:  (3, 4)".into(),
        "weights shape:  (4, 3)".into(),
        format!("layer outputs before reLU activation function: \n {}", grid(&c.outputs)),
        format!("layer outputs after the reLU activation function: \n {}", grid(&c.relu_outputs)),
        grid(&c.drelu),
        array2(FEATURES, NEURONS, &weights),
        array2(1, NEURONS, biases(&work.combined_after)),
    ]
}

pub(super) fn classes(work: &Work) -> Vec<String> {
    let dense = &work.dense;
    let grid = |values: &[f64]| array2(3, NEURONS, values);
    // dvalues are integers in the notebook, and so is their sum.
    let dbiases: Vec<i64> = dense.dbiases.iter().map(|sum| sum.round() as i64).collect();
    vec![
        format!("current weights: {}", array2(FEATURES, NEURONS, &transposed(FEATURES, &LATER_WEIGHTS))),
        format!("current biases: {}", array2(1, NEURONS, &BIASES)),
        format!("current sample(s): {}", array2(3, FEATURES, &SAMPLES)),
        format!("output before reLU activation function: {}", grid(&dense.outputs)),
        format!("output after reLU activation function: {}", grid(&dense.relu_outputs)),
        format!("current weights: {}", array2(FEATURES, NEURONS, &dense.dweights)),
        format!("current bias: {}", int_array2(1, NEURONS, &dbiases)),
        format!("current inputs: {}", array2(3, FEATURES, &dense.dinputs)),
    ]
}

/// dvalues as the integers that they are.
pub(super) fn integers() -> String {
    int_array2(3, NEURONS, &DVALUES.map(|value| value as i64))
}

/// A cell's print without trailing blanks and empty lines.
pub(super) fn as_json(cell: &Cell) -> Value {
    let lines = cell.printed.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty());
    json!({ "cell": cell.label, "replay": lines.collect::<Vec<_>>() })
}

/// What the cells with the update print when each is run once.
pub(super) fn clean_run(work: &Work) -> Vec<Value> {
    let (once, shown) = (&work.once, &work.printed);
    let labels = super::cells::SECOND_PASS;
    let cells = [
        ("In [23]", weights_and_bias(once).to_vec(), weights_and_bias(shown).to_vec()),
        ("In [24]", products(&once.forward).to_vec(), products(&shown.forward).to_vec()),
        ("In [25]", outputs(&once.forward, labels).to_vec(), outputs(&shown.forward, labels).to_vec()),
    ];
    cells.into_iter().map(|(cell, once, shown)| json!({ "cell": cell, "same": once == shown, "replay": once })).collect()
}
