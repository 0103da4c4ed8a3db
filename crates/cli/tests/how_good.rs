//! How good a model is: measures, threshold, intervals, splits and folds, through the command line.

mod support;

use serde_json::{Value, json};
use support::{Desk, Noise, cells, close, number, numbers};

/// x, and a label that is 1 the more often the larger x is: in about a fifth of the rows.
fn labels(rows: usize) -> String {
    let mut noise = Noise(5);
    let row = |_| {
        let x = noise.next();
        format!("{x},{}\n", u8::from(noise.next() < 0.4 * x))
    };
    format!("x,label\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn evaluate_prints_every_measure_and_the_confusion_matrix_by_name() {
    let desk = Desk::with(&[("labels.csv", &labels(200))]);
    desk.fine("train labels.csv --target label --epochs 20 --precision f64 --out run");
    let judged = desk.json("evaluate run labels.csv");
    let told = desk.fine("evaluate run labels.csv");
    for name in ["accuracy", "balanced_accuracy", "f1", "auc", "log_loss", "brier"] {
        let printed =
            told.out.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {}", told.report()));
        match judged["metrics"][name].as_f64() {
            Some(value) => close(name, printed.trim().parse().expect("a number"), value, 1e-4, 0.0),
            None => assert_eq!((name, printed.trim()), ("f1", "-")),
        }
    }
    let shares = numbers(&desk.json("predict run labels.csv")["outputs"]);
    let actual: Vec<f64> = cells(&labels(200)).iter().map(|row| row[1]).collect();
    let pairs = || shares.iter().zip(&actual);
    let mean = |of: &dyn Fn(f64, f64) -> f64| pairs().map(|(p, y)| of(*p, *y)).sum::<f64>() / 200.0;
    close("brier", number(&judged["metrics"]["brier"]), mean(&|p, y| (p - y) * (p - y)), 1e-12, 0.0);
    close("log loss", number(&judged["metrics"]["log_loss"]), -mean(&|p, y| if y == 1.0 { p.ln() } else { (1.0 - p).ln() }), 1e-12, 0.0);
    // The area as it is defined: over all pairs of a row of the class and one of the other.
    let (mut wins, mut count) = (0.0, 0.0);
    for (p, _) in pairs().filter(|(_, y)| **y == 1.0) {
        for (q, _) in pairs().filter(|(_, y)| **y == 0.0) {
            wins += if p > q { 1.0 } else { 0.5 * f64::from(p == q) };
            count += 1.0;
        }
    }
    close("auc", number(&judged["metrics"]["auc"]), wins / count, 1e-12, 0.0);
    let cell = |is: f64, said: bool| pairs().filter(|(p, y)| **y == is && (**p > 0.5) == said).count();
    let matrix = json!([[cell(0.0, false), cell(0.0, true)], [cell(1.0, false), cell(1.0, true)]]);
    assert_eq!(judged["metrics"]["confusion"], matrix);
    told.says(&["label: actual, and predicted as"]);
    let lines: Vec<Vec<&str>> = told.out.lines().rev().take(2).map(|line| line.split_whitespace().collect()).collect();
    let expected = |k: usize| [k.to_string(), matrix[k][0].to_string(), matrix[k][1].to_string()];
    assert_eq!(lines, [expected(1), expected(0)]);
}

#[test]
fn what_is_not_defined_is_said() {
    let desk = Desk::with(&[("labels.csv", &labels(60)), ("ones.csv", "x,label\n0.5,1\n0.25,1\n")]);
    desk.fine("train labels.csv --target label --epochs 2 --out run");
    let judged = desk.json("evaluate run ones.csv");
    assert_eq!(judged["metrics"]["auc"], Value::Null);
    let told = desk.fine("evaluate run ones.csv");
    told.says(&["auc is not defined here: it needs rows of every class"]);
    assert!(!told.out.contains("NaN"), "{}", told.report());
}

#[test]
fn a_threshold_is_chosen_on_the_rows_kept_aside_and_used_ever_after() {
    let desk = Desk::with(&[("labels.csv", &labels(300))]);
    let line = "train labels.csv --target label --epochs 30 --out";
    let plain = desk.json(&format!("{line} plain"));
    assert_eq!(plain["threshold"], json!(0.5));
    for (asked, measure) in [("f1", "f1"), ("balanced", "balanced_accuracy"), ("0.125", "")] {
        let trained = desk.json(&format!("{line} run --threshold {asked}"));
        assert_eq!(trained["weights_sha256"], plain["weights_sha256"], "the threshold is no part of training");
        let threshold = number(&trained["threshold"]);
        let document = desk.json("predict run labels.csv");
        let shares = numbers(&document["outputs"]);
        let predicted: Vec<f64> = shares.iter().map(|share| f64::from(*share > threshold)).collect();
        assert_eq!(numbers(&document["predicted"]), predicted);
        let judged = desk.json("evaluate run labels.csv");
        assert_eq!(judged["threshold"], trained["threshold"]);
        let actual: Vec<f64> = cells(&labels(300)).iter().map(|row| row[1]).collect();
        let right = predicted.iter().zip(&actual).filter(|(a, y)| a == y).count();
        close("accuracy", number(&judged["metrics"]["accuracy"]), right as f64 / 300.0, 1e-12, 0.0);
        desk.fine("evaluate run labels.csv").says(&["threshold"]);
        if measure.is_empty() {
            assert_eq!(threshold, 0.125);
            continue;
        }
        // As good on the rows kept aside as any threshold between two of their probabilities.
        let held: Vec<usize> = numbers(&trained["validation"]["numbers"]).iter().map(|&row| row as usize).collect();
        let value = |threshold: f64| {
            let count = |is: f64, said: bool| held.iter().filter(|r| actual[**r] == is && (shares[**r] > threshold) == said).count() as f64;
            let (tp, fp, fn_, tn) = (count(1.0, true), count(0.0, true), count(1.0, false), count(0.0, false));
            if measure == "f1" { 2.0 * tp / (2.0 * tp + fp + fn_) } else { (tp / (tp + fn_) + tn / (tn + fp)) / 2.0 }
        };
        let best = held.iter().map(|r| value(shares[*r])).fold(0.0, f64::max);
        close(measure, value(threshold), best, 1e-12, 0.0);
        close(measure, number(&trained["validation"]["after"]["metrics"][measure]), best, 1e-12, 0.0);
        assert!(value(0.5) < best || value(0.5).is_nan(), "{measure}: 1/2 would do, and the test shows nothing");
    }
    for (wrong, needle) in [
        ("--threshold 1.5", "between 0 and 1, f1 or balanced, came 1.5"),
        ("--threshold f1 --validation 0", "do not hold both classes"),
        ("--threshold 0.3 --task regression", "numbers are predicted"),
        ("--threshold 0.3 --loss cross_entropy --task classes", "two classes with one probability"),
    ] {
        let refused = desk.run(&format!("{line} run {wrong}"));
        refused.expect(2);
        refused.complains(&[needle]);
    }
    let data = "[data]\npath = \"labels.csv\"\ntarget = \"label\"\n";
    desk.write("run.toml", format!("{data}[train]\nepochs = 1\nthreshold = \"f1\"\n"));
    assert_ne!(desk.json("train --config run.toml --out run")["threshold"], json!(0.5));
    desk.write("wrong.toml", format!("{data}[train]\nthreshold = 2\n"));
    desk.run("train --config wrong.toml --out run").complains(&["train.threshold", "came 2"]);
}

/// y = x and noise whose size grows with x; a second target in another unit.
fn noisy(rows: usize, seed: u64) -> String {
    let mut noise = Noise(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    (0..20).for_each(|_| _ = noise.next());
    let row = |_| {
        let (x, e, f) = (noise.next(), noise.next() - 0.5, noise.next() - 0.5);
        format!("{x},{},{}\n", x + x * e, 1000.0 * (f * f - x))
    };
    format!("x,y,z\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn intervals_hold_as_many_as_they_promise() {
    let desk = Desk::new();
    let (trainings, fresh, level) = (120, 100, 0.8);
    let mut inside = [0, 0];
    for seed in 0..trainings {
        desk.write("table.csv", noisy(80, seed));
        desk.write("fresh.csv", noisy(fresh, 1000 + seed));
        desk.fine(&format!("train table.csv --target y,z --hidden 4 --epochs 3 --validation 0.25 --seed {seed} --out run"));
        let document = desk.json(&format!("predict run fresh.csv --interval {level}"));
        assert_eq!(document["columns"], json!(["y", "y low", "y high", "z", "z low", "z high"]));
        for (row, actual) in document["outputs"].as_array().expect("rows").iter().zip(cells(&noisy(fresh, 1000 + seed))) {
            let row = numbers(row);
            for k in 0..2 {
                let half = number(&document["interval"]["half_widths"][k]);
                assert_eq!(row[3 * k + 1..3 * k + 3], [row[3 * k] - half, row[3 * k] + half]);
                inside[k] += u64::from((row[3 * k + 1]..=row[3 * k + 2]).contains(&actual[1 + k]));
            }
        }
    }
    // Of 20 rows kept aside the 17th error: coverage has mean 17/21 and, over trainings, deviation 0.084 (Beta(17, 4)).
    let deviation = (0.0838f64.powi(2) + 0.16 / fresh as f64).sqrt() / (trainings as f64).sqrt();
    for count in inside {
        let share = count as f64 / (trainings * fresh as u64) as f64;
        assert!((share - 17.0 / 21.0).abs() < 4.0 * deviation, "{share}, expected {} ± {}", 17.0 / 21.0, 4.0 * deviation);
    }
    // The CSV says the same.
    let text = desk.fine("predict run fresh.csv --interval 0.8").out;
    assert_eq!(text.lines().next(), Some("y,y low,y high,z,z low,z high"));
    assert_eq!(cells(&text).concat(), numbers(&desk.json("predict run fresh.csv --interval 0.8")["outputs"]));
}

#[test]
fn an_interval_that_cannot_be_had_is_refused_with_the_rows_it_takes() {
    let desk = Desk::with(&[("table.csv", &noisy(40, 1)), ("labels.csv", &labels(40))]);
    desk.fine("train table.csv --target y --epochs 1 --out run");
    desk.fine("train table.csv --target y --epochs 1 --validation 0 --out none");
    desk.fine("train labels.csv --target label --epochs 1 --out classes");
    for (line, needle) in [
        ("run table.csv --interval 0.9", "a level of 0.9 takes 9 rows kept aside at training, there were 8"),
        ("run table.csv --interval 1", "between 0 and 1, came 1"),
        ("run table.csv --interval -0.5", "between 0 and 1, came -0.5"),
        ("none table.csv --interval 0.5", "this model has none"),
        ("classes labels.csv --interval 0.5", "for a regression"),
    ] {
        let refused = desk.run(&format!("predict {line}"));
        refused.expect(2);
        refused.complains(&[needle]);
    }
    desk.fine("predict run table.csv --interval 0.88");
}

/// The rows kept aside, and those trained on.
fn aside(document: &Value, rows: usize) -> (Vec<usize>, Vec<usize>) {
    let aside: Vec<usize> = numbers(&document["validation"]["numbers"]).iter().map(|&row| row as usize).collect();
    let train = (0..rows).filter(|row| !aside.contains(row)).collect::<Vec<_>>();
    assert_eq!(document["rows"], json!(train.len()));
    (aside, train)
}

/// Customers that come again, days out of order, and a rare label.
fn visits(rows: usize) -> String {
    let row = |i: usize| {
        let (customer, day) = (i * 7 % 13, i * 37 % rows);
        format!("{customer},{day},{},{}\n", (i % 11) as f64 / 4.0, u8::from(i.is_multiple_of(9)))
    };
    format!("customer,day,x,label\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn rows_are_kept_aside_as_asked() {
    let rows = 90;
    let desk = Desk::with(&[("visits.csv", &visits(rows))]);
    let table = cells(&visits(rows));
    let train = |how: &str| desk.json(&format!("train visits.csv --target label --epochs 1 --hidden 4 --out run {how}"));
    let share = |rows: &[usize]| rows.iter().filter(|row| table[**row][3] == 1.0).count();

    let (held, _) = aside(&train("--split stratified"), rows);
    assert_eq!((held.len(), share(&held)), (18, 2));
    let (other, _) = aside(&train("--split stratified --seed 5"), rows);
    assert!(share(&other) == 2 && other != held);

    for how in ["--split grouped --group customer", "--group customer"] {
        let (held, kept) = aside(&train(how), rows);
        assert!(held.len().abs_diff(18) <= 7, "{}", held.len());
        assert!(held.iter().all(|a| kept.iter().all(|b| table[*a][0] != table[*b][0])));
    }
    let (held, kept) = aside(&train("--time day --validation 0.3"), rows);
    assert_eq!(held.len(), 27);
    assert!(held.iter().all(|a| kept.iter().all(|b| table[*a][1] > table[*b][1])));
    assert_eq!(aside(&train("--split time"), rows).0, (72..90).collect::<Vec<_>>());

    // By chance, as ever: the flag that says the default changes no bit.
    assert_eq!(train("--split random")["weights_sha256"], train("")["weights_sha256"]);
    desk.fine("train visits.csv --target label --epochs 1 --group customer --out run")
        .complains(&["'customer' decides the split and is an input too"]);

    for (how, code, needles) in [
        ("--split sorted", 2, ["--split", "random, stratified, grouped or time, came sorted"]),
        ("--split grouped", 2, ["--group", "needs the column of the groups"]),
        ("--split stratified --group customer", 2, ["--group", "not with stratified"]),
        ("--split random --time day", 2, ["--time", "not with random"]),
        ("--group customer --time day", 2, ["--group", "not by both"]),
        ("--split stratified --task regression", 2, ["data.split", "numbers are predicted"]),
        ("--group costumer", 3, ["no column 'costumer'", "customer"]),
    ] {
        let refused = desk.run(&format!("train visits.csv --target label --epochs 1 --out other {how}"));
        refused.expect(code);
        refused.complains(&needles);
    }
    desk.write("one.csv", "g,x,y\n1,1,1\n1,2,2\n1,3,3\n");
    let refused = desk.run("train one.csv --target y --group g --out other");
    refused.expect(3);
    refused.complains(&["column 'g'", "all rows are of one"]);

    let data = "[data]\npath = \"visits.csv\"\ntarget = \"label\"\n";
    desk.write("run.toml", format!("{data}split = \"time\"\ntime = \"day\"\nvalidation = 0.3\n[train]\nepochs = 1\n"));
    let by_file = aside(&desk.json("train --config run.toml --out run"), rows);
    assert_eq!(by_file, aside(&train("--time day --validation 0.3"), rows));
    desk.write("wrong.toml", format!("{data}split = \"time\"\ngroup = \"customer\"\n"));
    let refused = desk.run("train --config wrong.toml --out other");
    refused.expect(2);
    refused.complains(&["data.group", "line 5", "not with time"]);
}

/// The cells of `oof.csv` below its header, after holding the header.
fn out_of_fold(desk: &Desk, header: &str) -> Vec<Vec<f64>> {
    let text = desk.read("run/oof.csv");
    assert_eq!(text.lines().next(), Some(header));
    cells(&text)
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

#[test]
fn folds_predict_each_row_by_a_network_that_has_not_seen_it() {
    let desk = Desk::with(&[("table.csv", &noisy(53, 2))]);
    let line = "train table.csv --target y,z --epochs 4 --hidden 5 --precision f64";
    let document = desk.json(&format!("{line} --folds 5 --out run"));
    assert_eq!((&document["rows"], &document["validation"]["rows"]), (&json!(53), &json!(0)));
    let folds = &document["folds"];
    assert_eq!((&folds["count"], &folds["predictions"]), (&json!(5), &json!("run/oof.csv")));
    let lines = out_of_fold(&desk, "row,fold,y,z,y predicted,z predicted");
    assert_eq!(lines.len(), 53);
    let table = cells(&noisy(53, 2));
    let mut rmse = Vec::new();
    for fold in 0..5 {
        let own: Vec<&Vec<f64>> = lines.iter().filter(|line| line[1] == f64::from(fold)).collect();
        let each = &folds["each"][fold as usize];
        assert_eq!(each["rows"], json!(own.len()));
        assert!(own.len() == 10 || own.len() == 11);
        let squares: f64 = own.iter().map(|line| (line[4] - line[2]).powi(2) + (line[5] - line[3]).powi(2)).sum();
        rmse.push((squares / (2 * own.len()) as f64).sqrt());
        close("rmse of a fold", number(&each["metrics"]["rmse"]), rmse[fold as usize], 1e-12, 0.0);
        close("cost of a fold", number(&each["cost"]), squares / (2 * own.len()) as f64, 1e-12, 0.0);
    }
    let (mean, deviation) = mean_and_deviation(&rmse);
    close("mean", number(&folds["metrics"]["rmse"]["mean"]), mean, 1e-12, 0.0);
    close("deviation", number(&folds["metrics"]["rmse"]["deviation"]), deviation, 1e-12, 0.0);
    assert!((0..53).all(|row| lines[row][0] == row as f64 && lines[row][2..4] == table[row][1..3]));

    // A fold's network is the one that a table of the other rows gives.
    let text = noisy(53, 2);
    let without: String =
        text.lines().enumerate().filter(|(k, _)| *k == 0 || lines[k - 1][1] != 2.0).map(|(_, line)| format!("{line}\n")).collect();
    desk.write("without.csv", without);
    desk.fine(&format!("train without.csv {} --validation 0 --out alone", &line[16..]));
    let said = numbers(&desk.json("predict alone table.csv")["outputs"]);
    for line in lines.iter().filter(|line| line[1] == 2.0) {
        let row = line[0] as usize;
        assert_eq!(line[4..6], said[2 * row..2 * row + 2]);
    }
    // The model behind them is that of all rows.
    let all = desk.json(&format!("{line} --validation 0 --out all"));
    assert_eq!(document["weights_sha256"], all["weights_sha256"]);
    let summary: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(summary, document);
    desk.fine(&format!("{line} --folds 5 --out run")).says(&["cross-validation, 5 folds", "mean", "deviation", "now on all rows"]);
}

#[test]
fn folds_of_classes_have_equal_shares_and_choose_one_threshold() {
    let desk = Desk::with(&[("visits.csv", &visits(90))]);
    let document = desk.json("train visits.csv --target label --epochs 5 --hidden 4 --folds 5 --threshold balanced --out run");
    let lines = out_of_fold(&desk, "row,fold,label,label predicted,label=1");
    for fold in 0..5 {
        let own = || lines.iter().filter(|line| line[1] == f64::from(fold));
        assert_eq!((own().count(), own().filter(|line| line[2] == 1.0).count()), (18, 2));
    }
    let threshold = number(&document["threshold"]);
    assert_ne!(threshold, 0.5);
    assert!(lines.iter().all(|line| (line[3] == 1.0) == (line[4] > threshold)));
    let recall = |is: f64| {
        let own: Vec<_> = lines.iter().filter(|line| line[2] == is).collect();
        own.iter().filter(|line| line[3] == is).count() as f64 / own.len() as f64
    };
    let chosen = (recall(0.0) + recall(1.0)) / 2.0;
    let (mean, _) = (number(&document["folds"]["metrics"]["balanced_accuracy"]["mean"]), ());
    // Folds of equal shares: the mean of their balanced accuracies is that of all rows.
    close("balanced accuracy", mean, chosen, 1e-12, 0.0);
    assert_eq!(desk.json("evaluate run visits.csv")["threshold"], document["threshold"]);
    let grouped = "train visits.csv --target label --epochs 1 --hidden 4 --folds 4 --group customer --out run";
    desk.fine(grouped);
    let lines = out_of_fold(&desk, "row,fold,label,label predicted,label=1");
    let customer = |line: &[f64]| line[0] as usize * 7 % 13;
    assert!(lines.iter().all(|a| lines.iter().all(|b| customer(a) != customer(b) || a[1] == b[1])));
}

#[test]
fn folds_that_make_no_sense_are_refused() {
    let desk = Desk::with(&[("visits.csv", &visits(30)), ("table.csv", &noisy(20, 1))]);
    for (line, code, needle) in [
        ("visits.csv --target label --folds 1", 2, "at least 2 folds, came 1"),
        ("visits.csv --target label --folds 31", 2, "2 to 30 folds for 30 rows, came 31"),
        ("visits.csv --target label --folds 5 --validation 0.2", 2, "leave --validation out"),
        ("visits.csv --target label --folds 30 --split time", 2, "2 to 29 folds for 30 rows, each predicted from rows before it, came 30"),
        ("visits.csv --target label --folds 14 --group customer", 3, "at least 14 groups for 14 folds, came 13"),
        ("table.csv --target y --folds 3 --optimizer sgd --learning-rate 1e30", 4, "without fold 1 of 3"),
    ] {
        let refused = desk.run(&format!("train {line} --epochs 3 --out other"));
        refused.expect(code);
        refused.complains(&[needle]);
        assert!(!desk.path("other").exists(), "{line}");
    }
    desk.write("run.toml", "[data]\npath = \"table.csv\"\ntarget = \"y\"\n[train]\nepochs = 1\nfolds = 3\n");
    assert_eq!(desk.json("train --config run.toml --out run")["folds"]["count"], json!(3));
}
