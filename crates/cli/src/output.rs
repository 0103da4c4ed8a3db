//! Where words and numbers go: results to stdout, everything else to stderr, errors to both with `--json`.

use crate::arguments::{Color, Common};
use backlit::engine::train::Divergence;
use backlit::engine::typeset::visible;
use backlit::error::Error;
use backlit::fallen::Fallen;
pub use backlit::report::number;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// The person's terminal, or whatever reads in their place.
pub struct Screen {
    json: bool,
    quiet: bool,
    color: bool,
    /// Whether a progress bar can be drawn.
    pub draws: bool,
}

impl Screen {
    /// Looks at the flags and at what stdout is.
    pub fn new(common: &Common) -> Screen {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match common.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal() && !no_color && !common.json && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Screen { json: common.json, quiet: common.quiet, color, draws: std::io::stderr().is_terminal() && !common.quiet }
    }

    /// Whether programs read the result.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether only results are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// The result for people. Nothing with `--json`.
    pub fn result(&self, text: &str) {
        if !self.json {
            write(&mut std::io::stdout(), text);
        }
    }

    /// A result in the form that was asked for.
    pub fn print(&self, text: &str) {
        write(&mut std::io::stdout(), text);
    }

    /// A part of a long result in the form that was asked for; false where its reader went away.
    pub fn part(&self, bytes: &[u8]) -> bool {
        is_read(&mut std::io::stdout(), bytes)
    }

    /// What a person may like to know besides. Nothing with `--quiet`; to stderr with `--json`.
    pub fn say(&self, text: &str) {
        match (self.quiet, self.json) {
            (true, _) => {}
            (false, true) => write(&mut std::io::stderr(), text),
            (false, false) => write(&mut std::io::stdout(), text),
        }
    }

    /// A remark about choices and dangers, to stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            write(&mut std::io::stderr(), &format!("note: {text}\n"));
        }
    }

    /// A line for programs while the work goes on, to stderr.
    pub fn event(&self, line: &str) {
        write(&mut std::io::stderr(), line);
    }

    /// The result for programs. Nothing without `--json`.
    pub fn document(&self, document: &Value) {
        if self.json {
            write(&mut std::io::stdout(), &format!("{document}\n"));
        }
    }

    /// Prints an error and gives its exit code.
    pub fn error(&self, error: &Error) -> ExitCode {
        self.failure(error, &error_document(error));
        ExitCode::from(error.kind.exit_code())
    }

    /// Prints an error to people, and a document that holds it to programs.
    pub fn failure(&self, error: &Error, document: &Value) {
        // A name from a file must not move the terminal's cursor, nor turn its text around.
        let lines: Vec<String> = error.to_string().lines().map(visible).collect();
        write(&mut std::io::stderr(), &format!("{} {}\n", self.paint("error:", "1;31"), lines.join("\n")));
        self.document(document);
    }

    /// Text in bold, where there is colour.
    pub fn bold(&self, text: &str) -> String {
        self.paint(text, "1")
    }

    /// Text in green or red, where there is colour.
    pub fn verdict(&self, text: &str, good: bool) -> String {
        self.paint(text, if good { "32" } else { "1;31" })
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}

/// An error as the contract has it.
pub fn error_document(error: &Error) -> Value {
    let mut inner = json!({ "code": error.kind.code(), "message": error.message });
    let places = [
        ("file", error.file.clone().map(Value::from)),
        ("row", error.row.map(Value::from)),
        ("column", error.column.clone().map(Value::from)),
        ("key", error.key.clone().map(Value::from)),
        ("try", error.hint.clone().map(Value::from)),
    ];
    for (name, value) in places {
        if let Some(value) = value {
            inner[name] = value;
        }
    }
    let mut document = json!({ "error": inner });
    if let Some(one) = &error.fallen {
        document["divergence"] = fallen(one);
    }
    document
}

/// Where a training left the finite numbers; all but its rate counted from 1.
pub fn divergence(of: &Divergence) -> Value {
    json!({ "step": of.step, "epoch": of.epoch + 1, "layer": of.layer, "place": of.place, "learning_rate": of.rate })
}

/// The same with which of several it was.
pub fn fallen(of: &Fallen) -> Value {
    let mut place = divergence(&of.divergence);
    place[of.word] = json!(of.number + 1);
    place
}

/// What clap found wrong with the arguments, or the help that was asked for.
pub fn usage(error: &clap::Error, json: bool) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() && json {
        let text = error.to_string();
        let about: Vec<&str> =
            text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim).filter(|line| !line.is_empty()).collect();
        let message = about.join(" ").trim_start_matches("error: ").to_string();
        write(&mut std::io::stdout(), &format!("{}\n", json!({ "error": { "code": "usage", "message": message } })));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// Writes all of it. A reader that went away (`| head`) is no error.
fn write(to: &mut dyn Write, text: &str) {
    is_read(to, text.as_bytes());
}

/// Writes all of it; false where the reader went away.
fn is_read(to: &mut dyn Write, bytes: &[u8]) -> bool {
    match to.write_all(bytes).and_then(|()| to.flush()) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => false,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: cannot write the output: {error}");
            std::process::exit(1);
        }
    }
}

/// A measure for reading; `-` where it is not defined.
pub fn measure(value: Option<f64>) -> String {
    value.map_or("-".into(), number)
}

/// Lines of cells under each other, right-aligned but for the first column.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|row| row.get(c)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(c, cell)| {
            let space = " ".repeat(widths[c] - cell.chars().count());
            if c == 0 { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
