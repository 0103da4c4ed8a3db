//! Doubts the gradient: compares every parameter's with a derivative taken another way.
//!
//! The other way is dual numbers through each operation's plain form (its card's formula, or a few plain lines),
//! row by row. That route shares no line with the partials, the chunks, the products or the batches that the
//! gradient of training runs through. Of a row all numbers are computed once, and by each parameter those that it
//! moves once more; whether operations say rightly what they act on is seen along random directions, which move
//! all. Where max, min or |x| meets both its sides at once the answer is
//! "kink": there is no derivative to compare with.

mod cone;
mod reached;
#[cfg(test)]
mod tests;

use crate::Shape;
use crate::explain::Place;
use crate::formula::Dual;
use crate::graph::{Graph, Kind, NodeId};
use crate::op::Op;
use crate::random::{Purpose, Random};
use cone::Cones;
use rayon::prelude::*;
use reached::Reached;

/// Largest relative difference that still agrees. Both routes round a few hundred times at most; a factor of
/// 1 + 1e-6 in any place is a hundred times larger.
const TOLERANCE: f64 = 1e-8;

/// How often the parameters are shaken to see how much rounding moves the gradient.
const SHAKES: u64 = 8;

/// Parameters that a sample has at least, and at most.
const SAMPLED: (usize, usize) = (8, 256);

/// Dual multiplications that a check of a sample takes at the most, unless somebody says so; where a check of every parameter takes at most
/// an eighth of that it is one.
pub const AFFORDABLE: f64 = 1e10;

/// Multiplications that a function of a dual number takes as long as, about.
const A_FUNCTION: f64 = 8.0;

/// 2⁵⁰⁰: a speed that takes the smallest numbers to ordinary ones, without rounding.
const FAST: f64 = f64::from_bits((1023 + 500) << 52);

/// What was found for one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The two derivatives agree.
    Agrees,
    /// They do not.
    Differs,
    /// Not differentiable here.
    Kink,
}

/// One parameter, or one direction in the space of all.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `layer1.weight[0,2]`, or `direction 3`.
    pub name: String,
    /// The parameter's value (of a direction: 0).
    pub value: f64,
    /// What training uses.
    pub gradient: f64,
    /// What dual numbers give.
    pub independent: f64,
    /// |gradient − independent| over the larger of the two.
    pub relative_difference: f64,
    /// The judgement.
    pub verdict: Verdict,
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct Report {
    /// Mean cost of the rows, by the independent route.
    pub cost: f64,
    /// Every parameter, or a random sample of them where there are too many.
    pub parameters: Vec<Comparison>,
    /// Random directions, each weighing all parameters; empty where every parameter was compared.
    pub directions: Vec<Comparison>,
}

impl Report {
    /// Whether nothing differs.
    pub fn passed(&self) -> bool {
        self.all().all(|comparison| comparison.verdict != Verdict::Differs)
    }

    /// The comparison with the largest relative difference among those judged; differing ones first.
    pub fn worst(&self) -> Option<&Comparison> {
        let rank = |c: &Comparison| (c.verdict == Verdict::Differs, c.relative_difference);
        self.all().filter(|c| c.verdict != Verdict::Kink).max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal))
    }

    fn all(&self) -> impl Iterator<Item = &Comparison> {
        self.parameters.iter().chain(&self.directions)
    }
}

/// Checks `gradient`, a function from parameters to the gradient of the mean cost of `rows` rows of `data`.
/// Works on the threads of the rayon pool it is called in.
pub fn check(
    graph: &Graph<f64>,
    cost: NodeId,
    parameters: &[f64],
    data: &[&[f64]],
    rows: usize,
    gradient: &mut dyn FnMut(&[f64]) -> Vec<f64>,
) -> Report {
    check_up_to(AFFORDABLE, graph, cost, parameters, data, rows, gradient)
}

