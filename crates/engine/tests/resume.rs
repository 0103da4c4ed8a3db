//! A training that was stopped, written down and gone on with elsewhere ends with the bits of the unbroken one.

use backlit_engine::clip::Clip;
use backlit_engine::network::{Built, Norm};
use backlit_engine::random::{Purpose, Random};
use backlit_engine::schedule::Schedule;
use backlit_engine::state::Ledger;
use backlit_engine::step::Data;
use backlit_engine::train::{Best, Course, End, Settings, Trainer};
use backlit_engine::{Network, Scalar, optimizers};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What was taken down, each thing as bits under its name.
#[derive(Clone, Debug, Default, PartialEq)]
struct Notes(BTreeMap<String, Vec<u64>>);

/// Takes down, or puts back.
enum Pen<'a> {
    Writing(&'a mut Notes),
    Reading(&'a Notes),
}

impl Pen<'_> {
    fn bits(&mut self, name: &str, bits: Vec<u64>) -> Vec<u64> {
        match self {
            Pen::Writing(notes) => {
                assert!(notes.0.insert(name.to_string(), bits.clone()).is_none(), "{name} is there twice");
                bits
            }
            Pen::Reading(notes) => {
                let read = notes.0.get(name).unwrap_or_else(|| panic!("{name} was not taken down")).clone();
                assert_eq!(read.len(), bits.len(), "{name}");
                read
            }
        }
    }
}

impl<S: Scalar> Ledger<S> for Pen<'_> {
    fn vector(&mut self, name: &str, numbers: &mut [S]) {
        // Every f32 is an f64, and comes back from it.
        let bits = self.bits(name, numbers.iter().map(|number| number.to_f64().to_bits()).collect());
        numbers.iter_mut().zip(bits).for_each(|(number, bits)| *number = S::from_f64(f64::from_bits(bits)));
    }

    fn number(&mut self, name: &str, number: &mut f64) {
        *number = f64::from_bits(self.bits(name, vec![number.to_bits()])[0]);
    }

    fn count(&mut self, name: &str, count: &mut u64, most: u64) {
        *count = self.bits(name, vec![*count])[0];
        assert!(*count <= most, "{name}");
    }
}

/// A way to train.
#[derive(Clone, Debug)]
struct Way {
    optimizer: &'static str,
    options: Vec<(String, f64)>,
    schedule: Option<&'static str>,
    warm_up: f64,
    clip: Clip,
    dropout: f64,
    norm: Option<Norm>,
    /// Whether the last column is a category with learned numbers, and the others have waves.
    learned: bool,
    patience: Option<u64>,
    keep_best: bool,
    batch: Option<usize>,
    rate: f64,
    /// Whether some parameters move at a rate of their own.
    own_rates: bool,
}

impl Way {
    fn new(optimizer: &'static str, options: &[(&str, f64)]) -> Way {
        Way {
            optimizer,
            options: options.iter().map(|(name, value)| (name.to_string(), *value)).collect(),
            schedule: None,
            warm_up: 0.0,
            clip: Clip::default(),
            dropout: 0.0,
            norm: None,
            learned: false,
            patience: None,
            keep_best: false,
            batch: if optimizer == "lbfgs" { None } else { Some(8) },
            rate: if optimizer == "lbfgs" { 1.0 } else { 0.02 },
            own_rates: optimizer != "lbfgs",
        }
    }
}

/// A small network with rows to train on and rows kept aside.
struct Task<S> {
    way: Way,
    built: Built<S>,
    judge: Built<S>,
    start: Vec<S>,
    data: [Vec<S>; 2],
    held: [Vec<S>; 2],
    epochs: u64,
}

/// Not a multiple of the batch.
const ROWS: usize = 35;
const HELD: usize = 9;
/// Of the category.
const LEVELS: usize = 4;

/// What a training came to.
#[derive(Debug)]
struct Outcome {
    end: End,
    parameters: Vec<u64>,
    best: Option<Best>,
    steps: u64,
    epochs: u64,
}

