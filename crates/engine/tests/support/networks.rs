//! Networks described once and built twice: as the engine's graph, and on the tape.

#![allow(dead_code)] // each test uses its own part

use super::tape::{self, Var};
use backlit_engine::formula::{self, Formula, Number};
use backlit_engine::graph::{Graph, NodeId};
use backlit_engine::op::Op;
use backlit_engine::step::Runner;
use backlit_engine::{Plan, Scalar, ops};
use std::sync::Arc;

/// One node of a network.
pub enum Piece {
    /// So many numbers for each row.
    Data(usize),
    /// rows × columns
    Parameter(usize, usize),
    /// Name, inputs, numbers for each row.
    Operation(String, Vec<usize>, usize),
}

/// A network: its nodes in order. The last is the cost.
#[derive(Default)]
pub struct Recipe {
    /// The nodes.
    pub pieces: Vec<Piece>,
}

impl Recipe {
    fn push(&mut self, piece: Piece) -> usize {
        self.pieces.push(piece);
        self.pieces.len() - 1
    }
    /// Adds data.
    pub fn data(&mut self, width: usize) -> usize {
        self.push(Piece::Data(width))
    }
    /// Adds a parameter.
    pub fn parameter(&mut self, rows: usize, columns: usize) -> usize {
        self.push(Piece::Parameter(rows, columns))
    }
    /// Adds an operation with results of `width` numbers for each row.
    pub fn operation(&mut self, name: &str, inputs: &[usize], width: usize) -> usize {
        self.push(Piece::Operation(name.to_string(), inputs.to_vec(), width))
    }
    /// Adds W, perhaps b, and the weighted sums.
    pub fn dense(&mut self, x: usize, units: usize, bias: bool) -> usize {
        let mut inputs = vec![x, self.parameter(units, self.width(x))];
        if bias {
            inputs.push(self.parameter(1, units));
        }
        self.operation("affine", &inputs, units)
    }
    /// Numbers for each row, or in the parameter.
    pub fn width(&self, piece: usize) -> usize {
        match self.pieces[piece] {
            Piece::Data(width) | Piece::Operation(_, _, width) => width,
            Piece::Parameter(rows, columns) => rows * columns,
        }
    }
    /// Numbers in all parameters.
    pub fn parameter_count(&self) -> usize {
        let parameters = (0..self.pieces.len()).filter(|&i| matches!(self.pieces[i], Piece::Parameter(..)));
        parameters.map(|i| self.width(i)).sum()
    }
    /// The number of the last operation of this name.
    pub fn last(&self, wanted: &str) -> usize {
        let is = |piece: &Piece| matches!(piece, Piece::Operation(name, ..) if name == wanted);
        self.pieces.iter().rposition(is).expect("an operation of this name")
    }
    /// The engine's graph and its cost.
    pub fn graph<S: Scalar>(&self) -> (Graph<S>, NodeId) {
        self.graph_with(|_, op| op)
    }
    /// The engine's graph, with `replace` having a say in every operation, and its cost.
    pub fn graph_with<S: Scalar>(&self, replace: impl Fn(usize, Arc<dyn Op<S>>) -> Arc<dyn Op<S>>) -> (Graph<S>, NodeId) {
        let mut graph = Graph::new();
        let mut ids: Vec<NodeId> = Vec::new();
        for (i, piece) in self.pieces.iter().enumerate() {
            let id = match piece {
                Piece::Data(width) => graph.data(&format!("data{i}"), *width),
                Piece::Parameter(1, columns) => graph.parameter(&format!("p{i}.bias"), 1, *columns),
                Piece::Parameter(rows, columns) => graph.parameter(&format!("p{i}.weight"), *rows, *columns),
                Piece::Operation(name, inputs, _) => {
                    let inputs: Vec<NodeId> = inputs.iter().map(|&input| ids[input]).collect();
                    let op = ops::any(name).unwrap_or_else(|wrong| panic!("{wrong}"));
                    graph.operation(&format!("{name} {i}"), replace(i, op), &inputs)
                }
            };
            ids.push(id.unwrap_or_else(|wrong| panic!("{wrong}")));
        }
        let cost = *ids.last().expect("a network has nodes");
        (graph, cost)
    }
    /// Names of the nodes: for messages.
    pub fn describe(&self) -> String {
        let words = self.pieces.iter().enumerate().map(|(i, piece)| match piece {
            Piece::Data(width) => format!("{i}: data {width}"),
            Piece::Parameter(rows, columns) => format!("{i}: {rows} × {columns}"),
            Piece::Operation(name, inputs, width) => format!("{i}: {name}{inputs:?} {width}"),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// A network with parameters and data.
pub struct Case {
    /// The network.
    pub recipe: Recipe,
    /// As the engine lays them out.
    pub parameters: Vec<f64>,
    /// For each data node rows × width.
    pub data: Vec<Vec<f64>>,
    /// How many rows.
    pub rows: usize,
}

/// What the tape says of all rows.
pub struct Truth {
    /// Mean cost.
    pub cost: f64,
    /// Its gradient.
    pub gradient: Vec<f64>,
    /// Mean over rows of |the row's derivative|.
    pub contributions: Vec<f64>,
    /// Mean over rows of the sum over paths of |the product of its factors|.
    pub magnitudes: Vec<f64>,
}

impl Case {
    /// The data as slices.
    pub fn slices(&self) -> Vec<&[f64]> {
        self.data.iter().map(Vec::as_slice).collect()
    }

    /// The engine's mean cost and gradient in `S`.
    pub fn gradient<S: Scalar>(&self, threads: usize) -> (f64, Vec<S>) {
        let (graph, cost) = self.recipe.graph::<S>();
        let (parameters, data) = self.numbers::<S>();
        let slices: Vec<&[S]> = data.iter().map(Vec::as_slice).collect();
        gradient(&graph, cost, &parameters, &slices, self.rows, threads)
    }

    /// Parameters and data in `S`.
    pub fn numbers<S: Scalar>(&self) -> (Vec<S>, Vec<Vec<S>>) {
        (convert(&self.parameters), self.data.iter().map(|data| convert(data)).collect())
    }

    /// The tape's opinion.
    pub fn truth(&self) -> Truth {
        let n = self.rows as f64;
        let zeros = vec![0.0; self.parameters.len()];
        let mut truth = Truth { cost: 0.0, gradient: zeros.clone(), contributions: zeros.clone(), magnitudes: zeros };
        let formulas = formulas(&self.recipe);
        for row in 0..self.rows {
            let slices = self.slices();
            let widths = self.recipe.pieces.iter().filter_map(|piece| if let Piece::Data(width) = piece { Some(*width) } else { None });
            let lines: Vec<&[f64]> = slices.iter().zip(widths).map(|(data, width)| &data[row * width..][..width]).collect();
            let cost = on_tape(&self.recipe, &formulas, &self.parameters, &lines);
            truth.cost += cost.value / n;
            let (slopes, magnitudes) = tape::backward(cost, self.parameters.len());
            for (i, (slope, magnitude)) in slopes.into_iter().zip(magnitudes).enumerate() {
                truth.gradient[i] += slope / n;
                truth.contributions[i] += slope.abs() / n;
                truth.magnitudes[i] += magnitude / n;
            }
        }
        truth
    }
}

/// Numbers in another type.
pub fn convert<S: Scalar>(numbers: &[f64]) -> Vec<S> {
    numbers.iter().map(|&number| S::from_f64(number)).collect()
}

/// The engine's mean cost and gradient, on just so many threads.
pub fn gradient<S: Scalar>(graph: &Graph<S>, cost: NodeId, parameters: &[S], data: &[&[S]], rows: usize, threads: usize) -> (f64, Vec<S>) {
    let plan = Plan::gradient(graph, cost);
    let mut gradient = vec![S::from_f64(f64::NAN); parameters.len()];
    let cost = Runner::on_threads(&plan, rows, threads).gradient(&plan, parameters, data, rows, &mut gradient);
    (cost, gradient)
}

/// For each activation and pointwise loss of a recipe: its card's formula, the letters of its inputs, its constants.
pub type Cards = Vec<Option<(Formula, Vec<&'static str>, Vec<(&'static str, f64)>)>>;

/// The cards of a recipe's operations, node for node.
pub fn formulas(recipe: &Recipe) -> Cards {
    let card = |piece: &Piece| {
        let Piece::Operation(name, ..) = piece else { return None };
        let op = ops::any::<f64>(name).expect("a known operation");
        let about = op.about();
        let letters = match about.kind {
            backlit_engine::op::Kind::Activation => vec!["z"],
            backlit_engine::op::Kind::PointwiseLoss => vec![about.partials[0].by, "y"],
            _ => return None,
        };
        Some((formula::parse(about.formula).expect("a card's formula"), letters, op.constants()))
    };
    recipe.pieces.iter().map(card).collect()
}

/// The cost of one row, written on a fresh tape whose first leaves are the parameters.
pub fn on_tape(recipe: &Recipe, cards: &Cards, parameters: &[f64], lines: &[&[f64]]) -> Var {
    let leaves = tape::begin(parameters);
    let (mut used, mut lines) = (0, lines.iter());
    let mut values: Vec<Vec<Var>> = Vec::new();
    for (i, piece) in recipe.pieces.iter().enumerate() {
        let value = match piece {
            Piece::Data(_) => lines.next().expect("data").iter().map(|&x| Var::constant(x)).collect(),
            Piece::Parameter(rows, columns) => {
                used += rows * columns;
                leaves[used - rows * columns..used].to_vec()
            }
            Piece::Operation(name, inputs, _) => {
                let x: Vec<&[Var]> = inputs.iter().map(|&input| values[input].as_slice()).collect();
                match (&cards[i], name.as_str()) {
                    (Some((formula, letters, constants)), _) => {
                        let term = |at: usize| {
                            let mut all: Vec<(&str, Var)> = constants.iter().map(|&(name, value)| (name, Var::constant(value))).collect();
                            all.extend(letters.iter().zip(&x).map(|(letter, x)| (*letter, x[at])));
                            formula::evaluate(formula, &all).expect("every letter is bound")
                        };
                        let terms = (0..x[0].len()).map(term);
                        if letters.len() == 1 { terms.collect() } else { vec![tape::sum(terms)] }
                    }
                    (None, "affine") => tape::affine(x[0], x[1], x.get(2).copied()),
                    (None, "add") => x[0].iter().zip(x[1]).map(|(a, b)| a.add(b)).collect(),
                    (None, "mul") => x[0].iter().zip(x[1]).map(|(a, b)| a.multiply(b)).collect(),
                    (None, "concat") => x.concat(),
                    (None, "softmax") => tape::softmax(x[0]),
                    (None, "cross_entropy") => vec![tape::cross_entropy(x[0], x[1])],
                    (None, other) => panic!("the tape does not know '{other}'"),
                }
            }
        };
        values.push(value);
    }
    values.last().expect("a cost")[0]
}

/// Does `job` for 0 .. `count`, on as many threads as there are processors; results in order.
pub fn side_by_side<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(count.max(1));
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    std::thread::scope(|scope| {
        let job = &job;
        let workers: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || (first..count).step_by(threads).map(|i| (i, job(i))).collect::<Vec<_>>()))
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(done) => done.into_iter().for_each(|(i, result)| results[i] = Some(result)),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    results.into_iter().map(|result| result.expect("every job is done")).collect()
}
