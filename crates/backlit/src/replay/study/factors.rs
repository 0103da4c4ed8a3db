//! The chain rule of one row, factor by factor.

use super::graph::Study;
use super::{model, one_hot};
use crate::error::Error;
use crate::replay::record::Agreement;
use backlit_engine::{Network, NodeId};

/// Values and derivatives of one row, one list for each layer.
#[derive(Clone, Debug)]
pub(in crate::replay) struct Factors {
    /// Pre-activations: units.
    pub z: Vec<Vec<f64>>,
    /// Activations: units.
    pub a: Vec<Vec<f64>>,
    /// Slopes of the activation: units.
    pub da_dz: Vec<Vec<f64>>,
    /// Each unit's pre-activation by the layer's inputs: units × inputs.
    pub dz_da: Vec<Vec<f64>>,
    /// Each unit's pre-activation by its own weights: units × inputs.
    pub dz_dw: Vec<Vec<f64>>,
    /// Cost by activations: units.
    pub dc_da: Vec<Vec<f64>>,
    /// Cost by pre-activations, δ: units.
    pub dc_dz: Vec<Vec<f64>>,
    /// Cost by weights: units × inputs.
    pub dc_dw: Vec<Vec<f64>>,
    /// The cost.
    pub cost: f64,
}

/// The nodes of one layer, as computed and with a probe.
struct LayerOfStudy {
    z: NodeId,
    a: NodeId,
    units: usize,
    inputs: usize,
}

/// Takes the network apart at one row. Every number is a value of the engine, or a gradient of the engine:
/// of the cost, or of one value by itself for the factors in between.
pub(in crate::replay) fn factors(network: &Network, parameters: &[f64], x: &[f64], y: &[f64]) -> Result<Factors, Error> {
    let mut study = Study::new(1)?;
    let x = study.data("x", x)?;
    let mut below = study.probe("d x", x)?;
    let y = study.data("y", y)?;
    let mut layers = Vec::new();
    let mut inputs = network.inputs;
    for (l, (layer, (weight, bias))) in network.layers.iter().zip(model::layers(network, parameters)).enumerate() {
        let mut into = vec![below, study.parameter(&format!("weight {l}"), inputs, weight)?];
        if layer.bias {
            into.push(study.parameter(&format!("bias {l}"), layer.units, bias)?);
        }
        let z = study.operation(&format!("z {l}"), "affine", &into)?;
        let probed = study.probe(&format!("d z {l}"), z)?;
        let a = study.operation(&format!("a {l}"), &layer.activation, &[probed])?;
        below = study.probe(&format!("d a {l}"), a)?;
        layers.push(LayerOfStudy { z, a, units: layer.units, inputs });
        inputs = layer.units;
    }
    let cost = study.operation("cost", &network.loss, &[below, y])?;
    let (value, gradient) = study.gradient(cost);
    let each =
        |name: &str| -> Vec<Vec<f64>> { (0..layers.len()).map(|l| study.part(&gradient, &format!("{name} {l}")).to_vec()).collect() };
    let (dc_da, dc_dz, dc_dw) = (each("d a"), each("d z"), each("weight"));
    let z = layers.iter().map(|layer| study.value(layer.z)).collect();
    let a = layers.iter().map(|layer| study.value(layer.a)).collect();
    let mut factors = Factors { z, a, da_dz: vec![], dz_da: vec![], dz_dw: vec![], dc_da, dc_dz, dc_dw, cost: value };
    for (l, layer) in layers.iter().enumerate() {
        factors.add_local(&mut study, l, layer)?;
    }
    Ok(factors)
}

impl Factors {
    /// The partials of one layer by itself: each is what comes back for an upstream gradient of 1.
    fn add_local(&mut self, study: &mut Study, l: usize, layer: &LayerOfStudy) -> Result<(), Error> {
        let slopes = study.cost_with(&format!("slopes {l}"), layer.a, &vec![1.0; layer.units])?;
        self.da_dz.push(study.part(&study.gradient(slopes).1, &format!("d z {l}")).to_vec());
        let below = if l == 0 { "d x".to_string() } else { format!("d a {}", l - 1) };
        let (mut by_input, mut by_weight) = (Vec::new(), Vec::new());
        for unit in 0..layer.units {
            let alone = study.cost_with(&format!("unit {l} {unit}"), layer.z, &one_hot(layer.units, unit))?;
            let gradient = study.gradient(alone).1;
            by_input.extend(study.part(&gradient, &below));
            by_weight.extend(&study.part(&gradient, &format!("weight {l}"))[unit * layer.inputs..][..layer.inputs]);
        }
        self.dz_da.push(by_input);
        self.dz_dw.push(by_weight);
        Ok(())
    }

    /// Multiplies the factors layer by layer, δˡ = ((wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ a'(zˡ) and ∂C/∂wˡ = δˡ xᵀ, and compares
    /// with the gradient that the engine found in one go.
    pub fn agreement(&self, name: &str, gradient: &[f64], bound: f64) -> Agreement {
        let last = self.z.len() - 1;
        let mut product = self.dc_da[last].clone();
        let mut weights = Vec::new();
        for l in (0..=last).rev() {
            let delta: Vec<f64> = product.iter().zip(&self.da_dz[l]).map(|(above, slope)| above * slope).collect();
            let inputs = self.dz_dw[l].len() / delta.len();
            let rows = self.dz_dw[l].chunks(inputs).zip(&delta);
            weights.push(rows.flat_map(|(row, delta)| row.iter().map(move |x| delta * x)).collect::<Vec<f64>>());
            let sum = |i: usize| delta.iter().zip(self.dz_da[l].chunks(inputs)).map(|(delta, row)| delta * row[i]).sum();
            product = (0..inputs).map(sum).collect();
        }
        weights.reverse();
        Agreement::numbers(name, &weights.concat(), gradient, bound)
    }
}
