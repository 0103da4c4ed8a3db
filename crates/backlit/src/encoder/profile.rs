//! What stands in a table's columns, counted in one pass, and what kind of column each is taken for.

use super::common::Common;
use super::dates::{self, ORDERS};
use super::written::{Counts, Doubt};
use super::{Column, Encoder, Kind, Levels, Missing, Written};
use crate::data::cells::{Fault, excerpt, is_missing, number};
use crate::data::listed;
use crate::embedding::{Embed, LEAST_SEEN};
use crate::error::{Error, Kind as Wrong};
use crate::run_file::{Data, Split};
use std::collections::{BTreeMap, BTreeSet};

/// Most levels that become a number each. The commonest are kept.
const MOST_LEVELS: usize = 100;
/// Levels beyond so many are counted no more, but for the commonest of a column of words.
const MOST_COUNTED: usize = 10_000;
/// A column of numbers may hold so small a share of words before they make it a column of words.
const SLIPS: f64 = 0.05;

/// Columns, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// How many rows.
    pub rows: usize,
    /// What stands between two cells.
    pub delimiter: char,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Each column, in the table's order.
    pub columns: Vec<ColumnProfile>,
}

/// What stands in a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Whether the file itself has numbers there, not text.
    pub(crate) is_typed: bool,
    /// Cells that are missing.
    pub missing: usize,
    /// Of those how many are the word "none", as it is written.
    nones: BTreeMap<String, usize>,
    /// Cells that are finite numbers.
    pub numbers: usize,
    /// Cells that are numbers with a decimal comma.
    pub comma_numbers: usize,
    /// Cells that are infinite or too large.
    pub not_finite: usize,
    /// Cells that are a date, in each of the orders there are, and those of them with another time than midnight.
    dates: [usize; ORDERS.len()],
    times: usize,
    /// What they are if they are numbers with a unit or marks between thousands.
    written: Counts,
    /// How often each cell stands there, trimmed, without those missing; none where there are too many different ones.
    pub levels: Option<BTreeMap<String, usize>>,
    /// Of too many different ones the commonest, where words repeat.
    common: Option<Common>,
    /// The first cell that is no number, however it is written: where it stands, and what.
    pub first_word: Option<(usize, String)>,
    /// The first cell that is no plain number.
    first_not_plain: Option<(usize, String)>,
}

impl Profile {
    /// Nothing yet.
    pub(crate) fn new(columns: &[String], delimiter: char) -> Profile {
        let column = |name: &String| ColumnProfile { name: name.clone(), levels: Some(BTreeMap::new()), ..ColumnProfile::default() };
        Profile { rows: 0, delimiter, header: true, columns: columns.iter().map(column).collect() }
    }

    /// What each column is taken for, where a person does not say it. Words in a target are classes. What is not plain is said in
    /// `notes`.
    pub fn encoder(&self, said: &Data, notes: &mut Vec<String>) -> Result<Encoder, Error> {
        let mut encoder = Encoder::default();
        let (mut left_out, mut empty) = (Vec::new(), Vec::new());
        // A column of weights is no input anyway.
        let is_needed = |name: &String| !said.ignore.contains(name) || said.is_aside(name) || said.weights.as_ref() == Some(name);
        for column in self.columns.iter().filter(|column| is_needed(&column.name)) {
            let kind = match said.target.contains(&column.name) {
                true => column.target(self, said, notes)?,
                false if column.missing == self.rows => {
                    empty.push(column.name.as_str());
                    continue;
                }
                false if said.weights.as_ref() == Some(&column.name) => Kind::NUMBER,
                // What groups rows may have a name for every few of them.
                false
                    if matches!(&said.split, Split::Grouped(group) if *group == column.name)
                        && column.numbers + column.missing < self.rows =>
                {
                    column.level()?
                }
                false => match column.kind(self, said, notes)? {
                    Some(kind) if matches!(kind, Kind::Number { .. } | Kind::Date { .. }) => kind,
                    _ if matches!(&said.split, Split::Time(Some(time)) if *time == column.name) => {
                        return Err(column.wrong("expected numbers or dates to order the rows by, came words".into()));
                    }
                    Some(kind) => kind,
                    None => {
                        left_out.push(column.name.as_str());
                        continue;
                    }
                },
            };
            encoder.columns.push(Column { name: column.name.clone(), kind });
        }
        let columns = |names: &[&str]| format!("{} {}", if names.len() == 1 { "column" } else { "columns" }, listed(names.iter().copied()));
        if !empty.is_empty() {
            notes.push(format!("{} left out: no cell holds anything", columns(&empty)));
        }
        if !left_out.is_empty() {
            notes.push(format!(
                "{} left out: nearly every row has a word of its own, or there are more than {MOST_COUNTED} words of which few come often",
                columns(&left_out)
            ));
        }
        let plain = |column: &Column| {
            matches!(column.kind, Kind::Number { decimal_comma: false, missing: Missing::Refused | Missing::RowLeftOut, written: None })
        };
        for column in encoder.columns.iter().filter(|column| !plain(column)) {
            let missing = self.columns.iter().find(|profile| profile.name == column.name).map_or(0, |profile| profile.missing);
            let words = match column.kind {
                Kind::Number { missing: Missing::Filled(_), .. } | Kind::Date { missing: Missing::Filled(_), .. } => {
                    format!("{} ({missing} of {})", column.kind.words(), self.rows)
                }
                _ => column.kind.words(),
            };
            if !column.kind.is_level() && !said.is_aside(&column.name) {
                notes.push(format!("'{}' holds {words}", excerpt(&column.name)));
            }
        }
        let mut names = encoder.names();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                Err(Error::new(Wrong::Data, format!("two inputs would be called '{}'", excerpt(&pair[0]))).hint("rename a column"))
            }
            None => Ok(encoder),
        }
    }
}

