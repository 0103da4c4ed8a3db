//! L-BFGS: where PyTorch's goes, on functions and in training.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::random::{Purpose, Random};
use backlit_engine::train::{End, Settings, Trainer};
use backlit_engine::{Network, Scalar, optimizers};
use serde_json::Value;
use std::ops::{ControlFlow, Range};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
    g.fill(0.0);
    let mut f = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
        f += 100.0 * a * a + b * b;
        g[i] -= 400.0 * a * x[i] + 2.0 * b;
        g[i + 1] += 200.0 * a;
    }
    f
}

fn bowl(x: &[f64], g: &mut [f64]) -> f64 {
    let sum: f64 = x.iter().sum();
    for (i, (g, x)) in g.iter_mut().zip(x).enumerate() {
        *g = (i + 1) as f64 * x.sinh() + 0.4 * sum.powi(3);
    }
    x.iter().enumerate().map(|(i, x)| (i + 1) as f64 * (x.cosh() - 1.0)).sum::<f64>() + sum.powi(4) / 10.0
}

#[test]
fn steps_end_where_pytorchs_do() {
    let golden: Value = serde_json::from_str(include_str!("golden/lbfgs.json")).expect("a golden file is JSON");
    let cases = golden["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["function"].as_str().expect("a name");
        let function = if name == "bowl" { bowl } else { rosenbrock };
        let mut old = numbers(&case["start"]);
        let options = [("history".to_string(), case["history"].as_f64().expect("a count"))];
        let mut optimizer = optimizers::find::<f64>("lbfgs").and_then(|entry| entry.create(&options, old.len())).expect("lbfgs");
        let search = optimizer.search().expect("a search");
        let mut new = old.clone();
        let steps = case["after"].as_array().expect("a list").iter().zip(numbers(&case["evaluations"]));
        for (step, (after, evaluations)) in steps.enumerate() {
            let mut calls = 0;
            let at = function(&old, &mut vec![0.0; old.len()]);
            let (cost, fine) = search.step(case["rate"].as_f64().expect("a rate"), step > 0, &old, &mut new, &mut |x, g| {
                calls += 1;
                function(x, g)
            });
            assert!(fine && (cost - at).abs() <= 1e-12 * at.abs(), "{name}, step {step}: {cost} for {at}");
            std::mem::swap(&mut old, &mut new);
            // The first gradient is ours to compute; PyTorch's count leaves it out at every step.
            assert_eq!(calls - usize::from(step == 0), evaluations as usize, "{name}, step {step}");
            for (got, want) in old.iter().zip(numbers(after)) {
                assert!((got - want).abs() <= 1e-10 * want.abs().max(0.1), "{name}, step {step}: {got}, PyTorch {want}");
            }
        }
    }
}

/// Trains a small network; gives how it ended, the costs and the parameters.
fn train<S: Scalar>(optimizer: &str, rate: f64, rows: usize, threads: usize, frozen: &[Range<usize>]) -> (End, Vec<f64>, Vec<S>, Vec<S>) {
    let network = Network::inputs(3).dense(40).tanh().dense(30).tanh().dense(2).half_squared_error();
    let built = network.build::<S>().expect("a network");
    let mut random = Random::new(5, Purpose::Check, 0);
    let mut numbers = |n: usize| -> Vec<S> { (0..n).map(|_| S::from_f64(random.uniform(-0.6, 0.6))).collect() };
    let start = numbers(built.graph.parameter_count());
    let (x, y) = (numbers(rows * 3), numbers(rows * 2));
    let made = optimizers::find(optimizer).expect("an optimizer").create(&[], start.len()).expect("its defaults");
    let settings = Settings { epochs: 60, batch: None, shuffle: false, seed: 0, learning_rate: rate, threads };
    let mut trainer = Trainer::new(&built.graph, built.cost, start.clone(), made, frozen, rows, settings);
    let mut costs = Vec::new();
    let end = trainer.run(&[&x, &y], &mut |moment| {
        costs.push(moment.cost);
        ControlFlow::Continue(())
    });
    (end, costs, start, trainer.parameters().to_vec())
}

