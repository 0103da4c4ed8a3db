//! Rows kept aside that come from a file of their own, and what is said of rows and classes that training does not see.

mod support;

use serde_json::{Value, json};
use support::arrays::{npy, stored_zip};
use support::{Desk, cells, close, number, numbers};

/// Numbers, gaps, words and weights; of every 19th row the target is missing.
fn lines(rows: std::ops::Range<usize>) -> Vec<[String; 6]> {
    let line = |r: usize| {
        let a = (r * 37 % 101) as f64 / 20.0;
        let gap = if r % 7 == 3 { String::new() } else { (r * 11 % 13).to_string() };
        let y = if r % 19 == 5 { "NA".into() } else { format!("{:.2}", 2.0 * a - (r % 3) as f64) };
        [format!("{a}"), gap, ["n", "e", "s"][r % 3].into(), y, (1 + r % 4).to_string(), r.to_string()]
    };
    rows.map(line).collect()
}

const NAMES: [&str; 6] = ["a", "gap", "side", "y", "w", "id"];

/// The columns at these places.
fn table(rows: &[[String; 6]], places: &[usize]) -> String {
    let text = |cells: Vec<&str>| cells.join(",") + "\n";
    let body: String = rows.iter().map(|row| text(places.iter().map(|&place| row[place].as_str()).collect())).collect();
    text(places.iter().map(|&place| NAMES[place]).collect()) + &body
}

/// A table, rows beside it with the columns in another order and without the one that is ignored, and both together.
fn desk() -> Desk {
    let all = [0, 1, 2, 3, 4, 5];
    let (a, b) = (lines(0..60), lines(60..80));
    let both = [&a[..], &b].concat();
    Desk::with(&[("a.csv", &table(&a, &all)), ("b.csv", &table(&b, &[4, 3, 2, 1, 0])), ("both.csv", &table(&both, &all))])
}

/// Without what differs by the way the rows were kept aside.
fn plain(mut document: Value) -> Value {
    for key in ["name", "model", "samples"] {
        document[key] = Value::Null;
    }
    for key in ["numbers", "file"] {
        document["validation"][key] = Value::Null;
    }
    document
}

#[test]
fn rows_of_a_file_are_kept_aside_as_the_last_of_both() {
    let desk = desk();
    // In memory; all in a file; the table alone, and both together only.
    for more in [
        "--patience 4 --precision f64",
        "--schedule plateau --keep best --weights w",
        "--memory 1KB --patience 4 --weights w",
        "--memory 5KB --patience 4",
        "--memory 13KB --patience 4",
    ] {
        let line = format!("--target y --ignore id --epochs 6 --hidden 6 {more}");
        let ours = desk.json(&format!("train a.csv --validation b.csv {line} --out file"));
        // Of the 80 rows 4 have no target, one of them beside.
        let last = desk.json(&format!("train both.csv --split time --validation 0.25 {line} --out split"));
        assert_eq!((&ours["rows"], &ours["validation"]["rows"]), (&json!(57), &json!(19)), "{more}");
        assert_eq!(ours["weights_sha256"], last["weights_sha256"], "{more}");
        assert_eq!(plain(ours.clone()), plain(last), "{more}");
        let given: Vec<usize> = (0..20).filter(|row| row + 60 != 62).collect();
        assert_eq!(ours["validation"]["numbers"], json!(given), "{more}");
        assert_eq!(ours["validation"]["file"], "b.csv");
        for sample in ours["samples"].as_array().expect("samples") {
            let row = number(&sample["row"]) as usize;
            close("a sample", number(&sample["actual"][0]), lines(60 + row..61 + row)[0][3].parse().expect("a number"), 1e-6, 1.0);
        }
        let evaluated = desk.json("evaluate file b.csv");
        close("cost", number(&evaluated["cost"]), number(&ours["validation"]["after"]["cost"]), 1e-6, 1.0);
        let text = String::from_utf8_lossy(&desk.bytes("file/model.safetensors")).into_owned();
        assert!(text.contains("\\\"validation\\\":\\\"b.csv\\\""), "{text:.2000}");
    }
    let told = desk.fine("train a.csv --validation b.csv --target y --ignore id --epochs 1 --hidden 3 --out told");
    told.says(&["57 rows to train on, 19 kept aside (b.csv)"]);
    told.complains(&["b.csv: 1 rows without a target are left out"]);
    assert!(desk.read("told/report.html").contains("19 kept aside (b.csv)"));
    // A run file's path begins at its folder; a flag replaces it.
    let run = "[data]\npath = \"a.csv\"\ntarget = \"y\"\nignore = \"id\"\nvalidation = \"b.csv\"\n[train]\nepochs = 2\n";
    desk.write("run.toml", run);
    assert_eq!(desk.json("train --config run.toml --out r")["validation"]["rows"], 19);
    assert_eq!(desk.json("train --config run.toml --validation 0.1 --out r")["rows"], 51);
    assert_eq!(desk.json("check run.toml")["rows"], 57);
}