/// NaN is NaN where a training diverges to it.
impl PartialEq for Outcome {
    fn eq(&self, other: &Outcome) -> bool {
        let ends = [&self.end, &other.end].map(|end| format!("{end:?}"));
        let rest = |of: &Outcome| (of.best, of.steps, of.epochs);
        ends[0] == ends[1] && self.parameters == other.parameters && rest(self) == rest(other)
    }
}

impl<S: Scalar> Task<S> {
    /// For so many steps, or a few more.
    fn new(way: Way, steps: u64) -> Task<S> {
        let mut network = Network::inputs(3).dense(5).tanh().dense(4).tanh().dense(2).half_squared_error();
        if way.learned {
            network = network.embed(&[LEVELS], 2).numeric(&[0, 1], 3, 2);
        }
        network.layers[0].dropout = way.dropout;
        network.layers[1].norm = way.norm;
        let (built, judge) = (network.build_to_train().expect("a network"), network.build().expect("a network"));
        let mut random = Random::new(3, Purpose::Check, 0);
        let mut numbers = |n: usize| -> Vec<S> { (0..n).map(|_| S::from_f64(random.uniform(-1.0, 1.0))).collect() };
        let start = numbers(built.graph.parameter_count()).into_iter().map(|x| if way.norm.is_some() { x * x + S::ONE } else { x });
        let start = start.collect();
        let (mut data, mut held) = ([numbers(ROWS * 3), numbers(ROWS * 2)], [numbers(HELD * 3), numbers(HELD * 2)]);
        if way.learned {
            let coded =
                |x: &mut Vec<S>| x.iter_mut().skip(2).step_by(3).zip(0..).for_each(|(x, r)| *x = S::from_f64(f64::from(r % LEVELS as u32)));
            coded(&mut data[0]);
            coded(&mut held[0]);
        }
        let per_epoch = ROWS.div_ceil(way.batch.unwrap_or(ROWS)) as u64;
        Task { way, built, judge, start, data, held, epochs: steps.div_ceil(per_epoch) }
    }

    /// Does something with a trainer that has not begun.
    fn with<R>(&self, threads: usize, act: impl FnOnce(&mut Trainer<'_, S>, Data<'_, S>) -> R) -> R {
        let way = &self.way;
        let optimizer = optimizers::find(way.optimizer).expect("an optimizer").create(&way.options, self.start.len()).expect("options");
        let settings = Settings { epochs: self.epochs, batch: way.batch, shuffle: true, seed: 7, learning_rate: way.rate, threads };
        let course = Course {
            schedule: way.schedule.map(|name| Schedule::parse(name, way.warm_up).expect(name)),
            clip: way.clip,
            patience: way.patience,
            keep_best: way.keep_best,
        };
        let held: [&[S]; 2] = [&self.held[0], &self.held[1]];
        // Single rows: the first biases, so that each tensor is trained as a whole or not at all; small layers have steps of their own then.
        let frozen: &[_] = if way.batch == Some(1) { &[15..20, 0..0] } else { &[2..4, 9..10] };
        let trainer = Trainer::new(&self.built.graph, self.built.cost, self.start.clone(), optimizer, frozen, ROWS, settings);
        let trainer = trainer.at_rates(if way.own_rates { vec![(20..30, 0.01)] } else { Vec::new() });
        let mut trainer = trainer.on_course(course, (&self.judge.graph, self.judge.loss), &held, HELD);
        act(&mut trainer, Data::Slices(&[&self.data[0], &self.data[1]]))
    }

    /// The unbroken training, with what was taken down before the first step and after each.
    fn unbroken(&self, threads: usize) -> (Outcome, Vec<Notes>) {
        self.with(threads, |trainer, data| {
            let mut notes = vec![taken_down(trainer)];
            loop {
                match trainer.go_on(data, &mut |_| ControlFlow::Break(())) {
                    Some(end) => return (outcome(trainer, end), notes),
                    None => notes.push(taken_down(trainer)),
                }
            }
        })
    }

