//! The replays against the goldens: every key of the four JSON files is walked. A key is compared, compared under
//! another name, or skipped with a reason; a key that is none of these fails the test.

use backlit::replay::{self, Replay};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What to do with the keys below a path. `*` stands for any characters.
enum Rule {
    /// Within this difference, relative to the largest entry of the array.
    Bound(f64),
    /// Within this difference, relative to the largest entry of the object that holds the array.
    OfGroup(f64),
    /// Compared with what the replay has under another path; `*`s are filled in order.
    As(&'static str, f64),
    /// Not compared, with the reason.
    Skip(&'static str),
}
use Rule::{As, Bound, OfGroup, Skip};

const TOOLS: &str = "says which file, tools and order the golden was made with";
const MAKERS: &str = "a check that the golden's makers ran on their own arithmetic";
const WORDS: &str = "words of the golden's makers";

/// The first rule whose pattern fits decides.
type Rules = &'static [(&'static str, Rule)];

const EXPLICIT: Rules = &[
    ("/seed_file", Skip(TOOLS)),
    ("/seed_sha256", Skip(TOOLS)),
    ("/tools*", Skip(TOOLS)),
    ("/note", Skip(WORDS)),
    ("/seed_prints_outputs", Skip(WORDS)),
    ("/generator/name", Skip(WORDS)),
    ("/generator/independent_generator_agrees", Skip(MAKERS)),
    ("/generator*", Bound(0.0)),
    ("/init*", Bound(0.0)),
    ("/final_plain_f64/what", Skip(WORDS)),
    ("/final_plain_f64/*", As("/final/*", 1e-12)),
    ("/final_200_bit/what", Skip(WORDS)),
    ("/final_200_bit/W*", As("/final/W*", 1e-12)),
    ("/final_200_bit/errors_mean_abs_40_digits[*]", As("/errors[*]/mean_abs", 1e-12)),
    ("/agreement*", Skip(MAKERS)),
    ("/gradient_checks*", Skip(MAKERS)),
    ("*", Bound(1e-12)),
];

const HOUSES: Rules = &[
    ("/seed_file", Skip(TOOLS)),
    ("/seed_sha256", Skip(TOOLS)),
    ("/tools*", Skip(TOOLS)),
    ("/changes_needed_to_run*", Skip(TOOLS)),
    ("*/what", Skip(WORDS)),
    ("*/checks*", Skip(MAKERS)),
    ("*/independent_generator_agrees", Skip(MAKERS)),
    ("/witness/evidence_on_y*", Skip("a linear program over all starts: a search, not a step of the notebook")),
    // What is left of a cost of 188,291 beside its two printed decimals: eight digits are lost.
    ("/witness*/largest_departure", Bound(1e-7)),
    // What is left of a sum of terms near 1 that almost cancel, 0.00006.
    ("/net_relu_sigmoid_standardised/first_epoch_activity/smallest_abs_z1", Bound(1e-10)),
    ("/net_relu_sigmoid/first_epoch_mean_gradient*", OfGroup(1e-11)),
    ("/net_relu_sigmoid/house_0_first_epoch*", OfGroup(1e-11)),
    ("*", Bound(1e-11)),
];

const MAZUR: Rules = &[
    ("/seed_file", Skip(TOOLS)),
    ("/seed_sha256", Skip(TOOLS)),
    ("/tools*", Skip(TOOLS)),
    ("/changes_needed_to_run*", Skip(TOOLS)),
    ("/exact_40_digits/what", Skip(WORDS)),
    ("*/what", Bound(0.0)),
    ("/cells*", Bound(1e-15)),
    ("/rounds/*/max_rel_vs_200_bit_run*", Skip(MAKERS)),
    ("/rounds/*/200_bit/10000/*", As("/rounds/*/points[15]/*", 1e-12)),
    ("/rounds/*/200_bit/9999/*", As("/rounds/*/points[14]/*", 1e-12)),
    ("/rounds/*/200_bit/1/*", As("/rounds/*/points[1]/*", 1e-15)),
    ("/rounds*", Bound(1e-12)),
    ("/prose_numbers[29]*", Bound(1e-12)),
    ("/prose_numbers[30]*", Bound(1e-12)),
    ("/prose_numbers[28]*", Bound(1e-12)),
    // The notebook displays none of these; the engine's slope of the sigmoid is not computed as out (1 - out), and
    // eight roundings follow one another.
    ("/hidden_layer*", Bound(4e-15)),
    ("/factors*", Bound(4e-15)),
    ("/gradient/*", Bound(4e-15)),
    ("/prose_numbers[*]/replay", Bound(4e-15)),
    ("/bias_gradient*", Bound(4e-15)),
    ("/exact_40_digits/gradient/b* of *", As("/bias_gradient (the seed leaves the biases alone)/b* of * alone", 4e-15)),
    ("/exact_40_digits/gradient/*", As("/gradient/*", 4e-15)),
    ("/exact_40_digits/*", As("/forward/*", 1e-15)),
    ("/gradient_checks*", Skip(MAKERS)),
    ("*", Bound(1e-15)),
];

