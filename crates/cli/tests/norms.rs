//! Norms, skips and layers' own learning rates, through the commands.

mod support;

use serde_json::{Value, json};
use support::{Desk, hash, number, numbers};

/// A number to predict, of three columns.
fn table() -> String {
    let row = |r: u32| {
        let (a, b, c) = ((f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos(), (f64::from(r) * 2.1).sin());
        format!("{a},{b},{c},{}\n", a * b + 0.5 * c)
    };
    "a,b,c,y\n".to_string() + &(0..90).map(row).collect::<String>()
}

const FLAGS: &str = "train t.csv --target y --precision f64 --epochs 6 --hidden 6,6,6 --activation tanh --seed 3";

/// A run file with these lines in its layers.
fn run_file(network: &str, layers: [&str; 4]) -> String {
    let units = [6, 6, 6, 1].map(|units| if units == 1 { "units = 1\n" } else { "units = 6\nactivation = \"tanh\"\n" });
    let layers: String = layers.iter().zip(units).map(|(own, units)| format!("[[network.layer]]\n{units}{own}\n")).collect();
    format!(
        "[data]\npath = \"t.csv\"\ntarget = \"y\"\n[network]\nprecision = \"f64\"\n{network}\n{layers}[train]\nepochs = 6\nseed = 3\nbatch = 32\n"
    )
}

#[test]
fn flags_and_run_file_say_the_same_for_any_number_of_threads() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let plain = hash(&desk.json(&format!("{FLAGS} --out plain")));
    for (k, (flags, network, layers)) in [
        ("--skip", "skip = true", [""; 4]),
        ("--skip", "", ["", "skip = true", "skip = 2", ""]),
        ("--skip --norm layer", "norm = \"layer\"\nskip = true", [""; 4]),
        ("--norm layer", "", ["norm = \"layer\"", "norm = \"layer\"", "norm = \"layer\"", "norm = \"none\""]),
        ("--norm batch --dropout 0.1", "norm = \"batch\"\ndropout = 0.1", [""; 4]),
        ("--norm batch --skip", "norm = \"batch\"\nskip = true", ["", "", "norm = \"batch\"", ""]),
        ("--learning-rate 0.003", "", ["learning_rate = 0.003"; 4]),
    ]
    .into_iter()
    .enumerate()
    {
        let by_flags = hash(&desk.json(&format!("{FLAGS} {flags} --out flags{k}")));
        assert_ne!(by_flags, plain, "{flags}");
        desk.write("run.toml", run_file(network, layers));
        for threads in [1, 2, 3] {
            let by_file = desk.json(&format!("train --config run.toml --threads {threads} --out on{k}-{threads}"));
            assert_eq!(hash(&by_file), by_flags, "{flags} on {threads} threads");
        }
    }
}

/// One with everything: run file, and how many parameters it has.
fn everything() -> (String, usize) {
    let layers = [
        "norm = \"batch\"\nfreeze = [\"gain\"]\nlearning_rate = 0.02",
        "norm = \"layer\"\nskip = true\nbias = false",
        "norm = \"batch\"\nskip = 1\ndropout = 0.2",
        "learning_rate = 0.005",
    ];
    (run_file("", layers), (18 + 6 + 24) + (36 + 12) + (36 + 6 + 24) + (6 + 1))
}

#[test]
fn every_parameter_is_checked_explained_saved_and_used() {
    let (run, count) = everything();
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run)]);
    let trained = desk.json("train --config run.toml --out run");
    assert_eq!(hash(&desk.json("train --config run.toml --out again")), hash(&trained));
    for line in ["check run t.csv", "check run t.csv --row 3", "check run.toml"] {
        let checked = desk.json(line);
        assert_eq!(checked["passed"], json!(true), "{line}");
        assert_eq!(checked["parameters"].as_array().map(Vec::len), Some(count), "{line}");
    }
    let evaluated = desk.json("evaluate run t.csv");
    assert!(number(&evaluated["cost"]) > 0.0);
    let once = desk.fine("predict run t.csv").out;
    // Rows know nothing of each other: the last row alone is predicted as in the table.
    let last = table().lines().last().map(|row| format!("a,b,c,y\n{row}\n")).unwrap_or_default();
    desk.write("last.csv", last);
    assert_eq!(desk.fine("predict run last.csv").out.lines().last(), once.lines().last());

    let parameters = [
        "layer1.weight[0,0]",
        "layer1.bias[2]",
        "layer1.gain[5]",
        "layer1.shift[0]",
        "layer1.running_mean[1]",
        "layer1.running_variance[1]",
        "layer2.weight[3,3]",
        "layer2.gain[3]",
        "layer2.shift[4]",
        "layer3.gain[0]",
        "layer4.bias[0]",
        "x[b]",
    ];
    for parameter in parameters {
        desk.opens("run t.csv", parameter);
    }
}

