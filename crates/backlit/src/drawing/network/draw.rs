//! A network as SVG.

use super::labels::{self, Label, Labels};
use super::layout::{Card, HEADING, LEADING, LINE, Layout, MARGIN, NAME, Place, WIDEST, Wire, is_cut, shown};
use super::{Column, Diagram, Edge, Unit, light, words};
use crate::drawing::svg::{Drawing, escape, number, width, wrap};

const TITLE: f64 = 16.0;
/// The narrowest drawing that has a title or a note.
const NARROWEST: f64 = 420.0;

pub fn draw(diagram: &Diagram) -> String {
    // The title is set in lines as wide as the drawing, which it does not move.
    let across = Layout::new(diagram, 0.0, 1.0).width.max(NARROWEST);
    let title = wrap(&diagram.title, TITLE * 1.08, across - 2.0 * MARGIN);
    let headings = diagram.columns.iter().any(|column| !column.heading.is_empty());
    let mut top = MARGIN + title.len() as f64 * (TITLE + 6.0);
    if headings {
        top += HEADING + 16.0;
    }
    let (layout, labels) = arrange(diagram, top);
    let notes = notes(diagram, &labels);
    let needs = if notes.is_empty() && title.is_empty() { 0.0 } else { NARROWEST };
    let across = layout.width.max(needs);
    let key = Key::new(&notes, across - 2.0 * MARGIN);
    let high = layout.bottom + MARGIN + key.height();

    let mut drawing = Drawing::new(across, high, &diagram.title, &words::alternative(diagram));
    drawing.group("ink", "font-weight=\"600\"", |d| {
        for (i, line) in title.iter().enumerate() {
            d.words((MARGIN, MARGIN + TITLE - 4.0 + i as f64 * (TITLE + 6.0)), "", line, TITLE, across - MARGIN);
        }
    });
    let shift = number((across - layout.width) / 2.0);
    drawing.put(format_args!("<g transform=\"translate({shift} 0)\">"));
    wires(&mut drawing, diagram, &layout);
    columns(&mut drawing, diagram, &layout, top);
    tags(&mut drawing, &labels);
    drawing.put(format_args!("</g>"));
    key.draw(&mut drawing, layout.bottom + 14.0);
    drawing.finish()
}

/// Spreads the units as far as the labels need to stand free, but no farther than that is worth.
fn arrange(diagram: &Diagram, top: f64) -> (Layout, Labels) {
    let mut best: Option<(f64, Layout, Labels)> = None;
    for spread in [1.0, 1.25, 1.6, 2.0, 2.5] {
        let layout = Layout::new(diagram, top, spread);
        let labels = labels::place(diagram, &layout);
        let price = 100.0 * labels.left_out as f64 + 4.0 * labels.price + 3.0 * spread;
        if best.as_ref().is_none_or(|best| price < best.0) {
            best = Some((price, layout, labels));
        }
    }
    best.map(|(_, layout, labels)| (layout, labels)).expect("one of five")
}

/// Dim lines first, the brightest last and so on top.
fn wires(drawing: &mut Drawing, diagram: &Diagram, layout: &Layout) {
    let mut order: Vec<&Wire> = layout.wires.iter().collect();
    order.sort_by(|a, b| light(diagram.edges[a.edge].light).total_cmp(&light(diagram.edges[b.edge].light)));
    let (dim, lit): (Vec<&Wire>, Vec<&Wire>) = order.into_iter().partition(|wire| light(diagram.edges[wire.edge].light) == 0.0);
    for (class, wires) in [("rim", dim), ("lit", lit)] {
        if !wires.is_empty() {
            drawing.group(class, "stroke-linejoin=\"round\"", |d| {
                for wire in wires {
                    draw_wire(d, diagram, wire);
                }
            });
        }
    }
}

fn draw_wire(drawing: &mut Drawing, diagram: &Diagram, wire: &Wire) {
    let edge = &diagram.edges[wire.edge];
    let light = light(edge.light);
    let stroke = stroke(edge);
    let dash = dash(edge.weight_sign, stroke);
    let name = |(column, unit): (usize, usize)| escape(&diagram.columns[column].units[unit].name);
    let label = edge.label.as_ref().map(|label| format!(": {}", escape(label))).unwrap_or_default();
    let title = format!("<title>{} → {}{label}</title>", name(edge.from), name(edge.to));
    let tip = if light > 0.0 { 5.0 + 1.8 * stroke } else { 0.0 };
    let path = wire.path(0.8 * tip);
    drawing.put(format_args!("<path d=\"{path}\" stroke-width=\"{}\"{dash}>{title}</path>", number(stroke)));
    if light > 0.0 {
        let [.., from, end] = wire.points.as_slice() else { return };
        drawing.put(format_args!("<path d=\"{}\" stroke-width=\"1\" fill=\"#b45309\" class=\"tip\"/>", arrow(*from, *end, tip)));
    }
}

