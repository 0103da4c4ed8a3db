//! Plain networks, layer after layer, and the graph they stand for.

use crate::graph::{Graph, GraphError, NodeId};
use crate::ops;
use crate::{Scalar, op::Op};
use std::ops::Range;
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
    /// What becomes of the last columns, if they are codes of levels.
    pub embedding: Option<Embedding>,
    /// Numbers that are learned of single columns, beside all that goes into the first layer.
    pub numeric: Option<Numeric>,
}

/// Numbers learned of single columns: weighted sums of cosines, which stand beside the columns themselves.
///
/// Source: PBLD of Holzmüller, Grinsztajn and Steinwart, Better by Default (RealMLP), NeurIPS 2024, arXiv:2407.04491.
#[derive(Clone, Debug, PartialEq)]
pub struct Numeric {
    /// The columns, none of which is a code. One may stand here several times.
    pub columns: Vec<usize>,
    /// Cosines of each column.
    pub waves: usize,
    /// Weighted sums of these.
    pub numbers: usize,
}

/// Learned numbers in the place of the last columns, each of which holds the code of a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// For each of these columns how many levels it has: its codes are whole numbers from 0 to below that.
    pub levels: Vec<usize>,
    /// How many numbers stand for a level.
    pub numbers: usize,
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

/// What the weighted sums of a layer are brought to mean 0 and variance 1 over, before the activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// The units of each row.
    Layer,
    /// The rows of the batch for each unit; in training only, elsewhere running statistics take their place.
    Batch,
}

/// One layer: z = x Wᵀ + b, a = activation(z), or of what a norm makes of z.
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
    /// How the weighted sums are normalized.
    pub norm: Option<Norm>,
    /// The layer whose output is added to the activation, struck out or not; 0 is the inputs.
    pub skip: Option<usize>,
    /// How many groups the inputs and the units are cut into, each unit with weights from its own group alone; 1: from all inputs.
    pub groups: usize,
}

/// Which inputs of a layer go into which units: with one group all into all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// How many groups.
    pub groups: usize,
    /// Inputs of all groups.
    pub inputs: usize,
    /// Units of all groups.
    pub units: usize,
}

impl Blocks {
    /// Whether each group can have as many inputs and as many units as another.
    pub fn fit(self) -> bool {
        self.groups > 0 && self.inputs.is_multiple_of(self.groups) && self.units.is_multiple_of(self.groups)
    }

    /// How many weights a unit has.
    pub fn width(self) -> usize {
        self.inputs / self.groups
    }

    /// How many weights there are.
    pub fn weights(self) -> usize {
        self.units.saturating_mul(self.width())
    }

    /// The inputs that go into a unit.
    pub fn into(self, unit: usize) -> Range<usize> {
        let group = unit / (self.units / self.groups);
        group * self.width()..(group + 1) * self.width()
    }

    /// The units that an input goes into.
    pub fn from(self, input: usize) -> Range<usize> {
        let (group, each) = (input / self.width(), self.units / self.groups);
        group * each..(group + 1) * each
    }

    /// Where the weight from an input to a unit of its group stands in W.
    pub fn place(self, unit: usize, input: usize) -> usize {
        unit * self.width() + input % self.width()
    }

    /// Unit and input of a weight by its place in W.
    pub fn edge(self, place: usize) -> (usize, usize) {
        let unit = place / self.width();
        (unit, self.into(unit).start + place % self.width())
    }
}

/// A network as a graph, with the nodes one asks for.
pub struct Built<S> {
    /// The graph. Its data are x, then y, then the rows' weights w if they have any.
    pub graph: Graph<S>,
    /// The cost of each row.
    pub cost: NodeId,
    /// The loss of each row: the cost, before weights and penalties.
    pub loss: NodeId,
    /// The loss of each row times its weight, if it has one: the cost, before penalties.
    pub weighed: NodeId,
    /// What a person is shown: activations of the last layer, or probabilities where the loss takes logits.
    pub shown: NodeId,
    /// What goes into the first layer: `x`, or `e` where there are embeddings, or `i` where numbers are learned of single columns.
    pub input: NodeId,
    /// The embeddings' tables: `embed1.weight` and so on.
    pub tables: Vec<NodeId>,
    /// The nodes of the numbers learned of single columns.
    pub numeric: Option<NumericNodes>,
    /// The layers' nodes.
    pub layers: Vec<LayerNodes>,
}

