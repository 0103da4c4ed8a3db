//! Several labels, each of which a row has or has not, through the command line.

mod support;

use serde_json::{Value, json};
use support::{Desk, cells, close, number, numbers};

/// Two numbers and three labels that follow from them, more or less; `words`: what no and yes are called.
fn table(rows: usize, words: [[&str; 2]; 3]) -> String {
    let row = |row: usize| {
        let (a, b) = ((row * 7 % 11) as f64 / 10.0, (row * 5 % 13) as f64 / 10.0);
        let has = [a > 0.5, a + b > 1.0 || row.is_multiple_of(9), b < 0.2];
        let said: Vec<&str> = has.iter().zip(words).map(|(has, words)| words[usize::from(*has)]).collect();
        format!("{a},{b},{}\n", said.join(","))
    };
    format!("a,b,spam,urgent,signed\n{}", (0..rows).map(row).collect::<String>())
}

const NUMBERS: [[&str; 2]; 3] = [["0", "1"]; 3];
const MIXED: [[&str; 2]; 3] = [["no", "yes"], ["0", "1"], ["false", "true"]];
const TRAIN: &str = "train table.csv --target spam,urgent,signed --epochs 20 --hidden 6";

#[test]
fn labels_are_told_from_the_targets_and_predicted_by_their_own_names() {
    let desk = Desk::with(&[("table.csv", &table(130, MIXED)), ("numbers.csv", &table(130, NUMBERS))]);
    let said = desk.fine(&format!("{TRAIN} --out run"));
    said.complains(&["'spam', 'urgent', 'signed' hold two values each: taken as labels"]);
    said.says(&["binary_cross_entropy", "subset_accuracy", "macro_f1", "yes (", "true ("]);
    let predicted = desk.fine("predict run table.csv").out;
    assert!(predicted.starts_with("spam,urgent,signed,spam=yes,urgent=1,signed=true\n"), "{predicted}");
    let document = desk.json("predict run table.csv");
    assert_eq!(document["columns"], json!(["spam=yes", "urgent=1", "signed=true"]));
    assert_eq!(document["classes"], json!([["no", "yes"], [0.0, 1.0], ["false", "true"]]));
    let shares: Vec<Vec<f64>> = document["outputs"].as_array().expect("rows").iter().map(numbers).collect();
    for (row, (line, shares)) in predicted.lines().skip(1).zip(&shares).enumerate() {
        let has: Vec<bool> = shares.iter().map(|p| *p > 0.5).collect();
        let words: Vec<&str> = (0..3).map(|k| MIXED[k][usize::from(has[k])]).collect();
        assert!(line.starts_with(&words.join(",")), "{line}");
        let values = json!([words[0], f64::from(u8::from(has[1])), words[2]]);
        assert_eq!(document["predicted"][row], values);
    }
    // Words are 0 and 1, whatever they are called; and the training is that of the loss alone.
    let hash = desk.json(&format!("{TRAIN} --out run"))["weights_sha256"].clone();
    let plain = TRAIN.replace("table.csv", "numbers.csv");
    let by_numbers = desk.json(&format!("{plain} --out plain"));
    assert_eq!((&by_numbers["weights_sha256"], &by_numbers["task"]), (&hash, &json!("labels")));
    desk.write(
        "values.toml",
        "[data]\npath = \"numbers.csv\"\ntarget = [\"spam\", \"urgent\", \"signed\"]\n[network]\ntask = \"values\"\n\
         loss = \"binary_cross_entropy\"\n[train]\nepochs = 20\n",
    );
    assert_eq!(desk.json("train --config values.toml --hidden 6 --out values")["weights_sha256"], hash);
    desk.write("labels.toml", desk.read("values.toml").replace("values", "labels"));
    assert_eq!(desk.json("train --config labels.toml --hidden 6 --out asked")["weights_sha256"], hash);

    desk.fine("check run table.csv --row 3");
    let opened = desk.json("explain run table.csv --row 3 -p layer2.weight[1,2]");
    assert_eq!(opened["routes"]["agrees"], true);
    let step = desk.fine("explain run table.csv --row 3").out;
    assert!(step.contains("urgent"), "{step}");
    desk.fine("train table.csv --from run --epochs 1 --out on");
    desk.fine("inspect table.csv --target spam,urgent,signed");
}

