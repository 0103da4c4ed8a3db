//! A layered network computed plainly, number after number, as a person does it on paper.
//!
//! It shares nothing with the engine's kernels but the formulas: operations are evaluated over dual numbers, sums are
//! loops. A [`Way`] says how it is done; what its hooks leave alone is the right way, so that a slip is a way with one
//! hook changed.

mod back;
mod follow;
mod front;
mod rounded;
mod way;

pub use back::{Back, Seed, back, by_weight};
pub use follow::{Recipe, Snapshot, follow};
pub use front::{Front, Seen};
pub use rounded::{Rounded, To};
pub use way::{Right, Way};

use crate::error::{Error, Kind};
use backlit_engine::Network;
use backlit_engine::formula::{Dual, evaluate};
use backlit_engine::network::{Blocks, Norm, Terms};
use backlit_engine::op::{self, Op, Operand, Row, Written};
use backlit_engine::ops;
use std::ops::Range;
use std::sync::Arc;

/// What keeps the root of a norm away from 0.
const EPSILON: f64 = 1e-5;

/// The network. Parameters are flat, in graph order: what stands before the layers, then layer after layer, weight (units × inputs)
/// before bias.
pub struct Net {
    /// From the columns of the data to what goes into the first layer.
    pub front: Front,
    /// From the first hidden layer to the output.
    pub layers: Vec<Layer>,
    /// Whether the loss is a sum over outputs of a function of one output.
    pub adds_outputs: bool,
    /// What changes the cost besides: C = w · loss + l1 Σ |W| + l2/2 Σ W².
    pub terms: Terms,
    loss: Arc<dyn Op<f64>>,
}

/// One layer: z = W a + b, a = f(z), or f(n) where n is what a norm makes of z; then, behind a skip, s = a + what it adds.
pub struct Layer {
    /// How many units.
    pub units: usize,
    /// How many numbers go in.
    pub inputs: usize,
    /// Which of these go into which units.
    pub blocks: Blocks,
    /// Where the weight starts in the flat parameters.
    pub weight: usize,
    /// Where the bias starts.
    pub bias: Option<usize>,
    /// Where the gain of a norm starts; its shift follows.
    pub gain: Option<usize>,
    /// Where the running means of a batch norm start; the variances follow.
    pub running: Option<usize>,
    /// The layer whose output is added; 0 is the input.
    pub skip: Option<usize>,
    activation: Arc<dyn Op<f64>>,
    /// The card's own formula of the slope, in z and a.
    slope: Option<Written>,
}

/// The weight from an input of a layer to a unit. Layers count from 1, the others from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Layer.
    pub layer: usize,
    /// Unit of the layer.
    pub unit: usize,
    /// Input of the layer.
    pub input: usize,
}

/// One row forward. Layers count from 1; layer 0 is the input.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What stands before the layers.
    pub front: Seen,
    /// z\[layer\]\[unit\]; nothing in layer 0.
    pub z: Vec<Vec<f64>>,
    /// What a norm makes of z; z where there is none.
    pub n: Vec<Vec<f64>>,
    /// (z − mean)/s of a layer with a norm, and behind them s: one, or of a batch norm one for each unit.
    pub standard: Vec<Vec<f64>>,
    /// a\[layer\]\[unit\]; the inputs in layer 0.
    pub a: Vec<Vec<f64>>,
    /// What goes on to the next layer: a, and what a skip adds.
    pub out: Vec<Vec<f64>>,
    /// ∂a/∂n\[layer\]\[unit\]
    pub slope: Vec<Vec<f64>>,
    /// The targets.
    pub y: Vec<f64>,
    /// The loss of this row: C without its weight and the penalty.
    pub loss: f64,
    /// C of this row, with its weight and the penalty.
    pub cost: f64,
    /// The cost of each output, where the loss is a sum over outputs.
    pub parts: Vec<f64>,
    /// ∂C/∂a of the last layer.
    pub pull: Vec<f64>,
    /// ∂L/∂a of the last layer: the same before the weight of the row.
    pub loss_pull: Vec<f64>,
}

