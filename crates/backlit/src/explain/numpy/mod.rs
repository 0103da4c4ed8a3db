//! An opened gradient as a program: a Python script that computes every number again with NumPy, and says whether it is
//! the one that Backlit printed. The same as a notebook, between the words and equations of the page.

mod chain;
mod curve;
mod forward;
mod names;
mod noisy;
mod paths;
mod python;
mod spread;

use super::{Opened, Subject, Wording, page};
use crate::document::{self, Block, Document};
use crate::error::{Error, Kind};
use backlit_engine::explain::What;
use backlit_engine::typeset::visible;
use names::Arrays;
use noisy::Noisy;
use python::{Helpers, literal, quoted};
use spread::{Row, Spread, Step};
use std::fmt::Write;

/// Parameters and data up to which a script is written.
const NUMBERS: usize = 20_000;

/// Numbers of the forward pass up to which a script is written.
const COMPUTED: usize = 1_000_000;

/// Numbers up to which a script prints.
const PRINTED: usize = 20_000;

/// How much larger than the bound of rounding a difference may be: the engine rounds too, in another order.
const SLACK: f64 = 16.0;

/// A part of the script.
struct Section {
    /// As the page has it, where the page has it.
    title: &'static str,
    code: String,
}

/// A number that the script prints.
struct Printed {
    symbol: String,
    value: f64,
    noise: f64,
}

/// A script that is being written.
struct Script<'a> {
    opened: &'a Opened,
    wording: &'a Wording<'a>,
    subject: &'a Subject,
    arrays: Arrays<'a>,
    spread: Spread,
    /// Where the parameters are read from, if they are too many to be written out.
    file: Option<&'a str>,
    helpers: Helpers,
    sections: Vec<Section>,
    printed: Vec<Printed>,
}

/// The script. It needs NumPy alone, prints each number as `symbol = value` and ends with exit code 1 where one differs from
/// Backlit's.
pub fn numpy(opened: &Opened, wording: &Wording<'_>) -> Result<String, Error> {
    let script = Script::new(opened, wording)?;
    // The first two lines hold nothing from the data: Python looks for the file's encoding there.
    let mut text = String::from("# Written by Backlit; needs Python 3 and NumPy 1.20 or later.\n");
    text.push_str("# Each number is computed again, printed, and compared at the end with the one that Backlit printed.\n");
    let _ = writeln!(text, "#\n# {}\n", script.title());
    text.push_str(&script.beginning());
    for section in &script.sections {
        let _ = write!(text, "\n\n# {}\n\n{}", section.title, section.code);
    }
    let _ = write!(text, "\n\n# {COMPARED}\n\n{}", script.ending("SystemExit"));
    Ok(text)
}

/// The script's parts between those of the page, as a Jupyter notebook.
pub fn notebook(opened: &Opened, wording: &Wording<'_>) -> Result<String, Error> {
    let script = Script::new(opened, wording)?;
    let page = page(opened, wording);
    let code = |text: &str| Block::Code { language: "python", text: text.trim_end().to_string() };
    let mut notebook = Document::new(page.title.clone());
    let mut rest = script.sections.iter().peekable();
    let is_section = |block: &Block, title: &str| matches!(block, Block::Heading(2, words) if words == title);
    let mut blocks = page.blocks.into_iter().peekable();
    while blocks.peek().is_some_and(|block| !matches!(block, Block::Heading(2, _))) {
        notebook.blocks.extend(blocks.next());
    }
    notebook.blocks.push(code(&script.beginning()));
    let blocks: Vec<Block> = blocks.collect();
    // The page's sections in their order, each followed by its code; before them, what the page has no section for.
    for part in blocks.chunk_by(|_, next| !matches!(next, Block::Heading(2, _))) {
        let place = script.sections.iter().position(|section| is_section(&part[0], section.title));
        while let Some(section) = rest.next_if(|section| place.is_some_and(|place| section.title != script.sections[place].title)) {
            notebook.heading(2, section.title);
            notebook.blocks.push(code(&section.code));
        }
        notebook.blocks.extend(part.iter().cloned());
        if let Some(section) = place.and_then(|_| rest.next()) {
            notebook.blocks.push(code(&section.code));
        }
    }
    for section in rest {
        notebook.heading(2, section.title);
        notebook.blocks.push(code(&section.code));
    }
    notebook.heading(2, COMPARED);
    notebook.blocks.push(code(&script.ending("AssertionError")));
    Ok(document::notebook(&notebook))
}

const COMPARED: &str = "Every number compared";

