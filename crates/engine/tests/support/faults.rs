//! Operations with planted faults, to see that the checks see.

#![allow(dead_code)] // each test uses its own part

use backlit_engine::formula::Dual;
use backlit_engine::op::{About, Inputs, Kind, Op, Partial, Site};
use backlit_engine::shape::ShapeError;
use backlit_engine::{Scalar, Shape};
use std::sync::Arc;

/// What is wrong with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Partials are larger by a millionth.
    SlopeTooSteep,
    /// Values are larger by a millionth.
    ValueTooLarge,
    /// The partial by the second input adds nothing.
    SecondPartialMissing,
    /// The first number's partial also moves the last number.
    LeaksIntoOtherRow,
    /// The last number of the value is left as it was.
    LeavesOneUnwritten,
    /// The value is added to what stood there.
    AddsToValue,
    /// The partial replaces what stood there.
    Overwrites,
    /// The partial grows with the square of upstream.
    SquareOfUpstream,
    /// The partial adds something for no upstream.
    IgnoresZeroUpstream,
    /// The value's last bit differs when nothing is kept.
    ValueDependsOnKeeping,
    /// NaN becomes 0.
    SwallowsNan,
    /// Where the inputs are 0, or equal, the slope is 1.
    SlopeOneAtTies,
    /// The slope is NaN beyond 500.
    NanSlopeFarOut,
    /// Any shapes will do.
    TakesAnything,
    /// Shapes are refused without the rule.
    RefusesWithoutTheRule,
}

struct Faulty<S> {
    op: Arc<dyn Op<S>>,
    fault: Fault,
}

/// The operation with the fault.
pub fn faulty<S: Scalar>(op: Arc<dyn Op<S>>, fault: Fault) -> Arc<dyn Op<S>> {
    Arc::new(Faulty { op, fault })
}

/// A card of an activation with these formulas.
pub fn with_card(formula: &'static str, partial: &'static str) -> About {
    let partials = Box::leak(Box::new([Partial { by: "z", formula: partial }]));
    About { name: "planted", kind: Kind::Activation, summary: "", formula, partials, kinks: &[], constants: &[], source: "" }
}

impl<S: Scalar> Op<S> for Faulty<S> {
    fn about(&self) -> &'static About {
        self.op.about()
    }

    fn constants(&self) -> Vec<(&'static str, f64)> {
        self.op.constants()
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match (self.fault, self.op.shape(inputs)) {
            (Fault::TakesAnything, _) => Ok(Shape::Rows(1)),
            (Fault::RefusesWithoutTheRule, Err(_)) => Err(ShapeError::new("something else", inputs)),
            (_, result) => result,
        }
    }

    fn saved(&self, inputs: &[Shape]) -> usize {
        self.op.saved(inputs)
    }

    fn forward(&self, x: Inputs<'_, S>, saved: &mut [S], out: &mut [S]) {
        let before = out.to_vec();
        let keeps = !saved.is_empty();
        self.op.forward(x, saved, out);
        let last = out.len() - 1;
        match self.fault {
            Fault::LeavesOneUnwritten => out[last] = before[last],
            Fault::AddsToValue => out.iter_mut().zip(before).for_each(|(out, before)| *out += before),
            Fault::ValueTooLarge => out.iter_mut().for_each(|out| *out = S::from_f64(out.to_f64() * (1.0 + 1e-6))),
            Fault::ValueDependsOnKeeping if !keeps => out[last] = S::from_f64(out[last].to_f64() * (1.0 + f64::EPSILON)),
            Fault::SwallowsNan => out.iter_mut().filter(|out| out.to_f64().is_nan()).for_each(|out| *out = S::ZERO),
            _ => {}
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let inputs = at.inputs;
        let changed: Vec<S> = match self.fault {
            Fault::SlopeTooSteep => upstream.iter().map(|u| S::from_f64(u.to_f64() * (1.0 + 1e-6))).collect(),
            Fault::SquareOfUpstream => upstream.iter().map(|&u| u * u).collect(),
            Fault::IgnoresZeroUpstream => upstream.iter().map(|&u| u + S::from_f64(1e-3)).collect(),
            _ => upstream.to_vec(),
        };
        match self.fault {
            Fault::SecondPartialMissing if wrt == 1 => return,
            Fault::Overwrites => grad.fill(S::ZERO),
            _ => {}
        }
        self.op.partial(wrt, at, &changed, grad);
        let last = grad.len() - 1;
        match self.fault {
            Fault::LeaksIntoOtherRow => grad[last] += upstream[0],
            Fault::SlopeOneAtTies => {
                let other = |i: usize| if inputs.len() > 1 { inputs.get(1)[i] } else { S::ZERO };
                (0..grad.len()).filter(|&i| inputs.get(0)[i] == other(i)).for_each(|i| grad[i] = S::ONE);
            }
            Fault::NanSlopeFarOut => {
                let far = |i: &usize| inputs.get(0)[*i].to_f64().abs() > 500.0;
                (0..grad.len()).filter(far).for_each(|i| grad[i] = S::from_f64(f64::NAN));
            }
            _ => {}
        }
    }

    fn differentiable(&self, wrt: usize) -> bool {
        self.op.differentiable(wrt)
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        self.op.plain(x, out);
    }
}
