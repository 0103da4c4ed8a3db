//! One row through a layer, forward and back: each weight is used once, so memory sets the pace.

use super::{holds, plain};
use crate::Scalar;
use crate::dispatch::{Level, level};

/// Bytes of partial sums in [`matrix_vector`].
const PARTIAL: usize = 64;

/// `out[u]` = Σᵢ `w[u,i]` · `x[i]`, or += with `add`
/// `w`: units × inputs, `x`: inputs, `out`: units
///
/// Sixteen partial sums in f32 and eight in f64, the term of i going to sum i modulo their number by a fused multiply-add; then the
/// upper half of the sums is added to the lower until one is left. The same on AVX2 and AVX-512.
pub fn matrix_vector<S: Scalar>(units: usize, inputs: usize, w: &[S], x: &[S], out: &mut [S], add: bool) {
    matrix_vector_at(level(), units, inputs, w, x, out, add);
}

pub(super) fn matrix_vector_at<S: Scalar>(level: Level, units: usize, inputs: usize, w: &[S], x: &[S], out: &mut [S], add: bool) {
    let (x, out) = (&x[..inputs], &mut out[..units]);
    if units == 0 || inputs == 0 {
        return if !add {
            out.fill(S::ZERO)
        };
    }
    holds("weight", w.len(), (units, inputs), (inputs, 1));
    #[cfg(target_arch = "x86_64")]
    {
        let (w, x, out) = (w.as_ptr(), x.as_ptr(), out.as_mut_ptr());
        // SAFETY: the slices hold the extents, as seen above; the level was found on this machine.
        unsafe { super::call!(level, S, simd::matrix_vector(units, inputs, w.cast(), x.cast(), out.cast(), add)) };
    }
    let _ = level;
    for (w, out) in w.chunks_exact(inputs).zip(out) {
        let mut sums = [S::ZERO; PARTIAL / 4];
        let lanes = PARTIAL / size_of::<S>();
        for (i, (&w, &x)) in w.iter().zip(x).enumerate() {
            sums[i % lanes] += w * x;
        }
        let sum = fold(&mut sums[..lanes]);
        *out = if add { *out + sum } else { sum };
    }
}

/// Adds the upper half to the lower until one number is left.
#[inline(always)]
fn fold<S: Scalar>(sums: &mut [S]) -> S {
    let mut half = sums.len() / 2;
    while half > 0 {
        for i in 0..half {
            sums[i] += sums[i + half];
        }
        half /= 2;
    }
    sums[0]
}

/// `dx[i]` = Σᵤ `w[u,i]` · `d[u]`, or += with `add`: one chain of fused multiply-adds over u, as in [`super::product`]
/// `w`: units × inputs, `d`: units, `dx`: inputs
pub fn vector_matrix<S: Scalar>(units: usize, inputs: usize, w: &[S], d: &[S], dx: &mut [S], add: bool) {
    vector_matrix_at(level(), units, inputs, w, d, dx, add);
}

pub(super) fn vector_matrix_at<S: Scalar>(level: Level, units: usize, inputs: usize, w: &[S], d: &[S], dx: &mut [S], add: bool) {
    let (d, dx) = (&d[..units], &mut dx[..inputs]);
    if units == 0 || inputs == 0 {
        return if !add {
            dx.fill(S::ZERO)
        };
    }
    holds("weight", w.len(), (units, inputs), (inputs, 1));
    #[cfg(target_arch = "x86_64")]
    {
        let (w, d, dx) = (w.as_ptr(), d.as_ptr(), dx.as_mut_ptr());
        // SAFETY: the slices hold the extents, as seen above; the level was found on this machine.
        unsafe { super::call!(level, S, simd::vector_matrix(units, inputs, w.cast(), d.cast(), dx.cast(), add)) };
    }
    let _ = level;
    if !add {
        dx.fill(S::ZERO);
    }
    for (w, &d) in w.chunks_exact(inputs).zip(d) {
        plain::multiply_add(d, w, dx);
    }
}

#[cfg(target_arch = "x86_64")]
mod simd {
    use super::super::vector::{Number, Vector, both_levels};
    use super::{PARTIAL, fold};
    use crate::Scalar;

    both_levels!(matrix_vector = matrix_vector_(units: usize, inputs: usize, w: *const Number<V>, x: *const Number<V>, out: *mut Number<V>, add: bool));
    both_levels!(vector_matrix = vector_matrix_(units: usize, inputs: usize, w: *const Number<V>, d: *const Number<V>, dx: *mut Number<V>, add: bool));

