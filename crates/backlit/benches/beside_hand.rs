//! The engine beside the same loops written by hand, in one run: `cargo xtask bench`.
//!
//! Each pair is timed in turn, ours and by hand, so that a machine that changes its speed changes it for both;
//! medians and their ratio are printed. Both must reach the same numbers, or the run fails.

mod by_hand;

use backlit::data::bundled;
use backlit::engine::network::Built;
use backlit::engine::optimizers;
use backlit::engine::train::{Settings, Trainer};
use backlit::engine::{Network, Scalar};
use std::ops::{ControlFlow, Range};
use std::time::Instant;

/// Pairs that are timed; the median counts.
const REPETITIONS: usize = 11;

fn main() {
    println!("{:44} {:>12} {:>12} {:>8}", "", "ours", "by hand", "ratio");
    mazur();
    explicit();
    houses();
    digits();
    println!("{:44} {:>12} {:>12} {:>8}", "", "typed", "built in", "ratio");
    typed::<f64>(1e-9);
    typed::<f32>(1e-3);
}

/// 64-64-64-1, a batch of 32 rows, SGD: formulas typed and the same built in.
fn typed<S: Scalar>(bound: f64) {
    let noise = |i: usize| f64::from((i as u32).wrapping_mul(2_654_435_761) >> 8) / f64::from(1u32 << 24) - 0.5;
    let numbers = |n: usize, salt: usize, scale: f64| -> Vec<S> { (0..n).map(|i| S::from_f64(noise(i + salt) * scale)).collect() };
    let (x, y) = (numbers(32 * 64, 0, 2.0), numbers(32, 5000, 2.0));
    for (name, formula) in [
        ("silu", "z * sigmoid(z)"),
        ("gelu", "z * normal_cdf(z)"),
        ("softplus", "softplus(z)"),
        ("leaky_relu(0.1)", "max(z, 0.1 * z)"),
        ("sigmoid", "1 / (1 + exp(-z))"),
        ("tanh", "tanh(z)"),
        ("relu", "max(0, z)"),
    ] {
        let after = |activation: &str, steps: u64| -> Vec<f64> {
            let network = Network::inputs(64).dense(64).activation(activation).dense(64).activation(activation).dense(1);
            let start = numbers(64 * 64 * 2 + 64 * 3 + 1, 9000, 0.4);
            let work = Work { network: &network, start: &start, frozen: &[], x: &x, y: &y, rows: 32, rate: 0.01 };
            work.sgd(steps).into_iter().map(S::to_f64).collect()
        };
        let label = format!("64-64-64-1, {name} as {formula}, {}", S::NAME);
        let ratio = pair(&label, 300, bound, |n| after(formula, n), |n| after(name, n));
        assert!(ratio <= 2.0, "{label}: typed takes {ratio:.2} times as long");
    }
}

/// 2-2-2 sigmoid, one row, SGD 0.5, biases frozen, f64.
fn mazur() {
    let network = Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error();
    let start = vec![0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6];
    let (x, y) = ([0.05, 0.10], [0.01, 0.99]);
    let work = Work { network: &network, start: &start, frozen: &[4..6, 10..12], x: &x, y: &y, rows: 1, rate: 0.5 };
    pair("mazur, 10,000 steps, f64", 10_000, 1e-12, |n| work.sgd(n), |n| by_hand::mazur(n).to_vec());
}

/// 3-4-1 sigmoid without biases, one row, SGD 10, f64.
fn explicit() {
    let network = Network::inputs(3).dense(4).sigmoid().without_bias().dense(1).sigmoid().without_bias().half_squared_error();
    let start = by_hand::EXPLICIT_START;
    let work = Work { network: &network, start: &start, frozen: &[], x: &[0.0, 0.0, 1.0], y: &[0.0], rows: 1, rate: 10.0 };
    pair("explicit, 60,000 steps, f64", 60_000, 1e-11, |n| work.sgd(n), |n| by_hand::explicit(n).to_vec());
}

/// 13-5-3-1 linear, 506 rows, full batch, SGD 8e-7, f64.
fn houses() {
    let table = bundled("houses").expect("bundled");
    let x = table.take(&table.columns[..13]).expect("columns");
    let y = table.take(&table.columns[13..]).expect("column");
    let network = Network::inputs(13).dense(5).dense(3).dense(1).half_squared_error();
    let start: Vec<f64> = (0..92).map(|i| ((i * 37 % 101) as f64 / 50.0 - 1.0) * 0.5).collect();
    let work = Work { network: &network, start: &start, frozen: &[], x: &x, y: &y, rows: 506, rate: 8e-7 };
    pair("houses, 1,000 epochs of 506 rows, f64", 1_000, 1e-10, |n| work.sgd(n), |n| by_hand::houses(n, &x, &y, &start));
}

