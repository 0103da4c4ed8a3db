//! Cosine with its derivative.
//!
//! Letters: z = k·π/2 + r + r_lo with k the nearest integer to 2z/π, |r| ≤ π/4, and r_lo what r rounded off. Then cos z is
//! one of ±cos r, ±sin r, as k mod 4 says.
//!
//! Method: up to [`MODEST`], Cody and Waite's reduction by π/2 in three parts, the first exact through a fused multiply-add (Cody and
//! Waite, Software Manual for the Elementary Functions, 1980). Beyond, z times the bits of 2/π that matter, in whole numbers (Payne
//! and Hanek, SIGNUM Newsletter 18, 1983); that one has branches.

use super::bits::{ROUND, fast_two_sum, poly, two_sum};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// The largest argument of [`modest_cos_at`].
pub const MODEST: f64 = 1_048_576.0;

/// π/2 − [`FRAC_PI_2`], and what that leaves, to 2^-163.
pub(super) const PI_2_MIDDLE: f64 = 6.123233995736766e-17;
const PI_2_LOW: f64 = -1.4973849048591698e-33;

/// 2/π: a word of zeros, then 1344 bits behind the point.
const TWO_OVER_PI: [u64; 22] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8353_39f4,
    0x9c84_5f8b_bdf9_283b,
    0x1ff8_97ff_de05_980f,
    0xef2f_118b_5a0a_6d1f,
    0x6d36_7ecf_27cb_09b7,
    0x4f46_3f66_9e5f_ea2d,
    0x7527_bac7_ebe5_f17b,
    0x3d07_39f7_8a52_92ea,
    0x6bfb_5fb1_1f8d_5d08,
    0x5603_3046_fc7b_6bab,
    0xf0cf_bc20_9af4_361d,
    0xa9e3_9161_5ee6_1b08,
];

/// cos z and its derivative -sin z for |z| up to [`MODEST`], each within 0.6 units in the last place; of an infinite z NaN. Beyond
/// that bound the numbers mean nothing.
#[inline(always)]
pub fn modest_cos_at(z: f64) -> (f64, f64) {
    let sum = z.mul_add(FRAC_2_PI, ROUND);
    let k = sum - ROUND;
    // Exact: a multiple of both last places, below 0.8.
    let head = (-k).mul_add(FRAC_PI_2, z);
    let middle = k * PI_2_MIDDLE;
    let (r, low) = two_sum(head, -middle);
    let low = low - k.mul_add(PI_2_MIDDLE, -middle);
    from_reduced(r, (-k).mul_add(PI_2_LOW, low), sum.to_bits())
}

/// cos z and its derivative -sin z, each within 0.6 units in the last place; of an infinite z NaN. With branches.
#[inline(always)]
pub fn cos_at(z: f64) -> (f64, f64) {
    if z.abs() > MODEST && z.is_finite() { large_cos_at(z) } else { modest_cos_at(z) }
}

/// ±cos r or ±sin r, as the last two bits of `k` say, and the derivative. `lo`: at most a few last places of `r`
#[inline(always)]
fn from_reduced(r: f64, lo: f64, k: u64) -> (f64, f64) {
    let square = r * r;
    let square_lo = r.mul_add(r, -square);
    // (sin r - r)/r³ and (cos r - 1 + r²/2)/r⁴: Chebyshev interpolants of degree 5 in r² on |r| <= 0.7854, computed with 90
    // digits and rounded; times r³ and r⁴ they are within 2.1e-17 of sin r and 1.3e-18 of cos r, relatively.
    let sine = poly!(square;
        -0.16666666666666666,
        0.008333333333330948,
        -0.0001984126983675849,
        2.7557316102508736e-06,
        -2.5051131835894976e-08,
        1.5918128638625855e-10
    );
    let cosine = poly!(square;
        0.041666666666666664,
        -0.0013888888888887398,
        2.4801587298765635e-05,
        -2.755731727170245e-07,
        2.0876146262704946e-09,
        -1.1382632014983239e-11
    );
    let half = 0.5 * square;
    let sine = r + (r * square).mul_add(sine, (-half).mul_add(lo, lo));
    let (head, e) = fast_two_sum(1.0, -half);
    let cosine = head + (square * square).mul_add(cosine, (-r).mul_add(lo, e - 0.5 * square_lo));
    place(sine, cosine, k)
}

/// cos z and -sin z from the sine and cosine of z - k·π/2.
#[inline(always)]
pub(super) fn place(sine: f64, cosine: f64, k: u64) -> (f64, f64) {
    let (near, far) = if k & 1 == 0 { (cosine, sine) } else { (sine, cosine) };
    let negative = |number: f64, bit: u64| f64::from_bits(number.to_bits() ^ (bit & 2) << 62);
    (negative(near, k.wrapping_add(1)), negative(far, !k))
}

/// [`cos_at`] beyond [`MODEST`].
#[inline(never)]
fn large_cos_at(z: f64) -> (f64, f64) {
    let bits = z.to_bits();
    // |z| = whole · 2^exponent
    let exponent = ((bits >> 52) & 0x7ff) as usize as i64 - 1075;
    let whole = (bits & ((1 << 52) - 1)) | (1 << 52);
    // What stands more than `skipped` bits behind the point of 2/π gives less than 4 quarter turns each.
    let skipped = exponent - 2;
    let at = (skipped + 64) as usize;
    let word = |i: usize| match at % 64 {
        0 => TWO_OVER_PI[at / 64 + i],
        shift => TWO_OVER_PI[at / 64 + i] << shift | TWO_OVER_PI[at / 64 + i + 1] >> (64 - shift),
    };
    // whole · 2/π · 2^exponent mod 4, as a fraction of 4: four words, the highest first.
    let (mut turns, mut carry) = ([0u64; 4], 0u128);
    for i in (0..4).rev() {
        let product = u128::from(whole) * u128::from(word(i)) + carry;
        (turns[i], carry) = (product as u64, product >> 64);
    }
    let quarters = turns[0] >> 62;
    // The rest as a fraction of a quarter turn; from one half on, less than the next.
    let above = (turns[0] << 2 | turns[1] >> 62, turns[1] << 2 | turns[2] >> 62, turns[2] << 2 | turns[3] >> 62);
    let is_above = above.0 >> 63 == 1;
    let k = quarters + u64::from(is_above);
    let flipped = if is_above { (!above.0, !above.1, !above.2) } else { above };
    let whole = u128::from(flipped.0) << 64 | u128::from(flipped.1);
    // Fewer than 64: no f64 is nearer to a multiple of π/2.
    let leading = whole.leading_zeros().min(63);
    let whole = whole << leading | u128::from(flipped.2) >> (64 - leading);
    let unit = f64::from_bits(u64::from(1023 - 53 - leading) << 52);
    let head = (whole >> 75) as f64 * unit;
    let low = ((whole >> 22) & ((1 << 53) - 1)) as f64 * unit * f64::EPSILON * 0.5;
    let r = head * FRAC_PI_2;
    let lo = head.mul_add(FRAC_PI_2, -r) + head.mul_add(PI_2_MIDDLE, low * FRAC_PI_2);
    let (r, lo) = fast_two_sum(r, lo);
    let sign = if is_above { -1.0 } else { 1.0 };
    let (value, slope) = from_reduced(sign * r, sign * lo, k);
    (value, slope * z.signum())
}
