//! The product of two values, number by number: one gates the other.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use std::ops::Range;
use std::sync::Arc;

/// `c[r,k] = a[r,k] · b[r,k]`
pub struct Mul;

impl Mul {
    const ABOUT: About = About {
        name: "mul",
        kind: Kind::Structure,
        summary: "The product of two values, number by number: one gates the other.",
        formula: "c[r,k] = a[r,k] · b[r,k]",
        partials: &[Partial { by: "a", formula: "∂c/∂a = b" }, Partial { by: "b", formula: "∂c/∂b = a" }],
        kinks: &[],
        constants: &[],
        source: "Leibniz 1684; as a gate Hochreiter and Schmidhuber 1997",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Mul) }
    }
}

impl<S: Scalar> Op<S> for Mul {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [Shape::Rows(a), Shape::Rows(b)] if a == b => Ok(Shape::Rows(*a)),
            _ => Err(ShapeError::new("a: rows × n, b: rows × n", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        for ((out, &a), &b) in out.iter_mut().zip(x.get(0)).zip(x.get(1)) {
            *out = a * b;
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        pointwise::add_product(upstream, at.inputs.get(1 - wrt), grad);
    }

    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }

    fn local(&self, wrt: usize, index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::Input { which: 1 - wrt, index }
    }

    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        vec![Written::product(Operand::Input(0, k), Operand::Input(1, k))]
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        Some(Numpy::new(&["{out} = {0} * {1}"], &["{up} * {1}", "{up} * {0}"]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for ((out, a), b) in out.iter_mut().zip(x[0]).zip(x[1]) {
            *out = a.multiply(b);
        }
    }
}
