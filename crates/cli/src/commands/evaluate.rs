//! `backlit evaluate`: cost and metrics in the user's units.

use super::{model_and_rows, threads};
use crate::arguments::{Common, Evaluate};
use crate::output::{self, Screen, number};
use backlit::error::{Error, Kind};
use backlit::metrics::Metrics;
use backlit::predictor::Predictor;
use serde_json::json;

pub fn run(arguments: &Evaluate, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let (model, rows, source) = model_and_rows(&arguments.model, arguments.data.as_deref(), true, common, screen)?;
    let predictor = Predictor::new(&model, threads(common));
    let (outputs, cost) = predictor.outputs_and_cost(rows.rows, &rows.x, &rows.y);
    if !cost.is_finite() {
        let message =
            format!("the cost is {cost}: the numbers are too large to be compared, or far outside of what the model was trained on");
        let worst = outputs.iter().zip(&rows.y).position(|(a, y)| !(a - y).is_finite()).map(|place| place / (outputs.len() / rows.rows));
        let error = Error::new(Kind::Data, message).file(&source);
        return Err(worst.into_iter().fold(error, Error::row));
    }
    let metrics = Metrics::of(model.metadata.task, outputs.len() / rows.rows, &outputs, &rows.y, cost);
    let loss = &model.metadata.network.loss;
    let mut lines = vec![vec![format!("cost ({loss})"), number(cost)]];
    lines.extend(metrics.list().into_iter().map(|(name, value)| vec![name.to_string(), number(value)]));
    screen.result(&format!("{} on {} rows of {}\n{}", arguments.model.display(), rows.rows, source, output::table(&lines)));
    screen.document(&json!({ "cost": cost, "rows": rows.rows, "metrics": metrics, "loss": loss }));
    Ok(0)
}
