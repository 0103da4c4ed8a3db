//! A look at a table before anything is trained on it: what its columns hold, and what may go wrong with them.

use crate::data::{Bound, Header, MEMORY, Reader, Stored, between_cells, number, pipe, profile};
use crate::encoder::{Encoder, Kind, Missing, Profile};
use crate::error::Error;
use crate::prepare::looks_like_classes;
use crate::run_file::Data;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

/// What was found in a table.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Rows of the table.
    pub rows: usize,
    /// Its columns.
    pub columns: Vec<ColumnReport>,
    /// What to look at, the gravest first.
    pub findings: Vec<Finding>,
    /// How the columns were understood.
    pub notes: Vec<String>,
}

/// A column in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnReport {
    /// Its name.
    pub name: String,
    /// What it is taken for, in words.
    pub kind: String,
    /// Cells that are missing.
    pub missing: usize,
    /// Different cells; none where they are too many to count.
    pub distinct: Option<usize>,
    /// Of numbers.
    pub numbers: Option<Spread>,
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Least.
    pub least: f64,
    /// Greatest.
    pub most: f64,
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the population.
    pub deviation: f64,
    /// Third central moment over the deviation's cube; 0 of a constant.
    pub skew: f64,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub what: What,
    /// The column it is about.
    pub column: String,
    /// One sentence.
    pub message: String,
}

/// Kinds of findings, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Nearly a copy of the target: what is predicted may stand among what it is predicted from.
    Leak,
    /// Nothing to learn: the target is one value.
    ConstantTarget,
    /// One class is seldom.
    Imbalance,
    /// The same numbers as another column.
    Duplicate,
    /// One value only.
    Constant,
    /// Most cells are missing.
    MostlyMissing,
    /// Levels that hardly occur.
    RareLevels,
    /// Few numbers lie far out.
    Skew,
    /// Far larger or smaller numbers than in other columns.
    Scale,
    /// Rows that stand there more than once.
    DuplicateRows,
}

/// A correlation, or a share of the spread explained, from which on a column is nearly a copy of the target.
const COPY: f64 = 0.999;
/// A class with a smaller share is seldom.
const SELDOM: f64 = 0.05;
/// A level with fewer rows hardly occurs.
const RARE: usize = 5;
/// A skew beyond it is worth a word: an exponential distribution has 2.
const SKEWED: f64 = 3.0;
/// A ratio of deviations beyond it is worth a word.
const FAR: f64 = 1e4;

/// Looks at a bundled table or a file. `said`: target, categories, columns to ignore.
pub fn inspect(data: &str, said: &Data) -> Result<Inspection, Error> {
    inspect_within(data, said, MEMORY)
}

/// The same; a table that takes more memory than so many bytes is put into a temporary file.
pub fn inspect_within(data: &str, said: &Data, memory: u64) -> Result<Inspection, Error> {
    pipe::keep(Path::new(data))?;
    let header = Header::said(said.header);
    let profile = profile(data, &header)?;
    let names: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
    crate::data::indices(data, &names, &[&said.target[..], &said.categories, &said.ignore].concat())?;
    let mut notes = Vec::from_iter(between_cells(profile.delimiter));
    let encoder = profile.encoder(said, &mut notes).map_err(|error| error.file(data))?;
    let table = Numbers::read(data, &encoder, &header, memory)?;
    notes.extend(table.stored.as_ref().map(Stored::note));
    let mut seen = Vec::new();
    table.each(|place, numbers| seen.push(Seen::of(numbers, matches!(encoder.columns[place].kind, Kind::Number { .. }))))?;
    let columns = profile.columns.iter().map(|column| {
        let place = encoder.columns.iter().position(|used| used.name == column.name);
        ColumnReport {
            name: column.name.clone(),
            kind: place.map_or("left out".into(), |place| encoder.columns[place].kind.words()),
            missing: place.map_or(column.missing, |place| column.missing_in(&encoder.columns[place])),
            distinct: column.levels.as_ref().map(std::collections::BTreeMap::len),
            numbers: place.and_then(|place| seen[place].spread),
        }
    });
    let columns: Vec<ColumnReport> = columns.collect();
    let mut findings = Vec::new();
    of_columns(&profile, &encoder, &seen, &columns, said, &mut findings);
    of_targets(&profile, &encoder, &table, said, &mut findings)?;
    of_rows(&table, &mut findings)?;
    findings.sort_by_key(|finding| finding.what);
    Ok(Inspection { rows: profile.rows, columns, findings, notes })
}

