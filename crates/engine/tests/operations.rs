//! What every operation of the table must do. A new operation is tested by standing in the table.

// The ban on files and printing is the engine's, not its tests'.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod support {
    pub mod card_checks;
    pub mod cases;
    pub mod checks;
    pub mod faults;
    pub mod locals;
    pub mod probe;
    pub mod stream;
}

use backlit_engine::op::{About, Kind, Op};
use backlit_engine::ops::{activation, any, loss, table};
use backlit_engine::step::Runner;
use backlit_engine::{Graph, Plan, Scalar, Shape, optimizers};
use std::sync::Arc;
use support::card_checks as card;
use support::cases::{Case, ROWS, cases, cases_of};
use support::checks::{self, Found};
use support::faults::{Fault, faulty, with_card};
use support::locals;
use support::probe::instances;
use support::stream::{Stream, unit};

/// Every operation on everything it takes.
fn every_case<S: Scalar>(check: fn(&Case<S>) -> Found) -> Vec<String> {
    let cases = table::<S>().iter().flat_map(cases).collect::<Vec<_>>();
    cases.iter().filter_map(|case| check(case).err()).collect()
}

/// Every operation with each choice of constants.
fn every_op<S: Scalar>(check: fn(&Arc<dyn Op<S>>) -> Found) -> Vec<String> {
    let table = table::<S>();
    let ops = table.iter().flat_map(|entry| instances(entry.about).into_iter().map(|constants| (entry.make)(&constants)));
    ops.filter_map(|op| check(&op).err()).collect()
}

fn none(found: Vec<String>) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

macro_rules! for_every_case {
    ($($name:ident: $check:path;)*) => {$(
        #[test]
        fn $name() {
            none(every_case::<f64>($check));
            none(every_case::<f32>($check));
        }
    )*};
}

for_every_case! {
    local_derivatives_are_as_said: locals::local_derivatives_are_as_said;
    terms_are_as_said: locals::terms_are_as_said;
    derivatives_agree_with_plain_dual_numbers: checks::agrees_with_plain;
    forward_writes_the_declared_shape_and_nothing_else: checks::writes_what_it_declares;
    a_partial_called_twice_gives_the_double: checks::adds_and_never_overwrites;
    partials_are_linear_in_upstream: checks::is_linear_in_upstream;
    the_value_does_not_depend_on_what_is_kept: checks::value_does_not_depend_on_keeping;
    nan_is_never_swallowed: checks::lets_nan_through;
}

macro_rules! for_every_op {
    ($($name:ident: $check:path;)*) => {$(
        #[test]
        fn $name() {
            none(every_op::<f64>($check));
            none(every_op::<f32>($check));
        }
    )*};
}

for_every_op! {
    the_formula_is_what_is_computed: card::formula_is_what_is_computed;
    slopes_at_kinks_are_as_declared: card::kinks_are_as_declared;
    special_values_are_bearable: card::special_values_are_bearable;
    wrong_shapes_are_refused_with_the_rule: card::refusals_say_the_rule;
    one_value_may_be_used_twice: used_twice;
}

#[test]
fn every_formula_can_be_read_and_every_letter_is_bound() {
    none(table::<f64>().iter().filter_map(|entry| card::letters_are_bound(entry.about).err()).collect());
}

/// op(v, v) with v = W x: the gradient by W is the sum over both uses, as dual numbers have it.
fn used_twice<S: Scalar>(op: &Arc<dyn Op<S>>) -> Found {
    let width = 3;
    let twice = [Shape::Rows(width); 2];
    let Ok(Shape::Rows(made)) = op.shape(&twice) else { return Ok(()) };
    // A mask moves with nothing.
    if op.about().kind != Kind::Structure || !op.differentiable(1) {
        return Ok(());
    }
    let stream = &mut Stream::new(41);
    let mut graph = Graph::new();
    let mut node = || -> Result<_, backlit_engine::GraphError> {
        let x = graph.data("x", 1)?;
        let w = graph.parameter("w", width, 1)?;
        let c = graph.parameter("c", 1, made)?;
        let v = graph.operation("v", any("affine").expect("affine"), &[x, w])?;
        let both = graph.operation("both", op.clone(), &[v, v])?;
        graph.operation("cost", any("affine").expect("affine"), &[both, c])
    };
    let cost = node().map_err(|error| error.to_string())?;
    let plan = Plan::gradient(&graph, cost);
    let parameters: Vec<S> = (0..width + made).map(|_| S::from_f64(stream.between(-1.0, 1.0))).collect();
    let mut gradient = vec![S::ZERO; parameters.len()];
    Runner::new(&plan, 1, 1).gradient(&plan, &parameters, &[&[S::ONE]], 1, &mut gradient);

    let v: Vec<f64> = parameters[..width].iter().map(|x| x.to_f64()).collect();
    let case = Case::row(op, &[&v, &v]);
    for (i, got) in gradient[..width].iter().enumerate() {
        let (first, second) = (case.plain(0, Some((0, i))), case.plain(0, Some((1, i))));
        let weighted = |dual: &[backlit_engine::formula::Dual]| -> f64 {
            dual.iter().zip(&parameters[width..]).map(|(dual, c)| dual.tangent * c.to_f64()).sum()
        };
        let expected = weighted(&first) + weighted(&second);
        if (got.to_f64() - expected).abs() > 64.0 * unit::<S>() * (1.0 + expected.abs()) {
            return Err(format!("{} of a value and itself, by w[{i}]: {got}, dual numbers {expected}", op.about().name));
        }
    }
    Ok(())
}

