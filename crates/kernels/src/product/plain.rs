//! The products as plain loops: for machines without AVX2 and fused multiply-add.

use super::Left;
use crate::Scalar;

#[allow(clippy::too_many_arguments)]
pub(super) fn product<S: Scalar>(m: usize, k: usize, n: usize, a: Left<S>, b: &[S], b_row: usize, c: &mut [S], c_row: usize, add: bool) {
    for (i, c) in c.chunks_mut(c_row.max(n)).take(m).enumerate() {
        let c = &mut c[..n];
        if !add {
            c.fill(S::ZERO);
        }
        for l in 0..k {
            multiply_add(a.data[i * a.row + l * a.column], &b[l * b_row..][..n], c);
        }
    }
}

/// `y[i]` += `a` · `x[i]`
pub(super) fn multiply_add<S: Scalar>(a: S, x: &[S], y: &mut [S]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}
