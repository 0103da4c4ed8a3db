//! A step: the same bits for any number of threads, the mean of what single rows give, chunks that fit together.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod networks;
    pub mod tape;
}

use backlit_engine::clip::Clip;
use backlit_engine::formula::Dual;
use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::op::{About, Inputs, Op, Site};
use backlit_engine::random::{Purpose, Random};
use backlit_engine::shape::ShapeError;
use backlit_engine::step::{Data, GROUP, Runner};
use backlit_engine::train::{Course, End, Settings, Trainer};
use backlit_engine::{Network, Plan, Scalar, Shape, ops, optimizers};
use std::collections::HashSet;
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;
use support::networks::{Recipe, gradient};

/// A graph, its cost and last activation, parameters and data of many rows.
struct Setup<S> {
    graph: Graph<S>,
    cost: NodeId,
    shown: NodeId,
    parameters: Vec<S>,
    x: Vec<S>,
    y: Vec<S>,
    inputs: usize,
    outputs: usize,
}

impl<S: Scalar> Setup<S> {
    fn new(network: &Network, rows: usize) -> Setup<S> {
        let built = network.build::<S>().expect("a network");
        let mut random = Random::new(3, Purpose::Check, rows as u64);
        let mut numbers = |n: usize, bound: f64| -> Vec<S> { (0..n).map(|_| S::from_f64(random.uniform(-bound, bound))).collect() };
        let (inputs, outputs) = (network.inputs, network.outputs());
        let parameters = numbers(built.graph.parameter_count(), 0.3);
        let (x, y) = (numbers(rows * inputs, 1.0), numbers(rows * outputs, 1.0));
        Setup { graph: built.graph, cost: built.cost, shown: built.shown, parameters, x, y, inputs, outputs }
    }

    /// x and y of `rows` rows from `first` on.
    fn data(&self, first: usize, rows: usize) -> [&[S]; 2] {
        [&self.x[first * self.inputs..][..rows * self.inputs], &self.y[first * self.outputs..][..rows * self.outputs]]
    }

    fn gradient(&self, first: usize, rows: usize, threads: usize) -> (f64, Vec<S>) {
        gradient(&self.graph, self.cost, &self.parameters, &self.data(first, rows), rows, threads)
    }

    fn trained(&self, rows: usize, threads: usize, batch: Option<usize>, optimizer: &str) -> (End, Vec<S>) {
        let made = optimizers::find::<S>(optimizer).expect("an optimizer").create(&[], self.parameters.len()).expect("its defaults");
        let settings = Settings { epochs: 3, batch, shuffle: true, seed: 5, learning_rate: 0.01, threads };
        let mut trainer = Trainer::new(&self.graph, self.cost, self.parameters.clone(), made, &[], rows, settings);
        let end = trainer.run(&self.data(0, rows), &mut |_| ControlFlow::Continue(()));
        (end, trainer.parameters().to_vec())
    }
}

/// Work enough for threads: 3,500 multiplications a row, where about 1,600 are worth them. All products are narrow.
fn deep() -> Network {
    Network::inputs(20)
        .dense(20)
        .tanh()
        .dense(20)
        .activation("gelu")
        .dense(20)
        .relu()
        .dense(20)
        .sigmoid()
        .dense(20)
        .dense(20)
        .dense(20)
        .dense(20)
        .dense(5)
}

/// Wide products, and few enough of them.
fn wide() -> Network {
    Network::inputs(70).dense(64).tanh().dense(48).relu().dense(10).cross_entropy()
}

/// Numbers as bits: NaN equals itself and 0 is not −0.
fn bits<S: Scalar>(numbers: &[S]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_f64().to_bits()).collect()
}

