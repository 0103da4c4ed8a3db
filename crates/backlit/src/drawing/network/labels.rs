//! Finds a place for each label on its line, so that none covers another or a unit.

use super::Diagram;
use super::layout::{LINE, Layout, WIDEST};
use crate::drawing::svg::{shorten, width};

/// Above this many labels none is drawn: they could not be read.
const MOST: usize = 200;
/// Shares of the line at which a label may stand, the best first.
const SHARES: [f64; 17] = [0.3, 0.34, 0.26, 0.38, 0.22, 0.42, 0.46, 0.5, 0.18, 0.54, 0.58, 0.62, 0.66, 0.7, 0.74, 0.78, 0.14];
/// The price of covering a label or a unit, and of covering another line.
const COVERS: f64 = 1000.0;
const CROSSES: f64 = 3.0;

/// A rectangle that may be turned: its centre, half sides and the direction of its longer side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    pub centre: (f64, f64),
    pub half: (f64, f64),
    pub along: (f64, f64),
}

/// A label on its line.
#[derive(Clone, Debug)]
pub struct Label {
    pub words: String,
    pub tile: Tile,
}

/// The labels that found a place, and how many did not.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub placed: Vec<Label>,
    pub left_out: usize,
    /// What the placed ones cover besides paper, on average.
    pub price: f64,
}

/// A label's possible places, each with the price of what it covers besides other labels.
struct Choice {
    edge: usize,
    words: String,
    tiles: Vec<(Tile, f64)>,
    taken: usize,
}

/// Places the labels: each in turn takes its cheapest place, and thrice looks again.
pub fn place(diagram: &Diagram, layout: &Layout) -> Labels {
    let wanted = diagram.edges.iter().filter(|edge| edge.label.is_some()).count();
    if wanted > MOST {
        return Labels { left_out: wanted, ..Labels::default() };
    }
    let mut choices: Vec<Choice> = (0..layout.wires.len()).filter_map(|wire| choices(diagram, layout, wire)).collect();
    // The brightest chooses first.
    choices.sort_by(|a, b| diagram.edges[b.edge].light.total_cmp(&diagram.edges[a.edge].light).then(a.edge.cmp(&b.edge)));
    for round in 0..4 {
        for i in 0..choices.len() {
            let others = if round == 0 { i } else { choices.len() };
            let price = |place: &(Tile, f64)| {
                let met = (0..others).filter(|&k| k != i && choices[k].tile().meets(&place.0)).count();
                place.1 + COVERS * met as f64
            };
            let prices: Vec<f64> = choices[i].tiles.iter().map(price).collect();
            let cheapest = (0..prices.len()).min_by(|&a, &b| prices[a].total_cmp(&prices[b]).then(a.cmp(&b)));
            choices[i].taken = cheapest.unwrap_or(0);
        }
    }
    let mut labels = Labels::default();
    for choice in choices {
        let (tile, price) = choice.tiles[choice.taken];
        if price >= COVERS || labels.placed.iter().any(|other: &Label| other.tile.meets(&tile)) {
            labels.left_out += 1;
        } else {
            labels.price += price;
            labels.placed.push(Label { words: choice.words, tile });
        }
    }
    labels.price /= labels.placed.len().max(1) as f64;
    labels
}

impl Choice {
    fn tile(&self) -> &Tile {
        &self.tiles[self.taken].0
    }
}

fn choices(diagram: &Diagram, layout: &Layout, wire: usize) -> Option<Choice> {
    let edge = layout.wires[wire].edge;
    let words = shorten(diagram.edges[edge].label.as_deref()?, LINE, WIDEST);
    let half = (width(&words, LINE) / 2.0 + 4.0, LINE * 0.66);
    let [start, end] = layout.wires[wire].middle();
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let length = dx.hypot(dy).max(1e-9);
    // Read from left to right, whichever way the line goes.
    let turn = if dx < 0.0 { -1.0 } else { 1.0 };
    let along = (turn * dx / length, turn * dy / length);
    let price = |(rank, share): (usize, &f64)| {
        let tile = Tile { centre: (start.0 + share * dx, start.1 + share * dy), half, along };
        let crossed = layout.wires.iter().enumerate().filter(|(other, _)| *other != wire);
        let crossed = crossed.filter(|(_, other)| other.points.windows(2).any(|pair| tile.is_crossed(pair[0], pair[1]))).count();
        let cards = layout.columns.iter().flat_map(|column| &column.cards);
        let covered = cards
            .filter(|card| Tile { centre: (card.x, card.y), half: (card.half_width, card.half_height), along: (1.0, 0.0) }.meets(&tile));
        (tile, 0.1 * rank as f64 + CROSSES * crossed as f64 + COVERS * covered.count() as f64)
    };
    let tiles = SHARES.iter().enumerate().map(price).collect();
    Some(Choice { edge, words, tiles, taken: 0 })
}

