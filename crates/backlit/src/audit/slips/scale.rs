//! A cost that is a constant times too large or too small.

use super::{Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Net, Way};

pub(super) const SLIP: Slip = Slip {
    name: "cost-factor",
    summary: "the cost has a factor 2 or ½ too many, or is the mean over outputs instead of the sum",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

/// So many times the loss.
struct Times(f64);

impl Way for Times {
    fn loss_scale(&self, _net: &Net) -> f64 {
        self.0
    }
}

fn ways(setting: &Setting<'_>) -> Vec<Trial> {
    let outputs = setting.net.outputs();
    let is_half = setting.wording.subject.metadata.network.loss == "half_squared_error";
    let double = if is_half { "the factor ½ of the cost is left out" } else { "the cost has a factor 2 too many" };
    let mut trials = vec![trial(Times(2.0), double, Lasts::Algorithm)];
    let half = "the cost has a factor ½ too many";
    match outputs {
        2 => trials.push(trial(Times(0.5), format!("{half}, or is the mean over the 2 outputs instead of the sum"), Lasts::Algorithm)),
        _ => trials.push(trial(Times(0.5), half, Lasts::Algorithm)),
    }
    if outputs > 2 {
        let says = format!("the cost is the mean over the {outputs} outputs instead of the sum");
        trials.push(trial(Times(1.0 / outputs as f64), says, Lasts::Algorithm));
    }
    trials
}
