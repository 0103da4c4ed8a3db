//! The worked example as a page: each formula in symbols, then with its numbers.

mod figures;
mod hidden_layer;
mod output_layer;
mod rounds;

use super::{ETA, Example, INPUTS, NAMES, START, TARGETS, TITLE, WEIGHTS};
use crate::document::Document;
use crate::replay::page::{Digits, Page, symbols};
use crate::replay::python_text::fixed;
use crate::replay::record::{Agreement, Cell};
use backlit_engine::typeset::Math;

/// Digits that the notebook's text gives most of its numbers.
const NINE: usize = 9;
const EIGHT: usize = 8;

pub(super) fn page(example: &Example, cells: &[Cell], agreement: &mut Vec<Agreement>) -> Document {
    let mut page = Page::new(TITLE, cells, symbols::worked_example);
    introduction(&mut page);
    forward(&mut page, example);
    total_error(&mut page, example);
    output_layer::section(&mut page, example);
    hidden_layer::section(&mut page, example);
    all_weights(&mut page, example);
    rounds::section(&mut page, example);
    page.finish(agreement)
}

/// Weights, biases, inputs and targets under their names.
fn given(page: &mut Page) {
    page.constant("e", std::f64::consts::E);
    page.give_all("i", 1, &INPUTS, Digits::Shortest);
    page.give("target_o1", TARGETS[0], Digits::Shortest);
    page.give("target_o2", TARGETS[1], Digits::Shortest);
    for (layer, range) in WEIGHTS.iter().enumerate() {
        page.give_all("w", 1 + 4 * layer, &START[range.clone()], Digits::Shortest);
        page.give(&format!("b{}", layer + 1), START[range.end], Digits::Shortest);
    }
    page.give("eta", ETA, Digits::Shortest);
}

fn introduction(page: &mut Page) {
    given(page);
    page.say(
        "The notebook \"Backpropagation\" with the numbers of \
         [Matt Mazur's step-by-step example](http://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example): one example goes \
         forward through a small network, its error goes back, and every weight moves once. Each formula stands first in symbols, then with \
         its numbers; the numbers are the engine's.",
    );
    page.heading(2, "The network");
    page.diagram(&figures::network(), "Two inputs, two hidden neurons, two outputs. A bias is a weight on an input that is always 1.");
    page.say(
        "$net$ is what reaches a neuron, $out$ what leaves it, $E$ an error. $w1$ to $w4$ lead into the hidden neurons, $w5$ to $w8$ into \
         the output neurons; $b1$ and $b2$ are the biases, one for each layer.",
    );
    page.cell("In [42]");
}

fn forward(page: &mut Page, example: &Example) {
    let f = &example.factors;
    page.heading(2, "Forward");
    page.say("What does the network say at present? The inputs go through it from left to right.");
    page.open("In [44]");
    page.derive("net_h1", "w1 * i1 + w2 * i2 + b1 * 1", f.z[0][0], 4);
    page.derive("net_h2", "w3 * i1 + w4 * i2 + b1 * 1", f.z[0][1], 4);
    page.close("In [44]");
    page.open("In [47]");
    page.say("It squashes any number into the room between 0 and 1. The notebook's code raises e itself: `e ** (-x)`.");
    page.derive("out_h1", "1 / (1 + e^(-net_h1))", f.a[0][0], NINE);
    page.derive("out_h2", "1 / (1 + e^(-net_h2))", f.a[0][1], NINE);
    page.close("In [47]");
    page.open("In [53]");
    page.derive("net_o1", "w5 * out_h1 + w6 * out_h2 + b2 * 1", f.z[1][0], NINE);
    page.derive("net_o2", "w7 * out_h1 + w8 * out_h2 + b2 * 1", f.z[1][1], NINE);
    page.close("In [53]");
    page.open("In [55]");
    page.derive("out_o1", "1 / (1 + e^(-net_o1))", f.a[1][0], EIGHT);
    page.derive("out_o2", "1 / (1 + e^(-net_o2))", f.a[1][1], EIGHT);
    page.close("In [55]");
}

fn total_error(page: &mut Page, example: &Example) {
    let [e1, e2] = [example.alone[0].cost, example.alone[1].cost];
    page.heading(2, "The total error");
    page.say(
        "The error of an output neuron is half the square of what its output lacks; the total error is the sum over the output neurons. The \
         half is there for its derivative, where it meets the 2 of the square.",
    );
    let each = page.math("1 / 2 * (target_o - out_o)^2");
    let sum = symbols::large("Σ", Math::letter("o"), None, each);
    page.open("In [63]");
    page.derive("E_o1", "1 / 2 * (target_o1 - out_o1)^2", e1, NINE);
    page.derive("E_o2", "1 / 2 * (target_o2 - out_o2)^2", e2, NINE);
    page.close("In [63]");
    page.open("In [65]");
    page.derive_from("E_total", sum, "E_o1 + E_o2", example.factors.cost, NINE);
    page.close("In [65]");
}

/// The factors of every weight, of which the text spells out two.
fn all_weights(page: &mut Page, example: &Example) {
    let f = &example.factors;
    page.heading(2, "All eight weights");
    page.say("The text works two weights out; the other six have the same three factors.");
    let row = |(i, name): (usize, &&str)| {
        let (layer, unit, input) = (i / 4, i / 2 % 2, i % 2);
        let place = WEIGHTS[layer].start + 2 * unit + input;
        let (letter, from) = if layer == 0 { ("h", "i") } else { ("o", "out_h") };
        let neuron = format!("{letter}{}", unit + 1);
        vec![
            format!("${name}$"),
            format!("$E_total__out_{neuron}$ = {}", fixed(f.dc_da[layer][unit], NINE)),
            format!("$out_{neuron}__net_{neuron}$ = {}", fixed(f.da_dz[layer][unit], NINE)),
            format!("$net_{neuron}__{name} = {from}{}$ = {}", input + 1, fixed(f.dz_dw[layer][2 * unit + input], NINE)),
            fixed(example.gradient[place], NINE),
            fixed(example.updated[place], NINE),
        ]
    };
    let head = ["weight", "error by output", "output by net input", "net input by weight", "their product", "weight after the step"];
    page.table("Three factors and their product for each weight", &head, NAMES.iter().enumerate().map(row), &[4, 5]);
}
