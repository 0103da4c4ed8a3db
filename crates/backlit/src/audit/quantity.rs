//! What a claim is about, and where its number stands in a computation by hand.

use crate::by_hand::{self, Edge, Net, Seed, Snapshot, Way, back, by_weight};
use crate::explain::Wording;
use crate::explain::notation::{NumericPart, Part, Term, Thing};
use backlit_engine::typeset::{Math, unicode};
use std::f64::consts::TAU;

/// Something that has a value in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A quantity of the network.
    Thing(Thing),
    /// The cost of one output.
    Part(usize),
}

/// A number that can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A value.
    Value(Item),
    /// ∂of/∂by, over all ways from the one to the other.
    Slope {
        /// What is differentiated.
        of: Item,
        /// By what.
        by: Thing,
    },
}

/// A number that can be claimed, after so many updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub what: What,
    /// Updates done.
    pub after: u64,
}

impl Item {
    /// The cost.
    pub const COST: Item = Item::Thing(Thing::Cost);

    /// The item's name in a notation.
    pub fn math(self, wording: &Wording<'_>) -> Math {
        match self {
            Item::Thing(thing) => wording.thing(thing),
            Item::Part(output) => {
                let names = &wording.subject.names;
                let layer = names.layers();
                match wording.thing(Thing::Activation { layer, unit: output }) {
                    // net and out: the cost of o1 is called after it.
                    Math::Script { below: Some(index), above: None, .. } => Math::letter("E").below(*index),
                    _ => Math::letter("C").below(Math::Number(output.to_string())),
                }
            }
        }
    }

    fn seed(self) -> Option<Seed> {
        match self {
            Item::Thing(Thing::Cost) => Some(Seed::Cost),
            Item::Part(output) => Some(Seed::Part(output)),
            Item::Thing(Thing::PreActivation { layer, unit }) => Some(Seed::Z(layer, unit)),
            Item::Thing(Thing::Activation { layer, unit }) => Some(Seed::A(layer, unit)),
            Item::Thing(Thing::Part { part: Part::Normalized, layer, unit }) => Some(Seed::N(layer, unit)),
            Item::Thing(Thing::Part { part: Part::Sum, layer, unit }) => Some(Seed::Out(layer, unit)),
            _ => None,
        }
    }
}

impl What {
    /// Whether it is of one row: there is no mean of it that anybody uses.
    pub fn needs_one_row(self) -> bool {
        match self {
            What::Value(Item::Thing(Thing::Cost | Thing::Term(Term::Penalty))) => false,
            What::Value(Item::Thing(thing)) => !is_parameter(thing),
            What::Value(Item::Part(_)) => true,
            What::Slope { of, by } => of != Item::COST || !is_parameter(by),
        }
    }
}

impl Asked {
    /// As text, in a notation.
    pub fn text(&self, wording: &Wording<'_>) -> String {
        let name = match self.what {
            What::Value(item) => unicode(&item.math(wording)),
            What::Slope { of: Item::Thing(of), by } => unicode(&wording.partial(of, by)),
            What::Slope { of, by } => unicode(&Math::partial(of.math(wording), wording.thing(by))),
        };
        match self.after {
            0 => name,
            after => format!("{name} after {after}"),
        }
    }

    /// The number in a computation by hand; none where there is no such number.
    pub fn value(&self, net: &Net, snapshot: &Snapshot, way: &dyn Way) -> Option<f64> {
        match self.what {
            What::Value(item) => value(item, net, snapshot, way),
            What::Slope { of: Item::Thing(Thing::Term(Term::Penalty)), by } => {
                let place = place(net, by)?;
                Some(if net.is_penalized(place) { net.penalty_slope(*snapshot.parameters.get(place)?, way) } else { 0.0 })
            }
            What::Slope { of: Item::Thing(of @ Thing::Numeric { .. }), by } => by_front(of, by, net, snapshot, way),
            What::Slope { of: Item::Thing(Thing::Term(Term::Loss)), by } => {
                // From the loss as from the cost, before the row's weight.
                let sheet = snapshot.sheets.first()?;
                let sheet = by_hand::Sheet { pull: sheet.loss_pull.clone(), ..sheet.clone() };
                let back = back(net, &sheet, Seed::Cost, way, &snapshot.parameters, &snapshot.next);
                slope(by, net, &snapshot.parameters, &sheet, &back, way)
            }
            What::Slope { of: Item::Thing(Thing::Cost), by } if place(net, by).is_some() => snapshot.gradient.get(place(net, by)?).copied(),
            What::Slope { of, by } => {
                let sheet = snapshot.sheets.first()?;
                let other;
                let back = match of.seed()? {
                    Seed::Cost => snapshot.backs.first()?,
                    seed => {
                        other = back(net, sheet, seed, way, &snapshot.parameters, &snapshot.next);
                        &other
                    }
                };
                slope(by, net, &snapshot.parameters, sheet, back, way)
            }
        }
    }
}

