//! Above which probability the second of two classes is predicted.

use std::str::FromStr;

/// The threshold when nobody says.
pub const HALF: f64 = 0.5;

/// How the threshold is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// Given.
    At(f64),
    /// That with the largest F1 on the rows kept aside.
    F1,
    /// That with the largest balanced accuracy on the rows kept aside.
    Balanced,
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold::At(HALF)
    }
}

impl FromStr for Threshold {
    type Err = String;

    /// Reads `0.3`, `f1`, `balanced`. `Err` says what to type.
    fn from_str(text: &str) -> Result<Threshold, String> {
        match (text.trim(), text.trim().parse::<f64>()) {
            ("f1", _) => Ok(Threshold::F1),
            ("balanced", _) => Ok(Threshold::Balanced),
            (_, Ok(t)) if t > 0.0 && t < 1.0 => Ok(Threshold::At(t)),
            _ => Err(format!("expected a number between 0 and 1, f1 or balanced, came {}", text.escape_debug())),
        }
    }
}

impl Threshold {
    /// Whether rows are needed to find it.
    pub fn is_found(self) -> bool {
        !matches!(self, Threshold::At(_))
    }

    /// The threshold for rows of both classes. `p`: rows, the probability of the second class; `y`: rows, 1 where it is right; `w`: rows,
    /// what each counts, or empty: all alike.
    ///
    /// Every way to cut the rows is tried but to leave out all. Of the best ones that nearest to 1/2 is taken, and within its gap
    /// 1/2 or else the middle.
    pub fn choose(self, p: &[f64], y: &[f64], w: &[f64]) -> f64 {
        if let Threshold::At(threshold) = self {
            return threshold;
        }
        let weight = |row: usize| w.get(row).copied().unwrap_or(1.0);
        let mut rows: Vec<(f64, bool, f64)> = p.iter().zip(y).enumerate().map(|(row, (&p, &y))| (p, y > 0.5, weight(row))).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let sum = |is: bool| rows.iter().filter(|row| row.1 == is).map(|row| row.2).sum::<f64>();
        let (positives, negatives) = (sum(true), sum(false));
        let (mut right, mut wrong) = (0.0, 0.0);
        let mut best = (f64::NEG_INFINITY, HALF);
        for (place, &(high, is, weight)) in rows.iter().enumerate() {
            if is {
                right += weight;
            } else {
                wrong += weight;
            }
            let low = rows.get(place + 1).map_or(0.0, |row| row.0);
            if low >= high {
                continue;
            }
            let value = match self {
                Threshold::F1 => 2.0 * right / (positives + right + wrong),
                _ => right / positives + (negatives - wrong) / negatives,
            };
            let threshold = between(low, high);
            if value > best.0 || (value == best.0 && (threshold - HALF).abs() < (best.1 - HALF).abs()) {
                best = (value, threshold);
            }
        }
        best.1
    }
}

/// A number at or above `low` and below `high`: 1/2, or else the middle.
fn between(low: f64, high: f64) -> f64 {
    let middle = low + (high - low) / 2.0;
    match (low <= HALF && HALF < high, middle < high) {
        (true, _) => HALF,
        (false, true) => middle,
        (false, false) => low,
    }
}
