//! What changes the cost besides the loss: weights of rows and classes, penalties, smoothed labels.

use crate::data::cells::excerpt;
use crate::data::{Table, listed};
use crate::error::{Error, Kind};
use crate::job::Rows;
use crate::model_file::Task;
use crate::run_file::RunFile;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::str::FromStr;

/// What makes a cost of the loss; as it stands in a model file, where each is absent unless it is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// How rows are weighted; none: all alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<RowWeights>,
    /// What the sizes of the weights cost.
    #[serde(skip_serializing_if = "is_zero")]
    pub l1: f64,
    /// What half their squares cost.
    #[serde(skip_serializing_if = "is_zero")]
    pub l2: f64,
    /// Whether biases cost the same.
    #[serde(skip_serializing_if = "is_false")]
    pub penalize_biases: bool,
    /// The share of each label that is spread over all classes.
    #[serde(skip_serializing_if = "is_zero")]
    pub label_smoothing: f64,
}

/// The weight of a row: its number in a column times its class's, scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowWeights {
    /// The column; none: 1 in every row.
    pub column: Option<String>,
    /// For each class; empty: 1.
    pub classes: Vec<f64>,
    /// Brings the mean over the rows trained on to 1.
    pub scale: f64,
}

/// What a class weighs.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    /// n / (k · n of the class), n being sums of row weights: each class as much as any other, as in scikit-learn.
    Balanced,
    /// By class; those not named weigh 1.
    Given(Vec<(String, f64)>),
}

/// The largest penalty.
pub const MOST_PENALTY: f64 = 1e6;

pub(crate) fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

pub(crate) fn is_false(truth: &bool) -> bool {
    !truth
}

impl FromStr for ClassWeight {
    type Err = String;

    /// Reads `balanced` or `a=2,b=1`. `Err` says what to type.
    fn from_str(text: &str) -> Result<ClassWeight, String> {
        if text.trim() == "balanced" {
            return Ok(ClassWeight::Balanced);
        }
        let wrong = |part: &str| format!("expected balanced, or a weight for each class such as 0=1,1=2.5, came '{}'", part.escape_debug());
        let mut given: Vec<(String, f64)> = Vec::new();
        for part in text.split(',') {
            let (class, weight) = part.rsplit_once('=').ok_or_else(|| wrong(part))?;
            let class = class.trim().to_string();
            match weight.trim().parse::<f64>() {
                Ok(weight) if weight.is_finite() && weight >= 0.0 && !class.is_empty() => {
                    if given.iter().any(|(known, _)| *known == class) {
                        return Err(format!("the class '{}' is named twice", excerpt(&class)));
                    }
                    given.push((class, weight));
                }
                _ => return Err(wrong(part)),
            }
        }
        Ok(ClassWeight::Given(given))
    }
}

impl Terms {
    /// Whether the cost is the loss as it is.
    pub fn is_empty(&self) -> bool {
        *self == Terms::default()
    }