const RELU: Rules = &[
    ("/seed_file", Skip(TOOLS)),
    ("/seed_sha256", Skip(TOOLS)),
    ("/tools*", Skip(TOOLS)),
    ("/changes_needed_to_run*", Skip(TOOLS)),
    ("/order", Skip(TOOLS)),
    ("*/what", Skip(WORDS)),
    ("/cells_as_printed[*]/printed*", As("/cells_as_printed[*]/replay*", 0.0)),
    ("/cells_as_printed[*]/same", Skip("printed and replay are both compared with ours")),
    ("/cells_where_one_clean_run_differs[*]/printed*", Skip("the notebook's own print, compared in cells_as_printed")),
    ("*independent_generator_max_rel", Skip(MAKERS)),
    ("/gradient_checks*", Skip(MAKERS)),
    ("*", Bound(1e-14)),
];

/// What one walk found.
#[derive(Default)]
struct Walk {
    compared: Vec<String>,
    skipped: BTreeMap<&'static str, Vec<String>>,
    wrong: Vec<String>,
    /// Patterns that decided something.
    used: BTreeSet<&'static str>,
    /// Largest relative difference and its path.
    worst: (f64, String),
    /// Largest share of a bound that was used up, and its path.
    nearest: (f64, String),
}

impl Walk {
    fn node(&mut self, rules: Rules, golden: &Value, parent: &Value, path: &str, numbers: &Value) {
        match golden {
            Value::Object(entries) => {
                entries.iter().for_each(|(key, value)| self.node(rules, value, golden, &format!("{path}/{key}"), numbers));
            }
            Value::Array(values) if !values.iter().all(is_numeric) => {
                values.iter().enumerate().for_each(|(i, value)| self.node(rules, value, golden, &format!("{path}[{i}]"), numbers));
            }
            _ => self.leaf(rules, golden, parent, path, numbers),
        }
    }

    fn leaf(&mut self, rules: Rules, golden: &Value, parent: &Value, path: &str, numbers: &Value) {
        let Some((pattern, stars, rule)) = rules.iter().find_map(|(pattern, rule)| Some((pattern, fit(pattern, path)?, rule))) else {
            return self.wrong.push(format!("{path}: no rule"));
        };
        self.used.insert(pattern);
        let (at, bound, largest) = match rule {
            Skip(reason) => return self.skipped.entry(reason).or_default().push(path.into()),
            Bound(bound) => (path.to_string(), *bound, largest(golden)),
            OfGroup(bound) => (path.to_string(), *bound, largest(parent)),
            As(other, bound) => (fill(other, &stars), *bound, largest(golden)),
        };
        let Some(ours) = find(numbers, &at) else {
            return self.wrong.push(format!("{path}: the replay has nothing at {at}"));
        };
        self.compared.push(path.into());
        let (Some(ours_flat), Some(golden_flat)) = (flat(ours), flat(golden)) else {
            if ours != golden {
                self.wrong.push(format!("{path}: {ours} in place of {golden}"));
            }
            return;
        };
        let apart = ours_flat.iter().zip(&golden_flat).map(|(a, b)| (a - b).abs());
        // Unlike `f64::max`, this keeps a NaN.
        let apart = apart.fold(0.0f64, |most, one| if most.is_nan() || one <= most { most } else { one });
        let relative = if apart == 0.0 { 0.0 } else { apart / largest };
        if relative > bound * self.nearest.0 {
            self.nearest = (relative / bound, path.into());
        }
        if bound <= 1e-11 && relative > self.worst.0 {
            self.worst = (relative, path.into());
        }
        if relative.is_nan() || relative > bound || ours_flat.len() != golden_flat.len() {
            self.wrong.push(format!("{path}: off by {relative:e}, bound {bound:e}: {ours} in place of {golden}"));
        }
    }
}

