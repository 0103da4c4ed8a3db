//! Whole steps worked through: the arithmetic of every line, and every derivative against differences of the cost.

#[allow(dead_code)]
#[path = "../../cli/tests/explain/functions.rs"]
mod functions;
#[allow(dead_code)]
#[path = "../../cli/tests/explain/reading.rs"]
mod reading;

mod support {
    pub fn close(what: &str, got: f64, want: f64, relative: f64, size: f64) {
        assert!((got - want).abs() <= relative * want.abs().max(size), "{what}: {got} is not {want}");
    }
}

use backlit::document::{Block, Document};
use backlit::engine::explain::Place;
use backlit::engine::typeset::unicode;
use backlit::explain::{Subject, Worked, notation, step};
use backlit::{prepare, run_file};
use reading::{evaluate, read};
use serde_json::Value;
use std::f64::consts::PI;
use std::io::Write;

/// Two numbers, a category of twelve levels, and a number and a class that come of them.
fn table() -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    writeln!(file, "size,age,town,y,side").unwrap();
    for r in 0..60u32 {
        let (size, age) = ((f64::from(r) * 0.7).sin() * 2.0, 5.0 + 3.0 * (f64::from(r) * 1.3).cos());
        let y = size * age / 5.0 + f64::from(r % 12) * 0.1;
        writeln!(file, "{size:.4},{age:.4},t{},{y:.4},{}", r % 12, ["up", "down", "flat"][r as usize * 7 % 3]).unwrap();
    }
    file
}

/// A network at its initial parameters, on one row of that table.
fn subject(target: &str, other: &str, network: &str) -> Subject {
    let file = table();
    let text = format!(
        "[data]\npath = {:?}\ntarget = {target:?}\nignore = [{other:?}]\nvalidation = 0\n[network]\nprecision = \"f64\"\n{network}\n\
         [train]\noptimizer = \"adamw\"\nepochs = 1\nseed = 4\nweight_decay = 0.1\n",
        file.path()
    );
    let job = prepare::job(&run_file::parse(&text, "").unwrap(), None, 1).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut subject = Subject::new(job.initial_model(), job.all_rows()).unwrap();
    subject.keep(&[7]).unwrap();
    subject
}

fn worked(subject: &Subject) -> Worked {
    let worked = step(subject, &subject.wording(notation::table()[0])).unwrap_or_else(|error| panic!("{error}"));
    assert!(worked.agrees, "{}", worked.record);
    worked
}

/// Does each line again: its printed numbers must give the number behind the last sign, to the digits printed.
fn holds_line_by_line(page: &Document) -> usize {
    let equations = page.blocks.iter().filter_map(|block| if let Block::Equations(all) = block { Some(all) } else { None }).flatten();
    let named = |name: &str| match name {
        "π" => PI,
        other => panic!("a name among numbers: {other}"),
    };
    let mut count = 0;
    for equation in equations {
        let steps: Vec<String> = equation.steps.iter().map(|(_, math)| unicode(math)).collect();
        let [.., numbers, value] = steps.as_slice() else { continue };
        // Where there is no formula the name of the operation stands there, and a name alone is not computed with.
        let bare = ["tanh", "exp", "max", "log", "e^"].iter().fold(numbers.clone(), |text, function| text.replace(function, ""));
        if bare.chars().any(|c| c.is_alphabetic() && !"πσ".contains(c)) {
            continue;
        }
        let last = evaluate(&read(value), &named);
        let got = evaluate(&read(numbers), &named);
        let line = format!("{} = {}", unicode(&equation.left), steps.join(" = "));
        assert!((got - last).abs() <= 2e-7 * last.abs() + 1e-300, "{line}: {got}");
        count += 1;
    }
    count
}