/// The same; `affordable`: multiplications of dual numbers that it may take. Where each parameter would take more than an eighth of them, a
/// random sample of the parameters and random directions are compared. Without an end each parameter is.
pub fn check_up_to(
    affordable: f64,
    graph: &Graph<f64>,
    cost: NodeId,
    parameters: &[f64],
    data: &[&[f64]],
    rows: usize,
    gradient: &mut dyn FnMut(&[f64]) -> Vec<f64>,
) -> Report {
    let plain = Plain { graph, cost, data, rows };
    let found = gradient(parameters);
    let again = gradient(parameters);
    let steady = |place: usize| found[place].to_bits() == again[place].to_bits();
    let noise = rounding(parameters, &found, gradient);
    let judge = |name: String, value: f64, gradient: f64, tangent: Tangent, noise: f64| {
        let independent = tangent.mean;
        let larger = gradient.abs().max(independent.abs());
        let difference = (gradient - independent).abs();
        let relative_difference = if difference == 0.0 { 0.0 } else { difference / larger };
        // Rows that cancel leave rounding behind; so does a gradient that jitters when the last bits of the
        // parameters do. Subnormal numbers have an absolute spacing.
        let allowed = allowed(larger, tangent.magnitude, noise);
        // An infinite or NaN gradient agrees with nothing.
        let verdict = match difference <= allowed && difference.is_finite() {
            _ if tangent.kink && gradient.is_finite() => Verdict::Kink,
            true => Verdict::Agrees,
            false => Verdict::Differs,
        };
        Comparison { name, value, gradient, independent, relative_difference, verdict }
    };
    let reached = Reached::new(&plain);
    let mut random = Random::new(0, Purpose::Check, 0);
    let places = (0..parameters.len()).collect();
    // Of each at the least a multiplication: where these are too many already, what they take is not looked up.
    let soon = affordable / 8.0;
    let few = (parameters.len() - reached.looked_up()) as f64 * rows as f64 <= soon;
    let everything = Some(places).filter(|_| few).map(|places| Moved::new(&plain, &reached, places));
    let everything = everything.filter(|moved| moved.work() <= soon);
    let mut report = Report { cost: plain.mean(parameters, None).1, parameters: Vec::new(), directions: Vec::new() };
    let is_all = everything.is_some();
    let moved = everything.unwrap_or_else(|| {
        // As many as could move all numbers, and more where that is quick.
        let least = (affordable / plain.work() / rows as f64 / 2.0) as usize;
        let least = least.clamp(SAMPLED.0, SAMPLED.1);
        let drawn: Vec<usize> = (0..SAMPLED.1).map(|_| random.below(parameters.len() as u32) as usize).collect();
        let mut count = SAMPLED.1;
        loop {
            let mut places = drawn[..count].to_vec();
            places.sort_unstable();
            places.dedup();
            let moved = Moved::new(&plain, &reached, places);
            if moved.work() <= soon || count == least {
                return moved;
            }
            count = (count / 2).max(least);
        }
    });
    let mut tangents = moved.tangents(parameters);
    if is_all && !moved.adds_up(parameters, &tangents) {
        tangents = moved.whole_passes(parameters);
    }
    let compare = |(&place, tangent): (&usize, Tangent)| {
        let judged = judge(graph.parameter_name(place), parameters[place], found[place], tangent, noise[place]);
        // A gradient that is another one each time is none.
        if steady(place) { judged } else { Comparison { verdict: Verdict::Differs, ..judged } }
    };
    report.parameters = moved.places.iter().zip(tangents).map(compare).collect();
    if !is_all {
        for k in 0..4 {
            let direction: Vec<f64> = parameters.iter().map(|_| random.normal()).collect();
            let along = |numbers: &[f64]| numbers.iter().zip(&direction).map(|(n, d)| n * d).sum::<f64>();
            let jitter = noise.iter().zip(&direction).map(|(n, d)| (n * d).abs()).sum::<f64>();
            let tangent = plain.mean(parameters, Some(Direction::Along(&direction))).0;
            report.directions.push(judge(format!("direction {k}"), 0.0, along(&found), tangent, jitter));
        }
    }
    report
}

