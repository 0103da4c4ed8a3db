//! The learning rate left out.

use super::{Lasts, Slip, no_readings, trial};
use crate::by_hand::Way;

pub(super) const SLIP: Slip = Slip {
    name: "learning-rate",
    summary: "the learning rate is left out of the update",
    ways: |_| vec![trial(Whole, "the learning rate is left out of the update", Lasts::Once)],
    readings: no_readings,
    prints: super::no_prints,
};

struct Whole;

impl Way for Whole {
    fn rate(&self, _rate: f64) -> f64 {
        1.0
    }
}
