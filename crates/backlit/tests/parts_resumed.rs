//! Ensembles and cross-validations that are stopped at any step, again and again, and go on: they end as the unbroken ones, to the bit.

use backlit::checkpoint::{self, Checkpoints, Every};
use backlit::engine::train::End;
use backlit::folds::{CrossValidation, cross_validate};
use backlit::history::{History, Line, Plan};
use backlit::model_file::Parameters;
use backlit::prepare::{self, Hidden, Part};
use backlit::run_file::{Keep, RunFile};
use backlit::session::{self, Outcome, Progress};
use std::ops::ControlFlow;
use std::path::Path;

fn table() -> String {
    let row = |r: usize| {
        let (a, b) = ((r * 37 % 101) as f64 / 20.0, (r * 53 % 97) as f64 / 30.0 - 1.0);
        format!("{a:.2},{b:.3},{},{:.3}\n", if a + b + (r * 7 % 5) as f64 / 3.0 > 4.0 { "yes" } else { "no" }, 2.0 * a - b * b)
    };
    "a,b,late,price\n".to_string() + &(0..41).map(row).collect::<String>()
}

fn hidden() -> Hidden {
    Hidden { units: Some(vec![3]), activation: Some("leaky_relu".into()) }
}

/// What a run leaves, bit by bit.
fn left(outcome: &Outcome) -> (Vec<u64>, String, Vec<u64>, u64) {
    let parameters = match &outcome.model.parameters {
        Parameters::F32(numbers) => numbers.iter().map(|number| u64::from(number.to_bits())).collect(),
        Parameters::F64(numbers) => numbers.iter().map(|number| number.to_bits()).collect(),
    };
    let about = serde_json::to_string(&outcome.model.metadata).expect("JSON");
    (parameters, about, outcome.held.clone().numbers().expect("in memory").iter().map(|number| number.to_bits()).collect(), outcome.steps)
}

/// Without the times.
fn timeless(lines: &[Line]) -> Vec<Line> {
    lines.iter().map(|line| Line { seconds: 0.0, rows_per_second: 0.0, ..*line }).collect()
}

/// As `backlit train`: the lines go along. Stopped after so many steps.
fn train(
    run: &RunFile,
    threads: usize,
    directory: &Path,
    checkpoints: Option<&mut Checkpoints>,
    stop: Option<u64>,
) -> (Outcome, Vec<Line>) {
    // A run that goes on has its layers.
    let hidden = run.network.layers.is_empty().then(hidden);
    let mut job = prepare::job(run, hidden.as_ref(), threads).expect("a job");
    job.threads = threads;
    let members = job.members.as_ref().expect("several networks");
    let rows = |network: usize| job.train.rows - members.fold_of.iter().filter(|fold| **fold as usize == network).count();
    let step = |network: usize| checkpoints.as_ref().map_or(0, |checkpoints| checkpoints.step_of("network", network).0);
    let networks = (0..members.initial.len()).map(|network| (step(network), rows(network))).collect();
    let plan = Plan { networks, epochs: job.epochs, batch: job.batch, is_metric: false };
    let mut history = History::begin(directory, &plan).expect("a file");
    let mut steps = 0;
    let outcome = session::train_kept(&job, checkpoints, &mut |progress: &Progress| {
        history.observe(progress);
        steps += 1;
        if stop.is_some_and(|stop| steps >= stop) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let outcome = outcome.expect("a training");
    if !matches!(outcome.end, End::Stopped(_)) {
        history.end();
        history.put_in_order(directory);
    }
    (outcome, history.lines)
}

#[test]
fn ensembles() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, table()).expect("a table");
    let plain = |target: &str| {
        let mut run = prepare::run_on(&path);
        run.data.target = vec![target.into()];
        run.data.ignore = vec![if target == "late" { "price".into() } else { "late".into() }];
        (run.train.ensemble, run.train.epochs) = (Some(3), Some(3));
        run.train.batch = Some(backlit::run_file::Batch::Rows(10));
        run
    };
    let mut best = plain("late");
    (best.train.course.keep, best.train.calibrate) = (Some(Keep::Best), Some(true));
    let mut patient = plain("price");
    (patient.train.course.patience, patient.train.epochs, patient.train.learning_rate) = (Some(1), Some(400), Some(0.3));
    let mut searching = plain("price");
    (searching.train.optimizer, searching.train.batch) = (Some("lbfgs".into()), Some(backlit::run_file::Batch::Full));
    (searching.train.course.schedule, searching.train.epochs) = (Some("plateau(0.5,0)".into()), Some(9));
    // A row so far off that every network diverges but the one that keeps it aside.
    let far = folder.path().join("far.csv").display().to_string();
    std::fs::write(&far, table() + "1e15,1,no,1\n").expect("a table");
    let mut fallen = plain("price");
    (fallen.data.source, fallen.data.standardize) = (prepare::run_on(&far).data.source, false);
    (fallen.train.optimizer, fallen.train.learning_rate, fallen.train.epochs) = (Some("sgd".into()), Some(0.01), Some(8));
    for (name, run) in [("best", best), ("patient", patient), ("searching", searching), ("fallen", fallen)] {
        let whole = folder.path().join(format!("{name}-whole"));
        std::fs::create_dir(&whole).expect("a directory");
        let (unbroken, lines) = train(&run, 1, &whole, None, None);
        let total = unbroken.steps;
        assert!((20..1000).contains(&total), "{name}: {total} steps");
        assert_eq!(unbroken.fallen.len(), if name == "fallen" { 2 } else { 0 }, "{name}: {:?}", unbroken.fallen);
        assert!(lines.is_sorted_by_key(|line| (line.network, line.epoch)), "{name}");
        for one in &unbroken.fallen {
            // The next step finds a bad cost: an epoch whose last step, of three, led there has its line.
            let lines = lines.iter().filter(|line| line.network == Some(one.number + 1));
            assert_eq!(lines.count() as u64, one.divergence.step / 3, "{name}: {one:?}");
        }
        for (count, stop) in (1..=total + 1).step_by(total.div_ceil(30) as usize).enumerate() {
            let mut run = run.clone();
            run.train.checkpoint_every = [None, Some(Every::Steps(2)), Some(Every::Steps(5))][count % 3];
            let directory = folder.path().join(format!("{name}-{stop}"));
            std::fs::create_dir(&directory).expect("a directory");
            let job = prepare::job(&run, Some(&hidden()), 1).expect("a job");
            let mut checkpoints = Checkpoints::begin(&directory, &run, &job, true).expect("a run");
            let (mut outcome, mut lines) = train(&run, 1 + count % 4, &directory, Some(&mut checkpoints), Some(stop));
            for threads in [3, 1, 2, 4].into_iter().cycle().take(200) {
                if !matches!(outcome.end, End::Stopped(_)) {
                    break;
                }
                drop(checkpoints);
                let begun = checkpoint::open(&directory).expect("a run");
                let kept = begun.run.clone();
                checkpoints = begun.checkpoints().expect("checkpoints").0;
                (outcome, lines) = train(&kept, threads, &directory, Some(&mut checkpoints), (threads != 4).then_some(stop.max(7)));
            }
            assert_eq!(outcome.end, unbroken.end, "{name}, stopped after {stop}");
            assert_eq!(left(&outcome), left(&unbroken), "{name}, stopped after {stop}");
            assert_eq!(outcome.fallen, unbroken.fallen, "{name}, stopped after {stop}");
            assert_eq!(timeless(&lines), timeless(&backlit::history::read(&directory)));
            assert_eq!(timeless(&lines), timeless(&backlit::history::read(&whole)), "{name}, stopped after {stop}");
            checkpoints.finish().expect("an end");
            let files: Vec<_> = std::fs::read_dir(&directory).expect("files").flatten().map(|entry| entry.file_name()).collect();
            assert!(!files.iter().any(|file| file.to_string_lossy().starts_with("checkpoint")), "{files:?}");
        }
    }
}

