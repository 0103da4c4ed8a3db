//! The one-layer net, 200 iterations over all houses.

use super::evaluation::{Evaluation, WINDOWS};
use super::{FEATURES, Houses, LEARNING_RATE, one_layer_network};
use crate::error::Error;
use crate::replay::record::Agreement;
use crate::replay::study::{Factors, Model, factors, matrix};
use serde_json::{Value, json};

pub(super) const ITERATIONS: u64 = 200;
/// Iterations between two costs that are kept.
pub(super) const KEPT: u64 = 10;

/// One training of it.
pub(super) struct OneLayer {
    pub start: Vec<f64>,
    y: Vec<f64>,
    /// Mean over all houses, before training.
    pub gradient: Vec<f64>,
    pub house_0: Factors,
    /// Cost of house 0 by the weights, as training finds it.
    house_gradient: Vec<f64>,
    predictions: Vec<f64>,
    /// Cost over all houses against their prices, every ten iterations.
    pub costs: Vec<f64>,
    never_rises: bool,
    pub before: Evaluation,
    pub after: Evaluation,
    /// Weights and bias after the first iteration.
    pub after_one: Vec<f64>,
    end: Vec<f64>,
}

impl OneLayer {
    /// `y`: what the net is trained towards, one number a house.
    pub fn new(houses: &Houses, start: Vec<f64>, y: &[f64]) -> Result<OneLayer, Error> {
        let model = Model::new(one_layer_network())?;
        let x = &houses.x;
        let mut minimised = Vec::new();
        let mut costs = vec![model.cost(&start, x, &houses.prices)];
        let mut end = start.clone();
        for _ in 0..ITERATIONS / KEPT {
            end = model.train(&end, x, y, LEARNING_RATE, KEPT, &[], &mut |cost| minimised.push(cost))?;
            costs.push(model.cost(&end, x, &houses.prices));
        }
        minimised.push(model.cost(&end, x, y));
        Ok(OneLayer {
            gradient: model.gradient(&start, x, y).1,
            house_0: factors(&model.network, &start, houses.house(0), &y[..1])?,
            house_gradient: model.weight_gradient(&start, houses.house(0), &y[..1]),
            predictions: model.outputs(&start, x),
            costs,
            never_rises: minimised.is_sorted_by(|before, after| after <= before),
            before: Evaluation::new(&model, &start, houses, x, WINDOWS[0]),
            after: Evaluation::new(&model, &end, houses, x, WINDOWS[1]),
            after_one: model.train(&start, x, y, LEARNING_RATE, 1, &[], &mut |_| ())?,
            y: y.to_vec(),
            start,
            end,
        })
    }

    /// All that the cell prints.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec!["====== BEFORE TRAINING ======".to_string()];
        lines.extend(self.before.lines());
        lines.extend([String::new(), String::new(), "====== AFTER TRAINING ======".into()]);
        lines.extend(self.after.lines());
        lines
    }

    pub fn cost_before(&self) -> f64 {
        self.costs[0]
    }

    pub fn cost_after(&self) -> f64 {
        self.costs[self.costs.len() - 1]
    }

    /// Element by element over all examples, then the means by column, as the notebook writes it.
    pub fn agreements(&self, houses: &Houses, y: &str) -> [Agreement; 2] {
        let rows = self.y.len() as f64;
        let dc_db: Vec<f64> = self.predictions.iter().zip(&self.y).map(|(a, y)| a - y).collect();
        let mean = |column: usize| houses.x.iter().skip(column).step_by(FEATURES).zip(&dc_db).map(|(x, dc)| x * dc).sum::<f64>() / rows;
        let mut means: Vec<f64> = (0..FEATURES).map(mean).collect();
        means.push(dc_db.iter().sum::<f64>() / rows);
        [
            Agreement::numbers(
                format!("one layer, y = {y}: means of x(a - y) and a - y, and the engine's gradient"),
                &means,
                &self.gradient,
                1e-14,
            ),
            self.house_0.agreement(
                &format!("one layer, y = {y}: the factors of house 0 multiplied, and the engine's gradient"),
                &self.house_gradient,
                1e-15,
            ),
        ]
    }

    pub fn json(&self) -> Value {
        let every = self.costs.iter().zip((0..).step_by(KEPT as usize)).map(|(cost, i)| json!({ "iteration": i, "cost": cost }));
        let mut stdout = self.lines();
        // print ends its last line, too.
        stdout.push(String::new());
        let parameters = |values: &[f64]| json!({ "weights": matrix(FEATURES, &values[..FEATURES]), "biases": values[FEATURES..] });
        json!({
            "learning_rate": LEARNING_RATE,
            "iterations": ITERATIONS,
            "init": parameters(&self.start),
            "first_iteration": {
                "mean_dC_dw": self.gradient[..FEATURES],
                "mean_dC_db": self.gradient[FEATURES],
                "house_0": { "a": self.house_0.a[0][0], "dC_db": self.house_0.dc_dz[0][0], "dC_dw": self.house_0.dc_dw[0] },
            },
            "cost_506_correctly_paired": {
                "before": self.cost_before(),
                "after": self.cost_after(),
                "every_10": every.collect::<Vec<_>>(),
            },
            "cost_it_minimises_never_rises": self.never_rises,
            "tables": { "before": self.before.json(), "after": self.after.json() },
            "stdout": stdout,
            "final": parameters(&self.end),
        })
    }
}
