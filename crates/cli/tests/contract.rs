//! Train, predict and evaluate as interfaces.md and docs/json.md promise them: what is printed, and that the numbers fit together.

mod support;

use serde_json::{Value, json};
use support::sha256::sha256;
use support::{Desk, bundled, cells, close, hash, number, numbers, shape};

/// Thirty rows of two inputs and a target between 10 and 50 that follows from them.
fn small_table() -> String {
    let row = |i: i32| {
        let (a, b) = (f64::from(i * 7 % 30) / 4.0 - 2.0, f64::from(i * 11 % 30) * 3.0);
        format!("{a},{b},{}\n", 12.5 + 1.5 * a + 0.25 * b + f64::from(i % 3))
    };
    format!("a,b,y\n{}", (0..30).map(row).collect::<String>())
}

fn small_desk() -> Desk {
    Desk::with(&[("small.csv", &small_table())])
}

#[test]
fn train_shows_before_and_after_and_what_to_type_next() {
    let desk = Desk::new();
    let told = desk.fine("train houses --epochs 3");
    told.says(&["405 rows to train on, 101 kept aside", "seed 0", "before", "after", "actual", "rmse", "not seen"]);
    told.says(&["model saved to runs/houses-", "backlit predict", "backlit evaluate", "backlit check"]);
    // The table shows houses by their real prices.
    let (header, rows) = bundled("houses");
    assert_eq!(header.last().map(String::as_str), Some("MEDV"));
    let document = desk.json("train houses --epochs 3 --out again");
    let samples = document["samples"].as_array().expect("samples");
    assert!(!samples.is_empty());
    for sample in samples {
        let row = sample["row"].as_u64().expect("a row") as usize;
        assert_eq!(sample["actual"], json!([rows[row].last()]), "row {row}");
        assert!(sample["before"] != sample["after"]);
    }
    // The ethical fault of column B is said where the table is used.
    told.complains(&["column B"]);
    let model = told.out.split("model saved to ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("the model's place");
    assert!(desk.path(model).is_file(), "{model}");
}

#[test]
fn the_line_that_train_suggests_works() {
    let desk = Desk::new();
    let told = desk.fine("train houses --epochs 1");
    let lines: Vec<&str> = told.out.lines().filter_map(|line| line.split_once("backlit ").map(|(_, rest)| rest)).collect();
    assert_eq!(lines.len(), 3, "{}", told.report());
    for line in lines.iter().filter(|line| !line.starts_with("check")) {
        desk.fine(line);
    }
}

#[test]
fn train_json_holds_what_is_promised() {
    let desk = Desk::new();
    let told = desk.fine("train houses --epochs 5 --out run --threads 2 --json");
    let document = told.document();
    for (key, value) in [
        ("name", json!("houses")),
        ("task", json!("regression")),
        ("rows", json!(405)),
        ("epochs", json!(5)),
        ("steps", json!(5 * 405_usize.div_ceil(32))),
        ("seed", json!(0)),
        ("threads", json!(2)),
        ("precision", json!("f32")),
        ("interrupted", json!(false)),
        ("model", json!("run/model.safetensors")),
    ] {
        assert_eq!(document[key], value, "{key}");
    }
    assert!(number(&document["cost"]["after"]) < number(&document["cost"]["before"]));
    let kept = &document["validation"];
    assert_eq!(kept["rows"], json!(101));
    for part in [&document["metrics"]["before"], &document["metrics"]["after"], &kept["before"]["metrics"], &kept["after"]["metrics"]] {
        for metric in ["rmse", "mae", "r2"] {
            number(&part[metric]);
        }
    }
    close("validation cost", number(&kept["after"]["cost"]), number(&kept["after"]["metrics"]["rmse"]).powi(2) / 2.0, 1e-12, 0.0);
    hash(&document);
    assert!(document.get("parameters").is_none());
    told.complains(&["before", "after", "model saved to"]);
    let summary: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(summary, document);
}

#[test]
fn the_same_bits_on_every_repeat_and_for_any_number_of_threads() {
    let desk = Desk::new();
    for line in [
        "train houses --epochs 3",
        "train digits --epochs 1 --precision f64 --batch 200",
        "train digits --epochs 1 --batch full --hidden 100,70",
    ] {
        let first = hash(&desk.json(&format!("{line} --out a --threads 1")));
        for threads in [1, 2, 3, 8] {
            let again = desk.json(&format!("{line} --out b --threads {threads}"));
            assert_eq!(hash(&again), first, "{line} with {threads} threads");
            assert_eq!(again["threads"], json!(threads));
        }
        assert_eq!(desk.bytes("a/model.safetensors"), desk.bytes("b/model.safetensors"), "{line}");
    }
}

#[test]
fn another_seed_draws_other_parameters_and_keeps_other_rows_aside() {
    let desk = small_desk();
    let runs: Vec<Value> =
        (0..3).map(|seed| desk.json(&format!("train small.csv --target y --epochs 2 --seed {seed} --out run"))).collect();
    for (seed, run) in runs.iter().enumerate() {
        assert_eq!(run["seed"], json!(seed));
        for other in &runs[..seed] {
            assert_ne!(hash(run), hash(other));
            assert_ne!(run["samples"], other["samples"]);
        }
    }
    let by_default = desk.json("train small.csv --target y --epochs 2 --out run");
    assert_eq!(hash(&by_default), hash(&runs[0]));
}

/// The tensors of a model file in the order of their bytes, and the bytes: from the format's description, not from our reader.
fn tensors(model: &[u8]) -> (Vec<(String, Value)>, Vec<u8>) {
    let length = u64::from_le_bytes(model[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&model[8..8 + length]).expect("JSON");
    let mut found: Vec<(String, Value)> = header.as_object().expect("an object").clone().into_iter().collect();
    found.retain(|(name, _)| name != "__metadata__");
    found.sort_by_key(|(_, tensor)| tensor["data_offsets"][0].as_u64());
    (found, model[8 + length..].to_vec())
}

#[test]
fn parameters_hash_and_model_file_are_the_same_numbers() {
    let desk = small_desk();
    for (precision, width) in [("f32", 4), ("f64", 8)] {
        let line = format!("train small.csv --target y --hidden 5,3 --epochs 4 --precision {precision}");
        let document = desk.json(&format!("{line} --out run --parameters --print-hash"));
        let order = ["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias", "layer3.weight", "layer3.bias"];
        let shapes = [vec![5, 2], vec![5], vec![3, 5], vec![3], vec![1, 3], vec![1]];
        let parameters = &document["parameters"];
        assert_eq!(parameters.as_object().expect("parameters").len(), order.len());
        let mut bytes = Vec::new();
        for (name, expected) in order.iter().zip(shapes) {
            assert_eq!(shape(&parameters[*name]), expected, "{name}");
            for value in numbers(&parameters[*name]) {
                match width {
                    4 => bytes.extend((value as f32).to_le_bytes()),
                    _ => bytes.extend(value.to_le_bytes()),
                }
            }
        }
        assert_eq!(sha256(&bytes), hash(&document), "{precision}");
        let (found, data) = tensors(&desk.bytes("run/model.safetensors"));
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), order);
        assert_eq!(data, bytes, "{precision}: the model file holds the parameters that were printed");
        if width == 4 {
            // In the shortest digits that read back as the same f32.
            for value in numbers(parameters.as_object().expect("parameters").values().next().expect("a parameter")) {
                assert_eq!(format!("{}", value as f32).parse(), Ok(value));
            }
        }
        // --print-hash without --json: that line and no other number like it.
        let printed = desk.fine(&format!("{line} --out run --print-hash --quiet"));
        assert!(printed.out.lines().any(|line| line.trim() == hash(&document)), "{}", printed.report());
    }
}

