//! Several networks trained beside each other and averaged, kept as one network.
//!
//! All go through one copy of the rows in one order, but for those that each leaves out.
//!
//! Each keeps another fold of the rows aside, so every row is trained on by all but one, and each row's prediction by the one that has
//! not seen it tells how good they are (Breiman, Machine Learning 24, 1996; Krogh and Vedelsby, NeurIPS 1994). Their layers then
//! stand side by side in one network, each in groups that know nothing of each other, and its last layer takes the mean of theirs, of
//! classes that of their logits: all that takes a model takes an ensemble. What is learned of levels and columns goes into the first
//! layer as one, with weights of 0 between networks.

mod side_by_side;

pub(crate) use side_by_side::{between, is_between, may_hold, suits};

use crate::calibration;
use crate::checkpoint::Checkpoints;
use crate::conformal::Residuals;
use crate::data::Window;
use crate::embedding;
use crate::error::{Error, Kind};
use crate::fallen::Fallen;
use crate::job::{Calibrate, Job, Rows};
use crate::metrics::{Metrics, Own, Threshold};
use crate::model_file::{Model, Parameters, Precision, Task};
use crate::predictor::Predictor;
use crate::said::{Said, Targets};
use crate::session::{self, Given, Member, Outcome, Progress, Sample, Scores};
use crate::several::{Observe, Several};
use backlit_engine::Scalar;
use backlit_engine::order::Orders;
use backlit_engine::step::Data;
use backlit_engine::train::End;
use side_by_side::{side_by_side, wide};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// What the networks begin with, and which rows each keeps aside.
#[derive(Clone, Debug)]
pub struct Members {
    /// For each row trained on, in order, the network that keeps it aside.
    pub fold_of: Vec<u32>,
    /// For each network its initial parameters.
    pub initial: Vec<Vec<f64>>,
}

/// Most networks.
pub const MOST: usize = 100;

/// The share of the memory that the last rows of a file take, so that one reading is enough for all networks; and the least they do.
const WINDOW: (u64, u64) = (8, 1 << 20);

/// Trains the networks of a job, as many at a time as there are threads. `observe` sees the steps of each.
pub(crate) fn train(
    job: &Job,
    members: &Members,
    checkpoints: Option<&Checkpoints>,
    observe: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
) -> Result<Outcome, Error> {
    let common = Job { train: Rows::default(), members: None, ..job.clone() };
    let all = All { job, members, common, checkpoints };
    let memory = (job.memory / WINDOW.0).max(WINDOW.1);
    let came = match job.precision {
        Precision::F32 => session::with_rows::<f32, _>(job, |data| all.trained(data, memory, observe)),
        Precision::F64 => session::with_rows::<f64, _>(job, |data| all.trained(data, memory, observe)),
    }?;
    averaged(job, members, came)
}

/// The networks of a job, before they are trained.
struct All<'a> {
    job: &'a Job,
    members: &'a Members,
    /// What the jobs of all have.
    common: Job,
    checkpoints: Option<&'a Checkpoints>,
}

