//! The loops for machines without wide registers, and what the others do, to the bit.

use super::{Beside, GROUP, LANES, Scattered, joined};
use crate::Scalar;

/// See [`super::tall`].
pub(super) fn tall<S: Scalar>(rows: usize, a: Scattered<'_, S>, b: &[S], c: &mut [S], beside: Beside<'_, S>) {
    for (m, c) in c.chunks_exact_mut(rows).enumerate() {
        for (part, c) in c.chunks_mut(LANES).enumerate() {
            let mut sums = [S::ZERO; LANES];
            for (k, b) in b.chunks_exact(rows).enumerate() {
                let a = a.data[m * a.row + k * a.column];
                for (sum, &b) in sums.iter_mut().zip(&b[part * LANES..][..c.len()]) {
                    *sum += a * b;
                }
            }
            for (c, &sum) in c.iter_mut().zip(&sums) {
                *c = match beside {
                    Beside::Nothing => sum,
                    Beside::Bias(bias) => sum + bias[m],
                    Beside::Before => *c + sum,
                };
            }
        }
    }
}

/// See [`super::across`].
pub(super) fn across<S: Scalar>(rows: usize, delta: &[S], x: Option<&[S]>, sums: &mut [S], add: bool) {
    let inputs = x.map_or(1, |x| x.len() / rows);
    for (sums, delta) in sums.chunks_exact_mut(inputs).zip(delta.chunks_exact(rows)) {
        for (i, place) in sums.iter_mut().enumerate() {
            let x = x.map(|x| &x[i * rows..][..rows]);
            for (group, delta) in delta.chunks(GROUP).enumerate() {
                let mut strands = [S::ZERO; LANES];
                for (r, &delta) in delta.iter().enumerate() {
                    strands[r % LANES] += x.map_or(delta, |x| delta * x[group * GROUP + r]);
                }
                let sum = joined(&strands);
                *place = if group == 0 && !add { sum } else { *place + sum };
            }
        }
    }
}
