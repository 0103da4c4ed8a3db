//! The check must be able to fail: faults planted where such bugs live, and none reported where there is none.

mod support {
    pub mod networks;
    pub mod tape;
}

use backlit_engine::check::{Report, Verdict, check};
use backlit_engine::formula::Dual;
use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::op::{About, Inputs, Op, Site};
use backlit_engine::Shape;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::shape::ShapeError;
use std::sync::Arc;
use support::networks::{ACTIVATIONS, Case, LOSSES, Piece, Recipe, SMOOTH, Wish, gradient, side_by_side};

/// One call of `partial`.
struct Call<'a> {
    real: &'a dyn Op<f64>,
    wrt: usize,
    at: Site<'a, f64>,
}

impl Call<'_> {
    /// What the real operation adds.
    fn share(&self, upstream: &[f64], size: usize) -> Vec<f64> {
        let mut share = vec![0.0; size];
        let at = Site { inputs: self.at.inputs, saved: self.at.saved, out: self.at.out };
        self.real.partial(self.wrt, at, upstream, &mut share);
        share
    }

    /// The upstream with its last row multiplied: `upstream`: rows × width
    fn last_row_times(&self, factor: f64, upstream: &[f64]) -> Vec<f64> {
        let mut upstream = upstream.to_vec();
        let last = upstream.len() - self.at.inputs.width();
        upstream[last..].iter_mut().for_each(|number| *number *= factor);
        upstream
    }
}

/// Does what `partial` should do, wrongly.
type Fault = fn(&Call<'_>, upstream: &[f64], grad: &mut [f64]);

fn add(share: impl IntoIterator<Item = f64>, grad: &mut [f64]) {
    grad.iter_mut().zip(share).for_each(|(grad, share)| *grad += share);
}

fn right(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()), grad);
}

fn wrong_sign(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| -g), grad);
}

fn one_in_a_million(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| g * (1.0 + 1e-6)), grad);
}

fn transposed(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    let share = call.share(upstream, grad.len());
    let n = call.at.inputs.width();
    if share.len() == n * n {
        add((0..n * n).map(|i| share[i % n * n + i / n]), grad);
    } else {
        add(share, grad);
    }
}

fn wrong_where_small(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| if g.abs() < 1e-3 { g * 1.01 } else { g }), grad);
}

fn without_the_last_row(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(&call.last_row_times(0.0, upstream), grad.len()), grad);
}

fn last_row_slightly_off(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(&call.last_row_times(1.001, upstream), grad.len()), grad);
}

fn overwritten(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    grad.copy_from_slice(&call.share(upstream, grad.len()));
}

/// The real operation, but for the partial by one input.
struct Spoiled {
    real: Arc<dyn Op<f64>>,
    wrt: usize,
    fault: Fault,
}

impl Op<f64> for Spoiled {
    fn about(&self) -> &'static About {
        self.real.about()
    }
    fn constants(&self) -> Vec<(&'static str, f64)> {
        self.real.constants()
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.real.shape(inputs)
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        self.real.saved(inputs)
    }
    fn forward(&self, x: Inputs<'_, f64>, saved: &mut [f64], out: &mut [f64]) {
        self.real.forward(x, saved, out);
    }
    fn partial(&self, wrt: usize, at: Site<'_, f64>, upstream: &[f64], grad: &mut [f64]) {
        let fault = if wrt == self.wrt { self.fault } else { right };
        fault(&Call { real: &*self.real, wrt, at }, upstream, grad);
    }
    fn differentiable(&self, wrt: usize) -> bool {
        self.real.differentiable(wrt)
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        self.real.plain(x, out);
    }
}

/// The graph of a case with a fault in the partial of piece `at` by its input `wrt`.
fn spoiled(case: &Case, at: usize, wrt: usize, fault: Fault) -> (Graph<f64>, NodeId) {
    case.recipe.graph_with(|i, real| if i == at { Arc::new(Spoiled { real, wrt, fault }) } else { real })
}

/// Checks the engine's own gradient of a graph.
fn check_graph(case: &Case, (graph, cost): &(Graph<f64>, NodeId)) -> Report {
    let data = case.slices();
    check(graph, *cost, &case.parameters, &data, case.rows, &mut |p| gradient(graph, *cost, p, &data, case.rows, 1).1)
}

