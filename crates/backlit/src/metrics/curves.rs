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
/// Of more rows a curve keeps the first and the last point of each of so many columns.
const MANY: usize = 1 << 17;
const COLUMNS: f64 = 8192.0;

impl Roc {
    /// Of rows, each with its probability and whether it is of the class. None unless there are rows of both kinds.
    /// Source: Fawcett, Pattern Recognition Letters 27, 2006; the points are scikit-learn's.
    pub fn of(rows: impl Iterator<Item = (f64, bool)>) -> Option<Roc> {
        // The bits of numbers from 0 on are in the order of the numbers, and leave room for one more.
        let mut keys: Vec<u64> = rows.map(|(p, is)| (p.to_bits() << 1) | u64::from(is)).collect();
        keys.sort_unstable_by(|a, b| b.cmp(a));
        let is_own = |key: &&u64| *key & 1 == 1;
        let own = keys.iter().filter(is_own).count() as i64;
        let others = keys.len() as i64 - own;
        if own == 0 || others == 0 {
            return None;
        }
        let mut curve = Curve { own, others, points: vec![(0.0, 0.0)], is_long: keys.len() > MANY, area: 0.0, last: (0.0, 0.0) };
        let (mut before, mut here) = (None, None);
        let mut now = (0, 0);
        for tied in keys.chunk_by(|a, b| a >> 1 == b >> 1) {
            let of_class = tied.iter().filter(is_own).count() as i64;
            now = (now.0 + tied.len() as i64 - of_class, now.1 + of_class);
            let bends = |a: (i64, i64), b: (i64, i64)| a.0 + now.0 != 2 * b.0 || a.1 + now.1 != 2 * b.1;
            match (before, here) {
                (Some(a), Some(b)) if !bends(a, b) => {}
                (_, Some(b)) => curve.add(b),
                (_, None) => {}
            }
            (before, here) = (here, Some(now));
        }
        curve.add(now);
        Some(Roc { points: curve.points, area: curve.area })
    }
}

/// A curve while it is found, from none to all.
struct Curve {
    own: i64,
    others: i64,
    points: Vec<(f64, f64)>,
    is_long: bool,
    area: f64,
    last: (f64, f64),
}

impl Curve {
    /// Goes on to so many others and own.
    fn add(&mut self, (others, own): (i64, i64)) {
        let point = (others as f64 / self.others as f64, own as f64 / self.own as f64);
        self.area += (point.0 - self.last.0) * (self.last.1 + point.1) / 2.0;
        self.last = point;
        let column = |point: (f64, f64)| (point.0 * COLUMNS).floor();
        // It only rises: between the first and the last point of a column there is nothing to see.
        if let (true, [.., a, b]) = (self.is_long, self.points.as_mut_slice())
            && column(*a) == column(*b)
            && column(*b) == column(point)
        {
            *b = point;
        } else {
            self.points.push(point);
        }
    }
}

/// How often rows are of the class among those of about the same probability: ten bins of equal width, a number between two in the lower
/// one; those without rows are left out. The numbers are scikit-learn's. Source: DeGroot and Fienberg, The Statistician 32, 1983.
#[derive(Default)]
pub struct Bins([(f64, u64, u64); BINS]);

impl Bins {
    /// One row more: its probability, and whether it is of the class.
    pub fn add(&mut self, p: f64, is_own: bool) {
        let bin = (1..BINS).filter(|&k| k as f64 * (1.0 / BINS as f64) < p).count();
        let (sum, own, count) = &mut self.0[bin];
        *sum += p;
        *own += u64::from(is_own);
        *count += 1;
    }

    /// Those with rows, from the lowest.
    pub fn finish(self) -> Vec<Bin> {
        let full = self.0.iter().filter(|(_, _, count)| *count > 0);
        full.map(|&(sum, own, count)| Bin { predicted: sum / count as f64, share: own as f64 / count as f64, rows: count }).collect()
    }
}
