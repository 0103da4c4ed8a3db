//! The largest errors of an operation against exact references.

use super::big::Big;
use super::floats::with_precision;
use super::points::{Domain, line, pairs};
use super::probe::{Given, forward, instances, lend, partial, shapes};
use super::reference::{Card, larger};
use super::stream::Stream;
use super::ulp::{Format, Worst};
use backlit_engine::formula::{Function, Number};
use backlit_engine::op::{Entry, Kind, Op};
use backlit_engine::{Scalar, Shape};
use std::sync::Arc;

/// Largest errors of value and partial.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// Numbers in a row, where a result is made of the whole row.
    pub width: usize,
    /// Of the value.
    pub value: Worst,
    /// Of the partial derivative.
    pub partial: Worst,
}

impl Errors {
    /// The larger ones of several.
    pub fn of_all(each: &[Errors]) -> Errors {
        each.iter().cloned().fold(Errors::default(), |a, b| Errors {
            width: 0,
            value: a.value.or(b.value),
            partial: a.partial.or(b.partial),
        })
    }
}

/// Which inputs a pointwise loss is made for.
fn domains(name: &str) -> Vec<Domain> {
    match name {
        "poisson" => vec![Domain::Counts],
        "binary_cross_entropy" => vec![Domain::Binary, Domain::Shares],
        _ => vec![Domain::Numbers],
    }
}

/// The errors of one operation: of those on rows for each width, of those without a function in them none.
pub fn errors<S: Scalar>(entry: &Entry<S>) -> Vec<Errors> {
    match entry.about.kind {
        Kind::Activation => vec![activation(entry)],
        Kind::PointwiseLoss => vec![pointwise_loss(entry)],
        _ if entry.about.name == "softmax" => WIDTHS.map(|width| softmax(entry, width)).to_vec(),
        _ if entry.about.name == "cross_entropy" => WIDTHS.map(|width| cross_entropy(entry, width)).to_vec(),
        _ => Vec::new(),
    }
}

/// Value and slope by the first input of an operation on single numbers, at each point.
/// `inputs`: one list for each input, all of one length.
pub fn values_and_slopes<S: Scalar>(op: &Arc<dyn Op<S>>, inputs: &[Vec<f64>]) -> Vec<(f64, f64)> {
    let points = inputs[0].len();
    let given: Vec<Given<S>> =
        inputs.iter().map(|numbers| Given { shape: Shape::Rows(1), numbers: numbers.iter().map(|&x| S::from_f64(x)).collect() }).collect();
    let shapes = shapes(&given);
    let chunks = lend(op, &given, points, move |op, x| {
        let kept = forward(op, x, &shapes, true);
        let ones = vec![S::ONE; x.rows()];
        let slopes = partial(op, x, &kept, 0, &ones, &vec![S::ZERO; x.rows()]);
        kept.out.iter().zip(slopes).map(|(value, slope)| (value.to_f64(), slope.to_f64())).collect::<Vec<_>>()
    });
    chunks.concat()
}

fn activation<S: Scalar>(entry: &Entry<S>) -> Errors {
    let format = Format::of(S::NAME);
    let points = line::<S>(1);
    let mut errors = Errors::default();
    for constants in instances(entry.about) {
        let card = Card::new(entry.about, &constants);
        let got = values_and_slopes(&(entry.make)(&constants), std::slice::from_ref(&points));
        for (&z, (value, slope)) in points.iter().zip(got) {
            let exact = card.at(&[z]);
            let at = || format!("z = {z:e} {constants:?}");
            errors.value.see(format.error(value, &exact.value), at);
            errors.partial.see(format.error(slope, &exact.slope), at);
        }
    }
    errors
}