#[test]
fn predict_gives_the_same_rows_in_every_form() {
    let desk = small_desk();
    desk.fine("train small.csv --target y --epochs 20 --out run");
    let document = desk.json("predict run small.csv");
    assert_eq!(document["rows"], json!(30));
    assert_eq!(document["targets"], json!(["y"]));
    assert_eq!(document["columns"], json!(["y"]));
    assert_eq!(shape(&document["outputs"]), [30, 1]);
    let outputs = numbers(&document["outputs"]);
    assert!(outputs.iter().all(|price| (0.0..80.0).contains(price)), "in the user's units: {outputs:?}");
    let text = desk.fine("predict run/model.safetensors small.csv").out;
    assert_eq!(text.lines().next(), Some("y"));
    assert_eq!(cells(&text).concat(), outputs);
    desk.fine("predict run small.csv -o predictions.csv");
    assert_eq!(desk.read("predictions.csv"), text);
    assert_eq!(desk.json("predict run small.csv --output again.csv")["outputs"], document["outputs"]);
    assert_eq!(desk.read("again.csv"), text);
}

#[test]
fn predict_finds_its_columns_by_name() {
    let desk = small_desk();
    desk.fine("train small.csv --target y --epochs 5 --out run");
    desk.write("order.csv", "extra,b,a\n1,20,0.5\n2,40,3\n");
    desk.write("plain.csv", "a,b\n0.5,20\n3,40\n");
    desk.write("semicolon.csv", "a;b\r\n0.5;20\r\n3;40\r\n");
    desk.write("tab.csv", "\u{feff}b\ta\n20\t.5\n4e1\t+3\n");
    let outputs = desk.json("predict run plain.csv")["outputs"].clone();
    for name in ["order.csv", "semicolon.csv", "tab.csv"] {
        assert_eq!(desk.json(&format!("predict run {name}"))["outputs"], outputs, "{name}");
    }
    desk.write("missing.csv", "b,y\n20,1\n");
    let refused = desk.run("predict run missing.csv --json");
    refused.expect(3);
    assert_eq!(refused.document()["error"]["column"], json!("a"));
    refused.complains(&["missing.csv", "'a'"]);
}

