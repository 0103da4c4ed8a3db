//! The products as plain loops: for machines without AVX2 and fused multiply-add.

use super::{Left, Start};
use crate::Scalar;
use crate::pointwise::multiply;

#[allow(clippy::too_many_arguments)]
pub(super) fn product<S: Scalar>(
    m: usize,
    k: usize,
    n: usize,
    a: Left<S>,
    b: &[S],
    b_row: usize,
    c: &mut [S],
    c_row: usize,
    start: Start<S>,
) {
    begin(m, n, c, c_row, start);
    for (i, c) in c.chunks_mut(c_row.max(n)).take(m).enumerate() {
        let c = &mut c[..n];
        for l in 0..k {
            multiply_add(a.data[i * a.row + l * a.column], &b[l * b_row..][..n], c);
        }
    }
}

/// Puts what the chains begin with into the result.
pub(super) fn begin<S: Scalar>(m: usize, n: usize, c: &mut [S], c_row: usize, start: Start<S>) {
    for (i, c) in c.chunks_mut(c_row.max(n)).take(m).enumerate() {
        match start {
            Start::Zero => c[..n].fill(S::ZERO),
            Start::Result => {}
            Start::Rows(rows) => c[..n].fill(rows[i]),
        }
    }
}

/// Multiplies the result, if there is something to multiply it by.
pub(super) fn finish<S: Scalar>(m: usize, n: usize, c: &mut [S], c_row: usize, scale: Option<&[S]>) {
    let Some(scale) = scale else { return };
    for (c, scale) in c.chunks_mut(c_row.max(n)).zip(scale.chunks(c_row.max(n))).take(m) {
        multiply(&scale[..n], &mut c[..n]);
    }
}

/// `y[i]` += `a` · `x[i]`
pub(super) fn multiply_add<S: Scalar>(a: S, x: &[S], y: &mut [S]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}
