use super::*;
use crate::formula::{DoubleDouble, Number, evaluate};
use crate::ops::table;

/// A row, values of x, and pairs of x and y.
type Points = (&'static str, &'static [f64], &'static [(f64, f64)]);

/// Of each row: where both forms are good, and where only the stable one is.
const POINTS: [Points; 26] = [
    ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (-800.0, 0.0), (1e-9, 0.0)]),
    ("(exp(x) - 1) / (exp(x) + 1)", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (1e-9, 0.0)]),
    ("(1 - exp(x)) / (1 + exp(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (1e-9, 0.0)]),
    ("expm1(x) / (exp(x) + 1)", &[-3.0, 0.5, 2.0], &[(800.0, 0.0)]),
    ("2 * sigmoid(x) - 1", &[-3.0, 0.5, 2.0], &[(1e-9, 0.0)]),
    ("exp(x) / (1 + exp(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0)]),
    ("1 / (1 + exp(x))", &[-3.0, 0.5, 2.0], &[(715.0, 0.0)]),
    ("exp(x) / exp(y)", &[-3.0, 0.5, 2.0], &[(800.0, 799.0), (-800.0, -799.0)]),
    ("log(1 + exp(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (-40.0, 0.0)]),
    ("log1p(exp(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0)]),
    ("log(exp(x) + exp(y))", &[-3.0, 0.5, 2.0], &[(800.0, 799.0), (-800.0, -801.0)]),
    ("log(exp(x) - 1)", &[0.5, 2.0, 5.0], &[(800.0, 0.0), (1e-9, 0.0)]),
    ("log(expm1(x))", &[0.5, 2.0, 5.0], &[(800.0, 0.0)]),
    ("log(exp(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (-800.0, 0.0)]),
    ("log(sigmoid(x))", &[-3.0, 0.5, 2.0], &[(-800.0, 0.0), (40.0, 0.0)]),
    ("log(1 - sigmoid(x))", &[-3.0, 0.5, 2.0], &[(40.0, 0.0), (-40.0, 0.0)]),
    ("log(cosh(x))", &[-3.0, 0.5, 2.0], &[(800.0, 0.0), (-800.0, 0.0)]),
    ("log(x + 1) - log(x)", &[0.5, 2.0, 5.0], &[(1e17, 0.0)]),
    ("log(x^2)", &[-3.0, 0.5, 2.0], &[(1e-200, 0.0), (-1e200, 0.0)]),
    ("log(1 + x)", &[-0.5, 0.5, 2.0], &[(1e-12, 0.0), (-1e-18, 0.0)]),
    ("sqrt(x + 1) - sqrt(x)", &[0.5, 2.0, 5.0], &[(1e16, 0.0)]),
    ("sqrt(x^2)", &[-3.0, 0.5, 2.0], &[(1e-200, 0.0), (-1e200, 0.0)]),
    ("1 - sigmoid(x)", &[-3.0, 0.5, 2.0], &[(40.0, 0.0)]),
    ("1 - normal_cdf(x)", &[-3.0, 0.5, 2.0], &[(9.0, 0.0)]),
    ("1 - tanh(x)^2", &[-3.0, 0.5, 2.0], &[(20.0, 0.0)]),
    ("exp(x) - 1", &[-3.0, 0.5, 2.0], &[(1e-12, 0.0), (-1e-18, 0.0)]),
];

fn value<N: Number>(formula: &Formula, x: f64, y: f64) -> N {
    evaluate(formula, &[("x", N::constant(x)), ("y", N::constant(y))]).unwrap()
}

/// |got − want| / |want|; infinite where it is not a number.
fn error(got: f64, want: DoubleDouble) -> f64 {
    let error = DoubleDouble::from(got).subtract(&want).divide(&want).magnitude().to_f64();
    if error.is_nan() { f64::INFINITY } else { error }
}

#[test]
fn stable_forms_equal_the_bad_ones_and_are_better_far_out() {
    for (bad, stable, why) in ROWS.iter().filter(|row| row.1 != LOSS) {
        let &(_, moderate, far) = POINTS.iter().find(|(row, ..)| row == bad).expect("points for every row");
        assert!(!why.is_empty() && !far.is_empty());
        let (bad, stable) = (formula_of(bad), formula_of(stable));
        for &x in moderate {
            let (want, got): (DoubleDouble, DoubleDouble) = (value(&bad, x, 0.75), value(&stable, x, 0.75));
            let off = got.subtract(&want).divide(&want).magnitude().to_f64();
            assert!(off < 1e-27, "{bad} and {stable} at {x}: {off}");
        }
        for &(x, y) in far {
            let want: DoubleDouble = value(&stable, x, y);
            let (worse, better) = (error(value(&bad, x, y), want), error(value(&stable, x, y), want));
            assert!(better < 1e-12 && worse > 1e-9 && worse > 1e4 * better, "{bad} at {x}: {worse}, {stable}: {better}");
        }
    }
    assert_eq!(POINTS.len() + 2, ROWS.len());
}

#[test]
fn the_loss_from_logits_is_better() {
    let probability = formula_of("-(y * log(sigmoid(x)) + (1 - y) * log(1 - sigmoid(x)))");
    let loss = table::<f64>().into_iter().find(|entry| entry.about.name == LOSS).expect("the loss is in the table");
    let logits = formula_of(&loss.about.formula.replace('z', "x"));
    let off = error(value(&probability, 0.7, 0.25), value(&logits, 0.7, 0.25));
    assert!(off < 1e-15, "{off}");
    let want: DoubleDouble = value(&logits, 40.0, 0.25);
    assert!(error(value(&probability, 40.0, 0.25), want) > 1.0 && error(value(&logits, 40.0, 0.25), want) < 1e-15);
}

/// What is advised, without the reasons.
fn advised(text: &str) -> Vec<(String, String)> {
    advice(&parse(text).unwrap()).into_iter().map(|advice| (advice.part, advice.stable)).collect()
}

#[test]
fn parts_are_found_wherever_they_stand() {
    for (text, part, stable) in [
        ("log(exp(2 * z) + 1)", "log(exp(2 * z) + 1)", "softplus(2 * z)"),
        ("3 + y * log(1 + exp(-z))", "log(1 + exp(-z))", "softplus(-z)"),
        ("1 / (1 + exp(-z))", "1 / (1 + exp(-z))", "sigmoid(z)"),
        ("z / (exp(-2 * z) + 1)", "z / (exp(-2 * z) + 1)", "z * sigmoid(2 * z)"),
        ("y * (1 + exp(-z))^-1", "y * (1 + exp(-z))^-1", "y * sigmoid(z)"),
        ("(exp(z) - exp(-z)) / (exp(-z) + exp(z))", "(exp(z) - exp(-z)) / (exp(-z) + exp(z))", "tanh(z)"),
        ("(exp(2 * z) - 1) / (exp(2 * z) + 1)", "(exp(2 * z) - 1) / (exp(2 * z) + 1)", "tanh(z)"),
        ("(1 - exp(-2 * z)) / (1 + exp(-2 * z))", "(1 - exp(-2 * z)) / (1 + exp(-2 * z))", "tanh(z)"),
        ("2 / (1 + exp(-2 * z)) - 1", "2 / (1 + exp(-2 * z)) - 1", "tanh(z)"),
        ("y + exp(z) - 1", "y + exp(z) - 1", "y + expm1(z)"),
        ("1 - exp(-z)", "1 - exp(-z)", "-expm1(-z)"),
        ("log(1 - a)", "log(1 - a)", "log1p(-a)"),
        ("log(1 + y + z)", "log(1 + y + z)", "log1p(y + z)"),
        ("log(1 - sigmoid(z))", "log(1 - sigmoid(z))", "-softplus(z)"),
        ("log(1 - 1 / (1 + exp(-z)))", "log(1 - 1 / (1 + exp(-z)))", "-softplus(z)"),
        ("log(1 / (1 + exp(-z)))", "log(1 / (1 + exp(-z)))", "-softplus(-z)"),
        ("sigmoid(z) * (1 - sigmoid(z))", "1 - sigmoid(z)", "sigmoid(-z)"),
        ("max(0, log(exp(z)))", "log(exp(z))", "z"),
        ("where(sqrt((a - y)^2) > 1, a, y)", "sqrt((a - y)^2)", "abs(a - y)"),
        ("y * log(a) + (1 - y) * log(1 - a)", "y * log(a) + (1 - y) * log(1 - a)", LOSS),
        ("-log(a) * y - log(1 - a) * (1 - y)", "-log(a) * y - log(1 - a) * (1 - y)", LOSS),
        ("-(y * log(sigmoid(z)) + (1 - y) * log1p(-sigmoid(z)))", "y * log(sigmoid(z)) + (1 - y) * log1p(-sigmoid(z))", LOSS),
    ] {
        assert_eq!(advised(text), [(part.to_string(), stable.to_string())], "{text}");
    }
    let two = advised("log(1 + log(1 + exp(z)))");
    assert_eq!(two.len(), 2, "{two:?}");
    assert_eq!(advised("exp(y) - 1 + log(exp(z))").len(), 2);
}

#[test]
fn what_is_advised_equals_what_was_typed() {
    for text in ["z / (1 + exp(-z)) + 2", "y - (1 - exp(-2 * z)) / (1 + exp(-2 * z))", "log(1 - 1 / (1 + exp(-z))) * y", "1 - exp(y - z)"] {
        for advice in advice(&parse(text).unwrap()) {
            let letters = [("z", DoubleDouble::from(0.75)), ("y", DoubleDouble::from(-1.5))];
            let [want, got] = [&advice.part, &advice.stable].map(|text| evaluate(&parse(text).unwrap(), &letters).unwrap());
            assert!(got.subtract(&want).magnitude().to_f64() < 1e-28, "{advice:?}");
        }
    }
}

#[test]
fn clean_formulas_get_no_advice() {
    let named = ["sigmoid", "softplus", "log_cosh"];
    for entry in table::<f64>() {
        let Ok(formula) = parse(entry.about.formula) else { continue };
        assert_eq!(advice(&formula).is_empty(), !named.contains(&entry.about.name), "{}", entry.about.name);
    }
    for text in [
        "log(2 + z)",
        "exp(z) - 2",
        "exp(z) / (2 + exp(z))",
        "sqrt(z^3)",
        "y * log(a) + (1 - a) * log(2 - y)",
        "log1p(z)",
        "2 * sigmoid(z) - 2",
    ] {
        assert_eq!(advised(text), [], "{text}");
    }
    assert_eq!(advised("log(2 + z) + exp(z) / 2 - tanh(z)^2"), []);
}

#[test]
fn large_formulas_end_soon() {
    let nested = format!("{}z{}", "log(1 + exp(".repeat(60), "))".repeat(60));
    assert_eq!(advised(&nested).len(), 60);
    let sum = (0..300).map(|k| format!("exp({k} * z)")).collect::<Vec<_>>().join(" + ");
    advised(&format!("{sum} - 1"));
    let product = (0..300).map(|k| format!("(1 + exp({k} * z))")).collect::<Vec<_>>().join(" / ");
    advised(&product);
}
