//! The oracle: a scalar tape that is played backward. It shares no code with the engine.
//!
//! Every operation on a [`Var`] writes down its at most two parents and the derivative by each; [`backward`]
//! walks the notes from the cost to the leaves. One tape for each thread, wiped for each row.
//! Source: Linnainmaa 1970; Griewank and Walther, Evaluating Derivatives, chapter 3.

#![allow(dead_code)] // each test uses its own part

use backlit_engine::formula::{Function, Number};
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::f64::consts::PI;

/// A number whose history is known. `place` is where the tape holds it; a constant stands nowhere.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    /// Its value.
    pub value: f64,
    place: Option<u32>,
}

/// The derivative by one parent. Absent parents are place 0 with derivative 0.
type Parents = [(u32, f64); 2];

thread_local! {
    static TAPE: RefCell<Vec<Parents>> = const { RefCell::new(Vec::new()) };
    static MARGIN: Cell<f64> = const { Cell::new(f64::INFINITY) };
}

/// Wipes the tape and writes the leaves on it, in order.
pub fn begin(leaves: &[f64]) -> Vec<Var> {
    TAPE.with_borrow_mut(Vec::clear);
    MARGIN.set(f64::INFINITY);
    leaves.iter().map(|&value| note(value, &[])).collect()
}

/// Derivatives of `cost` by the first `leaves` numbers on the tape, and for each its magnitude: the sum over all
/// paths of the absolute product of the factors, against which the rounding of the sum is to be seen.
pub fn backward(cost: Var, leaves: usize) -> (Vec<f64>, Vec<f64>) {
    TAPE.with_borrow(|tape| {
        let mut adjoint = vec![(0.0, 0.0); tape.len()];
        if let Some(last) = cost.place {
            adjoint[last as usize] = (1.0, 1.0);
        }
        for (place, parents) in tape.iter().enumerate().rev() {
            let (slope, magnitude) = adjoint[place];
            for &(parent, derivative) in parents {
                if derivative != 0.0 {
                    adjoint[parent as usize].0 += slope * derivative;
                    adjoint[parent as usize].1 += magnitude * derivative.abs();
                }
            }
        }
        adjoint[..leaves].iter().copied().unzip()
    })
}

/// How near any comparison since `begin` came to a tie without being one: a shorter way than this to a kink.
pub fn margin() -> f64 {
    MARGIN.get()
}

fn note(value: f64, parents: &[(Var, f64)]) -> Var {
    let mut known: Parents = [(0, 0.0); 2];
    let mut moves = parents.is_empty();
    for (slot, (parent, derivative)) in known.iter_mut().zip(parents) {
        if let Some(place) = parent.place {
            *slot = (place, *derivative);
            moves = true;
        }
    }
    let place = moves.then(|| {
        TAPE.with_borrow_mut(|tape| {
            tape.push(known);
            tape.len() as u32 - 1
        })
    });
    Var { value, place }
}

/// 1 / (1 + e⁻ˣ)
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

/// Φ: near 0 by Marsaglia's series ½ + φ(x)(x + x³/3 + x⁵/15 + …), in the tails by Laplace's continued fraction
/// φ(x) / (|x| + 1/(|x| + 2/(|x| + …))). Relative error below 1e-12.
fn normal_cdf(x: f64) -> f64 {
    if x > 3.0 {
        return 1.0 - normal_cdf(-x);
    }
    if x < -3.0 {
        return density(x) / (1..=200).rev().fold(-x, |rest, k| -x + f64::from(k) / rest);
    }
    let (mut term, mut sum) = (x, 0.0);
    for k in 1..100 {
        sum += term;
        term *= x * x / f64::from(2 * k + 1);
    }
    0.5 + density(x) * sum
}

