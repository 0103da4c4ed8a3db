//! A person's derivation, claim by claim: right, right to so many digits, or wrong and what it would be right for.
//!
//! Claims are a table with the columns quantity and value. Each number is computed by the engine and by hand (which
//! must agree), then with every known slip in it; a slip is named where its digits are those claimed.

mod algorithms;
pub(crate) mod bench;
mod json;
mod key;
mod names;
mod quantity;
mod slips;
mod written;

pub use algorithms::{Algorithm, Algorithms};
pub use json::json;
pub(crate) use quantity::place;
pub use quantity::{Asked, Item, What};
pub use slips::{Slip, table as slips};
pub use written::{Agreement, Written};

use crate::data::read_words;
use crate::error::{Error, Kind};
use crate::explain::notation::{self, Notation};
use crate::explain::{Subject, Wording};
use backlit_engine::explain::Target;
use bench::Bench;
use names::{Names, Unknown};
use std::collections::BTreeSet;
use std::path::Path;

/// Parameters up to which a network can be audited: every one has its names.
const MOST_PARAMETERS: usize = 20_000;

/// Rounds up to which training is followed.
const MOST_ROUNDS: u64 = 1_000_000;

/// Claims in a table at most.
const MOST_CLAIMS: usize = 10_000;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The row of the table, counted from 0, header not counted.
    pub row: usize,
    /// As the person calls it.
    pub quantity: String,
    /// What it is about.
    pub asked: Asked,
    /// The number claimed.
    pub written: Written,
}

/// A claim judged.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The claim.
    pub claim: Claim,
    /// The right number.
    pub right: f64,
    /// Whether the claim is right in all its digits, or in all but a last one that is cut or off by one.
    pub is_right: bool,
    /// How many of the digits claimed are right.
    pub digits: usize,
    /// What it would be right for, if it is wrong.
    pub would_be: Vec<Explained>,
}

/// What a wrong number would be right for.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The slip by name.
    pub slip: &'static str,
    /// What was done.
    pub says: String,
    /// The number that comes out with the slip.
    pub value: f64,
}

