//! Drawings as PNG pictures.

#![cfg(feature = "png")]

use backlit::drawing::plot::{Axis, Plot, Series};
use backlit::drawing::png::of;
use resvg::tiny_skia::Pixmap;

fn plot() -> String {
    let series =
        |name: &str, sign: f64| Series { name: name.into(), points: (0..9).map(|x| (f64::from(x), sign * f64::from(x * x))).collect() };
    let axis = |label: &str| Axis { label: label.into(), log: false };
    let plot =
        Plot {
            title: "η from −1 to 2".into(), x: axis("θ₁"), y: axis("∂C/∂w²"), series: vec![series("up", 1.0), series("down", -1.0)]
        };
    plot.svg()
}

fn dots(svg: &str) -> Pixmap {
    Pixmap::decode_png(&of(svg).expect("a picture")).expect("a PNG")
}

/// How many dots are not white.
fn drawn(picture: &Pixmap) -> usize {
    picture.pixels().iter().filter(|dot| (dot.red(), dot.green(), dot.blue(), dot.alpha()) != (255, 255, 255, 255)).count()
}

/// Nothing but these words, as the drawings have them.
fn words(words: &str, weight: u32) -> Pixmap {
    dots(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 80 30\" width=\"80\" height=\"30\" \
         font-family=\"system-ui,'DejaVu Sans',sans-serif\"><g fill=\"#1b1f24\" font-weight=\"{weight}\">\
         <text x=\"4\" y=\"20\" font-size=\"13\">{words}</text></g></svg>"
    ))
}

#[test]
fn a_plot_is_drawn_with_its_words() {
    let svg = plot();
    let picture = dots(&svg);
    let number = |name: &str| -> f32 {
        svg.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next()?.parse().ok()).expect(name)
    };
    assert_eq!((picture.width() as f32, picture.height() as f32), (2.0 * number("width"), 2.0 * number("height")));
    assert_eq!(of(&svg), of(&svg));
    // Light paper and dark lines, whatever a dark screen would have.
    let white = picture.pixels().len() - drawn(&picture);
    assert!(white > picture.pixels().len() * 7 / 10 && drawn(&picture) > 3000, "{white} of {}", picture.pixels().len());
    let mut bare = String::new();
    let mut rest = svg.as_str();
    while let Some((before, from)) = rest.split_once("<text") {
        bare += before;
        rest = from.split_once("</text>").expect("an end").1;
    }
    bare += rest;
    assert!(!bare.contains("η") || bare.matches('η').count() < svg.matches('η').count());
    assert!(drawn(&picture) > drawn(&dots(&bare)) + 1500, "{} with words, {} without", drawn(&picture), drawn(&dots(&bare)));
}

/// Each letter that drawings need has its own shape, not the box of a letter that is missing.
#[test]
fn every_letter_is_there() {
    let missing = words("\u{e123}", 400);
    let empty = drawn(&words(" ", 400));
    assert_eq!(empty, 0);
    for letter in "aZ09−–·…≈→×∂ηθβλδΣσμ²³⁻₀₁₉éßЖ".chars() {
        for weight in [400, 600] {
            let picture = words(&letter.to_string(), weight);
            assert!(drawn(&picture) > 4, "{letter}");
            assert_ne!(picture.data(), missing.data(), "{letter}");
        }
    }
    let [plain, bold] = [400, 600].map(|weight| drawn(&words("words", weight)));
    assert!(bold > plain, "{bold} {plain}");
}
