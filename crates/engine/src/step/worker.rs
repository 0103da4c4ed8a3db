//! One worker's block: values forward, gradients of values backward.

use crate::Scalar;
use crate::op::{Inputs, Site, Slot, Source};
use crate::plan::{BackwardStep, ForwardStep, Layer, Operation, Plan, Target};
use backlit_kernels::memory::Numbers;
use backlit_kernels::product::transpose;
use backlit_kernels::{dense, pointwise};
use std::ops::Range;

/// What one block needs.
pub(super) struct Worker<S> {
    pub values: Numbers<S>,
    pub saved: Numbers<S>,
    pub upstream: Numbers<S>,
    pub rows: Range<usize>,
}

/// The numbers at a place: size × rows, or the parameter.
#[inline(always)]
pub(super) fn get<'a, S>(
    source: Source,
    size: usize,
    rows: usize,
    capacity: usize,
    panel: &'a [S],
    parameters: &'a [S],
    values: &'a [S],
) -> &'a [S] {
    match source {
        Source::Data(offset) => &panel[offset * rows..][..size * rows],
        Source::Parameter(start) => &parameters[start..start + size],
        Source::Value(offset) => &values[offset * capacity..][..size * rows],
    }
}

impl<S: Scalar> Worker<S> {
    pub fn forward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], panel: &[S], keep: bool) {
        let n = self.rows.len();
        for step in &plan.forward {
            match step {
                ForwardStep::Layer(layer) => self.layer(layer, capacity, parameters, panel, keep),
                ForwardStep::Operation(operation) => {
                    let place = if operation.saves_gradient { &mut self.upstream } else { &mut self.saved };
                    let saved = if keep { &mut place[operation.saved_offset * capacity..][..n * operation.saved_width] } else { &mut [] };
                    let (before, rest) = self.values.split_at_mut(operation.offset * capacity);
                    let inputs = operation.inputs(n, capacity, panel, parameters, before);
                    operation.op.forward(inputs, saved, &mut rest[..n * operation.width]);
                }
            }
        }
    }

    /// The target's values, width × rows.
    pub fn target<'a>(&'a self, plan: &Plan<S>, capacity: usize, parameters: &'a [S], panel: &'a [S]) -> &'a [S] {
        self.value(&plan.target, capacity, parameters, panel)
    }

    /// The values that lie there, width × rows.
    pub fn value<'a>(&'a self, slot: &Slot, capacity: usize, parameters: &'a [S], panel: &'a [S]) -> &'a [S] {
        get(slot.source, slot.size, self.rows.len(), capacity, panel, parameters, &self.values)
    }

    fn layer(&mut self, layer: &Layer<S>, capacity: usize, parameters: &[S], panel: &[S], keep: bool) {
        let (n, inputs, units) = (self.rows.len(), layer.inputs(), layer.units);
        let (before, rest) = self.values.split_at_mut(layer.z * capacity);
        let x = get(layer.x.source, inputs, n, capacity, panel, parameters, before);
        let w = &parameters[layer.w..][..units * inputs];
        let b = layer.b.map(|b| &parameters[b..b + units]);
        let affine = |z: &mut [S]| match capacity {
            1 => dense::affine_alone(inputs, units, x, w, b, z),
            _ => dense::affine(n, inputs, units, x, w, b, z),
        };
        let Some(activation) = &layer.activation else {
            return affine(&mut rest[..n * units]);
        };
        let (z, a) = rest.split_at_mut((activation.a - layer.z) * capacity);
        let (z, a) = (&mut z[..n * units], &mut a[..n * units]);
        affine(z);
        if keep { activation.each.values_leaving_slopes(z, a) } else { activation.each.values(z, a) }
    }

    pub fn backward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], panel: &[S], weight: S) {
        let n = self.rows.len();
        if let Some(target) = plan.target_upstream {
            self.upstream[target * capacity..][..n].fill(weight);
        }
        for back in &plan.backward {
            match back {
                BackwardStep::Layer { step, upstream, slope, dx, before } => {
                    let ForwardStep::Layer(layer) = &plan.forward[*step] else { unreachable!("a layer's step") };
                    let (inputs, units) = (layer.inputs(), layer.units);
                    let (dx, delta) = around(&mut self.upstream, dx.as_ref(), *upstream, capacity, n);
                    let delta = &mut delta[..n * units];
                    if let Some(slope) = slope {
                        pointwise::multiply(&self.values[slope * capacity..][..n * units], delta);
                    }
                    if let Some((dx, first)) = dx {
                        let w = &parameters[layer.w..][..units * inputs];
                        let before = before.map(|slope| &self.values[slope * capacity..][..n * inputs]);
                        match capacity {
                            1 => dense::input_gradient_alone(inputs, units, delta, w, dx, !first, before),
                            _ => dense::input_gradient(n, inputs, units, delta, w, dx, !first, before),
                        }
                    }
                }
                BackwardStep::Loss(place) => {
                    pointwise::scale(weight, &mut self.upstream[place.offset * capacity..][..n * place.width]);
                }
                BackwardStep::Turn { from, width, to } => match *from {
                    Source::Value(from) if from > *to => {
                        let (to, from) = apart(&mut self.values, *to * capacity, from * capacity);
                        transpose(*width, n, &from[..n * width], n, &mut to[..n * width], *width);
                    }
                    from => {
                        let (values, to) = self.values.split_at_mut(to * capacity);
                        transpose(*width, n, get(from, *width, n, capacity, panel, parameters, values), n, &mut to[..n * width], *width);
                    }
                },
                BackwardStep::Operation { step, upstream, targets } => {
                    let ForwardStep::Operation(operation) = &plan.forward[*step] else { unreachable!("an operation's step") };
                    for (wrt, target) in targets {
                        let (grad, upstream) = around(&mut self.upstream, Some(target), *upstream, capacity, n);
                        let Some((grad, first)) = grad else { continue };
                        if first {
                            grad.fill(S::ZERO);
                        }
                        let site = operation.site(n, capacity, panel, parameters, &self.values, &self.saved);
                        operation.op.partial(*wrt, site, &upstream[..n * operation.width], grad);
                    }
                }
            }
        }
    }
}

