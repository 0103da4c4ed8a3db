//! A table that is larger than the memory it may take gives what the same table in memory gives, to the bit.

mod support;

use serde_json::Value;
#[cfg(target_os = "linux")]
use std::process::Stdio;
use support::{Desk, Noise, Outcome, hash};

/// Sixteen numbers, a category, an age that is missing now and then, a date, a weight; a price, missing in some rows, two classes in
/// words and three.
fn table(rows: usize) -> String {
    let mut noise = Noise(9);
    let mut text = (0..16).map(|i| format!("x{i},")).collect::<String>() + "side,age,day,w,price,late,size\n";
    for r in 0..rows {
        let x: Vec<f64> = (0..16).map(|_| 6.0 * noise.next() - 3.0).collect();
        let side = (noise.next() * 4.0) as usize;
        let t = x[..5].iter().sum::<f64>() + side as f64 + noise.next();
        x.iter().for_each(|x| text += &format!("{x:.5},"));
        let age = if noise.next() < 0.1 { String::new() } else { format!("{:.1}", 40.0 + 20.0 * noise.next()) };
        let price = if r % 17 == 4 { String::new() } else { format!("{t:.4}") };
        let side = ["north", "east", "south", "west"][side];
        let late = if t > 1.5 { "yes" } else { "no" };
        let size = ["small", "medium", "large"][usize::from(t > -1.0) + usize::from(t > 3.0)];
        text += &format!("{side},{age},2024-{:02}-{:02},{:.3},{price},{late},{size}\n", r % 12 + 1, r % 28 + 1, 2.0 * noise.next());
    }
    text
}

const PRICE: &str = "--target price --ignore late,size";
const LATE: &str = "--target late --ignore price,size";
const SIZE: &str = "--target size --ignore price,late";

/// Two numbers, of which one is missing in some rows.
const BOTH: &str = "--target w,price --ignore late,size --task regression";

/// Name and text of each file.
type Files = Vec<(String, Vec<u8>)>;

/// What a run says, but for where it stands, the model it leaves, and its plots and predictions out of folds.
fn told(desk: &Desk, outcome: &Outcome, run: &str) -> (Value, Vec<u8>, Files) {
    let mut document = outcome.document();
    document["model"] = Value::Null;
    if let Some(folds) = document.get_mut("folds") {
        folds["predictions"] = Value::Null;
    }
    let plots = std::fs::read_dir(desk.path(&format!("{run}/plots"))).expect("plots").map(|plot| plot.expect("a plot").path());
    let mut plots: Files =
        plots.map(|plot| (plot.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&plot).expect("a plot"))).collect();
    plots.sort();
    plots.extend(std::fs::read(desk.path(&format!("{run}/oof.csv"))).ok().map(|predictions| ("oof.csv".to_string(), predictions)));
    assert!(plots.len() > 1, "{plots:?}");
    (document, desk.bytes(&format!("{run}/model.safetensors")), plots)
}

/// Runs it in memory and with so little memory that the numbers go to a file.
fn same(desk: &Desk, arguments: &str, memory: &str) {
    let line = format!("train table.csv {arguments} --json --out");
    let (held, stored) = (desk.fine(&format!("{line} held")), desk.fine(&format!("{line} stored --memory {memory}")));
    assert!(!held.err.contains("temporary file"), "{}", held.report());
    stored.complains(&["larger than the memory it may take", "temporary file"]);
    assert_eq!(told(desk, &stored, "stored"), told(desk, &held, "held"), "{arguments}");
}

#[test]
fn tasks_precisions_and_threads() {
    let desk = Desk::with(&[("table.csv", &table(400))]);
    for target in [PRICE, LATE, SIZE] {
        for (precision, threads) in [("f32", 1), ("f32", 3), ("f64", 2)] {
            same(&desk, &format!("{target} --epochs 2 --precision {precision} --threads {threads}"), "0");
        }
    }
    // Plain numbers are read once.
    let rest = "--ignore side,age,day,price,late,size --target w --epochs 2";
    let plain: String = table(300).lines().map(|line| line.split(',').take(16).collect::<Vec<_>>().join(",") + "\n").collect();
    same(&desk, rest, "30KB");
    desk.write("table.csv", plain);
    same(&desk, "--target x3 --epochs 2", "0");
}

