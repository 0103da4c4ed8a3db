//! Which rows are trained on and which are kept aside; and the folds of a cross-validation.

use crate::error::{Error, Kind};
use crate::job::split;
use backlit_engine::random::{Purpose, Random};
use std::collections::HashMap;

/// Of a row that is in no fold: it stands before all that are predicted.
pub const NO_FOLD: u32 = u32::MAX;

/// How rows are chosen to be kept aside.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Split {
    /// By chance.
    #[default]
    Random,
    /// By chance within each class, so that each keeps its share to within one row.
    Stratified,
    /// Whole groups by chance: the rows of one group have one value in this column.
    Grouped(String),
    /// The last rows, in the order of this column, or as they stand in the table.
    Time(Option<String>),
}

impl Split {
    /// From its name and its columns, as flags or a run file give them. `Err`: the key that is wrong, and why.
    pub fn new(name: Option<&str>, group: Option<String>, time: Option<String>) -> Result<Split, (&'static str, String)> {
        match (name, group, time) {
            (_, Some(_), Some(_)) => Err(("group", "rows are split by groups or by time, not by both".into())),
            (None | Some("grouped"), Some(group), None) => Ok(Split::Grouped(group)),
            (None | Some("time"), None, Some(time)) => Ok(Split::Time(Some(time))),
            (Some(name), Some(_), None) => Err(("group", format!("a column of groups goes with the split grouped, not with {name}"))),
            (Some(name), None, Some(_)) => Err(("time", format!("a column of times goes with the split time, not with {name}"))),
            (None | Some("random"), None, None) => Ok(Split::Random),
            (Some("stratified"), None, None) => Ok(Split::Stratified),
            (Some("grouped"), None, None) => Err(("group", "the split grouped needs the column of the groups".into())),
            (Some("time"), None, None) => Ok(Split::Time(None)),
            (Some(name), None, None) => Err(("split", format!("expected random, stratified, grouped or time, came {name}"))),
        }
    }

    /// Its name, where the rows kept aside do not come as the others did.
    pub(crate) fn told(&self) -> Option<&'static str> {
        match self {
            Split::Grouped(_) => Some("grouped"),
            Split::Time(_) => Some("time"),
            Split::Random | Split::Stratified => None,
        }
    }

    /// Whether a row is trained on where a fold is predicted. `of`: the fold that the row is in, or [`NO_FOLD`]
    pub(crate) fn trains_on(&self, of: u32, fold: usize) -> bool {
        match self {
            Split::Time(_) => of == NO_FOLD || (of as usize) < fold,
            Split::Random | Split::Stratified | Split::Grouped(_) => of as usize != fold,
        }
    }

    /// The column that it goes by.
    pub fn column(&self) -> Option<&str> {
        match self {
            Split::Grouped(column) | Split::Time(Some(column)) => Some(column),
            Split::Random | Split::Stratified | Split::Time(None) => None,
        }
    }
}

/// Keeps the share of each class aside: (trained on, kept aside), both in order. `classes`: rows, the class of each.
///
/// The counts of classes are their shares rounded, so that together they are the share of all rows: the largest remainders are
/// rounded up. At least one row of each class is trained on.
pub fn stratified(classes: &[usize], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    if share == 0.0 || classes.len() < 2 {
        return split(classes.len(), 0.0, seed);
    }
    let groups = shuffled_classes(classes.len(), &|row| classes[row], seed);
    let aside = ((classes.len() as f64 * share).round() as usize).clamp(1, classes.len() - 1);
    let mut counts: Vec<usize> = groups.iter().map(|rows| (rows.len() as f64 * share) as usize).collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let remainder = |k: usize| (groups[k].len() as f64 * share).fract();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    let mut missing = aside.saturating_sub(counts.iter().sum());
    for &k in &order {
        if missing > 0 && counts[k] + 1 < groups[k].len() {
            counts[k] += 1;
            missing -= 1;
        }
    }
    parts(classes.len(), groups.iter().zip(&counts).flat_map(|(rows, &count)| rows[..count].iter().map(|&row| row as usize)))
}

