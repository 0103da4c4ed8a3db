//! Products with small matrices.
//!
//! Each sum runs over its index in order, each product is rounded, then each addition is: the
//! arithmetic a person does by hand, and what [`crate::naive`] does, to the bit. Speed comes from
//! doing several rows (or inputs) side by side, never from another order.

use crate::Scalar;
use crate::dispatch::for_every_level;
use crate::pointwise::{Unary, both};

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
            let sum = sum_of_products(x, &w[u * inputs..][..inputs]);
            *out = match b {
                Some(b) => sum + b[u],
                None => sum,
            };
        }
        row += 1;
    }
}

/// What a narrow affine takes.
#[derive(Clone, Copy)]
pub struct Line<'a, S> {
    /// How many rows.
    pub rows: usize,
    /// Numbers in a row of x.
    pub inputs: usize,
    /// Numbers in a row of z.
    pub units: usize,
    /// rows × inputs
    pub x: &'a [S],
    /// units × inputs
    pub w: &'a [S],
    /// units, or none
    pub b: Option<&'a [S]>,
}

for_every_level! {
    /// A layer forward in one pass: z = x Wᵀ + b as [`affine`], `a[r,u]` = f(`z[r,u]`), `slope[r,u]` = f′(`z[r,u]`).
    /// `z`, `a`: rows × units; `slope`: the same, or empty when not wanted.
    pub fn layer[F: Unary, S: Scalar](f: &F, line: &Line<'_, S>, z: &mut [S], a: &mut [S], slope: &mut [S]) {
        let Line { rows, inputs, units, x, w, b } = *line;
        affine_loops(rows, inputs, units, x, w, b, z);
        if slope.is_empty() {
            for (a, &z) in a.iter_mut().zip(&*z) {
                *a = S::from_f64(both(f, z).0);
            }
        } else {
            for ((a, slope), &z) in a.iter_mut().zip(slope).zip(&*z) {
                let (value, derivative) = both(f, z);
                *a = S::from_f64(value);
                *slope = S::from_f64(derivative);
            }
        }
    }
}

for_every_level! {
    /// [`layer`] for one row of at most 4 inputs and fewer than 8 units, whose slope is wanted: unit after unit, without
    /// setting up wider loops.
    pub fn small_layer[F: Unary, S: Scalar](f: &F, line: &Line<'_, S>, z: &mut [S], a: &mut [S], slope: &mut [S]) {
        match line.inputs {
            1 => one_row::<F, S, 1>(f, line, z, a, slope),
            2 => one_row::<F, S, 2>(f, line, z, a, slope),
            3 => one_row::<F, S, 3>(f, line, z, a, slope),
            _ => one_row::<F, S, 4>(f, line, z, a, slope),
        }
    }
}

/// Whether [`small_layer`] and [`small_layer_back`] can do it.
#[inline(always)]
pub fn is_small<S>(line: &Line<'_, S>) -> bool {
    line.rows == 1 && line.inputs <= 4 && line.units < LANES
}

/// [`layer_back`] where [`is_small`].
#[inline]
pub fn small_layer_back<S: Scalar>(line: &Line<'_, S>, upstream: &[S], slope: &[S], back: Back<'_, S>) {
    match line.inputs {
        1 => one_row_back::<S, 1>(line, upstream, slope, back),
        2 => one_row_back::<S, 2>(line, upstream, slope, back),
        3 => one_row_back::<S, 3>(line, upstream, slope, back),
        _ => one_row_back::<S, 4>(line, upstream, slope, back),
    }
}

/// [`layer`] for one row of `N` inputs.
#[inline(always)]
fn one_row<F: Unary, S: Scalar, const N: usize>(f: &F, line: &Line<'_, S>, z: &mut [S], a: &mut [S], slope: &mut [S]) {
    let units = line.units;
    let (x, z, a, slope) = (&line.x[..N], &mut z[..units], &mut a[..units], &mut slope[..units]);
    for (u, w) in line.w.as_chunks::<N>().0[..units].iter().enumerate() {
        let sum = sum_of_products(x, w);
        z[u] = match line.b {
            Some(b) => sum + b[u],
            None => sum,
        };
        let (value, derivative) = both(f, z[u]);
        a[u] = S::from_f64(value);
        slope[u] = S::from_f64(derivative);
    }
}