/// Checks another gradient of the cost of a case.
fn check_gradient(case: &Case, mut other: impl FnMut(&[f64]) -> Vec<f64>) -> Report {
    let (graph, cost) = case.recipe.graph();
    check(&graph, cost, &case.parameters, &case.slices(), case.rows, &mut other)
}

/// The names of the parameters that differ.
fn differing(report: &Report) -> Vec<&str> {
    report.parameters.iter().filter(|c| c.verdict == Verdict::Differs).map(|c| c.name.as_str()).collect()
}

/// A network of the kind the faults are planted in: x of 4, two layers of 4 with one weight, a skip, 3 outputs.
fn tied_network(rows: usize) -> Case {
    let mut r = Recipe::default();
    let (x, y) = (r.data(4), r.data(3));
    let (w, b1, b2) = (r.parameter(4, 4), r.parameter(1, 4), r.parameter(1, 4));
    let z1 = r.operation("affine", &[x, w, b1], 4);
    let a1 = r.operation("tanh", &[z1], 4);
    let z2 = r.operation("affine", &[a1, w, b2], 4);
    let a2 = r.operation("silu", &[z2], 4);
    let sum = r.operation("add", &[a1, a2], 4);
    let z3 = r.dense(sum, 3, true);
    r.operation("half_squared_error", &[z3, y], 1);
    let number = |i: usize| (i as f64 * 0.917).sin();
    let parameters = (0..r.parameter_count()).map(number).collect();
    let data = vec![(100..100 + rows * 4).map(number).collect(), (900..900 + rows * 3).map(number).collect()];
    Case { recipe: r, parameters, data, rows }
}

/// The places of the pieces of [`tied_network`].
const Z1: usize = 5;
const Z2: usize = 7;
const SUM: usize = 9;
const Z3: usize = 12;

#[test]
fn the_network_for_the_faults_is_right_without_them() {
    for rows in [1, 5, 64, 70] {
        let case = tied_network(rows);
        for report in [check_graph(&case, &case.recipe.graph()), check_graph(&case, &spoiled(&case, Z2, 1, right))] {
            assert!(report.passed() && report.parameters.len() == 39, "{rows} rows: {:?}", report.worst());
            assert!(report.parameters.iter().all(|c| c.verdict == Verdict::Agrees));
        }
    }
}

#[test]
fn fault_1_a_wrong_sign() {
    let case = tied_network(5);
    let report = check_graph(&case, &spoiled(&case, Z3, 2, wrong_sign));
    assert_eq!(differing(&report), ["p11.bias[0]", "p11.bias[1]", "p11.bias[2]"]);
    let worst = report.worst().expect("a comparison");
    assert!((worst.relative_difference - 2.0).abs() < 1e-12 && worst.verdict == Verdict::Differs, "{worst:?}");
    let report = check_graph(&case, &spoiled(&case, Z3, 0, wrong_sign));
    assert_eq!(differing(&report).len(), 24, "everything below the third layer");
}

#[test]
fn fault_2_the_sum_instead_of_the_mean() {
    let case = tied_network(5);
    let report = check_gradient(&case, |p| case_gradient(&case, p).into_iter().map(|g| g * 5.0).collect());
    assert_eq!(differing(&report).len(), 39);
}

/// The right gradient at `parameters`.
fn case_gradient(case: &Case, parameters: &[f64]) -> Vec<f64> {
    let (graph, cost) = case.recipe.graph();
    gradient(&graph, cost, parameters, &case.slices(), case.rows, 1).1
}

#[test]
fn fault_3_one_part_in_a_million() {
    let case = tied_network(5);
    let report = check_graph(&case, &spoiled(&case, Z3, 1, one_in_a_million));
    assert_eq!(differing(&report).len(), 12, "the last weight");
    let report = check_gradient(&case, |p| case_gradient(&case, p).into_iter().map(|g| g * (1.0 + 1e-6)).collect());
    assert_eq!(differing(&report).len(), 39);
}

#[test]
fn fault_4_a_transposed_weight_gradient() {
    let case = tied_network(5);
    for layer in [Z1, Z2] {
        let names: Vec<String> = (0..16).filter(|i| i / 4 != i % 4).map(|i| format!("p2.weight[{},{}]", i / 4, i % 4)).collect();
        assert_eq!(differing(&check_graph(&case, &spoiled(&case, layer, 1, transposed))), names, "all but the diagonal");
    }
}

