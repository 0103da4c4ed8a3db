//! The project's own chores: `cargo xtask test | docs | bench | quality`.

mod peers;
mod picture;
mod quality;
mod scale;
mod section;

use serde_json::Value;
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test    format, lints, every test, documentation: what CI runs
cargo xtask docs    writes the generated pages of docs/ anew
cargo xtask bench   times the engine beside the same loops written by hand
  --peers           nine workloads beside other tools, which must be set up; --peers --help tells how
  --scale           time and memory as networks and tables grow
cargo xtask quality  trains tables beside other tools, which must be set up; --help tells how";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1);
    let result = match chore.as_deref() {
        Some("test") => test(),
        Some("docs") => docs(),
        Some("bench") => bench(),
        Some("quality") => quality::quality(),
        _ => Err(HELP.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<(), String> {
    run("cargo", &["fmt", "--all", "--check"], &[])?;
    run("cargo", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])?;
    run("cargo", &["test", "--workspace", "--locked"], &[])?;
    run("cargo", &["doc", "--workspace", "--no-deps", "--locked"], &[("RUSTDOCFLAGS", "-D warnings")])
}

fn docs() -> Result<(), String> {
    picture::draw()?;
    run("cargo", &["test", "--package", "backlit-engine", "--test", "accuracy"], &[("BACKLIT_BLESS", "1")])
}

fn bench() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    if arguments.first().is_some_and(|first| first == "--peers") {
        return peers::bench(&arguments);
    }
    if arguments.first().is_some_and(|first| first == "--scale") {
        return scale::bench();
    }
    let mut command = vec!["bench", "--package", "backlit", "--bench", "beside_hand", "--"];
    command.extend(arguments.iter().map(String::as_str));
    run("cargo", &command, &[])
}

/// Builds with cargo; gives each program's name and path.
fn executables(arguments: &[&str]) -> Result<Vec<(String, String)>, String> {
    let line = format!("cargo {}", arguments.join(" "));
    eprintln!("> {line}");
    let mut command = Command::new("cargo");
    command.args(arguments).arg("--message-format=json-render-diagnostics").stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|error| format!("'{line}' cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("'{line}' failed: {}", output.status));
    }
    let built = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        Some((message["target"]["name"].as_str()?.to_string(), message["executable"].as_str()?.to_string()))
    };
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(built).collect())
}

/// Runs a program, shows what it is, and says so if it fails.
fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("> {line}");
    let status = Command::new(program).args(arguments).envs(environment.iter().copied()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("'{line}' failed: {status}")),
        Err(error) => Err(format!("'{line}' cannot be started: {error}")),
    }
}
