//! Trainings that do not end as planned: diverged, interrupted. What was learned is kept.

mod support;

use serde_json::json;
use support::{Desk, Outcome, hash, number, numbers};

/// The model in `run` predicts finite numbers for the bundled houses.
fn predicts_finite(desk: &Desk) {
    let outputs = numbers(&desk.json("predict run houses")["outputs"]);
    assert_eq!(outputs.len(), 506);
    assert!(outputs.iter().all(|output| output.is_finite()));
}

#[test]
fn a_diverging_run_stops_names_the_place_and_keeps_the_last_finite_parameters() {
    let desk = Desk::new();
    let lines = [
        "train houses --optimizer sgd --learning-rate 0.3 --standardize false --epochs 50",
        "train houses --optimizer sgd --learning-rate 1e300 --epochs 5",
        "train houses --optimizer sgd --learning-rate 1e30 --precision f64 --activation gelu --epochs 50",
        "train houses --hidden 5,5 --activation linear --optimizer sgd --learning-rate 8 --epochs 5000",
    ];
    for line in lines {
        let told = desk.run(&format!("{line} --out run"));
        told.expect(4);
        told.complains(&["step", "run/model.safetensors"]);
        predicts_finite(&desk);
        let told = desk.run(&format!("{line} --out run --json"));
        told.expect(4);
        let document = told.document();
        assert_eq!(document["error"]["code"], json!("diverged"), "{line}");
        assert!(document["divergence"]["step"].as_u64().is_some_and(|step| step >= 1), "{document}");
        assert!(document["divergence"]["place"].as_str().is_some_and(|place| !place.is_empty()), "{document}");
        assert_eq!(document["model"], json!("run/model.safetensors"));
        predicts_finite(&desk);
        assert_eq!(hash(&document), hash(&desk.run(&format!("{line} --out run --json --threads 3")).document()), "{line}");
    }
}

#[test]
fn a_diverging_run_always_names_a_layer() {
    // Also where the cost is the first tensor that leaves the finite numbers.
    let desk = Desk::new();
    for rate in ["1e10", "1e20", "1e300"] {
        let told = desk.run(&format!("train houses --optimizer sgd --learning-rate {rate} --epochs 5 --out run --json"));
        told.expect(4);
        let divergence = told.document()["divergence"].clone();
        assert!(!divergence["layer"].is_null(), "rate {rate}: {divergence}");
        told.complains(&["layer"]);
    }
}

#[test]
fn the_parameters_kept_are_those_before_the_step_that_failed() {
    let desk = Desk::new();
    let line = "train houses --optimizer sgd --learning-rate 0.3 --standardize false --shuffle false --batch full";
    let told = desk.run(&format!("{line} --epochs 50 --out run --json"));
    told.expect(4);
    let document = told.document();
    let summary: serde_json::Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(hash(&summary), hash(&document));
    // Full batches: an epoch is a step. A run that is to end where this one was saved ends well and with the same bits.
    let kept = summary["steps"].as_u64().expect("steps");
    let again = desk.json(&format!("{line} --epochs {kept} --out again"));
    assert_eq!(hash(&again), hash(&document), "the model does not hold the parameters after {kept} steps");
    assert_eq!(document["divergence"]["step"], json!(kept + 1));
    assert_eq!(number(&again["cost"]["after"]), number(&summary["cost"]["after"]));
}

/// Whether the process has a handler of its own for Ctrl-C by now.
#[cfg(target_os = "linux")]
fn catches_interrupts(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("SigCgt");
    u64::from_str_radix(caught.trim(), 16).expect("a mask") & 0b10 != 0
}

#[cfg(target_os = "linux")]
fn interrupted(desk: &Desk, line: &str, times: usize) -> Outcome {
    use std::process::{Command, Stdio};
    let mut command = desk.command(&line.split(' ').collect::<Vec<_>>());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
    let mut patience = 3000;
    while !(catches_interrupts(child.id()) && desk.path("run").is_dir()) {
        std::thread::sleep(std::time::Duration::from_millis(10));
        patience -= 1;
        assert!(patience > 0, "the program never listened");
    }
    // A few steps more; the test holds for any number of them.
    std::thread::sleep(std::time::Duration::from_millis(100));
    for _ in 0..times {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }
    Outcome::from_output(line.to_string(), &child.wait_with_output().expect("an end"))
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_training_saves_and_summarises() {
    let desk = Desk::new();
    let told = interrupted(&desk, "train houses --epochs 1000000000 --out run", 1);
    told.expect(130);
    told.says(&["interrupted", "before", "after", "model saved to run/model.safetensors"]);
    predicts_finite(&desk);
    desk.fine("check run houses --row 0");
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_training_is_one_document_with_json() {
    let desk = Desk::new();
    let told = interrupted(&desk, "train houses --epochs 1000000000 --precision f64 --out run --json", 1);
    told.expect(130);
    let document = told.document();
    assert_eq!(document["interrupted"], json!(true));
    assert!(number(&document["cost"]["after"]).is_finite());
    hash(&document);
    predicts_finite(&desk);
    let summary: serde_json::Value = serde_json::from_str(&desk.read("run/summary.json")).expect("JSON");
    assert_eq!(summary, document);
    // The steps done are as good as those of a run that was to end there.
    let steps = document["steps"].as_u64().expect("steps");
    assert!(steps > 0);
}

/// A limit on the size of a file stands in for a disk that is full: the write fails in the middle.
#[cfg(unix)]
#[test]
fn a_write_that_fails_in_the_middle_leaves_no_half_model() {
    let desk = Desk::new();
    desk.run("train houses --epochs 1 --out run").expect(0);
    let before = desk.bytes("run/model.safetensors");
    let line = "trap '' XFSZ; ulimit -f 8; exec \"$0\" train houses --epochs 1 --hidden 200,200 --out run --json";
    let program = env!("CARGO_BIN_EXE_backlit");
    let output = std::process::Command::new("sh").args(["-c", line, program]).current_dir(desk.path("")).output().expect("a shell");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["error"]["code"], json!("failed"));
    assert!(document["error"]["file"].as_str().is_some_and(|file| file.contains("model.safetensors")), "{document}");
    assert_eq!(desk.bytes("run/model.safetensors"), before);
    assert!(desk.everything().iter().all(|path| !path.to_string_lossy().contains("partial")));
}