    /// Whether it makes sense for a task with so many classes. `Err` says what does not.
    pub(crate) fn check(&self, task: Task, classes: usize) -> Result<(), String> {
        let of_classes = matches!(task, Task::Classes | Task::TwoClasses | Task::Labels);
        for (name, penalty) in [("l1", self.l1), ("l2", self.l2)] {
            if !(0.0..=MOST_PENALTY).contains(&penalty) {
                return Err(format!("expected {name} from 0 to {MOST_PENALTY}, came {penalty}"));
            }
        }
        if !(0.0..1.0).contains(&self.label_smoothing) || (self.label_smoothing > 0.0 && !of_classes) {
            return Err(format!("expected label smoothing from 0 to below 1, of classes, came {}", self.label_smoothing));
        }
        let Some(RowWeights { classes: weights, scale, .. }) = &self.weights else { return Ok(()) };
        if !weights.is_empty() && weights.len() != classes {
            return Err(format!("expected {classes} class weights, came {}", weights.len()));
        }
        match weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            Some(weight) => Err(format!("expected class weights of 0 or more, came {weight}")),
            None if scale.is_finite() && *scale > 0.0 => Ok(()),
            None => Err(format!("expected weights with a scale above 0, came {scale}")),
        }
    }

    /// The engine's part of it.
    pub fn network(&self) -> backlit_engine::network::Terms {
        let Terms { l1, l2, penalize_biases, .. } = *self;
        backlit_engine::network::Terms { weighted: self.weights.is_some(), l1, l2, penalize_biases }
    }

    /// The targets as the network is trained on them: (1 − E) y + E/k, with E the share that is spread over k classes.
    /// `y`: rows × outputs
    pub fn smoothed<'a>(&self, task: Task, outputs: usize, y: &'a [f64]) -> Cow<'a, [f64]> {
        let (share, k) = self.smoothing(task, outputs);
        if share == 0.0 {
            return Cow::Borrowed(y);
        }
        Cow::Owned(y.iter().map(|&y| smoothed(share, k, y)).collect())
    }

    /// The share that is spread, and over how many classes.
    pub(crate) fn smoothing(&self, task: Task, outputs: usize) -> (f64, usize) {
        (self.label_smoothing, if matches!(task, Task::TwoClasses | Task::Labels) { 2 } else { outputs })
    }

    /// The same of one-hot targets: what stands for the `k` classes but a row's own, and for that.
    pub(crate) fn levels(&self, k: usize) -> [f64; 2] {
        [0.0, 1.0].map(|y| smoothed(self.label_smoothing, k, y))
    }

    /// The weights of a table's rows, rows × 1, as the network sees them; empty where rows are not weighted, and where the
    /// table lacks the column. `rows`: the same, in the same order, with their targets
    pub fn weights_of(&self, table: &Table, rows: &Rows) -> Result<Vec<f64>, Error> {
        let Some(RowWeights { column, classes, scale }) = &self.weights else { return Ok(Vec::new()) };
        if column.as_ref().is_some_and(|column| !table.columns.contains(column)) {
            return Ok(Vec::new());
        }
        let mut weights = column_of(table, column.as_deref())?;
        let outputs = rows.y.len() / table.rows.max(1);
        for (r, weight) in weights.iter_mut().enumerate() {
            *weight *= scale * weight_of(classes, rows, r, outputs);
        }
        Ok(weights)
    }

    /// What a person should know where the cost weighs rows by a column that these rows do not have.
    pub fn without_weights(&self, rows: &Rows) -> Option<String> {
        let column = self.weights.as_ref()?.column.as_ref()?;
        let note = format!("the cost weighs rows by '{}', which is not there: each row counts as 1", excerpt(column));
        (rows.w.len() != rows.rows).then_some(note)
    }

    /// The weights of so many rows as the cost takes them: 1 where it has weights in it and the rows have none.
    pub(crate) fn or_alike(&self, rows: usize, weights: Vec<f64>) -> Vec<f64> {
        if self.weights.is_some() && weights.len() != rows { vec![1.0; rows] } else { weights }
    }

    /// What the column of weights says of these rows, but for a factor that all share; none: all count alike. `outputs` as in [`Rows`]
    pub(crate) fn counts(&self, rows: &Rows, outputs: usize) -> Option<Vec<f64>> {
        let RowWeights { column: Some(_), classes, .. } = self.weights.as_ref()? else { return None };
        let of =
            |(r, w): (usize, &f64)| Some(weight_of(classes, rows, r, outputs)).filter(|class| *class > 0.0).map_or(0.0, |class| w / class);
        Some(rows.w.iter().enumerate().map(of).collect())
    }

    /// What a person should know of the numbers shown.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let shown = "costs and metrics shown are";
        if let Some(RowWeights { column, classes, .. }) = &self.weights {
            let by = match (column, classes.is_empty()) {
                (Some(column), true) => format!("by '{}'", excerpt(column)),
                (Some(column), false) => format!("by '{}' and by class", excerpt(column)),
                (None, _) => "by class".to_string(),
            };
            notes.push(format!("rows are weighted {by} in training; {shown} of rows that count alike"));
        }
        if self.l1 > 0.0 || self.l2 > 0.0 {
            notes.push(format!("large weights cost in training (l1 {}, l2 {}); {shown} without that", self.l1, self.l2));
        }
        if self.label_smoothing > 0.0 {
            let e = self.label_smoothing;
            notes.push(format!("labels are smoothed in training: (1 - {e}) y + {e}/k for k classes; {shown} of the classes as they are"));
        }
        notes
    }
}

/// What a row's class weighs; 1 where classes have no weights.
fn weight_of(weights: &[f64], rows: &Rows, row: usize, outputs: usize) -> f64 {
    if weights.is_empty() { 1.0 } else { weights.get(rows.class(row, outputs)).copied().unwrap_or(1.0) }
}

/// (1 − E) y + E/k
pub(crate) fn smoothed(share: f64, k: usize, y: f64) -> f64 {
    (1.0 - share) * y + share / k as f64
}

