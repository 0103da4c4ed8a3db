//! What is asked of every card: its formulas, kinks, refusals and special values.

#![allow(dead_code)] // each test uses its own part

use super::cases::{Case, shape_lists};
use super::checks::Found;
use super::probe::{Given, forward, partial};
use super::stream::{Stream, unit};
use backlit_engine::formula::{Dual, Formula, Number, evaluate, parse};
use backlit_engine::op::{About, Kind, Kink, Op};
use backlit_engine::{Graph, Scalar, Shape};
use std::sync::Arc;

/// The operation's constants as letters of its formulas.
fn letters<S: Scalar, N: Number>(op: &Arc<dyn Op<S>>) -> Vec<(&'static str, N)> {
    op.constants().into_iter().map(|(name, value)| (name, N::constant(value))).collect()
}

/// Formulas of activations and pointwise losses can be read, and nothing in them is without a value.
pub fn letters_are_bound(about: &About) -> Found {
    if !matches!(about.kind, Kind::Activation | Kind::PointwiseLoss) {
        return Ok(());
    }
    let [partial] = about.partials else { return Err(format!("{}: expected one partial, came {}", about.name, about.partials.len())) };
    let mut known: Vec<&str> = about.constants.iter().map(|constant| constant.name).chain([partial.by, "pi"]).collect();
    if about.kind == Kind::PointwiseLoss {
        known.push("y");
    }
    none_unknown(about, about.formula, &known)?;
    if about.kind == Kind::Activation {
        known.push("a");
    }
    none_unknown(about, partial.formula, &known)
}

/// Whether the formula can be read and has no other letters; every branch of a `where` counts.
fn none_unknown(about: &About, text: &str, known: &[&str]) -> Found {
    let formula = parse(text).map_err(|error| format!("{}: '{text}': {error}", about.name))?;
    let mut rest = vec![&formula];
    while let Some(formula) = rest.pop() {
        match formula {
            Formula::Variable(name) if !known.contains(&name.as_str()) => {
                return Err(format!("{}: '{text}': '{name}' has no value; there are {}", about.name, known.join(", ")));
            }
            Formula::Constant(_) | Formula::Variable(_) => {}
            Formula::Negative(inner) | Formula::Apply(_, inner) => rest.push(inner),
            Formula::Arithmetic(_, left, right) | Formula::Max(left, right) | Formula::Min(left, right) => rest.extend([&**left, right]),
            Formula::Where(condition, then, otherwise) => rest.extend([&condition.left, &condition.right, then, otherwise]),
        }
    }
    Ok(())
}

/// Value and partial are the card's formulas, at moderate numbers. How exactly is measured in accuracy.rs.
pub fn formula_is_what_is_computed<S: Scalar>(op: &Arc<dyn Op<S>>) -> Found {
    let about = op.about();
    if !matches!(about.kind, Kind::Activation | Kind::PointwiseLoss) {
        return Ok(());
    }
    letters_are_bound(about)?;
    let (formula, slope) = (parse(about.formula).expect("bound"), parse(about.partials[0].formula).expect("bound"));
    let stream = &mut Stream::new(31);
    for _ in 0..200 {
        let low = if about.name == "poisson" { 0.1 } else { -4.0 };
        let (a, y) = (S::from_f64(stream.between(low, 4.0)).to_f64(), S::from_f64(stream.between(0.0, 1.0)).to_f64());
        let mut letters = letters::<S, f64>(op);
        letters.extend([(about.partials[0].by, a), ("y", y)]);
        let value = evaluate(&formula, &letters).expect("bound");
        if about.kind == Kind::Activation {
            letters.push(("a", value));
        }
        let slope = evaluate(&slope, &letters).expect("bound");
        let inputs: &[&[f64]] = if about.kind == Kind::Activation { &[&[a]] } else { &[&[a], &[y]] };
        let (got, got_slope) = Case::row(op, inputs).value_and_partial();
        let near = |x: f64, y: f64| (x - y).abs() <= 16.0 * unit::<S>() * (1.0 + y.abs());
        if !near(got[0], value) || !near(got_slope[0], slope) {
            return Err(format!("{} at {a}, {y}: {} and {}, by formula {value} and {slope}", about.name, got[0], got_slope[0]));
        }
    }
    Ok(())
}

