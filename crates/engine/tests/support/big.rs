//! Numbers of several hundred bits for formulas, so that the exact result is known wherever f64 rounds.
//!
//! Exponentials of arguments beyond ±1800 lie far outside f64 and are kept as their logarithm, so that
//! log(1 + exp(z)) is z for z = 1e300 and a product of a tiny and a huge exponential is what it should be.

#![allow(dead_code)] // each test uses its own part

use super::floats::{Float, at, exp, exp_m1, exponent, float, ln, ln_1p, remembered, size};
use backlit_engine::formula::{Function, Number};
use std::cmp::Ordering;

/// Beyond this exponent e^x is kept as x.
const GIANT: f64 = 1800.0;

/// From here on the asymptotic series of the normal tail is good to 480 bits.
const FAR_TAIL: f64 = 26.0;

/// A number of so many bits as [`with_precision`](super::floats::with_precision) says.
#[derive(Clone, Debug)]
pub enum Big {
    /// An ordinary one.
    Plain(Float),
    /// ±e^log with |log| above 1800.
    Giant {
        /// Whether it lies below 0.
        negative: bool,
        /// The logarithm of its size.
        log: Float,
    },
    /// Not a number, or infinite.
    Nan,
}

use Big::{Giant, Nan, Plain};

/// φ(t), the normal density.
fn density(t: &Float) -> Big {
    thread_local! {
        static ROOT_OF_TWO_PI: Float = (Float::pi(4096) << 1).sqrt();
    }
    let root = ROOT_OF_TWO_PI.with(|root| at(root.clone(), t.precision()));
    Plain(-((t * t) >> 1)).exp().divide(&Plain(root))
}

/// Φ(−t) for t ≥ 0, relative error 2^-480 or the precision.
fn tail(t: &Float) -> Big {
    if t.to_f64().value() < FAR_TAIL { Plain(remembered(Function::NormalCdf, t, || near_tail(t))) } else { far_tail(t) }
}

/// ½ − φ(t) Σ t^(2n+1)/(2n+1)!!, with more bits for what cancels.
fn near_tail(t: &Float) -> Float {
    let bits = t.precision();
    let wider = bits + (0.75 * t.to_f64().value().powi(2)) as usize + 32;
    let t = at(t.clone(), wider);
    let square = &t * &t;
    let (mut term, mut sum, mut odd) = (t.clone(), t.clone(), 1u32);
    while term != Float::ZERO && exponent(&term) > exponent(&sum) - wider as isize {
        odd += 2;
        term = term * &square / Float::from(odd);
        sum += &term;
    }
    let Plain(density) = density(&t) else { unreachable!("t is below 26") };
    at((Float::ONE >> 1) - density * sum, bits)
}

/// Φ(−t) by both methods.
pub fn tails(t: f64) -> (Big, Big) {
    (Plain(near_tail(&float(t))), far_tail(&float(t)))
}

/// φ(t)/t · (1 − 1/t² + 1·3/t⁴ − …), up to its smallest term.
fn far_tail(t: &Float) -> Big {
    let bits = t.precision();
    let square = t * t;
    let (mut term, mut sum, mut odd) = (at(Float::ONE, bits), at(Float::ONE, bits), 1u32);
    loop {
        let next = &term * -Float::from(odd) / &square;
        if size(&next) >= size(&term) || exponent(&next) < -(bits as isize) {
            break;
        }
        sum += &next;
        term = next;
        odd += 2;
    }
    density(t).multiply(&Plain(sum / t))
}

impl Big {
    /// The exact value of a finite `x`.
    pub fn of(x: f64) -> Big {
        if x.is_finite() { Plain(float(x)) } else { Nan }
    }

    fn one() -> Big {
        Big::of(1.0)
    }

    /// ±e^log, plain where it can be.
    fn from_log(negative: bool, log: Float) -> Big {
        if size(&log) > Float::try_from(GIANT).expect("finite") {
            return Giant { negative, log };
        }
        let e = exp(&log);
        Plain(if negative { -e } else { e })
    }