#[test]
fn fault_5_wrong_only_where_small() {
    let mut case = tied_network(5);
    case.parameters[24..36].iter_mut().for_each(|w| *w *= 1e-4);
    let right = case_gradient(&case, &case.parameters);
    let small = right.iter().filter(|g| g.abs() < 1e-3).count();
    assert!((10..39).contains(&small), "{small} of 39 are small");
    let spoil = |g: f64| if g.abs() < 1e-3 { g * 1.01 } else { g };
    let report = check_gradient(&case, |p| case_gradient(&case, p).into_iter().map(spoil).collect());
    assert_eq!(differing(&report).len(), small);
    let report = check_graph(&case, &spoiled(&case, Z1, 2, wrong_where_small));
    assert!(!report.passed() && differing(&report).iter().all(|name| name.starts_with("p3.bias")), "{:?}", differing(&report));
}

#[test]
fn fault_6_wrong_in_the_last_row_only() {
    for rows in [2, 5, 9] {
        let case = tied_network(rows);
        for fault in [without_the_last_row as Fault, last_row_slightly_off] {
            assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z3, 1, fault))).len(), 12, "{rows} rows, by the weight");
            assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z3, 2, fault))).len(), 3, "{rows} rows, by the bias");
            assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z3, 0, fault))).len(), 24, "{rows} rows, by the input");
        }
    }
}

#[test]
fn fault_7_wrong_on_the_second_use_only() {
    let case = tied_network(5);
    // Backward the second layer comes first; the first layer, coming second, overwrites its share of the tied weight.
    assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z1, 1, overwritten))).len(), 16, "a tied weight");
    assert!(check_graph(&case, &spoiled(&case, Z2, 1, overwritten)).passed(), "the first share may overwrite nothing");
    // a1 is used by the sum and by the second layer.
    assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z2, 0, overwritten))).len(), 20, "a value used twice: w and b1");
    assert!(check_graph(&case, &spoiled(&case, SUM, 0, overwritten)).passed());
    assert_eq!(differing(&check_graph(&case, &spoiled(&case, Z1, 1, one_in_a_million))).len(), 16, "a share of it");
}

/// The gradient over all rows put together from batches: Σ share(rows of the batch) · its gradient.
fn from_batches(case: &Case, parameters: &[f64], batch: usize, share: impl Fn(usize) -> f64) -> Vec<f64> {
    let (graph, cost) = case.recipe.graph::<f64>();
    let mut whole = vec![0.0; parameters.len()];
    for start in (0..case.rows).step_by(batch) {
        let rows = batch.min(case.rows - start);
        let data: Vec<&[f64]> = case.data.iter().map(|d| &d[start * d.len() / case.rows..][..rows * d.len() / case.rows]).collect();
        let part = gradient(&graph, cost, parameters, &data, rows, 1).1;
        add(part.into_iter().map(|g| g * share(rows)), &mut whole);
    }
    whole
}

#[test]
fn fault_8_wrong_in_the_last_partial_batch_only() {
    let case = tied_network(13);
    let n = case.rows as f64;
    let report = check_gradient(&case, |p| from_batches(&case, p, 5, |rows| rows as f64 / n));
    assert!(report.passed(), "batches of 5, 5 and 3 make the whole: {:?}", report.worst());
    // Each batch's sum divided by the full batch size, also that of the last 3 rows.
    let divided = |rows: usize| (5.0 / n) * (rows as f64 / 5.0) * (rows as f64 / 5.0);
    assert_eq!(differing(&check_gradient(&case, |p| from_batches(&case, p, 5, divided))).len(), 39);
    // The mean of the batches' means.
    assert_eq!(differing(&check_gradient(&case, |p| from_batches(&case, p, 5, |_| 1.0 / 3.0))).len(), 39);
}

/// Small networks of every kind: `exact` ones meet their kinks.
fn small_network(k: usize, exact: bool, activations: &'static [&'static str], losses: &[&'static str]) -> Case {
    let wish = Wish {
        activation: activations[k % activations.len()],
        others: activations,
        loss: losses[k / activations.len() % losses.len()],
        depth: 1 + k % 4,
        widths: 1..=4,
        rows: 1 + k % 6,
        exact,
    };
    wish.draw(10_000 + k as u64)
}

