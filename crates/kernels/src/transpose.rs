//! A matrix on its side.

use crate::Scalar;

/// `to[c, r]` = `from[r, c]`. `from`: rows × columns, `to`: columns × rows
pub fn transpose<S: Scalar>(rows: usize, columns: usize, from: &[S], to: &mut [S]) {
    if rows == 1 || columns == 1 {
        return to[..rows * columns].copy_from_slice(&from[..rows * columns]);
    }
    for (c, to) in to[..rows * columns].chunks_exact_mut(rows).enumerate() {
        for (r, to) in to.iter_mut().enumerate() {
            *to = from[r * columns + c];
        }
    }
}
