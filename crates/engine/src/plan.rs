//! A graph turned into a flat schedule.
//!
//! Nodes keep their order. The values of all operations lie in one flat vector, node after node, so a
//! step's inputs always lie before its output and `split_at_mut` lends both. Gradients of values have
//! the same layout; gradients of parameters have the layout of the parameters.

use crate::graph::{Graph, Kind, NodeId};
use crate::op::{BehindAffine, Op, Slot, Source};
use crate::{Scalar, Shape};
use backlit_kernels::narrow;
use std::ops::Range;
use std::sync::Arc;

/// What must be computed, in order, to know one node and, if wanted, its gradient.
pub struct Plan<S> {
    pub(crate) forward: Vec<ForwardStep<S>>,
    /// In the order of computation: from the target back to the parameters.
    pub(crate) backward: Vec<BackwardStep>,
    /// Numbers for each row in the flat values.
    pub(crate) values: usize,
    /// Numbers for each row in the flat saved numbers.
    pub(crate) saved: usize,
    /// Numbers in the flat parameters.
    pub(crate) parameters: usize,
    /// Whether the gradient can be asked for.
    pub(crate) differentiable: bool,
    /// Multiplications of one row, forward: for deciding whether threads are worth their while.
    pub(crate) work: usize,
}

pub(crate) struct ForwardStep<S> {
    pub op: Arc<dyn Op<S>>,
    pub slots: Vec<Slot>,
    /// Numbers for each row: where the output starts, and how many there are.
    pub offset: usize,
    pub width: usize,
    /// The same for what is saved.
    pub saved_offset: usize,
    pub saved_width: usize,
    pub node: NodeId,
    /// The narrow affine that is done in the same pass, if any.
    pub fused: Option<Fused<S>>,
}

/// A narrow affine and the activation behind it as one.
pub(crate) struct Fused<S> {
    pub layer: Arc<dyn BehindAffine<S>>,
    pub x: Slot,
    /// Where W and b lie in the parameters.
    pub w: Range<usize>,
    pub b: Option<Range<usize>>,
    /// Where z lies for each row in the values; its width is the step's.
    pub z_offset: usize,
    pub z_node: NodeId,
    /// Whether the gradient of x is wanted.
    pub wants_dx: bool,
}

/// The partials of one operation that are wanted.
pub(crate) struct BackwardStep {
    /// Which forward step's operation.
    pub step: usize,
    /// By which of its inputs, and where each is added.
    pub targets: Vec<(usize, GradientPlace)>,
}

pub(crate) enum GradientPlace {
    Parameter { start: usize, size: usize },
    Value { offset: usize, width: usize },
}

impl<S: Scalar> Plan<S> {
    /// Plans the forward pass to `target`.
    pub fn forward(graph: &Graph<S>, target: NodeId) -> Plan<S> {
        Plan::new(graph, target, false)
    }

    /// Plans the forward pass to `cost`, which has one number a row, and the gradient of its mean.
    pub fn gradient(graph: &Graph<S>, cost: NodeId) -> Plan<S> {
        assert_eq!(graph.shape(cost), Shape::Rows(1), "a cost is one number for each row");
        Plan::new(graph, cost, true)
    }

    fn new(graph: &Graph<S>, target: NodeId, differentiable: bool) -> Plan<S> {
        let needed = ancestors(graph, target);
        let mut offsets = vec![0; graph.nodes.len()];
        let mut plan = Plan {
            forward: Vec::new(),
            backward: Vec::new(),
            values: 0,
            saved: 0,
            parameters: graph.parameter_count(),
            differentiable,
            work: 0,
        };
        for (id, node) in graph.nodes.iter().enumerate() {
            let Kind::Operation { op, inputs } = &node.kind else { continue };
            if !needed[id] {
                continue;
            }
            offsets[id] = plan.values;
            let shapes: Vec<Shape> = inputs.iter().map(|&input| graph.shape(input)).collect();
            let slots = inputs.iter().map(|&input| slot(graph, input, &offsets)).collect();
            let (width, saved_width) = (node.shape.size(), if differentiable { op.saved(&shapes) } else { 0 });
            plan.work +=
                width + shapes.iter().filter(|shape| matches!(shape, Shape::Parameter(..))).map(|shape| shape.size()).sum::<usize>();
            plan.forward.push(ForwardStep {
                op: op.clone(),
                slots,
                offset: plan.values,
                width,
                saved_offset: plan.saved,
                saved_width,
                node: NodeId(id),
                fused: None,
            });
            plan.values += width;
            plan.saved += saved_width;
            plan.fuse(graph, differentiable);
        }
        if differentiable {
            plan.plan_backward(graph, &offsets);
        }
        plan
    }

