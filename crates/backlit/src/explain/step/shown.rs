//! Which numbers of a network are written out on the page of a step.

use super::part_of;
use crate::explain::Subject;
use backlit_engine::explain::{Factor, Letter, Place, StandsFor, Term, Values};
use backlit_engine::formula::Formula;
use backlit_engine::{NodeId, Shape};
use std::cmp::Ordering;

/// Parameters of the largest network of which every number is written out.
pub(super) const LARGEST: usize = 1000;

/// Numbers side by side that are all written out in a larger one.
pub(super) const WIDE: usize = 6;

/// Of more, so many are.
pub(super) const KEPT: usize = 3;

/// Where they come from several places, so many of each.
pub(super) const OF_EACH: usize = 2;

/// The numbers of a row that are written out, node by node. They hang together: each acts on another, up to the cost.
pub(super) struct Shown {
    /// Whether these are all.
    pub(super) all: bool,
    /// Whether what goes into the first layer comes from several places, and some of each is shown.
    pub(super) several: bool,
    /// For each node, in order; of parameters those that join two others.
    places: Vec<Vec<usize>>,
}

impl Shown {
    pub(super) fn new(subject: &Subject, values: &Values<'_>, gradients: &[Vec<f64>]) -> Shown {
        let (graph, built) = (&subject.built.graph, &subject.built);
        let all = subject.parameters.len() <= LARGEST;
        let mut shown = Shown { all, several: false, places: vec![Vec::new(); graph.nodes().count()] };
        let last = built.layers.last().map_or(built.cost, |layer| layer.out);
        for node in graph.nodes().rev().filter(|node| node.number() <= built.cost.number()) {
            let Shape::Rows(width) = graph.shape(node) else { continue };
            let gradient = &gradients[node.number()];
            shown.places[node.number()] = if all || node == built.cost {
                (0..width).collect()
            } else if gradient.is_empty() {
                // Targets have none: those of the outputs that are shown.
                shown.places[last.number()].iter().copied().filter(|index| *index < width).collect()
            } else {
                let (largest, several) = shown.largest(subject, values, gradient, node);
                shown.several |= several;
                largest
            };
        }
        for node in graph.nodes().filter(|node| graph.parameter_of(*node).is_some()) {
            let joins = |index: &usize| shown.joins(subject, values, Place { node, index: *index });
            shown.places[node.number()] = (0..graph.shape(node).size()).filter(joins).collect();
        }
        shown
    }

    /// Those that a node of the same width and part shows, else those that act on a number that is shown, of a wide node the largest; with
    /// whether these are chosen from several places.
    fn largest(&self, subject: &Subject, values: &Values<'_>, gradient: &[f64], node: NodeId) -> (Vec<usize>, bool) {
        let graph = &subject.built.graph;
        let used_by = |later: &NodeId| graph.operation_at(*later).is_some() && graph.inputs(*later).contains(&node);
        let alike = |later: &NodeId| graph.shape(*later) == graph.shape(node) && part_of(subject, *later) == part_of(subject, node);
        let mut later = graph.nodes().filter(|later| used_by(later) && alike(later));
        if let Some(same) = later.find(|later| !self.places[later.number()].is_empty()) {
            return (self.places[same.number()].clone(), false);
        }
        let acts = |index: usize| values.acts_on(Place { node, index }).iter().any(|(to, _)| self.has(*to));
        let mut kept: Vec<usize> = (0..gradient.len()).filter(|&index| acts(index)).collect();
        let size = |index: usize| (values.at(Place { node, index }) * gradient[index]).abs();
        kept.sort_by(|&a, &b| size(b).partial_cmp(&size(a)).unwrap_or(Ordering::Equal));
        let mut several = false;
        if gradient.len() > WIDE {
            // What goes into the first layer comes from columns, tables and cosines: of each the largest.
            let origin = |index: usize| if part_of(subject, node) == 0 { origin(values, Place { node, index }) } else { node };
            let mut origins: Vec<NodeId> = kept.iter().map(|&index| origin(index)).collect();
            several = origins.iter().any(|other| *other != origins[0]);
            let mut counts = vec![0; self.places.len()];
            let mut of = origins.drain(..);
            kept.retain(|_| {
                let count = of.next().map_or(usize::MAX, |origin| {
                    counts[origin.number()] += 1;
                    counts[origin.number()]
                });
                count <= if several { OF_EACH } else { KEPT }
            });
            kept.truncate(WIDE);
        }
        kept.sort_unstable();
        (kept, several)
    }

    /// Whether a parameter's number acts on a number that is shown, by one that is shown.
    fn joins(&self, subject: &Subject, values: &Values<'_>, parameter: Place) -> bool {
        values.acts_on(parameter).into_iter().any(|(to, wrt)| {
            let costs_by_itself = subject.built.graph.operation_at(to.node).is_some_and(|op| op.is_penalty());
            self.has(to) && !costs_by_itself && self.is_drawn(subject, &values.factor(to.node, wrt, parameter, to.index))
        })
    }

    /// Whether all that stands in a factor is shown. A line of a table that the row does not take is no factor.
    fn is_drawn(&self, subject: &Subject, factor: &Factor) -> bool {
        if let (Some(Formula::Constant(value)), [_]) = (&factor.formula, factor.letters.as_slice()) {
            return *value != 0.0;
        }
        let is_parameter = |place: Place| subject.built.graph.parameter_of(place.node).is_some();
        factor.letters.iter().all(|letter| match letter.stands_for {
            StandsFor::Place(place) => is_parameter(place) || self.has(place),
            _ => true,
        })
    }

    /// Whether a number is written out.
    pub(super) fn has(&self, place: Place) -> bool {
        self.places[place.node.number()].binary_search(&place.index).is_ok()
    }

    /// The numbers of a node that are.
    pub(super) fn of(&self, node: NodeId) -> impl Iterator<Item = Place> + '_ {
        self.places[node.number()].iter().map(move |&index| Place { node, index })
    }

    /// The places of the parameters to be opened, in the flat ones: all of a small network.
    pub(super) fn parameters(&self, subject: &Subject) -> Vec<usize> {
        if self.all {
            return (0..subject.parameters.len()).collect();
        }
        let graph = &subject.built.graph;
        let of = |node: NodeId| graph.parameter_of(node).map_or(0, |parameter| parameter.start);
        graph
            .nodes()
            .flat_map(|node| self.of(node).filter(move |_| graph.parameter_of(node).is_some()).map(move |place| of(node) + place.index))
            .collect()
    }
}

/// The node where a number comes from that is only handed on.
fn origin(values: &Values<'_>, place: Place) -> NodeId {
    let mut at = place;
    while let [Term { formula: Formula::Variable(_), letters, .. }] = values.terms(at).as_slice()
        && let [Letter { stands_for: StandsFor::Place(from), .. }] = letters.as_slice()
    {
        at = *from;
    }
    at.node
}
