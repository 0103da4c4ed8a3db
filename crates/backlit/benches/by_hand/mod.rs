//! The three small workloads as plain loops with the shapes compiled in: what a person would write for one net.

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Weights and frozen biases, in the order of the engine.
pub fn mazur(steps: u64) -> [f64; 12] {
    let (mut w, b1, b2) = ([0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55], 0.35, 0.6);
    let (i1, i2, t1, t2) = (0.05, 0.1, 0.01, 0.99);
    for _ in 0..steps {
        let h1 = sigmoid(w[0] * i1 + w[1] * i2 + b1);
        let h2 = sigmoid(w[2] * i1 + w[3] * i2 + b1);
        let o1 = sigmoid(w[4] * h1 + w[5] * h2 + b2);
        let o2 = sigmoid(w[6] * h1 + w[7] * h2 + b2);
        let d1 = (o1 - t1) * o1 * (1.0 - o1);
        let d2 = (o2 - t2) * o2 * (1.0 - o2);
        let e1 = (d1 * w[4] + d2 * w[6]) * h1 * (1.0 - h1);
        let e2 = (d1 * w[5] + d2 * w[7]) * h2 * (1.0 - h2);
        let gradient = [e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2];
        for k in 0..8 {
            w[k] -= 0.5 * gradient[k];
        }
    }
    [w[0], w[1], w[2], w[3], b1, b1, w[4], w[5], w[6], w[7], b2, b2]
}

/// Some start between −1 and 1: 4 × 3 weights, then 1 × 4.
pub const EXPLICIT_START: [f64; 16] =
    [-0.13, -0.16, -0.4, -0.95, -0.34, -0.47, 0.1, -0.59, 0.24, -0.13, 0.24, 0.06, -0.73, 0.03, -0.63, 0.57];

/// The parameters after so many steps.
pub fn explicit(steps: u64) -> [f64; 16] {
    let mut w = EXPLICIT_START;
    let x = [0.0, 0.0, 1.0];
    for _ in 0..steps {
        let mut a = [0.0; 4];
        for u in 0..4 {
            let mut z = 0.0;
            for i in 0..3 {
                z += x[i] * w[u * 3 + i];
            }
            a[u] = sigmoid(z);
        }
        let mut z = 0.0;
        for u in 0..4 {
            z += a[u] * w[12 + u];
        }
        let out = sigmoid(z);
        let delta = out * out * (1.0 - out);
        for u in 0..4 {
            let hidden = delta * w[12 + u] * a[u] * (1.0 - a[u]);
            w[12 + u] -= 10.0 * delta * a[u];
            for i in 0..3 {
                w[u * 3 + i] -= 10.0 * hidden * x[i];
            }
        }
    }
    w
}

/// 13-5-3-1, linear, row after row. Parameters in the order of the engine.
pub fn houses(epochs: u64, x: &[f64], y: &[f64], start: &[f64]) -> Vec<f64> {
    let mut p: [f64; 92] = start.try_into().expect("92 parameters");
    let n = y.len() as f64;
    for _ in 0..epochs {
        let mut g = [0.0; 92];
        for (x, y) in x.chunks_exact(13).zip(y) {
            let (mut a1, mut a2) = ([0.0; 5], [0.0; 3]);
            for u in 0..5 {
                a1[u] = (0..13).map(|i| x[i] * p[u * 13 + i]).sum::<f64>() + p[65 + u];
            }
            for u in 0..3 {
                a2[u] = (0..5).map(|i| a1[i] * p[70 + u * 5 + i]).sum::<f64>() + p[85 + u];
            }
            let out = (0..3).map(|i| a2[i] * p[88 + i]).sum::<f64>() + p[91];
            let d3 = (out - y) / n;
            let mut d2 = [0.0; 3];
            for u in 0..3 {
                g[88 + u] += d3 * a2[u];
                d2[u] = d3 * p[88 + u];
            }
            g[91] += d3;
            let mut d1 = [0.0; 5];
            for u in 0..3 {
                for i in 0..5 {
                    g[70 + u * 5 + i] += d2[u] * a1[i];
                    d1[i] += d2[u] * p[70 + u * 5 + i];
                }
                g[85 + u] += d2[u];
            }
            for u in 0..5 {
                for i in 0..13 {
                    g[u * 13 + i] += d1[u] * x[i];
                }
                g[65 + u] += d1[u];
            }
        }
        for k in 0..92 {
            p[k] -= 8e-7 * g[k];
        }
    }
    p.to_vec()
}
