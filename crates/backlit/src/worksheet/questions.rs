//! What is asked: forward, cost, back, chains, updates.

use super::{Blank, Quantity, Question};
use crate::audit::{Asked, Item, What};
use crate::by_hand::Net;
use crate::document::Inline;
use crate::explain::notation::{NumericPart, Part, Term, Thing};
use crate::explain::{Subject, Wording, is_frozen};
use backlit_engine::explain::Target;
use backlit_engine::typeset::{Math, unicode};

/// All questions, without their answers. `chosen`: places of weights, from the output back.
pub(super) fn questions(wording: &Wording<'_>, net: &Net, chosen: &[usize]) -> Vec<Question> {
    let asks = Asks { wording, net };
    let weights: Vec<Thing> = chosen.iter().filter_map(|&index| wording.subject.thing(Target::Parameter(index))).collect();
    let lowest = weights.iter().filter_map(|&weight| layer_of(weight)).min().unwrap_or(net.depth());
    let learned = asks.learned();
    let mut questions: Vec<Question> = asks.waves().into_iter().chain([asks.forward(), asks.cost()]).collect();
    // δ of every layer that a chain passes through, as far as the one above the lowest.
    // Behind a norm δ of one unit takes all units of its layer.
    let first = if net.layer(lowest).gain.is_some() { lowest } else { (lowest + 1).min(net.depth()) };
    let first = if learned.is_empty() { first } else { 1 };
    questions.extend((first..=net.depth()).rev().map(|layer| asks.delta(layer)));
    questions.extend(weights.iter().map(|&weight| asks.chain(weight)));
    questions.extend(learned.iter().map(|&number| asks.learned_chain(number)));
    let moved: Vec<Thing> = weights.into_iter().chain(learned).filter(|&thing| !is_frozen(wording.subject, thing)).collect();
    if moves_by_a_rule(wording.subject, net) && !moved.is_empty() {
        questions.push(asks.updates(&moved));
    }
    questions
}

/// Whether a new value follows from this row's gradient by a rule for each parameter: not where a batch norm takes the other rows of the
/// batch, a schedule or clipping leads the training, or the optimizer searches.
fn moves_by_a_rule(subject: &Subject, net: &Net) -> bool {
    let training = &subject.metadata.training;
    let is_led = training.optimizer == "lbfgs" || training.course.changes_updates();
    !is_led && net.layers.iter().all(|layer| layer.running.is_none())
}

fn layer_of(thing: Thing) -> Option<usize> {
    match thing {
        Thing::Weight { layer, .. } => Some(layer),
        _ => None,
    }
}

fn words(text: impl Into<String>) -> Inline {
    Inline::Text(text.into())
}

struct Asks<'a> {
    wording: &'a Wording<'a>,
    net: &'a Net,
}

