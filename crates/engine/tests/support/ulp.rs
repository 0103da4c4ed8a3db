//! Errors in units in the last place of the exact result, and the largest of them.

use super::big::Big;
use super::floats::{Float, exponent, size};

/// What matters of f32 or f64.
#[derive(Clone, Copy)]
pub struct Format {
    /// Bits of the significand.
    digits: isize,
    /// Exponent of the smallest subnormal.
    least: isize,
    /// Exponent of the first power of two beyond the largest number.
    beyond: isize,
}

impl Format {
    /// `"f32"` or `"f64"`.
    pub fn of(name: &str) -> Format {
        match name {
            "f32" => Format { digits: 24, least: -149, beyond: 128 },
            _ => Format { digits: 53, least: -1074, beyond: 1024 },
        }
    }

    /// Exponent of the unit in the last place of `x`; in the subnormal range that of the smallest subnormal.
    fn ulp(self, x: &Float) -> isize {
        if *x == Float::ZERO {
            return self.least;
        }
        (exponent(x) - (self.digits - 1)).clamp(self.least, self.beyond - self.digits)
    }

    /// |got − exact| in units in the last place of `exact`; infinite for NaN.
    pub fn error(self, got: f64, exact: &Big) -> f64 {
        self.error_beside(got, exact, exact)
    }

    /// |got − exact| in units in the last place of `measure`, which is larger where terms cancel.
    pub fn error_beside(self, got: f64, exact: &Big, measure: &Big) -> f64 {
        let zero = Float::ZERO;
        let beyond = Float::ONE << self.beyond;
        let exact = match exact {
            Big::Nan => panic!("the reference has no value"),
            Big::Plain(x) => x.clone(),
            // So large that it must round to infinity, or so small that it must round to 0.
            Big::Giant { log, .. } if *log < zero => zero.clone(),
            Big::Giant { negative: true, .. } => -beyond.clone(),
            Big::Giant { .. } => beyond.clone(),
        };
        if got.is_nan() {
            return f64::INFINITY;
        }
        if got.is_infinite() && (exact > zero) == (got > 0.0) && size(&exact) >= beyond {
            return 0.0;
        }
        let got = match got {
            f64::INFINITY => beyond,
            f64::NEG_INFINITY => -beyond,
            _ => Float::try_from(got).expect("a finite number"),
        };
        let unit = match measure {
            Big::Plain(x) => self.ulp(x).max(self.ulp(&exact)),
            _ => self.ulp(&exact),
        };
        let difference = size(&(got.with_precision(exact.precision().max(400)).value() - exact));
        (difference >> unit).to_f64().value()
    }
}

/// The largest error seen, and where.
#[derive(Clone, Debug, Default)]
pub struct Worst {
    /// In ulp.
    pub error: f64,
    /// The inputs.
    pub at: String,
}

impl Worst {
    /// Takes an error into account.
    pub fn see(&mut self, error: f64, at: impl FnOnce() -> String) {
        if error > self.error {
            *self = Worst { error, at: at() };
        }
    }

    /// The larger of the two.
    pub fn or(self, other: Worst) -> Worst {
        if other.error > self.error { other } else { self }
    }

    /// In hundredths, rounded up.
    pub fn rounded_up(&self) -> String {
        format!("{:.2}", (self.error * 100.0).ceil() / 100.0)
    }
}
