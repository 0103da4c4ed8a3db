//! One neuron: forward, backward link by link, a step, and forward once more.

use super::Work;
use crate::document::Equation;
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use crate::replay::page::{Digits, Page, symbols};
use crate::replay::python_text::float;
use crate::replay::relu::STEP;
use crate::replay::relu::neuron::{Neuron, Updated};
use backlit_engine::typeset::Math;

/// The notebook's numbers here have one digit after the point.
const ONE: usize = 1;

pub(super) fn forward(page: &mut Page, work: &Work) {
    let neuron = &work.neuron;
    page.heading(2, "One neuron");
    page.open("In [2]");
    page.give_all("x", 0, &neuron.x, ONE);
    page.give_all("w", 0, &neuron.w, ONE);
    page.give("b", neuron.b, ONE);
    page.diagram(&picture(neuron), "One neuron: products of inputs and weights, their sum with the bias, ReLU.");
    page.say("The shapes say how many outputs there are, (samples, features) times (features, neurons) is (samples, neurons):");
    let shape = |rows: &str, columns: &str| Math::joined([Math::text(rows), Math::text(columns)], ",").bracketed();
    let product = |of: [(&str, &str); 2]| Math::joined(of.map(|(rows, columns)| shape(rows, columns)), "·");
    page.equation(Equation::new(product([("n_samples", "num_features"), ("num_features", "n_neurons")]), shape("n_samples", "n_neurons")));
    let features = neuron.x.len().to_string();
    page.equation(Equation::new(product([("1", &features), (&features, "1")]), shape("1", "1")));
    page.close("In [2]");
    page.open("In [3]");
    page.say("`input_weights` are the products, element by element:");
    weighted(page, &neuron.forward.input_weights, ONE);
    page.close("In [3]");
    page.open("In [7]");
    sum_and_relu(page, neuron.forward.z, neuron.forward.y, ONE);
    page.close("In [7]");
}

fn weighted(page: &mut Page, products: &[f64], digits: impl Into<Digits> + Copy) {
    for (i, product) in products.iter().enumerate() {
        page.derive(&format!("input_weights_{i}"), &format!("x{i} * w{i}"), *product, digits);
    }
}

fn sum_and_relu(page: &mut Page, z: f64, y: f64, digits: impl Into<Digits> + Copy) {
    page.derive("z", "input_weights_0 + input_weights_1 + input_weights_2 + b", z, digits);
    page.derive("y", "max(z, 0)", y, digits);
}

/// The neuron as a network with its products on the edges.
fn picture(neuron: &Neuron) -> Diagram {
    let unit = |name: String, value: f64| Unit { name, lines: vec![float(value)], ..Unit::default() };
    let mut inputs: Vec<Unit> = neuron.x.iter().enumerate().map(|(i, x)| unit(format!("x{i}"), *x)).collect();
    inputs.push(Unit { name: "1".into(), bias: true, ..Unit::default() });
    let sign = |weight: f64| if weight < 0.0 { -1 } else { 1 };
    let edge = |i: usize, name: String, weight: f64| Edge {
        from: (0, i),
        to: (1, 0),
        label: Some(format!("{name} = {}", float(weight))),
        light: 0.0,
        weight_sign: sign(weight),
    };
    let mut edges: Vec<Edge> = neuron.w.iter().enumerate().map(|(i, w)| edge(i, format!("w{i}"), *w)).collect();
    edges.push(edge(neuron.w.len(), "b".into(), neuron.b));
    edges.push(Edge { from: (1, 0), to: (2, 0), label: Some("ReLU".into()), light: 0.0, weight_sign: 0 });
    let column = |heading: &str, units: Vec<Unit>, total: usize| Column { heading: heading.into(), total, units };
    let columns = vec![
        column("inputs", inputs, neuron.x.len()),
        column("sum", vec![unit("z".into(), neuron.forward.z)], 1),
        column("output", vec![unit("y".into(), neuron.forward.y)], 1),
    ];
    Diagram { title: "The neuron".into(), columns, edges }
}

pub(super) fn backward(page: &mut Page, work: &Work) {
    let neuron = &work.neuron;
    page.heading(2, "Backward through the neuron");
    page.open("In [8]");
    page.say("ReLU's derivative by its input is 1 where it lets the input through and 0 elsewhere:");
    let slope = page.math("where(z > 0, 1, 0)");
    page.equation(Equation::new(Math::text("d relu").over(Math::text("d z")), slope));
    page.give("dvalue", neuron.dvalue, ONE);
    page.say("The chain rule multiplies it with what comes back from the next layer, `dvalue`:");
    page.derive("drelu_dz", "dvalue * where(z > 0, 1, 0)", neuron.drelu_dz, ONE);
    page.close("In [8]");
    sum_link(page, neuron);
    product_link(page, neuron);
}

