//! From one layer to any number, in symbols.

use super::figures;
use crate::document::Equation;
use crate::replay::page::{Page, symbols};
use backlit_engine::typeset::Math;

const FIVE: &str = "C__a_L2 * a_L2__z_L2 * z_L2__a_L1 * a_L1__z_L1";

pub(super) fn section(page: &mut Page) {
    page.heading(2, "From 1 to N layers");
    page.diagram(&figures::two_layers(), "Two layers as a chain: what the first gives out is what the second takes in.");
    page.say(
        "All the links are known but one, that between two layers. The second layer's input is $a$, the first one's activation, so its weighted \
         input is $w * a + b$. How does it answer to $a$? As steeply as the weight says:",
    );
    page.state("z__a", "w");
    page.heading(3, "Names by layer");
    page.say(
        "With several layers a letter alone does not say whose weights are meant. A name above says it: $w_L1$ and $b_L1$ belong to layer 1, and so \
         does $a_L1$, its activation.",
    );
    page.say(
        "From the cost back to the first layer's weights there are five links, and the same to its biases but for the last, which is 1:",
    );
    page.state("C__w_L1", &format!("{FIVE} * z_L1__w_L1"));
    page.state("C__b_L1", &format!("{FIVE} * z_L1__b_L1"));
    page.say(
        "$z_L2__a_L1$ in the middle is what carries the gradient from a layer to the one before it: hence backpropagation. To the second layer's own \
         weights and biases there are three links, as with one layer:",
    );
    page.state("C__w_L2", "C__a_L2 * a_L2__z_L2 * z_L2__w_L2");
    page.state("C__b_L2", "C__a_L2 * a_L2__z_L2 * z_L2__b_L2");
    put_in(page);
    any_number(page);
}

fn put_in(page: &mut Page) {
    page.heading(2, "Putting it all together");
    page.say("Two layers are no limit: each further layer adds its two links. With the linear activation put in, and then without the factors 1:");
    page.state("C__w_L1", &format!("{FIVE} * z_L1__w_L1 = (a_L2 - Y) * 1 * w_L2 * 1 * x = (a_L2 - Y) * w_L2 * x"));
    page.state("C__b_L1", &format!("{FIVE} * z_L1__b_L1 = (a_L2 - Y) * 1 * w_L2 * 1 * 1 = (a_L2 - Y) * w_L2"));
    page.state("C__w_L2", "C__a_L2 * a_L2__z_L2 * z_L2__w_L2 = (a_L2 - Y) * 1 * a_L1 = (a_L2 - Y) * a_L1");
    page.state("C__b_L2", "C__a_L2 * a_L2__z_L2 * z_L2__b_L2 = (a_L2 - Y) * 1 * 1 = a_L2 - Y");
    page.say(
        "The notebook writes $Y - a_L2$ in all of these, which is the wrong sign (D1.3): the derivative of the cost is $a - Y$, as in its earlier \
         formulas and its code. For another activation the factors 1 from $a_L2__z_L2$ and $a_L1__z_L1$ become its slopes. With several neurons in a \
         layer the products are those of matrices (D1.4):",
    );
    let back = Math::Row(vec![symbols::transposed(page.math("w_L2").bracketed()), page.math("a_L2 - Y").bracketed()]);
    let outer = Math::Row(vec![back.bracketed(), symbols::transposed(Math::letter("x"))]);
    let left = page.math("C__w_L1");
    page.equation(Equation::new(left, outer));
}

/// The product over all later layers.
fn any_number(page: &mut Page) {
    page.heading(3, "Any number of layers");
    let up = |letter: &str, layer: Math| Math::letter(letter).above(layer);
    let (k, l, n) = (|| Math::letter("K"), || Math::letter("l"), || Math::letter("N"));
    let plus_one = Math::joined([k(), Math::Number("1".into())], "+");
    let minus_one = Math::joined([l(), Math::Number("1".into())], "−");
    let c = || Math::letter("C");
    let body = Math::joined([Math::partial(up("z", l()), up("a", minus_one)), Math::partial(up("a", l()), up("z", l()))], "·");
    let from = Math::joined([l(), plus_one], "=");
    let product = symbols::large("∏", from, Some(n()), body).bracketed();
    let parts =
        [Math::partial(up("z", k()), up("w", k())), Math::partial(up("a", k()), up("z", k())), product, Math::partial(c(), up("a", n()))];
    page.equation(Equation::new(Math::partial(c(), up("w", k())), Math::joined(parts, "·")).note("1 ≤ K < N"));
    page.say("Read aloud, for layer $K$ of $N$:");
    page.list([
        "The two terms on the left say how the weights of layer $K$ act on the activation of layer $K$.",
        "The term in the middle is written once for every later layer: how the activation of one layer acts on that of the next, up to layer $N$.",
        "The last term says how the activation of layer $N$ acts on the cost.",
        "∏ multiplies all that it stands before, as Σ would add it.",
    ]);
    page.say(
        "However many layers are in between, above and below cancel from one to the next, and $C$ above and $w$ below are left. For $K = N$ \
         there is no later layer and the product is empty, which holds as well. Three layers, from the first:",
    );
    page.state("C__w_L1", "z_L1__w_L1 * a_L1__z_L1 * z_L2__a_L1 * a_L2__z_L2 * z_L3__a_L2 * a_L3__z_L3 * C__a_L3");
}
