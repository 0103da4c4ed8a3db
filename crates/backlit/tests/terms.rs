//! Row weights, class weights, penalties, smoothed labels and dropout, from a table to a model. PyTorch's and scikit-learn's
//! numbers lie beside the engine's tests.

use backlit::engine::step::Runner;
use backlit::engine::{Network, Plan};
use backlit::error::Error;
use backlit::gradient_check::Subject;
use backlit::job::{Job, rows_for};
use backlit::model_file::{Parameters, Task, from_bytes, to_bytes};
use backlit::run_file::{self, Terms};
use backlit::terms::ClassWeight;
use backlit::{data, prepare, session};
use serde_json::Value;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../engine/tests/golden/terms.json")).expect("a golden file is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// What a run file asks for; the table lies beside it.
fn job(folder: &Path, table: &str, rest: &str) -> Result<Job, Error> {
    std::fs::write(folder.join("table.csv"), table).expect("a table");
    let text = format!("[data]\npath = \"table.csv\"\nvalidation = 0\nstandardize = false\n{rest}");
    let file = folder.join("run.toml");
    std::fs::write(&file, text).expect("a run file");
    prepare::job(&run_file::read(&file)?, None, 2)
}

fn trained(job: &Job) -> Vec<f64> {
    let outcome = session::train(job, &mut |_| ControlFlow::Continue(())).expect("a training");
    match outcome.model.parameters {
        Parameters::F64(numbers) => numbers,
        Parameters::F32(numbers) => numbers.into_iter().map(f64::from).collect(),
    }
}

/// Rows x0, x1, w, y with weights 0 to 3; `repeated`: each so many times, and no weights.
fn table(repeated: bool) -> String {
    let mut text = String::from(if repeated { "x0,x1,y\n" } else { "x0,x1,w,y\n" });
    for r in 0..40 {
        let (a, b, w) = ((f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos(), r % 4);
        let y = a - 0.5 * b * b;
        match repeated {
            true => (0..w).for_each(|_| writeln!(text, "{a},{b},{y}").expect("text")),
            false => writeln!(text, "{a},{b},{w},{y}").expect("text"),
        }
    }
    text
}

const NETWORK: &str = "[network]\nprecision = \"f64\"\n[[network.layer]]\nunits = 5\nactivation = \"tanh\"\n[[network.layer]]\nunits = 1\n\
    [train]\noptimizer = \"sgd\"\nlearning_rate = 0.1\nepochs = 50\nbatch = \"full\"\n";

#[test]
fn training_with_weights_is_training_on_repeated_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let weighted = job(folder.path(), &table(false), &format!("target = \"y\"\nweights = \"w\"\n{NETWORK}")).expect("a job");
    assert_eq!(weighted.inputs, ["x0", "x1"]);
    let mean = weighted.train.w.iter().sum::<f64>() / 40.0;
    assert!((mean - 1.0).abs() < 1e-14, "{mean}");
    let repeated = job(folder.path(), &table(true), &format!("target = \"y\"\n{NETWORK}")).expect("a job");
    let plain = job(folder.path(), &table(false).replace(",w,", ",x2,"), &format!("target = \"y\"\n{NETWORK}")).expect("a job");
    assert!(plain.train.w.is_empty() && plain.shape.terms.is_empty());
    let (got, want) = (trained(&weighted), trained(&repeated));
    for (i, (got, want)) in got.iter().zip(&want).enumerate() {
        assert!((got - want).abs() <= 1e-10, "parameter {i}: {got}, repeated rows {want}");
    }
    assert!(weighted.notes.iter().any(|note| note.contains("rows are weighted by 'w'")), "{:?}", weighted.notes);
}

