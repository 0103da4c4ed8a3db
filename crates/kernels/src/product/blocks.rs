//! Cuts a product into blocks that fit the caches, and these into tiles.

use super::tile::{Ahead, Tile};
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
    if !left && !right {
        return 0;
    }
    64 / size + (if left { 2 * left_scratch(depth, size) } else { 0 }) + if right { width * depth } else { 0 }
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
    let (depth, width) = block(task.k, task.n, size);
    let strips = Strips::new(task.m, V::WIDE.len());
    let group = if task.a_column > 1 { GROUP / size / V::WIDE.len() } else { 1 };
    // Along its rows the processor foresees what is read of A; down its columns it does not.
    let foresee = task.a_column > 1 && !pack_left;
    // SAFETY: every offset below stays within the extents of the task, and what is packed within its scratch.
    unsafe {
        let scratch = task.scratch.add(task.scratch.align_offset(64));
        let left = [0, 1].map(|half| scratch.add(half * left_scratch(depth, size)));
        let right = scratch.add(if pack_left { 2 * left_scratch(depth, size) } else { 0 });
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
                let pack = |s0: usize| PackLeft { strips, s0, s1: (s0 + group).min(strips.count), k, from: a, row: task.a_row, column: task.a_column, to: left[s0 / group % 2] };
                if pack_left {
                    let pack = pack(0);
                    pack_left_factor::<V>(&pack, 0..pack.units());
                }
                for s0 in (0..strips.count).step_by(group) {
                    let s1 = (s0 + group).min(strips.count);
                    let next = pack(s1);
                    let units = if pack_left && s1 < strips.count { next.units() } else { 0 };
                    let tiles = (s1 - s0) * n.div_ceil(panel);
                    let mut tile = 0;
                    let left = left[s0 / group % 2];
                    for s in s0..s1 {
                        let (i, height) = (strips.start(s), strips.height(s));
                        let (a, a_row, a_column) = match (pack_left, task.a_column) {
                            (false, _) => (a.add(i * task.a_row), task.a_row, task.a_column),
                            (true, 1) => (left.add((i - strips.start(s0)) * padded(k, size)).cast_const(), padded(k, size), 1),
                            (true, _) => (left.add((i - strips.start(s0)) * k).cast_const(), 1, height),
                        };
                        let c = c.add(i * task.c_row);
                        for (p, j) in (0..n).step_by(panel).enumerate() {
                            let share = if units > 0 { tile * units / tiles..(tile + 1) * units / tiles } else { 0..0 };
                            tile += 1;
                            let (b, b_row, c, c_row) = (b.at.add(p * b.panel), b.row, c.add(j), task.c_row);
                            for i in 0..if add { height } else { 0 } {
                                let c = c.wrapping_add(i * c_row + panel);
                                prefetch_far(c);
                                prefetch_far(c.wrapping_add(panel / 2));
                            }
                            let columns = panel.min(n - j);
                            let slim = columns <= V::LANES;
                            let last = if slim { columns } else { columns - V::LANES };
                            let kernels = if slim { V::SLIM } else { V::WIDE };
                            let ahead = if units > 0 { next.ahead(share.start) } else { Ahead { at: c, lines: 0, skip: 0 } };
                            kernels[height - 1](&Tile { k, a, a_row, a_column, b, b_row, c, c_row, last, add, foresee, ahead });
                            if units > 0 {
 pack_left_factor::<V>(&next, share);
}
                        }
                    }
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct PackLeft<S> {
    strips: Strips,
    s0: usize,
    s1: usize,
    k: usize,
    from: *const S,
    row: usize,
    column: usize,
    to: *mut S,
}

impl<S> PackLeft<S> {
    fn rows(&self) -> usize {
        self.strips.start(self.s1) - self.strips.start(self.s0)
    }
    fn units(&self) -> usize {
        if self.column == 1 { self.rows() } else { self.k }
    }
    fn ahead(&self, unit: usize) -> Ahead<S> {
        let line = 64 / size_of::<S>();
        let from = self.from.wrapping_add(self.strips.start(self.s0) * self.row);
        let (stride, length) = if self.column == 1 { (self.row, self.k) } else { (self.column, self.rows()) };
        let lines = length.div_ceil(line) + usize::from(length < 128);
        Ahead { at: from.wrapping_add(unit * stride), lines, skip: stride.wrapping_sub(lines * line) }
    }
}

/// Brings a line into the second cache, if there is such an address.
#[inline(always)]
pub(super) fn prefetch_far<S>(at: *const S) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: a prefetch reads nothing and cannot fault.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) };
}

fn left_scratch(depth: usize, size: usize) -> usize {
    GROUP / size * padded(depth, size)
}

fn padded(k: usize, size: usize) -> usize {
    let line = 64 / size;
    (k.div_ceil(line) | 1) * line
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
unsafe fn pack_left_factor<V: Vector>(pack: &PackLeft<V::Number>, units: std::ops::Range<usize>) {
    let &PackLeft { strips, s0, s1, k, from, row, column, to } = pack;
    let first = strips.start(s0);
    // SAFETY: as the caller vouches.
    unsafe {
        for l in units {
            if column == 1 {
                copy::<V>(k, from.add((first + l) * row), to.add(l * padded(k, size_of::<V::Number>())));
                continue;
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
