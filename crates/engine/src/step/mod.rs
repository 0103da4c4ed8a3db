//! Runs a plan: values forward, gradients backward, over blocks of rows.
//!
//! A block's numbers lie number after number, the rows of each side by side. Each row's values and gradients of values
//! are found by one worker and depend on no other row. Then each stretch of the parameters' gradient is summed by one
//! worker over all rows in order. So neither the number of threads nor how the work falls to them changes a bit.

mod small;

pub(crate) use small::Small;

use crate::Scalar;
use crate::op::{Inputs, Site, Slot, Source};
use crate::optimizers::MOST_MEMORY;
use crate::plan::{BackwardStep, ForwardStep, Layer, Operation, Piece, PieceSource, Plan, Target};
use crate::random::Random;
use backlit_kernels::dense::{self, LayerInputs};
use backlit_kernels::product::transpose;
use backlit_kernels::{narrow, pointwise};
use std::ops::Range;
use std::sync::Arc;

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
    panels: Vec<S>,
    /// How many rows they have room for.
    held: usize,
    /// The sums over rows that penalties want.
    sums: Vec<f64>,
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// What one block needs.
struct Worker<S> {
    values: Vec<S>,
    saved: Vec<S>,
    upstream: Vec<S>,
    rows: Range<usize>,
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

/// The rows of a batch, and where they come from.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a, S> {
    /// One slice for each data node, rows × width.
    pub data: &'a [&'a [S]],
    pub rows: Rows<'a>,
    /// Whether the runner's last batch had the same rows of the same data.
    pub again: bool,
    /// What masks are drawn by; none: they are 1.
    pub draw: Option<Draw>,
}

/// What masks are drawn by, beside layer and row.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    pub seed: u64,
    pub epoch: u64,
}

/// Which rows.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// So many from the first on.
    From(usize, usize),
    /// These, in this order.
    Picked(&'a [u32]),
}

impl Rows<'_> {
    pub fn len(&self) -> usize {
        match self {
            Rows::From(_, count) => *count,
            Rows::Picked(order) => order.len(),
        }
    }

    /// The number in the data of the batch's `r`-th row.
    #[inline(always)]
    pub fn number(&self, r: usize) -> usize {
        match self {
            Rows::From(first, _) => first + r,
            Rows::Picked(order) => order[r] as usize,
        }
    }
}

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
    fn reborrow(&mut self) -> Stretch<'_, S> {
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

impl<S: Scalar> Runner<S> {
    /// Buffers for batches of at most `rows` rows, on at most so many threads: as many as are worth their while.
    pub fn new(plan: &Plan<S>, rows: usize, threads: usize) -> Runner<S> {
        let threads = threads.clamp(1, rows.div_ceil(GROUP).max(1));
        let pays = plan.work * block(plan, rows, threads) >= WORTH_A_THREAD;
        Runner::on_threads(plan, rows, if pays { threads } else { 1 })
    }

    /// Buffers for batches of at most `rows` rows on just so many threads.
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
        let capacity = block(plan, rows, threads);
        let held = if plan.data_width * rows <= KEPT { rows } else { (threads * capacity).min(rows) };
        let numbers = |n: usize| vec![S::ZERO; n];
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

    /// The mean cost of the rows, and its gradient.
    /// `data`: one slice for each data node, rows × width; `gradient`: as the parameters.
    pub fn gradient(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize, gradient: &mut [S]) -> f64 {
        let stretch = Stretch { start: 0, gradient, memory: [(); MOST_MEMORY].map(|()| Default::default()) };
        self.step(plan, parameters, Batch::all(data, rows), stretch, None).0
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

    /// The mean cost of the rows.
    pub fn cost(&mut self, plan: &Plan<S>, parameters: &[S], data: &[&[S]], rows: usize) -> f64 {
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
        let size = plan.width();
        self.forward_only(plan, parameters, Batch::all(data, rows), |worker, panel, capacity| {
            let (n, start) = (worker.rows.len(), worker.rows.start);
            let values = worker.target(plan, capacity, parameters, panel);
            transpose(size, n, values, n, &mut out[start * size..][..n * size], size);
        });
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
        self.first_not_finite_of(plan, parameters, Batch::all(data, rows))
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

fn by_halves<S: Scalar>(stretch: Stretch<'_, S>, finish: Finish<'_, S>) -> bool {
    let count = stretch.gradient.len();
    if count < 1 << 13 {
        return finish(stretch);
    }
    let (left, right) = stretch.split(count / 2);
    let (a, b) = rayon::join(|| by_halves(left, finish), || by_halves(right, finish));
    a && b
}

/// The costs of a block on top of a total: group after group, four sums in each, so that the cuts between blocks do not show.
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

impl<'a, S: Scalar> Batch<'a, S> {
    fn all(data: &'a [&'a [S]], rows: usize) -> Batch<'a, S> {
        Batch { data, rows: Rows::From(0, rows), again: false, draw: None }
    }

    /// Draws the masks of the rows `rows` of the batch.
    fn draw(&self, plan: &Plan<S>, rows: Range<usize>, panel: &mut [S]) {
        let n = rows.len();
        for place in &plan.masks {
            let panel = &mut panel[place.offset * n..][..place.width * n];
            let Some(Draw { seed, epoch }) = self.draw else {
                panel.fill(S::ONE);
                continue;
            };
            let kept = S::from_f64(1.0 / (1.0 - place.mask.rate));
            // Struck out below this.
            let rate = (place.mask.rate * 2f64.powi(32)) as u32;
            for (r, row) in rows.clone().enumerate() {
                let mut random = Random::mask(seed, epoch, place.mask.layer, self.rows.number(row) as u32);
                for k in 0..place.width {
                    panel[k * n + r] = if random.next_u32() < rate { S::ZERO } else { kept };
                }
            }
        }
    }

    /// Copies the rows `rows` of the batch into a block's panel.
    fn load(&self, plan: &Plan<S>, rows: Range<usize>, panel: &mut [S]) {
        let n = rows.len();
        for place in &plan.data {
            let (data, width) = (self.data[place.which], place.width);
            let (before, by_row) = match place.by_row {
                Some(offset) => panel.split_at_mut(offset * n),
                None => (&mut *panel, &mut [][..]),
            };
            let panel = &mut before[place.offset * n..][..width * n];
            match (self.rows, place.by_row) {
                (Rows::From(first, _), None) => transpose(n, width, &data[(first + rows.start) * width..][..n * width], width, panel, n),
                (_, None) => {
                    for (r, row) in rows.clone().enumerate() {
                        let numbers = &data[self.rows.number(row) * width..][..width];
                        numbers.iter().enumerate().for_each(|(i, &number)| panel[i * n + r] = number);
                    }
                }
                (_, Some(_)) => {
                    let by_row = &mut by_row[..n * width];
                    for (to, row) in by_row.chunks_exact_mut(width).zip(rows.clone()) {
                        to.copy_from_slice(&data[self.rows.number(row) * width..][..width]);
                    }
                    transpose(n, width, by_row, width, panel, n);
                }
            }
        }
    }
}

/// The data of a wave's blocks.
#[derive(Clone, Copy)]
struct Panels<'a, S> {
    /// The first row of the wave.
    first: usize,
    width: usize,
    numbers: &'a [S],
}