impl ColumnProfile {
    /// Counts a cell of row `row`.
    pub(crate) fn add(&mut self, cell: &str, row: usize) {
        match number(cell) {
            Ok(_) => {
                self.numbers += 1;
                if !self.is_typed {
                    self.written.plain(cell);
                }
            }
            Err(Fault::Missing) => {
                self.missing += 1;
                if cell.trim().eq_ignore_ascii_case("none") {
                    *self.nones.entry(cell.trim().to_string()).or_default() += 1;
                }
                return;
            }
            Err(Fault::NotFinite) if is_missing(cell) => {
                self.missing += 1;
                return;
            }
            Err(Fault::NotFinite | Fault::TooLarge) => self.not_finite += 1,
            Err(_) => {
                self.comma_numbers += usize::from(cell.contains(',') && number(&cell.replace(',', ".")).is_ok());
                for (count, order) in self.dates.iter_mut().zip(ORDERS) {
                    if let Some(moment) = dates::read(cell, order) {
                        *count += 1;
                        self.times += usize::from(moment.has_clock());
                    }
                }
                if !self.written.word(cell) {
                    self.first_word.get_or_insert_with(|| (row, excerpt(cell.trim())));
                }
                self.first_not_plain.get_or_insert_with(|| (row, excerpt(cell.trim())));
            }
        }
        if let Some(levels) = &mut self.levels {
            match levels.get_mut(cell.trim()) {
                Some(count) => *count += 1,
                None => {
                    levels.insert(cell.trim().to_string(), 1);
                }
            }
            if levels.len() > MOST_COUNTED {
                let cells: usize = levels.values().sum();
                let are_words = 2 * self.numbers <= cells && 2 * levels.len() <= cells;
                self.common = self.levels.take().filter(|_| are_words).map(|levels| Common::new(levels, MOST_COUNTED));
            }
        } else if let Some(common) = &mut self.common {
            common.add(cell.trim());
        }
    }

    /// Cells that are there.
    fn present(&self, profile: &Profile) -> usize {
        profile.rows - self.missing
    }

    /// Whether commas stand where others write a point, if all cells are numbers with nothing else about them.
    fn decimal_comma(&self, profile: &Profile, said: Option<bool>, notes: &mut Vec<String>) -> Option<bool> {
        let all = self.present(profile) - self.not_finite;
        let commas = profile.delimiter != ',';
        let decided = self.written.decided(self.numbers, all, said, commas);
        let has_thousands = decided.as_ref().is_some_and(|(_, written, _)| written.thousands);
        match self.numbers == all {
            true => (!has_thousands).then_some(false),
            false if has_thousands || self.numbers + self.comma_numbers != all || !said.unwrap_or(commas) => None,
            false => {
                self.doubts(true, decided.and_then(|(.., doubt)| doubt), notes);
                Some(true)
            }
        }
    }

    fn number(&self, decimal_comma: bool, written: Option<Written>) -> Kind {
        Kind::Number { decimal_comma, missing: if self.missing > 0 { Missing::Filled(f64::NAN) } else { Missing::Refused }, written }
    }

