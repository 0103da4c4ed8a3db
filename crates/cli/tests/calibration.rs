//! Probabilities that are known, because the table was drawn by them: what a calibrated model says agrees with what happens.

mod support;

use std::fmt::Write;
use support::Desk;

/// A number from 0 to 1, as good as drawn (SplitMix64).
fn drawn(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)) as f64 / u64::MAX as f64
}

/// Rows of four numbers, two of which decide the probability of yes, which happens or not.
fn simulated(first: u64, rows: u64) -> (String, Vec<bool>) {
    let (mut text, mut happened) = ("a,b,c,d,y\n".to_string(), Vec::new());
    for row in first..first + rows {
        let x: Vec<f64> = (0..4).map(|k| 2.0 * drawn(5 * row + k) - 1.0).collect();
        let probability = 1.0 / (1.0 + (-2.5 * x[0] - 2.0 * x[1] * x[1] + 0.7).exp());
        happened.push(drawn(5 * row + 4) < probability);
        let word = if happened[happened.len() - 1] { "yes" } else { "no" };
        let _ = writeln!(text, "{},{},{},{},{word}", x[0], x[1], x[2], x[3]);
    }
    (text, happened)
}

/// The share of rows and the variance of what happens, in each of ten bins of equal width.
struct Bins(Vec<(f64, f64)>);

/// The expected calibration error: over bins, the distance of the mean probability to the share that happened, by the bin's share of the rows.
fn error(said: &[f64], happened: &[bool]) -> (f64, Bins) {
    let (mut error, mut bins) = (0.0, Vec::new());
    for bin in 0..10 {
        let of_bin: Vec<(f64, bool)> =
            said.iter().zip(happened).map(|(p, y)| (*p, *y)).filter(|(p, _)| ((p * 10.0) as usize).min(9) == bin).collect();
        if of_bin.is_empty() {
            continue;
        }
        let n = of_bin.len() as f64;
        let (mean, share) = (of_bin.iter().map(|(p, _)| p).sum::<f64>() / n, of_bin.iter().filter(|(_, y)| *y).count() as f64 / n);
        let of_all = n / said.len() as f64;
        error += of_all * (mean - share).abs();
        bins.push((of_all, share * (1.0 - share)));
    }
    (error, Bins(bins))
}

impl Bins {
    /// What the error of right probabilities is with so many rows, at most but for 1 in 30000: each bin's distance is that of a mean from
    /// its expectation, of mean √(2/π)·σ and variance (1 − 2/π)·σ², σ² being the variance in the bin over its rows.
    fn noise(&self, rows: f64) -> f64 {
        let folded = 2.0 / std::f64::consts::PI;
        let sigma = |share: f64, variance: f64| share * (variance / (share * rows)).sqrt();
        let mean: f64 = self.0.iter().map(|(share, variance)| folded.sqrt() * sigma(*share, *variance)).sum();
        let spread: f64 = self.0.iter().map(|(share, variance)| (1.0 - folded) * sigma(*share, *variance).powi(2)).sum();
        mean + 4.0 * spread.sqrt()
    }
}

#[test]
fn calibrated_probabilities_hold() {
    let (trained, fresh) = (simulated(0, 800), simulated(1_000_000, 6000));
    let desk = Desk::with(&[("trained.csv", &trained.0), ("fresh.csv", &fresh.0)]);
    let error_of = |flags: &str| {
        desk.fine(&format!("train trained.csv --target y {flags} --out model"));
        let text = desk.fine("predict model fresh.csv").out;
        let said: Vec<f64> = text.lines().skip(1).flat_map(|line| line.split(',').filter_map(|cell| cell.parse().ok())).collect();
        assert_eq!(said.len(), 6000);
        error(&said, &fresh.1)
    };
    let overfitted = "--hidden 64,64 --learning-rate 0.01 --epochs 300";
    for (flags, aside) in [
        ("--recipe tuned --epochs 16".to_string(), 800.0),
        (format!("{overfitted} --ensemble 4 --calibrate true"), 800.0),
        (format!("{overfitted} --validation 0.5 --calibrate true"), 400.0),
    ] {
        let (error, bins) = error_of(&flags);
        // No model knows the shares better than the rows tell that its temperature was chosen on.
        let bound = bins.noise(6000.0) + bins.noise(aside);
        println!("{flags}: {error:.4}, expected at most {bound:.4}");
        assert!(error < bound, "{flags}: {error}, expected at most {bound}");
    }
    // Not so without.
    let (error, bins) = error_of(&format!("{overfitted} --validation 0.5 --calibrate false"));
    let bound = bins.noise(6000.0) + bins.noise(400.0);
    println!("not calibrated: {error:.4}, bound {bound:.4}");
    assert!(error > bound, "{error}, expected more than {bound}");
}
