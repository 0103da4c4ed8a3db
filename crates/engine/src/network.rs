//! Plain networks, layer after layer, and the graph they stand for.

use crate::graph::{Graph, GraphError, NodeId};
use crate::ops;
use crate::{Scalar, op::Op};
use std::sync::Arc;

/// A network of dense layers and a loss.
///
/// ```
/// use backlit_engine::Network;
/// let network = Network::inputs(13).dense(5).relu().dense(1).half_squared_error();
/// let built = network.build::<f64>().unwrap();
/// assert_eq!(built.graph.parameter_count(), 13 * 5 + 5 + 5 + 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Columns of the data.
    pub inputs: usize,
    /// From the first hidden layer to the output.
    pub layers: Vec<Layer>,
    /// The loss by name, or as a formula in a and y: `huber(2)`, `(a - y)^4`.
    pub loss: String,
    /// What changes the cost besides.
    pub terms: Terms,
}

/// What makes a cost of the loss: C = w · loss + l1 Σ |W| + l2/2 Σ W². Each is an operation of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// Whether each row has a weight w: a third data node, rows × 1.
    pub weighted: bool,
    /// What the sizes of the weights cost.
    pub l1: f64,
    /// What half their squares cost.
    pub l2: f64,
    /// Whether biases cost the same.
    pub penalize_biases: bool,
}

impl Terms {
    /// Whether the cost is the loss.
    pub fn is_empty(&self) -> bool {
        !self.weighted && !self.penalizes()
    }

    /// Whether weights cost something.
    pub fn penalizes(&self) -> bool {
        self.l1 > 0.0 || self.l2 > 0.0
    }
}

/// One layer: z = x Wᵀ + b, a = activation(z).
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// How many units, each with one row of weights.
    pub units: usize,
    /// The activation by name, or as a formula in z: `relu`, `leaky_relu(0.2)`, `z * sigmoid(z)`.
    pub activation: String,
    /// Whether there is a bias.
    pub bias: bool,
    /// The share of activations that are struck out in training, from 0 to below 1.
    pub dropout: f64,
}

/// A network as a graph, with the nodes one asks for.
pub struct Built<S> {
    /// The graph. Its data are x, then y, then the rows' weights w if they have any.
    pub graph: Graph<S>,
    /// The cost of each row.
    pub cost: NodeId,
    /// The loss of each row: the cost, before weights and penalties.
    pub loss: NodeId,
    /// What a person is shown: activations of the last layer, or probabilities where the loss takes logits.
    pub shown: NodeId,
    /// The layers' nodes.
    pub layers: Vec<LayerNodes>,
}

impl Terms {
    /// The cost of each row from its loss; the last node is called `cost`.
    fn on<S: Scalar>(&self, loss: NodeId, layers: &[LayerNodes], graph: &mut Graph<S>) -> Result<NodeId, GraphError> {
        let mut cost = loss;
        if self.weighted {
            let w = graph.data("w", 1)?;
            cost = graph.operation(if self.penalizes() { "weighted" } else { "cost" }, Arc::new(ops::weighted::Weighted), &[cost, w])?;
        }
        if self.penalizes() {
            let biases = |layer: &LayerNodes| layer.bias.filter(|_| self.penalize_biases);
            let penalized = layers.iter().flat_map(|layer| [Some(layer.weight), biases(layer)]).flatten();
            let inputs: Vec<NodeId> = std::iter::once(cost).chain(penalized).collect();
            cost = graph.operation("cost", Arc::new(ops::penalty::Penalty::new(self.l1, self.l2)), &inputs)?;
        }
        Ok(cost)
    }
}

/// The nodes of one layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerNodes {
    /// `layer1.weight`
    pub weight: NodeId,
    /// `layer1.bias`
    pub bias: Option<NodeId>,
    /// `z1`
    pub z: NodeId,
    /// `a1`
    pub a: NodeId,
}

impl Network {
    /// Begins a network with so many columns.
    pub fn inputs(inputs: usize) -> Network {
        Network { inputs, layers: Vec::new(), loss: "half_squared_error".into(), terms: Terms::default() }
    }

    /// Adds a dense layer, linear until an activation follows.
    pub fn dense(mut self, units: usize) -> Network {
        self.layers.push(Layer { units, activation: "linear".into(), bias: true, dropout: 0.0 });
        self
    }

