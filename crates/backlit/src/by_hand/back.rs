//! One row backward, from the cost or from any unit.

use super::{Edge, Net, Sheet, Way};

/// Where a derivative starts: what is differentiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// The cost.
    Cost,
    /// The cost of one output.
    Part(usize),
    /// z of a unit of a layer, counted from 1.
    Z(usize, usize),
    /// a of a unit of a layer, counted from 1.
    A(usize, usize),
}

/// Derivatives of the seed. Layers count from 1, and 0 is the input; layers above the seed hold zeros.
#[derive(Clone, Debug)]
pub struct Back {
    /// By a\[layer\]\[unit\].
    pub da: Vec<Vec<f64>>,
    /// By z\[layer\]\[unit\].
    pub dz: Vec<Vec<f64>>,
}

/// All derivatives of the seed. `old`: the parameters; `new`: as they will be after the update.
pub fn back(net: &Net, sheet: &Sheet, seed: Seed, way: &dyn Way, old: &[f64], new: &[f64]) -> Back {
    let zeros = || (0..=net.depth()).map(|layer| vec![0.0; net.width(layer)]).collect::<Vec<_>>();
    let mut back = Back { da: zeros(), dz: zeros() };
    let top = match seed {
        Seed::Cost | Seed::Part(_) => net.depth(),
        Seed::Z(layer, _) | Seed::A(layer, _) => layer,
    };
    for layer in (1..=top).rev() {
        if layer == top {
            match seed {
                Seed::Cost => back.da[layer] = (0..net.outputs()).map(|k| way.pull(sheet, k)).collect(),
                Seed::Part(k) => back.da[layer][k] = way.pull(sheet, k),
                Seed::A(_, unit) => back.da[layer][unit] = 1.0,
                Seed::Z(..) => {}
            }
        }
        back.dz[layer] = through_activation(net, sheet, way, layer, &back.da[layer]);
        match seed {
            Seed::Z(at, unit) if at == layer => back.dz[layer][unit] = 1.0,
            _ => {}
        }
        back.da[layer - 1] = through_weights(net, way, layer, &back.dz[layer], old, new);
    }
    back
}

/// ∂/∂z of a layer from ∂/∂a.
pub(super) fn through_activation(net: &Net, sheet: &Sheet, way: &dyn Way, layer: usize, da: &[f64]) -> Vec<f64> {
    da.iter().enumerate().map(|(unit, &da)| way.keep(da) * way.keep(way.slope(net, sheet, layer, unit))).collect()
}

/// ∂/∂a of the layer below from ∂/∂z of a layer.
pub(super) fn through_weights(net: &Net, way: &dyn Way, layer: usize, dz: &[f64], old: &[f64], new: &[f64]) -> Vec<f64> {
    let one = |input: usize| {
        let term = |(unit, &dz): (usize, &f64)| way.keep(way.keep(dz) * way.back(net, Edge { layer, unit, input }, old, new));
        dz.iter().enumerate().map(term).sum()
    };
    (0..net.width(layer - 1)).map(one).collect()
}

/// ∂/∂w of an edge from what is known of its unit.
pub fn by_weight(sheet: &Sheet, way: &dyn Way, edge: Edge, dz: f64) -> f64 {
    let input = way.input(sheet, edge);
    let input = if edge.layer > 1 { way.keep(input) } else { input };
    if way.keeps_delta() { way.keep(dz) * input } else { dz * input }
}
