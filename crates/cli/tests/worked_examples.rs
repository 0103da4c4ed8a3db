//! Run files: the worked examples of the notebooks, to the digits of the goldens, and what each key does.

mod support;

use serde_json::{Value, json};
use support::{Desk, close, hash, number, numbers, shape};

/// The run file that interfaces.md shows, with the second layer of the worked example.
const MAZUR: &str = r#"
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
standardize = false
validation = 0

[network]
precision = "f64"
loss = "half_squared_error"    # per row: ½ Σ over outputs of (y − a)²

[[network.layer]]
units = 2
activation = "sigmoid"
weight = [[0.15, 0.20], [0.25, 0.30]]   # units × inputs
bias = [0.35, 0.35]
freeze = ["bias"]

[[network.layer]]
units = 2
activation = "sigmoid"
weight = [[0.40, 0.45], [0.50, 0.55]]
bias = [0.60, 0.60]
freeze = ["bias"]

[train]
optimizer = "sgd"
learning_rate = 0.5
epochs = 10000
batch = "full"
shuffle = false
seed = 2
"#;

/// seed2.json, `rounds`: hidden layer uses original w5..w8, biases frozen. Rounds done, E_total, w1 .. w8.
const ROUNDS: [(u32, f64, [f64; 8]); 3] = [
    (
        1,
        0.29102777369359933,
        [
            0.1497807161327628,
            0.19956143226552567,
            0.24975114363236958,
            0.29950228726473915,
            0.35891647971788465,
            0.4086661860762334,
            0.5113012702387375,
            0.5613701211079891,
        ],
    ),
    (
        100,
        0.02004682824942521,
        [
            0.1912020091466572,
            0.2824040182933144,
            0.2897908430448617,
            0.3795816860897223,
            -1.8133583581138764,
            -1.7766501168669946,
            1.1205048465622143,
            1.1742237076265867,
        ],
    ),
    (
        10000,
        3.510187782978859e-05,
        [
            0.3785099883501318,
            0.6570199767002626,
            0.47730070568478583,
            0.7546014113695693,
            -3.8929771988657245,
            -3.8684166877036152,
            2.861810948620059,
            2.9256889667716157,
        ],
    ),
];

const EXPLICIT: &str = r#"
[data]
inputs = [[0, 0, 1]]
targets = [[0]]
standardize = false
validation = 0

[network]
precision = "f64"
rng = "numpy"
orientation = "inputs × units"
initializer = "uniform(-1, 1)"

[[network.layer]]
units = 4
activation = "sigmoid"
bias = false

[[network.layer]]
units = 1
activation = "sigmoid"
bias = false

[train]
optimizer = "sgd"
learning_rate = 10
epochs = 60000
batch = "full"
shuffle = false
seed = 2
"#;

/// seed0.json, `final`: W0 (inputs × units) and W1.
const EXPLICIT_W0: [[f64; 4]; 3] = [
    [-0.12801019571599248, -0.9481475363442173, 0.09932495575741829, -0.12935521476344625],
    [-0.15926439582502194, -0.33933035799225175, -0.590702731924315, 0.2385419327013274],
    [1.2248595512907805, 0.3554405231424165, 1.7426143181281435, 0.5052445403296528],
];
const EXPLICIT_W1: [f64; 4] = [-3.0692917421263357, -1.8507046949771049, -3.5502801249278395, -1.6466051615884763];

const HOUSES: &str = r#"
[data]
bundled = "houses"
target = ["MEDV"]
standardize = false
validation = 0

[network]
precision = "f64"
rng = "numpy"
initializer = "uniform(-1, 1)"
bias_initializer = "uniform(-1, 1)"

[[network.layer]]
units = 5
activation = "linear"

[[network.layer]]
units = 3
activation = "linear"

[[network.layer]]
units = 1
activation = "linear"

[train]
optimizer = "sgd"
learning_rate = 8e-7
epochs = 30
batch = "full"
shuffle = false
seed = 0
"#;

