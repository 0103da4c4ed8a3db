//! From what a person calls a number to the number: every notation's names, read loosely.

use super::key::{key, plain, spelled};
use super::quantity::{Asked, Item, What};
use crate::explain::Subject;
use crate::explain::notation::{self, Notation, NumericPart, Part, Term, Thing};
use backlit_engine::explain::Target;
use backlit_engine::typeset::{Math, unicode};
use std::collections::HashMap;

/// The names that a parameter is typed by count as a notation of their own.
const TYPED: usize = 4;

/// Every notation.
const ALL: u8 = 0b11111;

/// What the cost is called here and there.
const COSTS: [&str; 9] = ["C", "cost", "E", "E_total", "error", "ErrorT", "loss", "J", "L"];

/// Numbers that can be claimed of a network, by the keys of their names.
pub struct Names {
    known: HashMap<String, Vec<Meaning>>,
    /// One name of each kind, for those who ask.
    examples: Vec<String>,
}

/// What a name means in some notations.
#[derive(Clone, Debug, PartialEq)]
struct Meaning {
    what: What,
    /// One bit for each notation.
    notations: u8,
    /// With their capitals, the names that it has: V and v may be two things.
    spelled: Vec<String>,
}

/// Why a name is not understood.
#[derive(Debug, PartialEq)]
pub enum Unknown {
    /// Nothing is called so. Names like it, or examples.
    Nothing(Vec<String>),
    /// Several things are: each with its notation.
    Several(Vec<(What, &'static str)>),
}

impl Names {
    /// All names of a network's numbers.
    pub fn new(subject: &Subject) -> Names {
        let mut names = Names { known: HashMap::new(), examples: Vec::new() };
        let things = things(subject);
        for (n, notation) in notation::table().into_iter().enumerate() {
            names.add_notation(1 << n, notation, subject, &things);
        }
        let has_terms = things.contains(&Thing::Term(Term::Loss));
        // What a cost with more in it than the loss is called by: the loss has these names.
        let of_the_loss = |cost: &str| has_terms && matches!(cost, "L" | "loss");
        for cost in COSTS.into_iter().filter(|cost| !of_the_loss(cost)) {
            names.add(cost, What::Value(Item::COST), ALL);
        }
        if has_terms {
            let elsewhere = notation::table().iter().position(|notation| notation.name() == "dvalues").map_or(0, |n| 1 << n);
            names.add("loss", What::Value(Item::Thing(Thing::Term(Term::Loss))), ALL & !elsewhere);
        }
        for index in 0..subject.parameters.len() {
            let Some(thing) = subject.thing(Target::Parameter(index)) else { continue };
            let name = subject.built.graph.parameter_name(index);
            names.add(&name, What::Value(Item::Thing(thing)), 1 << TYPED);
            // Of several columns these have two indices.
            if let Some(inside) = name.strip_prefix("numeric.").filter(|inside| !inside.contains(',')) {
                names.add(&format!("numeric.{}", inside.replace('[', "[0,")), What::Value(Item::Thing(thing)), 1 << TYPED);
            }
        }
        let wording = |n: usize| subject.wording(notation::table()[n]);
        let layer = subject.names.layers();
        let last = |thing: fn(usize) -> Thing, n: usize| unicode(&wording(n).thing(thing(layer)));
        let z = |layer| Thing::PreActivation { layer, unit: 0 };
        let a = |layer| Thing::Activation { layer, unit: 0 };
        let w = |layer| Thing::Weight { layer, unit: 0, input: 0 };
        let slope = |n: usize| unicode(&wording(n).partial(Thing::Cost, w(layer)));
        names.examples = vec![
            "C".into(),
            last(z, 0),
            last(a, 0),
            last(w, 0),
            slope(0),
            last(z, 1),
            last(a, 1),
            last(w, 1),
            slope(1),
            slope(2),
            slope(3),
            format!("layer{layer}.weight[0,0]"),
        ];
        names
    }

    fn add(&mut self, name: &str, what: What, notations: u8) {
        let meanings = self.known.entry(key(name)).or_default();
        let spelled = spelled(name);
        match meanings.iter_mut().find(|meaning| meaning.what == what) {
            Some(meaning) => {
                meaning.notations |= notations;
                if !meaning.spelled.contains(&spelled) {
                    meaning.spelled.push(spelled);
                }
            }
            None => meanings.push(Meaning { what, notations, spelled: vec![spelled] }),
        }
    }

    /// What a name means. Where one notation has two things whose names differ in their capitals, that of the name's own.
    fn meanings(&self, name: &str) -> Option<Vec<Meaning>> {
        let (mut found, spelled) = (self.known.get(&key(name))?.clone(), spelled(name));
        let is_so = |meaning: &Meaning| meaning.spelled.contains(&spelled);
        let exact = found.iter().filter(|meaning| is_so(meaning)).fold(0, |notations, meaning| notations | meaning.notations);
        found.retain(|meaning| is_so(meaning) || meaning.notations & exact == 0);
        Some(found)
    }

    fn add_notation(&mut self, bit: u8, notation: &dyn Notation, subject: &Subject, things: &[Thing]) {
        let names = &subject.names;
        let wording = subject.wording(notation);
        let slope = |of: Thing, by: Thing| What::Slope { of: Item::Thing(of), by };
        for &thing in things {
            let math = notation.thing(thing, names);
            let name = unicode(&math);
            self.add(&name, What::Value(Item::Thing(thing)), bit);
            if !matches!(thing, Thing::Target(_) | Thing::Cost | Thing::Term(_)) {
                self.add(&unicode(&notation.partial(Thing::Cost, thing, names)), slope(Thing::Cost, thing), bit);
            }
            if let Thing::PreActivation { .. } = thing
                && let Math::Script { base, below, above } = math
                && matches!(&*base, Math::Letter(letter) if letter == "z" || letter == "net")
            {
                let delta = unicode(&Math::Script { base: Box::new(Math::letter("δ")), below, above });
                self.add(&delta, slope(Thing::Cost, thing), bit);
            }
            for (of, by) in steps_to(thing, subject) {
                self.add(&unicode(&notation.partial(of, by, names)), slope(of, by), bit);
            }
        }
        for output in 0..names.outputs.len() {
            self.add(&unicode(&Item::Part(output).math(&wording)), What::Value(Item::Part(output)), bit);
        }
    }

    /// Finds what a claim is about. `preferred`: the place of a notation in the table that wins where names collide.
    pub fn find(&self, claim: &str, preferred: Option<usize>) -> Result<Asked, Unknown> {
        let mut first = None;
        for (name, after) in readings(claim) {
            match self.one(&name, preferred) {
                Ok(what) => return Ok(Asked { what, after }),
                Err(unknown) => first = first.or(Some(unknown)),
            }
        }
        Err(first.unwrap_or(Unknown::Nothing(self.examples.clone())))
    }

    fn one(&self, name: &str, preferred: Option<usize>) -> Result<What, Unknown> {
        let mut found = self.meanings(name).unwrap_or_default();
        if found.is_empty() {
            found = self.quotient(name);
        }
        if let Some(bit) = preferred.map(|n| 1u8 << n)
            && found.iter().any(|meaning| meaning.notations & bit != 0)
        {
            found.retain(|meaning| meaning.notations & bit != 0);
        }
        match found.as_slice() {
            [] => Err(Unknown::Nothing(self.like(name))),
            [only] => Ok(only.what),
            several => Err(Unknown::Several(several.iter().map(|meaning| (meaning.what, first_of(meaning.notations))).collect())),
        }
    }

    /// `d X / d Y` for any X and Y.
    fn quotient(&self, name: &str) -> Vec<Meaning> {
        let Some((of, by)) = name.split_once('/') else { return Vec::new() };
        let side = |text: &str| {
            let text = text.trim().trim_matches(['{', '}']).trim();
            let text = text.strip_prefix(['d', 'D', '∂'])?;
            self.meanings(text)
        };
        let (Some(of), Some(by)) = (side(&plain(of)), side(&plain(by))) else { return Vec::new() };
        let mut found: Vec<Meaning> = Vec::new();
        for of in &of {
            for by in &by {
                let (What::Value(of_item), What::Value(Item::Thing(thing))) = (of.what, by.what) else { continue };
                if matches!(of_item, Item::Thing(Thing::Weight { .. } | Thing::Bias { .. } | Thing::Input(_) | Thing::Target(_)))
                    || matches!(thing, Thing::Cost | Thing::Target(_) | Thing::Term(_))
                {
                    continue;
                }
                let what = What::Slope { of: of_item, by: thing };
                let meaning = Meaning { what, notations: of.notations & by.notations, spelled: Vec::new() };
                if !found.iter().any(|known| known.what == meaning.what) {
                    found.push(meaning);
                }
            }
        }
        // Both sides in one notation, where there is one.
        if found.iter().any(|meaning| meaning.notations != 0) {
            found.retain(|meaning| meaning.notations != 0);
        }
        found
    }

    /// Names like this one, else some of each kind.
    fn like(&self, name: &str) -> Vec<String> {
        let keys: Vec<String> = self.examples.iter().map(|example| key(example)).collect();
        let near = crate::data::near::near(&key(name), keys.iter().map(String::as_str));
        let like: Vec<String> = (0..keys.len()).filter(|&i| near.contains(&keys[i].as_str())).map(|i| self.examples[i].clone()).collect();
        if like.is_empty() { self.examples.clone() } else { like }
    }
}

/// The first of a set of notations.
fn first_of(notations: u8) -> &'static str {
    let n = notations.trailing_zeros() as usize;
    notation::table().get(n).map_or("layer.parameter", |notation| notation.name())
}

/// Every quantity of the network.
fn things(subject: &Subject) -> Vec<Thing> {
    let names = &subject.names;
    let terms = subject.metadata.network.network().terms;
    let mut things = vec![Thing::Cost];
    things.extend((!terms.is_empty()).then_some(Thing::Term(Term::Loss)));
    things.extend(terms.penalizes().then_some(Thing::Term(Term::Penalty)));
    things.extend((0..names.inputs.len()).map(Thing::Input));
    things.extend((0..names.outputs.len()).map(Thing::Target));
    let shape = &subject.metadata.network;
    for (table, levels) in shape.embedding.iter().flat_map(|embedding| &embedding.levels).enumerate() {
        let numbers = shape.embedding.as_ref().map_or(0, |embedding| embedding.numbers);
        let of = |level: usize| (0..numbers).map(move |number| Thing::Embedding { table: table + 1, level, number });
        things.extend((0..*levels).flat_map(of));
    }
    if let Some(numeric) = &shape.numeric {
        let (lines, sums) = (numeric.columns.len(), numeric.width());
        let of = |part: NumericPart, lines: usize, numbers: usize| {
            (0..lines).flat_map(move |line| (0..numbers).map(move |number| Thing::Numeric { part, line, number }))
        };
        for part in [NumericPart::Frequency, NumericPart::Phase, NumericPart::Wave] {
            things.extend(of(part, lines, numeric.waves));
        }
        things.extend(of(NumericPart::Weight, sums, numeric.waves));
        things.extend(of(NumericPart::Bias, sums, 1).chain(of(NumericPart::Sum, sums, 1)));
    }
    for layer in 1..=names.layers() {
        for unit in 0..names.units[layer - 1] {
            things.extend([Thing::PreActivation { layer, unit }, Thing::Activation { layer, unit }]);
            if names.biases[layer - 1] {
                things.push(Thing::Bias { layer, unit });
            }
            things.extend(names.blocks[layer - 1].into(unit).map(|input| Thing::Weight { layer, unit, input }));
            let nodes = &subject.built.layers[layer - 1];
            let norm: &[Part] = match nodes.norm {
                None => &[],
                Some(norm) if norm.running.is_none() => &[Part::Gain, Part::Shift, Part::Normalized],
                Some(_) => &[Part::Gain, Part::Shift, Part::Normalized, Part::RunningMean, Part::RunningVariance],
            };
            let sum = subject.metadata.network.layers[layer - 1].skip.map(|_| Part::Sum);
            things.extend(norm.iter().copied().chain(sum).map(|part| Thing::Part { part, layer, unit }));
        }
    }
    things
}

/// The local derivatives of a thing: each with by what.
fn steps_to(thing: Thing, subject: &Subject) -> Vec<(Thing, Thing)> {
    match thing {
        Thing::Activation { layer, unit } => {
            let normalized = subject.built.layers[layer - 1].norm.is_some();
            let by = if normalized { Thing::Part { part: Part::Normalized, layer, unit } } else { Thing::PreActivation { layer, unit } };
            vec![(thing, by)]
        }
        Thing::PreActivation { layer, unit } => {
            let mut steps = Vec::new();
            if subject.names.biases[layer - 1] {
                steps.push((thing, Thing::Bias { layer, unit }));
            }
            for input in subject.names.blocks[layer - 1].into(unit) {
                let below = subject.goes_into(layer, input);
                steps.extend([(thing, Thing::Weight { layer, unit, input }), (thing, below)]);
            }
            steps
        }
        _ => Vec::new(),
    }
}

/// What a claim's name may mean: a name and the updates done. The plainest reading stands first.
fn readings(claim: &str) -> Vec<(String, u64)> {
    let claim = claim.trim();
    let mut readings = vec![(claim.to_string(), 0)];
    let lower = claim.to_lowercase();
    // Lower case may have other places; only names of plain letters have these words behind them.
    if lower.len() == claim.len() {
        if let Some(at) = lower.rfind("after") {
            let count: String = lower[at + 5..].chars().filter(|c| !matches!(c, ' ' | ',' | '_' | '\'' | ')')).collect();
            let words =
                ["rounds", "round", "updates", "update", "steps", "step", "epochs", "epoch", "iterations", "iteration", "passes", "pass"];
            let count = words.iter().find_map(|word| count.strip_suffix(word)).unwrap_or(&count);
            if let Ok(after) = count.parse() {
                readings.push((claim[..at].trim_end_matches([' ', '(', ',']).to_string(), after));
            }
        }
        if let Some(name) = lower.strip_suffix("before") {
            readings.push((claim[..name.len()].trim_end().to_string(), 0));
        }
        for word in ["updated", "new"] {
            if let Some(at) = lower.find(word) {
                readings.push((format!("{} {}", &claim[..at], &claim[at + word.len()..]), 1));
            }
        }
    }
    let bare = claim.trim_end_matches(['}', ' ', ')']);
    match bare.strip_suffix(['+', '⁺']) {
        // A plus is part of no name.
        Some(name) => vec![(name.trim_end_matches(['{', '^', ' ', '(']).to_string(), 1)],
        None => readings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_read() {
        let last = |claim: &str| readings(claim).pop().unwrap();
        for (claim, name, after) in [
            ("E_total after 10,000 rounds", "E_total", 10_000),
            ("out_o1 (after 10000)", "out_o1", 10_000),
            ("w5+", "w5", 1),
            ("w_5^{+}", "w_5", 1),
            ("E_total before", "E_total", 0),
        ] {
            assert_eq!(last(claim), (name.to_string(), after), "{claim}");
        }
        for claim in ["w5 (updated)", "updated w5", "w5_updated", "new w5"] {
            let (name, after) = last(claim);
            assert_eq!((key(&name).as_str(), after), ("w5", 1), "{claim}");
        }
    }
}
