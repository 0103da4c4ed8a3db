//! The loops in registers of several rows: multiplication, then addition, each rounded.

use super::{GROUP, LANES};
use crate::product::vector::{Number, Vector, both_levels};

/// See [`super::tall`].
pub(super) struct Tall<S> {
    pub rows: usize,
    pub inner: usize,
    pub count: usize,
    pub a: *const S,
    pub a_row: usize,
    pub a_column: usize,
    pub b: *const S,
    pub c: *mut S,
    pub bias: Option<*const S>,
    pub before: bool,
}

/// See [`super::across`].
pub(super) struct Across<S> {
    pub rows: usize,
    pub units: usize,
    pub inputs: usize,
    pub delta: *const S,
    pub x: Option<*const S>,
    pub sums: *mut S,
    pub add: bool,
}

/// The same task for a number type by its other name: the size tells f32 from f64.
impl<S> Tall<S> {
    pub fn of<T>(self) -> Tall<T> {
        let Tall { rows, inner, count, a, a_row, a_column, b, c, bias, before } = self;
        Tall { rows, inner, count, a: a.cast(), a_row, a_column, b: b.cast(), c: c.cast(), bias: bias.map(<*const S>::cast), before }
    }
}

impl<S> Across<S> {
    pub fn of<T>(self) -> Across<T> {
        let Across { rows, units, inputs, delta, x, sums, add } = self;
        Across { rows, units, inputs, delta: delta.cast(), x: x.map(<*const S>::cast), sums: sums.cast(), add }
    }
}

both_levels!(tall = tall_(task: Tall<Number<V>>));
both_levels!(across = across_(task: Across<Number<V>>));

#[inline(always)]
unsafe fn tall_<V: Vector>(task: Tall<V::Number>) {
    // SAFETY: tiles inside the extents that the caller vouches for.
    unsafe {
        let (mut row, width) = (0, 2 * V::LANES);
        while row < task.rows {
            let left = (task.rows - row).min(width);
            let masks = [V::mask(left.min(V::LANES)), V::mask(left.saturating_sub(V::LANES))];
            let mut m = 0;
            while m < task.count {
                macro_rules! tiles {
                    ($($h:literal)*) => {
                        match (few(task.count - m), left == width) {
                            $(($h, true) => tile::<V, $h, true>(&task, m, row, masks),
                              ($h, false) => tile::<V, $h, false>(&task, m, row, masks),)*
                            _ => unreachable!("1 to 5 at a time"),
                        }
                    };
                }
                m += tiles!(1 2 3 4 5);
            }
            row += width;
        }
    }
}

/// How many of `left` to take at a time: additions to one sum wait for one another, so a single one is left over seldom.
#[inline(always)]
fn few(left: usize) -> usize {
    match left {
        1..=5 => left,
        6 => 3,
        _ => 4,
    }
}

/// `H` of the m from `m` on, for two registers of rows from `row` on, `WHOLE` or under masks; gives `H`.
#[inline(always)]
unsafe fn tile<V: Vector, const H: usize, const WHOLE: bool>(task: &Tall<V::Number>, m: usize, row: usize, masks: [V::Mask; 2]) -> usize {
    let Tall { rows, inner, a_row, a_column, .. } = *task;
    // SAFETY: the rows under the masks and the numbers of `a` from m to m + H lie inside the extents.
    unsafe {
        let mut sums = [[V::zero(); 2]; H];
        let (mut a, mut b) = (task.a.add(m * a_row), task.b.add(row));
        for _ in 0..inner {
            let mut numbers = [V::zero(); 2];
            for (r, number) in numbers.iter_mut().enumerate() {
                let b = b.wrapping_add(r * V::LANES);
                *number = if WHOLE { V::load(b) } else { V::load_part(b, masks[r]) };
            }
            for (h, sums) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.wrapping_add(h * a_row));
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = factor.multiply(numbers[r]).add(*sum);
                }
            }
            a = a.wrapping_add(a_column);
            b = b.wrapping_add(rows);
        }
        for (h, sums) in sums.iter().enumerate() {
            for (r, &sum) in sums.iter().enumerate() {
                let c = task.c.wrapping_add((m + h) * rows + row + r * V::LANES);
                let sum = match (task.bias, task.before) {
                    (Some(bias), _) => sum.add(V::splat(*bias.add(m + h))),
                    (None, true) => (if WHOLE { V::load(c) } else { V::load_part(c, masks[r]) }).add(sum),
                    (None, false) => sum,
                };
                if WHOLE { sum.store(c) } else { sum.store_part(c, masks[r]) }
            }
        }
    }
    H
}

