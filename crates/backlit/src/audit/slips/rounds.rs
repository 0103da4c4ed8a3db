//! One round too many or too few.

use super::{Reading, Slip, no_ways};

pub(super) const SLIP: Slip = Slip {
    name: "off-by-one-round",
    summary: "the value after one round more or fewer",
    ways: no_ways,
    readings: |bench, asked| {
        let other = |after: u64| {
            let updates = if after == 1 { "update" } else { "updates" };
            let says = format!("it is the value after {after} {updates}, not {}", asked.after);
            Some(Reading { value: bench.right(&super::Asked { after, ..*asked })?, says })
        };
        [asked.after.checked_sub(1), asked.after.checked_add(1)].into_iter().flatten().filter_map(other).collect()
    },
    prints: super::no_prints,
};