impl Net {
    /// From the layers and the loss by name.
    pub fn new(network: &Network) -> Result<Net, Error> {
        let usage = |message: String| Error::new(Kind::Usage, message);
        let loss = ops::loss::<f64>(&network.loss).map_err(usage)?;
        let front = Front::new(network);
        let (mut start, mut inputs, mut layers) = (front.range().end, network.width(), Vec::new());
        for layer in &network.layers {
            let weight = start;
            let blocks = Blocks { groups: layer.groups, inputs, units: layer.units };
            start += blocks.weights();
            let bias = layer.bias.then_some(start);
            start += if layer.bias { layer.units } else { 0 };
            let gain = layer.norm.map(|_| start);
            start += if layer.norm.is_some() { 2 * layer.units } else { 0 };
            let running = (layer.norm == Some(Norm::Batch)).then_some(start);
            start += if running.is_some() { 2 * layer.units } else { 0 };
            let activation = ops::activation::<f64>(&layer.activation).map_err(usage)?;
            let slope = activation.written(0, 0, 0, &Row { inputs: vec![&[0.5]], out: &[0.5] });
            let (units, skip) = (layer.units, layer.skip);
            layers.push(Layer { units, inputs, blocks, weight, bias, gain, running, skip, activation, slope });
            inputs = layer.units;
        }
        let adds_outputs = loss.about().kind == op::Kind::PointwiseLoss;
        Ok(Net { front, layers, adds_outputs, terms: network.terms, loss })
    }

    /// How many layers.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// A layer, counted from 1.
    pub fn layer(&self, layer: usize) -> &Layer {
        &self.layers[layer - 1]
    }

