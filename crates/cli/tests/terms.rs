//! What changes the cost besides the loss, through the commands.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, hash, number};

fn fine(desk: &Desk, line: &str) -> Value {
    let outcome = desk.run_words(&line.split_whitespace().chain(["--json"]).collect::<Vec<_>>());
    outcome.expect(0);
    outcome.document()
}

/// Three classes, a weight from 0 to 3 in every row.
fn table() -> String {
    let row = |r: u32| {
        let (a, b) = ((f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos());
        format!("{a},{b},{},{}\n", r % 4, u32::from(a > 0.2) + u32::from(b > 0.5))
    };
    "a,b,w,c\n".to_string() + &(0..90).map(row).collect::<String>()
}

const RUN: &str = "[data]\npath = \"t.csv\"\ntarget = \"c\"\nweights = \"w\"\nclass_weight = \"balanced\"\n\
    [network]\nprecision = \"f64\"\ntask = \"classes\"\nl1 = 0.001\nl2 = 0.01\npenalize_biases = true\nlabel_smoothing = 0.1\ndropout = 0.25\n\
    [[network.layer]]\nunits = 9\nactivation = \"tanh\"\n[[network.layer]]\nunits = 6\nactivation = \"tanh\"\n\
    [[network.layer]]\nunits = 3\n[train]\nepochs = 7\n";

const FLAGS: &str = "train t.csv --target c --task classes --weights w --class-weight balanced --l1 0.001 --l2 0.01 --penalize-biases \
    --label-smoothing 0.1 --dropout 0.25 --hidden 9,6 --activation tanh --precision f64 --epochs 7";

#[test]
fn flags_and_run_file_say_the_same_for_any_number_of_threads() {
    let desk = Desk::with(&[("t.csv", &table()), ("run.toml", RUN)]);
    let by_flags = fine(&desk, &format!("{FLAGS} --out flags"));
    for threads in [1, 2, 3, 8] {
        let by_file = fine(&desk, &format!("train --config run.toml --threads {threads} --out on{threads}"));
        assert_eq!(hash(&by_file), hash(&by_flags), "{threads} threads");
    }
    // Each of them changes what is learned.
    let words = [
        "--weights w",
        "--class-weight balanced",
        "--l1 0.001",
        "--l2 0.01",
        "--penalize-biases",
        "--label-smoothing 0.1",
        "--dropout 0.25",
    ];
    for (k, word) in words.iter().enumerate() {
        let without = fine(&desk, &format!("{} --out without{k}", FLAGS.replace(word, "")));
        assert_ne!(hash(&without), hash(&by_flags), "{word}");
    }
}

#[test]
fn the_cost_as_trained_is_checked_and_explained_and_the_loss_is_shown() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let trained = fine(&desk, &format!("{FLAGS} --out run --validation 0"));
    let checked = fine(&desk, "check run t.csv");
    assert_eq!(checked["passed"], json!(true));
    // The loss alone, of rows that count alike, without penalty and with the classes as they are.
    let evaluated = fine(&desk, "evaluate run t.csv");
    close("cost", number(&evaluated["cost"]), number(&trained["cost"]["after"]), 1e-12, 0.0);
    assert_ne!(evaluated["cost"], checked["cost"]);

    let opened = fine(&desk, "explain run t.csv --row 7 --parameter layer1.weight[0,0]");
    assert_eq!(opened["routes"]["agrees"], json!(true));
    let factors: Vec<&Value> =
        opened["paths"].as_array().into_iter().flatten().flat_map(|path| path["factors"].as_array()).flatten().collect();
    let formula = |of: &str, by: &str| factors.iter().find(|f| f["of"] == of && f["by"] == by).map(|f| f["formula"].clone());
    assert_eq!(formula("weighted[0]", "loss[0]"), Some(json!("w[row]")));
    assert_eq!(formula("cost", "layer1.weight[0,0]"), Some(json!("l1 · sign(W⁽¹⁾[0,0]) + l2 · W⁽¹⁾[0,0]")));
    for page in ["explain run t.csv --row 7", "explain run t.csv --row 7 --layer 1", "explain run t.csv --row 7 --layer 3"] {
        assert_eq!(fine(&desk, page)["agrees"], json!(true), "{page}");
        for format in ["text", "latex", "html", "markdown"] {
            let outcome = desk.run_words(&page.split_whitespace().chain(["--format", format]).collect::<Vec<_>>());
            outcome.expect(0);
        }
    }
    for notation in ["za", "net-out", "explicit", "dvalues"] {
        fine(&desk, &format!("explain run t.csv --row 7 --parameter layer1.weight[0,0] --notation {notation}"));
    }
}

