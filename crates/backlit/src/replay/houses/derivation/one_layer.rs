//! One layer: its prediction, its gradients at one house and over all, and its training.

use super::{FEATURES, FOUR, LEARNING_RATE, TWO, Work, figures};
use crate::document::Equation;
use crate::replay::houses::evaluation::Evaluation;
use crate::replay::houses::one_layer::{ITERATIONS, OneLayer};
use crate::replay::page::{Digits, Page, symbols};
use crate::replay::python_text::fixed;
use backlit_engine::typeset::Math;

pub(super) fn section(page: &mut Page, work: &Work) {
    page.heading(2, "The houses");
    page.cell("In [702]");
    page.heading(2, "One layer");
    page.diagram(&figures::one_layer(work), "13 features, 13 weights, one bias, one neuron: the price.");
    page.say(
        "`Layer(num_inputs, num_neurons)` holds a row of weights for each neuron and a column for each input, here 1 × 13, and one bias for each \
         neuron. All are drawn uniformly between -1 and 1, the weights first. `predict` is the weighted input, and no more; the activation is \
         linear.",
    );
    page.cell("In [706]");
    one_house(page, work);
    four_gradients(page);
    all_houses(page, work);
}

/// House 0 through the layer of seed 0.
fn one_house(page: &mut Page, work: &Work) {
    let run = &work.one_layer;
    let (f, x) = (&run.house_0, work.houses.house(0));
    page.heading(3, "One house through the chain");
    page.say("House 0 of the data, through a layer drawn from `np.random.seed(0)`. The weighted input is a sum over the 13 features:");
    let term = page.math("w_i * x_i");
    let range = |from: &str| Math::joined([Math::letter("i"), Math::Number(from.into())], "=");
    let sum = symbols::large("Σ", range("1"), Some(Math::Number(FEATURES.to_string())), term);
    let sum = Math::joined([sum, Math::letter("b")], "+");
    let (w, b) = run.start.split_at(FEATURES);
    page.derive_from("z", sum, "", f.z[0][0], FOUR);
    page.hold_all(&[w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + b[0]], &f.z[0]);
    page.give("y", work.houses.prices[0], 1);
    page.derive("a", "z", f.a[0][0], FOUR);
    page.derive("C", "1 / 2 * (y - a)^2", f.cost, FOUR);
    page.derive("C__a", "a - y", f.dc_da[0][0], FOUR);
    page.equation(Equation::new(symbols::layered("a__z"), Math::Number(fixed(f.da_dz[0][0], 0))));
    page.give("a__z", f.da_dz[0][0], 0);
    page.say("and for one of the weights, that of the number of rooms, RM, and for the bias:");
    let rooms = work.houses.names.iter().position(|name| name == "RM").unwrap_or_default();
    page.give("x_RM", x[rooms], 3);
    page.derive("z__w_RM", "x_RM", f.dz_dw[0][rooms], 3);
    page.derive("C__w_RM", "C__a * a__z * z__w_RM", f.dc_dw[0][rooms], FOUR);
    page.give("z__b", 1.0, 0);
    page.derive("C__b", "C__a * a__z * z__b", f.dc_dz[0][0], FOUR);
    let row = |(i, name): (usize, &String)| {
        let numbers = [w[i], w[i] * x[i], f.dc_dw[0][i]].map(|value| fixed(value + 0.0, FOUR));
        [vec![name.clone(), x[i].to_string()], numbers.to_vec()].concat()
    };
    let rows = work.houses.names.iter().enumerate().map(row);
    page.table("House 0, feature by feature", &["feature", "$x$", "$w$", "$w * x$", "$C__w$"], rows, &[1, 2, 3, 4]);
}

fn four_gradients(page: &mut Page) {
    page.heading(3, "The four gradients, and what to do with them");
    let rows = [
        ["1", "$z__w$", "how the weighted input answers to a weight"],
        ["2", "$z__b$", "how the weighted input answers to the bias"],
        ["3", "$a__z$", "how the activation answers to the weighted input"],
        ["4", "$C__a$", "how the cost answers to the activation"],
    ];
    page.table("In words", &["", "gradient", "its effect"], rows.map(Vec::from), &[]);
    page.list([
        "For a weight multiply 1, 3 and 4; for a bias 2, 3 and 4; and do so for every example.",
        "Take the mean over the examples.",
        "Multiply it with the learning rate.",
        "Subtract that from the weight or the bias.",
    ]);
    page.say("With the linear activation 3 is 1, and 2 is 1 always. Without the factors 1 two are left to find, $z__w = x$ and $C__a = a - y$, and");
    page.state("C__w", "C__a * a__z * z__w = (a - y) * 1 * x = x * (a - y)");
    page.note("weights");
    page.state("C__b", "C__a * a__z * z__b = (a - y) * 1 * 1 = a - y");
    page.note("biases");
}

