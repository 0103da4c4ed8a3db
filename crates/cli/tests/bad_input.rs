//! Tables, run files, flags and places that must be refused: with the right exit code, by name, and with nothing left behind.

mod support;

use serde_json::{Value, json};
use support::{Desk, Outcome, number, numbers};

const GOOD: &str = "a,b,y\n1,2,3\n4,5,6.5\n7,7,8\n2,9,1\n5,5,5\n";

/// A desk with a good table and a model trained on it, in `run`.
fn desk_with_model() -> Desk {
    let desk = Desk::with(&[("good.csv", GOOD)]);
    desk.fine("train good.csv --target y --hidden 3 --epochs 1 --out run");
    desk
}

/// Runs a line that must be refused, as words and with `--json`; nothing may be left behind. Returns the error object.
fn refused(desk: &Desk, line: &str, code: i32, names: &[&str]) -> Value {
    let before = desk.everything();
    let told = desk.run(line);
    told.expect(code);
    assert_eq!(told.out, "", "{}", told.report());
    told.complains(&["error"]);
    told.complains(names);
    let told = desk.run(&format!("{line} --json"));
    told.expect(code);
    let error = told.document()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|message| message.trim().len() > 5), "{}", told.report());
    told.complains(names);
    assert_eq!(desk.everything(), before, "something is left behind: {}", told.report());
    error
}

/// A table that must be refused: its bytes, and the row and column that the error must name.
struct BadTable {
    what: &'static str,
    bytes: &'static [u8],
    row: Option<u64>,
    column: Option<&'static str>,
    /// Refused for training too, not only by a model of plain numbers.
    by_train: bool,
}

const fn bad(what: &'static str, bytes: &'static [u8], row: Option<u64>, column: Option<&'static str>) -> BadTable {
    BadTable { what, bytes, row, column, by_train: true }
}

/// A table that can be trained on, but not taken by a model that was trained on plain numbers.
const fn unlike(what: &'static str, bytes: &'static [u8], row: Option<u64>, column: Option<&'static str>) -> BadTable {
    BadTable { what, bytes, row, column, by_train: false }
}

/// Rows are counted from 0, header not counted.
const BAD_TABLES: [BadTable; 20] = [
    bad("empty file", b"", None, None),
    bad("only line ends", b"\n\n\n", None, None),
    bad("header only", b"a,b,y\n", None, None),
    bad("header without line end", b"a,b,y", None, None),
    bad("row too short", b"a,b,y\n1,2,3\n4,5\n6,7,8\n", Some(1), None),
    bad("row too long", b"a,b,y\n1,2,3\n4,5,6\n6,7,8,9\n", Some(2), None),
    bad("empty line within", b"a,b,y\n1,2,3\n\n4,5,6\n", Some(1), None),
    unlike("text in a number column", b"a,b,y\n1,2,3\n4,many,6\n6,7,8\n", Some(1), Some("b")),
    unlike("text column", b"a,b,y\n1,red,3\n4,blue,6\n6,red,8\n", Some(0), Some("b")),
    unlike("empty cell", b"a,b,y\n1,2,3\n4,5,6\n,7,8\n", Some(2), Some("a")),
    unlike("nan", b"a,b,y\n1,2,3\n4,nan,6\n6,7,8\n", Some(1), Some("b")),
    bad("NaN and -inf", b"a,b,y\n1,2,3\n4,5,6\n6,-inf,NaN\n", Some(2), Some("b")),
    bad("inf", b"a,b,y\ninf,2,3\n4,5,6\n6,7,8\n", Some(0), Some("a")),
    bad("1e400", b"a,b,y\n1,2,3\n4,5,6\n6,-1e400,8\n", Some(2), Some("b")),
    bad("duplicate names", b"a,b,b,y\n1,2,2,3\n4,5,5,6\n", None, Some("b")),
    bad("invalid UTF-8 in a cell", b"a,b,y\n1,2,3\n4,\xff\xfe,6\n", Some(1), Some("b")),
    bad("invalid UTF-8 in the header", b"a,\xc3(,y\n1,2,3\n4,5,6\n", None, None),
    bad("UTF-16", b"\xff\xfea\x00,\x00y\x00\n\x001\x00,\x002\x00\n\x00", None, None),
    bad("a quote that is never closed", b"a,b,y\n1,2,3\n4,\"5,6\n7,8,9\n", Some(1), None),
    unlike("a decimal comma", b"a;b;y\n1;2;3\n4;5,5;6\n", Some(1), Some("b")),
];

