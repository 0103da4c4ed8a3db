//! Rows that lack a date or a target, and what a cross-validation leaves to the model behind it.

mod support;

use serde_json::{Value, json};
use support::{Desk, cells, close, number, numbers};

#[test]
fn a_missing_date_becomes_the_median_and_is_marked() {
    let day = |row: usize| if row % 9 == 4 { String::new() } else { format!("2024-{:02}-{:02}", 1 + row % 12, 1 + row % 28) };
    let rows: String = (0..60).map(|row| format!("{},{},{}\n", row % 7, day(row), 3 * (row % 7) + row % 12)).collect();
    let desk = Desk::with(&[("visits.csv", &format!("size,day,price\n{rows}"))]);
    let said = desk.fine("train visits.csv --target price --task regression --epochs 3 --hidden 4 --out run");
    said.complains(&["'day' holds dates", "missing ones become the median and are marked (7 of 60)"]);
    // size, five numbers of the date and its gap.
    said.says(&["network   7-4-1"]);
    // A gap says what the median day says, but for the mark; the median stands in the model.
    let metadata = desk.bytes("run/model.safetensors");
    let text = String::from_utf8_lossy(&metadata);
    assert!(text.contains("\\\"missing\\\":{\\\"filled\\\":19"), "{text:.2000}");
    desk.write("new.csv", "size,day\n3,\n3,NA\n3,2024-06-15\n");
    let said = numbers(&desk.json("predict run new.csv")["outputs"]);
    assert!(said[0] == said[1] && said[0] != said[2], "{said:?}");
    assert_eq!(desk.json("explain run visits.csv --row 4 -p x[daymissing]")["routes"]["agrees"], true);
    desk.fine("check run visits.csv --row 4");
    desk.fine("train visits.csv --from run --epochs 1 --out on");
    desk.fine("inspect visits.csv --target price");
    let refused = desk.run("train visits.csv --target price --time day --epochs 1 --out by_time");
    refused.expect(3);
    refused.complains(&["column 'day'", "row 4", "no place in the order"]);
}

#[test]
fn rows_keep_their_numbers_when_others_are_left_out() {
    let target = |row: usize| if matches!(row, 2 | 3 | 20) { "NA".to_string() } else { (3 * (row % 7) + row % 2).to_string() };
    let rows: String = (0..40).map(|row| format!("{},{},{}\n", row % 7, row, target(row))).collect();
    let desk = Desk::with(&[("gaps.csv", &format!("a,b,y\n{rows}"))]);
    let line = "train gaps.csv --target y --task regression --epochs 2 --hidden 3 --precision f64";
    let document = desk.json(&format!("{line} --out run"));
    desk.fine(&format!("{line} --out run")).complains(&["3 rows without a target are left out"]);
    let held = numbers(&document["validation"]["numbers"]);
    assert!(held.iter().any(|row| *row > 20.0), "{held:?}");
    for sample in document["samples"].as_array().expect("samples") {
        let row = number(&sample["row"]) as usize;
        assert_eq!(number(&sample["actual"][0]).to_string(), target(row));
    }
    // The row as a person counts it, whichever command it is asked of.
    let shown = |row: usize| desk.json(&format!("explain run gaps.csv --row {row} -p x[b]"));
    for row in [1, 4, 19, 21, 39] {
        assert_eq!(shown(row)["row"], json!(row));
        let raw =
            number(&shown(row)["value"]) * number(&shown(row)["units"]["input"]["scale"]) + number(&shown(row)["units"]["input"]["mean"]);
        close("b", raw, row as f64, 1e-9, 1.0);
        assert_eq!(desk.json(&format!("check run gaps.csv --row {row}"))["cost"], shown(row)["cost"]);
    }
    assert_eq!(shown_rows(&desk, "0-1,4"), json!([0, 1, 4]));
    for (line, needle) in [
        ("explain run gaps.csv --row 3", "row 3 has no target and is left out"),
        ("explain run gaps.csv --row 1-4", "row 2 has no target and is left out"),
        ("check run gaps.csv --row 20", "row 20 has no target and is left out"),
        ("explain run gaps.csv --row 40", "there is no row 40: the data have 40 rows"),
        ("check run gaps.csv --row 40", "there is no row 40: the data have 40 rows"),
    ] {
        let refused = desk.run(line);
        refused.expect(2);
        refused.complains(&[needle]);
    }
    // A run file's own rows too, and the lines of out-of-fold predictions.
    desk.write("run.toml", "[data]\npath = \"gaps.csv\"\ntarget = \"y\"\n[network]\ntask = \"regression\"\n");
    assert_eq!(desk.json("explain run.toml --row 39 -p x[b]")["row"], json!(39));
    desk.run("check run.toml --row 2").complains(&["row 2 has no target"]);
    desk.fine(&format!("{line} --folds 4 --out run"));
    let lines = cells(&desk.read("run/oof.csv"));
    let rows: Vec<usize> = lines.iter().map(|line| line[0] as usize).collect();
    assert_eq!(rows, (0..40).filter(|row| !matches!(row, 2 | 3 | 20)).collect::<Vec<_>>());
    assert!(lines.iter().all(|line| line[2].to_string() == target(line[0] as usize)));
}