#[test]
fn balanced_weights_are_scikit_learns() {
    let golden = golden();
    let folder = tempfile::tempdir().expect("a folder");
    let classes = numbers(&golden["balanced"]["classes"]);
    let rows: String = classes.iter().enumerate().map(|(r, class)| format!("{r},{class}\n")).collect();
    let job = job(folder.path(), &format!("x,c\n{rows}"), "target = \"c\"\nclass_weight = \"balanced\"\n[network]\ntask = \"classes\"\n");
    let job = job.expect("a job");
    let weights = job.shape.terms.weights.as_ref().expect("weights");
    let want = numbers(&golden["balanced"]["weights"]);
    assert!(weights.classes.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-15), "{weights:?}, scikit-learn {want:?}");
    // Balanced weights have mean 1 by themselves.
    assert!((weights.scale - 1.0).abs() < 1e-14, "{weights:?}");
    for (w, class) in job.train.w.iter().zip(&classes) {
        assert!((w - want[*class as usize]).abs() < 1e-14);
    }
}

#[test]
fn smoothed_labels_are_pytorchs() {
    for case in golden()["smoothing"].as_array().expect("a list") {
        let (logits, labels) = (numbers(&case["logits"]), numbers(&case["labels"]));
        let (k, rows) = (4, labels.len());
        let hot: Vec<f64> = labels.iter().flat_map(|label| (0..k).map(move |c| f64::from(u8::from(c as f64 == *label)))).collect();
        let terms = Terms { label_smoothing: case["share"].as_f64().expect("a share"), ..Terms::default() };
        let y = terms.smoothed(Task::Classes, k, &hot);
        let built = Network::inputs(k).dense(k).cross_entropy().build::<f64>().expect("a network");
        let plan = Plan::gradient(&built.graph, built.cost);
        let parameters: Vec<f64> = (0..k * k + k).map(|i| f64::from(u8::from(i < k * k && i / k == i % k))).collect();
        let mut gradient = vec![0.0; parameters.len()];
        let cost = Runner::new(&plan, rows, 1).gradient(&plan, &parameters, &[&logits, &y], rows, &mut gradient);
        assert!((cost - case["cost"].as_f64().expect("a cost")).abs() < 1e-14, "{cost}, PyTorch {}", case["cost"]);
        let want = numbers(&case["gradient"]);
        for (c, got) in gradient[k * k..].iter().enumerate() {
            let want: f64 = (0..rows).map(|r| want[r * k + c]).sum();
            assert!((got - want).abs() < 1e-14, "class {c}: {got}, PyTorch {want}");
        }
    }
    let terms = Terms { label_smoothing: 0.2, ..Terms::default() };
    assert_eq!(*terms.smoothed(Task::TwoClasses, 1, &[0.0, 1.0]), [0.1, 0.9]);
}

#[test]
fn a_model_keeps_what_its_cost_was_made_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = table(false).replace('-', "").lines().map(|line| line.to_string() + "\n").collect::<String>();
    let all = "l1 = 0.01\nl2 = 0.02\npenalize_biases = true\ndropout = 0.25\nprecision = \"f64\"\n";
    let rest = format!("target = \"y\"\nweights = \"w\"\n{}", NETWORK.replace("precision = \"f64\"\n", all));
    let job = job(folder.path(), &text, &rest).expect("a job");
    assert_eq!(job.shape.layers.iter().map(|layer| layer.dropout).collect::<Vec<_>>(), [0.25, 0.0]);
    let model = session::train(&job, &mut |_| ControlFlow::Continue(())).expect("a training").model;
    let read = from_bytes(&to_bytes(&model).expect("bytes")).expect("a model");
    assert_eq!(read.metadata, model.metadata);
    let terms = &read.metadata.network.terms;
    assert_eq!((terms.l1, terms.l2, terms.penalize_biases), (0.01, 0.02, true));
    // On the table it sees the rows as they were trained on, and the gradients are right.
    let table = data::read(&folder.path().join("table.csv")).expect("a table").table;
    let rows = rows_for(&read.metadata, &table, true).expect("rows");
    assert_eq!(rows.w, job.train.w);
    let report = Subject::of_rows(&read, rows, 2).check().expect("a check");
    assert!(report.passed(), "{:?}", report.worst());
    // The penalty and the weights are in the cost that is checked.
    let mut plain = read.clone();
    plain.metadata.network.terms = Terms::default();
    let rows = rows_for(&plain.metadata, &table, true).expect("rows");
    assert!(rows.w.is_empty());
    assert_ne!(Subject::of_rows(&plain, rows, 2).check().expect("a check").cost, report.cost);
    // Without the column each row counts as 1, which is said.
    let mut without = table.clone();
    without.columns[2] = "other".into();
    let rows = rows_for(&read.metadata, &without, true).expect("rows");
    let said = terms.without_weights(&rows).expect("a note");
    assert!(said.contains("'w', which is not there: each row counts as 1"), "{said}");
    let alike = Subject::of_rows(&read, rows, 2).check().expect("a check");
    assert!(alike.passed() && alike.cost != report.cost, "{} and {}", alike.cost, report.cost);
    // What is not there takes no place in the file, so older files read and older programs understand.
    plain.metadata.network.layers[0].dropout = 0.0;
    let bytes = to_bytes(&plain).expect("bytes");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("terms") && !text.contains("dropout"));
}

