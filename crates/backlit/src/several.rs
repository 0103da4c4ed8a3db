//! Trainings side by side, each with the bits it has alone: each is one worker's, so that none waits for another; or they take turns, so
//! that none is far ahead of another and what one has read is still there for the others.

use crate::error::{Error, Kind};
use crate::job::Job;
use crate::session::Progress;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Called after each step of a training, which it may stop.
pub(crate) type Observe<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + Send + 'a;
/// The same of several trainings, with the number of this one.
pub(crate) type ObserveAll<'a> = dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send + 'a;

/// Called behind each step with its number, counted from 1: where a turn ends it waits for the next.
type Pause<'a> = dyn Fn(u64) + Sync + 'a;

/// How many trainings there are, and how they share the threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Several {
    count: usize,
    workers: usize,
    /// For each worker.
    threads: usize,
    turns: Option<Paces>,
}

/// How those go that take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Paces {
    /// Steps of a turn.
    steps: u64,
    /// Of an epoch of each training.
    epochs: Vec<u64>,
}

impl Paces {
    /// Where a training is after so many steps of its own: counted so that all begin an epoch at the same place.
    fn place(&self, k: usize, step: u64) -> u64 {
        let longest = self.epochs.iter().copied().max().unwrap_or(1);
        step / self.epochs[k] * longest + step % self.epochs[k]
    }

    fn ends_a_turn(&self, k: usize, step: u64) -> bool {
        self.place(k, step) / self.steps != self.place(k, step - 1) / self.steps
    }
}

/// Bytes of a number among the rows of one training: as it is in the table, and as the network sees it.
const BYTES_A_NUMBER: usize = 16;
/// Bytes of a row of a table in a file: its number, its place in an epoch, and what a measure needs.
const BYTES_STORED: usize = 28;
/// What a row that weighs takes beside them: its weight in the table, among the rows trained on, scaled, and as the network sees it.
const BYTES_WEIGHED: usize = 32;

impl Several {
    /// As many at a time as there are threads, as long as their copies of the rows fit into what a table may take.
    pub fn of(count: usize, job: &Job) -> Several {
        let a_row = match job.train.stored {
            Some(_) => {
                let weighed = if job.train.w.is_empty() { 0 } else { BYTES_WEIGHED };
                BYTES_STORED + weighed + job.train.y.len() / job.train.rows.max(1) * size_of::<f64>()
            }
            None => (job.inputs.len() + job.outputs()) * BYTES_A_NUMBER,
        };
        let bytes = (job.train.rows * a_row).max(1) as u64;
        let fitting = usize::try_from(job.memory / bytes).unwrap_or(usize::MAX).max(1);
        Several::at_most(fitting, count, job)
    }

    /// As many at a time as there are threads: all have one copy of the rows.
    pub fn sharing(count: usize, job: &Job) -> Several {
        Several::at_most(count, count, job)
    }

    fn at_most(most: usize, count: usize, job: &Job) -> Several {
        let workers = job.threads.min(count).min(most).max(1);
        Several { count, workers, threads: (job.threads / workers).max(1), turns: None }
    }

    /// The same in turns of so many steps: each is begun at once, and once all have had a turn none is farther ahead of the slowest than two,
    /// in their epochs and the steps of these. `epochs`: steps of an epoch of each
    pub fn in_turns(self, steps: u64, epochs: Vec<u64>) -> Several {
        Several { turns: Some(Paces { steps: steps.max(1), epochs }), ..self }
    }

    /// What each may take of so many bytes that are for those trained at the same time.
    pub fn share(&self, memory: u64) -> u64 {
        memory / self.workers as u64
    }