impl Terms {
    /// From the loss of each row that times its weight, and its cost; the last node is called `cost`.
    fn on<S: Scalar>(
        &self,
        loss: NodeId,
        embedded: &[NodeId],
        layers: &[LayerNodes],
        graph: &mut Graph<S>,
    ) -> Result<[NodeId; 2], GraphError> {
        let mut cost = loss;
        if self.weighted {
            let w = graph.data("w", 1)?;
            cost = graph.operation(if self.penalizes() { "weighted" } else { "cost" }, Arc::new(ops::weighted::Weighted), &[cost, w])?;
        }
        let weighed = cost;
        if self.penalizes() {
            let biases = |layer: &LayerNodes| layer.bias.filter(|_| self.penalize_biases);
            let penalized = layers.iter().flat_map(|layer| [Some(layer.weight), biases(layer)]).flatten();
            let inputs: Vec<NodeId> = std::iter::once(cost).chain(embedded.iter().copied()).chain(penalized).collect();
            cost = graph.operation("cost", Arc::new(ops::penalty::Penalty::new(self.l1, self.l2)), &inputs)?;
        }
        Ok([weighed, cost])
    }
}

/// The nodes of one layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerNodes {
    /// `layer1.weight`
    pub weight: NodeId,
    /// `layer1.bias`
    pub bias: Option<NodeId>,
    /// Which inputs go into which units.
    pub blocks: Blocks,
    /// `z1`
    pub z: NodeId,
    /// What the norm added, if there is one.
    pub norm: Option<NormNodes>,
    /// `a1`
    pub a: NodeId,
    /// What goes on to the next layer: `s1` behind a skip, else the activation, struck out where there are masks.
    pub out: NodeId,
}

/// The nodes of a layer's norm.
#[derive(Clone, Copy, Debug)]
pub struct NormNodes {
    /// `layer1.gain`
    pub gain: NodeId,
    /// `layer1.shift`
    pub shift: NodeId,
    /// `layer1.running_mean` and `layer1.running_variance`, of a norm over the batch.
    pub running: Option<[NodeId; 2]>,
    /// `n1`
    pub n: NodeId,
}

impl Embedding {
    /// How many numbers come of so many columns.
    pub fn width(&self, columns: usize) -> usize {
        columns.saturating_sub(self.levels.len()).saturating_add(self.levels.len().saturating_mul(self.numbers))
    }

    /// Adds the tables, and the numbers in the place of `x`, called `e`.
    fn on<S: Scalar>(&self, x: NodeId, graph: &mut Graph<S>) -> Result<(NodeId, Vec<NodeId>), GraphError> {
        let mut tables = Vec::with_capacity(self.levels.len());
        for (t, &levels) in self.levels.iter().enumerate() {
            tables.push(graph.parameter(&format!("embed{}.weight", t + 1), levels, self.numbers)?);
        }
        let inputs: Vec<NodeId> = std::iter::once(x).chain(tables.iter().copied()).collect();
        Ok((graph.operation("e", Arc::new(ops::embed::Embed::new(self.numbers)), &inputs)?, tables))
    }
}

/// The nodes of numbers learned of single columns.
#[derive(Clone, Copy, Debug)]
pub struct NumericNodes {
    /// `numeric.frequency`
    pub frequency: NodeId,
    /// `numeric.phase`
    pub phase: NodeId,
    /// `numeric.weight`
    pub weight: NodeId,
    /// `numeric.bias`
    pub bias: NodeId,
    /// `h`: the cosines
    pub h: NodeId,
    /// `p`: the weighted sums
    pub p: NodeId,
}

impl NumericNodes {
    /// The parameters, in graph order.
    pub fn parameters(&self) -> [NodeId; 4] {
        [self.frequency, self.phase, self.weight, self.bias]
    }
}

impl Numeric {
    /// How many numbers come out.
    pub fn width(&self) -> usize {
        self.columns.len().saturating_mul(self.numbers)
    }

