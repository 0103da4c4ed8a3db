//! Runs a plan: values forward, gradients backward, over rows in chunks.
//!
//! Rows are cut into chunks of fixed size, each computed whole by one worker; chunk results are added in
//! the order of the chunks. So neither the number of threads nor how the work falls to them changes a bit.

use crate::Scalar;
use crate::op::{Inputs, Site, Source};
use crate::plan::{ForwardStep, Fused, GradientPlace, Plan};
use backlit_kernels::narrow::{self, Back, Line};
use backlit_kernels::pointwise;
use std::sync::Arc;

/// Rows in a chunk.
pub const CHUNK: usize = 64;

/// Multiplications in a chunk below which handing it to another thread costs more than it saves.
const WORTH_A_THREAD: usize = 100_000;

/// Buffers for running one plan, allocated once.
pub struct Runner<S> {
    workers: Vec<Worker<S>>,
    capacity: usize,
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// What one chunk needs.
struct Worker<S> {
    values: Vec<S>,
    saved: Vec<S>,
    upstream: Vec<S>,
    /// The chunk's part of the gradient; empty when there is only ever one chunk.
    gradient: Vec<S>,
    /// Σ of the chunk's costs.
    cost: f64,
    rows: std::ops::Range<usize>,
}

/// The first number that is infinite or NaN: where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFinite {
    /// The forward step's node.
    pub node: crate::NodeId,
    /// Row of the batch.
    pub row: usize,
    /// Place in the row.
    pub column: usize,
    /// The number.
    pub value: f64,
}

impl<S: Scalar> Runner<S> {
    /// Buffers for batches of at most `rows` rows on so many threads.
    pub fn new(plan: &Plan<S>, rows: usize, threads: usize) -> Runner<S> {
        let capacity = rows.clamp(1, CHUNK);
        let chunks = rows.div_ceil(CHUNK).max(1);
        let threads = if plan.work * capacity < WORTH_A_THREAD { 1 } else { threads.clamp(1, chunks) };
        let gradient = if plan.differentiable && chunks > 1 { plan.parameters } else { 0 };
        let numbers = |n: usize| vec![S::ZERO; n];
        let workers = (0..threads).map(|_| Worker {
            values: numbers(plan.values * capacity),
            saved: numbers(plan.saved * capacity),
            upstream: numbers(if plan.differentiable { plan.values * capacity } else { 0 }),
            gradient: numbers(gradient),
            cost: 0.0,
            rows: 0..0,
        });
        let workers = workers.collect();
        // Without threads to be had, one does all the work: the bits are the same.
        let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten().map(Arc::new);
        if let Some(pool) = &pool {
            pool.broadcast(|_| backlit_kernels::wide::set_up());
        }
        Runner { workers, capacity, pool }
    }

    /// The threads, if there are several: whoever runs many steps enters them once, with `install`.
    pub(crate) fn pool(&self) -> Option<Arc<rayon::ThreadPool>> {
        self.pool.clone()
    }

    /// The mean cost of the rows, and its gradient.
    /// `data`: one slice for each data node, rows × width; `gradient`: as the parameters.
    pub fn gradient(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize, gradient: &mut [S]) -> f64 {
        let weight = S::from_f64(1.0 / rows as f64);
        let capacity = self.capacity;
        if rows <= capacity {
            let worker = &mut self.workers[0];
            worker.forward(plan, capacity, parameters, data, 0..rows, true);
            worker.backward(plan, capacity, parameters, data, weight, gradient);
            return worker.cost / rows as f64;
        }
        let mut total = 0.0;
        self.in_waves(
            rows,
            |worker, rows| {
                worker.forward(plan, capacity, parameters, data, rows, true);
                let mut own = std::mem::take(&mut worker.gradient);
                worker.backward(plan, capacity, parameters, data, weight, &mut own);
                worker.gradient = own;
            },
            |first, worker| {
                total += worker.cost;
                if first {
                    gradient.copy_from_slice(&worker.gradient);
                } else {
                    pointwise::add(&worker.gradient, gradient);
                }
            },
        );
        total / rows as f64
    }

    /// The mean cost of the rows.
    pub fn cost(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize) -> f64 {
        let mut total = 0.0;
        let capacity = self.capacity;
        self.in_waves(rows, |worker, rows| worker.forward(plan, capacity, parameters, data, rows, false), |_, worker| total += worker.cost);
        total / rows as f64
    }

