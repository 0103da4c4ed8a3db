//! A graph turned into a flat schedule.
//!
//! Nodes keep their order. The values of all operations lie in one flat vector, node after node, so a
//! step's inputs always lie before its output and `split_at_mut` lends both. Gradients of values lie in another;
//! gradients of parameters have the layout of the parameters.
//!
//! A weighted sum and the activation behind it are one step, and an operation that hands its input on as it is takes
//! no step at all. Explanations read the graph, where each stands apart.

use crate::graph::{Graph, Kind, Mask, NodeId};
use crate::op::{EachNumber, Op, Slot, Source};
use crate::{Scalar, Shape};
use backlit_kernels::dense;
use std::ops::Range;
use std::sync::Arc;

/// What must be computed, in order, to know one node and, if wanted, its gradient.
pub struct Plan<S> {
    /// The data that are needed.
    pub(crate) data: Vec<DataPlace>,
    /// Masks among them, in the same copy.
    pub(crate) masks: Vec<MaskPlace>,
    /// Numbers for each row in a block's copy of the data.
    pub(crate) data_width: usize,
    pub(crate) forward: Vec<ForwardStep<S>>,
    /// In the order of computation: from the target back to the first step.
    pub(crate) backward: Vec<BackwardStep>,
    /// Stretches of the gradient of the parameters, in their order, each found on its own.
    pub(crate) pieces: Vec<Piece>,
    /// Places in the gradients of values whose sum over all rows is wanted: those behind penalties.
    pub(crate) sums: Vec<usize>,
    /// Numbers for each row in the flat values.
    pub(crate) values: usize,
    /// Numbers for each row in the flat saved numbers.
    pub(crate) saved: usize,
    /// Numbers for each row in the flat gradients of values.
    pub(crate) upstream: usize,
    /// Where the target lies.
    pub(crate) target: Slot,
    /// Where another value lies that is computed with it, if one is.
    pub(crate) beside: Option<Slot>,
    /// Where the target's gradient lies, if it takes a place.
    pub(crate) target_upstream: Option<usize>,
    /// Whether the gradient can be asked for.
    pub(crate) differentiable: bool,
    /// Multiplications of one row, forward: for deciding whether threads are worth their while.
    pub(crate) work: usize,
    /// Whether some operation reads all rows of a batch together.
    pub(crate) reads_batch: bool,
    /// Parameters that remember something of each batch.
    pub(crate) remembered: Vec<Remembered>,
}

/// A parameter that is not trained: what an operation remembers of the batches.
pub(crate) struct Remembered {
    pub step: usize,
    pub wrt: usize,
    pub range: Range<usize>,
}

/// Where a block keeps its copy of one of the data.
pub(crate) struct DataPlace {
    /// Which of the data.
    pub which: usize,
    /// Numbers in a row.
    pub width: usize,
    /// Where it starts for each row, number after number: width × rows.
    pub offset: usize,
    /// Where a second copy starts, row after row, if one is wanted: rows × width.
    pub by_row: Option<usize>,
}

/// Where a block keeps a mask: width × rows.
pub(crate) struct MaskPlace {
    pub mask: Mask,
    pub width: usize,
    pub offset: usize,
}

pub(crate) enum ForwardStep<S> {
    Layer(Layer<S>),
    Operation(Operation<S>),
}

/// z = x Wᵀ + b, and the activation behind it.
pub(crate) struct Layer<S> {
    pub x: Slot,
    pub units: usize,
    /// Where W and b start in the parameters.
    pub w: usize,
    pub b: Option<usize>,
    /// Where z starts for each row in the values. After a forward pass that a backward pass will follow, the slope of the
    /// activation stands there.
    pub z: usize,
    pub z_node: NodeId,
    pub activation: Option<Behind<S>>,
    /// Where x lies row after row once the backward pass came to it, if that is how the weight's gradient wants it.
    pub x_by_row: Option<Source>,
}

/// The activation behind a layer.
pub(crate) struct Behind<S> {
    pub each: Arc<dyn EachNumber<S>>,
    /// Where a starts for each row in the values.
    pub a: usize,
    pub node: NodeId,
}

impl<S> Layer<S> {
    pub fn inputs(&self) -> usize {
        self.x.size
    }

    /// Where what leaves the layer starts for each row.
    pub fn out(&self) -> usize {
        self.activation.as_ref().map_or(self.z, |activation| activation.a)
    }
}

