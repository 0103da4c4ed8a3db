//! Tables without a header, though words stand in their first line; and columns that decide the split alone.

mod support;

use serde_json::json;
use support::{Desk, cells, numbers};

/// Size, colour and price, without names.
fn shop(rows: usize) -> String {
    let row =
        |row: usize| format!("{}.5,{},{}\n", row % 7, ["red", "green", "blue"][row % 3], 10 + 3 * (row % 7) + 5 * (row % 3) + row % 2);
    (0..rows).map(row).collect()
}

#[test]
fn a_row_of_words_is_no_header() {
    let desk = Desk::with(&[("bare.csv", &shop(60)), ("named.csv", &format!("c0,c1,c2\n{}", shop(60)))]);
    let line = "--target c2 --task regression --epochs 3 --hidden 4";
    let said = desk.fine(&format!("train bare.csv {line} --out bare"));
    said.complains(&["the first line looks like a row ('red' stands there and below it)", "called c0, c1 and so on"]);
    let bare = desk.json(&format!("train bare.csv {line} --out bare"));
    let named = desk.json(&format!("train named.csv {line} --out named"));
    assert_eq!((&bare["weights_sha256"], &bare["rows"]), (&named["weights_sha256"], &json!(48)));
    // The model finds its columns by their places, or by their names where there are any.
    let predicted = desk.fine("predict bare bare.csv").out;
    assert_eq!(predicted.lines().count(), 61);
    for line in ["predict bare named.csv", "predict named named.csv", "predict named bare.csv", "predict bare bare.csv --no-header"] {
        assert_eq!(desk.fine(line).out, predicted, "{line}");
    }
    // One row that could be names, and that no model of names would take: only the model knows.
    desk.write("one.csv", "1.5,violet\n2.5,red\n");
    assert_eq!(desk.fine("predict bare one.csv").out.lines().count(), 3);
    desk.fine("evaluate bare bare.csv");
    desk.fine("check bare bare.csv --row 0");
    assert_eq!(desk.json("explain bare bare.csv --row 0 -p x[c0]")["row"], 0);
    desk.fine("train bare.csv --from bare --epochs 1 --out on");
    assert_eq!(desk.json("inspect bare.csv --target c2")["rows"], 60);
}

#[test]
fn a_person_may_say_what_the_first_line_is() {
    // Words that come once: they could be names.
    let rows: String = (0..40).map(|row| format!("{},{}\n", if row == 0 { "start" } else { ["a", "b"][row % 2] }, row % 5 + 1)).collect();
    let desk = Desk::with(&[("odd.csv", &rows), ("plain.csv", "0.5,1.5\n1,2\n2,4\n3,6\n4,8\n")]);
    let count = |line: &str| {
        let document = desk.json(&format!("{line} --epochs 1 --hidden 2 --out run"));
        document["rows"].as_u64().expect("a count") + document["validation"]["rows"].as_u64().expect("a count")
    };
    desk.run("train odd.csv --target c1 --epochs 1 --out run").expect(3);
    assert_eq!(count("train odd.csv --target 1 --task regression"), 39);
    assert_eq!(count("train odd.csv --target c1 --task regression --no-header"), 40);
    assert_eq!(desk.json("inspect odd.csv --no-header")["rows"], 40);
    assert_eq!(count("train plain.csv --target c1"), 5);
    assert_eq!(count("train plain.csv --target 1.5 --header"), 4);
    desk.fine("train odd.csv --target c1 --task regression --no-header --epochs 1 --hidden 2 --out run");
    assert_eq!(desk.fine("predict run odd.csv").out.lines().count(), 41);
    assert_eq!(desk.fine("evaluate run odd.csv --json").document()["rows"], 40);
    desk.run("evaluate run odd.csv --header").complains(&["2 columns are not there"]);
    desk.run("train odd.csv --header --no-header").expect(2);
    desk.write(
        "run.toml",
        "[data]\npath = \"odd.csv\"\ntarget = \"c1\"\nheader = false\n[network]\ntask = \"regression\"\n[train]\nepochs = 1\n",
    );
    assert_eq!(count("train --config run.toml"), 40);
    assert_eq!(desk.json("check run.toml")["rows"], 40);
    desk.write("wrong.toml", "[data]\npath = \"odd.csv\"\nheader = \"no\"\n");
    desk.run("train --config wrong.toml").complains(&["data.header"]);
    // Names that are numbers stay names where the columns are of words or years.
    let wide: String = (0..30).map(|row| format!("k{},{},{}\n", row % 4, row % 9, row % 5)).collect();
    desk.write("wide.csv", format!("country,2019,2020\n{wide}"));
    assert_eq!(count("train wide.csv --target 2020 --task regression"), 30);
}

#[test]
fn a_column_that_is_no_input_may_decide_the_split() {
    let date = |row: usize| format!("2024-{:02}-{:02}", 1 + row * 7 % 12, 1 + row % 28);
    let rows: String =
        (0..90).map(|row| format!("{},shop{},{},{}\n", row % 11, row * 7 % 13, date(row), 3 * (row % 11) + row % 2)).collect();
    let desk = Desk::with(&[("visits.csv", &format!("size,shop,day,price\n{rows}"))]);
    let train =
        |rest: &str| desk.json(&format!("train visits.csv --target price --task regression --epochs 1 --hidden 3 --out run {rest}"));
    let held =
        |document: &serde_json::Value| -> Vec<usize> { numbers(&document["validation"]["numbers"]).iter().map(|&r| r as usize).collect() };
    let inputs = || desk.json("explain run visits.csv --row 0 --layer 1")["x"].as_array().map(Vec::len);

    let by_shop = held(&train("--ignore shop,day --group shop"));
    assert_eq!(inputs(), Some(1));
    assert!((0..90).all(|row| by_shop.contains(&row) == by_shop.iter().any(|held| held * 7 % 13 == row * 7 % 13)), "{by_shop:?}");
    let by_day = held(&train("--ignore shop,day --time day"));
    assert_eq!(inputs(), Some(1));
    let latest = |rows: &[usize]| rows.iter().map(|&row| date(row)).min().expect("rows");
    assert!((0..90).filter(|row| !by_day.contains(row)).all(|row| date(row) <= latest(&by_day)), "{by_day:?}");
    // The model does not ask for it.
    desk.write("new.csv", "size\n3\n");
    desk.fine("predict run new.csv");
    train("--ignore shop,day --group shop --folds 3");
    let folds = cells(&desk.read("run/oof.csv"));
    assert!(folds.iter().all(|a| folds.iter().all(|b| a[0] as usize * 7 % 13 != b[0] as usize * 7 % 13 || a[1] == b[1])));
    // As numbers too, and in a table of numbers alone.
    let plain: String = (0..50).map(|row| format!("{},{},{}\n", row % 5, row % 6, row * 2 % 7)).collect();
    desk.write("plain.csv", format!("a,g,y\n{plain}"));
    let document = desk.json("train plain.csv --target y --task regression --ignore g --group g --epochs 1 --out run");
    let aside = held(&document);
    assert!((0..50).all(|row| aside.contains(&row) == aside.iter().any(|held| held % 6 == row % 6)), "{aside:?}");
    let refused = desk.run("train visits.csv --target price --task regression --time shop --epochs 1 --out run");
    refused.expect(3);
    refused.complains(&["column 'shop'", "expected numbers or dates"]);
}