/// Whether a path fits, and what its `*`s stand for.
fn fit<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == path).then(Vec::new);
    };
    let rest = path.strip_prefix(before)?;
    (0..=rest.len()).filter(|&end| rest.is_char_boundary(end)).find_map(|end| {
        let mut stars = fit(after, &rest[end..])?;
        stars.insert(0, &rest[..end]);
        Some(stars)
    })
}

fn fill(pattern: &str, stars: &[&str]) -> String {
    stars.iter().fold(pattern.to_string(), |text, star| text.replacen('*', star, 1))
}

/// The value at `/key/key[index]`; keys may hold any character, `/` too.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let (index, rest) = rest.split_once(']')?;
        return find(value.get(index.parse::<usize>().ok()?)?, rest);
    }
    let entries = value.as_object()?;
    entries.iter().find_map(|(key, value)| find(value, path.strip_prefix('/')?.strip_prefix(key.as_str())?))
}

fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(values) => values.iter().all(is_numeric),
        _ => false,
    }
}

/// All numbers in order; a text of many digits is a number too.
fn flat(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::Number(number) => Some(vec![number.as_f64()?]),
        Value::String(text) if text.len() > 30 => Some(vec![text.parse().ok()?]),
        Value::Array(values) => values.iter().map(flat).collect::<Option<Vec<_>>>().map(|lists| lists.concat()),
        _ => None,
    }
}

fn largest(value: &Value) -> f64 {
    match value {
        Value::Object(entries) => entries.values().map(largest).fold(0.0, f64::max),
        _ => flat(value).unwrap_or_default().iter().fold(0.0, |largest, number| number.abs().max(largest)),
    }
}

/// Replays, walks, lists what was compared and what was not, and fails on any difference.
fn against(name: &str, golden: &str, rules: Rules) -> (Replay, Value) {
    let golden: Value = serde_json::from_str(golden).unwrap();
    let replay = replay::replay(name).unwrap();
    let mut walk = Walk::default();
    walk.node(rules, &golden, &golden, "", &replay.numbers);
    println!("{name}: {} keys compared, worst relative difference {:e} at {}", walk.compared.len(), walk.worst.0, walk.worst.1);
    println!("{name}: {:.2} of its bound used up at {}", walk.nearest.0, walk.nearest.1);
    walk.compared.iter().for_each(|path| println!("  compared {path}"));
    for (reason, paths) in &walk.skipped {
        println!("  not compared: {reason}");
        paths.iter().for_each(|path| println!("    {path}"));
    }
    assert!(walk.wrong.is_empty(), "{name}: {} differences\n{}", walk.wrong.len(), walk.wrong.join("\n"));
    let idle: Vec<&str> = rules.iter().map(|(pattern, _)| *pattern).filter(|pattern| !walk.used.contains(pattern)).collect();
    assert!(idle.is_empty(), "{name}: rules for keys that the golden does not have: {idle:?}");
    for one in &replay.agreement {
        println!("  {} {}: {:e} of {:e}", one.holds, one.name, one.difference, one.bound);
    }
    assert!(replay.agrees(), "{name}: an agreement fails");
    (replay, golden)
}

/// A print without the blanks and empty lines at which nobody looks; the goldens leave them out.
fn visible<'a>(lines: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    lines.into_iter().map(|line| line.trim_end().to_string()).filter(|line| !line.is_empty()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_string()).collect()
}

fn cell<'a>(replay: &'a Replay, label: &str) -> &'a replay::Cell {
    replay.cells.iter().find(|cell| cell.label == label).unwrap_or_else(|| panic!("no cell {label}"))
}

#[test]
fn explicit_meets_its_golden() {
    let (replay, golden) = against("explicit", include_str!("golden/seed0.json"), EXPLICIT);
    let printed: Vec<String> = replay.cells.iter().flat_map(|cell| cell.printed.clone()).collect();
    assert_eq!(printed, texts(&golden["print_lines"]));
    assert!(replay.credit.contains("Matt Mazur") && replay.credit.contains("http://mattmazur.com/"));
}