pub(crate) struct Operation<S> {
    pub op: Arc<dyn Op<S>>,
    pub slots: Vec<Slot>,
    /// Numbers for each row: where the output starts, and how many there are.
    pub offset: usize,
    pub width: usize,
    /// The same for what is saved.
    pub saved_offset: usize,
    pub saved_width: usize,
    /// Whether that lies in the gradients of values: a loss whose gradient, all but its weight, is known when its cost is.
    pub saves_gradient: bool,
    pub node: NodeId,
}

pub(crate) enum BackwardStep {
    /// δ = upstream ⊙ slope in the place of the upstream gradient, then the gradient of x.
    Layer {
        step: usize,
        upstream: usize,
        /// Where the slope of its activation starts for each row in the values; none without one, or if δ stands there already.
        slope: Option<usize>,
        dx: Option<Target>,
        /// Where the slope starts that turns the gradient of x into the δ of the layer before, if x goes nowhere else.
        before: Option<usize>,
    },
    /// A value once more, row after row.
    Turn {
        from: Source,
        width: usize,
        /// Where it starts for each row in the values.
        to: usize,
    },
    /// The weight of the rows, on the gradient that the loss left there.
    Loss(Target),
    /// The partials of one operation by those of its inputs that move.
    Operation { step: usize, upstream: usize, targets: Vec<(usize, Target)> },
}

/// A place in the gradients of values.
pub(crate) struct Target {
    pub offset: usize,
    pub width: usize,
    /// Whether nothing stands there yet.
    pub first: bool,
}

/// A stretch of the gradient of the parameters: the sum of its sources.
pub(crate) struct Piece {
    pub range: Range<usize>,
    pub sources: Vec<PieceSource>,
}

/// Where a part of a parameter's gradient comes from; `upstream` is where the gradient behind it starts for each row.
#[derive(Clone)]
pub(crate) enum PieceSource {
    Weight {
        step: usize,
        upstream: usize,
        first_unit: usize,
    },
    Bias {
        upstream: usize,
    },
    Operation {
        step: usize,
        wrt: usize,
        upstream: usize,
    },
    /// A penalty on the parameter, which needs only the sum over all rows; the last of the sources.
    Penalty {
        step: usize,
        sum: usize,
    },
}

/// Most weights in a piece of a wide layer.
const PIECE: usize = 1 << 22;
/// Pieces of a layer, so that threads can share it, as long as each has so many units.
const PIECES: usize = 4;
const LEAST_UNITS: usize = 32;

impl<S: Scalar> Plan<S> {
    /// Plans the forward pass to `target`.
    pub fn forward(graph: &Graph<S>, target: NodeId) -> Plan<S> {
        Planner::new(graph, target, false).plan()
    }

    /// The same, and to another node in the same pass.
    pub fn forward_beside(graph: &Graph<S>, target: NodeId, beside: NodeId) -> Plan<S> {
        let mut planner = Planner::new(graph, target, false);
        planner.needed.iter_mut().zip(ancestors(graph, beside)).for_each(|(needed, too)| *needed |= too);
        planner.beside = Some(beside);
        planner.plan()
    }

    /// Plans the forward pass to `cost`, which has one number a row, and the gradient of its mean.
    pub fn gradient(graph: &Graph<S>, cost: NodeId) -> Plan<S> {
        assert_eq!(graph.shape(cost), Shape::Rows(1), "a cost is one number for each row");
        Planner::new(graph, cost, true).plan()
    }

    /// Numbers in a row of the target.
    pub fn width(&self) -> usize {
        self.target.size
    }

    /// Whether some layer is computed as a matrix product.
    pub(crate) fn is_wide(&self) -> bool {
        self.forward.iter().any(|step| matches!(step, ForwardStep::Layer(layer) if dense::is_wide(layer.inputs(), layer.units)))
    }
}

/// What is known while a plan is made.
struct Planner<'g, S> {
    graph: &'g Graph<S>,
    target: NodeId,
    beside: Option<NodeId>,
    needed: Vec<bool>,
    /// Where each node's value starts, in the data, the parameters or the values.
    sources: Vec<Source>,
    /// Where the gradient of each node's value starts.
    upstream: Vec<usize>,
    plan: Plan<S>,
}

