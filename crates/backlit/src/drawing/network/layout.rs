//! Where everything of a network stands.

use super::{Column, Diagram, Unit};
use crate::drawing::svg::{number, width};

/// Letters of a unit's name, of its lines and of labels, in px.
pub const NAME: f64 = 14.0;
pub const LINE: f64 = 12.0;
pub const HEADING: f64 = 13.0;
/// From one baseline to the next.
pub const LEADING: f64 = 17.0;
/// The widest that a unit's name and lines may become.
pub const WIDEST: f64 = 190.0;
/// The least side of a unit.
const SIDE: f64 = 44.0;
/// Around the drawing.
pub const MARGIN: f64 = 24.0;
/// The dots for units that are not shown.
const DOTS: f64 = 34.0;
/// Between the lanes of lines that pass a column.
const LANE: f64 = 22.0;

/// A unit's place: centre and half sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Card {
    pub x: f64,
    pub y: f64,
    pub half_width: f64,
    pub half_height: f64,
    /// Of its corners.
    pub radius: f64,
}

/// Where a column stands.
#[derive(Clone, Debug)]
pub struct Place {
    pub x: f64,
    /// How wide its heading may be.
    pub room: f64,
    pub cards: Vec<Card>,
    /// The middle of the dots.
    pub dots: Option<f64>,
    /// Below the last card.
    pub bottom: f64,
}

/// The line of an edge: two points, or six where it passes below other columns.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Which edge.
    pub edge: usize,
    pub points: Vec<(f64, f64)>,
}

/// A diagram's places.
#[derive(Clone, Debug)]
pub struct Layout {
    pub columns: Vec<Place>,
    pub wires: Vec<Wire>,
    pub width: f64,
    /// Below all columns and lines.
    pub bottom: f64,
}

/// The unit's height: a name and its lines.
fn half_height(unit: &Unit) -> f64 {
    (SIDE / 2.0).max((LEADING * (1 + unit.lines.len()) as f64 + 16.0) / 2.0)
}

fn half_width(unit: &Unit) -> f64 {
    let name = width(&unit.name, NAME) * 1.08;
    let widest = unit.lines.iter().map(|line| width(line, LINE)).fold(name, f64::max).min(WIDEST);
    (SIDE / 2.0).max(widest / 2.0 + if unit.lines.is_empty() { 9.0 } else { 13.0 })
}

/// Whether units are left out.
pub fn is_cut(column: &Column) -> bool {
    shown(column) < column.total
}

/// Units shown, without biases.
pub fn shown(column: &Column) -> usize {
    column.units.iter().filter(|unit| !unit.bias).count()
}

impl Layout {
    /// Places everything from `top` on; `spread` widens the spaces where labels need room.
    pub fn new(diagram: &Diagram, top: f64, spread: f64) -> Layout {
        let labels = diagram.edges.iter().filter_map(|edge| edge.label.as_deref());
        let label = labels.map(|label| width(label, LINE)).fold(0.0, f64::max).min(WIDEST);
        let between = if label > 0.0 { 26.0 * spread } else { 22.0 };

        let halves: Vec<f64> =
            diagram.columns.iter().map(|column| column.units.iter().map(half_width).fold(SIDE / 2.0, f64::max)).collect();
        let heights: Vec<f64> = diagram.columns.iter().map(|column| height(column, between)).collect();
        let tallest = heights.iter().copied().fold(0.0, f64::max);
        let gap = if label > 0.0 { (90.0 + label) * spread } else { (0.3 * tallest).clamp(120.0, 280.0) };
        // A heading may reach farther out than its column.
        let beyond = |column: Option<(&Column, &f64)>| {
            column
                .map_or(0.0, |(column, half)| ((width(&column.heading, HEADING) * 1.08).min(2.0 * half + 0.8 * gap) / 2.0 - half).max(0.0))
        };
        let (before, after) = (beyond(diagram.columns.iter().zip(&halves).next()), beyond(diagram.columns.iter().zip(&halves).next_back()));
        let mut x = MARGIN + before;
        let mut columns = Vec::new();
        for ((column, half), height) in diagram.columns.iter().zip(&halves).zip(&heights) {
            let y = top + (tallest - height) / 2.0;
            columns.push(place(column, x + half, *half, y, between, 2.0 * half + 0.8 * gap));
            x += 2.0 * half + gap;
        }
        let width = (x - if columns.is_empty() { 0.0 } else { gap } + after + MARGIN).max(2.0 * MARGIN + SIDE);
        let mut layout = Layout { columns, wires: Vec::new(), width, bottom: top + tallest };
        if diagram.columns.iter().any(is_cut) {
            layout.bottom += LEADING + 6.0;
        }
        layout.wire(diagram, gap);
        layout
    }

