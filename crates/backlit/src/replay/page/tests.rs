//! A page holds its formulas against the engine's numbers, and says so where they differ.

use super::{Digits, Grid, Page, symbols};
use crate::document::{Block, Document, Inline};
use crate::replay::record::Agreement;
use backlit_engine::typeset::{Math, unicode};

fn page() -> Page<'static> {
    let mut page = Page::new("Test", &[], symbols::worked_example);
    page.give_all("w", 1, &[0.4, -2.0], Digits::Shortest);
    page
}

fn judged(page: Page) -> (Document, Agreement) {
    let mut agreement = Vec::new();
    let document = page.finish(&mut agreement);
    (document, agreement.pop().expect("its own comparison"))
}

fn equations(document: &Document) -> Vec<String> {
    let groups = document.blocks.iter().filter_map(|block| if let Block::Equations(group) = block { Some(group) } else { None });
    let step = |(sign, step): &(&str, Math)| format!(" {sign} {}", unicode(step));
    groups.flatten().map(|equation| unicode(&equation.left) + &equation.steps.iter().map(step).collect::<String>()).collect()
}

#[test]
fn a_chain_stands_in_symbols_in_numbers_and_as_its_value() {
    let mut page = page();
    page.derive("E__w1", "w1 * w2 + 0 = w1 * w2", -0.8, 3);
    page.derive("E__w2", "w1", 0.4, 2);
    page.state("E__w1", "E__w2 * w2__w1");
    page.derive("E", "E__w1 * E__w2", -0.32, Digits::Shortest);
    let (document, judgement) = judged(page);
    let wanted = [
        "∂E/∂w₁ = w₁ · w₂ + 0 = w₁ · w₂ = 0.4 · (−2) = −0.800",
        "∂E/∂w₂ = w₁ = 0.40",
        "∂E/∂w₁ = ∂E/∂w₂ · ∂w₂/∂w₁",
        "E = ∂E/∂w₁ · ∂E/∂w₂ = −0.800 · 0.40 = −0.32",
    ];
    assert_eq!(equations(&document), wanted);
    assert!(judgement.holds && judgement.name.starts_with("4 formulas"), "{judgement:?}");
}

#[test]
fn a_wrong_step_a_wrong_number_and_an_unknown_name_do_not_hold() {
    let wrong: [(&str, &str, f64); 5] = [
        ("the value", "w1 * w2", -0.81),
        ("a step before the last", "w1 + w2 = w1 * w2", -0.8),
        ("a name without a number", "w1 * w3", -0.8),
        ("no formula", "w1 * (w2", -0.8),
        ("not a number", "w1 * w2", f64::NAN),
    ];
    for (what, steps, value) in wrong {
        let mut page = page();
        page.derive("E", steps, value, 3);
        assert!(!judged(page).1.holds, "{what}");
    }
    let mut absent = page();
    absent.cell("In [1]");
    assert!(!judged(absent).1.holds, "a cell that is not there");
}

#[test]
fn products_of_matrices_are_computed_and_compared() {
    let grid = |columns, values: &[f64]| Grid::new(Math::letter("m"), columns, values, 0);
    let (a, b) = (grid(2, &[1.0, 2.0, 3.0, 4.0]), grid(2, &[5.0, 6.0, 7.0, 8.0]));
    let judge = |result: &[f64], sign, other: &Grid| {
        let mut page = page();
        page.product(&grid(2, result), &a, &[(sign, other)]);
        judged(page).1.holds
    };
    assert!(judge(&[19.0, 22.0, 43.0, 50.0], "·", &b));
    assert!(!judge(&[19.0, 22.0, 43.0, 51.0], "·", &b));
    assert!(judge(&[17.0, 23.0, 39.0, 53.0], "·", &b.transposed()));
    assert!(judge(&[5.0, 12.0, 21.0, 32.0], "⊙", &b));
    assert!(judge(&[11.0, 22.0, 13.0, 24.0], "+", &grid(2, &[10.0, 20.0])));
    assert!(!judge(&[5.0, 12.0, 21.0], "⊙", &b), "another shape");
}

#[test]
fn words_hold_mathematics_names_weight_and_links() {
    let text = |words: &str| Inline::Text(words.into());
    let wanted = vec![
        text("The "),
        Inline::Strong("slope".into()),
        text(" "),
        Inline::Math(Math::partial(symbols::worked_example("E"), symbols::worked_example("w5"))),
        text(" of `w"),
    ];
    assert_eq!(page().words("The **slope** $E__w5$ of `w"), wanted);
    let link = Inline::Link { text: "delta rule".into(), url: "https://example.org/a".into() };
    assert_eq!(page().words("W1[0] [delta rule](https://example.org/a)."), vec![text("W1[0] "), link, text(".")]);
    assert_eq!(page().words("`W1[0]`"), vec![Inline::Code("W1[0]".into())]);
}

#[test]
fn names_are_set_in_each_notebooks_own_way() {
    let set = |symbol: fn(&str) -> Math, name: &str| unicode(&symbol(name));
    for (name, wanted) in
        [("net_h1", "net_h1"), ("w5", "w₅"), ("w5_new", "w₅⁺"), ("E_total__out_o1", "∂E_total/∂out_o1"), ("delta_o1", "δ_o1")]
    {
        assert_eq!(set(symbols::worked_example, name), wanted);
    }
    let code =
        [("W0_2_1", "W0[2][1]"), ("ErrorT__W1_0", "d_ErrorT/d_W1[0]"), ("layer1_outputs_3", "layer1_outputs[3]"), ("alpha", "alpha")];
    code.iter().for_each(|(name, wanted)| assert_eq!(set(symbols::code, name), *wanted));
    for (name, wanted) in
        [("w_L1", "w^L1"), ("z_L2__a_L1", "∂z^L2/∂a^L1"), ("delta_L3", "δ^L3"), ("sigma_prime_of_z", "σ′(z)"), ("x_3", "x₃")]
    {
        assert_eq!(set(symbols::layered, name), wanted);
    }
    for (name, wanted) in [("x0", "x₀"), ("drelu_dwx0", "drelu_dwx0"), ("input_weights_2", "input_weights[2]"), ("b", "b")] {
        assert_eq!(set(symbols::neuron, name), wanted);
    }
}
