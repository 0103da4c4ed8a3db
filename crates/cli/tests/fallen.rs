//! Networks of an ensemble, and folds, that diverge.

mod support;

use serde_json::{Value, json};
use support::{Desk, hash, number, numbers};

/// A straight line, and a last row so far off that whoever trains on it diverges.
fn table() -> String {
    let line = |r: usize| {
        let (a, b) = ((r * 37 % 61) as f64 / 60.0, (r * 53 % 47) as f64 / 46.0);
        format!("{a:.4},{b:.4},{:.4}\n", 2.0 * a - b)
    };
    "a,b,y\n".to_string() + &(0..59).map(line).collect::<String>() + "1e15,1,0\n"
}

const LINE: &str =
    "train t.csv --target y --standardize false --hidden 3 --activation leaky_relu --optimizer sgd --learning-rate 0.01 --epochs 9";

/// Exactly the network that keeps the row aside is left, so the model says of the rows kept aside what that network said.
#[test]
fn the_others_go_on() {
    let desk = Desk::with(&[("t.csv", &table())]);
    for count in [2, 3, 5] {
        let told = desk.fine(&format!("{LINE} --ensemble {count} --out run --json"));
        let document = told.document();
        assert_eq!(document["ensemble"], json!(1));
        let diverged = document["diverged"].as_array().expect("a list").clone();
        assert_eq!(diverged.len(), count - 1, "{document}");
        for one in &diverged {
            told.complains(&[&format!("network {} of {count} diverged at rate 0.01: step {} ", one["network"], one["step"])]);
            assert_eq!(one["learning_rate"], json!(0.01));
            assert!(one["layer"].is_u64() && one["place"].as_str().is_some_and(|place| !place.is_empty()) && one["epoch"] == 1, "{one}");
        }
        assert_eq!((&document["interrupted"], &document["rows"]), (&json!(false), &json!(60)));
        let rows: Vec<usize> = numbers(&document["validation"]["numbers"]).into_iter().map(|row| row as usize).collect();
        assert_eq!((rows.len(), rows.last()), (60 / count, Some(&59)), "{document}");
        assert_eq!(document["validation"]["rows"], json!(rows.len()));
        let outputs = numbers(&desk.json("predict run t.csv")["outputs"]);
        let actual: Vec<f64> =
            table().lines().skip(1).map(|line| line.rsplit(',').next().and_then(|y| y.parse().ok()).expect("y")).collect();
        let absolute = rows.iter().map(|&row| (outputs[row] - actual[row]).abs()).sum::<f64>() / rows.len() as f64;
        let said = number(&document["validation"]["after"]["metrics"]["mae"]);
        assert!((said / absolute - 1.0).abs() < 1e-5, "{said} and {absolute}");
        assert!(document["samples"].as_array().expect("rows").iter().all(|sample| rows.contains(&(number(&sample["row"]) as usize))));
        let page = desk.read("run/report.html");
        assert!(page.contains("Left out of the ensemble: network") && page.contains(&format!("1 of {count} networks, averaged")), "{page}");
        let summary: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
        assert_eq!(summary, document);
        // The same on any number of threads.
        for threads in [1, 2, 4] {
            let again = desk.json(&format!("{LINE} --ensemble {count} --out again --threads {threads}"));
            assert_eq!((hash(&again), &again["diverged"]), (hash(&document), &document["diverged"]));
        }
        let told = desk.fine(&format!("{LINE} --ensemble {count} --out run"));
        told.says(&[&format!("on {} rows, each by a network not trained on it", rows.len())]);
    }
}

