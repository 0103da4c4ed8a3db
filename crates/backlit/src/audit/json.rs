//! The report as JSON.

use super::{Report, Verdict};
use serde_json::{Value, json};

/// The report.
pub fn json(report: &Report) -> Value {
    let verdict = |verdict: &Verdict| {
        let claim = &verdict.claim;
        let would_be = verdict.would_be.iter().map(|other| json!({ "slip": other.slip, "says": other.says, "value": other.value }));
        json!({
            "row": claim.row, "quantity": claim.quantity, "after": claim.asked.after, "value": claim.written.text,
            "right": verdict.right, "verdict": if verdict.is_right { "right" } else { "wrong" },
            "digits": verdict.digits, "digits_claimed": claim.written.digits,
            "would_be": would_be.collect::<Vec<_>>(),
        })
    };
    let algorithm = |algorithm: &super::Algorithm| json!({ "says": algorithm.says, "right": algorithm.right, "shift": algorithm.shift, "gives": algorithm.gives });
    json!({
        "passed": report.passed(), "right": report.right(), "wrong": report.verdicts.len() - report.right(),
        "claims": report.verdicts.iter().map(verdict).collect::<Vec<_>>(),
        "algorithms": report.algorithms.needed.iter().map(algorithm).collect::<Vec<_>>(),
        "unexplained": report.algorithms.unexplained, "conclusion": report.algorithms.conclusion, "notes": report.notes,
    })
}
