//! Some activations of a row struck out, the others made larger.
//!
//! The mask is an input, so that this is a function like every other: the same mask gives the same bits.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use std::ops::Range;
use std::sync::Arc;

/// `d[r,k] = m[r,k] · a[r,k]` with m\[r,k\] = 0 with probability P and else 1/(1 − P)
pub struct Dropout;

impl Dropout {
    const ABOUT: About = About {
        name: "dropout",
        kind: Kind::Structure,
        summary: "Some activations of a row struck out by a mask, the others made larger; in training only.",
        formula: "d[r,k] = m[r,k] · a[r,k], m[r,k] = 0 with probability P, else 1/(1 - P)",
        partials: &[Partial { by: "a", formula: "∂d/∂a = m" }],
        kinks: &[],
        constants: &[],
        source: "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, JMLR 15, 2014; scaled in training, so that prediction needs no mask",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Dropout) }
    }
}

impl<S: Scalar> Op<S> for Dropout {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [Shape::Rows(a), Shape::Rows(m)] if a == m => Ok(Shape::Rows(*a)),
            _ => Err(ShapeError::new("a: rows × n, m: rows × n", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        for ((out, &a), &m) in out.iter_mut().zip(x.get(0)).zip(x.get(1)) {
            *out = a * m;
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        assert_eq!(wrt, 0, "a mask has no gradient");
        pointwise::add_product(upstream, at.inputs.get(1), grad);
    }

    fn differentiable(&self, wrt: usize) -> bool {
        wrt == 0
    }

    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }

    fn local(&self, _wrt: usize, index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::Input { which: 1, index }
    }

    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        vec![Written::product(Operand::Input(1, k), Operand::Input(0, k))]
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        Some(Numpy::new(&["{out} = {1} * {0}"], &["{up} * {1}"]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for ((out, a), m) in out.iter_mut().zip(x[0]).zip(x[1]) {
            *out = a.multiply(m);
        }
    }
}
