//! Comparisons the math tests share; no tests of its own.
#![allow(dead_code)]

/// The place of `x` among all floats, counted in steps: neighbours differ by 1, ±0 coincide.
fn place(x: f64) -> i64 {
    let bits = x.to_bits().cast_signed();
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

/// `got` lies within `steps` floats of `right`.
#[track_caller]
pub fn assert_near(name: &str, x: f64, got: f64, right: f64, steps: u64) {
    let off = place(got).abs_diff(place(right));
    assert!(!got.is_nan() && off <= steps, "{name}({x:?}) = {got:?}, not {right:?}: {off} steps off");
}

/// `got` is `right` to the bit, the sign of zero included.
#[track_caller]
pub fn assert_same(got: f64, right: f64) {
    assert!(got.to_bits() == right.to_bits(), "{got:?}, not {right:?}");
}