impl All<'_> {
    /// Trains each over the one copy of the rows, all in one order. Rows in a file are read once for all networks, which take turns.
    /// `memory`: bytes that the last ones read may take
    fn trained<S: Scalar>(&self, data: Data<'_, S>, memory: u64, observe: &mut Observe<'_>) -> Result<Vec<Option<Member>>, Error> {
        let job = self.job;
        let several = Several::sharing(self.members.initial.len(), job);
        let Data::Source(source) = data else { return self.each(data, several, observe) };
        let far = if matches!(job.train.targets(), Targets::Stored(..)) { job.outputs() } else { 0 };
        let window = Window::new(source, &[job.inputs.len(), far], job.train.rows, memory);
        let batch = job.batch.unwrap_or(job.train.rows).max(1);
        // Two turns are in it, with the rows between that one network keeps aside.
        let orders = Orders::new(&self.members.fold_of, job.seed);
        let epochs = (0..self.members.initial.len()).map(|k| orders.rows_without(k as u32).div_ceil(batch).max(1) as u64);
        let several = several.in_turns((window.rows() / 4 / batch) as u64, epochs.collect());
        self.each(Data::Source(&window), several, observe)
    }

    fn each<S: Scalar>(&self, data: Data<'_, S>, several: Several, observe: &mut Observe<'_>) -> Result<Vec<Option<Member>>, Error> {
        let All { job, members, common, checkpoints } = self;
        let orders = Orders::new(&members.fold_of, job.seed);
        several.train(&mut |network, progress: &Progress| observe(&Progress { network, ..*progress }), &|k, threads, observe| {
            let mut part = checkpoints.map(|checkpoints| checkpoints.part("network", k)).transpose()?;
            let fold = k as u32;
            // Where the rows can no longer be read, nobody goes on.
            let mut observe = |progress: &Progress| match progress.epoch_ended && job.train.check().is_err() {
                true => ControlFlow::Break(()),
                false => observe(progress),
            };
            let given = Given { data, rows: orders.rows_without(fold), among: Some((&orders, fold)) };
            let settle = |parameters: &mut [S]| embedding::settle(job, &job.train, &|place| members.fold_of[place] != fold, parameters);
            let came = session::member(&member(job, members, common, threads, k), given, &settle, part.as_mut(), &mut observe)?;
            job.train.check().map(|()| came)
        })
    }
}

/// The mean of the networks that came to the best end that there is.
fn averaged(job: &Job, members: &Members, came: Vec<Option<Member>>) -> Result<Outcome, Error> {
    let (count, width) = (members.initial.len(), job.outputs());
    let all: Vec<(usize, Member)> = came.into_iter().enumerate().filter_map(|(k, one)| Some((k, one?))).collect();
    let mut fallen = fallen(&all, count);
    let (mut steps, mut epochs) = (0, 0);
    let mut is_stopped = all.len() < count;
    let (mut is_patient, mut is_stalled) = (false, !all.is_empty());
    for (_, one) in &all {
        steps += one.steps;
        is_stopped |= matches!(one.end, End::Stopped(_));
        is_patient |= matches!(one.end, End::Patient(_));
        is_stalled &= matches!(one.end, End::Stalled(_));
    }
    let best = all.iter().map(|(_, one)| standing(&one.end)).max();
    // A network that has just begun would spoil what the others say.
    let averaged: Vec<_> = all.into_iter().filter(|(_, one)| Some(standing(&one.end)) == best).collect();
    let (mut trained, mut initial, mut cost) = (Vec::new(), Vec::new(), 0.0);
    // By network; none of those that are left out.
    let mut parts = vec![Said::none(); count];
    for (k, one) in averaged {
        epochs = epochs.max(one.epochs);
        // Of no rows there is none.
        cost += if one.held.rows() > 0 { one.cost * one.held.rows() as f64 } else { 0.0 };
        trained.push(one.parameters);
        initial.push((k, members.initial[k].clone()));
        parts[k] = one.held;
    }
    let are_all = initial.len() == count;
    let mut end = match fallen.first() {
        _ if is_stopped => End::Stopped(steps),
        Some(first) if fallen.len() == count => End::Diverged(first.divergence.clone()),
        _ if is_patient => End::Patient(steps),
        _ if is_stalled => End::Stalled(steps),
        _ => End::Finished,
    };
    if is_stopped {
        // Where there is none but such, they are not left out.
        fallen.retain(|one| initial.iter().all(|(k, _)| *k != one.number));
    }
    let (mut judged, mut fold_of) = (None, Cow::Borrowed(&members.fold_of[..]));
    if !is_stopped && !are_all {
        let is_kept = |fold: u32| initial.iter().any(|(k, _)| *k == fold as usize);
        let places: Vec<usize> = (0..fold_of.len()).filter(|&place| is_kept(fold_of[place])).collect();
        fold_of = Cow::Owned(places.iter().map(|&place| members.fold_of[place]).collect());
        judged = Some(picked(job, &places));
    }
    let of = judged.as_ref().unwrap_or(&job.train);
    let is_covered = are_all || judged.is_some();
    let mut said = if is_covered { Said::merged(width, &fold_of, &parts)? } else { Said::none() };
    drop(parts);
    let whole = is_covered && !said.has_nan()?;
    cost /= of.rows as f64;
    let calibrates = whole && job.calibrate == Calibrate::OnHeld;
    let found = calibrates.then(|| calibration::temperature_of(job.task, width, &said, of.targets(), &of.w, &job.stop));
    let temperature = found.transpose()?.flatten();
    match temperature {
        Some(temperature) => {
            let (cooled, summed) = calibration::cool(job.task, width, &said, of.targets(), temperature)?;
            (said, cost) = (cooled, summed / of.rows as f64);
        }
        None if calibrates && !matches!(end, End::Diverged(_)) => end = End::Stopped(steps),
        None => {}
    }
    let mut model = merged(job, &trained, temperature);
    model.metadata.training.epochs = epochs;
    let mut outcome = report((job, members), (&initial, &fold_of, of), model, (said, cost), whole)?;
    job.train.check()?;
    (outcome.steps, outcome.epochs, outcome.end) = (steps, epochs, end);
    (outcome.fallen, outcome.judged) = (fallen, judged);
    Ok(outcome)
}

