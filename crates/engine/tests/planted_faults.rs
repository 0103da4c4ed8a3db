//! The check must be able to fail: faults planted where such bugs live are reported, each at the parameters it spoils.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod draw;
    pub mod networks;
    pub mod spoiled;
    pub mod tape;
}

use backlit_engine::check::{Report, Verdict};
use backlit_engine::random::{Purpose, Random};
use std::collections::BTreeSet;
use support::draw::{ACTIVATIONS, LOSSES, small_network};
use support::networks::{Case, Piece, Recipe, gradient, side_by_side};
use support::spoiled::*;

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
    let seen: BTreeSet<(String, &str)> = seen.into_iter().flatten().collect();
    let places = ACTIVATIONS.iter().chain(&LOSSES).map(|name| format!("{name} by 0")).chain(
        [
            "affine by 0",
            "affine by 1",
            "affine by 2",
            "add by 0",
            "add by 1",
            "mul by 0",
            "mul by 1",
            "concat by 0",
            "concat by 1",
            "softmax by 0",
        ]
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
fn a_gradient_that_is_not_finite_differs() {
    let case = tied_network(5);
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let report = check_gradient(&case, |p| {
            let mut found = case_gradient(&case, p);
            found[17] = wrong;
            found
        });
        assert_eq!(differing(&report), ["p3.bias[1]"], "{wrong}");
        assert_eq!(report.worst().map(|worst| worst.name.as_str()), Some("p3.bias[1]"), "{wrong}");
    }
}

/// 256-200-200-10 with 5 rows: too much to compare every parameter.
fn large_network() -> Case {
    let mut r = Recipe::default();
    let (x, y) = (r.data(256), r.data(10));
    let z1 = r.dense(x, 200, true);
    let a1 = r.operation("tanh", &[z1], 200);
    let z2 = r.dense(a1, 200, true);
    let a2 = r.operation("relu", &[z2], 200);
    let z3 = r.dense(a2, 10, true);
    r.operation("cross_entropy", &[z3, y], 1);
    let mut random = Random::new(5, Purpose::Check, 7);
    let parameters = (0..r.parameter_count()).map(|_| random.uniform(-0.1, 0.1)).collect();
    let x = (0..5 * 256).map(|_| random.uniform(-1.0, 1.0)).collect();
    let y = (0..5 * 10).map(|i| if i % 10 == i / 10 { 1.0 } else { 0.0 }).collect();
    Case { recipe: r, parameters, data: vec![x, y], rows: 5 }
}

#[test]
fn a_large_network_is_sampled_and_weighed_along_directions() {
    let case = large_network();
    let parameters = case.parameters.len();
    let sampled = |report: &Report| {
        assert!((8..parameters).contains(&report.parameters.len()) && report.directions.len() == 4, "sampled");
    };
    let right = check_graph(&case, &case.recipe.graph());
    sampled(&right);
    assert!(right.parameters.iter().chain(&right.directions).all(|c| c.verdict == Verdict::Agrees), "{:?}", right.worst());

    // One weight of the second layer, one of 93,610 parameters, is off by a tenth: the sample misses it, no direction does.
    let place = (256 * 200 + 200) + 12345;
    assert!(case_gradient(&case, &case.parameters)[place].abs() > 1e-4);
    let one = check_gradient(&case, |p| {
        let mut found = case_gradient(&case, p);
        found[place] *= 1.1;
        found
    });
    sampled(&one);
    assert_eq!(differing(&one), Vec::<&str>::new());
    assert!(one.directions.iter().all(|c| c.verdict == Verdict::Differs) && !one.passed(), "{:?}", one.directions);

    // Something that touches many: the last row is left out on the way down from the last layer.
    let many = check_graph(&case, &spoiled(&case, case.recipe.last("affine"), 0, without_the_last_row));
    sampled(&many);
    assert!(many.directions.iter().all(|c| c.verdict == Verdict::Differs), "{:?}", many.directions);
    assert!(differing(&many).len() > 20, "{:?}", many.worst());
}

#[test]
fn a_gradient_that_is_another_each_time_differs() {
    // As unwritten memory or a race would have it: a percent of noise must not count as rounding.
    let case = tied_network(5);
    let mut random = Random::new(0, Purpose::Check, 3);
    let report = check_gradient(&case, |p| case_gradient(&case, p).into_iter().map(|g| g * (1.0 + random.uniform(-0.01, 0.01))).collect());
    assert!(differing(&report).len() > 30, "{} of 39 differ", differing(&report).len());
}
