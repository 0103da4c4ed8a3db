//! The record that every form is drawn from.

use super::{Units, Update};
use backlit_engine::explain::Explanation;

/// A gradient opened, with what follows from it.
pub struct Opened {
    /// The parameter or column, as it is typed.
    pub name: String,
    /// The engine's record.
    pub explanation: Explanation,
    /// From the gradient to the new value; none for a column.
    pub update: Option<Update>,
    /// What the numbers mean in the user's columns, where these were standardized.
    pub units: Units,
    /// The gradient as training computes it in f32, if it does.
    pub as_trained: Option<f64>,
}
