//! A fault at every system call with which a run writes its files: the program killed there, a full disk, a disk that fails. What is left is the old
//! checkpoint or the new one, and the run goes on to the bits of the unbroken one. strace injects the faults.

#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeSet;
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
/// Small enough to be written in a moment; a checkpoint before the first step, after the fourth and after the eighth.
const LINE: &str = "train houses --recipe plain --hidden 3 --batch 100 --epochs 2 --checkpoint-every 4 --threads 1 --out run --json";

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

/// Each call of the main thread that has to do with the run directory: its name and its number among those of this name.
fn calls(desk: &Desk, run: &Path) -> Vec<(String, usize)> {
    let trace = desk.path("trace");
    let only = format!("trace={}", CALLS.join(","));
    let told = traced(desk, &["-y", "-o", &trace.display().to_string(), "-e", &only], LINE).output().expect("strace");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = desk.read("trace");
    let main = text.split_whitespace().next().expect("a process").to_string();
    let (mut counts, mut found) = (std::collections::BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.splitn(2, char::is_whitespace);
        let (Some(process), Some(rest)) = (words.next(), words.next().map(str::trim)) else { continue };
        let Some((name, _)) = rest.split_once('(').filter(|(name, _)| process == main && CALLS.contains(name)) else { continue };
        let count = counts.entry(name.to_string()).or_insert(0);
        *count += 1;
        if rest.contains("\"run") || rest.contains(&run.display().to_string()) {
            found.push((name.to_string(), *count));
        }
    }
    found
}

/// The step of the checkpoint that these calls have put in its place: the files named first are `run.toml`, `run.json` and
/// `metrics.jsonl`, then the first checkpoint; the others move the one before first.
fn checkpoint_after(calls: &[(String, usize)]) -> Option<u64> {
    match calls.iter().filter(|(name, _)| name.starts_with("rename")).count() {
        0..4 => None,
        4..6 => Some(0),
        6..8 => Some(4),
        _ => Some(8),
    }
}

#[test]
fn every_fault_leaves_the_old_checkpoint_or_the_new_one() {
    let desk = Desk::new();
    if let Some(why) = unfit(&desk) {
        println!("SKIPPED: {why}");
        return;
    }
    let run = desk.path("run").canonicalize().unwrap_or_else(|_| desk.path("").canonicalize().expect("a directory").join("run"));
    let unbroken = Outcome::of(&mut desk.command(&LINE.split_whitespace().collect::<Vec<_>>()));
    unbroken.expect(0);
    let (model, sha256) = (desk.bytes("run/model.safetensors"), hash(&unbroken.document()));
    std::fs::remove_dir_all(&run).expect("a directory");
    let calls = calls(&desk, &run);
    let names: BTreeSet<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["mkdir", "openat", "flock", "write", "fsync", "unlink"] {
        assert!(names.contains(name), "no {name} in {calls:?}");
    }
    // Three checkpoints, two of which move the one before, five files beside, and the metrics, the report and its three plots.
    assert_eq!(calls.iter().filter(|(name, _)| name.starts_with("rename")).count(), 15, "{calls:?}");
    assert!(calls.len() > 60, "{calls:?}");
    let (mut begun_anew, mut gone_on, mut untouched) = (0, 0, 0);
    for (done, (name, number)) in calls.iter().enumerate() {
        let at_least = checkpoint_after(&calls[..done]);
        for fault in FAULTS {
            let _ = std::fs::remove_dir_all(&run);
            let (only, inject) = (format!("trace={name}"), format!("inject={name}:{fault}:when={number}"));
            let broken = traced(&desk, &["-o", "/dev/null", "-e", &only, "-e", &inject], LINE).output().expect("strace");
            let place = format!("{inject}: {}{}", String::from_utf8_lossy(&broken.stdout), String::from_utf8_lossy(&broken.stderr));
            assert!(!place.contains("panicked"), "{place}");
            match broken.status.code() {
                // Taking away what nobody needs may fail.
                Some(0) => untouched += 1,
                Some(1) => assert!(!fault.contains("KILL") && place.contains("\"error\":"), "{place}"),
                _ => assert!(fault.contains("KILL"), "{place}"),
            }
            if !desk.path("run/run.json").exists() {
                // Nothing had begun, or nothing is left of it: the same line works.
                let told = desk.run(LINE);
                told.expect(0);
                assert_eq!(hash(&told.document()), sha256, "{place}");
                begun_anew += 1;
                continue;
            }
            let told = desk.run("train --resume run --json");
            assert_eq!(told.code, 0, "{place}\n{}", told.report());
            assert!(!told.err.contains("damaged"), "{place}\n{}", told.report());
            assert_eq!(hash(&told.document()), sha256, "{place}");
            assert_eq!(desk.bytes("run/model.safetensors"), model, "{place}");
            assert!(desk.everything().iter().all(|path| !path.to_string_lossy().contains("partial")), "{place}");
            let after =
                told.err.split_once("goes on after step ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<u64>().ok());
            assert!(after >= at_least || told.err.contains("this run is finished"), "{place}\n{}", told.report());
            gone_on += usize::from(after.is_some());
        }
    }
    println!(
        "{} calls, {} faults: {untouched} did no harm, {gone_on} went on from a checkpoint, {begun_anew} began anew",
        calls.len(),
        3 * calls.len()
    );
    assert!(gone_on > calls.len());
}