/// Every place in a network where a partial is taken: piece and input.
fn partials(case: &Case) -> Vec<(usize, usize)> {
    let pieces = &case.recipe.pieces;
    let taken = |input: usize| !matches!(pieces[input], Piece::Data(_));
    let of = |(i, piece): (usize, &Piece)| match piece {
        Piece::Operation(_, inputs, _) => (0..inputs.len()).filter(|&wrt| taken(inputs[wrt])).map(|wrt| (i, wrt)).collect(),
        _ => Vec::new(),
    };
    pieces.iter().enumerate().flat_map(of).collect()
}

#[test]
fn every_fault_in_every_partial_of_every_operation_is_reported() {
    const FAULTS: [(&str, Fault); 6] = [
        ("wrong sign", wrong_sign),
        ("one in a million", one_in_a_million),
        ("small ones wrong", wrong_where_small),
        ("last row left out", without_the_last_row),
        ("last row slightly off", last_row_slightly_off),
        ("overwritten", overwritten),
    ];
    let seen = side_by_side(ACTIVATIONS.len() * LOSSES.len(), |k| {
        let case = small_network(k, false, &ACTIVATIONS, &LOSSES);
        let truth = case.truth();
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (at, wrt) in partials(&case) {
            for (what, fault) in FAULTS {
                let (graph, cost) = spoiled(&case, at, wrt, fault);
                let report = check_graph(&case, &(graph, cost));
                let mut effective = false;
                for (i, c) in report.parameters.iter().enumerate() {
                    let off = (c.gradient - truth.gradient[i]).abs() / truth.contributions[i].max(f64::MIN_POSITIVE);
                    let place = || format!("network {k}: {what} in piece {at} by {wrt}: {c:?} off by {off}; {}", case.recipe.describe());
                    assert!(off < 1e-7 || c.verdict == Verdict::Differs, "missed, {}", place());
                    assert!(off > 1e-11 || c.verdict == Verdict::Agrees, "false alarm, {}", place());
                    effective |= off >= 1e-7;
                }
                if effective {
                    let Piece::Operation(name, ..) = &case.recipe.pieces[at] else { continue };
                    seen.push((format!("{name} by {wrt}"), what));
                }
            }
        }
        seen
    });
    let seen: std::collections::BTreeSet<(String, &str)> = seen.into_iter().flatten().collect();
    let places = ACTIVATIONS.iter().chain(&LOSSES).map(|name| format!("{name} by 0")).chain(
        ["affine by 0", "affine by 1", "affine by 2", "add by 0", "add by 1", "mul by 0", "mul by 1", "concat by 0", "concat by 1", "softmax by 0"]
            .map(String::from),
    );
    for place in places {
        for (what, _) in FAULTS.iter().filter(|(what, _)| !["overwritten", "small ones wrong"].contains(what)) {
            assert!(seen.contains(&(place.clone(), *what)), "no network had '{what}' in {place}");
        }
    }
    for place in ["affine by 0", "affine by 1", "affine by 2", "add by 1", "mul by 1"] {
        assert!(seen.contains(&(place.to_string(), "overwritten")), "no network had a share overwritten in {place}");
    }
}

#[test]
fn a_thousand_right_networks_give_no_alarm() {
    let reports = side_by_side(1000, |k| {
        let case = small_network(k / 2, k % 2 == 0, &ACTIVATIONS, &LOSSES);
        let report = check_graph(&case, &case.recipe.graph());
        let kinks = report.parameters.iter().filter(|c| c.verdict == Verdict::Kink).count();
        let words = || format!("network {k}: {:?}; {}; {:?} {:?}", report.worst(), case.recipe.describe(), case.parameters, case.data);
        ((!report.passed()).then(words), kinks)
    });
    let alarms: Vec<&String> = reports.iter().filter_map(|report| report.0.as_ref()).collect();
    assert!(alarms.is_empty(), "{} false alarms, first {}", alarms.len(), alarms[0]);
    let with_kinks = reports.iter().step_by(2).filter(|report| report.1 > 0).count();
    assert!(with_kinks >= 100, "{with_kinks} of the 500 networks of small fractions meet a kink");
    let without_reason = reports.iter().skip(1).step_by(2).filter(|report| report.1 > 0).count();
    assert_eq!(without_reason, 0, "networks that keep away from kinks are told of one");
}

