//! Binary floats of any precision, and their exponentials and logarithms.

use backlit_engine::formula::Function;
use dashu_float::{ConstCache, Context, FBig, round::mode::HalfEven};
use std::cell::{Cell, RefCell};

/// A binary float of any precision, rounded to nearest.
pub type Float = FBig<HalfEven, 2>;

thread_local! {
    static PRECISION: Cell<usize> = const { Cell::new(320) };
    static CACHE: RefCell<ConstCache> = const { RefCell::new(ConstCache::new()) };
    static RECENT: RefCell<Vec<Remembered>> = const { RefCell::new(Vec::new()) };
}

/// A transcendental function's result that may be asked for again in the same formula.
struct Remembered {
    function: Function,
    precision: usize,
    argument: Float,
    result: Float,
}

/// Evaluates `body` with so many bits, of which some may cancel.
pub fn with_precision<T>(bits: usize, body: impl FnOnce() -> T) -> T {
    let before = PRECISION.replace(bits);
    let result = body();
    PRECISION.set(before);
    RECENT.with_borrow_mut(Vec::clear);
    result
}

/// `x` with the precision of the moment.
pub fn float(x: f64) -> Float {
    at(Float::try_from(x).expect("a finite number"), PRECISION.get())
}

/// `x` with so many bits.
pub fn at(x: Float, bits: usize) -> Float {
    x.with_precision(bits).value()
}

/// floor(log₂|x|) of a number that is not 0.
pub fn exponent(x: &Float) -> isize {
    x.repr().exponent() + x.repr().digits() as isize - 1
}

/// |x|
pub fn size(x: &Float) -> Float {
    if *x < Float::ZERO { -x.clone() } else { x.clone() }
}

/// The result for an argument that may come again.
pub fn remembered(function: Function, x: &Float, compute: impl FnOnce() -> Float) -> Float {
    let precision = x.precision();
    let known = RECENT.with_borrow(|recent| {
        let same = |r: &&Remembered| r.function == function && r.precision == precision && r.argument == *x;
        recent.iter().find(same).map(|r| r.result.clone())
    });
    known.unwrap_or_else(|| {
        let result = compute();
        RECENT.with_borrow_mut(|recent| recent.push(Remembered { function, precision, argument: x.clone(), result: result.clone() }));
        result
    })
}

/// e^x for |x| up to some thousands.
pub fn exp(x: &Float) -> Float {
    let small = *x == Float::ZERO || exponent(x) < -16;
    if small {
        return exp_m1(x) + Float::ONE;
    }
    remembered(Function::Exp, x, || {
        let context = Context::<HalfEven>::new(x.precision());
        CACHE.with_borrow_mut(|cache| context.exp(x.repr(), Some(cache)).expect("a finite exponential").value())
    })
}

/// e^x − 1.
pub fn exp_m1(x: &Float) -> Float {
    let bits = x.precision();
    if *x == Float::ZERO || exponent(x) < -(bits as isize) {
        return x + ((x * x) >> 1);
    }
    if exponent(x) >= -16 {
        return at(exp(&at(x.clone(), bits + 20)) - Float::ONE, bits);
    }
    remembered(Function::Expm1, x, || {
        let context = Context::<HalfEven>::new(bits);
        CACHE.with_borrow_mut(|cache| context.exp_m1(x.repr(), Some(cache)).expect("a finite exponential").value())
    })
}

/// ln x for x > 0, absolute error 2^-precision times max(1, ln x): Halley's iteration on e^y = x, which
/// makes three good bits of one.
pub fn ln(x: &Float) -> Float {
    remembered(Function::Log, x, || {
        let wanted = x.precision() + 32;
        let k = exponent(x);
        let mantissa = (x.clone() >> k).to_f64().value();
        let near_one = (x - Float::ONE).to_f64().value();
        let start = if near_one.abs() < 0.25 { near_one.ln_1p() } else { mantissa.ln() + k as f64 * std::f64::consts::LN_2 };
        let mut y = Float::try_from(start).expect("a finite logarithm");
        let mut good = 36;
        while good < wanted {
            let bits = (3 * good + 32).min(wanted);
            let e = exp(&at(y.clone(), bits));
            let x = at(x.clone(), bits);
            y = at(y, bits) + ((&x - &e) << 1) / (&x + &e);
            good *= 3;
        }
        at(y, x.precision())
    })
}

/// ln(1 + x) for x > −1, relative error 2^-precision.
pub fn ln_1p(x: &Float) -> Float {
    if *x == Float::ZERO {
        return x.clone();
    }
    let bits = x.precision();
    let lost = usize::try_from(-exponent(x)).unwrap_or(0);
    if lost > bits {
        // x − x²/2: the next term is below the last bit.
        return x - ((x * x) >> 1);
    }
    let sum = at(x.clone(), bits + lost + 8) + Float::ONE;
    at(ln(&sum), bits)
}
