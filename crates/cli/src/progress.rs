//! The progress bar on a terminal: how far, how fast, at which cost, how long still.

use crate::output::{Screen, number};
use backlit::session::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::{Duration, Instant};

/// Looked at after so many steps, or an epoch.
const STEPS: u64 = 64;
/// Written anew at most so often.
const PAUSE: Duration = Duration::from_millis(100);

/// A bar over one training, or several of as many epochs, one after the other or side by side.
pub struct Bar {
    bar: ProgressBar,
    is_shown: bool,
    epochs: u64,
    per_epoch: u64,
    rows: usize,
    /// Steps of each training, as if it had as many as another.
    steps: Vec<u64>,
    /// Observed since the bar was written.
    observed: u64,
    /// Of the last epoch.
    cost: Option<f64>,
    /// Since when, and from which position.
    begun: Option<(Instant, u64)>,
    said: Instant,
}

impl Bar {
    /// `trainings` of so many epochs over so many rows in batches of these.
    pub fn new(trainings: u64, epochs: u64, rows: usize, batch: usize, screen: &Screen) -> Bar {
        let per_epoch = rows.div_ceil(batch.clamp(1, rows.max(1))).max(1) as u64;
        let bar = if screen.draws {
            let style = ProgressStyle::with_template("  {bar:24} {msg}  {elapsed} so far, {eta} left");
            let bar = ProgressBar::new(trainings.saturating_mul(epochs).saturating_mul(per_epoch));
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        } else {
            ProgressBar::hidden()
        };
        let steps = vec![0; trainings as usize];
        Bar { bar, is_shown: screen.draws, epochs, per_epoch, rows, steps, observed: 0, cost: None, begun: None, said: Instant::now() }
    }

    /// The training of this number ended in an earlier part of the run.
    pub fn has_ended(&mut self, training: usize) {
        if let Some(steps) = self.steps.get_mut(training) {
            *steps = self.epochs.saturating_mul(self.per_epoch);
        }
    }

    /// After a step of the training of this number, counted from 0.
    pub fn observe(&mut self, training: usize, progress: &Progress) {
        if !self.is_shown {
            return;
        }
        let last = progress.epoch.saturating_mul(self.per_epoch);
        let Some(steps) = self.steps.get_mut(training) else { return };
        // In the middle of an epoch it has not the whole of it.
        *steps = (*steps + 1).clamp(last - self.per_epoch + 1, last);
        if progress.epoch_ended {
            *steps = if progress.ends { self.epochs.saturating_mul(self.per_epoch) } else { last };
            self.cost = progress.whole.map(|whole| whole.cost);
        }
        self.observed += 1;
        let is_first = self.begun.is_none();
        if is_first || progress.epoch_ended || self.observed.is_multiple_of(STEPS) {
            let now = Instant::now();
            let position = self.steps.iter().fold(0, |sum: u64, steps| sum.saturating_add(*steps));
            if is_first {
                // A training that goes on has not taken the steps before in this time.
                self.begun = Some((now, position));
                self.bar.set_position(position);
                self.bar.reset_eta();
            }
            if now.duration_since(self.said) >= PAUSE {
                self.said = now;
                self.bar.set_message(self.message(now, position, progress.cost));
                self.bar.set_position(position);
            }
        }
    }

    fn message(&self, now: Instant, position: u64, cost: f64) -> String {
        let (since, from) = self.begun.unwrap_or((now, position));
        let rows = (position - from.min(position)) as f64 / self.per_epoch as f64 * self.rows as f64;
        let rate = rows / now.duration_since(since).as_secs_f64().max(1e-9);
        let (epoch, epochs) = (position.div_ceil(self.per_epoch), self.epochs.saturating_mul(self.steps.len() as u64));
        format!("epoch {epoch}/{epochs}  {} rows/s  cost {}", short(rate), number(self.cost.unwrap_or(cost)))
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Three digits: 12.3k
fn short(rate: f64) -> String {
    let (value, unit) = match rate {
        rate if rate < 1e3 => (rate, ""),
        rate if rate < 1e6 => (rate / 1e3, "k"),
        rate => (rate / 1e6, "M"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_short() {
        for (rate, text) in [(0.5, "0.50"), (99.0, "99.0"), (999.0, "999"), (12_345.0, "12.3k"), (2_345_678.0, "2.35M"), (4e8, "400M")] {
            assert_eq!(short(rate), text);
        }
    }

    #[test]
    fn a_training_that_was_not_counted_does_no_harm() {
        let mut bar = Bar {
            bar: ProgressBar::hidden(),
            is_shown: true,
            epochs: 2,
            per_epoch: 3,
            rows: 3,
            steps: vec![0; 2],
            observed: 0,
            cost: None,
            begun: None,
            said: Instant::now(),
        };
        (0..3).for_each(|training| bar.has_ended(training));
        assert_eq!(bar.steps, [6, 6]);
    }

    #[test]
    fn what_is_said() {
        let now = Instant::now();
        let bar = Bar {
            bar: ProgressBar::hidden(),
            is_shown: true,
            epochs: 10,
            per_epoch: 4,
            rows: 100,
            steps: vec![12, 4],
            observed: 0,
            cost: Some(0.25),
            begun: Some((now - Duration::from_secs(2), 8)),
            said: now,
        };
        assert_eq!(bar.message(now, 16, 0.5), "epoch 4/20  100 rows/s  cost 0.25");
    }
}
