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

/// The path of w5 to the error, with a factor on each step.
pub(super) fn through_w5(f: &Factors) -> Diagram {
    let columns = vec![
        column("hidden output", vec![unit("out_h1", fixed(f.a[0][0], 9)), unit("out_h2", fixed(f.a[0][1], 9)), bias()]),
        column("net input", vec![unit("net_o1", fixed(f.z[1][0], 9))]),
        column("output", vec![unit("out_o1", fixed(f.a[1][0], 9))]),
        column("error", vec![unit("E_total", fixed(f.cost, 9))]),
    ];
    let lit = |from, to, label: String, weight_sign| Edge { from, to, label: Some(label), light: 1.0, weight_sign };
    let dark = |from, to, label: &str| Edge { from, to, label: Some(label.into()), light: 0.0, weight_sign: 1 };
    let edges = vec![
        lit((0, 0), (1, 0), format!("w5: ∂net_o1/∂w5 = {}", fixed(f.dz_dw[1][0], 9)), 1),
        dark((0, 1), (1, 0), "w6"),
        dark((0, 2), (1, 0), "b2"),
        lit((1, 0), (2, 0), format!("∂out_o1/∂net_o1 = {}", fixed(f.da_dz[1][0], 9)), 0),
        lit((2, 0), (3, 0), format!("∂E_total/∂out_o1 = {}", fixed(f.dc_da[1][0], 9)), 0),
    ];
    Diagram { title: "The backward pass for w5".into(), columns, edges }
}

/// The two paths from the errors back to h1 and w1.
pub(super) fn through_h1(example: &Example) -> Diagram {
    let (f, alone) = (&example.factors, &example.alone);
    let of = |o: usize| unit(&format!("E_o{}", o + 1), fixed(alone[o].cost, 9));
    let columns = vec![
        column("inputs", vec![unit("i1", INPUTS[0].to_string()), unit("i2", INPUTS[1].to_string()), bias()]),
        column("hidden layer", vec![unit("h1", format!("delta_h1 = {}", fixed(f.dc_dz[0][0], 9)))]),
        column(
            "output layer",
            (0..2).map(|o| unit(&format!("o{}", o + 1), format!("delta_o{} = {}", o + 1, fixed(f.dc_dz[1][o], 9)))).collect(),
        ),
        column("errors", vec![of(0), of(1)]),
        column("total", vec![unit("E_total", fixed(f.cost, 9))]),
    ];
    let share = |o: usize| alone[o].dc_da[0][0].abs() / (alone[0].dc_da[0][0].abs() + alone[1].dc_da[0][0].abs());
    let mut edges = vec![
        Edge { from: (0, 0), to: (1, 0), label: Some("w1".into()), light: 1.0, weight_sign: 1 },
        Edge { from: (0, 1), to: (1, 0), label: Some("w2".into()), light: 0.0, weight_sign: 1 },
        Edge { from: (0, 2), to: (1, 0), label: Some("b1".into()), light: 0.0, weight_sign: 1 },
    ];
    for o in 0..2 {
        let weight = ["w5", "w7"][o];
        let label = Some(format!("{weight}: ∂E_o{}/∂out_h1 = {}", o + 1, fixed(alone[o].dc_da[0][0], 9)));
        edges.push(Edge { from: (1, 0), to: (2, o), label, light: share(o), weight_sign: 1 });
        edges.push(Edge { from: (2, o), to: (3, o), label: None, light: share(o), weight_sign: 0 });
        edges.push(Edge { from: (3, o), to: (4, 0), label: None, light: share(o), weight_sign: 0 });
    }
    Diagram { title: "The backward pass for the hidden layer".into(), columns, edges }
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