fn shown_rows(desk: &Desk, rows: &str) -> Value {
    desk.json(&format!("explain run gaps.csv --row {rows} -p x[b]"))["rows"].clone()
}

/// Numbers between 0 and 1 without pattern: xorshift64*, Vigna 2016.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..20).for_each(|_| _ = next());
    next
}

/// y is x and noise that grows with it.
fn noisy(rows: usize, seed: u64) -> String {
    let mut next = noise(seed);
    let row = |_| {
        let (x, e) = (next(), next() - 0.5);
        format!("{x},{}\n", x + x * e)
    };
    format!("x,y\n{}", (0..rows).map(row).collect::<String>())
}

#[test]
fn folds_give_the_model_errors_for_intervals() {
    let desk = Desk::with(&[("table.csv", &noisy(57, 3))]);
    let document = desk.json("train table.csv --target y --epochs 4 --hidden 4 --precision f64 --folds 5 --out run");
    // The ⌈(n + 1)·level⌉-th smallest error out of folds.
    let mut errors: Vec<f64> = cells(&desk.read("run/oof.csv")).iter().map(|line| (line[3] - line[2]).abs()).collect();
    errors.sort_by(f64::total_cmp);
    let told = desk.json("predict run table.csv --interval 0.8");
    close("half width", number(&told["interval"]["half_widths"][0]), errors[46], 1e-12, 0.0);
    assert_eq!(document["validation"]["rows"], json!(0));
    let refused = desk.run("predict run table.csv --interval 0.99");
    refused.expect(2);
    // A training without folds and without rows aside has none.
    desk.fine("train table.csv --target y --epochs 1 --validation 0 --out none");
    desk.run("predict none table.csv --interval 0.8").complains(&["--folds"]);
}

/// No fold has decided its own epoch, so its errors are not too small; but errors out of folds have no guarantee, nor have those of the
/// last rows or of whole groups.
#[test]
fn intervals_without_a_guarantee_say_so() {
    let desk = Desk::with(&[("table.csv", &noisy(60, 3))]);
    let (fewer, stable) = ("fewer new rows may lie inside", "without a guarantee");
    let told = |flags: &str| {
        desk.fine(&format!("train table.csv --target y --recipe plain --hidden 4 {flags} --out run"));
        desk.fine("predict run table.csv --interval 0.8").err
    };
    for flags in ["--epochs 4", "--epochs 30 --patience 2", "--epochs 4 --keep best"] {
        let told = told(&format!("--folds 3 {flags}"));
        assert!(!told.contains(fewer) && told.contains(stable), "{flags}: {told}");
    }
    let best = told("--epochs 4 --keep best");
    assert!(best.contains(fewer), "{best}");
    let time = told("--epochs 4 --split time");
    assert!(time.contains("the errors on the last rows: of rows from another time fewer may lie inside"), "{time}");
    assert!(told("--epochs 4 --split time --time x").contains("of rows from another time"));
    assert!(told("--epochs 4 --group x").contains("of a new group's rows fewer may lie inside"));
    assert!(told("--epochs 4 --ensemble 3").contains(stable));
    let plain = told("--epochs 4");
    assert!(!plain.contains("intervals go by"), "{plain}");
}

