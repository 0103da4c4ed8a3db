//! Products of dense matrices, ours: every entry of the result is one chain of fused multiply-adds in the order of the inner index.
//!
//! An activation lies unit after unit, the rows of the batch side by side: `[width][rows]`. So the three products of a dense layer
//! take one form, C[m×n] = Σₖ A(m,k) · B(k,n), with the rows of B and C contiguous and A read number by number, wherever its numbers lie:
//!
//! | product | A | B | m, k, n |
//! |---|---|---|---|
//! | `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` | W, row stride inputs | X | units, inputs, rows |
//! | `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]` | Wᵀ, column stride inputs | δ | inputs, units, rows |
//! | `dw[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]` | δ, row stride rows | Xᵀ, by [`transpose`] | units, rows, inputs |
//!
//! The chain makes an entry independent of how the matrices are cut, and the same on AVX2 and AVX-512. On a machine without fused
//! multiply-add each product is rounded before it is added: done in software, one rounding would cost fifty times as much.

/// Returns from the caller with what `both_levels` compiled for this level and this number type, if the level has vectors.
/// Unsafe, as what it calls.
#[cfg(target_arch = "x86_64")]
macro_rules! call {
    ($level:expr, $s:ty, $module:ident::$name:ident($($a:expr),* $(,)?)) => {
        match ($level, size_of::<$s>()) {
            ($crate::dispatch::Level::Avx512, 4) => return $module::$name::avx512_f32::run($($a),*),
            ($crate::dispatch::Level::Avx512, _) => return $module::$name::avx512_f64::run($($a),*),
            ($crate::dispatch::Level::Avx2, 4) => return $module::$name::avx2_f32::run($($a),*),
            ($crate::dispatch::Level::Avx2, _) => return $module::$name::avx2_f64::run($($a),*),
            ($crate::dispatch::Level::Baseline, _) => {}
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(crate) use call;

#[cfg(target_arch = "x86_64")]
mod blocks;
mod one_row;
mod plain;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
pub(crate) mod tile;
mod transpose;
#[cfg(target_arch = "x86_64")]
pub(crate) mod vector;

pub use one_row::{matrix_vector, vector_matrix};
pub use transpose::transpose;

use crate::Scalar;
use crate::dispatch::{Level, level};

/// A matrix in a slice: entry (r, c) is `data[r · row + c · column]`.
#[derive(Clone, Copy)]
pub struct Left<'a, S> {
    /// The numbers.
    pub data: &'a [S],
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub column: usize,
}

/// What the chain of each entry of a result begins with.
#[derive(Clone, Copy)]
pub enum Start<'a, S> {
    /// With 0.
    Zero,
    /// With what stands there.
    Result,
    /// With one number for each row.
    Rows(&'a [S]),
}

/// How many numbers [`product`] needs as scratch for these extents and this stride between the columns of A; never more than 2 MiB of them.
pub fn scratch<S: Scalar>(m: usize, k: usize, n: usize, a_column: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    let numbers = blocks::scratch(m, k, n, a_column, size_of::<S>());
    #[cfg(not(target_arch = "x86_64"))]
    let numbers = {
        let _ = (m, k, n, a_column);
        0
    };
    numbers
}

/// `c[m,n]` = `start` + Σₖ `a(m,k)` · `b[k,n]`: one chain of fused multiply-adds over k; then times `scale[m,n]` and
/// [flushed](Scalar::flushed), where there is a scale.
/// `a`: m × k, `b`: k × n with row stride `b_row`, `c`, `scale`: m × n with row stride `c_row`, `scratch`: as [`scratch`] tells
#[allow(clippy::too_many_arguments)]
#[inline]
pub fn product<S: Scalar>(
    m: usize,
    k: usize,
    n: usize,
    a: Left<S>,
    b: &[S],
    b_row: usize,
    c: &mut [S],
    c_row: usize,
    start: Start<S>,
    scale: Option<&[S]>,
    scratch: &mut [S],
) {
    product_at(level(), m, k, n, a, b, b_row, c, c_row, start, scale, scratch);
}

/// [`product`] with the instructions of a level the machine has.
#[allow(clippy::too_many_arguments)]
fn product_at<S: Scalar>(
    level: Level,
    m: usize,
    k: usize,
    n: usize,
    a: Left<S>,
    b: &[S],
    b_row: usize,
    c: &mut [S],
    c_row: usize,
    start: Start<S>,
    scale: Option<&[S]>,
    scratch: &mut [S],
) {
    if m == 0 || n == 0 {
        return;
    }
    holds("result", c.len(), (m, c_row), (n, 1));
    assert!(m == 1 || c_row >= n, "rows of the result overlap: {n} numbers each, {c_row} apart");
    if let Some(scale) = scale {
        holds("scale of the result", scale.len(), (m, c_row), (n, 1));
    }
    if k == 0 {
        plain::begin(m, n, c, c_row, start);
        return plain::finish(m, n, c, c_row, scale);
    }
    if let Start::Rows(rows) = start {
        assert_eq!(rows.len(), m, "one number for each row of the result");
    }
    holds("left factor", a.data.len(), (m, a.row), (k, a.column));
    holds("right factor", b.len(), (k, b_row), (n, 1));
    #[cfg(target_arch = "x86_64")]
    {
        let needed = self::scratch::<S>(m, k, n, a.column);
        assert!(needed <= scratch.len(), "scratch for {m} × {k} × {n} takes {needed} numbers, not {}", scratch.len());
        let (a_row, a_column, a) = (a.row, a.column, a.data.as_ptr());
        let (b, c, scratch) = (b.as_ptr(), c.as_mut_ptr(), scratch.as_mut_ptr());
        let (add, rows) = match start {
            Start::Zero => (false, std::ptr::null()),
            Start::Result => (true, std::ptr::null()),
            Start::Rows(rows) => (false, rows.as_ptr()),
        };
        let scale = scale.map_or(std::ptr::null(), <[S]>::as_ptr);
        let task = blocks::Task { m, k, n, a, a_row, a_column, b, b_row, c, c_row, add, rows, scale, scratch };
        // SAFETY: S is f32 or f64 (sealed) and its size tells which; the asserts above keep every entry of both factors, of `rows`, of
        // `scale` and of the result inside its slice, and the scratch is as long as `blocks` asks for; `c` and `scratch` are borrowed exclusively;
        // the level was found on this machine.
        unsafe { call!(level, S, blocks::blocks(task.of())) };
    }
    let _ = (level, scratch);
    plain::product(m, k, n, a, b, b_row, c, c_row, start);
    plain::finish(m, n, c, c_row, scale);
}

/// Refuses a slice of `len` numbers that does not hold rows and columns of (count, stride).
#[inline]
fn holds(what: &str, len: usize, rows: (usize, usize), columns: (usize, usize)) {
    let reach = |(count, stride): (usize, usize)| (count - 1).checked_mul(stride);
    let last = reach(rows).zip(reach(columns)).and_then(|(r, c)| r.checked_add(c));
    assert!(last.is_some_and(|last| last < len), "{what} is too short: {len} numbers for {} × {}", rows.0, columns.0);
}
