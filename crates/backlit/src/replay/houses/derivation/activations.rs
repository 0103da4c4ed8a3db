//! Linear, relu and sigmoid with their derivatives, at one house.

use super::{FOUR, Work, equation};
use crate::document::Equation;
use crate::replay::page::{Page, symbols};
use crate::replay::python_text::fixed;
use backlit_engine::typeset::Math;

pub(super) fn section(page: &mut Page, work: &Work) {
    page.heading(2, "Three activations");
    page.say("Any of them, or another, fits into the place of $a$; each brings its own derivative.");
    equation(page, "linear_of_z", "z");
    equation(page, "linear_prime_of_z", "1");
    for (name, above) in [("relu_of_z", "z"), ("relu_prime_of_z", "1")] {
        let zero = || Math::Number("0".into());
        let when = |sign| Math::Row(vec![Math::letter("z"), Math::Sign(sign), zero()]);
        let cases = Math::Cases(vec![(page.math(above), when(">")), (zero(), when("≤"))]);
        page.equation(Equation::new(symbols::layered(name), cases));
    }
    equation(page, "sigma_of_z", "1 / (1 + exp(-z))");
    equation(page, "sigma_prime_of_z", "sigma_of_z * (1 - sigma_of_z)");
    page.say(
        "With numbers, at house 0, from a 13-5-3-1 net with relu in its first and sigmoid in its second layer (our own run; it comes back at \
         the end). Relu lets units with a positive $z$ through and shuts the others:",
    );
    let f = &work.standardised.house_0;
    let row = |unit: usize| vec![(unit + 1).to_string(), fixed(f.z[0][unit], FOUR), fixed(f.a[0][unit], FOUR), fixed(f.da_dz[0][unit], 0)];
    let head = ["unit of layer 1", "$z$", "$relu_of_z$", "$relu_prime_of_z$"];
    page.table("Relu at house 0", &head, (0..f.z[0].len()).map(row), &[0, 1, 2, 3]);
    for unit in 0..f.z[0].len() {
        let slope = if f.z[0][unit] > 0.0 { 1.0 } else { 0.0 };
        page.hold_all(&[f.z[0][unit].max(0.0), slope], &[f.a[0][unit], f.da_dz[0][unit]]);
    }
    page.say("and the first sigmoid of layer 2:");
    page.give("z", f.z[1][0], FOUR);
    page.derive("sigma_of_z", "1 / (1 + exp(-z))", f.a[1][0], FOUR);
    page.derive("sigma_prime_of_z", "sigma_of_z * (1 - sigma_of_z)", f.da_dz[1][0], FOUR);
    page.say("The linear activation in the last layer:");
    page.give("z", f.z[2][0], FOUR);
    page.derive("linear_of_z", "z", f.a[2][0], FOUR);
    page.equation(Equation::new(symbols::layered("linear_prime_of_z"), Math::Number(fixed(f.da_dz[2][0], 0))));
}
