//! A whole step of a small network as a worked page: forward, cost, backward, every new value.

mod norm;

use super::digits::{USUAL, enough_for, number};
use super::layer::one_row;
use super::notation::{Term, Thing};
use super::page::{chained, equation, factors, in_product, update_line};
use super::{Opened, Subject, Wording, Worked};
use crate::document::{Block, Document, Equation, Inline, Table};
use crate::error::{Error, Kind};
use backlit_engine::NodeId;
use backlit_engine::explain::{Place, Target, Values};
use backlit_engine::formula::{Formula, evaluate, parse};
use backlit_engine::op::About;
use backlit_engine::typeset::{Math, greek, typeset};
use rayon::prelude::*;
use serde_json::json;

/// Parameters of the largest network that is worked as a whole.
const LARGEST: usize = 1000;

/// Terms of a weighted sum that are all written out; of longer ones the first two and the last.
const TERMS: usize = 4;

/// Works the step for the one kept row.
pub fn step(subject: &Subject, wording: &Wording<'_>) -> Result<Worked, Error> {
    let row = one_row(subject)?;
    if subject.built.numeric.is_some() {
        let message = "a whole step is not worked through numeric embeddings, and this network has some";
        return Err(Error::new(Kind::Usage, message).hint("--parameter numeric.frequency[0,0], or --layer 1"));
    }
    let count = subject.parameters.len();
    if count > LARGEST {
        let message = format!("a whole step is worked for networks of at most {LARGEST} parameters; this one has {count}");
        return Err(Error::new(Kind::Usage, message).hint("--parameter layer1.weight[0,0], or --layer 1"));
    }
    let data = subject.data();
    let values = subject.finite_values(&data)?;
    let gradients = values.gradients();
    let opened: Vec<Opened> =
        (0..count).into_par_iter().map(|index| subject.open(Target::Parameter(index), 0)).collect::<Result<_, _>>()?;
    let mut page = Document::new(format!("One step of training, worked through: row {row}"));
    let work = Work { subject, wording, values: &values, gradients: &gradients };
    work.forward(&mut page);
    work.cost(&mut page);
    work.backward(&mut page);
    work.updates(&mut page, &opened);
    let agrees = opened.iter().all(|one| one.explanation.routes.agrees);
    let worst = opened.iter().map(|one| one.explanation.routes.largest_relative_difference).fold(0.0, f64::max);
    page.heading(2, "Three routes");
    let verdict = match agrees {
        true => {
            format!("For all {count} parameters the chain's product, backpropagation and dual numbers agree, at worst within {worst:.1e}.")
        }
        false => "THEY DISAGREE: see backlit check.".to_string(),
    };
    page.paragraph([Inline::Strong(verdict)]);
    let layers = subject.built.layers.iter().enumerate().map(|(l, nodes)| {
        let (z, a, delta) = (values.all(nodes.z), values.all(nodes.a), &gradients[nodes.z.number()]);
        let mut record = json!({ "layer": l + 1, "z": z, "a": a, "delta": delta });
        if let Some(norm) = nodes.norm {
            record["n"] = json!(values.all(norm.n));
        }
        if nodes.out != nodes.a {
            record["s"] = json!(values.all(nodes.out));
        }
        record
    });
    let parameters = opened.iter().map(|one| {
        let (explanation, update) = (&one.explanation, one.update.as_ref());
        json!({
            "name": one.name, "value": explanation.value, "gradient": explanation.gradient, "new_value": update.map(|update| update.new_value),
            "frozen": update.is_some_and(|update| update.frozen), "routes": super::json::routes(one),
        })
    });
    let record = json!({
        "row": row, "cost": work.at(subject.built.cost, 0), "layers": layers.collect::<Vec<_>>(),
        "parameters": parameters.collect::<Vec<_>>(), "agrees": agrees,
    });
    Ok(Worked { page, record, agrees })
}

struct Work<'a> {
    subject: &'a Subject,
    wording: &'a Wording<'a>,
    values: &'a Values<'a>,
    gradients: &'a [Vec<f64>],
}

