//! The doorway to the matrix product library (private-gemm-x86, the product behind faer).
//!
//! It was chosen because it allocates nothing after a thread's first call and sums over the inner
//! index in one fixed order. Where the machine has no AVX2, or is no x86-64, the loops of
//! [`crate::narrow`] answer instead.

use crate::Scalar;
use crate::narrow;

/// `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` + `b[u]`
/// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
pub fn affine<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    let w_ = View { data: w, row: inputs, column: 1 };
    let x_ = View { data: x, row: rows, column: 1 };
    if let Some(b) = b {
        z.chunks_exact_mut(rows).zip(b).for_each(|(z, &b)| z.fill(b));
    }
    if !product(units, inputs, rows, w_, x_, z, b.is_some()) {
        narrow::affine(rows, inputs, units, x, w, b, z);
    }
}

/// `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]`, or += where `add`
/// `delta`: units × rows, `w`: units × inputs, `dx`: inputs × rows
pub fn input_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], w: &[S], dx: &mut [S], add: bool) {
    let wt = View { data: w, row: 1, column: inputs };
    let d = View { data: delta, row: rows, column: 1 };
    if !product(inputs, units, rows, wt, d, dx, add) {
        narrow::input_gradient(rows, inputs, units, delta, w, dx, add);
    }
}

/// `dw[u,i]` = Σᵣ `delta[u,r]` · `xt[r,i]`, or += where `add`
/// `delta`: units × rows, `xt`: rows × inputs, `dw`: units × inputs
pub fn weight_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], xt: &[S], dw: &mut [S], add: bool) {
    let d = View { data: delta, row: rows, column: 1 };
    let x_ = View { data: xt, row: inputs, column: 1 };
    if !product(units, rows, inputs, d, x_, dw, add) {
        todo!()
    }
}

/// Lets the library set up what it keeps for this thread, so that no later product does.
pub fn set_up() {
    let (a, b, mut c) = ([0.0f64; 64], [0.0f64; 64], [0.0f64; 64]);
    product(8, 8, 8, View { data: &a, row: 8, column: 1 }, View { data: &b, row: 8, column: 1 }, &mut c, false);
}

/// A matrix in a slice: entry (r, c) is `data[r · row + c · column]`.
#[derive(Clone, Copy)]
struct View<'a, S> {
    data: &'a [S],
    row: usize,
    column: usize,
}

/// `c` = `a` · `b`, or `c` += `a` · `b`. `a`: m × k, `b`: k × n, `c`: m × n in row order.
/// Says false, and does nothing, where the library has no code for this machine.
fn product<S: Scalar>(m: usize, k: usize, n: usize, a: View<S>, b: View<S>, c: &mut [S], add: bool) -> bool {
    let last = |view: &View<S>, rows: usize, columns: usize| (rows - 1) * view.row + (columns - 1) * view.column;
    if m == 0 || k == 0 || n == 0 {
        return false;
    }
    assert!(last(&a, m, k) < a.data.len(), "left factor is too short for {m} × {k}");
    assert!(last(&b, k, n) < b.data.len(), "right factor is too short for {k} × {n}");
    assert!(m * n <= c.len(), "result is too short for {m} × {n}");
    #[cfg(target_arch = "x86_64")]
    {
        use crate::dispatch::{Level, level};
        use private_gemm_x86 as library;
        use std::ptr::null;
        let set = match level() {
            Level::Avx512 => library::InstrSet::Avx512,
            Level::Avx2 => library::InstrSet::Avx256,
            Level::Baseline => return false,
        };
        let number = if size_of::<S>() == 4 { library::DType::F32 } else { library::DType::F64 };
        let accumulate = if add { library::Accum::Add } else { library::Accum::Replace };
        let one = S::ONE;
        // SAFETY: S is f32 or f64 (sealed) and `number` names it; the asserts above keep every entry
        // of both factors and of the result inside its slice; `c` is borrowed exclusively, so it
        // overlaps neither factor; `set` was found on this machine; null index and diagonal
        // pointers mean "none" to the library.
        unsafe {
            library::gemm(
                number,
                library::IType::U64,
                set,
                m,
                n,
                k,
                c.as_mut_ptr().cast(),
                n as isize,
                1,
                null(),
                null(),
                library::DstKind::Full,
                accumulate,
                a.data.as_ptr().cast(),
                a.row as isize,
                a.column as isize,
                false,
                null(),
                0,
                b.data.as_ptr().cast(),
                b.row as isize,
                b.column as isize,
                false,
                (&raw const one).cast(),
                1,
            );
        }
        true
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = add;
        false
    }
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
            crate::transpose(inputs, rows, &x, &mut xt);
            for add in [false, true] {
                let (mut got, mut want) = (x.clone(), x.clone());
                input_gradient(rows, inputs, units, &delta, &w, &mut got, add);
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
