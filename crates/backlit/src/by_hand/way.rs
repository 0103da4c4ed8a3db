//! How a person does it: each hook is one place where a slip can be.

use super::{Edge, Net, Sheet};
use std::ops::Range;

/// A way of computing. Every hook does the right thing unless it is replaced.
pub trait Way: Send + Sync {
    /// Where in the flat parameters the weight of an edge is read.
    fn weight(&self, net: &Net, edge: Edge) -> usize {
        net.place(edge)
    }

    /// The weight by which a derivative goes back along an edge. `new`: the parameters of the layers above and of this
    /// one are already updated.
    fn back(&self, net: &Net, edge: Edge, old: &[f64], new: &[f64]) -> f64 {
        let _ = new;
        old[self.weight(net, edge)]
    }

    /// ∂a/∂z of a unit.
    fn slope(&self, net: &Net, sheet: &Sheet, layer: usize, unit: usize) -> f64 {
        let _ = net;
        sheet.slope[layer][unit]
    }

    /// ∂C/∂a of an output.
    fn pull(&self, sheet: &Sheet, output: usize) -> f64 {
        sheet.pull[output]
    }

    /// ∂z/∂w of an edge.
    fn input(&self, sheet: &Sheet, edge: Edge) -> f64 {
        sheet.out[edge.layer - 1][edge.input]
    }

    /// How many times the loss the cost of a row is.
    fn loss_scale(&self, net: &Net) -> f64 {
        let _ = net;
        1.0
    }

    /// What the loss of a row is multiplied by, from the row's weight.
    fn row_weight(&self, weight: f64) -> f64 {
        weight
    }

    /// How many times the penalty is in the cost.
    fn penalty(&self) -> f64 {
        1.0
    }

    /// What the sum over rows is divided by.
    fn divide(&self, rows: usize) -> f64 {
        rows as f64
    }

    /// A last touch to the gradient of a layer's parameters before they are updated. `gradient`: flat.
    fn finish(&self, net: &Net, layer: usize, gradient: &mut [f64]) {
        let _ = (net, layer, gradient);
    }

    /// The learning rate that is used.
    fn rate(&self, rate: f64) -> f64 {
        rate
    }

    /// The places that are updated, from those that should be.
    fn trainable(&self, net: &Net, usual: &[Range<usize>]) -> Vec<Range<usize>> {
        let _ = net;
        usual.to_vec()
    }

    /// What is written down of an intermediate number before it is computed on with.
    fn keep(&self, number: f64) -> f64 {
        number
    }

    /// Whether `keep` changes anything.
    fn rounds(&self) -> bool {
        false
    }

    /// Whether δ is written down before it is multiplied by the input; otherwise all factors are multiplied at once.
    fn keeps_delta(&self) -> bool {
        true
    }
}

/// No slip.
pub struct Right;

impl Way for Right {}