#[test]
fn every_bad_table_is_refused_by_every_command() {
    let desk = desk_with_model();
    desk.write("bad.toml", "[data]\npath = \"bad.csv\"\ntarget = [\"y\"]\n[train]\nepochs = 1\n");
    for table in &BAD_TABLES {
        desk.write("bad.csv", table.bytes);
        let mut lines = vec!["predict run bad.csv", "predict run bad.csv -o new.csv", "evaluate run bad.csv", "check run bad.csv"];
        if table.by_train {
            lines.extend(["train bad.csv --target y --epochs 1 --out new", "train --config bad.toml --out new", "check bad.toml"]);
        }
        for line in lines {
            let error = refused(&desk, line, 3, &["bad.csv"]);
            let what = format!("{}: {line}: {error}", table.what);
            assert_eq!(error["code"], json!("data"), "{what}");
            assert!(error["file"].as_str().is_some_and(|file| file.ends_with("bad.csv")), "{what}");
            if let Some(row) = table.row {
                assert_eq!(error["row"], json!(row), "{what}");
            }
            if let Some(column) = table.column {
                assert_eq!(error["column"], json!(column), "{what}");
            }
        }
    }
}

#[test]
fn files_that_are_not_there_or_not_files() {
    let desk = desk_with_model();
    std::fs::create_dir(desk.path("directory.csv")).expect("a directory");
    #[cfg(unix)]
    std::os::unix::fs::symlink("gone", desk.path("vanished.csv")).expect("a link");
    #[cfg(not(unix))]
    let _ = desk.path("vanished.csv");
    for name in ["directory.csv", "vanished.csv", "absent.csv", "good.csv/within.csv"] {
        for line in ["train NAME --target y --epochs 1 --out new", "predict run NAME -o new.csv", "evaluate run NAME", "check run NAME"] {
            let error = refused(&desk, &line.replace("NAME", name), 3, &[name]);
            assert_eq!(error["code"], json!("data"), "{error}");
            assert_eq!(error["file"], json!(name));
        }
        // A run file that names it: the error is about that file, which cannot be read, not about the run file.
        desk.write("names.toml", format!("[data]\npath = \"{name}\"\ntarget = [\"y\"]\n"));
        refused(&desk, "train --config names.toml --out new", 3, &[name]);
        if name != "directory.csv" {
            refused(&desk, &format!("predict {name} good.csv -o new.csv"), 3, &[name]);
            refused(&desk, &format!("train --config {name} --out new"), 2, &[name]);
        }
    }
    let empty_directory = refused(&desk, "predict directory.csv good.csv", 3, &["directory.csv"]);
    assert_eq!(empty_directory["code"], json!("model"));
}

#[test]
fn a_target_that_is_not_there() {
    let desk = desk_with_model();
    for (line, code) in
        [("train good.csv --target price --out new", 3), ("train good.csv --out new", 2), ("train good.csv --target y,price --out new", 3)]
    {
        let error = refused(&desk, line, code, &["good.csv"]);
        if code == 3 {
            assert_eq!(error["column"], json!("price"), "{error}");
        }
    }
    refused(&desk, "train good.csv --target y --target y --out new", 2, &["y"]);
    refused(&desk, "train good.csv --target a,b,y --out new", 3, &["good.csv"]);
    desk.write("inputs.csv", "a,b\n1,2\n");
    desk.fine("predict run inputs.csv");
    for line in ["evaluate run inputs.csv", "check run inputs.csv"] {
        assert_eq!(refused(&desk, line, 3, &["inputs.csv"])["column"], json!("y"));
    }
}

