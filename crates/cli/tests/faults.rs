//! A fault at every system call with which a run writes its files: the program killed there, a full disk, a disk that fails. What is left is the old
//! checkpoint or the new one, and the run goes on to the bits of the unbroken one. strace injects the faults: into a single network at every
//! call, into ensembles and cross-validations at some, or with BACKLIT_ALL_FAULTS=1 at every one.

#![cfg(target_os = "linux")]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use support::{Desk, Outcome, hash};

/// The calls that write, name or sync files.
const CALLS: [&str; 14] = [
    "mkdir",
    "openat",
    "flock",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "link",
    "linkat",
];
/// What happens there.
const FAULTS: [&str; 3] = ["signal=KILL", "error=ENOSPC", "error=EIO"];
/// Small enough to be written in a moment; a checkpoint before the first step and after every fourth, each network and each fold having its
/// own, and one at its end.
const LINE: &str = "train houses --recipe plain --hidden 3 --batch 100 --epochs 2 --checkpoint-every 4 --threads 1 --out run --json";

/// A call of the main thread that has to do with the run directory.
#[derive(Debug)]
struct Call {
    name: String,
    /// Among those of this name, counted from 1.
    number: usize,
    /// Of a call that names a file, the file's new name.
    named: Option<String>,
}

/// The program under strace with these options.
fn traced(desk: &Desk, options: &[&str], line: &str) -> Command {
    let plain = desk.command(&[]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg(plain.get_program()).args(line.split_whitespace()).current_dir(desk.path(""));
    command
}

/// Why there can be no faults here.
fn unfit(desk: &Desk) -> Option<String> {
    match Command::new("strace").args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "true"]).current_dir(desk.path("")).output() {
        Err(error) => Some(format!("strace cannot be started: {error}")),
        Ok(output) if !output.status.success() => {
            Some(format!("strace may not trace here: {}", String::from_utf8_lossy(&output.stderr).trim()))
        }
        Ok(_) => None,
    }
}

/// The calls of an unbroken run, in their order.
fn calls(desk: &Desk, run: &Path, line: &str) -> Vec<Call> {
    let trace = desk.path("trace");
    let only = format!("trace={}", CALLS.join(","));
    let told = traced(desk, &["-y", "-s", "200", "-o", &trace.display().to_string(), "-e", &only], line).output().expect("strace");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = desk.read("trace");
    let main = text.split_whitespace().next().expect("a process").to_string();
    let (mut counts, mut found) = (BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.splitn(2, char::is_whitespace);
        let (Some(process), Some(rest)) = (words.next(), words.next().map(str::trim)) else { continue };
        let Some((name, _)) = rest.split_once('(').filter(|(name, _)| process == main && CALLS.contains(name)) else { continue };
        let count = counts.entry(name.to_string()).or_insert(0);
        *count += 1;
        if rest.contains("\"run") || rest.contains(&run.display().to_string()) {
            let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
            let named = quoted.last().filter(|_| name.starts_with("rename")).and_then(|path| path.rsplit('/').next());
            found.push(Call { name: name.to_string(), number: *count, named: named.map(str::to_string) });
        }
    }
    found
}

/// How often each checkpoint, `checkpoint.fold-2.safetensors`, was put in its place by these calls.
fn put(calls: &[Call]) -> BTreeMap<&str, u64> {
    let mut put = BTreeMap::new();
    let is_last = |name: &&str| name.starts_with("checkpoint.") && name.ends_with(".safetensors") && !name.contains("previous");
    for name in calls.iter().filter_map(|call| call.named.as_deref()).filter(is_last) {
        *put.entry(name).or_insert(0) += 1;
    }
    put
}

/// The step of a checkpoint that is there, and whether it is its training's last one.
fn step_in(path: &Path) -> Option<(u64, bool)> {
    let bytes = std::fs::read(path).ok()?;
    let length = u64::from_le_bytes(bytes[..8].try_into().expect("a length")) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
    let about: Value = serde_json::from_str(header["__metadata__"]["backlit"].as_str().expect("a description")).expect("JSON");
    Some((about["step"].as_u64().expect("a step"), about["ended"] == true))
}

