//! Nine workloads that other tools are timed on too, through the library as its users call it: `cargo xtask bench --peers`.
//!
//! Prints one line of JSON for each: seconds of each repetition, after a run from the shared weights whose loss is the check.
//! A check that is missed fails the run. W9, a whole process, is the example `startup`.

mod data;
mod work;

use backlit::engine::step::Runner;
use backlit::engine::{Network, Plan};
use backlit::scaler::Scaler;
use data::{HOUSES, HOUSES_RATE, glorot, hash01, houses, numbers};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::Instant;
use work::Work;

const ALL: &str = "W1,W2,W3,W4,W5,W6,W7,W8";

fn main() -> ExitCode {
    let (mut names, mut repetitions) = (ALL.to_string(), 5);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--workloads", Some(value)) => names = value,
            ("--reps", Some(value)) => repetitions = value.parse().expect("a number of repetitions"),
            // cargo bench adds this one.
            ("--bench", None) => {}
            _ => panic!("options: --workloads {ALL} --reps 5"),
        }
    }
    let threads = std::env::var("PEER_THREADS").map_or(1, |threads| threads.parse().expect("PEER_THREADS is a number"));
    let run = Run { repetitions, threads };
    let missed = names.split(',').filter(|name| !run.workload(name)).count();
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Run {
    repetitions: usize,
    threads: usize,
}

impl Run {
    /// Says whether the check was met.
    fn workload(&self, name: &str) -> bool {
        match name {
            "W1" => self.mazur(),
            "W2" => self.explicit(),
            "W3" => self.houses(),
            "W4" => self.digits(),
            "W5" => self.wide(),
            "W6" => self.deep(),
            "W7" => self.one_row(),
            "W8" => self.tabular(),
            _ => panic!("no workload '{name}'; there are {ALL}"),
        }
    }

    /// 2-2-2 sigmoid, one row, biases fixed, f64.
    fn mazur(&self) -> bool {
        let network = Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error();
        let start = vec![0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6];
        let work = Work::sgd(network, start, 0.5, vec![0.05, 0.1], vec![0.01, 0.99], self.threads);
        let work = Work { frozen: vec![4..6, 10..12], ..work };
        self.full_batch("W1", "step", 10_000, &work, near(3.510187783e-5, 1e-8))
    }

    /// 3-4-1 sigmoid without biases, one row, f64.
    fn explicit(&self) -> bool {
        let network = Network::inputs(3).dense(4).sigmoid().without_bias().dense(1).sigmoid().without_bias().half_squared_error();
        let start = hash01(12, 1).chain(hash01(4, 2)).map(|u| 2.0 * u - 1.0).collect();
        let work = Work::sgd(network, start, 10.0, vec![0.0, 0.0, 1.0], vec![0.0], self.threads);
        self.full_batch("W2", "step", 60_000, &work, near(1.506206468e-7, 1e-8))
    }

    /// 13-5-3-1 linear, all 506 rows, f64.
    fn houses(&self) -> bool {
        let (x, y) = houses();
        let work = Work::sgd(dense(&HOUSES, "linear"), glorot(&HOUSES), HOUSES_RATE, x, y, self.threads);
        self.full_batch("W3", "epoch", 1_000, &work, near(96.8061207184, 1e-10))
    }

    /// Steps over all rows; the check is the cost after the first `n`.
    fn full_batch(&self, name: &str, unit: &str, n: u64, work: &Work<f64>, expected: RangeInclusive<f64>) -> bool {
        let built = work.build();
        let mut trainer = work.trainer(&built, n);
        work.train(&mut trainer);
        let check = work.cost(&built, trainer.parameters());
        self.report(name, n, unit, check, expected, || work.train(&mut trainer))
    }

    /// 784-512-256-10 ReLU, softmax and cross-entropy, batch 128, Adam, one epoch of whole batches from the shared weights, f32.
    fn digits(&self) -> bool {
        let rows = 60_000 / BATCH * BATCH;
        let x = numbers::<f32>(rows * 784, 101);
        let mut y = vec![0.0f32; rows * 10];
        for (line, u) in y.chunks_exact_mut(10).zip(hash01(rows, 102)) {
            line[(u * 10.0) as usize] = 1.0;
        }
        let work = Work::sgd(digits_network(), glorot(&DIGITS), 1e-3, x, y, self.threads);
        let work = Work { optimizer: "adam", batch: Some(BATCH), ..work };
        let built = work.build();
        let epoch = || work.train(&mut work.trainer(&built, 1));
        // Labels are random and Adam amplifies rounding, so after an epoch tools agree to three digits only (in f64 on
        // 2.2955003). After ten steps they agree to seven: that is the sharp check.
        let (early, check) = (work.cost_at(10, &mut work.trainer(&built, 1)), epoch());
        let met = near(2.3263145, 5e-7).contains(&early);
        if !met {
            eprintln!("W4: the loss at step 10 is {early}, expected 2.3263145");
        }
        self.report("W4", (rows / BATCH) as u64, "step", check, 2.297..=2.301, epoch) && met
    }

