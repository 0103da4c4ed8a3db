//! Networks of one shape side by side in one network: its shape, its parameters, and the weights between them, which are 0.

use crate::layers::Norm;
use crate::model_file::{LayerShape, Shape};
use crate::numeric_embedding::Numeric;
use std::ops::Range;

/// Why networks of this shape cannot stand side by side. `Err` is for a person.
pub(crate) fn suits(shape: &Shape) -> Result<(), String> {
    let last = shape.layers.len() - 1;
    for (l, layer) in shape.layers.iter().enumerate() {
        let wrong = |what: &str| Err(format!("an ensemble stands side by side in one network, but layer {} has {what}", l + 1));
        match layer {
            LayerShape { norm: Some(Norm::Layer), .. } => return wrong("a norm over all its units"),
            LayerShape { norm: Some(_), .. } | LayerShape { skip: Some(_), .. } if l == last => {
                return wrong("a norm or a skip and is the last");
            }
            LayerShape { skip: Some(0), .. } => return wrong("a skip from the inputs"),
            LayerShape { freeze, .. } if !freeze.is_empty() => return wrong("frozen parameters"),
            _ => {}
        }
    }
    Ok(())
}

/// The shape of so many networks side by side.
pub(super) fn wide(shape: &Shape, count: usize) -> Shape {
    let mut wide = shape.clone();
    let hidden = wide.layers.len() - 1;
    wide.embedding.iter_mut().for_each(|embedding| embedding.numbers *= count);
    wide.numeric.iter_mut().for_each(|numeric| numeric.columns = numeric.columns.repeat(count));
    wide.layers[..hidden].iter_mut().for_each(|layer| layer.units *= count);
    wide.layers[..hidden].iter_mut().skip(1).for_each(|layer| layer.groups *= count);
    wide
}

/// The parameters of networks of one shape as those of [`wide`], flat, in graph order.
pub(super) fn side_by_side(shape: &Shape, members: &[&[f64]]) -> Vec<f64> {
    let count = members.len();
    let mean = |numbers: &dyn Fn(&[f64]) -> f64| members.iter().map(|member| numbers(member)).sum::<f64>() / count as f64;
    let (mut all, mut start, mut inputs) = (Vec::new(), 0, shape.width());
    // A level's numbers of one network stand behind those of another.
    let (tables, numbers) = shape.embedding.as_ref().map_or((0, 0), |embedding| (embedding.levels.len(), embedding.numbers));
    for level in 0..shape.embedding.iter().flat_map(|embedding| &embedding.levels).sum() {
        members.iter().for_each(|member| all.extend(&member[level * numbers..][..numbers]));
        start += numbers;
    }
    // Those of single columns stand network after network.
    for (_, shape) in shape.numeric.iter().flat_map(Numeric::parameters) {
        let size = shape.iter().product::<usize>();
        members.iter().for_each(|member| all.extend(&member[start..start + size]));
        start += size;
    }
    let sums = shape.numeric.as_ref().map_or(0, Numeric::width);
    let own = shape.width() - tables * numbers - sums;
    // A row of the first layer behind its own columns: the numbers of network m alone.
    let embedded = |all: &mut Vec<f64>, row: &[f64], m: usize| {
        for table in 0..tables {
            all.resize(all.len() + m * numbers, 0.0);
            all.extend(&row[own + table * numbers..][..numbers]);
            all.resize(all.len() + (count - 1 - m) * numbers, 0.0);
        }
        all.resize(all.len() + m * sums, 0.0);
        all.extend(&row[row.len() - sums..]);
        all.resize(all.len() + (count - 1 - m) * sums, 0.0);
    };
    for (l, layer) in shape.layers.iter().enumerate() {
        let (units, weights) = (layer.units, layer.units * inputs);
        let first = l == 0;
        // Vectors: the bias, then those of a norm.
        let vectors = usize::from(layer.bias) + layer.norm.map_or(0, |norm| norm.parameters().len());
        let vector = |v: usize| start + weights + v * units;
        if l + 1 == shape.layers.len() {
            for unit in 0..units {
                let row = start + unit * inputs;
                if first {
                    all.extend((row..row + own).map(|place| mean(&|member| member[place])));
                    for at in (row + own..row + inputs - sums).step_by(numbers.max(1)) {
                        members.iter().for_each(|member| all.extend(member[at..at + numbers].iter().map(|w| w / count as f64)));
                    }
                    let last = row + inputs - sums..row + inputs;
                    members.iter().for_each(|member| all.extend(member[last.clone()].iter().map(|w| w / count as f64)));
                } else {
                    members.iter().for_each(|member| all.extend(member[row..row + inputs].iter().map(|w| w / count as f64)));
                }
            }
            for v in 0..vectors {
                all.extend((vector(v)..vector(v) + units).map(|place| mean(&|member| member[place])));
            }
        } else {
            for (m, member) in members.iter().enumerate() {
                for unit in 0..units {
                    let row = &member[start + unit * inputs..][..inputs];
                    if first {
                        all.extend(&row[..own]);
                        embedded(&mut all, row, m);
                        continue;
                    }
                    all.extend(row);
                }
            }
            for v in 0..vectors {
                members.iter().for_each(|member| all.extend(&member[vector(v)..vector(v) + units]));
            }
        }
        start += weights + vectors * units;
        inputs = units;
    }
    all
}

