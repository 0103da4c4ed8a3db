//! Cuts a product into blocks that fit the caches, and these into tiles.

use super::tile::{Tile, prefetch};
use super::vector::{Number, Vector, both_levels};

/// Bytes of the right factor in one block: half of the second cache.
const RIGHT: usize = 1 << 20;
/// Steps of the inner index in one block, least and most: the deeper, the less often the result is read and written; the wider, the
/// less often the left factor is read.
const DEPTH: (usize, usize) = (256, 1024);
/// Bytes of a left factor that is read where it lies, even down its columns: it nearly stays in the second cache.
const LEFT_STAYS: usize = 4 << 20;
/// The same for the right factor, which is read again for every strip of the left one.
const RIGHT_STAYS: usize = 1 << 19;

/// Bytes in a row of the left factor, strip beside strip, that are packed at a time: whole lines, and whole strips of any tile.
const GROUP: usize = 384;
/// Columns of the widest tile.
const WIDEST: usize = 32;

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
    let (left, right) = packed(m, k, n, size);
    let (depth, width) = block(k, n, size);
    (if left { GROUP / size * depth } else { 0 }) + if right { width * depth } else { 0 }
}

/// Depth and width of a block of the right factor, whole panels wide.
fn block(k: usize, n: usize, size: usize) -> (usize, usize) {
    let numbers = RIGHT / size;
    let depth = (numbers / n.max(1)).clamp(DEPTH.0, DEPTH.1);
    (even(k, depth), even(n, numbers / depth).next_multiple_of(WIDEST))
}

/// Whether the factors may be packed: each number of the left one is used n times, of the right one m times.
fn packed(m: usize, k: usize, n: usize, size: usize) -> (bool, bool) {
    (n >= 64 && m * k * size > LEFT_STAYS, m >= 64 && k * n * size > RIGHT_STAYS)
}

both_levels!(blocks = cut(task: Task<Number<V>>));

/// The result in strips as tall as a tile, all of nearly one height.
#[derive(Clone, Copy)]
struct Strips {
    count: usize,
    height: usize,
    /// So many have one row more.
    taller: usize,
}

impl Strips {
    fn new(m: usize, most: usize) -> Self {
        let count = m.div_ceil(most);
        Strips { count, height: m / count, taller: m % count }
    }

    fn start(self, strip: usize) -> usize {
        strip * self.height + strip.min(self.taller)
    }

    fn height(self, strip: usize) -> usize {
        self.height + usize::from(strip < self.taller)
    }
}

#[inline(always)]
unsafe fn cut<V: Vector>(task: Task<V::Number>) {
    let size = size_of::<V::Number>();
    let panel = 2 * V::LANES;
    let (pack_left, pack_right) = packed(task.m, task.k, task.n, size);
    let pack_left = pack_left && task.a_column > 1;
    let (depth, width) = block(task.k, task.n, size);
    let strips = Strips::new(task.m, V::WIDE.len());
    let group = if pack_left { GROUP / size / V::WIDE.len() } else { strips.count };
    // Along its rows the processor foresees what is read of A; down its columns it does not.
    let foresee = task.a_column > 1 && !pack_left;
    // SAFETY: every offset below stays within the extents of the task, and what is packed within its scratch.
    unsafe {
        let (left, right) = (task.scratch, task.scratch.add(if pack_left { GROUP / size * depth } else { 0 }));
        for n0 in (0..task.n).step_by(width) {
            let n = width.min(task.n - n0);
            for k0 in (0..task.k).step_by(depth) {
                let k = depth.min(task.k - k0);
                let a = task.a.add(k0 * task.a_column);
                let c = task.c.add(n0);
                let add = task.add || k0 > 0;
                let mut b = Right { at: task.b.add(k0 * task.b_row + n0), row: task.b_row, panel };
                if pack_right {
                    pack_right_factor::<V>(k, n, b.at, b.row, right);
                    b = Right { at: right, row: panel, panel: panel * k };
                }
                for s0 in (0..strips.count).step_by(group) {
                    let s1 = (s0 + group).min(strips.count);
                    if pack_left {
                        pack_left_factor::<V>(k, strips, (s0, s1), a, (task.a_row, task.a_column), left);
                    }
                    for s in s0..s1 {
                        let (i, height) = (strips.start(s), strips.height(s));
                        let (a, a_row, a_column) = if pack_left {
                            (left.add((i - strips.start(s0)) * k).cast_const(), 1, height)
                        } else {
                            (a.add(i * task.a_row), task.a_row, task.a_column)
                        };
                        let c = c.add(i * task.c_row);
                        for (p, j) in (0..n).step_by(panel).enumerate() {
                            let (b, b_row, c, c_row) = (b.at.add(p * b.panel), b.row, c.add(j), task.c_row);
                            let columns = panel.min(n - j);
                            let slim = columns <= V::LANES;
                            let last = if slim { columns } else { columns - V::LANES };
                            let kernels = if slim { V::SLIM } else { V::WIDE };
                            kernels[height - 1](&Tile { k, a, a_row, a_column, b, b_row, c, c_row, last, add, foresee });
                        }
                    }
                }
            }
        }
    }
}

/// A block of the right factor in panels two registers wide.
struct Right<S> {
    at: *const S,
    row: usize,
    /// From one panel to the next.
    panel: usize,
}

/// The largest of equal parts of `whole`, none above `most`.
fn even(whole: usize, most: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most).max(1))
}

/// Panel after panel of k rows; the last is not filled where n ends within it.
#[inline(always)]
unsafe fn pack_right_factor<V: Vector>(k: usize, n: usize, from: *const V::Number, row: usize, to: *mut V::Number) {
    let panel = 2 * V::LANES;
    // SAFETY: as the caller vouches.
    unsafe {
        for l in 0..k {
            for (p, j) in (0..n).step_by(panel).enumerate() {
                copy::<V>(panel.min(n - j), from.add(l * row + j), to.add((p * k + l) * panel));
            }
        }
    }
}

/// Strip after strip, each k × height.
#[inline(always)]
unsafe fn pack_left_factor<V: Vector>(
    k: usize,
    strips: Strips,
    (s0, s1): (usize, usize),
    from: *const V::Number,
    (row, column): (usize, usize),
    to: *mut V::Number,
) {
    /// Steps of k from the request for a line to its use.
    const AHEAD: usize = 16;
    let (first, last) = (strips.start(s0), strips.start(s1));
    let line = 64 / size_of::<V::Number>();
    // SAFETY: as the caller vouches.
    unsafe {
        for l in 0..k {
            for i in (first..last + line).step_by(line).filter(|_| row == 1) {
                prefetch(from.wrapping_add(i.min(last - 1) + (l + AHEAD) * column));
            }
            for s in s0..s1 {
                let (i, height) = (strips.start(s), strips.height(s));
                let to = to.add((i - first) * k + l * height);
                let from = from.add(i * row + l * column);
                if row == 1 {
                    copy::<V>(height, from, to);
                } else {
                    (0..height).for_each(|r| *to.add(r) = *from.add(r * row));
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn copy<V: Vector>(n: usize, from: *const V::Number, to: *mut V::Number) {
    // SAFETY: as the caller vouches.
    unsafe {
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
