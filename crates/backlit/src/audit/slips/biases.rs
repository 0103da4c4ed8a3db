//! Biases updated that should stay, or left that should be updated.

use super::updated_weights::UpdatedWeights;
use super::{Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Edge, Net, Way};
use std::ops::Range;

pub(super) const SLIP: Slip = Slip {
    name: "biases",
    summary: "biases are updated that should stay as they are, or the other way round",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

/// What happens to the biases.
#[derive(Clone, Copy, PartialEq)]
enum Biases {
    /// They stay.
    Frozen,
    /// Each unit's own is updated.
    Own,
    /// One number for a layer, updated.
    Shared,
}

struct Trained {
    biases: Biases,
    /// Backward through weights already updated, besides.
    updated: bool,
}

impl Way for Trained {
    fn back(&self, net: &Net, edge: Edge, old: &[f64], new: &[f64]) -> f64 {
        if self.updated { UpdatedWeights.back(net, edge, old, new) } else { old[net.place(edge)] }
    }

    fn trainable(&self, net: &Net, usual: &[Range<usize>]) -> Vec<Range<usize>> {
        let biases: Vec<Range<usize>> = net.layers.iter().map(|layer| layer.biases()).filter(|range| !range.is_empty()).collect();
        if self.biases == Biases::Frozen {
            let outside = |place: &usize| !biases.iter().any(|range| range.contains(place));
            return usual.iter().cloned().flatten().filter(outside).map(|place| place..place + 1).collect();
        }
        let mut places: Vec<usize> = usual.iter().cloned().chain(biases).flatten().collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| place..place + 1).collect()
    }

    fn finish(&self, net: &Net, layer: usize, gradient: &mut [f64]) {
        if self.biases == Biases::Shared {
            let biases = &mut gradient[net.layer(layer).biases()];
            let sum: f64 = biases.iter().sum();
            biases.fill(sum);
        }
    }
}

fn ways(setting: &Setting<'_>) -> Vec<Trial> {
    let (net, recipe) = (setting.net, setting.recipe);
    let biases: Vec<Range<usize>> = net.layers.iter().map(|layer| layer.biases()).filter(|range| !range.is_empty()).collect();
    let is_trained = |place: usize| recipe.trainable.iter().any(|range| range.contains(&place));
    let all: Vec<bool> = biases.iter().cloned().flatten().map(is_trained).collect();
    let equal = |range: &Range<usize>| recipe.parameters[range.clone()].windows(2).all(|pair| pair[0] == pair[1]);
    let mut kinds = Vec::new();
    if all.contains(&false) {
        kinds.push((Biases::Own, "the biases are updated too"));
    }
    if all.contains(&true) {
        kinds.push((Biases::Frozen, "the biases are not updated"));
    }
    if biases.iter().any(|range| range.len() > 1) && biases.iter().all(equal) {
        kinds.push((Biases::Shared, "each layer has one bias for all units, and it is updated"));
    }
    let mut trials: Vec<Trial> =
        kinds.iter().map(|&(biases, says)| trial(Trained { biases, updated: false }, says, Lasts::Algorithm)).collect();
    if net.depth() > 1 {
        trials.extend(kinds.iter().map(|&(biases, says)| {
            let says = format!("{says}, and the hidden layers' derivatives go back through weights already updated");
            trial(Trained { biases, updated: true }, says, Lasts::Algorithm)
        }));
    }
    trials
}