#[test]
fn targets_have_no_derivative_and_the_graph_says_so() {
    for entry in table::<f64>().iter().filter(|entry| matches!(entry.about.kind, Kind::PointwiseLoss | Kind::RowLoss)) {
        let op = (entry.make)(&instances(entry.about)[0]);
        assert!(op.differentiable(0) && !op.differentiable(1), "{}", entry.about.name);
        let mut graph = Graph::new();
        let x = graph.data("x", 2).expect("data");
        let w = graph.parameter("w", 2, 2).expect("a parameter");
        let v = graph.operation("v", any("affine").expect("affine"), &[x, w]).expect("affine");
        let message = graph.operation("cost", op, &[x, v]).expect_err("the target moves").to_string();
        for words in [entry.about.name, "'cost'", "no derivative by its input 1", "'v' depends on parameters"] {
            assert!(message.contains(words), "{message}");
        }
    }
}

/// The refusal of what a person typed.
fn refusal<T>(result: Result<T, String>) -> String {
    result.err().expect("a refusal")
}

#[test]
fn constants_out_of_range_are_refused_with_the_range() {
    for entry in table::<f64>() {
        let about = entry.about;
        for (k, constant) in about.constants.iter().enumerate() {
            let typed = |value: f64| {
                let mut values: Vec<f64> = about.constants.iter().map(|constant| constant.default).collect();
                values[k] = value;
                let values: Vec<String> = values[..=k].iter().map(f64::to_string).collect();
                format!("{}({})", about.name, values.join(", "))
            };
            for inside in [constant.least, constant.default, constant.most] {
                let op = any::<f64>(&typed(inside)).unwrap_or_else(|error| panic!("{}: {error}", typed(inside)));
                assert_eq!(op.constants()[k], (constant.name, inside));
            }
            for outside in [constant.least - 1.0, constant.most * 2.0 + 1.0] {
                let message = refusal(any::<f64>(&typed(outside)));
                for words in [about.name, constant.name, &constant.least.to_string(), &constant.most.to_string(), &outside.to_string()] {
                    assert!(message.contains(words), "{}: {message}", typed(outside));
                }
            }
        }
        let many = vec!["1"; about.constants.len() + 1].join(", ");
        let message = refusal(any::<f64>(&format!("{}({many})", about.name)));
        assert!(message.contains(&format!("{} takes {} constants, came {}", about.name, about.constants.len(), about.constants.len() + 1)));
    }
    for (text, words) in [
        ("leaky_relu(-1)", "alpha must be between 0 and 1000000, came -1"),
        ("elu(x)", "'x' is not a finite number"),
        ("elu(inf)", "'inf' is not a finite number"),
        ("elu(1", "the bracket is not closed"),
    ] {
        let message = refusal(activation::<f64>(text));
        assert!(message.contains(words), "{text}: {message}");
    }
    let message = refusal(loss::<f64>("huber(0)"));
    assert!(message.contains("delta must be between") && message.contains("came 0"), "{message}");
}

