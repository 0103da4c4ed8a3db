//! A search for a learning rate: one short training whose rate grows from step to step, and where its cost falls fastest.
//!
//! Source: Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017; smoothed and judged as in fastai.

use crate::error::{Error, Kind};
use crate::job::Job;
use crate::model_file::Precision;
use crate::session;
use backlit_engine::schedule::{Place, Schedule};
use backlit_engine::train::{Course, Moment, Settings, Trainer};
use backlit_engine::{Scalar, optimizers};
use std::ops::ControlFlow;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Search {
    /// Step after step, up to where the cost had grown beyond hope.
    pub tried: Vec<Tried>,
    /// Where the smoothed cost falls fastest by the logarithm of the rate; none: it does not fall.
    pub suggested: Option<f64>,
}

/// A step of the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// η
    pub rate: f64,
    /// Mean cost of the step's batch before its update, as trained (standardized where the target is).
    pub cost: f64,
    /// Mean of the costs so far, weighted by 0.98 to the power of their age.
    pub smoothed: f64,
}

/// Rates from the first to the last step.
const RATES: (f64, f64) = (1e-7, 10.0);
/// Steps, if none is beyond hope.
const STEPS: u64 = 200;
/// The share of the smoothed cost that stays in the next one.
const SMOOTHING: f64 = 0.98;
/// A smoothed cost of so many times the smallest one is beyond hope.
const BEYOND_HOPE: f64 = 4.0;
/// Steps to each side over which a slope is taken. Nor is a rate suggested before so many steps, whose means are of a few batches
/// only and go up and down with them.
const SIDE: usize = 20;

/// Tries rates on a job. Clipping is as in the job; its schedule, and what it keeps, are left out.
pub fn find_rate(job: &Job) -> Result<Search, Error> {
    if job.optimizer == "lbfgs" {
        return Err(Error::new(Kind::Usage, "lbfgs searches the length of every step itself; there is no rate to find"));
    }
    if let Some(l) = job.shape.layers.iter().position(|layer| layer.learning_rate.is_some()) {
        let message = format!("one rate is looked for, but layer {} has a learning rate of its own", l + 1);
        return Err(Error::new(Kind::Usage, message).hint("leave it out for the search"));
    }
    let tried = match job.precision {
        Precision::F32 => tried::<f32>(job),
        Precision::F64 => tried::<f64>(job),
    }?;
    Ok(Search { suggested: steepest(&tried), tried })
}

fn tried<S: Scalar>(job: &Job) -> Result<Vec<Tried>, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let built = job.shape.network().build_to_train::<S>().map_err(|error| usage(error.to_string()))?;
    let initial: Vec<S> = job.initial.iter().map(|&number| S::from_f64(number)).collect();
    let optimizer = optimizers::find::<S>(&job.optimizer).and_then(|entry| entry.create(&job.options, initial.len())).map_err(usage)?;
    let clip = job.course.engine().map_err(|(key, message)| usage(format!("{key}: {message}")))?.clip;
    let settings =
        Settings { epochs: STEPS, batch: job.batch, shuffle: job.shuffle, seed: job.seed, learning_rate: 1.0, threads: job.threads };
    let schedule = Schedule::sweep(RATES.0, RATES.1, STEPS);
    let course = Course { schedule: Some(schedule.clone()), clip, ..Course::default() };
    let mut trainer = Trainer::new(&built.graph, built.cost, initial, optimizer, &job.frozen, job.train.rows, settings)
        // Layers have none of their own: numeric embeddings may have a factor.
        .at_rates(job.shape.rates(1.0))
        .on_course(course, (&built.graph, built.cost), &[], 0);
    let mut tried: Vec<Tried> = Vec::new();
    let (mut sum, mut weights, mut least) = (0.0, 0.0, f64::INFINITY);
    // However it ends, also beyond the finite numbers: the rates that were tried are what is asked for.
    let mut observe = |moment: &Moment| {
        sum = SMOOTHING * sum + (1.0 - SMOOTHING) * moment.cost;
        weights = SMOOTHING * weights + (1.0 - SMOOTHING);
        let smoothed = sum / weights;
        let rate = schedule.factor(Place { step: moment.step - 1, steps: STEPS, per_epoch: 1 });
        tried.push(Tried { rate, cost: moment.cost, smoothed });
        least = least.min(smoothed);
        // A cost below 0, as of a Poisson loss, has no multiples that tell.
        let hopeless = least > 0.0 && smoothed > BEYOND_HOPE * least;
        if hopeless || moment.step == STEPS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    session::with_rows(job, |data| trainer.run_over(data, &mut observe));
    job.train.check()?;
    Ok(tried)
}

/// The rate where the smoothed cost falls fastest, of those before its minimum.
fn steepest(tried: &[Tried]) -> Option<f64> {
    let cost = |i: usize| tried[i].smoothed;
    let lowest = (SIDE..tried.len()).min_by(|&a, &b| cost(a).total_cmp(&cost(b)))?;
    // The rates grow by one factor: the slope by their logarithm is that by the step.
    let slope = |i: usize| cost(i + SIDE) - cost(i - SIDE);
    let steepest = (SIDE..lowest.min(tried.len() - SIDE)).min_by(|&a, &b| slope(a).total_cmp(&slope(b)))?;
    (slope(steepest) < 0.0).then(|| tried[steepest].rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steepest_descent_is_found() {
        // Falls fastest at step 60, is lowest at step 100.
        let cost = |i: f64| if i < 100.0 { -(2.0 * ((i - 60.0) / 8.0)).tanh() } else { (i - 100.0) * 0.1 - 1.0 };
        let tried = |cost: &dyn Fn(f64) -> f64| -> Vec<Tried> {
            (0..150u8).map(|i| Tried { rate: f64::from(i), cost: 0.0, smoothed: cost(f64::from(i)) }).collect()
        };
        assert_eq!(steepest(&tried(&cost)), Some(60.0));
        assert_eq!(steepest(&tried(&|i| i)), None);
        assert_eq!(steepest(&tried(&|_| 1.0)), None);
        assert_eq!(steepest(&[]), None);
    }
}
