//! The engine's gradients against the tape's, over random networks.
//!
//! Two bounds for each parameter. In f64 the difference is at most 1e-10 of the mean over rows of |the row's
//! derivative|: far from what rounding does (the worst measured is 3e-12, in a network of five layers of 40 and one
//! row), far below any fault. And in both types it is at most 8192 unit roundoffs of the sum over all paths of |the
//! product of its factors|, the quantity that rounding is proportional to, even where the paths of one row cancel
//! (the worst measured: 1000 in f64, 1800 in f32, the same network in both).

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod draw;
    pub mod networks;
    pub mod tape;
}

use backlit_engine::Scalar;
use std::collections::BTreeMap;
use support::draw::{ACTIVATIONS, LOSSES, Wish};
use support::networks::{Case, Piece, Recipe, Truth, side_by_side};

/// Every pair of activation and loss occurs twice, in networks of other sizes.
const NETWORKS: usize = ACTIVATIONS.len() * LOSSES.len() * 2;

/// Of Σ|contributions of the rows|, in f64.
const RELATIVE: f64 = 1e-10;

/// Of the sum over paths, in units of half the spacing at 1.
const ROUNDINGS: f64 = 8192.0;

fn random_case(k: usize) -> Case {
    let wish = Wish {
        activation: ACTIVATIONS[k % ACTIVATIONS.len()],
        others: &ACTIVATIONS,
        loss: LOSSES[k / ACTIVATIONS.len() % LOSSES.len()],
        depth: 1 + k % 5,
        widths: [1..=4, 1..=12, 5..=40, 40..=40, 1..=40][k / 3 % 5].clone(),
        rows: [1, 2, 7, 63, 64, 65, 100, 127, 128, 129, 150, 193, 200][k % 13],
        exact: false,
    };
    wish.draw(k as u64)
}

/// The first parameter of `case` whose derivative in `S` is not the tape's, in words.
fn disagreement<S: Scalar>(case: &Case, truth: &Truth, unit: f64, relative: Option<f64>) -> Option<String> {
    let (cost, gradient) = case.gradient::<S>(2);
    // Costs are sums of terms of any sign; poisson's cancel most, by a factor below 1000 here.
    let cost_off = (cost - truth.cost).abs() > ROUNDINGS * unit * truth.cost.abs().max(0.1);
    let wrong = gradient.iter().enumerate().find(|(i, got)| {
        let difference = (got.to_f64() - truth.gradient[*i]).abs();
        let agrees = difference <= ROUNDINGS * unit * truth.magnitudes[*i]
            && relative.is_none_or(|relative| difference <= relative * truth.contributions[*i]);
        !agrees
    });
    let what = match wrong {
        Some((i, got)) => format!(
            "parameter {i} has {got}, the tape {}, contributions {}, paths {}",
            truth.gradient[i], truth.contributions[i], truth.magnitudes[i]
        ),
        None if cost_off => format!("the cost is {cost}, the tape's {}", truth.cost),
        None => return None,
    };
    Some(format!("{} with {} rows: {what}; {}", S::NAME, case.rows, case.recipe.describe()))
}

/// Both types against the tape.
fn disagreements(case: &Case) -> Vec<String> {
    let truth = case.truth();
    let double = disagreement::<f64>(case, &truth, 2f64.powi(-53), Some(RELATIVE));
    let single = disagreement::<f32>(case, &truth, 2f64.powi(-24), None);
    double.into_iter().chain(single).collect()
}

#[test]
fn random_networks_have_the_gradient_of_the_tape() {
    let found = side_by_side(NETWORKS, |k| disagreements(&random_case(k)));
    let wrong: Vec<String> =
        found.into_iter().enumerate().filter(|(_, w)| !w.is_empty()).map(|(k, w)| format!("network {k}: {w:?}")).collect();
    assert!(wrong.is_empty(), "{} of {NETWORKS} networks differ, first {}", wrong.len(), wrong[0]);
}

