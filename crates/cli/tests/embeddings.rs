//! Categories with many levels, through every face: trained, saved, predicted, streamed, averaged, checked, explained.

mod support;

use serde_json::Value;
use support::{Desk, number};

/// A made-up table: an effect for each of so many levels, a slope and a little noise; every seventh row is of the first level.
fn towns(rows: usize, levels: usize) -> String {
    let mut text = String::from("town,size,price\n");
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let effects: Vec<f64> = (0..levels).map(|_| 4.0 * random() - 2.0).collect();
    for row in 0..rows {
        let level = if row % 7 == 0 { 0 } else { (random() * levels as f64) as usize };
        let (size, noise) = (random(), 0.2 * random());
        text += &format!("t{level},{size:.4},{:.4}\n", effects[level] + 2.0 * size + noise);
    }
    text
}

/// The line of the table of numbers that a level has, `name` of the parameters.
fn line(document: &Value, level: usize) -> Vec<f64> {
    document["parameters"]["embed1.weight"][level].as_array().expect("a line").iter().map(number).collect()
}

#[test]
fn two_thousand_levels_are_learned() {
    let desk = Desk::with(&[("towns.csv", &towns(12_000, 2_000))]);
    let held = |flags: &str| {
        let document = desk.json(&format!("train towns.csv --target price --epochs 12 --out run {flags}"));
        number(&document["validation"]["after"]["metrics"]["rmse"])
    };
    let (embedded, one_hot) = (held(""), held("--embed none"));
    assert!(embedded < 0.4 * one_hot, "{embedded} with learned numbers, {one_hot} with columns of the commonest");
}

#[test]
fn a_table_with_many_levels_trains_predicts_checks_and_explains() {
    let text = towns(400, 20).replacen("\nt3,", "\nonce,", 1);
    let desk = Desk::with(&[("towns.csv", &text)]);
    let said = desk.fine("train towns.csv --target price --hidden 6 --activation tanh --epochs 20 --precision f64 --out run");
    said.complains(&["1 level seen only once", "'town' holds 20 categories with learned numbers", "a rare or unseen level ('once')"]);
    assert!(
        said.out.contains("network   9-6-1") && said.out.contains("embedding 'town' with 21 codes as 8 learned numbers"),
        "{}",
        said.out
    );
    // Columns in any order; unseen, missing and rare levels alike.
    desk.write("new.csv", "size,town\n0.5,t4\n0.5,nowhere\n0.5,\n0.5,once\n");
    let predicted = desk.fine("predict run new.csv");
    predicted.complains(&["3 cells of 'town' hold a rare or unseen level ('nowhere')"]);
    let lines: Vec<&str> = predicted.out.lines().collect();
    assert!(lines.len() == 5 && lines[2] == lines[3] && lines[3] == lines[4] && lines[1] != lines[2], "{}", predicted.out);
    assert!(number(&desk.json("evaluate run towns.csv")["metrics"]["r2"]) > 0.5);
    assert_eq!(desk.json("check run towns.csv")["passed"], true);
    let place = |level: usize| format!("embed1.weight[{level},2]");
    let (seen, unseen) = (place(1), place(2));
    let opened = desk.json(&format!("explain run towns.csv --row 0 -p {seen}"));
    assert_eq!((opened["routes"]["agrees"].as_bool(), opened["why"].is_null()), (Some(true), true), "{opened:#}");
    assert!(number(&opened["gradient"]) != 0.0);
    let page = desk.fine(&format!("explain run towns.csv --row 0 -p {unseen}")).out;
    assert!(page.contains("'town' = t1, code 2 does not occur in this row"), "{page}");
    // Over all rows every level occurs.
    assert!(!desk.fine(&format!("explain run towns.csv -p {unseen}")).out.contains("does not occur"));
    let whole = desk.fine("explain run towns.csv --row 0").out;
    assert!(whole.contains("x[town[2]]") && whole.contains("E⁽¹⁾[1,2]"), "{whole}");
    desk.fine("explain run towns.csv --row 0 --layer 1");
    desk.fine(&format!("explain run towns.csv --row 0 -p {seen} --format svg -o paths.svg"));
    desk.fine("explain run towns.csv --row 0 -p x[size]");
    let script = desk.fine(&format!("explain run towns.csv --row 0 -p {seen} --format numpy")).out;
    assert!(script.contains("E1[x[:, 1].astype(int)]") && script.contains("dC_dE1[1,2]"), "{script}");
    let refused = desk.run("explain run towns.csv --row 0 -p x[town]");
    refused.expect(2);
    refused.complains(&["x[town] is the code of a level", "embed1.weight[0,0]"]);
}