#[test]
fn ways_to_train() {
    let desk = Desk::with(&[("table.csv", &table(400))]);
    for (target, rest) in [
        (PRICE, "--shuffle false"),
        (PRICE, "--batch full --threads 2"),
        (PRICE, "--batch 1 --hidden 4"),
        (PRICE, "--optimizer lbfgs"),
        (PRICE, "--weights w --l2 0.01 --dropout 0.2"),
        (PRICE, "--split grouped --group side"),
        (PRICE, "--split time --time day"),
        (PRICE, "--validation 0 --standardize false"),
        (PRICE, "--folds 3"),
        (PRICE, "--scaling robust"),
        (SIZE, "--scaling robust --ensemble 2"),
        (PRICE, "--hidden 2100,1100 --batch 150 --threads 2"),
        (LATE, "--patience 2 --schedule plateau(0.5,1)"),
        (LATE, "--split stratified --threshold f1 --class-weight balanced --label-smoothing 0.1"),
        (SIZE, "--folds 2 --calibrate true --class-weight balanced"),
        (SIZE, "--ensemble 2"),
        (LATE, "--folds 3 --calibrate true --threshold f1 --weights w --metric abs(a-y)"),
        (LATE, "--ensemble 3 --calibrate true --threshold balanced"),
        (PRICE, "--ensemble 4 --batch 16 --dropout 0.2 --threads 3"),
        (LATE, "--ensemble 3 --batch 50 --shuffle false --patience 1 --weights w"),
        (BOTH, "--folds 3 --patience 1"),
        (BOTH, "--split time --time day --standardize false"),
        (SIZE, "--calibrate true --label-smoothing 0.1 --class-weight balanced --split stratified --precision f64"),
        (SIZE, "--calibrate true --metric abs(a-y) --judge metric --patience 1 --threads 2"),
        (SIZE, "--validation 0 --weights w"),
    ] {
        same(&desk, &format!("{target} {rest} --epochs 2"), "0");
    }
    desk.fine(&format!("train table.csv {SIZE} --epochs 1 --out base"));
    same(&desk, "--from base --epochs 2", "60KB");
    let rates = |memory: &str| desk.json(&format!("train table.csv {PRICE} --find-rate {memory}"));
    assert_eq!(rates("--memory 0"), rates(""));
}

/// Networks of an ensemble that read from a file take turns: on any number of threads they are those trained in memory one by one.
#[test]
fn networks_that_take_turns() {
    let desk = Desk::with(&[("table.csv", &table(400))]);
    for rest in ["--ensemble 5 --batch 16 --patience 1 --epochs 6", "--ensemble 3 --batch full --optimizer lbfgs --epochs 3"] {
        let trained = |more: &str| hash(&desk.json(&format!("train table.csv {PRICE} {rest} {more} --out run")));
        let alone = trained("--threads 1");
        for more in ["--threads 3", "--threads 8 --memory 0", "--threads 1 --memory 0", "--threads 2 --memory 1KB"] {
            assert_eq!(trained(more), alone, "{rest} {more}");
        }
    }
}

/// Of many classes each row's place stands instead of one-hot targets, and what the network says of them in a file: blocks of 4096 rows.
#[test]
fn many_classes() {
    let mut noise = Noise(4);
    let mut text = String::from("x,y,class\n");
    for _ in 0..9000 {
        let (x, y) = (noise.next(), noise.next());
        text += &format!("{x:.4},{y:.4},c{}\n", ((x + 0.2 * noise.next()) * 9.99) as usize);
    }
    let desk = Desk::with(&[("table.csv", &text)]);
    for rest in ["--precision f64 --calibrate true", "--validation 0 --metric abs(a-y)"] {
        same(&desk, &format!("--target class --epochs 1 --batch 512 --hidden 4 {rest}"), "10KB");
    }
}

/// Several numbers and several labels, beyond a block of 4096 rows: neither what is right nor what is said stands in memory twice.
#[test]
fn several_targets() {
    let mut noise = Noise(5);
    let mut text = String::from("x,y,p,q,l,m\n");
    for _ in 0..9000 {
        let (x, y) = (noise.next(), noise.next());
        text += &format!("{x:.4},{y:.4},{:.4},{:.4},{},{}\n", x * y, x - y, u8::from(x > y), u8::from(x + y > 1.2));
    }
    let desk = Desk::with(&[("table.csv", &text)]);
    for rest in [
        "--target q,p --ignore l,m --metric abs(a-y) --patience 1",
        "--target p,q --ignore l,m --validation 0 --precision f64 --weights y",
        "--target l,m --ignore p,q --calibrate true --label-smoothing 0.1",
        "--target l --ignore m,p,q --label-smoothing 0.1 --validation 0",
        "--target p,q --ignore l,m --folds 3 --metric abs(a-y) --keep best",
        "--target p --ignore q,l,m --folds 2",
        "--target q,p --ignore l,m --ensemble 3 --metric abs(a-y) --threads 2",
        "--target l,m --ignore p,q --folds 2 --calibrate true --threads 2",
        "--target l,m --ignore p,q --ensemble 2 --calibrate true",
    ] {
        same(&desk, &format!("{rest} --recipe plain --epochs 1 --batch 512 --hidden 4"), "10KB");
    }
}

