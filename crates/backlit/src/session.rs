//! One training from start to saved model: predictions and cost before, epochs, predictions and cost after.

use crate::calibration;
use crate::checkpoint::Checkpoints;
use crate::conformal::Residuals;
use crate::data::Fed;
use crate::embedding;
use crate::ensemble;
use crate::error::{Error, Kind};
use crate::fallen::Fallen;
use crate::job::{Calibrate, Job, Rows};
use crate::metrics::{Metrics, Own};
use crate::model_file::{Metadata, Model, Parameters, Precision, Task};
use crate::predictor::{Net, scaled};
use crate::said::{BLOCK, Said};
use crate::several::Observe;
use backlit_engine::order::Orders;
use backlit_engine::step::Data;
use backlit_engine::train::{Best, End, Epoch, Measure, Moment, Settings, Trainer};
use backlit_engine::{Network, Scalar, optimizers};
use std::ops::ControlFlow;

/// Where a training stands after a step; of an ensemble, where one of its networks stands, which may be trained at the same time.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Which network of an ensemble, counted from 0.
    pub network: usize,
    /// Epochs begun, counted from 1.
    pub epoch: u64,
    /// Epochs there will be.
    pub epochs: u64,
    /// Steps taken.
    pub step: u64,
    /// Mean cost of the batch, as trained (standardized where the target is).
    pub cost: f64,
    /// Whether the epoch ended.
    pub epoch_ended: bool,
    /// Then what it was as a whole.
    pub whole: Option<Epoch>,
    /// Then the mean cost of the rows kept aside, as trained (their weighted mean where rows have weights), where something listened to
    /// it; their metric, where it was to judge.
    pub held: Option<f64>,
    /// Whether it is the last step, unless the training is stopped.
    pub ends: bool,
}

/// What came of a training.
pub struct Outcome {
    /// The model, with the last finite parameters.
    pub model: Model,
    /// Before the first step.
    pub before: Scores,
    /// After the last.
    pub after: Scores,
    /// Some rows, those kept aside where there are any.
    pub samples: Vec<Sample>,
    /// What the trained network says of the rows kept aside, in the target's units or as probabilities.
    pub held: Said,
    /// The same of the rows trained on, where none are kept aside; else of none.
    pub trained: Said,
    /// How it ended.
    pub end: End,
    /// The epoch after which the rows kept aside cost least, and that cost as trained, where something listened to it; the best by the
    /// metric, and that, where it was to judge.
    pub best: Option<Best>,
    /// Steps taken.
    pub steps: u64,
    /// Epochs finished; of an ensemble by the network with the most.
    pub epochs: u64,
    /// The networks of an ensemble that diverged and are left out of it; where all did, all of them, and none is left out.
    pub fallen: Vec<Fallen>,
    /// Then the rows that the other networks keep aside, where some are left out.
    pub judged: Option<Rows>,
}

impl Outcome {
    /// The rows that a network has judged which has not seen them.
    pub fn unseen<'a>(&'a self, job: &'a Job) -> &'a Rows {
        self.judged.as_ref().unwrap_or(job.unseen())
    }
}

/// How good the network is, in the target's units.
#[derive(Clone, Debug)]
pub struct Scores {
    /// Mean cost of the rows trained on.
    pub cost: f64,
    /// Measures on the rows trained on.
    pub metrics: Metrics,
    /// Mean cost and measures on rows kept aside, if there are any.
    pub held: Option<(f64, Metrics)>,
    /// The measure typed as a formula, if there is one, on the rows trained on and on those kept aside.
    pub own: Option<(Option<f64>, Option<f64>)>,
}

/// A row before and after: one number for each output, in the target's units or as probabilities.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its number in the data, counted from 0.
    pub row: usize,
    /// What is right.
    pub actual: Vec<f64>,
    /// What the untrained network says.
    pub before: Vec<f64>,
    /// What the trained network says.
    pub after: Vec<f64>,
}

/// Rows shown before and after.
pub(crate) const SAMPLES: usize = 10;

