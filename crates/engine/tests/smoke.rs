use backlit_engine::train::*;
use backlit_engine::*;
use std::ops::ControlFlow;
#[test]
fn mazur() {
    let n = Network::inputs(2).dense(2).sigmoid().dense(2).sigmoid().half_squared_error();
    let b = n.build::<f64>().unwrap();
    let p = vec![0.15, 0.2, 0.25, 0.3, 0.35, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6];
    let o = optimizers::find::<f64>("sgd").unwrap().create(&[], 12).unwrap();
    let mut t = Trainer::new(
        &b.graph,
        b.cost,
        p.clone(),
        o,
        &[4..6, 10..12],
        1,
        Settings { epochs: 10000, batch: None, shuffle: false, seed: 0, learning_rate: 0.5, threads: 1 },
    );
    let x = [0.05, 0.1];
    let y = [0.01, 0.99];
    let r = check::check(&b.graph, b.cost, &p, &[&x, &y], 1, &mut |p| {
        let plan = Plan::gradient(&b.graph, b.cost);
        let mut g = vec![0.0; 12];
        step::Runner::new(&plan, 1, 1).gradient(&plan, p, &[&x, &y], 1, &mut g);
        g
    });
    for c in &r.parameters {
        println!("{:?}", c);
    }
    println!("{}", r.cost);
    let s = std::time::Instant::now();
    let e = t.run(&[&x, &y], &mut |_| ControlFlow::Continue(()));
    println!("{e:?} {:?} {:?}", t.parameters(), s.elapsed() / 10000);
}