/// Whether a weight of a hidden layer, counted from 0, is one between two of `count` networks that stand side by side in this shape: 0 for
/// ever. `input`: its place in the unit's row of weights
pub(crate) fn is_between(shape: &Shape, count: usize, layer: usize, unit: usize, input: usize) -> bool {
    let units = |layer: usize| shape.layers[layer].units;
    let own = unit / (units(layer) / count);
    if layer > 0 {
        return shape.layers[layer].groups == 1 && input / (units(layer - 1) / count) != own;
    }
    let (tables, numbers) = shape.embedding.as_ref().map_or((0, count), |embedding| (embedding.levels.len(), embedding.numbers));
    let sums = shape.numeric.as_ref().map_or(0, Numeric::width);
    let columns = shape.width() - sums - tables * numbers;
    match input.checked_sub(columns) {
        None => false,
        Some(place) if place < tables * numbers => place % numbers / (numbers / count) != own,
        Some(place) => (place - tables * numbers) / (sums / count) != own,
    }
}

/// Whether so many networks can stand side by side in this shape, as [`wide`] puts them there.
pub(crate) fn may_hold(shape: &Shape, count: usize) -> bool {
    let hidden = &shape.layers[..shape.layers.len().saturating_sub(1)];
    let learned =
        [shape.embedding.as_ref().map(|embedding| embedding.numbers), shape.numeric.as_ref().map(|numeric| numeric.columns.len())];
    let counts = hidden.iter().map(|layer| layer.units).chain(learned.into_iter().flatten());
    count > 1 && !hidden.is_empty() && counts.into_iter().all(|number| number > 0 && number % count == 0)
}

