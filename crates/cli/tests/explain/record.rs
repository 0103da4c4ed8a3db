//! One record of `explain --json` against the network computed again.

use crate::exact::{Exact, ulp};
use crate::nets::{Net, Pass, Place};
use crate::reading::{compare, evaluate, read};
use crate::support::{close, number};
use serde_json::{Value, json};

/// The network, its rows, and what the record should be about.
pub struct Expected<'a> {
    pub net: &'a Net,
    pub rows: Vec<usize>,
    pub passes: Vec<Pass>,
    pub place: Place,
    /// The most paths listed.
    pub listed: usize,
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("expected a list, came {value}"))
}

pub fn values(factors: &Value) -> Vec<f64> {
    list(factors).iter().map(|factor| number(&factor["value"])).collect()
}

/// Holds the exact value to be `to`, apart by at most `by`.
fn exactly(what: &str, exact: &Exact, to: f64, by: f64) {
    let apart = exact - &Exact::of(to);
    assert!(apart.within(&Exact::of(by)), "{what}: {to:?} is further than {by:e} from the exact value: {apart:?}");
}

impl Expected<'_> {
    /// Everything that the contract says of a record.
    pub fn holds(&self, record: &Value) {
        self.head(record);
        self.sums(record);
        self.rows(record);
        self.factors(record);
        let routes = &record["routes"];
        let (gradient, size) = (number(&record["gradient"]), number(&record["path_sizes"]));
        for route in ["chain", "backpropagation", "independent"] {
            close(route, number(&routes[route]), gradient, 1e-12, size);
        }
        assert!(routes["agrees"] == json!(true) && routes["formulas_agree"] == json!(true), "{routes}");
        assert!(number(&routes["largest_relative_difference"]) < 1e-9, "{routes}");
        let in_training = self.net.f32 && !matches!(self.place, Place::Column(_));
        assert_eq!(routes["backpropagation_f32"].is_number(), in_training, "{routes}");
        if in_training {
            close("f32", number(&routes["backpropagation_f32"]), gradient, 1e-4, size);
        }
    }

    fn head(&self, record: &Value) {
        assert_eq!(record["parameter"], json!(self.place.name()));
        assert_eq!(record["notation"], json!("za"));
        if let [row] = self.rows[..] {
            assert_eq!(record["row"], json!(row));
            assert!(record.get("rows").is_none());
        } else {
            assert_eq!(record["rows"], json!(self.rows));
            assert!(record.get("row").is_none());
        }
        if !matches!(self.place, Place::Column(_)) {
            assert_eq!(number(&record["value"]), self.net.value(self.place, &self.passes[0]));
        }
        let count = self.rows.len() as f64;
        let mean = |of: &dyn Fn(&Pass) -> f64| self.passes.iter().map(of).sum::<f64>() / count;
        close("cost", number(&record["cost"]), mean(&|pass| pass.cost), 1e-12, 1e-3);
        let all: Vec<f64> = self.passes.iter().flat_map(|pass| self.net.paths(self.place, pass)).map(|product| product / count).collect();
        let size: f64 = all.iter().map(|product| product.abs()).sum();
        close("gradient", number(&record["gradient"]), mean(&|pass| self.net.gradient(self.place, pass)), 1e-10, size);
        close("path sizes", number(&record["path_sizes"]), size, 1e-10, 0.0);
        assert_eq!(record["total_paths"], json!(all.len().to_string()));
        // The listed are the largest of all.
        let mut sizes: Vec<f64> = all.iter().map(|product| product.abs()).collect();
        sizes.sort_by(|a, b| b.total_cmp(a));
        let paths = list(&record["paths"]);
        assert_eq!(paths.len(), all.len().min(self.listed));
        for (path, size) in paths.iter().zip(sizes) {
            close("size of a path", number(&path["product"]).abs(), size, 1e-10, 1e-290);
        }
    }

    fn sums(&self, record: &Value) {
        let gradient = number(&record["gradient"]);
        let bound = ulp(number(&record["path_sizes"]));
        let (mut sum, mut sizes) = (Exact::of(number(&record["rest"])), Exact::of(0.0));
        for path in list(&record["paths"]) {
            let product = Exact::product(values(&path["factors"]));
            let printed = number(&path["product"]);
            exactly("product", &product, printed, ulp(printed));
            match path["share"].as_f64() {
                Some(share) => close("share", share, printed / gradient, 1e-15, 0.0),
                None => assert!(path["share"].is_null() && gradient == 0.0, "{path}"),
            }
            sum = &sum + &product;
            sizes = &sizes + &product.size();
        }
        exactly("paths and rest", &sum, gradient, bound);
        assert!(sizes.within(&Exact::of(number(&record["path_sizes"]) + bound)));
        if record["total_paths"] == json!(list(&record["paths"]).len().to_string()) {
            assert_eq!(number(&record["rest"]), 0.0, "all paths are listed");
            exactly("all sizes", &sizes, number(&record["path_sizes"]), bound);
        }
        exactly("the chain", &Exact::product(values(&record["chain"])), gradient, 2.0 * bound);
    }

    fn rows(&self, record: &Value) {
        let by_row = list(&record["by_row"]);
        let gradient = number(&record["gradient"]);
        let mut seen: Vec<usize> = by_row.iter().map(|row| row["row"].as_u64().expect("a row") as usize).collect();
        for (row, at) in by_row.iter().zip(&seen) {
            let pass = &self.passes[self.rows.iter().position(|row| row == at).expect("a row asked for")];
            let scale: f64 = self.net.paths(self.place, pass).iter().map(|product| product.abs()).sum();
            let adds = self.net.gradient(self.place, pass) / self.rows.len() as f64;
            close("what a row adds", number(&row["adds"]), adds, 1e-12, scale);
            if gradient != 0.0 {
                close("a row's share", number(&row["share"]), number(&row["adds"]) / gradient, 1e-14, 0.0);
            }
        }
        assert!(by_row.windows(2).all(|pair| number(&pair[0]["adds"]).abs() >= number(&pair[1]["adds"]).abs()), "{by_row:?}");
        let sum = by_row.iter().fold(Exact::of(0.0), |sum, row| &sum + &Exact::of(number(&row["adds"])));
        exactly("sum over rows", &sum, gradient, (1 + by_row.len()) as f64 * ulp(number(&record["path_sizes"])));
        seen.sort_unstable();
        assert_eq!(seen, self.rows);
    }

    /// Every factor of every path, and of a row's chain: its value, its formula, and the formula in numbers.
    fn factors(&self, record: &Value) {
        for path in list(&record["paths"]) {
            let row = path["row"].as_u64().expect("a row") as usize;
            let at = self.rows.iter().position(|of| *of == row).expect("a row asked for");
            for factor in list(&path["factors"]) {
                self.factor(factor, &self.passes[at]);
            }
        }
        for factor in list(&record["chain"]) {
            if let [pass] = &self.passes[..] {
                self.factor(factor, pass);
            } else {
                // The mean over rows: the sum that is printed gives the value, as far as its terms' sizes let it.
                let alone = |name: &str| panic!("{name} stands among the numbers of {factor}");
                let printed = evaluate(&read(factor["substituted"].as_str().expect("numbers")), &alone);
                close(&factor.to_string(), printed, number(&factor["value"]), 1e-7, 0.0);
            }
        }
    }

    fn factor(&self, factor: &Value, pass: &Pass) {
        let text = |key: &str| factor[key].as_str().unwrap_or_else(|| panic!("no {key}: {factor}"));
        let value = number(&factor["value"]);
        // A slope that is a difference of near numbers is known to the digits of these.
        let scale = 1e-4;
        let named = |name: &str| self.named(name, text("of"), text("by"), pass);
        let (formula, substituted) = (read(text("formula")), read(text("substituted")));
        close(&format!("the formula of {factor}"), evaluate(&formula, &named), value, 1e-11, scale);
        let alone = |name: &str| panic!("{name} stands among the numbers of {factor}");
        close(&format!("the numbers of {factor}"), evaluate(&substituted, &alone), value, 1e-7, 0.0);
        if let Err(problem) = compare(&formula, &substituted, &named, 1e-12) {
            panic!("{problem}: {factor}");
        }
    }

    /// The value of a name in the notation za.
    fn named(&self, name: &str, of: &str, by: &str, pass: &Pass) -> f64 {
        let constant = |text: &str, default: f64| crate::functions::parts(text).1.unwrap_or(default);
        let plain: String = name.chars().map(plain).collect();
        let layer = |open: char, close: char| -> usize {
            let inner = plain.split_once(open).and_then(|(_, rest)| rest.split_once(close)).expect("an index").0;
            inner.parse().expect("a whole number")
        };
        let unit = || -> usize {
            let digits = plain.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().unwrap_or_else(|_| panic!("no index: {name}"))
        };
        let activation = |at: usize| self.net.layers[at].activation.as_str();
        match &plain[..] {
            "n" => self.rows.len() as f64,
            "α" => {
                let at: usize = of[1..].split('[').next().and_then(|layer| layer.parse().ok()).expect("a layer");
                constant(activation(at - 1), if activation(at - 1).starts_with("elu") { 1.0 } else { 0.01 })
            }
            "δ" => constant(&self.net.loss, 1.0),
            "τ" => constant(&self.net.loss, 0.5),
            _ if plain.starts_with("softmax") => {
                let last = pass.a.len() - 1;
                pass.by_a[last][layer('[', ']')] + pass.y[layer('[', ']')]
            }
            _ if plain.starts_with("∂C/∂z") => pass.delta[layer('(', ')') - 1][unit()],
            _ if plain.starts_with("∂C/∂a") => pass.by_a[layer('(', ')') - 1][unit()],
            _ if plain.starts_with('z') => pass.z[layer('(', ')') - 1][unit()],
            _ if plain.starts_with('a') => pass.a[layer('(', ')') - 1][unit()],
            _ if plain.starts_with('x') => pass.x[unit()],
            _ if plain.starts_with('y') => pass.y[unit()],
            _ if plain.starts_with('W') => {
                let (_, indices) = plain.split_once('[').expect("indices");
                let (unit, input) = indices.trim_end_matches(']').split_once(',').expect("two indices");
                self.net.layers[layer('(', ')') - 1].weight[unit.trim().parse::<usize>().expect("a unit")]
                    [input.trim().parse::<usize>().expect("an input")]
            }
            _ => panic!("who is {name}, in {of} by {by}?"),
        }
    }
}

/// ⁽²⁾₁₂ as (2)12, and an index without layer as _12.
fn plain(c: char) -> char {
    match c {
        '⁽' => '(',
        '⁾' => ')',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁰' | '⁴'..='⁹' => char::from_digit(c as u32 - 0x2070, 10).expect("a digit"),
        '₀'..='₉' => char::from_digit(c as u32 - 0x2080, 10).expect("a digit"),
        other => other,
    }
}