/// Each column as one list of numbers: levels by their place, NaN where a cell is missing.
struct Numbers {
    rows: usize,
    width: usize,
    /// Of each column the place of its number, the first if it has several.
    places: Vec<usize>,
    /// rows × width; empty where they are stored.
    values: Vec<f64>,
    stored: Option<Stored>,
    /// Columns that are taken from the file at a time.
    together: usize,
}

impl Numbers {
    fn read(data: &str, encoder: &Encoder, header: &Header, memory: u64) -> Result<Numbers, Error> {
        let mut one_each = encoder.clone();
        for column in &mut one_each.columns {
            column.kind = match &column.kind {
                Kind::Number { decimal_comma, written, .. } => {
                    Kind::Number { decimal_comma: *decimal_comma, missing: Missing::RowLeftOut, written: written.clone() }
                }
                Kind::Category { levels } | Kind::Class { levels } => Kind::Level { levels: levels.clone() },
                Kind::Embed { levels } => Kind::Level { levels: levels.clone() },
                other => other.clone(),
            };
        }
        let reader = Reader::named(data, header)?.encoded(&one_each)?;
        let width = reader.columns.len();
        let (rows, values, stored) = reader.all(&Bound { memory, keep: Vec::new() })?;
        let mut place = 0;
        let places = one_each.columns.iter().map(|column| {
            let own = place;
            place += column.kind.names(&column.name).len();
            own
        });
        let places = places.collect();
        let together = usize::try_from(memory / (32 * rows as u64)).unwrap_or(usize::MAX).max(1);
        Ok(Numbers { rows, width, places, values, stored, together })
    }

    /// Some columns, by their places in the encoder.
    fn take(&self, columns: &[usize]) -> Result<Vec<Vec<f64>>, Error> {
        let places: Vec<usize> = columns.iter().map(|&column| self.places[column]).collect();
        match &self.stored {
            Some(stored) => stored.take(&places),
            None => Ok(places.iter().map(|&place| self.values.iter().skip(place).step_by(self.width).copied().collect()).collect()),
        }
    }

    /// Hands on each column, with its place in the encoder.
    fn each(&self, mut take: impl FnMut(usize, &[f64])) -> Result<(), Error> {
        let all: Vec<usize> = (0..self.places.len()).collect();
        for some in all.chunks(if self.stored.is_some() { self.together } else { 1 }) {
            self.take(some)?.iter().zip(some).for_each(|(numbers, &column)| take(column, numbers));
        }
        Ok(())
    }

    /// A fingerprint of each row.
    fn prints(&self) -> Result<Vec<u128>, Error> {
        let mut prints = Vec::with_capacity(self.rows);
        match &self.stored {
            Some(stored) => stored.rows(|row| prints.push(print(self.places.iter().map(|&place| number(row, place)))))?,
            None => prints.extend(self.values.chunks_exact(self.width).map(|row| print(self.places.iter().map(|&place| row[place])))),
        }
        Ok(prints)
    }
}

/// Numbers in 128 bits: that two of even a million million lists agree by chance is less likely than one in 10¹⁴.
fn print(numbers: impl Iterator<Item = f64>) -> u128 {
    let (mut low, mut high) = (DefaultHasher::new(), DefaultHasher::new());
    high.write_u8(1);
    for number in numbers {
        low.write_u64(number.to_bits());
        high.write_u64(number.to_bits());
    }
    u128::from(high.finish()) << 64 | u128::from(low.finish())
}

/// What is known of a column.
struct Seen {
    is_constant: bool,
    /// The same for the same numbers.
    print: u128,
    /// Of numbers.
    spread: Option<Spread>,
}

impl Seen {
    fn of(numbers: &[f64], is_number: bool) -> Seen {
        let first = numbers.iter().find(|x| !x.is_nan());
        Seen {
            is_constant: first.is_some_and(|first| numbers.iter().all(|x| x == first)),
            print: print(numbers.iter().copied()),
            spread: if is_number { Spread::of(numbers) } else { None },
        }
    }
}

