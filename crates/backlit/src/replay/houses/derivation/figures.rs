//! The pictures that the notebook only links to, and the cost over the epochs.

use super::Work;
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use crate::drawing::plot::{Axis, Plot, Series};
use crate::replay::houses::nets::UNITS;
use crate::replay::houses::one_layer::KEPT;
use crate::replay::page::symbols;
use crate::replay::python_text::fixed;
use backlit_engine::typeset::Math;

fn unit(name: impl Into<String>, line: impl Into<String>) -> Unit {
    Unit { name: name.into(), lines: vec![line.into()], ..Unit::default() }
}

fn bias() -> Unit {
    Unit { name: "1".into(), bias: true, ..Unit::default() }
}

fn column(heading: &str, units: Vec<Unit>) -> Column {
    Column { heading: heading.into(), total: units.iter().filter(|unit| !unit.bias).count(), units }
}

fn edge(from: (usize, usize), to: (usize, usize), weight: f64, label: Option<String>) -> Edge {
    Edge { from, to, label, light: 0.0, weight_sign: if weight < 0.0 { -1 } else { 1 } }
}

/// House 0's features.
fn features(work: &Work) -> Vec<Unit> {
    work.houses.names.iter().zip(work.houses.house(0)).map(|(name, x)| unit(name, x.to_string())).chain([bias()]).collect()
}

/// 13 features to one price.
pub(super) fn one_layer(work: &Work) -> Diagram {
    let run = &work.one_layer;
    let price = unit("price", format!("a = {}", fixed(run.house_0.a[0][0], 4)));
    let edges = run.start.iter().enumerate().map(|(i, weight)| edge((0, i), (1, 0), *weight, Some(fixed(*weight, 3))));
    Diagram {
        title: "One layer with one neuron".into(),
        columns: vec![column("features of house 0", features(work)), column("layer 1", vec![price])],
        edges: edges.collect(),
    }
}

/// Two layers, link by link.
pub(super) fn two_layers() -> Diagram {
    let links = [
        ("x", "input", "∂z/∂w = x"),
        ("z L1", "w x + b", "∂a/∂z = a′(z)"),
        ("a L1", "a(z)", "∂z/∂a = w"),
        ("z L2", "w a + b", "∂a/∂z = a′(z)"),
        ("a L2", "a(z)", "∂C/∂a = a − y"),
        ("C", "½‖y − a‖²", ""),
    ];
    let headings = ["input", "layer 1", "layer 1", "layer 2", "layer 2", "cost"];
    let columns = links.iter().zip(headings).map(|((name, line, _), heading)| column(heading, vec![unit(*name, *line)]));
    let edges = links.iter().enumerate().take(links.len() - 1).map(|(i, (_, _, label))| Edge {
        from: (i, 0),
        to: (i + 1, 0),
        label: Some(label.to_string()),
        light: 1.0,
        weight_sign: 0,
    });
    Diagram { title: "Two layers as a chain of functions".into(), edges: edges.collect(), columns: columns.collect() }
}

/// 13-5-3-1 with the activations of house 0.
pub(super) fn network(work: &Work) -> Diagram {
    let run = &work.linear;
    let mut columns = vec![column("features of house 0", features(work))];
    let mut edges = Vec::new();
    let (mut place, mut inputs) = (0, work.houses.names.len());
    for (l, units) in UNITS.into_iter().enumerate() {
        for to in 0..units {
            let weights = &run.start[place + to * inputs..][..inputs];
            edges.extend(weights.iter().enumerate().map(|(from, weight)| edge((l, from), (l + 1, to), *weight, None)));
            edges.push(edge((l, inputs), (l + 1, to), run.start[place + units * inputs + to], None));
        }
        place += units * (inputs + 1);
        inputs = units;
        let mut shown: Vec<Unit> =
            run.house_0.a[l].iter().enumerate().map(|(i, a)| unit(format!("unit {}", i + 1), format!("a = {}", fixed(*a, 2)))).collect();
        shown.extend((l + 1 < UNITS.len()).then(bias));
        columns.push(column(&format!("layer {}", l + 1), shown));
    }
    Diagram { title: "The 13-5-3-1 network".into(), columns, edges }
}

/// The mean over the houses of the last layer's delta.
pub(super) fn mean_of_deltas(houses: usize) -> Math {
    let share = Math::Number("1".into()).over(Math::Number(houses.to_string()));
    Math::Row(vec![share, symbols::large("Σ", Math::text("houses"), None, symbols::layered("delta_L3"))])
}

fn plot(title: &str, x: &str, series: Vec<Series>) -> Plot {
    Plot {
        title: title.into(),
        x: Axis { label: x.into(), log: false },
        y: Axis { label: "mean cost over 506 houses".into(), log: true },
        series,
    }
}

fn series(name: &str, costs: &[f64], every: u64) -> Series {
    let points = costs.iter().enumerate().map(|(i, cost)| ((i as u64 * every) as f64, *cost));
    Series { name: name.into(), points: points.collect() }
}

/// The one-layer net's cost over the iterations.
pub(super) fn one_layer_costs(work: &Work) -> Plot {
    let lines =
        vec![series("towards the prices", &work.one_layer.costs, KEPT), series("towards the leftover y", &work.leftover.costs, KEPT)];
    plot("Cost of the one-layer net", "iterations", lines)
}

/// The three-layer net's cost over the epochs.
pub(super) fn net_costs(work: &Work) -> Plot {
    let lines = vec![
        series("weights of np.random.seed(0)", &work.linear.costs, 1),
        series("weights that fit the notebook's prints", &work.net_witness.costs, 1),
    ];
    plot("Cost of the 13-5-3-1 net", "epochs", lines)
}
