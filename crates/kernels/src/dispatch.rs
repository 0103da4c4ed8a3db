//! Chooses, at run time, how wide the registers are that a loop is compiled for.
//!
//! The choice never changes a result: the loops hold no sum that the compiler may reorder, and
//! `mul_add` rounds once on every machine, in hardware or not.

use std::sync::atomic::{AtomicU8, Ordering};

/// What the processor offers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub(crate) enum Level {
    /// Nothing beyond the target's baseline.
    Baseline = 1,
    /// AVX2 and FMA: four f64 in a register.
    Avx2 = 2,
    /// AVX-512: eight f64 in a register.
    Avx512 = 3,
}

/// The level found, as a number; 0 before it was looked for.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// The level of the machine this runs on; looked up once.
#[inline(always)]
pub(crate) fn level() -> Level {
    known().unwrap_or_else(|| {
        let found = detect();
        FOUND.store(found as u8, Ordering::Relaxed);
        found
    })
}

/// The same where it was looked up.
#[inline(always)]
pub(crate) fn known() -> Option<Level> {
    match FOUND.load(Ordering::Relaxed) {
        1 => Some(Level::Baseline),
        2 => Some(Level::Avx2),
        3 => Some(Level::Avx512),
        _ => None,
    }
}

#[cold]
pub(crate) fn detect() -> Level {
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
                // Out of the way of the calls above it, which then need no place on the stack.
                #[cold]
                #[inline(never)]
                #[allow(clippy::too_many_arguments)]
                fn otherwise<$($g: $b),*>($($a: $t),*) {
                    match $crate::dispatch::level() {
                        // SAFETY: as below.
                        $crate::dispatch::Level::Avx512 => unsafe { avx512($($a),*) },
                        // SAFETY: as below.
                        $crate::dispatch::Level::Avx2 => unsafe { avx2($($a),*) },
                        $crate::dispatch::Level::Baseline => plain($($a),*),
                    }
                }
                match $crate::dispatch::known() {
                    // SAFETY: `level` found AVX-512 F, VL, DQ and BW, AVX2 and FMA on this machine.
                    Some($crate::dispatch::Level::Avx512) => unsafe { avx512($($a),*) },
                    // SAFETY: `level` found AVX2 and FMA on this machine.
                    Some($crate::dispatch::Level::Avx2) => unsafe { avx2($($a),*) },
                    _ => otherwise($($a),*),
                }
            }
            #[cfg(not(target_arch = "x86_64"))]
            plain($($a),*)
        }
    };
}
pub(crate) use for_every_level;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{self, BLOCK, Function, Instruction, Operand, Rule, Smooth};
    use crate::pointwise::{Unary, four_with_slope, map_leaving_slope, map_with_slope, pair_with_slope};
    use crate::{math, narrow, softmax};

    struct Gelu;
    impl Unary for Gelu {
        #[inline(always)]
        fn at(&self, z: f64) -> (f64, f64) {
            math::gelu_at(z)
        }
        #[inline(always)]
        fn short(&self, z: f64) -> (f64, f64) {
            math::short::gelu_at(z)
        }
    }

    /// The bits of everything that runs several numbers at a time.
    fn bits() -> Vec<u64> {
        let numbers = |n: usize, salt: usize| -> Vec<f64> { (0..n).map(|i| ((i * 7919 + salt) % 4001) as f64 / 100.0 - 20.0).collect() };
        let (x, w, b) = (numbers(19 * 13, 1), numbers(5 * 13, 2), numbers(5, 3));
        let [mut z, mut a] = [(); 2].map(|()| vec![0.0; 5 * 19]);
        narrow::affine(19, 13, 5, &x, &w, Some(&b), &mut z);
        let affine = z.clone();
        map_leaving_slope(&Gelu, &mut z, &mut a);
        let (mut dw, mut db, mut dx) = (vec![0.0; 65], vec![0.0; 5], vec![0.0; 13 * 19]);
        narrow::weight_gradient(19, 13, 5, &z, &x, &mut dw, false);
        narrow::bias_gradient(19, &z, &mut db, false);
        narrow::input_gradient(19, 13, 5, &z, &w, &mut dx, false);
        narrow::add_products(19, &z, &affine, &mut db);
        narrow::add_products_with(&z, &affine, 0.7, &x[..19], &mut db);
        let (mut p, mut cost, mut grad) = (vec![0.0; 95], vec![0.0; 19], vec![0.0; 95]);
        softmax::softmax(19, &affine, &mut p);
        softmax::cross_entropy(&affine, &p, &mut cost, &mut grad);
        let (mut value, mut derivative) = (vec![0.0f32; 247], vec![0.0f32; 247]);
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        map_with_slope(&Gelu, &narrow, &mut value, &mut derivative);
        let (mut few, mut slopes, mut pair, mut its_slopes) = ([0.0; 4], [0.0; 4], [0.0; 2], [0.0; 2]);
        four_with_slope(&Gelu, x[0], x[1], x[2], x[3], &mut few, &mut slopes);
        pair_with_slope(&Gelu, x[4], x[5], &mut pair, &mut its_slopes);
        let few = [&few[..], &slopes, &pair, &its_slopes].concat();
        let wide = [affine, z, a, dw, db, dx, p, cost, grad, few, block_bits(&x)].concat();
        let wide = wide.into_iter().map(f64::to_bits);
        wide.chain(value.into_iter().chain(derivative).map(|x| u64::from(x.to_bits()))).collect()
    }

    /// Every instruction of typed formulas on two blocks of numbers.
    fn block_bits(x: &[f64]) -> Vec<f64> {
        use Function::*;
        let smooth = [Smooth::Tanh, Smooth::Sigmoid, Smooth::Softplus];
        let mut program = vec![Instruction::Constant { to: 2, value: 0.3 }];
        let functions = [Negative, Exp, Log, Log1p, Expm1, Sqrt, Abs, Sign, Cosh, NormalCdf, NormalPdf];
        let functions = functions.into_iter().chain(smooth.iter().flat_map(|&smooth| [Value(smooth), Slope(smooth)]));
        let rules = [
            Rule::Add,
            Rule::Subtract,
            Rule::Multiply,
            Rule::Divide,
            Rule::Power,
            Rule::Max,
            Rule::Min,
            Rule::Greater,
            Rule::GreaterOrEqual,
        ];
        let (mut to, mut condition) = (3, 0);
        let mut next = || {
            to += 1;
            to - 1
        };
        program.extend(functions.map(|function| Instruction::Apply { function, to: next(), of: 0 }));
        for rule in rules {
            for (left, right) in [
                (Operand::Register(0), Operand::Register(1)),
                (Operand::Register(0), Operand::Number(1.7)),
                (Operand::Number(0.7), Operand::Register(1)),
            ] {
                let to = next();
                program.push(Instruction::Combine { rule, to, left, right });
                condition = to;
            }
        }
        program.extend(smooth.map(|function| Instruction::ApplyBoth { function, value: next(), slope: next(), of: 1 }));
        // The last comparison decides.
        program.push(Instruction::Choose { to: next(), condition, then: 0, otherwise: 1 });
        let mut registers = vec![[0.0; BLOCK]; usize::from(next())];
        blocks::load(&x[..BLOCK], &mut registers[0]);
        blocks::load(&x[BLOCK..], &mut registers[1]);
        blocks::run(&program, &mut registers);
        // NaN has many bits; which ones is nobody's promise.
        registers.concat().into_iter().map(|x| if x.is_nan() { f64::NAN } else { x }).collect()
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let here = detect();
        let all = [Level::Baseline, Level::Avx2, Level::Avx512];
        let results: Vec<Vec<u64>> = all
            .into_iter()
            .filter(|level| *level as u8 <= here as u8)
            .map(|level| {
                // Other tests that run meanwhile get the same bits, which is the point.
                FOUND.store(level as u8, Ordering::Relaxed);
                bits()
            })
            .collect();
        FOUND.store(here as u8, Ordering::Relaxed);
        for result in &results {
            assert_eq!(result, &results[0]);
        }
    }
}
