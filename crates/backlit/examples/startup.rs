//! A whole program: reads the houses, trains a 13-5-3-1 network for 30 epochs and prints the mean squared error.
//! Its time and memory, start and end included, are measured by `cargo xtask bench --peers` (W9).

#[path = "../benches/workloads/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "../benches/workloads/work.rs"]
#[allow(dead_code)]
mod work;

use backlit::engine::Network;
use data::{HOUSES, HOUSES_RATE, glorot, houses};
use work::Work;

fn main() {
    let (x, y) = houses();
    let network = Network::inputs(13).dense(5).dense(3).dense(1).loss("squared_error");
    let work = Work::sgd(network, glorot(&HOUSES), HOUSES_RATE, x, y, 1);
    let built = work.build();
    let mut trainer = work.trainer(&built, 30);
    work.train(&mut trainer);
    let error = work.cost(&built, trainer.parameters());
    println!("{error}");
    assert!((error - 159.62003).abs() < 1e-5, "expected 159.62003");
}
