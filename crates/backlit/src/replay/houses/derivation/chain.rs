//! The chain of one layer, and the derivative of each of its links.

use super::equation;
use crate::document::Equation;
use crate::replay::page::Page;
use backlit_engine::typeset::{Bracket, Math};

pub(super) fn section(page: &mut Page) {
    page.heading(2, "The chain");
    page.say("With one layer there are three steps from the input to the cost. With more layers the first two are repeated for each.");
    page.equation(Equation::new(Math::letter("x"), Math::text("the input")));
    let call = |function: &str, of: &str| Math::Call(function.into(), vec![Math::letter(of)]);
    let weighted = page.math("w * x + b");
    page.equation(Equation::new(call("z", "x"), weighted).note("(1) the weighted input"));
    page.equation(
        Equation::new(call("a", "z"), Math::text("linear, relu, sigmoid or any other activation")).note("(2) what the layer gives out"),
    );
    let bars = |inner| Math::Bracket(Bracket::Bars, Box::new(inner));
    let apart = page.math("y - a");
    let half = Math::Number("1".into()).over(Math::Number("2".into()));
    let norm = bars(bars(apart)).above(Math::Number("2".into()));
    page.equation(
        Equation::new(call("C", "a"), Math::Row(vec![half, norm])).note("(3) the cost: half the squared distance to the label y"),
    );
    page.say(
        "The cost is to come down, so what matters is how it answers to each weight and bias: the slope of the cost in the direction of that \
         weight. The weight rolls down this slope when the slope, times a small number, is subtracted from it. That takes the derivative of \
         each step:",
    );
    equation(page, "z__w", "x");
    equation(page, "z__b", "1");
    equation(page, "a__z", "a_prime_of_z");
    equation(page, "C__a", "a - y");
    page.say("Here $x$ is the input and $y$ its label, the right answer. The first two and the last do not depend on the activation.");
}

pub(super) fn chained(page: &mut Page) {
    page.heading(2, "Chained");
    page.say("The derivatives of the steps multiplied are the gradient of a weight and of a bias:");
    page.state("C__w", "C__a * a__z * z__w = x * a_prime_of_z * (a - y)");
    page.state("C__b", "C__a * a__z * z__b = a_prime_of_z * (a - y)");
    page.say(
        "What stands below in one fraction stands above in the next, $a$ and then $z$, and one may read them as cancelling: what is left is \
         $C$ above and $w$ or $b$ below. For another activation only $a_prime_of_z$ changes; with the linear one it is 1.",
    );
    page.say(
        "**What sign and size mean.** $C__w$ says how much the cost changes for a change of the weight. Where it is positive the cost rises with \
         the weight, where it is negative one goes up as the other goes down; its size is how steep the hill is there. Subtracting it goes \
         downhill in either case.",
    );
}
