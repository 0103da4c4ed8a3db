//! What one round changes, what 10,000 change, and what is left alone.

use super::{Example, NINE, figures};
use crate::replay::mazur::rounds::Point;
use crate::replay::page::{Digits, Page};
use crate::replay::python_text::fixed;

pub(super) fn section(page: &mut Page, example: &Example) {
    page.heading(2, "Round after round");
    page.say("Now all eight weights move, and the inputs go forward once more, through the new weights:");
    page.derive("E_total", "1 / 2 * (target_o1 - out_o1)^2 + 1 / 2 * (target_o2 - out_o2)^2", example.factors.cost, NINE);
    page.note("before the first round");
    for (updates, digits, words) in [(1, NINE, "after the first round"), (10_000, 10, "after 10,000 rounds")] {
        if let Some(point) = example.runs[0].at(updates) {
            after(page, point, digits, words);
        }
    }
    page.say("The first round takes little off. Repeated, it takes off nearly everything:");
    page.plot(&figures::error(&example.runs[0]), "The error over 10,000 rounds, both axes in equal factors.");
    let rows = example.runs[0].points.iter().filter(|point| point.updates <= 10_000);
    let row = |point: &Point| {
        let [out_o1, out_o2] = point.out.map(|out| fixed(out, NINE));
        vec![point.updates.to_string(), out_o1, out_o2, fixed(point.error, 10)]
    };
    page.table("By the rule of the text", &["rounds", "$out_o1$", "$out_o2$", "$E_total$"], rows.map(row), &[0, 1, 2, 3]);
    page.cell("One round, and 10,000");
    biases(page, example);
    page.cell("The numbers in the text");
}

/// The outputs of a later round and their error.
fn after(page: &mut Page, point: &Point, digits: usize, words: &str) {
    page.give("out_o1", point.out[0], NINE);
    page.give("out_o2", point.out[1], NINE);
    page.derive("E_total", "1 / 2 * (target_o1 - out_o1)^2 + 1 / 2 * (target_o2 - out_o2)^2", point.error, digits);
    page.note(words);
}

fn biases(page: &mut Page, example: &Example) {
    page.open("The biases stay");
    page.say(
        "A bias is added as it is, so $net_h1__b1$ is 1, and its gradient is the delta of its neuron; the one bias of a layer has the sum of \
         its neurons' deltas:",
    );
    if let Some(start) = example.runs[1].at(0) {
        page.give("delta_h1", example.factors.dc_dz[0][0], NINE);
        page.derive("E_total__b1", "delta_h1 * 1 + delta_h2 * 1", start.bias_gradient[0], NINE);
        page.derive("E_total__b2", "delta_o1 * 1 + delta_o2 * 1", start.bias_gradient[1], NINE);
    }
    page.say("The rounds here leave $b1$ and $b2$ as they are:");
    for (layer, range) in super::WEIGHTS.iter().enumerate() {
        let name = format!("b{}", layer + 1);
        page.derive(&format!("{name}_new"), &name, super::START[range.end], Digits::Shortest);
    }
    page.close("The biases stay");
}
