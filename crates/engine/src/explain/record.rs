//! What an explanation says: one plain record, from which every form is drawn.

use super::values::Place;
use crate::formula::Formula;
use dashu_int::UBig;

/// What is explained: the derivative of the cost by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The number at this place of the flat parameters.
    Parameter(usize),
    /// A column of a data node: what the input itself does to the cost.
    Data {
        /// Which data node, in the order they were added.
        data: usize,
        /// Which column.
        column: usize,
    },
}

/// A gradient opened into the chain of partial derivatives that made it.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is explained.
    pub target: Target,
    /// Where it stands in the graph.
    pub place: Place,
    /// Its value; of a column, in the first of the rows.
    pub value: f64,
    /// The rows, as they were asked for; the cost is their mean.
    pub rows: Vec<usize>,
    /// C, the mean cost of the rows.
    pub cost: f64,
    /// ∂C/∂target: the sum over all paths, within one unit in the last place of it and of the chain's product.
    pub gradient: f64,
    /// Σ over all paths of |product|. Where it is much larger than the gradient, paths cancel.
    pub size: f64,
    /// Factors from the cost to the target, whose product is the gradient. Where ways part, one factor is the sum over them.
    pub chain: Vec<Factor>,
    /// The paths one by one, the largest first: all, or as many as were asked for.
    pub paths: Vec<Path>,
    /// How many paths there are.
    pub total_paths: UBig,
    /// How many of them go through a factor that is 0.
    pub zero_paths: UBig,
    /// The sum of the products of the paths not listed.
    pub rest: f64,
    /// What each row adds to the gradient, the largest first. One entry where one row was asked for.
    pub by_row: Vec<RowShare>,
    /// Three routes to the same number.
    pub routes: Routes,
    /// Why the gradient is zero or tiny, if it is.
    pub why: Option<Why>,
}

/// One path from the cost to the target.
#[derive(Clone, Debug)]
pub struct Path {
    /// The row it belongs to.
    pub row: usize,
    /// From the cost to the target.
    pub factors: Vec<Factor>,
    /// The product of the factors.
    pub product: f64,
    /// product / gradient; none where the gradient is 0.
    pub share: Option<f64>,
}

/// One factor of a chain.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Which derivative.
    pub what: What,
    /// As a formula; none where the operation has none.
    pub formula: Option<Formula>,
    /// What the letters of the formula stand for.
    pub letters: Vec<Letter>,
    /// The number.
    pub value: f64,
}

/// A term of what an operation puts out, or a quantity on the way there.
#[derive(Clone, Debug)]
pub struct Term {
    /// As a formula.
    pub formula: Formula,
    /// What its letters stand for.
    pub letters: Vec<Letter>,
    /// The number.
    pub value: f64,
}

/// A quantity between the input and the output of an operation, which formulas call by its name.
#[derive(Clone, Debug)]
pub struct Inner {
    /// Its name.
    pub name: String,
    /// What it is; none where its name says that.
    pub term: Option<Term>,
    /// The number.
    pub value: f64,
}

/// Which derivative a factor is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// ∂of/∂by through one operation.
    Local {
        /// What moves.
        of: Place,
        /// What moves it.
        by: Place,
    },
    /// ∂C/∂by, over all ways from `by` to the cost of the row.
    Total {
        /// Where the ways part.
        by: Place,
    },
    /// ∂C/∂C\[r\] = 1/n, the mean over n rows.
    Mean {
        /// The row.
        row: usize,
        /// n
        rows: usize,
    },
}

/// A letter in a factor's formula.
#[derive(Clone, Debug)]
pub struct Letter {
    /// As it stands in the formula.
    pub name: String,
    /// What it stands for.
    pub stands_for: StandsFor,
    /// Its number in this row.
    pub value: f64,
}

/// What a letter stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum StandsFor {
    /// A number of the network or the data.
    Place(Place),
    /// ∂C/∂ a number of the network.
    Derivative(Place),
    /// ∂of/∂by through one operation.
    Slope {
        /// What moves.
        of: Place,
        /// What moves it.
        by: Place,
    },
    /// ∂C\[row\]/∂ what the sum over rows is by.
    OfRow(usize),
    /// A constant of the operation.
    Constant,
    /// A quantity with a name of its own.
    Named(String),
    /// So many further terms of a sum, added up.
    Others(usize),
}

/// What one row adds to the gradient of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowShare {
    /// The row.
    pub row: usize,
    /// ∂C\[row\]/∂target / n
    pub adds: f64,
    /// Of the gradient; none where that is 0.
    pub share: Option<f64>,
}

/// Three routes to one gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Routes {
    /// The factors multiplied and summed over all paths.
    pub chain: f64,
    /// What training uses: backpropagation through the plan.
    pub backpropagation: f64,
    /// Dual numbers through each operation's plain form.
    pub independent: f64,
    /// Of any two of them, over the larger.
    pub largest_relative_difference: f64,
    /// Whether a factor whose formula was evaluated differs from the number that was multiplied.
    pub formulas_agree: bool,
    /// Whether the derivative jumps here, so that it is a matter of policy.
    pub kink: bool,
    /// Whether all agree within what rounding explains.
    pub agrees: bool,
}

/// Why a gradient is zero or tiny.
#[derive(Clone, Debug)]
pub struct Why {
    /// The factors that are to blame, nearest to the cost first: each of them stops some ways, together all.
    pub stops: Vec<Stop>,
    /// Whether the ways cancel rather than stop.
    pub cancels: bool,
}

/// A factor that stops the ways through it.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The row in which it does.
    pub row: usize,
    /// The factor.
    pub factor: Factor,
    /// The number that decides it: z of an activation, or the factor's own other number.
    pub because: Option<(Place, f64)>,
}
