//! Recipes, ensembles and calibrated probabilities as typed: what is chosen, what stays, what the model says.

mod support;

use serde_json::{Value, json};
use std::fmt::Write;
use support::{Desk, close, hash, number, numbers};

/// What the model file says.
fn metadata(desk: &Desk, model: &str) -> Value {
    let bytes = desk.bytes(&format!("{model}/model.safetensors"));
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    serde_json::from_str(header["__metadata__"]["backlit"].as_str().expect("the description")).expect("JSON")
}

/// A number from 0 to 1, as good as drawn.
fn drawn(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)) as f64 / u64::MAX as f64
}

/// Rows of four numbers, with a target made from them and a number of its own by chance.
fn table(rows: u64, target: impl Fn(&[f64], f64) -> String) -> String {
    let mut text = "a,b,c,d,y\n".to_string();
    for row in 0..rows {
        let x: Vec<f64> = (0..4).map(|k| 2.0 * drawn(5 * row + k) - 1.0).collect();
        let _ = writeln!(text, "{},{},{},{},{}", x[0], x[1], x[2], x[3], target(&x, drawn(5 * row + 4)));
    }
    text
}

fn words(rows: u64) -> String {
    table(rows, |x, chance| if chance < 1.0 / (1.0 + (-3.0 * x[0] - 2.0 * x[1]).exp()) { "yes".into() } else { "no".into() })
}

/// The outputs of `predict`, row by row, without the first column where it holds words.
fn predicted(desk: &Desk, model: &str, data: &str) -> Vec<f64> {
    let text = desk.fine(&format!("predict {model} {data}")).out;
    text.lines().skip(1).flat_map(|line| line.split(',').filter_map(|cell| cell.parse().ok()).collect::<Vec<f64>>()).collect()
}

#[test]
fn plain_is_what_it_was() {
    let desk = Desk::new();
    let line = "train houses --epochs 5";
    let plain = desk.json(&format!("{line} --recipe plain --out plain"));
    // The textbook's choices, all typed.
    let typed = "--recipe plain --hidden 64,32 --activation relu --optimizer adam --learning-rate 0.001 --batch 32 --ensemble 1";
    assert_eq!(hash(&plain), hash(&desk.json(&format!("{line} {typed} --out typed"))));
    assert_eq!((&plain["recipe"], &plain["ensemble"], &plain["temperature"]), (&Value::Null, &Value::Null, &Value::Null));
    let training = &metadata(&desk, "plain")["training"];
    assert!(["recipe", "ensemble", "temperature"].iter().all(|key| training.get(key).is_none()), "{training}");
}

#[test]
fn the_tuned_recipe_says_what_it_did_and_reproduces() {
    let desk = Desk::with(&[("words.csv", &words(300))]);
    let line = "train words.csv --target y --recipe tuned --epochs 12";
    let told = desk.fine(&format!("{line} --out told"));
    told.says(&["tuned ", "adamw", "coslog4", "calibrated", "seed 0", "each by a network not trained on it"]);
    let one = desk.json(&format!("{line} --out one --threads 1"));
    let two = desk.json(&format!("{line} --out two --threads 2"));
    assert_eq!(hash(&one), hash(&two));
    assert_ne!(hash(&one), hash(&desk.json(&format!("{line} --out other --seed 1"))));
    let why = one["recipe"]["why"].as_array().expect("lines");
    assert!((1..=5).contains(&why.len()), "{why:?}");
    let about = metadata(&desk, "one");
    assert_eq!((&about["training"]["recipe"], &about["training"]["ensemble"]), (&json!("tuned"), &one["ensemble"]));
    assert_eq!((number(&one["rows"]), number(&one["validation"]["rows"])), (300.0, 300.0));
    desk.write("run.toml", "[data]\npath = \"words.csv\"\ntarget = [\"y\"]\n[train]\nrecipe = \"tuned\"\nepochs = 12\n");
    assert_eq!(hash(&one), hash(&desk.json("train --config run.toml --out file")));
    for command in ["evaluate one words.csv", "check one words.csv --row 3", "explain one words.csv --row 0 --parameter x[a]"] {
        desk.fine(command);
    }
}