/// What stands in a network that could go wrong on its own.
fn features(case: &Case) -> Vec<String> {
    let recipe = &case.recipe;
    let mut found = Vec::new();
    let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
    for piece in &recipe.pieces {
        let Piece::Operation(name, inputs, width) = piece else { continue };
        found.push(name.clone());
        inputs.iter().for_each(|&input| *uses.entry(input).or_default() += 1);
        if name == "affine" {
            let wide = recipe.width(inputs[0]) * width >= 1024;
            found.push(format!("{} product", if wide { "wide" } else { "narrow" }));
            found.push(format!("{} bias", if inputs.len() == 3 { "with" } else { "without" }));
        } else if inputs.len() == 2 && inputs[0] == inputs[1] {
            found.push(format!("{name} of a value with itself"));
        }
    }
    for (piece, count) in uses {
        if count > 1 {
            let parameter = matches!(recipe.pieces[piece], Piece::Parameter(..));
            found.push(if parameter { "tied weight" } else { "value used twice" }.to_string());
        }
    }
    found.push(match case.rows {
        1 => "one row".to_string(),
        rows if rows <= 64 => "one chunk".to_string(),
        rows if rows % 64 == 0 => "whole chunks".to_string(),
        rows => format!("{} chunks, the last in part", rows.div_ceil(64)),
    });
    found.sort();
    found.dedup();
    found
}

#[test]
fn the_random_networks_hold_every_feature() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for case in side_by_side(NETWORKS, random_case) {
        features(&case).into_iter().for_each(|feature| *counts.entry(feature).or_default() += 1);
    }
    let shapes = [
        "add",
        "mul",
        "concat",
        "softmax",
        "add of a value with itself",
        "mul of a value with itself",
        "tied weight",
        "value used twice",
        "wide product",
        "narrow product",
        "with bias",
        "without bias",
        "one row",
        "one chunk",
        "whole chunks",
        "2 chunks, the last in part",
        "3 chunks, the last in part",
        "4 chunks, the last in part",
    ];
    for feature in shapes.iter().chain(&ACTIVATIONS).chain(&LOSSES) {
        let count = counts.get(*feature).copied().unwrap_or(0);
        assert!(count >= 10, "{count} of {NETWORKS} networks have '{feature}': {counts:?}");
    }
}

/// Parameters and data for a recipe written by hand: x of 6 columns, y of 3, `last` the activation of the outputs if any.
fn by_hand(loss: &str, last: &str, build: impl Fn(&mut Recipe, usize) -> usize) -> Case {
    let mut recipe = Recipe::default();
    let (x, y) = (recipe.data(6), recipe.data(3));
    let a = build(&mut recipe, x);
    let z = recipe.dense(a, 3, true);
    let z = if last.is_empty() { z } else { recipe.operation(last, &[z], 3) };
    recipe.operation(loss, &[z, y], 1);
    let number = |i: usize| f64::from(((i as f64 * 0.7312).sin() * 0.8) as f32);
    let rows = 77;
    let parameters = (0..recipe.parameter_count()).map(number).collect();
    let data = vec![(1000..1000 + rows * 6).map(number).collect(), (5000..5000 + rows * 3).map(number).collect()];
    Case { recipe, parameters, data, rows }
}

