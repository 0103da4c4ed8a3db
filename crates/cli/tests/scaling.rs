//! `--scaling`: what becomes of a column's numbers before the network sees them, in training, prediction, explanation and the files.

mod support;

use serde_json::{Value, json};
use std::fmt::Write;
use support::{Desk, close, hash, number, numbers};

/// Four columns, one of them with a long tail and one that is mostly 0, and a target.
fn table() -> String {
    let mut text = "a,tail,rare,day,y\n".to_string();
    for row in 0..60u32 {
        let a = f64::from(row * 37 % 60) / 7.0;
        let tail = if row % 20 == 7 { 1e6 + a } else { f64::from(row * row % 11) };
        let _ = writeln!(text, "{a},{tail},{},{},{}", u32::from(row % 9 == 4), row % 7, a + tail.ln_1p());
    }
    text
}

/// Median and the width between the quartiles, else half the width of all, by NumPy's definition of a quantile.
fn quartiles(mut x: Vec<f64>) -> (f64, f64) {
    x.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = share * (x.len() - 1) as f64;
        let below = place as usize;
        x[below] + (x[(below + 1).min(x.len() - 1)] - x[below]) * (place - below as f64)
    };
    let width = at(0.75) - at(0.25);
    (at(0.5), if width > 0.0 { width } else { 0.5 * (x[x.len() - 1] - x[0]) })
}

/// A network of one hidden layer, by hand, on columns bent by hand.
#[test]
fn predictions_are_of_bent_columns() {
    let desk = Desk::with(&[("table.csv", &table())]);
    let line =
        "train table.csv --target y --scaling robust --validation 0 --hidden 5 --activation tanh --precision f64 --epochs 30 --parameters";
    let document = desk.json(&format!("{line} --out run"));
    let rows = support::cells(&desk.read("table.csv"));
    let column = |c: usize| rows.iter().map(|row| row[c]).collect::<Vec<f64>>();
    let of = |name: &str| numbers(&document["parameters"][name]);
    let (w1, b1, w2, b2) = (of("layer1.weight"), of("layer1.bias"), of("layer2.weight"), of("layer2.bias"));
    let y = column(4);
    let mean = y.iter().sum::<f64>() / 60.0;
    let deviation = (y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / 60.0).sqrt();
    let scales: Vec<(f64, f64)> = (0..4).map(|c| quartiles(column(c))).collect();
    let said = support::cells(&desk.fine("predict run table.csv").out);
    for (row, said) in rows.iter().zip(said) {
        let x: Vec<f64> =
            scales.iter().zip(row).map(|((median, width), x)| (x - median) / width).map(|u| u / (1.0 + u * u / 9.0).sqrt()).collect();
        assert!(x.iter().all(|x| x.abs() < 3.0));
        let a = |u: usize| (b1[u] + (0..4).map(|k| w1[u * 4 + k] * x[k]).sum::<f64>()).tanh();
        let z = b2[0] + (0..5).map(|u| w2[u] * a(u)).sum::<f64>();
        close("a prediction", said[0], z * deviation + mean, 1e-11, 1.0);
    }
    // In f32 and on several threads it is the same network.
    for command in ["evaluate run table.csv", "check run table.csv --row 3"] {
        desk.fine(command);
    }
}

