//! What a column is taken for that is to be predicted.

use super::profile::{ColumnProfile, FEWEST_NAMES, MOST_COUNTED, Profile};
use super::written::Sign;
use super::{Column, Kind, Levels, Missing};
use crate::data::cells::{NO_TARGET, excerpt};
use crate::error::Error;
use crate::run_file::Data;
use std::collections::BTreeMap;

impl ColumnProfile {
    /// As what is predicted. Rows where it is missing are left out by whoever reads them.
    pub(super) fn target(&self, profile: &Profile, said: &Data, sign: Sign, notes: &mut Vec<String>) -> Result<Column, Error> {
        if self.present(profile) == 0 {
            return Err(self.wrong("no row has a target".into()).hint(NO_TARGET));
        }
        if !said.categories.contains(&self.name) {
            if let Some(kind) = self.target_number(profile, sign, notes) {
                return Ok(Column::new(&self.name, kind));
            }
            if let Some(kind) = self.without_words(profile, true).and_then(|without| without.target_number(profile, sign, notes)) {
                return Ok(Column { words: self.taken_as_missing(notes), ..Column::new(&self.name, kind) });
            }
            let may_be_classes = self.levels.as_ref().is_some_and(|levels| levels.len() <= FEWEST_NAMES);
            if let Some(error) = self.slips(profile).filter(|_| !may_be_classes) {
                return Err(error);
            }
        }
        match &self.levels {
            Some(levels) => {
                let present = self.present(profile);
                if levels.len() >= FEWEST_NAMES && 10 * levels.len() >= 9 * present {
                    let (name, count) = (excerpt(&self.name), levels.len());
                    notes.push(format!(
                        "'{name}' has {count} classes in {present} rows, so there is little to learn of each: are they numbers?"
                    ));
                }
                let mut words: Vec<String> = levels.keys().cloned().collect();
                words.extend(self.none(levels, notes).map(String::from));
                Ok(Column::new(&self.name, Kind::Class { levels: Levels::new(words) }))
            }
            None => Err(self.wrong(format!("the target holds more than {MOST_COUNTED} different words"))),
        }
    }

    fn target_number(&self, profile: &Profile, sign: Sign, notes: &mut Vec<String>) -> Option<Kind> {
        let missing = if self.missing > 0 { Missing::RowLeftOut } else { Missing::Refused };
        let plain = self.decimal_comma(profile, sign, notes).map(|comma| (comma, None));
        let (decimal_comma, written) =
            plain.or_else(|| self.dressed(profile, sign, notes).map(|(comma, written)| (comma, Some(written))))?;
        Some(Kind::Number { decimal_comma, missing, written })
    }

    /// The word "none" as a class of a target of words, if it stands in as many rows as another class; what becomes of these rows is said.
    fn none(&self, levels: &BTreeMap<String, usize>, notes: &mut Vec<String>) -> Option<&str> {
        let (word, count) = self.nones.iter().max_by_key(|(_, count)| **count)?;
        let name = excerpt(&self.name);
        let is_class = levels.values().any(|others| others <= count);
        for (other, count) in self.nones.iter().filter(|(other, _)| !is_class || *other != word) {
            notes.push(format!("{count} rows whose '{name}' is '{other}' are left out: taken as missing"));
        }
        if !is_class {
            return None;
        }
        notes.push(format!("'{word}' is taken as a class of '{name}', in {count} rows"));
        Some(word)
    }
}
