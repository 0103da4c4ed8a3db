//! An exercise sheet: a network with numbers, questions with room for the answers, and the key.
//!
//! Every answer is a number of the engine that the computation by hand confirms, and every gradient one whose three
//! routes agree. What the sheet says about rounding is tried out: whoever rounds as it says gets the stated answers.

mod friendly;
mod json;
mod page;
mod questions;

pub use friendly::{Wanted, friendly};
pub use json::json;

use crate::audit::bench::Bench;
use crate::audit::{Asked, Item, What};
use crate::by_hand::{Edge, Net, Right, Rounded, Snapshot, To, Way, follow};
use crate::document::Document;
use crate::error::{Error, Kind};
use crate::explain::digits::{rounded, significant};
use crate::explain::notation::{Notation, Thing};
use crate::explain::{Opened, Subject};
use backlit_engine::explain::Target;
use backlit_engine::random::{Purpose, Random};
use backlit_engine::typeset::Math;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Units of a layer, and inputs, at most.
pub const MOST_UNITS: usize = 6;

/// Numbers that go in at most where some of them are learned.
const MOST_LEARNED: usize = 12;

/// Parameters at most: tables of many levels have more than a sheet can open.
const MOST_PARAMETERS: usize = 2000;

/// Layers at most.
const MOST_LAYERS: usize = 4;

/// Significant digits to which given numbers are rounded where they have more.
const GIVEN: usize = 4;

/// Digits more than asked for that a sheet may tell to carry before it says: all.
const MOST_MORE: usize = 6;

/// What kind of sheet.
#[derive(Clone, Debug)]
pub struct Options {
    /// Significant digits of the answers.
    pub digits: usize,
    /// Weights whose gradients are opened; none: one of the output layer and one of the layer before, by the seed.
    pub parameters: Vec<String>,
    /// Decides which weights.
    pub seed: u64,
    /// Whether the network was drawn.
    pub random: bool,
}

/// A sheet with its key.
pub struct Worksheet {
    /// With room for the answers.
    pub exercise: Document,
    /// With the answers.
    pub key: Document,
    /// Every question in order.
    pub questions: Vec<Question>,
    /// What the sheet says about rounding on the way.
    pub carry: Carry,
    /// Significant digits of the answers.
    pub digits: usize,
}

/// How numbers are carried from answer to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// Rounded to so many significant digits they lead to the stated answers.
    Digits(usize),
    /// Only unrounded numbers do.
    Full,
}

/// Answers that belong together.
pub struct Question {
    /// `Forward pass`
    pub heading: String,
    /// What to do.
    pub intro: Vec<crate::document::Inline>,
    /// What is asked for.
    pub blanks: Vec<Blank>,
}

/// One answer.
pub struct Blank {
    /// What it is called.
    pub name: Math,
    /// How it is computed, in symbols; none where the rules above say it.
    pub formula: Option<Math>,
    /// Which number.
    pub quantity: Quantity,
    /// The number.
    pub answer: f64,
}

/// A number that is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// One that has a name.
    Asked(Asked),
    /// What one path adds to ∂C/∂a of a unit: ∂C/∂z of a unit above times the weight between.
    Term {
        /// The layer above, counted from 1.
        layer: usize,
        /// The unit above.
        unit: usize,
        /// The unit below.
        input: usize,
    },
}

/// Makes a sheet of the one row that the subject has.
pub fn worksheet(subject: &mut Subject, notation: &dyn Notation, options: &Options) -> Result<Worksheet, Error> {
    fits(subject)?;
    if subject.metadata.network.layers.iter().any(|layer| layer.dropout > 0.0) {
        let message =
            "a network trained with dropout is not worked by hand on a sheet: what its step changes hangs on a mask that is drawn";
        return Err(Error::new(Kind::Usage, message)
            .hint("backlit explain and backlit check show the network as it is; or train it with --dropout 0"));
    }
    let shortened = shorten(subject);
    let subject = &*subject;
    let wording = subject.wording(notation);
    let net = Net::new(&subject.metadata.network.network())?;
    let chosen = chosen(subject, &net, options)?;
    let mut questions = questions::questions(&wording, &net, &chosen);
    let after: BTreeSet<u64> = questions.iter().flat_map(|question| &question.blanks).map(|blank| blank.quantity.after()).collect();
    let bench = Bench::rightly(&wording, &after)?;
    let opened = open(subject)?;
    for blank in questions.iter_mut().flat_map(|question| &mut question.blanks) {
        blank.answer = answer(&bench, &opened, blank.quantity)?;
    }
    let carry = carry(&bench, &questions, options.digits, &after);
    let layout = page::Layout { wording: &wording, net: &net, questions: &questions, carry, options, shortened, opened: &opened };
    let (exercise, key) = (layout.page(false), layout.page(true));
    Ok(Worksheet { exercise, key, questions, carry, digits: options.digits })
}

