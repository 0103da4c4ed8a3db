//! How exact every operation is, measured against its own card's formula over numbers of hundreds of bits.
//!
//! The errors stand in docs/operations.md, which is held fresh here: `cargo xtask docs` writes it anew.

// The ban on files and printing is the engine's, not its tests'.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros)]

mod support {
    pub mod big;
    pub mod big_dual;
    pub mod floats;
    pub mod measure;
    pub mod page;
    pub mod points;
    pub mod probe;
    pub mod reference;
    pub mod stream;
    pub mod ulp;
}

use backlit_engine::Scalar;
use backlit_engine::formula::{Function, Number};
use backlit_engine::op::{About, Activation, Each, Kind, Partial};
use backlit_engine::ops::{activation, table};
use backlit_kernels::pointwise::Unary;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::big::Big;
use support::floats::with_precision;
use support::measure::{Errors, errors, values_and_slopes};
use support::page::{Line, page};
use support::points::{Domain, pairs};
use support::probe::instances;
use support::reference::{Card, close};
use support::stream::Stream;
use support::ulp::Format;

/// Of one operation: in f64, in f32.
type Both = (Vec<Errors>, Vec<Errors>);

/// The errors of every operation, in the order of the table; measured once, on all cores.
fn measured() -> &'static [Both] {
    static MEASURED: OnceLock<Vec<Both>> = OnceLock::new();
    MEASURED.get_or_init(|| {
        let (doubles, singles) = (table::<f64>(), table::<f32>());
        let slots: Vec<OnceLock<Vec<Errors>>> = (0..2 * doubles.len()).map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = slots.get(job) else { return };
                let result = if job.is_multiple_of(2) { errors(&doubles[job / 2]) } else { errors(&singles[job / 2]) };
                slot.set(result).expect("each job is done once");
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let mut results = slots.into_iter().map(|slot| slot.into_inner().expect("every job was done"));
        std::iter::from_fn(|| Some((results.next()?, results.next()?))).collect()
    })
}

/// The largest errors allowed, in ulp: of the value, of the partial. A row's results are sums over it.
fn bounds(name: &str, kind: Kind, width: usize) -> (f64, f64) {
    match (name, kind) {
        ("gelu" | "silu" | "selu", _) => (4.0, 8.0),
        (_, Kind::RowLoss | Kind::Structure) => (4.0 + width as f64, 4.0 + width as f64),
        _ => (2.0, 4.0),
    }
}

