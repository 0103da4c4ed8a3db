//! As one line of plain characters, for a terminal.

use super::characters::{subscript, superscript, visible};
use super::reading::{carries_scripts, digits, flat, is_negative_after_sign, is_postfix, is_prefix, is_relation, is_sum};
use super::{Bracket, Math};

/// The mathematics on one line: `∂C/∂W1[0,2] = (a − y) · a(1 − a)`.
pub fn unicode(math: &Math) -> String {
    draw(math).text
}

/// A piece of the line, and how it must be handled beside others.
struct Piece {
    text: String,
    holds: Holds,
}

/// How strongly a piece holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    /// A sum, a relation, a list.
    Loosely,
    /// A product or a quotient.
    AsProduct,
    /// One thing.
    AsOne,
}

impl Piece {
    fn one(text: String) -> Piece {
        Piece { text, holds: Holds::AsOne }
    }

    /// In brackets, unless it holds together at least so strongly.
    fn at_least(self, holds: Holds) -> String {
        if self.holds >= holds { self.text } else { format!("({})", self.text) }
    }
}

fn draw(math: &Math) -> Piece {
    match math {
        Math::Number(text) => number(text),
        Math::Letter(words) | Math::Text(words) => Piece::one(visible(words)),
        Math::Sign(sign) => Piece::one((*sign).to_owned()),
        Math::Row(_) => row(math, ", "),
        Math::Fraction(above, below) => fraction(above, below),
        Math::Script { base, below, above } => {
            let mut text = base_of_scripts(base, above.is_some());
            let (below, above_drawn) = (below.as_deref().map(index), above.as_deref().map(exponent));
            // The number of a layer stands before the indices: W⁽²⁾[0,1].
            let layer_first = matches!(above.as_deref(), Some(Math::Bracket(..)));
            let scripts = if layer_first { [above_drawn, below] } else { [below, above_drawn] };
            text.extend(scripts.into_iter().flatten());
            Piece::one(text)
        }
        Math::Root(inner) => match **inner {
            Math::Number(_) | Math::Letter(_) => Piece::one(format!("√{}", draw(inner).at_least(Holds::AsOne))),
            _ => Piece::one(format!("√({})", draw(inner).text)),
        },
        Math::Bracket(kind, inner) => {
            let (open, close) = match kind {
                Bracket::Round => ('(', ')'),
                Bracket::Square => ('[', ']'),
                Bracket::Bars => ('|', '|'),
            };
            Piece::one(format!("{open}{}{close}", draw(inner).text))
        }
        Math::Call(name, arguments) => Piece::one(format!("{}({})", visible(name), list(arguments, ", "))),
        Math::Large { sign, below, above, body } => {
            let range = match (below, above) {
                (Some(below), Some(above)) => format!("[{} … {}]", draw(below).text, draw(above).text),
                (Some(below), None) => index(below),
                (None, above) => above.as_deref().map(exponent).unwrap_or_default(),
            };
            let body = if is_sum(body) { format!("({})", draw(body).text) } else { draw(body).text };
            Piece { text: format!("{sign}{range} {body}"), holds: Holds::Loosely }
        }
        Math::Cases(cases) => {
            let case = |(what, when): &(Math, Math)| match when {
                Math::Text(words) => format!("{} {}", draw(what).text, visible(words)),
                when => format!("{} if {}", draw(what).text, draw(when).text),
            };
            Piece::one(format!("{{{}}}", cases.iter().map(case).collect::<Vec<_>>().join("; ")))
        }
        Math::Matrix(rows) => {
            let rows: Vec<String> = rows.iter().map(|row| format!("[{}]", list(row, ", "))).collect();
            Piece::one(format!("[{}]", rows.join(", ")))
        }
    }
}

fn list(items: &[Math], comma: &str) -> String {
    items.iter().map(|item| draw(item).text).collect::<Vec<_>>().join(comma)
}

fn number(text: &str) -> Piece {
    let Some(parts) = digits(text) else { return Piece::one(visible(text)) };
    let minus = if parts.negative { "−" } else { "" };
    match parts.exponent {
        None => Piece { text: format!("{minus}{}", parts.size), holds: if parts.negative { Holds::AsProduct } else { Holds::AsOne } },
        Some(exponent) => {
            let power = superscript(&exponent.to_string().replace('-', "−")).expect("every digit has a small form");
            Piece { text: format!("{minus}{}×10{power}", parts.size), holds: Holds::AsProduct }
        }
    }
}

