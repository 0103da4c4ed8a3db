//! Trains feed-forward networks fast, and lets people see through them.

#![forbid(unsafe_code)]

pub mod data;
pub mod error;
pub mod model_file;
pub mod replay;
pub mod run_file;
pub mod scaler;

pub use backlit_engine as engine;