#[test]
fn cross_validations() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("table.csv").display().to_string();
    std::fs::write(&path, table()).expect("a table");
    let mut run = prepare::run_on(&path);
    (run.data.target, run.data.ignore) = (vec!["late".into()], vec!["price".into()]);
    (run.train.folds, run.train.epochs, run.train.calibrate) = (Some(4), Some(3), Some(true));
    run.train.course.keep = Some(Keep::Best);
    run.train.batch = Some(backlit::run_file::Batch::Rows(10));
    run.train.checkpoint_every = Some(Every::Steps(2));
    let validate = |run: &RunFile, hidden: Option<&Hidden>, threads, checkpoints: Option<&Checkpoints>, stop: Option<u64>| {
        let read = prepare::read(run, hidden).expect("a table");
        let job = prepare::job_of(read.clone(), hidden, threads, Part::of(run)).expect("a job");
        let mut seen = vec![0; 8];
        let validated = cross_validate((&read, hidden), &job, 4, checkpoints, &mut |fold: usize, _: &Progress| {
            seen[fold] += 1;
            if stop.is_some_and(|stop| seen.iter().sum::<u64>() >= stop) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        (validated.expect("a cross-validation"), seen)
    };
    let bits = |validated: &CrossValidation| {
        let outputs: Vec<u64> = validated.outputs.clone().numbers().expect("outputs").iter().map(|number| number.to_bits()).collect();
        (outputs, validated.epochs, validated.threshold.to_bits(), validated.temperature.map(f64::to_bits), validated.fold_of.clone())
    };
    let (unbroken, seen) = validate(&run, Some(&hidden()), 1, None, None);
    let (unbroken, total) = (unbroken.expect("folds"), seen.iter().sum::<u64>());
    for stop in 1..=total {
        let directory = folder.path().join(stop.to_string());
        std::fs::create_dir(&directory).expect("a directory");
        let job = prepare::job(&run, Some(&hidden()), 1).expect("a job");
        let checkpoints = Checkpoints::begin(&directory, &run, &job, true).expect("a run");
        let (stopped, before) = validate(&run, Some(&hidden()), 1, Some(&checkpoints), Some(stop));
        assert!(stopped.is_none());
        let begun = checkpoint::open(&directory).expect("a run");
        let kept = begun.run.clone();
        let checkpoints = begun.checkpoints().expect("checkpoints").0;
        let (validated, after) = validate(&kept, None, 1 + stop as usize % 3, Some(&checkpoints), None);
        assert_eq!(bits(&validated.expect("folds")), bits(&unbroken), "stopped after {stop}");
        // No step is taken twice: on one thread all stop at once, and what ended is kept.
        assert_eq!(before.iter().zip(&after).map(|(before, after)| before + after).sum::<u64>(), total, "{before:?} and {after:?}");
    }
}
