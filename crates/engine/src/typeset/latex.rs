//! As LaTeX, in the part of it that KaTeX, MathJax and LaTeX with amsmath and amssymb all read.

use super::characters::{code_point, latex_symbol, latex_words, push};
use super::reading::{carries_scripts, digits, flat, is_negative_after_sign, is_prefix, is_sum, is_tall};
use super::{Bracket, Math};

/// The mathematics as LaTeX, without dollar signs around it. Names from the data show as they are, whatever they hold.
pub fn latex(math: &Math) -> String {
    let mut out = String::new();
    write(&mut out, math);
    out
}

/// Words for use in mathematics: `\text{…}`, with what LaTeX would act on as symbols.
pub fn latex_text(words: &str) -> String {
    latex_words(words, "text")
}

fn write(out: &mut String, math: &Math) {
    match math {
        Math::Number(text) => push(out, &number(text)),
        Math::Letter(name) => push(out, &letter(name)),
        Math::Text(words) => push(out, &latex_text(words)),
        Math::Sign(sign) => push(out, &operator(sign)),
        Math::Row(_) => row(out, math),
        Math::Fraction(above, below) => {
            out.push_str(r"\frac");
            group(out, above);
            group(out, below);
        }
        Math::Script { base, below, above } => scripts(out, base, below.as_deref(), above.as_deref()),
        Math::Root(inner) => {
            out.push_str(r"\sqrt");
            group(out, inner);
        }
        Math::Bracket(kind, inner) => fenced(out, *kind, is_tall(inner), |out| write(out, inner)),
        Math::Call(name, arguments) => {
            push(out, &function(name));
            fenced(out, Bracket::Round, arguments.iter().any(is_tall), |out| {
                for (i, argument) in arguments.iter().enumerate() {
                    out.push_str(if i > 0 { ", " } else { "" });
                    write(out, argument);
                }
            });
        }
        Math::Large { sign, below, above, body } => {
            push(out, if *sign == "∏" { r"\prod" } else { r"\sum" });
            script(out, '_', below.as_deref());
            script(out, '^', above.as_deref());
            out.push(' ');
            bracketed_if(out, is_sum(body), body);
        }
        Math::Cases(cases) => {
            out.push_str(r"\begin{cases}");
            for (i, (what, when)) in cases.iter().enumerate() {
                out.push_str(if i > 0 { r" \\ " } else { " " });
                write(out, what);
                out.push_str(" & ");
                if !matches!(when, Math::Text(_)) {
                    out.push_str(r"\text{if }");
                }
                write(out, when);
            }
            out.push_str(r" \end{cases}");
        }
        Math::Matrix(rows) => matrix(out, rows),
    }
}

fn row(out: &mut String, math: &Math) {
    let items = flat(math);
    for (i, item) in items.iter().enumerate() {
        match item {
            Math::Number(_) if is_negative_after_sign(&items, i) => bracketed_if(out, true, item),
            // Beside something else, a minus of its own must not become a difference.
            Math::Number(text) if i > 0 && !matches!(items[i - 1], Math::Sign(_)) => push(out, &format!("{{{}}}", number(text))),
            Math::Sign("−" | "-") if is_prefix(&items, i) => push(out, "-"),
            item => write(out, item),
        }
    }
}

fn scripts(out: &mut String, base: &Math, below: Option<&Math>, above: Option<&Math>) {
    let simple = match base {
        Math::Letter(name) => !letter(name).starts_with('{'),
        Math::Number(_) | Math::Bracket(..) => carries_scripts(base, above.is_some()),
        _ => false,
    };
    if simple {
        write(out, base);
    } else {
        out.push('{');
        bracketed_if(out, !carries_scripts(base, above.is_some()), base);
        out.push('}');
    }
    script(out, '_', below);
    script(out, '^', above);
}

fn script(out: &mut String, mark: char, what: Option<&Math>) {
    if let Some(what) = what {
        out.push(mark);
        group(out, what);
    }
}

