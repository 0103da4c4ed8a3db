//! `backlit check`: every parameter against an independent derivative.

use super::{data_or_bundled, is_run_file, model_and_rows, threads};
use crate::arguments::{Check, Common};
use crate::output::{self, Screen};
use backlit::engine::check::{Comparison, Report, Verdict};
use backlit::error::{Error, Kind};
use backlit::explain::dropout_said;
use backlit::gradient_check::Subject;
use backlit::{prepare, run_file};
use serde_json::{Value, json};
use std::path::Path;

/// Lines printed before a long list is cut short.
const SHOWN: usize = 40;

pub fn run(arguments: &Check, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let subject = subject(arguments, common, screen)?;
    let subject = match arguments.row {
        Some(row) => subject.only(row)?,
        None => subject,
    };
    let report = if arguments.all { subject.check_all()? } else { subject.check()? };
    screen.result(&text(&report, &subject, arguments.row, screen));
    screen.document(&document(&report, &subject));
    Ok(if report.passed() { 0 } else { Kind::Verification.exit_code() })
}

fn subject(arguments: &Check, common: &Common, screen: &Screen) -> Result<Subject, Error> {
    let run_file = arguments.config.as_deref().or(arguments.model.as_deref().filter(|path| is_run_file(path)));
    if let (Some(path), None) = (run_file, &arguments.data) {
        let job = prepare::job(&super::train::with_common(&run_file::read(path)?, common), None, threads(common))?;
        job.notes.iter().for_each(|note| screen.note(note));
        return Ok(Subject::of_job(&job));
    }
    let path = run_file.or(arguments.model.as_deref()).unwrap_or(Path::new(""));
    let data = data_or_bundled(path, arguments.data.as_deref())?;
    let (model, rows, _) = model_and_rows(path, data.as_deref(), true, common, screen)?;
    if run_file.is_none() {
        let network = &model.metadata.network;
        let activations = network.layers.iter().map(|layer| layer.activation.as_str());
        prepare::formula_notes(activations, &network.loss).iter().for_each(|note| screen.note(note));
    }
    Ok(Subject::of_rows(&model, rows, threads(common)))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agrees => "agrees",
        Verdict::Differs => "differs",
        Verdict::Kink => "kink",
    }
}

fn document(report: &Report, subject: &Subject) -> Value {
    let one = |c: &Comparison| {
        json!({
            "name": c.name, "value": c.value, "gradient": c.gradient, "independent": c.independent,
            "relative_difference": c.relative_difference, "verdict": word(c.verdict),
        })
    };
    json!({
        "cost": report.cost,
        "rows": subject.rows,
        "parameter_count": subject.parameters.len(),
        "passed": report.passed(),
        "dropout": subject.dropout.iter().map(|(layer, share)| json!({ "layer": layer, "share": share })).collect::<Vec<_>>(),
        "worst": report.worst().map(one),
        "parameters": report.parameters.iter().map(one).collect::<Vec<_>>(),
        "directions": report.directions.iter().map(one).collect::<Vec<_>>(),
    })
}

fn text(report: &Report, subject: &Subject, row: Option<usize>, screen: &Screen) -> String {
    let all: Vec<&Comparison> = report.parameters.iter().chain(&report.directions).collect();
    let which = row.map_or(format!("the mean over {} rows", subject.rows), |row| format!("row {row}"));
    let mut text = format!("cost {} for {which}, as trained, in f64\n\n", report.cost);
    if let Some(said) = dropout_said(&subject.dropout) {
        text += &format!("{said}\n\n");
    }
    let mut lines = vec![["parameter", "value", "gradient", "independent", "rel. difference", ""].map(String::from).to_vec()];
    let line = |c: &Comparison| {
        let difference = if c.relative_difference == 0.0 { "0".to_string() } else { format!("{:.1e}", c.relative_difference) };
        vec![
            c.name.clone(),
            output::number(c.value),
            format!("{:.12e}", c.gradient),
            format!("{:.12e}", c.independent),
            difference,
            word(c.verdict).into(),
        ]
    };
    let first = |c: &&&Comparison| c.verdict != Verdict::Agrees;
    let rest = all.iter().filter(|c| c.verdict == Verdict::Agrees);
    lines.extend(all.iter().filter(first).chain(rest).take(SHOWN).map(|c| line(c)));
    text += &output::table(&lines);
    if all.len() > SHOWN {
        text += &format!("  … and {} more (--json has all)\n", all.len() - SHOWN);
    }
    let count = |verdict: Verdict| all.iter().filter(|c| c.verdict == verdict).count();
    if !report.directions.is_empty() {
        let sampled = report.parameters.len();
        text += &format!(
            "\n{sampled} of {} parameters drawn at random, and {} random directions through all of them (--all checks each)\n",
            subject.parameters.len(),
            report.directions.len()
        );
    }
    text += &format!("\n{} agree, {} differ", count(Verdict::Agrees), count(Verdict::Differs));
    if count(Verdict::Kink) > 0 {
        text += &format!(", {} stand at a kink (no derivative there)", count(Verdict::Kink));
    }
    if let Some(worst) = report.worst() {
        text += &format!("; worst {} at {:.1e}", worst.name, worst.relative_difference);
    }
    let verdict = if report.passed() { "passed" } else { "FAILED" };
    text + &format!("\n{}\n", screen.verdict(verdict, report.passed()))
}