/// Two stretches of one vector: from `low` on up to `high`, and from `high` on.
fn apart<S>(numbers: &mut [S], low: usize, high: usize) -> (&mut [S], &[S]) {
    let (before, after) = numbers.split_at_mut(high);
    (&mut before[low..], after)
}

/// The gradient of a step's input, with whether it is the first there, and what comes from behind the step.
#[allow(clippy::type_complexity)]
fn around<'a, S>(
    upstream: &'a mut [S],
    target: Option<&Target>,
    from: usize,
    capacity: usize,
    n: usize,
) -> (Option<(&'a mut [S], bool)>, &'a mut [S]) {
    match target {
        None => (None, &mut upstream[from * capacity..]),
        // Gradients are laid out in the order of the nodes: an input lies before.
        Some(target) => {
            let (before, from) = upstream.split_at_mut(from * capacity);
            (Some((&mut before[target.offset * capacity..][..n * target.width], target.first)), from)
        }
    }
}

impl<S: Scalar> Operation<S> {
    pub fn inputs<'a>(&'a self, rows: usize, capacity: usize, data: &'a [S], parameters: &'a [S], values: &'a [S]) -> Inputs<'a, S> {
        Inputs { rows, capacity, width: self.width, slots: &self.slots, data, parameters, values }
    }

    pub fn site<'a>(
        &'a self,
        n: usize,
        capacity: usize,
        data: &'a [S],
        parameters: &'a [S],
        values: &'a [S],
        saved: &'a [S],
    ) -> Site<'a, S> {
        let inputs = self.inputs(n, capacity, data, parameters, &values[..self.offset * capacity]);
        let saved = &saved[self.saved_offset * capacity..][..n * self.saved_width];
        Site { inputs, saved, out: &values[self.offset * capacity..][..n * self.width] }
    }
}
