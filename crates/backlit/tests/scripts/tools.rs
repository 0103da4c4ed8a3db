//! Python with the packages that scripts and notebooks need, installed below `target` where the machine has none.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// `python3` that can import `module`, with the packages of a file of requirements if it must. Without it the answer is none, and the
/// terminal says what is left out and why.
pub fn python(module: &str, requirements: &str, check: &str) -> Option<Command> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let found = find(module, requirements);
    // Not through the test harness, which would swallow it.
    found.map_err(|why| writeln!(std::io::stderr(), "SKIPPED: {check}: {why}")).ok()
}

/// The folder for what the checks make.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scripts").join(name);
    std::fs::create_dir_all(&folder).expect("target is writable");
    folder
}

fn find(module: &str, requirements: &str) -> Result<Command, String> {
    let import = format!("import {module}");
    if run(Command::new("python3").args(["-c", import.as_str()])).is_ok() {
        return Ok(Command::new("python3"));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts").join(requirements);
    let wanted = std::fs::read(&file).map_err(|error| error.to_string())?;
    let packages = folder(requirements.trim_end_matches(".txt"));
    let installed = packages.join("installed.txt");
    if std::fs::read(&installed).ok().as_ref() != Some(&wanted) {
        let _ = std::fs::remove_dir_all(&packages);
        let pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "-r"];
        run(Command::new("python3").args(pip).arg(&file).arg("--target").arg(&packages))?;
        std::fs::write(installed, wanted).map_err(|error| error.to_string())?;
    }
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", &packages).env("JUPYTER_PATH", packages.join("share/jupyter"));
    run(python.args(["-c", import.as_str()]))?;
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", &packages).env("JUPYTER_PATH", packages.join("share/jupyter"));
    Ok(python)
}

/// Runs a command that must end well.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?} failed: {}", said.trim())) }
}