    /// In one go, as without anything of this.
    fn plain(&self) -> Outcome {
        self.with(1, |trainer, data| {
            let end = trainer.run_over(data, &mut |_| ControlFlow::Continue(()));
            outcome(trainer, end)
        })
    }

    /// What the training comes to that begins where another one was.
    fn resumed(&self, threads: usize, notes: &Notes) -> Outcome {
        self.with(threads, |trainer, data| {
            trainer.restore(&mut Pen::Reading(notes));
            assert_eq!(&taken_down(trainer), notes);
            let end = trainer.run_over(data, &mut |_| ControlFlow::Continue(()));
            outcome(trainer, end)
        })
    }

    /// Breaks the training at every step.
    fn holds(&self) -> Outcome {
        let plain = self.plain();
        let (unbroken, notes) = self.unbroken(1);
        assert_eq!(plain, unbroken, "{:?}", self.way);
        let is_lost = matches!(plain.end, End::Diverged(_));
        assert!(notes.len() as u64 == plain.steps + 1 || is_lost && notes.len() as u64 == plain.steps);
        for (step, notes) in notes.iter().enumerate() {
            assert_eq!(self.resumed(step % 3 + 1, notes), plain, "{:?}, stopped after step {step}", self.way);
        }
        plain
    }
}

fn taken_down<S: Scalar>(trainer: &mut Trainer<'_, S>) -> Notes {
    let mut notes = Notes::default();
    trainer.save(&mut Pen::Writing(&mut notes));
    notes
}

fn outcome<S: Scalar>(trainer: &Trainer<'_, S>, end: End) -> Outcome {
    let parameters = trainer.parameters().iter().map(|parameter| parameter.to_f64().to_bits()).collect();
    Outcome { end, parameters, best: trainer.best(), steps: trainer.steps(), epochs: trainer.epochs() }
}

/// Every optimizer, with each kind of memory it can have.
fn optimizers() -> Vec<Way> {
    vec![
        Way::new("sgd", &[]),
        Way::new("sgd", &[("momentum", 0.9), ("dampening", 0.3), ("weight_decay", 0.01)]),
        Way::new("sgd", &[("momentum", 0.9), ("nesterov", 1.0)]),
        Way::new("adagrad", &[("lr_decay", 0.1), ("initial_accumulator_value", 0.2)]),
        Way::new("rmsprop", &[]),
        Way::new("rmsprop", &[("momentum", 0.5), ("centered", 1.0)]),
        Way::new("adam", &[]),
        Way::new("adam", &[("amsgrad", 1.0)]),
        Way::new("adamw", &[("weight_decay", 0.1)]),
        Way::new("lbfgs", &[]),
        Way::new("lbfgs", &[("history", 2.0)]),
    ]
}

const SCHEDULES: [Option<&str>; 7] =
    [None, Some("cosine"), Some("step(2, 0.5)"), Some("plateau(0.5, 0)"), Some("exponential"), Some("one_cycle"), Some("coslog4")];

/// Each optimizer with each schedule; dropout, clipping, keeping the best and patience go round beside them.
fn matrix() -> Vec<Way> {
    let mut ways = Vec::new();
    for optimizer in optimizers() {
        for schedule in SCHEDULES {
            let n = ways.len();
            let mut way = Way { schedule, ..optimizer.clone() };
            way.dropout = [0.0, 0.3][n % 2];
            way.warm_up = if matches!(schedule, Some("one_cycle" | "coslog4")) { 0.0 } else { [0.0, 0.1][n / 2 % 2] };
            way.keep_best = n % 3 == 0;
            way.patience = [None, Some(2), Some(200)][n / 3 % 3];
            if way.optimizer != "lbfgs" {
                way.clip = [Clip::default(), Clip { norm: Some(0.3), value: None }, Clip { norm: None, value: Some(0.1) }][n % 3];
                way.batch = [Some(8), Some(8), None, Some(20)][n % 4];
                way.norm = [None, Some(Norm::Batch), None, Some(Norm::Layer), None][n % 5];
            }
            ways.push(way);
        }
    }
    ways
}