impl<'a> Script<'a> {
    fn new(opened: &'a Opened, wording: &'a Wording<'a>) -> Result<Script<'a>, Error> {
        let subject = wording.subject;
        size(opened, subject)?;
        let arrays = Arrays::new(&subject.built.graph, subject.built.cost);
        let spread = Spread::new(subject, opened.explanation.place, &steps(opened, subject, &arrays));
        let file = subject.file.as_deref().filter(|_| subject.parameters.len() > NUMBERS);
        let (helpers, sections, printed) = (Helpers::default(), Vec::new(), Vec::new());
        let mut script = Script { opened, wording, subject, arrays, spread, file, helpers, sections, printed };
        script.numbers();
        script.forward()?;
        script.backward()?;
        script.chain()?;
        script.paths();
        script.by_row();
        script.update()?;
        script.units();
        Ok(script)
    }

    fn section(&mut self, title: &'static str, code: String) {
        if !code.is_empty() {
            self.sections.push(Section { title, code });
        }
    }

    /// `show("symbol", expression)`, and the number that must come out.
    fn show(&mut self, symbol: &str, expression: &str, value: f64, noise: f64) -> String {
        self.expect(symbol, value, noise);
        format!("show({}, {expression})", quoted(symbol))
    }

    /// What the script prints next.
    fn expect(&mut self, symbol: &str, value: f64, noise: f64) {
        self.printed.push(Printed { symbol: symbol.to_string(), value, noise: noise * SLACK });
    }

    /// What is explained, in words, for a comment.
    fn title(&self) -> String {
        let rows = match self.opened.explanation.rows.as_slice() {
            [row] => format!("in row {row}"),
            rows => format!("of the mean cost of {} rows", rows.len()),
        };
        comment(&format!("The gradient of the cost by {}, {rows}.", self.opened.name))
    }

    fn beginning(&self) -> String {
        let math = if self.helpers.use_math() { "import math\n\n" } else { "" };
        format!(
            "{math}import numpy as np\n\nnp.seterr(all=\"ignore\")  # np.where computes both its sides; the one not taken may overflow\n\n\
             shown = []\n\n\ndef show(symbol, value):\n    \"\"\"Prints a number and keeps it for the comparison at the end.\"\"\"\n    \
             value = float(value)\n    print(f\"{{symbol}} = {{value!r}}\")\n    shown.append((symbol, value))\n{}",
            self.helpers.definitions()
        )
    }

    /// The comparison.
    fn ending(&self, exception: &str) -> String {
        let mut text = String::from(
            "# What Backlit printed, in the same order: the symbol, the number and, where terms cancel, how far rounding may\n\
             # take two correct ways of computing it apart.\nprinted = [\n",
        );
        for Printed { symbol, value, noise } in &self.printed {
            // Said only where it is more than a tenth of what is allowed anyway.
            let noise = if *noise > 1e-10 * value.abs() { format!("{noise:.1e}") } else { "0".into() };
            let _ = writeln!(text, "    ({}, {}, {noise}),", quoted(symbol), literal(*value));
        }
        text.push_str(
            "]\n\ndiffer = []\nfor (symbol, value), (wanted, number, rounding) in zip(shown, printed):\n    \
             if symbol != wanted or not np.isclose(value, number, rtol=1e-9, atol=max(rounding, 1e-290)):\n        \
             differ.append(f\"{symbol} is {value!r}, Backlit printed {wanted} = {number!r}\")\n\
             if len(shown) != len(printed):\n    differ.append(f\"{len(shown)} numbers computed, {len(printed)} printed\")\n",
        );
        let _ = writeln!(text, "if differ:\n    raise {exception}(\"\\n\".join(differ))\nprint(f\"all {{len(printed)}} numbers agree\")");
        text
    }
}

/// Words that may hold anything, fit for a comment: on one line, with nothing that hides or turns what follows.
fn comment(words: &str) -> String {
    visible(words)
}

fn too_deep() -> Error {
    Error::new(Kind::Usage, "a formula of this network nests too deep for Python").hint("--format json")
}

fn no_script(operation: &str) -> Error {
    Error::new(Kind::Usage, format!("'{operation}' does not say what it is in NumPy, so there is no script")).hint("--format json")
}

/// For each row the steps of its paths; the chain's are those of the first.
fn steps(opened: &Opened, subject: &Subject, arrays: &Arrays<'_>) -> Vec<Vec<Step>> {
    let mut steps = vec![Vec::new(); subject.rows.len()];
    let explanation = &opened.explanation;
    let of_paths = explanation.paths.iter().flat_map(|path| path.factors.iter().map(|factor| (path.row, factor)));
    let all = explanation.chain.iter().map(|factor| (subject.rows[0], factor)).chain(of_paths);
    for (row, factor) in all {
        let (What::Local { of, by }, Some(place)) = (factor.what, subject.rows.iter().position(|&known| known == row)) else { continue };
        if let Some((_, wrt, _)) = arrays.step(of, by) {
            steps[place].push((of, wrt, by));
        }
    }
    steps
}

/// Refuses what would be no program to read.
fn size(opened: &Opened, subject: &Subject) -> Result<(), Error> {
    let rows = subject.rows.len();
    let refuse = |what: String, hint: &str| Err(Error::new(Kind::Usage, what).hint(hint.to_string()));
    let (parameters, data) = (subject.parameters.len(), subject.x.len() + subject.y.len() + subject.w.len());
    // The parameters of a model that is saved can be read from there.
    let written = if subject.file.is_some() && parameters > NUMBERS { 0 } else { parameters };
    if written + data > NUMBERS {
        let what = format!("a script holds at most {NUMBERS} numbers; here are {parameters} parameters and {data} numbers of the data");
        return refuse(
            what,
            if written > NUMBERS {
                "--format json, or a model that was trained and saved"
            } else {
                "fewer rows, with --row, or --format json"
            },
        );
    }
    let units: usize = subject.names.units.iter().sum();
    if rows * units > COMPUTED {
        let what = format!("a script computes at most {COMPUTED} activations; here are {units} units in {rows} rows");
        return refuse(what, "fewer rows, with --row, or --format json");
    }
    let paths: usize = opened.explanation.paths.iter().map(|path| path.factors.len() + 1).sum();
    if paths > PRINTED {
        return refuse(format!("a script prints at most {PRINTED} numbers; the paths listed have {paths}"), "a smaller --paths");
    }
    Ok(())
}

/// The mean over the rows of a number of each.
fn mean(rows: &[Row], of: impl Fn(&Row) -> Noisy) -> Noisy {
    use backlit_engine::formula::Number;
    Noisy::sum(rows.iter().map(of)).divide(&Noisy::exact(rows.len() as f64))
}
