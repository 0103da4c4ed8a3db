//! The programs that pages are held against. What is missing is installed below `target`; where that cannot be done, the check that
//! needs it says so and is left out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// What a check can need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// A folder with `node_modules/katex`.
    Katex,
    /// The browser.
    Chromium,
    /// A folder for PYTHONPATH that holds nbformat and cmarkgfm.
    Python,
    /// A LaTeX engine. It is only looked for: it is too large to be installed for a test.
    Latex,
}

/// Where the tool is. Without it the answer is none, and the terminal says what is left out and why.
pub fn tool(tool: Tool, check: &str) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let found = match tool {
        Tool::Katex => katex(),
        Tool::Chromium => chromium(),
        Tool::Python => python(),
        Tool::Latex => on_path(&["tectonic", "pdflatex", "xelatex", "lualatex"]).ok_or_else(|| "no LaTeX on this machine".to_owned()),
    };
    // Not through the test harness, which would swallow it.
    found.map_err(|why| writeln!(std::io::stderr(), "SKIPPED: {check}: {why}")).ok()
}

/// The folder for what the checks make.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&folder).expect("target is writable");
        folder
    })
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{command:?} failed: {}", said.trim())) }
}

fn katex() -> Result<PathBuf, String> {
    on_path(&["node"]).ok_or("no node on this machine")?;
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages");
    let folder = folder().join("katex");
    let lock = std::fs::read(from.join("package-lock.json")).map_err(|error| error.to_string())?;
    let installed = folder.join("installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|before| before == lock) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(from.join(file), folder.join(file)).map_err(|error| error.to_string())?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))?;
    std::fs::write(installed, lock).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn chromium() -> Result<PathBuf, String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    if let Some(found) = on_path(&names) {
        return Ok(found);
    }
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !root || on_path(&["apt-get"]).is_none() {
        return Err("no Chromium on this machine, and it cannot be installed (apt-get as root)".to_owned());
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-q", "-y", "--no-install-recommends", "chromium"])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    on_path(&names).ok_or_else(|| "apt-get installed no Chromium".to_owned())
}

fn python() -> Result<PathBuf, String> {
    const PINNED: [&str; 2] = ["nbformat==5.10.4", "cmarkgfm==2024.11.20"];
    on_path(&["python3"]).ok_or("no python3 on this machine")?;
    let folder = folder().join(PINNED.join("+"));
    if folder.is_dir() {
        return Ok(folder);
    }
    let part = self::folder().join("python.part");
    let _ = std::fs::remove_dir_all(&part);
    run(Command::new("python3")
        .args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
        .args(PINNED)
        .arg("--target")
        .arg(&part))?;
    std::fs::rename(&part, &folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

/// The browser on a page in a file, without a network; what it prints.
pub fn browse(chromium: &Path, name: &str, page: &str, arguments: &[String]) -> String {
    let file = folder().join(format!("{name}.html"));
    std::fs::write(&file, page).expect("target is writable");
    let profile = folder().join(format!("profile-{name}"));
    let _ = std::fs::remove_dir_all(&profile);
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]);
    command.args(["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000"]);
    command.arg(format!("--user-data-dir={}", profile.display())).args(arguments).arg(format!("file://{}", file.display()));
    let output = command.output().expect("the browser starts");
    let _ = std::fs::remove_dir_all(&profile);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the browser prints UTF-8")
}
