//! A measure typed as a formula, through the command line.

mod support;

use serde_json::{Value, json};
use support::{Desk, cells, close, number, numbers};

/// Two inputs and two targets in units far apart, with something that no network finds.
fn table(rows: usize) -> String {
    let row = |row: usize| {
        let (a, b, e) = ((row * 7 % 11) as f64 / 5.0, (row * 5 % 13) as f64 / 6.0, (row * row * 31 % 17) as f64 / 17.0 - 0.5);
        format!("{a},{b},{},{}\n", 100.0 + 20.0 * a - 9.0 * a * b + 30.0 * e, 2.0 + b - 0.5 * e)
    };
    format!("a,b,y,z\n{}", (0..rows).map(row).collect::<String>())
}

const TRAIN: &str = "train table.csv --target y,z --hidden 8 --precision f64";

#[test]
fn a_metric_is_the_mean_of_its_formula_in_the_targets_units() {
    let desk = Desk::with(&[("table.csv", &table(100))]);
    let plain = desk.json(&format!("{TRAIN} --epochs 5 --out plain"));
    assert_eq!(plain.get("metric"), None::<&Value>);
    let line = ["--metric", " abs(a  - y) / y ", "--epochs", "5", "--out", "run", "--json"];
    let words: Vec<&str> = TRAIN.split(' ').chain(line).collect();
    let trained = support::Outcome::of(&mut desk.command(&words));
    trained.expect(0);
    let document = trained.document();
    assert_eq!(document["weights_sha256"], plain["weights_sha256"], "a metric changes no bit of the training");
    assert_eq!(document["metric"]["formula"], "abs(a - y) / y");
    let outputs: Vec<Vec<f64>> = desk.json("predict run table.csv")["outputs"].as_array().expect("rows").iter().map(numbers).collect();
    let truth = cells(&table(100));
    let mean = |rows: &[usize]| {
        let all = rows.iter().flat_map(|&r| (0..2).map(move |k| (r, k)));
        all.map(|(r, k)| (outputs[r][k] - truth[r][2 + k]).abs() / truth[r][2 + k]).sum::<f64>() / (2 * rows.len()) as f64
    };
    let held: Vec<usize> = numbers(&document["validation"]["numbers"]).iter().map(|&row| row as usize).collect();
    let kept: Vec<usize> = (0..100).filter(|row| !held.contains(row)).collect();
    close("of the rows kept aside", number(&document["metric"]["validation"]["after"]), mean(&held), 1e-12, 0.0);
    close("of the rows trained on", number(&document["metric"]["after"]), mean(&kept), 1e-12, 0.0);
    assert!(number(&document["metric"]["before"]) > number(&document["metric"]["after"]));
    let judged = desk.json("evaluate run table.csv");
    assert_eq!(judged["metric"]["formula"], "abs(a - y) / y");
    close("of all rows", number(&judged["metric"]["value"]), mean(&(0..100).collect::<Vec<_>>()), 1e-12, 0.0);
    desk.fine("evaluate run table.csv").says(&["abs(a - y) / y"]);
    // A training that goes on from the model keeps it.
    assert_eq!(desk.json("train table.csv --from run --epochs 1 --out on")["metric"]["formula"], "abs(a - y) / y");
    // Nothing it could be of a row whose target is 0: said, and no error.
    desk.write("zero.csv", "a,b,y,z\n1,1,0,1\n");
    assert_eq!(desk.json("evaluate run zero.csv")["metric"]["value"], Value::Null);
}

