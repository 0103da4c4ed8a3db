//! What both drawings are written with: escaped text, short numbers, widths of words, and the frame with its colours.

use std::fmt::{Arguments, Write};

/// A role in a drawing with its colour on light and on dark paper. Everything of a role stands in a `<g>`.
struct Role {
    class: &'static str,
    property: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn role(class: &'static str, property: &'static str, light: &'static str, dark: &'static str) -> Role {
    Role { class, property, light, dark }
}

/// Against the paper, text keeps a contrast of 7 to 1, what is lit and the lines of plots 4.5, rims 3 (WCAG 2.2).
const ROLES: [Role; 15] = [
    role("paper", "fill", "#ffffff", "#15181d"),
    role("ink", "fill", "#1b1f24", "#e8eaed"),
    role("soft", "fill", "#505a64", "#b3bac3"),
    role("card", "fill", "#f5f7f9", "#242932"),
    role("rim", "stroke", "#7d8792", "#79838f"),
    role("grid", "stroke", "#dfe3e8", "#333a43"),
    role("glow", "fill", "#fcd34d", "#92400e"),
    role("lit", "stroke", "#b45309", "#fbbf24"),
    role("tip", "fill", "#b45309", "#fbbf24"),
    role("line0", "stroke", "#0b62a8", "#63b3ed"),
    role("line1", "stroke", "#b8480b", "#f6a15b"),
    role("line2", "stroke", "#00755a", "#4fd1a5"),
    role("line3", "stroke", "#a03c78", "#eda0cb"),
    role("line4", "stroke", "#6b5b00", "#e6d34a"),
    role("line5", "stroke", "#3d4a5c", "#c4ccd6"),
];

/// How many roles `line0`, `line1` … there are.
pub const LINES: usize = 6;

/// A drawing while it is written.
pub struct Drawing(String);

impl Drawing {
    /// Opens the element, names it for those who cannot see it, and lays the paper.
    pub fn new(width: f64, height: f64, title: &str, alternative: &str) -> Drawing {
        let mut drawing = Drawing(String::new());
        let (w, h) = (number(width), number(height));
        drawing.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"backlit-drawing\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"system-ui,'DejaVu Sans',sans-serif\">",
            escape(alternative)
        ));
        drawing.put(format_args!("<title>{}</title>", escape(title)));
        let dark: String =
            ROLES.iter().map(|role| format!(".backlit-drawing .{}{{{}:{}}}", role.class, role.property, role.dark)).collect();
        drawing.put(format_args!(
            "<style>.backlit-drawing{{max-width:100%;height:auto}}@media screen and (prefers-color-scheme:dark){{{dark}}}</style>"
        ));
        drawing.group("paper", "", |d| d.put(format_args!("<rect width=\"{w}\" height=\"{h}\" rx=\"8\"/>")));
        drawing
    }

    /// A line of markup. What comes from outside must have gone through [`escape`].
    pub fn put(&mut self, markup: Arguments<'_>) {
        writeln!(self.0, "{markup}").expect("a string takes all");
    }

    /// What is drawn inside has the role's colour.
    pub fn group(&mut self, class: &str, attributes: &str, inside: impl FnOnce(&mut Drawing)) {
        let role = ROLES.iter().find(|role| role.class == class).expect("a role of the table");
        // A line is not filled.
        let hollow = if role.property == "stroke" { " fill=\"none\"" } else { "" };
        let space = if attributes.is_empty() { "" } else { " " };
        self.put(format_args!("<g class=\"{class}\" {}=\"{}\"{hollow}{space}{attributes}>", role.property, role.light));
        inside(self);
        self.put(format_args!("</g>"));
    }

    /// Words at a place; the whole of them is shown to who points at it where they had to be cut to fit into `room`.
    pub fn words(&mut self, (x, y): (f64, f64), attributes: &str, words: &str, size: f64, room: f64) {
        let short = shorten(words, size, room);
        let whole = if short == words { String::new() } else { format!("<title>{}</title>", escape(words)) };
        let (x, y, size, space) = (number(x), number(y), number(size), if attributes.is_empty() { "" } else { " " });
        self.put(format_args!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{space}{attributes}>{whole}{}</text>", escape(&short)));
    }

    /// The whole element.
    pub fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }
}

