//! One tile of the result, held in registers while the inner index runs.

use super::vector::Vector;

/// A tile of the result and the strips of the factors that go into it. Strides are in numbers.
pub(crate) struct Tile<S> {
    /// Steps of the inner index, at least one.
    pub k: usize,
    pub a: *const S,
    pub a_row: usize,
    pub a_column: usize,
    pub b: *const S,
    pub b_row: usize,
    pub c: *mut S,
    pub c_row: usize,
    /// Columns in the last register of a row, 1 to the full number.
    pub last: usize,
    /// Start from the old result, not from 0.
    pub add: bool,
    /// If not, the numbers its rows start from; or null, for 0.
    pub start: *const S,
    /// What its entries are multiplied by in the end, laid out as the result; or null, for nothing.
    pub scale: *const S,
    /// Bring what is read of A nearer some steps before.
    pub foresee: bool,
    /// The same of B.
    pub foresee_b: bool,
    pub ahead: Ahead<S>,
}

/// What is wanted after this tile, in runs of equal length; brought into the second cache line by line, so that nothing waits for it.
pub(crate) struct Ahead<S> {
    pub at: *const S,
    pub runs: usize,
    /// Lines in a run.
    pub lines: usize,
    /// From the end of a run to the next.
    pub skip: usize,
}

/// Steps of the inner index between two looks ahead.
const CHUNK: usize = 4;

/// Steps of the inner index that are taken row after row in the end, where there are registers for as many rows of B.
const LAST: usize = 2;

/// Rows of A of which each has an address in a register: a step then moves one number on, not as many as there are rows. With twice as
/// many instructions for a multiplication as AVX-512, AVX2 feels it wherever cores are shared.
const FEW: usize = 6;

/// The number, of which the compiler does not see how it was found: it would take every row's address on instead.
#[inline(always)]
fn opaque(mut number: usize) -> usize {
    // SAFETY: no instruction at all.
    unsafe { std::arch::asm!("/* {0} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags)) };
    number
}

/// How many registers there are.
const fn registers<V>() -> usize {
    if size_of::<V>() == 64 { 32 } else { 16 }
}

/// Computes one tile whose height and width in registers are the kernel's own.
pub(crate) type Kernel<S> = unsafe fn(&Tile<S>);

/// # Safety
/// AVX-512 F is there; the pointers reach as far as the extents tell.
#[target_feature(enable = "avx512f,avx2,fma")]
pub(super) unsafe fn avx512<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Number>) {
    // SAFETY: as the caller vouches.
    unsafe { if t.last == V::LANES { tile::<V, M, N, true>(t) } else { tile::<V, M, N, false>(t) } }
}

/// # Safety
/// AVX2 and FMA are there; the pointers reach as far as the extents tell.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Number>) {
    // SAFETY: as the caller vouches.
    unsafe { if t.last == V::LANES { tile::<V, M, N, true>(t) } else { tile::<V, M, N, false>(t) } }
}

/// `FULL`: the last register of a row is full; a load under a mask costs more than one without.
#[inline(always)]
unsafe fn tile<V: Vector, const M: usize, const N: usize, const FULL: bool>(t: &Tile<V::Number>) {
    // SAFETY: rows 0 to M of A and C, rows 0 to k of B, N registers wide less the lanes outside the mask: all the caller's.
    unsafe {
        let mask = V::mask(t.last);
        let mut sum = [[V::zero(); N]; M];
        if t.add {
            for (i, sum) in sum.iter_mut().enumerate() {
                *sum = row::<V, N, FULL>(t.c.add(i * t.c_row), mask);
            }
        } else if !t.start.is_null() {
            for (i, sum) in sum.iter_mut().enumerate() {
                *sum = [V::splat(*t.start.add(i)); N];
            }
        }
        let mut rows = [t.a; M];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = t.a.add(i * t.a_row);
        }
        let (mut at, mut b) = (0, t.b);
        let (mut ahead, mut runs, mut lines) = (t.ahead.at, t.ahead.runs, t.ahead.lines);
        let last = if LAST * N + M * N < registers::<V>() && t.k >= LAST { LAST } else { 1 };
        let before = t.k - last;
        let chunk = if t.foresee || t.foresee_b || runs > 0 { CHUNK } else { before };
        let mut left = before;
        while left > 0 {
            if runs > 0 {
                prefetch_far(ahead);
                ahead = ahead.wrapping_add(64 / size_of::<V::Number>());
                lines -= 1;
                if lines == 0 {
                    (runs, lines) = (runs - 1, t.ahead.lines);
                    ahead = ahead.wrapping_add(t.ahead.skip);
                }
            }
            if t.foresee {
                for l in 2 * CHUNK..3 * CHUNK {
                    let ahead = t.a.wrapping_add(at + l * t.a_column);
                    prefetch(ahead);
                    if M * size_of::<V::Number>() > 64 {
                        prefetch(ahead.wrapping_add(M / 2));
                    }
                    prefetch(ahead.wrapping_add(M - 1));
                }
            }
            if t.foresee_b {
                for l in 2 * CHUNK..3 * CHUNK {
                    let ahead = b.wrapping_add(l * t.b_row);
                    prefetch(ahead);
                    if N > 1 {
                        prefetch(ahead.wrapping_add(V::LANES));
                    }
                }
            }
            let steps = chunk.min(left);
            for _ in 0..steps {
                step::<V, M, N, FULL>(&rows, at, t.a_row, b, mask, &mut sum);
                at = if M <= FEW { opaque(at + t.a_column) } else { at + t.a_column };
                b = b.add(t.b_row);
            }
            left -= steps;
        }
        let a = t.a.add(at);
        if last == LAST { finish::<V, M, N, FULL, LAST>(t, a, b, mask, &sum) } else { finish::<V, M, N, FULL, 1>(t, a, b, mask, &sum) }
    }
}

