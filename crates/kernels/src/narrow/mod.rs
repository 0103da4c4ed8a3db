//! Products with small matrices, for blocks of rows that lie side by side: a block of width × rows holds one number
//! after another of all its rows, so that a register holds several rows.
//!
//! Each product is rounded, then each addition is: the arithmetic a person does by hand. Sums over inputs or units run
//! in order, as in [`crate::naive`], to the bit. Sums over rows run in [`LANES`] strands, row r in strand r mod
//! [`LANES`], which are added by halves at the end of every [`GROUP`] rows; so neither the machine nor how the rows are
//! cut (at multiples of [`GROUP`]) changes a bit.

mod one_row;
mod plain;
#[cfg(target_arch = "x86_64")]
mod simd;

use crate::Scalar;
use crate::dispatch::for_every_level;
#[cfg(target_arch = "x86_64")]
use crate::{dispatch::level, product::call};

/// Layers with fewer weights than this are narrow: our own loops are faster than a product that packs its factors.
pub const NARROW: usize = 512;

/// Strands of a sum over rows.
pub const LANES: usize = 16;
/// Rows whose strands are joined at a time.
pub const GROUP: usize = 64;

/// A matrix read number by number: entry (m, k) is `data[m · row + k · column]`.
#[derive(Clone, Copy)]
struct Scattered<'a, S> {
    data: &'a [S],
    row: usize,
    column: usize,
}

/// `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` + `b[u]`
/// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
#[inline]
pub fn affine<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    if rows == 1 {
        return one_row::affine(inputs, x, w, b, &mut z[..units]);
    }
    let (x, w, z) = (&x[..inputs * rows], &w[..units * inputs], &mut z[..units * rows]);
    let b = b.map(|b| &b[..units]);
    tall(rows, Scattered { data: w, row: inputs, column: 1 }, x, z, b.map_or(Beside::Nothing, Beside::Bias));
}

/// `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]`, or += where `add`
/// `delta`: units × rows, `w`: units × inputs, `dx`: inputs × rows
#[inline]
pub fn input_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], w: &[S], dx: &mut [S], add: bool) {
    if rows == 1 {
        return one_row::input_gradient(&delta[..units], w, &mut dx[..inputs], add);
    }
    let (delta, w, dx) = (&delta[..units * rows], &w[..units * inputs], &mut dx[..inputs * rows]);
    tall(rows, Scattered { data: w, row: 1, column: inputs }, delta, dx, if add { Beside::Before } else { Beside::Nothing });
}

/// `dw[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]`, or += where `add`
/// `delta`: units × rows, `x`: inputs × rows, `dw`: units × inputs
#[inline]
pub fn weight_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], x: &[S], dw: &mut [S], add: bool) {
    if rows == 1 {
        return one_row::weight_gradient(&delta[..units], &x[..inputs], &mut dw[..units * inputs], add);
    }
    across(rows, &delta[..units * rows], Some(&x[..inputs * rows]), &mut dw[..units * inputs], add);
}

/// `db[u]` = Σᵣ `delta[u,r]`, or += where `add`
/// `delta`: units × rows, `db`: units
#[inline]
pub fn bias_gradient<S: Scalar>(rows: usize, delta: &[S], db: &mut [S], add: bool) {
    let delta = &delta[..db.len() * rows];
    if rows == 1 {
        return db.iter_mut().zip(delta).for_each(|(db, &delta)| *db = if add { *db + delta } else { delta });
    }
    across(rows, delta, None, db, add);
}

for_every_level! {
    /// `sums[u]` += Σᵣ `a[u,r]` · `b[u,r]`
    /// `a`, `b`: units × rows
    pub fn add_products[S: Scalar](rows: usize, a: &[S], b: &[S], sums: &mut [S]) {
        for ((a, b), sum) in a.chunks_exact(rows).zip(b.chunks_exact(rows)).zip(sums) {
            add_strands([a, b], |[a, b]| a * b, sum);
        }
    }
}

for_every_level! {
    /// `sums[u]` += Σᵣ `a[u,r]` · `b[u,r]` · (`factor` · `x[r]`)
    /// `a`, `b`: units × rows, `x`: one number for each row
    pub fn add_products_with[S: Scalar](a: &[S], b: &[S], factor: S, x: &[S], sums: &mut [S]) {
        for ((a, b), sum) in a.chunks_exact(x.len()).zip(b.chunks_exact(x.len())).zip(sums) {
            add_strands([a, b, x], |[a, b, x]| a * b * (factor * x), sum);
        }
    }
}

