//! The rows that several networks have read last: what one has read the others find here.

use backlit_engine::Scalar;
use backlit_engine::step::{Rows, Source};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// What finding a row takes beside its numbers, at most, in bytes: its number, and where it is, 9 bytes in a table up to 4.6 times as long.
const BESIDE: usize = 48;

/// A source whose last rows stay in memory, so many of them for each data node that is read from afar. A row is read once for all networks
/// that come to it while it is there, and again for one that comes later: which are there changes no number.
pub(crate) struct Window<'a, S> {
    source: &'a dyn Source<S>,
    /// For each data node, unless what it holds is at hand.
    nodes: Vec<Option<RwLock<Kept<S>>>>,
}

impl<'a, S: Scalar> Window<'a, S> {
    /// `widths`: of each data node, 0 for those at hand; `rows`: how many there are; `memory`: bytes that the rows kept may take
    pub fn new(source: &'a dyn Source<S>, widths: &[usize], rows: usize, memory: u64) -> Window<'a, S> {
        let a_row: usize = widths.iter().filter(|width| **width > 0).map(|width| width * size_of::<S>() + BESIDE).sum();
        let most = usize::try_from(memory / a_row.max(1) as u64).unwrap_or(usize::MAX).clamp(1, rows);
        let node = |&width: &usize| (width > 0).then(|| RwLock::new(Kept::new(width, most)));
        Window { source, nodes: widths.iter().map(node).collect() }
    }

    /// How many rows are kept.
    pub fn rows(&self) -> usize {
        let of = |node: &RwLock<Kept<S>>| node.read().unwrap_or_else(PoisonError::into_inner).most;
        self.nodes.iter().flatten().map(of).min().unwrap_or(usize::MAX)
    }
}

impl<S: Scalar> Source<S> for Window<'_, S> {
    fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [S]) {
        let Some(Some(kept)) = self.nodes.get(node) else { return self.source.load(node, rows, panel) };
        if kept.read().unwrap_or_else(PoisonError::into_inner).copy(rows, panel, |_| {}) {
            return;
        }
        // Who waits here finds what is read now.
        kept.write().unwrap_or_else(PoisonError::into_inner).fetch(self.source, node, rows, panel);
    }
}

/// The rows kept of a data node, the oldest of which makes room for a new one.
struct Kept<S> {
    width: usize,
    /// How many it has room for.
    most: usize,
    /// rows × width
    numbers: Vec<S>,
    /// Their numbers in the data.
    rows: Vec<u32>,
    /// Where each of them is; with room to spare, so that it never grows.
    places: HashMap<u32, u32>,
    /// The place of the next one.
    next: usize,
    /// What is not there, by its number in the data, and its place in the batch; then its numbers, width × rows.
    missing: (Vec<u32>, Vec<usize>, Vec<S>),
}

impl<S: Scalar> Kept<S> {
    fn new(width: usize, most: usize) -> Kept<S> {
        let (numbers, rows) = (Vec::with_capacity(most * width), Vec::with_capacity(most));
        Kept { width, most, numbers, rows, places: HashMap::with_capacity(2 * most), next: 0, missing: Default::default() }
    }

    /// Puts the rows that are there into `panel`, width × rows, and tells the others' places; whether all are there.
    fn copy(&self, rows: Rows<'_>, panel: &mut [S], mut missing: impl FnMut(usize)) -> bool {
        let (n, mut are_all) = (rows.len(), true);
        for r in 0..n {
            match self.places.get(&(rows.number(r) as u32)) {
                Some(&place) => put(&self.numbers[place as usize * self.width..][..self.width], panel, n, r),
                None => {
                    are_all = false;
                    missing(r);
                }
            }
        }
        are_all
    }

    /// The same, with those that are not there from the source.
    fn fetch(&mut self, source: &dyn Source<S>, node: usize, rows: Rows<'_>, panel: &mut [S]) {
        let (mut numbers, mut places, mut read) = std::mem::take(&mut self.missing);
        numbers.clear();
        places.clear();
        self.copy(rows, panel, |r| {
            numbers.push(rows.number(r) as u32);
            places.push(r);
        });
        let (n, width) = (numbers.len(), self.width);
        read.resize(n * width, S::ZERO);
        if n > 0 {
            source.load(node, Rows::Picked(&numbers), &mut read);
        }
        for (m, (&number, &r)) in numbers.iter().zip(&places).enumerate() {
            let at = self.room_for(number);
            let row = &mut self.numbers[at * width..][..width];
            row.iter_mut().enumerate().for_each(|(i, to)| *to = read[i * n + m]);
            put(row, panel, rows.len(), r);
        }
        self.missing = (numbers, places, read);
    }

    /// The place of a row that is not there yet.
    fn room_for(&mut self, number: u32) -> usize {
        let at = self.next;
        self.next = (at + 1) % self.most;
        if at == self.rows.len() {
            self.rows.push(number);
            self.numbers.resize((at + 1) * self.width, S::ZERO);
        } else {
            self.places.remove(&std::mem::replace(&mut self.rows[at], number));
        }
        self.places.insert(number, at as u32);
        at
    }
}

/// A row into place `r` of `n` in a panel.
fn put<S: Scalar>(row: &[S], panel: &mut [S], n: usize, r: usize) {
    row.iter().enumerate().for_each(|(i, &number)| panel[i * n + r] = number);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Rows whose numbers are known, and how often each was read.
    struct Counted(Vec<AtomicUsize>);

    impl Counted {
        fn new(rows: usize) -> Counted {
            Counted((0..rows).map(|_| AtomicUsize::new(0)).collect())
        }

        fn most(&self) -> usize {
            self.0.iter().map(|count| count.load(Ordering::Relaxed)).max().unwrap_or(0)
        }
    }

    fn number(node: usize, row: usize, i: usize) -> f64 {
        (node * 1000 + row * 10 + i) as f64
    }

    impl Source<f64> for Counted {
        fn load(&self, node: usize, rows: Rows<'_>, panel: &mut [f64]) {
            let n = rows.len();
            for r in 0..n {
                let row = rows.number(r);
                if node == 0 {
                    self.0[row].fetch_add(1, Ordering::Relaxed);
                }
                (0..panel.len() / n).for_each(|i| panel[i * n + r] = number(node, row, i));
            }
        }
    }

    /// Whatever is kept, the rows are the source's; as long as they are kept they are read once.
    #[test]
    fn rows_are_the_sources() {
        for most in [1, 3, 10, 40] {
            let counted = Counted::new(40);
            let window = Window::new(&counted, &[2, 0], 40, (most * (2 * 8 + BESIDE)) as u64);
            assert_eq!(window.rows(), most);
            let mut panel = [0.0; 14];
            for batch in 0..60 {
                // Each twice; some batches have rows of the one before.
                let rows: Vec<u32> = (0..7).map(|r| ((batch / 2 * 5 + r) * 3 % 40) as u32).collect();
                for node in 0..2 {
                    window.load(node, Rows::Picked(&rows), &mut panel);
                    for (r, &row) in rows.iter().enumerate() {
                        assert_eq!([panel[r], panel[7 + r]], [0, 1].map(|i| number(node, row as usize, i)), "{most} kept, {rows:?}");
                    }
                }
            }
            let most_read = counted.most();
            assert_eq!(most_read == 1, most == 40, "{most} kept, read {most_read} times");
        }
    }
}
