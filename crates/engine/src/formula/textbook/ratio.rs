//! Exact numbers: what a person writes as a whole number, a fraction or a short decimal.

use crate::formula::{Formula, Sign};
use std::hash::{Hash, Hasher};

/// numerator / denominator in lowest terms. A number that would need more digits than f64 prints is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
    /// It was written with a decimal point, and will be.
    decimal: bool,
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Ratio) -> bool {
        (self.numerator, self.denominator) == (other.numerator, other.denominator)
    }
}

impl Eq for Ratio {}

impl Hash for Ratio {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.numerator, self.denominator).hash(state);
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> std::cmp::Ordering {
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

/// Whole numbers up to here are themselves in f64.
const WHOLE: i128 = 1 << 53;
/// Decimal digits that a printed f64 can have.
const DIGITS: i128 = 100_000_000_000_000_000;
const TEN_TO_18: i128 = 1_000_000_000_000_000_000;

impl Ratio {
    pub const ZERO: Ratio = Ratio::whole(0);
    pub const ONE: Ratio = Ratio::whole(1);
    pub const MINUS_ONE: Ratio = Ratio::whole(-1);
    pub const HALF: Ratio = Ratio { numerator: 1, denominator: 2, decimal: false };

    pub const fn whole(value: i32) -> Ratio {
        Ratio { numerator: value as i128, denominator: 1, decimal: false }
    }

    fn new(numerator: i128, denominator: i128, decimal: bool) -> Option<Ratio> {
        if denominator == 0 {
            return None;
        }
        let divisor = gcd(numerator, denominator) * denominator.signum();
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        let decimal = decimal && denominator != 1 && TEN_TO_18 % denominator == 0;
        let fits = if decimal {
            let mut shift = 1;
            while shift % denominator != 0 {
                shift *= 10;
            }
            numerator.abs().checked_mul(shift / denominator).is_some_and(|digits| digits < DIGITS)
        } else {
            numerator.abs() <= WHOLE && denominator <= WHOLE
        };
        fits.then_some(Ratio { numerator, denominator, decimal })
    }

    /// The number whose shortest digits these are.
    pub fn from_f64(value: f64) -> Option<Ratio> {
        if !value.is_finite() {
            return None;
        }
        if value.fract() == 0.0 {
            return if value.abs() <= WHOLE as f64 { Ratio::new(value as i128, 1, false) } else { None };
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e')?;
        let places = digits.split_once('.').map_or(0, |(_, places)| places.len() as i32);
        let shift = u32::try_from(places - exponent.parse::<i32>().ok()?).ok()?;
        if shift > 18 {
            return None;
        }
        Ratio::new(digits.replace('.', "").parse().ok()?, 10i128.pow(shift), true)
    }

    pub fn to_f64(self) -> f64 {
        if self.decimal {
            let shift = (0..=18).find(|&k| 10i128.pow(k) % self.denominator == 0).unwrap_or(0);
            let digits = self.numerator * (10i128.pow(shift) / self.denominator);
            return format!("{digits}e-{shift}").parse().unwrap_or(f64::NAN);
        }
        self.numerator as f64 / self.denominator as f64
    }

    pub fn plus(self, other: Ratio) -> Option<Ratio> {
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Ratio::new(numerator, self.denominator * other.denominator, self.decimal || other.decimal)
    }

    pub fn times(self, other: Ratio) -> Option<Ratio> {
        let decimal = self.decimal || other.decimal;
        Ratio::new(self.numerator * other.numerator, self.denominator * other.denominator, decimal)
    }

    pub fn over(self, other: Ratio) -> Option<Ratio> {
        let decimal = self.decimal || other.decimal;
        Ratio::new(self.numerator * other.denominator, self.denominator * other.numerator, decimal)
    }

    pub fn negated(self) -> Ratio {
        Ratio { numerator: -self.numerator, ..self }
    }

    pub fn magnitude(self) -> Ratio {
        Ratio { numerator: self.numerator.abs(), ..self }
    }

    /// self ^ exponent, where that is short.
    pub fn power(self, exponent: i64) -> Option<Ratio> {
        if exponent.unsigned_abs() > 64 && self.magnitude() != Ratio::ONE {
            return None;
        }
        let mut result = Ratio::ONE;
        // The powers of ±1 repeat.
        for _ in 0..exponent.unsigned_abs() % 1024 {
            result = result.times(self)?;
        }
        if exponent < 0 { Ratio::ONE.over(result) } else { Some(result) }
    }

    /// The square root of a square.
    pub fn root(self) -> Option<Ratio> {
        let root = |square: i128| {
            let root = (square as f64).sqrt().round() as i128;
            (root * root == square).then_some(root)
        };
        if self.is_negative() {
            return None;
        }
        Ratio::new(root(self.numerator)?, root(self.denominator)?, self.decimal)
    }

    /// The whole number it is.
    pub fn integer(self) -> Option<i64> {
        if self.denominator == 1 { i64::try_from(self.numerator).ok() } else { None }
    }

    pub fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// The largest whole number not above it.
    pub fn floor(self) -> i64 {
        self.numerator.div_euclid(self.denominator) as i64
    }

    /// The greatest whole number in both, where both are whole.
    pub fn common(self, other: Ratio) -> Option<Ratio> {
        if self.denominator == 1 && other.denominator == 1 { Ratio::new(gcd(self.numerator, other.numerator), 1, false) } else { None }
    }

    /// Numerator and denominator as they are written; a decimal is its own numerator.
    pub fn written(self) -> (f64, f64) {
        if self.decimal { (self.to_f64(), 1.0) } else { (self.numerator as f64, self.denominator as f64) }
    }

    /// As a formula.
    pub fn formula(self) -> Formula {
        let (numerator, denominator) = self.magnitude().written();
        let mut formula = Formula::Constant(numerator);
        if denominator != 1.0 {
            formula = Formula::Arithmetic(Sign::Over, Box::new(formula), Box::new(Formula::Constant(denominator)));
        }
        if self.is_negative() { Formula::Negative(Box::new(formula)) } else { formula }
    }
}

fn gcd(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_stay_decimals_and_fractions_fractions() {
        let of = |value| Ratio::from_f64(value).unwrap();
        assert_eq!(of(0.1).plus(of(0.2)).unwrap().to_f64(), 0.3);
        assert_eq!(of(0.5).times(of(2.0)).unwrap(), Ratio::ONE);
        assert_eq!(of(1.0).over(of(3.0)).unwrap().written(), (1.0, 3.0));
        assert_eq!(of(0.25).written(), (0.25, 1.0));
        assert_eq!(of(1.0).over(of(4.0)).unwrap().written(), (1.0, 4.0));
        assert_eq!(of(1.0507009873554805).to_f64(), 1.0507009873554805);
        assert_eq!(of(1.0507009873554805).times(of(1.7580993408473766)), None);
        assert_eq!((Ratio::from_f64(1e300), Ratio::from_f64(1e-30), Ratio::from_f64(f64::NAN)), (None, None, None));
        assert_eq!((of(2.25).root(), of(2.0).root()), (Ratio::from_f64(1.5), None));
        assert_eq!((of(2.0).power(-3).unwrap().to_f64(), of(10.0).power(40)), (0.125, None));
        assert_eq!((Ratio::MINUS_ONE.power(5000), Ratio::MINUS_ONE.power(-5001)), (Some(Ratio::ONE), Some(Ratio::MINUS_ONE)));
    }
}
