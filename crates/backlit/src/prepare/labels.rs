//! Several labels, each of which a row has or has not: told from the targets or from what was asked for.

use super::usage;
use crate::data::{Columns, listed};
use crate::encoder::{Encoder, Kind as Of};
use crate::error::{Error, Kind};
use crate::model_file::Task;
use crate::run_file::RunFile;

/// Several targets are taken as labels only where there are so many rows: fewer may be numbers that happen to be 0 and 1.
const FEWEST_ROWS: usize = 10;

/// Both values of each target, one after the other, where the targets are labels; none: they are something else.
pub(super) fn told(
    run: &RunFile,
    columns: &Columns<'_>,
    targets: &[String],
    encoder: Option<&Encoder>,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<f64>>, Error> {
    let loss = run.network.loss.as_deref().unwrap_or("");
    if run.network.task == Some(Task::Labels) {
        if !matches!(loss, "" | "binary_cross_entropy") {
            return Err(usage(run, format!("expected binary_cross_entropy for labels, came {loss}"))
                .key("network.loss")
                .hint("--task regression, or leave the loss out"));
        }
        let values = columns.few(targets)?;
        let pairs = targets.iter().zip(&values).map(|(target, values)| pair(columns, target, values, encoder));
        let pairs: Result<Vec<[f64; 2]>, Error> = pairs.collect();
        return pairs.map(|pairs| Some(pairs.concat()));
    }
    if run.network.task.is_some() || targets.len() < 2 || !matches!(loss, "" | "binary_cross_entropy") || columns.rows < FEWEST_ROWS {
        return Ok(None);
    }
    let values = columns.few(targets)?;
    let zero_and_one = |(target, values): (&String, &Vec<f64>)| matches!(told_pair(target, values, encoder), Some([0.0, 1.0]));
    let varies = values.iter().any(|values| values.contains(&0.0) && values.contains(&1.0));
    if !varies || !targets.iter().zip(&values).all(zero_and_one) {
        return Ok(None);
    }
    let words = targets.iter().any(|target| levels(encoder, target).is_some());
    let other = if words { "" } else { " (--task regression takes them as numbers)" };
    notes.push(format!(
        "{} hold two values each: taken as labels, a probability for each{other}",
        listed(targets.iter().map(String::as_str))
    ));
    Ok(Some([0.0, 1.0].repeat(targets.len())))
}

/// The words of a target that holds words.
fn levels<'a>(encoder: Option<&'a Encoder>, target: &str) -> Option<&'a [String]> {
    match &encoder?.columns.iter().find(|column| column.name == target)?.kind {
        Of::Class { levels } => Some(levels),
        _ => None,
    }
}

/// Both values of a target: 0 and 1 where it holds no others, even if one of them has no row. `values`: see [`Columns::few`]
fn told_pair(target: &str, values: &[f64], encoder: Option<&Encoder>) -> Option<[f64; 2]> {
    match (levels(encoder, target).map(<[String]>::len), values) {
        (Some(2), _) => Some([0.0, 1.0]),
        (None, values) if values.iter().all(|value| *value == 0.0 || *value == 1.0) => Some([0.0, 1.0]),
        (None, &[no, yes]) => Some([no, yes]),
        _ => None,
    }
}

/// The same; `Err` says how many there are.
fn pair(columns: &Columns<'_>, target: &String, values: &[f64], encoder: Option<&Encoder>) -> Result<[f64; 2], Error> {
    if let Some(pair) = told_pair(target, values, encoder) {
        return Ok(pair);
    }
    let came = match levels(encoder, target) {
        Some(words) => words.len(),
        None => {
            let mut values = columns.take(target)?;
            values.sort_by(f64::total_cmp);
            values.dedup();
            values.len()
        }
    };
    let message = format!("expected two values, so that it is a label, came {came}");
    Err(Error::new(Kind::Data, message).file(&columns.table.source).column(target).hint("--task regression, or other targets"))
}