fn same_bits_for_any_threads<S: Scalar>(network: &Network) {
    let setup = Setup::<S>::new(network, 500);
    for rows in [1, 2, 63, 64, 65, 128, 129, 200, 257, 500] {
        let (cost, one) = setup.gradient(0, rows, 1);
        for threads in [1, 2, 3, 8] {
            let (again, several) = setup.gradient(0, rows, threads);
            assert_eq!(cost.to_bits(), again.to_bits(), "{} cost of {rows} rows on {threads} threads", S::NAME);
            assert_eq!(bits(&one), bits(&several), "{} gradient of {rows} rows on {threads} threads", S::NAME);
        }
    }
    for (rows, batch, optimizer) in [(500, None, "adam"), (500, Some(150), "sgd"), (333, Some(100), "rmsprop"), (70, None, "adagrad")] {
        let (end, one) = setup.trained(rows, 1, batch, optimizer);
        assert_eq!(end, End::Finished);
        assert_ne!(bits(&one), bits(&setup.parameters));
        for threads in [1, 2, 3, 8] {
            let (_, several) = setup.trained(rows, threads, batch, optimizer);
            assert_eq!(bits(&one), bits(&several), "{} parameters after {optimizer} on {rows} rows and {threads} threads", S::NAME);
        }
    }
}

/// The identity, which writes down on which threads it is computed.
#[derive(Default)]
struct Witness {
    threads: Mutex<HashSet<ThreadId>>,
}

impl Op<f64> for Witness {
    fn about(&self) -> &'static About {
        ops::any::<f64>("linear").expect("linear").about()
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        Ok(inputs[0])
    }
    fn forward(&self, x: Inputs<'_, f64>, _saved: &mut [f64], out: &mut [f64]) {
        self.threads.lock().expect("no panic").insert(std::thread::current().id());
        // Long enough for another thread to wake up.
        std::thread::sleep(Duration::from_millis(2));
        out.copy_from_slice(x.get(0));
    }
    fn partial(&self, _wrt: usize, _at: Site<'_, f64>, upstream: &[f64], grad: &mut [f64]) {
        grad.iter_mut().zip(upstream).for_each(|(grad, upstream)| *grad += upstream);
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        out.copy_from_slice(x[0]);
    }
}

/// Without this the tests of equal bits could compare one thread with itself.
#[test]
fn threads_are_used_where_there_is_work() {
    let witness = Arc::new(Witness::default());
    let mut recipe = Recipe::default();
    let (x, y) = (recipe.data(64), recipe.data(64));
    let mut a = recipe.operation("linear", &[x], 64);
    let watched = a;
    for _ in 0..4 {
        a = recipe.dense(a, 64, true);
    }
    recipe.operation("huber", &[a, y], 1);
    let (graph, cost) = recipe.graph_with::<f64>(|i, op| if i == watched { witness.clone() } else { op });
    let (parameters, data) = (vec![0.01; graph.parameter_count()], vec![0.5; 64 * 300]);
    // The caller's thread computes a last chunk that stands alone.
    for (threads, wanted) in [(1, 1..=1), (4, 2..=5)] {
        witness.threads.lock().expect("no panic").clear();
        gradient(&graph, cost, &parameters, &[&data, &data], 300, threads);
        let used = witness.threads.lock().expect("no panic").len();
        assert!(wanted.contains(&used), "{used} threads of {threads}");
    }
}

#[test]
fn threads_do_not_change_a_bit_of_narrow_networks() {
    same_bits_for_any_threads::<f64>(&deep());
    same_bits_for_any_threads::<f32>(&deep());
}

#[test]
fn threads_do_not_change_a_bit_of_wide_networks() {
    same_bits_for_any_threads::<f64>(&wide());
    same_bits_for_any_threads::<f32>(&wide());
}

/// Cost and outputs of one pass are to the bit those of two.
fn cost_and_outputs_are_those_of_two_passes<S: Scalar>(network: &Network) {
    let setup = Setup::<S>::new(network, 300);
    let [cost, shown] = [setup.cost, setup.shown].map(|node| Plan::forward(&setup.graph, node));
    let both = Plan::forward_beside(&setup.graph, setup.cost, setup.shown);
    for (rows, threads) in [(1, 1), (2, 1), (65, 1), (300, 1), (300, 3)] {
        let data = setup.data(0, rows);
        let (mut want, mut found) = (vec![S::ZERO; rows * setup.outputs], vec![S::ZERO; rows * setup.outputs]);
        Runner::new(&shown, rows, 1).outputs(&shown, &setup.parameters, &data, rows, &mut want);
        let total = Runner::new(&cost, rows, 1).cost(&cost, &setup.parameters, &data, rows);
        let mut runner = Runner::on_threads(&both, rows, threads);
        let again = runner.cost_and_outputs_over(&both, &setup.parameters, Data::Slices(&data), rows, &mut found);
        assert_eq!(total.to_bits(), again.to_bits(), "{rows} rows, {threads} threads");
        assert_eq!(bits(&want), bits(&found), "{rows} rows, {threads} threads");
    }
}