    /// Adds the numbers learned of columns of `x`, called `p`, and puts them behind `input`, called `i`.
    fn on<S: Scalar>(&self, x: NodeId, input: NodeId, graph: &mut Graph<S>) -> Result<(NodeId, NumericNodes), GraphError> {
        let (columns, sums) = (self.columns.len(), self.width());
        let frequency = graph.parameter("numeric.frequency", columns, self.waves)?;
        let phase = graph.parameter("numeric.phase", columns, self.waves)?;
        let weight = graph.parameter("numeric.weight", sums, self.waves)?;
        let bias = graph.parameter("numeric.bias", 1, sums)?;
        let h = graph.operation("h", Arc::new(ops::periodic::Periodic::new(&self.columns)), &[x, frequency, phase])?;
        let p = graph.operation("p", Arc::new(ops::grouped_affine::GroupedAffine), &[h, weight, bias])?;
        let input = graph.operation("i", Arc::new(ops::concat::Concat), &[input, p])?;
        Ok((input, NumericNodes { frequency, phase, weight, bias, h, p }))
    }
}

impl Norm {
    /// Adds a norm behind `z`, which has so many units.
    fn on<S: Scalar>(self, z: NodeId, l: usize, units: usize, training: bool, graph: &mut Graph<S>) -> Result<NormNodes, GraphError> {
        let mut parameter = |name: &str| graph.parameter(&format!("layer{l}.{name}"), 1, units);
        let (gain, shift) = (parameter("gain")?, parameter("shift")?);
        let name = format!("n{l}");
        match self {
            Norm::Layer => {
                let n = graph.operation(&name, Arc::new(ops::layer_norm::LayerNorm), &[z, gain, shift])?;
                Ok(NormNodes { gain, shift, running: None, n })
            }
            Norm::Batch => {
                let running = [parameter("running_mean")?, parameter("running_variance")?];
                let inputs = [z, gain, shift, running[0], running[1]];
                let n = graph.operation(&name, Arc::new(ops::batch_norm::BatchNorm::new(training)), &inputs)?;
                Ok(NormNodes { gain, shift, running: Some(running), n })
            }
        }
    }
}

impl Network {
    /// Begins a network with so many columns.
    pub fn inputs(inputs: usize) -> Network {
        Network { inputs, layers: Vec::new(), loss: "half_squared_error".into(), terms: Terms::default(), embedding: None, numeric: None }
    }

    /// Takes the last columns for codes of so many levels each, which become so many learned numbers each.
    pub fn embed(mut self, levels: &[usize], numbers: usize) -> Network {
        self.embedding = Some(Embedding { levels: levels.to_vec(), numbers });
        self
    }

    /// Learns numbers of these columns: weighted sums of cosines.
    pub fn numeric(mut self, columns: &[usize], waves: usize, numbers: usize) -> Network {
        self.numeric = Some(Numeric { columns: columns.to_vec(), waves, numbers });
        self
    }

    /// Adds a dense layer, linear until an activation follows.
    pub fn dense(mut self, units: usize) -> Network {
        self.layers.push(Layer { units, activation: "linear".into(), bias: true, dropout: 0.0, norm: None, skip: None, groups: 1 });
        self
    }

