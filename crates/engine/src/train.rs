//! Training: epochs of steps, each a gradient over a batch and one move of the optimizer.

mod divergence;

pub use crate::held::{Best, Measure};
pub use divergence::Divergence;

use crate::Scalar;
use crate::clip::Clip;
use crate::graph::{Graph, NodeId};
use crate::held::Held;
use crate::optimizers::Optimizer;
use crate::order::{Order, Orders};
use crate::plan::Plan;
use crate::schedule::{Place, Schedule};
use crate::state::Ledger;
use crate::step::{Batch, Data, Draw, Runner, Small, Stretch};
use backlit_kernels::memory::{self, Numbers};
use std::ops::{ControlFlow, Range};

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Passes over the data.
    pub epochs: u64,
    /// Rows in a batch; none for all of them.
    pub batch: Option<usize>,
    /// Whether each epoch puts the rows into a new order. A full batch has no order to change.
    pub shuffle: bool,
    /// Decides every order of rows.
    pub seed: u64,
    /// η
    pub learning_rate: f64,
    /// Most threads to use. The result has the same bits for any number.
    pub threads: usize,
}

/// What leads a training besides its settings. Without a word: nothing.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// How the rate changes; none: not at all.
    pub schedule: Option<Schedule>,
    /// What the gradient is bounded by before a step.
    pub clip: Clip,
    /// Epochs without a lower cost of the rows kept aside after which training ends; none: it goes on.
    pub patience: Option<u64>,
    /// Whether the parameters are in the end those with which the rows kept aside cost least after an epoch.
    pub keep_best: bool,
}

/// A step that was just taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Counted from 0.
    pub epoch: u64,
    /// Counted from 1, over all epochs.
    pub step: u64,
    /// Mean cost of the batch, before this step's update.
    pub cost: f64,
    /// Whether the epoch ended with this step.
    pub epoch_ended: bool,
    /// Then the mean cost of the rows kept aside, after this step's update, where there are any and something waits for it.
    pub held: Option<f64>,
    /// Then what it was as a whole.
    pub whole: Option<Epoch>,
    /// Whether it is the last one: the epochs are done, patience is at its end, or the search found nowhere to go.
    pub ends: bool,
}

/// An epoch that ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The mean over its rows of the mean cost of their batches, each before its step's update.
    pub cost: f64,
    /// η of its last step.
    pub rate: f64,
}

/// How training ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// All epochs are done.
    Finished,
    /// The observer said to stop, after this step.
    Stopped(u64),
    /// For so many epochs, as the course has it, the rows kept aside cost no less; the last step.
    Patient(u64),
    /// The search found no step that changes a parameter, nor would it in any further one; the last step.
    Stalled(u64),
    /// Something was no longer finite; the parameters are the last ones with a finite cost.
    Diverged(Divergence),
}

/// A network in training.
pub struct Trainer<'g, S> {
    graph: &'g Graph<S>,
    plan: Plan<S>,
    runner: Runner<S>,
    /// For batches of one row through a stack of small layers.
    small: Option<Small<S>>,
    optimizer: Box<dyn Optimizer<S>>,
    /// Whether it searches, rather than moves.
    searches: bool,
    trainable: Vec<Range<usize>>,
    parameters: Numbers<S>,
    /// The parameters before the last update. Their place is the gradient's as soon as a new cost is known to be finite,
    /// and that of the new parameters in the end.
    previous: Numbers<S>,
    /// A place for the gradient of a batch whose cost is known only when its gradient is nearly summed; empty otherwise.
    gradient: Numbers<S>,
    order: Order<'g>,
    settings: Settings,
    rows: usize,
    step: u64,
    course: Course,
    held: Option<Held<'g, S>>,
    /// Parameters with a rate of their own, in order.
    rates: Vec<(Range<usize>, f64)>,
    /// Of the last gradient.
    epoch: u64,
    /// The costs of the epoch's rows so far, as those of their batches, summed.
    epoch_cost: f64,
    /// Epochs after which it ends.
    until: u64,
}