/// seed1.json, `net_13_5_3_1`: first row of W1 and of W2, b1 .. b3 and W3 after 30 epochs.
const HOUSES_END: [(&str, &[f64]); 6] = [
    (
        "layer1.weight",
        &[
            0.09933628840994359,
            0.43313124442063317,
            0.20963102534732944,
            0.08978432582674173,
            -0.15250973354432998,
            0.2936826975494138,
            -0.1022429690964658,
            0.7846031633781756,
            0.9313127648946011,
            -0.08395950017934585,
            0.5893046672428868,
            0.16515348439784377,
            0.14056951218132235,
        ],
    ),
    ("layer1.bias", &[-0.26224107814263925, 0.6421828664928738, -0.805673165998207, 0.676182363172764, -0.8074823178753892]),
    ("layer2.weight", &[0.9548179549691082, -0.032529392439958185, 0.9162185331600065, 0.22289953749740313, 0.5787154197122947]),
    ("layer2.bias", &[-0.46938376504724805, 0.04589043852879316, -0.811875206952732]),
    ("layer3.weight", &[0.26130570830933, 0.5910015893924171, -0.17879067437842977]),
    ("layer3.bias", &[0.33399174567747875]),
];

fn trained(run_file: &str, flags: &str) -> Value {
    let desk = Desk::with(&[("run.toml", run_file)]);
    desk.json(&format!("train --config run.toml --out run --parameters --quiet {flags}"))
}

#[test]
fn the_worked_example_after_1_100_and_10_000_rounds() {
    for (rounds, total, weights) in ROUNDS {
        let run = trained(MAZUR, &format!("--epochs {rounds}"));
        assert_eq!((&run["steps"], &run["rows"], &run["seed"], &run["task"]), (&json!(rounds), &json!(1), &json!(2), &json!("values")));
        close("E_total before", number(&run["cost"]["before"]), 0.2983711087600027, 1e-15, 0.0);
        close("E_total after", number(&run["cost"]["after"]), total, 1e-12, 0.0);
        let parameters = &run["parameters"];
        let given = [numbers(&parameters["layer1.weight"]), numbers(&parameters["layer2.weight"])].concat();
        for (k, (given, expected)) in given.iter().zip(weights).enumerate() {
            close(&format!("w{} after {rounds} rounds", k + 1), *given, expected, 1e-12, 0.0);
        }
        assert_eq!((&parameters["layer1.bias"], &parameters["layer2.bias"]), (&json!([0.35, 0.35]), &json!([0.6, 0.6])));
    }
    assert_eq!(trained(MAZUR, "")["epochs"], json!(10000));
}

#[test]
fn the_worked_examples_gradients_frozen_ones_included() {
    let desk = Desk::with(&[("run.toml", MAZUR)]);
    let document = desk.json("check run.toml");
    close("cost", number(&document["cost"]), 0.2983711087600027, 1e-15, 0.0);
    // seed2.json, `exact_40_digits`.
    let exact = [
        0.00043856773447434673,
        0.0008771354689486935,
        0.0004977127352608601,
        0.0009954254705217201,
        0.008771354689486935,
        0.009954254705217201,
        0.08216704056423078,
        0.08266762784753325,
        -0.02260254047747506,
        -0.02274024221597821,
        0.13849856162855697,
        -0.03809823651655623,
    ];
    let found = document["parameters"].as_array().expect("parameters");
    assert_eq!(found.len(), exact.len());
    for (one, expected) in found.iter().zip(exact) {
        let name = one["name"].as_str().expect("a name");
        close(name, number(&one["gradient"]), expected, 2e-15, 0.0);
        close(name, number(&one["independent"]), expected, 2e-15, 0.0);
    }
}

#[test]
fn explicit_after_60_000_steps_from_numpys_own_stream() {
    let run = trained(EXPLICIT, "");
    let parameters = &run["parameters"];
    assert_eq!(parameters.as_object().expect("parameters").len(), 2);
    assert_eq!((shape(&parameters["layer1.weight"]), shape(&parameters["layer2.weight"])), (vec![4, 3], vec![1, 4]));
    for (i, row) in EXPLICIT_W0.iter().enumerate() {
        for (u, expected) in row.iter().enumerate() {
            close(&format!("W0[{i}][{u}]"), number(&parameters["layer1.weight"][u][i]), *expected, 1e-12, 0.0);
        }
    }
    for (given, expected) in numbers(&parameters["layer2.weight"]).iter().zip(EXPLICIT_W1) {
        close("W1", *given, expected, 1e-12, 0.0);
    }
    // Weights from inputs that are 0 never move.
    let start = trained(EXPLICIT, "--epochs 0");
    for u in 0..4 {
        assert_eq!(start["parameters"]["layer1.weight"][u][0], parameters["layer1.weight"][u][0]);
        assert_eq!(start["parameters"]["layer1.weight"][u][1], parameters["layer1.weight"][u][1]);
    }
    close("first error", number(&start["metrics"]["before"]["mae"]), 0.4151642364099251, 1e-14, 0.0);
}