/// ∂C/∂ a parameter by differences of the cost at four points: the error is of the fourth power of their distance.
fn by_differences(subject: &mut Subject, index: usize) -> f64 {
    let mut at = |moved: f64| {
        let kept = subject.parameters[index];
        subject.parameters[index] = kept + moved;
        let data = subject.data();
        let cost = subject.values(&data, 0).at(Place { node: subject.built.cost, index: 0 });
        subject.parameters[index] = kept;
        cost
    };
    let h = 1e-3;
    (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
}

fn index_of(subject: &Subject, name: &str) -> usize {
    (0..subject.parameters.len()).find(|&index| subject.built.graph.parameter_name(index) == name).expect("a parameter")
}

/// Every gradient of the record against differences; how many there are.
fn differences_agree(subject: &mut Subject, record: &Value) -> usize {
    let parameters = record["parameters"].as_array().unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    let largest = parameters.iter().map(|parameter| number(&parameter["gradient"]).abs()).fold(0.0, f64::max);
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap();
        let (gradient, difference) = (number(&parameter["gradient"]), by_differences(subject, index_of(subject, name)));
        assert!((gradient - difference).abs() <= 1e-8 * gradient.abs().max(largest), "{name}: {gradient}, by differences {difference}");
    }
    parameters.len()
}

const SMALL: &str = "numeric_embedding = \"pbld\"\nl2 = 0.01\n[[network.layer]]\nunits = 4\nactivation = \"tanh\"\nnorm = \"layer\"\n\
    [[network.layer]]\nunits = 4\nactivation = \"silu\"\nnorm = \"batch\"\nskip = true\n[[network.layer]]\nunits = 1\n";

const WIDE: &str = "numeric_embedding = \"pbld\"\n[[network.layer]]\nunits = 64\nactivation = \"silu\"\n\
    [[network.layer]]\nunits = 64\nactivation = \"silu\"\nnorm = \"layer\"\nskip = true\n";

#[test]
fn a_small_network_with_everything_is_worked_whole() {
    let mut subject = subject("y", "side", SMALL);
    let found = worked(&subject);
    assert_eq!(differences_agree(&mut subject, &found.record), subject.parameters.len());
    assert!(found.record["sample"].is_null());
    let lines = holds_line_by_line(&found.page);
    assert!(lines > 150, "{lines}");
}

#[test]
fn of_a_wide_network_a_part_is_worked_that_hangs_together() {
    for (target, other, last) in [("y", "side", 1), ("side", "y", 3)] {
        let mut subject = subject(target, other, &format!("{WIDE}[[network.layer]]\nunits = {last}\n"));
        let found = worked(&subject);
        let count = differences_agree(&mut subject, &found.record);
        assert!((20..120).contains(&count) && subject.parameters.len() > 1000, "{count} of {}", subject.parameters.len());
        assert_eq!(found.record["parameter_count"], subject.parameters.len());
        assert_eq!(found.record["sample"]["agrees"], true);
        let page = backlit::document::text(&found.page, 160);
        for said in [
            "parameters, too many for a page",
            "61 others",
            "the same rule",
            "cos t[",
            "E⁽¹⁾[",
            "∂C/∂f",
            "mean of z",
            "the chain's product",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.lines().count() < 900, "{}", page.lines().count());
        assert!(holds_line_by_line(&found.page) > 60);
    }
}

/// Of three units whose variances are 4, 9 and 4 each s stands before the line that divides by it.
#[test]
fn each_root_of_a_norm_stands_before_what_it_divides() {
    let mut subject = subject("y", "side", "[[network.layer]]\nunits = 3\nnorm = \"batch\"\n[[network.layer]]\nunits = 1\n");
    let start = index_of(&subject, "layer1.running_variance[0]");
    subject.parameters[start..start + 3].copy_from_slice(&[4.0, 9.0, 4.0]);
    let found = worked(&subject);
    let equations = found.page.blocks.iter().filter_map(|block| if let Block::Equations(all) = block { Some(all) } else { None }).flatten();
    let (mut s, mut divided) = (f64::NAN, Vec::new());
    for equation in equations {
        let steps: Vec<String> = equation.steps.iter().map(|(_, math)| unicode(math)).collect();
        let left = unicode(&equation.left);
        if left == "s" {
            s = evaluate(&read(steps.last().unwrap()), &|name| panic!("{name}"));
        }
        if let Some(unit) = left.strip_prefix("n⁽¹⁾").filter(|_| !left.contains('∂')) {
            let unit = "₀₁₂".chars().position(|index| unit == index.to_string()).unwrap();
            assert!((s - [4.0f64, 9.0, 4.0][unit].sqrt()).abs() < 1e-5, "{left} = {}, behind s = {s}", steps.join(" = "));
            divided.push(unit);
        }
    }
    assert_eq!(divided, [0, 1, 2]);
}