/// Trains a job. `observe` is called after each step and may stop it.
pub fn train(job: &Job, observe: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send)) -> Result<Outcome, Error> {
    train_kept(job, None, observe)
}

/// The same, from where its checkpoints leave off, and with a checkpoint whenever one is due and where it is stopped. Each network of an
/// ensemble has its own.
pub fn train_kept(
    job: &Job,
    checkpoints: Option<&mut Checkpoints>,
    observe: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
) -> Result<Outcome, Error> {
    if let Some(members) = &job.members {
        return ensemble::train(job, members, checkpoints.map(|checkpoints| &*checkpoints), observe);
    }
    match job.precision {
        Precision::F32 => alone::<f32>(job, checkpoints, observe, Parameters::F32),
        Precision::F64 => alone::<f64>(job, checkpoints, observe, Parameters::F64),
    }
}

/// The rows that a training goes through, as its network sees them.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, S> {
    pub data: Data<'a, S>,
    /// How many of them it is trained on.
    pub rows: usize,
    /// Of a network of an ensemble the order that all have in common, and the fold that it keeps aside.
    pub among: Option<(&'a Orders<'a>, u32)>,
}

/// How a training ended.
struct Ended {
    end: End,
    steps: u64,
    epochs: u64,
}

/// Hands on the rows trained on as the network sees them.
pub(crate) fn with_rows<S: Scalar, T>(job: &Job, then: impl FnOnce(Data<'_, S>) -> T) -> T {
    let x: Vec<S> = scaled(&job.input_scaler, &job.train.x);
    let y: Vec<S> = training_targets(job);
    let w: Vec<S> = scaled(&None, &job.train.w);
    let slices = [&x[..], &y, &w];
    let fed = training_rows(job, &w);
    then(fed.as_ref().map_or(Data::Slices(&slices), |fed| Data::Source(fed)))
}

/// Trains from where the checkpoints leave off to the end, which is handed on with the training.
fn run<S: Scalar, T>(
    job: &Job,
    given: Given<'_, S>,
    own: Option<&Own>,
    mut checkpoints: Option<&mut Checkpoints>,
    observe: &mut Observe<'_>,
    then: impl FnOnce(&mut Trainer<'_, S>, Ended, Option<&mut Checkpoints>) -> Result<T, Error>,
) -> Result<T, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let network = job.shape.network();
    let built = network.build_to_train::<S>().map_err(|error| usage(error.to_string()))?;
    let shown = network.build::<S>().map_err(|error| usage(error.to_string()))?;
    let initial: Vec<S> = job.initial.iter().map(|&number| S::from_f64(number)).collect();
    let optimizer = optimizers::find::<S>(&job.optimizer).and_then(|entry| entry.create(&job.options, initial.len()));
    let settings = Settings {
        epochs: job.epochs,
        batch: job.batch,
        shuffle: job.shuffle,
        seed: job.seed,
        learning_rate: job.learning_rate,
        threads: job.threads,
    };
    let nothing = Rows::default();
    let held = if job.course.needs_held().is_some() { &job.held } else { &nothing };
    let held_rows = held.rows;
    let held_x: Vec<S> = scaled(&job.input_scaler, &held.x);
    let held_y: Vec<S> = if held.stored.is_some() { Vec::new() } else { scaled(&job.target_scaler, &held.y) };
    let held_w: Vec<S> = scaled(&None, &of_mean_1(&held.w));
    let slices: [&[S]; 3] = [&held_x, &held_y, &held_w];
    let fed = held.fed(job.input_scaler.as_ref(), job.target_scaler.as_ref(), &held_w);
    let held = fed.as_ref().map_or(Data::Slices(&slices), |fed| Data::Source(fed));
    let course = job.course.engine().map_err(|(key, message)| usage(format!("{key}: {message}")))?;
    let Given { data, rows, among } = given;
    let mut trainer = Trainer::new(&built.graph, built.cost, initial, optimizer.map_err(usage)?, &job.frozen, rows, settings)
        .at_rates(job.rates())
        .until(job.ends_after());
    if let Some((orders, fold)) = among {
        trainer = trainer.among(orders, fold);
    }
    // A measure of which more is better is judged by its negative.
    let judges = own.filter(|_| job.course.judged_by_metric());
    let mut trainer = match judges {
        Some(own) => trainer.judged_by(course, (&shown.graph, shown.shown), held, held_rows, judge(job, own)),
        None => trainer.on_course_over(course, (&shown.graph, shown.weighed), held, held_rows),
    };
    drop(shown);
    if let Some(checkpoints) = &mut checkpoints {
        checkpoints.start(job.precision, &mut trainer)?;
    }
    let (mut steps, mut epochs) = (trainer.steps(), trainer.epochs());
    let end = loop {
        let mut is_stopped = false;
        let ended = trainer.go_on(data, &mut |moment: &Moment| {
            steps = moment.step;
            epochs = moment.epoch + u64::from(moment.epoch_ended);
            let Moment { epoch, step, cost, epoch_ended, whole, held, ends } = *moment;
            let held = held.map(|cost| judges.map_or(cost, |own| own.to_minimise(cost)));
            let (network, epoch, epochs) = (0, epoch + 1, job.ends_after());
            is_stopped = observe(&Progress { network, epoch, epochs, step, cost, epoch_ended, whole, held, ends }).is_break();
            match is_stopped || checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(step)) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        if let Some(end) = ended {
            break end;
        }
        if let Some(checkpoints) = &mut checkpoints {
            checkpoints.save(job.precision, &mut trainer)?;
        }
        if is_stopped {
            break trainer.stop(data);
        }
    };

    if let (Some(checkpoints), End::Finished | End::Patient(_) | End::Stalled(_)) = (&mut checkpoints, &end) {
        checkpoints.end(job.precision, &mut trainer)?;
    }
    if let End::Diverged(divergence) = &end {
        // The updates that the parameters kept have seen.
        (steps, epochs) = (divergence.step - 1, divergence.epoch);
    }
    then(&mut trainer, Ended { end, steps, epochs }, checkpoints)
}

/// The training of one network by itself.
fn alone<S: Scalar>(
    job: &Job,
    checkpoints: Option<&mut Checkpoints>,
    observe: &mut Observe<'_>,
    wrap: fn(Vec<S>) -> Parameters,
) -> Result<Outcome, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let network = job.shape.network();
    let built = network.build::<S>().map_err(|error| usage(error.to_string()))?;
    let own = job.metric.as_deref().map(Own::read).transpose().map_err(usage)?;
    let initial = job.initial.iter().map(|&number| S::from_f64(number)).collect();
    let mut net = Net::new(built, initial, job.surroundings(), job.threads);
    let shown = if job.held.rows > 0 { &job.held } else { &job.train };
    let shown = shown.first(SAMPLES, job.inputs.len(), job.outputs())?;
    let (before, _) = scores(job, &net, job.metadata(0).threshold, own.as_ref())?;
    let said_before = net.outputs(shown.rows, &shown.x);
    let finish = |trainer: &mut Trainer<'_, S>, ended: Ended, checkpoints: Option<&mut Checkpoints>| {
        let Ended { mut end, steps, epochs } = ended;
        let mut parameters = trainer.parameters().to_vec();
        embedding::settle(job, &job.train, &|_| true, &mut parameters)?;
        net.set_parameters(&parameters);
        let mut metadata = job.metadata(epochs);
        let temperature = chosen_temperature(job, &network, &parameters)?;
        if let (Calibrate::OnHeld, None, End::Finished | End::Patient(_) | End::Stalled(_)) = (job.calibrate, temperature, &end) {
            if let Some(checkpoints) = checkpoints {
                checkpoints.save(job.precision, trainer)?;
            }
            end = End::Stopped(steps);
        }
        if let Some(temperature) = temperature {
            let cooled = |x: &S| S::from_f64(x.to_f64() / temperature);
            let last = calibration::last_layer(&job.shape);
            let divided: Vec<S> = parameters[last.clone()].iter().map(cooled).collect();
            parameters[last].copy_from_slice(&divided);
            net.set_parameters(&parameters);
            metadata.training.temperature = Some(temperature);
        }
        let held = if job.held.rows > 0 { net.said_of(&job.held)? } else { Said::none() };
        learn_from_held(job, &held, &mut metadata)?;
        let (after, trained) = scores(job, &net, metadata.threshold, own.as_ref())?;
        let said_after = net.outputs(shown.rows, &shown.x);
        let k = job.outputs();
        let line = |numbers: &[f64], r: usize| numbers[r * k..(r + 1) * k].to_vec();
        let samples = (0..shown.rows).map(|r| Sample {
            row: shown.numbers[r],
            actual: line(&shown.y, r),
            before: line(&said_before, r),
            after: line(&said_after, r),
        });
        let samples = samples.collect();
        let sign = |cost: f64| own.as_ref().filter(|_| job.course.judged_by_metric()).map_or(cost, |own| own.to_minimise(cost));
        let best = trainer.best().map(|best| Best { judged: sign(best.judged), ..best });
        if job.course.keeps_best() && !matches!(end, End::Diverged(_)) {
            metadata.training.best_epoch = best.map(|best| best.epoch + 1);
        }
        job.train.check()?;
        let model = Model { metadata, parameters: wrap(parameters) };
        Ok(Outcome { model, before, after, samples, held, trained, end, best, steps, epochs, fallen: Vec::new(), judged: None })
    };
    with_rows(job, |data| run(job, Given { data, rows: job.train.rows, among: None }, own.as_ref(), checkpoints, observe, finish))
}

