//! Which rows, which paths, how many: rows alone and together, `--paths`, threads, one layer, a whole step, and how fast.

use crate::exact::{Exact, ulp};
use crate::nets::{Dice, Place};
use crate::random::{net, side_by_side};
use crate::record::Expected;
use crate::support::{Desk, close, number, numbers};
use serde_json::{Value, json};
use std::time::Instant;

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("expected a list, came {value}"))
}

/// A network of 3-5-4-3-2 on `rows` rows.
fn deep(rows: usize) -> crate::nets::Net {
    let mut dice = Dice::new(5);
    let mut net = net(&mut dice, "tanh", "squared_error", false);
    let widths = [3, 5, 4, 3, 2];
    let mut table =
        |height: usize, width: usize| (0..height).map(|_| (0..width).map(|_| dice.decimal(1.5)).collect()).collect::<Vec<Vec<f64>>>();
    net.layers = (0..4)
        .map(|at| crate::nets::Layer {
            activation: ["tanh", "silu", "sigmoid", "linear"][at].to_string(),
            weight: table(widths[at + 1], widths[at]),
            bias: Some(table(1, widths[at + 1]).remove(0)),
            freeze: vec![],
        })
        .collect();
    net.inputs = table(rows, 3);
    net.targets = table(rows, 2);
    net.standardize = false;
    net
}

#[test]
fn fewer_paths_are_the_first_of_more_and_the_rest_is_exact() {
    let net = deep(3);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    for (place, rows) in [
        (Place::Weight(0, 2, 1), vec![1]),
        (Place::Weight(0, 2, 1), vec![0, 1, 2]),
        (Place::Column(2), vec![0]),
        (Place::Bias(3, 1), vec![2]),
    ] {
        let select = if rows.len() == 1 { format!("--row {}", rows[0]) } else { String::new() };
        let line = format!("explain run.toml -p {} {select}", place.name());
        let all = desk.json(&format!("{line} --paths 100000"));
        let total: usize = all["total_paths"].as_str().and_then(|text| text.parse().ok()).expect("a count");
        assert_eq!(list(&all["paths"]).len(), total);
        for count in [0, 1, 2, 3, 10, 32, 33, total, total + 1] {
            let some = desk.json(&format!("{line} --paths {count}"));
            assert_eq!(list(&some["paths"])[..], list(&all["paths"])[..count.min(total)], "{line} --paths {count}");
            for key in ["gradient", "total_paths", "path_sizes", "by_row", "chain", "routes"] {
                assert_eq!(some[key], all[key], "{line} --paths {count}: {key}");
            }
            let passes = rows.iter().map(|row| net.pass(*row)).collect();
            Expected { net: &net, rows: rows.clone(), passes, place, listed: count }.holds(&some);
            // The rest, from the paths that are not listed.
            let left = list(&all["paths"])[count.min(total)..].iter();
            let sum = left.fold(Exact::of(0.0), |sum, path| &sum + &Exact::product(crate::record::values(&path["factors"])));
            let apart = &sum - &Exact::of(number(&some["rest"]));
            assert!(apart.within(&Exact::of(2.0 * ulp(number(&all["path_sizes"])))), "{line} --paths {count}: rest {}", some["rest"]);
        }
    }
}

#[test]
fn the_mean_over_rows_is_the_mean_of_the_rows() {
    let net = deep(7);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    let name = "layer2.weight[3,4]";
    let single: Vec<Value> = (0..7).map(|row| desk.json(&format!("explain run.toml -p {name} --row {row}"))).collect();
    for (select, rows) in [
        ("", vec![0, 1, 2, 3, 4, 5, 6]),
        ("--row 0-6", vec![0, 1, 2, 3, 4, 5, 6]),
        ("--row 2-4", vec![2, 3, 4]),
        ("--row 5,1", vec![1, 5]),
        ("--row 0-1,6", vec![0, 1, 6]),
    ] {
        let record = desk.json(&format!("explain run.toml -p {name} {select}"));
        let mut given: Vec<u64> = list(&record["rows"]).iter().map(|row| row.as_u64().expect("a row")).collect();
        given.sort_unstable();
        assert_eq!(given, rows.iter().map(|row| *row as u64).collect::<Vec<_>>(), "{select}");
        let mean = |key: &str| rows.iter().map(|row| number(&single[*row][key])).sum::<f64>() / rows.len() as f64;
        let size = mean("path_sizes");
        close("gradient", number(&record["gradient"]), mean("gradient"), 1e-14, size);
        close("cost", number(&record["cost"]), mean("cost"), 1e-14, 0.0);
        close("sizes", number(&record["path_sizes"]), size, 1e-14, 0.0);
        let by_row = list(&record["by_row"]);
        assert_eq!(by_row.len(), rows.len());
        for adds in by_row {
            let row = adds["row"].as_u64().expect("a row") as usize;
            close("adds", number(&adds["adds"]), number(&single[row]["gradient"]) / rows.len() as f64, 1e-14, size);
        }
        assert!(by_row.windows(2).all(|pair| number(&pair[0]["adds"]).abs() >= number(&pair[1]["adds"]).abs()));
    }
}

