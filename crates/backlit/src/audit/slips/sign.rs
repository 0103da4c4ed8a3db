//! The other sign.

use super::{Lasts, Reading, Slip, trial};
use crate::audit::quantity::What;
use crate::by_hand::Way;

pub(super) const SLIP: Slip = Slip {
    name: "sign",
    summary: "the sign is flipped, or the gradient is added where it should be subtracted",
    ways: |_| vec![trial(Ascent, "the gradient is added where it should be subtracted", Lasts::Algorithm)],
    readings: |bench, asked| {
        let reading = |value: f64| Reading { value: -value, says: "the sign is flipped".into() };
        match asked.what {
            What::Slope { .. } => bench.right(asked).map(reading).into_iter().collect(),
            What::Value(_) if asked.after == 0 => bench.right(asked).map(reading).into_iter().collect(),
            What::Value(_) => Vec::new(),
        }
    },
    prints: super::no_prints,
};

struct Ascent;

impl Way for Ascent {
    fn rate(&self, rate: f64) -> f64 {
        -rate
    }
}
