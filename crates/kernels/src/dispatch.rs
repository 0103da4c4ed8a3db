//! Chooses, at run time, how wide the registers are that a loop is compiled for.
//!
//! The choice never changes a result: the loops hold no sum that the compiler may reorder, and
//! `mul_add` rounds once on every machine, in hardware or not.

/// What the processor offers.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Level {
    /// Nothing beyond the target's baseline.
    Baseline = 1,
    /// AVX2 and FMA: four f64 in a register.
    Avx2 = 2,
    /// AVX-512: eight f64 in a register.
    Avx512 = 3,
}

/// The level of the machine this runs on; looked up once.
#[inline(always)]
pub(crate) fn level() -> Level {
    use std::sync::atomic::{AtomicU8, Ordering};
    static FOUND: AtomicU8 = AtomicU8::new(0);
    match FOUND.load(Ordering::Relaxed) {
        1 => Level::Baseline,
        2 => Level::Avx2,
        3 => Level::Avx512,
        _ => {
            let found = detect();
            FOUND.store(found as u8, Ordering::Relaxed);
            found
        }
    }
}

#[cold]
fn detect() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        let v3 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let v4 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw");
        match (v3, v4) {
            (true, true) => return Level::Avx512,
            (true, false) => return Level::Avx2,
            _ => {}
        }
    }
    Level::Baseline
}

/// Compiles one function body for every [`Level`] and calls the one that fits the machine. Work that is `small`
/// is done in place: a handful of numbers is done sooner than a call.
macro_rules! for_every_level {
    ($(#[$doc:meta])* pub fn $name:ident[$($g:ident: $b:path),* $(,)?]($($a:ident: $t:ty),* $(,)?) $(small if ($small:expr))? $body:block) => {
        $(#[$doc])*
        #[inline]
        #[allow(clippy::too_many_arguments)]
        pub fn $name<$($g: $b),*>($($a: $t),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn plain<$($g: $b),*>($($a: $t),*) $body

            let small = false $(|| $small)?;
            if small {
                return plain($($a),*);
            }
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2<$($g: $b),*>($($a: $t),*) {
                    plain($($a),*)
                }
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx512<$($g: $b),*>($($a: $t),*) {
                    plain($($a),*)
                }
                match $crate::dispatch::level() {
                    // SAFETY: `level` found AVX-512 F, VL, DQ and BW, AVX2 and FMA on this machine.
                    $crate::dispatch::Level::Avx512 => unsafe { avx512($($a),*) },
                    // SAFETY: `level` found AVX2 and FMA on this machine.
                    $crate::dispatch::Level::Avx2 => unsafe { avx2($($a),*) },
                    $crate::dispatch::Level::Baseline => plain($($a),*),
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            plain($($a),*)
        }
    };
}
pub(crate) use for_every_level;
