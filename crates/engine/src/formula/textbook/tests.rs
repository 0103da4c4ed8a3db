use super::*;
use crate::formula::{differentiate, parse};
use crate::op::Kind;
use crate::ops::table;

fn form(text: &str, known: &[(&str, &str)]) -> String {
    printed(&parse(text).unwrap(), known)
}

fn derivative(text: &str, by: &str, known: &[(&str, &str)]) -> String {
    printed(&differentiate(&parse(text).unwrap(), by), known)
}

fn printed(formula: &Formula, known: &[(&str, &str)]) -> String {
    let known: Vec<(&str, Formula)> = known.iter().map(|(letter, text)| (*letter, parse(text).unwrap())).collect();
    textbook(formula, &known).to_string()
}

#[test]
fn derivatives_of_the_cards_are_their_partials() {
    // Where a textbook has more than one form: ours.
    let other = [
        ("silu", "sigmoid(z) + a * (1 - sigmoid(z))"),
        ("softplus", "sigmoid(z)"),
        ("softsign", "where(z > 0, 1 / (1 + z)^2, 1 / (1 - z)^2)"),
        ("quantile", "where(a > y, 1 - tau, -tau)"),
        ("poisson", "1 - y / a"),
    ];
    let mut met = 0;
    for entry in table::<f64>() {
        let about = entry.about;
        let known: &[(&str, &str)] = match about.kind {
            Kind::Activation => &[("a", about.formula)],
            Kind::PointwiseLoss => &[],
            _ => continue,
        };
        let partial = &about.partials[0];
        let want = other.iter().find(|(name, _)| *name == about.name).map_or(partial.formula, |(_, form)| form);
        assert_eq!(derivative(about.formula, partial.by, known), want, "{}", about.name);
        met += 1;
    }
    assert_eq!(met, 20);
}

#[test]
fn known_parts_have_their_letters() {
    for (text, known, want) in [
        ("z * sigmoid(z) + sigmoid(-z)", ("s", "sigmoid(z)"), "z * s + 1 - s"),
        ("normal_cdf(-z)", ("p", "normal_cdf(z)"), "1 - p"),
        ("exp(-z) / (1 + exp(-z))", ("a", "1 / (1 + exp(-z))"), "1 - a"),
        ("3 * (2 * y - 2 * z)^2", ("d", "z - y"), "12 * d^2"),
        ("z^4 + z^3", ("q", "z^2"), "q^2 + z^3"),
        ("z^3 * y^2", ("q", "z * y"), "z * q^2"),
        ("-softplus(-z)", ("l", "-softplus(-z)"), "l"),
        ("2 + z", ("two", "2"), "2 + z"),
        ("3 * z + z^2", ("a", "z"), "3 * z + z^2"),
        ("z + 2 * z * y + (2 * z)^2", ("d", "2 * z"), "z + 2 * z * y + d^2"),
        ("(a - y)^2 / 2 + (a - y)^2", ("C", "(a - y)^2 / 2"), "C + (a - y)^2"),
        ("log((a - y)^2 / 2) + (a - y)^2", ("C", "(a - y)^2 / 2"), "log(C) + (a - y)^2"),
    ] {
        assert_eq!(form(text, &[known]), want, "{text}");
    }
    let tanh = "(exp(z) - exp(-z)) / (exp(z) + exp(-z))";
    assert_eq!(derivative(tanh, "z", &[("a", tanh)]), "1 - a^2");
    assert_eq!(derivative("exp(z)", "z", &[("a", "exp(z)")]), "a");
    assert_eq!(derivative("z * exp(-z)", "z", &[]), "exp(-z) * (1 - z)");
    assert_eq!(form("e^2", &[("d", "a - y"), ("e", "a - y + 1")]), "e^2");
}

#[test]
fn numbers_letters_and_signs_stand_as_in_a_textbook() {
    for (text, want) in [
        ("2 * 3 * z", "6 * z"),
        ("z * z * z / z", "z^2"),
        ("1 / 2", "1 / 2"),
        ("0.5 * z", "0.5 * z"),
        ("0.1 + 0.2", "0.3"),
        ("z / 3 + z / 3", "2 * z / 3"),
        ("z / (2 * y) * 4", "2 * z / y"),
        ("-(y - a)", "a - y"),
        ("-y + a", "a - y"),
        ("-2 * (y - a)", "2 * (a - y)"),
        ("z - -y", "z + y"),
        ("1 - (1 - z)", "z"),
        ("-z - y", "-z - y"),
        ("2 * a - 2 * y", "2 * (a - y)"),
        ("3 * z^2 + z^3", "3 * z^2 + z^3"),
        ("(z + 1) * (z - 1)", "z^2 - 1"),
        ("(y - a)^2", "(y - a)^2"),
        ("z^n * n", "n * z^n"),
        ("z^y / z", "z^(y - 1)"),
        ("(-z)^3", "-z^3"),
        ("sqrt(z^2)", "abs(z)"),
        ("(z^2)^0.5 * z^0.5", "abs(z) * sqrt(z)"),
        ("z * sqrt(z)", "z * sqrt(z)"),
        ("4^(1 / 2) * 8^(1 / 3)", "2 * 8^(1 / 3)"),
        ("exp(z)^2 * exp(y)", "exp(2 * z + y)"),
        ("z * log(2) * 2^z", "z * 2^z * log(2)"),
        ("1e300 * 1e300 * z", "1e300^2 * z"),
        ("where(0 >= z, 0, 1)", "where(z > 0, 1, 0)"),
        ("where(2 * z + 1 > 4, y, y)", "y"),
        ("where(3 - 2 * z > 4, z, y)", "where(z < -1 / 2, z, y)"),
        ("tanh(-z) * abs(-2 * y)", "-2 * tanh(z) * abs(y)"),
        ("1 / (1 + z) - z / (1 + z)^2", "1 / (1 + z)^2"),
        ("-(y / a - (1 - y) / (1 - a))", "(a - y) / (a * (1 - a))"),
        ("sigmoid(z) * sigmoid(-z)", "sigmoid(z) * (1 - sigmoid(z))"),
        ("sigmoid(-z)", "sigmoid(-z)"),
        ("tanh(z) + z / cosh(z)^2", "tanh(z) + z * (1 - tanh(z)^2)"),
        ("expm1(z) + 1", "exp(z)"),
        ("log(1 + exp(z))", "softplus(z)"),
        ("z / 0", "z / 0"),
    ] {
        assert_eq!(form(text, &[]), want, "{text}");
    }
}
