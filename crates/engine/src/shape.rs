//! Shapes of values, and the errors that name them.

use std::fmt;

/// The shape of a node's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One line of so many numbers for every row of the data: rows × n.
    Rows(usize),
    /// A parameter, the same for all rows: rows × columns. A bias is 1 × units.
    Parameter(usize, usize),
}

impl Shape {
    /// Numbers in one row, or in the whole parameter.
    pub fn size(self) -> usize {
        match self {
            Shape::Rows(width) => width,
            Shape::Parameter(rows, columns) => rows * columns,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Rows(width) => write!(f, "rows × {width}"),
            Shape::Parameter(rows, columns) => write!(f, "{rows} × {columns}"),
        }
    }
}

/// Inputs that an operation cannot take: what it expects, what it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// The rule, as an equation with the names of the inputs.
    pub expected: String,
    /// The shapes that came.
    pub given: String,
}

impl ShapeError {
    /// States the rule beside the shapes that came.
    pub fn new(expected: impl Into<String>, given: &[Shape]) -> ShapeError {
        let given: Vec<String> = given.iter().map(Shape::to_string).collect();
        ShapeError { expected: expected.into(), given: given.join(", ") }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; given {}", self.expected, self.given)
    }
}
