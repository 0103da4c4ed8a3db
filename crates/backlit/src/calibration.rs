//! Probabilities that hold: logits divided by a temperature, chosen on rows that were kept aside.
//!
//! Source: Guo, Pleiss, Sun and Weinberger, ICML 2017. The temperature T goes into the last layer, whose weights and biases are
//! divided by it, so the model says calibrated probabilities by itself and no class changes its rank.

use crate::error::Error;
use crate::model_file::{LayerShape, Shape, Task};
use crate::said::{Said, Targets, beside_from};
use backlit_engine::math;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The largest temperature, and one over the smallest.
const MOST: f64 = 20.0;
/// What ln² T costs beside the summed cost of the rows: on few rows, above all where all are right, the temperature stays near 1.
const PULL: f64 = 2.0;
/// Outputs up to which all passes together take a fraction of a second: nobody waits for these, and they are not stopped.
pub(crate) const QUICK: usize = 1 << 18;
/// Points of the first search to either side, and steps of the second, which leave 3e-8 of the logarithm open. Each is a pass over the rows.
const GRID: i32 = 12;
const STEPS: usize = 34;

/// Why there is no temperature to choose. `Err` is for a person.
pub(crate) fn suits(task: Task, shape: &Shape, frozen: &[Range<usize>]) -> Result<(), String> {
    if !matches!(task, Task::Classes | Task::TwoClasses | Task::Labels) {
        return Err("calibration is for probabilities, but numbers are predicted".into());
    }
    let plain = |layer: &LayerShape| layer.activation == "linear" && layer.norm.is_none() && layer.skip.is_none();
    if !shape.layers.last().is_some_and(plain) {
        return Err("calibration divides the last layer by a number, which must be linear, without norm or skip".into());
    }
    match last_layer(shape) {
        last if frozen.iter().any(|range| range.end > last.start) => {
            Err("calibration divides the last layer by a number, but a part of it is frozen".into())
        }
        _ => Ok(()),
    }
}

/// Where the last layer's parameters lie.
pub(crate) fn last_layer(shape: &Shape) -> Range<usize> {
    let parameters = shape.parameters().unwrap_or_default();
    let size = |shape: &[usize]| shape.iter().product::<usize>();
    let total: usize = parameters.iter().map(|(_, shape)| size(shape)).sum();
    let name = format!("layer{}.", shape.layers.len());
    let own: usize = parameters.iter().filter(|(parameter, _)| parameter.starts_with(&name)).map(|(_, shape)| size(shape)).sum();
    total - own..total
}

/// The temperature with the least cross-entropy; none: it was stopped between two passes over many rows. `logits`: rows × width, wherever
/// they are; with `one_of_them` the targets are one-hot, else 0 or 1 each; `w`: rows, what each counts, or empty: all alike.
pub(crate) fn temperature_said(
    one_of_them: bool,
    width: usize,
    logits: &Said,
    targets: Targets<'_>,
    w: &[f64],
    stop: &AtomicBool,
) -> Result<Option<f64>, Error> {
    let is_long = logits.rows().saturating_mul(width) > QUICK;
    let mut fault = None;
    let found = least(|b| {
        if is_long && stop.load(Ordering::Relaxed) {
            return None;
        }
        let mut sum = 0.0;
        if fault.is_none() {
            fault = beside_from(logits, targets, &mut |first, z, y| {
                sum = cost_after(sum, one_of_them, width, (z, y, w.get(first..).unwrap_or_default()), b);
            })
            .err();
        }
        Some(sum)
    });
    fault.map_or(Ok(found), Err)
}

