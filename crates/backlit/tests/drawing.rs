//! Drawings: every part is there, nothing is malformed, nothing covers anything.
//!
//! The pictures of these tests are left in the build's `tmp` folder, to be looked at.

use backlit::drawing::network::{Column, Diagram, Edge, Unit};
use backlit::drawing::plot::{Axis, Plot, Series};

#[path = "support/xml.rs"]
mod xml;
use xml::{Element, parse};

/// Numbers that look random.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

/// Keeps the picture and reads it as strict XML.
fn kept(name: &str, svg: &str) -> Element {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("drawings");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
    parse(svg).unwrap_or_else(|wrong| panic!("{name}: {wrong}\n{svg}"))
}

fn unit(name: &str, lines: &[&str], light: f64) -> Unit {
    Unit { name: name.into(), lines: lines.iter().map(|line| line.to_string()).collect(), light, bias: name.starts_with('b') }
}

fn column(heading: &str, units: Vec<Unit>) -> Column {
    let total = units.iter().filter(|unit| !unit.bias).count();
    Column { heading: heading.into(), total, units }
}

fn edge(from: (usize, usize), to: (usize, usize), label: &str, light: f64, weight_sign: i8) -> Edge {
    Edge { from, to, label: (!label.is_empty()).then(|| label.into()), light, weight_sign }
}

/// Mazur's network with its weights.
fn mazur() -> Diagram {
    let columns = vec![
        column("inputs", vec![unit("i1", &["0.05"], 0.3), unit("i2", &["0.10"], 0.0), unit("b1", &["1"], 0.0)]),
        column(
            "hidden",
            vec![
                unit("h1", &["out = 0.5933", "∂C/∂net = 0.0088"], 0.7),
                unit("h2", &["out = 0.5969", "∂C/∂net = 0.0099"], 0.0),
                unit("b2", &["1"], 0.0),
            ],
        ),
        column(
            "outputs",
            vec![unit("o1", &["out = 0.7514", "∂C/∂net = 0.1385"], 0.9), unit("o2", &["out = 0.7729", "∂C/∂net = −0.0381"], 0.2)],
        ),
    ];
    let edges = vec![
        edge((0, 0), (1, 0), "w1 = 0.15", 1.0, 1),
        edge((0, 1), (1, 0), "w2 = 0.20", 0.0, 1),
        edge((0, 0), (1, 1), "w3 = 0.25", 0.0, 1),
        edge((0, 1), (1, 1), "w4 = 0.30", 0.0, 1),
        edge((1, 0), (2, 0), "w5 = 0.40", 0.7, 1),
        edge((1, 1), (2, 0), "w6 = 0.45", 0.0, 1),
        edge((1, 0), (2, 1), "w7 = 0.50", 0.3, 1),
        edge((1, 1), (2, 1), "w8 = 0.55", 0.0, 1),
        edge((0, 2), (1, 0), "b1 = 0.35", 0.0, 1),
        edge((0, 2), (1, 1), "b1 = 0.35", 0.0, 1),
        edge((1, 2), (2, 0), "b2 = 0.60", 0.0, 1),
        edge((1, 2), (2, 1), "b2 = 0.60", 0.0, 1),
    ];
    Diagram { title: "How the gradient of w1 comes about".into(), columns, edges }
}

/// Every unit joined with every one of the next column, some weights negative, some lit.
fn dense(title: &str, sizes: &[usize], lines: usize, labels: bool, seed: u64) -> Diagram {
    let mut draw = Draw(seed);
    let mut columns = Vec::new();
    for (c, &size) in sizes.iter().enumerate() {
        let letter = if c == 0 { "x" } else { "z" };
        let units = (0..size)
            .map(|u| {
                let lines: Vec<String> = ["a = 0.5933", "∂C/∂z = 0.0123"].iter().take(lines).map(|line| line.to_string()).collect();
                Unit { name: format!("{letter}{u}"), lines, light: if draw.unit() < 0.4 { draw.unit() } else { 0.0 }, bias: false }
            })
            .collect();
        columns.push(column(&if c == 0 { "inputs".into() } else { format!("layer {c}, sigmoid") }, units));
    }
    let mut edges = Vec::new();
    for c in 1..sizes.len() {
        for to in 0..sizes[c] {
            for from in 0..sizes[c - 1] {
                let weight = 2.0 * draw.unit() - 1.0;
                let label = if labels { format!("{weight:.3}") } else { String::new() };
                let light = if draw.unit() < 0.25 { draw.unit() } else { 0.0 };
                edges.push(edge((c - 1, from), (c, to), &label, light, if weight < 0.0 { -1 } else { 1 }));
            }
        }
    }
    Diagram { title: title.into(), columns, edges }
}

