//! One row on its own: what lies side by side are units or inputs.

use crate::Scalar;

/// `z[u]` = Σᵢ `w[u,i]` · `x[i]` + `b[u]`
#[inline(always)]
pub(super) fn affine<S: Scalar>(inputs: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    let x = &x[..inputs];
    for (u, (z, w)) in z.iter_mut().zip(w.chunks_exact(inputs)).enumerate() {
        let mut sum = S::ZERO;
        for (&x, &w) in x.iter().zip(w) {
            sum += x * w;
        }
        *z = b.map_or(sum, |b| sum + b[u]);
    }
}

/// `dx[i]` = Σᵤ `w[u,i]` · `delta[u]`, or += where `add`: several inputs side by side.
#[inline(always)]
pub(super) fn input_gradient<S: Scalar>(delta: &[S], w: &[S], dx: &mut [S], add: bool) {
    let mut i = 0;
    while i < dx.len() {
        i += match dx.len() - i {
            8.. => some_inputs::<S, 8>(delta, w, i, dx, add),
            4.. => some_inputs::<S, 4>(delta, w, i, dx, add),
            2.. => some_inputs::<S, 2>(delta, w, i, dx, add),
            _ => some_inputs::<S, 1>(delta, w, i, dx, add),
        };
    }
}

/// The same for the `I` inputs from `i` on; gives `I`.
#[inline(always)]
fn some_inputs<S: Scalar, const I: usize>(delta: &[S], w: &[S], i: usize, dx: &mut [S], add: bool) -> usize {
    let inputs = dx.len();
    let mut sums = [S::ZERO; I];
    for (&delta, w) in delta.iter().zip(w.chunks_exact(inputs)) {
        for (sum, &w) in sums.iter_mut().zip(&w[i..i + I]) {
            *sum += delta * w;
        }
    }
    for (dx, &sum) in dx[i..i + I].iter_mut().zip(&sums) {
        *dx = if add { *dx + sum } else { sum };
    }
    I
}

/// `dw[u,i]` = `delta[u]` · `x[i]`, or += where `add`
#[inline(always)]
pub(super) fn weight_gradient<S: Scalar>(delta: &[S], x: &[S], dw: &mut [S], add: bool) {
    for (dw, &delta) in dw.chunks_exact_mut(x.len()).zip(delta) {
        for (dw, &x) in dw.iter_mut().zip(x) {
            *dw = if add { *dw + delta * x } else { delta * x };
        }
    }
}
