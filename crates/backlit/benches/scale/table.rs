//! Points as a table and as plots.

use crate::Axis;
use crate::point::{Measured, Point};
use backlit::drawing::plot::{self, Plot, Series};
use std::fmt::Write;
use std::path::Path;

/// Each point, and what was measured on one thread, two and so on.
pub(crate) type Lines = Vec<(Point, Vec<Measured>)>;

/// Below this many bytes what is implied drowns in the pages that any program touches.
const WORTH_A_RATIO: usize = 1 << 22;

pub(crate) fn markdown(axis: &Axis, lines: &Lines) -> String {
    let threads = lines.first().map_or(0, |(_, measured)| measured.len());
    let each = |words: &str| (1..=threads).map(|n| format!(" {words}, {n} thread(s) |")).collect::<String>();
    let head = format!("| {} | parameters |{}{} implied MiB | ratio |", axis.name, each("a step"), each("MiB"));
    let rule = format!("|{}", "---|".repeat(4 + 2 * threads));
    let mut text = format!("By {}: {}.\n\n{head}\n{rule}\n", axis.name, axis.what);
    for (point, measured) in lines {
        let time = |m: &Measured| format!(" {} ({:.1} GFLOP/s) |", duration(m.seconds), point.operations() / m.seconds * 1e-9);
        let times: String = measured.iter().map(time).collect();
        let memory: String = measured.iter().map(|m| format!(" {:.1} |", mebibytes(m.peak))).collect();
        let worst = measured.iter().map(|m| m.peak).max().unwrap_or(0) as f64 / point.implied() as f64;
        let ratio = if point.implied() < WORTH_A_RATIO { String::new() } else { format!("{worst:.2}") };
        let (grown, parameters, implied) = ((axis.grows)(point), point.parameters(), mebibytes(point.implied() as u64));
        let _ = writeln!(text, "| {grown} | {parameters} |{times}{memory} {implied:.1} | {ratio} |");
    }
    text
}

/// One plot of time for each axis, and one of memory for all.
pub(crate) fn draw(folder: &Path, tables: &[(Axis, Lines)]) {
    let threads = |n: usize| if n == 0 { "one thread".to_string() } else { format!("{} threads", n + 1) };
    for (axis, lines) in tables {
        let along = |n: usize| lines.iter().map(move |(point, measured)| ((axis.grows)(point) as f64, measured[n].seconds * 1e6)).collect();
        let series = (0..lines[0].1.len()).map(|n| Series { name: threads(n), points: along(n) }).collect();
        let title = format!("Time of a step: {}", axis.what);
        save(folder, axis.name, &Plot { title, x: log(axis.name), y: log("a step, µs"), series });
    }
    let memory = |(axis, lines): &(Axis, Lines)| {
        let place = |(point, measured): &(Point, Vec<Measured>)| (mebibytes(point.implied() as u64), mebibytes(measured[0].peak));
        Series { name: format!("growing {}", axis.name), points: lines.iter().map(place).collect() }
    };
    let mut series: Vec<Series> = tables.iter().map(memory).collect();
    let all = || series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max));
    series.push(Series { name: "as implied".into(), points: vec![(least, least), (most, most)] });
    let title = "Memory of a process on one thread".to_string();
    save(folder, "memory", &Plot { title, x: log("implied by the shapes, MiB"), y: log("measured, MiB"), series });
}

fn log(label: &str) -> plot::Axis {
    plot::Axis { label: label.into(), log: true }
}

fn save(folder: &Path, name: &str, plot: &Plot) {
    let path = folder.join(format!("scale-{name}.svg"));
    std::fs::write(&path, plot.svg()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    println!("\n![{}]({})", plot.alternative(), path.file_name().unwrap_or_default().to_string_lossy());
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} µs", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}