#[test]
fn a_row_named_twice_counts_once_or_is_refused() {
    let net = deep(7);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    let told = desk.run("explain run.toml -p layer1.bias[0] --row 1,1,0-1 --json");
    if told.code == 0 {
        let mut rows = numbers(&told.document()["rows"]);
        rows.sort_by(f64::total_cmp);
        assert_eq!(rows, [0.0, 1.0], "{}", told.report());
    } else {
        told.expect(2);
    }
}

#[test]
fn many_rows_say_who_pulls_which_way() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --hidden 4 --validation 0 --precision f64 --out run");
    let record = desk.json("explain run houses -p layer1.weight[0,5]");
    assert_eq!(list(&record["rows"]).len(), 506);
    let by_row = list(&record["by_row"]);
    assert_eq!(by_row.len(), 506);
    let sum = by_row.iter().fold(Exact::of(0.0), |sum, row| &sum + &Exact::of(number(&row["adds"])));
    let apart = &sum - &Exact::of(number(&record["gradient"]));
    assert!(apart.within(&Exact::of(506.0 * ulp(number(&record["path_sizes"])))));
    let told = desk.fine("explain run houses -p layer1.weight[0,5]");
    let row = by_row[0]["row"].as_u64().expect("a row");
    told.says(&["506 rows", &format!("row {row}")]);
    // The page stays readable: it does not list all rows.
    assert!(told.out.lines().count() < 700, "{} lines", told.out.lines().count());
}

#[test]
fn the_same_bits_for_any_number_of_threads_and_every_time() {
    let desk = Desk::new();
    desk.fine("train houses --epochs 1 --out run");
    let net = deep(3);
    desk.write("run.toml", net.toml());
    for line in [
        "explain run houses -p layer1.weight[2,5] --json",
        "explain run houses -p x[RM] --row 3 --json",
        "explain run houses -p layer2.bias[1] --row 0-9,12",
        "explain run.toml -p layer1.weight[0,0] --format html",
        "explain run.toml --row 0 --format markdown",
        "explain run houses --layer 1 --row 4 --format latex",
    ] {
        let first = desk.fine(&format!("{line} --threads 1")).out;
        for threads in [1, 2, 3, 8] {
            assert_eq!(desk.fine(&format!("{line} --threads {threads}")).out, first, "{line} --threads {threads}");
        }
    }
}

#[test]
fn a_layer_is_told_as_matrices_with_their_shapes() {
    let net = deep(2);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    for (layer, units, inputs) in [(1, 5, 3), (2, 4, 5), (3, 3, 4), (4, 2, 3)] {
        let told = desk.fine(&format!("explain run.toml --row 1 --layer {layer}"));
        told.says(&[&format!("({units} × 1) = ({units} × {inputs})({inputs} × 1) + ({units} × 1)"), "δ", "∂C/∂W", "∂C/∂b"]);
        let pass = net.pass(1);
        for delta in &pass.delta[layer - 1] {
            let digits = format!("{:.4}", delta.abs());
            assert!(delta.abs() < 1e-3 || told.out.contains(&digits[..5]), "{delta} is not there: {}", told.report());
        }
    }
    // Of several rows or none given, too: the mean, or one clear word that a row is needed.
    let told = desk.run("explain run.toml --layer 1");
    assert!([0, 2].contains(&told.code), "{}", told.report());
}

