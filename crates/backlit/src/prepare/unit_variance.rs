//! Initial weights by the rows: each unit's weighted sum begins with deviation s over the rows trained on, 1 where nobody says.
//!
//! W ~ N(0, 1 / inputs), then w ← s w / std over rows of (w · x), layer after layer, each behind those before it as they then are.
//! Source: Krähenbühl, Doersch, Donahue and Darrell, ICLR 2016; the RealMLP of Holzmüller, Grinsztajn and Steinwart, NeurIPS 2024, begins so.

use crate::error::{Error, Kind};
use crate::job::Rows;
use crate::model_file::Shape;
use crate::predictor::scaled;
use crate::run_file::{Layer, RunFile};
use crate::scaler::Scaler;
use backlit_engine::Plan;
use backlit_engine::init::Initializer;
use backlit_engine::step::Runner;

/// Rows that are looked at, as evenly spread as can be.
const ROWS: usize = 512;
/// A unit whose sums vary less than this from row to row keeps the weights that were drawn.
const LEAST: f64 = 1e-3;

/// The layers of a run that begin so, by their places, with s.
pub(super) fn layers(run: &RunFile, layers: &[Layer]) -> Vec<(usize, f64)> {
    let of = |layer: &Layer| match Initializer::parse(layer.initializer.as_deref().or(run.network.initializer.as_deref())?) {
        Ok(Initializer::UnitVariance(s)) if layer.weight.is_none() => Some(s),
        _ => None,
    };
    layers.iter().enumerate().filter_map(|(l, layer)| Some((l, of(layer)?))).collect()
}

/// Some of the rows as a network sees them, rows × inputs.
pub(super) fn sample(train: &Rows, scaler: &Option<Scaler>, inputs: usize) -> Result<Vec<f64>, Error> {
    let rows = train.rows.min(ROWS);
    let places: Vec<usize> = (0..rows).map(|r| r * train.rows / rows).collect();
    let some = match &train.stored {
        Some(stored) => stored.of_rows(&places.iter().map(|&place| train.numbers[place]).collect::<Vec<_>>())?,
        None => train.pick(&places, inputs, 0).x,
    };
    Ok(scaled(scaler, &some))
}

/// Scales the weights of these layers. `x`: rows × inputs
pub(super) fn scale(shape: &Shape, layers: &[(usize, f64)], x: &[f64], parameters: &mut [f64]) -> Result<(), Error> {
    let rows = x.len() / shape.inputs.max(1);
    if layers.is_empty() || rows < 2 {
        return Ok(());
    }
    let built = shape.network().build::<f64>().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
    for &(l, s) in layers {
        let nodes = &built.layers[l];
        let plan = Plan::forward(&built.graph, nodes.z);
        let (units, width) = (nodes.blocks.units, nodes.blocks.width());
        let mut z = vec![0.0; rows * units];
        Runner::new(&plan, rows, 1).outputs(&plan, parameters, &[x, &[], &[]], rows, &mut z);
        let weights = built.graph.parameter_of(nodes.weight).map_or(0..0, |weight| weight.start..weight.start + weight.size());
        for (unit, weights) in parameters[weights].chunks_exact_mut(width).enumerate() {
            let sums = || z.iter().skip(unit).step_by(units);
            let mean = sums().sum::<f64>() / rows as f64;
            let deviation = (sums().map(|z| (z - mean).powi(2)).sum::<f64>() / rows as f64).sqrt();
            if deviation.is_finite() && deviation > LEAST {
                weights.iter_mut().for_each(|weight| *weight *= s / deviation);
            }
        }
    }
    Ok(())
}
