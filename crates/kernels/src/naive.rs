//! Every product once more, as the formula reads. Slow, short, and what the others are held to.
//!
//! Blocks of rows lie as everywhere: width × rows, all rows of one number side by side.

use crate::Scalar;

/// `z[u,r]` = Σᵢ `x[i,r]` · `w[u,i]` + `b[u]`
/// `x`: inputs × rows, `w`: units × inputs, `b`: units or none, `z`: units × rows
pub fn affine<S: Scalar>(rows: usize, inputs: usize, units: usize, x: &[S], w: &[S], b: Option<&[S]>, z: &mut [S]) {
    for u in 0..units {
        for r in 0..rows {
            let mut sum = S::ZERO;
            for i in 0..inputs {
                sum += x[i * rows + r] * w[u * inputs + i];
            }
            z[u * rows + r] = b.map_or(sum, |b| sum + b[u]);
        }
    }
}

/// `dx[i,r]` = Σᵤ `delta[u,r]` · `w[u,i]`, or += where `add`
/// `delta`: units × rows, `w`: units × inputs, `dx`: inputs × rows
pub fn input_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], w: &[S], dx: &mut [S], add: bool) {
    for i in 0..inputs {
        for r in 0..rows {
            let mut sum = S::ZERO;
            for u in 0..units {
                sum += delta[u * rows + r] * w[u * inputs + i];
            }
            let place = &mut dx[i * rows + r];
            *place = if add { *place + sum } else { sum };
        }
    }
}

/// `dw[u,i]` = Σᵣ `delta[u,r]` · `x[i,r]`, or += where `add`
/// `delta`: units × rows, `x`: inputs × rows, `dw`: units × inputs
pub fn weight_gradient<S: Scalar>(rows: usize, inputs: usize, units: usize, delta: &[S], x: &[S], dw: &mut [S], add: bool) {
    for u in 0..units {
        for i in 0..inputs {
            let place = &mut dw[u * inputs + i];
            let mut sum = if add { *place } else { S::ZERO };
            for r in 0..rows {
                sum += delta[u * rows + r] * x[i * rows + r];
            }
            *place = sum;
        }
    }
}

/// `db[u]` = Σᵣ `delta[u,r]`, or += where `add`
/// `delta`: units × rows, `db`: units
pub fn bias_gradient<S: Scalar>(rows: usize, delta: &[S], db: &mut [S], add: bool) {
    for (u, db) in db.iter_mut().enumerate() {
        let mut sum = if add { *db } else { S::ZERO };
        for r in 0..rows {
            sum += delta[u * rows + r];
        }
        *db = sum;
    }
}
