//! The network's numbers, forward and backward.

use super::python::{matrix, quoted, vector};
use super::{Script, comment, mean, no_script, too_deep};
use crate::error::Error;
use backlit_engine::explain::Place;
use backlit_engine::graph::Parameter;
use backlit_engine::{NodeId, Shape};
use std::collections::BTreeSet;
use std::fmt::Write;

/// What reads a parameter from the model file: eight bytes that say how long the header is, the header, the numbers.
const TENSORS: &str = "\
import json

with open(model, \"rb\") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), \"little\")))
    numbers = file.read()


def tensor(name):
    \"\"\"The parameter of this name in the model file.\"\"\"
    about = header[name]
    start, end = about[\"data_offsets\"]
    kind = {\"F32\": \"<f4\", \"F64\": \"<f8\"}[about[\"dtype\"]]
    return np.frombuffer(numbers[start:end], kind).astype(float)


";

impl Script<'_> {
    /// Parameters, rows and targets.
    pub(super) fn numbers(&mut self) {
        let subject = self.subject;
        let mut code = String::new();
        if let Some(file) = self.file {
            let _ = writeln!(code, "# Too many parameters to be written out: they are read from here.\nmodel = {}", quoted(file));
            code.push_str(TENSORS);
        }
        let mut owner = "";
        for parameter in subject.built.graph.parameters() {
            let (of, _) = parameter.name.split_once('.').unwrap_or((&parameter.name, ""));
            if of != owner {
                let gap = if owner.is_empty() { "" } else { "\n" };
                let _ = writeln!(code, "{gap}# {}", self.owner(of, parameter));
                owner = of;
            }
            self.parameter(parameter, &mut code);
        }
        let rows: Vec<String> = subject.rows.iter().map(usize::to_string).collect();
        let word = if rows.len() == 1 { "row" } else { "rows" };
        let columns = |names: &[String]| comment(&names.join(", "));
        let _ = writeln!(code, "\n# {word} {} of the data, as the network sees them: {}", rows.join(", "), columns(&subject.names.columns));
        code.push_str(&matrix("x", &subject.x, subject.names.columns.len()));
        let _ = writeln!(code, "# targets: {}", columns(&subject.names.outputs));
        code.push_str(&matrix("y", &subject.y, subject.names.outputs.len()));
        if !subject.w.is_empty() {
            code.push_str("# how much each row counts\n");
            code.push_str(&matrix("w", &subject.w, 1));
        }
        code.push_str("n = len(x)\n");
        self.section("The network's numbers", code);
    }

    /// What some parameters belong to.
    fn owner(&self, owner: &str, first: &Parameter) -> String {
        let (rows, columns) = (first.rows, first.columns);
        let layer = |l: usize| {
            let curve = self.subject.built.layers.get(l.wrapping_sub(1)).and_then(|nodes| self.arrays.curves[nodes.a.number()].as_ref());
            format!("layer {l}: {rows} × {columns} (units × inputs), {}", curve.map_or("", |curve| &curve.title))
        };
        match (owner.strip_prefix("layer").and_then(|l| l.parse().ok()), owner.strip_prefix("embed")) {
            (Some(l), _) => comment(&layer(l)),
            (_, Some(table)) => format!("table {table}: {rows} × {columns} (levels × learned numbers of each)"),
            _ => format!("cosines of {rows} columns, {columns} of each: frequencies and phases; then weighted sums of these"),
        }
    }

    fn parameter(&self, parameter: &Parameter, code: &mut String) {
        let Some(node) = self.arrays.graph.find(&parameter.name) else { return };
        let name = self.arrays.name(node);
        let numbers = &self.subject.parameters[parameter.start..parameter.start + parameter.size()];
        let is_vector = self.arrays.is_vector(node);
        match (self.file.is_some(), is_vector) {
            (true, true) => {
                let _ = writeln!(code, "{name} = tensor(\"{}\")", parameter.name);
            }
            (true, false) => {
                let _ = writeln!(code, "{name} = tensor(\"{}\").reshape({}, {})", parameter.name, parameter.rows, parameter.columns);
            }
            (false, true) => code.push_str(&vector(name, numbers)),
            (false, false) => code.push_str(&matrix(name, numbers, parameter.columns)),
        }
    }

    /// Every operation up to the cost of each row.
    pub(super) fn forward(&mut self) -> Result<(), Error> {
        let mut code = String::new();
        for node in before(&self.arrays, self.arrays.cost) {
            let graph = self.arrays.graph;
            let Some(op) = graph.operation_at(node) else { continue };
            let name = self.arrays.name(node).to_string();
            match &self.arrays.curves[node.number()] {
                Some(curve) => {
                    let moving = self.arrays.name(graph.inputs(node)[0]);
                    let (value, _) = curve.python(moving, &mut self.helpers).ok_or_else(too_deep)?;
                    let _ = match curve.is_loss {
                        true => writeln!(code, "{name} = ({value}).sum(axis=1, keepdims=True)  # {}", comment(&curve.title)),
                        false => writeln!(code, "{name} = {value}\n"),
                    };
                }
                None => {
                    let shapes: Vec<Shape> = graph.inputs(node).iter().map(|&input| graph.shape(input)).collect();
                    let numpy = op.numpy(&shapes).ok_or_else(|| no_script(op.about().name))?;
                    for line in &numpy.forward {
                        let _ = writeln!(code, "{}", self.arrays.fill(line, node, ""));
                    }
                }
            }
        }
        let noise = mean(&self.spread.rows, |row| row.cost).noise;
        let shown = self.show("cost", &format!("{}.mean()", self.arrays.name(self.arrays.cost)), self.opened.explanation.cost, noise);
        let _ = writeln!(code, "{shown}");
        self.section("Forward", code);
        Ok(())
    }

    /// The local derivatives and the chain rule for all units at once, down to what is asked for.
    pub(super) fn backward(&mut self) -> Result<(), Error> {
        let target = self.opened.explanation.place;
        let cost = self.arrays.cost;
        let mut code = String::from("# The chain rule for all units at once, row by row: rows × units.\n");
        let moved = moved(&self.arrays, target.node);
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for node in before(&self.arrays, cost).into_iter().rev().filter(|node| moved.contains(&node.number())) {
            let graph = self.arrays.graph;
            let Some(op) = graph.operation_at(node) else { continue };
            let inputs = graph.inputs(node).to_vec();
            for (wrt, &input) in inputs.iter().enumerate() {
                if !op.differentiable(wrt) || !moved.contains(&input.number()) || !matches!(graph.shape(input), Shape::Rows(_)) {
                    continue;
                }
                let whole = self.arrays.derivative(cost, input);
                if let Some(curve) = &self.arrays.curves[node.number()] {
                    let (_, slope) = curve.python(self.arrays.name(input), &mut self.helpers).ok_or_else(too_deep)?;
                    let _ = writeln!(code, "{} = {slope}", self.arrays.derivative(node, input));
                    if node == cost {
                        known.insert(input.number());
                        continue;
                    }
                }
                let up = if node == cost { String::new() } else { self.arrays.derivative(cost, node) };
                let back = self.back(node, wrt, &up)?;
                let _ = match known.insert(input.number()) {
                    true => writeln!(code, "{whole} = {back}"),
                    false => writeln!(code, "{whole} = {whole} + {back}"),
                };
            }
        }
        let _ = writeln!(code, "per_row = {}  # what is asked for, in each row", self.per_row(target)?);
        let _ = writeln!(code, "gradient = per_row.mean()");
        let symbol = self.gradient_symbol();
        let noise = self.gradient().noise;
        let shown = self.show(&symbol, "gradient", self.opened.explanation.gradient, noise);
        let _ = writeln!(code, "{shown}");
        self.section("Backward", code);
        Ok(())
    }

    /// ∂C/∂ an input of an operation, from `up`, the derivative by what comes out of it; empty: of the cost itself.
    pub(super) fn back(&self, node: NodeId, wrt: usize, up: &str) -> Result<String, Error> {
        let graph = self.arrays.graph;
        let inputs = graph.inputs(node);
        if self.arrays.curves[node.number()].is_some() {
            let slope = self.arrays.derivative(node, inputs[wrt]);
            return Ok(if up.is_empty() { slope } else { format!("{up} * {slope}") });
        }
        let shapes: Vec<Shape> = inputs.iter().map(|&input| graph.shape(input)).collect();
        let op = graph.operation_at(node).ok_or_else(too_deep)?;
        let numpy = op.numpy(&shapes).ok_or_else(|| no_script(op.about().name))?;
        numpy.backward.get(wrt).map(|text| self.arrays.fill(text, node, up)).ok_or_else(|| no_script(op.about().name))
    }

    /// ∂C/∂ the target in each row.
    fn per_row(&self, target: Place) -> Result<String, Error> {
        let (graph, cost) = (self.arrays.graph, self.arrays.cost);
        if matches!(graph.shape(target.node), Shape::Rows(_)) {
            return Ok(self.arrays.slope_of_cost(target, ":"));
        }
        let mut terms = Vec::new();
        for node in before(&self.arrays, cost) {
            let shapes: Vec<Shape> = graph.inputs(node).iter().map(|&input| graph.shape(input)).collect();
            let Some(op) = graph.operation_at(node) else { continue };
            for (wrt, _) in graph.inputs(node).iter().enumerate().filter(|(_, input)| **input == target.node) {
                for k in op.reach(wrt, target.index, &shapes) {
                    let of = Place { node, index: k };
                    let slope = self.arrays.slope(of, target, ":").ok_or_else(|| no_script(op.about().name))?;
                    let factors = [self.arrays.slope_of_cost(of, ":"), slope];
                    let kept: Vec<String> = factors.into_iter().filter(|factor| factor != "1.0").collect();
                    terms.push(if kept.is_empty() { "1.0".into() } else { kept.join(" * ") });
                }
            }
        }
        let sum = terms.join(" + ");
        // A number that is the same in every row.
        Ok(if sum.contains("[:, ") { sum } else { format!("np.ones(n) * ({sum})") })
    }
}

/// The nodes that one depends on, and it: in the order of computation.
fn before(arrays: &super::names::Arrays<'_>, node: NodeId) -> Vec<NodeId> {
    let mut needed = BTreeSet::from([node]);
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        open.extend(arrays.graph.inputs(next).iter().copied().filter(|&input| needed.insert(input)));
    }
    needed.into_iter().collect()
}

/// The numbers of the nodes that one acts on, and its own.
fn moved(arrays: &super::names::Arrays<'_>, node: NodeId) -> BTreeSet<usize> {
    let mut moved = BTreeSet::from([node.number()]);
    for next in arrays.graph.nodes() {
        if arrays.graph.inputs(next).iter().any(|input| moved.contains(&input.number())) {
            moved.insert(next.number());
        }
    }
    moved
}
