//! The gradient of the parameters: stretch by stretch, each summed over all rows in order.

use super::worker::{Worker, get};
use crate::Scalar;
use crate::op::{Inputs, Site, Slot, Source};
use crate::optimizers::MOST_MEMORY;
use crate::plan::{ForwardStep, Piece, PieceSource, Plan};
use backlit_kernels::dense::{self, LayerInputs};

/// A stretch of the parameters whose gradient is known, with what the optimizer remembers of them.
pub struct Stretch<'a, S> {
    /// The place of the first one in the flat parameters.
    pub start: usize,
    /// One number for each.
    pub gradient: &'a mut [S],
    /// The same for each number remembered; empty where none is.
    pub memory: [&'a mut [S]; MOST_MEMORY],
}

impl<'a, S> Stretch<'a, S> {
    pub(super) fn reborrow(&mut self) -> Stretch<'_, S> {
        Stretch { start: self.start, gradient: self.gradient, memory: self.memory.each_mut().map(|memory| &mut **memory) }
    }

    /// The first `count` parameters, and the rest.
    pub fn split(self, count: usize) -> (Stretch<'a, S>, Stretch<'a, S>) {
        let (gradient, rest) = self.gradient.split_at_mut(count);
        let mut memory = self.memory.map(|memory| if memory.is_empty() { Default::default() } else { memory.split_at_mut(count) });
        let left = memory.each_mut().map(|(left, _)| std::mem::take(left));
        let right = memory.map(|(_, right)| right);
        (Stretch { start: self.start, gradient, memory: left }, Stretch { start: self.start + count, gradient: rest, memory: right })
    }
}

/// What to do with a stretch of the gradient as soon as it is known; says whether all is well.
pub(crate) type Finish<'a, S> = &'a (dyn Fn(Stretch<'_, S>) -> bool + Sync);

/// Does something with every number of a gradient, each thread its stretch; says whether all went well.
pub(super) fn by_halves<S: Scalar>(stretch: Stretch<'_, S>, finish: Finish<'_, S>) -> bool {
    let count = stretch.gradient.len();
    if count < 1 << 13 {
        return finish(stretch);
    }
    let (left, right) = stretch.split(count / 2);
    let (a, b) = rayon::join(|| by_halves(left, finish), || by_halves(right, finish));
    a && b
}

/// The data of a wave's blocks.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, S> {
    /// The first row of the wave.
    pub first: usize,
    pub width: usize,
    pub numbers: &'a [S],
}

impl<'a, S> Panels<'a, S> {
    pub fn of(&self, worker: &Worker<S>) -> &'a [S] {
        &self.numbers[(worker.rows.start - self.first) * self.width..][..worker.rows.len() * self.width]
    }
}

/// Bytes of a piece that does not stay in the second cache until the optimizer has moved it.
#[cfg(not(test))]
const LARGE: usize = 2 << 20;
/// So that small tests reach the merge.
#[cfg(test)]
const LARGE: usize = 1 << 10;

/// Whether the next piece is more of the same weight and both are large: one product then packs for both.
fn more_of_it<S>(piece: &Piece, next: &Piece) -> bool {
    let large = |piece: &Piece| piece.range.len() * size_of::<S>() > LARGE;
    match (piece.sources.first(), next.sources.first()) {
        (Some(PieceSource::Weight { step, .. }), Some(PieceSource::Weight { step: same, .. })) => {
            step == same && large(piece) && large(next)
        }
        _ => false,
    }
}

/// The gradient of the parameters from the blocks of a wave.
pub(super) struct Sum<'a, S> {
    pub plan: &'a Plan<S>,
    pub capacity: usize,
    pub parameters: &'a [S],
    pub workers: &'a [Worker<S>],
    pub panels: Panels<'a, S>,
    /// Whether there is a sum already, from the waves before.
    pub add: bool,
    /// The sums that penalties want, once they are over all rows.
    pub sums: Option<&'a [f64]>,
    pub finish: Option<Finish<'a, S>>,
}

