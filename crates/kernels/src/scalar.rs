//! The two number types that networks are computed in.

use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`.
pub trait Scalar:
    sealed::Sealed
    + Copy
    + Default
    + PartialEq
    + PartialOrd
    + Debug
    + Display
    + Send
    + Sync
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// `"f32"` or `"f64"`.
    const NAME: &'static str;
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// Whether a result keeps so few digits that it may be computed with fewer than f64 has.
    const SHORT: bool;
    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// The larger; NaN if either is NaN.
    fn max_or_nan(self, other: Self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// An f32 too small to be normal (below 2⁻¹²⁶) becomes 0: processors take a hundred times as long over such numbers,
    /// and what training remembers decays into them. An f64 stays as it is.
    fn flushed(self) -> Self;
    /// Lends this thread's space for intermediate results. It only ever grows, so that it costs an allocation once.
    #[doc(hidden)]
    fn with_scratch<R>(work: impl FnOnce(&mut Vec<Self>) -> R) -> R;
}

macro_rules! scalar {
    ($t:ident, $flushed:expr) => {
        impl Scalar for $t {
            const NAME: &'static str = stringify!($t);
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const SHORT: bool = $t::MANTISSA_DIGITS < f64::MANTISSA_DIGITS;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn max_or_nan(self, other: Self) -> Self {
                if self > other || self != self { self } else { other }
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $t::is_finite(self)
            }
            #[inline(always)]
            fn flushed(self) -> Self {
                $flushed(self)
            }
            fn with_scratch<R>(work: impl FnOnce(&mut Vec<Self>) -> R) -> R {
                thread_local! {
                    static SPACE: RefCell<Vec<$t>> = const { RefCell::new(Vec::new()) };
                }
                SPACE.with_borrow_mut(work)
            }
        }
    };
}
scalar!(f32, |x: f32| if x.abs() < f32::MIN_POSITIVE { 0.0 } else { x });
scalar!(f64, |x: f64| x);
