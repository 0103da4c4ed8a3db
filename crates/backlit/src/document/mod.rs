//! A page to be read: headings, words, equations, tables, pictures. One document is drawn as text for the
//! terminal, Markdown, LaTeX, HTML or a notebook.
//!
//! Words and names may hold any characters: every form escapes them, so nothing from the data acts as markup.

mod equations;
mod html;
mod latex;
mod link;
mod markdown;
mod notebook;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod width;

pub use html::html;
pub use latex::latex;
pub use markdown::markdown;
pub use notebook::notebook;
pub use text::text;

use backlit_engine::typeset::{Math, visible};

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// What stands on top, and in the browser's tab.
    pub title: String,
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading: 2 for a section, 3 for a part of one.
    Heading(u8, String),
    /// Running words.
    Paragraph(Vec<Inline>),
    /// Points, one below the other.
    List(Vec<Vec<Inline>>),
    /// Equations, one below the other, aligned at their first sign.
    Equations(Vec<Equation>),
    /// A table.
    Table(Table),
    /// A picture.
    Figure {
        /// The drawing, as a whole SVG element.
        svg: String,
        /// The same in words, for those who cannot see it.
        alternative: String,
        /// Below the picture.
        caption: String,
    },
    /// A program or what one printed.
    Code {
        /// `python`, `text` …
        language: &'static str,
        /// Line after line.
        text: String,
    },
    /// On paper a new page begins here.
    PageBreak,
}

/// A part of running words.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// Words.
    Text(String),
    /// Words that matter.
    Strong(String),
    /// Mathematics in the line.
    Math(Math),
    /// A name as it is typed.
    Code(String),
    /// Words that lead somewhere.
    Link {
        /// What is read.
        text: String,
        /// Where it leads.
        url: String,
    },
    /// Room to write an answer.
    Blank,
}

/// left = step = step …
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// What is computed.
    pub left: Math,
    /// Each with the relation before it: `=`, `≈`, `→`.
    pub steps: Vec<(&'static str, Math)>,
    /// Beside or below the equation.
    pub note: Vec<Inline>,
}

/// A table with a head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Above the table.
    pub caption: String,
    /// One cell for each column.
    pub head: Vec<Vec<Inline>>,
    /// Line after line, each with a cell for each column.
    pub rows: Vec<Vec<Vec<Inline>>>,
    /// Columns that are set to the right: numbers.
    pub numbers: Vec<usize>,
}

impl Document {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Document {
        Document { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a heading.
    pub fn heading(&mut self, level: u8, words: impl Into<String>) {
        self.blocks.push(Block::Heading(level, words.into()));
    }

    /// Adds running words.
    pub fn paragraph(&mut self, parts: impl Into<Vec<Inline>>) {
        self.blocks.push(Block::Paragraph(parts.into()));
    }

    /// Adds plain words.
    pub fn say(&mut self, words: impl Into<String>) {
        self.paragraph([Inline::Text(words.into())]);
    }

    /// Adds equations.
    pub fn equations(&mut self, equations: impl Into<Vec<Equation>>) {
        self.blocks.push(Block::Equations(equations.into()));
    }
}

/// The lines of a listing. Tabs stay: what a program prints is shown as it is.
fn listing(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t"))
}

impl Equation {
    /// left = right
    pub fn new(left: Math, right: Math) -> Equation {
        Equation { left, steps: vec![("=", right)], note: Vec::new() }
    }

    /// … = right
    pub fn then(mut self, right: Math) -> Equation {
        self.steps.push(("=", right));
        self
    }

    /// With a note.
    pub fn note(mut self, words: impl Into<String>) -> Equation {
        self.note.push(Inline::Text(words.into()));
        self
    }
}
