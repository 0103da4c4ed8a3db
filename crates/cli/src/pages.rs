//! Pages in the form that was asked for, on the terminal or into a file.

use crate::arguments::{Format, Page};
use crate::output::Screen;
use backlit::document::{self, Document};
use backlit::error::Error;
use std::path::Path;

/// Columns of a page on the terminal.
const WIDTH: usize = 100;

impl Page {
    /// What was asked for; otherwise what the file's name says; otherwise text.
    pub fn format(&self) -> Format {
        self.format.unwrap_or_else(|| self.output.as_deref().and_then(by_name).unwrap_or(Format::Text))
    }

    /// Writes the page to the file, or prints it.
    pub fn show(&self, page: &str, screen: &Screen) -> Result<(), Error> {
        match &self.output {
            None => screen.result(page),
            Some(path) => {
                backlit::files::write(path, page.as_bytes())?;
                screen.say(&format!("page written to {}\n", path.display()));
            }
        }
        Ok(())
    }
}

/// The document in a form.
pub fn draw(document: &Document, format: Format) -> String {
    match format {
        Format::Text => document::text(document, WIDTH),
        Format::Markdown => document::markdown(document),
        Format::Latex => document::latex(document),
        Format::Html => document::html(document),
        Format::Ipynb => document::notebook(document),
    }
}

fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "md" | "markdown" => Some(Format::Markdown),
        "tex" => Some(Format::Latex),
        "html" | "htm" => Some(Format::Html),
        "ipynb" => Some(Format::Ipynb),
        _ => None,
    }
}
