//! A confusion matrix: rows of a class, by the class predicted.

use super::svg::{Drawing, number, shorten, width, wrap};

const MARGIN: f64 = 24.0;
const TEXT: f64 = 12.0;
/// The widest name of a class.
const ROOM: f64 = 130.0;
const HIGH: f64 = 34.0;

/// The picture: one `<svg>` element. The number in each cell says what its shade says: the share of the class's rows.
/// `counts`: classes × classes
pub fn svg(title: &str, names: &[String], counts: &[Vec<u64>]) -> String {
    let widest = |words: &mut dyn Iterator<Item = String>| words.map(|word| width(&word, TEXT)).fold(0.0, f64::max);
    let left = MARGIN + widest(&mut names.iter().map(|name| shorten(name, TEXT, ROOM))).max(60.0) + 12.0;
    let wide = (widest(&mut counts.iter().flatten().map(u64::to_string)) + 14.0).max(HIGH).max(if names.len() <= 6 { 72.0 } else { 0.0 });
    let full = (left + wide * names.len() as f64 + MARGIN).max(360.0);
    let heading = wrap(title, 17.0, full - 2.0 * MARGIN);
    let top = MARGIN + heading.len() as f64 * 22.0 + 48.0;
    let mut drawing = Drawing::new(full, top + HIGH * names.len() as f64 + MARGIN, title, &alternative(title, names, counts));
    drawing.group("ink", "font-weight=\"600\"", |d| {
        for (i, line) in heading.iter().enumerate() {
            d.words((MARGIN, MARGIN + 12.0 + i as f64 * 22.0), "", line, 16.0, full - MARGIN);
        }
    });
    drawing.group("soft", "", |d| {
        d.words((left, top - 32.0), "font-weight=\"600\"", "predicted", TEXT, f64::MAX);
        d.words((MARGIN, top - 10.0), "font-weight=\"600\"", "actual", TEXT, f64::MAX);
        for (k, name) in names.iter().enumerate() {
            let (x, y) = (left + wide * (k as f64 + 0.5), top + HIGH * (k as f64 + 0.5) + 4.0);
            d.words((x, top - 10.0), "text-anchor=\"middle\"", name, TEXT, wide - 4.0);
            d.words((left - 8.0, y), "text-anchor=\"end\"", name, TEXT, ROOM);
        }
    });
    for (r, line) in counts.iter().enumerate() {
        let rows = line.iter().sum::<u64>().max(1) as f64;
        for (c, &count) in line.iter().enumerate() {
            let (x, y) = (left + wide * c as f64, top + HIGH * r as f64);
            let [px, py, w, h] = [x, y, wide - 2.0, HIGH - 2.0].map(number);
            drawing.group("card", "", |d| d.put(format_args!("<rect x=\"{px}\" y=\"{py}\" width=\"{w}\" height=\"{h}\" rx=\"3\"/>")));
            if count > 0 {
                let share = number(0.1 + 0.9 * count as f64 / rows);
                drawing.group("glow", &format!("opacity=\"{share}\""), |d| {
                    d.put(format_args!("<rect x=\"{px}\" y=\"{py}\" width=\"{w}\" height=\"{h}\" rx=\"3\"/>"));
                });
            }
            let place = (x + wide / 2.0 - 1.0, y + HIGH / 2.0 + 3.0);
            drawing.group("ink", "text-anchor=\"middle\"", |d| d.words(place, "", &count.to_string(), TEXT, f64::MAX));
        }
    }
    drawing.finish()
}

/// The picture in words.
pub fn alternative(title: &str, names: &[String], counts: &[Vec<u64>]) -> String {
    let lines = names.iter().zip(counts).map(|(name, line)| {
        let said: Vec<String> =
            names.iter().zip(line).filter(|(_, count)| **count > 0).map(|(said, count)| format!("{count} as {said}")).collect();
        format!("{name}: {}.", if said.is_empty() { "no rows".into() } else { said.join(", ") })
    });
    format!("{title}. Rows of each class by the class predicted. {}", lines.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_written() {
        let names = ["<a>".to_string(), "b & c".into()];
        let drawn = svg("Confusion", &names, &[vec![7, 1], vec![0, 0]]);
        for words in [">7<", ">1<", ">0<", "&lt;a&gt;", "b &amp; c", "7 as &lt;a&gt;, 1 as b &amp; c", "b &amp; c: no rows."] {
            assert!(drawn.contains(words), "{words}: {drawn}");
        }
        assert!(!drawn.contains("<a>") && !drawn.contains("NaN"));
    }
}