/// Keeps whole groups aside: (trained on, kept aside), both in order. `groups`: rows, the group of each.
///
/// In random order each group is taken that brings the rows kept aside nearer to the share; where none does, the smallest.
/// `Err`: there is but one group.
pub fn grouped(groups: &[f64], share: f64, seed: u64) -> Result<(Vec<usize>, Vec<usize>), String> {
    if share == 0.0 {
        return Ok(split(groups.len(), 0.0, seed));
    }
    let mut members = members(groups);
    if members.len() < 2 {
        return Err("expected at least two groups, so that one can be kept aside; all rows are of one".into());
    }
    shuffle(&mut members, seed, 0);
    let wanted = groups.len() as f64 * share;
    let (mut count, mut taken) = (0, Vec::new());
    for (place, rows) in members.iter().enumerate() {
        // One group at least is trained on.
        if taken.len() + 1 < members.len() && ((count + rows.len()) as f64 - wanted).abs() < (count as f64 - wanted).abs() {
            count += rows.len();
            taken.push(place);
        }
    }
    if taken.is_empty() {
        taken.extend((0..members.len()).min_by_key(|&place| members[place].len()));
    }
    Ok(parts(groups.len(), taken.into_iter().flat_map(|place| members[place].clone())))
}

/// Keeps the last rows aside: (trained on, kept aside), both in order. `times`: rows, the time of each; none: the order of the table.
/// Of equal times those further down are later.
pub fn by_time(rows: usize, times: Option<&[f64]>, share: f64) -> (Vec<usize>, Vec<usize>) {
    if share == 0.0 || rows < 2 {
        return split(rows, 0.0, 0);
    }
    let aside = ((rows as f64 * share).round() as usize).clamp(1, rows - 1);
    parts(rows, in_time(rows, times).split_off(rows - aside).into_iter())
}

/// Cuts rows in the order of [`by_time`] into folds, each to be predicted from all rows before it: the fold of each row.
///
/// Each fold has ⌊rows / (count + 1)⌋ rows; those that come before the first are in none. These are the folds of scikit-learn's
/// TimeSeriesSplit. `Err`: there are too few rows.
pub fn time_folds(rows: usize, times: Option<&[f64]>, count: usize) -> Result<Vec<u32>, String> {
    if count >= rows {
        let most = rows.saturating_sub(1);
        return Err(format!("expected 2 to {most} folds for {rows} rows, each predicted from rows before it, came {count}"));
    }
    let size = rows / (count + 1);
    let mut folds = vec![NO_FOLD; rows];
    for (place, row) in in_time(rows, times).into_iter().skip(rows - count * size).enumerate() {
        folds[row] = (place / size) as u32;
    }
    Ok(folds)
}

/// 0 … rows − 1 from the earliest on; of equal times those further down are later.
fn in_time(rows: usize, times: Option<&[f64]>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    if let Some(times) = times {
        // −0 is 0.
        order.sort_by(|&a, &b| (times[a] + 0.0).total_cmp(&(times[b] + 0.0)));
    }
    order
}

/// Cuts rows into folds by chance: the fold of each row. Folds differ by at most one row; with `class` (of a row) also within
/// each class.
pub fn folds(rows: usize, count: usize, class: Option<&dyn Fn(usize) -> usize>, seed: u64) -> Vec<u32> {
    let groups = match class {
        Some(class) => shuffled_classes(rows, class, seed),
        None => vec![shuffled(rows, seed, 0)],
    };
    let mut folds = vec![0; rows];
    for (place, row) in groups.into_iter().flatten().enumerate() {
        folds[row as usize] = (place % count) as u32;
    }
    folds
}

/// Cuts rows into folds that cut no group: the fold of each row. The largest groups are placed first, each into the fold with the
/// fewest rows. `Err`: there are fewer groups than folds.
pub fn grouped_folds(groups: &[f64], count: usize, seed: u64) -> Result<Vec<u32>, String> {
    let mut members = members(groups);
    if members.len() < count {
        return Err(format!("expected at least {count} groups for {count} folds, came {}", members.len()));
    }
    shuffle(&mut members, seed, 0);
    members.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let (mut folds, mut sizes) = (vec![0; groups.len()], vec![0; count]);
    for rows in members {
        let fold = (0..count).min_by_key(|&fold| sizes[fold]).unwrap_or(0);
        sizes[fold] += rows.len();
        rows.into_iter().for_each(|row| folds[row] = fold as u32);
    }
    Ok(folds)
}

/// What is wrong with a split, at a column.
pub(crate) fn wrong(message: String, source: &str, column: &str) -> Error {
    Error::new(Kind::Data, message).file(source).column(column)
}

/// The rows of each class in random order, class after class.
fn shuffled_classes(rows: usize, class: &dyn Fn(usize) -> usize, seed: u64) -> Vec<Vec<u32>> {
    let mut groups = vec![Vec::new(); (0..rows).map(class).max().map_or(0, |most| most + 1)];
    (0..rows).for_each(|row| groups[class(row)].push(row as u32));
    groups.iter_mut().enumerate().for_each(|(place, rows)| shuffle(rows, seed, place as u64));
    groups
}