    /// As numbers with a unit or marks between thousands, if all cells are. A choice that could have been another one is said in `notes`.
    fn dressed(&self, profile: &Profile, said: Option<bool>, notes: &mut Vec<String>) -> Option<(bool, Written)> {
        let cells = self.present(profile) - self.not_finite;
        let (comma, written, doubt) = self.written.decided(self.numbers, cells, said, profile.delimiter != ',')?;
        self.doubts(comma, doubt, notes);
        if let Some((unit, count)) = self.written.unit().filter(|(_, count)| *count < cells) {
            let name = excerpt(&self.name);
            notes.push(format!("{count} of {cells} cells of '{name}' have the unit '{unit}': the others are taken in the same one"));
        }
        Some((comma, written))
    }

    fn doubts(&self, comma: bool, doubt: Option<Doubt>, notes: &mut Vec<String>) {
        let Some(Doubt { cell, value }) = doubt else { return };
        let (is, other) = if comma { ("comma", "point") } else { ("point", "comma") };
        let (name, cell) = (excerpt(&self.name), excerpt(&cell));
        notes.push(format!(
            "'{name}' may be read in two ways: '{cell}' is taken as {value}, with a decimal {is} (--decimal {other} takes it the other way)"
        ));
    }

    /// As an input; none: it is left out.
    fn kind(&self, profile: &Profile, said: &Data, notes: &mut Vec<String>) -> Result<Option<Kind>, Error> {
        let (as_category, decimal, embed) = (said.categories.contains(&self.name), said.decimal_comma, said.embed);
        let present = self.present(profile);
        if self.not_finite > 0 {
            return Ok(Some(self.number(false, None)));
        }
        if !as_category {
            if let Some(decimal_comma) = self.decimal_comma(profile, decimal, notes) {
                return Ok(Some(self.number(decimal_comma, None)));
            }
            if let Some(place) = self.dates.iter().position(|&count| count == present) {
                let ambiguous = self.dates[place + 1..].contains(&present);
                if ambiguous {
                    notes.push(format!("the dates of '{}' may be read in two ways: taken as day, month, year", excerpt(&self.name)));
                }
                let missing = if self.missing > 0 { Missing::Filled(f64::NAN) } else { Missing::Refused };
                return Ok(Some(Kind::Date { order: ORDERS[place], time: self.times > 0, missing }));
            }
            if let Some((decimal_comma, written)) = self.dressed(profile, decimal, notes) {
                return Ok(Some(self.number(decimal_comma, Some(written))));
            }
            let words = present - self.numbers;
            if words as f64 <= SLIPS * present as f64 {
                let (row, word) = self.first_word.clone().or_else(|| self.first_not_plain.clone()).unwrap_or_default();
                let message = format!("expected numbers, as in {} rows; {words} are words, the first '{word}'", self.numbers);
                return Err(self.wrong(message).row(row).hint(format!(
                    "mend the cells, leave them empty, or take the column as categories: --categories {}",
                    excerpt(&self.name)
                )));
            }
        }
        let Some(levels) = &self.levels else { return Ok(self.long_tail(present, embed, notes)) };
        if levels.len() > MOST_LEVELS && 2 * levels.len() > present {
            return Ok(None);
        }
        if let ([first, second], 0) = (&levels.keys().map(String::as_str).collect::<Vec<_>>()[..], self.missing)
            && let Some((no, yes)) = boolean(first, second)
        {
            return Ok(Some(Kind::Boolean { no: no.to_string(), yes: yes.to_string() }));
        }
        if let Some(kind) = self.embedded(levels, embed, notes) {
            return Ok(Some(kind));
        }
        let mut kept: Vec<(&String, usize)> = levels.iter().map(|(level, &count)| (level, count)).collect();
        if kept.len() > MOST_LEVELS {
            // The commonest; of equals the first in the alphabet.
            kept.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            let name = excerpt(&self.name);
            notes.push(format!(
                "'{name}' has {} levels: the {MOST_LEVELS} commonest are kept, the others are taken as none of them",
                kept.len()
            ));
            kept.truncate(MOST_LEVELS);
        }
        let mut kept: Vec<String> = kept.into_iter().map(|(level, _)| level.clone()).collect();
        if self.missing > 0 {
            kept.push(String::new());
        }
        Ok(Some(Kind::Category { levels: Levels::new(kept) }))
    }