/// Nothing but a table and a target: the tuned recipe. Worked examples, written layers and a training that goes on are plain.
#[test]
fn who_says_nothing_gets_the_tuned_recipe() {
    let desk = Desk::with(&[("words.csv", &words(120))]).typed();
    let line = "train words.csv --target y --epochs 2";
    let document = desk.json(&format!("{line} --out run"));
    assert_eq!((&document["recipe"]["name"], &document["ensemble"]), (&json!("tuned"), &json!(8)));
    assert_eq!(hash(&document), hash(&desk.json(&format!("{line} --recipe tuned --out typed"))));
    assert_eq!(metadata(&desk, "run")["input_scaler"]["scaling"], json!("robust"));
    assert_eq!(hash(&document), hash(&desk.json(&format!("{line} --checkpoint-every 5 --out kept"))));
    // What has no place in an ensemble trains one network, and nothing is calibrated where no rows are kept aside.
    for (alone, calibrated) in [
        ("--norm layer", true),
        ("--skip --hidden 4,4", true),
        ("--split time", true),
        ("--validation 0.25", true),
        ("--validation 0", false),
    ] {
        let document = desk.json(&format!("{line} {alone} --out alone"));
        assert_eq!((&document["recipe"]["name"], &document["ensemble"]), (&json!("tuned"), &Value::Null), "{alone}");
        assert_eq!(document["temperature"].is_f64(), calibrated, "{alone}");
    }
    desk.write("layers.toml", "[data]\npath = \"words.csv\"\ntarget = [\"y\"]\n[[network.layer]]\nunits = 3\nactivation = \"tanh\"\n[[network.layer]]\nunits = 1\nactivation = \"linear\"\n");
    for plain in ["train --config layers.toml --epochs 2", "train words.csv --from alone --epochs 1"] {
        assert_eq!(desk.json(&format!("{plain} --out plain"))["recipe"], Value::Null, "{plain}");
    }
}

#[test]
fn what_is_typed_stays() {
    let desk = Desk::with(&[("words.csv", &words(120))]);
    let typed = "--hidden 7 --activation tanh --optimizer sgd --learning-rate 0.05 --batch 16 --epochs 4 --schedule cosine --keep last";
    let line = format!("train words.csv --target y --recipe tuned {typed} --calibrate false --validation 0.25");
    let document = desk.json(&format!("{line} --out typed"));
    let about = metadata(&desk, "typed");
    let training = &about["training"];
    assert_eq!((&training["optimizer"], number(&training["learning_rate"]), number(&training["batch"])), (&json!("sgd"), 0.05, 16.0));
    assert_eq!(training["course"], json!({ "schedule": "cosine(least=0)", "keep": "last" }));
    assert_eq!((number(&about["network"]["layers"][0]["units"]), &about["network"]["layers"][0]["activation"]), (7.0, &json!("tanh")));
    assert_eq!(
        (number(&document["validation"]["rows"]), &document["temperature"], &document["ensemble"]),
        (30.0, &Value::Null, &Value::Null)
    );
    // An option beside the recipe's own.
    desk.fine("train words.csv --target y --recipe tuned --epochs 2 --ensemble 2 --option weight_decay=0.25 --out option");
    let options = &metadata(&desk, "option")["training"]["options"];
    assert_eq!((number(&options["weight_decay"]), number(&options["beta2"])), (0.25, 0.95));
    // One activation for layers of the recipe's widths.
    desk.fine("train words.csv --target y --recipe tuned --epochs 2 --ensemble 1 --activation relu --out relu");
    assert!(metadata(&desk, "relu")["network"]["layers"].as_array().is_some_and(|layers| layers.len() == 3));
    desk.fine("train words.csv --target y --recipe tuned --epochs 2 --folds 3 --out folds");
    assert!(metadata(&desk, "folds")["training"]["temperature"].is_f64());
}

