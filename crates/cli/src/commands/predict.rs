//! `backlit predict`: raw rows in, predictions in the user's units out.
//!
//! A file is read, predicted and written some rows at a time, so that it may be of any size. The rows of a run file are held
//! whole: its standardization needs them all. The document for programs, too, waits for the last row, outside of memory.

use super::{initial_or_saved, model_and_rows, threads};
use crate::arguments::{Common, Predict};
use crate::output::Screen;
use backlit::data::{BUNDLED, Header, Reader};
use backlit::error::{Error, Kind};
use backlit::files::{self, Aside, Whole};
use backlit::metrics::most_probable;
use backlit::model_file::{Metadata, Task};
use backlit::predictor::Predictor;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Numbers of a block of rows.
const BLOCK: usize = 1 << 15;

pub fn run(arguments: &Predict, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let data = arguments.data.as_deref();
    files::spares(arguments.output.as_deref(), &[Some(&arguments.model), data.map(Path::new)])?;
    let (model, mut rows) = match data.filter(|data| !BUNDLED.contains(data)) {
        Some(file) => {
            let model = initial_or_saved(&arguments.model, common, screen)?;
            let rows = Rows::open(file, &model.metadata, common, screen)?;
            (model, rows)
        }
        None => {
            let (model, rows, source) = model_and_rows(&arguments.model, data, false, common, screen)?;
            (model, Rows::Held { source, x: rows.x })
        }
    };
    let predictor = Predictor::new(&model, threads(common));
    let mut outputs_of = predictor.blocks();
    let interval = Interval::of(arguments.interval, &model.metadata, &arguments.model)?;
    if let (Some(_), Some(residuals)) = (&interval, &model.metadata.residuals) {
        residuals.doubts(&model.metadata.training).iter().for_each(|doubt| screen.note(doubt));
    }
    let prediction = Prediction { metadata: &model.metadata, names: model.metadata.class_names(), interval };
    let mut out = Out {
        file: arguments.output.as_deref().map(Whole::create).transpose()?,
        document: screen.is_json().then(Document::default),
        values: prediction.values(),
        labels: prediction.labels(),
        screen,
    };
    if let Some(unfinished) = out.file.as_ref().and_then(Whole::unfinished).map(Path::to_path_buf) {
        // Without a handler Ctrl-C still ends the program, but leaves the unfinished file behind.
        let _ = ctrlc::set_handler(move || {
            let _ = std::fs::remove_file(&unfinished);
            std::process::exit(130);
        });
    }
    let (mut done, mut text, inputs) = (0, prediction.head(), model.metadata.inputs.len());
    loop {
        let x = rows.next(inputs)?;
        if x.is_empty() {
            break;
        }
        let count = x.len() / inputs;
        let outputs = outputs_of(count, &x);
        let width = outputs.len() / count;
        if let Some(row) = outputs.chunks_exact(width).position(|line| line.iter().any(|number| !number.is_finite())) {
            let message = "the prediction is not a finite number; this row lies far outside of what the model was trained on";
            return Err(Error::new(Kind::Data, message).file(rows.source()).row(done + row));
        }
        let (width, outputs) = prediction.with_interval(width, outputs);
        let classes = prediction.classes(width, &outputs);
        prediction.lines(width, &outputs, classes.as_deref(), &mut text);
        if !out.take(&text, width, &outputs, classes.as_deref())? {
            return Ok(0);
        }
        text.clear();
        done += count;
    }
    rows.notes().iter().for_each(|note| screen.note(note));
    if let (Some(file), Some(path)) = (out.file, &arguments.output) {
        file.finish()?;
        screen.say(&format!("{done} predictions written to {}\n", path.display()));
    }
    if let Some(document) = out.document {
        document.print(done, &prediction, screen)?;
    }
    Ok(0)
}

/// Raw rows, block after block.
enum Rows {
    /// What is left of them: rows × inputs.
    Held { source: String, x: Vec<f64> },
    /// A file, where the model's inputs stand in it, and room for a block of it.
    File { reader: Box<Reader<'static>>, places: Vec<usize>, raw: Vec<f64> },
}

impl Rows {
    fn open(file: &str, metadata: &Metadata, common: &Common, screen: &Screen) -> Result<Rows, Error> {
        let header = Header::for_model(metadata, common.first_line());
        let reader = Box::new(Reader::open_as(Path::new(file), &header)?.for_model(metadata).encoded(&metadata.encoder(false, |_| false))?);
        reader.notes.iter().for_each(|note| screen.note(note));
        let places = reader.indices(&metadata.inputs)?;
        Ok(Rows::File { reader, places, raw: Vec::new() })
    }

    fn source(&self) -> &str {
        match self {
            Rows::Held { source, .. } => source,
            Rows::File { reader, .. } => &reader.source,
        }
    }

    /// What a person should be told about the rows read.
    fn notes(&self) -> Vec<String> {
        match self {
            Rows::Held { .. } => Vec::new(),
            Rows::File { reader, .. } => reader.strange(),
        }
    }

