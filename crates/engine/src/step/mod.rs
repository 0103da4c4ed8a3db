//! Runs a plan: values forward, gradients backward, over blocks of rows.
//!
//! A block's numbers lie number after number, the rows of each side by side. Each row's values and gradients of values
//! are found by one worker and depend on no other row. Then each stretch of the parameters' gradient is summed by one
//! worker over all rows in order. So neither the number of threads nor how the work falls to them changes a bit.

mod batch;
mod small;
mod sum;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use batch::{Batch, Draw};
pub use batch::{Data, Rows, Source};
pub(crate) use small::Small;
pub(crate) use sum::Finish;
pub use sum::Stretch;

use crate::Scalar;
use crate::op::Slot;
use crate::optimizers::MOST_MEMORY;
use crate::plan::{ForwardStep, Plan, Remembered};
use backlit_kernels::memory::{Numbers, zeros};
use backlit_kernels::narrow;
use backlit_kernels::product::transpose;
use std::ops::Range;
use std::sync::Arc;
use sum::{Panels, Sum, by_halves};
use worker::Worker;

/// Blocks begin at multiples of so many rows.
pub const GROUP: usize = narrow::GROUP;

/// Rows in a block of a plan of narrow layers: its numbers stay in a core's first cache.
const NARROW_BLOCK: usize = 2 * GROUP;
/// Most rows in a block of a plan of wide layers.
const WIDE_BLOCK: usize = 1024;
/// Most rows in a block where threads share narrow layers: what they do between two meetings should take a while.
const SHARED_BLOCK: usize = 4096;

/// Multiplications of a block, forward, below which a meeting of threads costs more than they save.
const WORTH_A_THREAD: usize = 2_000_000;

/// Data up to so many numbers are kept for the next step, which may want the same rows.
const KEPT: usize = 1 << 22;

/// Buffers for running one plan, allocated once.
pub struct Runner<S> {
    workers: Vec<Worker<S>>,
    /// Most rows in a block.
    capacity: usize,
    /// The data of the blocks, one after the other.
    panels: Numbers<S>,
    /// How many rows they have room for.
    held: usize,
    /// The sums over rows that penalties want.
    sums: Vec<f64>,
    pool: Option<Arc<rayon::ThreadPool>>,
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

/// Values of some rows, width × rows, to their places in `out`, rows × width.
fn by_row<S: Scalar>(slot: &Slot, values: &[S], rows: Range<usize>, out: &mut [S]) {
    let (n, size) = (rows.len(), slot.size);
    transpose(size, n, values, n, &mut out[rows.start * size..][..n * size], size);
}

impl<S: Scalar> Runner<S> {
    /// Buffers for batches of at most `rows` rows, on at most so many threads: as many as are worth their while.
    pub fn new(plan: &Plan<S>, rows: usize, threads: usize) -> Runner<S> {
        let most = if plan.reads_batch { 1 } else { rows.div_ceil(GROUP).max(1) };
        let threads = threads.clamp(1, most);
        let pays = plan.work * block(plan, rows, threads) >= WORTH_A_THREAD;
        Runner::on_threads(plan, rows, if pays { threads } else { 1 })
    }

    /// Buffers for batches of at most `rows` rows on just so many threads, at least one.
    pub fn on_threads(plan: &Plan<S>, rows: usize, threads: usize) -> Runner<S> {
        // Without threads to be had, one does all the work: the bits are the same.
        let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok()).flatten().map(Arc::new);
        Runner::on_pool(plan, rows, threads, pool)
    }

    /// Buffers for batches of at most `rows` rows on the threads of another runner.
    pub(crate) fn beside(plan: &Plan<S>, rows: usize, other: &Runner<S>) -> Runner<S> {
        Runner::on_pool(plan, rows, other.workers.len(), other.pool())
    }

    fn on_pool(plan: &Plan<S>, rows: usize, threads: usize, pool: Option<Arc<rayon::ThreadPool>>) -> Runner<S> {
        let rows = rows.max(1);
        let threads = if plan.reads_batch { 1 } else { threads.max(1) };
        let capacity = block(plan, rows, threads);
        let held = if plan.data_width * rows <= KEPT { rows } else { (threads * capacity).min(rows) };
        let numbers = zeros::<S>;
        let workers = (0..threads).map(|_| Worker {
            values: numbers(plan.values * capacity),
            saved: numbers(plan.saved * capacity),
            upstream: numbers(plan.upstream * capacity),
            rows: 0..0,
        });
        let workers = workers.collect();
        Runner { workers, capacity, panels: numbers(plan.data_width * held), held, sums: vec![0.0; plan.sums.len()], pool }
    }

