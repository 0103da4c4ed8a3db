//! A column that is constant in the rows trained on tells nothing, whatever stands there later.

mod support;

use serde_json::{Value, json};
use std::fmt::Write;
use support::{Desk, hash, numbers};

/// In the first 64 rows `k` is 5, `m` is never missing and `c` never `w`; in the last 16 they are `k`, missing and `w`.
fn table(k: impl Fn(usize) -> f64, late: bool) -> String {
    let mut text = "a,c,k,m,y\n".to_string();
    for r in 0..80usize {
        let a = (r as f64 * 0.7).sin();
        let is_late = late && r >= 64;
        let word = if is_late { "w" } else { ["u", "v"][r % 2] };
        let m = if is_late { String::new() } else { format!("{}", (r * 7 % 10) as f64 / 4.0) };
        let k = if r < 64 { 5.0 } else { k(r) };
        let _ = writeln!(text, "{a:.6},{word},{k},{m},{:.6}", a + (r as f64 * 1.3).cos());
    }
    text
}

fn outputs(document: &Value) -> Vec<f64> {
    document["outputs"].as_array().expect("rows").iter().flat_map(numbers).collect()
}

#[test]
fn it_adds_nothing_later_either() {
    let desk = Desk::with(&[("same.csv", &table(|_| 5.0, true)), ("other.csv", &table(|r| r as f64 * 100.0 - 7000.0, true))]);
    for (n, flags) in
        ["", "--scaling robust", "--numeric-embedding pbld", "--precision f64 --split time --memory 1KB"].into_iter().enumerate()
    {
        let line = format!("train other.csv --target y --split time --epochs 3 {}", flags.replace("--split time", ""));
        let told = desk.fine(&format!("{line} --out run{n}"));
        told.complains(&["column 'k' is constant in the rows trained on, so it adds nothing"]);
        let same = desk.json(&format!("{} --out same{n}", line.replace("other.csv", "same.csv")));
        let other = desk.json(&format!("{line} --out run{n}"));
        assert_eq!((hash(&same), &same["validation"]), (hash(&other), &other["validation"]), "{flags}");
        let [same, other] = ["same", "other"].map(|table| outputs(&desk.json(&format!("predict run{n} {table}.csv"))));
        assert_eq!(same, other, "{flags}");
    }
}

/// A mark of something missing and a level that no row trained on has: as if nothing were missing, and as a level that is unknown.
#[test]
fn nor_do_marks_and_levels_that_no_row_trained_on_has() {
    let desk = Desk::with(&[("table.csv", &table(|_| 5.0, true))]);
    desk.fine("train table.csv --target y --split time --epochs 3 --scaling standard --out run")
        .complains(&["'m missing' is constant", "'c=w' is constant"]);
    desk.write("w.csv", "a,c,k,m\n0.3,w,5,1.25\n");
    desk.write("unknown.csv", "a,c,k,m\n0.3,never,5,1.25\n");
    assert_eq!(outputs(&desk.json("predict run w.csv")), outputs(&desk.json("predict run unknown.csv")));
    // The median of the rows trained on takes the place of what is missing, and the mark says nothing.
    let median = 1.0;
    desk.write("missing.csv", "a,c,k,m\n0.3,u,5,\n");
    desk.write("median.csv", format!("a,c,k,m\n0.3,u,5,{median}\n"));
    assert_eq!(outputs(&desk.json("predict run missing.csv")), outputs(&desk.json("predict run median.csv")));
}

#[test]
fn explain_says_so() {
    let desk = Desk::with(&[("table.csv", &table(|r| r as f64, true))]);
    for (n, scaling) in ["standard", "robust"].into_iter().enumerate() {
        desk.fine(&format!("train table.csv --target y --split time --epochs 2 --scaling {scaling} --out run{n}"));
        let opened = desk.json(&format!("explain run{n} table.csv --row 70 -p x[k]"));
        assert_eq!(opened["units"]["gradient_per_unit"], json!(0.0), "{opened}");
        assert_eq!(opened["routes"]["agrees"], json!(true));
        desk.fine(&format!("explain run{n} table.csv --row 70 -p x[k]"))
            .says(&["The network sees k as 0, whatever stands there: it was constant in the rows trained on, 5 in each."]);
        let weight = desk.json(&format!("explain run{n} table.csv --row 70 -p layer1.weight[0,4]"));
        assert_eq!(weight["gradient"], json!(0.0), "{weight}");
        desk.opens(&format!("run{n} table.csv"), "x[k]");
        let small = format!("--scaling {scaling} --hidden 3 --ensemble 1 --numeric-embedding none --out small{n}");
        desk.fine(&format!("train table.csv --target y --split time --epochs 2 {small}"));
        let step = desk.fine(&format!("explain small{n} table.csv --row 70"));
        let line = step.out.lines().find(|line| line.trim_start().starts_with("x[k] ")).expect("a line of k");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..3], ["x[k]", "=", "0"], "{line}");
        assert!(line.contains("it was constant in the rows trained on, 5 in each") && !line.contains('/'), "{line}");
        // The column of words is several numbers, of which one can be named.
        desk.run(&format!("explain run{n} table.csv --row 70 -p x[c]")).complains(&["'c=u', 'c=v', 'c=w'", "x[c=u]"]);
    }
}

/// Unscaled, a column of ones is a bias, as textbooks have it.
#[test]
fn as_they_are_columns_stay() {
    let desk = Desk::with(&[("table.csv", &table(|_| 5.0, false))]);
    let line = "train table.csv --target y --split time --epochs 2 --ignore c,m";
    let told = desk.fine(&format!("{line} --standardize false --out run"));
    told.complains(&["column 'k' is constant in the rows trained on and goes in as it is", "--ignore"]);
    assert!(!told.err.contains("adds nothing"), "{}", told.report());
}
