//! The learning rate above which the one-layer net diverges.

use super::{Houses, one_layer_network};
use crate::error::Error;
use crate::replay::record::Agreement;
use crate::replay::study::Model;
use serde_json::{Value, json};

/// Steps of the power iteration; the largest eigenvalue stands far above the others.
const STEPS: usize = 100;
const TRIAL_ITERATIONS: u64 = 400;

/// The limit and two trials beside it.
pub(super) struct Limit {
    eigenvalue: f64,
    pub rate: f64,
    /// Cost at 1 % below and 1 % above the limit, relative to the cost before, after 400 iterations.
    trials: [f64; 2],
}

impl Limit {
    /// With targets 0 the gradient of a linear net with half squared error is its Hessian, the mean of
    /// [x, 1][x, 1]ᵀ, times the parameters; descent contracts while η is below 2 / the largest eigenvalue.
    pub fn new(houses: &Houses) -> Result<Limit, Error> {
        let model = Model::new(one_layer_network())?;
        let zeros = vec![0.0; houses.prices.len()];
        let mut direction = vec![1.0; houses.names.len() + 1];
        let mut eigenvalue = 0.0;
        for _ in 0..STEPS {
            let length = direction.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
            direction.iter_mut().for_each(|entry| *entry /= length);
            let image = model.gradient(&direction, &houses.x, &zeros).1;
            eigenvalue = image.iter().zip(&direction).map(|(image, entry)| image * entry).sum();
            direction = image;
        }
        let rate = 2.0 / eigenvalue;
        let start = super::uniform(direction.len());
        let before = model.cost(&start, &houses.x, &houses.prices);
        let trial = |rate: f64| -> Result<f64, Error> {
            let end = model.train(&start, &houses.x, &houses.prices, rate, TRIAL_ITERATIONS, &[], &mut |_| ())?;
            Ok(model.cost(&end, &houses.x, &houses.prices) / before)
        };
        Ok(Limit { eigenvalue, rate, trials: [trial(0.99 * rate)?, trial(1.01 * rate)?] })
    }

    /// Training at rates just below and just above must fall and rise.
    pub fn agreements(&self) -> [Agreement; 1] {
        let name = "1 % below the learning rate's limit the cost falls, 1 % above it rises";
        let word = |share: f64| if share < 1.0 { "falls" } else { "rises" }.to_string();
        [Agreement::lines(name, &self.trials.map(word), &["falls".to_string(), "rises".to_string()])]
    }

    pub fn json(&self) -> Value {
        json!({
            "largest_eigenvalue_of_the_mean_of_[x,1][x,1]^T": self.eigenvalue,
            "diverges_above": self.rate,
        })
    }
}