fn pointwise_loss<S: Scalar>(entry: &Entry<S>) -> Errors {
    let format = Format::of(S::NAME);
    let mut errors = Errors::default();
    for domain in domains(entry.about.name) {
        for constants in instances(entry.about) {
            let card = Card::new(entry.about, &constants);
            let (a, y): (Vec<f64>, Vec<f64>) = pairs::<S>(domain, 2).into_iter().unzip();
            let got = values_and_slopes(&(entry.make)(&constants), &[a.clone(), y.clone()]);
            for ((&a, &y), (value, slope)) in a.iter().zip(&y).zip(got) {
                let exact = card.at(&[a, y]);
                let at = || format!("{a:e}, y = {y:e} {constants:?}");
                let (value_beside, slope_beside) = beside(domain, a, y, &exact.value, &exact.slope);
                errors.value.see(format.error_beside(value, &exact.value, &value_beside), at);
                errors.partial.see(format.error_beside(slope, &exact.slope, &slope_beside), at);
            }
        }
    }
    errors
}

/// The poisson cost's error is measured by the cost, or where that is smaller by a · 2^-10.
const CROSSING: usize = 10;

/// What the errors of value and partial are measured by: the exact result, but where it crosses 0 between two
/// terms the larger of them.
fn beside(domain: Domain, a: f64, y: f64, value: &Big, slope: &Big) -> (Big, Big) {
    match domain {
        // a − y log(a)
        Domain::Counts if y > 0.0 => (larger(value.clone(), Big::of(a).shrunk(CROSSING)), slope.clone()),
        // sigmoid(z) − y
        Domain::Shares => (value.clone(), larger(Big::of(a).apply(Function::Sigmoid), Big::of(y))),
        _ => (value.clone(), slope.clone()),
    }
}

/// Rows of logits, each with a target: one class, or shares of all.
struct Rows {
    /// rows × width
    z: Vec<f64>,
    /// rows × width
    y: Vec<f64>,
}

/// Random rows of one width; half of the targets are on the largest logit.
fn rows<S: Scalar>(width: usize) -> Rows {
    let stream = &mut Stream::new(3 + width as u64);
    let (mut z, mut y) = (Vec::new(), Vec::new());
    for k in 0..120 {
        let spread = [1.0, 10.0, 100.0, 800.0][k % 4];
        let row: Vec<f64> = (0..width).map(|_| S::from_f64(stream.between(-spread, spread)).to_f64()).collect();
        let largest = (0..width).fold(0, |best, k| if row[k] > row[best] { k } else { best });
        let other = (stream.bits() % width as u64) as usize;
        let class = if k % 8 < 4 { largest } else { other };
        let shares: Vec<f64> = (0..width).map(|_| stream.between(0.01, 1.0)).collect();
        let total: f64 = shares.iter().sum();
        let is_shared = k % 5 == 4;
        y.extend((0..width).map(|k| if is_shared { S::from_f64(shares[k] / total).to_f64() } else { f64::from(u8::from(k == class)) }));
        z.extend(row);
    }
    Rows { z, y }
}

/// exp(z[k] − the largest), and their sum. 1500 bits, so that 1 − p keeps its digits down to the smallest f64.
fn exponentials(z: &[f64]) -> (Vec<Big>, Big) {
    let most = z.iter().fold(f64::NEG_INFINITY, |m, &z| m.max(z));
    let e: Vec<Big> = z.iter().map(|&z| Big::of(z).subtract(&Big::of(most)).apply(Function::Exp)).collect();
    let sum = e.iter().fold(Big::of(0.0), |sum, e| sum.add(e));
    (e, sum)
}

fn given<S: Scalar>(width: usize, numbers: &[f64]) -> Given<S> {
    Given { shape: Shape::Rows(width), numbers: numbers.iter().map(|&x| S::from_f64(x)).collect() }
}

/// Widths of the rows that softmax and cross_entropy are tried on.
const WIDTHS: [usize; 3] = [2, 3, 10];

