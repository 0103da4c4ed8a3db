//! What is computed of a table in a temporary file is what is computed of the same table in memory.

use backlit::data::read_for;
use backlit::inspect::{What, inspect, inspect_within};
use backlit::job::{read_rows, rows_for};
use backlit::predictor::Predictor;
use backlit::prepare::{self, Part};
use backlit::recipe::Recipe;
use backlit::session;
use std::ops::ControlFlow;

/// Two numbers, one of them sometimes missing, a copy of the first, a category, a constant, words for a target that one number gives away;
/// the last rows are the first again.
fn table() -> String {
    let row = |r: usize| {
        let x = (r * 7919 % 1009) as f64 / 100.0 - 5.0;
        let gap = if r % 11 == 3 { String::new() } else { format!("{}", r * 31 % 97) };
        let side = ["north", "south", "west"][r * r % 3];
        format!("{x},{gap},{x},{side},1,2024-05-{:02},{}\n", r % 28 + 1, if x > 0.0 { "yes" } else { "no" })
    };
    "x,gap,copy,side,one,day,late\n".to_string() + &(0..900).chain(0..10).map(row).collect::<String>()
}

#[test]
fn inspections_and_evaluations() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, table()).expect("a table");
    let mut run = prepare::run_on(&path);
    run.data.target = vec!["late".into()];
    run.train.epochs = Some(2);
    run.train.recipe = Some(Recipe::Plain);

    let (held, stored) = (inspect(&path, &run.data).expect("a look"), inspect_within(&path, &run.data, 0).expect("a look"));
    assert_eq!(serde_json::to_value(&stored.columns).unwrap(), serde_json::to_value(&held.columns).unwrap());
    assert_eq!(stored.findings, held.findings);
    for what in [What::Duplicate, What::Constant, What::DuplicateRows] {
        assert!(held.findings.iter().any(|finding| finding.what == what), "{what:?}: {:?}", held.findings);
    }
    let again = held.findings.iter().find(|finding| finding.what == What::DuplicateRows).expect("rows that stand there already");
    assert!(again.message.starts_with("10 of 910 rows"), "{}", again.message);
    assert_eq!(stored.notes.len(), held.notes.len() + 1);

    let job = prepare::job(&run, None, 1).expect("a job");
    let model = session::train(&job, &mut |_| ControlFlow::Continue(())).expect("a model").model;
    let predictor = Predictor::new(&model, 2);
    let rows = rows_for(&model.metadata, &read_for(&path, &model.metadata, true, None).expect("a table").table, true).expect("rows");
    let want = predictor.outputs_and_cost(rows.rows, &rows.x, &rows.y);
    for memory in [0, 20_000, 1_000_000_000] {
        let (rows, _, notes) = read_rows(&model.metadata, &path, None, memory, 2).expect("rows");
        assert_eq!(rows.stored.is_some(), memory < 1_000_000_000);
        assert_eq!(notes.len(), usize::from(rows.stored.is_some()), "{notes:?}");
        assert_eq!(predictor.outputs_and_cost_of(&rows).expect("outputs"), want, "{memory}");
    }

    // All rows of a job whose inputs are in a file are those of the job in memory.
    run.train.memory = Some(0);
    let stored = prepare::job_of(prepare::read(&run, None).expect("a table"), None, 1, Part::of(&run)).expect("a job");
    assert!(stored.train.x.is_empty() && stored.train.stored.is_some());
    assert_eq!(stored.all_rows(), job.all_rows());
    assert_eq!((stored.encoder, stored.input_scaler), (job.encoder, job.input_scaler));
}

/// Several numbers, which are left in the file, and several labels, which become bits.
#[test]
fn several_targets() {
    let row = |r: usize| {
        let (x, y) = ((r * 7919 % 1009) as f64 / 1009.0, (r * 31 % 97) as f64 / 97.0);
        // Rows without a target are left out, and not in the file.
        let p = if r % 13 == 5 { String::new() } else { (x * y).to_string() };
        format!("{x},{y},{p},{},{},{}\n", x - y, u8::from(x > y), if x + y > 1.2 { "yes" } else { "no" })
    };
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, "x,y,p,q,l,m\n".to_string() + &(0..5000).map(row).collect::<String>()).expect("a table");
    for (targets, ignored) in [(["q", "p"], ["l", "m"]), (["m", "l"], ["p", "q"])] {
        let mut run = prepare::run_on(&path);
        (run.data.target, run.data.ignore) = (targets.map(String::from).to_vec(), ignored.map(String::from).to_vec());
        (run.train.epochs, run.train.recipe) = (Some(1), Some(Recipe::Plain));
        let job = prepare::job(&run, None, 1).expect("a job");
        let model = session::train(&job, &mut |_| ControlFlow::Continue(())).expect("a model").model;
        let predictor = Predictor::new(&model, 2);
        let held = read_rows(&model.metadata, &path, None, u64::MAX, 2).expect("rows").0;
        let stored = read_rows(&model.metadata, &path, None, 20_000, 2).expect("rows").0;
        assert!(held.stored.is_none() && stored.stored.is_some() && stored.y.is_empty());
        assert_eq!((&stored.numbers, stored.rows), (&held.numbers, held.rows));
        assert_eq!(stored.first(3000, 2, 2).expect("rows"), held.first(3000, 2, 2).expect("rows"));
        let want = predictor.outputs_and_cost_of(&held).expect("outputs");
        assert_eq!(predictor.outputs_and_cost_of(&stored).expect("outputs"), want, "{targets:?}");
    }
}
