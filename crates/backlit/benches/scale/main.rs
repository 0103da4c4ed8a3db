//! Time and memory as networks and tables grow: `cargo xtask bench --scale`.
//!
//! Each point is measured in a process of its own, whose peak memory is then known; that of an empty one is taken off. Prints
//! Markdown, and draws into the folder given with `--draw`.

#[path = "../workloads/data.rs"]
#[allow(dead_code)]
mod data;
mod point;
mod table;

use point::{Measured, Point};
use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--point", rest @ ..] => {
            let (point, threads) = Point::read(rest);
            println!("{}", point.measure(threads).line());
        }
        ["--csv", path] => println!("{}", point::read_table(Path::new(path)).line()),
        ["--empty"] => println!("{}", Measured { seconds: 0.0, peak: point::peak() }.line()),
        ["--draw", folder] => all(Some(Path::new(folder))),
        [] => all(None),
        _ => panic!("options: --draw FOLDER"),
    }
}

/// What grows, and the points along it.
struct Axis {
    name: &'static str,
    what: &'static str,
    /// What stands on the axis of the plot.
    grows: fn(&Point) -> usize,
    points: Vec<Point>,
}

fn axes() -> Vec<Axis> {
    let point = Point { columns: 64, hidden: 2, width: 64, batch: 128, rows: 128 };
    let each = |sizes: &[usize], with: &dyn Fn(usize) -> Point| sizes.iter().map(|&size| with(size)).collect::<Vec<_>>();
    let width = |size| Point { columns: size, width: size, ..point };
    let smallest = Point { columns: 1, hidden: 0, width: 1, ..point };
    vec![
        Axis {
            name: "width",
            what: "as many columns, two hidden layers of that width, batch 128",
            grows: |point| point.width,
            points: std::iter::once(smallest).chain(each(&[1, 4, 16, 64, 256, 1024, 2235], &width)).collect(),
        },
        Axis {
            name: "depth",
            what: "64 columns, hidden layers of 64, batch 128",
            grows: |point| point.hidden,
            points: each(&[1, 4, 16, 64, 256, 1024, 2400], &|hidden| Point { hidden, ..point }),
        },
        Axis {
            name: "batch",
            what: "256 columns, two hidden layers of 256",
            grows: |point| point.batch,
            points: each(&[1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536], &|rows| Point { batch: rows, rows, ..width(256) }),
        },
        Axis {
            name: "rows",
            what: "13 columns, two hidden layers of 64, batch 256",
            grows: |point| point.rows,
            points: each(&[100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000], &|rows| Point { columns: 13, batch: 256, rows, ..point }),
        },
    ]
}

fn all(folder: Option<&Path>) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let empty = child(&["--empty"]).peak;
    let mut tables = Vec::new();
    for axis in axes() {
        let mut lines = Vec::new();
        for point in &axis.points {
            eprintln!("> {}: {}", axis.name, (axis.grows)(point));
            let on = |threads: usize| {
                let words = point.words(threads);
                let measured = child(&[&["--point"], &words.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
                Measured { peak: measured.peak.saturating_sub(empty), ..measured }
            };
            lines.push((*point, (1..=threads).map(on).collect::<Vec<_>>()));
        }
        println!("{}", table::markdown(&axis, &lines));
        tables.push((axis, lines));
    }
    csv(empty);
    if let Some(folder) = folder {
        table::draw(folder, &tables);
    }
}

/// A table of 100 MB: the houses again and again.
fn csv(empty: u64) {
    let (header, rows) = include_str!("../../data/houses.csv").split_once('\n').expect("a header");
    let times = 100_000_000 / rows.len();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), format!("{header}\n{}", rows.repeat(times))).expect("room for 100 MB");
    let bytes = std::fs::metadata(file.path()).expect("just written").len();
    let path = file.path().display().to_string();
    let mut readings: Vec<Measured> = (0..5).map(|_| child(&["--csv", &path])).collect();
    readings.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let (middle, held) = (&readings[2], (506 * times * 14 * size_of::<f64>()) as u64);
    println!(
        "Reading CSV, {:.0} MB of 14 columns, on one core: {:.0} MB/s (median of five); {:.0} MiB of memory, {:.2} times the numbers.",
        bytes as f64 * 1e-6,
        bytes as f64 * 1e-6 / middle.seconds,
        table::mebibytes(middle.peak - empty),
        (middle.peak - empty) as f64 / held as f64
    );
}

/// This program again, for one point.
fn child(arguments: &[&str]) -> Measured {
    let output = Command::new(env::current_exe().expect("this program")).args(arguments).output().expect("a process");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Measured::read(&String::from_utf8_lossy(&output.stdout))
}
