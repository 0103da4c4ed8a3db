//! A layer of three neurons, one gradient and a batch of gradients.

use super::Results;
use crate::replay::page::{Digits, Grid, Page};
use crate::replay::relu::{DVALUES, FEATURES, NEURONS, ONES, WEIGHTS};
use crate::replay::study::transposed;
use backlit_engine::typeset::Math;

const EIGHT: Digits = Digits::AtMost(8);

pub(super) fn section(page: &mut Page, layer: &Results) {
    page.heading(2, "A layer of several neurons");
    page.say(
        "With several neurons in a layer, each gets a partial derivative of its own from the next layer: a vector comes back instead of one \
         number. Each input has a share in every neuron, so its gradient is a sum over the neurons of weight times gradient; this is what goes \
         on to the layer before.",
    );
    let dvalues = Grid::new(Math::text("dvalues"), NEURONS, &ONES, 0);
    let weights = Grid::new(Math::text("weights"), FEATURES, &WEIGHTS, EIGHT);
    page.open("In [48]");
    page.shown(&dvalues);
    page.close("In [48]");
    page.open("In [33]");
    page.shown(&weights);
    page.shown(&weights.transposed());
    page.close("In [33]");
    page.open("In [49]");
    page.give_all("dvalues_", 0, &ONES, 0);
    for (i, row) in transposed(FEATURES, &WEIGHTS).chunks(NEURONS).enumerate() {
        page.give_all(&format!("weights_T_{i}_"), 0, row, EIGHT);
        let sum = format!("(weights_T_{i}_0 + weights_T_{i}_1 + weights_T_{i}_2) * dvalues_0");
        page.derive(&format!("dx{i}"), &sum, layer.by_sums[i], EIGHT);
    }
    page.close("In [49]");
    page.open("In [59]");
    page.say(
        "The sum of the products of two rows of numbers is their dot product; for all four inputs at once it is a product of matrices:",
    );
    page.product(&Grid::new(Math::text("dinputs"), FEATURES, &layer.dot, EIGHT), &dvalues, &[("·", &weights)]);
    page.close("In [59]");
    page.open("In [61]");
    page.say("A batch of samples has a row of gradients for each, and gets a row of gradients for each:");
    let batch = Grid::new(Math::text("dvalues"), NEURONS, &DVALUES, 0);
    page.product(&Grid::new(Math::text("dinputs"), FEATURES, &layer.batch, EIGHT), &batch, &[("·", &weights)]);
    page.close("In [61]");
}