/// How far two derivatives may stand apart: `larger` of them, `size` of the parts that were added up, and how much
/// rounding `noise` there is.
pub(crate) fn allowed(larger: f64, size: f64, noise: f64) -> f64 {
    TOLERANCE * larger + 1e-13 * size + 200.0 * noise + 1e-320
}

/// The derivative of the mean cost of `rows` rows by one number of the graph, by dual numbers.
pub(crate) fn tangent(graph: &Graph<f64>, cost: NodeId, parameters: &[f64], data: &[&[f64]], rows: usize, by: Place) -> Tangent {
    let plain = Plain { graph, cost, data, rows };
    let along = |speed: f64| {
        let direction = match graph.nodes[by.node.0].kind {
            Kind::Parameter(index) => Direction::One(graph.parameters()[index].start + by.index, speed),
            _ => Direction::Data(by, speed),
        };
        let found = plain.mean(parameters, Some(direction)).0;
        Tangent { mean: found.mean / speed, magnitude: found.magnitude / speed, kink: found.kink }
    };
    let found = along(1.0);
    // Tangents on the way may have lost digits below the smallest full number: once more, moving faster.
    if found.mean.abs() < 1e-200 { along(FAST) } else { found }
}

/// How much one derivative, `found` at these parameters, moves when each parameter moves by about one unit in the last place.
pub(crate) fn rounding_of(parameters: &[f64], found: f64, gradient: &dyn Fn(&[f64]) -> f64) -> f64 {
    rounding(parameters, &[found], &mut |shaken| vec![gradient(shaken)])[0]
}

/// How much the gradient moves when each parameter moves by about one unit in the last place.
fn rounding(parameters: &[f64], found: &[f64], gradient: &mut dyn FnMut(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let mut noise = vec![0.0f64; found.len()];
    for trial in 1..=SHAKES {
        let mut random = Random::new(0, Purpose::Check, trial);
        let shaken: Vec<f64> = parameters.iter().map(|p| p * (1.0 + random.uniform(-2.0, 2.0) * f64::EPSILON)).collect();
        for (noise, (a, b)) in noise.iter_mut().zip(gradient(&shaken).iter().zip(found)) {
            let moved = (a - b).abs();
            *noise = noise.max(if moved.is_finite() { moved } else { 0.0 });
        }
    }
    noise
}

#[derive(Clone, Copy)]
enum Direction<'a> {
    /// One parameter, at this speed.
    One(usize, f64),
    Along(&'a [f64]),
    /// A column of the data, in every row, at this speed.
    Data(Place, f64),
}

/// A derivative of the mean cost.
#[derive(Clone, Copy)]
pub(crate) struct Tangent {
    pub mean: f64,
    /// Mean over rows of |the row's derivative|: what cancels between rows is seen against this.
    magnitude: f64,
    pub kink: bool,
}

impl Tangent {
    const NONE: Tangent = Tangent { mean: 0.0, magnitude: 0.0, kink: false };

    /// One of so many rows more.
    fn add(&mut self, row: Dual, rows: usize) {
        let n = rows as f64;
        self.mean += row.tangent / n;
        self.magnitude += row.tangent.abs() / n;
        self.kink |= row.kink;
    }
}

/// Parameters that are to move, one at a time.
struct Moved<'a> {
    plain: &'a Plain<'a>,
    reached: &'a Reached,
    places: Vec<usize>,
    cones: Cones,
}

