//! The steps of the notebook with their prints and remarks.

use super::{Work, evidence};
use crate::replay::python_text::{array1, array2, fixed, float};
use crate::replay::record::Cell;

pub(super) fn cells(work: &Work) -> Vec<Cell> {
    vec![
        data(),
        prediction(work),
        one_house(work),
        one_layer(work),
        one_layer_seed_0(work),
        limit(work),
        net(work),
        net_seed_0(work),
        chain(work),
        mixed(work),
    ]
}

fn data() -> Cell {
    Cell::new("In [702]", "The data", "506 houses, 13 features each, and the price in thousands of dollars.")
        .prints([evidence::DESCRIPTION])
        .note("D1.5", "load_boston is no longer in scikit-learn (removed in 1.2). The bundled table is the same, cell by cell.")
        .note("D1.6", "The description is cut off in the notebook. TAX is the full-value property-tax rate per $10,000; PTRATIO, B, LSTAT and MEDV follow.")
}

fn prediction(work: &Work) -> Cell {
    Cell::new("In [706]", "A layer without training", "One neuron, weights and bias uniform between -1 and 1, prices one house.")
        .prints([work.prediction_witness.line()])
        .computes("with np.random.seed(0), house 284", work.prediction.line())
        .note("D1.8", "The notebook draws without a seed. House 284 is known by its price; the weights are a set that fits, not the author's.")
        .note("D1.24", "The text offers sigmoid, relu, linear or any other activation; Layer has none, so it is linear. The last step here has others.")
}

fn one_house(work: &Work) -> Cell {
    let f = &work.linear.house_0;
    Cell::new(
        "",
        "The chain of one house",
        "x, z = wx + b, a = a(z), C = half the squared error; and each link's derivative. House 0 in the last layer of the 13-5-3-1 net \
         of seed 0.",
    )
    .computes("z", float(f.z[2][0]))
    .computes("a", float(f.a[2][0]))
    .computes("C", float(f.cost))
    .computes("dz/dw", array1(&f.dz_dw[2]))
    .computes("da/dz", float(f.da_dz[2][0]))
    .computes("dC/da = a - y", float(f.dc_da[2][0]))
    .computes("dC/dw", array1(&f.dc_dw[2]))
    .computes("dC/db", float(f.dc_dz[2][0]))
    .note("D1.19", "The text calls the linear activation y(z); y is the label everywhere else.")
}

fn one_layer(work: &Work) -> Cell {
    let run = &work.one_layer_witness;
    let costs: Vec<String> = evidence::TABLES.iter().map(|shown| fixed(shown.cost_of_own_prices(), 2)).collect();
    Cell::new(
        "In [711]",
        "One layer, 200 iterations over all houses",
        "The gradients of all houses at once, their means by column, times the rate 0.0000008, subtracted. Ten houses in a row before \
         and ten others after.",
    )
    .prints(run.lines())
    .computes("cost over all 506 houses against their prices", format!("{} before, {} after", fixed(run.cost_before(), 2), fixed(run.cost_after(), 2)))
    .note(
        "D1.1",
        format!(
            "The cost pairs the ten predictions with the first ten prices of the data, not with their own. From the printed predictions and \
             their own prices the four costs of the notebook are {}.",
            costs.join(", ")
        ),
    )
    .note(
        "D1.2",
        "There is no y at this point of the notebook. The printed table cannot come from training towards the prices; it can from \
         training towards one number between 8.08 and 13.25. 11.9, the last house's price, is what the loop of In [737] leaves in y when run \
         earlier, and this print is from a net trained towards it. Inferred, not proved.",
    )
    .note("D1.7", "The code prints the two banner lines; the notebook's output has only the empty lines around them.")
    .note("D1.8", "Windows 442 to 451 and 469 to 478 are known by their prices. The initial weights are a set that fits, not the author's.")
    .note("D1.26", "The bias moves before the weights, without effect: both use the predictions from before.")
}

fn one_layer_seed_0(work: &Work) -> Cell {
    let (prices, leftover) = (&work.one_layer, &work.leftover);
    let costs = |run: &super::OneLayer| format!("{} before, {} after", fixed(run.cost_before(), 2), fixed(run.cost_after(), 2));
    Cell::new(
        "",
        "The same from np.random.seed(0): towards the prices, and towards the leftover y",
        "What the text describes is y = house_prices. Beside it stands the run with y = 11.9, from the same weights.",
    )
    .computes("printed with y = house_prices", prices.lines().join("\n"))
    .computes("printed with the leftover y = 11.9", leftover.lines().join("\n"))
    .computes("cost over all 506 houses, y = house_prices", costs(prices))
    .computes("cost over all 506 houses, leftover y = 11.9", costs(leftover))
    .note(
        "D1.9",
        format!(
            "\"Our cost always gets smaller\": the printed costs, of other houses before and after, cannot show it. The cost over all 506 \
             houses does, {}, and never rises.",
            costs(prices)
        ),
    )
}

