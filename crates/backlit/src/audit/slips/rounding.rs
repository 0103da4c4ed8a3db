//! Numbers rounded on the way.

use super::{Lasts, Setting, Slip, Trial, no_readings, trial};
use crate::by_hand::{Rounded, To};

pub(super) const SLIP: Slip = Slip {
    name: "rounded-early",
    summary: "numbers are rounded on the way and computed on with",
    ways,
    readings: no_readings,
    prints: super::no_prints,
};

/// The coarsest first: where several give the same number, it is named.
fn ways(_: &Setting<'_>) -> Vec<Trial> {
    let decimals = (1..=6).map(|places| (To::Decimals(places), format!("{places} {}", if places == 1 { "decimal" } else { "decimals" })));
    let digits = (2..=6).map(|digits| (To::Digits(digits), format!("{digits} significant digits")));
    let both = decimals.chain(digits).flat_map(|(to, what)| [true, false].map(|keeps_delta| (to, keeps_delta, what.clone())));
    both.map(|(to, keeps_delta, what)| {
        trial(Rounded { to, keeps_delta }, format!("the numbers on the way are rounded to {what}"), Lasts::Always)
    })
    .collect()
}
