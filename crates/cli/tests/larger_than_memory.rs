//! A table that is larger than the memory it may take gives what the same table in memory gives, to the bit.

mod support;

use serde_json::Value;
use support::{Desk, Noise, Outcome};

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

/// Name and text of each file.
type Files = Vec<(String, Vec<u8>)>;

/// What a run says, but for where it stands, the model it leaves, and its plots.
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
        (SIZE, "--folds 2"),
        (SIZE, "--ensemble 2"),
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
