//! `cargo xtask bench --scale`: time and memory as networks and tables grow, and tables read and predicted.

use crate::peers::process::{median, watch};
use crate::section;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Writes the tables to docs/benchmarks.md and the plots beside it.
pub fn bench() -> Result<(), String> {
    let build = ["build", "--release", "--package", "backlit", "--bench", "scale", "--package", "backlit-cli", "--bin", "backlit"];
    let built = crate::executables(&build)?;
    let program = |name: &str| {
        let found = built.iter().find(|(target, path)| target == name && !path.is_empty());
        found.map(|(_, path)| path.as_str()).ok_or_else(|| format!("cargo built no '{name}'"))
    };
    let mut command = Command::new(program("scale")?);
    let output = command.args(["--draw", "docs"]).stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("scale failed: {}", output.status));
    }
    let text = format!("{}\n{}", String::from_utf8_lossy(&output.stdout).trim_end(), predicting(program("backlit")?)?);
    println!("{text}");
    section::write("docs/benchmarks.md", "scale", &text)
}

/// `backlit predict` on the houses again and again: how fast, and in how much memory.
fn predicting(program: &str) -> Result<String, String> {
    let folder = std::env::temp_dir().join(format!("backlit-scale-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let said = said_of(program, &folder);
    let removed = fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()));
    removed.and(said)
}

fn said_of(program: &str, folder: &std::path::Path) -> Result<String, String> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (model, output) = (path("model"), path("out.csv"));
    let trained =
        Command::new(program).args(["train", "houses", "--recipe", "plain", "--epochs", "10", "--out", &model, "--quiet"]).output();
    let trained = trained.map_err(|error| format!("{program}: {error}"))?;
    if !trained.status.success() {
        return Err(format!("backlit train failed: {}", String::from_utf8_lossy(&trained.stderr)));
    }
    let houses = fs::read_to_string("crates/backlit/data/houses.csv").map_err(|error| error.to_string())?;
    let (header, rows) = houses.split_once('\n').ok_or("houses.csv has no header")?;
    let mut text =
        String::from("\n`backlit predict` on the houses again and again, whole process, the output in a file (medians of three):\n\n");
    text += "| rows | MB | seconds | MB/s | rows/s | peak MiB |\n|---|---|---|---|---|---|\n";
    for times in [20, 200, 2000] {
        let table = path("table.csv");
        fs::write(&table, format!("{header}\n{}", rows.repeat(times))).map_err(|error| format!("{table}: {error}"))?;
        let predict = || {
            let mut command = Command::new(program);
            command.args(["predict", &model, &table, "--output", &output, "--quiet"]);
            command.spawn().map_err(|error| error.to_string())
        };
        let mut seconds = Vec::new();
        for _ in 0..3 {
            let began = Instant::now();
            let status = predict()?.wait().map_err(|error| error.to_string())?;
            seconds.push(began.elapsed().as_secs_f64());
            if !status.success() {
                return Err(format!("backlit predict failed: {status}"));
            }
        }
        let peak = watch(&mut predict()?)?;
        let (seconds, count, megabytes) = (median(seconds), 506 * times, (rows.len() * times) as f64 * 1e-6);
        let (rate, speed) = (megabytes / seconds, count as f64 / seconds);
        text += &format!("| {count} | {megabytes:.1} | {seconds:.3} | {rate:.0} | {speed:.0} | {peak:.1} |\n");
    }
    Ok(text)
}