/// Breaks a run at some of its calls, which [`calls`] found: at each with all faults, or at every k-th with one of them.
struct Trial<'a> {
    desk: &'a Desk,
    line: &'a str,
    run: &'a Path,
    every: usize,
}

/// How many runs: with a fault that did no harm, gone on from a checkpoint, begun anew.
#[derive(Debug, Default)]
struct Tally {
    untouched: usize,
    gone_on: usize,
    begun_anew: usize,
}

impl Trial<'_> {
    /// What the fault left: the checkpoint that was there before the call, or a later one.
    fn check_left(&self, before: &[Call], place: &str) {
        if self.desk.read("run/run.json").contains("\"finished\": true") {
            return;
        }
        for (name, times) in put(before) {
            let path = self.desk.path("run").join(name);
            let previous = self.desk.path("run").join(name.replace(".safetensors", ".previous.safetensors"));
            let found = [path, previous].iter().filter_map(|path| step_in(path)).max();
            let (step, ended) = found.unwrap_or_else(|| panic!("there is no {name}: {place}"));
            assert!(ended || step >= 4 * (times - 1), "{name} is of step {step}: {place}");
        }
    }

    fn faults(&self, calls: &[Call], unbroken: (&[u8], &str)) -> Tally {
        let (Trial { desk, line, run, .. }, (model, sha256)) = (self, unbroken);
        let mut tally = Tally::default();
        for (done, Call { name, number, .. }) in calls.iter().enumerate() {
            for (n, fault) in FAULTS.iter().enumerate() {
                if self.every > 1 && (done % self.every != 0 || done / self.every % FAULTS.len() != n) {
                    continue;
                }
                let _ = std::fs::remove_dir_all(run);
                let (only, inject) = (format!("trace={name}"), format!("inject={name}:{fault}:when={number}"));
                let broken = traced(desk, &["-o", "/dev/null", "-e", &only, "-e", &inject], line).output().expect("strace");
                let place = format!("{inject}: {}{}", String::from_utf8_lossy(&broken.stdout), String::from_utf8_lossy(&broken.stderr));
                assert!(!place.contains("panicked"), "{place}");
                match broken.status.code() {
                    // Taking away what nobody needs may fail.
                    Some(0) => tally.untouched += 1,
                    // 3: a checkpoint that cannot be read.
                    Some(1 | 3) => assert!(!fault.contains("KILL") && place.contains("\"error\":"), "{place}"),
                    _ => assert!(fault.contains("KILL"), "{place}"),
                }
                if !desk.path("run/run.json").exists() {
                    // Nothing had begun, or nothing is left of it: the same line works.
                    let told = desk.run(line);
                    told.expect(0);
                    assert_eq!(hash(&told.document()), sha256, "{place}");
                    tally.begun_anew += 1;
                    continue;
                }
                self.check_left(&calls[..done], &place);
                let told = desk.run("train --resume run --json");
                assert_eq!(told.code, 0, "{place}\n{}", told.report());
                assert!(!told.err.contains("damaged"), "{place}\n{}", told.report());
                assert_eq!(hash(&told.document()), sha256, "{place}");
                assert!(desk.bytes("run/model.safetensors") == model, "{place}");
                assert!(desk.everything().iter().all(|path| !path.to_string_lossy().contains("partial")), "{place}");
                assert!(put(&calls[..done]).is_empty() || !told.err.contains("no checkpoint yet"), "{place}\n{}", told.report());
                tally.gone_on += usize::from(told.err.contains("the training goes on"));
            }
        }
        println!("{} calls: {tally:?}", calls.len());
        tally
    }
}

