//! Training by hand: round after round, layer after layer from the last, so that a way can use what is already updated.

use super::{Back, Edge, Net, Seed, Sheet, Way, back, by_weight};
use backlit_engine::optimizers::{self, Optimizer};
use backlit_engine::random::{Purpose, Random};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Where a training starts, and how it goes.
pub struct Recipe {
    /// Flat.
    pub parameters: Vec<f64>,
    /// rows × inputs
    pub x: Vec<f64>,
    /// rows × outputs
    pub y: Vec<f64>,
    /// The rows' weights; empty: 1.
    pub w: Vec<f64>,
    /// How many.
    pub rows: usize,
    /// By name.
    pub optimizer: String,
    /// Its options.
    pub options: Vec<(String, f64)>,
    /// η
    pub rate: f64,
    /// η of layers that have their own; may be shorter than the layers are many.
    pub own_rates: Vec<Option<f64>>,
    /// By what η is multiplied for what cosines of columns are made of.
    pub numeric_rate: f64,
    /// Rows of an update; none: all.
    pub batch: Option<usize>,
    /// Whether each pass over the rows puts them into a new order.
    pub shuffle: bool,
    /// Decides the orders.
    pub seed: u64,
    /// Places that are updated.
    pub trainable: Vec<Range<usize>>,
}

/// All numbers after so many updates.
pub struct Snapshot {
    /// Flat.
    pub parameters: Vec<f64>,
    /// As they are after the next update.
    pub next: Vec<f64>,
    /// Each row forward.
    pub sheets: Vec<Sheet>,
    /// Each row backward from its cost.
    pub backs: Vec<Back>,
    /// Of the mean cost, flat.
    pub gradient: Vec<f64>,
    /// The mean cost.
    pub cost: f64,
}

impl Recipe {
    fn row(&self, net: &Net, row: usize) -> (&[f64], &[f64]) {
        let (n, k) = (net.front.columns, net.outputs());
        (&self.x[row * n..(row + 1) * n], &self.y[row * k..(row + 1) * k])
    }

    fn forward(&self, net: &Net, parameters: &[f64], row: usize, way: &dyn Way) -> Sheet {
        let (x, y) = self.row(net, row);
        let mut sheet = net.forward(parameters, x, y, way);
        if let Some(&weight) = self.w.get(row) {
            let weight = way.row_weight(weight);
            sheet.cost = way.keep(sheet.cost) * weight;
            sheet.parts.iter_mut().chain(&mut sheet.pull).for_each(|number| *number *= weight);
        }
        if net.terms.penalizes() {
            sheet.cost += way.keep(net.penalty(parameters, way));
        }
        sheet
    }
}

/// The numbers after each of the wanted counts of updates. One that cannot be reached, because a number is infinite or
/// NaN before, is left out.
pub fn follow(net: &Net, recipe: &Recipe, way: &dyn Way, wanted: &BTreeSet<u64>) -> BTreeMap<u64, Snapshot> {
    let mut found = BTreeMap::new();
    let (Some(&last), Some(mut training)) = (wanted.last(), Training::new(net, recipe, way)) else { return found };
    let mut now = recipe.parameters.clone();
    for done in 0..=last {
        let next = training.round(&now);
        if wanted.contains(&done) {
            found.insert(done, snapshot(net, recipe, way, now, next.clone()));
        }
        if next.iter().any(|number| !number.is_finite()) {
            break;
        }
        now = match way.rounds() {
            true => next.iter().zip(&recipe.parameters).map(|(&new, &given)| if new == given { new } else { way.keep(new) }).collect(),
            false => next,
        };
    }
    found
}

fn snapshot(net: &Net, recipe: &Recipe, way: &dyn Way, parameters: Vec<f64>, next: Vec<f64>) -> Snapshot {
    let sheets: Vec<Sheet> = (0..recipe.rows).map(|row| recipe.forward(net, &parameters, row, way)).collect();
    let backs: Vec<Back> = sheets.iter().map(|sheet| back(net, sheet, Seed::Cost, way, &parameters, &next)).collect();
    let divide = way.divide(recipe.rows);
    let mut gradient = vec![0.0; parameters.len()];
    for layer in 1..=net.depth() {
        for (sheet, back) in sheets.iter().zip(&backs) {
            add_gradient(net, &parameters, sheet, way, layer, back, &mut gradient);
        }
        gradient[net.layer(layer).range()].iter_mut().for_each(|number| *number /= divide);
        net.add_penalty(layer, &parameters, way, &mut gradient);
        way.finish(net, layer, &mut gradient);
    }
    add_front(net, &parameters, &sheets, &backs, way, &mut gradient);
    // The penalty is in the cost of every row, and in the mean once.
    let penalty = if net.terms.penalizes() { net.penalty(&parameters, way) } else { 0.0 };
    let cost = sheets.iter().map(|sheet| sheet.cost - penalty).sum::<f64>() / divide + penalty;
    Snapshot { parameters, next, sheets, backs, gradient, cost }
}

/// The gradient of what stands before the layers.
fn add_front(net: &Net, parameters: &[f64], sheets: &[Sheet], backs: &[Back], way: &dyn Way, gradient: &mut [f64]) {
    for (sheet, back) in sheets.iter().zip(backs) {
        net.front.add_gradient(parameters, &sheet.front, &back.dout[0], way, gradient);
    }
    let divide = way.divide(sheets.len());
    gradient[net.range(0)].iter_mut().for_each(|number| *number /= divide);
    net.add_penalty(0, parameters, way, gradient);
}

