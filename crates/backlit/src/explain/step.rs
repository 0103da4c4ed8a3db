//! A whole step as a worked page: forward, cost, backward, new values.
//!
//! Everything is drawn from the graph: each operation says of its numbers what they are sums of, and what they do to the next.
//! Of a large network a part is written out that hangs together, and the rest of each sum stands in it as one number.

mod lines;
mod shown;

use super::digits::{USUAL, number, said};
use super::layer::one_row;
use super::page::{chained, difference, update_line};
use super::{Opened, Subject, Wording, Worked, dropout_said, terms, update};
use crate::document::{Block, Document, Inline, Table};
use crate::error::Error;
use crate::layers::Norm;
use backlit_engine::NodeId;
use backlit_engine::check::{Report, check_up_to};
use backlit_engine::explain::{Place, Target, Values};
use backlit_engine::plan::Plan;
use backlit_engine::step::Runner;
use lines::Lines;
use rayon::prelude::*;
use serde_json::json;
use shown::{KEPT, OF_EACH, Shown, WIDE};

/// Multiplications of dual numbers after which a large network is compared by samples.
const AFFORDABLE: f64 = 2e7;

/// Relative difference that rounding explains between two orders of the same backward pass.
const SAME: f64 = 1e-9;

/// Works the step for the one kept row.
pub fn step(subject: &Subject, wording: &Wording<'_>) -> Result<Worked, Error> {
    let row = one_row(subject)?;
    let data = subject.data();
    let values = subject.finite_values(&data)?;
    let gradients = values.gradients();
    let shown = Shown::new(subject, &values, &gradients);
    let opened: Vec<Opened> =
        shown.parameters(subject).into_par_iter().map(|index| subject.open(Target::Parameter(index), 0)).collect::<Result<_, _>>()?;
    let mut page = Document::new(format!("One step of training, worked through: row {row}"));
    introduction(&mut page, subject, &shown);
    let lines = Lines::new(subject, wording, &values, &gradients, &shown);
    forward(&mut page, subject, &lines);
    backward(&mut page, subject, &lines);
    updates(&mut page, &opened, wording);
    let sample = (!shown.all).then(|| Sample::new(subject, &gradients));
    let agrees = opened.iter().all(|one| one.explanation.routes.agrees) && sample.as_ref().is_none_or(Sample::agrees);
    routes(&mut page, &opened, sample.as_ref(), agrees);
    let record = record(row, subject, &values, &gradients, &opened, sample.as_ref(), agrees);
    Ok(Worked { page, record, agrees })
}

/// What a reader has to know before the first number.
fn introduction(page: &mut Document, subject: &Subject, shown: &Shown) {
    let network = &subject.metadata.network;
    if !shown.all {
        let kinds = match shown.several {
            true => format!(", of what goes into the first layer at most {OF_EACH} of each kind and {WIDE} in all"),
            false => String::new(),
        };
        page.say(format!(
            "The network has {} parameters, too many for a page. Where more than {WIDE} numbers stand side by side, those {KEPT} are written out \
             whose value times derivative is largest in size{kinds}. The others stand together in each sum, so that every sum is whole.",
            subject.parameters.len()
        ));
    }
    subject.members_said().into_iter().for_each(|said| page.say(said));
    if network.layers.iter().any(|layer| layer.norm == Some(Norm::Batch)) {
        page.say("A batch norm is shown by its running statistics; in training those of the batch stand in their place.");
    }
    dropout_said(&network.dropout()).into_iter().for_each(|said| page.say(said));
    terms::say(page, subject);
}

/// What a part of the graph is called: what stands before the layers, each layer, and the cost.
fn heading(part: usize, subject: &Subject) -> String {
    match part {
        0 => "Inputs".into(),
        part if part <= subject.built.layers.len() => format!("Layer {part}"),
        _ => "Cost".into(),
    }
}

/// Which part a node belongs to. Targets and weights of rows belong to the cost.
fn part_of(subject: &Subject, node: NodeId) -> usize {
    let layers = &subject.built.layers;
    let last = layers.last().map_or(0, |layer| layer.out.number());
    let is_data = subject.built.graph.operation_at(node).is_none() && subject.built.graph.parameter_of(node).is_none();
    if node.number() > last || is_data && subject.built.graph.name(node) != "x" {
        return layers.len() + 1;
    }
    layers.iter().filter(|layer| layer.weight.number() <= node.number()).count()
}

