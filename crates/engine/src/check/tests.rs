//! What moves alone has the bits of all numbers, and an operation that moves more than it says is found out.

use super::reached::Reached;
use super::{Moved, Plain, Verdict, check};
use crate::formula::Dual;
use crate::graph::Graph;
use crate::network::Norm;
use crate::op::{About, Inputs, Op, Site};
use crate::random::{Purpose, Random};
use crate::shape::ShapeError;
use crate::step::Runner;
use crate::{Network, Plan, Shape, ops};
use std::ops::Range;
use std::sync::Arc;

const ROWS: usize = 9;

/// Networks with every operation that a layer or a cost may have.
fn networks() -> Vec<Network> {
    let groups = Network::inputs(5).embed(&[4], 2).numeric(&[0, 2, 3], 5, 3).dense(12).activation("silu").dense(6).groups(3).tanh();
    vec![
        groups.dense(3).groups(3).dense(1).half_squared_error().penalty(0.01, 0.02),
        Network::inputs(5).dense(5).norm(Norm::Layer).relu().skip(0).dense(4).activation("z * sigmoid(z)").dense(3).cross_entropy(),
        Network::inputs(5).dense(5).norm(Norm::Batch).relu().dense(2).activation("elu").dense(2).loss("huber"),
        Network::inputs(5).dense(7).relu().dense(2).loss("absolute_error").weighted(),
        Network::inputs(5).embed(&[4], 3).dense(2).activation("softsign").dense(1).loss("poisson"),
    ]
}

#[test]
fn what_moves_alone_has_the_bits_of_all_numbers() {
    for (n, network) in networks().into_iter().enumerate() {
        let mut random = Random::new(n as u64, Purpose::Check, 0);
        let built = network.build::<f64>().expect("a network");
        // The first row is 0, so that relu stands at its kink where the bias is 0 too.
        let x = |place: usize, random: &mut Random| match (place / 5, place % 5) {
            (0, _) => 0.0,
            (_, 4) => f64::from(random.below(4)),
            _ => random.normal(),
        };
        let x: Vec<f64> = (0..ROWS * 5).map(|place| x(place, &mut random)).collect();
        let y: Vec<f64> = (0..ROWS * network.outputs()).map(|_| f64::from(random.below(2))).collect();
        let w: Vec<f64> = (0..ROWS).map(|_| random.uniform(0.5, 2.0)).collect();
        let mut parameters: Vec<f64> = (0..built.graph.parameter_count()).map(|_| random.uniform(0.1, 0.9)).collect();
        if let Some(bias) = built.graph.parameters().iter().find(|parameter| n == 3 && parameter.name == "layer1.bias") {
            parameters[bias.start..bias.start + bias.size()].fill(0.0);
        }
        let plain = Plain { graph: &built.graph, cost: built.cost, data: &[&x, &y, &w], rows: ROWS };
        let reached = Reached::new(&plain);
        let moved = Moved::new(&plain, &reached, (0..parameters.len()).collect());
        let (alone, whole) = (moved.tangents(&parameters), moved.whole_passes(&parameters));
        assert!(moved.adds_up(&parameters, &alone), "network {n}");
        for (place, (a, b)) in alone.iter().zip(&whole).enumerate() {
            let name = built.graph.parameter_name(place);
            assert!(a.mean == b.mean && a.magnitude == b.magnitude && a.kink == b.kink, "network {n}, {name}: {} and {}", a.mean, b.mean);
        }
        assert!(whole.iter().any(|tangent| tangent.mean != 0.0));
        assert_eq!(whole.iter().any(|tangent| tangent.kink), n == 3, "network {n}");
        // Those that are asked for, in their places, on any number of threads.
        let some: Vec<usize> = (0..parameters.len()).step_by(3).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        let found = pool.install(|| Moved::new(&plain, &reached, some.clone()).tangents(&parameters));
        assert!(some.iter().zip(&found).all(|(&place, tangent)| tangent.mean.to_bits() == alone[place].mean.to_bits()));
        // A layer's numbers are few beside all.
        assert!(moved.work() < 0.7 * plain.work() * (ROWS * parameters.len()) as f64, "network {n}");
    }
}

/// A layer whose weights act on all units, each saying that it acts on its own alone; so says its partial.
struct Mixed(Arc<dyn Op<f64>>);

impl Op<f64> for Mixed {
    fn about(&self) -> &'static About {
        self.0.about()
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.0.shape(inputs)
    }
    fn forward(&self, x: Inputs<'_, f64>, saved: &mut [f64], out: &mut [f64]) {
        self.0.forward(x, saved, out);
    }
    fn partial(&self, wrt: usize, at: Site<'_, f64>, upstream: &[f64], grad: &mut [f64]) {
        self.0.partial(wrt, at, upstream, grad);
    }
    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        self.0.reach(wrt, index, inputs)
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        use crate::formula::Number;
        self.0.plain(x, out);
        let first = out[0];
        out[1..].iter_mut().for_each(|out| *out = out.add(&first));
    }
    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let before = out.to_vec();
        self.plain(x, out);
        // It leaves what it says it does not act on.
        out.iter_mut().zip(before).enumerate().filter(|(k, _)| !some.contains(k)).for_each(|(_, (out, before))| *out = before);
    }
}

#[test]
fn an_operation_that_acts_on_more_than_it_says_is_found_out() {
    let mut graph = Graph::new();
    let (x, y) = (graph.data("x", 2).expect("x"), graph.data("y", 3).expect("y"));
    let weight = graph.parameter("w", 3, 2).expect("w");
    let layer = Arc::new(Mixed(ops::any("affine").expect("affine")));
    let z = graph.operation("z", layer, &[x, weight]).expect("z");
    let cost = graph.operation("cost", ops::loss("half_squared_error").expect("a loss"), &[z, y]).expect("a cost");
    let (numbers, targets) = ([0.5, -1.0, 2.0, 0.25], [1.0, 0.0, -1.0, 0.5, 2.0, 1.0]);
    let parameters = [0.3, -0.2, 0.9, 0.4, -0.7, 0.6];
    let data: [&[f64]; 2] = [&numbers, &targets];
    let plain = Plain { graph: &graph, cost, data: &data, rows: 2 };
    let reached = Reached::new(&plain);
    let moved = Moved::new(&plain, &reached, (0..6).collect());
    assert!(!moved.adds_up(&parameters, &moved.tangents(&parameters)));
    // So the check goes by all numbers, and sees that the gradient is another one.
    let plan = Plan::gradient(&graph, cost);
    let mut runner = Runner::new(&plan, 2, 1);
    let mut gradient = vec![0.0; 6];
    let report = check(&graph, cost, &parameters, &data, 2, &mut |p| {
        runner.gradient(&plan, p, &data, 2, &mut gradient);
        gradient.clone()
    });
    let whole = moved.whole_passes(&parameters);
    assert!(report.parameters.iter().zip(&whole).all(|(found, whole)| found.independent == whole.mean));
    assert!(report.parameters.iter().any(|found| found.verdict == Verdict::Differs));
}
