//! Values side by side: c = [a, b, …].

use crate::formula::Dual;
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::pointwise;
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
        let mut start = 0;
        for a in (0..x.len()).map(|i| x.get(i)) {
            out[start..start + a.len()].copy_from_slice(a);
            start += a.len();
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let start: usize = (0..wrt).map(|i| at.inputs.get(i).len()).sum();
        pointwise::add(&upstream[start..start + grad.len()], grad);
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let place = inputs[..wrt].iter().map(|shape| shape.size()).sum::<usize>() + index;
        place..place + 1
    }

    fn local(&self, _wrt: usize, _index: usize, _k: usize, _inputs: &[Shape]) -> Local {
        Local::One
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let mut place = k;
        for (which, input) in row.inputs.iter().enumerate() {
            match place.checked_sub(input.len()) {
                Some(further) => place = further,
                None => return vec![Written::alone(Operand::Input(which, place))],
            }
        }
        Vec::new()
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let names: Vec<String> = (0..inputs.len()).map(|i| format!("{{{i}}}")).collect();
        let mut numpy = Numpy { forward: vec![format!("{{out}} = np.hstack([{}])", names.join(", "))], backward: Vec::new() };
        let mut start = 0;
        for shape in inputs {
            numpy.backward.push(format!("{{up}}[:, {start}:{}]", start + shape.size()));
            start += shape.size();
        }
        Some(numpy)
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        for (out, a) in out.iter_mut().zip(x.iter().copied().flatten()) {
            *out = *a;
        }
    }
}
