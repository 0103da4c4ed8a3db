//! What changes the cost besides the loss: weights of rows, penalties, masks. Held against PyTorch and scikit-learn, whose
//! numbers lie in `golden/` with what wrote them, and against repeated rows.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod pytorch;
}

use backlit_engine::check::{Verdict, check};
use backlit_engine::explain::{Question, Target, explain};
use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::random::{Purpose, Random};
use backlit_engine::train::{End, Settings, Trainer};
use backlit_engine::{Network, Scalar, ops, optimizers};
use std::ops::ControlFlow;
use support::pytorch::{golden, gradient, list, numbers};

/// Weights scaled to mean 1.
fn scaled(weights: &[f64]) -> Vec<f64> {
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    weights.iter().map(|w| w / mean).collect()
}

fn agrees(got: f64, want: f64) -> bool {
    (got - want).abs() <= 1e-12 * want.abs().max(1.0)
}

#[test]
fn costs_and_gradients_are_pytorchs() {
    let golden = golden(include_str!("golden/terms.json"));
    let (x, parameters, w) = (numbers(&golden["x"]), numbers(&golden["parameters"]), scaled(&numbers(&golden["weights"])));
    let mask = numbers(&golden["mask"]);
    let cases = list(&golden["cases"]);
    assert_eq!(cases.len(), 7);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let y = numbers(&case["targets"]);
        let rows = x.len() / 3;
        let mut network = Network::inputs(3).dense(4).tanh().dense(2).loss(case["loss"].as_str().expect("a loss"));
        network.terms.weighted = case["weighted"] == true;
        (network.terms.l1, network.terms.l2) = (case["l1"].as_f64().expect("l1"), case["l2"].as_f64().expect("l2"));
        network.terms.penalize_biases = case["biases"] == true;
        let (graph, cost) = match case["masked"] == true {
            true => masked(),
            false => network.build::<f64>().map(|built| (built.graph, built.cost)).expect("a network"),
        };
        let third = if case["masked"] == true { &mask } else { &w };
        let want = numbers(&case["gradient"]);
        for threads in [1, 2] {
            let (got_cost, got) = gradient(&graph, cost, &parameters, &[&x, &y, third], rows, threads);
            assert!(agrees(got_cost, case["cost"].as_f64().expect("a cost")), "{name}: {got_cost}, PyTorch {}", case["cost"]);
            for (i, (got, want)) in got.iter().zip(&want).enumerate() {
                assert!(agrees(*got, *want), "{name}, parameter {i}: {got}, PyTorch {want}");
            }
        }
    }
}

/// The golden network with a mask on its hidden layer, as data.
fn masked() -> (Graph<f64>, NodeId) {
    let mut graph = Graph::new();
    let mut node = || -> Result<NodeId, backlit_engine::GraphError> {
        let op = |name: &str| ops::any(name).expect("an operation");
        let (x, y, m) = (graph.data("x", 3)?, graph.data("y", 2)?, graph.data("m", 4)?);
        let (w1, b1) = (graph.parameter("layer1.weight", 4, 3)?, graph.parameter("layer1.bias", 1, 4)?);
        let (w2, b2) = (graph.parameter("layer2.weight", 2, 4)?, graph.parameter("layer2.bias", 1, 2)?);
        let z = graph.operation("z1", op("affine"), &[x, w1, b1])?;
        let a = graph.operation("a1", op("tanh"), &[z])?;
        let d = graph.operation("d1", op("dropout"), &[a, m])?;
        let z = graph.operation("z2", op("affine"), &[d, w2, b2])?;
        graph.operation("cost", op("half_squared_error"), &[z, y])
    };
    let cost = node().expect("a graph");
    (graph, cost)
}

#[test]
fn scikit_learns_minima_are_minima() {
    let golden = golden(include_str!("golden/terms.json"));
    let (x, y, weights) = (numbers(&golden["x"]), numbers(&golden["y"]), numbers(&golden["weights"]));
    let w = scaled(&weights);
    let total: f64 = weights.iter().sum();
    for case in list(&golden["regressions"]) {
        // Σ w (a − y)² + alpha Σ W², over 2 Σ w.
        let built =
            Network::inputs(3).dense(1).half_squared_error().weighted().penalty(0.0, case["alpha"].as_f64().expect("alpha") / total);
        let built = built.build::<f64>().expect("a network");
        let mut parameters = numbers(&case["weight"]);
        parameters.push(case["bias"].as_f64().expect("a bias"));
        let (_, got) = gradient(&built.graph, built.cost, &parameters, &[&x, &y, &w], y.len(), 1);
        assert!(got.iter().all(|slope| slope.abs() < 1e-13), "{}: {got:?}", case["name"]);
        // And nowhere else.
        parameters[1] += 1e-6;
        let (_, got) = gradient(&built.graph, built.cost, &parameters, &[&x, &y, &w], y.len(), 1);
        assert!(got.iter().any(|slope| slope.abs() > 1e-8), "{}: {got:?}", case["name"]);
    }
}

