//! After planning, a training step allocates nothing; a check's memory grows as the parameters do.
//!
//! One test function, because the counter counts for the whole process. It leaves out the main thread, where the test
//! harness writes its lines when it likes.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::check::check;
use backlit_engine::clip::Clip;
use backlit_engine::network::Norm;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::schedule::Schedule;
use backlit_engine::step::{Data, Rows, Runner, Source};
use backlit_engine::train::{Course, End, Settings, Trainer};
use backlit_engine::{Network, Plan, Scalar, optimizers};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

/// Allocations since the program began, on all threads but the main one.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// Their bytes.
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Threads that have allocated. The main thread is the first.
static THREADS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// This thread's number among those, from 1; 0 as long as it has none.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    if NUMBER.get() == 0 {
        NUMBER.set(THREADS.fetch_add(1, Ordering::SeqCst) + 1);
    }
    if NUMBER.get() > 1 {
        ALLOCATIONS.fetch_add(1, Ordering::SeqCst);
        BYTES.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

/// The system's allocator, counted.
struct Counting;

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the promises of `alloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the promises of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller keeps the promises of `realloc`.
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `dealloc`.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What a thread of the pool may allocate in its life, beside the steps.
const ONCE_A_THREAD: u64 = 12;

fn allocations() -> u64 {
    ALLOCATIONS.load(Ordering::SeqCst)
}

/// How to train in one of the tests.
struct Run<'a> {
    network: Network,
    rows: usize,
    batch: Option<usize>,
    optimizer: &'a str,
    options: &'a [(&'a str, f64)],
    threads: usize,
    epochs: u64,
    course: Course,
    /// Whether the first parameters move at a rate of their own.
    own_rate: bool,
    /// Whether the rows come from a source.
    from_source: bool,
}

/// Slices that are asked for.
struct Asked<'a, S>([&'a [S]; 3]);

impl<S: Scalar> Source<S> for Asked<'_, S> {
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [S]) {
        let (n, width) = (rows.len(), panel.len() / rows.len());
        for (k, number) in panel.iter_mut().enumerate() {
            *number = self.0[node][rows.number(k % n) * width + k / n];
        }
    }
}

impl<'a> Run<'a> {
    fn full_batch(network: Network, rows: usize, optimizer: &'a str) -> Run<'a> {
        Run {
            network,
            rows,
            batch: None,
            optimizer,
            options: &[],
            threads: 1,
            epochs: 30,
            course: Course::default(),
            own_rate: false,
            from_source: false,
        }
    }

    /// Allocations between the end of the step `warm_up` and the end of the last, and how many steps lie between.
    fn count<S: Scalar>(&self, warm_up: u64) -> (u64, u64) {
        let built = self.network.build_to_train::<S>().expect("a network");
        let mut random = Random::new(1, Purpose::Check, 0);
        let mut numbers = |n: usize, bound: f64| -> Vec<S> { (0..n).map(|_| S::from_f64(random.uniform(-bound, bound))).collect() };
        let mut x = numbers(self.rows * self.network.inputs, 1.0);
        if let Some(embedding) = &self.network.embedding {
            let (width, tables) = (self.network.inputs, embedding.levels.len());
            for (r, row) in x.chunks_exact_mut(width).enumerate() {
                row[width - tables..].iter_mut().zip(&embedding.levels).for_each(|(x, levels)| *x = S::from_f64((r % levels) as f64));
            }
        }
        let mut y = numbers(self.rows * self.network.outputs(), 1.0);
        if self.network.loss == "cross_entropy" {
            let k = self.network.outputs();
            y.iter_mut().enumerate().for_each(|(i, y)| *y = if i % k == i / k % k { S::ONE } else { S::ZERO });
        }
        let parameters = numbers(built.graph.parameter_count(), 0.05);
        let options: Vec<(String, f64)> = self.options.iter().map(|(name, value)| (name.to_string(), *value)).collect();
        let optimizer =
            optimizers::find::<S>(self.optimizer).and_then(|entry| entry.create(&options, parameters.len())).expect("an optimizer");
        let settings =
            Settings { epochs: self.epochs, batch: self.batch, shuffle: true, seed: 1, learning_rate: 1e-3, threads: self.threads };
        let held: [&[S]; 2] = [&x, &y];
        let mut trainer = Trainer::new(&built.graph, built.cost, parameters, optimizer, &[], self.rows, settings).on_course(
            self.course.clone(),
            (&built.graph, built.cost),
            &held,
            self.rows / 2,
        );
        if self.own_rate {
            trainer = trainer.at_rates(vec![(0..100, 1e-4)]);
        }
        let (mut before, mut after, mut steps) = (0, 0, 0);
        let w = vec![S::ONE; self.rows];
        let slices = [&x[..], &y, &w];
        let asked = Asked(slices);
        let data = if self.from_source { Data::Source(&asked) } else { Data::Slices(&slices) };
        let end = trainer.run_over(data, &mut |moment| {
            after = allocations();
            if moment.step <= warm_up {
                before = after;
            } else {
                steps += 1;
            }
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        (after - before, steps)
    }

    fn assert_none<S: Scalar>(&self, warm_up: u64, what: &str) {
        let (count, steps) = self.count::<S>(warm_up);
        assert!(steps >= 20, "{what}: {steps} steps are too few to tell");
        assert_eq!(count, 0, "{what} ({}, {} threads): {count} allocations in {steps} steps", S::NAME, self.threads);
    }
}

#[test]
fn a_step_allocates_nothing() {
    // On a thread of its own: with --test-threads=1 this is the main one.
    if let Err(panic) = std::thread::spawn(steps_of_every_kind).join() {
        std::panic::resume_unwind(panic);
    }
}

fn steps_of_every_kind() {
    // The counter counts.
    let before = allocations();
    drop(std::hint::black_box(vec![1u8; 100]));
    assert!(allocations() > before);

    let narrow = || Network::inputs(13).dense(5).relu().dense(1).half_squared_error();
    Run::full_batch(narrow(), 40, "sgd").assert_none::<f64>(1, "one chunk");
    Run::full_batch(narrow(), 506, "sgd").assert_none::<f64>(1, "several chunks");
    Run { batch: Some(32), ..Run::full_batch(narrow(), 506, "sgd") }.assert_none::<f64>(1, "shuffled batches");
    Run { batch: Some(100), ..Run::full_batch(narrow(), 506, "sgd") }.assert_none::<f32>(1, "shuffled batches of two chunks");

    for batch in [None, Some(1), Some(100)] {
        let asked = || Run { batch, from_source: true, ..Run::full_batch(narrow(), 506, "sgd") };
        asked().assert_none::<f64>(1, "rows from a source");
        asked().assert_none::<f32>(1, "rows from a source");
    }

    let terms = || Network::inputs(13).dense(40).relu().dropout(0.3).dense(5).tanh().dropout(0.5).dense(1).weighted().penalty(0.01, 0.1);
    Run::full_batch(terms(), 506, "sgd").assert_none::<f64>(1, "weights, penalties and masks");
    Run { batch: Some(100), ..Run::full_batch(terms(), 506, "adam") }.assert_none::<f32>(1, "weights, penalties and masks, batches");
    Run { batch: Some(1), ..Run::full_batch(terms(), 50, "adam") }.assert_none::<f32>(1, "weights, penalties and masks, row by row");

    let embedded = || Network::inputs(6).embed(&[400, 9], 8).dense(16).relu().dense(1).half_squared_error().penalty(0.0, 0.01);
    for (batch, optimizer) in [(None, "lbfgs"), (Some(100), "adam"), (Some(1), "sgd")] {
        Run { batch, ..Run::full_batch(embedded(), 506, optimizer) }.assert_none::<f64>(1, "embeddings");
        Run { batch, ..Run::full_batch(embedded(), 506, optimizer) }.assert_none::<f32>(1, "embeddings");
    }

    let norms = |norm| Network::inputs(13).dense(40).norm(norm).relu().dense(40).norm(norm).tanh().skip(1).dense(1).half_squared_error();
    for norm in [Norm::Layer, Norm::Batch] {
        let run = Run { batch: Some(100), own_rate: true, ..Run::full_batch(norms(norm), 506, "adam") };
        run.assert_none::<f32>(1, "norms, skips and a rate of its own");
        run.assert_none::<f64>(1, "norms, skips and a rate of its own");
    }

    let numeric = || Network::inputs(13).numeric(&[0, 3, 12], 16, 3).dense(40).tanh().dense(1).half_squared_error().penalty(0.0, 0.1);
    for batch in [None, Some(1), Some(100)] {
        Run { batch, ..Run::full_batch(numeric(), 506, "adam") }.assert_none::<f32>(1, "numeric embeddings");
        Run { batch, ..Run::full_batch(numeric(), 506, "adam") }.assert_none::<f64>(1, "numeric embeddings");
    }

    let options: [(&str, &[(&str, f64)]); 9] = [
        ("sgd", &[("weight_decay", 0.01)]),
        ("sgd", &[("momentum", 0.9), ("nesterov", 1.0)]),
        ("adagrad", &[]),
        ("rmsprop", &[]),
        ("rmsprop", &[("centered", 1.0), ("momentum", 0.9)]),
        ("adam", &[]),
        ("adam", &[("amsgrad", 1.0)]),
        ("adamw", &[]),
        ("adamw", &[("amsgrad", 1.0)]),
    ];
    for (optimizer, options) in options {
        let run = Run { batch: Some(32), options, ..Run::full_batch(narrow(), 200, optimizer) };
        run.assert_none::<f64>(1, optimizer);
        run.assert_none::<f32>(1, optimizer);
    }
    // A schedule that listens to rows kept aside, both kinds of clipping, the best parameters kept.
    for (rows, batch, clip) in [
        (200, Some(32), Clip { norm: Some(0.1), value: Some(0.01) }),
        (506, None, Clip { norm: Some(0.1), value: None }),
        (506, Some(1), Clip { norm: None, value: Some(0.01) }),
    ] {
        let schedule = Schedule::parse("plateau(0.5, 1)", 0.1).expect("a schedule");
        let course = Course { schedule: Some(schedule), clip, patience: Some(1000), keep_best: true };
        Run { batch, course, ..Run::full_batch(narrow(), rows, "adam") }.assert_none::<f64>(1, "a course");
    }
    Run { epochs: 60, ..Run::full_batch(narrow(), 200, "lbfgs") }.assert_none::<f64>(1, "a search");
    Run { epochs: 60, ..Run::full_batch(narrow(), 506, "lbfgs") }.assert_none::<f32>(1, "a search");
    let activations = ["gelu", "elu", "selu", "silu", "softplus", "softsign", "tanh", "hard_sigmoid", "leaky_relu", "sigmoid"];
    let every = activations.iter().fold(Network::inputs(4), |network, activation| network.dense(5).activation(activation));
    for loss in ["cross_entropy", "binary_cross_entropy", "huber", "log_cosh", "quantile", "absolute_error", "squared_error"] {
        Run::full_batch(every.clone().dense(3).loss(loss), 100, "adam").assert_none::<f64>(1, loss);
    }

    // Typed formulas, one of them in more registers than the smallest set holds.
    let sum: Vec<String> = (2..30).map(|base| format!("{base}^(-z^2)")).collect();
    for (activation, loss) in [("z * sigmoid(z)", "(a - y)^4"), (&sum.join("+"), "where(a > y, a - y, 0.1 * (y - a))")] {
        let typed = Network::inputs(4).dense(5).activation(activation).dense(70).activation(activation).dense(3).loss(loss);
        for batch in [None, Some(32)] {
            Run { batch, ..Run::full_batch(typed.clone(), 100, "adam") }.assert_none::<f64>(1, loss);
            Run { batch, ..Run::full_batch(typed.clone(), 100, "adam") }.assert_none::<f32>(1, loss);
        }
    }

    let wide = || Network::inputs(784).dense(512).relu().dense(256).relu().dense(10).cross_entropy();
    Run { batch: Some(128), epochs: 6, ..Run::full_batch(wide(), 600, "adam") }.assert_none::<f32>(1, "wide, batches of 128");
    let middle = || Network::inputs(64).dense(64).tanh().dense(48).tanh().dense(10).cross_entropy();
    Run::full_batch(middle(), 300, "adam").assert_none::<f64>(1, "wide products in f64");

    // With threads a step allocates nothing either, but a thread does, once each: when it starts, when it first steals
    // work, and at its first wide product (the library's workspace). Which steps those are depends on the system; however
    // many steps there are, there are no more than a few such allocations for each thread.
    let deep = (0..8).fold(Network::inputs(30), |network, _| network.dense(30).tanh()).dense(2).half_squared_error();
    for threads in [2, 3] {
        for epochs in [20, 200] {
            let narrow = Run { threads, epochs, ..Run::full_batch(deep.clone(), 300, "adam") };
            let batches = Run { batch: Some(150), ..Run { threads, epochs, ..Run::full_batch(deep.clone(), 300, "sgd") } };
            let wide = Run { threads, epochs, ..Run::full_batch(middle(), 300, "adam") };
            for (count, steps) in [narrow.count::<f64>(1), batches.count::<f32>(1), wide.count::<f64>(1)] {
                assert!(count <= ONCE_A_THREAD * threads as u64, "{count} allocations in {steps} steps on {threads} threads");
            }
        }
    }
    a_check_copies_no_parameters_for_each_of_them();
}

/// Of a table with many levels each number is moved by few rows: what takes as many bytes as there are parameters may be done a few
/// times, not for each of them.
fn a_check_copies_no_parameters_for_each_of_them() {
    const LEVELS: usize = 2000;
    const ROWS: usize = 50;
    let built = Network::inputs(1).embed(&[LEVELS], 8).dense(1).half_squared_error().build::<f64>().expect("a network");
    let count = built.graph.parameter_count();
    let parameters: Vec<f64> = (0..count).map(|i| (i % 7) as f64 / 7.0 - 0.5).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = (0..ROWS).map(|row| ((row * 31 % LEVELS) as f64, (row % 3) as f64)).unzip();
    let plan = Plan::gradient(&built.graph, built.cost);
    let mut runner = Runner::new(&plan, ROWS, 1);
    let mut gradient = |at: &[f64]| {
        let mut gradient = vec![0.0; count];
        runner.gradient(&plan, at, &[&x, &y], ROWS, &mut gradient);
        gradient
    };
    let before = BYTES.load(Ordering::SeqCst);
    let report = check(&built.graph, built.cost, &parameters, &[&x, &y], ROWS, &mut gradient);
    let bytes = BYTES.load(Ordering::SeqCst) - before;
    assert!(report.passed() && report.parameters.len() == count);
    // A copy for each would take 24 bytes times the square of their number: 380,000 for each.
    assert!(bytes < 10_000 * count as u64, "{bytes} bytes for {count} parameters");
}
