//! One function over slices, and its derivative beside it.
//!
//! Functions are written in f64. Over f32 slices each number is widened, computed and rounded once at the
//! end, so an f32 result is within 0.51 ulp of the exact one wherever the f64 result is within 2^-34. Where
//! that can be had in less time than all of f64's digits, a function has a short form.

use crate::Scalar;
use crate::dispatch::for_every_level;

/// Numbers that are done in place rather than in a call, where the arithmetic is plain.
const SMALL: usize = 8;

/// A function of one number with its derivative. Mark `at` `#[inline(always)]` and keep it free
/// of branches, so that the loops below run several numbers at a time.
pub trait Unary {
    /// (value, derivative) at `z`
    fn at(&self, z: f64) -> (f64, f64);
    /// (value, derivative) at `z`, an f32 that was widened, with the digits an f32 result needs
    #[inline(always)]
    fn short(&self, z: f64) -> (f64, f64) {
        self.at(z)
    }
}

/// (value, derivative) of `f` at `z`, with the digits a result in `S` needs
#[inline(always)]
pub(crate) fn both<F: Unary, S: Scalar>(f: &F, z: S) -> (f64, f64) {
    if S::SHORT { f.short(z.to_f64()) } else { f.at(z.to_f64()) }
}

/// A function of two numbers, a prediction `a` and a target `y`, with its derivative by `a`.
/// The same rules as for [`Unary`] hold.
pub trait Binary {
    /// (value, derivative by `a`) at (`a`, `y`)
    fn at(&self, a: f64, y: f64) -> (f64, f64);
}

for_every_level! {
    /// `out[i]` = f(`z[i]`)
    pub fn map[F: Unary, S: Scalar](f: &F, z: &[S], out: &mut [S]) {
        for (out, &z) in out.iter_mut().zip(z) {
            *out = S::from_f64(both(f, z).0);
        }
    }
}

for_every_level! {
    /// `out[i]` = f(`z[i]`), `slope[i]` = f′(`z[i]`)
    pub fn map_with_slope[F: Unary, S: Scalar](f: &F, z: &[S], out: &mut [S], slope: &mut [S]) {
        for ((out, slope), &z) in out.iter_mut().zip(slope).zip(z) {
            let (value, derivative) = both(f, z);
            *out = S::from_f64(value);
            *slope = S::from_f64(derivative);
        }
    }
}

for_every_level! {
    /// `out[i]` = 0
    pub fn zero[S: Scalar](out: &mut [S]) {
        for out in out {
            *out = S::ZERO;
        }
    }
}

for_every_level! {
    /// `grad[i]` += `upstream[i]` · f′(`z[i]`)
    pub fn add_slope[F: Unary, S: Scalar](f: &F, z: &[S], upstream: &[S], grad: &mut [S]) {
        for ((grad, &upstream), &z) in grad.iter_mut().zip(upstream).zip(z) {
            *grad += upstream * S::from_f64(both(f, z).1);
        }
    }
}

for_every_level! {
    /// `grad[i]` += `upstream[i]` · `factor[i]`
    pub fn add_product[S: Scalar](upstream: &[S], factor: &[S], grad: &mut [S]) small if (grad.len() <= SMALL) {
        for ((grad, &upstream), &factor) in grad.iter_mut().zip(upstream).zip(factor) {
            *grad += upstream * factor;
        }
    }
}

for_every_level! {
    /// `grad[i]` += `upstream[i]`
    pub fn add[S: Scalar](upstream: &[S], grad: &mut [S]) small if (grad.len() <= SMALL) {
        for (grad, &upstream) in grad.iter_mut().zip(upstream) {
            *grad += upstream;
        }
    }
}

for_every_level! {
    /// `out[r]` = Σ over columns of f(`a[r,c]`, `y[r,c]`), `slope[r,c]` = ∂f/∂a.
    /// `a`, `y`, `slope`: rows × columns; `out`: rows; `slope` may be empty when not wanted.
    pub fn sum_pairs[F: Binary, S: Scalar](f: &F, columns: usize, a: &[S], y: &[S], out: &mut [S], slope: &mut [S]) {
        for (r, out) in out.iter_mut().enumerate() {
            let (a, y) = (&a[r * columns..][..columns], &y[r * columns..][..columns]);
            let mut sum = 0.0;
            if slope.is_empty() {
                for (&a, &y) in a.iter().zip(y) {
                    sum += f.at(a.to_f64(), y.to_f64()).0;
                }
            } else {
                for ((&a, &y), slope) in a.iter().zip(y).zip(&mut slope[r * columns..][..columns]) {
                    let (value, derivative) = f.at(a.to_f64(), y.to_f64());
                    sum += value;
                    *slope = S::from_f64(derivative);
                }
            }
            *out = S::from_f64(sum);
        }
    }
}

for_every_level! {
    /// `grad[r,c]` += `upstream[r]` · `factor[r,c]`; `factor`, `grad`: rows × columns
    pub fn add_row_scaled[S: Scalar](columns: usize, upstream: &[S], factor: &[S], grad: &mut [S]) small if (grad.len() <= SMALL) {
        for (r, &upstream) in upstream.iter().enumerate() {
            let (factor, grad) = (&factor[r * columns..][..columns], &mut grad[r * columns..][..columns]);
            for (grad, &factor) in grad.iter_mut().zip(factor) {
                *grad += upstream * factor;
            }
        }
    }
}
