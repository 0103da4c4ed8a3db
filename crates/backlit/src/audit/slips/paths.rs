//! One path in place of the sum over all.

use super::{FEW, Lasts, Reading, Setting, Slip, Trial, trial};
use crate::audit::quantity::{Asked, Item, What};
use crate::by_hand::{Edge, Net, Way};
use crate::explain::notation::Thing;
use backlit_engine::typeset::unicode;

pub(super) const SLIP: Slip = Slip {
    name: "path",
    summary: "one term of a sum over paths is missing, or only one is there",
    ways,
    readings: |bench, asked| match asked.what {
        What::Value(Item::Thing(Thing::Cost)) if bench.net.adds_outputs && bench.net.outputs() > 1 && bench.single => {
            (0..bench.net.outputs()).filter_map(|output| part(bench, asked, output)).collect()
        }
        _ => Vec::new(),
    },
    prints: super::no_prints,
};

fn part(bench: &super::Bench<'_>, asked: &Asked, output: usize) -> Option<Reading> {
    let part = Asked { what: What::Value(Item::Part(output)), ..*asked };
    let name = unicode(&Item::Part(output).math(bench.wording));
    Some(Reading { value: bench.right(&part)?, says: format!("it is {name}, the cost of one output only") })
}

/// The derivative goes back through these units of a layer only.
struct Through {
    layer: usize,
    unit: usize,
    /// Only through the unit; otherwise through all others.
    only: bool,
}

impl Through {
    fn goes(&self, layer: usize, unit: usize) -> bool {
        layer != self.layer || (unit == self.unit) == self.only
    }
}

impl Way for Through {
    fn back(&self, net: &Net, edge: Edge, old: &[f64], _new: &[f64]) -> f64 {
        if self.goes(edge.layer, edge.unit) { old[net.place(edge)] } else { 0.0 }
    }
}

fn ways(setting: &Setting<'_>) -> Vec<Trial> {
    let net = setting.net;
    let mut trials = Vec::new();
    for layer in 2..=net.depth() {
        let units = net.width(layer);
        if !(2..=FEW).contains(&units) {
            continue;
        }
        for unit in 0..units {
            let name = unicode(&setting.wording.thing(Thing::PreActivation { layer, unit }));
            trials.push(trial(Through { layer, unit, only: true }, format!("only the path through {name} is there"), Lasts::Once));
            if units > 2 {
                trials.push(trial(Through { layer, unit, only: false }, format!("the path through {name} is missing"), Lasts::Once));
            }
        }
    }
    trials
}