/// [`layer_back`] for one row of `N` inputs.
#[inline(always)]
fn one_row_back<S: Scalar, const N: usize>(line: &Line<'_, S>, upstream: &[S], slope: &[S], back: Back<'_, S>) {
    let units = line.units;
    let x: [S; N] = std::array::from_fn(|i| line.x[i]);
    let mut sums = [S::ZERO; N];
    let (upstream, slope, delta) = (&upstream[..units], &slope[..units], &mut back.delta[..units]);
    let (w, dw) = (&line.w.as_chunks::<N>().0[..units], &mut back.dw.as_chunks_mut::<N>().0[..units]);
    for u in 0..units {
        let d = upstream[u] * slope[u];
        delta[u] = d;
        for i in 0..N {
            dw[u][i] += d * x[i];
            sums[i] += d * w[u][i];
        }
    }
    if let Some(db) = back.db {
        for (db, &d) in db[..units].iter_mut().zip(&*delta) {
            *db += d;
        }
    }
    if let Some(dx) = back.dx {
        for (dx, &sum) in dx[..N].iter_mut().zip(&sums) {
            *dx += sum;
        }
    }
}

/// Σᵢ `x[i]` · `w[i]` in order.
#[inline(always)]
fn sum_of_products<S: Scalar>(x: &[S], w: &[S]) -> S {
    let mut sum = S::ZERO;
    for (&x, &w) in x.iter().zip(w) {
        sum += x * w;
    }
    sum
}

/// What a narrow layer's backward pass gives: δ is written, the others are added to, each only where wanted.
pub struct Back<'a, S> {
    /// δ, rows × units
    pub delta: &'a mut [S],
    /// δᵀ x, units × inputs
    pub dw: &'a mut [S],
    /// Σ δ, units
    pub db: Option<&'a mut [S]>,
    /// δ W, rows × inputs
    pub dx: Option<&'a mut [S]>,
}

for_every_level! {
    /// A layer backward in one pass over the rows, from δ = `upstream` ⊙ `slope`; both are rows × units.
    pub fn layer_back[S: Scalar](line: &Line<'_, S>, upstream: &[S], slope: &[S], back: Back<'_, S>) {
        let Line { rows, inputs, units, x, w, .. } = *line;
        let Back { delta, dw, db, dx } = back;
        let all = rows * units;
        let delta = &mut delta[..all];
        for ((delta, &upstream), &slope) in delta.iter_mut().zip(&upstream[..all]).zip(&slope[..all]) {
            *delta = upstream * slope;
        }
        add_outer_products(rows, inputs, units, delta, x, dw);
        if let Some(db) = db {
            for row in 0..rows {
                for (db, &delta) in db[..units].iter_mut().zip(&delta[row * units..][..units]) {
                    *db += delta;
                }
            }
        }
        if let Some(dx) = dx {
            for row in 0..rows {
                add_row_to_inputs(&delta[row * units..][..units], w, &mut dx[row * inputs..][..inputs]);
            }
        }
    }
}

/// `dw[u,i]` += Σᵣ `delta[r,u]` · `x[r,i]`: blocks of units and inputs stay in registers while the rows go by, in order.
#[inline(always)]
fn add_outer_products<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], x: &[S], dw: &mut [S]) {
    let mut u = 0;
    while u < units {
        if u + 4 <= units {
            add_outer_products_of::<S, 4>(rows, inputs, units, u, delta, x, dw);
            u += 4;
        } else {
            add_outer_products_of::<S, 1>(rows, inputs, units, u, delta, x, dw);
            u += 1;
        }
    }
}

