//! Trainings that know nothing of each other, side by side: each is one worker's, so none waits for another and each has the bits it has
//! alone.

use crate::error::Error;
use crate::job::Job;
use crate::session::Progress;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Called after each step of a training, which it may stop.
pub(crate) type Observe<'a> = dyn FnMut(&Progress) -> ControlFlow<()> + Send + 'a;
/// The same of several trainings, with the number of this one.
pub(crate) type ObserveAll<'a> = dyn FnMut(usize, &Progress) -> ControlFlow<()> + Send + 'a;

/// How many trainings there are, and how they share the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Several {
    count: usize,
    workers: usize,
    /// For each worker.
    threads: usize,
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
        let workers = job.threads.min(count).min(fitting).max(1);
        Several { count, workers, threads: (job.threads / workers).max(1) }
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
        let (next, until) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let observe = Mutex::new(observe);
        let came: Vec<Mutex<Option<Result<T, Error>>>> = (0..self.count).map(|_| Mutex::new(None)).collect();
        let work = || {
            loop {
                let k = next.fetch_add(1, Ordering::Relaxed);
                if k >= self.count || until.load(Ordering::Relaxed) <= k {
                    return;
                }
                let one = each(k, self.threads, &mut |progress| {
                    let mut observe = observe.lock().unwrap_or_else(PoisonError::into_inner);
                    if observe(k, progress).is_break() {
                        until.store(0, Ordering::Relaxed);
                    }
                    if until.load(Ordering::Relaxed) <= k { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                if one.is_err() {
                    until.fetch_min(k, Ordering::Relaxed);
                }
                *came[k].lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
            }
        };
        std::thread::scope(|scope| {
            (1..self.workers).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        came.into_iter().map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner).transpose()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn progress(step: u64) -> Progress {
        Progress { network: 0, epoch: 1, epochs: 1, step, cost: 0.0, epoch_ended: false, whole: None, held: None, ends: false }
    }

    #[test]
    fn the_first_error_is_the_one() {
        for workers in 1..6 {
            let several = Several { count: 5, workers, threads: 1 };
            let came = several.train(&mut |_, _| ControlFlow::Continue(()), &|k, _, observe| {
                for step in 1..50 {
                    if observe(&progress(step)).is_break() {
                        break;
                    }
                    std::thread::yield_now();
                }
                if k % 2 == 1 { Err(Error::new(Kind::Failed, k.to_string())) } else { Ok(k) }
            });
            assert_eq!(came.expect_err("the second fails").message, "1");
        }
    }

    #[test]
    fn all_stop_and_each_step_is_seen() {
        for workers in 1..6 {
            let several = Several { count: 5, workers, threads: 1 };
            let mut seen = [0; 5];
            let observe = &mut |k: usize, progress: &Progress| {
                seen[k] = progress.step;
                if seen.iter().sum::<u64>() >= 70 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let came =
                several.train(observe, &|_, _, observe| Ok((1..=50).find(|&step| observe(&progress(step)).is_break()).unwrap_or(50)));
            let came = came.expect("no errors");
            assert!(came.iter().zip(seen).all(|(came, seen)| came.unwrap_or(0) == seen), "{came:?} and {seen:?}");
            assert!(seen.iter().sum::<u64>() < 250);
        }
    }
}