    /// The threads, if there are several: whoever runs many steps enters them once, with `install`.
    pub(crate) fn pool(&self) -> Option<Arc<rayon::ThreadPool>> {
        self.pool.clone()
    }

    /// Whether the costs of so many rows are all known before any gradient of a parameter is.
    pub(crate) fn is_one_wave(&self, rows: usize) -> bool {
        rows <= self.workers.len() * self.capacity
    }

    /// The mean cost of the rows, at least one, and its gradient.
    /// `data`: one slice for each data node, rows × width; `gradient`: as the parameters.
    pub fn gradient(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize, gradient: &mut [S]) -> f64 {
        assert!(rows > 0, "at least one row: the mean over none has no gradient");
        let stretch = Stretch { start: 0, gradient, memory: [(); MOST_MEMORY].map(|()| Default::default()) };
        self.step(plan, parameters, Batch::all(Data::Slices(data), rows), stretch, None).0
    }

    /// The mean cost of the rows, whose gradient is handed on stretch by stretch as soon as it is known, and whether all
    /// went well with these. Nothing is handed on, and where the batch is one wave nothing written, if the cost is not finite.
    pub(crate) fn step(
        &mut self,
        plan: &Plan<S>,
        parameters: &[S],
        batch: Batch<'_, S>,
        mut stretch: Stretch<'_, S>,
        finish: Option<Finish<'_, S>>,
    ) -> (f64, bool) {
        let (rows, capacity) = (batch.rows.len(), self.capacity);
        let weight = S::from_f64(1.0 / rows as f64);
        let (mut total, mut fine) = (0.0, true);
        let mut start = 0;
        self.sums.fill(0.0);
        while start < rows {
            let used = self.wave(plan, &batch, start, |worker, panel| {
                worker.forward(plan, capacity, parameters, panel, true);
                worker.backward(plan, capacity, parameters, panel, weight);
            });
            let (add, end) = (start > 0, self.workers[used - 1].rows.end);
            for worker in &self.workers[..used] {
                for (sum, from) in self.sums.iter_mut().zip(&plan.sums) {
                    *sum = worker.upstream[from * capacity..][..worker.rows.len()].iter().fold(*sum, |sum, x| sum + x.to_f64());
                }
            }
            let panels = self.panels(plan, start..end, start);
            for worker in &self.workers[..used] {
                total = add_costs(total, worker.target(plan, capacity, parameters, panels.of(worker)));
            }
            let is_last = end == rows;
            let finish = finish.filter(|_| is_last);
            if finish.is_some() && !total.is_finite() {
                return (total / rows as f64, false);
            }
            let sum = Sum {
                plan,
                capacity,
                parameters,
                workers: &self.workers[..used],
                panels,
                add,
                sums: is_last.then_some(&self.sums),
                finish,
            };
            fine &= match &self.pool {
                Some(pool) => pool.install(|| sum.side_by_side(&plan.pieces, stretch.reborrow())),
                None => sum.one_by_one(&plan.pieces, stretch.reborrow()),
            };
            start = end;
        }
        (total / rows as f64, fine)
    }

    /// Does something with every number of a whole gradient, side by side where there are threads; says whether all went well.
    pub(crate) fn each_stretch(&self, stretch: Stretch<'_, S>, finish: Finish<'_, S>) -> bool {
        match &self.pool {
            Some(pool) => pool.install(|| by_halves(stretch, finish)),
            None => finish(stretch),
        }
    }

    /// Puts what the last step's batch leaves behind into the parameters that remember it; says whether every number is finite.
    pub(crate) fn remember(&self, plan: &Plan<S>, parameters: &mut [S]) -> bool {
        plan.remembered.iter().fold(true, |finite, Remembered { step, wrt, range }| {
            let ForwardStep::Operation(operation) = &plan.forward[*step] else { unreachable!("an operation's step") };
            let (worker, numbers) = (&self.workers[0], &mut parameters[range.clone()]);
            let saved = &worker.saved[operation.saved_offset * self.capacity..][..worker.rows.len() * operation.saved_width];
            operation.op.remember(*wrt, worker.rows.len(), saved, numbers);
            finite && numbers.iter().all(|number| number.is_finite())
        })
    }

