//! The steps of the notebook with their displays and remarks.

use super::{BIASES, Example, START, WEIGHTS, prose};
use crate::replay::python_text::{fixed, float, tuple};
use crate::replay::record::Cell;

/// What the notebook displays.
pub(super) const SHOWN: [&str; 9] = [
    "(0.3775, 0.39249999999999996)",
    "(0.5932699921071872, 0.596884378259767)",
    "(1.10590596705977, 1.2249214040964653)",
    "(0.7513650695523157, 0.7729284653214625)",
    "(0.274811083176155, 0.023560025583847746)",
    "0.2983711087600027",
    "(0.13849856162855695, -0.038098236516556236)",
    "(0.08216704056423077,\n 0.08266762784753325,\n -0.02260254047747507,\n -0.022740242215978222)",
    "(0.35891647971788465,\n 0.4086661860762334,\n 0.5113012702387375,\n 0.5613701211079891)",
];

/// The expressions whose values they are.
pub(super) const EXPRESSIONS: [&str; 9] = [
    "net_h1, net_h2",
    "out_h1, out_h2",
    "net_o1, net_o2",
    "out_o1, out_o2",
    "E_o1, E_o2",
    "E_total",
    "delta_o1, delta_o2",
    "w5_contrib, w6_contrib, w7_contrib, w8_contrib",
    "w5_updated, w6_updated, w7_updated, w8_updated",
];

