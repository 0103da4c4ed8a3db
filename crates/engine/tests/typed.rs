//! Activations and losses typed as formulas: what is asked of every operation, and that they are the built-in ones where
//! the formula is the same.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod card_checks;
    pub mod cases;
    pub mod checks;
    pub mod faults;
    pub mod probe;
    pub mod stream;
}

use backlit_engine::check::{Verdict, check};
use backlit_engine::op::{About, Kind, Op};
use backlit_engine::ops::{activation, any, loss, table};
use backlit_engine::step::Runner;
use backlit_engine::train::{End, Settings, Trainer};
use backlit_engine::{Network, Plan, Scalar, optimizers};
use std::ops::ControlFlow;
use std::sync::Arc;
use support::card_checks as card;
use support::cases::{Case, cases_of};
use support::checks;
use support::faults::{Fault, faulty};
use support::probe::instances;
use support::stream::{Stream, unit};

const ACTIVATIONS: [&str; 11] = [
    "z * sigmoid(z)",
    "z * normal_cdf(z)",
    "softplus(z)",
    "log(1 + exp(z))",
    "max(z, 0.1 * z)",
    "1 / (1 + exp(-z))",
    "z * tanh(softplus(z))",
    "where(z > 0, z, 0.5 * (exp(z) - 1))",
    "min(1, max(0, z / 6 + 0.5))",
    "z^3 - 2 * (1 + z^2)^-2 + abs(z - 1) * cosh(z)^0.5",
    "z",
];

const LOSSES: [&str; 7] = [
    "(a - y)^4",
    "abs(a - y)",
    "log(cosh(a - y))",
    "where(abs(a - y) <= 1, (a - y)^2 / 2, abs(a - y) - 0.5)",
    "softplus(a) - y * a",
    "max(0.9 * (y - a), -0.1 * (y - a))",
    "sqrt(1 + (a - y)^2) - 1",
];

fn activations<S: Scalar>() -> Vec<Arc<dyn Op<S>>> {
    ACTIVATIONS.iter().map(|text| activation(text).expect(text)).collect()
}

fn losses<S: Scalar>() -> Vec<Arc<dyn Op<S>>> {
    LOSSES.iter().map(|text| loss(text).expect(text)).collect()
}

fn all<S: Scalar>() -> Vec<Arc<dyn Op<S>>> {
    activations().into_iter().chain(losses()).collect()
}

fn every_check<S: Scalar>() -> Vec<String> {
    let by_case = [
        checks::agrees_with_plain,
        checks::writes_what_it_declares,
        checks::adds_and_never_overwrites,
        checks::is_linear_in_upstream,
        checks::value_does_not_depend_on_keeping,
        checks::lets_nan_through,
    ];
    let mut wrong = Vec::new();
    for op in all::<S>() {
        for case in cases_of(&op) {
            wrong.extend(by_case.iter().filter_map(|check| check(&case).err()));
        }
        wrong.extend([card::formula_is_what_is_computed(&op), card::refusals_say_the_rule(&op)].into_iter().filter_map(Result::err));
    }
    wrong
}

#[test]
fn typed_operations_do_what_every_operation_must() {
    let wrong = [every_check::<f64>(), every_check::<f32>()].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for fault in [Fault::SlopeTooSteep, Fault::LeaksIntoOtherRow] {
        let op = faulty(activation::<f64>(ACTIVATIONS[0]).unwrap(), fault);
        assert!(cases_of(&op).iter().any(|case| checks::agrees_with_plain(case).is_err()), "{fault:?} passed");
    }
}

/// A card's formula with its constants put in, and the prediction called a: what a person would type.
fn as_typed(about: &About, constants: &[f64]) -> String {
    let mut text = about.formula.to_string();
    for (constant, value) in about.constants.iter().zip(constants) {
        text = renamed(&text, constant.name, &format!("({value:?})"));
    }
    if about.kind == Kind::PointwiseLoss { renamed(&text, about.partials[0].by, "a") } else { text }
}