/// The nodes of a part, in the order of the graph.
fn nodes(subject: &Subject, part: usize) -> impl DoubleEndedIterator<Item = NodeId> + '_ {
    let cost = subject.built.cost.number();
    subject.built.graph.nodes().filter(move |node| node.number() <= cost && part_of(subject, *node) == part)
}

fn forward(page: &mut Document, subject: &Subject, lines: &Lines<'_>) {
    page.heading(2, "Forward");
    for part in 0..=subject.built.layers.len() + 1 {
        let found: Vec<_> = nodes(subject, part).map(|node| lines.values_of(node)).filter(|lines| !lines.is_empty()).collect();
        if !found.is_empty() {
            page.heading(3, heading(part, subject));
            found.into_iter().for_each(|equations| page.equations(equations));
        }
    }
}

fn backward(page: &mut Document, subject: &Subject, lines: &Lines<'_>) {
    page.heading(2, "Backward");
    for part in (0..=subject.built.layers.len() + 1).rev() {
        let is_parameter = |node: &NodeId| subject.built.graph.parameter_of(*node).is_some();
        let operations = nodes(subject, part).rev().filter(|node| !is_parameter(node));
        let order = operations.chain(nodes(subject, part).filter(is_parameter));
        let found: Vec<_> = order.map(|node| lines.derivatives_by(node)).filter(|lines| !lines.is_empty()).collect();
        if !found.is_empty() {
            page.heading(3, heading(part, subject));
            found.into_iter().for_each(|equations| page.equations(equations));
        }
    }
}

fn updates(page: &mut Document, opened: &[Opened], wording: &Wording<'_>) {
    if opened.iter().all(|one| one.update.is_none()) {
        return;
    }
    let subject = wording.subject;
    let (network, training) = (&subject.metadata.network, &subject.metadata.training);
    page.heading(2, "New values");
    // The rule once, worked for the parameter that is pulled most of those that move; the others in a table.
    let moves = |one: &&Opened| one.update.as_ref().is_some_and(|update| !update.frozen);
    let example = opened.iter().filter(moves).reduce(|most, one| match one.explanation.gradient.abs() > most.explanation.gradient.abs() {
        true => one,
        false => most,
    });
    let factor = example.and_then(|one| one.update.as_ref()?.lead.factor);
    let rate = match factor {
        Some(factor) => {
            let product = said(training.learning_rate * factor, USUAL);
            format!("{} · {} = {product}", training.learning_rate, said(factor, USUAL))
        }
        None => training.learning_rate.to_string(),
    };
    page.say(format!("The first step of {} with learning rate {rate}. All of them use the old values.", training.optimizer));
    let own_rates = network.rates_said(training.learning_rate, factor.unwrap_or(1.0));
    own_rates.iter().for_each(|said| page.say(said.clone()));
    let says = example.and_then(|one| one.update.as_ref()).map(|update| update.says.clone());
    says.into_iter().flatten().for_each(|said| page.say(said));
    if let Some((one, update)) = example.and_then(|one| one.update.as_ref().map(|update| (one, update))) {
        let lines = update.lines.iter().map(|line| {
            let (symbol, formula, substituted) = update_line(line, one, wording);
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
            vec![Inline::Math(wording.thing(wording.at(explanation.place)))],
            vec![math(explanation.value, USUAL)],
            vec![math(explanation.gradient, 12)],
            new,
        ]);
    }
    page.blocks.push(Block::Table(table));
    let still = opened.iter().filter(|one| one.update.as_ref().is_some_and(|update| update.frozen)).count();
    let frozen = update::frozen(subject).iter().map(ExactSizeIterator::len).sum::<usize>() - still;
    let rates = if own_rates.is_some() { ", each at its own rate" } else { "" };
    match (subject.parameters.len() - opened.len(), frozen) {
        (0, _) => {}
        (others, 0) => page.say(format!("The other {others} parameters move by the same rule{rates}.")),
        (others, frozen) if frozen == others => page.say(format!("The other {others} parameters are frozen: they keep their values.")),
        (others, frozen) => page.say(format!(
            "Of the other {others} parameters {} move by the same rule{rates}; {frozen} are frozen and keep their values.",
            others - frozen
        )),
    }
}