    /// Its sign bit and the logarithm of its size; none for 0 and NaN.
    fn log_of_size(&self) -> Option<(bool, Float)> {
        match self {
            Plain(x) if *x == Float::ZERO => None,
            Plain(x) => Some((*x < Float::ZERO, ln(&size(x)))),
            Giant { negative, log } => Some((*negative, log.clone())),
            Nan => None,
        }
    }

    fn is_zero(&self) -> bool {
        matches!(self, Plain(x) if *x == Float::ZERO)
    }

    /// −1, 0 or 1; 0 for NaN.
    fn sign(&self) -> f64 {
        match self {
            Plain(x) if *x == Float::ZERO => 0.0,
            Plain(x) => 1.0 - 2.0 * f64::from(u8::from(*x < Float::ZERO)),
            Giant { negative, .. } => 1.0 - 2.0 * f64::from(u8::from(*negative)),
            Nan => 0.0,
        }
    }

    /// −self
    pub fn negate(&self) -> Big {
        match self {
            Plain(x) => Plain(-x.clone()),
            Giant { negative, log } => Giant { negative: !negative, log: log.clone() },
            Nan => Nan,
        }
    }

    fn exp(&self) -> Big {
        match self {
            Plain(x) => Big::from_log(false, x.clone()),
            Giant { log, .. } if *log < Float::ZERO => Big::one(),
            _ => Nan,
        }
    }

    /// e / (1 + e) or 1 / (1 + e) with e = exp(−|x|).
    fn sigmoid(&self) -> Big {
        let e = self.magnitude().negate().exp();
        let below = Big::one().add(&e);
        if self.sign() < 0.0 { e.divide(&below) } else { Big::one().divide(&below) }
    }

    /// self · 2^-places
    pub fn shrunk(&self, places: usize) -> Big {
        match self {
            Plain(x) => Plain(x.clone() >> places as isize),
            other => other.clone(),
        }
    }

    /// |self|
    pub fn magnitude(&self) -> Big {
        if self.sign() < 0.0 { self.negate() } else { self.clone() }
    }

    fn expm1(&self) -> Big {
        match self {
            Plain(x) if size(x) < Float::from(100) => Plain(exp_m1(x)),
            _ => self.exp().subtract(&Big::one()),
        }
    }

    fn log1p(&self) -> Big {
        match self {
            Plain(x) if *x > -Float::ONE => Plain(ln_1p(x)),
            Giant { negative: false, log } if *log > Float::ZERO => Plain(log.clone()),
            Giant { log, .. } if *log < Float::ZERO => self.clone(),
            _ => Nan,
        }
    }

    /// −t / (t + 2) with t = exp(−2|x|) − 1, and x's sign.
    fn tanh(&self) -> Big {
        let t = self.magnitude().multiply(&Big::of(-2.0)).expm1();
        let value = t.negate().divide(&t.add(&Big::of(2.0)));
        if self.sign() < 0.0 { value.negate() } else { value }
    }

    fn sqrt(&self) -> Big {
        match self {
            Plain(x) if *x >= Float::ZERO => Plain(x.sqrt()),
            Giant { negative: false, log } => Big::from_log(false, log.clone() >> 1),
            _ => Nan,
        }
    }

    fn normal_cdf(&self) -> Big {
        match self {
            Plain(x) if *x > Float::ZERO => Big::one().subtract(&tail(x)),
            Plain(x) => tail(&-x.clone()),
            _ => Nan,
        }
    }
}

impl Number for Big {
    fn constant(value: f64) -> Big {
        Big::of(value)
    }

