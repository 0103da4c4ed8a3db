//! Several networks trained beside each other and averaged, kept as one network.
//!
//! Each keeps another fold of the rows aside, so every row is trained on by all but one, and each row's prediction by the one that has
//! not seen it tells how good they are (Breiman, Machine Learning 24, 1996; Krogh and Vedelsby, NeurIPS 1994). Their layers then
//! stand side by side in one network, with weights of 0 between them, and its last layer takes the mean of theirs, of
//! classes that of their logits: all that takes a model takes an ensemble.

use crate::calibration;
use crate::checkpoint::Checkpoints;
use crate::conformal::Residuals;
use crate::error::{Error, Kind};
use crate::fallen::Fallen;
use crate::job::{Calibrate, Job, Rows};
use crate::layers::Norm;
use crate::metrics::{Metrics, Own, Threshold};
use crate::model_file::{LayerShape, Model, Parameters, Precision, Shape, Task};
use crate::numeric_embedding::Numeric;
use crate::predictor::Predictor;
use crate::said::Said;
use crate::session::{self, Outcome, Progress, Sample, Scores};
use crate::several::Several;
use backlit_engine::train::End;
use std::ops::ControlFlow;

/// What the networks begin with, and which rows each keeps aside.
#[derive(Clone, Debug)]
pub struct Members {
    /// For each row trained on, in order, the network that keeps it aside.
    pub fold_of: Vec<usize>,
    /// For each network its initial parameters.
    pub initial: Vec<Vec<f64>>,
}

/// Most networks.
pub const MOST: usize = 100;

/// Why networks of this shape cannot stand side by side. `Err` is for a person.
pub(crate) fn suits(shape: &Shape) -> Result<(), String> {
    let last = shape.layers.len() - 1;
    for (l, layer) in shape.layers.iter().enumerate() {
        let wrong = |what: &str| Err(format!("an ensemble stands side by side in one network, but layer {} has {what}", l + 1));
        match layer {
            LayerShape { norm: Some(Norm::Layer), .. } => return wrong("a norm over all its units"),
            LayerShape { norm: Some(_), .. } | LayerShape { skip: Some(_), .. } if l == last => {
                return wrong("a norm or a skip and is the last");
            }
            LayerShape { skip: Some(0), .. } => return wrong("a skip from the inputs"),
            LayerShape { freeze, .. } if !freeze.is_empty() => return wrong("frozen parameters"),
            _ => {}
        }
    }
    Ok(())
}

/// The shape of so many networks side by side.
pub(crate) fn wide(shape: &Shape, count: usize) -> Shape {
    let mut wide = shape.clone();
    let hidden = wide.layers.len() - 1;
    wide.embedding.iter_mut().for_each(|embedding| embedding.numbers *= count);
    wide.numeric.iter_mut().for_each(|numeric| numeric.columns = numeric.columns.repeat(count));
    wide.layers[..hidden].iter_mut().for_each(|layer| layer.units *= count);
    wide
}