/// Cost and metrics of a regression, computed here from what `predict` prints.
fn regression_by_hand(loss: &str, predicted: &[f64], actual: &[f64]) -> [f64; 4] {
    let mean =
        |value: &dyn Fn(f64, f64) -> f64| predicted.iter().zip(actual).map(|(a, y)| value(*a, *y)).sum::<f64>() / actual.len() as f64;
    let cost = match loss {
        "half_squared_error" => mean(&|a, y| (a - y).powi(2) / 2.0),
        "squared_error" => mean(&|a, y| (a - y).powi(2)),
        "absolute_error" => mean(&|a, y| (a - y).abs()),
        "huber" => mean(&|a, y| if (a - y).abs() <= 1.0 { (a - y).powi(2) / 2.0 } else { (a - y).abs() - 0.5 }),
        "log_cosh" => mean(&|a, y| (a - y).cosh().ln()),
        "quantile(0.9)" => mean(&|a, y| if a > y { 0.1 * (a - y) } else { 0.9 * (y - a) }),
        _ => panic!("{loss}"),
    };
    let squared = mean(&|a, y| (a - y).powi(2));
    let centre = mean(&|_, y| y);
    [cost, squared.sqrt(), mean(&|a, y| (a - y).abs()), 1.0 - squared / mean(&|_, y| (y - centre).powi(2))]
}

#[test]
fn evaluate_costs_what_the_predictions_cost_in_the_users_units() {
    let desk = small_desk();
    let actual: Vec<f64> = cells(&small_table()).iter().map(|row| row[2]).collect();
    for loss in ["half_squared_error", "squared_error", "absolute_error", "huber", "log_cosh", "quantile(0.9)"] {
        for standardize in [true, false] {
            let line = format!(
                "train small.csv --target y --precision f64 --loss {loss} --standardize {standardize} --validation 0 --epochs 3 --hidden 4"
            );
            let trained = desk.json(&format!("{line} --activation tanh --out run"));
            let judged = desk.json("evaluate run small.csv");
            let predicted = numbers(&desk.json("predict run small.csv")["outputs"]);
            let [cost, rmse, mae, r2] = regression_by_hand(loss, &predicted, &actual);
            let what = format!("{loss}, standardize {standardize}");
            assert_eq!(judged["rows"], json!(30));
            close(&what, number(&judged["cost"]), cost, 1e-12, 0.0);
            for (metric, expected) in [("rmse", rmse), ("mae", mae), ("r2", r2)] {
                close(&what, number(&judged["metrics"][metric]), expected, 1e-11, 1.0);
                close(&what, number(&trained["metrics"]["after"][metric]), expected, 1e-11, 1.0);
            }
            close(&what, number(&trained["cost"]["after"]), cost, 1e-12, 0.0);
        }
    }
}