    fn add(&self, other: &Big) -> Big {
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Plain(a), Plain(b)) => Plain(a + b),
            (Giant { log, .. }, b @ Plain(_)) => if *log > Float::ZERO || b.is_zero() { self } else { b }.clone(),
            (Plain(_), Giant { .. }) => other.add(self),
            (Giant { negative, log }, Giant { negative: opposite, log: other_log }) => {
                let (larger, smaller, sign) = if log >= other_log { (log, other_log, negative) } else { (other_log, log, opposite) };
                let share = Big::from_log(negative != opposite, smaller - larger);
                match share.log1p() {
                    Plain(rest) => Big::from_log(*sign, larger + rest),
                    Giant { .. } => Big::from_log(*sign, larger.clone()),
                    Nan => Big::of(0.0),
                }
            }
        }
    }

    fn subtract(&self, other: &Big) -> Big {
        self.add(&other.negate())
    }

    fn multiply(&self, other: &Big) -> Big {
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            (Plain(a), Plain(b)) => Plain(a * b),
            (Giant { negative, log }, Plain(b)) if exponent(log) > 200 && !other.is_zero() => {
                // The other's logarithm is below the last place.
                Giant { negative: *negative != (*b < Float::ZERO), log: log.clone() }
            }
            (Plain(_), Giant { .. }) => other.multiply(self),
            _ => match (self.log_of_size(), other.log_of_size()) {
                (Some((a, a_log)), Some((b, b_log))) => Big::from_log(a != b, a_log + b_log),
                _ => Big::of(0.0),
            },
        }
    }

    fn divide(&self, other: &Big) -> Big {
        match (self, other) {
            (Nan, _) | (_, Nan) => Nan,
            _ if other.is_zero() => Nan,
            (Plain(a), Plain(b)) => Plain(a / b),
            (_, Giant { negative, log }) => self.multiply(&Giant { negative: *negative, log: -log.clone() }),
            (Giant { .. }, Plain(b)) => self.multiply(&Plain(float(1.0) / b)),
        }
    }

    fn power(&self, exponent: &Big) -> Big {
        let whole = match exponent {
            Plain(x) => x.to_f64().value(),
            _ => f64::NAN,
        };
        if whole.abs() <= 64.0 && whole.fract() == 0.0 {
            let power = (0..whole.abs() as u32).fold(Big::one(), |product, _| product.multiply(self));
            return if whole < 0.0 { Big::one().divide(&power) } else { power };
        }
        if self.sign() > 0.0 { self.apply(Function::Log).multiply(exponent).exp() } else { Nan }
    }

    fn apply(&self, function: Function) -> Big {
        match (function, self) {
            (_, Nan) => Nan,
            (Function::Exp, _) => self.exp(),
            (Function::Expm1, _) => self.expm1(),
            (Function::Log, _) if self.sign() <= 0.0 => Nan,
            (Function::Log, _) => self.log_of_size().map_or(Nan, |(_, log)| Plain(log)),
            (Function::Log1p, _) => self.log1p(),
            (Function::Sqrt, _) => self.sqrt(),
            (Function::Abs, _) => self.magnitude(),
            (Function::Sign, _) => Big::of(self.sign()),
            (Function::Tanh, _) => self.tanh(),
            (Function::Cosh, _) => self.exp().add(&self.negate().exp()).divide(&Big::of(2.0)),
            (Function::Sigmoid, _) => self.sigmoid(),
            (Function::Softplus, _) => {
                let above = if self.sign() > 0.0 { self.clone() } else { Big::of(0.0) };
                above.add(&self.magnitude().negate().exp().log1p())
            }
            (Function::NormalCdf, _) => self.normal_cdf(),
            (Function::NormalPdf, Plain(x)) => density(x),
            (Function::NormalPdf, Giant { .. }) => Nan,
        }
    }

    fn order(&self, other: &Big) -> Option<Ordering> {
        match (self, other) {
            (Nan, _) | (_, Nan) => None,
            (Plain(a), Plain(b)) => Some(a.cmp(b)),
            _ => self.subtract(other).sign().partial_cmp(&0.0),
        }
    }
}