impl Spread {
    /// Of the numbers that are there, if there is one.
    fn of(numbers: &[f64]) -> Option<Spread> {
        let known = || numbers.iter().copied().filter(|number| !number.is_nan());
        let count = known().count() as f64;
        let mean = known().map(|x| x / count).sum::<f64>();
        let moment = |power: i32| known().map(|x| (x - mean).powi(power) / count).sum::<f64>();
        let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        let deviation = if least == most { 0.0 } else { moment(2).sqrt() };
        let skew = if deviation > 0.0 { moment(3) / deviation.powi(3) } else { 0.0 };
        (count > 0.0).then_some(Spread { least, most, mean, deviation, skew })
    }
}

fn of_columns(profile: &Profile, encoder: &Encoder, seen: &[Seen], columns: &[ColumnReport], said: &Data, findings: &mut Vec<Finding>) {
    let mut add = |what, column: &str, message: String| findings.push(Finding { what, column: column.to_string(), message });
    let mut names: HashMap<u128, &str> = HashMap::new();
    let spread = |name: &str| columns.iter().find(|column| column.name == name).and_then(|column| column.numbers);
    let typical = {
        let mut all: Vec<f64> = columns.iter().filter_map(|column| column.numbers).map(|s| s.deviation).filter(|&d| d > 0.0).collect();
        all.sort_unstable_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(1.0)
    };
    for (column, seen) in encoder.columns.iter().zip(seen).filter(|(column, _)| !said.target.contains(&column.name)) {
        let name = column.name.as_str();
        let of = profile.columns.iter().find(|profile| profile.name == name).expect("a column of the table");
        if seen.is_constant {
            add(What::Constant, name, "holds one value only: it adds nothing".into());
            continue;
        }
        let other = *names.entry(seen.print).or_insert(name);
        if other != name {
            add(What::Duplicate, name, format!("is the same as '{other}' in every row"));
        }
        let missing = of.missing_in(column);
        if 2 * missing > profile.rows {
            add(What::MostlyMissing, name, format!("is missing in {missing} of {} rows", profile.rows));
        }
        if let (Kind::Category { .. } | Kind::Embed { .. }, Some(levels)) = (&column.kind, &of.levels) {
            let rare: Vec<&str> = levels.iter().filter(|&(_, &count)| count < RARE).map(|(level, _)| level.as_str()).collect();
            if !rare.is_empty() {
                let shown = crate::data::listed(rare.iter().take(5).copied());
                let more = if rare.len() > 5 { " …" } else { "" };
                add(What::RareLevels, name, format!("{} levels stand in fewer than {RARE} rows: {shown}{more}", rare.len()));
            }
        }
        if let Some(spread) = spread(name) {
            if spread.skew.abs() > SKEWED {
                let advice = if spread.least >= 0.0 { "; its logarithm may serve better" } else { "" };
                add(What::Skew, name, format!("is skewed ({:.1}): few numbers lie far out{advice}", spread.skew));
            }
            if spread.deviation > 0.0 && !(1.0 / FAR..=FAR).contains(&(spread.deviation / typical)) {
                add(
                    What::Scale,
                    name,
                    format!("spreads over {:.1e}, a typical column over {typical:.1e}: keep --standardize true", spread.deviation),
                );
            }
        }
    }
}

fn of_targets(profile: &Profile, encoder: &Encoder, table: &Numbers, said: &Data, findings: &mut Vec<Finding>) -> Result<(), Error> {
    for (place, target) in encoder.columns.iter().enumerate().filter(|(_, column)| said.target.contains(&column.name)) {
        let y = &table.take(&[place])?.remove(0);
        let known: Vec<f64> = y.iter().copied().filter(|y| !y.is_nan()).collect();
        if known.iter().all(|&y| y == known[0]) {
            let message = "is the target and holds one value only: there is nothing to learn".to_string();
            findings.push(Finding { what: What::ConstantTarget, column: target.name.clone(), message });
            continue;
        }
        let is_class = matches!(target.kind, Kind::Class { .. });
        if let (true, Some(levels)) = (is_class, profile.columns.iter().find(|of| of.name == target.name).and_then(|of| of.levels.as_ref()))
        {
            for (level, &count) in levels {
                let share = count as f64 / known.len() as f64;
                if share < SELDOM {
                    let message = format!("the class '{level}' stands in {count} of {} rows ({:.1} %)", known.len(), 100.0 * share);
                    findings.push(Finding { what: What::Imbalance, column: target.name.clone(), message });
                }
            }
        }
        if !is_class {
            for (class, count) in classes_by_sight(&known, said.target.len()) {
                let share = count as f64 / known.len() as f64;
                if share < SELDOM {
                    let message = format!("the class {class} stands in {count} of {} rows ({:.1} %)", known.len(), 100.0 * share);
                    findings.push(Finding { what: What::Imbalance, column: target.name.clone(), message });
                }
            }
        }
        let varies = |x: &[f64]| x.iter().any(|number| !number.is_nan() && *number != x[0]);
        table.each(|place, x| {
            let other = &encoder.columns[place];
            if said.target.contains(&other.name) || !varies(x) {
                return;
            }
            let x_is_class = matches!(other.kind, Kind::Category { .. } | Kind::Embed { .. } | Kind::Boolean { .. });
            let pairs = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(&x, &y)| (x, y));
            let strength = match (x_is_class, is_class) {
                (false, false) => correlation(pairs()).abs(),
                (true, false) => explained(pairs()),
                (false, true) => explained(pairs().map(|(x, y)| (y, x))),
                (true, true) => determined(pairs()),
            };
            if strength >= COPY {
                let message = format!("nearly gives '{}' away ({strength:.4}): is it known before what is predicted?", target.name);
                findings.push(Finding { what: What::Leak, column: other.name.clone(), message });
            }
        })?;
    }
    Ok(())
}

