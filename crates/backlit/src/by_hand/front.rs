//! What stands before the first layer: numbers looked up for codes, and sums of cosines of single columns.

use super::Way;
use backlit_engine::Network;
use std::f64::consts::TAU;
use std::ops::Range;

/// From the columns of the data to what goes into the first layer. Its parameters stand first in the flat ones.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// Columns of the data; the last are codes, one for each table.
    pub columns: usize,
    /// Where each table starts, and how many levels it has.
    pub tables: Vec<(usize, usize)>,
    /// Numbers of a level.
    pub numbers: usize,
    /// Cosines of single columns.
    pub waves: Option<Waves>,
}

/// Sums of cosines: h = cos(2π f x + φ), p = Σ V h + c for each column that has them.
#[derive(Clone, Debug)]
pub struct Waves {
    /// The column of each line of f and φ.
    pub columns: Vec<usize>,
    /// Cosines of each.
    pub waves: usize,
    /// Sums of each.
    pub numbers: usize,
    /// Where f, φ, V and c start in the flat parameters, and where the layers do.
    pub starts: [usize; 5],
}

/// One row as far as the first layer.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The columns.
    pub x: Vec<f64>,
    /// t = 2π f x + φ, line after line.
    pub turns: Vec<f64>,
    /// h = cos t.
    pub waves: Vec<f64>,
    /// What goes into the first layer: columns, looked-up numbers, sums.
    pub input: Vec<f64>,
}

impl Front {
    pub(super) fn new(network: &Network) -> Front {
        let (levels, numbers) = network.embedding.as_ref().map_or((&[][..], 0), |embedding| (&embedding.levels[..], embedding.numbers));
        let mut start = 0;
        let tables = levels.iter().map(|&levels| {
            let table = (start, levels);
            start += levels * numbers;
            table
        });
        let tables: Vec<(usize, usize)> = tables.collect();
        let waves = network.numeric.as_ref().map(|numeric| {
            let (lines, sums) = (numeric.columns.len(), numeric.columns.len() * numeric.numbers);
            let mut starts = [start; 5];
            for (place, size) in [lines * numeric.waves, lines * numeric.waves, sums * numeric.waves, sums].into_iter().enumerate() {
                starts[place + 1] = starts[place] + size;
            }
            Waves { columns: numeric.columns.clone(), waves: numeric.waves, numbers: numeric.numbers, starts }
        });
        Front { columns: network.inputs, tables, numbers, waves }
    }

    /// The places of the tables in the flat parameters.
    pub fn of_tables(&self) -> Range<usize> {
        0..self.tables.iter().map(|(_, levels)| levels * self.numbers).sum()
    }

    /// The places of what the cosines are made of.
    pub fn of_waves(&self) -> Range<usize> {
        let end = self.of_tables().end;
        self.waves.as_ref().map_or(end..end, |waves| waves.starts[0]..waves.starts[4])
    }

    /// The places of all its parameters.
    pub fn range(&self) -> Range<usize> {
        0..self.of_waves().end
    }

    /// Columns that are no codes.
    pub fn own(&self) -> usize {
        self.columns - self.tables.len()
    }

    /// How many numbers stand before the sums.
    pub fn looked_up(&self) -> usize {
        self.own() + self.tables.len() * self.numbers
    }

    /// Where a number of a level stands in the flat parameters. Tables count from 0.
    pub fn place(&self, table: usize, level: usize, number: usize) -> Option<usize> {
        let &(start, levels) = self.tables.get(table)?;
        (level < levels && number < self.numbers).then_some(start + level * self.numbers + number)
    }

    /// One row. `x`: columns.
    pub(super) fn forward(&self, parameters: &[f64], x: &[f64], way: &dyn Way) -> Seen {
        let (own, codes) = x.split_at(self.own());
        let mut input = own.to_vec();
        for (table, &code) in codes.iter().enumerate() {
            let number = |j: usize| self.place(table, code as usize, j).map_or(f64::NAN, |place| parameters[place]);
            input.extend((0..self.numbers).map(number));
        }
        let (mut turns, mut waves) = (Vec::new(), Vec::new());
        if let Some(all) = &self.waves {
            let [f, phases, weights, biases, _] = all.starts;
            for (line, &column) in all.columns.iter().enumerate() {
                for at in line * all.waves..(line + 1) * all.waves {
                    turns.push(TAU * parameters[f + at] * x[column] + parameters[phases + at]);
                }
            }
            waves.extend(turns.iter().map(|turn| turn.cos()));
            for sum in 0..all.columns.len() * all.numbers {
                let line = sum / all.numbers * all.waves;
                let term = |k: usize| parameters[weights + sum * all.waves + k] * way.keep(waves[line + k]);
                input.push(way.keep((0..all.waves).map(term).sum::<f64>() + parameters[biases + sum]));
            }
        }
        Seen { x: x.to_vec(), turns, waves, input }
    }

    /// ∂/∂h from ∂/∂ what goes into the first layer.
    pub fn by_waves(&self, parameters: &[f64], by_input: &[f64], way: &dyn Way) -> Vec<f64> {
        let Some(all) = &self.waves else { return Vec::new() };
        let mut by = vec![0.0; all.columns.len() * all.waves];
        for (sum, &dp) in by_input[self.looked_up()..].iter().enumerate() {
            let line = sum / all.numbers * all.waves;
            for k in 0..all.waves {
                by[line + k] += parameters[all.starts[2] + sum * all.waves + k] * way.keep(dp);
            }
        }
        by
    }

    /// Adds what one row gives to the gradient, flat. `by_input`: ∂C/∂ what goes into the first layer.
    pub fn add_gradient(&self, parameters: &[f64], seen: &Seen, by_input: &[f64], way: &dyn Way, gradient: &mut [f64]) {
        for (table, &code) in seen.x[self.own()..].iter().enumerate() {
            for j in 0..self.numbers {
                if let Some(place) = self.place(table, code as usize, j) {
                    gradient[place] += by_input[self.own() + table * self.numbers + j];
                }
            }
        }
        let Some(all) = &self.waves else { return };
        let [f, phases, weights, biases, _] = all.starts;
        for (sum, &dp) in by_input[self.looked_up()..].iter().enumerate() {
            let line = sum / all.numbers * all.waves;
            gradient[biases + sum] += dp;
            for k in 0..all.waves {
                gradient[weights + sum * all.waves + k] += way.keep(dp) * way.keep(seen.waves[line + k]);
            }
        }
        for (at, dh) in self.by_waves(parameters, by_input, way).into_iter().enumerate() {
            let dt = way.keep(dh) * -seen.turns[at].sin();
            gradient[phases + at] += dt;
            gradient[f + at] += dt * TAU * seen.x[all.columns[at / all.waves]];
        }
    }
}
