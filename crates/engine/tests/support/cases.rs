//! Inputs for any operation of the table, found by asking it which shapes it takes.

#![allow(dead_code)] // each test uses its own part

use super::probe::{Given, instances, lend};
use super::stream::Stream;
use backlit_engine::formula::Dual;
use backlit_engine::op::{Entry, Inputs, Kind, Op};
use backlit_engine::{Scalar, Shape};
use std::sync::Arc;

/// An operation with inputs that it takes.
pub struct Case<S> {
    /// The operation.
    pub op: Arc<dyn Op<S>>,
    /// Its inputs.
    pub given: Vec<Given<S>>,
}

/// Rows of every case.
pub const ROWS: usize = 5;

/// Lists of input shapes: all of up to three from a few small ones, and some that are large.
pub fn shape_lists() -> Vec<Vec<Shape>> {
    use Shape::{Parameter, Rows};
    let small = [Rows(1), Rows(2), Rows(3), Parameter(1, 2), Parameter(2, 3), Parameter(2, 1), Parameter(1, 3)];
    let mut lists: Vec<Vec<Shape>> = vec![vec![]];
    let mut longest = 0;
    for _ in 0..3 {
        let shorter = lists[longest..].to_vec();
        longest = lists.len();
        lists.extend(shorter.iter().flat_map(|list| small.map(|shape| [&list[..], &[shape]].concat())));
    }
    lists.extend([
        vec![Rows(33)],
        vec![Rows(33); 2],
        vec![Rows(40), Parameter(30, 40)],
        vec![Rows(40), Parameter(30, 40), Parameter(1, 30)],
        [&[Rows(33)][..], &[Parameter(1, 33); 2]].concat(),
        [&[Rows(3)][..], &[Parameter(1, 3); 4]].concat(),
        [&[Rows(33)][..], &[Parameter(1, 33); 4]].concat(),
        vec![Rows(5), Parameter(4, 8), Parameter(7, 8)],
    ]);
    lists
}

/// Every list of shapes the operation takes, with random numbers, for each choice of constants.
pub fn cases<S: Scalar>(entry: &Entry<S>) -> Vec<Case<S>> {
    let ops = instances(entry.about).into_iter().map(|constants| (entry.make)(&constants));
    ops.flat_map(|op| cases_of(&op)).collect()
}

/// The same for one operation.
pub fn cases_of<S: Scalar>(op: &Arc<dyn Op<S>>) -> Vec<Case<S>> {
    let lists = shape_lists().into_iter().filter(|list| op.shape(list).is_ok());
    lists.enumerate().map(|(seed, shapes)| Case::random(op.clone(), &shapes, seed as u64)).collect()
}

impl<S: Scalar> Case<S> {
    /// Random numbers in -2..2, targets of losses in 0..1. Where these have no value, as for the logarithm of a
    /// negative prediction or the root of a negative variance, their sizes.
    pub fn random(op: Arc<dyn Op<S>>, shapes: &[Shape], seed: u64) -> Case<S> {
        let stream = &mut Stream::new(seed);
        let is_loss = matches!(op.about().kind, Kind::PointwiseLoss | Kind::RowLoss);
        let numbers = |(k, &shape): (usize, &Shape)| {
            let many = if let Shape::Rows(width) = shape { ROWS * width } else { shape.size() };
            let low = if is_loss && k == 1 { 0.0 } else { -2.0 };
            let high = if is_loss && k == 1 { 1.0 } else { 2.0 };
            Given { shape, numbers: (0..many).map(|_| S::from_f64(stream.between(low, high))).collect() }
        };
        let mut case = Case { op, given: shapes.iter().enumerate().map(numbers).collect() };
        if case.op.about().name == "embed" {
            // Codes are whole numbers below the number of levels.
            let (tables, Shape::Rows(width)) = (shapes.len() - 1, shapes[0]) else { unreachable!("rows before tables") };
            for (i, x) in case.given[0].numbers.iter_mut().enumerate() {
                if let Some(Shape::Parameter(levels, _)) = (i % width + tables).checked_sub(width).map(|t| shapes[1 + t]) {
                    *x = S::from_f64(((i / width) % levels) as f64);
                }
            }
        }
        if (0..ROWS).any(|row| case.plain(row, None).iter().any(|dual| dual.value.is_nan())) {
            for x in case.given.iter_mut().flat_map(|given| &mut given.numbers) {
                *x = S::from_f64(x.to_f64().abs());
            }
        }
        case
    }