impl Work<'_> {
    fn at(&self, node: NodeId, index: usize) -> f64 {
        self.values.at(Place { node, index })
    }

    fn gradient(&self, node: NodeId, index: usize) -> f64 {
        self.gradients[node.number()].get(index).copied().unwrap_or(0.0)
    }

    /// What goes into a layer: node, and the name of each number.
    fn input(&self, layer: usize) -> (NodeId, Box<dyn Fn(usize) -> Math + '_>) {
        match layer {
            1 => (self.subject.x_node(), Box::new(|i| self.wording.thing(Thing::Input(i)))),
            _ => {
                let before = self.subject.built.layers[layer - 2].out;
                (before, Box::new(move |index| self.wording.thing(self.wording.at(Place { node: before, index }))))
            }
        }
    }

    /// The operation's own formula with the letters of this place, evaluated.
    fn formula(&self, about: &About, constants: &[(&str, f64)], letters: &[(&str, Math, f64)]) -> Option<Vec<Math>> {
        let formula: Formula = parse(about.formula).ok()?;
        let mut numbers: Vec<(&str, f64)> = letters.iter().map(|(name, _, value)| (*name, *value)).collect();
        numbers.extend(constants.iter().copied());
        let value: f64 = evaluate(&formula, &numbers).ok()?;
        let symbols = typeset(&formula, &|name| match letters.iter().find(|(letter, ..)| *letter == name) {
            Some((_, math, _)) => math.clone(),
            None => Math::letter(greek(name)),
        });
        Some(vec![symbols, super::wording::with_numbers(&formula, &numbers, value, USUAL)])
    }

    fn forward(&self, page: &mut Document) {
        page.heading(2, "Forward");
        let inputs = self.subject.names.inputs.len();
        let x = self.subject.x_node();
        let input = |i: usize| {
            let value = number(self.at(x, i), USUAL);
            let steps = self.looked_up(i).map(|of| self.wording.thing(self.wording.at(of))).into_iter().chain([value]);
            chained(self.wording.thing(Thing::Input(i)), steps.collect())
        };
        page.equations((0..inputs).map(input).collect::<Vec<_>>());
        for (l, nodes) in self.subject.built.layers.iter().enumerate() {
            let layer = l + 1;
            page.heading(3, format!("Layer {layer}"));
            let (input, name) = self.input(layer);
            let width = self.subject.names.width_into(layer);
            let (mut equations, mut behind) = (Vec::new(), self.row_statistics(layer));
            for unit in 0..self.subject.names.units[l] {
                let weight = |input: usize| Thing::Weight { layer, unit, input };
                let z = self.at(nodes.z, unit);
                let mut sum = Sum::new(width, |i| {
                    let pair = [self.at(nodes.weight, unit * width + i), self.at(input, i)];
                    (Math::joined([self.wording.thing(weight(i)), name(i)], "·"), pair)
                });
                sum.alone.extend(nodes.bias.map(|bias| (self.wording.thing(Thing::Bias { layer, unit }), self.at(bias, unit))));
                let z_name = self.wording.thing(Thing::PreActivation { layer, unit });
                equations.push(sum.equation(z_name.clone(), z));
                let mut steps = Vec::new();
                let (into, value) = match &nodes.norm {
                    None => (z_name, z),
                    Some(norm) => {
                        behind.extend(self.normalized(norm, layer, unit));
                        (self.node_at(norm.n, unit), self.at(norm.n, unit))
                    }
                };
                if let Some(op) = self.subject.built.graph.operation_at(nodes.a) {
                    steps = self.formula(op.about(), &op.constants(), &[("z", into, value)]).unwrap_or_default();
                }
                steps.push(number(self.at(nodes.a, unit), USUAL));
                let equations = if nodes.norm.is_some() { &mut behind } else { &mut equations };
                equations.push(chained(self.wording.thing(Thing::Activation { layer, unit }), steps));
                equations.extend(self.skipped(layer, unit));
            }
            equations.extend(behind);
            page.equations(equations);
        }
    }

    fn cost(&self, page: &mut Document) {
        page.heading(2, "Cost");
        let built = &self.subject.built;
        let Some(op) = built.graph.operation_at(built.loss) else { return };
        let last = self.subject.names.layers();
        let about = op.about();
        let letter = about.partials.first().map_or("a", |partial| partial.by);
        let mut equations = Vec::new();
        let mut terms = Vec::new();
        for k in 0..self.subject.names.outputs.len() {
            let out = Place { node: built.layers[last - 1].out, index: k };
            let (a, y) = (self.wording.at(out), Thing::Target(k));
            let (a_value, y_value) = (self.values.at(out), self.at(self.subject.y_node(), k));
            equations.push(Equation::new(self.wording.thing(y), number(y_value, USUAL)));
            let letters = [(letter, self.wording.thing(a), a_value), ("y", self.wording.thing(y), y_value)];
            terms.extend(self.formula(about, &op.constants(), &letters));
        }
        let cost = self.at(built.loss, 0);
        let steps = match terms.is_empty() {
            // A loss of the whole row: its own words.
            true => vec![Math::text(format!("{} ({})", about.name, about.formula)), number(cost, USUAL)],
            false => {
                let sum = |step: usize| Math::joined(terms.iter().map(|term| term[step].clone()), "+");
                vec![sum(0), sum(1), number(cost, USUAL)]
            }
        };
        equations.push(chained(self.node(built.loss), steps));
        equations.extend(self.terms());
        page.equations(equations);
    }

    /// What a node of one number a row is called.
    fn node(&self, node: NodeId) -> Math {
        self.node_at(node, 0)
    }

    fn node_at(&self, node: NodeId, index: usize) -> Math {
        self.wording.thing(self.wording.at(Place { node, index }))
    }

    /// From the loss to the cost, where these are two.
    fn terms(&self) -> Vec<Equation> {
        let built = &self.subject.built;
        let engine = self.subject.metadata.network.terms.network();
        let mut equations = Vec::new();
        let mut before = built.loss;
        if let Some(w) = built.graph.find("w").filter(|_| engine.weighted) {
            let after = built.graph.find("weighted").unwrap_or(built.cost);
            let symbols = Math::joined([self.node(w), self.node(before)], "·");
            let (numbers, value) = ([self.at(w, 0), self.at(before, 0)], self.at(after, 0));
            equations.push(chained(self.node(after), vec![symbols, factors(&numbers, value), number(value, USUAL)]));
            before = after;
        }
        if engine.penalizes() {
            let of = if engine.penalize_biases { "weights and biases" } else { "weights" };
            let (mut parts, mut numbers) = (Vec::new(), Vec::new());
            let mut penalty = 0.0;
            let all = built.layers.iter().flat_map(|nodes| [Some(nodes.weight), nodes.bias.filter(|_| engine.penalize_biases)]);
            let all = built.tables.iter().copied().chain(all.flatten());
            let all: Vec<f64> = all.flat_map(|node| self.values.all(node)).copied().collect();
            if engine.l1 > 0.0 {
                parts.push(Math::joined([number(engine.l1, USUAL), Math::text("Σ |w|".to_string())], "·"));
                let cost = engine.l1 * all.iter().map(|w| w.abs()).sum::<f64>();
                numbers.push(number(cost, USUAL));
                penalty += cost;
            }
            if engine.l2 > 0.0 {
                parts.push(Math::joined([number(engine.l2 / 2.0, USUAL), Math::text("Σ w²".to_string())], "·"));
                let cost = engine.l2 / 2.0 * all.iter().map(|w| w * w).sum::<f64>();
                numbers.push(number(cost, USUAL));
                penalty += cost;
            }
            let symbol = self.wording.thing(Thing::Term(Term::Penalty));
            let steps = vec![Math::joined(parts, "+"), Math::joined(numbers, "+"), number(penalty, USUAL)];
            equations.push(chained(symbol.clone(), steps).note(format!("over all {of}")));
            let numbers = Math::joined([number(self.at(before, 0), USUAL), number(penalty, USUAL)], "+");
            let steps = vec![Math::joined([self.node(before), symbol], "+"), numbers, number(self.at(built.cost, 0), USUAL)];
            equations.push(chained(self.node(built.cost), steps));
        }
        equations
    }

    /// ∂C/∂ a parameter, which is `value`: what comes through the layer, and what the parameter costs by itself.
    fn with_penalty(&self, left: Math, parameter: NodeId, index: usize, through: [Math; 2], value: f64) -> Equation {
        let [symbols, numbers] = through;
        let Some(wrt) = self.subject.penalized(parameter) else { return chained(left, vec![symbols, numbers, number(value, USUAL)]) };
        let factor = self.values.factor(self.subject.built.cost, wrt, Place { node: parameter, index }, 0);
        let (formula, substituted) = (self.wording.formula(&factor), self.wording.substituted(&factor));
        let more = |math: Math, with: Option<Math>| Math::joined(std::iter::once(math).chain(with), "+");
        chained(left, vec![more(symbols, formula), more(numbers, substituted), number(value, USUAL)])
    }

    fn backward(&self, page: &mut Document) {
        page.heading(2, "Backward");
        for (l, nodes) in self.subject.built.layers.iter().enumerate().rev() {
            let layer = l + 1;
            page.heading(3, format!("Layer {layer}"));
            let units = self.subject.names.units[l];
            let mut equations = Vec::new();
            for unit in 0..units {
                let into = Place { node: nodes.norm.map_or(nodes.z, |norm| norm.n), index: unit };
                let (a, z) = (Thing::Activation { layer, unit }, self.wording.at(into));
                let da = self.gradient(nodes.a, unit);
                equations.extend(self.gradient_of_output(layer, unit, self.gradient(nodes.out, unit)));
                equations.extend(self.before_skip(layer, unit));
                let slope = self.values.local(nodes.a, 0, unit, unit);
                equations.push(self.written(self.wording.partial(a, z), nodes.a, into, unit));
                let delta = self.gradient(into.node, unit);
                let product = Math::joined([self.wording.partial(Thing::Cost, a), self.wording.partial(a, z)], "·");
                let steps = vec![product, factors(&[da, slope], delta), number(delta, USUAL)];
                equations.push(chained(self.wording.partial(Thing::Cost, z), steps));
            }
            equations.extend(nodes.norm.iter().flat_map(|norm| self.through_norm(norm, layer)));
            page.equations(equations);
            page.equations(self.weights(layer));
        }
        self.embeddings(page);
    }

    /// The number of a table that stands in the place of a code, as the i-th of what goes into the first layer.
    fn looked_up(&self, i: usize) -> Option<Place> {
        let (built, columns) = (&self.subject.built, self.subject.names.columns.len());
        let own = columns - built.tables.len();
        let numbers = built.graph.parameters().first().filter(|_| i >= own)?.columns;
        let (table, number) = ((i - own) / numbers, (i - own) % numbers);
        let code = self.at(built.graph.find("x")?, own + table);
        Some(Place { node: built.tables[table], index: code as usize * numbers + number })
    }

    /// ∂C/∂ the numbers of the levels that the row has; those of all other levels move nothing.
    fn embeddings(&self, page: &mut Document) {
        if self.subject.built.tables.is_empty() {
            return;
        }
        page.heading(3, "Embeddings");
        let first = self.subject.built.layers[0];
        let width = self.subject.names.width_into(1);
        let equations = (0..width).filter_map(|i| {
            let of = self.looked_up(i)?;
            let left = self.wording.partial(Thing::Cost, self.wording.at(of));
            let mut sum = Sum::new(self.subject.names.units[0], |unit| {
                let (weight, z) = (Thing::Weight { layer: 1, unit, input: i }, Thing::PreActivation { layer: 1, unit });
                let symbols = Math::joined([self.wording.partial(Thing::Cost, z), self.wording.thing(weight)], "·");
                (symbols, [self.gradient(first.z, unit), self.at(first.weight, unit * width + i)])
            });
            sum.alone = self.through_skips(0, i);
            let through = self.gradient(self.subject.x_node(), i);
            let seen = sum.equation(self.wording.partial(Thing::Cost, Thing::Input(i)), through);
            let symbol = self.wording.partial(Thing::Cost, Thing::Input(i));
            Some([seen, self.with_penalty(left, of.node, of.index, [symbol, number(through, USUAL)], self.gradient(of.node, of.index))])
        });
        page.equations(equations.flatten().collect::<Vec<_>>());
    }

    /// ∂C/∂ what leaves a unit: from the loss, or the sum over the next layer's units and over skips.
    fn gradient_of_output(&self, layer: usize, unit: usize, value: f64) -> Vec<Equation> {
        let place = Place { node: self.subject.built.layers[layer - 1].out, index: unit };
        let left = self.wording.partial(Thing::Cost, self.wording.at(place));
        let Some(next) = self.subject.built.layers.get(layer) else {
            let built = &self.subject.built;
            if built.loss == built.cost {
                return vec![self.written(left, built.cost, place, 0).note("from the loss")];
            }
            let loss = self.wording.at(Place { node: built.loss, index: 0 });
            let symbols = [self.wording.partial(Thing::Cost, loss), self.wording.partial(loss, self.wording.at(place))];
            let slope = self.written(symbols[1].clone(), built.loss, place, 0).note("from the loss");
            let numbers = factors(&[self.gradient(built.loss, 0), self.values.local(built.loss, 0, unit, 0)], value);
            return vec![slope, chained(left, vec![Math::joined(symbols, "·"), numbers, number(value, USUAL)])];
        };
        let width = self.subject.names.units[layer - 1];
        let mut sum = Sum::new(self.subject.names.units[layer], |k| {
            let (weight, z) =
                (Thing::Weight { layer: layer + 1, unit: k, input: unit }, Thing::PreActivation { layer: layer + 1, unit: k });
            let symbols = Math::joined([self.wording.partial(Thing::Cost, z), self.wording.thing(weight)], "·");
            (symbols, [self.gradient(next.z, k), self.at(next.weight, k * width + unit)])
        });
        sum.alone = self.through_skips(layer, unit);
        vec![sum.equation(left, value)]
    }

    /// ∂of/∂by through one operation: formula, formula with numbers, number.
    fn written(&self, left: Math, of: NodeId, by: Place, k: usize) -> Equation {
        let factor = self.values.factor(of, 0, by, k);
        Equation { left, ..equation(&factor, self.wording) }
    }

    /// ∂C/∂ every weight and bias of a layer.
    fn weights(&self, layer: usize) -> Vec<Equation> {
        let nodes = self.subject.built.layers[layer - 1];
        let (input, name) = self.input(layer);
        let width = self.subject.names.width_into(layer);
        let mut equations = Vec::new();
        for unit in 0..self.subject.names.units[layer - 1] {
            let delta = self.wording.partial(Thing::Cost, Thing::PreActivation { layer, unit });
            for i in 0..width {
                let weight = Thing::Weight { layer, unit, input: i };
                let symbols = Math::joined([delta.clone(), name(i)], "·");
                let value = self.gradient(nodes.weight, unit * width + i);
                let pair = [self.gradient(nodes.z, unit), self.at(input, i)];
                let through = [symbols, factors(&pair, pair[0] * pair[1])];
                equations.push(self.with_penalty(
                    self.wording.partial(Thing::Cost, weight),
                    nodes.weight,
                    unit * width + i,
                    through,
                    value,
                ));
            }
            if let Some(bias) = nodes.bias {
                let through = [delta, number(self.gradient(nodes.z, unit), USUAL)];
                let value = self.gradient(bias, unit);
                equations.push(self.with_penalty(
                    self.wording.partial(Thing::Cost, Thing::Bias { layer, unit }),
                    bias,
                    unit,
                    through,
                    value,
                ));
            }
        }
        equations
    }

    fn updates(&self, page: &mut Document, opened: &[Opened]) {
        if opened.iter().all(|one| one.update.is_none()) {
            return;
        }
        let training = &self.subject.metadata.training;
        page.heading(2, "New values");
        page.say(format!(
            "The first step of {} with learning rate {}. All of them use the old values.",
            training.optimizer, training.learning_rate
        ));
        self.subject.metadata.network.rates_said().into_iter().for_each(|said| page.say(said));
        // The rule once, worked for the first parameter that moves; the others in a table.
        let example = opened.iter().find(|one| one.update.as_ref().is_some_and(|update| !update.frozen));
        if let Some((one, update)) = example.and_then(|one| one.update.as_ref().map(|update| (one, update))) {
            let lines = update.lines.iter().map(|line| {
                let (symbol, formula, substituted) = update_line(line, one, self.wording);
                chained(symbol, vec![formula, substituted, number(line.value, update.digits)])
            });
            page.equations(lines.collect::<Vec<_>>());
        }
        let mut table = Table {
            head: ["parameter", "", "value", "gradient", "new value"].map(|head| vec![Inline::Text(head.into())]).to_vec(),
            ..Table::default()
        };
        table.numbers = vec![2, 3, 4];
        for one in opened {
            let explanation = &one.explanation;
            let math = |value: f64, digits: usize| Inline::Math(number(value, digits));
            let new = match &one.update {
                None => vec![Inline::Text("–".into())],
                Some(update) if update.frozen => vec![math(update.new_value, 12), Inline::Text(" (frozen)".into())],
                Some(update) => vec![math(update.new_value, 12)],
            };
            table.rows.push(vec![
                vec![Inline::Code(one.name.clone())],
                vec![Inline::Math(self.wording.thing(self.wording.at(explanation.place)))],
                vec![math(explanation.value, USUAL)],
                vec![math(explanation.gradient, 12)],
                new,
            ]);
        }
        page.blocks.push(Block::Table(table));
    }
}