/// Numbers for a network of 9 inputs and 3 outputs.
fn drawn(network: &Network, rows: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut random = Random::new(11, Purpose::Check, rows as u64);
    let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform(-1.0, 1.0)).collect() };
    let count = network.build::<f64>().expect("a network").graph.parameter_count();
    let (parameters, x, y) = (numbers(count), numbers(rows * 9), numbers(rows * 3));
    let w = (0..rows).map(|r| (r % 4) as f64).collect();
    (parameters, x, y, w)
}

#[test]
fn whole_weights_are_repeated_rows() {
    for (loss, last) in [("half_squared_error", "linear"), ("huber(0.3)", "tanh"), ("binary_cross_entropy", "linear")] {
        let plain = Network::inputs(9).dense(7).activation("gelu").dense(3).activation(last).loss(loss);
        let rows = 203;
        let (parameters, x, mut y, w) = drawn(&plain, rows);
        y.iter_mut().for_each(|y| *y = y.abs());
        let weighted = plain.clone().weighted().build::<f64>().expect("a network");
        let (cost, got) = gradient(&weighted.graph, weighted.cost, &parameters, &[&x, &y, &scaled(&w)], rows, 1);
        let repeated: Vec<usize> = (0..rows).flat_map(|r| vec![r; w[r] as usize]).collect();
        let lines = |from: &[f64], width: usize| repeated.iter().flat_map(|&r| from[r * width..][..width].to_vec()).collect::<Vec<_>>();
        let built = plain.build::<f64>().expect("a network");
        let (plain_cost, want) = gradient(&built.graph, built.cost, &parameters, &[&lines(&x, 9), &lines(&y, 3)], repeated.len(), 1);
        assert!((cost - plain_cost).abs() <= 1e-12 * plain_cost, "{loss}: {cost}, repeated rows {plain_cost}");
        let size = want.iter().fold(0.0f64, |most, x| most.max(x.abs()));
        for (i, (got, want)) in got.iter().zip(&want).enumerate() {
            assert!((got - want).abs() <= 1e-12 * size, "{loss}, parameter {i}: {got}, repeated rows {want}");
        }
    }
}

