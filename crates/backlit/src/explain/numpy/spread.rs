//! How far rounding may take two correct ways of computing a number apart.
//!
//! The network is computed again with every number that it is given moved by a few units in the last place: what rounding does on the
//! way is of that size (backward error analysis: Wilkinson 1963; Higham, Accuracy and Stability of Numerical Algorithms, section 1.5).

use super::noisy::Noisy;
use crate::explain::Subject;
use backlit_engine::NodeId;
use backlit_engine::explain::{Place, Values};
use backlit_engine::random::{Purpose, Random};
use rayon::prelude::*;

/// How many times the network is computed with other last digits.
const TIMES: usize = 4;

/// By how many units in the last place a number is moved at most.
const UNITS: f64 = 4.0;

/// One step of a path: the number that moves, the input of its operation and the number that moves it.
pub(super) type Step = (Place, usize, Place);

/// Value and gradient of each number of each node.
type Everywhere = [Vec<Vec<Noisy>>; 2];

/// The numbers of all rows that a script prints, with their noise.
pub(super) struct Spread {
    pub rows: Vec<Row>,
    /// Of the first row: every number, and ∂C/∂ it, by the node's number.
    first: Everywhere,
}

/// Those of one row.
pub(super) struct Row {
    pub cost: Noisy,
    /// ∂C/∂ what is asked for.
    pub target: Noisy,
    /// Of the steps that were asked for, in their order.
    slopes: Vec<(Place, Place, Noisy)>,
}

/// Given numbers, their last digits moved.
struct Given {
    parameters: Vec<f64>,
    data: [Vec<f64>; 3],
}

impl Spread {
    /// `steps`: for each row those of its paths.
    pub fn new(subject: &Subject, target: Place, steps: &[Vec<Step>]) -> Spread {
        let given: Vec<Given> = (0..=TIMES).map(|time| Given::new(subject, time)).collect();
        let every: Vec<NodeId> = subject.built.graph.nodes().collect();
        let row = |row: usize| {
            let data: Vec<[&[f64]; 3]> = given.iter().map(|given| given.data.each_ref().map(Vec::as_slice)).collect();
            let built = &subject.built;
            let all: Vec<Values<'_>> = (given.iter().zip(&data))
                .map(|(given, data)| Values::new(&built.graph, built.cost, &given.parameters, data, row))
                .collect();
            let gradients: Vec<Vec<Vec<f64>>> = all.iter().map(Values::gradients).collect();
            let slope = |&(of, wrt, by): &Step| {
                let numbers = all.iter().map(|values| values.local(of.node, wrt, by.index, of.index));
                (of, by, apart(numbers))
            };
            let at = |gradients: &Vec<Vec<f64>>| gradients[target.node.number()].get(target.index).copied().unwrap_or(0.0);
            let found = Row {
                cost: apart(all.iter().map(|values| values.at(Place { node: built.cost, index: 0 }))),
                target: apart(gradients.iter().map(at)),
                slopes: steps[row].iter().map(slope).collect(),
            };
            let first = (row == 0).then(|| {
                let rows = |node: &NodeId| matches!(built.graph.shape(*node), backlit_engine::Shape::Rows(_));
                let each = |of: &dyn Fn(usize, NodeId) -> Vec<f64>| {
                    let node = |node: &NodeId| if rows(node) { side_by_side(&|time| of(time, *node)) } else { Vec::new() };
                    every.iter().map(node).collect::<Vec<Vec<Noisy>>>()
                };
                [each(&|time, node| all[time].all(node).to_vec()), each(&|time, node| gradients[time][node.number()].clone())]
            });
            (found, first)
        };
        let mut found: Vec<(Row, Option<Everywhere>)> = (0..subject.rows.len()).into_par_iter().map(row).collect();
        let first = found.first_mut().and_then(|(_, first)| first.take()).unwrap_or_default();
        Spread { rows: found.into_iter().map(|(row, _)| row).collect(), first }
    }

    /// A number of the first row; a parameter is what it is.
    pub fn at(&self, place: Place, value: f64) -> Noisy {
        self.first[0][place.node.number()].get(place.index).copied().unwrap_or(Noisy::exact(value))
    }

    /// ∂C/∂ a number of the first row.
    pub fn gradient(&self, place: Place, value: f64) -> Noisy {
        self.first[1][place.node.number()].get(place.index).copied().unwrap_or(Noisy::exact(value))
    }

    /// ∂of/∂by of a step that was asked for.
    pub fn slope(&self, row: usize, of: Place, by: Place, value: f64) -> Noisy {
        let found = self.rows[row].slopes.iter().find(|known| known.0 == of && known.1 == by);
        found.map_or(Noisy::exact(value), |known| known.2)
    }
}

/// The first of some numbers that should be equal, with how far the others are from it.
fn apart(numbers: impl Iterator<Item = f64>) -> Noisy {
    let mut numbers = numbers;
    let value = numbers.next().unwrap_or(f64::NAN);
    let noise = numbers.map(|number| (number - value).abs()).fold(value.abs() * f64::EPSILON, f64::max);
    Noisy { value, noise }
}

fn side_by_side(of: &dyn Fn(usize) -> Vec<f64>) -> Vec<Noisy> {
    let all: Vec<Vec<f64>> = (0..=TIMES).map(of).collect();
    (0..all[0].len()).map(|k| apart(all.iter().map(|numbers| numbers.get(k).copied().unwrap_or(f64::NAN)))).collect()
}

impl Given {
    /// As they are the first time. Whole numbers among the data may be codes, and stay.
    fn new(subject: &Subject, time: usize) -> Given {
        let mut random = Random::new(0, Purpose::Check, time as u64);
        let mut moved = |number: f64| number * (1.0 + f64::EPSILON * random.uniform(-UNITS, UNITS).round());
        let mut all = |numbers: &[f64], whole: bool| -> Vec<f64> {
            numbers.iter().map(|&number| if time == 0 || (whole && number.fract() == 0.0) { number } else { moved(number) }).collect()
        };
        let parameters = all(&subject.parameters, false);
        Given { parameters, data: subject.data().map(|numbers| all(numbers, true)) }
    }
}
