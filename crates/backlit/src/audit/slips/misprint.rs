//! The right number, badly copied.

use super::{Slip, no_readings, no_ways};
use crate::audit::written::Written;

pub(super) const SLIP: Slip = Slip {
    name: "misprint",
    summary: "a digit of the right number is lost, doubled or wrong, or two are swapped",
    ways: no_ways,
    readings: no_readings,
    prints: misprint,
};

/// Fewer digits look like each other anyway.
const ENOUGH: usize = 5;

fn misprint(written: &Written, right: f64) -> Option<String> {
    if written.digits < ENOUGH || written.places < 0 {
        return None;
    }
    let places = written.places as usize;
    let claimed = figures(written.value, places);
    let found = if lost(&figures(right, places + 1), &claimed) {
        "a digit was lost"
    } else if places > 0 && lost(&claimed, &figures(right, places - 1)) {
        "there is a digit too many"
    } else {
        let right = figures(right, places);
        let wrong: Vec<usize> = (0..right.len().max(claimed.len())).filter(|&i| right.get(i) != claimed.get(i)).collect();
        match wrong.as_slice() {
            _ if right.len() != claimed.len() => return None,
            [a, b] if a + 1 == *b && right[*a] == claimed[*b] && right[*b] == claimed[*a] => "two digits are swapped",
            [a] if a + 1 < right.len() => "a digit is another",
            _ => return None,
        }
    };
    Some(format!("the right number was badly copied: {found}"))
}

/// Sign and digits with so many decimals.
fn figures(value: f64, places: usize) -> Vec<char> {
    format!("{value:+.places$}").chars().filter(|&c| c != '.').collect()
}

/// Whether `short` is `long` without one of its digits.
fn lost(long: &[char], short: &[char]) -> bool {
    let same = long.iter().zip(short).take_while(|(a, b)| a == b).count();
    long.len() == short.len() + 1 && same < long.len() && long[same + 1..] == short[same..]
}