/// `sum` += Σᵣ `number(inputs[·][r])`. `inputs`: of one length
#[inline(always)]
pub fn add_strands<S: Scalar, const N: usize>(inputs: [&[S]; N], number: impl Fn([S; N]) -> S, sum: &mut S) {
    let rows = inputs[0].len();
    for start in (0..rows).step_by(GROUP) {
        let mut strands = [S::ZERO; LANES];
        let group = inputs.map(|input| input[start..rows.min(start + GROUP)].as_chunks::<LANES>());
        for chunk in 0..group[0].0.len() {
            let chunk = group.map(|(chunks, _)| &chunks[chunk]);
            for (lane, strand) in strands.iter_mut().enumerate() {
                *strand += number(chunk.map(|numbers| numbers[lane]));
            }
        }
        let rest = group.map(|(_, rest)| rest);
        for (lane, strand) in strands.iter_mut().enumerate().take(rest[0].len()) {
            *strand += number(rest.map(|numbers| numbers[lane]));
        }
        *sum += joined(&strands);
    }
}

/// What a sum is added to.
#[derive(Clone, Copy)]
enum Beside<'a, S> {
    Nothing,
    /// One number for each row of the matrix.
    Bias(&'a [S]),
    /// What stands there.
    Before,
}

/// `c[m,r]` = Σₖ `a(m,k)` · `b[k,r]` beside something. `b`: inner × rows; `c`: any number × rows
fn tall<S: Scalar>(rows: usize, a: Scattered<'_, S>, b: &[S], c: &mut [S], beside: Beside<'_, S>) {
    #[cfg(target_arch = "x86_64")]
    {
        let (bias, before) = match beside {
            Beside::Nothing => (None, false),
            Beside::Bias(bias) => (Some(bias.as_ptr()), false),
            Beside::Before => (None, true),
        };
        let (inner, count) = (b.len() / rows, c.len() / rows);
        let (b, c) = (b.as_ptr(), c.as_mut_ptr());
        let task = simd::Tall { rows, inner, count, a: a.data.as_ptr(), a_row: a.row, a_column: a.column, b, c, bias, before };
        // SAFETY: the callers' slices reach as far as the extents; the level was found on this machine.
        unsafe { call!(level(), S, simd::tall(task.of())) };
    }
    plain::tall(rows, a, b, c, beside);
}

/// `sums[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]`, or Σᵣ `delta[u,r]` without x, or += where `add`, in strands.
fn across<S: Scalar>(rows: usize, delta: &[S], x: Option<&[S]>, sums: &mut [S], add: bool) {
    #[cfg(target_arch = "x86_64")]
    {
        let (units, inputs) = (delta.len() / rows, x.map_or(1, |x| x.len() / rows));
        let (delta, x, sums) = (delta.as_ptr(), x.map(<[S]>::as_ptr), sums.as_mut_ptr());
        let task = simd::Across { rows, units, inputs, delta, x, sums, add };
        // SAFETY: the callers' slices reach as far as the extents; the level was found on this machine.
        unsafe { call!(level(), S, simd::across(task.of())) };
    }
    plain::across(rows, delta, x, sums, add);
}