fn cut() -> Diagram {
    let mut diagram = dense("Where the error on one house comes from", &[8, 12, 6, 1], 1, false, 3);
    diagram.columns[0].units.push(unit("b", &[], 0.0));
    (diagram.columns[1].total, diagram.columns[2].total) = (256, 64);
    diagram.columns[1].units.push(unit("b2", &[], 0.0));
    diagram.edges.push(edge((0, 8), (1, 3), "", 0.2, 1));
    diagram.edges.push(edge((0, 2), (3, 0), "passes two layers", 0.5, -1));
    diagram
}

#[test]
fn gallery() {
    for (name, diagram) in [
        ("mazur", mazur()),
        ("3-4-1", dense("A small network", &[3, 4, 1], 1, true, 1)),
        ("13-5-3-1", dense("Houses", &[13, 5, 3, 1], 2, true, 2)),
        ("13-5-3-1-plain", dense("Houses without labels", &[13, 5, 3, 1], 0, false, 2)),
        ("cut", cut()),
        ("empty", Diagram::default()),
    ] {
        kept(name, &diagram.svg());
        println!("{}\n", diagram.alternative());
    }
    let curve = |rate: f64, noise: f64, n: usize| -> Vec<(f64, f64)> {
        let mut draw = Draw(n as u64);
        (0..n).map(|i| (i as f64, (0.3 * (-rate * i as f64).exp() + 3e-5) * (1.0 + noise * (draw.unit() - 0.5)))).collect()
    };
    let series = |name: &str, points| Series { name: name.into(), points };
    let axis = |label: &str, log| Axis { label: label.into(), log };
    let two = vec![series("trained on", curve(0.0009, 0.3, 10_000)), series("kept aside", curve(0.0005, 0.02, 10_000))];
    let mut broken = curve(0.3, 0.0, 30);
    broken[12].1 = f64::NAN;
    broken[20].1 = -1.0;
    broken[14].1 = f64::INFINITY;
    let many: Vec<Series> = (0..9).map(|k| series(&format!("learning rate 0.{}", k + 1), curve(0.01 * (k + 1) as f64, 0.0, 200))).collect();
    for (name, plot) in [
        (
            "plot-two-log",
            Plot { title: "Cost over the epochs".into(), x: axis("epoch", false), y: axis("cost (half squared error)", true), series: two },
        ),
        (
            "plot-broken",
            Plot {
                title: "A broken line".into(),
                x: axis("epoch", false),
                y: axis("cost", true),
                series: vec![series("cost", broken.clone())],
            },
        ),
        (
            "plot-few",
            Plot {
                title: "Few points".into(),
                x: axis("epoch", true),
                y: axis("cost", false),
                series: vec![series("cost", broken[1..9].to_vec())],
            },
        ),
        ("plot-many", Plot { title: "Learning rates".into(), x: axis("step", false), y: axis("cost", false), series: many }),
        (
            "plot-one",
            Plot { title: "One point".into(), x: axis("step", false), y: axis("cost", true), series: vec![series("c", vec![(1.0, 0.3)])] },
        ),
        (
            "plot-constant",
            Plot {
                title: "Constant".into(),
                x: axis("step", false),
                y: axis("cost", false),
                series: vec![series("c", vec![(1.0, 0.3), (2.0, 0.3)])],
            },
        ),
        ("plot-empty", Plot::default()),
    ] {
        kept(name, &plot.svg());
        println!("{}\n", plot.alternative());
    }
}