    /// What came of each that was begun, by its number, counted from 0. Where the observer says to stop, none goes on; where some fail,
    /// none behind the first of them does, whose error it is: the same for any number of threads. `each`: with its number and its threads
    pub fn train<T: Send>(
        &self,
        observe: &mut ObserveAll<'_>,
        each: &(dyn Fn(usize, usize, &mut Observe<'_>) -> Result<T, Error> + Sync),
    ) -> Result<Vec<Option<T>>, Error> {
        // Those from there on do not go on.
        let until = AtomicUsize::new(usize::MAX);
        let observe = Mutex::new(observe);
        let came: Vec<Mutex<Option<Result<T, Error>>>> = (0..self.count).map(|_| Mutex::new(None)).collect();
        let put = |k: usize, one: Result<T, Error>| {
            if one.is_err() {
                until.fetch_min(k, Ordering::Relaxed);
            }
            *came[k].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
        };
        let one = |k: usize, pause: &Pause<'_>| {
            if until.load(Ordering::Relaxed) <= k {
                return;
            }
            put(
                k,
                each(k, self.threads, &mut |progress| {
                    if observe.lock().unwrap_or_else(PoisonError::into_inner)(k, progress).is_break() {
                        until.store(0, Ordering::Relaxed);
                    }
                    pause(progress.step);
                    if until.load(Ordering::Relaxed) <= k { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }),
            );
        };
        match &self.turns {
            None => self.one_by_one(&|k| one(k, &|_| {})),
            Some(paces) => self.by_turns(paces, &one, &|k, error| {
                put(k, Err(error));
                until.store(0, Ordering::Relaxed);
            }),
        }
        came.into_iter().map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner).transpose()).collect()
    }

    /// Each worker takes the next one when it has come to the end of one.
    fn one_by_one(&self, one: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    k if k < self.count => one(k),
                    _ => return,
                }
            }
        };
        std::thread::scope(|scope| {
            (1..self.workers).for_each(|_| drop(scope.spawn(work)));
            work();
        });
    }

    /// Each has a thread, of which no more run at a time than there are workers. `refused`: what a thread could not be had for
    fn by_turns(&self, paces: &Paces, one: &(dyn Fn(usize, &Pause<'_>) + Sync), refused: &dyn Fn(usize, Error)) {
        let turns = Turns::new(self.count, self.workers, paces);
        std::thread::scope(|scope| {
            for k in 0..self.count {
                let turns = &turns;
                let work = move || {
                    // However it ends, nobody waits for it any more.
                    let turn = Turn { turns, k };
                    turns.begin(turn.k);
                    one(k, &|step| turns.pause(k, step));
                };
                if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, work) {
                    turns.leave(k, false);
                    refused(
                        k,
                        Error::new(Kind::Failed, format!("a thread cannot be started: {error}")).hint("fewer networks (--ensemble)"),
                    );
                }
            }
        });
    }
}

/// Whose turn it is: of those that wait always the one that has come least far, unless even that is too far ahead.
struct Turns<'a> {
    paces: &'a Paces,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// How many more may run.
    free: usize,
    /// The place to which each has come, whether it runs or waits; none: it has come to its end.
    places: Vec<Option<u64>>,
    waits: Vec<bool>,
}

impl State {
    /// Whose turn it is, if anyone's.
    fn next(&self, steps: u64) -> Option<usize> {
        let slowest = self.places.iter().flatten().min()?;
        let waiting = (0..self.places.len()).filter(|&k| self.waits[k] && self.free > 0);
        let (place, k) = waiting.filter_map(|k| Some((self.places[k]?, k))).min()?;
        (place <= slowest.saturating_add(steps)).then_some(k)
    }
}

