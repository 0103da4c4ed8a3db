//! The four notebooks, replayed through the engine.

pub mod python_text;
