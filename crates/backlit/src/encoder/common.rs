//! The commonest words of a column that holds too many to count them all.

use std::collections::{BTreeMap, HashMap};

/// So many times the words that are kept have room.
const ROOM: usize = 8;

/// How often words stand there: of those that came often all, the rarest forgotten whenever they take too much room.
///
/// A word is forgotten only where as many others as are kept came at least as often since it was last unknown, so what comes often is
/// found wherever its rows stand; its count may lack what was forgotten. As long as there is room for all words all counts are exact.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Common {
    counts: HashMap<String, usize>,
    /// Words that are kept whatever comes.
    most: usize,
}

impl Common {
    /// From words counted so far.
    pub fn new(counts: BTreeMap<String, usize>, most: usize) -> Common {
        let mut common = Common { counts: counts.into_iter().collect(), most };
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

    /// Leaves out those seen least where there is no room for more; of equals the first in the alphabet stay.
    fn forget(&mut self) {
        if self.counts.len() <= ROOM * self.most {
            return;
        }
        let mut all: Vec<(String, usize)> = self.counts.drain().collect();
        all.select_nth_unstable_by(self.most, |a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(self.most);
        self.counts.extend(all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

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
        assert!(common.counts.len() <= ROOM * 500);
        assert_eq!(common.commonest(3, 2).1, 1500);
    }

    fn counted<'a>(words: impl Iterator<Item = &'a String>) -> Common {
        let mut common = Common::new(BTreeMap::new(), 500);
        words.for_each(|word| common.add(word));
        common
    }

    fn found(common: &Common) -> BTreeSet<String> {
        common.commonest(500, 30).0.into_iter().map(|(word, _)| word.clone()).collect()
    }

    /// Four hundred words of 40 to 100 cells each and sixty thousand that come once or twice: whether the common ones stand first, last,
    /// between them or anywhere, they are the same.
    #[test]
    fn the_order_of_the_rows_says_nothing() {
        let common: Vec<String> = (0..400).flat_map(|k| vec![format!("z{k}"); 40 + k % 61]).collect();
        let rare: Vec<String> = (0..60_000).flat_map(|k| vec![format!("a{k}"); 1 + k % 2]).collect();
        let right: BTreeSet<String> = common.iter().cloned().collect();
        assert_eq!(found(&counted(common.iter().chain(&rare))), right);
        assert_eq!(found(&counted(rare.iter().chain(&common))), right);
        let mut all: Vec<&String> = rare.iter().chain(&common).collect();
        let mut state = 7u64;
        for _ in 0..3 {
            for last in (1..all.len()).rev() {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                all.swap(last, (state >> 33) as usize % (last + 1));
            }
            let common = counted(all.iter().copied());
            assert!(found(&common).is_subset(&right) && found(&common).len() > 395, "{}", found(&common).len());
            assert_eq!(counted(all.iter().copied()), common);
        }
    }

    /// As long as there is room nothing is forgotten.
    #[test]
    fn few_words_are_counted_exactly() {
        let words: Vec<String> = (0..4000).flat_map(|k| vec![format!("w{k}"); 1 + k % 7]).collect();
        let backwards = counted(words.iter().rev());
        assert_eq!(counted(words.iter()), backwards);
        assert_eq!(backwards.counts.values().sum::<usize>(), words.len());
    }
}
