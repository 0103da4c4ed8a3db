//! z, a, δ: the notation of most textbooks. Layers stand above in brackets, units and inputs below, counted from 0.

use super::{Names, Notation, Thing, list};
use backlit_engine::typeset::Math;

pub(super) struct Za;

impl Notation for Za {
    fn name(&self) -> &'static str {
        "za"
    }

    fn summary(&self) -> &'static str {
        "x, W, b, z, a, C: the layer above in brackets, unit and input below, counted from 0"
    }

    fn thing(&self, thing: Thing, names: &Names) -> Math {
        let layered = |letter: &str, layer: usize, indices: &[usize]| {
            let above = Math::Number(layer.to_string()).bracketed();
            Math::letter(letter).below(list(indices)).above(above)
        };
        match thing {
            Thing::Input(i) => named("x", i, &names.inputs),
            Thing::Column(i) => Math::text(names.columns[i].clone()),
            Thing::Embedding { table, level, number } => layered("E", table, &[level, number]),
            Thing::Numeric { part, line, number } => Math::letter(part.letter()).below(list(&part.indices(line, number))),
            Thing::Target(k) => named("y", k, &names.outputs),
            Thing::Weight { layer, unit, input } => layered("W", layer, &[unit, input]),
            Thing::Bias { layer, unit } => layered("b", layer, &[unit]),
            Thing::PreActivation { layer, unit } => layered("z", layer, &[unit]),
            Thing::Activation { layer, unit } => layered("a", layer, &[unit]),
            Thing::Part { part, layer, unit } => layered(part.letter(), layer, &[unit]),
            Thing::Cost => Math::letter("C"),
            Thing::Term(term) => term.letter(),
        }
    }
}

/// A column by its name, or by its number where the name says no more.
fn named(letter: &str, index: usize, names: &[String]) -> Math {
    let plain = format!("{letter}{index}");
    let below = match names.get(index) {
        Some(name) if *name != plain && *name != index.to_string() => Math::text(name.clone()),
        _ => Math::Number(index.to_string()),
    };
    Math::letter(letter).below(below)
}
