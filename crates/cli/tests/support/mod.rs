//! A fresh directory in which the program runs, and what came back from each run.

// Each test file uses its own part of this.
#![allow(dead_code)]

pub mod arrays;
pub mod sha256;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every exit code of the contract.
const CODES: [i32; 8] = [0, 1, 2, 3, 4, 5, 6, 130];

/// A directory of its own, gone at the end of the test.
///
/// Most tests are about the textbook's network, so a line that trains and names no recipe, nor its run file, gets `--recipe plain`
/// here, unless it is run as typed.
pub struct Desk {
    directory: tempfile::TempDir,
    typed: bool,
}

/// What one run left behind.
pub struct Outcome {
    pub line: String,
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { directory: tempfile::tempdir().expect("a temporary directory"), typed: false }
    }

    /// With nothing added to a line.
    pub fn typed(self) -> Desk {
        Desk { typed: true, ..self }
    }

    /// A desk that holds these files.
    pub fn with(files: &[(&str, &str)]) -> Desk {
        let desk = Desk::new();
        for (name, text) in files {
            desk.write(name, text);
        }
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file on the desk");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file that the program wrote")
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file that the program wrote")
    }

    /// Every file and directory here, whatever its depth.
    pub fn everything(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.directory.path().to_path_buf()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(&directory).expect("a readable directory") {
                let path = entry.expect("a readable entry").path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                found.insert(path);
            }
        }
        found
    }

    /// The program in this directory, with nothing of the caller's terminal and colour settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backlit"));
        command.args(arguments);
        let has = |flag: &str| arguments.iter().any(|argument| argument.starts_with(flag));
        let in_file = |name: &str| std::fs::read_to_string(self.path(name)).is_ok_and(|text| text.contains("recipe"));
        let trains = arguments.iter().find(|word| !word.starts_with('-')) == Some(&"train");
        let named = arguments.iter().filter(|name| name.ends_with(".toml")).any(|name| in_file(name));
        if !self.typed && trains && !named && !["--recipe", "--resume", "--help"].into_iter().any(has) {
            command.args(["--recipe", "plain"]);
        }
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs a line whose arguments hold no spaces.
    pub fn run(&self, line: &str) -> Outcome {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_words(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs a line that must end well.
    pub fn fine(&self, line: &str) -> Outcome {
        let outcome = self.run(line);
        outcome.expect(0);
        outcome
    }

    /// Opens a gradient in every form and notation. `model`: and its table
    pub fn opens(&self, model: &str, parameter: &str) {
        for rows in ["--row 7", "--row 0-4"] {
            let opened = self.json(&format!("explain {model} {rows} --parameter {parameter}"));
            assert_eq!(opened["routes"]["agrees"], true, "{parameter} {rows}");
        }
        for format in ["text", "markdown", "latex", "html", "svg"] {
            self.fine(&format!("explain {model} --row 7 --parameter {parameter} --format {format}"));
        }
        for notation in ["za", "net-out", "explicit", "dvalues"] {
            self.fine(&format!("explain {model} --row 7 --parameter {parameter} --notation {notation}"));
        }
    }

    /// Runs a line with `--json` that must end well.
    pub fn json(&self, line: &str) -> Value {
        self.fine(&format!("{line} --json")).document()
    }
}

impl Outcome {
    /// Waits for the program, and holds it to what is true of every run: a code of the contract and no panic.
    pub fn of(command: &mut Command) -> Outcome {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        Outcome::from_output(words.join(" "), &command.output().expect("the program starts"))
    }

    pub fn from_output(line: String, output: &Output) -> Outcome {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output in UTF-8");
        let code = output.status.code().unwrap_or_else(|| panic!("backlit {line}: ended by {}", output.status));
        let outcome = Outcome { line, code, out: text(&output.stdout), err: text(&output.stderr) };
        let panicked = ["panicked", "RUST_BACKTRACE", "stack backtrace"];
        assert!(!panicked.iter().any(|word| outcome.out.contains(word) || outcome.err.contains(word)), "panic: {}", outcome.report());
        assert!(CODES.contains(&outcome.code), "no code of the contract: {}", outcome.report());
        outcome
    }

    pub fn report(&self) -> String {
        let shorten = |text: &str| text.chars().take(3000).collect::<String>();
        format!("backlit {}\nexit code {}\nstdout:\n{}\nstderr:\n{}", self.line, self.code, shorten(&self.out), shorten(&self.err))
    }

    pub fn expect(&self, code: i32) {
        assert_eq!(self.code, code, "{}", self.report());
    }

    /// Stdout as the one JSON document that it must be.
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("stdout is not one JSON document ({error}): {}", self.report()))
    }

    pub fn says(&self, needles: &[&str]) {
        for needle in needles {
            assert!(self.out.contains(needle), "stdout does not say {needle:?}: {}", self.report());
        }
    }

    pub fn complains(&self, needles: &[&str]) {
        for needle in needles {
            assert!(self.err.contains(needle), "stderr does not say {needle:?}: {}", self.report());
        }
    }
}

/// The hash of a run's parameters, out of its JSON.
pub fn hash(document: &Value) -> String {
    let hash = document["weights_sha256"].as_str().expect("weights_sha256");
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    hash.to_string()
}

/// A number of a JSON document.
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("expected a number, came {value}"))
}

/// The numbers of a list, or of a list of lists row by row.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![number(other)],
    }
}

/// `[rows, columns]` of a list of lists, `[length]` of a list.
pub fn shape(value: &Value) -> Vec<usize> {
    match value {
        Value::Array(items) => {
            let inner = items.first().map(shape).unwrap_or_default();
            assert!(items.iter().all(|item| shape(item) == inner), "ragged: {value}");
            [vec![items.len()], inner].concat()
        }
        _ => vec![],
    }
}

/// Holds `given` to `expected`: apart by at most `bound` times the larger of |expected| and `scale`.
pub fn close(what: &str, given: f64, expected: f64, bound: f64, scale: f64) {
    let allowed = bound * expected.abs().max(scale);
    assert!((given - expected).abs() <= allowed, "{what}: {given:?} given, {expected:?} expected, apart by more than {allowed:e}");
}

/// The cells of a CSV text below its header.
pub fn cells(text: &str) -> Vec<Vec<f64>> {
    let number = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("no number: {cell:?}"));
    text.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect()
}

/// The bundled table `name` as the shared data hold it: header, rows.
pub fn bundled(name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../backlit/data").join(format!("{name}.csv"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (text.lines().next().expect("a header").split(',').map(str::to_string).collect(), cells(&text))
}

/// Numbers between 0 and 1 without pattern, by a generator of its own: xorshift64*, Vigna 2016.
pub struct Noise(pub u64);

impl Noise {
    /// The next number.
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }
}
