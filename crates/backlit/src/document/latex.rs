//! A page as a LaTeX document, for pdfLaTeX, XeLaTeX and LuaLaTeX.

use super::equations::groups;
use super::text::inline as plain;
use super::width::columns;
use super::{Block, Document, Equation, Inline, Table, link};
use backlit_engine::typeset::{self, latex_symbol, visible};
use std::collections::BTreeSet;

/// The page as a whole document. A drawing is replaced by the words for it, in a frame.
pub fn latex(document: &Document) -> String {
    let mut body = String::new();
    if !document.title.is_empty() {
        body.push_str(&format!("\\title{{{}}}\n\\date{{}}\n\\maketitle\n", words(&document.title)));
    }
    for part in &document.blocks {
        body.push('\n');
        body.push_str(&block(part));
    }
    format!("{PREAMBLE}{}\\begin{{document}}\n\n{body}\n\\end{{document}}\n", rare_characters(&body))
}

const PREAMBLE: &str = r"\documentclass[a4paper,11pt]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[utf8]{inputenc}
  \usepackage[T1]{fontenc}
  \usepackage{lmodern}
  \usepackage{textcomp}
\fi
\usepackage[margin=2.5cm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{longtable}
\usepackage[hidelinks]{hyperref}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\allowdisplaybreaks
\raggedbottom
\sloppy
";

/// pdfLaTeX stops at characters it has no font for: each of them is given its number as its form. The other engines leave out what the
/// font does not have: there the character itself stands where it does.
fn rare_characters(body: &str) -> String {
    // What T1 fonts have beyond Latin-1.
    const KNOWN: &str = "ĂăĄąĆćČčĎďĐđĘęĚěĞğİıĹĺĽľŁłŃńŇňŊŋŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž–—‘’“”…•";
    let rare: BTreeSet<char> = body.chars().filter(|&c| c > 'ÿ' && !KNOWN.contains(c)).collect();
    if rare.is_empty() {
        return String::new();
    }
    let declare = |c: &char| format!("  \\DeclareUnicodeCharacter{{{0:04X}}}{{\\texttt{{[U+{0:04X}]}}}}\n", *c as u32);
    let define = |c: &char| {
        let code = *c as u32;
        let form = format!("\\iffontchar\\font\"{code:04X} \\char\"{code:04X} \\else\\texttt{{[U+{code:04X}]}}\\fi");
        format!("  \\catcode\"{code:04X}=\\active\n  \\protected\\def {c}{{{form}}}\n")
    };
    let each = |form: &dyn Fn(&char) -> String| rare.iter().map(form).collect::<String>();
    format!("\\ifPDFTeX\n{}\\else\n{}\\fi\n", each(&declare), each(&define))
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(0..=2, text) => format!("\\section*{{{}}}\n", words(text)),
        Block::Heading(_, text) => format!("\\subsection*{{{}}}\n", words(text)),
        Block::Paragraph(parts) => format!("{}\n", inline(parts)),
        Block::List(points) => {
            let points: String = points.iter().map(|point| format!("  \\item {}\n", inline(point))).collect();
            if points.is_empty() { points } else { format!("\\begin{{itemize}}\n{points}\\end{{itemize}}\n") }
        }
        Block::Equations(list) => equations(list),
        Block::Table(content) => table(content),
        Block::Figure { alternative, caption, .. } => {
            let caption = if caption.is_empty() { String::new() } else { format!("\n\\par\\smallskip\n{{\\small {}}}", words(caption)) };
            let frame = format!("\\fbox{{\\parbox{{0.85\\linewidth}}{{\\small {}}}}}", words(alternative));
            format!("\\begin{{center}}\n{frame}{caption}\n\\end{{center}}\n")
        }
        Block::Code { text, .. } => {
            let lines: Vec<String> =
                text.lines().map(|line| format!("\\mbox{{}}{}", words(&without_tabs(line)).replace(' ', "~"))).collect();
            format!("\\begin{{flushleft}}\\ttfamily\\small\n{}\n\\end{{flushleft}}\n", lines.join("\\\\\n"))
        }
        Block::PageBreak => "\\clearpage\n".to_owned(),
    }
}

/// Tabs as spaces up to the next eighth column.
fn without_tabs(line: &str) -> String {
    let mut out = String::new();
    for c in line.chars() {
        match c {
            '\t' => out.push_str(&" ".repeat(8 - out.chars().count() % 8)),
            c => out.push(c),
        }
    }
    out
}

