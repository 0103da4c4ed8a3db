//! Check, operations, replay, completions and man, and what holds for every command with `--json`.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, number, numbers, shape};

/// 2-2-1 with a relu unit that stands at z = 0 in row 1 through its bias alone: its inputs there are 0.
const KINK: &str = r#"
[data]
inputs = [[1, 2], [0, 0]]
targets = [[1], [2]]

[network]
precision = "f64"
loss = "half_squared_error"

[[network.layer]]
units = 2
activation = "relu"
weight = [[1, 0.5], [-1, 2]]
bias = [0, 0.1]

[[network.layer]]
units = 1
activation = "linear"
weight = [[1, -2]]
bias = [0]
"#;

/// The parameters of a `check`, each under its name.
fn by_name(document: &Value) -> Vec<(String, Value)> {
    let list = document["parameters"].as_array().expect("parameters");
    list.iter().map(|one| (one["name"].as_str().expect("a name").to_string(), one.clone())).collect()
}

#[test]
fn check_holds_every_parameter_of_a_model_against_an_independent_derivative() {
    let desk = Desk::new();
    let trained = desk.json("train houses --hidden 6,4 --activation gelu --epochs 3 --out run --parameters --precision f64");
    let document = desk.json("check run houses");
    assert_eq!(document["passed"], json!(true));
    let checked = by_name(&document);
    let mut expected = Vec::new();
    for (name, values) in trained["parameters"].as_object().expect("parameters") {
        match shape(values)[..] {
            [rows, columns] => {
                expected.extend((0..rows).flat_map(|u| (0..columns).map(move |i| (format!("{name}[{u},{i}]"), values[u][i].clone()))))
            }
            _ => expected.extend((0..shape(values)[0]).map(|u| (format!("{name}[{u}]"), values[u].clone()))),
        }
    }
    assert_eq!(checked.len(), expected.len());
    for (name, value) in expected {
        let one = &checked.iter().find(|(given, _)| *given == name).unwrap_or_else(|| panic!("{name} is not there")).1;
        assert_eq!(one["value"], value, "{name}");
        assert_eq!(one["verdict"], json!("agrees"), "{one}");
        close(&name, number(&one["gradient"]), number(&one["independent"]), 1e-9, 1e-9);
        number(&one["relative_difference"]);
    }
    assert!(checked.iter().any(|(_, one)| one["name"] == document["worst"]["name"]));
    let told = desk.fine("check run");
    told.says(&["layer1.weight[0,0]", "agree", "passed"]);
}

#[test]
fn the_gradient_over_all_rows_is_the_mean_of_those_of_each() {
    let desk = Desk::with(&[("run.toml", KINK)]);
    let all = desk.json("check run.toml");
    let each = [desk.json("check run.toml --row 0"), desk.json("check --config run.toml --row 1")];
    assert_eq!(desk.json("check --config run.toml"), all);
    // z = 2, 3.1 in row 0 and 0, 0.1 in row 1: a = -4.2 and -0.2.
    close("cost of row 0", number(&each[0]["cost"]), 5.2 * 5.2 / 2.0, 1e-14, 0.0);
    close("cost of row 1", number(&each[1]["cost"]), 2.2 * 2.2 / 2.0, 1e-14, 0.0);
    close("cost", number(&all["cost"]), (13.52 + 2.42) / 2.0, 1e-14, 0.0);
    for (k, (name, one)) in by_name(&all).into_iter().enumerate() {
        let mean = each.iter().map(|document| number(&document["parameters"][k]["gradient"])).sum::<f64>() / 2.0;
        close(&name, number(&one["gradient"]), mean, 1e-14, 1e-14);
    }
    for line in ["check run.toml --row 2", "check run.toml --row x"] {
        let refused = desk.run(line);
        refused.expect(2);
    }
    desk.run("check run.toml --row 2").complains(&["2"]);
}

