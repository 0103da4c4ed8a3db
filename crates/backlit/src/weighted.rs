//! Quantiles of numbers that count as often as their weights say.

use crate::median::median;

/// A share of the whole by which sums of weights that are no whole numbers may be off.
const OFF: f64 = 1e-12;
/// Up to here sums of whole numbers are exact.
const MOST_ROWS: f64 = (1u64 << 53) as f64;

/// Numbers, with their weights where these are not alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    numbers: Vec<f64>,
    /// One for each number; empty: all count once.
    weights: Vec<f64>,
}

impl Sample {
    /// `weight`: none where all count alike
    pub fn add(&mut self, number: f64, weight: Option<f64>) {
        self.numbers.push(number);
        self.weights.extend(weight);
    }

    /// The middle, or halfway between the middle two; none where nothing counts.
    pub fn median(mut self) -> Option<f64> {
        if self.weights.is_empty() { median(&mut self.numbers) } else { Counted::new(&self.numbers, &self.weights)?.quantile(0.5).into() }
    }
}

/// Bytes that [`Counted`] takes for each number while it is there.
pub(crate) const BYTES_COUNTED: usize = size_of::<(f64, f64)>();

/// Numbers in order that count more than nothing.
pub(crate) struct Counted {
    /// Each with the weights up to its own added up.
    numbers: Vec<(f64, f64)>,
    total: f64,
    /// By what a sum may be off.
    off: f64,
}

impl Counted {
    /// None where nothing counts. Weights that are all whole count as so many rows each; others, and those that add up to more rows than
    /// there can be, are brought to a mean of 1, for they tell no number of rows.
    pub fn new(numbers: &[f64], weights: &[f64]) -> Option<Counted> {
        let mut all: Vec<(f64, f64)> = numbers.iter().copied().zip(weights.iter().copied()).filter(|(_, weight)| *weight > 0.0).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let is_whole =
            all.iter().all(|(_, weight)| weight.fract() == 0.0) && all.iter().map(|(_, weight)| weight).sum::<f64>() <= MOST_ROWS;
        let largest = all.iter().fold(0.0f64, |largest, (_, weight)| largest.max(*weight));
        let sum = all.iter().map(|(_, weight)| weight / largest).sum::<f64>();
        let (count, mut total) = (all.len() as f64, 0.0);
        for (_, weight) in &mut all {
            total += if is_whole { *weight } else { *weight / largest * (count / sum) };
            *weight = total;
        }
        (!all.is_empty()).then_some(Counted { numbers: all, total, off: if is_whole { 0.0 } else { OFF * total } })
    }

    /// The least and the largest.
    pub fn ends(&self) -> (f64, f64) {
        (self.numbers[0].0, self.numbers[self.numbers.len() - 1].0)
    }

    /// The number below which a share of them lies: [`quantile`](crate::scaler) of every number repeated as often as it counts. Source of
    /// the same for weights that are no whole numbers: Harrell's Hmisc, wtd.quantile of type quantile with normwt.
    pub fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.total - 1.0).max(0.0);
        let (below, part) = (place.floor(), place.fract());
        let (low, high) = (self.at(below), self.at(below + 1.0));
        if part == 0.0 || low == high { low } else { low * (1.0 - part) + high * part }
    }

    /// The number at a place, counted from 0.
    fn at(&self, place: f64) -> f64 {
        let found = self.numbers.partition_point(|(_, up_to)| *up_to <= place + self.off);
        self.numbers[found.min(self.numbers.len() - 1)].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaler::quantile;

    /// As many rows as the weights say, one after the other.
    #[test]
    fn whole_weights_are_rows_repeated() {
        let numbers = [3.0, -1.5, 8.0, 2.25, 2.25, 1e3, 0.1];
        for weights in
            [[1.0; 7], [2.0, 0.0, 1.0, 3.0, 1.0, 0.0, 4.0], [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0], [7.0, 1.0, 1.0, 2.0, 9.0, 1.0, 3.0]]
        {
            let repeated = numbers.iter().zip(weights).flat_map(|(&x, w)| vec![x; w as usize]);
            let mut repeated: Vec<f64> = repeated.collect();
            repeated.sort_by(f64::total_cmp);
            let counted = Counted::new(&numbers, &weights).unwrap();
            assert_eq!(counted.ends(), (repeated[0], repeated[repeated.len() - 1]));
            for share in [0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0] {
                assert_eq!(counted.quantile(share), quantile(&repeated, share), "{share} of {repeated:?}");
            }
            let mut sample = Sample::default();
            numbers.iter().zip(weights).for_each(|(&x, w)| sample.add(x, Some(w)));
            assert_eq!(sample.median(), median(&mut repeated));
        }
    }

    /// Alike they change nothing, whatever they are, and a number that weighs almost nothing hardly counts.
    #[test]
    fn weights_that_are_no_whole_numbers() {
        let numbers: Vec<f64> = (0..1001).map(|r| f64::from(r * 37 % 1001)).collect();
        for weight in [0.1, 0.3, 1.0 / 3.0, 1e-300, 1.5e300, 1e308] {
            let counted = Counted::new(&numbers, &vec![weight; 1001]).unwrap();
            assert_eq!([0.25, 0.5, 0.75].map(|share| counted.quantile(share)), [250.0, 500.0, 750.0], "{weight:e}");
        }
        let counted = Counted::new(&[1.0, 2.0, 3.0, 99.0], &[0.5, 0.5, 0.5, 1e-9]).unwrap();
        assert!((counted.quantile(0.5) - 2.0).abs() <= 1.0, "{}", counted.quantile(0.5));
        assert!(Counted::new(&[1.0, 2.0], &[0.0, 0.0]).is_none());
    }
}