    /// The mean cost of the rows; of none it is NaN.
    pub fn cost(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize) -> f64 {
        self.cost_over(plan, parameters, Data::Slices(data), rows)
    }

    /// The same, wherever the rows are.
    pub fn cost_over(&mut self, plan: &Plan<S>, parameters: &[S], data: Data<'_, S>, rows: usize) -> f64 {
        self.cost_of(plan, parameters, Batch::all(data, rows))
    }

    /// The mean cost of a batch.
    pub(crate) fn cost_of(&mut self, plan: &Plan<S>, parameters: &[S], batch: Batch<'_, S>) -> f64 {
        let mut total = 0.0;
        self.forward_only(plan, parameters, batch, |worker, panel, capacity| {
            total = add_costs(total, worker.target(plan, capacity, parameters, panel));
        });
        total / batch.rows.len() as f64
    }

    /// The target's values, rows × width.
    pub fn outputs(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize, out: &mut [S]) {
        self.outputs_over(plan, parameters, Data::Slices(data), rows, out);
    }

    /// The same, wherever the rows are.
    pub fn outputs_over(&mut self, plan: &Plan<S>, parameters: &[S], data: Data<'_, S>, rows: usize, out: &mut [S]) {
        self.forward_only(plan, parameters, Batch::all(data, rows), |worker, panel, capacity| {
            by_row(&plan.target, worker.value(&plan.target, capacity, parameters, panel), worker.rows.clone(), out);
        });
    }

    /// The mean cost of the rows, and the values that a [`Plan::forward_beside`] computes with it, rows × width: the bits that each has alone.
    pub fn cost_and_outputs_over(&mut self, plan: &Plan<S>, parameters: &[S], data: Data<'_, S>, rows: usize, out: &mut [S]) -> f64 {
        let mut total = 0.0;
        self.forward_only(plan, parameters, Batch::all(data, rows), |worker, panel, capacity| {
            total = add_costs(total, worker.target(plan, capacity, parameters, panel));
            if let Some(beside) = &plan.beside {
                by_row(beside, worker.value(beside, capacity, parameters, panel), worker.rows.clone(), out);
            }
        });
        total / rows as f64
    }

    /// The first infinite or NaN value in the order of computation, if there is one.
    pub(crate) fn first_not_finite_of(&mut self, plan: &Plan<S>, parameters: &[S], batch: Batch<'_, S>) -> Option<NotFinite> {
        let mut found: Option<(usize, NotFinite)> = None;
        self.forward_only(plan, parameters, batch, |worker, _, capacity| {
            let places = plan.forward.iter().flat_map(|step| match step {
                ForwardStep::Operation(operation) => [Some((operation.offset, operation.node, operation.width)), None],
                ForwardStep::Layer(layer) => {
                    let activation = layer.activation.as_ref().map(|behind| (behind.a, behind.node, layer.units));
                    [Some((layer.z, layer.z_node, layer.units)), activation]
                }
            });
            let n = worker.rows.len();
            for (order, (offset, node, width)) in places.flatten().enumerate() {
                let values = &worker.values[offset * capacity..][..n * width];
                // The first row, then the first place in it.
                let bad = values.iter().enumerate().filter(|(_, value)| !value.is_finite()).map(|(at, _)| (at % n, at / n));
                let Some((row, column)) = bad.min() else { continue };
                if found.as_ref().is_none_or(|(earlier, _)| order < *earlier) {
                    let value = values[column * n + row].to_f64();
                    found = Some((order, NotFinite { node, row: worker.rows.start + row, column, value }));
                }
            }
        });
        found.map(|(_, place)| place)
    }

    /// The first infinite or NaN value in the order of computation, if there is one.
    pub fn first_not_finite(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize) -> Option<NotFinite> {
        self.first_not_finite_of(plan, parameters, Batch::all(Data::Slices(data), rows))
    }

    /// Computes all blocks forward and hands each on in order: the worker, its data, and the most rows in a block.
    fn forward_only(&mut self, plan: &Plan<S>, parameters: &[S], batch: Batch<'_, S>, mut take: impl FnMut(&Worker<S>, &[S], usize)) {
        let capacity = self.capacity;
        let mut start = 0;
        while start < batch.rows.len() {
            let used = self.wave(plan, &batch, start, |worker, panel| worker.forward(plan, capacity, parameters, panel, false));
            let end = self.workers[used - 1].rows.end;
            let panels = self.panels(plan, start..end, start);
            for worker in &self.workers[..used] {
                take(worker, panels.of(worker), capacity);
            }
            start = end;
        }
    }

