//! One register of numbers: AVX2 and AVX-512, f32 and f64.

use super::tile::{Kernel, avx2, avx512};
use crate::Scalar;
use std::arch::x86_64::*;

/// Compiles a body, generic in its register V, for both instruction sets and both number types, here and nowhere else:
/// `name::avx2_f32::run` and so on. In the types of the arguments the numbers are `Number<V>`.
macro_rules! both_levels {
    ($name:ident = $body:ident($($a:ident: $t:ty),* $(,)?)) => {
        pub(super) mod $name {
            $crate::product::vector::both_levels!(@ avx512_f32, __m512, "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma", $body($($a: $t),*));
            $crate::product::vector::both_levels!(@ avx512_f64, __m512d, "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma", $body($($a: $t),*));
            $crate::product::vector::both_levels!(@ avx2_f32, __m256, "avx2,fma", $body($($a: $t),*));
            $crate::product::vector::both_levels!(@ avx2_f64, __m256d, "avx2,fma", $body($($a: $t),*));
        }
    };
    (@ $level:ident, $v:ident, $features:literal, $body:ident($($a:ident: $t:ty),*)) => {
        pub mod $level {
            use super::super::*;
            type V = std::arch::x86_64::$v;

            /// # Safety
            /// The instruction set is there; the pointers reach as far as the extents tell.
            #[target_feature(enable = $features)]
            pub unsafe fn run($($a: $t),*) {
                // SAFETY: as the caller vouches.
                unsafe { $body::<V>($($a),*) }
            }
        }
    };
}
pub(crate) use both_levels;

/// The numbers in a register V.
pub(crate) type Number<V> = <V as Vector>::Number;

/// A register of `LANES` numbers. All methods need the instruction set of the register.
pub(crate) trait Vector: Copy {
    type Number: Scalar;
    /// Which lanes of a register that is filled in part.
    type Mask: Copy;
    const LANES: usize;
    /// The kernels of tiles two registers wide, by height − 1; as many as there are registers for.
    const WIDE: &[Kernel<Self::Number>];
    /// The same, one register wide.
    const SLIM: &[Kernel<Self::Number>];

    unsafe fn zero() -> Self;
    unsafe fn splat(x: Self::Number) -> Self;
    /// The first `count` lanes.
    unsafe fn mask(count: usize) -> Self::Mask;
    unsafe fn load(from: *const Self::Number) -> Self;
    /// The lanes of the mask; the others are 0 and their memory is not touched.
    unsafe fn load_part(from: *const Self::Number, mask: Self::Mask) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    unsafe fn store_part(self, to: *mut Self::Number, mask: Self::Mask);
    /// `self` · `by` + `plus`, rounded once.
    unsafe fn multiply_add(self, by: Self, plus: Self) -> Self;
    unsafe fn multiply(self, by: Self) -> Self;
    unsafe fn add(self, to: Self) -> Self;
    /// See [`Scalar::flushed`].
    unsafe fn flushed(self) -> Self;
    /// The lanes added up: the upper half to the lower one, until one is left.
    unsafe fn sum(self) -> Self::Number;
}

macro_rules! vector {
    ($v:ident of $t:ident, lanes $lanes:literal, mask $mask:ty = $make:expr, kernels $kernel:ident: wide $($wide:literal)*, slim $($slim:literal)*;
     $zero:ident $splat:ident $load:ident $load_part:ident $store:ident $store_part:ident $multiply_add:ident $multiply:ident $add:ident $flushed:ident $sum:ident) => {
        impl Vector for $v {
            type Number = $t;
            type Mask = $mask;
            const LANES: usize = $lanes;
            const WIDE: &[Kernel<$t>] = &[$($kernel::<$v, $wide, 2>),*];
            const SLIM: &[Kernel<$t>] = &[$($kernel::<$v, $slim, 1>),*];

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn mask(count: usize) -> $mask {
                // SAFETY: the caller has the instruction set.
                unsafe { $make(count) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the caller vouches for LANES numbers.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn load_part(from: *const $t, mask: $mask) -> Self {
                // SAFETY: the caller vouches for the numbers under the mask.
                unsafe { $load_part(mask, from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: the caller vouches for LANES numbers.
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn store_part(self, to: *mut $t, mask: $mask) {
                // SAFETY: the caller vouches for the numbers under the mask.
                unsafe { $store_part(to, mask, self) }
            }
            #[inline(always)]
            unsafe fn multiply_add(self, by: Self, plus: Self) -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $multiply_add(self, by, plus) }
            }
            #[inline(always)]
            unsafe fn multiply(self, by: Self) -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $multiply(self, by) }
            }
            #[inline(always)]
            unsafe fn add(self, to: Self) -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $add(self, to) }
            }
            #[inline(always)]
            unsafe fn flushed(self) -> Self {
                // SAFETY: the caller has the instruction set.
                unsafe { $flushed(self) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $t {
                // SAFETY: the caller has the instruction set.
                unsafe { $sum(self) }
            }
        }
    };
}

vector!(__m512 of f32, lanes 16, mask __mmask16 = mask_of_16,
    kernels avx512: wide 1 2 3 4 5 6 7 8 9 10 11 12, slim 1 2 3 4 5 6 7 8 9 10 11 12;
    _mm512_setzero_ps _mm512_set1_ps _mm512_loadu_ps _mm512_maskz_loadu_ps _mm512_storeu_ps _mm512_mask_storeu_ps _mm512_fmadd_ps _mm512_mul_ps _mm512_add_ps flushed_16 sum_of_16);
vector!(__m512d of f64, lanes 8, mask __mmask8 = bits_of_8,
    kernels avx512: wide 1 2 3 4 5 6 7 8 9 10 11 12, slim 1 2 3 4 5 6 7 8 9 10 11 12;
    _mm512_setzero_pd _mm512_set1_pd _mm512_loadu_pd _mm512_maskz_loadu_pd _mm512_storeu_pd _mm512_mask_storeu_pd _mm512_fmadd_pd _mm512_mul_pd _mm512_add_pd kept_8 sum_of_8_wide);
vector!(__m256 of f32, lanes 8, mask Part = part_of_8,
    kernels avx2: wide 1 2 3 4 5 6, slim 1 2 3 4 5 6 7 8 9 10 11 12;
    _mm256_setzero_ps _mm256_set1_ps _mm256_loadu_ps load_part_of_8 _mm256_storeu_ps store_part_of_8 _mm256_fmadd_ps _mm256_mul_ps _mm256_add_ps flushed_8 sum_of_8);
vector!(__m256d of f64, lanes 4, mask Part = part_of_4,
    kernels avx2: wide 1 2 3 4 5 6, slim 1 2 3 4 5 6 7 8 9 10 11 12;
    _mm256_setzero_pd _mm256_set1_pd _mm256_loadu_pd load_part_of_4 _mm256_storeu_pd store_part_of_4 _mm256_fmadd_pd _mm256_mul_pd _mm256_add_pd kept_4 sum_of_4);

#[inline]
#[target_feature(enable = "avx512f")]
fn mask_of_16(count: usize) -> __mmask16 {
    ((1u32 << count) - 1) as __mmask16
}

#[inline]
#[target_feature(enable = "avx512f")]
fn bits_of_8(count: usize) -> __mmask8 {
    ((1u32 << count) - 1) as __mmask8
}

/// The first lanes of a register of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    mask: __m256i,
    count: usize,
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn part_of_8(count: usize) -> Part {
    Part { mask: _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)), count }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn part_of_4(count: usize) -> Part {
    Part { mask: _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)), count }
}

