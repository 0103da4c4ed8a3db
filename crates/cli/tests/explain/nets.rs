//! A dense network computed with plain loops, and the run file that describes it.

use crate::functions::{activation, loss};
use std::fmt::Write;

/// Numbers between 0 and 1 from a seed (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// A number of three decimals between `-size` and `size`.
    pub fn decimal(&mut self, size: f64) -> f64 {
        let steps = (size * 1000.0) as usize;
        (self.below(2 * steps + 1) as f64 - steps as f64) / 1000.0
    }

    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

#[derive(Clone)]
pub struct Layer {
    pub activation: String,
    /// units × inputs
    pub weight: Vec<Vec<f64>>,
    pub bias: Option<Vec<f64>>,
    pub freeze: Vec<&'static str>,
}

#[derive(Clone)]
pub struct Net {
    pub layers: Vec<Layer>,
    pub loss: String,
    pub f32: bool,
    pub standardize: bool,
    pub inputs: Vec<Vec<f64>>,
    pub targets: Vec<Vec<f64>>,
    /// The lines of `[train]`.
    pub train: String,
}

/// What one row makes of a network: `z`, `a` and δ = ∂C/∂z of every layer, slopes, and ∂C/∂a of the last.
pub struct Pass {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub z: Vec<Vec<f64>>,
    pub a: Vec<Vec<f64>>,
    pub slope: Vec<Vec<f64>>,
    pub delta: Vec<Vec<f64>>,
    /// ∂C/∂a, layer by layer.
    pub by_a: Vec<Vec<f64>>,
    pub cost: f64,
}

/// What a gradient is taken by; layers counted from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Weight(usize, usize, usize),
    Bias(usize, usize),
    Column(usize),
}

impl Place {
    pub fn name(self) -> String {
        match self {
            Place::Weight(layer, unit, input) => format!("layer{}.weight[{unit},{input}]", layer + 1),
            Place::Bias(layer, unit) => format!("layer{}.bias[{unit}]", layer + 1),
            Place::Column(column) => format!("x[x{column}]"),
        }
    }
}

impl Net {
    pub fn toml(&self) -> String {
        let mut text = format!(
            "[data]\ninputs = {:?}\ntargets = {:?}\nstandardize = {}\nvalidation = 0\n\n[network]\nprecision = \"{}\"\nloss = \"{}\"\n",
            self.inputs,
            self.targets,
            self.standardize,
            if self.f32 { "f32" } else { "f64" },
            self.loss
        );
        for layer in &self.layers {
            let bias = layer.bias.as_ref().map_or("false".to_string(), |bias| format!("{bias:?}"));
            write!(
                text,
                "\n[[network.layer]]\nunits = {}\nactivation = \"{}\"\nweight = {:?}\nbias = {bias}\nfreeze = {:?}\n",
                layer.weight.len(),
                layer.activation,
                layer.weight,
                layer.freeze
            )
            .expect("a String takes all");
        }
        format!("{text}\n[train]\n{}\n", self.train)
    }

    /// The parameters as the program holds them: rounded to f32 where it computes in f32.
    pub fn rounded(&self) -> Net {
        let mut net = self.clone();
        let keep = |value: &mut f64| {
            if self.f32 {
                *value = f64::from(*value as f32)
            }
        };
        for layer in &mut net.layers {
            layer.weight.iter_mut().flatten().for_each(keep);
            layer.bias.iter_mut().flatten().for_each(keep);
        }
        net
    }

    /// Mean and deviation of each input column, where the run standardizes.
    pub fn scaler(&self) -> Vec<(f64, f64)> {
        (0..self.inputs[0].len())
            .map(|column| {
                if !self.standardize {
                    return (0.0, 1.0);
                }
                let count = self.inputs.len() as f64;
                let mean = self.inputs.iter().map(|row| row[column]).sum::<f64>() / count;
                let variance = self.inputs.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / count;
                (mean, if variance > 0.0 { variance.sqrt() } else { 1.0 })
            })
            .collect()
    }

    /// The input of a row as the network sees it.
    pub fn input(&self, row: usize) -> Vec<f64> {
        self.inputs[row].iter().zip(self.scaler()).map(|(value, (mean, scale))| (value - mean) / scale).collect()
    }

    pub fn pass(&self, row: usize) -> Pass {
        self.pass_of(&self.input(row), &self.targets[row])
    }