impl<'a> Moved<'a> {
    /// `places`: in order
    fn new(plain: &'a Plain<'a>, reached: &'a Reached, places: Vec<usize>) -> Moved<'a> {
        let cones = Cones::new(plain, &places, |place| reached.rows(place).is_none());
        Moved { plain, reached, places, cones }
    }

    /// Multiplications that their derivatives take, about.
    fn work(&self) -> f64 {
        let (whole, rows) = (self.plain.work(), self.plain.rows as f64);
        let of = |(at, &place): (usize, &usize)| match self.reached.rows(place) {
            Some(rows) => rows.len() as f64 * whole,
            None => rows * self.cones.work(at),
        };
        self.places.iter().enumerate().map(of).sum()
    }

    /// The derivatives: row by row all numbers at rest, then by each parameter those that it moves, once more. A table's by all numbers of
    /// the rows that look its line up.
    fn tangents(&self, parameters: &[f64]) -> Vec<Tangent> {
        let parts = rayon::current_num_threads().clamp(1, self.places.len().max(1));
        let of_part = |part: usize| {
            let mut values = self.plain.at_rest(parameters);
            let own = (part..self.places.len()).step_by(parts);
            let (mut found, mut in_all_rows) = (Vec::with_capacity(own.len()), Vec::with_capacity(own.len()));
            for (place, at) in own.enumerate() {
                let rows = self.reached.rows(self.places[at]);
                let one = Some(Direction::One(self.places[at], 1.0));
                found.push(rows.map_or(Tangent::NONE, |rows| self.plain.mean_over(Some(rows), &mut values, one).0));
                in_all_rows.extend(rows.is_none().then_some((place, at)));
            }
            let rows = if in_all_rows.is_empty() { 0 } else { self.plain.rows };
            for row in 0..rows {
                self.plain.row(row, None, &mut values);
                for (node, values) in self.plain.graph.nodes.iter().zip(&mut values) {
                    if let Kind::Operation { .. } = node.kind {
                        cone::rest(values);
                    }
                }
                for &(place, at) in &in_all_rows {
                    found[place].add(self.cones.along(self.plain, at, &mut values), self.plain.rows);
                }
            }
            found
        };
        let found: Vec<Vec<Tangent>> = (0..parts).into_par_iter().map(of_part).collect();
        (0..self.places.len()).map(|at| found[at % parts][at / parts]).collect()
    }

    /// The same by all numbers of all rows.
    fn whole_passes(&self, parameters: &[f64]) -> Vec<Tangent> {
        let one = |values: &mut Vec<Vec<Dual>>, &place: &usize| self.plain.mean_over(None, values, Some(Direction::One(place, 1.0))).0;
        self.places.par_iter().map_init(|| self.plain.at_rest(parameters), one).collect()
    }

    /// Whether the derivatives by all parameters are what all numbers say along a random direction: an operation that acts on more than
    /// it says would be seen.
    fn adds_up(&self, parameters: &[f64], tangents: &[Tangent]) -> bool {
        let mut random = Random::new(0, Purpose::Check, SHAKES + 1);
        let direction: Vec<f64> = parameters.iter().map(|_| random.normal()).collect();
        let whole = self.plain.mean(parameters, Some(Direction::Along(&direction))).0.mean;
        let (mut sum, mut size) = (0.0, 0.0);
        for (tangent, along) in tangents.iter().zip(&direction) {
            sum += tangent.mean * along;
            size += (tangent.magnitude * along).abs();
        }
        (whole - sum).abs() <= 1e-10 * size || !(whole - sum).is_finite()
    }
}

/// The graph, computed plainly.
struct Plain<'a> {
    graph: &'a Graph<f64>,
    cost: NodeId,
    data: &'a [&'a [f64]],
    rows: usize,
}

