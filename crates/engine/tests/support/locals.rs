//! What an operation says of its local derivatives, number by number, beside dual numbers through its plain form.

use super::cases::{Case, ROWS};
use super::checks::Found;
use backlit_engine::Scalar;
use backlit_engine::formula::{Formula, evaluate};
use backlit_engine::op::{Local, Operand, Row, Written};

/// Reach, kind and formula of every local derivative are right.
pub fn local_derivatives_are_as_said<S: Scalar>(case: &Case<S>) -> Found {
    let shapes = case.shapes();
    for row in [0, ROWS - 1] {
        let row = row.min(case.rows() - 1);
        let numbers: Vec<Vec<f64>> = (0..case.given.len())
            .map(|wrt| {
                let (size, start) = case.place(wrt, row);
                case.given[wrt].numbers[start..start + size].iter().map(|x| x.to_f64()).collect()
            })
            .collect();
        let out: Vec<f64> = case.plain(row, None).iter().map(|dual| dual.value).collect();
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

fn value(formula: &Formula, written: &Written, row: &Row<'_>) -> f64 {
    let number = |operand: &Operand| match operand {
        Operand::Input(which, index) => row.inputs[*which][*index],
        Operand::Output(index) => row.out[*index],
        Operand::Constant(value) | Operand::Named(_, value) => *value,
    };
    let letters: Vec<(&str, f64)> = written.letters.iter().map(|(name, operand)| (name.as_str(), number(operand))).collect();
    evaluate(formula, &letters).unwrap_or_else(|unbound| panic!("{unbound}"))
}
