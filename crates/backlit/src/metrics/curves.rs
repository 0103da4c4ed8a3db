//! Curves over probabilities: what each threshold costs, and whether probabilities mean what they say.

/// The receiver operating characteristic: for each threshold, from none predicted to all.
#[derive(Clone, Debug, PartialEq)]
pub struct Roc {
    /// (share of the other rows above the threshold, share of the class's own rows above it); points on a straight line between others
    /// are left out.
    pub points: Vec<(f64, f64)>,
    /// Below the curve.
    pub area: f64,
}

/// Rows whose probabilities are about the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The mean of their probabilities.
    pub predicted: f64,
    /// The share of them that are of the class.
    pub share: f64,
    /// How many.
    pub rows: u64,
}

/// Bins of equal width from 0 to 1.
const BINS: usize = 10;

impl Roc {
    /// Of rows, each with its probability and whether it is of the class. None unless there are rows of both kinds.
    /// Source: Fawcett, Pattern Recognition Letters 27, 2006; the points are scikit-learn's.
    pub fn of(rows: impl Iterator<Item = (f64, bool)>) -> Option<Roc> {
        let mut rows: Vec<(f64, bool)> = rows.collect();
        rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let (mut others, mut own) = (0i64, 0i64);
        let mut counts = Vec::new();
        for tied in rows.chunk_by(|a, b| a.0 == b.0) {
            let of_class = tied.iter().filter(|row| row.1).count() as i64;
            own += of_class;
            others += tied.len() as i64 - of_class;
            counts.push((others, own));
        }
        if own == 0 || others == 0 {
            return None;
        }
        let bends = |k: usize| {
            let [a, b, c] = [counts[k - 1], counts[k], counts[k + 1]];
            a.0 + c.0 != 2 * b.0 || a.1 + c.1 != 2 * b.1
        };
        let kept = (0..counts.len()).filter(|&k| k == 0 || k + 1 == counts.len() || bends(k)).map(|k| counts[k]);
        let share = |(x, y): (i64, i64)| (x as f64 / others as f64, y as f64 / own as f64);
        let points: Vec<(f64, f64)> = std::iter::once((0, 0)).chain(kept).map(share).collect();
        let area = points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum();
        Some(Roc { points, area })
    }
}

/// How often rows are of the class among those of about the same probability: ten bins of equal width, a number between two in the lower
/// one; those without rows are left out. The numbers are scikit-learn's. Source: DeGroot and Fienberg, The Statistician 32, 1983.
pub fn reliability(rows: impl Iterator<Item = (f64, bool)>) -> Vec<Bin> {
    let mut sums = [(0.0, 0u64, 0u64); BINS];
    for (p, is_own) in rows {
        let bin = (1..BINS).filter(|&k| k as f64 * (1.0 / BINS as f64) < p).count();
        let (sum, own, count) = &mut sums[bin];
        *sum += p;
        *own += u64::from(is_own);
        *count += 1;
    }
    let full = sums.iter().filter(|(_, _, count)| *count > 0);
    full.map(|&(sum, own, count)| Bin { predicted: sum / count as f64, share: own as f64 / count as f64, rows: count }).collect()
}