    /// As codes of levels with learned numbers, if there are enough of them that are seen more than once.
    fn embedded(&self, levels: &BTreeMap<String, usize>, embed: Embed, notes: &mut Vec<String>) -> Option<Kind> {
        let missing = (self.missing >= LEAST_SEEN).then(String::new);
        let kept: Vec<String> =
            levels.iter().filter(|(_, count)| **count >= LEAST_SEEN).map(|(level, _)| level.clone()).chain(missing).collect();
        embed.numbers(kept.len())?;
        let rare = levels.values().filter(|&&count| count < LEAST_SEEN).count();
        if rare > 0 {
            let levels = if rare == 1 { "level" } else { "levels" };
            notes.push(format!(
                "'{}' has {rare} {levels} seen only once, which share learned numbers with unseen ones",
                excerpt(&self.name)
            ));
        }
        Some(Kind::Embed { levels: Levels::new(kept) })
    }

    /// The commonest of a great many levels as codes, if these are most of the cells.
    fn long_tail(&self, present: usize, embed: Embed, notes: &mut Vec<String>) -> Option<Kind> {
        let (kept, cells) = self.common.as_ref()?.commonest(MOST_COUNTED, LEAST_SEEN);
        embed.numbers(kept.len())?;
        if 2 * cells < present {
            return None;
        }
        notes.push(format!(
            "'{}' has more than {MOST_COUNTED} levels: the {} commonest have learned numbers of their own, the others share those of unseen ones",
            excerpt(&self.name),
            kept.len()
        ));
        let missing = (self.missing >= LEAST_SEEN).then(String::new);
        Some(Kind::Embed { levels: Levels::new(kept.into_iter().map(|(level, _)| level.clone()).chain(missing).collect()) })
    }

    /// As what tells rows apart.
    fn level(&self) -> Result<Kind, Error> {
        match &self.levels {
            Some(levels) => {
                let known = levels.keys().cloned().chain((self.missing > 0).then(String::new)).collect::<BTreeSet<_>>();
                Ok(Kind::Level { levels: Levels::new(known.into_iter().collect()) })
            }
            None => Err(self.wrong(format!("it holds more than {MOST_COUNTED} different words"))),
        }
    }

    /// As what is predicted. Rows where it is missing are left out by whoever reads them.
    fn target(&self, profile: &Profile, said: &Data, notes: &mut Vec<String>) -> Result<Kind, Error> {
        let present = self.present(profile);
        if present == 0 {
            return Err(self.wrong("no row has a target".into()));
        }
        let missing = if self.missing > 0 { Missing::RowLeftOut } else { Missing::Refused };
        if !said.categories.contains(&self.name) {
            if let Some(decimal_comma) = self.decimal_comma(profile, said.decimal_comma, notes) {
                return Ok(Kind::Number { decimal_comma, missing, written: None });
            }
            if let Some((decimal_comma, written)) = self.dressed(profile, said.decimal_comma, notes) {
                return Ok(Kind::Number { decimal_comma, missing, written: Some(written) });
            }
        }
        match &self.levels {
            Some(levels) => {
                let mut words: Vec<String> = levels.keys().cloned().collect();
                words.extend(self.none(levels, notes).map(String::from));
                Ok(Kind::Class { levels: Levels::new(words) })
            }
            None => Err(self.wrong(format!("the target holds more than {MOST_COUNTED} different words"))),
        }
    }

    /// The word "none" as a class of a target of words, if it stands in as many rows as another class; what becomes of these rows is said.
    fn none(&self, levels: &BTreeMap<String, usize>, notes: &mut Vec<String>) -> Option<&str> {
        let (word, count) = self.nones.iter().max_by_key(|(_, count)| **count)?;
        let name = excerpt(&self.name);
        if levels.values().all(|others| others > count) {
            notes.push(format!("{count} rows whose '{name}' is '{word}' are left out: taken as missing"));
            return None;
        }
        notes.push(format!("'{word}' is taken as a class of '{name}', in {count} rows"));
        Some(word)
    }

    fn wrong(&self, message: String) -> Error {
        Error::new(Wrong::Data, message).column(&self.name)
    }
}

/// Two words that say no and yes, in that order.
fn boolean<'a>(first: &'a str, second: &'a str) -> Option<(&'a str, &'a str)> {
    const PAIRS: [(&str, &str); 5] = [("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"), ("off", "on")];
    let is = |word: &str, meant: &str| word.eq_ignore_ascii_case(meant);
    PAIRS.iter().find_map(|(no, yes)| match (is(first, no) && is(second, yes), is(first, yes) && is(second, no)) {
        (true, _) => Some((first, second)),
        (_, true) => Some((second, first)),
        _ => None,
    })
}