fn is_parameter(thing: Thing) -> bool {
    match thing {
        Thing::Part { part, .. } => part.parameter().is_some(),
        Thing::Numeric { part, .. } => !matches!(part, NumericPart::Wave | NumericPart::Sum),
        thing => matches!(thing, Thing::Weight { .. } | Thing::Bias { .. } | Thing::Embedding { .. }),
    }
}

/// Where a parameter stands in the flat ones.
pub fn place(net: &Net, thing: Thing) -> Option<usize> {
    match thing {
        Thing::Weight { layer, unit, input } => Some(net.place(Edge { layer, unit, input })),
        Thing::Bias { layer, unit } => net.layer(layer).bias.map(|start| start + unit),
        Thing::Part { part: Part::Gain, layer, unit } => net.layer(layer).gain.map(|start| start + unit),
        Thing::Part { part: Part::Shift, layer, unit } => net.layer(layer).gain.map(|start| start + net.layer(layer).units + unit),
        Thing::Part { part: Part::RunningMean, layer, unit } => net.layer(layer).running.map(|start| start + unit),
        Thing::Part { part: Part::RunningVariance, layer, unit } => {
            net.layer(layer).running.map(|start| start + net.layer(layer).units + unit)
        }
        Thing::Embedding { table, level, number } => net.front.place(table - 1, level, number),
        Thing::Numeric { part, line, number } => {
            let waves = net.front.waves.as_ref()?;
            let [f, phases, weights, biases, _] = waves.starts;
            match part {
                NumericPart::Frequency => Some(f + line * waves.waves + number),
                NumericPart::Phase => Some(phases + line * waves.waves + number),
                NumericPart::Weight => Some(weights + line * waves.waves + number),
                NumericPart::Bias => Some(biases + line),
                NumericPart::Wave | NumericPart::Sum => None,
            }
        }
        _ => None,
    }
}

fn value(item: Item, net: &Net, snapshot: &Snapshot, way: &dyn Way) -> Option<f64> {
    let sheet = snapshot.sheets.first()?;
    match item {
        Item::Part(output) => sheet.parts.get(output).copied(),
        Item::Thing(thing) => match thing {
            Thing::Input(i) => sheet.a[0].get(i).copied(),
            Thing::Target(k) => sheet.y.get(k).copied(),
            Thing::PreActivation { layer, unit } => sheet.z.get(layer)?.get(unit).copied(),
            Thing::Activation { layer, unit } => sheet.a.get(layer)?.get(unit).copied(),
            Thing::Cost => Some(snapshot.cost),
            Thing::Term(Term::Loss) => Some(sheet.loss),
            Thing::Term(Term::Penalty) => Some(net.penalty(&snapshot.parameters, way)),
            Thing::Part { part: Part::Normalized, layer, unit } => sheet.n.get(layer)?.get(unit).copied(),
            Thing::Part { part: Part::Sum, layer, unit } => sheet.out.get(layer)?.get(unit).copied(),
            Thing::Part { .. } => snapshot.parameters.get(place(net, thing)?).copied(),
            Thing::Numeric { part: NumericPart::Wave, line, number } => {
                sheet.front.waves.get(line * net.front.waves.as_ref()?.waves + number).copied()
            }
            Thing::Numeric { part: NumericPart::Sum, line, .. } => sheet.front.input.get(net.front.looked_up() + line).copied(),
            Thing::Term(_) | Thing::Column(_) => None,
            Thing::Weight { .. } | Thing::Bias { .. } | Thing::Embedding { .. } | Thing::Numeric { .. } => {
                snapshot.parameters.get(place(net, thing)?).copied()
            }
        },
    }
}

