//! Products with small matrices, for blocks of rows that lie side by side: a block of width × rows holds one number
//! after another of all its rows, so that a register holds several rows.
//!
//! Each product is rounded, then each addition is: the arithmetic a person does by hand. Sums over inputs or units run
//! in order, as in [`crate::naive`], to the bit. Sums over rows run in [`LANES`] strands, row r in strand r mod
//! [`LANES`], which are added by halves at the end of every [`GROUP`] rows; so neither the machine nor how the rows are
//! cut (at multiples of [`GROUP`]) changes a bit.

use crate::Scalar;
use crate::dispatch::for_every_level;

/// Layers with fewer weights than this are narrow: our own loops are faster than a product that packs its factors.
pub const NARROW: usize = 32 * 32;

/// Strands of a sum over rows.
pub const LANES: usize = 16;
/// Rows whose strands are joined at a time.
pub const GROUP: usize = 64;
/// Multiplications below which the loops are not worth a call of their own.
const SMALL: usize = 32;

/// A matrix read number by number: entry (m, k) is `data[m · row + k · column]`.
#[derive(Clone, Copy)]
struct Scattered<'a, S> {
    data: &'a [S],
    row: usize,
    column: usize,
}

for_every_level! {
    /// `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` + `b[u]`
    /// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
    pub fn affine[S: Scalar](rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) small if (rows * inputs * units <= SMALL) {
        if rows == 1 {
            return affine_of_one(inputs, x, w, b, &mut z[..units]);
        }
        let w = Scattered { data: w, row: inputs, column: 1 };
        let z = &mut z[..units * rows];
        match b {
            Some(b) => tall(rows, inputs, w, x, z, |u, sum, _| sum + b[u]),
            None => tall(rows, inputs, w, x, z, |_, sum, _| sum),
        }
    }
}

for_every_level! {
    /// `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]`, or += where `add`
    /// `delta`: units × rows, `w`: units × inputs, `dx`: inputs × rows
    pub fn input_gradient[S: Scalar](rows: usize, inputs: usize, units: usize, delta: &[S], w: &[S], dx: &mut [S], add: bool) small if (rows * inputs * units <= SMALL) {
        if rows == 1 {
            return input_gradient_of_one(&delta[..units], w, &mut dx[..inputs], add);
        }
        let w = Scattered { data: w, row: 1, column: inputs };
        let dx = &mut dx[..inputs * rows];
        match add {
            true => tall(rows, units, w, delta, dx, |_, sum, before| before + sum),
            false => tall(rows, units, w, delta, dx, |_, sum, _| sum),
        }
    }
}

for_every_level! {
    /// `dw[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]`, or += where `add`
    /// `delta`: units × rows, `x`: inputs × rows, `dw`: units × inputs
    pub fn weight_gradient[S: Scalar](rows: usize, inputs: usize, units: usize, delta: &[S], x: &[S], dw: &mut [S], add: bool) small if (rows * inputs * units <= SMALL) {
        let dw = &mut dw[..units * inputs];
        if rows == 1 {
            return weight_gradient_of_one(&delta[..units], &x[..inputs], dw, add);
        }
        let mut unit = 0;
        while unit < units {
            unit += match units - unit {
                1 => strands::<S, 1>(rows, inputs, unit, delta, x, dw, add),
                2 => strands::<S, 2>(rows, inputs, unit, delta, x, dw, add),
                3 => strands::<S, 3>(rows, inputs, unit, delta, x, dw, add),
                _ => strands::<S, 4>(rows, inputs, unit, delta, x, dw, add),
            };
        }
    }
}

