//! The project's own chores: `cargo xtask test | docs | bench`.

mod picture;

use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test    format, lints, every test, documentation: what CI runs
cargo xtask docs    writes the generated pages of docs/ anew
cargo xtask bench   times the engine beside the same loops written by hand";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1);
    let result = match chore.as_deref() {
        Some("test") => test(),
        Some("docs") => docs(),
        Some("bench") => bench(),
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
    let mut command = vec!["bench", "--package", "backlit", "--bench", "beside_hand", "--"];
    command.extend(arguments.iter().map(String::as_str));
    run("cargo", &command, &[])
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
