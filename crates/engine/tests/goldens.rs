//! Optimizers, activations and losses against PyTorch's numbers, which lie in `golden/` with what wrote them.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::step::Runner;
use backlit_engine::{Plan, ops, optimizers};
use serde_json::Value;

fn golden(text: &str) -> Value {
    serde_json::from_str(text).expect("a golden file is JSON")
}

/// A number, a truth value, or a list of lists of them, row after row.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        Value::Bool(flag) => vec![f64::from(u8::from(*flag))],
        _ => vec![value.as_f64().expect("a number")],
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[test]
fn optimizers_move_as_pytorchs_do() {
    let golden = golden(include_str!("golden/optimizers.json"));
    let (start, gradients) = (numbers(&golden["start"]), list(&golden["gradients"]));
    let cases = list(&golden["cases"]);
    assert_eq!((cases.len(), gradients.len(), start.len()), (18, 60, 7));
    for case in cases {
        let name = text(&case["name"]);
        let entry = optimizers::find::<f64>(name.split(' ').next().unwrap_or(name)).expect("an optimizer of this name");
        let options = case["options"].as_object().expect("options by name");
        // PyTorch's options, renamed by the script, are ours: none more, none less.
        let mut theirs: Vec<&str> = options.keys().map(String::as_str).filter(|name| *name != "learning_rate").collect();
        let mut ours: Vec<&str> = entry.options.iter().map(|option| option.0).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, theirs, "{name}");

        let rate = numbers(&options["learning_rate"])[0];
        let given: Vec<(String, f64)> =
            options.iter().filter(|(name, _)| *name != "learning_rate").map(|(name, value)| (name.clone(), numbers(value)[0])).collect();
        let mut optimizer = entry.create(&given, start.len()).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let (mut old, mut new) = (start.clone(), start.clone());
        let mut compared = 0;
        for (step, gradient) in gradients.iter().enumerate() {
            optimizer.update(rate, &[0..3, 3..7], &numbers(gradient), &old, &mut new);
            std::mem::swap(&mut old, &mut new);
            let Some(after) = case["after"].get((step + 1).to_string()) else { continue };
            for (i, (got, want)) in old.iter().zip(numbers(after)).enumerate() {
                assert!((got - want).abs() <= 1e-12 * want.abs(), "{name}, step {}, parameter {i}: {got}, PyTorch {want}", step + 1);
            }
            compared += 1;
        }
        assert_eq!(compared, 4, "steps 1, 2, 10 and 60 of {name}");
    }
}

#[test]
fn the_defaults_are_pytorchs() {
    let golden = golden(include_str!("golden/optimizers.json"));
    for name in ["sgd", "adagrad", "rmsprop", "adam", "adamw"] {
        let case = list(&golden["cases"]).iter().find(|case| text(&case["name"]) == name).expect("a case with defaults");
        let entry = optimizers::find::<f64>(name).expect("an optimizer");
        for (option, default) in entry.options {
            assert_eq!(numbers(&case["options"][*option]), [*default], "{name}: {option}");
        }
        // The script's rate for sgd is its own choice.
        if name != "sgd" {
            assert_eq!(numbers(&case["options"]["learning_rate"]), [entry.learning_rate], "{name}");
        }
    }
}

/// The golden constants under the names that are typed here.
fn typed(name: &str, parameters: &Value) -> String {
    let constants: Vec<String> = parameters.as_object().expect("constants by name").values().map(|v| v.to_string()).collect();
    if constants.is_empty() { name.to_string() } else { format!("{name}({})", constants.join(", ")) }
}

/// z = x + b: a gradient by b is a gradient by z, and z has the bits of x where b is 0.
fn shifted(graph: &mut Graph<f64>, width: usize) -> NodeId {
    let x = graph.data("x", width).expect("data");
    let w = graph.parameter("w", width, width).expect("a weight");
    let b = graph.parameter("b.bias", 1, width).expect("a bias");
    graph.operation("z", ops::any("affine").expect("affine"), &[x, w, b]).expect("sums")
}

/// The identity, then zeros: the parameters of [`shifted`].
fn unshifted(width: usize) -> Vec<f64> {
    (0..width * width + width).map(|i| if i < width * width && i / width == i % width { 1.0 } else { 0.0 }).collect()
}

