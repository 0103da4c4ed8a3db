//! Numbers of two doubles against numbers of hundreds of bits.

// The ban on files and printing is the engine's, not its tests'.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod support {
    pub mod big;
    pub mod floats;
}

use backlit_engine::formula::{DoubleDouble, Function, Number};
use backlit_engine::random::{Purpose, Random};
use std::cmp::Ordering;
use support::big::Big;
use support::floats::with_precision;

fn big(x: DoubleDouble) -> Big {
    Big::of(x.high).add(&Big::of(x.low))
}

/// Numbers of both signs from 1e`low` to 1e`high` in size, with every bit of both doubles.
fn numbers(low: f64, high: f64, count: u64) -> Vec<DoubleDouble> {
    let draw = |k| {
        let mut random = Random::new(k, Purpose::Check, 31);
        let size = 10f64.powf(random.uniform(low, high));
        let x = if random.below(2) == 0 { size } else { -size };
        DoubleDouble::from_sum(x, x * 1.1e-16 * random.uniform(-1.0, 1.0))
    };
    (0..count).map(draw).collect()
}

/// |got − want| / |want|; none where the reference is not finite or the low part may be below the smallest double.
fn error(got: DoubleDouble, want: &Big) -> Option<f64> {
    let size = want.magnitude();
    let in_range = size.order(&Big::of(1e-285))?.is_gt() && size.order(&Big::of(1e308))?.is_lt();
    if !in_range {
        return None;
    }
    let Big::Plain(error) = big(got).subtract(want).magnitude().divide(&size) else { return Some(f64::INFINITY) };
    Some(error.to_f64().value())
}

/// The largest error of a function over these points; at least half of them count.
fn worst(name: &str, points: &[DoubleDouble], bound: f64, both: impl Fn(DoubleDouble) -> (DoubleDouble, Big)) {
    with_precision(400, || {
        let (mut largest, mut met) = ((0.0, DoubleDouble::from(0.0)), 0);
        for &x in points {
            let (got, want) = both(x);
            assert!(got.high.is_nan() || got.high + got.low == got.high, "{name} of {x:?}: {got:?}");
            if let Some(error) = error(got, &want) {
                met += 1;
                if error > largest.0 || error.is_nan() {
                    largest = (error, x);
                }
            }
        }
        println!("{name:12} {:.1e} at {:e}, {met} of {}", largest.0, largest.1.high, points.len());
        assert!(largest.0 <= bound, "{name}: {:.2e} at {:?}", largest.0, largest.1);
        assert!(2 * met >= points.len(), "{name}: {met}");
    });
}

#[test]
fn every_function_is_good_to_30_digits() {
    let positive = |points: Vec<DoubleDouble>| points.into_iter().map(DoubleDouble::magnitude).collect::<Vec<_>>();
    let negative = |points: Vec<DoubleDouble>| points.into_iter().map(|x| -x.magnitude()).collect::<Vec<_>>();
    let exponents = || numbers(-12.0, 2.8, 3000);
    let near_one: Vec<DoubleDouble> = numbers(-20.0, -1.0, 1000).iter().map(|x| DoubleDouble::from(1.0).add(x)).collect();
    let ranges: [(Function, Vec<DoubleDouble>); 20] = [
        (Function::Exp, exponents()),
        (Function::Expm1, exponents()),
        (Function::Expm1, numbers(-30.0, 0.5, 1000)),
        (Function::Log, positive(numbers(-280.0, 300.0, 2000))),
        (Function::Log, positive(numbers(-1.0, 1.0, 2000))),
        (Function::Log, near_one),
        (Function::Log1p, numbers(-30.0, -0.001, 3000)),
        (Function::Log1p, positive(numbers(-3.0, 300.0, 1000))),
        (Function::Sqrt, positive(numbers(-280.0, 300.0, 2000))),
        (Function::Abs, numbers(-280.0, 300.0, 100)),
        (Function::Sign, numbers(-280.0, 300.0, 100)),
        (Function::Tanh, numbers(-30.0, 2.0, 3000)),
        (Function::Cosh, exponents()),
        (Function::Sigmoid, exponents()),
        (Function::Softplus, exponents()),
        (Function::NormalCdf, positive(numbers(-12.0, 1.5, 500))),
        (Function::NormalCdf, negative(numbers(-12.0, 0.0, 500))),
        (Function::NormalCdf, negative(numbers(0.0, 1.55, 500))),
        (Function::NormalPdf, numbers(-12.0, 1.0, 1000)),
        (Function::NormalPdf, numbers(0.0, 1.55, 1000)),
    ];
    for (function, points) in ranges {
        worst(&format!("{function:?}"), &points, 1e-30, |x| (x.apply(function), big(x).apply(function)));
    }
}

#[test]
fn arithmetic_is_good_to_31_digits() {
    let others = numbers(-3.0, 3.0, 5000);
    for (points, range) in [(numbers(-3.0, 3.0, 2500), "near"), (numbers(-140.0, 150.0, 2500), "far")] {
        let pair = |x: DoubleDouble| others[(x.high.to_bits() % 5000) as usize];
        worst(&format!("add {range}"), &points, 1e-31, |x| (Number::add(&x, &pair(x)), Number::add(&big(x), &big(pair(x)))));
        worst(&format!("multiply {range}"), &points, 1e-31, |x| (x.multiply(&pair(x)), big(x).multiply(&big(pair(x)))));
        worst(&format!("divide {range}"), &points, 1e-31, |x| (x.divide(&pair(x)), big(x).divide(&big(pair(x)))));
    }
    // What cancels: neighbours that differ in the low part only.
    let points = numbers(-3.0, 3.0, 2500);
    let neighbour = |x: DoubleDouble| DoubleDouble::from_sum(x.high, x.low * 0.75 + x.high * 1e-25);
    worst("subtract", &points, 1e-31, |x| (x.subtract(&neighbour(x)), big(x).subtract(&big(neighbour(x)))));
}

