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
    /// Of an ensemble the network, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<usize>,
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
    /// Since the line before, of an ensemble that of the same network.
    pub rows_per_second: f64,
}

/// The lines of a training that is under way.
pub struct History {
    /// So far.
    pub lines: Vec<Line>,
    file: File,
    every: u64,
    is_metric: bool,
    networks: Vec<Network>,
    begun: Instant,
    /// Seconds of earlier parts.
    before: f64,
    failed: Option<Error>,
}

/// What the lines of one network need.
struct Network {
    /// Of an epoch.
    rows: usize,
    /// The last epoch's, if it was not its turn.
    left_out: Option<Line>,
    /// Of the last line: when, and after how many rows.
    since: (Instant, f64),
}

/// A training as far as its lines go by it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For each network of an ensemble, else one: steps taken already, 0 if it is new, and rows of an epoch.
    pub networks: Vec<(u64, usize)>,
    /// Epochs there will be, of each.
    pub epochs: u64,
    /// Rows of a batch; none: all.
    pub batch: Option<usize>,
    /// Whether a metric of the rows kept aside judges in place of their cost.
    pub is_metric: bool,
}

impl Plan {
    /// Rows seen after so many steps of so many rows an epoch.
    fn rows_until(&self, (step, rows): (u64, usize)) -> f64 {
        let batch = self.batch.unwrap_or(rows).clamp(1, rows);
        let per_epoch = rows.div_ceil(batch) as u64;
        let (epochs, more) = (step / per_epoch, (step % per_epoch) as usize);
        epochs as f64 * rows as f64 + (more * batch) as f64
    }

    /// Whether a line is of a step that is not taken again.
    fn keeps(&self, line: &Line) -> bool {
        let network = line.network.map_or(Some(0), |network| network.checked_sub(1));
        let taken = network.and_then(|network| self.networks.get(network));
        line.network.is_some() == (self.networks.len() > 1) && taken.is_some_and(|(step, _)| line.step <= *step)
    }
}

impl History {
    /// Begins the file anew, or keeps the lines up to the steps from which a training goes on.
    pub fn begin(directory: &Path, plan: &Plan) -> Result<History, Error> {
        let path = directory.join(METRICS);
        let failed = |error: std::io::Error| Error::new(Kind::Failed, format!("cannot be written: {error}")).file(path.display());
        let is_new = plan.networks.iter().all(|(step, _)| *step == 0);
        let lines = if is_new { Vec::new() } else { read(directory).into_iter().filter(|line| plan.keeps(line)).collect() };
        write(directory, &lines)?;
        let file = File::options().append(true).open(&path).map_err(failed)?;
        let now = Instant::now();
        let network = |&(step, rows): &(u64, usize)| Network { rows, left_out: None, since: (now, plan.rows_until((step, rows))) };
        Ok(History {
            before: lines.iter().map(|line| line.seconds).fold(0.0, f64::max),
            lines,
            file,
            every: plan.epochs.saturating_mul(plan.networks.len() as u64).div_ceil(MOST).max(1),
            is_metric: plan.is_metric,
            networks: plan.networks.iter().map(network).collect(),
            begun: now,
            failed: None,
        })
    }

    /// Writes the line of an epoch that ended, where it has one, and hands it on.
    pub fn observe(&mut self, progress: &Progress) -> Option<Line> {
        let whole = progress.whole?;
        // As it is read back: the file has no number for what is infinite.
        let held = progress.held.filter(|cost| cost.is_finite());
        let line = Line {
            network: (self.networks.len() > 1).then_some(progress.network + 1),
            epoch: progress.epoch,
            step: progress.step,
            cost: whole.cost,
            validation_cost: held.filter(|_| !self.is_metric),
            validation_metric: held.filter(|_| self.is_metric),
            learning_rate: whole.rate,
            seconds: 0.0,
            rows_per_second: 0.0,
        };
        if !progress.epoch.is_multiple_of(self.every) && !progress.ends {
            self.networks[progress.network].left_out = Some(line);
            return None;
        }
        Some(self.put(progress.network, line))
    }

    /// The training ended for good: its last epochs have their lines in any case. Those that had none yet.
    pub fn end(&mut self) -> Vec<Line> {
        let left_out: Vec<_> = self.networks.iter().enumerate().filter_map(|(n, network)| Some((n, network.left_out?))).collect();
        left_out.into_iter().map(|(network, line)| self.put(network, line)).collect()
    }

    /// Then the lines of an ensemble, which came as its networks were trained, are put network by network.
    pub fn put_in_order(&mut self, directory: &Path) {
        if self.networks.len() > 1 {
            self.lines.sort_by_key(|line| (line.network, line.epoch));
            let written = write(directory, &self.lines);
            self.failed = self.failed.take().or(written.err());
        }
    }

    /// Why lines are missing, if they could not be written. No training ends for that.
    pub fn failed(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    fn put(&mut self, network: usize, mut line: Line) -> Line {
        let now = Instant::now();
        let Network { rows, since, left_out } = &mut self.networks[network];
        let seen = line.epoch as f64 * *rows as f64;
        line.seconds = self.before + now.duration_since(self.begun).as_secs_f64();
        line.rows_per_second = (seen - since.1) / now.duration_since(since.0).as_secs_f64().max(1e-9);
        (*since, *left_out) = ((now, seen), None);
        if self.failed.is_none()
            && let Err(error) = self.file.write_all(text(&line).as_bytes())
        {
            let error = Error::new(Kind::Failed, format!("lines are missing, which could not be written: {error}"));
            self.failed = Some(error.file(METRICS));
        }
        self.lines.push(line);
        line
    }
}

fn write(directory: &Path, lines: &[Line]) -> Result<(), Error> {
    let text: String = lines.iter().map(text).collect();
    files::write_unsynced(&directory.join(METRICS), text.as_bytes())
}

/// The lines of a run directory; none where there is no such file. A line that is not whole ends them.
pub fn read(directory: &Path) -> Vec<Line> {
    let bytes = std::fs::read(directory.join(METRICS)).unwrap_or_default();
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let text = String::from_utf8_lossy(&bytes[..whole]);
    text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
}

/// A line as it is written.
pub fn text(line: &Line) -> String {
    serde_json::to_string(line).unwrap_or_default() + "\n"
}