/// The formula of ∂of/∂by among the factors of the paths.
fn formula(opened: &Value, of: &str, by: &str) -> Option<Value> {
    let factors = opened["paths"].as_array().into_iter().flatten().flat_map(|path| path["factors"].as_array()).flatten();
    factors.into_iter().find(|factor| factor["of"] == of && factor["by"] == by).map(|factor| factor["formula"].clone())
}

#[test]
fn an_explanation_shows_norms_skips_and_the_rate_of_the_layer() {
    let (run, _) = everything();
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run)]);
    desk.fine("train --config run.toml --out run");
    let opened = desk.json("explain run t.csv --row 7 --parameter layer1.gain[2] --paths 1000");
    assert_eq!(formula(&opened, "n1[2]", "layer1.gain[2]"), Some(json!("(z⁽¹⁾₂ − μ⁽¹⁾₂)/s")), "{opened:#}");
    assert_eq!(formula(&opened, "s3[2]", "a1[2]"), Some(json!("1")));
    assert_eq!(formula(&opened, "s2[2]", "a1[2]"), Some(json!("1")));
    assert_eq!(opened["update"]["frozen"], json!(true));
    let opened = desk.json("explain run t.csv --row 7 --parameter layer2.shift[1]");
    assert_eq!(opened["update"]["frozen"], json!(false));
    let running = desk.json("explain run t.csv --row 7 --parameter layer3.running_mean[0]");
    assert_eq!(running["update"]["frozen"], json!(true));
    for (parameter, rate) in [("layer1.weight[0,0]", "0.02"), ("layer2.weight[0,0]", "0.001"), ("layer4.bias[0]", "0.005")] {
        let page = desk.fine(&format!("explain run t.csv --row 7 --parameter {parameter}"));
        page.says(&[&format!("adam with learning rate {rate} on this gradient"), "batch norm tanh", "layer norm tanh + layer 1"]);
    }
}

#[test]
fn a_whole_step_is_worked() {
    let (run, count) = everything();
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run)]);
    desk.fine("train --config run.toml --out run");
    let worked = desk.json("explain run t.csv --row 7");
    assert_eq!(worked["agrees"], json!(true));
    assert_eq!(worked["parameters"].as_array().map(Vec::len), Some(count));
    // What leaves each layer, done again from the record.
    let of = |layer: usize, what: &str| numbers(&worked["layers"][layer - 1][what]);
    for (layer, from) in [(2, 1), (3, 1)] {
        let before = if from == 1 { of(1, "a") } else { of(from, "s") };
        for (unit, s) in of(layer, "s").into_iter().enumerate() {
            assert!((s - of(layer, "a")[unit] - before[unit]).abs() < 1e-15);
            assert!((of(layer, "a")[unit] - of(layer, "n")[unit].tanh()).abs() < 1e-15);
        }
    }
    let page = desk.fine("explain run t.csv --row 7");
    page.says(&["mean of z", "s⁽²⁾₀ = a⁽²⁾₀ + a⁽¹⁾₀", "∂C/∂γ⁽²⁾₀", "∂C/∂β⁽³⁾₅", "∂C/∂s⁽³⁾₀"]);
    for format in ["markdown", "latex", "html"] {
        desk.fine(&format!("explain run t.csv --row 7 --format {format}"));
    }
    for notation in ["net-out", "explicit", "dvalues"] {
        desk.fine(&format!("explain run t.csv --row 7 --notation {notation}"));
    }
}

#[test]
fn training_goes_on_from_a_model() {
    let (run, _) = everything();
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run)]);
    let first = desk.json("train --config run.toml --out run");
    let on = desk.json("train t.csv --from run --epochs 3 --precision f64 --out on");
    assert_ne!(hash(&on), hash(&first));
    assert_eq!(on["network"], first["network"]);
    let other = desk.run("train t.csv --from run --hidden 6,6,6 --activation tanh --norm layer --precision f64 --out other");
    assert!(other.code == 2 && other.err.contains("6 tanh with batch norm"), "{}", other.report());
}

