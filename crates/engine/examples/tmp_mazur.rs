use backlit_engine::train::*;
use backlit_engine::*;
use std::ops::ControlFlow;
fn main() {
    let n = Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error();
    let b = n.build::<f64>().unwrap();
    let p = vec![0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6];
    for _ in 0..5 {
        let o = optimizers::find::<f64>("sgd").unwrap().create(&[], 12).unwrap();
        let mut t = Trainer::new(
            &b.graph,
            b.cost,
            p.clone(),
            o,
            &[4..6, 10..12],
            1,
            Settings { epochs: 2000000, batch: None, shuffle: false, seed: 0, learning_rate: 0.5, threads: 1 },
        );
        let x = [0.05, 0.1];
        let y = [0.01, 0.99];
        let s = std::time::Instant::now();
        t.run(&[&x, &y], &mut |_| ControlFlow::Continue(()));
        let e = s.elapsed() / 2000000;
        let s = std::time::Instant::now();
        let r = hand(std::hint::black_box(2000000));
        std::hint::black_box(r);
        println!("{:?} hand {:?}", e, s.elapsed() / 2000000);
    }
}
#[allow(dead_code)]
pub fn hand(n: usize) -> [f64; 8] {
    let mut w = [0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55];
    let s = |z: f64| 1.0 / (1.0 + (-z).exp());
    let (i1, i2, t1, t2) = (0.05, 0.1, 0.01, 0.99);
    for _ in 0..n {
        let h1 = s(w[0] * i1 + w[1] * i2 + 0.35);
        let h2 = s(w[2] * i1 + w[3] * i2 + 0.35);
        let o1 = s(w[4] * h1 + w[5] * h2 + 0.6);
        let o2 = s(w[6] * h1 + w[7] * h2 + 0.6);
        let d1 = (o1 - t1) * o1 * (1.0 - o1);
        let d2 = (o2 - t2) * o2 * (1.0 - o2);
        let e1 = (d1 * w[4] + d2 * w[6]) * h1 * (1.0 - h1);
        let e2 = (d1 * w[5] + d2 * w[7]) * h2 * (1.0 - h2);
        let g = [e1 * i1, e1 * i2, e2 * i1, e2 * i2, d1 * h1, d1 * h2, d2 * h1, d2 * h2];
        for k in 0..8 {
            w[k] -= 0.5 * g[k];
        }
    }
    w
}
