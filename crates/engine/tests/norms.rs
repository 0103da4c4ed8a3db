//! Norms, skips and layers' own learning rates, held against PyTorch's trainings, which lie in `golden/` with what wrote them.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod pytorch;
}

use backlit_engine::check::{Verdict, check};
use backlit_engine::explain::{Question, Target, explain};
use backlit_engine::network::{Built, Norm};
use backlit_engine::random::{Purpose, Random};
use backlit_engine::step::Runner;
use backlit_engine::train::{End, Settings, Trainer};
use backlit_engine::{Network, Plan, Scalar, optimizers};
use serde_json::Value;
use std::ops::{ControlFlow, Range};
use support::pytorch::{golden, list, near, numbers};

fn number(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

/// A golden case's network.
fn network(case: &Value) -> Network {
    let mut network = Network::inputs(3);
    for layer in list(&case["layers"]) {
        network = network.dense(number(&layer["units"])).activation(layer["activation"].as_str().expect("a name"));
        network = match layer["norm"].as_str() {
            Some("layer") => network.norm(Norm::Layer),
            Some("batch") => network.norm(Norm::Batch).without_bias(),
            _ => network,
        };
        if layer["skip"].is_u64() {
            network = network.skip(number(&layer["skip"]));
        }
    }
    network
}

/// Where the parameters of layers with a rate of their own lie.
fn rates(case: &Value, built: &Built<f64>) -> Vec<(Range<usize>, f64)> {
    let layer = |(l, layer): (usize, &Value)| {
        let own = built.graph.parameters().iter().filter(|parameter| parameter.name.starts_with(&format!("layer{}.", l + 1)));
        let ends: Vec<Range<usize>> = own.map(|parameter| parameter.start..parameter.start + parameter.size()).collect();
        Some((ends.first()?.start..ends.last()?.end, layer["rate"].as_f64()?))
    };
    list(&case["layers"]).iter().enumerate().filter_map(layer).collect()
}

macro_rules! trainings_are_pytorchs {
    ($($test:ident: $name:literal;)*) => {$(
        #[test]
        fn $test() {
            trainings_are_pytorchs($name);
        }
    )*};
}

trainings_are_pytorchs! {
    skips_are_pytorchs: "skips";
    norms_over_layers_are_pytorchs: "layer norm";
    norms_over_batches_are_pytorchs: "batch norm";
    a_norm_of_the_prediction_is_pytorchs: "batch norm of the prediction";
    rates_of_layers_are_pytorchs: "own rates";
    all_together_are_pytorchs: "all";
}

fn trainings_are_pytorchs(name: &str) {
    let golden = golden(include_str!("golden/norms.json"));
    let (x, y) = (numbers(&golden["x"]), numbers(&golden["y"]));
    let rows = x.len() / 3;
    let cases: Vec<&Value> = list(&golden["cases"]).iter().filter(|case| case["name"] == name).collect();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let optimizer = case["optimizer"].as_str().expect("a name");
        let batch = number(&case["batch"]);
        let what = |part: &str| format!("{name}, {optimizer} in batches of {batch}, {part}");
        let (built, shown) = (network(case).build_to_train::<f64>().expect("a network"), network(case).build::<f64>().expect("a network"));
        let parameters = numbers(&case["parameters"]);

        let plan = Plan::gradient(&built.graph, built.cost);
        let mut gradient = vec![f64::NAN; parameters.len()];
        Runner::new(&plan, batch, 1).gradient(&plan, &parameters, &[&x, &y], batch, &mut gradient);
        near(&gradient, &numbers(&case["gradient"]), &what("gradient"));

        let options = [("momentum".to_string(), 0.9), ("dampening".to_string(), 0.25)];
        let (options, learning_rate) = if optimizer == "sgd" { (&options[..], 0.1) } else { (&[][..], 0.05) };
        let moves = optimizers::find::<f64>(optimizer).expect("an optimizer").create(options, parameters.len()).expect("its options");
        let settings =
            Settings { epochs: number(&case["epochs"]) as u64, batch: Some(batch), shuffle: false, seed: 0, learning_rate, threads: 1 };
        let mut trainer = Trainer::new(&built.graph, built.cost, parameters, moves, &[], rows, settings).at_rates(rates(case, &built));
        let mut costs = Vec::new();
        let end = trainer.run(&[&x, &y], &mut |moment| {
            costs.push(moment.cost);
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        near(&costs, &numbers(&case["costs"]), &what("costs"));
        near(trainer.parameters(), &numbers(&case["trained"]), &what("parameters"));

        let plan = Plan::forward(&shown.graph, shown.shown);
        let mut outputs = vec![0.0; rows * 2];
        Runner::new(&plan, rows, 1).outputs(&plan, trainer.parameters(), &[&x, &y], rows, &mut outputs);
        near(&outputs, &numbers(&case["outputs"]), &what("outputs"));
    }
}

#[test]
fn every_parameter_is_checked_and_explained() {
    let golden = golden(include_str!("golden/norms.json"));
    let (x, y) = (numbers(&golden["x"]), numbers(&golden["y"]));
    let data: [&[f64]; 2] = [&x, &y];
    let (rows, all): (usize, Vec<usize>) = (x.len() / 3, (0..x.len() / 3).collect());
    for case in list(&golden["cases"]).iter().step_by(4) {
        let name = case["name"].as_str().expect("a name");
        let built = network(case).build::<f64>().expect("a network");
        let parameters = numbers(&case["trained"]);
        let plan = Plan::gradient(&built.graph, built.cost);
        let mut runner = Runner::new(&plan, rows, 1);
        let mut gradient = |at: &[f64]| {
            let mut gradient = vec![0.0; at.len()];
            runner.gradient(&plan, at, &data, rows, &mut gradient);
            gradient
        };
        let report = check(&built.graph, built.cost, &parameters, &data, rows, &mut gradient);
        assert_eq!(report.parameters.len(), parameters.len());
        for found in &report.parameters {
            assert_eq!(found.verdict, Verdict::Agrees, "{name}, {}: {} and {}", found.name, found.gradient, found.independent);
        }
        for target in (0..parameters.len()).map(Target::Parameter).chain([Target::Data { data: 0, column: 1 }]) {
            for rows in [&all[..1], &all] {
                let question =
                    Question { graph: &built.graph, cost: built.cost, parameters: &parameters, data: &data, rows, target, paths: 200 };
                let opened = explain(&question).expect("an explanation");
                assert!(opened.routes.agrees, "{name}, {target:?}: {:?}", opened.routes);
                assert!(rows.len() > 1 || opened.paths.iter().flat_map(|path| &path.factors).all(|factor| factor.formula.is_some()));
            }
        }
    }
}

/// A network with everything, which is worth threads; rows and targets for it.
fn large<S: Scalar>(norm: Norm) -> (Built<S>, Vec<S>, Vec<S>, Vec<S>) {
    const ROWS: usize = 3001;
    let network = Network::inputs(20).dense(40).tanh().norm(norm).dense(40).relu().norm(Norm::Layer).skip(1).dropout(0.25);
    let network = network.dense(40).tanh().skip(1).dense(3).half_squared_error();
    let built = network.build_to_train::<S>().expect("a network");
    let mut random = Random::new(9, Purpose::Check, 0);
    let mut some = |count: usize, least: f64| -> Vec<S> { (0..count).map(|_| S::from_f64(random.uniform(least, 1.0))).collect() };
    let mut parameters = some(built.graph.parameter_count(), -1.0);
    for parameter in built.graph.parameters().iter().filter(|parameter| parameter.name.contains("running")) {
        parameters[parameter.start..][..parameter.size()].fill(S::ONE);
    }
    let (x, y) = (some(ROWS * 20, -1.0), some(ROWS * 3, -1.0));
    (built, parameters, x, y)
}

fn trained<S: Scalar>(norm: Norm, batch: usize, threads: usize, own: bool) -> Vec<S> {
    let (built, parameters, x, y) = large::<S>(norm);
    let moves = optimizers::find::<S>("adam").expect("an optimizer").create(&[], parameters.len()).expect("no options");
    let settings = Settings { epochs: 2, batch: Some(batch), shuffle: true, seed: 4, learning_rate: 0.01, threads };
    let count = parameters.len();
    let mut trainer = Trainer::new(&built.graph, built.cost, parameters, moves, &[7..9, 20..21], y.len() / 3, settings);
    if own {
        trainer = trainer.at_rates(vec![(3..100, 0.01), (100..101, 0.01), (count - 5..count, 0.01)]);
    }
    assert_eq!(trainer.run(&[&x, &y], &mut |_| ControlFlow::Continue(())), End::Finished);
    trainer.parameters().to_vec()
}

#[test]
fn the_bits_are_the_same_for_any_number_of_threads() {
    fn bits<S: Scalar>() {
        for (norm, batch) in [(Norm::Layer, 3001), (Norm::Layer, 1000), (Norm::Batch, 1000)] {
            let one = trained::<S>(norm, batch, 1, false);
            for (threads, own) in [(1, true), (2, false), (3, true), (8, false)] {
                assert!(trained::<S>(norm, batch, threads, own) == one, "{norm:?}, {threads} threads, rates of their own: {own}");
            }
        }
    }
    bits::<f32>();
    bits::<f64>();
}

#[test]
fn skips_and_norms_that_cannot_be_are_refused() {
    let refusal = |network: Network| network.half_squared_error().build::<f64>().err().expect("a refusal").to_string();
    let skipping = |from: usize| Network::inputs(3).dense(4).tanh().dense(4).tanh().skip(from).dense(1);
    assert!(skipping(1).half_squared_error().build::<f64>().is_ok());
    assert!(refusal(skipping(0)).contains("node 's2': add expected a: rows × n, b: rows × n; given a2: rows × 4, x: rows × 3"));
    assert!(refusal(skipping(2)).contains("node 's2': expected a layer from 0 to 1, came 2"));
}
