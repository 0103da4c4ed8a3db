//! The steps of the notebook with their prints and remarks.

use super::layer::Results;
use super::{FEATURES, NEURONS, Work, prints};
use crate::replay::python_text::{array1, array2, fixed, float};
use crate::replay::record::Cell;

/// The labels of the second forward pass; those of the first are a little different.
pub(super) const SECOND_PASS: [&str; 2] = ["output before the reLU activation function:  ", "output after the reLU activation function:  "];
const FIRST_PASS: [&str; 2] = ["output before reLU activation function: ", SECOND_PASS[1]];

pub(super) fn cells(work: &Work, layer: &Results) -> Vec<Cell> {
    let mut cells = neuron(work);
    cells.extend(update(work));
    cells.extend(one_layer(layer));
    cells.extend([combined(work), classes(work)]);
    cells
}

fn neuron(work: &Work) -> Vec<Cell> {
    let neuron = &work.neuron;
    vec![
        Cell::new("In [2]", "One neuron", "Three inputs, three weights and a bias.")
            .computes("x", "[1.0, -2.0, 3.0]")
            .computes("w", "[-3.0, -1.0, 2.0]")
            .computes("b", "1.0")
            .note("D3.17", "There is one output because there is one set of weights; the number of samples does not enter."),
        Cell::new("In [3]", "Weighted inputs", "Each input times its weight: input_weights.").prints(prints::products(&neuron.forward)),
        Cell::new("In [7]", "Sum, bias, ReLU", "z is the sum of the weighted inputs plus the bias; y is z where z > 0, otherwise 0.")
            .prints(prints::outputs(&neuron.forward, FIRST_PASS))
            .note("D3.16", "The text has \"z > o\"; the letter is a zero."),
        Cell::new(
            "In [8]",
            "Backward: ReLU",
            "The gradient from the next layer is made up, dvalue = 1. Times the slope of ReLU at z it is drelu_dz.",
        )
        .prints(prints::first_link(neuron)),
        Cell::new(
            "In [11]",
            "Backward: the sum",
            "A sum passes its gradient on unchanged: every dsum is 1, so drelu_dwx0, 1, 2 and drelu_db are drelu_dz.",
        )
        .prints(prints::sum_link(neuron))
        .note("D3.21", "The notebook has both dsum_dxw0 and drelu_dwx0; wx and xw are the same product."),
        Cell::new(
            "In [18]",
            "Backward: the products",
            "The derivative of a product is the other factor: dmul_dx are the weights, dmul_dw the inputs. Times drelu_dwx they are \
             the gradients of inputs and weights.",
        )
        .prints(prints::product_link(neuron))
        .computes("dmul_dw2", float(neuron.dmul_dw[2]))
        .note(
            "D3.2",
            format!("The \"x2\" line is printed twice; the second was meant to be \"wrt w2\", dmul_dw2 = {}.", float(neuron.dmul_dw[2])),
        )
        .note("D3.3", "The notebook multiplies drelu_dw1 and drelu_dw2 by drelu_dwx0 in place of their own factor; all three are 1 here.")
        .note("D3.22", "A partial derivative is written d/dx, not d/d_x."),
    ]
}

fn update(work: &Work) -> Vec<Cell> {
    let (neuron, once, thrice) = (&work.neuron, &work.once, &work.thrice);
    let before =
        super::Updated { w: neuron.w.to_vec(), b: neuron.b, forward: super::neuron::Forward { input_weights: vec![], z: 0.0, y: 0.0 } };
    vec![
        Cell::new("In [20]", "Weights and bias before the step", "").prints(prints::weights_and_bias(&before)),
        Cell::new("In [23]", "The step", "A small negative fraction, -0.001, of each gradient is added.")
            .prints(prints::weights_and_bias(&work.printed))
            .note(
                "D3.1",
                format!(
                    "These are the numbers after three runs of the weight lines and two of the bias line; In [20] to In [23] leaves room for \
                     them. The cell run once gives {}, and z = {}; the whole cell run three times would give the bias {} and z = {}.",
                    prints::weights_and_bias(once).concat(),
                    float(once.forward.z),
                    float(thrice.b),
                    float(thrice.forward.z)
                ),
            ),
        Cell::new("In [24]", "Forward once more", "The weighted inputs with the new weights.").prints(prints::products(&work.printed.forward)),
        Cell::new("In [25]", "The output is lower", "z and y with the new weights and bias.")
            .prints(prints::outputs(&work.printed.forward, SECOND_PASS))
            .note("D3.23", format!("The output is lowered, from {} to {}, not minimized.", float(neuron.forward.y), float(work.printed.forward.y))),
    ]
}