    /// 1024-4096-4096-1024 ReLU, batch 512, f32. The others take the mean over rows and columns, Backlit sums over the columns:
    /// their rate and their loss are ours by 1024, a power of two, so the steps are the same.
    fn wide(&self) -> bool {
        let sizes = [1024, 4096, 4096, 1024];
        let (x, y) = (numbers::<f32>(512 * 1024, 201), numbers(512 * 1024, 202));
        let work = Work::sgd(dense(&sizes, "relu"), glorot(&sizes), 1e-2 / 1024.0, x, y, self.threads);
        let built = work.build();
        let check = work.train(&mut work.trainer(&built, 10)) / 1024.0;
        let mut trainer = work.trainer(&built, 10);
        self.report("W5", 10, "step", check, near(0.35731113, 1e-6), || work.train(&mut trainer))
    }

    /// 64 inputs, 64 tanh layers of 64, one linear output, batch 32, f32.
    fn deep(&self) -> bool {
        let mut sizes = [64; 66];
        sizes[65] = 1;
        let (x, y) = (numbers::<f32>(32 * 64, 301), numbers(32, 302));
        let work = Work::sgd(dense(&sizes, "tanh"), glorot(&sizes), 1e-2, x, y, self.threads);
        let built = work.build();
        let check = work.train(&mut work.trainer(&built, 20));
        let mut trainer = work.trainer(&built, 500);
        work.train(&mut trainer);
        self.report("W6", 500, "step", check, near(0.0634783, 2e-6), || work.train(&mut trainer))
    }

    /// The forward pass of one row through the network of W4, f32.
    fn one_row(&self) -> bool {
        let built = digits_network().build::<f32>().expect("a network");
        let (parameters, x) = (glorot(&DIGITS), numbers(784, 101));
        let plan = Plan::forward(&built.graph, built.layers[2].z);
        let mut runner = Runner::new(&plan, 1, self.threads);
        let mut calls = || {
            let mut logits = [0.0; 10];
            for _ in 0..2_000 {
                runner.outputs(&plan, &parameters, &[&x, &[]], 1, &mut logits);
            }
            logits.iter().map(|&z| f64::from(z)).sum()
        };
        let check = calls();
        self.report("W7", 2_000, "call", check, near(1.73983, 5e-6), calls)
    }

    /// 13-64-32-1 ReLU, batch 32, Adam, 200 epochs over 506 standardised rows, f32.
    fn tabular(&self) -> bool {
        let sizes = [13, 64, 32, 1];
        let (mut x, y) = houses();
        Scaler::fit(506, 13, &x).apply(&mut x);
        let narrow = |numbers: Vec<f64>| numbers.into_iter().map(|number| number as f32).collect();
        let work = Work::sgd(dense(&sizes, "relu"), glorot(&sizes), 1e-3, narrow(x), narrow(y), self.threads);
        let work = Work { optimizer: "adam", batch: Some(32), ..work };
        let built = work.build();
        let mut trainer = work.trainer(&built, 200);
        work.train(&mut trainer);
        let check = work.cost(&built, trainer.parameters());
        self.report("W8", 1, "job", check, 4.53..=4.55, || work.train(&mut trainer))
    }

    /// Times `run`, which does `n` units, and prints the line; says whether the check lies where it should.
    fn report<R>(&self, name: &str, n: u64, unit: &str, check: f64, expected: RangeInclusive<f64>, mut run: impl FnMut() -> R) -> bool {
        let seconds = (0..self.repetitions).map(|_| {
            let began = Instant::now();
            std::hint::black_box(run());
            format!("{:.6e}", began.elapsed().as_secs_f64())
        });
        let (seconds, threads) = (seconds.collect::<Vec<_>>().join(", "), self.threads);
        println!(
            "{{\"peer\": \"backlit\", \"wl\": \"{name}\", \"threads\": {threads}, \"n\": {n}, \"unit\": \"{unit}\", \"secs\": [{seconds}], \
             \"check\": {check:.10e}}}"
        );
        let met = expected.contains(&check);
        if !met {
            eprintln!("{name}: the check is {check:e}, expected {:e} to {:e}", expected.start(), expected.end());
        }
        met
    }
}

const DIGITS: [usize; 4] = [784, 512, 256, 10];
const BATCH: usize = 128;

fn digits_network() -> Network {
    dense(&DIGITS, "relu").cross_entropy()
}

/// Dense layers with one activation, the last one linear, and the squared error.
fn dense(sizes: &[usize], activation: &str) -> Network {
    let mut network = Network::inputs(sizes[0]);
    for &units in &sizes[1..] {
        network = network.dense(units).activation(activation);
    }
    network.activation("linear").loss("squared_error")
}

/// Within a relative distance of `value`.
fn near(value: f64, distance: f64) -> RangeInclusive<f64> {
    value * (1.0 - distance)..=value * (1.0 + distance)
}