/// What came of one network of an ensemble.
pub(crate) struct Member {
    pub parameters: Vec<f64>,
    pub end: End,
    pub steps: u64,
    pub epochs: u64,
    /// What it says of the rows that it keeps aside, and their mean cost.
    pub held: Said,
    pub cost: f64,
}

/// The training of one network of an ensemble. `job`: its own, without rows but those kept aside; `settle`: what is to be done with its
/// parameters in the end
pub(crate) fn member<S: Scalar>(
    job: &Job,
    given: Given<'_, S>,
    settle: &dyn Fn(&mut [S]) -> Result<(), Error>,
    checkpoints: Option<&mut Checkpoints>,
    observe: &mut Observe<'_>,
) -> Result<Member, Error> {
    let usage = |message: String| Error::new(Kind::Usage, message);
    let own = job.metric.as_deref().map(Own::read).transpose().map_err(usage)?;
    run(job, given, own.as_ref(), checkpoints, observe, |trainer, Ended { end, steps, epochs }, _| {
        let mut parameters = trainer.parameters().to_vec();
        settle(&mut parameters)?;
        let numbers = parameters.iter().map(|parameter| parameter.to_f64()).collect();
        let built = job.shape.network().build::<S>().map_err(|error| usage(error.to_string()))?;
        let (held, cost) = Net::new(built, parameters, job.surroundings(), job.threads).said_and_cost_of(&job.held)?;
        Ok(Member { parameters: numbers, end, steps, epochs, held, cost })
    })
}

