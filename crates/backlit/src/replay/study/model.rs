//! A network as the engine trains it.

use super::{refused, sgd};
use crate::error::{Error, Kind};
use backlit_engine::network::{Built, Network};
use backlit_engine::step::Runner;
use backlit_engine::train::{End, Moment, Settings, Trainer};
use backlit_engine::{Graph, NodeId, Plan, ops};
use std::ops::{ControlFlow, Range};

/// A network and its graph.
pub(in crate::replay) struct Model {
    pub network: Network,
    built: Built<f64>,
}

impl Model {
    /// Builds the network.
    pub fn new(network: Network) -> Result<Model, Error> {
        let built = network.build().map_err(refused)?;
        Ok(Model { network, built })
    }

    /// The mean cost over all rows and its gradient. x: rows × inputs, y: rows × outputs.
    pub fn gradient(&self, parameters: &[f64], x: &[f64], y: &[f64]) -> (f64, Vec<f64>) {
        let plan = Plan::gradient(&self.built.graph, self.built.cost);
        let mut gradient = vec![0.0; parameters.len()];
        let rows = self.rows(x);
        let cost = Runner::new(&plan, rows, 1).gradient(&plan, parameters, &[x, y], rows, &mut gradient);
        (cost, gradient)
    }

    /// The gradient by all weights, without the biases.
    pub fn weight_gradient(&self, parameters: &[f64], x: &[f64], y: &[f64]) -> Vec<f64> {
        let gradient = self.gradient(parameters, x, y).1;
        self.layers(&gradient).into_iter().flat_map(|(weight, _)| weight.to_vec()).collect()
    }

    /// The mean cost over all rows.
    pub fn cost(&self, parameters: &[f64], x: &[f64], y: &[f64]) -> f64 {
        let plan = Plan::forward(&self.built.graph, self.built.cost);
        let rows = self.rows(x);
        Runner::new(&plan, rows, 1).cost(&plan, parameters, &[x, y], rows)
    }

    /// What the network says, rows × outputs.
    pub fn outputs(&self, parameters: &[f64], x: &[f64]) -> Vec<f64> {
        self.values(self.built.shown, self.network.outputs(), parameters, x)
    }

    /// Pre-activations of a layer, counted from 0: rows × units.
    pub fn z(&self, layer: usize, parameters: &[f64], x: &[f64]) -> Vec<f64> {
        self.values(self.built.layers[layer].z, self.network.layers[layer].units, parameters, x)
    }

    /// Activations of a layer, counted from 0: rows × units.
    pub fn a(&self, layer: usize, parameters: &[f64], x: &[f64]) -> Vec<f64> {
        self.values(self.built.layers[layer].a, self.network.layers[layer].units, parameters, x)
    }

    /// Trains on full batches by plain descent and returns the parameters; `observe` gets each epoch's cost
    /// before its update.
    #[expect(clippy::too_many_arguments, reason = "a run is described by as many things")]
    pub fn train(
        &self,
        parameters: &[f64],
        x: &[f64],
        y: &[f64],
        learning_rate: f64,
        epochs: u64,
        frozen: &[Range<usize>],
        observe: &mut (dyn FnMut(f64) + Send),
    ) -> Result<Vec<f64>, Error> {
        let settings = Settings { epochs, batch: None, shuffle: false, seed: 0, learning_rate, threads: 1 };
        let optimizer = sgd(parameters.len())?;
        let mut trainer = Trainer::new(&self.built.graph, self.built.cost, parameters.to_vec(), optimizer, frozen, self.rows(x), settings);
        let mut each = |moment: &Moment| {
            observe(moment.cost);
            ControlFlow::Continue(())
        };
        match trainer.run(&[x, y], &mut each) {
            End::Diverged(divergence) => Err(Error::new(Kind::Diverged, divergence.to_string())),
            _ => Ok(trainer.parameters().to_vec()),
        }
    }

    /// The parameters of each layer: weight (units × inputs), then bias (empty if there is none).
    pub fn layers<'a>(&self, parameters: &'a [f64]) -> Vec<(&'a [f64], &'a [f64])> {
        layers(&self.network, parameters)
    }

    fn rows(&self, x: &[f64]) -> usize {
        x.len() / self.network.inputs
    }

    fn values(&self, node: NodeId, width: usize, parameters: &[f64], x: &[f64]) -> Vec<f64> {
        let plan = Plan::forward(&self.built.graph, node);
        let rows = self.rows(x);
        let mut out = vec![0.0; rows * width];
        Runner::new(&plan, rows, 1).outputs(&plan, parameters, &[x, &[]], rows, &mut out);
        out
    }
}

/// The mean over rows of the half squared error of predictions that come from no network.
pub(in crate::replay) fn half_squared_error(predicted: &[f64], actual: &[f64]) -> Result<f64, Error> {
    let mut graph = Graph::new();
    let (a, y) = (graph.data("a", 1).map_err(refused)?, graph.data("y", 1).map_err(refused)?);
    let cost = graph.operation("cost", ops::loss("half_squared_error").map_err(refused)?, &[a, y]).map_err(refused)?;
    let plan = Plan::forward(&graph, cost);
    let rows = predicted.len();
    Ok(Runner::new(&plan, rows, 1).cost(&plan, &[], &[predicted, actual], rows))
}

/// Flat parameters cut into each layer's weight and bias.
pub(super) fn layers<'a>(network: &Network, mut parameters: &'a [f64]) -> Vec<(&'a [f64], &'a [f64])> {
    let mut width = network.inputs;
    let mut parts = Vec::new();
    for layer in &network.layers {
        let (weight, rest) = parameters.split_at(layer.units * width);
        let (bias, rest) = rest.split_at(if layer.bias { layer.units } else { 0 });
        parts.push((weight, bias));
        (parameters, width) = (rest, layer.units);
    }
    parts
}
