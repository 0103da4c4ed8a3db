//! What must be refused: one clear error, the right exit code, nothing left behind, and never a panic.

use crate::support::{Desk, Outcome, number};
use crate::worked::MAZUR;
use serde_json::{Value, json};

/// A line that must be refused, as words and with `--json`.
fn refused(desk: &Desk, line: &str, code: i32, names: &[&str]) -> Value {
    let before = desk.everything();
    let told = desk.run(line);
    told.expect(code);
    assert_eq!(told.out, "", "{}", told.report());
    told.complains(&["error"]);
    told.complains(names);
    assert_eq!(told.err.matches("error:").count(), 1, "one error: {}", told.report());
    let told = desk.run(&format!("{line} --json"));
    told.expect(code);
    let error = told.document()["error"].clone();
    assert!(error["message"].as_str().is_some_and(|message| message.trim().len() > 5), "{}", told.report());
    assert_eq!(desk.everything(), before, "something is left behind: {}", told.report());
    error
}

const TABLE: &str = "a,b,y\n1,2,3.5\n4,5,6.5\n7,7,8.25\n2,9,1\n5,5,5\n";

fn desk_with_model() -> Desk {
    let desk = Desk::with(&[("good.csv", TABLE), ("mazur.toml", MAZUR)]);
    desk.fine("train good.csv --target y --hidden 3 --epochs 1 --out run");
    desk
}

#[test]
fn names_and_numbers_that_make_no_sense() {
    let desk = desk_with_model();
    for (line, names) in [
        ("-p layer9.weight[0,0] --row 0", &["layer9.weight[0,0]", "layer1.weight"][..]),
        ("-p layer1.weight[3,0] --row 0", &["layer1.weight[3,0]"][..]),
        ("-p layer1.weight[0,2] --row 0", &["layer1.weight[0,2]"][..]),
        ("-p layer1.weight[-1,0] --row 0", &["layer1.weight[-1,0]"][..]),
        ("-p layer1.weight[0] --row 0", &["layer1.weight[0]"][..]),
        ("-p layer1.bias[0,0] --row 0", &["layer1.bias[0,0]"][..]),
        ("-p layer0.bias[0] --row 0", &["layer0.bias[0]"][..]),
        ("-p layer1.weight --row 0", &["layer1.weight"][..]),
        ("-p layer1.weight[99999999999999999999,0] --row 0", &["99999999999999999999"][..]),
        ("-p nonsense --row 0", &["nonsense"][..]),
        ("-p x[c] --row 0", &["x[c]"][..]),
        ("-p x[2] --row 0", &["x[2]"][..]),
        ("-p x[y] --row 0", &["x[y]"][..]),
        ("-p layer1.bias[0] --row 5", &["5", "rows"][..]),
        ("-p layer1.bias[0] --row 0-5", &["5", "rows"][..]),
        ("-p layer1.bias[0] --row 99999999999999999999", &["99999999999999999999"][..]),
        ("-p layer1.bias[0] --row 5-2", &["5-2"][..]),
        ("-p layer1.bias[0] --row one", &["one"][..]),
        ("-p layer1.bias[0] --row 1,,2", &[][..]),
        ("-p layer1.bias[0] --row=-1", &["-1"][..]),
        ("-p layer1.bias[0] --row 0 --format pdf", &["pdf", "latex"][..]),
        ("-p layer1.bias[0] --row 0 --notation greek", &["greek", "net-out"][..]),
        ("-p layer1.bias[0] --row 0 --paths few", &["few"][..]),
        ("-p layer1.bias[0] --row 0 --paths=-1", &["-1"][..]),
        ("--layer 0 --row 0", &["layer 0"][..]),
        ("--layer 3 --row 0", &["layer 3"][..]),
        ("--layer one --row 0", &["one"][..]),
        ("-p layer1.bias[0] --layer 1 --row 0", &["--layer"][..]),
    ] {
        let error = refused(&desk, &format!("explain run good.csv {line}"), 2, names);
        assert_eq!(error["code"], json!("usage"), "{line}: {error}");
    }
}

