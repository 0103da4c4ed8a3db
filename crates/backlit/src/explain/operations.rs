//! What the operations on the way are that are neither weighted sums nor activations, from their cards.

use super::digits::{USUAL, number, with_minus};
use super::notation::{Term, Thing};
use super::terms::Penalty;
use super::{Opened, Subject, Wording};
use crate::document::{Block, Document, Inline};
use backlit_engine::explain::{Factor, Place, StandsFor, Values, What};
use backlit_engine::op::{Kind, Op};
use backlit_engine::typeset::Math;
use backlit_engine::{NodeId, Shape};

/// Numbers that go into an operation up to which they are listed.
const LISTED: usize = 6;

/// Each operation that the chain and the written paths go through: its card's words and formula, and the numbers around the place.
pub(super) fn operations(page: &mut Document, opened: &Opened, wording: &Wording<'_>, paths: usize) {
    let explanation = &opened.explanation;
    let subject = wording.subject;
    let of_paths = explanation.paths.iter().take(paths).flat_map(|path| path.factors.iter().map(|factor| (path.row, factor)));
    // Over several rows the chain is their sum.
    let single = explanation.rows.len() == 1;
    let of_chain = explanation.chain.iter().filter(|_| single).map(|factor| (explanation.rows[0], factor));
    let mut found: Vec<(usize, Place)> = Vec::new();
    for (row, place) in of_chain.chain(of_paths).flat_map(|(row, factor)| results(factor).into_iter().map(move |place| (row, place))) {
        if explained(subject, place.node).is_some() && !found.iter().any(|(_, known)| known.node == place.node) {
            found.push((row, place));
        }
    }
    if found.is_empty() {
        return;
    }
    found.sort_by_key(|(_, place)| place.node);
    page.heading(2, "The operations on the way");
    let says = ["Besides weighted sums and activations, as ", " has them: in row r, and the numbers at one place."];
    page.paragraph([Inline::Text(says[0].into()), Inline::Code("backlit operations".into()), Inline::Text(says[1].into())]);
    let data = subject.data();
    let points = found.into_iter().filter_map(|(row, place)| {
        let op = explained(subject, place.node)?;
        let values = subject.values(&data, subject.rows.iter().position(|&known| known == row)?);
        let about = op.about();
        let mut point =
            vec![Inline::Code(about.name.into()), Inline::Text(format!(": {} {}. Here ", about.summary, with_minus(about.formula)))];
        for (i, place) in around(subject, op, place, &values).into_iter().enumerate() {
            let gap = if i == 0 { "" } else { ", " };
            let equation = Math::Row(vec![wording.thing(wording.at(place)), Math::Sign("="), number(values.at(place), USUAL)]);
            point.extend([Inline::Text(gap.into()), Inline::Math(equation)]);
        }
        if place.node == subject.built.cost
            && let Some(penalty) = Penalty::of(subject, &values)
        {
            let [letters, numbers] = penalty.worked();
            let symbol = wording.thing(Thing::Term(Term::Penalty));
            let equation = Math::joined([symbol, letters, numbers, number(penalty.cost(), USUAL)], "=");
            point.extend([Inline::Text(", ".into()), Inline::Math(equation), Inline::Text(format!(" {}", penalty.over(subject)))]);
        }
        point.push(Inline::Text(".".into()));
        Some(point)
    });
    page.blocks.push(Block::List(points.collect()));
}

/// The places that a factor is the derivative of, or whose derivatives it adds up.
fn results(factor: &Factor) -> Vec<Place> {
    match factor.what {
        What::Local { of, .. } => vec![of],
        What::Total { .. } => {
            let of = |stands_for: &StandsFor| if let StandsFor::Derivative(place) = stands_for { Some(*place) } else { None };
            factor.letters.iter().filter_map(|letter| of(&letter.stands_for)).collect()
        }
        What::Mean { .. } => Vec::new(),
    }
}

/// The operation at a node, if the page does not say anyway what it is.
fn explained(subject: &Subject, node: NodeId) -> Option<&dyn Op<f64>> {
    subject.built.graph.operation_at(node).filter(|op| op.about().kind == Kind::Structure && !op.is_affine())
}

/// The numbers that go into a place, where these are few, and its own.
fn around(subject: &Subject, op: &dyn Op<f64>, place: Place, values: &Values<'_>) -> Vec<Place> {
    let graph = &subject.built.graph;
    let inputs = graph.inputs(place.node);
    let shapes: Vec<Shape> = inputs.iter().map(|&input| graph.shape(input)).collect();
    let mut around = Vec::new();
    // Of a penalty its sums say more than some of its weights.
    let is_penalty = place.node == subject.built.cost && subject.metadata.network.terms.network().penalizes();
    let inputs = if is_penalty { &inputs[..1] } else { inputs };
    for (wrt, (&node, shape)) in inputs.iter().zip(&shapes).enumerate() {
        let acts = |index: &usize| {
            let reach = op.reach(wrt, *index, &shapes);
            reach.contains(&place.index) && (wrt == 0 || reach.len() == 1) && values.local(place.node, wrt, *index, place.index) != 0.0
        };
        let here: Vec<usize> = (0..shape.size()).filter(acts).take(LISTED + 1).collect();
        if here.len() <= LISTED {
            around.extend(here.into_iter().map(|index| Place { node, index }));
        }
    }
    around.push(place);
    around
}