#[test]
fn mazur_meets_its_golden() {
    let (replay, golden) = against("mazur", include_str!("golden/seed2.json"), MAZUR);
    for shown in golden["cells"].as_array().unwrap() {
        let label = shown["cell"].as_str().unwrap();
        assert_eq!(cell(&replay, label).printed.join("\n"), shown["printed_text"].as_str().unwrap(), "{label}");
    }
}

#[test]
fn relu_meets_its_golden() {
    let (replay, golden) = against("relu", include_str!("golden/seed3.json"), RELU);
    for shown in golden["cells_as_printed"].as_array().unwrap() {
        let label = shown["cell"].as_str().unwrap();
        assert_eq!(visible(&cell(&replay, label).printed), texts(&shown["printed"]), "{label}");
    }
}

#[test]
fn houses_meets_its_golden() {
    let (replay, golden) = against("houses", include_str!("golden/seed1.json"), HOUSES);
    let table = |name: &str| -> Vec<String> {
        let shown = &golden["printed"][name];
        let number = |value: &Value| format!("{:.2}", value.as_f64().unwrap());
        let mut lines = vec![format!("cost: {}", number(&shown["cost_printed"])), "predicted\tactual".into(), "-".repeat(21)];
        let pairs = shown["predicted"].as_array().unwrap().iter().zip(shown["actual"].as_array().unwrap());
        lines.extend(pairs.map(|(predicted, actual)| format!("{}\t\t{}", number(predicted), number(actual))));
        lines
    };
    let banners = ["====== BEFORE TRAINING ======", "====== AFTER TRAINING ======"];
    let mut printed = visible(&cell(&replay, "In [711]").printed);
    assert_eq!((printed.remove(0), printed.remove(13)), (banners[0].into(), banners[1].into()));
    assert_eq!(printed, [table("one layer, before"), table("one layer, after")].concat());
    let printed = visible(&cell(&replay, "In [737]").printed);
    assert_eq!(printed, [table("13-5-3-1, before"), table("13-5-3-1, after")].concat());
    assert_eq!(cell(&replay, "In [706]").printed, [golden["printed"]["In [706]"]["text"].as_str().unwrap()]);
}

/// The departures that change a number which is printed, displayed or computed.
const NUMBERED: &str = "D0.1 D0.2 D0.3 D0.4 D0.5 D0.6 D0.18 D0.22 D1.1 D1.2 D1.3 D1.4 D1.7 D1.8 D1.9 D1.13 D1.24 D1.27 \
    D2.1 D2.2 D2.3 D2.5 D2.6 D2.8 D2.11 D2.12 D2.19 D2.20 D3.1 D3.2 D3.3 D3.4 D3.5 D3.7 D3.8 D3.9 D3.10 D3.12 D3.14 D3.23";

#[test]
fn the_text_holds_every_print_and_every_departure_in_numbers() {
    let mut ids = BTreeSet::new();
    for name in replay::NAMES {
        let replay = replay::replay(name).unwrap();
        let text = replay.text();
        let mut lines = text.lines();
        for line in replay.cells.iter().flat_map(|cell| &cell.printed).filter(|line| !line.trim().is_empty()) {
            assert!(lines.any(|shown| shown == format!("    {line}")), "{name}: '{line}' is not in the text in its place");
        }
        for footnote in replay.footnotes() {
            assert!(text.contains(&format!("[{}]", footnote.id)));
            assert!(
                footnote.id.starts_with(&format!("D{}.", ["explicit", "houses", "mazur", "relu"].iter().position(|n| *n == name).unwrap()))
            );
            ids.insert(footnote.id.clone());
        }
        let again: Value = serde_json::from_str(&serde_json::to_string(&replay.numbers).unwrap()).unwrap();
        assert_eq!(again, replay.numbers, "{name}: numbers lose digits on the way through JSON");
    }
    let missing: Vec<&str> = NUMBERED.split_whitespace().filter(|id| !ids.contains(*id)).collect();
    assert!(missing.is_empty(), "no footnote for {missing:?}");
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let error = replay::replay("mazu").unwrap_err();
    assert_eq!(error.kind.exit_code(), 2);
    assert!(error.to_string().contains("explicit, houses, mazur, relu"), "{error}");
}
