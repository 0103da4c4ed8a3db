//! `backlit predict`: raw rows in, predictions in the user's units out.

use super::{model_and_rows, threads};
use crate::arguments::{Common, Predict};
use crate::output::Screen;
use backlit::error::{Error, Kind};
use backlit::metrics::most_probable;
use backlit::model_file::{Metadata, Task};
use backlit::predictor::Predictor;
use serde_json::{Value, json};

pub fn run(arguments: &Predict, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let (model, rows, source) = model_and_rows(&arguments.model, arguments.data.as_deref(), false, common, screen)?;
    let outputs = Predictor::new(&model, threads(common)).outputs(rows.rows, &rows.x);
    let width = outputs.len() / rows.rows;
    if let Some(row) = outputs.chunks_exact(width).position(|line| line.iter().any(|number| !number.is_finite())) {
        let message = "the prediction is not a finite number; this row lies far outside of what the model was trained on";
        return Err(Error::new(Kind::Data, message).file(&source).row(row));
    }
    let prediction = Prediction { metadata: &model.metadata, width };
    let text = prediction.csv(&outputs);
    match &arguments.output {
        Some(path) => {
            backlit::files::write(path, text.as_bytes())?;
            screen.say(&format!("{} predictions written to {}\n", rows.rows, path.display()));
        }
        None => screen.result(&text),
    }
    let lines: Vec<&[f64]> = outputs.chunks_exact(width).collect();
    let mut document = json!({ "rows": rows.rows, "targets": model.metadata.targets, "columns": prediction.columns(), "outputs": lines });
    if let Some(classes) = prediction.classes(&outputs) {
        document["classes"] = Value::from(model.metadata.classes.clone());
        document["predicted"] = Value::from(classes);
    }
    screen.document(&document);
    Ok(0)
}

struct Prediction<'a> {
    metadata: &'a Metadata,
    width: usize,
}

impl Prediction<'_> {
    /// The most probable class of each row; none where numbers are predicted.
    fn classes(&self, outputs: &[f64]) -> Option<Vec<f64>> {
        let classes = &self.metadata.classes;
        let lines = outputs.chunks_exact(self.width);
        match self.metadata.task {
            Task::Regression | Task::Values => None,
            Task::Classes => Some(lines.map(|p| classes[most_probable(p)]).collect()),
            Task::TwoClasses => Some(lines.map(|p| classes[usize::from(p[0] > 0.5)]).collect()),
        }
    }

    /// Names of the outputs.
    fn columns(&self) -> Vec<String> {
        let target = &self.metadata.targets[0];
        match self.metadata.task {
            Task::Regression | Task::Values => self.metadata.targets.clone(),
            Task::Classes => self.metadata.classes.iter().map(|class| format!("{target}={class}")).collect(),
            Task::TwoClasses => vec![format!("{target}={}", self.metadata.classes[1])],
        }
    }

    /// Lines of numbers; for classes the class first, then the probabilities.
    fn csv(&self, outputs: &[f64]) -> String {
        let classes = self.classes(outputs);
        let mut names: Vec<String> = self.columns();
        if classes.is_some() {
            names.insert(0, self.metadata.targets[0].clone());
        }
        let mut text = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(",") + "\n";
        for (r, line) in outputs.chunks_exact(self.width).enumerate() {
            let class = classes.iter().map(|classes| classes[r].to_string());
            text += &class.chain(line.iter().map(|number| format!("{number:?}"))).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        text
    }
}

/// A CSV cell, in quotes where it must be.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_string() }
}
