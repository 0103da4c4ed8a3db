//! Cuts a product into blocks that fit the caches, and these into tiles.

use super::tile::Tile;
use super::vector::{Vector, both_levels};

/// Steps of the inner index in one block: a strip of the left factor stays in the first cache.
const DEPTH: usize = 512;
/// Bytes of the right factor in one block: half of the second cache.
const RIGHT: usize = 1 << 20;
/// Rows of the left factor that are packed at a time.
const GROUP: usize = 96;

/// A product as pointers; see [`super::product`].
pub(super) struct Task<S> {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub a: *const S,
    pub a_row: usize,
    pub a_column: usize,
    pub b: *const S,
    pub b_row: usize,
    pub c: *mut S,
    pub c_row: usize,
    pub add: bool,
    pub scratch: *mut S,
}

impl<S> Task<S> {
    /// The same task with its numbers called by their own type.
    pub(super) fn of<T>(self) -> Task<T> {
        let Task { m, k, n, a, a_row, a_column, b, b_row, c, c_row, add, scratch } = self;
        Task { m, k, n, a: a.cast(), a_row, a_column, b: b.cast(), b_row, c: c.cast(), c_row, add, scratch: scratch.cast() }
    }
}

/// Numbers of scratch for numbers of `size` bytes.
pub(super) fn scratch(m: usize, k: usize, n: usize, size: usize) -> usize {
    let _ = (m, k, n, size);
    let (left, right) = packed(m, k, n);
    let depth = k.min(DEPTH);
    let width = n.next_multiple_of(32).min(RIGHT / size / DEPTH);
    (if left { GROUP * depth } else { 0 }) + if right { width * depth } else { 0 }
}

/// Whether the factors may be packed: what that costs is divided by n for the left and by m for the right factor.
fn packed(m: usize, k: usize, n: usize) -> (bool, bool) {
    (n > 32 && m * k > 1 << 13, m >= 128 && k * n > 1 << 13)
}

both_levels!(blocks = cut(task: Task<V::Number>));

#[inline(always)]
unsafe fn cut<V: Vector>(task: Task<V::Number>) {
    let size = size_of::<V::Number>();
    let panel = 2 * V::LANES;
    let (pack_left, pack_right) = packed(task.m, task.k, task.n);
    let pack_left = pack_left && task.a_column > 1;
    let depth = even(task.k, DEPTH);
    let width = even(task.n, RIGHT / size / DEPTH).next_multiple_of(panel);
    let strips = task.m.div_ceil(V::WIDE.len());
    let group = GROUP / V::WIDE.len();
    // SAFETY: every offset below stays within the extents of the task, and what is packed within its scratch.
    unsafe {
        let (left, right) = (task.scratch, task.scratch.add(if pack_left { GROUP * depth } else { 0 }));
        for n0 in (0..task.n).step_by(width) {
            let n = width.min(task.n - n0);
            for k0 in (0..task.k).step_by(depth) {
                let k = depth.min(task.k - k0);
                let mut b = task.b.add(k0 * task.b_row + n0);
                let (mut b_row, mut b_panel) = (task.b_row, panel);
                if pack_right {
                    for n0 in (0..n).step_by(panel) {
                        pack::<V>(k, panel.min(n - n0), b.add(n0), b_row, right.add(n0 * k), panel);
                    }
                    (b, b_row, b_panel) = (right, panel, panel * k);
                }
                for s in 0..strips {
                    let (m0, m1) = (task.m * s / strips, task.m * (s + 1) / strips);
                    let height = m1 - m0;
                    let mut a = task.a.add(m0 * task.a_row + k0 * task.a_column);
                    let (mut a_row, mut a_column) = (task.a_row, task.a_column);
                    if pack_left {
                        pack_rows::<V>(k, height, a, a_row, a_column, left);
                        (a, a_row, a_column) = (left, 1, height);
                    }
                    let c = task.c.add(m0 * task.c_row + n0);
                    let (c_row, add) = (task.c_row, task.add || k0 > 0);
                    let mut j = 0;
                    while j < n {
                        let columns = panel.min(n - j);
                        let b = b.add(j / panel * b_panel);
                        let mut tile = Tile { k, a, a_row, a_column, b, b_row, c: c.add(j), c_row, last: columns, add };
                        if columns > V::LANES {
                            tile.last -= V::LANES;
                            V::WIDE[height - 1](&tile);
                        } else {
                            V::SLIM[height - 1](&tile);
                        }
                        j += panel;
                    }
                }
            }
        }
        let _ = group;
    }
}

/// The largest of equal parts of `whole`, none above `most`.
fn even(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most))
}

/// Copies k rows of `n` ≤ `to_row` numbers.
#[inline(always)]
unsafe fn pack<V: Vector>(k: usize, n: usize, from: *const V::Number, from_row: usize, to: *mut V::Number, to_row: usize) {
    // SAFETY: as the caller vouches.
    unsafe {
        for l in 0..k {
            let (from, to) = (from.add(l * from_row), to.add(l * to_row));
            let mut j = 0;
            while j + V::LANES <= n {
                V::load(from.add(j)).store(to.add(j));
                j += V::LANES;
            }
            if j < n {
                let mask = V::mask(n - j);
                V::load_part(from.add(j), mask).store_part(to.add(j), mask);
            }
        }
    }
}

/// `to[l, i]` = `from(i, l)`: k × height
#[inline(always)]
unsafe fn pack_rows<V: Vector>(k: usize, height: usize, from: *const V::Number, row: usize, column: usize, to: *mut V::Number) {
    // SAFETY: as the caller vouches.
    unsafe {
        if row == 1 {
            return pack::<V>(k, height, from, column, to, height);
        }
        for l in 0..k {
            for i in 0..height {
                *to.add(l * height + i) = *from.add(i * row + l * column);
            }
        }
    }
}