fn sum_link(page: &mut Page, neuron: &Neuron) {
    page.open("In [11]");
    page.say("A sum moves as much as any of its terms moves, whatever their values: its partial derivatives are all 1.");
    let f_of = || Math::Call("f".into(), vec![Math::letter("x"), Math::letter("y")]);
    let by = |letter: &str| Math::partial(f_of(), Math::letter(letter));
    let sum = page.math("x + y");
    let one = || Math::Number("1".into());
    page.equation(Equation::new(f_of(), sum));
    page.equation(Equation::new(by("x"), one()));
    page.equation(Equation::new(by("y"), one()));
    page.say("So it is for the three products and the bias:");
    for (i, slope) in neuron.dsum_dxw.iter().enumerate() {
        page.chain(symbols::neuron(&format!("dsum_dxw{i}")), Vec::new(), "", *slope, 0);
        page.give(&format!("dsum_dxw{i}"), *slope, 0);
    }
    page.chain(symbols::neuron("dsum_db"), Vec::new(), "", neuron.dsum_db, 0);
    page.give("dsum_db", neuron.dsum_db, 0);
    let rows = [
        ["`drelu_dwx0`", "ReLU with respect to the first product, $w0 * x0$"],
        ["`drelu_dwx1`", "ReLU with respect to the second product, $w1 * x1$"],
        ["`drelu_dwx2`", "ReLU with respect to the third product, $w2 * x2$"],
        ["`drelu_db`", "ReLU with respect to the bias, $b$"],
    ];
    page.table("Partial derivatives looked for", &["name", "of what by what"], rows.map(Vec::from), &[]);
    for (i, value) in neuron.drelu_dwx.iter().enumerate() {
        page.derive(&format!("drelu_dwx{i}"), &format!("dsum_dxw{i} * drelu_dz"), *value, ONE);
    }
    page.derive("drelu_db", "dsum_db * drelu_dz", neuron.drelu_db, ONE);
    page.close("In [11]");
}

fn product_link(page: &mut Page, neuron: &Neuron) {
    page.open("In [18]");
    page.say("A product moves with one factor as steeply as the other factor is large:");
    let f_of = || Math::Call("f".into(), vec![Math::letter("x"), Math::letter("y")]);
    let by = |letter: &str| Math::partial(f_of(), Math::letter(letter));
    let product = page.math("x * y");
    page.equation(Equation::new(f_of(), product));
    page.equation(Equation::new(by("x"), Math::letter("y")));
    page.equation(Equation::new(by("y"), Math::letter("x")));
    page.say("By an input that is the weight, by a weight the input. The bias is multiplied by nothing and needs no such factor.");
    for (i, value) in neuron.dmul_dx.iter().enumerate() {
        page.derive(&format!("dmul_dx{i}"), &format!("w{i}"), *value, ONE);
    }
    for (i, value) in neuron.dmul_dw.iter().enumerate() {
        page.derive(&format!("dmul_dw{i}"), &format!("x{i}"), *value, ONE);
    }
    page.say("Each times what came back to its product:");
    for i in 0..neuron.x.len() {
        page.derive(&format!("drelu_dx{i}"), &format!("drelu_dwx{i} * dmul_dx{i}"), neuron.drelu_dx[i], ONE);
        page.derive(&format!("drelu_dw{i}"), &format!("drelu_dwx{i} * dmul_dw{i}"), neuron.drelu_dw[i], ONE);
    }
    page.close("In [18]");
}

pub(super) fn step(page: &mut Page, work: &Work) {
    page.heading(2, "A step of the optimizer");
    page.say(
        "The gradient of weights and bias says where the output rises. The optimizer goes the other way: it adds a small negative fraction \
         of the gradient, so that the output falls.",
    );
    page.cell("In [20]");
    page.open("In [23]");
    page.give("fraction", -STEP, Digits::Shortest);
    let Updated { w, b, .. } = &work.once;
    for (i, after) in w.iter().enumerate() {
        page.derive(&format!("w{i}_new"), &format!("w{i} + fraction * drelu_dw{i}"), *after, Digits::Shortest);
    }
    page.derive("b_new", "b + fraction * drelu_db", *b, Digits::Shortest);
    page.close("In [23]");
    page.say("**Forward once more**, with the weights and the bias that the notebook prints:");
    let Updated { w, b, forward } = &work.printed;
    page.give_all("w", 0, w, Digits::Shortest);
    page.give("b", *b, Digits::Shortest);
    page.open("In [24]");
    weighted(page, &forward.input_weights, Digits::Shortest);
    page.close("In [24]");
    page.open("In [25]");
    sum_and_relu(page, forward.z, forward.y, Digits::Shortest);
    page.close("In [25]");
}
