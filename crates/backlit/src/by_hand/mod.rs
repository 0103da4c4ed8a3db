//! A layered network computed plainly, number after number, as a person does it on paper.
//!
//! It shares nothing with the engine's kernels but the formulas: operations are evaluated over dual numbers, sums are
//! loops. A [`Way`] says how it is done; what its hooks leave alone is the right way, so that a slip is a way with one
//! hook changed.

mod back;
mod follow;
mod rounded;
mod way;

pub use back::{Back, Seed, back, by_weight};
pub use follow::{Recipe, Snapshot, follow};
pub use rounded::{Rounded, To};
pub use way::{Right, Way};

use crate::error::{Error, Kind};
use backlit_engine::Network;
use backlit_engine::formula::{Dual, evaluate};
use backlit_engine::network::Terms;
use backlit_engine::op::{self, Op, Operand, Row, Written};
use backlit_engine::ops;
use std::ops::Range;
use std::sync::Arc;

/// The network. Parameters are flat, in graph order: layer after layer, weight (units × inputs) before bias.
pub struct Net {
    /// Numbers that go in.
    pub inputs: usize,
    /// From the first hidden layer to the output.
    pub layers: Vec<Layer>,
    /// Whether the loss is a sum over outputs of a function of one output.
    pub adds_outputs: bool,
    /// What changes the cost besides: C = w · loss + l1 Σ |W| + l2/2 Σ W².
    pub terms: Terms,
    loss: Arc<dyn Op<f64>>,
}

/// One layer: z = W a + b, a = f(z).
pub struct Layer {
    /// How many units.
    pub units: usize,
    /// How many numbers go in.
    pub inputs: usize,
    /// Where the weight starts in the flat parameters.
    pub weight: usize,
    /// Where the bias starts.
    pub bias: Option<usize>,
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
    /// z\[layer\]\[unit\]; nothing in layer 0.
    pub z: Vec<Vec<f64>>,
    /// a\[layer\]\[unit\]; the inputs in layer 0.
    pub a: Vec<Vec<f64>>,
    /// ∂a/∂z\[layer\]\[unit\]
    pub slope: Vec<Vec<f64>>,
    /// The targets.
    pub y: Vec<f64>,
    /// C of this row, with its weight and the penalty.
    pub cost: f64,
    /// The cost of each output, where the loss is a sum over outputs.
    pub parts: Vec<f64>,
    /// ∂C/∂a of the last layer.
    pub pull: Vec<f64>,
}

impl Net {
    /// From the layers and the loss by name.
    pub fn new(network: &Network) -> Result<Net, Error> {
        let usage = |message: String| Error::new(Kind::Usage, message);
        let loss = ops::loss::<f64>(&network.loss).map_err(usage)?;
        if network.layers.iter().any(|layer| layer.norm.is_some() || layer.skip.is_some()) {
            return Err(
                usage("a network with norms or skips is not worked by hand".into()).hint("backlit explain and backlit check show them")
            );
        }
        if network.embedding.is_some() || network.numeric.is_some() {
            let error = usage("a network with embeddings is not worked by hand".into());
            return Err(error.hint("backlit explain and backlit check show them"));
        }
        let (mut start, mut inputs, mut layers) = (0, network.inputs, Vec::new());
        for layer in &network.layers {
            let weight = start;
            start += layer.units * inputs;
            let bias = layer.bias.then_some(start);
            start += if layer.bias { layer.units } else { 0 };
            let activation = ops::activation::<f64>(&layer.activation).map_err(usage)?;
            let slope = activation.written(0, 0, 0, &Row { inputs: vec![&[0.5]], out: &[0.5] });
            layers.push(Layer { units: layer.units, inputs, weight, bias, activation, slope });
            inputs = layer.units;
        }
        let adds_outputs = loss.about().kind == op::Kind::PointwiseLoss;
        Ok(Net { inputs: network.inputs, layers, adds_outputs, terms: network.terms, loss })
    }

    /// How many layers.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// A layer, counted from 1.
    pub fn layer(&self, layer: usize) -> &Layer {
        &self.layers[layer - 1]
    }

    /// Units of a layer; 0 is the input.
    pub fn width(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.layer(layer).units }
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
        layer.weight + edge.unit * layer.inputs + edge.input
    }

    /// The places of a layer's parameters that cost something by themselves. Layers count from 1.
    fn penalized(&self, layer: usize) -> Range<usize> {
        let all = self.layer(layer).range();
        match (self.terms.penalizes(), self.terms.penalize_biases) {
            (false, _) => all.start..all.start,
            (true, true) => all,
            (true, false) => all.start..all.end - self.layer(layer).biases().len(),
        }
    }

    /// What the sizes of the parameters cost: l1 Σ |W| + l2/2 Σ W².
    fn penalty(&self, parameters: &[f64], way: &dyn Way) -> f64 {
        let all = (1..=self.depth()).flat_map(|layer| &parameters[self.penalized(layer)]);
        way.penalty() * all.map(|w| self.terms.l1 * w.abs() + self.terms.l2 / 2.0 * w * w).sum::<f64>()
    }

    /// Adds the derivatives of that by a layer's parameters. A weight that is 0 has no sign.
    fn add_penalty(&self, layer: usize, parameters: &[f64], way: &dyn Way, gradient: &mut [f64]) {
        for place in self.penalized(layer) {
            let w = parameters[place];
            let sign = if w == 0.0 { 0.0 } else { w.signum() };
            gradient[place] += way.penalty() * (self.terms.l1 * sign + self.terms.l2 * w);
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
        let mut sheet = Sheet {
            z: vec![Vec::new()],
            a: vec![x.to_vec()],
            slope: vec![Vec::new()],
            y: y.to_vec(),
            cost: f64::NAN,
            parts: Vec::new(),
            pull: Vec::new(),
        };
        for layer in 1..=self.depth() {
            let before: Vec<f64> = match layer {
                1 => x.to_vec(),
                _ => sheet.a[layer - 1].iter().map(|&a| way.keep(a)).collect(),
            };
            let (mut zs, mut activations, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
            for unit in 0..self.width(layer) {
                let term = |(input, a): (usize, &f64)| parameters[way.weight(self, Edge { layer, unit, input })] * a;
                let z =
                    before.iter().enumerate().map(term).sum::<f64>() + self.layer(layer).bias.map_or(0.0, |bias| parameters[bias + unit]);
                let kept = way.keep(z);
                let (a, slope) = self.activate(layer, kept);
                let by_rounded = if way.rounds() { self.textbook_slope(layer, kept, way.keep(a)) } else { None };
                zs.push(z);
                activations.push(a);
                slopes.push(by_rounded.unwrap_or(slope));
            }
            sheet.z.push(zs);
            sheet.a.push(activations);
            sheet.slope.push(slopes);
        }
        self.cost(&mut sheet, way);
        sheet
    }

    fn cost(&self, sheet: &mut Sheet, way: &dyn Way) {
        let fixed = |numbers: &[f64], way: &dyn Way| numbers.iter().map(|&number| Dual::fixed(way.keep(number))).collect::<Vec<_>>();
        let (mut a, y) = (fixed(&sheet.a[self.depth()], way), fixed(&sheet.y, &Right));
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
    }
}

impl Layer {
    /// The places of weight and bias in the flat parameters.
    pub fn range(&self) -> Range<usize> {
        let end = self.weight + self.units * self.inputs;
        self.weight..if self.bias.is_some() { end + self.units } else { end }
    }

    /// The places of the bias.
    pub fn biases(&self) -> Range<usize> {
        self.bias.map_or(0..0, |start| start..start + self.units)
    }
}
