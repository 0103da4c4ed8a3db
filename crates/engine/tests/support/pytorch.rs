//! Trainings and gradients held against PyTorch's, whose numbers lie in `golden/`.

#![allow(dead_code)] // each test uses its own part

use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::network::Built;
use backlit_engine::step::Runner;
use backlit_engine::train::{End, Settings, Trainer};
use backlit_engine::{Network, Plan, Scalar, optimizers};
use serde_json::Value;
use std::ops::{ControlFlow, Range};

/// A golden file's text.
pub fn golden(text: &str) -> Value {
    serde_json::from_str(text).expect("a golden file is JSON")
}

/// The numbers of a list.
pub fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

/// A list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// A number.
pub fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Mean cost and gradient, on just so many threads.
pub fn gradient<S: Scalar>(graph: &Graph<S>, cost: NodeId, parameters: &[S], data: &[&[S]], rows: usize, threads: usize) -> (f64, Vec<S>) {
    let plan = Plan::gradient(graph, cost);
    let mut gradient = vec![S::from_f64(f64::NAN); parameters.len()];
    let cost = Runner::on_threads(&plan, rows, threads).gradient(&plan, parameters, data, rows, &mut gradient);
    (cost, gradient)
}

/// Costs or parameters, number by number.
#[track_caller]
pub fn near(got: &[f64], want: &[f64], what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= 1e-10 * want.abs().max(1.0), "{what} {i}: {got}, PyTorch {want}");
    }
}

/// Trains the networks of a golden file's four cases in full batches: first gradient, costs and parameters. `rates`: parts of the
/// parameters with rates of their own
pub fn steps_are_pytorchs(golden: &Value, network: impl Fn() -> Network, rates: impl Fn(&Value, &Built<f64>) -> Vec<(Range<usize>, f64)>) {
    let (x, y, start) = (numbers(&golden["x"]), numbers(&golden["y"]), numbers(&golden["start"]));
    let cases = list(&golden["cases"]);
    assert_eq!(cases.len(), 4);
    for case in cases {
        let name = case["optimizer"].as_str().expect("a name");
        let built = network().penalty(0.0, number(&case["l2"])).build::<f64>().expect("a network");
        let (cost, slopes) = gradient(&built.graph, built.cost, &start, &[&x, &y], y.len(), 1);
        near(&[cost], &numbers(&case["costs"])[..1], name);
        near(&slopes, &numbers(&case["gradient"]), name);
        let options = case["options"].as_object().expect("options");
        let options: Vec<(String, f64)> = options.iter().map(|(name, value)| (name.clone(), number(value))).collect();
        let optimizer = optimizers::find::<f64>(name).and_then(|entry| entry.create(&options, start.len())).expect("an optimizer");
        let settings = Settings {
            epochs: golden["steps"].as_u64().expect("steps"),
            batch: None,
            shuffle: false,
            seed: 0,
            learning_rate: number(&case["rate"]),
            threads: 1,
        };
        let mut trainer =
            Trainer::new(&built.graph, built.cost, start.clone(), optimizer, &[], y.len(), settings).at_rates(rates(case, &built));
        let mut costs = Vec::new();
        let end = trainer.run(&[&x, &y], &mut |moment| {
            costs.push(moment.cost);
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        near(&costs, &numbers(&case["costs"]), name);
        near(trainer.parameters(), &numbers(&case["parameters"]), name);
    }
}

/// The gradient of `rows` rows has the same bits on one to four threads; gives these bits. `drawn`: x, y and parameters
pub fn same_bits<S: Scalar>(network: &Network, rows: usize, drawn: &(Vec<f64>, Vec<f64>, Vec<f64>)) -> Vec<u64> {
    let narrow = |numbers: &[f64]| numbers.iter().map(|&number| S::from_f64(number)).collect::<Vec<S>>();
    let (x, y, parameters) = (narrow(&drawn.0), narrow(&drawn.1), narrow(&drawn.2));
    let built = network.build::<S>().expect("a network");
    let bits = |threads| {
        let (cost, slopes) = gradient(&built.graph, built.cost, &parameters, &[&x, &y], rows, threads);
        (cost.to_bits(), slopes.iter().map(|x| x.to_f64().to_bits()).collect::<Vec<u64>>())
    };
    let one = bits(1);
    (1..=4).for_each(|threads| assert!(bits(threads) == one, "{threads} threads, {}", S::NAME));
    one.1
}
