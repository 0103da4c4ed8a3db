//! The 3-4-1 net as a page: each partial derivative introduced, derived, and computed.

mod hidden_layer;
mod output_layer;

use super::{ALPHA, HIDDEN, PASSES, Pass, SEED, TITLE, X, Y, w0, w1};
use crate::document::Document;
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use crate::drawing::plot::{Axis, Plot, Series};
use crate::replay::page::{Digits, Grid, Page, symbols};
use crate::replay::python_text::fixed;
use crate::replay::record::{Agreement, Cell};
use backlit_engine::numpy_random::NumpyRandom;
use backlit_engine::typeset::Math;

/// The notebook shows no output; its partial derivatives are of the order of 0.1.
const DIGITS: usize = 9;

pub(super) fn page(passes: &[Pass], curve: &[(f64, f64)], cells: &[Cell], agreement: &mut Vec<Agreement>) -> Document {
    let mut page = Page::new(TITLE, cells, symbols::code);
    introduction(&mut page);
    if let [first, .., last] = passes {
        settings(&mut page, first);
        forward(&mut page, first);
        output_layer::section(&mut page, first);
        hidden_layer::section(&mut page, first);
        training(&mut page, passes, last, curve);
    }
    page.finish(agreement)
}

fn introduction(page: &mut Page) {
    page.say(
        "The notebook \"Detailing the Partial Derivative Calculations during Backpropagation\" writes every partial derivative of a small \
         network out, one line of code for each, and multiplies them. Here each is introduced, derived and computed, in the notebook's own \
         names; the numbers are those of its first pass, from the engine.",
    );
    page.say("It follows Matt Mazur's [step-by-step explanation](http://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example).");
    page.heading(2, "What the notebook sets up");
    page.list([
        "**Plots.** It prepares two libraries for drawing in the browser, flot (plots for jQuery) and d3 3.4.8, and draws nothing. The error \
         over the passes, which it may have had in mind, is drawn below.",
        "**A scrolling output area**, at most 1000 pixels high. On our page a listing or a table that is too wide scrolls in a box of its own.",
        "**A bridge to the browser**: `json`, `time`, `Javascript` and `display` are imported for it and not used. A page that stands on its \
         own needs none.",
    ]);
}

fn settings(page: &mut Page, first: &Pass) {
    page.heading(2, "The example, the start and the step size");
    page.give("alpha", ALPHA, Digits::Shortest);
    page.give_all("layer0_", 0, &X, Digits::Shortest);
    page.give("Y", Y[0], Digits::Shortest);
    page.say(
        "`alpha` is the step size multiplier: each step is the gradient times $alpha$, so it scales every move of the weights. It is large \
         here because the gradients of a sigmoid that is nearly right are small.",
    );
    page.equation(crate::document::Equation::new(Math::text("alpha"), Math::Number(ALPHA.to_string())));
    page.say("The activation is the sigmoid, which takes any number into the room between 0 and 1:");
    let (sigmoid, output) = (Math::Call("sigmoid".into(), vec![Math::letter("x")]), page.math("1 / (1 + exp(-x))"));
    page.equation(crate::document::Equation::new(sigmoid, output));
    page.say(
        "Its derivative is taken from the output, which is at hand after the forward pass. With `output` for the sigmoid of $x$, the function \
         `sigmoid_output_derivative(output)` returns",
    );
    let derivative = page.math("exp(-x) / (1 + exp(-x))^2");
    let slope = page.math("output * (1 - output)");
    let left = Math::text("d_output").over(Math::text("d_x"));
    page.equation(crate::document::Equation::new(left, derivative).then(slope));
    page.say("There is one example, with three inputs, and one target:");
    page.shown(&Grid::new(Math::text("X"), X.len(), &X, 0));
    page.shown(&Grid::new(Math::text("Y"), 1, &Y, 0));
    start(page, first);
    page.say("All of them:");
    page.close("The example, the start and the step size");
    page.diagram(&network(first), "3-4-1 without biases; the edges carry the weights of the first pass.");
}

/// The first draws, turned into weights.
fn start(page: &mut Page, first: &Pass) {
    page.say(&format!(
        "The weights are drawn from NumPy's MT19937 generator after `np.random.seed({SEED})`. A draw $u$ between 0 and 1 becomes $2 * u - 1$, \
         uniform between -1 and 1. $W0$, 3 × 4, comes first, row by row, then $W1$, 4 × 1. The first four draws make the first row of $W0$:",
    ));
    let mut random = NumpyRandom::new(SEED);
    let w0 = w0(&first.parameters);
    for (column, weight) in w0[..HIDDEN].iter().enumerate() {
        page.give(&format!("u_{column}"), random.random_sample(), DIGITS);
        page.derive(&format!("W0_0_{column}"), &format!("2 * u_{column} - 1"), *weight, DIGITS);
    }
    for (place, weight) in w0.iter().enumerate() {
        page.give(&format!("W0_{}_{}", place / HIDDEN, place % HIDDEN), *weight, DIGITS);
    }
    page.give_all("W1_", 0, w1(&first.parameters), DIGITS);
}

