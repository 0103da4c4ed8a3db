//! The user's own units: what one more room does to the cost, against costs that `evaluate` gives with the column moved.

use crate::support::{Desk, bundled, close, number};
use serde_json::{Value, json};

/// `houses` with `column` moved by `by`; only `row`, where one is given.
fn moved(column: &str, by: f64, row: Option<usize>) -> String {
    let (header, rows) = bundled("houses");
    let at = header.iter().position(|name| name == column).expect("the column");
    let mut text = format!("{}\n", header.join(","));
    for (k, mut cells) in rows.into_iter().enumerate() {
        if row.is_some_and(|row| row != k) {
            continue;
        }
        cells[at] += by;
        text += &format!("{}\n", cells.iter().map(|cell| format!("{cell:?}")).collect::<Vec<_>>().join(","));
    }
    text
}

#[test]
fn what_one_more_room_does_to_the_cost() {
    let desk = Desk::new();
    for (loss, factor_known) in [("half_squared_error", true), ("squared_error", true), ("absolute_error", true), ("log_cosh", false)] {
        let line =
            format!("train houses --epochs 3 --precision f64 --activation tanh --hidden 5,3 --validation 0 --loss {loss} --out {loss}");
        desk.fine(&line);
        for (column, step) in [("RM", 1e-6), ("CRIM", 1e-6), ("CHAS", 1e-6)] {
            for row in [Some(3), None] {
                let select = row.map_or(String::new(), |row| format!("--row {row}"));
                let record = desk.json(&format!("explain {loss} houses -p x[{column}] {select}"));
                let units = &record["units"];
                assert_eq!(units["input"]["column"], json!(column));
                assert_eq!(units["targets"][0]["column"], json!("MEDV"));
                let scale = number(&units["input"]["scale"]);
                close("per unit", number(&units["gradient_per_unit"]), number(&record["gradient"]) / scale, 1e-14, 0.0);
                if !factor_known {
                    // The loss of a standardized error is no multiple of the loss of the error.
                    assert_eq!(units["cost_factor"], Value::Null, "{units}");
                    continue;
                }
                let cost = |by: f64| {
                    desk.write("moved.csv", moved(column, by, row));
                    number(&desk.json(&format!("evaluate {loss} moved.csv"))["cost"])
                };
                let factor = number(&units["cost_factor"]);
                close("the cost in the target's units", number(&record["cost"]) * factor, cost(0.0), 1e-12, 0.0);
                let difference = (cost(step) - cost(-step)) / (2.0 * step);
                close(&format!("{loss}, {column}, {select}"), number(&units["gradient_per_unit"]) * factor, difference, 1e-6, 1e-3);
            }
        }
    }
}

#[test]
fn mean_and_scale_are_of_the_rows_trained_on() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --precision f64 --validation 0 --hidden 3 --out run");
    let (header, rows) = bundled("houses");
    let of = |name: &str| {
        let at = header.iter().position(|column| column == name).expect("the column");
        let mean = rows.iter().map(|row| row[at]).sum::<f64>() / rows.len() as f64;
        (mean, (rows.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / rows.len() as f64).sqrt())
    };
    let units = desk.json("explain run houses --row 0 -p x[TAX]")["units"].clone();
    for (name, told) in [("TAX", &units["input"]), ("MEDV", &units["targets"][0])] {
        let (mean, scale) = of(name);
        close(name, number(&told["mean"]), mean, 1e-12, 0.0);
        close(name, number(&told["scale"]), scale, 1e-12, 0.0);
    }
}

#[test]
fn a_weight_at_a_column_is_told_for_the_column() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --precision f64 --validation 0 --hidden 3 --out run");
    let record = desk.json("explain run houses --row 0 -p layer1.weight[1,5]");
    assert_eq!(record["units"]["input"]["column"], json!("RM"));
    let later = desk.json("explain run houses --row 0 -p layer2.bias[0]");
    assert_eq!(later["units"]["input"], Value::Null);
    desk.fine("explain run houses --row 0 -p x[RM]").says(&["RM", "MEDV²"]);
}

#[test]
fn the_answer_about_one_more_room_is_in_the_units_of_the_cost_that_evaluate_gives() {
    // "One more RM changes the cost at the rate of …": the cost that the user knows is the one of train and evaluate.
    let desk = Desk::new();
    desk.fine("train houses --epochs 3 --precision f64 --activation tanh --hidden 5,3 --validation 0 --out run");
    let units = desk.json("explain run houses --row 0 -p x[RM]")["units"].clone();
    let rate = number(&units["gradient_per_unit"]) * number(&units["cost_factor"]);
    let told = desk.fine("explain run houses --row 0 -p x[RM]");
    let sentence = told.out.lines().find(|line| line.starts_with("One more RM")).expect("a sentence about one more RM");
    assert!(sentence.contains(&format!("{rate:.4}")[..6]), "{rate}: {sentence}");
}

#[test]
fn without_standardizing_there_are_no_units_to_go_back_to() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --precision f64 --standardize false --learning-rate 1e-9 --hidden 3 --out run");
    assert_eq!(desk.json("explain run houses --row 0 -p x[RM]")["units"], Value::Null);
}

#[test]
fn a_column_that_does_not_vary_is_no_trouble() {
    let row = |i: i32| format!("{},7,{}\n", i, 2 * i + i % 3);
    let desk = Desk::with(&[("flat.csv", &format!("a,flat,y\n{}", (0..20).map(row).collect::<String>()))]);
    desk.fine("train flat.csv --target y --task regression --epochs 2 --hidden 3 --out run");
    for name in ["x[flat]", "x[1]", "layer1.weight[0,1]"] {
        let record = desk.json(&format!("explain run flat.csv --row 2 -p {name}"));
        assert_eq!(record["routes"]["agrees"], json!(true));
        desk.fine(&format!("explain run flat.csv --row 2 -p {name}"));
    }
}
