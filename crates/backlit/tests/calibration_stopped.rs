//! A training that is stopped while its temperature is chosen is an interrupted one: what is saved is not calibrated, and it goes on to the
//! end of the unbroken one, to the bit.

use backlit::checkpoint::{self, Checkpoints};
use backlit::engine::train::End;
use backlit::folds::cross_validate;
use backlit::job::Job;
use backlit::model_file::Parameters;
use backlit::prepare::{self, Hidden, Part};
use backlit::recipe::Recipe;
use backlit::run_file::{Batch, RunFile};
use backlit::session::{self, Outcome, Progress};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

/// So many that half the rows times the classes are more than are calibrated without a look at the flag.
const ROWS: usize = 3_600;
const CLASSES: usize = 150;

fn table() -> String {
    let row = |r: usize| {
        let class = r * 37 % CLASSES;
        format!("{:.3},{:.3},c{class}\n", class as f64 / 50.0 + (r * 53 % 97) as f64 / 200.0, (r * 7 % 11) as f64 / 10.0)
    };
    "a,b,kind\n".to_string() + &(0..ROWS).map(row).collect::<String>()
}

fn hidden() -> Hidden {
    Hidden { units: Some(vec![4]), activation: Some("relu".into()) }
}

fn bits(outcome: &Outcome) -> (Vec<u32>, Option<u64>) {
    let Parameters::F32(numbers) = &outcome.model.parameters else { panic!("f32") };
    (numbers.iter().map(|number| number.to_bits()).collect(), outcome.model.metadata.training.temperature.map(f64::to_bits))
}

/// With the flag set behind the last step where `stops`; which of a search is the last is not known before.
fn train(job: &Job, checkpoints: Option<&mut Checkpoints>, stops: bool) -> Outcome {
    job.stop.store(false, Ordering::Relaxed);
    let ended = session::train_kept(job, checkpoints, &mut |progress: &Progress| {
        job.stop.store(stops && (progress.ends || job.optimizer == "lbfgs"), Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    ended.expect("a training")
}

fn run(path: &str) -> RunFile {
    let mut run = prepare::run_on(path);
    run.data.target = vec!["kind".into()];
    run.train.recipe = Some(Recipe::Plain);
    (run.train.epochs, run.train.calibrate, run.train.batch) = (Some(1), Some(true), Some(Batch::Rows(200)));
    run
}

#[test]
fn it_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, table()).expect("a table");
    let mut alone = run(&path);
    alone.keep_aside(0.5);
    let mut several = run(&path);
    several.train.ensemble = Some(2);
    // A search that comes to where no step changes anything.
    let flat = folder.path().join("flat.csv").display().to_string();
    std::fs::write(&flat, "a,b,kind\n".to_string() + &(0..ROWS).map(|r| format!("1,2,c{}\n", r % CLASSES)).collect::<String>())
        .expect("a table");
    let mut stalled = run(&flat);
    stalled.keep_aside(0.5);
    (stalled.train.batch, stalled.train.epochs, stalled.train.optimizer) = (None, Some(1000), Some("lbfgs".into()));
    for (name, run) in [("alone", alone), ("several", several), ("stalled", stalled)] {
        let directory = folder.path().join(name);
        std::fs::create_dir(&directory).expect("a directory");
        let job = prepare::job(&run, Some(&hidden()), 1).expect("a job");
        let unbroken = train(&job, None, false);
        let end = if name == "stalled" { End::Stalled(unbroken.steps) } else { End::Finished };
        assert_eq!(unbroken.end, end);
        assert!(unbroken.model.metadata.training.temperature.is_some());
        let mut checkpoints = Checkpoints::begin(&directory, &run, &job, true).expect("a run");
        let stopped = train(&job, Some(&mut checkpoints), true);
        assert_eq!((&stopped.end, stopped.model.metadata.training.temperature), (&End::Stopped(unbroken.steps), None), "{name}");
        assert_ne!(bits(&stopped), bits(&unbroken));
        drop(checkpoints);
        let begun = checkpoint::open(&directory).expect("a run");
        let job = prepare::job(&begun.run, None, 2).expect("a job");
        let mut checkpoints = begun.checkpoints().expect("checkpoints").0;
        let outcome = train(&job, Some(&mut checkpoints), false);
        assert_eq!((&outcome.end, bits(&outcome)), (&end, bits(&unbroken)), "{name}");
    }
}

#[test]
fn a_cross_validation_stops_there_too() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, table()).expect("a table");
    let mut run = run(&path);
    run.train.folds = Some(2);
    let read = prepare::read(&run, Some(&hidden())).expect("a table");
    let job = prepare::job_of(read.clone(), Some(&hidden()), 1, Part::of(&run)).expect("a job");
    let validated = |stops: bool| {
        job.stop.store(stops, Ordering::Relaxed);
        cross_validate((&read, Some(&hidden())), &job, 2, None, &mut |_, _: &Progress| ControlFlow::Continue(())).expect("no error")
    };
    assert!(validated(true).is_none());
    assert!(validated(false).is_some_and(|whole| whole.temperature.is_some()));
}
