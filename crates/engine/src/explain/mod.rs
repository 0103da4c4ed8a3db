//! Opens a gradient: the chain of partial derivatives from the cost to one number, summed over every path, with
//! the formula and the numbers of each factor, and three routes that must agree.
//!
//! Source: the chain rule over a computational graph (Bauer 1974; Griewank and Walther, Evaluating Derivatives,
//! chapter 3): ∂C/∂p = Σ over paths from p to C of the product of local derivatives along the path.

mod cone;
mod extended;
mod factors;
mod record;
mod routes;
mod search;
mod values;
mod why;

pub use dashu_int::UBig as Count;
pub use extended::Extended;
pub use record::{Explanation, Factor, Inner, Letter, Path, Routes, RowShare, StandsFor, Stop, Target, Term, What, Why};
pub use values::{Place, Values};

use crate::graph::{Graph, Kind, NodeId};
use cone::{Ahead, Cone};
use dashu_int::UBig;
use rayon::prelude::*;
use std::fmt;

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The network.
    pub graph: &'a Graph<f64>,
    /// The node with the cost of each row.
    pub cost: NodeId,
    /// Flat, in graph order.
    pub parameters: &'a [f64],
    /// One slice for each data node, rows × width; `rows.len()` rows.
    pub data: &'a [&'a [f64]],
    /// What the rows are called; the cost is the mean over them.
    pub rows: &'a [usize],
    /// By what the cost is differentiated.
    pub target: Target,
    /// How many paths to list at most.
    pub paths: usize,
}

/// A question without an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ExplainError {
    /// There is no such parameter or column.
    NoSuchTarget,
    /// There are no rows.
    NoRows,
    /// The cost or a number on the way to it is infinite or NaN in this row, at this node.
    NotFinite {
        /// The row.
        row: usize,
        /// The first such node.
        node: NodeId,
    },
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::NoSuchTarget => write!(f, "there is no such parameter or column"),
            ExplainError::NoRows => write!(f, "expected at least one row, came none"),
            ExplainError::NotFinite { row, .. } => write!(f, "in row {row} a number is infinite or NaN, so there is no gradient"),
        }
    }
}

impl std::error::Error for ExplainError {}

/// Opens the gradient. Works on the threads of the rayon pool it is called in; the answer does not depend on them.
pub fn explain(question: &Question<'_>) -> Result<Explanation, ExplainError> {
    let start = question.place().ok_or(ExplainError::NoSuchTarget)?;
    let n = question.rows.len();
    if n == 0 {
        return Err(ExplainError::NoRows);
    }
    let share = Extended::new(1.0 / n as f64);
    let look = |place: usize| {
        let values = question.values(place)?;
        let cone = Cone::new(&values, start);
        let cost = values.at(Place { node: question.cost, index: 0 });
        let whole = cone.whole();
        Ok((
            cost,
            Ahead {
                sum: whole.sum.times(share),
                size: whole.size.times(share),
                largest: whole.largest.times(share),
                paths: whole.paths.clone(),
                alive: whole.alive.clone(),
            },
        ))
    };
    let rows: Vec<(f64, Ahead)> = (0..n).into_par_iter().map(look).collect::<Result<_, _>>()?;
    let zero = (Extended::ZERO, Extended::ZERO, UBig::ZERO);
    let (sum, size, total_paths) =
        rows.iter().fold(zero, |(sum, size, paths), (_, row)| (sum.plus(row.sum), size.plus(row.size), paths + &row.paths));

    let alive = rows.iter().fold(UBig::ZERO, |alive, (_, row)| alive + &row.alive);

    let paths = largest(question, start, &rows)?;
    let chain = factors::chain(question, start, sum, &rows)?;
    let product = chain.iter().fold(Extended::ONE, |product, factor| product.times(Extended::new(factor.value)));
    // Both the sum over paths and the chain's product are within one unit in the last place of their middle.
    let gradient = sum.plus(product).times(Extended::new(0.5)).to_f64();
    let listed = paths.iter().fold(Extended::ZERO, |sum, (product, _, _)| sum.plus(*product));
    let complete = total_paths == UBig::from(paths.len());
    let rest = if complete { 0.0 } else { Extended::new(gradient).minus(listed).to_f64() };
    let of_gradient = |part: Extended| (gradient != 0.0).then(|| part.ratio(Extended::new(gradient)));
    let mut by_row: Vec<(Extended, RowShare)> = (question.rows.iter().zip(&rows))
        .map(|(&row, (_, ahead))| (ahead.sum, RowShare { row, adds: ahead.sum.to_f64(), share: of_gradient(ahead.sum) }))
        .collect();
    by_row.sort_by(|(a, _), (b, _)| b.abs().compare(a.abs()));

    let mut explanation = Explanation {
        target: question.target,
        place: start,
        value: question.value(),
        rows: question.rows.to_vec(),
        cost: rows.iter().map(|(cost, _)| cost / n as f64).sum(),
        gradient,
        size: size.to_f64(),
        chain,
        paths: (paths.into_iter())
            .map(|(product, row, factors)| Path { row, factors, product: product.to_f64(), share: of_gradient(product) })
            .collect(),
        zero_paths: &total_paths - alive,
        total_paths,
        rest,
        by_row: by_row.into_iter().map(|(_, share)| share).collect(),
        routes: routes::unknown(sum.to_f64()),
        why: None,
    };
    explanation.why = why::why(question, start, &explanation)?;
    explanation.routes = routes::routes(question, start, &explanation);
    Ok(explanation)
}

