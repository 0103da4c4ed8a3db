//! Measures beside scikit-learn's, which `golden/make_metrics.py` wrote down.

use backlit::engine::random::{Purpose, Random};
use backlit::metrics::{Bin, Bins, Metrics, Roc, Threshold};
use backlit::model_file::Task;
use backlit::said::{Said, Targets};
use serde_json::{Value, json};

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/metrics.json")).expect("JSON")
}

/// As a training measures them.
fn measured(task: Task, outputs: usize, predicted: &[f64], targets: &[f64], threshold: f64) -> Metrics {
    Metrics::of_said(task, outputs, &Said::new(outputs, predicted.to_vec()), Targets::Numbers(targets), threshold).expect("in memory")
}

fn reliability(rows: impl Iterator<Item = (f64, bool)>) -> Vec<Bin> {
    let mut bins = Bins::default();
    rows.for_each(|(p, is)| bins.add(p, is));
    bins.finish()
}

/// Holds each measure to what is expected: equal but for rounding, `null` where it is not defined.
fn hold(name: &Value, metrics: &Metrics, expected: &Value) {
    let given = serde_json::to_value(metrics).expect("JSON");
    let expected = expected.as_object().expect("an object");
    assert_eq!(given.as_object().map(serde_json::Map::len), Some(expected.len()));
    for (key, expected) in expected {
        match (given[key].as_f64(), expected.as_f64()) {
            (Some(given), Some(expected)) => {
                assert!((given - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{name}, {key}: {given} given, {expected} expected")
            }
            _ => assert_eq!(given[key], *expected, "{name}, {key}"),
        }
    }
    let missing = expected.values().filter(|value| value.is_null()).count();
    assert_eq!(metrics.undefined().len(), missing, "{name}");
    assert_eq!(metrics.list().iter().filter(|(_, value)| value.is_none()).count(), missing, "{name}");
}

#[test]
fn classes_as_scikit_learn_measures_them() {
    for case in golden()["classes"].as_array().expect("cases") {
        let (p, truth) = (numbers(&case["p"]), numbers(&case["truth"]));
        let classes = case["classes"].as_u64().expect("a count") as usize;
        let metrics = if classes == 2 {
            measured(Task::TwoClasses, 1, &p, &truth, case["threshold"].as_f64().expect("a threshold"))
        } else {
            let y: Vec<f64> = truth.iter().flat_map(|&class| (0..classes).map(move |k| f64::from(u8::from(class == k as f64)))).collect();
            measured(Task::Classes, classes, &p, &y, 0.5)
        };
        hold(&case["name"], &metrics, &case["expected"]);
    }
}

#[test]
fn numbers_as_scikit_learn_measures_them() {
    for case in golden()["numbers"].as_array().expect("cases") {
        let outputs = case["outputs"].as_u64().expect("a count") as usize;
        let metrics = measured(Task::Regression, outputs, &numbers(&case["predicted"]), &numbers(&case["truth"]), 0.5);
        hold(&case["name"], &metrics, &case["expected"]);
    }
}

#[test]
fn labels_as_scikit_learn_measures_them() {
    let near = |name: &str, given: &Value, expected: &Value| match (given.as_f64(), expected.as_f64()) {
        (Some(given), Some(expected)) => {
            assert!((given - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{name}: {given}, {expected}")
        }
        _ => assert_eq!(given, expected, "{name}"),
    };
    for case in golden()["labels"].as_array().expect("cases") {
        let (p, truth) = (numbers(&case["p"]), numbers(&case["truth"]));
        let count = case["labels"].as_u64().expect("a count") as usize;
        let metrics = measured(Task::Labels, count, &p, &truth, case["threshold"].as_f64().expect("a threshold"));
        let given = serde_json::to_value(&metrics).expect("JSON");
        let expected = case["expected"].as_object().expect("an object");
        assert_eq!(given.as_object().map(serde_json::Map::len), Some(expected.len()));
        for (key, expected) in expected.iter().filter(|(key, _)| *key != "each") {
            near(&format!("{}, {key}", case["name"]), &given[key], expected);
        }
        for (given, expected) in given["each"].as_array().expect("labels").iter().zip(expected["each"].as_array().expect("labels")) {
            for key in ["accuracy", "f1", "auc"] {
                near(&format!("{}, {key} of a label", case["name"]), &given[key], &expected[key]);
            }
        }
        let missing = expected.values().filter(|value| value.is_null()).count();
        assert_eq!(metrics.undefined().len(), missing, "{}", case["name"]);
    }
}

#[test]
fn no_rows_have_no_measures() {
    for (task, outputs) in [(Task::Regression, 2), (Task::TwoClasses, 1), (Task::Classes, 3), (Task::Labels, 2)] {
        let metrics = measured(task, outputs, &[], &[], 0.5);
        assert!(metrics.list().iter().all(|(_, value)| value.is_none()), "{metrics:?}");
        assert_eq!(metrics.undefined().len(), metrics.list().len());
        let classes = outputs.max(2);
        let zeros = if matches!(task, Task::Regression | Task::Labels) { Value::Null } else { json!(vec![vec![0; classes]; classes]) };
        assert_eq!(serde_json::to_value(&metrics).expect("JSON")["confusion"], zeros);
    }
}

/// A measure of two classes, or −1 where it is not defined.
fn at(threshold: f64, p: &[f64], y: &[f64], name: &str) -> f64 {
    let list = measured(Task::TwoClasses, 1, p, y, threshold).list();
    list.into_iter().find(|(known, _)| *known == name).and_then(|(_, value)| value).unwrap_or(-1.0)
}

#[test]
fn no_threshold_is_better_than_the_one_chosen() {
    for case in golden()["classes"].as_array().expect("cases").iter().filter(|case| case["classes"] == 2) {
        let (p, y) = (numbers(&case["p"]), numbers(&case["truth"]));
        if !(y.contains(&0.0) && y.contains(&1.0)) {
            continue;
        }
        for (threshold, name) in [(Threshold::F1, "f1"), (Threshold::Balanced, "balanced_accuracy")] {
            let chosen = threshold.choose(&p, &y, &[]);
            assert!((0.0..1.0).contains(&chosen));
            let best = at(chosen, &p, &y, name);
            let others = p.iter().flat_map(|&p| [p, p - 1e-9, p + 1e-9]).chain((0..1000).map(|k| f64::from(k) / 1000.0));
            for other in others {
                let value = at(other, &p, &y, name);
                assert!(value <= best + 1e-12, "{}, {name}: {value} above {other}, {best} above {chosen}", case["name"]);
            }
        }
        assert_eq!(Threshold::At(0.3).choose(&p, &y, &[]), 0.3);
    }
    // Rare and hardly to be told apart, where the two measures want different cuts.
    for case in 0..200 {
        let mut random = Random::new(case, Purpose::Check, 0);
        let y: Vec<f64> = (0..40).map(|row| f64::from(u8::from(row == 0 || row > 1 && random.unit() < 0.15))).collect();
        let p: Vec<f64> = y.iter().map(|y| ((random.unit() + 0.3 * y) * 15.0).round() / 20.0).collect();
        for (threshold, name) in [(Threshold::F1, "f1"), (Threshold::Balanced, "balanced_accuracy")] {
            let best = (0..100).map(|k| at(f64::from(k) / 100.0 + 0.005, &p, &y, name)).fold(0.0, f64::max);
            let chosen = threshold.choose(&p, &y, &[]);
            assert!((at(chosen, &p, &y, name) - best).abs() < 1e-12, "case {case}, {name}: {chosen}");
        }
    }
    // A row of weight 2 counts as the row twice, one of weight 0 not at all.
    for case in 0..200 {
        let mut random = Random::new(case, Purpose::Check, 1);
        let rows: Vec<(f64, f64, f64)> = (0..30)
            .map(|row| {
                (random.unit(), f64::from(u8::from(row < 4 || random.unit() < 0.2)), if row < 2 { 1.0 } else { random.below(3) as f64 })
            })
            .collect();
        let repeated: Vec<_> = rows.iter().flat_map(|row| vec![row; row.2 as usize]).collect();
        let column = |rows: &[&(f64, f64, f64)], of: fn(&(f64, f64, f64)) -> f64| rows.iter().map(|row| of(row)).collect::<Vec<f64>>();
        let once: Vec<_> = rows.iter().collect();
        for threshold in [Threshold::F1, Threshold::Balanced] {
            let weighted = threshold.choose(&column(&once, |row| row.0), &column(&once, |row| row.1), &column(&once, |row| row.2));
            let (p, y) = (column(&repeated, |row| row.0), column(&repeated, |row| row.1));
            let name = if threshold == Threshold::F1 { "f1" } else { "balanced_accuracy" };
            let best = at(threshold.choose(&p, &y, &[]), &p, &y, name);
            assert!((at(weighted, &p, &y, name) - best).abs() < 1e-12, "case {case}, {name}: {weighted}");
        }
    }
    // Cuts as good as each other: the one at 1/2, else the middle of the gap.
    assert_eq!(Threshold::F1.choose(&[0.9, 0.8, 0.1], &[1.0, 1.0, 0.0], &[]), 0.5);
    assert_eq!(Threshold::F1.choose(&[0.375, 0.25, 0.125], &[1.0, 1.0, 0.0], &[]), 0.1875);
    assert_eq!(Threshold::Balanced.choose(&[0.9375, 0.8125, 0.625], &[1.0, 0.0, 0.0], &[]), 0.875);
    for (text, read) in [("f1", Ok(Threshold::F1)), ("balanced", Ok(Threshold::Balanced)), ("0.25", Ok(Threshold::At(0.25)))] {
        assert_eq!(text.parse(), read);
    }
    for wrong in ["0", "1", "-0.1", "nan", "F2", ""] {
        assert!(wrong.parse::<Threshold>().is_err(), "{wrong}");
    }
}

#[test]
fn curves_as_scikit_learn_draws_them() {
    let cases: Value = serde_json::from_str(include_str!("golden/curves.json")).expect("JSON");
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 16);
    for case in cases {
        let rows = || numbers(&case["p"]).into_iter().zip(numbers(&case["y"]).into_iter().map(|y| y > 0.5));
        let expected: Vec<(f64, f64)> = case["roc"].as_array().expect("points").iter().map(numbers).map(|xy| (xy[0], xy[1])).collect();
        match Roc::of(rows()) {
            Some(roc) => {
                assert_eq!(roc.points, expected);
                assert!((roc.area - case["area"].as_f64().expect("a number")).abs() < 1e-12);
                let bins = reliability(rows());
                assert_eq!(bins.iter().map(|bin| bin.predicted).collect::<Vec<_>>(), numbers(&case["predicted"]));
                assert_eq!(bins.iter().map(|bin| bin.share).collect::<Vec<_>>(), numbers(&case["share"]));
                assert_eq!(bins.iter().map(|bin| bin.rows).sum::<u64>() as usize, rows().count());
            }
            None => assert!(expected.is_empty()),
        }
    }
    // One row alone has a bin, but no curve.
    assert_eq!(reliability([(0.25, true)].into_iter()), [Bin { predicted: 0.25, share: 1.0, rows: 1 }]);
    assert!(reliability(std::iter::empty()).is_empty());
}