/// Of classes, with a temperature and a threshold chosen on the rows of those that are left. Two rows far off of either class: one is wrong.
#[test]
fn classes_too() {
    let line = |r: usize| format!("{},{},g{r},{}\n", (r * 37 % 61) as f64 / 60.0, (r * 53 % 47) as f64 / 46.0, ["no", "yes"][r % 2]);
    let table = "a,b,g,c\n".to_string() + &(0..58).map(line).collect::<String>() + "1e15,1,far,no\n1e15,1,far,yes\n";
    let desk = Desk::with(&[("t.csv", &table)]);
    let line = LINE.replace("--target y", "--target c --split grouped --group g").replace("--learning-rate 0.01", "--learning-rate 1");
    let document = desk.json(&format!("{line} --ensemble 3 --calibrate true --threshold f1 --out run"));
    assert_eq!((&document["ensemble"], document["diverged"].as_array().map(Vec::len)), (&json!(1), Some(2)), "{document}");
    let rows = numbers(&document["validation"]["numbers"]);
    assert!((15..26).contains(&rows.len()) && rows.ends_with(&[58.0, 59.0]), "{document}");
    assert!(number(&document["temperature"]) > 0.0 && document["threshold"].is_f64());
    let page = desk.fine("explain run t.csv --row 1 --parameter layer1.weight[0,0]");
    assert!(!page.out.contains("side by side"), "{}", page.out);
}

#[test]
fn all_of_them_diverge() {
    let desk = Desk::new();
    let told = desk.run("train houses --optimizer sgd --learning-rate 1e300 --epochs 5 --ensemble 3 --out run --json");
    told.expect(4);
    told.complains(&["every network diverged", "network 1 of 3 diverged at rate"]);
    let document = told.document();
    assert_eq!((&document["error"]["code"], &document["divergence"]["network"]), (&json!("diverged"), &json!(1)));
    assert!(document["divergence"]["step"].is_u64() && document["divergence"]["layer"].is_u64(), "{document}");
    assert_eq!(document["model"], json!("run/model.safetensors"));
    hash(&document);
    assert!(numbers(&desk.json("predict run houses")["outputs"]).iter().all(|output| output.is_finite()));
    let summary: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(summary["diverged"].as_array().map(Vec::len), Some(3));
    let again = desk.run("train houses --optimizer sgd --learning-rate 1e300 --epochs 5 --ensemble 3 --threads 3 --out again --json");
    assert_eq!(hash(&again.document()), hash(&document));
}

#[test]
fn a_fold_is_named() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let told = desk.run(&format!("{LINE} --folds 3 --out run --json --threads 1"));
    told.expect(4);
    let document = told.document();
    let place = &document["divergence"];
    let fold = place["fold"].as_u64().expect("a fold");
    told.complains(&[&format!("the training without fold {fold} of 3 diverged at rate 0.01: step {} ", place["step"])]);
    assert!((1..=3).contains(&fold) && place["learning_rate"] == json!(0.01) && place["layer"].is_u64(), "{document}");
    assert!(document.get("model").is_none() && !desk.path("run").exists(), "{document}");
    // A fold beside it that was broken off may leave its checkpoint.
    for threads in [1, 2, 3] {
        let again = desk.run(&format!("{LINE} --folds 3 --out again{threads} --json --threads {threads}"));
        assert_eq!(again.document(), document);
    }
}

/// A run that diverged would do so again: nothing of it can go on, and a new one takes its place.
#[test]
fn nothing_goes_on_from_a_diverged_run() {
    let desk = Desk::new();
    let line = "train houses --optimizer sgd --learning-rate 1e300 --epochs 5 --checkpoint-every 1 --out run";
    for line in [line.to_string(), format!("{line} --ensemble 2")] {
        desk.run(&line).expect(4);
        let left: Vec<_> = desk.everything().into_iter().filter(|path| path.display().to_string().contains("checkpoint")).collect();
        assert!(left.is_empty() && desk.path("run/model.safetensors").exists(), "{left:?}");
        desk.fine("train houses --epochs 1 --out run").complains(&["the model in run will be replaced"]);
    }
}

/// The model of the training before is still there, and nothing stands beside it that is not its own.
#[test]
fn a_fold_that_diverges_leaves_an_older_model_alone() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine("train houses --epochs 1 --out run");
    let (model, summary) = (desk.bytes("run/model.safetensors"), desk.read("run/summary.json"));
    let told = desk.run(&format!("{LINE} --folds 3 --out run"));
    told.expect(4);
    told.complains(&["run holds the model of the training before, as it was"]);
    assert!(desk.bytes("run/model.safetensors") == model && desk.read("run/summary.json") == summary);
    assert!(!desk.path("run/run.toml").exists() && !desk.path("run/run.json").exists());
    desk.run("train --resume run").expect(2);
    desk.fine("train houses --epochs 1 --out run");
}