/// What a row of three targets takes beyond its own cells: its number, its place in an epoch, and what one measure at a time needs.
#[cfg(target_os = "linux")]
#[test]
fn memory_of_several_targets() {
    let table = |rows: usize| {
        let mut noise = Noise(6);
        let mut text = String::from("x,p,q,r\n");
        (0..rows).for_each(|_| text += &format!("{:.3},{:.3},{:.3},{:.3}\n", noise.next(), noise.next(), noise.next(), noise.next()));
        text
    };
    let desk = Desk::with(&[("small.csv", &table(20_000)), ("large.csv", &table(120_000))]);
    let peak = |file: &str, folds: &str| {
        let rest = "--recipe plain --hidden 1 --epochs 1 --batch 4096 --memory 10KB --threads 1 --out run";
        peak_of(&desk, &format!("train {file} --target p,q,r {rest}{folds}"))
    };
    for folds in ["", " --folds 3"] {
        let slope = (peak("large.csv", folds) - peak("small.csv", folds)) * 1024 / 100_000;
        assert!(slope < 40, "{slope} bytes a row{folds}");
    }
}

/// Quartiles take columns into memory: those of folds that are trained at the same time share what a table may take.
#[cfg(target_os = "linux")]
#[test]
fn folds_share_the_memory() {
    let mut noise = Noise(7);
    let mut text = (0..16).map(|i| format!("x{i},")).collect::<String>() + "w,y\n";
    (0..40_000)
        .for_each(|_| text += &((0..17).map(|_| format!("{:.3},", noise.next())).collect::<String>() + &format!("{:.3}\n", noise.next())));
    let desk = Desk::with(&[("table.csv", &text)]);
    let rest = "--target y --scaling robust --recipe plain --hidden 1 --epochs 1 --batch 1024 --folds 5 --memory 16MB --out run";
    // A quarter of it, 4 MB, is for quartiles, with five threads as with one; where each took as much it would be 16 MB more.
    let peak = |threads: usize| peak_of(&desk, &format!("train table.csv --ignore w {rest} --threads {threads}"));
    let (one, five) = (peak(1), peak(5));
    assert!(five < one + 9_000, "{one} KiB with one thread, {five} with five");
}

/// The largest memory of a run until it ends, in KiB, as the last look at it tells.
#[cfg(target_os = "linux")]
fn peak_of(desk: &Desk, line: &str) -> u64 {
    // What is freed goes back at once, so that the peak is of what is held.
    let mut command = desk.command(&line.split(' ').collect::<Vec<_>>());
    let child = command.env("MALLOC_MMAP_THRESHOLD_", "65536").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let (mut child, mut peak) = (child.expect("the program"), 0);
    while child.try_wait().expect("a process").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let number = status.lines().find(|line| line.starts_with("VmHWM:")).and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
        peak = number.unwrap_or(peak).max(peak);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().expect("an end").success());
    peak
}

/// The key of a run file, what it refuses, and errors that name all columns.
#[test]
fn the_bound_is_read_and_errors_are_the_same() {
    let desk = Desk::with(&[("table.csv", &table(60))]);
    let run = |memory: &str| format!("[data]\npath = \"table.csv\"\ntarget = \"late\"\n[train]\nepochs = 1\nmemory = {memory}\n");
    desk.write("run.toml", run("\"1KB\""));
    desk.fine("train --config run.toml --out a").complains(&["temporary file"]);
    desk.write("run.toml", run("\"much\""));
    let refused = desk.run("train --config run.toml --out b");
    refused.expect(2);
    refused.complains(&["run.toml", "train.memory", "expected bytes such as 512MB or 2GB, came much"]);
    let refused = desk.run("train table.csv --target late --memory 3stones");
    refused.expect(2);
    refused.complains(&["--memory: expected bytes"]);
    for wrong in [
        "--target nothing",
        "--target late --weights nothing",
        "--target late --split time --time nothing",
        "--target side --task regression",
        "--target x1,x0 --ignore price,late,size --loss poisson",
        "--target x1,late --ignore price,size --task labels",
        "--target late,size --ignore price",
        "--target x0,x1 --ignore price,late,size --folds 3 --loss binary_cross_entropy",
    ] {
        let line = format!("train table.csv {wrong} --json");
        let (held, stored) = (desk.run(&line), desk.run(&format!("{line} --memory 0")));
        assert_eq!((stored.code, &stored.out), (held.code, &held.out), "{wrong}");
        assert_ne!(held.code, 0, "{wrong}");
    }
}

/// Nothing is left where the file was, and a place that cannot hold it is one clear error.
#[cfg(unix)]
#[test]
fn the_file_leaves_nothing_behind() {
    let desk = Desk::with(&[("table.csv", &table(100))]);
    std::fs::create_dir(desk.path("room")).expect("a directory");
    let room = desk.path("room");
    let line = ["train", "table.csv", "--target", "late", "--epochs", "1", "--memory", "0", "--out", "a"];
    let outcome = Outcome::of(desk.command(&line).env("TMPDIR", &room));
    outcome.expect(0);
    outcome.complains(&[&room.display().to_string()]);
    assert_eq!(std::fs::read_dir(&room).expect("a directory").count(), 0);
    let before = desk.everything();
    let gone = desk.path("gone");
    let refused = Outcome::of(desk.command(&[&line[..8], &["--out", "b"]].concat()).env("TMPDIR", &gone));
    assert_ne!(refused.code, 0);
    refused.complains(&["cannot be put into a temporary file", "TMPDIR"]);
    assert_eq!(desk.everything(), before);
}