fn all_houses(page: &mut Page, work: &Work) {
    let run = &work.one_layer;
    let rows = work.houses.prices.len();
    page.heading(3, "All houses at once");
    page.say(&format!(
        "NumPy subtracts and multiplies whole arrays element by element, so no loop over the houses is needed: $a - y$ is an array of {rows} \
         numbers, the gradients of the bias, and $x * (a - y)$ one of {rows} × {FEATURES}, a row for each house and a column for each weight. Their \
         means, by column for the weights, are the gradient. Before the first step:",
    ));
    let mean = |page: &mut Page, body: &str| {
        let share = Math::Number("1".into()).over(Math::Number(rows.to_string()));
        let sum = symbols::large("Σ", Math::text("houses"), None, page.math(body));
        Math::Row(vec![share, sum])
    };
    let rooms = work.houses.names.iter().position(|name| name == "RM").unwrap_or_default();
    let of_bias = mean(page, "(a - y)");
    page.derive_from("C__b", of_bias, "", run.gradient[FEATURES], FOUR);
    let of_weight = mean(page, "x_RM * (a - y)");
    page.derive_from("C__w_RM", of_weight, "", run.gradient[rooms], FOUR);
    page.say("The learning rate is tiny because the features are large. The first step of the bias and of the weight of RM:");
    page.give("eta", LEARNING_RATE, Digits::Shortest);
    page.give("b", run.start[FEATURES], 8);
    page.give("w_RM", run.start[rooms], 8);
    page.derive("b_new", "b - eta * C__b", run.after_one[FEATURES], 8);
    page.derive("w_RM_new", "w_RM - eta * C__w_RM", run.after_one[rooms], 8);
}

pub(super) fn training(page: &mut Page, work: &Work) {
    page.heading(2, "Training the layer");
    page.say(
        "`find_cost` is half the squared error of one example, `get_predictions` runs a predictor over a set of houses, `find_avg_cost` is the \
         mean of the costs, and `evaluate_predictor` prints it for ten houses in a row, with each prediction beside its price.",
    );
    page.cell("In [711]");
    pairing(page, &work.one_layer_witness, work);
    page.cell("The same from np.random.seed(0): towards the prices, and towards the leftover y");
    let costs = |run: &OneLayer| (fixed(run.cost_before(), TWO), fixed(run.cost_after(), TWO));
    let (before, after) = costs(&work.one_layer);
    page.plot(
        &figures::one_layer_costs(work),
        &format!("Cost over all houses, against their prices, in {ITERATIONS} iterations: from {before} to {after}."),
    );
    page.cell("Other learning rates");
}

/// Which prices the printed cost compares with.
fn pairing(page: &mut Page, run: &OneLayer, work: &Work) {
    let Evaluation { start, predicted, actual, as_paired, own } = &run.before;
    page.say(
        "How the first of these costs comes about, from the predictions before they are rounded for print. `zip` pairs the predictions of the window with the prices from the top of the data, which \
         belong to other houses (D1.1):",
    );
    let half_square = |a: f64, y: f64| 0.5 * (y - a) * (y - a);
    let row = |(i, (a, y)): (usize, (&f64, &f64))| {
        let used = work.houses.prices[i];
        let numbers = [*a, *y, used, half_square(*a, used), half_square(*a, *y)];
        [vec![(start + i).to_string()], numbers.map(|number| fixed(number, TWO)).to_vec()].concat()
    };
    let rows = predicted.iter().zip(actual).enumerate().map(row);
    let head = ["house", "prediction $a$", "its price", "price taken", "$C$ as taken", "$C$ with its price"];
    page.table("The window before training", &head, rows, &[0, 1, 2, 3, 4, 5]);
    let mean = |prices: &[f64]| predicted.iter().zip(prices).map(|(a, y)| half_square(*a, *y)).sum::<f64>() / predicted.len() as f64;
    page.hold_all(&[mean(&work.houses.prices[..predicted.len()]), mean(actual)], &[*as_paired, *own]);
    page.say(&format!("The means of the last two columns are {}, as printed, and {}.", fixed(*as_paired, TWO), fixed(*own, TWO)));
}