/// The parameters of networks of one shape as those of [`wide`], flat, in graph order.
pub(crate) fn side_by_side(shape: &Shape, members: &[&[f64]]) -> Vec<f64> {
    let count = members.len();
    let mean = |numbers: &dyn Fn(&[f64]) -> f64| members.iter().map(|member| numbers(member)).sum::<f64>() / count as f64;
    let (mut all, mut start, mut inputs) = (Vec::new(), 0, shape.width());
    // A level's numbers of one network stand behind those of another.
    let (tables, numbers) = shape.embedding.as_ref().map_or((0, 0), |embedding| (embedding.levels.len(), embedding.numbers));
    for level in 0..shape.embedding.iter().flat_map(|embedding| &embedding.levels).sum() {
        members.iter().for_each(|member| all.extend(&member[level * numbers..][..numbers]));
        start += numbers;
    }
    // Those of single columns stand network after network.
    for (_, shape) in shape.numeric.iter().flat_map(Numeric::parameters) {
        let size = shape.iter().product::<usize>();
        members.iter().for_each(|member| all.extend(&member[start..start + size]));
        start += size;
    }
    let sums = shape.numeric.as_ref().map_or(0, Numeric::width);
    let own = shape.width() - tables * numbers - sums;
    // A row of the first layer behind its own columns: the numbers of network m alone.
    let embedded = |all: &mut Vec<f64>, row: &[f64], m: usize| {
        for table in 0..tables {
            all.resize(all.len() + m * numbers, 0.0);
            all.extend(&row[own + table * numbers..][..numbers]);
            all.resize(all.len() + (count - 1 - m) * numbers, 0.0);
        }
        all.resize(all.len() + m * sums, 0.0);
        all.extend(&row[row.len() - sums..]);
        all.resize(all.len() + (count - 1 - m) * sums, 0.0);
    };
    for (l, layer) in shape.layers.iter().enumerate() {
        let (units, weights) = (layer.units, layer.units * inputs);
        let first = l == 0;
        // Vectors: the bias, then those of a norm.
        let vectors = usize::from(layer.bias) + layer.norm.map_or(0, |norm| norm.parameters().len());
        let vector = |v: usize| start + weights + v * units;
        if l + 1 == shape.layers.len() {
            for unit in 0..units {
                let row = start + unit * inputs;
                if first {
                    all.extend((row..row + own).map(|place| mean(&|member| member[place])));
                    for at in (row + own..row + inputs - sums).step_by(numbers.max(1)) {
                        members.iter().for_each(|member| all.extend(member[at..at + numbers].iter().map(|w| w / count as f64)));
                    }
                    let last = row + inputs - sums..row + inputs;
                    members.iter().for_each(|member| all.extend(member[last.clone()].iter().map(|w| w / count as f64)));
                } else {
                    members.iter().for_each(|member| all.extend(member[row..row + inputs].iter().map(|w| w / count as f64)));
                }
            }
            for v in 0..vectors {
                all.extend((vector(v)..vector(v) + units).map(|place| mean(&|member| member[place])));
            }
        } else {
            for (m, member) in members.iter().enumerate() {
                for unit in 0..units {
                    let row = &member[start + unit * inputs..][..inputs];
                    if first {
                        all.extend(&row[..own]);
                        embedded(&mut all, row, m);
                        continue;
                    }
                    all.resize(all.len() + m * inputs, 0.0);
                    all.extend(row);
                    all.resize(all.len() + (count - 1 - m) * inputs, 0.0);
                }
            }
            for v in 0..vectors {
                members.iter().for_each(|member| all.extend(&member[vector(v)..vector(v) + units]));
            }
        }
        start += weights + vectors * units;
        inputs = units;
    }
    all
}

