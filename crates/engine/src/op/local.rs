//! What an operation says of one number of its Jacobian: ∂out\[k\]/∂x\[wrt\]\[index\] in one row.

use crate::formula::{Formula, Sign, parse};

/// A local derivative: one number of an operation's Jacobian in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// 1, whatever went in.
    One,
    /// One of the numbers that went in.
    Input {
        /// Which input.
        which: usize,
        /// Its place in the row, or in the parameter.
        index: usize,
    },
    /// 1 where one of the numbers that went in is this one, else 0.
    Is {
        /// Which input.
        which: usize,
        /// Its place in the row.
        index: usize,
        /// What it is compared with.
        value: usize,
    },
    /// Something else: `partial` knows the number, `written` the formula.
    Other,
}

/// One row's numbers around an operation, in f64.
pub struct Row<'a> {
    /// For each input its numbers in this row, or the parameter.
    pub inputs: Vec<&'a [f64]>,
    /// What came out.
    pub out: &'a [f64],
}

/// A local derivative as a formula, or a term of what an operation puts out.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// As a textbook writes it.
    pub formula: Formula,
    /// The same in a form that keeps its digits where the textbook's cancels.
    pub stable: Option<Formula>,
    /// What each letter stands for.
    pub letters: Vec<(String, Operand)>,
}

/// What a letter stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Which input, and the place in it.
    Input(usize, usize),
    /// A place in the output.
    Output(usize),
    /// A constant of the operation.
    Constant(f64),
    /// A quantity between input and output, by its name.
    Named(String, f64),
}

/// A quantity between input and output, which is [`Operand::Named`] in formulas.
#[derive(Clone, Debug, PartialEq)]
pub struct Between {
    /// Its name.
    pub name: String,
    /// What it is; none where that is said by its name.
    pub written: Option<Written>,
    /// Its number.
    pub value: f64,
}

impl Between {
    /// A quantity and its formula.
    pub fn new(name: impl Into<String>, value: f64, formula: &str, letters: Vec<(&str, Operand)>) -> Between {
        Between { name: name.into(), written: Written::new(formula, letters), value }
    }

    /// A quantity whose name says what it is.
    pub fn said(name: impl Into<String>, value: f64) -> Between {
        Between { name: name.into(), written: None, value }
    }
}

impl Written {
    /// A formula and what its letters stand for; none where the text is no formula.
    pub fn new(text: &str, letters: Vec<(&str, Operand)>) -> Option<Written> {
        let letters = letters.into_iter().map(|(name, operand)| (name.to_string(), operand)).collect();
        Some(Written { formula: parse(text).ok()?, stable: None, letters })
    }

    /// A number as it is.
    pub fn alone(number: Operand) -> Written {
        Written { formula: Formula::Variable("x".into()), stable: None, letters: vec![("x".into(), number)] }
    }

    /// The product of two numbers.
    pub fn product(left: Operand, right: Operand) -> Written {
        let [w, x] = ["w", "x"].map(|letter| Box::new(Formula::Variable(letter.into())));
        Written { formula: Formula::Arithmetic(Sign::Times, w, x), stable: None, letters: vec![("w".into(), left), ("x".into(), right)] }
    }

    /// The weighted sum of some inputs, one a number in a row and one its weight, and of a bias.
    pub(crate) fn weighted_sum(weights: impl Iterator<Item = (Operand, Operand)>, bias: Option<Operand>) -> Vec<Written> {
        weights.map(|(weight, input)| Written::product(weight, input)).chain(bias.map(Written::alone)).collect()
    }
}
