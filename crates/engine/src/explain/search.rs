//! The paths with the largest products, found exactly.
//!
//! Best first (Hart, Nilsson and Raphael 1968): a path that is begun is worth the product so far times the
//! largest product that can still follow, which is known exactly for every number. So paths are completed in
//! the order of their size, and nothing is left to chance.

use super::cone::{Cone, Edge};
use super::extended::Extended;
use super::values::Place;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A path that is begun.
struct Begun {
    /// The largest |product| it can still become.
    promise: Extended,
    /// |product| so far.
    product: Extended,
    at: Place,
    /// The step that led here, in the list of steps.
    last: Option<usize>,
    /// Where promises are equal the deeper goes first, then the earlier.
    number: usize,
}

impl Ord for Begun {
    fn cmp(&self, other: &Begun) -> Ordering {
        let deeper = self.at.node.cmp(&other.at.node);
        self.promise.compare(other.promise).then(deeper).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Begun {
    fn partial_cmp(&self, other: &Begun) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Begun {
    fn eq(&self, other: &Begun) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Begun {}

/// The `k` paths from the start to the cost whose products are largest in size, the largest first.
/// Each runs from the start to the cost.
pub(crate) fn largest_paths(cone: &Cone<'_>, k: usize) -> Vec<Vec<Edge>> {
    let mut steps: Vec<(Edge, Option<usize>)> = Vec::new();
    let mut heap = BinaryHeap::new();
    let mut found = Vec::new();
    let first = Begun { promise: cone.whole().largest, product: Extended::ONE, at: cone.start, last: None, number: 0 };
    heap.push(first);
    let mut number = 0;
    while let Some(begun) = heap.pop() {
        if begun.at.node == cone.values.cost {
            found.push(walk_back(&steps, begun.last));
            if found.len() == k {
                break;
            }
            continue;
        }
        cone.each_edge(begun.at, |edge| {
            let Some(next) = cone.ahead(edge.to) else { return };
            number += 1;
            let product = begun.product.times(Extended::new(edge.slope).abs());
            steps.push((edge, begun.last));
            heap.push(Begun { promise: product.times(next.largest), product, at: edge.to, last: Some(steps.len() - 1), number });
        });
    }
    found
}

fn walk_back(steps: &[(Edge, Option<usize>)], mut last: Option<usize>) -> Vec<Edge> {
    let mut path = Vec::new();
    while let Some(at) = last {
        let (edge, before) = steps[at];
        path.push(edge);
        last = before;
    }
    path.reverse();
    path
}
