//! The products of a dense layer with a large matrix, as matrix products.

use crate::Scalar;
use crate::product::{Left, Start, product, scratch};

/// `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` + `b[u]`
/// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
pub fn affine<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    multiply(units, inputs, rows, Left { data: w, row: inputs, column: 1 }, x, z, b.map_or(Start::Zero, Start::Rows), None);
}

/// `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]`, or += where `add`; then times `slope[i,r]`, flushed, where there is a slope
/// `delta`: units × rows, `w`: units × inputs, `dx`, `slope`: inputs × rows
#[allow(clippy::too_many_arguments)]
pub fn input_gradient<S: Scalar>(
    rows: usize,
    inputs: usize,
    units: usize,
    delta: &[S],
    w: &[S],
    dx: &mut [S],
    add: bool,
    slope: Option<&[S]>,
) {
    multiply(inputs, units, rows, Left { data: w, row: 1, column: inputs }, delta, dx, onto(add), slope);
}

/// `dw[u,i]` = Σᵣ `delta[u,r]` · `xt[r,i]`, or += where `add`
/// `delta`: units × rows, `xt`: rows × inputs, `dw`: units × inputs
pub fn weight_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], xt: &[S], dw: &mut [S], add: bool) {
    multiply(units, rows, inputs, Left { data: delta, row: rows, column: 1 }, xt, dw, onto(add), None);
}

fn onto<S>(add: bool) -> Start<'static, S> {
    if add { Start::Result } else { Start::Zero }
}

/// `c[m,n]` = `start` + Σₖ `a(m,k)` · `b[k,n]`, then times `scale[m,n]`; `b`: k × n, `c`, `scale`: m × n
#[allow(clippy::too_many_arguments)]
fn multiply<S: Scalar>(m: usize, k: usize, n: usize, a: Left<'_, S>, b: &[S], c: &mut [S], start: Start<'_, S>, scale: Option<&[S]>) {
    let needed = scratch::<S>(m, k, n, a.column);
    if needed == 0 {
        return product(m, k, n, a, b, n, c, n, start, scale, &mut []);
    }
    S::with_scratch(|space| {
        if space.len() < needed {
            space.resize(needed, S::ZERO);
        }
        product(m, k, n, a, b, n, c, n, start, scale, space);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive;

    fn numbers<S: Scalar>(n: usize, salt: usize) -> Vec<S> {
        (0..n).map(|i| S::from_f64(((i * 7919 + salt * 104729) % 2003) as f64 / 1001.5 - 1.0)).collect()
    }

    /// |got − want| ≤ (k + 2) · unit · Σ|terms|: the bound of a sum of k products in any order
    /// (Higham, Accuracy and Stability, §3.5); Σ|terms| ≤ k here, as every number is at most 1.
    fn close<S: Scalar>(got: &[S], want: &[S], k: usize, what: &str) {
        let unit = if size_of::<S>() == 4 { f32::EPSILON as f64 } else { f64::EPSILON };
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            let bound = (k + 2) as f64 * unit * (k + 1) as f64;
            assert!((g.to_f64() - w.to_f64()).abs() <= bound, "{what}[{i}]: {g} and {w}");
        }
    }

    fn agrees_with_naive<S: Scalar>() {
        for (rows, inputs, units) in [(1, 64, 64), (64, 784, 512), (33, 100, 10), (5, 37, 41), (128, 32, 32), (2, 1024, 3)] {
            let (x, w, b) = (numbers::<S>(rows * inputs, 1), numbers::<S>(units * inputs, 2), numbers::<S>(units, 3));
            let delta = numbers::<S>(rows * units, 4);
            let (mut got, mut want) = (vec![S::ZERO; rows * units], vec![S::ZERO; rows * units]);
            affine(rows, inputs, units, &x, &w, Some(&b), &mut got);
            naive::affine(rows, inputs, units, &x, &w, Some(&b), &mut want);
            close(&got, &want, inputs, "affine");
            let mut xt = x.clone();
            crate::product::transpose(inputs, rows, &x, rows, &mut xt, inputs);
            for add in [false, true] {
                let (mut got, mut want) = (x.clone(), x.clone());
                input_gradient(rows, inputs, units, &delta, &w, &mut got, add, None);
                naive::input_gradient(rows, inputs, units, &delta, &w, &mut want, add);
                close(&got, &want, units, "dx");
                let (mut got, mut want) = (w.clone(), w.clone());
                weight_gradient(rows, inputs, units, &delta, &xt, &mut got, add);
                naive::weight_gradient(rows, inputs, units, &delta, &x, &mut want, add);
                close(&got, &want, rows, "dw");
            }
        }
    }

    #[test]
    fn wide_products_agree_with_the_naive_ones() {
        agrees_with_naive::<f32>();
        agrees_with_naive::<f64>();
    }
}