#[test]
fn orientation_is_the_order_of_the_draws() {
    let start = trained(EXPLICIT, "--epochs 0");
    let other = trained(&EXPLICIT.replace("inputs × units", "units × inputs"), "--epochs 0");
    let [one, two] = [&start, &other].map(|run| run["parameters"]["layer1.weight"].clone());
    let draws: Vec<f64> = (0..3).flat_map(|i| (0..4).map(move |u| (u, i))).map(|(u, i)| number(&one[u][i])).collect();
    assert_eq!(numbers(&two), draws);
    assert_eq!(start["parameters"]["layer2.weight"], other["parameters"]["layer2.weight"]);
    // 2u - 1 of the first draw after np.random.seed(2), 0.43599490214200376.
    assert_eq!(draws[0], -0.12801019571599248);
}

#[test]
fn houses_after_30_epochs_from_numpys_own_stream() {
    let run = trained(HOUSES, "");
    assert_eq!((&run["rows"], &run["steps"]), (&json!(506), &json!(30)));
    close("cost before", number(&run["cost"]["before"]), 116977.09461309413, 1e-11, 0.0);
    close("cost after", number(&run["cost"]["after"]), 108.63446219255098, 1e-11, 0.0);
    for (name, expected) in HOUSES_END {
        let given = numbers(&run["parameters"][name]);
        let largest = expected.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        for (given, expected) in given.iter().zip(expected) {
            close(name, *given, *expected, 1e-11, largest);
        }
    }
    // Biases are drawn after each layer's weights.
    let start = trained(HOUSES, "--epochs 0");
    assert_eq!(numbers(&start["parameters"]["layer1.bias"])[0], -0.2625496586780718);
}

#[test]
fn flags_stand_above_the_run_file() {
    let by_file = trained(MAZUR, "");
    let by_flags = trained(
        &MAZUR.replace("epochs = 10000", "epochs = 3").replace("learning_rate = 0.5", "learning_rate = 1"),
        "--epochs 10000 --learning-rate 0.5",
    );
    assert_eq!(hash(&by_file), hash(&by_flags));
    let run = trained(EXPLICIT, "--seed 7 --epochs 1");
    assert_eq!(run["seed"], json!(7));
    assert_eq!(hash(&run), hash(&trained(&EXPLICIT.replace("seed = 2", "seed = 7"), "--epochs 1")));
    assert_eq!(trained(MAZUR, "--precision f32 --epochs 1")["precision"], json!("f32"));
}

