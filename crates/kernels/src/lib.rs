//! Slice arithmetic under Backlit, and the only unsafe code of the project.
//!
//! * [`math`]: exp, log, tanh and what follows from them, ours: the same bits on every machine.
//! * [`memory`]: arrays that begin on a line of the caches, large ones in large pages.
//! * [`pointwise`]: one function applied over slices, compiled for the widest registers at hand.
//! * [`blocks`]: typed formulas as programs over blocks of numbers.
//! * [`dense`]: the products of a layer, narrow or wide.
//! * [`narrow`]: products with small matrices, summed in the order a person would write them.
//! * [`product`]: products of dense matrices, their sums one chain of fused multiply-adds.
//! * [`wide`]: products with large matrices.
//! * [`softmax`]: rows of logits to probabilities and their cost.
//! * [`sum`]: sums over slices, in one order.
//! * [`update`]: an optimizer's pass over the parameters.
//! * [`naive`]: the plain twin of every product, kept as the reference.
//!
//! Everything else is a pure function over slices whose shapes are stated; nothing else allocates,
//! and nothing reads a file or a clock.

pub mod blocks;
pub mod dense;
mod dispatch;
pub mod math;
pub mod memory;
pub mod naive;
pub mod narrow;
pub mod pointwise;
pub mod product;
mod scalar;
pub mod softmax;
pub mod sum;
pub mod update;
pub mod wide;

pub use scalar::Scalar;
