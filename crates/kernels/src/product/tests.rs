use super::*;
use crate::dispatch::{Level, detect};

/// The levels this machine has.
fn levels() -> impl Iterator<Item = Level> {
    [Level::Baseline, Level::Avx2, Level::Avx512].into_iter().filter(|level| *level <= detect())
}

const EXTENTS: [usize; 20] = [1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257, 515];

fn numbers<S: Scalar>(n: usize, salt: usize) -> Vec<S> {
    (0..n).map(|i| S::from_f64(((i * 7919 + salt * 104729) % 2003) as f64 / 1001.5 - 1.0)).collect()
}

/// a · b + c as the level rounds it.
fn multiply_add<S: Scalar>(level: Level, a: S, b: S, c: S) -> S {
    match (level, size_of::<S>()) {
        (Level::Baseline, _) => a * b + c,
        // Exact in f64, and of the last sum only one rounding is to f32: f32's own is asked for.
        (_, 4) => S::from_f64(f64::from((a.to_f64() as f32).mul_add(b.to_f64() as f32, c.to_f64() as f32))),
        _ => S::from_f64(a.to_f64().mul_add(b.to_f64(), c.to_f64())),
    }
}

/// One product of these extents, A by rows or by columns, against the chain; what lies around the result must stay.
fn check<S: Scalar>(level: Level, m: usize, k: usize, n: usize, by_rows: bool, add: bool, gap: usize) {
    let (row, column) = if by_rows { (k + gap, 1) } else { (1, m + gap) };
    let (b_row, c_row) = (n + gap, n + gap);
    // Slices that end with their last entry.
    let a = numbers::<S>((m - 1) * row + (k - 1) * column + 1, 1);
    let b = numbers::<S>((k - 1) * b_row + n, 2);
    let mut c = numbers::<S>((m - 1) * c_row + n, 3);
    let mut want = c.clone();
    // Some so small that what comes out is flushed, some that no slope is.
    let scales = (gap > 1).then(|| scales::<S>(c.len()));
    let (starts, row_starts) = (numbers::<S>(m, 4), gap != 1);
    for i in 0..m {
        for j in 0..n {
            let start = match (add, row_starts) {
                (true, _) => c[i * c_row + j],
                (_, true) => starts[i],
                _ => S::ZERO,
            };
            let sum = (0..k).fold(start, |sum, l| multiply_add(level, a[i * row + l * column], b[l * b_row + j], sum));
            want[i * c_row + j] = scales.as_ref().map_or(sum, |scales| (sum * scales[i * c_row + j]).flushed());
        }
    }
    let mut scratch = vec![S::from_f64(f64::NAN); scratch::<S>(m, k, n, column)];
    let start = match (add, row_starts) {
        (true, _) => Start::Result,
        (_, true) => Start::Rows(&starts),
        _ => Start::Zero,
    };
    product_at(level, m, k, n, Left { data: &a, row, column }, &b, b_row, &mut c, c_row, start, scales.as_deref(), &mut scratch);
    assert_eq!(bits(&c), bits(&want), "{} {m} × {k} × {n}, by rows: {by_rows}, add: {add}, gap: {gap}", S::NAME);
}

fn scales<S: Scalar>(n: usize) -> Vec<S> {
    let smallest = S::from_f64(if size_of::<S>() == 4 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE });
    let odd = [0.0, -0.0, f64::INFINITY, f64::NAN].map(S::from_f64);
    let scale = |(i, x)| match i % 35 {
        place @ 1..=4 => odd[place - 1],
        place if place % 5 == 0 => x * smallest,
        _ => x,
    };
    numbers::<S>(n, 5).into_iter().enumerate().map(scale).collect()
}

fn bits<S: Scalar>(numbers: &[S]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_f64().to_bits()).collect()
}

/// All extents of which m · k · n is in the range, but only one in `every`: plain loops are slow.
fn check_all(work: std::ops::Range<usize>, every: usize) {
    let triples = EXTENTS.iter().flat_map(|&m| EXTENTS.iter().flat_map(move |&k| EXTENTS.iter().map(move |&n| (m, k, n))));
    for (turn, (m, k, n)) in triples.filter(|(m, k, n)| work.contains(&(m * k * n))).enumerate().filter(|(turn, _)| turn % every == 0) {
        let turn = turn / every;
        let (by_rows, add, gap) = (turn.is_multiple_of(2), turn % 6 < 2, turn % 3);
        for level in levels() {
            check::<f32>(level, m, k, n, by_rows, add, gap);
            check::<f64>(level, m, k, n, !by_rows, !add, gap);
        }
    }
}

#[test]
fn every_entry_is_one_chain() {
    check_all(0..1 << 14, 1);
}