impl<'g, S: Scalar> Trainer<'g, S> {
    /// Prepares training from `parameters` over data of `rows` rows; allocates all that will be needed.
    /// `frozen`: places in the flat parameters that are not updated. Those that remember something of the batches are never trained,
    /// and make no sense beside an optimizer that searches: it computes several costs in a step, and there is no one batch to remember.
    pub fn new(
        graph: &'g Graph<S>,
        cost: NodeId,
        parameters: Vec<S>,
        mut optimizer: Box<dyn Optimizer<S>>,
        frozen: &[Range<usize>],
        rows: usize,
        settings: Settings,
    ) -> Trainer<'g, S> {
        assert_eq!(parameters.len(), graph.parameter_count(), "one number for each parameter");
        assert!(rows > 0, "at least one row");
        let parameters = memory::copy(&parameters);
        let plan = Plan::gradient(graph, cost);
        let batch = settings.batch.unwrap_or(rows).clamp(1, rows);
        let shuffled = settings.shuffle && batch < rows;
        let runner = Runner::new(&plan, batch, settings.threads);
        let frozen = [frozen, &plan.remembered.iter().map(|remembered| remembered.range.clone()).collect::<Vec<_>>()].concat();
        let trainable = trainable(parameters.len(), &frozen);
        let searches = optimizer.search().is_some();
        Trainer {
            small: if batch == 1 && !searches { Small::new(&plan, &trainable) } else { None },
            trainable,
            previous: memory::copy(&parameters),
            gradient: memory::zeros(if runner.is_one_wave(batch) { 0 } else { parameters.len() }),
            order: Order::new(rows, shuffled),
            runner,
            graph,
            plan,
            searches,
            optimizer,
            parameters,
            until: settings.epochs,
            settings: Settings { batch: Some(batch), ..settings },
            rows,
            step: 0,
            course: Course::default(),
            held: None,
            rates: Vec::new(),
            epoch: 0,
            epoch_cost: 0.0,
        }
    }

    /// The same training, in which these parameters move at rates of their own in place of the common one. A schedule changes
    /// all alike. `rates`: apart from each other, in their order.
    pub fn at_rates(mut self, rates: Vec<(Range<usize>, f64)>) -> Trainer<'g, S> {
        self.rates = rates;
        // The place for their rules, before the first step.
        self.optimizer.own_rates(&self.rates, 0.0);
        self
    }

    /// The same training over data that several have in common, each without one fold of them: `orders.rows_without(fold)` rows of data are
    /// all that `rows` said. The orders' seed stands for the training's own, but for masks.
    pub fn among(mut self, orders: &'g Orders<'g>, fold: u32) -> Trainer<'g, S> {
        assert_eq!(self.rows, orders.rows_without(fold), "as many rows as there are without the fold");
        let batch = self.settings.batch.unwrap_or(self.rows);
        self.order = Order::common(orders, fold, self.settings.shuffle && batch < self.rows, batch);
        self
    }

    /// The same training, ended after so many of its epochs. A schedule goes by all of them.
    pub fn until(mut self, epochs: u64) -> Trainer<'g, S> {
        self.until = epochs.min(self.settings.epochs);
        self
    }

    /// The same training on a course. `held`: rows kept aside, one slice for each data node of `judge`, rows × width; their cost is
    /// computed after each epoch where the course asks for it. `judge`: a graph with the same parameters and its cost, without masks.
    pub fn on_course(self, course: Course, judge: (&Graph<S>, NodeId), held: &'g [&'g [S]], rows: usize) -> Trainer<'g, S> {
        self.on_course_over(course, judge, Data::Slices(held), rows)
    }

    /// The same, wherever the rows kept aside are.
    pub fn on_course_over(mut self, course: Course, judge: (&Graph<S>, NodeId), held: Data<'g, S>, rows: usize) -> Trainer<'g, S> {
        let listens = course.schedule.as_ref().is_some_and(Schedule::needs_held) || course.patience.is_some() || course.keep_best;
        self.held = (listens && rows > 0).then(|| {
            let best = if course.keep_best { self.parameters.to_vec() } else { Vec::new() };
            Held::new(judge.0, judge.1, held, rows, best, &self.runner)
        });
        self.course = course;
        self
    }

    /// The same training on a course, judged by a measure: what is to be small, from the values of the node `shown` for the rows
    /// kept aside. See [`Trainer::on_course`].
    pub fn judged_by(
        mut self,
        course: Course,
        shown: (&Graph<S>, NodeId),
        held: Data<'g, S>,
        rows: usize,
        measure: Measure<'g, S>,
    ) -> Trainer<'g, S> {
        self = self.on_course_over(course, shown, held, rows);
        self.held = self.held.map(|held| held.measured(measure));
        self
    }

    /// The best epoch, where the cost of the rows kept aside was computed.
    pub fn best(&self) -> Option<Best> {
        self.held.as_ref().and_then(Held::best)
    }

    /// The parameters as they stand.
    pub fn parameters(&self) -> &[S] {
        &self.parameters
    }

    /// Trains over `data` (one slice for each data node, rows × width), calling `observe` after each step.
    pub fn run(&mut self, data: &[&[S]], observe: &mut (dyn FnMut(&Moment) -> ControlFlow<()> + Send)) -> End {
        self.run_over(Data::Slices(data), observe)
    }

    /// The same, wherever the rows are.
    pub fn run_over(&mut self, data: Data<'_, S>, observe: &mut (dyn FnMut(&Moment) -> ControlFlow<()> + Send)) -> End {
        self.go_on(data, observe).unwrap_or_else(|| self.stop(data))
    }

    /// The same, but where the observer says to stop nothing is done yet: none. The training can then be saved, go on as if nothing had
    /// been, or [stop](Trainer::stop).
    pub fn go_on(&mut self, data: Data<'_, S>, observe: &mut (dyn FnMut(&Moment) -> ControlFlow<()> + Send)) -> Option<End> {
        match self.runner.pool() {
            Some(pool) => pool.install(|| self.go_on_here(data, observe)),
            None => self.go_on_here(data, observe),
        }
    }

    /// Ends it where it stands.
    pub fn stop(&mut self, data: Data<'_, S>) -> End {
        let (end, epoch, (start, rows)) = (End::Stopped(self.step), self.epochs(), self.rows_of(self.step));
        if start == 0 {
            if epoch >= self.until || self.has_waited(epoch) || self.has_stalled() {
                return self.ended(data, end);
            }
            self.epoch = epoch;
            self.order.begin(self.settings.seed, epoch);
        }
        // What the next step would begin with tells whether the last update was one too many, as it would have told had there been no stop.
        self.judged(data, start, rows, end)
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Epochs finished.
    pub fn epochs(&self) -> u64 {
        self.step / self.per_epoch()
    }

    /// Takes down all that is known between two steps.
    pub fn save(&mut self, ledger: &mut dyn Ledger<S>) {
        let steps = self.settings.epochs.saturating_mul(self.per_epoch());
        ledger.count("step", &mut self.step, steps);
        ledger.number("epoch.cost", &mut self.epoch_cost);
        ledger.vector("parameters", &mut self.parameters);
        ledger.vector("previous", &mut self.previous);
        self.optimizer.known(ledger);
        if let Some(schedule) = &mut self.course.schedule {
            schedule.known(ledger);
        }
        if let Some(held) = &mut self.held {
            held.known(ledger);
        }
    }

    /// Puts back what a training of the same graph, data and settings took down: this one goes on with the same bits, on any number of
    /// threads.
    pub fn restore(&mut self, ledger: &mut dyn Ledger<S>) {
        self.save(ledger);
        self.epoch = self.step.saturating_sub(1) / self.per_epoch();
        self.order.begin(self.settings.seed, self.epoch);
    }

    /// Steps of an epoch.
    fn per_epoch(&self) -> u64 {
        self.rows.div_ceil(self.settings.batch.unwrap_or(self.rows)) as u64
    }

    /// Where a step, counted from 0, finds its rows in the order of its epoch: the first, and how many.
    fn rows_of(&self, step: u64) -> (usize, usize) {
        let batch = self.settings.batch.unwrap_or(self.rows);
        let start = (step % self.per_epoch()) as usize * batch;
        (start, batch.min(self.rows - start))
    }

    fn go_on_here(&mut self, data: Data<'_, S>, observe: &mut (dyn FnMut(&Moment) -> ControlFlow<()> + Send)) -> Option<End> {
        let batch = self.settings.batch.unwrap_or(self.rows);
        let mut again = false;
        let (mut epoch, mut start) = (self.epochs(), self.rows_of(self.step).0);
        let mut has_waited = self.has_waited(epoch);
        loop {
            if start == 0 {
                if has_waited {
                    return Some(self.ended(data, End::Patient(self.step)));
                }
                if epoch >= self.until {
                    return Some(self.ended(data, End::Finished));
                }
                if self.has_stalled() {
                    return Some(self.ended(data, End::Stalled(self.step)));
                }
                self.epoch = epoch;
                self.order.begin(self.settings.seed, epoch);
            }
            while start < self.rows {
                let rows = batch.min(self.rows - start);
                let Some((cost, mut finite)) = self.step(data, epoch, start, rows, again) else {
                    // The update before this gradient is to blame, or what the run began with.
                    return Some(End::Diverged(self.diverged(data, self.step.max(1), start, rows)));
                };
                again = rows == self.rows;
                self.step += 1;
                if !self.plan.remembered.is_empty() {
                    finite &= self.runner.remember(&self.plan, &mut self.previous);
                }
                std::mem::swap(&mut self.parameters, &mut self.previous);
                if !finite {
                    return Some(End::Diverged(self.diverged(data, self.step, start, rows)));
                }
                start += rows;
                let epoch_ended = start == self.rows;
                self.epoch_cost += cost * count(rows);
                let whole = epoch_ended.then(|| self.whole());
                let held = if epoch_ended { self.epoch_ended(epoch) } else { None };
                has_waited = epoch_ended && self.has_waited(epoch + 1);
                let ends = epoch_ended && (has_waited || epoch + 1 >= self.until || self.has_stalled());
                if observe(&Moment { epoch, step: self.step, cost, epoch_ended, held, whole, ends }).is_break() {
                    return None;
                }
            }
            (epoch, start) = (epoch + 1, 0);
        }
    }

    /// Whether patience is at its end after so many epochs.
    fn has_waited(&self, epochs: u64) -> bool {
        let Some(patience) = self.course.patience else { return false };
        self.held.as_ref().is_some_and(|held| epochs > 0 && held.without_better(epochs) >= patience)
    }

    /// Whether the optimizer is one that searches, and the last step found nowhere to go.
    fn has_stalled(&mut self) -> bool {
        self.searches && self.optimizer.search().is_some_and(|search| search.has_stalled())
    }

    /// The epoch that ended with the last step.
    fn whole(&mut self) -> Epoch {
        let cost = std::mem::take(&mut self.epoch_cost) / count(self.rows);
        Epoch { cost, rate: self.settings.learning_rate * self.factor_at(self.step - 1) }
    }

    /// The cost of the rows kept aside, and what follows from it.
    fn epoch_ended(&mut self, epoch: u64) -> Option<f64> {
        let cost = self.held.as_mut()?.epoch_ended(epoch, &self.parameters);
        if let Some(schedule) = &mut self.course.schedule {
            schedule.epoch_ended(cost);
        }
        Some(cost)
    }

    /// What the rates are multiplied by in the next step.
    fn factor(&self) -> f64 {
        self.factor_at(self.step)
    }

    fn factor_at(&self, step: u64) -> f64 {
        let Some(schedule) = &self.course.schedule else { return 1.0 };
        let per_epoch = self.per_epoch();
        let steps = self.settings.epochs.saturating_mul(per_epoch);
        schedule.factor(Place { step, steps, per_epoch })
    }

    /// The last update may have been the one too many: the last batch once more tells.
    #[cold]
    fn ended(&mut self, data: Data<'_, S>, end: End) -> End {
        // Of a run without a step, the first batch there would be.
        let (start, rows) = self.rows_of(self.step.saturating_sub(1));
        self.judged(data, start, rows, end)
    }

    /// An end, unless the cost of this batch is not finite.
    #[cold]
    fn judged(&mut self, data: Data<'_, S>, start: usize, rows: usize, end: End) -> End {
        let draw = self.draw();
        let batch = Batch { data, rows: self.order.rows(self.rows, start, rows), again: false, draw };
        if self.runner.cost_of(&self.plan, &self.parameters, batch).is_finite() {
            if let Some(held) = &self.held {
                held.restore(&mut self.parameters);
            }
            return end;
        }
        End::Diverged(self.diverged(data, self.step.max(1), start, rows))
    }

    /// The mean cost over rows start .. start + rows of this epoch's order, and whether every number of the update is
    /// finite. The new parameters are left in `previous`; none if the cost is not finite.
    #[inline(always)]
    fn step(&mut self, data: Data<'_, S>, epoch: u64, start: usize, rows: usize, again: bool) -> Option<(f64, bool)> {
        self.epoch = epoch;
        let factor = self.factor();
        let rate = self.settings.learning_rate * factor;
        if self.small.is_none() {
            return self.step_of_batch(data, start, rows, again, rate, factor);
        }
        if !again {
            self.load_small(data, start);
        }
        let Trainer { small: Some(small), optimizer, trainable, parameters, previous, course, rates, .. } = self else {
            unreachable!("a stack of small layers, as was asked above")
        };
        optimizer.begin(rate);
        if !rates.is_empty() {
            optimizer.own_rates(rates, factor);
        }
        let cost = small.gradient(parameters, previous)?;
        if course.clip != Clip::default() {
            course.clip.whole(trainable, previous);
        }
        Some((cost, optimizer.move_few(trainable, parameters, previous)))
    }

    /// Loads the one row of a batch.
    #[inline(never)]
    fn load_small(&mut self, data: Data<'_, S>, start: usize) {
        let batch = Batch { data, rows: self.order.rows(self.rows, start, 1), again: false, draw: None };
        if let Some(small) = &mut self.small {
            small.load(&self.plan, &batch);
        }
    }

    /// A [`Trainer::step`] over rows through any graph.
    #[inline(never)]
    fn step_of_batch(&mut self, data: Data<'_, S>, start: usize, rows: usize, again: bool, rate: f64, factor: f64) -> Option<(f64, bool)> {
        let draw = self.draw();
        let one_wave = self.gradient.is_empty();
        // A batch of all rows had the rows of the step before; but each epoch draws masks of its own, and with them another cost.
        let is_known = self.step > 0 && rows == self.rows && self.plan.masks.is_empty();
        let Trainer { plan, runner, optimizer, searches, trainable, parameters, previous, gradient, order, course, rates, .. } = self;
        let clip = course.clip;
        let batch = Batch { data, rows: order.rows(self.rows, start, rows), again, draw };
        if *searches && let Some(search) = optimizer.search() {
            let mut met = again;
            let mut evaluate = |at: &[S], gradient: &mut [S]| {
                let batch = Batch { again: std::mem::replace(&mut met, true), ..batch };
                let stretch = Stretch { start: 0, gradient: &mut *gradient, memory: Default::default() };
                let (cost, _) = runner.step(plan, at, batch, stretch, Some(&|_| true));
                let frozen_to = trainable.iter().fold(0, |from, range| {
                    gradient[from..range.start].fill(S::ZERO);
                    range.end
                });
                gradient[frozen_to..].fill(S::ZERO);
                cost
            };
            let (cost, finite) = search.step(rate, is_known, parameters, previous, &mut evaluate);
            return cost.is_finite().then_some((cost, finite));
        }
        optimizer.begin(rate);
        if !rates.is_empty() {
            optimizer.own_rates(rates, factor);
        }
        let (move_, memory) = optimizer.parts();
        let target = if one_wave { &mut *previous } else { &mut *gradient };
        let apply = |stretch: Stretch<'_, S>| move_.apply(trainable, parameters, stretch);
        let result = match clip {
            Clip { norm: None, value: None } => {
                runner.step(plan, parameters, batch, Stretch { start: 0, gradient: target, memory }, Some(&apply))
            }
            Clip { norm: None, .. } => {
                let finish = |stretch: Stretch<'_, S>| {
                    clip.by_value(stretch.gradient);
                    apply(stretch)
                };
                runner.step(plan, parameters, batch, Stretch { start: 0, gradient: target, memory }, Some(&finish))
            }
            _ => {
                // The norm is known when the gradient is whole; nothing is moved before.
                let stretch = Stretch { start: 0, gradient: &mut *target, memory: Default::default() };
                let (cost, _) = runner.step(plan, parameters, batch, stretch, Some(&|_| true));
                let fine = cost.is_finite() && {
                    clip.whole(trainable, target);
                    runner.each_stretch(Stretch { start: 0, gradient: target, memory }, &apply)
                };
                (cost, fine)
            }
        };
        let (cost, finite) = result;
        if !cost.is_finite() {
            return None;
        }
        if !one_wave {
            std::mem::swap(previous, gradient);
        }
        Some((cost, finite))
    }

    /// What the masks of the last gradient were drawn by.
    fn draw(&self) -> Option<Draw> {
        Some(Draw { seed: self.settings.seed, epoch: self.epoch })
    }
}

/// So many rows: by way of a signed number, which processors turn into a floating-point one in one instruction.
fn count(rows: usize) -> f64 {
    rows as i64 as f64
}

/// The places outside `frozen`.
fn trainable(parameters: usize, frozen: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut frozen: Vec<Range<usize>> = frozen.iter().filter(|range| !range.is_empty()).cloned().collect();
    frozen.sort_by_key(|range| range.start);
    let mut free = Vec::new();
    let mut next = 0;
    for range in frozen {
        if range.start > next {
            free.push(next..range.start);
        }
        next = next.max(range.end);
    }
    if next < parameters {
        free.push(next..parameters);
    }
    free
}
