//! Every product once more, as the formula reads. Slow, short, and what the others are held to.

use crate::Scalar;

/// `out[r,u]` = Σᵢ `x[r,i]` · `w[u,i]` + `b[u]`
/// `x`: rows × inputs, `w`: units × inputs, `b`: units or none, `out`: rows × units
pub fn affine<S: Scalar>(inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, out: &mut [S]) {
    for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact_mut(units)) {
        for (u, out) in out.iter_mut().enumerate() {
            let mut sum = S::ZERO;
            for i in 0..inputs {
                sum += x[i] * w[u * inputs + i];
            }
            *out = match b {
                Some(b) => sum + b[u],
                None => sum,
            };
        }
    }
}

/// `dx[r,i]` += Σᵤ `upstream[r,u]` · `w[u,i]`
/// `upstream`: rows × units, `w`: units × inputs, `dx`: rows × inputs
pub fn add_to_inputs<S: Scalar>(inputs: usize, units: usize, upstream: &[S], w: &[S], dx: &mut [S]) {
    for (upstream, dx) in upstream.chunks_exact(units).zip(dx.chunks_exact_mut(inputs)) {
        for (i, dx) in dx.iter_mut().enumerate() {
            let mut sum = S::ZERO;
            for u in 0..units {
                sum += upstream[u] * w[u * inputs + i];
            }
            *dx += sum;
        }
    }
}

/// `dw[u,i]` += Σᵣ `upstream[r,u]` · `x[r,i]`
/// `upstream`: rows × units, `x`: rows × inputs, `dw`: units × inputs
pub fn add_to_weight<S: Scalar>(inputs: usize, units: usize, upstream: &[S], x: &[S], dw: &mut [S]) {
    for (upstream, x) in upstream.chunks_exact(units).zip(x.chunks_exact(inputs)) {
        for u in 0..units {
            for i in 0..inputs {
                dw[u * inputs + i] += upstream[u] * x[i];
            }
        }
    }
}

/// `db[u]` += Σᵣ `upstream[r,u]`
/// `upstream`: rows × units, `db`: units
pub fn add_to_bias<S: Scalar>(units: usize, upstream: &[S], db: &mut [S]) {
    for upstream in upstream.chunks_exact(units) {
        for u in 0..units {
            db[u] += upstream[u];
        }
    }
}
