//! A cross-validation in the order of time: each fold is predicted from the rows before it.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, number};

const ROWS: usize = 43;
const FOLDS: usize = 4;

/// The time of a row: out of order, with ties.
fn time(row: usize) -> usize {
    row * 17 % 23
}

/// Each row as it stands in the table.
fn rows() -> Vec<String> {
    let row = |row: usize| {
        let (a, b) = (row * 29 % 31, row * 13 % 19);
        format!("{a},{b},{},{},{}\n", time(row), 3 * a + b * b + row % 3, if (a + b + row % 4).is_multiple_of(2) { "yes" } else { "no" })
    };
    (0..ROWS).map(row).collect()
}

const HEAD: &str = "a,b,t,y,word\n";

/// The fold of each row, row by row: how many rows are earlier tells its place, and scikit-learn's TimeSeriesSplit its fold.
fn expected() -> Vec<Option<usize>> {
    let size = ROWS / (FOLDS + 1);
    let place = |row: usize| (0..ROWS).filter(|&other| (time(other), other) < (time(row), row)).count();
    (0..ROWS).map(|row| place(row).checked_sub(ROWS - FOLDS * size).map(|at| at / size)).collect()
}

/// The cells of each line of the predictions out of folds.
fn lines(desk: &Desk, run: &str) -> Vec<Vec<String>> {
    desk.read(&format!("{run}/oof.csv")).lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
}

#[test]
fn each_fold_is_predicted_from_the_rows_before_it() {
    let desk = Desk::with(&[("table.csv", &(HEAD.to_string() + &rows().concat()))]);
    let line = "--target y --ignore word --epochs 6 --hidden 5 --precision f64 --split time --time t";
    let said = desk.fine(&format!("train table.csv {line} --folds {FOLDS} --out run"));
    said.complains(&["the first 11 of 43 rows have no prediction, and measures are of the others"]);
    said.says(&["cross-validation, 4 folds in the order of time"]);
    let document: Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!((&document["folds"]["unpredicted"], &document["folds"]["count"]), (&json!(11), &json!(4)));
    for (row, (cells, fold)) in lines(&desk, "run").iter().zip(expected()).enumerate() {
        assert_eq!((cells.len(), &cells[0], &cells[1]), (4, &row.to_string(), &fold.map_or(String::new(), |fold| fold.to_string())));
        assert_eq!(cells[3].is_empty(), fold.is_none(), "{cells:?}");
    }
    for fold in 0..FOLDS {
        // The rows up to the fold's last, in their order: a single split by time keeps just the fold aside.
        let (table, of) = (rows(), expected());
        let before: Vec<usize> = (0..ROWS).filter(|&row| of[row].is_none_or(|of| of <= fold)).collect();
        desk.write("before.csv", HEAD.to_string() + &before.iter().map(|&row| table[row].as_str()).collect::<String>());
        let own = ROWS / (FOLDS + 1);
        let alone = desk.json(&format!("train before.csv {line} --validation {} --out alone", own as f64 / before.len() as f64));
        let each = &document["folds"]["each"][fold];
        assert_eq!((&each["rows"], &each["cost"]), (&json!(own), &alone["validation"]["after"]["cost"]), "fold {fold}");
        let told = desk.json("predict alone table.csv");
        for row in (0..ROWS).filter(|&row| of[row] == Some(fold)) {
            let cell: f64 = lines(&desk, "run")[row][3].parse().expect("a number");
            close("predicted", cell, number(&told["outputs"][row][0]), 1e-12, 1.0);
            assert!((0..ROWS).all(|other| of[other].is_some_and(|of| of >= fold) || time(other) <= time(row)));
        }
    }
    // The model takes the errors of the rows that were predicted, and says what they are.
    let mut errors: Vec<f64> = lines(&desk, "run")
        .iter()
        .filter(|cells| !cells[3].is_empty())
        .map(|cells| (cells[3].parse::<f64>().expect("a number") - cells[2].parse::<f64>().expect("a number")).abs())
        .collect();
    errors.sort_by(f64::total_cmp);
    let told = desk.run("predict run table.csv --interval 0.8 --json");
    told.complains(&["without a guarantee", "errors on rows that come after those trained on"]);
    assert_eq!(errors.len(), 32);
    // ⌈33 · 0.8⌉ = 27
    close("half width", number(&told.document()["interval"]["half_widths"][0]), errors[26], 1e-12, 0.0);
    // Without a column the rows stand in the order of the table, and from a file they have the same bits.
    let in_order = desk.json(&format!("train table.csv {} --folds 4 --out order", line.replace("--time t", "")));
    assert_eq!(in_order["folds"]["unpredicted"], json!(11));
    let folds: Vec<String> = lines(&desk, "order").iter().map(|cells| cells[1].clone()).collect();
    assert!((0..ROWS).all(|row| folds[row] == row.checked_sub(11).map_or(String::new(), |at| (at / 8).to_string())), "{folds:?}");
    desk.fine(&format!("train table.csv {line} --folds 4 --memory 1KB --out stored"));
    assert_eq!(desk.read("stored/oof.csv"), desk.read("run/oof.csv"));
    assert!(desk.read("run/report.html").contains("On each of 4 folds, by a network trained on the rows before it"));
}

