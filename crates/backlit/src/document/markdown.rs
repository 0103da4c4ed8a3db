//! A page as Markdown.
//!
//! Two readers draw mathematics from Markdown, and each has its own view of `$…$`. Jupyter takes it out before it reads the
//! Markdown. GitHub may read the Markdown first, so that `\\` or `}_` in a formula would be lost; it offers `` $`…`$ `` and a
//! block named `math` instead, where nothing is. [`markdown`] writes for GitHub: plain dollars where no character of the formula
//! means anything to Markdown, the other form where one does. The cells of a notebook always have plain dollars.
//!
//! A drawing becomes an image that holds itself (`data:`), with the words for it as its alternative: Jupyter and most editors show the
//! drawing; GitHub, which loads no such image, shows the words.

use super::equations::groups;
use super::{Block, Document, Equation, Inline, Table, link, listing, svg};
use backlit_engine::typeset::{Math, latex, visible};

/// Who reads the Markdown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    GitHub,
    Notebook,
}

/// The page in GitHub's Markdown.
pub fn markdown(document: &Document) -> String {
    let mut blocks = Vec::new();
    if !document.title.is_empty() {
        blocks.push(format!("# {}", words(&document.title)));
    }
    blocks.extend(document.blocks.iter().map(|b| block(b, Reader::GitHub)));
    blocks.join("\n\n") + "\n"
}

/// One block, without an empty line before or after it.
pub(super) fn block(block: &Block, reader: Reader) -> String {
    match block {
        Block::Heading(level, text) => format!("{} {}", "#".repeat((*level).clamp(2, 6).into()), words(text)),
        Block::Paragraph(parts) => line(parts, reader),
        Block::List(points) => points.iter().map(|point| format!("- {}", line(point, reader))).collect::<Vec<_>>().join("\n"),
        Block::Equations(list) => equations(list, reader),
        Block::Table(content) => table(content, reader),
        Block::Figure { svg: drawing, alternative, caption } => {
            let image = match svg::checked(drawing) {
                Some(drawing) => format!("![{}]({})", words(alternative), svg::data_address(drawing)),
                None => at_start(words(alternative)),
            };
            if caption.is_empty() { image } else { format!("{image}\n\n{}", at_start(words(caption))) }
        }
        Block::Code { language, text } => {
            let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat((longest + 1).max(3));
            let lines: Vec<String> = listing(text).collect();
            format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
        }
        Block::PageBreak => "---".to_owned(),
    }
}

/// Running words that begin a line.
fn line(parts: &[Inline], reader: Reader) -> String {
    at_start(inline(parts, reader))
}

fn inline(parts: &[Inline], reader: Reader) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(text) => words(text),
        Inline::Strong(text) => strong(text),
        Inline::Math(math) => formula(math, reader),
        Inline::Code(text) => code(text),
        Inline::Link { text, url } => match link::safe(url) {
            Some(url) => format!("[{}]({})", words(text), link::encoded(url)),
            None => format!("{} ({})", words(text), words(url)),
        },
        Inline::Blank => r"\_\_\_\_\_\_\_\_".to_owned(),
    };
    parts.iter().map(part).collect()
}

/// Words with every character escaped that means something to Markdown. Dollars and backslashes stand in an element of their own, so that
/// no reader finds mathematics in what the page shows.
fn words(text: &str) -> String {
    let mut out = String::new();
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '$' => out.push_str("<span>&#36;</span>"),
            '\\' => out.push_str("<span>&#92;</span>"),
            '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' => out.extend(['\\', c]),
            // Nothing may become a link by looking like one.
            ':' if ["http", "https", "ftp"].iter().any(|scheme| ends_with(&out, scheme)) => out.push_str("&#58;"),
            '.' if ends_with(&out, "www") => out.push_str("&#46;"),
            c => out.push(c),
        }
    }
    out
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len().checked_sub(end.len()).and_then(|start| text.get(start..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
}

/// At the start of a line some more characters mean something: `- `, `+ `, `---`, `1. `, spaces.
fn at_start(line: String) -> String {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let space = line.bytes().take_while(|&b| b == b' ').count();
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    if space > 0 {
        format!("{}{}", "&#32;".repeat(space), &line[space..])
    } else if line.starts_with("--") || line.starts_with(['-', '+']) && ends(&line[1..]) {
        format!("\\{line}")
    } else if digits > 0 && line[digits..].starts_with(['.', ')']) && ends(&line[digits + 1..]) {
        format!("{}\\{}", &line[..digits], &line[digits..])
    } else {
        line
    }
}

/// Stars work only beside letters; elsewhere the element does.
fn strong(text: &str) -> String {
    let letters = text.starts_with(char::is_alphanumeric) && text.ends_with(char::is_alphanumeric);
    if letters { format!("**{}**", words(text)) } else { format!("<strong>{}</strong>", words(text)) }
}

/// Between backticks where nothing in it would end or change them, otherwise as an element.
fn code(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| !"`|$\\".contains(c)) && text.trim() == text && visible(text) == text;
    if plain { format!("`{text}`") } else { format!("<code>{}</code>", words(text)) }
}

fn formula(math: &Math, reader: Reader) -> String {
    let source = quiet(&latex(math));
    match reader {
        Reader::GitHub if could_be_markup(&source) => format!("$`{source}`$"),
        _ => format!("${source}$"),
    }
}

/// The same LaTeX with as few characters as can be that mean something to Markdown or HTML. Every `<`, `>`, `\{` and `\}` of
/// [`latex`] is a symbol of its own, never a part of words.
fn quiet(latex: &str) -> String {
    let names = [(r"\{", r"\lbrace "), (r"\}", r"\rbrace "), (" < ", r" \lt "), (" > ", r" \gt "), ("<", r"\lt "), (">", r"\gt ")];
    names.iter().fold(latex.trim().to_owned(), |latex, (sign, name)| latex.replace(sign, name))
}

/// Whether Markdown could take a part of the formula for its own: an escape, the start of emphasis, a link.
fn could_be_markup(latex: &str) -> bool {
    let bytes = latex.as_bytes();
    let pair = |a: u8, b: u8| a == b'\\' && b.is_ascii_punctuation() || a.is_ascii_punctuation() && b == b'_';
    bytes.windows(2).any(|w| pair(w[0], w[1])) || latex.contains(['[', '*', '~']) || latex.contains("://") || latex.contains("www.")
}

fn equations(list: &[Equation], reader: Reader) -> String {
    let mut blocks = Vec::new();
    for group in groups(list) {
        let source = quiet(&group.latex());
        blocks.push(match reader {
            Reader::GitHub if could_be_markup(&source) => format!("```math\n{source}\n```"),
            _ => format!("$$\n{source}\n$$"),
        });
        if !group.note.is_empty() {
            blocks.push(line(group.note, reader));
        }
    }
    blocks.join("\n\n")
}

fn table(table: &Table, reader: Reader) -> String {
    let columns = table.rows.iter().map(Vec::len).chain([table.head.len()]).max().unwrap_or(0);
    let row = |cells: &[Vec<Inline>]| {
        let cells = (0..columns).map(|column| cells.get(column).map_or(String::new(), |cell| inline(cell, reader)));
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let rule: Vec<&str> = (0..columns).map(|column| if table.numbers.contains(&column) { "---:" } else { "---" }).collect();
    let mut lines = Vec::new();
    if !table.caption.is_empty() {
        lines.push(strong(&table.caption));
        lines.push(String::new());
    }
    lines.push(row(&table.head));
    lines.push(format!("| {} |", rule.join(" | ")));
    lines.extend(table.rows.iter().map(|cells| row(cells)));
    lines.join("\n")
}