#[test]
fn measures_of_labels_are_counted_from_the_predictions() {
    let desk = Desk::with(&[("table.csv", &table(130, NUMBERS))]);
    let trained = desk.json(&format!("{TRAIN} --precision f64 --threshold 0.4 --out run"));
    assert_eq!(trained["threshold"], json!(0.4));
    let judged = desk.json("evaluate run table.csv");
    assert_eq!((&judged["threshold"], &judged["loss"]), (&json!(0.4), &json!("binary_cross_entropy")));
    let shares: Vec<Vec<f64>> = desk.json("predict run table.csv")["outputs"].as_array().expect("rows").iter().map(numbers).collect();
    let truth: Vec<Vec<f64>> = cells(&table(130, NUMBERS)).into_iter().map(|row| row[2..].to_vec()).collect();
    let right = |r: usize, k: usize| (shares[r][k] > 0.4) == (truth[r][k] == 1.0);
    let metric = |name: &str| number(&judged["metrics"][name]);
    let whole = (0..130).filter(|&r| (0..3).all(|k| right(r, k))).count() as f64;
    close("subset accuracy", metric("subset_accuracy"), whole / 130.0, 1e-12, 0.0);
    let wrong = (0..130).flat_map(|r| (0..3).map(move |k| (r, k))).filter(|&(r, k)| !right(r, k)).count() as f64;
    assert!(wrong > 0.0 && whole > 0.0, "the test shows nothing");
    close("hamming loss", metric("hamming_loss"), wrong / 390.0, 1e-12, 0.0);
    close("accuracy", metric("accuracy"), 1.0 - wrong / 390.0, 1e-12, 0.0);
    let loss = |p: f64, y: f64| -(if y == 1.0 { p } else { 1.0 - p }).ln();
    let total: f64 = (0..130).flat_map(|r| (0..3).map(move |k| (r, k))).map(|(r, k)| loss(shares[r][k], truth[r][k])).sum();
    close("log loss", metric("log_loss"), total / 390.0, 1e-12, 0.0);
    close("cost", number(&judged["cost"]), total / 130.0, 1e-12, 0.0);
    assert_eq!(judged["metrics"]["each"].as_array().map(Vec::len), Some(3));
    desk.fine("evaluate run table.csv").says(&["hamming_loss", "micro_f1", "label", "urgent"]);
}

#[test]
fn what_is_no_label_is_not_taken_for_one() {
    let text = table(130, NUMBERS);
    let desk = Desk::with(&[("table.csv", &text), ("few.csv", &text.lines().take(9).map(|line| format!("{line}\n")).collect::<String>())]);
    let task = |line: &str| desk.json(&format!("train {line} --epochs 1 --hidden 2 --out run"))["task"].clone();
    assert_eq!(task("table.csv --target spam,urgent --task regression"), "regression");
    assert_eq!(task("table.csv --target spam,a"), "regression");
    assert_eq!(task("table.csv --target spam,urgent --loss huber"), "regression");
    assert_eq!(task("few.csv --target spam,urgent"), "regression");
    assert_eq!(task("few.csv --target spam,urgent --task labels"), "labels");
    assert_eq!(task("table.csv --target spam"), "two_classes");
    assert_eq!(task("table.csv --target spam --task labels"), "labels");
    desk.write("other.csv", table(130, [["0", "2"], ["1", "3"], ["a", "b"]]));
    desk.fine("train other.csv --target spam,urgent,signed --task labels --epochs 1 --hidden 2 --out other");
    let head = desk.fine("predict other other.csv").out;
    assert!(head.starts_with("spam,urgent,signed,spam=2,urgent=3,signed=b\n"), "{head}");
    for (line, code, needle) in [
        ("table.csv --target a,spam --task labels", 3, "column 'a'"),
        ("table.csv --target a,spam --task labels", 3, "expected two values"),
        ("table.csv --target spam,urgent --task labels --loss huber", 2, "expected binary_cross_entropy for labels"),
        ("table.csv --target spam,urgent --threshold f1", 2, "labels share one number"),
        ("table.csv --target spam,urgent --split stratified", 2, "labels are predicted"),
        ("table.csv --target spam,urgent --class-weight balanced", 2, "only classes have class weights"),
        ("table.csv --target spam,urgent --task classes", 3, "classes stand in one target column"),
    ] {
        let refused = desk.run(&format!("train {line} --epochs 1 --out wrong"));
        refused.expect(code);
        refused.complains(&[needle]);
    }
    desk.fine("train table.csv --target spam,urgent --ignore signed --epochs 1 --hidden 2 --out run");
    desk.write("wrong.csv", "a,b,spam,urgent\n0,0,1,0\n0,0,1,2\n");
    let refused = desk.run("evaluate run wrong.csv");
    refused.expect(3);
    refused.complains(&["column 'urgent'", "row 1", "expected one of the classes 0, 1, came 2"]);
}

#[test]
fn folds_of_labels_say_each_label_in_its_own_words() {
    let desk = Desk::with(&[("table.csv", &table(60, MIXED))]);
    let document = desk.json(&format!("{TRAIN} --folds 3 --label-smoothing 0.1 --threshold 0.375 --out run"));
    assert!(document["folds"]["metrics"]["hamming_loss"]["mean"].is_number());
    assert_eq!(document["threshold"], 0.375);
    assert_eq!(document["folds"]["metrics"].get("each"), None::<&Value>);
    let text = desk.read("run/oof.csv");
    let head = "row,fold,spam,urgent,signed,spam predicted,urgent predicted,signed predicted,spam=yes,urgent=1,signed=true";
    assert_eq!(text.lines().next(), Some(head));
    for (line, row) in text.lines().skip(1).zip(table(60, MIXED).lines().skip(1)) {
        let (cells, row): (Vec<&str>, Vec<&str>) = (line.split(',').collect(), row.split(',').collect());
        assert_eq!(cells[2..5], row[2..5]);
        for k in 0..3 {
            assert_eq!(cells[5 + k], MIXED[k][usize::from(cells[8 + k].parse::<f64>().expect("a share") > 0.375)]);
        }
    }
}