#[test]
fn unknown_names_list_what_there_is() {
    let table = table::<f64>();
    let names = |fits: fn(Kind) -> bool| table.iter().filter(move |entry| fits(entry.about.kind)).map(|entry| entry.about.name);
    let of_activations = refusal(activation::<f64>("rleu"));
    assert!(of_activations.contains("no activation 'rleu'"), "{of_activations}");
    assert!(names(|kind| kind == Kind::Activation).all(|name| of_activations.contains(name)));
    assert!(!of_activations.contains("huber"), "a loss is no activation: {of_activations}");
    let of_losses = refusal(loss::<f64>("relu"));
    assert!(of_losses.contains("no loss 'relu'"), "{of_losses}");
    assert!(names(|kind| matches!(kind, Kind::PointwiseLoss | Kind::RowLoss)).all(|name| of_losses.contains(name)));
    let of_all = refusal(any::<f64>(""));
    assert!(names(|_| true).all(|name| of_all.contains(name)), "{of_all}");
}

/// The names of the files of a folder of the engine, without `mod` and the ending.
fn files(folder: &str) -> Vec<String> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("readable").file_name().into_string().expect("UTF-8");
    let files = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).map(name);
    let mut names: Vec<String> =
        files.filter_map(|file| file.strip_suffix(".rs").map(str::to_string)).filter(|name| name != "mod").collect();
    names.sort();
    names
}

#[test]
fn every_file_stands_in_its_table() {
    let sorted = |names: Vec<&str>| {
        let mut names: Vec<String> = names.into_iter().map(str::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(files("ops"), sorted(table::<f32>().iter().map(|entry| entry.about.name).collect()));
    assert_eq!(files("optimizers"), sorted(optimizers::table::<f32>().iter().map(|entry| entry.name).collect()));
}

/// Each check is shown an operation with a fault of its kind, and must see it.
#[test]
fn every_check_can_fail() {
    type ByCase = fn(&Case<f64>) -> Found;
    let by_case: [(ByCase, &str, Fault); 13] = [
        (checks::agrees_with_plain, "sigmoid", Fault::SlopeTooSteep),
        (checks::agrees_with_plain, "tanh", Fault::ValueTooLarge),
        (checks::agrees_with_plain, "affine", Fault::SlopeTooSteep),
        (checks::agrees_with_plain, "mul", Fault::SecondPartialMissing),
        (checks::agrees_with_plain, "gelu", Fault::LeaksIntoOtherRow),
        (checks::writes_what_it_declares, "softmax", Fault::LeavesOneUnwritten),
        (checks::writes_what_it_declares, "add", Fault::AddsToValue),
        (checks::adds_and_never_overwrites, "affine", Fault::Overwrites),
        (checks::is_linear_in_upstream, "huber", Fault::SquareOfUpstream),
        (checks::is_linear_in_upstream, "concat", Fault::IgnoresZeroUpstream),
        (checks::value_does_not_depend_on_keeping, "silu", Fault::ValueDependsOnKeeping),
        (checks::lets_nan_through, "relu", Fault::SwallowsNan),
        (checks::lets_nan_through, "cross_entropy", Fault::SwallowsNan),
    ];
    for (check, name, fault) in by_case {
        let op = faulty(any::<f64>(name).expect(name), fault);
        assert!(cases_of(&op).iter().any(|case| check(case).is_err()), "{name} with {fault:?} passed");
    }
    type ByOp = fn(&Arc<dyn Op<f64>>) -> Found;
    let by_op: [(ByOp, &str, Fault); 9] = [
        (card::formula_is_what_is_computed, "elu", Fault::SlopeTooSteep),
        (card::formula_is_what_is_computed, "quantile", Fault::ValueTooLarge),
        (card::kinks_are_as_declared, "relu", Fault::SlopeOneAtTies),
        (card::kinks_are_as_declared, "absolute_error", Fault::SlopeOneAtTies),
        (card::special_values_are_bearable, "softsign", Fault::NanSlopeFarOut),
        (card::special_values_are_bearable, "log_cosh", Fault::NanSlopeFarOut),
        (card::refusals_say_the_rule, "tanh", Fault::TakesAnything),
        (card::refusals_say_the_rule, "affine", Fault::RefusesWithoutTheRule),
        (used_twice, "mul", Fault::SecondPartialMissing),
    ];
    for (check, name, fault) in by_op {
        assert!(check(&faulty(any::<f64>(name).expect(name), fault)).is_err(), "{name} with {fault:?} passed");
        assert!(check(&any::<f64>(name).expect(name)).is_ok(), "{name} without a fault fails");
    }
    let cards = [with_card("z * beta", "1"), with_card("z", "where(z > 0, 1, beta)"), with_card("z +", "1"), with_card("z", "exp(y)")];
    assert!(cards.iter().all(|about: &About| card::letters_are_bound(about).is_err()), "a card with an unbound letter passed");
    assert!(cases::<f64>(&table()[0]).iter().all(|case| case.rows() == ROWS));
}
