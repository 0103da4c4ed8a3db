//! What a training was, epoch by epoch: `metrics.jsonl` in the run directory, a JSON object in each line.

use crate::error::{Error, Kind};
use crate::files;
use crate::session::Progress;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// The file's name.
pub const METRICS: &str = "metrics.jsonl";

/// A training of more epochs has a line for every second one, or third …, so that there are never more lines but for the last epoch's.
const MOST: u64 = 1000;

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Counted from 1.
    pub epoch: u64,
    /// Steps taken since the beginning.
    pub step: u64,
    /// The mean over the epoch's rows of the mean cost of their batches, each before its step, as trained.
    pub cost: f64,
    /// The mean cost of the rows kept aside after the epoch, as trained, where something listened to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_cost: Option<f64>,
    /// Their metric, where it was to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_metric: Option<f64>,
    /// η of the epoch's last step.
    pub learning_rate: f64,
    /// Since the training began; of one that went on, its parts together.
    pub seconds: f64,
    /// Since the line before.
    pub rows_per_second: f64,
}

/// The lines of a training that is under way.
pub struct History {
    /// So far.
    pub lines: Vec<Line>,
    file: File,
    every: u64,
    rows: usize,
    is_metric: bool,
    /// The last epoch's, if it was not its turn.
    left_out: Option<Line>,
    begun: Instant,
    /// Seconds of earlier parts.
    before: f64,
    /// Rows seen.
    seen: f64,
    /// Of the last line: when, and after how many rows.
    since: (Instant, f64),
    failed: Option<Error>,
}

/// A training as far as its lines go by it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Steps taken already; 0: it is new.
    pub step: u64,
    /// Epochs there will be.
    pub epochs: u64,
    /// Rows of an epoch.
    pub rows: usize,
    /// Rows of a batch.
    pub batch: usize,
    /// Whether a metric of the rows kept aside judges in place of their cost.
    pub is_metric: bool,
}

impl Plan {
    /// Rows seen after so many steps.
    fn rows_until(&self, step: u64) -> f64 {
        let per_epoch = self.rows.div_ceil(self.batch.clamp(1, self.rows)) as u64;
        let (epochs, more) = (step / per_epoch, (step % per_epoch) as usize);
        epochs as f64 * self.rows as f64 + (more * self.batch) as f64
    }
}

impl History {
    /// Begins the file anew, or keeps the lines up to the step from which a training goes on.
    pub fn begin(directory: &Path, plan: Plan) -> Result<History, Error> {
        let path = directory.join(METRICS);
        let failed = |error: std::io::Error| Error::new(Kind::Failed, format!("cannot be written: {error}")).file(path.display());
        let lines = if plan.step == 0 { Vec::new() } else { read(directory).into_iter().filter(|line| line.step <= plan.step).collect() };
        let text: String = lines.iter().map(text_of).collect();
        files::write_unsynced(&path, text.as_bytes())?;
        let file = File::options().append(true).open(&path).map_err(failed)?;
        let now = Instant::now();
        Ok(History {
            before: lines.last().map_or(0.0, |line| line.seconds),
            lines,
            file,
            every: plan.epochs.div_ceil(MOST).max(1),
            rows: plan.rows,
            is_metric: plan.is_metric,
            left_out: None,
            begun: now,
            seen: plan.rows_until(plan.step),
            since: (now, plan.rows_until(plan.step)),
            failed: None,
        })
    }

    /// Writes the line of an epoch that ended, where it has one, and hands it on.
    pub fn observe(&mut self, progress: &Progress) -> Option<String> {
        let whole = progress.whole?;
        // An epoch that a training went on in has rows before that.
        self.seen = (self.seen / self.rows as f64).floor() * self.rows as f64 + self.rows as f64;
        let mut line = Line {
            epoch: progress.epoch,
            step: progress.step,
            cost: whole.cost,
            validation_cost: progress.held.filter(|_| !self.is_metric),
            validation_metric: progress.held.filter(|_| self.is_metric),
            learning_rate: whole.rate,
            seconds: 0.0,
            rows_per_second: 0.0,
        };
        if !progress.epoch.is_multiple_of(self.every) && progress.epoch < progress.epochs {
            self.left_out = Some(line);
            return None;
        }
        self.timed(&mut line);
        Some(self.put(line))
    }

    /// The training ended for good, by this epoch: it has its line in any case.
    pub fn end(&mut self) -> Option<String> {
        let mut line = self.left_out.take()?;
        self.timed(&mut line);
        Some(self.put(line))
    }

    /// Why lines are missing, if they could not be written. No training ends for that.
    pub fn failed(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    fn timed(&self, line: &mut Line) {
        let now = Instant::now();
        let rows = self.seen - self.since.1;
        line.seconds = self.before + now.duration_since(self.begun).as_secs_f64();
        line.rows_per_second = rows / now.duration_since(self.since.0).as_secs_f64().max(1e-9);
    }

    fn put(&mut self, line: Line) -> String {
        let text = text_of(&line);
        if self.failed.is_none()
            && let Err(error) = self.file.write_all(text.as_bytes())
        {
            let error = Error::new(Kind::Failed, format!("lines are missing, which could not be written: {error}"));
            self.failed = Some(error.file(METRICS));
        }
        self.lines.push(line);
        self.left_out = None;
        self.since = (Instant::now(), self.seen);
        text
    }
}

/// The lines of a run directory; none where there is no such file. A line that is not whole ends them.
pub fn read(directory: &Path) -> Vec<Line> {
    let bytes = std::fs::read(directory.join(METRICS)).unwrap_or_default();
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
}

fn text_of(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}