#[test]
fn values_and_partials_keep_their_bounds() {
    let mut broken = Vec::new();
    for (entry, (double, single)) in table::<f64>().iter().zip(measured()) {
        let name = entry.about.name;
        for (precision, errors) in double.iter().map(|errors| ("f64", errors)).chain(single.iter().map(|errors| ("f32", errors))) {
            let (value, partial) = bounds(name, entry.about.kind, errors.width);
            for (what, worst, bound) in [("value", &errors.value, value), ("partial", &errors.partial, partial)] {
                println!("{name} {precision} {what}: {:.3} ulp at {}", worst.error, worst.at);
                if worst.error > bound {
                    broken.push(format!("{name} {precision} {what}: {:.2} ulp, allowed {bound}, at {}", worst.error, worst.at));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_reference_page_is_fresh() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let table = table::<f64>();
    let both = |(double, single): &Both| (!double.is_empty()).then(|| (Errors::of_all(double), Errors::of_all(single)));
    let lines: Vec<Line> = table.iter().zip(measured()).map(|(entry, errors)| Line { about: entry.about, errors: both(errors) }).collect();
    let fresh = page(&lines);
    if std::env::var_os("BACKLIT_BLESS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("docs/ can be made");
        std::fs::write(&file, fresh).expect("docs/operations.md can be written");
        return;
    }
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = fresh.lines().zip(old.lines().chain(std::iter::repeat(""))).find(|(fresh, old)| fresh != old);
    assert!(fresh == old, "docs/operations.md is stale: run `cargo xtask docs` and look at what changed. First: {differs:?}");
}

#[test]
fn small_results_keep_their_digits() {
    let at = |name: &str, z: f64| values_and_slopes(&activation::<f64>(name).expect("it is in the table"), &[vec![z]])[0];
    assert_eq!(at("sigmoid", 40.0).1, 4.248_354_255_291_589e-18);
    assert_eq!(at("softplus", 20.5).0, 20.500000001250154);
}

/// NaN stays NaN. At ±∞ the value and slope are the limits: those at ±1e30, or infinite where the value grows.
fn infinities_and_nan<S: Scalar>() {
    for entry in table::<S>().iter().filter(|entry| entry.about.kind == Kind::Activation) {
        for constants in instances(entry.about) {
            let op = (entry.make)(&constants);
            let name = entry.about.name;
            let got = values_and_slopes(&op, &[vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]]);
            assert!(got[0].0.is_nan() && got[0].1.is_nan(), "{name} of NaN: {:?}", got[0]);
            for (far, (value, slope)) in [1e30, -1e30].into_iter().zip(&got[1..]) {
                let exact = Card::new(entry.about, &constants).at(&[far]);
                let format = Format::of(S::NAME);
                let grows = exact.value.magnitude().order(&Big::of(1e20)).is_some_and(|order| order.is_gt());
                let limit =
                    if grows { value.is_infinite() && value.signum() == far.signum() } else { format.error(*value, &exact.value) <= 1.0 };
                assert!(limit, "{name} at infinity: {value}");
                assert!((slope - nearest(&exact.slope)).abs() <= 1e-7, "{name}: slope {slope} at infinity");
            }
        }
    }
}

/// The f64 near a reference.
fn nearest(x: &Big) -> f64 {
    match x {
        Big::Plain(x) => x.to_f64().value(),
        _ => 0.0,
    }
}

#[test]
fn infinities_give_the_limits_and_nan_stays() {
    infinities_and_nan::<f64>();
    infinities_and_nan::<f32>();
}

/// A sigmoid as one would write it first: a (1 − a) has no digits left where a rounds to 1.
struct Naive;

impl Unary for Naive {
    fn at(&self, z: f64) -> (f64, f64) {
        let a = 1.0 / (1.0 + (-z).exp());
        (a * (1.0 + 4.0 * f64::EPSILON), a * (1.0 - a))
    }
}

impl Activation for Naive {
    const ABOUT: About = About {
        name: "naive",
        kind: Kind::Activation,
        summary: "",
        formula: "1 / (1 + exp(-z))",
        partials: &[Partial { by: "z", formula: "a * (1 - a)" }],
        kinks: &[],
        constants: &[],
        source: "",
    };
    fn new(_constants: &[f64]) -> Self {
        Naive
    }
}

#[test]
fn the_measure_sees_lost_digits_and_wrong_cards() {
    let naive = &errors(&Each::<Naive>::entry::<f64>())[0];
    assert!(naive.value.error > 4.0, "{:?}", naive.value);
    assert!(naive.partial.error > 1e15, "{:?}", naive.partial);
    let wrong = About { partials: &[Partial { by: "z", formula: "a * (1 - a) * (1 + 1e-15)" }], ..Naive::ABOUT };
    assert!(Card::new(&Naive::ABOUT, &[]).with_bits(400, 0.0, &[0.5]).is_ok());
    assert!(Card::new(&wrong, &[]).with_bits(400, 0.0, &[0.5]).is_err());
    let format = Format::of("f32");
    let tiny = Big::of(2f64.powi(-149));
    assert_eq!(format.error(2f64.powi(-148), &tiny), 1.0, "the unit below 2^-126 is 2^-149");
    assert_eq!(format.error(f64::NAN, &tiny), f64::INFINITY);
    assert_eq!(format.error(f64::INFINITY, &Big::of(1e300)), 0.0, "beyond f32 infinity is right");
    assert_eq!(format.error(1.0, &Big::of(1.0 - 2f64.powi(-25))), 0.5);
}

/// More bits change nothing that f64 could show: what cancels was allowed for.
#[test]
fn references_do_not_depend_on_their_bits() {
    for entry in table::<f64>().iter().filter(|entry| matches!(entry.about.kind, Kind::Activation | Kind::PointwiseLoss)) {
        let stream = &mut Stream::new(5);
        let card = Card::new(entry.about, &instances(entry.about)[0]);
        let points: Vec<Vec<f64>> = match entry.about.kind {
            Kind::Activation => {
                (0..40).map(|k| vec![if k < 20 { stream.between(-750.0, 750.0) } else { stream.of_any_size(-60, 12) }]).collect()
            }
            _ => pairs::<f64>(if entry.about.name == "poisson" { Domain::Counts } else { Domain::Numbers }, 7)
                .into_iter()
                .step_by(301)
                .map(|(a, y)| vec![a, y])
                .collect(),
        };
        for point in points {
            let exact = card.at(&point);
            let Ok(wide) = card.with_bits(6000, 1.0, &point) else { panic!("{} at {point:?}", entry.about.name) };
            let same = |a: &Big, b: &Big| close(a, b, &Big::of(1.0).shrunk(1200));
            assert!(same(&exact.value, &wide.value) && same(&exact.slope, &wide.slope), "{} at {point:?}", entry.about.name);
        }
    }
}

/// Functions against numbers from tables, and the two methods for the normal tail against each other.
#[test]
fn reference_functions_are_right() {
    with_precision(600, || {
        let digits = |x: f64, function: Function, rest: f64, expected: f64| {
            let got = Big::of(x).apply(function).subtract(&Big::of(expected));
            assert!((nearest(&got) / rest - 1.0).abs() < 1e-9, "{function:?}({x}): {got:?}");
        };
        // Each value as its nearest f64 and what that leaves, from 50 digits.
        digits(1.0, Function::Exp, 1.4456468917292502e-16, std::f64::consts::E);
        digits(2.0, Function::Log, 2.3190468138462996e-17, std::f64::consts::LN_2);
        let by_identity = |left: Big, right: Big| assert!(close(&left, &right, &Big::of(0.0)), "{left:?} {right:?}");
        for x in [1e-3, 0.3, 2.5, 17.0] {
            let big = Big::of(x);
            let up = big.apply(Function::Exp);
            by_identity(up.apply(Function::Log), big.clone());
            by_identity(big.apply(Function::Expm1).apply(Function::Log1p), big.clone());
            by_identity(up.subtract(&Big::of(1.0)), big.apply(Function::Expm1));
            by_identity(big.apply(Function::Sqrt).power(&Big::of(2.0)), big.clone());
            let tanh = up.multiply(&up).subtract(&Big::of(1.0)).divide(&up.multiply(&up).add(&Big::of(1.0)));
            by_identity(tanh, big.apply(Function::Tanh));
            by_identity(big.apply(Function::Sigmoid).add(&big.negate().apply(Function::Sigmoid)), Big::of(1.0));
            by_identity(big.apply(Function::Softplus).subtract(&big.negate().apply(Function::Softplus)), big.clone());
            by_identity(big.apply(Function::NormalCdf).add(&big.negate().apply(Function::NormalCdf)), Big::of(1.0));
        }
        for t in [26.5, 30.0, 38.0] {
            let (near, far) = support::big::tails(t);
            by_identity(near, far);
        }
        // log(1 + exp(z)) beyond any exponent.
        let z = Big::of(1e300);
        by_identity(z.apply(Function::Exp).add(&Big::of(1.0)).apply(Function::Log), z);
    });
}
