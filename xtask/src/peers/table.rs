//! Timings as one table of medians and ratios.

use super::Timing;
use super::process::{OURS, median};
use std::fmt::Write;

const WHAT: [(&str, &str); 9] = [
    ("W1", "2-2-2 sigmoid, one row, SGD, f64, a step"),
    ("W2", "3-4-1 sigmoid, one row, SGD, f64, a step"),
    ("W3", "13-5-3-1 linear, 506 rows, SGD, f64, an epoch"),
    ("W4", "784-512-256-10 relu, batch 128, Adam, f32, a step"),
    ("W5", "1024-4096-4096-1024 relu, batch 512, SGD, f32, a step"),
    ("W6", "64 × 64 tanh layers, batch 32, SGD, f32, a step"),
    ("W7", "one row forward through W4's network, f32"),
    ("W8", "13-64-32-1 relu, batch 32, Adam, 200 epochs, f32"),
    ("W9", "a whole process: W3 for 30 epochs"),
];

/// The table, and below it all tools one by one.
pub fn text(timings: &[Timing], workloads: &[String], threads: &[usize]) -> String {
    let several = threads.len() > 1;
    let mut text =
        String::from("| workload | threads | ours | best rival | it takes | ours ÷ rival | loop by hand | ours ÷ hand | check |");
    text += if several { " on one thread ÷ here |\n" } else { "\n" };
    text += "|---|---|---|---|---|---|---|---|---|";
    text += if several { "---|\n" } else { "\n" };
    let mut all = String::new();
    for workload in workloads {
        let what = WHAT.iter().find(|(name, _)| name == workload).map_or("", |(_, what)| what);
        for &threads_here in threads {
            let here = Cell { timings, workload, threads: threads_here };
            let mut tools = here.tools();
            tools.sort_by(|a, b| here.ratio(b).total_cmp(&here.ratio(a)));
            let by_hand = |tool: &&&str| tool.starts_with("hand");
            let (hand, rival) = (tools.iter().find(by_hand), tools.iter().find(|tool| !by_hand(tool)));
            let time = |tool: Option<&&str>| tool.map_or(String::new(), |tool| seconds(here.seconds(tool)));
            let ratio = |tool: Option<&&str>| tool.map_or(String::new(), |tool| format!("{:.2}", here.ratio(tool)));
            let name = rival.copied().unwrap_or("");
            let (ours, check) = (seconds(here.seconds(OURS)), here.check());
            let row = [
                format!("{workload}: {what}"),
                threads_here.to_string(),
                ours,
                name.to_string(),
                time(rival),
                ratio(rival),
                time(hand),
                ratio(hand),
                check,
            ];
            let _ = write!(text, "| {} |", row.join(" | "));
            if several {
                let _ = write!(text, " {:.2} |", here.gain(threads[0]));
            }
            text.push('\n');
            let said = |tool: &&str| {
                let peak = here.peak(tool).map_or(String::new(), |mib| format!(", {mib:.1} MiB"));
                format!("{tool} {}{peak} ({:.2})", seconds(here.seconds(tool)), here.ratio(tool))
            };
            let own = here.peak(OURS).map_or(String::new(), |mib| format!("ours {mib:.1} MiB; "));
            let _ = writeln!(all, "- {workload}, {threads_here} thread(s): {own}{}", tools.iter().map(said).collect::<Vec<_>>().join("; "));
        }
    }
    format!("{text}\nEvery tool, how long it takes and how many times as long ours does:\n\n{all}")
}

/// All timings of one workload on so many threads.
struct Cell<'a> {
    timings: &'a [Timing],
    workload: &'a str,
    threads: usize,
}

impl<'a> Cell<'a> {
    fn of(&self, tool: &str) -> impl Iterator<Item = &'a Timing> {
        let here = |t: &&Timing| t.workload == self.workload && t.threads == self.threads && t.tool == tool;
        self.timings.iter().filter(here).collect::<Vec<_>>().into_iter()
    }

    /// All but ours.
    fn tools(&self) -> Vec<&'a str> {
        let mut tools: Vec<&str> = Vec::new();
        for timing in self.timings.iter().filter(|t| t.workload == self.workload && t.threads == self.threads && t.tool != OURS) {
            if !tools.contains(&timing.tool.as_str()) {
                tools.push(&timing.tool);
            }
        }
        tools
    }

    fn seconds(&self, tool: &str) -> f64 {
        median(self.of(tool).map(|timing| timing.seconds).collect())
    }

    /// Ours ÷ the tool's: the median over the rounds.
    fn ratio(&self, tool: &str) -> f64 {
        median(self.of(tool).filter_map(|its| Some(self.of(OURS).find(|t| t.round == its.round)?.seconds / its.seconds)).collect())
    }

    /// How many times as fast as on `threads` threads ours is here: the median over the rounds.
    fn gain(&self, threads: usize) -> f64 {
        let one = Cell { threads, ..*self };
        median(self.of(OURS).filter_map(|here| Some(one.of(OURS).find(|t| t.round == here.round)?.seconds / here.seconds)).collect())
    }

    fn peak(&self, tool: &str) -> Option<f64> {
        self.of(tool).filter_map(|timing| timing.peak).reduce(f64::max)
    }

    /// Ours would have failed had it missed the expected value.
    fn check(&self) -> String {
        let said = |check: f64| if check < 0.01 { format!("{check:.7e}") } else { format!("{check:.7}") };
        self.of(OURS).find_map(|timing| timing.check).map_or("met".into(), said)
    }
}

/// Three digits and a unit.
fn seconds(seconds: f64) -> String {
    let (scaled, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    let decimals = if scaled >= 100.0 {
        0
    } else if scaled >= 10.0 {
        1
    } else {
        2
    };
    format!("{scaled:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(tool: &str, round: usize, seconds: f64) -> Timing {
        Timing { workload: "W1".into(), tool: tool.into(), threads: 1, round, seconds, check: None, peak: None }
    }

    /// A machine at half its speed in one round changes no ratio.
    #[test]
    fn ratios_are_taken_within_a_round() {
        let rounds = [(1.0, 2.0), (2.0, 4.0), (1.0, 2.0)];
        let timings: Vec<Timing> = (0..).zip(rounds).flat_map(|(r, (a, b))| [timing(OURS, r, a), timing("jax", r, b)]).collect();
        let cell = Cell { timings: &timings, workload: "W1", threads: 1 };
        assert_eq!(cell.ratio("jax"), 0.5);
        let text = text(&timings, &["W1".into()], &[1]);
        assert!(text.contains("| 1.00 s | jax | 2.00 s | 0.50 |  |  | met |"), "{text}");
    }

    #[test]
    fn times_have_three_digits() {
        assert_eq!([64.7e-9, 1.5e-4, 2.3e-3, 448e-3, 12.0].map(seconds), ["64.7 ns", "150 µs", "2.30 ms", "448 ms", "12.0 s"]);
    }
}