/// Those that diverged. `all`: number, what came of it
fn fallen(all: &[(usize, Member)], count: usize) -> Vec<Fallen> {
    let one = |(k, one): &(usize, Member)| match &one.end {
        End::Diverged(divergence) => Some(Fallen { word: "network", number: *k, count, divergence: divergence.clone() }),
        End::Finished | End::Patient(_) | End::Stalled(_) | End::Stopped(_) => None,
    };
    all.iter().filter_map(one).collect()
}

/// How much a network is worth in an ensemble: only those of the best kind that there is are averaged.
fn standing(end: &End) -> u8 {
    match end {
        End::Diverged(_) => 0,
        End::Stopped(_) => 1,
        End::Finished | End::Patient(_) | End::Stalled(_) => 2,
    }
}

/// What the rows kept aside, in their order, are said to be before training, each by its own network; and the mean cost.
/// `initial`: each network's number, and what it begins with; `fold_of`: of each of these rows the network that keeps it aside
fn first_of(job: &Job, members: &Members, initial: &[(usize, Vec<f64>)], fold_of: &[u32]) -> Result<(Said, f64), Error> {
    let (mut parts, mut cost) = (vec![Said::none(); members.initial.len()], 0.0);
    for (k, initial) in initial {
        let rows = picked(job, &aside(members, *k));
        let (said, mean) = Predictor::new(&merged(job, std::slice::from_ref(initial), None), job.threads).said_and_cost_of(&rows)?;
        cost += mean * rows.rows as f64;
        parts[*k] = said;
    }
    Ok((Said::merged(job.outputs(), fold_of, &parts)?, cost / fold_of.len() as f64))
}

/// The places of the rows that a network keeps aside.
fn aside(members: &Members, k: usize) -> Vec<usize> {
    (0..members.fold_of.len()).filter(|&row| members.fold_of[row] as usize == k).collect()
}

/// One network's job, without rows but those that it keeps aside. `common`: what the jobs of all have
fn member(job: &Job, members: &Members, common: &Job, threads: usize, k: usize) -> Job {
    let held = picked(job, &aside(members, k));
    let (initial, seed) = (members.initial[k].clone(), seed_of(job.seed, k));
    Job { held, initial, seed, threads, calibrate: Calibrate::No, threshold: Threshold::default(), ..common.clone() }
}

/// Some of the rows trained on.
fn picked(job: &Job, places: &[usize]) -> Rows {
    let mut rows = job.train.pick(places, job.inputs.len(), job.outputs());
    rows.numbers = places.iter().map(|&place| job.train.numbers[place]).collect();
    rows
}