#[test]
fn cost_and_outputs_come_of_one_pass() {
    for network in [deep(), wide()] {
        cost_and_outputs_are_those_of_two_passes::<f64>(&network);
        cost_and_outputs_are_those_of_two_passes::<f32>(&network);
    }
}

/// A runner that is used again, after other rows and parameters, has kept nothing of them.
fn a_runner_remembers_nothing<S: Scalar>(network: &Network) {
    let setup = Setup::<S>::new(network, 300);
    let plan = Plan::gradient(&setup.graph, setup.cost);
    for threads in [1, 3] {
        let mut runner = Runner::on_threads(&plan, 300, threads);
        let mut found = vec![S::ZERO; setup.parameters.len()];
        let other: Vec<S> = setup.parameters.iter().map(|&p| p + p).collect();
        for rows in [300, 7, 64, 1, 200, 300, 65] {
            runner.gradient(&plan, &other, &setup.data(0, 300), 300, &mut found);
            runner.cost(&plan, &other, &setup.data(11, 289), 289);
            let cost = runner.gradient(&plan, &setup.parameters, &setup.data(0, rows), rows, &mut found);
            let mut fresh = vec![S::ZERO; found.len()];
            let want = Runner::new(&plan, 300, 1).gradient(&plan, &setup.parameters, &setup.data(0, rows), rows, &mut fresh);
            assert_eq!(cost.to_bits(), want.to_bits(), "{rows} rows, {threads} threads");
            assert_eq!(bits(&found), bits(&fresh), "{rows} rows, {threads} threads");
        }
    }
}

#[test]
fn runners_can_be_used_again() {
    a_runner_remembers_nothing::<f64>(&deep());
    a_runner_remembers_nothing::<f32>(&wide());
}

#[test]
fn the_gradient_is_the_mean_of_the_rows_gradients() {
    for network in [deep(), wide()] {
        let setup = Setup::<f64>::new(&network, 506);
        let (cost, whole) = setup.gradient(0, 506, 2);
        let mut mean_cost = 0.0;
        let mut sums = vec![(0.0, 0.0); whole.len()];
        for row in 0..506 {
            let (cost, gradient) = setup.gradient(row, 1, 1);
            mean_cost += cost / 506.0;
            for (sum, g) in sums.iter_mut().zip(gradient) {
                *sum = (sum.0 + g / 506.0, sum.1 + g.abs() / 506.0);
            }
        }
        assert!((cost - mean_cost).abs() <= 1e-13 * cost.abs(), "{cost} {mean_cost}");
        for (i, (g, (sum, contributions))) in whole.iter().zip(sums).enumerate() {
            // Sums of 506 terms in two orders: 506 unit roundoffs of Σ|terms| at most; the terms themselves come from other
            // loops, with a few hundred more of what cancels within a row.
            assert!((g - sum).abs() <= 1e-12 * contributions + 1e-15, "{}: {g} {sum}", setup.graph.parameter_name(i));
        }
    }
}

/// How rows are trained on one at a time.
#[derive(Clone, Debug)]
struct Way {
    optimizer: &'static str,
    options: Vec<(String, f64)>,
    clip: Clip,
    /// A tensor that stays as it is.
    frozen: Option<usize>,
    /// Whether the second and third parameter have rates of their own.
    own_rates: bool,
    rows: usize,
    epochs: u64,
}

impl Way {
    fn plain() -> Way {
        let (options, clip) = (Vec::new(), Clip::default());
        Way { optimizer: "sgd", options, clip, frozen: None, own_rates: false, rows: 3, epochs: 1 }
    }
}

