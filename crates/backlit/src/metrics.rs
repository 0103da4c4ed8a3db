//! How good predictions are, in the units of the target.

use crate::model_file::Task;
use serde::Serialize;

/// The usual measures; which ones depends on the task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Metrics {
    /// Of numbers.
    Numbers {
        /// Root of the mean squared error, over all targets.
        rmse: f64,
        /// Mean absolute error, over all targets.
        mae: f64,
        /// 1 − Σ(y − a)² / Σ(y − ȳ)², the mean over targets; none where a target does not vary.
        r2: Option<f64>,
    },
    /// Of classes.
    Classes {
        /// Share of rows whose most probable class is the right one.
        accuracy: f64,
        /// Mean of −log of the probability given to the right class.
        log_loss: f64,
    },
}

impl Metrics {
    /// `outputs`, `targets`: rows × outputs. For classes the outputs are probabilities and the targets one-hot;
    /// for two classes there is one output, the probability of the second. `cost` is the mean cost: for classes that
    /// is the log loss, taken from the logits, where no probability has been rounded to 0.
    pub fn of(task: Task, outputs: usize, predicted: &[f64], targets: &[f64], cost: f64) -> Metrics {
        let rows = targets.len() / outputs;
        let pairs = || predicted.chunks_exact(outputs).zip(targets.chunks_exact(outputs));
        let right = match task {
            Task::Regression | Task::Values => return numbers(outputs, predicted, targets),
            Task::Classes => pairs().filter(|(p, y)| most_probable(p) == most_probable(y)).count(),
            Task::TwoClasses => pairs().filter(|(p, y)| (p[0] > 0.5) == (y[0] > 0.5)).count(),
        };
        Metrics::Classes { accuracy: right as f64 / rows as f64, log_loss: cost }
    }

    /// Name and value, for printing.
    pub fn list(&self) -> Vec<(&'static str, f64)> {
        match *self {
            Metrics::Numbers { rmse, mae, r2 } => {
                let mut list = vec![("rmse", rmse), ("mae", mae)];
                list.extend(r2.map(|r2| ("r2", r2)));
                list
            }
            Metrics::Classes { accuracy, log_loss } => vec![("accuracy", accuracy), ("log_loss", log_loss)],
        }
    }
}

fn numbers(outputs: usize, predicted: &[f64], targets: &[f64]) -> Metrics {
    let n = targets.len() as f64;
    let rows = n / outputs as f64;
    let errors = || predicted.iter().zip(targets).map(|(a, y)| a - y);
    let r2: Option<Vec<f64>> = (0..outputs)
        .map(|k| {
            let column = || targets.iter().skip(k).step_by(outputs);
            let mean = column().sum::<f64>() / rows;
            let total: f64 = column().map(|y| (y - mean).powi(2)).sum();
            let left: f64 = errors().skip(k).step_by(outputs).map(|e| e * e).sum();
            let first = column().next();
            (column().any(|y| Some(y) != first) && total > 0.0).then(|| 1.0 - left / total)
        })
        .collect();
    Metrics::Numbers {
        rmse: (errors().map(|e| e * e).sum::<f64>() / n).sqrt(),
        mae: errors().map(f64::abs).sum::<f64>() / n,
        r2: r2.map(|r2| r2.iter().sum::<f64>() / outputs as f64),
    }
}

/// The place of the largest number; the first of equals.
pub fn most_probable(p: &[f64]) -> usize {
    p.iter().enumerate().fold(0, |best, (k, value)| if *value > p[best] { k } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_hand() {
        let Metrics::Numbers { rmse, mae, r2 } = Metrics::of(Task::Regression, 1, &[1.0, 2.0, 6.0], &[1.0, 3.0, 5.0], 0.0) else {
            panic!()
        };
        assert!((rmse - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((mae - 2.0 / 3.0).abs() < 1e-15);
        assert!((r2.unwrap() - 0.75).abs() < 1e-15);
        let Metrics::Numbers { r2, .. } = Metrics::of(Task::Regression, 1, &[1.0, 2.0, 3.0], &[0.1, 0.1, 0.1], 0.0) else { panic!() };
        assert_eq!(r2, None);
        let Metrics::Numbers { r2, .. } = Metrics::of(Task::Values, 2, &[1.0, 0.0, 2.0, 4.0], &[1.0, 0.0, 3.0, 2.0], 0.0) else { panic!() };
        assert!((r2.unwrap() - (0.5 + -1.0) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn classes_by_hand() {
        let p = [0.7, 0.2, 0.1, 0.3, 0.3, 0.4];
        let y = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let Metrics::Classes { accuracy, log_loss } = Metrics::of(Task::Classes, 3, &p, &y, 0.75) else { panic!() };
        assert_eq!((accuracy, log_loss), (0.5, 0.75));
        let Metrics::Classes { accuracy, .. } = Metrics::of(Task::TwoClasses, 1, &[0.9, 0.2, 0.6], &[1.0, 0.0, 0.0], 0.0) else { panic!() };
        assert!((accuracy - 2.0 / 3.0).abs() < 1e-15);
    }
}
