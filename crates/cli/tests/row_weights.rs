//! A row that weighs 2 is a row that stands there twice, in all that is measured of the rows trained on.

mod support;

use serde_json::Value;
use std::fmt::Write;
use support::{Desk, close, hash, numbers};

/// Numbers with gaps, dates with gaps, words of 13 levels, weights from 0 to 3, three classes; `lines`: how often a row stands there
fn table(lines: impl Fn(usize) -> usize) -> String {
    let mut text = "a,b,day,word,w,c,y\n".to_string();
    for r in 0..60usize {
        let a = (r as f64 * 0.7).sin() + if r % 11 == 3 { 40.0 } else { 0.0 };
        let b = if r % 4 == 1 { String::new() } else { format!("{:.3}", (r * 17 % 31) as f64 / 3.0) };
        let day = if r % 6 == 5 { String::new() } else { format!("2024-0{}-1{}", 1 + r % 9, r % 10) };
        let (w, c) = (r * 5 % 4, (r % 7) / 3);
        for _ in 0..lines(r) {
            let _ = writeln!(text, "{a:.6},{b},{day},w{},{w},k{c},{:.6}", r % 13, a + (r as f64 * 1.3).cos());
        }
    }
    text
}

const BALANCED: [f64; 3] = [0.7692307692307693, 0.7692307692307693, 2.5];

fn weight(r: usize) -> usize {
    r * 5 % 4
}

fn metadata(desk: &Desk, model: &str) -> Value {
    let bytes = desk.bytes(&format!("{model}/model.safetensors"));
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    serde_json::from_str(header["__metadata__"]["backlit"].as_str().expect("the description")).expect("JSON")
}

const FLAGS: &str = "--recipe plain --validation 0 --precision f64 --hidden 5 --activation tanh --optimizer sgd --learning-rate 0.02 --batch full --epochs 20";

/// By mean and deviation, by quartiles, with medians in gaps, with learned numbers of words, seen or not.
#[test]
fn weights_are_rows_repeated() {
    let desk = Desk::with(&[("weighed.csv", &table(|_| 1)), ("repeated.csv", &table(weight))]);
    let present = table(|r| usize::from(weight(r) > 0));
    desk.write("present.csv", present);
    for (k, more) in
        ["--ignore c", "--ignore c --scaling robust", "--ignore c --numeric-embedding pbld", "--target c --class-weight balanced"]
            .into_iter()
            .enumerate()
    {
        let target = if more.contains("--target") { "--ignore y" } else { "--target y" };
        let train = |table: &str, weights: &str, out: &str| {
            desk.json(&format!("train {table}.csv {target} {more} {weights} {FLAGS} --parameters --out {out}{k}"))
        };
        let weighed = train("weighed", "--weights w", "weighed");
        let absent = train("present", "--weights w", "present");
        let repeated = train("repeated", "--ignore w", "repeated");
        let [ours, without, theirs] = ["weighed", "present", "repeated"].map(|out| metadata(&desk, &format!("{out}{k}")));
        for scaler in ["input_scaler", "target_scaler"] {
            for numbers_of in ["mean", "scale"] {
                if ours[scaler].is_null() {
                    continue;
                }
                let of = |metadata: &Value| numbers(&metadata[scaler][numbers_of]);
                for (other, what) in [(&theirs, "repeated"), (&without, "absent")] {
                    for (a, b) in of(&ours).into_iter().zip(of(other)) {
                        close(&format!("{more}: {scaler}.{numbers_of}, {what}"), a, b, 1e-12, 1.0);
                    }
                }
            }
        }
        for (name, numbers_of) in weighed["parameters"].as_object().expect("parameters") {
            for (other, what) in [(&repeated, "repeated"), (&absent, "absent")] {
                for (a, b) in numbers(numbers_of).into_iter().zip(numbers(&other["parameters"][name])) {
                    close(&format!("{more}: {name}, {what}"), a, b, 1e-10, 1.0);
                }
            }
        }
    }
}

/// Medians and scales of rows in a file are those of rows in memory.
#[test]
fn streamed_tables_give_the_same_bits() {
    let desk = Desk::with(&[("weighed.csv", &table(|_| 1))]);
    for scaling in ["standard", "robust"] {
        let line = format!("train weighed.csv --target y --ignore c --weights w --scaling {scaling} {FLAGS}");
        let memory = desk.json(&format!("{line} --out memory"));
        let file = desk.json(&format!("{line} --memory 1KB --out file"));
        assert_eq!(hash(&memory), hash(&file), "{scaling}");
        assert_eq!(metadata(&desk, "memory")["encoder"], metadata(&desk, "file")["encoder"]);
    }
}