/// At every kink the slope is the one that the card declares, and the dual numbers see the kink.
pub fn kinks_are_as_declared<S: Scalar>(op: &Arc<dyn Op<S>>) -> Found {
    let about = op.about();
    if about.kind == Kind::Structure {
        return about.kinks.iter().try_for_each(|kink| kink_of_parameter(op, kink));
    }
    for kink in about.kinks {
        let letters = letters::<S, f64>(op);
        let number = |text: &str| evaluate(&parse(text).map_err(|error| error.to_string())?, &letters).map_err(|error| error.to_string());
        let declared = number(declared_slope(kink.slope))?;
        for place in kink.at.split(',').filter_map(|part| part.split_once('=')) {
            let (letter, at) = (place.0.trim(), place.1.trim());
            let case = match about.kind {
                Kind::Activation => Case::row(op, &[&[number(at)?]]),
                // a = y
                _ => Case::row(op, &[&[0.75], &[0.75]]),
            };
            if about.kind != Kind::Activation && (letter, at) != ("a", "y") {
                return Err(format!("{}: kink at '{}': for losses only a = y is understood here", about.name, kink.at));
            }
            let got = case.value_and_partial().1[0];
            if (got - declared).abs() > 1e-3 * declared.abs() {
                return Err(format!("{} at {}: slope {got}, the card says '{}'", about.name, kink.at, kink.slope));
            }
            let seen = case.plain(0, Some((0, 0))).iter().any(|dual: &Dual| dual.kink);
            // A condition on constants, as `when alpha is not 1`, may hold or not.
            if !seen && !kink.at.contains("when") {
                return Err(format!("{}: dual numbers see no kink at {}", about.name, kink.at));
            }
        }
    }
    Ok(())
}

/// The same where a parameter, the operation's second input, is 0.
fn kink_of_parameter<S: Scalar>(op: &Arc<dyn Op<S>>, kink: &Kink) -> Found {
    let name = op.about().name;
    if kink.at != "w = 0" || declared_slope(kink.slope) != "0" {
        return Err(format!("{name}: only a slope of 0 at w = 0 is understood here, came '{}' at '{}'", kink.slope, kink.at));
    }
    let given = |shape: Shape, numbers: &[f64]| Given { shape, numbers: numbers.iter().map(|&x| S::from_f64(x)).collect() };
    let given = vec![given(Shape::Rows(1), &[0.75]), given(Shape::Parameter(1, 2), &[0.0, 1.0])];
    let case = Case { op: op.clone(), given };
    let slopes = case.lend(|op, x, shapes| partial(op, x, &forward(op, x, shapes, true), 1, &[S::ONE], &[S::ZERO; 2]));
    if slopes[0] != S::ZERO || slopes[1] == S::ZERO {
        return Err(format!("{name}: slopes {slopes:?} at w = 0 and w = 1"));
    }
    let kinks: Vec<bool> = (0..2).map(|index| case.plain(0, Some((1, index)))[0].kink).collect();
    if kinks == [true, false] { Ok(()) } else { Err(format!("{name}: dual numbers see kinks {kinks:?} at w = 0 and w = 1")) }
}

/// The number in `0: the minimum lies there`, `alpha, the slope of the left side`, `lambda alpha = 1.758, the slope …`.
fn declared_slope(text: &str) -> &str {
    let first = text.split([',', ':']).next().unwrap_or(text);
    first.rsplit('=').next().unwrap_or(first).trim()
}

