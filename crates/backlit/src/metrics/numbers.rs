//! Measures of predicted numbers.

use crate::median::median;
use serde::Serialize;

/// How far numbers are from what is right; none without rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Numbers {
    /// Root of the mean squared error, over all targets.
    pub rmse: Option<f64>,
    /// Mean absolute error, over all targets.
    pub mae: Option<f64>,
    /// Median of the absolute errors of a target, the mean over targets.
    pub median_absolute_error: Option<f64>,
    /// The largest absolute error of any target.
    pub max_error: Option<f64>,
    /// 1 − Σ(y − a)² / Σ(y − ȳ)², the mean over targets; none where a target does not vary.
    pub r2: Option<f64>,
}

impl Numbers {
    /// `predicted`, `targets`: rows × outputs
    pub(super) fn of(outputs: usize, predicted: &[f64], targets: &[f64]) -> Numbers {
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
        let medians =
            (0..outputs).map(|k| median(&mut errors().skip(k).step_by(outputs).map(f64::abs).collect::<Vec<f64>>())).sum::<Option<f64>>();
        let some = |value: f64| (n > 0.0).then_some(value);
        Numbers {
            rmse: some((errors().map(|e| e * e).sum::<f64>() / n).sqrt()),
            mae: some(errors().map(f64::abs).sum::<f64>() / n),
            median_absolute_error: medians.map(|sum| sum / outputs as f64),
            max_error: some(errors().map(f64::abs).fold(0.0, |most, e| if most >= e || most.is_nan() { most } else { e })),
            r2: r2.map(|r2| r2.iter().sum::<f64>() / outputs as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let of = Numbers::of(1, &[1.0, 2.0, 6.0], &[1.0, 3.0, 5.0]);
        assert!((of.rmse.unwrap() - (2.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((of.mae.unwrap() - 2.0 / 3.0).abs() < 1e-15);
        assert!((of.r2.unwrap() - 0.75).abs() < 1e-15);
        assert_eq!((of.median_absolute_error, of.max_error), (Some(1.0), Some(1.0)));
        assert_eq!(Numbers::of(1, &[1.0, 2.0, 3.0], &[0.1, 0.1, 0.1]).r2, None);
        let two = Numbers::of(2, &[1.0, 0.0, 2.0, 4.0], &[1.0, 0.0, 3.0, 2.0]);
        assert!((two.r2.unwrap() - (0.5 + -1.0) / 2.0).abs() < 1e-15);
        assert_eq!((two.median_absolute_error, two.max_error), (Some(0.75), Some(2.0)));
    }
}
