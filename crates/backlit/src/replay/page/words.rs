//! Words with mathematics, names, weight and links in them.

use super::Page;
use crate::document::Inline;

impl Page<'_> {
    /// `$formula$` is mathematics, a name in backticks is set as it is typed, `**…**` matters, `[…](…)` leads
    /// somewhere. All else is text.
    pub(super) fn words(&mut self, text: &str) -> Vec<Inline> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, kind, inside, after)) = next(rest) {
            if !before.is_empty() {
                parts.push(Inline::Text(before.into()));
            }
            parts.push(match kind {
                Kind::Math => Inline::Math(self.math(inside)),
                Kind::Code => Inline::Code(inside.into()),
                Kind::Strong => Inline::Strong(inside.into()),
                Kind::Link => {
                    let (text, url) = inside.split_once("](").unwrap_or((inside, ""));
                    Inline::Link { text: text.into(), url: url.into() }
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Inline::Text(rest.into()));
        }
        parts
    }
}

enum Kind {
    Math,
    Code,
    Strong,
    Link,
}

/// What stands before the first mark, its kind, what it holds, and what comes after.
fn next(text: &str) -> Option<(&str, Kind, &str, &str)> {
    let marks = [("$", Kind::Math), ("`", Kind::Code), ("**", Kind::Strong)];
    let pairs = marks.into_iter().filter_map(|(mark, kind)| {
        let start = text.find(mark)?;
        let inside = &text[start + mark.len()..];
        let end = inside.find(mark)?;
        Some((start, kind, &inside[..end], &inside[end + mark.len()..]))
    });
    let link = text.find("](").and_then(|middle| {
        let start = text[..middle].rfind('[')?;
        let end = middle + text[middle..].find(')')?;
        Some((start, Kind::Link, &text[start + 1..end], &text[end + 1..]))
    });
    let first = pairs.chain(link).min_by_key(|(start, ..)| *start);
    first.map(|(start, kind, inside, after)| (&text[..start], kind, inside, after))
}
