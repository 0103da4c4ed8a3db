//! The check must be able to pass: right gradients give no alarm, and kinks are named where they are and nowhere else.

// A second opinion may use the platform's functions.
#![allow(clippy::disallowed_methods)]

mod support {
    pub mod draw;
    pub mod networks;
    pub mod spoiled;
    pub mod tape;
}

use backlit_engine::check::Verdict;
use support::draw::{ACTIVATIONS, LOSSES, SMOOTH, small_network};
use support::networks::{Case, Recipe, side_by_side};
use support::spoiled::check_graph;

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
        ("relu", 0.0),
        ("leaky_relu", 0.0),
        ("leaky_relu(0.2)", 0.0),
        ("elu(0.7)", 0.0),
        ("selu", 0.0),
        ("hard_sigmoid", 3.0),
        ("hard_sigmoid", -3.0),
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
