//! What was measured on what, and when.

use super::Timing;
use super::process::Machine;
use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;

const PYTHON: &str = "
import importlib.metadata as m, platform
found = ['Python ' + platform.python_version()]
for name in ('numpy', 'scikit-learn', 'torch', 'jax', 'jaxlib', 'optax'):
    try: found.append(name + ' ' + m.version(name))
    except m.PackageNotFoundError: pass
print(', '.join(found))";

/// A paragraph: date, machine and versions.
pub fn text(folder: &Path, machine: &Machine, timings: &[Timing]) -> String {
    let ran = |tool: &str| timings.iter().any(|timing| timing.tool.starts_with(tool));
    let mut versions = vec![format!("backlit {}", env!("CARGO_PKG_VERSION")), said("rustc", &["--version"])];
    versions.push(said(&machine.python, &["-c", PYTHON]));
    let manifest = |tool: &&str| pinned(&folder.join("rust").join(tool).join("Cargo.toml"));
    versions.extend(["candle", "burn", "hand"].iter().filter(|tool| ran(tool)).flat_map(manifest));
    if ran("fann") {
        versions.push(format!("FANN {}", said("pkg-config", &["--modversion", "fann"])));
    }
    format!(
        "Measured {} on {}; each process is pinned to as many cores as it has threads. {}.\n",
        said("date", &["-u", "+%F"]),
        processor(),
        versions.join(", ")
    )
}

/// What a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text =
        output.ok().filter(|output| output.status.success()).map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    text.unwrap_or_else(|| "(version unknown)".into())
}

/// The dependencies that a manifest pins: `name = "=1.2.3"`.
fn pinned(manifest: &Path) -> Vec<String> {
    let text = read_to_string(manifest).unwrap_or_default();
    let pin = |line: &str| {
        let (name, rest) = line.split_once(" = ")?;
        let (_, version) = rest.split_once("\"=")?;
        Some(format!("{name} {}", version.split('"').next()?))
    };
    text.lines().filter_map(pin).collect()
}

/// The processor's name, its cores and its widest instructions.
fn processor() -> String {
    let text = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of =
        |key: &str| text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value);
    let widest = ["avx512f", "avx2"].into_iter().find(|name| of("flags").split(' ').any(|flag| flag == *name)).unwrap_or("no AVX");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} cores of {} (family {}, model {}, {widest})", cores, of("model name").trim(), of("cpu family"), of("model\t"))
}