    /// Units of a layer; 0 is what goes into the first.
    pub fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.layer(1).inputs } else { self.layer(layer).units }
    }

    /// The places of a layer's parameters; 0 is what stands before the layers.
    pub fn range(&self, layer: usize) -> Range<usize> {
        if layer == 0 { self.front.range() } else { self.layer(layer).range() }
    }

    /// How many outputs.
    pub fn outputs(&self) -> usize {
        self.width(self.depth())
    }

    /// How many parameters.
    pub fn parameters(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.range().end)
    }

    /// Where a weight stands in the flat parameters.
    pub fn place(&self, edge: Edge) -> usize {
        let layer = self.layer(edge.layer);
        layer.weight + layer.blocks.place(edge.unit, edge.input)
    }

    /// The places of a layer's parameters that cost something by themselves: of what stands before the layers, 0, all.
    fn penalized(&self, layer: usize) -> Range<usize> {
        if layer == 0 {
            return if self.terms.penalizes() { self.front.range() } else { 0..0 };
        }
        let here = self.layer(layer);
        let weights = here.weights();
        match (self.terms.penalizes(), self.terms.penalize_biases) {
            (false, _) => weights.start..weights.start,
            (true, true) => weights.start..weights.end + here.biases().len(),
            (true, false) => weights,
        }
    }

    /// Whether a parameter costs something by itself.
    pub fn is_penalized(&self, place: usize) -> bool {
        (0..=self.depth()).any(|layer| self.penalized(layer).contains(&place))
    }

    /// What the sizes of the parameters cost: l1 Σ |W| + l2/2 Σ W².
    pub fn penalty(&self, parameters: &[f64], way: &dyn Way) -> f64 {
        let all = (0..=self.depth()).flat_map(|layer| &parameters[self.penalized(layer)]);
        way.penalty() * all.map(|w| self.terms.l1 * w.abs() + self.terms.l2 / 2.0 * w * w).sum::<f64>()
    }

    /// The derivative of that by a parameter that costs something. A weight that is 0 has no sign.
    pub fn penalty_slope(&self, w: f64, way: &dyn Way) -> f64 {
        let sign = if w == 0.0 { 0.0 } else { w.signum() };
        way.penalty() * (self.terms.l1 * sign + self.terms.l2 * w)
    }

    /// Adds the derivatives of that by a layer's parameters.
    fn add_penalty(&self, layer: usize, parameters: &[f64], way: &dyn Way, gradient: &mut [f64]) {
        for place in self.penalized(layer) {
            gradient[place] += way.keep(self.penalty_slope(parameters[place], way));
        }
    }

    /// The slope of an activation by the card's own formula, in which a stands where a person puts it in: a (1 − a).
    pub fn textbook_slope(&self, layer: usize, z: f64, a: f64) -> Option<f64> {
        let written = self.layer(layer).slope.as_ref()?;
        let letters = written.letters.iter().map(|(name, operand)| {
            let value = match operand {
                Operand::Input(..) => z,
                Operand::Output(_) => a,
                Operand::Constant(value) | Operand::Named(_, value) => *value,
            };
            (name.as_str(), value)
        });
        evaluate(&written.formula, &letters.collect::<Vec<_>>()).ok()
    }

    /// a and ∂a/∂z of a unit at any z.
    pub fn activate(&self, layer: usize, z: f64) -> (f64, f64) {
        let mut out = [Dual::fixed(f64::NAN)];
        self.layer(layer).activation.plain(&[&[Dual::moving(z)]], &mut out);
        (out[0].value, out[0].tangent)
    }

    fn loss(&self, a: &[Dual], y: &[Dual]) -> Dual {
        let mut out = [Dual::fixed(f64::NAN)];
        self.loss.plain(&[a, y], &mut out);
        out[0]
    }

    /// One row forward. `parameters`: flat; `x`: inputs; `y`: outputs.
    pub fn forward(&self, parameters: &[f64], x: &[f64], y: &[f64], way: &dyn Way) -> Sheet {
        let front = self.front.forward(parameters, x, way);
        let x = front.input.clone();
        let mut sheet = Sheet {
            front,
            z: vec![Vec::new()],
            n: vec![Vec::new()],
            standard: vec![Vec::new()],
            a: vec![x.clone()],
            out: vec![x.clone()],
            slope: vec![Vec::new()],
            y: y.to_vec(),
            loss: f64::NAN,
            cost: f64::NAN,
            parts: Vec::new(),
            pull: Vec::new(),
            loss_pull: Vec::new(),
        };
        for layer in 1..=self.depth() {
            let before: Vec<f64> = match layer {
                1 => x.clone(),
                _ => sheet.out[layer - 1].iter().map(|&a| way.keep(a)).collect(),
            };
            let here = self.layer(layer);
            let sum = |unit: usize| {
                let term = |input: usize| parameters[way.weight(self, Edge { layer, unit, input })] * before[input];
                here.blocks.into(unit).map(term).sum::<f64>() + here.bias.map_or(0.0, |bias| parameters[bias + unit])
            };
            let zs: Vec<f64> = (0..here.units).map(sum).collect();
            let (ns, standard) = here.normalized(parameters, &zs, way);
            let (mut activations, mut slopes) = (Vec::new(), Vec::new());
            for &n in &ns {
                let kept = way.keep(n);
                let (a, slope) = self.activate(layer, kept);
                let by_rounded = if way.rounds() { self.textbook_slope(layer, kept, way.keep(a)) } else { None };
                activations.push(a);
                slopes.push(by_rounded.unwrap_or(slope));
            }
            let out = match here.skip {
                Some(0) => activations.iter().zip(&x).map(|(&a, &x)| way.keep(a) + x).collect(),
                Some(from) => activations.iter().zip(&sheet.out[from]).map(|(&a, &before)| way.keep(a) + way.keep(before)).collect(),
                None => activations.clone(),
            };
            sheet.z.push(zs);
            sheet.n.push(ns);
            sheet.standard.push(standard);
            sheet.a.push(activations);
            sheet.out.push(out);
            sheet.slope.push(slopes);
        }
        self.cost(&mut sheet, way);
        sheet
    }

    fn cost(&self, sheet: &mut Sheet, way: &dyn Way) {
        let fixed = |numbers: &[f64], way: &dyn Way| numbers.iter().map(|&number| Dual::fixed(way.keep(number))).collect::<Vec<_>>();
        let (mut a, y) = (fixed(&sheet.out[self.depth()], way), fixed(&sheet.y, &Right));
        let scale = way.loss_scale(self);
        for k in 0..a.len() {
            a[k].tangent = 1.0;
            sheet.pull.push(scale * self.loss(&a, &y).tangent);
            a[k].tangent = 0.0;
            if self.adds_outputs {
                sheet.parts.push(scale * self.loss(&a[k..=k], &y[k..=k]).value);
            }
        }
        sheet.cost = match way.rounds() && sheet.parts.len() > 1 {
            true => sheet.parts.iter().map(|&part| way.keep(part)).sum(),
            false => scale * self.loss(&a, &y).value,
        };
        (sheet.loss, sheet.loss_pull) = (sheet.cost, sheet.pull.clone());
    }
}