    /// Cuts the last layer's inputs and units into groups, each unit with weights from its own group alone.
    pub fn groups(mut self, groups: usize) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.groups = groups;
        }
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

    /// Normalizes the last layer's weighted sums.
    pub fn norm(mut self, norm: Norm) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.norm = Some(norm);
        }
        self
    }

    /// Adds a layer's output to the last layer's activation; 0 is the inputs.
    pub fn skip(mut self, from: usize) -> Network {
        if let Some(layer) = self.layers.last_mut() {
            layer.skip = Some(from);
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

    /// How many numbers go into the first layer.
    pub fn width(&self) -> usize {
        let numeric = self.numeric.as_ref().map_or(0, Numeric::width);
        self.embedding.as_ref().map_or(self.inputs, |embedding| embedding.width(self.inputs)).saturating_add(numeric)
    }

    /// How many outputs there are.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(self.width(), |layer| layer.units)
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

    /// The graph to train: the same, with masks where there is dropout, and with the batch's own statistics where a norm is over it.
    pub fn build_to_train<S: Scalar>(&self) -> Result<Built<S>, GraphError> {
        self.built(true)
    }

    fn built<S: Scalar>(&self, training: bool) -> Result<Built<S>, GraphError> {
        let wrong = |node: &str, message: String| GraphError { node: node.into(), message };
        if self.layers.is_empty() {
            return Err(wrong("layer1", "expected at least one layer, came none".into()));
        }
        let mut graph = Graph::new();
        let x = graph.data("x", self.inputs)?;
        let y = graph.data("y", self.outputs().max(1))?;
        let (input, tables) = match &self.embedding {
            Some(embedding) => embedding.on(x, &mut graph)?,
            None => (x, Vec::new()),
        };
        let numeric = self.numeric.as_ref().map(|numeric| numeric.on(x, input, &mut graph)).transpose()?;
        let (input, numeric) = numeric.map_or((input, None), |(input, nodes)| (input, Some(nodes)));
        let mut a = input;
        let mut width = graph.shape(input).size();
        let mut layers = Vec::with_capacity(self.layers.len());
        for (l, layer) in self.layers.iter().enumerate() {
            let l = l + 1;
            let blocks = Blocks { groups: layer.groups, inputs: width, units: layer.units };
            if !blocks.fit() {
                let Blocks { groups, inputs, units } = blocks;
                let message = format!("expected groups that divide {inputs} inputs and {units} units, came {groups}");
                return Err(wrong(&format!("z{l}"), message));
            }
            let weight = graph.parameter(&format!("layer{l}.weight"), layer.units, blocks.width())?;
            let bias = if layer.bias { Some(graph.parameter(&format!("layer{l}.bias"), 1, layer.units)?) } else { None };
            let inputs: Vec<NodeId> = [Some(a), Some(weight), bias].into_iter().flatten().collect();
            let sums: Arc<dyn Op<S>> =
                if layer.groups == 1 { Arc::new(ops::affine::Affine) } else { Arc::new(ops::grouped_affine::GroupedAffine) };
            let z = graph.operation(&format!("z{l}"), sums, &inputs)?;
            let name = format!("a{l}");
            let activation = ops::activation(&layer.activation).map_err(|message| wrong(&name, message))?;
            let norm = layer.norm.map(|norm| norm.on(z, l, layer.units, training, &mut graph)).transpose()?;
            a = graph.operation(&name, activation, &[norm.map_or(z, |norm| norm.n)])?;
            let mut out = a;
            if training && layer.dropout > 0.0 {
                let mask = graph.mask(&format!("mask{l}"), layer.units, l as u32, layer.dropout)?;
                out = graph.operation(&format!("{name} after dropout"), Arc::new(ops::dropout::Dropout), &[out, mask])?;
            }
            if let Some(from) = layer.skip {
                let name = format!("s{l}");
                let before = match from {
                    0 => Some(input),
                    from => layers.get(from - 1).map(|layer: &LayerNodes| layer.out),
                };
                let before = before.ok_or_else(|| wrong(&name, format!("expected a layer from 0 to {}, came {from}", l - 1)))?;
                out = graph.operation(&name, Arc::new(ops::add::Add), &[out, before])?;
            }
            layers.push(LayerNodes { weight, bias, blocks, z, norm, a, out });
            a = out;
            width = layer.units;
        }
        let loss: Arc<dyn Op<S>> = ops::loss(&self.loss).map_err(|message| wrong("cost", message))?;
        let loss = graph.operation(if self.terms.is_empty() { "cost" } else { "loss" }, loss, &[a, y])?;
        let embedded: Vec<NodeId> = tables.iter().copied().chain(numeric.iter().flat_map(NumericNodes::parameters)).collect();
        let [weighed, cost] = self.terms.on(loss, &embedded, &layers, &mut graph)?;
        let shown = match self.inside_loss() {
            Some(name) => {
                let op = ops::any(name).map_err(|message| wrong("output", message))?;
                graph.operation("output", op, &[a])?
            }
            None => a,
        };
        Ok(Built { graph, cost, loss, weighed, shown, input, tables, numeric, layers })
    }
}
