//! Values side by side: c = [a, b, …].

use crate::formula::Dual;
use crate::op::{About, Entry, Inputs, Kind, Local, Op, Partial, Site};
use crate::{Scalar, Shape, shape::ShapeError};
use std::ops::Range;
use std::sync::Arc;

/// c\[r\] = a\[r\] followed by b\[r\] and so on.
pub struct Concat;

impl Concat {
    const ABOUT: About = About {
        name: "concat",
        kind: Kind::Structure,
        summary: "Values side by side.",
        formula: "c[r] = (a[r], b[r], …)",
        partials: &[Partial { by: "a", formula: "∂c[r,k]/∂a[r,k] = 1 for a's own columns" }],
        kinks: &[],
        constants: &[],
        source: "Huang, Liu, van der Maaten and Weinberger, CVPR 2017 (as a skip)",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(Concat) }
    }
}

impl<S: Scalar> Op<S> for Concat {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let widths = inputs.iter().map(|shape| match shape {
            Shape::Rows(width) => Some(*width),
            Shape::Parameter(..) => None,
        });
        match widths.sum::<Option<usize>>() {
            Some(width) if !inputs.is_empty() => Ok(Shape::Rows(width)),
            _ => Err(ShapeError::new("a: rows × n, b: rows × m, …", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        let width = x.width();
        let mut start = 0;
        for i in 0..x.len() {
            let size = x.size(i);
            for (out, a) in out.chunks_exact_mut(width).zip(x.get(i).chunks_exact(size)) {
                out[start..start + size].copy_from_slice(a);
            }
            start += size;
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let width = at.inputs.width();
        let start: usize = (0..wrt).map(|i| at.inputs.size(i)).sum();
        let size = at.inputs.size(wrt);
        for (grad, upstream) in grad.chunks_exact_mut(size).zip(upstream.chunks_exact(width)) {
            for (grad, &upstream) in grad.iter_mut().zip(&upstream[start..start + size]) {
                *grad += upstream;
            }
        }
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let place = inputs[..wrt].iter().map(|shape| shape.size()).sum::<usize>() + index;
        place..place + 1
    }

    fn local(&self, _wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::One
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for (out, a) in out.iter_mut().zip(x.iter().copied().flatten()) {
            *out = *a;
        }
    }
}