/// Trained row by row, layers of a few units take loops of their own: their costs and parameters must be those of steps whose gradient
/// is that of any batch of this row.
fn single_rows_take_the_steps_of_batches<S: Scalar>(network: &Network, way: &Way, what: &str) {
    let rows = way.rows;
    let setup = Setup::<S>::new(network, rows);
    let rate = 0.1;
    let made =
        || optimizers::find::<S>(way.optimizer).expect("an optimizer").create(&way.options, setup.parameters.len()).expect("options");
    let settings = Settings { epochs: way.epochs, batch: Some(1), shuffle: false, seed: 0, learning_rate: rate, threads: 1 };
    let tensors = setup.graph.parameters();
    let frozen: Vec<_> = way.frozen.map(|which| tensors[which].start..tensors[which].start + tensors[which].size()).into_iter().collect();
    let own_rates = if way.own_rates { vec![(1..3, 0.03)] } else { Vec::new() };
    let course = Course { clip: way.clip, ..Course::default() };
    let trainer = Trainer::new(&setup.graph, setup.cost, setup.parameters.clone(), made(), &frozen, rows, settings);
    let mut trainer = trainer.at_rates(own_rates.clone()).on_course(course, (&setup.graph, setup.cost), &[], 0);
    let mut costs = Vec::new();
    let end = trainer.run(&setup.data(0, rows), &mut |moment| {
        costs.push(moment.cost);
        ControlFlow::Continue(())
    });
    assert_eq!(end, End::Finished, "{what}, {way:?}");
    assert_eq!(costs.len() as u64, way.epochs * rows as u64);
    let gap = frozen.first().cloned().unwrap_or(0..0);
    let trainable = [0..gap.start, gap.end..setup.parameters.len()];
    let (mut parameters, mut optimizer) = (setup.parameters.clone(), made());
    for (step, cost) in costs.iter().enumerate() {
        let row = step % rows;
        let (own_cost, mut gradient) = gradient(&setup.graph, setup.cost, &parameters, &setup.data(row, 1), 1, 1);
        assert_eq!(cost.to_bits(), own_cost.to_bits(), "{} cost of step {step} of {what}, {way:?}", S::NAME);
        way.clip.whole(&trainable, &mut gradient);
        if way.own_rates {
            optimizer.own_rates(&own_rates, 1.0);
        }
        let mut new = parameters.clone();
        assert!(optimizer.update(rate, &trainable, &gradient, &parameters, &mut new));
        parameters = new;
    }
    assert_eq!(bits(trainer.parameters()), bits(&parameters), "{} {what}, {way:?}", S::NAME);
    for place in frozen.into_iter().flatten() {
        assert_eq!(parameters[place], setup.parameters[place], "{what}, {way:?}");
    }
}

#[test]
fn single_rows_through_small_layers_take_the_steps_of_batches() {
    let activations = ["sigmoid", "tanh", "relu", "softplus", "linear", "z / (1 + z^2)"];
    let losses = ["half_squared_error", "squared_error", "absolute_error", "log_cosh"];
    for (inputs, units) in (1..=9).flat_map(|inputs| (1..=9).map(move |units| (inputs, units))) {
        let which = inputs * 9 + units;
        let outputs = 1 + which % 8;
        let mut network = Network::inputs(inputs).dense(units).activation(activations[which % 6]).dense(outputs);
        network = network.activation(activations[which % 5]).loss(losses[which % 4]);
        if which % 2 == 0 {
            network = network.without_bias();
        }
        let what = format!("{inputs}-{units}-{outputs}");
        for frozen in [None, Some(0), Some(1), Some(2)] {
            let way = Way { frozen, ..Way::plain() };
            single_rows_take_the_steps_of_batches::<f64>(&network, &way, &what);
            single_rows_take_the_steps_of_batches::<f32>(&network, &way, &what);
        }
    }
}