#[test]
fn evaluate_says_the_same_in_text() {
    let desk = small_desk();
    desk.fine("train small.csv --target y --epochs 5 --out run");
    let told = desk.fine("evaluate run small.csv");
    told.says(&["30 rows", "half_squared_error", "rmse", "mae", "r2"]);
    let rmse = number(&desk.json("evaluate run small.csv")["metrics"]["rmse"]);
    let printed = told.out.lines().find_map(|line| line.trim().strip_prefix("rmse")).expect("a line for rmse");
    close("rmse in text", printed.trim().parse().expect("a number"), rmse, 1e-4, 0.0);
    // A single row has no r2.
    desk.write("one.csv", "a,b,y\n1,2,3\n");
    assert_eq!(desk.json("evaluate run one.csv")["metrics"]["r2"], Value::Null);
}

#[test]
fn a_larger_unit_of_the_target_changes_nothing_but_the_unit() {
    let desk = small_desk();
    let in_thousandths: String =
        small_table().lines().enumerate().map(|(k, line)| if k == 0 { format!("{line}\n") } else { format!("{line}e3\n") }).collect();
    desk.write("thousandths.csv", in_thousandths);
    let line = "--target y --precision f64 --epochs 10 --validation 0 --activation tanh";
    let small = desk.json(&format!("train small.csv {line} --out a"));
    let large = desk.json(&format!("train thousandths.csv {line} --out b"));
    for when in ["before", "after"] {
        close("cost", number(&large["cost"][when]), 1e6 * number(&small["cost"][when]), 1e-9, 0.0);
        close("mae", number(&large["metrics"][when]["mae"]), 1e3 * number(&small["metrics"][when]["mae"]), 1e-9, 0.0);
    }
    let outputs = [desk.json("predict a small.csv"), desk.json("predict b thousandths.csv")].map(|document| numbers(&document["outputs"]));
    for (small, large) in outputs[0].iter().zip(&outputs[1]) {
        close("prediction", *large, 1e3 * small, 1e-9, 0.0);
    }
}

#[test]
fn several_targets_each_in_its_own_unit() {
    let desk = Desk::new();
    let row = |i: i32| format!("{i},{},{}\n", 2 * i, 1000 - 7 * i);
    desk.write("two.csv", format!("x,small,large\n{}", (0..40).map(row).collect::<String>()));
    for line in ["--target small,large", "--target small --target large"] {
        let trained = desk.json(&format!("train two.csv {line} --epochs 1000 --hidden 8 --out run"));
        assert!(number(&trained["metrics"]["after"]["r2"]) > 0.9, "{trained}");
        let document = desk.json("predict run two.csv");
        assert_eq!(document["targets"], json!(["small", "large"]));
        assert_eq!(shape(&document["outputs"]), [40, 2]);
        assert!(document["outputs"].as_array().expect("rows").iter().all(|row| number(&row[0]) < 200.0 && number(&row[1]) > 500.0));
    }
}