/// Refuses what does not fit on a sheet.
fn fits(subject: &Subject) -> Result<(), Error> {
    let names = &subject.names;
    let widest = names.units.iter().copied().max().unwrap_or(0);
    let shape = &subject.metadata.network;
    let most = if shape.embedding.is_some() || shape.numeric.is_some() { MOST_LEARNED } else { MOST_UNITS };
    if subject.parameters.len() > MOST_PARAMETERS {
        let message =
            format!("a worksheet is computed by hand: at most {MOST_PARAMETERS} parameters; this network has {}", subject.parameters.len());
        return Err(
            Error::new(Kind::Usage, message).hint("fewer levels or numbers of each (--embed 2), or backlit explain for one gradient")
        );
    }
    if widest > MOST_UNITS || names.inputs.len() > most || names.layers() > MOST_LAYERS {
        let units: Vec<String> = [names.inputs.len()].iter().chain(&names.units).map(usize::to_string).collect();
        let message = format!(
            "a worksheet is computed by hand: at most {MOST_LAYERS} layers, {MOST_UNITS} units in each and {most} inputs; this network is {}",
            units.join("-")
        );
        return Err(Error::new(Kind::Usage, message)
            .hint("a smaller network, a random one (--inputs 2 --hidden 2), or backlit explain for one gradient"));
    }
    match subject.rows.len() {
        1 => Ok(()),
        rows => Err(Error::new(Kind::Usage, format!("a worksheet is of one row, but there are {rows}")).hint("--row N, counted from 0")),
    }
}

/// Rounds given numbers that are too long to be copied by hand; says whether there were any.
fn shorten(subject: &mut Subject) -> bool {
    let mut shortened = false;
    // A code is a name.
    let own = subject.names.columns.len() - subject.built.tables.len();
    for number in subject.parameters.iter_mut().chain(&mut subject.x[..own]).chain(&mut subject.y).chain(&mut subject.w) {
        let short = significant(*number, GIVEN);
        shortened |= short != *number;
        *number = short;
    }
    shortened
}

/// Every gradient opened; all must agree.
fn open(subject: &Subject) -> Result<Vec<Opened>, Error> {
    let all = (0..subject.parameters.len()).into_par_iter().map(|index| subject.open(Target::Parameter(index), 64));
    let opened: Vec<Opened> = all.collect::<Result<_, _>>()?;
    match opened.iter().find(|one| !one.explanation.routes.agrees) {
        Some(one) => Err(Error::new(
            Kind::Verification,
            format!("{}: the three routes to its gradient do not agree, so no sheet is printed", one.name),
        )),
        None => Ok(opened),
    }
}

/// The weights whose gradients are opened: places in the flat parameters.
fn chosen(subject: &Subject, net: &Net, options: &Options) -> Result<Vec<usize>, Error> {
    if options.parameters.is_empty() {
        return Ok(choose(subject, net, options.seed));
    }
    let weight = |name: &String| match subject.find(name)? {
        target @ Target::Parameter(index) if matches!(subject.thing(target), Some(Thing::Weight { .. })) => Ok(index),
        _ => Err(Error::new(Kind::Usage, format!("'{}' is no weight; a sheet opens the gradients of weights", name.escape_debug()))
            .hint("layer1.weight[unit,input]")),
    };
    let mut chosen = options.parameters.iter().map(weight).collect::<Result<Vec<_>, Error>>()?;
    // From the output back, as the sheet goes.
    chosen.sort_by_key(|&index| std::cmp::Reverse(net.layers.iter().position(|layer| layer.range().contains(&index))));
    chosen.dedup();
    Ok(chosen)
}

