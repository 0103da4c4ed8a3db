//! The mathematics of Backlit.
//!
//! A network is a [`graph`] of operations. Each operation is one file in [`ops`] that holds all it
//! knows: its formula, its value, its partial derivatives, its kinks. [`plan`] turns the graph into a
//! flat schedule, [`step`] runs it, [`train`] repeats it, [`check`] doubts it.
//!
//! This crate prints nothing, reads no file and no clock, and holds no unsafe code.

#![forbid(unsafe_code)]

pub mod check;
pub mod clip;
pub mod explain;
pub mod formula;
pub mod graph;
mod held;
pub mod init;
pub mod network;
// NumPy's normal draws are defined by the platform's logarithm.
#[allow(clippy::disallowed_methods)]
pub mod numpy_random;
pub mod op;
pub mod ops;
pub mod optimizers;
pub mod order;
pub mod plan;
pub mod random;
pub mod schedule;
pub mod shape;
pub mod state;
pub mod step;
pub mod train;
pub mod typed;
pub mod typeset;
mod worked;

pub use backlit_kernels::{Scalar, math};
pub use graph::{Graph, GraphError, NodeId};
pub use network::Network;
pub use plan::Plan;
pub use shape::Shape;
