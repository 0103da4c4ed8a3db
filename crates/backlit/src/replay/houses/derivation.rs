//! The house prices as a page: the chain, one layer, any number of layers.

mod activations;
mod chain;
mod figures;
mod layers;
mod network;
mod one_layer;

use super::{FEATURES, LEARNING_RATE, TITLE, Work};
use crate::document::{Document, Equation};
use crate::replay::page::{Digits, Grid, Page, symbols};
use crate::replay::python_text::fixed;
use crate::replay::record::{Agreement, Cell};

/// The notebook's formulas carry no numbers; its prints have two digits after the point.
const FOUR: usize = 4;
const TWO: usize = 2;

pub(super) fn page(work: &Work, cells: &[Cell], agreement: &mut Vec<Agreement>) -> Document {
    let mut page = Page::new(TITLE, cells, symbols::layered);
    introduction(&mut page);
    chain::section(&mut page);
    activations::section(&mut page, work);
    chain::chained(&mut page);
    one_layer::section(&mut page, work);
    one_layer::training(&mut page, work);
    layers::section(&mut page);
    network::section(&mut page, work);
    network::epochs(&mut page, work);
    page.finish(agreement)
}

fn introduction(page: &mut Page) {
    page.say(
        "The notebook \"Module 4 Backpropagation\" takes a network as a chain of functions. The chain rule then gives the gradient of every \
         single weight and bias; a small step against it makes the network a little better; and this is repeated until nothing gets better \
         any more, or for a fixed number of rounds. First the chain of one layer, then the same for any number of them, on the prices of 506 \
         houses.",
    );
}

/// Names and numbers of one layer of `linear.house_0`, as matrices: w, δ, a, ∂C/∂a.
fn grid(name: &str, columns: usize, values: &[f64]) -> Grid {
    Grid::new(symbols::layered(name), columns, values, FOUR)
}

fn equation(page: &mut Page, left: &str, right: &str) {
    let (left, right) = (page.math(left), page.math(right));
    page.equation(Equation::new(left, right));
}