fn fraction(above: &Math, below: &Math) -> Piece {
    let top = match above {
        Math::Fraction(..) => format!("({})", draw(above).text),
        above => draw(above).at_least(Holds::AsProduct),
    };
    Piece { text: format!("{top}/{}", draw(below).at_least(Holds::AsOne)), holds: Holds::AsProduct }
}

/// Items side by side. `comma` is how a comma is drawn: among indices without a space.
fn row(math: &Math, comma: &str) -> Piece {
    let items = flat(math);
    if let [one] = &items[..] {
        return draw(one);
    }
    let mut holds = if is_sum(math) { Holds::Loosely } else { Holds::AsProduct };
    if matches!(&items[..], [Math::Letter(d), what] if (d == "∂" || d == "d") && draw(what).holds == Holds::AsOne) {
        holds = Holds::AsOne;
    }
    let mut text = String::new();
    for (i, item) in items.iter().enumerate() {
        if let Math::Sign(sign) = item {
            text.push_str(&operator(sign, is_prefix(&items, i), comma));
            continue;
        }
        let drawn = draw(item);
        let touches = |beside: Option<&&Math>| beside.is_some_and(|beside| !matches!(beside, Math::Sign(sign) if *sign != "/"));
        let (before, after) = (i > 0 && touches(items.get(i - 1)), touches(items.get(i + 1)));
        let needed = match item {
            // Its end is the end of the row, so nothing can be taken for a part of it.
            Math::Large { .. } => after,
            _ => before || after,
        };
        let drawn = match drawn {
            drawn if is_negative_after_sign(&items, i) => format!("({})", drawn.text),
            drawn if needed => drawn.at_least(Holds::AsOne),
            drawn => drawn.text,
        };
        if before && would_run_together(items[i - 1], item, &text, &drawn) {
            text.push(' ');
        }
        text.push_str(&drawn);
    }
    Piece { text, holds }
}

/// Two names, or something and a number behind it, need a space between them; single letters do not.
fn would_run_together(left: &Math, right: &Math, drawn_left: &str, drawn_right: &str) -> bool {
    let (Some(end), Some(start)) = (drawn_left.chars().next_back(), drawn_right.chars().next()) else { return false };
    let long = |math: &Math| match math {
        Math::Letter(name) => name.chars().count() > 1,
        Math::Text(_) => true,
        Math::Script { base, .. } => matches!(&**base, Math::Letter(name) | Math::Text(name) if name.chars().count() > 1),
        Math::Call(name, _) => name.chars().count() > 1,
        _ => false,
    };
    let partial = matches!(left, Math::Letter(d) if d == "∂" || d == "d");
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == ']';
    let word = joins(end) && start.is_alphanumeric() && !partial && (long(left) || long(right) || start.is_numeric());
    word || (matches!(start, 'Σ' | '∏') && !matches!(left, Math::Sign(_)))
}

fn operator(sign: &str, prefix: bool, comma: &str) -> String {
    let sign = if sign == "-" { "−" } else { sign };
    match sign {
        "," => comma.to_owned(),
        "/" => sign.to_owned(),
        sign if prefix || is_postfix(sign) => sign.to_owned(),
        sign if is_relation(sign) || matches!(sign, "+" | "−" | "·" | "×" | "⊙") => format!(" {sign} "),
        sign => sign.to_owned(),
    }
}

fn base_of_scripts(base: &Math, above: bool) -> String {
    let drawn = draw(base).text;
    let whole = carries_scripts(base, above) && !matches!(base, Math::Root(_));
    if whole { drawn } else { format!("({drawn})") }
}

/// `₂`, `_h1`, `[0,2]`, `[RM]`
fn index(script: &Math) -> String {
    let drawn = match script {
        Math::Row(_) => row(script, ",").text,
        script => draw(script).text,
    };
    match script {
        Math::Letter(name) if name.chars().count() > 1 => return format!("_{drawn}"),
        Math::Text(_) => return format!("[{drawn}]"),
        _ => {}
    }
    match subscript(&drawn) {
        Some(small) => small,
        None if drawn.chars().count() == 1 => format!("_{drawn}"),
        None => format!("[{drawn}]"),
    }
}

/// `²`, `⁽ˡ⁾`, `^q`, `^(x/2)`
fn exponent(script: &Math) -> String {
    let piece = draw(script);
    match superscript(&piece.text) {
        Some(small) => small,
        None if piece.holds == Holds::AsOne => match piece.text.starts_with('(') || !piece.text.contains(' ') {
            true => format!("^{}", piece.text),
            false => format!("^({})", piece.text),
        },
        None => format!("^({})", piece.text),
    }
}