/// Claims taken from `explain` and from the training itself are right; without weight or penalty they are the slip that they are.
#[test]
fn weighted_and_penalized_costs_are_audited() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let line = "train t.csv --target a --ignore c --weights w --l1 0.003 --l2 0.02 --hidden 2 --activation tanh --precision f64 --optimizer sgd \
                --learning-rate 0.1 --batch full --epochs 0 --validation 0";
    fine(&desk, &format!("{line} --out run"));
    let judge = |claims: &str, rest: &str, code: i32| {
        desk.write("claims.csv", format!("quantity,value\n{claims}"));
        let line = format!("audit claims.csv run t.csv {rest} --json");
        let outcome = desk.run_words(&line.split_whitespace().collect::<Vec<_>>());
        outcome.expect(code);
        outcome.document()
    };
    for rows in ["", "--row 7"] {
        let opened = fine(&desk, &format!("explain run t.csv {rows} --parameter layer1.weight[1,0]"));
        let bias = fine(&desk, &format!("explain run t.csv {rows} --parameter layer2.bias[0]"));
        let (cost, gradient) = (number(&opened["cost"]), number(&opened["gradient"]));
        let new = number(&opened["update"]["new_value"]);
        let claims = format!(
            "C,{cost:.10}\n∂C/∂W⁽¹⁾[1,0],{gradient:.10}\nlayer1.weight[1,0] after 1,{new:.10}\n∂C/∂b⁽²⁾₀,{:.10}\n",
            number(&bias["gradient"])
        );
        assert_eq!(judge(&claims, rows, 0)["right"], json!(4), "{claims}");
        // Without the penalty: a network that has none, at the same parameters.
        let weight = number(&opened["value"]);
        let without = gradient - 0.003 * weight.signum() - 0.02 * weight;
        let judged = judge(&format!("∂C/∂W⁽¹⁾[1,0],{without:.10}\n"), rows, 6);
        assert_eq!(judged["claims"][0]["would_be"][0]["slip"], "cost-terms", "{judged}");
        assert!(judged.to_string().contains("the penalty on large weights is left out"), "{judged}");
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    let desk = Desk::with(&[("t.csv", &table()), ("claims.csv", "quantity,value\nC,1\n")]);
    fine(&desk, &format!("{} --out run", FLAGS.replace("--hidden 9,6", "--hidden 5,4")));
    for (line, words) in [
        ("worksheet run t.csv --row 7", "not worked by hand"),
        ("train t.csv --target c --l1 -1", "--l1: expected a number from 0 to 1000000, came -1"),
        ("train t.csv --target c --l2 nan", "--l2"),
        ("train t.csv --target c --dropout 1", "--dropout: expected a share from 0 to below 1, came 1"),
        ("train t.csv --target c --label-smoothing 2", "--label-smoothing"),
        ("train t.csv --target c --class-weight 0", "--class-weight"),
        ("train t.csv --target a --class-weight balanced", "only classes have class weights"),
    ] {
        let outcome = desk.run_words(&line.split_whitespace().collect::<Vec<_>>());
        assert!(outcome.code != 0 && outcome.err.contains(words), "{line}: {}", outcome.err);
    }
}
