//! The table of optimizers: one file each, one line each. Update rules are PyTorch's.

mod adagrad;
mod adam;
mod adamw;
mod lbfgs;
mod rmsprop;
mod sgd;

use crate::Scalar;
use crate::state::Ledger;
use crate::step::Stretch;
use backlit_kernels::memory::{Numbers, zeros};
use backlit_kernels::update::{Rule, update, update_few};
use std::ops::Range;

pub use self::lbfgs::{Evaluate, Lbfgs};
pub use crate::worked::{Lead, Line, When, WorkedLine, worked, worked_first};

/// Most numbers that an optimizer remembers for each parameter.
pub const MOST_MEMORY: usize = 3;

/// Moves parameters against their gradient.
pub trait Optimizer<S: Scalar>: Send {
    /// Begins a step: every parameter is then moved once.
    fn begin(&mut self, learning_rate: f64);

    /// Then lets these parameters move at rates of their own in this step, each times `factor`. They lie apart, in their order.
    fn own_rates(&mut self, rates: &[(Range<usize>, f64)], factor: f64) {
        let _ = (rates, factor);
    }

    /// How this step moves parameters, and what is remembered: vectors of the length of the flat parameters, or empty.
    fn parts(&mut self) -> (&dyn Move<S>, [&mut [S]; MOST_MEMORY]);

    /// Moves all parameters, a few: `gradient`, in whose place the new ones come, has the old ones wherever it has no gradient.
    /// Says whether every number is finite, those remembered too.
    fn move_few(&mut self, trainable: &[Range<usize>], old: &[S], gradient: &mut [S]) -> bool {
        let (move_, memory) = self.parts();
        move_.apply(trainable, old, Stretch { start: 0, gradient, memory })
    }

    /// Goes through what it remembers of the steps it took.
    fn known(&mut self, ledger: &mut dyn Ledger<S>);

    /// If a step is not a move of each parameter but a search that computes costs and gradients itself: that search.
    fn search(&mut self) -> Option<&mut Lbfgs<S>> {
        None
    }

    /// A whole step: computes `new` from `old` where `trainable` says so, and leaves the rest of `new` alone.
    /// Says whether every number it computed is finite.
    /// All slices have the length of the flat parameters.
    fn update(&mut self, learning_rate: f64, trainable: &[Range<usize>], gradient: &[S], old: &[S], new: &mut [S]) -> bool {
        self.begin(learning_rate);
        let (move_, mut memory) = self.parts();
        let mut finite = true;
        for range in trainable {
            new[range.clone()].copy_from_slice(&gradient[range.clone()]);
            let memory = memory.each_mut().map(|memory| if memory.is_empty() { &mut [][..] } else { &mut memory[range.clone()] });
            let stretch = Stretch { start: range.start, gradient: &mut new[range.clone()], memory };
            finite &= move_.apply(trainable, old, stretch);
        }
        finite
    }
}

/// One step's move of any stretch of the parameters.
pub trait Move<S>: Sync {
    /// The new parameters take the place of the stretch's gradient; those outside `trainable` are copied from `old`, all the
    /// parameters as they were. Says whether every number is finite, those remembered too.
    fn apply(&self, trainable: &[Range<usize>], old: &[S], stretch: Stretch<'_, S>) -> bool;
}

/// What an optimizer's file says: its rule for the next step.
trait Recipe<S, const K: usize>: Send {
    type Rule: Rule<S, K> + Send + Sync + 'static;
    /// The steps begun, where the rule depends on them.
    fn steps(&mut self) -> Option<&mut u64> {
        None
    }
    /// Works out what all parameters of one rate share.
    fn rule(&self, learning_rate: f64) -> Self::Rule;
}

/// A recipe with its memory of `K` numbers for each parameter.
struct Made<S, C: Recipe<S, K>, const K: usize> {
    recipe: C,
    ready: Ready<C::Rule, K>,
    memory: [Numbers<S>; MOST_MEMORY],
}

/// Makes an optimizer of a recipe; what it remembers begins with `start`.
fn made<S: Scalar, C: Recipe<S, K> + 'static, const K: usize>(recipe: C, parameters: usize, start: f64) -> Box<dyn Optimizer<S>> {
    let memory = |k| {
        let mut numbers = zeros(if k < K { parameters } else { 0 });
        if start != 0.0 {
            numbers.fill(S::from_f64(start));
        }
        numbers
    };
    Box::new(Made { recipe, ready: Ready { rule: None, own: Vec::new() }, memory: std::array::from_fn(memory) })
}