#[test]
fn a_file_tells_nothing_about_the_columns() {
    let rows = |from: usize, side: &str| (from..from + 30).map(|r| format!("{},{side}{},{}\n", r % 9, r % 2, r % 5)).collect::<String>();
    let desk = Desk::with(&[
        ("a.csv", &format!("x,side,y\n{}", rows(0, "s"))),
        ("b.csv", &format!("x,side,y\n{}", rows(3, "t"))),
        ("class.csv", "x,side,y\n1,s0,maybe\n"),
        (
            "words.csv",
            &format!(
                "x,side,y\n{}",
                rows(0, "s")
                    .replace(",0\n", ",no\n")
                    .replace(",3\n", ",no\n")
                    .replace(",1\n", ",yes\n")
                    .replace(",2\n", ",yes\n")
                    .replace(",4\n", ",no\n")
            ),
        ),
    ]);
    let told = desk.fine("train a.csv --validation b.csv --target y --task regression --epochs 1 --hidden 3 --out run");
    told.complains(&["b.csv: 30 cells of 'side' hold what the model has not seen ('t1'): taken as none of its levels"]);
    told.says(&["network   3-3-1"]);
    let refused = desk.run("train words.csv --validation class.csv --target y --epochs 1 --out no");
    refused.expect(3);
    refused.complains(&["class.csv", "column 'y'"]);
    let numbers = desk.read("a.csv").replace("side", "s").replace("s0", "0").replace("s1", "1");
    desk.write("numbers.csv", &numbers);
    desk.write("other.csv", "x,s,y\n1,0,1\n1,1,7\n");
    let refused = desk.run("train numbers.csv --validation other.csv --target y --epochs 1 --out no");
    refused.expect(3);
    refused.complains(&["other.csv", "row 1", "column 'y'", "expected one of the classes 0, 1, 2, 3, 4, came 7"]);
}