impl Plain<'_> {
    /// Multiplications of an operation for one row, about: a layer's product takes one for each weight, what is computed number by number
    /// a few for each.
    fn work_of(&self, op: &dyn Op<f64>, shapes: &[Shape]) -> f64 {
        let size = |shape: &Shape| if let Shape::Rows(width) = shape { *width } else { 0 };
        let is_parameter = |shape: &Shape| matches!(shape, Shape::Parameter(..));
        let numbers = (shapes.iter().map(size).sum::<usize>() + op.reads(shapes)) as f64;
        if shapes.iter().any(is_parameter) { numbers } else { A_FUNCTION * numbers }
    }

    /// Multiplications for one row, about.
    fn work(&self) -> f64 {
        let uses = self.graph.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Operation { op, inputs } => {
                let shapes: Vec<Shape> = inputs.iter().map(|&id| self.graph.shape(id)).collect();
                Some(self.work_of(op.as_ref(), &shapes))
            }
            _ => None,
        });
        uses.sum()
    }

    /// Derivative of the mean cost along a direction, and the mean cost.
    fn mean(&self, parameters: &[f64], direction: Option<Direction<'_>>) -> (Tangent, f64) {
        self.mean_over(None, &mut self.at_rest(parameters), direction)
    }

    /// Places for the values of a row, node by node, with the parameters in theirs, which do not move.
    fn at_rest(&self, parameters: &[f64]) -> Vec<Vec<Dual>> {
        let values = self.graph.nodes.iter().map(|node| match node.kind {
            Kind::Parameter(index) => {
                let start = self.graph.parameters()[index].start;
                parameters[start..start + node.shape.size()].iter().map(|&value| Dual::fixed(value)).collect()
            }
            _ => vec![Dual::fixed(0.0); node.shape.size()],
        });
        values.collect()
    }

    /// Lets the parameters move along a direction, or puts those to rest that did.
    fn set(&self, values: &mut [Vec<Dual>], direction: Direction<'_>, moves: bool) {
        let tangent = |speed: f64| if moves { speed } else { 0.0 };
        for (node, values) in self.graph.nodes.iter().zip(values) {
            let Kind::Parameter(index) = node.kind else { continue };
            let start = self.graph.parameters()[index].start;
            match direction {
                Direction::One(place, speed) => {
                    if let Some(value) = place.checked_sub(start).and_then(|at| values.get_mut(at)) {
                        value.tangent = tangent(speed);
                    }
                }
                Direction::Along(speeds) => {
                    values.iter_mut().zip(&speeds[start..]).for_each(|(value, &speed)| value.tangent = tangent(speed));
                }
                Direction::Data(..) => {}
            }
        }
    }

    /// The same where only these rows have a derivative; none: all. The cost is then theirs alone. `values`: at rest, and left so.
    fn mean_over(&self, only: Option<&[u32]>, values: &mut [Vec<Dual>], direction: Option<Direction<'_>>) -> (Tangent, f64) {
        let all = only.is_none().then_some(0..self.rows).into_iter().flatten();
        let rows = all.chain(only.unwrap_or_default().iter().map(|&row| row as usize));
        if only.is_some_and(<[u32]>::is_empty) {
            return (Tangent::NONE, 0.0);
        }
        if let Some(direction) = direction {
            self.set(values, direction, true);
        }
        let mut tangent = Tangent::NONE;
        let mut cost = 0.0;
        let n = self.rows as f64;
        for row in rows {
            let moving = if let Some(Direction::Data(place, speed)) = direction { Some((place, speed)) } else { None };
            let result = self.row(row, moving, values);
            cost += result.value / n;
            tangent.add(result, self.rows);
        }
        if let Some(direction) = direction {
            self.set(values, direction, false);
        }
        (tangent, cost)
    }

    fn row(&self, row: usize, moving: Option<(Place, f64)>, values: &mut [Vec<Dual>]) -> Dual {
        for (id, node) in self.graph.nodes.iter().enumerate().take(self.cost.0 + 1) {
            match &node.kind {
                Kind::Parameter(_) => {}
                // Without a training there is nothing to draw.
                Kind::Mask(_) => values[id].fill(Dual::fixed(1.0)),
                Kind::Data(k) => {
                    let width = node.shape.size();
                    let line = &self.data[*k][row * width..][..width];
                    values[id].iter_mut().zip(line).for_each(|(value, &x)| *value = Dual::fixed(x));
                    if let Some((place, speed)) = moving.filter(|(place, _)| place.node.0 == id) {
                        values[id][place.index].tangent = speed;
                    }
                }
                Kind::Operation { op, inputs } => {
                    let (before, rest) = values.split_at_mut(id);
                    let x: Vec<&[Dual]> = inputs.iter().map(|input| before[input.0].as_slice()).collect();
                    op.plain(&x, &mut rest[0]);
                }
            }
        }
        values[self.cost.0][0]
    }
}
