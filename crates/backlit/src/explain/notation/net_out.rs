//! net and out: the notation of Mazur's worked example. Hidden units are h1, h2 …, outputs o1, o2 …, and the weights
//! w1, w2 … are numbered through the whole network, unit after unit.

use super::{Names, Notation, Thing};
use backlit_engine::typeset::Math;

pub(super) struct NetOut;

impl Notation for NetOut {
    fn name(&self) -> &'static str {
        "net-out"
    }

    fn summary(&self) -> &'static str {
        "i1, net_h1, out_h1, w1 … w8, b, E_total: weights numbered through the network, counted from 1"
    }

    fn thing(&self, thing: Thing, names: &Names) -> Math {
        let below = |word: &str, index: String| Math::letter(word).below(Math::letter(index));
        match thing {
            Thing::Input(i) => below("i", (i + 1).to_string()),
            Thing::Column(i) => below("column", (i + 1).to_string()),
            Thing::Embedding { table, level, number } => below(&format!("E{table}"), format!("{level},{number}")),
            Thing::Numeric { part, line, number } => {
                let indices: Vec<String> = part.indices(line, number).iter().map(|index| (index + 1).to_string()).collect();
                below(part.letter(), indices.join(","))
            }
            Thing::Target(k) => below("target", unit(names, names.layers(), k)),
            Thing::Weight { layer, unit, input } => {
                let before: usize = names.blocks[..layer - 1].iter().map(|blocks| blocks.weights()).sum();
                below("w", (before + names.blocks[layer - 1].place(unit, input) + 1).to_string())
            }
            Thing::Bias { layer, unit: u } => below("b", unit(names, layer, u)),
            Thing::PreActivation { layer, unit: u } => below("net", unit(names, layer, u)),
            Thing::Activation { layer, unit: u } => below("out", unit(names, layer, u)),
            Thing::Part { part, layer, unit: u } => below(part.letter(), unit(names, layer, u)),
            Thing::Cost => below("E", "total".into()),
            Thing::Term(term) => term.letter(),
        }
    }
}

/// `h1`, `o2`; with several hidden layers the second unit of the third is `h3.2`.
fn unit(names: &Names, layer: usize, unit: usize) -> String {
    match names.layers() {
        last if layer == last => format!("o{}", unit + 1),
        2 => format!("h{}", unit + 1),
        _ => format!("h{layer}.{}", unit + 1),
    }
}