#[test]
fn what_is_no_file_of_rows_is_refused() {
    let desk = desk();
    desk.write("lacks.csv", "a,gap,side,w\n1,2,n,1\n");
    desk.write("no_side.csv", "a,gap,y,w\n1,2,3,1\n");
    desk.write("empty.csv", "a,gap,side,y,w\n");
    desk.write("nothing.csv", "");
    desk.write("numbers.csv", "p,q\n1,2\n2,3\n3,5\n4,6\n");
    desk.write("fewer.csv", "p\n1\n");
    desk.write("run.toml", "[data]\npath = \"a.csv\"\ntarget = \"y\"\nvalidation = \"gone.csv\"\n");
    desk.write("inline.toml", "[data]\ninputs = [[1], [2]]\ntargets = [[1], [2]]\nvalidation = \"b.csv\"\n");
    for (line, code, words) in [
        ("a.csv --target y --ignore id --validation lacks.csv", 3, &["lacks.csv", "there is no column 'y'"][..]),
        ("a.csv --target y --ignore id --validation no_side.csv", 3, &["no_side.csv", "there is no column 'side'"]),
        ("a.csv --target y --ignore id --validation empty.csv", 3, &["empty.csv", "at least one row"]),
        ("a.csv --target y --validation nothing.csv", 3, &["nothing.csv", "came an empty file"]),
        ("numbers.csv --target q --validation fewer.csv", 3, &["fewer.csv", "there is no column 'q'"]),
        (
            "a.csv --target y --validation 0.2x",
            2,
            &["--validation", "'0.2x' is no share, and no file is there", "try: 0.2 for a fifth of the rows, or the path of a table"],
        ),
        ("a.csv --target y --validation 1.5", 2, &["--validation: expected a share from 0 to below 1, came 1.5", "try: 0.2 for a fifth"]),
        ("--config run.toml", 2, &["data.validation", "gone.csv' is no share, and no file is there", "try: 0.2 for a fifth"]),
        ("--config inline.toml", 2, &["data.validation", "worked examples have no columns"]),
        ("a.csv --target y --validation b.csv --folds 3", 2, &["no share or file beside"]),
        ("a.csv --target y --validation b.csv --ensemble 3", 2, &["no share or file beside"]),
        ("a.csv --target y --validation b.csv --split time", 2, &["no split chooses them", "--split, --group, --time"]),
        ("a.csv --target y --validation b.csv --group side", 2, &["no split chooses them"]),
    ] {
        let refused = desk.run(&format!("train {line} --epochs 1 --out no"));
        refused.expect(code);
        refused.complains(words);
    }
    desk.fine("train numbers.csv --target q --validation numbers.csv --epochs 1 --out same").complains(&["are the table itself"]);
}

/// The same rows kept aside, whatever file they stand in: the same bits of the model, and of what is said of them.
#[test]
fn rows_of_any_file_are_kept_aside() {
    let rows = |from: usize| -> Vec<[f64; 3]> {
        (from..from + 40).map(|r| [r as f64 / 8.0, (r * 7 % 13) as f64, (r * 3 % 11) as f64 / 2.0]).collect()
    };
    let text = |rows: &[[f64; 3]]| rows.iter().map(|[a, b, c]| format!("{a},{b},{c}\n")).collect::<String>();
    let bytes: Vec<u8> = rows(100).iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let (table, aside) = (format!("c0,c1,c2\n{}", text(&rows(0))), format!("c0,c1,c2\n{}", text(&rows(100))));
    let desk = Desk::with(&[("table.csv", &table), ("aside.csv", &aside), ("units.csv", include_str!("support/units.csv"))]);
    desk.write("bare.csv", text(&rows(0)));
    desk.write("aside.npy", npy("<f8", "(40, 3)", false, &bytes));
    desk.write("aside.npz", stored_zip("c.npy", &npy("<f8", "(40, 3)", false, &bytes)));
    desk.write("units.parquet", include_bytes!("support/units.parquet"));
    desk.write("again.csv", include_str!("support/units.csv"));
    let trained = |table: &str, target: &str, file: &str, more: &str| {
        let line =
            format!("train {table} --target {target} --validation {file} --epochs 30 --patience 2 --hidden 4 --learning-rate 0.02 {more}");
        let document = desk.json(&format!("{line} --out run"));
        assert_eq!(document["validation"]["file"], json!(file));
        plain(document)
    };
    for more in ["--precision f64", "--memory 1KB"] {
        let of = |file: &str| trained("table.csv", "c2", file, more);
        let csv = of("aside.csv");
        assert_eq!(csv["validation"]["rows"], json!(40));
        assert_eq!((&csv, &csv), (&of("aside.npy"), &of("aside.npz")), "{more}");
        assert_eq!(trained("units.csv", "price", "again.csv", more), trained("units.csv", "price", "units.parquet", more));
        // An array has no names but these, and a table without names goes by its places.
        let bare = trained("bare.csv", "c2", "aside.npy", &format!("--no-header {more}"));
        assert_eq!(bare["validation"]["after"], csv["validation"]["after"]);
    }
    desk.write("cut.npy", npy("<f8", "(40, 3)", false, &bytes[..100]));
    desk.write("cut.parquet", &include_bytes!("support/units.parquet")[..90]);
    for file in ["cut.npy", "cut.parquet"] {
        let refused = desk.run(&format!("train table.csv --target c2 --validation {file} --epochs 1 --out no"));
        refused.expect(3);
        refused.complains(&[file]);
    }
}