    /// The next rows × inputs; empty: there are no more.
    fn next(&mut self, inputs: usize) -> Result<Vec<f64>, Error> {
        match self {
            Rows::Held { x, .. } => Ok(std::mem::take(x)),
            Rows::File { reader, places, raw } => {
                let width = reader.columns.len();
                raw.clear();
                let rows = reader.next((BLOCK / width).max(1).next_multiple_of(GROUP), raw)?;
                let mut x = Vec::with_capacity(rows * inputs);
                for row in raw.chunks_exact(width) {
                    x.extend(places.iter().map(|&place| row[place]));
                }
                Ok(x)
            }
        }
    }
}

/// Blocks are multiples of it, so that their numbers do not depend on where one ends.
const GROUP: usize = backlit::engine::step::GROUP;

/// Where predictions go.
struct Out<'a> {
    file: Option<Whole>,
    document: Option<Document>,
    /// The classes, for the document.
    values: Vec<Value>,
    /// Of labels how many there are: so many classes stand in a row.
    labels: Option<usize>,
    screen: &'a Screen,
}

impl Out<'_> {
    /// Takes a block, as text and as numbers; false: nobody reads it any more.
    fn take(&mut self, text: &[u8], width: usize, outputs: &[f64], classes: Option<&[usize]>) -> Result<bool, Error> {
        if let Some(document) = &mut self.document {
            let values: Option<Vec<&Value>> = classes.map(|classes| classes.iter().map(|&class| &self.values[class]).collect());
            let values = values.map(|values| match self.labels {
                Some(count) => values.chunks(count).map(|row| json!(row)).collect(),
                None => values.into_iter().cloned().collect(),
            });
            document.add(width, outputs, values)?;
        }
        match &mut self.file {
            Some(file) => file.write(text).map(|()| true),
            None => Ok(self.document.is_some() || self.screen.part(text)),
        }
    }
}

/// The long lists of the result for programs, put aside until all rows are predicted.
#[derive(Default)]
struct Document {
    outputs: Aside,
    predicted: Aside,
    begun: bool,
}

impl Document {
    fn add(&mut self, width: usize, outputs: &[f64], classes: Option<Vec<Value>>) -> Result<(), Error> {
        let lines: Vec<&[f64]> = outputs.chunks_exact(width).collect();
        self.outputs.write(items(serde_json::to_string(&lines), self.begun).as_bytes())?;
        if let Some(classes) = classes {
            self.predicted.write(items(serde_json::to_string(&classes), self.begun).as_bytes())?;
        }
        self.begun = true;
        Ok(())
    }

    fn print(self, rows: usize, prediction: &Prediction<'_>, screen: &Screen) -> Result<(), Error> {
        let metadata = prediction.metadata;
        let mut short = json!({ "rows": rows, "targets": metadata.targets, "columns": prediction.columns(), "outputs": null });
        if prediction.is_class() {
            let values = prediction.values();
            short["classes"] =
                if prediction.labels().is_some() { values.chunks(2).map(|both| json!(both)).collect() } else { json!(values) };
            short["predicted"] = Value::Null;
        }
        if let Some(Interval { level, half_widths }) = &prediction.interval {
            short["interval"] = json!({ "level": level, "half_widths": half_widths });
        }
        let (mut outputs, mut predicted) = (Some(self.outputs), Some(self.predicted));
        for (place, (key, value)) in short.as_object().into_iter().flatten().enumerate() {
            screen.part(format!("{}{}:", if place == 0 { '{' } else { ',' }, json!(key)).as_bytes());
            let long = match key.as_str() {
                "outputs" => outputs.take(),
                "predicted" => predicted.take(),
                _ => None,
            };
            match long {
                None => {
                    screen.part(value.to_string().as_bytes());
                }
                Some(list) => {
                    screen.part(b"[");
                    list.take(|piece| {
                        screen.part(piece);
                    })?;
                    screen.part(b"]");
                }
            }
        }
        screen.part(b"}\n");
        Ok(())
    }
}

/// The items of a list as it stands in a document, behind others if there are any.
fn items(list: serde_json::Result<String>, behind: bool) -> String {
    let list = list.expect("a list of numbers");
    format!("{}{}", if behind { "," } else { "" }, &list[1..list.len() - 1])
}

struct Prediction<'a> {
    metadata: &'a Metadata,
    /// What the classes are called.
    names: Vec<String>,
    interval: Option<Interval>,
}

/// Around each predicted number.
struct Interval {
    level: f64,
    /// For each target how far it reaches to either side.
    half_widths: Vec<f64>,
}