#[test]
fn data_and_models_that_are_not_there_or_not_good() {
    let desk = desk_with_model();
    let tail = "-p layer1.bias[0] --row 0";
    refused(&desk, &format!("explain run {tail}"), 2, &[]);
    desk.write("missing.csv", "a,b\n1,2\n");
    assert_eq!(refused(&desk, &format!("explain run missing.csv {tail}"), 3, &["missing.csv", "'y'"])["column"], json!("y"));
    desk.write("other.csv", "a,c,y\n1,2,3\n");
    assert_eq!(refused(&desk, &format!("explain run other.csv {tail}"), 3, &["other.csv", "'b'"])["column"], json!("b"));
    for (name, content) in [
        ("empty.csv", ""),
        ("header.csv", "a,b,y\n"),
        ("words.csv", "a,b,y\n1,red,3\n"),
        ("nan.csv", "a,b,y\n1,nan,3\n"),
        ("huge.csv", "a,b,y\n1,1e400,3\n"),
    ] {
        desk.write(name, content);
        assert_eq!(refused(&desk, &format!("explain run {name} {tail}"), 3, &[name])["code"], json!("data"), "{name}");
    }
    refused(&desk, &format!("explain run absent.csv {tail}"), 3, &["absent.csv"]);
    refused(&desk, &format!("explain absent good.csv {tail}"), 3, &["absent"]);
    desk.write("broken.safetensors", &desk.bytes("run/model.safetensors")[..200]);
    refused(&desk, &format!("explain broken.safetensors good.csv {tail}"), 3, &["broken.safetensors"]);
    refused(&desk, &format!("explain good.csv good.csv {tail}"), 3, &["good.csv"]);
    refused(&desk, &format!("explain absent.toml {tail}"), 2, &["absent.toml"]);
}

#[test]
fn numbers_that_are_none() {
    let desk = Desk::new();
    let with = |old: &str, new: &str| desk.write("run.toml", MAZUR.replace(old, new));
    let line = "explain run.toml --row 0 -p layer1.weight[0,0]";
    for (old, new) in
        [("0.15, 0.20", "nan, 0.20"), ("0.15, 0.20", "inf, 0.20"), ("[[0.05, 0.10]]", "[[nan, 0.10]]"), ("0.01, 0.99", "0.01, inf")]
    {
        with(old, new);
        let told = desk.run(line);
        assert!([2, 3].contains(&told.code), "{}", told.report());
        told.complains(&["error", "finite"]);
    }
    for (old, new) in [("[[0.01, 0.99]]", "[[1e200, 0.99]]"), ("[[0.05, 0.10]]", "[[1e308, 1e308]]")] {
        with(old, new);
        desk.write("run.toml", desk.read("run.toml").replace("0.15, 0.20", "1e10, 0.20"));
        for scope in ["--row 0 -p layer1.weight[0,0]", "--row 0", "--row 0 --layer 1", "-p layer2.bias[0]"] {
            let told = desk.run(&format!("explain run.toml {scope}"));
            told.expect(4);
            told.complains(&["infinite or NaN"]);
        }
    }
}

#[test]
fn large_and_small_numbers_that_are_still_numbers() {
    let desk = Desk::new();
    for (input, weight) in [("1e308", "1e-308"), ("1e-308", "1e308"), ("1e150", "1e-150"), ("5e-324", "1.0"), ("-1e308", "1e-308")] {
        let text = MAZUR.replace("0.05, 0.10", &format!("{input}, 0.10")).replace("0.15, 0.20", &format!("{weight}, 0.20"));
        desk.write("run.toml", text.replace("0.25, 0.30", "0.0, 0.30"));
        for scope in ["-p layer1.weight[0,0]", "-p x[0]", "--layer 1", ""] {
            let told = desk.run(&format!("explain run.toml --row 0 {scope}"));
            assert!([0, 4].contains(&told.code), "{}", told.report());
            assert!(!told.out.contains("NaN") && !told.out.contains("inf"), "{}", told.report());
            if scope.starts_with("-p") && told.code == 0 {
                let record = desk.json(&format!("explain run.toml --row 0 {scope}"));
                assert_eq!(record["routes"]["agrees"], json!(true), "{record}");
                number(&record["gradient"]);
            }
        }
    }
}

