//! Numeric embeddings through the commands.

mod support;

use serde_json::{Value, json};
use support::{Desk, hash, number, numbers};

/// A number and a class to predict, of two columns of numbers, one of which misses some, a category, and yes and no.
fn table() -> String {
    let row = |r: u32| {
        let (a, b) = ((f64::from(r) * 0.7).sin() * 2.0, (f64::from(r) * 1.3).cos());
        let (colour, flag) = (["red", "green", "blue"][r as usize % 3], if r % 5 < 2 { "yes" } else { "no" });
        let second = if r % 11 == 3 { String::new() } else { b.to_string() };
        format!("{a},{second},{colour},{flag},{},{}\n", (3.0 * a).sin() + 0.5 * b, if (3.0 * a).sin() > 0.0 { "up" } else { "down" })
    };
    "a,b,colour,flag,y,side\n".to_string() + &(0..120).map(row).collect::<String>()
}

const FLAGS: &str = "train t.csv --target y --ignore side --precision f64 --epochs 5 --hidden 4 --activation tanh --seed 3";
const PBLD: &str = "--numeric-embedding pbld";
/// Frequencies and phases, weights, biases; a layer of 4 on 7 columns and 6 learned numbers, and one of 1.
const COUNT: usize = 2 * 32 + 96 + 6 + 4 * 13 + 4 + 4 + 1;

/// The network as it stands in the model file of a run.
fn network(desk: &Desk, run: &str) -> Value {
    let bytes = desk.bytes(&format!("{run}/model.safetensors"));
    let length = usize::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    let metadata: Value = serde_json::from_str(header["__metadata__"]["backlit"].as_str().expect("a description")).expect("JSON");
    metadata["network"].clone()
}

#[test]
fn flags_and_run_file_say_the_same_for_any_number_of_threads() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let plain = hash(&desk.json(&format!("{FLAGS} --out plain")));
    assert_eq!(hash(&desk.json(&format!("{FLAGS} --numeric-embedding none --out none"))), plain);
    let mut hashes = vec![plain];
    for (k, (flags, network)) in [
        (PBLD.to_string(), "numeric_embedding = \"pbld\""),
        (format!("{PBLD} --embedding-rate 1 --l2 0.01"), "numeric_embedding = \"pbld\"\nembedding_rate = 1\nl2 = 0.01"),
        (format!("{PBLD} --embedding-scale 0.5"), "numeric_embedding = \"pbld\"\nembedding_scale = 0.5"),
    ]
    .into_iter()
    .enumerate()
    {
        let by_flags = hash(&desk.json(&format!("{FLAGS} {flags} --out flags{k}")));
        assert!(!hashes.contains(&by_flags), "{flags}");
        let run = format!(
            "[data]\npath = \"t.csv\"\ntarget = \"y\"\nignore = [\"side\"]\n[network]\nprecision = \"f64\"\n{network}\n\
             [[network.layer]]\nunits = 4\nactivation = \"tanh\"\n[[network.layer]]\nunits = 1\n[train]\nepochs = 5\nseed = 3\nbatch = 32\n"
        );
        desk.write("run.toml", run);
        for threads in [1, 3] {
            let by_file = desk.json(&format!("train --config run.toml --threads {threads} --out on{k}-{threads}"));
            assert_eq!(hash(&by_file), by_flags, "{flags} on {threads} threads");
        }
        hashes.push(by_flags);
    }
}

#[test]
fn every_parameter_is_checked_explained_saved_and_used() {
    let desk = Desk::with(&[("t.csv", &table())]);
    desk.fine(&format!("{FLAGS} {PBLD} --l2 0.01 --out run"));
    assert_eq!(network(&desk, "run")["numeric"], json!({ "columns": [0, 1], "waves": 16, "numbers": 3, "rate": 0.1 }));
    for line in ["check run t.csv", "check run t.csv --row 3"] {
        let checked = desk.json(line);
        assert_eq!(checked["passed"], json!(true), "{line}");
        assert_eq!(checked["parameters"].as_array().map(Vec::len), Some(COUNT), "{line}");
    }
    let once = desk.fine("predict run t.csv").out;
    desk.write("last.csv", format!("{}\n{}\n", table().lines().next().unwrap_or_default(), table().lines().last().unwrap_or_default()));
    assert_eq!(desk.fine("predict run last.csv").out.lines().last(), once.lines().last());
    for parameter in [
        "numeric.frequency[1,3]",
        "numeric.phase[0,15]",
        "numeric.weight[5,0]",
        "numeric.bias[2]",
        "layer1.weight[3,12]",
        "layer1.weight[3,1]",
        "x[a]",
    ] {
        desk.opens("run t.csv", parameter);
    }
    desk.fine("explain run t.csv --row 7 --layer 1");
    let whole = desk.json("explain run t.csv --row 7");
    assert_eq!((&whole["agrees"], whole["parameters"].as_array().map(Vec::len)), (&json!(true), Some(COUNT)));
    desk.fine("explain run t.csv --row 7").says(&["2π · f[0,3] · a + φ[0,3]", "cos t[1,15]", "∂C/∂V", "∂C/∂φ"]);
    // adam's first step is the rate, which is a tenth of that of the layers.
    let step = |parameter: &str| {
        let opened = desk.json(&format!("explain run t.csv --row 7 --parameter {parameter}"));
        (number(&opened["update"]["new_value"]) - number(&opened["value"])).abs()
    };
    assert!((step("numeric.frequency[1,3]") - 1e-4).abs() < 1e-7 && (step("layer1.weight[0,0]") - 1e-3).abs() < 1e-6);
}