/// The mean of networks trained one by one on the same rows is what their ensemble says.
#[test]
fn an_ensemble_is_the_mean_of_its_networks() {
    let desk = Desk::with(&[("numbers.csv", &table(90, |x, chance| (x[0] * x[1] + x[2] + 0.1 * chance).to_string()))]);
    let line = "train numbers.csv --target y --hidden 6,5 --epochs 9 --ensemble 3 --precision f64 --out three --parameters";
    let document = desk.json(line);
    let whole = predicted(&desk, "three", "numbers.csv");
    let parameters = &document["parameters"];
    let width = [4, 6, 5];
    let of = |name: &str| numbers(&parameters[name]);
    let (w1, b1, w2, b2, w3, b3) =
        (of("layer1.weight"), of("layer1.bias"), of("layer2.weight"), of("layer2.bias"), of("layer3.weight"), of("layer3.bias"));
    // Each unit of the second layer has weights from its own network's first layer alone.
    assert_eq!((w1.len(), w2.len(), w3.len()), (18 * 4, 15 * 6, 15));
    let scaler = metadata(&desk, "three");
    let (x_mean, x_scale) = (numbers(&scaler["input_scaler"]["mean"]), numbers(&scaler["input_scaler"]["scale"]));
    let (y_mean, y_scale) = (numbers(&scaler["target_scaler"]["mean"])[0], numbers(&scaler["target_scaler"]["scale"])[0]);
    for (row, cells) in support::cells(&desk.read("numbers.csv")).iter().enumerate().take(20) {
        let x: Vec<f64> = (0..4).map(|k| (cells[k] - x_mean[k]) / x_scale[k]).collect();
        let mut mean = 0.0;
        for m in 0..3 {
            let a1: Vec<f64> = (0..width[1])
                .map(|u| m * width[1] + u)
                .map(|u| (b1[u] + (0..4).map(|k| w1[u * 4 + k] * x[k]).sum::<f64>()).max(0.0))
                .collect();
            let a2: Vec<f64> = (0..width[2])
                .map(|u| m * width[2] + u)
                .map(|u| (b2[u] + (0..width[1]).map(|k| w2[u * width[1] + k] * a1[k]).sum::<f64>()).max(0.0))
                .collect();
            // The last weights hold a third of each network's own.
            mean += (0..width[2]).map(|k| w3[m * width[2] + k] * a2[k]).sum::<f64>();
        }
        close("the mean", whole[row], (mean + b3[0]) * y_scale + y_mean, 1e-12, 1.0);
    }
}

/// Nothing can be learned from chance: who has seen a row knows it by heart, who has not does no better than the mean.
#[test]
fn each_row_is_judged_by_a_network_that_has_not_seen_it() {
    let desk = Desk::with(&[("chance.csv", &table(60, |_, chance| chance.to_string()))]);
    let document = desk.json("train chance.csv --target y --hidden 64 --learning-rate 0.01 --epochs 400 --ensemble 5 --out five");
    let (seen, unseen) = (number(&document["metrics"]["after"]["rmse"]), number(&document["validation"]["after"]["metrics"]["rmse"]));
    let deviation = (1.0f64 / 12.0).sqrt();
    assert!(seen < 0.6 * deviation && unseen > deviation, "{seen} and {unseen} beside {deviation}");
    // Intervals go by these errors: nine tenths of new rows lie inside.
    desk.write(
        "new.csv",
        table(460, |_, chance| chance.to_string())
            .lines()
            .enumerate()
            .filter(|(n, _)| *n == 0 || *n > 60)
            .map(|(_, line)| format!("{line}\n"))
            .collect::<String>(),
    );
    let text = desk.fine("predict five new.csv --interval 0.9").out;
    let right = support::cells(&desk.read("new.csv"));
    let inside = support::cells(&text).iter().zip(&right).filter(|(said, right)| (said[1]..=said[2]).contains(&right[4])).count();
    assert!((0.85..=1.0).contains(&(inside as f64 / 400.0)), "{inside} of 400");
}

