//! Drawings: every part is there, nothing is malformed, nothing covers anything.
//!
//! The pictures of these tests are left in the build's `tmp` folder, to be looked at.

mod network;
mod plot;
mod xml;

use xml::{Element, parse};

/// Numbers that look random.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f64) as usize
    }
}

/// Keeps the picture and reads it as strict XML.
fn kept(name: &str, svg: &str) -> Element {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("drawings");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
    parse(svg).unwrap_or_else(|wrong| panic!("{name}: {wrong}\n{svg}"))
}

/// Tags and attributes that a drawing may hold: nothing that runs, links or loads.
fn harmless(root: &Element) {
    for element in root.all() {
        assert!(["svg", "title", "style", "g", "path", "rect", "circle", "text"].contains(&element.tag.as_str()), "<{}>", element.tag);
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && !["href", "style", "id", "src"].contains(&name.as_str()), "{name}");
            if ["aria-label", "xmlns", "font-family"].contains(&name.as_str()) {
                continue;
            }
            let bare = value.to_lowercase();
            assert!(!["nan", "inf", "url", "http"].iter().any(|word| bare.contains(word)), "{name}=\"{value}\"");
        }
    }
    let outside = root.tagged("style").iter().any(|style| style.text.contains("url") || style.text.contains("@import"));
    assert!(!outside);
}

const HOSTILE: [&str; 10] = [
    "<img src=x onerror=\"alert('1')\">",
    "</svg><script>alert(1)</script>",
    "a & b < c > d \"e\" 'f'",
    "]]>&amp;&#0;",
    "nul \u{0} bell \u{7} escape \u{1b}[31m \u{85} \u{ffff}",
    "turned \u{202e}round\u{2066}",
    "two\nlines\tand a tab",
    "a name so long that no unit could ever hold it, and longer still, up to the end",
    "ein Täst, 試験, проба, 🏠",
    "",
];
