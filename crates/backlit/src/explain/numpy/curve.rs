//! Activations and losses as a pair of formulas, value and slope, in a form that keeps its digits far out.

use super::python::{Helpers, is_constant, literal};
use backlit_engine::formula::{Formula, differentiate, parse};
use backlit_engine::op::{Kind, Op};

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
    /// Whether it is a term of a loss.
    pub is_loss: bool,
    /// The name with its constants: `leaky_relu(alpha = 0.01)`.
    pub title: String,
    value: Formula,
    slope: Formula,
    constants: Vec<(&'static str, f64)>,
}

impl Curve {
    /// The formulas of an operation; none for one that is not a curve: it says itself what it is in NumPy.
    pub fn new(op: &dyn Op<f64>) -> Option<Curve> {
        let about = op.about();
        if !matches!(about.kind, Kind::Activation | Kind::PointwiseLoss) {
            return None;
        }
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
        Some(Curve { is_loss: about.kind == Kind::PointwiseLoss, title, value, slope, constants })
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
}
