//! A network as a graph of operations.
//!
//! Nodes are numbered as they are added and may only use nodes that stand before them, so every graph is
//! acyclic and its numbering is an order of computation. Errors appear when a node is added and name it.

use crate::op::Op;
use crate::{Scalar, Shape};
use std::fmt;
use std::sync::Arc;

/// The number of a node in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// Its place in the order of the graph.
    pub fn number(self) -> usize {
        self.0
    }
}

/// A node that cannot be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// The name of the node that was to be added.
    pub node: String,
    /// What was expected and what came.
    pub message: String,
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node '{}': {}", self.node, self.message)
    }
}

impl std::error::Error for GraphError {}

/// A parameter of the network: a weight (units × inputs) or a bias (1 × units).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// `layer1.weight`
    pub name: String,
    /// Rows of the matrix; 1 for a bias.
    pub rows: usize,
    /// Columns of the matrix.
    pub columns: usize,
    /// Where it starts in the flat parameters; it runs row after row.
    pub start: usize,
}

impl Parameter {
    /// How many numbers it holds.
    pub fn size(&self) -> usize {
        self.rows * self.columns
    }

    /// The name of its `index`-th number: `layer1.weight[unit,input]`, `layer1.bias[unit]`, `layer1.gain[unit]`.
    pub fn element(&self, index: usize) -> String {
        match self.rows {
            1 if !self.name.ends_with("weight") => format!("{}[{index}]", self.name),
            _ => format!("{}[{},{}]", self.name, index / self.columns, index % self.columns),
        }
    }
}

pub(crate) enum Kind<S> {
    Data(usize),
    /// Drawn for each row in training.
    Mask(Mask),
    Parameter(usize),
    Operation {
        op: Arc<dyn Op<S>>,
        inputs: Vec<NodeId>,
    },
}

/// What a mask is drawn by: its numbers are 0 with probability `rate` and else 1/(1 − rate).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mask {
    pub layer: u32,
    pub rate: f64,
}

pub(crate) struct Node<S> {
    pub name: String,
    pub shape: Shape,
    pub kind: Kind<S>,
    /// Whether its value depends on any parameter.
    pub moves: bool,
}

/// A graph of operations over data and parameters.
pub struct Graph<S> {
    pub(crate) nodes: Vec<Node<S>>,
    parameters: Vec<Parameter>,
    data: usize,
}

impl<S: Scalar> Default for Graph<S> {
    fn default() -> Self {
        Graph { nodes: Vec::new(), parameters: Vec::new(), data: 0 }
    }
}

impl<S: Scalar> Graph<S> {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds data: one line of `width` numbers for every row. Slices are handed to a step in this order.
    pub fn data(&mut self, name: &str, width: usize) -> Result<NodeId, GraphError> {
        if width == 0 {
            return Err(error(name, "expected at least one column, came 0"));
        }
        let id = self.push(name, Shape::Rows(width), Kind::Data(self.data), false)?;
        self.data += 1;
        Ok(id)
    }

    /// Adds a mask for the `width` units of a layer (counted from 1): in training each number is 0 with probability `rate`
    /// and else 1/(1 − rate), by the seed, the epoch and the row; everywhere else it is 1. No slice is handed for it.
    pub fn mask(&mut self, name: &str, width: usize, layer: u32, rate: f64) -> Result<NodeId, GraphError> {
        if width == 0 || !(0.0..1.0).contains(&rate) {
            return Err(error(name, &format!("expected at least one unit and a rate from 0 to below 1, came {width} and {rate}")));
        }
        self.push(name, Shape::Rows(width), Kind::Mask(Mask { layer, rate }), false)
    }

    /// Adds a parameter, rows × columns; a bias is 1 × units. Using it in several operations ties them.
    pub fn parameter(&mut self, name: &str, rows: usize, columns: usize) -> Result<NodeId, GraphError> {
        if rows == 0 || columns == 0 {
            return Err(error(name, &format!("expected at least 1 × 1, came {rows} × {columns}")));
        }
        let start = self.parameter_count();
        self.check_name(name)?;
        self.parameters.push(Parameter { name: name.to_string(), rows, columns, start });
        self.push(name, Shape::Parameter(rows, columns), Kind::Parameter(self.parameters.len() - 1), true)
    }

