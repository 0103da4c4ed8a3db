//! Products of matrices with all their numbers.

use super::{Digits, Page, number, symbols};
use crate::document::Equation;
use backlit_engine::typeset::Math;

/// Rows × columns with a symbol.
#[derive(Clone)]
pub(in crate::replay) struct Grid {
    symbol: Math,
    columns: usize,
    values: Vec<f64>,
    digits: Digits,
}

impl Grid {
    /// `values`: rows × columns.
    pub fn new(symbol: Math, columns: usize, values: &[f64], digits: impl Into<Digits>) -> Grid {
        Grid { symbol, columns, values: values.to_vec(), digits: digits.into() }
    }

    /// Columns × rows, with ᵀ above the symbol.
    pub fn transposed(&self) -> Grid {
        let values = crate::replay::study::transposed(self.columns, &self.values);
        Grid { symbol: symbols::transposed(self.symbol.clone()), columns: self.rows(), values, digits: self.digits }
    }

    /// The numbers stand for the symbol, too.
    pub fn named_by_its_numbers(mut self) -> Grid {
        self.symbol = self.math();
        self
    }

    /// What it is called.
    pub fn symbol(&self) -> &Math {
        &self.symbol
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Its numbers.
    pub fn math(&self) -> Math {
        let row = |row: &[f64]| row.iter().map(|value| number(*value, self.digits)).collect();
        Math::Matrix(self.values.chunks(self.columns).map(row).collect())
    }

    /// `·` as the product of matrices, `⊙` element by element, `+` element by element; one row is added to every row.
    fn joined(&self, sign: &str, other: &Grid) -> Grid {
        let (columns, values): (usize, Vec<f64>) = match sign {
            "·" => {
                let entry = |row: &[f64], c: usize| -> f64 {
                    row.iter().zip(other.values[c..].iter().step_by(other.columns)).map(|(a, b)| a * b).sum()
                };
                let rows = self.values.chunks(self.columns);
                (other.columns, rows.flat_map(|row| (0..other.columns).map(|c| entry(row, c)).collect::<Vec<_>>()).collect())
            }
            "⊙" => (self.columns, self.values.iter().zip(&other.values).map(|(a, b)| a * b).collect()),
            _ => (self.columns, self.values.iter().zip(other.values.iter().cycle()).map(|(a, b)| a + b).collect()),
        };
        Grid { symbol: Math::Row(Vec::new()), columns, values, digits: other.digits }
    }
}

impl Page<'_> {
    /// result = first sign second sign … in symbols, then with the numbers, then the result's; computed here from left to
    /// right and held against the result's numbers, which are the engine's.
    pub fn product(&mut self, result: &Grid, first: &Grid, others: &[(&'static str, &Grid)]) {
        let row = |set: &dyn Fn(&Grid) -> Math| {
            let mut parts = vec![set(first)];
            others.iter().for_each(|(sign, grid)| parts.extend([Math::Sign(sign), set(grid)]));
            Math::Row(parts)
        };
        let steps = vec![("=", row(&|grid| grid.symbol.clone())), ("=", row(&Grid::math)), ("=", result.math())];
        let computed = others.iter().fold(first.clone(), |so_far, (sign, grid)| so_far.joined(sign, grid));
        self.hold_all(&computed.values, &result.values);
        self.equation(Equation { left: result.symbol.clone(), steps, note: Vec::new() });
    }

    /// symbol = the numbers.
    pub fn shown(&mut self, grid: &Grid) {
        self.equation(Equation::new(grid.symbol.clone(), grid.math()));
    }

    /// Compares numbers computed here with the engine's, relative to the largest.
    pub fn hold_all(&mut self, computed: &[f64], expected: &[f64]) {
        let one = super::Agreement::numbers("", computed, expected, super::BOUND);
        self.measure(one.difference);
    }
}
