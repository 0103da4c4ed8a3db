//! The table of operations: one file each, one line each.

pub mod add;
pub mod affine;
pub mod concat;
pub mod mul;
pub mod softmax;

mod absolute_error;
mod binary_cross_entropy;
mod cross_entropy;
mod elu;
mod gelu;
mod half_squared_error;
mod hard_sigmoid;
mod huber;
mod leaky_relu;
mod linear;
mod log_cosh;
mod poisson;
mod quantile;
mod relu;
mod selu;
mod sigmoid;
mod silu;
mod softplus;
mod softsign;
mod squared_error;
mod tanh;

use crate::Scalar;
use crate::op::{Each, Entry, Kind, Op, SumOverOutputs};
use std::sync::Arc;

/// Every operation there is.
pub fn table<S: Scalar>() -> Vec<Entry<S>> {
    vec![
        Each::<linear::Linear>::entry(),
        Each::<relu::Relu>::entry(),
        Each::<leaky_relu::LeakyRelu>::entry(),
        Each::<elu::Elu>::entry(),
        Each::<selu::Selu>::entry(),
        Each::<gelu::Gelu>::entry(),
        Each::<silu::Silu>::entry(),
        Each::<softplus::Softplus>::entry(),
        Each::<softsign::Softsign>::entry(),
        Each::<sigmoid::Sigmoid>::entry(),
        Each::<tanh::Tanh>::entry(),
        Each::<hard_sigmoid::HardSigmoid>::entry(),
        SumOverOutputs::<half_squared_error::HalfSquaredError>::entry(),
        SumOverOutputs::<squared_error::SquaredError>::entry(),
        SumOverOutputs::<absolute_error::AbsoluteError>::entry(),
        SumOverOutputs::<huber::Huber>::entry(),
        SumOverOutputs::<log_cosh::LogCosh>::entry(),
        SumOverOutputs::<quantile::Quantile>::entry(),
        SumOverOutputs::<poisson::Poisson>::entry(),
        SumOverOutputs::<binary_cross_entropy::BinaryCrossEntropy>::entry(),
        cross_entropy::CrossEntropy::entry(),
        softmax::Softmax::entry(),
        affine::Affine::entry(),
        add::Add::entry(),
        mul::Mul::entry(),
        concat::Concat::entry(),
    ]
}

/// Makes an activation from what a person typed: `relu`, `leaky_relu(0.2)`. `Err` says what to type.
pub fn activation<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "activation", |kind| kind == Kind::Activation)
}

/// Makes a loss from what a person typed: `huber`, `quantile(0.9)`. `Err` says what to type.
pub fn loss<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "loss", |kind| matches!(kind, Kind::PointwiseLoss | Kind::RowLoss))
}

/// Makes any operation of the table by name. `Err` says what to type.
pub fn any<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "operation", |_| true)
}

fn make<S: Scalar>(text: &str, what: &str, fits: fn(Kind) -> bool) -> Result<Arc<dyn Op<S>>, String> {
    let table = table::<S>();
    let (name, arguments) = call(text)?;
    let Some(entry) = table.iter().find(|entry| entry.about.name == name && fits(entry.about.kind)) else {
        let names: Vec<&str> = table.iter().filter(|entry| fits(entry.about.kind)).map(|entry| entry.about.name).collect();
        return Err(format!("no {what} '{name}'; there are {}", names.join(", ")));
    };
    let known = entry.about.constants;
    if arguments.len() > known.len() {
        return Err(format!("{name} takes {} constants, came {}", known.len(), arguments.len()));
    }
    let mut constants: Vec<f64> = known.iter().map(|constant| constant.default).collect();
    for (i, value) in arguments.into_iter().enumerate() {
        let constant = &known[i];
        if !(constant.least..=constant.most).contains(&value) {
            return Err(format!("{name}: {} must be between {} and {}, came {value}", constant.name, constant.least, constant.most));
        }
        constants[i] = value;
    }
    Ok((entry.make)(&constants))
}

/// `name(1, 2)` into name and numbers. `Err` says what is wrong.
pub fn call(text: &str) -> Result<(&str, Vec<f64>), String> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        return Ok((text, Vec::new()));
    };
    let inner = rest.strip_suffix(')').ok_or_else(|| format!("'{text}': the bracket is not closed"))?;
    if inner.trim().is_empty() {
        return Ok((name.trim(), Vec::new()));
    }
    let numbers = inner.split(',').map(|part| match part.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(format!("'{text}': '{}' is not a finite number", part.trim())),
    });
    Ok((name.trim(), numbers.collect::<Result<_, _>>()?))
}
