//! Mathematics as it is set on a page: one tree, drawn as plain Unicode, as LaTeX, or as MathML.
//!
//! The tree holds what a person sees (fractions, scripts, brackets), not what it means; [`typeset()`] makes it
//! from a [`Formula`](crate::formula::Formula).

mod characters;
mod formula;
mod latex;
mod mathml;
mod reading;
#[cfg(test)]
mod tests;
mod unicode;

pub use characters::{latex_symbol, visible};
pub use formula::{greek, typeset};
pub use latex::{latex, latex_text};
pub use mathml::{mathml, xml_text};
pub use unicode::unicode;

/// A piece of mathematics.
#[derive(Clone, Debug, PartialEq)]
pub enum Math {
    /// A number as it is to be read: `0.75136507`, `-3`, `1.5e-7` (drawn as 1.5 × 10⁻⁷).
    Number(String),
    /// A letter in italics: `z`, `δ`, `C`, `∂`. Longer names stand upright: `net`, `out`, `d_ErrorT_d_W1`.
    Letter(String),
    /// Words, or a name from the data: upright, any characters at all.
    Text(String),
    /// An operator or a relation: `+ − · × / = ≈ ≤ < > ≥ → ⊙ , … ᵀ`.
    Sign(&'static str),
    /// Side by side.
    Row(Vec<Math>),
    /// numerator over denominator
    Fraction(Box<Math>, Box<Math>),
    /// Something with an index below, an exponent or index above, or both.
    Script {
        /// What carries the scripts.
        base: Box<Math>,
        /// The index.
        below: Option<Box<Math>>,
        /// The exponent, or an upper index.
        above: Option<Box<Math>>,
    },
    /// √
    Root(Box<Math>),
    /// Something in brackets.
    Bracket(Bracket, Box<Math>),
    /// A named function of arguments: σ(z), exp(z), max(0, z).
    Call(String, Vec<Math>),
    /// Σ or ∏ with what stands below and above it, and its body.
    Large {
        /// `Σ` or `∏`
        sign: &'static str,
        /// Below the sign: `k`, `k = 1`.
        below: Option<Box<Math>>,
        /// Above the sign.
        above: Option<Box<Math>>,
        /// What is added or multiplied.
        body: Box<Math>,
    },
    /// A case distinction: (what, when).
    Cases(Vec<(Math, Math)>),
    /// Rows of cells in square brackets.
    Matrix(Vec<Vec<Math>>),
}

/// Kinds of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    /// ( )
    Round,
    /// [ ]
    Square,
    /// | |
    Bars,
}

impl Math {
    /// A letter or a name.
    pub fn letter(name: impl Into<String>) -> Math {
        Math::Letter(name.into())
    }

    /// Words.
    pub fn text(words: impl Into<String>) -> Math {
        Math::Text(words.into())
    }

    /// numerator / denominator
    pub fn over(self, denominator: Math) -> Math {
        Math::Fraction(Box::new(self), Box::new(denominator))
    }

    /// With an index below.
    pub fn below(self, index: Math) -> Math {
        match self {
            Math::Script { base, below: None, above } => Math::Script { base, below: Some(Box::new(index)), above },
            base => Math::Script { base: Box::new(base), below: Some(Box::new(index)), above: None },
        }
    }

    /// With something above: an exponent, or the number of a layer in brackets.
    pub fn above(self, what: Math) -> Math {
        match self {
            Math::Script { base, below, above: None } => Math::Script { base, below, above: Some(Box::new(what)) },
            base => Math::Script { base: Box::new(base), below: None, above: Some(Box::new(what)) },
        }
    }

    /// In round brackets.
    pub fn bracketed(self) -> Math {
        Math::Bracket(Bracket::Round, Box::new(self))
    }

    /// Side by side with a sign between.
    pub fn joined(parts: impl IntoIterator<Item = Math>, sign: &'static str) -> Math {
        let mut row = Vec::new();
        for (i, part) in parts.into_iter().enumerate() {
            if i > 0 {
                row.push(Math::Sign(sign));
            }
            row.push(part);
        }
        Math::Row(row)
    }

    /// ∂of/∂by
    pub fn partial(of: Math, by: Math) -> Math {
        let d = |what| Math::Row(vec![Math::letter("∂"), what]);
        d(of).over(d(by))
    }
}
