//! Networks.

use super::xml::{Element, parse};
use super::{Draw, HOSTILE, harmless, kept};
use backlit::drawing::network::{Column, Diagram, Edge, Unit};

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

/// The paths of edges: those with a title.
fn wires(root: &Element) -> Vec<&Element> {
    root.tagged("path").into_iter().filter(|path| path.child("title").is_some()).collect()
}

fn titles(root: &Element) -> Vec<String> {
    root.tagged("title").iter().map(|title| title.text.clone()).collect()
}

fn random(seed: u64) -> Diagram {
    let mut draw = Draw(seed);
    let hostile = |draw: &mut Draw| HOSTILE[draw.below(HOSTILE.len())].to_string();
    let light = |draw: &mut Draw| [0.0, draw.unit(), 1.0, 7.0, -1.0, f64::NAN, f64::INFINITY][draw.below(7)];
    let mut diagram = Diagram { title: hostile(&mut draw), ..Diagram::default() };
    for _ in 0..draw.below(5) {
        let mut column = Column { heading: hostile(&mut draw), total: draw.below(20), units: Vec::new() };
        for _ in 0..draw.below(7) {
            let lines = (0..draw.below(4)).map(|_| hostile(&mut draw)).collect();
            column.units.push(Unit { name: hostile(&mut draw), lines, light: light(&mut draw), bias: draw.below(5) == 0 });
        }
        diagram.columns.push(column);
    }
    // Some lead nowhere, back, to themselves or past a column.
    for _ in 0..draw.below(25) {
        let place = |draw: &mut Draw| (draw.below(5), draw.below(8));
        let label = (draw.below(2) == 0).then(|| hostile(&mut draw));
        let sign = [-1, 0, 1][draw.below(3)];
        diagram.edges.push(Edge { from: place(&mut draw), to: place(&mut draw), label, light: light(&mut draw), weight_sign: sign });
    }
    diagram
}

#[test]
fn any_network_becomes_a_whole_and_harmless_picture() {
    for seed in 0..400 {
        let diagram = random(seed);
        let svg = diagram.svg();
        let root = parse(&svg).unwrap_or_else(|wrong| panic!("{seed}: {wrong}"));
        harmless(&root);
        assert_eq!(svg, diagram.svg());
        assert!(root.get("aria-label").is_some() && root.get("role") == Some("img"));

        let there = |(column, unit): (usize, usize)| diagram.columns.get(column).is_some_and(|column| unit < column.units.len());
        let edges = diagram.edges.iter().filter(|edge| there(edge.from) && there(edge.to)).count();
        assert_eq!(wires(&root).len(), edges, "{seed}");
        let units: usize = diagram.columns.iter().map(|column| column.units.len()).sum();
        assert_eq!(cards(&root).len(), units, "{seed}");
        inside(&root, &cards(&root));
        for (i, a) in cards(&root).iter().enumerate() {
            assert!(cards(&root)[..i].iter().all(|b| !share_points(a, b)), "{seed}");
        }
    }
}

/// A rectangle in the drawing: its centre, half sides, and how it is turned, in radians.
#[derive(Clone, Debug)]
struct Tile {
    x: f64,
    y: f64,
    half: (f64, f64),
    turn: f64,
}

/// The rectangles of units, once each.
fn cards(root: &Element) -> Vec<Tile> {
    let ground = root.tagged("g").into_iter().filter(|group| group.get("class") == Some("card"));
    let of = |group: &Element| {
        let [x, y, w, h] = ["x", "y", "width", "height"].map(|name| group.children[0].number(name));
        Tile { x: x + w / 2.0, y: y + h / 2.0, half: (w / 2.0, h / 2.0), turn: 0.0 }
    };
    let shift = shift(root);
    ground.map(of).map(|tile| Tile { x: tile.x + shift, ..tile }).collect()
}