#[test]
fn smooth_networks_have_no_kinks_at_exact_zeros() {
    let losses = ["half_squared_error", "squared_error", "huber", "log_cosh", "poisson", "binary_cross_entropy", "cross_entropy"];
    let reports = side_by_side(200, |k| {
        let case = small_network(k, true, &SMOOTH, &losses);
        let report = check_graph(&case, &case.recipe.graph());
        report.parameters.iter().find(|c| c.verdict != Verdict::Agrees).map(|c| format!("network {k}: {c:?}; {}", case.recipe.describe()))
    });
    assert_eq!(reports.into_iter().flatten().next(), None);
}

/// One input, two units, the first with pre-activation `z` from x = 2, the second away from any kink; and its verdicts
/// on weight 0, weight 1, bias 0, bias 1.
fn verdicts(activation: &str, loss: &str, z: f64, targets: [f64; 2]) -> Vec<Verdict> {
    let mut r = Recipe::default();
    let (x, y) = (r.data(1), r.data(2));
    let sums = r.dense(x, 2, true);
    let a = r.operation(activation, &[sums], 2);
    r.operation(loss, &[a, y], 1);
    let case = Case { recipe: r, parameters: vec![0.25, 0.5, z - 0.5, -0.25], data: vec![vec![2.0], targets.to_vec()], rows: 1 };
    check_graph(&case, &case.recipe.graph()).parameters.iter().map(|c| c.verdict).collect()
}

#[test]
fn kinks_are_named_where_they_are_and_nowhere_else() {
    use Verdict::{Agrees, Kink};
    let kink = [Kink, Agrees, Kink, Agrees];
    for (activation, z) in [
        ("relu", 0.0), ("leaky_relu", 0.0), ("leaky_relu(0.2)", 0.0), ("elu(0.7)", 0.0), ("selu", 0.0), ("hard_sigmoid", 3.0), ("hard_sigmoid", -3.0),
    ] {
        assert_eq!(verdicts(activation, "half_squared_error", z, [0.3, 0.9]), kink, "{activation} at {z}");
        assert_eq!(verdicts(activation, "half_squared_error", z + 1e-9, [0.3, 0.9]), [Agrees; 4], "{activation} near {z}");
        assert_eq!(verdicts(activation, "half_squared_error", z - 1e-9, [0.3, 0.9]), [Agrees; 4], "{activation} near {z}");
    }
    for loss in ["absolute_error", "quantile", "quantile(0.9)"] {
        assert_eq!(verdicts("linear", loss, 0.25, [0.25, 0.9]), kink, "{loss} at its target");
        assert_eq!(verdicts("linear", loss, 0.25, [0.75, 0.9]), [Agrees; 4], "{loss} away from it");
    }
    // Both sides meet with one slope, so there is a derivative.
    for (activation, z) in [("elu", 0.0), ("leaky_relu(1)", 0.0), ("gelu", 0.0), ("silu", 0.0), ("softplus", 0.0)] {
        assert_eq!(verdicts(activation, "half_squared_error", z, [0.3, 0.9]), [Agrees; 4], "{activation} at {z}");
    }
    for target in [1.5, -0.5, 0.5] {
        assert_eq!(verdicts("linear", "huber", 0.5, [target, 0.9]), [Agrees; 4], "huber at {target}");
    }
}

