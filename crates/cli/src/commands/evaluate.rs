//! `backlit evaluate`: cost and metrics in the user's units.

use super::{initial_or_saved, model_and_rows, threads};
use crate::arguments::{Common, Evaluate};
use crate::output::{self, Screen, number};
use backlit::data::{MEMORY, shortened};
use backlit::engine::typeset::visible;
use backlit::error::{Error, Kind};
use backlit::job::read_rows;
use backlit::metrics::{Classes, HALF, Label, Labels, Metrics, Own};
use backlit::model_file::{Metadata, Task};
use backlit::predictor::Predictor;
use serde_json::json;

pub fn run(arguments: &Evaluate, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let (model, rows, source) = match &arguments.data {
        Some(data) => {
            let model = initial_or_saved(&arguments.model, common, screen)?;
            let (rows, source, notes) = read_rows(&model.metadata, data, common.first_line(), MEMORY, threads(common))?;
            notes.iter().for_each(|note| screen.note(note));
            (model, rows, source)
        }
        None => model_and_rows(&arguments.model, None, true, common, screen)?,
    };
    let predictor = Predictor::new(&model, threads(common));
    let (said, cost) = predictor.said_and_cost_of(&rows)?;
    let outputs = model.metadata.network.layers.last().map_or(0, |layer| layer.units);
    if !cost.is_finite() {
        let message =
            format!("the cost is {cost}: the numbers are too large to be compared, or far outside of what the model was trained on");
        let mut worst = None;
        said.beside_right(rows.targets(), &mut |row, a, y| {
            if worst.is_none() && a.iter().zip(y).any(|(a, y)| !(a - y).is_finite()) {
                worst = Some(row);
            }
        })?;
        let error = Error::new(Kind::Data, message).file(&source);
        return Err(worst.into_iter().map(|row| rows.numbers[row]).fold(error, Error::row));
    }
    let metadata = &model.metadata;
    let metrics = Metrics::of_said(metadata.task, outputs, &said, rows.targets(), metadata.threshold)?;
    let loss = &metadata.network.loss;
    let mut lines = vec![vec![format!("cost ({loss})"), number(cost)]];
    if metadata.threshold != HALF {
        lines.push(vec!["threshold".into(), number(metadata.threshold)]);
    }
    lines.extend(metrics.list().into_iter().map(|(name, value)| vec![name.to_string(), output::measure(value)]));
    let own = metadata.metric.as_deref().and_then(|text| Own::read(text).ok());
    let own = own.map(|own| Ok::<_, Error>((own.of_said(&said, rows.targets())?, own.text))).transpose()?;
    lines.extend(own.iter().map(|(value, text)| vec![text.clone(), output::measure(*value)]));
    let mut text = format!("{} on {} rows of {}\n{}", arguments.model.display(), rows.rows, source, output::table(&lines));
    metrics.undefined().iter().for_each(|why| text += &format!("  {why}\n"));
    if let Metrics::Classes(Classes { confusion: Some(confusion), .. }) = &metrics {
        text += &matrix(metadata, confusion);
    }
    if let Metrics::Labels(Labels { each, .. }) = &metrics {
        text += &labels(metadata, each);
    }
    screen.result(&text);
    let mut document = json!({ "cost": cost, "rows": rows.rows, "metrics": metrics, "loss": loss });
    if matches!(metadata.task, Task::TwoClasses | Task::Labels) {
        document["threshold"] = json!(metadata.threshold);
    }
    if let Some((value, formula)) = own {
        document["metric"] = json!({ "formula": formula, "value": value });
    }
    screen.document(&document);
    Ok(0)
}

/// A line for each label.
fn labels(metadata: &Metadata, each: &[Label]) -> String {
    let head = ["label", "accuracy", "f1", "auc"].map(str::to_string).to_vec();
    let line = |(target, of): (&String, &Label)| {
        let measures = [of.accuracy, of.f1, of.auc].map(output::measure);
        std::iter::once(visible(&shortened(target))).chain(measures).collect::<Vec<_>>()
    };
    let lines = metadata.targets.iter().zip(each).take(MOST_SHOWN).map(line);
    let more = if each.len() > MOST_SHOWN { "  the other labels are shown with --json\n" } else { "" };
    format!("\n{}{more}", output::table(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))
}

/// A line for each class, a column for each class predicted.
fn matrix(metadata: &Metadata, confusion: &[Vec<u64>]) -> String {
    if confusion.len() > MOST_SHOWN {
        return format!("\n  the confusion matrix of {} classes is shown with --json\n", confusion.len());
    }
    let names: Vec<String> = metadata.class_names().iter().map(|name| visible(&shortened(name))).collect();
    let head = std::iter::once(format!("{}: actual, and predicted as", visible(&shortened(&metadata.targets[0])))).chain(names.clone());
    let lines =
        names.iter().zip(confusion).map(|(name, line)| std::iter::once(name.clone()).chain(line.iter().map(u64::to_string)).collect());
    format!("\n{}", output::table(&std::iter::once(head.collect()).chain(lines).collect::<Vec<_>>()))
}

/// A matrix of more classes would not fit on a screen.
const MOST_SHOWN: usize = 20;
