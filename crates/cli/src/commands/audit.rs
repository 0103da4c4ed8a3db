//! `backlit audit`: a derivation made by hand, judged claim by claim.

use super::{data_or_bundled, model_and_rows, on_threads};
use crate::arguments::{Audit, Common};
use crate::output::{self, Screen};
use backlit::audit::{Report, Verdict, audit, json, read};
use backlit::error::{Error, Kind};
use backlit::explain::{Subject, digits, notation};

/// Slips listed for a claim at most; --json has all.
const SHOWN: usize = 8;

pub fn run(arguments: &Audit, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let name = arguments.notation.as_deref();
    let notation = notation::find(name.unwrap_or("za")).map_err(|message| Error::new(Kind::Usage, message))?;
    let data = data_or_bundled(&arguments.model, arguments.data.as_deref())?;
    let (model, rows, _) = model_and_rows(&arguments.model, data.as_deref(), true, common, screen)?;
    let mut subject = Subject::new(model, rows)?;
    if let Some(row) = arguments.row {
        subject.keep(&[row])?;
    }
    let claims = read(&arguments.claims, &subject, name)?;
    let report = on_threads(common, || audit(&subject, claims, notation))?;
    report.notes.iter().for_each(|note| screen.note(note));
    screen.result(&text(&report, screen));
    screen.document(&json(&report));
    Ok(if report.passed() { 0 } else { Kind::Verification.exit_code() })
}

fn text(report: &Report, screen: &Screen) -> String {
    // The last column, unlike numbers, stands to the left.
    let words: Vec<String> = report.verdicts.iter().map(word).collect();
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let mut lines = vec![["quantity", "claimed", "right", ""].map(String::from).to_vec()];
    let line = |verdict: &Verdict| {
        let digits = verdict.claim.written.digits.max(8) + usize::from(!verdict.is_right);
        let right = digits::rounded(verdict.right, digits.min(17));
        vec![plain(&verdict.claim.quantity), plain(&verdict.claim.written.text), right, format!("{:<width$}", word(verdict))]
    };
    lines.extend(report.verdicts.iter().map(line));
    let mut text = output::table(&lines);
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.is_right) {
        text += &format!("\n{} = {} comes out if\n", plain(&verdict.claim.quantity), plain(&verdict.claim.written.text));
        for other in verdict.would_be.iter().take(SHOWN) {
            let value = digits::rounded(other.value, verdict.claim.written.digits.max(8));
            text += &format!("  - {} ({}: {value})\n", other.says, other.slip);
        }
        match verdict.would_be.len() {
            0 => text += "  - nothing that is known gives these digits\n",
            count if count > SHOWN => text += &format!("  - or one of {} others (--json has all)\n", count - SHOWN),
            _ => {}
        }
    }
    if !report.algorithms.conclusion.is_empty() {
        text += &format!("\n{}\n", report.algorithms.conclusion);
    }
    let (right, all) = (report.right(), report.verdicts.len());
    text + &format!("\n{}\n", screen.verdict(&format!("{right} of {all} claims are right"), report.passed()))
}

fn word(verdict: &Verdict) -> String {
    let digits = |count: usize| if count == 1 { "1 digit".to_string() } else { format!("{count} digits") };
    let claimed = verdict.claim.written.digits;
    match (verdict.is_right, verdict.digits) {
        (true, 0) => "right".into(),
        (true, right) if right < claimed => format!("right to {}; the last is cut or off by one", digits(right)),
        (true, right) => format!("right to {}", digits(right)),
        (false, 0) => "WRONG".into(),
        (false, right) => format!("WRONG after {}", digits(right)),
    }
}

/// What a person wrote, without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
