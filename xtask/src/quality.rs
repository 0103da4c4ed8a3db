//! `cargo xtask quality`: how good networks are with no settings at all, beside other tools.

use std::process::{Command, Stdio};

const HELP: &str = "\
cargo xtask quality [--folds 3] [--realmlp-folds 1] [--tables NAME,…] [--tools NAME,…] [--results FILE]
Numbers are kept in target/quality.jsonl, or in --results, with what they hold for, so that a second run measures only what has changed.
The other tools are no part of this repository. Set
  PEERS_PYTHON      the Python that has numpy, pandas, scikit-learn, lightgbm and pytabkit (1.7.3) installed
  BACKLIT_TABLES    a folder with houses.csv, Servo.csv, Ozone.csv, PimaIndiansDiabetes2.csv, Vehicle.csv, digits.csv and Satellite.csv;
                    without it those of scikit-learn and the generated ones are measured";

const PAGE: &str = "docs/quality.md";

const VERSIONS: &str = "
import importlib.metadata as m, platform
names = ('numpy', 'scikit-learn', 'lightgbm', 'pytabkit', 'torch')
print(', '.join(['Python ' + platform.python_version()] + [n + ' ' + m.version(n) for n in names]))";

/// Builds ours, measures all and writes the table to docs/quality.md; a part of the tables or tools is only printed.
pub fn quality() -> Result<(), String> {
    let mut options: Vec<String> = std::env::args().skip(2).collect();
    if options.iter().any(|option| option == "--help") {
        return Err(HELP.into());
    }
    let part = options.iter().any(|option| option == "--tables" || option == "--tools");
    let python = std::env::var("PEERS_PYTHON").map_err(|_| format!("PEERS_PYTHON is not set\n{HELP}"))?;
    let built = crate::executables(&["build", "--release", "--package", "backlit-cli", "--bin", "backlit"])?;
    let program = built.iter().find(|(name, path)| name == "backlit" && !path.is_empty()).ok_or("cargo built no 'backlit'")?;
    if !options.iter().any(|option| option == "--results") {
        // Beside the release folder that the program lies in.
        let target = std::path::Path::new(&program.1).ancestors().nth(2).ok_or("the program lies in no folder")?;
        options.extend(["--results".into(), target.join("quality.jsonl").display().to_string()]);
    }
    if let Ok(folder) = std::env::var("BACKLIT_TABLES") {
        options.extend(["--data".into(), folder]);
    }
    let one_core = Command::new("taskset").args(["-c", "0", "true"]).status().is_ok_and(|status| status.success());
    let mut command = if one_core { Command::new("taskset") } else { Command::new(&python) };
    if one_core {
        command.args(["-c", "0", &python]);
    }
    command.args(["xtask/quality/quality.py", "--backlit", &program.1]).args(&options).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("{python}: {error}"))?;
    if !output.status.success() {
        return Err(format!("quality.py failed: {}", output.status));
    }
    let measured = format!(
        "Measured {} with backlit {}, {}.\n",
        said("date", &["-u", "+%F"]),
        env!("CARGO_PKG_VERSION"),
        said(&python, &["-c", VERSIONS])
    );
    let text = format!("{measured}\n{}", String::from_utf8_lossy(&output.stdout));
    println!("{text}");
    if part {
        eprintln!("> {PAGE} is written by a run of all tables and tools only");
        return Ok(());
    }
    crate::section::write(PAGE, "quality", &text)
}

/// What a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
    output.map_or_else(|| "(version unknown)".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
