//! Doubles as what they are: whole numbers times powers of two, added and multiplied without rounding.

use dashu_int::IBig;
use std::ops::{Add, Mul, Sub};

/// `mantissa · 2^exponent`.
#[derive(Clone, Debug)]
pub struct Exact {
    mantissa: IBig,
    exponent: i64,
}

impl Exact {
    pub fn of(value: f64) -> Exact {
        assert!(value.is_finite(), "{value} has no exact value");
        let bits = value.to_bits();
        let (field, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
        let (size, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
        let mantissa = IBig::from(size) * if value.is_sign_negative() { IBig::from(-1) } else { IBig::from(1) };
        Exact { mantissa, exponent }
    }

    pub fn product(values: impl IntoIterator<Item = f64>) -> Exact {
        values.into_iter().fold(Exact::of(1.0), |product, value| &product * &Exact::of(value))
    }

    pub fn size(&self) -> Exact {
        if self.mantissa < IBig::ZERO { &Exact::of(0.0) - self } else { self.clone() }
    }

    /// Whether |self| is at most `bound`.
    pub fn within(&self, bound: &Exact) -> bool {
        (bound - &self.size()).mantissa >= IBig::ZERO
    }

    /// Both mantissas on the smaller exponent.
    fn aligned(&self, other: &Exact) -> (IBig, IBig, i64) {
        let exponent = self.exponent.min(other.exponent);
        let shifted = |it: &Exact| it.mantissa.clone() << (it.exponent - exponent) as usize;
        (shifted(self), shifted(other), exponent)
    }
}

impl Add for &Exact {
    type Output = Exact;
    fn add(self, other: &Exact) -> Exact {
        let (a, b, exponent) = self.aligned(other);
        Exact { mantissa: a + b, exponent }
    }
}

impl Sub for &Exact {
    type Output = Exact;
    fn sub(self, other: &Exact) -> Exact {
        let (a, b, exponent) = self.aligned(other);
        Exact { mantissa: a - b, exponent }
    }
}

impl Mul for &Exact {
    type Output = Exact;
    fn mul(self, other: &Exact) -> Exact {
        Exact { mantissa: &self.mantissa * &other.mantissa, exponent: self.exponent + other.exponent }
    }
}

/// One unit in the last place of `value`.
pub fn ulp(value: f64) -> f64 {
    let size = value.abs();
    f64::from_bits(size.to_bits() + 1) - size
}

#[test]
fn exact_sums_are_exact() {
    let sum = &(&Exact::of(0.1) + &Exact::of(0.2)) - &Exact::of(0.3);
    assert!(sum.within(&Exact::of(2f64.powi(-55))) && !sum.within(&Exact::of(2f64.powi(-56))), "2.7755575615628914e-17: {sum:?}");
    let product = &Exact::product([1e300, 1e300, 1e-300]) - &Exact::of(1e300);
    assert!(product.within(&Exact::of(ulp(1e300))));
    assert!((&Exact::of(-5e-324) + &Exact::of(5e-324)).within(&Exact::of(0.0)));
    assert_eq!(ulp(1.0), f64::EPSILON);
}
