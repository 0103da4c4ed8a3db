//! `metrics.jsonl`: what a training was, epoch by epoch.

mod support;

use serde_json::Value;
use std::process::Stdio;
use support::{Desk, close, number};

fn lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Without what tells the time.
fn timeless(text: &str) -> Vec<Value> {
    let mut lines = lines(text);
    for line in &mut lines {
        assert!(number(&line["seconds"]) > 0.0 && number(&line["rows_per_second"]) > 0.0, "{line}");
        line.as_object_mut().expect("an object").retain(|key, _| key != "seconds" && key != "rows_per_second");
    }
    lines
}

/// y = 2x, one weight from 0 with rate η over two batches: all by hand.
#[test]
fn a_training_by_hand() {
    let desk = Desk::with(&[(
        "run.toml",
        "[data]\ninputs = [[1], [2], [3]]\ntargets = [[2], [4], [6]]\nvalidation = 0\nstandardize = false\n\
         [network]\ntask = \"regression\"\nloss = \"squared_error\"\nprecision = \"f64\"\n\
         [[network.layer]]\nunits = 1\nactivation = \"linear\"\nbias = false\nweight = [[0]]\n\
         [train]\noptimizer = \"sgd\"\nlearning_rate = 0.01\nepochs = 3\nbatch = 2\nshuffle = false\nschedule = \"exponential(0.5)\"\n",
    )]);
    let told = desk.fine("train --config run.toml --out run");
    let text = desk.read("run/metrics.jsonl");
    let given = lines(&text);
    assert_eq!(given.len(), 3, "{}", told.report());
    let mut w = 0.0;
    for (epoch, line) in given.iter().enumerate() {
        let rate = 0.01 * 0.5f64.powi(epoch as i32);
        let mut sum = 0.0;
        for batch in [&[1.0, 2.0][..], &[3.0]] {
            let n = batch.len() as f64;
            sum += batch.iter().map(|x| (w * x - 2.0 * x) * (w * x - 2.0 * x)).sum::<f64>();
            w -= rate * batch.iter().map(|x| 2.0 * (w * x - 2.0 * x) * x).sum::<f64>() / n;
        }
        close("cost", number(&line["cost"]), sum / 3.0, 1e-12, 1.0);
        close("rate", number(&line["learning_rate"]), rate, 1e-12, 0.0);
        assert_eq!((line["epoch"].as_u64(), line["step"].as_u64()), (Some(epoch as u64 + 1), Some(2 * (epoch as u64 + 1))));
        assert!(line.get("validation_cost").is_none() && line.get("validation_metric").is_none());
    }
}

#[test]
fn rows_kept_aside_are_told_where_something_listens() {
    let desk = Desk::new();
    let document = desk.json("train houses --epochs 30 --patience 5 --out run");
    let given = lines(&desk.read("run/metrics.jsonl"));
    let costs: Vec<f64> = given.iter().map(|line| number(&line["validation_cost"])).collect();
    let least = (0..costs.len()).fold(0, |best, k| if costs[k] < costs[best] { k } else { best });
    assert_eq!(document["best"]["epoch"].as_u64(), Some(least as u64 + 1));
    assert_eq!(number(&document["best"]["cost"]), costs[least]);
    assert_eq!(document["epochs"].as_u64(), Some(given.len() as u64));
    let document = desk.json("train houses --epochs 30 --keep best --metric max:1-abs(a-y) --judge metric --out run");
    let given = lines(&desk.read("run/metrics.jsonl"));
    let largest = given.iter().map(|line| number(&line["validation_metric"])).fold(f64::MIN, f64::max);
    assert_eq!(number(&document["best"]["metric"]), largest);
    assert!(given.iter().all(|line| line.get("validation_cost").is_none()));
}

#[test]
fn very_many_epochs_have_a_thousand_lines() {
    let desk = Desk::with(&[("t.csv", "x,y\n1,2.5\n2,4\n3,6.5\n4,8\n")]);
    let epochs = |out: &str| -> Vec<u64> {
        lines(&desk.read(&format!("{out}/metrics.jsonl"))).iter().map(|line| line["epoch"].as_u64().expect("a count")).collect()
    };
    desk.fine("train t.csv --target y --hidden 2 --epochs 1000 --out all");
    assert_eq!(epochs("all"), (1..=1000).collect::<Vec<u64>>());
    desk.fine("train t.csv --target y --hidden 2 --epochs 2501 --out third");
    assert_eq!(epochs("third"), (1..=833).map(|k| 3 * k).chain([2501]).collect::<Vec<u64>>());
    // One that ends early has its last epoch's line too.
    let ended =
        desk.json("train t.csv --target y --hidden 2 --epochs 5000 --validation 0.25 --patience 2 --learning-rate 0.05 --out early");
    assert!(ended["stopped_early"].as_bool().expect("a truth"));
    assert_eq!(epochs("early").last().copied(), ended["epochs"].as_u64());
}

#[test]
fn events_go_to_stderr() {
    let desk = Desk::new();
    let told = desk.fine("train houses --epochs 4 --events --json --quiet --out run");
    told.document();
    assert_eq!(told.err, desk.read("run/metrics.jsonl"));
    let told = desk.fine("train houses --epochs 4 --json --quiet --out run");
    assert_eq!(told.err, "");
}

/// Ended without a word in the middle of an epoch or at any other place, and resumed.
#[cfg(unix)]
#[test]
fn a_resumed_run_has_the_lines_of_the_unbroken_one() {
    let desk = Desk::new();
    for line in [
        "train houses --epochs 40 --hidden 16,8 --patience 60 --schedule plateau(0.5,1)",
        "train houses --epochs 40 --hidden 16,8 --batch 50",
        "train houses --epochs 2100 --hidden 2 --batch full",
    ] {
        desk.fine(&format!("{line} --out whole"));
        let _ = std::fs::remove_dir_all(desk.path("broken"));
        let words = format!("{line} --checkpoint-every 7 --out broken");
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut child = desk.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program");
        for _ in 0..20_000 {
            let some =
                std::fs::read(desk.path("broken/metrics.jsonl")).is_ok_and(|bytes| bytes.iter().filter(|b| **b == b'\n').count() > 3);
            if some || child.try_wait().expect("a process").is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        child.kill().expect("a signal");
        child.wait().expect("an end");
        // As if the last line had not been whole.
        let mut text = desk.read("broken/metrics.jsonl");
        text.push_str("{\"epoch\":3");
        desk.write("broken/metrics.jsonl", text);
        let told = desk.fine("train --resume broken");
        let (broken, whole) = (desk.read("broken/metrics.jsonl"), desk.read("whole/metrics.jsonl"));
        assert_eq!(timeless(&broken), timeless(&whole), "{}", told.report());
        let seconds: Vec<f64> = lines(&broken).iter().map(|line| number(&line["seconds"])).collect();
        assert!(seconds.is_sorted(), "{seconds:?}");
    }
}