impl Asks<'_> {
    fn blank(&self, what: What, after: u64, formula: Option<Math>) -> Blank {
        let name = match what {
            What::Value(item) if after > 0 => item.math(self.wording).above(Math::Sign("+")),
            What::Value(item) => item.math(self.wording),
            What::Slope { of: Item::Thing(of), by } => self.wording.partial(of, by),
            What::Slope { of, by } => Math::partial(of.math(self.wording), self.wording.thing(by)),
        };
        Blank { name, formula, quantity: Quantity::Asked(Asked { what, after }), answer: f64::NAN }
    }

    fn value(&self, thing: Thing) -> Blank {
        self.blank(What::Value(Item::Thing(thing)), 0, None)
    }

    fn slope(&self, of: Thing, by: Thing, formula: Option<Math>) -> Blank {
        self.blank(What::Slope { of: Item::Thing(of), by }, 0, formula)
    }

    fn product(&self, factors: impl IntoIterator<Item = Math>) -> Option<Math> {
        Some(Math::joined(factors, "·"))
    }

    /// The learned numbers before the layers whose gradients are opened: the first of the first table, and the first frequency.
    fn learned(&self) -> Vec<Thing> {
        let front = &self.net.front;
        let code = self.wording.subject.x.get(front.own()).map_or(0, |&code| code as usize);
        let table = (!front.tables.is_empty()).then_some(Thing::Embedding { table: 1, level: code, number: 0 });
        let frequency = front.waves.as_ref().map(|_| Thing::Numeric { part: NumericPart::Frequency, line: 0, number: 0 });
        table.into_iter().chain(frequency).collect()
    }

    /// The cosines of columns, and their sums.
    fn waves(&self) -> Option<Question> {
        let waves = self.net.front.waves.as_ref()?;
        let mut blanks = Vec::new();
        for line in 0..waves.columns.len() {
            let part = |part, line, number| self.value(Thing::Numeric { part, line, number });
            blanks.extend((0..waves.waves).map(|k| part(NumericPart::Wave, line, k)));
            let sums = line * waves.numbers..(line + 1) * waves.numbers;
            blanks.extend(sums.map(|sum| part(NumericPart::Sum, sum, 0)));
        }
        let intro = vec![words("Compute the cosines of each column and their weighted sums, which go into the first layer.")];
        Some(Question { heading: "Numeric embeddings".into(), intro, blanks })
    }

    /// ∂C/∂ a number that goes into the first layer: over the units of that layer, and over skips.
    fn by_input(&self, input: usize, name: Thing) -> Blank {
        let units = (0..self.net.width(1)).map(|unit| {
            let z = Thing::PreActivation { layer: 1, unit };
            Math::joined([self.wording.partial(Thing::Cost, z), self.wording.thing(Thing::Weight { layer: 1, unit, input })], "·")
        });
        let skips = self.added_to(0, input).into_iter().map(|sum| self.wording.partial(Thing::Cost, sum));
        self.slope(Thing::Cost, name, Some(Math::joined(units.chain(skips), "+")))
    }

    /// From the first layer to a learned number before it.
    fn learned_chain(&self, learned: Thing) -> Question {
        let wording = self.wording;
        let front = &self.net.front;
        let mut blanks = Vec::new();
        let through = match (learned, &front.waves) {
            (Thing::Numeric { line, number, .. }, Some(waves)) => {
                let sum = |sum: usize| Thing::Numeric { part: NumericPart::Sum, line: sum, number: 0 };
                let own = line * waves.numbers..(line + 1) * waves.numbers;
                blanks.extend(own.clone().map(|at| self.by_input(front.looked_up() + at, sum(at))));
                let wave = Thing::Numeric { part: NumericPart::Wave, line, number };
                let term = |at: usize| {
                    let weight = Thing::Numeric { part: NumericPart::Weight, line: at, number };
                    Math::joined([wording.partial(Thing::Cost, sum(at)), wording.thing(weight)], "·")
                };
                blanks.push(self.slope(Thing::Cost, wave, Some(Math::joined(own.map(term), "+"))));
                vec![wording.partial(Thing::Cost, wave), wording.partial(wave, learned)]
            }
            _ => {
                let input = Thing::Input(front.own());
                blanks.push(self.by_input(front.own(), input));
                vec![wording.partial(Thing::Cost, input)]
            }
        };
        let through = Math::joined(through, "·");
        let all = match self.net.terms.penalizes() {
            true => Math::joined([through, wording.partial(Thing::Term(Term::Penalty), learned)], "+"),
            false => through,
        };
        blanks.push(self.slope(Thing::Cost, learned, Some(all)));
        let intro = vec![words("The chain goes on through the first layer to what is learned before it. Compute each number.")];
        Question { heading: format!("The chain for {}", unicode(&wording.thing(learned))), intro, blanks }
    }

    fn forward(&self) -> Question {
        let mut blanks = Vec::new();
        for layer in 1..=self.net.depth() {
            let here = self.net.layer(layer);
            let sum = |unit: usize| self.value(Thing::PreActivation { layer, unit });
            // A norm takes all sums of its layer first.
            let normed = here.gain.is_some();
            blanks.extend((0..here.units).filter(|_| normed).map(sum));
            for unit in 0..here.units {
                let before = if normed { self.value(Thing::Part { part: Part::Normalized, layer, unit }) } else { sum(unit) };
                blanks.extend([before, self.value(Thing::Activation { layer, unit })]);
                blanks.extend(here.skip.map(|_| self.value(self.leaving(layer, unit))));
            }
        }
        let mut intro = "Compute the weighted sum and the activation of every unit".to_string();
        if self.net.layers.iter().any(|layer| layer.gain.is_some()) {
            intro += ", what a norm makes of the sum";
        }
        if self.any_skip() {
            intro += ", and what leaves a layer behind a skip";
        }
        Question { heading: "Forward".into(), intro: vec![words(intro + ".")], blanks }
    }

    fn any_skip(&self) -> bool {
        self.net.layers.iter().any(|layer| layer.skip.is_some())
    }

    /// What leaves a unit: its activation, or behind a skip the sum.
    fn leaving(&self, layer: usize, unit: usize) -> Thing {
        match self.net.layer(layer).skip {
            Some(_) => Thing::Part { part: Part::Sum, layer, unit },
            None => Thing::Activation { layer, unit },
        }
    }

    /// What the activation is of: the weighted sum, or what a norm makes of it.
    fn going_in(&self, layer: usize, unit: usize) -> Thing {
        match self.net.layer(layer).gain {
            Some(_) => Thing::Part { part: Part::Normalized, layer, unit },
            None => Thing::PreActivation { layer, unit },
        }
    }

    /// The sums further on to which skips add a unit.
    fn added_to(&self, layer: usize, unit: usize) -> Vec<Thing> {
        let later = (layer + 1..=self.net.depth()).filter(|&later| self.net.layer(later).skip == Some(layer));
        later.map(|later| Thing::Part { part: Part::Sum, layer: later, unit }).collect()
    }

    fn cost(&self) -> Question {
        let outputs = self.net.outputs();
        let mut blanks = Vec::new();
        if !self.net.terms.is_empty() {
            let thing = |term| self.wording.thing(Thing::Term(term));
            let loss = if self.net.terms.weighted { self.product([thing(Term::RowWeight), thing(Term::Loss)]) } else { None };
            let terms = [Some(loss.unwrap_or(thing(Term::Loss))), self.net.terms.penalizes().then(|| thing(Term::Penalty))];
            blanks.push(self.value(Thing::Term(Term::Loss)));
            if self.net.terms.penalizes() {
                blanks.push(self.value(Thing::Term(Term::Penalty)));
            }
            blanks.push(self.blank(What::Value(Item::COST), 0, Some(Math::joined(terms.into_iter().flatten(), "+"))));
            let intro = "Compute the loss of the row, what the weights cost by themselves if they do, and the whole cost.";
            return Question { heading: "Cost".into(), intro: vec![words(intro)], blanks };
        }
        if self.net.adds_outputs && outputs > 1 {
            blanks.extend((0..outputs).map(|output| self.blank(What::Value(Item::Part(output)), 0, None)));
        }
        let sum = Math::joined((0..outputs).map(|output| Item::Part(output).math(self.wording)), "+");
        let formula = (!blanks.is_empty()).then_some(sum);
        blanks.push(self.blank(What::Value(Item::COST), 0, formula));
        let intro = if blanks.len() > 1 { "Compute the cost of each output, and the whole cost." } else { "Compute the cost." };
        Question { heading: "Cost".into(), intro: vec![words(intro)], blanks }
    }

    /// ∂C/∂z of every unit of a layer.
    fn delta(&self, layer: usize) -> Question {
        let last = layer == self.net.depth();
        let units = self.net.width(layer);
        let mut blanks = Vec::new();
        if !last && self.any_skip() {
            blanks.extend((0..units).map(|unit| self.slope(Thing::Cost, self.leaving(layer, unit), None)));
        }
        blanks.extend((0..units).map(|unit| {
            let (out, a, into) = (self.leaving(layer, unit), Thing::Activation { layer, unit }, self.going_in(layer, unit));
            self.slope(Thing::Cost, into, self.product([self.wording.partial(Thing::Cost, out), self.wording.partial(a, into)]))
        }));
        if self.net.layer(layer).gain.is_some() {
            blanks.extend((0..units).map(|unit| self.slope(Thing::Cost, Thing::PreActivation { layer, unit }, None)));
        }
        let place = if last { "the output layer".to_string() } else { format!("layer {layer}") };
        let intro = vec![
            words("Compute "),
            Inline::Math(Math::letter("δ")),
            words(format!(", the derivative of the cost by each weighted sum, in {place}.")),
        ];
        Question { heading: format!("Deltas of {place}"), intro, blanks }
    }

    fn chain(&self, weight: Thing) -> Question {
        let Thing::Weight { layer, unit, .. } = weight else {
            return Question { heading: String::new(), intro: Vec::new(), blanks: Vec::new() };
        };
        let (a, z) = (Thing::Activation { layer, unit }, Thing::PreActivation { layer, unit });
        let wording = self.wording;
        let whole = wording.partial(Thing::Cost, weight);
        let normed = self.net.layer(layer).gain.is_some();
        let out = self.leaving(layer, unit);
        let factors = || match normed {
            // δ takes all units of the layer, and stands above.
            true => vec![wording.partial(Thing::Cost, z), wording.partial(z, weight)],
            false => vec![wording.partial(Thing::Cost, out), wording.partial(a, z), wording.partial(z, weight)],
        };
        let penalty = Thing::Term(Term::Penalty);
        // A weight that costs something by itself moves the cost in a second way.
        let all = || match self.net.terms.penalizes() {
            true => Math::joined([Math::joined(factors(), "·"), wording.partial(penalty, weight)], "+"),
            false => Math::joined(factors(), "·"),
        };
        let mut intro = vec![words("The chain rule: "), Inline::Math(Math::Row(vec![whole, Math::Sign("="), all()])), words(". ")];
        let mut blanks = Vec::new();
        let above = if layer == self.net.depth() { 0..0 } else { self.net.layer(layer + 1).blocks.from(unit) };
        if normed {
            blanks.push(self.slope(Thing::Cost, z, None));
        } else if !above.is_empty() {
            let thing = |unit| Thing::PreActivation { layer: layer + 1, unit };
            let term = |k: usize| Math::joined([wording.partial(Thing::Cost, thing(k)), wording.partial(thing(k), out)], "·");
            let later = self.added_to(layer, unit);
            let skipped = later.iter().map(|&sum| wording.partial(Thing::Cost, sum));
            let sum = Math::joined(above.clone().map(term).chain(skipped), "+");
            let ways = above.len() + later.len();
            let many = if ways > 1 { format!("{ways} paths lead") } else { "One path leads".to_string() };
            intro.extend([words(format!("{many} from ")), Inline::Math(wording.thing(out)), words(" to the cost: ")]);
            intro.extend([Inline::Math(Math::Row(vec![wording.partial(Thing::Cost, out), Math::Sign("="), sum.clone()])), words(". ")]);
            for k in above {
                blanks.push(self.slope(thing(k), out, None));
                if ways > 1 {
                    let quantity = Quantity::Term { layer: layer + 1, unit: k, input: unit };
                    blanks.push(Blank { name: term(k), formula: None, quantity, answer: f64::NAN });
                }
            }
            blanks.push(self.slope(Thing::Cost, out, (ways > 1).then_some(sum)));
        } else {
            blanks.push(self.slope(Thing::Cost, out, None));
        }
        blanks.extend((!normed).then(|| self.slope(a, z, None)));
        blanks.push(self.slope(z, weight, None));
        if self.net.terms.penalizes() {
            blanks.push(self.slope(penalty, weight, None));
        }
        blanks.push(self.slope(Thing::Cost, weight, Some(all())));
        let last = if self.net.terms.penalizes() { "sum" } else { "product" };
        intro.push(words(format!("Compute each factor and the {last}.")));
        let place = if layer == self.net.depth() { "the output layer".to_string() } else { format!("layer {layer}") };
        Question { heading: format!("The chain for a weight of {place}"), intro, blanks }
    }

    fn updates(&self, weights: &[Thing]) -> Question {
        let blanks = weights.iter().map(|&weight| self.blank(What::Value(Item::Thing(weight)), 1, None)).collect();
        let intro = vec![words("Take one step of the update rule with the gradients above.")];
        Question { heading: "Update".into(), intro, blanks }
    }
}
