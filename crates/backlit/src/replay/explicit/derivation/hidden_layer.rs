//! Five factors for each weight of W0.

use super::output_layer::{FIRST, SECOND};
use super::{ALPHA, DIGITS, HIDDEN, Pass, X, net_input, w0, w1};
use crate::replay::page::Page;

pub(super) fn section(page: &mut Page, first: &Pass) {
    page.heading(2, "Backpropagation: the weights of W0");
    page.say(
        "The same once more for the weights that lead into the hidden layer. The chain for the first of them, `W0[0][0]`, goes through hidden \
         node 0; every other weight has the chain of its own node.",
    );
    page.state("ErrorT__W0_0_0", "ErrorT__layer1_outputs_0 * layer1_outputs_0__layer1_inputs_0 * layer1_inputs_0__W0_0_0");
    by_outputs(page, first);
    by_inputs(page, first);
    by_weights(page, first);
    together(page, first);
    updates(page, first);
    page.say("The same as arrays, under the names that the code gives them:");
    page.close("Gradient of the hidden layer's weights, W0: five factors");
}

fn by_outputs(page: &mut Page, first: &Pass) {
    let f = &first.factors;
    page.heading(3, "The total error by each hidden output");
    page.say("Each of the four hidden nodes has its own share in the error. By the chain rule, for node 0:");
    page.state("ErrorT__layer1_outputs_0", &format!("{FIRST} * {SECOND} * layer2_inputs_0__layer1_outputs_0"));
    page.say(
        "The first two factors are known from $W1$. For the third look at the sum of products again, as a function of the outputs this time: \
         the terms without $layer1_outputs_0$ go to 0, and its weight is left. All four are $W1$ turned on its side, `W1.T`, in the code \
         `d_layer2_inputs_d_layer1_outputs`.",
    );
    page.state("layer2_inputs_0", &net_input());
    for j in 0..HIDDEN {
        page.derive(&format!("layer2_inputs_0__layer1_outputs_{j}"), &format!("W1_{j}"), f.dz_da[1][j], DIGITS);
    }
    page.say("So the error by each hidden output is");
    for j in 0..HIDDEN {
        let product = format!("{FIRST} * {SECOND} * layer2_inputs_0__layer1_outputs_{j}");
        page.derive(&format!("ErrorT__layer1_outputs_{j}"), &product, f.dc_da[0][j], DIGITS);
    }
}

fn by_inputs(page: &mut Page, first: &Pass) {
    page.heading(3, "Each hidden output by its net input");
    page.say("A hidden output is the sigmoid of its net input, too. In the code: `d_layer1_outputs_d_layer1_inputs`.");
    for j in 0..HIDDEN {
        let name = format!("layer1_outputs_{j}__layer1_inputs_{j}");
        page.derive(&name, &format!("layer1_outputs_{j} * (1 - layer1_outputs_{j})"), first.factors.da_dz[0][j], DIGITS);
    }
}

fn by_weights(page: &mut Page, first: &Pass) {
    page.heading(3, "Each net input by its weights");
    page.say(
        "The net input of node 0 is a sum over the inputs; its partial derivative by a weight is the input that the weight multiplies. It is \
         the same for each of the four nodes, `d_layer1_inputs_d_W0`.",
    );
    page.state("layer1_inputs_0", "layer0_0 * W0_0_0 + layer0_1 * W0_1_0 + layer0_2 * W0_2_0");
    for j in 0..HIDDEN {
        for i in 0..X.len() {
            let name = format!("layer1_inputs_{j}__W0_{i}_{j}");
            let value = first.factors.dz_dw[0][j * X.len() + i];
            match j {
                0 => page.derive(&name, &format!("layer0_{i}"), value, 0),
                _ => page.give(&name, value, 0),
            }
        }
    }
}

fn together(page: &mut Page, first: &Pass) {
    page.heading(3, "The gradient of W0, and the step");
    page.say("Written out in full, `d_errorT_d_W0` is a product of five factors for each of the 3 × 4 weights. The weights of the input that is 1:");
    let product = |i: usize, j: usize| {
        let rest = format!("layer1_outputs_{j}__layer1_inputs_{j} * layer1_inputs_{j}__W0_{i}_{j}");
        format!("{FIRST} * {SECOND} * layer2_inputs_0__layer1_outputs_{j} * {rest}")
    };
    let gradient = w0(&first.gradient);
    for j in 0..HIDDEN {
        page.derive(&format!("ErrorT__W0_2_{j}"), &product(2, j), gradient[2 * HIDDEN + j], DIGITS);
    }
    page.say("The inputs 0 and 1 are 0, and so are the gradients of their weights, as of the first:");
    page.derive("ErrorT__W0_0_0", &product(0, 0), gradient[0], DIGITS);
    page.say("Times alpha that is the step, `W0_deltas`:");
    for j in 0..HIDDEN {
        page.derive(&format!("W0_deltas_2_{j}"), &format!("alpha * ErrorT__W0_2_{j}"), ALPHA * gradient[2 * HIDDEN + j], DIGITS);
    }
}

fn updates(page: &mut Page, first: &Pass) {
    page.heading(3, "The update");
    page.say("Only with both gradients known do both matrices move, so that $W0$'s gradient has gone through the old $W1$:");
    for (j, after) in w1(&first.after).iter().enumerate() {
        page.derive(&format!("W1_{j}_new"), &format!("W1_{j} - W1_deltas_{j}"), *after, DIGITS);
    }
    for (j, after) in w0(&first.after)[2 * HIDDEN..].iter().enumerate() {
        page.derive(&format!("W0_2_{j}_new"), &format!("W0_2_{j} - W0_deltas_2_{j}"), *after, DIGITS);
    }
}