/// The temperature with the least cost; `summed`: that of all rows, their logits multiplied by a number, or none to end the search.
fn least(mut summed: impl FnMut(f64) -> Option<f64>) -> Option<f64> {
    let mut cost = |ln: f64| Some(summed(math::exp(-ln))? + PULL * ln * ln);
    let most = math::ln(MOST);
    let at = |k: i32| most * f64::from(k) / f64::from(GRID);
    // 1 comes first: another one must be better.
    let mut best = (cost(0.0)?, 0);
    for k in (-GRID..=GRID).filter(|&k| k != 0) {
        let here = cost(at(k))?;
        if here < best.0 {
            best = (here, k);
        }
    }
    let (mut low, mut high) = (at((best.1 - 1).max(-GRID)), at((best.1 + 1).min(GRID)));
    // Golden section: of two points within, the one that stays within is the next two's other.
    let share = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - share * (high - low), low + share * (high - low));
    let (mut of_left, mut of_right) = (cost(left)?, cost(right)?);
    for _ in 0..STEPS {
        if of_left <= of_right {
            (high, right, of_right) = (right, left, of_left);
            left = high - share * (high - low);
            of_left = cost(left)?;
        } else {
            (low, left, of_left) = (left, right, of_right);
            right = low + share * (high - low);
            of_right = cost(right)?;
        }
    }
    let found = low.midpoint(high);
    Some(math::exp(if cost(found)? <= best.0 { found } else { at(best.1) }))
}

/// The same from probabilities.
pub(crate) fn temperature_of(
    task: Task,
    width: usize,
    p: &Said,
    targets: Targets<'_>,
    w: &[f64],
    stop: &AtomicBool,
) -> Result<Option<f64>, Error> {
    let one_of_them = task == Task::Classes;
    let logits = p.map(|_, p| p.iter_mut().for_each(|p| *p = logit(one_of_them, *p)))?;
    temperature_said(one_of_them, width, &logits, targets, w, stop)
}

/// Probabilities as they are at a temperature, and their summed cross-entropy.
pub(crate) fn cool(task: Task, width: usize, p: &Said, targets: Targets<'_>, temperature: f64) -> Result<(Said, f64), Error> {
    let (mut summed, mut room) = (0.0, Vec::new());
    let cooled = p.map(|first, p| {
        let y = targets.of(first, p.len() / width, width, &mut room);
        summed = cool_some(task, width, p, y, temperature, summed);
    })?;
    Ok((cooled, summed))
}

/// The same of some rows, on top of what those before them cost. `p`, `y`: rows × width
fn cool_some(task: Task, width: usize, p: &mut [f64], y: &[f64], temperature: f64, before: f64) -> f64 {
    let one_of_them = task == Task::Classes;
    let mut z: Vec<f64> = p.iter().map(|&p| logit(one_of_them, p)).collect();
    let summed = cost_after(before, one_of_them, width, (&z, y, &[]), 1.0 / temperature);
    z.iter_mut().for_each(|z| *z /= temperature);
    if one_of_them {
        for (p, z) in p.chunks_exact_mut(width).zip(z.chunks_exact(width)) {
            let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|z| math::exp(z - most)).sum();
            p.iter_mut().zip(z).for_each(|(p, z)| *p = math::exp(z - most) / sum);
        }
    } else {
        p.iter_mut().zip(&z).for_each(|(p, z)| *p = 1.0 / (1.0 + math::exp(-z)));
    }
    summed
}

/// A probability as a logit, of classes up to what all of a row share. Beyond these bounds f32 shows nothing but 0 and 1.
fn logit(one_of_them: bool, p: f64) -> f64 {
    let p = p.clamp(1e-38, 1.0 - 2f64.powi(-25));
    math::ln(if one_of_them { p } else { p / (1.0 - p) })
}

