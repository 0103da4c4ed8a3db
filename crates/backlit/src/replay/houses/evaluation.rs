//! `evaluate_predictor`: a cost and a table of predictions beside prices for ten houses in a row.

use super::evidence::Shown;
use super::{FEATURES, Houses};
use crate::replay::python_text::fixed;
use crate::replay::study::Model;
use serde_json::{Value, json};

/// Houses in a window.
const WINDOW: usize = 10;
/// First houses of the windows that the notebook drew: one layer before and after, three layers before and after.
pub(super) const WINDOWS: [usize; 4] = [442, 469, 113, 302];

/// One call of `evaluate_predictor`.
pub(super) struct Evaluation {
    pub start: usize,
    pub predicted: Vec<f64>,
    pub actual: Vec<f64>,
    /// Mean cost of the window's predictions against the first ten prices of all: what the code computes.
    pub as_paired: f64,
    /// Mean cost of the window's predictions against the window's own prices.
    pub own: f64,
}

impl Evaluation {
    /// `x`: the features that the network is given, 506 × 13.
    pub fn new(model: &Model, parameters: &[f64], houses: &Houses, x: &[f64], start: usize) -> Evaluation {
        let window = &x[start * FEATURES..][..WINDOW * FEATURES];
        let actual = houses.prices[start..start + WINDOW].to_vec();
        Evaluation {
            start,
            predicted: model.outputs(parameters, window),
            as_paired: model.cost(parameters, window, &houses.prices[..WINDOW]),
            own: model.cost(parameters, window, &actual),
            actual,
        }
    }

    /// The rows of the table.
    pub fn rows(&self) -> Vec<String> {
        let pairs = self.predicted.iter().zip(&self.actual);
        pairs.map(|(predicted, actual)| format!("{}\t\t{}", fixed(*predicted, 2), fixed(*actual, 2))).collect()
    }

    /// All that is printed.
    pub fn lines(&self) -> Vec<String> {
        printed(&fixed(self.as_paired, 2), self.rows())
    }

    pub fn json(&self) -> Value {
        json!({
            "start": self.start,
            "predicted": self.predicted,
            "actual": self.actual,
            "lines": self.rows(),
            "cost_as_the_code_pairs (first ten prices)": self.as_paired,
            "cost_correctly_paired": self.own,
        })
    }
}

/// The print of `evaluate_predictor`.
pub(super) fn printed(cost: &str, rows: Vec<String>) -> Vec<String> {
    let mut lines = vec![format!("cost: {cost}"), String::new(), "predicted\tactual".into(), "-".repeat(21)];
    lines.extend(rows);
    lines
}

/// How far the numbers before rounding are from those printed: within 0.005 they print the same.
pub(super) fn departure(table: &Evaluation, shown: &Shown) -> f64 {
    let predictions = table.predicted.iter().zip(shown.predicted()).map(|(computed, shown)| (computed - shown).abs());
    predictions.fold((table.as_paired - shown.cost).abs(), f64::max)
}