    /// Adds an operation on nodes that are there already.
    pub fn operation(&mut self, name: &str, op: Arc<dyn Op<S>>, inputs: &[NodeId]) -> Result<NodeId, GraphError> {
        if let Some(unknown) = inputs.iter().find(|id| id.0 >= self.nodes.len()) {
            return Err(error(name, &format!("input {} is not a node of this graph", unknown.0)));
        }
        let shapes: Vec<Shape> = inputs.iter().map(|&id| self.shape(id)).collect();
        let shape = op.shape(&shapes).map_err(|wrong| {
            let names: Vec<String> = inputs.iter().map(|&id| format!("{}: {}", self.name(id), self.shape(id))).collect();
            error(name, &format!("{} expected {}; given {}", op.about().name, wrong.expected, names.join(", ")))
        })?;
        for (wrt, id) in inputs.iter().enumerate() {
            if self.nodes[id.0].moves && !op.differentiable(wrt) {
                let about = op.about().name;
                let input = self.name(*id);
                return Err(error(name, &format!("{about} has no derivative by its input {wrt}, but '{input}' depends on parameters")));
            }
        }
        let moves = inputs.iter().any(|id| self.nodes[id.0].moves);
        self.push(name, shape, Kind::Operation { op, inputs: inputs.to_vec() }, moves)
    }

    /// The shape of a node's value.
    pub fn shape(&self, id: NodeId) -> Shape {
        self.nodes[id.0].shape
    }

    /// The name of a node.
    pub fn name(&self, id: NodeId) -> &str {
        &self.nodes[id.0].name
    }

    /// The nodes, in the order they were added.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeId> + use<S> {
        (0..self.nodes.len()).map(NodeId)
    }

    /// The parameters, in the order of their places in the flat vector.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// How many numbers all parameters hold together.
    pub fn parameter_count(&self) -> usize {
        self.parameters.last().map_or(0, |last| last.start + last.size())
    }

    /// How many data nodes there are.
    pub fn data_count(&self) -> usize {
        self.data
    }

    /// The name of the number at `index` in the flat parameters.
    pub fn parameter_name(&self, index: usize) -> String {
        let owner = self.parameters.iter().rev().find(|parameter| parameter.start <= index).expect("an index into the parameters");
        owner.element(index - owner.start)
    }

    /// The node of the same name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name == name).map(NodeId)
    }

    /// The operation at a node; none for data and parameters.
    pub fn operation_at(&self, id: NodeId) -> Option<&dyn Op<S>> {
        match &self.nodes[id.0].kind {
            Kind::Operation { op, .. } => Some(op.as_ref()),
            _ => None,
        }
    }

    /// The parameter at a node; none for data and operations.
    pub fn parameter_of(&self, id: NodeId) -> Option<&Parameter> {
        match &self.nodes[id.0].kind {
            Kind::Parameter(index) => self.parameters.get(*index),
            _ => None,
        }
    }

    /// The inputs of an operation; none for data and parameters.
    pub fn inputs(&self, id: NodeId) -> &[NodeId] {
        match &self.nodes[id.0].kind {
            Kind::Operation { inputs, .. } => inputs,
            _ => &[],
        }
    }

    /// How many times operations use a node.
    pub(crate) fn uses(&self, id: NodeId) -> usize {
        (0..self.nodes.len()).flat_map(|node| self.inputs(NodeId(node))).filter(|&&input| input == id).count()
    }

    fn push(&mut self, name: &str, shape: Shape, kind: Kind<S>, moves: bool) -> Result<NodeId, GraphError> {
        self.check_name(name)?;
        self.nodes.push(Node { name: name.to_string(), shape, kind, moves });
        Ok(NodeId(self.nodes.len() - 1))
    }

    fn check_name(&self, name: &str) -> Result<(), GraphError> {
        match self.find(name) {
            Some(_) => Err(error(name, "there is a node of this name already")),
            None => Ok(()),
        }
    }
}

fn error(node: &str, message: &str) -> GraphError {
    GraphError { node: node.to_string(), message: message.to_string() }
}