#[test]
fn shapes_that_no_chain_has() {
    type Build = fn(&mut Recipe, usize) -> usize;
    let cases: [(&str, &str, Build); 9] = [
        ("one value, two layers, joined", "huber", |r, x| {
            let a = r.dense(x, 6, true);
            let (left, right) = (r.dense(a, 4, true), r.dense(a, 4, false));
            let gate = r.operation("sigmoid", &[right], 4);
            r.operation("mul", &[left, gate], 4)
        }),
        ("one weight in three layers and one bias in two", "log_cosh", |r, x| {
            let (w, b) = (r.parameter(6, 6), r.parameter(1, 6));
            let z1 = r.operation("affine", &[x, w, b], 6);
            let a1 = r.operation("tanh", &[z1], 6);
            let z2 = r.operation("affine", &[a1, w], 6);
            let a2 = r.operation("silu", &[z2], 6);
            let z3 = r.operation("affine", &[a2, w, b], 6);
            r.operation("gelu", &[z3], 6)
        }),
        ("a bias that stands before its weight", "squared_error", |r, x| {
            let (b, w) = (r.parameter(1, 5), r.parameter(5, 6));
            let z = r.operation("affine", &[x, w, b], 5);
            r.operation("softplus", &[z], 5)
        }),
        ("sums used before and behind their activation", "squared_error", |r, x| {
            let z = r.dense(x, 5, true);
            let (a, s) = (r.operation("tanh", &[z], 5), r.operation("silu", &[z], 5));
            let both = r.operation("add", &[a, z], 5);
            let two = r.operation("sigmoid", &[both], 5);
            let three = r.operation("gelu", &[two], 5);
            r.operation("concat", &[three, s, a], 15)
        }),
        ("an activation of data", "squared_error", |r, x| {
            let a = r.operation("tanh", &[x], 6);
            let product = r.operation("mul", &[a, x], 6);
            let z = r.dense(product, 4, false);
            r.operation("relu", &[z], 4)
        }),
        ("a value three times in one operation", "squared_error", |r, x| {
            let a = r.dense(x, 5, true);
            let three = r.operation("concat", &[a, a, a], 15);
            let square = r.operation("mul", &[three, three], 15);
            r.operation("add", &[square, three], 15)
        }),
        ("attention over units: a softmax as a gate", "cross_entropy", |r, x| {
            let (scores, values) = (r.dense(x, 8, true), r.dense(x, 8, true));
            let gate = r.operation("softmax", &[scores], 8);
            r.operation("mul", &[gate, values], 8)
        }),
        ("a branch that nothing uses", "half_squared_error", |r, x| {
            let used = r.dense(x, 4, true);
            let a = r.operation("tanh", &[used], 4);
            r.dense(a, 7, true);
            r.operation("relu", &[used], 4);
            a
        }),
        ("data joins late", "half_squared_error", |r, x| {
            let a = r.dense(x, 6, false);
            let a = r.operation("softplus", &[a], 6);
            let a = r.operation("add", &[x, a], 6);
            r.operation("concat", &[x, a, x], 18)
        }),
    ];
    for (what, loss, build) in cases {
        for last in ["", "tanh"] {
            assert_eq!(disagreements(&by_hand(loss, last, build)), Vec::<String>::new(), "{what}");
        }
    }
}

#[test]
fn one_number_may_be_weight_and_bias_of_one_unit() {
    for activation in ["linear", "tanh", "relu"] {
        let case = by_hand("squared_error", "", |r, x| {
            let z = r.dense(x, 1, true);
            let both = r.parameter(1, 1);
            let z = r.operation("affine", &[z, both, both], 1);
            r.operation(activation, &[z], 1)
        });
        assert_eq!(disagreements(&case), Vec::<String>::new(), "{activation}");
    }
}

/// The tape itself, held against difference quotients of its own cost.
fn assert_tape_is_sound(mut case: Case) {
    let truth = case.truth();
    for place in 0..case.parameters.len() {
        let h = 1e-6;
        let mut cost_at = |shift: f64| {
            let kept = case.parameters[place];
            case.parameters[place] = kept + shift;
            let cost = case.truth().cost;
            case.parameters[place] = kept;
            cost
        };
        let quotient = (cost_at(h) - cost_at(-h)) / (2.0 * h);
        // h² · third derivative, and the rounding of costs divided by h
        let allowed = 1e-8 * truth.magnitudes[place].max(1.0) + 1e-9 * truth.cost.abs();
        let (got, network) = (truth.gradient[place], case.recipe.describe());
        assert!((quotient - got).abs() <= allowed, "parameter {place}: the tape says {got}, its costs {quotient}; {network}");
    }
}

#[test]
fn the_tape_is_sound() {
    let wish = |activation, loss| Wish { activation, others: &["tanh"], loss, depth: 3, widths: 3..=4, rows: 3, exact: false };
    for seed in 0..3 {
        for activation in ACTIVATIONS {
            assert_tape_is_sound(wish(activation, "half_squared_error").draw(seed));
        }
        for loss in LOSSES {
            assert_tape_is_sound(wish("sigmoid", loss).draw(seed));
        }
    }
    let mut gated = by_hand("cross_entropy", "", |r, x| {
        let z = r.dense(x, 4, true);
        r.operation("softmax", &[z], 4)
    });
    gated.rows = 3;
    assert_tape_is_sound(gated);
}
