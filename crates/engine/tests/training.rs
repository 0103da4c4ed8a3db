//! Training: what stays frozen, which rows make a batch, how a run ends, and that it learns.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::network::Built;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::step::Runner;
use backlit_engine::train::{Divergence, End, Moment, Settings, Trainer};
use backlit_engine::{Network, Plan, optimizers};
use std::ops::{ControlFlow, Range};

/// A network with data and a way to train it.
struct Task {
    built: Built<f64>,
    start: Vec<f64>,
    x: Vec<f64>,
    y: Vec<f64>,
    rows: usize,
    optimizer: &'static str,
    frozen: Vec<Range<usize>>,
}

/// What came of a run.
struct Outcome {
    end: End,
    moments: Vec<Moment>,
    parameters: Vec<f64>,
}

fn settings() -> Settings {
    Settings { epochs: 5, batch: None, shuffle: false, seed: 1, learning_rate: 0.1, threads: 1 }
}

impl Task {
    fn new(network: &Network, rows: usize) -> Task {
        let built = network.build::<f64>().expect("a network");
        let mut random = Random::new(11, Purpose::Check, 0);
        let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform(-1.0, 1.0)).collect() };
        let start = numbers(built.graph.parameter_count());
        let (x, y) = (numbers(rows * network.inputs), numbers(rows * network.outputs()));
        Task { built, start, x, y, rows, optimizer: "sgd", frozen: Vec::new() }
    }

    fn small(rows: usize) -> Task {
        Task::new(&Network::inputs(3).dense(4).tanh().dense(2).half_squared_error(), rows)
    }

    fn trainer(&self, settings: Settings) -> Trainer<'_, f64> {
        let optimizer = optimizers::find(self.optimizer).expect("an optimizer").create(&[], self.start.len()).expect("its defaults");
        Trainer::new(&self.built.graph, self.built.cost, self.start.clone(), optimizer, &self.frozen, self.rows, settings)
    }

    /// The gradient of all rows at the start.
    fn gradient(&self) -> Vec<f64> {
        let plan = Plan::gradient(&self.built.graph, self.built.cost);
        let mut gradient = vec![0.0; self.start.len()];
        Runner::new(&plan, self.rows, 1).gradient(&plan, &self.start, &[&self.x, &self.y], self.rows, &mut gradient);
        gradient
    }

    /// Trains, stopping after `most` steps.
    fn run_until(&self, settings: Settings, most: u64) -> Outcome {
        let mut trainer = self.trainer(settings);
        let mut moments = Vec::new();
        let end = trainer.run(&[&self.x, &self.y], &mut |moment| {
            moments.push(*moment);
            if moment.step == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Outcome { end, moments, parameters: trainer.parameters().to_vec() }
    }

    fn run(&self, settings: Settings) -> Outcome {
        self.run_until(settings, u64::MAX)
    }

    /// The same task with its rows in another order.
    fn reordered(&self, order: &[usize]) -> Task {
        let lines = |numbers: &[f64]| -> Vec<f64> {
            let width = numbers.len() / self.rows;
            order.iter().flat_map(|&row| numbers[row * width..][..width].to_vec()).collect()
        };
        let built = Network::inputs(3).dense(4).tanh().dense(2).half_squared_error().build().expect("a network");
        Task { built, start: self.start.clone(), x: lines(&self.x), y: lines(&self.y), rows: order.len(), frozen: Vec::new(), ..*self }
    }
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn diverged(end: &End) -> &Divergence {
    match end {
        End::Diverged(divergence) => divergence,
        other => panic!("expected a divergence, came {other:?}"),
    }
}

#[test]
fn frozen_parameters_keep_their_bits() {
    let tensor = |task: &Task, name: &str| {
        let parameter = task.built.graph.parameters().iter().find(|p| p.name == name).expect("a parameter");
        parameter.start..parameter.start + parameter.size()
    };
    for optimizer in ["sgd", "adagrad", "rmsprop", "adam", "adamw"] {
        let mut task = Task::small(20);
        task.optimizer = optimizer;
        assert!(task.gradient().iter().all(|gradient| *gradient != 0.0), "every parameter could move");
        let whole = tensor(&task, "layer1.bias");
        let last = task.start.len() - 1;
        // A whole tensor, single elements (the first and the last among them), ranges out of order, overlapping and empty.
        let single = tensor(&task, "layer2.weight").start + 3;
        let element = task.built.graph.parameter_name(single);
        assert_eq!(element, "layer2.weight[0,3]");
        task.frozen = vec![last..last + 1, single..single + 1, whole.clone(), whole.start + 1..whole.end, 0..1, 5..5];
        let held = |i: usize| i == 0 || i == single || i == last || whole.contains(&i);
        for batch in [None, Some(7)] {
            let outcome = task.run(Settings { batch, shuffle: true, ..settings() });
            assert_eq!(outcome.end, End::Finished);
            for (i, (after, before)) in outcome.parameters.iter().zip(&task.start).enumerate() {
                let name = task.built.graph.parameter_name(i);
                assert_eq!(after.to_bits() == before.to_bits(), held(i), "{optimizer}: {name} from {before} to {after}");
            }
        }
    }
}

#[test]
fn everything_frozen_moves_nothing() {
    let mut task = Task::small(9);
    task.frozen.push(0..task.start.len());
    let outcome = task.run(settings());
    assert_eq!((outcome.end, bits(&outcome.parameters)), (End::Finished, bits(&task.start)));
    assert!(outcome.moments.windows(2).all(|pair| pair[0].cost == pair[1].cost));
}

#[test]
fn moments_count_steps_and_epochs() {
    let outcome = Task::small(10).run(Settings { batch: Some(4), epochs: 2, ..settings() });
    let seen: Vec<(u64, u64, bool)> = outcome.moments.iter().map(|m| (m.epoch, m.step, m.epoch_ended)).collect();
    assert_eq!(seen, [(0, 1, false), (0, 2, false), (0, 3, true), (1, 4, false), (1, 5, false), (1, 6, true)]);
    assert_eq!(outcome.end, End::Finished);
}

#[test]
fn a_step_of_plain_descent_is_the_gradient_times_the_rate() {
    let task = Task::small(10);
    let (outcome, gradient) = (task.run(Settings { epochs: 1, ..settings() }), task.gradient());
    for (i, (after, before)) in outcome.parameters.iter().zip(&task.start).enumerate() {
        assert_eq!(*after, before - 0.1 * gradient[i]);
    }
}

#[test]
fn batches_in_order_are_the_rows_in_order() {
    // One epoch over 11 rows in batches of 4 is three steps over the rows 0-3, 4-7 and 8-10.
    let task = Task::small(11);
    let outcome = task.run(Settings { batch: Some(4), epochs: 1, ..settings() });
    let mut parameters = task.start.clone();
    for (step, rows) in [0..4, 4..8, 8..11].into_iter().enumerate() {
        let mut part = task.reordered(&rows.collect::<Vec<_>>());
        part.start = parameters;
        let one = part.run(Settings { epochs: 1, ..settings() });
        assert_eq!(one.moments[0].cost.to_bits(), outcome.moments[step].cost.to_bits());
        parameters = one.parameters;
    }
    assert_eq!(bits(&parameters), bits(&outcome.parameters));
}

/// The rows in the order in which one epoch of batches met them, told by their costs, which the frozen parameters and
/// batches of one row keep apart.
fn order_met(seed: u64, epoch: usize, rows: usize) -> Vec<usize> {
    let mut task = Task::small(rows);
    task.frozen.push(0..task.start.len());
    let cost_of = |settings: Settings| task.run(settings).moments.iter().map(|m| m.cost.to_bits()).collect::<Vec<u64>>();
    let single = Settings { batch: Some(1), epochs: epoch as u64 + 1, ..settings() };
    let plain = cost_of(single.clone());
    let shuffled = cost_of(Settings { shuffle: true, seed, ..single });
    let place = |cost: &u64| plain[..rows].iter().position(|plain| plain == cost).expect("a row's cost");
    shuffled[epoch * rows..].iter().map(place).collect()
}

#[test]
fn shuffled_epochs_meet_every_row_once_in_an_order_of_seed_and_epoch() {
    let in_order: Vec<usize> = (0..30).collect();
    let first = order_met(1, 0, 30);
    for (seed, epoch) in [(1, 0), (1, 1), (2, 0), (1 << 40, 0)] {
        let mut met = order_met(seed, epoch, 30);
        assert_eq!(met, order_met(seed, epoch, 30), "repeatable");
        assert_eq!(met == first, (seed, epoch) == (1, 0), "another seed or epoch, another order");
        assert_ne!(met, in_order);
        met.sort_unstable();
        assert_eq!(met, in_order, "every row once");
    }
}

#[test]
fn shuffled_training_is_repeatable_and_keeps_rows_and_targets_together() {
    let task = Task::small(23);
    let with = |seed, batch| task.run(Settings { shuffle: true, seed, batch, ..settings() }).parameters;
    assert_eq!(bits(&with(1, Some(5))), bits(&with(1, Some(5))));
    assert_ne!(bits(&with(1, Some(5))), bits(&with(2, Some(5))));
    assert_ne!(bits(&with(1, Some(5))), bits(&task.run(Settings { batch: Some(5), ..settings() }).parameters));
    // A full batch has no order to change.
    assert_eq!(bits(&with(1, None)), bits(&task.run(settings()).parameters));
    assert_eq!(bits(&with(2, Some(23))), bits(&task.run(settings()).parameters));
}

#[test]
fn a_batch_larger_than_the_data_is_the_data() {
    let task = Task::small(6);
    let all = task.run(settings());
    let more = task.run(Settings { batch: Some(1000), shuffle: true, ..settings() });
    assert_eq!((bits(&all.parameters), all.moments), (bits(&more.parameters), more.moments));
    let none = task.run(Settings { batch: Some(0), epochs: 1, ..settings() });
    assert_eq!(none.moments.len(), 6, "a batch of 0 rows is taken as 1");
}

#[test]
fn one_row_is_enough() {
    for shuffle in [false, true] {
        let outcome = Task::small(1).run(Settings { shuffle, epochs: 50, ..settings() });
        assert_eq!((outcome.end, outcome.moments.len()), (End::Finished, 50));
        assert!(outcome.moments[49].cost < outcome.moments[0].cost * 1e-3, "{:?}", outcome.moments[49]);
    }
}

#[test]
fn no_epochs_do_nothing() {
    let task = Task::small(5);
    let outcome = task.run(Settings { epochs: 0, ..settings() });
    assert_eq!((outcome.end, outcome.moments.len()), (End::Finished, 0));
    assert_eq!(bits(&outcome.parameters), bits(&task.start));
}

#[test]
fn an_observer_can_stop() {
    let task = Task::small(10);
    let outcome = task.run_until(Settings { batch: Some(3), epochs: 9, ..settings() }, 6);
    assert_eq!((outcome.end, outcome.moments.len()), (End::Stopped(6), 6));
    assert!(outcome.parameters.iter().all(|p| p.is_finite()));
    // The update of the step that was observed last is done.
    let whole = task.run_until(Settings { batch: Some(3), epochs: 9, ..settings() }, 7);
    let until_seven = task.run_until(Settings { batch: Some(3), epochs: 9, ..settings() }, 6);
    assert_eq!(bits(&outcome.parameters), bits(&until_seven.parameters));
    assert_ne!(bits(&outcome.parameters), bits(&whole.parameters));
}

#[test]
fn a_huge_learning_rate_diverges_and_leaves_the_last_good_parameters() {
    // At 1e60 the cost overflows first, at 1e200 the second layer's sums.
    let ways =
        [(None, false, 1, 1e60), (Some(64), true, 1, 1e200), (Some(3), true, 1, 1e60), (Some(3), true, 1, 1e200), (None, false, 3, 1e200)];
    for (batch, shuffle, threads, learning_rate) in ways {
        let task = Task::new(&Network::inputs(3).dense(4).activation("softplus").dense(2).loss("squared_error"), 200);
        let wild = Settings { learning_rate, batch, shuffle, threads, epochs: 100, ..settings() };
        let outcome = task.run(wild.clone());
        let found = diverged(&outcome.end);
        let good = outcome.moments.last().expect("a first step with a finite cost");
        assert!(outcome.parameters.iter().all(|p| p.is_finite()));
        assert!(!found.value.is_finite());
        assert!(good.cost.is_finite());
        assert_eq!(found.step, good.step, "the step whose update left the finite numbers");
        let words = found.to_string();
        assert!(words.contains(&format!("step {} ", found.step)) && words.contains(&found.place), "{words}");
        let layer = found.layer.expect("every place has a layer");
        assert!(words.contains(&format!("in layer {layer}")), "{words}");
        match found.place.starts_with("cost, row ") {
            true => assert!(learning_rate < 1e100 && layer == 2, "{words}"),
            false => assert!(found.place.starts_with(&format!("z{layer}, row ")), "{words}"),
        }
        // The parameters are those with which the last finite cost was taken: those after the step before it.
        if good.step == 1 {
            assert_eq!(bits(&outcome.parameters), bits(&task.start));
        } else {
            let before = task.run_until(wild, good.step - 1);
            assert_eq!(before.end, End::Stopped(good.step - 1));
            assert_eq!(bits(&outcome.parameters), bits(&before.parameters));
        }
    }
}

#[test]
fn the_place_of_a_divergence_is_the_first_bad_number() {
    // z1 = w x overflows in the second step: the first weight is 1e200 by then, and x is 1e200.
    let mut task = Task::new(&Network::inputs(1).dense(1).without_bias().half_squared_error(), 2);
    (task.start, task.x, task.y) = (vec![0.0], vec![1e100, 1.0], vec![-1e100, 0.0]);
    let outcome = task.run(Settings { learning_rate: 1e10, ..settings() });
    let found = diverged(&outcome.end);
    assert_eq!((found.step, found.epoch, found.layer), (outcome.moments.len() as u64, outcome.moments.len() as u64 - 1, Some(1)));
    assert_eq!(found.place, "z1, row 0, unit 0");
    // A row of the data is named as it stands in the data, not in the shuffled batch.
    let mut task = Task::small(40);
    task.x[17 * 3 + 1] = f64::NAN;
    for (batch, shuffle) in [(None, false), (Some(7), false), (Some(7), true), (Some(1), true)] {
        let outcome = task.run(Settings { batch, shuffle, seed: 4, ..settings() });
        assert_eq!(diverged(&outcome.end).place, "z1, row 17, unit 0", "{batch:?} {shuffle}");
    }
}

#[test]
fn not_a_number_in_the_data_is_met_at_once() {
    for (in_target, place) in [(false, "z1, row 4, unit 0"), (true, "cost, row 4, unit 0")] {
        let mut task = Task::small(5);
        if in_target {
            task.y[9] = f64::NAN;
        } else {
            task.x[14] = f64::NAN;
        }
        let outcome = task.run(settings());
        let found = diverged(&outcome.end);
        assert_eq!((found.step, found.epoch, outcome.moments.len()), (1, 0, 0));
        assert_eq!(found.place, place);
        assert!(found.value.is_nan());
        assert_eq!(found.layer, if in_target { Some(2) } else { Some(1) });
        assert_eq!(bits(&outcome.parameters), bits(&task.start));
    }
}

#[test]
fn the_last_update_is_looked_at_too() {
    // One step whose update is the one too many, however the run ends.
    let task = Task::new(&Network::inputs(3).dense(4).activation("softplus").dense(2).loss("squared_error"), 20);
    let wild = Settings { learning_rate: 1e300, epochs: 1, ..settings() };
    for outcome in [task.run(wild.clone()), task.run_until(wild, 1)] {
        assert_eq!(diverged(&outcome.end).step, 1);
        assert_eq!(bits(&outcome.parameters), bits(&task.start));
    }
}

#[test]
fn parameters_stay_finite_even_where_the_cost_does() {
    // The update overflows to −∞, which sigmoid and relu turn into a finite cost.
    for activation in ["sigmoid", "relu", "tanh", "hard_sigmoid", "softsign"] {
        let mut task = Task::new(&Network::inputs(1).dense(1).without_bias().activation(activation).half_squared_error(), 1);
        (task.start, task.x, task.y) = (vec![0.5], vec![2.0], vec![-1e3]);
        for epochs in [1, 2, 5] {
            let outcome = task.run(Settings { learning_rate: 1e307, epochs, ..settings() });
            assert!(
                outcome.parameters.iter().all(|p| p.is_finite()),
                "{activation}, {epochs} epochs: {:?}",
                (outcome.end, outcome.parameters)
            );
        }
    }
}

#[test]
fn exclusive_or_is_learned() {
    let mut task = Task::new(&Network::inputs(2).dense(4).tanh().dense(1).sigmoid().half_squared_error(), 4);
    (task.x, task.y) = (vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0], vec![0.0, 1.0, 1.0, 0.0]);
    for (optimizer, rate) in [("sgd", 2.0), ("adam", 0.05), ("rmsprop", 0.01)] {
        task.optimizer = optimizer;
        let outcome = task.run(Settings { epochs: 5000, learning_rate: rate, ..settings() });
        let last = outcome.moments.last().expect("a step").cost;
        assert!(last < 1e-3 && outcome.moments[0].cost > 0.05, "{optimizer}: from {} to {last}", outcome.moments[0].cost);
    }
}