/// The weights of rows kept aside, so that the mean of their weighted costs is the weighted mean.
fn of_mean_1(w: &[f64]) -> Vec<f64> {
    let mean = w.iter().sum::<f64>() / w.len() as f64;
    if mean > 0.0 { w.iter().map(|w| w / mean).collect() } else { w.to_vec() }
}

/// The targets of the rows trained on as the network sees them, rows × outputs; none where the rows are stored.
fn training_targets<S: Scalar>(job: &Job) -> Vec<S> {
    match job.train.stored {
        Some(_) => Vec::new(),
        None => scaled(&job.target_scaler, &job.shape.terms.smoothed(job.task, job.outputs(), &job.train.y)),
    }
}

/// The rows trained on as the network sees them, if they are stored. `w`: rows × 1
fn training_rows<'a, S>(job: &'a Job, w: &'a [S]) -> Option<Fed<'a, S>> {
    let (terms, outputs) = (&job.shape.terms, job.outputs());
    let fed = job.train.fed(job.input_scaler.as_ref(), job.target_scaler.as_ref(), w)?;
    Some(Fed { levels: terms.levels(outputs), smoothing: terms.smoothing(job.task, outputs), ..fed })
}

/// By what the logits are to be divided; none: by nothing, or the search was stopped.
fn chosen_temperature<S: Scalar>(job: &Job, network: &Network, parameters: &[S]) -> Result<Option<f64>, Error> {
    match job.calibrate {
        Calibrate::No => Ok(None),
        Calibrate::By(temperature) => Ok(Some(temperature)),
        Calibrate::OnHeld => {
            let mut built = network.build::<S>().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
            built.shown = built.layers.last().map_or(built.shown, |layer| layer.out);
            let logits = Net::new(built, parameters.to_vec(), job.surroundings(), job.threads).said_of(&job.held)?;
            calibration::temperature_said(job.task == Task::Classes, job.outputs(), &logits, job.held.targets(), &job.held.w, &job.stop)
        }
    }
}

