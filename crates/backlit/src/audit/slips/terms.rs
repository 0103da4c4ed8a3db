//! The weight of a row, or the penalty on large weights, left out.

use super::{Lasts, Slip, no_readings, trial};
use crate::by_hand::Way;

pub(super) const SLIP: Slip = Slip {
    name: "cost-terms",
    summary: "the weight of a row or the penalty is left out",
    ways: |setting| {
        let weighted = (!setting.recipe.w.is_empty()).then(|| trial(Alike, "the rows count alike", Lasts::Algorithm));
        let penalized = setting.net.terms.penalizes().then(|| trial(Free, "the penalty on large weights is left out", Lasts::Algorithm));
        weighted.into_iter().chain(penalized).collect()
    },
    readings: no_readings,
    prints: super::no_prints,
};

struct Alike;

impl Way for Alike {
    fn row_weight(&self, _weight: f64) -> f64 {
        1.0
    }
}

struct Free;

impl Way for Free {
    fn penalty(&self) -> f64 {
        0.0
    }
}
