//! A page as one HTML file that needs nothing else and runs nothing.

use super::{Block, Document, Equation, Inline, Table, link, svg};
use backlit_engine::typeset::{Math, mathml, visible, xml_text as words};

const STYLE: &str = include_str!("page.css");

/// The page as one file: styles and drawings inside, mathematics as MathML, no script. A policy in its head forbids the browser to run or
/// to load anything, whatever the names on it hold.
pub fn html(document: &Document) -> String {
    let mut body = String::new();
    if !document.title.is_empty() {
        body.push_str(&format!("<header>\n<h1>{}</h1>\n</header>\n", words(&document.title)));
    }
    let mut level = 1;
    for part in &document.blocks {
        block(&mut body, part, &mut level);
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        words(&document.title)
    )
}

/// `level` is that of the heading before: a heading is never more than one below it.
fn block(out: &mut String, block: &Block, level: &mut u8) {
    match block {
        Block::Heading(wanted, text) => {
            *level = (*wanted).clamp(2, 6).min(*level + 1);
            out.push_str(&format!("<h{level}>{}</h{level}>\n", words(text)));
        }
        Block::Paragraph(parts) => out.push_str(&format!("<p>{}</p>\n", inline(parts))),
        Block::List(points) => {
            let points: String = points.iter().map(|point| format!("<li>{}</li>\n", inline(point))).collect();
            out.push_str(&format!("<ul>\n{points}</ul>\n"));
        }
        Block::Equations(list) => equations(out, list),
        Block::Table(content) => table(out, content),
        Block::Figure { svg, alternative, caption } => figure(out, svg, alternative, caption),
        Block::Code { language, text } => {
            let lines: Vec<String> = text.lines().map(|line| line.split('\t').map(words).collect::<Vec<_>>().join("\t")).collect();
            let attributes = scrolled("", &format!("{language} listing"));
            out.push_str(&format!("<pre{attributes}><code>{}</code></pre>\n", lines.join("\n")));
        }
        Block::PageBreak => out.push_str("<hr class=\"page-break\">\n"),
    }
}

/// A box that is scrolled in itself when its content is too wide, with the keyboard too.
fn scrolled(class: &str, label: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("{class} tabindex=\"0\" role=\"group\" aria-label=\"{}\"", words(label))
}

fn inline(parts: &[Inline]) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(text) => words(text),
        Inline::Strong(text) => format!("<strong>{}</strong>", words(text)),
        Inline::Math(math) => mathml(math, false),
        Inline::Code(text) => format!("<code>{}</code>", words(text)),
        Inline::Link { text, url } => match link::safe(url) {
            Some(url) => format!("<a href=\"{}\">{}</a>", words(url), words(text)),
            None => format!("{} ({})", words(text), words(url)),
        },
        Inline::Blank => "<span class=\"blank\" role=\"img\" aria-label=\"room for an answer\"></span>".to_owned(),
    };
    parts.iter().map(part).collect()
}

/// Three columns: what is computed, the sign, and each step; a note stands behind the last step, or below it.
fn equations(out: &mut String, list: &[Equation]) {
    out.push_str(&format!("<div{}>\n<div class=\"rows\">\n", scrolled("equations", "equations")));
    for equation in list {
        let mut left = mathml(&equation.left, false);
        if equation.steps.is_empty() {
            out.push_str(&format!("<div class=\"left\">{left}</div>\n<div class=\"step\">{}</div>\n", note(&equation.note)));
        }
        for (i, (sign, step)) in equation.steps.iter().enumerate() {
            let step = mathml(&Math::Row(vec![Math::Sign(sign), step.clone()]), false);
            let note = if i + 1 == equation.steps.len() { note(&equation.note) } else { String::new() };
            out.push_str(&format!("<div class=\"left\">{left}</div>\n<div class=\"step\">{step}{note}</div>\n"));
            left.clear();
        }
    }
    out.push_str("</div>\n</div>\n");
}

fn note(parts: &[Inline]) -> String {
    if parts.is_empty() { String::new() } else { format!("<span class=\"note\">{}</span>", inline(parts)) }
}

fn table(out: &mut String, table: &Table) {
    let label = if table.caption.is_empty() { "table" } else { &table.caption };
    out.push_str(&format!("<div{}>\n<table>\n", scrolled("table", label)));
    if !table.caption.is_empty() {
        out.push_str(&format!("<caption>{}</caption>\n", words(&table.caption)));
    }
    let class = |column: usize| if table.numbers.contains(&column) { " class=\"number\"" } else { "" };
    let row = |out: &mut String, element: &str, cells: &[Vec<Inline>]| {
        out.push_str("<tr>");
        for (column, cell) in cells.iter().enumerate() {
            let scope = if element == "th" { " scope=\"col\"" } else { "" };
            out.push_str(&format!("<{element}{scope}{}>{}</{element}>", class(column), inline(cell)));
        }
        out.push_str("</tr>\n");
    };
    if !table.head.is_empty() {
        out.push_str("<thead>\n");
        row(out, "th", &table.head);
        out.push_str("</thead>\n");
    }
    out.push_str("<tbody>\n");
    table.rows.iter().for_each(|cells| row(out, "td", cells));
    out.push_str("</tbody>\n</table>\n</div>\n");
}

/// The drawing in the page itself; its words where it is not one that may stand there.
fn figure(out: &mut String, drawing: &str, alternative: &str, caption: &str) {
    out.push_str("<figure>\n");
    match svg::checked(drawing) {
        Some(drawing) => {
            out.push_str(&format!("<div{}>{}</div>\n", scrolled("drawing", "drawing"), svg::labelled(drawing, &visible(alternative))));
        }
        None => out.push_str(&format!("<p>{}</p>\n", words(alternative))),
    }
    if !caption.is_empty() {
        out.push_str(&format!("<figcaption>{}</figcaption>\n", words(caption)));
    }
    out.push_str("</figure>\n");
}