/// What stands for all parameters of a network that is too large to open each.
struct Sample {
    /// Backpropagation of training beside dual numbers, for some parameters and along random directions through all.
    report: Report,
    /// How far the backward pass of the page is from that of training, relatively to each or to the largest of all.
    apart: f64,
}

impl Sample {
    fn new(subject: &Subject, gradients: &[Vec<f64>]) -> Sample {
        let (graph, data) = (&subject.built.graph, subject.data());
        let plan = Plan::gradient(graph, subject.built.cost);
        let mut runner = Runner::new(&plan, 1, 1);
        let mut gradient = |parameters: &[f64]| {
            let mut found = vec![0.0; parameters.len()];
            runner.gradient(&plan, parameters, &data, 1, &mut found);
            found
        };
        let found = gradient(&subject.parameters);
        let report = check_up_to(AFFORDABLE, graph, subject.built.cost, &subject.parameters, &data, 1, &mut gradient);
        let largest = found.iter().fold(f64::MIN_POSITIVE, |most: f64, g| most.max(g.abs()));
        let here = graph.nodes().filter_map(|node| Some((node, graph.parameter_of(node)?)));
        let pairs = here.flat_map(|(node, parameter)| {
            let own = gradients.get(node.number()).map_or(&[][..], Vec::as_slice);
            let found = &found[parameter.start..parameter.start + parameter.size()];
            found.iter().enumerate().map(|(at, found)| (*found, own.get(at).copied().unwrap_or(0.0)))
        });
        let relative = |(a, b): (f64, f64)| if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()).max(1e-6 * largest) };
        let apart = pairs.map(relative).fold(0.0, |most: f64, apart| if apart > most || apart.is_nan() { apart } else { most });
        Sample { report, apart }
    }

    fn agrees(&self) -> bool {
        self.report.passed() && self.apart <= SAME
    }

    fn worst(&self) -> f64 {
        self.report.worst().map_or(0.0, |worst| worst.relative_difference)
    }
}

fn routes(page: &mut Document, opened: &[Opened], sample: Option<&Sample>, agrees: bool) {
    let worst = opened.iter().map(|one| one.explanation.routes.largest_relative_difference).fold(0.0, f64::max);
    let (worst, apart) = (difference(worst), difference(sample.map_or(0.0, Sample::worst)));
    page.heading(2, "Three routes");
    let verdict = match (agrees, sample) {
        (false, _) => "THEY DISAGREE: see backlit check.".to_string(),
        (true, None) => format!(
            "For all {} parameters the chain's product, backpropagation and dual numbers agree, at worst within {worst}.",
            opened.len()
        ),
        (true, Some(sample)) if sample.report.directions.is_empty() => format!(
            "For the {} parameters written out the chain's product, backpropagation and dual numbers agree, at worst within {worst}; for \
             all {}, backpropagation and dual numbers, within {apart}.",
            opened.len(),
            sample.report.parameters.len(),
        ),
        (true, Some(sample)) => format!(
            "For the {} parameters written out the chain's product, backpropagation and dual numbers agree, at worst within {worst}; for \
             {} more, and along {} random directions through all, backpropagation and dual numbers, within {apart}.",
            opened.len(),
            sample.report.parameters.len(),
            sample.report.directions.len(),
        ),
    };
    page.paragraph([Inline::Strong(verdict)]);
}

fn record(
    row: usize,
    subject: &Subject,
    values: &Values<'_>,
    gradients: &[Vec<f64>],
    opened: &[Opened],
    sample: Option<&Sample>,
    agrees: bool,
) -> serde_json::Value {
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
    let mut record = json!({
        "row": row, "cost": values.at(Place { node: subject.built.cost, index: 0 }), "layers": layers.collect::<Vec<_>>(),
        "parameters": parameters.collect::<Vec<_>>(), "parameter_count": subject.parameters.len(), "agrees": agrees,
        "dropout": super::json::dropout(&subject.metadata.network.dropout()),
    });
    if let Some(sample) = sample {
        record["sample"] = json!({
            "parameters": sample.report.parameters.len(), "directions": sample.report.directions.len(),
            "largest_relative_difference": sample.worst(), "agrees": sample.agrees(),
        });
    }
    record
}