/// Finite inputs give finite partials, also far out and at ties; infinite ones give a value that is not NaN.
pub fn special_values_are_bearable<S: Scalar>(op: &Arc<dyn Op<S>>) -> Found {
    let special = [0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 1000.0, -1000.0, 1e30, -1e30, 1e-40, -1e-40];
    let (kind, name) = (op.about().kind, op.about().name);
    if kind == Kind::Activation {
        for z in special {
            let (value, slope) = Case::row(op, &[&[z]]).value_and_partial();
            if !value[0].is_finite() || !slope[0].is_finite() {
                return Err(format!("{name} at {z}: value {}, slope {}", value[0], slope[0]));
            }
        }
        for z in [f64::INFINITY, f64::NEG_INFINITY] {
            let (value, slope) = Case::row(op, &[&[z]]).value_and_partial();
            if value[0].is_nan() || slope[0].is_nan() {
                return Err(format!("{name} at {z}: value {}, slope {}", value[0], slope[0]));
            }
        }
    }
    if matches!(kind, Kind::PointwiseLoss | Kind::RowLoss) {
        for a in special {
            for y in [0.0, 1.0, a] {
                let case = Case::row(op, &[&[a, 0.5], &[y, 0.5]]);
                // A mean must be above 0, as poisson's card says in words.
                let outside = case.plain(0, None)[0].value.is_nan() || (name == "poisson" && a <= 0.0);
                // Squares and reciprocals of these are infinite in f32.
                let overflows = S::NAME == "f32" && a != 0.0 && !(1e-18..1e18).contains(&a.abs());
                if outside || overflows {
                    continue;
                }
                let (value, slope) = case.value_and_partial();
                if !value[0].is_finite() || slope.iter().any(|slope| !slope.is_finite()) {
                    return Err(format!("{name} at {a}, {y}: value {}, slopes {slope:?}", value[0]));
                }
            }
        }
    }
    Ok(())
}

/// Every list of shapes is either taken or refused with the rule and what came; lists that no operation of the
/// kind can take are refused.
pub fn refusals_say_the_rule<S: Scalar>(op: &Arc<dyn Op<S>>) -> Found {
    let (kind, name) = (op.about().kind, op.about().name);
    let mut refused = 0;
    for list in shape_lists() {
        let first_is_rows = matches!(list.first(), Some(Shape::Rows(_)));
        let arity = match kind {
            Kind::Activation => Some(1),
            Kind::PointwiseLoss | Kind::RowLoss => Some(2),
            Kind::Structure => None,
        };
        let all_rows = list.iter().all(|shape| matches!(shape, Shape::Rows(_)));
        let alike = list.windows(2).all(|pair| pair[0] == pair[1]);
        let must_be_refused = !first_is_rows || arity.is_some_and(|n| n != list.len() || !all_rows || !alike);
        match op.shape(&list) {
            Ok(_) if must_be_refused => return Err(format!("{name} takes {list:?}")),
            Ok(Shape::Rows(width)) if width > 0 => continue,
            Ok(shape) => return Err(format!("{name} makes {shape} of {list:?}")),
            Err(error) => {
                refused += 1;
                let given: Vec<String> = list.iter().map(Shape::to_string).collect();
                let message = error.to_string();
                if !message.contains(": rows × ") || !message.contains(&given.join(", ")) {
                    return Err(format!("{name} refuses {list:?} with '{message}': neither the rule nor what came"));
                }
                let rule = error.expected;
                let in_graph = refused_by_graph(op, &list);
                if !in_graph.contains(&rule) || !in_graph.contains("'node'") || given.iter().any(|shape| !in_graph.contains(shape)) {
                    return Err(format!("{name} in a graph refuses {list:?} with '{in_graph}'"));
                }
            }
        }
    }
    if refused == 0 { Err(format!("{name} refuses nothing")) } else { Ok(()) }
}

/// What the graph says when the operation is added with inputs of these shapes.
fn refused_by_graph<S: Scalar>(op: &Arc<dyn Op<S>>, shapes: &[Shape]) -> String {
    let mut graph = Graph::new();
    let inputs: Vec<_> = shapes
        .iter()
        .enumerate()
        .map(|(k, shape)| match *shape {
            Shape::Rows(width) => graph.data(&format!("x{k}"), width).expect("data"),
            Shape::Parameter(rows, columns) => graph.parameter(&format!("p{k}"), rows, columns).expect("a parameter"),
        })
        .collect();
    graph.operation("node", op.clone(), &inputs).map(|_| "no refusal".to_string()).unwrap_or_else(|error| error.to_string())
}