#[test]
fn check_says_kink_where_there_is_one_and_only_there() {
    let desk = Desk::with(&[("run.toml", KINK)]);
    for (row, at_kink) in [("", vec!["layer1.bias[0]"]), ("--row 0", vec![]), ("--row 1", vec!["layer1.bias[0]"])] {
        let document = desk.json(&format!("check run.toml {row}"));
        assert_eq!(document["passed"], json!(true));
        let found: Vec<String> =
            by_name(&document).into_iter().filter(|(_, one)| one["verdict"] == json!("kink")).map(|(name, _)| name).collect();
        assert_eq!(found, at_kink, "{row}");
    }
    desk.fine("check run.toml").says(&["kink"]);
    // The written policy: slope 0 at 0 counts in the gradient, so row 1 gives this bias nothing.
    let gradient = |row: u32| number(&desk.json(&format!("check run.toml --row {row}"))["parameters"][4]["gradient"]);
    assert_eq!((gradient(0), gradient(1)), (-5.2, 0.0));
}

#[test]
fn the_table_of_operations_has_every_name_of_the_contract() {
    let desk = Desk::new();
    let document = desk.json("operations");
    let names: Vec<&str> =
        document["operations"].as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect();
    let told = desk.fine("operations");
    let activations = "linear relu leaky_relu elu selu gelu silu softplus softsign sigmoid tanh hard_sigmoid";
    let losses = "half_squared_error squared_error absolute_error huber log_cosh quantile poisson cross_entropy binary_cross_entropy";
    for name in format!("{activations} {losses} affine add mul concat").split(' ') {
        assert!(names.contains(&name), "{name}");
        told.says(&[name]);
        let card = desk.json(&format!("operations {name}"));
        for key in ["name", "kind", "summary", "formula", "source"] {
            assert!(card[key].as_str().is_some_and(|text| !text.is_empty()), "{name}: {key}");
        }
        assert!(!card["partials"].as_array().expect("partials").is_empty(), "{name}");
    }
    let kinks: Vec<Value> =
        ["relu", "absolute_error", "sigmoid"].map(|name| desk.json(&format!("operations {name}"))["kinks"].clone()).into();
    assert_eq!(kinks.iter().map(|list| list.as_array().map(Vec::len)).collect::<Vec<_>>(), [Some(1), Some(1), Some(0)]);
}

#[test]
fn a_card_gives_values_and_partials_at_points() {
    let desk = Desk::new();
    // As the issue writes it: the first point is negative.
    let document = desk.json("operations sigmoid --at -2,0,40");
    let points = document["points"].as_array().expect("points").clone();
    assert_eq!(points.iter().map(|point| number(&point["z"])).collect::<Vec<_>>(), [-2.0, 0.0, 40.0]);
    // To 40 digits: σ(-2) = 0.1192029220221175559402708586976, σ'(-2) = 0.1049935854035065173486241.
    for (point, value, partial) in
        [(&points[0], 0.11920292202211755, 0.10499358540350652), (&points[1], 0.5, 0.25), (&points[2], 1.0, 4.248354255291589e-18)]
    {
        close("value", number(&point["value"]), value, 4.5e-16, 0.0);
        close("partial", number(&point["partial"]), partial, 9e-16, 0.0);
    }
    desk.fine("operations sigmoid --at -2,0,40").says(&["0.1192029220221175", "4.248354255291589e-18", "a * (1 - a)"]);
}

#[test]
fn cards_in_f32_with_constants_and_of_losses() {
    let desk = Desk::new();
    let point = |line: &str| {
        let point = desk.json(line)["points"][0].clone();
        (number(&point["value"]), number(&point["partial"]))
    };
    assert_eq!(point("operations softplus --at=20.5").0, 20.500000001250154);
    assert_eq!(point("operations leaky_relu(0.2) --at=-1"), (-0.2, 0.2));
    assert_eq!(point("operations huber(2) --at=5 --target=-1"), (10.0, 2.0));
    assert_eq!(point("operations absolute_error --at=3 --target=3"), (0.0, 0.0));
    assert_eq!(point("operations relu --at=0"), (0.0, 0.0));
    let (value, partial) = point("operations binary_cross_entropy --at=40 --target=1");
    close("the cost of a well-classified row", value, 4.248354255291589e-18, 4.5e-16, 0.0);
    close("its gradient", partial, -4.248354255291589e-18, 9e-16, 0.0);
    let document = desk.json("operations sigmoid --at=1 --precision f32");
    assert_eq!(document["precision"], json!("f32"));
    assert_eq!(document["points"][0], json!({"z": 1.0, "value": 0.7310586, "partial": 0.19661193}));
    for line in ["operations swish", "operations sigmoid --at x", "operations affine --at=1", "operations leaky_relu("] {
        desk.run(line).expect(2);
    }
}

