//! Every number of one row: forward through all operations, and backward to every node.
//!
//! The same `forward` and `partial` as in training, one node after the other, nothing fused: what a person
//! reads is the graph as it was written.

use super::cone::Edge;
use super::factors;
use super::record::{Factor, Inner, Term};
use crate::Shape;
use crate::graph::{Graph, Kind, NodeId};
use crate::op::{Between, Inputs, Local, Op, Row, Site, Slot, Source, Written};
use std::cell::OnceCell;

/// One number: a place in a row of a node's value, or in a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// Where in it.
    pub index: usize,
}

/// The numbers of one row at every node up to the cost.
pub struct Values<'a> {
    pub(crate) graph: &'a Graph<f64>,
    pub(crate) cost: NodeId,
    parameters: &'a [f64],
    /// The row, one data node behind the other.
    data: Vec<f64>,
    /// Where each node's value starts in `flat`; only for operations the cost depends on.
    offsets: Vec<Option<usize>>,
    /// Where each node's numbers lie.
    sources: Vec<Source>,
    flat: Vec<f64>,
    saved: Vec<Vec<f64>>,
    slots: Vec<Vec<Slot>>,
    /// For each node and each of its inputs, once asked for.
    slopes: Vec<Vec<OnceCell<Slopes>>>,
}

/// Local derivatives that only `partial` knows, by one input.
enum Slopes {
    /// Number to number, place by place.
    Diagonal(Vec<f64>),
    /// outputs × inputs
    All(Vec<f64>),
}