fn limit(work: &Work) -> Cell {
    Cell::new(
        "",
        "Other learning rates",
        "Descent on this cost contracts while the rate is below 2 over the largest eigenvalue of its curvature.",
    )
    .computes("diverges above", float(work.rate.rate))
    .note(
        "D1.27",
        format!("\"See how horrible it can get\" comes without a number: the one-layer net diverges above {:.4e}.", work.rate.rate),
    )
}

fn net(work: &Work) -> Cell {
    Cell::new(
        "In [737]",
        "13-5-3-1, 30 epochs",
        "Three linear layers. Each house goes forward and backward by itself; the gradients are summed, divided by 506 and subtracted \
         at the same rate.",
    )
    .prints(work.net_witness.lines())
    .computes(
        "cost over all 506 houses",
        format!("{} before, {} after", fixed(work.net_witness.costs[0], 2), fixed(work.net_witness.costs[30], 2)),
    )
    .note("D1.1", "The two costs pair predictions with the first ten prices; see In [711] for the right ones.")
    .note("D1.8", "Windows 113 to 122 and 302 to 311; the initial weights are a set that fits, not the author's.")
    .note("D1.11", "da_dz * net.dz_dw is an integer times a list, which repeats the list: harmless only while da/dz is 1.")
    .note("D1.13", "get_next_to_end multiplies weights only. The slope of each activation belongs in between; for linear layers it is 1.")
    .note("D1.14", "dC_da[0] takes one output neuron; for several it is Wᵀ delta, which is what the engine computes (D1.12, D1.15, D1.16).")
}

fn net_seed_0(work: &Work) -> Cell {
    let run = &work.linear;
    let costs: Vec<String> = run.costs.iter().step_by(10).map(|cost| fixed(*cost, 2)).collect();
    Cell::new("", "The same from np.random.seed(0)", "Weights before biases, layer by layer.")
        .computes("printed", run.lines().join("\n"))
        .computes("cost over all 506 houses after 0, 10, 20, 30 epochs", costs.join(", "))
        .note(
            "D1.3",
            format!(
                "Later formulas have (Y - a) where it is (a - Y). With that sign the first epoch takes the cost from {} to {}, in place of {}.",
                fixed(run.costs[0], 2),
                fixed(work.wrong_sign, 2),
                fixed(run.costs[1], 2)
            ),
        )
}

fn chain(work: &Work) -> Cell {
    let f = &work.linear.house_0;
    Cell::new(
        "",
        "Back through three layers: the delta recursion",
        "delta of a layer is (the next layer's weights)ᵀ times its delta, element by element times a'(z); times the layer's input it is \
         the gradient of the weights. House 0, seed 0.",
    )
    .computes("dC/da3", array1(&f.dc_da[2]))
    .computes("dz3/da2", array2(1, 3, &f.dz_da[2]))
    .computes("dC/da2", array1(&f.dc_da[1]))
    .computes("dz2/da1", array2(3, 5, &f.dz_da[1]))
    .computes("dC/da1", array1(&f.dc_da[0]))
    .computes("dC/dz1", array1(&f.dc_dz[0]))
    .computes("dC/dW3", array2(1, 3, &f.dc_dw[2]))
    .computes("dC/dW2", array2(3, 5, &f.dc_dw[1]))
    .note("D1.4", "With more than one neuron a layer the products are ((w2)ᵀ (a - Y)) xᵀ: a transpose and an outer product.")
    .note("D1.17", "With the linear activation da/dz and dz/db are 1; the other gradients are not.")
    .note("D1.18", "The product over later layers is written for K < N; it holds for K = N too, where it is empty.")
}

fn mixed(work: &Work) -> Cell {
    let (raw, scaled) = (&work.relu_sigmoid, &work.standardised);
    let costs = |run: &super::NetRun| format!("{} before, {} after", fixed(run.costs[0], 2), fixed(run.costs[run.costs.len() - 1], 2));
    Cell::new(
        "",
        "13-5 relu-3 sigmoid-1 linear",
        "Other activations in the place of the linear one: on the features as they are, 30 epochs at the same rate, and on standardised \
         features, 100 epochs at 0.05.",
    )
    .computes("cost over all 506 houses, raw features", costs(raw))
    .computes("cost over all 506 houses, standardised features", costs(scaled))
    .computes("a'(z) of house 0, standardised, layer 1", array1(&scaled.house_0.da_dz[0]))
    .computes("a'(z) of house 0, standardised, layer 2", array1(&scaled.house_0.da_dz[1]))
    .note(
        "D1.24",
        "These two runs are ours: the notebook's text allows any activation, its code has the linear one. On raw features every \
                    sigmoid is saturated, so layers 1 and 2 hardly move.",
    )
}
