//! Why is it zero, or tiny? The first factor that kills it, by name.

use crate::support::{Desk, number};
use serde_json::{Value, json};

/// Two inputs, one unit, one linear output under half_squared_error.
struct Small {
    input: &'static str,
    targets: &'static str,
    activation: &'static str,
    weight: &'static str,
    bias: &'static str,
    out: &'static str,
}

const LIVE: Small =
    Small { input: "[1.0, 2.0]", targets: "[1.0]", activation: "tanh", weight: "[[0.5, -0.25]]", bias: "[0.1]", out: "[[1.5]]" };

impl Small {
    fn toml(&self) -> String {
        format!(
            "[data]\ninputs = [{}]\ntargets = [{}]\nstandardize = false\nvalidation = 0\n[network]\nprecision = \"f64\"\nloss = \"half_squared_error\"\n\
             [[network.layer]]\nunits = 1\nactivation = \"{}\"\nweight = {}\nbias = {}\n\
             [[network.layer]]\nunits = {}\nactivation = \"linear\"\nweight = {}\nbias = false\n[train]\noptimizer = \"sgd\"\nlearning_rate = 0.5\n",
            self.input,
            self.targets,
            self.activation,
            self.weight,
            self.bias,
            self.out.matches('[').count() - 1,
            self.out
        )
    }

    fn explain(&self) -> (Value, String) {
        let desk = Desk::with(&[("run.toml", &self.toml())]);
        let line = "explain run.toml --row 0 -p layer1.weight[0,0]";
        (desk.json(line), desk.fine(line).out)
    }
}

#[test]
fn a_live_gradient_needs_no_why() {
    let (record, text) = LIVE.explain();
    assert!(record["why"].is_null(), "{record}");
    assert!(!text.contains("Why it is"), "{text}");
}

#[test]
fn the_first_factor_that_kills_is_named() {
    let dead = Small { activation: "relu", weight: "[[-1.0, -1.0]]", ..LIVE };
    let nothing_in = Small { input: "[0.0, 2.0]", ..LIVE };
    let no_weight = Small { out: "[[0.0]]", ..LIVE };
    let no_error = Small { activation: "linear", weight: "[[1.0, 1.0]]", bias: "[0.0]", out: "[[1.0]]", targets: "[3.0]", ..LIVE };
    for (what, small, of, by, words) in [
        ("dead relu", &dead, "a1[0]", "z1[0]", &["unit 0", "layer 1", "off"][..]),
        ("zero input", &nothing_in, "z1[0]", "layer1.weight[0,0]", &["x₀ = 0"][..]),
        ("zero weight", &no_weight, "z2[0]", "a1[0]", &["W⁽²⁾[0,0] = 0"][..]),
        ("zero error", &no_error, "cost", "a2[0]", &["loss", "3"][..]),
    ] {
        let (record, text) = small.explain();
        assert_eq!(number(&record["gradient"]), 0.0, "{what}");
        let why = &record["why"];
        assert_eq!(why["cancels"], json!(false), "{what}");
        let stop = &why["stops"][0];
        assert_eq!((&stop["factor"]["of"], &stop["factor"]["by"], &stop["row"]), (&json!(of), &json!(by), &json!(0)), "{what}: {why}");
        assert_eq!(number(&stop["factor"]["value"]), 0.0, "{what}");
        let because = stop["because"].as_str().expect("a reason");
        assert!(words.iter().all(|word| because.contains(word)), "{what}: {because}");
        assert!(text.contains("Why it is zero"), "{what}: {text}");
        // A share of nothing is no number.
        assert!(record["paths"][0]["share"].is_null() && record["by_row"][0]["share"].is_null(), "{what}: {record}");
    }
}

