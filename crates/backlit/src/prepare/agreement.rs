//! Choices that do not go together: what would have no effect is refused, whether flags or a run file ask for it.

use super::{beside, usage};
use crate::data::cells::excerpt;
use crate::data::{bundled, indices};
use crate::error::Error;
use crate::model_file::Model;
use crate::run_file::{Orientation, Rng, RunFile, Source};

/// Refuses a run whose choices leave one of them without effect. `start`: the model that it begins with; `has_layers`: it has hidden
/// layers of its own
pub(super) fn agrees(run: &RunFile, start: Option<&Model>, has_layers: bool) -> Result<(), Error> {
    let wrong = |key: &str, message: &str, hint: &str| Err(usage(run, message).key(key).hint(hint));
    let has_ensemble = run.train.ensemble.is_some_and(|count| count > 1);
    match run.train.folds {
        Some(_) if start.is_some() => {
            let message = "each fold is to be predicted by a network that has not seen it, but the model to begin with may have";
            return wrong("train.folds", message, "leave one of both out");
        }
        Some(_) if run.data.is_share_said => {
            return wrong("train.folds", "each row is kept aside by one fold; no share or file beside", "leave --validation out");
        }
        _ if has_ensemble && run.data.is_share_said => {
            return wrong("train.ensemble", "each row is kept aside by one network; no share or file beside", "leave --validation out");
        }
        _ => {}
    }
    beside::agrees(run)?;
    columns(run, start)?;
    start.map_or(Ok(()), |model| goes_on(run, model, has_layers))
}

/// Each column has one part to play, and is there.
fn columns(run: &RunFile, start: Option<&Model>) -> Result<(), Error> {
    let data = &run.data;
    let targets = start.filter(|_| data.target.is_empty()).map_or(&data.target, |model| &model.metadata.targets);
    let is_target = |name: &&str| targets.iter().any(|target| target == name);
    let first = |names: &[String], key| names.iter().map(String::as_str).find(is_target).map(|column| (column.to_string(), key));
    let split = data.split.column().filter(is_target).map(|column| (column.to_string(), "split"));
    if let Some((column, key)) = first(&data.ignore, "ignore").or(split) {
        return Err(usage(run, format!("'{}' is the target and has no other part to play", excerpt(&column))).key(format!("data.{key}")));
    }
    let categories = |message: String, hint: &str| Err(usage(run, message).key("data.categories").hint(hint));
    if let Some((column, _)) = first(&data.categories, "categories") {
        return categories(format!("'{}' is the target and no input", excerpt(&column)), "--task classes takes its numbers as classes");
    }
    if let Some(column) = data.split.column().filter(|column| data.categories.iter().any(|name| name == column)) {
        return categories(format!("'{}' decides the split and is taken as it is", excerpt(column)), "leave it out of the categories");
    }
    if let Some(column) = data.categories.iter().find(|column| data.ignore.contains(column)) {
        return categories(format!("'{}' is not used", excerpt(column)), "leave it out of the categories, or of what is ignored");
    }
    match &data.source {
        Source::Path(_) => Ok(()),
        _ if !data.categories.is_empty() => {
            categories("these rows are numbers as they are, without categories".into(), "a table in a file")
        }
        Source::Bundled(name) => indices(name, &bundled(name)?.columns, &data.ignore).map(drop),
        Source::Inline { inputs, .. } => {
            let columns: Vec<String> = (0..inputs.first().map_or(0, Vec::len)).map(|i| format!("x{i}")).collect();
            indices(&run.file, &columns, &data.ignore).map(drop)
        }
    }
}

/// What the model has already is not asked for again.
fn goes_on(run: &RunFile, model: &Model, has_layers: bool) -> Result<(), Error> {
    let (data, network) = (&run.data, &run.network);
    let refused = |key: &str, message: &str| Err(usage(run, message).key(key).hint("leave it out, or train without --from"));
    let asked = [
        (network.norm.is_some() && !has_layers, "network.norm"),
        (network.skip && !has_layers, "network.skip"),
        (network.numeric_embedding.is_some(), "network.numeric_embedding"),
        (network.embedding_scale.is_some(), "network.embedding_scale"),
        (network.initializer.is_some(), "network.initializer"),
        (network.bias_initializer.is_some(), "network.bias_initializer"),
        (network.rng != Rng::Own, "network.rng"),
        (network.orientation != Orientation::UnitsByInputs, "network.orientation"),
        (!data.ignore.is_empty(), "data.ignore"),
        (!data.categories.is_empty(), "data.categories"),
        (data.scaling.is_some(), "data.scaling"),
    ];
    if let Some((_, key)) = asked.into_iter().find(|(asked, _)| *asked) {
        return refused(key, "the model that training goes on from has its columns, scales, layers and parameters already");
    }
    let is_scaled = model.metadata.input_scaler.is_some() || model.metadata.target_scaler.is_some();
    if !data.standardize && is_scaled && !matches!(data.source, Source::Inline { .. }) {
        return refused(
            "data.standardize",
            "the model that training goes on from standardizes its columns, and its parameters fit to that",
        );
    }
    let theirs = &model.metadata.network.loss;
    let of_classes = |loss: &str| loss.ends_with("cross_entropy");
    match network.loss.as_ref().filter(|loss| *loss != theirs && (of_classes(loss) || of_classes(theirs))) {
        Some(loss) => {
            let message = format!("the model that training goes on from was trained with {theirs}; {loss} is for other targets");
            Err(usage(run, message).key("network.loss").hint("leave the loss out, or train without --from"))
        }
        None => Ok(()),
    }
}
