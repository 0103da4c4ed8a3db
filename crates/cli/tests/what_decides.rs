//! Choices that hang together: folds and calibration, weights and the rows kept aside, a model to begin with, what is there already.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, number};

/// Numbers between 0 and 1 without pattern: xorshift64*, Vigna 2016.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Two classes by chance with a weak cause: a network trained for long is far too sure.
fn vague(rows: usize) -> String {
    let mut next = noise(7);
    let line = |_| {
        let (a, b, c) = (next(), next(), next());
        format!("{a:.4},{b:.4},{}\n", if next() < 0.2 + 0.3 * a + 0.1 * c { "yes" } else { "no" })
    };
    format!("a,b,y\n{}", (0..rows).map(line).collect::<String>())
}

#[test]
fn folds_go_by_the_probabilities_that_the_model_says() {
    let desk = Desk::with(&[("vague.csv", &vague(120))]);
    let line = "train vague.csv --target y --folds 4 --threshold f1 --epochs 60 --hidden 16 --learning-rate 0.02 --out run --metric y*a --precision f64";
    let plain = desk.json(line);
    let plain_lines = desk.read("run/oof.csv");
    let document = desk.json(&format!("{line} --calibrate true"));
    let temperature = number(&document["temperature"]);
    assert!(temperature > 1.2, "{temperature}");
    // The log-odds of the lines are those without calibration over the temperature.
    let said = |text: &str| -> Vec<(f64, bool)> {
        text.lines()
            .skip(1)
            .map(|line| line.split(',').collect::<Vec<_>>())
            .map(|cell| (cell[4].parse().unwrap(), cell[2] == "yes"))
            .collect()
    };
    let odds = |p: f64| (p / (1.0 - p)).ln();
    let lines = said(&desk.read("run/oof.csv"));
    for ((cool, _), (hot, _)) in lines.iter().zip(said(&plain_lines)) {
        close("log-odds", odds(*cool), odds(hot) / temperature, 1e-9, 1.0);
    }
    // The threshold is the best of them: no other cut has a larger F1.
    let f1 = |t: f64| {
        let count = |p: bool, y: bool| lines.iter().filter(|row| (row.0 > t) == p && row.1 == y).count() as f64;
        2.0 * count(true, true) / (2.0 * count(true, true) + count(true, false) + count(false, true))
    };
    let threshold = number(&document["threshold"]);
    assert!(lines.iter().all(|row| f1(row.0) <= f1(threshold)), "{threshold}");
    assert!((threshold - number(&plain["threshold"])).abs() > 1e-3);
    // And so are the measures of each fold.
    let each = document["folds"]["each"].as_array().expect("folds");
    let cost = |row: &(f64, bool)| if row.1 { -row.0.ln() } else { -(1.0 - row.0).ln() };
    let mean = lines.iter().map(cost).sum::<f64>() / lines.len() as f64;
    let told = each.iter().map(|fold| number(&fold["cost"]) * number(&fold["rows"])).sum::<f64>() / lines.len() as f64;
    close("cost", told, mean, 1e-9, 0.0);
    let own = lines.iter().map(|row| if row.1 { row.0 } else { 0.0 }).sum::<f64>() / lines.len() as f64;
    close("metric", number(&document["folds"]["metric"]["mean"]), own, 1e-9, 0.0);
    desk.fine(&format!("{line} --calibrate true")).says(&["all of probabilities calibrated by a temperature of"]);
}

