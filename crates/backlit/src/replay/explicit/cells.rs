//! The steps of the notebook with their prints and remarks.

use super::{ALPHA, HIDDEN, Pass, X, Y, line, w0, w1};
use crate::replay::python_text::{array2, float};
use crate::replay::record::Cell;

pub(super) fn cells(start: &[f64], passes: &[Pass], last: &[f64], output: &[f64]) -> Vec<Cell> {
    let mut cells = vec![settings(start)];
    if let [first, .., end] = passes {
        cells.extend([forward(first), output_layer(first), hidden_layer(first), training(passes, first, end, last, output)]);
    }
    cells
}

fn row(values: &[f64]) -> String {
    array2(1, values.len(), values)
}

fn column(values: &[f64]) -> String {
    array2(values.len(), 1, values)
}

/// Inputs × hidden units. The engine's zeros carry a sign where the other factors are negative; none is shown.
fn grid(values: &[f64]) -> String {
    let plain: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    array2(plain.len() / HIDDEN, HIDDEN, &plain)
}

fn settings(start: &[f64]) -> Cell {
    Cell::new(
        "In [None]",
        "The example, the start and the step size",
        "One example with three inputs, the third always 1, and the target 0. The weights are drawn from NumPy's generator with \
         seed 2 as 2u - 1, W0 (inputs × units) first. alpha multiplies every gradient before it is subtracted.",
    )
    .computes("alpha", ALPHA)
    .computes("X", row(&X))
    .computes("Y", row(&Y))
    .computes("W0", grid(&w0(start)))
    .computes("W1", column(w1(start)))
    .note(
        "D0.13",
        "The sigmoid's derivative output(1 - output) is never negative: it gives no direction. The sign of a step comes \
                    from -(Y - output), the weights and the inputs.",
    )
    .note(
        "D0.19",
        "Three layers of nodes are two of weights. There is no bias; the input that is always 1 serves as one for the \
                    hidden layer, the output has none.",
    )
    .note(
        "D0.15",
        "json, time, Javascript and display are imported and never used; flot and d3 are set up and nothing is ever \
                    plotted (D0.16). A replay leaves them out.",
    )
}

fn forward(pass: &Pass) -> Cell {
    let f = &pass.factors;
    Cell::new(
        "In [None]",
        "Forward, in the first pass",
        "Each layer's net input is the product of what comes in with its weights; its output is the sigmoid of that.",
    )
    .computes("layer1_inputs", row(&f.z[0]))
    .computes("layer1_outputs", row(&f.a[0]))
    .computes("layer2_inputs", row(&f.z[1]))
    .computes("layer2_outputs", row(&f.a[1]))
    .computes("ErrorT", float(f.cost))
    .note(
        "D0.17",
        "A comment names layer1_net_input and layer1_net_output, which do not exist: the net input is layer1_inputs, the \
                    output layer1_outputs.",
    )
    .note("D0.10", "What the notebook calls the standard error is half the squared error, ErrorT = 0.5 (Y - output)^2.")
}

fn output_layer(pass: &Pass) -> Cell {
    let f = &pass.factors;
    Cell::new(
        "In [None]",
        "Gradient of the output layer's weights, W1: three factors",
        "How ErrorT changes with the output, the output with its net input, and the net input with each weight. Their product is \
         the gradient, and alpha times it the step.",
    )
    .computes("d_ErrorT_d_layer_2_outputs", row(&f.dc_da[1]))
    .computes("d_layer2_outputs_d_layer2_inputs", row(&f.da_dz[1]))
    .computes("d_layer2_inputs_d_layer1_weights", column(&f.dz_dw[1]))
    .computes("d_errorT_d_W1", column(w1(&pass.gradient)))
    .computes("W1_deltas", column(&w1(&pass.gradient).iter().map(|g| ALPHA * g).collect::<Vec<_>>()))
    .note("D0.9", "The first line of the derivation has no inner derivative; it is 2 · 0.5 · (Y - output) · -1 from the start.")
    .note("D0.8", "The weights that the name d_layer2_inputs_d_layer1_weights means are those of W1.")
    .note("D0.11", "W1 leads into the output layer; the notebook calls it the hidden layer's.")
    .note(
        "D0.5",
        "The notebook's expressions take the first sample only, which is right for one sample and wrong for a batch. The \
                    engine takes every row.",
    )
}

fn hidden_layer(pass: &Pass) -> Cell {
    let f = &pass.factors;
    Cell::new(
        "In [None]",
        "Gradient of the hidden layer's weights, W0: five factors",
        "The first two factors are reused. Then come the output's net input by each hidden output, each hidden output by its net \
         input, and that by each weight of W0. Both matrices move only after both gradients are known.",
    )
    .computes("d_layer2_inputs_d_layer1_outputs", row(&f.dz_da[1]))
    .computes("d_ErrorT_d_layer1_outputs", row(&f.dc_da[0]))
    .computes("d_layer1_outputs_d_layer1_inputs", row(&f.da_dz[0]))
    .computes("d_layer1_inputs_d_W0", array2(HIDDEN, X.len(), &f.dz_dw[0]))
    .computes("d_errorT_d_W0", grid(&w0(&pass.gradient)))
    .computes("W0_deltas", grid(&w0(&pass.gradient).iter().map(|g| ALPHA * g).collect::<Vec<_>>()))
    .computes("W0 after the pass", grid(&w0(&pass.after)))
    .computes("W1 after the pass", column(w1(&pass.after)))
    .note(
        "D0.4",
        "The notebook writes the inputs [0,0,1] four times as d_layer1_inputs_d_W0. It is layer0, and equal only because X \
                    is [[0,0,1]]; here it is taken from the inputs.",
    )
    .note("D0.7", "Where the notebook has W0[0] for one weight it means W0[0][0]: W0 is 3 × 4.")
    .note(
        "D0.18",
        "d_layer2_inputs_d_layer1_outputs is a view of W1: looked at after the update it shows the new W1. The value used, \
                    and shown here, is W1 before it.",
    )
    .note("D0.22", "In NumPy the first two rows of d_errorT_d_W0 hold -0.0 where the other factors are negative; 0 is printed here.")
}

fn training(passes: &[Pass], first: &Pass, end: &Pass, last: &[f64], output: &[f64]) -> Cell {
    Cell::new("In [None]", "60,000 passes", "The same pass again and again; every 5,000th prints its error.")
        .prints(passes.iter().filter_map(line))
        .computes("W0 at the end", grid(&w0(last)))
        .computes("W1 at the end", column(w1(last)))
        .computes("layer2_outputs at the end", row(output))
        .note("D0.1", "The notebook holds no output. These twelve lines are what its code prints.")
        .note(
            "D0.2",
            format!(
                "The Error that is printed is the mean of |Y - output| before the pass's update; ErrorT, whose gradient is used, is \
             another quantity. In the first pass they are {} and {}.",
                float(first.mean_abs),
                float(first.factors.cost)
            ),
        )
        .note(
            "D0.3",
            format!(
                "The last line is that of pass 55,000. The last pass, 59,999, has {}, and after its update the output is {}.",
                float(end.mean_abs),
                float(output[0])
            ),
        )
        .note(
            "D0.6",
            "Inputs 0 and 1 are always 0, so rows 0 and 1 of W0 have the gradient 0 in every pass: 8 of the 12 weights never \
                   move.",
        )
}