/// The same however they are trained, and through whatever layers and losses.
#[test]
fn single_rows_are_trained_in_every_way() {
    let networks = [
        Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error(),
        Network::inputs(3).dense(4).tanh().dense(5).relu().dense(8).activation("z / (1 + z^2)").dense(3).loss("squared_error"),
        Network::inputs(8).dense(7).activation("gelu").dense(1).dense(6).activation("softplus").loss("squared_error"),
        Network::inputs(5).dense(6).tanh().dense(4).cross_entropy(),
        Network::inputs(4).dense(3).tanh().dense(2).sigmoid().loss("(a - y)^4"),
    ];
    let optimizers: [(&str, &[(&str, f64)]); 6] = [
        ("sgd", &[]),
        ("sgd", &[("momentum", 0.9), ("weight_decay", 0.01)]),
        ("adagrad", &[]),
        ("rmsprop", &[("momentum", 0.5), ("centered", 1.0)]),
        ("adam", &[("amsgrad", 1.0)]),
        ("adamw", &[]),
    ];
    let clips = [(None, None), (None, Some(0.01)), (Some(0.05), None), (Some(0.05), Some(0.02))].map(|(norm, value)| Clip { norm, value });
    for (n, network) in networks.iter().enumerate() {
        for (optimizer, options) in optimizers {
            for clip in clips {
                for frozen in [None, Some(0), Some(1), Some(2)] {
                    for (rows, epochs) in [(3, 2), (1, 5)] {
                        // Rates of their own beside a rule that does not count its steps.
                        for own_rates in if options.is_empty() && optimizer == "sgd" { &[false, true][..] } else { &[false] } {
                            let options = options.iter().map(|(name, value)| (name.to_string(), *value)).collect();
                            let way = Way { optimizer, options, clip, frozen, own_rates: *own_rates, rows, epochs };
                            single_rows_take_the_steps_of_batches::<f64>(network, &way, &format!("network {n}"));
                            single_rows_take_the_steps_of_batches::<f32>(network, &way, &format!("network {n}"));
                        }
                    }
                }
            }
        }
    }
}

/// Behind a layer without activation nothing is flushed, one row at a time or many.
#[test]
fn subnormal_gradients_of_single_rows_are_kept_as_in_batches() {
    let network = Network::inputs(1).dense(1).without_bias().half_squared_error();
    let built = network.build::<f32>().expect("a network");
    let trained = |rows: usize| {
        let made = optimizers::find::<f32>("sgd").expect("an optimizer").create(&[], 1).expect("its defaults");
        let settings = Settings { epochs: 140, batch: None, shuffle: false, seed: 0, learning_rate: 0.5, threads: 1 };
        let mut trainer = Trainer::new(&built.graph, built.cost, vec![1.0], made, &[], rows, settings);
        assert_eq!(trainer.run(&[&vec![1.0; rows], &vec![0.0; rows]], &mut |_| ControlFlow::Continue(())), End::Finished);
        trainer.parameters()[0]
    };
    assert_eq!(trained(1), 2f32.powi(-140));
    assert_eq!(trained(2), 2f32.powi(-140));
}

/// `cost` keeps no slopes and may take other loops than `gradient`: the number must be the same.
fn costs_are_one<S: Scalar>(network: &Network) {
    let setup = Setup::<S>::new(network, 200);
    let plan = Plan::gradient(&setup.graph, setup.cost);
    let forward = Plan::forward(&setup.graph, setup.cost);
    for rows in [1, 5, 64, 65, 200] {
        let of_gradient = setup.gradient(0, rows, 1).0;
        for threads in [1, 3] {
            let of_cost = Runner::on_threads(&plan, rows, threads).cost(&plan, &setup.parameters, &setup.data(0, rows), rows);
            assert_eq!(of_cost.to_bits(), of_gradient.to_bits(), "{rows} rows, {threads} threads");
            let of_forward = Runner::on_threads(&forward, rows, threads).cost(&forward, &setup.parameters, &setup.data(0, rows), rows);
            assert_eq!(of_forward.to_bits(), of_gradient.to_bits(), "{rows} rows, {threads} threads, forward only");
        }
    }
}

#[test]
fn the_cost_alone_has_the_bits_of_the_cost_with_the_gradient() {
    let all = ["gelu", "elu", "selu", "silu", "softplus", "softsign", "tanh", "hard_sigmoid", "leaky_relu"];
    for loss in ["half_squared_error", "huber", "log_cosh", "binary_cross_entropy", "cross_entropy", "quantile(0.3)"] {
        let mut network = Network::inputs(7).loss(loss);
        for activation in all {
            network = network.dense(6).activation(activation);
        }
        costs_are_one::<f64>(&network.clone().dense(3));
        costs_are_one::<f32>(&network.dense(3));
    }
    costs_are_one::<f64>(&wide());
    costs_are_one::<f32>(&wide());
}