#[test]
fn classes_are_probabilities_and_the_likeliest_is_predicted() {
    let desk = Desk::new();
    let trained = desk.json("train digits --epochs 3 --out run");
    assert_eq!(trained["task"], json!("classes"));
    let (header, rows) = bundled("digits");
    let target = header.iter().position(|name| name == "digit").expect("the column digit");
    let document = desk.json("predict run digits");
    assert_eq!(numbers(&document["classes"]), (0..10).map(f64::from).collect::<Vec<_>>());
    assert_eq!(shape(&document["outputs"]), [1797, 10]);
    let (mut right, mut log_loss) = (0.0, 0.0);
    let predicted = numbers(&document["predicted"]);
    for (k, output) in document["outputs"].as_array().expect("rows").iter().enumerate() {
        let shares = numbers(output);
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        close("sum of the probabilities", shares.iter().sum(), 1.0, 1e-6, 0.0);
        let likeliest = (0..10).max_by(|i, j| shares[*i].total_cmp(&shares[*j])).expect("ten classes");
        assert_eq!(predicted[k], likeliest as f64);
        right += f64::from(predicted[k] == rows[k][target]);
        log_loss -= shares[rows[k][target] as usize].ln();
    }
    let judged = desk.json("evaluate run digits");
    assert_eq!(judged["loss"], json!("cross_entropy"));
    close("accuracy", number(&judged["metrics"]["accuracy"]), right / 1797.0, 1e-12, 0.0);
    close("log loss", number(&judged["metrics"]["log_loss"]), log_loss / 1797.0, 1e-5, 0.0);
    close("cost", number(&judged["cost"]), number(&judged["metrics"]["log_loss"]), 1e-5, 0.0);
    assert!(right / 1797.0 > 0.6, "{right}");
    // The text has the class and every probability.
    let text = desk.fine("predict run digits").out;
    assert_eq!(text.lines().next().map(|line| line.split(',').count()), Some(11));
    assert_eq!(cells(&text).iter().map(|row| row[0]).collect::<Vec<_>>(), predicted);
}

#[test]
fn two_classes_are_one_probability() {
    let desk = Desk::new();
    let row = |i: i32| format!("{},{}\n", i, if i % 40 > 15 { 4 } else { -1 });
    desk.write("two.csv", format!("x,label\n{}", (0..40).map(row).collect::<String>()));
    let trained = desk.json("train two.csv --target label --epochs 150 --validation 0 --out run");
    assert_eq!(trained["task"], json!("two_classes"));
    let document = desk.json("predict run two.csv");
    assert_eq!(numbers(&document["classes"]), [-1.0, 4.0]);
    assert_eq!(shape(&document["outputs"]), [40, 1]);
    let shares = numbers(&document["outputs"]);
    let (mut right, mut log_loss) = (0.0, 0.0);
    for (k, predicted) in numbers(&document["predicted"]).into_iter().enumerate() {
        assert_eq!(predicted, if shares[k] > 0.5 { 4.0 } else { -1.0 });
        let actual = if k % 40 > 15 { 4.0 } else { -1.0 };
        right += f64::from(predicted == actual);
        log_loss -= if actual == 4.0 { shares[k].ln() } else { (1.0 - shares[k]).ln() };
    }
    let judged = desk.json("evaluate run two.csv");
    assert_eq!(judged["loss"], json!("binary_cross_entropy"));
    close("accuracy", number(&judged["metrics"]["accuracy"]), right / 40.0, 1e-12, 0.0);
    close("log loss", number(&judged["metrics"]["log_loss"]), log_loss / 40.0, 1e-5, 1e-3);
    // The same column as numbers, when asked for.
    assert_eq!(desk.json("train two.csv --target label --task regression --epochs 1 --out run")["task"], json!("regression"));
    let refused = desk.run("train two.csv --target x --task classes --loss half_squared_error --epochs 1 --out other");
    refused.expect(2);
}

#[test]
fn quiet_prints_results_only_and_colour_obeys() {
    let desk = small_desk();
    let escape = '\u{1b}';
    for line in [
        "train small.csv --target y --epochs 2 --out run",
        "predict run small.csv",
        "evaluate run small.csv",
        "check run small.csv",
        "operations",
    ] {
        let told = desk.fine(line);
        assert!(!told.out.contains(escape) && !told.err.contains(escape), "{}", told.report());
        let quiet = desk.fine(&format!("{line} --quiet"));
        assert_eq!(quiet.err, "", "{line}");
    }
    let colour = |arguments: &[&str], no_color: bool| {
        let mut command = desk.command(arguments);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let outcome = support::Outcome::of(&mut command);
        outcome.expect(3);
        outcome.err.contains(escape)
    };
    assert!(!colour(&["predict", "absent", "small.csv"], false));
    assert!(colour(&["predict", "absent", "small.csv", "--color", "always"], false));
    assert!(!colour(&["predict", "absent", "small.csv", "--color", "never"], false));
    assert!(!colour(&["predict", "absent", "small.csv", "--color", "auto"], true));
}