/// One weight of the output layer and one of the layer before, those with a gradient of ordinary size first.
pub(crate) fn choose(subject: &Subject, net: &Net, seed: u64) -> Vec<usize> {
    let data = subject.data();
    let gradients = subject.values(&data, 0).gradients();
    let of_layer = |layer: usize| {
        let nodes = subject.built.layers[layer - 1];
        let gradient = &gradients[nodes.weight.number()];
        let most = gradient.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        let mut order: Vec<u32> = (0..gradient.len() as u32).collect();
        Random::new(seed, Purpose::Check, layer as u64).shuffle(&mut order);
        let first = order.iter().find(|&&i| gradient[i as usize].abs() > 0.01 * most).or(order.first());
        net.layer(layer).weight + first.map_or(0, |&i| i as usize)
    };
    let depth = net.depth();
    [Some(depth), depth.checked_sub(1).filter(|&layer| layer > 0)].into_iter().flatten().map(of_layer).collect()
}

/// A number of the engine's, confirmed.
fn answer(bench: &Bench<'_>, opened: &[Opened], quantity: Quantity) -> Result<f64, Error> {
    let asked = match quantity {
        Quantity::Asked(asked) => asked,
        Quantity::Term { .. } => {
            return Ok(bench.snapshot(0).and_then(|snapshot| quantity.value(&bench.net, snapshot, &Right)).unwrap_or(f64::NAN));
        }
    };
    let found = bench.verified(&asked)?;
    let by_engine = match asked.what {
        What::Value(Item::Thing(thing)) if asked.after == 1 => {
            let place = crate::audit::place(&bench.net, thing);
            place.and_then(|index| opened.get(index)?.update.as_ref().map(|update| update.new_value))
        }
        _ => None,
    };
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    match by_engine {
        Some(new) if !close(new, found) => {
            Err(Error::new(Kind::Verification, "the update by the rule and by training do not agree, so no sheet is printed"))
        }
        _ if !found.is_finite() => Err(Error::new(Kind::Diverged, "a number of this row is infinite or NaN, so there is no sheet")),
        _ => Ok(found),
    }
}

impl Quantity {
    /// The number in a computation by hand.
    pub fn value(self, net: &Net, snapshot: &Snapshot, way: &dyn Way) -> Option<f64> {
        match self {
            Quantity::Asked(asked) => asked.value(net, snapshot, way),
            Quantity::Term { layer, unit, input } => {
                let weight = snapshot.parameters[net.place(Edge { layer, unit, input })];
                Some(way.keep(*snapshot.backs.first()?.dz.get(layer)?.get(unit)?) * weight)
            }
        }
    }

    /// The parameter whose new value it is, if it is one.
    fn updated(self) -> Option<Thing> {
        match self {
            Quantity::Asked(Asked { what: What::Value(Item::Thing(thing)), after: 1.. }) => Some(thing),
            _ => None,
        }
    }

    fn after(self) -> u64 {
        match self {
            Quantity::Asked(asked) => asked.after,
            Quantity::Term { .. } => 0,
        }
    }
}

/// A number in so many significant digits, zeros too unless they are all that follows: `0.7120`, but `0.75`.
pub fn written(value: f64, digits: usize) -> String {
    let short = rounded(value, digits);
    let is_all = |number: f64| (number - value).abs() <= 1e-12 * value.abs();
    if short.contains('e') || short.parse().is_ok_and(is_all) {
        return short;
    }
    let count = short.trim_start_matches(['-', '0', '.']).chars().filter(char::is_ascii_digit).count();
    let missing = "0".repeat(digits.saturating_sub(count));
    if missing.is_empty() || short.contains('.') { short + &missing } else { format!("{short}.{missing}") }
}

/// The fewest digits that can be carried from answer to answer so that every answer comes out as stated.
fn carry(bench: &Bench<'_>, questions: &[Question], digits: usize, after: &BTreeSet<u64>) -> Carry {
    let enough = |carried: &usize| leads_to_the_answers(bench, questions, digits, *carried, after);
    (digits..=digits + MOST_MORE).find(enough).map_or(Carry::Full, Carry::Digits)
}

fn leads_to_the_answers(bench: &Bench<'_>, questions: &[Question], digits: usize, carried: usize, after: &BTreeSet<u64>) -> bool {
    let (net, way) = (&bench.net, Rounded { to: To::Digits(carried), keeps_delta: true });
    let snapshots: BTreeMap<u64, Snapshot> = follow(net, &bench.recipe, &way, after);
    questions.iter().flat_map(|question| &question.blanks).all(|blank| {
        let found = snapshots.get(&blank.quantity.after()).and_then(|snapshot| blank.quantity.value(net, snapshot, &way));
        // What is written down is rounded once more: from what was carried to what is answered.
        found.is_some_and(|found| rounded(significant(found, carried), digits) == rounded(blank.answer, digits))
    })
}
