//! One function over slices, and its derivative beside it.
//!
//! Functions are written in f64. Over f32 slices each number is widened, computed and rounded once at the
//! end, so an f32 result is within 0.51 ulp of the exact one wherever the f64 result is within 2^-34. Where
//! that can be had in less time than all of f64's digits, a function has a short form; that of tanh is computed in f32.

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
    /// The largest size of the numbers that `modest` takes; 0 if it takes none
    const MODEST: f64 = 0.0;
    /// [`short`](Unary::short) for numbers of modest size, to the bit, in less time: what is done where no number of a run of f32 is
    /// larger
    #[inline(always)]
    fn modest(&self, z: f64) -> (f64, f64) {
        self.short(z)
    }
}

/// (value, derivative) of `f` at `z`, with the digits a result in `S` needs
#[inline(always)]
pub(crate) fn both<F: Unary, S: Scalar>(f: &F, z: S) -> (f64, f64) {
    if S::SHORT { f.short(z.to_f64()) } else { f.at(z.to_f64()) }
}

/// Numbers that are looked at together whether they are of modest size.
const RUN: usize = 64;

/// The largest size there is among numbers that are f32; NaN if one is NaN.
#[inline(always)]
fn largest<S: Scalar>(z: &[S]) -> f64 {
    // The bits of sizes are in their order, those of NaN above all.
    let most = z.iter().fold(0, |most, z| most.max((z.to_f64() as f32).abs().to_bits()));
    f32::from_bits(most).into()
}

/// How many of `n` numbers lie in whole runs that are looked at together; none where it makes no difference.
#[inline(always)]
fn in_runs<F: Unary, S: Scalar>(n: usize) -> usize {
    if S::SHORT && F::MODEST > 0.0 { n / RUN * RUN } else { 0 }
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
        let runs = in_runs::<F, S>(z.len());
        let ((z, rest), (out, out_rest)) = (z.split_at(runs), out.split_at_mut(runs));
        for (z, out) in z.as_chunks().0.iter().zip(out.as_chunks_mut().0) {
            run_leaving_slope(f, &mut { *z }, out);
        }
        for (out, &z) in out_rest.iter_mut().zip(rest) {
            *out = S::from_f64(both(f, z).0);
        }
    }
}

for_every_level! {
    /// `out[i]` = f(`z[i]`), `slope[i]` = f′(`z[i]`)
    pub fn map_with_slope[F: Unary, S: Scalar](f: &F, z: &[S], out: &mut [S], slope: &mut [S]) {
        let runs = in_runs::<F, S>(z.len());
        let ((z, rest), (out, out_rest)) = (z.split_at(runs), out.split_at_mut(runs));
        let (slope, slope_rest) = slope.split_at_mut(runs);
        for ((z, out), slope) in z.as_chunks().0.iter().zip(out.as_chunks_mut().0).zip(slope.as_chunks_mut().0) {
            *slope = *z;
            run_leaving_slope(f, slope, out);
        }
        for ((out, slope), &z) in out_rest.iter_mut().zip(slope_rest).zip(rest) {
            let (value, derivative) = both(f, z);
            *out = S::from_f64(value);
            *slope = S::from_f64(derivative);
        }
    }
}

/// [`map_leaving_slope`] of any numbers.
#[inline(always)]
fn leave_slope<F: Unary, S: Scalar>(f: &F, z: &mut [S], out: &mut [S]) {
    for (out, z) in out.iter_mut().zip(z) {
        let (value, derivative) = both(f, *z);
        (*out, *z) = (S::from_f64(value), S::from_f64(derivative));
    }
}

/// [`map_leaving_slope`] of modest numbers, a multiple of 4 of them: those of each quarter side by side, as a constant that no register is
/// left for is then fetched once for all, and none waits for another.
#[inline(always)]
fn leave_slope_of_modest<F: Unary, S: Scalar>(f: &F, z: &mut [S], out: &mut [S]) {
    let ([z_a, z_b, z_c, z_d], [a, b, c, d]) = (quarters(z), quarters(out));
    for i in 0..a.len() {
        let both = [z_a[i], z_b[i], z_c[i], z_d[i]].map(|z| f.modest(z.to_f64()));
        [a[i], b[i], c[i], d[i]] = both.map(|(value, _)| S::from_f64(value));
        [z_a[i], z_b[i], z_c[i], z_d[i]] = both.map(|(_, slope)| S::from_f64(slope));
    }
}

#[inline(always)]
fn quarters<S>(numbers: &mut [S]) -> [&mut [S]; 4] {
    let (left, right) = numbers.split_at_mut(numbers.len() / 2);
    let ((a, b), (c, d)) = (left.split_at_mut(left.len() / 2), right.split_at_mut(right.len() / 2));
    [a, b, c, d]
}

/// [`map_leaving_slope`] of a run.
#[inline(always)]
fn run_leaving_slope<F: Unary, S: Scalar>(f: &F, z: &mut [S; RUN], out: &mut [S; RUN]) {
    if largest(z) <= F::MODEST {
        leave_slope_of_modest(f, z, out);
    } else {
        leave_slope(f, z, out);
    }
}

for_every_level! {
    /// `out[i]` = f(`z[i]`), `z[i]` = f′(`z[i]`)
    pub fn map_leaving_slope[F: Unary, S: Scalar](f: &F, z: &mut [S], out: &mut [S]) {
        let runs = in_runs::<F, S>(z.len());
        let ((z, rest), (out, out_rest)) = (z.split_at_mut(runs), out.split_at_mut(runs));
        for (z, out) in z.as_chunks_mut().0.iter_mut().zip(out.as_chunks_mut().0) {
            run_leaving_slope(f, z, out);
        }
        leave_slope(f, rest, out_rest);
    }
}

