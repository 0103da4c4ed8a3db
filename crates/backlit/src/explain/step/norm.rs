//! Norms and skips on the page of a whole step.

use super::super::digits::{USUAL, number};
use super::super::notation::{Part, Thing};
use super::super::page::{chained, equation, factors};
use super::{Sum, Work};
use crate::document::Equation;
use backlit_engine::explain::Place;
use backlit_engine::network::NormNodes;
use backlit_engine::typeset::Math;

/// ε of the norms.
const EPSILON: f64 = 1e-5;

impl Work<'_> {
    fn part(&self, part: Part, layer: usize, unit: usize) -> Math {
        self.wording.thing(Thing::Part { part, layer, unit })
    }

    /// μ and s of a unit's norm.
    fn around(&self, layer: usize, unit: usize) -> (f64, f64) {
        let nodes = self.subject.built.layers[layer - 1];
        if let Some([mean, variance]) = nodes.norm.and_then(|norm| norm.running) {
            return (self.at(mean, unit), (self.at(variance, unit) + EPSILON).sqrt());
        }
        let z = self.values.all(nodes.z);
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        (mean, (z.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / z.len() as f64 + EPSILON).sqrt())
    }

    /// Mean and root of the variance of a row's weighted sums, where a norm is over these.
    pub(super) fn row_statistics(&self, layer: usize) -> Vec<Equation> {
        let norm = self.subject.built.layers[layer - 1].norm;
        if norm.is_none_or(|norm| norm.running.is_some()) {
            return Vec::new();
        }
        let (mean, s) = self.around(layer, 0);
        let root = Math::Root(Box::new(Math::joined([Math::text("variance".to_string()), number(EPSILON, USUAL)], "+")));
        vec![
            Equation::new(Math::letter("μ"), number(mean, USUAL)).note("the mean of the layer's z"),
            chained(Math::letter("s"), vec![root, number(s, USUAL)]),
        ]
    }

    /// n = γ · (z − μ)/s + β of a unit.
    pub(super) fn normalized(&self, norm: &NormNodes, layer: usize, unit: usize) -> Vec<Equation> {
        let (mean, s) = self.around(layer, unit);
        let z = self.wording.thing(Thing::PreActivation { layer, unit });
        let mean_symbol = if norm.running.is_some() { self.part(Part::RunningMean, layer, unit) } else { Math::letter("μ") };
        let fraction = |z: Math, mean: Math, s: Math| Math::Fraction(Box::new(Math::joined([z, mean], "−")), Box::new(s));
        let whole = |gain: Math, fraction: Math, shift: Math| Math::joined([Math::joined([gain, fraction], "·"), shift], "+");
        let symbols =
            whole(self.part(Part::Gain, layer, unit), fraction(z, mean_symbol, Math::letter("s")), self.part(Part::Shift, layer, unit));
        // A difference of like numbers takes more digits.
        let drawn = |value: f64| {
            let number = number(value, USUAL + 4);
            if value < 0.0 { number.bracketed() } else { number }
        };
        let place = self.values.all(self.subject.built.layers[layer - 1].z)[unit];
        let numbers =
            whole(drawn(self.at(norm.gain, unit)), fraction(drawn(place), drawn(mean), drawn(s)), drawn(self.at(norm.shift, unit)));
        let steps = vec![symbols, numbers, number(self.at(norm.n, unit), USUAL)];
        let n = chained(self.part(Part::Normalized, layer, unit), steps);
        match norm.running {
            Some([_, variance]) => {
                let root = |inside: Math| Math::Root(Box::new(Math::joined([inside, number(EPSILON, USUAL)], "+")));
                let variance = [self.part(Part::RunningVariance, layer, unit), number(self.at(variance, unit), USUAL)].map(root);
                let [symbols, numbers] = variance;
                vec![chained(Math::letter("s"), vec![symbols, numbers, number(s, USUAL)]), n]
            }
            None => vec![n],
        }
    }

    /// s = a + what the skip adds, of a unit.
    pub(super) fn skipped(&self, layer: usize, unit: usize) -> Option<Equation> {
        let nodes = self.subject.built.layers[layer - 1];
        let (_, from) = self.skip(layer)?;
        let pair = [Place { node: nodes.a, index: unit }, Place { node: from, index: unit }];
        let mut sum = Sum::new(0, |_| unreachable!("a sum without products"));
        sum.alone = pair.map(|place| (self.wording.thing(self.wording.at(place)), self.values.at(place))).to_vec();
        Some(sum.equation(self.part(Part::Sum, layer, unit), self.at(nodes.out, unit)))
    }

    /// Of a layer with a skip: the layer whose output is added, and its node.
    fn skip(&self, layer: usize) -> Option<(usize, backlit_engine::NodeId)> {
        let from = self.subject.metadata.network.layers[layer - 1].skip?;
        let node = if from == 0 { self.subject.x_node() } else { self.subject.built.layers[from - 1].out };
        Some((from, node))
    }

    /// ∂C/∂ the sums that a unit of a layer is added to, further on.
    pub(super) fn through_skips(&self, layer: usize, unit: usize) -> Vec<(Math, f64)> {
        let later = (layer + 1..=self.subject.names.layers()).filter(|&later| self.skip(later).is_some_and(|(from, _)| from == layer));
        let through = |later: usize| {
            let sum = Thing::Part { part: Part::Sum, layer: later, unit };
            (self.wording.partial(Thing::Cost, sum), self.gradient(self.subject.built.layers[later - 1].out, unit))
        };
        later.map(through).collect()
    }

    /// ∂C/∂a from ∂C/∂s, where the activation is added to something.
    pub(super) fn before_skip(&self, layer: usize, unit: usize) -> Option<Equation> {
        self.skip(layer)?;
        let nodes = self.subject.built.layers[layer - 1];
        let sum = self.wording.partial(Thing::Cost, Thing::Part { part: Part::Sum, layer, unit });
        let left = self.wording.partial(Thing::Cost, Thing::Activation { layer, unit });
        Some(chained(left, vec![sum, number(self.gradient(nodes.a, unit), USUAL)]))
    }

    /// From ∂C/∂n of all units of a layer to ∂C/∂z, ∂C/∂γ and ∂C/∂β.
    pub(super) fn through_norm(&self, norm: &NormNodes, layer: usize) -> Vec<Equation> {
        let nodes = self.subject.built.layers[layer - 1];
        let units = self.subject.names.units[layer - 1];
        let n = |unit: usize| Thing::Part { part: Part::Normalized, layer, unit };
        let mut equations = Vec::new();
        for unit in 0..units {
            let (z, delta) = (Thing::PreActivation { layer, unit }, self.gradient(nodes.z, unit));
            let left = self.wording.partial(Thing::Cost, z);
            let place = Place { node: nodes.z, index: unit };
            match norm.running {
                Some(_) => {
                    let factor = self.values.factor(norm.n, 0, place, unit);
                    equations.push(equation(&factor, self.wording));
                    let product = Math::joined([self.wording.partial(Thing::Cost, n(unit)), self.wording.partial(n(unit), z)], "·");
                    let numbers = factors(&[self.gradient(norm.n, unit), factor.value], delta);
                    equations.push(chained(left, vec![product, numbers, number(delta, USUAL)]));
                }
                None => {
                    equations.push(equation(&self.values.factor(norm.n, 0, place, unit), self.wording));
                    let sum = Sum::new(units, |k| {
                        let symbols = Math::joined([self.wording.partial(Thing::Cost, n(k)), self.wording.partial(n(k), z)], "·");
                        (symbols, [self.gradient(norm.n, k), self.values.local(norm.n, 0, unit, k)])
                    });
                    equations.push(sum.equation(left, delta));
                }
            }
        }
        for unit in 0..units {
            let through = self.wording.partial(Thing::Cost, n(unit));
            let pull = self.gradient(norm.n, unit);
            let gain = Thing::Part { part: Part::Gain, layer, unit };
            let factor = self.values.factor(norm.n, 1, Place { node: norm.gain, index: unit }, unit);
            equations.push(equation(&factor, self.wording));
            let value = self.gradient(norm.gain, unit);
            let product = Math::joined([through.clone(), self.wording.partial(n(unit), gain)], "·");
            let steps = vec![product, factors(&[pull, factor.value], value), number(value, USUAL)];
            equations.push(chained(self.wording.partial(Thing::Cost, gain), steps));
            let shift = Thing::Part { part: Part::Shift, layer, unit };
            equations.push(chained(self.wording.partial(Thing::Cost, shift), vec![through, number(pull, USUAL)]));
        }
        equations
    }
}
