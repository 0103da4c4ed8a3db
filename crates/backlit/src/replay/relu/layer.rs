//! A layer of three neurons: gradients for its inputs, its weights and its biases, one sample or a batch.

use super::{BIASES, DVALUES, FEATURES, LATER_WEIGHTS, NEURONS, ONES, SAMPLES, UNEQUAL, WEIGHTS};
use crate::error::Error;
use crate::replay::record::Agreement;
use crate::replay::study::{Study, descend, matrix, transposed};
use backlit_engine::NodeId;
use serde_json::{Value, json};

/// A batch forward through layer and ReLU, and backward from a given gradient.
pub(super) struct Dense {
    study: Study,
    z: NodeId,
    a: NodeId,
    gradient: Vec<f64>,
    /// What came in as the gradient of the layer's outputs: samples × neurons.
    incoming: Vec<f64>,
    /// Samples × neurons.
    pub outputs: Vec<f64>,
    /// Samples × neurons.
    pub relu_outputs: Vec<f64>,
    /// Behind the ReLU's mask: samples × neurons.
    pub drelu: Vec<f64>,
    /// Samples × features.
    pub dinputs: Vec<f64>,
    /// Features × neurons, as the notebook stores weights.
    pub dweights: Vec<f64>,
    pub dbiases: Vec<f64>,
}

impl Dense {
    /// Forward only. `parameters`: neurons × features, then biases.
    pub fn new(parameters: &[f64]) -> Result<Dense, Error> {
        let (weights, biases) = parameters.split_at(NEURONS * FEATURES);
        let mut study = Study::new(SAMPLES.len() / FEATURES)?;
        let weights = study.parameter("weights", FEATURES, weights)?;
        let biases = study.parameter("biases", NEURONS, biases)?;
        let x = study.data("inputs", &SAMPLES)?;
        let x = study.probe("dinputs", x)?;
        let z = study.operation("outputs", "affine", &[x, weights, biases])?;
        let probed = study.probe("drelu", z)?;
        let a = study.operation("relu outputs", "relu", &[probed])?;
        let (outputs, relu_outputs) = (study.value(z), study.value(a));
        let empty = Vec::new;
        Ok(Dense {
            study,
            z,
            a,
            gradient: empty(),
            incoming: empty(),
            outputs,
            relu_outputs,
            drelu: empty(),
            dinputs: empty(),
            dweights: empty(),
            dbiases: empty(),
        })
    }

    /// Backward through ReLU and layer.
    pub fn through_relu(mut self, upstream: &[f64]) -> Result<Dense, Error> {
        let cost = self.study.cost_with("cost", self.a, upstream)?;
        self.backward(cost);
        self.drelu = self.study.upstream(&self.gradient, "drelu");
        self.incoming = self.drelu.clone();
        Ok(self)
    }

    /// Backward through the layer alone.
    pub fn into_layer(mut self, upstream: &[f64]) -> Result<Dense, Error> {
        let cost = self.study.cost_with("cost", self.z, upstream)?;
        self.backward(cost);
        self.incoming = upstream.to_vec();
        Ok(self)
    }

    fn backward(&mut self, cost: NodeId) {
        self.gradient = self.study.gradient(cost).1;
        self.dinputs = self.study.upstream(&self.gradient, "dinputs");
        self.dweights = transposed(FEATURES, self.study.part(&self.gradient, "weights"));
        self.dbiases = self.study.part(&self.gradient, "biases").to_vec();
    }

    /// Weights (neurons × features) and biases after one step.
    pub fn updated(&self, step: f64) -> Result<Vec<f64>, Error> {
        let places = [self.study.range("weights"), self.study.range("biases")];
        let mut new = descend(&self.study.parameters, &self.gradient, step, &places)?;
        new.truncate(WEIGHTS.len() + BIASES.len());
        Ok(new)
    }

    /// The sum of the ReLU's outputs.
    pub fn sum(mut self) -> Result<f64, Error> {
        let sum = self.study.cost_with("sum", self.a, &[1.0; 9])?;
        Ok(self.study.gradient(sum).0)
    }

    /// The notebook's own products over the engine's values, against the engine's gradients.
    pub fn agreements(&self, name: &str) -> Vec<Agreement> {
        let weights = self.study.part(&self.study.parameters, "weights");
        let dinputs = dot(FEATURES, &self.incoming, weights);
        let dweights = dot(NEURONS, &transposed(FEATURES, &SAMPLES), &self.incoming);
        let dbiases = dot(NEURONS, &ONES, &self.incoming);
        vec![
            Agreement::numbers(format!("{name}: np.dot(gradient, weights.T), and the engine's dinputs"), &dinputs, &self.dinputs, 1e-15),
            Agreement::numbers(format!("{name}: np.dot(inputs.T, gradient), and the engine's dweights"), &dweights, &self.dweights, 1e-15),
            Agreement::numbers(format!("{name}: np.sum(gradient, axis=0), and the engine's dbiases"), &dbiases, &self.dbiases, 1e-15),
        ]
    }
}

