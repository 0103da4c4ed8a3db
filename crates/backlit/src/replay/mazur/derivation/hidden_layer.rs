//! Backward through the hidden neurons: w1 step by step, then w2, w3 and w4.

use super::{EIGHT, Example, NINE, figures};
use crate::replay::page::{Page, symbols};
use backlit_engine::typeset::Math;

pub(super) fn section(page: &mut Page, example: &Example) {
    page.heading(3, "The hidden layer");
    page.say("The same for $w1$, and then $w2$, $w3$ and $w4$. The chain has the same three factors:");
    page.state("E_total__w1", "E_total__out_h1 * out_h1__net_h1 * net_h1__w1");
    page.diagram(&figures::through_h1(example), "The way back to w1: both output neurons send their share to h1.");
    page.say(
        "Only the first is new. $out_h1$ goes into $net_o1$ and into $net_o2$, so it acts on both errors, and its effect on the total is the \
         sum of the two:",
    );
    page.state("E_total__out_h1", "E_o1__out_h1 + E_o2__out_h1");
    both_errors(page, example);
    three_factors(page, example);
    general_form(page, example);
    page.open("Backward: the hidden layer");
    updates(page, example);
    page.close("Backward: the hidden layer");
}

fn both_errors(page: &mut Page, example: &Example) {
    let [o1, o2] = &example.alone;
    page.say("Begin with the first. $E_o1__net_o1$ comes from two factors that are known:");
    page.state("E_o1__out_h1", "E_o1__net_o1 * net_o1__out_h1");
    page.give("E_o1__out_o1", o1.dc_da[1][0], EIGHT);
    page.derive("E_o1__net_o1", "E_o1__out_o1 * out_o1__net_o1", o1.dc_dz[1][0], NINE);
    page.say("and how $net_o1$ answers to $out_h1$ is the weight between them:");
    page.state("net_o1", "w5 * out_h1 + w6 * out_h2 + b2 * 1");
    page.derive("net_o1__out_h1", "w5", o1.dz_da[1][0], 2);
    page.derive("E_o1__out_h1", "E_o1__net_o1 * net_o1__out_h1", o1.dc_da[0][0], NINE);
    page.say("The second in the same way, through $o2$ and $w7$:");
    page.give("E_o2__out_o2", o2.dc_da[1][0], NINE);
    page.derive("E_o2__net_o2", "E_o2__out_o2 * out_o2__net_o2", o2.dc_dz[1][0], NINE);
    page.derive("net_o2__out_h1", "w7", o2.dz_da[1][0], 2);
    page.derive("E_o2__out_h1", "E_o2__net_o2 * net_o2__out_h1", o2.dc_da[0][0], NINE);
    page.say("Together:");
    page.derive("E_total__out_h1", "E_o1__out_h1 + E_o2__out_h1", example.factors.dc_da[0][0], NINE);
}

fn three_factors(page: &mut Page, example: &Example) {
    let f = &example.factors;
    page.say("Then the slope of the logistic function at $h1$, and the net input by the weight: the input that the weight multiplies.");
    page.state("out_h1", "1 / (1 + e^(-net_h1))");
    page.give("out_h1", f.a[0][0], EIGHT);
    page.derive("out_h1__net_h1", "out_h1 * (1 - out_h1)", f.da_dz[0][0], NINE);
    page.state("net_h1", "w1 * i1 + w2 * i2 + b1 * 1");
    page.derive("net_h1__w1", "i1", f.dz_dw[0][0], 2);
    page.say("**All three together.**");
    page.derive("E_total__w1", "E_total__out_h1 * out_h1__net_h1 * net_h1__w1", example.gradient[0], NINE);
}

fn general_form(page: &mut Page, example: &Example) {
    let f = &example.factors;
    page.say("For any number of output neurons the first factor is a sum over them, which the node deltas make short:");
    let sum = |page: &mut Page, body: &str| symbols::large("Σ", Math::letter("o"), None, page.math(body)).bracketed();
    let long = sum(page, "E_total__out_o * out_o__net_o * net_o__out_h1");
    let short = sum(page, "delta_o * w_ho");
    let last = [page.math("out_h1__net_h1 * net_h1__w1"), page.math("out_h1 * (1 - out_h1) * i1")];
    let steps = [long, short].into_iter().zip(last).map(|(sum, last)| Math::joined([sum, last], "·")).collect();
    let left = page.math("E_total__w1");
    page.give("out_h1", f.a[0][0], NINE);
    page.chain(left, steps, "(delta_o1 * w5 + delta_o2 * w7) * out_h1 * (1 - out_h1) * i1", example.gradient[0], NINE);
    page.derive("delta_h1", "(delta_o1 * w5 + delta_o2 * w7) * out_h1 * (1 - out_h1)", f.dc_dz[0][0], NINE);
    page.derive("E_total__w1", "delta_h1 * i1", example.gradient[0], NINE);
    page.say("The other hidden neuron sends its share through $w6$ and $w8$:");
    page.derive("delta_h2", "(delta_o1 * w6 + delta_o2 * w8) * out_h2 * (1 - out_h2)", f.dc_dz[0][1], NINE);
}

fn updates(page: &mut Page, example: &Example) {
    for (i, product) in ["delta_h1 * i1", "delta_h1 * i2", "delta_h2 * i1", "delta_h2 * i2"].into_iter().enumerate() {
        let weight = format!("w{}", i + 1);
        let digits = if i == 0 { NINE } else { EIGHT };
        page.derive(&format!("E_total__{weight}"), product, example.gradient[i], NINE);
        page.derive(&format!("{weight}_new"), &format!("{weight} - eta * E_total__{weight}"), example.updated[i], digits);
    }
}