#[test]
fn it_stands_with_all_the_rest() {
    let desk = Desk::with(&[("t.csv", &table())]);
    let first = desk.json(&format!("{FLAGS} {PBLD} --out run"));
    let on = desk.json("train t.csv --from run --epochs 2 --precision f64 --out on");
    assert_ne!(hash(&on), hash(&first));
    assert_eq!(network(&desk, "on"), network(&desk, "run"));
    let classes = "train t.csv --target side --ignore y --epochs 4 --hidden 5 --seed 2 --recipe plain";
    let said = |model: &str| {
        desk.json(&format!("evaluate {model} t.csv"));
        assert_eq!(desk.json(&format!("check {model} t.csv --row 3"))["passed"], json!(true), "{model}");
    };
    for (k, flags) in [
        "--ensemble 3 --calibrate true",
        "--calibrate true",
        "--optimizer lbfgs",
        "--folds 3",
        "--keep best --schedule coslog4",
        "--norm batch",
        "--optimizer adamw --option weight_decay=0.1 --dropout 0.2",
    ]
    .into_iter()
    .enumerate()
    {
        desk.fine(&format!("{classes} {PBLD} {flags} --out classes{k}"));
        said(&format!("classes{k}"));
    }
    // An ensemble says the mean of its networks' logits: of numbers their mean.
    desk.fine(&format!("{FLAGS} {PBLD} --ensemble 3 --out several"));
    said("several");
    let streamed = desk.json(&format!("{FLAGS} {PBLD} --memory 1KB --out streamed"));
    assert_eq!(hash(&streamed), hash(&first));
    desk.fine(&format!("{FLAGS} {PBLD} --find-rate"));
    // What is frozen stays, and what stands before it moves.
    let run = "[data]\npath = \"t.csv\"\ntarget = \"y\"\nignore = [\"side\"]\n[network]\nnumeric_embedding = \"pbld\"\n\
        [[network.layer]]\nunits = 4\nactivation = \"tanh\"\nfreeze = [\"weight\"]\n[[network.layer]]\nunits = 1\n[train]\nepochs = 2\n";
    desk.write("run.toml", run);
    let (before, after) = (
        desk.json("train --config run.toml --epochs 1 --parameters --out one"),
        desk.json("train --config run.toml --parameters --out two"),
    );
    let of = |trained: &Value, name: &str| numbers_of(trained, name);
    assert_eq!(of(&before, "layer1.weight"), of(&after, "layer1.weight"));
    assert_ne!(of(&before, "numeric.frequency"), of(&after, "numeric.frequency"));
}

/// The numbers of a parameter, whatever their shape.
fn numbers_of(trained: &Value, name: &str) -> Vec<f64> {
    fn flat(value: &Value) -> Vec<f64> {
        match value.as_array() {
            Some(all) if all.iter().any(Value::is_array) => all.iter().flat_map(flat).collect(),
            _ => numbers(value),
        }
    }
    let found = flat(&trained["parameters"][name]);
    assert!(!found.is_empty(), "{name}");
    found
}

#[test]
fn what_cannot_be_done_is_refused() {
    let desk = Desk::with(&[("t.csv", &table()), ("w.csv", "c,y\na,1\nb,2\na,1\nb,2\na,3\n"), ("claims.csv", "quantity,value\nC,1\n")]);
    desk.fine(&format!("{FLAGS} {PBLD} --out run"));
    for (line, words) in [
        (format!("{FLAGS} --embedding-rate 0.5"), "no numeric embeddings that this could be of"),
        (format!("{FLAGS} --embedding-scale 0.5"), "no numeric embeddings that this could be of"),
        (format!("{FLAGS} {PBLD} --embedding-rate 0"), "--embedding-rate: expected a number above 0, at most 1000, came 0"),
        (format!("{FLAGS} {PBLD} --embedding-rate 0.5 --optimizer lbfgs"), "no learning rate of their own"),
        (format!("{FLAGS} --numeric-embedding plr"), "--numeric-embedding: expected pbld or none, came plr"),
        (
            format!("train t.csv --from run {PBLD}"),
            "network.numeric_embedding: the model that training goes on from has its columns, scales, layers and parameters already",
        ),
        ("explain run t.csv --row 3 --parameter numeric.frequency[2,0]".into(), "numeric.frequency[0…1,0…15]"),
    ] {
        let refused = desk.run(&line);
        assert!(refused.code == 2 && refused.err.contains(words), "{line}: {}", refused.report());
    }
    let noted = desk.fine(&format!("train w.csv --target y --epochs 1 {PBLD} --out none"));
    assert!(noted.out.contains("no numeric embeddings") || noted.err.contains("no numeric embeddings"), "{}", noted.report());
}