#[test]
fn one_record_of_every_scope_as_json() {
    // One plain record, from which everything else is rendered; --json is a common flag.
    let desk = Desk::with(&[("mazur.toml", crate::worked::MAZUR)]);
    for line in ["explain mazur.toml --row 0 --layer 1", "explain mazur.toml --row 0"] {
        desk.json(line);
    }
}

#[test]
fn a_worked_page_tells_every_parameter_of_a_small_network() {
    let net = deep(2);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    let told = desk.fine("explain run.toml --row 1");
    for place in net.places().into_iter().filter(|place| !matches!(place, Place::Column(_))) {
        let line = told.out.lines().find(|line| line.trim_start().starts_with(&place.name()));
        let line = line.unwrap_or_else(|| panic!("{} is not there: {}", place.name(), told.report()));
        let gradient = net.gradient(place, &net.pass(1));
        let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.replace('−', "-").parse().ok()).collect();
        assert!(numbers.iter().any(|number| (number - gradient).abs() <= 1e-9 * gradient.abs()), "{gradient}: {line}");
    }
}

#[test]
fn a_page_and_a_parameter_take_no_time() {
    let mut dice = Dice::new(9);
    let mut net = net(&mut dice, "tanh", "half_squared_error", true);
    let widths = [13, 5, 3, 1];
    let mut table =
        |height: usize, width: usize| (0..height).map(|_| (0..width).map(|_| dice.decimal(0.5)).collect()).collect::<Vec<Vec<f64>>>();
    let layer = |table: &mut dyn FnMut(usize, usize) -> Vec<Vec<f64>>, units, inputs| crate::nets::Layer {
        activation: "sigmoid".into(),
        weight: table(units, inputs),
        bias: Some(table(1, units).remove(0)),
        freeze: vec![],
    };
    net.layers = (0..3).map(|at| layer(&mut table, widths[at + 1], widths[at])).collect();
    (net.inputs, net.targets) = (table(1, 13), table(1, 1));
    net.standardize = false;
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    let start = Instant::now();
    desk.fine("explain run.toml --row 0 --format html");
    assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
}

#[test]
fn path_counts_are_combinatorics_also_where_they_are_large() {
    // 30 layers of 6 units: 6^29 paths, more than 2^64, from the first layer; the exact search still finds the largest.
    let desk = Desk::new();
    let mut dice = Dice::new(3);
    let mut net = deep(1);
    let mut table =
        |height: usize, width: usize| (0..height).map(|_| (0..width).map(|_| dice.decimal(1.0)).collect()).collect::<Vec<Vec<f64>>>();
    net.layers =
        (0..30).map(|_| crate::nets::Layer { activation: "linear".into(), weight: table(6, 6), bias: None, freeze: vec![] }).collect();
    (net.inputs, net.targets) = (table(1, 6), table(1, 6));
    desk.write("run.toml", net.toml());
    let record = desk.json("explain run.toml --row 0 -p layer1.weight[0,0] --paths 3");
    let count = (0..29).fold(dashu_int::UBig::ONE, |count, _| count * 6u8);
    assert_eq!(record["total_paths"], json!(count.to_string()));
    let expected = net.gradient(Place::Weight(0, 0, 0), &net.pass(0));
    close("gradient", number(&record["gradient"]), expected, 1e-9, 0.0);
    // The largest path, by going through the layers with the largest product so far.
    let mut best = vec![0.0; 6];
    best[0] = net.pass(0).x[0].abs();
    for layer in &net.layers[1..] {
        best = layer.weight.iter().map(|row| row.iter().zip(&best).map(|(w, best)| w.abs() * best).fold(0.0, f64::max)).collect();
    }
    let pass = net.pass(0);
    let largest = best.iter().zip(&pass.by_a[29]).map(|(best, error)| best * error.abs()).fold(0.0, f64::max);
    close("the largest path", number(&record["paths"][0]["product"]).abs(), largest, 1e-12, 0.0);
}

#[test]
fn every_parameter_of_one_network() {
    let net = deep(2);
    let desk = Desk::with(&[("run.toml", &net.toml())]);
    let places = net.places();
    side_by_side(places.len(), |at| {
        let record = desk.json(&format!("explain run.toml -p {} --row 1", places[at].name()));
        Expected { net: &net, rows: vec![1], passes: vec![net.pass(1)], place: places[at], listed: 32 }.holds(&record);
    });
}
