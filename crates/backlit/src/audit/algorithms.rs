//! All claims together: which algorithm gives which of them.

use super::Verdict;
use super::bench::Bench;
use super::quantity::Asked;
use super::slips::Lasts;
use super::written::Agreement;
use std::collections::BTreeSet;

/// What gives all claims, if anything does.
#[derive(Clone, Debug)]
pub struct Algorithms {
    /// Those that are needed to give as many claims as can be given, the one that gives most first.
    pub needed: Vec<Algorithm>,
    /// Claims that none gives: places in the table.
    pub unexplained: Vec<usize>,
    /// All this in a sentence; empty where every claim is right.
    pub conclusion: String,
}

/// A way of training, and the claims that it gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Algorithm {
    /// What is done.
    pub says: String,
    /// Whether it is the model's own.
    pub right: bool,
    /// Rounds more (1) or fewer (−1) than claimed.
    pub shift: i64,
    /// Places in the table.
    pub gives: Vec<usize>,
}

impl Algorithms {
    pub(super) fn new(bench: &Bench<'_>, verdicts: &[Verdict]) -> Algorithms {
        if verdicts.iter().all(|verdict| verdict.is_right) {
            return Algorithms { needed: Vec::new(), unexplained: Vec::new(), conclusion: String::new() };
        }
        let known = known(bench, verdicts);
        let mut open: BTreeSet<usize> = (0..verdicts.len()).collect();
        let mut needed: Vec<Algorithm> = Vec::new();
        loop {
            let adds = |algorithm: &Algorithm| algorithm.gives.iter().filter(|place| open.contains(place)).count();
            // The first of those that add most; the right one stands first.
            let Some(best) = known.iter().rev().max_by_key(|algorithm| adds(algorithm)) else { break };
            if adds(best) == 0 {
                break;
            }
            open.retain(|place| !best.gives.contains(place));
            needed.push(best.clone());
        }
        // What the model does stands first.
        needed.sort_by_key(|algorithm| !(algorithm.right && algorithm.shift == 0));
        let unexplained: Vec<usize> = open.into_iter().collect();
        let conclusion = conclusion(&needed, &unexplained, verdicts);
        Algorithms { needed, unexplained, conclusion }
    }
}

/// Every algorithm with the claims it gives: as many rounds as claimed before one more or fewer, the right one first.
fn known(bench: &Bench<'_>, verdicts: &[Verdict]) -> Vec<Algorithm> {
    let mut all = Vec::new();
    for shift in [0, -1, 1i64] {
        let moved = |asked: Asked| match asked.after {
            0 => Some(asked),
            after => after.checked_add_signed(shift).map(|after| Asked { after, ..asked }),
        };
        let gives = |value: &dyn Fn(&Asked) -> Option<f64>| {
            let agrees = |verdict: &Verdict| {
                let number = moved(verdict.claim.asked).and_then(|asked| value(&asked));
                number.is_some_and(|number| verdict.claim.written.agrees(number, 1e-13) != Agreement::No)
            };
            (0..verdicts.len()).filter(|&place| agrees(&verdicts[place])).collect::<Vec<usize>>()
        };
        all.push(match shift {
            0 => Algorithm {
                says: "the model as it is".into(),
                right: true,
                shift,
                gives: (0..verdicts.len()).filter(|&place| verdicts[place].is_right).collect(),
            },
            _ => Algorithm { says: "the model as it is".into(), right: true, shift, gives: gives(&|asked| bench.right(asked)) },
        });
        for tried in bench.trials.iter().filter(|tried| tried.trial.lasts == Lasts::Algorithm) {
            let value = |asked: &Asked| asked.value(&bench.net, tried.snapshots.get(&asked.after)?, &*tried.trial.way);
            all.push(Algorithm { says: tried.trial.says.clone(), right: false, shift, gives: gives(&value) });
        }
    }
    all
}

fn conclusion(needed: &[Algorithm], unexplained: &[usize], verdicts: &[Verdict]) -> String {
    let all = verdicts.len();
    let name = |algorithm: &Algorithm| {
        let shift = match algorithm.shift {
            -1 => ", one round fewer than claimed",
            1 => ", one round more than claimed",
            _ => "",
        };
        format!("\"{}\"{shift}", algorithm.says)
    };
    let list = |places: &[usize]| {
        let names: Vec<String> =
            places.iter().map(|&place| format!("{} = {}", verdicts[place].claim.quantity, verdicts[place].claim.written.text)).collect();
        names.join(", ")
    };
    match needed {
        [only] if unexplained.is_empty() => return format!("One algorithm gives all {all} claims: {}.", name(only)),
        _ => {}
    }
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut parts = Vec::new();
    for (i, algorithm) in needed.iter().enumerate() {
        let fresh: Vec<usize> = algorithm.gives.iter().copied().filter(|place| taken.insert(*place)).collect();
        parts.push(match i {
            0 if fresh.len() > 4 => format!("{} gives {} of the {all}", name(algorithm), fresh.len()),
            _ => format!("{} gives {}", name(algorithm), list(&fresh)),
        });
    }
    if !unexplained.is_empty() {
        parts.push(format!("none that is known gives {}", list(unexplained)));
    }
    format!("No single algorithm gives all claims: {}.", parts.join("; "))
}