/// Not even through the epoch that is kept: no later fold decides it.
#[test]
fn a_later_row_changes_no_earlier_fold() {
    let desk = Desk::with(&[("table.csv", &(HEAD.to_string() + &rows().concat()))]);
    let of = expected();
    let recipes = [
        "--recipe plain --epochs 5",
        "--recipe plain --epochs 40 --learning-rate 0.03 --keep best",
        "--recipe plain --epochs 60 --learning-rate 0.03 --patience 3",
        "--recipe tuned --epochs 12",
    ];
    for recipe in recipes {
        let line =
            |table: &str| format!("train {table}.csv --target y --ignore word --hidden 6 --precision f64 --time t --folds 4 {recipe}");
        let document = desk.json(&format!("{} --out run", line("table")));
        let first = lines(&desk, "run");
        for fold in 1..FOLDS {
            let mut table = rows();
            // Each row of this fold and of later ones gets other numbers, and keeps its time.
            for row in (0..ROWS).filter(|&row| of[row].is_some_and(|of| of >= fold)) {
                table[row] = format!("{},{},{},{},yes\n", row * 7 % 43, row * 5 % 11, time(row), 90 - row);
            }
            desk.write("changed.csv", HEAD.to_string() + &table.concat());
            let changed = desk.json(&format!("{} --out changed", line("changed")));
            let again = lines(&desk, "changed");
            for row in 0..ROWS {
                match of[row] {
                    Some(of) if of >= fold => assert_ne!(first[row], again[row], "{recipe}"),
                    _ => assert_eq!(first[row], again[row], "{recipe}, fold {fold}"),
                }
            }
            for before in 0..fold {
                assert_eq!(document["folds"]["each"][before], changed["folds"]["each"][before], "{recipe}");
            }
        }
        if recipe.contains("--keep best") {
            let epochs: Vec<u64> = (0..FOLDS).map(|fold| number(&document["folds"]["each"][fold]["epochs"]) as u64).collect();
            assert_eq!(epochs[0], 40);
            assert!(epochs.iter().any(|epochs| *epochs < 40), "{epochs:?}");
        }
    }
    let said = desk.fine("train table.csv --target y --ignore word --epochs 9 --patience 2 --time t --folds 4 --out run");
    said.complains(&["the median of the earlier folds' epochs, the first one after all"]);
}

/// Of each row that has a prediction out of folds: its weight, the probability of yes, whether it is one, and whether it is taken for one.
fn predicted(desk: &Desk, run: &str) -> Vec<(f64, f64, bool, bool)> {
    let weight = |row: &str| row.split(',').nth(1).expect("a cell").parse().expect("a number");
    let of = |(row, cells): (String, Vec<String>)| {
        assert_eq!((cells.len(), cells[3].is_empty()), (5, cells[4].is_empty()));
        (!cells[4].is_empty()).then(|| (weight(&row), cells[4].parse().expect("a probability"), cells[2] == "yes", cells[3] == "yes"))
    };
    rows().into_iter().zip(lines(desk, run)).filter_map(of).collect()
}