/// scikit-learn's `compute_class_weight("balanced", sample_weight=…)`: `make_weights.py` beside the library's tests.
#[test]
fn balanced_classes_go_by_weights() {
    let desk = Desk::with(&[("weighed.csv", &table(|_| 1))]);
    desk.fine(&format!("train weighed.csv --target c --ignore y --weights w --class-weight balanced {FLAGS} --out run"));
    let classes = numbers(&metadata(&desk, "run")["network"]["terms"]["weights"]["classes"]);
    for (given, expected) in classes.iter().zip(BALANCED) {
        close("a class weight", *given, expected, 1e-14, 0.0);
    }
    assert_eq!(classes.len(), 3);
}

/// Two numbers that tell a third, and weights as `weight` says.
fn weighed(rows: usize, weight: impl Fn(usize) -> &'static str) -> String {
    let row = |r: usize| format!("{},{},{},{}.5\n", r * 7 % 13, r * 5 % 11, weight(r), r * 7 % 13 + 2 * (r * 5 % 11));
    "a,b,w,y\n".to_string() + &(0..rows).map(row).collect::<String>()
}

/// Each network of an ensemble is judged, and trained, by rows that count, whatever the seed; where there are too few of them it is refused.
#[test]
fn networks_are_told_by_rows_that_count() {
    let some = |r: usize| if r % 5 < 2 { "1" } else { "0" };
    let few = |r: usize| if r < 5 { "1" } else { "0" };
    let one = |r: usize| if r == 3 { "2" } else { "0" };
    let files = [("some.csv", weighed(40, some)), ("few.csv", weighed(40, few)), ("one.csv", weighed(40, one))];
    let desk = Desk::new().typed();
    files.iter().for_each(|(name, text)| desk.write(name, text));
    let line = "--target y --task regression --weights w --epochs 6 --hidden 3";
    for seed in 0..6 {
        desk.fine(&format!("train some.csv {line} --seed {seed} --out run"));
        let lines = desk.read("run/metrics.jsonl");
        let costs: Vec<f64> =
            lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).expect("JSON")["validation_cost"].as_f64()).collect();
        assert!(costs.len() == 48 && costs.iter().all(|cost| *cost > 0.0), "{seed}: {costs:?}");
    }
    for (rest, words) in [
        ("few.csv", &["data.weights", "keeps aside all weigh 0, so they cannot tell better from worse", "fewer networks"][..]),
        ("one.csv --recipe plain --ensemble 3", &["data.weights", "is trained on all weigh 0"]),
    ] {
        let refused = desk.run(&format!("train {rest} {line} --out no"));
        refused.expect(2);
        refused.complains(words);
    }
    // Where nothing listens to them no row kept aside has to count.
    desk.fine(&format!("train few.csv --recipe plain --ensemble 8 {line} --out run"));
}

/// Before a long training, not when its model is saved.
#[test]
fn weights_beyond_the_largest_number_are_refused() {
    let desk = Desk::with(&[("w.csv", &weighed(80, |_| "1e308")), ("large.csv", &weighed(80, |_| "1e300"))]);
    for memory in ["", "--memory 1KB"] {
        let line = format!("--target y --task regression --weights w --epochs 1 --hidden 3 {memory}");
        let refused = desk.run(&format!("train w.csv {line} --out no"));
        refused.expect(3);
        refused.complains(&["w.csv", "column 'w'", "the weights of the rows trained on add up to inf", "none beyond 1e300"]);
        desk.fine(&format!("train large.csv {line} --scaling robust --out run"));
    }
}

/// What to try fits how rows are kept aside.
#[test]
fn rows_kept_aside_that_weigh_nothing_have_a_fitting_hint() {
    let few = weighed(40, |r| if r < 5 { "1" } else { "0" });
    let class = |r: usize| ["n", "y"][r % 2];
    let two = "a,c\n".to_string() + &(0..40).map(|r| format!("{},{}\n", r % 9, class(r))).collect::<String>();
    let desk = Desk::with(&[("few.csv", &few), ("none.csv", &weighed(9, |_| "0")), ("two.csv", &two)]);
    desk.write("one.csv", "a,c\n1,n\n2,n\n");
    for (rest, word, other) in [
        ("few.csv --target y --weights w --folds 8 --keep best", "fewer folds", "validation share"),
        (
            "few.csv --target y --weights w --validation none.csv --keep best",
            "weights above 0 in some rows of none.csv",
            "validation share",
        ),
        ("few.csv --target y --weights w --validation 0.1 --keep best --split time", "a larger validation share", "seed"),
        ("two.csv --target c --validation one.csv --threshold f1", "both classes among the rows of one.csv", "validation share"),
    ] {
        let refused = desk.run(&format!("train {rest} --epochs 2 --hidden 3 --out no"));
        refused.expect(2);
        refused.complains(&[word]);
        assert!(!refused.err.contains(other), "{}", refused.err);
    }
}
