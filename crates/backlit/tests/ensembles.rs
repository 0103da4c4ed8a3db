//! Networks side by side in one: what the file holds grows with their number, and all that reads the graph reads this one.

use backlit::engine::check::Verdict;
use backlit::engine::explain::Target;
use backlit::explain::notation::{self, Thing};
use backlit::explain::{self, Subject};
use backlit::gradient_check;
use backlit::job::Job;
use backlit::model_file::{Model, Parameters, from_bytes, to_bytes};
use backlit::predictor::Predictor;
use backlit::prepare::{self, Hidden};
use backlit::recipe::Recipe;
use backlit::run_file::{Batch, RunFile, parse};
use backlit::session::{self, Progress};
use backlit::worksheet::{Options, worksheet};
use std::ops::ControlFlow;
use std::path::Path;

fn table() -> String {
    let row = |r: usize| {
        let (a, b) = ((r * 37 % 101) as f64 / 20.0, (r * 53 % 97) as f64 / 30.0 - 1.0);
        format!("{a:.2},{b:.3},{:.3}\n", 2.0 * a - b * b)
    };
    "a,b,price\n".to_string() + &(0..40).map(row).collect::<String>()
}

/// `count` networks of three hidden layers, trained for a few epochs.
fn trained(folder: &Path, count: usize, units: &[usize]) -> (RunFile, Job, Model) {
    let path = folder.join("table.csv");
    std::fs::write(&path, table()).expect("a table");
    let mut run = prepare::run_on(&path.display().to_string());
    run.data.target = vec!["price".into()];
    run.network.precision = backlit::model_file::Precision::F64;
    run.train.recipe = Some(Recipe::Plain);
    (run.train.ensemble, run.train.epochs, run.train.batch) = (Some(count), Some(3), Some(Batch::Rows(10)));
    let hidden = Hidden { units: Some(units.to_vec()), activation: Some("tanh".into()) };
    let job = prepare::job(&run, Some(&hidden), 1).expect("a job");
    let outcome = session::train(&job, &mut |_: &Progress| ControlFlow::Continue(())).expect("a training");
    (run, job, outcome.model)
}

fn numbers(model: &Model) -> Vec<f64> {
    let Parameters::F64(numbers) = &model.parameters else { panic!("f64") };
    numbers.clone()
}

#[test]
fn the_file_grows_with_their_number() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let sizes: Vec<usize> = [2, 3, 4, 8].iter().map(|&count| numbers(&trained(folder.path(), count, &[6, 4, 5]).2).len()).collect();
    // Of each network 6 × 2 + 6, 4 × 6 + 4, 5 × 4 + 5 and what goes into the one output, and that output's bias once.
    assert_eq!(sizes, [2, 3, 4, 8].map(|count| count * (18 + 28 + 25 + 5) + 1));
}

/// The same network with the zeros written out is what older versions saved: it is read, and predicts the same.
#[test]
fn with_the_zeros_written_out_it_predicts_the_same() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (_, job, model) = trained(folder.path(), 3, &[6, 4, 5]);
    let bytes = to_bytes(&model).expect("a file");
    assert_eq!(from_bytes(&bytes).expect("a model"), model);
    let mut old = model.clone();
    let mut rest = numbers(&model).into_iter();
    let (mut all, mut inputs) = (Vec::new(), 2);
    for layer in &mut old.metadata.network.layers {
        let width = inputs / layer.groups;
        for unit in 0..layer.units {
            let mut row = vec![0.0; inputs];
            let first = unit / (layer.units / layer.groups) * width;
            row[first..first + width].iter_mut().for_each(|w| *w = rest.next().expect("a weight"));
            all.extend(row);
        }
        all.extend((0..layer.units).map(|_| rest.next().expect("a bias")));
        (inputs, layer.groups) = (layer.units, 1);
    }
    assert_eq!(rest.next(), None);
    old.parameters = Parameters::F64(all);
    let old_bytes = to_bytes(&old).expect("a file");
    assert!(old_bytes.len() > bytes.len() && !String::from_utf8_lossy(&old_bytes).contains("groups"));
    let old = from_bytes(&old_bytes).expect("a model");
    let [new, old] = [&model, &old].map(|model| Predictor::new(model, 1).outputs(job.train.rows, &job.train.x));
    assert!(new.iter().zip(&old).all(|(new, old)| (new - old).abs() <= 1e-12 * new.abs()), "{new:?} and {old:?}");
}