/// # Safety
/// The lanes of the part lie at the pointer.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_part_of_8(part: Part, from: *const f32) -> __m256 {
    // SAFETY: as the caller vouches.
    unsafe { _mm256_maskload_ps(from, part.mask) }
}

/// # Safety
/// The lanes of the part lie at the pointer.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_part_of_4(part: Part, from: *const f64) -> __m256d {
    // SAFETY: as the caller vouches.
    unsafe { _mm256_maskload_pd(from, part.mask) }
}

/// Four, two and one number at a time: AMD's processors take tens of cycles to store under a mask of AVX2.
///
/// # Safety
/// There is room for the lanes of the part at the pointer.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn store_part_of_8(mut to: *mut f32, part: Part, v: __m256) {
    let mut low = _mm256_castps256_ps128(v);
    // SAFETY: as the caller vouches.
    unsafe {
        if part.count == 8 {
            return _mm256_storeu_ps(to, v);
        }
        if part.count & 4 != 0 {
            _mm_storeu_ps(to, low);
            (to, low) = (to.add(4), _mm256_extractf128_ps::<1>(v));
        }
        if part.count & 2 != 0 {
            _mm_storel_pd(to.cast(), _mm_castps_pd(low));
            (to, low) = (to.add(2), _mm_movehl_ps(low, low));
        }
        if part.count & 1 != 0 {
            _mm_store_ss(to, low);
        }
    }
}

/// [`store_part_of_8`] of four numbers of twice the size.
///
/// # Safety
/// There is room for the lanes of the part at the pointer.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn store_part_of_4(mut to: *mut f64, part: Part, v: __m256d) {
    let mut low = _mm256_castpd256_pd128(v);
    // SAFETY: as the caller vouches.
    unsafe {
        if part.count == 4 {
            return _mm256_storeu_pd(to, v);
        }
        if part.count & 2 != 0 {
            _mm_storeu_pd(to, low);
            (to, low) = (to.add(2), _mm256_extractf128_pd::<1>(v));
        }
        if part.count & 1 != 0 {
            _mm_store_sd(to, low);
        }
    }
}

/// What has a bit in its exponent stays, NaN too.
#[inline]
#[target_feature(enable = "avx512f")]
fn flushed_16(v: __m512) -> __m512 {
    let exponent = _mm512_set1_epi32(f32::INFINITY.to_bits().cast_signed());
    _mm512_maskz_mov_ps(_mm512_test_epi32_mask(_mm512_castps_si512(v), exponent), v)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn flushed_8(v: __m256) -> __m256 {
    let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), v);
    _mm256_and_ps(v, _mm256_cmp_ps::<_CMP_NLT_UQ>(size, _mm256_set1_ps(f32::MIN_POSITIVE)))
}

/// f64 is never flushed.
#[inline]
#[target_feature(enable = "avx512f")]
fn kept_8(v: __m512d) -> __m512d {
    v
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn kept_4(v: __m256d) -> __m256d {
    v
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
fn sum_of_16(v: __m512) -> f32 {
    sum_of_8(_mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps::<1>(v)))
}

#[inline]
#[target_feature(enable = "avx512f,avx2,fma")]
fn sum_of_8_wide(v: __m512d) -> f64 {
    sum_of_4(_mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd::<1>(v)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_of_8(v: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_of_4(v: __m256d) -> f64 {
    let two = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd::<1>(v));
    _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)))
}