#[test]
fn nonsense_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |table: &str, rest: &str| job(folder.path(), table, rest).expect_err(rest).to_string();
    let classes = "x,w,c\n1,1,0\n2,1,1\n3,-1,1\n";
    for (rest, words) in [
        ("target = \"c\"\nweights = \"W\"\n", "no column 'W'"),
        ("target = \"c\"\nweights = \"c\"\n", "'c' is the target"),
        ("target = \"c\"\nweights = \"w\"\n", "expected a weight of 0 or more, came -1"),
        ("target = \"c\"\nclass_weight = \"balanced\"\n[network]\ntask = \"regression\"\n", "only classes have class weights"),
        ("target = \"c\"\nclass_weight = \"7=1\"\n[network]\ntask = \"classes\"\n", "there is no class '7'; there are '0', '1'"),
        ("target = \"c\"\nclass_weight = \"0=-1\"\n[network]\ntask = \"classes\"\n", "came '0=-1'"),
        ("target = \"c\"\nclass_weight = \"0=1,0=2\"\n[network]\ntask = \"classes\"\n", "'0' is named twice"),
        ("target = \"c\"\nclass_weight = \"0=0,1=0\"\n[network]\ntask = \"classes\"\n", "add up to 0"),
        ("target = \"c\"\n[network]\ntask = \"regression\"\nlabel_smoothing = 0.1\n", "labels are smoothed of classes and labels only"),
        ("target = \"c\"\n[network]\nlabel_smoothing = 1\n", "from 0 to below 1"),
        ("target = \"c\"\n[network]\nl1 = -1\n", "network.l1"),
        ("target = \"c\"\n[network]\nl2 = \"much\"\n", "network.l2"),
        ("target = \"c\"\n[network]\ndropout = 1.0\n", "network.dropout"),
        ("target = \"c\"\n[network]\n[[network.layer]]\nunits = 1\ndropout = 0.5\n", "the last layer is the prediction"),
    ] {
        let message = refused(classes, rest);
        assert!(message.contains(words), "{rest}: {message}");
    }
    let inline = "[data]\ninputs = [[1.0]]\ntargets = [[1.0]]\nweights = \"x0\"\n";
    let error = prepare::job(&run_file::parse(inline, "run.toml").expect("a run file"), None, 1).expect_err("no column");
    assert!(error.to_string().contains("worked examples have no column of weights"), "{error}");
    assert_eq!("balanced".parse(), Ok(ClassWeight::Balanced));
    assert_eq!(" a b = 2 ,c=0.5".parse(), Ok(ClassWeight::Given(vec![("a b".into(), 2.0), ("c".into(), 0.5)])));
}
