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
    let _ = level;
    for r in 0..rows {
        for c in 0..columns {
            to[c * to_row + r] = from[r * from_row + c];
        }
    }
}
