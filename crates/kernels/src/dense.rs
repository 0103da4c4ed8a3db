//! The products of a dense layer, whatever its size: narrow ones by our own loops, wide ones as matrix products.
//!
//! A block of rows lies unit after unit, the rows of each side by side: width × rows.

use crate::narrow::{self, NARROW};
use crate::product::{matrix_vector, vector_matrix};
use crate::{Scalar, pointwise, wide};

/// Whether a layer's weight gradient is taken from inputs that lie row after row.
#[inline(always)]
pub fn is_wide(inputs: usize, units: usize) -> bool {
    inputs * units >= NARROW
}

/// `z[u,r]` = Σᵢ `w[u,i]` · `x[i,r]` + `b[u]`
/// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
#[inline]
pub fn affine<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    let product = if is_wide(inputs, units) { wide::affine } else { narrow::affine };
    product(rows, inputs, units, x, w, b, z);
}

/// `dx[i,r]` = Σᵤ `w[u,i]` · `delta[u,r]`, or += where `add`; then times `slope[i,r]`, [flushed](Scalar::flushed), where there is a
/// slope
/// `delta`: units × rows, `w`: units × inputs, `dx`, `slope`: inputs × rows
#[inline]
#[allow(clippy::too_many_arguments)]
pub fn input_gradient<S: Scalar>(
    rows: usize,
    inputs: usize,
    units: usize,
    delta: &[S],
    w: &[S],
    dx: &mut [S],
    add: bool,
    slope: Option<&[S]>,
) {
    if is_wide(inputs, units) {
        return wide::input_gradient(rows, inputs, units, delta, w, dx, add, slope);
    }
    narrow::input_gradient(rows, inputs, units, delta, w, dx, add);
    times(slope, dx);
}

/// `db[u]` = Σᵣ `delta[u,r]`, or += where `add`
/// `delta`: units × rows, `db`: units
#[inline]
pub fn bias_gradient<S: Scalar>(rows: usize, delta: &[S], db: &mut [S], add: bool) {
    narrow::bias_gradient(rows, delta, db, add);
}

/// The inputs of a layer, as its weight gradient wants them.
#[derive(Clone, Copy)]
pub enum LayerInputs<'a, S> {
    /// inputs × rows
    ByInput(&'a [S]),
    /// rows × inputs
    ByRow(&'a [S]),
}

/// `dw[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]`, or += where `add`
/// `delta`: units × rows, `dw`: units × inputs
#[inline]
pub fn weight_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], x: LayerInputs<'_, S>, dw: &mut [S], add: bool) {
    match x {
        LayerInputs::ByInput(x) => narrow::weight_gradient(rows, inputs, units, delta, x, dw, add),
        LayerInputs::ByRow(x) => wide::weight_gradient(rows, inputs, units, delta, x, dw, add),
    }
}

/// [`affine`] of a row that is a whole batch: faster, and where the layer is wide in another order of summation.
#[inline]
pub fn affine_alone<S: Scalar>(inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    if !is_wide(inputs, units) {
        return narrow::affine(1, inputs, units, x, w, b, z);
    }
    if let Some(b) = b {
        z[..units].copy_from_slice(b);
    }
    matrix_vector(units, inputs, w, x, z, b.is_some());
}

fn times<S: Scalar>(slope: Option<&[S]>, dx: &mut [S]) {
    if let Some(slope) = slope {
        pointwise::multiply(slope, dx);
    }
}

/// [`input_gradient`] of a row that is a whole batch.
#[inline]
pub fn input_gradient_alone<S: Scalar>(inputs: usize, units: usize, delta: &[S], w: &[S], dx: &mut [S], add: bool, slope: Option<&[S]>) {
    if is_wide(inputs, units) {
        vector_matrix(units, inputs, w, delta, dx, add);
    } else {
        narrow::input_gradient(1, inputs, units, delta, w, dx, add);
    }
    times(slope, dx);
}

/// [`weight_gradient`] of a row that is a whole batch.
#[inline]
pub fn weight_gradient_alone<S: Scalar>(inputs: usize, units: usize, delta: &[S], x: &[S], dw: &mut [S], add: bool) {
    narrow::weight_gradient(1, inputs, units, delta, x, dw, add);
}
