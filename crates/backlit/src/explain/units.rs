//! Through the scaler to the user's own columns: what one more room does to the cost.

use super::Subject;
use super::notation::{NumericPart, Thing};
use crate::scaler::{Scaler, Scaling, moved};
use backlit_engine::explain::Explanation;

/// What the numbers mean in the user's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// The input column that the parameter or the question is about.
    pub input: Option<Column>,
    /// The targets that were standardized.
    pub targets: Vec<Column>,
    /// ∂C/∂ the column in its own units, where the question is about a column: gradient / scale, each row's times the slope where its
    /// scaling bends.
    pub per_unit: Option<f64>,
    /// The cost in the targets' own units is so many times C; none where the loss has no such factor.
    pub cost_factor: Option<f64>,
    /// The power of the targets' unit that the cost has.
    pub cost_power: i32,
}

/// A standardized column: what the network sees is u = (value − mean) / scale, bent by its scaling; 0 where the scale is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// In its own units.
    pub mean: f64,
    /// In its own units.
    pub scale: f64,
    /// What mean and scale are.
    pub scaling: Scaling,
    /// The value in the row that is explained, where there is one only.
    pub value: Option<f64>,
}

impl Column {
    /// Its value, moved and stretched, in the row that is explained.
    pub fn moved(&self) -> Option<f64> {
        self.value.map(|value| moved(value, self.mean, self.scale))
    }

    /// Whether it was constant in the rows trained on: what the network sees is 0 whatever stands there.
    pub fn is_silent(&self) -> bool {
        self.scale == 0.0
    }
}

impl Units {
    pub(super) fn new(subject: &Subject, explanation: &Explanation) -> Units {
        let metadata = &subject.metadata;
        let column = |names: &[String], scaler: &Option<Scaler>, i: usize, value: Option<f64>| {
            let scaler = scaler.as_ref()?;
            Some(Column { name: names[i].clone(), mean: scaler.mean[i], scale: scaler.scale[i], scaling: scaler.scaling, value })
        };
        let asked = match subject.thing(explanation.target) {
            Some(Thing::Input(i) | Thing::Column(i) | Thing::Weight { layer: 1, input: i, .. }) => Some(i),
            Some(Thing::Numeric { part: NumericPart::Frequency | NumericPart::Phase, line, .. }) => {
                metadata.network.numeric.as_ref().and_then(|numeric| numeric.columns.get(line).copied())
            }
            _ => None,
        };
        let inputs = metadata.inputs.len();
        // Learned numbers stand behind the columns, codes have no scale.
        let numbers = inputs - subject.built.tables.len();
        let raw = |row: usize, i: usize| subject.rows.iter().position(|&known| known == row).map(|place| subject.raw[place * inputs + i]);
        let value = |i: usize| if let [only] = *explanation.rows { raw(only, i) } else { None };
        let input = asked.filter(|i| *i < numbers).and_then(|i| column(&metadata.inputs, &metadata.input_scaler, i, value(i)));
        let per_unit = match (&input, subject.thing(explanation.target)) {
            (Some(column), Some(Thing::Input(_) | Thing::Column(_))) if column.is_silent() => Some(0.0),
            (Some(column), Some(Thing::Input(i) | Thing::Column(i))) => Some(match column.scaling {
                Scaling::Standard => explanation.gradient / column.scale,
                Scaling::Robust => {
                    let slope =
                        |row: usize| raw(row, i).map_or(f64::NAN, |value| Scaling::Robust.slope((value - column.mean) / column.scale));
                    explanation.by_row.iter().map(|row| row.adds * slope(row.row)).sum::<f64>() / column.scale
                }
            }),
            _ => None,
        };
        let targets: Vec<Column> =
            (0..metadata.targets.len()).filter_map(|k| column(&metadata.targets, &metadata.target_scaler, k, None)).collect();
        // A penalty does not grow with the unit.
        let power = power(&metadata.network.loss).filter(|_| !metadata.network.terms.network().penalizes());
        let cost_factor = match (targets.as_slice(), power) {
            ([only], Some(power)) => Some(only.scale.powi(power)),
            _ => None,
        };
        Units { input, targets, per_unit, cost_factor, cost_power: power.unwrap_or(0) }
    }

    /// The power as it is written behind the unit.
    pub fn power(&self) -> &'static str {
        if self.cost_power == 2 { "²" } else { "" }
    }

    /// Whether there is anything to say.
    pub fn is_empty(&self) -> bool {
        self.input.is_none() && self.targets.is_empty()
    }
}

/// The power of the unit of prediction and target that a loss grows with, for losses that do.
fn power(loss: &str) -> Option<i32> {
    match loss {
        "half_squared_error" | "squared_error" => Some(2),
        "absolute_error" => Some(1),
        quantile if quantile.starts_with("quantile") => Some(1),
        _ => None,
    }
}