/// Trains the networks of a job, as many at a time as there are threads. `observe` sees the steps of each.
pub(crate) fn train(
    job: &Job,
    members: &Members,
    checkpoints: Option<&Checkpoints>,
    observe: &mut (dyn FnMut(&Progress) -> ControlFlow<()> + Send),
) -> Result<Outcome, Error> {
    let (count, width) = (members.initial.len(), job.outputs());
    let common = Job { train: Rows::default(), members: None, ..job.clone() };
    let came = Several::of(count, job).train(
        &mut |network, progress: &Progress| observe(&Progress { network, ..*progress }),
        &|k, threads, observe| {
            let mut part = checkpoints.map(|checkpoints| checkpoints.part("network", k)).transpose()?;
            let (own, places) = member(job, members, &common, threads, k);
            Ok((places, session::train_kept(&own, part.as_mut(), observe)?))
        },
    )?;
    let all: Vec<(usize, Vec<usize>, Outcome)> =
        came.into_iter().enumerate().filter_map(|(k, one)| one.map(|(places, outcome)| (k, places, outcome))).collect();
    let fallen = fallen(&all, count);
    let (mut steps, mut epochs) = (0, 0);
    let mut is_stopped = all.len() < count;
    let mut is_patient = false;
    for (.., outcome) in &all {
        steps += outcome.steps;
        is_stopped |= matches!(outcome.end, End::Stopped(_));
        is_patient |= matches!(outcome.end, End::Patient(_));
    }
    let best = all.iter().map(|(.., outcome)| standing(&outcome.end)).max();
    // A network that has just begun would spoil what the others say.
    let averaged: Vec<_> = all.into_iter().filter(|(.., outcome)| Some(standing(&outcome.end)) == best).collect();
    let (mut trained, mut initial, mut kept, mut said, mut cost) =
        (Vec::new(), Vec::new(), Vec::new(), vec![f64::NAN; job.train.rows * width], 0.0);
    for (k, places, outcome) in &averaged {
        epochs = epochs.max(outcome.epochs);
        for (place, outputs) in places.iter().zip(outcome.held.clone().numbers()?.chunks_exact(width)) {
            said[place * width..][..width].copy_from_slice(outputs);
        }
        cost += outcome.after.held.as_ref().map_or(0.0, |(cost, _)| cost * places.len() as f64);
        trained.push(numbers(&outcome.model.parameters));
        initial.push(members.initial[*k].clone());
        kept.push(places.clone());
    }
    let end = match fallen.first() {
        _ if is_stopped => End::Stopped(steps),
        Some(first) if fallen.len() == count => End::Diverged(first.divergence.clone()),
        _ if is_patient => End::Patient(steps),
        _ => End::Finished,
    };
    let mut judged = None;
    if !is_stopped && averaged.len() < count {
        let mut places: Vec<usize> = averaged.iter().flat_map(|(_, places, _)| places.iter().copied()).collect();
        places.sort_unstable();
        said = places.iter().flat_map(|&place| said[place * width..][..width].iter().copied()).collect();
        judged = Some(picked(job, &places));
    }
    let of = judged.as_ref().unwrap_or(&job.train);
    let whole = !said.iter().any(|said| said.is_nan());
    cost /= of.rows as f64;
    let temperature = (whole && job.calibrate == Calibrate::OnHeld).then(|| {
        let temperature = calibration::temperature_of(job.task, width, &said, &of.y, &of.w);
        cost = calibration::cool(job.task, width, &mut said, &of.y, temperature) / of.rows as f64;
        temperature
    });
    let mut model = merged(job, &trained, temperature);
    model.metadata.training.epochs = epochs;
    let mut outcome = report(job, (&initial, &kept, of), model, (&said, cost), whole)?;
    (outcome.steps, outcome.epochs, outcome.end) = (steps, epochs, end);
    (outcome.fallen, outcome.judged) = (fallen, judged);
    Ok(outcome)
}

/// Those that diverged. `all`: number, rows kept aside, what came of it
fn fallen(all: &[(usize, Vec<usize>, Outcome)], count: usize) -> Vec<Fallen> {
    let one = |(k, _, outcome): &(usize, Vec<usize>, Outcome)| match &outcome.end {
        End::Diverged(divergence) => Some(Fallen { word: "network", number: *k, count, divergence: divergence.clone() }),
        End::Finished | End::Patient(_) | End::Stopped(_) => None,
    };
    all.iter().filter_map(one).collect()
}

/// How much a network is worth in an ensemble: only those of the best kind that there is are averaged.
fn standing(end: &End) -> u8 {
    match end {
        End::Diverged(_) => 0,
        End::Stopped(_) => 1,
        End::Finished | End::Patient(_) => 2,
    }
}

/// What the rows kept aside, in their order, are said to be before training, each by its own network, rows × outputs; and the mean cost.
/// `initial`, `places`: what each network begins with, and the rows that it keeps aside
fn first_of(job: &Job, initial: &[Vec<f64>], places: &[Vec<usize>]) -> Result<(Vec<f64>, f64), Error> {
    let width = job.outputs();
    let (mut said, mut cost) = (Vec::new(), 0.0);
    for (initial, places) in initial.iter().zip(places) {
        let rows = picked(job, places);
        let (outputs, mean) = Predictor::new(&merged(job, std::slice::from_ref(initial), None), job.threads).outputs_and_cost_of(&rows)?;
        cost += mean * places.len() as f64;
        said.extend(places.iter().copied().zip(outputs.chunks_exact(width).map(<[f64]>::to_vec)));
    }
    said.sort_unstable_by_key(|(place, _)| *place);
    let rows = said.len() as f64;
    Ok((said.into_iter().flat_map(|(_, outputs)| outputs).collect(), cost / rows))
}