    /// Takes the bias from the last layer.
    pub fn without_bias(mut self) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.bias = false;
        }
        self
    }

    /// Strikes out a share of the last layer's activations in training.
    pub fn dropout(mut self, rate: f64) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.dropout = rate;
        }
        self
    }

    /// Gives the last layer an activation, by name or as a formula in z.
    pub fn activation(mut self, name: &str) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.activation = name.into();
        }
        self
    }

    /// Gives the last layer relu.
    pub fn relu(self) -> Network {
        self.activation("relu")
    }

    /// Gives the last layer the sigmoid.
    pub fn sigmoid(self) -> Network {
        self.activation("sigmoid")
    }

    /// Gives the last layer tanh.
    pub fn tanh(self) -> Network {
        self.activation("tanh")
    }

    /// Sets the loss, by name or as a formula in a and y.
    pub fn loss(mut self, name: &str) -> Network {
        self.loss = name.into();
        self
    }

    /// Gives each row a weight.
    pub fn weighted(mut self) -> Network {
        self.terms.weighted = true;
        self
    }

    /// Lets the sizes of the weights cost something, and half their squares.
    pub fn penalty(mut self, l1: f64, l2: f64) -> Network {
        (self.terms.l1, self.terms.l2) = (l1, l2);
        self
    }

    /// Sets the loss to ½ Σ (y − a)².
    pub fn half_squared_error(self) -> Network {
        self.loss("half_squared_error")
    }

    /// Sets the loss to the cross-entropy of a softmax.
    pub fn cross_entropy(self) -> Network {
        self.loss("cross_entropy")
    }

    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(self.inputs, |layer| layer.units)
    }

    /// What turns the last activation into what a person is shown, if anything: the loss has it inside.
    fn inside_loss(&self) -> Option<&'static str> {
        match ops::call(&self.loss).ok()?.0 {
            "cross_entropy" => Some("softmax"),
            "binary_cross_entropy" => Some("sigmoid"),
            _ => None,
        }
    }

    /// The graph of this network, or the node that cannot be. No activation is struck out in it.
    pub fn build<S: Scalar>(&self) -> Result<Built<S>, GraphError> {
        self.built(false)
    }

    /// The graph to train: the same, with masks where there is dropout.
    pub fn build_to_train<S: Scalar>(&self) -> Result<Built<S>, GraphError> {
        self.built(true)
    }

    fn built<S: Scalar>(&self, masked: bool) -> Result<Built<S>, GraphError> {
        let wrong = |node: &str, message: String| GraphError { node: node.into(), message };
        if self.layers.is_empty() {
            return Err(wrong("layer1", "expected at least one layer, came none".into()));
        }
        let mut graph = Graph::new();
        let mut a = graph.data("x", self.inputs)?;
        let y = graph.data("y", self.outputs().max(1))?;
        let mut width = self.inputs;
        let mut layers = Vec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.iter().enumerate() {
            let l = l + 1;
            let weight = graph.parameter(&format!("layer{l}.weight"), layer.units, width)?;
            let bias = if layer.bias { Some(graph.parameter(&format!("layer{l}.bias"), 1, layer.units)?) } else { None };
            let inputs: Vec<NodeId> = [Some(a), Some(weight), bias].into_iter().flatten().collect();
            let z = graph.operation(&format!("z{l}"), Arc::new(ops::affine::Affine), &inputs)?;
            let name = format!("a{l}");
            let activation = ops::activation(&layer.activation).map_err(|message| wrong(&name, message))?;
            a = graph.operation(&name, activation, &[z])?;
            layers.push(LayerNodes { weight, bias, z, a });
            if masked && layer.dropout > 0.0 {
                let mask = graph.mask(&format!("mask{l}"), layer.units, l as u32, layer.dropout)?;
                a = graph.operation(&format!("{name} after dropout"), Arc::new(ops::dropout::Dropout), &[a, mask])?;
            }
            width = layer.units;
        }
        let loss: Arc<dyn Op<S>> = ops::loss(&self.loss).map_err(|message| wrong("cost", message))?;
        let loss = graph.operation(if self.terms.is_empty() { "cost" } else { "loss" }, loss, &[a, y])?;
        let cost = self.terms.on(loss, &layers, &mut graph)?;
        let shown = match self.inside_loss() {
            Some(name) => {
                let op = ops::any(name).map_err(|message| wrong("output", message))?;
                graph.operation("output", op, &[a])?
            }
            None => a,
        };
        Ok(Built { graph, cost, loss, shown, layers })
    }
}
