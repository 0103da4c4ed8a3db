//! The value of another unit.

use super::{Reading, Slip, no_ways};
use crate::audit::bench::Bench;
use crate::audit::quantity::{Asked, Item, What};
use crate::by_hand::Net;
use crate::explain::notation::Thing;

pub(super) const SLIP: Slip = Slip {
    name: "other-unit",
    summary: "it is the value of another unit, weight or output: an index slipped",
    ways: no_ways,
    readings,
    prints: super::no_prints,
};

/// Quantities of a kind up to which the others are looked at.
const SEARCHED: usize = 2000;

fn readings(bench: &Bench<'_>, asked: &Asked) -> Vec<Reading> {
    let others = match asked.what {
        What::Value(item) => alike(item, &bench.net).into_iter().map(What::Value).collect(),
        What::Slope { of, by } => {
            // The same step between other units; by the cost only the one end can slip.
            let ofs = alike(of, &bench.net);
            let bys = alike(Item::Thing(by), &bench.net);
            let slopes = ofs.iter().flat_map(|&of| bys.iter().map(move |&by| (of, by)));
            let slopes = slopes.filter_map(|(of, by)| match by {
                Item::Thing(by) => Some(What::Slope { of, by }),
                Item::Part(_) => None,
            });
            slopes.take(SEARCHED).collect::<Vec<_>>()
        }
    };
    let others = others.into_iter().filter(|what| *what != asked.what).map(|what| Asked { what, ..*asked });
    let reading = |other: Asked| {
        let value = bench.right(&other).filter(|value| *value != 0.0)?;
        Some(Reading { value, says: format!("it is the value of {}", other.text(bench.wording)) })
    };
    others.filter_map(reading).collect()
}

/// All of the same kind, itself too.
fn alike(item: Item, net: &Net) -> Vec<Item> {
    let layers = || (1..=net.depth()).flat_map(|layer| (0..net.width(layer)).map(move |unit| (layer, unit)));
    let things: Vec<Thing> = match item {
        Item::Part(_) => return (0..net.outputs()).map(Item::Part).collect(),
        Item::Thing(thing) => match thing {
            Thing::Cost | Thing::Term(_) | Thing::Part { .. } | Thing::Column(_) | Thing::Numeric { .. } => vec![thing],
            Thing::Embedding { table, number, .. } => {
                let levels = net.front.tables.get(table - 1).map_or(0, |(_, levels)| *levels);
                (0..levels).map(|level| Thing::Embedding { table, level, number }).collect()
            }
            Thing::Input(_) => (0..net.width(0)).map(Thing::Input).collect(),
            Thing::Target(_) => (0..net.outputs()).map(Thing::Target).collect(),
            Thing::PreActivation { .. } => layers().map(|(layer, unit)| Thing::PreActivation { layer, unit }).collect(),
            Thing::Activation { .. } => layers().map(|(layer, unit)| Thing::Activation { layer, unit }).collect(),
            Thing::Bias { .. } => layers().map(|(layer, unit)| Thing::Bias { layer, unit }).collect(),
            Thing::Weight { .. } => {
                let weights = layers().flat_map(|(layer, unit)| net.layer(layer).blocks.into(unit).map(move |input| (layer, unit, input)));
                weights.map(|(layer, unit, input)| Thing::Weight { layer, unit, input }).collect()
            }
        },
    };
    things.into_iter().take(SEARCHED).map(Item::Thing).collect()
}
