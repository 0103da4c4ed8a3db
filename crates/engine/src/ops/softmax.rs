//! Logits to probabilities. Shown to people; the cost is taken from the logits (see `cross_entropy`).

use crate::formula::{Dual, Function, Number, parse};
use crate::op::{About, Entry, Inputs, Kind, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::math::exp;
use std::sync::Arc;

/// p\[r,k\] = exp(z\[r,k\]) / Σⱼ exp(z\[r,j\])
pub struct Softmax;

impl Softmax {
    const ABOUT: About = About {
        name: "softmax",
        kind: Kind::Structure,
        summary: "Logits to probabilities that add up to 1.",
        formula: "p[r,k] = exp(z[r,k]) / Σⱼ exp(z[r,j])",
        partials: &[Partial { by: "z", formula: "∂p[k]/∂z[j] = p[k] ([k = j] - p[j])" }],
        kinks: &[],
        constants: &[],
        source: "Bridle 1990; shifted by the row's largest logit",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Softmax) }
    }
}

impl<S: Scalar> Op<S> for Softmax {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [shape @ Shape::Rows(_)] => Ok(*shape),
            _ => Err(ShapeError::new("z: rows × n", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        backlit_kernels::softmax::softmax(x.rows(), x.get(0), out);
    }

    fn partial(&self, _wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let rows = at.inputs.rows();
        for r in 0..rows {
            let of_row = || (r..upstream.len()).step_by(rows);
            let mut mean = S::ZERO;
            for k in of_row() {
                mean += at.out[k] * upstream[k];
            }
            for k in of_row() {
                grad[k] += at.out[k] * (upstream[k] - mean);
            }
        }
    }

    fn written(&self, _wrt: usize, index: usize, k: usize, _row: &Row<'_>) -> Option<Written> {
        let (formula, letters) = match index == k {
            true => ("p * (1 - p)", vec![("p", Operand::Output(k))]),
            false => ("-p * q", vec![("p", Operand::Output(k)), ("q", Operand::Output(index))]),
        };
        let letters = letters.into_iter().map(|(name, operand)| (name.to_string(), operand)).collect();
        Some(Written { formula: parse(formula).ok()?, stable: None, letters })
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let z = row.inputs[0];
        let most = z.iter().fold(f64::NEG_INFINITY, |most: f64, z| most.max(*z));
        let sum = z.iter().map(|z| exp(z - most)).sum();
        let letters = vec![
            ("z", Operand::Input(0, k)),
            ("m", Operand::Named("max z".into(), most)),
            ("s", Operand::Named("Σ exp(z[j] − max z)".into(), sum)),
        ];
        Written::new("exp(z - m) / s", letters).into_iter().collect()
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        let largest = x[0].iter().fold(f64::NEG_INFINITY, |m, z| m.max(z.value));
        for (out, z) in out.iter_mut().zip(x[0]) {
            *out = z.subtract(&Dual::fixed(largest)).apply(Function::Exp);
        }
        let total = out.iter().fold(Dual::fixed(0.0), |sum, e| sum.add(e));
        for out in out {
            *out = out.divide(&total);
        }
    }
}