    pub fn pass_of(&self, x: &[f64], y: &[f64]) -> Pass {
        let (mut z, mut a, mut slope) = (vec![], vec![], vec![]);
        let mut flow = x.to_vec();
        for layer in &self.layers {
            let sums: Vec<f64> = (0..layer.weight.len())
                .map(|unit| {
                    let start = layer.bias.as_ref().map_or(0.0, |bias| bias[unit]);
                    start + layer.weight[unit].iter().zip(&flow).map(|(w, x)| w * x).sum::<f64>()
                })
                .collect();
            flow = sums.iter().map(|z| activation(&layer.activation, *z).0).collect();
            slope.push(sums.iter().map(|z| activation(&layer.activation, *z).1).collect::<Vec<_>>());
            z.push(sums);
            a.push(flow.clone());
        }
        let (cost, error) = loss(&self.loss, &flow, y);
        let (mut delta, mut by_a) = (vec![vec![]; self.layers.len()], vec![vec![]; self.layers.len()]);
        let mut back = error;
        for layer in (0..self.layers.len()).rev() {
            delta[layer] = back.iter().zip(&slope[layer]).map(|(back, slope)| back * slope).collect::<Vec<f64>>();
            by_a[layer] = back;
            let weight = &self.layers[layer].weight;
            back = (0..weight[0].len()).map(|input| weight.iter().zip(&delta[layer]).map(|(row, d)| row[input] * d).sum()).collect();
        }
        Pass { x: x.to_vec(), y: y.to_vec(), z, a, slope, delta, by_a, cost }
    }

    pub fn places(&self) -> Vec<Place> {
        let mut places = vec![];
        for (at, layer) in self.layers.iter().enumerate() {
            for unit in 0..layer.weight.len() {
                places.extend((0..layer.weight[0].len()).map(|input| Place::Weight(at, unit, input)));
                places.extend(layer.bias.iter().map(|_| Place::Bias(at, unit)));
            }
        }
        places.extend((0..self.inputs[0].len()).map(Place::Column));
        places
    }

    pub fn value(&self, place: Place, pass: &Pass) -> f64 {
        match place {
            Place::Weight(layer, unit, input) => self.layers[layer].weight[unit][input],
            Place::Bias(layer, unit) => self.layers[layer].bias.as_ref().expect("a bias")[unit],
            Place::Column(column) => pass.x[column],
        }
    }

    pub fn gradient(&self, place: Place, pass: &Pass) -> f64 {
        match place {
            Place::Weight(0, unit, input) => pass.delta[0][unit] * pass.x[input],
            Place::Weight(layer, unit, input) => pass.delta[layer][unit] * pass.a[layer - 1][input],
            Place::Bias(layer, unit) => pass.delta[layer][unit],
            Place::Column(column) => self.layers[0].weight.iter().zip(&pass.delta[0]).map(|(row, d)| row[column] * d).sum(),
        }
    }

    /// The product of every path from `place` to the cost of one row.
    pub fn paths(&self, place: Place, pass: &Pass) -> Vec<f64> {
        let last = self.layers.len() - 1;
        let mut done = vec![];
        let mut open: Vec<(usize, usize, f64)> = match place {
            Place::Weight(0, unit, input) => vec![(0, unit, pass.x[input])],
            Place::Weight(layer, unit, input) => vec![(layer, unit, pass.a[layer - 1][input])],
            Place::Bias(layer, unit) => vec![(layer, unit, 1.0)],
            Place::Column(column) => (0..self.layers[0].weight.len()).map(|unit| (0, unit, self.layers[0].weight[unit][column])).collect(),
        };
        while let Some((layer, unit, product)) = open.pop() {
            let product = product * pass.slope[layer][unit];
            if layer == last {
                done.push(product * pass.by_a[last][unit]);
            } else {
                let next = &self.layers[layer + 1].weight;
                open.extend((0..next.len()).map(|to| (layer + 1, to, product * next[to][unit])));
            }
        }
        done
    }
}

#[test]
fn loops_and_paths_and_differences_agree() {
    let mut dice = Dice::new(7);
    let net = crate::random::net(&mut dice, "tanh", "log_cosh", false);
    let pass = net.pass(0);
    for place in net.places() {
        let moved = |step: f64| {
            let (mut net, mut x) = (net.clone(), pass.x.clone());
            match place {
                Place::Weight(layer, unit, input) => net.layers[layer].weight[unit][input] += step,
                Place::Bias(layer, unit) => net.layers[layer].bias.as_mut().expect("a bias")[unit] += step,
                Place::Column(column) => x[column] += step,
            }
            net.pass_of(&x, &pass.y).cost
        };
        let gradient = net.gradient(place, &pass);
        crate::support::close(&place.name(), gradient, (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-7, 1.0);
        crate::support::close(&place.name(), gradient, net.paths(place, &pass).iter().sum(), 1e-13, 1.0);
    }
}
