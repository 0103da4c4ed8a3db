//! Runs a plan: values forward, gradients backward, over rows in chunks.
//!
//! Rows are cut into chunks of fixed size, each computed whole by one worker; chunk results are added in
//! the order of the chunks. So neither the number of threads nor how the work falls to them changes a bit.

use crate::Scalar;
use crate::op::{Inputs, Line, Site};
use crate::plan::{BackwardStep, ForwardStep, Fused, GradientPlace, Plan};
use backlit_kernels::{narrow, pointwise};
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
            let start = step.fused.as_ref().map_or(step.offset, |fused| fused.z_offset);
            let (before, rest) = self.values.split_at_mut(start * capacity);
            let inputs =
                Inputs { first: rows.start, rows: n, capacity, width: step.width, slots: &step.slots, data, parameters, values: before };
            let saved = if keep { &mut self.saved[step.saved_offset * capacity..][..n * step.saved_width] } else { &mut [] };
            match step.op.behind_affine() {
                Some(layer) if step.fused.is_some() => {
                    let (z, a) = rest.split_at_mut((step.offset - start) * capacity);
                    let line = Line::of(&inputs);
                    layer.layer(line, &mut z[..n * step.width], &mut a[..n * step.width], saved);
                }
                _ => step.op.forward(inputs, saved, &mut rest[..n * step.width]),
            }
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
                self.layer_back(fused, back, step, capacity, parameters, data, gradient);
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

    /// A fused layer: δ into z's place, then the partials of the affine.
    #[allow(clippy::too_many_arguments)]
    fn layer_back(
        &mut self,
        fused: &Fused,
        back: &BackwardStep,
        step: &ForwardStep<S>,
        capacity: usize,
        parameters: &[S],
        data: &[&[S]],
        gradient: &mut [S],
    ) {
        let n = self.rows.len();
        let values = &self.values[..fused.z_offset * capacity];
        let inputs = Inputs { first: self.rows.start, rows: n, capacity, width: step.width, slots: &step.slots, data, parameters, values };
        let line = Line::of(&inputs);
        let (lower, upper) = self.upstream.split_at_mut(fused.z_offset * capacity);
        let (delta, upstream) = upper.split_at_mut((step.offset - fused.z_offset) * capacity);
        let (delta, upstream) = (&mut delta[..n * step.width], &upstream[..n * step.width]);
        let slope = &self.saved[step.saved_offset * capacity..][..n * step.width];
        let (mut dx, mut dw, mut db) = (None, (0, 0), None);
        for (wrt, target) in &back.targets {
            match (wrt, target) {
                (0, GradientPlace::Value { offset, width }) => dx = Some((offset * capacity, n * width)),
                (1, GradientPlace::Parameter { start, size }) => dw = (*start, *size),
                (_, GradientPlace::Parameter { start, size }) => db = Some((*start, *size)),
                _ => {}
            }
        }
        let dx = dx.map(|(start, size)| &mut lower[start..start + size]);
        // Weight and bias are different parameters: one lies behind the other.
        let (dw, db) = match db {
            None => (&mut gradient[dw.0..dw.0 + dw.1], None),
            Some((start, size)) if start > dw.0 => {
                let (weight, bias) = gradient.split_at_mut(start);
                (&mut weight[dw.0..dw.0 + dw.1], Some(&mut bias[..size]))
            }
            Some((start, size)) => {
                let (bias, weight) = gradient.split_at_mut(dw.0);
                (&mut weight[..dw.1], Some(&mut bias[start..start + size]))
            }
        };
        let Line { rows, x, inputs, w, units, .. } = line;
        narrow::layer_back(rows, inputs, units, upstream, slope, x, w, delta, dw, db, dx);
    }
}
