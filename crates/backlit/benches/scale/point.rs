//! One network, one batch size, one table: the time of a step, the memory of the process, and what the shapes imply.

use crate::data::hash01;
use backlit::data::read_csv;
use backlit::engine::train::{Moment, Settings, Trainer};
use backlit::engine::{Network, optimizers};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long steps are timed, after the first one.
const TIMED: Duration = Duration::from_millis(300);

/// What is trained: dense tanh layers and one linear output, Adam, f32.
#[derive(Clone, Copy)]
pub struct Point {
    pub columns: usize,
    pub hidden: usize,
    pub width: usize,
    pub batch: usize,
    pub rows: usize,
}

/// What a process found.
pub struct Measured {
    /// Of a step, or of the whole reading.
    pub seconds: f64,
    /// Bytes.
    pub peak: u64,
}

impl Measured {
    pub fn line(&self) -> String {
        format!("{:e} {}", self.seconds, self.peak)
    }

    pub fn read(line: &str) -> Measured {
        let (seconds, peak) = line.trim().split_once(' ').expect("two numbers");
        Measured { seconds: seconds.parse().expect("seconds"), peak: peak.parse().expect("bytes") }
    }
}

impl Point {
    pub fn words(&self, threads: usize) -> Vec<String> {
        [self.columns, self.hidden, self.width, self.batch, self.rows, threads].map(|number| number.to_string()).to_vec()
    }

    pub fn read(words: &[&str]) -> (Point, usize) {
        let number = |k: usize| words[k].parse().expect("a number");
        (Point { columns: number(0), hidden: number(1), width: number(2), batch: number(3), rows: number(4) }, number(5))
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        let widths = self.widths();
        widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
    }

    /// Bytes of parameters, their gradients and Adam's two moments, of the values of a batch (z and a of each layer, the costs)
    /// and their gradients, and of the data.
    pub fn implied(&self) -> usize {
        let values = 2 * self.widths()[1..].iter().sum::<usize>() + 1;
        size_of::<f32>() * (4 * self.parameters() + 2 * self.batch.min(self.rows) * values + self.rows * (self.columns + 1))
    }

    /// Multiplications and additions of a step: each weight is used three times a row, but the first layer's twice.
    pub fn operations(&self) -> f64 {
        let widths = self.widths();
        let weights: usize = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        2.0 * self.batch.min(self.rows) as f64 * (3 * weights - widths[0] * widths[1]) as f64
    }

    /// Trains until the time is up, on so many threads.
    pub fn measure(&self, threads: usize) -> Measured {
        let widths = self.widths();
        let mut network = Network::inputs(self.columns);
        for &units in &widths[1..] {
            network = network.dense(units).tanh();
        }
        let built = network.activation("linear").loss("squared_error").build::<f32>().expect("a network");
        // Nothing is grown or copied here: it would be seen in the peak.
        let mut start = Vec::with_capacity(self.parameters());
        for (layer, pair) in widths.windows(2).enumerate() {
            let bound = (6.0 / (pair[0] + pair[1]) as f64).sqrt();
            start.extend(hash01(pair[0] * pair[1], layer as u32 + 1).map(|u| ((2.0 * u - 1.0) * bound) as f32));
            start.extend(std::iter::repeat_n(0.0, pair[1]));
        }
        let x: Vec<f32> = hash01(self.rows * self.columns, 101).map(|u| u as f32).collect();
        let y: Vec<f32> = hash01(self.rows, 102).map(|u| u as f32).collect();
        let settings = Settings { epochs: u64::MAX, batch: Some(self.batch), shuffle: false, seed: 0, learning_rate: 1e-4, threads };
        let optimizer = optimizers::find("adam").and_then(|adam| adam.create(&[], start.len())).expect("adam");
        let mut trainer = Trainer::new(&built.graph, built.cost, start, optimizer, &[], self.rows, settings);
        let (mut began, mut seconds) = (Instant::now(), 0.0);
        trainer.run(&[&x, &y], &mut |moment: &Moment| {
            if moment.step == 1 {
                began = Instant::now();
            } else if (moment.step - 1).is_power_of_two() {
                // The clock is asked rarely: some steps are as short as the question.
                seconds = began.elapsed().as_secs_f64() / (moment.step - 1) as f64;
                if began.elapsed() > TIMED {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        Measured { seconds, peak: peak() }
    }

    fn widths(&self) -> Vec<usize> {
        [&[self.columns], &vec![self.width; self.hidden][..], &[1]].concat()
    }
}

/// Reads a table of numbers.
pub fn read_table(path: &Path) -> Measured {
    let began = Instant::now();
    let table = read_csv(path).unwrap_or_else(|error| panic!("{error}"));
    let seconds = began.elapsed().as_secs_f64();
    std::hint::black_box(&table);
    Measured { seconds, peak: peak() }
}

/// The most memory that this process ever held, in bytes; 0 where the system does not tell.
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0u64) * 1024
}