#[test]
fn one_column_is_refused_one_row_and_a_constant_column_are_said() {
    let desk = Desk::new();
    desk.write("column.csv", "y\n1\n2\n3\n");
    refused(&desk, "train column.csv --target y --out new", 3, &["column.csv"]);
    desk.write("row.csv", "a,b,y\n1,2,3\n");
    let told = desk.fine("train row.csv --target y --epochs 2 --out row");
    told.complains(&["one row"]);
    desk.write("constant.csv", "a,b,y\n1,2,3\n1,5,6\n1,7,8\n1,8,9\n1,9,11\n");
    desk.fine("train constant.csv --target y --epochs 2 --out constant").complains(&["'a'", "constant"]);
    desk.write("flat.csv", "a,b,y\n1,2,3\n4,5,3\n9,7,3\n1,8,3\n");
    desk.fine("train flat.csv --target y --epochs 2 --out flat").complains(&["'y'", "constant"]);
    for (model, table) in [("row", "row.csv"), ("constant", "constant.csv"), ("flat", "flat.csv")] {
        let outputs = numbers(&desk.json(&format!("predict {model} {table}"))["outputs"]);
        assert!(outputs.iter().all(|output| output.is_finite() && output.abs() < 100.0), "{model}: {outputs:?}");
        number(&desk.json(&format!("evaluate {model} {table}"))["cost"]);
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let desk = Desk::with(&[("plain.csv", GOOD), ("marked.csv", &format!("\u{feff}{GOOD}"))]);
    let hashes = ["plain", "marked"].map(|name| {
        let line = format!("train {name}.csv --target y --epochs 2 --out {name}");
        desk.json(&line)["weights_sha256"].clone()
    });
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(desk.json("predict marked plain.csv"), desk.json("predict plain marked.csv"));
    desk.fine("train marked.csv --target a --epochs 1 --out new");
}

#[test]
fn a_class_that_the_model_does_not_know() {
    let desk = Desk::new();
    let rows: String = (0..30).map(|i| format!("{i},{}\n", [1, 5, 9][i % 3])).collect();
    desk.write("classes.csv", format!("x,label\n{rows}"));
    desk.fine("train classes.csv --target label --epochs 1 --out run");
    desk.write("other.csv", "x,label\n1,5\n2,9\n3,7\n");
    for line in ["evaluate run other.csv", "check run other.csv"] {
        let error = refused(&desk, line, 3, &["other.csv", "label", "7"]);
        assert_eq!((&error["row"], &error["column"]), (&json!(2), &json!("label")));
    }
    desk.fine("predict run other.csv");
}

const DATA: &str = "[data]\ninputs = [[1, 2], [3, 4], [5, 6]]\ntargets = [[1], [2], [3]]\n";

/// What follows [data] in a run file that must be refused, and the key that the error must name.
const BAD_KEYS: [(&str, &str); 46] = [
    ("[colour]\n", "colour"),
    ("[network]\ndepth = 3\n", "network.depth"),
    ("[[network.layer]]\nunits = 1\nneurons = 3\n", "network.layer[1].neurons"),
    ("[train]\nepoch = 3\n", "train.epoch"),
    ("[network]\nprecision = \"f16\"\n", "network.precision"),
    ("[network]\nprecision = 64\n", "network.precision"),
    ("[network]\nloss = \"hinge\"\n", "network.loss"),
    ("[network]\nloss = 1\n", "network.loss"),
    ("[network]\nlayer = 3\n", "network.layer"),
    ("[network]\nrng = \"dice\"\n", "network.rng"),
    ("[[network.layer]]\nunits = -1\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = 0\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = 1.5\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = \"1\"\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = 9223372036854775807\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = 2\n", "network.layer[1].units"),
    ("[[network.layer]]\nunits = 4\n[[network.layer]]\nunits = -2\n", "network.layer[2].units"),
    ("[[network.layer]]\nunits = 1\nactivation = \"step\"\n", "network.layer[1].activation"),
    ("[[network.layer]]\nunits = 1\nactivation = \"leaky_relu(nan)\"\n", "network.layer[1].activation"),
    ("[[network.layer]]\nunits = 1\nweight = [[1, 2, 3]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [[1]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [[1, 2], [3, 4]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [1, 2]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [[1, nan]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [[1, inf]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = [[1, \"2\"]]\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nweight = []\n", "network.layer[1].weight"),
    ("[[network.layer]]\nunits = 1\nbias = [1, 2]\n", "network.layer[1].bias"),
    ("[[network.layer]]\nunits = 1\nbias = [nan]\n", "network.layer[1].bias"),
    ("[[network.layer]]\nunits = 1\nbias = 1\n", "network.layer[1].bias"),
    ("[[network.layer]]\nunits = 1\nfreeze = [\"slope\"]\n", "network.layer[1].freeze"),
    ("[[network.layer]]\nunits = 1\nfreeze = [\"weight[0,2]\"]\n", "network.layer[1].freeze"),
    ("[[network.layer]]\nunits = 1\ninitializer = \"ones\"\n", "network.layer[1].initializer"),
    ("[train]\nlearning_rate = nan\n", "train.learning_rate"),
    ("[train]\nlearning_rate = -0.1\n", "train.learning_rate"),
    ("[train]\nlearning_rate = inf\n", "train.learning_rate"),
    ("[train]\nlearning_rate = \"fast\"\n", "train.learning_rate"),
    ("[train]\nepochs = -1\n", "train.epochs"),
    ("[train]\nepochs = true\n", "train.epochs"),
    ("[train]\nbatch = 0\n", "train.batch"),
    ("[train]\nbatch = \"half\"\n", "train.batch"),
    ("[train]\nseed = -1\n", "train.seed"),
    ("[train]\nshuffle = \"yes\"\n", "train.shuffle"),
    ("[train]\noptimizer = \"newton\"\n", "train.optimizer"),
    ("[train]\noptimizer = \"sgd\"\nbeta1 = 0.9\n", "train.beta1"),
    ("[train]\noptimizer = \"adam\"\nbeta1 = 1.5\n", "train.beta1"),
];

#[test]
fn every_bad_key_of_a_run_file_is_refused_by_name() {
    let desk = Desk::new();
    for (text, key) in BAD_KEYS {
        desk.write("run.toml", format!("{DATA}{text}"));
        for line in ["train --config run.toml --out new", "check run.toml"] {
            let error = refused(&desk, line, 2, &["run.toml", key]);
            assert_eq!((&error["code"], &error["file"]), (&json!("usage"), &json!("run.toml")), "{text}");
            assert!(error["key"].as_str().is_some_and(|given| given.starts_with(key)), "{text}: {error}");
        }
    }
}

#[test]
fn run_files_whose_data_are_no_data() {
    let desk = Desk::with(&[("good.csv", GOOD)]);
    for (text, names) in [
        ("", "data"),
        ("[data]\n", "data"),
        ("data = 3\n", "data"),
        ("[data]\ninputs = [[1, 2], [3]]\ntargets = [[1], [2]]\n", "data.inputs"),
        ("[data]\ninputs = [[1, 2], [3, 4]]\ntargets = [[1]]\n", "data.targets"),
        ("[data]\ninputs = [[1, 2]]\n", "data.inputs"),
        ("[data]\ntargets = [[1, 2]]\n", "data"),
        ("[data]\ninputs = []\ntargets = []\n", "data.inputs"),
        ("[data]\ninputs = [[]]\ntargets = [[1]]\n", "data.inputs"),
        ("[data]\ninputs = [[nan]]\ntargets = [[1]]\n", "data.inputs"),
        ("[data]\ninputs = [[1]]\ntargets = [[inf]]\n", "data.targets"),
        ("[data]\ninputs = \"good.csv\"\ntargets = [[1]]\n", "data.inputs"),
        ("[data]\npath = \"good.csv\"\nbundled = \"houses\"\ntarget = [\"y\"]\n", "data.bundled"),
        ("[data]\npath = 3\ntarget = [\"y\"]\n", "data.path"),
        ("[data]\nbundled = \"cars\"\n", "data.bundled"),
        ("[data]\npath = \"good.csv\"\ntarget = 3\n", "data.target"),
        ("[data]\npath = \"good.csv\"\ntarget = [\"y\"]\nvalidation = 1\n", "data.validation"),
        ("[data]\npath = \"good.csv\"\ntarget = [\"y\"]\nvalidation = nan\n", "data.validation"),
        ("[data]\npath = \"good.csv\"\ntarget = [\"y\"]\nstandardize = 1\n", "data.standardize"),
        ("[data]\npath = \"good.csv\"\ntarget = [\"y\"]\nheader = \"no\"\n", "data.header"),
        ("[data\n", "run.toml"),
        ("[data]\n[data]\n", "run.toml"),
        ("\u{0}", "run.toml"),
    ] {
        desk.write("run.toml", text);
        for line in ["train --config run.toml --out new", "check run.toml"] {
            refused(&desk, line, 2, &["run.toml", names]);
        }
    }
    desk.write("run.toml", b"[data]\nbundled = \"hous\xff\xfe\"\n");
    refused(&desk, "train --config run.toml --out new", 2, &["run.toml"]);
    for deep in
        [format!("{DATA}x = {}{}\n", "[".repeat(50_000), "]".repeat(50_000)), format!("{DATA}{} = 1\n", vec!["x"; 50_000].join("."))]
    {
        desk.write("run.toml", deep);
        refused(&desk, "train --config run.toml --out new", 2, &["run.toml"]);
    }
}

#[test]
fn flags_that_make_no_sense() {
    let desk = desk_with_model();
    for flags in [
        "--epochs -1",
        "--epochs x",
        "--batch 0",
        "--batch -5",
        "--hidden 0",
        "--hidden -3",
        "--hidden x",
        "--hidden 99999999999",
        "--validation 1",
        "--validation -0.1",
        "--validation nan",
        "--learning-rate nan",
        "--learning-rate inf",
        "--learning-rate 0",
        "--learning-rate -1",
        "--seed -1",
        "--seed 18446744073709551616",
        "--threads 0",
        "--precision f16",
        "--task clustering",
        "--activation step",
        "--loss hinge",
        "--optimizer newton",
        "--initializer ones",
        "--initializer uniform(1,-1)",
        "--option momentum",
        "--option momentum=0.9",
        "--optimizer sgd --option momentum=nan",
        "--optimizer sgd --option nesterov=1",
        "--epochs 1 --epochs 2",
        "--config good.csv",
        "extra",
    ] {
        refused(&desk, &format!("train good.csv --target y --out new {flags}"), 2, &[]);
    }
    for line in [
        "train",
        "predict run",
        "evaluate",
        "check",
        "replay",
        "dance",
        "predict run good.csv --target y",
        "check run good.csv --row 5",
        "check run",
    ] {
        refused(&desk, line, 2, &[]);
    }
}

#[test]
fn places_that_cannot_be_written() {
    let desk = desk_with_model();
    std::fs::create_dir(desk.path("directory")).expect("a directory");
    for place in ["directory", "absent/new.csv", "good.csv/new.csv"] {
        let error = refused(&desk, &format!("predict run good.csv -o {place}"), 1, &[place]);
        assert_eq!(error["code"], json!("failed"));
    }
    for place in ["good.csv", "good.csv/new"] {
        let error = refused(&desk, &format!("train good.csv --target y --epochs 1 --out {place}"), 1, &[place]);
        assert_eq!(error["code"], json!("failed"));
    }
    assert_eq!(desk.read("good.csv"), GOOD);
    // A refused run leaves an older file as it was.
    desk.write("predictions.csv", "older");
    desk.write("bad.csv", "a,b\n1,x\n");
    desk.run("predict run bad.csv -o predictions.csv").expect(3);
    assert_eq!(desk.read("predictions.csv"), "older");
}

/// A device that is always full: every write to it fails.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_an_error_and_no_panic() {
    let desk = desk_with_model();
    for line in [
        "predict run good.csv",
        "predict run good.csv --json",
        "evaluate run good.csv",
        "check run good.csv",
        "operations",
        "operations relu",
        "replay relu",
        "man",
        "completions bash",
        "completions fish",
        "train good.csv --target y --epochs 1 --out new",
        "train good.csv --target y --epochs 1 --out new --json",
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = desk
            .command(&line.split(' ').collect::<Vec<_>>())
            .stdout(full)
            .stderr(std::process::Stdio::piped())
            .output()
            .expect("the program");
        Outcome::from_output(line.to_string(), &output).expect(1);
    }
}

/// As with `| head -1`: the reader goes away after the first byte.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_panic() {
    use std::io::Read;
    let desk = desk_with_model();
    for line in
        ["replay all", "replay all --json", "operations", "predict run good.csv", "train good.csv --target y --epochs 1 --out new", "man"]
    {
        let mut command = desk.command(&line.split(' ').collect::<Vec<_>>());
        let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("the program");
        let mut first = [0u8; 1];
        child.stdout.take().expect("stdout").read_exact(&mut first).expect("a first byte");
        let output = child.wait_with_output().expect("an end");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!words.contains("panicked"), "{line}: {words}");
        assert!(matches!(output.status.code(), Some(0 | 1) | None), "{line}: {}", output.status);
    }
}
