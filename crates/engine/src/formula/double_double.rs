//! Numbers of about 31 digits: the unevaluated sum of two doubles.
//!
//! Source: Dekker, Numerische Mathematik 18, 1971; Hida, Li and Bailey, ARITH-15, 2001. Functions are good to 1e-30 of
//! their value, powers to 1e-28, as long as its low part is not below the smallest double: for results above 1e-290.

use super::{Function, Number};
use backlit_kernels::math;
use std::cmp::Ordering;
use std::ops::Neg;

/// high + low, where low is at most half a unit in the last place of high. Infinities and NaN have low = 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubleDouble {
    /// The nearest double.
    pub high: f64,
    /// The rest.
    pub low: f64,
}

/// ln 2 in three doubles.
const LN_2: [f64; 3] = [std::f64::consts::LN_2, 2.3190468138462996e-17, 5.707708438416212e-34];
/// 1 / √(2π)
const DENSITY_AT_0: DoubleDouble = DoubleDouble { high: 0.3989422804014327, low: -2.49232720227773e-17 };
const ONE: DoubleDouble = DoubleDouble { high: 1.0, low: 0.0 };

/// a + b for |a| ≥ |b|.
fn quick_sum(a: f64, b: f64) -> DoubleDouble {
    let high = a + b;
    if !high.is_finite() {
        return DoubleDouble::from(high);
    }
    DoubleDouble { high, low: b - (high - a) }
}

impl DoubleDouble {
    /// a + b, exactly.
    pub fn from_sum(a: f64, b: f64) -> DoubleDouble {
        let high = a + b;
        if !high.is_finite() {
            return DoubleDouble::from(high);
        }
        let part = high - a;
        DoubleDouble { high, low: (a - (high - part)) + (b - part) }
    }

    /// a · b, exactly unless the product is below 1e-290 or infinite.
    pub fn from_product(a: f64, b: f64) -> DoubleDouble {
        let high = a * b;
        if !high.is_finite() {
            return DoubleDouble::from(high);
        }
        DoubleDouble { high, low: a.mul_add(b, -high) }
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.high
    }

    fn is_negative(self) -> bool {
        self.high < 0.0
    }

    /// |self|
    pub fn magnitude(self) -> DoubleDouble {
        if self.is_negative() { -self } else { self }
    }

    /// self · 2^places, for |places| up to 2000.
    fn shifted(self, places: i32) -> DoubleDouble {
        let power = |n: i32| f64::from_bits(((1023 + i64::from(n)) as u64) << 52);
        let (first, rest) = (places / 2, places - places / 2);
        quick_sum(self.high * power(first) * power(rest), self.low * power(first) * power(rest))
    }

    /// self / n for a small whole n.
    fn over(self, n: f64) -> DoubleDouble {
        self.divide(&DoubleDouble::from(n))
    }

    fn plus(self, x: f64) -> DoubleDouble {
        Number::add(&self, &DoubleDouble::from(x))
    }

    fn squared(self) -> DoubleDouble {
        self.multiply(&self)
    }

    /// e^self − 1 for |self| below 0.4: by Taylor for self / 512, then e^2x − 1 = s (s + 2) nine times.
    fn small_expm1(self) -> DoubleDouble {
        let x = DoubleDouble { high: self.high / 512.0, low: self.low / 512.0 };
        // x (1 + x/2 (1 + x/3 (…)))
        let series = (2..=10).rev().fold(ONE, |sum, n| sum.multiply(&x).over(f64::from(n)).plus(1.0)).multiply(&x);
        (0..9).fold(series, |s, _| s.multiply(&s.plus(2.0)))
    }

    /// e^self, by self = k ln 2 + r.
    fn exp(self) -> DoubleDouble {
        if self.high.is_nan() {
            return self;
        }
        if self.high > 710.0 {
            return DoubleDouble::from(f64::INFINITY);
        }
        if self.high < -746.0 {
            return DoubleDouble::from(0.0);
        }
        let k = (self.high / LN_2[0]).round();
        let rest = LN_2.iter().fold(self, |rest, part| rest.subtract(&DoubleDouble::from_product(k, *part)));
        rest.small_expm1().plus(1.0).shifted(k as i32)
    }

    fn expm1(self) -> DoubleDouble {
        if self.high.abs() < 0.35 { self.small_expm1() } else { self.exp().plus(-1.0) }
    }

    /// 2 artanh(t) = 2 (t + t³/3 + t⁵/5 + …) for |t| below 0.04.
    fn twice_artanh(self) -> DoubleDouble {
        let square = self.squared();
        let series = (0..=12).rev().fold(DoubleDouble::from(0.0), |sum, n| {
            let term = ONE.over(f64::from(2 * n + 1));
            Number::add(&sum.multiply(&square), &term)
        });
        series.multiply(&self).shifted(1)
    }

