//! A batch forward and backward through layer and ReLU, and the two classes.

use super::Work;
use crate::document::Equation;
use crate::replay::page::{Digits, Grid, Page};
use crate::replay::relu::layer::Dense;
use crate::replay::relu::{BIASES, DVALUES, FEATURES, LATER_WEIGHTS, NEURONS, ONES, SAMPLES, STEP, biases};
use crate::replay::study::transposed;
use backlit_engine::numpy_random::NumpyRandom;
use backlit_engine::typeset::Math;

const EIGHT: Digits = Digits::AtMost(8);

/// What goes into the layer.
struct Given {
    inputs: Grid,
    /// Features × neurons, as these cells store them.
    weights: Grid,
    biases: Grid,
}

impl Given {
    fn new(inputs: &str) -> Given {
        Given {
            inputs: named(inputs, FEATURES, &SAMPLES),
            weights: named("weights", NEURONS, &transposed(FEATURES, &LATER_WEIGHTS)),
            biases: named("biases", NEURONS, &BIASES),
        }
    }

    /// Through the layer and ReLU.
    fn forward(&self, page: &mut Page, outputs: Math, dense: &Dense) {
        let outputs = Grid::new(outputs, NEURONS, &dense.outputs, EIGHT);
        page.product(&outputs, &self.inputs, &[("·", &self.weights), ("+", &self.biases)]);
        page.say("ReLU keeps what is above 0, element by element:");
        let relu = Math::Call("max".into(), vec![Math::Number("0".into()), outputs.symbol().clone()]);
        page.equation(Equation::new(Math::text("relu_outputs"), relu).then(named("", NEURONS, &dense.relu_outputs).math()));
        page.hold_all(&dense.outputs.iter().map(|z| z.max(0.0)).collect::<Vec<_>>(), &dense.relu_outputs);
    }

    /// The gradient behind ReLU to inputs, weights and biases. `samples`: the name of the inputs.
    fn backward(&self, page: &mut Page, incoming: &Grid, dense: &Dense) {
        page.product(&named("dinputs", FEATURES, &dense.dinputs), incoming, &[("·", &self.weights.transposed())]);
        page.product(&named("dweights", NEURONS, &dense.dweights), &self.inputs.transposed(), &[("·", incoming)]);
        page.say("Each bias has a share in every sample: its gradient is the sum down its column, a row of ones times the matrix.");
        let ones = Grid::new(Math::Row(vec![Math::Number("1".into())]), NEURONS, &ONES, 0).named_by_its_numbers();
        page.product(&named("dbiases", NEURONS, &dense.dbiases), &ones, &[("·", incoming)]);
    }
}

fn named(name: &str, columns: usize, values: &[f64]) -> Grid {
    Grid::new(Math::text(name), columns, values, EIGHT)
}

/// 1 where the layer's output is above 0, otherwise 0.
fn mask(dense: &Dense) -> Grid {
    let slopes: Vec<f64> = dense.outputs.iter().map(|z| if *z > 0.0 { 1.0 } else { 0.0 }).collect();
    Grid::new(Math::text("[layer_outputs > 0]"), NEURONS, &slopes, 0)
}

pub(super) fn combined(page: &mut Page, work: &Work) {
    let c = &work.combined;
    let given = Given::new("inputs");
    page.heading(2, "Layer, ReLU and batch together");
    page.open("In [71]");
    page.say(
        "Three samples of four features; weights with one column a neuron, 4 × 3, and one row of biases, 1 × 3, added to every sample:",
    );
    given.forward(page, Math::text("layer_outputs"), c);
    page.say(
        "Backward, ReLU lets a gradient through where the layer's output is above 0. The one that comes in is a copy of ReLU's output:",
    );
    let incoming = named("relu_outputs", NEURONS, &c.relu_outputs);
    let drelu = named("drelu", NEURONS, &c.drelu);
    page.product(&drelu, &incoming, &[("⊙", &mask(c))]);
    page.say("Behind ReLU each kind of number has its product:");
    given.backward(page, &drelu, c);
    page.say("The step adds the small negative fraction of each gradient; the first weight and the first bias:");
    page.give("fraction", -STEP, Digits::Shortest);
    page.give("weights_0_0", LATER_WEIGHTS[0], EIGHT);
    page.give("dweights_0_0", c.dweights[0], EIGHT);
    page.derive("weights_0_0_new", "weights_0_0 + fraction * dweights_0_0", work.combined_after[0], EIGHT);
    page.give("biases_0_0", BIASES[0], EIGHT);
    page.give("dbiases_0_0", c.dbiases[0], EIGHT);
    page.derive("biases_0_0_new", "biases_0_0 + fraction * dbiases_0_0", biases(&work.combined_after)[0], EIGHT);
    page.close("In [71]");
}

pub(super) fn classes(page: &mut Page, work: &Work) {
    let (dense, chain) = (&work.dense, &work.chain);
    let given = Given::new("samples");
    page.heading(2, "Two classes");
    page.say(
        "`Dense_Layer(num_features, num_neurons)` starts with weights of 0.01 times a normal draw (`randn`) and biases of 0, one row of them. \
         From NumPy's seed 0 a layer of four features and three neurons would begin with",
    );
    let mut random = NumpyRandom::new(0);
    let draws: Vec<f64> = (0..FEATURES * NEURONS).map(|_| random.randn()).collect();
    let weights: Vec<f64> = draws.iter().map(|draw| 0.01 * draw).collect();
    page.give("randn_0", draws[0], 8);
    page.derive("weights_0_0", "0.01 * randn_0", weights[0], 8);
    page.shown(&Grid::new(Math::text("weights"), NEURONS, &weights, 8));
    page.shown(&Grid::new(Math::text("biases"), NEURONS, &[0.0; NEURONS], 0));
    page.say(
        "`forward` multiplies, adds and keeps the samples, which `backward` needs for the weights' gradient; `reLU` keeps its inputs, which \
         its `backward` needs for the mask.",
    );
    page.open("In [94]");
    given.forward(page, Math::text("outputs"), dense);
    page.say("`backward` of the layer, with the gradient that the notebook gives it:");
    let dvalues = Grid::new(Math::text("dvalues"), NEURONS, &DVALUES, 0);
    given.backward(page, &dvalues, dense);
    page.say(
        "`backward` of ReLU comes before it in the full chain: it copies the gradient and sets it to 0 where the input was not above 0.",
    );
    let through = named("drelu", NEURONS, &chain.drelu);
    page.product(&through, &dvalues, &[("⊙", &mask(chain))]);
    given.backward(page, &through, chain);
    page.close("In [94]");
}