    /// The same operation on one row of other numbers: one list for each input.
    pub fn row(op: &Arc<dyn Op<S>>, inputs: &[&[f64]]) -> Case<S> {
        let given = |x: &&[f64]| Given { shape: Shape::Rows(x.len()), numbers: x.iter().map(|&x| S::from_f64(x)).collect() };
        Case { op: op.clone(), given: inputs.iter().map(given).collect() }
    }

    /// Shapes of the inputs.
    pub fn shapes(&self) -> Vec<Shape> {
        super::probe::shapes(&self.given)
    }

    /// Rows of the data.
    pub fn rows(&self) -> usize {
        let of = |given: &Given<S>| if let Shape::Rows(width) = given.shape { Some(given.numbers.len() / width) } else { None };
        self.given.iter().find_map(of).unwrap_or(1)
    }

    /// Numbers of input `wrt` in one row, or in the parameter; and where the row starts.
    pub fn place(&self, wrt: usize, row: usize) -> (usize, usize) {
        match self.given[wrt].shape {
            Shape::Rows(width) => (width, row * width),
            Shape::Parameter(..) => (self.given[wrt].numbers.len(), 0),
        }
    }

    /// The inputs that have a derivative.
    pub fn moving(&self) -> Vec<usize> {
        (0..self.given.len()).filter(|&wrt| self.op.differentiable(wrt)).collect()
    }

    /// `plain` on one row, with one number of one input moving.
    pub fn plain(&self, row: usize, moving: Option<(usize, usize)>) -> Vec<Dual> {
        let duals: Vec<Vec<Dual>> = (0..self.given.len())
            .map(|wrt| {
                let (size, start) = self.place(wrt, row);
                let numbers = self.given[wrt].numbers[start..start + size].iter().enumerate();
                let dual = |(i, x): (usize, &S)| if moving == Some((wrt, i)) { Dual::moving(x.to_f64()) } else { Dual::fixed(x.to_f64()) };
                numbers.map(dual).collect()
            })
            .collect();
        let inputs: Vec<&[Dual]> = duals.iter().map(|duals| &duals[..]).collect();
        let width = self.op.shape(&self.shapes()).expect("shapes that it takes").size();
        let mut out = vec![Dual::fixed(f64::NAN); width];
        self.op.plain(&inputs, &mut out);
        out
    }

    /// Calls `body` with the operation, its inputs and their shapes.
    pub fn lend<R: Send + 'static>(&self, body: impl Fn(&dyn Op<S>, Inputs<'_, S>, &[Shape]) -> R + Send + Sync + 'static) -> R {
        let shapes = self.shapes();
        lend(&self.op, &self.given, self.rows(), move |op, x| body(op, x, &shapes)).pop().expect("one chunk")
    }

    /// Value and partial by the first input with upstream 1.
    pub fn value_and_partial(&self) -> (Vec<f64>, Vec<f64>) {
        let size = self.given[0].numbers.len();
        self.lend(move |op, x, shapes| {
            let kept = super::probe::forward(op, x, shapes, true);
            let upstream = vec![S::ONE; kept.out.len()];
            let grad = super::probe::partial(op, x, &kept, 0, &upstream, &vec![S::ZERO; size]);
            let wide = |numbers: &[S]| numbers.iter().map(|x| x.to_f64()).collect();
            (wide(&kept.out), wide(&grad))
        })
    }

    /// What is said of a failure: the operation and its shapes.
    pub fn says(&self, what: String) -> String {
        let shapes: Vec<String> = self.shapes().iter().map(Shape::to_string).collect();
        format!("{} {:?} on {} ({}): {what}", self.op.about().name, self.op.constants(), shapes.join(", "), S::NAME)
    }
}
