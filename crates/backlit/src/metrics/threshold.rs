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
        self.choose_by(p, |row| y[row] > 0.5, w)
    }

    /// The same, told of each row whether it is of the second class.
    pub(crate) fn choose_by(self, p: &[f64], is: impl Fn(usize) -> bool, w: &[f64]) -> f64 {
        if let Threshold::At(threshold) = self {
            return threshold;
        }
        let weight = |row: usize| w.get(row).copied().unwrap_or(1.0);
        // Four bytes a row; of equals the first comes first.
        let mut rows: Vec<u32> = (0..p.len() as u32).collect();
        rows.sort_unstable_by(|&a, &b| p[b as usize].total_cmp(&p[a as usize]).then(a.cmp(&b)));
        let sum = |of: bool| rows.iter().map(|&row| row as usize).filter(|&row| is(row) == of).map(weight).sum::<f64>();
        let (positives, negatives) = (sum(true), sum(false));
        let (mut right, mut wrong) = (0.0, 0.0);
        let mut best = (f64::NEG_INFINITY, HALF);
        for (place, &row) in rows.iter().enumerate() {
            let (row, high) = (row as usize, p[row as usize]);
            if is(row) {
                right += weight(row);
            } else {
                wrong += weight(row);
            }
            let low = rows.get(place + 1).map_or(0.0, |&row| p[row as usize]);
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
