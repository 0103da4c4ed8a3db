//! Activations and losses typed as formulas, through every command.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, hash, number, numbers};

/// The words of a line, `'…'` being one.
fn words(line: &str) -> Vec<&str> {
    line.split('\'').enumerate().flat_map(|(k, part)| if k % 2 == 1 { vec![part] } else { part.split_whitespace().collect() }).collect()
}

fn fine(desk: &Desk, line: &str) -> Value {
    let outcome = desk.run_words(&[words(line), vec!["--json"]].concat());
    outcome.expect(0);
    outcome.document()
}

#[test]
fn a_typed_activation_and_loss_train_predict_evaluate_and_check_like_the_built_in_ones() {
    let desk = Desk::new();
    let line = "train houses --precision f64 --hidden 6,4 --epochs 5";
    let built_in = fine(&desk, &format!("{line} --activation silu --out one"));
    let typed = fine(&desk, &format!("{line} --activation 'z  * sigmoid(z)' --loss '0.5 * (a - y)^2' --out two"));
    for at in ["before", "after"] {
        close(at, number(&typed["cost"][at]), number(&built_in["cost"][at]), 1e-9, 0.0);
    }
    let by_built_in = fine(&desk, "predict one houses");
    let by_typed = fine(&desk, "predict two houses");
    for (a, b) in numbers(&by_typed["outputs"]).into_iter().zip(numbers(&by_built_in["outputs"])) {
        close("prediction", a, b, 1e-9, 1.0);
    }
    let evaluated = fine(&desk, "evaluate two houses");
    close("cost", number(&evaluated["cost"]), number(&fine(&desk, "evaluate one houses")["cost"]), 1e-9, 0.0);
    assert_eq!(evaluated["loss"], json!("0.5 * (a - y)^2"));
    assert_eq!(fine(&desk, "check two houses")["passed"], json!(true));
}

#[test]
fn a_run_file_with_formulas_gives_the_same_weights_for_any_number_of_threads() {
    let layer = |units: usize, activation: &str| format!("[[network.layer]]\nunits = {units}\nactivation = \"{activation}\"\n");
    let run = format!(
        "[data]\nbundled = \"houses\"\n[network]\nprecision = \"f64\"\nloss = \"(a - y)^4\"\n{}{}{}[train]\nepochs = 3\nbatch = \"full\"\n",
        layer(40, "max(z, 0.1 * z)"),
        layer(30, "z * tanh(softplus(z))"),
        layer(1, "linear")
    );
    let desk = Desk::with(&[("run.toml", &run)]);
    let hashes: Vec<String> = [1, 2, 3, 8]
        .iter()
        .map(|threads| hash(&fine(&desk, &format!("train --config run.toml --threads {threads} --out on{threads}"))))
        .collect();
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
    assert_eq!(fine(&desk, "check run.toml")["passed"], json!(true));
}

#[test]
fn a_formula_has_a_card_and_points() {
    let desk = Desk::new();
    let card = fine(&desk, "operations 'z * sigmoid(z)' --at 1,2");
    assert_eq!((&card["kind"], &card["formula"]), (&json!("activation"), &json!("z * sigmoid(z)")));
    let built_in = fine(&desk, "operations silu --at 1,2");
    for (typed, built_in) in card["points"].as_array().unwrap().iter().zip(built_in["points"].as_array().unwrap()) {
        for key in ["z", "value", "partial"] {
            close(key, number(&typed[key]), number(&built_in[key]), 1e-15, 0.0);
        }
    }
    let loss = fine(&desk, "operations '(a - y)^4' --at 2,0 --target 1");
    let points: Vec<f64> = loss["points"].as_array().unwrap().iter().flat_map(|p| [number(&p["value"]), number(&p["partial"])]).collect();
    assert_eq!((&loss["kind"], points), (&json!("loss"), vec![1.0, 4.0, 1.0, -4.0]));
    assert_eq!(loss["partials"][0]["formula"], json!("4 * (a - y)^3"));
    let kinked = fine(&desk, "operations 'max(z, 0.1 * z)'");
    assert_eq!(kinked["kinks"][0]["at"], json!("z = 0.1 * z"));
}

#[test]
fn what_is_no_formula_is_refused_with_its_column() {
    let desk = Desk::new();
    for (flag, text, names) in [
        ("activation", "rleu", &["no activation 'rleu'", "relu", "a formula in z"][..]),
        ("activation", "z ** 2", &["column 4"]),
        ("activation", "z * sigmoid(x)", &["column 13", "'x'"]),
        ("activation", "-3", &["no z in it"]),
        ("loss", "(a - z)^2", &["column 6", "'z'"]),
        ("loss", "-y^2", &["no a in it"]),
    ] {
        let told = desk.run_words(&["train", "houses", "--epochs", "1", "--out", "new", &format!("--{flag}"), text]);
        told.expect(2);
        told.complains(names);
        assert!(!desk.path("new").exists());
    }
    desk.write("run.toml", "[data]\nbundled = \"houses\"\n[[network.layer]]\nunits = 1\nactivation = \"z +\"\n");
    let told = desk.run("train --config run.toml --out new --json");
    told.expect(2);
    assert_eq!(told.document()["error"]["key"], json!("network.layer[1].activation"));
    told.complains(&["line 5", "column 4", "the end"]);
}

#[test]
fn a_flat_formula_is_remarked_on() {
    let desk = Desk::new();
    let told = desk.run_words(&["train", "houses", "--epochs", "1", "--out", "run", "--activation", "sign(z)"]);
    told.expect(0);
    told.complains(&["note: the derivative of sign(z) is 0 everywhere"]);
    desk.run("check run houses").complains(&["note: the derivative of sign(z) is 0 everywhere"]);
}

#[test]
fn a_formula_that_loses_digits_is_computed_as_typed_and_the_stable_form_is_named() {
    let desk = Desk::new();
    let line = ["train", "houses", "--epochs", "1", "--out", "run", "--activation", "1 / (1 + exp(-z))"];
    let told = desk.run_words(&line);
    told.expect(0);
    let words = ["note: 1 / (1 + exp(-z)) is computed as it is typed, but", "better write sigmoid(z)"];
    told.complains(&words);
    assert_eq!(told.err.matches("better write").count(), 1, "said once, not for each layer: {}", told.report());
    desk.run("check run houses").complains(&words);
    let points = desk.run_words(&["operations", "1 / (1 + exp(-z))", "--at", "-800", "--json"]);
    points.complains(&words);
    // ∞/∞: what the formula gives, not what the sigmoid would.
    assert_eq!(points.document()["points"][0]["partial"], Value::Null);
    assert!(!desk.run_words(&["operations", "z * sigmoid(z)"]).err.contains("note"));
}
