//! Products with small matrices.
//!
//! Each sum runs over its index in order, each product is rounded, then each addition is: the
//! arithmetic a person does by hand, and what [`crate::naive`] does, to the bit. Speed comes from
//! doing several rows (or inputs) side by side, never from another order.

use crate::Scalar;
use crate::dispatch::for_every_level;
use crate::pointwise::Unary;

/// Layers with fewer weights than this are narrow: our own loops are faster than the product library's packing.
pub const NARROW: usize = 32 * 32;

/// Rows worked on side by side.
const LANES: usize = 8;
/// Widest row that is turned on its side on the stack.
const TURNED: usize = 64;
/// Multiplications below which the loops are not worth a call of their own.
const SMALL: usize = 32;

for_every_level! {
    /// `out[r,u]` = Σᵢ `x[r,i]` · `w[u,i]` + `b[u]`
    /// `x`: rows × inputs, `w`: units × inputs, `b`: units or none, `out`: rows × units
    pub fn affine[S: Scalar](rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, out: &mut [S]) small if (rows * inputs * units <= SMALL) {
        affine_loops(rows, inputs, units, x, w, b, out);
    }
}

#[inline(always)]
fn affine_loops<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, out: &mut [S]) {
    let mut row = 0;
    if inputs <= TURNED && rows >= LANES {
        let mut turned = [[S::ZERO; LANES]; TURNED];
        while row + LANES <= rows {
            for l in 0..LANES {
                let x = &x[(row + l) * inputs..][..inputs];
                for (column, &x) in turned.iter_mut().zip(x) {
                    column[l] = x;
                }
            }
            for u in 0..units {
                let mut sum = [S::ZERO; LANES];
                for (&w, x) in w[u * inputs..][..inputs].iter().zip(&turned) {
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
                    out[(row + l) * units + u] = sum;
                }
            }
            row += LANES;
        }
    }
    while row < rows {
        let (x, out) = (&x[row * inputs..][..inputs], &mut out[row * units..][..units]);
        for (u, out) in out.iter_mut().enumerate() {
            let mut sum = S::ZERO;
            for (&x, &w) in x.iter().zip(&w[u * inputs..][..inputs]) {
                sum += x * w;
            }
            *out = match b {
                Some(b) => sum + b[u],
                None => sum,
            };
        }
        row += 1;
    }
}

for_every_level! {
    /// A layer forward in one pass: z = x Wᵀ + b as [`affine`], `a[r,u]` = f(`z[r,u]`), `slope[r,u]` = f′(`z[r,u]`).
    /// `x`: rows × inputs, `w`: units × inputs, `b`: units or none, `z`, `a`: rows × units; `slope`: the same, or empty
    /// when not wanted.
    pub fn layer[F: Unary, S: Scalar](f: &F, rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S], a: &mut [S], slope: &mut [S]) {
        affine_loops(rows, inputs, units, x, w, b, z);
        if slope.is_empty() {
            for (a, &z) in a.iter_mut().zip(&*z) {
                *a = S::from_f64(f.at(z.to_f64()).0);
            }
        } else {
            for ((a, slope), &z) in a.iter_mut().zip(slope).zip(&*z) {
                let (value, derivative) = f.at(z.to_f64());
                *a = S::from_f64(value);
                *slope = S::from_f64(derivative);
            }
        }
    }
}

