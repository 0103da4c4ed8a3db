//! Numbers learned of single columns. Held against PyTorch, whose numbers lie in `golden/` with what wrote them, and against dual numbers.

mod support {
    pub mod pytorch;
}

use backlit_engine::check::{Verdict, check};
use backlit_engine::explain::{Question, Target, explain};
use backlit_engine::network::Built;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::step::Runner;
use backlit_engine::{Network, Plan};
use serde_json::Value;
use support::pytorch::{golden, gradient, number, same_bits};

/// Four columns, of which three have waves, and the code of a category.
fn network() -> Network {
    Network::inputs(5).embed(&[4], 2).numeric(&[0, 2, 3], 5, 3).dense(6).tanh().dense(1).half_squared_error()
}

#[test]
fn steps_are_pytorchs() {
    let rates = |case: &Value, built: &Built<f64>| {
        let parameters = built.graph.parameters();
        let own = |name: &str| parameters.iter().find(|parameter| parameter.name == name).expect("a parameter");
        let embedded = own("numeric.frequency").start..own("layer1.weight").start;
        vec![(embedded, number(&case["rate"]) * number(&case["factor"]))]
    };
    support::pytorch::steps_are_pytorchs(&golden(include_str!("golden/numeric.json")), network, rates);
}

/// Rows of numbers and codes, targets, and parameters.
fn drawn(network: &Network, rows: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let mut random = Random::new(4, Purpose::Check, 0);
    let x = (0..rows * 5).map(|place| if place % 5 == 4 { f64::from(random.below(4)) } else { random.normal() }).collect();
    let y = (0..rows).map(|_| random.normal()).collect();
    let count = network.build::<f64>().expect("a network").graph.parameter_count();
    (x, y, (0..count).map(|_| random.uniform(-0.6, 0.6)).collect())
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let wide = Network::inputs(5).embed(&[4], 2).numeric(&[0, 1, 2, 3, 0], 16, 3).dense(96).tanh().dense(1).half_squared_error();
    for network in [network().penalty(0.01, 0.02), wide] {
        let drawn = drawn(&network, 1500);
        for bits in [same_bits::<f64>(&network, 1500, &drawn), same_bits::<f32>(&network, 1500, &drawn)] {
            assert!(bits.iter().all(|&bits| bits != 0));
        }
    }
}

/// A row's numbers do not depend on what stands beside it: also not on whether another row's waves have turned far.
#[test]
fn a_row_that_is_far_out_changes_no_other() {
    for far in [1e5, 1e9, 1e30] {
        let built = network().build::<f32>().expect("a network");
        let (mut x, y, parameters) = drawn(&network(), 100);
        let outputs = |x: &[f64]| {
            let plan = Plan::forward(&built.graph, built.layers[1].z);
            let narrow = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect::<Vec<f32>>();
            let mut out = vec![0.0; 100];
            Runner::new(&plan, 100, 1).outputs(&plan, &narrow(&parameters), &[&narrow(x), &narrow(&y)], 100, &mut out);
            out.iter().map(|number| number.to_bits()).collect::<Vec<u32>>()
        };
        let before = outputs(&x);
        x[7 * 5] = far;
        let after = outputs(&x);
        assert_ne!(before[7], after[7]);
        assert!((0..100).filter(|&row| row != 7).all(|row| before[row] == after[row]), "{far}");
    }
}

#[test]
fn the_check_agrees_and_sees_what_is_wrong() {
    let network = network().penalty(0.01, 0.02);
    let (x, y, parameters) = drawn(&network, 70);
    let built = network.build::<f64>().expect("a network");
    let data: [&[f64]; 2] = [&x, &y];
    let right = |p: &[f64]| gradient(&built.graph, built.cost, p, &data, 70, 1).1;
    let report = check(&built.graph, built.cost, &parameters, &data, 70, &mut |p: &[f64]| right(p));
    assert_eq!(report.parameters.len(), parameters.len());
    assert!(report.parameters.iter().all(|one| one.verdict == Verdict::Agrees), "{:?}", report.worst());
    for name in ["numeric.frequency[1,2]", "numeric.phase[0,4]", "numeric.weight[8,0]", "numeric.bias[5]"] {
        let place = (0..parameters.len()).find(|&place| built.graph.parameter_name(place) == name).expect("a parameter");
        let report = check(&built.graph, built.cost, &parameters, &data, 70, &mut |p: &[f64]| {
            let mut found = right(p);
            found[place] *= 1.0 + 1e-6;
            found
        });
        let wrong: Vec<&str> = report.parameters.iter().filter(|one| one.verdict != Verdict::Agrees).map(|one| one.name.as_str()).collect();
        assert_eq!(wrong, [name]);
    }
}

/// The chain from a frequency: the cosine's slope, its weight, the weights of the first layer, and so on; three routes agree.
#[test]
fn gradients_of_embeddings_are_opened() {
    let network = network();
    let (x, y, parameters) = drawn(&network, 1);
    let built = network.build::<f64>().expect("a network");
    let data: [&[f64]; 2] = [&x, &y];
    let slopes = gradient(&built.graph, built.cost, &parameters, &data, 1, 1).1;
    for name in ["numeric.frequency[1,2]", "numeric.phase[0,4]", "numeric.weight[8,0]", "numeric.bias[5]"] {
        let place = (0..parameters.len()).find(|&place| built.graph.parameter_name(place) == name).expect("a parameter");
        let question = Question {
            graph: &built.graph,
            cost: built.cost,
            parameters: &parameters,
            data: &data,
            rows: &[0],
            target: Target::Parameter(place),
            paths: 100,
        };
        let opened = explain(&question).expect("an explanation");
        assert!(opened.routes.agrees && opened.routes.formulas_agree, "{name}: {:?}", opened.routes);
        assert!((opened.gradient - slopes[place]).abs() <= 1e-12 * slopes[place].abs(), "{name}: {}", opened.gradient);
    }
    // A column goes into the first layer itself and through its waves.
    let column = Question {
        graph: &built.graph,
        cost: built.cost,
        parameters: &parameters,
        data: &data,
        rows: &[0],
        target: Target::Data { data: 0, column: 2 },
        paths: 10,
    };
    let opened = explain(&column).expect("an explanation");
    let cost = |by: f64| {
        let x: Vec<f64> = x.iter().enumerate().map(|(place, x)| if place == 2 { x + by } else { *x }).collect();
        gradient(&built.graph, built.cost, &parameters, &[&x, &y], 1, 1).0
    };
    assert!(opened.routes.agrees && opened.routes.formulas_agree, "{:?}", opened.routes);
    assert!((opened.gradient - (cost(1e-5) - cost(-1e-5)) / 2e-5).abs() < 1e-8, "{}", opened.gradient);
    // Straight, and each of five waves through three sums: all to each of six units.
    assert_eq!(opened.total_paths.to_string(), (6 * (1 + 5 * 3)).to_string());
}