/// Over many trainings the share inside is near the level: the rule has no guarantee of its own, but a stable training keeps it.
#[test]
fn intervals_from_folds_hold_about_as_many_as_they_say() {
    let desk = Desk::new();
    let (trainings, fresh, level) = (60, 100, 0.8);
    let mut inside = 0;
    for seed in 0..trainings {
        desk.write("table.csv", noisy(49, seed));
        desk.write("fresh.csv", noisy(fresh, 1000 + seed));
        desk.fine(&format!("train table.csv --target y --hidden 4 --epochs 8 --folds 4 --seed {seed} --out run"));
        let document = desk.json(&format!("predict run fresh.csv --interval {level}"));
        for (row, actual) in document["outputs"].as_array().expect("rows").iter().zip(cells(&noisy(fresh, 1000 + seed))) {
            let row = numbers(row);
            inside += u32::from(row[1] <= actual[1] && actual[1] <= row[2]);
        }
    }
    let share = f64::from(inside) / (trainings * fresh as u64) as f64;
    // The share of one training varies with its 49 errors by about 0.057: of 60 by 0.0074.
    assert!((share - level).abs() < 4.0 * 0.0074, "{share}");
}

#[test]
fn patience_in_folds_tells_the_epochs_of_the_training_behind_them() {
    let desk = Desk::with(&[("table.csv", &noisy(60, 5))]);
    let line = "train table.csv --target y --hidden 8 --learning-rate 0.05 --precision f64";
    let said = desk.fine(&format!("{line} --epochs 200 --patience 4 --folds 3 --out run"));
    let document: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    let epochs = number(&document["folds"]["epochs"]);
    said.complains(&[&format!("ends after {epochs} of 200 epochs, the median over the folds")]);
    assert_eq!((&document["epochs"], &document["stopped_early"], &document["best"]), (&json!(epochs as u64), &json!(false), &Value::Null));
    let plain = desk.json(&format!("{line} --epochs {epochs} --validation 0 --out plain"));
    assert_eq!(document["weights_sha256"], plain["weights_sha256"]);
    // Each fold's best epoch, as a training on the others says that keeps this fold aside.
    let folds: Vec<f64> = cells(&desk.read("run/oof.csv")).iter().map(|line| line[1]).collect();
    let (mut best, mut lines) = (Vec::new(), Vec::new());
    for fold in 0..3 {
        let table = noisy(60, 5);
        let rows: Vec<&str> = table.lines().skip(1).collect();
        let of =
            |own: bool| rows.iter().zip(&folds).filter(move |(_, f)| (**f == f64::from(fold)) == own).map(|(row, _)| format!("{row}\n"));
        desk.write("ordered.csv", format!("x,y\n{}{}", of(false).collect::<String>(), of(true).collect::<String>()));
        let share = of(true).count() as f64 / 60.0;
        desk.write(&format!("ordered{fold}.csv"), desk.read("ordered.csv"));
        lines.push(format!("{} --split time --validation {share} --out one", line.replace("table", &format!("ordered{fold}"))));
        let by_time = desk.json(&format!("{} --epochs 200 --patience 4", lines[fold as usize]));
        best.push(number(&by_time["best"]["epoch"]) as u64);
    }
    // What is told of a fold is of the epoch that the others have chosen, whatever it would choose itself.
    for (fold, line) in lines.iter().enumerate() {
        let others = best[(fold + 1) % 3].min(best[(fold + 2) % 3]);
        let (each, alone) = (&document["folds"]["each"][fold], desk.json(&format!("{line} --epochs {others}")));
        assert_eq!((&each["epochs"], &each["cost"]), (&json!(others), &alone["validation"]["after"]["cost"]), "{best:?}");
    }
    assert!(best.iter().any(|epoch| *epoch != best[0]), "{best:?}");
    best.sort_unstable();
    assert_eq!(best[1] as f64, epochs, "{best:?}");
}