    fn log(self) -> DoubleDouble {
        if self.high.is_nan() || self.high == f64::INFINITY {
            return self;
        }
        if self.high <= 0.0 {
            return DoubleDouble::from(if self.high == 0.0 { f64::NEG_INFINITY } else { f64::NAN });
        }
        let near = self.plus(-1.0);
        if near.high.abs() < 0.06 {
            return near.log1p();
        }
        // A mantissa between 0.7 and 1.4 has no power of 2 to cancel against.
        let k = math::ln(self.high / std::f64::consts::SQRT_2) / LN_2[0];
        let k = k.ceil();
        let mantissa = self.shifted(-(k as i32));
        // One step of Newton on e^y = m: log m = y + (m e^-y − 1), what follows being below the last digit.
        let start = math::ln(mantissa.high);
        let step = mantissa.multiply(&DoubleDouble::from(-start).exp()).plus(-1.0);
        let log = step.subtract(&step.squared().shifted(-1)).plus(start);
        LN_2.iter().rev().fold(log, |sum, part| Number::add(&sum, &DoubleDouble::from_product(k, *part)))
    }

    fn log1p(self) -> DoubleDouble {
        if self.high.abs() < 0.06 { self.divide(&self.plus(2.0)).twice_artanh() } else { self.plus(1.0).log() }
    }

    /// One step of Newton from the double's root. Source: Karp and Markstein, ACM TOMS 23, 1997.
    fn sqrt(self) -> DoubleDouble {
        if self.high <= 0.0 || !self.high.is_finite() {
            return DoubleDouble::from(self.high.sqrt());
        }
        if self.high < 1e-200 {
            return self.shifted(400).sqrt().shifted(-200);
        }
        let root = self.high.sqrt();
        let rest = self.subtract(&DoubleDouble::from_product(root, root));
        quick_sum(root, rest.high / (2.0 * root))
    }

    /// −m / (m + 2) with m = e^−2|x| − 1, which lies between −1 and 0.
    fn tanh(self) -> DoubleDouble {
        let m = (-self.magnitude().shifted(1)).expm1();
        let value = (-m).divide(&m.plus(2.0));
        if self.is_negative() { -value } else { value }
    }

    /// h h / 2 + 1 / (2 h h) with h = e^|x/2|, whose square is finite wherever the value is.
    fn cosh(self) -> DoubleDouble {
        let h = self.magnitude().shifted(-1).exp();
        let half = h.shifted(-1);
        let above = h.multiply(&half);
        if self.high.abs() > 80.0 { above } else { Number::add(&above, &ONE.divide(&h.multiply(&h.shifted(1)))) }
    }

    /// e / (1 + e) or 1 / (1 + e) with e = e^−|x|.
    fn sigmoid(self) -> DoubleDouble {
        let e = (-self.magnitude()).exp();
        let above = if self.is_negative() { e } else { ONE };
        above.divide(&e.plus(1.0))
    }

    fn softplus(self) -> DoubleDouble {
        let log = (-self.magnitude()).exp().log1p();
        if self.is_negative() { log } else { Number::add(&self, &log) }
    }

    /// e^(−x²/2) / √(2π), the square kept to 48 digits.
    fn normal_pdf(self) -> DoubleDouble {
        if self.high.abs() > 40.0 {
            return DoubleDouble::from(0.0);
        }
        let square = DoubleDouble::from_product(self.high, self.high);
        let rest = DoubleDouble::from_product(2.0 * self.high, self.low).plus(self.low * self.low).plus(square.low);
        let large = DoubleDouble::from(-0.5 * square.high).exp();
        large.multiply(&(-rest.shifted(-1)).exp()).multiply(&DENSITY_AT_0)
    }

    /// Near 0 the series ½ + φ Σ x²ᵏ⁺¹/(1·3·5···(2k+1)), further out Φ(−x) = φ/(x + 1/(x + 2/(x + 3/…))).
    /// Source: Abramowitz and Stegun 26.2.11 and 26.2.14.
    fn normal_cdf(self) -> DoubleDouble {
        if self.high.is_nan() {
            return self;
        }
        let size = self.magnitude();
        if size.high < 1.0 {
            let square = self.squared();
            // The 28th term is below 1 / (3·5···57).
            let series = (1..=28).rev().fold(ONE, |sum, k| sum.multiply(&square).over(f64::from(2 * k + 1)).plus(1.0));
            return series.multiply(&self).multiply(&self.normal_pdf()).plus(0.5);
        }
        let tail = if size.high > 40.0 {
            DoubleDouble::from(0.0)
        } else {
            // The error falls with exp(−2 x √n).
            let terms = (1500.0 / (size.high * size.high)) as u32 + 20;
            let fraction =
                (1..=terms).rev().fold(size, |fraction, k| Number::add(&size, &DoubleDouble::from(f64::from(k)).divide(&fraction)));
            size.normal_pdf().divide(&fraction)
        };
        if self.is_negative() { tail } else { ONE.subtract(&tail) }
    }