/// Summed cross-entropy of probabilities whose logits are multiplied by `b`, of each row as often as it counts, on top of that of the rows
/// before.
fn cost_after(before: f64, one_of_them: bool, width: usize, (logits, y, w): (&[f64], &[f64], &[f64]), b: f64) -> f64 {
    let weight = |row: usize| w.get(row).copied().unwrap_or(1.0);
    if one_of_them {
        let row = |(row, (z, y)): (usize, (&[f64], &[f64]))| {
            let most = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|z| math::exp(b * (z - most))).sum();
            let right: f64 = z.iter().zip(y).map(|(z, y)| y * (z - most)).sum();
            weight(row) * (math::ln(sum) - b * right)
        };
        return logits.chunks_exact(width).zip(y.chunks_exact(width)).enumerate().map(row).fold(before, |sum, row| sum + row);
    }
    let one = |z: f64, y: f64| (b * z).max(0.0) + math::ln_1p(math::exp(-(b * z).abs())) - y * b * z;
    let of = |(place, (&z, &y)): (usize, (&f64, &f64))| weight(place / width) * one(z, y);
    logits.iter().zip(y).enumerate().map(of).fold(before, |sum, one| sum + one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backlit_engine::random::{Purpose, Random};

    fn temperature(one_of_them: bool, width: usize, logits: &[f64], y: &[f64], w: &[f64]) -> f64 {
        let (logits, stop) = (Said::new(width, logits.to_vec()), AtomicBool::new(false));
        temperature_said(one_of_them, width, &logits, Targets::Numbers(y), w, &stop).expect("in memory").expect("not stopped")
    }

    /// Classes drawn from softmax(z / T): the temperature found for z is T, within what so many rows tell.
    #[test]
    fn simulated_temperatures_are_found() {
        let mut random = Random::new(5, Purpose::Initialize, 0);
        for (width, right) in [(3, 0.4), (3, 1.0), (5, 2.5), (2, 7.0)] {
            let rows = 40_000;
            let (mut logits, mut y) = (Vec::new(), Vec::new());
            for _ in 0..rows {
                let z: Vec<f64> = (0..width).map(|_| 3.0 * random.normal()).collect();
                let p: Vec<f64> = z.iter().map(|z| (z / right).exp()).collect();
                let mut left = random.uniform(0.0, p.iter().sum());
                let drawn = p
                    .iter()
                    .position(|p| {
                        left -= p;
                        left < 0.0
                    })
                    .unwrap_or(width - 1);
                logits.extend(z);
                y.extend((0..width).map(|k| f64::from(u8::from(k == drawn))));
            }
            let found = temperature(true, width, &logits, &y, &[]);
            assert!((found / right - 1.0).abs() < 0.04, "{found} for {right}");
        }
    }

    /// One logit each, as of two classes: among rows said 0.8 four fifths are right after calibration.
    #[test]
    fn simulated_probabilities_hold() {
        let mut random = Random::new(6, Purpose::Initialize, 0);
        let z: Vec<f64> = (0..60_000).map(|_| 4.0 * random.normal()).collect();
        let y: Vec<f64> = z.iter().map(|z| f64::from(u8::from(random.uniform(0.0, 1.0) < 1.0 / (1.0 + (-z / 3.0).exp())))).collect();
        let found = temperature(false, 1, &z, &y, &[]);
        assert!((found / 3.0 - 1.0).abs() < 0.04, "{found}");
        let said = |z: f64| 1.0 / (1.0 + (-z / found).exp());
        for (low, high) in [(0.05, 0.15), (0.45, 0.55), (0.75, 0.85), (0.9, 0.96)] {
            let inside: Vec<(f64, f64)> = z.iter().zip(&y).map(|(&z, &y)| (said(z), y)).filter(|(p, _)| (low..high).contains(p)).collect();
            let n = inside.len() as f64;
            let (p, share) = (inside.iter().map(|row| row.0).sum::<f64>() / n, inside.iter().map(|row| row.1).sum::<f64>() / n);
            assert!((p - share).abs() < 4.0 * (p * (1.0 - p) / n).sqrt(), "said {p}, came {share}");
        }
    }

    /// Where every row is right the likeliest temperature is 0; the pull keeps it from there.
    #[test]
    fn few_rows_move_little() {
        let (z, y) = ([2.0, -2.0, 3.0, -1.0], [1.0, 0.0, 1.0, 0.0]);
        let found = temperature(false, 1, &z, &y, &[]);
        assert!((0.5..1.0).contains(&found), "{found}");
        assert_eq!(temperature(false, 1, &[], &[], &[]), 1.0);
    }

    /// A row of weight 2 counts as the row twice, one of weight 0 not at all.
    #[test]
    fn weighted_rows_count_as_often() {
        let (z, y) = ([2.0, 0.3, -1.0, 0.5, 0.1, 0.2, -0.4, 1.9, 1.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let twice = |x: &[f64]| [&x[..3], &x[..3], &x[6..]].concat();
        let (weighted, repeated) = (temperature(true, 3, &z, &y, &[2.0, 0.0, 1.0]), temperature(true, 3, &twice(&z), &twice(&y), &[]));
        assert!((weighted - repeated).abs() < 1e-7 && (weighted - temperature(true, 3, &z, &y, &[])).abs() > 1e-3, "{weighted}");
        let (z, y) = ([2.0, 2.0, 1.0, -3.0], [1.0, 0.0, 0.0, 0.0]);
        let weighted = temperature(false, 2, &z, &y, &[3.0, 1.0]);
        let repeated = temperature(false, 2, &[&z[..2], &z[..2], &z].concat(), &[&y[..2], &y[..2], &y].concat(), &[]);
        assert!((weighted - repeated).abs() < 1e-7, "{weighted} {repeated}");
    }

    /// Logits in a file have the temperature that they have in memory, each row with its own weight, whatever block it stands in.
    #[test]
    fn logits_in_a_file_have_the_same_temperature() {
        let (rows, width) = (2 * crate::said::BLOCK + 5, 3);
        let mut random = Random::new(7, Purpose::Initialize, 0);
        let z: Vec<f64> = (0..rows * width).map(|_| 2.0 * random.normal()).collect();
        let classes: Vec<u16> = (0..rows).map(|_| random.uniform(0.0, 3.0) as u16).collect();
        let mut y = Vec::new();
        crate::said::one_hot(&classes, width, &mut y);
        // The last rows are right, and weigh most.
        let late = rows - 100;
        let z: Vec<f64> = z.iter().zip(&y).enumerate().map(|(at, (z, y))| if at / width < late { *z } else { *y }).collect();
        let w: Vec<f64> = (0..rows).map(|row| if row < late { 0.01 } else { 5.0 }).collect();
        let stored = Said::stored(width, rows, false, |from, to| Ok(z[from * width..to * width].to_vec())).expect("a file");
        let found = [&w[..], &[]].map(|w| {
            let [file, memory] = [
                temperature_said(true, width, &stored, Targets::Classes(&classes), w, &AtomicBool::new(false))
                    .expect("a file")
                    .expect("a temperature"),
                temperature(true, width, &z, &y, w),
            ];
            assert_eq!(file, memory);
            file
        });
        assert!(found[0] < 0.5 * found[1], "{found:?}");
    }

    /// Stopped at any pass over the rows, the search makes no further one; on few rows it goes through.
    #[test]
    fn a_search_stops_between_two_passes() {
        let mut passes = 0;
        assert!(
            least(|b| {
                passes += 1;
                Some(b)
            })
            .is_some()
        );
        for last in 0..passes {
            let mut made = 0;
            let found = least(|b| {
                made += 1;
                (made <= last).then_some(b)
            });
            assert_eq!((found, made), (None, last + 1));
        }
        let stop = AtomicBool::new(true);
        for (rows, is_found) in [(QUICK / 2, true), (QUICK / 2 + 1, false)] {
            let logits = Said::new(2, [1.0, 0.0].repeat(rows));
            let found = temperature_said(true, 2, &logits, Targets::Classes(&vec![0; rows]), &[], &stop).expect("in memory");
            assert_eq!(found.is_some(), is_found);
        }
    }

    /// The slope of the cost is 0 at the temperature, taken by differences.
    #[test]
    fn the_least_cost_is_found() {
        let (z, y) = ([2.0, 0.3, -1.0, 0.5, 0.1, 0.2, -0.4, 1.9, 1.0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let total = |ln: f64| cost_after(0.0, true, 3, (&z, &y, &[]), (-ln).exp()) + PULL * ln * ln;
        let ln = temperature(true, 3, &z, &y, &[]).ln();
        let slope = (total(ln + 1e-5) - total(ln - 1e-5)) / 2e-5;
        assert!(slope.abs() < 1e-6, "{slope}");
    }
}
