//! `backlit inspect`: what a table holds, and what may go wrong with it.

use crate::arguments::{Common, Inspect};
use crate::output::{self, Screen, number};
use backlit::error::{Error, Kind};
use backlit::inspect::{ColumnReport, inspect};
use backlit::prepare;
use serde_json::json;

pub fn run(arguments: &Inspect, common: &Common, screen: &Screen) -> Result<u8, Error> {
    let mut said = prepare::run_on(&arguments.data).data;
    said.target.clone_from(&arguments.columns.target);
    said.categories.clone_from(&arguments.columns.categories);
    said.ignore.clone_from(&arguments.columns.ignore);
    if let Some(embed) = &arguments.columns.embed {
        said.embed = embed.parse().map_err(|message| Error::new(Kind::Usage, format!("--embed: {message}")))?;
    }
    said.header = common.first_line();
    let found = inspect(&arguments.data, &said)?;
    let header = ["column", "missing", "distinct", "mean", "deviation", "least", "most", "taken for"].map(String::from).to_vec();
    let line = |column: &ColumnReport| {
        let mut line = vec![column.name.clone(), column.missing.to_string()];
        line.push(column.distinct.map_or("many".into(), |distinct| distinct.to_string()));
        let spread = |of: fn(&backlit::inspect::Spread) -> f64| column.numbers.as_ref().map_or(String::new(), |s| number(of(s)));
        line.extend([spread(|s| s.mean), spread(|s| s.deviation), spread(|s| s.least), spread(|s| s.most), column.kind.clone()]);
        line
    };
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(found.columns.iter().map(line)).collect();
    let mut text = format!("{}: {} rows, {} columns\n{}", arguments.data, found.rows, found.columns.len(), output::table(&lines));
    text += if found.findings.is_empty() { "\nnothing stands out\n" } else { "\n" };
    for finding in &found.findings {
        let column = if finding.column.is_empty() { String::new() } else { format!("'{}' ", finding.column) };
        text += &format!("  {}: {column}{}\n", json!(finding.what).as_str().unwrap_or_default().replace('_', " "), finding.message);
    }
    screen.result(&text);
    screen.document(&json!(found));
    Ok(0)
}
