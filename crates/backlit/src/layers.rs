//! What a layer has besides weights and an activation: a norm, a skip, a learning rate of its own.

use crate::error::{Error, Kind};
use crate::explain::digits::{USUAL, said};
use crate::model_file::Shape;
use crate::run_file::{Layer, RunFile};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What a layer's weighted sums are brought to mean 0 and variance 1 over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// The units of each row.
    Layer,
    /// The rows of the batch for each unit; in training only, elsewhere running statistics take their place.
    Batch,
}

/// What is added to a layer's activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Nothing.
    No,
    /// What goes into the layer.
    Input,
    /// The output of this layer, counted from 1; 0 is the inputs.
    From(usize),
}

impl Norm {
    /// As it is typed.
    pub const NAMES: [(&'static str, Option<Norm>); 3] = [("layer", Some(Norm::Layer)), ("batch", Some(Norm::Batch)), ("none", None)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Norm::Layer => "layer",
            Norm::Batch => "batch",
        }
    }

    /// The engine's.
    pub fn engine(self) -> backlit_engine::network::Norm {
        match self {
            Norm::Layer => backlit_engine::network::Norm::Layer,
            Norm::Batch => backlit_engine::network::Norm::Batch,
        }
    }

    /// The parameters it brings, in graph order: one number for each unit.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Norm::Layer => &["gain", "shift"],
            Norm::Batch => &["gain", "shift", "running_mean", "running_variance"],
        }
    }

    /// What one of them begins with.
    pub fn initial(parameter: &str) -> f64 {
        if matches!(parameter, "gain" | "running_variance") { 1.0 } else { 0.0 }
    }
}

impl Shape {
    /// Where the parameters with a learning rate of their own lie, those of layers and of numeric embeddings, and these rates where that
    /// of the training is `base`.
    pub fn rates(&self, base: f64) -> Vec<(Range<usize>, f64)> {
        let (mut start, mut rates) = (self.embedding.as_ref().map_or(0, |embedding| embedding.size()), Vec::new());
        if let Some(numeric) = &self.numeric {
            let own = start..start + numeric.size();
            start = own.end;
            rates.extend((numeric.rate != 1.0).then_some((own, numeric.rate * base)));
        }
        let parameters = self.parameters().unwrap_or_default();
        for (l, layer) in self.layers.iter().enumerate() {
            let own = parameters.iter().filter(|(name, _)| name.starts_with(&format!("layer{}.", l + 1)));
            let end = start + own.map(|(_, shape)| shape.iter().product::<usize>()).sum::<usize>();
            rates.extend(layer.learning_rate.map(|rate| (start..end, rate)));
            start = end;
        }
        rates
    }

    /// η of a layer, counted from 1, where that of the training is `base`.
    pub fn rate_of(&self, layer: usize, base: f64) -> f64 {
        self.layers.get(layer - 1).and_then(|layer| layer.learning_rate).unwrap_or(base)
    }

    /// In words, where the learning rate is another than that of the training, which is `base` times the `factor` of a schedule; none:
    /// nowhere.
    pub fn rates_said(&self, base: f64, factor: f64) -> Option<String> {
        let said = |rate: f64| said(rate * factor, USUAL);
        let layers = self.layers.iter().zip(1..);
        let own = layers.filter_map(|(layer, l)| Some(format!("{} in layer {l}", said(layer.learning_rate?))));
        let numeric = self.numeric.as_ref().filter(|numeric| numeric.rate != 1.0 && !numeric.frozen);
        let numeric = numeric.map(|numeric| format!("{} for what is learned of numeric columns", said(numeric.rate * base)));
        let own: Vec<String> = own.chain(numeric).collect();
        (!own.is_empty()).then(|| format!("The learning rate is {}.", own.join(", ")))
    }

    /// The layers with dropout, counted from 1, each with the share that is struck out.
    pub fn dropout(&self) -> Vec<(usize, f64)> {
        self.layers.iter().zip(1..).filter(|(layer, _)| layer.dropout > 0.0).map(|(layer, l)| (l, layer.dropout)).collect()
    }

    /// Refuses norms and skips to what takes a layer as weighted sums and an activation alone.
    pub fn only_plain(&self, what: &str) -> Result<(), Error> {
        match self.layers.iter().position(|layer| layer.norm.is_some() || layer.skip.is_some()) {
            Some(l) => {
                let message = format!("{what} knows no norms and no skips, and layer {} has one", l + 1);
                Err(Error::new(Kind::Usage, message)
                    .hint("backlit explain without --layer, which works the whole step, or with --parameter; backlit check"))
            }
            None => Ok(()),
        }
    }

    /// Each layer's activation with what stands around it: `layer norm, tanh, + layer 1`.
    pub fn said(&self) -> Vec<String> {
        let skip = |from| if from == 0 { "+ inputs".to_string() } else { format!("+ layer {from}") };
        let said = |layer: &crate::model_file::LayerShape| {
            let groups = (layer.groups > 1).then(|| format!("in {} groups", layer.groups));
            let norm = layer.norm.map(|norm| format!("{} norm", norm.name()));
            norm.into_iter().chain([layer.activation.clone()]).chain(layer.skip.map(skip)).chain(groups).collect::<Vec<_>>().join(" ")
        };
        self.layers.iter().map(said).collect()
    }
}