impl Number for Var {
    fn constant(value: f64) -> Var {
        Var { value, place: None }
    }
    fn add(&self, other: &Var) -> Var {
        note(self.value + other.value, &[(*self, 1.0), (*other, 1.0)])
    }
    fn subtract(&self, other: &Var) -> Var {
        note(self.value - other.value, &[(*self, 1.0), (*other, -1.0)])
    }
    fn multiply(&self, other: &Var) -> Var {
        note(self.value * other.value, &[(*self, other.value), (*other, self.value)])
    }
    fn divide(&self, other: &Var) -> Var {
        let quotient = self.value / other.value;
        note(quotient, &[(*self, 1.0 / other.value), (*other, -quotient / other.value)])
    }
    fn power(&self, exponent: &Var) -> Var {
        assert!(exponent.place.is_none(), "the cards raise to constants only");
        let n = exponent.value;
        note(self.value.powf(n), &[(*self, n * self.value.powf(n - 1.0))])
    }
    fn apply(&self, function: Function) -> Var {
        let x = self.value;
        if matches!(function, Function::Abs | Function::Sign) {
            let _ = self.order(&Var::constant(0.0));
        }
        let sign = if x == 0.0 { 0.0 } else { x.signum() };
        let (value, derivative) = match function {
            Function::Exp => (x.exp(), x.exp()),
            Function::Log => (x.ln(), 1.0 / x),
            Function::Log1p => (x.ln_1p(), 1.0 / (1.0 + x)),
            Function::Expm1 => (x.exp_m1(), x.exp()),
            Function::Sqrt => (x.sqrt(), 0.5 / x.sqrt()),
            Function::Abs => (x.abs(), sign),
            Function::Sign => (sign, 0.0),
            Function::Tanh => (x.tanh(), x.cosh().powi(-2)),
            Function::Cosh => (x.cosh(), x.sinh()),
            Function::Sigmoid => (logistic(x), logistic(x) * logistic(-x)),
            Function::Softplus => (if x > 30.0 { x + (-x).exp() } else { x.exp().ln_1p() }, logistic(x)),
            Function::NormalCdf => (normal_cdf(x), density(x)),
            Function::NormalPdf => (density(x), -x * density(x)),
        };
        note(value, &[(*self, derivative)])
    }
    fn order(&self, other: &Var) -> Option<Ordering> {
        let distance = (self.value - other.value).abs();
        if distance > 0.0 && (self.place.is_some() || other.place.is_some()) {
            MARGIN.set(MARGIN.get().min(distance));
        }
        self.value.partial_cmp(&other.value)
    }
}

/// Σ over the terms, from the first to the last.
pub fn sum(terms: impl IntoIterator<Item = Var>) -> Var {
    terms.into_iter().reduce(|sum, term| sum.add(&term)).unwrap_or(Var::constant(0.0))
}

/// One row of x Wᵀ + b. `x`: inputs, `w`: units × inputs, `b`: units or none
pub fn affine(x: &[Var], w: &[Var], b: Option<&[Var]>) -> Vec<Var> {
    let unit = |(u, w): (usize, &[Var])| {
        let products = sum(x.iter().zip(w).map(|(x, w)| x.multiply(w)));
        b.map_or(products, |b| products.add(&b[u]))
    };
    w.chunks_exact(x.len()).enumerate().map(unit).collect()
}

/// exp(zₖ) / Σⱼ exp(zⱼ), shifted by the largest so that nothing overflows
pub fn softmax(z: &[Var]) -> Vec<Var> {
    let largest = Var::constant(z.iter().fold(f64::NEG_INFINITY, |most, z| most.max(z.value)));
    let exponentials: Vec<Var> = z.iter().map(|z| z.subtract(&largest).apply(Function::Exp)).collect();
    let total = sum(exponentials.iter().copied());
    exponentials.iter().map(|e| e.divide(&total)).collect()
}

/// Σₖ yₖ (log Σⱼ exp(zⱼ) − zₖ), shifted likewise
pub fn cross_entropy(z: &[Var], y: &[Var]) -> Var {
    let largest = Var::constant(z.iter().fold(f64::NEG_INFINITY, |most, z| most.max(z.value)));
    let log_total = sum(z.iter().map(|z| z.subtract(&largest).apply(Function::Exp))).apply(Function::Log).add(&largest);
    sum(z.iter().zip(y).map(|(z, y)| y.multiply(&log_total.subtract(z))))
}
