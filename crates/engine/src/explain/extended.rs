//! Sums and products of chain factors without loss: about 31 digits and no limit to the exponent.
//!
//! Source: Dekker, Numerische Mathematik 18, 1971 (the two halves); the exponent stands apart, so that a chain
//! of a hundred saturated slopes is a number and not 0.

use std::cmp::Ordering;

/// (high + low) · 2^exponent, with 1 ≤ |high| < 2 and |low| ≤ half an ulp of high; 0 is all zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extended {
    high: f64,
    low: f64,
    exponent: i64,
}

/// Beyond so many binary digits a summand is lost in 106.
const FAR: i64 = 220;

impl Extended {
    /// 0
    pub const ZERO: Extended = Extended { high: 0.0, low: 0.0, exponent: 0 };
    /// 1
    pub const ONE: Extended = Extended { high: 1.0, low: 0.0, exponent: 0 };

    /// A number, exactly. Infinite and NaN stay what they are.
    pub fn new(value: f64) -> Extended {
        let (high, exponent) = split(value);
        Extended { high, low: 0.0, exponent }
    }

    /// Brings high into [1, 2).
    fn normal(high: f64, low: f64, exponent: i64) -> Extended {
        let (sum, rest) = two_sum(high, low);
        let (_, shift) = split(sum);
        if sum == 0.0 || !sum.is_finite() {
            return Extended { high: sum, low: 0.0, exponent: 0 };
        }
        // |shift| is small here: multiplying by a power of two is exact.
        let scale = power_of_two(-shift);
        Extended { high: sum * scale, low: rest * scale, exponent: exponent + shift }
    }

    /// self · other
    pub fn times(self, other: Extended) -> Extended {
        let product = self.high * other.high;
        let error = self.high.mul_add(other.high, -product);
        let low = error + (self.high * other.low + self.low * other.high);
        Extended::normal(product, if product.is_finite() { low } else { 0.0 }, self.exponent + other.exponent)
    }

    /// self + other
    pub fn plus(self, other: Extended) -> Extended {
        let (large, small) =
            if other.high == 0.0 || (self.high != 0.0 && self.exponent >= other.exponent) { (self, other) } else { (other, self) };
        if small.high == 0.0 || (large.exponent - small.exponent > FAR && small.high.is_finite()) {
            return if large.high == 0.0 { Extended::ZERO } else { large };
        }
        let scale = power_of_two((small.exponent - large.exponent).max(-FAR));
        let (sum, error) = two_sum(large.high, small.high * scale);
        let (low, rest) = two_sum(large.low, small.low * scale);
        let (sum, error) = two_sum(sum, error + low);
        Extended::normal(sum, error + rest, large.exponent)
    }

    /// −self
    pub fn negative(self) -> Extended {
        Extended { high: -self.high, low: -self.low, ..self }
    }

    /// self − other
    pub fn minus(self, other: Extended) -> Extended {
        self.plus(other.negative())
    }

    /// |self|
    pub fn abs(self) -> Extended {
        if self.high < 0.0 { self.negative() } else { self }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.high == 0.0
    }

    /// self / other, to the accuracy of an f64.
    pub fn ratio(self, other: Extended) -> f64 {
        let quotient = Extended::normal((self.high + self.low) / (other.high + other.low), 0.0, self.exponent - other.exponent);
        quotient.to_f64()
    }

    /// The nearest f64.
    pub fn to_f64(self) -> f64 {
        let sum = self.high + self.low;
        // In two steps, the second of which may round into the subnormal numbers.
        match self.exponent {
            ..-1200 => 0.0 * sum,
            -1200..-1000 => sum * power_of_two(-1000) * power_of_two(self.exponent + 1000),
            -1000..=1000 => sum * power_of_two(self.exponent),
            1001..=1100 => sum * power_of_two(1000) * power_of_two(self.exponent - 1000),
            _ => sum * f64::INFINITY,
        }
    }

    /// By size of the number; NaN stands last.
    pub fn compare(self, other: Extended) -> Ordering {
        match self.minus(other).high.partial_cmp(&0.0) {
            Some(order) => order,
            None => self.high.is_nan().cmp(&other.high.is_nan()),
        }
    }
}

/// a + b and what rounding lost.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let back = sum - a;
    (sum, (a - (sum - back)) + (b - back))
}

/// value = m · 2^e with 1 ≤ |m| < 2.
fn split(value: f64) -> (f64, i64) {
    if value == 0.0 || !value.is_finite() {
        return (value, 0);
    }
    let (value, shift) = if value.abs() < f64::MIN_POSITIVE { (value * power_of_two(100), 100) } else { (value, 0) };
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1023 << 52)), exponent - shift)
}

/// 2^e for −1022 ≤ e ≤ 1023.
fn power_of_two(e: i64) -> f64 {
    f64::from_bits(((1023 + e.clamp(-1022, 1023)) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Extended {
        values.iter().fold(Extended::ONE, |product, &v| product.times(Extended::new(v)))
    }

    #[test]
    fn products_and_sums_are_those_of_whole_numbers() {
        // 53-bit whole numbers, against 128-bit arithmetic.
        let numbers = [9_007_199_254_740_991_i128, -4_503_599_627_370_497, 123_456_789_012_345, -7, 1];
        for &a in &numbers {
            for &b in &numbers {
                let product = Extended::new(a as f64).times(Extended::new(b as f64));
                let exact = Extended::new(a as f64 * b as f64);
                let rest = product.minus(exact).to_f64();
                assert_eq!(rest as i128, a * b - (a as f64 * b as f64) as i128, "{a} · {b}");
                let sum = Extended::new(a as f64).plus(product).minus(product).to_f64();
                assert_eq!(sum, a as f64, "{a} + {a}·{b}");
            }
        }
    }

    #[test]
    fn nothing_is_too_small_or_too_large_on_the_way() {
        assert_eq!(of(&[1e-300, 1e-300, 1e300, 3e300]).to_f64(), 3.0);
        assert_eq!(of(&[5e-324, 1e300, 1e300, 1e-276]).to_f64(), 4.940_656_458_412_465);
        assert_eq!(of(&[1e-200, 1e-200]).to_f64(), 0.0);
        assert_eq!(of(&[1e200, -1e200]).to_f64(), f64::NEG_INFINITY);
        assert_eq!(of(&[1e-160, 1e-160]).to_f64(), 1e-320);
        assert!(of(&[1e-200, 1e-200]).compare(of(&[1e-200, 1.1e-200])).is_lt());
        assert!(of(&[f64::NAN, 1.0]).to_f64().is_nan());
        assert_eq!(of(&[f64::INFINITY, 2.0]).to_f64(), f64::INFINITY);
    }

    #[test]
    fn cancellation_keeps_what_is_left() {
        let large = Extended::new(1e20);
        assert_eq!(large.plus(Extended::new(1.5)).minus(large).to_f64(), 1.5);
        assert_eq!(Extended::new(3.0).ratio(Extended::new(-2.0)), -1.5);
        assert_eq!(Extended::ZERO.plus(Extended::new(-4.0)).abs().to_f64(), 4.0);
    }
}