/// One network's job, and the places of the rows that it keeps aside. `common`: what the jobs of all have
fn member(job: &Job, members: &Members, common: &Job, threads: usize, k: usize) -> (Job, Vec<usize>) {
    let (aside, own): (Vec<usize>, Vec<usize>) = (0..job.train.rows).partition(|&row| members.fold_of[row] == k);
    let (train, held) = (picked(job, &own), picked(job, &aside));
    let (initial, seed) = (members.initial[k].clone(), seed_of(job.seed, k));
    (Job { train, held, initial, seed, threads, calibrate: Calibrate::No, threshold: Threshold::default(), ..common.clone() }, aside)
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

fn numbers(parameters: &Parameters) -> Vec<f64> {
    match parameters {
        Parameters::F32(numbers) => numbers.iter().map(|&number| f64::from(number)).collect(),
        Parameters::F64(numbers) => numbers.clone(),
    }
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

/// How good they are. `initial`: what each began with; `places`, `of`: the rows that they keep aside; `said`: rows × outputs, by the network that has
/// not seen the row, with its mean cost; `whole`: of all these rows
fn report(
    job: &Job,
    (initial, places, of): (&[Vec<f64>], &[Vec<usize>], &Rows),
    mut model: Model,
    (said, cost): (&[f64], f64),
    whole: bool,
) -> Result<Outcome, Error> {
    let own = job.metric.as_deref().map(Own::read).transpose().map_err(|message| Error::new(Kind::Usage, message))?;
    let width = job.outputs();
    if whole && job.task == Task::TwoClasses && job.threshold.is_found() {
        model.metadata.threshold = job.threshold.choose(said, &of.y, &of.w);
    }
    if whole && job.task == Task::Regression {
        model.metadata.residuals = Residuals::of(width, said, &of.y);
    }
    let (before, after) = (Predictor::new(&merged(job, initial, None), job.threads), Predictor::new(&model, job.threads));
    let threshold = model.metadata.threshold;
    let measured = |outputs: &[f64], rows: &Rows, cost: f64| Metrics::of(job.task, width, outputs, &rows.y, cost, threshold);
    let on = |predictor: &Predictor, rows: &Rows| {
        let (outputs, cost) = predictor.outputs_and_cost_of(rows)?;
        Ok::<_, Error>((cost, measured(&outputs, rows, cost), own.as_ref().and_then(|own| own.of(&outputs, &rows.y))))
    };
    let (b, a) = (on(&before, &job.train)?, on(&after, &job.train)?);
    let scores = |(cost, metrics, trained): (f64, Metrics, Option<f64>), held: Option<(f64, Metrics)>, seen: Option<f64>| Scores {
        cost,
        metrics,
        held,
        own: own.as_ref().map(|_| (trained, seen)),
    };
    let said_own = own.as_ref().filter(|_| whole).and_then(|own| own.of(said, &of.y));
    let (first_said, first_cost) = if whole { first_of(job, initial, places)? } else { (Vec::new(), f64::NAN) };
    let own_before = own.as_ref().filter(|_| whole).and_then(|own| own.of(&first_said, &of.y));
    let shown = of.first(session::SAMPLES, job.inputs.len(), width)?;
    let (said_before, said_after) = (before.outputs(shown.rows, &shown.x), after.outputs(shown.rows, &shown.x));
    let (said_before, said_after) = if whole { (&first_said[..], said) } else { (&said_before[..], &said_after[..]) };
    let line = |numbers: &[f64], r: usize| numbers[r * width..(r + 1) * width].to_vec();
    let sample =
        |r: usize| Sample { row: shown.numbers[r], actual: line(&shown.y, r), before: line(said_before, r), after: line(said_after, r) };
    let trained = if whole { Said::none() } else { after.said_and_cost_of(&job.train)?.0 };
    Ok(Outcome {
        trained,
        samples: (0..shown.rows).map(sample).collect(),
        before: scores(b, whole.then(|| (first_cost, measured(&first_said, of, first_cost))), own_before),
        after: scores(a, whole.then(|| (cost, measured(said, of, cost))), said_own),
        held: if whole { Said::new(width, said.to_vec()) } else { Said::none() },
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
    use crate::embedding::Embedding;
    use backlit_engine::network::Network;
    use backlit_engine::random::{Purpose, Random};
    use backlit_engine::step::Runner;
    use backlit_engine::{Graph, Plan};

    fn layer(units: usize, activation: &str) -> LayerShape {
        LayerShape {
            units,
            activation: activation.into(),
            bias: true,
            freeze: Vec::new(),
            dropout: 0.0,
            norm: None,
            skip: None,
            learning_rate: None,
        }
    }

    fn said(network: &Network, parameters: &[f64], rows: usize, x: &[f64]) -> Vec<f64> {
        let built = network.build::<f64>().expect("a network");
        let graph: &Graph<f64> = &built.graph;
        let node = built.layers.last().expect("a layer").z;
        let plan = Plan::forward(graph, node);
        let mut out = vec![0.0; rows * plan.width()];
        Runner::new(&plan, rows, 1).outputs(&plan, parameters, &[x, &[]], rows, &mut out);
        out
    }

    /// With and without hidden layers, biases, norms over the batch, skips and embeddings: what goes into the last activation is the mean.
    #[test]
    fn networks_side_by_side_say_their_mean() {
        let deep = {
            let mut layers = vec![layer(4, "tanh"), layer(4, "silu"), layer(3, "relu"), layer(2, "linear")];
            layers[0].norm = Some(Norm::Batch);
            layers[1].skip = Some(1);
            layers[2].bias = false;
            layers
        };
        let networks = [vec![layer(2, "linear")], vec![layer(5, "relu"), layer(1, "softplus")], deep];
        let embedded = |levels: &[usize], numbers: usize| Some(Embedding { levels: levels.to_vec(), numbers, frozen: false });
        let beside = [None, embedded(&[5], 4), embedded(&[3, 2], 2)];
        for (layers, (embedding, numeric)) in networks
            .iter()
            .flat_map(|layers| beside.iter().flat_map(move |e| [false, true].map(|numeric| (layers.clone(), (e.clone(), numeric)))))
        {
            let shape = Shape {
                inputs: 3,
                layers,
                loss: "half_squared_error".into(),
                terms: crate::terms::Terms::default(),
                embedding,
                numeric: numeric.then(|| Numeric { columns: vec![0], waves: 3, numbers: 2, rate: 0.1, frozen: false }),
            };
            suits(&shape).expect("these can");
            let count = shape.parameters().expect("few").iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
            let mut random = Random::new(1, Purpose::Initialize, 0);
            // Running variances must be positive.
            let members: Vec<Vec<f64>> = (0..3).map(|_| (0..count).map(|_| 0.1 + random.unit()).collect()).collect();
            let mut x: Vec<f64> = (0..21).map(|_| random.normal()).collect();
            if let Some(Embedding { levels, .. }) = &shape.embedding {
                let codes = |row: usize| levels.iter().map(move |levels| (row % levels) as f64);
                x.chunks_exact_mut(3).enumerate().for_each(|(r, row)| {
                    row[3 - levels.len()..].iter_mut().zip(codes(r)).for_each(|(x, code)| *x = code);
                });
            }
            let each: Vec<Vec<f64>> = members.iter().map(|member| said(&shape.network(), member, 7, &x)).collect();
            let slices: Vec<&[f64]> = members.iter().map(Vec::as_slice).collect();
            let whole = said(&wide(&shape, 3).network(), &side_by_side(&shape, &slices), 7, &x);
            for (place, whole) in whole.iter().enumerate() {
                let mean = each.iter().map(|said| said[place]).sum::<f64>() / 3.0;
                assert!((whole - mean).abs() < 1e-12 * mean.abs().max(1.0), "{whole} and {mean}");
            }
        }
    }
}
