//! The 13-5-3-1 net: one house forward and backward, then epochs over all.

use super::{Digits, FEATURES, FOUR, Grid, LEARNING_RATE, TWO, Work, figures, fixed, grid};
use crate::replay::houses::nets::UNITS;
use crate::replay::page::{Page, symbols};

pub(super) fn section(page: &mut Page, work: &Work) {
    page.heading(2, "A network of three layers");
    page.say(
        "`da_dz = 1` stands for the slope of the linear activation, and `get_dC_da(a, y)` returns `a - y`. `Network(*layers)` takes its layers and keeps \
         what the gradients need: in `dz_dw` each layer's input, the numbers that its weights multiply; in `dz_db` and `da_dz` ones, as many as the \
         layer has neurons; in `dz_da` its weights. `Network.predict` sends a house through one layer after the other and stores each layer's input on \
         the way.",
    );
    page.diagram(&figures::network(work), "13-5-3-1: house 0 on its way through the net of seed 0.");
    let f = &work.linear.house_0;
    page.open("The chain of one house");
    let last = work.linear.start.len() - UNITS[1] - 1;
    page.give_all("a_L2_", 1, &f.a[1], FOUR);
    page.give_all("w_L3_", 1, &work.linear.start[last..last + UNITS[1]], FOUR);
    page.give("b_L3", work.linear.start[last + UNITS[1]], FOUR);
    page.give("y", work.linear.y, 1);
    page.derive("z_L3", "w_L3_1 * a_L2_1 + w_L3_2 * a_L2_2 + w_L3_3 * a_L2_3 + b_L3", f.z[2][0], FOUR);
    page.derive("a_L3", "z_L3", f.a[2][0], FOUR);
    page.derive("C", "1 / 2 * (y - a_L3)^2", f.cost, FOUR);
    page.derive("C__a_L3", "a_L3 - y", f.dc_da[2][0], FOUR);
    page.close("The chain of one house");
    page.open("Back through three layers: the delta recursion");
    recursion(page, work);
    page.close("Back through three layers: the delta recursion");
    to_the_end(page, work);
}

/// δˡ = ((wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ a′(zˡ), then δˡ times the layer's input.
fn recursion(page: &mut Page, work: &Work) {
    let f = &work.linear.house_0;
    let column = |name: &str, values: &[f64]| grid(name, 1, values);
    let slope = |l: usize| Grid::new(symbols::layered(&format!("a_L{0}__z_L{0}", l + 1)), 1, &f.da_dz[l], 0);
    let delta = |l: usize| column(&format!("delta_L{}", l + 1), &f.dc_dz[l]);
    let weights = |l: usize| grid(&format!("w_L{}", l + 1), f.dz_da[l].len() / UNITS[l], &f.dz_da[l]);
    let by_output = |l: usize| column(&format!("C__a_L{}", l + 1), &f.dc_da[l]);
    page.say("$delta_L3$ is the cost's gradient by the last weighted input; ⊙ multiplies element by element.");
    page.product(&delta(2), &by_output(2), &[("⊙", &slope(2))]);
    for l in [1, 0] {
        page.say(&format!("Through the weights of layer {} to layer {}:", l + 2, l + 1));
        page.product(&by_output(l), &weights(l + 1).transposed(), &[("·", &delta(l + 1))]);
        page.product(&delta(l), &by_output(l), &[("⊙", &slope(l))]);
    }
    page.say("Delta times the layer's input, an outer product, is the gradient of the weights; delta itself that of the biases.");
    for l in [2, 1] {
        let input = column(&format!("a_L{l}"), &f.a[l - 1]);
        let gradient = grid(&format!("C__w_L{}", l + 1), UNITS[l - 1], &f.dc_dw[l]);
        page.product(&gradient, &delta(l), &[("·", &input.transposed())]);
    }
    let outer: Vec<f64> = f.dc_dz[0].iter().flat_map(|d| work.linear.x.iter().map(move |x| d * x)).collect();
    page.hold_all(&outer, &f.dc_dw[0]);
    page.say("For the first layer the input is the house; with 5 × 13 numbers its gradient is easier to read as a table:");
    let row = |i: usize| {
        let units = (0..UNITS[0]).map(|unit| fixed(f.dc_dw[0][unit * FEATURES + i] + 0.0, FOUR));
        [vec![work.houses.names[i].clone(), work.linear.x[i].to_string()], units.collect()].concat()
    };
    let head = ["feature", "$x$", "unit 1", "unit 2", "unit 3", "unit 4", "unit 5"];
    page.table("The gradient of the first layer's weights, unit by unit", &head, (0..FEATURES).map(row), &[1, 2, 3, 4, 5, 6]);
}

/// `get_next_to_end`: all later weights in one product.
fn to_the_end(page: &mut Page, work: &Work) {
    let f = &work.linear.house_0;
    page.say(
        "`get_next_to_end` takes the way from the last layer back in one product of transposed weights. For layer 1, with slopes that are 1, that is",
    );
    let (w2, w3) = (grid("w_L2", UNITS[0], &f.dz_da[1]), grid("w_L3", UNITS[1], &f.dz_da[2]));
    let delta = grid("delta_L3", 1, &f.dc_dz[2]);
    page.product(&grid("C__a_L1", 1, &f.dc_da[0]), &w2.transposed(), &[("·", &w3.transposed()), ("·", &delta)]);
}

pub(super) fn epochs(page: &mut Page, work: &Work) {
    let run = &work.linear;
    page.heading(2, "Epochs");
    page.say(
        "An **epoch** is one walk through all the houses. Here each house goes forward and backward by itself, the last layer apart from the others; the \
         gradients are added up over the houses, divided by their number, multiplied with the learning rate and subtracted in place. So there is one \
         update for each epoch. The last bias in the first epoch, from seed 0:",
    );
    let last = run.start.len() - 1;
    page.give("eta", LEARNING_RATE, Digits::Shortest);
    page.give("b_L3", run.start[last], 8);
    page.derive_from("C__b_L3", figures::mean_of_deltas(work.houses.prices.len()), "", run.gradient[last], FOUR);
    page.derive("b_L3_new", "b_L3 - eta * C__b_L3", run.after_one[last], 8);
    page.cell("In [737]");
    page.cell("The same from np.random.seed(0)");
    let (before, after) = (fixed(run.costs[0], TWO), fixed(run.costs[run.costs.len() - 1], TWO));
    page.plot(&figures::net_costs(work), &format!("Cost over all houses in 30 epochs; from seed 0 it falls from {before} to {after}."));
    page.cell("13-5 relu-3 sigmoid-1 linear");
}
