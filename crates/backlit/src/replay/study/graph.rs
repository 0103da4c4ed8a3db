//! A graph of the engine with numbers at its data and parameters, for looking inside.

use super::{one_hot, refused};
use crate::error::Error;
use backlit_engine::step::Runner;
use backlit_engine::{Graph, NodeId, Plan, Shape, ops};
use std::ops::Range;

/// A graph with the numbers that go in.
///
/// The engine gives gradients of parameters. The gradient of a value in between comes from a *probe*:
/// a parameter of zeros added to the value, whose gradient is the value's own.
pub(in crate::replay) struct Study {
    graph: Graph<f64>,
    /// All parameters, flat.
    pub parameters: Vec<f64>,
    names: Vec<String>,
    data: Vec<Vec<f64>>,
    rows: usize,
    /// The engine divides by the number of rows. Rows that count nothing fill them up to a power of two,
    /// so that the division is exact.
    padded: usize,
    one: NodeId,
    row: NodeId,
}

/// A planned question, for asking it many times.
pub(in crate::replay) struct Question {
    plan: Plan<f64>,
    runner: Runner<f64>,
}

impl Study {
    /// An empty graph over so many rows.
    pub fn new(rows: usize) -> Result<Study, Error> {
        let padded = rows.next_power_of_two();
        let mut graph = Graph::new();
        let one = graph.data("one", 1).map_err(refused)?;
        let row = graph.data("row", rows).map_err(refused)?;
        let mut study = Study { graph, parameters: Vec::new(), names: Vec::new(), data: Vec::new(), rows, padded, one, row };
        study.keep("one", vec![1.0; rows], 1);
        study.keep("row", (0..rows).flat_map(|r| one_hot(rows, r)).collect(), rows);
        Ok(study)
    }

    /// Adds data, rows × width.
    pub fn data(&mut self, name: &str, values: &[f64]) -> Result<NodeId, Error> {
        let width = values.len() / self.rows;
        self.keep(name, values.to_vec(), width);
        self.graph.data(name, width).map_err(refused)
    }

    /// Replaces data of the same size.
    pub fn set(&mut self, name: &str, values: &[f64]) {
        if let Some(place) = self.names.iter().position(|known| known == name) {
            self.data[place][..values.len()].copy_from_slice(values);
        }
    }

    /// Adds a parameter, units × columns.
    pub fn parameter(&mut self, name: &str, columns: usize, values: &[f64]) -> Result<NodeId, Error> {
        self.parameters.extend(values);
        self.graph.parameter(name, values.len() / columns, columns).map_err(refused)
    }

    /// Adds a parameter that stands as a value, the same in every row.
    pub fn constant(&mut self, name: &str, values: &[f64]) -> Result<NodeId, Error> {
        let parameter = self.parameter(name, 1, values)?;
        self.operation(&format!("{name}, as a value"), "affine", &[self.one, parameter])
    }

    /// Adds an operation by its name in the engine's table.
    pub fn operation(&mut self, name: &str, operation: &str, inputs: &[NodeId]) -> Result<NodeId, Error> {
        let operation = ops::any(operation).map_err(refused)?;
        self.graph.operation(name, operation, inputs).map_err(refused)
    }

    /// Adds zeros to a value; `upstream` then finds the value's gradient under `name`.
    pub fn probe(&mut self, name: &str, node: NodeId) -> Result<NodeId, Error> {
        let width = self.width(node);
        let zeros = self.parameter(name, self.rows, &vec![0.0; width * self.rows])?;
        let spread = self.operation(&format!("{name}, spread"), "affine", &[self.row, zeros])?;
        self.operation(&format!("{name}, probed"), "add", &[node, spread])
    }

    /// A cost whose gradient by `node` is `upstream`, rows × width: Σ upstream · node over rows and columns.
    pub fn cost_with(&mut self, name: &str, node: NodeId, upstream: &[f64]) -> Result<NodeId, Error> {
        let scaled: Vec<f64> = upstream.iter().map(|number| number * self.padded as f64).collect();
        let scaled = self.data(&format!("{name}, upstream"), &scaled)?;
        let product = self.operation(&format!("{name}, products"), "mul", &[node, scaled])?;
        let width = self.width(node);
        let ones = self.parameter(&format!("{name}, ones"), width, &vec![1.0; width])?;
        self.operation(name, "affine", &[product, ones])
    }

    /// The value of an operation's node, rows × width.
    pub fn value(&self, node: NodeId) -> Vec<f64> {
        self.ask(Plan::forward(&self.graph, node)).value(self)
    }

    /// A cost and its gradient by all parameters.
    pub fn gradient(&self, cost: NodeId) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; self.parameters.len()];
        let cost = self.question(cost).gradient(self, &mut gradient);
        (cost, gradient)
    }

    /// Plans a gradient for asking it many times.
    pub fn question(&self, cost: NodeId) -> Question {
        self.ask(Plan::gradient(&self.graph, cost))
    }

    /// Plans a value for asking it many times.
    pub fn value_question(&self, node: NodeId) -> Question {
        self.ask(Plan::forward(&self.graph, node))
    }

    /// Where a parameter lies.
    pub fn range(&self, name: &str) -> Range<usize> {
        let parameter = self.graph.parameters().iter().find(|parameter| parameter.name == name);
        parameter.map_or(0..0, |parameter| parameter.start..parameter.start + parameter.size())
    }

    /// A parameter's part of a gradient.
    pub fn part<'a>(&self, gradient: &'a [f64], name: &str) -> &'a [f64] {
        &gradient[self.range(name)]
    }

    /// The gradient of the value that was probed under `name`, rows × width.
    pub fn upstream(&self, gradient: &[f64], name: &str) -> Vec<f64> {
        super::transposed(self.rows, self.part(gradient, name))
    }

    fn ask(&self, plan: Plan<f64>) -> Question {
        Question { runner: Runner::new(&plan, self.padded, 1), plan }
    }

    fn keep(&mut self, name: &str, mut values: Vec<f64>, width: usize) {
        values.resize(self.padded * width, 0.0);
        self.names.push(name.to_string());
        self.data.push(values);
    }

    fn width(&self, node: NodeId) -> usize {
        match self.graph.shape(node) {
            Shape::Rows(width) => width,
            Shape::Parameter(rows, columns) => rows * columns,
        }
    }

    fn slices(&self) -> Vec<&[f64]> {
        self.data.iter().map(Vec::as_slice).collect()
    }
}

impl Question {
    /// The cost, and its gradient by all parameters.
    pub fn gradient(&mut self, study: &Study, gradient: &mut [f64]) -> f64 {
        self.runner.gradient(&self.plan, &study.parameters, &study.slices(), study.padded, gradient)
    }

    /// The value, rows × width.
    pub fn value(&mut self, study: &Study) -> Vec<f64> {
        let width = self.plan.width();
        let mut out = vec![0.0; width * study.padded];
        self.runner.outputs(&self.plan, &study.parameters, &study.slices(), study.padded, &mut out);
        out.truncate(width * study.rows);
        out
    }
}
