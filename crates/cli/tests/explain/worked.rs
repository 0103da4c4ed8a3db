//! Mazur's 2-2-2 network against seed2.json: all eight weights, their factors, and the new values.

use crate::record::values;
use crate::support::{Desk, close, number};
use serde_json::json;

pub const MAZUR: &str = include_str!("../../../../examples/mazur.toml");

/// seed2.json, `exact_40_digits` / `gradient` (the nearest doubles), and `updated`.
const GRADIENTS: [(&str, &str, f64, f64); 8] = [
    ("layer1.weight[0,0]", "w₁", 0.00043856773447434674, 0.1497807161327628),
    ("layer1.weight[0,1]", "w₂", 0.0008771354689486935, 0.19956143226552567),
    ("layer1.weight[1,0]", "w₃", 0.0004977127352608601, 0.24975114363236958),
    ("layer1.weight[1,1]", "w₄", 0.0009954254705217202, 0.29950228726473915),
    ("layer2.weight[0,0]", "w₅", 0.08216704056423078, 0.35891647971788465),
    ("layer2.weight[0,1]", "w₆", 0.08266762784753326, 0.4086661860762334),
    ("layer2.weight[1,0]", "w₇", -0.02260254047747506, 0.5113012702387375),
    ("layer2.weight[1,1]", "w₈", -0.022740242215978212, 0.5613701211079891),
];

/// seed2.json, `factors`, in the order of [`GRADIENTS`].
const FACTORS: [[f64; 3]; 8] = [
    [0.03635030639314466, 0.24130070857232525, 0.05],
    [0.03635030639314466, 0.24130070857232525, 0.1],
    [0.0413703226487447, 0.2406134172492184, 0.05],
    [0.0413703226487447, 0.2406134172492184, 0.1],
    [0.7413650695523157, 0.18681560180895948, 0.5932699921071872],
    [0.7413650695523157, 0.18681560180895948, 0.596884378259767],
    [-0.21707153467853746, 0.17551005281727122, 0.5932699921071872],
    [-0.21707153467853746, 0.17551005281727122, 0.596884378259767],
];

#[test]
fn all_eight_weights_to_the_digits_of_the_golden() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    for ((name, symbol, gradient, updated), factors) in GRADIENTS.into_iter().zip(FACTORS) {
        let record = desk.json(&format!("explain mazur.toml --row 0 --parameter {name} --notation net-out"));
        close(name, number(&record["gradient"]), gradient, 1e-15, 0.0);
        assert_eq!(number(&record["cost"]), 0.2983711087600027);
        let chain = values(&record["chain"]);
        assert_eq!(chain.len(), 3, "{record}");
        for (value, golden) in chain.iter().zip(factors) {
            close(name, *value, golden, 4e-15, 0.0);
        }
        let last = record["chain"][2]["symbol"].as_str().expect("a symbol");
        assert!(last.ends_with(&format!("/∂{symbol}")), "{last}");
        assert!(record["chain"][0]["symbol"].as_str().is_some_and(|first| first.starts_with("∂E_total/∂out_")), "{record}");
        assert_eq!(number(&record["update"]["new_value"]), updated, "{name}");
        assert_eq!(record["total_paths"], json!(if name.starts_with("layer1") { "2" } else { "1" }));
    }
}

#[test]
fn the_frozen_biases_have_gradients_and_keep_their_values() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    let golden = [
        ("layer1.bias[0]", 0.008771354689486935),
        ("layer1.bias[1]", 0.009954254705217202),
        ("layer2.bias[0]", 0.13849856162855698),
        ("layer2.bias[1]", -0.038098236516556215),
    ];
    for (name, gradient) in golden {
        let record = desk.json(&format!("explain mazur.toml --row 0 -p {name}"));
        close(name, number(&record["gradient"]), gradient, 1e-15, 0.0);
        let update = &record["update"];
        assert_eq!((&update["frozen"], &update["new_value"]), (&json!(true), &record["value"]));
        desk.fine(&format!("explain mazur.toml --row 0 -p {name}")).says(&["frozen"]);
    }
}

#[test]
fn the_notation_changes_names_and_no_number() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    let record = |notation: &str| desk.json(&format!("explain mazur.toml --row 0 -p layer1.weight[0,1] --notation {notation}"));
    let plain = record("za");
    for (notation, first, output) in [
        ("net-out", "∂E_total/∂out_h1", "out_o1"),
        ("explicit", "d_ErrorT_d_layer1_outputs[0]", "layer2_outputs[0]"),
        ("dvalues", "dense2.dinputs[0]", "sigmoid2.output[0]"),
    ] {
        let other = record(notation);
        assert_eq!(other["notation"], json!(notation));
        assert_eq!(other["chain"][0]["symbol"], json!(first));
        assert!(other["paths"][0]["factors"][1]["formula"].as_str().is_some_and(|formula| formula.contains(output)), "{other}");
        for key in ["gradient", "value", "rest", "routes", "by_row", "path_sizes", "cost"] {
            assert_eq!(other[key], plain[key], "{notation}: {key}");
        }
        for (path, same) in other["paths"].as_array().expect("paths").iter().zip(plain["paths"].as_array().expect("paths")) {
            assert_eq!(values(&path["factors"]), values(&same["factors"]));
            for (factor, same) in path["factors"].as_array().expect("factors").iter().zip(same["factors"].as_array().expect("factors")) {
                assert_eq!((&factor["of"], &factor["by"], &factor["substituted"]), (&same["of"], &same["by"], &same["substituted"]));
            }
        }
    }
}

#[test]
fn the_page_shows_the_numbers_of_the_record() {
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    let told = desk.fine("explain mazur.toml --row 0 --parameter layer1.weight[0,0] --notation net-out");
    told.says(&[
        "∂E_total/∂out_h1",
        "0.036350306",
        "out_h1 · (1 − out_h1)",
        "0.59326999 · (1 − 0.59326999)",
        "0.24130071",
        "0.00043856773",
    ]);
    told.says(&["152.4 %", "0.15 − 0.5 · 0.00043856773 = 0.14978072", "2 paths"]);
    let page = desk.fine("explain mazur.toml --row 0 --notation net-out");
    page.says(&["net_h1", "0.3775", "0.59688438", "1.105906", "0.75136507", "0.29837111", "0.08216704", "0.358916479718", "frozen"]);
    let layer = desk.fine("explain mazur.toml --row 0 --layer 2");
    layer.says(&["(2 × 1) = (2 × 2)(2 × 1) + (2 × 1)", "0.082167", "−0.0227402", "0.1384", "shapes"]);
}

#[test]
fn one_formula_for_each_derivative_of_a_worked_page() {
    // Per factor: symbol, formula, substituted, value.
    let desk = Desk::with(&[("mazur.toml", MAZUR)]);
    let page = desk.fine("explain mazur.toml --row 0");
    page.says(&["a⁽²⁾₀ − y₀", "0.75136507 − 0.01", "a⁽²⁾₀ · (1 − a⁽²⁾₀)", "0.59326999 · (1 − 0.59326999)"]);
}