#[test]
fn every_gradient_is_checked_and_opened() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (_, job, model) = trained(folder.path(), 2, &[3, 4, 2]);
    let report = gradient_check::Subject::of_rows(&model, job.train.clone(), 1).check_all().expect("a check");
    assert!(report.passed() && report.parameters.iter().all(|one| one.verdict == Verdict::Agrees));
    let mut subject = Subject::new(model, job.train).expect("a subject");
    subject.keep(&[7]).expect("a row");
    // Unit 5 is one of the second network's, whose inputs begin behind the first one's three.
    let target = subject.find("layer2.weight[5,1]").expect("a weight");
    assert_eq!(subject.thing(target), Some(Thing::Weight { layer: 2, unit: 5, input: 4 }));
    let wording = subject.wording(notation::table()[0]);
    for target in (0..subject.parameters.len()).map(Target::Parameter) {
        let opened = subject.open(target, 64).expect("a gradient");
        assert!(opened.explanation.routes.agrees, "{}", opened.name);
        assert_eq!(subject.find(&opened.name).expect("a name"), target);
        // Through its own network alone: two units of layer 3 for a weight of layer 2, four and two for one of layer 1.
        let paths = match opened.name.split('.').next() {
            Some("layer1") => 8,
            Some("layer2") => 2,
            _ => 1,
        };
        assert_eq!(opened.explanation.total_paths.to_string(), paths.to_string(), "{}", opened.name);
        let picture = explain::picture(&opened, &wording);
        assert_eq!(picture.edges.len(), 2 * 6 + 2 * (3 * 4) + 2 * (4 * 2) + 4);
    }
    for layer in 1..=4 {
        let page = explain::layer(&subject, layer).expect("a page");
        assert!(page.agrees, "layer {layer}");
        assert_eq!(page.record["weight"][0].as_array().map(Vec::len), Some([2, 6, 8, 4][layer - 1]));
    }
    assert!(explain::step(&subject, &wording).expect("a page").agrees);
    let opened = subject.open(target, 4).expect("a gradient");
    assert!(explain::numpy(&opened, &wording).expect("a script").contains("np.einsum"));
}

#[test]
fn an_exercise_sheet_is_answered() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (_, job, model) = trained(folder.path(), 2, &[2, 3]);
    let mut subject = Subject::new(model, job.train).expect("a subject");
    subject.keep(&[3]).expect("a row");
    for parameters in [Vec::new(), vec!["layer1.weight[3,0]".to_string(), "layer2.weight[1,1]".into()]] {
        let options = Options { digits: 4, parameters, seed: 1, random: false };
        let sheet = worksheet(&mut subject, notation::table()[0], &options).expect("a sheet");
        assert!(sheet.questions.iter().flat_map(|question| &question.blanks).all(|blank| blank.answer.is_finite()));
    }
}

/// A training that goes on from an ensemble trains it as it stands, and a run file can ask for groups.
#[test]
fn groups_are_trained() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (mut run, _, model) = trained(folder.path(), 2, &[3, 4]);
    let path = folder.path().join("model.safetensors");
    backlit::model_file::save(&path, &model).expect("a file");
    (run.train.from, run.train.ensemble) = (Some(path), None);
    let job = prepare::job(&run, None, 1).expect("a job");
    assert_eq!((&job.initial, &job.shape.layers), (&numbers(&model), &model.metadata.network.layers));
    let outcome = session::train(&job, &mut |_: &Progress| ControlFlow::Continue(())).expect("a training");
    assert_eq!(outcome.model.metadata.network.layers[1].groups, 2);
    assert_ne!(numbers(&outcome.model), numbers(&model));

    let text = |groups: usize| {
        format!(
            "[data]\ninputs = [[1, 2, 3, 4], [2, 0, 1, 1]]\ntargets = [[1], [2]]\n[[network.layer]]\nunits = 6\nactivation = \"tanh\"\n\
             groups = {groups}\n[[network.layer]]\nunits = 1\n"
        )
    };
    let run = parse(&text(2), "run.toml").expect("a run");
    assert_eq!(parse(&run.to_toml().expect("a text"), "run.toml").expect("a run").network.layers, run.network.layers);
    let job = prepare::job(&run, None, 1).expect("a job");
    assert_eq!(job.initial.len(), 6 * 2 + 6 + 6 + 1);
    let error = parse(&text(4), "run.toml").expect_err("6 units in 4 groups");
    assert!(error.message.contains("expected groups that divide 4 inputs and 6 units, came 4"), "{error}");
}