impl<'g, S: Scalar> Planner<'g, S> {
    fn new(graph: &'g Graph<S>, target: NodeId, differentiable: bool) -> Self {
        let nowhere = Slot { source: Source::Value(0), size: graph.shape(target).size() };
        let plan = Plan {
            data: Vec::new(),
            masks: Vec::new(),
            data_width: 0,
            forward: Vec::new(),
            backward: Vec::new(),
            pieces: Vec::new(),
            sums: Vec::new(),
            values: 0,
            saved: 0,
            upstream: 0,
            target: nowhere,
            beside: None,
            target_upstream: None,
            differentiable,
            work: 0,
            reads_batch: false,
            remembered: Vec::new(),
        };
        let nodes = graph.nodes.len();
        let (sources, upstream) = (vec![Source::Value(0); nodes], vec![0; nodes]);
        Planner { graph, target, beside: None, needed: ancestors(graph, target), sources, upstream, plan }
    }

    fn plan(mut self) -> Plan<S> {
        for (id, node) in self.graph.nodes.iter().enumerate() {
            if !self.needed[id] {
                continue;
            }
            match &node.kind {
                Kind::Data(which) => self.place_data(id, *which),
                Kind::Mask(mask) => self.place_mask(id, *mask),
                Kind::Parameter(index) => self.sources[id] = Source::Parameter(self.graph.parameters()[*index].start),
                Kind::Operation { op, inputs } => self.place_operation(NodeId(id), op, inputs),
            }
        }
        self.plan.target = self.slot(self.target);
        self.plan.beside = self.beside.map(|beside| self.slot(beside));
        if self.plan.differentiable {
            let is_kept = matches!(self.plan.forward.last(), Some(ForwardStep::Operation(loss)) if loss.saves_gradient);
            self.plan.target_upstream = (!is_kept).then(|| self.upstream[self.target.0]);
            self.plan_backward();
            self.plan_pieces();
        }
        self.plan
    }

    fn place_data(&mut self, id: usize, which: usize) {
        let (offset, width) = (self.plan.data_width, self.graph.nodes[id].shape.size());
        self.sources[id] = Source::Data(offset);
        self.plan.data.push(DataPlace { which, width, offset, by_row: None });
        self.plan.data_width += width;
    }

    fn place_mask(&mut self, id: usize, mask: Mask) {
        let (offset, width) = (self.plan.data_width, self.graph.nodes[id].shape.size());
        self.sources[id] = Source::Data(offset);
        self.plan.masks.push(MaskPlace { mask, width, offset });
        self.plan.data_width += width;
    }

