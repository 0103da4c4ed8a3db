//! What stands between the loss and the cost, worked: smoothed labels, the weight of a row, the penalty.

use super::Subject;
use super::digits::{USUAL, number, said, significant};
use super::page::factors;
use crate::data::cells::excerpt;
use crate::document::Document;
use crate::model_file::Task;
use crate::terms::smoothed;
use backlit_engine::explain::Values;
use backlit_engine::typeset::{Math, visible};
use serde_json::{Value, json};

/// The labels of rows as the network is trained on them.
pub(super) struct Smoothing {
    share: f64,
    classes: usize,
    /// y of what a row is not, and of what it is.
    levels: [f64; 2],
}

/// What the weight of a row is made of.
pub(super) struct Weight {
    scale: f64,
    /// The row's number in this column; none where the class weighs 0 whatever stands there.
    column: Option<(String, Option<f64>)>,
    /// The name of the row's class, and its weight.
    class: Option<(String, f64)>,
    value: f64,
}

/// What parameters cost by themselves.
pub(super) struct Penalty {
    pub l1: f64,
    pub l2: f64,
    pub biases: bool,
    /// Σ |w|
    pub sizes: f64,
    /// Σ w²
    pub squares: f64,
}

impl Smoothing {
    pub fn of(subject: &Subject) -> Option<Smoothing> {
        let metadata = &subject.metadata;
        let (share, classes) = metadata.network.terms.smoothing(metadata.task, subject.names.outputs.len());
        (share > 0.0).then(|| Smoothing { share, classes, levels: [0.0, 1.0].map(|y| smoothed(share, classes, y)) })
    }

    fn say(&self) -> String {
        let (e, k) = (said(self.share, USUAL), self.classes);
        let [wrong, right] = self.levels.map(|level| said(level, USUAL));
        format!(
            "Labels are smoothed: y = (1 − {e}) · 1 + {e}/{k} = {right} for what a row is, (1 − {e}) · 0 + {e}/{k} = {wrong} for what it is not."
        )
    }
}

impl Weight {
    /// `row`: its place among the subject's. None where rows are not weighted, or lack the column.
    pub fn of(subject: &Subject, row: usize) -> Option<Weight> {
        let weights = subject.metadata.network.terms.weights.as_ref().filter(|_| !subject.lacks_weights)?;
        let value = *subject.w.get(row)?;
        let class = (!weights.classes.is_empty()).then(|| {
            let outputs = subject.names.outputs.len();
            let y = &subject.y[row * outputs..][..outputs];
            let place = match subject.metadata.task {
                Task::TwoClasses => usize::from(y[0] > 0.5),
                _ => crate::metrics::most_probable(y),
            };
            let name = subject.metadata.class_names().get(place).cloned().unwrap_or_default();
            (name, weights.classes.get(place).copied().unwrap_or(1.0))
        });
        let others = weights.scale * class.as_ref().map_or(1.0, |(_, weight)| *weight);
        let column = weights.column.clone().map(|column| (column, (others != 0.0).then(|| factor(value, others))));
        Some(Weight { scale: weights.scale, column, class, value })
    }

    fn numbers(&self) -> Vec<f64> {
        let parts =
            [Some(self.scale), self.column.as_ref().and_then(|(_, number)| *number), self.class.as_ref().map(|(_, weight)| *weight)];
        parts.into_iter().flatten().collect()
    }

    /// What its factors are, in their order.
    fn note(&self) -> String {
        let column = self.column.as_ref().map(|(name, _)| format!("the row's '{}'", visible(&excerpt(name))));
        let parts: Vec<String> = [Some("scale".to_string()), column, self.class_said()].into_iter().flatten().collect();
        parts.join(" · ")
    }

    fn class_said(&self) -> Option<String> {
        self.class.as_ref().map(|(name, _)| format!("class weight of {}", visible(&excerpt(name))))
    }

    /// What it is made of, in a sentence.
    fn say(&self) -> String {
        if let (Some((_, None)), Some(class)) = (&self.column, self.class_said()) {
            return format!("The row's weight is 0, as the {class} is.");
        }
        let numbers: Vec<String> = self.numbers().iter().map(|number| said(*number, USUAL)).collect();
        let (note, product, value) = (self.note(), numbers.join(" · "), said(self.value, USUAL));
        format!("The row's weight is {note} = {product} = {value}; the scale brings the mean over the rows trained on to 1.")
    }
}

