//! How good predictions are, in the units of the target.

mod classes;
mod curves;
mod labels;
mod numbers;
mod own;
mod threshold;

pub use classes::{Classes, most_probable};
pub use curves::{Bin, Bins, Roc};
pub use labels::{Label, Labels};
pub use numbers::Numbers;
pub use own::Own;
pub use threshold::{HALF, Threshold};

use crate::error::Error;
use crate::model_file::Task;
use crate::said::{Said, Targets};
use serde::Serialize;

/// The usual measures; which ones depends on the task. What is not defined on the rows is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metrics {
    /// Of numbers.
    Numbers(Numbers),
    /// Of classes.
    Classes(Classes),
    /// Of several labels.
    Labels(Labels),
}

impl Metrics {
    /// Of outputs, rows × outputs, wherever they are. For classes they are probabilities and the targets one-hot; for two classes there is
    /// one output, the probability of the second.
    /// `threshold`: the probability above which the second of two classes, or a label, is predicted.
    pub fn of_said(task: Task, outputs: usize, said: &Said, targets: Targets<'_>, threshold: f64) -> Result<Metrics, Error> {
        match task {
            Task::Classes => Ok(Metrics::Classes(Classes::over(said, targets, outputs, None)?)),
            Task::TwoClasses => Ok(Metrics::Classes(Classes::over(said, targets, outputs, Some(threshold))?)),
            Task::Regression | Task::Values => Ok(Metrics::Numbers(Numbers::over(said, targets, outputs)?)),
            Task::Labels => Ok(Metrics::Labels(Labels::over(said, targets, outputs, threshold)?)),
        }
    }

    /// Name and value, for printing; always the same names for a task.
    pub fn list(&self) -> Vec<(&'static str, Option<f64>)> {
        match self {
            Metrics::Numbers(of) => vec![
                ("rmse", of.rmse),
                ("mae", of.mae),
                ("median_absolute_error", of.median_absolute_error),
                ("max_error", of.max_error),
                ("r2", of.r2),
            ],
            Metrics::Classes(of) => vec![
                ("accuracy", of.accuracy),
                ("balanced_accuracy", of.balanced_accuracy),
                ("f1", of.f1),
                ("auc", of.auc),
                ("log_loss", of.log_loss),
                ("brier", of.brier),
            ],
            Metrics::Labels(of) => vec![
                ("accuracy", of.accuracy),
                ("subset_accuracy", of.subset_accuracy),
                ("hamming_loss", of.hamming_loss),
                ("macro_f1", of.macro_f1),
                ("micro_f1", of.micro_f1),
                ("auc", of.auc),
                ("log_loss", of.log_loss),
            ],
        }
    }

    /// Why each measure that is none is not defined: one sentence each.
    pub fn undefined(&self) -> Vec<String> {
        let because = |name: &str| match name {
            "r2" => "a target does not vary",
            "auc" if matches!(self, Metrics::Labels(_)) => "it needs rows with each label and without it",
            "auc" => "it needs rows of every class",
            "f1" => "no row is of that class, and none is taken for it",
            "macro_f1" | "micro_f1" => "no row has a label, and none is predicted",
            _ => "there are no rows",
        };
        let list = self.list().into_iter().filter(|(_, value)| value.is_none());
        list.map(|(name, _)| format!("{name} is not defined here: {}", because(name))).collect()
    }
}
