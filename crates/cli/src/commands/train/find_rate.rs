//! `backlit train --find-rate`: rates tried in one short training, none of which is kept.

use crate::output::{self, Screen, number};
use backlit::error::{Error, Kind};
use backlit::find_rate::{Search, find_rate};
use backlit::job::Job;
use backlit::run_file::RunFile;
use serde_json::json;

/// Lines of the table.
const LINES: usize = 32;

pub fn run(run: &RunFile, job: &Job, screen: &Screen) -> Result<u8, Error> {
    let beside = [("folds", run.train.folds.is_some()), ("ensemble", run.train.ensemble.is_some_and(|count| count > 1))];
    if let Some((key, _)) = beside.into_iter().find(|(_, is_asked)| *is_asked) {
        let error = Error::new(Kind::Usage, "--find-rate searches with one network on the rows trained on");
        return Err(error.key(format!("train.{key}")).hint(format!("leave --{key} out")));
    }
    let search = find_rate(job)?;
    let tried = search.tried.iter().map(|tried| json!({ "rate": tried.rate, "cost": tried.cost, "smoothed": tried.smoothed }));
    screen.document(&json!({
        "name": job.name,
        "optimizer": job.optimizer,
        "tried": tried.collect::<Vec<_>>(),
        "suggested": search.suggested,
    }));
    screen.say(&table(&search));
    screen.result(&match search.suggested {
        Some(rate) => format!("--learning-rate {rate:.1e}\n"),
        None => "no rate lowers the cost\n".to_string(),
    });
    Ok(0)
}

/// Rate and smoothed cost, evenly over the steps, the last one too.
fn table(search: &Search) -> String {
    let every = search.tried.len().div_ceil(LINES).max(1);
    let last = search.tried.len().saturating_sub(1);
    let shown = search.tried.iter().enumerate().filter(|(step, _)| (last - step).is_multiple_of(every));
    let lines = shown.map(|(_, tried)| vec![format!("{:.1e}", tried.rate), number(tried.smoothed)]);
    let header = vec!["rate".to_string(), "smoothed cost".to_string()];
    format!("{}\n", output::table(&std::iter::once(header).chain(lines).collect::<Vec<_>>()))
}
