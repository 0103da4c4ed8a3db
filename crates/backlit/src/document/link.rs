//! Which addresses become links.

/// The address, if following it can do no more than open a page: http, https, mail, or a place in this page. Any other
/// (`javascript:` …) is shown as words only.
pub(super) fn safe(url: &str) -> Option<&str> {
    let starts = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let known = ["https://", "http://", "mailto:", "#"].into_iter().any(starts);
    (known && url.chars().all(|c| !c.is_control() && !c.is_whitespace())).then_some(url)
}

/// The address with every character that a format could take for its own written as %XX. `%` itself stays: the address is encoded
/// already where it needs to be.
pub(super) fn encoded(url: &str) -> String {
    percent(url, b"-._~:/?#@!&+,;=%")
}

/// Each byte that is no letter, digit or one of `kept` as %XX.
pub(super) fn percent(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