    #[inline(always)]
    unsafe fn matrix_vector_<V: Vector>(
        units: usize,
        inputs: usize,
        w: *const V::Number,
        x: *const V::Number,
        out: *mut V::Number,
        add: bool,
    ) {
        let mut u = 0;
        // SAFETY: rows u to units of w: the caller's.
        unsafe {
            while u < units {
                let (w, out) = (w.add(u * inputs), out.add(u));
                u += if units - u >= 4 { rows::<V, 4>(inputs, w, x, out, add) } else { rows::<V, 1>(inputs, w, x, out, add) };
            }
        }
    }

    /// R rows at once, so that one waits for no sum of another.
    #[inline(always)]
    unsafe fn rows<V: Vector, const R: usize>(
        inputs: usize,
        w: *const V::Number,
        x: *const V::Number,
        out: *mut V::Number,
        add: bool,
    ) -> usize {
        // One register on AVX-512, two on AVX2.
        let registers = PARTIAL / size_of::<V>();
        let lanes = registers * V::LANES;
        // SAFETY: whole registers up to `inputs` less a remainder, and that under masks: within the rows the caller vouches for.
        unsafe {
            let mut sums = [[V::zero(); 2]; R];
            let mut i = 0;
            while i + lanes <= inputs {
                for g in 0..registers {
                    let at = i + g * V::LANES;
                    let x = V::load(x.add(at));
                    for (r, sums) in sums.iter_mut().enumerate() {
                        sums[g] = V::load(w.add(r * inputs + at)).multiply_add(x, sums[g]);
                    }
                }
                i += lanes;
            }
            for g in 0..registers {
                let at = i + g * V::LANES;
                if at < inputs {
                    let mask = V::mask((inputs - at).min(V::LANES));
                    let x = V::load_part(x.add(at), mask);
                    for (r, sums) in sums.iter_mut().enumerate() {
                        sums[g] = V::load_part(w.add(r * inputs + at), mask).multiply_add(x, sums[g]);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let mut numbers = [V::Number::ZERO; PARTIAL / 4];
                for (sums, to) in sums.iter().zip(numbers[..lanes].chunks_exact_mut(V::LANES)) {
                    sums.store(to.as_mut_ptr());
                }
                let sum = fold(&mut numbers[..lanes]);
                let out = &mut *out.add(r);
                *out = if add { *out + sum } else { sum };
            }
        }
        R
    }

    #[inline(always)]
    unsafe fn vector_matrix_<V: Vector>(
        units: usize,
        inputs: usize,
        w: *const V::Number,
        d: *const V::Number,
        dx: *mut V::Number,
        add: bool,
    ) {
        let mut u = 0;
        // SAFETY: rows u to units of w: the caller's.
        unsafe {
            while u < units {
                let (w, d, add) = (w.add(u * inputs), d.add(u), add || u > 0);
                u += if units - u >= 8 { add_rows::<V, 8>(inputs, w, d, dx, add) } else { add_rows::<V, 1>(inputs, w, d, dx, add) };
            }
        }
    }

    /// Adds R rows to the result while it is in registers.
    #[inline(always)]
    unsafe fn add_rows<V: Vector, const R: usize>(
        inputs: usize,
        w: *const V::Number,
        d: *const V::Number,
        dx: *mut V::Number,
        add: bool,
    ) -> usize {
        // SAFETY: whole registers up to `inputs` less a remainder, and that under a mask: within the rows the caller vouches for.
        unsafe {
            let mut factors = [V::zero(); R];
            for (r, factor) in factors.iter_mut().enumerate() {
                *factor = V::splat(*d.add(r));
            }
            let mut i = 0;
            while i + V::LANES <= inputs {
                let mut sum = if add { V::load(dx.add(i)) } else { V::zero() };
                for (r, &factor) in factors.iter().enumerate() {
                    sum = V::load(w.add(r * inputs + i)).multiply_add(factor, sum);
                }
                sum.store(dx.add(i));
                i += V::LANES;
            }
            if i < inputs {
                let mask = V::mask(inputs - i);
                let mut sum = if add { V::load_part(dx.add(i), mask) } else { V::zero() };
                for (r, &factor) in factors.iter().enumerate() {
                    sum = V::load_part(w.add(r * inputs + i), mask).multiply_add(factor, sum);
                }
                sum.store_part(dx.add(i), mask);
            }
        }
        R
    }
}
