//! The middle of some numbers.

/// The middle number, or halfway between the middle two; none of none.
pub(crate) fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    // Halved first, two large numbers do not add up to infinity.
    middle(numbers).map(|(a, b)| if a == b { a } else { a / 2.0 + b / 2.0 })
}

/// The middle two of sorted numbers, which are one where their count is odd.
pub(crate) fn middle<T: Copy>(sorted: &[T]) -> Option<(T, T)> {
    let last = sorted.len().checked_sub(1)?;
    Some((sorted[last / 2], sorted[last.div_ceil(2)]))
}