for_every_level! {
    /// A layer backward in one pass over the rows: δ = `upstream` ⊙ `slope` is written to `delta`; `dw` += δᵀ x, `db` += Σ δ,
    /// `dx` += δ W, each only where wanted.
    /// `upstream`, `slope`, `delta`: rows × units, `x`, `dx`: rows × inputs, `w`, `dw`: units × inputs, `db`: units
    pub fn layer_back[S: Scalar](rows: usize, inputs: usize, units: usize, upstream: &[S], slope: &[S], x: &[S], w: &[S], delta: &mut [S], dw: &mut [S], db: Option<&mut [S]>, dx: Option<&mut [S]>) {
        let (mut db, mut dx) = (db, dx);
        for row in 0..rows {
            let delta = &mut delta[row * units..][..units];
            for ((delta, &upstream), &slope) in delta.iter_mut().zip(&upstream[row * units..][..units]).zip(&slope[row * units..][..units]) {
                *delta = upstream * slope;
            }
            let x = &x[row * inputs..][..inputs];
            for (u, &delta) in delta.iter().enumerate() {
                for (dw, &x) in dw[u * inputs..][..inputs].iter_mut().zip(x) {
                    *dw += delta * x;
                }
            }
            if let Some(db) = &mut db {
                for (db, &delta) in db.iter_mut().zip(&*delta) {
                    *db += delta;
                }
            }
            if let Some(dx) = &mut dx {
                let dx = &mut dx[row * inputs..][..inputs];
                // The sum runs over the units in order, as in `add_to_inputs`, side by side for several inputs.
                let mut done = 0;
                while done + LANES <= inputs {
                    let mut sum = [S::ZERO; LANES];
                    for (u, &delta) in delta.iter().enumerate() {
                        let w = &w[u * inputs + done..][..LANES];
                        for l in 0..LANES {
                            sum[l] += delta * w[l];
                        }
                    }
                    for (dx, &sum) in dx[done..done + LANES].iter_mut().zip(&sum) {
                        *dx += sum;
                    }
                    done += LANES;
                }
                for i in done..inputs {
                    let mut sum = S::ZERO;
                    for (u, &delta) in delta.iter().enumerate() {
                        sum += delta * w[u * inputs + i];
                    }
                    dx[i] += sum;
                }
            }
        }
    }
}

for_every_level! {
    /// `dx[r,i]` += Σᵤ `upstream[r,u]` · `w[u,i]`
    /// `upstream`: rows × units, `w`: units × inputs, `dx`: rows × inputs
    pub fn add_to_inputs[S: Scalar](rows: usize, inputs: usize, units: usize, upstream: &[S], w: &[S], dx: &mut [S]) small if (rows * inputs * units <= SMALL) {
        for row in 0..rows {
            let (upstream, dx) = (&upstream[row * units..][..units], &mut dx[row * inputs..][..inputs]);
            let mut done = 0;
            while done + LANES <= inputs {
                let mut sum = [S::ZERO; LANES];
                for (u, &upstream) in upstream.iter().enumerate() {
                    let w = &w[u * inputs + done..][..LANES];
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
    pub fn add_to_weight[S: Scalar](rows: usize, inputs: usize, units: usize, upstream: &[S], x: &[S], dw: &mut [S]) small if (rows * inputs * units <= SMALL) {
        for row in 0..rows {
            let (upstream, x) = (&upstream[row * units..][..units], &x[row * inputs..][..inputs]);
            for (u, &upstream) in upstream.iter().enumerate() {
                for (dw, &x) in dw[u * inputs..][..inputs].iter_mut().zip(x) {
                    *dw += upstream * x;
                }
            }
        }
    }
}

for_every_level! {
    /// `db[u]` += Σᵣ `upstream[r,u]`
    /// `upstream`: rows × units, `db`: units
    pub fn add_to_bias[S: Scalar](rows: usize, units: usize, upstream: &[S], db: &mut [S]) small if (rows * units <= SMALL) {
        for row in 0..rows {
            for (db, &upstream) in db.iter_mut().zip(&upstream[row * units..][..units]) {
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
                affine(rows, inputs, units, &x, &w, b, &mut got);
                naive::affine(inputs, units, &x, &w, b, &mut want);
                assert_eq!(got, want, "affine {rows}×{inputs}×{units}");
            }
            let (mut got, mut want) = (x.clone(), x.clone());
            add_to_inputs(rows, inputs, units, &upstream, &w, &mut got);
            naive::add_to_inputs(inputs, units, &upstream, &w, &mut want);
            assert_eq!(got, want, "dx {rows}×{inputs}×{units}");
            let (mut got, mut want) = (w.clone(), w.clone());
            add_to_weight(rows, inputs, units, &upstream, &x, &mut got);
            naive::add_to_weight(inputs, units, &upstream, &x, &mut want);
            assert_eq!(got, want, "dw {rows}×{inputs}×{units}");
            let (mut got, mut want) = (b.clone(), b.clone());
            add_to_bias(rows, units, &upstream, &mut got);
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
