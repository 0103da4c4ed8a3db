//! How the notebooks' names are set: `net_h1`, `out_o1__net_o1`, `layer1_outputs_0`, `z_L2__a_L1`.
//!
//! A double stroke parts what changes from what is changed: `out_o1__net_o1` is ∂out_o1/∂net_o1.

use backlit_engine::typeset::{Math, greek};

/// Names of the worked example: an index stands below, δ and η are Greek, `w5_new` is w5 with a plus above.
pub fn worked_example(name: &str) -> Math {
    if let Some((top, bottom)) = name.split_once("__") {
        return Math::partial(worked_example(top), worked_example(bottom));
    }
    let (name, new) = name.strip_suffix("_new").map_or((name, false), |name| (name, true));
    let split = name.find('_').or_else(|| name.find(|c: char| c.is_ascii_digit())).unwrap_or(name.len());
    let (base, index) = (&name[..split], name[split..].trim_start_matches('_'));
    let base = Math::letter(if base == "deltaprime" { "δ′" } else { greek(base) });
    let base = if index.is_empty() { base } else { base.below(subscript(index)) };
    if new { base.above(Math::Sign("+")) } else { base }
}

/// Names of code, as they are typed: `W0_2_1` is W0[2][1], a double stroke the fraction that the notebook writes,
/// d_top / d_bottom, and `W1_0_new` the weight after the update.
pub fn code(name: &str) -> Math {
    if let Some((top, bottom)) = name.split_once("__") {
        let d = |name: &str| typed(&format!("d_{name}"));
        return d(top).over(d(bottom));
    }
    match name.strip_suffix("_new") {
        Some(name) => typed(name).above(Math::text("new")),
        None if name == "e" => Math::letter("e"),
        None => typed(name),
    }
}

/// Names with the layer above: `w_L1`, `z_L2__a_L1`; other indices below: `x_RM`, `a_L2_1`. `a_prime_of_z` is a′(z).
pub fn layered(name: &str) -> Math {
    if let Some((top, bottom)) = name.split_once("__") {
        return Math::partial(layered(top), layered(bottom));
    }
    if let Some(function) = name.strip_suffix("_of_z") {
        return Math::Call(function.replace("_prime", "′").replace("sigma", "σ"), vec![Math::letter("z")]);
    }
    let mut parts = name.split('_');
    let base = Math::letter(greek(parts.next().unwrap_or_default()));
    let (mut above, mut below, mut new) = (Vec::new(), Vec::new(), false);
    for part in parts {
        let of_layer = part.strip_prefix('L').is_some_and(|number| number.parse::<u32>().is_ok());
        match part {
            "new" => new = true,
            _ if of_layer => above.push(Math::letter(part)),
            _ => below.push(subscript(part)),
        }
    }
    let with_layer = !above.is_empty();
    let base = below.into_iter().fold(base, Math::below);
    let base = above.into_iter().fold(base, Math::above);
    match (new, with_layer) {
        (false, _) => base,
        (true, false) => base.above(Math::Sign("+")),
        (true, true) => base.bracketed().above(Math::Sign("+")),
    }
}

/// Names of the ReLU neuron: `x0` has its index below, longer names stand as they are typed.
pub fn neuron(name: &str) -> Math {
    if let Some((top, bottom)) = name.split_once("__") {
        return Math::partial(neuron(top), neuron(bottom));
    }
    let (name, new) = name.strip_suffix("_new").map_or((name, false), |name| (name, true));
    let (letter, index) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    let plain = match index.parse::<u32>() {
        Ok(_) => Math::letter(letter).below(subscript(index)),
        Err(_) if name.contains('_') || name.chars().count() > 1 => typed(name),
        Err(_) => Math::letter(name),
    };
    if new { plain.above(Math::text("new")) } else { plain }
}

/// A name of code with its indices in brackets: `W0_2_1` as W0[2][1]. Strokes before letters stay.
fn typed(name: &str) -> Math {
    let mut parts: Vec<&str> = name.split('_').collect();
    let first = parts.iter().rposition(|part| part.parse::<u32>().is_err()).map_or(0, |last| last + 1);
    let indices: String = parts.split_off(first).iter().map(|index| format!("[{index}]")).collect();
    Math::text(parts.join("_") + &indices)
}

fn subscript(index: &str) -> Math {
    if index.chars().all(|c| c.is_ascii_digit()) { Math::Number(index.into()) } else { Math::letter(index) }
}

/// m with ᵀ above.
pub fn transposed(m: Math) -> Math {
    m.above(Math::text("T"))
}

/// Σ or ∏ over `below`.
pub fn large(sign: &'static str, below: Math, above: Option<Math>, body: Math) -> Math {
    Math::Large { sign, below: Some(Box::new(below)), above: above.map(Box::new), body: Box::new(body) }
}