#[test]
fn powers_are_good_to_28_digits() {
    let exponents = numbers(-3.0, 2.0, 1000);
    let pair = |x: DoubleDouble| exponents[(x.high.to_bits() % 1000) as usize];
    let bases: Vec<DoubleDouble> = numbers(-2.0, 2.0, 1500).into_iter().map(DoubleDouble::magnitude).collect();
    worst("power", &bases, 1e-28, |x| (x.power(&pair(x)), big(x).power(&big(pair(x)))));
    for n in [-64.0, -3.0, -1.0, 0.0, 1.0, 2.0, 3.0, 17.0, 64.0] {
        let n = DoubleDouble::from(n);
        worst("whole power", &numbers(-4.0, 4.0, 300), 1e-29, |x| (x.power(&n), big(x).power(&big(n))));
    }
    let cube = |x: f64, n: f64| DoubleDouble::from(x).power(&DoubleDouble::from(n)).to_f64();
    assert_eq!((cube(-2.0, 3.0), cube(-2.0, 65.0), cube(-2.0, 66.0)), (-8.0, -(2f64.powi(65)), 2f64.powi(66)));
    assert!(cube(-2.0, 0.5).is_nan() && cube(f64::NAN, 2.0).is_nan() && cube(2.0, f64::NAN).is_nan());
    assert_eq!((cube(0.0, 2.5), cube(0.0, -2.5), cube(0.0, 0.0)), (0.0, f64::INFINITY, 1.0));
    assert_eq!((cube(0.5, f64::INFINITY), cube(2.0, f64::INFINITY), cube(f64::INFINITY, -1.5)), (0.0, f64::INFINITY, 0.0));
}

#[test]
fn sums_and_products_of_doubles_are_exact() {
    with_precision(400, || {
        for pair in numbers(-20.0, 20.0, 3000).windows(2) {
            let (a, b) = (pair[0].high, pair[1].high);
            let (a_big, b_big) = (Big::of(a), Big::of(b));
            let sum = big(DoubleDouble::from_sum(a, b)).subtract(&a_big.add(&b_big));
            let product = big(DoubleDouble::from_product(a, b)).subtract(&a_big.multiply(&b_big));
            for error in [sum, product] {
                assert_eq!(error.order(&Big::of(0.0)), Some(Ordering::Equal), "{a} and {b}");
            }
        }
    });
}

#[test]
fn limits_are_reached_and_nan_stays() {
    let at = |function, x: f64| DoubleDouble::from(x).apply(function).to_f64();
    let inf = f64::INFINITY;
    for (function, below, above) in [
        (Function::Exp, 0.0, inf),
        (Function::Expm1, -1.0, inf),
        (Function::Abs, inf, inf),
        (Function::Sign, -1.0, 1.0),
        (Function::Tanh, -1.0, 1.0),
        (Function::Cosh, inf, inf),
        (Function::Sigmoid, 0.0, 1.0),
        (Function::Softplus, 0.0, inf),
        (Function::NormalCdf, 0.0, 1.0),
        (Function::NormalPdf, 0.0, 0.0),
    ] {
        for far in [1e6, 1e300, inf] {
            let above = if function == Function::Softplus || function == Function::Abs { far } else { above };
            let below = if function == Function::Abs { far } else { below };
            assert_eq!((at(function, -far), at(function, far)), (below, above), "{function:?} at {far}");
        }
    }
    for function in [Function::Log, Function::Log1p, Function::Sqrt] {
        assert!(at(function, inf) == inf && at(function, -inf).is_nan() && at(function, -2.0).is_nan(), "{function:?}");
    }
    assert_eq!((at(Function::Log, 0.0), at(Function::Log1p, -1.0), at(Function::Sqrt, 0.0)), (-inf, -inf, 0.0));
    assert_eq!((at(Function::Log, 1.0), at(Function::Exp, 0.0), at(Function::Sqrt, 9.0)), (0.0, 1.0, 3.0));
    for (_, function) in Function::NAMES {
        assert!(at(function, f64::NAN).is_nan(), "{function:?}");
    }
    let of = DoubleDouble::from;
    assert!(of(inf).subtract(&of(inf)).high.is_nan() && of(0.0).multiply(&of(inf)).high.is_nan() && of(0.0).divide(&of(0.0)).high.is_nan());
    assert_eq!((of(1.0).divide(&of(0.0)).high, of(1.0).divide(&of(inf)).high, of(1e300).multiply(&of(-1e300)).high), (inf, 0.0, -inf));
    assert_eq!((of(1e308).add(&of(1e308)).high, DoubleDouble::from_product(1e200, 1e200).high), (inf, inf));
}

#[test]
fn order_is_that_of_the_numbers() {
    let a = DoubleDouble::from_sum(1.0, 1e-20);
    assert!(a > DoubleDouble::from(1.0) && -a < DoubleDouble::from(-1.0) && a <= a && DoubleDouble::from(-3.0) < a);
    assert_eq!(DoubleDouble::from(0.0).partial_cmp(&DoubleDouble::from(-0.0)), Some(Ordering::Equal));
    assert_eq!(DoubleDouble::from(f64::NAN).partial_cmp(&a), None);
    assert_eq!(DoubleDouble::from_sum(0.1, 0.2).subtract(&DoubleDouble::from(0.1)).to_f64(), 0.2);
}
