//! The 13-5-3-1 nets: linear as in the notebook, and with ReLU and sigmoid as its text offers.

use super::evaluation::{Evaluation, WINDOWS};
use super::{FEATURES, Houses};
use crate::error::Error;
use crate::replay::record::Agreement;
use crate::replay::study::{Factors, Model, factors, matrix};
use backlit_engine::Network;
use serde_json::{Map, Value, json};

pub(super) const UNITS: [usize; 3] = [5, 3, 1];

/// One training of such a net.
pub(super) struct NetRun {
    model: Model,
    pub start: Vec<f64>,
    learning_rate: f64,
    /// Mean over all houses, before training.
    pub gradient: Vec<f64>,
    pub house_0: Factors,
    /// Cost of house 0 by all weights, as training finds it.
    house_gradient: Vec<f64>,
    /// Features of house 0 as the net is given them.
    pub x: Vec<f64>,
    pub y: f64,
    /// Cost over all houses before each epoch and after the last.
    pub costs: Vec<f64>,
    activity: Activity,
    pub before: Evaluation,
    pub after: Evaluation,
    /// Weights and biases after the first epoch.
    pub after_one: Vec<f64>,
    end: Vec<f64>,
}

/// How many houses move each unit, before training.
struct Activity {
    units_on: Vec<usize>,
    strictly_inside: Vec<usize>,
    largest_z2: f64,
    smallest_z1: f64,
}

/// Means and population standard deviations of the features.
pub(super) struct Scale {
    pub mean: Vec<f64>,
    pub deviation: Vec<f64>,
}

/// 13-5-3-1 with these activations.
pub(super) fn network(activations: [&str; 3]) -> Network {
    let add = |network: Network, (units, activation): (usize, &str)| network.dense(units).activation(activation);
    UNITS.into_iter().zip(activations).fold(Network::inputs(FEATURES), add).half_squared_error()
}

/// The cost after one epoch at this rate; a negative one takes the gradient with the wrong sign.
pub(super) fn one_epoch(network: &Network, houses: &Houses, start: &[f64], rate: f64) -> Result<f64, Error> {
    let model = Model::new(network.clone())?;
    let after = model.train(start, &houses.x, &houses.prices, rate, 1, &[], &mut |_| ())?;
    Ok(model.cost(&after, &houses.x, &houses.prices))
}

impl NetRun {
    /// `x`: the features that the net is given, 506 × 13.
    pub fn new(network: Network, houses: &Houses, x: &[f64], start: Vec<f64>, learning_rate: f64, epochs: u64) -> Result<NetRun, Error> {
        let model = Model::new(network)?;
        let y = &houses.prices;
        let mut costs = Vec::new();
        let end = model.train(&start, x, y, learning_rate, epochs, &[], &mut |cost| costs.push(cost))?;
        costs.push(model.cost(&end, x, y));
        Ok(NetRun {
            learning_rate,
            gradient: model.gradient(&start, x, y).1,
            house_0: factors(&model.network, &start, &x[..FEATURES], &y[..1])?,
            house_gradient: model.weight_gradient(&start, &x[..FEATURES], &y[..1]),
            after_one: model.train(&start, x, y, learning_rate, 1, &[], &mut |_| ())?,
            x: x[..FEATURES].to_vec(),
            y: y[0],
            costs,
            activity: Activity::new(&model, &start, x),
            before: Evaluation::new(&model, &start, houses, x, WINDOWS[2]),
            after: Evaluation::new(&model, &end, houses, x, WINDOWS[3]),
            model,
            start,
            end,
        })
    }

    /// All that the cell prints.
    pub fn lines(&self) -> Vec<String> {
        [self.before.lines(), self.after.lines()].concat()
    }

    pub fn never_rises(&self) -> bool {
        self.costs.is_sorted_by(|before, after| after <= before)
    }

    pub fn agreements(&self, name: &str) -> [Agreement; 1] {
        let name = format!("13-5-3-1, {name}: the factors of house 0 by the delta recursion, and the engine's gradient");
        [self.house_0.agreement(&name, &self.house_gradient, 1e-15)]
    }

    /// The notebook's own way, house by house: the product of transposed weights from the last layer back, outer
    /// products with each layer's input, and at the end the mean. Right for linear nets only, as the notebook has it.
    pub fn by_the_notebook(&self, houses: &Houses) -> Agreement {
        let layers = self.model.layers(&self.start);
        let (x, y) = (&houses.x, &houses.prices);
        let prediction = self.model.outputs(&self.start, x);
        let mut dz_dw = vec![x.clone()];
        dz_dw.extend((0..2).map(|l| self.model.a(l, &self.start, x)));
        let mut sum: Vec<Vec<f64>> = layers.iter().flat_map(|(weight, bias)| [vec![0.0; weight.len()], vec![0.0; bias.len()]]).collect();
        for (row, (a, y)) in prediction.iter().zip(y).enumerate() {
            let mut to_end = vec![a - y];
            for l in (0..layers.len()).rev() {
                let inputs = layers[l].0.len() / UNITS[l];
                let input = &dz_dw[l][row * inputs..][..inputs];
                for (unit, dc_dz) in to_end.iter().enumerate() {
                    let weights = sum[2 * l][unit * inputs..][..inputs].iter_mut();
                    weights.zip(input).for_each(|(sum, x)| *sum += dc_dz * x);
                    sum[2 * l + 1][unit] += dc_dz;
                }
                let column = |i: usize| to_end.iter().zip(layers[l].0.chunks(inputs)).map(|(dc, row)| dc * row[i]).sum();
                to_end = (0..inputs).map(column).collect();
            }
        }
        let mean: Vec<f64> = sum.concat().iter().map(|sum| sum / y.len() as f64).collect();
        let name = "13-5-3-1, linear: products of transposed weights, house by house, then the mean, and the engine's gradient";
        Agreement::numbers(name, &mean, &self.gradient, 1e-14)
    }

