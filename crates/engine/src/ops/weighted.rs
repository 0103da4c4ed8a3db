//! The weight of a row: how much its cost counts.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
use std::sync::Arc;

/// `Cw[r] = w[r] · C[r]`
pub struct Weighted;

impl Weighted {
    const ABOUT: About = About {
        name: "weighted",
        kind: Kind::Structure,
        summary: "The weight of a row: how much its cost counts.",
        formula: "Cw[r] = w[r] · C[r]",
        partials: &[Partial { by: "C", formula: "∂Cw[r]/∂C[r] = w[r]" }],
        kinks: &[],
        constants: &[],
        source: "Horvitz and Thompson 1952; with weights of mean 1 the mean over rows is the weighted mean",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Weighted) }
    }
}

impl<S: Scalar> Op<S> for Weighted {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        match inputs {
            [Shape::Rows(1), Shape::Rows(1)] => Ok(Shape::Rows(1)),
            _ => Err(ShapeError::new("C: rows × 1, w: rows × 1", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        for ((out, &c), &w) in out.iter_mut().zip(x.get(0)).zip(x.get(1)) {
            *out = w * c;
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        assert_eq!(wrt, 0, "a weight has no gradient");
        pointwise::add_product(upstream, at.inputs.get(1), grad);
    }

    fn differentiable(&self, wrt: usize) -> bool {
        wrt == 0
    }

    fn local(&self, _wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::Input { which: 1, index: 0 }
    }

    fn terms(&self, k: usize, _row: &Row<'_>) -> Vec<Written> {
        vec![Written::product(Operand::Input(1, k), Operand::Input(0, k))]
    }

    fn numpy(&self, _inputs: &[Shape]) -> Option<Numpy> {
        Some(Numpy::new(&["{out} = {1} * {0}"], &["{up} * {1}"]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        out[0] = x[1][0].multiply(&x[0][0]);
    }
}
