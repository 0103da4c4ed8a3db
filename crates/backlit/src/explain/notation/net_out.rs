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

    fn named(&self, name: &str) -> Math {
        Math::text(from_one(name))
    }
}

/// Every whole number in square brackets one larger.
fn from_one(name: &str) -> String {
    let parts = name.split_inclusive(|c: char| !c.is_ascii_digit());
    let (mut is_index, mut counted) = (false, String::new());
    for part in parts {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        match digits.parse::<usize>() {
            Ok(index) if is_index => counted += &(index + 1).to_string(),
            _ => counted += digits,
        }
        let behind = &part[digits.len()..];
        counted += behind;
        is_index = match behind {
            "[" => true,
            "]" => false,
            _ => is_index,
        };
    }
    counted
}

/// `h1`, `o2`; with several hidden layers the second unit of the third is `h3.2`.
fn unit(names: &Names, layer: usize, unit: usize) -> String {
    match names.layers() {
        last if layer == last => format!("o{}", unit + 1),
        2 => format!("h{}", unit + 1),
        _ => format!("h{layer}.{}", unit + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::from_one;

    #[test]
    fn indices_of_operations_count_from_one() {
        for (name, counted) in [
            ("cos t[0,12]", "cos t[1,13]"),
            ("sin(2π f[1,0] x + φ[1,0])", "sin(2π f[2,1] x + φ[2,1])"),
            ("Σ softmax(z)[j≠9]", "Σ softmax(z)[j≠10]"),
            ("max z", "max z"),
            ("h[2]", "h[3]"),
        ] {
            assert_eq!(from_one(name), counted);
        }
    }
}