fn network(first: &Pass) -> Diagram {
    let unit = |name: String, value: f64| Unit { name, lines: vec![fixed(value, 4)], ..Unit::default() };
    let column = |heading: &str, values: &[f64], name: &str| Column {
        heading: heading.into(),
        total: values.len(),
        units: values.iter().enumerate().map(|(i, value)| unit(format!("{name}[{i}]"), *value)).collect(),
    };
    let edge = |from, to, weight: f64| Edge {
        from,
        to,
        label: Some(fixed(weight, 3)),
        light: 0.0,
        weight_sign: if weight < 0.0 { -1 } else { 1 },
    };
    let (w0, w1) = (w0(&first.parameters), w1(&first.parameters));
    let mut edges: Vec<Edge> = w0.iter().enumerate().map(|(i, w)| edge((0, i / HIDDEN), (1, i % HIDDEN), *w)).collect();
    edges.extend(w1.iter().enumerate().map(|(j, w)| edge((1, j), (2, 0), *w)));
    let f = &first.factors;
    let columns = vec![
        column("inputs", &X, "layer0"),
        column("hidden layer", &f.a[0], "layer1_outputs"),
        column("output layer", &f.a[1], "layer2_outputs"),
    ];
    Diagram { title: "The 3-4-1 network in its first pass".into(), columns, edges }
}

fn forward(page: &mut Page, first: &Pass) {
    let f = &first.factors;
    page.heading(2, "Feed forward");
    page.say(
        "`layer0` is the input, $layer0 = X$. Each layer keeps what comes in and what goes out. There are no biases; the third input, always \
         1, makes the last row of $W0$ one for the hidden layer.",
    );
    for j in 0..HIDDEN {
        let terms: Vec<String> = (0..X.len()).map(|i| format!("layer0_{i} * W0_{i}_{j}")).collect();
        page.derive(&format!("layer1_inputs_{j}"), &terms.join(" + "), f.z[0][j], DIGITS);
    }
    for j in 0..HIDDEN {
        page.derive(&format!("layer1_outputs_{j}"), &format!("1 / (1 + exp(-layer1_inputs_{j}))"), f.a[0][j], DIGITS);
    }
    page.say("The output node in the same way, with the hidden outputs for inputs:");
    page.derive("layer2_inputs_0", &net_input(), f.z[1][0], DIGITS);
    page.derive("layer2_outputs_0", "1 / (1 + exp(-layer2_inputs_0))", f.a[1][0], DIGITS);
    page.say(
        "The error of an output node is half the square of what it lacks; with several output nodes the total, `ErrorT`, is the sum over them. \
         Here there is one:",
    );
    page.derive("ErrorT", "0.5 * (Y - layer2_outputs_0)^2", f.cost, DIGITS);
    page.close("Forward, in the first pass");
}

/// The sum of products that enters the output node.
fn net_input() -> String {
    let terms: Vec<String> = (0..HIDDEN).map(|j| format!("layer1_outputs_{j} * W1_{j}")).collect();
    terms.join(" + ")
}

fn training(page: &mut Page, passes: &[Pass], last: &Pass, curve: &[(f64, f64)]) {
    page.heading(2, "Again and again");
    page.say(&format!(
        "All of this is one pass; the loop makes {PASSES} of them over the same example. Every 5000 passes it prints the mean of \
         `abs(Y - layer2_outputs)`, taken before that pass's update:",
    ));
    let printed: Vec<(f64, f64)> =
        passes.iter().filter(|pass| super::line(pass).is_some()).map(|pass| (pass.number as f64 + 1.0, pass.mean_abs)).collect();
    page.plot(
        &Plot {
            title: "Error over 60,000 passes".into(),
            x: Axis { label: "passes".into(), log: true },
            y: Axis { label: "error".into(), log: true },
            series: vec![
                Series { name: "ErrorT = 0.5 (Y - out)^2".into(), points: curve.to_vec() },
                Series { name: "Error, as printed: |Y - out|".into(), points: printed },
            ],
        },
        "The error that is descended on and the one that is printed, both axes in equal factors.",
    );
    page.close("60,000 passes");
    page.say("The two errors of the last pass:");
    page.give("layer2_outputs_0", last.factors.a[1][0], 12);
    page.derive("ErrorT", "0.5 * (Y - layer2_outputs_0)^2", last.factors.cost, 15);
    page.derive("Error", "abs(Y - layer2_outputs_0)", last.mean_abs, 12);
    page.say(
        "What an input of 0 does: $layer0_0$ and $layer0_1$ are factors of the gradients of the first two rows of $W0$, which are 0 in every \
         pass. Weights that lead from inputs that are always 0 never move.",
    );
}
