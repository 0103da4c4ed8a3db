//! Lends an operation its inputs through the public interface: a graph, a plan and a runner.

use backlit_engine::formula::Dual;
use backlit_engine::op::{About, Inputs, Op, Site};
use backlit_engine::shape::ShapeError;
use backlit_engine::step::Runner;
use backlit_engine::{Graph, Plan, Scalar, Shape};
use std::sync::{Arc, Mutex};

/// One input of an operation: rows × width, or a parameter.
#[derive(Clone, Debug)]
pub struct Given<S> {
    /// Its shape.
    pub shape: Shape,
    /// Its numbers.
    pub numbers: Vec<S>,
}

/// What an operation made of its inputs.
#[derive(Clone, Debug)]
pub struct Outcome<S> {
    /// Its value: rows × width.
    pub out: Vec<S>,
    /// What it kept for its partials; empty where it was asked to keep nothing.
    pub saved: Vec<S>,
}

type Body<S> = Box<dyn Fn(&dyn Op<S>, Inputs<'_, S>) + Send + Sync>;

/// Stands in the graph in the operation's place and hands it to `body` where its forward pass would be.
struct Probe<S> {
    op: Arc<dyn Op<S>>,
    body: Body<S>,
}

impl<S: Scalar> Op<S> for Probe<S> {
    fn about(&self) -> &'static About {
        self.op.about()
    }
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        self.op.shape(inputs)
    }
    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], _out: &mut [S]) {
        (self.body)(&*self.op, x);
    }
    fn partial(&self, _wrt: usize, _at: Site<'_, S>, _upstream: &[S], _grad: &mut [S]) {
        unreachable!("a probe is only run forward");
    }
    fn plain(&self, _x: &[&[Dual]], _out: &mut [Dual]) {
        unreachable!("a probe is only run forward");
    }
}

/// Calls `body` with the operation and its inputs, once for every chunk of rows.
pub fn lend<S: Scalar, R: Send + 'static>(
    op: &Arc<dyn Op<S>>,
    given: &[Given<S>],
    rows: usize,
    body: impl Fn(&dyn Op<S>, Inputs<'_, S>) -> R + Send + Sync + 'static,
) -> Vec<R> {
    let results = Arc::new(Mutex::new(Vec::new()));
    let into = results.clone();
    let body = Box::new(move |op: &dyn Op<S>, x: Inputs<'_, S>| into.lock().expect("one thread").push(body(op, x)));
    let mut graph = Graph::new();
    let (mut nodes, mut data, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
    for (k, given) in given.iter().enumerate() {
        let name = format!("input{k}");
        let node = match given.shape {
            Shape::Rows(width) => {
                data.push(&given.numbers[..]);
                graph.data(&name, width)
            }
            Shape::Parameter(rows, columns) => {
                parameters.extend_from_slice(&given.numbers);
                graph.parameter(&name, rows, columns)
            }
        };
        nodes.push(node.expect("an input"));
    }
    let probe = Arc::new(Probe { op: op.clone(), body });
    let target = graph.operation("probe", probe, &nodes).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan::forward(&graph, target);
    let mut out = vec![S::ZERO; rows * plan.width()];
    Runner::new(&plan, rows, 1).outputs(&plan, &parameters, &data, rows, &mut out);
    drop((graph, plan));
    Arc::into_inner(results).expect("the graph is gone").into_inner().expect("one thread")
}

/// The shapes of the inputs.
pub fn shapes<S>(given: &[Given<S>]) -> Vec<Shape> {
    given.iter().map(|given| given.shape).collect()
}

/// Numbers that lie number after number, the rows of each side by side, row after row. `numbers`: width × rows
pub fn by_row<S: Scalar>(rows: usize, numbers: &[S]) -> Vec<S> {
    let width = numbers.len() / rows;
    (0..rows).flat_map(|r| (0..width).map(move |k| numbers[k * rows + r])).collect()
}

/// The way back. `numbers`: rows × width
pub fn by_number<S: Scalar>(rows: usize, numbers: &[S]) -> Vec<S> {
    by_row(numbers.len() / rows, numbers)
}

/// The operation's value; `keep` says whether a backward pass is to follow.
pub fn forward<S: Scalar>(op: &dyn Op<S>, x: Inputs<'_, S>, shapes: &[Shape], keep: bool) -> Outcome<S> {
    let mut saved = vec![S::ZERO; if keep { op.saved(shapes) * x.rows() } else { 0 }];
    let mut out = vec![S::ZERO; x.rows() * x.width()];
    op.forward(x, &mut saved, &mut out);
    Outcome { out: by_row(x.rows(), &out), saved }
}

/// What the operation adds to a gradient that holds `before`. `upstream`: rows × width; the gradient of rows: rows × width
pub fn partial<S: Scalar>(op: &dyn Op<S>, x: Inputs<'_, S>, kept: &Outcome<S>, wrt: usize, upstream: &[S], before: &[S]) -> Vec<S> {
    let rows = x.rows();
    let is_parameter = x.size(wrt) == before.len() && rows != 1;
    let mut grad = if is_parameter { before.to_vec() } else { by_number(rows, before) };
    let out = by_number(rows, &kept.out);
    op.partial(wrt, Site { inputs: x, saved: &kept.saved, out: &out }, &by_number(rows, upstream), &mut grad);
    if is_parameter { grad } else { by_row(rows, &grad) }
}

/// The constants an operation is tried with: its defaults, and others inside their ranges.
pub fn instances(about: &About) -> Vec<Vec<f64>> {
    let defaults: Vec<f64> = about.constants.iter().map(|constant| constant.default).collect();
    let others: Vec<f64> = about.constants.iter().map(|c| (c.default * 0.37).clamp(c.least, c.most)).collect();
    if defaults == others { vec![defaults] } else { vec![defaults, others] }
}