/// Where the weights between `count` networks lie in the flat parameters, in graph order.
pub(crate) fn between(shape: &Shape, count: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for (name, extents) in shape.parameters().unwrap_or_default() {
        let size = extents.iter().product::<usize>();
        let layer =
            name.strip_prefix("layer").and_then(|rest| rest.strip_suffix(".weight")).and_then(|number| number.parse::<usize>().ok());
        if let (Some(layer), &[units, inputs]) = (layer, &extents[..])
            && layer < shape.layers.len()
        {
            for (unit, input) in (0..units).flat_map(|unit| (0..inputs).map(move |input| (unit, input))) {
                let place = start + unit * inputs + input;
                match ranges.last_mut() {
                    _ if !is_between(shape, count, layer - 1, unit, input) => {}
                    Some(last) if last.end == place => last.end += 1,
                    _ => ranges.push(place..place + 1),
                }
            }
        }
        start += size;
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::Embedding;
    use backlit_engine::network::Network;
    use backlit_engine::random::{Purpose, Random};
    use backlit_engine::step::Runner;
    use backlit_engine::{Graph, Plan};

    fn layer(units: usize, activation: &str) -> LayerShape {
        LayerShape {
            units,
            activation: activation.into(),
            bias: true,
            freeze: Vec::new(),
            dropout: 0.0,
            norm: None,
            skip: None,
            learning_rate: None,
            groups: 1,
        }
    }

    fn said(network: &Network, parameters: &[f64], rows: usize, x: &[f64]) -> Vec<f64> {
        let built = network.build::<f64>().expect("a network");
        let graph: &Graph<f64> = &built.graph;
        let node = built.layers.last().expect("a layer").z;
        let plan = Plan::forward(graph, node);
        let mut out = vec![0.0; rows * plan.width()];
        Runner::new(&plan, rows, 1).outputs(&plan, parameters, &[x, &[]], rows, &mut out);
        out
    }

    /// With and without hidden layers, biases, norms over the batch, skips and embeddings: what goes into the last activation is the mean.
    #[test]
    fn networks_side_by_side_say_their_mean() {
        let deep = {
            let mut layers = vec![layer(4, "tanh"), layer(4, "silu"), layer(3, "relu"), layer(2, "linear")];
            layers[0].norm = Some(Norm::Batch);
            layers[1].skip = Some(1);
            layers[2].bias = false;
            layers
        };
        let networks = [vec![layer(2, "linear")], vec![layer(5, "relu"), layer(1, "softplus")], deep];
        let embedded = |levels: &[usize], numbers: usize| Some(Embedding { levels: levels.to_vec(), numbers, frozen: false });
        let beside = [None, embedded(&[5], 4), embedded(&[3, 2], 2)];
        for (layers, (embedding, numeric)) in networks
            .iter()
            .flat_map(|layers| beside.iter().flat_map(move |e| [false, true].map(|numeric| (layers.clone(), (e.clone(), numeric)))))
        {
            let shape = Shape {
                inputs: 3,
                layers,
                loss: "half_squared_error".into(),
                terms: crate::terms::Terms::default(),
                embedding,
                numeric: numeric.then(|| Numeric { columns: vec![0], waves: 3, numbers: 2, rate: 0.1, frozen: false }),
            };
            suits(&shape).expect("these can");
            let count = shape.parameters().expect("few").iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
            let mut random = Random::new(1, Purpose::Initialize, 0);
            // Running variances must be positive.
            let members: Vec<Vec<f64>> = (0..3).map(|_| (0..count).map(|_| 0.1 + random.unit()).collect()).collect();
            let mut x: Vec<f64> = (0..21).map(|_| random.normal()).collect();
            if let Some(Embedding { levels, .. }) = &shape.embedding {
                let codes = |row: usize| levels.iter().map(move |levels| (row % levels) as f64);
                x.chunks_exact_mut(3).enumerate().for_each(|(r, row)| {
                    row[3 - levels.len()..].iter_mut().zip(codes(r)).for_each(|(x, code)| *x = code);
                });
            }
            let each: Vec<Vec<f64>> = members.iter().map(|member| said(&shape.network(), member, 7, &x)).collect();
            let slices: Vec<&[f64]> = members.iter().map(Vec::as_slice).collect();
            let whole = said(&wide(&shape, 3).network(), &side_by_side(&shape, &slices), 7, &x);
            // No number of a network is 0: what is, stands between two.
            let zeros: Vec<usize> =
                side_by_side(&shape, &slices).iter().enumerate().filter(|(_, number)| **number == 0.0).map(|(place, _)| place).collect();
            let known = may_hold(&wide(&shape, 3), 3);
            assert_eq!(known, shape.layers.len() > 1);
            if known {
                assert_eq!(between(&wide(&shape, 3), 3).into_iter().flatten().collect::<Vec<_>>(), zeros);
            }
            for (place, whole) in whole.iter().enumerate() {
                let mean = each.iter().map(|said| said[place]).sum::<f64>() / 3.0;
                assert!((whole - mean).abs() < 1e-12 * mean.abs().max(1.0), "{whole} and {mean}");
            }
        }
    }
}