for_every_level! {
    /// [`map_with_slope`] of just two numbers, which come in registers; what comes of them is stored as one, so that the caller, who
    /// knows nothing of wide registers, can read it before it reaches memory.
    pub fn pair_with_slope[F: Unary, S: Scalar](f: &F, first: S, second: S, out: &mut [S; 2], slope: &mut [S; 2]) {
        let (first, second) = (both(f, first), both(f, second));
        *out = [S::from_f64(first.0), S::from_f64(second.0)];
        *slope = [S::from_f64(first.1), S::from_f64(second.1)];
    }
}

for_every_level! {
    /// The same of four.
    pub fn four_with_slope[F: Unary, S: Scalar](f: &F, first: S, second: S, third: S, fourth: S, out: &mut [S; 4], slope: &mut [S; 4]) {
        let (first, second, third, fourth) = (both(f, first), both(f, second), both(f, third), both(f, fourth));
        *out = [S::from_f64(first.0), S::from_f64(second.0), S::from_f64(third.0), S::from_f64(fourth.0)];
        *slope = [S::from_f64(first.1), S::from_f64(second.1), S::from_f64(third.1), S::from_f64(fourth.1)];
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

/// Σₖ f(`a[k]`, `y[k]`) of one row, `slope[k]` = ∂f/∂a: [`sum_pairs`] of just a few numbers.
#[inline]
pub fn sum_few_pairs<F: Binary, S: Scalar>(f: &F, a: &[S], y: &[S], slope: &mut [S]) -> S {
    debug_assert!(a.len() == y.len() && a.len() == slope.len(), "a target and a slope for each number");
    // So that no length is looked at again.
    let (y, slope) = (&y[..a.len()], &mut slope[..a.len()]);
    let mut sum = 0.0;
    let mut one = |a: S, y: S| {
        let (value, derivative) = f.at(a.to_f64(), y.to_f64());
        sum += value;
        S::from_f64(derivative)
    };
    // Two by two, as the slopes are read.
    let ((pairs, last), (y_pairs, last_y)) = (a.as_chunks::<2>(), y.as_chunks::<2>());
    let (slope_pairs, last_slope) = slope.as_chunks_mut::<2>();
    for ((a, y), slope) in pairs.iter().zip(y_pairs).zip(slope_pairs) {
        *slope = [one(a[0], y[0]), one(a[1], y[1])];
    }
    if let ([a], [y], [slope]) = (last, last_y, last_slope) {
        *slope = one(*a, *y);
    }
    S::from_f64(sum)
}

/// Rows whose sums are kept at a time.
const ROWS: usize = 64;

for_every_level! {
    /// `out[r]` = Σₖ f(`a[k,r]`, `y[k,r]`), `slope[k,r]` = ∂f/∂a.
    /// `a`, `y`, `slope`: columns × rows; `out`: rows; `slope` may be empty when not wanted.
    pub fn sum_pairs[F: Binary, S: Scalar](f: &F, a: &[S], y: &[S], out: &mut [S], slope: &mut [S]) small if (a.len() <= SMALL) {
        let rows = out.len();
        for (part, out) in out.chunks_mut(ROWS).enumerate() {
            let mut sums = [0.0; ROWS];
            for (k, (a, y)) in a.chunks_exact(rows).zip(y.chunks_exact(rows)).enumerate() {
                let (a, y) = (&a[part * ROWS..][..out.len()], &y[part * ROWS..][..out.len()]);
                if slope.is_empty() {
                    for ((&a, &y), sum) in a.iter().zip(y).zip(&mut sums) {
                        *sum += f.at(a.to_f64(), y.to_f64()).0;
                    }
                } else {
                    let slope = &mut slope[k * rows + part * ROWS..][..out.len()];
                    for (((&a, &y), sum), slope) in a.iter().zip(y).zip(&mut sums).zip(slope) {
                        let (value, derivative) = f.at(a.to_f64(), y.to_f64());
                        *sum += value;
                        *slope = S::from_f64(derivative);
                    }
                }
            }
            for (out, &sum) in out.iter_mut().zip(&sums) {
                *out = S::from_f64(sum);
            }
        }
    }
}

for_every_level! {
    /// `grad[k,r]` += `upstream[r]` · `factor[k,r]`; `factor`, `grad`: columns × rows
    pub fn add_row_scaled[S: Scalar](upstream: &[S], factor: &[S], grad: &mut [S]) small if (grad.len() <= SMALL) {
        let rows = upstream.len();
        for (factor, grad) in factor.chunks_exact(rows).zip(grad.chunks_exact_mut(rows)) {
            for ((grad, &factor), &upstream) in grad.iter_mut().zip(factor).zip(upstream) {
                *grad += upstream * factor;
            }
        }
    }
}

for_every_level! {
    /// `upstream[i]` ·= `slope[i]`, [flushed](Scalar::flushed)
    pub fn multiply[S: Scalar](slope: &[S], upstream: &mut [S]) small if (upstream.len() <= SMALL) {
        for (upstream, &slope) in upstream.iter_mut().zip(slope) {
            *upstream = (*upstream * slope).flushed();
        }
    }
}

for_every_level! {
    /// `numbers[i]` ·= `factor`
    pub fn scale[S: Scalar](factor: S, numbers: &mut [S]) small if (numbers.len() <= SMALL) {
        for number in numbers {
            *number = *number * factor;
        }
    }
}
