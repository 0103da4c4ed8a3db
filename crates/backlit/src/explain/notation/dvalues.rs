//! Layers as objects that hand `dvalues` back: `relu1.dinputs`, `dense1.dweights[i,u]` (inputs × units), as in code that
//! gives every layer a forward and a backward.

use super::{Names, Notation, Part, Thing, square};
use backlit_engine::typeset::Math;

pub(super) struct Dvalues;

impl Notation for Dvalues {
    fn name(&self) -> &'static str {
        "dvalues"
    }

    fn summary(&self) -> &'static str {
        "dense1.weights, relu1.dinputs: each layer's backward takes dvalues and gives dinputs, dweights, dbiases"
    }

    fn thing(&self, thing: Thing, names: &Names) -> Math {
        let (word, index) = word(thing, names);
        if index.is_empty() { Math::letter(word) } else { Math::Row(vec![Math::letter(word), square(&index)]) }
    }

    fn partial(&self, of: Thing, by: Thing, names: &Names) -> Math {
        let indexed = |word: String, index: &[usize]| Math::Row(vec![Math::letter(word), square(index)]);
        if of == Thing::Cost {
            let is_last = |layer: usize| layer == names.layers();
            match by {
                Thing::Weight { layer, unit, input } => return indexed(format!("dense{layer}.dweights"), &[input, unit]),
                Thing::Bias { layer, unit } => return indexed(format!("dense{layer}.dbiases"), &[0, unit]),
                Thing::PreActivation { layer, unit } => return indexed(format!("{}.dinputs", activation(layer, names)), &[unit]),
                Thing::Activation { layer, unit } if is_last(layer) => return indexed("loss.dinputs".into(), &[unit]),
                Thing::Activation { layer, unit } => return indexed(format!("dense{}.dinputs", layer + 1), &[unit]),
                Thing::Embedding { table, level, number } => return indexed(format!("embed{table}.dweights"), &[level, number]),
                Thing::Input(i) => return indexed("dense1.dinputs".into(), &[i]),
                Thing::Part { part: Part::Gain, layer, unit } => return indexed(format!("norm{layer}.dgains"), &[0, unit]),
                Thing::Part { part: Part::Shift, layer, unit } => return indexed(format!("norm{layer}.dshifts"), &[0, unit]),
                Thing::Target(_) | Thing::Column(_) | Thing::Numeric { .. } | Thing::Cost | Thing::Term(_) | Thing::Part { .. } => {}
            }
        }
        let ((of, mut index), (by, more)) = (word(of, names), word(by, names));
        index.extend(more);
        let word = format!("d{of}_d{by}");
        if index.is_empty() { Math::letter(word) } else { indexed(word, &index) }
    }
}

/// `relu1`; a constant or a formula does not belong into a name.
fn activation(layer: usize, names: &Names) -> String {
    let text = &names.activations[layer - 1];
    let word: String = text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let whole = word.len() == text.len() || text[word.len()..].starts_with('(');
    format!("{}{layer}", if whole && !word.is_empty() { word } else { "activation".into() })
}

fn word(thing: Thing, names: &Names) -> (String, Vec<usize>) {
    match thing {
        Thing::Input(i) => ("inputs".into(), vec![i]),
        Thing::Column(i) => ("columns".into(), vec![i]),
        Thing::Embedding { table, level, number } => (format!("embed{table}.weights"), vec![level, number]),
        Thing::Numeric { part, line, number } => (part.word().into(), part.indices(line, number)),
        Thing::Target(k) => ("y".into(), vec![k]),
        Thing::Weight { layer, unit, input } => (format!("dense{layer}.weights"), vec![input, unit]),
        Thing::Bias { layer, unit } => (format!("dense{layer}.biases"), vec![0, unit]),
        Thing::PreActivation { layer, unit } => (format!("dense{layer}.output"), vec![unit]),
        Thing::Activation { layer, unit } => (format!("{}.output", activation(layer, names)), vec![unit]),
        Thing::Part { part: Part::Normalized, layer, unit } => (format!("norm{layer}.output"), vec![unit]),
        Thing::Part { part: Part::Sum, layer, unit } => (format!("skip{layer}.output"), vec![unit]),
        Thing::Part { part: Part::Gain, layer, unit } => (format!("norm{layer}.gains"), vec![0, unit]),
        Thing::Part { part: Part::Shift, layer, unit } => (format!("norm{layer}.shifts"), vec![0, unit]),
        Thing::Part { part, layer, unit } => (format!("norm{layer}.{}", part.word()), vec![0, unit]),
        Thing::Cost => ("loss".into(), Vec::new()),
        Thing::Term(term) => (term.word().into(), Vec::new()),
    }
}