for_every_level! {
    /// `db[u]` = Σᵣ `delta[u,r]`, or += where `add`
    /// `delta`: units × rows, `db`: units
    pub fn bias_gradient[S: Scalar](rows: usize, delta: &[S], db: &mut [S], add: bool) small if (rows * db.len() <= SMALL) {
        for (db, delta) in db.iter_mut().zip(delta.chunks_exact(rows)) {
            let mut total = if add { *db } else { S::ZERO };
            for (group, delta) in delta.chunks(GROUP).enumerate() {
                let mut sum = [S::ZERO; LANES];
                let (whole, rest) = delta.as_chunks::<LANES>();
                for delta in whole {
                    for l in 0..LANES {
                        sum[l] += delta[l];
                    }
                }
                let last = padded(rest);
                for l in 0..LANES {
                    sum[l] += last[l];
                }
                let sum = joined(sum);
                total = if group == 0 && !add { sum } else { total + sum };
            }
            *db = total;
        }
    }
}

/// `c[m,r]` = finish(m, Σₖ `a(m,k)` · `b[k,r]`, `c[m,r]`): a register of rows for a handful of m at a time.
/// `b`: inner × rows; `c`: any number × rows
#[inline(always)]
fn tall<S: Scalar>(rows: usize, inner: usize, a: Scattered<'_, S>, b: &[S], c: &mut [S], finish: impl Fn(usize, S, S) -> S) {
    let b = &b[..inner * rows];
    let count = c.len() / rows;
    let mut row = 0;
    while row < rows {
        let wide = size_of::<S>() == 4 && rows - row >= 16;
        let width = if wide { 16 } else if rows - row >= 8 { 8 } else if rows - row >= 4 { 4 } else { 1 };
        let mut m = 0;
        while m < count {
            // Four chains of additions hide their waiting from one another; a few more at the end save a short turn.
            let height = match count - m {
                few @ 1..8 => few,
                _ => 4,
            };
            macro_rules! tile {
                ($($h:literal)*) => {
                    match (height, width) {
                        $(($h, 16) => tile::<S, $h, 16>(rows, (m, row), a, b, c, &finish),
                          ($h, 8) => tile::<S, $h, 8>(rows, (m, row), a, b, c, &finish),
                          ($h, 4) => tile::<S, $h, 4>(rows, (m, row), a, b, c, &finish),
                          ($h, _) => tile::<S, $h, 1>(rows, (m, row), a, b, c, &finish),)*
                        _ => unreachable!("1 to 7 at a time"),
                    }
                };
            }
            tile!(1 2 3 4 5 6 7);
            m += height;
        }
        row += width;
    }
}

/// `H` of the m from `m` on, for the `L` rows from `row` on.
#[inline(always)]
fn tile<S: Scalar, const H: usize, const L: usize>(
    rows: usize,
    (m, row): (usize, usize),
    a: Scattered<'_, S>,
    b: &[S],
    c: &mut [S],
    finish: &impl Fn(usize, S, S) -> S,
) {
    let mut sums = [[S::ZERO; L]; H];
    // The chunks after the last one cut away would be short: the slice ends with the last row read.
    for (k, b) in b.chunks_exact(rows).enumerate() {
        let b: &[S; L] = b[row..].first_chunk().expect("L numbers");
        let a: [S; H] = std::array::from_fn(|h| a.data[(m + h) * a.row + k * a.column]);
        for h in 0..H {
            for l in 0..L {
                sums[h][l] += a[h] * b[l];
            }
        }
    }
    for (h, sums) in sums.iter().enumerate() {
        for (c, &sum) in c[(m + h) * rows + row..][..L].iter_mut().zip(sums) {
            *c = finish(m + h, sum, *c);
        }
    }
}

/// `dw` of the `U` units from `unit` on; gives `U`.
#[inline(always)]
fn strands<S: Scalar, const U: usize>(rows: usize, inputs: usize, unit: usize, delta: &[S], x: &[S], dw: &mut [S], add: bool) -> usize {
    let mut input = 0;
    while input < inputs {
        // As many sums as registers hold.
        input += match (inputs - input, size_of::<S>()) {
            (2.., 4) => block::<S, U, 2>(rows, inputs, (unit, input), delta, x, dw, add),
            _ => block::<S, U, 1>(rows, inputs, (unit, input), delta, x, dw, add),
        };
    }
    U
}