#[test]
fn one_row_one_column_one_unit() {
    let desk = Desk::with(&[("one.csv", "a,y\n1.5,2.5\n"), ("two.csv", "a,y\n1.5,2.5\n2.5,1.25\n")]);
    desk.fine("train two.csv --target y --task regression --hidden 1 --epochs 1 --validation 0 --out run");
    for scope in ["-p layer1.weight[0,0]", "-p layer2.bias[0] --row 0", "-p x[a]", "--row 0", "--layer 1 --row 0", "--layer 2 --row 0"] {
        desk.fine(&format!("explain run one.csv {scope}"));
    }
    desk.fine(
        "train two.csv --target y --task regression --hidden  --epochs 1 --validation 0 --out plain"
            .replace("--hidden  ", "--hidden 1 ")
            .as_str(),
    );
    let told = desk.run_words(&[
        "train",
        "two.csv",
        "--target",
        "y",
        "--task",
        "regression",
        "--hidden",
        "",
        "--epochs",
        "1",
        "--validation",
        "0",
        "--out",
        "line",
    ]);
    told.expect(0);
    let record = desk.json("explain line two.csv -p layer1.weight[0,0] --row 1");
    assert_eq!(record["total_paths"], json!("1"));
}

#[test]
fn places_where_nothing_can_be_written() {
    let desk = desk_with_model();
    let line = "explain run good.csv --row 0 -p layer1.bias[0]";
    let told = desk.run(&format!("{line} -o no/such/page.html"));
    told.expect(1);
    told.complains(&["no/such/page.html"]);
    // What the program calls its own half-written file is of no use to anybody.
    assert!(!told.err.contains(".partial"), "{}", told.report());
    std::fs::create_dir(desk.path("folder")).expect("a directory");
    let told = desk.run(&format!("{line} -o folder"));
    told.expect(1);
    told.complains(&["folder"]);
    assert!(!told.err.contains(".partial"), "{}", told.report());
    if cfg!(unix) {
        let told = desk.run(&format!("{line} -o /dev/full"));
        assert!([0, 1].contains(&told.code), "{}", told.report());
        let mut command = desk.command(&["explain", "run", "good.csv", "--row", "0", "-p", "layer1.bias[0]"]);
        command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full"));
        Outcome::of(&mut command);
    }
}

#[test]
fn a_closed_pipe_is_no_crash() {
    let desk = desk_with_model();
    let mut command = desk.command(&["explain", "run", "good.csv", "-p", "layer1.bias[0]", "--format", "html"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn a_right_gradient_is_no_alarm_at_the_edge_of_the_numbers() {
    // softplus(−710.25) = 3.5e-309 and σ(710)σ(−710) = 4.5e-309 are below the smallest full number; the gradients are right.
    let file = |input: &str, activation: &str, out: f64| {
        format!(
            "[data]\ninputs = [[{input}, 1.0]]\ntargets = [[1.0, 0.0]]\nstandardize = false\nvalidation = 0\n\
             [network]\nprecision = \"f64\"\nloss = \"poisson\"\n\
             [[network.layer]]\nunits = 1\nactivation = \"{activation}\"\nweight = [[1.0, 0.0]]\nbias = false\n\
             [[network.layer]]\nunits = 2\nactivation = \"softplus\"\nweight = [[{out:?}], [{:?}]]\nbias = [0.5, -0.25]\n\
             [train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\n",
            -out
        )
    };
    let desk = Desk::new();
    for (input, activation, out) in
        [("710.0", "linear", 1.0), ("710.0", "sigmoid", -30.0), ("700.0", "linear", 1.0), ("40.0", "sigmoid", 1.0)]
    {
        desk.write("run.toml", file(input, activation, out));
        let told = desk.run("explain run.toml --row 0 -p layer1.weight[0,0] --json");
        assert_eq!(told.code, 0, "{input}, {activation}: {}", told.document()["routes"]);
    }
}