fn softmax<S: Scalar>(entry: &Entry<S>, width: usize) -> Errors {
    let rows = rows::<S>(width);
    let given = [given::<S>(width, &rows.z)];
    let shapes = shapes(&given);
    let chunks = lend(&(entry.make)(&[]), &given, rows.z.len() / width, move |op, x| {
        let kept = forward(op, x, &shapes, true);
        let jacobian: Vec<Vec<S>> = (0..width)
            .map(|k| {
                let upstream: Vec<S> = (0..kept.out.len()).map(|i| if i % width == k { S::ONE } else { S::ZERO }).collect();
                partial(op, x, &kept, 0, &upstream, &vec![S::ZERO; kept.out.len()])
            })
            .collect();
        (kept.out, jacobian)
    });
    let mut errors = Errors { width, ..Errors::default() };
    let format = Format::of(S::NAME);
    let mut row = 0;
    for (p, jacobian) in chunks {
        for r in 0..p.len() / width {
            let z = &rows.z[row * width..][..width];
            row += 1;
            with_precision(1500, || {
                let (e, sum) = exponentials(z);
                for k in 0..width {
                    let exact = e[k].divide(&sum);
                    errors.value.see(format.error(p[r * width + k].to_f64(), &exact), || format!("z = {z:?} [{k}]"));
                    for j in 0..width {
                        // Of p[k] (1 − p[k]) only p[k] keeps its digits: it is the measure on the diagonal.
                        let rest = if j == k { sum.subtract(&e[k]) } else { e[j].negate() };
                        let slope = exact.multiply(&rest.divide(&sum));
                        let measure = if j == k { exact.clone() } else { slope.clone() };
                        let got = jacobian[k][r * width + j].to_f64();
                        errors.partial.see(format.error_beside(got, &slope, &measure), || format!("z = {z:?} [{k}] by [{j}]"));
                    }
                }
            });
        }
    }
    errors
}

fn cross_entropy<S: Scalar>(entry: &Entry<S>, width: usize) -> Errors {
    let rows = rows::<S>(width);
    let given = [given::<S>(width, &rows.z), given::<S>(width, &rows.y)];
    let shapes = shapes(&given);
    let chunks = lend(&(entry.make)(&[]), &given, rows.z.len() / width, move |op, x| {
        let kept = forward(op, x, &shapes, true);
        let slope = partial(op, x, &kept, 0, &vec![S::ONE; x.rows()], &vec![S::ZERO; x.rows() * width]);
        (kept.out, slope)
    });
    let (costs, slopes): (Vec<Vec<S>>, Vec<Vec<S>>) = chunks.into_iter().unzip();
    let (costs, slopes) = (costs.concat(), slopes.concat());
    let mut errors = Errors { width, ..Errors::default() };
    let format = Format::of(S::NAME);
    for (row, cost) in costs.iter().enumerate() {
        let place = row * width..(row + 1) * width;
        let (z, y, slopes) = (&rows.z[place.clone()], &rows.y[place.clone()], &slopes[place]);
        with_precision(1500, || {
            let (e, sum) = exponentials(z);
            let total = y.iter().fold(Big::of(0.0), |sum, &y| sum.add(&Big::of(y)));
            let mut exact = Big::of(0.0);
            for k in 0..width {
                if y[k] != 0.0 {
                    exact = exact.add(&Big::of(y[k]).multiply(&sum.divide(&e[k]).apply(Function::Log)));
                }
                let pull = total.multiply(&e[k]).divide(&sum);
                let slope = pull.subtract(&Big::of(y[k]));
                // Shares cross 0 at p = y, a class of its own does not.
                let measure = if y[k] == 1.0 { slope.clone() } else { larger(pull, Big::of(y[k])) };
                errors.partial.see(format.error_beside(slopes[k].to_f64(), &slope, &measure), || format!("z = {z:?}, y = {y:?} [{k}]"));
            }
            errors.value.see(format.error(cost.to_f64(), &exact), || format!("z = {z:?}, y = {y:?}"));
        });
    }
    errors
}
