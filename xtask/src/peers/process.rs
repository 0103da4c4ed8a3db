//! The tools as processes: where they are, how they are pinned and timed.

use super::Timing;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The name of ours.
pub const OURS: &str = "backlit";

/// A program that runs workloads and prints one line of JSON for each.
pub struct Tool {
    pub name: String,
    pub command: Vec<String>,
    /// The program and options of W9: a whole process.
    startup: Vec<String>,
    workloads: Vec<String>,
}

impl Tool {
    pub fn does(&self, workload: &str) -> bool {
        workload == "W9" || self.workloads.iter().any(|own| own == workload)
    }

    pub fn is_there(&self) -> bool {
        Path::new(&self.command[0]).exists()
    }
}

/// Ours, freshly built.
pub fn ours() -> Result<Tool, String> {
    let arguments = ["build", "--release", "--package", "backlit", "--bench", "workloads", "--example", "startup"];
    let workloads = super::CHOSEN[..8].iter().map(|(workload, _)| workload.to_string()).collect();
    let built = crate::executables(&arguments)?;
    let program = |name: &str| {
        let found = built.iter().find(|(target, _)| target == name);
        found.map(|(_, path)| vec![path.clone()]).ok_or_else(|| format!("cargo built no '{name}'"))
    };
    Ok(Tool { name: OURS.into(), command: program("workloads")?, startup: program("startup")?, workloads })
}

/// Where all runs.
pub struct Machine {
    pub python: String,
    houses: String,
    pins: bool,
}

impl Machine {
    pub fn new() -> Result<Machine, String> {
        let houses = || Path::new("crates/backlit/data/houses.csv").canonicalize().map(|path| path.display().to_string());
        Ok(Machine {
            python: std::env::var("PEERS_PYTHON").unwrap_or_else(|_| "python3".into()),
            houses: std::env::var("PEERS_HOUSES_CSV").or_else(|_| houses()).map_err(|error| format!("houses.csv: {error}"))?,
            pins: Command::new("taskset").arg("--version").output().is_ok(),
        })
    }

    /// The tools that run.py lists: name, workloads, command.
    pub fn rivals(&self, folder: &Path) -> Result<Vec<Tool>, String> {
        let mut command = Command::new(&self.python);
        let output = command.arg(folder.join("run.py")).arg("--list").output().map_err(|error| format!("{}: {error}", self.python))?;
        if !output.status.success() {
            return Err(format!("run.py --list failed: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let tool = |line: &str| {
            let mut words = line.split_whitespace().map(str::to_string);
            let (name, workloads) = (words.next()?, words.next()?);
            let command: Vec<String> = words.collect();
            let startup = command.iter().cloned().chain(["--w9".to_string()]).collect();
            Some(Tool { name, command, startup, workloads: workloads.split(',').map(str::to_string).collect() })
        };
        Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(tool).collect())
    }

    /// One run of a tool. Ours must succeed; another that fails is left out, aloud.
    pub fn time(&self, tool: &Tool, workload: &str, threads: usize, round: usize, repetitions: usize) -> Result<Option<Timing>, String> {
        let timed = match workload {
            "W9" => self.startup(tool, threads, repetitions),
            _ => self.lines(tool, workload, threads, repetitions),
        };
        match timed {
            Ok((seconds, check, peak)) => {
                let (workload, tool) = (workload.to_string(), tool.name.clone());
                Ok(Some(Timing { workload, tool, threads, round, seconds, check, peak }))
            }
            Err(message) if tool.name == OURS => Err(format!("{workload}: {message}")),
            Err(message) => {
                eprintln!("> {} is left out: {message}", tool.name);
                Ok(None)
            }
        }
    }

    /// Seconds a unit, and the check.
    fn lines(&self, tool: &Tool, workload: &str, threads: usize, repetitions: usize) -> Result<Measured, String> {
        // NumPy's W3 is a loop over rows, as a notebook has it; its W3b is the same over all rows at once.
        let own = if tool.workloads.iter().any(|own| own == "W3b") && workload == "W3" { "W3b" } else { workload };
        let mut command = self.command(&tool.command, threads);
        command.args(["--workloads", own, "--reps", &repetitions.to_string()]);
        let output = command.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(last_line(&output.stderr));
        }
        // A tool may do a workload in several ways; its fastest counts.
        let text = String::from_utf8_lossy(&output.stdout);
        let measured = text.lines().filter(|line| line.starts_with('{')).filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let seconds = line["secs"].as_array()?.iter().filter_map(Value::as_f64).collect();
            Some((median(seconds) / line["n"].as_f64()?, line["check"].as_f64(), None))
        });
        measured.min_by(|a, b| a.0.total_cmp(&b.0)).ok_or_else(|| "it printed no line with n and secs".into())
    }

    /// Seconds of a whole process, and its peak memory in MiB, from runs of their own.
    fn startup(&self, tool: &Tool, threads: usize, repetitions: usize) -> Result<Measured, String> {
        let start = || self.command(&tool.startup, threads).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut seconds = Vec::new();
        for _ in 0..=repetitions {
            let began = Instant::now();
            let output = start().and_then(|child| child.wait_with_output()).map_err(|error| error.to_string())?;
            seconds.push(began.elapsed().as_secs_f64());
            if !output.status.success() {
                return Err(last_line(&output.stderr));
            }
        }
        // The first run also reads the program from disk.
        seconds.remove(0);
        let mut peak = 0.0f64;
        for _ in 0..repetitions {
            let mut child = start().map_err(|error| error.to_string())?;
            peak = peak.max(watch(&mut child)?);
        }
        Ok((median(seconds), None, Some(peak)))
    }

    /// The command on its first `threads` cores, with every thread pool told.
    fn command(&self, line: &[String], threads: usize) -> Command {
        let cores = if threads == 1 { "0".to_string() } else { format!("0-{}", threads - 1) };
        let mut words: Vec<&str> = line.iter().map(String::as_str).collect();
        if self.pins {
            words = [&["taskset", "-c", cores.as_str()], &words[..]].concat();
        }
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("PEER_THREADS", threads.to_string()).env("PEERS_HOUSES_CSV", &self.houses);
        command.env("PEER_QUICK", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        for pool in ["OMP", "MKL", "OPENBLAS", "RAYON", "NUMEXPR", "MATMUL"] {
            command.env(format!("{pool}_NUM_THREADS"), threads.to_string());
        }
        command
    }
}

/// Seconds, check, peak.
type Measured = (f64, Option<f64>, Option<f64>);

/// The peak memory of a process in MiB, asked for until it ends: the system forgets it then.
pub fn watch(child: &mut std::process::Child) -> Result<f64, String> {
    let (path, began, mut peak) = (format!("/proc/{}/status", child.id()), Instant::now(), 0.0);
    loop {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        let now = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
        peak = now.map_or(peak, |kib| kib / 1024.0);
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            return Ok(peak);
        }
        // Short processes are watched closely.
        if began.elapsed() > Duration::from_millis(100) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn last_line(text: &[u8]) -> String {
    String::from_utf8_lossy(text).lines().last().unwrap_or("it failed").to_string()
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        n => (numbers[(n - 1) / 2] + numbers[n / 2]) / 2.0,
    }
}
