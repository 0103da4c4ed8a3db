//! The sum of two values: a skip over layers.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use std::ops::Range;
use std::sync::Arc;

/// `c[r,k] = a[r,k] + b[r,k]`
pub struct Add;

impl Add {
    const ABOUT: About = About {
        name: "add",
        kind: Kind::Structure,
        summary: "The sum of two values: a skip over layers.",
        formula: "c[r,k] = a[r,k] + b[r,k]",
        partials: &[Partial { by: "a", formula: "∂c/∂a = 1" }, Partial { by: "b", formula: "∂c/∂b = 1" }],
        kinks: &[],
        constants: &[],
        source: "He, Zhang, Ren and Sun, CVPR 2016 (as a skip)",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Add) }
    }
}

impl<S: Scalar> Op<S> for Add {
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
            *out = a + b;
        }
    }

    fn partial(&self, _wrt: usize, _at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        pointwise::add(upstream, grad);
    }

    fn reach(&self, _wrt: usize, index: usize, _inputs: &[Shape]) -> Range<usize> {
        index..index + 1
    }

    fn local(&self, _wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::One
    }

    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        [0, 1].map(|which| Written::alone(Operand::Input(which, k))).to_vec()
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        Some(Numpy::new(&["{out} = {0} + {1}"], &["{up}", "{up}"]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for ((out, a), b) in out.iter_mut().zip(x[0]).zip(x[1]) {
            *out = a.add(b);
        }
    }
}
