//! Numbers that every tool makes alike, so that all start from the same weights and see the same rows.

use backlit::data::{Table, bundled, read_csv};
use backlit::engine::Scalar;
use std::env;
use std::path::Path;

/// `n` numbers of 24 bits in [0, 1); each is a function of the seed and its place.
pub fn hash01(n: usize, seed: u32) -> impl Iterator<Item = f64> {
    let offset = seed.wrapping_mul(0x9E37_79B9);
    (0..n as u32).map(move |place| {
        let mut x = place.wrapping_add(offset);
        x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
        x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
        x ^= x >> 16;
        f64::from(x >> 8) / f64::from(1 << 24)
    })
}

/// The same as numbers of one precision.
pub fn numbers<S: Scalar>(n: usize, seed: u32) -> Vec<S> {
    hash01(n, seed).map(S::from_f64).collect()
}

/// Flat parameters of dense layers: weights uniform within ±√(6 / (inputs + units)), layer by layer from seed 1 on;
/// biases 0. Source: Glorot and Bengio 2010.
pub fn glorot<S: Scalar>(sizes: &[usize]) -> Vec<S> {
    let mut start = Vec::new();
    for (layer, pair) in sizes.windows(2).enumerate() {
        let bound = (6.0 / (pair[0] + pair[1]) as f64).sqrt();
        start.extend(hash01(pair[0] * pair[1], layer as u32 + 1).map(|u| S::from_f64((2.0 * u - 1.0) * bound)));
        start.resize(start.len() + pair[1], S::ZERO);
    }
    start
}

/// 506 × 13 columns and their targets, from the file that the other tools read, or the bundled table.
pub fn houses() -> (Vec<f64>, Vec<f64>) {
    let table: Table = match env::var("PEERS_HOUSES_CSV") {
        Ok(path) => read_csv(Path::new(&path)),
        Err(_) => bundled("houses"),
    }
    .unwrap_or_else(|error| panic!("{error}"));
    let take = |columns| table.take(columns).unwrap_or_else(|error| panic!("{error}"));
    (take(&table.columns[..13]), take(&table.columns[13..]))
}

/// The layers of the network trained on houses.
pub const HOUSES: [usize; 4] = [13, 5, 3, 1];
/// Its learning rate.
pub const HOUSES_RATE: f64 = 8e-7;