/// Rows over several waves of blocks, narrow and wide layers, batches of one row.
fn same_bits<S: Scalar>() {
    for (units, rows) in [(7, 1), (7, 1000), (40, 333), (1200, 200)] {
        let network = Network::inputs(9).dense(units).tanh().dense(3).half_squared_error().weighted().penalty(0.02, 0.3);
        let (parameters, x, y, w) = drawn(&network, rows);
        let narrow = |numbers: &[f64]| numbers.iter().map(|&number| S::from_f64(number)).collect::<Vec<S>>();
        let (parameters, x, y, w) = (narrow(&parameters), narrow(&x), narrow(&y), narrow(&w));
        let built = network.build::<S>().expect("a network");
        let of = |threads| {
            let (cost, gradient) = gradient(&built.graph, built.cost, &parameters, &[&x, &y, &w], rows, threads);
            (cost.to_bits(), gradient.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<_>>())
        };
        let one = of(1);
        assert_eq!(one, of(1), "on repeat");
        for threads in [2, 3, 5] {
            assert!(one == of(threads), "{units} units, {rows} rows, {threads} threads");
        }
        // The penalty's part is the same for every number of rows.
        let plain = Network { terms: Default::default(), ..network.clone() }.weighted().build::<S>().expect("a network");
        let (_, without) = gradient(&plain.graph, plain.cost, &parameters, &[&x, &y, &w], rows, 1);
        let (_, with) = gradient(&built.graph, built.cost, &parameters, &[&x, &y, &w], rows, 1);
        let weights = built.graph.parameters()[0].size();
        for i in (0..weights).step_by(17) {
            let p = parameters[i].to_f64();
            let (got, want) = (with[i].to_f64() - without[i].to_f64(), 0.02 * p.signum() + 0.3 * p);
            let allowed = 1e-6 * (1.0 + without[i].to_f64().abs());
            assert!((got - want).abs() <= allowed, "{units} units, {rows} rows, weight {i}: {got}, expected {want}");
        }
        let bias = weights;
        assert_eq!(with[bias].to_f64().to_bits(), without[bias].to_f64().to_bits(), "a bias costs nothing");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    same_bits::<f64>();
    same_bits::<f32>();
}

#[test]
fn check_calls_a_weight_at_zero_a_kink() {
    let network = Network::inputs(9).dense(4).tanh().dense(3).half_squared_error().weighted();
    let (mut parameters, x, y, w) = drawn(&network, 6);
    parameters[5] = 0.0;
    for (l1, kinks) in [(0.0, 0), (0.1, 1)] {
        let built = network.clone().penalty(l1, 0.2).build::<f64>().expect("a network");
        let data: [&[f64]; 3] = [&x, &y, &w];
        let report = check(&built.graph, built.cost, &parameters, &data, 6, &mut |parameters| {
            gradient(&built.graph, built.cost, parameters, &data, 6, 1).1
        });
        assert!(report.passed(), "{:?}", report.worst());
        let at_kinks: Vec<&str> = report.parameters.iter().filter(|c| c.verdict == Verdict::Kink).map(|c| c.name.as_str()).collect();
        assert_eq!(at_kinks.len(), kinks, "{at_kinks:?}");
        assert!(at_kinks.iter().all(|name| *name == "layer1.weight[0,5]"), "{at_kinks:?}");
    }
}

#[test]
fn explanations_show_weights_and_penalties() {
    let network = Network::inputs(9).dense(4).tanh().dense(3).half_squared_error().weighted().penalty(0.1, 0.2);
    let (parameters, x, y, w) = drawn(&network, 6);
    let built = network.build::<f64>().expect("a network");
    let data: [&[f64]; 3] = [&x, &y, &w];
    let question = Question {
        graph: &built.graph,
        cost: built.cost,
        parameters: &parameters,
        data: &data,
        rows: &[0, 1, 2, 3, 4, 5],
        target: Target::Parameter(3),
        paths: 1000,
    };
    let opened = explain(&question).expect("an explanation");
    assert!(opened.routes.agrees && opened.routes.formulas_agree, "{:?}", opened.routes);
    let (_, gradient) = gradient(&built.graph, built.cost, &parameters, &data, 6, 1);
    assert!(agrees(opened.gradient, gradient[3]), "{} and {}", opened.gradient, gradient[3]);
    // In each row one way through each output, and one straight from the penalty.
    assert_eq!(opened.total_paths.to_string(), "24");
    let formulas: Vec<String> =
        opened.paths.iter().flat_map(|path| &path.factors).filter_map(|f| f.formula.as_ref().map(|f| f.to_string())).collect();
    assert!(formulas.iter().any(|formula| formula == "l1 * sign(w) + l2 * w"), "{formulas:?}");
}

/// Trains with dropout; the parameters after each epoch.
fn trained<S: Scalar>(network: &Network, numbers: [&[f64]; 3], settings: Settings) -> Vec<Vec<u64>> {
    let narrow = |numbers: &[f64]| numbers.iter().map(|&number| S::from_f64(number)).collect::<Vec<S>>();
    let [parameters, x, y] = numbers.map(narrow);
    let rows = x.len() / network.inputs;
    let built = network.build_to_train::<S>().expect("a network");
    let mut all = Vec::new();
    for epochs in 1..=settings.epochs {
        let settings = Settings { epochs, ..settings.clone() };
        let sgd = optimizers::find::<S>("sgd").and_then(|entry| entry.create(&[], parameters.len())).expect("sgd");
        let mut trainer = Trainer::new(&built.graph, built.cost, parameters.clone(), sgd, &[], rows, settings);
        assert_eq!(trainer.run(&[&x, &y], &mut |_| ControlFlow::Continue(())), End::Finished);
        all.push(trainer.parameters().iter().map(|x| x.to_f64().to_bits()).collect());
    }
    all
}

/// The masks of a layer as the definition has them: rows × units.
fn mask(seed: u64, epoch: u64, layer: u32, rows: std::ops::Range<usize>, units: usize, rate: f64) -> Vec<f64> {
    let row = |r: usize| {
        let mut random = Random::mask(seed, epoch, layer, r as u32);
        (0..units).map(move |_| if f64::from(random.next_u32()) < (rate * 2f64.powi(32)).floor() { 0.0 } else { 1.0 / (1.0 - rate) })
    };
    rows.flat_map(row).collect()
}

/// Two layers with dropout whose masks are data.
fn with_masks_as_data() -> (Graph<f64>, NodeId) {
    let mut graph = Graph::new();
    let mut node = || -> Result<NodeId, backlit_engine::GraphError> {
        let op = |name: &str| ops::any(name).expect("an operation");
        let (x, y) = (graph.data("x", 9)?, graph.data("y", 3)?);
        let mut a = x;
        for (l, (units, width)) in [(6, 9), (5, 6)].into_iter().enumerate() {
            let m = graph.data(&format!("m{l}"), units)?;
            let (w, b) = (graph.parameter(&format!("w{l}"), units, width)?, graph.parameter(&format!("b{l}"), 1, units)?);
            let z = graph.operation(&format!("z{l}"), op("affine"), &[a, w, b])?;
            let own = graph.operation(&format!("a{l}"), op("tanh"), &[z])?;
            a = graph.operation(&format!("d{l}"), op("mul"), &[own, m])?;
        }
        let (w, b) = (graph.parameter("w", 3, 5)?, graph.parameter("b", 1, 3)?);
        let z = graph.operation("z", op("affine"), &[a, w, b])?;
        graph.operation("cost", op("half_squared_error"), &[z, y])
    };
    let cost = node().expect("a graph");
    (graph, cost)
}

#[test]
fn dropout_is_a_mask_drawn_by_seed_epoch_layer_and_row() {
    let network = Network::inputs(9).dense(6).tanh().dropout(0.25).dense(5).tanh().dropout(0.5).dense(3).half_squared_error();
    let rows = 70;
    let (start, x, y, _) = drawn(&network, rows);
    let (graph, cost) = with_masks_as_data();
    let (seed, rate) = (9, 0.1);
    for batch in [70, 32, 1] {
        let mut want = start.clone();
        for epoch in 0..3 {
            for first in (0..rows).step_by(batch) {
                let range = first..(first + batch).min(rows);
                let n = range.len();
                let masks = [mask(seed, epoch, 1, range.clone(), 6, 0.25), mask(seed, epoch, 2, range, 5, 0.5)];
                let data: [&[f64]; 4] = [&x[first * 9..][..n * 9], &y[first * 3..][..n * 3], &masks[0], &masks[1]];
                let (_, gradient) = gradient(&graph, cost, &want, &data, n, 1);
                want.iter_mut().zip(gradient).for_each(|(p, g)| *p -= rate * g);
            }
        }
        let settings = Settings { epochs: 3, batch: Some(batch), shuffle: false, seed, learning_rate: rate, threads: 1 };
        let got = trained::<f64>(&network, [&start, &x, &y], settings).pop().expect("three epochs");
        for (i, (got, want)) in got.into_iter().map(f64::from_bits).zip(want).enumerate() {
            assert!((got - want).abs() <= 1e-12, "batches of {batch}, parameter {i}: {got}, masks as data {want}");
        }
    }
}

#[test]
fn dropout_has_the_same_bits_for_any_number_of_threads() {
    let network = Network::inputs(9).dense(70).tanh().dropout(0.25).dense(40).activation("relu").dropout(0.5).dense(3).half_squared_error();
    let (start, x, y, _) = drawn(&network, 333);
    for batch in [None, Some(100)] {
        let settings = |threads| Settings { epochs: 2, batch, shuffle: true, seed: 4, learning_rate: 0.001, threads };
        let one = trained::<f32>(&network, [&start, &x, &y], settings(1));
        for threads in [2, 3, 5] {
            assert!(one == trained::<f32>(&network, [&start, &x, &y], settings(threads)), "{batch:?}, {threads} threads");
        }
        assert!(one != trained::<f32>(&network, [&start, &x, &y], Settings { seed: 5, ..settings(1) }), "another seed");
    }
}

#[test]
fn masks_strike_out_their_share() {
    for rate in [0.1, 0.5, 0.9] {
        let n = 200 * 500;
        let struck = mask(3, 7, 2, 0..200, 500, rate).iter().filter(|&&m| m == 0.0).count() as f64 / f64::from(n);
        assert!((struck - rate).abs() < 5.0 * (rate * (1.0 - rate) / f64::from(n)).sqrt(), "{struck} of {rate}");
    }
    let one = mask(3, 7, 2, 0..4, 50, 0.5);
    for other in [mask(4, 7, 2, 0..4, 50, 0.5), mask(3, 8, 2, 0..4, 50, 0.5), mask(3, 7, 1, 0..4, 50, 0.5), mask(3, 7, 2, 4..8, 50, 0.5)] {
        assert_ne!(one, other);
    }
}

#[test]
fn outside_of_training_nothing_is_struck_out() {
    let network = Network::inputs(9).dense(6).tanh().dropout(0.25).dense(3).half_squared_error();
    let (parameters, x, y, _) = drawn(&network, 20);
    let (plain, masked) = (network.build::<f64>().expect("a network"), network.build_to_train::<f64>().expect("a network"));
    assert!(plain.graph.find("mask1").is_none() && masked.graph.find("mask1").is_some());
    let of = |graph: &Graph<f64>, cost| gradient(graph, cost, &parameters, &[&x, &y], 20, 1);
    assert_eq!(of(&plain.graph, plain.cost), of(&masked.graph, masked.cost));
    let report = check(&masked.graph, masked.cost, &parameters, &[&x, &y], 20, &mut |parameters| {
        gradient(&masked.graph, masked.cost, parameters, &[&x, &y], 20, 1).1
    });
    assert!(report.passed());
}