    /// The target's values, rows × width.
    pub fn outputs(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize, out: &mut [S]) {
        let capacity = self.capacity;
        let last = plan.forward.last().expect("a plan has a target");
        self.in_waves(
            rows,
            |worker, rows| worker.forward(plan, capacity, parameters, data, rows, false),
            |_, worker| {
                let values = &worker.values[last.offset * capacity..][..worker.rows.len() * last.width];
                out[worker.rows.start * last.width..][..values.len()].copy_from_slice(values);
            },
        );
    }

    /// The first infinite or NaN value in the order of computation, if there is one.
    pub fn first_not_finite(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize) -> Option<NotFinite> {
        let mut found: Option<(usize, NotFinite)> = None;
        let capacity = self.capacity;
        self.in_waves(
            rows,
            |worker, rows| worker.forward(plan, capacity, parameters, data, rows, false),
            |_, worker| {
                let fused = |step: &ForwardStep<S>| step.fused.as_ref().map(|fused| (fused.z_offset, fused.z_node));
                let places = plan.forward.iter().flat_map(|step| {
                    let both = [fused(step), Some((step.offset, step.node))];
                    both.into_iter().flatten().map(|(offset, node)| (offset, node, step.width))
                });
                for (order, (offset, node, width)) in places.enumerate() {
                    let values = &worker.values[offset * capacity..][..worker.rows.len() * width];
                    let Some(at) = values.iter().position(|value| !value.is_finite()) else { continue };
                    if found.as_ref().is_none_or(|(earlier, _)| order < *earlier) {
                        let (row, column) = (worker.rows.start + at / width, at % width);
                        found = Some((order, NotFinite { node, row, column, value: values[at].to_f64() }));
                    }
                }
            },
        );
        found.map(|(_, place)| place)
    }

    /// Computes all chunks, as many at a time as there are workers, and hands each result on in order.
    fn in_waves(
        &mut self,
        rows: usize,
        compute: impl Fn(&mut Worker<S>, std::ops::Range<usize>) + Sync,
        mut take: impl FnMut(bool, &Worker<S>),
    ) {
        let capacity = self.capacity;
        let mut start = 0;
        while start < rows {
            let mut used = 0;
            let mut next = start;
            for worker in &mut self.workers {
                if next < rows {
                    worker.rows = next..(next + capacity).min(rows);
                    next = worker.rows.end;
                    used += 1;
                }
            }
            let wave = &mut self.workers[..used];
            match &self.pool {
                Some(pool) if used > 1 => pool.install(|| each(wave, &compute)),
                _ => wave.iter_mut().for_each(|worker| compute(worker, worker.rows.clone())),
            }
            for (i, worker) in self.workers[..used].iter().enumerate() {
                take(start == 0 && i == 0, worker);
            }
            start = next;
        }
    }
}

/// Runs the workers side by side, by halves.
fn each<S: Scalar>(workers: &mut [Worker<S>], compute: &(impl Fn(&mut Worker<S>, std::ops::Range<usize>) + Sync)) {
    match workers {
        [] => {}
        [worker] => compute(worker, worker.rows.clone()),
        _ => {
            let (left, right) = workers.split_at_mut(workers.len() / 2);
            rayon::join(|| each(left, compute), || each(right, compute));
        }
    }
}

