//! What follows from the activations and the loss, be they names or typed formulas.

use backlit_engine::formula::{Advice, advice};
use backlit_engine::ops;
use backlit_engine::typed::Use;
use std::collections::HashSet;

/// What a person should know of the formulas that were typed; each thing is said once.
pub fn formula_notes<'a>(activations: impl Iterator<Item = &'a str>, loss: &'a str) -> Vec<String> {
    let mut notes = Vec::new();
    for (text, use_) in activations.map(|text| (text, Use::Activation)).chain([(loss, Use::Loss)]) {
        let Some(typed) = ops::typed(text, use_) else { continue };
        if typed.is_flat() {
            let learns = if use_ == Use::Loss { "nothing is learned" } else { "the layers up to it learn nothing" };
            notes.push(format!("the derivative of {text} is 0 everywhere, so {learns}"));
        }
        notes.extend(
            advice(typed.formula())
                .into_iter()
                .map(|Advice { part, stable, why }| format!("{part} is computed as it is typed, but {why}; better write {stable}")),
        );
    }
    let mut seen = HashSet::new();
    notes.retain(|note| seen.insert(note.clone()));
    notes
}

/// What weights start as when nobody says.
pub(super) fn usual_initializer(activation: &str) -> &'static str {
    if let Some(typed) = ops::typed(activation, Use::Activation) {
        return if typed.is_one_sided() { "he_normal" } else { "glorot_uniform" };
    }
    match activation.split('(').next().unwrap_or_default() {
        "relu" | "leaky_relu" | "elu" | "gelu" | "silu" | "softplus" => "he_normal",
        "selu" => "lecun_normal",
        _ => "glorot_uniform",
    }
}