/// The rows of each group, in the order in which groups first appear.
fn members(groups: &[f64]) -> Vec<Vec<usize>> {
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut places = HashMap::new();
    for (row, group) in groups.iter().enumerate() {
        // −0 is 0.
        let place = *places.entry((group + 0.0).to_bits()).or_insert(members.len());
        if place == members.len() {
            members.push(Vec::new());
        }
        members[place].push(row);
    }
    members
}

/// 0 … rows − 1 in random order.
fn shuffled(rows: usize, seed: u64, place: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    Random::new(seed, Purpose::Split, place).shuffle(&mut order);
    order
}

fn shuffle<T: Clone>(items: &mut [T], seed: u64, place: u64) {
    let order = shuffled(items.len(), seed, place);
    let shuffled: Vec<T> = order.iter().map(|&item| items[item as usize].clone()).collect();
    items.clone_from_slice(&shuffled);
}

/// (the other rows, these rows), both in order.
fn parts(rows: usize, aside: impl Iterator<Item = usize>) -> (Vec<usize>, Vec<usize>) {
    let mut is_aside = vec![false; rows];
    aside.for_each(|row| is_aside[row] = true);
    (0..rows).partition(|&row| !is_aside[row])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one kind, for each kind.
    fn counts<'a>(kinds: &[usize], rows: impl IntoIterator<Item = &'a usize>) -> Vec<usize> {
        let mut counts = vec![0; kinds.iter().max().unwrap() + 1];
        rows.into_iter().for_each(|&row| counts[kinds[row]] += 1);
        counts
    }

    fn wide(folds: &[u32]) -> Vec<usize> {
        folds.iter().map(|&fold| fold as usize).collect()
    }

    fn holds_all(rows: usize, (train, aside): &(Vec<usize>, Vec<usize>)) {
        let mut all = [&train[..], aside].concat();
        assert!(train.is_sorted() && aside.is_sorted() && !train.is_empty());
        all.sort_unstable();
        assert_eq!(all, (0..rows).collect::<Vec<_>>());
    }

    #[test]
    fn stratified_keeps_shares_within_one_row() {
        let mut random = Random::new(3, Purpose::Check, 0);
        for seed in 0..200 {
            let rows = 2 + random.below(60) as usize;
            let kinds = 1 + random.below(5);
            let classes: Vec<usize> = (0..rows).map(|_| random.below(kinds).min(random.below(kinds)) as usize).collect();
            let share = random.uniform(0.01, 0.99);
            let both = stratified(&classes, share, seed);
            holds_all(rows, &both);
            let all = counts(&classes, &(0..rows).collect::<Vec<_>>());
            for (class, aside) in counts(&classes, &both.1).into_iter().enumerate() {
                assert!((aside as f64 - all[class] as f64 * share).abs() <= 1.0, "{aside} of {} at {share}", all[class]);
                assert!(aside < all[class] || all[class] == 0);
            }
            assert_eq!(both, stratified(&classes, share, seed));
        }
        let even: Vec<usize> = (0..100).map(|row| usize::from(row % 10 == 0)).collect();
        let both = stratified(&even, 0.2, 7);
        assert_eq!(counts(&even, &both.1), [18, 2]);
        assert_ne!(both, stratified(&even, 0.2, 8));
        assert!(stratified(&even, 0.0, 7).1.is_empty());
    }

    #[test]
    fn grouped_never_cuts_a_group() {
        let mut random = Random::new(4, Purpose::Check, 0);
        let mut off = 0.0;
        for seed in 0..200 {
            let groups: Vec<f64> = (0..100).map(|_| f64::from(random.below(20)) / 3.0).collect();
            let both = grouped(&groups, 0.2, seed).unwrap();
            holds_all(100, &both);
            assert!(both.0.iter().all(|train| both.1.iter().all(|aside| groups[*train] != groups[*aside])));
            assert!(both.1.len().abs_diff(20) <= 8, "{}", both.1.len());
            off += both.1.len() as f64 - 20.0;
            let folds = grouped_folds(&groups, 4, seed).unwrap();
            assert!((0..100).all(|a| (0..100).all(|b| groups[a] != groups[b] || folds[a] == folds[b])));
            assert!(counts(&wide(&folds), &(0..100).collect::<Vec<_>>()).iter().all(|&size| size.abs_diff(25) <= 6));
        }
        assert!((off / 200.0f64).abs() < 1.0, "{off}");
        assert!(grouped(&[1.0; 9], 0.2, 0).is_err());
        assert_eq!(grouped_folds(&[1.0, 2.0, 1.0], 3, 0), Err("expected at least 3 groups for 3 folds, came 2".into()));
        // A group of nearly all rows is never kept aside, whether it is drawn first or not.
        let uneven: Vec<f64> = (0..200).map(|row| f64::from(u8::from(row >= 20))).collect();
        let of = |groups: &[f64], share: f64, seed: u64| {
            counts(&[0, 1, 2], &grouped(groups, share, seed).unwrap().1.iter().map(|&row| groups[row] as usize).collect::<Vec<_>>())
        };
        assert!((0..20).all(|seed| of(&uneven, 0.2, seed) == [20, 0, 0]));
        // Nor one that leads far beyond the share; where all do, the smallest is.
        let three: Vec<f64> = (0..200).map(|row| f64::from(row >= 1) + f64::from(row >= 40)).collect();
        assert!((0..20).all(|seed| of(&three, 0.2, seed) == [1, 39, 0]));
        assert!((0..20).all(|seed| of(&uneven, 0.01, seed) == [20, 0, 0]));
        // −0 and 0 are one group.
        let (train, aside) = grouped(&[0.0, -0.0, 1.0], 0.5, 1).unwrap();
        assert!(train == [2] || aside == [2]);
    }

    #[test]
    fn time_keeps_the_last_rows() {
        assert_eq!(by_time(10, None, 0.2), ((0..8).collect(), vec![8, 9]));
        assert_eq!(by_time(5, Some(&[3.0, 1.0, 9.0, 1.0, 2.0]), 0.4), (vec![1, 3, 4], vec![0, 2]));
        assert_eq!(by_time(4, Some(&[1.0; 4]), 0.5), (vec![0, 1], vec![2, 3]));
        assert_eq!(by_time(3, None, 0.0), (vec![0, 1, 2], vec![]));
    }

    /// The rows that each of scikit-learn's folds is tested on, as its documentation has them: the last ⌊n / (k + 1)⌋ rows are those of the
    /// last fold, the same number before them those of the one before it, and so on.
    #[test]
    fn folds_by_time_are_those_of_scikit_learn() {
        let mut random = Random::new(5, Purpose::Check, 0);
        for rows in 3..60 {
            for count in 2..rows {
                let size = rows / (count + 1);
                let expected = |place: usize| {
                    (0..count).find(|fold| (rows - size * (count - fold)..rows - size * (count - fold - 1)).contains(&place))
                };
                let fold = |place| expected(place).map_or(NO_FOLD, |fold| fold as u32);
                assert_eq!(time_folds(rows, None, count).unwrap(), (0..rows).map(fold).collect::<Vec<_>>());
                let times: Vec<f64> = (0..rows).map(|_| f64::from(random.below(9)) - 4.0).collect();
                let folds = time_folds(rows, Some(&times), count).unwrap();
                for row in 0..rows {
                    let before = (0..rows).filter(|&other| times[other] < times[row] || times[other] == times[row] && other < row).count();
                    assert_eq!(folds[row], fold(before), "row {row} of {times:?}");
                }
            }
        }
        assert_eq!(time_folds(4, Some(&[0.0, -0.0, 0.0, -0.0]), 3).unwrap(), [NO_FOLD, 0, 1, 2]);
        assert!(time_folds(4, None, 4).is_err() && time_folds(1, None, 2).is_err());
    }

    #[test]
    fn folds_are_as_even_as_can_be() {
        for (rows, count) in [(10, 2), (11, 3), (57, 10), (5, 5)] {
            let folds_of = |classes: Option<&[usize]>, seed| {
                let class = |row: usize| classes.map_or(0, |classes| classes[row]);
                wide(&folds(rows, count, if classes.is_some() { Some(&class) } else { None }, seed))
            };
            let all: Vec<usize> = (0..rows).collect();
            let sizes = counts(&folds_of(None, 1), &all);
            assert!(sizes.len() == count && sizes.iter().all(|&size| size == rows / count || size == rows.div_ceil(count)), "{sizes:?}");
            assert_ne!(folds_of(None, 1), folds_of(None, 2));
            let classes: Vec<usize> = (0..rows).map(|row| usize::from(row % 4 == 0)).collect();
            let folds = folds_of(Some(&classes), 1);
            assert!(counts(&folds, &all).iter().all(|&size| size == rows / count || size == rows.div_ceil(count)));
            for class in 0..2 {
                let own: Vec<usize> = all.iter().copied().filter(|&row| classes[row] == class).collect();
                let mut sizes = vec![0; count];
                own.iter().for_each(|&row| sizes[folds[row]] += 1);
                assert!(sizes.iter().all(|&size| size == own.len() / count || size == own.len().div_ceil(count)), "{sizes:?}");
            }
        }
    }
}