fn inline(parts: &[Inline]) -> String {
    let part = |part: &Inline| match part {
        Inline::Text(text) => words(text),
        Inline::Strong(text) => format!("\\textbf{{{}}}", words(text)),
        Inline::Math(math) => format!("${}$", typeset::latex(math)),
        Inline::Code(text) => format!("\\texttt{{{}}}", words(text)),
        Inline::Link { text, url } => match link::safe(url) {
            Some(url) if !url.starts_with('#') => format!("\\href{{{}}}{{{}}}", address(url), words(text)),
            Some(_) => words(text),
            None => format!("{} ({})", words(text), words(url)),
        },
        Inline::Blank => "\\underline{\\hspace{3cm}}".to_owned(),
    };
    parts.iter().map(part).collect()
}

/// An address as hyperref reads it in any place, also in a table.
fn address(url: &str) -> String {
    link::percent(url, b"-.:/?#@!+,;=%&").replace('%', r"\%").replace('#', r"\#").replace('&', r"\&")
}

/// Words with everything escaped that LaTeX would act on, and signs it has only in mathematics set there.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in visible(text).chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' | '}' | '$' | '&' | '#' | '_' | '%' => out.extend(['\\', c]),
            '^' => out.push_str("\\textasciicircum{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '`' => out.push_str("\\textasciigrave{}"),
            // After \\ or \item these would begin an argument.
            '[' | ']' | '*' => out.extend(['{', c, '}']),
            '\u{a0}' => out.push('~'),
            '–' | '—' | '‘' | '’' | '“' | '”' | '…' | '•' | '\u{a1}'..='\u{17f}' if !"¬±×÷·µ¹²³¼½¾°".contains(c) => {
                out.push(c)
            }
            // Two of these would become one character.
            '-' | ',' | '\'' if last == c => out.extend(['{', '}', c]),
            c if c.is_ascii() => out.push(c),
            c => match latex_symbol(c) {
                Some(symbol) => out.push_str(&format!("\\ensuremath{{{symbol}}}")),
                None => out.push(c),
            },
        }
        last = c;
    }
    out
}

fn equations(list: &[Equation]) -> String {
    let mut out = String::new();
    for group in groups(list) {
        let rows = match &group.rows[..] {
            [_] => group.latex(),
            _ => group.aligned(),
        };
        let name = if group.rows.len() == 1 { "equation*" } else { "align*" };
        out.push_str(&format!("\\begin{{{name}}}\n{rows}\n\\end{{{name}}}\n"));
        if !group.note.is_empty() {
            out.push_str(&format!("{}\n", inline(group.note)));
        }
    }
    out
}

/// A table that may go on over pages. Columns of many words share what room the others leave.
fn table(table: &Table) -> String {
    const LONG: usize = 28;
    let count = table.rows.iter().map(Vec::len).chain([table.head.len()]).max().unwrap_or(0);
    if count == 0 {
        return String::new();
    }
    let width = |column: usize| {
        let cells = table.rows.iter().chain([&table.head]).filter_map(|row| row.get(column));
        cells.map(|cell| columns(&plain(cell))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let is_long = |column: usize| widths[column] > LONG && !table.numbers.contains(&column);
    let long = (0..count).filter(|&column| is_long(column)).count().max(1);
    // About 85 characters fit a line.
    let short: usize = (0..count).filter(|&column| !is_long(column)).map(|column| widths[column] + 3).sum();
    let share = (85usize.saturating_sub(short)).max(20) as f64 / 100.0 / long as f64;
    let form = |column: usize| match is_long(column) {
        true => format!("p{{{share:.2}\\linewidth}}"),
        false if table.numbers.contains(&column) => "r".to_owned(),
        false => "l".to_owned(),
    };
    let row = |cells: &[Vec<Inline>]| {
        let cells: Vec<String> = (0..count).map(|column| cells.get(column).map_or(String::new(), |cell| inline(cell))).collect();
        format!("{} \\\\\n", cells.join(" & "))
    };
    let mut out = String::new();
    if !table.caption.is_empty() {
        out.push_str(&format!("\\textbf{{{}}}\\nopagebreak\n\n", words(&table.caption)));
    }
    out.push_str(&format!("\\begin{{longtable}}{{{}}}\n", (0..count).map(form).collect::<String>()));
    out.push_str(&format!("\\hline\n{}\\hline\n\\endhead\n", row(&table.head)));
    out.extend(table.rows.iter().map(|cells| row(cells)));
    out.push_str("\\hline\n\\end{longtable}\n");
    out
}