#[test]
fn a_run_goes_on_with_the_same_file_alone() {
    let desk = desk();
    let line = "train a.csv --validation b.csv --target y --ignore id --patience 400 --epochs 400 --checkpoint-every 1";
    let whole = desk.json(&format!("{line} --out whole"));
    let words: Vec<String> = format!("{line} --out run").split(' ').map(str::to_string).collect();
    let mut child = desk.command(&words.iter().map(String::as_str).collect::<Vec<_>>()).spawn().expect("the program");
    while !desk.path("run/checkpoint.previous.safetensors").exists() && child.try_wait().expect("a process").is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().expect("a signal");
    child.wait().expect("an end");
    let before = desk.bytes("b.csv");
    desk.write("b.csv", [&before[..], b"\n"].concat());
    let refused = desk.run("train --resume run");
    refused.expect(3);
    refused.complains(&["b.csv", "the file of the rows kept aside has changed since the run began"]);
    desk.write("b.csv", before);
    assert_eq!(desk.json("train --resume run")["weights_sha256"], whole["weights_sha256"]);
}

#[test]
fn the_cost_of_rows_kept_aside_is_their_weighted_mean() {
    let rows = |from: usize, w: usize| (from..from + 20).map(|r| format!("{},{},{}\n", r % 9, r * 7 % 11, w + r % 5)).collect::<String>();
    let desk = Desk::with(&[("a.csv", &format!("x,y,w\n{}", rows(0, 1))), ("b.csv", &format!("x,y,w\n{}", rows(3, 10)))]);
    let line =
        "train a.csv --validation b.csv --target y --task regression --weights w --epochs 3 --hidden 4 --keep last --schedule plateau";
    desk.json(&format!("{line} --standardize false --precision f64 --out run"));
    let said = numbers(&desk.json("predict run b.csv")["outputs"]);
    let rows = cells(&desk.read("b.csv"));
    let total: f64 = rows.iter().map(|row| row[2]).sum();
    let cost: f64 = rows.iter().zip(&said).map(|(row, a)| row[2] * (a - row[1]).powi(2) / 2.0).sum::<f64>() / total;
    let last: Value = serde_json::from_str(desk.read("run/metrics.jsonl").lines().last().expect("a line")).expect("JSON");
    close("the cost", number(&last["validation_cost"]), cost, 1e-12, 1.0);
    // Rows without the weights that the cost has in it.
    desk.write("c.csv", "x,y\n1,2\n3,4\n");
    desk.write("ones.csv", "x,y,w\n1,2,1\n3,4,1\n");
    let note = "the cost weighs rows by 'w', which is not there: each row counts as 1";
    for command in ["check run c.csv", "explain run c.csv --row 0 -p layer1.weight[0,0]"] {
        desk.fine(command).complains(&[note]);
    }
    let mean: f64 = said_cost(&desk, "c.csv");
    close("as 1", number(&desk.json("check run c.csv")["cost"]), mean, 1e-12, 1.0);
}

/// Half the mean squared error of the model in `run`.
fn said_cost(desk: &Desk, data: &str) -> f64 {
    let said = numbers(&desk.json(&format!("predict run {data}"))["outputs"]);
    let rows = cells(&desk.read(data));
    rows.iter().zip(&said).map(|(row, a)| (a - row[1]).powi(2) / 2.0).sum::<f64>() / rows.len() as f64
}

#[test]
fn a_search_that_goes_nowhere_ends() {
    let rows: String = (0..30).map(|r| format!("{},{}\n", r % 9, 3 * (r % 9) + r % 2)).collect();
    let desk = Desk::with(&[("t.csv", &format!("x,y\n{rows}"))]);
    let line = "train t.csv --target y --task regression --optimizer lbfgs --hidden 2 --epochs 3000";
    let told = desk.fine(&format!("{line} --out run"));
    told.complains(&["lbfgs found no step that changes anything any more: the training ended after step"]);
    let document = desk.json(&format!("{line} --out run"));
    assert_eq!(document["stalled"], true);
    assert!(number(&document["steps"]) < 2000.0, "{}", document["steps"]);
    let last: Value = serde_json::from_str(desk.read("run/metrics.jsonl").lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["epoch"], document["epochs"]);
    assert!(desk.read("run/report.html").contains("the search found no step that changes anything"));
}