impl Interval {
    /// What the model's errors on rows kept aside give for a level, if one is asked for.
    fn of(level: Option<f64>, metadata: &Metadata, model: &Path) -> Result<Option<Interval>, Error> {
        let Some(level) = level else { return Ok(None) };
        let wrong = |message: String| Error::new(Kind::Usage, format!("--interval: {message}"));
        if !(level > 0.0 && level < 1.0) {
            return Err(wrong(format!("expected a share between 0 and 1, came {level}")));
        }
        if metadata.task != Task::Regression {
            return Err(wrong("intervals are for a regression".into()).file(model.display()));
        }
        let Some(residuals) = &metadata.residuals else {
            let message = "it takes the errors on rows kept aside or out of folds at training, and this model has none".into();
            return Err(wrong(message).file(model.display()).hint("train with --validation 0.2, or with --folds 10"));
        };
        let half_widths = residuals.half_widths(level).map_err(|needed| {
            wrong(format!("a level of {level} takes {needed} rows kept aside at training, there were {}", residuals.rows))
                .file(model.display())
                .hint("a smaller level, or train with a larger --validation")
        })?;
        Ok(Some(Interval { level, half_widths }))
    }
}

impl Prediction<'_> {
    /// Whether a class is predicted.
    fn is_class(&self) -> bool {
        matches!(self.metadata.task, Task::Classes | Task::TwoClasses | Task::Labels)
    }

    /// How many labels there are, where labels are predicted.
    fn labels(&self) -> Option<usize> {
        (self.metadata.task == Task::Labels).then_some(self.metadata.targets.len())
    }

    /// Each number with the ends of its interval behind it. `outputs`: rows × width
    fn with_interval(&self, width: usize, outputs: Vec<f64>) -> (usize, Vec<f64>) {
        let Some(Interval { half_widths, .. }) = &self.interval else { return (width, outputs) };
        let around = |(number, half): (&f64, &f64)| [*number, number - half, number + half];
        (3 * width, outputs.iter().zip(half_widths.iter().cycle()).flat_map(around).collect())
    }

    /// The number of the predicted class of each row, of labels of each label; none where numbers are predicted. `outputs`: rows × width
    fn classes(&self, width: usize, outputs: &[f64]) -> Option<Vec<usize>> {
        let lines = outputs.chunks_exact(width);
        match self.metadata.task {
            Task::Regression | Task::Values => None,
            Task::Classes => Some(lines.map(most_probable).collect()),
            Task::TwoClasses => Some(lines.map(|p| usize::from(p[0] > self.metadata.threshold)).collect()),
            Task::Labels => {
                let label = |(k, p): (usize, &f64)| 2 * k + usize::from(*p > self.metadata.threshold);
                Some(lines.flat_map(|p| p.iter().enumerate().map(label)).collect())
            }
        }
    }

    /// The classes as a program reads them: words, or the numbers that stand in the table.
    fn values(&self) -> Vec<Value> {
        if self.labels().is_some() {
            let is_word = |k: usize| self.names[k] != self.metadata.classes[k].to_string();
            return (0..self.names.len())
                .map(|k| if is_word(k) { json!(self.names[k]) } else { json!(self.metadata.classes[k]) })
                .collect();
        }
        let words = self.metadata.encoder.as_ref().and_then(|encoder| encoder.classes());
        words.map_or_else(
            || self.metadata.classes.iter().map(|&class| json!(class)).collect(),
            |words| words.iter().map(|word| json!(word)).collect(),
        )
    }

    /// Names of the outputs.
    fn columns(&self) -> Vec<String> {
        let target = &self.metadata.targets[0];
        match self.metadata.task {
            Task::Regression | Task::Values if self.interval.is_some() => {
                let names = |target: &String| [target.clone(), format!("{target} low"), format!("{target} high")];
                self.metadata.targets.iter().flat_map(names).collect()
            }
            Task::Regression | Task::Values => self.metadata.targets.clone(),
            Task::Classes => self.names.iter().map(|class| format!("{target}={class}")).collect(),
            Task::TwoClasses => vec![format!("{target}={}", self.names[1])],
            Task::Labels => {
                self.metadata.targets.iter().zip(self.names.chunks(2)).map(|(target, both)| format!("{target}={}", both[1])).collect()
            }
        }
    }

    /// The line of names.
    fn head(&self) -> Vec<u8> {
        let mut names: Vec<String> = self.columns();
        if self.is_class() {
            names.splice(0..0, self.metadata.targets.iter().cloned());
        }
        (names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",") + "\n").into_bytes()
    }

    /// Lines of numbers; for classes the class first, for labels all of them, then the probabilities. `outputs`: rows × width
    fn lines(&self, width: usize, outputs: &[f64], classes: Option<&[usize]>, text: &mut Vec<u8>) {
        for (r, line) in outputs.chunks_exact(width).enumerate() {
            let count = self.labels().unwrap_or(1);
            for class in classes.iter().flat_map(|classes| &classes[r * count..(r + 1) * count]) {
                write!(text, "{},", quoted(&self.names[*class])).expect("a Vec takes all");
            }
            for (k, number) in line.iter().enumerate() {
                write!(text, "{}{number:?}", if k == 0 { "" } else { "," }).expect("a Vec takes all");
            }
            text.push(b'\n');
        }
    }
}

/// A CSV cell, in quotes where it must be.
pub(super) fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_string() }
}