impl<'a, S> Panels<'a, S> {
    fn of(&self, worker: &Worker<S>) -> &'a [S] {
        &self.numbers[(worker.rows.start - self.first) * self.width..][..worker.rows.len() * self.width]
    }
}

/// The numbers at a place: size × rows, or the parameter.
#[inline(always)]
fn get<'a, S>(source: Source, size: usize, rows: usize, capacity: usize, panel: &'a [S], parameters: &'a [S], values: &'a [S]) -> &'a [S] {
    match source {
        Source::Data(offset) => &panel[offset * rows..][..size * rows],
        Source::Parameter(start) => &parameters[start..start + size],
        Source::Value(offset) => &values[offset * capacity..][..size * rows],
    }
}

impl<S: Scalar> Worker<S> {
    fn forward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], panel: &[S], keep: bool) {
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
    fn target<'a>(&'a self, plan: &Plan<S>, capacity: usize, parameters: &'a [S], panel: &'a [S]) -> &'a [S] {
        get(plan.target.source, plan.target.size, self.rows.len(), capacity, panel, parameters, &self.values)
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

    fn backward(&mut self, plan: &Plan<S>, capacity: usize, parameters: &[S], panel: &[S], weight: S) {
        let n = self.rows.len();
        if let Some(target) = plan.target_upstream {
            self.upstream[target * capacity..][..n].fill(weight);
        }
        for back in &plan.backward {
            match back {
                BackwardStep::Layer { step, upstream, dx } => {
                    let ForwardStep::Layer(layer) = &plan.forward[*step] else { unreachable!("a layer's step") };
                    let (inputs, units) = (layer.inputs(), layer.units);
                    let (dx, delta) = around(&mut self.upstream, dx.as_ref(), *upstream, capacity, n);
                    let delta = &mut delta[..n * units];
                    if layer.activation.is_some() {
                        pointwise::multiply(&self.values[layer.z * capacity..][..n * units], delta);
                    }
                    if let Some((dx, first)) = dx {
                        let w = &parameters[layer.w..][..units * inputs];
                        match capacity {
                            1 => dense::input_gradient_alone(inputs, units, delta, w, dx, !first),
                            _ => dense::input_gradient(n, inputs, units, delta, w, dx, !first),
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
    fn inputs<'a>(&'a self, rows: usize, capacity: usize, data: &'a [S], parameters: &'a [S], values: &'a [S]) -> Inputs<'a, S> {
        Inputs { rows, capacity, width: self.width, slots: &self.slots, data, parameters, values }
    }

    fn site<'a>(&'a self, n: usize, capacity: usize, data: &'a [S], parameters: &'a [S], values: &'a [S], saved: &'a [S]) -> Site<'a, S> {
        let inputs = self.inputs(n, capacity, data, parameters, &values[..self.offset * capacity]);
        let saved = &saved[self.saved_offset * capacity..][..n * self.saved_width];
        Site { inputs, saved, out: &values[self.offset * capacity..][..n * self.width] }
    }
}

/// The gradient of the parameters from the blocks of a wave.
struct Sum<'a, S> {
    plan: &'a Plan<S>,
    capacity: usize,
    parameters: &'a [S],
    workers: &'a [Worker<S>],
    panels: Panels<'a, S>,
    /// Whether there is a sum already, from the waves before.
    add: bool,
    /// The sums that penalties want, once they are over all rows.
    sums: Option<&'a [f64]>,
    finish: Option<Finish<'a, S>>,
}

impl<S: Scalar> Sum<'_, S> {
    /// By halves, each thread its stretch.
    fn side_by_side(&self, pieces: &[Piece], stretch: Stretch<'_, S>) -> bool {
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

    fn one_by_one(&self, pieces: &[Piece], mut stretch: Stretch<'_, S>) -> bool {
        let mut fine = true;
        for piece in pieces {
            let (own, rest) = stretch.split(piece.range.len());
            let mut add = self.add;
            for source in &piece.sources {
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
