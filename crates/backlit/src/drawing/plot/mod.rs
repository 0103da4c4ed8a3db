//! Lines over an axis: costs over epochs.

mod draw;
mod line;
mod scale;
mod words;

/// A line plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// Above the picture.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// The lines.
    pub series: Vec<Series>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// What is measured, with its unit.
    pub label: String,
    /// Whether equal steps are equal factors. Numbers that are not above 0 then have no place.
    pub log: bool,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// (x, y) in the order they are joined. One that is not finite breaks the line.
    pub points: Vec<(f64, f64)>,
}

impl Plot {
    /// The picture: one `<svg>` element. Each line has its own dashes and marks.
    pub fn svg(&self) -> String {
        draw::draw(self, false)
    }

    /// The same with the first series as dots that nothing joins.
    pub fn scatter(&self) -> String {
        draw::draw(self, true)
    }

    /// The picture in words: each line's first, last, least and largest value, and what could not be drawn.
    pub fn alternative(&self) -> String {
        words::alternative(self)
    }
}
