//! The sheet as a page, with blanks or with answers.

use super::{Blank, Carry, Options, Question, written};
use crate::audit;
use crate::by_hand::{self, Net};
use crate::document::{Block, Document, Equation, Inline, Table};
use crate::drawing::network::{Column, Diagram, Edge, Unit};
use crate::explain::digits::{number, said, with_minus};
use crate::explain::notation::{NumericPart, Part, Term, Thing};
use crate::explain::{Opened, Wording, is_frozen, over, update_line};
use backlit_engine::explain::Place;
use backlit_engine::formula::parse;
use backlit_engine::typeset::{Math, greek, typeset, unicode};

/// Digits of given numbers: more than they have.
const GIVEN: usize = 15;

/// All that a page needs.
pub(super) struct Layout<'a> {
    pub wording: &'a Wording<'a>,
    pub net: &'a Net,
    pub questions: &'a [Question],
    pub carry: Carry,
    pub options: &'a Options,
    /// Whether given numbers were rounded.
    pub shortened: bool,
    pub opened: &'a [Opened],
}

fn words(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

impl Layout<'_> {
    /// The sheet; with its answers it is the key.
    pub fn page(&self, answers: bool) -> Document {
        let title = "Backpropagation by hand";
        let mut page = Document::new(if answers { format!("{title}: the answers") } else { title.to_string() });
        let subject = self.wording.subject;
        let layers = subject.names.units.iter().zip(subject.metadata.network.said());
        let layers: Vec<String> = layers.map(|(units, said)| format!("{units} {said}")).collect();
        page.say(format!(
            "A network of {} inputs and layers of {} units; loss {}. {}; seed {}.",
            subject.names.inputs.len(),
            layers.join(" and "),
            subject.metadata.network.loss,
            match self.options.random {
                true => "Random numbers".to_string(),
                false => format!("Row {} of {}", subject.rows[0], subject.metadata.name),
            },
            self.options.seed,
        ));
        page.say(self.rounding());
        self.figure(&mut page);
        page.heading(2, "Given");
        if self.shortened {
            page.say("The model's own numbers are longer; for this sheet they are rounded to what stands here.");
        }
        self.given(&mut page);
        page.heading(2, "Rules");
        self.rules(&mut page);
        for (i, question) in self.questions.iter().enumerate() {
            page.heading(2, format!("{}. {}", i + 1, question.heading));
            page.paragraph(question.intro.clone());
            page.blocks.push(Block::Table(self.table(question, answers)));
        }
        page
    }

    fn rounding(&self) -> String {
        let digits = self.options.digits;
        match self.carry {
            Carry::Digits(carried) if carried == digits => {
                format!("Give every answer to {digits} significant digits. You can compute on with the rounded answers.")
            }
            Carry::Digits(carried) => format!(
                "Give every answer to {digits} significant digits. Compute on with at least {carried} significant digits: with fewer the last digit may come out otherwise."
            ),
            Carry::Full => {
                format!(
                    "Give every answer to {digits} significant digits. Compute on with unrounded numbers: rounding on the way changes the answers."
                )
            }
        }
    }

    fn parameter(&self, place: usize) -> f64 {
        self.wording.subject.parameters[place]
    }

    fn given(&self, page: &mut Document) {
        let subject = self.wording.subject;
        let equation = |thing: Thing, value: f64| Equation::new(self.wording.thing(thing), number(value, GIVEN));
        let front = &self.net.front;
        let inputs = subject.x[..front.own()].iter().enumerate().map(|(i, &x)| equation(Thing::Input(i), x));
        let targets = subject.y.iter().enumerate().map(|(k, &y)| equation(Thing::Target(k), y));
        let weights = subject.w.iter().map(|&w| equation(Thing::Term(Term::RowWeight), w));
        page.equations(inputs.chain(targets).chain(weights).collect::<Vec<_>>());
        self.learned(page);
        for layer in 1..=self.net.depth() {
            let here = self.net.layer(layer);
            let mut table = Table { caption: format!("Layer {layer}"), ..Table::default() };
            table.head = vec![vec![words("unit")]];
            table.head.extend(
                (0..here.inputs)
                    .map(|input| vec![words("weight from "), Inline::Math(self.wording.thing(subject.goes_into(layer, input)))]),
            );
            if here.bias.is_some() {
                table.head.push(vec![words("bias")]);
            }
            let places = |first: Option<usize>| [first, first.map(|first| first + here.units)];
            let ([gain, shift], [mean, variance]) = (places(here.gain), places(here.running));
            let parts = [
                (Part::Gain, "gain γ", gain),
                (Part::Shift, "shift β", shift),
                (Part::RunningMean, "running mean μ", mean),
                (Part::RunningVariance, "running variance σ²", variance),
            ];
            let parts: Vec<(Part, &str, usize)> = parts.into_iter().filter_map(|(part, name, first)| Some((part, name, first?))).collect();
            table.head.extend(parts.iter().map(|(_, name, _)| vec![words(*name)]));
            for unit in 0..here.units {
                let cell = |thing: Thing, value: f64| self.cell(thing, value);
                let mut row = vec![vec![Inline::Math(self.wording.thing(Thing::Activation { layer, unit }))]];
                row.extend((0..here.inputs).map(|input| match here.blocks.into(unit).contains(&input) {
                    true => {
                        cell(Thing::Weight { layer, unit, input }, self.parameter(self.net.place(by_hand::Edge { layer, unit, input })))
                    }
                    false => vec![words("none")],
                }));
                row.extend(here.bias.map(|bias| cell(Thing::Bias { layer, unit }, self.parameter(bias + unit))));
                row.extend(
                    parts.iter().map(|(part, _, start)| cell(Thing::Part { part: *part, layer, unit }, self.parameter(start + unit))),
                );
                table.rows.push(row);
            }
            page.blocks.push(Block::Table(table));
        }
    }

    /// A given number with its name; of one that is not updated, that too.
    fn cell(&self, thing: Thing, value: f64) -> Vec<Inline> {
        let mut cell = vec![Inline::Math(Math::Row(vec![self.wording.thing(thing), Math::Sign("="), number_of(value)]))];
        cell.extend(self.keeps_still(thing).then(|| words(" (frozen)")));
        cell
    }

    fn marked(&self, equation: Equation, thing: Thing) -> Equation {
        if self.keeps_still(thing) { equation.note("frozen") } else { equation }
    }

    /// Whether a parameter is not updated. That running statistics are not is no choice.
    fn keeps_still(&self, thing: Thing) -> bool {
        let is_running = matches!(thing, Thing::Part { part: Part::RunningMean | Part::RunningVariance, .. });
        !is_running && is_frozen(self.wording.subject, thing)
    }

    /// What the lines of a table add to R that the row does not take.
    fn other_lines(&self, page: &mut Document, table: usize, code: usize) {
        let (terms, front) = (&self.net.terms, &self.net.front);
        if !terms.penalizes() {
            return;
        }
        let (_, levels) = front.tables[table];
        let places = (0..levels).filter(|&level| level != code);
        let places = places.flat_map(|level| (0..front.numbers).filter_map(move |number| front.place(table, level, number)));
        let others: Vec<f64> = places.map(|place| self.parameter(place)).collect();
        let sums =
            [(terms.l1, "Σ |W|", others.iter().map(|w| w.abs()).sum()), (terms.l2, "Σ W²", others.iter().map(|w| w * w).sum::<f64>())];
        page.say(format!("The other {} rows of the table are of other levels. For what they cost, of their numbers:", levels - 1));
        let sums = sums.into_iter().filter(|(share, ..)| *share > 0.0);
        page.equations(sums.map(|(_, name, sum)| Equation::new(Math::text(name.to_string()), number_of(sum))).collect::<Vec<_>>());
    }

    /// The numbers that the row's codes take, and what the cosines of columns are made of.
    fn learned(&self, page: &mut Document) {
        let (subject, front) = (self.wording.subject, &self.net.front);
        let name = |thing: Thing| self.wording.thing(thing);
        for (table, &code) in subject.x[front.own()..].iter().enumerate() {
            let column = &subject.names.columns[front.own() + table];
            page.say(format!("{column} is a category. Its row of the table, code {code}, stands for it:"));
            let equations = (0..front.numbers).filter_map(|number| {
                let thing = Thing::Embedding { table: table + 1, level: code as usize, number };
                let value = self.parameter(front.place(table, code as usize, number)?);
                let input = Thing::Input(front.own() + table * front.numbers + number);
                Some(self.marked(Equation::new(name(input), name(thing)).then(number_of(value)), thing))
            });
            page.equations(equations.collect::<Vec<_>>());
            self.other_lines(page, table, code as usize);
        }
        let Some(waves) = &front.waves else { return };
        let [f, phases, weights, biases, _] = waves.starts;
        for (line, &column) in waves.columns.iter().enumerate() {
            let mut table = Table { caption: format!("Cosines of {}", subject.names.columns[column]), ..Table::default() };
            let sums = line * waves.numbers..(line + 1) * waves.numbers;
            let part = |part, line, number| Inline::Math(name(Thing::Numeric { part, line, number }));
            table.head = ["cosine", "frequency", "phase"].map(|head| vec![words(head)]).to_vec();
            table.head.extend(sums.clone().map(|sum| vec![words("weight in "), part(NumericPart::Sum, sum, 0)]));
            let cell = |part, line, number, value: f64| self.cell(Thing::Numeric { part, line, number }, value);
            for k in 0..waves.waves {
                let at = line * waves.waves + k;
                let mut row = vec![vec![part(NumericPart::Wave, line, k)]];
                row.push(cell(NumericPart::Frequency, line, k, self.parameter(f + at)));
                row.push(cell(NumericPart::Phase, line, k, self.parameter(phases + at)));
                row.extend(sums.clone().map(|sum| cell(NumericPart::Weight, sum, k, self.parameter(weights + sum * waves.waves + k))));
                table.rows.push(row);
            }
            page.blocks.push(Block::Table(table));
            let equations = sums.map(|sum| {
                let thing = Thing::Numeric { part: NumericPart::Bias, line: sum, number: 0 };
                self.marked(Equation::new(name(thing), number_of(self.parameter(biases + sum))), thing)
            });
            page.equations(equations.collect::<Vec<_>>());
        }
    }

    /// Activations, loss and update as formulas.
    fn rules(&self, page: &mut Document) {
        let built = &self.wording.subject.built;
        let graph = &built.graph;
        let drawn = |formula: &str, letters: &[(&str, Math)]| {
            let formula = parse(formula).ok()?;
            let letter =
                |name: &str| letters.iter().find(|(known, _)| *known == name).map_or(Math::letter(greek(name)), |(_, math)| math.clone());
            Some(typeset(&formula, &letter))
        };
        let mut equations = Vec::new();
        let mut seen = Vec::new();
        for (l, nodes) in built.layers.iter().enumerate() {
            let (Some(op), name) = (graph.operation_at(nodes.a), &self.wording.subject.names.activations[l]) else { continue };
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let about = op.about();
            let constants: Vec<(&str, Math)> = op.constants().iter().map(|(name, value)| (*name, number(*value, GIVEN))).collect();
            let slope = about.partials.first().and_then(|partial| drawn(partial.formula, &constants));
            let both =
                [(Math::letter("a"), drawn(about.formula, &constants)), (Math::partial(Math::letter("a"), Math::letter("z")), slope)];
            equations.extend(both.into_iter().filter_map(|(left, right)| Some(Equation::new(left, right?).note(name.clone()))));
        }
        let terms = &self.net.terms;
        let loss = if terms.is_empty() { Thing::Cost } else { Thing::Term(Term::Loss) };
        if let Some(op) = graph.operation_at(built.loss) {
            let about = op.about();
            let constants: Vec<(&str, Math)> = op.constants().iter().map(|(name, value)| (*name, number(*value, GIVEN))).collect();
            let (by, slope) = about
                .partials
                .first()
                .map_or((String::from("a"), None), |partial| (partial.by.to_string(), drawn(partial.formula, &constants)));
            let name = &self.wording.subject.metadata.network.loss;
            match (self.net.adds_outputs, drawn(about.formula, &constants)) {
                (true, Some(formula)) => {
                    let of_one = if self.net.outputs() > 1 { format!("{name}, of each output") } else { name.clone() };
                    let letter = self.wording.thing(loss);
                    equations.push(Equation::new(letter.clone(), formula).note(of_one));
                    let left = Math::partial(letter, Math::letter(by));
                    equations.extend(slope.map(|slope| Equation::new(left, slope)));
                }
                _ => {
                    let slope = about.partials.first().map_or(String::new(), |partial| format!("; its derivative: {}", partial.formula));
                    page.say(format!("{name}: {}", with_minus(&format!("{}{slope}", about.formula))));
                }
            }
        }
        if !terms.is_empty() {
            let thing = |term| self.wording.thing(Thing::Term(term));
            let (cost, loss, penalty) = (self.wording.thing(Thing::Cost), thing(Term::Loss), thing(Term::Penalty));
            let weight = terms.weighted.then(|| thing(Term::RowWeight));
            let weighed = Math::joined(weight.iter().cloned().chain([loss.clone()]), "·");
            let summed = Math::joined([weighed].into_iter().chain(terms.penalizes().then(|| penalty.clone())), "+");
            equations.push(Equation::new(cost.clone(), summed));
            equations.extend(weight.map(|weight| Equation::new(Math::partial(cost, loss), weight)));
            let sums = [(terms.l1, "Σ |W|"), (terms.l2 / 2.0, "Σ W²")].into_iter().filter(|(share, _)| *share > 0.0);
            let sums: Vec<Math> = sums.map(|(share, sum)| Math::joined([number(share, GIVEN), Math::text(sum.to_string())], "·")).collect();
            let slope = match (terms.l1 > 0.0, terms.l2 > 0.0) {
                (true, true) => "l1 * sign(w) + l2 * w",
                (true, false) => "l1 * sign(w)",
                _ => "l2 * w",
            };
            let letters = [("l1", number(terms.l1, GIVEN)), ("l2", number(terms.l2, GIVEN)), ("w", Math::letter("W"))];
            if let (true, Some(slope)) = (terms.penalizes(), drawn(slope, &letters)) {
                let over = over(self.wording.subject, terms.penalize_biases);
                equations.push(Equation::new(penalty.clone(), Math::joined(sums, "+")).note(over));
                equations.push(Equation::new(Math::partial(penalty, Math::letter("W")), slope));
            }
        }
        for (l, nodes) in built.layers.iter().enumerate() {
            let Some(from) = self.net.layer(l + 1).skip else { continue };
            let thing = |part: Thing| self.wording.thing(part);
            let added = match from {
                0 => Thing::Input(0),
                from => self.wording.at(Place { node: built.layers[from - 1].out, index: 0 }),
            };
            let own = Thing::Activation { layer: l + 1, unit: 0 };
            let sum = Math::joined([thing(own), thing(added)], "+");
            let left = thing(self.wording.at(Place { node: nodes.out, index: 0 }));
            equations.push(Equation::new(left, sum).note("a skip, for each unit"));
        }
        page.equations(equations);
        // What a formula of single numbers cannot say stands on the operation's card.
        let norms = built.layers.iter().filter_map(|nodes| nodes.norm).map(|norm| norm.n);
        let waves = built.numeric.iter().flat_map(|nodes| [nodes.h, nodes.p]);
        let mut cards: Vec<&str> = Vec::new();
        for op in waves.chain(norms).filter_map(|node| graph.operation_at(node)) {
            let about = op.about();
            if cards.contains(&about.name) {
                continue;
            }
            cards.push(about.name);
            page.say(with_minus(&format!("{}: {}.", about.name, about.formula)));
            about.partials.iter().for_each(|partial| page.say(with_minus(&format!("By {}: {}.", partial.by, partial.formula))));
        }
        if self.net.layers.iter().any(|layer| layer.running.is_some()) {
            page.say("Here a batch norm takes its running mean and variance, as everywhere but in training.");
        }
        if let Some(waves) = &self.net.front.waves {
            let names = &self.wording.subject.names;
            let sums = (0..waves.columns.len() * waves.numbers).map(|sum| {
                let input = self.wording.thing(Thing::Input(self.net.front.looked_up() + sum));
                Equation::new(input, self.wording.thing(Thing::Numeric { part: NumericPart::Sum, line: sum, number: 0 }))
            });
            page.equations(sums.collect::<Vec<_>>());
            let columns: Vec<String> = waves.columns.iter().map(|&column| names.columns[column].clone()).collect();
            page.say(format!("The lines of cosines are those of {}. Angles are in radians.", columns.join(", ")));
        }
        self.update_rule(page);
    }

    /// The update as formulas, where a new value is asked for.
    fn update_rule(&self, page: &mut Document) {
        let blanks = self.questions.iter().flat_map(|question| &question.blanks);
        let asked = blanks.filter_map(|blank| blank.quantity.updated()).filter_map(|thing| audit::place(self.net, thing));
        let asked: Vec<usize> = asked.collect();
        if asked.is_empty() {
            return;
        }
        let training = &self.wording.subject.metadata.training;
        page.paragraph([
            words(format!("Update: {}, learning rate ", training.optimizer)),
            Inline::Math(number(training.learning_rate, GIVEN)),
            words("."),
        ]);
        self.wording.subject.metadata.network.rates_said(training.learning_rate, 1.0).into_iter().for_each(|said| page.say(said));
        let worked = asked.iter().filter_map(|&index| self.opened.get(index)).find_map(|opened| {
            let update = opened.update.as_ref().filter(|update| !update.frozen)?;
            Some(
                update
                    .lines
                    .iter()
                    .map(|line| update_line(line, opened, self.wording))
                    .map(|(symbol, formula, _)| Equation::new(symbol, formula))
                    .collect::<Vec<_>>(),
            )
        });
        page.equations(worked.unwrap_or_default());
    }

    fn table(&self, question: &Question, answers: bool) -> Table {
        let with_formulas = question.blanks.iter().any(|blank| blank.formula.is_some());
        let mut heads = vec!["quantity", "how", "answer"];
        heads.retain(|head| *head != "how" || with_formulas);
        let mut table = Table { head: heads.iter().map(|head| vec![words(*head)]).collect(), ..Table::default() };
        let row = |blank: &Blank| {
            let mut row = vec![vec![Inline::Math(blank.name.clone())]];
            if with_formulas {
                row.push(blank.formula.iter().cloned().map(Inline::Math).collect());
            }
            row.push(vec![if answers { Inline::Math(Math::Number(written(blank.answer, self.options.digits))) } else { Inline::Blank }]);
            row
        };
        table.rows = question.blanks.iter().map(row).collect();
        table.numbers = vec![heads.len() - 1];
        table
    }

    /// The network with its weights, and nothing that is asked for.
    fn figure(&self, page: &mut Document) {
        let subject = self.wording.subject;
        let name = |thing: Thing| unicode(&self.wording.thing(thing));
        let mut columns = Vec::new();
        let mut edges = Vec::new();
        for layer in 0..=self.net.depth() {
            let unit = |unit: usize| match layer {
                0 => Unit {
                    name: name(Thing::Input(unit)),
                    lines: subject.x[..self.net.front.own()].get(unit).map(|&x| format!("= {}", said(x, GIVEN))).into_iter().collect(),
                    ..Unit::default()
                },
                _ => Unit { name: name(Thing::Activation { layer, unit }), ..Unit::default() },
            };
            let width = self.net.width(layer);
            let heading =
                if layer == 0 { "inputs".to_string() } else { format!("layer {layer}: {}", subject.names.activations[layer - 1]) };
            columns.push(Column { heading, total: width, units: (0..width).map(unit).collect() });
            if layer == 0 {
                continue;
            }
            let here = self.net.layer(layer);
            for unit in 0..width {
                for input in here.blocks.into(unit) {
                    let weight = self.parameter(self.net.place(by_hand::Edge { layer, unit, input }));
                    let label = format!("{} = {}", name(Thing::Weight { layer, unit, input }), said(weight, GIVEN));
                    let weight_sign = if weight < 0.0 { -1 } else { 1 };
                    edges.push(Edge { from: (layer - 1, input), to: (layer, unit), label: Some(label), light: 0.0, weight_sign });
                }
            }
        }
        let diagram = Diagram { title: String::new(), columns, edges };
        let alternative = "The network; its numbers stand in the tables below.".to_string();
        page.blocks.push(Block::Figure { svg: diagram.svg(), alternative, caption: "The network".into() });
    }
}

fn number_of(value: f64) -> Math {
    number(value, GIVEN)
}
