//! The sum over rows where the mean should be.

use super::{Lasts, Slip, no_readings, trial};
use crate::by_hand::Way;

pub(super) const SLIP: Slip = Slip {
    name: "sum-over-rows",
    summary: "the cost is the sum over rows instead of the mean",
    ways: |setting| match setting.recipe.rows {
        1 => Vec::new(),
        rows => vec![trial(Sum, format!("it is the sum over the {rows} rows instead of the mean"), Lasts::Algorithm)],
    },
    readings: no_readings,
    prints: super::no_prints,
};

struct Sum;

impl Way for Sum {
    fn divide(&self, _rows: usize) -> f64 {
        1.0
    }
}