/// The seed of one of the networks.
pub(crate) fn seed_of(seed: u64, k: usize) -> u64 {
    seed.wrapping_add((k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The networks as one.
fn merged(job: &Job, trained: &[Vec<f64>], temperature: Option<f64>) -> Model {
    let members: Vec<&[f64]> = trained.iter().map(Vec::as_slice).collect();
    let mut parameters = side_by_side(&job.shape, &members);
    let shape = wide(&job.shape, members.len());
    if let Some(temperature) = temperature {
        parameters[calibration::last_layer(&shape)].iter_mut().for_each(|number| *number /= temperature);
    }
    let mut metadata = job.metadata(job.epochs);
    metadata.network = shape;
    metadata.training.ensemble = Some(members.len());
    metadata.training.temperature = temperature;
    let parameters = match job.precision {
        Precision::F32 => Parameters::F32(parameters.iter().map(|&number| number as f32).collect()),
        Precision::F64 => Parameters::F64(parameters),
    };
    Model { metadata, parameters }
}

/// How good they are. `initial`: each one's number, and what it began with; `of`, `fold_of`: the rows that they keep aside, and which of them
/// does; `said`: rows × outputs, by the network that has not seen the row, with its mean cost; `whole`: of all these rows
#[allow(clippy::type_complexity)]
fn report(
    (job, members): (&Job, &Members),
    (initial, fold_of, of): (&[(usize, Vec<f64>)], &[u32], &Rows),
    mut model: Model,
    (said, cost): (Said, f64),
    whole: bool,
) -> Result<Outcome, Error> {
    let own = job.metric.as_deref().map(Own::read).transpose().map_err(|message| Error::new(Kind::Usage, message))?;
    let width = job.outputs();
    if whole && job.task == Task::TwoClasses && job.threshold.is_found() {
        let targets = of.targets();
        model.metadata.threshold = job.threshold.choose_by(&said.column(0)?, |row| targets.is(row, 1, 0), &of.w);
    }
    if whole && job.task == Task::Regression {
        model.metadata.residuals = Residuals::of_said(width, &said, of.targets())?.map(Residuals::out_of_folds);
    }
    let first: Vec<Vec<f64>> = initial.iter().map(|(_, initial)| initial.clone()).collect();
    let (before, after) = (Predictor::new(&merged(job, &first, None), job.threads), Predictor::new(&model, job.threads));
    let threshold = model.metadata.threshold;
    let measured = |said: &Said, rows: &Rows| Metrics::of_said(job.task, width, said, rows.targets(), threshold);
    let of_own = |said: &Said, rows: &Rows| own.as_ref().map(|own| own.of_said(said, rows.targets())).transpose().map(Option::flatten);
    let on = |predictor: &Predictor, rows: &Rows| {
        let (said, cost) = predictor.said_and_cost_of(rows)?;
        Ok::<_, Error>((cost, measured(&said, rows)?, of_own(&said, rows)?))
    };
    let (b, a) = (on(&before, &job.train)?, on(&after, &job.train)?);
    let scores = |(cost, metrics, trained): (f64, Metrics, Option<f64>), held: Option<(f64, Metrics)>, seen: Option<f64>| Scores {
        cost,
        metrics,
        held,
        own: own.as_ref().map(|_| (trained, seen)),
    };
    let (first_said, first_cost) = if whole { first_of(job, members, initial, fold_of)? } else { (Said::none(), f64::NAN) };
    let held = |said: &Said, cost: f64| match whole {
        true => Ok::<_, Error>((Some((cost, measured(said, of)?)), of_own(said, of)?)),
        false => Ok((None, None)),
    };
    let ((held_before, own_before), (held_after, own_after)) = (held(&first_said, first_cost)?, held(&said, cost)?);
    let shown = of.first(session::SAMPLES, job.inputs.len(), width)?;
    let (said_before, said_after) = (before.outputs(shown.rows, &shown.x), after.outputs(shown.rows, &shown.x));
    let (said_before, said_after) = if whole { (first_said.some(0)?, said.some(0)?) } else { (said_before, said_after) };
    let line = |numbers: &[f64], r: usize| numbers[r * width..(r + 1) * width].to_vec();
    let sample =
        |r: usize| Sample { row: shown.numbers[r], actual: line(&shown.y, r), before: line(&said_before, r), after: line(&said_after, r) };
    let trained = if whole { Said::none() } else { after.said_and_cost_of(&job.train)?.0 };
    Ok(Outcome {
        trained,
        samples: (0..shown.rows).map(sample).collect(),
        before: scores(b, held_before, own_before),
        after: scores(a, held_after, own_after),
        held: if whole { said } else { Said::none() },
        end: End::Finished,
        best: None,
        steps: 0,
        epochs: job.epochs,
        fallen: Vec::new(),
        judged: None,
        model,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::step::Source;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Rows in memory as a source, and how often each was read.
    struct Counted<'a> {
        slices: &'a [&'a [f64]],
        read: Vec<AtomicU64>,
    }

    impl Source<f64> for Counted<'_> {
        fn load(&self, node: usize, rows: backlit_engine::step::Rows<'_>, panel: &mut [f64]) {
            let n = rows.len();
            let width = panel.len() / n;
            for r in 0..n {
                let row = rows.number(r);
                (0..width).for_each(|i| panel[i * n + r] = self.slices[node][row * width + i]);
                if node == 0 {
                    self.read[row].fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Rows that are not in memory are read once an epoch for all networks, as long as so many fit into it, and change no bit; nor do
    /// threads, nor networks that end early.
    #[test]
    fn a_row_is_read_once_for_all_networks() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("table.csv");
        let row = |r: usize| format!("{},{},{}\n", r * 37 % 101, r * 53 % 97, r * 29 % 83);
        std::fs::write(&path, "a,b,y\n".to_string() + &(0..601).map(row).collect::<String>()).expect("a table");
        let mut run = crate::prepare::run_on(&path.display().to_string());
        (run.data.target, run.train.recipe) = (vec!["y".into()], Some(crate::recipe::Recipe::Plain));
        (run.train.ensemble, run.train.epochs, run.train.batch) = (Some(4), Some(12), Some(crate::run_file::Batch::Rows(10)));
        run.network.precision = Precision::F64;
        let hidden = crate::prepare::Hidden { units: Some(vec![3]), activation: Some("tanh".into()) };
        let mut job = crate::prepare::job(&run, Some(&hidden), 1).expect("a job");
        for (shuffle, has_fallen) in [(true, false), (false, false), (true, true)] {
            job.shuffle = shuffle;
            let members = job.members.get_or_insert_with(|| panic!("several networks"));
            if has_fallen {
                // The second diverges at its first step.
                members.initial[1].iter_mut().for_each(|number| *number = 1e300);
            }
            let members = members.clone();
            let all = |job: &Job, take: &dyn Fn(&All<'_>) -> Vec<Option<Member>>| {
                let common = Job { train: Rows::default(), members: None, ..job.clone() };
                take(&All { job, members: &members, common, checkpoints: None })
            };
            let bits = |came: Vec<Option<Member>>| -> Vec<(Vec<u64>, u64)> {
                let of = |one: Option<Member>| one.map(|one| (one.parameters.iter().map(|number| number.to_bits()).collect(), one.steps));
                came.into_iter().map(|one| of(one).expect("a network")).collect()
            };
            session::with_rows::<f64, _>(&job, |data| {
                let Data::Slices(slices) = data else { panic!("in memory") };
                let alone = |job: &Job| all(job, &|all| all.trained(data, 0, &mut |_| ControlFlow::Continue(())).expect("networks"));
                let want = bits(alone(&job));
                assert_eq!(want.iter().filter(|(_, steps)| *steps == 0).count(), usize::from(has_fallen));
                for threads in [1, 2, 3, 8] {
                    let job = Job { threads, ..job.clone() };
                    assert!(bits(alone(&job)) == want, "{threads} threads");
                    // Two batches, a fifth of the rows, all.
                    for rows in [20, 120, 601] {
                        let counted = Counted { slices, read: (0..601).map(|_| AtomicU64::new(0)).collect() };
                        let memory = rows * (2 * 8 + 48);
                        let source = Data::Source(&counted);
                        let came = all(&job, &|all| all.trained(source, memory, &mut |_| ControlFlow::Continue(())).expect("networks"));
                        assert!(bits(came) == want, "{threads} threads, {rows} rows kept");
                        let most = counted.read.iter().map(|count| count.load(Ordering::Relaxed)).max();
                        // An epoch begins with rows that the last one may have ended with.
                        assert!(
                            most <= Some(if rows == 601 { 1 } else { 12 }) || rows == 20,
                            "{threads} threads, {rows} kept, {most:?} times"
                        );
                    }
                }
            });
        }
    }
}
