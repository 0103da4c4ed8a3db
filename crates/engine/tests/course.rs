//! What leads a training: schedules and clipping against PyTorch's numbers, early stopping, the best parameters.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

use backlit_engine::clip::Clip;
use backlit_engine::network::Built;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::schedule::{Place, Schedule, TABLE};
use backlit_engine::step::Runner;
use backlit_engine::train::{Best, Course, End, Moment, Settings, Trainer};
use backlit_engine::{Network, Plan, optimizers};
use serde_json::Value;
use std::ops::ControlFlow;

fn golden(text: &str) -> Value {
    serde_json::from_str(text).expect("a golden file is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

fn cases(golden: &Value) -> &[Value] {
    golden["cases"].as_array().expect("a list")
}

#[test]
fn schedules_are_pytorchs() {
    let golden = golden(include_str!("golden/schedules.json"));
    let rate = golden["rate"].as_f64().expect("a rate");
    let mut met = Vec::new();
    for case in cases(&golden) {
        let typed = case["schedule"].as_str().expect("a text");
        let warm_up = case["warm_up"].as_f64().expect("a share");
        let mut schedule = Schedule::parse(typed, warm_up).expect(typed);
        let (epochs, per_epoch) = (case["epochs"].as_u64().expect("a count"), case["per_epoch"].as_u64().expect("a count"));
        let (costs, rates) = (numbers(&case["costs"]), numbers(&case["rates"]));
        assert_eq!(rates.len() as u64, epochs * per_epoch);
        assert_eq!(schedule.needs_held(), !costs.is_empty());
        for (step, want) in rates.iter().enumerate() {
            let place = Place { step: step as u64, steps: epochs * per_epoch, per_epoch };
            let got = rate * schedule.factor(place);
            assert!((got - want).abs() <= 1e-10 * want.abs() + 1e-16, "{typed}, step {step}: {got}, PyTorch {want}");
            if (step as u64 + 1).is_multiple_of(per_epoch)
                && let Some(cost) = costs.get(step / per_epoch as usize)
            {
                schedule.epoch_ended(*cost);
            }
        }
        met.push(typed.split('(').next().unwrap_or(typed));
    }
    for entry in TABLE {
        assert!(met.contains(&entry.name), "no numbers for {}", entry.name);
    }
}

#[test]
fn the_page_names_every_schedule_and_its_numbers() {
    let page = include_str!("../../../docs/training.md");
    for entry in TABLE {
        let line = page.lines().find(|line| line.starts_with(&format!("| `{}` |", entry.name))).expect(entry.name);
        for setting in entry.settings {
            let default = match setting.default {
                1e4 => "10⁴".to_string(),
                1e-4 => "10⁻⁴".to_string(),
                default => default.to_string(),
            };
            assert!(line.contains(&format!("`{}` {default}", setting.name)), "{}: {} {default}", entry.name, setting.name);
        }
    }
}

#[test]
fn clipped_gradients_are_pytorchs() {
    let golden = golden(include_str!("golden/clipping.json"));
    let mut changed = 0;
    for case in cases(&golden) {
        let clip = Clip { norm: case["norm"].as_f64(), value: case["value"].as_f64() };
        let start = numbers(&case["gradient"]);
        let mut gradient = start.clone();
        clip.whole(&[0..1, 1..start.len()], &mut gradient);
        for (got, want) in gradient.iter().zip(numbers(&case["clipped"])) {
            assert!((got - want).abs() <= 1e-10 * want.abs(), "{clip:?}: {got}, PyTorch {want}");
        }
        changed += usize::from(gradient != start);
    }
    assert_eq!((cases(&golden).len(), changed), (28, 12));
}

/// A network with rows to train on and rows kept aside.
struct Task {
    built: Built<f64>,
    start: Vec<f64>,
    /// x and y of both.
    train: [Vec<f64>; 2],
    held: [Vec<f64>; 2],
    rows: usize,
    held_rows: usize,
    optimizer: &'static str,
}

struct Outcome {
    end: End,
    moments: Vec<Moment>,
    best: Option<Best>,
    parameters: Vec<f64>,
    /// After each epoch.
    after: Vec<Vec<f64>>,
}

fn settings() -> Settings {
    Settings { epochs: 12, batch: Some(8), shuffle: true, seed: 1, learning_rate: 0.1, threads: 1 }
}

impl Task {
    fn new(units: usize, rows: usize) -> Task {
        let network = Network::inputs(3).dense(units).tanh().dense(2).half_squared_error();
        let built = network.build::<f64>().expect("a network");
        let mut random = Random::new(3, Purpose::Check, 0);
        let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| random.uniform(-1.0, 1.0)).collect() };
        let start = numbers(built.graph.parameter_count());
        let held_rows = 9;
        let (train, held) = ([numbers(rows * 3), numbers(rows * 2)], [numbers(held_rows * 3), numbers(held_rows * 2)]);
        Task { built, start, train, held, rows, held_rows, optimizer: "sgd" }
    }

    fn run(&self, settings: Settings, course: Course) -> Outcome {
        let optimizer = optimizers::find(self.optimizer).expect("an optimizer").create(&[], self.start.len()).expect("its defaults");
        let held: [&[f64]; 2] = [&self.held[0], &self.held[1]];
        let trainer = Trainer::new(&self.built.graph, self.built.cost, self.start.clone(), optimizer, &[], self.rows, settings);
        let mut trainer = trainer.on_course(course, (&self.built.graph, self.built.cost), &held, self.held_rows);
        let mut moments = Vec::new();
        let end = trainer.run(&[&self.train[0], &self.train[1]], &mut |moment| {
            moments.push(*moment);
            ControlFlow::Continue(())
        });
        Outcome { end, moments, best: trainer.best(), parameters: trainer.parameters().to_vec(), after: Vec::new() }
    }

    /// The parameters after each epoch, by training anew for each number of epochs. The schedule must not look at their number.
    fn run_and_look(&self, settings: Settings, course: Course) -> Outcome {
        let plain = Course { patience: None, keep_best: false, ..course.clone() };
        let outcome = self.run(settings.clone(), course);
        let epochs = outcome.moments.iter().filter(|moment| moment.epoch_ended).count() as u64;
        let after = (1..=epochs).map(|epochs| self.run(Settings { epochs, ..settings.clone() }, plain.clone()).parameters);
        Outcome { after: after.collect(), ..outcome }
    }

    fn held_cost(&self, parameters: &[f64]) -> f64 {
        let plan = Plan::forward(&self.built.graph, self.built.cost);
        Runner::new(&plan, self.held_rows, 1).cost(&plan, parameters, &[&self.held[0], &self.held[1]], self.held_rows)
    }

    fn full_gradient(&self, parameters: &[f64]) -> Vec<f64> {
        let plan = Plan::gradient(&self.built.graph, self.built.cost);
        let mut gradient = vec![0.0; parameters.len()];
        Runner::new(&plan, self.rows, 1).gradient(&plan, parameters, &[&self.train[0], &self.train[1]], self.rows, &mut gradient);
        gradient
    }
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_step_takes_the_rate_of_the_schedule_and_the_clipped_gradient() {
    // Plain descent in a full batch, step by step beside the trainer. 70 rows of one thread are two waves.
    for rows in [1, 20, 70, 200] {
        for clip in [
            Clip::default(),
            Clip { norm: Some(0.05), value: None },
            Clip { norm: None, value: Some(0.01) },
            Clip { norm: Some(0.05), value: Some(0.02) },
        ] {
            let task = Task::new(5, rows);
            let schedule = Schedule::parse("cosine(0.1)", 0.2).expect("a schedule");
            let course = Course { schedule: Some(schedule.clone()), clip, ..Course::default() };
            let outcome = task.run(Settings { batch: None, ..settings() }, course);
            let mut parameters = task.start.clone();
            for step in 0..12 {
                let mut gradient = task.full_gradient(&parameters);
                clip.whole(&[0..3, 3..parameters.len()], &mut gradient);
                let rate = 0.1 * schedule.factor(Place { step, steps: 12, per_epoch: 1 });
                parameters.iter_mut().zip(gradient).for_each(|(parameter, g)| *parameter -= rate * g);
            }
            assert_eq!(outcome.end, End::Finished);
            for (got, want) in outcome.parameters.iter().zip(&parameters) {
                assert!((got - want).abs() < 1e-13, "{rows} rows, {clip:?}: {got}, by hand {want}");
            }
        }
    }
}

#[test]
fn a_course_gives_the_same_bits_on_any_number_of_threads() {
    let network = || Task::new(150, 4000);
    let course = || Course {
        schedule: Some(Schedule::parse("plateau(0.5, 0)", 0.1).expect("a schedule")),
        clip: Clip { norm: Some(0.1), value: Some(0.05) },
        patience: Some(3),
        keep_best: true,
    };
    let run = |threads| network().run(Settings { threads, batch: Some(2000), epochs: 6, ..settings() }, course());
    let one = run(1);
    for threads in [2, 3] {
        let more = run(threads);
        assert_eq!(bits(&one.parameters), bits(&more.parameters));
        assert_eq!((&one.end, &one.moments, one.best), (&more.end, &more.moments, more.best));
    }
}

#[test]
fn a_course_that_asks_for_nothing_changes_nothing() {
    let task = Task::new(4, 30);
    let plain = task.run(settings(), Course::default());
    let constant = task.run(settings(), Course { schedule: Schedule::parse("constant", 0.0).ok(), ..Course::default() });
    assert_eq!(bits(&plain.parameters), bits(&constant.parameters));
    assert!(plain.best.is_none() && plain.moments.iter().all(|moment| moment.held.is_none()));
    let clipped = task.run(settings(), Course { clip: Clip { norm: Some(1e9), value: Some(1e9) }, ..Course::default() });
    assert_eq!(bits(&plain.parameters), bits(&clipped.parameters));
}

#[test]
fn training_stops_when_nothing_gets_better_and_keeps_the_best() {
    // Random targets: the rows kept aside soon get worse.
    let task = Task { optimizer: "adam", ..Task::new(20, 24) };
    let settings = Settings { epochs: 400, learning_rate: 0.02, ..settings() };
    for (patience, keep_best) in [(Some(5), true), (Some(5), false), (None, true), (Some(1), true)] {
        let epochs = if patience.is_none() { 40 } else { 400 };
        let outcome = task.run_and_look(Settings { epochs, ..settings.clone() }, Course { patience, keep_best, ..Course::default() });
        let costs: Vec<f64> = outcome.after.iter().map(|parameters| task.held_cost(parameters)).collect();
        let heard: Vec<f64> = outcome.moments.iter().filter_map(|moment| moment.held).collect();
        assert_eq!(bits(&heard), bits(&costs), "the cost of the parameters after each epoch");
        let best = (0..costs.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).expect("an epoch");
        assert_eq!(outcome.best, Some(Best { epoch: best as u64, judged: costs[best] }));
        match patience {
            Some(patience) => {
                assert!(matches!(outcome.end, End::Patient(_)), "{:?}", outcome.end);
                assert_eq!(costs.len() as u64, best as u64 + 1 + patience, "as many epochs behind the best");
            }
            None => assert_eq!((&outcome.end, costs.len()), (&End::Finished, 40)),
        }
        assert!(best + 1 < costs.len(), "the best is not the last");
        let kept = if keep_best { best } else { costs.len() - 1 };
        assert_eq!(bits(&outcome.parameters), bits(&outcome.after[kept]));
    }
}

#[test]
fn a_cost_that_is_no_number_is_never_the_best() {
    let mut task = Task::new(4, 20);
    task.held[1][3] = f64::NAN;
    let outcome = task.run(settings(), Course { patience: Some(4), keep_best: true, ..Course::default() });
    let last = task.run(Settings { epochs: 4, ..settings() }, Course::default());
    assert_eq!((outcome.best, bits(&outcome.parameters)), (None, bits(&last.parameters)));
    assert!(matches!(outcome.end, End::Patient(12)), "{:?}", outcome.end);
}

#[test]
fn a_training_may_end_before_its_schedule_does() {
    let task = Task::new(3, 20);
    let course = || Course { schedule: Some(Schedule::parse("cosine", 0.1).expect("a schedule")), ..Course::default() };
    let rates = |until: Option<u64>| {
        let optimizer = optimizers::find(task.optimizer).expect("an optimizer").create(&[], task.start.len()).expect("its defaults");
        let Built { graph, cost, .. } = &task.built;
        let trainer = Trainer::new(graph, *cost, task.start.clone(), optimizer, &[], task.rows, settings());
        let trainer = trainer.on_course(course(), (graph, *cost), &[], 0);
        let mut trainer = if let Some(epochs) = until { trainer.until(epochs) } else { trainer };
        let mut rates = Vec::new();
        let end = trainer.run(&[&task.train[0], &task.train[1]], &mut |moment: &Moment| {
            rates.extend(moment.whole.map(|whole| whole.rate.to_bits()));
            ControlFlow::Continue(())
        });
        assert_eq!(end, End::Finished);
        rates
    };
    let (all, five) = (rates(None), rates(Some(5)));
    assert_eq!((all.len(), five.as_slice()), (12, &all[..5]));
    assert_eq!(rates(Some(99)), all);
}

#[test]
fn a_centered_root_mean_square_never_leaves_the_numbers() {
    // A gradient that stays the same has variance 0, which is rounded to either side of it.
    let Built { graph, cost, .. } = Network::inputs(64).dense(1).loss("absolute_error").build::<f32>().expect("a network");
    let options = [("centered".to_string(), 1.0), ("alpha".to_string(), 0.99)];
    let optimizer = optimizers::find::<f32>("rmsprop").and_then(|entry| entry.create(&options, 65)).expect("rmsprop");
    let x: Vec<f32> = (0..64).map(|i| 0.1 + 0.0137 * i as f32).collect();
    let settings = Settings { epochs: 3000, batch: None, ..settings() };
    let mut trainer = Trainer::new(&graph, cost, vec![0.1; 65], optimizer, &[], 1, settings);
    let end = trainer.run(&[&x, &[1e30]], &mut |_: &Moment| ControlFlow::Continue(()));
    assert_eq!(end, End::Finished);
}
