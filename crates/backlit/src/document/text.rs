//! A page as text for a terminal.

use super::width::{columns, pad, wrap};
use super::{Block, Document, Equation, Inline, Table, listing};
use backlit_engine::typeset::{unicode, visible};

/// The page in lines of at most `width` columns where words and tables allow it.
pub fn text(document: &Document, width: usize) -> String {
    let width = width.max(20);
    let mut out = String::new();
    if !document.title.is_empty() {
        headline(&mut out, &document.title, '═', width);
    }
    for block in &document.blocks {
        if !out.is_empty() {
            out.push('\n');
        }
        draw(&mut out, block, width);
    }
    out
}

fn draw(out: &mut String, block: &Block, width: usize) {
    match block {
        Block::Heading(0..=2, words) => headline(out, words, '─', width),
        Block::Heading(_, words) => lines(out, "", "", &visible(words), width),
        Block::Paragraph(parts) => lines(out, "", "", &inline(parts), width),
        Block::List(points) => points.iter().for_each(|point| lines(out, "• ", "  ", &inline(point), width)),
        Block::Equations(equations) => draw_equations(out, equations, width),
        Block::Table(table) => draw_table(out, table, width),
        Block::Figure { alternative, caption, .. } => {
            // A terminal draws no pictures; the page says the same in words and numbers.
            let words = if caption.is_empty() { alternative } else { caption };
            lines(out, "  ", "  ", &format!("[picture: {}]", visible(words)), width);
        }
        Block::Code { text, .. } => listing(text).for_each(|line| {
            let indent = if line.trim().is_empty() { "" } else { "    " };
            out.push_str(&format!("{indent}{line}\n"));
        }),
        Block::PageBreak => line_of(out, &"─".repeat(width)),
    }
}

fn headline(out: &mut String, words: &str, rule: char, width: usize) {
    let lines = wrap(&visible(words), width);
    lines.iter().for_each(|line| line_of(out, line));
    let longest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    line_of(out, &rule.to_string().repeat(longest));
}

/// Words in lines, with something before the first and before the others.
fn lines(out: &mut String, first: &str, others: &str, words: &str, width: usize) {
    for (i, line) in wrap(words, width.saturating_sub(columns(first)).max(10)).iter().enumerate() {
        line_of(out, &format!("{}{line}", if i == 0 { first } else { others }));
    }
}

fn line_of(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Running words. Mathematics that is short stays on one line.
pub(super) fn inline(parts: &[Inline]) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(words) | Inline::Strong(words) | Inline::Code(words) => visible(words),
        Inline::Math(math) => {
            let drawn = unicode(math);
            if columns(&drawn) <= 32 { drawn.replace(' ', "\u{a0}") } else { drawn }
        }
        Inline::Link { text, url } if text == url => visible(url),
        Inline::Link { text, url } => format!("{} ({})", visible(text), visible(url)),
        Inline::Blank => "________".to_owned(),
    };
    parts.iter().map(part).collect()
}

fn draw_equations(out: &mut String, equations: &[Equation], width: usize) {
    const INDENT: usize = 2;
    let lefts: Vec<String> = equations.iter().map(|equation| unicode(&equation.left)).collect();
    let widest = lefts.iter().map(|left| columns(left)).filter(|&left| left <= width / 3).max().unwrap_or(0);
    for (equation, left) in equations.iter().zip(&lefts) {
        let steps: Vec<String> = equation.steps.iter().map(|(sign, step)| format!("{} {}", visible(sign), unicode(step))).collect();
        let left = pad(left, widest, false);
        let whole = format!("{left} {}", steps.join(" "));
        let mut drawn: Vec<String> = Vec::new();
        // Where the signs stand: beside the left side, or below it where that is long.
        let signs = if columns(&left) <= widest { columns(&left) + 1 } else { 4 };
        if columns(&whole) + INDENT <= width {
            drawn.push(whole);
        } else {
            if columns(&left) > widest {
                drawn.push(left.clone());
            }
            for (i, step) in steps.iter().enumerate() {
                let beside = i == 0 && columns(&left) <= widest;
                for (j, line) in wrap(step, width.saturating_sub(INDENT + signs).max(20)).iter().enumerate() {
                    let before = if beside && j == 0 { format!("{left} ") } else { " ".repeat(signs + if j > 0 { 2 } else { 0 }) };
                    drawn.push(before + line);
                }
            }
        }
        add_note(&mut drawn, &inline(&equation.note), signs, width - INDENT);
        drawn.iter().for_each(|line| line_of(out, &format!("{}{line}", " ".repeat(INDENT))));
    }
}

/// Behind the last line where there is room, otherwise below it.
fn add_note(drawn: &mut Vec<String>, note: &str, signs: usize, width: usize) {
    if note.is_empty() {
        return;
    }
    match drawn.last_mut() {
        Some(last) if columns(last) + 3 + columns(note) <= width => last.push_str(&format!("   {}", note.replace('\u{a0}', " "))),
        _ => drawn.extend(wrap(note, width.saturating_sub(signs + 2).max(20)).iter().map(|line| " ".repeat(signs + 2) + line)),
    }
}

fn draw_table(out: &mut String, table: &Table, width: usize) {
    if !table.caption.is_empty() {
        lines(out, "", "", &visible(&table.caption), width);
    }
    let head: Vec<String> = table.head.iter().map(|cell| inline(cell)).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(|cell| inline(cell)).collect()).collect();
    let widths = column_widths(&head, &rows, &table.numbers, width);
    let draw_row = |out: &mut String, row: &[String]| {
        let cells: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, &width)| wrap(cell, width)).collect();
        for i in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let part = |(column, cell): (usize, &Vec<String>)| {
                pad(cell.get(i).map_or("", String::as_str), widths[column], table.numbers.contains(&column))
            };
            line_of(out, &cells.iter().enumerate().map(part).collect::<Vec<_>>().join("  "));
        }
    };
    if head.iter().any(|cell| !cell.is_empty()) {
        draw_row(out, &head);
    }
    line_of(out, &widths.iter().map(|&width| "─".repeat(width)).collect::<Vec<_>>().join("  "));
    rows.iter().for_each(|row| draw_row(out, row));
}

/// As wide as the widest cell; where the lines would be too long, the widest columns of words give way.
fn column_widths(head: &[String], rows: &[Vec<String>], numbers: &[usize], width: usize) -> Vec<usize> {
    const LEAST: usize = 12;
    let count = rows.iter().map(Vec::len).chain([head.len()]).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |cell| columns(cell));
    let mut widths: Vec<usize> =
        (0..count).map(|column| rows.iter().map(|row| cell(row, column)).chain([cell(head, column)]).max().unwrap_or(0)).collect();
    let gaps = 2 * count.saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > width {
        let widest = (0..count).filter(|column| !numbers.contains(column) && widths[*column] > LEAST).max_by_key(|&column| widths[column]);
        match widest {
            Some(column) => widths[column] -= 1,
            None => break,
        }
    }
    widths
}