#[test]
fn own_rates_are_judged_by_hand_too() {
    let run = "[data]\ninputs = [[0.3, -0.2]]\ntargets = [[0.4]]\n[network]\nprecision = \"f64\"\n\
        [[network.layer]]\nunits = 2\nactivation = \"tanh\"\nweight = [[0.5, -0.25], [0.75, 0.5]]\nlearning_rate = 0.5\n\
        [[network.layer]]\nunits = 1\nweight = [[0.5, -1]]\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.1\nepochs = 1\n";
    let desk = Desk::with(&[("run.toml", run), ("claims.csv", "quantity,value\nC,1\n")]);
    desk.fine("train --config run.toml --out run");
    desk.fine("explain run.toml").says(&["The learning rate is 0.5 in layer 1."]);
    let opened = desk.json("explain run.toml --parameter layer1.weight[1,0]");
    let new = number(&opened["value"]) - 0.5 * number(&opened["gradient"]);
    assert!((number(&opened["update"]["new_value"]) - new).abs() < 1e-12, "{opened:#}");
    let page = desk.fine("explain run.toml --parameter layer1.weight[1,0] --format numpy");
    assert!(page.out.contains("0.5"));
    desk.write("claims.csv", format!("quantity,value\n\"layer1.weight[1,0] after 1\",{new}\n"));
    let audited = desk.run("audit claims.csv run.toml");
    assert_eq!(audited.code, 0, "{}", audited.report());
}

#[test]
fn what_cannot_be_done_is_refused() {
    let (run, _) = everything();
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", &run), ("claims.csv", "quantity,value\nC,1\n")]);
    desk.fine("train --config run.toml --out run");
    for (line, words) in [
        ("explain run t.csv --row 7 --layer 2", "a layer as matrices knows no norms and no skips, and layer 1 has one"),
        ("train t.csv --target y --norm rows", "--norm: expected layer, batch or none, came rows"),
        ("train t.csv --target y --skip", "none is as wide as what goes in: 3-64-32-1"),
        ("train t.csv --target y --norm batch --batch 1", "needs at least 2 rows in each"),
        ("train t.csv --target y --norm batch --batch 71", "the last batch of an epoch has 1 of 72 rows"),
        ("train t.csv --target y --norm batch --batch 71", "try: --batch 72 (batch = 72), or --norm layer"),
        ("train t.csv --target y --norm batch --optimizer lbfgs", "no one batch to take running statistics from"),
        ("explain run t.csv --row 7 --parameter layer1.gain[6]", "there is no parameter"),
    ] {
        let outcome = desk.run(line);
        assert!(outcome.code == 2 && outcome.err.contains(words), "{line}: {}", outcome.report());
    }
    for (layers, words) in [
        (["skip = true", "", "", ""], "network.layer[1].skip: a skip adds number to number: the inputs have 3 numbers, this layer 6"),
        (["", "", "", "skip = 1"], "network.layer[4].skip: a skip adds number to number: layer 1 has 6 numbers, this layer 1"),
        (["", "skip = 2", "", ""], "network.layer[2].skip: expected a layer before this one, from 0 (the inputs) to 1, came 2"),
        (["", "skip = \"1\"", "", ""], "expected true, false, or the number of a layer"),
        (["norm = \"rows\"", "", "", ""], "expected \"layer\" or \"batch\" or \"none\""),
        (["learning_rate = 0", "", "", ""], "expected a finite number above 0"),
        (["freeze = [\"gain\"]", "", "", ""], "there is no gain in this layer"),
    ] {
        desk.write("bad.toml", run_file("", layers));
        let outcome = desk.run("train --config bad.toml");
        assert!(outcome.code == 2 && outcome.err.contains(words), "{layers:?}: {}", outcome.report());
    }
    desk.write("bad.toml", run_file("", ["learning_rate = 0.1", "", "", ""]).replace("batch = 32", "optimizer = \"lbfgs\""));
    let outcome = desk.run("train --config bad.toml");
    assert!(outcome.code == 2 && outcome.err.contains("no layer has a learning rate of its own"), "{}", outcome.report());
    desk.write("search.toml", run_file("", ["learning_rate = 0.1", "", "", ""]));
    let outcome = desk.run("train --config search.toml --find-rate");
    assert!(outcome.code == 2 && outcome.err.contains("layer 1 has a learning rate of its own"), "{}", outcome.report());
}