#[test]
fn the_notebooks_are_replayed_with_their_own_numbers() {
    let desk = Desk::new();
    let told = desk.fine("replay mazur");
    told.says(&[
        "0.2983711087600027",
        "(0.7513650695523157, 0.7729284653214625)",
        "0.35891647971788465",
        "(0.13849856162855695, -0.038098236516556236)",
    ]);
    // What the notebook says, and beside it what is right.
    told.says(&["0.291027924", "0.291027774", "0.0000351085", "0.0000351019", "0.015912196", "0.015913620"]);
    let told = desk.fine("replay explicit");
    told.says(&["Error: 0.415164", "Error: 0.002024", "Error: 0.000573"]);
    assert_eq!(told.out.lines().filter(|line| line.trim().starts_with("Error: ")).count(), 12);
    let told = desk.fine("replay houses");
    told.says(&[
        "cost: 188291.48",
        "====== BEFORE TRAINING ======",
        "677.19\t\t18.40",
        "41.57\t\t22.80",
        "195893.98",
        "predicted price: $296500.06, actual price: $32200.00",
    ]);
    let told = desk.fine("replay relu");
    told.says(&["[-3.0029999999999997, -0.994, 1.9910000000000003] 0.998", "[-3.001, -0.998, 1.997] 0.999", "5.956000000000001"]);
    let all = desk.json("replay all");
    for name in ["explicit", "houses", "mazur", "relu"] {
        let one = desk.json(&format!("replay {name}"));
        assert_eq!(all[name], one, "{name}");
        let agreement = one["agreement"].as_array().expect("agreement");
        assert!(!agreement.is_empty() && agreement.iter().all(|line| line["holds"] == json!(true)), "{name}");
        for key in ["name", "title", "source", "cells", "numbers"] {
            assert!(!one[key].is_null(), "{name}: {key}");
        }
    }
    let end = &all["explicit"]["numbers"]["final"]["W1"];
    for (given, expected) in numbers(end).iter().zip([-3.0692917421263357, -1.8507046949771049, -3.5502801249278395, -1.6466051615884763]) {
        close("W1 after 60,000 passes", *given, expected, 1e-12, 0.0);
    }
    let together = desk.fine("replay all");
    together.says(&["188291.48", "0.291027924", "Error: 0.415164", "-3.0029999999999997"]);
    desk.run("replay mazurka").expect(2);
}

#[test]
fn a_replay_is_written_in_the_form_that_is_asked_for_or_that_the_file_is_named_after() {
    let desk = Desk::new();
    let begins = [
        ("text", "page.txt", "A 2-2-2 net of sigmoids, worked by hand\n══"),
        ("markdown", "page.md", "# A 2-2-2 net of sigmoids, worked by hand\n"),
        ("latex", "page.tex", "\\documentclass"),
        ("html", "page.html", "<!DOCTYPE html>\n<html lang=\"en\">"),
        ("ipynb", "page.ipynb", "{\n"),
    ];
    for (form, file, start) in begins {
        let printed = desk.fine(&format!("replay mazur --format {form}")).out;
        assert!(printed.trim_start_matches('%').contains(start), "{form}: {}", &printed[..80.min(printed.len())]);
        desk.fine(&format!("replay mazur -o {file}")).says(&["page written to", file]);
        assert_eq!(desk.read(file).trim_end(), printed.trim_end(), "{form}");
        desk.fine(&format!("replay mazur --format {form} --output other")).says(&["page written to"]);
        assert_eq!(desk.read("other"), desk.read(file), "{form}");
    }
    desk.fine("replay all -o all.html").says(&["page written to all.html"]);
    let all = desk.read("all.html");
    for title in ["A 3-4-1 net", "Backpropagation on house prices", "A 2-2-2 net of sigmoids", "Backpropagation through ReLU"] {
        assert!(all.contains(title), "{title}");
    }
    let record = desk.json("replay mazur");
    assert_eq!(desk.json("replay mazur -o again.md"), record);
    assert_eq!(desk.read("again.md"), desk.read("page.md"));
    desk.run("replay mazur --format docx").expect(2);
    desk.run("replay mazur -o absent/page.md").expect(1);
}

