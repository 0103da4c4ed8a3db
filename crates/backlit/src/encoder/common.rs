//! The commonest words of a column that holds too many to count them all.

use std::collections::BTreeMap;

/// How often words stand there: of those that came often all, the rare ones forgotten whenever they take too much room.
///
/// Source: Manku and Motwani, Approximate Frequency Counts over Data Streams, VLDB 2002: a word is counted too low by no more than the
/// number of times that rare ones were forgotten.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Common {
    counts: BTreeMap<String, usize>,
    /// Words that are kept whatever comes.
    most: usize,
}

impl Common {
    /// From words counted so far.
    pub fn new(counts: BTreeMap<String, usize>, most: usize) -> Common {
        let mut common = Common { counts, most };
        common.forget();
        common
    }

    /// Counts a word.
    pub fn add(&mut self, word: &str) {
        match self.counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(word.to_string(), 1);
                self.forget();
            }
        }
    }

    /// The commonest ones that were seen at least so often, and how many cells hold them; of equals the first in the alphabet.
    pub fn commonest(&self, most: usize, least: usize) -> (Vec<(&String, usize)>, usize) {
        let mut all: Vec<(&String, usize)> =
            self.counts.iter().map(|(word, &count)| (word, count)).filter(|&(_, count)| count >= least).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(most);
        let cells = all.iter().map(|(_, count)| count).sum();
        (all, cells)
    }

    /// Leaves those out that are seen least, where there are more than twice as many as are kept.
    fn forget(&mut self) {
        let mut least = 1;
        while self.counts.len() > 2 * self.most {
            self.counts.retain(|_, count| *count > least);
            least += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hundred common words among a hundred thousand that come once each.
    #[test]
    fn the_common_ones_survive() {
        let mut common = Common::new(BTreeMap::new(), 500);
        for row in 0..200_000 {
            common.add(&if row % 2 == 0 { format!("common{}", row / 2 % 200) } else { format!("once{row}") });
        }
        let (kept, cells) = common.commonest(500, 2);
        assert_eq!((kept.len(), cells), (200, 100_000));
        assert_eq!((kept[0].0.as_str(), kept[0].1, kept[199].0.as_str()), ("common0", 500, "common99"));
        assert!(common.counts.len() <= 1000);
        assert_eq!(common.commonest(3, 2).1, 1500);
    }
}