/// A sum of products of two, and perhaps numbers more.
struct Sum {
    /// Symbols and numbers of each term.
    terms: Vec<(Math, [f64; 2])>,
    alone: Vec<(Math, f64)>,
}

impl Sum {
    fn new(count: usize, term: impl Fn(usize) -> (Math, [f64; 2])) -> Sum {
        Sum { terms: (0..count).map(term).collect(), alone: Vec::new() }
    }

    /// left = symbols = numbers = value, with digits enough to do the sum again.
    fn equation(&self, left: Math, value: f64) -> Equation {
        let alone = self.alone.iter().map(|(_, number)| *number);
        let numbers: Vec<f64> = self.terms.iter().flat_map(|(_, pair)| *pair).chain(alone).collect();
        let digits = enough_for(&numbers, value, USUAL, |numbers| {
            let (pairs, rest) = numbers.split_at(2 * self.terms.len());
            pairs.as_chunks::<2>().0.iter().map(|[a, b]| a * b).chain(rest.iter().copied()).sum()
        });
        let drawn = |value: f64| in_product(value, digits);
        let (mut symbols, mut numbers) = (Vec::new(), Vec::new());
        for term in shown(self.terms.len()) {
            let (symbol, number) = match term {
                Some(i) => (self.terms[i].0.clone(), Math::joined(self.terms[i].1.map(drawn), "·")),
                None => (Math::Sign("…"), Math::Sign("…")),
            };
            symbols.push(symbol);
            numbers.push(number);
        }
        for (symbol, value) in &self.alone {
            symbols.push(symbol.clone());
            numbers.push(drawn(*value));
        }
        chained(left, vec![Math::joined(symbols, "+"), Math::joined(numbers, "+"), number(value, USUAL)])
    }
}

/// Which of so many terms are written out; none stands for those between.
fn shown(count: usize) -> Vec<Option<usize>> {
    match count {
        0..=TERMS => (0..count).map(Some).collect(),
        _ => (0..2).map(Some).chain([None, Some(count - 1)]).collect(),
    }
}