    /// The data of the rows of a wave.
    fn panels(&self, plan: &Plan<S>, rows: Range<usize>, start: usize) -> Panels<'_, S> {
        let at = if self.held >= rows.end { start } else { 0 };
        Panels { first: start, width: plan.data_width, numbers: &self.panels[at * plan.data_width..] }
    }

    /// Computes a wave of blocks from row `start` on, one for each worker; says how many were used.
    fn wave(&mut self, plan: &Plan<S>, batch: &Batch<'_, S>, start: usize, compute: impl Fn(&mut Worker<S>, &[S]) + Sync) -> usize {
        let (rows, capacity) = (batch.rows.len(), self.capacity);
        let mut used = 0;
        let mut next = start;
        for worker in &mut self.workers {
            if next < rows {
                worker.rows = next..(next + capacity).min(rows);
                next = worker.rows.end;
                used += 1;
            }
        }
        let all_held = self.held >= rows;
        let at = if all_held { start } else { 0 };
        let panels = &mut self.panels[at * plan.data_width..][..(next - start) * plan.data_width];
        let load = !(batch.again && all_held);
        let compute = |worker: &mut Worker<S>, panel: &mut [S]| {
            if load {
                batch.load(plan, worker.rows.clone(), panel);
            }
            batch.draw(plan, worker.rows.clone(), panel);
            compute(worker, panel);
        };
        let wave = &mut self.workers[..used];
        match &self.pool {
            Some(pool) if used > 1 => pool.install(|| each(wave, panels, plan.data_width, &compute)),
            _ => each_in_turn(wave, panels, plan.data_width, &compute),
        }
        used
    }
}

/// The costs of a block on top of a total: group after group, sixteen sums in each, so that the cuts between blocks do not show.
fn add_costs<S: Scalar>(total: f64, costs: &[S]) -> f64 {
    costs.chunks(GROUP).fold(total, |total, group| {
        let mut sums = [0.0; 16];
        let whole = group.chunks_exact(16);
        for (sum, cost) in sums.iter_mut().zip(whole.remainder()) {
            *sum = cost.to_f64();
        }
        for sixteen in whole {
            for (sum, cost) in sums.iter_mut().zip(sixteen) {
                *sum += cost.to_f64();
            }
        }
        total + sum_by_halves(&mut sums)
    })
}

/// The upper half added to the lower one, until one number is left.
fn sum_by_halves(numbers: &mut [f64; 16]) -> f64 {
    let mut half = 8;
    while half > 0 {
        for i in 0..half {
            numbers[i] += numbers[i + half];
        }
        half /= 2;
    }
    numbers[0]
}

/// Rows in a block where so many threads share a batch.
fn block<S: Scalar>(plan: &Plan<S>, rows: usize, threads: usize) -> usize {
    if plan.reads_batch {
        return rows;
    }
    let most = match (plan.is_wide(), threads) {
        (true, _) => WIDE_BLOCK,
        (false, 1) => NARROW_BLOCK,
        (false, _) => SHARED_BLOCK,
    };
    let share = rows.div_ceil(GROUP).div_ceil(threads) * GROUP;
    share.min(most).min(rows)
}

/// Runs the workers side by side, by halves.
fn each<S: Scalar>(workers: &mut [Worker<S>], panels: &mut [S], width: usize, compute: &(impl Fn(&mut Worker<S>, &mut [S]) + Sync)) {
    if workers.len() < 2 {
        return each_in_turn(workers, panels, width, compute);
    }
    let (left, right) = workers.split_at_mut(workers.len() / 2);
    let (for_left, for_right) = panels.split_at_mut(left.iter().map(|worker| worker.rows.len()).sum::<usize>() * width);
    rayon::join(|| each(left, for_left, width, compute), || each(right, for_right, width, compute));
}

fn each_in_turn<S: Scalar>(workers: &mut [Worker<S>], mut panels: &mut [S], width: usize, compute: &impl Fn(&mut Worker<S>, &mut [S])) {
    for worker in workers {
        let (panel, rest) = std::mem::take(&mut panels).split_at_mut(worker.rows.len() * width);
        compute(worker, panel);
        panels = rest;
    }
}
