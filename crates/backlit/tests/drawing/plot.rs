//! Plots.

use super::xml::{Element, parse};
use super::{Draw, HOSTILE, harmless, kept};
use backlit::drawing::plot::{Axis, Plot, Series};

/// The points of a path, in parts.
fn parts(d: &str) -> Vec<Vec<(f64, f64)>> {
    let number = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("'{text}' in {d}"));
    let point = |pair: &str| pair.split_once(' ').map(|(x, y)| (number(x), number(y))).unwrap();
    d.split('M').skip(1).map(|part| part.split('L').map(point).collect()).collect()
}

/// The paths of the lines, in the order of the series; those of the legend are horizontal and come after.
fn curves(root: &Element) -> Vec<&Element> {
    let groups = root.children.iter().filter(|group| group.get("class").is_some_and(|class| class.starts_with("line")));
    let paths = groups.filter_map(|group| group.children.iter().find(|path| path.get("class").is_none()));
    paths.filter(|path| !path.get("d").unwrap().contains('H')).collect()
}

#[test]
fn any_plot_becomes_a_whole_and_harmless_picture() {
    let wild = [0.0, -0.0, 1.0, -1.0, 1e-300, 5e-324, 1e300, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.5e-5, 1e9];
    for seed in 0..400 {
        let mut draw = Draw(seed);
        let name = |draw: &mut Draw| HOSTILE[draw.below(HOSTILE.len())].to_string();
        let number = |draw: &mut Draw| if draw.below(2) == 0 { draw.unit() } else { wild[draw.below(wild.len())] };
        let mut plot = Plot { title: name(&mut draw), ..Plot::default() };
        plot.x = Axis { label: name(&mut draw), log: draw.below(2) == 0 };
        plot.y = Axis { label: name(&mut draw), log: draw.below(2) == 0 };
        for _ in 0..draw.below(8) {
            let points = (0..draw.below(30)).map(|_| (number(&mut draw), number(&mut draw))).collect();
            plot.series.push(Series { name: name(&mut draw), points });
        }
        let svg = plot.svg();
        let root = parse(&svg).unwrap_or_else(|wrong| panic!("{seed}: {wrong}"));
        harmless(&root);
        assert_eq!(svg, plot.svg());
        let (width, height) = (root.number("width"), root.number("height"));
        for (x, y) in curves(&root).iter().flat_map(|path| parts(path.get("d").unwrap())).flatten() {
            assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{seed}: {x} {y}");
        }
        let bad = plot.series.iter().flat_map(|series| &series.points).any(|point| !(point.0.is_finite() && point.1.is_finite()));
        assert_eq!(plot.alternative().contains("not finite"), bad, "{seed}");
    }
}

#[test]
fn a_line_is_where_its_numbers_are() {
    let points = vec![(0.0, 0.0), (10.0, 1.0), (20.0, f64::NAN), (30.0, 0.25), (40.0, 0.5)];
    let plot = Plot { series: vec![Series { name: "c".into(), points }], ..Plot::default() };
    let root = parse(&plot.svg()).unwrap();
    let parts = parts(curves(&root)[0].get("d").unwrap());
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let (start, top, low, end) = (parts[0][0], parts[0][1], parts[1][0], parts[1][1]);
    let close = |a: f64, b: f64| (a - b).abs() < 0.02;
    assert!(close(top.0 - start.0, (end.0 - start.0) / 4.0) && close(low.0 - start.0, 0.75 * (end.0 - start.0)));
    assert!(close(start.1 - low.1, (start.1 - top.1) / 4.0) && close(start.1 - end.1, (start.1 - top.1) / 2.0));
    // The numbers beside the axis stand where the line has them.
    let tick = |words: &str| {
        root.tagged("text").into_iter().find(|text| text.text == words && text.get("text-anchor") == Some("end")).unwrap().number("y")
    };
    assert!(close(tick("0") - 4.0, start.1) && close(tick("1") - 4.0, top.1));
    assert_eq!(
        plot.alternative(),
        "A plot of y against x. c: 4 points, first 0 at 0, last 0.5 at 40, least 0 at 0, largest 1 at 10. 1 point is not finite and breaks the line."
    );
}

#[test]
fn equal_factors_are_equal_steps_on_a_logarithmic_axis() {
    let points = (0..5).map(|i| (f64::from(i), 10f64.powi(-i))).collect();
    let y = Axis { label: String::new(), log: true };
    let root = parse(&Plot { y, series: vec![Series { name: "c".into(), points }], ..Plot::default() }.svg()).unwrap();
    let line = &parts(curves(&root)[0].get("d").unwrap())[0];
    let steps: Vec<f64> = line.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    assert!(steps.iter().all(|step| *step > 0.0 && (step - steps[0]).abs() < 0.02), "{steps:?}");
}

#[test]
fn a_hundred_thousand_points_become_a_few_and_keep_their_extremes() {
    let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (f64::from(i), (f64::from(i) * 0.37).sin())).collect();
    points[40_001].1 = 3.0;
    points[70_003].1 = -3.0;
    let plot = Plot { series: vec![Series { name: "c".into(), points }], ..Plot::default() };
    let svg = plot.svg();
    assert!(svg.len() < 60_000, "{}", svg.len());
    let root = kept("plot-dense", &svg);
    let line = &parts(curves(&root)[0].get("d").unwrap())[0];
    let (least, most) = line.iter().fold((f64::MAX, f64::MIN), |(a, b), point| (a.min(point.1), b.max(point.1)));
    let ticks = |words: &str| root.tagged("text").into_iter().find(|text| text.text == words).unwrap().number("y") - 4.0;
    let unit = (ticks("−2") - ticks("2")) / 4.0;
    assert!(((most - least) / unit - 6.0).abs() < 0.01);
}

#[test]
fn several_lines_differ_in_more_than_colour() {
    let series = (0..36).map(|i| Series { name: format!("s{i}"), points: vec![(0.0, f64::from(i)), (1.0, 2.0 * f64::from(i))] }).collect();
    let root = kept("plot-36", &Plot { series, ..Plot::default() }.svg());
    let mut looks = Vec::new();
    for path in &curves(&root) {
        let group = root.children.iter().find(|group| group.children.iter().any(|child| std::ptr::eq(child, *path))).unwrap();
        let look = (path.get("stroke-dasharray"), group.children[1].get("d"));
        assert!(!looks.contains(&look), "{look:?}");
        looks.push(look);
    }
    assert_eq!(looks.len(), 36);
    for i in 0..36 {
        assert!(root.tagged("text").iter().any(|text| text.text == format!("s{i}")));
    }
}

#[test]
fn gallery() {
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
    }
}
