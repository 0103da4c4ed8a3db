//! GFLOP/s of every product on layers of many shapes: `cargo bench -p backlit-kernels`.

use backlit_kernels::Scalar;
use backlit_kernels::product::{Left, Start, matrix_vector, product, scratch, transpose, vector_matrix};
use std::hint::black_box;
use std::time::Instant;

/// (units, inputs, rows)
const SHAPES: [(usize, usize, usize); 13] = [
    (4096, 4096, 512),
    (4096, 4096, 256),
    (4096, 1024, 512),
    (1024, 4096, 512),
    (512, 784, 128),
    (512, 784, 64),
    (256, 512, 128),
    (256, 512, 64),
    (10, 256, 128),
    (64, 64, 32),
    (64, 13, 32),
    (32, 64, 32),
    (128, 100, 26),
];

fn main() {
    shapes::<f32>();
    shapes::<f64>();
    one_row::<f32>();
    one_row::<f64>();
}

fn shapes<S: Scalar>() {
    println!("{}, GFLOP/s\n units inputs rows       z      dx      dw", S::NAME);
    for (units, inputs, rows) in SHAPES {
        let numbers = |n: usize| (0..n).map(|i| S::from_f64((i * 7919 % 2003) as f64 / 2003.0)).collect::<Vec<S>>();
        let (w, x, d) = (numbers(units * inputs), numbers(inputs * rows), numbers(units * rows));
        let [mut z, mut dx, mut dw] = [units * rows, inputs * rows, units * inputs].map(numbers);
        let forward = scratch::<S>(units, inputs, rows, 1);
        let most = forward.max(scratch::<S>(inputs, units, rows, inputs)).max(scratch::<S>(units, rows, inputs, 1));
        let mut s = numbers(most);
        let wa = Left { data: &w, row: inputs, column: 1 };
        let wt = Left { data: &w, row: 1, column: inputs };
        let da = Left { data: &d, row: rows, column: 1 };
        let times = best(
            [
                &mut |s| product(units, inputs, rows, wa, &x, rows, &mut z, rows, Start::Zero, None, s),
                &mut |s| product(inputs, units, rows, wt, &d, rows, &mut dx, rows, Start::Zero, None, s),
                &mut |s| product(units, rows, inputs, da, &x, inputs, &mut dw, inputs, Start::Zero, None, s),
            ],
            &mut s,
        );
        print!("{units:>6} {inputs:>6} {rows:>4}");
        for time in times {
            print!(" {:>7.1}", 2e-9 * (units * inputs * rows) as f64 / time);
        }
        println!();
    }
}

/// One row through a layer and back, and the transpose of its weight, in GB/s of memory read and written.
fn one_row<S: Scalar>() {
    println!("{}, GB/s\n units inputs  forward    back  transpose", S::NAME);
    for (units, inputs) in [(64, 64), (256, 512), (512, 784), (1024, 1024), (4096, 512), (4096, 4096)] {
        let numbers = |n: usize| (0..n).map(|i| S::from_f64((i * 7919 % 2003) as f64 / 2003.0)).collect::<Vec<S>>();
        let (w, x, d) = (numbers(units * inputs), numbers(inputs), numbers(units));
        let (mut z, mut dx, mut wt) = (numbers(units), numbers(inputs), numbers(units * inputs));
        let [forward, back, transposed] = best(
            [
                &mut |_: &mut [S]| matrix_vector(units, inputs, &w, &x, &mut z, false),
                &mut |_| vector_matrix(units, inputs, &w, &d, &mut dx, false),
                &mut |_| transpose(units, inputs, &w, inputs, &mut wt, units),
            ],
            &mut [],
        )
        .map(|seconds| (units * inputs * size_of::<S>()) as f64 / 1e9 / seconds);
        println!("{units:>6} {inputs:>6}  {forward:>7.1} {back:>7.1}    {:>7.1}", 2.0 * transposed);
    }
}

/// What is timed; it may use the scratch.
type Work<'a, S> = &'a mut dyn FnMut(&mut [S]);

/// Seconds of the fastest of many rounds of each, in turn, so that a slow moment of the machine hits them all.
fn best<S, const N: usize>(mut work: [Work<S>; N], s: &mut [S]) -> [f64; N] {
    let mut best = [f64::INFINITY; N];
    let started = Instant::now();
    while started.elapsed().as_secs_f64() < 0.8 {
        for (work, best) in work.iter_mut().zip(&mut best) {
            let mut repeats = 1u32;
            loop {
                let started = Instant::now();
                (0..repeats).for_each(|_| black_box(&mut *work)(s));
                let seconds = started.elapsed().as_secs_f64();
                if seconds > 2e-4 {
                    *best = best.min(seconds / f64::from(repeats));
                    break;
                }
                repeats *= 4;
            }
        }
    }
    best
}
