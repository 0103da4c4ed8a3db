//! Drawings as SVG text: a network with its light, and line plots.
//!
//! A drawing is one `<svg>` element that needs nothing from outside: no script, no font, no link, no `id` that
//! could meet another on the same page. It carries its own paper, is drawn for dark screens where those are asked
//! for, and light on paper. The same input gives the same bytes; numbers are rounded to two decimals. Names may hold
//! any characters. Colour never says anything alone.

pub mod matrix;
pub mod network;
pub mod plot;
#[cfg(feature = "png")]
pub mod png;
mod svg;
