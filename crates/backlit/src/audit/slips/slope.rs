//! The slope of an activation taken at the wrong place.

use super::{Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Net, Sheet, Way};

pub(super) const SLIP: Slip = Slip {
    name: "slope",
    summary: "an activation's slope is taken at a instead of z, or z stands where a should",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

fn ways(_: &Setting<'_>) -> Vec<Trial> {
    vec![
        trial(AtActivation, "the slope f′ is taken at a instead of z", Lasts::Once),
        trial(PreActivation, "z stands in the slope's formula where a should", Lasts::Once),
    ]
}

/// f′(a)
struct AtActivation;

impl Way for AtActivation {
    fn slope(&self, net: &Net, sheet: &Sheet, layer: usize, unit: usize) -> f64 {
        net.activate(layer, sheet.a[layer][unit]).1
    }
}

/// z (1 − z) for a (1 − a)
struct PreActivation;

impl Way for PreActivation {
    fn slope(&self, net: &Net, sheet: &Sheet, layer: usize, unit: usize) -> f64 {
        let z = sheet.z[layer][unit];
        net.textbook_slope(layer, z, z).unwrap_or(f64::NAN)
    }
}
