//! Cuts a product into blocks that fit the caches, and these into tiles.

use super::tile::{Ahead, Tile, prefetch_far};
use super::vector::{Number, Vector, both_levels};
use std::ops::Range;

/// Bytes of the right factor in one block: half of the second cache.
const RIGHT: usize = 1 << 20;
/// Steps of the inner index in one block, least and most: the deeper, the less often the result is read and written; the wider, the
/// less often the left factor is read.
const DEPTH: (usize, usize) = (512, 1024);
/// Bytes of a left factor that is read where it lies, even down its columns: it nearly stays in the second cache.
const LEFT_STAYS: usize = 4 << 20;
/// The same for the right factor, which is read again for every strip of the left one.
const RIGHT_STAYS: usize = 1 << 19;
/// Bytes from one column of the left factor to the next whose multiples all fall into a few sets of the first cache, and how many columns
/// these hold: more of them push each other out.
const COLLIDES: (usize, usize) = (2048, 16);
/// Bytes of a left factor that need not be brought nearer.
const NEAR: usize = 1 << 16;

/// Bytes in a row of the left factor, strip beside strip, that are packed at a time: whole lines, and whole strips of any tile.
const GROUP: usize = 384;
/// Bytes in a line of the caches.
const LINE: usize = 64;
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
    /// What the chains of each row begin with, if there is no old result to begin with; or null, for 0.
    pub rows: *const S,
    /// What each entry is multiplied by in the end, laid out as the result; or null, for nothing.
    pub scale: *const S,
    pub scratch: *mut S,
}

impl<S> Task<S> {
    /// The same task with its numbers called by their own type.
    pub(super) fn of<T>(self) -> Task<T> {
        let Task { m, k, n, a, a_row, a_column, b, b_row, c, c_row, add, rows, scale, scratch } = self;
        Task {
            m,
            k,
            n,
            a: a.cast(),
            a_row,
            a_column,
            b: b.cast(),
            b_row,
            c: c.cast(),
            c_row,
            add,
            rows: rows.cast(),
            scale: scale.cast(),
            scratch: scratch.cast(),
        }
    }
}

/// Numbers of scratch for numbers of `size` bytes; what is packed starts on a line.
pub(super) fn scratch(m: usize, k: usize, n: usize, a_column: usize, size: usize) -> usize {
    let (left, right) = packed(m, k, n, a_column, size);
    if !left && !right {
        return 0;
    }
    let (depth, width) = block(k, n, size);
    let numbers = (if left { 2 * group_numbers(depth, size) } else { 0 }) + if right { width * depth } else { 0 };
    if numbers > 0 { numbers + LINE / size } else { 0 }
}

/// Numbers in a packed group of strips of the left factor.
fn group_numbers(depth: usize, size: usize) -> usize {
    GROUP / size * padded(depth, size)
}

/// From one packed row to the next: an odd number of lines, so that the rows do not push each other out of the first cache.
fn padded(k: usize, size: usize) -> usize {
    let line = LINE / size;
    (k.div_ceil(line) | 1) * line
}

/// Depth and width of a block of the right factor, whole panels wide.
fn block(k: usize, n: usize, size: usize) -> (usize, usize) {
    let numbers = RIGHT / size;
    if k * n <= numbers && k <= DEPTH.0 {
        return (k, n.next_multiple_of(WIDEST));
    }
    let depth = (numbers / n.max(1)).clamp(DEPTH.0, DEPTH.1);
    (even(k, depth), even(n, numbers / depth).next_multiple_of(WIDEST))
}