/// What `outputs` says for 200 rows at once and for each alone.
fn outputs<S: Scalar>(network: &Network) -> (Vec<S>, Vec<S>) {
    let setup = Setup::<S>::new(network, 200);
    let plan = Plan::forward(&setup.graph, setup.shown);
    assert_eq!(plan.width(), setup.outputs);
    let mut whole = vec![S::ZERO; 200 * setup.outputs];
    Runner::on_threads(&plan, 200, 3).outputs(&plan, &setup.parameters, &setup.data(0, 200), 200, &mut whole);
    let mut single = whole.clone();
    let mut runner = Runner::new(&plan, 1, 1);
    for (row, out) in single.chunks_exact_mut(setup.outputs).enumerate() {
        out.fill(S::ZERO);
        runner.outputs(&plan, &setup.parameters, &setup.data(row, 1), 1, out);
    }
    (whole, single)
}

fn assert_near<S: Scalar + Debug>(network: &Network, unit: f64) {
    let (whole, single) = outputs::<S>(network);
    for (a, b) in whole.iter().zip(&single) {
        // Probabilities after three layers of at most 70 terms of size 1: a few hundred unit roundoffs.
        assert!((a.to_f64() - b.to_f64()).abs() <= 500.0 * unit, "{a} {b}");
    }
}

#[test]
fn outputs_do_not_depend_on_the_rows_beside_them() {
    for network in [deep(), deep().cross_entropy(), Network::inputs(3).dense(4).relu().dense(2).sigmoid()] {
        let (whole, single) = outputs::<f64>(&network);
        assert_eq!(bits(&whole), bits(&single), "narrow sums have one order");
        let (whole, single) = outputs::<f32>(&network);
        assert_eq!(bits(&whole), bits(&single), "narrow sums have one order");
    }
    assert_near::<f64>(&wide(), 2f64.powi(-53));
    assert_near::<f32>(&wide(), 2f64.powi(-24));
}

#[test]
fn the_first_number_that_is_not_finite_is_found() {
    let network = Network::inputs(2).dense(3).relu().dense(2).activation("softplus").half_squared_error();
    let mut setup = Setup::<f64>::new(&network, 150);
    let plan = Plan::gradient(&setup.graph, setup.cost);
    let find = |setup: &Setup<f64>, threads| {
        Runner::on_threads(&plan, 150, threads).first_not_finite(&plan, &setup.parameters, &setup.data(0, 150), 150)
    };
    let name = |setup: &Setup<f64>, node| setup.graph.name(node).to_string();
    assert_eq!(find(&setup, 1), None);

    // A later row goes wrong in an earlier node: the earlier node counts.
    setup.y[40 * 2] = f64::NAN;
    setup.x[130 * 2 + 1] = f64::INFINITY;
    let found = find(&setup, 2).expect("an infinite input shows");
    assert_eq!((name(&setup, found.node).as_str(), found.row, found.column), ("z1", 130, 0));
    assert!(found.value.is_infinite());

    // Within one node the first row counts, and in it the first column.
    setup.x[66 * 2] = f64::NAN;
    let found = find(&setup, 1).expect("a NaN shows");
    assert_eq!((name(&setup, found.node).as_str(), found.row, found.column), ("z1", 66, 0));
    assert!(found.value.is_nan());

    // Only the target is bad: the cost is the first node that sees it.
    let mut setup = Setup::<f64>::new(&network, 150);
    setup.y[40 * 2 + 1] = f64::NAN;
    let found = find(&setup, 3).expect("a NaN shows");
    assert_eq!((name(&setup, found.node).as_str(), found.row, found.column), ("cost", 40, 0));

    // A weight of the second unit of the second layer.
    let mut setup = Setup::<f64>::new(&network, 150);
    let weight = setup.graph.parameters()[2].start;
    setup.parameters[weight + 3] = f64::NAN;
    let found = find(&setup, 1).expect("a NaN shows");
    assert_eq!((name(&setup, found.node).as_str(), found.row, found.column), ("z2", 0, 1));
}

#[test]
fn a_group_is_what_the_tests_think_it_is() {
    // The row counts in these tests straddle it.
    assert_eq!(GROUP, 64);
}
