//! The four notebooks, replayed through the engine.
//!
//! A replay computes every number of a teaching notebook with the engine that trains networks, prints
//! what the notebook's code prints, says in footnotes where the notebook departs from its own
//! mathematics, and compares the engine with the notebook's own expressions.

mod explicit;
mod houses;
mod mazur;
mod page;
pub mod python_text;
mod record;
mod relu;
mod study;

pub use record::{Agreement, Cell, Footnote, Replay};

use crate::document::{Block, Document};
use crate::error::{Error, Kind};

/// The replays there are, each under the name it is called by.
pub const NAMES: [&str; 4] = ["explicit", "houses", "mazur", "relu"];

/// Replays a notebook: `explicit`, `houses`, `mazur` or `relu`.
pub fn replay(name: &str) -> Result<Replay, Error> {
    match name {
        "explicit" => explicit::replay(),
        "houses" => houses::replay(),
        "mazur" => mazur::replay(),
        "relu" => relu::replay(),
        _ => Err(Error::new(Kind::Usage, format!("no replay '{name}'")).hint(format!("one of {}", NAMES.join(", ")))),
    }
}

/// Several replays as one page, each with its title as a heading.
pub fn together(replays: &[Replay]) -> Document {
    let mut whole = Document::new("Four notebooks of backpropagation, replayed");
    for (i, replay) in replays.iter().enumerate() {
        whole.blocks.extend((i > 0).then_some(Block::PageBreak));
        whole.heading(2, replay.title.clone());
        whole.blocks.extend(replay.document.blocks.iter().cloned().map(|block| match block {
            Block::Heading(level, words) => Block::Heading(level + 1, words),
            other => other,
        }));
    }
    whole
}