    /// W1, b1, W2, b2, W3, b3 from numbers in the order of the parameters.
    pub fn layers_json(&self, values: &[f64]) -> Value {
        let mut all = Map::new();
        for (l, (weight, bias)) in self.model.layers(values).into_iter().enumerate() {
            all.insert(format!("W{}", l + 1), matrix(weight.len() / UNITS[l], weight));
            all.insert(format!("b{}", l + 1), json!(bias));
        }
        all.into()
    }

    pub fn json(&self) -> Value {
        let last = self.costs.len() - 1;
        let every = (0..=last).step_by(10).map(|epoch| json!({ "epoch": epoch, "cost": self.costs[epoch] }));
        let mut stdout = self.lines();
        // print ends its last line, too.
        stdout.push(String::new());
        let activations: Vec<&str> = self.model.network.layers.iter().map(|layer| layer.activation.as_str()).collect();
        json!({
            "activations": activations,
            "learning_rate": self.learning_rate,
            "epochs": last,
            "init": self.layers_json(&self.start),
            "first_epoch_mean_gradient": self.layers_json(&self.gradient),
            "house_0_first_epoch": self.house_json(),
            "first_epoch_activity": self.activity.json(),
            "cost_506_correctly_paired": {
                "before": self.costs[0],
                "after": self.costs[last],
                "every_10": every.collect::<Vec<_>>(),
                "every_epoch": self.costs,
            },
            "cost_never_rises": self.never_rises(),
            "tables": { "before": self.before.json(), "after": self.after.json() },
            "stdout": stdout,
            "final": self.layers_json(&self.end),
        })
    }

    /// The chain of house 0, factor by factor.
    fn house_json(&self) -> Value {
        let f = &self.house_0;
        let mut all = json!({
            "house": 0, "x": self.x, "y": self.y,
            "z": f.z, "a": f.a, "C": f.cost, "da_dz": f.da_dz, "dC_dz": f.dc_dz,
            "dz2_da1": matrix(UNITS[0], &f.dz_da[1]),
            "dz3_da2": matrix(UNITS[1], &f.dz_da[2]),
        });
        for l in 0..3 {
            all[format!("dC_da{}", l + 1)] = json!(f.dc_da[l]);
            all[format!("dC_dW{}", l + 1)] = matrix(f.dc_dw[l].len() / UNITS[l], &f.dc_dw[l]);
            // dz/db is 1.
            all[format!("dC_db{}", l + 1)] = json!(f.dc_dz[l]);
        }
        all
    }
}

impl Activity {
    fn new(model: &Model, parameters: &[f64], x: &[f64]) -> Activity {
        let (z1, z2, a2) = (model.z(0, parameters, x), model.z(1, parameters, x), model.a(1, parameters, x));
        let count = |values: &[f64], layer: usize, counts: &dyn Fn(f64) -> bool| -> Vec<usize> {
            (0..UNITS[layer]).map(|unit| values.iter().skip(unit).step_by(UNITS[layer]).filter(|value| counts(**value)).count()).collect()
        };
        Activity {
            units_on: count(&z1, 0, &|z| z > 0.0),
            strictly_inside: count(&a2, 1, &|a| a > 1e-6 && a < 1.0 - 1e-6),
            largest_z2: z2.iter().fold(0.0, |largest, z| z.abs().max(largest)),
            smallest_z1: z1.iter().fold(f64::INFINITY, |smallest, z| z.abs().min(smallest)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "relu_units_on (of 506 houses)": self.units_on,
            "sigmoid_strictly_inside_1e-6": self.strictly_inside,
            "largest_abs_z2": self.largest_z2,
            "smallest_abs_z1": self.smallest_z1,
        })
    }
}

impl Scale {
    pub fn new(houses: &Houses) -> Scale {
        let rows = houses.prices.len() as f64;
        let column = |column: usize| houses.x.iter().skip(column).step_by(FEATURES);
        let mean: Vec<f64> = (0..FEATURES).map(|c| column(c).sum::<f64>() / rows).collect();
        let spread = |c: usize| (column(c).map(|x| (x - mean[c]).powi(2)).sum::<f64>() / rows).sqrt();
        Scale { deviation: (0..FEATURES).map(spread).collect(), mean }
    }

    /// (x - mean) / deviation, rows × 13.
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        x.iter().enumerate().map(|(i, x)| (x - self.mean[i % FEATURES]) / self.deviation[i % FEATURES]).collect()
    }
}
