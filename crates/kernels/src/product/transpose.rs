//! Rows become columns.

use super::holds;
use crate::Scalar;
use crate::dispatch::{Level, level};

/// `to[c,r]` = `from[r,c]`
/// `from`: rows × columns with row stride `from_row`, `to`: columns × rows with row stride `to_row`
pub fn transpose<S: Scalar>(rows: usize, columns: usize, from: &[S], from_row: usize, to: &mut [S], to_row: usize) {
    transpose_at(level(), rows, columns, from, from_row, to, to_row);
}

pub(super) fn transpose_at<S: Scalar>(level: Level, rows: usize, columns: usize, from: &[S], from_row: usize, to: &mut [S], to_row: usize) {
    if rows == 0 || columns == 0 {
        return;
    }
    holds("matrix", from.len(), (rows, from_row), (columns, 1));
    holds("transpose", to.len(), (columns, to_row), (rows, 1));
    // SAFETY: the slices hold both extents, as seen above.
    let (rows_done, columns_done) = unsafe { squares(level, (rows, columns), from, from_row, to, to_row) };
    let mut one = |r: usize, c: usize| to[c * to_row + r] = from[r * from_row + c];
    for c in columns_done..columns {
        (0..rows_done).for_each(|r| one(r, c));
    }
    for r in rows_done..rows {
        (0..columns).for_each(|c| one(r, c));
    }
}

/// As much as whole squares cover. Says how many rows and columns are done.
///
/// # Safety
/// The slices hold the extents; the machine has the level.
unsafe fn squares<S: Scalar>(
    level: Level,
    (rows, columns): (usize, usize),
    from: &[S],
    from_row: usize,
    to: &mut [S],
    to_row: usize,
) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if level != Level::Baseline {
        let (from, to) = (from.as_ptr(), to.as_mut_ptr());
        // SAFETY: the slices hold the extents, says the caller; the level says AVX2; S is f32 or f64 (sealed).
        return unsafe {
            if size_of::<S>() == 4 {
                simd::f32(rows, columns, from.cast(), from_row, to.cast(), to_row)
            } else {
                simd::f64(rows, columns, from.cast(), from_row, to.cast(), to_row)
            }
        };
    }
    let _ = (level, rows, columns, from, from_row, to, to_row);
    (0, 0)
}

#[cfg(target_arch = "x86_64")]
mod simd {
    use std::arch::x86_64::*;

    /// Rows and columns that are done before the next: whole lines are read, and long runs of the result written.
    const FIELD: (usize, usize) = (64, 16);

    fn fields(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..rows).step_by(FIELD.0).flat_map(move |r| (0..columns).step_by(FIELD.1).map(move |c| (r, c)))
    }

    /// Squares of 8 × 8. Says how many rows and columns are done: all but what no square covers.
    ///
    /// # Safety
    /// AVX2 is there; the pointers reach as far as the extents tell.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn f32(
        rows: usize,
        columns: usize,
        from: *const f32,
        from_row: usize,
        to: *mut f32,
        to_row: usize,
    ) -> (usize, usize) {
        let (rows, columns) = (rows / 8 * 8, columns / 8 * 8);
        for (r0, c0) in fields(rows, columns) {
            for r in (r0..rows.min(r0 + FIELD.0)).step_by(8) {
                for c in (c0..columns.min(c0 + FIELD.1)).step_by(8) {
                    // SAFETY: rows r to r + 8 and columns c to c + 8 are within the extents.
                    unsafe { square_of_8(from.add(r * from_row + c), from_row, to.add(c * to_row + r), to_row) };
                }
            }
        }
        (rows, columns)
    }

    /// # Safety
    /// AVX2 is there; eight rows of eight numbers lie at both pointers.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn square_of_8(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            // Halves of rows i and i + 4 side by side, so that no later step crosses the halves of a register.
            let pair = |i: usize, c: usize| {
                let (upper, lower) = (from.add(i * from_row + c), from.add((i + 4) * from_row + c));
                _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(_mm_loadu_ps(upper)), _mm_loadu_ps(lower))
            };
            for c in [0, 4] {
                let (a, b, d, e) = (pair(0, c), pair(1, c), pair(2, c), pair(3, c));
                let (ab, ab_) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (de, de_) = (_mm256_unpacklo_ps(d, e), _mm256_unpackhi_ps(d, e));
                let to = to.add(c * to_row);
                _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(ab, de));
                _mm256_storeu_ps(to.add(to_row), _mm256_shuffle_ps::<0xee>(ab, de));
                _mm256_storeu_ps(to.add(2 * to_row), _mm256_shuffle_ps::<0x44>(ab_, de_));
                _mm256_storeu_ps(to.add(3 * to_row), _mm256_shuffle_ps::<0xee>(ab_, de_));
            }
        }
    }

    /// Squares of 4 × 4, as in [`f32`].
    ///
    /// # Safety
    /// AVX2 is there; the pointers reach as far as the extents tell.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn f64(
        rows: usize,
        columns: usize,
        from: *const f64,
        from_row: usize,
        to: *mut f64,
        to_row: usize,
    ) -> (usize, usize) {
        let (rows, columns) = (rows / 4 * 4, columns / 4 * 4);
        for (r0, c0) in fields(rows, columns) {
            for r in (r0..rows.min(r0 + FIELD.0)).step_by(4) {
                for c in (c0..columns.min(c0 + FIELD.1)).step_by(4) {
                    // SAFETY: rows r to r + 4 and columns c to c + 4 are within the extents.
                    unsafe { square_of_4(from.add(r * from_row + c), from_row, to.add(c * to_row + r), to_row) };
                }
            }
        }
        (rows, columns)
    }

    /// # Safety
    /// AVX2 is there; four rows of four numbers lie at both pointers.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn square_of_4(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
        // SAFETY: as the caller vouches.
        unsafe {
            let pair = |i: usize, c: usize| {
                let (upper, lower) = (from.add(i * from_row + c), from.add((i + 2) * from_row + c));
                _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(_mm_loadu_pd(upper)), _mm_loadu_pd(lower))
            };
            for c in [0, 2] {
                let (a, b) = (pair(0, c), pair(1, c));
                _mm256_storeu_pd(to.add(c * to_row), _mm256_unpacklo_pd(a, b));
                _mm256_storeu_pd(to.add((c + 1) * to_row), _mm256_unpackhi_pd(a, b));
            }
        }
    }
}
