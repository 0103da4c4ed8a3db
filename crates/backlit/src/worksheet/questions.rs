//! What is asked: forward, cost, back, chains, updates.

use super::{Blank, Quantity, Question};
use crate::audit::{Asked, Item, What};
use crate::by_hand::Net;
use crate::document::Inline;
use crate::explain::Wording;
use crate::explain::notation::{Term, Thing};
use backlit_engine::explain::Target;
use backlit_engine::typeset::Math;

/// All questions, without their answers. `chosen`: places of weights, from the output back.
pub(super) fn questions(wording: &Wording<'_>, net: &Net, chosen: &[usize]) -> Vec<Question> {
    let asks = Asks { wording, net };
    let weights: Vec<Thing> = chosen.iter().filter_map(|&index| wording.subject.thing(Target::Parameter(index))).collect();
    let lowest = weights.iter().filter_map(|&weight| layer_of(weight)).min().unwrap_or(net.depth());
    let mut questions = vec![asks.forward(), asks.cost()];
    // δ of every layer that a chain passes through, as far as the one above the lowest.
    questions.extend(((lowest + 1).min(net.depth())..=net.depth()).rev().map(|layer| asks.delta(layer)));
    questions.extend(weights.iter().map(|&weight| asks.chain(weight)));
    questions.push(asks.updates(&weights));
    questions
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

    fn forward(&self) -> Question {
        let mut blanks = Vec::new();
        for layer in 1..=self.net.depth() {
            for unit in 0..self.net.width(layer) {
                blanks.extend([self.value(Thing::PreActivation { layer, unit }), self.value(Thing::Activation { layer, unit })]);
            }
        }
        Question { heading: "Forward".into(), intro: vec![words("Compute the weighted sum and the activation of every unit.")], blanks }
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
        let deltas = (0..self.net.width(layer)).map(|unit| {
            let (a, z) = (Thing::Activation { layer, unit }, Thing::PreActivation { layer, unit });
            self.slope(Thing::Cost, z, self.product([self.wording.partial(Thing::Cost, a), self.wording.partial(a, z)]))
        });
        let place = if last { "the output layer".to_string() } else { format!("layer {layer}") };
        let intro = vec![
            words("Compute "),
            Inline::Math(Math::letter("δ")),
            words(format!(", the derivative of the cost by each weighted sum, in {place}.")),
        ];
        Question { heading: format!("Deltas of {place}"), intro, blanks: deltas.collect() }
    }

    fn chain(&self, weight: Thing) -> Question {
        let Thing::Weight { layer, unit, .. } = weight else {
            return Question { heading: String::new(), intro: Vec::new(), blanks: Vec::new() };
        };
        let (a, z) = (Thing::Activation { layer, unit }, Thing::PreActivation { layer, unit });
        let wording = self.wording;
        let whole = wording.partial(Thing::Cost, weight);
        let factors = || [wording.partial(Thing::Cost, a), wording.partial(a, z), wording.partial(z, weight)];
        let penalty = Thing::Term(Term::Penalty);
        // A weight that costs something by itself moves the cost in a second way.
        let all = || match self.net.terms.penalizes() {
            true => Math::joined([Math::joined(factors(), "·"), wording.partial(penalty, weight)], "+"),
            false => Math::joined(factors(), "·"),
        };
        let mut intro = vec![words("The chain rule: "), Inline::Math(Math::Row(vec![whole, Math::Sign("="), all()])), words(". ")];
        let mut blanks = Vec::new();
        let above = if layer == self.net.depth() { 0 } else { self.net.width(layer + 1) };
        if above > 0 {
            let thing = |unit| Thing::PreActivation { layer: layer + 1, unit };
            let term = |k: usize| Math::joined([wording.partial(Thing::Cost, thing(k)), wording.partial(thing(k), a)], "·");
            let sum = Math::joined((0..above).map(term), "+");
            let many = if above > 1 { format!("{above} paths lead") } else { "One path leads".to_string() };
            intro.extend([words(format!("{many} from ")), Inline::Math(wording.thing(a)), words(" to the cost: ")]);
            intro.extend([Inline::Math(Math::Row(vec![wording.partial(Thing::Cost, a), Math::Sign("="), sum.clone()])), words(". ")]);
            for k in 0..above {
                blanks.push(self.slope(thing(k), a, None));
                if above > 1 {
                    let quantity = Quantity::Term { layer: layer + 1, unit: k, input: unit };
                    blanks.push(Blank { name: term(k), formula: None, quantity, answer: f64::NAN });
                }
            }
            blanks.push(self.slope(Thing::Cost, a, (above > 1).then_some(sum)));
        } else {
            blanks.push(self.slope(Thing::Cost, a, None));
        }
        blanks.extend([self.slope(a, z, None), self.slope(z, weight, None)]);
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
