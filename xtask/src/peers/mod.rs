//! `cargo xtask bench --peers`: nine workloads, ours beside other tools, in turn and in one run.
//!
//! A machine may change its speed for tens of seconds, so no time stands alone: in each round every tool runs once, rounds
//! alternate in their order, and a ratio is the median of the rounds' ratios.

pub mod process;
mod table;
mod versions;

use crate::section;
use process::{Machine, Tool};
use std::path::PathBuf;

const HELP: &str = "\
cargo xtask bench --peers [--workloads W1,W9] [--peers hand,jax] [--threads 1,2] [--rounds 5] [--reps 3]
The other tools are no part of this repository. Set
  BACKLIT_PEERS     a folder with run.py, which lists the tools' programs; its README tells how to set them up
  PEERS_PYTHON      the Python that has them installed
  PEERS_BUILD       where the compiled ones are
  PEERS_HOUSES_CSV  the table of 506 houses; the bundled one if unset";

/// The tools that run beside ours unless others are asked for. The first ones are loops by hand, no tools.
const CHOSEN: [(&str, &[&str]); 9] = [
    ("W1", &["hand", "fann-f64", "jax", "numpy"]),
    ("W2", &["hand", "fann-f32", "fann-f64", "jax", "numpy"]),
    ("W3", &["hand", "jax", "numpy", "candle"]),
    ("W4", &["hand-train", "jax", "torch-fused"]),
    ("W5", &["hand-train", "torch-eager", "torch-fused", "jax"]),
    ("W6", &["hand-train", "jax"]),
    ("W7", &["hand-train", "candle", "numpy", "jax", "torch-eager"]),
    ("W8", &["hand-train", "jax", "sklearn"]),
    ("W9", &["hand", "burn-flex", "candle", "numpy"]),
];

/// What was asked for.
struct Options {
    workloads: Vec<String>,
    /// None for those of `CHOSEN`.
    peers: Option<Vec<String>>,
    threads: Vec<usize>,
    rounds: usize,
    repetitions: usize,
}

/// One run of one tool.
pub struct Timing {
    workload: String,
    tool: String,
    threads: usize,
    round: usize,
    /// For one unit, the median of the repetitions.
    seconds: f64,
    check: Option<f64>,
    /// MiB, of whole processes only.
    peak: Option<f64>,
}

/// Runs all and writes the table to docs/benchmarks.md; a part of the workloads is only printed.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    let options = options(arguments)?;
    let folder = std::env::var("BACKLIT_PEERS").map_err(|_| format!("BACKLIT_PEERS is not set\n{HELP}"))?;
    let folder = PathBuf::from(folder);
    let machine = Machine::new()?;
    let ours = process::ours()?;
    let rivals = machine.rivals(&folder)?;
    let mut timings = Vec::new();
    for workload in &options.workloads {
        let tools = chosen(&options, workload, &rivals)?;
        for round in 0..options.rounds {
            for &threads in &options.threads {
                let mut tools: Vec<&Tool> = std::iter::once(&ours).chain(tools.iter().copied()).collect();
                if round % 2 == 1 {
                    tools.reverse();
                }
                for tool in tools {
                    eprintln!("> {workload}, round {} of {}, {threads} thread(s): {}", round + 1, options.rounds, tool.name);
                    timings.extend(machine.time(tool, workload, threads, round, options.repetitions)?);
                }
            }
        }
    }
    let text = format!("{}\n{}", versions::text(&folder, &machine, &timings), table::text(&timings, &options.workloads, &options.threads));
    println!("{text}");
    if options.workloads.len() < CHOSEN.len() || options.peers.is_some() {
        eprintln!("> docs/benchmarks.md is written by a run of all workloads beside the usual tools only");
        return Ok(());
    }
    section::write("docs/benchmarks.md", "peers", &text)
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let words = |text: &str| text.split(',').map(str::to_string).collect::<Vec<_>>();
    let all = CHOSEN.iter().map(|(workload, _)| workload.to_string()).collect();
    let mut options = Options { workloads: all, peers: None, threads: vec![1, 2], rounds: 5, repetitions: 3 };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} needs a value\n{HELP}"));
        let number = |text: &String| text.parse().map_err(|_| format!("expected a number, came '{text}'"));
        match argument.as_str() {
            "--peers" => {
                // The first one says what to do; a list may follow it or stand in a second one.
                if let Some(list) = rest.as_slice().first().filter(|next| !next.starts_with("--")) {
                    options.peers = Some(words(list));
                    rest.next();
                }
            }
            "--workloads" => options.workloads = words(value()?),
            "--threads" => options.threads = value()?.split(',').map(|n| number(&n.to_string())).collect::<Result<_, _>>()?,
            "--rounds" => options.rounds = number(value()?)?,
            "--reps" => options.repetitions = number(value()?)?,
            other => return Err(format!("no option '{other}'\n{HELP}")),
        }
    }
    match options.workloads.iter().find(|wanted| CHOSEN.iter().all(|(workload, _)| workload != wanted)) {
        Some(unknown) => Err(format!("no workload '{unknown}'; there are W1 to W9")),
        None => Ok(options),
    }
}

/// The tools to run beside ours; those that are not set up are left out, aloud.
fn chosen<'a>(options: &Options, workload: &str, rivals: &'a [Tool]) -> Result<Vec<&'a Tool>, String> {
    let of_workload = CHOSEN.iter().filter(|(name, _)| *name == workload).flat_map(|(_, tools)| tools.iter().map(|tool| tool.to_string()));
    let names = options.peers.clone().unwrap_or_else(|| of_workload.collect());
    let mut tools = Vec::new();
    for name in names {
        let known = || rivals.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ");
        let tool = rivals.iter().find(|tool| tool.name == name).ok_or_else(|| format!("no tool '{name}'; there are {}", known()))?;
        match (tool.does(workload), tool.is_there()) {
            (true, true) => tools.push(tool),
            (true, false) => eprintln!("> {name} is left out: '{}' is not there", tool.command[0]),
            (false, _) => {}
        }
    }
    Ok(tools)
}
