//! `backlit predict` on tables of any length: block after block, with the output of all at once.

mod support;

use serde_json::{Value, json};
use support::{Desk, Outcome};

/// The bundled table `name` as text, its rows `times` times.
fn repeated(name: &str, times: usize) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../backlit/data").join(format!("{name}.csv"));
    let text = std::fs::read_to_string(path).expect("a bundled table");
    let (head, rows) = text.split_once('\n').expect("a header");
    format!("{head}\n{}", rows.repeat(times))
}

/// The digits 0 and 1 alone.
fn two_digits() -> String {
    let all = repeated("digits", 1);
    let of_two = |line: &&str| line.ends_with(",0") || line.ends_with(",1") || line.ends_with("digit");
    all.lines().filter(of_two).map(|line| format!("{line}\n")).collect()
}

/// Rows over several blocks give the lines and the list items of the same rows in one block, in every form.
#[test]
fn a_long_table_gives_the_lines_of_a_short_one_again_and_again() {
    let desk = Desk::new();
    desk.write("two.csv", two_digits());
    for (train, name, times) in [
        ("train houses --epochs 2", "houses", 11),
        ("train houses --epochs 2 --hidden 40,40 --precision f64", "houses", 11),
        ("train digits --epochs 2", "digits", 2),
        ("train two.csv --target digit --epochs 2", "two", 5),
    ] {
        desk.fine(&format!("{train} --out run"));
        let short = if name == "two" { "two.csv" } else { name };
        let text = if name == "two" { two_digits() } else { repeated(name, 1) };
        let (head, rows) = text.split_once('\n').expect("a header");
        desk.write("long.csv", format!("{head}\n{}", rows.repeat(times)));
        let (one, all) = (desk.fine(&format!("predict run {short}")).out, desk.fine("predict run long.csv").out);
        let (head, lines) = one.split_once('\n').expect("a header");
        assert_eq!(lines.lines().count(), rows.lines().count(), "{train}");
        assert!(all == format!("{head}\n{}", lines.repeat(times)), "{train}");
        desk.fine("predict run long.csv -o file.csv");
        assert!(desk.read("file.csv") == all, "{train}");

        let one = desk.json(&format!("predict run {short}"));
        let told = desk.fine("predict run long.csv --json");
        let repeated = |list: &Value| -> Value {
            let items = list.as_array().expect("a list");
            Value::from(items.iter().cycle().take(items.len() * times).cloned().collect::<Vec<_>>())
        };
        let mut expected = one.clone();
        expected["rows"] = json!(rows.lines().count() * times);
        expected["outputs"] = repeated(&one["outputs"]);
        if train.contains("digit") {
            expected["predicted"] = repeated(&one["predicted"]);
        }
        // Also the order of the fields and the form of the numbers are those of one document.
        assert!(told.out == format!("{expected}\n"), "{train}");
        assert_eq!(desk.fine("predict run long.csv --json -o again.csv").out, told.out);
        assert!(desk.read("again.csv") == all, "{train}");
    }
}

/// What was written before the error is no output: no file, no document.
#[test]
fn an_error_in_a_late_row_leaves_nothing_that_looks_whole() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 2 --out run");
    let good = repeated("houses", 20);
    let zero = |cell: &str| ["0,0,0,0,0,0", cell, "0,0,0,0,0,0,0\n"].join(",");
    for (what, row, words) in [
        ("a word", zero("x"), "came 'x'"),
        ("a short row", "1,2,3\n".to_string(), "expected 14 cells, came 3"),
        ("far out", zero("1e300"), "not a finite number"),
        ("a quote", "\"1,2\n".to_string(), "never closed"),
    ] {
        desk.write("bad.csv", format!("{good}{row}"));
        desk.write("older.csv", "older");
        let before = desk.everything();
        let refused = |line: &str| -> Outcome {
            let told = desk.run(line);
            told.expect(3);
            told.complains(&["bad.csv, row 10120", words]);
            assert_eq!(told.err.lines().filter(|line| line.starts_with("error:")).count(), 1, "{}", told.report());
            assert_eq!(desk.everything(), before, "{what}: {line}");
            told
        };
        assert!(refused("predict run bad.csv").out.lines().count() < 10_121, "{what}");
        assert!(refused("predict run bad.csv -o new.csv").out.is_empty(), "{what}");
        refused("predict run bad.csv -o older.csv");
        assert_eq!(desk.read("older.csv"), "older");
        let document = refused("predict run bad.csv --json").document();
        assert_eq!(document["error"]["row"], json!(10_120), "{what}");
    }
}

/// The largest memory of a process that runs, in KiB.
#[cfg(target_os = "linux")]
fn most_memory(process: &std::process::Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("a process that runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its largest memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number of KiB")
}

/// A table of 40 MB is predicted in less than 40 MB.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_table() {
    use std::io::Read;
    use std::process::Stdio;
    let desk = Desk::new();
    desk.fine("train houses --epochs 2 --out run");
    let text = repeated("houses", 1160);
    assert!(text.len() > 40_000_000, "{}", text.len());
    desk.write("long.csv", &text);
    for form in [&["predict", "run", "long.csv"][..], &["predict", "run", "long.csv", "--json"]] {
        let mut child = desk.command(form).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
        let mut out = child.stdout.take().expect("stdout");
        // The lines of most rows; the program cannot end while more than a pipe holds is unread.
        let mut most = vec![0; 9_000_000];
        out.read_exact(&mut most).expect("9 MB of predictions");
        let memory = most_memory(&child);
        let mut rest = Vec::new();
        out.read_to_end(&mut rest).expect("the rest");
        assert!(rest.len() > 500_000, "{}", rest.len());
        assert!(child.wait().expect("an end").success());
        assert!(memory < 40_000, "{form:?}: {memory} KiB");
    }
}

/// Ctrl-C while rows are awaited: the program ends, and nothing half-written stays.
#[cfg(unix)]
#[test]
fn an_interrupted_prediction_leaves_no_file() {
    use std::io::Write;
    use std::process::Stdio;
    let desk = Desk::new();
    desk.fine("train houses --epochs 2 --out run");
    let before = desk.everything();
    let mut child = desk.command(&["predict", "run", "/dev/stdin", "-o", "new.csv"]).stdin(Stdio::piped()).spawn().expect("the program");
    let mut rows = child.stdin.take().expect("stdin");
    rows.write_all(repeated("houses", 20).as_bytes()).expect("rows");
    let unfinished = || desk.everything().difference(&before).count() == 1;
    for _ in 0..1000 {
        if unfinished() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(unfinished(), "{:?}", desk.everything());
    // The handler is set after the file is made.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert_eq!(desk.everything(), before);
}
