//! The table of operations: one file each, one line each.

pub mod add;
pub mod affine;
pub mod batch_norm;
pub mod concat;
pub mod dropout;
pub mod embed;
pub mod grouped_affine;
pub mod layer_norm;
pub mod mul;
pub mod penalty;
pub mod periodic;
pub mod softmax;
pub mod weighted;

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
use crate::formula::Function;
use crate::op::{Each, Entry, Kind, Op, SumOverOutputs};
use crate::typed::{Typed, Use};
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
        embed::Embed::entry(),
        periodic::Periodic::entry(),
        grouped_affine::GroupedAffine::entry(),
        weighted::Weighted::entry(),
        penalty::Penalty::entry(),
        dropout::Dropout::entry(),
        layer_norm::LayerNorm::entry(),
        batch_norm::BatchNorm::entry(),
    ]
}

/// Makes an activation from what a person typed: `relu`, `leaky_relu(0.2)`, `z * sigmoid(z)`. `Err` says what to type.
pub fn activation<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "activation", |kind| kind == Kind::Activation, &[Use::Activation])
}

/// Makes a loss from what a person typed: `huber`, `quantile(0.9)`, `(a - y)^4`. `Err` says what to type.
pub fn loss<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "loss", |kind| matches!(kind, Kind::PointwiseLoss | Kind::RowLoss), &[Use::Loss])
}

/// Makes any operation of the table by name, or a typed one from its formula. `Err` says what to type.
pub fn any<S: Scalar>(text: &str) -> Result<Arc<dyn Op<S>>, String> {
    make(text, "operation", |_| true, &[Use::Activation, Use::Loss])
}

/// What a text is saved and compared as: `poisson()` and ` poisson` are `poisson`; white space in a formula is one space.
pub fn spelled(text: &str) -> String {
    match call(text) {
        Ok((name, constants)) if constants.is_empty() => name.to_string(),
        _ => crate::typed::spelled(text),
    }
}

/// The typed formula that a text stands for, if it can be read and is no name of the table.
pub fn typed(text: &str, use_: Use) -> Option<&'static Typed> {
    let op = match use_ {
        Use::Activation => activation::<f64>(text),
        Use::Loss => loss::<f64>(text),
    };
    let name = op.ok()?.about().name;
    let built_in = table::<f64>().iter().any(|entry| entry.about.name == name);
    if built_in { None } else { Typed::read(text, use_).ok() }
}

fn make<S: Scalar>(text: &str, what: &str, fits: fn(Kind) -> bool, uses: &[Use]) -> Result<Arc<dyn Op<S>>, String> {
    let table = table::<S>();
    let called = call(text);
    let name = text.split('(').next().unwrap_or_default().trim();
    let entry = table.iter().find(|entry| entry.about.name == name && fits(entry.about.kind));
    match (entry, called) {
        (Some(entry), Ok((_, constants))) => create(entry, constants),
        // `tanh(0.5 * z)` is a formula, `elu(x)` is none: a name with wrong constants.
        (Some(_), Err(wrong)) => typed_op(text, uses).map_err(|error| match text.trim().find(')') {
            Some(end) if end + 1 < text.trim().len() => format!("the {what} '{}', {error}", shown(text)),
            _ => wrong,
        }),
        (None, Ok(_)) if !may_be_formula(name, uses) => {
            let names: Vec<&str> = table.iter().filter(|entry| fits(entry.about.kind)).map(|entry| entry.about.name).collect();
            let formulas: Vec<&str> = uses.iter().map(|use_| use_.example()).collect();
            Err(format!("no {what} '{}'; there are {}, or {}", shown(name), names.join(", "), formulas.join(", or ")))
        }
        (None, _) => typed_op(text, uses).map_err(|error| format!("the {what} '{}', {error}", shown(text))),
    }
}

/// Whether a word, perhaps with numbers in brackets behind it, can be a whole formula, be it a bad one.
fn may_be_formula(word: &str, uses: &[Use]) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let known = |use_: &Use| use_.letters().contains(&word);
    let function = Function::NAMES.iter().any(|(name, _)| *name == word) || ["pi", "max", "min"].contains(&word);
    let number = word.starts_with(|c: char| c.is_ascii_digit());
    !word.is_empty() && (function || number || uses.iter().any(known) || !word.chars().all(is_word))
}

fn typed_op<S: Scalar>(text: &str, uses: &[Use]) -> Result<Arc<dyn Op<S>>, String> {
    // Where both would do, z tells.
    let use_ = match uses {
        [use_] => *use_,
        _ => Use::of(text),
    };
    Ok(Typed::read(text, use_)?.op())
}

/// The beginning of what was typed, fit for a message.
fn shown(text: &str) -> String {
    let text = text.trim();
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    text.chars().take(60).flat_map(char::escape_debug).chain(more.chars()).collect()
}

fn create<S: Scalar>(entry: &Entry<S>, arguments: Vec<f64>) -> Result<Arc<dyn Op<S>>, String> {
    let name = entry.about.name;
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
