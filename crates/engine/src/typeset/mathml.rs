//! As MathML Core, which browsers draw by themselves.

use super::characters::visible;
use super::reading::{carries_scripts, digits, flat, is_negative_after_sign, is_prefix, is_relation, is_sum};
use super::{Bracket, Math};

/// The mathematics as a `<math>` element: in the line, or displayed on a line of its own.
pub fn mathml(math: &Math, display: bool) -> String {
    let mut out = String::from(r#"<math xmlns="http://www.w3.org/1998/Math/MathML""#);
    out.push_str(if display { r#" display="block">"# } else { ">" });
    write(&mut out, math);
    out.push_str("</math>");
    out
}

/// Words as they stand in XML or HTML, in a text or an attribute in double quotes.
pub fn xml_text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in visible(words).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn write(out: &mut String, math: &Math) {
    match math {
        Math::Number(text) => number(out, text),
        Math::Letter(name) => letter(out, name),
        Math::Text(words) => leaf(out, "mtext", words),
        Math::Sign(sign) => operator(out, sign, matches!(*sign, "−" | "-" | "+")),
        Math::Row(_) => within(out, "mrow", |out| row(out, math)),
        Math::Fraction(above, below) => within(out, "mfrac", |out| {
            write(out, above);
            write(out, below);
        }),
        Math::Script { base, below, above } => {
            let element = match (below, above) {
                (Some(_), Some(_)) => "msubsup",
                (None, Some(_)) => "msup",
                (Some(_), None) => "msub",
                (None, None) => "mrow",
            };
            within(out, element, |out| {
                bracketed_if(out, !carries_scripts(base, above.is_some()), base);
                [below, above].into_iter().flatten().for_each(|script| write(out, script));
            });
        }
        Math::Root(inner) => within(out, "msqrt", |out| write(out, inner)),
        Math::Bracket(kind, inner) => fenced(out, *kind, |out| write(out, inner)),
        Math::Call(name, arguments) => within(out, "mrow", |out| {
            letter(out, name);
            out.push_str("<mo>&#x2061;</mo>");
            fenced(out, Bracket::Round, |out| {
                for (i, argument) in arguments.iter().enumerate() {
                    out.push_str(if i > 0 { "<mo>,</mo>" } else { "" });
                    write(out, argument);
                }
            });
        }),
        Math::Large { sign, below, above, body } => within(out, "mrow", |out| {
            large(out, sign, below.as_deref(), above.as_deref());
            bracketed_if(out, is_sum(body), body);
        }),
        Math::Cases(cases) => within(out, "mrow", |out| {
            out.push_str(r#"<mo fence="true" form="prefix" stretchy="true">{</mo>"#);
            table(out, "left", cases.iter().map(|(what, when)| [what, when]), |out, column, cell| {
                if column == 1 && !matches!(cell, Math::Text(_)) {
                    out.push_str("<mtext>if&#xa0;</mtext>");
                }
                write(out, cell);
            });
        }),
        Math::Matrix(rows) => fenced(out, Bracket::Square, |out| table(out, "center", rows, |out, _, cell| write(out, cell))),
    }
}

fn row(out: &mut String, math: &Math) {
    let items = flat(math);
    for (i, item) in items.iter().enumerate() {
        match item {
            Math::Sign(sign) => operator(out, sign, is_prefix(&items, i)),
            item => bracketed_if(out, is_negative_after_sign(&items, i), item),
        }
    }
}

fn bracketed_if(out: &mut String, needed: bool, math: &Math) {
    if needed {
        fenced(out, Bracket::Round, |out| write(out, math));
    } else {
        write(out, math);
    }
}

fn large(out: &mut String, sign: &str, below: Option<&Math>, above: Option<&Math>) {
    let sign = if sign == "∏" { "∏" } else { "∑" };
    let element = match (below, above) {
        (None, None) => "mrow",
        (Some(_), None) => "munder",
        (None, Some(_)) => "mover",
        (Some(_), Some(_)) => "munderover",
    };
    within(out, element, |out| {
        out.push_str(&format!(r#"<mo largeop="true" movablelimits="true">{sign}</mo>"#));
        [below, above].into_iter().flatten().for_each(|limit| write(out, limit));
    });
}

fn table<'a, R: IntoIterator<Item = &'a Math>>(
    out: &mut String,
    align: &str,
    rows: impl IntoIterator<Item = R>,
    mut draw: impl FnMut(&mut String, usize, &Math),
) {
    within(out, "mtable", |out| {
        for row in rows {
            within(out, "mtr", |out| {
                for (column, cell) in row.into_iter().enumerate() {
                    out.push_str(&format!(r#"<mtd style="text-align: {align}">"#));
                    draw(out, column, cell);
                    out.push_str("</mtd>");
                }
            });
        }
    });
}

fn fenced(out: &mut String, kind: Bracket, inner: impl FnOnce(&mut String)) {
    let (open, close) = match kind {
        Bracket::Round => ('(', ')'),
        Bracket::Square => ('[', ']'),
        Bracket::Bars => ('|', '|'),
    };
    within(out, "mrow", |out| {
        out.push_str(&format!(r#"<mo fence="true" form="prefix" stretchy="true">{open}</mo>"#));
        inner(out);
        out.push_str(&format!(r#"<mo fence="true" form="postfix" stretchy="true">{close}</mo>"#));
    });
}

fn number(out: &mut String, text: &str) {
    let Some(parts) = digits(text) else { return leaf(out, "mtext", text) };
    let minus = if parts.negative { r#"<mo form="prefix">−</mo>"# } else { "" };
    let size = format!("{minus}<mn>{}</mn>", parts.size);
    match parts.exponent {
        None if !parts.negative => out.push_str(&size),
        None => within(out, "mrow", |out| out.push_str(&size)),
        Some(exponent) => within(out, "mrow", |out| {
            out.push_str(&size);
            out.push_str(r#"<mo lspace="0.2em" rspace="0.2em">×</mo><msup><mn>10</mn>"#);
            number(out, &exponent.to_string());
            out.push_str("</msup>");
        }),
    }
}

fn letter(out: &mut String, name: &str) {
    let words = xml_text(name);
    match name.chars().count() {
        1 => out.push_str(&format!("<mi>{words}</mi>")),
        _ => out.push_str(&format!(r#"<mi mathvariant="normal">{words}</mi>"#)),
    }
}

fn operator(out: &mut String, sign: &str, prefix: bool) {
    let attributes = match sign {
        _ if prefix => r#" form="prefix""#,
        "ᵀ" => r#" form="postfix" lspace="0" rspace="0""#,
        "/" => r#" form="infix" lspace="0.1em" rspace="0.1em" stretchy="false""#,
        "+" | "−" | "-" => r#" form="infix""#,
        "·" | "×" | "⊙" => r#" form="infix" lspace="0.25em" rspace="0.25em""#,
        "," => r#" form="infix" separator="true""#,
        sign if is_relation(sign) => r#" form="infix" stretchy="false""#,
        _ => "",
    };
    let sign = if sign == "-" { "−" } else { sign };
    out.push_str(&format!("<mo{attributes}>{}</mo>", xml_text(sign)));
}

fn leaf(out: &mut String, element: &str, words: &str) {
    // A space at either end would be dropped.
    let words = xml_text(words);
    let kept = words.trim_start_matches(' ');
    let (before, rest) = (words.len() - kept.len(), kept.trim_end_matches(' '));
    let after = kept.len() - rest.len();
    within(out, element, |out| {
        out.push_str(&"&#xa0;".repeat(before));
        out.push_str(rest);
        out.push_str(&"&#xa0;".repeat(after));
    });
}

fn within(out: &mut String, element: &str, inner: impl FnOnce(&mut String)) {
    out.push_str(&format!("<{element}>"));
    inner(out);
    out.push_str(&format!("</{element}>"));
}