#[test]
fn with_json_stdout_holds_one_document_wherever_the_flag_stands() {
    let desk = Desk::with(&[("run.toml", KINK)]);
    desk.fine("train houses --epochs 1 --out run");
    for line in [
        "train houses --epochs 1 --out again --print-hash --parameters",
        "train --config run.toml --epochs 1 --out again",
        "predict run houses",
        "predict run houses -o file.csv",
        "evaluate run houses",
        "check run.toml",
        "operations",
        "operations gelu --at=1",
        "replay relu",
    ] {
        let after = desk.json(line);
        let before = desk.fine(&format!("--json {line}")).document();
        assert!(after.is_object(), "{line}");
        assert_eq!(before, after, "{line}");
        let quiet = desk.fine(&format!("{line} --json --quiet"));
        assert_eq!((quiet.document(), quiet.err.as_str()), (after, ""), "{line}");
    }
}

#[test]
fn with_json_an_error_is_an_object_on_stdout_and_words_on_stderr() {
    let desk = Desk::with(&[("run.toml", KINK), ("text.csv", "a,y\n1,2\ninf,3\n")]);
    for (line, code, word) in [
        ("train", 2, "usage"),
        ("train houses --epochs -1", 2, "usage"),
        ("train houses --epochs 1 --colour always", 2, "usage"),
        ("train houses --optimizer newton", 2, "usage"),
        ("train text.csv --target y", 3, "data"),
        ("train --config absent.toml", 2, "usage"),
        ("predict absent houses", 3, "model"),
        ("predict", 2, "usage"),
        ("evaluate text.csv text.csv", 3, "model"),
        ("check run.toml --row 9", 2, "usage"),
        ("operations swish", 2, "usage"),
        ("replay mazurka", 2, "usage"),
        ("completions tcsh", 2, "usage"),
        ("dance", 2, "usage"),
    ] {
        let refused = desk.run(&format!("{line} --json"));
        refused.expect(code);
        let error = refused.document()["error"].clone();
        assert_eq!(error["code"], json!(word), "{line}");
        let message = error["message"].as_str().expect("a message").trim();
        assert!(!message.is_empty() && !message.ends_with(':'), "{line}: the message stops short: {message:?}");
        assert!(!refused.err.is_empty(), "{line}");
        desk.run(line).expect(code);
    }
}

#[test]
fn a_model_may_also_be_a_run_file() {
    // interfaces.md: the network then stands at its initial parameters and the file's own data are the rows.
    let desk = Desk::with(&[("run.toml", KINK)]);
    desk.fine("check run.toml");
    let judged = desk.json("evaluate run.toml");
    close("cost", number(&judged["cost"]), (13.52 + 2.42) / 2.0, 1e-14, 0.0);
    assert_eq!(judged["rows"], json!(2));
    let outputs = numbers(&desk.json("predict run.toml")["outputs"]);
    for (given, expected) in outputs.iter().zip([-4.2, -0.2]) {
        close("output", *given, expected, 1e-14, 0.0);
    }
}

#[test]
fn completions_and_man_page_know_every_command_and_flag() {
    let desk = Desk::new();
    let help = desk.fine("--help").out;
    let man = desk.fine("man").out;
    assert!(man.contains(".TH"));
    for command in ["train", "predict", "evaluate", "check", "replay", "operations"] {
        assert!(help.contains(command) && man.contains(command), "{command}");
        for form in [desk.fine(&format!("{command} --help")), desk.fine(&format!("help {command}"))] {
            form.says(&["Usage: backlit", "--json", "--quiet", "--threads", "--seed", "--precision", "--color"]);
        }
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = desk.fine(&format!("completions {shell}"));
        script.says(&["backlit", "train", "predict", "evaluate", "check", "replay", "operations", "learning-rate", "print-hash"]);
    }
    desk.fine("--version").says(&["backlit "]);
    let train = desk.fine("train --help");
    let flags = "--out --task --hidden --activation --loss --optimizer --learning-rate --epochs --batch --validation --target --config --parameters";
    for flag in flags.split(' ') {
        train.says(&[flag]);
    }
}