    /// Leads the edges from side to side. On each side they are spread, in the order of where they go.
    fn wire(&mut self, diagram: &Diagram, gap: f64) {
        let place = |(column, unit): (usize, usize)| Some(*self.columns.get(column)?.cards.get(unit)?);
        let there = |edge: usize| {
            let edge = &diagram.edges[edge];
            Some((edge, place(edge.from)?, place(edge.to)?))
        };
        let known: Vec<usize> = (0..diagram.edges.len()).filter(|&edge| there(edge).is_some()).collect();
        let (mut starts, mut ends) = (vec![(0.0, 0.0); diagram.edges.len()], vec![(0.0, 0.0); diagram.edges.len()]);
        for leaving in [true, false] {
            let mut sorted: Vec<(usize, Card, f64, (usize, usize))> = Vec::new();
            for &i in &known {
                let Some((edge, from, to)) = there(i) else { continue };
                let straight = edge.to.0 == edge.from.0 + 1;
                let (here, unit, other) = if leaving { (from, edge.from, to) } else { (to, edge.to, from) };
                sorted.push((i, here, if straight { other.y } else { f64::MAX }, unit));
            }
            sorted.sort_by(|a, b| a.3.cmp(&b.3).then(a.2.total_cmp(&b.2)).then(a.0.cmp(&b.0)));
            for side in sorted.chunk_by(|a, b| a.3 == b.3) {
                for (k, (i, card, _, _)) in side.iter().enumerate() {
                    let step = (1.1 * card.half_height / side.len() as f64).min(11.0);
                    let dy = step * (k as f64 - (side.len() - 1) as f64 / 2.0);
                    let dx = card.half_width - card.inset(dy);
                    if leaving {
                        starts[*i] = (card.x + dx, card.y + dy);
                    } else {
                        ends[*i] = (card.x - dx, card.y + dy);
                    }
                }
            }
        }
        let mut lanes = 0.0;
        for i in known {
            let edge = &diagram.edges[i];
            let (start, end) = (starts[i], ends[i]);
            let mut points = vec![start, end];
            if edge.to.0 != edge.from.0 + 1 {
                lanes += 1.0;
                let turn = (gap * 0.5).min(18.0 + 7.0 * lanes);
                let below = self.bottom + LANE * lanes;
                let (out, back) = (start.0 + turn, end.0 - turn);
                points = vec![start, (out, start.1), (out, below), (back, below), (back, end.1), end];
            }
            self.wires.push(Wire { edge: i, points });
        }
        if lanes > 0.0 {
            self.bottom += LANE * lanes + 8.0;
        }
    }
}

fn height(column: &Column, between: f64) -> f64 {
    let units: f64 = column.units.iter().map(|unit| 2.0 * half_height(unit)).sum();
    let gaps = between * column.units.len().saturating_sub(1) as f64;
    units + gaps + if is_cut(column) { DOTS } else { 0.0 }
}

fn place(column: &Column, x: f64, half_width: f64, top: f64, between: f64, room: f64) -> Place {
    let mut y = top;
    let mut dots = None;
    let mut cards = Vec::new();
    // The dots stand below the last unit, before the bias.
    let last = column.units.iter().rposition(|unit| !unit.bias);
    if is_cut(column) && last.is_none() {
        dots = Some(y + DOTS / 2.0);
        y += DOTS;
    }
    for (i, unit) in column.units.iter().enumerate() {
        let half_height = half_height(unit);
        let radius = if unit.bias { 3.0 } else { half_height.min(22.0) };
        cards.push(Card { x, y: y + half_height, half_width, half_height, radius });
        y += 2.0 * half_height;
        if is_cut(column) && last == Some(i) {
            dots = Some(y + DOTS / 2.0 + 1.0);
            y += DOTS;
        }
        y += between;
    }
    let bottom = if cards.is_empty() { y } else { y - between };
    Place { x, room, cards, dots, bottom }
}

impl Card {
    /// How far the rounded side lies inside the straight one, `dy` from the middle.
    fn inset(&self, dy: f64) -> f64 {
        let radius = self.radius.min(self.half_width);
        let beyond = (dy.abs() - (self.half_height - radius)).clamp(0.0, radius);
        radius - (radius * radius - beyond * beyond).sqrt()
    }
}

impl Wire {
    /// As the `d` of a path, ending `short` before its end; corners are rounded.
    pub fn path(&self, short: f64) -> String {
        let at = |(x, y): (f64, f64)| format!("{} {}", number(x), number(y));
        let mut points = self.points.clone();
        if let [.., before, end] = points.as_mut_slice() {
            let (dx, dy) = (end.0 - before.0, end.1 - before.1);
            let share = (short / dx.hypot(dy).max(1e-9)).min(1.0);
            *end = (end.0 - dx * share, end.1 - dy * share);
        }
        let mut d = format!("M{}", at(points[0]));
        for corner in points.windows(3) {
            let toward = |to: (f64, f64)| {
                let (dx, dy) = (to.0 - corner[1].0, to.1 - corner[1].1);
                let share = (10.0 / dx.hypot(dy).max(1e-9)).min(0.5);
                (corner[1].0 + dx * share, corner[1].1 + dy * share)
            };
            d += &format!("L{}Q{} {}", at(toward(corner[0])), at(corner[1]), at(toward(corner[2])));
        }
        d + &format!("L{}", at(points[points.len() - 1]))
    }

    /// The part that a label stands on: the whole line, or where it passes below.
    pub fn middle(&self) -> [(f64, f64); 2] {
        let half = self.points.len() / 2;
        [self.points[half - 1], self.points[half]]
    }
}