fn group(out: &mut String, math: &Math) {
    out.push('{');
    write(out, math);
    out.push('}');
}

fn bracketed_if(out: &mut String, needed: bool, math: &Math) {
    if needed {
        fenced(out, Bracket::Round, is_tall(math), |out| write(out, math));
    } else {
        write(out, math);
    }
}

/// Square brackets by name: a plain `[` after `\\` would begin an argument of it.
fn fenced(out: &mut String, kind: Bracket, tall: bool, inner: impl FnOnce(&mut String)) {
    let (open, close) = match kind {
        Bracket::Round => ("(", ")"),
        Bracket::Square => (r"\lbrack", r"\rbrack"),
        Bracket::Bars => (r"\lvert", r"\rvert"),
    };
    push(out, if tall { r"\left" } else { "" });
    out.push_str(open);
    out.push_str(if kind == Bracket::Round { "" } else { " " });
    inner(out);
    push(out, if tall { r"\right" } else { "" });
    out.push_str(close);
}

/// A bmatrix; that one ends at ten columns, so a wider one is an array.
fn matrix(out: &mut String, rows: &[Vec<Math>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let (begin, end) = match columns {
        0..=10 => (r"\begin{bmatrix}".to_owned(), r" \end{bmatrix}"),
        _ => (format!(r"\left[\begin{{array}}{{{}}}", "c".repeat(columns)), r" \end{array}\right]"),
    };
    push(out, &begin);
    for (i, row) in rows.iter().enumerate() {
        out.push_str(if i > 0 { r" \\ " } else { " " });
        for (j, cell) in row.iter().enumerate() {
            out.push_str(if j > 0 { " & " } else { "" });
            write(out, cell);
        }
    }
    out.push_str(end);
}

fn number(text: &str) -> String {
    let Some(parts) = digits(text) else { return latex_text(text) };
    let minus = if parts.negative { "-" } else { "" };
    let size = if parts.size == "∞" { r"\infty" } else { &parts.size };
    match parts.exponent {
        Some(exponent) => format!(r"{minus}{size} \times 10^{{{exponent}}}"),
        None => format!("{minus}{size}"),
    }
}

fn letter(name: &str) -> String {
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (None, _) => "{}".to_owned(),
        (Some(c), None) if c.is_ascii_alphanumeric() => c.to_string(),
        (Some(c), None) => latex_symbol(c).map_or_else(|| latex_text(name), str::to_owned),
        _ if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => format!(r"\mathrm{{{}}}", name.replace('_', r"\_")),
        _ if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() && latex_symbol(c).is_some()) => {
            latex_words(name, "mathrm")
        }
        _ => latex_text(name),
    }
}

fn function(name: &str) -> String {
    match name {
        "exp" | "log" | "ln" | "max" | "min" | "tanh" | "sinh" | "cosh" | "sin" | "cos" | "tan" => format!("\\{name}"),
        _ => letter(name),
    }
}

fn operator(sign: &str) -> String {
    let command = match sign {
        "+" | "=" | "/" => sign,
        "," => ", ",
        "−" | "-" => "-",
        "<" => " < ",
        ">" => " > ",
        "·" | "⋅" => r"\cdot",
        "×" => r"\times",
        "≈" => r"\approx",
        "≠" => r"\neq",
        "≤" => r"\leq",
        "≥" => r"\geq",
        "→" => r"\to",
        "⊙" => r"\odot",
        "∈" => r"\in",
        "…" => r"\ldots",
        _ => return one_sign(sign),
    };
    match command {
        "=" | "+" | "-" => format!(" {command} "),
        command if command.starts_with('\\') => format!(" {command} "),
        command => command.to_owned(),
    }
}

fn one_sign(sign: &str) -> String {
    let mut characters = sign.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) => latex_symbol(c).map_or_else(
            || if c.is_ascii() && !c.is_ascii_control() { c.to_string() } else { format!(r"\text{{{}}}", code_point(c)) },
            str::to_owned,
        ),
        _ => latex_text(sign),
    }
}
