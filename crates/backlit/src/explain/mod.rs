//! A gradient of a model on rows, opened: from the engine's record to what a person reads.
//!
//! [`Subject`] is a model with rows; [`Subject::open`] opens the gradient by one parameter or column. Everything that is
//! printed (pages, JSON, scripts, pictures) is drawn from the [`Opened`] record.

pub mod digits;
mod first_step;
mod json;
mod layer;
pub mod notation;
mod numpy;
mod opened;
mod operations;
mod page;
mod picture;
mod step;
mod subject;
mod terms;
mod units;
mod update;
mod wording;

pub use first_step::dropout_said;
pub use json::json;
pub use layer::layer;
pub use numpy::{notebook, numpy};
pub use opened::Opened;
pub use page::page;
pub(crate) use page::update_line;
pub use picture::picture;
pub use step::step;
pub use subject::Subject;
pub(crate) use terms::over;
pub use units::Units;
pub use update::Update;
pub(crate) use update::{frozen, is_frozen};
pub use wording::Wording;

use crate::document::Document;

/// Something worked through: a layer, or a whole step.
pub struct Worked {
    /// To be read.
    pub page: Document,
    /// The same numbers as JSON.
    pub record: serde_json::Value,
    /// Whether what was compared agrees.
    pub agrees: bool,
}