impl<'a> Turns<'a> {
    fn new(count: usize, workers: usize, paces: &'a Paces) -> Turns<'a> {
        let state = State { free: workers, places: vec![Some(0); count], waits: vec![false; count] };
        Turns { paces, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the first turn.
    fn begin(&self, k: usize) {
        self.wait(k, self.state());
    }

    /// Behind a step that ends a turn: leaves the next one to whom it belongs, and waits for another. Steps are counted from 1.
    fn pause(&self, k: usize, step: u64) {
        if self.paces.ends_a_turn(k, step) {
            let mut state = self.state();
            state.free += 1;
            state.places[k] = Some(self.paces.place(k, step));
            self.wait(k, state);
        }
    }

    fn wait(&self, k: usize, mut state: MutexGuard<'_, State>) {
        state.waits[k] = true;
        self.changed.notify_all();
        while state.next(self.paces.steps) != Some(k) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waits[k] = false;
        state.free -= 1;
        self.changed.notify_all();
    }

    /// Takes no more turns. `ran`: whether it had one
    fn leave(&self, k: usize, ran: bool) {
        let mut state = self.state();
        state.places[k] = None;
        state.free += usize::from(ran);
        self.changed.notify_all();
    }
}

/// That of one training, until it goes.
struct Turn<'a> {
    turns: &'a Turns<'a>,
    k: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.leave(self.k, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn progress(step: u64) -> Progress {
        Progress { network: 0, epoch: 1, epochs: 1, step, cost: 0.0, epoch_ended: false, whole: None, held: None, ends: false }
    }

    /// Five of them, with and without turns.
    fn ways() -> impl Iterator<Item = Several> {
        let turns = [None, Some(1), Some(3), Some(100)];
        let paces = |steps| Paces { steps, epochs: vec![7, 8, 6, 7, 8] };
        (1..6).flat_map(move |workers| turns.map(|turn| Several { count: 5, workers, threads: 1, turns: turn.map(paces) }))
    }

    /// Whatever does not come to its end in a minute never does.
    fn in_time<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> T {
        let (to, from) = std::sync::mpsc::channel();
        std::thread::spawn(move || to.send(what()));
        from.recv_timeout(std::time::Duration::from_secs(60)).expect("an end")
    }

    #[test]
    fn the_first_error_is_the_one() {
        for several in ways() {
            let way = format!("{several:?}");
            let came = in_time(move || {
                several.train(&mut |_, _| ControlFlow::Continue(()), &|k, _, observe| {
                    for step in 1..50 {
                        if observe(&progress(step)).is_break() {
                            break;
                        }
                        std::thread::yield_now();
                    }
                    if k % 2 == 1 { Err(Error::new(Kind::Failed, k.to_string())) } else { Ok(k) }
                })
            });
            assert_eq!(came.expect_err("the second fails").message, "1", "{way}");
        }
    }

    #[test]
    fn all_stop_and_each_step_is_seen() {
        for several in ways() {
            let way = format!("{several:?}");
            let (came, seen) = in_time(move || {
                let mut seen = [0; 5];
                let observe = &mut |k: usize, progress: &Progress| {
                    seen[k] = progress.step;
                    if seen.iter().sum::<u64>() >= 70 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                let steps = |observe: &mut Observe<'_>| (1..=50).find(|&step| observe(&progress(step)).is_break()).unwrap_or(50);
                (several.train(observe, &|_, _, observe| Ok(steps(observe))), seen)
            });
            let came = came.expect("no errors");
            assert!(came.iter().zip(seen).all(|(came, seen)| came.unwrap_or(0) == seen), "{way}: {came:?} and {seen:?}");
            assert!(seen.iter().sum::<u64>() < 250);
        }
    }

    /// One that ends early, at once, in an error or a panic, holds nobody up; no other is ever more than two turns ahead of the slowest.
    #[test]
    fn who_takes_turns_waits_for_none_that_has_ended() {
        const ENDS: [u64; 5] = [3, 50, 7, 0, 50];
        for several in ways() {
            for fails in [None, Some("error"), Some("panic")] {
                let (way, turns, several) = (format!("{several:?}, {fails:?}"), several.turns.clone(), several.clone());
                let (came, farthest) = in_time(move || {
                    let (mut taken, mut farthest) = (ENDS.map(|end| (end > 0).then_some(0)), 0);
                    let turns = several.turns.clone();
                    let observe = &mut |k: usize, progress: &Progress| {
                        let place = turns.as_ref().map_or(0, |turns| turns.place(k, progress.step));
                        taken[k] = (progress.step < ENDS[k]).then_some(place);
                        let ahead = |slowest: &u64| place.saturating_sub(*slowest);
                        farthest = taken.iter().flatten().min().map_or(0, ahead).max(farthest);
                        ControlFlow::Continue(())
                    };
                    let each = |k: usize, _: usize, observe: &mut Observe<'_>| {
                        let steps = (1..=ENDS[k]).take_while(|&step| observe(&progress(step)).is_continue()).count();
                        match fails.filter(|_| k == 4) {
                            None => Ok(steps as u64),
                            Some("error") => Err(Error::new(Kind::Failed, "the last one")),
                            Some(_) => panic!("the last one"),
                        }
                    };
                    let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| several.train(observe, &each)));
                    (came, farthest)
                });
                match (came, fails) {
                    (Ok(Ok(came)), None) => assert_eq!(came, ENDS.map(Some)),
                    (Ok(Err(error)), Some("error")) => assert_eq!(error.message, "the last one"),
                    (Err(_), Some("panic")) => {}
                    _ => panic!("{way}"),
                }
                if let (Some(turns), None) = (turns, fails) {
                    // And from the end of an epoch to the next one's beginning.
                    assert!(farthest <= 2 * turns.steps + 3, "{way}: {farthest} steps ahead");
                }
            }
        }
    }
}
