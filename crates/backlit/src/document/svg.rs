//! Drawings are checked before they go into a page: a drawing holds shapes and words, nothing that runs or loads.

use super::link;

/// The elements a drawing may hold.
const ELEMENTS: &[&str] = &[
    "svg",
    "g",
    "title",
    "desc",
    "defs",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "marker",
    "clipPath",
    "linearGradient",
    "radialGradient",
    "stop",
    "pattern",
    "use",
    "symbol",
    "style",
];

/// The drawing, if it is one whole `<svg>` element of shapes and words.
pub(super) fn checked(svg: &str) -> Option<&str> {
    let svg = svg.trim();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        if start > 0 && open.is_empty() {
            return None;
        }
        let end = end_of_tag(&rest[start..])? + start;
        let tag = &rest[start + 1..end];
        let inside = rest[end + 1..].find('<').map_or("", |next| &rest[end + 1..end + 1 + next]);
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop()? != name.trim_end() {
                return None;
            }
        } else {
            let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
            let name = tag.split_ascii_whitespace().next()?;
            let first = open.is_empty() && start == 0 && rest.len() + end + 1 == svg.len();
            if !ELEMENTS.contains(&name) || (open.is_empty() && !(first && name == "svg")) || !attributes_are_plain(&tag[name.len()..]) {
                return None;
            }
            if name == "style" && (!style_is_plain(inside) || inside.contains('&')) {
                return None;
            }
            if !closed {
                open.push(name);
            }
        }
    }
    (rest.is_empty() && open.is_empty() && svg.starts_with("<svg")).then_some(svg)
}

/// The drawing as a picture with a name for those who hear the page; one that has a name keeps it.
pub(super) fn labelled(svg: &str, label: &str) -> String {
    let start = &svg["<svg".len()..];
    if end_of_tag(svg).is_some_and(|end| svg[..end].contains(" aria-label=")) {
        return svg.to_owned();
    }
    format!(r#"<svg role="img" aria-label="{}"{start}"#, backlit_engine::typeset::xml_text(label))
}

/// The drawing as an address that holds it whole.
pub(super) fn data_address(svg: &str) -> String {
    let named = svg.split('>').next().is_some_and(|tag| tag.contains("xmlns="));
    let svg = if named { svg.to_owned() } else { svg.replacen("<svg", r#"<svg xmlns="http://www.w3.org/2000/svg""#, 1) };
    format!("data:image/svg+xml;charset=utf-8,{}", link::percent(&svg, b"-._~:/,;=!@"))
}

/// Where the tag that the text begins with ends; a `>` in quotes does not end it.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(i),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    None
}

/// name="value" again and again, none of which runs or loads anything.
fn attributes_are_plain(mut text: &str) -> bool {
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return true;
        }
        let Some((name, rest)) = text.split_once('=') else { return false };
        let Some(quote) = rest.chars().next().filter(|&c| c == '"' || c == '\'') else { return false };
        let Some((value, rest)) = rest[1..].split_once(quote) else { return false };
        let name_is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-:_".contains(&b)) && !name.is_empty();
        let runs = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"));
        let loads = matches!(name, "href" | "xlink:href" | "src") && !value.starts_with('#');
        let acts = !name.starts_with("aria-") && !style_is_plain(value);
        if !name_is_plain || runs || loads || acts || value.contains('<') {
            return false;
        }
        text = rest;
    }
}

/// Loads nothing: `url(#…)` only.
fn style_is_plain(style: &str) -> bool {
    let lower = style.to_ascii_lowercase();
    !lower.contains("@import")
        && !lower.contains("javascript:")
        && !style.contains('\\')
        && lower.split("url(").skip(1).all(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with('#'))
}