#[test]
fn training_by_search_falls_at_every_step_and_faster_than_adam() {
    for rows in [1, 50, 200] {
        let (end, costs, ..) = train::<f64>("lbfgs", 1.0, rows, 1, &[]);
        let last = costs[costs.len() - 1];
        // One row can be met as exactly as numbers go, and then there is nowhere to go.
        match rows {
            1 => assert!(matches!(end, End::Stalled(_)) && costs.len() < 60 && last < 1e-12, "{end:?}: {costs:?}"),
            _ => assert_eq!((end, costs.len()), (End::Finished, 60)),
        }
        assert!(costs.windows(2).all(|pair| pair[1] <= pair[0]), "{costs:?}");
        let (_, adam, ..) = train::<f64>("adam", 0.01, rows, 1, &[]);
        assert!(last < adam[59], "{last} after {rows} rows, adam {}", adam[59]);
        let (end, short, ..) = train::<f32>("lbfgs", 1.0, rows, 1, &[]);
        assert!(matches!(end, End::Finished | End::Stalled(_)), "{end:?}");
        assert!(short[short.len() - 1] < 0.8 * short[0] && short.iter().all(|cost| cost.is_finite()), "{short:?}");
    }
}

/// The masks of an epoch are one cost to search; the next epoch's are another, of which nothing is known.
#[test]
fn the_cost_of_a_step_is_under_its_own_masks() {
    const ROWS: usize = 40;
    const EPOCHS: u64 = 30;
    let built = Network::inputs(3).dense(12).tanh().dropout(0.5).dense(1).half_squared_error().build_to_train::<f64>().expect("a network");
    let mut random = Random::new(6, Purpose::Check, 0);
    let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform(-1.0, 1.0)).collect() };
    let start = numbers(built.graph.parameter_count());
    let (x, y) = (numbers(ROWS * 3), numbers(ROWS));
    let trained = |optimizer: &str, rate: f64, epochs: u64, start: &[f64]| {
        let made = optimizers::find(optimizer).expect("an optimizer").create(&[], start.len()).expect("its defaults");
        let settings = Settings { epochs, batch: None, shuffle: false, seed: 2, learning_rate: rate, threads: 1 };
        let mut trainer = Trainer::new(&built.graph, built.cost, start.to_vec(), made, &[], ROWS, settings);
        let mut costs = Vec::new();
        let end = trainer.run(&[&x, &y], &mut |moment| {
            costs.push(moment.cost);
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        (costs, trainer.parameters().to_vec())
    };
    let (costs, _) = trained("lbfgs", 1.0, EPOCHS, &start);
    for epoch in 0..EPOCHS {
        let before = if epoch == 0 { start.clone() } else { trained("lbfgs", 1.0, epoch, &start).1 };
        // A descent that moves nothing tells the cost there under the masks of each epoch.
        let there = trained("sgd", 0.0, epoch + 1, &before).0;
        assert_eq!(costs[epoch as usize].to_bits(), there[epoch as usize].to_bits(), "epoch {epoch}: {costs:?}, there {there:?}");
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let one = train::<f32>("lbfgs", 1.0, 6000, 1, &[]);
    for threads in [2, 3] {
        let more = train::<f32>("lbfgs", 1.0, 6000, threads, &[]);
        assert!(one.1 == more.1 && one.3 == more.3);
    }
}

#[test]
fn frozen_parameters_stay() {
    let frozen = [0..7, 100..101, 1400..1452];
    let (_, costs, start, end) = train::<f64>("lbfgs", 1.0, 40, 1, &frozen);
    assert!(costs[59] < costs[0]);
    for (i, (start, end)) in start.iter().zip(&end).enumerate() {
        assert_eq!(start == end, frozen.iter().any(|range| range.contains(&i)), "parameter {i}");
    }
}

#[test]
fn a_length_that_leaves_the_finite_numbers_is_cut() {
    // The first length goes where the cost overflows.
    let mut optimizer = optimizers::find::<f64>("lbfgs").and_then(|entry| entry.create(&[], 1)).expect("lbfgs");
    let search = optimizer.search().expect("a search");
    let (mut old, mut new) = ([1.0], [1.0]);
    for step in 0..20 {
        let (_, fine) = search.step(1e3, step > 0, &old, &mut new, &mut |x, g| {
            g[0] = 2.0 * x[0];
            if x[0].abs() > 1.5 { f64::NAN } else { x[0] * x[0] }
        });
        assert!(fine);
        std::mem::swap(&mut old, &mut new);
    }
    assert!(old[0].abs() < 1e-3, "{old:?}");
    // At a cost that is no number nothing is moved.
    let mut optimizer = optimizers::find::<f64>("lbfgs").and_then(|entry| entry.create(&[], 1)).expect("lbfgs");
    let (cost, fine) = optimizer.search().expect("a search").step(1.0, false, &[3.0], &mut new, &mut |_, _| f64::INFINITY);
    assert!(!fine && cost.is_infinite());
}