/// The layers, each with its norm and skip: hidden ones that say nothing have the network's. Every skip is then one from a layer
/// of the same width. `wrong`: an error at a key of the run.
pub(crate) fn completed(
    run: &RunFile,
    mut layers: Vec<Layer>,
    inputs: usize,
    wrong: impl Fn(String, String) -> Error,
) -> Result<Vec<Layer>, Error> {
    let hidden = layers.len() - 1;
    let widths: Vec<usize> = std::iter::once(inputs).chain(layers.iter().map(|layer| layer.units)).collect();
    for (l, layer) in layers[..hidden].iter_mut().enumerate() {
        layer.norm = layer.norm.or(Some(run.network.norm));
        let fits = run.network.skip && widths[l] == layer.units;
        layer.skip = layer.skip.or(Some(if fits { Skip::Input } else { Skip::No }));
    }
    if run.network.skip && layers[..hidden].iter().all(|layer| layer.skip == Some(Skip::No)) {
        let said: Vec<String> = widths.iter().map(usize::to_string).collect();
        let message =
            format!("skip adds what goes into a hidden layer to what leaves it, but none is as wide as what goes in: {}", said.join("-"));
        return Err(wrong("network.skip".into(), message).hint("hidden layers of one width: --hidden 32,32"));
    }
    for (l, layer) in layers.iter_mut().enumerate() {
        let from = match layer.skip.unwrap_or(Skip::No) {
            Skip::No => continue,
            Skip::Input => l,
            Skip::From(from) => from,
        };
        let key = || format!("network.layer[{}].skip", l + 1);
        if from > l {
            return Err(wrong(key(), format!("expected a layer before this one, from 0 (the inputs) to {l}, came {from}")));
        }
        if widths[from] != layer.units {
            let before = if from == 0 { "the inputs have".to_string() } else { format!("layer {from} has") };
            let message = format!("a skip adds number to number: {before} {} numbers, this layer {}", widths[from], layer.units);
            return Err(wrong(key(), message).hint("layers of one width, or no skip"));
        }
        layer.skip = Some(Skip::From(from));
    }
    Ok(layers)
}

/// Refuses norms and rates that the optimizer or the batches make no sense of. `rows`: trained on, in each of the trainings; `batch`:
/// none for all
pub(crate) fn suits(
    layers: &[Layer],
    optimizer: &str,
    rows: &[usize],
    batch: Option<usize>,
    wrong: impl Fn(String, String) -> Error,
) -> Result<(), Error> {
    let key = |l: usize, name: &str| format!("network.layer[{}].{name}", l + 1);
    if let Some(l) = layers.iter().position(|layer| layer.learning_rate.is_some()).filter(|_| optimizer == "lbfgs") {
        let message = "lbfgs searches one length for the whole step, so no layer has a learning rate of its own";
        return Err(wrong(key(l, "learning_rate"), message.into()));
    }
    let Some(l) = layers.iter().position(|layer| layer.norm == Some(Some(Norm::Batch))) else { return Ok(()) };
    if optimizer == "lbfgs" {
        let message = "lbfgs computes several costs in a step, so there is no one batch to take running statistics from";
        return Err(wrong(key(l, "norm"), message.into()).hint("norm = \"layer\", or another optimizer"));
    }
    let Some(all) = rows.iter().find(|&&rows| last(rows, batch) == 1) else { return Ok(()) };
    let message = format!("a norm over the batch needs at least 2 rows in each, but the last batch of an epoch has 1 of {all} rows");
    let hint = match near(rows, batch) {
        Some(near) => format!("--batch {near} (batch = {near}), or --norm layer (norm = \"layer\")"),
        None => "--norm layer (norm = \"layer\")".into(),
    };
    Err(wrong(key(l, "norm"), message).hint(hint))
}

/// Rows in the last batch of an epoch.
fn last(rows: usize, batch: Option<usize>) -> usize {
    (rows - 1) % batch.unwrap_or(rows).min(rows) + 1
}

/// The batch size nearest to this one, the larger first, whose last batch has more than one row in each of the trainings.
fn near(rows: &[usize], batch: Option<usize>) -> Option<usize> {
    let batch = batch?;
    let does = |batch: &usize| *batch > 1 && rows.iter().all(|&rows| last(rows, Some(*batch)) > 1);
    // A batch of all rows does where any does.
    let most = rows.iter().copied().max()?.max(batch);
    (1..=most).flat_map(|by| [batch + by, batch.saturating_sub(by)]).find(does)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_batch_size_that_is_told_does() {
        assert_eq!((near(&[501], Some(100)), near(&[501], Some(1)), near(&[3], Some(2))), (Some(101), Some(3), Some(3)));
        assert_eq!((near(&[1], Some(7)), near(&[1, 9], Some(4)), near(&[1], None)), (None, None, None));
        // Each row alone, batch by batch as they are cut.
        let is_fine = |rows: usize, batch: usize| (0..rows).collect::<Vec<_>>().chunks(batch).all(|rows| rows.len() > 1);
        for rows in 2..60 {
            for other in 2..rows {
                for batch in 1..=rows {
                    let found = near(&[rows, other], Some(batch)).expect("all rows in one");
                    let distance = found.abs_diff(batch);
                    assert!(is_fine(rows, found) && is_fine(other, found), "{rows} and {other} rows by {batch}: {found}");
                    let nearer = (batch + 1).saturating_sub(distance).max(1)..batch + distance;
                    assert!(nearer.filter(|&size| size != batch).all(|size| !is_fine(rows, size) || !is_fine(other, size)));
                }
            }
        }
    }
}
