//! What stands in a table's columns, counted in one pass, and what kind of column each is taken for.

use super::common::Common;
use super::dates::{self, ORDERS};
use super::gaps::Words;
use super::written::{Counts, Doubt, Sign};
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
pub(super) const MOST_COUNTED: usize = 10_000;
/// A column of numbers may hold so small a share of words before they make it a column of words.
const SLIPS: f64 = 0.05;
/// From so many cells on, nine of ten of them different, words are names of the rows.
pub(super) const FEWEST_NAMES: usize = 10;

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
    pub(super) nones: BTreeMap<String, usize>,
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
    /// Cells that are neither numbers nor dates, as long as few differ.
    pub(super) words: Words,
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
        let (mut names, mut long, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        let sign = Sign { said: said.decimal_comma, elsewhere: self.sign(), likely: self.delimiter != ',' };
        // A column of weights is no input anyway.
        let is_needed = |name: &String| !said.ignore.contains(name) || said.is_aside(name) || said.weights.as_ref() == Some(name);
        for column in self.columns.iter().filter(|column| is_needed(&column.name)) {
            let found = match said.target.contains(&column.name) {
                true => column.target(self, said, sign, notes)?,
                false if column.missing == self.rows => {
                    empty.push(column.name.as_str());
                    continue;
                }
                false if said.weights.as_ref() == Some(&column.name) => Column::new(&column.name, Kind::NUMBER),
                // What groups rows may have a name for every few of them.
                false
                    if matches!(&said.split, Split::Grouped(group) if *group == column.name)
                        && column.numbers + column.missing < self.rows =>
                {
                    Column::new(&column.name, column.level()?)
                }
                false => match column.kind(self, said, sign, notes)? {
                    Some(found) if matches!(found.kind, Kind::Number { .. } | Kind::Date { .. }) => found,
                    _ if matches!(&said.split, Split::Time(Some(time)) if *time == column.name) => {
                        return Err(column.wrong("expected numbers or dates to order the rows by, came words".into()));
                    }
                    Some(found) => found,
                    None => {
                        if column.levels.is_some() { &mut names } else { &mut long }.push(column.name.as_str());
                        continue;
                    }
                },
            };
            encoder.columns.push(found);
        }
        self.told(&encoder, said, notes);
        let columns = |names: &[&str]| format!("{} {}", if names.len() == 1 { "column" } else { "columns" }, listed(names.iter().copied()));
        for (left_out, why) in [
            (&empty, "no cell holds anything".to_string()),
            (&names, "nearly every row has a word of its own (--categories takes it all the same)".to_string()),
            (&long, format!("nearly every row has a word of its own, or few of more than {MOST_COUNTED} words come often")),
        ] {
            if !left_out.is_empty() {
                notes.push(format!("{} left out: {why}", columns(left_out)));
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

    /// Whether decimal commas stand in the columns of numbers that can be read in one way alone, if there are such and they agree.
    fn sign(&self) -> Option<bool> {
        let both = |column: &ColumnProfile| column.written.both(column.numbers, column.cells(self) - column.words.cells());
        let has = |way: [bool; 2]| self.columns.iter().any(|column| both(column) == way);
        match (has([true, false]), has([false, true])) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        }
    }

    /// Says what the columns are taken for, where they do not hold plain numbers.
    fn told(&self, encoder: &Encoder, said: &Data, notes: &mut Vec<String>) {
        let of = |comma: bool, column: &Column| match &column.kind {
            Kind::Number { decimal_comma, missing: Missing::Refused | Missing::RowLeftOut, written: None } => *decimal_comma == comma,
            _ => false,
        };
        let commas: Vec<&str> = encoder.columns.iter().filter(|column| of(true, column)).map(|column| column.name.as_str()).collect();
        if !commas.is_empty() {
            let hold = if commas.len() == 1 { "holds" } else { "hold" };
            notes.push(format!("{} {hold} numbers with decimal commas", listed(commas.into_iter())));
        }
        for column in encoder.columns.iter().filter(|column| !of(false, column) && !of(true, column)) {
            let missing = self.columns.iter().find(|profile| profile.name == column.name).map_or(0, |profile| profile.missing_in(column));
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
                let mut is_date = false;
                for (count, order) in self.dates.iter_mut().zip(ORDERS) {
                    if let Some(moment) = dates::read(cell, order) {
                        *count += 1;
                        self.times += usize::from(moment.has_clock());
                        is_date = true;
                    }
                }
                if !self.written.word(cell) {
                    if !is_date {
                        self.words.add(cell);
                    }
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
                // Whether they repeat is judged at the end: the rows so far may be the rare ones.
                let are_words = 2 * self.numbers <= cells;
                self.common = self.levels.take().filter(|_| are_words).map(|levels| Common::new(levels, MOST_COUNTED));
            }
        } else if let Some(common) = &mut self.common {
            common.add(cell.trim());
        }
    }

    /// Cells that are there.
    pub(super) fn present(&self, profile: &Profile) -> usize {
        profile.rows - self.missing
    }

    /// Cells that are there and not infinite.
    fn cells(&self, profile: &Profile) -> usize {
        self.present(profile) - self.not_finite
    }

    /// Whether commas stand where others write a point, if all cells are numbers with nothing else about them.
    pub(super) fn decimal_comma(&self, profile: &Profile, sign: Sign, notes: &mut Vec<String>) -> Option<bool> {
        let all = self.cells(profile);
        let decided = self.written.decided(self.numbers, all, sign);
        let has_thousands = decided.as_ref().is_some_and(|(_, written, _)| written.thousands);
        match self.numbers == all {
            true => (!has_thousands).then_some(false),
            false if has_thousands || self.numbers + self.comma_numbers != all || !sign.said.unwrap_or(sign.likely) => None,
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
    pub(super) fn dressed(&self, profile: &Profile, sign: Sign, notes: &mut Vec<String>) -> Option<(bool, Written)> {
        let cells = self.cells(profile);
        let (comma, written, doubt) = self.written.decided(self.numbers, cells, sign)?;
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

    /// As numbers or dates, if all cells are.
    fn measured(&self, profile: &Profile, sign: Sign, notes: &mut Vec<String>) -> Option<Kind> {
        let present = self.present(profile);
        if let Some(decimal_comma) = self.decimal_comma(profile, sign, notes) {
            return Some(self.number(decimal_comma, None));
        }
        if let Some(place) = self.dates.iter().position(|&count| count == present) {
            let ambiguous = self.dates[place + 1..].contains(&present);
            if ambiguous {
                notes.push(format!("the dates of '{}' may be read in two ways: taken as day, month, year", excerpt(&self.name)));
            }
            let missing = if self.missing > 0 { Missing::Filled(f64::NAN) } else { Missing::Refused };
            return Some(Kind::Date { order: ORDERS[place], time: self.times > 0, missing });
        }
        self.dressed(profile, sign, notes).map(|(decimal_comma, written)| self.number(decimal_comma, Some(written)))
    }

    /// As an input; none: it is left out.
    fn kind(&self, profile: &Profile, said: &Data, sign: Sign, notes: &mut Vec<String>) -> Result<Option<Column>, Error> {
        let (as_category, embed) = (said.categories.contains(&self.name), said.embed);
        let found = |kind: Kind| Ok(Some(Column::new(&self.name, kind)));
        let present = self.present(profile);
        if self.not_finite > 0 {
            return found(self.number(false, None));
        }
        if !as_category {
            if let Some(kind) = self.measured(profile, sign, notes) {
                return found(kind);
            }
            if let Some(kind) = self.without_words(profile, false).and_then(|without| without.measured(profile, sign, notes)) {
                return Ok(Some(Column { words: self.taken_as_missing(notes), ..Column::new(&self.name, kind) }));
            }
            if let Some(error) = self.slips(profile) {
                return Err(error);
            }
        }
        let Some(levels) = &self.levels else {
            return Ok(self.long_tail(present, embed, notes).map(|kind| Column::new(&self.name, kind)));
        };
        let are_names = if levels.len() > MOST_LEVELS {
            2 * levels.len() > present
        } else {
            levels.len() >= FEWEST_NAMES && 10 * levels.len() >= 9 * present
        };
        if are_names && !as_category {
            return Ok(None);
        }
        if let (Some((no, yes)), 0) = (boolean(levels), self.missing) {
            return found(Kind::Boolean { no: no.to_string(), yes: yes.to_string() });
        }
        if let Some(kind) = self.embedded(levels, embed, notes) {
            return found(kind);
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
        found(Kind::Category { levels: Levels::new(kept) })
    }

    /// The error for few words among many numbers, if they are that few.
    pub(super) fn slips(&self, profile: &Profile) -> Option<Error> {
        let (present, words) = (self.present(profile), self.present(profile) - self.numbers);
        let is_one = words == 1 && self.levels.as_ref().is_some_and(|levels| levels.len() > FEWEST_NAMES);
        (is_one || words as f64 <= SLIPS * present as f64).then(|| {
            let (row, word) = self.first_word.clone().or_else(|| self.first_not_plain.clone()).unwrap_or_default();
            let are = if words == 1 { "1 is a word: '" } else { &format!("{words} are words, the first '") };
            let name = excerpt(&self.name);
            let is_odd = row == 0 || row + 1 == profile.rows;
            let out = if is_odd { "take the row out if it holds units or totals, " } else { "" };
            let hint = format!("{out}mend the cells, leave them empty, or take the column as categories: --categories {name}");
            self.wrong(format!("expected numbers, as in {} rows; {are}{word}'", self.numbers)).row(row).hint(hint)
        })
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

    pub(super) fn wrong(&self, message: String) -> Error {
        Error::new(Wrong::Data, message).column(&self.name)
    }
}

/// The words that say no and yes, in that order, if all do; of several ways to write one the commonest.
fn boolean(levels: &BTreeMap<String, usize>) -> Option<(&str, &str)> {
    const PAIRS: [(&str, &str); 5] = [("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"), ("off", "on")];
    PAIRS.iter().find_map(|(no, yes)| {
        let commonest = |meant: &str| {
            let all = levels.iter().filter(|(word, _)| word.eq_ignore_ascii_case(meant));
            all.max_by_key(|(_, count)| **count).map(|(word, _)| word.as_str())
        };
        let all = || levels.keys().all(|word| word.eq_ignore_ascii_case(no) || word.eq_ignore_ascii_case(yes));
        Some((commonest(no)?, commonest(yes)?)).filter(|_| all())
    })
}