/// The largest paths over all rows: product, row, factors from the cost to the target.
fn largest(question: &Question<'_>, start: Place, rows: &[(f64, Ahead)]) -> Result<Vec<(Extended, usize, Vec<Factor>)>, ExplainError> {
    // The k largest lie in the k rows whose largest path is largest.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&a, &b| rows[b].1.largest.compare(rows[a].1.largest));
    let search = |&place: &usize| {
        let values = question.values(place)?;
        let cone = Cone::new(&values, start);
        let found = search::largest_paths(&cone, question.paths).into_iter().map(|edges| {
            let mean = factors::mean(question, place);
            let local = edges.iter().rev().map(|edge| factors::local(&values, edge));
            let factors: Vec<Factor> = mean.into_iter().chain(local).collect();
            let product = factors.iter().fold(Extended::ONE, |product, factor| product.times(Extended::new(factor.value)));
            (product, question.rows[place], factors)
        });
        Ok(found.collect::<Vec<_>>())
    };
    order.truncate(question.paths);
    let mut found: Vec<_> = order.par_iter().map(search).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    found.sort_by(|(a, _, _), (b, _, _)| b.abs().compare(a.abs()));
    found.truncate(question.paths);
    Ok(found)
}

impl<'a> Question<'a> {
    /// Where the target stands in the graph.
    pub fn place(&self) -> Option<Place> {
        match self.target {
            Target::Parameter(index) => {
                let parameters = self.graph.parameters();
                let which = parameters.iter().position(|p| (p.start..p.start + p.size()).contains(&index))?;
                let node = self.node(|kind| matches!(kind, Kind::Parameter(parameter) if *parameter == which))?;
                Some(Place { node, index: index - parameters[which].start })
            }
            Target::Data { data, column } => {
                let node = self.node(|kind| matches!(kind, Kind::Data(k) if *k == data))?;
                (column < self.graph.shape(node).size()).then_some(Place { node, index: column })
            }
        }
    }

    /// The target's own number; of a column, in the first row.
    fn value(&self) -> f64 {
        match self.target {
            Target::Parameter(index) => self.parameters[index],
            Target::Data { data, column } => self.data[data][column],
        }
    }

    fn node(&self, is: impl Fn(&Kind<f64>) -> bool) -> Option<NodeId> {
        self.graph.nodes.iter().position(|node| is(&node.kind)).map(NodeId)
    }

    /// The numbers of the row at this place in `rows`.
    fn values(&self, place: usize) -> Result<Values<'a>, ExplainError> {
        let values = Values::new(self.graph, self.cost, self.parameters, self.data, place);
        match values.first_not_finite() {
            Some(node) => Err(ExplainError::NotFinite { row: self.rows[place], node }),
            None => Ok(values),
        }
    }
}
