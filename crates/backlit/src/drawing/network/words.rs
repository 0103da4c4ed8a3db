//! A network in words.

use super::layout::{is_cut, shown};
use super::{Column, Diagram, Edge, Unit};
use crate::drawing::svg::sentence;

/// How many units of a column, and how many connections, are told one by one.
const UNITS: usize = 16;
const EDGES: usize = 20;

pub fn alternative(diagram: &Diagram) -> String {
    let mut parts = Vec::new();
    if !diagram.title.trim().is_empty() {
        parts.push(sentence(&diagram.title));
    }
    parts.push(match diagram.columns.len() {
        0 => "A network without layers.".into(),
        1 => "A network of 1 column.".into(),
        n => format!("A network of {n} columns, from left to right."),
    });
    parts.extend(diagram.columns.iter().enumerate().map(|(i, column)| tell(i, column)));
    parts.extend(connections(diagram));
    parts.join(" ")
}

fn tell(i: usize, column: &Column) -> String {
    let heading = if column.heading.trim().is_empty() { format!("Column {}", i + 1) } else { column.heading.trim().to_string() };
    let mut count = many(shown(column), "unit");
    if is_cut(column) {
        count = format!("{} of {}", shown(column), many(column.total, "unit"));
    }
    match column.units.iter().filter(|unit| unit.bias).count() {
        0 => {}
        1 => count += " and a bias",
        n => count += &format!(" and {n} biases"),
    }
    let mut units: Vec<String> = column.units.iter().take(UNITS).map(describe).collect();
    if column.units.len() > UNITS {
        units.push(format!("and {} more", column.units.len() - UNITS));
    }
    if units.is_empty() { format!("{heading}: {count}.") } else { format!("{heading}, {count}: {}.", units.join("; ")) }
}

fn describe(unit: &Unit) -> String {
    let mut facts = unit.lines.clone();
    facts.extend(carries(unit.light));
    let name = if unit.name.trim().is_empty() { "unnamed" } else { unit.name.trim() };
    if facts.is_empty() { name.into() } else { format!("{name} ({})", facts.join(", ")) }
}

/// The brightest connections, or where there is no light the first with a label.
fn connections(diagram: &Diagram) -> Option<String> {
    let ends = |edge: &Edge| {
        let unit = |(column, unit): (usize, usize)| diagram.columns.get(column)?.units.get(unit);
        Some((unit(edge.from)?, unit(edge.to)?))
    };
    let all: Vec<(&Edge, &Unit, &Unit)> = diagram.edges.iter().filter_map(|edge| ends(edge).map(|(from, to)| (edge, from, to))).collect();
    if all.is_empty() {
        return None;
    }
    let mut told: Vec<&(&Edge, &Unit, &Unit)> =
        all.iter().filter(|(edge, _, _)| edge.label.is_some() || super::light(edge.light) > 0.0).collect();
    told.sort_by(|a, b| super::light(b.0.light).total_cmp(&super::light(a.0.light)));
    let listed: Vec<String> = told.iter().take(EDGES).map(|(edge, from, to)| connection(edge, from, to)).collect();
    let count = many(all.len(), "connection");
    Some(match (listed.len(), all.len() - listed.len()) {
        (0, _) => format!("{count}."),
        (_, 0) => format!("{count}: {}.", listed.join("; ")),
        (_, rest) => format!("{count}: {}; and {rest} more.", listed.join("; ")),
    })
}

fn connection(edge: &Edge, from: &Unit, to: &Unit) -> String {
    let mut facts: Vec<String> = edge.label.iter().map(|label| label.trim().to_string()).collect();
    if edge.weight_sign < 0 {
        facts.push("negative".into());
    }
    facts.extend(carries(edge.light));
    let name = |unit: &Unit| if unit.name.trim().is_empty() { "unnamed".to_string() } else { unit.name.trim().to_string() };
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    format!("{} to {}{facts}", name(from), name(to))
}

fn carries(light: f64) -> Option<String> {
    let percent = 100.0 * super::light(light);
    match percent {
        0.0 => None,
        p if p < 1.0 => Some("carries less than 1 %".into()),
        p => Some(format!("carries {p:.0} %")),
    }
}

fn many(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