#[test]
fn the_same_bits_wherever_the_rows_are_and_however_many_threads() {
    let desk = Desk::with(&[("towns.csv", &towns(3_000, 300))]);
    let train = "train towns.csv --target price --epochs 3 --hidden 16";
    let hash = |flags: &str| desk.json(&format!("{train} --out run {flags}"))["weights_sha256"].clone();
    let first = hash("--threads 1");
    for flags in ["--threads 2", "--threads 4", "--memory 20KB"] {
        assert_eq!(hash(flags), first, "{flags}");
    }
    let other = hash("--embed 4");
    assert_ne!(other, first);
    // The model goes on, and an ensemble of such networks is one.
    assert_eq!(desk.json("train towns.csv --from run --epochs 1 --out more")["from"], other);
    let several = desk.json(&format!("{train} --ensemble 3 --out several"));
    assert_eq!(several["ensemble"], 3);
    let said = number(&several["validation"]["after"]["metrics"]["rmse"]);
    assert!(said.is_finite() && number(&desk.json("evaluate several towns.csv")["metrics"]["rmse"]) < said);
    desk.json(&format!("{train} --folds 3 --out folded"));
}

/// A table that is frozen stays as it is, to the bit, whatever pulls at it; the layers go on.
#[test]
fn frozen_tables_stay() {
    let desk = Desk::with(&[("towns.csv", &towns(400, 20)), ("plain.csv", "x,y\n1,2\n2,3\n3,5\n4,6\n")]);
    desk.fine("train towns.csv --target price --recipe plain --hidden 6 --epochs 3 --precision f64 --out base");
    let go = "train towns.csv --epochs 2 --precision f64 --optimizer adamw --option weight_decay=0.1 --clip-norm 1 --l2 0.01 --parameters";
    let table = |document: &Value| document["parameters"]["embed1.weight"].clone();
    let base = desk.json("train towns.csv --from base --epochs 0 --precision f64 --parameters --out same");
    let frozen = desk.json(&format!("{go} --from base --freeze embedding --out frozen"));
    assert_eq!(table(&frozen), table(&base));
    assert_ne!(frozen["parameters"]["layer1.weight"], base["parameters"]["layer1.weight"]);
    assert_ne!(table(&desk.json(&format!("{go} --from base --out free"))), table(&base));
    // The model keeps it; a run file says it too.
    assert_eq!(table(&desk.json(&format!("{go} --from frozen --out more"))), table(&base));
    assert_ne!(table(&desk.json(&format!("{go} --from frozen --freeze none --out again"))), table(&base));
    let run =
        "[data]\npath = \"towns.csv\"\n[network]\nprecision = \"f64\"\nfreeze = [\"embedding\"]\n[train]\nepochs = 2\nfrom = \"base\"\n";
    desk.write("run.toml", run);
    assert_eq!(table(&desk.json("train --config run.toml --parameters --out file")), table(&base));
    let opened = desk.json("explain frozen towns.csv -p embed1.weight[1,2]");
    assert!(number(&opened["gradient"]) != 0.0, "{opened:#}");
    assert_eq!(opened["update"]["frozen"].as_bool(), Some(true), "{opened:#}");
    // From the start: as drawn, line 0 too.
    let fresh = "train towns.csv --target price --hidden 4 --ensemble 1 --precision f64 --parameters --numeric-embedding pbld --freeze embedding,numeric_embedding";
    let [drawn, kept] = [0, 2].map(|epochs| desk.json(&format!("{fresh} --epochs {epochs} --out fresh")));
    for name in ["embed1.weight", "numeric.frequency", "numeric.phase", "numeric.weight", "numeric.bias"] {
        assert!(kept["parameters"][name].is_array(), "{name}");
        assert_eq!(kept["parameters"][name], drawn["parameters"][name], "{name}");
    }
    for (line, words) in [
        ("towns.csv --target price --freeze town", "expected embedding, numeric_embedding or none, came 'town'"),
        ("towns.csv --target price --freeze none,embedding", "--freeze: none stands alone, came 'none,embedding'"),
        ("plain.csv --target y --freeze embedding", "there is no embedding in this network"),
        ("towns.csv --target price --recipe plain --freeze numeric_embedding", "there is no numeric_embedding in this network"),
    ] {
        let refused = desk.run(&format!("train {line} --out no"));
        refused.expect(2);
        refused.complains(&[words]);
    }
}

