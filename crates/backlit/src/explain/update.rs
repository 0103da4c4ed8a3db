//! From the gradient to the new value: the optimizer's rule in numbers.

use super::Subject;
use super::digits::{USUAL, apart};
use super::first_step;
use super::notation::{Part, Thing};
use crate::ensemble;
use backlit_engine::explain::{Explanation, Target};
use backlit_engine::optimizers::{Lead, WorkedLine, worked_first};
use std::ops::Range;

/// One step of one parameter.
#[derive(Clone, Debug)]
pub struct Update {
    /// By name.
    pub optimizer: String,
    /// η of the parameter's layer in this step.
    pub learning_rate: f64,
    /// The same before a schedule.
    pub base_rate: f64,
    /// What rate and gradient go through before the rule.
    pub lead: Lead,
    /// What a reader should know of it, sentence by sentence.
    pub says: Vec<String>,
    /// Line after line; the last gives the new value. Empty where the parameter is frozen.
    pub lines: Vec<WorkedLine>,
    /// What comes out.
    pub new_value: f64,
    /// Whether the parameter is not updated.
    pub frozen: bool,
    /// Significant digits that show the step.
    pub digits: usize,
}

impl Update {
    /// The first step of the model's own training with this gradient, from these parameters.
    pub(super) fn new(subject: &Subject, explanation: &Explanation) -> Option<Update> {
        let Target::Parameter(_) = explanation.target else { return None };
        let training = &subject.metadata.training;
        let thing = subject.thing(explanation.target);
        let frozen = thing.is_some_and(|thing| is_frozen(subject, thing));
        let (optimizer, old) = (training.optimizer.clone(), explanation.value);
        let base = training.learning_rate;
        let base_rate = match (thing, &subject.metadata.network.numeric) {
            (Some(Thing::Numeric { .. }), Some(numeric)) => numeric.rate * base,
            _ => thing.and_then(layer_of).map_or(base, |layer| subject.metadata.network.rate_of(layer, base)),
        };
        if frozen {
            let (learning_rate, lead) = (base_rate, Lead::default());
            let (says, lines, new_value, digits) = (Vec::new(), Vec::new(), old, USUAL);
            return Some(Update { optimizer, learning_rate, base_rate, lead, says, lines, new_value, frozen, digits });
        }
        let options: Vec<(String, f64)> = training.options.clone().into_iter().collect();
        let (lead, says) = first_step::lead(subject);
        let lines = worked_first(&optimizer, &options, base_rate, old, explanation.gradient, &lead).ok()?;
        let new_value = lines.last()?.value;
        let learning_rate = lead.factor.map_or(base_rate, |factor| base_rate * factor);
        let digits = apart(old, new_value);
        Some(Update { optimizer, learning_rate, base_rate, lead, says, lines, new_value, frozen, digits })
    }
}

fn layer_of(thing: Thing) -> Option<usize> {
    match thing {
        Thing::Weight { layer, .. } | Thing::Bias { layer, .. } | Thing::Part { layer, .. } => Some(layer),
        _ => None,
    }
}

/// Where the parameters lie that are not updated, in the flat ones, in order.
pub(crate) fn frozen(subject: &Subject) -> Vec<Range<usize>> {
    let shape = &subject.metadata.network;
    let members = subject.members().filter(|&count| ensemble::may_hold(shape, count));
    let mut ranges = members.map_or(Vec::new(), |count| ensemble::between(shape, count));
    for parameter in subject.built.graph.parameters() {
        let layer = parameter.name.strip_prefix("layer").and_then(|rest| rest.split_once('.'));
        let layer = layer.and_then(|(layer, part)| Some((part, &shape.layers.get(layer.parse::<usize>().ok()? - 1)?.freeze)));
        let is_frozen = match layer {
            Some((part, freeze)) => part.starts_with("running_") || freeze.iter().any(|frozen| frozen == part),
            None if parameter.name.starts_with("embed") => shape.embedding.as_ref().is_some_and(|embedding| embedding.frozen),
            None => shape.numeric.as_ref().is_some_and(|numeric| numeric.frozen),
        };
        ranges.extend(is_frozen.then(|| parameter.start..parameter.start + parameter.size()));
    }
    for (layer, l) in shape.layers.iter().zip(1..) {
        let elements = layer.freeze.iter().filter(|frozen| frozen.contains('['));
        ranges.extend(elements.filter_map(|element| match subject.find(&format!("layer{l}.{element}")) {
            Ok(Target::Parameter(index)) => Some(index..index + 1),
            _ => None,
        }));
    }
    merged(ranges)
}

/// The same places in order, each once.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// Whether a parameter is not updated.
pub(crate) fn is_frozen(subject: &Subject, thing: Thing) -> bool {
    let (layer, names) = match thing {
        Thing::Weight { layer, unit, input } => {
            let place = input - subject.names.blocks[layer - 1].into(unit).start;
            let (shape, count) = (&subject.metadata.network, subject.members().unwrap_or(1));
            if layer < shape.layers.len() && ensemble::may_hold(shape, count) && ensemble::is_between(shape, count, layer - 1, unit, place)
            {
                return true;
            }
            (layer, ["weight".to_string(), format!("weight[{unit},{place}]")])
        }
        Thing::Bias { layer, unit } => (layer, ["bias".to_string(), format!("bias[{unit}]")]),
        Thing::Part { part: Part::RunningMean | Part::RunningVariance, .. } => return true,
        Thing::Part { part, layer, unit } => {
            let name = part.parameter().unwrap_or_default();
            (layer, [name.to_string(), format!("{name}[{unit}]")])
        }
        Thing::Embedding { .. } => return subject.metadata.network.embedding.as_ref().is_some_and(|embedding| embedding.frozen),
        Thing::Numeric { .. } => return subject.metadata.network.numeric.as_ref().is_some_and(|numeric| numeric.frozen),
        _ => return false,
    };
    subject.metadata.network.layers[layer - 1].freeze.iter().any(|frozen| names.contains(frozen))
}