fn one_layer(layer: &Results) -> Vec<Cell> {
    vec![
        Cell::new("In [48]", "A gradient for each of three neurons", "dvalues, from the next layer: ones.")
            .prints(prints::dvalues())
            .note("D3.6", "The text says two-dimensional and row vector; dvalues has one dimension, (3,).")
            .note("D3.20", "The cell is numbered 48 and stands before In [33]; the order of the file is the one that works."),
        Cell::new("In [33]", "Weights of the layer", "One row of four weights for each neuron, and the transpose.")
            .prints(prints::layer_weights())
            .note("D3.13", "'the weight''s' is two texts joined: it prints \"weights\".")
            .note("D3.19", "Up to In [61] weights are neurons × inputs; from In [71] on they are stored inputs × neurons. The product is the same."),
        Cell::new("In [49]", "dinputs by sums", "Each input's weights, summed over the neurons, times the gradient.")
            .prints([array1(&layer.by_sums)])
            .note(
                "D3.5",
                format!(
                    "The first dvalue stands for all three, which is right only while they are equal. For [1, 2, 3] the formula gives {} and \
                     the product {}.",
                    array1(&layer.unequal_by_sums),
                    array1(&layer.unequal)
                ),
            ),
        Cell::new("In [59]", "dinputs by a product", "The same as np.dot(dvalues, weights).")
            .prints(["(3,)".to_string(), array1(&layer.dot)])
            .note("D3.4", format!("The weight 10.91 is -0.91 from In [71] on; with that it is {}.", array1(&layer.later))),
        Cell::new("In [61]", "dinputs of a batch", "Three rows of dvalues give three rows of dinputs.")
            .prints(prints::batch(layer))
            .note("D3.4", format!("With -0.91 in place of 10.91 it is {}.", one_line(&array2(3, FEATURES, &layer.later_batch)))),
    ]
}

fn combined(work: &Work) -> Cell {
    let (c, chain) = (&work.combined, &work.chain);
    let weights = super::transposed(FEATURES, &work.chain_after[..FEATURES * NEURONS]);
    Cell::new(
        "In [71]",
        "Forward, backward and step of a batch",
        "Layer and ReLU forward; then the gradient back through the ReLU's mask to inputs, weights and biases, and a step of -0.001.",
    )
    .prints(prints::combined(work))
    .computes("dinputs", array2(3, FEATURES, &c.dinputs))
    .computes("dweights", array2(FEATURES, NEURONS, &c.dweights))
    .computes("dbiases", array2(1, NEURONS, &c.dbiases))
    .computes("weights after the step, with the dvalues of the cell", array2(FEATURES, NEURONS, &weights))
    .computes("biases after the step, with the dvalues of the cell", array2(1, NEURONS, super::biases(&work.chain_after)))
    .note(
        "D3.7",
        format!(
            "dvalues is set and never used: the gradient that comes in is the ReLU's own output. So this is the gradient of half the sum \
             of squared outputs, which the step takes from {} to {}. The mask changes nothing, those entries are 0 already. With the dvalues \
             drelu is {}.",
            fixed(work.squares[0], 6),
            fixed(work.squares[1], 6),
            one_line(&array2(3, NEURONS, &chain.drelu))
        ),
    )
    .note("D3.8", "The notebook computes dinputs and neither prints nor uses it; it is shown above.")
}

fn classes(work: &Work) -> Cell {
    let chain = &work.chain;
    Cell::new(
        "In [94]",
        "Dense_Layer and reLU with a backward of their own",
        "The dense layer keeps its samples, the ReLU its inputs. The layer's backward gives dweights, dbiases and dinputs.",
    )
    .prints(prints::classes(work))
    .computes("dvalues", prints::integers())
    .computes("through the ReLU, drelu", array2(3, NEURONS, &chain.drelu))
    .computes("through the ReLU, dweights", array2(FEATURES, NEURONS, &chain.dweights))
    .computes("through the ReLU, dbiases", array2(1, NEURONS, &chain.dbiases))
    .computes("through the ReLU, dinputs", array2(3, FEATURES, &chain.dinputs))
    .note("D3.9", "The layer is made as Dense_Layer(3, 3) for four features; it should be (4, 3). Nothing breaks, weights and biases are overwritten.")
    .note(
        "D3.10",
        "reLU.backward is never called: the layer gets dvalues unmasked though the ReLU follows it. The printed gradients are those of \
         the layer alone; those through the ReLU, which is off for sample 2 and neuron 2, stand below them.",
    )
    .note("D3.11", "The second \"current weights\", \"current bias\" and \"current inputs\" are dweights, dbiases and dinputs.")
    .note("D3.12", "dbiases prints as integers because dvalues are integers.")
    .note("D3.14", "The first weights, 0.01 times normal numbers without a seed, are overwritten unseen; `numbers` has those of seed 0.")
    .note("D3.15", "The ReLU's gradient is 0 where its input is negative and also where it is 0.")
}

/// An array within a sentence.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
