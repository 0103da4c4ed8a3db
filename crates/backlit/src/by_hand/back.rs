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
    /// What a layer norm makes of z of a unit.
    N(usize, usize),
    /// What leaves a unit: a, and what a skip adds.
    Out(usize, usize),
}

/// Derivatives of the seed. Layers count from 1, and 0 is the input; layers above the seed hold zeros.
#[derive(Clone, Debug)]
pub struct Back {
    /// By what leaves a layer, a or behind a skip s.
    pub dout: Vec<Vec<f64>>,
    /// By a\[layer\]\[unit\].
    pub da: Vec<Vec<f64>>,
    /// By what a layer norm makes of z; by z where there is none.
    pub dn: Vec<Vec<f64>>,
    /// By z\[layer\]\[unit\].
    pub dz: Vec<Vec<f64>>,
}

impl Back {
    /// From the cost, if it starts there: nothing but the derivatives by the outputs.
    pub(super) fn begun(net: &Net, sheet: &Sheet, way: &dyn Way, seed: Seed) -> Back {
        let zeros = || (0..=net.depth()).map(|layer| vec![0.0; net.width(layer)]).collect::<Vec<_>>();
        let mut back = Back { dout: zeros(), da: zeros(), dn: zeros(), dz: zeros() };
        match seed {
            Seed::Cost => back.dout[net.depth()] = (0..net.outputs()).map(|k| way.pull(sheet, k)).collect(),
            Seed::Part(k) => back.dout[net.depth()][k] = way.pull(sheet, k),
            Seed::A(layer, unit) => back.da[layer][unit] = 1.0,
            Seed::Z(layer, unit) => back.dz[layer][unit] = 1.0,
            Seed::N(layer, unit) => back.dn[layer][unit] = 1.0,
            Seed::Out(layer, unit) => back.dout[layer][unit] = 1.0,
        }
        back
    }

    /// From what leaves a layer to its weighted sums, and to what a skip adds.
    pub(super) fn reach_sums(&mut self, net: &Net, sheet: &Sheet, way: &dyn Way, layer: usize, old: &[f64]) {
        let leaves = self.dout[layer].clone();
        self.da[layer].iter_mut().zip(&leaves).for_each(|(da, out)| *da += out);
        if let Some(from) = net.layer(layer).skip {
            self.dout[from].iter_mut().zip(&leaves).for_each(|(before, &out)| *before += way.keep(out));
        }
        let slope = |(unit, &da): (usize, &f64)| way.keep(da) * way.keep(way.slope(net, sheet, layer, unit));
        let dn: Vec<f64> = self.da[layer].iter().enumerate().map(slope).collect();
        self.dn[layer].iter_mut().zip(dn).for_each(|(here, dn)| *here += dn);
        let here = net.layer(layer);
        // Behind a norm ∂C/∂n is written down before it goes on.
        let dn: Vec<f64> = self.dn[layer].iter().map(|&dn| if here.gain.is_some() { way.keep(dn) } else { dn }).collect();
        let dz = here.through_norm(old, &sheet.standard[layer], &dn);
        self.dz[layer].iter_mut().zip(dz).for_each(|(here, dz)| *here += dz);
    }

    /// From the weighted sums of a layer to what goes into it.
    pub(super) fn below(&mut self, net: &Net, way: &dyn Way, layer: usize, old: &[f64], new: &[f64]) {
        let through = through_weights(net, way, layer, &self.dz[layer], old, new);
        self.dout[layer - 1].iter_mut().zip(through).for_each(|(below, d)| *below += d);
    }
}

/// All derivatives of the seed. `old`: the parameters; `new`: as they will be after the update.
pub fn back(net: &Net, sheet: &Sheet, seed: Seed, way: &dyn Way, old: &[f64], new: &[f64]) -> Back {
    let mut back = Back::begun(net, sheet, way, seed);
    let top = match seed {
        Seed::Cost | Seed::Part(_) => net.depth(),
        Seed::Z(layer, _) | Seed::A(layer, _) | Seed::N(layer, _) | Seed::Out(layer, _) => layer,
    };
    for layer in (1..=top).rev() {
        back.reach_sums(net, sheet, way, layer, old);
        back.below(net, way, layer, old, new);
    }
    back.da[0].clone_from(&back.dout[0]);
    back
}

/// ∂/∂a of the layer below from ∂/∂z of a layer.
fn through_weights(net: &Net, way: &dyn Way, layer: usize, dz: &[f64], old: &[f64], new: &[f64]) -> Vec<f64> {
    let one = |input: usize| {
        let term = |unit: usize| way.keep(way.keep(dz[unit]) * way.back(net, Edge { layer, unit, input }, old, new));
        net.layer(layer).blocks.from(input).map(term).sum()
    };
    (0..net.width(layer - 1)).map(one).collect()
}

/// ∂/∂w of an edge from what is known of its unit.
pub fn by_weight(sheet: &Sheet, way: &dyn Way, edge: Edge, dz: f64) -> f64 {
    let input = way.input(sheet, edge);
    let input = if edge.layer > 1 { way.keep(input) } else { input };
    if way.keeps_delta() { way.keep(dz) * input } else { dz * input }
}
