//! What a parameter moves on its way to the cost: these numbers alone are computed again where it moves.

use super::Plain;
use crate::Shape;
use crate::formula::Dual;
use crate::graph::Kind;
use std::ops::Range;

/// An operation, and the numbers of its output that move.
type Step = (usize, Range<usize>);

/// The operations behind a parameter, in the order of the graph, each with the numbers of its output that move.
pub(super) struct Cone {
    steps: Vec<Step>,
    /// Multiplications for one row, about.
    pub work: f64,
}

/// The cones of several parameters; those of a unit's weights are one.
pub(super) struct Cones {
    cones: Vec<Cone>,
    /// For each parameter its node, its place there and its cone.
    of: Vec<(usize, usize, usize)>,
}

impl Cones {
    /// `places`: in the flat parameters, in order; those that none is `wanted` of have no cone
    pub fn new(plain: &Plain<'_>, places: &[usize], wanted: impl Fn(usize) -> bool) -> Cones {
        let nodes = &plain.graph.nodes[..=plain.cost.0];
        let shapes: Vec<Vec<Shape>> = nodes
            .iter()
            .map(|node| match &node.kind {
                Kind::Operation { inputs, .. } => inputs.iter().map(|&id| plain.graph.shape(id)).collect(),
                _ => Vec::new(),
            })
            .collect();
        let mut cones = Cones { cones: Vec::new(), of: Vec::with_capacity(places.len()) };
        let mut last: Option<(usize, Vec<Step>)> = None;
        let parameters = nodes.iter().enumerate().filter_map(|(id, node)| match node.kind {
            Kind::Parameter(index) => Some((id, plain.graph.parameters()[index].start, node.shape.size())),
            _ => None,
        });
        let parameters: Vec<(usize, usize, usize)> = parameters.collect();
        for &place in places {
            let holds = |(_, start, size): &&(usize, usize, usize)| (*start..start + size).contains(&place);
            // What no operation on the way to the cost takes has none either.
            let Some(&(node, start, _)) = parameters.iter().find(holds).filter(|_| wanted(place)) else {
                cones.of.push((0, 0, usize::MAX));
                continue;
            };
            let first = reached(plain, &shapes, node, place - start);
            if last.as_ref().is_none_or(|(of, known)| *of != node || *known != first) {
                cones.cones.push(Cone::new(plain, &shapes, node, &first));
                last = Some((node, first));
            }
            cones.of.push((node, place - start, cones.cones.len() - 1));
        }
        cones
    }

    /// The cone of the `at`-th parameter.
    fn cone(&self, at: usize) -> Option<&Cone> {
        self.cones.get(self.of[at].2)
    }

    /// Multiplications for the derivative of one row by the `at`-th parameter, about.
    pub fn work(&self, at: usize) -> f64 {
        self.cone(at).map_or(0.0, |cone| cone.work)
    }

    /// The cost of a row with its derivative by the `at`-th parameter. `values`: of that row, at rest, and left so
    pub fn along(&self, plain: &Plain<'_>, at: usize, values: &mut [Vec<Dual>]) -> Dual {
        let Some(cone) = self.cone(at) else { return Dual::fixed(values[plain.cost.0][0].value) };
        let (node, index, _) = self.of[at];
        values[node][index].tangent = 1.0;
        for (id, some) in &cone.steps {
            let Kind::Operation { op, inputs } = &plain.graph.nodes[*id].kind else { continue };
            let (before, rest) = values.split_at_mut(*id);
            let x: Vec<&[Dual]> = inputs.iter().map(|input| before[input.0].as_slice()).collect();
            op.plain_some(&x, some.clone(), &mut rest[0]);
        }
        let result = values[plain.cost.0][0];
        values[node][index].tangent = 0.0;
        cone.steps.iter().for_each(|(id, _)| rest(&mut values[*id]));
        result
    }
}

impl Cone {
    /// Of a number of the parameter that is `node`, from what it acts on at once.
    fn new(plain: &Plain<'_>, shapes: &[Vec<Shape>], node: usize, first: &[Step]) -> Cone {
        let mut moved: Vec<Range<usize>> = vec![0..0; plain.cost.0 + 1];
        first.iter().for_each(|(id, some)| moved[*id] = some.clone());
        let mut cone = Cone { steps: Vec::new(), work: 0.0 };
        for id in node + 1..=plain.cost.0 {
            let Kind::Operation { op, inputs } = &plain.graph.nodes[id].kind else { continue };
            for (wrt, input) in inputs.iter().enumerate().filter(|(_, input)| input.0 != node) {
                for index in moved[input.0].clone() {
                    moved[id] = hull(&moved[id], op.reach(wrt, index, &shapes[id]));
                }
            }
            let some = moved[id].clone();
            if some.is_empty() {
                continue;
            }
            let width = plain.graph.nodes[id].shape.size().max(1) as f64;
            cone.work += plain.work_of(op.as_ref(), &shapes[id]) * some.len() as f64 / width;
            cone.steps.push((id, some));
        }
        cone
    }
}

/// What one number of a parameter acts on at once: the operations that take it, each with the numbers of its output.
fn reached(plain: &Plain<'_>, shapes: &[Vec<Shape>], node: usize, index: usize) -> Vec<Step> {
    let mut reached: Vec<Step> = Vec::new();
    for (id, other) in plain.graph.nodes[..=plain.cost.0].iter().enumerate().skip(node + 1) {
        let Kind::Operation { op, inputs } = &other.kind else { continue };
        let some = inputs.iter().enumerate().filter(|(_, input)| input.0 == node);
        let some = some.fold(0..0, |some, (wrt, _)| hull(&some, op.reach(wrt, index, &shapes[id])));
        if !some.is_empty() {
            reached.push((id, some));
        }
    }
    reached
}

/// The smallest range that holds both.
fn hull(a: &Range<usize>, b: Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b,
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

/// Numbers that do not move.
pub(super) fn rest(values: &mut [Dual]) {
    values.iter_mut().for_each(|value| *value = Dual::fixed(value.value));
}