/// PyTorch's numbers are good to 2e-15, absolute below 1; ours add a rounding or two.
fn agrees(got: f64, want: f64) -> bool {
    (got - want).abs() <= 5e-15 * want.abs().max(1.0)
}

#[test]
fn activations_are_pytorchs() {
    let golden = golden(include_str!("golden/functions.json"));
    let points = numbers(&golden["points"]);
    let mut compared = 0;
    for case in list(&golden["activations"]) {
        let name = text(&case["name"]);
        // The approximation of gelu by tanh is not offered: ours is the exact one.
        if name == "gelu_tanh" {
            continue;
        }
        let op = ops::activation(&typed(name, &case["parameters"])).expect("an activation of this name");
        let mut graph = Graph::<f64>::new();
        let z = shifted(&mut graph, 1);
        let a = graph.operation("a", op, &[z]).expect("an activation");
        let plan = Plan::gradient(&graph, a);
        let mut all = vec![0.0; points.len()];
        Runner::new(&plan, points.len(), 1).outputs(&plan, &unshifted(1), &[&points], points.len(), &mut all);
        let (values, derivatives) = (numbers(&case["values"]), numbers(&case["derivatives"]));
        let mut runner = Runner::new(&plan, 1, 1);
        for (i, point) in points.iter().enumerate() {
            let mut gradient = [0.0; 2];
            let value = runner.gradient(&plan, &unshifted(1), &[&[*point]], 1, &mut gradient);
            assert_eq!(value, all[i], "{name} at {point}: alone and among others");
            assert!(agrees(value, values[i]), "{name} at {point}: {value}, PyTorch {}", values[i]);
            assert!(agrees(gradient[1], derivatives[i]), "{name}' at {point}: {}, PyTorch {}", gradient[1], derivatives[i]);
        }
        compared += 1;
    }
    assert_eq!(compared, 11, "every activation but linear");
}

#[test]
fn losses_are_pytorchs() {
    let golden = golden(include_str!("golden/functions.json"));
    let mut compared = 0;
    for case in list(&golden["losses"]) {
        let name = text(&case["name"]);
        let width = list(&list(&case["predictions"])[0]).len();
        let (p, mut y) = (numbers(&case["predictions"]), numbers(&case["targets"]));
        let (costs, want) = (numbers(&case["rows"]), numbers(&case["gradient"]));
        let rows = costs.len();
        if name == "cross_entropy_classes" {
            y = y.iter().flat_map(|class| (0..width).map(move |k| f64::from(u8::from(k as f64 == *class)))).collect();
        }
        let known = if name.starts_with("cross_entropy") { "cross_entropy" } else { name };
        let op = ops::loss(&typed(known, &case["parameters"])).expect("a loss of this name");
        let mut graph = Graph::<f64>::new();
        let z = shifted(&mut graph, width);
        let target = graph.data("y", width).expect("data");
        let cost = graph.operation("cost", op, &[z, target]).expect("a loss");
        let plan = Plan::gradient(&graph, cost);
        let mut gradient = vec![0.0; width * width + width];
        let mut runner = Runner::new(&plan, rows, 1);
        let mean = runner.gradient(&plan, &unshifted(width), &[&p, &y], rows, &mut gradient);
        assert!(agrees(mean, numbers(&case["cost"])[0]), "{name}: cost {mean}, PyTorch {}", case["cost"]);
        for k in 0..width {
            let sum: f64 = (0..rows).map(|row| want[row * width + k]).sum();
            assert!(agrees(gradient[width * width + k], sum), "{name}: gradient of all rows by output {k}");
        }
        for row in 0..rows {
            let data = [&p[row * width..][..width], &y[row * width..][..width]];
            let value = runner.gradient(&plan, &unshifted(width), &data, 1, &mut gradient);
            assert!(agrees(value, costs[row]), "{name}, row {row}: {value}, PyTorch {}", costs[row]);
            for k in 0..width {
                // PyTorch's is of the mean over the rows.
                let got = gradient[width * width + k] / rows as f64;
                assert!(agrees(got, want[row * width + k]), "{name}, row {row}, output {k}: {got}, PyTorch {}", want[row * width + k]);
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 9);
}