/// The strands added up, by halves.
#[inline(always)]
fn joined<S: Scalar>(strands: &[S; LANES]) -> S {
    let eight: [S; 8] = std::array::from_fn(|l| strands[l] + strands[l + 8]);
    let four: [S; 4] = std::array::from_fn(|l| eight[l] + eight[l + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naive;

    /// Numbers of mixed size and sign, without a generator.
    fn numbers<S: Scalar>(n: usize, salt: usize) -> Vec<S> {
        (0..n).map(|i| S::from_f64((((i * 7919 + salt * 104729) % 2003) as f64 / 1001.5 - 1.0) * 1.7)).collect()
    }

    /// (rows, inputs, units)
    const SIZES: [(usize, usize, usize); 12] = [
        (1, 1, 1),
        (1, 3, 4),
        (2, 2, 2),
        (7, 13, 5),
        (8, 13, 5),
        (19, 64, 3),
        (25, 65, 2),
        (506, 5, 3),
        (9, 1, 31),
        (64, 7, 8),
        (77, 2, 9),
        (130, 3, 17),
    ];

    fn sums_over_inputs_and_units<S: Scalar>() {
        for (rows, inputs, units) in SIZES {
            let (x, w, b) = (numbers::<S>(rows * inputs, 1), numbers::<S>(units * inputs, 2), numbers::<S>(units, 3));
            let delta = numbers::<S>(rows * units, 4);
            let (mut got, mut want) = (vec![S::ZERO; rows * units], vec![S::ZERO; rows * units]);
            for b in [None, Some(&b[..])] {
                affine(rows, inputs, units, &x, &w, b, &mut got);
                naive::affine(rows, inputs, units, &x, &w, b, &mut want);
                assert_eq!(got, want, "affine {rows}×{inputs}×{units}");
            }
            for add in [false, true] {
                let (mut got, mut want) = (x.clone(), x.clone());
                input_gradient(rows, inputs, units, &delta, &w, &mut got, add);
                naive::input_gradient(rows, inputs, units, &delta, &w, &mut want, add);
                assert_eq!(got, want, "dx {rows}×{inputs}×{units}, add {add}");
            }
        }
    }

    #[test]
    fn sums_over_inputs_and_units_have_the_bits_of_the_naive_ones() {
        sums_over_inputs_and_units::<f32>();
        sums_over_inputs_and_units::<f64>();
    }

    /// The definition of a sum over rows, written once more: strands, halves, groups.
    fn in_strands<S: Scalar>(terms: &[S], before: Option<S>) -> S {
        let mut total = before;
        for group in terms.chunks(GROUP) {
            let mut strands = vec![S::ZERO; LANES];
            for (r, &term) in group.iter().enumerate() {
                strands[r % LANES] += term;
            }
            while strands.len() > 1 {
                let half = strands.split_off(strands.len() / 2);
                strands.iter_mut().zip(half).for_each(|(a, b)| *a += b);
            }
            total = Some(total.map_or(strands[0], |total| total + strands[0]));
        }
        total.expect("at least one row")
    }

    fn sums_over_rows<S: Scalar>() {
        for (rows, inputs, units) in SIZES {
            let (x, delta) = (numbers::<S>(rows * inputs, 1), numbers::<S>(rows * units, 4));
            let (w, b) = (numbers::<S>(units * inputs, 2), numbers::<S>(units, 3));
            for add in [false, true] {
                let (mut dw, mut db) = (w.clone(), b.clone());
                weight_gradient(rows, inputs, units, &delta, &x, &mut dw, add);
                bias_gradient(rows, &delta, &mut db, add);
                let (mut naive_dw, mut naive_db) = (w.clone(), b.clone());
                naive::weight_gradient(rows, inputs, units, &delta, &x, &mut naive_dw, add);
                naive::bias_gradient(rows, &delta, &mut naive_db, add);
                let bound = |terms: f64| terms * (rows + 2) as f64 * if size_of::<S>() == 4 { f32::EPSILON as f64 } else { f64::EPSILON };
                for u in 0..units {
                    let delta = &delta[u * rows..][..rows];
                    let what = format!("{rows}×{inputs}×{units}, add {add}, unit {u}");
                    assert_eq!(db[u], in_strands(delta, add.then_some(b[u])), "db {what}");
                    assert!((db[u].to_f64() - naive_db[u].to_f64()).abs() <= bound(1.7 * rows as f64 + 1.7), "db {what}");
                    for i in 0..inputs {
                        let terms: Vec<S> = delta.iter().zip(&x[i * rows..]).map(|(&delta, &x)| delta * x).collect();
                        let place = u * inputs + i;
                        assert_eq!(dw[place], in_strands(&terms, add.then_some(w[place])), "dw {what}");
                        let apart = (dw[place].to_f64() - naive_dw[place].to_f64()).abs();
                        assert!(apart <= bound(2.9 * rows as f64 + 1.7), "dw {what}");
                    }
                }
            }
        }
    }

    #[test]
    fn sums_over_rows_run_in_strands() {
        sums_over_rows::<f32>();
        sums_over_rows::<f64>();
    }
}