impl<S: Scalar, C: Recipe<S, K>, const K: usize> Optimizer<S> for Made<S, C, K> {
    fn begin(&mut self, learning_rate: f64) {
        if let Some(steps) = self.recipe.steps() {
            *steps += 1;
        }
        self.ready.rule = Some(self.recipe.rule(learning_rate));
    }

    fn own_rates(&mut self, rates: &[(Range<usize>, f64)], factor: f64) {
        let own = &mut self.ready.own;
        own.clear();
        own.extend(rates.iter().map(|(range, rate)| (range.clone(), self.recipe.rule(rate * factor))));
    }

    fn parts(&mut self) -> (&dyn Move<S>, [&mut [S]; MOST_MEMORY]) {
        (&self.ready, self.memory.each_mut().map(|memory| &mut **memory))
    }

    fn move_few(&mut self, trainable: &[Range<usize>], old: &[S], gradient: &mut [S]) -> bool {
        let Made { ready, memory, .. } = self;
        // Rare: out of the way of the loop.
        if !ready.own.is_empty() {
            let (move_, memory) = self.parts();
            return move_.apply(trainable, old, Stretch { start: 0, gradient, memory });
        }
        let mut finite = true;
        for range in trainable {
            let mut memory = memory.iter_mut();
            let memory = std::array::from_fn(|_| memory.next().map_or(&mut [][..], |memory| &mut memory[range.clone()]));
            finite &= update_few(ready.base(), &old[range.clone()], &mut gradient[range.clone()], memory);
        }
        finite
    }

    fn known(&mut self, ledger: &mut dyn Ledger<S>) {
        if let Some(steps) = self.recipe.steps() {
            ledger.count("optimizer.steps", steps, u64::MAX - 1);
        }
        for (memory, name) in self.memory.iter_mut().zip(["optimizer.memory1", "optimizer.memory2", "optimizer.memory3"]) {
            if !memory.is_empty() {
                ledger.vector(name, memory);
            }
        }
    }
}

struct Ready<R, const K: usize> {
    rule: Option<R>,
    /// Of parameters with a rate of their own.
    own: Vec<(Range<usize>, R)>,
}

impl<R, const K: usize> Ready<R, K> {
    /// The rule of all that have no rate of their own.
    fn base(&self) -> &R {
        self.rule.as_ref().expect("a step is begun before it moves")
    }

    /// The rule at a place in the flat parameters, and where another one begins.
    fn rule_at(&self, place: usize) -> (&R, usize) {
        let base = self.base();
        match self.own.get(self.own.partition_point(|(range, _)| range.end <= place)) {
            Some((range, rule)) if range.start <= place => (rule, range.end),
            Some((range, _)) => (base, range.start),
            None => (base, usize::MAX),
        }
    }
}

impl<R, const K: usize> Ready<R, K> {
    /// [`update`] with each number's own rule; `start`: the place of the first one in the flat parameters.
    #[cold]
    fn by_rates<S: Scalar>(&self, start: usize, old: &[S], gradient: &mut [S], mut memory: [&mut [S]; K]) -> bool
    where
        R: Rule<S, K>,
    {
        let (mut from, mut finite) = (0, true);
        while from < old.len() {
            let (rule, end) = self.rule_at(start + from);
            let end = old.len().min(end - start);
            let memory = memory.each_mut().map(|memory| &mut memory[from..end]);
            finite &= update(rule, &old[from..end], &mut gradient[from..end], memory);
            from = end;
        }
        finite
    }
}

