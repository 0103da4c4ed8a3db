//! Every number of the example under the notebook's names.

use super::rounds::{FIGURES, Point, Run};
use super::{ETA, Example, INPUTS, NAMES, START, TARGETS, WEIGHTS, cells, prose};
use serde_json::{Map, Value, json};

pub(super) fn numbers(example: &Example) -> Value {
    json!({
        "given": given(),
        "cells": shown_cells(example),
        "prose_numbers": prose::figures(example).iter().map(prose::Figure::json).collect::<Vec<_>>(),
        "forward": forward(example),
        "output_layer": output_layer(example),
        "hidden_layer": hidden_layer(example),
        "factors": factors(example),
        "gradient": weights(&example.gradient),
        "bias_gradient (the seed leaves the biases alone)": bias_gradient(example),
        "updated": weights(&example.updated),
        "after_first_round_by_the_text_rule": example.runs[0].at(1).map(state),
        "rounds": example.runs.iter().map(|run| (run.name.clone(), points(run))).collect::<Map<_, _>>(),
        "closing_paragraph": {
            "what": "every run and round (0..10050) whose value prints as shown",
            "hits": hits(&example.runs),
        },
    })
}

/// w1 .. w8 from numbers in the engine's order.
fn weights(values: &[f64]) -> Value {
    let weights = WEIGHTS.iter().flat_map(|range| &values[range.clone()]);
    NAMES.iter().zip(weights).map(|(name, value)| (name.to_string(), json!(value))).collect::<Map<_, _>>().into()
}

fn given() -> Value {
    let mut given = weights(&START);
    let others = [
        ("i1", INPUTS[0]),
        ("i2", INPUTS[1]),
        ("b1", START[4]),
        ("b2", START[10]),
        ("target_o1", TARGETS[0]),
        ("target_o2", TARGETS[1]),
        ("eta (alfa)", ETA),
    ];
    for (name, value) in others {
        given[name] = json!(value);
    }
    given
}

fn shown_cells(example: &Example) -> Vec<Value> {
    let displays = cells::displays(example);
    let cell = |((label, values, text), (shown, expression)): (&(&str, Vec<f64>, String), (&str, &str))| {
        let digits = shown.trim_matches(['(', ')']).split(',');
        let printed: Vec<f64> = digits.filter_map(|number| number.trim().parse().ok()).collect();
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        json!({
            "cell": label,
            "expression": expression,
            "printed_text": text,
            "bit_for_bit": bits(&printed) == bits(values),
            "printed": printed,
            "replay": values,
        })
    };
    displays.iter().zip(cells::SHOWN.into_iter().zip(cells::EXPRESSIONS)).map(cell).collect()
}

fn forward(example: &Example) -> Value {
    let f = &example.factors;
    json!({
        "net_h1": f.z[0][0], "net_h2": f.z[0][1], "out_h1": f.a[0][0], "out_h2": f.a[0][1],
        "net_o1": f.z[1][0], "net_o2": f.z[1][1], "out_o1": f.a[1][0], "out_o2": f.a[1][1],
        "E_o1": example.alone[0].cost, "E_o2": example.alone[1].cost, "E_total": f.cost,
    })
}

fn output_layer(example: &Example) -> Value {
    let f = &example.factors;
    json!({
        "dE_total_dout_o1": f.dc_da[1][0], "dE_total_dout_o2": f.dc_da[1][1],
        "dout_o1_dnet_o1": f.da_dz[1][0], "dout_o2_dnet_o2": f.da_dz[1][1],
        "delta_o1 (as the seed multiplies)": example.delta[0], "delta_o2 (as the seed multiplies)": example.delta[1],
        "delta_o1 (factor by factor)": f.dc_dz[1][0], "delta_o2 (factor by factor)": f.dc_dz[1][1],
    })
}

fn hidden_layer(example: &Example) -> Value {
    let (f, [o1, o2]) = (&example.factors, &example.alone);
    json!({
        "dE_o1_dout_h1": o1.dc_da[0][0], "dE_o2_dout_h1": o2.dc_da[0][0],
        "dE_o1_dout_h2": o1.dc_da[0][1], "dE_o2_dout_h2": o2.dc_da[0][1],
        "dE_total_dout_h1": f.dc_da[0][0], "dE_total_dout_h2": f.dc_da[0][1],
        "dout_h1_dnet_h1": f.da_dz[0][0], "dout_h2_dnet_h2": f.da_dz[0][1],
        "delta_h1": f.dc_dz[0][0], "delta_h2": f.dc_dz[0][1],
    })
}

/// The three factors of each weight's gradient.
fn factors(example: &Example) -> Value {
    let f = &example.factors;
    let mut all = Map::new();
    for (i, name) in NAMES.iter().enumerate() {
        let (layer, unit, input) = (i / 4, i / 2 % 2, i % 2);
        let (letter, from) = if layer == 0 { ('h', "i") } else { ('o', "out_h") };
        let neuron = format!("{letter}{}", unit + 1);
        all.insert(
            name.to_string(),
            json!({
                format!("dE_total_dout_{neuron}"): f.dc_da[layer][unit],
                format!("dout_{neuron}_dnet_{neuron}"): f.da_dz[layer][unit],
                format!("dnet_{neuron}_d{name} = {from}{}", input + 1): f.dz_dw[layer][2 * unit + input],
                "product": example.gradient[WEIGHTS[layer].start + 2 * unit + input],
            }),
        );
    }
    all.into()
}

fn bias_gradient(example: &Example) -> Value {
    let shared = example.runs[1].at(0).map_or([f64::NAN; 2], |point| point.bias_gradient);
    let g = &example.gradient;
    json!({
        "b1 (one number shared by h1 and h2)": shared[0],
        "b2 (one number shared by o1 and o2)": shared[1],
        "b1 of h1 alone": g[4], "b1 of h2 alone": g[5], "b2 of o1 alone": g[10], "b2 of o2 alone": g[11],
    })
}

fn state(point: &Point) -> Value {
    json!({ "E_total": point.error, "out_o1": point.out[0], "out_o2": point.out[1] })
}

fn points(run: &Run) -> Value {
    let points = run.points.iter().map(|point| {
        let mut entry = state(point);
        entry["updates_done"] = json!(point.updates);
        entry["w"] = json!(point.w);
        entry["b"] = json!(point.b);
        entry
    });
    json!({ "points": points.collect::<Vec<_>>() })
}

fn hits(runs: &[Run]) -> Value {
    let of = |figure: usize| -> Vec<Value> {
        runs.iter().flat_map(|run| run.hits[figure].iter().map(|hit| json!({ "run": run.name, "updates_done": hit }))).collect()
    };
    FIGURES.iter().enumerate().map(|(i, (shown, _))| (shown.to_string(), json!(of(i)))).collect::<Map<_, _>>().into()
}
