//! The record as JSON, as `docs/json.md` describes it. Numbers carry all their digits.

use super::{Opened, Wording};
use backlit_engine::explain::{Factor, What};
use backlit_engine::typeset::unicode;
use serde_json::{Map, Value, json};

/// The record of an opened gradient.
pub fn json(opened: &Opened, wording: &Wording<'_>) -> Value {
    let explanation = &opened.explanation;
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| record.insert(key.to_string(), value);
    put("parameter", json!(opened.name));
    put("value", json!(explanation.value));
    match explanation.rows.as_slice() {
        [row] => put("row", json!(row)),
        rows => put("rows", json!(rows)),
    };
    put("cost", json!(explanation.cost));
    put("gradient", json!(explanation.gradient));
    put("chain", factors(&explanation.chain, wording));
    let paths = explanation
        .paths
        .iter()
        .map(|path| json!({ "row": path.row, "factors": factors(&path.factors, wording), "product": path.product, "share": path.share }));
    put("paths", paths.collect());
    put("total_paths", json!(explanation.total_paths.to_string()));
    put("rest", json!(explanation.rest));
    put("path_sizes", json!(explanation.size));
    let by_row = explanation.by_row.iter().map(|row| json!({ "row": row.row, "adds": row.adds, "share": row.share }));
    put("by_row", by_row.collect());
    put("update", update(opened, wording));
    put("units", units(opened));
    put("why", why(opened, wording));
    put("routes", routes(opened));
    put("dropout", dropout(&wording.subject.metadata.network.dropout()));
    put("terms", super::terms::json(wording.subject));
    put("notation", json!(wording.notation.name()));
    Value::Object(record)
}

/// What is struck out in training and not here. `shares`: each with its layer, counted from 1
pub(super) fn dropout(shares: &[(usize, f64)]) -> Value {
    shares.iter().map(|(layer, share)| json!({ "layer": layer, "share": share })).collect()
}

/// The three routes.
pub(super) fn routes(opened: &Opened) -> Value {
    let routes = &opened.explanation.routes;
    json!({
        "chain": routes.chain, "backpropagation": routes.backpropagation, "independent": routes.independent,
        "largest_relative_difference": routes.largest_relative_difference,
        "formulas_agree": routes.formulas_agree, "kink": routes.kink, "agrees": routes.agrees,
        "backpropagation_f32": opened.as_trained,
    })
}

fn factors(factors: &[Factor], wording: &Wording<'_>) -> Value {
    factors.iter().map(|factor| one(factor, wording)).collect()
}

fn one(factor: &Factor, wording: &Wording<'_>) -> Value {
    let drawn = |math: Option<backlit_engine::typeset::Math>| math.map(|math| unicode(&math));
    let name = |place: backlit_engine::explain::Place| {
        let graph = &wording.subject.built.graph;
        let node = graph.name(place.node);
        match graph.parameters().iter().find(|parameter| parameter.name == node) {
            Some(parameter) => parameter.element(place.index),
            None if place.node == wording.subject.built.cost => "cost".to_string(),
            None => format!("{node}[{}]", place.index),
        }
    };
    let (of, by) = match factor.what {
        What::Local { of, by } => (name(of), name(by)),
        What::Total { by } => ("cost".to_string(), name(by)),
        What::Mean { row, .. } => ("cost".to_string(), format!("cost of row {row}")),
    };
    json!({
        "symbol": unicode(&wording.symbol(factor)), "of": of, "by": by,
        "formula": drawn(wording.formula(factor)), "substituted": drawn(wording.substituted(factor)),
        "value": factor.value,
    })
}

fn update(opened: &Opened, wording: &Wording<'_>) -> Value {
    let Some(update) = &opened.update else { return Value::Null };
    let steps = update.lines.iter().map(|line| {
        let (symbol, formula, substituted) = super::page::update_line(line, opened, wording);
        json!({
            "symbol": unicode(&symbol), "meaning": line.meaning, "formula": unicode(&formula),
            "substituted": unicode(&substituted), "value": line.value,
        })
    });
    let clip = &update.lead.clip;
    let clipped = clip.norm.or(clip.value).is_some();
    let bounds = json!({ "value": clip.value, "norm": clip.norm, "size": clip.norm.map(|_| update.lead.size) });
    json!({
        "learning_rate": update.learning_rate, "base_rate": update.base_rate, "factor": update.lead.factor,
        "clip": if clipped { bounds } else { Value::Null }, "says": update.says,
        "optimizer": update.optimizer, "frozen": update.frozen, "old_value": opened.explanation.value,
        "steps": steps.collect::<Vec<_>>(), "new_value": update.new_value,
    })
}

fn units(opened: &Opened) -> Value {
    let units = &opened.units;
    if units.is_empty() {
        return Value::Null;
    }
    let column = |column: &super::units::Column| json!({ "column": column.name, "mean": column.mean, "scale": column.scale, "scaling": column.scaling.name() });
    json!({
        "input": units.input.as_ref().map(column), "targets": units.targets.iter().map(column).collect::<Vec<_>>(),
        "gradient_per_unit": units.per_unit, "cost_factor": units.cost_factor,
    })
}

fn why(opened: &Opened, wording: &Wording<'_>) -> Value {
    let Some(why) = &opened.explanation.why else { return Value::Null };
    let stops = why
        .stops
        .iter()
        .map(|stop| json!({ "row": stop.row, "factor": one(&stop.factor, wording), "because": super::page::reason(stop, wording) }));
    json!({ "cancels": why.cancels, "stops": stops.collect::<Vec<_>>() })
}