#[inline(always)]
unsafe fn across_<V: Vector>(task: Across<V::Number>) {
    // SAFETY: units inside the extents that the caller vouches for.
    unsafe {
        let mut unit = 0;
        while unit < task.units {
            unit += match few(task.units - unit) {
                1 => units::<V, 1>(&task, unit),
                2 => units::<V, 2>(&task, unit),
                3 => units::<V, 3>(&task, unit),
                4 => units::<V, 4>(&task, unit),
                _ => units::<V, 5>(&task, unit),
            };
        }
    }
}

/// The sums of `U` units by all inputs; gives `U`. Two inputs at a time where there are registers for it: every δ is then read
/// half as often.
#[inline(always)]
unsafe fn units<V: Vector, const U: usize>(task: &Across<V::Number>, unit: usize) -> usize {
    // SAFETY: unit + U and the inputs lie inside the extents.
    unsafe {
        let mut input = 0;
        while input < task.inputs {
            input += match (V::LANES, task.x.is_some() && input + 2 <= task.inputs) {
                (16, true) => strands::<V, U, 1, 2>(task, unit, input),
                (16, false) => strands::<V, U, 1, 1>(task, unit, input),
                (8, true) if size_of::<V>() == 64 => strands::<V, U, 2, 2>(task, unit, input),
                (8, _) => strands::<V, U, 2, 1>(task, unit, input),
                _ => strands::<V, U, 4, 1>(task, unit, input),
            };
        }
    }
    U
}

/// The sums of `U` units by `I` inputs, [`LANES`] strands in `R` registers each; gives `I`.
#[inline(always)]
unsafe fn strands<V: Vector, const U: usize, const R: usize, const I: usize>(task: &Across<V::Number>, unit: usize, input: usize) -> usize {
    let rows = task.rows;
    // SAFETY: rows under the masks lie inside the extents.
    unsafe {
        let delta = task.delta.add(unit * rows);
        let x: [_; I] = std::array::from_fn(|i| task.x.map(|x| x.add((input + i) * rows)));
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + GROUP);
            let mut strands = [[[V::zero(); R]; I]; U];
            let mut row = start;
            while row + LANES <= end {
                for r in 0..R {
                    let at = row + r * V::LANES;
                    let x = x.map(|x| x.map(|x| V::load(x.wrapping_add(at))));
                    for (u, strands) in strands.iter_mut().enumerate() {
                        let delta = V::load(delta.wrapping_add(u * rows + at));
                        for (strands, x) in strands.iter_mut().zip(x) {
                            strands[r] = x.map_or(delta, |x| delta.multiply(x)).add(strands[r]);
                        }
                    }
                }
                row += LANES;
            }
            if row < end {
                for r in 0..R {
                    let at = row + r * V::LANES;
                    let mask = V::mask(end.saturating_sub(at).min(V::LANES));
                    let x = x.map(|x| x.map(|x| V::load_part(x.wrapping_add(at), mask)));
                    for (u, strands) in strands.iter_mut().enumerate() {
                        let delta = V::load_part(delta.wrapping_add(u * rows + at), mask);
                        for (strands, x) in strands.iter_mut().zip(x) {
                            strands[r] = x.map_or(delta, |x| delta.multiply(x)).add(strands[r]);
                        }
                    }
                }
            }
            for (u, strands) in strands.iter().enumerate() {
                for (i, strands) in strands.iter().enumerate() {
                    let (mut strands, mut half) = (*strands, R / 2);
                    while half > 0 {
                        for r in 0..half {
                            strands[r] = strands[r].add(strands[r + half]);
                        }
                        half /= 2;
                    }
                    let (sum, place) = (strands[0].sum(), &mut *task.sums.add((unit + u) * task.inputs + input + i));
                    *place = if start == 0 && !task.add { sum } else { *place + sum };
                }
            }
            start += GROUP;
        }
    }
    I
}
