//! Some hundred random networks: every activation and loss, one to four layers, rows alone and together.

use crate::nets::{Dice, Layer, Net};
use crate::record::Expected;
use crate::support::Desk;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const ACTIVATIONS: [&str; 15] = [
    "linear",
    "relu",
    "leaky_relu",
    "leaky_relu(0.2)",
    "elu",
    "elu(0.5)",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "sigmoid",
    "tanh",
    "hard_sigmoid",
    "sigmoid",
];
pub const LOSSES: [&str; 12] = [
    "half_squared_error",
    "squared_error",
    "absolute_error",
    "huber",
    "huber(0.5)",
    "log_cosh",
    "quantile",
    "quantile(0.3)",
    "poisson",
    "binary_cross_entropy",
    "cross_entropy",
    "half_squared_error",
];

/// A network whose first activation and loss are these.
pub fn net(dice: &mut Dice, activation: &str, loss: &str, f32: bool) -> Net {
    let mut widths: Vec<usize> = (0..2 + dice.below(4)).map(|_| 1 + dice.below(6)).collect();
    if loss == "cross_entropy" {
        let last = widths.len() - 1;
        widths[last] = widths[last].max(2);
    }
    let count = widths.len() - 1;
    let layers = (0..count)
        .map(|at| {
            let last = at == count - 1;
            let name = match loss {
                "poisson" if last => dice.pick(&["softplus", "sigmoid"]),
                "binary_cross_entropy" | "cross_entropy" if last => "linear",
                _ if at == 0 => activation,
                _ => dice.pick(&ACTIVATIONS),
            };
            let mut row = |count: usize| (0..count).map(|_| dice.decimal(1.5)).collect::<Vec<f64>>();
            let weight = (0..widths[at + 1]).map(|_| row(widths[at])).collect();
            let bias = row(widths[at + 1]);
            let has_bias = dice.below(4) > 0;
            let mut freeze = vec![];
            if dice.below(5) == 0 {
                freeze.push("weight");
            }
            if has_bias && dice.below(5) == 0 {
                freeze.push("bias");
            }
            Layer { activation: name.to_string(), weight, bias: has_bias.then_some(bias), freeze }
        })
        .collect();
    let rows = 1 + dice.below(4);
    let target = |dice: &mut Dice, width: usize| -> Vec<f64> {
        match loss {
            "cross_entropy" => {
                let class = dice.below(width);
                (0..width).map(|k| f64::from(u8::from(k == class))).collect()
            }
            "binary_cross_entropy" => (0..width).map(|_| dice.below(2) as f64).collect(),
            "poisson" => (0..width).map(|_| dice.below(5) as f64).collect(),
            _ => (0..width).map(|_| dice.decimal(2.0)).collect(),
        }
    };
    Net {
        layers,
        loss: loss.to_string(),
        f32,
        standardize: dice.below(3) == 0,
        inputs: (0..rows).map(|_| (0..widths[0]).map(|_| dice.decimal(2.0)).collect()).collect(),
        targets: (0..rows).map(|_| target(dice, widths[count])).collect(),
        train: "optimizer = \"sgd\"\nlearning_rate = 0.1".to_string(),
    }
}

/// Runs `each` for 0 … count − 1 on a few threads; every failure is told, the first few in full.
pub fn side_by_side(count: usize, each: impl Fn(usize) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    if let Err(cause) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| each(at))) {
                        let told =
                            cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(|text| text.to_string()));
                        failed.lock().expect("a lock").push(format!("case {at}: {}", told.unwrap_or_default()));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("a lock");
    assert!(failed.is_empty(), "{} of {count} failed; some of them:\n{}", failed.len(), failed[..failed.len().min(12)].join("\n"));
}

#[test]
fn random_networks_hold_what_is_promised() {
    let cases = ACTIVATIONS.len() * LOSSES.len() * 2;
    side_by_side(cases, |case| {
        let mut dice = Dice::new(case as u64 + 1);
        let (activation, loss) = (ACTIVATIONS[case % ACTIVATIONS.len()], LOSSES[case / ACTIVATIONS.len() % LOSSES.len()]);
        let net = net(&mut dice, activation, loss, case % 4 == 3);
        let desk = Desk::with(&[("run.toml", &net.toml())]);
        let net = net.rounded();
        let places = net.places();
        let all: Vec<usize> = (0..net.inputs.len()).collect();
        for rows in [vec![dice.below(all.len())], all.clone()] {
            let place = places[dice.below(places.len())];
            let line = match rows[..] {
                [row] => format!("explain run.toml --parameter {} --row {row}", place.name()),
                _ => format!("explain run.toml --parameter {}", place.name()),
            };
            let record = desk.json(&line);
            let passes = rows.iter().map(|row| net.pass(*row)).collect();
            let expected = Expected { net: &net, rows, passes, place, listed: 32 };
            let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| expected.holds(&record)));
            if let Err(cause) = whole {
                let told = cause.downcast_ref::<String>().cloned().unwrap_or_default();
                panic!("{activation}, {loss}, seed {}: {line}: {told}", case + 1);
            }
        }
    });
}