/// Text as it may stand in an element or a quoted attribute: characters that XML has no place for, and those that turn
/// the direction of what follows, become the replacement character; line ends become spaces.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// At most two decimals, without idle zeros. Drawings hold only finite numbers.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// About how wide words are drawn, on the wide side: widths of DejaVu Sans, in which most other fonts fit.
pub fn width(words: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ' ' | ':' | ';' | '\'' | '|' | '·' => 0.32,
        'f' | 't' | 'r' | '/' | '(' | ')' | '-' | '[' | ']' => 0.41,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 1.0,
        '=' | '+' | '−' | '<' | '>' | '≈' | '→' | '×' | '~' => 0.84,
        'a'..='z' | '0'..='9' | '_' => 0.64,
        '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' | '⁻' | '₀'..='₉' => 0.48,
        c if c < '\u{1100}' => 0.78,
        '\u{2000}'..='\u{206f}' => 0.6,
        '\u{2070}'..='\u{2e7f}' => 0.85,
        c if c > '\u{ffff}' => 1.4,
        _ => 1.05,
    };
    size * words.chars().map(of).sum::<f64>()
}

/// The words, or as many of their letters as fit with an ellipsis.
pub fn shorten(words: &str, size: f64, room: f64) -> String {
    if width(words, size) <= room {
        return words.into();
    }
    let mut left = room - width("…", size);
    let fits = |c: &char| {
        left -= width(c.encode_utf8(&mut [0; 4]), size);
        left >= 0.0
    };
    let kept: String = words.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// Words in lines no wider than `room`; a single word that is wider stays whole.
pub fn wrap(words: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

/// With a full stop where the words have no end of their own.
pub fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.ends_with(['.', '!', '?', ':']) { words.into() } else { format!("{words}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(0.0, "0"), (-0.001, "0"), (1.0, "1"), (1.5, "1.5"), (-2.346, "-2.35"), (100.0, "100"), (1200.004, "1200")] {
            assert_eq!(number(value), text);
        }
    }

    /// Relative luminance. Source: WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        let linear = |c: f64| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5))
    }

    #[test]
    fn everything_can_be_read_on_its_paper() {
        let of = |class: &str| ROLES.iter().find(|role| role.class == class).unwrap();
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(a), luminance(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for role in &ROLES {
            let least = match role.class {
                "ink" | "soft" => 7.0,
                "rim" => 3.0,
                "lit" | "tip" => 4.5,
                class if class.starts_with("line") => 4.5,
                _ => continue,
            };
            let paper = of("paper");
            assert!(contrast(role.light, paper.light) >= least, "{}", role.class);
            assert!(contrast(role.dark, paper.dark) >= least, "{}", role.class);
        }
        // A unit's values, even where the glow is laid on whole.
        for ground in ["card", "glow"] {
            assert!(contrast(of("ink").light, of(ground).light) >= 5.5 && contrast(of("ink").dark, of(ground).dark) >= 5.5);
        }
        assert_eq!((0..LINES).filter(|i| ROLES.iter().any(|role| role.class == format!("line{i}"))).count(), LINES);
    }

    #[test]
    fn nothing_acts_as_markup() {
        assert_eq!(escape("<img onerror=\"x\">&'"), "&lt;img onerror=&quot;x&quot;&gt;&amp;&#39;");
        assert_eq!(escape("a\u{0}b\u{1b}c\nd\u{202e}e\u{85}"), "a\u{fffd}b\u{fffd}c d\u{fffd}e\u{fffd}");
    }

    #[test]
    fn words_fit_where_they_are_put() {
        assert_eq!(shorten("short", 12.0, 100.0), "short");
        let long = shorten("a name that goes on and on", 12.0, 60.0);
        assert!(long.ends_with('…') && width(&long, 12.0) <= 60.0 && long.len() > 6, "{long}");
        assert_eq!(shorten("x", 12.0, 0.0), "…");
        assert_eq!(wrap("one two three", 10.0, width("one two", 10.0)), ["one two", "three"]);
    }
}
