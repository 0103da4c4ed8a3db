//! Where a training left the finite numbers: finding the first bad tensor, and naming it.

use super::Trainer;
use crate::Scalar;
use crate::step::{Batch, Data, Stretch};

/// Where a run left the finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The step, counted from 1, whose update led there (1 if the run began there). The parameters kept are those before it.
    pub step: u64,
    /// Its epoch, counted from 0.
    pub epoch: u64,
    /// The first bad tensor, in the order of computation: `layer1.weight[0,2]`, or `z2, row 7, unit 1`.
    pub place: String,
    /// The layer, counted from 1; the last one for the cost itself.
    pub layer: Option<usize>,
    /// Its value.
    pub value: f64,
    /// η of that step.
    pub rate: f64,
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let layer = self.layer.map_or(String::new(), |layer| format!(" in layer {layer}"));
        write!(f, "step {} (epoch {}) left the finite numbers{layer}: {} is {}", self.step, self.epoch + 1, self.place, self.value)
    }
}

impl<S: Scalar> Trainer<'_, S> {
    /// Finds the first bad tensor, then goes back to the parameters before the last update.
    #[cold]
    pub(super) fn diverged(&mut self, data: Data<'_, S>, step: u64, start: usize, rows: usize) -> Divergence {
        let bad = self.parameters.iter().position(|parameter| !parameter.is_finite());
        let (place, value) = match bad {
            Some(index) => (self.graph.parameter_name(index), self.parameters[index].to_f64()),
            None => self.bad_value(data, start, rows).unwrap_or_else(|| self.bad_memory(data, start, rows)),
        };
        let layer = layer_of(&place).or_else(|| self.graph.parameters().last().and_then(|last| layer_of(&last.name)));
        std::mem::swap(&mut self.parameters, &mut self.previous);
        let rate = self.settings.learning_rate * self.factor_at(step - 1);
        Divergence { step, epoch: (step - 1) / self.per_epoch(), place, layer, value, rate }
    }

    fn bad_value(&mut self, data: Data<'_, S>, start: usize, rows: usize) -> Option<(String, f64)> {
        let draw = self.draw();
        let rows = self.order.rows(self.rows, start, rows);
        let found = self.runner.first_not_finite_of(&self.plan, &self.parameters, Batch { data, rows, again: false, draw })?;
        let row = rows.number(found.row);
        Some((format!("{}, row {row}, unit {}", self.graph.name(found.node), found.column), found.value))
    }

    /// All else is finite: what the optimizer remembers of the largest gradient (its square, mostly) is not.
    fn bad_memory(&mut self, data: Data<'_, S>, start: usize, rows: usize) -> (String, f64) {
        let mut gradient = vec![S::ZERO; self.parameters.len()];
        let stretch = Stretch { start: 0, gradient: &mut gradient, memory: Default::default() };
        let draw = self.draw();
        let rows = self.order.rows(self.rows, start, rows);
        self.runner.step(&self.plan, &self.previous, Batch { data, rows, again: false, draw }, stretch, None);
        let size = |index: usize| gradient[index].to_f64().abs();
        let largest = (0..gradient.len()).max_by(|&a, &b| size(a).total_cmp(&size(b))).unwrap_or(0);
        (format!("{}, as the optimizer remembers its gradient {}", self.graph.parameter_name(largest), gradient[largest]), f64::INFINITY)
    }
}

/// `layer3.weight…`, `z3…`, `n3…`, `a3…`, `s3…` tell their layer.
fn layer_of(place: &str) -> Option<usize> {
    let rest = place.strip_prefix("layer").or_else(|| place.strip_prefix(['z', 'n', 'a', 's']))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