/// A column of weights, 0 or more; 1 in every row without one.
fn column_of(table: &Table, column: Option<&str>) -> Result<Vec<f64>, Error> {
    let Some(column) = column else { return Ok(vec![1.0; table.rows]) };
    let weights = table.take(&[column.to_string()])?;
    match weights.iter().position(|weight| *weight < 0.0) {
        Some(row) => Err(Error::new(Kind::Data, format!("expected a weight of 0 or more, came {}", weights[row]))
            .file(&table.source)
            .row(table.number(row))
            .column(column)),
        None => Ok(weights),
    }
}

/// What a column of weights says of the rows of a table; empty without one.
pub(crate) fn column(table: &Table, column: Option<&str>) -> Result<Vec<f64>, Error> {
    column.map_or(Ok(Vec::new()), |column| column_of(table, Some(column)))
}

/// The terms that a run asks for, with the weights of its rows put into them. `counts`: what the column of weights says of the rows trained
/// on; empty without one
pub(crate) fn terms(
    run: &RunFile,
    task: Task,
    classes: &[String],
    table: &Table,
    (train, held): (&mut Rows, &mut Rows),
    counts: &[f64],
    wrong: impl Fn(&str, String) -> Error,
) -> Result<Terms, Error> {
    let mut terms = run.network.terms.clone();
    let of_classes = matches!(task, Task::Classes | Task::TwoClasses);
    if terms.label_smoothing > 0.0 && !of_classes && task != Task::Labels {
        return Err(wrong("network.label_smoothing", "labels are smoothed of classes and labels only".into()).hint("--task classes"));
    }
    let (column, class_weight) = (&run.data.weights, &run.data.class_weight);
    if class_weight.is_some() && !of_classes {
        return Err(wrong("data.class_weight", "only classes have class weights".into()).hint("--task classes, or --weights COLUMN"));
    }
    if column.is_none() && class_weight.is_none() {
        return Ok(terms);
    }
    let weights = column_of(table, column.as_deref())?;
    let of_class = match class_weight {
        Some(weight) => by_class(weight, classes, train, counts).map_err(|message| wrong("data.class_weight", message))?,
        None => Vec::new(),
    };
    let raw = RowWeights { column: column.clone(), classes: of_class, scale: 1.0 };
    for rows in [&mut *train, &mut *held] {
        let outputs = rows.y.len().checked_div(rows.rows).unwrap_or(0);
        let weight = |(r, &number): (usize, &usize)| weights[number] * weight_of(&raw.classes, rows, r, outputs);
        rows.w = rows.numbers.iter().enumerate().map(weight).collect();
    }
    let total: f64 = train.w.iter().sum();
    let scale = train.rows as f64 / total;
    if !(scale.is_finite() && scale > 0.0) {
        let error = Error::new(Kind::Data, format!("the weights of the rows trained on add up to {total}"));
        let error = error.file(&table.source).hint("weights above 0 in some rows trained on, and none beyond 1e300");
        return Err(column.iter().fold(error, |error, column| error.column(column)));
    }
    train.w.iter_mut().chain(&mut held.w).for_each(|w| *w *= scale);
    terms.weights = Some(RowWeights { scale, ..raw });
    Ok(terms)
}

/// What each class weighs. `counts` as in [`terms`]
fn by_class(weight: &ClassWeight, named: &[String], train: &Rows, counts: &[f64]) -> Result<Vec<f64>, String> {
    match weight {
        ClassWeight::Given(given) => {
            if let Some((unknown, _)) = given.iter().find(|(class, _)| !named.contains(class)) {
                return Err(format!("there is no class '{}'; there are {}", excerpt(unknown), listed(named.iter().map(String::as_str))));
            }
            let of = |name: &String| given.iter().find(|(class, _)| class == name).map_or(1.0, |(_, weight)| *weight);
            Ok(named.iter().map(of).collect())
        }
        ClassWeight::Balanced => {
            let mut sums = vec![0.0; named.len()];
            let outputs = train.y.len() / train.rows;
            (0..train.rows).for_each(|r| sums[train.class(r, outputs)] += counts.get(r).copied().unwrap_or(1.0));
            let all: f64 = sums.iter().sum();
            // A class that no row trained on has weighs nothing there; kept aside it counts as any other.
            let of = |&sum: &f64| if sum == 0.0 { 1.0 } else { all / (named.len() as f64 * sum) };
            Ok(sums.iter().map(of).collect())
        }
    }
}