/// Which epoch is the best by a metric, as trainings of 1, 2, 3 … epochs tell, which share their steps.
#[test]
fn the_best_epoch_is_the_metrics() {
    let desk = Desk::with(&[("table.csv", &table(60))]);
    let train = |formula: &str, rest: &str| {
        let words: Vec<&str> = TRAIN.split(' ').chain(["--learning-rate", "0.05", "--metric", formula]).chain(rest.split(' ')).collect();
        let trained = support::Outcome::of(&mut desk.command(&words));
        trained.expect(0);
        trained.document()
    };
    // Both want less than the target; of the second more is better.
    for (formula, sign) in [("abs(a - y + 15)", 1.0), ("max: 1 - (a - 0.9 * y)^4 / 1e4", -1.0)] {
        let values: Vec<f64> = (1..=12)
            .map(|epochs| number(&train(formula, &format!("--epochs {epochs} --out one --json"))["metric"]["validation"]["after"]))
            .collect();
        let best = (0..12).rev().min_by(|&i, &j| (sign * values[i]).total_cmp(&(sign * values[j])).then(i.cmp(&j))).expect("epochs");
        let document = train(formula, "--epochs 12 --judge metric --keep best --out run --json");
        assert_eq!(document["best"]["epoch"], json!(best + 1), "{values:?}");
        close("the best", number(&document["best"]["metric"]), values[best], 1e-12, 0.0);
        close("the one kept", number(&document["metric"]["validation"]["after"]), values[best], 1e-12, 0.0);
        let by_cost = train(formula, "--epochs 12 --keep best --out run --json");
        assert_ne!(by_cost["best"]["epoch"], document["best"]["epoch"], "the test shows nothing");
        assert!(by_cost["best"]["cost"].is_number());
        let early = train(formula, "--epochs 500 --judge metric --patience 2 --out run --json");
        assert_eq!(early["stopped_early"], true);
        let same: Vec<Value> = ["1", "2"]
            .iter()
            .map(|n| train(formula, &format!("--epochs 9 --judge metric --keep best --threads {n} --out run --json")))
            .collect();
        assert_eq!(same[0]["weights_sha256"], same[1]["weights_sha256"]);
    }
    // What is no number is never better.
    let document = train("log(0 - abs(a))", "--epochs 50 --judge metric --patience 3 --out run --json");
    assert_eq!((&document["best"], &document["epochs"], &document["stopped_early"]), (&Value::Null, &json!(3), &json!(true)));
}

#[test]
fn of_labels_and_folds_and_what_makes_no_sense() {
    let desk = Desk::with(&[("table.csv", &table(60))]);
    let words = |rest: &[&str]| {
        let words: Vec<&str> =
            ["train", "table.csv", "--target", "y", "--epochs", "2", "--out", "run"].iter().chain(rest).copied().collect();
        support::Outcome::of(&mut desk.command(&words))
    };
    let folds = words(&["--folds", "3", "--metric", "abs(a - y)", "--json"]);
    folds.expect(0);
    let folds = folds.document();
    // The mean absolute error by another name.
    assert_eq!(folds["folds"]["metric"]["formula"], "abs(a - y)");
    close("mean", number(&folds["folds"]["metric"]["mean"]), number(&folds["folds"]["metrics"]["mae"]["mean"]), 1e-12, 0.0);
    close("deviation", number(&folds["folds"]["metric"]["deviation"]), number(&folds["folds"]["metrics"]["mae"]["deviation"]), 1e-9, 0.0);
    let classes: String = (0..60).map(|row| format!("{},{}\n", row % 7, u8::from(row % 7 > 3))).collect();
    desk.write("classes.csv", format!("x,y\n{classes}"));
    let one = ["train", "classes.csv", "--target", "y", "--epochs", "2", "--out", "run", "--metric", "(a - y)^2", "--json"];
    let one = support::Outcome::of(&mut desk.command(&one)).document();
    close("brier", number(&one["metric"]["after"]), number(&one["metrics"]["after"]["brier"]), 1e-12, 0.0);
    for (rest, needle) in [
        (&["--metric", "abs(y)"][..], "no a in it"),
        (&["--metric", "a - x"], "no letter 'x'"),
        (&["--metric", "a +"], "--metric: column 4"),
        (&["--judge", "metric", "--keep", "best"], "there is no metric to judge by"),
        (&["--judge", "metric", "--metric", "a - y"], "nothing listens to the metric"),
        (&["--judge", "fate"], "expected cost or metric, came fate"),
        (&["--judge", "metric", "--metric", "a - y", "--patience", "2", "--schedule", "plateau"], "plateau listens to the cost"),
        (&["--judge", "metric", "--metric", "a - y", "--patience", "2", "--validation", "0"], "rows kept aside"),
    ] {
        let refused = words(rest);
        refused.expect(2);
        refused.complains(&[needle]);
    }
    let data = "[data]\npath = \"table.csv\"\ntarget = \"y\"\n[train]\nepochs = 4\nmetric = \"abs(a - y)^1.5\"\n";
    desk.write("run.toml", format!("{data}judge = \"metric\"\nkeep = \"best\"\n"));
    assert!(desk.json("train --config run.toml --out run")["best"]["metric"].is_number());
    desk.write("wrong.toml", data.replace("abs(a", "abs(b"));
    desk.run("train --config wrong.toml").complains(&["train.metric", "no letter 'b'"]);
}
