//! Words that stand in a column of numbers or dates where nothing is known: `unknown`, `refused`.

use super::Column;
use super::profile::{ColumnProfile, Profile};
use crate::data::cells::excerpt;

/// Most different words that may mean that a cell is missing.
const MOST: usize = 3;
/// Longer ones are none.
const LONGEST: usize = 64;
/// They may stand in one of so many cells.
const SHARE: usize = 4;
/// So few different numbers may be codes, and a word another one; in a target so many may be classes.
const CODES: usize = 10;
const CLASSES: usize = 100;
/// What people and programs write, besides what is missing in every column.
const UNKNOWN: [&str; 28] = [
    "unknown",
    "missing",
    "n.a.",
    "n.a",
    "<na>",
    "(null)",
    "nil",
    "nat",
    "not available",
    "not applicable",
    "not known",
    "not reported",
    "no data",
    "undefined",
    "unspecified",
    "none?",
    "(blank)",
    "tbd",
    "--",
    "---",
    "??",
    "???",
    "#div/0!",
    "#value!",
    "#ref!",
    "#num!",
    "#name?",
    "#null!",
];

/// The words of a column, as long as they are few: each as it came first, and how many cells hold it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    counts: Vec<(String, usize)>,
    /// Whether there are more; then none is kept.
    more: bool,
}

impl Words {
    /// Counts a cell that is neither a number nor a date.
    pub fn add(&mut self, cell: &str) {
        if self.more {
            return;
        }
        let cell = cell.trim();
        match self.counts.iter().position(|(word, _)| word.eq_ignore_ascii_case(cell)) {
            Some(place) => self.counts[place].1 += 1,
            None if self.counts.len() == MOST || cell.len() > LONGEST => *self = Words { counts: Vec::new(), more: true },
            None => self.counts.push((cell.to_string(), 1)),
        }
    }

    /// Cells that hold one.
    pub fn cells(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Whether all of them are what people write where they know nothing.
    fn are_unknown(&self) -> bool {
        self.counts.iter().all(|(word, _)| is_unknown(word))
    }
}

fn is_unknown(word: &str) -> bool {
    UNKNOWN.iter().any(|unknown| word.eq_ignore_ascii_case(unknown))
}

impl ColumnProfile {
    /// The column as it would be if the cells with its few words were empty, where that may be meant: most cells are something else, and
    /// each word is known to say nothing or stands there more than once. None where the numbers may be codes as the words are.
    pub(super) fn without_words(&self, profile: &Profile, is_target: bool) -> Option<ColumnProfile> {
        let cells = self.words.cells();
        let may = cells > 0 && SHARE * cells <= profile.rows - self.missing;
        if !may || !self.words.counts.iter().all(|(word, count)| *count > 1 || is_unknown(word)) {
            return None;
        }
        let is_word = |level: &String| self.words.counts.iter().any(|(word, _)| word.eq_ignore_ascii_case(level));
        let others = self.levels.as_ref().map_or(usize::MAX, |levels| levels.keys().filter(|level| !is_word(level)).count());
        let most_codes = match (self.words.are_unknown(), is_target) {
            (true, false) => 0,
            (true, true) | (false, false) => CODES,
            (false, true) => CLASSES,
        };
        if others <= most_codes {
            return None;
        }
        let mut without = self.clone();
        (without.missing, without.words) = (self.missing + cells, Words::default());
        Some(without)
    }

    /// The words that are taken as missing, in order, and what a person should know of them.
    pub(super) fn taken_as_missing(&self, notes: &mut Vec<String>) -> Vec<String> {
        let mut words: Vec<&(String, usize)> = self.words.counts.iter().collect();
        words.sort_unstable();
        let said: Vec<String> = words.iter().map(|(word, count)| format!("'{}' ({count})", excerpt(word))).collect();
        let (name, cells) = (excerpt(&self.name), self.words.cells());
        let cells = if cells == 1 { "1 cell".to_string() } else { format!("{cells} cells") };
        notes.push(format!("{cells} of '{name}' taken as missing: {} (--categories {name} keeps the words)", said.join(", ")));
        words.into_iter().map(|(word, _)| word.clone()).collect()
    }

    /// Cells that are missing where a column is taken so.
    pub(crate) fn missing_in(&self, column: &Column) -> usize {
        self.missing + if column.words.is_empty() { 0 } else { self.words.cells() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(cells: &[&str]) -> Profile {
        let mut profile = Profile::new(&["a".to_string()], ',');
        for (row, cell) in cells.iter().enumerate() {
            profile.columns[0].add(cell, row);
        }
        Profile { rows: cells.len(), ..profile }
    }

    #[test]
    fn few_words_among_many_numbers_are_gaps() {
        let numbers: Vec<String> = (0..30).map(|number| number.to_string()).collect();
        let few: Vec<String> = (0..30).map(|number| (number % 9).to_string()).collect();
        let gaps = |numbers: &[String], words: &[&str], is_target: bool| {
            let cells: Vec<&str> = words.iter().copied().chain(numbers.iter().map(String::as_str)).collect();
            let profile = profile(&cells);
            profile.columns[0].without_words(&profile, is_target).map(|without| without.missing)
        };
        for (words, missing) in [
            (&["x", "x"][..], Some(2)),
            (&["unknown"], Some(1)),
            (&["Unknown", "UNKNOWN ", "x", "y", "X", "y"], Some(6)),
            (&["?", "", "x", "x"], Some(4)),
            // A number with something behind it is no word; it is looked at with the rest.
            (&["3o"], None),
            (&["unknown", "3o"], Some(1)),
            // A word too many, and more than a quarter of the cells.
            (&["x", "x", "y", "y", "z", "z", "w", "w"], None),
            (&["unknown"; 11], None),
            (&[], None),
            // These are numbers or dates.
            (&["1,5", "2024-01-31", "$7"], None),
        ] {
            assert_eq!(gaps(&numbers, words, false), missing, "{words:?}");
        }
        assert_eq!([gaps(&numbers, &["unknown"; 10], true), gaps(&numbers, &["x", "x"], true)], [Some(10), None]);
        let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        assert_eq!(gaps(&many, &["x", "x"], true), Some(2));
        // Codes, unless nothing but what says nothing stands among them.
        assert_eq!(
            [gaps(&few, &["x", "x"], false), gaps(&few, &["unknown"], false), gaps(&few, &["unknown"], true)],
            [None, Some(1), None]
        );
    }
}