#[test]
fn every_entry_of_large_products_is_one_chain() {
    check_all(1 << 14..1 << 17, 7);
    check_all(1 << 17..1 << 28, 41);
    for level in levels() {
        for by_rows in [false, true] {
            // Both factors are packed, in several blocks that end unevenly.
            check::<f32>(level, 613, 1730, 97, by_rows, true, 3);
            check::<f64>(level, 613, 1030, 97, by_rows, false, 3);
            check::<f32>(level, 67, 515, 1549, by_rows, false, 3);
            check::<f64>(level, 67, 515, 1549, by_rows, true, 3);
        }
        // The left factor is packed as its columns collide.
        for (gap, add) in [(0, false), (3, true)] {
            check::<f32>(level, 1024 - gap, 67, 97, false, add, gap);
            check::<f64>(level, 512 - gap, 67, 97, false, add, gap);
        }
    }
}

/// The order `matrix_vector` promises.
fn lanes<S: Scalar>(level: Level, w: &[S], x: &[S]) -> S {
    let count = 64 / size_of::<S>();
    let mut sums: Vec<S> =
        (0..count).map(|lane| (lane..x.len()).step_by(count).fold(S::ZERO, |sum, i| multiply_add(level, w[i], x[i], sum))).collect();
    while sums.len() > 1 {
        let upper = sums.split_off(sums.len() / 2);
        sums.iter_mut().zip(upper).for_each(|(sum, upper)| *sum += upper);
    }
    sums[0]
}

fn check_one_row<S: Scalar>(level: Level, units: usize, inputs: usize, add: bool) {
    let (w, x, d) = (numbers::<S>(units * inputs, 1), numbers::<S>(inputs, 2), numbers::<S>(units, 3));
    let start = |old: S| if add { old } else { S::ZERO };
    let (mut out, mut dx) = (numbers::<S>(units, 4), numbers::<S>(inputs, 5));
    let want: Vec<S> = (0..units).map(|u| start(out[u]) + lanes(level, &w[u * inputs..][..inputs], &x)).collect();
    let want_dx: Vec<S> =
        (0..inputs).map(|i| (0..units).fold(start(dx[i]), |sum, u| multiply_add(level, w[u * inputs + i], d[u], sum))).collect();
    one_row::matrix_vector_at(level, units, inputs, &w, &x, &mut out, add);
    one_row::vector_matrix_at(level, units, inputs, &w, &d, &mut dx, add);
    assert_eq!(bits(&out), bits(&want), "{} {units} × {inputs} forward", S::NAME);
    assert_eq!(bits(&dx), bits(&want_dx), "{} {units} × {inputs} back", S::NAME);
}

#[test]
fn one_row_sums_in_the_order_it_says() {
    for level in levels() {
        for units in EXTENTS {
            for inputs in EXTENTS {
                check_one_row::<f32>(level, units, inputs, units % 2 == 0);
                check_one_row::<f64>(level, units, inputs, units % 2 == 1);
            }
        }
    }
}

fn check_transpose<S: Scalar>(level: Level, rows: usize, columns: usize, gap: usize) {
    let (from_row, to_row) = (columns + gap, rows + gap);
    let from = numbers::<S>((rows - 1) * from_row + columns, 1);
    let mut to = numbers::<S>((columns - 1) * to_row + rows, 2);
    let mut want = to.clone();
    for r in 0..rows {
        for c in 0..columns {
            want[c * to_row + r] = from[r * from_row + c];
        }
    }
    transpose::transpose_at(level, rows, columns, &from, from_row, &mut to, to_row);
    assert_eq!(to, want, "{} {rows} × {columns}, gap {gap}", S::NAME);
}

#[test]
fn transposed_rows_are_columns() {
    for level in levels() {
        for rows in EXTENTS {
            for columns in EXTENTS {
                check_transpose::<f32>(level, rows, columns, rows % 3);
                check_transpose::<f64>(level, rows, columns, columns % 3);
            }
        }
    }
}

#[test]
#[should_panic(expected = "left factor is too short: 5 numbers for 2 × 3")]
fn a_short_factor_is_refused() {
    product(2, 3, 1, Left { data: &[0.0; 5], row: 3, column: 1 }, &[0.0; 3], 1, &mut [0.0; 2], 1, Start::Zero, None, &mut []);
}

#[test]
fn an_empty_sum_is_zero() {
    let (none, mut c) = (Left { data: &[], row: 0, column: 1 }, [1.0f32; 5]);
    for (m, k, n) in [(2, 0, 2), (0, 3, 2), (2, 3, 0)] {
        assert_eq!(scratch::<f32>(m, k, n, 512), 0);
    }
    product(2, 0, 2, none, &[], 2, &mut c, 3, Start::Result, None, &mut []);
    assert_eq!(c, [1.0; 5]);
    product(2, 0, 2, none, &[], 2, &mut c, 3, Start::Zero, None, &mut []);
    assert_eq!(c, [0.0, 0.0, 1.0, 0.0, 0.0]);
}