impl<S: Scalar> Worker<S> {
    fn forward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], data: &[&[S]], rows: std::ops::Range<usize>, keep: bool) {
        let n = rows.len();
        for step in &plan.forward {
            let saved = if keep { &mut self.saved[step.saved_offset * capacity..][..n * step.saved_width] } else { &mut [] };
            if let Some(fused) = &step.fused {
                let (before, rest) = self.values.split_at_mut(fused.z_offset * capacity);
                let (z, a) = rest.split_at_mut((step.offset - fused.z_offset) * capacity);
                let line = fused.line(step.width, n, rows.start, capacity, data, parameters, before);
                fused.layer.layer(&line, &mut z[..n * step.width], &mut a[..n * step.width], saved);
                continue;
            }
            let (before, rest) = self.values.split_at_mut(step.offset * capacity);
            let inputs =
                Inputs { first: rows.start, rows: n, capacity, width: step.width, slots: &step.slots, data, parameters, values: before };
            step.op.forward(inputs, saved, &mut rest[..n * step.width]);
        }
        let last: Option<&ForwardStep<S>> = plan.forward.last();
        let costs = last.map_or(&[][..], |step| &self.values[step.offset * capacity..][..n * step.width]);
        self.cost = costs.iter().map(|cost| cost.to_f64()).sum();
        self.rows = rows;
    }

    fn backward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], data: &[&[S]], weight: S, gradient: &mut [S]) {
        let n = self.rows.len();
        pointwise::zero(gradient);
        pointwise::zero(&mut self.upstream);
        if let Some(last) = plan.forward.last() {
            self.upstream[last.offset * capacity..][..n].fill(weight);
        }
        for back in &plan.backward {
            let step = &plan.forward[back.step];
            if let Some(fused) = &step.fused {
                self.layer_back(fused, step, capacity, parameters, data, gradient);
                continue;
            }
            let (before, rest) = self.values.split_at(step.offset * capacity);
            let inputs = Inputs {
                first: self.rows.start,
                rows: n,
                capacity,
                width: step.width,
                slots: &step.slots,
                data,
                parameters,
                values: before,
            };
            let saved = &self.saved[step.saved_offset * capacity..][..n * step.saved_width];
            let out = &rest[..n * step.width];
            let (lower, upper) = self.upstream.split_at_mut(step.offset * capacity);
            let upstream = &upper[..n * step.width];
            for (wrt, target) in &back.targets {
                let target = match target {
                    GradientPlace::Parameter { start, size } => &mut gradient[*start..*start + *size],
                    GradientPlace::Value { offset, width } => &mut lower[offset * capacity..][..n * width],
                };
                step.op.partial(*wrt, Site { inputs, saved, out }, upstream, target);
            }
        }
    }

    /// A fused layer: δ into the place of z's gradient, then the partials of the affine.
    fn layer_back(
        &mut self,
        fused: &Fused<S>,
        step: &ForwardStep<S>,
        capacity: usize,
        parameters: &[S],
        data: &[&[S]],
        gradient: &mut [S],
    ) {
        let (n, width) = (self.rows.len(), step.width);
        let line = fused.line(width, n, self.rows.start, capacity, data, parameters, &self.values);
        let (lower, upper) = self.upstream.split_at_mut(fused.z_offset * capacity);
        let (delta, upstream) = upper.split_at_mut((step.offset - fused.z_offset) * capacity);
        let slope = &self.saved[step.saved_offset * capacity..][..n * width];
        let dx = match fused.x.source {
            Source::Value(offset) if fused.wants_dx => Some(&mut lower[offset * capacity..][..n * fused.x.size]),
            _ => None,
        };
        // Weight and bias are different parameters: one lies behind the other.
        let (dw, db) = match &fused.b {
            None => (&mut gradient[fused.w.clone()], None),
            Some(b) if b.start > fused.w.start => {
                let (weight, bias) = gradient.split_at_mut(b.start);
                (&mut weight[fused.w.clone()], Some(&mut bias[..b.len()]))
            }
            Some(b) => {
                let (bias, weight) = gradient.split_at_mut(fused.w.start);
                (&mut weight[..fused.w.len()], Some(&mut bias[b.clone()]))
            }
        };
        let back = Back { delta: &mut delta[..n * width], dw, db, dx };
        if narrow::is_small(&line) {
            narrow::small_layer_back(&line, &upstream[..n * width], slope, back);
        } else {
            narrow::layer_back(&line, &upstream[..n * width], slope, back);
        }
    }
}

impl<S: Scalar> Fused<S> {
    /// The affine's inputs for `rows` rows from `first` on.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn line<'a>(
        &self,
        units: usize,
        rows: usize,
        first: usize,
        capacity: usize,
        data: &[&'a [S]],
        parameters: &'a [S],
        values: &'a [S],
    ) -> Line<'a, S> {
        let inputs = self.x.size;
        let x = match self.x.source {
            Source::Data(k) => &data[k][first * inputs..][..rows * inputs],
            Source::Value(offset) => &values[offset * capacity..][..rows * inputs],
            // A parameter is not one line for each row; the graph refuses it as x.
            Source::Parameter(start) => &parameters[start..start + inputs],
        };
        let b = self.b.as_ref().map(|b| &parameters[b.clone()]);
        Line { rows, inputs, units, x, w: &parameters[self.w.clone()], b }
    }
}