/// All claims judged.
#[derive(Clone, Debug)]
pub struct Report {
    /// In the order of the table.
    pub verdicts: Vec<Verdict>,
    /// All claims together.
    pub algorithms: Algorithms,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl Report {
    /// How many claims are right.
    pub fn right(&self) -> usize {
        self.verdicts.iter().filter(|verdict| verdict.is_right).count()
    }

    /// Whether all are.
    pub fn passed(&self) -> bool {
        self.right() == self.verdicts.len()
    }
}

/// Reads a table of claims about a model. `preferred`: the notation that wins where names collide.
pub fn read(path: &Path, subject: &Subject, preferred: Option<&str>) -> Result<Vec<Claim>, Error> {
    let refused = |message: String| Error::new(Kind::Data, message).file(path.display());
    let preferred = preferred.and_then(|name| notation::table().iter().position(|notation| notation.name() == name));
    if subject.parameters.len() > MOST_PARAMETERS {
        let message =
            format!("the network has {} parameters; claims are judged for networks of at most {MOST_PARAMETERS}", subject.parameters.len());
        return Err(Error::new(Kind::Usage, message).hint("backlit explain opens single gradients of any network"));
    }
    let words = read_words(path)?;
    let column = |name: &str| {
        words.columns.iter().position(|column| column.eq_ignore_ascii_case(name)).ok_or_else(|| {
            let columns: Vec<String> = words.columns.iter().map(|column| format!("'{}'", excerpt(column))).collect();
            refused(format!(
                "expected the columns quantity and value, came {}",
                if columns.is_empty() { "nothing".into() } else { columns.join(", ") }
            ))
            .column(name)
            .hint("a first line: quantity,value")
        })
    };
    let (quantity, value) = (column("quantity")?, column("value")?);
    match words.rows.len() {
        0 => return Err(refused("expected at least one claim, came a header only".into())),
        count if count > MOST_CLAIMS => return Err(refused(format!("expected at most {MOST_CLAIMS} claims, came {count}"))),
        _ => {}
    }
    let names = Names::new(subject);
    let single = subject.rows.len() == 1;
    let claim = |(row, (line, cells)): (usize, &(usize, Vec<String>))| {
        let at = |message: String, column: &str| refused(format!("line {line}: {message}")).row(row).column(column);
        let (Some(name), Some(number)) = (cells.get(quantity), cells.get(value)) else {
            return Err(at(format!("expected {} cells, came {}", words.columns.len(), cells.len()), "value"));
        };
        if cells.len() > words.columns.len() {
            let message = format!("expected {} cells, came {}", words.columns.len(), cells.len());
            return Err(at(message, "quantity").hint("put a cell with a comma into quotes"));
        }
        let asked = names.find(name, preferred).map_err(|unknown| not_known(unknown, name, subject, |message| at(message, "quantity")))?;
        if asked.what.needs_one_row() && !single {
            let message = format!("'{}' is a number of one row, but there are {} rows", excerpt(name), subject.rows.len());
            return Err(at(message, "quantity").hint("--row N"));
        }
        if asked.after > MOST_ROUNDS {
            return Err(at(format!("training is followed for at most {MOST_ROUNDS} rounds, came {}", asked.after), "quantity"));
        }
        let written = Written::parse(number).map_err(|message| at(message, "value").hint("digits with a decimal point: 0.75136507"))?;
        Ok(Claim { row, quantity: name.clone(), asked, written })
    };
    words.rows.iter().enumerate().map(claim).collect()
}

fn not_known(unknown: Unknown, name: &str, subject: &Subject, at: impl Fn(String) -> Error) -> Error {
    match unknown {
        Unknown::Nothing(names) => at(format!("there is no quantity '{}'", excerpt(name))).hint(format!("{} …", names.join(", "))),
        Unknown::Several(meanings) => {
            let usual = subject.wording(notation::table()[0]);
            let typed = |what: What| {
                let What::Value(Item::Thing(thing)) = what else { return None };
                let index = (0..subject.parameters.len()).find(|&index| subject.thing(Target::Parameter(index)) == Some(thing))?;
                Some(subject.built.graph.parameter_name(index))
            };
            let said = |(what, notation): &(What, &str)| {
                let typed = typed(*what).map_or(String::new(), |typed| format!(", typed {typed}"));
                format!("in {notation} it is {} (written as za{typed})", Asked { what: *what, after: 0 }.text(&usual))
            };
            let meanings: Vec<String> = meanings.iter().map(said).collect();
            at(format!("'{}' may be several things: {}", excerpt(name), meanings.join("; "))).hint("--notation decides, or a typed name")
        }
    }
}

/// Judges claims about a model's rows, and its training on them.
pub fn audit(subject: &Subject, claims: Vec<Claim>, notation: &dyn Notation) -> Result<Report, Error> {
    let wording = Wording { subject, notation };
    let after: BTreeSet<u64> = claims.iter().map(|claim| claim.asked.after).collect();
    let bench = Bench::new(&wording, &after)?;
    let verdicts = claims.into_iter().map(|claim| judged(&bench, claim)).collect::<Result<Vec<_>, Error>>()?;
    let algorithms = Algorithms::new(&bench, &verdicts);
    Ok(Report { verdicts, algorithms, notes: bench.notes })
}

fn judged(bench: &Bench<'_>, claim: Claim) -> Result<Verdict, Error> {
    let right = bench.verified(&claim.asked)?;
    let noise = bench.noise(claim.asked.after);
    let agreement = claim.written.agrees(right, noise);
    let digits = match agreement {
        Agreement::All => claim.written.digits,
        Agreement::AllButLast => claim.written.digits - 1,
        Agreement::No => claim.written.right_digits(right, noise),
    };
    let is_right = agreement != Agreement::No;
    let mut would_be = if is_right { Vec::new() } else { explained(bench, &claim) };
    if !is_right && would_be.is_empty() {
        let prints = slips::table().into_iter().filter_map(|slip| Some((slip, (slip.prints)(&claim.written, right)?)));
        would_be.extend(prints.map(|(slip, says)| Explained { slip: slip.name, says, value: right }));
    }
    Ok(Verdict { claim, right, is_right, digits, would_be })
}

/// Every slip whose digits are those claimed.
fn explained(bench: &Bench<'_>, claim: &Claim) -> Vec<Explained> {
    let all = candidates(bench, &claim.asked);
    let late = rounds_besides(bench, &claim.asked);
    for (all, wanted) in [(&all, Agreement::All), (&late, Agreement::All), (&all, Agreement::AllButLast)] {
        let mut found: Vec<Explained> = Vec::new();
        for candidate in all {
            let known = |other: &Explained| other.slip == candidate.slip && close(other.value, candidate.value);
            if claim.written.agrees(candidate.value, 1e-13) == wanted && !found.iter().any(known) {
                found.push(candidate.clone());
            }
        }
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// What comes out with a slip that lasts, and a round more or fewer.
fn rounds_besides(bench: &Bench<'_>, asked: &Asked) -> Vec<Explained> {
    let shifted = [(-1i64, "fewer"), (1, "more")].into_iter().filter_map(|(shift, word)| {
        let after = asked.after.checked_add_signed(shift).filter(|_| asked.after > 0)?;
        Some((Asked { after, ..*asked }, word))
    });
    let tried = shifted.flat_map(|(other, word)| bench.trials.iter().map(move |tried| (other, word, tried)));
    tried
        .filter(|(.., tried)| tried.trial.lasts == slips::Lasts::Algorithm)
        .filter_map(|(other, word, tried)| {
            let value = other.value(&bench.net, tried.snapshots.get(&other.after)?, &*tried.trial.way)?;
            Some(Explained { slip: tried.slip.name, says: format!("{}, and one round {word}", tried.trial.says), value })
        })
        .collect()
}

/// What comes out with each slip.
fn candidates(bench: &Bench<'_>, asked: &Asked) -> Vec<Explained> {
    let mut all = Vec::new();
    for slip in slips::table() {
        let tried = bench.trials.iter().filter(|tried| tried.slip.name == slip.name);
        for tried in tried {
            let value = tried.snapshots.get(&asked.after).and_then(|snapshot| asked.value(&bench.net, snapshot, &*tried.trial.way));
            all.extend(value.map(|value| Explained { slip: slip.name, says: tried.trial.says.clone(), value }));
        }
        all.extend((slip.readings)(bench, asked).into_iter().map(|reading| Explained {
            slip: slip.name,
            says: reading.says,
            value: reading.value,
        }));
    }
    all
}

/// The beginning of what a person wrote, without control characters.
fn excerpt(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", short.escape_debug())
}
