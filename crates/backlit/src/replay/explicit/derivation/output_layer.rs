//! Three factors for each weight of W1.

use super::{ALPHA, DIGITS, HIDDEN, Pass, net_input};
use crate::replay::page::Page;

/// The partial derivative of the total error by the output, of the output by its net input.
pub(super) const FIRST: &str = "ErrorT__layer2_outputs_0";
pub(super) const SECOND: &str = "layer2_outputs_0__layer2_inputs_0";

pub(super) fn section(page: &mut Page, first: &Pass) {
    page.heading(2, "Backpropagation: the weights of W1");
    page.say(
        "How much does the total error change with each of the four weights that lead into the output node? The effects looked for are",
    );
    page.list((0..HIDDEN).map(|j| format!("the effect on `ErrorT` of changing `W1[{j}]`: $ErrorT__W1_{j}$")));
    page.say("The chain rule takes each apart into three partial derivatives, one for each step on the way from the weight to the error:");
    page.state("ErrorT__W1_0", &product(0));
    page.say("and the same for the other weights. Each of the three now by itself.");
    by_output(page, first);
    by_net_input(page, first);
    by_weights(page, first);
    together(page, first);
    page.say("The same as arrays, under the names that the code gives them:");
    page.close("Gradient of the output layer's weights, W1: three factors");
}

fn product(j: usize) -> String {
    format!("{FIRST} * {SECOND} * layer2_inputs_0__W1_{j}")
}

fn by_output(page: &mut Page, first: &Pass) {
    page.heading(3, "The total error by the output");
    page.say(
        "Take the derivative of `ErrorT` by the output: the power comes down, the exponent loses 1, and the inner derivative of \
         $Y - layer2_outputs_0$ is -1. In the code this is `d_ErrorT_d_layer_2_outputs = -(Y - layer2_outputs[0])`.",
    );
    page.state("ErrorT", "0.5 * (Y - layer2_outputs_0)^2");
    let steps = "2 * 0.5 * (Y - layer2_outputs_0)^(2 - 1) * (-1) = 1 * (Y - layer2_outputs_0) * (-1) = -(Y - layer2_outputs_0)";
    page.derive(FIRST, steps, first.factors.dc_da[1][0], DIGITS);
}

fn by_net_input(page: &mut Page, first: &Pass) {
    page.heading(3, "The output by its net input");
    page.say(
        "The output is the sigmoid of the net input, and the derivative of the sigmoid is its output times one minus it. In the code: \
         `d_layer2_outputs_d_layer2_inputs`.",
    );
    page.state("layer2_outputs_0", "1 / (1 + exp(-layer2_inputs_0))");
    page.derive(SECOND, "layer2_outputs_0 * (1 - layer2_outputs_0)", first.factors.da_dz[1][0], DIGITS);
}

fn by_weights(page: &mut Page, first: &Pass) {
    let f = &first.factors;
    page.heading(3, "The net input by each weight");
    page.say("The net input is a sum of products, one for each node of the hidden layer:");
    page.state("layer2_inputs_0", &net_input());
    page.say(
        "For one weight all the other terms are constants and go to 0; what is left is the output that the weight multiplies. There are four \
         such partial derivatives, so the notebook fills `d_layer2_inputs_d_layer1_weights` in a loop:",
    );
    page.derive("layer2_inputs_0__W1_0", "1 * layer1_outputs_0 * W1_0^(1 - 1) + 0 + 0 + 0 = layer1_outputs_0", f.dz_dw[1][0], DIGITS);
    for j in 1..HIDDEN {
        page.derive(&format!("layer2_inputs_0__W1_{j}"), &format!("layer1_outputs_{j}"), f.dz_dw[1][j], DIGITS);
    }
}

fn together(page: &mut Page, first: &Pass) {
    page.heading(3, "The gradient of W1, and the step");
    page.say("The three multiplied are the gradient, `d_errorT_d_W1`:");
    let gradient = super::w1(&first.gradient);
    for (j, expected) in gradient.iter().enumerate() {
        page.derive(&format!("ErrorT__W1_{j}"), &product(j), *expected, DIGITS);
    }
    page.say("and alpha times it is what will be taken off the weights, `W1_deltas`:");
    for (j, g) in gradient.iter().enumerate() {
        page.derive(&format!("W1_deltas_{j}"), &format!("alpha * ErrorT__W1_{j}"), ALPHA * g, DIGITS);
    }
}
