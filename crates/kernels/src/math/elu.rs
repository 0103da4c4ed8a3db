//! ELU (Clevert, Unterthiner and Hochreiter 2016): z for z > 0, α·(e^z - 1) below.

use super::bits::{clamp, pow2_factors};
use super::exp::reduce;
use super::expm1::minus_one;

/// The exponential linear unit and its derivative: `(z, 1)` for z > 0, otherwise
/// `(alpha·(e^z - 1), alpha·e^z)`, within 1.6 units in the last place (0.8 for alpha = 1). At 0
/// the derivative is `alpha`.
#[inline(always)]
pub fn elu_at(z: f64, alpha: f64) -> (f64, f64) {
    let held = clamp(z, -1500.0, 0.0);
    let e = reduce(held, 0.0);
    let (hi, lo) = minus_one(&e);
    let (p, q) = pow2_factors(e.k);
    // Scaled last: alpha times a subnormal e^z would have lost digits.
    let slope = alpha * e.mantissa() * p * q;
    let below = if z == 0.0 { z } else { hi + lo };
    let above = z > 0.0;
    (if above { z } else { alpha * below }, if above { 1.0 } else { slope })
}