/// What one row adds to the gradient of a layer's parameters.
fn add_gradient(net: &Net, parameters: &[f64], sheet: &Sheet, way: &dyn Way, layer: usize, back: &Back, gradient: &mut [f64]) {
    let here = net.layer(layer);
    if let (Some(gain), Some(running)) = (here.gain, here.running) {
        for (unit, &dn) in back.dn[layer].iter().enumerate() {
            let (h, s) = (sheet.standard[layer][unit], sheet.standard[layer][here.units + unit]);
            gradient[running + unit] -= dn * parameters[gain + unit] / s;
            gradient[running + here.units + unit] -= dn * parameters[gain + unit] * h / (2.0 * s * s);
        }
    }
    if let Some(gain) = here.gain {
        for (unit, &dn) in back.dn[layer].iter().enumerate() {
            gradient[gain + unit] += dn * sheet.standard[layer][unit];
            gradient[gain + here.units + unit] += dn;
        }
    }
    for (unit, &dz) in back.dz[layer].iter().enumerate() {
        for input in here.blocks.into(unit) {
            let edge = Edge { layer, unit, input };
            gradient[net.place(edge)] += by_weight(sheet, way, edge, dz);
        }
        if let Some(bias) = here.bias {
            gradient[bias + unit] += dz;
        }
    }
}

/// What moves from update to update besides the parameters.
struct Training<'a> {
    net: &'a Net,
    recipe: &'a Recipe,
    way: &'a dyn Way,
    /// One for each layer, so that a layer can be updated before the next is differentiated; then one for tables and one for cosines.
    optimizers: Vec<Box<dyn Optimizer<f64>>>,
    /// The places updated, in the same order.
    trainable: Vec<Vec<Range<usize>>>,
    order: Vec<u32>,
    /// Passes over the rows that are begun.
    epoch: u64,
    /// Rows of this pass that are done.
    start: usize,
}

impl<'a> Training<'a> {
    fn new(net: &'a Net, recipe: &'a Recipe, way: &'a dyn Way) -> Option<Training<'a>> {
        let entry = optimizers::find::<f64>(&recipe.optimizer).ok()?;
        let optimizer = |_| entry.create(&recipe.options, recipe.parameters.len()).ok();
        let optimizers = (0..net.depth() + 2).map(optimizer).collect::<Option<_>>()?;
        let places = way.trainable(net, &recipe.trainable);
        let within = |all: Range<usize>| {
            let cut = places.iter().map(|range| range.start.max(all.start)..range.end.min(all.end));
            cut.filter(|range| range.start < range.end).collect()
        };
        let order = (0..recipe.rows as u32).collect();
        let before = [net.front.of_tables(), net.front.of_waves()];
        let trainable = (1..=net.depth()).map(|layer| net.range(layer)).chain(before).map(within).collect();
        Some(Training { net, recipe, way, optimizers, trainable, order, epoch: 0, start: 0 })
    }

    /// The rows of the next update.
    fn batch(&mut self) -> Vec<usize> {
        let rows = self.recipe.rows;
        let size = self.recipe.batch.unwrap_or(rows).clamp(1, rows);
        if self.start == 0 && self.recipe.shuffle && size < rows {
            self.order.iter_mut().zip(0..).for_each(|(place, row)| *place = row);
            Random::new(self.recipe.seed, Purpose::Shuffle, self.epoch).shuffle(&mut self.order);
        }
        let batch = self.order[self.start..(self.start + size).min(rows)].iter().map(|&row| row as usize).collect();
        self.start += size;
        if self.start >= rows {
            (self.start, self.epoch) = (0, self.epoch + 1);
        }
        batch
    }

    /// One update: the parameters after it.
    fn round(&mut self, old: &[f64]) -> Vec<f64> {
        let (net, recipe, way) = (self.net, self.recipe, self.way);
        let rows = self.batch();
        let divide = way.divide(rows.len());
        let sheets: Vec<Sheet> = rows.iter().map(|&row| recipe.forward(net, old, row, way)).collect();
        let mut backs: Vec<Back> = sheets.iter().map(|sheet| Back::begun(net, sheet, way, Seed::Cost)).collect();
        let mut new = old.to_vec();
        let mut gradient = vec![0.0; old.len()];
        for layer in (1..=net.depth()).rev() {
            for (sheet, back) in sheets.iter().zip(&mut backs) {
                back.reach_sums(net, sheet, way, layer, old);
                add_gradient(net, old, sheet, way, layer, back, &mut gradient);
            }
            gradient[net.layer(layer).range()].iter_mut().for_each(|number| *number /= divide);
            net.add_penalty(layer, old, way, &mut gradient);
            way.finish(net, layer, &mut gradient);
            if way.rounds() {
                gradient[net.layer(layer).range()].iter_mut().for_each(|number| *number = way.keep(*number));
            }
            let rate = recipe.own_rates.get(layer - 1).copied().flatten().unwrap_or(recipe.rate);
            self.optimizers[layer - 1].update(way.rate(rate), &self.trainable[layer - 1], &gradient, old, &mut new);
            backs.iter_mut().for_each(|back| back.below(net, way, layer, old, &new));
        }
        if !net.range(0).is_empty() {
            add_front(net, old, &sheets, &backs, way, &mut gradient);
            if way.rounds() {
                gradient[net.range(0)].iter_mut().for_each(|number| *number = way.keep(*number));
            }
            for (place, share) in [(net.depth(), 1.0), (net.depth() + 1, recipe.numeric_rate)] {
                self.optimizers[place].update(way.rate(recipe.rate) * share, &self.trainable[place], &gradient, old, &mut new);
            }
        }
        new
    }
}
