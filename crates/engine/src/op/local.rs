//! What an operation says of one number of its Jacobian: ∂out\[k\]/∂x\[wrt\]\[index\] in one row.

use crate::formula::Formula;

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

/// A local derivative as a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// As a textbook writes it.
    pub formula: Formula,
    /// The same in a form that keeps its digits where the textbook's cancels.
    pub stable: Option<Formula>,
    /// What each letter stands for.
    pub letters: Vec<(String, Operand)>,
}

/// What a letter of a local derivative stands for.
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
