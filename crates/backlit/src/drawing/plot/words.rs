//! A plot in words.

use super::line::{Line, lines};
use super::{Axis, Plot};
use crate::drawing::svg::sentence;

pub fn alternative(plot: &Plot) -> String {
    let mut parts = Vec::new();
    if !plot.title.trim().is_empty() {
        parts.push(sentence(&plot.title));
    }
    parts.push(format!("A plot of {} against {}.", axis(&plot.y, "y"), axis(&plot.x, "x")));
    if plot.series.is_empty() {
        parts.push("It has no lines.".into());
    }
    for (i, line) in lines(plot).iter().enumerate() {
        parts.push(format!("{}: {}", name(plot, i), tell(line)));
    }
    parts.join(" ")
}

/// The series' name, or its number.
pub fn name(plot: &Plot, i: usize) -> String {
    let name = plot.series[i].name.trim();
    if name.is_empty() { format!("line {}", i + 1) } else { name.into() }
}

fn axis(axis: &Axis, letter: &str) -> String {
    let label = if axis.label.trim().is_empty() { letter } else { axis.label.trim() };
    if axis.log { format!("{label} (logarithmic)") } else { label.into() }
}

fn tell(line: &Line) -> String {
    let points: Vec<(f64, f64)> = line.points().collect();
    let mut parts = Vec::new();
    match points.as_slice() {
        [] => parts.push("no points.".to_string()),
        [point] => parts.push(format!("1 point, {}.", at(*point))),
        [first, .., last] => {
            let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
            let least = points.iter().min_by(by_height).unwrap_or(first);
            // Of several the first, as for the least.
            let largest = points.iter().rev().max_by(by_height).unwrap_or(first);
            let ends = format!("{} points, first {}, last {}", points.len(), at(*first), at(*last));
            if least.1 == largest.1 {
                parts.push(format!("{ends}, the same throughout."));
            } else {
                parts.push(format!("{ends}, least {}, largest {}.", at(*least), at(*largest)));
            }
        }
    }
    parts.extend(left_out(line));
    parts.join(" ")
}

/// What of the line could not be drawn.
pub fn left_out(line: &Line) -> Vec<String> {
    let many = |n: usize, one: &str, more: &str| if n == 1 { format!("1 point {one}") } else { format!("{n} points {more}") };
    let mut parts = Vec::new();
    if line.not_finite > 0 {
        parts.push(many(line.not_finite, "is not finite and breaks the line.", "are not finite and break the line."));
    }
    if line.not_positive > 0 {
        let place = "no place on a logarithmic axis:";
        parts.push(many(line.not_positive, &format!("has {place} it is not above 0."), &format!("have {place} they are not above 0.")));
    }
    parts
}

fn at((x, y): (f64, f64)) -> String {
    format!("{} at {}", short(y), short(x))
}

/// Four digits that count.
pub fn short(value: f64) -> String {
    let trimmed =
        |text: &str| if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text.to_string() };
    let scientific = format!("{value:.3e}");
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match power.parse::<i32>() {
        Ok(power) if (-4..7).contains(&power) => trimmed(&format!("{value:.*}", usize::try_from(3 - power).unwrap_or(0))),
        _ => format!("{}e{power}", trimmed(digits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_have_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.298_371_1, "0.2984"),
            (3.5e-5, "3.5e-5"),
            (0.000_123_456, "0.0001235"),
            (10_000.0, "10000"),
            (-1_234_567.0, "-1234567"),
            (9.999_99, "10"),
            (1.5e300, "1.5e300"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
