//! From the gradient to the new value: the optimizer's rule in numbers.

use super::Subject;
use super::digits::{USUAL, apart};
use super::notation::{Part, Thing};
use backlit_engine::explain::{Explanation, Target};
use backlit_engine::optimizers::{WorkedLine, worked};

/// One step of one parameter.
#[derive(Clone, Debug)]
pub struct Update {
    /// By name.
    pub optimizer: String,
    /// η of the parameter's layer.
    pub learning_rate: f64,
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
    /// The first step of the model's own optimizer with this gradient.
    pub(super) fn new(subject: &Subject, explanation: &Explanation) -> Option<Update> {
        let Target::Parameter(_) = explanation.target else { return None };
        let training = &subject.metadata.training;
        let frozen = subject.thing(explanation.target).is_some_and(|thing| is_frozen(subject, thing));
        let (optimizer, old) = (training.optimizer.clone(), explanation.value);
        if frozen {
            return Some(Update {
                optimizer,
                learning_rate: training.learning_rate,
                lines: Vec::new(),
                new_value: old,
                frozen,
                digits: USUAL,
            });
        }
        let options: Vec<(String, f64)> = training.options.clone().into_iter().collect();
        let thing = subject.thing(explanation.target);
        let base = training.learning_rate;
        let learning_rate = match (thing, &subject.metadata.network.numeric) {
            (Some(Thing::Numeric { .. }), Some(numeric)) => numeric.rate * base,
            _ => thing.and_then(layer_of).map_or(base, |layer| subject.metadata.network.rate_of(layer, base)),
        };
        let lines = worked(&optimizer, &options, learning_rate, old, &[explanation.gradient]).ok()?;
        let new_value = lines.last()?.value;
        Some(Update { optimizer, learning_rate, lines, new_value, frozen, digits: apart(old, new_value) })
    }
}

fn layer_of(thing: Thing) -> Option<usize> {
    match thing {
        Thing::Weight { layer, .. } | Thing::Bias { layer, .. } | Thing::Part { layer, .. } => Some(layer),
        _ => None,
    }
}

fn is_frozen(subject: &Subject, thing: Thing) -> bool {
    let (layer, names) = match thing {
        Thing::Weight { layer, unit, input } => (layer, ["weight".to_string(), format!("weight[{unit},{input}]")]),
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
