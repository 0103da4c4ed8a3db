//! Derivatives spelled out as names in a program: `d_ErrorT_d_layer2_outputs`. Layer 0 is the input; the weights between
//! layers 0 and 1 are W0, inputs × units.

use super::{Names, Notation, Thing, square};
use backlit_engine::typeset::Math;

pub(super) struct Explicit;

impl Notation for Explicit {
    fn name(&self) -> &'static str {
        "explicit"
    }

    fn summary(&self) -> &'static str {
        "d_ErrorT_d_W1[2,0]: names as in a program; W0 (inputs × units) lies between layers 0 and 1"
    }

    fn thing(&self, thing: Thing, _names: &Names) -> Math {
        let (word, index) = word(thing);
        joined(word, &index)
    }

    fn partial(&self, of: Thing, by: Thing, _names: &Names) -> Math {
        let ((of, mut index), (by, more)) = (word(of), word(by));
        index.extend(more);
        joined(format!("d_{of}_d_{by}"), &index)
    }
}

fn joined(word: String, index: &[usize]) -> Math {
    if index.is_empty() { Math::letter(word) } else { Math::Row(vec![Math::letter(word), square(index)]) }
}

fn word(thing: Thing) -> (String, Vec<usize>) {
    match thing {
        Thing::Input(i) => ("layer0".into(), vec![i]),
        Thing::Column(i) => ("columns".into(), vec![i]),
        Thing::Embedding { table, level, number } => (format!("E{}", table - 1), vec![level, number]),
        Thing::Numeric { part, line, number } => (part.word().into(), part.indices(line, number)),
        Thing::Target(k) => ("correct".into(), vec![k]),
        Thing::Weight { layer, unit, input } => (format!("W{}", layer - 1), vec![input, unit]),
        Thing::Bias { layer, unit } => (format!("b{}", layer - 1), vec![unit]),
        Thing::PreActivation { layer, unit } => (format!("layer{layer}_inputs"), vec![unit]),
        Thing::Activation { layer, unit } => (format!("layer{layer}_outputs"), vec![unit]),
        Thing::Part { part, layer, unit } => (format!("layer{layer}_{}", part.word()), vec![unit]),
        Thing::Cost => ("ErrorT".into(), Vec::new()),
        Thing::Term(term) => (term.word().into(), Vec::new()),
    }
}