/// Whether the factors may be packed: each number of the left one is used n times, of the right one m times.
fn packed(m: usize, k: usize, n: usize, a_column: usize, size: usize) -> (bool, bool) {
    let collide = a_column > 1 && (a_column * size).is_multiple_of(COLLIDES.0) && k > COLLIDES.1;
    (n >= 64 && (collide || m * k * size > LEFT_STAYS), m >= 64 && k * n * size > RIGHT_STAYS)
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
    let (pack_left, pack_right) = packed(task.m, task.k, task.n, task.a_column, size);
    let (depth, width) = block(task.k, task.n, size);
    let strips = Strips::new(task.m, V::WIDE.len());
    let group = match (pack_left, task.a_column) {
        (false, _) => strips.count,
        (true, 1) => 1,
        (true, _) => GROUP / size / V::WIDE.len(),
    };
    // Along its rows the processor foresees what is read of A; down its columns it does not.
    let foresee = task.a_column > 1 && !pack_left && task.m * task.k * size > NEAR;
    // A panel of B that was packed is larger than the first cache.
    let foresee_b = pack_right;
    let is_large = task.m * task.n * size > LEFT_STAYS;
    if !(pack_left || pack_right || task.add || is_large || task.k > depth || task.n > width) {
        // SAFETY: as the caller vouches.
        return unsafe { tiles::<V>(&task, strips, foresee) };
    }
    // SAFETY: every offset below stays within the extents of the task, and what is packed within its scratch.
    unsafe {
        let scratch = task.scratch.add(if pack_left || pack_right { task.scratch.align_offset(LINE) } else { 0 });
        let taken = if pack_left { group_numbers(depth, size) } else { 0 };
        let (left, right) = ([scratch, scratch.add(taken)], scratch.add(2 * taken));
        for n0 in (0..task.n).step_by(width) {
            let n = width.min(task.n - n0);
            for k0 in (0..task.k).step_by(depth) {
                let k = depth.min(task.k - k0);
                let a = task.a.add(k0 * task.a_column);
                let c = task.c.add(n0);
                let add = task.add || k0 > 0;
                let is_last = k0 + k == task.k;
                let mut b = Right { at: task.b.add(k0 * task.b_row + n0), row: task.b_row, panel };
                if pack_right {
                    pack_right_factor::<V>(k, n, b.at, b.row, right);
                    b = Right { at: right, row: panel, panel: panel * k };
                }
                let group = |first: usize| {
                    let (end, to) = ((first + group).min(strips.count), left[first / group % 2]);
                    Group { strips, first, end, k, from: a, row: task.a_row, column: task.a_column, to }
                };
                let mut now = group(0);
                if pack_left {
                    pack_left_factor::<V>(&now, 0..now.parts());
                }
                while now.first < now.end {
                    let next = group(now.end);
                    let parts = if pack_left { next.parts() } else { 0 };
                    let tiles = (now.end - now.first) * n.div_ceil(panel);
                    let mut tile = 0;
                    for s in now.first..now.end {
                        let (i, height) = (strips.start(s), strips.height(s));
                        let (a, a_row, a_column) =
                            if pack_left { now.packed(s) } else { (a.add(i * task.a_row), task.a_row, task.a_column) };
                        let c = c.add(i * task.c_row);
                        let start = if task.rows.is_null() { task.rows } else { task.rows.add(i) };
                        for (p, j) in (0..n).step_by(panel).enumerate() {
                            let (b, b_row, c, c_row) = (b.at.add(p * b.panel), b.row, c.add(j), task.c_row);
                            if add || is_large {
                                // What the next tile reads or writes of the result.
                                for i in 0..height {
                                    let beside = c.wrapping_add(i * c_row + panel);
                                    prefetch_far(beside);
                                    prefetch_far(beside.wrapping_add(V::LANES));
                                }
                            }
                            let share = if parts > 0 { tile * parts / tiles..(tile + 1) * parts / tiles } else { 0..0 };
                            tile += 1;
                            let ahead = next.ahead(&share);
                            let columns = panel.min(n - j);
                            let slim = columns <= V::LANES;
                            let last = if slim { columns } else { columns - V::LANES };
                            let scale = if is_last { scale_at(&task, i, n0 + j) } else { std::ptr::null() };
                            let kernels = if slim { V::SLIM } else { V::WIDE };
                            kernels[height - 1](&Tile {
                                k,
                                a,
                                a_row,
                                a_column,
                                b,
                                b_row,
                                c,
                                c_row,
                                last,
                                add,
                                start,
                                scale,
                                foresee,
                                foresee_b,
                                ahead,
                            });
                            pack_left_factor::<V>(&next, share);
                        }
                    }
                    now = next;
                }
            }
        }
    }
}

/// Where the number stands that an entry of the result is multiplied by, if there is one.
#[inline(always)]
fn scale_at<S>(task: &Task<S>, i: usize, j: usize) -> *const S {
    if task.scale.is_null() { task.scale } else { task.scale.wrapping_add(i * task.c_row + j) }
}

