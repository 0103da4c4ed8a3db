//! The levels of a category with many: which of them a cell is.

use crate::data::cells::is_missing;
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::OnceLock;

/// Words in order, all different; found by the word, or by the number that it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Levels {
    words: Vec<String>,
    /// Those that are numbers, with their places, by size.
    #[serde(skip)]
    numbers: OnceLock<Vec<(f64, usize)>>,
}

impl Levels {
    /// Puts words in order, which are all different.
    pub fn new(mut words: Vec<String>) -> Levels {
        words.sort_unstable();
        Levels { words, numbers: OnceLock::new() }
    }

    /// The place of a cell among them; a missing one is "". A number may be written in another way.
    pub fn find(&self, cell: &str) -> Option<usize> {
        let cell = cell.trim();
        let find = |cell: &str| self.words.binary_search_by(|word| word.as_str().cmp(cell)).ok();
        // "none" may be a class.
        find(cell).or_else(|| if is_missing(cell) { find("") } else { self.find_number(cell.parse().ok()?) })
    }

    fn find_number(&self, number: f64) -> Option<usize> {
        let numbers = self.numbers.get_or_init(|| {
            let parsed = self.words.iter().enumerate().filter_map(|(place, word)| Some((word.parse::<f64>().ok()?, place)));
            let mut numbers: Vec<(f64, usize)> = parsed.filter(|(number, _)| !number.is_nan()).collect();
            // Stable: of words for one number the first.
            numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
            numbers
        });
        let place = numbers.partition_point(|(known, _)| *known < number);
        numbers.get(place).filter(|(known, _)| *known == number).map(|(_, place)| *place)
    }
}

impl Deref for Levels {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.words
    }
}

impl PartialEq for Levels {
    fn eq(&self, other: &Levels) -> bool {
        self.words == other.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_found() {
        let levels = Levels::new(["red", "07", "1.50", "", "1e3", "blue"].map(String::from).to_vec());
        for (cell, level) in [("red", "red"), (" blue ", "blue"), ("NA", ""), ("7", "07"), ("7.0", "07"), ("1.5", "1.50"), ("1000", "1e3")]
        {
            assert_eq!(levels.find(cell).map(|place| levels[place].as_str()), Some(level), "{cell}");
        }
        assert!(["Red", "8", "nan!", "-7"].iter().all(|cell| levels.find(cell).is_none()));
        let severe = Levels::new(["mild", "none"].map(String::from).to_vec());
        assert_eq!(["none", "None", "NA", "mild"].map(|cell| severe.find(cell)), [Some(1), None, None, Some(0)]);
        assert_eq!(serde_json::to_string(&levels).unwrap(), r#"["","07","1.50","1e3","blue","red"]"#);
    }
}
