//! Runs that are ended from outside, at any point, and go on: they end as the unbroken ones, to the bit.

mod support;

use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Desk, Outcome};

const CHECKPOINT: &str = "checkpoint.safetensors";
const PREVIOUS: &str = "checkpoint.previous.safetensors";

/// Two columns of numbers, a category, a date, two classes in words, a weight.
fn table(rows: usize) -> String {
    let line = |r: usize| {
        let (a, b) = ((r * 37 % 101) as f64 / 20.0, (r * 53 % 97) as f64 / 30.0 - 1.0);
        let late = if a + b > 3.0 { "yes" } else { "no" };
        let price = 2.0 * a - b * b + (r * 7 % 5) as f64;
        format!("{a:.2},{b:.3},{},2024-{:02}-{:02},{price:.3},{late},{}\n", ["n", "e", "s"][r % 3], r % 12 + 1, r % 28 + 1, 1 + r % 4)
    };
    "a,b,side,day,price,late,w\n".to_string() + &(0..rows).map(line).collect::<String>()
}

/// A training begun in the background, with steps in plenty.
fn begun(desk: &Desk, line: &str) -> Child {
    let words: Vec<&str> = line.split_whitespace().collect();
    desk.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program")
}

/// Waits for a file, or for the program's end.
fn wait_for(desk: &Desk, child: &mut Child, name: &str) {
    for _ in 0..20_000 {
        if desk.path(name).exists() || child.try_wait().expect("a process").is_some() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("{name} never came");
}

/// Ends it without a word.
fn killed(mut child: Child) {
    child.kill().expect("a signal");
    child.wait().expect("an end");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

/// A document without what tells the run's place and its threads.
fn plain(mut document: Value) -> Value {
    (document["model"], document["threads"]) = (Value::Null, Value::Null);
    if let Some(folds) = document.get_mut("folds") {
        folds["predictions"] = Value::Null;
    }
    document
}

/// The run in `broken` ended as the one in `whole`, whose document is given.
fn ended_alike(desk: &Desk, document: Value, whole: &str, told: &Outcome, broken: &str) {
    assert_eq!(plain(told.document()), plain(document), "{}", told.report());
    let bytes = |run: &str| desk.bytes(&format!("{run}/model.safetensors"));
    assert_eq!(bytes(broken), bytes(whole), "the model files of {}", told.line);
    let summary: Value = serde_json::from_str(&desk.read(&format!("{broken}/summary.json"))).expect("JSON");
    assert_eq!(summary, told.document());
    assert!(!names(desk, broken).iter().any(|name| name.starts_with("checkpoint")), "{:?}", names(desk, broken));
    for name in ["report.html", "plots"] {
        let files = if name == "plots" { names(desk, &format!("{whole}/plots")) } else { vec![String::new()] };
        for file in files {
            let text = |run: &str| desk.bytes(format!("{run}/{name}/{file}").trim_end_matches('/'));
            assert!(text(broken) == text(whole), "{name}/{file} of {}", told.line);
        }
    }
    assert_eq!(lines(desk, broken), lines(desk, whole), "the metrics of {}", told.line);
}

/// The files of a directory.
fn names(desk: &Desk, directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(desk.path(directory)).expect("a directory");
    let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What `metrics.jsonl` holds, without the times.
fn lines(desk: &Desk, run: &str) -> Vec<Value> {
    let text = desk.read(&format!("{run}/metrics.jsonl"));
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        (line["seconds"], line["rows_per_second"]) = (Value::Null, Value::Null);
        line
    };
    text.lines().map(line).collect()
}

/// Copies the files of a run directory.
fn copied(desk: &Desk, from: &str, to: &str) {
    let _ = std::fs::remove_dir_all(desk.path(to));
    std::fs::create_dir(desk.path(to)).expect("a directory");
    for entry in std::fs::read_dir(desk.path(from)).expect("a directory") {
        let entry = entry.expect("an entry");
        if entry.path().is_file() {
            std::fs::copy(entry.path(), desk.path(to).join(entry.file_name())).expect("a copy");
        }
    }
}

/// Ended without a word as soon as there is this checkpoint, and once more after it went on.
#[cfg(unix)]
fn killed_and_resumed(desk: &Desk, line: &str, checkpoint: &str) {
    let _ = std::fs::remove_dir_all(desk.path("broken"));
    let mut child = begun(desk, &format!("{line} --checkpoint-every 3 --threads 2 --out broken"));
    wait_for(desk, &mut child, &format!("broken/{checkpoint}"));
    killed(child);
    let child = begun(desk, "train --resume broken --threads 3");
    std::thread::sleep(Duration::from_millis(60));
    killed(child);
}

#[cfg(unix)]
#[test]
fn a_killed_run_ends_as_the_unbroken_one() {
    let desk = Desk::with(&[("table.csv", &table(200))]);
    desk.write(
        "run.toml",
        "[data]\ninputs = [[0, 1], [1, 0], [1, 1]]\ntargets = [[1], [1], [0]]\n[train]\nseed = 3\nshuffle = true\nbatch = 2\n",
    );
    desk.fine("train table.csv --target price --ignore late --epochs 2 --out base");
    for line in [
        "train houses --epochs 60 --hidden 16,8",
        "train table.csv --target price --ignore late --epochs 60 --precision f64 --weights w --l2 0.01 --seed 5",
        "train table.csv --target late --ignore price --epochs 60 --dropout 0.2 --schedule plateau(0.5,1) --patience 30 --threshold f1",
        "train table.csv --target price --ignore late --epochs 60 --norm batch --split time --time day --keep best --metric abs(a-y)",
        "train table.csv --target price --ignore late --epochs 400 --optimizer lbfgs --hidden 8",
        "train table.csv --target price --ignore late --epochs 60 --memory 0",
        "train table.csv --from base --epochs 60 --optimizer sgd --option momentum=0.9",
        "train --config run.toml --epochs 300 --hidden 4 --activation tanh",
        "train table.csv --target late --ignore price --folds 2 --epochs 30 --patience 5",
    ] {
        let unbroken = desk.json(&format!("{line} --out whole --threads 1"));
        killed_and_resumed(&desk, line, PREVIOUS);
        ended_alike(&desk, unbroken, "whole", &desk.fine("train --resume broken --json"), "broken");
    }
}

/// Ensembles, the tuned recipe's too, and cross-validations: in their first part, in a later one, in the last.
#[cfg(unix)]
#[test]
fn a_killed_run_of_several_parts_ends_as_the_unbroken_one() {
    let desk = Desk::with(&[("table.csv", &table(200))]);
    for (line, checkpoints) in [
        (
            "train table.csv --target late --ignore price --recipe tuned --hidden 8,8 --epochs 24",
            &["network-1", "network-3", "network-8"][..],
        ),
        ("train table.csv --target price --ignore late --ensemble 3 --epochs 400 --patience 5 --tensorboard", &["network-2", "network-3"]),
        ("train table.csv --target late --ignore price --ensemble 4 --calibrate true --epochs 20 --memory 0", &["network-3"]),
        ("train table.csv --target late --ignore price --folds 4 --epochs 30 --patience 5", &["fold-1", "fold-4"]),
        (
            "train table.csv --target late --ignore price --recipe tuned --hidden 8 --folds 3 --epochs 60 --learning-rate 0.1",
            &["fold-3", "refit-2"],
        ),
        // Networks that diverge do so again.
        ("train houses --hidden 6 --optimizer sgd --learning-rate 0.5 --epochs 60 --ensemble 4 --png", &["network-1", "network-4"]),
    ] {
        let unbroken = desk.json(&format!("{line} --out whole --threads 1"));
        for part in checkpoints {
            killed_and_resumed(&desk, line, &format!("checkpoint.{part}.previous.safetensors"));
            let told = desk.fine("train --resume broken --json");
            ended_alike(&desk, unbroken.clone(), "whole", &told, "broken");
            if line.contains("--tensorboard") {
                for network in 1..=3 {
                    let file = format!("tensorboard/network-{network}/events.out.tfevents.0.backlit");
                    assert!(desk.bytes(&format!("broken/{file}")) == desk.bytes(&format!("whole/{file}")), "{file}");
                }
            }
        }
    }
}

/// Networks that ended are not trained again.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_ensemble_says_how_to_go_on() {
    let desk = Desk::new();
    let line = "train houses --hidden 8 --epochs 500 --ensemble 3";
    let unbroken = desk.json(&format!("{line} --out whole"));
    for (threads, json) in [(1, true), (3, false)] {
        let flags = if json { "--json" } else { "--events --print-hash" };
        let mut child = begun(&desk, &format!("{line} --out broken --checkpoint-every 40 --threads {threads} {flags}"));
        wait_for(&desk, &mut child, "broken/checkpoint.network-2.previous.safetensors");
        signal(&child, "INT");
        let told = Outcome::from_output(line.into(), &child.wait_with_output().expect("an end"));
        told.expect(130);
        if json {
            let document = told.document();
            assert_eq!((&document["interrupted"], &document["checkpoint"]), (&json!(true), &json!("broken")));
            assert!(document["steps"].as_u64() < unbroken["steps"].as_u64(), "it was not in time");
        } else {
            told.says(&["interrupted", "to go on: backlit train --resume broken --events --print-hash"]);
        }
        let resumed = desk.fine("train --resume broken --json --threads 2");
        resumed.complains(&["the training goes on: ", if json { "1 network finished, 1 begun" } else { "0 networks finished, 3 begun" }]);
        ended_alike(&desk, unbroken.clone(), "whole", &resumed, "broken");
        std::fs::remove_dir_all(desk.path("broken")).expect("a directory");
    }
    // A cross-validation too.
    let line = "train houses --hidden 8 --epochs 500 --folds 3";
    let unbroken = desk.json(&format!("{line} --out whole"));
    let mut child = begun(&desk, &format!("{line} --out broken --threads 1 --checkpoint-every 40"));
    wait_for(&desk, &mut child, "broken/checkpoint.fold-2.previous.safetensors");
    signal(&child, "INT");
    let told = Outcome::from_output(line.into(), &child.wait_with_output().expect("an end"));
    told.expect(130);
    told.says(&["interrupted in the cross-validation; its folds are kept", "to go on: backlit train --resume broken"]);
    let resumed = desk.fine("train --resume broken --json");
    resumed.complains(&["1 fold finished, 1 begun"]);
    ended_alike(&desk, unbroken, "whole", &resumed, "broken");
}

#[cfg(unix)]
#[test]
fn a_damaged_network_is_refused_and_the_checkpoint_before_it_used() {
    let desk = Desk::with(&[("table.csv", &table(100))]);
    let line = "train table.csv --target price --ignore late --epochs 100 --hidden 6 --ensemble 3";
    let unbroken = desk.json(&format!("{line} --out whole"));
    let mut child = begun(&desk, &format!("{line} --out stopped --threads 1 --checkpoint-every 7"));
    wait_for(&desk, &mut child, "stopped/checkpoint.network-2.previous.safetensors");
    killed(child);
    let [last, previous] = ["", ".previous"].map(|end| format!("run/checkpoint.network-1{end}.safetensors"));
    copied(&desk, "stopped", "run");
    let bytes = desk.bytes(&last);
    for place in (0..bytes.len()).step_by(bytes.len() / 5) {
        copied(&desk, "stopped", "run");
        let mut wrong = bytes.clone();
        wrong[place] ^= 4;
        desk.write(&last, &wrong);
        let told = desk.fine("train --resume run --json");
        told.complains(&["checkpoint.network-1.safetensors", "the training goes on with the checkpoint before it, after step"]);
        ended_alike(&desk, unbroken.clone(), "whole", &told, "run");
        copied(&desk, "stopped", "run");
        desk.write(&last, &wrong);
        desk.write(&previous, &wrong[..place]);
        let told = desk.run("train --resume run --json");
        told.expect(3);
        assert_eq!(told.document()["error"]["file"], json!(last), "{}", told.report());
    }
    // One network's checkpoint is none of another's.
    copied(&desk, "stopped", "run");
    for end in ["", ".previous"] {
        desk.write(
            &format!("run/checkpoint.network-2{end}.safetensors"),
            desk.bytes(&format!("run/checkpoint.network-1{end}.safetensors")),
        );
    }
    let told = desk.fine("train --resume run --json");
    told.complains(&["1 network finished, 0 begun"]);
    ended_alike(&desk, unbroken, "whole", &told, "run");
}

/// A run may begin with the model that stands where its own will stand.
#[cfg(target_os = "linux")]
#[test]
fn from_its_own_directory() {
    let desk = Desk::new();
    desk.fine("train houses --hidden 8 --epochs 3 --out base");
    desk.fine("train houses --hidden 8 --epochs 3 --out broken");
    let unbroken = desk.json("train houses --from base --epochs 3000 --out whole");
    let mut child = begun(&desk, "train houses --from broken --epochs 3000 --out broken --checkpoint-every 40");
    wait_for(&desk, &mut child, &format!("broken/{PREVIOUS}"));
    signal(&child, "INT");
    let told = Outcome::from_output("--from broken --out broken".into(), &child.wait_with_output().expect("an end"));
    told.expect(130);
    ended_alike(&desk, unbroken, "whole", &desk.fine("train --resume broken --json"), "broken");
}

#[cfg(unix)]
#[test]
fn what_is_printed_is_what_the_unbroken_run_prints() {
    let desk = Desk::with(&[("table.csv", &table(120))]);
    let line = "train table.csv --target late --ignore price --epochs 40";
    let unbroken = desk.fine(&format!("{line} --out run --print-hash"));
    std::fs::remove_dir_all(desk.path("run")).expect("a directory");
    let mut child = begun(&desk, &format!("{line} --out run --checkpoint-every 4"));
    wait_for(&desk, &mut child, &format!("run/{PREVIOUS}"));
    killed(child);
    let resumed = desk.fine("train --resume run --print-hash");
    assert_eq!(resumed.out, unbroken.out);
    resumed.complains(&["goes on after step"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let desk = Desk::new();
    let line = "train houses --hidden 8 --epochs 3000";
    let unbroken = desk.json(&format!("{line} --out whole"));
    for (name, json) in [("INT", true), ("TERM", false)] {
        let mut child = begun(&desk, &format!("{line} --out broken --checkpoint-every 40 {}", if json { "--json" } else { "" }));
        wait_for(&desk, &mut child, &format!("broken/{PREVIOUS}"));
        signal(&child, name);
        let told = Outcome::from_output(line.into(), &child.wait_with_output().expect("an end"));
        told.expect(130);
        if json {
            let document = told.document();
            assert_eq!((&document["interrupted"], &document["checkpoint"]), (&json!(true), &json!(format!("broken/{CHECKPOINT}"))));
            assert!(document["steps"].as_u64() < unbroken["steps"].as_u64(), "it was not in time");
        } else {
            told.says(&["interrupted", "to go on: backlit train --resume broken"]);
        }
        ended_alike(&desk, unbroken.clone(), "whole", &desk.fine("train --resume broken --json --threads 2"), "broken");
        std::fs::remove_dir_all(desk.path("broken")).expect("a directory");
    }
}

#[test]
fn before_the_first_checkpoint_it_starts_from_the_beginning() {
    let desk = Desk::new();
    let line = "train houses --hidden 8 --epochs 4";
    let unbroken = desk.json(&format!("{line} --out whole"));
    desk.fine(&format!("{line} --out broken"));
    let pins = desk.read("broken/run.json").replace("\"finished\": true", "\"finished\": false");
    desk.write("broken/run.json", pins);
    let told = desk.fine("train --resume broken --json");
    told.complains(&["no checkpoint yet"]);
    ended_alike(&desk, unbroken, "whole", &told, "broken");
}

#[test]
fn a_finished_run_says_so() {
    let desk = Desk::new();
    let document = desk.json("train houses --epochs 3 --out run --checkpoint-every 5");
    let told = desk.fine("train --resume run --json");
    assert_eq!(told.document(), document);
    told.complains(&["this run is finished, after 3 epochs (39 steps)"]);
    // Killed while it took its checkpoints away.
    let left = ["checkpoint.safetensors", "checkpoint.network-2.previous.safetensors"];
    left.iter().for_each(|name| desk.write(&format!("run/{name}"), "left"));
    let told = desk.fine("train --resume run --print-hash --quiet");
    assert_eq!(names(&desk, "run").iter().filter(|name| name.starts_with("checkpoint")).count(), 0);
    assert_eq!(told.out.trim(), document["weights_sha256"].as_str().expect("a hash"));
    // The run file that is left is one like any other.
    let again = desk.json("train --config run/run.toml --out again");
    assert_eq!(again["weights_sha256"], document["weights_sha256"]);
}

#[cfg(unix)]
#[test]
fn a_second_trainer_is_refused_and_a_dead_one_blocks_nobody() {
    let desk = Desk::new();
    let mut child = begun(&desk, "train houses --epochs 1000000000 --out run --checkpoint-every 100");
    wait_for(&desk, &mut child, &format!("run/{CHECKPOINT}"));
    for line in ["train houses --epochs 1 --out run", "train --resume run"] {
        let told = desk.run(line);
        told.expect(1);
        told.complains(&["run: another training is at work in this directory"]);
    }
    killed(child);
    // What it left is not lost to a new training.
    let told = desk.run("train houses --epochs 1 --out run");
    told.expect(2);
    told.complains(&["interrupted and can go on", "--resume run"]);
    for name in [CHECKPOINT, PREVIOUS] {
        let _ = std::fs::remove_file(desk.path(&format!("run/{name}")));
    }
    desk.fine("train houses --epochs 1 --out run");
}

#[cfg(unix)]
#[test]
fn a_damaged_checkpoint_is_refused_and_the_one_before_it_used() {
    let desk = Desk::with(&[("table.csv", &table(100))]);
    let unbroken = desk.json("train table.csv --target price --ignore late --epochs 400 --hidden 6 --out whole");
    let mut child = begun(&desk, "train table.csv --target price --ignore late --epochs 400 --hidden 6 --out stopped --checkpoint-every 7");
    wait_for(&desk, &mut child, &format!("stopped/{PREVIOUS}"));
    killed(child);
    let (last, previous) = (format!("run/{CHECKPOINT}"), format!("run/{PREVIOUS}"));
    copied(&desk, "stopped", "run");
    let bytes = if desk.path(&last).exists() { desk.bytes(&last) } else { desk.bytes(&previous) };
    let flipped = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        bytes
    };
    let step = bytes.len() / 12;
    let flips = (0..bytes.len()).step_by(step).chain([8, 9, bytes.len() - 1]).map(flipped);
    let cuts = [0, 1, 8, 100, bytes.len() / 2, bytes.len() - 1].map(|length| bytes[..length].to_vec());
    let longer = [&bytes[..], &[0]].concat();
    for (n, wrong) in flips.chain(cuts).chain([longer]).enumerate() {
        copied(&desk, "stopped", "run");
        desk.write(&previous, &bytes);
        desk.write(&last, &wrong);
        let told = desk.fine("train --resume run --json");
        told.complains(&["checkpoint.safetensors", "the training goes on with the checkpoint before it, after step"]);
        if n % 4 == 0 {
            ended_alike(&desk, unbroken.clone(), "whole", &told, "run");
        }
        if n % 4 == 1 {
            // Nothing to go back to.
            copied(&desk, "stopped", "run");
            desk.write(&last, &wrong);
            let _ = std::fs::remove_file(desk.path(&previous));
            let told = desk.run("train --resume run --json");
            told.expect(3);
            assert_eq!(told.document()["error"]["file"], json!(last), "{}", told.report());
            desk.write(&previous, &wrong);
            desk.run("train --resume run --json").expect(3);
        }
    }
    // The checkpoint of another run is none.
    copied(&desk, "stopped", "run");
    desk.fine("train houses --epochs 1 --out other");
    let mut child = begun(&desk, "train houses --epochs 1000000000 --out other --checkpoint-every 3");
    wait_for(&desk, &mut child, &format!("other/{PREVIOUS}"));
    killed(child);
    for name in [CHECKPOINT, PREVIOUS] {
        desk.write(&format!("run/{name}"), desk.bytes(&format!("other/{PREVIOUS}")));
    }
    let told = desk.fine("train --resume run --json");
    told.complains(&["no checkpoint yet"]);
    ended_alike(&desk, unbroken, "whole", &told, "run");
}

#[cfg(unix)]
#[test]
fn what_has_changed_since_is_refused() {
    let desk = Desk::with(&[("table.csv", &table(100))]);
    desk.fine("train table.csv --target price --ignore late --epochs 1 --out base");
    let unbroken = desk.json("train table.csv --from base --epochs 400 --out whole");
    let mut child = begun(&desk, "train table.csv --from base --epochs 400 --out run --checkpoint-every 7");
    wait_for(&desk, &mut child, &format!("run/{PREVIOUS}"));
    killed(child);
    for (name, words) in [
        ("table.csv", "the table has changed since the run began: expected SHA-256"),
        ("base/model.safetensors", "the model that training begins with has changed since the run began"),
        ("run/run.toml", "the run file has changed since the run began"),
        ("run/run.json", "this is not what Backlit wrote"),
    ] {
        let before = desk.bytes(name);
        desk.write(name, [&before[..], b"#"].concat());
        let told = desk.run("train --resume run --json");
        told.expect(3);
        told.complains(&[name, words]);
        std::fs::remove_file(desk.path(name)).expect("a file");
        let told = desk.run("train --resume run");
        assert!([2, 3].contains(&told.code), "{}", told.report());
        told.complains(&[name.rsplit('/').next().unwrap_or(name)]);
        desk.write(name, before);
    }
    // A version that may round otherwise.
    let pins = desk.read("run/run.json");
    desk.write("run/run.json", pins.replace("\"version\": \"", "\"version\": \"99."));
    let told = desk.run("train --resume run");
    told.expect(3);
    told.complains(&["begun by Backlit 99."]);
    desk.write("run/run.json", pins);
    // From elsewhere, where the names lead nowhere.
    std::fs::create_dir(desk.path("elsewhere")).expect("a directory");
    let told = Outcome::of(desk.command(&["train", "--resume", "../run", "--json"]).current_dir(desk.path("elsewhere")));
    told.expect(0);
    assert_eq!(told.document()["weights_sha256"], unbroken["weights_sha256"]);
    assert_eq!(desk.bytes("run/model.safetensors"), desk.bytes("whole/model.safetensors"));
}

#[test]
fn resume_goes_alone() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --out run");
    for flags in ["houses", "--epochs 3", "--target MEDV", "--l2 0.1", "--seed 1", "--precision f64", "--out b", "--find-rate", "--skip"] {
        desk.run(&format!("train --resume run {flags}")).expect(2);
    }
    desk.fine("train --resume run --threads 2 --quiet --json --parameters");
    for (directory, words) in [("nothing", "there is no run directory here"), (".", "no run was begun here")] {
        let told = desk.run(&format!("train --resume {directory}"));
        told.expect(2);
        told.complains(&[words]);
    }
    desk.run("train houses --find-rate --checkpoint-every 3").expect(2);
    desk.run("train houses --checkpoint-every 3x").expect(2);
}

#[test]
fn time_decides_when_and_nothing_else() {
    let desk = Desk::new();
    let line = "train houses --hidden 8 --epochs 5";
    let plain = desk.json(&format!("{line} --out plain"));
    for every in ["1e-9s", "1", "1h", "1000000"] {
        let kept = desk.json(&format!("{line} --out kept --checkpoint-every {every}"));
        assert_eq!(kept["weights_sha256"], plain["weights_sha256"]);
        assert_eq!(desk.bytes("kept/model.safetensors"), desk.bytes("plain/model.safetensors"));
    }
}

/// A table that can be read only once.
#[cfg(unix)]
#[test]
fn a_pipe_is_trained_on_but_not_gone_back_to() {
    let desk = Desk::with(&[("table.csv", "a,b\n1,2\n2,3\n3,5\n4,4\n5,7\n6,6\n")]);
    let run = |flags: &str| {
        let line = format!("cat table.csv | \"$0\" train /dev/stdin --target b --epochs 1 --out run {flags}");
        let program = env!("CARGO_BIN_EXE_backlit");
        let output = Command::new("sh").args(["-c", &line, program]).current_dir(desk.path("")).output().expect("a shell");
        Outcome::from_output(line, &output)
    };
    run("").expect(0);
    assert!(desk.path("run/model.safetensors").exists() && !desk.path("run/run.json").exists());
    let told = run("--checkpoint-every 2");
    told.expect(2);
    told.complains(&["/dev/stdin", "cannot be read again"]);
}

/// A pipe is read once and looked at as often as a file: which columns are words is known at its end alone.
#[test]
fn a_pipe_of_words_is_a_table_as_its_file_is() {
    let desk = Desk::with(&[("table.csv", "a,side,b\n1,x,2\n2,y,3\n3,x,\n4,y,4\n5,x,7\n6,y,6\n")]);
    let flags = "--target side --recipe plain --epochs 2 --print-hash --quiet";
    let want = desk.fine(&format!("train table.csv {flags} --out file")).out.lines().last().map(str::to_string);
    let program = env!("CARGO_BIN_EXE_backlit");
    for line in [
        format!("cat table.csv | \"$0\" train /dev/stdin {flags} --out pipe"),
        format!("mkfifo fifo; cat table.csv > fifo & \"$0\" train fifo {flags} --out fifo-run"),
    ] {
        let output = Command::new("sh").args(["-c", &line, program]).current_dir(desk.path("")).output().expect("a shell");
        let told = Outcome::from_output(line, &output);
        told.expect(0);
        assert!(want.is_some() && told.out.lines().last() == want.as_deref(), "{}", told.out);
    }
    // More than is kept in memory, and what is no table.
    let row = |r: usize| format!("{},{},{}\n", r % 1009, ["x", "y"][r % 2], r % 997);
    desk.write("table.csv", &("a,side,b\n".to_string() + &(0..130_000).map(row).collect::<String>()));
    let whole = desk.fine("inspect table.csv --target side").out;
    for (line, code, want) in [
        ("cat table.csv | \"$0\" inspect /dev/stdin --target side", 0, whole.replace("table.csv", "/dev/stdin")),
        ("\"$0\" inspect /dev/zero", 3, String::new()),
    ] {
        let output = Command::new("sh").args(["-c", line, program]).current_dir(desk.path("")).output().expect("a shell");
        let told = Outcome::from_output(line.into(), &output);
        told.expect(code);
        assert_eq!(told.out, want, "{line}");
    }
}

#[test]
fn a_run_without_its_model_says_so() {
    let desk = Desk::new();
    desk.fine("train houses --recipe plain --epochs 2 --out run");
    std::fs::remove_file(desk.path("run/model.safetensors")).expect("a model");
    let told = desk.run("train --resume run");
    told.expect(3);
    told.complains(&["run", "the run is finished, but its model is not there any more", "try: "]);
    let told = desk.run("predict run houses");
    told.expect(3);
    told.complains(&["this run has no model yet", "train --resume run"]);
}

/// One that root, too, cannot write to: a file system has no place for new names below /proc.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_to_is_refused_before_training() {
    let desk = Desk::new();
    for (line, words) in [
        ("train houses --epochs 1000000000 --out /proc/sys", "the run directory cannot be written to"),
        ("train houses --epochs 1000000000 --out /proc/sys/run", "the run directory cannot be made"),
        ("train --resume /proc/sys", "the run directory cannot be written to"),
    ] {
        let told = desk.run(line);
        told.expect(1);
        told.complains(&["/proc/sys", words, "try: "]);
    }
}

