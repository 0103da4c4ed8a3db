//! Backward through the output neurons: w5 step by step, then w6, w7 and w8.

use super::{EIGHT, Example, NINE, figures};
use crate::replay::page::Page;

pub(super) fn section(page: &mut Page, example: &Example) {
    page.heading(2, "The backward pass");
    page.say(
        "Every weight is to move so that the outputs come nearer to their targets, which makes the error of each output neuron, and so the \
         total, smaller. For that one has to know how the error answers to each weight.",
    );
    page.heading(3, "The output layer");
    page.say("Take $w5$. How much does a change in it change the total error? That is $E_total__w5$, the gradient with respect to $w5$.");
    page.open("Backward: three factors for w5");
    page.state("E_total__w5", "E_total__out_o1 * out_o1__net_o1 * net_o1__w5");
    page.note("by the chain rule");
    page.diagram(&figures::through_w5(&example.factors), "The way of w5 to the error, and back: one factor for each step.");
    three_factors(page, example);
    page.close("Backward: three factors for w5");
    page.heading(3, "In one formula: the delta rule and the node delta");
    delta_rule(page, example);
    updates(page, example);
}

fn three_factors(page: &mut Page, example: &Example) {
    let f = &example.factors;
    page.say(
        "**First: the total error by the output.** The second term has no $out_o1$ in it and goes to 0; the -1 is the inner derivative.",
    );
    page.state("E_total", "1 / 2 * (target_o1 - out_o1)^2 + 1 / 2 * (target_o2 - out_o2)^2");
    let steps = "2 * (1 / 2) * (target_o1 - out_o1)^(2 - 1) * (-1) + 0 = -(target_o1 - out_o1)";
    page.derive("E_total__out_o1", steps, f.dc_da[1][0], EIGHT);
    page.say("**Second: the output by the net input.** The slope of the logistic function is its own value times what is missing to 1.");
    page.state("out_o1", "1 / (1 + e^(-net_o1))");
    page.derive("out_o1__net_o1", "out_o1 * (1 - out_o1)", f.da_dz[1][0], NINE);
    page.say("**Third: the net input by the weight.** Only one term of the sum holds $w5$; the others are constants and go to 0.");
    page.state("net_o1", "w5 * out_h1 + w6 * out_h2 + b2 * 1");
    page.derive("net_o1__w5", "1 * out_h1 * w5^(1 - 1) + 0 + 0 = out_h1", f.dz_dw[1][0], NINE);
    page.say("**All three together.**");
    page.derive("E_total__w5", "E_total__out_o1 * out_o1__net_o1 * net_o1__w5", example.gradient[6], NINE);
}

fn delta_rule(page: &mut Page, example: &Example) {
    let (delta, gradient) = (example.delta[0], example.gradient[6]);
    page.say("The same product with the three factors written out is known as the [delta rule](https://en.wikipedia.org/wiki/Delta_rule):");
    page.derive("E_total__w5", "-(target_o1 - out_o1) * out_o1 * (1 - out_o1) * out_h1", gradient, NINE);
    page.say(
        "Its first two factors, $E_total__out_o1$ and $out_o1__net_o1$, belong to the neuron and not to one weight. Their product \
         $E_total__net_o1$ is the node delta of $o1$, written $delta_o1$:",
    );
    page.state("delta_o1", "E_total__out_o1 * out_o1__net_o1 = E_total__net_o1");
    page.derive("delta_o1", "-(target_o1 - out_o1) * out_o1 * (1 - out_o1)", delta, NINE);
    page.derive("E_total__w5", "delta_o1 * out_h1", gradient, NINE);
    page.say(
        "Some books leave the minus out of delta. With $deltaprime_o1$ for theirs, the sign stands before the product; the gradient is the same:",
    );
    page.derive("deltaprime_o1", "(target_o1 - out_o1) * out_o1 * (1 - out_o1)", -delta, NINE);
    page.derive("E_total__w5", "-deltaprime_o1 * out_h1", gradient, NINE);
    let f = &example.factors;
    page.say("The other output neuron in the same way:");
    page.derive("E_total__out_o2", "-(target_o2 - out_o2)", f.dc_da[1][1], NINE);
    page.derive("out_o2__net_o2", "out_o2 * (1 - out_o2)", f.da_dz[1][1], NINE);
    page.derive("delta_o2", "E_total__out_o2 * out_o2__net_o2", example.delta[1], NINE);
    page.cell("In [70]");
}

fn updates(page: &mut Page, example: &Example) {
    page.open("In [82]");
    let products = [("w5", "delta_o1 * out_h1"), ("w6", "delta_o1 * out_h2"), ("w7", "delta_o2 * out_h1"), ("w8", "delta_o2 * out_h2")];
    for (i, (weight, product)) in products.into_iter().enumerate() {
        page.derive(&format!("E_total__{weight}"), product, example.gradient[6 + i], NINE);
    }
    page.close("In [82]");
    page.open("In [85]");
    page.say("The error falls against the gradient: $eta$, the learning rate, says how far to go.");
    for (i, (weight, _)) in products.into_iter().enumerate() {
        let digits = if i == 0 { EIGHT } else { NINE };
        page.derive(&format!("{weight}_new"), &format!("{weight} - eta * E_total__{weight}"), example.updated[6 + i], digits);
    }
    page.say(
        "These are put aside: the weights change only when the new ones of the hidden layer are known, too. What follows goes through the \
         original $w5$ to $w8$.",
    );
    page.close("In [85]");
}