/// How thick a line is: the more light, the thicker.
pub fn stroke(edge: &Edge) -> f64 {
    match light(edge.light) {
        0.0 => 1.2,
        light => 2.0 + 4.5 * light,
    }
}

/// Dashed where the weight is negative.
fn dash(sign: i8, stroke: f64) -> String {
    let (long, gap) = (number(5.0 + 1.4 * stroke), number(3.0 + 1.1 * stroke));
    if sign < 0 { format!(" stroke-dasharray=\"{long} {gap}\"") } else { String::new() }
}

/// A triangle whose tip is at `end`.
fn arrow(from: (f64, f64), end: (f64, f64), size: f64) -> String {
    let (dx, dy) = (end.0 - from.0, end.1 - from.1);
    let length = dx.hypot(dy).max(1e-9);
    let (ux, uy) = (dx / length, dy / length);
    let base = (end.0 - size * ux, end.1 - size * uy);
    let side = 0.5 * size;
    let [x0, y0, x1, y1, x2, y2] =
        [end.0, end.1, base.0 - side * uy, base.1 + side * ux, base.0 + side * uy, base.1 - side * ux].map(number);
    format!("M{x0} {y0}L{x1} {y1}L{x2} {y2}Z")
}

fn columns(drawing: &mut Drawing, diagram: &Diagram, layout: &Layout, top: f64) {
    let all: Vec<(&Column, &Place)> = diagram.columns.iter().zip(&layout.columns).collect();
    drawing.group("soft", "text-anchor=\"middle\" font-weight=\"600\"", |d| {
        for (column, place) in all.iter().filter(|(column, _)| !column.heading.is_empty()) {
            d.words((place.x, top - 14.0), "", &column.heading, HEADING, place.room);
        }
    });
    for (unit, card) in all.iter().flat_map(|(column, place)| column.units.iter().zip(&place.cards)) {
        draw_unit(drawing, unit, card);
    }
    drawing.group("soft", "text-anchor=\"middle\"", |d| {
        for (column, place) in all.iter().filter(|(column, _)| is_cut(column)) {
            for dot in [-8.0, 0.0, 8.0] {
                let (x, y) = (number(place.x), number(place.dots.unwrap_or(place.bottom) + dot));
                d.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"2\"/>"));
            }
            let said = format!("{} of {} units", shown(column), column.total);
            d.words((place.x, place.bottom + LEADING), "", &said, LINE, f64::MAX);
        }
    });
}

fn draw_unit(drawing: &mut Drawing, unit: &Unit, card: &Card) {
    let light = light(unit.light);
    let [x, y, w, h, rx] =
        [card.x - card.half_width, card.y - card.half_height, 2.0 * card.half_width, 2.0 * card.half_height, card.radius].map(number);
    let rect = |extra: &str| format!("<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{rx}\"{extra}/>");
    let whole: Vec<&str> = std::iter::once(&unit.name).chain(&unit.lines).map(String::as_str).collect();
    drawing.put(format_args!("<g><title>{}</title>", escape(&whole.join(", "))));
    drawing.group("card", "", |d| d.put(format_args!("{}", rect(""))));
    if light > 0.0 {
        let opacity = number(0.15 + 0.5 * light);
        drawing.group("glow", "", |d| d.put(format_args!("{}", rect(&format!(" fill-opacity=\"{opacity}\"")))));
    }
    let (class, thick) = if light > 0.0 { ("lit", 2.0 + 2.5 * light) } else { ("rim", 1.3) };
    drawing.group(class, "", |d| d.put(format_args!("{}", rect(&format!(" stroke-width=\"{}\"", number(thick))))));
    drawing.group("ink", "text-anchor=\"middle\"", |d| {
        let first = card.y - LEADING * unit.lines.len() as f64 / 2.0 + 0.36 * NAME;
        d.words((card.x, first), "font-weight=\"600\"", &unit.name, NAME, WIDEST.min(2.0 * card.half_width));
        for (i, line) in unit.lines.iter().enumerate() {
            d.words((card.x, first + LEADING * (i + 1) as f64), "", line, LINE, WIDEST);
        }
    });
    drawing.put(format_args!("</g>"));
}

