//! The network drawn, values and gradients in its units, the paths of one parameter lit by their share.

use super::digits::rounded;
use super::notation::Thing;
use super::{Opened, Subject, Wording};
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use backlit_engine::NodeId;
use backlit_engine::explain::{Place, What};
use backlit_engine::typeset::unicode;
use std::collections::BTreeMap;

/// Units of a layer that are drawn.
const DRAWN: usize = 12;

/// Lines that are drawn where they are not lit.
const PLAIN_LINES: usize = 120;

/// Lines up to which each carries its weight.
const LABELLED: usize = 24;

/// Significant digits in a unit.
const DIGITS: usize = 4;

/// The picture of an opened gradient: of its row, or of the row that adds most.
pub fn picture(opened: &Opened, wording: &Wording<'_>) -> Diagram {
    let subject = wording.subject;
    let row = opened.explanation.by_row.first().map_or(0, |share| share.row);
    let place = subject.rows.iter().position(|&r| r == row).unwrap_or(0);
    let data = subject.data();
    let values = subject.values(&data, place);
    let gradients = values.gradients();
    let light = Light::new(opened, subject, row);
    let mut layers = vec![subject.x_node()];
    layers.extend(subject.built.layers.iter().map(|layer| layer.out));
    let said = subject.metadata.network.said();
    let mut columns = Vec::new();
    let mut drawn: Vec<Vec<usize>> = Vec::new();
    for (c, &node) in layers.iter().enumerate() {
        let numbers = values.all(node);
        let gradient = &gradients[node.number()];
        let weight = |index: usize| (light.of(node, index), (numbers[index] * gradient.get(index).copied().unwrap_or(0.0)).abs());
        let mut shown: Vec<usize> = (0..numbers.len()).collect();
        if shown.len() > DRAWN {
            shown.sort_by(|&a, &b| weight(b).partial_cmp(&weight(a)).unwrap_or(std::cmp::Ordering::Equal));
            shown.truncate(DRAWN);
            shown.sort_unstable();
        }
        let units = shown.iter().map(|&index| {
            let thing = wording.at(Place { node, index });
            let mut lines = vec![format!("= {}", short(numbers[index]))];
            if c > 0 {
                let delta = gradients[subject.built.layers[c - 1].z.number()][index];
                lines.push(format!("δ = {}", short(delta)));
            }
            Unit { name: unicode(&wording.thing(thing)), lines, light: light.of(node, index), bias: false }
        });
        let heading = if c == 0 { "inputs".to_string() } else { format!("layer {c}: {}", said[c - 1]) };
        columns.push(Column { heading, total: numbers.len(), units: units.collect() });
        drawn.push(shown);
    }
    let mut edges = Vec::new();
    for (l, layer) in subject.built.layers.iter().enumerate() {
        let weights = values.all(layer.weight);
        for (to, &unit) in drawn[l + 1].iter().enumerate() {
            let goes_in = layer.blocks.into(unit);
            for (from, &input) in drawn[l].iter().enumerate().filter(|(_, input)| goes_in.contains(input)) {
                let place = layer.blocks.place(unit, input);
                let weight = weights[place];
                let lit = light.between(layers[l], input, layer.z, unit).max(light.weight(opened, layer.weight, place));
                let name = unicode(&wording.thing(Thing::Weight { layer: l + 1, unit, input }));
                let label = Some(format!("{name} = {}", short(weight)));
                let sign = if weight < 0.0 { -1 } else { 1 };
                edges.push(Edge { from: (l, from), to: (l + 1, to), label, light: lit, weight_sign: sign });
            }
        }
    }
    if edges.len() > PLAIN_LINES {
        edges.retain(|edge| edge.light > 0.0);
    }
    if edges.len() > LABELLED {
        edges.iter_mut().filter(|edge| edge.light == 0.0 || drawn.iter().any(|layer| layer.len() > 6)).for_each(|edge| edge.label = None);
    }
    let title = format!("Row {row}: the paths of {} to the cost", opened.name);
    Diagram { title, columns, edges }
}

fn short(value: f64) -> String {
    rounded(value, DIGITS).replace('-', "−")
}

/// How much of the listed paths runs through places and lines.
struct Light {
    places: BTreeMap<Place, f64>,
    lines: BTreeMap<(Place, Place), f64>,
}

impl Light {
    fn new(opened: &Opened, subject: &Subject, row: usize) -> Light {
        let mut light = Light { places: BTreeMap::new(), lines: BTreeMap::new() };
        let paths: Vec<_> = opened.explanation.paths.iter().filter(|path| path.row == row).collect();
        let total: f64 = paths.iter().map(|path| path.product.abs()).sum();
        for path in &paths {
            // Paths of a gradient that is 0 are lit alike.
            let share = if total > 0.0 { path.product.abs() / total } else { 1.0 / paths.len() as f64 };
            for factor in &path.factors {
                let What::Local { of, by } = factor.what else { continue };
                *light.lines.entry((by, of)).or_default() += share;
                // A unit is lit by the paths that pass through its slope.
                if subject.built.layers.iter().any(|layer| layer.out == of.node) {
                    *light.places.entry(of).or_default() += share;
                }
            }
        }
        // The explained weight's own input is where the light comes in.
        if let Some(Thing::Weight { layer, input, .. }) = subject.thing(opened.explanation.target) {
            let node = if layer == 1 { subject.x_node() } else { subject.built.layers[layer - 2].out };
            light.places.insert(Place { node, index: input }, 1.0);
        }
        light
    }

    fn of(&self, node: NodeId, index: usize) -> f64 {
        self.places.get(&Place { node, index }).copied().unwrap_or(0.0)
    }

    fn between(&self, from: NodeId, input: usize, to: NodeId, unit: usize) -> f64 {
        let line = (Place { node: from, index: input }, Place { node: to, index: unit });
        self.lines.get(&line).copied().unwrap_or(0.0)
    }

    /// The explained weight itself is where all its paths begin.
    fn weight(&self, opened: &Opened, node: NodeId, index: usize) -> f64 {
        if opened.explanation.place == (Place { node, index }) { 1.0 } else { 0.0 }
    }
}
