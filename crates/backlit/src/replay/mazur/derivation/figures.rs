//! The pictures that the notebook only links to, and the error over the rounds.

use super::{Example, INPUTS, START, TARGETS, WEIGHTS};
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use crate::drawing::plot::{Axis, Plot, Series};
use crate::replay::mazur::rounds::Run;
use crate::replay::python_text::fixed;
use crate::replay::study::Factors;

fn unit(name: &str, line: String) -> Unit {
    Unit { name: name.into(), lines: vec![line], ..Unit::default() }
}

fn bias() -> Unit {
    Unit { name: "1".into(), bias: true, ..Unit::default() }
}

/// The network with its weights.
pub(super) fn network() -> Diagram {
    let mut edges = Vec::new();
    for (layer, range) in WEIGHTS.iter().enumerate() {
        let weights = START[range.clone()].iter().enumerate().map(|(i, weight)| {
            let label = Some(format!("w{} = {weight}", 4 * layer + i + 1));
            Edge { from: (layer, i % 2), to: (layer + 1, i / 2), label, weight_sign: 1, ..Edge::default() }
        });
        edges.extend(weights);
        for neuron in 0..2 {
            let label = Some(format!("b{} = {}", layer + 1, START[range.end]));
            edges.push(Edge { from: (layer, 2), to: (layer + 1, neuron), label, weight_sign: 1, ..Edge::default() });
        }
    }
    let names = ["i", "h", "o"].map(|letter| [1, 2].map(|number| format!("{letter}{number}")));
    let inputs = names[0].iter().zip(INPUTS).map(|(name, value)| unit(name, format!("{value}")));
    let hidden = names[1].iter().map(|name| unit(name, format!("out_{name}")));
    let outputs = names[2].iter().zip(TARGETS).map(|(name, target)| unit(name, format!("target {target}")));
    let column = |heading: &str, units: Vec<Unit>| Column { heading: heading.into(), total: 2, units };
    let columns = vec![
        column("inputs", inputs.chain([bias()]).collect()),
        column("hidden layer", hidden.chain([bias()]).collect()),
        column("output layer", outputs.collect()),
    ];
    Diagram { title: "The 2-2-2 network with its weights".into(), columns, edges }
}

/// The path of w5 to the error; each box says how it answers to the one before it.
pub(super) fn through_w5(f: &Factors) -> Diagram {
    let columns = vec![
        column("hidden output", vec![unit("out_h1", fixed(f.a[0][0], 9)), unit("out_h2", fixed(f.a[0][1], 9)), bias()]),
        column("net input", vec![answering("net_o1", f.z[1][0], "∂net_o1/∂w5", f.dz_dw[1][0])]),
        column("output", vec![answering("out_o1", f.a[1][0], "∂out_o1/∂net_o1", f.da_dz[1][0])]),
        column("error", vec![answering("E_total", f.cost, "∂E_total/∂out_o1", f.dc_da[1][0])]),
    ];
    let edges = vec![
        edge((0, 0), (1, 0), Some("w5"), 1.0),
        edge((0, 1), (1, 0), Some("w6"), 0.0),
        edge((0, 2), (1, 0), Some("b2"), 0.0),
        edge((1, 0), (2, 0), None, 1.0),
        edge((2, 0), (3, 0), None, 1.0),
    ];
    Diagram { title: "The backward pass for w5".into(), columns, edges }
}

/// The two paths from the errors back to h1 and w1.
pub(super) fn through_h1(example: &Example) -> Diagram {
    let (f, alone) = (&example.factors, &example.alone);
    let of = |o: usize| {
        let number = o + 1;
        let lines = [
            format!("E_o{number} = {}", fixed(alone[o].cost, 9)),
            format!("∂E_o{number}/∂out_h1"),
            format!("= {}", fixed(alone[o].dc_da[0][0], 9)),
        ];
        Unit { name: format!("o{number}"), lines: lines.into(), ..Unit::default() }
    };
    let columns = vec![
        column("inputs", vec![unit("i1", INPUTS[0].to_string()), unit("i2", INPUTS[1].to_string()), bias()]),
        column("hidden layer", vec![answering("h1", f.a[0][0], "∂E_total/∂out_h1", f.dc_da[0][0])]),
        column("output layer", vec![of(0), of(1)]),
        column("total error", vec![unit("E_total", fixed(f.cost, 9))]),
    ];
    let sizes = [0, 1].map(|o| alone[o].dc_da[0][0].abs());
    let share = |o: usize| sizes[o] / (sizes[0] + sizes[1]);
    let edges = vec![
        edge((0, 0), (1, 0), Some("w1"), 1.0),
        edge((0, 1), (1, 0), Some("w2"), 0.0),
        edge((0, 2), (1, 0), Some("b1"), 0.0),
        edge((1, 0), (2, 0), Some("w5"), share(0)),
        edge((1, 0), (2, 1), Some("w7"), share(1)),
        edge((2, 0), (3, 0), None, share(0)),
        edge((2, 1), (3, 0), None, share(1)),
    ];
    Diagram { title: "The backward pass for the hidden layer".into(), columns, edges }
}

/// A box with its value and a partial derivative.
fn answering(name: &str, value: f64, partial: &str, derivative: f64) -> Unit {
    let lines = [fixed(value, 9), partial.into(), format!("= {}", fixed(derivative, 9))];
    Unit { name: name.into(), lines: lines.into(), ..Unit::default() }
}

/// All weights here are positive; an edge without a label is none.
fn edge(from: (usize, usize), to: (usize, usize), label: Option<&str>, light: f64) -> Edge {
    Edge { from, to, label: label.map(String::from), light, weight_sign: i8::from(label.is_some()) }
}

fn column(heading: &str, units: Vec<Unit>) -> Column {
    Column { heading: heading.into(), total: units.iter().filter(|unit| !unit.bias).count(), units }
}

/// The error of the notebook's own rule over the rounds.
pub(super) fn error(run: &Run) -> Plot {
    Plot {
        title: "Error over 10,000 rounds".into(),
        x: Axis { label: "rounds".into(), log: true },
        y: Axis { label: "E_total".into(), log: true },
        series: vec![Series { name: "E_total".into(), points: run.curve.clone() }],
    }
}
