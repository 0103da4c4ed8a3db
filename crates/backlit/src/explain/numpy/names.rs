//! What numbers are called in a script. No name from the data stands in code.

use super::curve::Curve;
use backlit_engine::explain::Place;
use backlit_engine::graph::Graph;
use backlit_engine::op::{Local, Op};
use backlit_engine::{NodeId, Shape};

/// The arrays of a script: one for each node of the graph, and for some the derivative of the cost by it.
pub(super) struct Arrays<'a> {
    pub graph: &'a Graph<f64>,
    /// By the node's number.
    names: Vec<String>,
    /// By the node's number: activations and losses, which are formulas.
    pub curves: Vec<Option<Curve>>,
    pub cost: NodeId,
}

impl<'a> Arrays<'a> {
    /// Of a graph with this cost.
    pub fn new(graph: &'a Graph<f64>, cost: NodeId) -> Arrays<'a> {
        let names = graph.nodes().map(|node| called(graph.name(node))).collect();
        let curves = graph.nodes().map(|node| graph.operation_at(node).and_then(Curve::new)).collect();
        Arrays { graph, names, curves, cost }
    }

    /// The array of a node.
    pub fn name(&self, node: NodeId) -> &str {
        &self.names[node.number()]
    }

    /// The array of ∂of/∂by, or of the whole derivative where `of` is the cost.
    pub fn derivative(&self, of: NodeId, by: NodeId) -> String {
        format!("d{}_d{}", self.name(of), self.name(by))
    }

    /// A number of the network; `row` is the place among the rows of the script, or `:` for all.
    pub fn number(&self, place: Place, row: &str) -> String {
        match self.graph.shape(place.node) {
            Shape::Rows(_) => format!("{}[{row}, {}]", self.name(place.node), place.index),
            Shape::Parameter(..) => {
                let index: Vec<String> = self.indices(place).iter().map(usize::to_string).collect();
                format!("{}[{}]", self.name(place.node), index.join(", "))
            }
        }
    }

    /// ∂C/∂ a number of the network with rows, likewise.
    pub fn slope_of_cost(&self, by: Place, row: &str) -> String {
        if by.node == self.cost { "1.0".into() } else { format!("{}[{row}, {}]", self.derivative(self.cost, by.node), by.index) }
    }

    /// ∂of/∂by through one operation, likewise; none where the operation does not say it.
    pub fn slope(&self, of: Place, by: Place, row: &str) -> Option<String> {
        let (op, wrt, shapes) = self.step(of, by)?;
        Some(match op.local(wrt, by.index, of.index, &shapes) {
            Local::One => "1.0".into(),
            Local::Input { which, index } => self.number(Place { node: self.graph.inputs(of.node)[which], index }, row),
            Local::Is { which, index, value } => {
                format!("({} == {value})", self.number(Place { node: self.graph.inputs(of.node)[which], index }, row))
            }
            Local::Other if self.curves[of.node.number()].is_some() => {
                format!("{}[{row}, {}]", self.derivative(of.node, by.node), by.index)
            }
            Local::Other => self.fill(&op.numpy_slope(wrt, by.index, of.index, &shapes)?, of.node, "").replace("{r}", row),
        })
    }

    /// The operation that leads from one number to another, which of its inputs that is, and their shapes.
    pub fn step(&self, of: Place, by: Place) -> Option<(&'a dyn Op<f64>, usize, Vec<Shape>)> {
        let op = self.graph.operation_at(of.node)?;
        let inputs = self.graph.inputs(of.node);
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.graph.shape(input)).collect();
        let leads = |wrt: &usize| inputs[*wrt] == by.node && op.reach(*wrt, by.index, &shapes).contains(&of.index);
        (0..inputs.len()).find(leads).map(|wrt| (op, wrt, shapes))
    }

    /// What an operation says in NumPy, with its own names and `up` for ∂C/∂out.
    pub fn fill(&self, text: &str, node: NodeId, up: &str) -> String {
        let mut text = text.replace("{out}", self.name(node));
        text = if up.is_empty() { text.replace("{up} * ", "").replace("{up}", "np.ones((n, 1))") } else { text.replace("{up}", up) };
        for (i, input) in self.graph.inputs(node).iter().enumerate() {
            text = text.replace(&format!("{{{i}}}"), self.name(*input));
        }
        text
    }

    /// The indices of a number in its array, without its row.
    fn indices(&self, place: Place) -> Vec<usize> {
        match self.graph.shape(place.node) {
            Shape::Rows(1) if place.node == self.cost => Vec::new(),
            Shape::Parameter(_, columns) if !self.is_vector(place.node) => vec![place.index / columns, place.index % columns],
            _ => vec![place.index],
        }
    }

    /// Whether a parameter is one line without a name for it.
    pub fn is_vector(&self, node: NodeId) -> bool {
        matches!(self.graph.shape(node), Shape::Parameter(1, _)) && !self.graph.name(node).ends_with("weight")
    }

    /// What a derivative is called where it is printed: `dz2_da1[0,1]`.
    pub fn symbol(&self, of: Place, by: Place) -> String {
        // Where each number acts on its own or, as a weight, on one only, that is all there is to say.
        let alone = |(op, wrt, shapes): (&dyn Op<f64>, usize, Vec<Shape>)| {
            let size = self.graph.shape(of.node).size();
            op.reach(wrt, by.index, &shapes).len() == 1
                && (size > 1 || shapes[wrt].size() == 1 || matches!(shapes[wrt], Shape::Parameter(..)))
        };
        let whole = of.node == self.cost || self.step(of, by).is_some_and(alone);
        let mut index = if whole { Vec::new() } else { self.indices(of) };
        index.extend(self.indices(by));
        let index: Vec<String> = index.iter().map(usize::to_string).collect();
        let name = self.derivative(of.node, by.node);
        if index.is_empty() { name } else { format!("{name}[{}]", index.join(",")) }
    }
}

/// A node's name in a program.
fn called(node: &str) -> String {
    let known = match node {
        "cost" => "C",
        "loss" => "L",
        "weighted" => "Lw",
        "i" => "inputs",
        "numeric.frequency" => "f",
        "numeric.phase" => "phi",
        "numeric.weight" => "V",
        "numeric.bias" => "c",
        _ => "",
    };
    let numbered = |owner: &str, what: &str| {
        let (layer, table) = (owner.strip_prefix("layer"), owner.strip_prefix("embed"));
        match (layer, table, what) {
            (Some(l), _, "weight") => format!("W{l}"),
            (Some(l), _, "bias") => format!("b{l}"),
            (Some(l), _, what) => format!("{what}{l}"),
            (_, Some(t), _) => format!("E{t}"),
            _ => format!("{owner}_{what}"),
        }
    };
    match (known, node.split_once('.')) {
        ("", Some((owner, what))) => numbered(owner, what),
        ("", None) => node.replace(' ', "_"),
        (known, _) => known.into(),
    }
}