/// Runs the line unbroken, then broken; gives its calls and what came of the faults.
fn broken(line: &str, every: usize) -> Option<(Vec<Call>, Tally)> {
    let desk = Desk::new();
    if let Some(why) = unfit(&desk) {
        println!("SKIPPED: {why}");
        return None;
    }
    let run = desk.path("").canonicalize().expect("a directory").join("run");
    let unbroken = Outcome::of(&mut desk.command(&line.split_whitespace().collect::<Vec<_>>()));
    unbroken.expect(0);
    let (model, sha256) = (desk.bytes("run/model.safetensors"), hash(&unbroken.document()));
    std::fs::remove_dir_all(&run).expect("a directory");
    let calls = calls(&desk, &run, line);
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    for name in ["mkdir", "openat", "flock", "write", "fsync", "unlink"] {
        assert!(names.contains(name), "no {name} in {calls:?}");
    }
    let every = if std::env::var_os("BACKLIT_ALL_FAULTS").is_some() { 1 } else { every };
    let tally = Trial { desk: &desk, line, run: &run, every }.faults(&calls, (&model, &sha256));
    Some((calls, tally))
}

fn renames(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.name.starts_with("rename")).count()
}

#[test]
fn every_fault_leaves_the_old_checkpoint_or_the_new_one() {
    let Some((calls, tally)) = broken(LINE, 1) else { return };
    // Three checkpoints, two of which move the one before, five files beside, and the metrics, the report and its three plots.
    assert_eq!(renames(&calls), 15, "{calls:?}");
    assert_eq!(put(&calls), [("checkpoint.safetensors", 3)].into());
    assert!(calls.len() > 60 && tally.gone_on > calls.len(), "{tally:?} of {calls:?}");
}

/// 253 rows each: checkpoints before the first step, after the fourth, and at the end after the sixth.
#[test]
fn the_networks_of_an_ensemble_keep_theirs() {
    let Some((calls, tally)) = broken(&format!("{LINE} --ensemble 2"), 4) else { return };
    assert_eq!(put(&calls), [("checkpoint.network-1.safetensors", 3), ("checkpoint.network-2.safetensors", 3)].into());
    assert!(calls.len() > 80 && tally.gone_on > calls.len() / 8, "{tally:?} of {calls:?}");
}

/// The same, and the training on all rows behind them.
#[test]
fn the_folds_of_a_cross_validation_keep_theirs() {
    let Some((calls, tally)) = broken(&format!("{LINE} --folds 2"), 4) else { return };
    let put = put(&calls);
    assert_eq!((put["checkpoint.fold-1.safetensors"], put["checkpoint.fold-2.safetensors"]), (3, 3));
    assert!(put["checkpoint.safetensors"] >= 3, "{put:?}");
    assert!(calls.len() > 100 && tally.gone_on > calls.len() / 8, "{tally:?} of {calls:?}");
}

/// A disk that fails or is full when a run begins where another has come to its end: that one is still there, whole.
#[test]
fn a_run_that_cannot_begin_leaves_the_one_before() {
    let desk = Desk::new();
    if let Some(why) = unfit(&desk) {
        println!("SKIPPED: {why}");
        return;
    }
    let run = desk.path("").canonicalize().expect("a directory").join("run");
    let next = LINE.replace("--epochs 2", "--epochs 3");
    desk.fine(LINE);
    let old = ["run/run.toml", "run/run.json", "run/summary.json", "run/model.safetensors"].map(|name| (name, desk.bytes(name)));
    let calls = calls(&desk, &run, &next);
    let begun = calls.iter().position(|call| call.named.as_deref() == Some("run.toml")).expect("a run file");
    let mut failed = 0;
    for Call { name, number, .. } in calls[..begun].iter().filter(|call| matches!(&*call.name, "openat" | "write")) {
        for fault in ["error=ENOSPC", "error=EIO"] {
            old.iter().for_each(|(name, bytes)| desk.write(name, bytes));
            let (only, inject) = (format!("trace={name}"), format!("inject={name}:{fault}:when={number}"));
            let broken = traced(&desk, &["-o", "/dev/null", "-e", &only, "-e", &inject], &next).output().expect("strace");
            if broken.status.success() {
                continue;
            }
            failed += 1;
            let told = String::from_utf8_lossy(&broken.stdout);
            assert!(told.contains("\"error\":") && old.iter().all(|(name, bytes)| desk.bytes(name) == *bytes), "{inject}: {told}");
            desk.fine("train --resume run").complains(&["this run is finished"]);
        }
    }
    // At least both files can neither be made nor written.
    assert!(failed >= 8, "{failed} of {calls:?}");
}