#[test]
fn every_step_of_every_way_in_f64() {
    let mut ends = [0; 2];
    for way in matrix() {
        let end = Task::<f64>::new(way, 60).holds().end;
        ends[usize::from(matches!(end, End::Patient(_)))] += 1;
    }
    assert!(ends[0] > 20 && ends[1] > 10, "both ends occur: {ends:?}");
}

#[test]
fn every_step_of_every_way_in_f32() {
    for way in matrix() {
        Task::<f32>::new(way, 60).holds();
    }
}

/// Each optimizer with learned numbers of levels and of columns; norms, dropout and the best epoch go round beside them.
#[test]
fn every_step_with_learned_columns() {
    for (n, (optimizer, schedule)) in
        optimizers().into_iter().flat_map(|way| [None, Some("plateau(0.5, 0)")].map(|schedule| (way.clone(), schedule))).enumerate()
    {
        let mut way = Way { schedule, learned: true, keep_best: n % 3 == 0, dropout: [0.0, 0.2, 0.0][n % 3], ..optimizer };
        way.norm = [None, Some(Norm::Batch), Some(Norm::Layer)][n / 2 % 3].filter(|_| way.optimizer != "lbfgs");
        if n % 2 == 0 {
            Task::<f32>::new(way, 60).holds();
        } else {
            Task::<f64>::new(way, 60).holds();
        }
    }
}

#[test]
fn one_row_at_a_time() {
    for optimizer in optimizers().into_iter().filter(|way| way.optimizer != "lbfgs") {
        for own_rates in [false, true] {
            Task::<f64>::new(Way { batch: Some(1), rate: 0.005, own_rates, ..optimizer.clone() }, 60).holds();
        }
    }
}

#[test]
fn a_training_that_diverges_does_so_again() {
    for optimizer in ["sgd", "adam", "rmsprop"] {
        for batch in [Some(8), None] {
            let rate = if optimizer == "sgd" { 1e3 } else { 1e155 };
            let way = Way { rate, batch, ..Way::new(optimizer, &[]) };
            let outcome = Task::<f64>::new(way, 60).holds();
            assert!(matches!(outcome.end, End::Diverged(_)), "{optimizer}: {outcome:?}");
        }
    }
}

/// Large enough for several threads to be worth their while.
#[test]
fn the_number_of_threads_may_change_in_between() {
    let network = Network::inputs(20).dense(150).tanh().dropout(0.1).dense(150).tanh().dense(1).half_squared_error();
    let built = network.build_to_train::<f32>().expect("a network");
    let mut random = Random::new(5, Purpose::Check, 0);
    let rows = 1000;
    let mut numbers = |n: usize, size: f64| -> Vec<f32> { (0..n).map(|_| random.uniform(-size, size) as f32).collect() };
    let start = numbers(built.graph.parameter_count(), 0.1);
    let (x, y) = (numbers(rows * 20, 1.0), numbers(rows, 1.0));
    for way in optimizers() {
        let train = |threads: usize, from: Option<&Notes>, until: u64| {
            let optimizer = optimizers::find(way.optimizer).expect("an optimizer").create(&way.options, start.len()).expect("options");
            let batch = way.batch.map(|_| 500);
            let epochs = if batch.is_some() { 2 } else { 4 };
            let settings = Settings { epochs, batch, shuffle: true, seed: 1, learning_rate: way.rate / 2.0, threads };
            let mut trainer = Trainer::new(&built.graph, built.cost, start.clone(), optimizer, &[], rows, settings);
            if let Some(notes) = from {
                trainer.restore(&mut Pen::Reading(notes));
            }
            let observe = &mut |moment: &backlit_engine::train::Moment| match moment.step == until {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            trainer.go_on(Data::Slices(&[&x, &y]), observe);
            taken_down(&mut trainer)
        };
        let unbroken = train(1, None, 4);
        assert_ne!(unbroken, train(1, None, 3));
        for threads in [1, 2, 3] {
            let broken = train(threads, None, threads as u64);
            assert_eq!(train(4 - threads, Some(&broken), 4), unbroken, "{way:?}, {threads} threads first");
        }
    }
}