/// Each display: the cell, its values, its text.
pub(super) fn displays(example: &Example) -> [(&'static str, Vec<f64>, String); 9] {
    let f = &example.factors;
    let values = [
        ("In [44]", f.z[0].clone()),
        ("In [47]", f.a[0].clone()),
        ("In [53]", f.z[1].clone()),
        ("In [55]", f.a[1].clone()),
        ("In [63]", example.alone.iter().map(|factors| factors.cost).collect()),
        ("In [65]", vec![f.cost]),
        ("In [70]", example.delta.to_vec()),
        ("In [82]", example.contributions.to_vec()),
        ("In [85]", example.shown_updated.clone()),
    ];
    values.map(|(label, values)| {
        let text = match &values[..] {
            [only] => float(*only),
            _ => tuple(&values),
        };
        (label, values, text)
    })
}

pub(super) fn cells(example: &Example) -> Vec<Cell> {
    let [net_h, out_h, net_o, out_o, errors, total, delta, contributions, updated] = displays(example).map(|(_, _, text)| text);
    let mut cells = vec![given()];
    cells.extend(forward(net_h, out_h, net_o, out_o));
    cells.extend(error(errors, total));
    cells.extend(output_layer(example, delta, contributions, updated));
    cells.extend([hidden_layer(example), rounds(example), biases(example), text(example)]);
    cells
}

fn given() -> Cell {
    let names = "w1 w2 w3 w4 b1 b1 w5 w6 w7 w8 b2 b2".split(' ');
    let mut cell = Cell::new(
        "In [42]",
        "Inputs, targets, weights and biases",
        "Two inputs, two hidden neurons, two output neurons, all sigmoids. One bias a layer, added to both of its neurons.",
    )
    .computes("i1, i2", "0.05, 0.1")
    .computes("target_o1, target_o2", "0.01, 0.99");
    for (i, (name, value)) in names.zip(START).enumerate() {
        if i != 5 && i != 11 {
            cell = cell.computes(name, float(value));
        }
    }
    cell.note("D2.13", "The code calls the targets o1 and o2, which are neurons in the text; here they are target_o1 and target_o2.")
        .note("D2.16", "\"The weights and biases above\" are in a picture that is missing; their values come in this cell.")
}

fn forward(net_h: String, out_h: String, net_o: String, out_o: String) -> [Cell; 4] {
    [
        Cell::new("In [44]", "Net inputs of the hidden neurons", "The weighted sum of the inputs plus the bias.").prints([net_h]),
        Cell::new("In [47]", "Outputs of the hidden neurons", "The logistic function of the net inputs, 1 / (1 + e^-net).")
            .prints([out_h])
            .note("D2.4", "The cell as written asks for neth1 and neth2, which do not exist; net_h1 and net_h2 are meant.")
            .note("D2.20", "The notebook takes e ** (-x), the engine its own exp(-x). All four values agree to the last bit."),
        Cell::new("In [53]", "Net inputs of the output neurons", "The same, with the hidden outputs as inputs.").prints([net_o]),
        Cell::new("In [55]", "Outputs of the output neurons", "The logistic function once more.").prints([out_o]).note(
            "D2.8",
            "The formula above this cell is labelled out_h1 and has 1.10590 in its exponent: out_o1 is meant, and net_o1 rounds to \
             1.10591.",
        ),
    ]
}

fn error(errors: String, total: String) -> [Cell; 2] {
    [
        Cell::new("In [63]", "Error of each output neuron", "Half the squared difference between target and output.")
            .prints([errors])
            .note("D2.10", "A sum without a left side and a sum over one term stand in the text; E_total is the sum, E_o1 needs none."),
        Cell::new("In [65]", "Total error", "Their sum.").prints([total]),
    ]
}

fn output_layer(example: &Example, delta: String, contributions: String, updated: String) -> [Cell; 4] {
    let f = &example.factors;
    [
        Cell::new(
            "",
            "Backward: three factors for w5",
            "How the total error changes with out_o1, out_o1 with net_o1, and net_o1 with w5. Their product is the gradient.",
        )
        .computes("dE_total/dout_o1", float(f.dc_da[1][0]))
        .computes("dout_o1/dnet_o1", float(f.da_dz[1][0]))
        .computes("dnet_o1/dw5 = out_h1", float(f.dz_dw[1][0]))
        .computes("dE_total/dw5", float(example.gradient[6]))
        .note("D2.9", "Where the text has dE/dout_o1 and dE/dnet_o1 as the parts of dE/dnet_o1, the second part is dout_o1/dnet_o1."),
        Cell::new("In [70]", "Node deltas of the output neurons", "The first two factors in one: dE_total/dnet_o.")
            .prints([delta])
            .note(
                "D2.19",
                format!(
                    "-(o1 - out_o1) * out_o1 * (1 - out_o1) runs from left to right. Factor by factor the engine has {}: one unit in the \
                     last place, at most, is the order of multiplication.",
                    float(f.dc_dz[1][0])
                ),
            )
            .note("D2.15", "-delta_o1 out_h1 is the gradient only if delta is defined without the minus; the delta here has it."),
        Cell::new("In [82]", "Gradients of w5 .. w8", "Each delta times the hidden output that the weight multiplies.")
            .prints([contributions]),
        Cell::new("In [85]", "w5 .. w8 after one step", "Each weight less eta times its gradient, eta = 0.5.")
            .prints([updated])
            .note("D2.14", "eta in the text is alfa in the code."),
    ]
}

fn hidden_layer(example: &Example) -> Cell {
    let (f, [o1, o2]) = (&example.factors, &example.alone);
    let mut cell = Cell::new(
        "",
        "Backward: the hidden layer",
        "A hidden output acts on both output neurons, so its effect is the sum of two paths, through the original w5 .. w8. Then \
         come the slope of the logistic function and the input.",
    )
    .computes("dE_o1/dnet_o1", float(o1.dc_dz[1][0]))
    .computes("dE_o1/dout_h1", float(o1.dc_da[0][0]))
    .computes("dE_o2/dout_h1", float(o2.dc_da[0][0]))
    .computes("dE_total/dout_h1", float(f.dc_da[0][0]))
    .computes("dout_h1/dnet_h1", float(f.da_dz[0][0]))
    .computes("dnet_h1/dw1 = i1", float(f.dz_dw[0][0]))
    .computes("delta_h1", float(f.dc_dz[0][0]));
    for i in WEIGHTS[0].clone() {
        cell = cell.computes(&format!("dE_total/dw{}", i + 1), float(example.gradient[i]));
        cell = cell.computes(&format!("w{}+", i + 1), float(example.updated[i]));
    }
    cell.note("D2.5", "The text has 0.74136507 * 0.186815602 = 0.18498562; a 3 was lost, it is 0.138498562, as used further on.")
        .note("D2.6", format!("The text has dE_o2/dout_h1 = -0.019049119; it is {}, which rounds to -0.019049118.", float(o2.dc_da[0][0])))
        .note("D2.7", "The text has net_h1 = w1 i1 + w3 i2 + b1; the second weight is w2. dnet_h1/dw1 is the same.")
        .note("D2.11", "No cell of the notebook computes the hidden layer, its new weights, or what follows; the engine does.")
}

fn rounds(example: &Example) -> Cell {
    let text_rule = |updates| example.runs[0].at(updates);
    let other_rule = |updates| example.runs[3].at(updates);
    let error = |point: Option<&super::rounds::Point>, digits| point.map_or(String::new(), |point| fixed(point.error, digits));
    let out = |point: Option<&super::rounds::Point>, o: usize| point.map_or(String::new(), |point| fixed(point.out[o], 9));
    let w1 = other_rule(1).map_or(String::new(), |point| fixed(point.w[0], 9));
    Cell::new(
        "",
        "One round, and 10,000",
        "All eight weights are updated at once and the inputs are fed forward again. The four figures are the notebook's; the \
         footnotes have what its own rule gives.",
    )
    .computes("error before", fixed(example.factors.cost, 9))
    .computes("error after the first round", error(other_rule(1), 9))
    .computes("error after 10,000 rounds", error(text_rule(9999), 10))
    .computes("out_o1 after 10,000 rounds", format!("{} (target 0.01)", out(other_rule(10_000), 0)))
    .computes("out_o2 after 10,000 rounds", format!("{} (target 0.99)", out(other_rule(10_000), 1)))
    .note(
        "D2.1",
        format!(
            "By the text's rule, original weights throughout, and with its own w1+ .. w8+ the error after the first round is {}. The \
             notebook's {} comes only if the hidden layer's gradient goes through the already updated w5 .. w8; then w1+ would be {w1} \
             and not 0.149780716.",
            error(text_rule(1), 9),
            error(other_rule(1), 9)
        ),
    )
    .note(
        "D2.2",
        format!(
            "By the text's rule the error after 10,000 rounds is {}. {} is its error after 9,999; the other order has {} after 10,000.",
            error(text_rule(10_000), 10),
            error(text_rule(9999), 10),
            error(other_rule(10_000), 10)
        ),
    )
    .note(
        "D2.3",
        format!(
            "By the text's rule the outputs are {} and {}. {} and {} belong to the other order, with updated w5 .. w8: error and outputs \
             of the notebook's sentence are from two runs.",
            out(text_rule(10_000), 0),
            out(text_rule(10_000), 1),
            out(other_rule(10_000), 0),
            out(other_rule(10_000), 1)
        ),
    )
}

fn biases(example: &Example) -> Cell {
    let shared = example.runs[1].at(0).map_or([f64::NAN; 2], |point| point.bias_gradient);
    let after = |run: usize| example.runs[run].at(1).map_or(String::new(), |point| fixed(point.error, 9));
    let own: Vec<String> = BIASES.iter().flat_map(|range| example.gradient[range.clone()].iter().copied().map(float)).collect();
    Cell::new("", "The biases stay", "Their gradients are not 0; the notebook leaves them out of every update.")
        .computes("dE/db1, one bias for both hidden neurons", float(shared[0]))
        .computes("dE/db2, one bias for both output neurons", float(shared[1]))
        .computes("the same for h1, h2, o1, o2 by themselves", own.join(", "))
        .note(
            "D2.12",
            format!(
                "Nothing in the text says that the biases are frozen. With them updated the first round would give {} (one bias a layer) \
                 or {} (one a neuron).",
                after(1),
                after(2)
            ),
        )
}

fn text(example: &Example) -> Cell {
    let mut cell = Cell::new(
        "",
        "The numbers in the text",
        "Every number that the notebook's formulas put in, in the order of the text, beside the engine's where it differs.",
    );
    for figure in prose::figures(example) {
        let (what, shown) = figure.text();
        cell = cell.computes(&what, shown);
    }
    cell
}
