//! A factor of the chain left out, or taken twice.

use super::{FEW, Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Edge, Net, Sheet, Way};
use crate::explain::notation::Thing;
use backlit_engine::typeset::unicode;

pub(super) const SLIP: Slip = Slip {
    name: "factor",
    summary: "a factor of the chain is left out, or taken twice",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

/// Which factor.
#[derive(Clone, Copy)]
enum Factor {
    /// ∂C/∂a of the outputs.
    Pull,
    /// ∂a/∂z of a layer; of one unit, or of all.
    Slope(usize, Option<usize>),
    /// ∂z/∂a: the weights of a layer, on the way back.
    Weights(usize),
    /// ∂z/∂w
    Input,
}

/// The factor to this power: 0 leaves it out, 2 takes it twice.
struct Power(Factor, i32);

impl Way for Power {
    fn pull(&self, sheet: &Sheet, output: usize) -> f64 {
        let right = sheet.pull[output];
        if matches!(self.0, Factor::Pull) { right.powi(self.1) } else { right }
    }

    fn slope(&self, _net: &Net, sheet: &Sheet, layer: usize, unit: usize) -> f64 {
        let right = sheet.slope[layer][unit];
        match self.0 {
            Factor::Slope(l, u) if l == layer && u.is_none_or(|u| u == unit) => right.powi(self.1),
            _ => right,
        }
    }

    fn back(&self, net: &Net, edge: Edge, old: &[f64], _new: &[f64]) -> f64 {
        let right = old[net.place(edge)];
        if matches!(self.0, Factor::Weights(layer) if layer == edge.layer) { right.powi(self.1) } else { right }
    }

    fn input(&self, sheet: &Sheet, edge: Edge) -> f64 {
        let right = sheet.out[edge.layer - 1][edge.input];
        if matches!(self.0, Factor::Input) { right.powi(self.1) } else { right }
    }
}

fn ways(setting: &Setting<'_>) -> Vec<Trial> {
    let net = setting.net;
    let mut factors = vec![Factor::Pull, Factor::Input];
    for layer in 1..=net.depth() {
        let units = net.width(layer);
        if units <= FEW {
            factors.extend((0..units).map(|unit| Factor::Slope(layer, Some(unit))));
        }
        if units > 1 {
            factors.push(Factor::Slope(layer, None));
        }
        if layer > 1 {
            factors.push(Factor::Weights(layer));
        }
    }
    let both = factors.into_iter().flat_map(|factor| [(factor, 0, "is left out"), (factor, 2, "is taken twice")]);
    both.map(|(factor, power, what)| trial(Power(factor, power), format!("{} {what}", name(factor, setting)), Lasts::Once)).collect()
}

fn name(factor: Factor, setting: &Setting<'_>) -> String {
    let wording = setting.wording;
    let partial = |of, by| unicode(&wording.partial(of, by));
    let last = setting.net.depth();
    let a = |layer, unit| Thing::Activation { layer, unit };
    match factor {
        Factor::Pull if setting.net.outputs() == 1 => partial(Thing::Cost, a(last, 0)),
        Factor::Pull => format!("{}, as of every output,", partial(Thing::Cost, a(last, 0))),
        Factor::Slope(layer, unit) => {
            let one = |unit| partial(a(layer, unit), Thing::PreActivation { layer, unit });
            match unit {
                Some(unit) => one(unit),
                None => format!("{}, as of every unit of layer {layer},", one(0)),
            }
        }
        Factor::Weights(layer) => format!("the weight of layer {layer} on the way back"),
        Factor::Input => "the last factor, ∂z/∂w,".to_string(),
    }
}