#[test]
fn activations_far_out_give_no_alarm() {
    let missed: Vec<String> = ACTIVATIONS
        .iter()
        .flat_map(|activation| [-1e5, -800.0, -200.0, -40.0, 40.0, 200.0, 800.0, 1e5].map(|z| (activation, z)))
        .filter(|(activation, z)| verdicts(activation, "half_squared_error", *z, [0.3, 0.9]) != [Verdict::Agrees; 4])
        .map(|(activation, z)| format!("{activation} at {z}"))
        .collect();
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn losses_far_out_give_no_alarm() {
    let missed: Vec<String> = LOSSES
        .iter()
        .flat_map(|loss| [-1e5, -800.0, -200.0, -40.0, 40.0, 200.0, 800.0, 1e5].map(|z| (*loss, z)))
        .filter(|(loss, z)| *loss != "poisson" || *z > 0.0)
        .filter(|(loss, z)| {
            let targets = if *loss == "poisson" { [3.0, 0.0] } else { [1.0, 0.0] };
            verdicts("linear", loss, *z, targets) != [Verdict::Agrees; 4]
        })
        .map(|(loss, z)| format!("{loss} at {z}"))
        .collect();
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn softplus_far_below_zero_keeps_its_digits() {
    assert_eq!(verdicts("softplus", "poisson", -25.0, [2.0, 1.0]), [Verdict::Agrees; 4]);
    assert_eq!(verdicts("softplus", "poisson", -40.0, [2.0, 1.0]), [Verdict::Agrees; 4]);
}

#[test]
fn softsign_has_a_derivative_at_zero() {
    assert_eq!(verdicts("softsign", "half_squared_error", 0.0, [0.3, 0.9]), [Verdict::Agrees; 4]);
}

#[test]
fn a_parameter_that_moves_nothing_at_the_kink_is_not_called_one() {
    // relu(0 · w + 0) = 0 for every w: its derivative by w is 0. By b there is none.
    let mut r = Recipe::default();
    let (x, y) = (r.data(1), r.data(1));
    let z = r.dense(x, 1, true);
    let a = r.operation("relu", &[z], 1);
    r.operation("half_squared_error", &[a, y], 1);
    let case = Case { recipe: r, parameters: vec![0.7, 0.0], data: vec![vec![0.0], vec![1.0]], rows: 1 };
    let found: Vec<Verdict> = check_graph(&case, &case.recipe.graph()).parameters.iter().map(|c| c.verdict).collect();
    assert_eq!(found, [Verdict::Agrees, Verdict::Kink]);
}

/// 64-64-64-10 with 70 rows, a chunk and a part: too much to compare every parameter.
fn large_network() -> Case {
    let mut r = Recipe::default();
    let (x, y) = (r.data(64), r.data(10));
    let z1 = r.dense(x, 64, true);
    let a1 = r.operation("tanh", &[z1], 64);
    let z2 = r.dense(a1, 64, true);
    let a2 = r.operation("relu", &[z2], 64);
    let z3 = r.dense(a2, 10, true);
    r.operation("cross_entropy", &[z3, y], 1);
    let mut random = Random::new(5, Purpose::Check, 7);
    let parameters = (0..r.parameter_count()).map(|_| random.uniform(-0.2, 0.2)).collect();
    let x = (0..70 * 64).map(|_| random.uniform(-1.0, 1.0)).collect();
    let y = (0..70 * 10).map(|i| if i % 10 == i / 10 % 10 { 1.0 } else { 0.0 }).collect();
    Case { recipe: r, parameters, data: vec![x, y], rows: 70 }
}

#[test]
fn a_large_network_is_sampled_and_weighed_along_directions() {
    let case = large_network();
    let (graph, cost) = case.recipe.graph::<f64>();
    let data = case.slices();
    // The first: right. The second: one weight of 8970, in the middle of the second layer, is off by a tenth. The third:
    // the last partial chunk of 6 rows leaves out its last row.
    let second_weight = graph.parameters()[2].start;
    let reports = side_by_side(3, |k| match k {
        0 => check(&graph, cost, &case.parameters, &data, 70, &mut |p| gradient(&graph, cost, p, &data, 70, 2).1),
        1 => check(&graph, cost, &case.parameters, &data, 70, &mut |p| {
            let mut found = gradient(&graph, cost, p, &data, 70, 2).1;
            found[second_weight + 2345] *= 1.1;
            found
        }),
        _ => check_graph(&case, &spoiled(&case, case.recipe.last("affine"), 0, |call, upstream, grad| match call.at.inputs.rows() {
            6 => without_the_last_row(call, upstream, grad),
            _ => right(call, upstream, grad),
        })),
    });
    for report in &reports {
        assert!((8..8970).contains(&report.parameters.len()) && report.directions.len() == 4, "sampled");
    }
    assert!(reports[0].passed(), "{:?}", reports[0].worst());
    assert!(reports[0].parameters.iter().chain(&reports[0].directions).all(|c| c.verdict == Verdict::Agrees));
    assert_eq!(differing(&reports[1]), Vec::<&str>::new(), "the sample misses one weight of 8970");
    assert!(reports[1].directions.iter().all(|c| c.verdict == Verdict::Differs), "the directions do not: {:?}", reports[1].directions);
    assert!(reports[2].directions.iter().all(|c| c.verdict == Verdict::Differs), "{:?}", reports[2].directions);
    assert!(differing(&reports[2]).len() > 20, "{:?}", reports[2].worst());
}
