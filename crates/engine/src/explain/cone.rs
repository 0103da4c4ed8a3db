//! Everything that lies between one number and the cost, and what leads there: sums over all paths without
//! walking them one by one.
//!
//! A path is a chain of local derivatives from the number to the cost. The sums over paths obey
//! ∂C/∂p = Σ over the numbers q that p acts on of ∂q/∂p · ∂C/∂q, and so do their number, the sum of their
//! sizes and the largest of them.

use super::extended::Extended;
use super::values::{Place, Values};
use crate::Shape;
use crate::graph::NodeId;
use dashu_int::UBig;

/// What lies ahead of a number on its ways to the cost.
#[derive(Clone, Debug)]
pub(crate) struct Ahead {
    /// Σ over paths of the product: ∂C/∂here.
    pub sum: Extended,
    /// Σ over paths of |product|.
    pub size: Extended,
    /// The largest |product|.
    pub largest: Extended,
    /// How many paths.
    pub paths: UBig,
    /// How many of them have no factor that is 0.
    pub alive: UBig,
}

impl Ahead {
    /// No way leads to the cost.
    const NOTHING: Ahead =
        Ahead { sum: Extended::ZERO, size: Extended::ZERO, largest: Extended::ZERO, paths: UBig::ZERO, alive: UBig::ZERO };
}

/// One step of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub from: Place,
    /// Which input of the operation at `to`.
    pub wrt: usize,
    pub to: Place,
    /// ∂to/∂from
    pub slope: f64,
}

/// The numbers that one number acts on.
pub(crate) struct Cone<'a> {
    pub values: &'a Values<'a>,
    pub start: Place,
    /// For each node the operations that use it: node and which input.
    users: Vec<Vec<(NodeId, usize)>>,
    shapes: Vec<Vec<Shape>>,
    /// For each node behind the start's, for each number in it: what lies ahead, if the start acts on it.
    ahead: Vec<Vec<Option<Ahead>>>,
    /// What lies ahead of the start itself: its node may be a large matrix of which nothing else matters.
    whole: Ahead,
}

impl<'a> Cone<'a> {
    pub fn new(values: &'a Values<'a>, start: Place) -> Cone<'a> {
        let count = values.graph.nodes.len();
        let (users, ahead) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        let mut cone = Cone { values, start, users, shapes: Vec::with_capacity(count), ahead, whole: Ahead::NOTHING };
        for id in (0..count).map(NodeId) {
            cone.shapes.push(values.shapes(id));
            let Some((op, inputs)) = values.operation(id) else { continue };
            for (wrt, input) in inputs.iter().enumerate().filter(|(wrt, _)| op.differentiable(*wrt)) {
                cone.users[input.0].push((id, wrt));
            }
        }
        cone.look_ahead();
        cone
    }

    /// From the cost back to the start.
    fn look_ahead(&mut self) {
        let touched = self.touched();
        for id in (self.start.node.0 + 1..touched.len()).rev().map(NodeId) {
            let ahead = touched[id.0].iter().enumerate().map(|(index, touched)| touched.then(|| self.ahead_of(Place { node: id, index })));
            self.ahead[id.0] = ahead.collect();
        }
        self.whole = self.ahead_of(self.start);
    }

    fn ahead_of(&self, place: Place) -> Ahead {
        if place.node == self.values.cost {
            return Ahead { sum: Extended::ONE, size: Extended::ONE, largest: Extended::ONE, paths: UBig::ONE, alive: UBig::ONE };
        }
        let mut here = Ahead::NOTHING;
        self.each_edge(place, |edge| {
            let Some(next) = self.ahead(edge.to) else { return };
            let slope = Extended::new(edge.slope);
            here.sum = here.sum.plus(slope.times(next.sum));
            here.size = here.size.plus(slope.abs().times(next.size));
            let largest = slope.abs().times(next.largest);
            if largest.compare(here.largest).is_gt() {
                here.largest = largest;
            }
            here.paths += &next.paths;
            if edge.slope != 0.0 {
                here.alive += &next.alive;
            }
        });
        here
    }

    /// For each node which of its numbers the start acts on.
    fn touched(&self) -> Vec<Vec<bool>> {
        let mut touched: Vec<Vec<bool>> = vec![Vec::new(); self.values.cost.0 + 1];
        let start = self.start;
        self.mark(start, &mut touched[start.node.0 + 1..]);
        for id in (start.node.0 + 1..touched.len()).map(NodeId) {
            let (before, after) = touched.split_at_mut(id.0 + 1);
            for (index, _) in before[id.0].iter().enumerate().filter(|(_, touched)| **touched) {
                self.mark(Place { node: id, index }, after);
            }
        }
        touched
    }

    /// Marks what a number acts on, in the nodes behind its own.
    fn mark(&self, from: Place, after: &mut [Vec<bool>]) {
        for &(user, wrt) in &self.users[from.node.0] {
            let Some((op, _)) = self.values.operation(user) else { continue };
            let marks = &mut after[user.0 - from.node.0 - 1];
            marks.resize(self.values.graph.shape(user).size(), false);
            marks[op.reach(wrt, from.index, &self.shapes[user.0])].fill(true);
        }
    }

    /// What lies ahead of a number, if the start acts on it.
    pub fn ahead(&self, place: Place) -> Option<&Ahead> {
        self.ahead[place.node.0].get(place.index)?.as_ref()
    }

    /// What lies ahead of the start.
    pub fn whole(&self) -> &Ahead {
        &self.whole
    }

    /// Every step from a number towards the cost, in the order of nodes and places.
    pub fn each_edge(&self, from: Place, mut visit: impl FnMut(Edge)) {
        for &(user, wrt) in &self.users[from.node.0] {
            let Some((op, _)) = self.values.operation(user) else { continue };
            let shapes = &self.shapes[user.0];
            for k in op.reach(wrt, from.index, shapes) {
                let slope = self.values.slope(user, wrt, from.index, k, shapes);
                visit(Edge { from, wrt, to: Place { node: user, index: k }, slope });
            }
        }
    }

    /// The same, collected.
    pub fn edges(&self, from: Place) -> Vec<Edge> {
        let mut edges = Vec::new();
        self.each_edge(from, |edge| edges.push(edge));
        edges
    }
}