/// A product of one block whose factors are read where they lie: nothing between its tiles.
#[inline(always)]
unsafe fn tiles<V: Vector>(task: &Task<V::Number>, strips: Strips, foresee: bool) {
    let &Task { k, n, a, a_row, a_column, b, b_row, c, c_row, rows, .. } = task;
    let ahead = Ahead { at: a, runs: 0, lines: 0, skip: 0 };
    let (start, scale) = (rows, task.scale);
    let mut tile =
        Tile { k, a, a_row, a_column, b, b_row, c, c_row, last: V::LANES, add: false, start, scale, foresee, foresee_b: false, ahead };
    let panel = 2 * V::LANES;
    // SAFETY: every offset stays within the extents of the task.
    unsafe {
        for s in 0..strips.count {
            let (i, height) = (strips.start(s), strips.height(s));
            (tile.a, tile.start) = (a.add(i * a_row), if rows.is_null() { rows } else { rows.add(i) });
            for j in (0..n).step_by(panel) {
                (tile.b, tile.c, tile.scale) = (b.add(j), c.add(i * c_row + j), scale_at(task, i, j));
                let columns = panel.min(n - j);
                let slim = columns <= V::LANES;
                tile.last = if slim { columns } else { columns - V::LANES };
                let kernels = if slim { V::SLIM } else { V::WIDE };
                kernels[height - 1](&tile);
            }
        }
    }
}

/// Strips of the left factor that are packed together, a part after every tile of the group before: row by row where A lies by rows,
/// else strip after strip, each k × height.
struct Group<S> {
    strips: Strips,
    /// The first strip, and the first after the last.
    first: usize,
    end: usize,
    k: usize,
    from: *const S,
    row: usize,
    column: usize,
    to: *mut S,
}

impl<S> Group<S> {
    fn by_rows(&self) -> bool {
        self.column == 1
    }

    fn rows(&self) -> usize {
        self.strips.start(self.end) - self.strips.start(self.first)
    }

    /// How many runs of contiguous numbers make up the group.
    fn parts(&self) -> usize {
        match self.rows() {
            rows if self.by_rows() => rows,
            0 => 0,
            _ => self.k,
        }
    }

    /// A strip as it lies packed, and from one row and from one column of it to the next.
    unsafe fn packed(&self, strip: usize) -> (*const S, usize, usize) {
        let row = self.strips.start(strip) - self.strips.start(self.first);
        let (stride, row_stride, column_stride) = if self.by_rows() {
            let padded = padded(self.k, size_of::<S>());
            (padded, padded, 1)
        } else {
            (self.k, 1, self.strips.height(strip))
        };
        // SAFETY: the strip is in the group.
        (unsafe { self.to.add(row * stride) }, row_stride, column_stride)
    }

    /// Where the parts of a share lie.
    #[inline(always)]
    fn ahead(&self, share: &Range<usize>) -> Ahead<S> {
        if share.is_empty() {
            return Ahead { at: self.from, runs: 0, lines: 0, skip: 0 };
        }
        let (length, stride) = if self.by_rows() { (self.k, self.row) } else { (self.rows(), self.column) };
        let line = LINE / size_of::<S>();
        let lines = length / line + 1;
        let at = self.from.wrapping_add(self.strips.start(self.first) * self.row + share.start * stride);
        Ahead { at, runs: share.len(), lines, skip: stride.wrapping_sub(lines * line) }
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
    /// Rows read side by side, so that the writing stays in a page for a while.
    const ROWS: usize = 8;
    let panel = 2 * V::LANES;
    // SAFETY: as the caller vouches.
    unsafe {
        for l0 in (0..k).step_by(ROWS) {
            for (p, j) in (0..n).step_by(panel).enumerate() {
                for l in l0..k.min(l0 + ROWS) {
                    copy::<V>(panel.min(n - j), from.add(l * row + j), to.add((p * k + l) * panel));
                }
            }
        }
    }
}

/// Packs some parts of a group.
#[inline(always)]
unsafe fn pack_left_factor<V: Vector>(group: &Group<V::Number>, parts: Range<usize>) {
    let &Group { strips, first, end, k, from, row, column, to } = group;
    let start = strips.start(first);
    // SAFETY: as the caller vouches.
    unsafe {
        for part in parts {
            if group.by_rows() {
                copy::<V>(k, from.add((start + part) * row), to.add(part * padded(k, size_of::<V::Number>())));
                continue;
            }
            for s in first..end {
                let (i, height) = (strips.start(s), strips.height(s));
                let to = to.add((i - start) * k + part * height);
                let from = from.add(i * row + part * column);
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
