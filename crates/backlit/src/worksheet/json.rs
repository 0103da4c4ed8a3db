//! The sheet as JSON: every question with its answer.

use super::{Carry, Worksheet};
use crate::document::Inline;
use backlit_engine::typeset::unicode;
use serde_json::{Value, json};

/// Every question with its answer.
pub fn json(sheet: &Worksheet) -> Value {
    let words = |parts: &[Inline]| {
        let part = |part: &Inline| match part {
            Inline::Text(text) | Inline::Strong(text) | Inline::Code(text) | Inline::Link { text, .. } => text.clone(),
            Inline::Math(math) => unicode(math),
            Inline::Blank => "____".into(),
        };
        parts.iter().map(part).collect::<String>()
    };
    let question = |question: &super::Question| {
        let blanks = question.blanks.iter().map(|blank| {
            json!({
                "quantity": unicode(&blank.name), "formula": blank.formula.as_ref().map(unicode), "answer": blank.answer,
                "rounded": super::written(blank.answer, sheet.digits),
            })
        });
        json!({ "heading": question.heading, "task": words(&question.intro), "blanks": blanks.collect::<Vec<_>>() })
    };
    let carry = match sheet.carry {
        Carry::Digits(digits) => Some(digits),
        Carry::Full => None,
    };
    json!({ "digits": sheet.digits, "carry": carry, "questions": sheet.questions.iter().map(question).collect::<Vec<_>>() })
}
