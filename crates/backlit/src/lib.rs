//! Trains feed-forward networks fast, and lets people see through them.

#![forbid(unsafe_code)]

pub mod audit;
pub mod by_hand;
pub mod calibration;
pub mod checkpoint;
pub mod compact;
pub mod conformal;
pub mod course;
pub mod data;
pub mod document;
pub mod drawing;
pub mod embedding;
pub mod encoder;
pub mod ensemble;
pub mod error;
pub mod event_file;
pub mod explain;
pub mod fallen;
pub mod files;
pub mod find_rate;
pub mod folds;
pub mod gradient_check;
pub mod history;
pub mod inspect;
pub mod job;
pub mod layers;
mod median;
pub mod metrics;
pub mod model_file;
pub mod numeric_embedding;
pub mod predictor;
pub mod prepare;
pub mod recipe;
pub mod replay;
pub mod report;
pub mod run_directory;
pub mod run_file;
pub mod said;
pub mod scaler;
pub mod session;
mod several;
pub mod splits;
mod tensors;
pub mod terms;
mod weighted;
pub mod worksheet;

pub use backlit_engine as engine;

/// README's Rust example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