/// The same for the `U` units from `u` on.
#[inline(always)]
fn add_outer_products_of<S: Scalar, const U: usize>(
    rows: usize,
    inputs: usize,
    units: usize,
    u: usize,
    delta: &[S],
    x: &[S],
    dw: &mut [S],
) {
    let mut i = 0;
    while i < inputs {
        if i + 8 <= inputs {
            add_block::<S, U, 8>(rows, inputs, units, (u, i), delta, x, dw);
            i += 8;
        } else if i + 4 <= inputs {
            add_block::<S, U, 4>(rows, inputs, units, (u, i), delta, x, dw);
            i += 4;
        } else {
            add_block::<S, U, 1>(rows, inputs, units, (u, i), delta, x, dw);
            i += 1;
        }
    }
}

/// One block of `U` units and `I` inputs.
#[inline(always)]
fn add_block<S: Scalar, const U: usize, const I: usize>(
    rows: usize,
    inputs: usize,
    units: usize,
    (u, i): (usize, usize),
    delta: &[S],
    x: &[S],
    dw: &mut [S],
) {
    let mut sums = [[S::ZERO; I]; U];
    for (k, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(&dw[(u + k) * inputs + i..][..I]);
    }
    for row in 0..rows {
        let delta = &delta[row * units + u..][..U];
        let x = &x[row * inputs + i..][..I];
        for k in 0..U {
            for l in 0..I {
                sums[k][l] += delta[k] * x[l];
            }
        }
    }
    for (k, sums) in sums.iter().enumerate() {
        dw[(u + k) * inputs + i..][..I].copy_from_slice(sums);
    }
}

/// `dx[i]` += Σᵤ `delta[u]` · `w[u,i]`, the sum in the order of the units, several inputs side by side.
#[inline(always)]
fn add_row_to_inputs<S: Scalar>(delta: &[S], w: &[S], dx: &mut [S]) {
    let mut i = 0;
    while i < dx.len() {
        i += match dx.len() - i {
            8.. => add_to_some_inputs::<S, 8>(delta, w, i, dx),
            4.. => add_to_some_inputs::<S, 4>(delta, w, i, dx),
            _ => add_to_some_inputs::<S, 1>(delta, w, i, dx),
        };
    }
}

/// The same for the `I` inputs from `i` on; gives `I`.
#[inline(always)]
fn add_to_some_inputs<S: Scalar, const I: usize>(delta: &[S], w: &[S], i: usize, dx: &mut [S]) -> usize {
    let inputs = dx.len();
    let mut sums = [S::ZERO; I];
    for (u, &delta) in delta.iter().enumerate() {
        let w = &w[u * inputs + i..][..I];
        for l in 0..I {
            sums[l] += delta * w[l];
        }
    }
    for (dx, &sum) in dx[i..i + I].iter_mut().zip(&sums) {
        *dx += sum;
    }
    I
}

for_every_level! {
    /// `dx[r,i]` += Σᵤ `upstream[r,u]` · `w[u,i]`
    /// `upstream`: rows × units, `w`: units × inputs, `dx`: rows × inputs
    pub fn add_to_inputs[S: Scalar](rows: usize, inputs: usize, units: usize, upstream: &[S], w: &[S], dx: &mut [S]) small if (rows * inputs * units <= SMALL) {
        for row in 0..rows {
            add_row_to_inputs(&upstream[row * units..][..units], w, &mut dx[row * inputs..][..inputs]);
        }
    }
}

for_every_level! {
    /// `dw[u,i]` += Σᵣ `upstream[r,u]` · `x[r,i]`
    /// `upstream`: rows × units, `x`: rows × inputs, `dw`: units × inputs
    pub fn add_to_weight[S: Scalar](rows: usize, inputs: usize, units: usize, upstream: &[S], x: &[S], dw: &mut [S]) small if (rows * inputs * units <= SMALL) {
        add_outer_products(rows, inputs, units, upstream, x, dw);
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
