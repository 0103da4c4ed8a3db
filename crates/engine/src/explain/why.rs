//! Why a gradient is zero or tiny: the first factor on the way from the cost that stops it.

use super::cone::{Cone, Edge};
use super::factors::local;
use super::record::{Explanation, Factor, Stop, What, Why};
use super::values::Place;
use super::{ExplainError, Question};
use std::collections::BTreeSet;

/// A gradient is tiny where it is smaller than this part of the target's own size, or of 1.
const TINY: f64 = 1e-7;

/// A factor that makes a gradient tiny is at most this.
const SMALL_FACTOR: f64 = 1e-2;

/// How many factors are named.
const NAMED: usize = 12;

/// None where the gradient is of ordinary size.
pub(super) fn why(question: &Question<'_>, start: Place, explanation: &Explanation) -> Result<Option<Why>, ExplainError> {
    if explanation.gradient.abs() >= TINY {
        return Ok(None);
    }
    // Paths that are of ordinary size one by one, and nothing together.
    if explanation.size >= TINY.max(1e6 * explanation.gradient.abs()) {
        return Ok(Some(Why { stops: Vec::new(), cancels: true }));
    }
    let zero = explanation.size == 0.0;
    let mut stops: Vec<Stop> = Vec::new();
    // One row is enough to look at where there are many: the one that adds most.
    let row = if zero { explanation.rows[0] } else { explanation.by_row[0].row };
    let place = question.rows.iter().position(|&r| r == row).unwrap_or(0);
    let values = question.values(place)?;
    let cone = Cone::new(&values, start);
    let factor = |edge: &Edge| Stop { row, because: because(&cone, edge), factor: local(&values, edge) };
    if zero {
        stops = zeros(&cone).iter().map(factor).collect();
    }
    // No factor is 0, but the product is too small, perhaps for any number.
    if let (true, Some(path)) = (stops.is_empty(), super::search::largest_paths(&cone, 1).first()) {
        let mut small: Vec<&Edge> = path.iter().filter(|edge| edge.slope.abs() <= SMALL_FACTOR).collect();
        small.sort_by(|a, b| a.slope.abs().total_cmp(&b.slope.abs()));
        small.truncate(3);
        stops = small.into_iter().map(factor).collect();
    }
    // Nearest to the cost first.
    stops.sort_by_key(|stop| std::cmp::Reverse(of(&stop.factor)));
    Ok(Some(Why { stops, cancels: false }))
}

fn of(factor: &Factor) -> Option<Place> {
    match factor.what {
        What::Local { of, .. } => Some(of),
        _ => None,
    }
}

/// Steps of slope 0 that every way meets: walking from the start, stop at each; of these the ones furthest back.
fn zeros(cone: &Cone<'_>) -> Vec<Edge> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![cone.start];
    while let Some(at) = open.pop() {
        for edge in cone.edges(at) {
            if edge.slope == 0.0 {
                if found.len() < NAMED {
                    found.push(edge);
                }
            } else if edge.to.node != cone.values.cost && cone.ahead(edge.to).is_some() && seen.insert(edge.to) {
                open.push(edge.to);
            }
        }
        if found.len() >= NAMED {
            break;
        }
    }
    found
}

/// The number that decides a factor: what went into an activation, or the factor that is itself a number of the network.
fn because(cone: &Cone<'_>, edge: &Edge) -> Option<(Place, f64)> {
    let factor = local(cone.values, edge);
    let deciding = factor.letters.iter().find_map(|letter| match letter.stands_for {
        super::StandsFor::Place(place) => Some((place, letter.value)),
        _ => None,
    });
    deciding.or(Some((edge.from, cone.values.at(edge.from))))
}