/// What is told of a fold is what a training on the others says after exactly the epoch that these have chosen, also where it is the
/// recipe that keeps the best one.
#[test]
fn folds_told_of_the_best_epoch_end_where_the_others_chose() {
    let mut next = noise(9);
    let row = |_| {
        let (x, e) = (next(), next());
        format!("{x},{}\n", if x > e { "yes" } else { "no" })
    };
    let rows: Vec<String> = (0..60).map(row).collect();
    let desk = Desk::with(&[("table.csv", &format!("x,y\n{}", rows.concat()))]);
    for recipe in ["--recipe tuned --hidden 8 --learning-rate 0.1", "--recipe plain --keep best --hidden 8 --learning-rate 0.05"] {
        let line = format!("train table.csv --target y --epochs 30 --precision f64 --calibrate false {recipe}");
        let document = desk.json(&format!("{line} --folds 3 --out run"));
        let folds: Vec<f64> =
            desk.read("run/oof.csv").lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
        let (mut best, mut costs) = (Vec::new(), Vec::new());
        for fold in 0..3 {
            let of = |own: bool| rows.iter().zip(&folds).filter(move |(_, f)| (**f == f64::from(fold)) == own).map(|(row, _)| row.as_str());
            desk.write("ordered.csv", format!("x,y\n{}{}", of(false).collect::<String>(), of(true).collect::<String>()));
            let share = of(true).count() as f64 / 60.0;
            let alone = desk.json(&format!("{} --split time --validation {share} --out one", line.replace("table", "ordered")));
            best.push(number(&alone["best"]["epoch"]) as usize);
            let metrics = desk.read("one/metrics.jsonl");
            costs.push(
                metrics
                    .lines()
                    .map(|line| number(&serde_json::from_str::<Value>(line).expect("JSON")["validation_cost"]))
                    .collect::<Vec<_>>(),
            );
        }
        for fold in 0..3 {
            let others = best[(fold + 1) % 3].min(best[(fold + 2) % 3]);
            let each = &document["folds"]["each"][fold];
            assert_eq!(each["epochs"], json!(others), "{recipe}: {best:?}");
            close(recipe, number(&each["cost"]), costs[fold][others - 1], 1e-12, 1.0);
        }
        assert!(best.iter().any(|epoch| *epoch != best[0]), "{recipe}: {best:?}");
    }
}

#[test]
fn folds_find_nothing_in_noise() {
    let desk = Desk::new();
    let mut squares = Vec::new();
    for seed in 0..6 {
        let mut next = noise(100 + seed);
        let rows: String = (0..80).map(|_| (0..6).map(|_| next().to_string()).collect::<Vec<_>>().join(",") + "\n").collect();
        desk.write("noise.csv", format!("a,b,c,d,e,y\n{rows}"));
        let document = desk.json("train noise.csv --target y --recipe tuned --hidden 16 --epochs 16 --folds 5 --out run");
        squares.push(number(&document["folds"]["metrics"]["r2"]["mean"]));
        assert_eq!(document["folds"]["decided"], Value::Null);
    }
    // Not one of them is above 0 by more than what chance does.
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    assert!(mean < 0.0, "{squares:?}");
}

#[test]
fn what_folds_have_decided_is_said() {
    let desk = Desk::new();
    let rows: String = (0..60).map(|row| format!("{},{}\n", row % 13, if (row * 7) % 11 < 5 { "yes" } else { "no" })).collect();
    desk.write("table.csv", format!("x,y\n{rows}"));
    let line = "train table.csv --target y --hidden 4 --epochs 3 --keep best --folds 3 --out run";
    let words = "hese rows have decided the temperature and the threshold: others may cost more";
    desk.fine(&format!("{line} --calibrate true --threshold f1")).says(&[words]);
    assert!(desk.read("run/report.html").contains(words));
    let summary: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(summary["folds"]["decided"], json!(["the temperature", "the threshold"]));
    assert!(!desk.fine(line).out.contains("have decided"));
    // Without folds, where nothing was trained nothing was decided.
    let document = desk.json("train houses --epochs 2 --keep best --out kept");
    assert_eq!(document["validation"]["decided"], json!(["the best epoch"]));
    assert!(!desk.fine("train houses --epochs 0 --keep best --out none").out.contains("have decided"));
    desk.fine("train houses --epochs 2 --schedule plateau --out plateau");
    desk.fine("predict plateau houses --interval 0.8").complains(&["these rows have decided the rate"]);
}
