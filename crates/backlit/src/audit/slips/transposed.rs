//! A weight matrix read the other way round.

use super::{Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Edge, Net, Way};

pub(super) const SLIP: Slip = Slip {
    name: "transposed",
    summary: "a weight matrix is transposed: unit and input are swapped",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

/// On the way back the weight from unit to input.
struct Back(usize);

impl Way for Back {
    fn back(&self, net: &Net, edge: Edge, old: &[f64], _new: &[f64]) -> f64 {
        match edge.layer == self.0 {
            true => old[net.place(Edge { unit: edge.input, input: edge.unit, ..edge })],
            false => old[net.place(edge)],
        }
    }
}

/// The numbers of these layers' matrices filled in column by column.
struct ByColumns(Option<usize>);

impl Way for ByColumns {
    fn weight(&self, net: &Net, edge: Edge) -> usize {
        let layer = net.layer(edge.layer);
        match self.0.is_none_or(|only| only == edge.layer) && layer.blocks.groups == 1 {
            true => layer.weight + edge.input * layer.units + edge.unit,
            false => net.place(edge),
        }
    }
}

fn ways(setting: &Setting<'_>) -> Vec<Trial> {
    let net = setting.net;
    let mut trials = Vec::new();
    for layer in 1..=net.depth() {
        let (units, inputs) = (net.layer(layer).units, net.layer(layer).inputs);
        if units == 1 || inputs == 1 || net.layer(layer).blocks.groups > 1 {
            continue;
        }
        if layer > 1 && units == inputs {
            trials.push(trial(Back(layer), format!("on the way back the weights of layer {layer} are transposed"), Lasts::Once));
        }
        trials.push(trial(ByColumns(Some(layer)), format!("the weights of layer {layer} are transposed throughout"), Lasts::Once));
    }
    if trials.len() > 1 {
        trials.push(trial(ByColumns(None), "the weights of all layers are transposed throughout", Lasts::Once));
    }
    trials
}
