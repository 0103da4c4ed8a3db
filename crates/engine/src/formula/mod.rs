//! The small language that formulas are written in: `1 / (1 + exp(-z))`.
//!
//! One tree serves what a card or an explanation prints, what the tests hold the kernels against, and
//! the derivative that the gradient check takes for itself. See [`parse`](parse()) for the grammar and
//! [`Number`] for what a formula can be evaluated over.

mod advice;
mod differentiate;
mod double_double;
// The second opinion is better for using the platform's functions, which ours are not.
#[allow(clippy::disallowed_methods)]
mod dual;
mod evaluate;
#[allow(clippy::disallowed_methods)]
mod number;
mod parse;
mod program;
mod schedule;
mod text;
mod textbook;

pub use advice::{Advice, advice};
pub use differentiate::differentiate;
pub use double_double::DoubleDouble;
pub use dual::Dual;
pub use evaluate::{Unbound, evaluate};
pub use number::Number;
pub use parse::{ParseError, parse};
pub use program::{MOST_MULTIPLIED, MOST_REGISTERS, Program, TooHard};
pub use text::shortest;
pub use textbook::textbook;

/// A formula.
#[derive(Clone, Debug, PartialEq)]
pub enum Formula {
    /// A literal number.
    Constant(f64),
    /// A letter to be given a value: `z`, `a`, `y`, `alpha` …
    Variable(String),
    /// −f
    Negative(Box<Formula>),
    /// f ∘ g for the four rules of arithmetic and the power
    Arithmetic(Sign, Box<Formula>, Box<Formula>),
    /// f(g)
    Apply(Function, Box<Formula>),
    /// max(f, g)
    Max(Box<Formula>, Box<Formula>),
    /// min(f, g)
    Min(Box<Formula>, Box<Formula>),
    /// where(left ∘ right, then, otherwise)
    Where(Box<Condition>, Box<Formula>, Box<Formula>),
}

/// The comparison inside `where`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What stands left of the sign.
    pub left: Formula,
    /// The sign.
    pub comparison: Comparison,
    /// What stands right of the sign.
    pub right: Formula,
}

/// Arithmetic between two formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// +
    Plus,
    /// −
    Minus,
    /// ·
    Times,
    /// /
    Over,
    /// ^
    Power,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// >
    Greater,
    /// ≥
    GreaterOrEqual,
    /// <
    Less,
    /// ≤
    LessOrEqual,
}

/// Named functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// eˣ
    Exp,
    /// natural logarithm
    Log,
    /// log(1 + x)
    Log1p,
    /// eˣ − 1
    Expm1,
    /// √x
    Sqrt,
    /// |x|
    Abs,
    /// −1, 0 or 1
    Sign,
    /// hyperbolic tangent
    Tanh,
    /// hyperbolic cosine
    Cosh,
    /// 1 / (1 + e⁻ˣ)
    Sigmoid,
    /// log(1 + eˣ)
    Softplus,
    /// Φ, the cumulative distribution of the standard normal
    NormalCdf,
    /// φ, the density of the standard normal
    NormalPdf,
}

impl Function {
    /// Every function, with the name it is typed by.
    pub const NAMES: [(&'static str, Function); 13] = [
        ("exp", Function::Exp),
        ("log", Function::Log),
        ("log1p", Function::Log1p),
        ("expm1", Function::Expm1),
        ("sqrt", Function::Sqrt),
        ("abs", Function::Abs),
        ("sign", Function::Sign),
        ("tanh", Function::Tanh),
        ("cosh", Function::Cosh),
        ("sigmoid", Function::Sigmoid),
        ("softplus", Function::Softplus),
        ("normal_cdf", Function::NormalCdf),
        ("normal_pdf", Function::NormalPdf),
    ];
}
