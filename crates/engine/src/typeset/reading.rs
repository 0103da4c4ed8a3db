//! What the three forms decide alike: where brackets are needed, and how a number is read.

use super::Math;

/// A number taken apart: −1.5 × 10⁻⁷.
pub(super) struct Digits {
    pub negative: bool,
    /// `1.5`, `∞`
    pub size: String,
    /// `-7`
    pub exponent: Option<i64>,
}

/// The parts of a number, or none where the text is no number.
pub(super) fn digits(text: &str) -> Option<Digits> {
    let (negative, rest) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if matches!(rest, "inf" | "∞") {
        return Some(Digits { negative, size: "∞".to_owned(), exponent: None });
    }
    let (size, exponent) = match rest.split_once(['e', 'E']) {
        Some((size, exponent)) => (size, Some(exponent.parse().ok()?)),
        None => (rest, None),
    };
    let plain = size.bytes().all(|b| b.is_ascii_digit() || b == b'.') && size.bytes().any(|b| b.is_ascii_digit());
    (plain && size.bytes().filter(|&b| b == b'.').count() < 2).then(|| Digits { negative, size: size.to_owned(), exponent })
}

/// Whether a script beside it clearly belongs to all of it.
pub(super) fn carries_scripts(math: &Math, already_above: bool) -> bool {
    match math {
        Math::Number(text) => digits(text).is_none_or(|d| !d.negative && d.exponent.is_none()),
        Math::Letter(_) | Math::Text(_) | Math::Sign(_) | Math::Bracket(..) | Math::Call(..) | Math::Root(_) | Math::Matrix(_) => true,
        Math::Script { base, above, .. } => !(already_above && above.is_some()) && carries_scripts(base, already_above),
        Math::Row(items) => match &items[..] {
            [] => true,
            [one] => carries_scripts(one, already_above),
            _ => false,
        },
        Math::Fraction(..) | Math::Large { .. } | Math::Cases(_) => false,
    }
}

/// Whether it is a sum, a difference or a relation, so that a sign before all of it needs brackets.
pub(super) fn is_sum(math: &Math) -> bool {
    match math {
        Math::Row(_) => {
            let items = flat(math);
            let binary = |(i, item): (usize, &&Math)| match item {
                Math::Sign("+" | "−" | "-") => i > 0 && !matches!(items[i - 1], Math::Sign(sign) if !is_postfix(sign)),
                Math::Sign(sign) => is_relation(sign),
                _ => false,
            };
            items.iter().enumerate().any(binary)
        }
        _ => false,
    }
}

/// Whether a minus stands first.
pub(super) fn starts_negative(math: &Math) -> bool {
    match math {
        Math::Number(text) => digits(text).is_some_and(|d| d.negative),
        Math::Sign("−" | "-") => true,
        Math::Row(_) => flat(math).first().is_some_and(|first| starts_negative(first)),
        _ => false,
    }
}

/// Whether an item of a row needs brackets because a minus would follow a sign: 3 · (−2).
pub(super) fn is_negative_after_sign(items: &[&Math], i: usize) -> bool {
    i > 0
        && matches!(items[i - 1], Math::Sign("+" | "−" | "-" | "·" | "×" | "/" | "⊙"))
        && matches!(items[i], Math::Number(_))
        && starts_negative(items[i])
}

/// Whether a sign of a row stands before what it belongs to, as the minus of −x does.
pub(super) fn is_prefix(items: &[&Math], i: usize) -> bool {
    matches!(items[i], Math::Sign("+" | "−" | "-")) && (i == 0 || matches!(items[i - 1], Math::Sign(sign) if !is_postfix(sign)))
}

/// `…` and `ᵀ` end what stands before them.
pub(super) fn is_postfix(sign: &str) -> bool {
    matches!(sign, "…" | "ᵀ")
}

/// Signs that bind more loosely than a sum.
pub(super) fn is_relation(sign: &str) -> bool {
    !matches!(sign, "+" | "−" | "-" | "·" | "×" | "/" | "⊙" | "…" | "ᵀ")
}

/// Taller than a line, so that its brackets grow.
pub(super) fn is_tall(math: &Math) -> bool {
    match math {
        Math::Number(_) | Math::Letter(_) | Math::Text(_) | Math::Sign(_) => false,
        Math::Row(items) | Math::Call(_, items) => items.iter().any(is_tall),
        Math::Bracket(_, inner) | Math::Root(inner) => is_tall(inner),
        Math::Script { base, below, above } => is_tall(base) || [below, above].into_iter().flatten().any(|script| is_tall(script)),
        Math::Fraction(..) | Math::Large { .. } | Math::Cases(_) | Math::Matrix(_) => true,
    }
}

/// The items of a row and of the rows in it: a row inside a row is drawn without brackets.
pub(super) fn flat(math: &Math) -> Vec<&Math> {
    match math {
        Math::Row(items) => items.iter().flat_map(flat).collect(),
        one => vec![one],
    }
}