    /// Joins the last two steps where they are a narrow affine and an activation that alone uses it.
    fn fuse(&mut self, graph: &Graph<S>, differentiable: bool) {
        let [.., affine, activation] = self.forward.as_slice() else { return };
        let inputs = graph.inputs(affine.node);
        let narrow = affine.fused.is_none() && affine.op.is_affine() && affine.slots[1].size < narrow::NARROW;
        // One parameter as weight and bias at once would be lent twice.
        let narrow = narrow && inputs.get(2) != Some(&inputs[1]);
        if !narrow || graph.inputs(activation.node) != [affine.node] || graph.uses(affine.node) > 1 {
            return;
        }
        let place = |slot: &Slot| match slot.source {
            Source::Parameter(start) => Some(start..start + slot.size),
            _ => None,
        };
        let (Some(layer), Some(w)) = (activation.op.clone().behind_affine(), place(&affine.slots[1])) else { return };
        let (Some(activation), Some(affine)) = (self.forward.pop(), self.forward.pop()) else { return };
        // The pass back needs the slope even of an activation that would rather compute it again.
        let saved_width = if differentiable { activation.width } else { 0 };
        self.saved = activation.saved_offset + saved_width;
        let wants_dx = matches!(affine.slots[0].source, Source::Value(_)) && graph.nodes[graph.inputs(affine.node)[0].0].moves;
        let (x, b) = (affine.slots[0], affine.slots.get(2).and_then(place));
        let fused = Some(Fused { layer, x, w, b, z_offset: affine.offset, z_node: affine.node, wants_dx });
        self.forward.push(ForwardStep { slots: Vec::new(), saved_width, fused, ..activation });
    }

    fn plan_backward(&mut self, graph: &Graph<S>, offsets: &[usize]) {
        for (step, forward) in self.forward.iter().enumerate().rev() {
            let mut targets = Vec::new();
            // A fused layer knows its own targets.
            let inputs = if forward.fused.is_some() { &[] } else { graph.inputs(forward.node) };
            for (wrt, &input) in inputs.iter().enumerate() {
                let node = &graph.nodes[input.0];
                let target = match node.kind {
                    Kind::Parameter(index) => {
                        let parameter = &graph.parameters()[index];
                        GradientPlace::Parameter { start: parameter.start, size: parameter.size() }
                    }
                    Kind::Operation { .. } if node.moves => GradientPlace::Value { offset: offsets[input.0], width: node.shape.size() },
                    _ => continue,
                };
                targets.push((wrt, target));
            }
            self.backward.push(BackwardStep { step, targets });
        }
    }

    /// Numbers in a row of the target.
    pub fn width(&self) -> usize {
        self.forward.last().map_or(0, |step| step.width)
    }
}

pub(crate) fn slot<S: Scalar>(graph: &Graph<S>, id: NodeId, offsets: &[usize]) -> Slot {
    let source = match graph.nodes[id.0].kind {
        Kind::Data(k) => Source::Data(k),
        Kind::Parameter(index) => Source::Parameter(graph.parameters()[index].start),
        Kind::Operation { .. } => Source::Value(offsets[id.0]),
    };
    Slot { source, size: graph.shape(id).size() }
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