/// How far the network is moved to stand in the middle.
fn shift(root: &Element) -> f64 {
    let moved = root.children.iter().find_map(|child| child.get("transform")).expect("a moved group");
    moved.trim_start_matches("translate(").split(' ').next().unwrap().parse().unwrap()
}

/// The strips of paper below the labels.
fn labels(root: &Element) -> Vec<Tile> {
    let strips = root.tagged("rect").into_iter().filter(|rect| rect.get("transform").is_some());
    let of = |rect: &Element| {
        let numbers: Vec<f64> = rect.get("transform").unwrap().split(['(', ')', ' ']).filter_map(|part| part.parse().ok()).collect();
        let half = (rect.number("width") / 2.0, rect.number("height") / 2.0);
        Tile { x: numbers[0] + shift(root), y: numbers[1], half, turn: numbers[2].to_radians() }
    };
    strips.map(of).collect()
}

/// Whether a point of a fine grid over one lies in the other.
fn share_points(a: &Tile, b: &Tile) -> bool {
    let covers = |a: &Tile, b: &Tile| {
        (0..=40 * 40).any(|k| {
            let (u, v) = (a.half.0 * (f64::from(k % 41) / 20.0 - 1.0), a.half.1 * (f64::from(k / 41) / 20.0 - 1.0));
            let (x, y) = (a.x + u * a.turn.cos() - v * a.turn.sin() - b.x, a.y + u * a.turn.sin() + v * a.turn.cos() - b.y);
            (x * b.turn.cos() + y * b.turn.sin()).abs() < b.half.0 && (y * b.turn.cos() - x * b.turn.sin()).abs() < b.half.1
        })
    };
    (a.x - b.x).hypot(a.y - b.y) < a.half.0 + a.half.1 + b.half.0 + b.half.1 && (covers(a, b) || covers(b, a))
}

/// All of the tiles lie on the paper.
fn inside(root: &Element, tiles: &[Tile]) {
    let (width, height) = (root.number("width"), root.number("height"));
    for tile in tiles {
        let reach =
            (tile.half.0 * tile.turn.cos().abs() + tile.half.1 * tile.turn.sin().abs(), tile.half.1 + tile.half.0 * tile.turn.sin().abs());
        assert!(tile.x - reach.0 >= 0.0 && tile.x + reach.0 <= width && tile.y - reach.1 >= 0.0 && tile.y + reach.1 <= height, "{tile:?}");
    }
}

#[test]
fn small_networks_show_every_label_and_nothing_covers_another() {
    let twos = (0..20).map(|seed| dense("t", &[2, 2, 2], 1, true, seed));
    let others = (0..10).flat_map(|seed| [dense("t", &[3, 4, 1], 2, true, seed), dense("t", &[13, 5, 3, 1], 0, true, seed)]);
    for diagram in twos.chain(others).chain([mazur()]) {
        let root = parse(&diagram.svg()).unwrap();
        let (cards, labels) = (cards(&root), labels(&root));
        assert_eq!(labels.len(), diagram.edges.len());
        inside(&root, &labels);
        for (i, label) in labels.iter().enumerate() {
            assert!(labels[..i].iter().chain(&cards).all(|other| !share_points(label, other)), "{label:?}");
        }
        let words: Vec<&str> = root.tagged("text").into_iter().map(|text| text.text.as_str()).collect();
        for label in diagram.edges.iter().filter_map(|edge| edge.label.as_deref()) {
            assert!(words.contains(&label), "{label}");
        }
    }
}