impl Tile {
    /// Whether two tiles come nearer than 2 px: no line along a side of one keeps them apart.
    pub fn meets(&self, other: &Tile) -> bool {
        let between = (other.centre.0 - self.centre.0, other.centre.1 - self.centre.1);
        let reach = |tile: &Tile, axis: (f64, f64)| {
            let (ax, ay) = tile.along;
            tile.half.0 * (ax * axis.0 + ay * axis.1).abs() + tile.half.1 * (ax * axis.1 - ay * axis.0).abs()
        };
        [self.along, across(self.along), other.along, across(other.along)].into_iter().all(|axis| {
            let apart = (between.0 * axis.0 + between.1 * axis.1).abs();
            apart < reach(self, axis) + reach(other, axis) + 2.0
        })
    }

    /// Whether the line from `a` to `b` passes through. Source: Liang and Barsky, ACM TOG 3, 1984.
    pub fn is_crossed(&self, a: (f64, f64), b: (f64, f64)) -> bool {
        let inside = |(x, y): (f64, f64)| {
            let (dx, dy) = (x - self.centre.0, y - self.centre.1);
            let down = across(self.along);
            (dx * self.along.0 + dy * self.along.1, dx * down.0 + dy * down.1)
        };
        let (a, b) = (inside(a), inside(b));
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (from, to, half) in [(a.0, b.0, self.half.0), (a.1, b.1, self.half.1)] {
            let step = to - from;
            if step.abs() < 1e-12 {
                if from.abs() > half {
                    return false;
                }
                continue;
            }
            let (one, two) = ((-half - from) / step, (half - from) / step);
            enter = enter.max(one.min(two));
            leave = leave.min(one.max(two));
        }
        enter <= leave
    }
}

fn across((x, y): (f64, f64)) -> (f64, f64) {
    (-y, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(x: f64, y: f64, degrees: f64) -> Tile {
        let angle = f64::to_radians(degrees);
        Tile { centre: (x, y), half: (30.0, 8.0), along: (angle.cos(), angle.sin()) }
    }

    /// Points of a fine grid over one tile that lie in the other.
    fn share_points(a: &Tile, b: &Tile) -> bool {
        let steps = || (-40..=40).map(|i| f64::from(i) / 40.0);
        let inside = |x: f64, y: f64| {
            let (dx, dy) = (x - b.centre.0, y - b.centre.1);
            (dx * b.along.0 + dy * b.along.1).abs() <= b.half.0 && (dy * b.along.0 - dx * b.along.1).abs() <= b.half.1
        };
        steps().any(|u| {
            steps().any(|v| {
                let (along, down) = (u * a.half.0, v * a.half.1);
                inside(a.centre.0 + along * a.along.0 - down * a.along.1, a.centre.1 + along * a.along.1 + down * a.along.0)
            })
        })
    }

    #[test]
    fn tiles_meet_where_they_share_points() {
        let (mut met, mut apart) = (0, 0);
        for i in 0..600 {
            let i = f64::from(i);
            let (a, b) = (tile(0.0, 0.0, i * 7.3), tile((i * 1.7).sin() * 60.0, (i * 2.9).cos() * 40.0, i * 31.1));
            let shared = share_points(&a, &b) || share_points(&b, &a);
            assert!(!shared || a.meets(&b), "{a:?} {b:?}");
            // Kept 3 px farther apart, tiles that do not meet share nothing either way.
            let wide = Tile { half: (33.0, 11.0), ..a };
            let wider = Tile { half: (33.0, 11.0), ..b };
            assert!(!a.meets(&b) || share_points(&wide, &wider) || share_points(&wider, &wide), "{a:?} {b:?}");
            if shared { met += 1 } else { apart += 1 }
        }
        assert!(met > 100 && apart > 100);
    }

    #[test]
    fn lines_cross_a_tile_or_pass_it() {
        let turned = tile(10.0, 10.0, 45.0);
        assert!(turned.is_crossed((0.0, 0.0), (20.0, 20.0)));
        assert!(turned.is_crossed((0.0, 20.0), (20.0, 0.0)));
        assert!(turned.is_crossed((9.0, 9.0), (11.0, 11.0)));
        assert!(!turned.is_crossed((30.0, 0.0), (60.0, 0.0)));
        assert!(!turned.is_crossed((-20.0, -20.0), (-15.0, -15.0)));
        assert!(!turned.is_crossed((-10.0, 30.0), (10.0, 50.0)));
    }
}
