//! Products with small matrices.
//!
//! Each sum runs over its index in order, each product is rounded, then each addition is: the
//! arithmetic a person does by hand, and what [`crate::naive`] does, to the bit. Speed comes from
//! doing several rows (or inputs) side by side, never from another order.

use crate::Scalar;
use crate::dispatch::for_every_level;

/// Rows worked on side by side.
const LANES: usize = 8;
/// Widest row that is turned on its side on the stack.
const TURNED: usize = 64;

for_every_level! {
    /// `out[r,u]` = Σᵢ `x[r,i]` · `w[u,i]` + `b[u]`
    /// `x`: rows × inputs, `w`: units × inputs, `b`: units or none, `out`: rows × units
    pub fn affine[S: Scalar](inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, out: &mut [S]) {
        let rows = out.len() / units;
        let blocked = if inputs <= TURNED { rows / LANES * LANES } else { 0 };
        if blocked > 0 {
            let mut turned = [[S::ZERO; LANES]; TURNED];
            let blocks = x.chunks_exact(inputs * LANES).zip(out.chunks_exact_mut(units * LANES));
            for (x, out) in blocks {
                for (r, x) in x.chunks_exact(inputs).enumerate() {
                    for (column, &x) in turned.iter_mut().zip(x) {
                        column[r] = x;
                    }
                }
                for (u, w) in w.chunks_exact(inputs).enumerate() {
                    let mut sum = [S::ZERO; LANES];
                    for (&w, x) in w.iter().zip(&turned) {
                        for l in 0..LANES {
                            sum[l] += x[l] * w;
                        }
                    }
                    if let Some(b) = b {
                        for sum in &mut sum {
                            *sum += b[u];
                        }
                    }
                    for (l, &sum) in sum.iter().enumerate() {
                        out[l * units + u] = sum;
                    }
                }
            }
        }
        for (x, out) in x.chunks_exact(inputs).zip(out.chunks_exact_mut(units)).skip(blocked) {
            for (u, (out, w)) in out.iter_mut().zip(w.chunks_exact(inputs)).enumerate() {
                let mut sum = S::ZERO;
                for (&x, &w) in x.iter().zip(w) {
                    sum += x * w;
                }
                *out = match b {
                    Some(b) => sum + b[u],
                    None => sum,
                };
            }
        }
    }
}

for_every_level! {
    /// `dx[r,i]` += Σᵤ `upstream[r,u]` · `w[u,i]`
    /// `upstream`: rows × units, `w`: units × inputs, `dx`: rows × inputs
    pub fn add_to_inputs[S: Scalar](inputs: usize, units: usize, upstream: &[S], w: &[S], dx: &mut [S]) {
        for (upstream, dx) in upstream.chunks_exact(units).zip(dx.chunks_exact_mut(inputs)) {
            let mut done = 0;
            while done + LANES <= inputs {
                let mut sum = [S::ZERO; LANES];
                for (&upstream, w) in upstream.iter().zip(w.chunks_exact(inputs)) {
                    let w = &w[done..done + LANES];
                    for l in 0..LANES {
                        sum[l] += upstream * w[l];
                    }
                }
                for (dx, &sum) in dx[done..done + LANES].iter_mut().zip(&sum) {
                    *dx += sum;
                }
                done += LANES;
            }
            for i in done..inputs {
                let mut sum = S::ZERO;
                for (u, &upstream) in upstream.iter().enumerate() {
                    sum += upstream * w[u * inputs + i];
                }
                dx[i] += sum;
            }
        }
    }
}

for_every_level! {
    /// `dw[u,i]` += Σᵣ `upstream[r,u]` · `x[r,i]`
    /// `upstream`: rows × units, `x`: rows × inputs, `dw`: units × inputs
    pub fn add_to_weight[S: Scalar](inputs: usize, units: usize, upstream: &[S], x: &[S], dw: &mut [S]) {
        for (upstream, x) in upstream.chunks_exact(units).zip(x.chunks_exact(inputs)) {
            for (&upstream, dw) in upstream.iter().zip(dw.chunks_exact_mut(inputs)) {
                for (dw, &x) in dw.iter_mut().zip(x) {
                    *dw += upstream * x;
                }
            }
        }
    }
}

for_every_level! {
    /// `db[u]` += Σᵣ `upstream[r,u]`
    /// `upstream`: rows × units, `db`: units
    pub fn add_to_bias[S: Scalar](units: usize, upstream: &[S], db: &mut [S]) {
        for upstream in upstream.chunks_exact(units) {
            for (db, &upstream) in db.iter_mut().zip(upstream) {
                *db += upstream;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive;

    /// Numbers of mixed size and sign, without a generator.
    fn numbers<S: Scalar>(n: usize, salt: usize) -> Vec<S> {
        (0..n).map(|i| S::from_f64((((i * 7919 + salt * 104729) % 2003) as f64 / 1001.5 - 1.0) * 1.7)).collect()
    }

    fn same_bits_as_naive<S: Scalar>() {
        for (rows, inputs, units) in [(1, 1, 1), (1, 3, 4), (7, 13, 5), (8, 13, 5), (19, 64, 3), (25, 65, 2), (506, 5, 3), (9, 1, 31)] {
            let (x, w, b) = (numbers::<S>(rows * inputs, 1), numbers::<S>(units * inputs, 2), numbers::<S>(units, 3));
            let upstream = numbers::<S>(rows * units, 4);
            let (mut got, mut want) = (vec![S::ZERO; rows * units], vec![S::ZERO; rows * units]);
            for b in [None, Some(&b[..])] {
                affine(inputs, units, &x, &w, b, &mut got);
                naive::affine(inputs, units, &x, &w, b, &mut want);
                assert_eq!(got, want, "affine {rows}×{inputs}×{units}");
            }
            let (mut got, mut want) = (x.clone(), x.clone());
            add_to_inputs(inputs, units, &upstream, &w, &mut got);
            naive::add_to_inputs(inputs, units, &upstream, &w, &mut want);
            assert_eq!(got, want, "dx {rows}×{inputs}×{units}");
            let (mut got, mut want) = (w.clone(), w.clone());
            add_to_weight(inputs, units, &upstream, &x, &mut got);
            naive::add_to_weight(inputs, units, &upstream, &x, &mut want);
            assert_eq!(got, want, "dw {rows}×{inputs}×{units}");
            let (mut got, mut want) = (b.clone(), b.clone());
            add_to_bias(units, &upstream, &mut got);
            naive::add_to_bias(units, &upstream, &mut want);
            assert_eq!(got, want, "db {rows}×{units}");
        }
    }

    #[test]
    fn narrow_products_have_the_bits_of_the_naive_ones() {
        same_bits_as_naive::<f32>();
        same_bits_as_naive::<f64>();
    }
}