/// The number that gives `value` times the others: the shorter one that a table may hold, if rounding explains the difference.
fn factor(value: f64, others: f64) -> f64 {
    let (whole, short) = (value / others, significant(value / others, 15));
    if (short * others - value).abs() <= 4.0 * f64::EPSILON * value.abs() { short } else { whole }
}

impl Penalty {
    /// `values`: of any row.
    pub fn of(subject: &Subject, values: &Values<'_>) -> Option<Penalty> {
        let engine = subject.metadata.network.terms.network();
        if !engine.penalizes() {
            return None;
        }
        // What goes into the cost behind the loss.
        let inputs = subject.built.graph.inputs(subject.built.cost);
        let all = || inputs.iter().skip(1).flat_map(|&node| values.all(node)).copied();
        let (sizes, squares) = (all().map(f64::abs).sum(), all().map(|w| w * w).sum());
        Some(Penalty { l1: engine.l1, l2: engine.l2, biases: engine.penalize_biases, sizes, squares })
    }

    /// R
    pub fn cost(&self) -> f64 {
        self.l1 * self.sizes + self.l2 / 2.0 * self.squares
    }

    /// R in letters and in numbers.
    pub fn worked(&self) -> [Math; 2] {
        let sums = [(self.l1, "Σ |w|", self.sizes), (self.l2 / 2.0, "Σ w²", self.squares)];
        let sums: Vec<_> = sums.into_iter().filter(|(share, ..)| *share > 0.0).collect();
        let letters = sums.iter().map(|(share, sum, _)| Math::joined([number(*share, USUAL), Math::text(sum.to_string())], "·"));
        let numbers = sums.iter().map(|(share, _, sum)| factors(&[*share, *sum], share * sum));
        [Math::joined(letters, "+"), Math::joined(numbers, "+")]
    }

    /// What it is over.
    pub fn over(&self, subject: &Subject) -> String {
        over(subject, self.biases)
    }
}

/// Which parameters cost something by themselves.
pub(crate) fn over(subject: &Subject, biases: bool) -> String {
    let layers = if biases { "over all weights and biases" } else { "over all weights" };
    let learned = match (&subject.built.numeric, subject.built.tables.is_empty()) {
        (None, true) => return layers.to_string(),
        (None, false) => "levels",
        (Some(_), true) => "columns",
        (Some(_), false) => "columns and levels",
    };
    format!("{layers}, and all learned numbers of {learned}")
}

/// Sentences on labels and weights, of the page of one gradient.
pub(super) fn say(page: &mut Document, subject: &Subject) {
    if let Some(smoothing) = Smoothing::of(subject) {
        page.say(smoothing.say());
    }
    if let ([_], Some(weight)) = (subject.rows.as_slice(), Weight::of(subject, 0)) {
        page.say(weight.say());
    }
    if let Some(weights) = subject.metadata.network.terms.weights.as_ref().filter(|_| subject.lacks_weights) {
        let column = weights.column.as_deref().unwrap_or_default();
        page.say(format!("The cost weighs rows by '{}', which is not there: each row counts as 1.", visible(&excerpt(column))));
    }
}

/// The same as JSON.
pub(super) fn json(subject: &Subject) -> Value {
    let smoothing = Smoothing::of(subject).map(|smoothing| {
        let [wrong, right] = smoothing.levels;
        json!({ "share": smoothing.share, "classes": smoothing.classes, "right": right, "wrong": wrong })
    });
    let weights = (0..subject.rows.len()).filter_map(|row| {
        let Weight { scale, column, class, value } = Weight::of(subject, row)?;
        let ((column, number), (class, class_weight)) = (column.unzip(), class.unzip());
        Some(json!({
            "row": subject.rows[row], "scale": scale, "column": column, "number": number, "class": class,
            "class_weight": class_weight, "value": value,
        }))
    });
    let data = subject.data();
    let penalty = Penalty::of(subject, &subject.values(&data, 0)).map(|penalty| {
        json!({
            "l1": penalty.l1, "l2": penalty.l2, "biases": penalty.biases, "sum_of_sizes": penalty.sizes,
            "sum_of_squares": penalty.squares, "cost": penalty.cost(),
        })
    });
    if subject.metadata.network.terms.is_empty() {
        return Value::Null;
    }
    json!({ "smoothing": smoothing, "weights": weights.collect::<Vec<_>>(), "penalty": penalty })
}
