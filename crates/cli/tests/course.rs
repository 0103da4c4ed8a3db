//! Schedules, clipping, early stopping as typed: what is said, what the model file says, what is refused.

mod support;

use serde_json::{Value, json};
use support::{Desk, number};

/// What the model file says of its training.
fn training(desk: &Desk, model: &str) -> Value {
    let bytes = desk.bytes(model);
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    let text = header["__metadata__"]["backlit"].as_str().expect("the description");
    serde_json::from_str::<Value>(text).expect("JSON")["training"].clone()
}

#[test]
fn a_course_is_said_and_saved_and_the_same_from_a_run_file() {
    let desk = Desk::with(&[(
        "run.toml",
        "[data]\nbundled = \"houses\"\n[train]\nepochs = 6\nschedule = \"cosine(0.1)\"\nwarmup = 0.1\nclip_norm = 1\nclip_value = 0.5\n",
    )]);
    let flags = "train houses --epochs 6 --schedule cosine(least=0.1) --warmup 0.1 --clip-norm 1 --clip-value 0.5";
    let told = desk.fine(&format!("{flags} --out flags"));
    told.says(&["course    cosine(least=0.1), warm-up over 10 % of the steps, each gradient clipped at 0.5, gradient's norm clipped at 1"]);
    let hash = |line: &str| desk.json(line)["weights_sha256"].clone();
    assert_eq!(hash(&format!("{flags} --out flags")), hash("train --config run.toml --out file"));
    assert_ne!(hash(&format!("{flags} --out flags --threads 1")), hash("train houses --epochs 6 --out plain"));
    assert_ne!(hash("train --config run.toml --out file"), hash("train --config run.toml --out file --schedule constant"));
    let course = json!({ "schedule": "cosine(least=0.1)", "warmup": 0.1, "clip_norm": 1.0, "clip_value": 0.5 });
    assert_eq!(training(&desk, "flags/model.safetensors")["course"], course);
    assert_eq!(training(&desk, "plain/model.safetensors")["course"], Value::Null);
    desk.fine("evaluate flags houses");
}

#[test]
fn patience_ends_a_training_and_keeps_the_best_epoch() {
    let desk = Desk::new();
    let line = "train houses --epochs 400 --learning-rate 0.01 --patience 8";
    let document = desk.json(&format!("{line} --out stopped"));
    let (epochs, best) = (number(&document["epochs"]), number(&document["best"]["epoch"]));
    assert_eq!(document["stopped_early"], json!(true));
    assert!(epochs < 400.0);
    assert_eq!(epochs, best + 8.0);
    let about = training(&desk, "stopped/model.safetensors");
    assert_eq!((number(&about["best_epoch"]), number(&about["course"]["patience"])), (best, 8.0));
    // Training just as long as that gives the same parameters, and the cost that was kept.
    let again = desk.json(&format!("train houses --epochs {best} --learning-rate 0.01 --out again"));
    assert_eq!(again["weights_sha256"], document["weights_sha256"]);
    assert_eq!(again["validation"]["after"], document["validation"]["after"]);
    assert_eq!((&again["best"], &again["stopped_early"]), (&Value::Null, &json!(false)));
    let last = desk.json(&format!("{line} --keep last --out last"));
    assert_eq!((&last["best"], &last["epochs"]), (&document["best"], &document["epochs"]));
    assert_ne!(last["weights_sha256"], document["weights_sha256"]);
    desk.fine(&format!("{line} --out told")).says(&["patience of 8 epochs, the best parameters kept", "stopped early", "best epoch"]);
    let kept = desk.json("train houses --epochs 30 --learning-rate 0.01 --keep best --out kept");
    assert_eq!((number(&kept["epochs"]), number(&kept["best"]["epoch"]) <= 30.0), (30.0, true));
}

