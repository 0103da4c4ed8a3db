//! Weighted sums of groups of inputs, each group with weights of its own: z = x Wᵀ + b with a W that is 0 outside its blocks.

use crate::formula::{Dual, Number};
use crate::op::{About, Entry, Inputs, Kind, Local, Numpy, Op, Operand, Partial, Row, Site, Written};
use crate::{Scalar, Shape, shape::ShapeError};
use backlit_kernels::{dense, narrow};
use std::ops::Range;
use std::sync::Arc;

/// `z[r, g·units + u]` = Σᵢ `W[g·units + u, i]` · `x[r, g·m + i]` + `b[g·units + u]` for groups g of m inputs.
pub struct GroupedAffine;

impl GroupedAffine {
    const ABOUT: About = About {
        name: "grouped_affine",
        kind: Kind::Structure,
        summary: "Weighted sums of groups of inputs, each group with weights of its own.",
        formula: "z[r,g,u] = Σᵢ W[g,u,i] x[r,g,i] + b[g,u]",
        partials: &[
            Partial { by: "x", formula: "∂z[g,u]/∂x[g,i] = W[g,u,i], of other groups 0" },
            Partial { by: "W", formula: "∂z[g,u]/∂W[g,u,i] = x[g,i]" },
            Partial { by: "b", formula: "∂z[g,u]/∂b[g,u] = 1" },
        ],
        kinks: &[],
        constants: &[],
        source: "Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features, NeurIPS 2022 (a linear layer for each column)",
    };

    pub(super) fn entry<S: Scalar>() -> Entry<S> {
        Entry { about: &Self::ABOUT, make: |_| Arc::new(GroupedAffine) }
    }
}

/// Groups, inputs of each and units of each, from all inputs, all units and the numbers in W.
fn extents(inputs: usize, units: usize, weights: usize) -> (usize, usize, usize) {
    let m = weights / units;
    let groups = inputs / m;
    (groups, m, units / groups)
}

impl<S: Scalar> Op<S> for GroupedAffine {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn shape(&self, inputs: &[Shape]) -> Result<Shape, ShapeError> {
        let fits = |n: usize, units: usize, m: usize| n.is_multiple_of(m) && units.is_multiple_of(n / m);
        match inputs {
            [Shape::Rows(n), Shape::Parameter(units, m)] if fits(*n, *units, *m) => Ok(Shape::Rows(*units)),
            [Shape::Rows(n), Shape::Parameter(units, m), Shape::Parameter(1, b)] if fits(*n, *units, *m) && units == b => {
                Ok(Shape::Rows(*units))
            }
            _ => Err(ShapeError::new("x: rows × groups·m, W: groups·units × m, b: 1 × groups·units or none", inputs)),
        }
    }

    fn forward(&self, x: Inputs<'_, S>, _saved: &mut [S], out: &mut [S]) {
        let (n, w) = (x.rows(), x.get(1));
        let (groups, m, units) = extents(x.size(0), x.width(), w.len());
        for g in 0..groups {
            let b = (x.len() == 3).then(|| &x.get(2)[g * units..][..units]);
            let (x, w, out) = (&x.get(0)[g * m * n..][..m * n], &w[g * units * m..][..units * m], &mut out[g * units * n..][..units * n]);
            dense::affine(n, m, units, x, w, b, out);
        }
    }

    fn partial(&self, wrt: usize, at: Site<'_, S>, upstream: &[S], grad: &mut [S]) {
        let x = at.inputs;
        let (n, w) = (x.rows(), x.get(1));
        if wrt == 2 {
            return dense::bias_gradient(n, upstream, grad, true);
        }
        let (groups, m, units) = extents(x.size(0), x.width(), w.len());
        for g in 0..groups {
            let upstream = &upstream[g * units * n..][..units * n];
            let (inputs, weights) = (g * m * n..(g + 1) * m * n, g * units * m..(g + 1) * units * m);
            match wrt {
                0 => dense::input_gradient(n, m, units, upstream, &w[weights], &mut grad[inputs], true, None),
                _ => narrow::weight_gradient(n, m, units, upstream, &x.get(0)[inputs], &mut grad[weights], true),
            }
        }
    }

    fn reach(&self, wrt: usize, index: usize, inputs: &[Shape]) -> Range<usize> {
        let (n, w) = (inputs[0].size(), inputs[1]);
        let all = self.units(inputs);
        let (_, m, units) = extents(n, all, w.size());
        match wrt {
            0 => index / m * units..(index / m + 1) * units,
            1 => index / m..index / m + 1,
            _ => index..index + 1,
        }
    }

    fn local(&self, wrt: usize, index: usize, k: usize, inputs: &[Shape]) -> Local {
        let (_, m, units) = extents(inputs[0].size(), self.units(inputs), inputs[1].size());
        match wrt {
            0 => Local::Input { which: 1, index: k * m + index % m },
            1 => Local::Input { which: 0, index: k / units * m + index % m },
            _ => Local::One,
        }
    }

    fn terms(&self, k: usize, row: &Row<'_>) -> Vec<Written> {
        let (_, m, units) = extents(row.inputs[0].len(), row.out.len(), row.inputs[1].len());
        let pairs = (0..m).map(|i| (Operand::Input(1, k * m + i), Operand::Input(0, k / units * m + i)));
        Written::weighted_sum(pairs, row.inputs.get(2).map(|_| Operand::Input(2, k)))
    }

    fn numpy(&self, inputs: &[Shape]) -> Option<Numpy> {
        let all = self.units(inputs);
        let (g, m, u) = extents(inputs[0].size(), all, inputs[1].size());
        let bias = if inputs.len() == 3 { " + {2}" } else { "" };
        let sums = format!("np.einsum(\"rgi,gui->rgu\", {{0}}.reshape(-1, {g}, {m}), {{1}}.reshape({g}, {u}, {m}))");
        let back = format!("np.einsum(\"rgu,gui->rgi\", {{up}}.reshape(-1, {g}, {u}), {{1}}.reshape({g}, {u}, {m}))");
        let says = format!("# {g} groups of {m} numbers, each with {u} weighted sums of its own.");
        let forward = [says.as_str(), &format!("{{out}} = {sums}.reshape(-1, {all}){bias}")];
        Some(Numpy::new(&forward, &[&format!("{back}.reshape(-1, {})", g * m)]))
    }

    fn plain(&self, x: &[&[Dual]], out: &mut [Dual]) {
        Op::<S>::plain_some(self, x, 0..out.len(), out);
    }

    fn plain_some(&self, x: &[&[Dual]], some: Range<usize>, out: &mut [Dual]) {
        let m = x[1].len() / out.len();
        let units = out.len() * m / x[0].len();
        for (u, (out, w)) in out.iter_mut().zip(x[1].chunks_exact(m)).enumerate().take(some.end).skip(some.start) {
            let group = &x[0][u / units * m..][..m];
            let sum = group.iter().zip(w).fold(Dual::fixed(0.0), |sum, (x, w)| sum.add(&x.multiply(w)));
            *out = x.get(2).map_or(sum, |b| sum.add(&b[u]));
        }
    }
}

impl GroupedAffine {
    /// Units of all groups.
    fn units(&self, inputs: &[Shape]) -> usize {
        if let Shape::Parameter(units, _) = inputs[1] { units } else { 0 }
    }
}