/// A limit on the size of a file stands in for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_is_found_before_the_first_step_or_leaves_the_old_checkpoint() {
    let desk = Desk::new();
    let program = env!("CARGO_BIN_EXE_backlit");
    let limited = |line: &str| {
        let line = format!("trap '' XFSZ; ulimit -f 8; exec \"$0\" {line} --json");
        let output = Command::new("sh").args(["-c", &line, program]).current_dir(desk.path("")).output().expect("a shell");
        Outcome::from_output(line, &output)
    };
    let told =
        limited("train houses --hidden 100,100 --ensemble 3 --threads 1 --epochs 1000000000 --out several --checkpoint-every 1000000");
    told.expect(1);
    assert!(told.document()["error"]["file"].as_str().is_some_and(|file| file.contains("network-1")), "{}", told.report());
    assert!(!desk.path("several").exists(), "what was made for it is gone");
    let told = limited("train houses --hidden 200,200 --recipe plain --epochs 1000000000 --out new --checkpoint-every 1000000");
    told.expect(1);
    assert!(told.document()["error"]["file"].as_str().is_some_and(|file| file.contains(CHECKPOINT)), "{}", told.report());
    assert!(!desk.path("new").exists(), "what was made for it is gone");
    // Later: the next checkpoint does not fit.
    let line = "train houses --hidden 100,100 --epochs 40";
    let unbroken = desk.json(&format!("{line} --out whole"));
    let mut child = begun(&desk, &format!("{line} --out run --checkpoint-every 9"));
    wait_for(&desk, &mut child, &format!("run/{PREVIOUS}"));
    killed(child);
    let before: Vec<Option<Vec<u8>>> = [CHECKPOINT, PREVIOUS].map(|name| std::fs::read(desk.path("run").join(name)).ok()).to_vec();
    let told = limited("train --resume run");
    told.expect(1);
    told.complains(&["--resume run goes on from the last checkpoint"]);
    let after: Vec<Option<Vec<u8>>> = [CHECKPOINT, PREVIOUS].map(|name| std::fs::read(desk.path("run").join(name)).ok()).to_vec();
    assert!(before == after, "the checkpoints are as they were");
    ended_alike(&desk, unbroken, "whole", &desk.fine("train --resume run --json"), "run");
}
