//! Weighted sums: every unit's pre-activation.
//!
//! Letters: x the input, W the weight, b the bias, z the pre-activation, δ = ∂C/∂z the upstream gradient.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::{dense, narrow};
use std::ops::Range;
use std::sync::Arc;

/// z = x Wᵀ + b; without b when only x and W are given.
pub struct Affine;

impl Affine {
    const ABOUT: About = About {
        name: "affine",
        kind: Kind::Structure,
        summary: "Weighted sums of the inputs, one for each unit, plus a bias.",
        formula: "z[r,u] = Σᵢ x[r,i] W[u,i] + b[u]",
        partials: &[
            Partial { by: "x", formula: "∂z[r,u]/∂x[r,i] = W[u,i], so ∂C/∂x = δ W" },
            Partial { by: "W", formula: "∂z[r,u]/∂W[u,i] = x[r,i], so ∂C/∂W = δᵀ x" },
            Partial { by: "b", formula: "∂z[r,u]/∂b[u] = 1, so ∂C/∂b = Σᵣ δ[r]" },
        ],
        kinks: &[],
        constants: &[],
        source: "McCulloch and Pitts 1943; Rumelhart, Hinton and Williams, Nature 323, 1986",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Affine) }
    }
}

impl<S: Scalar> Op<S> for Affine {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn is_affine(&self) -> bool {
        true
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [Shape::Rows(n), Shape::Parameter(units, m)] if n == m => Ok(Shape::Rows(*units)),
            [Shape::Rows(n), Shape::Parameter(units, m), Shape::Parameter(1, b)] if n == m && units == b => Ok(Shape::Rows(*units)),
            _ => Err(ShapeError::new("x: rows × inputs, W: units × inputs, b: 1 × units or none", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        let b = (x.len() == 3).then(|| x.get(2));
        dense::affine(x.rows(), x.size(0), x.width(), x.get(0), x.get(1), b, out);
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let x = at.inputs;
        let (rows, inputs, units) = (x.rows(), x.size(0), x.width());
        match wrt {
            0 => dense::input_gradient(rows, inputs, units, upstream, x.get(1), grad, true, None),
            1 => narrow::weight_gradient(rows, inputs, units, upstream, x.get(0), grad, true),
            _ => dense::bias_gradient(rows, upstream, grad, true),
        }
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let (width, units) = (inputs[0].size(), inputs[1].size() / inputs[0].size());
        match wrt {
            0 => 0..units,
            1 => index / width..index / width + 1,
            _ => index..index + 1,
        }
    }

    fn local(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Local {
        let width = inputs[0].size();
        match wrt {
            0 => Local::Input { which: 1, index: k * width + index },
            1 => Local::Input { which: 0, index: index % width },
            _ => Local::One,
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let width = row.inputs[0].len();
        let pairs = (0..width).map(|i| (Operand::Input(1, k * width + i), Operand::Input(0, i)));
        Written::weighted_sum(pairs, row.inputs.get(2).map(|_| Operand::Input(2, k)))
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let bias = if inputs.len() == 3 { " + {2}" } else { "" };
        Some(Numpy::new(&[&format!("{{out}} = {{0}} @ {{1}}.T{bias}")], &["{up} @ {1}"]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        Op::<S>::plain_some(self, x, 0..out.len(), out);
    }

    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let weights = x[1].chunks_exact(x[0].len());
        for (u, (out, w)) in out.iter_mut().zip(weights).enumerate().take(some.end).skip(some.start) {
            let sum = x[0].iter().zip(w).fold(Dual::fixed(0.0), |sum, (x, w)| sum.add(&x.multiply(w)));
            *out = x.get(2).map_or(sum, |b| sum.add(&b[u]));
        }
    }
}