/// 784-512-256-10 ReLU, cross-entropy, batch 128, Adam, f32: how long a step takes.
fn digits() {
    let built = Network::inputs(784).dense(512).relu().dense(256).relu().dense(10).cross_entropy().build::<f32>().expect("a network");
    let rows = 128 * 8;
    let noise = |i: usize| ((i as u32).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
    let x: Vec<f32> = (0..rows * 784).map(noise).collect();
    let y: Vec<f32> = (0..rows * 10).map(|i| f32::from(u8::from(i % 10 == (i / 10 * 7) % 10))).collect();
    let start: Vec<f32> = (0..built.graph.parameter_count()).map(|i| (noise(i + 99) - 0.5) * 0.08).collect();
    for threads in [1, 2] {
        let time = |epochs: u64| {
            let optimizer = optimizers::find::<f32>("adam").and_then(|adam| adam.create(&[], start.len())).expect("adam");
            let settings = Settings { epochs, batch: Some(128), shuffle: false, seed: 0, learning_rate: 1e-3, threads };
            let mut trainer = Trainer::new(&built.graph, built.cost, start.clone(), optimizer, &[], rows, settings);
            let began = Instant::now();
            trainer.run(&[&x, &y], &mut |_| ControlFlow::Continue(()));
            began.elapsed().as_secs_f64() / (8.0 * epochs as f64)
        };
        let step = median((0..5).map(|_| time(4)).collect());
        // 6 · weights · rows, less the first layer's input gradient, which nobody asks for
        let work = 2.0 * 128.0 * (3.0 * (784.0 * 512.0 + 512.0 * 256.0 + 256.0 * 10.0) - 784.0 * 512.0);
        let label = format!("digits, a step of 128 rows, f32, {threads} thread(s)");
        println!("{label:44} {:>9.3} ms {:>12} {:>8}", step * 1e3, "", format!("{:.0} GF/s", work / step * 1e-9));
    }
}

struct Work<'a, S> {
    network: &'a Network,
    start: &'a [S],
    frozen: &'a [Range<usize>],
    x: &'a [S],
    y: &'a [S],
    rows: usize,
    rate: f64,
}

impl<S: Scalar> Work<'_, S> {
    /// The parameters after so many full-batch steps.
    fn sgd(&self, steps: u64) -> Vec<S> {
        let Built { graph, cost, .. } = self.network.build::<S>().expect("a network");
        let optimizer = optimizers::find::<S>("sgd").and_then(|sgd| sgd.create(&[], self.start.len())).expect("sgd");
        let settings = Settings { epochs: steps, batch: None, shuffle: false, seed: 0, learning_rate: self.rate, threads: 1 };
        let mut trainer = Trainer::new(&graph, cost, self.start.to_vec(), optimizer, self.frozen, self.rows, settings);
        trainer.run(&[self.x, self.y], &mut |_| ControlFlow::Continue(()));
        trainer.parameters().to_vec()
    }
}

/// Times two ways to the same parameters in turn; gives the ratio.
fn pair(label: &str, steps: u64, bound: f64, ours: impl Fn(u64) -> Vec<f64>, hand: impl Fn(u64) -> Vec<f64>) -> f64 {
    let (a, b) = (ours(steps), hand(steps));
    assert_eq!(a.len(), b.len(), "{label}");
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= bound * b.abs().max(1.0), "{label}: {a} and {b}");
    }
    let time = |run: &dyn Fn(u64) -> Vec<f64>| {
        let began = Instant::now();
        std::hint::black_box(run(std::hint::black_box(steps)));
        began.elapsed().as_secs_f64() / steps as f64
    };
    let pairs: Vec<(f64, f64)> = (0..REPETITIONS).map(|_| (time(&ours), time(&hand))).collect();
    let ratio = median(pairs.iter().map(|(a, b)| a / b).collect());
    let (a, b) = (median(pairs.iter().map(|p| p.0).collect()), median(pairs.iter().map(|p| p.1).collect()));
    println!("{label:44} {:>9.0} ns {:>9.0} ns {ratio:>8.2}", a * 1e9, b * 1e9);
    ratio
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
