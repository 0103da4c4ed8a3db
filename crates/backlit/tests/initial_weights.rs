//! `unit_variance`: what units begin with, computed once more by plain loops.

use backlit::job::Job;
use backlit::prepare::{self, Hidden, Part};
use backlit::recipe::Recipe;
use backlit::run_file::RunFile;
use std::path::Path;

/// Numbers of very different sizes, a column that stands still, and a target.
fn table(rows: usize) -> String {
    let row = |r: usize| {
        let (a, b) = ((r * 37 % 101) as f64 * 900.0, (r * 53 % 97) as f64 / 3e4);
        format!("{a},{b:.6},7,{:.3}\n", 2.0 * a - b * b + r as f64)
    };
    "a,b,still,price\n".to_string() + &(0..rows).map(row).collect::<String>()
}

fn run(folder: &Path, rows: usize) -> RunFile {
    let path = folder.join(format!("table{rows}.csv"));
    std::fs::write(&path, table(rows)).expect("a table");
    let mut run = prepare::run_on(&path.display().to_string());
    run.data.target = vec!["price".into()];
    run.train.recipe = Some(Recipe::Plain);
    run.network.initializer = Some("unit_variance".into());
    run
}

const UNITS: [usize; 2] = [6, 4];

fn job(run: &RunFile) -> Job {
    prepare::job(run, Some(&Hidden { units: Some(UNITS.to_vec()), activation: Some("tanh".into()) }), 1).expect("a job")
}

/// The deviation over rows of each unit's sum, layer after layer. `x`: rows × inputs, as the network sees them
fn deviations(parameters: &[f64], x: &[f64], rows: usize) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = x.chunks(x.len() / rows).map(<[f64]>::to_vec).collect();
    let (mut from, mut all) = (0, Vec::new());
    for units in UNITS.into_iter().chain([1]) {
        let width = values[0].len();
        let (weights, biases) = parameters[from..from + units * (width + 1)].split_at(units * width);
        from += units * (width + 1);
        let sum = |row: &[f64], u: usize| (0..width).map(|i| row[i] * weights[u * width + i]).sum::<f64>() + biases[u];
        let sums: Vec<Vec<f64>> = values.iter().map(|row| (0..units).map(|u| sum(row, u)).collect()).collect();
        for u in 0..units {
            let mean = sums.iter().map(|row| row[u]).sum::<f64>() / rows as f64;
            all.push((sums.iter().map(|row| (row[u] - mean).powi(2)).sum::<f64>() / rows as f64).sqrt());
        }
        values = sums.into_iter().map(|row| row.into_iter().map(f64::tanh).collect()).collect();
    }
    all
}

fn seen(job: &Job) -> Vec<f64> {
    let mut x = job.train.x.clone();
    job.input_scaler.as_ref().expect("a scaler").apply(&mut x);
    x
}

#[test]
fn each_sum_varies_by_one() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut run = run(folder.path(), 300);
    let one = job(&run);
    for (place, deviation) in deviations(&one.initial, &seen(&one), one.train.rows).into_iter().enumerate() {
        assert!((deviation - 1.0).abs() < 1e-12, "unit {place}: {deviation}");
    }
    // So does each of several networks side by side, by the same rows.
    (run.train.ensemble, run.data.validation) = (Some(3), 0.2);
    let several = job(&run);
    let members = several.members.as_ref().expect("networks");
    assert_eq!(members.initial.len(), 3);
    for initial in &members.initial {
        let all = deviations(initial, &seen(&several), several.train.rows);
        assert!(all.iter().all(|deviation| (deviation - 1.0).abs() < 1e-12), "{all:?}");
    }
}

/// Another deviation is asked for.
#[test]
fn or_by_what_is_said() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut run = run(folder.path(), 300);
    run.network.initializer = Some("unit_variance(0.7)".into());
    let job = job(&run);
    let all = deviations(&job.initial, &seen(&job), job.train.rows);
    assert!(all.iter().all(|deviation| (deviation - 0.7).abs() < 1e-12), "{all:?}");
}

/// Of many rows some are looked at; where the table is makes no difference.
#[test]
fn many_rows_in_memory_or_not() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut run = run(folder.path(), 3000);
    let in_memory = job(&run);
    let all = deviations(&in_memory.initial, &seen(&in_memory), in_memory.train.rows);
    assert!(all.iter().all(|deviation| (deviation - 1.0).abs() < 0.1), "{all:?}");
    run.train.memory = Some(0);
    let hidden = Hidden { units: Some(UNITS.to_vec()), activation: Some("tanh".into()) };
    let stored = prepare::job_of(prepare::read(&run, None).expect("a table"), Some(&hidden), 1, Part::of(&run)).expect("a job");
    assert!(stored.train.stored.is_some());
    assert_eq!(stored.initial, in_memory.initial);
}

/// Without a sum that varies there is nothing to divide by: the weights stay as they were drawn.
#[test]
fn what_stands_still_keeps_its_weights() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut run = run(folder.path(), 40);
    run.data.ignore = vec!["a".into(), "b".into()];
    let by_rows = job(&run);
    run.network.initializer = Some("lecun_normal".into());
    assert_eq!(by_rows.initial, job(&run).initial);
}

#[test]
fn weights_beyond_the_precision_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut run = run(folder.path(), 40);
    run.network.precision = backlit::model_file::Precision::F32;
    for (deviation, is_fine) in [("1e30", true), ("1e39", false)] {
        run.network.initializer = Some(format!("unit_variance({deviation})"));
        let hidden = Hidden { units: Some(UNITS.to_vec()), activation: Some("tanh".into()) };
        let refused = prepare::job(&run, Some(&hidden), 1).err();
        assert_eq!(refused.as_ref().is_none(), is_fine, "{refused:?}");
        assert!(refused.is_none_or(|error| error.message.contains("not finite in f32")));
    }
}