fn renamed(text: &str, name: &str, to: &str) -> String {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        out += if &rest[..end] == name { to } else { &rest[..end] };
        let after = rest[end..].find(is_name).map_or(rest.len(), |n| end + n);
        out += &rest[end..after];
        rest = &rest[after..];
    }
    out
}

/// Value and partial of every built-in with a formula, beside the same formula typed.
fn beside_built_in<S: Scalar>() {
    let mut compared = 0;
    for entry in table::<S>().iter().filter(|entry| matches!(entry.about.kind, Kind::Activation | Kind::PointwiseLoss)) {
        for constants in instances(entry.about) {
            let text = as_typed(entry.about, &constants);
            let built_in = (entry.make)(&constants);
            let typed: Arc<dyn Op<S>> = any(&text).unwrap_or_else(|error| panic!("{error}"));
            let stream = &mut Stream::new(7);
            for _ in 0..300 {
                let low = if entry.about.name == "poisson" { 0.1 } else { -4.0 };
                let (a, y) = (stream.between(low, 4.0), stream.between(0.0, 1.0));
                let inputs: &[&[f64]] = if entry.about.kind == Kind::Activation { &[&[a]] } else { &[&[a], &[y]] };
                let (want, want_slope) = Case::row(&built_in, inputs).value_and_partial();
                let (got, got_slope) = Case::row(&typed, inputs).value_and_partial();
                for (got, want) in [(got[0], want[0]), (got_slope[0], want_slope[0])] {
                    let ulps = (got - want).abs() / (unit::<S>() * want.abs().max(0.25));
                    assert!(ulps <= 6.0, "{text} at {a}, {y} ({}): {got}, built in {want}: {ulps} ulp", S::NAME);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000);
}

#[test]
fn typed_forms_of_the_built_ins_are_the_built_ins() {
    beside_built_in::<f64>();
    beside_built_in::<f32>();
}

struct Run {
    costs: Vec<f64>,
    parameters: Vec<u64>,
}

/// A few epochs from the same start.
fn train<S: Scalar>(network: &Network, rows: usize, batch: Option<usize>, threads: usize) -> Run {
    let built = network.build::<S>().unwrap_or_else(|error| panic!("{error}"));
    let stream = &mut Stream::new(3);
    let mut numbers = |n: usize, scale: f64| -> Vec<S> { (0..n).map(|_| S::from_f64(stream.between(-scale, scale))).collect() };
    let (x, y) = (numbers(rows * network.inputs, 1.0), numbers(rows * network.outputs(), 1.0));
    let start = numbers(built.graph.parameter_count(), 0.3);
    let optimizer = optimizers::find::<S>("adam").and_then(|adam| adam.create(&[], start.len())).expect("adam");
    let settings = Settings { epochs: 25, batch, shuffle: true, seed: 1, learning_rate: 0.01, threads };
    let mut trainer = Trainer::new(&built.graph, built.cost, start, optimizer, &[], rows, settings);
    let mut costs = Vec::new();
    let end = trainer.run(&[&x, &y], &mut |moment| {
        costs.push(moment.cost);
        ControlFlow::Continue(())
    });
    assert_eq!(end, End::Finished);
    Run { costs, parameters: trainer.parameters().iter().map(|p| p.to_f64().to_bits()).collect() }
}

#[test]
fn typed_networks_train_to_the_same_costs_as_built_in_ones() {
    let net = |activation: &str, loss: &str| {
        Network::inputs(5).dense(37).activation(activation).dense(4).activation(activation).dense(2).loss(loss)
    };
    for (activation, typed, loss, typed_loss) in [
        ("silu", "z * sigmoid(z)", "half_squared_error", "(a - y)^2 / 2"),
        ("gelu", "z * normal_cdf(z)", "squared_error", "(a - y) * (a - y)"),
        ("tanh", "tanh(z)", "log_cosh", "log(cosh(a - y))"),
        ("softplus", "log(1 + exp(z))", "huber(0.5)", "where(abs(a - y) <= 0.5, (a - y)^2 / 2, 0.5 * (abs(a - y) - 0.25))"),
        ("sigmoid", "1 / (1 + exp(-z))", "half_squared_error", "0.5 * (y - a)^2"),
        ("leaky_relu(0.1)", "max(z, 0.1 * z)", "half_squared_error", "(a - y)^2 / 2"),
    ] {
        let (built_in, by_hand) = (train::<f64>(&net(activation, loss), 150, None, 1), train::<f64>(&net(typed, typed_loss), 150, None, 1));
        assert!(built_in.costs.last() < built_in.costs.first(), "{activation}: nothing is learned");
        assert_eq!(built_in.costs.len(), by_hand.costs.len());
        for (step, (want, got)) in built_in.costs.iter().zip(&by_hand.costs).enumerate() {
            assert!((got - want).abs() <= 1e-9 * want.abs(), "{typed}, {typed_loss}, step {step}: {got}, built in {want}");
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let network = Network::inputs(30).dense(33).activation("z * tanh(softplus(z))").dense(40).activation("max(z, z^3)").dense(3);
    let network = network.loss("(a - y)^4 + abs(a - y)");
    let one = train::<f64>(&network, 500, Some(200), 1).parameters;
    let single = train::<f32>(&network, 500, Some(200), 1).parameters;
    for threads in [2, 3, 8] {
        assert_eq!(train::<f64>(&network, 500, Some(200), threads).parameters, one, "{threads} threads");
        assert_eq!(train::<f32>(&network, 500, Some(200), threads).parameters, single, "{threads} threads, f32");
    }
}

#[test]
fn the_check_passes_and_sees_kinks() {
    let rows = 20;
    let check_of = |activation: &str, loss: &str, x: &[f64]| {
        let network = Network::inputs(3).dense(4).activation(activation).dense(2).loss(loss);
        let built = network.build::<f64>().expect("a network");
        let stream = &mut Stream::new(5);
        let parameters: Vec<f64> = (0..built.graph.parameter_count()).map(|_| stream.between(-1.0, 1.0)).collect();
        let y: Vec<f64> = (0..rows * 2).map(|_| stream.between(-1.0, 1.0)).collect();
        let plan = Plan::gradient(&built.graph, built.cost);
        let mut runner = Runner::new(&plan, rows, 1);
        check(&built.graph, built.cost, &parameters, &[x, &y], rows, &mut |parameters| {
            let mut gradient = vec![0.0; parameters.len()];
            runner.gradient(&plan, parameters, &[x, &y], rows, &mut gradient);
            gradient
        })
    };
    let stream = &mut Stream::new(9);
    let x: Vec<f64> = (0..rows * 3).map(|_| stream.between(-2.0, 2.0)).collect();
    for text in ACTIVATIONS {
        for loss in LOSSES {
            let report = check_of(text, loss, &x);
            assert!(report.passed(), "{text} with {loss}: {:?}", report.worst());
        }
    }
    let kinks = |activation: &str, loss: &str| {
        let report = check_of(activation, loss, &vec![0.0; rows * 3]);
        report.parameters.iter().filter(|p| p.verdict == Verdict::Kink).count()
    };
    assert!(report_is_flat(&check_of("z^2 - z^2", "(a - y)^2", &x)), "a derivative that cancels is 0");
    assert_eq!(kinks("z^2", "(a - y)^2"), 0);
    assert!(kinks("max(z, 2 * z) + 0 * abs(z - z)", "(a - y)^2") == 0, "biases lie off the kink");
}

/// Whether the first layer's gradient is 0 and agrees.
fn report_is_flat(report: &backlit_engine::check::Report) -> bool {
    let first = report.parameters.iter().filter(|p| p.name.starts_with("layer1"));
    report.passed() && first.clone().count() > 0 && first.clone().all(|p| p.gradient == 0.0)
}

fn refusal<T>(result: Result<T, String>) -> String {
    result.err().expect("a refusal")
}

#[test]
fn names_stay_names() {
    for (text, name) in [("relu", "relu"), (" tanh ", "tanh"), ("leaky_relu(0.2)", "leaky_relu"), ("softplus()", "softplus")] {
        assert_eq!(activation::<f64>(text).unwrap().about().name, name);
    }
    for (text, name) in [("tanh(z)", "tanh(z)"), ("  z  *\n sigmoid(z)", "z * sigmoid(z)"), ("tanh(0.5 * z)", "tanh(0.5 * z)"), ("z", "z")]
    {
        let op = activation::<f64>(text).unwrap();
        assert_eq!((op.about().name, op.about().formula, op.about().kind), (name, name, Kind::Activation));
    }
    assert_eq!(loss::<f64>("huber(2)").unwrap().about().name, "huber");
    assert_eq!(loss::<f64>("(a - y)^4").unwrap().about().partials[0].formula, "4 * (a - y)^3");
    assert_eq!(any::<f64>("(a-y)^2").unwrap().about().kind, Kind::PointwiseLoss);
    assert_eq!(any::<f64>("2*z").unwrap().about().kind, Kind::Activation);
    // The same text is compiled once.
    assert!(std::ptr::eq(activation::<f64>("z * 3").unwrap().about(), activation::<f32>("z  *  3").unwrap().about()));
}

#[test]
fn refusals_say_what_is_wrong_and_where() {
    for (text, words) in [
        ("rleu", &["no activation 'rleu'", "relu", "hard_sigmoid", "a formula in z"][..]),
        ("rleu(0.2)", &["no activation 'rleu'"]),
        ("huber", &["no activation 'huber'"]),
        ("", &["no activation ''"]),
        ("z ** 2", &["'z ** 2'", "column 4", "came '*'"]),
        ("z * sigmoid(x)", &["column 13", "no letter 'x'", "a formula in z"]),
        ("a * 2", &["column 1", "no letter 'a'"]),
        ("z + rleu(z)", &["column 5", "no function 'rleu'", "sigmoid"]),
        ("leaky_relu(0.2) * z", &["column 1", "no function 'leaky_relu'"]),
        ("(z", &["column 3", "expected ')'"]),
        ("3", &["no z in it"]),
        ("exp(2) + pi", &["no z in it"]),
        ("max(1, 2)", &["no z in it"]),
        ("leaky_relu(-1)", &["alpha must be between"]),
        ("z\u{1b}[31m", &["column 2", "\\u{1b}"]),
    ] {
        let message = refusal(activation::<f64>(text));
        assert!(words.iter().all(|words| message.contains(words)), "{text}: {message}");
        assert!(!message.contains('\u{1b}') && message.len() < 500, "{message}");
    }
    for (text, words) in [
        ("mse", &["no loss 'mse'", "huber", "a formula in a and y"][..]),
        ("relu", &["no loss 'relu'"]),
        ("(z - y)^2", &["column 2", "no letter 'z'", "a and y"]),
        ("y^2", &["no a in it"]),
        ("(a - y^2", &["column 9"]),
    ] {
        let message = refusal(loss::<f64>(text));
        assert!(words.iter().all(|words| message.contains(words)), "{text}: {message}");
    }
    for text in ["z".repeat(1_000_000), "(".repeat(990), "z+".repeat(499) + "q", "z+".repeat(600), format!("{}z", "-".repeat(900))] {
        let message = refusal(activation::<f64>(&text));
        assert!(message.len() < 400, "{message}");
    }
}

/// The worst that fits: nothing overflows the stack, and it takes no more than a moment.
#[test]
fn the_largest_formulas_are_borne_or_refused() {
    let many = |part: &str, join: &str| vec![part; (1000 + join.len()) / (part.len() + join.len())].join(join);
    let nested = |open: &str, close: &str| format!("{}z{}", open.repeat(150), close.repeat(150));
    for text in [many("z", "*"), many("z", "/"), many("z", "+"), many("-z", "-"), nested("abs(", ")"), nested("(1+", ")"), many("z^z", "*")]
    {
        assert!(text.len() <= 1000);
        if let Err(message) = activation::<f64>(&text) {
            assert!(message.contains("more than 128 intermediate results"), "{text}: {message}");
        }
    }
    let sum: Vec<String> = (2..185).map(|base| format!("{base}^z")).collect();
    assert!(refusal(activation::<f64>(&sum.join("+"))).contains("more than 128 intermediate results"));
}
