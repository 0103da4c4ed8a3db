//! Where operations are tried: the same points on every machine.

use super::stream::{Stream, unit};
use backlit_engine::Scalar;

impl Stream {
    /// ±m·2^k with m in 1..2.
    pub fn in_binade(&mut self, k: i32) -> f64 {
        let sign = if self.bits() & 1 == 0 { 1.0 } else { -1.0 };
        sign * power_of_two(self.between(1.0, 2.0), k)
    }

    /// ±m·2^k with k anywhere in `from..=to`.
    pub fn of_any_size(&mut self, from: i32, to: i32) -> f64 {
        let k = from + (self.bits() % (to - from + 1) as u64) as i32;
        self.in_binade(k)
    }
}

/// m·2^k for k of f64's range, subnormals included.
fn power_of_two(m: f64, k: i32) -> f64 {
    m * 2f64.powi(k / 2) * 2f64.powi(k - k / 2)
}

/// Exponents of the smallest subnormal, the smallest normal and the largest number of `S`.
pub fn range<S: Scalar>() -> (i32, i32, i32) {
    if S::NAME == "f32" { (-149, -126, 127) } else { (-1074, -1022, 1023) }
}

/// Finite points for a function of one number: every binade with both signs, subnormals, the stretch where
/// exponentials saturate, small arguments, and roots of derivatives with their neighbours.
pub fn line<S: Scalar>(seed: u64) -> Vec<f64> {
    let stream = &mut Stream::new(seed);
    let (least, normal, most) = range::<S>();
    let mut points = vec![0.0, -0.0];
    for x in [1.0, 3.0, 88.0, 104.0, 709.78, 745.13, 1000.0] {
        points.extend([x, -x]);
    }
    for k in normal..=most {
        let many = if (-40..11).contains(&k) { 12 } else { 3 };
        points.extend((0..many).map(|_| stream.in_binade(k)));
        points.push(power_of_two(1.0, k));
        points.push(power_of_two(-1.0, k));
    }
    points.extend((0..60).map(|_| stream.of_any_size(least, normal)));
    points.extend((0..800).map(|_| stream.between(-800.0, 800.0)));
    points.extend((0..1200).map(|_| stream.between(-50.0, 50.0)));
    points.extend((0..1200).map(|_| stream.between(-6.0, 6.0)));
    for root in [-1.278464542761074, -0.7517915246935645] {
        points.extend((-20..=20).map(|steps| S::from_f64(root).to_f64() + f64::from(steps) * unit::<S>()));
        points.extend((0..200).map(|_| root + stream.of_any_size(-30, -1)));
    }
    rounded::<S>(points)
}

/// Each rounded to `S`, without infinities.
fn rounded<S: Scalar>(points: Vec<f64>) -> Vec<f64> {
    points.into_iter().map(|x| S::from_f64(x).to_f64()).filter(|x| x.is_finite()).collect()
}

/// Which predictions and targets a loss is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Any two numbers.
    Numbers,
    /// A mean above 0 and a target that is 0 or above.
    Counts,
    /// A logit and 0 or 1.
    Binary,
    /// A logit and a share between 0 and 1.
    Shares,
}

/// Pairs of prediction and target: of all sizes, moderate, nearly equal, and with logits that saturate.
pub fn pairs<S: Scalar>(domain: Domain, seed: u64) -> Vec<(f64, f64)> {
    let stream = &mut Stream::new(seed);
    let mut pairs = match domain {
        Domain::Numbers => numbers::<S>(stream),
        Domain::Counts => counts::<S>(stream),
        Domain::Binary => logits::<S>(seed, |k| [0.0, 1.0][k % 2]),
        Domain::Shares => logits::<S>(seed, |_| stream.between(0.0, 1.0)),
    };
    for (a, y) in &mut pairs {
        (*a, *y) = (S::from_f64(*a).to_f64(), S::from_f64(*y).to_f64());
    }
    let inside = |a: f64, y: f64| match domain {
        // A difference beyond the largest number is infinite, and so is what is made of it.
        Domain::Numbers => (a - y).is_finite(),
        Domain::Counts => a > 0.0 && y >= 0.0,
        Domain::Binary | Domain::Shares => true,
    };
    pairs.retain(|&(a, y)| a.is_finite() && y.is_finite() && inside(a, y));
    pairs
}

fn numbers<S: Scalar>(stream: &mut Stream) -> Vec<(f64, f64)> {
    let (least, _, most) = range::<S>();
    let mut pairs = Vec::new();
    let special = [0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, 0.1, 1e-30];
    for a in special {
        pairs.extend(special.map(|y| (a, y)));
    }
    for _ in 0..1500 {
        pairs.push((stream.of_any_size(least, most), stream.of_any_size(least, most)));
        pairs.push((stream.between(-10.0, 10.0), stream.between(-10.0, 10.0)));
        pairs.push((stream.between(-800.0, 800.0), stream.between(-1.0, 1.0)));
        // Nearly equal: relative difference 2^-52 to 1/2.
        let y = stream.between(-10.0, 10.0);
        pairs.push((y * (1.0 + stream.of_any_size(-52, -1)), y));
        let y = stream.of_any_size(-60, 60);
        pairs.push((y + stream.of_any_size(-60, 8), y));
    }
    for k in least..=most {
        pairs.push((stream.in_binade(k), 0.0));
    }
    pairs
}

fn counts<S: Scalar>(stream: &mut Stream) -> Vec<(f64, f64)> {
    let (least, _, most) = range::<S>();
    let mut pairs = Vec::new();
    for k in least..=most {
        pairs.push((stream.in_binade(k).abs(), (stream.bits() % 10) as f64));
    }
    for _ in 0..1500 {
        let y = (stream.bits() % 100) as f64;
        pairs.push((stream.between(0.0, 120.0), y));
        pairs.push((y * (1.0 + stream.of_any_size(-52, -1)), y));
        pairs.push((stream.of_any_size(-60, 60).abs(), stream.of_any_size(-60, 60).abs()));
        // a = y log(a): the cost crosses 0 between 1 and e, and beyond e.
        let crossing = stream.between(1.01, 40.0);
        pairs.push((crossing * (1.0 + stream.of_any_size(-52, -3)), crossing / crossing.ln()));
    }
    pairs
}

fn logits<S: Scalar>(seed: u64, mut target: impl FnMut(usize) -> f64) -> Vec<(f64, f64)> {
    line::<S>(seed).into_iter().enumerate().map(|(k, z)| (z, target(k))).collect()
}