/// The run file's key, the flag and a resumed model all say the same.
#[test]
fn the_choice_is_kept() {
    let desk = Desk::with(&[("table.csv", &table())]);
    let line = "train table.csv --target y --hidden 4 --epochs 3";
    let flag = desk.json(&format!("{line} --scaling robust --out flag"));
    desk.write(
        "run.toml",
        "[data]\npath = \"table.csv\"\ntarget = [\"y\"]\nscaling = \"robust\"\n[train]\nrecipe = \"plain\"\nepochs = 3\n",
    );
    assert_eq!(hash(&flag), hash(&desk.json("train --config run.toml --hidden 4 --out file")));
    let standard = desk.json(&format!("{line} --recipe plain --out standard"));
    assert_ne!(hash(&flag), hash(&standard));
    assert_eq!(hash(&standard), hash(&desk.json(&format!("{line} --recipe plain --scaling standard --out typed"))));
    let scaler = |model: &str| -> Value {
        let bytes = desk.bytes(&format!("{model}/model.safetensors"));
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
        let about: Value = serde_json::from_str(header["__metadata__"]["backlit"].as_str().expect("the description")).expect("JSON");
        about["input_scaler"].clone()
    };
    assert_eq!((&scaler("flag")["scaling"], scaler("standard").get("scaling")), (&json!("robust"), None));
    // A training that goes on sees the columns as the model does.
    desk.fine("train table.csv --target y --from flag --epochs 2 --out on");
    assert_eq!(scaler("on"), scaler("flag"));
}

/// By the quartiles each row has a slope of its own; the page says how a cell becomes an input.
#[test]
fn one_more_unit_of_a_bent_column() {
    let desk = Desk::with(&[("table.csv", &table())]);
    let line =
        "train table.csv --target y --scaling robust --validation 0 --hidden 5 --activation tanh --precision f64 --epochs 30 --out run";
    desk.fine(line);
    let moved = |c: usize, by: f64, row: Option<usize>| {
        let mut text = "a,tail,rare,day,y\n".to_string();
        for (_, mut cells) in support::cells(&table()).into_iter().enumerate().filter(|(k, _)| row.is_none_or(|row| row == *k)) {
            cells[c] += by;
            let _ = writeln!(text, "{:?},{:?},{:?},{:?},{:?}", cells[0], cells[1], cells[2], cells[3], cells[4]);
        }
        text
    };
    for (c, name) in ["a", "tail", "rare"].into_iter().enumerate() {
        for row in [Some(11), None] {
            let select = row.map_or(String::new(), |row| format!("--row {row}"));
            let record = desk.json(&format!("explain run table.csv -p x[{name}] {select}"));
            let units = &record["units"];
            assert_eq!(units["input"]["scaling"], json!("robust"));
            let cost = |by: f64| {
                desk.write("moved.csv", moved(c, by, row));
                number(&desk.json("evaluate run moved.csv")["cost"])
            };
            let difference = (cost(1e-5) - cost(-1e-5)) / 2e-5;
            close(name, number(&units["gradient_per_unit"]) * number(&units["cost_factor"]), difference, 1e-5, 1e-3);
        }
    }
    let page = desk.fine("explain run table.csv --row 7 -p x[tail]");
    page.says(&["u = (tail − 4) / 4", "gives u = 249999.68"]);
    desk.fine("explain run table.csv --row 7 -p x[tail] --format numpy").says(&["(1 + (u / 3) ** 2) ** -1.5 / scale"]);
    desk.fine("explain run table.csv -p x[tail] --format numpy");
    desk.fine("explain run table.csv --row 7 -p layer1.weight[0,1]").says(&["gives u = 249999.68"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let desk = Desk::with(&[("table.csv", &table())]);
    desk.write("run.toml", "[data]\npath = \"table.csv\"\ntarget = [\"y\"]\nstandardize = false\nscaling = \"robust\"\n");
    desk.write("odd.toml", "[data]\npath = \"table.csv\"\ntarget = [\"y\"]\nscaling = \"wide\"\n");
    desk.fine("train table.csv --target y --epochs 1 --hidden 3 --out run");
    for (line, needles) in [
        ("train table.csv --target y --scaling wide", &["--scaling", "standard or robust, came wide"][..]),
        ("train table.csv --target y --scaling robust --standardize false", &["--scaling", "standardize is false"]),
        ("train table.csv --from run --scaling robust", &["scaling", "train without --from"]),
        ("train --config run.toml", &["data.scaling", "standardize is false"]),
        ("train --config odd.toml", &["data.scaling", "robust"]),
    ] {
        let outcome = desk.run(&format!("{line} --epochs 1 --out x"));
        outcome.expect(2);
        outcome.complains(needles);
    }
}
