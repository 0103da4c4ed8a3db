//! Large pieces of one weight, merged, have the bits of each alone.

use super::sum::{Stretch, Sum};
use super::{Batch, Data, Runner};
use crate::clip::Clip;
use crate::random::{Purpose, Random};
use crate::{Network, Plan, Scalar};

/// A layer of four pieces, with a penalty on it, and rows enough for three threads.
fn merged_pieces_are_the_pieces<S: Scalar>() {
    const ROWS: usize = 192;
    let built = Network::inputs(96).dense(128).tanh().dense(1).half_squared_error().penalty(0.01, 0.02).build::<S>().expect("a network");
    let plan = Plan::gradient(&built.graph, built.cost);
    assert_eq!(plan.pieces.iter().filter(|piece| piece.range.len() == 32 * 96 && piece.sources.len() == 2).count(), 4);
    let mut random = Random::new(8, Purpose::Check, 0);
    let mut some = |count: usize| -> Vec<S> { (0..count).map(|_| S::from_f64(random.uniform(-1.0, 1.0))).collect() };
    let (parameters, x, y) = (some(built.graph.parameter_count()), some(ROWS * 96), some(ROWS));
    let data: [&[S]; 2] = [&x, &y];
    let nothing = || vec![S::from_f64(f64::NAN); parameters.len()];

    let mut runner = Runner::on_threads(&plan, ROWS, 1);
    let mut gradient = nothing();
    let cost = runner.gradient(&plan, &parameters, &data, ROWS, &mut gradient);
    let mut alone = nothing();
    let panels = runner.panels(&plan, 0..ROWS, 0);
    let sum = Sum {
        plan: &plan,
        capacity: runner.capacity,
        parameters: &parameters,
        workers: &runner.workers,
        panels,
        add: false,
        sums: Some(&runner.sums),
        finish: None,
    };
    for piece in &plan.pieces {
        let gradient = &mut alone[piece.range.clone()];
        sum.one_by_one(std::slice::from_ref(piece), Stretch { start: piece.range.start, gradient, memory: Default::default() });
    }
    assert!(alone == gradient, "{}: merged pieces have another gradient than each alone", S::NAME);

    // What comes after the sum, here a descent along the clipped gradient, gets every number once, and its place.
    let clip = Clip { norm: None, value: Some(0.02) };
    let moved = |stretch: Stretch<'_, S>| {
        clip.by_value(stretch.gradient);
        stretch.gradient.iter_mut().zip(&parameters[stretch.start..]).for_each(|(g, &p)| *g = p - *g);
        true
    };
    moved(Stretch { start: 0, gradient: &mut alone, memory: Default::default() });
    for threads in [1, 2, 3] {
        let mut runner = Runner::on_threads(&plan, ROWS, threads);
        let mut found = nothing();
        let stretch = Stretch { start: 0, gradient: &mut found, memory: Default::default() };
        let batch = Batch::all(Data::Slices(&data), ROWS);
        let (again, fine) = runner.step(&plan, &parameters, batch, stretch, Some(&moved));
        assert!(fine && again.to_bits() == cost.to_bits() && found == alone, "{} on {threads} threads", S::NAME);
    }
}

#[test]
fn large_pieces_are_merged_without_changing_a_bit() {
    merged_pieces_are_the_pieces::<f64>();
    merged_pieces_are_the_pieces::<f32>();
}

#[test]
fn no_threads_are_one_and_no_rows_have_no_mean() {
    let built = Network::inputs(2).dense(1).half_squared_error().build::<f64>().expect("a network");
    let plan = Plan::gradient(&built.graph, built.cost);
    let (parameters, data): ([f64; 3], [&[f64]; 2]) = ([0.5, -1.0, 2.0], [&[1.0, 2.0, 3.0, 4.0], &[0.0, 1.0]]);
    let cost = |threads| Runner::on_threads(&plan, 2, threads).cost(&plan, &parameters, &data, 2);
    assert_eq!(cost(0).to_bits(), cost(1).to_bits());
    assert!(Runner::on_threads(&plan, 2, 1).cost(&plan, &parameters, &data, 0).is_nan());
}

#[test]
#[should_panic(expected = "at least one row")]
fn a_gradient_of_no_rows_is_refused() {
    let built = Network::inputs(1).dense(1).half_squared_error().build::<f64>().expect("a network");
    let plan = Plan::gradient(&built.graph, built.cost);
    Runner::on_threads(&plan, 1, 1).gradient(&plan, &[1.0, 2.0], &[&[], &[]], 0, &mut [0.0; 2]);
}