/// The last `L` steps of the inner index, row after row, each stored as soon as it is done. All stores together at the end would keep the
/// next tile's multiplications waiting, on Zen 4 for 30 cycles of a tile of 11 rows.
#[inline(always)]
unsafe fn finish<V: Vector, const M: usize, const N: usize, const FULL: bool, const L: usize>(
    t: &Tile<V::Number>,
    a: *const V::Number,
    b: *const V::Number,
    mask: V::Mask,
    sum: &[[V; N]; M],
) {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut right = [[V::zero(); N]; L];
        for (l, right) in right.iter_mut().enumerate() {
            *right = row::<V, N, FULL>(b.add(l * t.b_row), mask);
        }
        // Not a loop: the compiler would not unroll one so long, and the sums would leave their registers.
        macro_rules! rows {
            ($($i:literal)*) => {
                $(if let Some(&sum) = sum.get($i) {
                    finish_row::<V, N, FULL, L>(t, $i, a.add($i * t.a_row), &right, mask, sum);
                })*
            };
        }
        const { assert!(M <= 12, "a line for each row") };
        rows!(0 1 2 3 4 5 6 7 8 9 10 11);
    }
}

/// [`finish`] of row `i`.
#[inline(always)]
unsafe fn finish_row<V: Vector, const N: usize, const FULL: bool, const L: usize>(
    t: &Tile<V::Number>,
    i: usize,
    a: *const V::Number,
    right: &[[V; N]; L],
    mask: V::Mask,
    mut sum: [V; N],
) {
    // SAFETY: as the caller vouches.
    unsafe {
        for (l, right) in right.iter().enumerate() {
            let left = V::splat(*a.add(l * t.a_column));
            for j in 0..N {
                sum[j] = left.multiply_add(right[j], sum[j]);
            }
        }
        if !t.scale.is_null() {
            let scale = row::<V, N, FULL>(t.scale.add(i * t.c_row), mask);
            for j in 0..N {
                sum[j] = sum[j].multiply(scale[j]).flushed();
            }
        }
        let c = t.c.add(i * t.c_row);
        for (j, &sum) in sum.iter().enumerate() {
            let c = c.add(j * V::LANES);
            if FULL || j + 1 < N { sum.store(c) } else { sum.store_part(c, mask) }
        }
    }
}

/// One step of the inner index: a column of A times a row of B.
#[inline(always)]
unsafe fn step<V: Vector, const M: usize, const N: usize, const FULL: bool>(
    a: &[*const V::Number; M],
    at: usize,
    a_row: usize,
    b: *const V::Number,
    mask: V::Mask,
    sum: &mut [[V; N]; M],
) {
    // SAFETY: as the caller vouches.
    unsafe {
        let right = row::<V, N, FULL>(b, mask);
        for (i, sum) in sum.iter_mut().enumerate() {
            let left = V::splat(*if M <= FEW { a[i].add(at) } else { a[0].add(at + i * a_row) });
            for j in 0..N {
                sum[j] = left.multiply_add(right[j], sum[j]);
            }
        }
    }
}

/// N registers from contiguous numbers, the last under the mask.
#[inline(always)]
unsafe fn row<V: Vector, const N: usize, const FULL: bool>(from: *const V::Number, mask: V::Mask) -> [V; N] {
    // SAFETY: as the caller vouches.
    unsafe {
        let mut row = [V::zero(); N];
        for (j, row) in row.iter_mut().enumerate() {
            let from = from.add(j * V::LANES);
            *row = if FULL || j + 1 < N { V::load(from) } else { V::load_part(from, mask) };
        }
        row
    }
}

/// Brings a line into the second cache, if there is such an address.
#[inline(always)]
pub(super) fn prefetch_far<S>(at: *const S) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) };
}

/// Brings a line into the first cache, if there is such an address.
#[inline(always)]
fn prefetch<S>(at: *const S) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
}
