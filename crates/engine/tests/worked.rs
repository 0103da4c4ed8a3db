//! The optimizers' rules in formulas against their kernels.

// A second opinion may use the platform's functions; one parameter is one range.
#![allow(clippy::disallowed_methods, clippy::single_range_in_vec_init)]

use backlit_engine::formula::Formula;
use backlit_engine::optimizers::{self, WorkedLine, worked};

/// Numbers from 0 to 1 that look random.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An option's value, switched on or off by a coin.
    fn option(&mut self, name: &str, default: f64) -> f64 {
        let on = self.next() < 0.5;
        match name {
            "nesterov" | "centered" | "amsgrad" => f64::from(u8::from(on)),
            "alpha" | "beta1" | "beta2" => {
                if on {
                    default
                } else {
                    0.99 * self.next()
                }
            }
            "epsilon" => default,
            _ if on => 0.9 * self.next(),
            _ => 0.0,
        }
    }
}

fn given(options: &[(&str, f64)]) -> Vec<(String, f64)> {
    options.iter().map(|(name, value)| (name.to_string(), *value)).collect()
}

#[test]
fn the_last_line_is_what_the_kernel_computes() {
    let mut draw = Draw(5);
    // A search has no rule for one parameter.
    for entry in optimizers::table::<f64>().into_iter().filter(|entry| entry.name != "lbfgs") {
        let mut tried = 0;
        while tried < 400 {
            let options: Vec<(String, f64)> =
                entry.options.iter().map(|(name, default)| (name.to_string(), draw.option(name, *default))).collect();
            let Ok(mut optimizer) = entry.create(&options, 1) else { continue };
            tried += 1;
            let rate = 0.3 * draw.next();
            let start = 4.0 * draw.next() - 2.0;
            let gradients: Vec<f64> = (0..7).map(|_| (2.0 * draw.next() - 1.0) * 10f64.powi((5.0 * draw.next()) as i32 - 2)).collect();
            let (mut old, mut new) = ([start], [start]);
            for (i, gradient) in gradients.iter().enumerate() {
                optimizer.update(rate, std::slice::from_ref(&(0..1)), &[*gradient], &old, &mut new);
                let lines = worked(entry.name, &options, rate, start, &gradients[..=i]).unwrap();
                let last = lines.last().unwrap();
                assert_eq!(last.symbol, "theta_new");
                let scale = new[0].abs().max((new[0] - old[0]).abs());
                let told = format!("{} {options:?}, step {}: {} and {}", entry.name, i + 1, last.value, new[0]);
                assert!((last.value - new[0]).abs() <= 1e-12 * scale, "{told}");
                each_line_can_be_read(&lines, &told);
                old = new;
            }
        }
    }
}

/// No symbol twice, every letter has its value, and it is the value of the line above that defined it.
fn each_line_can_be_read(lines: &[WorkedLine], told: &str) {
    for (i, line) in lines.iter().enumerate() {
        assert!(lines[..i].iter().all(|earlier| earlier.symbol != line.symbol), "{told}");
        assert!(!line.meaning.is_empty());
        let wanted = letters(&line.formula);
        let bound: Vec<&str> = line.letters.iter().map(|(letter, _)| letter.as_str()).collect();
        assert_eq!(bound, wanted, "{told}");
        for (letter, value) in &line.letters {
            if let Some(earlier) = lines[..i].iter().find(|earlier| earlier.symbol == letter) {
                assert_eq!(earlier.value, *value, "{told}");
            }
        }
    }
}

/// The letters of a formula by its printed tree, each once.
fn letters(formula: &Formula) -> Vec<String> {
    let tree = format!("{formula:?}");
    let mut found: Vec<String> = Vec::new();
    for part in tree.split("Variable(\"").skip(1) {
        let name = part.split('"').next().unwrap().to_string();
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn symbols(lines: &[WorkedLine]) -> Vec<&str> {
    lines.iter().map(|line| line.symbol).collect()
}

#[test]
fn what_is_switched_off_is_not_there() {
    let steps = |name: &str, options: &[(&str, f64)], gradients: &[f64]| worked(name, &given(options), 0.5, 1.0, gradients).unwrap();
    let plain = steps("sgd", &[], &[0.25]);
    assert_eq!(symbols(&plain), ["theta_new"]);
    assert_eq!(plain[0].formula, backlit_engine::formula::parse("theta - eta * g").unwrap());
    assert_eq!(plain[0].letters, given(&[("theta", 1.0), ("eta", 0.5), ("g", 0.25)]));
    assert_eq!(plain[0].value, 0.875);

    let dampened = [("momentum", 0.5), ("dampening", 0.25)];
    // The first velocity is the gradient, whatever the dampening.
    assert_eq!(symbols(&steps("sgd", &dampened, &[0.25])), ["theta_new"]);
    let second = steps("sgd", &dampened, &[0.25, 1.0]);
    assert_eq!(symbols(&second), ["v", "theta_new"]);
    assert_eq!(second[0].letters, given(&[("momentum", 0.5), ("v0", 0.25), ("dampening", 0.25), ("g", 1.0)]));

    let ahead = [("momentum", 0.5), ("nesterov", 1.0), ("weight_decay", 0.1)];
    assert_eq!(symbols(&steps("sgd", &ahead, &[1.0])), ["g_decayed", "v", "v_ahead", "theta_new"]);
    assert_eq!(symbols(&steps("adam", &[], &[1.0])), ["m", "v", "m_hat", "v_hat", "theta_new"]);
    assert_eq!(symbols(&steps("adam", &[("amsgrad", 1.0)], &[1.0])), ["m", "v", "v_max", "m_hat", "v_hat", "theta_new"]);
    assert_eq!(symbols(&steps("adamw", &[], &[1.0]))[0], "theta_decayed");
    assert_eq!(symbols(&steps("adamw", &[("weight_decay", 0.0)], &[1.0]))[0], "m");
}

#[test]
fn a_step_that_cannot_be_worked_says_why() {
    let wrong = |name: &str, options: &[(&str, f64)], gradients: &[f64]| worked(name, &given(options), 0.1, 0.0, gradients).unwrap_err();
    assert!(wrong("adam", &[], &[]).contains("needs a gradient"));
    assert!(wrong("adma", &[], &[1.0]).contains("there are sgd, adagrad"));
    assert!(wrong("adam", &[("momentum", 0.9)], &[1.0]).contains("no option 'momentum'"));
    assert!(wrong("sgd", &[("momentum", 1.5)], &[1.0]).contains("below 1"));
}
