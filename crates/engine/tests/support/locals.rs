//! What an operation says of its local derivatives, number by number, beside dual numbers through its plain form.

use super::cases::{Case, ROWS};
use super::checks::Found;
use backlit_engine::Scalar;
use backlit_engine::formula::{Formula, evaluate};
use backlit_engine::op::{Local, Operand, Row, Written};

/// The inputs of a row, and the output.
fn numbers_of<S: Scalar>(case: &Case<S>, row: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let input = |wrt: usize| {
        let (size, start) = case.place(wrt, row);
        case.given[wrt].numbers[start..start + size].iter().map(|x| x.to_f64()).collect()
    };
    ((0..case.given.len()).map(input).collect(), case.plain(row, None).iter().map(|dual| dual.value).collect())
}

/// Reach, kind and formula of every local derivative are right.
pub fn local_derivatives_are_as_said<S: Scalar>(case: &Case<S>) -> Found {
    let shapes = case.shapes();
    for row in [0, ROWS - 1] {
        let row = row.min(case.rows() - 1);
        let (numbers, out) = numbers_of(case, row);
        for wrt in case.moving() {
            for index in 0..numbers[wrt].len() {
                let column = case.plain(row, Some((wrt, index)));
                let reach = case.op.reach(wrt, index, &shapes);
                for (k, dual) in column.iter().enumerate().filter(|(_, dual)| !dual.kink) {
                    let place = || format!("∂out[{k}]/∂x[{wrt}][{index}] in row {row} is {}", dual.tangent);
                    if !reach.contains(&k) {
                        if dual.tangent != 0.0 {
                            return Err(case.says(format!("{}, but out of reach {reach:?}", place())));
                        }
                        continue;
                    }
                    let near = |value: f64| (value - dual.tangent).abs() <= 1e-12 * dual.tangent.abs().max(1.0);
                    let said = match case.op.local(wrt, index, k, &shapes) {
                        Local::One => vec![1.0],
                        Local::Input { which, index } => vec![numbers[which][index]],
                        Local::Is { which, index, value } => vec![f64::from(u8::from(numbers[which][index] == value as f64))],
                        Local::Other => {
                            let row = Row { inputs: numbers.iter().map(Vec::as_slice).collect(), out: &out };
                            let Some(written) = case.op.written(wrt, index, k, &row) else {
                                return Err(case.says(format!("{}, and there is no formula", place())));
                            };
                            let forms: Vec<&Formula> = [Some(&written.formula), written.stable.as_ref()].into_iter().flatten().collect();
                            forms.into_iter().map(|formula| value(formula, &written, &row)).collect()
                        }
                    };
                    if let Some(wrong) = said.iter().find(|value| !near(**value)) {
                        return Err(case.says(format!("{}, but said to be {wrong}", place())));
                    }
                }
            }
        }
    }
    Ok(())
}

/// The terms that an operation says its output is the sum of add up to it, and what they name is as it says.
pub fn terms_are_as_said<S: Scalar>(case: &Case<S>) -> Found {
    for row in [0, ROWS - 1] {
        let row = row.min(case.rows() - 1);
        let (numbers, out) = numbers_of(case, row);
        let at = Row { inputs: numbers.iter().map(Vec::as_slice).collect(), out: &out };
        for (k, &number) in out.iter().enumerate() {
            let terms = case.op.terms(k, &at);
            if terms.is_empty() && number != 0.0 {
                return Err(case.says(format!("out[{k}] in row {row} has no formula")));
            }
            let near = |said: f64, number: f64, size: f64| (said - number).abs() <= 1e-12 * number.abs().max(size).max(1.0);
            for stable in [false, true] {
                let form = |term: &Written| term.stable.clone().filter(|_| stable).unwrap_or(term.formula.clone());
                let said: Vec<f64> = terms.iter().map(|term| value(&form(term), term, &at)).collect();
                let size = said.iter().fold(0.0, |size: f64, term| size.max(term.abs()));
                let sum: f64 = said.iter().sum();
                if !near(sum, number, size) {
                    return Err(case.says(format!("out[{k}] in row {row} is {number}, but said to be {sum}")));
                }
            }
            let between = case.op.between(k, &at);
            for inner in &between {
                let said = inner.written.as_ref().map_or(inner.value, |written| value(&written.formula, written, &at));
                if !near(said, inner.value, 1.0) {
                    return Err(case.says(format!("{} in row {row} is {}, but said to be {said}", inner.name, inner.value)));
                }
            }
            // What terms call by a name that is explained has that number.
            let named = terms.iter().flat_map(|term| &term.letters);
            for (name, number) in
                named.filter_map(|(_, operand)| if let Operand::Named(name, number) = operand { Some((name, number)) } else { None })
            {
                if between.iter().any(|inner| inner.name == *name && !near(inner.value, *number, 1.0)) {
                    return Err(case.says(format!("{name} in row {row} is explained otherwise than used")));
                }
            }
        }
    }
    Ok(())
}

fn value(formula: &Formula, written: &Written, row: &Row<'_>) -> f64 {
    let number = |operand: &Operand| match operand {
        Operand::Input(which, index) => row.inputs[*which][*index],
        Operand::Output(index) => row.out[*index],
        Operand::Constant(value) | Operand::Named(_, value) => *value,
    };
    let letters: Vec<(&str, f64)> = written.letters.iter().map(|(name, operand)| (name.as_str(), number(operand))).collect();
    evaluate(formula, &letters).unwrap_or_else(|unbound| panic!("{unbound}"))
}