/// The classes of a target of numbers that a training takes for classes, and how often each stands there; none of other numbers.
fn classes_by_sight(known: &[f64], targets: usize) -> Vec<(f64, usize)> {
    let mut sorted = known.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let classes: Vec<(f64, usize)> = sorted.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len())).collect();
    let values: Vec<f64> = classes.iter().map(|class| class.0).collect();
    let is_label = values == [0.0, 1.0];
    if (targets == 1 && looks_like_classes(&values, known.len())) || (targets > 1 && is_label) { classes } else { Vec::new() }
}

fn of_rows(table: &Numbers, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let mut prints = table.prints()?;
    prints.sort_unstable();
    prints.dedup();
    let twice = table.rows - prints.len();
    if twice > 0 && !table.places.is_empty() {
        let message = format!("{twice} of {} rows stand there already: they may fall on both sides of a split", table.rows);
        findings.push(Finding { what: What::DuplicateRows, column: String::new(), message });
    }
    Ok(())
}

/// Pearson's correlation; 0 where one side is constant.
fn correlation(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = pairs.clone().count() as f64;
    let mean = |of: fn((f64, f64)) -> f64| pairs.clone().map(of).map(|v| v / n).sum::<f64>();
    let (mx, my) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| pairs.clone().map(|(x, y)| of(x - mx, y - my) / n).sum::<f64>();
    let (xx, yy, xy) = (sum(&|x, _| x * x), sum(&|_, y| y * y), sum(&|x, y| x * y));
    if xx > 0.0 && yy > 0.0 { xy / (xx.sqrt() * yy.sqrt()) } else { 0.0 }
}

/// The share of the second numbers' variance that lies between groups of equal first ones (the correlation ratio squared), corrected
/// for the number of groups; 0 where it is constant. Source: Kelley 1935, epsilon squared.
fn explained(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let n = pairs.clone().count() as f64;
    let mean = pairs.clone().map(|(_, y)| y / n).sum::<f64>();
    let mut groups: HashMap<u64, (f64, f64)> = HashMap::new();
    for (x, y) in pairs.clone() {
        let (count, sum) = groups.entry(x.to_bits()).or_default();
        (*count, *sum) = (*count + 1.0, *sum + (y - mean));
    }
    let total = pairs.map(|(_, y)| (y - mean).powi(2)).sum::<f64>();
    let mut between: Vec<f64> = groups.values().map(|(count, sum)| sum * sum / count).collect();
    between.sort_unstable_by(f64::total_cmp);
    let (between, k) = (between.iter().sum::<f64>(), groups.len() as f64);
    if total > 0.0 && n > k { 1.0 - (total - between) / (n - k) / (total / (n - 1.0)) } else { 0.0 }
}

/// The share of rows whose second number is the commonest of their first one's group, where groups are few.
fn determined(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let mut groups: HashMap<u64, HashMap<u64, usize>> = HashMap::new();
    let mut n = 0;
    for (x, y) in pairs {
        *groups.entry(x.to_bits()).or_default().entry(y.to_bits()).or_default() += 1;
        n += 1;
    }
    let common: usize = groups.values().map(|levels| levels.values().max().copied().unwrap_or(0)).sum();
    if 10 * groups.len() <= n { common as f64 / n as f64 } else { 0.0 }
}
