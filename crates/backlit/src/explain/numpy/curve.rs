//! Activations and losses as a pair of formulas, value and slope, in a form that keeps its digits far out.

use super::noisy::Noisy;
use super::python::{Helpers, is_constant, literal};
use backlit_engine::formula::{Formula, Function, Number, differentiate, evaluate, parse};
use backlit_engine::op::Op;

/// Formulas other than the card's, for those that lose digits or overflow where the kernel does not: name, value, slope.
const STABLE: [(&str, &str, &str); 6] = [
    ("sigmoid", "sigmoid(z)", "sigmoid(z) * sigmoid(-z)"),
    ("tanh", "tanh(z)", "1 / cosh(z)^2"),
    ("softplus", "softplus(z)", "sigmoid(z)"),
    ("silu", "z * sigmoid(z)", "sigmoid(z) * (1 + z * sigmoid(-z))"),
    ("log_cosh", "where(abs(a - y) < 20, log1p(expm1(abs(a - y))^2 * exp(-abs(a - y)) / 2), abs(a - y) - log(2))", "tanh(a - y)"),
    ("binary_cross_entropy", "(1 - y) * softplus(z) + y * softplus(-z)", "(1 - y) * sigmoid(z) - y * sigmoid(-z)"),
];

/// An activation, or one term of a loss that is a sum over outputs.
pub(super) struct Curve {
    /// The name with its constants: `leaky_relu(alpha = 0.01)`.
    pub title: String,
    value: Formula,
    slope: Formula,
    constants: Vec<(&'static str, f64)>,
}

impl Curve {
    /// The formulas of an operation; none for one that is not a curve: a loss of the whole row.
    pub fn new(op: &dyn Op<f64>) -> Option<Curve> {
        let about = op.about();
        let by = about.partials.first()?.by;
        let stable = STABLE.iter().find(|(name, ..)| *name == about.name);
        let value = parse(stable.map_or(about.formula, |(_, value, _)| value)).ok()?;
        let slope = match stable {
            Some((_, _, slope)) => parse(slope).ok()?,
            // A typed formula is its own name; its slope is what the rules of calculus give.
            None if about.name == about.formula => differentiate(&value, by),
            None => parse(about.partials[0].formula).ok()?,
        };
        let constants = op.constants();
        let listed: Vec<String> = constants.iter().map(|(name, value)| format!("{name} = {}", literal(*value))).collect();
        let title = if listed.is_empty() { about.name.to_string() } else { format!("{}({})", about.name, listed.join(", ")) };
        Some(Curve { title, value, slope, constants })
    }

    /// Value and slope as expressions: the letter that moves is the array `moving`, y the array `y`. `None` where Python cannot read
    /// them.
    pub fn python(&self, moving: &str, helpers: &mut Helpers) -> Option<(String, String)> {
        let letter = |name: &str| match self.constants.iter().find(|(constant, _)| *constant == name) {
            Some((_, value)) => literal(*value),
            None if name == "y" => "y".into(),
            None => moving.into(),
        };
        let value = helpers.expression(&self.value, &letter)?;
        let slope = helpers.expression(&self.slope, &letter)?;
        let slope = if is_constant(&self.slope) { format!("np.full_like({moving}, {slope})") } else { slope };
        Some((value, slope))
    }

    /// Value and slope with their noise. `moving`: z of an activation, or the prediction.
    pub fn at(&self, moving: Noisy, y: f64) -> (Noisy, Noisy) {
        let mut letters = vec![("y", Noisy::exact(y)), ("z", moving), ("a", moving)];
        letters.extend(self.constants.iter().map(|(name, value)| (*name, Noisy::exact(*value))));
        let of = |formula: &Formula| evaluate(formula, &letters).unwrap_or(Noisy::ZERO);
        (of(&self.value), of(&self.slope))
    }
}

/// The cross-entropy of the softmax of the logits `z`, for one row.
pub(super) struct CrossEntropy {
    /// C
    pub cost: Noisy,
    /// ∂C/∂z
    pub slopes: Vec<Noisy>,
    /// softmax(z)
    pub shares: Vec<Noisy>,
    /// 1 − softmax(z)
    pub others: Vec<Noisy>,
}

impl CrossEntropy {
    /// As the script computes it.
    pub const SCRIPT: &str = "\
# Cross-entropy of a softmax, from the logits {a}. The largest logit is taken out, so nothing overflows and nothing is lost
# where one class is nearly certain.
top = {a}.max(axis=1, keepdims=True)
e = np.exp({a} - top)
e[np.arange(n), {a}.argmax(axis=1)] = 0.0  # the largest apart: exp(0) = 1
p = np.exp({a} - top) / (1.0 + e.sum(axis=1, keepdims=True))
others = np.ones((p.shape[1], p.shape[1])) - np.eye(p.shape[1])
q = p @ others  # 1 - p
C = (y * (top - {a} + np.log1p(e.sum(axis=1, keepdims=True)))).sum(axis=1)
";

    /// ∂C/∂z as an expression.
    pub const SLOPE: &str = "p * (y @ others) - y * q";

    /// The same here.
    pub fn new(z: &[Noisy], y: &[f64]) -> CrossEntropy {
        let largest = (0..z.len()).fold(0, |best, k| if z[k].value > z[best].value { k } else { best });
        let top = z[largest];
        let e: Vec<Noisy> = z.iter().map(|z| z.subtract(&top).apply(Function::Exp)).collect();
        let rest = Noisy::sum(e.iter().enumerate().filter(|(k, _)| *k != largest).map(|(_, e)| *e));
        let total = Noisy::exact(1.0).add(&rest);
        let shares: Vec<Noisy> = e.iter().map(|e| e.divide(&total)).collect();
        let without = |k: usize| Noisy::sum(shares.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, p)| *p));
        let others: Vec<Noisy> = (0..z.len()).map(without).collect();
        let log = rest.apply(Function::Log1p);
        let term = |k: usize| Noisy::exact(y[k]).multiply(&if k == largest { log } else { top.subtract(&z[k]).add(&log) });
        let cost = Noisy::sum((0..z.len()).map(term));
        let sum: f64 = y.iter().sum();
        let slope = |k: usize| {
            let (y_others, own) = (Noisy::exact(sum - y[k]), Noisy::exact(y[k]));
            shares[k].multiply(&y_others).subtract(&own.multiply(&others[k]))
        };
        let slopes = (0..z.len()).map(slope).collect();
        CrossEntropy { cost, slopes, shares, others }
    }
}
