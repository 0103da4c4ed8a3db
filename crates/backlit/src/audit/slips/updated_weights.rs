//! Backward through weights that are already updated.

use super::{Lasts, Slip, no_readings, trial};
use crate::by_hand::{Edge, Net, Way};

pub(super) const SLIP: Slip = Slip {
    name: "updated-weights",
    summary: "the derivative goes back through weights that are already updated",
    ways: |setting| match setting.net.depth() {
        1 => Vec::new(),
        _ => vec![trial(UpdatedWeights, "the hidden layers' derivatives go back through weights already updated", Lasts::Algorithm)],
    },
    readings: no_readings,
    prints: super::no_prints,
};

/// Layer after layer from the last: update, then go on with the new weights.
pub(super) struct UpdatedWeights;

impl Way for UpdatedWeights {
    fn back(&self, net: &Net, edge: Edge, _old: &[f64], new: &[f64]) -> f64 {
        new[self.weight(net, edge)]
    }
}