#[test]
fn frozen_parameters_stay_and_all_others_move() {
    let start = trained(EXPLICIT, "--epochs 0");
    for (freeze, stays) in [(r#"["weight"]"#, vec![(0, 0), (0, 2), (3, 2)]), (r#"["weight[0,2]", "weight[3,2]"]"#, vec![(0, 2), (3, 2)])] {
        let run_file =
            EXPLICIT.replacen("bias = false", &format!("bias = false\nfreeze = {freeze}"), 1).replace("epochs = 60000", "epochs = 5");
        let run = trained(&run_file, "");
        let moved = |u: usize, i: usize| run["parameters"]["layer1.weight"][u][i] != start["parameters"]["layer1.weight"][u][i];
        assert!(stays.iter().all(|(u, i)| !moved(*u, *i)), "{freeze}");
        assert_eq!(moved(1, 2), freeze != r#"["weight"]"#, "{freeze}");
        assert_ne!(run["parameters"]["layer2.weight"], start["parameters"]["layer2.weight"], "{freeze}");
    }
}

#[test]
fn optimizers_take_their_options_under_their_names() {
    // One weight w = 1, no bias, one row x = 1, y = 0: the gradient is w. Two steps of PyTorch's rules, by hand.
    let run_file = |train: &str| {
        format!(
            "[data]\ninputs = [[1]]\ntargets = [[0]]\n[network]\nprecision = \"f64\"\n[[network.layer]]\nunits = 1\nactivation = \"linear\"\n\
             weight = [[1]]\nbias = false\n[train]\nepochs = 2\nlearning_rate = 0.1\n{train}\n"
        )
    };
    let end = |train: &str, flags: &str| numbers(&trained(&run_file(train), flags)["parameters"]["layer1.weight"])[0];
    let near = |what: &str, given: f64, expected: f64| close(what, given, expected, 1e-14, 0.0);
    near("sgd", end("optimizer = \"sgd\"", ""), 0.81);
    let momentum = 0.9 - 0.1 * (0.5 * 1.0 + 0.9);
    near("momentum", end("optimizer = \"sgd\"\nmomentum = 0.5", ""), momentum);
    near("momentum by flag", end("optimizer = \"sgd\"", "--option momentum=0.5"), momentum);
    let first = 1.0 - 0.1 * 1.5;
    near("nesterov", end("optimizer = \"sgd\"\nmomentum = 0.5\nnesterov = true", ""), first - 0.1 * (first + 0.5 * (0.5 + first)));
    near("weight decay", end("optimizer = \"sgd\"\nweight_decay = 0.5", ""), 0.85 * 0.85);
    let adagrad: f64 = 1.0 - 0.1 / (1.0 + 1e-10);
    near("adagrad", end("optimizer = \"adagrad\"", ""), adagrad - 0.1 * adagrad / ((1.0 + adagrad * adagrad).sqrt() + 1e-10));
    let first = 1.0 - 0.1 / (0.1f64.sqrt() + 1e-8);
    near("rmsprop", end("optimizer = \"rmsprop\"\nalpha = 0.9", ""), first - 0.1 * first / ((0.09 + 0.1 * first * first).sqrt() + 1e-8));
    let adam = |decay: f64| {
        let (mut w, mut m, mut v) = (1.0f64, 0.0, 0.0);
        for t in 1..=2 {
            let gradient = w;
            w -= 0.1 * decay * w;
            m = 0.8 * m + 0.2 * gradient;
            v = 0.9 * v + 0.1 * gradient * gradient;
            w -= 0.1 * (m / (1.0 - 0.8f64.powi(t))) / ((v / (1.0 - 0.9f64.powi(t))).sqrt() + 1e-3);
        }
        w
    };
    let options = "beta1 = 0.8\nbeta2 = 0.9\nepsilon = 1e-3";
    near("adam", end(&format!("optimizer = \"adam\"\n{options}"), ""), adam(0.0));
    near("adamw", end(&format!("optimizer = \"adamw\"\nweight_decay = 0.2\n{options}"), ""), adam(0.2));
}

#[test]
fn batches_are_counted_and_the_order_is_the_seeds() {
    let rows: Vec<String> = (0..10).map(|i| format!("[{i}]")).collect();
    let data = format!("[data]\ninputs = [{0}]\ntargets = [{0}]\n[network]\nprecision = \"f64\"\n", rows.join(", "));
    let steps = |train: &str| trained(&format!("{data}[train]\nepochs = 3\n{train}\n"), "");
    for (batch, expected) in [("\"full\"", 3), ("1", 30), ("3", 12), ("10", 3), ("999", 3)] {
        assert_eq!(steps(&format!("batch = {batch}"))["steps"], json!(expected), "batch {batch}");
    }
    let hashes = ["shuffle = false", "shuffle = true", "shuffle = true"].map(|line| hash(&steps(&format!("batch = 3\n{line}"))));
    assert_ne!(hashes[0], hashes[1]);
    assert_eq!(hashes[1], hashes[2]);
}

#[test]
fn a_path_is_taken_from_where_the_run_file_lies() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("inside")).expect("a directory");
    desk.write("inside/table.csv", "x,y\n1,2\n2,4\n3,6\n4,8.5\n");
    desk.write("inside/run.toml", "[data]\npath = \"table.csv\"\ntarget = [\"y\"]\nvalidation = 0\n[train]\nepochs = 1\n");
    let by_file = desk.json("train --config inside/run.toml --out a");
    assert_eq!(by_file["rows"], json!(4));
    let by_flags = desk.json("train inside/table.csv --target y --validation 0 --epochs 1 --out b");
    assert_eq!(hash(&by_file), hash(&by_flags));
}