/// The scale of a fold's own training, the mean weight of the rows of the others, has no say.
#[test]
fn folds_are_calibrated_by_the_weights_of_the_table() {
    let desk = Desk::new();
    let weight = |row: usize| if row < 60 { 1.0 } else { f64::from(1 + (row % 5) as u32 * 3) };
    let text = vague(120);
    let rows: String = text.lines().skip(1).enumerate().map(|(row, line)| format!("{line},{}\n", weight(row))).collect();
    desk.write("weighed.csv", format!("a,b,y,w\n{rows}"));
    let line = "train weighed.csv --target y --weights w --folds 4 --epochs 60 --hidden 16 --learning-rate 0.02 --precision f64 --out run";
    desk.fine(line);
    let said: Vec<(f64, f64, f64)> = desk
        .read("run/oof.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(String::from).collect::<Vec<_>>())
        .map(|cell| {
            (cell[4].parse().expect("a probability"), f64::from(u8::from(cell[2] == "yes")), weight(cell[0].parse().expect("a row")))
        })
        .collect();
    let mean = said.iter().map(|row| row.2).sum::<f64>() / said.len() as f64;
    let cost = |ln: f64| {
        let of = |&(p, y, w): &(f64, f64, f64)| {
            let z = (p / (1.0 - p)).ln() / ln.exp();
            w / mean * ((1.0 + z.exp()).ln() - y * z)
        };
        said.iter().map(of).sum::<f64>() + 2.0 * ln * ln
    };
    let (mut low, mut high) = (-1.0, 2.0);
    for _ in 0..200 {
        let third = (high - low) / 3.0;
        if cost(low + third) < cost(high - third) { high -= third } else { low += third }
    }
    let document = desk.json(&format!("{line} --calibrate true"));
    close("temperature", number(&document["temperature"]), f64::exp(low), 1e-6, 0.0);
}

#[test]
fn rows_kept_aside_decide_by_their_weights() {
    // Half of the rows say the opposite and weigh nothing.
    let mut next = noise(5);
    let rows: String = (0..200)
        .map(|row| {
            let x = next() - 0.5;
            format!("{x:.4},{:.4},{}\n", if row % 2 == 0 { 3.0 * x } else { -3.0 * x }, u8::from(row % 2 == 0))
        })
        .collect();
    let only: String = rows.lines().filter(|line| line.ends_with(",1")).map(|line| format!("{line}\n")).collect();
    let desk = Desk::with(&[("both.csv", &format!("x,y,w\n{rows}")), ("true.csv", &format!("x,y,w\n{only}"))]);
    let document = desk.json("train both.csv --target y --weights w --hidden 8 --epochs 80 --learning-rate 0.01 --patience 5 --out run");
    assert!(number(&document["best"]["epoch"]) > 5.0, "{}", document["best"]);
    let cost = number(&desk.json("evaluate run true.csv")["cost"]);
    assert!(cost < 0.05, "{cost}");
    // Kept aside is nothing that weighs anything.
    let last: String = (0..50).map(|row| format!("{row},{},{}\n", 2 * row, u8::from(row < 40))).collect();
    desk.write("last.csv", format!("x,y,w\n{last}"));
    let refused = desk.run("train last.csv --target y --weights w --split time --patience 3");
    refused.expect(2);
    refused.complains(&["data.weights", "all weigh 0"]);
}

#[test]
fn what_follows_folds_keeps_the_schedule_and_the_last_parameters() {
    let desk = Desk::new();
    let line = "train houses --hidden 64 --epochs 40 --learning-rate 0.05 --folds 3 --schedule constant --warmup 0.5";
    let document = desk.json(&format!("{line} --keep best --out best"));
    let ends = number(&document["folds"]["epochs"]);
    assert!(ends < 40.0 && document["epochs"] == document["folds"]["epochs"], "{ends}");
    // The rate of its last epoch is that of 40 epochs.
    let lines = |run: &str| {
        desk.read(&format!("{run}/metrics.jsonl")).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
    };
    let all =
        desk.json("train houses --hidden 64 --epochs 40 --learning-rate 0.05 --validation 0 --schedule constant --warmup 0.5 --out all");
    let (ours, whole) = (lines("best"), lines("all"));
    for (ours, whole) in ours.iter().zip(&whole) {
        assert_eq!((&ours["learning_rate"], &ours["cost"]), (&whole["learning_rate"], &whole["cost"]));
    }
    assert_eq!((ours.len() as f64, number(&all["epochs"])), (ends, 40.0));
    // With the last parameters each fold's epochs are those that it took.
    let stopped = desk.json("train houses --hidden 8 --epochs 60 --learning-rate 0.03 --folds 3 --patience 2 --keep last --out last");
    let best = desk.json("train houses --hidden 8 --epochs 60 --learning-rate 0.03 --folds 3 --patience 2 --out kept");
    close("epochs", number(&stopped["folds"]["epochs"]), number(&best["folds"]["epochs"]) + 2.0, 0.0, 0.0);
}

#[test]
fn folds_are_known_to_be_trainable_before_the_first() {
    // 101 rows leave 405 in batches of 4, 102 leave 404.
    let desk = Desk::new();
    let refused = desk.run("train houses --folds 5 --batch 4 --norm batch --epochs 1 --out run");
    refused.expect(2);
    refused.complains(&["the last batch of an epoch has 1 of 405 rows"]);
    // Nothing was trained, nor said to be.
    assert!(!desk.path("run").exists() && !refused.out.contains("rows to train on"));
}

#[test]
fn what_is_there_already_is_neither_lost_nor_mistaken() {
    let desk = Desk::new();
    // Lines of folds are those of the model beside them.
    desk.fine("train houses --epochs 1 --folds 3 --out run");
    assert!(desk.path("run/oof.csv").exists());
    desk.fine("train houses --epochs 1 --out run");
    assert!(!desk.path("run/oof.csv").exists());
    // A run that diverged would do so again from any checkpoint: it leaves none, and another takes its place.
    let line = "train houses --optimizer sgd --learning-rate 1e30 --checkpoint-every 1 --out wild";
    desk.run(line).expect(4);
    assert!(!desk.path("wild/checkpoint.safetensors").exists() && desk.path("wild/model.safetensors").exists());
    desk.run("train --resume wild").expect(4);
    desk.run(line).expect(4);
    desk.fine("train houses --epochs 1 --out wild").complains(&["the model in wild will be replaced"]);
    // No report: a note, and the model is there and finished.
    desk.fine("train houses --epochs 1 --out bare");
    std::fs::remove_dir_all(desk.path("bare/plots")).expect("plots");
    desk.write("bare/plots", "");
    let told = desk.fine("train houses --epochs 1 --out bare");
    told.complains(&["there is no whole report", "plots"]);
    assert!(!told.out.contains("report to look at") && desk.path("bare/model.safetensors").exists());
    desk.fine("train --resume bare").complains(&["this run is finished"]);
}

#[test]
fn a_model_to_begin_with_may_know_the_rows() {
    let rows: String = (0..60).map(|row| format!("{},{},{},2024-01-{:02}\n", row % 7, 3 * (row % 7), row % 5, 1 + row % 28)).collect();
    let desk = Desk::with(&[
        ("table.csv", &format!("x,y,g,when\n{rows}")),
        ("words.csv", &format!("x,y,g,when\n{}", rows.replace(",4,", ",four,"))),
    ]);
    let begin = "train table.csv --target y --task regression --hidden 4,4 --ignore g,when --norm layer --skip --epochs";
    desk.fine(&format!("{begin} 2 --out first"));
    let told = desk.fine("train table.csv --from first --epochs 2 --out on");
    told.complains(&["may have been trained on the rows kept aside"]);
    told.says(&["on 12 rows kept aside", "may have been trained on these rows"]);
    assert!(!told.out.contains("has not seen"));
    desk.fine("predict on table.csv --interval 0.5").complains(&["may have been trained on these rows"]);
    let refused = desk.run("train table.csv --from first --folds 3 --epochs 1");
    refused.expect(2);
    refused.complains(&["train.folds", "leave one of both out"]);
    // Columns that the model does not have decide the split.
    let held = |line: &str| desk.json(&format!("train {line} --from first --epochs 1 --out by"))["validation"]["numbers"].clone();
    let groups: Vec<f64> = held("table.csv --group g").as_array().expect("rows").iter().map(|row| number(row) % 5.0).collect();
    assert!(groups.len() == 12 && groups.iter().all(|group| *group == groups[0]), "{groups:?}");
    assert_eq!(held("words.csv --group g").as_array().expect("rows").len(), 12);
    let days: Vec<f64> =
        held("table.csv --time when --validation 0.1").as_array().expect("rows").iter().map(|row| number(row) % 28.0).collect();
    assert!(days.iter().all(|day| *day >= 25.0), "{days:?}");
    // With the same layers typed it goes on after an interruption.
    let line = "train table.csv --from first --hidden 4,4 --norm layer --skip --epochs";
    let unbroken = desk.json(&format!("{line} 3 --out whole"));
    desk.fine(&format!("{line} 3 --checkpoint-every 1 --out again"));
    assert_eq!(desk.json("train --config again/run.toml --out twice")["weights_sha256"], unbroken["weights_sha256"]);
}

#[test]
fn choices_without_effect_are_refused_with_their_key() {
    let rows: String = (0..40).map(|row| format!("{},{},{},{}\n", row % 7, row % 3, 1 + row % 2, ["a", "b", "c", "d"][row % 4])).collect();
    let desk = Desk::with(&[("table.csv", &format!("x,y,w,g\n{rows}")), ("plain.csv", "x,y,w\n1,2,3\n2,3,3\n3,4,3\n4,5,3\n")]);
    desk.fine("train table.csv --target y --ignore g --epochs 1 --hidden 3 --out model");
    let file = |data: &str, train: &str| format!("[data]\npath = \"table.csv\"\ntarget = \"y\"\n{data}\n[train]\nepochs = 1\n{train}\n");
    for (name, data, train) in [
        ("share.toml", "validation = 0.5", ""),
        ("folds.toml", "", "folds = 3"),
        ("ensemble.toml", "", "ensemble = 3"),
        ("both.toml", "validation = 0.5", "folds = 3"),
        ("each.toml", "validation = 0.5", "ensemble = 3"),
        ("judge.toml", "", "judge = \"cost\""),
    ] {
        desk.write(name, file(data, train));
    }
    desk.write("begin.toml", file("", "from = \"model\"").replace("[train]", "[network]\nrng = \"numpy\"\n[train]"));
    desk.write("bias.toml", file("", "from = \"model\"").replace("[train]", "[network]\nbias_initializer = \"zeros\"\n[train]"));
    for (line, needles) in [
        ("--config both.toml", ["train.folds", "--validation out"]),
        ("--config each.toml", ["train.ensemble", "--validation out"]),
        ("--config share.toml --folds 3", ["train.folds", "--validation out"]),
        ("--config share.toml --ensemble 3", ["train.ensemble", "--validation out"]),
        ("--config folds.toml --validation 0.5", ["train.folds", "--validation out"]),
        ("--config ensemble.toml --validation 0.5", ["train.ensemble", "--validation out"]),
        ("--config judge.toml", ["train.judge", "nothing listens to the cost"]),
        ("table.csv --target y --judge cost", ["train.judge", "nothing listens to the cost"]),
        ("--config begin.toml", ["network.rng", "without --from"]),
        ("--config bias.toml", ["network.bias_initializer", "without --from"]),
        ("table.csv --from model --standardize false", ["data.standardize", "without --from"]),
        ("table.csv --from model --categories x", ["data.categories", "without --from"]),
        ("houses --ignore NOPE", ["NOPE", "no column"]),
        ("houses --categories CHAS", ["data.categories", "numbers as they are"]),
        ("table.csv --target y --categories y", ["data.categories", "--task classes"]),
        ("table.csv --target y --group g --categories g", ["data.categories", "decides the split"]),
        ("table.csv --target y --ignore x --categories x", ["data.categories", "is not used"]),
        ("table.csv --from model --group y", ["data.split", "no other part to play"]),
        (
            "table.csv --target y --folds 3 --schedule plateau",
            ["train.schedule", "such as cosine or step(30, 0.1); or plateau without folds"],
        ),
        ("table.csv --target y --ensemble 3 --split time", ["train.ensemble", "with --ensemble 1"]),
        ("table.csv --target y --folds 3 --find-rate", ["train.folds", "leave --folds out"]),
        ("table.csv --target y --ensemble 3 --find-rate", ["train.ensemble", "leave --ensemble out"]),
    ] {
        let out = if line.contains("--find-rate") { "" } else { "--out none" };
        let refused = desk.run(&format!("train {line} {out}"));
        assert!(refused.code == 2 || refused.code == 3, "{}", refused.report());
        refused.complains(&needles);
        assert!(!desk.path("none").exists(), "{}", refused.report());
    }
    // A recipe may choose what listens.
    desk.fine("train houses --recipe tuned --ensemble 1 --epochs 1 --judge cost --out judged");
    // One network where a share is asked for, and the share for one of its own.
    assert_eq!(desk.json("train --config ensemble.toml --validation 0.5 --ensemble 1 --out one")["validation"]["rows"], json!(20));
    // Weights are no input, so it does no harm to leave them out of the inputs, of words or not.
    for table in ["table.csv", "plain.csv"] {
        desk.fine(&format!("train {table} --target y --weights w --ignore w --epochs 1 --hidden 2 --out weighed"));
    }
    desk.fine("train table.csv --target y --group g --epochs 1 --hidden 2 --out grouped")
        .complains(&["'g' holds words and decides the split: it is no input"]);
}

#[test]
fn screens_and_reports_say_what_the_rows_have_decided() {
    let desk = Desk::with(&[("vague.csv", &vague(120))]);
    let line = "train vague.csv --target y --hidden 4 --epochs 6";
    let told = desk.fine(&format!(
        "{line} --keep best --calibrate true --threshold f1 --l2 0.01 --dropout 0.1 --class-weight balanced --split stratified --out run"
    ));
    told.says(&[
        "on 24 rows kept aside",
        "these rows have decided the best epoch, the temperature and the threshold: others may cost more",
    ]);
    let page = desk.read("run/report.html");
    for words in [
        "These rows have decided the best epoch, the temperature and the threshold",
        "24 kept aside, with the shares of classes",
        "l2 0.01",
        "layer 1 dropout 0.1",
        "classes weighted no ",
        ">temperature<",
        ">threshold<",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    desk.fine(&format!("{line} --out run")).says(&["on 24 rows it has not seen"]);
    let document = desk.json(&format!("{line} --folds 3 --out run"));
    let page = desk.read("run/report.html");
    assert!(page.contains("On each of 3 folds") && page.contains("none kept aside, after 3 folds"), "{page}");
    assert!(document["folds"]["metrics"]["accuracy"]["mean"].is_number());
    // Classes are called as in the table.
    let told = desk.fine("evaluate run vague.csv").out;
    let head =
        told.lines().find(|line| line.contains("actual, and predicted as")).expect("a matrix").split_whitespace().collect::<Vec<_>>();
    assert!(head.ends_with(&["no", "yes"]), "{told}");
    // Intervals around numbers of which the best epoch was chosen.
    desk.fine("train houses --epochs 2 --keep best --out best");
    desk.fine("predict best houses --interval 0.8").complains(&["these rows have decided the best epoch"]);
    desk.fine("train houses --epochs 2 --out last");
    assert!(!desk.fine("predict last houses --interval 0.8").err.contains("decided"));
}

#[test]
fn rows_a_second_are_those_that_were_seen() {
    let desk = Desk::new();
    let document = desk.json("train houses --ensemble 2 --epochs 400 --patience 2 --learning-rate 0.05 --out run");
    let (mut rows, mut before) = (0.0, 0.0);
    for line in desk.read("run/metrics.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        rows += number(&line["rows_per_second"]) * (number(&line["seconds"]) - before);
        before = number(&line["seconds"]);
    }
    let most = 32.0 * number(&document["steps"]);
    assert!(rows < 2.0 * most, "{rows} of {most}");
}

#[test]
fn few_rows_of_a_class_are_found_in_numbers_too() {
    let table = |of: &dyn Fn(usize) -> usize| {
        format!("x,y\n{}", (0..300).map(|row| format!("{},{}\n", row * 37 % 101, of(row))).collect::<String>())
    };
    let desk = Desk::with(&[
        ("rare.csv", &table(&|row| usize::from(row % 100 == 7))),
        ("even.csv", &table(&|row| row % 2)),
        ("many.csv", &table(&|row| row * row % 97)),
    ]);
    desk.fine("inspect rare.csv --target y").says(&["the class 1 stands in 3 of 300 rows (1.0 %)"]);
    for other in ["even.csv", "many.csv"] {
        assert!(!desk.fine(&format!("inspect {other} --target y")).out.contains("the class"), "{other}");
    }
}

#[test]
fn a_persons_own_files_stay() {
    let run = "# mine\n[data]\nbundled = \"houses\"\n[train]\nepochs = 1\n";
    let desk = Desk::with(&[("run.toml", run)]);
    let model = b"\x20\0\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"}}";
    for (directory, file) in
        [("own", "own/oof.csv"), ("drawn/plots", "drawn/plots/cost.svg"), ("other", "other/x.txt"), ("model", "model/report.html")]
    {
        std::fs::create_dir_all(desk.path(directory)).expect("a directory");
        desk.write(file, "mine");
    }
    desk.write("model/model.safetensors", model);
    std::fs::create_dir(desk.path("alone")).expect("a directory");
    desk.write("alone/model.safetensors", model);
    for (line, file) in [
        ("train houses --epochs 1 --out model", "report.html"),
        ("train houses --epochs 1 --out alone", "model.safetensors"),
        ("train --config run.toml --out .", "run.toml"),
        ("train houses --epochs 1 --out own", "oof.csv"),
        ("train houses --epochs 1 --out drawn", "plots"),
    ] {
        // Twice: the first has left its lock.
        for _ in 0..2 {
            let refused = desk.run(line);
            refused.expect(2);
            refused.complains(&[file, "no training left this file", "another --out"]);
        }
    }
    assert_eq!([desk.read("run.toml"), desk.read("own/oof.csv"), desk.read("drawn/plots/cost.svg")], [run, "mine", "mine"]);
    assert!(desk.read("model/report.html") == "mine" && desk.bytes("alone/model.safetensors") == model);
    // Of a training's own files the model is enough.
    desk.fine("train houses --epochs 1 --out moved");
    let ours = desk.bytes("moved/model.safetensors");
    desk.write("alone/model.safetensors", &ours);
    desk.fine("train houses --epochs 1 --out alone");
    // What a training left it may replace, but not what a person made of it.
    desk.fine("train --config run.toml --out other");
    desk.fine("train --config other/run.toml --out other");
    desk.write("other/run.toml", format!("{}# mine\n", desk.read("other/run.toml")));
    desk.run("train --config other/run.toml --out other").expect(2);
    desk.run("train houses --epochs 1 --out other").complains(&["run.toml", "no training left this file"]);
}

#[test]
fn checkpoints_of_a_run_that_cannot_be_read_stay() {
    let desk = Desk::new();
    desk.fine("train houses --hidden 2 --epochs 1 --out run");
    let pins = desk.read("run/run.json").replace("\"finished\": true", "\"finished\": false");
    for (pins, words, resumed) in [
        (pins.clone(), "was interrupted and can go on", "checkpoint"),
        (pins.replacen('{', "{\"new\": 1,", 1).replace("\"format\": 1", "\"format\": 2"), "can go on", "begun by Backlit"),
        (pins.replace("\"finished\"", "\"ended\""), "run.json cannot be read", "not what Backlit wrote"),
        ("{".into(), "run.json cannot be read", "not what Backlit wrote"),
    ] {
        desk.write("run/run.json", &pins);
        desk.write("run/checkpoint.safetensors", "a checkpoint");
        let refused = desk.run("train houses --hidden 2 --epochs 1 --out run");
        refused.expect(2);
        refused.complains(&[words, "--resume run"]);
        assert_eq!(desk.read("run/checkpoint.safetensors"), "a checkpoint");
        desk.run("train --resume run").complains(&[resumed]);
    }
}