/// A network that knows its rows by heart is too sure of others; divided by the temperature it is less so, and says the same classes.
#[test]
fn calibrated_probabilities_cost_less_and_name_the_same_classes() {
    let desk = Desk::with(&[
        ("words.csv", &words(400)),
        ("new.csv", &{
            let all = words(2400);
            let lines: Vec<&str> = all.lines().collect();
            [&lines[..1], &lines[401..]].concat().join("\n") + "\n"
        }),
    ]);
    let line = "train words.csv --target y --hidden 64,64 --learning-rate 0.01 --epochs 120";
    let sure = desk.json(&format!("{line} --out sure"));
    let calm = desk.json(&format!("{line} --calibrate true --out calm"));
    let temperature = number(&calm["temperature"]);
    assert!(temperature > 1.5, "{temperature}");
    let loss = |document: &Value| number(&document["validation"]["after"]["cost"]);
    assert!(loss(&calm) < 0.8 * loss(&sure), "{} after {}", loss(&calm), loss(&sure));
    let (p, q) = (predicted(&desk, "sure", "new.csv"), predicted(&desk, "calm", "new.csv"));
    assert!(p.iter().zip(&q).all(|(p, q)| (*p > 0.5) == (*q > 0.5)), "another class");
    let logit = |p: f64| (p / (1.0 - p)).ln();
    for (p, q) in p.iter().zip(&q).filter(|(p, _)| (1e-3..0.999).contains(*p)) {
        close("a logit", logit(*q), logit(*p) / temperature, 2e-3, 1.0);
    }
    let cost = |model: &str| number(&desk.json(&format!("evaluate {model} new.csv"))["cost"]);
    assert!(cost("calm") < cost("sure"), "{} after {}", cost("calm"), cost("sure"));
    assert_eq!(number(&metadata(&desk, "calm")["training"]["temperature"]), temperature);
    // Several classes, in an ensemble.
    let digits = "train digits --hidden 16 --epochs 4 --ensemble 2 --calibrate true --out digits";
    assert!(desk.json(digits)["temperature"].is_f64());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let desk = Desk::with(&[("words.csv", &words(60))]);
    for (line, needles) in [
        ("train houses --recipe best", &["--recipe", "plain or tuned"][..]),
        ("train houses --calibrate true", &["calibrate", "numbers are predicted"]),
        ("train words.csv --target y --calibrate true --validation 0", &["calibrate", "there are none"]),
        ("train houses --ensemble 0", &["--ensemble", "1 to 100"]),
        ("train houses --ensemble 3 --folds 4", &["ensemble", "folds"]),
        ("train houses --ensemble 3 --validation 0.1", &["train.ensemble", "--validation"]),
        ("train houses --ensemble 3 --norm layer", &["ensemble", "norm over all its units"]),
        ("train houses --ensemble 3 --split time", &["a network's fold", "--ensemble 1"]),
    ] {
        let outcome = desk.run(&format!("{line} --epochs 1 --out x"));
        outcome.expect(2);
        outcome.complains(needles);
    }
}

/// Both are of each row's own network: what was not trained is after as before.
#[test]
fn before_and_after_of_an_ensemble_are_one_measure() {
    let desk = Desk::new();
    let none = desk.json("train houses --ensemble 4 --hidden 4 --epochs 0 --out none --precision f64 --metric abs(a-y)");
    assert_eq!(none["validation"]["before"], none["validation"]["after"]);
    assert_eq!(none["metric"]["validation"]["before"], none["metric"]["validation"]["after"]);
    for sample in none["samples"].as_array().expect("samples") {
        assert_eq!(sample["before"], sample["after"]);
    }
    let some = desk.json("train houses --ensemble 4 --hidden 4 --epochs 2 --out some --precision f64");
    assert_eq!(some["validation"]["before"], none["validation"]["before"]);
    assert!(some["validation"]["after"] != none["validation"]["after"]);
}
