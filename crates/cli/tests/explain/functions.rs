//! The activations and losses, and their slopes, from their definitions.

use std::f64::consts::PI;

/// Φ(x), by the series of the error function near 0 and by its continued fraction far from it.
pub fn normal_cdf(x: f64) -> f64 {
    let t = x.abs() / 2f64.sqrt();
    let upper = if t < 3.0 {
        let (mut term, mut sum) = (t, t);
        for n in 1..200 {
            term *= -t * t / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        0.5 - sum / PI.sqrt()
    } else {
        let fraction = (1..200).rev().fold(t, |below, n| t + f64::from(n) / 2.0 / below);
        (-t * t).exp() / PI.sqrt() / fraction / 2.0
    };
    if x < 0.0 { upper } else { 1.0 - upper }
}

pub fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

pub fn sigmoid(z: f64) -> f64 {
    if z < 0.0 { z.exp() / (1.0 + z.exp()) } else { 1.0 / (1.0 + (-z).exp()) }
}

pub fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// `name(constant)` as name and constant.
pub fn parts(name: &str) -> (&str, Option<f64>) {
    match name.split_once('(') {
        Some((name, rest)) => (name, Some(rest.trim_end_matches(')').parse().expect("a constant"))),
        None => (name, None),
    }
}

/// Value and slope of an activation.
pub fn activation(name: &str, z: f64) -> (f64, f64) {
    let (name, constant) = parts(name);
    let positive = z > 0.0;
    match name {
        "linear" => (z, 1.0),
        "relu" => (z.max(0.0), if positive { 1.0 } else { 0.0 }),
        "leaky_relu" => {
            let alpha = constant.unwrap_or(0.01);
            if positive { (z, 1.0) } else { (alpha * z, alpha) }
        }
        "elu" => {
            let alpha = constant.unwrap_or(1.0);
            if positive { (z, 1.0) } else { (alpha * z.exp_m1(), alpha * z.exp()) }
        }
        "selu" => {
            let (lambda, alpha) = (1.0507009873554805, 1.6732632423543772);
            if positive { (lambda * z, lambda) } else { (lambda * alpha * z.exp_m1(), lambda * alpha * z.exp()) }
        }
        "gelu" => (z * normal_cdf(z), normal_cdf(z) + z * normal_density(z)),
        "silu" => (z * sigmoid(z), sigmoid(z) * (1.0 + z * sigmoid(-z))),
        "softplus" => (softplus(z), sigmoid(z)),
        "softsign" => (z / (1.0 + z.abs()), (1.0 + z.abs()).powi(-2)),
        "sigmoid" => (sigmoid(z), sigmoid(z) * sigmoid(-z)),
        "tanh" => (z.tanh(), z.cosh().powi(-2)),
        "hard_sigmoid" => (((z + 3.0) / 6.0).clamp(0.0, 1.0), if z.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 }),
        other => panic!("no activation {other}"),
    }
}

/// A row's loss, and its slope by each output.
pub fn loss(name: &str, a: &[f64], y: &[f64]) -> (f64, Vec<f64>) {
    let (name, constant) = parts(name);
    if name == "cross_entropy" {
        let top = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = a.iter().map(|z| (z - top).exp()).sum();
        let total: f64 = y.iter().sum();
        let cost = a.iter().zip(y).map(|(z, y)| y * (top + sum.ln() - z)).sum();
        return (cost, a.iter().zip(y).map(|(z, y)| (z - top).exp() / sum * total - y).collect());
    }
    let one = |a: f64, y: f64| {
        let error = a - y;
        match name {
            "half_squared_error" => (error * error / 2.0, error),
            "squared_error" => (error * error, 2.0 * error),
            "absolute_error" => (error.abs(), error.signum()),
            "huber" => {
                let delta = constant.unwrap_or(1.0);
                if error.abs() <= delta {
                    (error * error / 2.0, error)
                } else {
                    (delta * (error.abs() - delta / 2.0), delta * error.signum())
                }
            }
            "log_cosh" => (error.cosh().ln(), error.tanh()),
            "quantile" => {
                let tau = constant.unwrap_or(0.5);
                if error > 0.0 { ((1.0 - tau) * error, 1.0 - tau) } else { (-tau * error, -tau) }
            }
            "poisson" => (a - y * a.ln(), 1.0 - y / a),
            "binary_cross_entropy" => ((1.0 - y) * softplus(a) + y * softplus(-a), sigmoid(a) - y),
            other => panic!("no loss {other}"),
        }
    };
    let pairs: Vec<(f64, f64)> = a.iter().zip(y).map(|(a, y)| one(*a, *y)).collect();
    (pairs.iter().map(|pair| pair.0).sum(), pairs.iter().map(|pair| pair.1).collect())
}

#[test]
fn slopes_are_slopes() {
    let activations = "linear relu leaky_relu(0.2) elu(0.5) selu gelu silu softplus softsign sigmoid tanh hard_sigmoid";
    for name in activations.split(' ') {
        for z in [-4.3, -2.1, -0.3, 0.4, 1.7, 3.9] {
            let difference = (activation(name, z + 1e-5).0 - activation(name, z - 1e-5).0) / 2e-5;
            support_close(name, activation(name, z).1, difference);
        }
    }
    let losses =
        "half_squared_error squared_error absolute_error huber(0.5) log_cosh quantile(0.3) poisson binary_cross_entropy cross_entropy";
    for name in losses.split(' ') {
        let (a, y) = ([0.3, 1.9], [0.75, 0.25]);
        for k in 0..2 {
            let moved = |step: f64| loss(name, &[a[0] + if k == 0 { step } else { 0.0 }, a[1] + if k == 1 { step } else { 0.0 }], &y).0;
            support_close(name, loss(name, &a, &y).1[k], (moved(1e-5) - moved(-1e-5)) / 2e-5);
        }
    }
    // Φ at 1, 3.5 and 5 from a table of 20 digits.
    for (x, expected) in [(1.0, 0.841_344_746_068_542_9), (3.5, 0.999_767_370_920_964_5), (-5.0, 2.866_515_718_791_939e-7)] {
        assert!((normal_cdf(x) - expected).abs() <= 1e-14 * expected, "{x}: {:?}", normal_cdf(x));
    }
}

#[cfg(test)]
fn support_close(what: &str, given: f64, expected: f64) {
    crate::support::close(what, given, expected, 1e-8, 1.0);
}