    fn place_operation(&mut self, id: NodeId, op: &Arc<dyn Op<S>>, inputs: &[NodeId]) {
        let (width, moves) = (self.graph.shape(id).size(), self.graph.nodes[id.0].moves);
        if op.is_identity() {
            self.sources[id.0] = self.sources[inputs[0].0];
            self.upstream[id.0] = self.upstream[inputs[0].0];
            return;
        }
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.graph.shape(input)).collect();
        // A penalty is found once for a whole block.
        self.plan.work += width + if op.is_penalty() { 0 } else { op.reads(&shapes) };
        let offset = self.plan.values;
        self.plan.values += width;
        self.sources[id.0] = Source::Value(offset);
        if let (Some(each), Some(ForwardStep::Layer(layer))) = (op.clone().each(), self.plan.forward.last_mut())
            && layer.z_node == inputs[0]
            && self.graph.uses(inputs[0]) == 1
        {
            layer.activation = Some(Behind { each, a: offset, node: id });
            // δ takes the place of the upstream gradient.
            self.upstream[id.0] = self.upstream[inputs[0].0];
            return;
        }
        if moves {
            self.upstream[id.0] = self.plan.upstream;
            self.plan.upstream += width;
        }
        let slots: Vec<Slot> = inputs.iter().map(|&input| self.slot(input)).collect();
        let start = |slot: &Slot| match slot.source {
            Source::Parameter(start) => start,
            Source::Data(_) | Source::Value(_) => unreachable!("the graph lets only parameters be weights"),
        };
        self.plan.forward.push(if op.is_affine() {
            let (w, b) = (start(&slots[1]), slots.get(2).map(start));
            ForwardStep::Layer(Layer { x: slots[0], units: width, w, b, z: offset, z_node: id, activation: None, x_by_row: None })
        } else {
            let (mut saved_offset, saved_width) = (self.plan.saved, if self.plan.differentiable { op.saved(&shapes) } else { 0 });
            let saves_gradient = self.plan.differentiable && id == self.target && op.keeps_gradient() && self.is_moving_value(inputs[0]);
            if saves_gradient {
                saved_offset = self.upstream[inputs[0].0];
            } else {
                self.plan.saved += saved_width;
            }
            let op = op.clone();
            self.plan.reads_batch |= op.reads_batch();
            for (wrt, slot) in slots.iter().enumerate().filter(|(wrt, _)| op.remembers(*wrt)) {
                let range = start(slot)..start(slot) + slot.size;
                self.plan.remembered.push(Remembered { step: self.plan.forward.len(), wrt, range });
            }
            ForwardStep::Operation(Operation { op, slots, offset, width, saved_offset, saved_width, saves_gradient, node: id })
        });
    }

    fn slot(&self, id: NodeId) -> Slot {
        Slot { source: self.sources[id.0], size: self.graph.shape(id).size() }
    }

    /// The place of a value's gradient, and whether this is the first to write there.
    fn target(&self, id: NodeId, written: &mut [bool]) -> Option<Target> {
        self.is_moving_value(id).then(|| {
            let offset = self.upstream[id.0];
            let first = !std::mem::replace(&mut written[offset], true);
            Target { offset, width: self.graph.shape(id).size(), first }
        })
    }

    /// Whether a node is computed from parameters.
    fn is_moving_value(&self, id: NodeId) -> bool {
        let node = &self.graph.nodes[id.0];
        node.moves && matches!(node.kind, Kind::Operation { .. })
    }

    fn plan_backward(&mut self) {
        let mut written = vec![false; self.plan.upstream];
        // Steps whose activation is wanted row after row; it takes the place of their slope.
        let mut turned = vec![false; self.plan.forward.len()];
        // Slopes that the layer behind multiplies by.
        let mut multiplied = vec![false; self.plan.values];
        for step in (0..self.plan.forward.len()).rev() {
            match &self.plan.forward[step] {
                ForwardStep::Operation(operation) => {
                    if !self.graph.nodes[operation.node.0].moves {
                        continue;
                    }
                    let inputs = self.graph.inputs(operation.node);
                    if operation.saves_gradient {
                        let place = self.target(inputs[0], &mut written).expect("a prediction that moves");
                        self.plan.backward.push(BackwardStep::Loss(place));
                        continue;
                    }
                    let targets = inputs.iter().enumerate().filter_map(|(wrt, &id)| Some((wrt, self.target(id, &mut written)?))).collect();
                    let upstream = self.upstream[operation.node.0];
                    self.plan.backward.push(BackwardStep::Operation { step, upstream, targets });
                }
                ForwardStep::Layer(layer) => {
                    let (upstream, x, inputs, units) = (self.upstream[layer.z_node.0], layer.x.source, layer.inputs(), layer.units);
                    let x_node = self.graph.inputs(layer.z_node)[0];
                    let slope = layer.activation.as_ref().map(|_| layer.z).filter(|&z| !multiplied[z]);
                    let dx = self.target(x_node, &mut written);
                    let before = self.slope_of(x_node).filter(|_| dx.is_some() && self.graph.uses(x_node) == 1);
                    if let Some(before) = before {
                        multiplied[before] = true;
                    }
                    if dense::is_wide(inputs, units) {
                        let x_by_row = Some(self.by_row(x, inputs, &mut turned));
                        if let ForwardStep::Layer(layer) = &mut self.plan.forward[step] {
                            layer.x_by_row = x_by_row;
                        }
                    }
                    self.plan.backward.push(BackwardStep::Layer { step, upstream, slope, dx, before });
                    if let (true, ForwardStep::Layer(layer)) = (turned[step], &self.plan.forward[step]) {
                        let turn = BackwardStep::Turn { from: Source::Value(layer.out()), width: units, to: layer.z };
                        self.plan.backward.push(turn);
                    }
                }
            }
        }
    }

    /// Where the slope of an activation behind a layer starts for each row.
    fn slope_of(&self, id: NodeId) -> Option<usize> {
        self.plan.forward.iter().find_map(|step| match step {
            ForwardStep::Layer(layer) if layer.activation.as_ref()?.node == id => Some(layer.z),
            _ => None,
        })
    }

    /// Sees to it that a value lies row after row when the gradients of weights are taken; says where.
    fn by_row(&mut self, x: Source, width: usize, turned: &mut [bool]) -> Source {
        if let Source::Data(offset) = x
            && let Some(place) = self.plan.data.iter_mut().find(|data| data.offset == offset)
        {
            let by_row = *place.by_row.get_or_insert(self.plan.data_width);
            self.plan.data_width = self.plan.data_width.max(by_row + width);
            return Source::Data(by_row);
        }
        for (step, turned) in self.plan.forward.iter().zip(turned) {
            if let (ForwardStep::Layer(layer), Source::Value(offset)) = (step, x)
                && layer.activation.as_ref().is_some_and(|activation| activation.a == offset)
            {
                *turned = true;
                return Source::Value(layer.z);
            }
        }
        let to = self.plan.values;
        self.plan.values += width;
        self.plan.backward.push(BackwardStep::Turn { from: x, width, to });
        Source::Value(to)
    }

    fn plan_pieces(&mut self) {
        let parameters = self.graph.parameters();
        let mut sources: Vec<Vec<PieceSource>> = vec![Vec::new(); parameters.len()];
        let mut penalties: Vec<Vec<PieceSource>> = vec![Vec::new(); parameters.len()];
        let mut sums = Vec::new();
        let mut sizes = vec![PIECE; parameters.len()];
        let which = |id: NodeId| match self.graph.nodes[id.0].kind {
            Kind::Parameter(index) => Some(index),
            _ => None,
        };
        for back in &self.plan.backward {
            match *back {
                BackwardStep::Layer { step, upstream, .. } => {
                    let ForwardStep::Layer(layer) = &self.plan.forward[step] else { unreachable!("a layer's step") };
                    let inputs = self.graph.inputs(layer.z_node);
                    if let Some(weight) = which(inputs[1]) {
                        sources[weight].push(PieceSource::Weight { step, upstream, first_unit: 0 });
                        let units = (PIECE / layer.inputs()).min(layer.units.div_ceil(PIECES)).max(LEAST_UNITS);
                        sizes[weight] = units * layer.inputs();
                    }
                    if let Some(bias) = inputs.get(2).copied().and_then(which) {
                        sources[bias].push(PieceSource::Bias { upstream });
                    }
                }
                BackwardStep::Operation { step, upstream, .. } => {
                    let ForwardStep::Operation(operation) = &self.plan.forward[step] else { unreachable!("an operation's step") };
                    for (wrt, &input) in self.graph.inputs(operation.node).iter().enumerate() {
                        match which(input) {
                            Some(parameter) if operation.op.is_penalty() => {
                                penalties[parameter].push(PieceSource::Penalty { step, sum: sums.len() });
                            }
                            Some(parameter) => sources[parameter].push(PieceSource::Operation { step, wrt, upstream }),
                            None => {}
                        }
                    }
                    if operation.op.is_penalty() {
                        sums.push(upstream);
                    }
                }
                BackwardStep::Loss(_) | BackwardStep::Turn { .. } => {}
            }
        }
        self.plan.sums = sums;
        for (((parameter, mut sources), penalties), size) in parameters.iter().zip(sources).zip(penalties).zip(sizes) {
            let end = parameter.start + parameter.size();
            match sources.as_slice() {
                // Only the weight of one layer is cut: its units do not know of each other.
                [PieceSource::Weight { step, upstream, .. }] => {
                    for start in (parameter.start..end).step_by(size) {
                        let first_unit = (start - parameter.start) / parameter.columns;
                        let mut sources = vec![PieceSource::Weight { step: *step, upstream: *upstream, first_unit }];
                        sources.extend_from_slice(&penalties);
                        self.plan.pieces.push(Piece { range: start..end.min(start + size), sources });
                    }
                }
                _ => {
                    sources.extend(penalties);
                    self.plan.pieces.push(Piece { range: parameter.start..end, sources });
                }
            }
        }
    }
}

/// For each node whether `target` depends on it (or is it).
pub(crate) fn ancestors<S: Scalar>(graph: &Graph<S>, target: NodeId) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    needed[target.0] = true;
    for id in (0..=target.0).rev() {
        if let (true, Kind::Operation { inputs, .. }) = (needed[id], &graph.nodes[id].kind) {
            for input in inputs {
                needed[input.0] = true;
            }
        }
    }
    needed
}
