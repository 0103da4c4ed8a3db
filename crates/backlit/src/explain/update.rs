//! From the gradient to the new value: the optimizer's rule in numbers.

use super::Subject;
use super::digits::{USUAL, apart};
use super::notation::Thing;
use backlit_engine::explain::{Explanation, Target};
use backlit_engine::optimizers::{WorkedLine, worked};

/// One step of one parameter.
#[derive(Clone, Debug)]
pub struct Update {
    /// By name.
    pub optimizer: String,
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
            return Some(Update { optimizer, lines: Vec::new(), new_value: old, frozen, digits: USUAL });
        }
        let options: Vec<(String, f64)> = training.options.clone().into_iter().collect();
        let lines = worked(&optimizer, &options, training.learning_rate, old, &[explanation.gradient]).ok()?;
        let new_value = lines.last()?.value;
        Some(Update { optimizer, lines, new_value, frozen, digits: apart(old, new_value) })
    }
}

fn is_frozen(subject: &Subject, thing: Thing) -> bool {
    let (layer, names) = match thing {
        Thing::Weight { layer, unit, input } => (layer, ["weight".to_string(), format!("weight[{unit},{input}]")]),
        Thing::Bias { layer, unit } => (layer, ["bias".to_string(), format!("bias[{unit}]")]),
        _ => return false,
    };
    subject.metadata.network.layers[layer - 1].freeze.iter().any(|frozen| names.contains(frozen))
}