/// Of more words than are counted the commonest are levels; where words hardly repeat the column is left out.
#[test]
fn a_long_tail_shares_a_line() {
    let row = |r: usize| match r % 3 {
        2 => format!("rare{},id{r},{}\n", r / 3 % 11_000, r % 5),
        _ => format!("common{},id{r},{}\n", r % 40, r % 5),
    };
    let text = "town,id,y\n".to_string() + &(0..36_000).map(row).collect::<String>();
    let desk = Desk::with(&[("tail.csv", &text)]);
    let line = "train tail.csv --target y --task regression --recipe plain --hidden 1 --embed 1 --batch full --epochs 1 --out run";
    desk.fine(line).complains(&["'town' has more than 10000 levels", "column 'id' left out: nearly every row has a word of its own"]);
    assert!(desk.fine("predict run tail.csv").err.contains("rare or unseen level"));
    // Whichever rows stand first.
    let rare = (0..12_000).map(|r| format!("rare{r},id{r},{}\n", r % 5));
    let common = (0..24_000).map(|r| format!("common{},id{},{}\n", r % 40, 12_000 + r, r % 5));
    let [first, last]: [String; 2] = [rare.clone().chain(common.clone()).collect(), common.chain(rare).collect()];
    for text in [first, last] {
        desk.write("tail.csv", format!("town,id,y\n{text}"));
        let told = desk.fine(line);
        told.complains(&[
            "'town' has more than 10000 levels: the 40 commonest",
            "column 'id' left out: nearly every row has a word of its own",
        ]);
    }
}

#[test]
fn levels_without_rows_get_the_mean_of_the_others() {
    // 16 rows of each of ten levels, two of an eleventh, which a split by time keeps aside.
    let mut text = String::from("c,y\n");
    (0..160).for_each(|row| text += &format!("c{},{}\n", row % 10, row % 10));
    text += "late,3\nlate,4\n";
    let desk = Desk::with(&[("t.csv", &text)]);
    let document = desk.json(
        "train t.csv --target y --split time --validation 0.0123 --hidden 4 --epochs 4 --precision f64 --embed 3 --out run --parameters",
    );
    assert_eq!(document["rows"], 160);
    // In order: code 0, c0 to c9, late.
    let mean: Vec<f64> = (0..3).map(|j| (1..=10).map(|level| line(&document, level)[j]).sum::<f64>() / 10.0).collect();
    for level in [0, 11] {
        assert!(line(&document, level).iter().zip(&mean).all(|(got, want)| (got - want).abs() < 1e-14), "{level}: {document:#}");
    }
    assert!(line(&document, 1) != line(&document, 2));
}

#[test]
fn names_with_odd_characters_and_run_files() {
    let mut text = String::from("\"a [0,1].weight\",y\n");
    (0..90).for_each(|row| text += &format!("\"l [{}]\",{row}\n", row % 9));
    let run = "[data]\npath = \"t.csv\"\ntarget = [\"y\"]\nembed = 2\n[train]\nepochs = 2\n";
    let desk = Desk::with(&[("t.csv", &text), ("run.toml", run), ("bad.toml", &run.replace("= 2\n[", "= \"some\"\n["))]);
    desk.fine("train --config run.toml --out run");
    desk.fine("check run t.csv");
    let opened = desk.json("explain run t.csv --row 3 -p embed1.weight[4,1]");
    assert_eq!((opened["parameter"].as_str(), opened["routes"]["agrees"].as_bool()), (Some("embed1.weight[4,1]"), Some(true)));
    let one_hot = desk.fine("train --config run.toml --embed none --out plain");
    assert!(one_hot.out.contains("network   9-64-32-1"), "{}", one_hot.out);
    for (line, code) in [("--config bad.toml", 2), ("t.csv --target y --embed 0", 2), ("t.csv --target y --embed some", 2)] {
        let refused = desk.run(&format!("train {line} --out no"));
        refused.expect(code);
        refused.complains(&["auto", "none"]);
    }
    let told = desk.fine("inspect t.csv").out;
    assert!(told.contains("9 categories with learned numbers"), "{told}");
    assert!(desk.fine("inspect t.csv --embed none").out.contains("9 categories: "));
}