/// The layer's gradients for inputs that are never given: one sample, a batch, and the variants of D3.4 and D3.5.
pub(super) struct Results {
    /// For dvalues of 1, 1, 1.
    pub dot: Vec<f64>,
    /// In [49]: each neuron's dvalue is the first.
    pub by_sums: Vec<f64>,
    /// For the batch.
    pub batch: Vec<f64>,
    pub later: Vec<f64>,
    pub later_batch: Vec<f64>,
    pub unequal_by_sums: Vec<f64>,
    pub unequal: Vec<f64>,
}

impl Results {
    pub fn new() -> Result<Results, Error> {
        Ok(Results {
            dot: dinputs(&WEIGHTS, &ONES)?,
            by_sums: dinputs(&WEIGHTS, &[ONES[0]; NEURONS])?,
            batch: dinputs(&WEIGHTS, &DVALUES)?,
            later: dinputs(&LATER_WEIGHTS, &ONES)?,
            later_batch: dinputs(&LATER_WEIGHTS, &DVALUES)?,
            unequal_by_sums: dinputs(&WEIGHTS, &[UNEQUAL[0]; NEURONS])?,
            unequal: dinputs(&WEIGHTS, &UNEQUAL)?,
        })
    }

    /// `sum(weights_T[i]) * dvalues[0]` and np.dot as written, against the engine.
    pub fn agreements(&self) -> Vec<Agreement> {
        let columns = transposed(FEATURES, &WEIGHTS);
        let sums: Vec<f64> = columns.chunks(NEURONS).map(|column| column.iter().sum::<f64>() * ONES[0]).collect();
        let product = dot(FEATURES, &DVALUES, &WEIGHTS);
        vec![
            Agreement::numbers("In [49]: sum(weights_T[i]) * dvalues[0], and the engine's dinputs", &sums, &self.by_sums, 1e-15),
            Agreement::numbers("In [61]: np.dot(dvalues, weights), and the engine's dinputs", &product, &self.batch, 1e-15),
        ]
    }

    pub fn json(&self) -> Value {
        json!({
            "weights": matrix(FEATURES, &WEIGHTS),
            "weights_T": matrix(NEURONS, &transposed(FEATURES, &WEIGHTS)),
            "dvalues": ONES,
            "dinputs (In [49], by sums)": self.by_sums,
            "dinputs (In [59], np.dot)": self.dot,
            "batch_dvalues": matrix(NEURONS, &DVALUES),
            "batch_dinputs (In [61])": matrix(FEATURES, &self.batch),
            "with_minus_0.91": {
                "weights": matrix(FEATURES, &LATER_WEIGHTS),
                "dinputs": self.later,
                "batch_dinputs": matrix(FEATURES, &self.later_batch),
            },
            "unequal_dvalues": {
                "dvalues": UNEQUAL,
                "by In [49]'s formula": self.unequal_by_sums,
                "np.dot": self.unequal,
            },
        })
    }
}

/// The gradient of the layer's inputs for a gradient of its outputs, rows × neurons: rows × features.
fn dinputs(weights: &[f64], dvalues: &[f64]) -> Result<Vec<f64>, Error> {
    let rows = dvalues.len() / NEURONS;
    let mut study = Study::new(rows)?;
    // The inputs do not matter to this gradient.
    let x = study.data("inputs", &vec![0.0; rows * FEATURES])?;
    let x = study.probe("dinputs", x)?;
    let weights = study.parameter("weights", FEATURES, weights)?;
    let z = study.operation("outputs", "affine", &[x, weights])?;
    let cost = study.cost_with("cost", z, dvalues)?;
    Ok(study.upstream(&study.gradient(cost).1, "dinputs"))
}

/// The product that the notebook writes as `np.dot`; right: inner × columns.
fn dot(columns: usize, left: &[f64], right: &[f64]) -> Vec<f64> {
    let inner = right.len() / columns;
    let entry = |row: &[f64], column: usize| -> f64 { row.iter().zip(right[column..].iter().step_by(columns)).map(|(a, b)| a * b).sum() };
    left.chunks(inner).flat_map(|row| (0..columns).map(|column| entry(row, column)).collect::<Vec<_>>()).collect()
}