fn slope(by: Thing, net: &Net, parameters: &[f64], sheet: &by_hand::Sheet, back: &by_hand::Back, way: &dyn Way) -> Option<f64> {
    match by {
        Thing::Input(i) => back.da[0].get(i).copied(),
        Thing::PreActivation { layer, unit } => back.dz.get(layer)?.get(unit).copied(),
        Thing::Activation { layer, unit } => back.da.get(layer)?.get(unit).copied(),
        Thing::Bias { layer, unit } => back.dz.get(layer)?.get(unit).copied(),
        Thing::Weight { layer, unit, input } => {
            let dz = *back.dz.get(layer)?.get(unit)?;
            Some(by_weight(sheet, way, Edge { layer, unit, input }, dz))
        }
        Thing::Part { part: Part::Normalized | Part::Shift, layer, unit } => back.dn.get(layer)?.get(unit).copied(),
        Thing::Part { part: Part::Sum, layer, unit } => back.dout.get(layer)?.get(unit).copied(),
        Thing::Part { part: Part::Gain, layer, unit } => Some(back.dn.get(layer)?.get(unit)? * sheet.standard.get(layer)?.get(unit)?),
        Thing::Embedding { table, level, number } => {
            let taken = sheet.front.x.get(net.front.own() + table - 1).is_some_and(|&code| code == level as f64);
            let by = back.dout[0].get(net.front.own() + (table - 1) * net.front.numbers + number).copied()?;
            Some(if taken { by } else { 0.0 })
        }
        Thing::Numeric { part: NumericPart::Sum | NumericPart::Bias, line, .. } => back.dout[0].get(net.front.looked_up() + line).copied(),
        Thing::Numeric { part: NumericPart::Wave, line, number } => {
            let all = net.front.by_waves(parameters, &back.dout[0], way);
            all.get(line * net.front.waves.as_ref()?.waves + number).copied()
        }
        Thing::Numeric { .. } => by_numeric(by, net, parameters, sheet, &back.dout[0], way),
        Thing::Target(_) | Thing::Cost | Thing::Term(_) | Thing::Part { .. } | Thing::Column(_) => None,
    }
}

/// By what is learned of single columns, from the derivatives by what goes into the first layer.
fn by_numeric(by: Thing, net: &Net, parameters: &[f64], sheet: &by_hand::Sheet, by_input: &[f64], way: &dyn Way) -> Option<f64> {
    let mut gradient = vec![0.0; parameters.len()];
    net.front.add_gradient(parameters, &sheet.front, by_input, way, &mut gradient);
    gradient.get(place(net, by)?).copied()
}

/// The derivatives of a cosine or of a sum of cosines by what goes into it.
fn by_front(of: Thing, by: Thing, net: &Net, snapshot: &Snapshot, way: &dyn Way) -> Option<f64> {
    let (sheet, waves) = (snapshot.sheets.first()?, net.front.waves.as_ref()?);
    let parameters = &snapshot.parameters;
    match (of, by) {
        (Thing::Numeric { part: NumericPart::Wave, line, number }, Thing::Numeric { part, line: other, number: wave }) => {
            let is_own = (line, number) == (other, wave);
            let slope = -sheet.front.turns.get(line * waves.waves + number)?.sin();
            match part {
                NumericPart::Frequency => Some(if is_own { slope * TAU * sheet.front.x.get(*waves.columns.get(line)?)? } else { 0.0 }),
                NumericPart::Phase => Some(if is_own { slope } else { 0.0 }),
                _ => None,
            }
        }
        (Thing::Numeric { part: NumericPart::Sum, line, .. }, Thing::Numeric { part, line: other, number }) => {
            let mut by_input = vec![0.0; net.width(0)];
            *by_input.get_mut(net.front.looked_up() + line)? = 1.0;
            match part {
                NumericPart::Wave => net.front.by_waves(parameters, &by_input, way).get(other * waves.waves + number).copied(),
                NumericPart::Sum => None,
                _ => by_numeric(by, net, parameters, sheet, &by_input, way),
            }
        }
        _ => None,
    }
}
