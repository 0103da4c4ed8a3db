//! Which classes the rows trained on show.

use crate::data::cells::excerpt;
use crate::data::listed;
use crate::job::Rows;

/// What a person should know where a class is only kept aside, or but one is trained on. `names`: of the classes; `all`: the rows, and
/// how many outputs they have; then the rows trained on, and those kept aside
pub(super) fn notes(names: &[String], (all, outputs): (&Rows, usize), (trained, aside): (&[usize], &[usize])) -> Vec<String> {
    let among = |rows: &[usize]| {
        let mut is_there = vec![false; names.len()];
        rows.iter().for_each(|&row| is_there[all.class(row, outputs)] = true);
        is_there
    };
    let (learned, kept) = (among(trained), among(aside));
    let only_aside: Vec<&str> = (0..names.len()).filter(|&k| kept[k] && !learned[k]).map(|k| names[k].as_str()).collect();
    let mut notes = Vec::new();
    if !only_aside.is_empty() {
        let (stands, it) = if only_aside.len() == 1 { ("stands", "it") } else { ("stand", "them") };
        let listed = listed(only_aside.into_iter());
        notes.push(format!("{listed} {stands} only in rows kept aside: the network cannot learn {it}"));
    }
    let learned: Vec<usize> = (0..names.len()).filter(|&k| learned[k]).collect();
    if let [only] = learned[..] {
        notes.push(format!("all rows trained on are of one class, '{}': there is nothing to tell apart", excerpt(&names[only])));
    }
    notes
}