#[test]
fn light_is_thickness_and_a_negative_weight_is_dashed() {
    let light = |i: usize| i as f64 / 10.0;
    let units = |letter: &str, n: usize| (0..n).map(|i| unit(&format!("{letter}{i}"), &[], light(i))).collect();
    let columns = vec![column("in", units("x", 11)), column("out", units("z", 1))];
    let edges = (0..11).map(|i| edge((0, i), (1, 0), "", light(i), if i % 2 == 0 { 1 } else { -1 })).collect();
    let root = kept("light", &Diagram { title: String::new(), columns, edges }.svg());
    let mut before = 0.0;
    for i in 0..11 {
        let title = format!("x{i} → z0");
        let wires = wires(&root);
        let wire = wires.iter().find(|wire| wire.child("title").unwrap().text == title).unwrap();
        let thick = wire.number("stroke-width");
        assert!(thick > before, "{thick} after {before}");
        before = thick;
        assert_eq!(wire.get("stroke-dasharray").is_some(), i % 2 == 1);
    }
    assert_eq!(root.tagged("path").iter().filter(|path| path.get("class") == Some("tip")).count(), 10 + 1, "ten lit lines and the key");
    assert!(root.tagged("text").iter().any(|text| text.text == "negative weight"));
    // The rims: x1 … x10.
    let rims = root.tagged("g").into_iter().filter(|group| group.get("class") == Some("lit")).flat_map(|group| &group.children);
    let rims: Vec<f64> = rims.filter(|rim| rim.tag == "rect").map(|rim| rim.number("stroke-width")).collect();
    assert!(rims.len() == 10 && rims.windows(2).all(|pair| pair[0] < pair[1]), "{rims:?}");
}

#[test]
fn what_is_left_out_is_said() {
    let diagram = cut();
    let root = kept("cut", &diagram.svg());
    for said in ["12 of 256 units", "6 of 64 units"] {
        assert!(root.tagged("text").iter().any(|text| text.text == said) && diagram.alternative().contains(said));
    }
    assert_eq!(root.tagged("circle").len(), 2 * 3);
    let text = diagram.alternative();
    assert!(text.contains("8 units and a bias") && text.contains("and 156 more.") && !text.contains("8 of 8"), "{text}");

    // Too many labels to be read: all of them are with their lines, and the drawing says so.
    let crowd = dense("crowd", &[20, 20], 0, true, 1);
    let root = kept("crowd", &crowd.svg());
    assert!(root.tagged("text").iter().any(|text| text.text.starts_with("400 labels found no room")));
    let titles = titles(&root);
    for edge in &crowd.edges {
        assert!(titles.iter().any(|title| title.ends_with(&format!(": {}", edge.label.as_deref().unwrap()))));
    }

    let long = "a name so long that no unit could ever hold it, and longer still";
    let columns = vec![column(long, vec![unit(long, &[long], 0.0)])];
    let root = kept("long", &Diagram { title: long.into(), columns, edges: Vec::new() }.svg());
    let cut: Vec<&Element> = root.tagged("text").into_iter().filter(|text| text.text.ends_with('…')).collect();
    assert_eq!(cut.len(), 3);
    assert!(cut.iter().all(|text| text.child("title").unwrap().text == long));
}

#[test]
fn a_network_is_told_in_words() {
    let mut diagram = mazur();
    diagram.edges.truncate(2);
    diagram.edges[1].weight_sign = -1;
    assert_eq!(
        diagram.alternative(),
        "How the gradient of w1 comes about. A network of 3 columns, from left to right. inputs, 2 units and a bias: i1 (0.05, carries 30 %); \
         i2 (0.10); b1 (1). hidden, 2 units and a bias: h1 (out = 0.5933, ∂C/∂net = 0.0088, carries 70 %); h2 (out = 0.5969, ∂C/∂net = 0.0099); \
         b2 (1). outputs, 2 units: o1 (out = 0.7514, ∂C/∂net = 0.1385, carries 90 %); o2 (out = 0.7729, ∂C/∂net = −0.0381, carries 20 %). \
         2 connections: i1 to h1 (w1 = 0.15, carries 100 %); i2 to h1 (w2 = 0.20, negative)."
    );
    let large = dense("large", &[100, 100], 1, true, 1).alternative();
    assert!(large.len() < 3000 && large.contains("and 84 more") && large.contains("10000 connections"), "{}", large.len());
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
    }
}