#[test]
fn classes_that_training_does_not_see_are_said() {
    let class = |r: usize| if r < 30 { ["a", "b"][r % 2] } else { "c" };
    let rows: String = (0..40).map(|r| format!("{},{}\n", r % 9, class(r))).collect();
    let one: String = (0..40).map(|r| format!("{},{}\n", r % 9, if r < 30 { "a" } else { "b" })).collect();
    let desk = Desk::with(&[("late.csv", &format!("x,y\n{rows}")), ("one.csv", &format!("x,y\n{one}"))]);
    let line = "--target y --split time --validation 0.25 --epochs 1 --hidden 3 --out run";
    desk.fine(&format!("train late.csv {line}")).complains(&["'c' stands only in rows kept aside: the network cannot learn it"]);
    let told = desk.fine(&format!("train one.csv {line}"));
    told.complains(&["'b' stands only in", "all rows trained on are of one class, 'a': there is nothing to tell apart"]);
}

/// What the targets are is told from the table alone, wherever it is.
#[test]
fn rows_beside_do_not_decide_the_task() {
    let rows = |count: usize| (0..count).map(|r| format!("{},{},{}\n", r % 9, r % 2, r / 2 % 2)).collect::<String>();
    let table = |count: usize| format!("x,p,q\n{}", rows(count));
    let desk = Desk::with(&[
        ("labels.csv", &table(40)),
        ("odd.csv", &format!("{}1,1,0\n1,0,1\n1,1,1\n1,0,2\n", table(0))),
        ("few.csv", &table(8)),
        ("more.csv", &table(9)),
        ("classes.csv", &table(40)),
        ("other.csv", "x,p,q\n1,0,1\n1,5,1\n"),
    ]);
    for (line, code) in [
        ("labels.csv --target p,q --validation odd.csv", 3),
        ("few.csv --target p,q --validation more.csv", 0),
        ("labels.csv --target p,q --validation more.csv", 0),
        ("labels.csv --target p,q --task labels --validation odd.csv", 3),
        ("classes.csv --target p --ignore q --validation other.csv", 3),
        ("classes.csv --target q,p --validation other.csv", 3),
    ] {
        let line = format!("train {line} --epochs 2 --hidden 3 --json --out run");
        let (held, stored) = (desk.run(&line), desk.run(&format!("{line} --memory 0")));
        held.expect(code);
        stored.complains(if code == 0 { &["temporary file"] } else { &["error"] });
        assert_eq!((stored.code, &stored.out), (held.code, &held.out), "{line}");
        let told = held.document();
        match code {
            0 => assert_eq!(told["task"], if line.contains("few") { "regression" } else { "labels" }, "{told}"),
            _ => assert!(held.err.contains("expected one of the classes 0, 1, came"), "{}", held.err),
        }
    }
}

/// A file without targets, and one that is not there, say what to try with it.
#[test]
fn hints_fit_the_file() {
    let desk = desk();
    desk.write("bare.csv", "a,gap,side,y,w\n1,2,n,,1\n2,3,e,,1\n");
    desk.fine("train a.csv --target y --ignore id --task regression --epochs 1 --out run");
    for line in [
        "train a.csv --target y --ignore id --validation bare.csv --out no",
        "evaluate run bare.csv",
        "train a.csv --from run --validation bare.csv --epochs 1 --out no",
    ] {
        let refused = desk.run(line);
        refused.expect(3);
        refused.complains(&["bare.csv", "no row has a target", "try: fill the target in"]);
        assert!(!refused.err.contains("--target"), "{}", refused.err);
    }
    let gone = desk.run("train a.csv --target y --validation gone.csv");
    gone.expect(2);
    gone.complains(&["no file is there", "the path of a table that is there"]);
}