#[test]
fn a_saturated_unit_is_tiny_and_not_zero() {
    for (activation, slope) in [("sigmoid", 4.248354255291589e-18), ("tanh", 7.219405551381659e-35)] {
        let small = Small { input: "[40.0, 0.0]", activation, weight: "[[1.0, 0.0]]", bias: "[0.0]", out: "[[1.0]]", targets: "[0.0]" };
        let (record, text) = small.explain();
        assert!(number(&record["gradient"]) > 0.0);
        let stop = &record["why"]["stops"][0];
        crate::support::close(activation, number(&stop["factor"]["value"]), slope, 1e-14, 0.0);
        assert!(stop["because"].as_str().is_some_and(|because| because.contains("saturated") && because.contains("40")), "{stop}");
        assert!(text.contains("Why it is tiny"), "{text}");
    }
}

#[test]
fn a_unit_saturated_beyond_the_smallest_number_is_still_saturated() {
    // The slope of sigmoid at 800 is 3.7e-348: 0 in f64, but the unit is not "off".
    let small =
        Small { input: "[800.0, 0.0]", activation: "sigmoid", weight: "[[1.0, 0.0]]", bias: "[0.0]", out: "[[1.0]]", targets: "[0.0]" };
    let because = small.explain().0["why"]["stops"][0]["because"].as_str().expect("a reason").to_string();
    assert!(because.contains("saturated") && !because.contains("off"), "{because}");
}

#[test]
fn paths_that_cancel_are_told_apart_from_paths_that_vanish() {
    let small = Small {
        input: "[1.0, 0.0]",
        activation: "linear",
        weight: "[[1.0, 0.0]]",
        bias: "[1.0]",
        out: "[[1.0], [-1.0]]",
        targets: "[1.0, -3.0]",
    };
    let (record, text) = small.explain();
    assert_eq!(number(&record["gradient"]), 0.0);
    assert_eq!(record["why"], json!({"cancels": true, "stops": []}));
    assert_eq!(number(&record["path_sizes"]), 2.0);
    assert!(text.contains("cancel"), "{text}");
}

#[test]
fn rows_that_cancel() {
    let desk = Desk::new();
    let rows = Small {
        input: "[1.0, 0.0], [-1.0, 0.0]",
        targets: "[1.0], [-1.0]",
        activation: "linear",
        weight: "[[2.0, 0.0]]",
        bias: "[0.0]",
        out: "[[1.0]]",
    };
    desk.write("run.toml", rows.toml());
    let record = desk.json("explain run.toml -p layer1.weight[0,0] --row 0-1");
    // The first row pulls by (2 − 1) · 1, the second by (−2 + 1) · −1: the same way.
    assert_eq!((number(&record["gradient"]), &record["why"]), (1.0, &Value::Null), "{record}");
    desk.write("run.toml", Small { targets: "[1.0], [-3.0]", ..rows }.toml());
    let record = desk.json("explain run.toml -p layer1.weight[0,0] --row 0-1");
    assert_eq!((number(&record["gradient"]), &record["why"]["cancels"]), (0.0, &json!(true)), "{record}");
    assert_eq!(record["by_row"].as_array().map(Vec::len), Some(2));
}

#[test]
fn products_that_underflow_are_said_to_be_too_small() {
    // 1e-300 · 1e-300: the product is not 0, only beyond f64. "Names the first factor that kills it."
    let small = Small {
        input: "[1e-300, 1.0]",
        targets: "[1e-300]",
        activation: "linear",
        weight: "[[1e-300, 0.0]]",
        bias: "[0.0]",
        out: "[[1.0]]",
    };
    let (record, text) = small.explain();
    let why = &record["why"];
    assert!(!why.is_null());
    assert!(!why["stops"].as_array().expect("stops").is_empty(), "two factors of 1e-300 are there to blame: {why}\n{text}");
}

#[test]
fn a_kink_is_said() {
    let small = Small { input: "[0.0, 0.0]", activation: "relu", weight: "[[1.0, 1.0]]", bias: "[0.0]", ..LIVE };
    let desk = Desk::with(&[("run.toml", &small.toml())]);
    let line = "explain run.toml --row 0 -p layer1.bias[0]";
    assert_eq!(desk.json(line)["routes"]["kink"], json!(true));
    desk.fine(line).says(&["Not differentiable"]);
}
