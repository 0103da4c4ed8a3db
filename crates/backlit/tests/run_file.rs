//! Run files: the contract's example, the defaults, and every refusal with its key and line.

use backlit::error::{Error, Kind};
use backlit::run_file::*;
use std::path::{Path, PathBuf};

const EXAMPLE: &str = r#"
[data]
# path = "houses.csv"
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
standardize = false
validation = 0

[network]
precision = "f64"
loss = "half_squared_error"

[[network.layer]]
units = 2
activation = "sigmoid"
weight = [[0.15, 0.20], [0.25, 0.30]]
bias = [0.35, 0.35]
freeze = ["bias", "weight[0, 1]", "bias[1]", "bias"]

[[network.layer]]
units = 2
initializer = "uniform(-1, 1)"
bias = false

[train]
optimizer = "sgd"
momentum = 0.9
nesterov = true
learning_rate = 0.5
epochs = 10_000
batch = "full"
shuffle = false
seed = 18446744073709551615
threads = 3
metric = "abs(a - y) / y"
memory = "512MB"
"#;

fn run(text: &str) -> RunFile {
    parse(text, "some/run.toml").unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn refused(text: &str) -> Error {
    let error = parse(text, "run.toml").map(|run| panic!("{text}\n{run:?}")).unwrap_err();
    assert_eq!((error.kind, error.file.as_deref()), (Kind::Usage, Some("run.toml")), "{error}");
    error
}

#[test]
fn the_example_of_the_contract() {
    let run = run(EXAMPLE);
    assert_eq!(run.data.source, Source::Inline { inputs: vec![vec![0.05, 0.10]], targets: vec![vec![0.01, 0.99]] });
    assert_eq!((run.data.standardize, run.data.validation, run.data.target.len()), (false, 0.0, 0));
    assert_eq!((run.network.precision, run.network.loss.as_deref()), (Precision::F64, Some("half_squared_error")));
    let first = Layer {
        units: 2,
        activation: "sigmoid".into(),
        weight: Some(vec![vec![0.15, 0.20], vec![0.25, 0.30]]),
        bias: Bias::Values(vec![0.35, 0.35]),
        initializer: None,
        bias_initializer: None,
        dropout: None,
        norm: None,
        skip: None,
        learning_rate: None,
        groups: 1,
        freeze: vec![Freeze::Bias, Freeze::WeightElement(0, 1), Freeze::BiasElement(1)],
    };
    let second = Layer {
        units: 2,
        activation: "linear".into(),
        weight: None,
        bias: Bias::None,
        initializer: Some("uniform(-1, 1)".into()),
        bias_initializer: None,
        dropout: None,
        norm: None,
        skip: None,
        learning_rate: None,
        groups: 1,
        freeze: vec![],
    };
    assert_eq!(run.network.layers, [first, second]);
    let train = Train {
        recipe: None,
        optimizer: Some("sgd".into()),
        options: vec![("momentum".into(), 0.9), ("nesterov".into(), 1.0)],
        learning_rate: Some(0.5),
        epochs: Some(10_000),
        batch: Some(Batch::Full),
        shuffle: Some(false),
        seed: u64::MAX,
        threads: Some(3),
        course: Course::default(),
        from: None,
        threshold: Threshold::At(0.5),
        // The example names a share to be kept aside, which is for one network.
        ensemble: Some(1),
        calibrate: None,
        metric: Some("abs(a - y) / y".into()),
        checkpoint_every: None,
        tensorboard: false,
        png: false,
        folds: None,
        memory: Some(512_000_000),
    };
    assert_eq!(run.train, train);
}

#[test]
fn what_is_left_out() {
    let run = run("[data]\npath = \"houses.csv\"\ntarget = \"MEDV\"\n");
    assert_eq!(run.data.source, Source::Path(PathBuf::from("some/houses.csv")), "relative to the run file's folder");
    assert_eq!((run.data.target.as_slice(), run.data.standardize, run.data.validation), (&["MEDV".to_string()][..], true, 0.2));
    assert_eq!(run.network, Network::default());
    assert_eq!((run.network.precision, run.network.rng, run.network.orientation), (Precision::F32, Rng::Own, Orientation::UnitsByInputs));
    assert_eq!((run.train.optimizer(), run.train.seed, run.train.epochs, run.train.batch), ("adam", 0, None, None));
    let inline = parse("data = {inputs = [[1], [2]], targets = [[3], [4]], target = \"y\"}", "r").unwrap();
    assert_eq!((inline.data.standardize, inline.data.validation, inline.data.target.len()), (false, 0.0, 1));
    let absolute = parse("[data]\npath = \"/x/y.csv\"", "a/b/r.toml").unwrap();
    assert_eq!(absolute.data.source, Source::Path(PathBuf::from("/x/y.csv")));
    assert_eq!(parse("[data]\nbundled = \"digits\"", "r").unwrap().data.source, Source::Bundled("digits".into()));
}

#[test]
fn words_that_choose() {
    let numpy = "[data]\nbundled = \"houses\"\ntarget = [\"MEDV\"]\n[network]\nrng = \"numpy\"\ntask = \"regression\"\n";
    for word in ["inputs × units", "inputs x units"] {
        let run = run(&format!("{numpy}orientation = \"{word}\"\n[[network.layer]]\nunits = 1\nbias = true\n"));
        assert_eq!(
            (run.network.rng, run.network.orientation, run.network.task),
            (Rng::Numpy, Orientation::InputsByUnits, Some(Task::Regression))
        );
        assert_eq!(run.network.layers[0].bias, Bias::Drawn);
    }
    let adam = run("[data]\nbundled = \"houses\"\n[train]\nbeta1 = 0.5\namsgrad = true\nweight_decay = 0\nbatch = 0x20\n");
    let mut options = adam.train.options;
    options.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(options, [("amsgrad".into(), 1.0), ("beta1".into(), 0.5), ("weight_decay".to_string(), 0.0)]);
    assert_eq!(adam.train.batch, Some(Batch::Rows(32)));
    for text in ["weight", "bias", "weight[0,12]", "bias[3]"] {
        assert_eq!(text.parse::<Freeze>().unwrap().to_string(), text);
    }
}

/// The example with some text replaced; the error's key, and words of its message or hint.
#[test]
fn every_wrong_value_is_refused_at_its_key_and_line() {
    for (from, to, key, words) in [
        ("units = 2\na", "unit = 2\na", "network.layer[1].unit", "line 14: there is no such key"),
        ("units = 2\na", "unit = 2\na", "network.layer[1].unit", "did you mean units?"),
        ("units = 2\na", "units = 0\na", "network.layer[1].units", "line 14: expected a whole number from 1 to 2147483648, came 0"),
        ("units = 2\na", "units = -2\na", "network.layer[1].units", "came -2"),
        ("units = 2\na", "units = 2.0\na", "network.layer[1].units", "came 2.0"),
        ("units = 2\na", "units = \"2\"\na", "network.layer[1].units", "came the string \"2\""),
        ("units = 2\na", "units = 99999999999999999999999\na", "network.layer[1].units", "whole number"),
        ("units = 2\na", "units = 1\na", "network.layer[1].weight", "line 16: expected 1 rows, one for each unit, came 2"),
        ("units = 2\na", "a", "network.layer[1]", "line 13: expected units, came none"),
        ("[0.25, 0.30]]", "[0.25]]", "network.layer[1].weight[1]", "line 16: expected 2 numbers as in row 0, came 1"),
        ("[[0.15, 0.20], [0.25, 0.30]]", "[[1], [2]]", "network.layer[1].weight[0]", "expected 2 numbers, one for each input, came 1"),
        ("[[0.15, 0.20], [0.25, 0.30]]", "[0.1, 0.2]", "network.layer[1].weight[0]", "expected a list of numbers, came 0.1"),
        ("[[0.15, 0.20], [0.25, 0.30]]", "[[], []]", "network.layer[1].weight[0]", "at least one number"),
        ("[[0.15, 0.20], [0.25, 0.30]]", "[]", "network.layer[1].weight", "at least one row"),
        ("0.15, 0.20", "nan, 0.20", "network.layer[1].weight[0][0]", "expected a finite number, came nan"),
        ("0.15, 0.20", "0.15, \"a\"", "network.layer[1].weight[0][1]", "came the string \"a\""),
        ("0.15, 0.20", "0.15, 1e400", "network.layer[1].weight[0][1]", "finite number"),
        ("0.35, 0.35", "0.35", "network.layer[1].bias", "line 17: expected 2 numbers, one for each unit, came 1"),
        ("0.35, 0.35", "0.35, -inf", "network.layer[1].bias[1]", "came -inf"),
        ("bias = [0.35, 0.35]", "bias = 1", "network.layer[1].bias", "or true or false, came 1"),
        ("bias = [0.35, 0.35]", "bias = [1, 2]\nbias_initializer = \"zeros\"", "network.layer[1].bias_initializer", "came both"),
        ("bias = [0.35, 0.35]", "bias = false\n#", "network.layer[1].freeze[0]", "no bias to freeze"),
        ("bias = false", "bias = false\nbias_initializer = \"zeros\"", "network.layer[2].bias_initializer", "no bias to begin with"),
        ("\"sigmoid\"", "\"sigmoyd\"", "network.layer[1].activation", "line 15: no activation 'sigmoyd'; there are linear"),
        ("\"sigmoid\"", "\"half_squared_error\"", "network.layer[1].activation", "no activation"),
        ("\"sigmoid\"", "3", "network.layer[1].activation", "expected a string in quotes, came 3"),
        ("\"uniform(-1, 1)\"", "\"uniform(1, -1)\"", "network.layer[2].initializer", "low ≤ high"),
        ("\"uniform(-1, 1)\"", "\"zeros\"\nweight = [[1, 2], [3, 4]]", "network.layer[2].initializer", "came both"),
        ("\"uniform(-1, 1)\"", "\"zeros\"\nfreeze = [\"weight[0,2]\"]", "network.layer[2].freeze[0]", "inputs go from 0 to 1"),
        ("\"uniform(-1, 1)\"", "\"zeros\"\nfreeze = [\"bais\"]", "network.layer[2].freeze[0]", "came 'bais'"),
        ("\"uniform(-1, 1)\"", "\"zeros\"\nfreeze = \"weight\"", "network.layer[2].freeze", "expected a list"),
        ("\"bias[1]\"", "\"bias[2]\"", "network.layer[1].freeze[2]", "units go from 0 to 1"),
        ("\"bias[1]\"", "\"bias[1\"", "network.layer[1].freeze[2]", "bias[unit]"),
        ("\"bias[1]\"", "\"bias[-1]\"", "network.layer[1].freeze[2]", "bias[unit]"),
        (
            "units = 2\ni",
            "units = 3\ni",
            "network.layer[2].units",
            "line 21: the last layer needs 2 units, one for each target in a row, came 3",
        ),
        ("\"f64\"", "\"f16\"", "network.precision", "expected \"f32\" or \"f64\", came the string \"f16\""),
        ("\"f64\"", "64", "network.precision", "came 64"),
        ("\"half_squared_error\"", "\"mse\"", "network.loss", "no loss 'mse'"),
        ("precision =", "orientation = \"inputs × units\"\nprecision =", "network.orientation", "rng = \"numpy\""),
        ("precision =", "task = \"guess\"\nprecision =", "network.task", "\"two_classes\""),
        ("precision =", "rng = \"numpy\"\nprecision =", "train.seed", "from 0 to 4294967295"),
        ("targets = [[0.01, 0.99]]", "", "data.inputs", "need rows of targets"),
        ("targets = [[0.01, 0.99]]", "targets = [[0.01, 0.99], [1, 2]]", "data.targets", "line 5: expected 1 rows as in inputs, came 2"),
        ("targets = [[0.01, 0.99]]", "targets = [[0.01, inf]]", "data.targets[0][1]", "came inf"),
        ("inputs = [[0.05, 0.10]]", "inputs = [[1, 2], [3]]", "data.inputs[1]", "line 4: expected 2 numbers as in row 0, came 1"),
        ("inputs = [[0.05, 0.10]]", "bundled = \"houses\"", "data.targets", "not beside data.bundled"),
        ("inputs = [[0.05, 0.10]]\ntargets = [[0.01, 0.99]]", "bundled = \"iris\"", "data.bundled", "houses, digits"),
        ("inputs = [[0.05, 0.10]]\ntargets = [[0.01, 0.99]]", "path = \"\"", "data.path", "the path of a file"),
        ("inputs = [[0.05, 0.10]]\ntargets = [[0.01, 0.99]]", "", "data", "line 2: expected one of path, bundled, or inputs"),
        ("# path", "path", "data.inputs", "one source of data, came data.path too"),
        ("validation = 0", "validation = 1", "data.validation", "below 1, came 1"),
        ("validation = 0", "validation = -0.1", "data.validation", "came -0.1"),
        ("validation = 0", "target = [\"a\"]", "data.target", "expected 2 names"),
        ("validation = 0", "target = [\"a\", \"a\"]", "data.target", "names that differ"),
        ("validation = 0", "target = []", "data.target", "at least one"),
        ("standardize = false", "standardize = 0", "data.standardize", "true or false, came 0"),
        ("standardize = false", "standardise = false", "data.standardise", "did you mean standardize?"),
        ("\"sgd\"", "\"sdg\"", "train.optimizer", "no optimizer 'sdg'; there are sgd"),
        ("\"sgd\"", "\"adam\"", "train.momentum", "adam has no such option; it has beta1"),
        ("momentum = 0.9", "momentum = 1", "train.momentum", "line 27: momentum must be at least 0 and below 1, came 1"),
        ("momentum = 0.9", "", "train.nesterov", "nesterov needs a momentum"),
        ("momentum = 0.9", "momentun = 1", "train.momentun", "did you mean momentum?"),
        ("learning_rate = 0.5", "learning_rate = 0", "train.learning_rate", "line 29: expected a finite number above 0, came 0"),
        ("learning_rate = 0.5", "learning_rate = nan", "train.learning_rate", "came nan"),
        ("learning_rate = 0.5", "learning_rate = inf", "train.learning_rate", "came inf"),
        ("learning_rate = 0.5", "learning_rate = true", "train.learning_rate", "came true"),
        ("epochs = 10_000", "epochs = -1", "train.epochs", "whole number of at least 0, came -1"),
        ("epochs = 10_000", "epochs = 1.5", "train.epochs", "came 1.5"),
        ("batch = \"full\"", "batch = \"all\"", "train.batch", "\"full\" or a number of rows"),
        ("batch = \"full\"", "batch = 0", "train.batch", "came 0"),
        ("shuffle = false", "shuffle = \"no\"", "train.shuffle", "true or false"),
        ("18446744073709551615", "18446744073709551616", "train.seed", "whole number"),
        ("18446744073709551615", "-1", "train.seed", "came -1"),
        ("threads = 3", "threads = 0", "train.threads", "from 1 to 4096"),
        ("threads = 3", "schedule = \"cosin\"", "train.schedule", "no schedule 'cosin'; there are constant, step"),
        ("threads = 3", "schedule = \"step(0)\"", "train.schedule", "line 34: step: every must be at least 1"),
        ("threads = 3", "schedule = 3", "train.schedule", "a string in quotes, came 3"),
        ("threads = 3", "schedule = \"coslog4\"\nwarmup = 0.1", "train.warmup", "leave the warm-up out"),
        ("threads = 3", "warmup = 1", "train.warmup", "below 1, came 1"),
        ("threads = 3", "clip_norm = 0", "train.clip_norm", "a finite number above 0, came 0"),
        ("threads = 3", "clip_value = -1", "train.clip_value", "above 0, came -1"),
        ("threads = 3", "patience = 0", "train.patience", "at least 1, came 0"),
        ("threads = 3", "from = \"\"", "train.from", "the path of a model"),
        ("threads = 3", "recipe = \"best\"", "train.recipe", "\"plain\" or \"tuned\", came the string \"best\""),
        ("threads = 3", "ensemble = 0", "train.ensemble", "from 1 to 100"),
        ("threads = 3", "calibrate = 1", "train.calibrate", "came 1"),
        ("threads = 3", "keep = \"first\"", "train.keep", "\"best\" or \"last\", came the string \"first\""),
        ("[train]", "[training]", "training", "line 25: there is no such key at the top"),
        ("[train]", "[training]", "training", "did you mean train?"),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let error = refused(&EXAMPLE.replacen(from, to, 1));
        assert_eq!(error.key.as_deref(), Some(key), "{to}: {error}");
        assert!(error.to_string().contains(words), "{to}: {error}");
        assert!(error.message.starts_with("line "), "{error}");
    }
}

#[test]
fn the_course_of_a_training() {
    let course = "schedule = \"step(30, factor=0.5)\"\nwarmup = 0.05\nclip_norm = 1\nclip_value = 0.5\npatience = 20\nkeep = \"last\"\njudge = \"metric\"";
    let read = run(&EXAMPLE.replacen("threads = 3", course, 1)).train.course;
    let expected = Course {
        schedule: Some("step(30, factor=0.5)".into()),
        warmup: Some(0.05),
        clip_norm: Some(1.0),
        clip_value: Some(0.5),
        patience: Some(20),
        keep: Some(Keep::Last),
        judge: Some(backlit::course::Judge::Metric),
    };
    assert_eq!(read, expected);
    let from = |path: &str| run(&EXAMPLE.replacen("threads = 3", &format!("from = \"{path}\""), 1)).train.from;
    assert_eq!(from("runs/a"), Some(PathBuf::from("some/runs/a")), "relative to the run file's folder");
    assert_eq!(from("/runs/a"), Some(PathBuf::from("/runs/a")));
    assert_eq!(read.spelled().schedule.as_deref(), Some("step(every=30, factor=0.5)"));
    assert!(!read.keeps_best() && Course { keep: None, ..read }.keeps_best() && !Course::default().keeps_best());
}

#[test]
fn numbers_that_f32_cannot_hold() {
    let text = |precision: &str, x: &str, w: &str| {
        format!(
            "[data]\ninputs = [[{x}]]\ntargets = [[1]]\n[network]\nprecision = \"{precision}\"\n[[network.layer]]\nunits = 1\nweight = [[{w}]]\n"
        )
    };
    assert!(parse(&text("f64", "1e300", "1e300"), "r").is_ok());
    assert_eq!(refused(&text("f32", "1", "1e300")).key.as_deref(), Some("network.layer[1].weight[0][0]"));
    assert!(refused(&text("f32", "-1e39", "1")).message.contains("-1e39"));
}

#[test]
fn huge_networks_and_missing_sections() {
    let large = "[data]\nbundled = \"houses\"\n[[network.layer]]\nunits = 65536\n[[network.layer]]\nunits = 65536\n";
    let error = refused(large);
    assert_eq!(error.key.as_deref(), Some("network.layer[2].units"));
    assert!(error.message.contains("line 6") && error.message.contains("65536 units × 65536 inputs"), "{error}");
    assert_eq!(refused("").key.as_deref(), Some("data"));
    assert_eq!(refused("data = 3").key.as_deref(), Some("data"));
    assert_eq!(refused("[data]\nbundled = \"houses\"\n[network.layer]\nunits = 1").key.as_deref(), Some("network.layer"));
    assert_eq!(refused("[data]\nbundled = \"houses\"\n[network]\nlayer = [1]").key.as_deref(), Some("network.layer[1]"));
}

#[test]
fn texts_that_are_no_toml() {
    for (text, line) in
        [("[data]\npath = \n", "line 2"), ("[data]\npath = \"a\"\npath = \"b\"\n", "line 3"), ("[data", "line 1"), ("\0", "line 1")]
    {
        let error = refused(text);
        assert!(error.message.starts_with(line) && error.message.contains("not valid TOML"), "{text:?}: {error}");
    }
    let deep = format!("[data]\ninputs = {}", "[".repeat(100_000));
    assert!(refused(&deep).message.contains("TOML"));
    refused(&format!("[data]\ninputs = {}{}\ntargets = [[1]]", "[".repeat(60), "]".repeat(60)));
}

/// Every text is read or refused, also one that is broken at any place.
#[test]
fn no_text_is_too_odd() {
    let mut refused = 0;
    for (place, letter) in EXAMPLE.char_indices() {
        for instead in ["", "[", "]", "\"", "=", "-", "9", "\n", "\0", "é", "{"] {
            let text = format!("{}{instead}{}", &EXAMPLE[..place], &EXAMPLE[place + letter.len_utf8()..]);
            if let Err(error) = parse(&text, "run.toml") {
                refused += 1;
                assert!(error.kind == Kind::Usage && error.file.is_some() && !error.message.is_empty());
            }
        }
        let _ = parse(&EXAMPLE[..place], "run.toml");
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.toml");
    let missing = read(&path).unwrap_err();
    assert_eq!((missing.kind, missing.file.as_deref()), (Kind::Usage, path.to_str()));
    assert_eq!(read(directory.path()).unwrap_err().kind, Kind::Usage);
    std::fs::write(&path, b"[data]\npath = \"\xFF\"\n").unwrap();
    assert!(read(&path).unwrap_err().message.contains("line 2: expected UTF-8, came byte 0xFF"));
    std::fs::write(&path, "\u{feff}[data]\r\npath = \"t.csv\"\r\n").unwrap();
    assert_eq!(read(&path).unwrap().data.source, Source::Path(directory.path().join("t.csv")));
    assert!(read(Path::new("")).is_err());
}

/// A run with a word for every key that there is; its text has them all.
const EVERYTHING: &str = r#"
[data]
path = "/some/\"table\" \\ \t \u007f ü.csv"
target = ["a, b", "c"]
categories = ["d"]
ignore = ["e"]
embed = 12
header = false
standardize = false
validation = 0.125
split = "grouped"
group = "f"
weights = "g"
class_weight = "no=0.1,yes=1e-7"

[network]
precision = "f64"
loss = "half_squared_error"
task = "values"
rng = "numpy"
initializer = "uniform(-1, 1)"
bias_initializer = "zeros"
orientation = "inputs x units"
l1 = 0.1
l2 = 1e-300
penalize_biases = true
label_smoothing = 0.3
dropout = 0.25
norm = "layer"
skip = true

[[network.layer]]
units = 2
activation = "z * sigmoid(z)"
weight = [[0.1, -0.0], [3.3333333333333335, 1e22]]
bias = [0.1, 5e-324]
freeze = ["bias", "weight[0,1]", "bias[1]", "gain"]
dropout = 0.5
norm = "batch"
skip = 0
learning_rate = 0.001

[[network.layer]]
units = 2
bias = true
initializer = "he_normal"
bias_initializer = "normal(0, 1)"
norm = "none"
skip = true

[[network.layer]]
units = 1
bias = false
skip = false

[train]
optimizer = "rmsprop"
alpha = 0.9
epsilon = 1e-6
centered = true
learning_rate = 0.1
epochs = 18446744073709551615
batch = 17
shuffle = false
seed = 4294967295
threads = 3
schedule = "step(2, 0.5)"
warmup = 0.1
clip_norm = 1
clip_value = 2
patience = 3
keep = "last"
judge = "metric"
from = "/some/model"
threshold = 0.3
metric = "max: a - y"
folds = 4
memory = "512MB"
checkpoint_every = "1.5m"
tensorboard = true
png = true
"#;

#[test]
fn a_run_is_written_as_it_is_read() {
    let written = run(EVERYTHING).to_toml().expect("a text");
    assert_eq!(run(&written), run(EVERYTHING), "{written}");
    // What is not given is not there twice, and what is there is read: no key is forgotten.
    let keys = |text: &str| text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.to_string()).collect::<Vec<_>>();
    let all = keys(&written);
    for key in keys(EVERYTHING) {
        assert!(all.contains(&key), "{key} was not written");
    }
    for (from, to) in [
        ("path = \"/some/\\\"table\\\" \\\\ \\t \\u007f ü.csv\"", "bundled = \"houses\""),
        ("split = \"grouped\"\ngroup = \"f\"", "split = \"time\"\ntime = \"t\""),
        ("split = \"grouped\"\ngroup = \"f\"", "split = \"time\""),
        ("split = \"grouped\"\ngroup = \"f\"", "split = \"stratified\""),
        ("class_weight = \"no=0.1,yes=1e-7\"", "class_weight = \"balanced\""),
        ("embed = 12", "embed = \"none\""),
        ("embed = 12", "embed = \"auto\""),
        ("batch = 17", "batch = \"full\""),
        ("threshold = 0.3", "threshold = \"f1\""),
        ("threshold = 0.3", "threshold = \"balanced\""),
        ("keep = \"last\"", "keep = \"best\""),
        ("checkpoint_every = \"1.5m\"", "checkpoint_every = 50"),
        ("task = \"values\"", "task = \"labels\""),
        ("task = \"values\"", "task = \"two_classes\""),
        ("task = \"values\"", "task = \"classes\""),
        ("task = \"values\"", "task = \"regression\""),
    ] {
        assert!(EVERYTHING.contains(from), "{from}");
        let text = EVERYTHING.replacen(from, to, 1);
        assert_eq!(run(&run(&text).to_toml().expect("a text")), run(&text), "{to}");
    }
    for text in [EXAMPLE, "[data]\nbundled = \"digits\"\n", "data = {inputs = [[1], [2]], targets = [[3], [4]], target = \"y\"}"] {
        assert_eq!(run(&run(text).to_toml().expect("a text")), run(text), "{text}");
    }
}

#[test]
fn relative_paths_are_written_as_absolute_ones() {
    let written = run("[data]\npath = \"table.csv\"\n[train]\nfrom = \"model\"\n").to_toml().expect("a text");
    let here = std::env::current_dir().expect("a directory").join("some");
    let again = parse(&written, "elsewhere/run.toml").expect("a run");
    assert_eq!(again.data.source, Source::Path(here.join("table.csv")));
    assert_eq!(again.train.from, Some(here.join("model")));
}

#[test]
fn checkpoints_are_asked_for_by_steps_or_by_time() {
    let every = |text: &str| run(&format!("[data]\nbundled = \"houses\"\n[train]\ncheckpoint_every = {text}\n")).train.checkpoint_every;
    assert_eq!(every("7"), Some(Every::Steps(7)));
    assert_eq!(every("\"7\""), Some(Every::Steps(7)));
    assert_eq!([every("\"30s\""), every("\"1.5 m\""), every("\"2h\"")], [30.0, 90.0, 7200.0].map(|s| Some(Every::Seconds(s))));
    for wrong in ["0", "-1", "1.5", "\"\"", "\"s\"", "\"0s\"", "\"-3m\"", "\"nans\"", "\"infh\"", "\"3 days\"", "\"1e30h\"", "true"] {
        let error = refused(&format!("[data]\nbundled = \"houses\"\n[train]\ncheckpoint_every = {wrong}\n"));
        assert_eq!(error.key.as_deref(), Some("train.checkpoint_every"), "{wrong}");
    }
}

#[test]
fn norms_skips_and_rates_of_layers_are_read() {
    use backlit::layers::{Norm, Skip};
    let text = "[data]\npath = \"t.csv\"\ntarget = \"y\"\n[network]\nnorm = \"batch\"\nskip = true\n[[network.layer]]\nunits = 4\nnorm = \"none\"\n\
        skip = 0\nlearning_rate = 0.5\nfreeze = [\"gain\", \"shift\"]\n[[network.layer]]\nunits = 4\nnorm = \"layer\"\nskip = false\n[[network.layer]]\nunits = 1\n";
    let run = run(text);
    assert_eq!((run.network.norm, run.network.skip), (Some(Norm::Batch), true));
    let layers: Vec<_> = run.network.layers.iter().map(|layer| (layer.norm, layer.skip, layer.learning_rate)).collect();
    let first = (Some(None), Some(Skip::From(0)), Some(0.5));
    assert_eq!(layers, [first, (Some(Some(Norm::Layer)), Some(Skip::No), None), (None, None, None)]);
    assert_eq!(run.network.layers[0].freeze, [Freeze::Gain, Freeze::Shift]);
}
