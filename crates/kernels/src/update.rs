//! One pass over parameters, gradient and an optimizer's memory.

use crate::Scalar;
use crate::dispatch;

/// How an optimizer moves one parameter. `K` numbers are remembered for each.
/// Mark `step` `#[inline(always)]` and keep it free of branches on the numbers.
pub trait Rule<S, const K: usize> {
    /// From parameter, gradient and memory to the new parameter and memory.
    fn step(&self, parameter: S, gradient: S, memory: [S; K]) -> (S, [S; K]);
}

/// Parameters that [`update_few`] does in place rather than in a call.
const FEW: usize = 32;

/// `gradient[i]`, `memory[·][i]` = rule(`old[i]`, `gradient[i]`, `memory[·][i]`): the new parameters take the place of the
/// gradient. All slices have one length. Says whether every new number is finite, those remembered too;
/// these are [flushed](Scalar::flushed).
#[inline]
pub fn update<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], memory: [&mut [S]; K]) -> bool {
    match dispatch::level() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found AVX-512 F, VL, DQ and BW, AVX2 and FMA on this machine.
        dispatch::Level::Avx512 => unsafe { avx512(rule, old, gradient, memory) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found AVX2 and FMA on this machine.
        dispatch::Level::Avx2 => unsafe { avx2(rule, old, gradient, memory) },
        _ => plain(rule, old, gradient, memory),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
fn avx512<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], memory: [&mut [S]; K]) -> bool {
    plain(rule, old, gradient, memory)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], memory: [&mut [S]; K]) -> bool {
    plain(rule, old, gradient, memory)
}

/// The same of a few numbers.
#[inline(always)]
pub fn update_few<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], memory: [&mut [S]; K]) -> bool {
    if gradient.len() <= FEW { in_pairs(rule, old, gradient, memory) } else { update(rule, old, gradient, memory) }
}

/// Two by two, as a reader that knows nothing of wide registers takes them: what is stored apart must reach memory before it can be
/// read together.
#[inline(always)]
fn in_pairs<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], mut memory: [&mut [S]; K]) -> bool {
    debug_assert_eq!(old.len(), gradient.len(), "a number of the gradient for each parameter");
    // Of all new numbers: no longer finite if one of them is not.
    let mut sums = [S::ZERO; 2];
    let (pairs, last) = gradient.as_chunks_mut::<2>();
    let (old, last_old) = old.as_chunks::<2>();
    let count = pairs.len();
    let mut one = |place: usize, old: S, gradient: S, sum: &mut S| {
        let (parameter, next) = rule.step(old, gradient, std::array::from_fn(|k| memory[k][place]));
        *sum += parameter;
        for k in 0..K {
            memory[k][place] = next[k].flushed();
            *sum += next[k];
        }
        parameter
    };
    for (i, (pair, old)) in pairs.iter_mut().zip(old).enumerate() {
        *pair = [one(2 * i, old[0], pair[0], &mut sums[0]), one(2 * i + 1, old[1], pair[1], &mut sums[1])];
    }
    if let ([last], [old]) = (last, last_old) {
        *last = one(2 * count, *old, *last, &mut sums[0]);
    }
    (sums[0] + sums[1]).is_finite() || are_finite(gradient, memory)
}

/// Whether all are: their sum may be too large where none of them is.
#[cold]
fn are_finite<S: Scalar, const K: usize>(new: &[S], memory: [&mut [S]; K]) -> bool {
    new.iter().chain(memory.iter().flat_map(|memory| memory.iter())).all(|number| number.is_finite())
}

#[inline(always)]
fn plain<R: Rule<S, K>, S: Scalar, const K: usize>(rule: &R, old: &[S], gradient: &mut [S], memory: [&mut [S]; K]) -> bool {
    let n = gradient.len();
    let old = &old[..n];
    let memory = memory.map(|memory| &mut memory[..n]);
    let mut finite = true;
    for i in 0..n {
        let mut now = [S::ZERO; K];
        for k in 0..K {
            now[k] = memory[k][i];
        }
        let (parameter, next) = rule.step(old[i], gradient[i], now);
        gradient[i] = parameter;
        finite &= parameter.is_finite();
        for k in 0..K {
            memory[k][i] = next[k].flushed();
            finite &= next[k].is_finite();
        }
    }
    finite
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the gradient, remembering it.
    struct Against;

    impl<S: Scalar> Rule<S, 1> for Against {
        #[inline(always)]
        fn step(&self, parameter: S, gradient: S, _: [S; 1]) -> (S, [S; 1]) {
            (parameter - gradient, [gradient])
        }
    }

    /// A few numbers come out as they do among many, and whether they are finite is said of the numbers, not of their sum.
    #[test]
    fn a_few_move_as_many_do() {
        fn check<S: Scalar>(large: f64) {
            let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, large, -large, 0.0];
            for n in 1..=FEW + 1 {
                for (place, bad) in (0..n).flat_map(|place| bad.map(|bad| (place, bad))) {
                    for filled in [1.5, large] {
                        let old: Vec<S> = (0..n).map(|i| S::from_f64(if i == place { filled } else { filled / 3.0 })).collect();
                        let gradient: Vec<S> = (0..n).map(|i| S::from_f64(if i == place { bad } else { 0.0 })).collect();
                        let (mut few, mut remembered) = (gradient.clone(), vec![S::ZERO; n]);
                        let (mut many, mut kept) = (gradient.clone(), vec![S::ZERO; n]);
                        let fine = update_few(&Against, &old, &mut few, [&mut remembered]);
                        assert_eq!(fine, update(&Against, &old, &mut many, [&mut kept]), "{n} numbers, {bad} at {place}, {filled}");
                        assert_eq!(fine, few.iter().chain(&remembered).all(|number| number.is_finite()));
                        let bits = |numbers: &[S]| numbers.iter().map(|number| number.to_f64().to_bits()).collect::<Vec<_>>();
                        assert_eq!((bits(&few), bits(&remembered)), (bits(&many), bits(&kept)));
                    }
                }
            }
        }
        check::<f64>(1.7e308);
        check::<f32>(3.4e38);
    }
}
