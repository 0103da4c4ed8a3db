//! From the gradient to the new value: the first step of each optimizer, by PyTorch's rules written down here.

use crate::reading::{evaluate, read};
use crate::support::{Desk, close, number};
use crate::worked::MAZUR;
use serde_json::json;

/// An optimizer's options in TOML, and the first step from parameter, gradient and learning rate.
struct Rule {
    options: &'static str,
    step: fn(f64, f64, f64) -> f64,
}

const RULES: [Rule; 17] = [
    Rule { options: "optimizer = 'sgd'", step: |p, g, rate| p - rate * g },
    Rule { options: "optimizer = 'sgd'\nmomentum = 0.9", step: |p, g, rate| p - rate * g },
    Rule { options: "optimizer = 'sgd'\nmomentum = 0.9\ndampening = 0.2", step: |p, g, rate| p - rate * g },
    Rule { options: "optimizer = 'sgd'\nmomentum = 0.9\nnesterov = true", step: |p, g, rate| p - rate * (g + 0.9 * g) },
    Rule { options: "optimizer = 'sgd'\nweight_decay = 0.1", step: |p, g, rate| p - rate * (g + 0.1 * p) },
    Rule {
        options: "optimizer = 'sgd'\nweight_decay = 0.1\nmomentum = 0.5\nnesterov = true",
        step: |p, g, rate| p - rate * 1.5 * (g + 0.1 * p),
    },
    Rule { options: "optimizer = 'adagrad'", step: |p, g, rate| p - rate * g / (g.abs() + 1e-10) },
    Rule {
        options: "optimizer = 'adagrad'\ninitial_accumulator_value = 0.25\nlr_decay = 0.5\nepsilon = 1e-3",
        step: |p, g, rate| p - rate * g / ((0.25 + g * g).sqrt() + 1e-3),
    },
    Rule { options: "optimizer = 'rmsprop'", step: |p, g, rate| p - rate * g / ((0.01 * g * g).sqrt() + 1e-8) },
    Rule {
        options: "optimizer = 'rmsprop'\nalpha = 0.9\nmomentum = 0.5\nweight_decay = 0.1",
        step: |p, g, rate| {
            let g = g + 0.1 * p;
            p - rate * g / ((0.1 * g * g).sqrt() + 1e-8)
        },
    },
    Rule {
        options: "optimizer = 'rmsprop'\ncentered = true",
        step: |p, g, rate| p - rate * g / ((0.01 * g * g - (0.01 * g).powi(2)).sqrt() + 1e-8),
    },
    Rule { options: "optimizer = 'adam'", step: |p, g, rate| p - rate * g / (g.abs() + 1e-8) },
    Rule { options: "optimizer = 'adam'\nbeta1 = 0.5\nbeta2 = 0.75\nepsilon = 1e-3", step: |p, g, rate| p - rate * g / (g.abs() + 1e-3) },
    Rule {
        options: "optimizer = 'adam'\nweight_decay = 0.1\namsgrad = true",
        step: |p, g, rate| {
            let g = g + 0.1 * p;
            p - rate * g / (g.abs() + 1e-8)
        },
    },
    Rule { options: "optimizer = 'adamw'", step: |p, g, rate| p * (1.0 - rate * 0.01) - rate * g / (g.abs() + 1e-8) },
    Rule { options: "optimizer = 'adamw'\nweight_decay = 0.2", step: |p, g, rate| p * (1.0 - rate * 0.2) - rate * g / (g.abs() + 1e-8) },
    Rule {
        options: "optimizer = 'adamw'\nweight_decay = 0.2\nepsilon = 0.1",
        step: |p, g, rate| p * (1.0 - rate * 0.2) - rate * g / (g.abs() + 0.1),
    },
];

fn run_file(options: &str, rate: f64, epochs: usize) -> String {
    let before = MAZUR.split("[train]").next().expect("a head");
    format!("{before}[train]\n{options}\nlearning_rate = {rate}\nepochs = {epochs}\nbatch = \"full\"\nshuffle = false\n")
}

#[test]
fn the_first_step_by_every_optimizer() {
    let desk = Desk::new();
    for rule in &RULES {
        desk.write("run.toml", run_file(rule.options, 0.05, 1));
        // One epoch of training does this very step.
        let trained = desk.json("train --config run.toml --out run --parameters");
        for (name, at) in [("layer1.weight[0,1]", [0, 1]), ("layer2.weight[1,0]", [1, 0])] {
            let record = desk.json(&format!("explain run.toml --row 0 -p {name}"));
            let update = &record["update"];
            let [old, gradient, new] = [&record["value"], &record["gradient"], &update["new_value"]].map(number);
            let what = format!("{name}: {}: {update}", rule.options);
            assert_eq!((number(&update["old_value"]), &update["frozen"]), (old, &json!(false)), "{what}");
            close(&what, new, (rule.step)(old, gradient, 0.05), 1e-14, 0.0);
            let weights = &trained["parameters"][name.split('[').next().expect("a tensor")];
            close(&what, number(&weights[at[0]][at[1]]), new, 1e-14, 0.0);
            let steps = update["steps"].as_array().expect("steps");
            for step in steps {
                let alone = |name: &str| panic!("{name} stands among the numbers of {step}");
                let printed = evaluate(&read(step["substituted"].as_str().expect("numbers")), &alone);
                close(&format!("{}: {step}", rule.options), printed, number(&step["value"]), 1e-7, 0.0);
                assert!(step["formula"].is_string() && step["meaning"].is_string() && step["symbol"].is_string(), "{step}");
            }
            assert_eq!(number(&steps.last().expect("a last step")["value"]), new, "{what}");
        }
    }
}

#[test]
fn adam_names_its_moments_and_their_correction() {
    let desk = Desk::with(&[("run.toml", &run_file("optimizer = 'adam'\nbeta1 = 0.8\nbeta2 = 0.9", 0.1, 1))]);
    let record = desk.json("explain run.toml --row 0 -p layer2.weight[0,0]");
    let gradient = number(&record["gradient"]);
    let expected = [0.2 * gradient, 0.1 * gradient * gradient, gradient, gradient * gradient];
    for (step, expected) in record["update"]["steps"].as_array().expect("steps").iter().zip(expected) {
        close(&step.to_string(), number(&step["value"]), expected, 1e-14, 0.0);
    }
    desk.fine("explain run.toml --row 0 -p layer2.weight[0,0]").says(&["first moment", "second moment", "corrected", "β₁"]);
}

#[test]
fn an_option_is_called_by_its_name() {
    // weight_decay is one name, not an element `decay` of `weight`.
    let desk = Desk::with(&[("run.toml", &run_file("optimizer = 'sgd'\nweight_decay = 0.1", 0.1, 1))]);
    let update = desk.json("explain run.toml --row 0 -p layer2.weight[0,0]")["update"].to_string();
    assert!(!update.contains("weight[decay]"), "{update}");
}

#[test]
fn a_zero_gradient_still_decays() {
    let text = run_file("optimizer = 'adamw'\nweight_decay = 0.5", 0.1, 1).replace("inputs = [[0.05, 0.10]]", "inputs = [[0.0, 0.10]]");
    let desk = Desk::with(&[("run.toml", &text)]);
    let record = desk.json("explain run.toml --row 0 -p layer1.weight[0,0]");
    assert_eq!(number(&record["gradient"]), 0.0);
    close("decayed", number(&record["update"]["new_value"]), 0.15 * 0.95, 1e-15, 0.0);
}