impl<S: Scalar, R: Rule<S, K> + Sync, const K: usize> Move<S> for Ready<R, K> {
    fn apply(&self, trainable: &[Range<usize>], old: &[S], stretch: Stretch<'_, S>) -> bool {
        let Stretch { start, gradient, memory } = stretch;
        let mut memory = memory.into_iter();
        let mut memory: [&mut [S]; K] = std::array::from_fn(|_| memory.next().unwrap_or_default());
        let old = &old[start..start + gradient.len()];
        let (mut done, mut finite) = (0, true);
        for range in trainable {
            let (from, to) = (range.start.saturating_sub(start), range.end.saturating_sub(start).min(old.len()));
            if from >= to {
                continue;
            }
            // A few numbers: a loop is done before a copy is called.
            (done..from).for_each(|i| gradient[i] = old[i]);
            let (old, gradient, memory) = (&old[from..to], &mut gradient[from..to], memory.each_mut().map(|memory| &mut memory[from..to]));
            finite &= match self.own.is_empty() {
                true => update(self.base(), old, gradient, memory),
                false => self.by_rates(start + from, old, gradient, memory),
            };
            done = to;
        }
        (done..old.len()).for_each(|i| gradient[i] = old[i]);
        finite
    }
}

/// A line of the table.
pub struct Entry<S> {
    /// The name it is chosen by.
    pub name: &'static str,
    /// The learning rate when none is given.
    pub learning_rate: f64,
    /// The options it takes, each with its default. A default of `NaN` never occurs.
    pub options: &'static [(&'static str, f64)],
    /// Makes it for so many parameters; the values stand in the order of `options`.
    pub make: fn(&[f64], usize) -> Box<dyn Optimizer<S>>,
    /// Its rule in formulas, for one parameter; empty where a parameter's step depends on the others.
    pub lines: &'static [Line],
}

/// Every optimizer there is.
pub fn table<S: Scalar>() -> Vec<Entry<S>> {
    vec![sgd::entry(), adagrad::entry(), rmsprop::entry(), adam::entry(), adamw::entry(), lbfgs::entry()]
}

/// Finds an optimizer. `Err` says what there is.
pub fn find<S: Scalar>(name: &str) -> Result<Entry<S>, String> {
    let known: Vec<&str> = table::<S>().iter().map(|entry| entry.name).collect();
    table().into_iter().find(|entry| entry.name == name).ok_or_else(|| format!("no optimizer '{name}'; there are {}", known.join(", ")))
}

/// The range an option must lie in.
fn range(option: &str) -> (f64, f64) {
    match option {
        "momentum" | "dampening" | "alpha" | "beta1" | "beta2" => (0.0, 1.0 - f64::EPSILON),
        "nesterov" | "centered" | "amsgrad" => (0.0, 1.0),
        "history" => (1.0, 1000.0),
        _ => (0.0, f64::MAX),
    }
}

impl<S: Scalar> Entry<S> {
    /// Makes the optimizer with the options a person gave. `Err` says what is wrong with them.
    pub fn create(&self, given: &[(String, f64)], parameters: usize) -> Result<Box<dyn Optimizer<S>>, String> {
        Ok((self.make)(&self.values(given)?, parameters))
    }

    /// The options' values in their order: those given, the others by default.
    pub(crate) fn values(&self, given: &[(String, f64)]) -> Result<Vec<f64>, String> {
        let mut values: Vec<f64> = self.options.iter().map(|option| option.1).collect();
        for (name, value) in given {
            let Some(i) = self.options.iter().position(|option| option.0 == name) else {
                let known: Vec<&str> = self.options.iter().map(|option| option.0).collect();
                return Err(format!("{} has no option '{name}'; it has {}", self.name, known.join(", ")));
            };
            let (least, most) = range(name);
            if !(least..=most).contains(value) {
                let most = match most {
                    f64::MAX => "finite".to_string(),
                    below if below < 1.0 => "below 1".to_string(),
                    most => format!("at most {most}"),
                };
                return Err(format!("{name} must be at least {least} and {most}, came {value}"));
            }
            values[i] = *value;
        }
        let of = |name: &str| self.options.iter().position(|option| option.0 == name).map_or(0.0, |i| values[i]);
        if of("nesterov") != 0.0 && (of("momentum") == 0.0 || of("dampening") != 0.0) {
            return Err("nesterov needs a momentum above 0 and a dampening of 0".into());
        }
        Ok(values)
    }
}