impl<S: Scalar> Sum<'_, S> {
    /// By halves, each thread its stretch.
    pub fn side_by_side(&self, pieces: &[Piece], stretch: Stretch<'_, S>) -> bool {
        if pieces.len() < 2 || stretch.gradient.len() < 1 << 13 {
            return self.one_by_one(pieces, stretch);
        }
        // The piece that the middle lies in goes to the right.
        let middle = stretch.start + stretch.gradient.len() / 2;
        let half = pieces.partition_point(|piece| piece.range.end <= middle).clamp(1, pieces.len() - 1);
        let (left, right) = pieces.split_at(half);
        let cut = right[0].range.start - stretch.start;
        let (for_left, for_right) = stretch.split(cut);
        let (a, b) = rayon::join(|| self.side_by_side(left, for_left), || self.side_by_side(right, for_right));
        a && b
    }

    pub fn one_by_one(&self, pieces: &[Piece], mut stretch: Stretch<'_, S>) -> bool {
        let mut fine = true;
        for run in pieces.chunk_by(more_of_it::<S>) {
            let (own, rest) = stretch.split(run.iter().map(|piece| piece.range.len()).sum());
            let mut add = self.add;
            for source in &run[0].sources {
                if let PieceSource::Penalty { step, sum } = *source {
                    if !add {
                        own.gradient.fill(S::ZERO);
                    }
                    self.penalty(step, sum, own.start, own.gradient);
                    add = true;
                    continue;
                }
                for worker in self.workers {
                    self.source(source, worker, own.gradient, add);
                    add = true;
                }
            }
            if !add {
                own.gradient.fill(S::ZERO);
            }
            if let Some(finish) = self.finish {
                fine &= finish(own);
            }
            stretch = rest;
        }
        fine
    }

    /// Adds one block's part, or puts it there.
    fn source(&self, source: &PieceSource, worker: &Worker<S>, gradient: &mut [S], add: bool) {
        let (n, capacity, panel) = (worker.rows.len(), self.capacity, self.panels.of(worker));
        match *source {
            PieceSource::Weight { step, upstream, first_unit } => {
                let ForwardStep::Layer(layer) = &self.plan.forward[step] else { unreachable!("a layer's step") };
                let inputs = layer.inputs();
                let units = gradient.len() / inputs;
                let delta = &worker.upstream[upstream * capacity..][first_unit * n..][..units * n];
                let place = |source| get(source, inputs, n, capacity, panel, self.parameters, &worker.values);
                match (layer.x_by_row, capacity) {
                    (_, 1) => dense::weight_gradient_alone(inputs, units, delta, place(layer.x.source), gradient, add),
                    (Some(by_row), _) => dense::weight_gradient(n, inputs, units, delta, LayerInputs::ByRow(place(by_row)), gradient, add),
                    _ => dense::weight_gradient(n, inputs, units, delta, LayerInputs::ByInput(place(layer.x.source)), gradient, add),
                }
            }
            PieceSource::Bias { upstream } => {
                dense::bias_gradient(n, &worker.upstream[upstream * capacity..][..gradient.len() * n], gradient, add);
            }
            PieceSource::Operation { step, wrt, upstream } => {
                let ForwardStep::Operation(operation) = &self.plan.forward[step] else { unreachable!("an operation's step") };
                if !add {
                    gradient.fill(S::ZERO);
                }
                let site = operation.site(n, capacity, panel, self.parameters, &worker.values, &worker.saved);
                let upstream = &worker.upstream[upstream * capacity..][..n * operation.width];
                operation.op.partial(wrt, site, upstream, gradient);
            }
            PieceSource::Penalty { .. } => unreachable!("a penalty is added once for all rows"),
        }
    }

    /// Adds the gradient of a penalty by the parameters from `start` on, once the sum over all rows is known.
    fn penalty(&self, step: usize, sum: usize, start: usize, gradient: &mut [S]) {
        let Some(sums) = self.sums else { return };
        let ForwardStep::Operation(operation) = &self.plan.forward[step] else { unreachable!("an operation's step") };
        let slots = [operation.slots[0], Slot { source: Source::Parameter(start), size: gradient.len() }];
        let inputs = Inputs { rows: 1, capacity: 1, width: 1, slots: &slots, data: &[], parameters: self.parameters, values: &[] };
        operation.op.partial(1, Site { inputs, saved: &[], out: &[] }, &[S::from_f64(sums[sum])], gradient);
    }
}