impl<'a> Values<'a> {
    /// Computes row `row` of the data. `data`: one slice for each data node, rows × width.
    pub fn new(graph: &'a Graph<f64>, cost: NodeId, parameters: &'a [f64], data: &'a [&'a [f64]], row: usize) -> Values<'a> {
        let needed = crate::plan::ancestors(graph, cost);
        let mut offsets = vec![None; graph.nodes.len()];
        let mut sources = vec![Source::Value(0); graph.nodes.len()];
        let (mut total, mut line) = (0, Vec::new());
        for (id, node) in graph.nodes.iter().enumerate().filter(|(id, _)| needed[*id]) {
            let size = node.shape.size();
            sources[id] = match node.kind {
                Kind::Data(which) => {
                    line.extend_from_slice(&data[which][row * size..][..size]);
                    Source::Data(line.len() - size)
                }
                // Without a training there is nothing to draw.
                Kind::Mask(_) => {
                    line.resize(line.len() + size, 1.0);
                    Source::Data(line.len() - size)
                }
                Kind::Parameter(index) => Source::Parameter(graph.parameters()[index].start),
                Kind::Operation { .. } => {
                    offsets[id] = Some(total);
                    total += size;
                    Source::Value(total - size)
                }
            };
        }
        let mut values = Values {
            graph,
            cost,
            parameters,
            data: line,
            offsets,
            sources,
            flat: vec![0.0; total],
            saved: vec![Vec::new(); graph.nodes.len()],
            slots: Vec::with_capacity(graph.nodes.len()),
            slopes: (0..graph.nodes.len()).map(|id| graph.inputs(NodeId(id)).iter().map(|_| OnceCell::new()).collect()).collect(),
        };
        for id in (0..graph.nodes.len()).map(NodeId) {
            let slot = |&input: &NodeId| Slot { source: values.sources[input.0], size: graph.shape(input).size() };
            let slots = graph.inputs(id).iter().map(slot).collect();
            values.slots.push(slots);
        }
        for id in (0..graph.nodes.len()).map(NodeId) {
            values.forward(id);
        }
        values
    }

    /// The operation at a node that the cost depends on.
    pub(crate) fn operation(&self, id: NodeId) -> Option<(&'a dyn Op<f64>, &'a [NodeId])> {
        match &self.graph.nodes[id.0].kind {
            Kind::Operation { op, inputs } if self.offsets[id.0].is_some() => Some((op.as_ref(), inputs)),
            _ => None,
        }
    }

    /// The shapes of an operation's inputs.
    pub(crate) fn shapes(&self, id: NodeId) -> Vec<Shape> {
        self.graph.inputs(id).iter().map(|&input| self.graph.shape(input)).collect()
    }

    fn inputs<'b>(&'b self, id: NodeId, before: &'b [f64]) -> Inputs<'b, f64> {
        Inputs {
            rows: 1,
            capacity: 1,
            width: self.graph.shape(id).size(),
            slots: &self.slots[id.0],
            data: &self.data,
            parameters: self.parameters,
            values: before,
        }
    }

    fn forward(&mut self, id: NodeId) {
        let (Some((op, _)), Some(offset)) = (self.operation(id), self.offsets[id.0]) else { return };
        let mut saved = vec![0.0; op.saved(&self.shapes(id))];
        let mut out = vec![0.0; self.graph.shape(id).size()];
        op.forward(self.inputs(id, &self.flat[..offset]), &mut saved, &mut out);
        self.flat[offset..offset + out.len()].copy_from_slice(&out);
        self.saved[id.0] = saved;
    }

    /// All numbers of a node in this row.
    pub fn all(&self, id: NodeId) -> &[f64] {
        let size = self.graph.shape(id).size();
        match self.sources[id.0] {
            Source::Data(offset) => &self.data[offset..offset + size],
            Source::Parameter(start) => &self.parameters[start..start + size],
            Source::Value(offset) if self.offsets[id.0].is_some() => &self.flat[offset..offset + size],
            Source::Value(_) => &[],
        }
    }

    /// One number.
    pub fn at(&self, place: Place) -> f64 {
        self.all(place.node).get(place.index).copied().unwrap_or(f64::NAN)
    }

    /// The first operation with an infinite number or NaN.
    pub fn first_not_finite(&self) -> Option<NodeId> {
        (0..=self.cost.0).map(NodeId).find(|&id| self.operation(id).is_some() && self.all(id).iter().any(|x| !x.is_finite()))
    }

    fn site(&self, id: NodeId, offset: usize) -> Site<'_, f64> {
        let out = self.all(id);
        Site { inputs: self.inputs(id, &self.flat[..offset]), saved: &self.saved[id.0], out }
    }

    /// ∂C/∂ every number of every node: one vector for each node, empty where the cost does not depend on it.
    pub fn gradients(&self) -> Vec<Vec<f64>> {
        let mut gradients: Vec<Vec<f64>> = vec![Vec::new(); self.graph.nodes.len()];
        gradients[self.cost.0] = vec![1.0];
        for id in (0..=self.cost.0).rev().map(NodeId) {
            let (Some((op, inputs)), Some(offset)) = (self.operation(id), self.offsets[id.0]) else { continue };
            let upstream = std::mem::take(&mut gradients[id.0]);
            for (wrt, input) in inputs.iter().enumerate().filter(|(wrt, _)| op.differentiable(*wrt)) {
                let gradient = &mut gradients[input.0];
                gradient.resize(self.graph.shape(*input).size(), 0.0);
                op.partial(wrt, self.site(id, offset), &upstream, gradient);
            }
            gradients[id.0] = upstream;
        }
        gradients
    }

    /// ∂out\[k\]/∂x\[wrt\]\[index\] of the operation at a node.
    pub fn local(&self, id: NodeId, wrt: usize, index: usize, k: usize) -> f64 {
        self.slope(id, wrt, index, k, &self.shapes(id))
    }

    /// The same with its formula: by the number at `by`, which is the operation's input `wrt`.
    pub fn factor(&self, of: NodeId, wrt: usize, by: Place, k: usize) -> Factor {
        let slope = self.local(of, wrt, by.index, k);
        factors::local(self, &Edge { from: by, wrt, to: Place { node: of, index: k }, slope })
    }

    /// Where the local derivative is one of the inputs: which number that is.
    pub(crate) fn stands_for(&self, id: NodeId, which: usize, index: usize) -> Place {
        Place { node: self.graph.inputs(id)[which], index }
    }

    /// ∂out\[k\]/∂x\[wrt\]\[index\] at a node.
    pub(crate) fn slope(&self, id: NodeId, wrt: usize, index: usize, k: usize, shapes: &[Shape]) -> f64 {
        let Some((op, _)) = self.operation(id) else { return 0.0 };
        match op.local(wrt, index, k, shapes) {
            Local::One => 1.0,
            Local::Input { which, index } => self.at(self.stands_for(id, which, index)),
            Local::Is { which, index, value } => f64::from(u8::from(self.at(self.stands_for(id, which, index)) == value as f64)),
            Local::Other => match self.slopes[id.0][wrt].get_or_init(|| self.jacobian(id, wrt, shapes)) {
                Slopes::Diagonal(slopes) => slopes[index],
                Slopes::All(slopes) => slopes[k * shapes[wrt].size() + index],
            },
        }
    }

    /// Through `partial`, with upstream one-hot; all at once where each number acts only on its own.
    fn jacobian(&self, id: NodeId, wrt: usize, shapes: &[Shape]) -> Slopes {
        let (Some((op, _)), Some(offset)) = (self.operation(id), self.offsets[id.0]) else { return Slopes::All(Vec::new()) };
        let (width, size) = (self.graph.shape(id).size(), shapes[wrt].size());
        if width == size && (0..size).all(|index| op.reach(wrt, index, shapes) == (index..index + 1)) {
            let mut slopes = vec![0.0; size];
            op.partial(wrt, self.site(id, offset), &vec![1.0; width], &mut slopes);
            return Slopes::Diagonal(slopes);
        }
        let mut slopes = vec![0.0; width * size];
        for (k, row) in slopes.chunks_exact_mut(size).enumerate() {
            let mut upstream = vec![0.0; width];
            upstream[k] = 1.0;
            op.partial(wrt, self.site(id, offset), &upstream, row);
        }
        Slopes::All(slopes)
    }

    /// The local derivative as a formula, where the operation has one.
    pub(crate) fn written(&self, id: NodeId, wrt: usize, index: usize, k: usize) -> Option<Written> {
        let (op, row) = self.row(id)?;
        op.written(wrt, index, k, &row)
    }

    /// An operation with the numbers around it.
    fn row(&self, id: NodeId) -> Option<(&'a dyn Op<f64>, Row<'_>)> {
        let (op, inputs) = self.operation(id)?;
        Some((op, Row { inputs: inputs.iter().map(|&input| self.all(input)).collect(), out: self.all(id) }))
    }

    /// The terms whose sum the number at a place is, by the operation there; none where it has no formula.
    pub fn terms(&self, place: Place) -> Vec<Term> {
        let Some((op, row)) = self.row(place.node) else { return Vec::new() };
        op.terms(place.index, &row).into_iter().map(|written| factors::term(self, place.node, written)).collect()
    }

    /// The quantities that these terms, and the derivatives of this number, call by names.
    pub fn between(&self, place: Place) -> Vec<Inner> {
        let Some((op, row)) = self.row(place.node) else { return Vec::new() };
        let inner = |between: Between| Inner {
            name: between.name,
            term: between.written.map(|written| factors::term(self, place.node, written)),
            value: between.value,
        };
        op.between(place.index, &row).into_iter().map(inner).collect()
    }

    /// Every number that the one at a place acts on through one operation, and which input of that operation it is.
    pub fn acts_on(&self, from: Place) -> Vec<(Place, usize)> {
        let mut places = Vec::new();
        for id in (from.node.0 + 1..=self.cost.0).map(NodeId) {
            let Some((op, inputs)) = self.operation(id) else { continue };
            for (wrt, _) in inputs.iter().enumerate().filter(|(wrt, input)| **input == from.node && op.differentiable(*wrt)) {
                places.extend(op.reach(wrt, from.index, &self.shapes(id)).map(|index| (Place { node: id, index }, wrt)));
            }
        }
        places
    }
}