impl Layer {
    /// The places of all its parameters in the flat ones.
    pub fn range(&self) -> Range<usize> {
        let vectors = usize::from(self.bias.is_some()) + 2 * usize::from(self.gain.is_some()) + 2 * usize::from(self.running.is_some());
        self.weight..self.weights().end + vectors * self.units
    }

    /// The places of the weights.
    pub fn weights(&self) -> Range<usize> {
        self.weight..self.weight + self.blocks.weights()
    }

    /// The places of the bias.
    pub fn biases(&self) -> Range<usize> {
        self.bias.map_or(0..0, |start| start..start + self.units)
    }

    /// What a layer norm makes of the weighted sums z: gain · (z − mean)/s + shift, s = √(variance + 0.00001); and the fractions, s
    /// behind them. A batch norm takes the running mean and variance of each unit. z itself where there is no norm.
    fn normalized(&self, parameters: &[f64], z: &[f64], way: &dyn Way) -> (Vec<f64>, Vec<f64>) {
        let Some(gain) = self.gain else { return (z.to_vec(), Vec::new()) };
        let z: Vec<f64> = z.iter().map(|&z| way.keep(z)).collect();
        let units = self.units as f64;
        let (mut standard, s): (Vec<f64>, Vec<f64>) = match self.running {
            Some(running) => {
                let s = |k: usize| (parameters[running + self.units + k] + EPSILON).sqrt();
                let h = |(k, z): (usize, &f64)| (z - parameters[running + k]) / s(k);
                (z.iter().enumerate().map(h).collect(), (0..self.units).map(s).collect())
            }
            None => {
                let mean = z.iter().sum::<f64>() / units;
                let s = (z.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / units + EPSILON).sqrt();
                (z.iter().map(|z| (z - mean) / s).collect(), vec![s])
            }
        };
        let n = standard.iter().enumerate().map(|(k, h)| parameters[gain + k] * h + parameters[gain + self.units + k]).collect();
        standard.extend(s);
        (n, standard)
    }

    /// ∂/∂z of the layer from ∂/∂n: through every unit's share in mean and variance, unless these are running ones.
    fn through_norm(&self, parameters: &[f64], standard: &[f64], dn: &[f64]) -> Vec<f64> {
        if let (Some(gain), Some(_)) = (self.gain, self.running) {
            return (0..self.units).map(|k| dn[k] * parameters[gain + k] / standard[self.units + k]).collect();
        }
        let (Some(gain), Some((s, h))) = (self.gain, standard.split_last()) else { return dn.to_vec() };
        let units = self.units as f64;
        let by_z = |j: usize| {
            let one = |k: usize| if k == j { 1.0 } else { 0.0 };
            (0..self.units).map(|k| dn[k] * parameters[gain + k] / s * (one(k) - (1.0 + h[k] * h[j]) / units)).sum()
        };
        (0..self.units).map(by_z).collect()
    }
}