#[test]
fn what_is_chosen_on_the_folds_goes_by_the_rows_predicted() {
    let desk = Desk::with(&[("table.csv", &(HEAD.to_string() + &rows().concat()))]);
    let line = "train table.csv --target word --ignore y --weights b --epochs 8 --hidden 6 --precision f64 --time t --folds 4";
    let document = desk.json(&format!("{line} --threshold f1 --out run"));
    let all = predicted(&desk, "run");
    assert_eq!(all.len(), 32);
    let f1 = |threshold: f64| {
        let sum = |is_so: &dyn Fn(bool, bool) -> bool| {
            all.iter().filter(|(_, p, is, _)| is_so(*p > threshold, *is)).map(|(w, ..)| w).sum::<f64>()
        };
        let (hit, wrong) = (sum(&|said, is| said && is), sum(&|said, is| said != is));
        2.0 * hit / (2.0 * hit + wrong)
    };
    let best = all.iter().map(|(_, p, ..)| f1(*p)).chain([f1(0.0)]).fold(0.0, f64::max);
    let threshold = number(&document["threshold"]);
    close("F1 at the threshold", f1(threshold), best, 1e-12, 0.0);
    assert!(all.iter().all(|(_, p, _, taken)| *taken == (*p > threshold)));
    // And so does the temperature: these rows cost least there, with what docs/training.md puts on top. Weights have a mean of 1 over
    // the rows of the model.
    let temperature = number(&desk.json(&format!("{line} --calibrate true --out cool"))["temperature"]);
    assert!(desk.json(&format!("{line} --out plain"))["temperature"].is_null());
    let all = predicted(&desk, "plain");
    let mean = (0..ROWS).map(|row| (row * 13 % 19) as f64).sum::<f64>() / ROWS as f64;
    let cost = |temperature: f64| {
        let of_row = |(w, p, is, _): &(f64, f64, bool, bool)| {
            let z = (p / (1.0 - p)).ln() / temperature;
            w / mean * if *is { (-z).exp().ln_1p() } else { z.exp().ln_1p() }
        };
        all.iter().map(of_row).sum::<f64>() + 2.0 * temperature.ln().powi(2)
    };
    let least = (1..4000).map(|k| cost(0.005 * f64::from(k))).fold(f64::INFINITY, f64::min);
    assert!(temperature != 1.0 && cost(temperature) <= least, "{temperature}: {} beside {least}", cost(temperature));
}

#[test]
fn what_has_no_order_is_refused() {
    let desk = Desk::with(&[
        ("table.csv", &(HEAD.to_string() + &rows().concat())),
        ("days.csv", DAYS),
        ("gap.csv", &DAYS.replace("2024-01-04", "")),
    ]);
    for (line, code, needles) in [
        ("table.csv --target y --ignore word --time t --folds 43", 2, ["train.folds", "expected 2 to 42 folds for 43 rows"]),
        ("table.csv --target y --ignore word --time when --folds 3", 3, ["when", "no column"]),
        ("gap.csv --target y --time day --folds 2", 3, ["gap.csv, row 5", "no place in the order"]),
    ] {
        let refused = desk.run(&format!("train {line} --epochs 1 --out none"));
        refused.expect(code);
        refused.complains(&needles);
    }
    // A date orders the rows as its days do, of two on one day the one further down being later; so it tells groups apart.
    desk.fine("train days.csv --target y --task regression --time day --folds 2 --epochs 1 --hidden 2 --out days");
    let folds: Vec<String> = lines(&desk, "days").iter().map(|cells| cells[1].clone()).collect();
    assert_eq!(folds, ["1", "0", "0", "", "", "", "1"]);
    desk.fine("train days.csv --target y --task regression --group day --folds 3 --epochs 1 --hidden 2 --out groups");
    let groups: Vec<String> = lines(&desk, "groups").iter().map(|cells| cells[1].clone()).collect();
    assert!(groups[1] == groups[6] && groups[3] == groups[4], "{groups:?}");
}

const DAYS: &str =
    "x,day,y\n1,2024-02-07,3\n2,2024-02-05,5\n3,2024-01-20,6\n4,2024-01-02,8\n5,2024-01-02,9\n6,2024-01-04,2\n7,2024-02-05,4\n";
