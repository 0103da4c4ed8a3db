//! Operations with a fault in one partial, and the check of networks that hold them.

#![allow(dead_code)] // each test uses its own part

use super::networks::{Case, gradient};
use backlit_engine::Shape;
use backlit_engine::check::{Report, Verdict, check};
use backlit_engine::formula::Dual;
use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::op::{About, Inputs, Op, Site};
use backlit_engine::shape::ShapeError;
use std::ops::Range;
use std::sync::Arc;

/// One call of `partial`.
pub struct Call<'a> {
    real: &'a dyn Op<f64>,
    wrt: usize,
    at: Site<'a, f64>,
}

impl Call<'_> {
    /// What the real operation adds.
    fn share(&self, upstream: &[f64], size: usize) -> Vec<f64> {
        let mut share = vec![0.0; size];
        let at = Site { inputs: self.at.inputs, saved: self.at.saved, out: self.at.out };
        self.real.partial(self.wrt, at, upstream, &mut share);
        share
    }

    /// The upstream with its last row multiplied: `upstream`: width × rows
    fn last_row_times(&self, factor: f64, upstream: &[f64]) -> Vec<f64> {
        let mut upstream = upstream.to_vec();
        let rows = self.at.inputs.rows();
        upstream.iter_mut().skip(rows - 1).step_by(rows).for_each(|number| *number *= factor);
        upstream
    }
}

/// Does what `partial` should do, wrongly.
pub type Fault = fn(&Call<'_>, upstream: &[f64], grad: &mut [f64]);

/// grad += share
pub fn add(share: impl IntoIterator<Item = f64>, grad: &mut [f64]) {
    grad.iter_mut().zip(share).for_each(|(grad, share)| *grad += share);
}

/// As it should be.
pub fn right(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()), grad);
}

/// Subtracts where it should add.
pub fn wrong_sign(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| -g), grad);
}

/// Times 1 + 1e-6.
pub fn one_in_a_million(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| g * (1.0 + 1e-6)), grad);
}

/// The share of a square matrix, rows and columns exchanged.
pub fn transposed(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    let share = call.share(upstream, grad.len());
    let n = call.at.inputs.width();
    if share.len() == n * n {
        add((0..n * n).map(|i| share[i % n * n + i / n]), grad);
    } else {
        add(share, grad);
    }
}

/// Numbers below 1e-3 times 1.01.
pub fn wrong_where_small(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(upstream, grad.len()).into_iter().map(|g| if g.abs() < 1e-3 { g * 1.01 } else { g }), grad);
}

/// As if there were one row less.
pub fn without_the_last_row(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(&call.last_row_times(0.0, upstream), grad.len()), grad);
}

/// The last row's share times 1.001.
pub fn last_row_slightly_off(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    add(call.share(&call.last_row_times(1.001, upstream), grad.len()), grad);
}

/// Sets where it should add.
pub fn overwritten(call: &Call<'_>, upstream: &[f64], grad: &mut [f64]) {
    grad.copy_from_slice(&call.share(upstream, grad.len()));
}

/// The real operation, but for the partial by one input.
pub struct Spoiled {
    real: Arc<dyn Op<f64>>,
    wrt: usize,
    fault: Fault,
}

impl Op<f64> for Spoiled {
    fn about(&self) -> &'static About {
        self.real.about()
    }
    fn constants(&self) -> Vec<(&'static str, f64)> {
        self.real.constants()
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.real.shape(inputs)
    }
    fn saved(&self, inputs: &[Shape]) -> usize {
        self.real.saved(inputs)
    }
    fn forward(&self, x: Inputs<'_, f64>, saved: &mut [f64], out: &mut [f64]) {
        self.real.forward(x, saved, out);
    }
    fn partial(&self, wrt: usize, at: Site<'_, f64>, upstream: &[f64], grad: &mut [f64]) {
        let fault = if wrt == self.wrt { self.fault } else { right };
        fault(&Call { real: &*self.real, wrt, at }, upstream, grad);
    }
    fn differentiable(&self, wrt: usize) -> bool {
        self.real.differentiable(wrt)
    }
    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        self.real.reach(wrt, index, inputs)
    }
    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        self.real.plain(x, out);
    }
    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        self.real.plain_some(x, some, out);
    }
}

/// The graph of a case with a fault in the partial of piece `at` by its input `wrt`.
pub fn spoiled(case: &Case, at: usize, wrt: usize, fault: Fault) -> (Graph<f64>, NodeId) {
    case.recipe.graph_with(|i, real| if i == at { Arc::new(Spoiled { real, wrt, fault }) } else { real })
}

/// Checks the engine's own gradient of a graph.
pub fn check_graph(case: &Case, (graph, cost): &(Graph<f64>, NodeId)) -> Report {
    let data = case.slices();
    check(graph, *cost, &case.parameters, &data, case.rows, &mut |p| gradient(graph, *cost, p, &data, case.rows, 1).1)
}

/// Checks another gradient of the cost of a case.
pub fn check_gradient(case: &Case, mut other: impl FnMut(&[f64]) -> Vec<f64>) -> Report {
    let (graph, cost) = case.recipe.graph();
    check(&graph, cost, &case.parameters, &case.slices(), case.rows, &mut other)
}

/// The names of the parameters that differ.
pub fn differing(report: &Report) -> Vec<&str> {
    report.parameters.iter().filter(|c| c.verdict == Verdict::Differs).map(|c| c.name.as_str()).collect()
}