    /// Whether it is a whole number, and an odd one.
    fn parity(self) -> Option<bool> {
        if self.high.is_infinite() {
            return Some(false);
        }
        let whole = self.high.fract() == 0.0 && self.low.fract() == 0.0;
        whole.then(|| (self.high % 2.0 != 0.0) != (self.low % 2.0 != 0.0))
    }
}

impl From<f64> for DoubleDouble {
    fn from(value: f64) -> DoubleDouble {
        DoubleDouble { high: value, low: 0.0 }
    }
}

impl Neg for DoubleDouble {
    type Output = DoubleDouble;
    fn neg(self) -> DoubleDouble {
        DoubleDouble { high: -self.high, low: -self.low }
    }
}

impl PartialOrd for DoubleDouble {
    fn partial_cmp(&self, other: &DoubleDouble) -> Option<Ordering> {
        Some(self.high.partial_cmp(&other.high)?.then(self.low.partial_cmp(&other.low)?))
    }
}

impl Number for DoubleDouble {
    fn constant(value: f64) -> DoubleDouble {
        DoubleDouble::from(value)
    }

    fn add(&self, other: &DoubleDouble) -> DoubleDouble {
        let high = DoubleDouble::from_sum(self.high, other.high);
        if !high.high.is_finite() {
            return high;
        }
        let low = DoubleDouble::from_sum(self.low, other.low);
        let sum = quick_sum(high.high, high.low + low.high);
        quick_sum(sum.high, sum.low + low.low)
    }

    fn subtract(&self, other: &DoubleDouble) -> DoubleDouble {
        Number::add(self, &-*other)
    }

    fn multiply(&self, other: &DoubleDouble) -> DoubleDouble {
        let product = DoubleDouble::from_product(self.high, other.high);
        if !product.high.is_finite() {
            return product;
        }
        quick_sum(product.high, product.low + self.high.mul_add(other.low, self.low * other.high))
    }

    fn divide(&self, other: &DoubleDouble) -> DoubleDouble {
        let first = self.high / other.high;
        if !first.is_finite() || other.high.is_infinite() {
            return DoubleDouble::from(first);
        }
        let less = |rest: &DoubleDouble, quotient: f64| rest.subtract(&other.multiply(&DoubleDouble::from(quotient)));
        let rest = less(self, first);
        let second = rest.high / other.high;
        let third = less(&rest, second).high / other.high;
        quick_sum(first, second).plus(third)
    }

    /// A whole power up to 64 by squaring, others as e^(exponent · log |self|).
    fn power(&self, exponent: &DoubleDouble) -> DoubleDouble {
        if self.high.is_nan() || exponent.high.is_nan() {
            return Self::nan();
        }
        let parity = exponent.parity();
        if parity.is_some() && exponent.high.abs() <= 64.0 {
            let (mut left, mut square, mut result) = (exponent.high.abs() as u32, *self, ONE);
            while left > 0 {
                if left % 2 == 1 {
                    result = result.multiply(&square);
                }
                left /= 2;
                if left > 0 {
                    square = square.squared();
                }
            }
            return if exponent.is_negative() { ONE.divide(&result) } else { result };
        }
        let size = self.magnitude().log().multiply(exponent).exp();
        match parity {
            None if self.is_negative() => Self::nan(),
            Some(true) if self.is_negative() => -size,
            _ => size,
        }
    }

    fn apply(&self, function: Function) -> DoubleDouble {
        let x = *self;
        match function {
            Function::Exp => x.exp(),
            Function::Log => x.log(),
            Function::Log1p => x.log1p(),
            Function::Expm1 => x.expm1(),
            Function::Sqrt => x.sqrt(),
            Function::Abs => x.magnitude(),
            Function::Sign => DoubleDouble::from(x.high.apply(Function::Sign)),
            Function::Tanh => x.tanh(),
            Function::Cosh => x.cosh(),
            Function::Sigmoid => x.sigmoid(),
            Function::Softplus => x.softplus(),
            Function::NormalCdf => x.normal_cdf(),
            Function::NormalPdf => x.normal_pdf(),
        }
    }

    fn order(&self, other: &DoubleDouble) -> Option<Ordering> {
        self.partial_cmp(other)
    }
}
