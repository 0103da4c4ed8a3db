//! The ReLU notebook as a page: one neuron, a layer, a batch, two classes.

mod batch;
mod layer;
mod neuron;

use super::layer::Results;
use super::{TITLE, Work};
use crate::document::Document;
use crate::replay::page::{Page, symbols};
use crate::replay::record::{Agreement, Cell};
use backlit_engine::typeset::{Bracket, Math};

pub(super) fn page(work: &Work, layer: &Results, cells: &[Cell], agreement: &mut Vec<Agreement>) -> Document {
    let mut page = Page::new(TITLE, cells, symbols::neuron);
    introduction(&mut page);
    neuron::forward(&mut page, work);
    neuron::backward(&mut page, work);
    neuron::step(&mut page, work);
    layer::section(&mut page, layer);
    batch::combined(&mut page, work);
    batch::classes(&mut page, work);
    page.finish(agreement)
}

fn introduction(page: &mut Page) {
    page.say(
        "The notebook \"Backpropagation\" on a ReLU output layer. The **gradient** of a function is the vector of its partial derivatives, one \
         for each thing it depends on:",
    );
    let by = |name: &str| Math::partial(Math::letter("f"), symbols::neuron(name));
    let all = Math::joined([by("x0"), by("w0"), Math::Sign("…"), by("b")], ",");
    page.equation(crate::document::Equation::new(
        Math::Row(vec![Math::letter("∇"), Math::letter("f")]),
        Math::Bracket(Bracket::Round, Box::new(all)),
    ));
    page.say(
        "Where functions are chained, the **chain rule** makes each of these a product of the partial derivatives along the chain. Here the \
         chain is: products, their sum with a bias, ReLU. It is walked backward from the output of ReLU.",
    );
    page.say(
        "The notebook announces the loss function for later, as what is lowered in earnest; none is in the file. What is lowered here is ReLU's \
         own output, for practice, and the gradient that a next layer or a loss would send back is made up.",
    );
    page.say(
        "Prints stand in the form that Python and NumPy give them: single numbers with as few digits as read back the same, arrays in columns \
         with at most eight digits after the point, arrays of integers without points.",
    );
}