/// The same for the `I` inputs from `input` on; gives `I`.
#[inline(always)]
fn block<S: Scalar, const U: usize, const I: usize>(
    rows: usize,
    inputs: usize,
    (unit, input): (usize, usize),
    delta: &[S],
    x: &[S],
    dw: &mut [S],
    add: bool,
) -> usize {
    let delta: [&[S]; U] = std::array::from_fn(|u| &delta[(unit + u) * rows..][..rows]);
    let x: [&[S]; I] = std::array::from_fn(|i| &x[(input + i) * rows..][..rows]);
    for start in (0..rows).step_by(GROUP) {
        let end = rows.min(start + GROUP);
        let mut sums = [[[S::ZERO; LANES]; I]; U];
        let mut row = start;
        while row + LANES <= end {
            let delta = delta.map(|delta| lanes(&delta[row..]));
            let x = x.map(|x| lanes(&x[row..]));
            add_products(&mut sums, &delta, &x);
            row += LANES;
        }
        if row < end {
            add_products(&mut sums, &delta.map(|delta| padded(&delta[row..end])), &x.map(|x| padded(&x[row..end])));
        }
        for u in 0..U {
            for i in 0..I {
                let place = &mut dw[(unit + u) * inputs + input + i];
                let sum = joined(sums[u][i]);
                *place = if start == 0 && !add { sum } else { *place + sum };
            }
        }
    }
    I
}

#[inline(always)]
fn add_products<S: Scalar, const U: usize, const I: usize>(
    sums: &mut [[[S; LANES]; I]; U],
    delta: &[[S; LANES]; U],
    x: &[[S; LANES]; I],
) {
    for u in 0..U {
        for i in 0..I {
            for l in 0..LANES {
                sums[u][i][l] += delta[u][l] * x[i][l];
            }
        }
    }
}

#[inline(always)]
fn lanes<S: Scalar>(numbers: &[S]) -> [S; LANES] {
    *numbers.first_chunk().expect("LANES numbers")
}

/// The last few numbers, with zeros behind.
#[inline(always)]
fn padded<S: Scalar>(numbers: &[S]) -> [S; LANES] {
    let mut all = [S::ZERO; LANES];
    for (place, &number) in all.iter_mut().zip(numbers) {
        *place = number;
    }
    all
}

/// The strands added up, by halves.
#[inline(always)]
fn joined<S: Scalar>(strands: [S; LANES]) -> S {
    let eight: [S; 8] = std::array::from_fn(|l| strands[l] + strands[l + 8]);
    let four: [S; 4] = std::array::from_fn(|l| eight[l] + eight[l + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// [`affine`] of one row.
#[inline(always)]
fn affine_of_one<S: Scalar>(inputs: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    let x = &x[..inputs];
    for (u, (z, w)) in z.iter_mut().zip(w.chunks_exact(inputs)).enumerate() {
        let mut sum = S::ZERO;
        for (&x, &w) in x.iter().zip(w) {
            sum += x * w;
        }
        *z = b.map_or(sum, |b| sum + b[u]);
    }
}

/// [`input_gradient`] of one row: several inputs side by side.
#[inline(always)]
fn input_gradient_of_one<S: Scalar>(delta: &[S], w: &[S], dx: &mut [S], add: bool) {
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

/// [`weight_gradient`] of one row.
#[inline(always)]
fn weight_gradient_of_one<S: Scalar>(delta: &[S], x: &[S], dw: &mut [S], add: bool) {
    for (dw, &delta) in dw.chunks_exact_mut(x.len()).zip(delta) {
        for (dw, &x) in dw.iter_mut().zip(x) {
            *dw = if add { *dw + delta * x } else { delta * x };
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