/// The labels, each on a strip of paper along its line.
fn tags(drawing: &mut Drawing, labels: &Labels) {
    if labels.placed.is_empty() {
        return;
    }
    let turned = |label: &Label| {
        let tile = &label.tile;
        let degrees = tile.along.1.atan2(tile.along.0).to_degrees();
        format!("translate({} {}) rotate({})", number(tile.centre.0), number(tile.centre.1), number(degrees))
    };
    drawing.group("paper", "", |d| {
        for label in &labels.placed {
            let (w, h) = label.tile.half;
            let [x, y, width, height] = [-w, -h, 2.0 * w, 2.0 * h].map(number);
            d.put(format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" transform=\"{}\"/>",
                turned(label)
            ));
        }
    });
    drawing.group("ink", "text-anchor=\"middle\"", |d| {
        for label in &labels.placed {
            d.words((0.0, 0.36 * LINE), &format!("transform=\"{}\"", turned(label)), &label.words, LINE, f64::MAX);
        }
    });
}

/// A line of the key: what it shows, if anything, and what that means.
struct Note {
    sample: Option<Edge>,
    words: String,
}

/// What needs saying below the picture.
fn notes(diagram: &Diagram, labels: &Labels) -> Vec<Note> {
    let mut notes = Vec::new();
    let sample = |light: f64, weight_sign: i8| Some(Edge { light, weight_sign, ..Edge::default() });
    if diagram.edges.iter().any(|edge| light(edge.light) > 0.0) {
        notes.push(Note { sample: sample(0.5, 1), words: "the thicker, the more of what is explained passes here".into() });
    }
    if diagram.edges.iter().any(|edge| edge.weight_sign < 0) {
        notes.push(Note { sample: sample(0.0, -1), words: "negative weight".into() });
    }
    if labels.left_out > 0 {
        let words = format!("{} labels found no room; pointing at a line shows its own", labels.left_out);
        notes.push(Note { sample: None, words });
    }
    notes
}

/// The notes, placed in lines.
struct Key<'a>(Vec<(f64, usize, &'a Note)>);

const SAMPLE: f64 = 44.0;

impl<'a> Key<'a> {
    fn new(notes: &'a [Note], room: f64) -> Key<'a> {
        let (mut x, mut line) = (0.0, 0);
        let mut placed = Vec::new();
        for note in notes {
            let wide = width(&note.words, LINE) + if note.sample.is_some() { SAMPLE + 8.0 } else { 0.0 };
            if x > 0.0 && x + wide > room {
                (x, line) = (0.0, line + 1);
            }
            placed.push((MARGIN + x, line, note));
            x += wide + 24.0;
        }
        Key(placed)
    }

    fn height(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, line, _)| (line + 1) as f64 * (LEADING + 3.0))
    }

    fn draw(&self, drawing: &mut Drawing, top: f64) {
        for (x, line, note) in &self.0 {
            let y = top + 14.0 + *line as f64 * (LEADING + 3.0);
            let mut left = *x;
            if let Some(edge) = &note.sample {
                let class = if edge.light > 0.0 { "lit" } else { "rim" };
                let (stroke, end) = (stroke(edge), left + SAMPLE);
                let dash = dash(edge.weight_sign, stroke);
                let [x0, x1, level, thick] = [left, end - if edge.light > 0.0 { 6.0 } else { 0.0 }, y - 4.0, stroke].map(number);
                drawing.group(class, "", |d| {
                    d.put(format_args!("<path d=\"M{x0} {level}H{x1}\" stroke-width=\"{thick}\"{dash}/>"));
                    if edge.light > 0.0 {
                        let tip = arrow((left, y - 4.0), (end, y - 4.0), 5.0 + 1.8 * stroke);
                        d.put(format_args!("<path d=\"{tip}\" stroke-width=\"1\" fill=\"#b45309\" class=\"tip\"/>"));
                    }
                });
                left = end + 8.0;
            }
            drawing.group("soft", "", |d| d.words((left, y), "", &note.words, LINE, f64::MAX));
        }
    }
}
