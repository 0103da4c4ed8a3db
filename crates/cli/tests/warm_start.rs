//! Training that goes on from a saved model.

mod support;

use serde_json::{Value, json};
use support::{Desk, number, numbers};

#[test]
fn training_goes_on_where_it_stopped() {
    let desk = Desk::new();
    // Plain descent in a full batch remembers nothing: 5 epochs and 7 more are 12.
    let flags = "--optimizer sgd --learning-rate 0.05 --batch full --precision f64 --hidden 5 --activation tanh";
    let first = desk.json(&format!("train houses {flags} --epochs 5 --out first"));
    let whole = desk.json(&format!("train houses {flags} --epochs 12 --out whole"));
    let rest = "--optimizer sgd --learning-rate 0.05 --batch full --precision f64 --epochs 7";
    for from in ["first", "first/model.safetensors"] {
        // Layers, loss and task are the model's.
        let more = desk.json(&format!("train houses {rest} --from {from} --out more"));
        assert_eq!(more["weights_sha256"], whole["weights_sha256"], "{from}");
        assert_eq!((&more["cost"]["before"], &more["from"]), (&first["cost"]["after"], &first["weights_sha256"]));
    }
    assert_eq!(whole["from"], Value::Null);
    desk.write("run.toml", "[data]\nbundled = \"houses\"\n[network]\nprecision = \"f64\"\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.05\nbatch = \"full\"\nepochs = 7\nfrom = \"first\"\n");
    assert_eq!(desk.json("train --config run.toml --out file")["weights_sha256"], whole["weights_sha256"]);
    // A run file's network before training is then the model.
    let (model, run) = (desk.json("evaluate first houses"), desk.json("evaluate run.toml houses"));
    assert_eq!(model["cost"], run["cost"]);
}

#[test]
fn columns_are_found_by_name_and_scaled_as_the_model_has_it() {
    let desk = Desk::with(&[
        ("a.csv", "p,q,y\n1,10,3\n2,30,4\n3,20,8\n4,50,9\n5,40,12\n6,70,13\n"),
        ("b.csv", "y,more,q,p\n40,1,500,60\n41,2,800,70\n45,3,600,55\n"),
    ]);
    desk.fine("train a.csv --target y --hidden 4 --epochs 20 --validation 0 --out a");
    let more = desk.json("train b.csv --from a --epochs 0 --validation 0 --out b");
    let same = desk.json("evaluate a b.csv");
    assert!((number(&more["cost"]["after"]) - number(&same["cost"])).abs() <= 1e-12 * number(&same["cost"]));
    let classes = "x,c\n1,0\n2,1\n3,2\n4,0\n5,1\n6,2\n7,0\n8,1\n9,2\n10,0\n11,1\n12,2\n13,0\n14,1\n15,2\n";
    desk.write("c.csv", classes);
    desk.write("d.csv", "x,c\n1,0\n2,2\n3,0\n4,2\n5,2\n6,0\n7,0\n8,2\n9,2\n10,0\n");
    desk.fine("train c.csv --target c --task classes --hidden 3 --epochs 2 --out c");
    // Two of the three classes the model knows.
    let more = desk.json("train d.csv --from c --epochs 2 --out d");
    assert_eq!(more["task"], json!("classes"));
    desk.write("e.csv", "x,c\n1,0\n2,7\n3,0\n4,2\n");
    let refused = desk.run("train e.csv --from c --out e");
    refused.expect(3);
    refused.complains(&["expected one of the classes 0, 1, 2, came 7"]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let desk = Desk::with(&[
        ("other.csv", "LSTAT,MEDV\n1,2\n3,4\n"),
        (
            "own.toml",
            "[data]\nbundled = \"houses\"\n[[network.layer]]\nunits = 3\nactivation = \"relu\"\n[[network.layer]]\nunits = 1\nbias = [0]\n[train]\nfrom = \"m\"\n",
        ),
    ]);
    desk.fine("train houses --hidden 3 --epochs 1 --out m");
    for (line, code, told) in [
        ("houses --from m --hidden 4", 2, "the model has the layers 3 relu, 1 linear; expected the same, came 4 relu, 1 linear"),
        ("houses --from m --hidden 3 --activation tanh", 2, "came 3 tanh, 1 linear"),
        ("houses --from m --target LSTAT", 2, "the model predicts 'MEDV', expected that target, came 'LSTAT'"),
        ("houses --from m --task classes", 2, "trained for regression, expected the same task, came classes"),
        ("houses --from nowhere", 3, "nowhere"),
        ("other.csv --from m", 3, "CRIM"),
        ("--config own.toml", 2, "layer 2 has numbers of its own"),
    ] {
        let outcome = desk.run(&format!("train {line} --out no"));
        outcome.expect(code);
        outcome.complains(&[told]);
    }
    assert!(!desk.path("no").exists());
    desk.fine("train houses --hidden 3 --epochs 1 --precision f64 --out wide");
    desk.fine("train houses --from wide --epochs 1 --out narrow").complains(&["rounded from f64 to f32"]);
}

/// Networks side by side know nothing of each other afterwards either: a unit's weights of what is learned for another network stay 0.
#[test]
fn networks_of_an_ensemble_stay_apart() {
    let row = |r: usize| format!("{:.3},w{},{:.3}\n", (r as f64 * 0.7).sin(), r % 12, (r as f64 * 0.9).cos());
    let desk = Desk::with(&[("t.csv", &("a,word,y\n".to_string() + &(0..48).map(row).collect::<String>()))]);
    let line = "train t.csv --target y --hidden 4,2 --activation tanh --embed 2 --numeric-embedding pbld --epochs 2 --parameters";
    let first = desk.json(&format!("{line} --ensemble 3 --out first"));
    let rest = "train t.csv --epochs 3 --learning-rate 0.01 --parameters";
    let told = desk.fine(&format!("{rest} --from first --out again"));
    told.complains(&["3 networks side by side: they stay apart"]);
    let again = desk.json(&format!("{rest} --from first --out again"));
    let third = desk.json(&format!("{rest} --from again --optimizer adamw --out third"));
    let mut last: Option<Vec<f64>> = None;
    for document in [&first, &again, &third] {
        let weights = numbers(&document["parameters"]["layer1.weight"]);
        // The column itself, two numbers of a level for each network, three of the column for each.
        assert_eq!(weights.len(), 12 * (1 + 6 + 9));
        for (place, weight) in weights.iter().enumerate() {
            let (unit, input) = (place / 16, place % 16);
            let of = match input {
                0 => unit / 4,
                1..7 => (input - 1) / 2,
                _ => (input - 7) / 3,
            };
            assert_eq!(*weight == 0.0, of != unit / 4, "unit {unit}, input {input}: {weight}");
        }
        let moved = last.as_ref().is_none_or(|last| last.iter().zip(&weights).filter(|(a, b)| a != b).count() == 12 * 6);
        assert!(moved, "every other weight is trained");
        last = Some(weights);
    }
    let frozen = desk.json("explain again t.csv --row 3 -p layer1.weight[0,3]");
    assert_eq!((&frozen["update"]["frozen"], &frozen["value"]), (&json!(true), &json!(0.0)));
    assert_eq!(desk.json("explain again t.csv --row 3 -p layer1.weight[0,1]")["update"]["frozen"], json!(false));
    desk.fine("check again t.csv");
}