#[test]
fn lbfgs_searches_over_all_rows() {
    let desk = Desk::new();
    let line = "train houses --hidden 8 --activation tanh --precision f64 --epochs 30";
    let document = desk.json(&format!("{line} --optimizer lbfgs --out l"));
    assert_eq!(document["steps"], json!(30), "a step an epoch");
    let adam = desk.json(&format!("{line} --optimizer adam --batch full --out a"));
    assert!(number(&document["cost"]["after"]) < number(&adam["cost"]["after"]));
    let about = training(&desk, "l/model.safetensors");
    assert_eq!((&about["learning_rate"], &about["options"]), (&json!(1.0), &json!({ "history": 10.0 })));
    let opened = desk.json("explain l houses --row 3 --parameter layer1.weight[0,0]");
    assert_eq!((&opened["update"], &opened["routes"]["agrees"]), (&Value::Null, &json!(true)));
    desk.fine("explain l houses --row 3");
    desk.fine(&format!("{line} --optimizer lbfgs --option history=3 --patience 5 --schedule cosine --out more"));
}

#[test]
fn a_derivation_by_hand_has_no_schedule() {
    let desk = Desk::with(&[("claims.csv", "quantity,value\nE_total after 1,0.5\n")]);
    for (train, told) in [("schedule = \"cosine\"", "schedules"), ("clip_norm = 1", "clipped"), ("optimizer = \"lbfgs\"", "lbfgs")] {
        let text = "[data]\ninputs = [[0.1, 0.2]]\ntargets = [[0.3]]\n[[network.layer]]\nunits = 2\nactivation = \"sigmoid\"\n\
                    [[network.layer]]\nunits = 1\nactivation = \"sigmoid\"\n[train]\n";
        desk.write("run.toml", format!("{text}{train}\n"));
        let refused = desk.run("audit claims.csv run.toml");
        refused.expect(2);
        refused.complains(&["judged for rules by hand", told]);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let desk = Desk::with(&[("one.toml", "[data]\ninputs = [[1], [2]]\ntargets = [[3], [4]]\n[train]\npatience = 3\n")]);
    for (line, told) in [
        ("--schedule slow", "no schedule 'slow'; there are constant, step, exponential, cosine, one_cycle, coslog4, plateau"),
        ("--schedule step(0.1,0.1)", "every must be at least 1"),
        ("--warmup 1.5", "from 0 to below 1, came 1.5"),
        ("--schedule one-cycle --warmup 0.1", "low rate of its own"),
        ("--clip-norm -1", "above 0, came -1"),
        ("--clip-value nan", "above 0, came NaN"),
        ("--patience 0", "at least 1 epoch"),
        ("--optimizer lbfgs --batch 32", "lbfgs takes all rows in a step, expected a full batch, came 32 rows"),
        ("--optimizer lbfgs --clip-norm 1", "clip_norm has no place in lbfgs"),
        ("--optimizer lbfgs --option history=0", "history must be at least 1"),
        ("--keep both", "--keep: expected best or last, came both"),
        ("--patience 3 --validation 0", "patience needs rows kept aside"),
        ("--keep best --validation 0", "keep needs rows kept aside"),
        ("--schedule plateau --validation 0", "schedule needs rows kept aside"),
    ] {
        let outcome = desk.run(&format!("train houses --epochs 1 --out no {line}"));
        outcome.expect(2);
        outcome.complains(&[told]);
    }
    desk.run("train --config one.toml").complains(&["one.toml", "train.patience", "needs rows kept aside"]);
    assert!(!desk.path("no").exists());
}

/// Where a schedule holds the rate at 0 lbfgs tries nothing, and has not come to the end of what can be found.
#[test]
fn lbfgs_goes_on_after_steps_of_rate_0() {
    let row = |r: u32| format!("{},{}\n", (f64::from(r) * 0.7).sin(), (f64::from(r) * 1.3).cos());
    let desk = Desk::with(&[("t.csv", &("a,y\n".to_string() + &(0..40).map(row).collect::<String>()))]);
    let line = "train t.csv --target y --hidden 3 --validation 0 --optimizer lbfgs --batch full --schedule coslog4 --epochs 15 --out run";
    let document = desk.json(line);
    assert_eq!(document["epochs"], json!(15), "{document}");
}