/// What the rows kept aside tell besides how good the network is.
fn learn_from_held(job: &Job, held: &Said, metadata: &mut Metadata) -> Result<(), Error> {
    match job.task {
        _ if held.rows() == 0 => {}
        Task::TwoClasses if job.threshold.is_found() => {
            let targets = job.held.targets();
            metadata.threshold = job.threshold.choose_by(&held.column(0)?, |row| targets.is(row, 1, 0), &job.held.w);
        }
        Task::Regression => metadata.residuals = Residuals::of_said(job.outputs(), held, job.held.targets())?,
        Task::TwoClasses | Task::Classes | Task::Labels | Task::Values => {}
    }
    Ok(())
}

/// The metric of the rows kept aside from the network's outputs, in the target's units, to be minimised.
fn judge<'a, S: Scalar>(job: &'a Job, own: &'a Own) -> Measure<'a, S> {
    let width = job.outputs();
    let numbers = job.held.rows.min(BLOCK) * width;
    let (mut said, mut room) = (Vec::with_capacity(numbers), Vec::with_capacity(numbers));
    Box::new(move |outputs| {
        let mut sum = 0.0;
        for (block, outputs) in outputs.chunks(BLOCK * width).enumerate() {
            said.clear();
            said.extend(outputs.iter().map(|output| output.to_f64()));
            if let Some(scaler) = &job.target_scaler {
                scaler.undo(&mut said);
            }
            own.add(&said, job.held.targets().of(block * BLOCK, outputs.len() / width, width, &mut room), &mut sum);
        }
        own.to_minimise(sum / outputs.len() as f64)
    })
}

/// With the outputs of the rows trained on, where none are kept aside.
fn scores<S: Scalar>(job: &Job, net: &Net<S>, threshold: f64, own: Option<&Own>) -> Result<(Scores, Said), Error> {
    let of = |rows: &Rows| {
        let (outputs, cost) = net.said_and_cost_of(rows)?;
        let measured = own.map(|own| own.of_said(&outputs, rows.targets())).transpose()?.flatten();
        let metrics = Metrics::of_said(job.task, job.outputs(), &outputs, rows.targets(), threshold)?;
        Ok::<_, Error>((cost, metrics, measured, if job.held.rows > 0 { Said::none() } else { outputs }))
    };
    let (cost, metrics, on_trained, outputs) = of(&job.train)?;
    let held = if job.held.rows > 0 { Some(of(&job.held)?) } else { None };
    let (held, on_held) = held.map(|(cost, metrics, measured, _)| ((cost, metrics), measured)).unzip();
    Ok((Scores { cost, metrics, held, own: own.map(|_| (on_trained, on_held.flatten())) }, outputs))
}
